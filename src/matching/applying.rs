//! Applying oneself. A person may apply for what their choices do not include, because it is their own act; their choices stay
//! as they are. Where names are drawn, an application puts them into the draw, and no further: nobody goes round the lot.

use super::{
    people::must_be_open,
    runs::{self, Drawn},
};
use crate::{
    accounts::Person,
    consent::permits,
    invitations::{self, Invitee, applications, parting, places, posted},
    opportunities::{self, quotas},
    participants::{rules::is_pausing, trials::in_force},
    platform::{Error, Platform, Result, Tx},
};
use entity::{InvitationId, InvitationState, OpportunityId, ParticipantState, Purpose, invitation, opportunity, participant};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};

/// What came of applying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// There is an invitation to answer.
    Asked(InvitationId),
    /// They are in the draw.
    InDraw,
}

/// Applies for something that is open.
///
/// # Errors
/// Not found; conflicts where it is not open, names were drawn already, they are pausing, or they may not be written to.
pub async fn apply(tx: &Tx, platform: &Platform, person: &Person, id: OpportunityId) -> Result<Applied> {
    let (organisation, me, now) = (person.organisation, person.participant, platform.clock.now());
    let about = places::lock(tx, organisation, id).await?;
    must_be_open(tx, &about, now).await?;
    if let Some(there) = asked(tx, person, id).await? {
        return Ok(Applied::Asked(there));
    }
    if !permits(tx, organisation, me, Purpose::ContactInvite, organisation.0, now).await? {
        let detail = "We may not send you invitations, so we could not tell you what comes of it. Agree to that first.";
        return Err(Error::conflict("no_consent", detail));
    }
    let row = participant::Entity::find_by_id((organisation, me)).one(tx).await?;
    let row = row.filter(|row| row.state == ParticipantState::Joined).ok_or(Error::NotFound("opportunity"))?;
    let today = opportunities::today(now, opportunities::zone(tx, organisation).await?);
    if is_pausing(&in_force(tx, &row, today).await?.doc, today) {
        let detail = "You are pausing, so nothing is asked of you. End the pause first.";
        return Err(Error::conflict("pausing", detail));
    }
    let in_draw = is_drawn_for(tx, &about).await?;
    applications::keep(tx, &platform.clock, organisation, id, me).await?;
    // Whoever left it once, or pauses, begins anew.
    parting::forget(tx, organisation, id, me).await?;
    if in_draw {
        return Ok(Applied::InDraw);
    }
    let why = vec!["You asked to take part in this yourself.".to_owned()];
    let invitee = Invitee { participant: me, address: row.email, question_first: false, why };
    let made = invitations::make(tx, platform, &about, None, vec![invitee], &person.by()).await?;
    made.first().copied().map(Applied::Asked).ok_or_else(|| Error::bug("an invitation that was not made"))
}

/// Takes an application back. Whoever has an invitation says no to that.
pub async fn take_back(tx: &Tx, person: &Person, id: OpportunityId) -> Result<()> {
    places::lock(tx, person.organisation, id).await?;
    if asked(tx, person, id).await?.is_some() {
        return Err(Error::conflict("asked", "There is an invitation to this. You can say no to it there."));
    }
    if applications::take_back(tx, person.organisation, id, person.participant).await? {
        return Ok(());
    }
    Err(Error::NotFound("application"))
}

/// The invitation that they know of, if there is one.
async fn asked(connection: &impl ConnectionTrait, person: &Person, id: OpportunityId) -> Result<Option<InvitationId>> {
    let found = invitation::Entity::find()
        .filter(invitation::Column::OrganisationId.eq(person.organisation))
        .filter(invitation::Column::ParticipantId.eq(person.participant))
        .filter(invitation::Column::OpportunityId.eq(id))
        .filter(invitation::Column::State.is_not_in([InvitationState::Unsent, InvitationState::Withdrawn]))
        // A letter that was lost has asked nobody.
        .filter(Condition::any().add(invitation::Column::State.ne(InvitationState::Ended)).add(posted::has_asked()))
        .one(connection)
        .await?;
    Ok(found.map(|found| found.id))
}

/// Whether whoever applies now is in a draw that is still to come; they are asked themselves where none is.
async fn is_drawn_for(tx: &Tx, about: &opportunity::Model) -> Result<bool> {
    let sharing = quotas::drawn_by(tx, about).await?;
    // An open call draws nobody. Where names are drawn among those who say yes, they say yes, or wait as all others do.
    if about.places.is_none() || sharing.draws_on.is_some() {
        return Ok(false);
    }
    // Where places are shared out among groups, everybody is looked at for each place that becomes free.
    if sharing.is_over_panels() {
        return Ok(true);
    }
    match runs::drawn(tx, about).await? {
        Drawn::Not => Ok(true),
        Drawn::Now => Err(Error::conflict("running", "Names are being drawn now. Please look again in a few minutes.")),
        Drawn::WithReserve => {
            Err(Error::conflict("drawn", "Names were drawn for this already. Others stand in line for places that become free."))
        }
        Drawn::Whole => Ok(false),
    }
}
