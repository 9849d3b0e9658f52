//! Dated meetings, who was there, what was said, and what people gave beside a questionnaire.
//!
//! **What it promises people.** The notes of a meeting are theirs too: they get them, and can say that they are right or
//! what is wrong. What somebody gave stays theirs: they can take it back, and then the words are gone.

pub mod api;
pub mod contributions;
pub mod letters;
pub mod meetings;
pub mod notes;
pub mod withdrawal;

use crate::platform::{Error, Result};
use entity::{OpportunityId, OrganisationId, opportunity};
use sea_orm::{ConnectionTrait, EntityTrait};

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
