//! Dated meetings, who was there, what was said, and what people gave beside a questionnaire.
//!
//! **What it promises people.** The notes of a meeting are theirs too: they get them, and can say that they are right or
//! what is wrong. What somebody gave stays theirs: they can take it back, and then the words are gone.

pub mod api;
pub mod apologies;
pub mod contributions;
pub mod expected;
pub mod letters;
pub mod meetings;
pub mod notes;
pub mod withdrawal;

use crate::platform::{Error, Result, Tx};
use entity::{OpportunityId, OrganisationId, ReportState, opportunity, report};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};

/// Kind of the letter that brings the notes of a meeting.
pub const NOTES: &str = "sessions.notes";

/// The opportunity that something is about, in its organisation.
pub async fn opportunity(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    id: OpportunityId,
) -> Result<opportunity::Model> {
    let found = opportunity::Entity::find_by_id((organisation, id)).one(connection).await?;
    found.ok_or(Error::NotFound("opportunity"))
}

/// The same for somebody who is about to add to what they gave: whoever carries out a withdrawal from it waits for the commit
/// and finds what was added, or came first, and then it is seen here that the person has no part in it any more.
pub async fn opportunity_until_commit(tx: &Tx, organisation: OrganisationId, id: OpportunityId) -> Result<opportunity::Model> {
    let found = opportunity::Entity::find_by_id((organisation, id)).lock_shared().one(tx).await?;
    found.ok_or(Error::NotFound("opportunity"))
}

/// Whether the report of an opportunity is published.
pub async fn is_published(connection: &impl ConnectionTrait, organisation: OrganisationId, id: OpportunityId) -> Result<bool> {
    let published = report::Entity::find()
        .filter(report::Column::OrganisationId.eq(organisation))
        .filter(report::Column::OpportunityId.eq(id))
        .filter(report::Column::State.eq(ReportState::Published))
        .count(connection)
        .await?;
    Ok(published > 0)
}
