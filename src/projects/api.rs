//! Endpoints for projects and their stages.

pub mod decisions;

use super::{
    rules::{ProjectFacts, StageFacts, Warning},
    stages, work,
};
use crate::{
    accounts::{Power, access},
    platform::{
        Platform, Result,
        http::{Body, Caller, Chapter, Created, Cursor, Fine, Once, Page},
    },
};
use entity::{OrganisationId, PresenceTarget, ProjectId, ProjectKind, ProjectPurpose, Rung, Stage, Time, stage};
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
};
use serde::Deserialize;

/// What a project says about itself. `title` and `need` are enough to begin.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectIn {
    /// Whether people are involved in decisions, or asked about something that exists.
    #[serde(default = "involvement")]
    #[oai(default = "involvement")]
    kind: ProjectKind,
    /// Name, in one line.
    title: String,
    /// What is needed, and by whom. Nothing has to be decided yet.
    need: String,
    /// Why people are involved, what they get out of it, what should change.
    #[serde(default = "no_purpose")]
    #[oai(default = "no_purpose")]
    purpose: ProjectPurpose,
    /// Who will use what comes of it.
    #[serde(default)]
    #[oai(default)]
    intended_users: Vec<String>,
    /// Groups whose presence is sought.
    #[serde(default)]
    #[oai(default)]
    presence: Vec<PresenceTarget>,
    /// The rung of the ladder that is claimed; needed before anything opens. Coercion can never be claimed.
    #[serde(default)]
    claimed_rung: Option<Rung>,
    /// What can change, in public words.
    #[serde(default)]
    promise: Option<String>,
}

fn involvement() -> ProjectKind {
    ProjectKind::Involvement
}

fn no_purpose() -> ProjectPurpose {
    ProjectPurpose { why: String::new(), benefit_to_participants: String::new(), intended_change: String::new() }
}

impl From<ProjectIn> for ProjectFacts {
    fn from(given: ProjectIn) -> Self {
        Self {
            kind: given.kind,
            title: given.title,
            need: given.need,
            purpose: given.purpose,
            intended_users: given.intended_users,
            presence: given.presence,
            claimed_rung: given.claimed_rung,
            promise: given.promise,
        }
    }
}

/// Something a coordinator should know. It stops nothing.
#[derive(Object)]
pub struct WorkWarningOut {
    /// A stable word.
    code: String,
    /// What to know, in plain English.
    detail: String,
}

impl From<Warning> for WorkWarningOut {
    fn from(warning: Warning) -> Self {
        Self { code: warning.code.into(), detail: warning.detail.into() }
    }
}

/// A project.
#[derive(Object)]
pub struct ProjectOut {
    /// Its id.
    id: ProjectId,
    /// Whether people are involved in decisions, or asked about something that exists.
    kind: ProjectKind,
    /// Name.
    title: String,
    /// What is needed, and by whom.
    need: String,
    /// Why people are involved.
    purpose: ProjectPurpose,
    /// Who will use what comes of it.
    intended_users: Vec<String>,
    /// Groups whose presence is sought.
    presence: Vec<PresenceTarget>,
    /// The rung that is claimed.
    claimed_rung: Option<Rung>,
    /// What can change, in public words.
    promise: Option<String>,
    /// Stages that were recorded, in the order of the work.
    stages: Vec<StageOut>,
    /// What a coordinator should know. It stops nothing.
    warnings: Vec<WorkWarningOut>,
    /// Made at.
    created_at: Time,
}

impl ProjectOut {
    fn of(whole: work::Whole) -> Self {
        let warnings = whole.warnings().into_iter().map(WorkWarningOut::from).collect();
        let row = whole.row;
        Self {
            id: row.id,
            kind: row.kind,
            title: row.title,
            need: row.need,
            purpose: row.purpose,
            intended_users: row.intended_users.0,
            presence: row.presence.0,
            claimed_rung: row.claimed_rung,
            promise: row.promise,
            stages: whole.stages.into_iter().map(StageOut::of).collect(),
            warnings,
            created_at: row.created_at,
        }
    }
}

/// What is recorded about a stage.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageIn {
    /// When it began.
    #[serde(default)]
    started_at: Option<Time>,
    /// When its direction was settled.
    #[serde(default)]
    settled_at: Option<Time>,
    /// Who settled it; goes with `settled_at`.
    #[serde(default)]
    settled_by: Option<String>,
}

/// A stage of a project.
#[derive(Object)]
pub struct StageOut {
    /// Which stage.
    stage: Stage,
    /// When it began.
    started_at: Option<Time>,
    /// When its direction was settled.
    settled_at: Option<Time>,
    /// Who settled it.
    settled_by: Option<String>,
    /// Version, for `If-Match`: `"v{version}"`.
    version: i32,
}

impl StageOut {
    fn of(row: stage::Model) -> Self {
        Self {
            stage: row.stage,
            started_at: row.started_at,
            settled_at: row.settled_at,
            settled_by: row.settled_by,
            version: row.version,
        }
    }
}

/// Projects and stages.
pub struct Api(pub Platform);

#[OpenApi(tag = "Chapter::Projects")]
impl Api {
    /// Make a project
    ///
    /// A title and a need are enough. `warnings` in the answer tell what to look at; they stop nothing.
    #[oai(path = "/organisations/:organisation/projects", method = "post", operation_id = "createProject")]
    async fn create(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<ProjectIn>,
    ) -> Result<Created<ProjectOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let made = work::create(once.tx(), &self.0, &actor, given.into()).await?;
        let (at, version) = (format!("/api/organisations/{}/projects/{}", organisation.0, made.row.id), made.row.version);
        once.commit(Created::new(&ProjectOut::of(made)).at(at).version(version)).await
    }

    /// List projects
    ///
    /// Oldest first, each with its stages.
    #[oai(path = "/organisations/:organisation/projects", method = "get", operation_id = "listProjects")]
    async fn list(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        /// Projects in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this cursor.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<ProjectOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = work::list(&self.0, actor.organisation, cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |whole| whole.row.id.0, ProjectOut::of)))
    }

    /// Read a project
    ///
    /// With its stages and what a coordinator should know.
    #[oai(path = "/organisations/:organisation/projects/:project", method = "get", operation_id = "getProject")]
    async fn get(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        project: Path<ProjectId>,
    ) -> Result<Fine<ProjectOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let found = work::get(self.0.db.read(), actor.organisation, project.0).await?;
        let version = found.row.version;
        Ok(Fine::new(&ProjectOut::of(found)).version(version))
    }

    /// Change a project
    ///
    /// While something in it is open, the promise, the purpose and the claimed rung stay: people are being asked on
    /// them.
    #[oai(path = "/organisations/:organisation/projects/:project", method = "put", operation_id = "changeProject")]
    async fn change(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        project: Path<ProjectId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<ProjectIn>,
    ) -> Result<Fine<ProjectOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let changed = work::change(&self.0, &actor, project.0, if_match.0.as_deref(), body.take()?.into()).await?;
        let version = changed.row.version;
        Ok(Fine::new(&ProjectOut::of(changed)).version(version))
    }

    /// Record a stage
    ///
    /// The dates are facts: what has happened, not what is planned. What is left out is not recorded any more. A stage of which
    /// nothing is recorded has version 0: send `"v0"`, or `*`, in `If-Match`.
    #[oai(path = "/organisations/:organisation/projects/:project/stages/:stage", method = "put", operation_id = "recordStage")]
    async fn record_stage(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        project: Path<ProjectId>,
        stage: Path<Stage>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<StageIn>,
    ) -> Result<Fine<StageOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.take()?;
        let facts = StageFacts { started_at: given.started_at, settled_at: given.settled_at, settled_by: given.settled_by };
        let row = stages::record(&self.0, &actor, project.0, stage.0, if_match.0.as_deref(), facts).await?;
        let version = row.version;
        Ok(Fine::new(&StageOut::of(row)).version(version))
    }
}
