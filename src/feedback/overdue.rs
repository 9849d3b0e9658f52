//! Promises that are late: the date on which people were to be told has passed, and there is no report.

use super::day;
use crate::platform::{Result, http::Cursor};
use chrono::NaiveDate;
use entity::{OpportunityId, ReportState, Time, opportunity, organisation, report};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

/// A late promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// The opportunity.
    pub opportunity: OpportunityId,
    /// Its title.
    pub title: String,
    /// The promised day.
    pub due: NaiveDate,
    /// Days since then.
    pub days_late: i64,
}

/// The late promises of an organisation, by its own calendar.
pub async fn list(
    connection: &impl ConnectionTrait,
    organisation: &organisation::Model,
    now: Time,
    cursor: Cursor,
) -> Result<Vec<Overdue>> {
    let today = day(&organisation.time_zone, now);
    let published = report::Entity::find()
        .select_only()
        .column(report::Column::OpportunityId)
        .filter(report::Column::OrganisationId.eq(organisation.id))
        .filter(report::Column::State.eq(ReportState::Published))
        .into_query();
    let mut query = opportunity::Entity::find()
        .filter(opportunity::Column::OrganisationId.eq(organisation.id))
        .filter(opportunity::Column::OpenedAt.is_not_null())
        .filter(opportunity::Column::FeedbackDue.lt(today))
        .filter(opportunity::Column::Id.not_in_subquery(published))
        .order_by_asc(opportunity::Column::Id)
        .limit(cursor.limit + 1);
    if let Some(after) = cursor.after {
        query = query.filter(opportunity::Column::Id.gt(after));
    }
    let rows = query.all(connection).await?.into_iter().filter_map(|row| {
        let due = row.feedback_due?;
        Some(Overdue { opportunity: row.id, title: row.title, due, days_late: (today - due).num_days() })
    });
    Ok(rows.collect())
}
