//! The outbox in as few words to the database as it takes: letters that arrived are written down, and those that come next are
//! marked, with one call. At many letters a second it is the calls that cost, and not what they ask for.
//!
//! The statements are written out, because on SQLite one call must hold a whole transaction, and on PostgreSQL one statement all
//! changes. What letters they are about is given as JSON: the text stays the same however many there are, and is planned once.

use super::lease::{LEASE, Lease};
use crate::platform::{
    Clock, Error, Platform, Result, Tx,
    mail::suppression::{self, Guard},
    secret::hex,
};
use entity::{Time, mail_message::Model};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use serde_json::{Value as Json, json};
use sqlx::{Arguments, sqlite::SqliteArguments};

/// SQLite: the letters that arrived. `?1` is now, `?2` these letters, `?3` the end of a lease, `?4` the letters that come next.
macro_rules! arrived {
    () => {
        "UPDATE mail_message SET state = 'sent', lease_until = NULL, attempts = attempts + 1, sent_at = ?1, \
         last_stage = NULL, last_code = NULL, last_enhanced = NULL, last_text = NULL, reason = NULL \
         FROM (SELECT unhex(value ->> 'id') AS id, value ->> 'token' AS token FROM json_each(?2)) AS given \
         WHERE mail_message.id = given.id AND lease_token = given.token AND state IN ('leased', 'dot'); \
         INSERT INTO mail_event (id, message_id, at, event) \
         SELECT unhex(value ->> 'event'), mail_message.id, ?1, 'sent' FROM json_each(?2) \
         JOIN mail_message ON mail_message.id = unhex(value ->> 'id') AND lease_token = value ->> 'token' \
         AND state = 'sent' AND sent_at = ?1;"
    };
}

/// SQLite: the letters that come next, as long as they are ours, their sending goes on, nothing holds them, and their address may be
/// written to.
macro_rules! next {
    () => {
        "UPDATE mail_message SET state = 'dot', lease_until = ?3 \
         FROM (SELECT unhex(value ->> 'id') AS id, value ->> 'token' AS token, unhex(value ->> 'organisation') AS organisation, \
         unhex(value ->> 'hash') AS hash, value ->> 'family' AS family FROM json_each(?4)) AS given \
         WHERE mail_message.id = given.id AND lease_token = given.token AND state = 'leased' \
         AND EXISTS (SELECT 1 FROM mail_batch WHERE mail_batch.id = mail_message.batch_id AND mail_batch.state = 'running') \
         AND NOT EXISTS (SELECT 1 FROM mail_hold WHERE mail_hold.organisation_id IS NULL \
         OR mail_hold.organisation_id = mail_message.organisation_id) \
         AND NOT EXISTS (SELECT 1 FROM suppression WHERE suppression.organisation_id = given.organisation \
         AND address_hash = given.hash AND scope IN ('all', given.family) AND (expires_at IS NULL OR expires_at > ?1));"
    };
}

/// Both, in a transaction of their own.
const SCRIPT: &str = concat!("BEGIN IMMEDIATE; ", arrived!(), " ", next!(), " COMMIT");
/// Which of its statements changes how many letters arrived, and which how many come next.
const COUNTS: [usize; 2] = [1, 3];

/// PostgreSQL: both as one statement, whose commit does not wait for the disk.
///
/// What is said of tokens is always true. It makes the planner expect one letter and not a hundred, and so find each by its key; a plan
/// that was made while the table was small and reads all of it would be kept while the table grows.
const STATEMENT: &str = "WITH arrived AS (UPDATE mail_message SET state = 'sent', lease_until = NULL, attempts = attempts + 1, \
    sent_at = $1, last_stage = NULL, last_code = NULL, last_enhanced = NULL, last_text = NULL, reason = NULL \
    FROM json_to_recordset($2::json) AS given (id uuid, token bigint, event uuid) \
    WHERE mail_message.id = given.id AND lease_token = given.token AND given.token BETWEEN 0 AND 9223372036854775807 \
    AND state IN ('leased', 'dot') RETURNING mail_message.id, given.event), \
    told AS (INSERT INTO mail_event (id, message_id, at, event) SELECT event, id, $1, 'sent' FROM arrived), \
    next AS (UPDATE mail_message SET state = 'dot', lease_until = $3 \
    FROM json_to_recordset($4::json) AS given (id uuid, token bigint, organisation uuid, hash text, family text) \
    WHERE mail_message.id = given.id AND lease_token = given.token AND given.token BETWEEN 0 AND 9223372036854775807 \
    AND state = 'leased' \
    AND EXISTS (SELECT 1 FROM mail_batch WHERE mail_batch.id = mail_message.batch_id AND mail_batch.state = 'running') \
    AND NOT EXISTS (SELECT 1 FROM mail_hold WHERE mail_hold.organisation_id IS NULL \
    OR mail_hold.organisation_id = mail_message.organisation_id) \
    AND NOT EXISTS (SELECT 1 FROM suppression WHERE suppression.organisation_id = given.organisation \
    AND address_hash = decode(given.hash, 'hex') AND scope IN ('all', given.family) \
    AND (suppression.expires_at IS NULL OR suppression.expires_at > $1)) \
    RETURNING mail_message.id) \
    SELECT (SELECT count(*) FROM arrived) AS arrived, (SELECT count(*) FROM next) AS next, \
    set_config('synchronous_commit', 'off', true)";

/// How many letters were written down and marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Those that arrived.
    pub arrived: usize,
    /// Those that come next.
    pub next: usize,
}

/// Writes down that letters arrived, and marks those that come next: in a transaction of its own, which survives the end of this
/// process once it is done, and a power cut after [`crate::platform::Db::flush`].
pub async fn write_down(platform: &Platform, arrived: &[Lease], next: &[&Model]) -> Result<Done> {
    let (now, arrived, next) = (platform.clock.now(), told(&platform.clock, arrived), asked(platform, next));
    if platform.db.is_postgres() {
        return both(platform.db.write(), now, arrived, next).await;
    }
    let mut arguments = SqliteArguments::default();
    for added in [arguments.add(now), arguments.add(arrived), arguments.add(now + LEASE), arguments.add(next)] {
        added.map_err(|_| Error::bug("a value that SQLite cannot take"))?;
    }
    let counts = platform.db.run_swift(SCRIPT, arguments).await?;
    let count = |at: usize| counts.get(at).and_then(|count| usize::try_from(*count).ok()).unwrap_or_default();
    let [arrived, next] = COUNTS.map(count);
    Ok(Done { arrived, next })
}

/// Marks letters that come next, in a transaction that does more.
pub async fn mark(tx: &Tx, platform: &Platform, next: &[&Model]) -> Result<usize> {
    let (now, next) = (platform.clock.now(), asked(platform, next));
    if tx.get_database_backend() == DbBackend::Postgres {
        return Ok(both(tx, now, "[]".to_owned(), next).await?.next);
    }
    let values: [Value; 4] = [now.into(), "[]".into(), (now + LEASE).into(), next.into()];
    let marked = tx.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, next!(), values)).await?;
    Ok(usize::try_from(marked.rows_affected()).unwrap_or(usize::MAX))
}

async fn both(connection: &impl ConnectionTrait, now: Time, arrived: String, next: String) -> Result<Done> {
    let values: [Value; 4] = [now.into(), arrived.into(), (now + LEASE).into(), next.into()];
    let row = connection.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, STATEMENT, values)).await?;
    let count = |column| row.as_ref().map_or(Ok(0), |row| row.try_get::<i64>("", column));
    let count = |column| Ok::<_, sea_orm::DbErr>(usize::try_from(count(column)?).unwrap_or_default());
    Ok(Done { arrived: count("arrived")?, next: count("next")? })
}

/// Letters that arrived, each with the id of its line in the history.
fn told(clock: &Clock, letters: &[Lease]) -> String {
    let one = |letter: &Lease| {
        let event: entity::MailEventId = clock.new_id();
        json!({ "id": letter.id.0.simple().to_string(), "token": letter.token, "event": event.0.simple().to_string() })
    };
    Json::Array(letters.iter().map(one).collect()).to_string()
}

/// Letters that come next, each with what must not be found among the addresses that are not written to.
fn asked(platform: &Platform, letters: &[&Model]) -> String {
    let one = |letter: &&Model| {
        let mut one = json!({ "id": letter.id.0.simple().to_string(), "token": letter.lease_token });
        if let Some(Guard { organisation, hash, family }) = suppression::guard(platform, letter) {
            one["organisation"] = organisation.0.simple().to_string().into();
            one["hash"] = hex(&hash).into();
            one["family"] = family.into();
        }
        one
    };
    Json::Array(letters.iter().map(one).collect()).to_string()
}
