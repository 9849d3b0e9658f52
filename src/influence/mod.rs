//! What people said, what is proposed because of it, and what it changed.
//!
//! **What it promises people.** Everything proposed because of what they said gets an answer, and a "no" comes with its
//! reason. When somebody claims that their words changed a decision, those whose words they were can say whether it is so.

pub mod api;
pub mod links;
pub mod recommendations;
pub mod rules;
pub mod themes;
pub mod withdrawal;

use crate::{
    platform::{Error, Result, Tx},
    sessions::is_published,
};
use entity::{OpportunityId, OrganisationId, opportunity};
use sea_orm::{EntityTrait, QuerySelect};

/// Holds an opportunity until the transaction ends: what its report says cannot change while somebody publishes it.
pub async fn hold(tx: &Tx, organisation: OrganisationId, id: OpportunityId) -> Result<opportunity::Model> {
    let found = opportunity::Entity::find_by_id((organisation, id)).lock_exclusive().one(tx).await?;
    found.ok_or(Error::NotFound("opportunity"))
}

/// As [`hold`], refused once the report is published: what people were told they said stays as it was told.
pub(crate) async fn hold_unpublished(tx: &Tx, organisation: OrganisationId, id: OpportunityId) -> Result<opportunity::Model> {
    let found = hold(tx, organisation, id).await?;
    if is_published(tx, organisation, id).await? {
        return Err(Error::conflict("published", "The report is published, so this can no longer be changed."));
    }
    Ok(found)
}
