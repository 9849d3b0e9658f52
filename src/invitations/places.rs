//! Places of workshops, groups, panels and roles: taken in the order of the yeses, with a waiting list behind them.

use super::{
    NO_PLACE, PLACE, PLACE_FREED,
    letters::topics_of,
    make::{self, Letters},
    posted, rules,
};
use crate::{
    accounts::{Actor, readings},
    consent::permitting,
    opportunities::{self, passes_places_on, ways},
    participants::rules::objection,
    platform::{
        Error, Platform, Result, Tx,
        http::Cursor,
        jobs::{NewJob, enqueue},
        mail::{self, priority},
    },
};
use entity::{
    InvitationId, InvitationState, OpportunityId, OpportunityKind, OpportunityState, OrganisationId, ParticipantId,
    ParticipantState, PlaceId, PlaceState, PreferenceDoc, Purpose, ReadingOf, invitation, opportunity, participant, place,
    preference,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, RelationDef,
    sea_query::{Expr, SelectStatement},
};
use serde_json::json;
use std::collections::HashMap;

/// So many people on a waiting list are looked at in one go.
const LINE: u64 = 100;

/// Takes a place, or a place on the waiting list. Taking it again changes nothing.
pub async fn take(
    tx: &Tx,
    platform: &Platform,
    opportunity: &opportunity::Model,
    participant: ParticipantId,
) -> Result<PlaceState> {
    let (organisation, most) = (opportunity.organisation_id, opportunity.places);
    lock(tx, organisation, opportunity.id).await?;
    let own = of(tx, organisation, opportunity.id, participant).await?;
    if let Some(own) = &own
        && own.state != PlaceState::Released
    {
        return Ok(own.state);
    }
    // A place that is held for somebody who has not answered yet is not free for others.
    let taken = taken(tx, platform, opportunity, Some(participant)).await?;
    let free = most.is_none_or(|most| taken < u64::try_from(most).unwrap_or(0));
    let state = if free { PlaceState::Held } else { PlaceState::Waiting };
    let last = place::Entity::find()
        .filter(place::Column::OrganisationId.eq(organisation))
        .filter(place::Column::OpportunityId.eq(opportunity.id))
        .order_by_desc(place::Column::Position)
        .one(tx)
        .await?;
    let position = last.map_or(0, |last| last.position) + 1;
    match own {
        Some(own) => {
            let mut row = own.into_active_model();
            row.state = Set(state);
            row.position = Set(position);
            row.released_at = Set(None);
            row.update(tx).await?;
        }
        None => {
            let row = place::ActiveModel {
                organisation_id: Set(organisation),
                id: Set(platform.clock.new_id()),
                opportunity_id: Set(opportunity.id),
                participant_id: Set(participant),
                state: Set(state),
                position: Set(position),
                created_at: Set(platform.clock.now()),
                released_at: Set(None),
            };
            place::Entity::insert(row).exec_without_returning(tx).await?;
        }
    }
    Ok(state)
}

/// Gives a place up, which is always possible. Until it begins, the first on the waiting list who still agrees to take part
/// moves up and is told; if nobody waits and people can still say yes, matching is told.
pub async fn release(tx: &Tx, platform: &Platform, opportunity: &opportunity::Model, participant: ParticipantId) -> Result<()> {
    let organisation = opportunity.organisation_id;
    lock(tx, organisation, opportunity.id).await?;
    let Some(own) = of(tx, organisation, opportunity.id, participant).await?.filter(|own| own.state != PlaceState::Released)
    else {
        return Ok(());
    };
    let was_held = own.state == PlaceState::Held;
    let mut row = own.into_active_model();
    row.state = Set(PlaceState::Released);
    row.released_at = Set(Some(platform.clock.now()));
    row.update(tx).await?;
    if let Some(invitation) = invitation_of(tx, organisation, opportunity.id, participant).await? {
        // Nobody reads that they have the place which they have given up.
        posted::take_back(tx, organisation, invitation.id, &[PLACE]).await?;
    }
    if !was_held || !passes_places_on(opportunity, platform.clock.now()) {
        return Ok(());
    }
    if !move_up_next(tx, platform, opportunity).await? && opportunity.state == OpportunityState::Open {
        freed(tx, platform, organisation, opportunity.id).await?;
    }
    Ok(())
}

/// Places that somebody has, or that are held for somebody who was asked and may still answer; without those of one person.
pub async fn taken(
    tx: &Tx,
    platform: &Platform,
    opportunity: &opportunity::Model,
    without: Option<ParticipantId>,
) -> Result<u64> {
    let organisation = opportunity.organisation_id;
    let today = opportunities::today(platform.clock.now(), opportunities::zone(tx, organisation).await?);
    let mut held = invitation::Entity::find()
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::OpportunityId.eq(opportunity.id))
        .filter(invitation::Column::State.is_in(rules::OPEN))
        .filter(invitation::Column::HeldUntil.gte(today));
    if let Some(without) = without {
        held = held.filter(invitation::Column::ParticipantId.ne(without));
    }
    Ok(count(tx, organisation, opportunity.id, PlaceState::Held).await? + held.count(tx).await?)
}

/// Moves up those who wait while places are free: they have said yes, so they come before anybody who was not asked yet.
pub async fn fill(tx: &Tx, platform: &Platform, opportunity: &opportunity::Model) -> Result<()> {
    let most = u64::try_from(opportunity.places.unwrap_or(0)).unwrap_or(0);
    while taken(tx, platform, opportunity, None).await? < most {
        if !move_up_next(tx, platform, opportunity).await? {
            break;
        }
    }
    Ok(())
}

/// Moves up the next in line. Answers whether there was one.
async fn move_up_next(tx: &Tx, platform: &Platform, opportunity: &opportunity::Model) -> Result<bool> {
    let Some(next) = next_in_line(tx, platform, opportunity).await? else { return Ok(false) };
    move_up(tx, platform, opportunity, next).await?;
    Ok(true)
}

/// The first on the waiting list who is still here, still agrees to take part, and whose wishes, as they are now, do not speak
/// against it. Whoever is passed over stays where they are in the line.
async fn next_in_line(tx: &Tx, platform: &Platform, about: &opportunity::Model) -> Result<Option<place::Model>> {
    let (organisation, now) = (about.organisation_id, platform.clock.now());
    let topics = topics_of(tx, organisation, about.id).await?;
    let zone = opportunities::zone(tx, organisation).await?;
    // Told today that they have a place, they need as much notice as they asked for.
    let offer = rules::offer(about, &topics, now, zone, now);
    let mut after = i32::MIN;
    loop {
        let line = place::Entity::find()
            .filter(place::Column::ParticipantId.in_subquery(still_here(organisation)))
            .filter(place::Column::ParticipantId.in_subquery(permitting(organisation, Purpose::Participate, about.id.0, now)))
            .filter(place::Column::OrganisationId.eq(organisation))
            .filter(place::Column::OpportunityId.eq(about.id))
            .filter(place::Column::State.eq(PlaceState::Waiting))
            .filter(place::Column::Position.gt(after))
            .order_by_asc(place::Column::Position)
            .limit(LINE)
            .all(tx)
            .await?;
        let Some(last) = line.last() else { return Ok(None) };
        after = last.position;
        let wishes: HashMap<ParticipantId, PreferenceDoc> = preference::Entity::find()
            .join(JoinType::InnerJoin, current_wish())
            .filter(participant::Column::OrganisationId.eq(organisation))
            .filter(participant::Column::Id.is_in(line.iter().map(|place| place.participant_id)))
            .all(tx)
            .await?
            .into_iter()
            .map(|row| (row.participant_id, row.document))
            .collect();
        let unspoken = PreferenceDoc::unspoken();
        let fits = |place: &place::Model| objection(wishes.get(&place.participant_id).unwrap_or(&unspoken), &offer).is_none();
        if let Some(next) = line.into_iter().find(fits) {
            return Ok(Some(next));
        }
    }
}

/// From a wish to the person whose wish it is now.
fn current_wish() -> RelationDef {
    preference::Entity::belongs_to(participant::Entity)
        .from((preference::Column::OrganisationId, preference::Column::Id))
        .to((participant::Column::OrganisationId, participant::Column::PreferenceId))
        .into()
}

/// Ends the waiting list where no place can become free any more, and tells each who waited. The one place where a waiting list
/// ends by itself; whoever calls it holds the opportunity.
pub async fn end_waiting(tx: &Tx, platform: &Platform, about: &opportunity::Model) -> Result<()> {
    let (organisation, now) = (about.organisation_id, platform.clock.now());
    place::Entity::update_many()
        .col_expr(place::Column::State, Expr::value(PlaceState::Released.word()))
        .col_expr(place::Column::ReleasedAt, Expr::value(now))
        .filter(place::Column::OrganisationId.eq(organisation))
        .filter(place::Column::OpportunityId.eq(about.id))
        .filter(place::Column::State.eq(PlaceState::Waiting))
        .exec(tx)
        .await?;
    let ended = invitation::Entity::update_many()
        .col_expr(invitation::Column::State, Expr::value(InvitationState::Ended.word()))
        .col_expr(invitation::Column::EndedAt, Expr::value(now))
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::OpportunityId.eq(about.id))
        .filter(invitation::Column::State.eq(InvitationState::Waiting))
        .exec_with_returning(tx)
        .await?;
    for ended in ended.chunks(1000) {
        let addresses: HashMap<ParticipantId, String> = participant::Entity::find()
            .select_only()
            .columns([participant::Column::Id, participant::Column::Email])
            .filter(participant::Column::Id.in_subquery(still_here(organisation)))
            .filter(participant::Column::OrganisationId.eq(organisation))
            .filter(participant::Column::Id.is_in(ended.iter().map(|row| row.participant_id)))
            .into_tuple()
            .all(tx)
            .await?
            .into_iter()
            .collect();
        let people: Vec<_> = ended
            .iter()
            .filter_map(|row| Some((row.id, row.participant_id, addresses.get(&row.participant_id)?.as_str())))
            .collect();
        if !people.is_empty() {
            write(tx, platform, about, NO_PLACE, 0, &people).await?;
        }
    }
    Ok(())
}

/// Writes about places to people.
pub(super) async fn write(
    tx: &Tx,
    platform: &Platform,
    about: &opportunity::Model,
    kind: &'static str,
    n: i32,
    people: &[(InvitationId, ParticipantId, &str)],
) -> Result<()> {
    let organisation = about.organisation_id;
    let batch = mail::batch_about(tx, &platform.clock, organisation, kind, about.id.0, "system").await?;
    let letters = Letters { organisation, batch, kind, n, priority: priority::TRANSACTIONAL, expires_at: None };
    make::write(tx, platform, letters, people).await
}

/// People who have not left: nobody else moves up.
fn still_here(organisation: OrganisationId) -> SelectStatement {
    participant::Entity::find()
        .select_only()
        .column(participant::Column::Id)
        .filter(participant::Column::OrganisationId.eq(organisation))
        .filter(participant::Column::State.eq(ParticipantState::Joined))
        .into_query()
}

/// Frees what somebody who leaves held or waited for; their invitations end.
pub async fn leave_all(tx: &Tx, platform: &Platform, organisation: OrganisationId, participant: ParticipantId) -> Result<()> {
    let held = place::Entity::find()
        .filter(place::Column::OrganisationId.eq(organisation))
        .filter(place::Column::ParticipantId.eq(participant))
        .filter(place::Column::State.ne(PlaceState::Released))
        .order_by_asc(place::Column::OpportunityId)
        .all(tx)
        .await?;
    for place in held {
        let opportunity = lock(tx, organisation, place.opportunity_id).await?;
        invitation::Entity::update_many()
            .col_expr(invitation::Column::State, Expr::value(InvitationState::Withdrawn.word()))
            .col_expr(invitation::Column::EndedAt, Expr::value(platform.clock.now()))
            .filter(invitation::Column::OrganisationId.eq(organisation))
            .filter(invitation::Column::OpportunityId.eq(place.opportunity_id))
            .filter(invitation::Column::ParticipantId.eq(participant))
            .exec(tx)
            .await?;
        release(tx, platform, &opportunity, participant).await?;
    }
    Ok(())
}

/// Tells matching that somebody else can be asked.
pub async fn freed(tx: &Tx, platform: &Platform, organisation: OrganisationId, opportunity: OpportunityId) -> Result<()> {
    let payload = json!({"organisation": organisation, "opportunity": opportunity});
    let job = NewJob::now(PLACE_FREED, organisation, payload).once(format!("{PLACE_FREED}:{opportunity}"));
    enqueue(tx, &platform.clock, job).await
}

/// The same, where places are limited.
pub async fn freed_if_limited(
    tx: &Tx,
    platform: &Platform,
    organisation: OrganisationId,
    opportunity: OpportunityId,
) -> Result<()> {
    let found = opportunity::Entity::find_by_id((organisation, opportunity)).one(tx).await?;
    match found.and_then(|row| row.places) {
        Some(_) => freed(tx, platform, organisation, opportunity).await,
        None => Ok(()),
    }
}

async fn move_up(tx: &Tx, platform: &Platform, opportunity: &opportunity::Model, next: place::Model) -> Result<()> {
    let (organisation, participant) = (opportunity.organisation_id, next.participant_id);
    let mut row = next.into_active_model();
    row.state = Set(PlaceState::Held);
    row.update(tx).await?;
    let invitation = invitation_of(tx, organisation, opportunity.id, participant).await?;
    let invitation = invitation.ok_or_else(|| Error::bug("a place without an invitation"))?;
    let (id, version) = (invitation.id, invitation.version);
    let mut row = invitation.into_active_model();
    row.state = Set(InvitationState::Accepted);
    row.version = Set(version + 1);
    row.update(tx).await?;
    let person = participant::Entity::find_by_id((organisation, participant))
        .one(tx)
        .await?
        .ok_or_else(|| Error::bug("a place without a person"))?;
    write(tx, platform, opportunity, PLACE, version, &[(id, participant, &person.email)]).await
}

async fn invitation_of(
    tx: &Tx,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    participant: ParticipantId,
) -> Result<Option<invitation::Model>> {
    let found = invitation::Entity::find()
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::OpportunityId.eq(opportunity))
        .filter(invitation::Column::ParticipantId.eq(participant))
        .one(tx)
        .await?;
    Ok(found)
}

/// Makes others who take or give up places of this opportunity wait until the commit, and answers it as it stands then.
/// Whoever also holds invitations of it takes this first.
pub async fn lock(tx: &Tx, organisation: OrganisationId, opportunity: OpportunityId) -> Result<opportunity::Model> {
    let found = opportunity::Entity::find_by_id((organisation, opportunity)).lock_exclusive().one(tx).await?;
    found.ok_or(Error::NotFound("opportunity"))
}

/// [`lock`] for an opportunity with places; consultations have none, and answers to them need not wait for one another.
pub async fn hold(tx: &Tx, about: opportunity::Model) -> Result<opportunity::Model> {
    match about.kind {
        OpportunityKind::Consultation => Ok(about),
        _ => lock(tx, about.organisation_id, about.id).await,
    }
}

/// A person's place.
pub async fn of(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    participant: ParticipantId,
) -> Result<Option<place::Model>> {
    let found = place::Entity::find()
        .filter(place::Column::OrganisationId.eq(organisation))
        .filter(place::Column::OpportunityId.eq(opportunity))
        .filter(place::Column::ParticipantId.eq(participant))
        .one(connection)
        .await?;
    Ok(found)
}

/// What somebody is on the waiting list for, in the order in which all take places.
pub async fn waited_for(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    participant: ParticipantId,
) -> Result<Vec<OpportunityId>> {
    let found = place::Entity::find()
        .select_only()
        .column(place::Column::OpportunityId)
        .filter(place::Column::OrganisationId.eq(organisation))
        .filter(place::Column::ParticipantId.eq(participant))
        .filter(place::Column::State.eq(PlaceState::Waiting))
        .order_by_asc(place::Column::OpportunityId)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(found)
}

/// A page of the places of an opportunity, oldest first, and one more, each with whose it is. That somebody looked is noted.
pub async fn list(
    platform: &Platform,
    actor: &Actor,
    opportunity: OpportunityId,
    cursor: Cursor,
) -> Result<Vec<(place::Model, Option<participant::Model>)>> {
    let (connection, organisation) = (platform.db.read(), actor.organisation);
    ways::find(connection, organisation, opportunity).await?;
    readings::note(platform, actor, ReadingOf::Places, opportunity.0).await?;
    let mut query = place::Entity::find()
        .filter(place::Column::OrganisationId.eq(organisation))
        .filter(place::Column::OpportunityId.eq(opportunity));
    if let Some(after) = cursor.after {
        query = query.filter(place::Column::Id.gt(PlaceId(after)));
    }
    let rows = query.order_by_asc(place::Column::Id).limit(cursor.limit + 1).all(connection).await?;
    let people: HashMap<ParticipantId, participant::Model> = participant::Entity::find()
        .filter(participant::Column::OrganisationId.eq(organisation))
        .filter(participant::Column::Id.is_in(rows.iter().map(|row| row.participant_id)))
        .all(connection)
        .await?
        .into_iter()
        .map(|person| (person.id, person))
        .collect();
    Ok(rows.into_iter().map(|row| (people.get(&row.participant_id).cloned(), row)).map(|(person, row)| (row, person)).collect())
}

/// How many places of an opportunity are in a state.
pub async fn count(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    state: PlaceState,
) -> Result<u64> {
    let count = place::Entity::find()
        .filter(place::Column::OrganisationId.eq(organisation))
        .filter(place::Column::OpportunityId.eq(opportunity))
        .filter(place::Column::State.eq(state))
        .count(connection)
        .await?;
    Ok(count)
}
