//! Who is expected at a meeting, and what they need there: recorded by the person, marked, and told to those whom they named.

use crate::{
    accounts::{Actor, readings},
    consent::permits::permitted,
    participants::known::{Known, Learns, needs},
    platform::{Error, Platform, Result, db::filled_up},
    statistics::disclosure::{Shown, alone, part},
};
use entity::{
    Attendance, NeedKind, ParticipantId, ParticipantState, PlaceState, PreferenceDoc, Purpose, ReadingOf, attendance, meeting,
    organisation, part as changed_part, participant, place, preference,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use std::collections::{BTreeMap, HashMap};

/// People whose wishes are read with one statement.
const ROWS: usize = 500;

/// Somebody who is expected.
pub struct Expected {
    /// Who.
    pub person: participant::Model,
    /// What whoever leads the meeting may know.
    pub known: Known,
}

/// Something that people need of the venue, without their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForVenue {
    /// What is needed.
    pub need: String,
    /// What it is about.
    pub kind: NeedKind,
    /// Whether those who need it cannot take part without it.
    pub must_have: bool,
    /// How many people need it.
    pub people: u64,
}

/// Everybody who is expected at a meeting.
pub struct Gathering {
    /// Who, with what they need.
    pub people: Vec<Expected>,
    /// What may be told to the venue.
    pub venue: Vec<ForVenue>,
}

/// Who is expected at a meeting, with what they need there. The look is noted for everybody who holds a place.
pub async fn read(platform: &Platform, actor: &Actor, meeting: &meeting::Model) -> Result<Gathering> {
    readings::note(platform, actor, ReadingOf::Expected, meeting.opportunity_id.0).await?;
    let people = with_wishes(platform, meeting).await?;
    let venue = for_venue(people.iter().map(|(_, doc)| doc));
    let expected = |(person, doc): (participant::Model, PreferenceDoc)| {
        let known = Known::of(&doc, Learns::WhoeverLeads);
        Expected { person, known }
    };
    let mut people: Vec<Expected> = people.into_iter().map(expected).collect();
    // Those come first without whose needs they cannot take part.
    people.sort_by_key(|one| !one.known.needs.iter().any(|need| need.must_have));
    Ok(Gathering { people, venue })
}

/// For how many of those who are expected a meeting is longer than they can manage, as far as it may be told.
pub async fn too_long_for(platform: &Platform, meeting: &meeting::Model) -> Result<Shown> {
    let people = with_wishes(platform, meeting).await?;
    let organisation = organisation::Entity::find_by_id(meeting.organisation_id).one(platform.db.read()).await?;
    let minimum = organisation.ok_or(Error::NotFound("organisation"))?.minimum_group;
    let minutes = (meeting.ends_at - meeting.starts_at).num_minutes();
    let too_long = people.iter().filter(|(_, doc)| doc.sessions.longest_minutes.is_some_and(|most| i64::from(most) < minutes));
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let least = u64::try_from(minimum).unwrap_or(5);
    Ok(match too_long.count() {
        // Of few it is not told either that it is too long for nobody: by other lengths their own would be found.
        _ if alone(count(people.len()), least) == Shown::Few => Shown::Few,
        0 => Shown::Number(0),
        some => part(count(some), count(people.len()), least),
    })
}

/// Those who hold a place, agree to take part, have not sent word and have not changed their part, with what they want.
pub(super) async fn with_wishes(
    platform: &Platform,
    meeting: &meeting::Model,
) -> Result<Vec<(participant::Model, PreferenceDoc)>> {
    let (db, organisation) = (platform.db.read(), meeting.organisation_id);
    if meeting.cancelled_at.is_some() {
        return Ok(Vec::new());
    }
    let about = meeting.opportunity_id;
    let changed = changed_part::Entity::find()
        .select_only()
        .column(changed_part::Column::ParticipantId)
        .filter(changed_part::Column::OrganisationId.eq(organisation))
        .filter(changed_part::Column::OpportunityId.eq(about));
    let excused = attendance::Entity::find()
        .select_only()
        .column(attendance::Column::ParticipantId)
        .filter(attendance::Column::OrganisationId.eq(organisation))
        .filter(attendance::Column::MeetingId.eq(meeting.id))
        .filter(attendance::Column::Attendance.eq(Attendance::Apologies));
    let held = place::Entity::find()
        .select_only()
        .column(place::Column::ParticipantId)
        .filter(place::Column::OrganisationId.eq(organisation))
        .filter(place::Column::OpportunityId.eq(about))
        .filter(place::Column::State.eq(PlaceState::Held));
    let people = participant::Entity::find()
        .filter(participant::Column::OrganisationId.eq(organisation))
        .filter(participant::Column::State.eq(ParticipantState::Joined))
        .filter(participant::Column::Id.in_subquery(held.into_query()))
        .filter(participant::Column::Id.not_in_subquery(changed.into_query()))
        .filter(participant::Column::Id.not_in_subquery(excused.into_query()))
        .order_by_asc(participant::Column::Id)
        .limit(super::meetings::MOST as u64)
        .all(db)
        .await?;
    let ids: Vec<ParticipantId> = people.iter().map(|person| person.id).collect();
    let agreed = permitted(db, organisation, &ids, Purpose::Participate, about.0, platform.clock.now()).await?;
    let people: Vec<participant::Model> = people.into_iter().filter(|person| agreed.contains(&person.id)).collect();
    let mut wishes = wishes(db, &people).await?;
    let with = |person: participant::Model| {
        let doc = person.preference_id.and_then(|id| wishes.remove(&id)).unwrap_or_else(PreferenceDoc::unspoken);
        (person, doc)
    };
    Ok(people.into_iter().map(with).collect())
}

/// What these people want, by the version that counts.
async fn wishes(
    connection: &impl ConnectionTrait,
    people: &[participant::Model],
) -> Result<HashMap<entity::PreferenceId, PreferenceDoc>> {
    let mut found = HashMap::new();
    for some in people.chunks(ROWS) {
        let Some(first) = some.first() else { continue };
        let rows = preference::Entity::find()
            .filter(preference::Column::OrganisationId.eq(first.organisation_id))
            .filter(preference::Column::Id.is_in(filled_up(some.iter().filter_map(|person| person.preference_id))))
            .all(connection)
            .await?;
        found.extend(rows.into_iter().map(|row| (row.id, row.document)));
    }
    Ok(found)
}

/// What may be told to the venue: what is the same is counted, and nobody is named, by their place in the list neither.
fn for_venue<'d>(docs: impl Iterator<Item = &'d PreferenceDoc>) -> Vec<ForVenue> {
    let mut found: BTreeMap<(bool, NeedKind, String), ForVenue> = BTreeMap::new();
    for need in docs.flat_map(|doc| needs(doc, Learns::Venue)) {
        let text = need.need.trim().to_owned();
        let key = (!need.must_have, need.kind, text.to_lowercase());
        let one = || ForVenue { need: text, kind: need.kind, must_have: need.must_have, people: 0 };
        found.entry(key).or_insert_with(one).people += 1;
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::{AccessNeed, ShareWith};

    #[test]
    fn what_is_the_same_is_counted_and_what_is_not_for_the_venue_is_left_out() {
        let need = |text: &str, must_have, share_with| {
            let doc = PreferenceDoc::unspoken();
            let need = AccessNeed { need: text.into(), kind: NeedKind::MovingAround, must_have, share_with };
            PreferenceDoc { access_needs: vec![need], ..doc }
        };
        let docs = [
            need("A step-free door", false, ShareWith::Venue),
            need("A lift", true, ShareWith::Venue),
            need("a step-free door ", false, ShareWith::Venue),
            need("Somebody to talk to", true, ShareWith::Facilitator),
        ];
        let found: Vec<_> = for_venue(docs.iter()).into_iter().map(|one| (one.need, one.must_have, one.people)).collect();
        assert_eq!(found, [("A lift".to_owned(), true, 1), ("A step-free door".to_owned(), false, 2)]);
    }
}
