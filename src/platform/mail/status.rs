//! Where letters stand, for those who look after them; and what they can do about it.

use super::{
    CANCELLED,
    outbox::{DOT, KEEP_TRYING, WAITS, changed, write_history},
    priority, reason,
};
use crate::platform::{
    Clock, Error, Platform, Result, Tx,
    http::Cursor,
    jobs::{NewJob, enqueue},
};
use entity::{BatchState, LetterReason, MailBatchId, MailMessageId, MailState, OrganisationId, Time, mail_batch, mail_message};
use mail_message::{Column, Entity};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait},
};
use serde_json::json;
use std::{
    collections::{HashMap, HashSet},
    fmt::Write,
};

/// The states of letters that have ended otherwise than by being sent, in these words, because they are the words of a partial
/// index.
const ENDED: &str = "state IN ('failed', 'uncertain', 'expired', 'suppressed', 'cancelled')";

/// What the history says of a letter that was to be sent once more, and is not.
const LEFT: &str = "it is not sent once more by itself: a person decides";

/// Letters that did not arrive, or may not have. One for signing in that came too late is none of them: whoever asked for it asks
/// again.
fn troubled_ones() -> Condition {
    let few = Condition::all().add(Expr::cust(ENDED));
    let late = Column::State.eq(MailState::Expired).and(Column::Priority.gt(priority::SIGN_IN));
    few.add(Condition::any().add(Column::State.is_in([MailState::Failed, MailState::Uncertain])).add(late))
}

/// A page of an organisation's mailings, oldest first, and one more.
pub async fn mailings(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    cursor: Cursor,
) -> Result<Vec<mail_batch::Model>> {
    let mut query = mail_batch::Entity::find().filter(mail_batch::Column::OrganisationId.eq(organisation));
    if let Some(after) = cursor.after {
        query = query.filter(mail_batch::Column::Id.gt(MailBatchId(after)));
    }
    Ok(query.order_by_asc(mail_batch::Column::Id).limit(cursor.limit + 1).all(connection).await?)
}

/// A page of the mailings of these kinds about what a condition on `mail_batch` says, oldest first, and one more.
pub async fn mailings_about(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    about: Condition,
    kinds: &[&str],
    cursor: Cursor,
) -> Result<Vec<mail_batch::Model>> {
    use mail_batch::Column as Batch;
    let mut query = mail_batch::Entity::find()
        .filter(Batch::OrganisationId.eq(organisation))
        .filter(about)
        .filter(Batch::Kind.is_in(kinds.iter().copied()));
    if let Some(after) = cursor.after {
        query = query.filter(Batch::Id.gt(MailBatchId(after)));
    }
    Ok(query.order_by_asc(Batch::Id).limit(cursor.limit + 1).all(connection).await?)
}

/// A page of an organisation's mailings, newest first, and one more; those alone that somebody should look after, if asked: some
/// of their letters did not arrive or may not have, or they stand still.
pub async fn newest(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    in_need: bool,
    before: Cursor,
) -> Result<Vec<mail_batch::Model>> {
    use mail_batch::Column as Batch;
    let mut query = mail_batch::Entity::find().filter(Batch::OrganisationId.eq(organisation));
    if in_need {
        let troubled = Entity::find()
            .select_only()
            .column(Column::BatchId)
            .filter(Column::OrganisationId.eq(organisation))
            .filter(troubled_ones())
            .into_query();
        query = query.filter(Batch::State.eq(BatchState::Paused).or(Batch::Id.in_subquery(troubled)));
    }
    if let Some(before) = before.after {
        query = query.filter(Batch::Id.lt(MailBatchId(before)));
    }
    Ok(query.order_by_desc(Batch::Id).limit(before.limit + 1).all(connection).await?)
}

/// One mailing of an organisation.
pub async fn mailing(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    id: MailBatchId,
) -> Result<mail_batch::Model> {
    let found = mail_batch::Entity::find_by_id(id).filter(mail_batch::Column::OrganisationId.eq(organisation));
    found.one(connection).await?.ok_or(Error::NotFound("mailing"))
}

/// How many letters of a mailing stand where, and how many did not arrive, or not yet, for which reason.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Those in each state that there are any in.
    pub states: Vec<(MailState, u64)>,
    /// Those that did not arrive, or not yet, the most pressing reason first.
    pub reasons: Vec<(LetterReason, u64)>,
}

impl Counts {
    /// How many stand in one of these states.
    pub fn of(&self, states: &[MailState]) -> u64 {
        self.states.iter().filter(|(state, _)| states.contains(state)).map(|(_, count)| count).sum()
    }

    fn add(&mut self, state: MailState, refused: Option<LetterReason>, count: u64) {
        add(&mut self.states, state, count);
        if let Some(reason) = reason::by_state(state, refused) {
            add(&mut self.reasons, reason, count);
        }
    }
}

fn add<K: Ord + Copy>(counts: &mut Vec<(K, u64)>, key: K, count: u64) {
    match counts.binary_search_by_key(&key, |(key, _)| *key) {
        Ok(at) => counts.get_mut(at).into_iter().for_each(|(_, sum)| *sum += count),
        Err(at) => counts.insert(at, (key, count)),
    }
}

/// How the letters of each of these mailings stand: one statement.
pub async fn counts_of(
    connection: &impl ConnectionTrait,
    batches: impl IntoIterator<Item = MailBatchId>,
) -> Result<HashMap<MailBatchId, Counts>> {
    let counts: Vec<(MailBatchId, MailState, Option<LetterReason>, i64)> = Entity::find()
        .select_only()
        .columns([Column::BatchId, Column::State, Column::Reason])
        .column_as(Column::Id.count(), "letters")
        .filter(Column::BatchId.is_in(batches))
        .group_by(Column::BatchId)
        .group_by(Column::State)
        .group_by(Column::Reason)
        .into_tuple()
        .all(connection)
        .await?;
    let mut of: HashMap<_, Counts> = HashMap::new();
    for (batch, state, refused, count) in counts {
        of.entry(batch).or_default().add(state, refused, count.try_into().unwrap_or(0));
    }
    Ok(of)
}

/// How many letters of an organisation that were made since a time did not arrive, or may not have.
pub async fn troubled(connection: &impl ConnectionTrait, organisation: OrganisationId, since: Time) -> Result<u64> {
    let found = Entity::find().filter(Column::OrganisationId.eq(organisation)).filter(troubled_ones());
    Ok(found.filter(Column::CreatedAt.gte(since)).count(connection).await?)
}

/// A page of the letters of a mailing, in one state if asked, and one more.
pub async fn letters(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    batch: MailBatchId,
    state: Option<MailState>,
    cursor: Cursor,
) -> Result<Vec<mail_message::Model>> {
    mailing(connection, organisation, batch).await?;
    let mut query = Entity::find().filter(Column::OrganisationId.eq(organisation)).filter(Column::BatchId.eq(batch));
    if let Some(state) = state {
        query = query.filter(Column::State.eq(state));
    }
    if let Some(after) = cursor.after {
        query = query.filter(Column::Id.gt(MailMessageId(after)));
    }
    Ok(query.order_by_asc(Column::Id).limit(cursor.limit + 1).all(connection).await?)
}

/// Sends the letters of a batch that were given up once more, from the first attempt on, with as much time to arrive as a
/// new letter; those too of which nobody knows whether they arrived, if that is wished. Answers how many. The composer still
/// asks whether each may be sent.
pub async fn retry(tx: &Tx, clock: &Clock, organisation: OrganisationId, batch: MailBatchId, uncertain: bool) -> Result<u64> {
    let states = [MailState::Failed, MailState::Expired].into_iter().chain(uncertain.then_some(MailState::Uncertain));
    more_time(tx, clock, organisation, batch, states.clone()).await?;
    let updated = Entity::update_many()
        .col_expr(Column::State, Expr::value(MailState::Queued.word()))
        .col_expr(Column::Attempts, Expr::value(0))
        .col_expr(Column::NextAt, Expr::value(clock.now()))
        .filter(Column::OrganisationId.eq(organisation))
        .filter(Column::BatchId.eq(batch))
        .filter(Column::State.is_in(states))
        .exec(tx)
        .await?;
    Ok(updated.rows_affected)
}

/// Stops a batch until it is resumed: at most those letters go out that are being handed over now.
pub async fn pause(tx: &Tx, organisation: OrganisationId, batch: MailBatchId, reason: &str) -> Result<()> {
    change(tx, organisation, batch, &[BatchState::Running, BatchState::Paused], BatchState::Paused, Some(reason)).await
}

/// Stops a sending, by itself, until somebody lets it go on.
pub(super) async fn stop_itself(tx: &Tx, batch: MailBatchId, why: &str) -> Result<()> {
    let stopped = mail_batch::Entity::update_many()
        .col_expr(mail_batch::Column::State, Expr::value(BatchState::Paused.word()))
        .col_expr(mail_batch::Column::PauseReason, Expr::value(why))
        .filter(mail_batch::Column::Id.eq(batch))
        .filter(mail_batch::Column::State.eq(BatchState::Running))
        .exec(tx)
        .await?;
    if stopped.rows_affected > 0 {
        tracing::error!(mailing = %batch, why, "a mailing has stopped itself");
    }
    Ok(())
}

/// Lets a batch go on. The time that it stood still is not taken from its letters: they have as much as new ones.
pub async fn resume(tx: &Tx, clock: &Clock, organisation: OrganisationId, batch: MailBatchId) -> Result<()> {
    change(tx, organisation, batch, &[BatchState::Running, BatchState::Paused], BatchState::Running, None).await?;
    let its = Condition::all().add(Column::OrganisationId.eq(organisation)).add(Column::BatchId.eq(batch));
    now_due(tx, clock, its).await?;
    more_time(tx, clock, organisation, batch, MailState::PENDING).await
}

/// Says of a mailing whether its letters are left to a person where nobody knows whether they arrived, or sent once more, the same to
/// the byte. Those that wait to be sent once more when this is changed are left as well; those that were left stay so, and go with
/// [`retry`].
pub async fn ask_in_doubt(tx: &Tx, clock: &Clock, organisation: OrganisationId, batch: MailBatchId, ask: bool) -> Result<()> {
    let row = mailing(tx, organisation, batch).await?;
    if row.ask_in_doubt == ask {
        return Ok(());
    }
    mail_batch::ActiveModel { id: Set(batch), ask_in_doubt: Set(ask), ..Default::default() }.update(tx).await?;
    if !ask {
        return Ok(());
    }
    let left = leave(tx, Column::BatchId.eq(batch)).await?;
    write_history(tx, clock, left, MailState::Uncertain, LEFT).await
}

/// Leaves those of these letters to a person that are to be sent once more because nobody knows whether they arrived; answers which.
pub(super) async fn leave(tx: &Tx, which: Expr) -> Result<HashSet<MailMessageId>> {
    let left = Entity::update_many()
        .col_expr(Column::State, Expr::value(MailState::Uncertain.word()))
        .filter(which)
        .filter(Column::Doubts.gt(0))
        .filter(Column::State.is_in(MailState::PENDING));
    changed(tx, left).await
}

/// Lets letters that were put aside be taken again.
pub(super) async fn now_due(tx: &Tx, clock: &Clock, which: Condition) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::NextAt, Expr::value(clock.now()))
        .filter(which)
        .filter(Column::State.is_in([MailState::Queued, MailState::Deferred]))
        .exec(tx)
        .await?;
    Ok(())
}

/// Lets letters in these states have as much time to arrive as a new letter, if they have less. Letters for signing in keep
/// theirs: their links end with it.
async fn more_time(
    tx: &Tx,
    clock: &Clock,
    organisation: OrganisationId,
    batch: MailBatchId,
    states: impl IntoIterator<Item = MailState>,
) -> Result<()> {
    let until = clock.now() + KEEP_TRYING;
    Entity::update_many()
        .col_expr(Column::ExpiresAt, Expr::value(until))
        .filter(Column::OrganisationId.eq(organisation))
        .filter(Column::BatchId.eq(batch))
        .filter(Column::State.is_in(states))
        .filter(Column::Priority.gt(priority::SIGN_IN))
        .filter(Column::ExpiresAt.lt(until))
        .exec(tx)
        .await?;
    Ok(())
}

/// Takes the letters of a batch back that were not handed over yet; answers how many. Whoever wrote them is told.
pub async fn cancel(tx: &Tx, clock: &Clock, organisation: OrganisationId, batch: MailBatchId) -> Result<u64> {
    change(tx, organisation, batch, BatchState::ALL, BatchState::Cancelled, None).await?;
    let updated = Entity::update_many()
        .col_expr(Column::State, Expr::value(MailState::Cancelled.word()))
        .col_expr(Column::Due, Expr::value(false))
        .filter(Column::OrganisationId.eq(organisation))
        .filter(Column::BatchId.eq(batch))
        .filter(Column::State.is_in(MailState::PENDING))
        .exec(tx)
        .await?;
    enqueue(tx, clock, NewJob::now(CANCELLED, organisation, json!({"mailing": batch}))).await?;
    Ok(updated.rows_affected)
}

async fn change(
    tx: &Tx,
    organisation: OrganisationId,
    batch: MailBatchId,
    from: &[BatchState],
    to: BatchState,
    reason: Option<&str>,
) -> Result<()> {
    let updated = mail_batch::Entity::update_many()
        .col_expr(mail_batch::Column::State, Expr::value(to.word()))
        .col_expr(mail_batch::Column::PauseReason, Expr::value(reason.map(str::to_owned)))
        .filter(mail_batch::Column::OrganisationId.eq(organisation))
        .filter(mail_batch::Column::Id.eq(batch))
        .filter(mail_batch::Column::State.is_in(from.iter().copied()))
        .exec(tx)
        .await?;
    if updated.rows_affected > 0 {
        return Ok(());
    }
    let found = mail_batch::Entity::find_by_id(batch).filter(mail_batch::Column::OrganisationId.eq(organisation)).one(tx).await?;
    Err(match found {
        Some(_) => Error::conflict("mailing_cancelled", "This mailing was cancelled and does not go on."),
        None => Error::NotFound("mailing"),
    })
}

/// The outbox in Prometheus's text form. Those that were sent are what is left when the others are counted, for which there are
/// indexes; all as they are at one time.
pub async fn metrics(platform: &Platform) -> Result<String> {
    let tx = platform.db.snapshot().await?;
    let mut counts = Vec::<(MailState, i64, Option<Time>)>::new();
    // Those that wait in two parts, because there are two indexes.
    for which in [format!("{WAITS} AND due"), format!("{WAITS} AND NOT due"), DOT.to_owned(), ENDED.to_owned()] {
        let found = Entity::find()
            .select_only()
            .column(Column::State)
            .column_as(Column::Id.count(), "letters")
            .column_as(Expr::col(Column::NextAt).min(), "oldest")
            .filter(Expr::cust(which))
            .group_by(Column::State);
        counts.extend(found.into_tuple::<(MailState, i64, Option<Time>)>().all(&tx).await?);
    }
    let all = i64::try_from(Entity::find().count(&tx).await?).unwrap_or(i64::MAX);
    tx.commit().await?;
    let others: i64 = counts.iter().map(|(_, count, _)| count).sum();
    counts.push((MailState::Sent, all - others, None));
    let of = |state: MailState| counts.iter().filter(move |(found, _, _)| *found == state);
    let mut text = "# HELP alongside_mail_letters Letters in the outbox.\n# TYPE alongside_mail_letters gauge\n".to_owned();
    for state in MailState::ALL {
        let count: i64 = of(*state).map(|(_, count, _)| count).sum();
        // Writing into a string cannot fail.
        let _ = writeln!(text, "alongside_mail_letters{{state=\"{state}\"}} {count}");
    }
    let oldest = of(MailState::Queued).filter_map(|(_, _, oldest)| *oldest).min();
    let seconds = oldest.map_or(0, |oldest| Ord::max((platform.clock.now() - oldest).num_seconds(), 0));
    text.push_str("# HELP alongside_mail_oldest_queued_seconds How long the oldest queued letter has been due.\n");
    text.push_str("# TYPE alongside_mail_oldest_queued_seconds gauge\n");
    let _ = writeln!(text, "alongside_mail_oldest_queued_seconds {seconds}");
    Ok(text)
}
