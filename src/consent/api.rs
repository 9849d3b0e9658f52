//! Endpoints for notices, and for a person's own consents.

use super::{
    notices,
    record::{self, Said, Speaker},
};
use crate::{
    accounts::{Person, Power, access},
    platform::{
        Error, Platform, Result,
        http::{Body, Caller, Chapter, Created, Cursor, Fine, Once, Page},
        secret::hex,
    },
};
use entity::{
    ConsentEventId, ConsentType, LetterFormat, NoticeContent, NoticeId, NoticeState, OpportunityId, OrganisationId, Purpose,
    Time, WithdrawalEffect, consent_event, consent_standing, notice,
};
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use uuid::Uuid;

/// A notice to be drafted.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeIn {
    /// The opportunity it is for; left out, it is for the organisation as a whole.
    #[serde(default)]
    opportunity: Option<OpportunityId>,
    /// What it says.
    content: NoticeContent,
}

/// A changed draft.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeChangeIn {
    /// What it says.
    content: NoticeContent,
}

/// A notice.
#[derive(Object)]
pub struct NoticeOut {
    /// Its id.
    id: NoticeId,
    /// The opportunity it is for; absent for the organisation as a whole.
    #[oai(skip_serializing_if_is_none)]
    opportunity: Option<OpportunityId>,
    /// Number of the version.
    n: i32,
    /// Draft or published.
    state: NoticeState,
    /// What it says.
    content: NoticeContent,
    /// SHA-256 of the content, in hexadecimal, once published.
    #[oai(skip_serializing_if_is_none)]
    digest: Option<String>,
    /// When it was published.
    #[oai(skip_serializing_if_is_none)]
    published_at: Option<Time>,
}

impl From<notice::Model> for NoticeOut {
    fn from(row: notice::Model) -> Self {
        Self {
            id: row.id,
            opportunity: (row.scope_id != row.organisation_id.0).then_some(OpportunityId(row.scope_id)),
            n: row.n,
            state: row.state,
            content: row.content,
            digest: row.digest.map(|digest| hex(&digest)),
            published_at: row.published_at,
        }
    }
}

/// In which form a notice was shown.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShownIn {
    /// Language tag.
    pub language: String,
    /// Plain English or Easy Read.
    pub format: LetterFormat,
}

/// The proof that a notice was shown.
#[derive(Object)]
pub struct ShownOut {
    /// Send it with what the person says; it works once, within a day.
    pub shown: String,
}

/// What a person says about one purpose.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentIn {
    /// About what.
    pub purpose: Purpose,
    /// `give`, `refuse` or `defer`.
    pub choice: ConsentType,
}

/// What a person says to a notice. Purposes that are left out stay as they are.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentsIn {
    /// The proof that the notice was shown.
    pub shown: String,
    /// What is said.
    pub consents: Vec<ConsentIn>,
}

impl ConsentsIn {
    /// What is said, for [`record::say`].
    pub fn said(&self) -> Vec<Said> {
        self.consents.iter().map(|one| Said { purpose: one.purpose, choice: one.choice }).collect()
    }
}

/// What is taken back.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawIn {
    /// To what.
    pub purpose: Purpose,
    /// For which opportunity; left out, for the organisation as a whole.
    #[serde(default)]
    pub opportunity: Option<OpportunityId>,
}

/// Where a consent stands.
#[derive(Object)]
pub struct StandingOut {
    /// To what.
    purpose: Purpose,
    /// For which opportunity; absent for the organisation as a whole.
    #[oai(skip_serializing_if_is_none)]
    opportunity: Option<OpportunityId>,
    /// The last thing that was said.
    said: ConsentType,
    /// Whether it is a yes that holds now.
    permits: bool,
    /// The notice it was said to.
    notice: NoticeId,
    /// The yes holds until.
    #[oai(skip_serializing_if_is_none)]
    valid_until: Option<Time>,
}

impl StandingOut {
    /// From the row.
    pub fn of(row: consent_standing::Model, now: Time) -> Self {
        let state = super::rules::State::after(row.r#type, row.valid_until);
        Self {
            purpose: row.purpose,
            opportunity: (row.scope_id != row.organisation_id.0).then_some(OpportunityId(row.scope_id)),
            said: row.r#type,
            permits: state.permits(now),
            notice: row.notice_id,
            valid_until: row.valid_until,
        }
    }
}

/// One thing a person said.
#[derive(Object)]
pub struct ConsentEventOut {
    /// Its id.
    id: ConsentEventId,
    /// About what.
    purpose: Purpose,
    /// For which opportunity; absent for the organisation as a whole.
    #[oai(skip_serializing_if_is_none)]
    opportunity: Option<OpportunityId>,
    /// What was said.
    said: ConsentType,
    /// To which notice.
    notice: NoticeId,
    /// How it reached us.
    channel: String,
    /// What withdrawing does, as the notice said.
    withdrawal_effect: WithdrawalEffect,
    /// When.
    at: Time,
    /// Holds until.
    #[oai(skip_serializing_if_is_none)]
    valid_until: Option<Time>,
}

impl From<consent_event::Model> for ConsentEventOut {
    fn from(row: consent_event::Model) -> Self {
        Self {
            id: row.id,
            purpose: row.purpose,
            opportunity: (row.scope_id != row.organisation_id.0).then_some(OpportunityId(row.scope_id)),
            said: row.r#type,
            notice: row.notice_id,
            channel: row.channel,
            withdrawal_effect: row.withdrawal_effect,
            at: row.occurred_at,
            valid_until: row.valid_until,
        }
    }
}

/// Whether something was taken back.
#[derive(Object)]
pub struct WithdrawnOut {
    /// Whether there was a yes to take back. A second withdrawal changes nothing.
    pub withdrawn: bool,
    /// What happens now, in words.
    pub message: String,
}

impl WithdrawnOut {
    /// In words.
    pub fn of(withdrawn: bool) -> Self {
        let message = if withdrawn {
            "It is taken back. What the notice promised is being done."
        } else {
            "There was nothing to take back."
        };
        Self { withdrawn, message: message.into() }
    }
}

fn speaker(person: Person) -> Speaker {
    Speaker { organisation: person.organisation, participant: person.participant, channel: "web", by: person.by() }
}

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
        let mut query = notice::Entity::find().filter(notice::Column::OrganisationId.eq(actor.organisation));
        if let Some(after) = cursor.after {
            query = query.filter(notice::Column::Id.gt(NoticeId(after)));
        }
        let rows =
            query.order_by_asc(notice::Column::Id).limit(cursor.limit + 1).all(self.0.db.read()).await.map_err(Error::from)?;
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
    /// From then on it never changes. Refused, with everything that is wrong, if it promises what may not be promised.
    #[oai(path = "/organisations/:organisation/notices/:notice/publish", method = "post", operation_id = "publishNotice")]
    async fn publish(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        notice: Path<NoticeId>,
    ) -> Result<Fine<NoticeOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let tx = self.0.db.begin().await?;
        let published = notices::publish(&tx, &self.0, &actor, notice.0).await?;
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
        let token = record::shown(&tx, &self.0, &speaker(person), notice.0, &given.language, given.format).await?;
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
        let standing = record::say(&tx, &self.0, &speaker(person), &given.shown, &given.said()).await?;
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

    /// Take a consent back
    ///
    /// No reason is asked. Doing it twice changes nothing.
    #[oai(path = "/me/consents/withdraw", method = "post", operation_id = "withdrawMyConsent")]
    async fn withdraw(&self, caller: Caller, body: Body<WithdrawIn>) -> Result<Fine<WithdrawnOut>> {
        let person = access::person(&self.0, &caller).await?;
        let given = body.take()?;
        let scope: Uuid = given.opportunity.map_or(person.organisation.0, |opportunity| opportunity.0);
        let tx = self.0.db.begin().await?;
        let withdrawn = record::withdraw(&tx, &self.0, &speaker(person), given.purpose, scope).await?;
        tx.commit().await.map_err(Error::from)?;
        self.0.wake.notify_one();
        Ok(Fine::new(&WithdrawnOut::of(withdrawn)))
    }
}
