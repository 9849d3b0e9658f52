//! Which people a number is about, as conditions inside a query: nobody is read to be counted.

use entity::{
    Attendance, ConsentType, InvitationState, OpportunityId, OrganisationId, ParticipantId, PlaceState, Purpose, ResponseState,
    Time, attendance, consent_standing, contribution, invitation, meeting, place, response,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, SelectStatement},
};
use uuid::Uuid;

/// Where a condition looks: one opportunity of one organisation.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// The organisation.
    pub organisation: OrganisationId,
    /// The opportunity.
    pub opportunity: OpportunityId,
}

/// Everybody who allows a use of their data now: the ids, as a subquery.
pub fn permitting(organisation: OrganisationId, purpose: Purpose, scope: Uuid, now: Time) -> SelectStatement {
    consent_standing::Entity::find()
        .select_only()
        .column(consent_standing::Column::ParticipantId)
        .filter(standing(organisation, purpose, scope, now))
        .into_query()
}

/// The rows of `consent_standing` that allow a use now.
pub fn standing(organisation: OrganisationId, purpose: Purpose, scope: Uuid, now: Time) -> Condition {
    Condition::all()
        .add(consent_standing::Column::OrganisationId.eq(organisation))
        .add(consent_standing::Column::Purpose.eq(purpose))
        .add(consent_standing::Column::ScopeId.eq(scope))
        .add(consent_standing::Column::Type.is_in([ConsentType::Give, ConsentType::Renew]))
        .add(consent_standing::Column::ValidUntil.is_null().or(consent_standing::Column::ValidUntil.gt(now)))
}

/// People whose answers are in, as a subquery.
pub fn responded(scope: Scope) -> SelectStatement {
    response::Entity::find()
        .select_only()
        .column(response::Column::ParticipantId)
        .filter(response::Column::OrganisationId.eq(scope.organisation))
        .filter(response::Column::OpportunityId.eq(scope.opportunity))
        .filter(response::Column::State.eq(ResponseState::Submitted))
        .into_query()
}

/// People whose answers are in and who allow them to be counted in what is published.
pub fn responded_for_publication(scope: Scope, now: Time) -> SelectStatement {
    let allowed = permitting(scope.organisation, Purpose::PublishInAggregate, scope.opportunity.0, now);
    let mut query = responded(scope);
    query.and_where(response::Column::ParticipantId.in_subquery(allowed));
    query
}

/// People who hold a place.
pub fn holding(scope: Scope) -> SelectStatement {
    place::Entity::find()
        .select_only()
        .column(place::Column::ParticipantId)
        .filter(place::Column::OrganisationId.eq(scope.organisation))
        .filter(place::Column::OpportunityId.eq(scope.opportunity))
        .filter(place::Column::State.eq(PlaceState::Held))
        .into_query()
}

/// People who accepted an invitation.
pub fn accepted(scope: Scope) -> SelectStatement {
    invitation::Entity::find()
        .select_only()
        .column(invitation::Column::ParticipantId)
        .filter(invitation::Column::OrganisationId.eq(scope.organisation))
        .filter(invitation::Column::OpportunityId.eq(scope.opportunity))
        .filter(invitation::Column::State.eq(InvitationState::Accepted))
        .into_query()
}

/// People who were at a meeting.
pub fn attended(scope: Scope) -> SelectStatement {
    let meetings = meeting::Entity::find()
        .select_only()
        .column(meeting::Column::Id)
        .filter(meeting::Column::OrganisationId.eq(scope.organisation))
        .filter(meeting::Column::OpportunityId.eq(scope.opportunity))
        .into_query();
    attendance::Entity::find()
        .select_only()
        .column(attendance::Column::ParticipantId)
        .filter(attendance::Column::OrganisationId.eq(scope.organisation))
        .filter(attendance::Column::MeetingId.in_subquery(meetings))
        .filter(attendance::Column::Attendance.eq(Attendance::Present))
        .into_query()
}

/// People with a contribution that was not taken back.
pub fn contributed(scope: Scope) -> SelectStatement {
    contribution::Entity::find()
        .select_only()
        .column(contribution::Column::ParticipantId)
        .filter(contribution::Column::OrganisationId.eq(scope.organisation))
        .filter(contribution::Column::OpportunityId.eq(scope.opportunity))
        .filter(contribution::Column::ParticipantId.is_not_null())
        .filter(contribution::Column::WithdrawnAt.is_null())
        .into_query()
}

/// Whether the person in `column` took part: answered, holds a place, was at a meeting, or gave something.
pub fn took_part(column: impl ColumnTrait, scope: Scope) -> Condition {
    part_with(column, scope, responded(scope))
}

/// As [`took_part`], where answers count only with leave to be counted in what is published.
pub fn took_part_for_publication(column: impl ColumnTrait, scope: Scope, now: Time) -> Condition {
    part_with(column, scope, responded_for_publication(scope, now))
}

/// Whether this one person took part. As [`took_part`], but looks at the rows of one person instead of everybody's.
pub fn one_took_part(scope: Scope, participant: ParticipantId) -> Condition {
    let mut contributed = contributed(scope);
    contributed.and_where(contribution::Column::ParticipantId.eq(participant));
    let mut responded = responded(scope);
    responded.and_where(response::Column::ParticipantId.eq(participant));
    let mut attended = attended(scope);
    attended.and_where(attendance::Column::ParticipantId.eq(participant));
    let rows = [responded, held_by(scope, participant), attended, contributed];
    rows.into_iter().fold(Condition::any(), |any, rows| any.add(Expr::exists(rows)))
}

/// Whether this one person holds a place or has accepted an invitation.
pub fn one_belongs(scope: Scope, participant: ParticipantId) -> Condition {
    let mut accepted = accepted(scope);
    accepted.and_where(invitation::Column::ParticipantId.eq(participant));
    Condition::any().add(Expr::exists(held_by(scope, participant))).add(Expr::exists(accepted))
}

fn held_by(scope: Scope, participant: ParticipantId) -> SelectStatement {
    let mut held = holding(scope);
    held.and_where(place::Column::ParticipantId.eq(participant));
    held
}

fn part_with(column: impl ColumnTrait, scope: Scope, responses: SelectStatement) -> Condition {
    [responses, holding(scope), attended(scope), contributed(scope)]
        .into_iter()
        .fold(Condition::any(), |any, people| any.add(Expr::col(column.as_column_ref()).in_subquery(people)))
}
