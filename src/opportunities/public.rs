//! What everybody can read without signing in.

use super::{rules::today, zone_of};
use crate::{
    accounts::organisations,
    platform::{Error, Platform, Result, http::Cursor},
};
use chrono_tz::Tz;
use entity::{OpportunityId, OpportunityState, opportunity};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};

/// A page of what people can take part in now, newest first, and one more; with the time zone in which days count.
pub async fn list(platform: &Platform, slug: &str, cursor: Cursor) -> Result<(Vec<opportunity::Model>, Tz)> {
    let organisation = organisations::by_slug(platform, slug).await?;
    let zone = zone_of(&organisation);
    let today = today(platform.clock.now(), zone);
    let begun = opportunity::Column::OpensOn.is_null().or(opportunity::Column::OpensOn.lte(today));
    let not_over = opportunity::Column::ClosesOn.is_null().or(opportunity::Column::ClosesOn.gte(today));
    let mut query = opportunity::Entity::find()
        .filter(opportunity::Column::OrganisationId.eq(organisation.id))
        .filter(opportunity::Column::State.eq(OpportunityState::Open))
        .filter(begun)
        .filter(not_over);
    if let Some(before) = cursor.after {
        query = query.filter(opportunity::Column::Id.lt(OpportunityId(before)));
    }
    let rows = query.order_by_desc(opportunity::Column::Id).limit(cursor.limit + 1).all(platform.db.read()).await?;
    Ok((rows, zone))
}

/// One that is or was open: what people were told stays readable after it has closed.
pub async fn get(platform: &Platform, slug: &str, id: OpportunityId) -> Result<(opportunity::Model, Tz)> {
    let organisation = organisations::by_slug(platform, slug).await?;
    let found = opportunity::Entity::find_by_id((organisation.id, id)).one(platform.db.read()).await?;
    let row = found.filter(|row| row.state != OpportunityState::Draft).ok_or(Error::NotFound("opportunity"))?;
    Ok((row, zone_of(&organisation)))
}
