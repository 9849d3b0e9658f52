//! Endpoints for everybody.

use super::shapes::PublicOpportunityOut;
use crate::{
    integrity::ahead::Supported,
    opportunities::{public, supported},
    platform::{
        Platform, Result,
        http::{Chapter, Cursor, Fine, Page},
    },
};
use entity::{OpportunityId, opportunity};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};

/// What everybody can read about ways to take part.
pub struct PublicApi(pub Platform);

#[OpenApi(tag = "Chapter::Public")]
impl PublicApi {
    /// List ways to take part
    ///
    /// Those of an organisation in which people can take part now, each with what it offers and what it does not.
    #[oai(path = "/public/:slug/opportunities", method = "get", operation_id = "listPublicOpportunities")]
    async fn list(
        &self,
        /// Name of the organisation in public addresses.
        slug: Path<String>,
        /// Opportunities in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this cursor.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<PublicOpportunityOut>>> {
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let (rows, zone) = public::list(&self.0, &slug.0, cursor).await?;
        let now = self.0.clock.now();
        let can_be = supported::of(self.0.db.read(), &rows, now).await?;
        let out = |row: opportunity::Model| {
            let can_be = can_be.get(&row.id).copied().unwrap_or(Supported::as_claimed(row.rung));
            PublicOpportunityOut::of(row, can_be, now, zone)
        };
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, out)))
    }

    /// Read a way to take part
    ///
    /// What people were told stays readable after it has closed.
    #[oai(path = "/public/:slug/opportunities/:opportunity", method = "get", operation_id = "getPublicOpportunity")]
    async fn get(
        &self,
        /// Name of the organisation in public addresses.
        slug: Path<String>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<PublicOpportunityOut>> {
        let (row, zone) = public::get(&self.0, &slug.0, opportunity.0).await?;
        let now = self.0.clock.now();
        let can_be = supported::of_one(self.0.db.read(), &row, now).await?;
        Ok(Fine::new(&PublicOpportunityOut::of(row, can_be, now, zone)))
    }
}
