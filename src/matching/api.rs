//! Endpoints: who may be asked, and asking.

pub mod groups;
pub mod inviting;
pub mod mine;
pub mod public;
pub mod together;

use super::{file, letters, lottery, people::PAGE, public::without_pool, runs, seats, told};
use crate::{
    accounts::{Power, access, organisations, readings},
    opportunities::{self, ways},
    platform::{
        Error, Platform, Result,
        http::{Caller, Chapter, Fine, Streamed},
        secret::hex,
    },
};
use entity::{
    AskingPlanId, DrawOutcome, MatchRunId, OpportunityId, OrganisationId, ReadingOf, Time, WhyNot, match_result, match_run,
    organisation,
};
use groups::{ForecastOut, GroupsOut, OutlookOut};
use poem_openapi::{Enum, Object, OpenApi, param::Path};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

/// Where a run stands.
#[derive(Clone, Copy, Enum)]
#[oai(rename_all = "snake_case")]
pub enum RunState {
    /// Under way.
    Running,
    /// Finished.
    Done,
    /// Nobody was asked, because the quotas cannot be kept with the people who may be asked.
    Stopped,
}

/// How many people are not asked for one reason.
#[derive(Object)]
pub struct ReasonCount {
    /// The reason.
    reason: WhyNot,
    /// How many; absent where the group is too small to be told.
    #[oai(skip_serializing_if_is_none)]
    count: Option<u64>,
    /// Whether the number is withheld, because the group is small.
    withheld: bool,
}

/// Who may be asked, in counts.
#[derive(Object)]
pub struct MatchOut {
    /// When it was counted.
    counted_at: Time,
    /// People who have joined.
    considered: u64,
    /// People who may be asked.
    eligible: u64,
    /// People who would be asked first.
    asked: u64,
    /// People who would stand in reserve.
    reserve: u64,
    /// Everybody else, by the first reason against. Nobody sees who.
    not_asked: Vec<ReasonCount>,
    /// Where places are shared out among groups: what a draw would do.
    #[oai(skip_serializing_if_is_none)]
    groups: Option<OutlookOut>,
    /// What can be expected of those who would be asked first.
    #[oai(skip_serializing_if_is_none)]
    forecast: Option<ForecastOut>,
}

/// A run of matching.
#[derive(Object)]
pub struct RunOut {
    /// Its id.
    id: MatchRunId,
    /// Where it stands.
    state: RunState,
    /// Name of the rules.
    rules_version: String,
    /// The public seed of the draw.
    #[oai(skip_serializing_if_is_none)]
    seed: Option<String>,
    /// SHA-256 over the numbers in the pool, in hexadecimal.
    #[oai(skip_serializing_if_is_none)]
    pool_digest: Option<String>,
    /// People who were looked at.
    considered: i32,
    /// People who could be asked.
    eligible: i32,
    /// People who were asked.
    asked: i32,
    /// People who stand in reserve.
    reserve: i32,
    /// For an open call that is spread: over how many days.
    #[oai(skip_serializing_if_is_none)]
    days: Option<i32>,
    /// On how many of them everybody was asked whose turn it was.
    #[oai(skip_serializing_if_is_none)]
    days_done: Option<i32>,
    /// When the next are asked.
    #[oai(skip_serializing_if_is_none)]
    next_at: Option<Time>,
    /// Everybody else, by the first reason against.
    not_asked: Vec<ReasonCount>,
    /// How the places were shared out among groups.
    #[oai(skip_serializing_if_is_none)]
    groups: Option<GroupsOut>,
    /// SHA-256 over our part of the seed, in hexadecimal, as it was public before the draw.
    #[oai(skip_serializing_if_is_none)]
    commitment: Option<String>,
    /// Since when that was public.
    #[oai(skip_serializing_if_is_none)]
    committed_at: Option<Time>,
    /// Started at.
    created_at: Time,
    /// Finished at.
    #[oai(skip_serializing_if_is_none)]
    finished_at: Option<Time>,
    /// The plan by which several opportunities were asked for together, if this is about one of them.
    #[oai(skip_serializing_if_is_none)]
    plan: Option<AskingPlanId>,
}

/// One drawn number.
#[derive(Object)]
pub struct DrawnOut {
    /// Place in the drawn order, from 1.
    rank: i32,
    /// The number. Whose it is nobody is told but that person: with the file of the draw it would say which groups they count for.
    number: Uuid,
    /// Asked, in reserve, or passed over.
    outcome: DrawOutcome,
}

/// A draw, with everything that is needed to run it again.
#[derive(Object)]
pub struct DrawOut {
    /// How the draw works, in words.
    method: String,
    /// The public seed.
    seed: Option<String>,
    /// SHA-256 over the pool, in hexadecimal.
    pool_digest: Option<String>,
    /// How many numbers are in the pool; everybody can read them, with the whole order, in the public part.
    pool_size: i32,
    /// The drawn order; the first 1000.
    drawn: Vec<DrawnOut>,
    /// Whether running it again just now gave the same result.
    verified: bool,
}

/// Counts by reason, as they are told.
fn reasons(told: Vec<(WhyNot, Option<u64>)>) -> Vec<ReasonCount> {
    told.into_iter().map(|(reason, count)| ReasonCount { reason, count, withheld: count.is_none() }).collect()
}

fn match_out(told: told::Told) -> MatchOut {
    MatchOut {
        counted_at: told.counted_at,
        considered: told.considered,
        eligible: told.eligible,
        asked: told.asked,
        reserve: told.reserve,
        not_asked: reasons(told.not_asked),
        groups: told.groups.map(Into::into),
        forecast: told.forecast.map(Into::into),
    }
}

fn run_out(run: match_run::Model, minimum: i32) -> RunOut {
    RunOut {
        id: run.id,
        not_asked: reasons(told::reasons(|reason| told::by_reason(&run.reasons, reason), minimum)),
        state: match run.state.as_str() {
            "done" => RunState::Done,
            "stopped" => RunState::Stopped,
            _ => RunState::Running,
        },
        rules_version: run.rules_version,
        seed: run.seed,
        pool_digest: run.pool_digest.map(|digest| hex(&digest)),
        groups: GroupsOut::of(run.quotas.as_ref(), minimum),
        commitment: run.commitment.map(|commitment| hex(&commitment)),
        committed_at: run.committed_at,
        considered: run.considered,
        eligible: run.eligible,
        asked: run.asked,
        reserve: run.reserve,
        days: run.days,
        days_done: run.days.map(|_| run.days_done),
        next_at: run.next_at,
        created_at: run.created_at,
        finished_at: run.finished_at,
        plan: run.plan_id,
    }
}

/// How a draw works, in words.
fn method(rules: &str) -> String {
    if rules == letters::RULES {
        return format!(
            "{rules}: letters go to each kind of people by the seats that the fairest draw over all of them would give it, over the share \
             of it that is expected to say yes; within a kind first to those who were asked least recently, by months. What is no \
             whole number is rounded by lot. Names are drawn as by {}, with the ways to round for panels.",
            seats::RULES
        );
    }
    if rules == seats::RULES {
        return format!(
            "{rules}: the fairest lottery over panels that keep the quotas: the smallest chance is as large as it can be, then the \
             next. ChaCha20, seeded with SHA-256 over the name of the rules, the seed, the pool's digest and the lottery's digest in \
             bytes, with line feeds between them, picks a panel by its tickets, and then people of each kind (Floyd, without bias)."
        );
    }
    format!(
        "{}: ChaCha20, seeded with SHA-256 over the name of the rules, the seed and the pool's digest in bytes, each followed by a \
         line feed but the last, shuffles the pool from the front (Fisher-Yates, without bias).",
        lottery::RULES
    )
}

async fn minimum(platform: &Platform, organisation: OrganisationId) -> Result<i32> {
    let found = organisation::Entity::find_by_id(organisation).one(platform.db.read()).await?;
    Ok(found.map_or(5, |organisation| organisation.minimum_group))
}

/// Matching.
pub struct Api(pub Platform);

impl Api {
    /// An opportunity that the caller runs, with its organisation.
    async fn managed(
        &self,
        caller: &Caller,
        organisation: OrganisationId,
        opportunity: OpportunityId,
    ) -> Result<(organisation::Model, entity::opportunity::Model)> {
        let actor = access::may(&self.0, caller, organisation, Power::ManageWork).await?;
        let home = organisations::get(&self.0, actor.organisation).await?;
        let way = ways::find(self.0.db.read(), actor.organisation, opportunity).await?;
        Ok((home, way))
    }

    async fn run(
        &self,
        among: Select<match_run::Entity>,
        organisation: OrganisationId,
        opportunity: OpportunityId,
        run: MatchRunId,
    ) -> Result<match_run::Model> {
        let found = among
            .filter(match_run::Column::OrganisationId.eq(organisation))
            .filter(match_run::Column::Id.eq(run))
            .filter(match_run::Column::OpportunityId.eq(opportunity));
        found.one(self.0.db.read()).await?.ok_or(Error::NotFound("run"))
    }
}

#[OpenApi(tag = "Chapter::Matching")]
impl Api {
    /// Count who may be asked
    ///
    /// In counts, never by name, and never why somebody is not. Nobody is asked by this. The counts are kept, and can be read
    /// again without counting.
    #[oai(path = "/organisations/:organisation/opportunities/:opportunity/match", method = "post", operation_id = "match")]
    async fn count(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<MatchOut>> {
        let (home, way) = self.managed(&caller, organisation.0, opportunity.0).await?;
        Ok(Fine::new(&match_out(told::count(&self.0, &home, way).await?)))
    }

    /// Read who may be asked
    ///
    /// As it was last counted: when it opened, or when somebody counted again.
    #[oai(path = "/organisations/:organisation/opportunities/:opportunity/match", method = "get", operation_id = "getCount")]
    async fn counted(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<MatchOut>> {
        let (home, way) = self.managed(&caller, organisation.0, opportunity.0).await?;
        let told = told::last(self.0.db.read(), &home, &way).await?;
        Ok(Fine::new(&match_out(told.ok_or(Error::NotFound("count"))?)))
    }

    /// List runs
    ///
    /// The latest 100 runs, newest first.
    #[oai(path = "/organisations/:organisation/opportunities/:opportunity/matches", method = "get", operation_id = "listMatches")]
    async fn runs(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<Vec<RunOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        opportunities::ways::find(self.0.db.read(), actor.organisation, opportunity.0).await?;
        let minimum = minimum(&self.0, actor.organisation).await?;
        let rows = told::runs(self.0.db.read(), actor.organisation, opportunity.0, told::RUNS).await?;
        Ok(Fine::new(&rows.into_iter().map(|run| run_out(run, minimum)).collect::<Vec<_>>()))
    }

    /// Read a run
    ///
    /// Counts of who was looked at and who was asked; never why one person was not.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/matches/:run",
        method = "get",
        operation_id = "getMatch"
    )]
    async fn get(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        run: Path<MatchRunId>,
    ) -> Result<Fine<RunOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let run = self.run(without_pool(), actor.organisation, opportunity.0, run.0).await?;
        Ok(Fine::new(&run_out(run, minimum(&self.0, actor.organisation).await?)))
    }

    /// Read a draw and run it again
    ///
    /// Who was drawn, in their order. Runs the draw again and says whether it agrees with the record.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/matches/:run/draw",
        method = "get",
        operation_id = "getDraw"
    )]
    async fn draw(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        run: Path<MatchRunId>,
    ) -> Result<Fine<DrawOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadPeople).await?;
        let run = self.run(match_run::Entity::find(), actor.organisation, opportunity.0, run.0).await?;
        if run.seed.is_none() || run.pool.is_none() {
            return Err(Error::NotFound("draw"));
        }
        let verified = runs::verify(&self.0, &run).await?;
        let rows = match_result::Entity::find()
            .filter(match_result::Column::OrganisationId.eq(actor.organisation))
            .filter(match_result::Column::RunId.eq(run.id))
            .order_by_asc(match_result::Column::Rank)
            .limit(PAGE)
            .all(self.0.db.read())
            .await
            .map_err(Error::from)?;
        Ok(Fine::new(&DrawOut {
            method: method(&run.rules_version),
            seed: run.seed,
            pool_digest: run.pool_digest.map(|digest| hex(&digest)),
            pool_size: run.eligible,
            drawn: rows
                .into_iter()
                .map(|row| DrawnOut { rank: row.rank, number: runs::number_of(&self.0, &row), outcome: row.outcome })
                .collect(),
            verified,
        }))
    }

    /// Read a draw as a file, with its grounds
    ///
    /// From which `alongside verify-draw` works it out again, and checks that every panel keeps the quotas and that the lottery is the
    /// fairest. It says what groups the kinds of people are, and nobody's name. That somebody read it is noted.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/matches/:run/file",
        method = "get",
        operation_id = "getDrawFile"
    )]
    async fn file(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        run: Path<MatchRunId>,
    ) -> Result<Streamed> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadPeople).await?;
        let run = self.run(without_pool(), actor.organisation, opportunity.0, run.0).await?;
        if run.seed.is_none() || run.pool_digest.is_none() {
            return Err(Error::NotFound("draw"));
        }
        readings::note(&self.0, &actor, ReadingOf::Draw, opportunity.0.0).await?;
        Ok(Streamed::new("draw.jsonl", "application/jsonl; charset=utf-8", file::whole(&self.0, run)))
    }
}
