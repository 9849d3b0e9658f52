//! What people apply for themselves. It may be more than their choices say, because it is their own act; the choices stay as they
//! are. Nobody else can do it for them.

use crate::platform::{Clock, Result, Tx};
use entity::{OpportunityId, OrganisationId, ParticipantId, application};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
    sea_query::{OnConflict, SimpleExpr},
};
use std::collections::HashSet;

/// Keeps that somebody applied; a second time changes nothing.
pub async fn keep(
    tx: &Tx,
    clock: &Clock,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    participant: ParticipantId,
) -> Result<()> {
    let row = application::ActiveModel {
        organisation_id: Set(organisation),
        opportunity_id: Set(opportunity),
        participant_id: Set(participant),
        applied_at: Set(clock.now()),
    };
    let key = [application::Column::OrganisationId, application::Column::OpportunityId, application::Column::ParticipantId];
    let nothing = OnConflict::columns(key).do_nothing().to_owned();
    application::Entity::insert(row).on_conflict(nothing).exec_without_returning(tx).await?;
    Ok(())
}

/// Takes an application back. Answers whether there was one.
pub async fn take_back(
    tx: &Tx,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    participant: ParticipantId,
) -> Result<bool> {
    let gone = application::Entity::delete_by_id((organisation, opportunity, participant)).exec(tx).await?;
    Ok(gone.rows_affected > 0)
}

/// Whether somebody applied for something.
pub async fn applied(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    participant: ParticipantId,
) -> Result<bool> {
    let found = application::Entity::find_by_id((organisation, opportunity, participant));
    Ok(found.count(connection).await? > 0)
}

/// Whether anybody applied for something: most of the time nobody did, and nobody's is looked up.
pub async fn any(connection: &impl ConnectionTrait, organisation: OrganisationId, opportunity: OpportunityId) -> Result<bool> {
    let found = application::Entity::find()
        .filter(application::Column::OrganisationId.eq(organisation))
        .filter(application::Column::OpportunityId.eq(opportunity))
        .limit(1);
    Ok(found.one(connection).await?.is_some())
}

/// Those who applied for something, among the people whom `whose` names.
pub async fn among(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    whose: SimpleExpr,
) -> Result<HashSet<ParticipantId>> {
    let found: Vec<ParticipantId> = application::Entity::find()
        .select_only()
        .column(application::Column::ParticipantId)
        .filter(application::Column::OrganisationId.eq(organisation))
        .filter(application::Column::OpportunityId.eq(opportunity))
        .filter(whose)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(found.into_iter().collect())
}

/// What somebody applied for, of these.
pub async fn of(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    participant: ParticipantId,
    about: impl IntoIterator<Item = OpportunityId>,
) -> Result<HashSet<OpportunityId>> {
    let found: Vec<OpportunityId> = application::Entity::find()
        .select_only()
        .column(application::Column::OpportunityId)
        .filter(application::Column::OrganisationId.eq(organisation))
        .filter(application::Column::ParticipantId.eq(participant))
        .filter(application::Column::OpportunityId.is_in(about))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(found.into_iter().collect())
}
