//! Whether a letter about an invitation may be sent, asked at the last moment.

use super::{About, purpose};
use crate::{
    consent::permits,
    invitations::{
        AGAIN, DRAW_MOVED, ENDED, INVITE, NO_PLACE, NOT_DRAWN, PLACE, REMIND, TAKEN_BACK, applications,
        load::{Asked, When, earlier},
        parting, posted, rules,
        same_day::OwnDays,
        silence, to_opportunity,
    },
    opportunities,
    participants::rules::{Offer, is_pausing_from, objection},
    platform::{Platform, Result, mail::Composed},
};
use entity::{
    InvitationState, MailState, OpportunityKind, PartState, ParticipantState, PlaceState, Time, invitation, mail_message,
    opportunity, response,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect};

/// What is to be done instead of sending a letter, if it may not be sent, or not yet.
pub(super) async fn instead(platform: &Platform, about: &About, message: &mail_message::Model) -> Result<Option<Composed>> {
    let (now, db, kind) = (platform.clock.now(), platform.db.read(), message.kind.as_str());
    let drop = |state, why| Ok(Some(Composed::Drop(state, why)));
    if about.person.state != ParticipantState::Joined {
        return drop(MailState::Cancelled, "the person has left");
    }
    if let Some(instead) = about.stepped_down(kind, now) {
        return Ok(Some(instead));
    }
    // What was promised or settled is told in any case, as long as it is so: it asks nothing of anybody.
    match kind {
        ENDED if about.is_concerned() => return Ok(None),
        ENDED => return drop(MailState::Cancelled, "the person had no part in it any more"),
        TAKEN_BACK => return Ok(None),
        PLACE if about.place == Some(PlaceState::Held) => return Ok(None),
        PLACE => return drop(MailState::Cancelled, "the place was given up"),
        DRAW_MOVED if about.draws_on.is_none() => return drop(MailState::Cancelled, "names were drawn"),
        NOT_DRAWN | DRAW_MOVED if about.place == Some(PlaceState::Waiting) => return Ok(None),
        NOT_DRAWN | DRAW_MOVED => return drop(MailState::Cancelled, "the person no longer waits"),
        NO_PLACE if about.invitation.state == InvitationState::Ended => return Ok(None),
        NO_PLACE => return drop(MailState::Cancelled, "the person no longer waited"),
        _ => {}
    }
    if !opportunities::takes_answers(&about.opportunity, now, about.zone) {
        return drop(MailState::Expired, "the opportunity has closed");
    }
    // Who said yes to a consultation and has not answered its questions may be reminded.
    let unanswered = kind == REMIND
        && about.opportunity.kind == OpportunityKind::Consultation
        && about.invitation.state == InvitationState::Accepted
        && !about.has_answered(db).await?;
    if !rules::is_open(about.invitation.state) && !unanswered {
        return drop(MailState::Cancelled, "the invitation was answered or taken back");
    }
    let (purpose, organisation) = (purpose(kind), about.organisation.id);
    // Somebody who chose a lighter way themselves was not picked by us: that is their own act.
    // A reminder is our act again, and asks for agreement like any other.
    let own_choice = about.invitation.run_id.is_none() && kind != REMIND;
    if !own_choice && !permits(db, organisation, about.person.id, purpose, organisation.0, now).await? {
        return drop(MailState::Suppressed, "consent to such letters does not stand");
    }
    if !own_choice && !unanswered && about.said_no_here(db, kind).await? && !about.applied(db).await? {
        return drop(MailState::Cancelled, "the person said no to something else in the project");
    }
    // What somebody chose, or applied for, themselves may lie outside their wishes; only a pause speaks against it. The first letter
    // about a choice of theirs follows it at once.
    let pausing = is_pausing_from(&about.wishes, about.offer(kind, now).matter(), opportunities::today(now, about.zone));
    let unwanted = match about.invitation.run_id {
        Some(_) => pausing || (about.unwanted(db, kind, now).await? && !about.applied(db).await?),
        None => pausing && kind != INVITE,
    };
    if unwanted {
        return drop(MailState::Cancelled, "the person no longer wants this");
    }
    if kind == INVITE && about.is_too_much(db, now).await? && !about.applied(db).await? {
        return drop(MailState::Cancelled, "the person has been asked as much this month as they want");
    }
    if kind == REMIND && about.is_silent(db, now).await? {
        return drop(MailState::Cancelled, "the person has not answered for a while, and is asked half as often");
    }
    if kind == REMIND
        && let Some(instead) = about.too_soon(db, message, now).await?
    {
        return Ok(Some(instead));
    }
    about.crowded(db, message, now).await
}

impl About {
    /// What is to be done instead of writing about a part that the person has changed: whoever left, or is pausing, hears nothing
    /// more about it. Its end is told all the same, because that says what is owed.
    fn stepped_down(&self, kind: &str, now: Time) -> Option<Composed> {
        let part = self.part.as_ref().filter(|_| ![ENDED, TAKEN_BACK].contains(&kind))?;
        match part.paused_until {
            // They wait for that letter, and it asks nothing of them: it comes when the pause is over.
            Some(until) if [NO_PLACE, NOT_DRAWN, DRAW_MOVED].contains(&kind) => {
                parting::after(until, self.zone).filter(|after| *after > now).map(Composed::Later)
            }
            _ => Some(Composed::Drop(MailState::Cancelled, "the person has stepped down from it, or is pausing")),
        }
    }

    /// Whether the end of this is the end of something for this person.
    fn is_concerned(&self) -> bool {
        let left = self.part.as_ref().is_some_and(|part| part.state != PartState::Paused);
        !left && matches!(self.invitation.state, InvitationState::Accepted | InvitationState::Ended)
    }

    /// Whether something in the person's wishes, as they are now, speaks against this. They are asked on the day on which the
    /// letter that asks leaves, whenever it was made.
    pub(super) async fn unwanted(&self, connection: &impl ConnectionTrait, kind: &str, now: Time) -> Result<bool> {
        let (organisation, person) = (self.organisation.id, self.person.id);
        let days = OwnDays::read(connection, organisation, person, &self.wishes, self.zone).await?;
        let offer = Offer { meetings_that_day: days.beside(&self.opportunity), ..self.offer(kind, now) };
        Ok(objection(&self.wishes, &offer).is_some())
    }

    /// What this asks, as wishes speak about it.
    fn offer(&self, kind: &str, now: Time) -> Offer<'_> {
        let asked_at = if kind == INVITE { now } else { self.invitation.created_at };
        rules::offer(&self.opportunity, &self.topics, self.supported.rung, asked_at, self.zone, now)
    }

    /// Whether the person applied for this themselves, whatever they chose.
    pub(super) async fn applied(&self, connection: &impl ConnectionTrait) -> Result<bool> {
        applications::applied(connection, self.organisation.id, self.opportunity.id, self.person.id).await
    }

    /// Whether the person said no to something in the same project, and has not asked to be asked about this since.
    async fn said_no_here(&self, connection: &impl ConnectionTrait, kind: &str) -> Result<bool> {
        let nos = invitation::Entity::find()
            .join(JoinType::InnerJoin, to_opportunity())
            .filter(invitation::Column::OrganisationId.eq(self.organisation.id))
            .filter(invitation::Column::ParticipantId.eq(self.person.id))
            .filter(invitation::Column::State.eq(InvitationState::Declined))
            .filter(opportunity::Column::ProjectId.eq(self.opportunity.project_id))
            .all(connection)
            .await?;
        Ok(nos.iter().any(|no| kind != AGAIN || no.replied_at >= self.invitation.replied_at))
    }

    /// Whether this invitation is more than the person wants in a month: they may have changed it since it was made.
    async fn is_too_much(&self, connection: &impl ConnectionTrait, now: Time) -> Result<bool> {
        let load = &self.wishes.load;
        let most = load.invites_per_month_max.or(self.organisation.invites_per_month);
        if self.invitation.run_id.is_none() || (most.is_none() && load.minutes_per_month_max.is_none()) {
            return Ok(false);
        }
        let this = invitation::Column::Id.eq(self.invitation.id);
        let own = invitation::Column::ParticipantId.eq(self.person.id);
        let rows = earlier(connection, self.organisation.id, own, opportunities::month_began(self.zone, now), this).await?;
        let (mut asked, when) = (Asked::default(), When::of(self.zone, now, self.opportunity.starts_at));
        // What came later does not count against what came before.
        let before = rows.iter().filter(|row| row.id < self.invitation.id);
        before.for_each(|row| row.count(&when, &mut asked));
        let minutes = i64::from(self.opportunity.minutes) + i64::from(self.opportunity.preparation_minutes);
        Ok(most.is_some_and(|most| asked.invitations + 1 > i64::from(most))
            || load.minutes_per_month_max.is_some_and(|most| asked.minutes + minutes > i64::from(most)))
    }

    /// Whether the person has not answered for a while.
    async fn is_silent(&self, connection: &impl ConnectionTrait, now: Time) -> Result<bool> {
        let (organisation, own) = (self.organisation.id, invitation::Column::ParticipantId.eq(self.person.id));
        let may_be = silence::candidates(connection, organisation, own, 1).await?;
        Ok(!silence::among(connection, organisation, &may_be, now).await?.is_empty())
    }

    /// A reminder follows a letter that has left, and gives it time.
    async fn too_soon(
        &self,
        connection: &impl ConnectionTrait,
        message: &mail_message::Model,
        now: Time,
    ) -> Result<Option<Composed>> {
        let sent = posted::asking(connection, self.organisation.id, self.invitation.id).await?;
        let last = sent.iter().filter(|letter| letter.id != message.id).filter_map(|letter| letter.sent_at).max();
        Ok(match last {
            None => Some(Composed::Drop(MailState::Cancelled, "the letter that it reminds of has not left")),
            Some(last) if last + posted::GAP > now => Some(Composed::Later(last + posted::GAP)),
            Some(_) => None,
        })
    }

    async fn has_answered(&self, connection: &impl ConnectionTrait) -> Result<bool> {
        let found = response::Entity::find()
            .filter(response::Column::OrganisationId.eq(self.organisation.id))
            .filter(response::Column::InvitationId.eq(self.invitation.id))
            .one(connection)
            .await?;
        Ok(found.is_some())
    }
}
