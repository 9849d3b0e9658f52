//! The notes of a meeting: written by staff, sent to those who were there, right when they say so.

use super::{NOTES, meetings};
use crate::{
    accounts::{Actor, Person},
    consent::permitting,
    invitations::parting,
    participants::unsubscribe_links,
    platform::{
        Error, Platform, Result, Tx,
        http::Cursor,
        mail::{self, NewLetter, priority},
        text::Check,
    },
};
use entity::{
    Attendance, MeetingId, OpportunityId, OrganisationId, ParticipantId, ParticipantState, PlaceState, Purpose, RecipientKind,
    Time, attendance, meeting, notes_agreement, participant, place,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
    sea_query::{ExprTrait, OnConflict, SelectStatement},
};
use std::collections::HashMap;

/// Meetings on somebody's first page.
const NOW: u64 = 20;

/// Writes the notes. Notes that were shared before and change now must be shared, and agreed, again.
pub async fn write(
    platform: &Platform,
    actor: &Actor,
    opportunity: OpportunityId,
    id: MeetingId,
    if_match: Option<&str>,
    text: String,
) -> Result<meeting::Model> {
    Check::new().text("/text", &text, 50_000).done()?;
    let tx = platform.db.begin().await?;
    let old = meetings::hold_version(&tx, actor, opportunity, id, if_match).await?;
    if old.notes.as_deref() == Some(&text) {
        return Ok(old);
    }
    notes_agreement::Entity::delete_many()
        .filter(notes_agreement::Column::OrganisationId.eq(actor.organisation))
        .filter(notes_agreement::Column::MeetingId.eq(id))
        .exec(&tx)
        .await?;
    let version = old.version + 1;
    let mut row = old.into_active_model();
    row.notes = Set(Some(text));
    row.notes_shared_at = Set(None);
    row.notes_agreed_at = Set(None);
    row.version = Set(version);
    let changed = row.update(&tx).await?;
    meetings::record(&tx, platform, actor, "write_notes", id).await?;
    tx.commit().await?;
    Ok(changed)
}

/// Sends the notes to everybody who was present or sent apologies, still agrees to take part, and has neither left nor is pausing.
/// Notes that are shared already are not sent again.
pub async fn share(
    tx: &Tx,
    platform: &Platform,
    actor: &Actor,
    opportunity: OpportunityId,
    id: MeetingId,
) -> Result<meeting::Model> {
    let old = meetings::hold_version(tx, actor, opportunity, id, Some("*")).await?;
    if old.notes.is_none() {
        return Err(Error::conflict("no_notes", "Write the notes first."));
    }
    if old.notes_shared_at.is_some() {
        return Ok(old);
    }
    let people = participant::Entity::find()
        .filter(participant::Column::OrganisationId.eq(actor.organisation))
        .filter(participant::Column::Id.in_subquery(concerned(actor.organisation, id)))
        .filter(participant::Column::Id.in_subquery(permitting(
            actor.organisation,
            Purpose::Participate,
            opportunity.0,
            platform.clock.now(),
        )))
        .filter(participant::Column::Id.not_in_subquery(parting::away(actor.organisation, opportunity)))
        .filter(participant::Column::State.eq(ParticipantState::Joined))
        .all(tx)
        .await?;
    if people.is_empty() {
        let detail = "The notes go to those who were there and still agree to take part. Record first who that is.";
        return Err(Error::conflict("nobody_there", detail));
    }
    let batch = mail::open_batch(tx, &platform.clock, Some(actor.organisation), NOTES, Some(id.0), &actor.by).await?;
    let letters: Vec<_> = people
        .into_iter()
        .map(|person| NewLetter {
            id: platform.clock.new_id(),
            kind: NOTES,
            recipient_kind: RecipientKind::Participant,
            recipient_id: person.id.0,
            subject_id: Some(id.0),
            address: person.email,
            n: 0,
            priority: priority::TRANSACTIONAL,
            expires_at: None,
        })
        .collect();
    let stop: Vec<_> = letters.iter().map(|letter| (letter.id, ParticipantId(letter.recipient_id))).collect();
    unsubscribe_links(tx, platform, actor.organisation, &stop).await?;
    mail::enqueue(tx, &platform.clock, Some(actor.organisation), batch, &letters).await?;
    let version = old.version + 1;
    let mut row = old.into_active_model();
    row.notes_shared_at = Set(Some(platform.clock.now()));
    row.version = Set(version);
    let changed = row.update(tx).await?;
    meetings::record(tx, platform, actor, "share_notes", id).await?;
    Ok(changed)
}

/// Those to whom the notes belong, as a subquery.
fn concerned(organisation: OrganisationId, id: MeetingId) -> SelectStatement {
    attendance::Entity::find()
        .select_only()
        .column(attendance::Column::ParticipantId)
        .filter(attendance::Column::OrganisationId.eq(organisation))
        .filter(attendance::Column::MeetingId.eq(id))
        .filter(attendance::Column::Attendance.is_in([Attendance::Present, Attendance::Apologies]))
        .into_query()
}

/// Whether there was somebody, and all who were there have said that the notes are right.
pub(super) async fn agreed_by_all(connection: &impl ConnectionTrait, meeting: &meeting::Model) -> Result<bool> {
    let agreed = notes_agreement::Entity::find()
        .select_only()
        .column(notes_agreement::Column::ParticipantId)
        .filter(notes_agreement::Column::OrganisationId.eq(meeting.organisation_id))
        .filter(notes_agreement::Column::MeetingId.eq(meeting.id))
        .filter(notes_agreement::Column::Agrees.eq(true))
        .into_query();
    let present = attendance::Entity::find()
        .filter(attendance::Column::OrganisationId.eq(meeting.organisation_id))
        .filter(attendance::Column::MeetingId.eq(meeting.id))
        .filter(attendance::Column::Attendance.eq(Attendance::Present));
    let all = present.clone().count(connection).await?;
    let without = present.filter(attendance::Column::ParticipantId.not_in_subquery(agreed)).count(connection).await?;
    Ok(meeting.notes_shared_at.is_some() && all > 0 && without == 0)
}

/// A participant says that the notes, as they read them, are right, or what is wrong. They can change their mind.
pub async fn answer(
    platform: &Platform,
    person: &Person,
    id: MeetingId,
    read: i32,
    agrees: bool,
    comment: Option<String>,
) -> Result<()> {
    let mut check = Check::new();
    if let Some(comment) = &comment {
        check.length("/comment", comment, 5000);
    }
    let says_why = agrees || comment.as_deref().is_some_and(|comment| !comment.trim().is_empty());
    check.that(says_why, "/comment", "required", "Say what is wrong with the notes.").done()?;
    let tx = platform.db.begin().await?;
    let meeting = meetings::hold(&tx, person.organisation, id).await?;
    let there = attendance::Entity::find_by_id((person.organisation, id, person.participant)).one(&tx).await?;
    there.filter(|row| row.attendance != Attendance::Absent).ok_or(Error::NotFound("meeting"))?;
    if meeting.notes_shared_at.is_none() {
        return Err(Error::conflict("not_shared", "There are no notes to read yet."));
    }
    if meeting.version != read {
        return Err(Error::Stale);
    }
    let row = notes_agreement::ActiveModel {
        organisation_id: Set(person.organisation),
        meeting_id: Set(id),
        participant_id: Set(person.participant),
        agrees: Set(agrees),
        comment: Set(comment),
        at: Set(platform.clock.now()),
    };
    use notes_agreement::Column::{Agrees, At, Comment, MeetingId, OrganisationId, ParticipantId};
    let again = OnConflict::columns([OrganisationId, MeetingId, ParticipantId]).update_columns([Agrees, Comment, At]).to_owned();
    notes_agreement::Entity::insert(row).on_conflict(again).exec_without_returning(&tx).await?;
    settle(&tx, platform, meeting).await?;
    tx.commit().await?;
    Ok(())
}

/// Notes whether all who were there agree now.
pub(super) async fn settle(tx: &Tx, platform: &Platform, meeting: meeting::Model) -> Result<()> {
    let agreed = agreed_by_all(tx, &meeting).await?;
    let before = meeting.notes_agreed_at;
    let mut row = meeting.into_active_model();
    row.notes_agreed_at = Set(if agreed { before.or(Some(platform.clock.now())) } else { None });
    row.update(tx).await?;
    Ok(())
}

/// What participants said about the notes.
pub async fn answers(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    id: MeetingId,
) -> Result<Vec<notes_agreement::Model>> {
    let rows = notes_agreement::Entity::find()
        .filter(notes_agreement::Column::OrganisationId.eq(organisation))
        .filter(notes_agreement::Column::MeetingId.eq(id))
        .order_by_asc(notes_agreement::Column::ParticipantId)
        .limit(1000)
        .all(connection)
        .await?;
    Ok(rows)
}

/// A meeting as one participant sees it.
pub struct OwnMeeting {
    /// The meeting. Its notes are there for those to whom they belong, once shared.
    pub meeting: meeting::Model,
    /// Whether the person was there, once recorded.
    pub attendance: Option<Attendance>,
    /// What the person said about the notes.
    pub answer: Option<notes_agreement::Model>,
}

/// The meetings of the person's opportunities.
pub async fn own(connection: &impl ConnectionTrait, person: &Person, cursor: Cursor) -> Result<Vec<OwnMeeting>> {
    let mut query = mine(person).order_by_asc(meeting::Column::Id).limit(cursor.limit + 1);
    if let Some(after) = cursor.after {
        query = query.filter(meeting::Column::Id.gt(after));
    }
    as_seen(connection, person, query.all(connection).await?).await
}

/// One of them.
pub async fn own_one(connection: &impl ConnectionTrait, person: &Person, id: MeetingId) -> Result<OwnMeeting> {
    let found = mine(person).filter(meeting::Column::Id.eq(id)).all(connection).await?;
    as_seen(connection, person, found).await?.pop().ok_or(Error::NotFound("meeting"))
}

/// Those that are not over, and those with notes about which the person has said nothing yet: the next ones, in their order.
pub async fn own_now(connection: &impl ConnectionTrait, person: &Person, now: Time) -> Result<Vec<OwnMeeting>> {
    let answered = notes_agreement::Entity::find()
        .select_only()
        .column(notes_agreement::Column::MeetingId)
        .filter(notes_agreement::Column::OrganisationId.eq(person.organisation))
        .filter(notes_agreement::Column::ParticipantId.eq(person.participant))
        .into_query();
    let theirs = been(person).filter(attendance::Column::Attendance.ne(Attendance::Absent)).into_query();
    let unsaid = Condition::all()
        .add(meeting::Column::NotesSharedAt.is_not_null())
        .add(meeting::Column::Id.in_subquery(theirs))
        .add(meeting::Column::Id.not_in_subquery(answered));
    // Of what somebody has left, nothing is to come for them.
    let left = parting::left_by(person.organisation, person.participant);
    let coming = meeting::Column::EndsAt.gte(now).and(meeting::Column::OpportunityId.not_in_subquery(left));
    let unsaid =
        unsaid.add(meeting::Column::OpportunityId.not_in_subquery(parting::left_by(person.organisation, person.participant)));
    let query = mine(person).filter(Condition::any().add(coming).add(unsaid));
    let query = query.order_by_asc(meeting::Column::StartsAt).order_by_asc(meeting::Column::Id).limit(NOW);
    as_seen(connection, person, query.all(connection).await?).await
}

/// The meetings that the person was recorded for.
fn been(person: &Person) -> Select<attendance::Entity> {
    attendance::Entity::find()
        .select_only()
        .column(attendance::Column::MeetingId)
        .filter(attendance::Column::OrganisationId.eq(person.organisation))
        .filter(attendance::Column::ParticipantId.eq(person.participant))
}

/// The meetings of what the person holds a place in, and those that they were recorded for.
fn mine(person: &Person) -> Select<meeting::Entity> {
    let places = place::Entity::find()
        .select_only()
        .column(place::Column::OpportunityId)
        .filter(place::Column::OrganisationId.eq(person.organisation))
        .filter(place::Column::ParticipantId.eq(person.participant))
        .filter(place::Column::State.eq(PlaceState::Held))
        .into_query();
    let mine = Condition::any()
        .add(meeting::Column::OpportunityId.in_subquery(places))
        .add(meeting::Column::Id.in_subquery(been(person).into_query()));
    meeting::Entity::find().filter(meeting::Column::OrganisationId.eq(person.organisation)).filter(mine)
}

/// Meetings as the person sees them: notes are there for those to whom they belong.
async fn as_seen(connection: &impl ConnectionTrait, person: &Person, meetings: Vec<meeting::Model>) -> Result<Vec<OwnMeeting>> {
    let ids: Vec<MeetingId> = meetings.iter().map(|meeting| meeting.id).collect();
    let attended = attendance::Entity::find()
        .filter(attendance::Column::OrganisationId.eq(person.organisation))
        .filter(attendance::Column::ParticipantId.eq(person.participant))
        .filter(attendance::Column::MeetingId.is_in(ids.clone()))
        .all(connection)
        .await?;
    let attended: HashMap<_, _> = attended.into_iter().map(|row| (row.meeting_id, row.attendance)).collect();
    let answers = notes_agreement::Entity::find()
        .filter(notes_agreement::Column::OrganisationId.eq(person.organisation))
        .filter(notes_agreement::Column::ParticipantId.eq(person.participant))
        .filter(notes_agreement::Column::MeetingId.is_in(ids))
        .all(connection)
        .await?;
    let mut answers: HashMap<_, _> = answers.into_iter().map(|row| (row.meeting_id, row)).collect();
    let own = meetings.into_iter().map(|mut meeting| {
        let attendance = attended.get(&meeting.id).copied();
        if meeting.notes_shared_at.is_none() || attendance.is_none_or(|word| word == Attendance::Absent) {
            meeting.notes = None;
        }
        OwnMeeting { answer: answers.remove(&meeting.id), attendance, meeting }
    });
    Ok(own.collect())
}
