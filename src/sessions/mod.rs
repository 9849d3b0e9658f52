//! Dated meetings, who was there, what was said, and what people gave beside a questionnaire.
//!
//! **What it promises people.** The notes of a meeting are theirs too: they get them, and can say that they are right or
//! what is wrong. Whoever has a place hears when and where people meet, and what changes. What somebody gave stays theirs: they can take it back, and then the words are gone.

pub mod api;
pub mod apologies;
pub mod calendar;
pub mod contributions;
pub mod dates;
pub mod expected;
pub mod letters;
pub mod meetings;
pub mod notes;
mod revisions;
pub mod telling;
mod told;
pub mod withdrawal;

use crate::platform::{Error, Result, Tx};
use entity::{OpportunityId, OrganisationId, ReportState, opportunity, report};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};

/// Kind of the letter that brings the notes of a meeting.
pub const NOTES: &str = "sessions.notes";
/// Kind of the letter that says when and where a meeting is: of a family of its own, so that whoever stops notes still hears of
/// meetings.
pub const ARRANGED: &str = "meetings.arranged";
/// Kind of the letter that says what has changed about one.
pub const CHANGED: &str = "meetings.changed";
/// Kind of the letter that says that one does not take place.
pub const CANCELLED: &str = "meetings.cancelled";
/// Kind of the letter that names all that lie ahead, to whoever got a place or goes on.
pub const AHEAD: &str = "meetings.ahead";
/// Kind of the letter that names those that are over for whoever gets it.
pub const GONE: &str = "meetings.gone";

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
