//! What requests and answers about meetings, attendance, notes and contributions look like.

use crate::{
    participants::api::known::{NeedOut, WorkingWithOut, known},
    sessions::{
        expected::{Expected, ForVenue, Gathering},
        meetings::Facts,
        notes::OwnMeeting,
    },
    statistics::disclosure::Shown,
};
use entity::{
    Attendance, ContributionId, MeetingId, NeedKind, OpportunityId, ParticipantId, QuotePermission, Time, attendance,
    contribution, meeting, notes_agreement,
};
use poem::{IntoResponse, Response};
use poem_openapi::{
    ApiResponse, Object,
    registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry},
};
use serde::Deserialize;

/// A file that calendars read.
pub struct CalendarFile(pub String);

impl IntoResponse for CalendarFile {
    fn into_response(self) -> Response {
        let name = "attachment; filename=\"meeting.ics\"";
        Response::builder().content_type("text/calendar; charset=utf-8").header("Content-Disposition", name).body(self.0)
    }
}

impl ApiResponse for CalendarFile {
    fn meta() -> MetaResponses {
        let schema = MetaSchemaRef::Inline(Box::new(MetaSchema::new("string")));
        let response = MetaResponse {
            description: "The file.",
            status: Some(200),
            status_range: None,
            content: vec![MetaMediaType { content_type: "text/calendar", schema }],
            headers: vec![],
        };
        MetaResponses { responses: vec![response] }
    }

    fn register(_: &mut Registry) {}
}

/// A meeting.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeetingIn {
    /// What it is called.
    pub title: String,
    /// It begins.
    pub starts_at: Time,
    /// It ends.
    pub ends_at: Time,
    /// Where: a room, an address, a link to a video call.
    #[serde(default)]
    pub location: Option<String>,
}

impl From<MeetingIn> for Facts {
    fn from(given: MeetingIn) -> Self {
        Self { title: given.title, starts_at: given.starts_at, ends_at: given.ends_at, location: given.location }
    }
}

/// Whether somebody was at a meeting.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttendanceIn {
    /// Who.
    pub participant: ParticipantId,
    /// Whether they were there.
    pub attendance: Attendance,
}

/// The notes of a meeting.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotesIn {
    /// The notes, in plain text.
    pub text: String,
}

/// What a participant says about the notes.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotesAnswerIn {
    /// The version of the meeting as you read it, so that you say nothing about words you have not seen.
    pub version: i32,
    /// Whether the notes are right.
    pub agrees: bool,
    /// What is wrong; needed when they are not right.
    #[serde(default)]
    pub comment: Option<String>,
}

/// Something that somebody gave, written down by staff.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContributionIn {
    /// Whose it is, where that is known.
    #[serde(default)]
    pub participant: Option<ParticipantId>,
    /// At which meeting.
    #[serde(default)]
    pub meeting: Option<MeetingId>,
    /// The words.
    pub text: String,
    /// Whether they may be quoted.
    pub quote: QuotePermission,
}

/// Something that a participant gives.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnContributionIn {
    /// At which meeting.
    #[serde(default)]
    pub meeting: Option<MeetingId>,
    /// The words.
    pub text: String,
    /// Whether they may be quoted.
    pub quote: QuotePermission,
}

/// A meeting, for staff.
#[derive(Object)]
pub struct MeetingOut {
    /// Its id.
    pub id: MeetingId,
    /// Its opportunity.
    pub opportunity: OpportunityId,
    /// What it is called.
    pub title: String,
    /// It begins.
    pub starts_at: Time,
    /// It ends.
    pub ends_at: Time,
    /// Where.
    pub location: Option<String>,
    /// The notes; for those who may read what people said.
    pub notes: Option<String>,
    /// Sent to those who were there at.
    pub notes_shared_at: Option<Time>,
    /// All who were present have agreed since.
    pub notes_agreed_at: Option<Time>,
    /// Since when it does not take place.
    pub cancelled_at: Option<Time>,
    /// For how many of those who are expected it is longer than they can manage; where one meeting is read, made or changed.
    #[oai(skip_serializing_if_is_none)]
    pub too_long_for: Option<TooLongOut>,
}

/// For how many people a meeting is too long.
#[derive(Object)]
pub struct TooLongOut {
    /// How many; absent where a number would be about few people.
    pub people: Option<u64>,
    /// Whether the number is withheld: it is, or may be, about few.
    pub withheld: bool,
}

impl From<Shown> for TooLongOut {
    fn from(shown: Shown) -> Self {
        Self { people: shown.number(), withheld: shown == Shown::Few }
    }
}

impl MeetingOut {
    /// The same with what is to be known of its length.
    pub fn too_long_for(self, shown: Shown) -> Self {
        Self { too_long_for: Some(shown.into()), ..self }
    }

    /// `with_notes` for those who may read what people said.
    pub fn of(row: meeting::Model, with_notes: bool) -> Self {
        Self {
            id: row.id,
            opportunity: row.opportunity_id,
            title: row.title,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            location: row.location,
            notes: row.notes.filter(|_| with_notes),
            notes_shared_at: row.notes_shared_at,
            notes_agreed_at: row.notes_agreed_at,
            cancelled_at: row.cancelled_at,
            too_long_for: None,
        }
    }
}

/// Whether somebody was there, and who wrote it down.
#[derive(Object)]
pub struct AttendanceOut {
    /// Who.
    pub participant: ParticipantId,
    /// Whether they were there.
    pub attendance: Attendance,
    /// Written down by.
    pub recorded_by: String,
    /// Written down at.
    pub recorded_at: Time,
}

impl From<attendance::Model> for AttendanceOut {
    fn from(row: attendance::Model) -> Self {
        Self {
            participant: row.participant_id,
            attendance: row.attendance,
            recorded_by: row.recorded_by,
            recorded_at: row.recorded_at,
        }
    }
}

/// Somebody who is expected at a meeting.
#[derive(Object)]
pub struct ExpectedPersonOut {
    /// Who.
    participant: ParticipantId,
    /// Name, if they gave one.
    name: Option<String>,
    /// Language tag.
    language: String,
    /// What they need, as far as whoever leads a meeting may know; first what they cannot take part without.
    access_needs: Vec<NeedOut>,
    /// What you keep to when you work with them.
    working_with: WorkingWithOut,
}

impl From<Expected> for ExpectedPersonOut {
    fn from(one: Expected) -> Self {
        let (access_needs, working_with) = known(one.known);
        let person = one.person;
        Self { participant: person.id, name: person.name, language: person.language, access_needs, working_with }
    }
}

/// Something that people need of the venue. It names nobody.
#[derive(Object)]
pub struct VenueNeedOut {
    /// What is needed.
    need: String,
    /// What it is about.
    kind: NeedKind,
    /// Whether those who need it cannot take part without it.
    must_have: bool,
    /// How many people need it.
    people: u64,
}

impl From<ForVenue> for VenueNeedOut {
    fn from(one: ForVenue) -> Self {
        Self { need: one.need, kind: one.kind, must_have: one.must_have, people: one.people }
    }
}

/// Who is expected at a meeting, and what they need.
#[derive(Object)]
pub struct ExpectedOut {
    /// Those who hold a place, agree to take part, and have not sent word.
    people: Vec<ExpectedPersonOut>,
    /// What the venue may be told.
    venue: Vec<VenueNeedOut>,
}

impl From<Gathering> for ExpectedOut {
    fn from(gathering: Gathering) -> Self {
        let people = gathering.people.into_iter().map(ExpectedPersonOut::from).collect();
        Self { people, venue: gathering.venue.into_iter().map(VenueNeedOut::from).collect() }
    }
}

/// What a participant said about the notes.
#[derive(Object)]
pub struct NotesAnswerOut {
    /// Who.
    pub participant: ParticipantId,
    /// Whether the notes are right.
    pub agrees: bool,
    /// What is wrong.
    pub comment: Option<String>,
    /// When they said so.
    pub at: Time,
}

impl From<notes_agreement::Model> for NotesAnswerOut {
    fn from(row: notes_agreement::Model) -> Self {
        Self { participant: row.participant_id, agrees: row.agrees, comment: row.comment, at: row.at }
    }
}

/// A meeting, for somebody who takes part.
#[derive(Object)]
pub struct OwnMeetingOut {
    /// Its id.
    pub id: MeetingId,
    /// Its opportunity.
    pub opportunity: OpportunityId,
    /// What it is called.
    pub title: String,
    /// It begins.
    pub starts_at: Time,
    /// It ends.
    pub ends_at: Time,
    /// Where.
    pub location: Option<String>,
    /// Whether you were there, once it is written down.
    pub attendance: Option<Attendance>,
    /// The notes, once they are shared with you.
    pub notes: Option<String>,
    /// Whether you said that the notes are right.
    pub agrees: Option<bool>,
    /// What you said is wrong.
    pub comment: Option<String>,
    /// Since when it does not take place.
    pub cancelled_at: Option<Time>,
    /// The version you read here; name it when you say whether the notes are right.
    pub version: i32,
}

impl From<OwnMeeting> for OwnMeetingOut {
    fn from(own: OwnMeeting) -> Self {
        let row = own.meeting;
        Self {
            id: row.id,
            opportunity: row.opportunity_id,
            title: row.title,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            location: row.location,
            attendance: own.attendance,
            notes: row.notes,
            cancelled_at: row.cancelled_at,
            version: row.version,
            agrees: own.answer.as_ref().map(|answer| answer.agrees),
            comment: own.answer.and_then(|answer| answer.comment),
        }
    }
}

/// A contribution.
#[derive(Object)]
pub struct ContributionOut {
    /// Its id.
    pub id: ContributionId,
    /// Its opportunity.
    pub opportunity: OpportunityId,
    /// Given at this meeting.
    pub meeting: Option<MeetingId>,
    /// Whose it is; only for those who may read who the people are.
    #[oai(skip_serializing_if_is_none)]
    pub participant: Option<ParticipantId>,
    /// The words; empty once taken back.
    pub text: Option<String>,
    /// Whether they may be quoted.
    pub quote: QuotePermission,
    /// Whether a member of staff wrote it down, or the person.
    pub by_staff: bool,
    /// Given at.
    pub created_at: Time,
    /// Taken back at.
    pub withdrawn_at: Option<Time>,
}

/// A contribution that was taken in. Its words are not repeated here: this answer is kept for a day, and words that are
/// taken back must be nowhere.
#[derive(Object)]
pub struct GivenOut {
    /// Its id.
    pub id: ContributionId,
    /// Taken in at.
    pub created_at: Time,
}

impl From<contribution::Model> for GivenOut {
    fn from(row: contribution::Model) -> Self {
        Self { id: row.id, created_at: row.created_at }
    }
}

impl ContributionOut {
    pub fn of(row: contribution::Model, with_person: bool) -> Self {
        Self {
            id: row.id,
            opportunity: row.opportunity_id,
            meeting: row.meeting_id,
            participant: row.participant_id.filter(|_| with_person),
            text: row.text,
            quote: row.quote,
            by_staff: !row.recorded_by.starts_with("participant:"),
            created_at: row.created_at,
            withdrawn_at: row.withdrawn_at,
        }
    }
}
