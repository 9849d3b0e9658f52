//! How often people say yes, altogether and by the groups of quotas: counted over what an organisation asked in the last two years.

use super::{forecast::Before, letters::Rates};
use crate::{consent::permitting, invitations, platform::Result};
use chrono::TimeDelta;
use entity::{
    InvitationState, OpportunityKind, OrganisationId, Purpose, SeatQuota, Time, demographic, invitation, opportunity,
    organisation,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, Select,
    sea_query::{CaseStatement, Expr, ExprTrait, Func, SimpleExpr},
};
use std::collections::HashMap;

/// Older answers say little about today.
const BACK: TimeDelta = TimeDelta::days(730);
/// Whoever was asked less long ago may still answer.
const STILL: TimeDelta = TimeDelta::days(14);

#[derive(FromQueryResult)]
struct Count {
    dimension: String,
    category: String,
    asked: i64,
    yes: i64,
    people: i64,
}

/// The counts. People count for a group by facts that may be counted; nobody's own answers count for more than one of many.
pub async fn of(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    quotas: &[SeatQuota],
    now: Time,
) -> Result<Rates> {
    let all: Option<(i64, Option<i64>)> = asked(organisation, now)
        .select_only()
        .column_as(invitation::Column::Id.count(), "asked")
        .expr_as(of_those(said_yes()), "yes")
        .into_tuple()
        .one(connection)
        .await?;
    let number = |count: i64| u64::try_from(count).unwrap_or(0);
    let all = all.map_or((0, 0), |(asked, yes)| (number(asked), number(yes.unwrap_or(0))));
    let mut found = HashMap::new();
    if !quotas.is_empty() {
        let rows: Vec<Count> = by_group(asked(organisation, now).select_only(), organisation, now)
            .column_as(invitation::Column::Id.count(), "asked")
            .expr_as(of_those(said_yes()), "yes")
            .expr_as(Func::count_distinct(Expr::col((invitation::Entity, invitation::Column::ParticipantId))), "people")
            .filter(demographic::Column::Dimension.is_in(quotas.iter().map(|quota| quota.dimension.as_str())))
            .into_model()
            .all(connection)
            .await?;
        // What a group of few did would be what one of them did.
        let home = organisation::Entity::find_by_id(organisation).one(connection).await?;
        let few = home.map_or(5, |home| i64::from(home.minimum_group));
        let rows = rows.into_iter().filter(|row| row.people >= few);
        found = rows.map(|row| ((row.dimension, row.category), (number(row.asked), number(row.yes)))).collect();
    }
    let of = |quota: &SeatQuota| found.get(&(quota.dimension.clone(), quota.category.clone())).copied().unwrap_or((0, 0));
    Ok(Rates { all, of: quotas.iter().map(of).collect() })
}

/// The counts for a forecast: about everything, and about one kind of thing.
pub async fn before(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    kind: OpportunityKind,
    now: Time,
) -> Result<Before> {
    let rows: Vec<(OpportunityKind, i64, Option<i64>)> = asked(organisation, now)
        .select_only()
        .column(opportunity::Column::Kind)
        .column_as(invitation::Column::Id.count(), "asked")
        .expr_as(of_those(said_yes()), "yes")
        .join(sea_orm::JoinType::InnerJoin, invitations::to_opportunity())
        .group_by(opportunity::Column::Kind)
        .into_tuple()
        .all(connection)
        .await?;
    let mut before = Before::default();
    for (of, asked, yes) in rows {
        let counts = [asked, yes.unwrap_or(0)].map(|count| u64::try_from(count).unwrap_or(0));
        before.all = (before.all.0 + counts[0], before.all.1 + counts[1]);
        if of == kind {
            before.kind = (counts[0], counts[1]);
        }
    }
    Ok(before)
}

/// Invitations that could have been answered by now, whether they were or not: whoever answers at once is not counted before those
/// who take their time.
pub(super) fn asked(organisation: OrganisationId, now: Time) -> Select<invitation::Entity> {
    let heard_nothing = [InvitationState::Unsent, InvitationState::Withdrawn];
    invitation::Entity::find()
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::CreatedAt.gte(now - BACK))
        .filter(invitation::Column::CreatedAt.lte(now - STILL))
        .filter(invitation::Column::State.is_not_in(heard_nothing))
        // Whoever applied, or chose a lighter way, was not asked by anybody: they would make yeses seem likelier than they are.
        .filter(invitation::Column::RunId.is_not_null())
}

/// Whether somebody said yes. That a waiting list or a piece of work ended since takes no yes back.
pub(super) fn said_yes() -> SimpleExpr {
    let ended = invitation::Column::State.eq(InvitationState::Ended).and(invitation::Column::RepliedAt.is_not_null());
    let said = invitation::Column::State.is_in([InvitationState::Accepted, InvitationState::Waiting]);
    said.or(ended.and(invitation::Column::AskAgainOn.is_null()))
}

/// How many there are of those.
pub(super) fn of_those(which: SimpleExpr) -> SimpleExpr {
    let one = CaseStatement::new().case(which, Expr::value(1)).finally(Expr::value(0));
    Func::sum(one).cast_as("bigint")
}

/// The same invitations, by kind of fact and group, as far as the facts may be counted.
pub(super) fn by_group(
    invitations: Select<invitation::Entity>,
    organisation: OrganisationId,
    now: Time,
) -> Select<invitation::Entity> {
    let allowed = permitting(organisation, Purpose::DemographicsRepresentativeness, organisation.0, now);
    invitations
        .column(demographic::Column::Dimension)
        .column(demographic::Column::Category)
        .join_rev(sea_orm::JoinType::InnerJoin, facts())
        .filter(invitation::Column::ParticipantId.in_subquery(allowed))
        .group_by(demographic::Column::Dimension)
        .group_by(demographic::Column::Category)
}

/// From an invitation to the facts that its person gave.
fn facts() -> sea_orm::RelationDef {
    demographic::Entity::belongs_to(invitation::Entity)
        .from((demographic::Column::OrganisationId, demographic::Column::ParticipantId))
        .to((invitation::Column::OrganisationId, invitation::Column::ParticipantId))
        .into()
}
