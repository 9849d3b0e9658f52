//! The outbox as its workers see it: taking letters by lease, marking those whose handing over begins, giving back what was
//! not begun. Each is one statement for many letters, and none can change a letter that somebody else took over.

use super::{routes::Taken, swift};
use crate::platform::{
    Platform, Result, Tx,
    db::filled_up,
    mail::{
        hold,
        outbox::{DOT, KEEP_TRYING, WAITS, event},
    },
};
use chrono::Duration;
use entity::{BatchState, MailBatchId, MailMessageId, MailState, OrganisationId, Time, mail_batch, mail_event, mail_message};
use mail_message::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    UpdateMany,
    sea_query::{Expr, LockBehavior, LockType},
};
use std::collections::{BTreeMap, HashSet};

/// How long a worker may hold a letter before another one may take it over. Whoever still has it under way says so in time.
pub const LEASE: Duration = Duration::minutes(15);
/// Letters that become due, or are put aside, with one statement.
const ROWS: u64 = 1000;
/// Why the history holds `uncertain` for a letter whose worker died.
const DIED: &str = "the process ended while the letter was being handed over";

/// A letter, and that it is in our hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The letter.
    pub id: MailMessageId,
    /// Whoever takes the letter over raises it.
    pub token: i64,
}

impl From<&Model> for Lease {
    fn from(letter: &Model) -> Self {
        Self { id: letter.id, token: letter.lease_token }
    }
}

/// Takes up to `most` letters that are due, the most urgent first; those of sendings that stand still are put aside.
pub async fn claim(platform: &Platform, most: u64) -> Result<Vec<Model>> {
    let now = platform.clock.now();
    if !wake(platform, now).await? {
        return Ok(Vec::new());
    }
    let due = Entity::find().select_only().column(Column::Id).filter(Expr::cust(WAITS)).filter(Expr::col(Column::Due));
    let mut due = by_turn(due).limit(most).into_query();
    due.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let tx = platform.db.begin_swift().await?;
    let mut claimed = Entity::update_many()
        .col_expr(Column::State, Expr::value(MailState::Leased.word()))
        .col_expr(Column::Due, Expr::value(false))
        .col_expr(Column::LeaseToken, Expr::col(Column::LeaseToken).add(1))
        .col_expr(Column::LeaseUntil, Expr::value(now + LEASE))
        .col_expr(Column::NextAt, Expr::value(now + LEASE))
        .filter(Column::Id.in_subquery(due))
        .exec_with_returning(&*tx)
        .await?;
    let stopped = stopped(&tx, &claimed).await?;
    if !stopped.is_empty() {
        claimed.retain(|letter| !stopped.hold(letter));
        put_aside(&tx, now, &stopped).await?;
    }
    tx.commit().await?;
    claimed.sort_by_key(|letter| (letter.priority, letter.turn, letter.id));
    Ok(claimed)
}

/// The most urgent first, and of those whoever waits longest for their turn.
fn by_turn(letters: Select<Entity>) -> Select<Entity> {
    letters.order_by_asc(Column::Priority).order_by_asc(Column::Turn).order_by_asc(Column::Id)
}

/// Says of letters whose time has come that they are due. Answers whether any letter is.
async fn wake(platform: &Platform, now: Time) -> Result<bool> {
    let waits = || Condition::all().add(Expr::cust(WAITS)).add(Expr::col(Column::Due).not()).add(Column::NextAt.lte(now));
    let ids = || Entity::find().select_only().column(Column::Id);
    // Looked for by reading, because this is asked all the time and hardly ever so.
    let read = platform.db.read();
    if ids().filter(waits()).limit(1).into_tuple::<MailMessageId>().one(read).await?.is_none() {
        // In the order of their index: without it, the first one is looked for among all that were ever sent.
        let due = by_turn(ids().filter(Expr::cust(WAITS)).filter(Expr::col(Column::Due))).limit(1);
        return Ok(due.into_tuple::<MailMessageId>().one(read).await?.is_some());
    }
    let mut come = ids().filter(waits()).order_by_asc(Column::NextAt).limit(ROWS).into_query();
    come.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let woken = Entity::update_many().col_expr(Column::Due, Expr::value(true)).filter(Column::Id.in_subquery(come));
    woken.exec(platform.db.write()).await?;
    Ok(true)
}

/// What does not go out now.
#[derive(Default)]
struct Stopped {
    batches: HashSet<MailBatchId>,
    organisations: HashSet<OrganisationId>,
    all: bool,
}

impl Stopped {
    fn is_empty(&self) -> bool {
        !self.all && self.batches.is_empty() && self.organisations.is_empty()
    }

    fn hold(&self, letter: &Model) -> bool {
        let held = letter.organisation_id.is_some_and(|organisation| self.organisations.contains(&organisation));
        self.all || held || self.batches.contains(&letter.batch_id)
    }

    fn condition(&self) -> Condition {
        if self.all {
            return Condition::all();
        }
        let batches = Column::BatchId.is_in(self.batches.iter().copied());
        Condition::any().add(batches).add(Column::OrganisationId.is_in(self.organisations.iter().copied()))
    }
}

/// Which sendings of these letters stand still, and what is held.
async fn stopped(tx: &Tx, letters: &[Model]) -> Result<Stopped> {
    if letters.is_empty() {
        return Ok(Stopped::default());
    }
    let batches: HashSet<MailBatchId> = letters.iter().map(|letter| letter.batch_id).collect();
    let batches: Vec<MailBatchId> = mail_batch::Entity::find()
        .select_only()
        .column(mail_batch::Column::Id)
        .filter(mail_batch::Column::Id.is_in(filled_up(batches.into_iter())))
        .filter(mail_batch::Column::State.ne(BatchState::Running))
        .into_tuple()
        .all(tx)
        .await?;
    let mut stopped = Stopped { batches: batches.into_iter().collect(), ..Stopped::default() };
    for held in hold::holds(tx).await? {
        match held.organisation_id {
            Some(organisation) => drop(stopped.organisations.insert(organisation)),
            None => stopped.all = true,
        }
    }
    Ok(stopped)
}

/// Puts letters that do not go out now where nobody looks at them, those just taken among them, so that they stand in nobody's
/// way; whoever lets them go on makes them due. They come up by themselves when their time has passed, or in some days.
async fn put_aside(tx: &Tx, now: Time, stopped: &Stopped) -> Result<()> {
    let mut some = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Expr::cust(WAITS))
        .filter(Expr::col(Column::Due))
        .filter(stopped.condition())
        .limit(ROWS)
        .into_query();
    some.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let taken = Condition::all().add(Column::State.eq(MailState::Leased)).add(Column::LeaseUntil.eq(now + LEASE));
    let taken = taken.add(Expr::col(Column::Due).not()).add(stopped.condition());
    for which in [Condition::all().add(Column::Id.in_subquery(some)), taken] {
        back(now + KEEP_TRYING).filter(which).exec(tx).await?;
    }
    Ok(())
}

/// Finds letters whose worker died while it handed them over. Whether they arrived is not known: each is sent once more,
/// the same to the byte; when that happens again it stays `uncertain`, for a person to look at.
pub async fn recover(platform: &Platform) -> Result<()> {
    let now = platform.clock.now();
    let lost = Condition::all().add(Expr::cust(DOT)).add(Column::LeaseUntil.lt(now));
    // Looked for by reading, because this is asked all the time and hardly ever so.
    if Entity::find().filter(lost.clone()).limit(1).one(platform.db.read()).await?.is_none() {
        return Ok(());
    }
    let tx = platform.db.begin().await?;
    let which = Entity::find().select_only().columns([Column::Id, Column::BatchId]).filter(lost.clone()).limit(ROWS);
    let (which, batches): (Vec<MailMessageId>, Vec<MailBatchId>) =
        which.into_tuple::<(MailMessageId, MailBatchId)>().all(&tx).await?.into_iter().unzip();
    // Sendings before letters, as whoever changes a sending does.
    let asking = asking(&tx, batches.into_iter()).await?;
    let mut ids = Entity::find().select_only().column(Column::Id).filter(lost).filter(Column::Id.is_in(which)).into_query();
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
    let goes_again = |letter: &Model| letter.doubts == 1 && !asking.contains(&letter.batch_id);
    let again: Vec<MailMessageId> = found.iter().filter(|letter| goes_again(letter)).map(|letter| letter.id).collect();
    if !again.is_empty() {
        back(now).filter(Column::Id.is_in(again.iter().copied())).exec(&tx).await?;
    }
    let events = found.iter().map(|letter| {
        let what = if goes_again(letter) { "it is sent once more" } else { "it stays as it is" };
        event(&platform.clock, letter.id, MailState::Uncertain, None, None, Some(format!("{DIED}; {what}")))
    });
    if !found.is_empty() {
        mail_event::Entity::insert_many(events).exec_without_returning(&tx).await?;
    }
    tx.commit().await?;
    tracing::warn!(found = found.len(), again = again.len(), "letters were being handed over when their worker died");
    Ok(())
}

/// Those of these sendings whose letters are left to a person where nobody knows whether they arrived. Whoever changes that waits for
/// this transaction, and then sees what it wrote.
pub(super) async fn asking(tx: &Tx, batches: impl Iterator<Item = MailBatchId>) -> Result<HashSet<MailBatchId>> {
    let batches: HashSet<MailBatchId> = batches.collect();
    if batches.is_empty() {
        return Ok(HashSet::new());
    }
    let found = mail_batch::Entity::find()
        .filter(mail_batch::Column::Id.is_in(filled_up(batches.into_iter())))
        .order_by_asc(mail_batch::Column::Id)
        .lock_shared()
        .all(tx)
        .await?;
    Ok(found.into_iter().filter(|batch| batch.ask_in_doubt).map(|batch| batch.id).collect())
}

/// The letters, as long as nobody took them over: taking over raises the token.
pub(super) fn ours(letters: impl IntoIterator<Item = Lease>) -> Condition {
    let mut by_token = BTreeMap::<i64, Vec<MailMessageId>>::new();
    for letter in letters {
        by_token.entry(letter.token).or_default().push(letter.id);
    }
    let group = |(token, ids): (i64, Vec<MailMessageId>)| {
        Condition::all().add(Column::LeaseToken.eq(token)).add(Column::Id.is_in(filled_up(ids.into_iter())))
    };
    by_token.into_iter().map(group).fold(Condition::any(), Condition::add)
}

/// Marks letters whose handing over begins, and gives the others back: those of a sending that was stopped meanwhile, and
/// those for which there is no room now. Answers which were marked.
pub(super) async fn mark(tx: &Tx, platform: &Platform, letters: &[Taken<'_>]) -> Result<HashSet<MailMessageId>> {
    let now = platform.clock.now();
    let begun: Vec<&Model> = letters.iter().filter(|taken| taken.not_before.is_none()).map(|taken| taken.letter).collect();
    let mut marked = HashSet::new();
    if !begun.is_empty() {
        let count = swift::mark(tx, platform, &begun).await?;
        let mine = || ours(begun.iter().map(|letter| Lease::from(*letter)));
        if count == begun.len() {
            marked.extend(begun.iter().map(|letter| letter.id));
        } else {
            marked = which(tx, mine(), MailState::Dot).await?;
            // When their sending goes on they are due at once.
            back(now).filter(mine()).filter(Column::State.eq(MailState::Leased)).exec(tx).await?;
        }
    }
    let mut later = BTreeMap::<Time, Vec<Lease>>::new();
    for taken in letters {
        if let Some(at) = taken.not_before {
            later.entry(at).or_default().push(Lease::from(taken.letter));
        }
    }
    for (at, letters) in later {
        back(at).filter(ours(letters)).filter(Column::State.eq(MailState::Leased)).exec(tx).await?;
    }
    Ok(marked)
}

/// Says of letters that they are still in our hands.
pub async fn renew(platform: &Platform, letters: &[Lease]) -> Result<()> {
    if letters.is_empty() {
        return Ok(());
    }
    let until = platform.clock.now() + LEASE;
    let renewed = Entity::update_many()
        .col_expr(Column::LeaseUntil, Expr::value(until))
        .col_expr(Column::NextAt, Expr::value(until))
        .filter(ours(letters.iter().copied()))
        .filter(Column::State.is_in([MailState::Leased, MailState::Dot]))
        .exec(platform.db.write())
        .await?;
    if renewed.rows_affected < u64::try_from(letters.len()).unwrap_or(u64::MAX) {
        tracing::warn!("letters that are under way here were taken over");
    }
    Ok(())
}

/// Gives letters back that were taken and not begun, for the next worker that looks, not before a time.
pub async fn give_back(platform: &Platform, letters: &[Lease], at: Time) -> Result<()> {
    if letters.is_empty() {
        return Ok(());
    }
    let mine = ours(letters.iter().copied());
    back(at).filter(mine).filter(Column::State.eq(MailState::Leased)).exec(platform.db.write()).await?;
    Ok(())
}

/// A letter goes back to where it waits, until a time.
fn back(at: Time) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(MailState::Queued.word()))
        .col_expr(Column::Due, Expr::value(false))
        .col_expr(Column::NextAt, Expr::value(at))
        .col_expr(Column::LeaseUntil, Expr::value(Option::<Time>::None))
}

/// Which of these letters are in a state.
pub(super) async fn which(tx: &impl ConnectionTrait, of: Condition, state: MailState) -> Result<HashSet<MailMessageId>> {
    let found = Entity::find().select_only().column(Column::Id).filter(of).filter(Column::State.eq(state));
    Ok(found.into_tuple().all(tx).await?.into_iter().collect())
}
