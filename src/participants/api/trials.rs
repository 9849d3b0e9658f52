//! Trying a higher rung for a while.

use super::preferences::PreferenceRecordedOut;
use crate::{
    accounts::access,
    integrity::ladder::step,
    participants::trials::{self, Mine, Running, Wanted},
    platform::{
        Platform, Result,
        http::{Body, Caller, Chapter, Created, Fine, Once, fingerprint},
    },
};
use chrono::NaiveDate;
use entity::{Rung, Time};
use poem::Request;
use poem_openapi::{Object, OpenApi, param::Header};
use serde::Deserialize;

/// What you want to try.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialIn {
    /// The rung, above what you chose.
    rung: Rung,
    /// After so many sessions it is over (1-10); two when left out.
    #[serde(default)]
    sessions: Option<i32>,
    /// The last day, within a year; three months ahead when left out.
    #[serde(default)]
    until: Option<NaiveDate>,
    /// Who goes along, in your words. Nobody else reads it.
    #[serde(default)]
    supporter: Option<String>,
}

/// What you try.
#[derive(Object)]
pub struct TrialOut {
    /// The rung.
    rung: Rung,
    /// In words.
    rung_in_words: String,
    /// After so many sessions it is over.
    sessions: i32,
    /// So many you were at.
    attended: i64,
    /// The last day.
    until: NaiveDate,
    /// Who goes along.
    #[oai(skip_serializing_if_is_none)]
    supporter: Option<String>,
    /// Since when.
    started_at: Time,
}

/// Where you stand.
#[derive(Object)]
pub struct MyTrialOut {
    /// What you try now.
    #[oai(skip_serializing_if_is_none)]
    trial: Option<TrialOut>,
    /// Rungs above what you chose; empty while you try one, and while you pause.
    steps: Vec<Rung>,
}

impl TrialOut {
    fn of(running: Running) -> Self {
        let Running { row, attended } = running;
        Self {
            rung: row.rung,
            rung_in_words: step(row.rung).people_say.to_owned(),
            sessions: row.sessions,
            attended,
            until: row.last_day,
            supporter: row.supporter,
            started_at: row.started_at,
        }
    }
}

impl MyTrialOut {
    fn of(mine: Mine) -> Self {
        Self { trial: mine.running.map(TrialOut::of), steps: mine.steps }
    }
}

/// Endpoints for trials.
pub struct Api(pub Platform);

#[OpenApi(tag = "Chapter::Me")]
impl Api {
    /// See what I try
    ///
    /// A trial adds one rung to what you chose, for a while. What you chose stays as it is beside it.
    #[oai(path = "/me/trial", method = "get", operation_id = "getMyTrial")]
    async fn get(&self, caller: Caller) -> Result<Fine<MyTrialOut>> {
        let person = access::person(&self.0, &caller).await?;
        Ok(Fine::new(&MyTrialOut::of(trials::mine(&self.0, &person).await?)))
    }

    /// Try something more for a while
    ///
    /// Nobody else can begin it for you. It is over by itself after the sessions or on the day; then what you chose before counts
    /// again. Errors: `trying_already`; `nothing_higher`.
    #[oai(path = "/me/trial", method = "post", operation_id = "startTrial")]
    async fn start(
        &self,
        caller: Caller,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<TrialIn>,
    ) -> Result<Created<TrialOut>> {
        let person = access::person(&self.0, &caller).await?;
        let given = body.read()?;
        let wanted =
            Wanted { rung: given.rung, sessions: given.sessions, until: given.until, supporter: given.supporter.clone() };
        let once = Once::begin(&self.0, &person.by(), key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let row = trials::start(once.tx(), &self.0, &person, wanted).await?;
        let reply = Created::new(&TrialOut::of(Running { row, attended: 0 })).at("/api/me/trial");
        once.commit(reply).await
    }

    /// Go back to what I chose before
    ///
    /// At once. No reason is needed. Doing it twice changes nothing.
    #[oai(path = "/me/trial/end", method = "post", operation_id = "endTrial")]
    async fn end(&self, caller: Caller) -> Result<Fine<MyTrialOut>> {
        let person = access::person(&self.0, &caller).await?;
        let tx = self.0.db.begin().await?;
        trials::go_back(&tx, &self.0, &person).await?;
        tx.commit().await?;
        self.0.wake.notify_one();
        Ok(Fine::new(&MyTrialOut::of(trials::mine(&self.0, &person).await?)))
    }

    /// Keep what I try from now on
    ///
    /// A new version of how you want to be involved. Without it, what you chose before counts again afterwards. Errors:
    /// `no_trial`.
    #[oai(path = "/me/trial/keep", method = "post", operation_id = "keepTrial")]
    async fn keep(
        &self,
        request: &Request,
        caller: Caller,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
    ) -> Result<Created<PreferenceRecordedOut>> {
        let person = access::person(&self.0, &caller).await?;
        let once = Once::begin_for(&self.0, &person.by(), key.0.as_deref(), &fingerprint(request, &[])).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let made = trials::keep(once.tx(), &self.0, &person).await?;
        PreferenceRecordedOut::commit(&self.0, once, made.n).await
    }
}
