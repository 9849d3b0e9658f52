//! Endpoints for notices, for a person's own consents, and for leaving.

pub mod facts;
mod shapes;

use super::{
    leaving, notices,
    record::{self, Speaker},
};
use crate::{
    accounts::{Power, access},
    participants,
    platform::{
        Error, Platform, Result,
        http::{Body, Caller, Chapter, Created, Cursor, Fine, Once, Page},
    },
};
use entity::{NoticeId, OrganisationId};
use poem_openapi::{
    OpenApi,
    param::{Header, Path, Query},
};
pub use shapes::{
    ConsentEventOut, ConsentIn, ConsentsIn, LeftOut, NoticeChangeIn, NoticeIn, NoticeOut, ShownIn, ShownOut, StandingOut,
    WithdrawIn, WithdrawnOut,
};
use uuid::Uuid;

/// Notices and consent.
pub struct Api(pub Platform);

#[OpenApi(tag = "Chapter::Consent")]
impl Api {
    /// Draft a notice
    ///
    /// Nobody can read or agree to a draft. Without an opportunity the notice is about the organisation as a whole.
    #[oai(path = "/organisations/:organisation/notices", method = "post", operation_id = "draftNotice")]
    async fn draft(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<NoticeIn>,
    ) -> Result<Created<NoticeOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let scope = given.opportunity.map_or(actor.organisation.0, |opportunity| opportunity.0);
        let made = notices::draft(once.tx(), &self.0, &actor, scope, given.content).await?;
        let (at, version) = (format!("/api/organisations/{}/notices/{}", actor.organisation, made.id), made.version);
        once.commit(Created::new(&made.into()).at(at).version(version)).await
    }

    /// List notices
    ///
    /// Drafts and published versions, oldest first.
    #[oai(path = "/organisations/:organisation/notices", method = "get", operation_id = "listNotices")]
    async fn list(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        /// Items in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this cursor.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<NoticeOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = notices::list(self.0.db.read(), actor.organisation, None, cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, NoticeOut::from)))
    }

    /// Read a notice
    ///
    /// With the exact text that people agree to.
    #[oai(path = "/organisations/:organisation/notices/:notice", method = "get", operation_id = "getNotice")]
    async fn get(&self, caller: Caller, organisation: Path<OrganisationId>, notice: Path<NoticeId>) -> Result<Fine<NoticeOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let found = notices::get(self.0.db.read(), actor.organisation, notice.0).await?;
        let version = found.version;
        Ok(Fine::new(&found.into()).version(version))
    }

    /// Change a draft
    ///
    /// A published notice never changes: draft a new version.
    #[oai(path = "/organisations/:organisation/notices/:notice", method = "put", operation_id = "changeNotice")]
    async fn change(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        notice: Path<NoticeId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<NoticeChangeIn>,
    ) -> Result<Fine<NoticeOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let changed = notices::change(&self.0, &actor, notice.0, if_match.0.as_deref(), body.take()?.content).await?;
        let version = changed.version;
        Ok(Fine::new(&changed.into()).version(version))
    }

    /// Publish a notice
    ///
    /// From then on it never changes. `If-Match` names the version that was read, so that nobody publishes words they have
    /// not seen. Refused, with everything that is wrong, if it promises what may not be promised; refused, too, for something
    /// that was opened, because people have read the notice it opened with.
    #[oai(path = "/organisations/:organisation/notices/:notice/publish", method = "post", operation_id = "publishNotice")]
    async fn publish(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        notice: Path<NoticeId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
    ) -> Result<Fine<NoticeOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let tx = self.0.db.begin().await?;
        let published = notices::publish(&tx, &self.0, &actor, notice.0, if_match.0.as_deref()).await?;
        tx.commit().await.map_err(Error::from)?;
        let version = published.version;
        Ok(Fine::new(&published.into()).version(version))
    }

    /// Read the organisation's notice
    ///
    /// The notice for being written to and counted, that a person reads after joining.
    #[oai(path = "/me/notice", method = "get", operation_id = "getMyNotice")]
    async fn my_notice(&self, caller: Caller) -> Result<Fine<NoticeOut>> {
        let person = access::person(&self.0, &caller).await?;
        let found = notices::current(self.0.db.read(), person.organisation, person.organisation.0).await?;
        Ok(Fine::new(&found.ok_or(Error::NotFound("notice"))?.into()))
    }

    /// Note that a notice was shown
    ///
    /// Answers a token that goes with what is said afterwards, so that the record tells what I had before me.
    #[oai(path = "/me/notices/:notice/shown", method = "post", operation_id = "noticeShownToMe")]
    async fn shown(&self, caller: Caller, notice: Path<NoticeId>, body: Body<ShownIn>) -> Result<Created<ShownOut>> {
        let person = access::person(&self.0, &caller).await?;
        let given = body.take()?;
        let tx = self.0.db.begin().await?;
        let token = record::shown(&tx, &self.0, &Speaker::on_the_web(&person), notice.0, &given.language, given.format).await?;
        tx.commit().await.map_err(Error::from)?;
        Ok(Created::new(&ShownOut { shown: token.reveal().into() }))
    }

    /// Say yes, no or later
    ///
    /// Each purpose is a switch of its own. Purposes that are left out stay as they are.
    #[oai(path = "/me/consents", method = "post", operation_id = "sayMyConsents")]
    async fn say(&self, caller: Caller, body: Body<ConsentsIn>) -> Result<Fine<Vec<StandingOut>>> {
        let person = access::person(&self.0, &caller).await?;
        let given = body.take()?;
        let tx = self.0.db.begin().await?;
        let standing = record::say(&tx, &self.0, &Speaker::on_the_web(&person), &given.shown, &given.said()).await?;
        tx.commit().await.map_err(Error::from)?;
        let now = self.0.clock.now();
        let out: Vec<_> = standing.into_iter().map(|row| StandingOut::of(row, now)).collect();
        Ok(Fine::new(&out))
    }

    /// Read where own consents stand
    ///
    /// Each purpose with what I said last, and until when it holds.
    #[oai(path = "/me/consents", method = "get", operation_id = "listMyConsents")]
    async fn standing(&self, caller: Caller) -> Result<Fine<Vec<StandingOut>>> {
        let person = access::person(&self.0, &caller).await?;
        let now = self.0.clock.now();
        let standing = record::standing_of(self.0.db.read(), person.organisation, person.participant).await?;
        let out: Vec<_> = standing.into_iter().map(|row| StandingOut::of(row, now)).collect();
        Ok(Fine::new(&out))
    }

    /// Read everything that was said
    ///
    /// Everything I ever agreed to, refused or took back, with the notice I had before me. Oldest first.
    #[oai(path = "/me/consents/history", method = "get", operation_id = "listMyConsentHistory")]
    async fn history(
        &self,
        caller: Caller,
        /// Items in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this cursor.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<ConsentEventOut>>> {
        let person = access::person(&self.0, &caller).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows =
            record::events_of(self.0.db.read(), person.organisation, person.participant, cursor.after, cursor.limit + 1).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, ConsentEventOut::from)))
    }

    /// Leave
    ///
    /// At once, and without a reason. What you agreed to with the organisation as a whole is taken back. What you gave to
    /// particular pieces of work stays there, unless you say that it is taken back too. The answer says what happens.
    #[oai(path = "/me/leave", method = "post", operation_id = "leave", tag = "Chapter::Me")]
    async fn leave(
        &self,
        caller: Caller,
        /// Whether what you gave to particular pieces of work is taken back too.
        everything: Query<Option<bool>>,
    ) -> Result<Fine<LeftOut>> {
        let person = access::person(&self.0, &caller).await?;
        let everything = everything.0.unwrap_or(false);
        leaving::leave(&self.0, &person, everything).await?;
        let (_, organisation) = participants::me(&self.0, &person).await?;
        Ok(Fine::new(&LeftOut { what_happens: leaving::what_happens(everything, &organisation.contact) }))
    }

    /// Take a consent back
    ///
    /// No reason is asked. Doing it twice changes nothing.
    #[oai(path = "/me/consents/withdraw", method = "post", operation_id = "withdrawMyConsent")]
    async fn withdraw(&self, caller: Caller, body: Body<WithdrawIn>) -> Result<Fine<WithdrawnOut>> {
        let person = access::person(&self.0, &caller).await?;
        let given = body.take()?;
        let scope: Uuid = given.opportunity.map_or(person.organisation.0, |opportunity| opportunity.0);
        let tx = self.0.db.begin().await?;
        let withdrawn = record::withdraw(&tx, &self.0, &Speaker::on_the_web(&person), given.purpose, scope).await?;
        tx.commit().await.map_err(Error::from)?;
        self.0.wake.notify_one();
        Ok(Fine::new(&WithdrawnOut::of(withdrawn)))
    }
}
