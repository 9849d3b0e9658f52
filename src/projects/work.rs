//! Projects: made from a need, read, changed.

use super::rules::{ProjectFacts, Warning, words_warning};
use crate::{
    accounts::Actor,
    platform::{Error, Platform, Result, Tx, audit, http::Cursor, http::etag},
};
use entity::{OrganisationId, PresenceTargets, ProjectId, Texts, project, stage};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

/// A project with its stages.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The project.
    pub row: project::Model,
    /// Its stages, in the order of the work.
    pub stages: Vec<stage::Model>,
}

impl Whole {
    /// What a coordinator should know about its texts.
    pub fn warnings(&self) -> Vec<Warning> {
        let promise = self.row.promise.as_deref().unwrap_or_default();
        words_warning(self.row.claimed_rung, &[&self.row.title, &self.row.need, promise]).into_iter().collect()
    }
}

/// A text that says something, or nothing at all.
fn said(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Makes a project.
pub async fn create(tx: &Tx, platform: &Platform, actor: &Actor, facts: ProjectFacts) -> Result<Whole> {
    facts.check()?;
    let row = project::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(platform.clock.new_id()),
        kind: Set(facts.kind),
        title: Set(facts.title.trim().to_owned()),
        need: Set(facts.need),
        purpose: Set(facts.purpose),
        intended_users: Set(Texts(facts.intended_users)),
        presence: Set(PresenceTargets(facts.presence)),
        claimed_rung: Set(facts.claimed_rung),
        promise: Set(said(facts.promise)),
        created_by: Set(actor.by.clone()),
        version: Set(1),
        created_at: Set(platform.clock.now()),
    };
    let row = row.insert(tx).await?;
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "create_project", &format!("project:{}", row.id)).await?;
    Ok(Whole { row, stages: Vec::new() })
}

/// One project without its stages.
pub async fn find(connection: &impl ConnectionTrait, organisation: OrganisationId, id: ProjectId) -> Result<project::Model> {
    project::Entity::find_by_id((organisation, id)).one(connection).await?.ok_or(Error::NotFound("project"))
}

/// One project, kept from others until the commit.
pub async fn hold(tx: &Tx, organisation: OrganisationId, id: ProjectId) -> Result<project::Model> {
    let found = project::Entity::find_by_id((organisation, id)).lock_exclusive().one(tx).await?;
    found.ok_or(Error::NotFound("project"))
}

/// One project.
pub async fn get(connection: &impl ConnectionTrait, organisation: OrganisationId, id: ProjectId) -> Result<Whole> {
    let row = find(connection, organisation, id).await?;
    let mut whole = with_stages(connection, organisation, vec![row]).await?;
    whole.pop().ok_or(Error::NotFound("project"))
}

/// A page of projects, oldest first, and one more.
pub async fn list(platform: &Platform, organisation: OrganisationId, cursor: Cursor) -> Result<Vec<Whole>> {
    let mut query = project::Entity::find().filter(project::Column::OrganisationId.eq(organisation));
    if let Some(after) = cursor.after {
        query = query.filter(project::Column::Id.gt(ProjectId(after)));
    }
    let rows = query.order_by_asc(project::Column::Id).limit(cursor.limit + 1).all(platform.db.read()).await?;
    with_stages(platform.db.read(), organisation, rows).await
}

async fn with_stages(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    rows: Vec<project::Model>,
) -> Result<Vec<Whole>> {
    let mut stages = stage::Entity::find()
        .filter(stage::Column::OrganisationId.eq(organisation))
        .filter(stage::Column::ProjectId.is_in(rows.iter().map(|row| row.id)))
        .all(connection)
        .await?;
    stages.sort_by_key(|stage| stage.stage);
    let whole = |row: project::Model| {
        let stages = stages.iter().filter(|stage| stage.project_id == row.id).cloned().collect();
        Whole { row, stages }
    };
    Ok(rows.into_iter().map(whole).collect())
}

/// Changes what a project says about itself.
pub async fn change(
    platform: &Platform,
    actor: &Actor,
    id: ProjectId,
    if_match: Option<&str>,
    facts: ProjectFacts,
) -> Result<Whole> {
    let tx = platform.db.begin().await?;
    let old = hold(&tx, actor.organisation, id).await?;
    etag::expect(if_match, old.version)?;
    facts.check()?;
    let version = old.version + 1;
    let mut row = old.into_active_model();
    row.kind = Set(facts.kind);
    row.title = Set(facts.title.trim().to_owned());
    row.need = Set(facts.need);
    row.purpose = Set(facts.purpose);
    row.intended_users = Set(Texts(facts.intended_users));
    row.presence = Set(PresenceTargets(facts.presence));
    row.claimed_rung = Set(facts.claimed_rung);
    row.promise = Set(said(facts.promise));
    row.version = Set(version);
    row.update(&tx).await?;
    let changed = get(&tx, actor.organisation, id).await?;
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "change_project", &format!("project:{id}")).await?;
    tx.commit().await?;
    Ok(changed)
}
