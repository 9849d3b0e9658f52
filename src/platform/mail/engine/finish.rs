//! Writing down what became of letters, and marking those that come next, in one transaction: so a crash leaves open of no more
//! letters what became of them than are under way at the same time.

use super::{
    lease::{Lease, asking, mark, ours, which},
    policy::{Change, Outcome, Stop, Suppress},
    routes::Routes,
    swift,
};
use crate::platform::{
    Platform, Result, Tx,
    mail::{
        inbound::RETURNED,
        outbox::{changed, event},
        status, suppression,
    },
};
use entity::{
    LetterReason, MailBatchId, MailMessageId, MailState, RecipientKind, RouteKind, SuppressionReason, Time, mail_event,
    mail_message,
};
use mail_message::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

/// How long to wait before writing down answers is tried once more: losing one would mean sending a letter twice, and a
/// database that is started anew is back within seconds. All together much shorter than a lease.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
];
/// So many letters of a sending are refused in a row for what they hold, and it is stopped.
const IN_A_ROW: u32 = 3;

/// A letter that was in a worker's hands, and what became of it.
#[derive(Clone)]
pub struct Settled {
    /// As it was taken.
    pub letter: Model,
    /// What became of it.
    pub outcome: Outcome,
    /// Which server said so, if one did.
    pub server: Option<String>,
}

/// What a process remembers between two transactions.
#[derive(Default)]
pub struct Memory {
    /// Servers and domains.
    pub routes: Routes,
    /// How many letters of a sending were refused in a row for what they hold.
    refusals: HashMap<MailBatchId, u32>,
}

impl Memory {
    /// Notes what answers said: of servers, of domains, and of what a sending's letters hold.
    pub fn note(&mut self, settled: &[Settled], now: Time) {
        for Settled { letter, outcome, server } in settled {
            if let Some(server) = server {
                self.routes.note(RouteKind::Server, server, outcome.server, &outcome.change, now);
            }
            self.routes.note(RouteKind::Domain, &letter.domain, outcome.domain, &outcome.change, now);
            match (outcome.change.state, outcome.stop) {
                (MailState::Sent, _) => drop(self.refusals.remove(&letter.batch_id)),
                (_, Some(Stop::Content)) => *self.refusals.entry(letter.batch_id).or_default() += 1,
                _ => {}
            }
        }
    }

    /// Whether there is nothing to write down but that letters arrived, and no letters to count.
    fn is_usual(&self, platform: &Platform, settled: &[Settled]) -> bool {
        let (limited, sent) = (platform.config.delivery.is_limited(), Outcome::sent());
        !limited && !self.routes.has_news() && settled.iter().all(|one| one.outcome == sent)
    }

    /// The sendings that are stopped after these answers, and why.
    fn stops(&self, settled: &[Settled]) -> HashMap<MailBatchId, String> {
        let stop = |one: &Settled| {
            let batch = one.letter.batch_id;
            let stop = one.outcome.stop?;
            let enough = stop != Stop::Content || self.refusals.get(&batch).is_some_and(|count| *count >= IN_A_ROW);
            enough.then(|| (batch, stop.because(one.outcome.change.text.as_deref().unwrap_or_default())))
        };
        settled.iter().filter_map(stop).collect()
    }
}

impl Stop {
    /// Why a sending stands still, for whoever sent it.
    fn because(self, said: &str) -> String {
        let (what, then) = match self {
            Self::Content => (
                "Three letters in a row were refused because of what they hold",
                "Look at the letter, and at how your domain is set up, before you let it go on",
            ),
            Self::Sender => (
                "The mail server does not take letters from our address",
                "Whoever runs this installation can set another sender; then let it go on",
            ),
            Self::Size => ("The letter is larger than the mail server takes", "Make it shorter, then let it go on"),
        };
        format!("{what}. The server said: “{said}”. {then}.")
    }
}

/// Writes down answers and marks the next letters; several times if the database cannot do it at once.
pub async fn write_down(
    platform: &Platform,
    memory: &mut Memory,
    settled: &[Settled],
    ready: &[(&Model, &str)],
) -> Result<HashSet<MailMessageId>> {
    for pause in PAUSES {
        match settle(platform, memory, settled, ready).await {
            Err(error) => tracing::warn!(error = %error, "answers could not be written; again in a moment"),
            written => return written,
        }
        tokio::time::sleep(pause).await;
    }
    settle(platform, memory, settled, ready).await
}

/// In one transaction: writes down what became of letters, and marks those of `ready` whose handing over may begin now, each
/// with the server that it goes to. Answers which these are: still ours, of a sending that still runs, to an address that may
/// still be written to, and with room for them.
async fn settle(
    platform: &Platform,
    memory: &mut Memory,
    settled: &[Settled],
    ready: &[(&Model, &str)],
) -> Result<HashSet<MailMessageId>> {
    if memory.is_usual(platform, settled) {
        return usual(platform, memory, settled, ready).await;
    }
    in_full(platform, memory, settled, ready).await
}

/// The same, whatever became of the letters.
async fn in_full(
    platform: &Platform,
    memory: &mut Memory,
    settled: &[Settled],
    ready: &[(&Model, &str)],
) -> Result<HashSet<MailMessageId>> {
    let now = platform.clock.now();
    // What was handed over is known to this process alone until the commit; the disk is waited for beside the next letters.
    let tx = platform.db.begin_swift().await?;
    let letters: Vec<&Model> = ready.iter().map(|(letter, _)| *letter).collect();
    let unwanted = suppression::unwanted(&*tx, platform, &letters).await?;
    let dropped = letters.iter().filter(|letter| unwanted.contains(&letter.id)).map(|letter| Settled {
        letter: (*letter).clone(),
        outcome: Outcome::dropped(MailState::Suppressed, "this address must not be written to"),
        server: None,
    });
    let dropped: Vec<Settled> = dropped.collect();
    finish(&tx, platform, settled.iter().chain(&dropped)).await?;
    for (batch, why) in memory.stops(settled) {
        status::stop_itself(&tx, batch, &why).await?;
    }
    let wanted: Vec<(&Model, &str)> = ready.iter().copied().filter(|(letter, _)| !unwanted.contains(&letter.id)).collect();
    let taken = memory.routes.take(&tx, platform, &wanted).await?;
    let granted = mark(&tx, platform, &taken).await?;
    memory.routes.store(&tx, now).await?;
    tx.commit().await?;
    memory.routes.stored();
    Ok(granted)
}

/// The same where all letters arrived, and nothing else is to be written down.
async fn usual(
    platform: &Platform,
    memory: &mut Memory,
    settled: &[Settled],
    ready: &[(&Model, &str)],
) -> Result<HashSet<MailMessageId>> {
    let arrived: Vec<Lease> = settled.iter().map(|one| Lease::from(&one.letter)).collect();
    let next: Vec<&Model> = ready.iter().map(|(letter, _)| *letter).collect();
    let done = swift::write_down(platform, &arrived, &next).await?;
    if done.arrived < arrived.len() {
        overtaken(MailState::Sent, arrived.len() - done.arrived);
    }
    if done.next == next.len() {
        return Ok(next.iter().map(|letter| letter.id).collect());
    }
    // Why the others may not go is found out as always.
    let mine = ours(next.iter().map(|letter| Lease::from(*letter)));
    let mut granted = which(platform.db.write(), mine, MailState::Dot).await?;
    let others: Vec<(&Model, &str)> = ready.iter().copied().filter(|(letter, _)| !granted.contains(&letter.id)).collect();
    granted.extend(in_full(platform, memory, &[], &others).await?);
    Ok(granted)
}

/// Letters that were taken over, or taken back, before what became of them was written.
fn overtaken(state: MailState, letters: usize) {
    tracing::warn!(%state, letters, "letters were taken over or taken back before their outcome was written");
}

/// Writes down what became of letters: one statement for each kind of outcome, and one for the history.
async fn finish(tx: &Tx, platform: &Platform, settled: impl Iterator<Item = &Settled>) -> Result<()> {
    let mut groups: Vec<(&Change, Vec<&Settled>)> = Vec::new();
    for one in settled {
        match groups.iter_mut().find(|(change, _)| **change == one.outcome.change) {
            Some((_, group)) => group.push(one),
            None => groups.push((&one.outcome.change, vec![one])),
        }
    }
    // Sendings before letters, as whoever changes a sending does.
    let doubted = groups.iter().filter(|(change, _)| in_doubt(change)).flat_map(|(_, group)| group);
    let asking = asking(tx, doubted.map(|one| one.letter.batch_id)).await?;
    let mut events = Vec::new();
    for (change, group) in groups {
        let written = write(tx, platform, change, &group).await?;
        if written.len() < group.len() {
            overtaken(change.state, group.len() - written.len());
        }
        let doubted = group.iter().filter(|one| in_doubt(change) && asking.contains(&one.letter.batch_id));
        let doubted: Vec<MailMessageId> = doubted.map(|one| one.letter.id).filter(|id| written.contains(id)).collect();
        if !doubted.is_empty() {
            status::leave(tx, Column::Id.is_in(doubted)).await?;
        }
        for one in group.iter().filter(|one| written.contains(&one.letter.id)) {
            if let Some(suppress) = one.outcome.suppress {
                give_up_on(tx, platform, &one.letter, suppress).await?;
            }
        }
        if change.told {
            let stage = change.stage.map(str::to_owned);
            events.extend(written.into_iter().map(|letter| {
                let detail = match (&change.enhanced, &change.text) {
                    (Some(enhanced), Some(text)) if !text.starts_with(enhanced.as_str()) => Some(format!("{enhanced} {text}")),
                    (_, text) => text.clone(),
                };
                event(&platform.clock, letter, change.event, stage.clone(), change.code, detail)
            }));
        }
    }
    if !events.is_empty() {
        mail_event::Entity::insert_many(events).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Whether letters with this outcome are sent once more because nobody knows whether they arrived.
fn in_doubt(change: &Change) -> bool {
    change.doubt && change.state == MailState::Deferred
}

/// Writes one kind of outcome and answers which letters were still ours.
async fn write(tx: &Tx, platform: &Platform, change: &Change, group: &[&Settled]) -> Result<HashSet<MailMessageId>> {
    let mut update = Entity::update_many()
        .col_expr(Column::State, Expr::value(change.state.word()))
        .col_expr(Column::LeaseUntil, Expr::value(Option::<Time>::None));
    if change.attempt {
        update = update.col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1));
    }
    if change.doubt {
        update = update.col_expr(Column::Doubts, Expr::col(Column::Doubts).add(1));
    }
    if change.turned_away {
        update = update.col_expr(Column::TurnedAway, Expr::col(Column::TurnedAway).add(1));
    }
    if change.state == MailState::Sent {
        update = update.col_expr(Column::SentAt, Expr::value(platform.clock.now()));
    }
    if change.told {
        update = update
            .col_expr(Column::LastStage, Expr::value(change.stage.map(str::to_owned)))
            .col_expr(Column::LastCode, Expr::value(change.code.map(i32::from)))
            .col_expr(Column::LastEnhanced, Expr::value(change.enhanced.clone()))
            .col_expr(Column::LastText, Expr::value(change.text.clone()))
            .col_expr(Column::Reason, Expr::value(change.reason().map(LetterReason::word)));
    }
    let times = [
        (Column::NextAt, each(group, Column::NextAt, |outcome| outcome.next_at)),
        (Column::ExpiresAt, each(group, Column::ExpiresAt, |outcome| outcome.expires_at)),
    ];
    for (column, times) in times {
        update = times.into_iter().fold(update, |update, times| update.col_expr(column, times));
    }
    let update = update
        .filter(ours(group.iter().map(|one| Lease::from(&one.letter))))
        // A letter that was taken back meanwhile stays taken back.
        .filter(Column::State.is_in([MailState::Leased, MailState::Dot]));
    changed(tx, update).await
}

/// Each letter's own time, in one expression.
fn each(group: &[&Settled], column: Column, time: impl Fn(&Outcome) -> Option<Time>) -> Option<Expr> {
    let mut times = group.iter().filter_map(|one| Some((one.letter.id, time(&one.outcome)?)));
    let (id, at) = times.next()?;
    let first = Expr::case(Column::Id.eq(id), Expr::value(at));
    Some(times.fold(first, |all, (id, at)| all.case(Column::Id.eq(id), Expr::value(at))).finally(Expr::col(column)).into())
}

/// Writes to an address no more, where it was refused for good; of one of which only that is known that it was refused, when it
/// was refused before.
pub async fn give_up_on(tx: &Tx, platform: &Platform, letter: &Model, suppress: Suppress) -> Result<()> {
    let Some(organisation) = letter.organisation_id.filter(|_| letter.recipient_kind == RecipientKind::Participant) else {
        return Ok(());
    };
    if let Suppress::Again(apart) = suppress
        && !refused_before(tx, letter, platform.clock.now() - apart).await?
    {
        return Ok(());
    }
    suppression::suppress(tx, platform, organisation, &letter.address, suppression::ALL, SuppressionReason::Bounced, None).await
}

/// Whether the same address was refused before a time, at once or in a report.
async fn refused_before(tx: &Tx, letter: &Model, time: Time) -> Result<bool> {
    let earlier: Vec<MailMessageId> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::OrganisationId.eq(letter.organisation_id))
        .filter(Column::RecipientId.eq(letter.recipient_id))
        .filter(Column::Address.eq(letter.address.as_str()))
        .filter(Column::Id.ne(letter.id))
        .filter(Column::State.eq(MailState::Failed))
        .filter(Column::LastStage.is_in(["recipient", RETURNED]))
        .filter(Column::CreatedAt.lte(time))
        .limit(20)
        .into_tuple()
        .all(tx)
        .await?;
    if earlier.is_empty() {
        return Ok(false);
    }
    let refused = mail_event::Entity::find()
        .filter(mail_event::Column::MessageId.is_in(earlier))
        .filter(mail_event::Column::Event.eq(MailState::Failed))
        .filter(mail_event::Column::At.lte(time))
        .limit(1);
    Ok(refused.one(tx).await?.is_some())
}
