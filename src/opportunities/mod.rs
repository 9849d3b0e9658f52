//! Ways to take part: consultations, workshops, talks, groups, seats, roles.
//!
//! **What it promises people.** Nothing opens before it says what can change, what cannot, who decides, what is paid (or
//! that nothing is), how long it takes and by when people are told what came of it. Once open, what was promised stays:
//! the closing day can move later and never earlier, and a feedback day moves with a reason that everybody can read.
//! The questions of a consultation never change behind an answer: each answer keeps the version it was given under.

pub mod api;
pub mod forms;
pub mod group;
pub mod opening;
pub mod public;
pub mod questions;
pub mod quotas;
pub mod rules;
pub mod supported;
pub mod tasks;
pub mod ways;

pub use forms::Forms;
pub use rules::{activity, activity_of, has_ended, passes_places_on, takes_answers, today};

use crate::platform::{Error, Result};
use chrono::{Datelike, TimeZone};
use chrono_tz::Tz;
use entity::{OpportunityId, OrganisationId, Time, TopicId, opportunity, opportunity_topic, organisation};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use std::collections::HashMap;

/// Job that tells higher rooms that an opportunity opened: `{organisation, opportunity}`.
pub const OPENED: &str = "opportunities.opened";
/// Job that tells higher rooms that an opportunity closed: `{organisation, opportunity}`.
pub const CLOSED: &str = "opportunities.closed";
/// Recurring job that closes what has passed its closing day.
pub const CLOSE_DUE: &str = "opportunities.close_due";

/// The time zone of an organisation.
pub async fn zone(connection: &impl ConnectionTrait, organisation: OrganisationId) -> Result<Tz> {
    let found = organisation::Entity::find_by_id(organisation).one(connection).await?.ok_or(Error::NotFound("organisation"))?;
    Ok(zone_of(&found))
}

/// The titles of several opportunities, with one query.
pub async fn titles(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    ids: &[OpportunityId],
) -> Result<Vec<(OpportunityId, String)>> {
    let found = opportunity::Entity::find()
        .select_only()
        .column(opportunity::Column::Id)
        .column(opportunity::Column::Title)
        .filter(opportunity::Column::OrganisationId.eq(organisation))
        .filter(opportunity::Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(found)
}

/// What several opportunities are about, with one query.
pub async fn topics(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    ids: &[OpportunityId],
) -> Result<HashMap<OpportunityId, Vec<TopicId>>> {
    let found = opportunity_topic::Entity::find()
        .filter(opportunity_topic::Column::OrganisationId.eq(organisation))
        .filter(opportunity_topic::Column::OpportunityId.is_in(ids.iter().copied()))
        .all(connection)
        .await?;
    let mut topics: HashMap<OpportunityId, Vec<TopicId>> = HashMap::new();
    found.into_iter().for_each(|row| topics.entry(row.opportunity_id).or_default().push(row.topic_id));
    Ok(topics)
}

/// Whether people can take part right now, with the organisation's own days.
pub async fn is_open(connection: &impl ConnectionTrait, row: &opportunity::Model, now: Time) -> Result<bool> {
    Ok(takes_answers(row, now, zone(connection, row.organisation_id).await?))
}

/// The time zone that an organisation has chosen.
pub fn zone_of(organisation: &organisation::Model) -> Tz {
    organisation.time_zone.parse().unwrap_or(Tz::UTC)
}

/// The instant at which the current month began in a time zone.
pub fn month_began(zone: Tz, now: Time) -> Time {
    let first = now.with_timezone(&zone).date_naive().with_day(1).and_then(|first| first.and_hms_opt(0, 0, 0));
    first.and_then(|first| zone.from_local_datetime(&first).earliest()).map_or(now, |first| first.with_timezone(&chrono::Utc))
}
