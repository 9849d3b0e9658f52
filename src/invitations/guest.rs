//! Whoever holds the link of an invitation.

use crate::{
    accounts::access,
    consent::record::Speaker,
    platform::{
        Error, Platform, Result,
        http::Caller,
        secret::{Token, TokenKind},
    },
};
use entity::{
    InvitationId, MatchRunId, OrganisationId, ParticipantId, invitation, invitation_link, match_result, opportunity, organisation,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, QueryTrait, RelationDef};
use uuid::Uuid;

/// The holder of an invitation's link. They may see this invitation, answer it, agree, take back, and nothing else.
#[derive(Clone, Debug)]
pub struct Guest {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Who was asked.
    pub participant: ParticipantId,
    /// What they were asked.
    pub invitation: invitation::Model,
}

impl Guest {
    /// How it is recorded.
    pub fn by(&self) -> String {
        format!("invitation:{}", self.invitation.id)
    }

    /// For consent.
    pub fn speaker(&self) -> Speaker {
        Speaker { organisation: self.organisation, participant: self.participant, channel: "link", by: self.by() }
    }

    /// The opportunity.
    pub async fn opportunity(&self, connection: &impl ConnectionTrait) -> Result<opportunity::Model> {
        let found = opportunity::Entity::find_by_id((self.organisation, self.invitation.opportunity_id)).one(connection).await?;
        found.ok_or_else(|| Error::bug("an invitation without its opportunity"))
    }
}

/// The number of somebody in the draw that led to their invitation.
pub async fn draw_number(connection: &impl ConnectionTrait, platform: &Platform, guest: &Guest, run: MatchRunId) -> Result<Uuid> {
    let drawn = match_result::Entity::find_by_id((guest.organisation, run, guest.participant)).one(connection).await?;
    // An organisation that was moved keeps the numbers that were drawn.
    Ok(drawn.and_then(|drawn| drawn.number).unwrap_or_else(|| platform.secret.pseudonym(run.0, guest.participant.0)))
}

/// The invitation behind a token. Links of ended invitations still open, so that people can see and take back what they gave.
pub async fn guest(platform: &Platform, caller: &Caller) -> Result<Guest> {
    holder(platform, &caller.of_kind(TokenKind::Invitation)?).await
}

/// The organisation of an invitation, if there is one of this name. It tells whose pages to show, and nothing else.
pub async fn home(platform: &Platform, invitation: InvitationId) -> Result<Option<OrganisationId>> {
    // By way of the organisations, which are few: then each look goes by the key.
    let all = organisation::Entity::find().select_only().column(organisation::Column::Id).into_query();
    let found = invitation::Entity::find()
        .filter(invitation::Column::OrganisationId.in_subquery(all))
        .filter(invitation::Column::Id.eq(invitation))
        .one(platform.db.read())
        .await?;
    Ok(found.map(|found| found.organisation_id))
}

/// The same, of a token from elsewhere.
pub async fn holder(platform: &Platform, token: &Token) -> Result<Guest> {
    let to_invitation: RelationDef = invitation_link::Entity::belongs_to(invitation::Entity)
        .from((invitation_link::Column::OrganisationId, invitation_link::Column::InvitationId))
        .to((invitation::Column::OrganisationId, invitation::Column::Id))
        .into();
    let found = invitation::Entity::find()
        .join_rev(JoinType::InnerJoin, to_invitation)
        .filter(invitation_link::Column::TokenHash.eq(token.hash()))
        .one(platform.db.read())
        .await?;
    let invitation = found.ok_or(Error::SignInNeeded)?;
    access::count(platform, "participant", invitation.participant_id.0)?;
    Ok(Guest { organisation: invitation.organisation_id, participant: invitation.participant_id, invitation })
}
