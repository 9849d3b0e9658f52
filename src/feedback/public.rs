//! Published reports, for everybody.

use crate::{
    opportunities,
    platform::{Error, Result, http::Cursor},
};
use entity::{OpportunityId, OrganisationId, ReportDocument, ReportId, ReportState, Time, report, report_release};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;

/// A published report in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub report: ReportId,
    /// The opportunity.
    pub opportunity: OpportunityId,
    /// Title of the opportunity.
    pub title: String,
    /// First published at.
    pub published_at: Option<Time>,
}

/// The published reports of an organisation, newest first.
pub async fn list(connection: &impl ConnectionTrait, organisation: OrganisationId, cursor: Cursor) -> Result<Vec<Entry>> {
    let mut query = report::Entity::find()
        .filter(report::Column::OrganisationId.eq(organisation))
        .filter(report::Column::State.eq(ReportState::Published))
        .order_by_desc(report::Column::Id)
        .limit(cursor.limit + 1);
    if let Some(before) = cursor.after {
        query = query.filter(report::Column::Id.lt(before));
    }
    let reports = query.all(connection).await?;
    let about: Vec<OpportunityId> = reports.iter().map(|row| row.opportunity_id).collect();
    let titles = opportunities::titles(connection, organisation, &about).await?;
    let mut titles: HashMap<_, _> = titles.into_iter().collect();
    let entry = |row: report::Model| Entry {
        report: row.id,
        opportunity: row.opportunity_id,
        title: titles.remove(&row.opportunity_id).unwrap_or_default(),
        published_at: row.published_at,
    };
    Ok(reports.into_iter().map(entry).collect())
}

/// The newest version of a published report.
pub async fn newest(connection: &impl ConnectionTrait, organisation: OrganisationId, id: ReportId) -> Result<ReportDocument> {
    let found = report_release::Entity::find()
        .filter(report_release::Column::OrganisationId.eq(organisation))
        .filter(report_release::Column::ReportId.eq(id))
        .order_by_desc(report_release::Column::N)
        .one(connection)
        .await?
        .ok_or(Error::NotFound("report"))?;
    serde_json::from_value(found.document).map_err(|_| Error::bug("a release that cannot be read"))
}
