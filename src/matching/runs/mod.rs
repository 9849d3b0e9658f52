//! Runs of matching: looking at everybody, drawing where places are few, inviting. The work is done by the queue, a page of
//! some people a transaction; a run that was broken off goes on where it stopped.

pub(super) mod draws;
mod gathering;
mod open_call;
pub(crate) mod panel;
mod verify;
mod waves;

pub use draws::{number_in, number_of, place_freed};
pub use gathering::{draw_due, draw_gathered};
pub use verify::verify;
pub use waves::{mailing_cancelled, stop};

use super::{
    INVITE,
    grounds::{Grounds, Sent},
    groups::Kinds,
    letters, lottery,
    people::{Looked, Question, must_be_open},
    public::without_pool,
    seal, seats, together,
};
use crate::{
    accounts::Actor,
    invitations::{self, jobs::payload},
    opportunities::{
        self,
        quotas::{self, Sharing},
    },
    platform::{
        Error, Platform, Result, Tx, audit,
        jobs::{Fault, NewJob, Next, enqueue},
        text::Check,
    },
};
use entity::{
    AskingPlanId, DrawOutcome, InvitationState, MatchRunId, OpportunityId, OrganisationId, SeatQuota, WhyNot, invitation,
    match_result, match_run, opportunity, organisation,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select,
    sea_query::{Expr, ExprTrait, LockType},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How rules of an open call are named in the record.
const OPEN_CALL: &str = "open-call-1";

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
    pub(super) fn add(&mut self, verdict: Result<(), WhyNot>) {
        self.considered += 1;
        match verdict {
            Ok(()) => self.eligible += 1,
            Err(reason) => *self.not_asked.entry(reason).or_default() += 1,
        }
    }

    /// The counts by reason, as they are kept.
    pub fn record(&self) -> Value {
        self.not_asked.iter().map(|(reason, count)| (reason.word(), Value::from(*count))).collect()
    }
}

/// One opportunity of the caller's organisation.
async fn find(connection: &impl ConnectionTrait, organisation: OrganisationId, id: OpportunityId) -> Result<opportunity::Model> {
    opportunity::Entity::find_by_id((organisation, id)).one(connection).await?.ok_or(Error::NotFound("opportunity"))
}

/// Who may be asked, in counts.
pub struct Counted {
    /// By reason.
    pub counts: Counts,
    /// How the places are shared out among groups; empty where they are not.
    pub quotas: Vec<SeatQuota>,
    /// Those who may be asked, by what they count for.
    pub kinds: Vec<sortition::Kind>,
    /// Whether those who say yes are gathered, and names are drawn among them later.
    pub gathers: bool,
}

/// Counts who may be asked, without asking anybody: everybody is looked at, a page of people in memory at a time.
pub async fn count(platform: &Platform, organisation: &organisation::Model, opportunity: opportunity::Model) -> Result<Counted> {
    let now = platform.clock.now();
    let db = platform.db.read();
    let question = Question::of(db, organisation, opportunity, now).await?;
    let (mut counts, mut kinds) = (Counts::default(), Kinds::default());
    let add = |looked: &Looked| {
        counts.add(looked.verdict.map(|_| ()));
        if looked.verdict.is_ok() {
            kinds.add(looked.counts_for.clone());
        }
    };
    question.everybody(platform, now, add).await?;
    Ok(Counted { counts, kinds: kinds.sorted().0, gathers: question.gathers, quotas: question.quotas })
}

/// How to ask.
#[derive(Clone, Debug, Default)]
pub struct How {
    /// A part of the seed from outside, such as the numbers of a public lottery.
    pub seed: Option<String>,
    /// Whether quotas that cannot be kept may be changed by as little as is needed.
    pub ease: bool,
    /// In two stages: so many letters; none for as many as bring about twice as many yeses as there are places.
    pub letters: Option<u32>,
    /// For an open call: over how many days it is spread; none for all at once.
    pub days: Option<u32>,
}

/// Starts a run that invites. For limited places the seed is recorded before anybody is looked at; a coordinator may give
/// a part of it from outside.
pub async fn start(tx: &Tx, platform: &Platform, actor: &Actor, id: OpportunityId, how: How) -> Result<match_run::Model> {
    let opportunity = opportunity::Entity::find_by_id((actor.organisation, id))
        .lock_exclusive()
        .one(tx)
        .await?
        .ok_or(Error::NotFound("opportunity"))?;
    must_be_open(tx, &opportunity, platform.clock.now()).await?;
    invitations::wording::check::must_be_whole(tx, actor, id).await?;
    let sharing = quotas::drawn_by(tx, &opportunity).await?;
    let mut check = Check::new();
    if let Some(letters) = how.letters {
        check.range("/letters", letters, 1, 1_000_000);
        let detail = "Letters are counted where names are drawn later among those who say yes. Leave this out.";
        check.that(sharing.gathers(), "/letters", "not_used", detail);
    }
    let zone = opportunities::zone(tx, actor.organisation).await?;
    let today = opportunities::today(platform.clock.now(), zone);
    waves::check(&mut check, &opportunity, how.days, today);
    if let Some(seed) = &how.seed {
        check.line("/seed", seed, 200);
        check.that(opportunity.places.is_some(), "/seed", "no_draw", "An open call draws no lots. Leave this out.");
    }
    check.that(
        !how.ease || !sharing.quotas.is_empty(),
        "/ease",
        "no_quotas",
        "There are no quotas that could be changed. Leave this out.",
    );
    check.done()?;
    if sharing.is_too_late(today) {
        let detail =
            "The day on which names are drawn has come, and whoever is asked now could not answer before it. Choose a later day.";
        return Err(Error::conflict("too_late", detail));
    }
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
        // More letters can be sent as long as names were not drawn: whoever was asked is not asked again.
        let gathers = sharing.gathers();
        let back = if opportunity.places.is_some() { put_back(tx, &earlier).await? } else { 0 };
        if back > 0 {
            // Their letters were cancelled before they left. They are asked now, in the order in which they were drawn: nobody draws
            // until it suits.
            match gathers {
                true => ask_again(tx, platform, opportunity, &earlier, &actor.by, back).await?,
                false => invitations::places::freed(tx, platform, actor.organisation, id).await?,
            }
            audit::record(tx, &platform.clock, actor.organisation, &actor.by, "invite", &format!("match_run:{}", earlier.id))
                .await?;
            return find_run(tx, &earlier).await;
        }
        if !gathers && opportunity.places.is_some() && reserve_left(tx, &earlier).await? > 0 {
            let detail = "Names were drawn for this already. As places become free, the reserve is asked in its order.";
            return Err(Error::conflict("drawn", detail));
        }
        if !gathers && sharing.is_over_panels() && draws::free_places(tx, platform, &opportunity).await? <= 0 {
            let detail = "Names were drawn for this already. As places become free, names are drawn for them.";
            return Err(Error::conflict("drawn", detail));
        }
    }
    let stage = if sharing.gathers() { Stage::Letters } else { Stage::Everybody };
    let run = begin(tx, platform, &opportunity, sharing, stage, &actor.by, how).await?;
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "invite", &format!("match_run:{}", run.id)).await?;
    Ok(run)
}

/// Whom a run is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Everybody who may be asked, and whoever waits.
    Everybody,
    /// Who gets a letter, before names are drawn among those who say yes.
    Letters,
    /// Those alone who said yes.
    Gathered,
}

/// Begins a run: its row, and the job that works it off.
async fn begin(
    tx: &Tx,
    platform: &Platform,
    opportunity: &opportunity::Model,
    sharing: Sharing,
    stage: Stage,
    by: &str,
    how: How,
) -> Result<match_run::Model> {
    let organisation = opportunity.organisation_id;
    // Part of the seed is always ours, so that nobody can try seeds until a friend is drawn; it was committed to before anybody
    // is looked at, and part of it may be everybody's, so that nobody need trust ours.
    let ours = match opportunity.places {
        Some(_) => Some(seal::open(tx, platform, organisation, opportunity.id).await?),
        None => None,
    };
    let seed = ours.as_ref().map(|ours| match &how.seed {
        Some(given) => format!("{given} / {}", ours.part),
        None => ours.part.clone(),
    });
    let rules = match (&seed, stage) {
        (None, _) => OPEN_CALL,
        (Some(_), Stage::Letters) => letters::RULES,
        (Some(_), Stage::Gathered) => seats::RULES,
        (Some(_), Stage::Everybody) if sharing.is_over_panels() => seats::RULES,
        (Some(_), Stage::Everybody) => lottery::RULES,
    };
    let sent = Sent { wanted: how.letters.unwrap_or(0), ..Sent::default() };
    let grounds = Grounds {
        quotas: sharing.quotas,
        ease: how.ease,
        gathered: stage == Stage::Gathered,
        letters: (stage == Stage::Letters).then_some(sent),
        ..Grounds::default()
    };
    let kept = serde_json::to_value(&grounds).map_err(|_| Error::bug("grounds that cannot be written"))?;
    let row = match_run::ActiveModel {
        seed: Set(seed),
        days: Set(how.days.filter(|days| *days > 1).and_then(|days| i32::try_from(days).ok())),
        commitment: Set(ours.as_ref().map(|ours| ours.commitment.clone())),
        committed_at: Set(ours.map(|ours| ours.since)),
        quotas: Set([seats::RULES, letters::RULES].contains(&rules).then_some(kept)),
        ..new(platform, opportunity, rules, by)
    };
    let run = row.insert(tx).await?;
    let job = NewJob::now(INVITE, organisation, json!({"organisation": organisation, "run": run.id}));
    enqueue(tx, &platform.clock, job).await?;
    Ok(run)
}

/// A run that was just begun.
fn new(platform: &Platform, opportunity: &opportunity::Model, rules: &str, by: &str) -> match_run::ActiveModel {
    match_run::ActiveModel {
        organisation_id: Set(opportunity.organisation_id),
        id: Set(platform.clock.new_id()),
        opportunity_id: Set(opportunity.id),
        plan_id: Set(None),
        rules_version: Set(rules.to_owned()),
        seed: Set(None),
        pool_digest: Set(None),
        places: Set(opportunity.places),
        pool: Set(None),
        cursor: Set(None),
        days: Set(None),
        days_done: Set(0),
        bound: Set(None),
        next_at: Set(None),
        considered: Set(0),
        eligible: Set(0),
        asked: Set(0),
        reserve: Set(0),
        reasons: Set(json!({})),
        commitment: Set(None),
        committed_at: Set(None),
        quotas: Set(None),
        lottery: Set(None),
        state: Set("running".to_owned()),
        created_by: Set(by.to_owned()),
        created_at: Set(platform.clock.now()),
        finished_at: Set(None),
    }
}

/// Begins the run of an opportunity that is asked for together with others: the job of the plan works it off.
pub(super) async fn begin_together(
    tx: &Tx,
    platform: &Platform,
    opportunity: &opportunity::Model,
    plan: AskingPlanId,
    by: &str,
) -> Result<()> {
    let row = match_run::ActiveModel { plan_id: Set(Some(plan)), ..new(platform, opportunity, together::RULES, by) };
    row.insert(tx).await?;
    Ok(())
}

/// Whether people are being asked for something.
pub(super) async fn is_under_way(tx: &Tx, about: &opportunity::Model) -> Result<bool> {
    let running = match_run::Entity::find()
        .filter(match_run::Column::OrganisationId.eq(about.organisation_id))
        .filter(match_run::Column::OpportunityId.eq(about.id))
        .filter(match_run::Column::State.eq("running"));
    Ok(running.count(tx).await? > 0)
}

/// Puts those back into the reserve, in their old places, who were drawn and never asked, because their mailing was cancelled.
/// Answers how many.
async fn put_back(tx: &Tx, run: &match_run::Model) -> Result<i32> {
    let unsent = unsent(run).select_only().column(invitation::Column::ParticipantId).into_query();
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

/// Asks those who were put back, where letters went out by lot.
async fn ask_again(
    tx: &Tx,
    platform: &Platform,
    about: opportunity::Model,
    run: &match_run::Model,
    by: &str,
    back: i32,
) -> Result<()> {
    let question = Question::read(tx, about, platform.clock.now()).await?;
    let most = usize::try_from(back).unwrap_or(0);
    let (asked, over) = draws::ask_next(tx, platform, &question, run.id, by, most).await?;
    match_run::Entity::update_many()
        .col_expr(match_run::Column::Asked, Expr::col(match_run::Column::Asked).add(asked))
        .col_expr(match_run::Column::Reserve, Expr::col(match_run::Column::Reserve).sub(asked + over))
        .filter(match_run::Column::OrganisationId.eq(run.organisation_id))
        .filter(match_run::Column::Id.eq(run.id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Whether letters about something went out by lot and were cancelled before they left.
pub(super) async fn was_cancelled(tx: &Tx, about: &opportunity::Model) -> Result<bool> {
    let latest = without_pool()
        .filter(match_run::Column::OrganisationId.eq(about.organisation_id))
        .filter(match_run::Column::OpportunityId.eq(about.id))
        .order_by_desc(match_run::Column::Id)
        .one(tx)
        .await?;
    match latest {
        Some(run) if about.places.is_some() => Ok(unsent(&run).count(tx).await? > 0),
        _ => Ok(false),
    }
}

/// A run as it stands now.
async fn find_run(tx: &Tx, run: &match_run::Model) -> Result<match_run::Model> {
    let found = match_run::Entity::find_by_id((run.organisation_id, run.id)).one(tx).await?;
    found.ok_or_else(|| Error::bug("a run that is gone"))
}

/// How far an opportunity is whose names are drawn before anybody is asked.
pub(super) enum Drawn {
    /// Nobody was drawn.
    Not,
    /// Names are being drawn.
    Now,
    /// Names were drawn, and others stand in reserve.
    WithReserve,
    /// Everybody was asked who was drawn.
    Whole,
}

/// How far a draw is.
pub(super) async fn drawn(tx: &Tx, about: &opportunity::Model) -> Result<Drawn> {
    // Where a run stopped, nobody was drawn.
    let latest = without_pool()
        .filter(match_run::Column::OrganisationId.eq(about.organisation_id))
        .filter(match_run::Column::OpportunityId.eq(about.id))
        .filter(match_run::Column::State.ne("stopped"))
        .order_by_desc(match_run::Column::Id)
        .one(tx)
        .await?;
    let Some(run) = latest else { return Ok(Drawn::Not) };
    if run.state == "running" {
        return Ok(Drawn::Now);
    }
    // Whoever was drawn, and whose letter was cancelled before it left, is asked before anybody else too.
    let first = reserve_left(tx, &run).await? + unsent(&run).count(tx).await?;
    Ok(if first > 0 { Drawn::WithReserve } else { Drawn::Whole })
}

/// Invitations of a run whose letters were cancelled before they left.
fn unsent(run: &match_run::Model) -> Select<invitation::Entity> {
    invitation::Entity::find()
        .filter(invitation::Column::OrganisationId.eq(run.organisation_id))
        .filter(invitation::Column::OpportunityId.eq(run.opportunity_id))
        .filter(invitation::Column::RunId.eq(run.id))
        .filter(invitation::Column::State.eq(InvitationState::Unsent))
}

/// How many are left of a run's reserve.
pub(super) async fn reserve_left(tx: &Tx, run: &match_run::Model) -> Result<u64> {
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
    let next = match run.rules_version.as_str() {
        seats::RULES => panel::draw(&platform, run).await?,
        letters::RULES => gathering::send(&platform, run).await?,
        lottery::RULES => draws::draw(&platform, run).await?,
        _ => open_call::some(&platform, &run).await?,
    };
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
pub(super) async fn still_running(tx: &Tx, run: &match_run::Model) -> Result<Option<match_run::Model>> {
    one_at_a_time(tx, run.organisation_id).await?;
    let found = match_run::Entity::find_by_id((run.organisation_id, run.id)).lock_exclusive().one(tx).await?;
    Ok(found.filter(|run| run.state == "running"))
}

/// Adds counts to a run's record.
pub(super) async fn note(
    tx: &Tx,
    platform: &Platform,
    run: match_run::Model,
    counts: &Counts,
    more: impl FnOnce(&mut match_run::ActiveModel),
    ended: Option<&str>,
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
    if let Some(state) = ended {
        row.state = Set(state.to_owned());
        row.finished_at = Set(Some(platform.clock.now()));
    }
    row.update(tx).await?;
    Ok(())
}
