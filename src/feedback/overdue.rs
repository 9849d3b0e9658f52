//! Promises that are late: the date on which people were to be told has passed, and there is no report.

use super::day;
use crate::platform::{Result, http::Cursor};
use chrono::NaiveDate;
use entity::{OpportunityId, ReportState, Time, opportunity, organisation, report};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

/// A late promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// The opportunity.
    pub opportunity: OpportunityId,
    /// Its title.
    pub title: String,
    /// The promised day.
    pub due: NaiveDate,
    /// The new day, where the promised one was moved after it had passed.
    pub moved_to: Option<NaiveDate>,
    /// Why it was moved.
    pub moved_reason: Option<String>,
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
        .filter(opportunity::Column::FeedbackDue.lt(today).or(opportunity::Column::FeedbackLateSince.is_not_null()))
        .filter(opportunity::Column::Id.not_in_subquery(published))
        .order_by_asc(opportunity::Column::Id)
        .limit(cursor.limit + 1);
    if let Some(after) = cursor.after {
        query = query.filter(opportunity::Column::Id.gt(after));
    }
    let rows = query.all(connection).await?.into_iter().filter_map(|row| {
        // A new day does not take back that the promised one passed.
        let due = row.feedback_late_since.or(row.feedback_due)?;
        let moved_to = row.feedback_due.filter(|_| row.feedback_late_since.is_some());
        Some(Overdue {
            opportunity: row.id,
            title: row.title,
            due,
            moved_to,
            moved_reason: row.feedback_moved_reason,
            days_late: (today - due).num_days(),
        })
    });
    Ok(rows.collect())
}
