//! Endpoints for those who look after letters: what was sent together, where it stands, and what can be done about it. No
//! address and no name is in any answer.

use crate::{
    accounts::{
        access::{self, Actor, Power},
        mailings::{self, Step},
    },
    platform::{
        Platform, Result,
        http::{Body, Caller, Chapter, Cursor, Fine, Page},
        mail::{
            reason,
            refusing::{Refusing, refusing},
            status::{self, Counts},
        },
    },
};
use entity::{BatchState, LetterReason, MailBatchId, MailMessageId, MailState, OrganisationId, Time, mail_batch, mail_message};
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
};
use serde::Deserialize;

/// Letters in a state.
#[derive(Object)]
pub struct MailingCount {
    /// The state.
    state: MailState,
    /// How many.
    count: u64,
}

/// Letters that did not arrive, or not yet, for one reason.
#[derive(Object)]
pub struct MailingReason {
    /// The reason.
    reason: LetterReason,
    /// How many.
    count: u64,
    /// What happened, in words.
    said: String,
    /// What can be done about it.
    advice: String,
}

/// Letters of one kind that were made together.
#[derive(Object)]
pub struct MailingOut {
    /// Its id.
    id: MailBatchId,
    /// Which kind of letter.
    #[oai(rename = "kind")]
    letter_kind: String,
    /// Where it stands.
    state: BatchState,
    /// Why it is paused.
    #[oai(skip_serializing_if_is_none)]
    pause_reason: Option<String>,
    /// Where nobody knows whether a letter arrived, it is left until a person decides; if `false`, it is sent once more, the same to
    /// the byte.
    ask_in_doubt: bool,
    /// Made at.
    created_at: Time,
    /// Its letters by state.
    letters: Vec<MailingCount>,
    /// Why letters did not arrive, or not yet; the most pressing reason first.
    reasons: Vec<MailingReason>,
}

impl MailingOut {
    /// A mailing as it is told.
    pub fn of(row: mail_batch::Model, counts: Counts) -> Self {
        let reason = |(reason, count)| MailingReason {
            reason,
            count,
            said: reason::said(reason).into(),
            advice: reason::advice(reason).into(),
        };
        Self {
            id: row.id,
            letter_kind: row.kind,
            state: row.state,
            pause_reason: row.pause_reason,
            ask_in_doubt: row.ask_in_doubt,
            created_at: row.created_at,
            letters: counts.states.into_iter().map(|(state, count)| MailingCount { state, count }).collect(),
            reasons: counts.reasons.into_iter().map(reason).collect(),
        }
    }
}

/// A letter, without whom it is for.
#[derive(Object)]
pub struct MailingLetterOut {
    /// Its id.
    id: MailMessageId,
    /// Where it stands.
    state: MailState,
    /// How often it was tried.
    attempts: i32,
    /// When it is tried next, if it is.
    next_at: Time,
    /// Sent at.
    #[oai(skip_serializing_if_is_none)]
    sent_at: Option<Time>,
    /// How far the last attempt came.
    #[oai(skip_serializing_if_is_none)]
    last_stage: Option<String>,
    /// What the mail server answered, as a number.
    #[oai(skip_serializing_if_is_none)]
    last_code: Option<i32>,
    /// What it said, with addresses taken out.
    #[oai(skip_serializing_if_is_none)]
    last_text: Option<String>,
    /// Why it did not arrive, or not yet.
    #[oai(skip_serializing_if_is_none)]
    reason: Option<LetterReason>,
    /// The same in words.
    #[oai(skip_serializing_if_is_none)]
    said: Option<String>,
    /// What can be done about it.
    #[oai(skip_serializing_if_is_none)]
    advice: Option<String>,
}

impl MailingLetterOut {
    fn of(row: mail_message::Model) -> Self {
        let why = reason::of(&row);
        Self {
            id: row.id,
            state: row.state,
            attempts: row.attempts,
            next_at: row.next_at,
            sent_at: row.sent_at,
            last_stage: row.last_stage,
            last_code: row.last_code,
            last_text: row.last_text,
            reason: why,
            said: why.map(|why| reason::said(why).into()),
            advice: why.map(|why| reason::advice(why).into()),
        }
    }
}

/// How our mail servers take letters now.
#[derive(Object)]
pub struct MailServerOut {
    /// Whether letters leave, as far as is known. They leave as long as one server takes them.
    takes_letters: bool,
    /// Since when no server takes letters.
    #[oai(skip_serializing_if_is_none)]
    since: Option<Time>,
    /// How far the last attempt came: `connect`, `tls`, `greeting`, `hello`, `auth` and so on.
    #[oai(skip_serializing_if_is_none)]
    last_stage: Option<String>,
    /// What the mail server answered, as a number.
    #[oai(skip_serializing_if_is_none)]
    last_code: Option<u16>,
    /// When it is tried again.
    #[oai(skip_serializing_if_is_none)]
    next_at: Option<Time>,
    /// The same in words.
    #[oai(skip_serializing_if_is_none)]
    said: Option<String>,
}

impl MailServerOut {
    fn of(found: Option<Refusing>) -> Self {
        let said = found.as_ref().map(|found| format!("No mail server takes our letters: {}.", found.why()));
        let takes_letters = found.is_none();
        let (since, last_stage, last_code, next_at) =
            found.map_or((None, None, None, None), |found| (Some(found.since), found.stage, found.code, found.next_at));
        Self { takes_letters, since, last_stage, last_code, next_at, said }
    }
}

/// Why a mailing is paused.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PauseMailingIn {
    /// Why, for those who come after.
    reason: String,
}

/// What happens where nobody knows whether a letter arrived.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailingDoubtIn {
    /// Leave it until a person decides. If `false`, it is sent once more.
    ask: bool,
}

/// Mailings.
pub struct Api(pub Platform);

impl Api {
    async fn out(&self, organisation: OrganisationId, id: MailBatchId) -> Result<Fine<MailingOut>> {
        let db = self.0.db.read();
        let row = status::mailing(db, organisation, id).await?;
        let counts = status::counts_of(db, [id]).await?.remove(&id).unwrap_or_default();
        Ok(Fine::new(&MailingOut::of(row, counts)))
    }

    async fn take(&self, actor: &Actor, id: MailBatchId, step: Step) -> Result<Fine<MailingOut>> {
        mailings::take(&self.0, actor, id, step).await?;
        self.out(actor.organisation, id).await
    }
}

#[OpenApi(tag = "Chapter::Mail")]
impl Api {
    /// List mailings
    ///
    /// Letters of one kind that were made together, oldest first, with how many stand where. `failed` ones are not tried any more;
    /// `uncertain` ones were handed over, and no answer was seen: they may have arrived.
    #[oai(path = "/organisations/:organisation/mailings", method = "get", operation_id = "listMailings")]
    async fn list(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        /// Mailings in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this cursor.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<MailingOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let db = self.0.db.read();
        let rows = status::mailings(db, actor.organisation, cursor).await?;
        let mut counts = status::counts_of(db, rows.iter().map(|row| row.id)).await?;
        let out = |row: mail_batch::Model| {
            let counts = counts.remove(&row.id).unwrap_or_default();
            MailingOut::of(row, counts)
        };
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, out)))
    }

    /// Ask whether letters leave
    ///
    /// While no mail server of this installation takes letters, they wait and go by themselves as soon as one does. A letter that
    /// has waited for three days ends as `failed` or `expired`, and can be sent once more.
    #[oai(path = "/organisations/:organisation/mail-server", method = "get", operation_id = "getMailServer")]
    async fn server(&self, caller: Caller, organisation: Path<OrganisationId>) -> Result<Fine<MailServerOut>> {
        access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        Ok(Fine::new(&MailServerOut::of(refusing(&self.0).await?)))
    }

    /// Read a mailing
    ///
    /// With how many of its letters stand where.
    #[oai(path = "/organisations/:organisation/mailings/:mailing", method = "get", operation_id = "getMailing")]
    async fn get(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        mailing: Path<MailBatchId>,
    ) -> Result<Fine<MailingOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        self.out(actor.organisation, mailing.0).await
    }

    /// List the letters of a mailing
    ///
    /// In one state if asked, such as `failed` or `uncertain`. Without addresses and without names.
    #[oai(path = "/organisations/:organisation/mailings/:mailing/letters", method = "get", operation_id = "listMailingLetters")]
    #[allow(clippy::too_many_arguments)]
    async fn letters(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        mailing: Path<MailBatchId>,
        /// In this state.
        state: Query<Option<MailState>>,
        /// Letters in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this cursor.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<MailingLetterOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = status::letters(self.0.db.read(), actor.organisation, mailing.0, state.0, cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, MailingLetterOut::of)))
    }

    /// Pause a mailing
    ///
    /// At most those letters still go out that are being handed over at this moment.
    #[oai(path = "/organisations/:organisation/mailings/:mailing/pause", method = "post", operation_id = "pauseMailing")]
    async fn pause(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        mailing: Path<MailBatchId>,
        body: Body<PauseMailingIn>,
    ) -> Result<Fine<MailingOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let reason = body.take()?.reason;
        self.take(&actor, mailing.0, Step::Pause(reason)).await
    }

    /// Let a mailing go on
    ///
    /// One that was paused. Its letters then have three days again to arrive.
    #[oai(path = "/organisations/:organisation/mailings/:mailing/resume", method = "post", operation_id = "resumeMailing")]
    async fn resume(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        mailing: Path<MailBatchId>,
    ) -> Result<Fine<MailingOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        self.take(&actor, mailing.0, Step::Resume).await
    }

    /// Cancel a mailing
    ///
    /// Takes back every letter that was not handed over yet, for good. Whoever was to be asked by such a letter was not asked: it
    /// counts for nothing, and they can be asked again.
    #[oai(path = "/organisations/:organisation/mailings/:mailing/cancel", method = "post", operation_id = "cancelMailing")]
    async fn cancel(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        mailing: Path<MailBatchId>,
    ) -> Result<Fine<MailingOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        self.take(&actor, mailing.0, Step::Cancel).await
    }

    /// Say what happens to letters in doubt
    ///
    /// When a process or a mail server ends while a letter is being handed over, nobody knows whether it arrived. As a rule it is sent
    /// once more, the same to the byte and with the same Message-ID, so that most mail servers show it once. Where a second letter
    /// would do harm, let such letters be left: they are then `uncertain` until you send them with `retryMailing`, or leave it at that.
    /// This can be changed while letters are on their way.
    #[oai(path = "/organisations/:organisation/mailings/:mailing/doubt", method = "post", operation_id = "setMailingDoubt")]
    async fn doubt(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        mailing: Path<MailBatchId>,
        body: Body<MailingDoubtIn>,
    ) -> Result<Fine<MailingOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let ask = body.take()?.ask;
        self.take(&actor, mailing.0, Step::Doubt { ask }).await
    }

    /// Send failed letters once more
    ///
    /// Those that failed, and those whose time passed before they could be delivered, from the first attempt on. Uncertain
    /// ones may have arrived: they are sent again only if you ask for it.
    #[oai(path = "/organisations/:organisation/mailings/:mailing/retry", method = "post", operation_id = "retryMailing")]
    async fn retry(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        mailing: Path<MailBatchId>,
        /// Also letters of which nobody knows whether they arrived; somebody may get the same letter twice.
        uncertain: Query<Option<bool>>,
    ) -> Result<Fine<MailingOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let uncertain = uncertain.0.unwrap_or(false);
        self.take(&actor, mailing.0, Step::Retry { uncertain }).await
    }
}
