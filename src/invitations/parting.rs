//! How somebody changed the part that they have in something: left, lighter, or a pause. It holds at once, without a reason.
//!
//! Whoever takes part as they said has no row. As long as there is one, nothing is written to the person about the part.

use super::{
    Guest, places,
    replies::{self, take_lighter},
};
use crate::{
    accounts::Person,
    opportunities::tasks,
    platform::{Error, Platform, Result, Tx},
};
use chrono::{Days, NaiveDate, TimeZone};
use chrono_tz::Tz;
use entity::{
    InvitationId, InvitationState, OpportunityId, OpportunityKind, OrganisationId, PartState, ParticipantId, PlaceState,
    TaskKind, Time, invitation, opportunity, part, place,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{LockType, OnConflict, SelectStatement},
};

/// The part that somebody has, or had, in something.
#[derive(Clone, Debug)]
pub struct Held {
    /// In what.
    pub about: opportunity::Model,
    /// The invitation that they answered.
    pub invitation: Option<invitation::Model>,
    /// Their place, given up or not.
    pub place: Option<place::Model>,
    /// How they changed it.
    pub part: Option<part::Model>,
}

impl Held {
    /// The part of somebody. Whoever never had any finds nothing.
    pub async fn read(connection: &impl ConnectionTrait, person: &Person, id: OpportunityId) -> Result<Self> {
        let about = opportunity::Entity::find_by_id((person.organisation, id)).one(connection).await?;
        Self::of(connection, person, about.ok_or(Error::NotFound("opportunity"))?).await
    }

    /// The same for somebody who is about to change it: it stays so until the commit.
    pub async fn hold(tx: &Tx, person: &Person, id: OpportunityId) -> Result<Self> {
        Self::read(tx, person, id).await?;
        // Whoever adds to what was given holds this row, and so does whoever says which theme rests on it.
        let mut held = opportunity::Entity::find_by_id((person.organisation, id));
        QuerySelect::query(&mut held).lock(LockType::NoKeyUpdate);
        let about = held.one(tx).await?.ok_or(Error::NotFound("opportunity"))?;
        // Places come first, then invitations.
        let about = places::hold(tx, about).await?;
        invitation::Entity::find()
            .filter(invitation::Column::OrganisationId.eq(person.organisation))
            .filter(invitation::Column::OpportunityId.eq(id))
            .filter(invitation::Column::ParticipantId.eq(person.participant))
            .lock_exclusive()
            .one(tx)
            .await?;
        Self::of(tx, person, about).await
    }

    async fn of(connection: &impl ConnectionTrait, person: &Person, about: opportunity::Model) -> Result<Self> {
        let (organisation, id, who) = (person.organisation, about.id, person.participant);
        let invitation = invitation::Entity::find()
            .filter(invitation::Column::OrganisationId.eq(organisation))
            .filter(invitation::Column::OpportunityId.eq(id))
            .filter(invitation::Column::ParticipantId.eq(who))
            .one(connection)
            .await?;
        let place = places::of(connection, organisation, id, who).await?;
        let part = self::of(connection, organisation, id, who).await?;
        let held = Self { about, invitation, place, part };
        if held.takes_part() || held.waits() || held.left() { Ok(held) } else { Err(Error::NotFound("opportunity")) }
    }

    /// Whether the person holds a place, or has said yes.
    pub fn takes_part(&self) -> bool {
        self.has(PlaceState::Held) || self.said(InvitationState::Accepted)
    }

    /// Whether the person waits for a place.
    pub fn waits(&self) -> bool {
        self.has(PlaceState::Waiting) || self.said(InvitationState::Waiting)
    }

    /// Whether the person has left, or chosen a lighter way.
    pub fn left(&self) -> bool {
        self.part.as_ref().is_some_and(|part| part.state != PartState::Paused)
    }

    /// Until when the person is pausing, if they are: they stay so until they say that they go on.
    pub fn paused(&self) -> Option<&part::Model> {
        self.part.as_ref().filter(|part| part.state == PartState::Paused)
    }

    fn has(&self, state: PlaceState) -> bool {
        self.place.as_ref().is_some_and(|place| place.state == state)
    }

    fn said(&self, state: InvitationState) -> bool {
        self.invitation.as_ref().is_some_and(|invitation| invitation.state == state)
    }

    fn guest(&self, person: &Person) -> Option<Guest> {
        let invitation = self.invitation.clone()?;
        Some(Guest { organisation: person.organisation, participant: person.participant, invitation })
    }

    /// Lighter ways that the person could choose instead, also after this has closed.
    pub async fn lighter(
        &self,
        connection: &impl ConnectionTrait,
        platform: &Platform,
        person: &Person,
    ) -> Result<Vec<opportunity::Model>> {
        match self.guest(person) {
            Some(guest) if !self.left() => replies::lighter(connection, platform, &guest, &self.about).await,
            _ => Ok(Vec::new()),
        }
    }
}

/// Leaves: what was held goes to the next in line. Nothing more is asked about this project.
pub async fn leave(tx: &Tx, platform: &Platform, person: &Person, held: &Held) -> Result<()> {
    step_down(tx, platform, person, held, InvitationState::Declined).await
}

/// Takes part in a lighter way instead. Answers the invitation that was made for it, if the person had none.
pub async fn take(tx: &Tx, platform: &Platform, person: &Person, held: &Held, to: OpportunityId) -> Result<Option<InvitationId>> {
    let way = held.lighter(tx, platform, person).await?.into_iter().find(|way| way.id == to);
    let way = way.ok_or_else(|| Error::invalid("/to", "not_offered", "Choose one of the lighter ways that are offered."))?;
    step_down(tx, platform, person, held, InvitationState::SteppedDown).await?;
    match held.guest(person) {
        Some(guest) => take_lighter(tx, platform, &guest, &way).await,
        None => Ok(None),
    }
}

async fn step_down(tx: &Tx, platform: &Platform, person: &Person, held: &Held, state: InvitationState) -> Result<()> {
    if let Some(invitation) = &held.invitation {
        replies::leave(tx, platform, invitation.clone(), &held.about, state).await?;
    }
    places::release(tx, platform, &held.about, person.participant).await
}

/// Keeps that somebody has stepped down: nothing more is written to them about it, but what came of it where they took part. Staff
/// are told what that leaves to do. `was` and `is` are the states of the invitation.
pub(super) async fn stepped_down(
    tx: &Tx,
    platform: &Platform,
    about: &opportunity::Model,
    participant: ParticipantId,
    (was, is): (InvitationState, InvitationState),
) -> Result<()> {
    let (state, kind) = match is {
        InvitationState::SteppedDown => (PartState::Lighter, TaskKind::Lighter),
        _ => (PartState::Left, TaskKind::Left),
    };
    let took_part = was == InvitationState::Accepted;
    let row = part::Model {
        organisation_id: about.organisation_id,
        opportunity_id: about.id,
        participant_id: participant,
        state,
        paused_until: None,
        asked_at: None,
        results: took_part,
        changed_at: platform.clock.now(),
    };
    keep(tx, row).await?;
    match took_part {
        true => note(tx, platform, about, participant, kind).await,
        false => tasks::give_way(tx, platform, about.organisation_id, about.id, participant).await,
    }
}

/// Notes for staff that somebody who took part has changed it. Consultations have no parts that somebody else could take on.
pub async fn note(
    tx: &Tx,
    platform: &Platform,
    about: &opportunity::Model,
    participant: ParticipantId,
    kind: TaskKind,
) -> Result<()> {
    match about.kind {
        OpportunityKind::Consultation => Ok(()),
        _ => tasks::part_changed(tx, platform, about, tasks::Step { participant, kind, until: None }).await,
    }
}

/// Keeps how somebody changed their part; what they said last counts.
pub async fn keep(tx: &Tx, row: part::Model) -> Result<()> {
    use part::Column::{AskedAt, ChangedAt, OpportunityId, OrganisationId, ParticipantId, PausedUntil, Results, State};
    let row = part::ActiveModel {
        organisation_id: Set(row.organisation_id),
        opportunity_id: Set(row.opportunity_id),
        participant_id: Set(row.participant_id),
        state: Set(row.state),
        paused_until: Set(row.paused_until),
        asked_at: Set(row.asked_at),
        results: Set(row.results),
        changed_at: Set(row.changed_at),
    };
    let again = OnConflict::columns([OrganisationId, OpportunityId, ParticipantId])
        .update_columns([State, PausedUntil, AskedAt, Results, ChangedAt])
        .to_owned();
    part::Entity::insert(row).on_conflict(again).exec_without_returning(tx).await?;
    Ok(())
}

/// Somebody takes part again as they said at first.
pub async fn forget(tx: &Tx, organisation: OrganisationId, id: OpportunityId, participant: ParticipantId) -> Result<()> {
    part::Entity::delete_by_id((organisation, id, participant)).exec(tx).await?;
    Ok(())
}

/// Whoever has no part any more is not pausing, and staff need not think about that.
pub async fn end_pause(
    tx: &Tx,
    platform: &Platform,
    organisation: OrganisationId,
    id: OpportunityId,
    participant: ParticipantId,
) -> Result<()> {
    part::Entity::delete_many()
        .filter(part::Column::OrganisationId.eq(organisation))
        .filter(part::Column::OpportunityId.eq(id))
        .filter(part::Column::ParticipantId.eq(participant))
        .filter(part::Column::State.eq(PartState::Paused))
        .exec(tx)
        .await?;
    tasks::give_way(tx, platform, organisation, id, participant).await
}

/// Whether somebody holds a place or waits for one, or has said yes.
pub async fn has_part(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    id: OpportunityId,
    participant: ParticipantId,
) -> Result<bool> {
    let place = places::of(connection, organisation, id, participant).await?;
    if place.is_some_and(|place| place.state != PlaceState::Released) {
        return Ok(true);
    }
    let said = invitation::Entity::find()
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::OpportunityId.eq(id))
        .filter(invitation::Column::ParticipantId.eq(participant))
        .filter(invitation::Column::State.is_in([InvitationState::Accepted, InvitationState::Waiting]))
        .one(connection)
        .await?;
    Ok(said.is_some())
}

/// How somebody changed their part, if they have.
pub async fn of(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    id: OpportunityId,
    participant: ParticipantId,
) -> Result<Option<part::Model>> {
    Ok(part::Entity::find_by_id((organisation, id, participant)).one(connection).await?)
}

/// Those to whom nothing is written about their part in something, as a subquery.
pub fn away(organisation: OrganisationId, id: OpportunityId) -> SelectStatement {
    changed(organisation, id).into_query()
}

/// Those who have stepped down, or are pausing, and are told what came of it, or are not; as a subquery.
pub fn hears(organisation: OrganisationId, id: OpportunityId, results: bool) -> SelectStatement {
    changed(organisation, id).filter(part::Column::Results.eq(results)).into_query()
}

fn changed(organisation: OrganisationId, id: OpportunityId) -> sea_orm::Select<part::Entity> {
    part::Entity::find()
        .select_only()
        .column(part::Column::ParticipantId)
        .filter(part::Column::OrganisationId.eq(organisation))
        .filter(part::Column::OpportunityId.eq(id))
}

/// What somebody has left, as a subquery.
pub fn left_by(organisation: OrganisationId, participant: ParticipantId) -> SelectStatement {
    part::Entity::find()
        .select_only()
        .column(part::Column::OpportunityId)
        .filter(part::Column::OrganisationId.eq(organisation))
        .filter(part::Column::ParticipantId.eq(participant))
        .filter(part::Column::State.ne(PartState::Paused))
        .into_query()
}

/// The instant at which the day after a pause begins.
pub fn after(until: NaiveDate, zone: Tz) -> Option<Time> {
    let morning = until.checked_add_days(Days::new(1))?.and_hms_opt(0, 0, 0)?;
    // Where clocks go forward at midnight, the day begins an hour later.
    let begins = zone.from_local_datetime(&morning).earliest();
    let begins = begins.or_else(|| zone.from_local_datetime(&(morning + chrono::Duration::hours(1))).earliest());
    begins.map(|begins| begins.with_timezone(&chrono::Utc))
}
