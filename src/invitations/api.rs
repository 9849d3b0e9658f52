//! Endpoints for the holder of an invitation's link, and for coordinators.

pub mod hearing;
pub mod live;
pub mod shapes;

use super::{funnel, guest, jobs, letters::time, mailings, places, replies, rules::is_open};
use crate::{
    accounts::{Power, access, api::MessageOut},
    consent::{
        api::{ConsentsIn, NoticeOut, ShownIn, ShownOut, StandingOut, WithdrawIn, WithdrawnOut},
        notices, record,
    },
    integrity::ladder::step,
    opportunities::{self, supported},
    platform::{
        Error, Platform, Result,
        http::{Accepted, Body, Caller, Chapter, Created, Cursor, Fine, Once, Page, fingerprint},
    },
};
use chrono::NaiveDate;
use entity::{OpportunityId, OrganisationId, opportunity, organisation, participant, place};
use poem::Request;
use poem_openapi::{
    OpenApi,
    param::{Header, Path, Query},
};
use sea_orm::EntityTrait;
pub use shapes::{
    AskLaterIn, FunnelOut, InvitationOut, LetterCount, LighterIn, LighterOut, LighterTakenOut, OfferOut, OpportunityMailingOut,
    PlaceOut, ReplyOut, StateCount,
};

/// Invitations and replies.
pub struct Api(pub Platform);

impl Api {
    async fn reply(&self, caller: &Caller, reply: Reply) -> Result<Fine<ReplyOut>> {
        let guest = guest::guest(&self.0, caller).await?;
        let tx = self.0.db.begin().await?;
        let state = match reply {
            Reply::Accept => replies::accept(&tx, &self.0, &guest).await?,
            Reply::Decline => replies::decline(&tx, &self.0, &guest).await?,
            Reply::Later(on) => replies::ask_later(&tx, &self.0, &guest, on).await?,
        };
        tx.commit().await.map_err(Error::from)?;
        self.0.wake.notify_one();
        Ok(Fine::new(&ReplyOut::of(state)))
    }
}

/// A reply, with what belongs to it.
enum Reply {
    Accept,
    Decline,
    Later(NaiveDate),
}

#[OpenApi(tag = "Chapter::Invitations")]
impl Api {
    /// Read an invitation
    ///
    /// With the token of its link. Reading changes nothing.
    #[oai(path = "/invitation", method = "get", operation_id = "getInvitation")]
    async fn invitation(&self, caller: Caller) -> Result<Fine<InvitationOut>> {
        let guest = guest::guest(&self.0, &caller).await?;
        let db = self.0.db.read();
        let offer = guest.opportunity(db).await?;
        let organisation = organisation::Entity::find_by_id(guest.organisation).one(db).await.map_err(Error::from)?;
        let organisation = organisation.ok_or_else(|| Error::bug("an invitation without its organisation"))?;
        let takes_answers = opportunities::is_open(db, &offer, self.0.clock.now()).await?;
        let lighter = replies::lighter(db, &self.0, &guest, &offer).await?.into_iter();
        let place = places::of(db, guest.organisation, offer.id, guest.participant).await?;
        let draw = guest.invitation.run_id.filter(|_| offer.places.is_some());
        let draw_number = match draw {
            Some(run) => Some(guest::draw_number(db, &self.0, &guest, run).await?),
            None => None,
        };
        let can_be = supported::of_one(db, &offer, self.0.clock.now()).await?;
        Ok(Fine::new(&InvitationOut {
            supported: can_be.rung,
            supported_because: can_be.because.map(str::to_owned),
            id: guest.invitation.id,
            state: guest.invitation.state,
            organisation: organisation.name,
            contact: organisation.contact,
            why: guest.invitation.why.reasons,
            question_first: guest.invitation.question_first,
            held_until: guest.invitation.held_until.filter(|_| is_open(guest.invitation.state)),
            draw,
            draw_number,
            takes_answers,
            place: place.map(|place| place.state),
            lighter: lighter
                .map(|row| LighterOut {
                    opportunity: row.id,
                    rung_in_words: step(row.rung).people_say.into(),
                    time: time(&row),
                    title: row.title,
                })
                .collect(),
            offer: OfferOut::of(offer),
        }))
    }

    /// Say yes
    ///
    /// For activities with places this takes one, or a place on the waiting list; the person has read the notice and agreed to
    /// take part before that.
    #[oai(path = "/invitation/accept", method = "post", operation_id = "acceptInvitation")]
    async fn accept(&self, caller: Caller) -> Result<Fine<ReplyOut>> {
        self.reply(&caller, Reply::Accept).await
    }

    /// Say no
    ///
    /// No reason is asked, and nothing follows from it.
    #[oai(path = "/invitation/decline", method = "post", operation_id = "declineInvitation")]
    async fn decline(&self, caller: Caller) -> Result<Fine<ReplyOut>> {
        self.reply(&caller, Reply::Decline).await
    }

    /// Say later
    ///
    /// On the day that is given, a letter asks once more.
    #[oai(path = "/invitation/ask-later", method = "post", operation_id = "askLater")]
    async fn ask_later(&self, caller: Caller, body: Body<AskLaterIn>) -> Result<Fine<ReplyOut>> {
        guest::guest(&self.0, &caller).await?;
        let given = body.take()?;
        self.reply(&caller, Reply::Later(given.on)).await
    }

    /// Choose something lighter
    ///
    /// With `to`, the person takes part in that way instead; without, they stay informed.
    #[oai(path = "/invitation/step-down", method = "post", operation_id = "chooseLighter")]
    async fn step_down(&self, caller: Caller, body: Body<LighterIn>) -> Result<Fine<LighterTakenOut>> {
        let guest = guest::guest(&self.0, &caller).await?;
        let given = body.take()?;
        let tx = self.0.db.begin().await?;
        let (state, made) = replies::step_down(&tx, &self.0, &guest, given.to).await?;
        let token = match made {
            Some(id) => Some(replies::first_link(&tx, &self.0, guest.organisation, id).await?.reveal().to_owned()),
            None => None,
        };
        tx.commit().await.map_err(Error::from)?;
        self.0.wake.notify_one();
        Ok(Fine::new(&LighterTakenOut { state, token }))
    }

    /// Read the notice of an invitation
    ///
    /// What a person reads before they agree to take part.
    #[oai(path = "/invitation/notice", method = "get", operation_id = "getInvitationNotice")]
    async fn notice(&self, caller: Caller) -> Result<Fine<NoticeOut>> {
        let guest = guest::guest(&self.0, &caller).await?;
        let found = notices::current(self.0.db.read(), guest.organisation, guest.invitation.opportunity_id.0).await?;
        Ok(Fine::new(&found.ok_or(Error::NotFound("notice"))?.into()))
    }

    /// Note that the notice was shown
    ///
    /// Answers a token that goes with what is said afterwards, so that the record tells what the person had before
    /// them.
    #[oai(path = "/invitation/notice/shown", method = "post", operation_id = "invitationNoticeShown")]
    async fn shown(&self, caller: Caller, body: Body<ShownIn>) -> Result<Created<ShownOut>> {
        let guest = guest::guest(&self.0, &caller).await?;
        let given = body.take()?;
        let tx = self.0.db.begin().await?;
        let current = notices::current(&tx, guest.organisation, guest.invitation.opportunity_id.0)
            .await?
            .ok_or(Error::NotFound("notice"))?;
        let token = record::shown(&tx, &self.0, &guest.speaker(), current.id, &given.language, given.format).await?;
        tx.commit().await.map_err(Error::from)?;
        Ok(Created::new(&ShownOut { shown: token.reveal().into() }))
    }

    /// Agree, refuse or leave for later
    ///
    /// Each purpose by itself, on the notice that was shown. A purpose that is left out stays as it was.
    #[oai(path = "/invitation/consents", method = "post", operation_id = "sayInvitationConsents")]
    async fn say(&self, caller: Caller, body: Body<ConsentsIn>) -> Result<Fine<Vec<StandingOut>>> {
        let guest = guest::guest(&self.0, &caller).await?;
        let given = body.take()?;
        let tx = self.0.db.begin().await?;
        let standing = record::say(&tx, &self.0, &guest.speaker(), &given.shown, &given.said()).await?;
        tx.commit().await.map_err(Error::from)?;
        let scope = guest.invitation.opportunity_id.0;
        let now = self.0.clock.now();
        let out: Vec<_> = standing.into_iter().filter(|row| row.scope_id == scope).map(|row| StandingOut::of(row, now)).collect();
        Ok(Fine::new(&out))
    }

    /// Read what was agreed for this invitation
    ///
    /// Of this opportunity: each purpose with what was said last, and until when it holds.
    #[oai(path = "/invitation/consents", method = "get", operation_id = "listInvitationConsents")]
    async fn consents(&self, caller: Caller) -> Result<Fine<Vec<StandingOut>>> {
        let guest = guest::guest(&self.0, &caller).await?;
        let scope = guest.invitation.opportunity_id.0;
        let now = self.0.clock.now();
        let standing = record::standing_of(self.0.db.read(), guest.organisation, guest.participant).await?;
        let out: Vec<_> = standing.into_iter().filter(|row| row.scope_id == scope).map(|row| StandingOut::of(row, now)).collect();
        Ok(Fine::new(&out))
    }

    /// Take a consent back
    ///
    /// With the same link, also after the end. No reason is asked; doing it twice changes nothing.
    #[oai(path = "/invitation/consents/withdraw", method = "post", operation_id = "withdrawInvitationConsent")]
    async fn withdraw(&self, caller: Caller, body: Body<WithdrawIn>) -> Result<Fine<WithdrawnOut>> {
        let guest = guest::guest(&self.0, &caller).await?;
        let given = body.take()?;
        let own = guest.invitation.opportunity_id;
        if given.opportunity.is_some_and(|named| named != own) {
            return Err(Error::invalid("/opportunity", "another", "This link is for one opportunity. Leave this field out."));
        }
        let tx = self.0.db.begin().await?;
        let withdrawn = record::withdraw(&tx, &self.0, &guest.speaker(), given.purpose, own.0).await?;
        tx.commit().await.map_err(Error::from)?;
        self.0.wake.notify_one();
        Ok(Fine::new(&WithdrawnOut::of(withdrawn)))
    }

    /// Read how the invitations stand
    ///
    /// Invitations and letters by state, and how many places are filled: counts, never names. Whoever runs the opportunity needs
    /// the exact numbers; for everybody else those about few people are withheld.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/invitations",
        method = "get",
        operation_id = "getFunnel"
    )]
    async fn funnel(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<FunnelOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let db = self.0.db.read();
        let found = opportunity::Entity::find_by_id((actor.organisation, opportunity.0)).one(db).await.map_err(Error::from)?;
        let found = found.ok_or(Error::NotFound("opportunity"))?;
        Ok(Fine::new(&funnel::told(&self.0, &actor, &found).await?))
    }

    /// List the mailings of an opportunity
    ///
    /// Letters of one kind that were made together, oldest first, for those who run the opportunity: how many are on their way, how
    /// many arrived or did not, for which reasons and what can be done about it, how many came back, and what people did then.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/mailings",
        method = "get",
        operation_id = "listOpportunityMailings"
    )]
    async fn mailings(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        /// Mailings in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this cursor.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<OpportunityMailingOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        opportunities::ways::find(self.0.db.read(), actor.organisation, opportunity.0).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = mailings::about(&self.0, actor.organisation, opportunity.0, cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.batch.id.0, OpportunityMailingOut::from)))
    }

    /// List places
    ///
    /// Who holds a place or waits for one.
    #[oai(path = "/organisations/:organisation/opportunities/:opportunity/places", method = "get", operation_id = "listPlaces")]
    async fn places(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        /// Items in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this cursor.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<PlaceOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadPeople).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = places::list(&self.0, &actor, opportunity.0, cursor).await?;
        let out = |(row, person): (place::Model, Option<participant::Model>)| PlaceOut {
            id: row.id,
            participant: row.participant_id,
            name: person.as_ref().and_then(|person| person.name.clone()),
            email: person.map(|person| person.email).unwrap_or_default(),
            state: row.state,
        };
        Ok(Fine::new(&cursor.page(rows, |(row, _)| row.id.0, out)))
    }

    /// Remind
    ///
    /// Reminds those who have not answered: twice at most, never sooner than three days after the last letter.
    #[oai(path = "/organisations/:organisation/opportunities/:opportunity/reminders", method = "post", operation_id = "remind")]
    async fn remind(
        &self,
        caller: Caller,
        request: &Request,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
    ) -> Result<Accepted<MessageOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let once = Once::begin_for(&self.0, &actor.by, key.0.as_deref(), &fingerprint(request, &[])).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        jobs::ask_reminders(once.tx(), &self.0, &actor, opportunity.0).await?;
        let out = MessageOut { message: "Reminders are being written.".into() };
        let reply = once.commit(Accepted::new(&out)).await?;
        self.0.wake.notify_one();
        Ok(reply)
    }
}
