//! Open calls: everybody who may be asked is asked, a thousand people a transaction.

use super::{Counts, note, still_running};
use crate::{
    invitations,
    matching::people::{Looked, Question, Whom, is_last, must_be_open},
    platform::{Platform, Result, jobs::Next},
};
use entity::match_run;
use sea_orm::ActiveValue::Set;

/// Looks at a thousand people and invites those who may be asked.
pub(super) async fn page(platform: &Platform, run: match_run::Model) -> Result<Next> {
    let now = platform.clock.now();
    let tx = platform.db.begin().await?;
    let Some(run) = still_running(&tx, &run).await? else { return Ok(Next::Done) };
    let opportunity = invitations::places::lock(&tx, run.organisation_id, run.opportunity_id).await?;
    // Closed in the meantime: what was asked stays, nobody else is.
    let open = must_be_open(&tx, &opportunity, now).await.is_ok();
    let question = Question::read(&tx, opportunity, now).await?;
    let page = if open { question.page(&tx, platform, Whom::Behind(run.cursor), now).await? } else { Vec::new() };
    let mut counts = Counts::default();
    page.iter().for_each(|looked| counts.add(looked.verdict.map(|_| ())));
    let finished = is_last(&page);
    let cursor = page.last().map(|looked| looked.participant).or(run.cursor);
    let people: Vec<_> = page.into_iter().filter_map(Looked::invitee).collect();
    let made = invitations::make(&tx, platform, &question.opportunity, Some(run.id), people, &run.created_by).await?;
    let asked = run.asked + i32::try_from(made.len()).unwrap_or(0);
    note(
        &tx,
        platform,
        run,
        &counts,
        |row| {
            row.asked = Set(asked);
            row.cursor = Set(cursor);
        },
        finished.then_some("done"),
    )
    .await?;
    tx.commit().await?;
    Ok(if finished { Next::Done } else { Next::More })
}
