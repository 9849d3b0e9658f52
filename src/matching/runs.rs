//! Runs of matching: looking at everybody, drawing where places are few, inviting. The work is done by the queue, a page of
//! a thousand people a transaction; a run that was broken off goes on where it stopped.

use super::{
    INVITE, lottery,
    people::{PAGE, Question, must_be_open},
};
use crate::{
    accounts::Actor,
    invitations::{self, jobs::payload},
    platform::{
        Error, Platform, Result, Tx, audit,
        jobs::{Fault, NewJob, Next, enqueue},
        secret::hex,
        text::Check,
    },
};
use entity::{
    DrawOutcome, InvitationState, MatchRunId, OpportunityId, OrganisationId, ParticipantId, WhyNot, invitation, match_result,
    match_run, opportunity, organisation,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, LockType},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// How rules of an open call are named in the record.
const OPEN_CALL: &str = "open-call-1";
/// So many people stand in reserve at least, and ten times the places.
const RESERVE: usize = 100;

/// How many people were looked at, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// People who have joined.
    pub considered: u64,
    /// Of those, people who may be asked.
    pub eligible: u64,
    /// The others, by the first reason against.
    pub not_asked: BTreeMap<WhyNot, u64>,
}

impl Counts {
    fn add(&mut self, verdict: Result<(), WhyNot>) {
        self.considered += 1;
        match verdict {
            Ok(()) => self.eligible += 1,
            Err(reason) => *self.not_asked.entry(reason).or_default() += 1,
        }
    }
}

/// One opportunity of the caller's organisation.
async fn find(connection: &impl ConnectionTrait, organisation: OrganisationId, id: OpportunityId) -> Result<opportunity::Model> {
    opportunity::Entity::find_by_id((organisation, id)).one(connection).await?.ok_or(Error::NotFound("opportunity"))
}

/// Counts who may be asked, without asking anybody.
pub async fn preview(platform: &Platform, actor: &Actor, id: OpportunityId) -> Result<(opportunity::Model, Counts)> {
    let now = platform.clock.now();
    let db = platform.db.read();
    let opportunity = find(db, actor.organisation, id).await?;
    let question = Question::read(db, opportunity.clone(), now).await?;
    let (mut counts, mut after) = (Counts::default(), None);
    loop {
        let page = question.page(db, platform, after, None, now).await?;
        let Some(last) = page.last() else { return Ok((opportunity, counts)) };
        after = Some(last.participant);
        page.iter().for_each(|looked| counts.add(looked.verdict.map(|_| ())));
    }
}

/// Starts a run that invites. For limited places the seed is recorded before anybody is looked at; a coordinator may give
/// a part of it from outside, such as the numbers of a public lottery.
pub async fn start(
    tx: &Tx,
    platform: &Platform,
    actor: &Actor,
    id: OpportunityId,
    seed: Option<String>,
) -> Result<match_run::Model> {
    let now = platform.clock.now();
    let opportunity = opportunity::Entity::find_by_id((actor.organisation, id))
        .lock_exclusive()
        .one(tx)
        .await?
        .ok_or(Error::NotFound("opportunity"))?;
    must_be_open(tx, &opportunity, now).await?;
    let mut check = Check::new();
    if let Some(seed) = &seed {
        check.line("/seed", seed, 200);
        check.that(opportunity.places.is_some(), "/seed", "no_draw", "An open call draws no lots. Leave this out.");
    }
    check.done()?;
    let earlier = match_run::Entity::find()
        .filter(match_run::Column::OrganisationId.eq(actor.organisation))
        .filter(match_run::Column::OpportunityId.eq(id))
        .order_by_desc(match_run::Column::Id)
        .one(tx)
        .await?;
    if let Some(earlier) = earlier {
        if earlier.state == "running" {
            return Err(Error::conflict("running", "A run is under way. Wait until it has finished."));
        }
        if opportunity.places.is_some() && put_back(tx, &earlier).await? > 0 {
            // Their letters were cancelled before they left. They are asked now, in the order in which they were drawn.
            invitations::places::freed(tx, platform, actor.organisation, id).await?;
            audit::record(tx, &platform.clock, actor.organisation, &actor.by, "invite", &format!("match_run:{}", earlier.id))
                .await?;
            return find_run(tx, &earlier).await;
        }
        if opportunity.places.is_some() && reserve_left(tx, &earlier).await? > 0 {
            let detail = "Names were drawn for this already. As places become free, the reserve is asked in its order.";
            return Err(Error::conflict("drawn", detail));
        }
    }
    // Part of the seed is always ours, so that nobody can try seeds until a friend is drawn; it is recorded before anybody
    // is looked at, and part of it may be everybody's, so that nobody need trust ours.
    let ours = hex(&platform.clock.secret());
    let seed = opportunity.places.map(|_| match &seed {
        Some(given) => format!("{given} / {ours}"),
        None => ours,
    });
    let row = match_run::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(platform.clock.new_id()),
        opportunity_id: Set(id),
        rules_version: Set(if seed.is_some() { lottery::RULES } else { OPEN_CALL }.to_owned()),
        seed: Set(seed),
        pool_digest: Set(None),
        places: Set(opportunity.places),
        pool: Set(None),
        cursor: Set(None),
        considered: Set(0),
        eligible: Set(0),
        asked: Set(0),
        reserve: Set(0),
        reasons: Set(json!({})),
        state: Set("running".to_owned()),
        created_by: Set(actor.by.clone()),
        created_at: Set(now),
        finished_at: Set(None),
    };
    let run = row.insert(tx).await?;
    let job = NewJob::now(INVITE, actor.organisation, json!({"organisation": actor.organisation, "run": run.id}));
    enqueue(tx, &platform.clock, job).await?;
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "invite", &format!("match_run:{}", run.id)).await?;
    Ok(run)
}

/// Puts those back into the reserve, in their old places, who were drawn and never asked, because their mailing was cancelled.
/// Answers how many.
async fn put_back(tx: &Tx, run: &match_run::Model) -> Result<i32> {
    let unsent = invitation::Entity::find()
        .select_only()
        .column(invitation::Column::ParticipantId)
        .filter(invitation::Column::OrganisationId.eq(run.organisation_id))
        .filter(invitation::Column::OpportunityId.eq(run.opportunity_id))
        .filter(invitation::Column::RunId.eq(run.id))
        .filter(invitation::Column::State.eq(InvitationState::Unsent))
        .into_query();
    let back = match_result::Entity::update_many()
        .col_expr(match_result::Column::Outcome, Expr::value(DrawOutcome::Reserve.word()))
        .filter(match_result::Column::OrganisationId.eq(run.organisation_id))
        .filter(match_result::Column::RunId.eq(run.id))
        .filter(match_result::Column::Outcome.eq(DrawOutcome::Asked))
        .filter(match_result::Column::ParticipantId.in_subquery(unsent))
        .exec(tx)
        .await?;
    let back = i32::try_from(back.rows_affected).unwrap_or(0);
    if back > 0 {
        match_run::Entity::update_many()
            .col_expr(match_run::Column::Asked, Expr::col(match_run::Column::Asked).sub(back))
            .col_expr(match_run::Column::Reserve, Expr::col(match_run::Column::Reserve).add(back))
            .filter(match_run::Column::OrganisationId.eq(run.organisation_id))
            .filter(match_run::Column::Id.eq(run.id))
            .exec(tx)
            .await?;
    }
    Ok(back)
}

/// A run as it stands now.
async fn find_run(tx: &Tx, run: &match_run::Model) -> Result<match_run::Model> {
    let found = match_run::Entity::find_by_id((run.organisation_id, run.id)).one(tx).await?;
    found.ok_or_else(|| Error::bug("a run that is gone"))
}

async fn reserve_left(tx: &Tx, run: &match_run::Model) -> Result<u64> {
    let count = match_result::Entity::find()
        .filter(match_result::Column::OrganisationId.eq(run.organisation_id))
        .filter(match_result::Column::RunId.eq(run.id))
        .filter(match_result::Column::Outcome.eq(DrawOutcome::Reserve))
        .count(tx)
        .await?;
    Ok(count)
}

#[derive(Serialize, Deserialize)]
struct Which {
    organisation: OrganisationId,
    run: MatchRunId,
}

/// Does the next piece of a run.
pub async fn invite(platform: Platform, value: Value) -> Result<Next, Fault> {
    let which: Which = payload(value)?;
    let run = match_run::Entity::find_by_id((which.organisation, which.run)).one(platform.db.read()).await?;
    let Some(run) = run.filter(|run| run.state == "running") else { return Ok(Next::Done) };
    let next = if run.seed.is_some() { draw(&platform, run).await? } else { open_call_page(&platform, run).await? };
    platform.wake.notify_one();
    Ok(next)
}

/// Makes everybody else of this organisation who invites wait until the commit, so that two runs cannot both count the same
/// free hour of somebody's month. The weaker lock lets others go on writing rows that belong to the organisation.
async fn one_at_a_time(tx: &Tx, organisation: OrganisationId) -> Result<()> {
    organisation::Entity::find_by_id(organisation).lock(LockType::NoKeyUpdate).one(tx).await?;
    Ok(())
}

/// The run as it stands now that nobody else works on it; `None` if somebody has finished it.
async fn still_running(tx: &Tx, run: &match_run::Model) -> Result<Option<match_run::Model>> {
    one_at_a_time(tx, run.organisation_id).await?;
    let found = match_run::Entity::find_by_id((run.organisation_id, run.id)).lock_exclusive().one(tx).await?;
    Ok(found.filter(|run| run.state == "running"))
}

/// Looks at a thousand people and invites those who may be asked.
async fn open_call_page(platform: &Platform, run: match_run::Model) -> Result<Next> {
    let now = platform.clock.now();
    let tx = platform.db.begin().await?;
    let Some(run) = still_running(&tx, &run).await? else { return Ok(Next::Done) };
    let opportunity = invitations::places::lock(&tx, run.organisation_id, run.opportunity_id).await?;
    // Closed in the meantime: what was asked stays, nobody else is.
    let open = must_be_open(&tx, &opportunity, now).await.is_ok();
    let question = Question::read(&tx, opportunity, now).await?;
    let page = if open { question.page(&tx, platform, run.cursor, None, now).await? } else { Vec::new() };
    let mut counts = Counts::default();
    page.iter().for_each(|looked| counts.add(looked.verdict.map(|_| ())));
    let finished = u64::try_from(page.len()).unwrap_or(0) < PAGE;
    let cursor = page.last().map(|looked| looked.participant).or(run.cursor);
    let people: Vec<_> = page.into_iter().filter_map(super::people::Looked::invitee).collect();
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
        finished,
    )
    .await?;
    tx.commit().await?;
    Ok(if finished { Next::Done } else { Next::More })
}

/// Adds counts to a run's record.
async fn note(
    tx: &Tx,
    platform: &Platform,
    run: match_run::Model,
    counts: &Counts,
    more: impl FnOnce(&mut match_run::ActiveModel),
    finished: bool,
) -> Result<()> {
    let mut reasons = run.reasons.as_object().cloned().unwrap_or_default();
    for (reason, count) in &counts.not_asked {
        let before = reasons.get(&reason.word()).and_then(Value::as_u64).unwrap_or(0);
        reasons.insert(reason.word(), json!(before + count));
    }
    let number = |count: u64| i32::try_from(count).unwrap_or(i32::MAX);
    let (considered, eligible) = (run.considered + number(counts.considered), run.eligible + number(counts.eligible));
    let mut row = run.into_active_model();
    row.considered = Set(considered);
    row.eligible = Set(eligible);
    row.reasons = Set(Value::Object(reasons));
    more(&mut row);
    if finished {
        row.state = Set("done".to_owned());
        row.finished_at = Set(Some(platform.clock.now()));
    }
    row.update(tx).await?;
    Ok(())
}

/// Looks at everybody, draws, and invites those whose names came first.
async fn draw(platform: &Platform, run: match_run::Model) -> Result<Next> {
    let now = platform.clock.now();
    let db = platform.db.read();
    let question = Question::read(db, find(db, run.organisation_id, run.opportunity_id).await?, now).await?;
    let (mut counts, mut after, mut members) = (Counts::default(), None, BTreeMap::new());
    loop {
        let page = question.page(db, platform, after, None, now).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.participant);
        for looked in &page {
            counts.add(looked.verdict.map(|_| ()));
            if looked.verdict.is_ok() {
                members.insert(number(platform, run.id, looked.participant), looked.participant);
            }
        }
    }
    let pool: Vec<u8> = members.keys().flat_map(|number| *number.as_bytes()).collect();
    let (size, digest) = (members.len(), lottery::digest(&pool));
    let places = usize::try_from(run.places.unwrap_or(0)).unwrap_or(0);
    let order = lottery::draw(size, places + (places * 10).max(RESERVE), run.seed.as_deref().unwrap_or_default(), &digest);
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
    let rows = drawn.iter().zip(1..).map(|(person, rank)| match_result::ActiveModel {
        organisation_id: Set(run.organisation_id),
        run_id: Set(run.id),
        participant_id: Set(*person),
        outcome: Set(DrawOutcome::Reserve),
        rank: Set(rank),
        number: Set(None),
    });
    for chunk in rows.collect::<Vec<_>>().chunks(1000) {
        match_result::Entity::insert_many(chunk.to_vec()).exec_without_returning(&tx).await?;
    }
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
            row.asked = Set(asked);
            row.reserve = Set(reserve);
        },
        true,
    )
    .await?;
    tx.commit().await?;
    Ok(Next::Done)
}

/// A person's number in a draw. Anybody may see the pool, and nobody can tell from it who is in it and who is not.
fn number(platform: &Platform, run: MatchRunId, person: ParticipantId) -> Uuid {
    platform.secret.pseudonym(run.0, person.0)
}

/// The number of somebody who was drawn: it stays what it was when their organisation moves to an installation with another key.
pub fn number_of(platform: &Platform, drawn: &match_result::Model) -> Uuid {
    drawn.number.unwrap_or_else(|| number(platform, drawn.run_id, drawn.participant_id))
}

/// The number at a position of a pool.
fn member(pool: &[u8], place: usize) -> Option<Uuid> {
    Uuid::from_slice(pool.get(place * 16..place * 16 + 16)?).ok()
}

/// Places that nobody has and that are held for nobody.
async fn free_places(tx: &Tx, platform: &Platform, opportunity: &opportunity::Model) -> Result<i64> {
    let taken = invitations::places::taken(tx, platform, opportunity, None).await?;
    Ok(i64::from(opportunity.places.unwrap_or(0)) - i64::try_from(taken).unwrap_or(i64::MAX))
}

/// Asks the next `most` people of the reserve, in their order, and answers how many were asked and how many were passed
/// over. Each is looked at once more: who no longer may be asked is passed over.
async fn ask_next(
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
        let looked = question.page(tx, platform, None, Some(&ids), now).await?;
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
        match_result::Entity::update_many()
            .col_expr(match_result::Column::Outcome, Expr::value(outcome.word()))
            .filter(match_result::Column::OrganisationId.eq(organisation))
            .filter(match_result::Column::RunId.eq(run))
            .filter(match_result::Column::ParticipantId.is_in(people))
            .exec(tx)
            .await?;
    }
    Ok((i32::try_from(made.len()).unwrap_or(0), over))
}

/// A place has become free: who waits moves up, and the next of the reserve are asked.
pub async fn place_freed(platform: Platform, value: Value) -> Result<Next, Fault> {
    let which: invitations::jobs::Which = payload(value)?;
    let now = platform.clock.now();
    let tx = platform.db.begin().await?;
    one_at_a_time(&tx, which.organisation).await?;
    let opportunity = invitations::places::lock(&tx, which.organisation, which.opportunity).await?;
    if must_be_open(&tx, &opportunity, now).await.is_err() {
        return Ok(Next::Done);
    }
    invitations::places::fill(&tx, &platform, &opportunity).await?;
    let run = match_run::Entity::find()
        .filter(match_run::Column::OrganisationId.eq(which.organisation))
        .filter(match_run::Column::OpportunityId.eq(which.opportunity))
        .filter(match_run::Column::State.eq("done"))
        .order_by_desc(match_run::Column::Id)
        .one(&tx)
        .await?;
    let free = usize::try_from(free_places(&tx, &platform, &opportunity).await?).unwrap_or(0);
    if let Some(run) = run.filter(|_| free > 0) {
        put_back(&tx, &run).await?;
        let run = find_run(&tx, &run).await?;
        let question = Question::read(&tx, opportunity, now).await?;
        let (asked, over) = ask_next(&tx, &platform, &question, run.id, "system", free).await?;
        let (total, reserve) = (run.asked + asked, run.reserve - asked - over);
        let mut row = run.into_active_model();
        row.asked = Set(total);
        row.reserve = Set(reserve);
        row.update(&tx).await?;
    }
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(Next::Done)
}

/// Runs a recorded draw again: whether pool, digest, seed and order agree with what was recorded.
pub async fn verify(platform: &Platform, run: &match_run::Model) -> Result<bool> {
    let connection = platform.db.read();
    let (Some(pool), Some(digest), Some(seed)) = (&run.pool, &run.pool_digest, &run.seed) else { return Ok(false) };
    if lottery::digest(pool) != *digest {
        return Ok(false);
    }
    let mut rank = 0;
    let places = usize::try_from(run.places.unwrap_or(0)).unwrap_or(0);
    let order = lottery::draw(pool.len() / 16, places + (places * 10).max(RESERVE), seed, digest);
    loop {
        let rows = match_result::Entity::find()
            .filter(match_result::Column::OrganisationId.eq(run.organisation_id))
            .filter(match_result::Column::RunId.eq(run.id))
            .filter(match_result::Column::Rank.gt(rank))
            .order_by_asc(match_result::Column::Rank)
            .limit(PAGE)
            .all(connection)
            .await?;
        if rows.is_empty() {
            return Ok(usize::try_from(rank).unwrap_or(0) == order.len());
        }
        for row in rows {
            rank += 1;
            let place = usize::try_from(rank - 1).ok().and_then(|index| order.get(index));
            if row.rank != rank || place.and_then(|place| member(pool, *place)) != Some(number_of(platform, &row)) {
                return Ok(false);
            }
        }
    }
}
