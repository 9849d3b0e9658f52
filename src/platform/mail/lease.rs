//! The outbox as its workers see it: taking letters by lease, marking those whose handing over begins, writing down what
//! became of them. Each is one statement for many letters, and none can change a letter that somebody else took over.

use super::{
    hold,
    rules::{Change, Outcome},
    suppression,
};
use crate::platform::{Platform, Result, Tx};
use chrono::Duration;
use entity::{BatchState, MailMessageId, MailState, Time, mail_batch, mail_event, mail_message};
use mail_message::{Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, LockBehavior, LockType, SelectStatement},
};
use std::collections::{BTreeMap, HashSet};

/// How long a worker may hold a letter. Longer than handing over one letter can take: see the limits in `smtp`.
pub const LEASE: Duration = Duration::minutes(15);
/// Why the history holds `uncertain` for a letter whose worker died.
const DIED: &str = "the process ended while the letter was being handed over";

/// A letter in a worker's hands, and what became of it.
pub type Settled = (Model, Outcome);

/// Takes up to `most` letters that are due, those whose worker died among them, the most urgent first: one statement.
pub async fn claim(platform: &Platform, most: u64) -> Result<Vec<Model>> {
    let now = platform.clock.now();
    let mut due = Entity::find()
        .select_only()
        .column(Column::Id)
        // In these words, because they are the words of the partial index. A leased letter is due when its lease ends.
        .filter(Expr::cust("state IN ('queued', 'deferred', 'leased')"))
        .filter(Column::NextAt.lte(now))
        .filter(Column::BatchId.in_subquery(running()))
        .filter(hold::free())
        .order_by_asc(Column::Priority)
        .order_by_asc(Column::NextAt)
        .order_by_asc(Column::Id)
        .limit(most)
        .into_query();
    due.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let mut claimed = Entity::update_many()
        .col_expr(Column::State, Expr::value(MailState::Leased.word()))
        .col_expr(Column::LeaseToken, Expr::col(Column::LeaseToken).add(1))
        .col_expr(Column::LeaseUntil, Expr::value(now + LEASE))
        .col_expr(Column::NextAt, Expr::value(now + LEASE))
        .filter(Column::Id.in_subquery(due))
        .exec_with_returning(platform.db.write())
        .await?;
    claimed.sort_by_key(|letter| (letter.priority, letter.id));
    Ok(claimed)
}

/// Batches whose letters may go out.
fn running() -> SelectStatement {
    mail_batch::Entity::find()
        .select_only()
        .column(mail_batch::Column::Id)
        .filter(mail_batch::Column::State.eq(BatchState::Running))
        .into_query()
}

/// Finds letters whose worker died while it handed them over. Whether they arrived is not known: each is sent once more,
/// the same to the byte; when that happens again it stays `uncertain`, for a person to look at.
pub async fn recover(platform: &Platform, most: u64) -> Result<()> {
    let now = platform.clock.now();
    let lost = Condition::all().add(Column::State.eq(MailState::Dot)).add(Column::LeaseUntil.lt(now));
    // Looked for by reading, because this is asked all the time and hardly ever so.
    if Entity::find().filter(lost.clone()).limit(1).one(platform.db.read()).await?.is_none() {
        return Ok(());
    }
    let tx = platform.db.begin().await?;
    let mut ids = Entity::find().select_only().column(Column::Id).filter(lost).limit(most).into_query();
    ids.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let found = Entity::update_many()
        .col_expr(Column::State, Expr::value(MailState::Uncertain.word()))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(Column::Doubts, Expr::col(Column::Doubts).add(1))
        .col_expr(Column::LeaseToken, Expr::col(Column::LeaseToken).add(1))
        .col_expr(Column::LeaseUntil, Expr::value(Option::<Time>::None))
        .col_expr(Column::LastText, Expr::value(DIED))
        .filter(Column::Id.in_subquery(ids))
        .exec_with_returning(&tx)
        .await?;
    let again: Vec<MailMessageId> = found.iter().filter(|letter| letter.doubts == 1).map(|letter| letter.id).collect();
    if !again.is_empty() {
        Entity::update_many()
            .col_expr(Column::State, Expr::value(MailState::Queued.word()))
            .col_expr(Column::NextAt, Expr::value(now))
            .filter(Column::Id.is_in(again.iter().copied()))
            .exec(&tx)
            .await?;
    }
    let events = found.iter().map(|letter| {
        let what = if letter.doubts == 1 { "it is sent once more" } else { "it stays as it is" };
        event(platform, letter.id, MailState::Uncertain, None, None, Some(format!("{DIED}; {what}")))
    });
    if !found.is_empty() {
        mail_event::Entity::insert_many(events).exec_without_returning(&tx).await?;
    }
    tx.commit().await?;
    tracing::warn!(found = found.len(), again = again.len(), "letters were being handed over when their worker died");
    Ok(())
}

/// In one transaction: writes down what became of letters, and marks those of `ready` whose handing over may begin now.
/// Answers which these are: still ours, of a batch that still runs, to an address that may still be written to.
pub async fn settle(platform: &Platform, settled: &[Settled], ready: &[&Model]) -> Result<HashSet<MailMessageId>> {
    if settled.is_empty() && ready.is_empty() {
        return Ok(HashSet::new());
    }
    let tx = platform.db.begin().await?;
    let unwanted = suppression::unwanted(&tx, platform, ready).await?;
    let dropped = ready.iter().filter(|letter| unwanted.contains(&letter.id)).map(|letter| {
        let why = "this address must not be written to";
        ((*letter).clone(), Outcome::dropped(MailState::Suppressed, why))
    });
    let settled: Vec<Settled> = settled.iter().cloned().chain(dropped).collect();
    finish(&tx, platform, &settled).await?;
    let granted = mark(&tx, platform, ready.iter().copied().filter(|letter| !unwanted.contains(&letter.id))).await?;
    tx.commit().await?;
    Ok(granted)
}

/// The letters, as long as nobody took them over: taking over raises the token.
fn ours<'a>(letters: impl IntoIterator<Item = &'a Model>) -> Condition {
    let mut by_token = BTreeMap::<i64, Vec<MailMessageId>>::new();
    for letter in letters {
        by_token.entry(letter.lease_token).or_default().push(letter.id);
    }
    let group = |(token, ids)| Condition::all().add(Column::LeaseToken.eq(token)).add(Column::Id.is_in(ids));
    by_token.into_iter().map(group).fold(Condition::any(), Condition::add)
}

/// Marks letters whose handing over begins, and gives the others back.
async fn mark<'a>(
    tx: &Tx,
    platform: &Platform,
    letters: impl Iterator<Item = &'a Model> + Clone,
) -> Result<HashSet<MailMessageId>> {
    let count = letters.clone().count();
    if count == 0 {
        return Ok(HashSet::new());
    }
    let until = platform.clock.now() + LEASE;
    let mine = ours(letters);
    let marked = Entity::update_many()
        .col_expr(Column::State, Expr::value(MailState::Dot.word()))
        .col_expr(Column::LeaseUntil, Expr::value(until))
        .filter(mine.clone())
        .filter(Column::State.eq(MailState::Leased))
        .filter(Column::BatchId.in_subquery(running()))
        .filter(hold::free())
        .exec_with_returning(tx)
        .await?;
    if marked.len() < count {
        // Their batch was stopped; when it goes on they are due at once.
        put_back(tx, platform, mine).await?;
    }
    Ok(marked.into_iter().map(|letter| letter.id).collect())
}

/// Gives letters back that were taken and not begun, for the next worker that looks.
pub async fn give_back(platform: &Platform, letters: &[Model]) -> Result<()> {
    if letters.is_empty() { Ok(()) } else { put_back(platform.db.write(), platform, ours(letters)).await }
}

async fn put_back(connection: &impl ConnectionTrait, platform: &Platform, which: Condition) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(MailState::Queued.word()))
        .col_expr(Column::NextAt, Expr::value(platform.clock.now()))
        .col_expr(Column::LeaseUntil, Expr::value(Option::<Time>::None))
        .filter(which)
        .filter(Column::State.eq(MailState::Leased))
        .exec(connection)
        .await?;
    Ok(())
}

/// Writes down what became of letters: one statement for each kind of outcome, and one for the history.
async fn finish(tx: &Tx, platform: &Platform, settled: &[Settled]) -> Result<()> {
    let mut groups: Vec<(&Change, Vec<&Settled>)> = Vec::new();
    for one in settled {
        match groups.iter_mut().find(|(change, _)| **change == one.1.change) {
            Some((_, group)) => group.push(one),
            None => groups.push((&one.1.change, vec![one])),
        }
    }
    let mut events = Vec::new();
    for (change, group) in groups {
        let written = write(tx, platform, change, &group).await?;
        if written.len() < group.len() {
            tracing::warn!(
                state = %change.state, letters = group.len() - written.len(),
                "letters were taken over or taken back before their outcome was written",
            );
        }
        if change.told {
            let stage = change.stage.map(str::to_owned);
            events.extend(written.into_iter().map(|letter| {
                let detail = match (&change.enhanced, &change.text) {
                    (Some(enhanced), Some(text)) if !text.starts_with(enhanced.as_str()) => Some(format!("{enhanced} {text}")),
                    (_, text) => text.clone(),
                };
                event(platform, letter.id, change.event, stage.clone(), change.code, detail)
            }));
        }
    }
    if !events.is_empty() {
        mail_event::Entity::insert_many(events).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Writes one kind of outcome and answers which letters were still ours.
async fn write(tx: &Tx, platform: &Platform, change: &Change, group: &[&Settled]) -> Result<Vec<Model>> {
    let mut update = Entity::update_many()
        .col_expr(Column::State, Expr::value(change.state.word()))
        .col_expr(Column::LeaseUntil, Expr::value(Option::<Time>::None));
    if change.attempt {
        update = update.col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1));
    }
    if change.doubt {
        update = update.col_expr(Column::Doubts, Expr::col(Column::Doubts).add(1));
    }
    if change.state == MailState::Sent {
        update = update.col_expr(Column::SentAt, Expr::value(platform.clock.now()));
    }
    if change.told {
        update = update
            .col_expr(Column::LastStage, Expr::value(change.stage.map(str::to_owned)))
            .col_expr(Column::LastCode, Expr::value(change.code.map(i32::from)))
            .col_expr(Column::LastEnhanced, Expr::value(change.enhanced.clone()))
            .col_expr(Column::LastText, Expr::value(change.text.clone()));
    }
    let times = [
        (Column::NextAt, each(group, Column::NextAt, |outcome| outcome.next_at)),
        (Column::ExpiresAt, each(group, Column::ExpiresAt, |outcome| outcome.expires_at)),
    ];
    for (column, times) in times {
        update = times.into_iter().fold(update, |update, times| update.col_expr(column, times));
    }
    let letters = update
        .filter(ours(group.iter().map(|(letter, _)| letter)))
        // A letter that was taken back meanwhile stays taken back.
        .filter(Column::State.is_in([MailState::Leased, MailState::Dot]))
        .exec_with_returning(tx)
        .await?;
    Ok(letters)
}

/// Each letter's own time, in one expression.
fn each(group: &[&Settled], column: Column, time: impl Fn(&Outcome) -> Option<Time>) -> Option<Expr> {
    let mut times = group.iter().filter_map(|(letter, outcome)| Some((letter.id, time(outcome)?)));
    let (id, at) = times.next()?;
    let first = Expr::case(Column::Id.eq(id), Expr::value(at));
    Some(times.fold(first, |all, (id, at)| all.case(Column::Id.eq(id), Expr::value(at))).finally(Expr::col(column)).into())
}

/// A line of a letter's history.
fn event(
    platform: &Platform,
    message: MailMessageId,
    event: MailState,
    stage: Option<String>,
    code: Option<u16>,
    detail: Option<String>,
) -> mail_event::ActiveModel {
    mail_event::ActiveModel {
        id: Set(platform.clock.new_id()),
        message_id: Set(message),
        at: Set(platform.clock.now()),
        event: Set(event),
        stage: Set(stage),
        code: Set(code.map(i32::from)),
        detail: Set(detail),
    }
}
