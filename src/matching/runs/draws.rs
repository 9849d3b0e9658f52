//! Draws for limited places, and who is asked after them.

use super::{Counts, How, Stage, begin, find, find_run, note, one_at_a_time, put_back, still_running};
use crate::{
    invitations::{self, jobs::payload},
    matching::{
        grounds::Grounds,
        lottery,
        people::{Looked, PAGE, Question, Whom, must_be_open},
    },
    opportunities::{passes_places_on, quotas},
    platform::{
        Platform, Result, Tx,
        jobs::{Fault, Next},
    },
};
use entity::{DrawOutcome, MatchRunId, ParticipantId, match_result, match_run, opportunity};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Looks at everybody, draws, and invites those whose names came first.
pub(super) async fn draw(platform: &Platform, run: match_run::Model) -> Result<Next> {
    let now = platform.clock.now();
    let db = platform.db.read();
    let question = Question::read(db, find(db, run.organisation_id, run.opportunity_id).await?, now).await?;
    let (mut counts, mut members) = (Counts::default(), BTreeMap::new());
    let add = |looked: &Looked| {
        counts.add(looked.verdict.map(|_| ()));
        if looked.verdict.is_ok() {
            members.insert(number(platform, run.id, looked.participant), looked.participant);
        }
    };
    question.everybody(platform, now, add).await?;
    let pool: Vec<u8> = members.keys().flat_map(|number| *number.as_bytes()).collect();
    let (size, digest) = (members.len(), lottery::digest(&pool));
    let places = usize::try_from(run.places.unwrap_or(0)).unwrap_or(0);
    let order = lottery::draw(size, lottery::listed(places), run.seed.as_deref().unwrap_or_default(), &digest);
    // In the order of their numbers, which is that of the pool.
    let members: Vec<ParticipantId> = members.into_values().collect();
    let drawn: Vec<ParticipantId> = order.iter().filter_map(|place| members.get(*place)).copied().collect();

    let tx = platform.db.begin().await?;
    let Some(run) = still_running(&tx, &run).await? else { return Ok(Next::Done) };
    // As it stands now: it may have closed, or been changed, while everybody was looked at.
    let opportunity = invitations::places::lock(&tx, run.organisation_id, run.opportunity_id).await?;
    let open = must_be_open(&tx, &opportunity, now).await.is_ok();
    let question = Question::read(&tx, opportunity, now).await?;
    let free = usize::try_from(free_places(&tx, platform, &question.opportunity).await?).unwrap_or(0).min(places);
    keep(&tx, &run, drawn.iter().map(|person| (*person, DrawOutcome::Reserve))).await?;
    let (asked, over) = if open { ask_next(&tx, platform, &question, run.id, &run.created_by, free).await? } else { (0, 0) };
    let reserve = i32::try_from(drawn.len()).unwrap_or(0) - asked - over;
    note(
        &tx,
        platform,
        run,
        &counts,
        |row| {
            row.pool = Set(Some(pool));
            row.pool_digest = Set(Some(digest));
            row.quotas = Set(serde_json::to_value(Grounds { drawn: free.try_into().unwrap_or(0), ..Grounds::default() }).ok());
            row.asked = Set(asked);
            row.reserve = Set(reserve);
        },
        Some("done"),
    )
    .await?;
    tx.commit().await?;
    Ok(Next::Done)
}

/// Keeps who was drawn, in their order, and what becomes of each.
pub(super) async fn keep(
    tx: &Tx,
    run: &match_run::Model,
    drawn: impl Iterator<Item = (ParticipantId, DrawOutcome)>,
) -> Result<()> {
    keep_numbered(tx, run, drawn.map(|(person, outcome)| (person, outcome, None))).await
}

/// As [`keep`], where somebody's number is not the one that they would have in the run.
pub(in crate::matching) async fn keep_numbered(
    tx: &Tx,
    run: &match_run::Model,
    drawn: impl Iterator<Item = (ParticipantId, DrawOutcome, Option<Uuid>)>,
) -> Result<()> {
    let row = |((person, outcome, number), rank)| match_result::ActiveModel {
        organisation_id: Set(run.organisation_id),
        run_id: Set(run.id),
        participant_id: Set(person),
        outcome: Set(outcome),
        rank: Set(rank),
        number: Set(number),
    };
    let rows: Vec<_> = drawn.zip(1..).map(row).collect();
    for chunk in rows.chunks(1000) {
        match_result::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// A person's number in a draw. Anybody may see the pool, and nobody can tell from it who is in it and who is not.
pub(super) fn number(platform: &Platform, run: MatchRunId, person: ParticipantId) -> Uuid {
    platform.secret.pseudonym(run.0, person.0)
}

/// The number of somebody who was drawn: it stays what it was when their organisation moves to an installation with another key.
pub fn number_of(platform: &Platform, drawn: &match_result::Model) -> Uuid {
    drawn.number.unwrap_or_else(|| number(platform, drawn.run_id, drawn.participant_id))
}

/// Somebody's number in a run, where what became of them is known, if anything is recorded.
pub fn number_in(platform: &Platform, run: MatchRunId, person: ParticipantId, drawn: Option<&match_result::Model>) -> Uuid {
    drawn.map_or_else(|| number(platform, run, person), |drawn| number_of(platform, drawn))
}

/// Places that nobody has and that are held for nobody.
pub(super) async fn free_places(tx: &Tx, platform: &Platform, opportunity: &opportunity::Model) -> Result<i64> {
    let taken = invitations::places::taken(tx, platform, opportunity, None).await?;
    Ok(i64::from(opportunity.places.unwrap_or(0)) - i64::try_from(taken).unwrap_or(i64::MAX))
}

/// Asks the next `most` people of the reserve, in their order, and answers how many were asked and how many were passed
/// over. Each is looked at once more: who no longer may be asked is passed over.
pub(in crate::matching) async fn ask_next(
    tx: &Tx,
    platform: &Platform,
    question: &Question,
    run: MatchRunId,
    by: &str,
    most: usize,
) -> Result<(i32, i32)> {
    let organisation = question.opportunity.organisation_id;
    let now = platform.clock.now();
    let (mut people, mut passed, mut rank) = (Vec::new(), Vec::new(), 0);
    while people.len() < most {
        let reserve = match_result::Entity::find()
            .filter(match_result::Column::OrganisationId.eq(organisation))
            .filter(match_result::Column::RunId.eq(run))
            .filter(match_result::Column::Outcome.eq(DrawOutcome::Reserve))
            .filter(match_result::Column::Rank.gt(rank))
            .order_by_asc(match_result::Column::Rank)
            .limit(PAGE)
            .all(tx)
            .await?;
        let Some(last) = reserve.last() else { break };
        rank = last.rank;
        let ids: Vec<_> = reserve.iter().map(|row| row.participant_id).collect();
        let looked = question.page(tx, platform, Whom::These(&ids), now).await?;
        let mut invitees: HashMap<_, _> = looked.into_iter().filter_map(|one| Some((one.participant, one.invitee()?))).collect();
        for id in ids {
            if people.len() == most {
                break;
            }
            match invitees.remove(&id) {
                Some(invitee) => people.push(invitee),
                None => passed.push(id),
            }
        }
    }
    let ids: Vec<_> = people.iter().map(|person| person.participant).collect();
    let made = invitations::make(tx, platform, &question.opportunity, Some(run), people, by).await?;
    let over = i32::try_from(passed.len()).unwrap_or(0);
    for (outcome, people) in [(DrawOutcome::Asked, ids), (DrawOutcome::PassedOver, passed)] {
        // A statement can bind so many values at most.
        for people in people.chunks(1000) {
            match_result::Entity::update_many()
                .col_expr(match_result::Column::Outcome, Expr::value(outcome.word()))
                .filter(match_result::Column::OrganisationId.eq(organisation))
                .filter(match_result::Column::RunId.eq(run))
                .filter(match_result::Column::ParticipantId.is_in(people.iter().copied()))
                .exec(tx)
                .await?;
        }
    }
    Ok((i32::try_from(made.len()).unwrap_or(0), over))
}

/// A place has become free: who waits moves up, and the next of the reserve are asked. Where places are shared out among groups,
/// names are drawn for it among all who can have it.
pub async fn place_freed(platform: Platform, value: Value) -> Result<Next, Fault> {
    let which: invitations::jobs::Which = payload(value)?;
    let now = platform.clock.now();
    let tx = platform.db.begin().await?;
    one_at_a_time(&tx, which.organisation).await?;
    let opportunity = invitations::places::lock(&tx, which.organisation, which.opportunity).await?;
    let open = must_be_open(&tx, &opportunity, now).await.is_ok();
    let sharing = quotas::drawn_by(&tx, &opportunity).await?;
    let over_panels = sharing.is_over_panels();
    if sharing.gathers() || (!open && (!over_panels || !passes_places_on(&opportunity, now))) {
        return Ok(Next::Done);
    }
    if !over_panels {
        invitations::waiting::fill(&tx, &platform, &opportunity).await?;
    }
    let latest = match_run::Entity::find()
        .filter(match_run::Column::OrganisationId.eq(which.organisation))
        .filter(match_run::Column::OpportunityId.eq(which.opportunity))
        .filter(match_run::Column::State.ne("stopped"))
        .order_by_desc(match_run::Column::Id)
        .one(&tx)
        .await?;
    let free = usize::try_from(free_places(&tx, &platform, &opportunity).await?).unwrap_or(0);
    // One that is under way looks at who has a place before it ends.
    if let Some(run) = latest.filter(|run| free > 0 && run.state == "done") {
        let asked = if open { from_reserve(&tx, &platform, run, opportunity.clone(), free).await? } else { 0 };
        if over_panels && asked < free {
            begin(&tx, &platform, &opportunity, sharing, Stage::Everybody, "system", How::default()).await?;
        }
    }
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(Next::Done)
}

/// Asks the next of a run's reserve, and answers how many.
async fn from_reserve(
    tx: &Tx,
    platform: &Platform,
    run: match_run::Model,
    opportunity: opportunity::Model,
    free: usize,
) -> Result<usize> {
    put_back(tx, &run).await?;
    let run = find_run(tx, &run).await?;
    let question = Question::read(tx, opportunity, platform.clock.now()).await?;
    let (asked, over) = ask_next(tx, platform, &question, run.id, "system", free).await?;
    let (total, reserve) = (run.asked + asked, run.reserve - asked - over);
    let mut row = run.into_active_model();
    row.asked = Set(total);
    row.reserve = Set(reserve);
    row.update(tx).await?;
    Ok(usize::try_from(asked).unwrap_or(0))
}
