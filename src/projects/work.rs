//! Projects: made from a need, read, changed.

use super::rules::{ProjectFacts, Warning, words_warning};
use crate::{
    accounts::Actor,
    platform::{Error, Platform, Result, Tx, Violation, audit, http::Cursor, http::etag},
};
use entity::{OpportunityState, OrganisationId, PresenceTargets, ProjectId, Texts, opportunity, project, stage};
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

/// The opportunities of a project that are open: what they promise stays until they close.
pub(super) async fn open_ways(tx: &Tx, organisation: OrganisationId, id: ProjectId) -> Result<Vec<opportunity::Model>> {
    let rows = opportunity::Entity::find()
        .filter(opportunity::Column::OrganisationId.eq(organisation))
        .filter(opportunity::Column::ProjectId.eq(id))
        .filter(opportunity::Column::State.eq(OpportunityState::Open))
        .order_by_asc(opportunity::Column::Id)
        .all(tx)
        .await?;
    Ok(rows)
}

/// Refuses a change of what people were promised in an opportunity that is open.
async fn keeps_its_word(tx: &Tx, old: &project::Model, new: &ProjectFacts) -> Result<()> {
    let fields = [
        (said(new.promise.clone()) == old.promise, "/promise"),
        (new.purpose == old.purpose, "/purpose"),
        (new.claimed_rung == old.claimed_rung, "/claimed_rung"),
    ];
    let changed: Vec<&str> = fields.into_iter().filter(|(same, _)| !same).map(|(_, pointer)| pointer).collect();
    if changed.is_empty() {
        return Ok(());
    }
    still_free(&changed, &open_ways(tx, old.organisation_id, old.id).await?)
}

/// Answers 409 for these fields if something that promises them is open, naming it.
pub(super) fn still_free(fields: &[&str], open: &[opportunity::Model]) -> Result<()> {
    let item = |field: &&str, way: &opportunity::Model| {
        let detail = format!("“{}” (opportunity {}) promises this and is open. Close it first.", way.title, way.id);
        Violation::new(*field, "promised", detail)
    };
    let items: Vec<_> = fields.iter().flat_map(|field| open.iter().map(move |way| item(field, way))).collect();
    if items.is_empty() {
        return Ok(());
    }
    let detail = "People are being asked on these terms. What cannot change is named, and where.".into();
    Err(Error::Conflict { code: "promised", detail, items })
}

/// Changes what a project says about itself. What an open opportunity promises stays.
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
    keeps_its_word(&tx, &old, &facts).await?;
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
