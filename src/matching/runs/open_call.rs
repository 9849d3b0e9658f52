//! Open calls: everybody who may be asked is asked, a few people a transaction, at once or spread over days.

use super::{Counts, note, still_running, waves};
use crate::{
    invitations,
    matching::people::{Looked, PAGE, Question, Whom, must_be_open},
    platform::{Platform, Result, Tx, jobs::Next},
};
use entity::{ParticipantId, Time, match_run};
use futures_util::future::{Either, select};
use sea_orm::ActiveValue::Set;
use std::time::{Duration, Instant};

/// People who are asked with one transaction: few enough that somebody who answers meanwhile does not notice that they wait for it.
const ASKED: usize = 25;
/// People who are looked at with one set of queries, where hardly anybody may be asked.
const LOOKED: u64 = 250;
/// Transactions follow each other for so long before another job has its turn, such as a letter to sign in.
const AT_ONCE: Duration = Duration::from_millis(250);
/// Before it asks anybody it lets those who want to write something go first, so many times.
const STEPS_BACK: usize = 3;

/// Asks some of those who may be asked, and whose turn it is.
pub(super) async fn some(platform: &Platform, run: &match_run::Model) -> Result<Next> {
    if run.days.is_some() && run.bound.is_none() {
        return waves::begin_day(platform, run.clone()).await;
    }
    let began = Instant::now();
    loop {
        let next = page(platform, run).await?;
        if !matches!(next, Next::More) || began.elapsed() > AT_ONCE {
            return Ok(next);
        }
        platform.wake.notify_one();
        platform.callers.first().await;
    }
}

/// Looks at the next people and invites those who may be asked, and whose turn it is.
async fn page(platform: &Platform, run: &match_run::Model) -> Result<Next> {
    // Only where one can write at a time, and that is we.
    let steps_back = if platform.db.is_postgres() { 0 } else { STEPS_BACK };
    for _ in 0..steps_back {
        let before = platform.callers.writers();
        let tx = platform.db.begin().await?;
        let looked = {
            let look = std::pin::pin!(look(&tx, platform, run, PAGE));
            let others = std::pin::pin!(platform.callers.writer_after(before));
            match select(look, others).await {
                Either::Left((looked, _)) => Some(looked?),
                Either::Right(_) => None,
            }
        };
        match looked {
            Some(looked) => return ask(tx, platform, looked).await,
            // Nothing is written yet, and looking again costs little.
            None => tx.rollback().await?,
        }
        platform.callers.first().await;
    }
    let tx = platform.db.begin().await?;
    // Now they wait for it to end: it does not look for long.
    let most = if steps_back == 0 { PAGE } else { LOOKED };
    let looked = look(&tx, platform, run, most).await?;
    ask(tx, platform, looked).await
}

/// Whom a transaction found that may be asked.
struct Found {
    run: match_run::Model,
    question: Question,
    now: Time,
    open: bool,
    page: Vec<Looked>,
    cursor: Option<ParticipantId>,
    finished: bool,
}

/// Looks at the next people, at so many if hardly anybody may be asked. Answers `None` if the run has ended.
async fn look(tx: &Tx, platform: &Platform, run: &match_run::Model, at_least: u64) -> Result<Option<Found>> {
    let now = platform.clock.now();
    let Some(run) = still_running(tx, run).await? else { return Ok(None) };
    let opportunity = invitations::places::lock(tx, run.organisation_id, run.opportunity_id).await?;
    // Closed in the meantime: what was asked stays, nobody else is.
    let open = must_be_open(tx, &opportunity, now).await.is_ok();
    let question = Question::read(tx, opportunity, now).await?;
    let (mut page, mut cursor, mut finished) = (Vec::new(), run.cursor, !open);
    let (mut asked, mut most) = (0, ASKED as u64);
    while !finished && asked < ASKED && (page.len() as u64) < at_least {
        let some = question.page(tx, platform, Whom::Behind(cursor, most), now).await?;
        finished = (some.len() as u64) < most;
        for looked in some {
            if asked == ASKED {
                // The others are looked at again with the next ones.
                finished = false;
                break;
            }
            cursor = Some(looked.participant);
            asked += usize::from(looked.verdict.is_ok() && turn(platform, &run, &looked, now));
            page.push(looked);
        }
        // Where hardly anybody may be asked, more are looked at before others get their turn to write.
        most = match asked as u64 {
            0 => most * 4,
            some => ((ASKED as u64).saturating_sub(some) * page.len() as u64).div_ceil(some).max(ASKED as u64),
        };
        most = most.min(LOOKED);
    }
    Ok(Some(Found { run, question, now, open, page, cursor, finished }))
}

/// Whether it is somebody's turn, where people are asked over days.
fn turn(platform: &Platform, run: &match_run::Model, looked: &Looked, now: Time) -> bool {
    let place = || waves::place(platform, run.id, looked.participant, looked.last_asked, now);
    run.bound.is_none_or(|bound| place() <= bound)
}

/// Asks those who were found, and commits.
async fn ask(tx: Tx, platform: &Platform, found: Option<Found>) -> Result<Next> {
    let Some(Found { run, question, now, open, page, cursor, finished }) = found else { return Ok(Next::Done) };
    let mut counts = Counts::default();
    // Who is asked over days was counted when the day began.
    if run.days.is_none() {
        page.iter().for_each(|looked| counts.add(looked.verdict.map(|_| ())));
    }
    let whose_turn = page.into_iter().filter(|looked| turn(platform, &run, looked, now));
    let people: Vec<_> = whose_turn.filter_map(Looked::invitee).collect();
    let made = invitations::make(&tx, platform, &question.opportunity, Some(run.id), people, &run.created_by).await?;
    let asked = run.asked + i32::try_from(made.len()).unwrap_or(0);
    let next = if finished && open { waves::next(&tx, &run, now).await? } else { None };
    let days_done = run.days_done + i32::from(finished);
    let more = |row: &mut match_run::ActiveModel| {
        row.asked = Set(asked);
        row.cursor = Set(cursor);
        row.next_at = Set(next);
        if finished {
            row.days_done = Set(days_done);
            row.bound = Set(None);
        }
    };
    note(&tx, platform, run, &counts, more, (finished && next.is_none()).then_some("done")).await?;
    tx.commit().await?;
    Ok(match next {
        Some(next) => Next::At(next),
        None if finished => Next::Done,
        None => Next::More,
    })
}
