//! A person's own invitations, on their own page.

use super::{replies, to_opportunity};
use crate::{
    accounts::Person,
    platform::{Error, Platform, Result, http::Cursor, secret::Token},
};
use entity::{InvitationId, InvitationState, OpportunityId, invitation, opportunity};
use sea_orm::{ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, SelectTwo};

/// Invitations that are open or were said yes to, newest first, each with what it is to.
pub async fn mine(platform: &Platform, person: &Person, cursor: Cursor) -> Result<Vec<(invitation::Model, opportunity::Model)>> {
    let states = [InvitationState::Sent, InvitationState::AskLater, InvitationState::Waiting, InvitationState::Accepted];
    let query: SelectTwo<invitation::Entity, opportunity::Entity> = invitation::Entity::find()
        .join(JoinType::InnerJoin, to_opportunity())
        .select_also(opportunity::Entity)
        .filter(invitation::Column::OrganisationId.eq(person.organisation))
        .filter(invitation::Column::ParticipantId.eq(person.participant))
        .filter(invitation::Column::State.is_in(states))
        .filter(opportunity::Column::State.eq(entity::OpportunityState::Open))
        .order_by_desc(invitation::Column::Id)
        .limit(cursor.limit);
    let rows = query.all(platform.db.read()).await?;
    Ok(rows.into_iter().filter_map(|(invitation, offer)| Some((invitation, offer?))).collect())
}

/// The invitation of a person to an opportunity, if there is one.
pub async fn to_opportunity_of(platform: &Platform, person: &Person, id: OpportunityId) -> Result<Option<InvitationId>> {
    let found = invitation::Entity::find()
        .filter(invitation::Column::OrganisationId.eq(person.organisation))
        .filter(invitation::Column::ParticipantId.eq(person.participant))
        .filter(invitation::Column::OpportunityId.eq(id))
        .order_by_desc(invitation::Column::Id)
        .one(platform.db.read())
        .await?;
    Ok(found.map(|found| found.id))
}

/// A link to one of a person's own invitations.
pub async fn link_for(platform: &Platform, person: &Person, id: InvitationId) -> Result<Token> {
    let db = platform.db.read();
    let found = invitation::Entity::find_by_id((person.organisation, id)).one(db).await?;
    let found = found.filter(|found| found.participant_id == person.participant).ok_or(Error::NotFound("invitation"))?;
    replies::first_link(db, platform, person.organisation, found.id).await
}
