//! What people answer: yes, no, later, something lighter.

use super::{
    Guest, Invitee, PLACE, make, parting, places,
    rules::{self, Reply},
};
use crate::{
    consent::permits::must_take_part,
    opportunities::{self, quotas},
    participants::preferences::{current, today},
    platform::{
        Error, Platform, Result, Tx,
        secret::{Token, TokenKind},
        text::Check,
    },
};
use chrono::NaiveDate;
use entity::{
    InvitationId, InvitationState, OpportunityId, OpportunityState, OrganisationId, ParticipantState, PlaceState, Rung, TopicId,
    invitation, invitation_link, opportunity, opportunity_topic, organisation, participant,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};

/// So many lighter ways are offered at most.
const LIGHTER: u64 = 20;

/// Reads an invitation again inside a transaction, so that two answers at once meet one after the other.
async fn locked(tx: &Tx, organisation: OrganisationId, id: InvitationId) -> Result<invitation::Model> {
    let found = invitation::Entity::find_by_id((organisation, id)).lock_exclusive().one(tx).await?;
    found.ok_or(Error::NotFound("invitation"))
}

/// Checks that a reply may be given now. `Ok(None)` says that it is there already.
async fn ready(
    tx: &Tx,
    platform: &Platform,
    guest: &Guest,
    reply: Reply,
) -> Result<Option<(invitation::Model, opportunity::Model)>> {
    // Places come first, then invitations: who moves up is locked in the same order by whoever gives a place up.
    let opportunity = places::hold(tx, guest.opportunity(tx).await?).await?;
    let invitation = locked(tx, guest.organisation, guest.invitation.id).await?;
    let open = opportunities::is_open(tx, &opportunity, platform.clock.now()).await?;
    if rules::is_over(invitation.state) {
        return Err(Error::Gone(over(tx, guest, invitation.state, open).await?.into()));
    }
    // Giving a place up must always be possible.
    if !open && reply != Reply::Decline {
        return Err(Error::Gone("This has closed. Thank you for looking.".into()));
    }
    match rules::accepts(invitation.state, reply) {
        Some(true) => Ok(Some((invitation, opportunity))),
        Some(false) => Ok(None),
        None => Err(Error::conflict("answered", "You have said yes already. You can step down or say no instead.")),
    }
}

/// Why nothing can be answered any more, in words of its cause.
pub async fn over(connection: &impl ConnectionTrait, guest: &Guest, state: InvitationState, open: bool) -> Result<&'static str> {
    if state == InvitationState::Withdrawn {
        let person = participant::Entity::find_by_id((guest.organisation, guest.participant)).one(connection).await?;
        if person.is_some_and(|person| person.state == ParticipantState::Left) {
            return Ok("This question ended when you left. You need not do anything.");
        }
    }
    Ok(rules::over(state, open))
}

async fn set(
    tx: &Tx,
    platform: &Platform,
    invitation: invitation::Model,
    state: InvitationState,
    again: Option<NaiveDate>,
) -> Result<()> {
    let version = invitation.version;
    let mut row = invitation.into_active_model();
    row.state = Set(state);
    row.replied_at = Set(Some(platform.clock.now()));
    row.ask_again_on = Set(again);
    row.version = Set(version + 1);
    row.update(tx).await?;
    Ok(())
}

/// Yes. For limited places this takes one, or a place on the waiting list, and a letter confirms a place. Who takes a place
/// has agreed to take part before.
pub async fn accept(tx: &Tx, platform: &Platform, guest: &Guest) -> Result<InvitationState> {
    let Some((invitation, opportunity)) = ready(tx, platform, guest, Reply::Accept).await? else {
        return Ok(locked(tx, guest.organisation, guest.invitation.id).await?.state);
    };
    let state = if opportunity.kind == entity::OpportunityKind::Consultation {
        InvitationState::Accepted
    } else {
        // A place is kept, confirmed and counted. Answers to questions are asked about when they are handed in.
        must_take_part(tx, guest.organisation, guest.participant, opportunity.id, platform.clock.now()).await?;
        match places::take(tx, platform, &opportunity, guest.participant).await? {
            PlaceState::Held => InvitationState::Accepted,
            _ => InvitationState::Waiting,
        }
    };
    let version = invitation.version;
    // Whoever had stepped down before takes part again.
    parting::forget(tx, guest.organisation, opportunity.id, guest.participant).await?;
    set(tx, platform, invitation, state, None).await?;
    if opportunity.kind != entity::OpportunityKind::Consultation && state == InvitationState::Accepted {
        let person = participant::Entity::find_by_id((guest.organisation, guest.participant)).one(tx).await?;
        let address = person.map(|person| person.email).unwrap_or_default();
        let people = [(guest.invitation.id, guest.participant, address.as_str())];
        places::write(tx, platform, &opportunity, PLACE, version, &people).await?;
    }
    Ok(state)
}

/// No. A place that was held becomes free. No reason is asked, and nothing follows from it.
pub async fn decline(tx: &Tx, platform: &Platform, guest: &Guest) -> Result<InvitationState> {
    let Some((invitation, opportunity)) = ready(tx, platform, guest, Reply::Decline).await? else {
        return Ok(InvitationState::Declined);
    };
    leave(tx, platform, invitation, &opportunity, InvitationState::Declined).await?;
    Ok(InvitationState::Declined)
}

/// Ends an invitation that a person leaves, and frees what they held.
pub(super) async fn leave(
    tx: &Tx,
    platform: &Platform,
    invitation: invitation::Model,
    opportunity: &opportunity::Model,
    state: InvitationState,
) -> Result<()> {
    let (participant, was) = (invitation.participant_id, invitation.state);
    set(tx, platform, invitation, state, None).await?;
    if opportunity.kind == entity::OpportunityKind::Consultation {
        return Ok(());
    }
    if matches!(was, InvitationState::Accepted | InvitationState::Waiting) {
        parting::stepped_down(tx, platform, opportunity, participant, (was, state)).await?;
    }
    match was {
        InvitationState::Accepted | InvitationState::Waiting => places::release(tx, platform, opportunity, participant).await,
        // A seat that was offered and not taken goes to the next in line.
        InvitationState::Sent | InvitationState::AskLater if opportunity.state == OpportunityState::Open => {
            places::freed(tx, platform, opportunity.organisation_id, opportunity.id).await
        }
        _ => Ok(()),
    }
}

/// Later: a reminder comes on that day.
pub async fn ask_later(tx: &Tx, platform: &Platform, guest: &Guest, on: NaiveDate) -> Result<InvitationState> {
    Check::new().day("/on", on).done()?;
    let Some((invitation, opportunity)) = ready(tx, platform, guest, Reply::AskLater).await? else {
        return Ok(InvitationState::AskLater);
    };
    let home = organisation::Entity::find_by_id(guest.organisation).one(tx).await?.ok_or(Error::NotFound("organisation"))?;
    let today = today(&home, platform.clock.now());
    let last = quotas::drawn_by(tx, &opportunity).await?.last_day(opportunity.closes_on);
    let fits = on > today && last.is_none_or(|last| on <= last);
    if !fits {
        return Err(Error::invalid(
            "/on",
            "out_of_range",
            "Choose a day to come, before this closes and before names are drawn.",
        ));
    }
    set(tx, platform, invitation, InvitationState::AskLater, Some(on)).await?;
    Ok(InvitationState::AskLater)
}

/// Lighter ways to take part in the same project that are open now: a lower rung, or the same rung and less time. Ways with
/// few places are not among them: their places are drawn by lot, and nobody goes round the lot. Nor are ways that the person has
/// said no to, or that they can no longer answer: those would lead nowhere.
pub async fn lighter(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    guest: &Guest,
    than: &opportunity::Model,
) -> Result<Vec<opportunity::Model>> {
    let rungs: Vec<Rung> = Rung::ALL.iter().copied().filter(|rung| *rung <= than.rung).collect();
    let dead = invitation::Entity::find()
        .select_only()
        .column(invitation::Column::OpportunityId)
        .filter(invitation::Column::OrganisationId.eq(guest.organisation))
        .filter(invitation::Column::ParticipantId.eq(guest.participant))
        .filter(invitation::Column::State.is_in([InvitationState::Declined, InvitationState::Withdrawn, InvitationState::Ended]))
        .into_query();
    let found = opportunity::Entity::find()
        .filter(opportunity::Column::OrganisationId.eq(guest.organisation))
        .filter(opportunity::Column::ProjectId.eq(than.project_id))
        .filter(opportunity::Column::State.eq(OpportunityState::Open))
        .filter(opportunity::Column::Places.is_null())
        .filter(opportunity::Column::Id.ne(than.id))
        .filter(opportunity::Column::Id.not_in_subquery(dead))
        .filter(opportunity::Column::Rung.is_in(rungs))
        .order_by_asc(opportunity::Column::Id)
        .limit(LIGHTER)
        .all(connection)
        .await?;
    // What somebody never wants to be asked about is not offered, however light it is.
    let never = topics_never(connection, guest).await?;
    let about = opportunity_topic::Entity::find()
        .filter(opportunity_topic::Column::OrganisationId.eq(guest.organisation))
        .filter(opportunity_topic::Column::OpportunityId.is_in(found.iter().map(|way| way.id)))
        .filter(opportunity_topic::Column::TopicId.is_in(never))
        .all(connection)
        .await?;
    let time = |row: &opportunity::Model| row.minutes + row.preparation_minutes;
    let mut ways = Vec::new();
    for way in found.into_iter().filter(|way| about.iter().all(|topic| topic.opportunity_id != way.id)) {
        let less = way.rung < than.rung || time(&way) < time(than);
        if less && opportunities::is_open(connection, &way, platform.clock.now()).await? {
            ways.push(way);
        }
    }
    Ok(ways)
}

/// The topics that somebody never wants to be asked about.
async fn topics_never(connection: &impl ConnectionTrait, guest: &Guest) -> Result<Vec<TopicId>> {
    let person = participant::Entity::find_by_id((guest.organisation, guest.participant)).one(connection).await?;
    let Some(person) = person else { return Ok(Vec::new()) };
    Ok(current(connection, &person).await?.1.topics.never)
}

/// Something lighter. With `to`, the person takes part in that way instead: it is their own choice, so their preferences do
/// not stand against it. Without, they stay informed. Answers the invitation that was made for it; who has one already
/// finds its link in the letter they got.
pub async fn step_down(
    tx: &Tx,
    platform: &Platform,
    guest: &Guest,
    to: Option<OpportunityId>,
) -> Result<(InvitationState, Option<InvitationId>)> {
    let Some((invitation, opportunity)) = ready(tx, platform, guest, Reply::StepDown).await? else {
        return Ok((InvitationState::SteppedDown, None));
    };
    let way = match to {
        Some(id) => {
            let ways = lighter(tx, platform, guest, &opportunity).await?;
            let way = ways.into_iter().find(|way| way.id == id);
            Some(way.ok_or_else(|| Error::invalid("/to", "not_offered", "Choose one of the lighter ways that are offered."))?)
        }
        None => None,
    };
    leave(tx, platform, invitation, &opportunity, InvitationState::SteppedDown).await?;
    let Some(way) = way else { return Ok((InvitationState::SteppedDown, None)) };
    Ok((InvitationState::SteppedDown, take_lighter(tx, platform, guest, &way).await?))
}

/// Makes the invitation to a lighter way that somebody has chosen, unless they have one.
pub(super) async fn take_lighter(
    tx: &Tx,
    platform: &Platform,
    guest: &Guest,
    way: &opportunity::Model,
) -> Result<Option<InvitationId>> {
    // Whoever asks everybody for it meanwhile asks somebody once.
    places::lock(tx, guest.organisation, way.id).await?;
    let already = invitation::Entity::find()
        .filter(invitation::Column::OrganisationId.eq(guest.organisation))
        .filter(invitation::Column::OpportunityId.eq(way.id))
        .filter(invitation::Column::ParticipantId.eq(guest.participant))
        .filter(invitation::Column::State.ne(InvitationState::Unsent))
        .one(tx)
        .await?;
    if already.is_some() {
        return Ok(None);
    }
    let person = participant::Entity::find_by_id((guest.organisation, guest.participant)).one(tx).await?;
    let person = person.ok_or_else(|| Error::bug("an invitation without a person"))?;
    let why = vec!["You chose this lighter way yourself.".to_owned()];
    let invitee = Invitee { participant: guest.participant, address: person.email, question_first: false, why };
    let made = make(tx, platform, way, None, vec![invitee], &guest.by()).await?;
    Ok(made.first().copied())
}

/// The first link of an invitation, the one in the letter that asks: for whoever has chosen it a moment ago.
pub async fn first_link(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    organisation: OrganisationId,
    invitation: InvitationId,
) -> Result<Token> {
    let link = invitation_link::Entity::find()
        .filter(invitation_link::Column::OrganisationId.eq(organisation))
        .filter(invitation_link::Column::InvitationId.eq(invitation))
        .order_by_asc(invitation_link::Column::Id)
        .one(connection)
        .await?
        .ok_or(Error::NotFound("link"))?;
    Ok(platform.secret.token(TokenKind::Invitation, link.id.0))
}
