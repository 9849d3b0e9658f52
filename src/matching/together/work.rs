//! Works a plan off: looks at everybody for each opportunity, shares the letters out, and asks.

use super::{
    Aim, Outcome, aims, number,
    problem::{Asking, Kind, One, Problem},
    runs,
};
use crate::{
    invitations::{jobs::payload, places},
    matching::{
        groups::{CountsFor, Kinds},
        letters::{self, RECENCIES},
        lottery,
        people::{Looked, Question, must_be_open},
        rates,
        runs::{Counts, draws, note, reserve_left, still_running},
    },
    opportunities::quotas,
    platform::{
        Error, Platform, Result, Tx,
        jobs::{Fault, Next},
    },
};
use entity::{AskingPlanId, DrawOutcome, OrganisationId, ParticipantId, SeatQuota, Time, asking_plan, match_run, opportunity};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel, QuerySelect};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// So many people are asked in one transaction.
const ASKED: usize = 1000;

#[derive(Serialize, Deserialize)]
struct Which {
    organisation: OrganisationId,
    plan: AskingPlanId,
}

/// Does the next piece of a plan: first all letters are shared out, then one opportunity after the other asks.
pub async fn work(platform: Platform, value: Value) -> Result<Next, Fault> {
    let which: Which = payload(value)?;
    let plan = super::find(platform.db.read(), which.organisation, which.plan).await?;
    if plan.state != "running" {
        return Ok(Next::Done);
    }
    let done = match plan.outcome {
        None => share_out(&platform, plan.clone()).await,
        Some(_) => ask(&platform, plan.clone()).await,
    };
    let next = match done.map_err(Fault::from) {
        // What will not be different next time ends it, so that each of these can be asked for by itself.
        Err(Fault::GiveUp(why)) => {
            let runs = runs(platform.db.read(), plan.organisation_id, plan.id).await?;
            give_up(&platform, plan, runs, &why).await?
        }
        other => other?,
    };
    platform.wake.notify_one();
    Ok(next)
}

/// What an opportunity asks for: its quotas are about places, and what is aimed for is yeses.
fn asking(about: &opportunity::Model, quotas: &[SeatQuota], aim: &Aim) -> Asking {
    let yes = f64::from(aim.yes);
    let each = about.places.map_or(1.0, |places| yes / f64::from(places.max(1)));
    let bound = |quota: &SeatQuota| ((f64::from(quota.min) * each).min(yes), f64::from(quota.max) * each);
    let minutes = u32::try_from(about.minutes.saturating_add(about.preparation_minutes)).unwrap_or(0);
    Asking { aim: yes, minutes, quotas: quotas.iter().map(bound).collect() }
}

/// Everybody who may be asked for something.
#[derive(Default)]
struct Gathered {
    counts: Vec<Counts>,
    askings: Vec<Asking>,
    rates: Vec<letters::Rates>,
    groups: Vec<CountsFor>,
    people: HashMap<ParticipantId, One>,
}

async fn gather(platform: &Platform, plan: &asking_plan::Model, runs: &[match_run::Model], now: Time) -> Result<Gathered> {
    let db = platform.db.read();
    let (mut gathered, mut groups) = (Gathered::default(), Kinds::default());
    for ((at, run), aim) in (0u32..).zip(runs).zip(aims(plan)) {
        let about = opportunity::Entity::find_by_id((run.organisation_id, run.opportunity_id)).one(db).await?;
        let question = Question::read(db, about.ok_or(Error::NotFound("opportunity"))?, now).await?;
        let mut counts = Counts::default();
        let add = |looked: &Looked| {
            counts.add(looked.verdict.map(|_| ()));
            if looked.verdict.is_ok() {
                let one = gathered.people.entry(looked.participant).or_default();
                let recent = letters::recency(looked.last_asked, now);
                one.may.push((at, groups.add(looked.counts_for.clone())));
                (one.letters, one.minutes) = (looked.left.letters, looked.left.minutes);
                one.waited = u8::try_from(RECENCIES.saturating_sub(1 + recent)).unwrap_or(u8::MAX);
            }
        };
        question.everybody(platform, now, add).await?;
        gathered.counts.push(counts);
        gathered.askings.push(asking(&question.opportunity, &question.quotas, &aim));
        gathered.rates.push(rates::of(db, run.organisation_id, &question.quotas, now).await?);
    }
    let (groups, places) = groups.sorted();
    gathered.groups = groups.into_iter().map(|kind| kind.quotas).collect();
    gathered.people.values_mut().flat_map(|one| &mut one.may).for_each(|(_, of)| *of = places[*of as usize]);
    Ok(gathered)
}

/// What the processor works out.
struct Shared {
    problem: Problem,
    pool: Vec<u8>,
    asked: Vec<Vec<u32>>,
    chances: Vec<u8>,
    outcome: Outcome,
}

fn shared(
    askings: Vec<Asking>,
    rates: &[letters::Rates],
    groups: &[CountsFor],
    people: &BTreeMap<Uuid, One>,
    seed: &str,
) -> Option<Shared> {
    let opportunities = askings.len();
    let (problem, pool) = Problem::of(askings, rates, groups, people);
    let (plan, fairest) = problem.plan()?;
    let asked = problem.draw(&plan, &pool, seed)?;
    let mut letters = vec![0u32; opportunities];
    let mut each = vec![0u32; opportunities + 1];
    for of in &asked {
        each[of.len().min(opportunities)] += 1;
        of.iter().for_each(|at| letters[*at as usize] += 1);
    }
    let chances = problem.chances(&plan);
    // Whoever can get no letter this month has no share.
    let can = |kind: &Kind| kind.cap > 0 && kind.minutes != Some(0);
    let shares = problem.kinds.iter().zip(&plan.shares).filter(|(kind, _)| can(kind)).map(|(_, share)| *share);
    let smallest = shares.fold(1.0, f64::min);
    let outcome = Outcome { fulfilled: plan.fulfilled, yes: plan.yes, letters, each, smallest, fairest };
    Some(Shared { problem, pool, asked, chances, outcome })
}

async fn share_out(platform: &Platform, plan: asking_plan::Model) -> Result<Next> {
    let now = platform.clock.now();
    let all = runs(platform.db.read(), plan.organisation_id, plan.id).await?;
    let Gathered { counts, askings, rates, groups, people } = gather(platform, &plan, &all, now).await?;
    let considered = counts.iter().map(|counts| counts.considered).max().unwrap_or(0);
    let mut members = BTreeMap::new();
    let mut ids = HashMap::new();
    for (person, one) in people {
        let number = number(platform, plan.id, person);
        ids.insert(number, person);
        members.insert(number, one);
    }
    let (seed, order) = (plan.seed.clone(), members.keys().copied().collect::<Vec<Uuid>>());
    let wanted = members.len();
    let found = platform.cpu.run(move || shared(askings, &rates, &groups, &members, &seed)).await?;
    let Some(Shared { problem, pool, asked, chances, outcome }) = found else {
        return give_up(platform, plan, all, "no plan was found").await;
    };

    let tx = platform.db.begin().await?;
    let Some(plan) = running(&tx, &plan).await? else { return Ok(Next::Done) };
    if plan.outcome.is_some() {
        // Somebody else has shared the letters out meanwhile.
        return Ok(Next::More);
    }
    for ((at, run), counts) in (0u32..).zip(all).zip(&counts) {
        let Some(run) = still_running(&tx, &run).await? else { continue };
        let with = order.iter().zip(&asked).filter(|(_, of)| of.contains(&at));
        let drawn = with.filter_map(|(number, _)| Some((*ids.get(number)?, DrawOutcome::Reserve, Some(*number))));
        draws::keep_numbered(&tx, &run, drawn).await?;
        note(&tx, platform, run, counts, |_| {}, None).await?;
    }
    let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let mut row = plan.into_active_model();
    row.considered = Set(i32::try_from(considered).unwrap_or(i32::MAX));
    row.wanted = Set(number(wanted));
    row.problem = Set(Some(problem.bytes()));
    row.outcome = Set(Some(serde_json::to_value(outcome).map_err(|_| Error::bug("an outcome that cannot be written"))?));
    row.chances = Set(Some(chances));
    row.pool_digest = Set(Some(lottery::digest(&pool)));
    row.pool = Set(Some(pool));
    row.update(&tx).await?;
    tx.commit().await?;
    Ok(Next::More)
}

/// Ends a plan that was not found, or cannot go on: nobody else is asked, and each opportunity can be asked for by itself.
async fn give_up(platform: &Platform, plan: asking_plan::Model, runs: Vec<match_run::Model>, why: &str) -> Result<Next> {
    tracing::error!(plan = %plan.id, why, "letters could not be shared out");
    let tx = platform.db.begin().await?;
    let Some(plan) = running(&tx, &plan).await? else { return Ok(Next::Done) };
    for run in runs {
        if let Some(run) = still_running(&tx, &run).await? {
            // What people read in letters that have left stays.
            let ended = if run.asked > 0 { "done" } else { "stopped" };
            note(&tx, platform, run, &Counts::default(), |_| {}, Some(ended)).await?;
        }
    }
    end(&tx, platform, plan, "stopped").await?;
    tx.commit().await?;
    Ok(Next::Done)
}

async fn end(tx: &Tx, platform: &Platform, plan: asking_plan::Model, state: &str) -> Result<()> {
    let mut row = plan.into_active_model();
    row.state = Set(state.to_owned());
    row.finished_at = Set(Some(platform.clock.now()));
    row.update(tx).await?;
    Ok(())
}

/// The plan as it stands now that nobody else works on it; `None` if it is done.
async fn running(tx: &Tx, plan: &asking_plan::Model) -> Result<Option<asking_plan::Model>> {
    let found = asking_plan::Entity::find_by_id((plan.organisation_id, plan.id)).lock_exclusive().one(tx).await?;
    Ok(found.filter(|plan| plan.state == "running"))
}

/// Asks a page of those to whom the plan gave a letter, for the next opportunity; each is looked at once more.
async fn ask(platform: &Platform, plan: asking_plan::Model) -> Result<Next> {
    let now = platform.clock.now();
    let all = runs(platform.db.read(), plan.organisation_id, plan.id).await?;
    let next = all.into_iter().find(|run| run.state == "running");
    let tx = platform.db.begin().await?;
    let Some(run) = next else {
        let Some(plan) = running(&tx, &plan).await? else { return Ok(Next::Done) };
        end(&tx, platform, plan, "done").await?;
        tx.commit().await?;
        return Ok(Next::Done);
    };
    let Some(run) = still_running(&tx, &run).await? else { return Ok(Next::More) };
    let about = places::lock(&tx, run.organisation_id, run.opportunity_id).await?;
    let open = must_be_open(&tx, &about, now).await.is_ok();
    let mut question = Question::read(&tx, about, now).await?;
    question.shared = true;
    let sharing = quotas::drawn_by(&tx, &question.opportunity).await?;
    let late = sharing.is_too_late(question.day(now));
    // Names may have been drawn, or it may have closed, while letters were shared out.
    let asks = open && !late && (question.opportunity.places.is_none() || question.gathers);
    let most = if asks { ASKED } else { 0 };
    let (asked, _) = draws::ask_next(&tx, platform, &question, run.id, &run.created_by, most).await?;
    let more = asks && reserve_left(&tx, &run).await? > 0;
    let asked = run.asked + asked;
    let asked = |row: &mut match_run::ActiveModel| row.asked = Set(asked);
    note(&tx, platform, run, &Counts::default(), asked, (!more).then_some("done")).await?;
    tx.commit().await?;
    Ok(Next::More)
}
