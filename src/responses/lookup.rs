//! What decides what becomes of answers, looked up for a whole batch with a few statements.

use super::submit::Submission;
use crate::platform::{Result, Tx, db::padded};
use entity::{
    ConsentType, InvitationId, InvitationState, OpportunityId, OrganisationId, ParticipantId, Purpose, ResponseId, Time,
    consent_standing, invitation, invitation_link, opportunity, organisation, response, response_draft,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef,
    sea_query::{Expr, IntoCondition, LockType},
};
use std::collections::HashMap;

/// An invitation that answers came for.
#[derive(Debug, FromQueryResult)]
pub(super) struct Asked {
    pub token_hash: Vec<u8>,
    pub organisation_id: OrganisationId,
    pub invitation_id: InvitationId,
    pub participant_id: ParticipantId,
    pub opportunity_id: OpportunityId,
    pub state: InvitationState,
    pub time_zone: String,
}

/// What else decides what becomes of an invitation's answers.
#[derive(Debug, FromQueryResult)]
pub(super) struct Stands {
    pub invitation_id: InvitationId,
    pub said: Option<ConsentType>,
    pub valid_until: Option<Time>,
    pub response_id: Option<ResponseId>,
    pub response_version: Option<i32>,
    pub submitted_at: Option<Time>,
    pub draft_version: Option<i32>,
}

fn link_to_invitation() -> RelationDef {
    invitation_link::Entity::belongs_to(invitation::Entity)
        .from((invitation_link::Column::OrganisationId, invitation_link::Column::InvitationId))
        .to((invitation::Column::OrganisationId, invitation::Column::Id))
        .into()
}

/// The consent of the invitation's person to taking part in its opportunity.
fn invitation_to_standing() -> RelationDef {
    let relation: RelationDef = invitation::Entity::belongs_to(consent_standing::Entity)
        .from((invitation::Column::OrganisationId, invitation::Column::ParticipantId, invitation::Column::OpportunityId))
        .to((
            consent_standing::Column::OrganisationId,
            consent_standing::Column::ParticipantId,
            consent_standing::Column::ScopeId,
        ))
        .into();
    relation.on_condition(|_, standing| {
        Expr::col((standing, consent_standing::Column::Purpose)).eq(Purpose::Participate.word()).into_condition()
    })
}

fn invitation_to_organisation() -> RelationDef {
    invitation::Entity::belongs_to(organisation::Entity)
        .from(invitation::Column::OrganisationId)
        .to(organisation::Column::Id)
        .into()
}

fn invitation_to_response() -> RelationDef {
    invitation::Entity::belongs_to(response::Entity)
        .from((invitation::Column::OrganisationId, invitation::Column::OpportunityId, invitation::Column::ParticipantId))
        .to((response::Column::OrganisationId, response::Column::OpportunityId, response::Column::ParticipantId))
        .into()
}

fn invitation_to_draft() -> RelationDef {
    invitation::Entity::belongs_to(response_draft::Entity)
        .from((invitation::Column::OrganisationId, invitation::Column::Id))
        .to((response_draft::Column::OrganisationId, response_draft::Column::InvitationId))
        .into()
}

/// Finds the invitations of all links at once, and locks them until the commit, so that one person's two answers follow
/// one another. They are locked in one order everywhere, so that two batches never wait for each other.
pub(super) async fn look_up<'a>(tx: &Tx, items: impl Iterator<Item = &'a Submission>) -> Result<Vec<Asked>> {
    let hashes = padded(items.map(|item| item.token_hash.clone()).collect());
    let mut query = invitation_link::Entity::find()
        .select_only()
        .column(invitation_link::Column::TokenHash)
        .column(invitation_link::Column::OrganisationId)
        .column_as(invitation::Column::Id, "invitation_id")
        .column(invitation::Column::ParticipantId)
        .column(invitation::Column::OpportunityId)
        .column(invitation::Column::State)
        .column(organisation::Column::TimeZone)
        .join(JoinType::InnerJoin, link_to_invitation())
        .join(JoinType::InnerJoin, invitation_to_organisation())
        .filter(invitation_link::Column::TokenHash.is_in(hashes))
        .order_by_asc(invitation::Column::Id);
    QuerySelect::query(&mut query).lock_with_tables(LockType::Update, [invitation::Entity]);
    Ok(query.into_model().all(tx).await?)
}

/// What stands for the invitations now that nobody else can change it. This is a statement of its own because
/// PostgreSQL reads joined rows as they were before it waited for a lock.
pub(super) async fn stands(tx: &Tx, asked: &[Asked]) -> Result<HashMap<InvitationId, Stands>> {
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let keys: Vec<_> = asked.iter().map(|row| (row.organisation_id, row.invitation_id)).collect();
    let rows = invitation::Entity::find()
        .select_only()
        .column_as(invitation::Column::Id, "invitation_id")
        .column_as(consent_standing::Column::Type, "said")
        .column(consent_standing::Column::ValidUntil)
        .column_as(response::Column::Id, "response_id")
        .column_as(response::Column::Version, "response_version")
        .column(response::Column::SubmittedAt)
        .column_as(response_draft::Column::Version, "draft_version")
        .join(JoinType::LeftJoin, invitation_to_standing())
        .join(JoinType::LeftJoin, invitation_to_response())
        .join(JoinType::LeftJoin, invitation_to_draft())
        .filter(any_of(&keys, invitation::Column::OrganisationId, invitation::Column::Id))
        .into_model::<Stands>()
        .all(tx)
        .await?;
    Ok(rows.into_iter().map(|row| (row.invitation_id, row)).collect())
}

/// The opportunities behind the links: few, whatever the number of answers.
pub(super) async fn offers(tx: &Tx, asked: &[Asked]) -> Result<HashMap<OpportunityId, opportunity::Model>> {
    let mut keys: Vec<(OrganisationId, OpportunityId)> =
        asked.iter().map(|row| (row.organisation_id, row.opportunity_id)).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let any = keys.iter().fold(Condition::any(), |any, (organisation, id)| {
        any.add(opportunity::Column::OrganisationId.eq(*organisation).and(opportunity::Column::Id.eq(*id)))
    });
    let rows = opportunity::Entity::find().filter(any).all(tx).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// Rows of several organisations: a list of ids for each organisation.
pub(super) fn any_of<C: ColumnTrait>(keys: &[(OrganisationId, InvitationId)], organisation: C, id: C) -> Condition {
    let mut by_organisation: HashMap<OrganisationId, Vec<InvitationId>> = HashMap::new();
    for (organisation, id) in keys {
        by_organisation.entry(*organisation).or_default().push(*id);
    }
    by_organisation.into_iter().fold(Condition::any(), |any, (one, ids)| any.add(organisation.eq(one).and(id.is_in(padded(ids)))))
}
