//! The outbox: letters as rows.

use crate::platform::{Clock, Result, Tx, text};
use chrono::Duration;
use entity::{
    BatchState, MailBatchId, MailMessageId, MailState, OrganisationId, RecipientKind, Time, mail_batch, mail_event, mail_message,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    UpdateMany, sea_query::Expr,
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// The states of letters that wait, in these words, because they are the words of the partial indexes. A leased letter waits
/// for the end of its lease.
pub(super) const WAITS: &str = "state IN ('queued', 'deferred', 'leased')";
/// The state of letters that are being handed over, in the words of its partial index.
pub(super) const DOT: &str = "state = 'dot'";
/// A letter that nobody could deliver for so long is given up.
pub(super) const KEEP_TRYING: Duration = Duration::hours(72);
/// Rows in one statement: both databases limit the number of values.
const ROWS: usize = 500;

/// A letter to enqueue.
#[derive(Clone, Debug)]
pub struct NewLetter {
    /// The id of the letter, made by the caller: links in the letter are derived from it.
    pub id: MailMessageId,
    /// Which composer writes it.
    pub kind: &'static str,
    /// Whom it is for.
    pub recipient_kind: RecipientKind,
    /// The recipient's row.
    pub recipient_id: Uuid,
    /// The row it is about.
    pub subject_id: Option<Uuid>,
    /// Where it goes.
    pub address: String,
    /// 0 for the letter itself, 1 and up for reminders.
    pub n: i32,
    /// See [`super::priority`].
    pub priority: i32,
    /// Not after this time; three days if left out.
    pub expires_at: Option<Time>,
}

/// Opens a sending.
pub async fn open_batch(
    connection: &impl ConnectionTrait,
    clock: &Clock,
    organisation: Option<OrganisationId>,
    kind: &'static str,
    subject: Option<Uuid>,
    by: &str,
) -> Result<MailBatchId> {
    let id: MailBatchId = clock.new_id();
    let row = mail_batch::ActiveModel {
        id: Set(id),
        organisation_id: Set(organisation),
        kind: Set(kind.to_owned()),
        subject_id: Set(subject),
        state: Set(BatchState::Running),
        pause_reason: Set(None),
        ask_in_doubt: Set(false),
        created_by: Set(by.to_owned()),
        created_at: Set(clock.now()),
    };
    mail_batch::Entity::insert(row).exec_without_returning(connection).await?;
    Ok(id)
}

/// The sending of a kind about a subject: opened once, used again by whoever adds to it later. One that was cancelled does not
/// go on, so nothing is added to it. It cannot be cancelled before the caller's transaction ends: then it takes the letters
/// that were added with it.
pub async fn batch_about(
    tx: &Tx,
    clock: &Clock,
    organisation: OrganisationId,
    kind: &'static str,
    subject: Uuid,
    by: &str,
) -> Result<MailBatchId> {
    let found = mail_batch::Entity::find()
        .filter(mail_batch::Column::OrganisationId.eq(organisation))
        .filter(mail_batch::Column::Kind.eq(kind))
        .filter(mail_batch::Column::SubjectId.eq(subject))
        .filter(mail_batch::Column::State.ne(BatchState::Cancelled))
        .order_by_desc(mail_batch::Column::Id)
        .lock_shared()
        .one(tx)
        .await?;
    match found {
        Some(batch) => Ok(batch.id),
        None => open_batch(tx, clock, Some(organisation), kind, Some(subject), by).await,
    }
}

/// Puts letters into a sending, in the caller's transaction: a constant number of statements a thousand letters.
pub async fn enqueue(
    connection: &impl ConnectionTrait,
    clock: &Clock,
    organisation: Option<OrganisationId>,
    batch: MailBatchId,
    letters: &[NewLetter],
) -> Result<()> {
    let now = clock.now();
    let mut turns = HashMap::<String, i32>::new();
    for letters in letters.chunks(ROWS) {
        let rows: Vec<_> = letters.iter().map(|letter| row(organisation, batch, letter, now, &mut turns)).collect();
        mail_message::Entity::insert_many(rows).exec_without_returning(connection).await?;
    }
    Ok(())
}

/// A letter as a row. Those to one domain go one after the other, each behind the first ones to all other domains.
fn row(
    organisation: Option<OrganisationId>,
    batch: MailBatchId,
    letter: &NewLetter,
    now: Time,
    turns: &mut HashMap<String, i32>,
) -> mail_message::ActiveModel {
    let address = text::on_the_wire(&letter.address);
    let domain = text::domain(&address);
    let turn = turns.entry(domain.clone()).or_default();
    *turn += 1;
    mail_message::ActiveModel {
        id: Set(letter.id),
        batch_id: Set(batch),
        organisation_id: Set(organisation),
        recipient_kind: Set(letter.recipient_kind),
        recipient_id: Set(letter.recipient_id),
        kind: Set(letter.kind.to_owned()),
        n: Set(letter.n),
        subject_id: Set(letter.subject_id),
        address: Set(address),
        domain: Set(domain),
        message_id: Set(format!("<{}@alongside>", letter.id)),
        date: Set(now),
        priority: Set(letter.priority),
        state: Set(MailState::Queued),
        attempts: Set(0),
        doubts: Set(0),
        next_at: Set(now),
        expires_at: Set(Some(letter.expires_at.unwrap_or(now + KEEP_TRYING))),
        lease_token: Set(0),
        lease_until: Set(None),
        last_stage: Set(None),
        last_code: Set(None),
        last_enhanced: Set(None),
        last_text: Set(None),
        reason: Set(None),
        created_at: Set(now),
        sent_at: Set(None),
        turn: Set(*turn),
        due: Set(true),
        turned_away: Set(0),
    }
}

/// Takes letters back that have not left, those in a worker's hands too (its mark is given to leased letters alone), and says so in the
/// history of each; answers how many. `why` is for those who look after letters.
pub async fn take_back(tx: &Tx, clock: &Clock, which: Condition, why: &str) -> Result<usize> {
    let taken = mail_message::Entity::update_many()
        .col_expr(mail_message::Column::State, Expr::value(MailState::Cancelled.word()))
        .col_expr(mail_message::Column::LastText, Expr::value(why))
        .filter(which)
        .filter(mail_message::Column::State.is_in(MailState::PENDING));
    let taken = changed(tx, taken).await?;
    let count = taken.len();
    write_history(tx, clock, taken, MailState::Cancelled, why).await?;
    Ok(count)
}

/// Writes the same line into the history of each of these letters.
pub(super) async fn write_history(
    tx: &Tx,
    clock: &Clock,
    letters: HashSet<MailMessageId>,
    what: MailState,
    why: &str,
) -> Result<()> {
    let letters: Vec<MailMessageId> = letters.into_iter().collect();
    for letters in letters.chunks(ROWS) {
        let lines = letters.iter().map(|letter| event(clock, *letter, what, None, None, Some(why.to_owned())));
        mail_event::Entity::insert_many(lines).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Changes letters, and answers which they are.
pub(super) async fn changed(tx: &Tx, update: UpdateMany<mail_message::Entity>) -> Result<HashSet<MailMessageId>> {
    let mut statement = update.into_query();
    statement.returning_col(mail_message::Column::Id);
    let rows = tx.query_all(&statement).await?;
    rows.iter().map(|row| Ok(row.try_get("", "id")?)).collect()
}

/// A line of a letter's history.
pub(super) fn event(
    clock: &Clock,
    message: MailMessageId,
    event: MailState,
    stage: Option<String>,
    code: Option<u16>,
    detail: Option<String>,
) -> mail_event::ActiveModel {
    mail_event::ActiveModel {
        id: Set(clock.new_id()),
        message_id: Set(message),
        at: Set(clock.now()),
        event: Set(event),
        stage: Set(stage),
        code: Set(code.map(i32::from)),
        detail: Set(detail),
    }
}
