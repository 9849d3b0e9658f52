//! Places of workshops, groups, panels and roles: taken in the order of the yeses, with a waiting list behind them.

use super::{
    PLACE, PLACE_CHANGED, PLACE_FREED,
    make::{self, Letters},
    parting, posted, rules, to_opportunity, waiting,
};
use crate::{
    accounts::{Actor, readings},
    opportunities::{self, passes_places_on, quotas, ways},
    platform::{
        Error, Platform, Result, Tx,
        http::Cursor,
        jobs::{NewJob, enqueue},
        mail::{self, priority},
    },
};
use entity::{
    InvitationId, InvitationState, OpportunityId, OpportunityKind, OpportunityState, OrganisationId, ParticipantId, PlaceId,
    PlaceState, ReadingOf, TaskKind, invitation, meeting, opportunity, participant, place,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, JoinType, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
    sea_query::{Expr, LockType},
};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

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
    let sharing = quotas::drawn_by(tx, opportunity).await?;
    let free = if sharing.gathers() {
        // Names are drawn later among all who say yes by then.
        false
    } else if !sharing.is_over_panels() {
        // A place that is held for somebody who has not answered yet is not free for others.
        let taken = taken(tx, platform, opportunity, Some(participant)).await?;
        most.is_none_or(|most| taken < u64::try_from(most).unwrap_or(0))
    } else {
        // Places are shared out among groups: who was not drawn for one of today waits, and matching looks who can have it.
        let own = held_for(tx, platform, opportunity).await?.filter(invitation::Column::ParticipantId.eq(participant));
        let own = own.count(tx).await? > 0;
        if !own {
            freed(tx, platform, organisation, opportunity.id).await?;
        }
        own
    };
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
    if state == PlaceState::Held {
        changed(tx, platform, organisation, opportunity.id, participant).await?;
    }
    Ok(state)
}

/// Says that somebody got a place, goes on with it, or gave it up, where that matters to meetings that lie ahead.
pub async fn changed(
    tx: &Tx,
    platform: &Platform,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    participant: ParticipantId,
) -> Result<()> {
    let ahead = meeting::Entity::find()
        .filter(meeting::Column::OrganisationId.eq(organisation))
        .filter(meeting::Column::OpportunityId.eq(opportunity))
        .filter(meeting::Column::StartsAt.gt(platform.clock.now()));
    if ahead.count(tx).await? == 0 {
        return Ok(());
    }
    let payload = json!({"organisation": organisation, "opportunity": opportunity, "participant": participant});
    let job = NewJob::now(PLACE_CHANGED, organisation, payload).once(format!("{PLACE_CHANGED}:{opportunity}:{participant}"));
    enqueue(tx, &platform.clock, job).await
}

/// Gives a place up, which is always possible. Until it begins, the first on the waiting list who still agrees to take part
/// moves up and is told; if nobody waits and people can still say yes, matching is told. Where places are shared out among groups,
/// matching draws who moves up.
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
        posted::take_back(tx, &platform.clock, organisation, invitation.id, &[PLACE]).await?;
    }
    if was_held {
        changed(tx, platform, organisation, opportunity.id, participant).await?;
    }
    if !was_held || !passes_places_on(opportunity, platform.clock.now()) {
        return Ok(());
    }
    if quotas::drawn_by(tx, opportunity).await?.is_over_panels() {
        // Who may have it is drawn among all who can have it.
        return freed(tx, platform, organisation, opportunity.id).await;
    }
    if !waiting::move_up_next(tx, platform, opportunity).await? && opportunity.state == OpportunityState::Open {
        freed(tx, platform, organisation, opportunity.id).await?;
    }
    Ok(())
}

/// Somebody who waits can be moved up again: a place may have stayed free meanwhile.
pub async fn back_in_line(tx: &Tx, platform: &Platform, opportunity: &opportunity::Model) -> Result<()> {
    if !passes_places_on(opportunity, platform.clock.now()) {
        return Ok(());
    }
    let sharing = quotas::drawn_by(tx, opportunity).await?;
    if sharing.is_over_panels() {
        return freed(tx, platform, opportunity.organisation_id, opportunity.id).await;
    }
    waiting::fill(tx, platform, opportunity).await
}

/// Places that somebody has, or that are held for somebody who was asked and may still answer; without those of one person.
pub async fn taken(
    tx: &Tx,
    platform: &Platform,
    opportunity: &opportunity::Model,
    without: Option<ParticipantId>,
) -> Result<u64> {
    let held = held_for(tx, platform, opportunity).await?;
    let held = without.into_iter().fold(held, |held, without| held.filter(invitation::Column::ParticipantId.ne(without)));
    Ok(count(tx, opportunity.organisation_id, opportunity.id, PlaceState::Held).await? + held.count(tx).await?)
}

/// Who has a place, or was asked and has one held for them.
pub async fn holders(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    opportunity: &opportunity::Model,
) -> Result<BTreeSet<ParticipantId>> {
    let held = held_for(connection, platform, opportunity).await?;
    let asked: Vec<ParticipantId> =
        held.select_only().column(invitation::Column::ParticipantId).into_tuple().all(connection).await?;
    let seated: Vec<ParticipantId> = place::Entity::find()
        .select_only()
        .column(place::Column::ParticipantId)
        .filter(place::Column::OrganisationId.eq(opportunity.organisation_id))
        .filter(place::Column::OpportunityId.eq(opportunity.id))
        .filter(place::Column::State.eq(PlaceState::Held))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(asked.into_iter().chain(seated).collect())
}

/// Invitations behind which a place is held.
async fn held_for(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    opportunity: &opportunity::Model,
) -> Result<Select<invitation::Entity>> {
    let organisation = opportunity.organisation_id;
    let today = opportunities::today(platform.clock.now(), opportunities::zone(connection, organisation).await?);
    Ok(invitation::Entity::find()
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::OpportunityId.eq(opportunity.id))
        .filter(invitation::Column::State.is_in(rules::OPEN))
        .filter(invitation::Column::HeldUntil.gte(today)))
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

/// Frees what somebody who leaves held or waited for; their invitations end, and staff hear of what they took part in: whoever
/// took part is thanked and paid.
pub async fn leave_all(tx: &Tx, platform: &Platform, organisation: OrganisationId, participant: ParticipantId) -> Result<()> {
    let held: Vec<OpportunityId> = place::Entity::find()
        .select_only()
        .column(place::Column::OpportunityId)
        .filter(place::Column::OrganisationId.eq(organisation))
        .filter(place::Column::ParticipantId.eq(participant))
        .filter(place::Column::State.ne(PlaceState::Released))
        .into_tuple()
        .all(tx)
        .await?;
    let now = platform.clock.now();
    let meets = meeting::Entity::find()
        .select_only()
        .column(meeting::Column::OpportunityId)
        .filter(meeting::Column::OrganisationId.eq(organisation))
        .filter(meeting::Column::CancelledAt.is_null())
        .filter(meeting::Column::StartsAt.gte(now));
    let yes: Vec<OpportunityId> = invitation::Entity::find()
        .select_only()
        .column(invitation::Column::OpportunityId)
        .join(JoinType::InnerJoin, to_opportunity())
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::ParticipantId.eq(participant))
        .filter(invitation::Column::State.eq(InvitationState::Accepted))
        // What somebody said in a consultation they said, and what is over they did: leaving takes no part in that back.
        .filter(opportunity::Column::Kind.ne(OpportunityKind::Consultation))
        .filter(
            Condition::any()
                .add(opportunity::Column::State.eq(OpportunityState::Open))
                .add(opportunity::Column::StartsAt.gte(now))
                .add(opportunity::Column::Id.in_subquery(meets.into_query())),
        )
        .into_tuple()
        .all(tx)
        .await?;
    for id in held.into_iter().chain(yes.iter().copied()).collect::<BTreeSet<_>>() {
        let opportunity = lock(tx, organisation, id).await?;
        parting::end_pause(tx, platform, organisation, id, participant).await?;
        if yes.contains(&id) {
            parting::note(tx, platform, &opportunity, participant, TaskKind::Left).await?;
        }
        invitation::Entity::update_many()
            .col_expr(invitation::Column::State, Expr::value(InvitationState::Withdrawn.word()))
            .col_expr(invitation::Column::EndedAt, Expr::value(platform.clock.now()))
            .filter(invitation::Column::OrganisationId.eq(organisation))
            .filter(invitation::Column::OpportunityId.eq(id))
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

pub(super) async fn invitation_of(
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
    // Whoever writes a row that points to it, such as an answer to a consultation, waits for nothing here.
    let found = opportunity::Entity::find_by_id((organisation, opportunity)).lock(LockType::NoKeyUpdate).one(tx).await?;
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
