//! Which people and which of their words a number is about, as conditions inside a query: nobody is read to be counted.

use crate::consent::permits::{permitting, standing};
use entity::{
    Attendance, InvitationState, OpportunityId, OrganisationId, ParticipantId, PlaceState, Purpose, ResponseState, Time,
    attendance, consent_standing, contribution, invitation, meeting, place, response,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QuerySelect, QueryTrait, RelationDef, Select,
    sea_query::{Expr, ExprTrait, SelectStatement},
};

/// Where a condition looks: one opportunity of one organisation.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// The organisation.
    pub organisation: OrganisationId,
    /// The opportunity.
    pub opportunity: OpportunityId,
}

/// Answers that may be used now: handed in, and the person's consent to taking part stands. Whoever counts or reads what
/// people answered begins here.
pub fn answers(scope: Scope, now: Time) -> Select<response::Entity> {
    let to_standing: RelationDef = response::Entity::belongs_to(consent_standing::Entity)
        .from((response::Column::OrganisationId, response::Column::ParticipantId))
        .to((consent_standing::Column::OrganisationId, consent_standing::Column::ParticipantId))
        .into();
    response::Entity::find()
        .join(JoinType::InnerJoin, to_standing)
        .filter(response::Column::OrganisationId.eq(scope.organisation))
        .filter(response::Column::OpportunityId.eq(scope.opportunity))
        .filter(response::Column::State.eq(ResponseState::Submitted))
        .filter(standing(scope.organisation, Purpose::Participate, scope.opportunity.0, now))
}

/// Whom a number is for, and so which consents it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Staff who work with what was given: of those who agree to take part.
    Staff,
    /// Everybody: of those who agree to take part, and to be counted in what is published.
    Everybody,
}

/// Whether the person in `column` lets themselves be counted for an audience now.
pub fn lets_count(column: impl ColumnTrait, scope: Scope, audience: Audience, now: Time) -> Condition {
    let allows = |purpose| {
        let people = permitting(scope.organisation, purpose, scope.opportunity.0, now);
        Expr::col(column.as_column_ref()).in_subquery(people)
    };
    let published = (audience == Audience::Everybody).then(|| allows(Purpose::PublishInAggregate));
    Condition::all().add(allows(Purpose::Participate)).add_option(published)
}

/// Contributions that may be used now: not taken back, and of nobody in particular or of somebody whose consent to
/// taking part stands.
pub fn contributions(scope: Scope, now: Time) -> Select<contribution::Entity> {
    contribution::Entity::find()
        .filter(contribution::Column::OrganisationId.eq(scope.organisation))
        .filter(contribution::Column::OpportunityId.eq(scope.opportunity))
        .filter(contribution::Column::WithdrawnAt.is_null())
        .filter(used(scope, now))
}

/// Whether a contribution is one that the person behind it lets be used.
pub fn used(scope: Scope, now: Time) -> Condition {
    let allowed = permitting(scope.organisation, Purpose::Participate, scope.opportunity.0, now);
    Condition::any()
        .add(contribution::Column::ParticipantId.is_null())
        .add(contribution::Column::ParticipantId.in_subquery(allowed))
}

/// People who handed in answers and did not take them back, whether or not the answers may be used now: what is owed to
/// them does not end with their consent.
fn responded(scope: Scope) -> SelectStatement {
    response::Entity::find()
        .select_only()
        .column(response::Column::ParticipantId)
        .filter(response::Column::OrganisationId.eq(scope.organisation))
        .filter(response::Column::OpportunityId.eq(scope.opportunity))
        .filter(response::Column::State.eq(ResponseState::Submitted))
        .into_query()
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

/// People with a contribution that was not taken back. As with [`responded`].
fn contributed(scope: Scope) -> SelectStatement {
    contribution::Entity::find()
        .select_only()
        .column(contribution::Column::ParticipantId)
        .filter(contribution::Column::OrganisationId.eq(scope.organisation))
        .filter(contribution::Column::OpportunityId.eq(scope.opportunity))
        .filter(contribution::Column::ParticipantId.is_not_null())
        .filter(contribution::Column::WithdrawnAt.is_null())
        .into_query()
}

/// Whether the person in `column` is counted among those who took part: gave something, holds a place, or was at a meeting,
/// and lets themselves be counted.
pub fn took_part(column: impl ColumnTrait, scope: Scope, audience: Audience, now: Time) -> Condition {
    lets_count(column, scope, audience, now).add(is_owed(column, scope))
}

/// Whether the person in `column` is owed an answer: whoever gave something and did not take it back, holds a place, or
/// was at a meeting.
pub fn is_owed(column: impl ColumnTrait, scope: Scope) -> Condition {
    any_of(column, [responded(scope), holding(scope), attended(scope), contributed(scope)])
}

fn any_of(column: impl ColumnTrait, people: [SelectStatement; 4]) -> Condition {
    people.into_iter().fold(Condition::any(), |any, people| any.add(Expr::col(column.as_column_ref()).in_subquery(people)))
}

/// Whether this one person is owed an answer. As [`is_owed`], but looks at the rows of one person instead of everybody's.
pub fn one_is_owed(scope: Scope, participant: ParticipantId) -> Condition {
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
