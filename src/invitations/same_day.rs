//! What somebody already comes to on a day: whoever wants no more meetings on one day is asked for nothing else on it.

use crate::platform::Result;
use chrono::NaiveDate;
use chrono_tz::Tz;
use entity::{
    OpportunityId, OrganisationId, ParticipantId, PlaceState, PreferenceDoc, Time, ending, meeting, opportunity, place,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{SelectStatement, SimpleExpr},
};
use std::collections::HashMap;

/// Meetings on one day, by what they belong to.
pub type Meetings = HashMap<OpportunityId, i64>;

/// What was ended takes place no more.
fn ended(organisation: OrganisationId) -> SelectStatement {
    let ended = ending::Entity::find().select_only().column(ending::Column::OpportunityId);
    ended.filter(ending::Column::OrganisationId.eq(organisation)).into_query()
}

/// When things begin, and meet, on any day: of everything, or of what is named.
async fn dates(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    (begins, meets): (SimpleExpr, SimpleExpr),
) -> Result<(Vec<(OpportunityId, Time)>, Vec<(OpportunityId, Time)>)> {
    let begins: Vec<(OpportunityId, Option<Time>)> = opportunity::Entity::find()
        .select_only()
        .columns([opportunity::Column::Id, opportunity::Column::StartsAt])
        .filter(opportunity::Column::OrganisationId.eq(organisation))
        .filter(opportunity::Column::Id.not_in_subquery(ended(organisation)))
        .filter(begins)
        .into_tuple()
        .all(connection)
        .await?;
    let meets = meeting::Entity::find()
        .select_only()
        .columns([meeting::Column::OpportunityId, meeting::Column::StartsAt])
        .filter(meeting::Column::OrganisationId.eq(organisation))
        .filter(meeting::Column::CancelledAt.is_null())
        .filter(meets)
        .into_tuple()
        .all(connection)
        .await?;
    Ok((begins.into_iter().filter_map(|(id, at)| Some((id, at?))).collect(), meets))
}

/// How many meetings there are of each thing on a day. What begins on a day on which it also meets begins with that meeting.
fn on_day(begins: &[(OpportunityId, Time)], meets: &[(OpportunityId, Time)], zone: Tz, day: NaiveDate) -> Meetings {
    let is_then = |at: &Time| at.with_timezone(&zone).date_naive() == day;
    let mut found = Meetings::new();
    for (id, _) in meets.iter().filter(|(_, at)| is_then(at)) {
        *found.entry(*id).or_default() += 1;
    }
    for (id, _) in begins.iter().filter(|(_, at)| is_then(at)) {
        found.entry(*id).or_insert(1);
    }
    found
}

/// What of an organisation begins or meets on the day on which something begins, that thing itself left out; nothing where it has no
/// day.
pub async fn beside(connection: &impl ConnectionTrait, about: &opportunity::Model, zone: Tz) -> Result<Meetings> {
    let Some(starts) = about.starts_at else { return Ok(Meetings::new()) };
    // A day is never further away than this, whatever the clocks do on it.
    let (from, to) = (starts - chrono::Duration::hours(26), starts + chrono::Duration::hours(26));
    let near = (opportunity::Column::StartsAt.between(from, to), meeting::Column::StartsAt.between(from, to));
    let (begins, meets) = dates(connection, about.organisation_id, near).await?;
    let mut found = on_day(&begins, &meets, zone, starts.with_timezone(&zone).date_naive());
    found.remove(&about.id);
    Ok(found)
}

/// How many of these meetings each of some people comes to: those of what they hold a place in. Nothing is asked where there are
/// none.
pub async fn among(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    meetings: &Meetings,
    whose: SimpleExpr,
) -> Result<HashMap<ParticipantId, i64>> {
    let mut found = HashMap::new();
    if meetings.is_empty() {
        return Ok(found);
    }
    let held: Vec<(ParticipantId, OpportunityId)> = place::Entity::find()
        .select_only()
        .columns([place::Column::ParticipantId, place::Column::OpportunityId])
        .filter(place::Column::OrganisationId.eq(organisation))
        .filter(place::Column::OpportunityId.is_in(meetings.keys().copied()))
        .filter(place::Column::State.eq(PlaceState::Held))
        .filter(whose)
        .into_tuple()
        .all(connection)
        .await?;
    for (participant, opportunity) in held {
        *found.entry(participant).or_default() += meetings.get(&opportunity).copied().unwrap_or(0);
    }
    Ok(found)
}

/// The days on which one person comes to something, for somebody who wants no more than so many meetings on one; empty for
/// everybody else.
pub struct OwnDays {
    begins: Vec<(OpportunityId, Time)>,
    meets: Vec<(OpportunityId, Time)>,
    zone: Tz,
}

impl OwnDays {
    /// Reads them.
    pub async fn read(
        connection: &impl ConnectionTrait,
        organisation: OrganisationId,
        participant: ParticipantId,
        wishes: &PreferenceDoc,
        zone: Tz,
    ) -> Result<Self> {
        let mut own = Self { begins: Vec::new(), meets: Vec::new(), zone };
        if wishes.load.meetings_per_day_max.is_some() {
            let held = || {
                place::Entity::find()
                    .select_only()
                    .column(place::Column::OpportunityId)
                    .filter(place::Column::OrganisationId.eq(organisation))
                    .filter(place::Column::ParticipantId.eq(participant))
                    .filter(place::Column::State.eq(PlaceState::Held))
                    .into_query()
            };
            let own_ones = (opportunity::Column::Id.in_subquery(held()), meeting::Column::OpportunityId.in_subquery(held()));
            (own.begins, own.meets) = dates(connection, organisation, own_ones).await?;
        }
        Ok(own)
    }

    /// How many meetings they come to on the day on which something begins, that thing itself left out.
    pub fn beside(&self, about: &opportunity::Model) -> i64 {
        let Some(starts) = about.starts_at else { return 0 };
        let day = starts.with_timezone(&self.zone).date_naive();
        let meetings = on_day(&self.begins, &self.meets, self.zone, day);
        meetings.iter().filter(|(id, _)| **id != about.id).map(|(_, count)| *count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeZone, Utc};
    use uuid::Uuid;

    #[test]
    fn what_begins_with_a_meeting_is_one_and_days_are_those_of_the_organisation() {
        let id = |n| OpportunityId(Uuid::from_u128(n));
        let at = |day, hour| Utc.with_ymd_and_hms(2027, 7, day, hour, 0, 0).unwrap();
        let begins = [(id(1), at(10, 9)), (id(2), at(10, 23))];
        let meets = [(id(1), at(10, 9)), (id(1), at(10, 14)), (id(1), at(11, 9)), (id(3), at(9, 23))];
        let day = |n| NaiveDate::from_ymd_opt(2027, 7, n).unwrap();
        let found = |n| on_day(&begins, &meets, Tz::Europe__London, day(n));
        // In London it is an hour later.
        assert_eq!(found(10), Meetings::from([(id(1), 2), (id(3), 1)]));
        assert_eq!(found(11), Meetings::from([(id(1), 1), (id(2), 1)]));
        assert_eq!(found(12), Meetings::new());
    }
}
