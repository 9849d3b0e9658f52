//! Meetings and attendance.

use super::{ARRANGED, CANCELLED, CHANGED, revisions, telling};
use crate::{
    accounts::Actor,
    consent::permits::permitted_until_commit,
    platform::{
        Error, Platform, Result, Tx, audit,
        error::Violation,
        http::{Cursor, etag},
        text::Check,
    },
};
use entity::{
    Attendance, MeetingId, OpportunityId, OrganisationId, ParticipantId, PlaceState, Purpose, Time, attendance, meeting, place,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use std::collections::HashSet;

/// People on one list of attendance.
pub(super) const MOST: usize = 1000;
/// Rows in one statement: both databases limit the number of values.
const ROWS: usize = 500;

/// What a meeting is.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What it is called.
    pub title: String,
    /// It begins.
    pub starts_at: Time,
    /// It ends.
    pub ends_at: Time,
    /// Where.
    pub location: Option<String>,
}

impl Facts {
    /// Everything that is wrong, at once.
    pub fn check(&self) -> Result<()> {
        let mut check = Check::new();
        check.line("/title", &self.title, 200);
        check.time("/starts_at", self.starts_at).time("/ends_at", self.ends_at);
        check.that(self.ends_at > self.starts_at, "/ends_at", "order", "A meeting ends after it begins.");
        if let Some(location) = &self.location {
            check.length("/location", location, 500);
        }
        check.done()
    }
}

/// Adds a meeting to an opportunity. Whoever holds a place there gets a letter, if it lies ahead.
pub async fn create(
    tx: &Tx,
    platform: &Platform,
    actor: &Actor,
    opportunity: OpportunityId,
    facts: Facts,
) -> Result<meeting::Model> {
    facts.check()?;
    super::opportunity(tx, actor.organisation, opportunity).await?;
    let row = meeting::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(platform.clock.new_id()),
        opportunity_id: Set(opportunity),
        title: Set(facts.title.trim().to_owned()),
        starts_at: Set(facts.starts_at),
        ends_at: Set(facts.ends_at),
        location: Set(facts.location),
        notes: Set(None),
        notes_shared_at: Set(None),
        notes_agreed_at: Set(None),
        version: Set(1),
        created_at: Set(platform.clock.now()),
        cancelled_at: Set(None),
        sequence: Set(0),
    };
    let made = row.insert(tx).await?;
    revisions::keep(tx, &made, made.created_at).await?;
    telling::tell(tx, platform, &made, ARRANGED, &actor.by).await?;
    record(tx, platform, actor, "create_meeting", made.id).await?;
    Ok(made)
}

/// The meetings of an opportunity, in the order in which they were made.
pub async fn list(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    cursor: Cursor,
) -> Result<Vec<meeting::Model>> {
    super::opportunity(connection, organisation, opportunity).await?;
    let mut query = meeting::Entity::find()
        .filter(meeting::Column::OrganisationId.eq(organisation))
        .filter(meeting::Column::OpportunityId.eq(opportunity))
        .order_by_asc(meeting::Column::Id)
        .limit(cursor.limit + 1);
    if let Some(after) = cursor.after {
        query = query.filter(meeting::Column::Id.gt(after));
    }
    Ok(query.all(connection).await?)
}

/// One meeting of an opportunity.
pub async fn get(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    id: MeetingId,
) -> Result<meeting::Model> {
    let found = meeting::Entity::find_by_id((organisation, id)).one(connection).await?;
    found.filter(|meeting| meeting.opportunity_id == opportunity).ok_or(Error::NotFound("meeting"))
}

/// As [`get`], held until the transaction ends, so that two changes cannot cross.
pub(super) async fn hold(tx: &Tx, organisation: OrganisationId, id: MeetingId) -> Result<meeting::Model> {
    let found = meeting::Entity::find_by_id((organisation, id)).lock_exclusive().one(tx).await?;
    found.ok_or(Error::NotFound("meeting"))
}

/// A meeting that a member of staff is about to change.
pub(super) async fn hold_version(
    tx: &Tx,
    actor: &Actor,
    opportunity: OpportunityId,
    id: MeetingId,
    if_match: Option<&str>,
) -> Result<meeting::Model> {
    let found = hold(tx, actor.organisation, id).await?;
    if found.opportunity_id != opportunity {
        return Err(Error::NotFound("meeting"));
    }
    etag::expect(if_match, found.version)?;
    Ok(found)
}

/// Changes what a meeting is. Where that matters to those who come, they get a letter that says what has changed.
pub async fn change(
    platform: &Platform,
    actor: &Actor,
    opportunity: OpportunityId,
    id: MeetingId,
    if_match: Option<&str>,
    facts: Facts,
) -> Result<meeting::Model> {
    facts.check()?;
    let tx = platform.db.begin().await?;
    let old = hold_version(&tx, actor, opportunity, id, if_match).await?;
    if old.cancelled_at.is_some() {
        return Err(Error::conflict("cancelled", "This meeting does not take place. Add a new one instead."));
    }
    let title = facts.title.trim();
    let matters = old.title != title
        || old.starts_at != facts.starts_at
        || old.ends_at != facts.ends_at
        || old.location.as_deref().unwrap_or_default().trim() != facts.location.as_deref().unwrap_or_default().trim();
    let (version, sequence) = (old.version + 1, old.sequence + i32::from(matters));
    let mut row = old.into_active_model();
    row.title = Set(title.to_owned());
    row.starts_at = Set(facts.starts_at);
    row.ends_at = Set(facts.ends_at);
    row.location = Set(facts.location);
    row.version = Set(version);
    row.sequence = Set(sequence);
    let changed = row.update(&tx).await?;
    if matters {
        revisions::keep(&tx, &changed, platform.clock.now()).await?;
        telling::tell(&tx, platform, &changed, CHANGED, &actor.by).await?;
    }
    record(&tx, platform, actor, "change_meeting", id).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(changed)
}

/// Says that a meeting which lies ahead does not take place. Whoever was told of it gets a letter. Said again, it changes nothing.
pub async fn cancel(
    platform: &Platform,
    actor: &Actor,
    opportunity: OpportunityId,
    id: MeetingId,
    if_match: Option<&str>,
) -> Result<meeting::Model> {
    let tx = platform.db.begin().await?;
    let old = hold_version(&tx, actor, opportunity, id, if_match).await?;
    let now = platform.clock.now();
    if old.cancelled_at.is_some() {
        return Ok(old);
    }
    if old.starts_at <= now {
        return Err(Error::conflict("begun", "This meeting has begun, so it cannot be called off any more."));
    }
    let (version, sequence) = (old.version + 1, old.sequence + 1);
    let mut row = old.into_active_model();
    row.cancelled_at = Set(Some(now));
    row.version = Set(version);
    row.sequence = Set(sequence);
    let changed = row.update(&tx).await?;
    revisions::keep(&tx, &changed, now).await?;
    telling::tell(&tx, platform, &changed, CANCELLED, &actor.by).await?;
    record(&tx, platform, actor, "cancel_meeting", id).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(changed)
}

/// Who was there, as recorded, by participant.
pub async fn attendance(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    id: MeetingId,
) -> Result<Vec<attendance::Model>> {
    let rows = attendance::Entity::find()
        .filter(attendance::Column::OrganisationId.eq(organisation))
        .filter(attendance::Column::MeetingId.eq(id))
        .order_by_asc(attendance::Column::ParticipantId)
        .limit(MOST as u64)
        .all(connection)
        .await?;
    Ok(rows)
}

/// Replaces the list of who was there. Everybody on it holds a place, or held one when the meeting began, and agrees to take
/// part; what was recorded while somebody agreed may stay as it is.
pub async fn attend(
    platform: &Platform,
    actor: &Actor,
    opportunity: OpportunityId,
    id: MeetingId,
    if_match: Option<&str>,
    list: Vec<(ParticipantId, Attendance)>,
) -> Result<(meeting::Model, Vec<attendance::Model>)> {
    Check::new().items("", list.len(), MOST).done()?;
    let tx = platform.db.begin().await?;
    let old = hold_version(&tx, actor, opportunity, id, if_match).await?;
    check_list(&tx, platform, &old, &list).await?;
    attendance::Entity::delete_many()
        .filter(attendance::Column::OrganisationId.eq(actor.organisation))
        .filter(attendance::Column::MeetingId.eq(id))
        .exec(&tx)
        .await?;
    let now = platform.clock.now();
    for part in list.chunks(ROWS) {
        let rows = part.iter().map(|(participant, word)| attendance::ActiveModel {
            organisation_id: Set(actor.organisation),
            meeting_id: Set(id),
            participant_id: Set(*participant),
            attendance: Set(*word),
            recorded_by: Set(actor.by.clone()),
            recorded_at: Set(now),
        });
        attendance::Entity::insert_many(rows).exec_without_returning(&tx).await?;
    }
    let agreed = super::notes::agreed_by_all(&tx, &old).await?;
    let (version, before) = (old.version + 1, old.notes_agreed_at);
    let mut row = old.into_active_model();
    row.notes_agreed_at = Set(if agreed { before.or(Some(now)) } else { None });
    row.version = Set(version);
    let changed = row.update(&tx).await?;
    let rows = attendance(&tx, actor.organisation, id).await?;
    record(&tx, platform, actor, "record_attendance", id).await?;
    tx.commit().await?;
    Ok((changed, rows))
}

async fn check_list(tx: &Tx, platform: &Platform, meeting: &meeting::Model, list: &[(ParticipantId, Attendance)]) -> Result<()> {
    let held = Condition::any().add(place::Column::State.eq(PlaceState::Held)).add(
        Condition::all().add(place::Column::State.eq(PlaceState::Released)).add(place::Column::ReleasedAt.gt(meeting.starts_at)),
    );
    let mut holders = HashSet::new();
    for part in list.chunks(ROWS) {
        let ids: Vec<ParticipantId> = place::Entity::find()
            .select_only()
            .column(place::Column::ParticipantId)
            .filter(place::Column::OrganisationId.eq(meeting.organisation_id))
            .filter(place::Column::OpportunityId.eq(meeting.opportunity_id))
            .filter(held.clone())
            .filter(place::Column::ParticipantId.is_in(part.iter().map(|(participant, _)| *participant)))
            .into_tuple()
            .all(tx)
            .await?;
        holders.extend(ids);
    }
    let (organisation, about, now) = (meeting.organisation_id, meeting.opportunity_id.0, platform.clock.now());
    let people: Vec<ParticipantId> = list.iter().map(|(participant, _)| *participant).collect();
    let agreed = permitted_until_commit(tx, organisation, &people, Purpose::Participate, about, now).await?;
    let recorded: HashSet<(ParticipantId, Attendance)> =
        attendance(tx, organisation, meeting.id).await?.into_iter().map(|row| (row.participant_id, row.attendance)).collect();
    let (mut check, mut seen) = (Check::new(), HashSet::new());
    for (at, (participant, word)) in list.iter().enumerate() {
        let pointer = format!("/{at}/participant");
        check.that(seen.insert(*participant), &pointer, "twice", "Name each person once.");
        // Word that somebody sent themselves, before they left, may stay.
        if !holders.contains(participant) && !recorded.contains(&(*participant, *word)) {
            check.extend([Violation::new(pointer, "no_place", "This person held no place when the meeting began.")]);
        } else if !agreed.contains(participant) && !recorded.contains(&(*participant, *word)) {
            let detail = "This person has not agreed to take part, so nothing is recorded about them.";
            check.extend([Violation::new(pointer, "no_consent", detail)]);
        }
    }
    check.done()
}

pub(super) async fn record(tx: &Tx, platform: &Platform, actor: &Actor, action: &str, id: MeetingId) -> Result<()> {
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, action, &format!("meeting:{id}")).await
}

/// A time as people of an organisation say it.
pub(super) fn local(time_zone: &str, at: Time) -> String {
    let zone = time_zone.parse().unwrap_or(chrono_tz::Tz::UTC);
    at.with_timezone(&zone).format("%A %-d %B %Y, %H:%M").to_string()
}
