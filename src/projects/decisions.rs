//! Decisions: what people can change and what they cannot, until each is settled.

use super::{rules::DecisionFacts, work};
use crate::{
    accounts::Actor,
    platform::{Clock, Error, Platform, Result, Tx, audit, http::Cursor, http::etag, text::Check},
};
use entity::{DecisionId, DecisionScope, OrganisationId, ProjectId, decision, opportunity};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

/// Makes a decision.
pub async fn create(
    tx: &Tx,
    platform: &Platform,
    actor: &Actor,
    project: ProjectId,
    facts: DecisionFacts,
) -> Result<decision::Model> {
    work::find(tx, actor.organisation, project).await?;
    facts.check()?;
    let mut row = decision::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(platform.clock.new_id()),
        project_id: Set(project),
        declared_at: Set(None),
        settled_at: Set(None),
        outcome: Set(None),
        outcome_reason: Set(None),
        version: Set(1),
        created_at: Set(platform.clock.now()),
        ..Default::default()
    };
    set(&mut row, facts, None, &platform.clock);
    let made = row.insert(tx).await?;
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "create_decision", &object(&made)).await?;
    Ok(made)
}

/// Writes what is said about a decision. The day on which it first became reserved stays.
fn set(row: &mut decision::ActiveModel, facts: DecisionFacts, declared: Option<entity::Time>, clock: &Clock) {
    if facts.scope == DecisionScope::Reserved {
        row.declared_at = Set(Some(declared.unwrap_or_else(|| clock.now())));
    }
    row.title = Set(facts.title.trim().to_owned());
    row.stage = Set(facts.stage);
    row.level = Set(facts.level);
    row.weight = Set(facts.weight);
    row.scope = Set(facts.scope);
    row.reserved_reason = Set(facts.reserved_reason);
    row.owner = Set(facts.owner.trim().to_owned());
    row.rule = Set(facts.rule);
    row.opens_on = Set(facts.opens_on);
    row.settles_on = Set(facts.settles_on);
}

fn object(row: &decision::Model) -> String {
    format!("decision:{}", row.id)
}

/// One decision of a project.
pub async fn get(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    project: ProjectId,
    id: DecisionId,
) -> Result<decision::Model> {
    let found = decision::Entity::find_by_id((organisation, id)).one(connection).await?;
    found.filter(|row| row.project_id == project).ok_or(Error::NotFound("decision"))
}

/// A page of a project's decisions, oldest first, and one more.
pub async fn list(
    platform: &Platform,
    organisation: OrganisationId,
    project: ProjectId,
    cursor: Cursor,
) -> Result<Vec<decision::Model>> {
    work::find(platform.db.read(), organisation, project).await?;
    let mut query = decision::Entity::find()
        .filter(decision::Column::OrganisationId.eq(organisation))
        .filter(decision::Column::ProjectId.eq(project));
    if let Some(after) = cursor.after {
        query = query.filter(decision::Column::Id.gt(DecisionId(after)));
    }
    Ok(query.order_by_asc(decision::Column::Id).limit(cursor.limit + 1).all(platform.db.read()).await?)
}

async fn hold(tx: &Tx, organisation: OrganisationId, project: ProjectId, id: DecisionId) -> Result<decision::Model> {
    let found = decision::Entity::find_by_id((organisation, id)).lock_exclusive().one(tx).await?;
    found.filter(|row| row.project_id == project).ok_or(Error::NotFound("decision"))
}

fn still_open(row: &decision::Model) -> Result<()> {
    match row.settled_at {
        None => Ok(()),
        Some(_) => Err(Error::conflict("settled", "This decision is settled. It cannot be changed or settled again.")),
    }
}

/// Changes a decision that is not settled.
pub async fn change(
    platform: &Platform,
    actor: &Actor,
    (project, id): (ProjectId, DecisionId),
    if_match: Option<&str>,
    facts: DecisionFacts,
) -> Result<decision::Model> {
    let tx = platform.db.begin().await?;
    // The project is held as opening does, so that nobody is told a scope that changes at the same moment.
    work::hold(&tx, actor.organisation, project).await?;
    let old = hold(&tx, actor.organisation, project, id).await?;
    etag::expect(if_match, old.version)?;
    still_open(&old)?;
    facts.check()?;
    if facts.scope != old.scope {
        let told = |way: &opportunity::Model| way.promised.iter().any(|told| told.decisions.iter().any(|row| row.decision == id));
        let mut open = work::open_ways(&tx, actor.organisation, project).await?;
        open.retain(told);
        work::still_free(&["/scope"], &open)?;
    }
    let (version, declared) = (old.version + 1, old.declared_at);
    let mut row = old.into_active_model();
    set(&mut row, facts, declared, &platform.clock);
    row.version = Set(version);
    let changed = row.update(&tx).await?;
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "change_decision", &object(&changed)).await?;
    tx.commit().await?;
    Ok(changed)
}

/// Settles a decision, once.
pub async fn settle(
    tx: &Tx,
    platform: &Platform,
    actor: &Actor,
    (project, id): (ProjectId, DecisionId),
    outcome: &str,
    reason: &str,
) -> Result<decision::Model> {
    let old = hold(tx, actor.organisation, project, id).await?;
    still_open(&old)?;
    Check::new().text("/outcome", outcome, 5000).text("/reason", reason, 5000).done()?;
    let version = old.version + 1;
    let mut row = old.into_active_model();
    row.settled_at = Set(Some(platform.clock.now()));
    row.outcome = Set(Some(outcome.trim().to_owned()));
    row.outcome_reason = Set(Some(reason.trim().to_owned()));
    row.version = Set(version);
    let settled = row.update(tx).await?;
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "settle_decision", &object(&settled)).await?;
    Ok(settled)
}
