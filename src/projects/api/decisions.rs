//! Endpoints for decisions.

use crate::{
    accounts::{Power, access},
    platform::{
        Platform, Result,
        http::{Body, Caller, Chapter, Created, Cursor, Fine, Once, Page},
    },
    projects::{decisions, rules::DecisionFacts},
};
use chrono::NaiveDate;
use entity::{DecisionId, DecisionRule, DecisionScope, OrganisationId, ProjectId, Stage, Time, Weight, WorkLevel, decision};
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
};
use serde::Deserialize;

/// What is said about a decision.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionIn {
    /// What is to be decided.
    title: String,
    /// In which stage of the work.
    stage: Stage,
    /// How wide it reaches.
    level: WorkLevel,
    /// How much it weighs.
    weight: Weight,
    /// Whether people can change it.
    scope: DecisionScope,
    /// Why they cannot; needed when it is reserved.
    #[serde(default)]
    reserved_reason: Option<String>,
    /// Who decides: a person or a body.
    owner: String,
    /// How it is taken.
    rule: DecisionRule,
    /// First day on which it is open.
    #[serde(default)]
    opens_on: Option<NaiveDate>,
    /// Day on which it is to be settled.
    #[serde(default)]
    settles_on: Option<NaiveDate>,
}

impl From<DecisionIn> for DecisionFacts {
    fn from(given: DecisionIn) -> Self {
        Self {
            title: given.title,
            stage: given.stage,
            level: given.level,
            weight: given.weight,
            scope: given.scope,
            reserved_reason: given.reserved_reason,
            owner: given.owner,
            rule: given.rule,
            opens_on: given.opens_on,
            settles_on: given.settles_on,
        }
    }
}

/// A decision.
#[derive(Object)]
pub struct DecisionOut {
    /// Its id.
    id: DecisionId,
    /// The project it belongs to.
    project: ProjectId,
    /// What is to be decided.
    title: String,
    /// In which stage of the work.
    stage: Stage,
    /// How wide it reaches.
    level: WorkLevel,
    /// How much it weighs.
    weight: Weight,
    /// Whether people can change it.
    scope: DecisionScope,
    /// Why they cannot.
    reserved_reason: Option<String>,
    /// When it first became reserved.
    declared_at: Option<Time>,
    /// Who decides.
    owner: String,
    /// How it is taken.
    rule: DecisionRule,
    /// First day on which it is open.
    opens_on: Option<NaiveDate>,
    /// Day on which it is to be settled.
    settles_on: Option<NaiveDate>,
    /// When it was settled.
    settled_at: Option<Time>,
    /// What was decided.
    outcome: Option<String>,
    /// Why.
    outcome_reason: Option<String>,
    /// Made at.
    created_at: Time,
}

impl DecisionOut {
    fn of(row: decision::Model) -> Self {
        Self {
            id: row.id,
            project: row.project_id,
            title: row.title,
            stage: row.stage,
            level: row.level,
            weight: row.weight,
            scope: row.scope,
            reserved_reason: row.reserved_reason,
            declared_at: row.declared_at,
            owner: row.owner,
            rule: row.rule,
            opens_on: row.opens_on,
            settles_on: row.settles_on,
            settled_at: row.settled_at,
            outcome: row.outcome,
            outcome_reason: row.outcome_reason,
            created_at: row.created_at,
        }
    }
}

/// How a decision was settled.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettleIn {
    /// What was decided.
    outcome: String,
    /// Why.
    reason: String,
}

/// Decisions.
pub struct DecisionsApi(pub Platform);

#[OpenApi(tag = "Chapter::Projects")]
impl DecisionsApi {
    /// Make a decision
    ///
    /// Say what people can change and what they cannot before anybody is asked.
    #[oai(path = "/organisations/:organisation/projects/:project/decisions", method = "post", operation_id = "createDecision")]
    async fn create(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        project: Path<ProjectId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<DecisionIn>,
    ) -> Result<Created<DecisionOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let made = decisions::create(once.tx(), &self.0, &actor, project.0, given.into()).await?;
        let at = format!("/api/organisations/{}/projects/{}/decisions/{}", organisation.0, project.0, made.id);
        let version = made.version;
        once.commit(Created::new(&DecisionOut::of(made)).at(at).version(version)).await
    }

    /// List decisions
    ///
    /// Open, reserved and settled ones, oldest first.
    #[oai(path = "/organisations/:organisation/projects/:project/decisions", method = "get", operation_id = "listDecisions")]
    async fn list(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        project: Path<ProjectId>,
        /// Decisions in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this cursor.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<DecisionOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = decisions::list(&self.0, actor.organisation, project.0, cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, DecisionOut::of)))
    }

    /// Read a decision
    ///
    /// With its outcome and the reason, once it is settled.
    #[oai(
        path = "/organisations/:organisation/projects/:project/decisions/:decision",
        method = "get",
        operation_id = "getDecision"
    )]
    async fn get(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        project: Path<ProjectId>,
        decision: Path<DecisionId>,
    ) -> Result<Fine<DecisionOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let found = decisions::get(self.0.db.read(), actor.organisation, project.0, decision.0).await?;
        let version = found.version;
        Ok(Fine::new(&DecisionOut::of(found)).version(version))
    }

    /// Change a decision
    ///
    /// Until it is settled. The moment at which it first became reserved is kept.
    #[oai(
        path = "/organisations/:organisation/projects/:project/decisions/:decision",
        method = "put",
        operation_id = "changeDecision"
    )]
    async fn change(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        project: Path<ProjectId>,
        decision: Path<DecisionId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<DecisionIn>,
    ) -> Result<Fine<DecisionOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let which = (project.0, decision.0);
        let changed = decisions::change(&self.0, &actor, which, if_match.0.as_deref(), body.take()?.into()).await?;
        let version = changed.version;
        Ok(Fine::new(&DecisionOut::of(changed)).version(version))
    }

    /// Settle a decision
    ///
    /// Once, with what was decided and why.
    #[oai(
        path = "/organisations/:organisation/projects/:project/decisions/:decision/settle",
        method = "post",
        operation_id = "settleDecision"
    )]
    async fn settle(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        project: Path<ProjectId>,
        decision: Path<DecisionId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<SettleIn>,
    ) -> Result<Fine<DecisionOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let which = (project.0, decision.0);
        let settled = decisions::settle(once.tx(), &self.0, &actor, which, &given.outcome, &given.reason).await?;
        let version = settled.version;
        once.commit(Fine::new(&DecisionOut::of(settled)).version(version)).await
    }
}
