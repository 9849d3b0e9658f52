//! Asking for several opportunities together, where they need the same people.
//!
//! **What it promises people.** The asking is shared: nobody is asked every time, and nobody who wants to be asked is left out while
//! others are asked twice. The smallest share of anybody, of as many letters as they may get, is as large as it can be; then the
//! next smallest (`sortition::sharing`). Nobody gets more letters, or letters for more of their time, than they have left this month.
//!
//! An open call aims for so many yeses; something with limited places, for which names are drawn later among those who say yes,
//! for twice as many as there are places. Each opportunity gets a run of its own, which asks those whom the plan gave to it, and each
//! person is looked at once more before their letter is made.

pub mod file;
pub mod own;
mod problem;
mod work;

pub use problem::Problem;
pub use work::work;

use super::{
    letters,
    people::must_be_open,
    runs::{begin_together, is_under_way, was_cancelled},
    seal,
};
use crate::{
    accounts::Actor,
    invitations::wording::check::must_be_whole,
    opportunities::{self, quotas},
    platform::{
        Error, Platform, Result, Tx, audit,
        jobs::{NewJob, enqueue},
        secret::hex,
        text::Check,
    },
    statistics::disclosure::row,
};
use entity::{AskingPlanId, OpportunityId, OrganisationId, ParticipantId, Time, asking_plan, match_run, opportunity};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, Iterable, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, LockType},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Name of these rules, kept with each plan.
pub const RULES: &str = "together-1";
/// Kind of the job that works a plan off.
pub const WORK: &str = "matching.together";
/// Opportunities in one plan, at most.
pub const MOST: usize = 12;
/// So many plans are told of.
pub const PLANS: u64 = 100;

/// One opportunity of a plan.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which.
    pub opportunity: OpportunityId,
    /// How many yeses are aimed for; for limited places twice as many as places where nobody says.
    pub yes: Option<u32>,
}

/// One opportunity of a plan, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aim {
    /// Which.
    pub opportunity: OpportunityId,
    /// How many yeses are aimed for.
    pub yes: u32,
}

/// What our part of a seed was committed to before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Commitment {
    /// For which opportunity.
    pub opportunity: OpportunityId,
    /// SHA-256 over the part, in hexadecimal.
    pub commitment: String,
    /// Since when that was public.
    pub since: Time,
}

/// What came of a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Of each opportunity, how much of what it aims for can be expected, from 0 to 1.
    pub fulfilled: Vec<f64>,
    /// Expected yeses of each.
    pub yes: Vec<f64>,
    /// Letters of each.
    pub letters: Vec<u32>,
    /// How many of those who may be asked for something get no letter, one, two, and so on.
    pub each: Vec<u32>,
    /// The smallest share of anybody: letters that they can expect, of as many as they may get.
    pub smallest: f64,
    /// Whether it is proved that no plan is fairer.
    pub fairest: bool,
}

impl Outcome {
    /// What was kept.
    pub fn read(kept: Option<&Value>) -> Option<Self> {
        Self::deserialize(kept?).ok()
    }
}

/// The opportunities of a plan, as they were kept.
pub fn aims(plan: &asking_plan::Model) -> Vec<Aim> {
    Vec::deserialize(&plan.aims).unwrap_or_default()
}

/// The commitments of a plan, as they were kept.
pub fn commitments(plan: &asking_plan::Model) -> Vec<Commitment> {
    Vec::deserialize(&plan.commitments).unwrap_or_default()
}

/// A person's number in a plan.
fn number(platform: &Platform, plan: AskingPlanId, person: ParticipantId) -> Uuid {
    platform.secret.pseudonym(plan.0, person.0)
}

/// Plans without what may be large.
fn light() -> Select<asking_plan::Entity> {
    let large = |column: &asking_plan::Column| {
        matches!(column, asking_plan::Column::Pool | asking_plan::Column::Problem | asking_plan::Column::Chances)
    };
    let columns = asking_plan::Column::iter().filter(|column| !large(column));
    asking_plan::Entity::find()
        .select_only()
        .columns(columns)
        .column_as(Expr::value(Option::<Vec<u8>>::None), asking_plan::Column::Pool)
        .column_as(Expr::value(Option::<Vec<u8>>::None), asking_plan::Column::Problem)
        .column_as(Expr::value(Option::<Vec<u8>>::None), asking_plan::Column::Chances)
}

/// One plan of an organisation, without its pool.
pub async fn find(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    plan: AskingPlanId,
) -> Result<asking_plan::Model> {
    let found = light()
        .filter(asking_plan::Column::OrganisationId.eq(organisation))
        .filter(asking_plan::Column::Id.eq(plan))
        .one(connection)
        .await?;
    found.ok_or(Error::NotFound("plan"))
}

/// The latest plans of an organisation, newest first.
pub async fn list(connection: &impl ConnectionTrait, organisation: OrganisationId) -> Result<Vec<asking_plan::Model>> {
    let all = light().filter(asking_plan::Column::OrganisationId.eq(organisation));
    Ok(all.order_by_desc(asking_plan::Column::Id).limit(PLANS).all(connection).await?)
}

/// The runs of a plan, in the order of its opportunities.
pub async fn runs(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    plan: AskingPlanId,
) -> Result<Vec<match_run::Model>> {
    let all = match_run::Entity::find()
        .filter(match_run::Column::OrganisationId.eq(organisation))
        .filter(match_run::Column::PlanId.eq(plan));
    Ok(all.order_by_asc(match_run::Column::Id).all(connection).await?)
}

/// The runs of several plans, each in the order of its opportunities.
pub async fn runs_of(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    plans: &[asking_plan::Model],
) -> Result<HashMap<AskingPlanId, Vec<match_run::Model>>> {
    let all = match_run::Entity::find()
        .filter(match_run::Column::OrganisationId.eq(organisation))
        .filter(match_run::Column::PlanId.is_in(plans.iter().map(|plan| plan.id)))
        .order_by_asc(match_run::Column::Id)
        .all(connection)
        .await?;
    let mut found: HashMap<AskingPlanId, Vec<match_run::Model>> = HashMap::new();
    for (plan, run) in all.into_iter().filter_map(|run| Some((run.plan_id?, run))) {
        found.entry(plan).or_default().push(run);
    }
    Ok(found)
}

/// How many people get no letter, one, two, and so on. How many people there are and how many letters is known beside it, so where one
/// number is about too few people, none is told.
pub fn each(outcome: Option<&Outcome>, minimum: i32) -> Vec<(u32, Option<u64>)> {
    let each = outcome.map(|outcome| outcome.each.as_slice()).unwrap_or_default();
    let cells: Vec<(u32, u64)> = (0..).zip(each).map(|(letters, people)| (letters, u64::from(*people))).collect();
    let told = row(&cells, u64::try_from(minimum).unwrap_or(5));
    let all = told.iter().all(|(_, people)| people.is_some());
    told.into_iter().map(|(letters, people)| (letters, people.filter(|_| all))).collect()
}

/// Begins a plan: its row, a run for each opportunity, and the job that works it off.
///
/// # Errors
/// Everything that is wrong with what was sent at once; conflicts where one of the opportunities is not open or is being asked for.
pub async fn start(
    tx: &Tx,
    platform: &Platform,
    actor: &Actor,
    wanted: &[Wanted],
    seed: Option<String>,
) -> Result<asking_plan::Model> {
    let mut check = Check::new();
    check.that(
        (2..=MOST).contains(&wanted.len()),
        "/opportunities",
        "out_of_range",
        format!("Name at least 2 opportunities, and at most {MOST}."),
    );
    let mut seen = HashSet::new();
    for (at, one) in wanted.iter().enumerate() {
        let field = |name: &str| format!("/opportunities/{at}/{name}");
        check.that(seen.insert(one.opportunity), &field("opportunity"), "twice", "Name each opportunity once.");
        if let Some(yes) = one.yes {
            check.range(&field("yes"), yes, 1, 1_000_000);
        }
    }
    if let Some(seed) = &seed {
        check.line("/seed", seed, 200);
    }
    check.done()?;
    let now = platform.clock.now();
    let (mut check, mut held) = (Check::new(), Vec::new());
    let today = opportunities::today(now, opportunities::zone(tx, actor.organisation).await?);
    // In the order of their ids, so that two plans do not wait for each other.
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|at| wanted[*at].opportunity);
    for at in order {
        let Wanted { opportunity, yes } = &wanted[at];
        // The weaker lock: whoever is making an invitation to it may go on, and nobody who asks for it.
        let about = opportunity::Entity::find_by_id((actor.organisation, *opportunity)).lock(LockType::NoKeyUpdate);
        let about = about.one(tx).await?.ok_or(Error::NotFound("opportunity"))?;
        must_be_open(tx, &about, now).await?;
        must_be_whole(tx, actor, about.id).await?;
        if is_under_way(tx, &about).await? {
            return Err(Error::conflict("running", "People are being asked for one of these. Wait until that has finished."));
        }
        if was_cancelled(tx, &about).await? {
            let detail = "Letters about one of these were drawn by lot, and cancelled before they left. Ask for that one by itself: they \
                          go to those who were drawn.";
            return Err(Error::conflict("cancelled", detail));
        }
        let sharing = quotas::drawn_by(tx, &about).await?;
        let field = |name: &str| format!("/opportunities/{at}/{name}");
        let detail =
            "Names are drawn for this before anybody is asked. Set a day on which names are drawn among those who say yes.";
        check.that(about.places.is_none() || sharing.gathers(), &field("opportunity"), "one_stage", detail);
        let detail = "The day on which names are drawn has come, and whoever is asked now could not answer before it.";
        check.that(!sharing.is_too_late(today), &field("opportunity"), "too_late", detail);
        let double = about.places.and_then(|places| u32::try_from(places).ok()).map(|places| letters::wanted(places.into()));
        check.that(yes.is_some() || double.is_some(), &field("yes"), "required", "Say how many yeses this needs.");
        held.push((at, about, yes.or(double).unwrap_or(1)));
    }
    check.done()?;
    held.sort_by_key(|(at, ..)| *at);
    let (mut parts, mut commitments, mut aims) = (Vec::new(), Vec::new(), Vec::new());
    for (_, about, yes) in &held {
        let ours = seal::open(tx, platform, actor.organisation, about.id).await?;
        parts.push(ours.part);
        commitments.push(Commitment { opportunity: about.id, commitment: hex(&ours.commitment), since: ours.since });
        aims.push(Aim { opportunity: about.id, yes: *yes });
    }
    let kept = |value: serde_json::Result<Value>| value.map_err(|_| Error::bug("a plan that cannot be written"));
    let row = asking_plan::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(platform.clock.new_id()),
        rules_version: Set(RULES.to_owned()),
        seed: Set(seed.into_iter().chain(parts).collect::<Vec<_>>().join(" / ")),
        commitments: Set(kept(serde_json::to_value(commitments))?),
        aims: Set(kept(serde_json::to_value(aims))?),
        considered: Set(0),
        wanted: Set(0),
        problem: Set(None),
        outcome: Set(None),
        chances: Set(None),
        pool: Set(None),
        pool_digest: Set(None),
        state: Set("running".to_owned()),
        created_by: Set(actor.by.clone()),
        created_at: Set(now),
        finished_at: Set(None),
    };
    let plan = row.insert(tx).await?;
    for (_, about, _) in held {
        begin_together(tx, platform, &about, plan.id, &actor.by).await?;
    }
    let job = NewJob::now(WORK, actor.organisation, json!({"organisation": actor.organisation, "plan": plan.id}));
    enqueue(tx, &platform.clock, job).await?;
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "ask_together", &format!("asking_plan:{}", plan.id))
        .await?;
    Ok(plan)
}
