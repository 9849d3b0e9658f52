//! The waiting list behind limited places: who may move up, who does, and its end.

use super::{
    NO_PLACE, PLACE, applications,
    letters::topics_of,
    parting,
    places::{invitation_of, of, taken, write},
    rules,
};
use crate::{
    consent::permitting,
    opportunities::{self, quotas},
    participants::{
        rules::{Objection, is_pausing_from, objection, trying},
        trials::running,
    },
    platform::{Error, Platform, Result, Tx},
};
use entity::{
    InvitationId, InvitationState, OpportunityId, OrganisationId, ParticipantId, ParticipantState, PlaceState, PreferenceDoc,
    Purpose, application, invitation, opportunity, participant, place, preference, trial,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    RelationDef,
    sea_query::{Expr, SelectStatement},
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// So many people on a waiting list are looked at in one go.
const LINE: u64 = 100;
/// Letters made with one statement.
const PAGE: u64 = 1000;

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
pub(super) async fn move_up_next(tx: &Tx, platform: &Platform, opportunity: &opportunity::Model) -> Result<bool> {
    let Some(next) = next_in_line(tx, platform, opportunity).await? else { return Ok(false) };
    move_up(tx, platform, opportunity, next).await?;
    Ok(true)
}

/// The first on the waiting list who may move up.
async fn next_in_line(tx: &Tx, platform: &Platform, about: &opportunity::Model) -> Result<Option<place::Model>> {
    let mut after = i32::MIN;
    while let Some((mut fit, last)) = next_page(tx, platform, about, after).await? {
        if !fit.is_empty() {
            return Ok(Some(fit.swap_remove(0)));
        }
        after = last;
    }
    Ok(None)
}

/// Everybody on the waiting list who may move up, in the order of the list.
pub async fn who_may_move_up(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    about: &opportunity::Model,
) -> Result<Vec<ParticipantId>> {
    let (mut all, mut after) = (Vec::new(), i32::MIN);
    while let Some((fit, last)) = next_page(connection, platform, about, after).await? {
        all.extend(fit.into_iter().map(|place| place.participant_id));
        after = last;
    }
    Ok(all)
}

/// Moves these people up, whom [`who_may_move_up`] named in the same transaction.
pub async fn move_up_these(tx: &Tx, platform: &Platform, about: &opportunity::Model, people: &[ParticipantId]) -> Result<()> {
    for person in people {
        let place = of(tx, about.organisation_id, about.id, *person).await?;
        let place = place.filter(|place| place.state == PlaceState::Waiting);
        move_up(tx, platform, about, place.ok_or_else(|| Error::bug("nobody waits where somebody moves up"))?).await?;
    }
    Ok(())
}

/// Tells those who wait something, such as that names were drawn and theirs was not among them: nobody waits for a letter in vain.
pub async fn tell_who_waits(tx: &Tx, platform: &Platform, about: &opportunity::Model, kind: &'static str) -> Result<()> {
    let organisation = about.organisation_id;
    let mut after = InvitationId(Uuid::nil());
    loop {
        let rows: Vec<(InvitationId, ParticipantId)> = invitation::Entity::find()
            .select_only()
            .columns([invitation::Column::Id, invitation::Column::ParticipantId])
            .filter(invitation::Column::OrganisationId.eq(organisation))
            .filter(invitation::Column::OpportunityId.eq(about.id))
            .filter(invitation::Column::State.eq(InvitationState::Waiting))
            .filter(invitation::Column::Id.gt(after))
            .order_by_asc(invitation::Column::Id)
            .limit(PAGE)
            .into_tuple()
            .all(tx)
            .await?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after = *last;
        write_to(tx, platform, about, kind, &rows).await?;
    }
}

/// Writes to those of these people who have not left.
async fn write_to(
    tx: &Tx,
    platform: &Platform,
    about: &opportunity::Model,
    kind: &'static str,
    people: &[(InvitationId, ParticipantId)],
) -> Result<()> {
    let organisation = about.organisation_id;
    let addresses: HashMap<ParticipantId, String> = participant::Entity::find()
        .select_only()
        .columns([participant::Column::Id, participant::Column::Email])
        .filter(participant::Column::Id.in_subquery(still_here(organisation)))
        .filter(participant::Column::OrganisationId.eq(organisation))
        .filter(participant::Column::Id.is_in(people.iter().map(|(_, person)| *person)))
        .into_tuple()
        .all(tx)
        .await?
        .into_iter()
        .collect();
    let people: Vec<_> = people.iter().filter_map(|(id, person)| Some((*id, *person, addresses.get(person)?.as_str()))).collect();
    if people.is_empty() { Ok(()) } else { write(tx, platform, about, kind, 0, &people).await }
}

/// Those of a page of the waiting list who are still here, still agree to take part, are not pausing, and whose wishes, as they are
/// now, do not speak against it; and where the page ends. Whoever is passed over stays where they are in the line. `None` behind the end.
async fn next_page(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    about: &opportunity::Model,
    after: i32,
) -> Result<Option<(Vec<place::Model>, i32)>> {
    let (organisation, now) = (about.organisation_id, platform.clock.now());
    let line = place::Entity::find()
        .filter(place::Column::ParticipantId.in_subquery(still_here(organisation)))
        .filter(place::Column::ParticipantId.in_subquery(permitting(organisation, Purpose::Participate, about.id.0, now)))
        .filter(place::Column::OrganisationId.eq(organisation))
        .filter(place::Column::OpportunityId.eq(about.id))
        .filter(place::Column::State.eq(PlaceState::Waiting))
        .filter(place::Column::ParticipantId.not_in_subquery(parting::away(organisation, about.id)))
        .filter(place::Column::Position.gt(after))
        .order_by_asc(place::Column::Position)
        .limit(LINE)
        .all(connection)
        .await?;
    let Some(last) = line.last().map(|place| place.position) else { return Ok(None) };
    let topics = topics_of(connection, organisation, about.id).await?;
    let zone = opportunities::zone(connection, organisation).await?;
    // Told today that they have a place, they need as much notice as they asked for. What it can be they read before they said yes.
    let offer = rules::offer(about, &topics, about.rung, now, zone, now);
    let whose = trial::Column::ParticipantId.is_in(line.iter().map(|place| place.participant_id));
    let trials = running(connection, organisation, whose, offer.today).await?;
    let as_tried = |row: &preference::Model| match trials.get(&row.id) {
        Some(on) => trying(&row.document, on.rung),
        None => row.document.clone(),
    };
    let wishes: HashMap<ParticipantId, PreferenceDoc> = preference::Entity::find()
        .join(JoinType::InnerJoin, current_wish())
        .filter(participant::Column::OrganisationId.eq(organisation))
        .filter(participant::Column::Id.is_in(line.iter().map(|place| place.participant_id)))
        .all(connection)
        .await?
        .iter()
        .map(|row| (row.participant_id, as_tried(row)))
        .collect();
    let unspoken = PreferenceDoc::unspoken();
    // Who said yes to a draw knew its day, and when it begins.
    let knew = quotas::drawn_by(connection, about).await?.gathers();
    let own = own_choice(connection, about, &line).await?;
    let fits = |place: &place::Model| {
        let wishes = wishes.get(&place.participant_id).unwrap_or(&unspoken);
        match objection(wishes, &offer) {
            _ if is_pausing_from(wishes, offer.matter(), offer.today) => false,
            _ if own.contains(&place.participant_id) => true,
            Some(Objection::Notice) => knew,
            objection => objection.is_none(),
        }
    };
    Ok(Some((line.into_iter().filter(fits).collect(), last)))
}

/// Those of a waiting list who chose this themselves, whatever they want to be asked for.
async fn own_choice(
    connection: &impl ConnectionTrait,
    about: &opportunity::Model,
    line: &[place::Model],
) -> Result<HashSet<ParticipantId>> {
    let people = || line.iter().map(|place| place.participant_id);
    let chose: Vec<ParticipantId> = invitation::Entity::find()
        .select_only()
        .column(invitation::Column::ParticipantId)
        .filter(invitation::Column::OrganisationId.eq(about.organisation_id))
        .filter(invitation::Column::OpportunityId.eq(about.id))
        .filter(invitation::Column::ParticipantId.is_in(people()))
        .filter(invitation::Column::RunId.is_null())
        .into_tuple()
        .all(connection)
        .await?;
    let whose = application::Column::ParticipantId.is_in(people());
    let applied = applications::among(connection, about.organisation_id, about.id, whose).await?;
    Ok(chose.into_iter().chain(applied).collect())
}

/// From a wish to the person whose wish it is now.
fn current_wish() -> RelationDef {
    preference::Entity::belongs_to(participant::Entity)
        .from((preference::Column::OrganisationId, preference::Column::Id))
        .to((participant::Column::OrganisationId, participant::Column::PreferenceId))
        .into()
}

async fn move_up(tx: &Tx, platform: &Platform, opportunity: &opportunity::Model, next: place::Model) -> Result<()> {
    let (organisation, participant) = (opportunity.organisation_id, next.participant_id);
    let mut row = next.into_active_model();
    row.state = Set(PlaceState::Held);
    row.update(tx).await?;
    super::places::changed(tx, platform, organisation, opportunity.id, participant).await?;
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
        let people: Vec<_> = ended.iter().map(|row| (row.id, row.participant_id)).collect();
        write_to(tx, platform, about, NO_PLACE, &people).await?;
    }
    Ok(())
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

/// People who have not left: nobody else moves up.
fn still_here(organisation: OrganisationId) -> SelectStatement {
    participant::Entity::find()
        .select_only()
        .column(participant::Column::Id)
        .filter(participant::Column::OrganisationId.eq(organisation))
        .filter(participant::Column::State.eq(ParticipantState::Joined))
        .into_query()
}
