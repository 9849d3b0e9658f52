//! Endpoints for asking for several opportunities together.

use crate::{
    accounts::{Power, access, organisations, readings},
    matching::together::{self, Outcome, Wanted},
    platform::{
        Platform, Result,
        http::{Accepted, Body, Caller, Chapter, Fine, Once, Streamed},
    },
};
use entity::{AskingPlanId, MatchRunId, OpportunityId, OrganisationId, ReadingOf, Time, asking_plan, match_run};
use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Header, Path},
};
use serde::Deserialize;

/// One opportunity to ask for together with others.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedIn {
    /// Which. It is open; where places are limited, names are drawn later among those who say yes.
    opportunity: OpportunityId,
    /// How many yeses it needs. Leave it out where places are limited for twice as many as there are places.
    #[serde(default)]
    yes: Option<u32>,
}

/// What to ask for together.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TogetherIn {
    /// 2 to 12 opportunities.
    opportunities: Vec<WantedIn>,
    /// A part of the seed from outside, such as the numbers of a public lottery. The other parts are made here.
    #[serde(default)]
    seed: Option<String>,
}

/// Where a plan stands.
#[derive(Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
pub enum PlanState {
    /// Under way.
    Running,
    /// Everybody was asked.
    Done,
    /// It could not go on, and nobody else is asked: each can be asked for by itself.
    Stopped,
}

/// One opportunity of a plan.
#[derive(Object)]
pub struct PlannedOut {
    /// Which.
    opportunity: OpportunityId,
    /// The run that asks for it.
    run: MatchRunId,
    /// How many yeses it needs.
    needs: u32,
    /// How many can be expected; absent as long as it is not worked out.
    #[oai(skip_serializing_if_is_none)]
    expected: Option<f64>,
    /// How much of what it needs that is, from 0 to 1.
    #[oai(skip_serializing_if_is_none)]
    fulfilled: Option<f64>,
    /// Letters that the plan gave it.
    #[oai(skip_serializing_if_is_none)]
    letters: Option<u32>,
    /// People who were asked: each was looked at once more before.
    asked: i32,
}

/// How many people got so many letters.
#[derive(Object)]
pub struct EachOut {
    /// So many letters.
    letters: u32,
    /// How many people; absent where few are, with those that would give them away.
    #[oai(skip_serializing_if_is_none)]
    people: Option<u64>,
    /// Whether the number is withheld.
    withheld: bool,
}

/// A plan that shares the asking among several opportunities.
#[derive(Object)]
pub struct PlanOut {
    /// Its id.
    id: AskingPlanId,
    /// Where it stands.
    state: PlanState,
    /// Name of the rules.
    rules_version: String,
    /// The seed.
    seed: String,
    /// People who were looked at.
    considered: i32,
    /// People who may be asked for one of the opportunities at least.
    wanted: i32,
    /// The opportunities.
    opportunities: Vec<PlannedOut>,
    /// Of those who may be asked, how many get no letter, one, two, and so on.
    each: Vec<EachOut>,
    /// The smallest share of anybody: letters that they can expect, of as many as they may get; from 0 to 1.
    #[oai(skip_serializing_if_is_none)]
    smallest_share: Option<f64>,
    /// Whether it is proved that no plan is fairer.
    #[oai(skip_serializing_if_is_none)]
    fairest: Option<bool>,
    /// Started at.
    created_at: Time,
    /// Finished at.
    #[oai(skip_serializing_if_is_none)]
    finished_at: Option<Time>,
}

fn plan_out(plan: asking_plan::Model, runs: &[match_run::Model], minimum: i32) -> PlanOut {
    let outcome = Outcome::read(plan.outcome.as_ref());
    let known = outcome.as_ref();
    let planned = |((at, aim), run): ((usize, together::Aim), &match_run::Model)| PlannedOut {
        opportunity: aim.opportunity,
        run: run.id,
        needs: aim.yes,
        expected: known.and_then(|known| known.yes.get(at).copied()),
        fulfilled: known.and_then(|known| known.fulfilled.get(at).copied()),
        letters: known.and_then(|known| known.letters.get(at).copied()),
        asked: run.asked,
    };
    let opportunities = together::aims(&plan).into_iter().enumerate().zip(runs).map(planned).collect();
    let each = together::each(outcome.as_ref(), minimum);
    PlanOut {
        id: plan.id,
        state: match plan.state.as_str() {
            "done" => PlanState::Done,
            "stopped" => PlanState::Stopped,
            _ => PlanState::Running,
        },
        rules_version: plan.rules_version,
        seed: plan.seed,
        considered: plan.considered,
        wanted: plan.wanted,
        opportunities,
        each: each.into_iter().map(|(letters, people)| EachOut { letters, people, withheld: people.is_none() }).collect(),
        smallest_share: outcome.as_ref().map(|outcome| outcome.smallest),
        fairest: outcome.map(|outcome| outcome.fairest),
        created_at: plan.created_at,
        finished_at: plan.finished_at,
    }
}

/// Asking for several opportunities together.
pub struct TogetherApi(pub Platform);

#[OpenApi(tag = "Chapter::Matching")]
impl TogetherApi {
    /// Ask for several opportunities together
    ///
    /// Where they need the same people: the asking is shared as fairly as it can be, within what each person can still be asked for this
    /// month. The answer comes at once; the letters are shared out, and the invitations made, by the queue.
    #[oai(path = "/organisations/:organisation/plans", method = "post", operation_id = "askTogether")]
    async fn ask(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<TogetherIn>,
    ) -> Result<Accepted<PlanOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let home = organisations::get(&self.0, actor.organisation).await?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let wanted = |one: WantedIn| Wanted { opportunity: one.opportunity, yes: one.yes };
        let wanted: Vec<Wanted> = given.opportunities.into_iter().map(wanted).collect();
        let plan = together::start(once.tx(), &self.0, &actor, &wanted, given.seed).await?;
        let runs = together::runs(once.tx(), actor.organisation, plan.id).await?;
        let at = format!("/api/organisations/{}/plans/{}", actor.organisation, plan.id);
        let reply = once.commit(Accepted::new(&plan_out(plan, &runs, home.minimum_group)).at(at)).await?;
        self.0.wake.notify_one();
        Ok(reply)
    }

    /// List plans
    ///
    /// The latest 100, newest first.
    #[oai(path = "/organisations/:organisation/plans", method = "get", operation_id = "listAskingPlans")]
    async fn list(&self, caller: Caller, organisation: Path<OrganisationId>) -> Result<Fine<Vec<PlanOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let home = organisations::get(&self.0, actor.organisation).await?;
        let plans = together::list(self.0.db.read(), actor.organisation).await?;
        let mut runs = together::runs_of(self.0.db.read(), actor.organisation, &plans).await?;
        let out = |plan: asking_plan::Model| {
            let runs = runs.remove(&plan.id).unwrap_or_default();
            plan_out(plan, &runs, home.minimum_group)
        };
        Ok(Fine::new(&plans.into_iter().map(out).collect::<Vec<_>>()))
    }

    /// Read a plan
    ///
    /// What each opportunity can expect, and how many people got how many letters; never who.
    #[oai(path = "/organisations/:organisation/plans/:plan", method = "get", operation_id = "getAskingPlan")]
    async fn get(&self, caller: Caller, organisation: Path<OrganisationId>, plan: Path<AskingPlanId>) -> Result<Fine<PlanOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let home = organisations::get(&self.0, actor.organisation).await?;
        let plan = together::find(self.0.db.read(), actor.organisation, plan.0).await?;
        let runs = together::runs(self.0.db.read(), actor.organisation, plan.id).await?;
        Ok(Fine::new(&plan_out(plan, &runs, home.minimum_group)))
    }

    /// Read a plan as a file
    ///
    /// From which `alongside verify-draw` works it out again. It says what kinds of people there are, and nobody's name. That somebody
    /// read it is noted.
    #[oai(path = "/organisations/:organisation/plans/:plan/file", method = "get", operation_id = "getAskingPlanFile")]
    async fn file(&self, caller: Caller, organisation: Path<OrganisationId>, plan: Path<AskingPlanId>) -> Result<Streamed> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadPeople).await?;
        let plan = together::find(self.0.db.read(), actor.organisation, plan.0).await?;
        let file = together::file::whole(&self.0, &plan).await?;
        readings::note(&self.0, &actor, ReadingOf::Draw, plan.id.0).await?;
        Ok(Streamed::new("plan.jsonl", "application/jsonl; charset=utf-8", file))
    }
}
