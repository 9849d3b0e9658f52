//! The database, and what waits in it for somebody.

use super::Finding;
use crate::{
    app,
    commands::letters,
    platform::{
        Clock, Config, Db, Error, Result,
        db::sqlite_file,
        jobs,
        mail::{hold, inbound, poll, routes},
    },
};
use chrono::{DateTime, Duration, Utc};
use entity::{FetchOutcome, Time, audit_entry, installation};
use migration::{Migrations, Migrator};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder, QuerySelect, Statement};

/// Clocks that are further apart than this are not the same.
pub const APART: Duration = Duration::seconds(30);

/// Whether it answers, is up to date, and goes with the key; what gave up, and what waits.
pub async fn look(config: &Config, retry_dead: bool) -> Vec<Finding> {
    let what = "database";
    if sqlite_file(&config.database_url).is_some_and(|file| !file.exists()) {
        return vec![Finding::good(what, "is not there yet; the first start makes it, or `alongside migrate`")];
    }
    let db = match Db::connect(&config.database_url, 1).await {
        Ok(db) => db,
        Err(error) => {
            let detail = format!("cannot connect: {error}. Check ALONGSIDE_DATABASE_URL, and that the server runs.");
            return vec![Finding::problem(what, detail)];
        }
    };
    let findings = match Migrator::get_pending_migrations_read_only(db.read()).await {
        Ok(pending) if pending.is_empty() => vec![
            Finding::good(what, "reachable and up to date"),
            key_fits(config, &db).await,
            clocks(&db).await,
            queue(&db, retry_dead).await,
            letters(&db).await,
            ways(&db).await,
            returned(&db).await,
        ]
        .into_iter()
        .chain(fetched(config, &db).await)
        .collect(),
        Ok(pending) => {
            let detail = format!("{} migrations are missing. Run `alongside migrate`, or start the server.", pending.len());
            vec![Finding::problem(what, detail)]
        }
        Err(error) => vec![Finding::problem(what, format!("cannot read its migrations: {error}."))],
    };
    let _ = db.close().await;
    findings
}

/// Whether the database was made with the key that is there: with another one the server refuses to start.
async fn key_fits(config: &Config, db: &Db) -> Finding {
    let what = "secret key of the database";
    match app::key_fits(config, db).await {
        Ok(true) => Finding::good(what, "it is the one that this database was made with"),
        Ok(false) => Finding::problem(what, "this database was made with another one. Set ALONGSIDE_SECRET_FILE to that file."),
        Err(error) => Finding::problem(what, format!("cannot be compared: {error}.")),
    }
}

/// Jobs that gave up: what they were to do has not been done.
async fn queue(db: &Db, retry_dead: bool) -> Finding {
    let what = "queue";
    match look_at_queue(db, retry_dead).await {
        Ok((0, dead)) if dead.is_empty() => Finding::good(what, "no job gave up"),
        Ok((0, dead)) => {
            let kinds: Vec<String> = dead.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            let then = "Their reasons are in the log. When they are dealt with, run `alongside doctor --retry-dead`.";
            Finding::problem(what, format!("jobs gave up: {}. {then}", kinds.join(", ")))
        }
        Ok((again, _)) => Finding::good(what, format!("jobs that gave up and are set going again: {again}")),
        Err(error) => Finding::problem(what, format!("cannot read the queue: {error}.")),
    }
}

async fn look_at_queue(db: &Db, retry_dead: bool) -> Result<(u64, Vec<(String, i64)>)> {
    let again = if retry_dead { jobs::retry_dead(db.write(), &Clock::system()).await? } else { 0 };
    Ok((again, jobs::dead(db.read()).await?))
}

/// Letters that wait for a word after a restore or a move.
async fn letters(db: &Db) -> Finding {
    let what = "letters";
    let held = match held(db).await {
        Ok(held) => held,
        Err(error) => return Finding::problem(what, format!("cannot read the outbox: {error}.")),
    };
    if held.is_empty() {
        return Finding::good(what, "none waits for your word");
    }
    let then = "Look at them with `alongside letters`, then let them leave with `--send`, or not with `--leave`.";
    Finding::problem(what, format!("no letter leaves {}. {then}", held.join("; and none of one organisation ")))
}

/// Mail servers and domains to which nothing is sent for now.
async fn ways(db: &Db) -> Finding {
    let what = "mail ways";
    let shut = match routes::shut(db.read(), Clock::system().now()).await {
        Ok(shut) => shut,
        Err(error) => return Finding::problem(what, format!("cannot be read: {error}.")),
    };
    if shut.is_empty() {
        return Finding::good(what, "letters get through");
    }
    let told: Vec<String> = shut
        .iter()
        .map(|way| {
            let until = way.closed_until.map(|until| until.format("%H:%M UTC").to_string()).unwrap_or_default();
            let said = way.last_text.as_deref().unwrap_or_default();
            let stage = way.last_stage.as_deref().unwrap_or_default();
            format!("{} {} until {until} (at {stage}: {said})", way.kind, way.name)
        })
        .collect();
    Finding::problem(what, format!("nothing is sent for now to {}. It is tried again by itself.", told.join("; ")))
}

/// Mail that came back and that nothing was made of.
async fn returned(db: &Db) -> Finding {
    let what = "mail that came back";
    match inbound::kept(db.read()).await {
        Ok(kept) if kept.is_empty() => Finding::good(what, "none waits for you"),
        Ok(kept) => Finding::note(what, format!("{} messages wait to be looked at: `alongside returned`.", kept.len())),
        Err(error) => Finding::problem(what, format!("cannot be read: {error}.")),
    }
}

/// How the workers got on with the mailbox for mail that comes back, if there is one.
async fn fetched(config: &Config, db: &Db) -> Option<Finding> {
    let what = "reading the mailbox";
    config.delivery.returns_poll.as_ref()?;
    let row = match poll::standing(db.read()).await {
        Ok(row) => row,
        Err(error) => return Some(Finding::problem(what, format!("cannot be read: {error}."))),
    };
    let Some((outcome, row)) = row.and_then(|row| Some((row.outcome?, row))) else {
        return Some(Finding::note(what, "no worker has done it yet. Start `alongside serve` or `alongside worker`."));
    };
    let at = |time: Option<Time>| time.map_or_else(|| "never".to_owned(), |time| time.format("%Y-%m-%d %H:%M UTC").to_string());
    if outcome == FetchOutcome::Done {
        return Some(Finding::good(what, format!("last at {}; {} messages so far", at(row.ended_at), row.taken)));
    }
    let detail = format!(
        "the mailbox {} (last tried {}, {} times in a row; it last worked: {}; next at {}). {}",
        poll::words(outcome),
        at(row.ended_at),
        row.failures,
        at(row.worked_at),
        at(Some(row.next_at)),
        poll::advice(outcome)
    );
    Some(Finding::problem(what, detail))
}

async fn held(db: &Db) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for held in hold::holds(db.read()).await? {
        let waiting: i64 = hold::waiting(db.read(), &held).await?.iter().map(|(_, count, _)| count).sum();
        let whose = if held.organisation_id.is_some() { " (of one organisation)" } else { "" };
        told.push(format!("{}{whose}, {waiting} wait", letters::reason(held.why)));
    }
    Ok(told)
}

/// Links and consents depend on the time, and two computers that differ in it contradict each other.
async fn clocks(db: &Db) -> Finding {
    let what = "clock of the database";
    let now = Clock::system().now();
    match times(db).await {
        Ok((Some(there), _)) if (there - now).abs() > APART => {
            let seconds = (there - now).num_seconds();
            Finding::problem(what, format!("differs from this computer's by {seconds} seconds. Let both follow a time server."))
        }
        Ok((_, Some(latest))) if latest - now > APART => {
            let detail = format!(
                "something is written down there as of {}, which lies ahead. This computer's clock is slow, or was fast: set it.",
                latest.format("%Y-%m-%d %H:%M UTC")
            );
            Finding::problem(what, detail)
        }
        Ok((Some(_), _)) => Finding::good(what, "agrees with this computer's"),
        // A file has no clock: that nothing lies ahead does not tell that ours is right.
        Ok((None, _)) => Finding::note(what, "there is none; nothing is written down there that lies ahead of this computer's"),
        Err(error) => Finding::problem(what, format!("cannot be read: {error}.")),
    }
}

/// The time of the database's own computer, if it has one; and the latest time that is written down in it.
async fn times(db: &Db) -> Result<(Option<DateTime<Utc>>, Option<DateTime<Utc>>)> {
    let there = if db.is_postgres() {
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms";
        let row = db.read().query_one_raw(Statement::from_string(db.backend(), sql)).await?;
        let millis: i64 = row.ok_or_else(|| Error::bug("no time"))?.try_get("", "ms")?;
        DateTime::from_timestamp_millis(millis)
    } else {
        None
    };
    let made: Option<DateTime<Utc>> =
        installation::Entity::find().select_only().column(installation::Column::CreatedAt).into_tuple().one(db.read()).await?;
    let noted: Option<DateTime<Utc>> = audit_entry::Entity::find()
        .select_only()
        .column(audit_entry::Column::At)
        .order_by_desc(audit_entry::Column::At)
        .limit(1)
        .into_tuple()
        .one(db.read())
        .await?;
    Ok((there, made.max(noted)))
}
