//! The questions of a consultation: published in versions that never change.

use super::{has_ended, ways, zone};
use crate::{
    accounts::Actor,
    platform::{Error, Platform, Result, Tx, audit, http::Cursor, secret::sha256},
};
use entity::{OpportunityId, OpportunityKind, OpportunityState, OrganisationId, QuestionnaireId, opportunity, questionnaire};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

/// Whether questions can be published for an opportunity.
pub async fn askable(connection: &impl ConnectionTrait, platform: &Platform, row: &opportunity::Model) -> Result<()> {
    if row.kind != OpportunityKind::Consultation {
        return Err(Error::conflict(
            "not_a_consultation",
            "Questions belong to a consultation. This is another way to take part.",
        ));
    }
    let asked = row.state != OpportunityState::Draft;
    if asked && has_ended(row, platform.clock.now(), zone(connection, row.organisation_id).await?) {
        return Err(Error::conflict("closed", "This consultation has closed. Its questions stay as they are."));
    }
    Ok(())
}

/// Publishes the next version of a consultation's questions; from now on it is the one that is asked. `definition` is
/// kept exactly as it was sent and must have compiled.
pub async fn publish(
    tx: &Tx,
    platform: &Platform,
    actor: &Actor,
    id: OpportunityId,
    definition: String,
) -> Result<questionnaire::Model> {
    let held = ways::hold(tx, actor.organisation, id).await?;
    askable(tx, platform, &held).await?;
    let last = of(actor.organisation, id).order_by_desc(questionnaire::Column::N).one(tx).await?;
    let row = questionnaire::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(platform.clock.new_id()),
        opportunity_id: Set(id),
        n: Set(last.map_or(1, |last| last.n + 1)),
        digest: Set(sha256(definition.as_bytes())),
        definition: Set(definition),
        published_by: Set(actor.by.clone()),
        published_at: Set(platform.clock.now()),
    };
    let made = row.insert(tx).await?;
    let version = held.version + 1;
    let mut opportunity = held.into_active_model();
    opportunity.questionnaire_id = Set(Some(made.id));
    opportunity.version = Set(version);
    opportunity.update(tx).await?;
    let object = format!("questionnaire:{}", made.id);
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "publish_questionnaire", &object).await?;
    Ok(made)
}

fn of(organisation: OrganisationId, id: OpportunityId) -> sea_orm::Select<questionnaire::Entity> {
    questionnaire::Entity::find()
        .filter(questionnaire::Column::OrganisationId.eq(organisation))
        .filter(questionnaire::Column::OpportunityId.eq(id))
}

/// The version that is asked now.
pub async fn latest(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    id: OpportunityId,
) -> Result<questionnaire::Model> {
    let row = ways::find(connection, organisation, id).await?;
    match row.questionnaire_id {
        Some(questionnaire) => get(connection, organisation, id, questionnaire).await,
        None => Err(Error::NotFound("questionnaire")),
    }
}

/// One version.
pub async fn get(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    id: QuestionnaireId,
) -> Result<questionnaire::Model> {
    let found = questionnaire::Entity::find_by_id((organisation, id)).one(connection).await?;
    found.filter(|row| row.opportunity_id == opportunity).ok_or(Error::NotFound("questionnaire"))
}

/// A page of versions, oldest first, and one more; without their texts.
pub async fn list(platform: &Platform, organisation: OrganisationId, id: OpportunityId, cursor: Cursor) -> Result<Vec<Version>> {
    ways::find(platform.db.read(), organisation, id).await?;
    let mut query = of(organisation, id);
    if let Some(after) = cursor.after {
        query = query.filter(questionnaire::Column::Id.gt(QuestionnaireId(after)));
    }
    let rows = query
        .select_only()
        .columns([
            questionnaire::Column::Id,
            questionnaire::Column::N,
            questionnaire::Column::Digest,
            questionnaire::Column::PublishedAt,
        ])
        .order_by_asc(questionnaire::Column::Id)
        .limit(cursor.limit + 1)
        .into_tuple::<(QuestionnaireId, i32, Vec<u8>, entity::Time)>()
        .all(platform.db.read())
        .await?;
    Ok(rows.into_iter().map(|(id, n, digest, published_at)| Version { id, n, digest, published_at }).collect())
}

/// A version without its text.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its id.
    pub id: QuestionnaireId,
    /// Its number, from 1.
    pub n: i32,
    /// SHA-256 of its text.
    pub digest: Vec<u8>,
    /// Published at.
    pub published_at: entity::Time,
}

impl From<questionnaire::Model> for Version {
    fn from(row: questionnaire::Model) -> Self {
        Self { id: row.id, n: row.n, digest: row.digest, published_at: row.published_at }
    }
}
