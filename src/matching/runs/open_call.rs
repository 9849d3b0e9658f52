//! Open calls: everybody who may be asked is asked, a few hundred people a transaction, at once or spread over days.

use super::{Counts, note, still_running, waves};
use crate::{
    invitations,
    matching::people::{ASKED, Looked, PAGE, Question, Whom, is_last, must_be_open},
    platform::{Platform, Result, jobs::Next},
};
use entity::match_run;
use sea_orm::ActiveValue::Set;

/// Looks at the next people and invites those who may be asked, and whose turn it is.
pub(super) async fn page(platform: &Platform, run: match_run::Model) -> Result<Next> {
    if run.days.is_some() && run.bound.is_none() {
        return waves::begin_day(platform, run).await;
    }
    let now = platform.clock.now();
    let tx = platform.db.begin().await?;
    let Some(run) = still_running(&tx, &run).await? else { return Ok(Next::Done) };
    let opportunity = invitations::places::lock(&tx, run.organisation_id, run.opportunity_id).await?;
    // Closed in the meantime: what was asked stays, nobody else is.
    let open = must_be_open(&tx, &opportunity, now).await.is_ok();
    let question = Question::read(&tx, opportunity, now).await?;
    let turn = |looked: &Looked| {
        let place = |bound| waves::place(platform, run.id, looked.participant, looked.last_asked, now) <= bound;
        run.bound.is_none_or(place)
    };
    let (mut page, mut cursor, mut finished) = (Vec::new(), run.cursor, !open);
    // Where hardly anybody may be asked, more are looked at before others get their turn to write.
    let mut asked = 0;
    while !finished && asked < ASKED && (page.len() as u64) < PAGE {
        let some = question.page(&tx, platform, Whom::Behind(cursor), now).await?;
        finished = is_last(&some);
        cursor = some.last().map(|looked| looked.participant).or(cursor);
        asked += some.iter().filter(|looked| looked.verdict.is_ok() && turn(looked)).count() as u64;
        page.extend(some);
    }
    let mut counts = Counts::default();
    // Who is asked over days was counted when the day began.
    if run.days.is_none() {
        page.iter().for_each(|looked| counts.add(looked.verdict.map(|_| ())));
    }
    let people: Vec<_> = page.into_iter().filter(turn).filter_map(Looked::invitee).collect();
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
