//! How people want to be involved.

use crate::{
    accounts::access::{self, Person, Power},
    participants::{me, preferences, rules::Told},
    platform::{
        Platform, Result,
        http::{Body, Caller, Chapter, Created, Cursor, Fine, Once, Page, fingerprint},
    },
};
use chrono::NaiveDate;
use entity::{
    ActivityStance, ActivityType, Format, Load, OrganisationId, ParticipantId, Permission, PreferenceDoc, QuietPeriod, Rung,
    StageStance, Stance, Time, TopicId, TopicStance, preference,
};
use poem::Request;
use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Header, Path, Query},
};
use serde::Deserialize;

/// Who wrote a version down.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
pub enum RecordedBy {
    /// The person.
    Me,
    /// Staff, for the person.
    Staff,
}

/// One version of how you want to be involved.
#[derive(Object)]
pub struct PreferenceOut {
    /// Its number; 0 is what holds before you have said anything.
    n: i32,
    /// Since when it counts.
    #[oai(skip_serializing_if_is_none)]
    recorded_at: Option<Time>,
    /// Who wrote it down.
    #[oai(skip_serializing_if_is_none)]
    recorded_by: Option<RecordedBy>,
    /// What it says.
    document: PreferenceDoc,
}

impl PreferenceOut {
    fn of(row: preference::Model) -> Self {
        let own = row.recorded_by == format!("participant:{}", row.participant_id);
        let recorded_by = Some(if own { RecordedBy::Me } else { RecordedBy::Staff });
        Self { n: row.n, recorded_at: Some(row.recorded_at), recorded_by, document: row.document }
    }
}

/// A pause.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MyPauseIn {
    /// The last day; without it the pause has no end.
    #[serde(default)]
    until: Option<NaiveDate>,
}

/// A step down.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MyStepDownIn {
    /// The highest rung from now on.
    rung: Rung,
}

/// What a person has told you about their experience and their words. How they want to be named is theirs to say.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToldStoryIn {
    /// Whether they may be asked to tell about their experience.
    may_ask_about_experience: Permission,
    /// Whether their words may be quoted.
    quotes: Permission,
}

/// What a person has told you. What you leave out stays as it is. What they need to take part, what they want done about
/// payment and the form of their letters are their own: they can be neither seen nor changed here.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToldIn {
    /// The wish where no topic, kind of activity or stage has its own.
    #[serde(default)]
    stance: Option<Stance>,
    /// Wishes for single topics; other topics keep theirs.
    #[serde(default)]
    #[oai(default)]
    topic_stances: Vec<TopicStance>,
    /// Wishes for single kinds of activity; other kinds keep theirs.
    #[serde(default)]
    #[oai(default)]
    activity_stances: Vec<ActivityStance>,
    /// Wishes for single stages of the work; other stages keep theirs.
    #[serde(default)]
    #[oai(default)]
    stage_stances: Vec<StageStance>,
    /// Topics on which to ask first, beside those that the person named.
    #[serde(default)]
    #[oai(default)]
    ask_first: Vec<TopicId>,
    /// Topics never to ask about, beside those that the person named.
    #[serde(default)]
    #[oai(default)]
    never: Vec<TopicId>,
    /// Kinds of activity that stay welcome, of those that were.
    #[serde(default)]
    activity_types: Option<Vec<ActivityType>>,
    /// Forms that stay welcome, of those that were.
    #[serde(default)]
    formats: Option<Vec<Format>>,
    /// Limits on time; one that is left out stays as it is.
    #[serde(default)]
    load: Option<Load>,
    /// Letters carry a neutral subject line.
    #[serde(default)]
    neutral_subject: Option<bool>,
    /// The first full hour of the day (0-23) in which letters may arrive.
    #[serde(default)]
    from_hour: Option<i32>,
    /// The hour of the day (1-24) from which letters may no longer arrive; where it is before the first one, on the day after.
    #[serde(default)]
    to_hour: Option<i32>,
    /// Days on which to leave the person in peace, beside those that they named.
    #[serde(default)]
    #[oai(default)]
    quiet_periods: Vec<QuietPeriod>,
    /// About experience and words.
    #[serde(default)]
    story: Option<ToldStoryIn>,
}

impl From<ToldIn> for Told {
    fn from(given: ToldIn) -> Self {
        Self {
            stance: given.stance,
            topic_stances: given.topic_stances,
            activity_stances: given.activity_stances,
            stage_stances: given.stage_stances,
            ask_first: given.ask_first,
            never: given.never,
            activity_types: given.activity_types,
            formats: given.formats,
            load: given.load,
            neutral_subject: given.neutral_subject,
            from_hour: given.from_hour,
            to_hour: given.to_hour,
            quiet_periods: given.quiet_periods,
            may_ask_about_experience: given.story.as_ref().map(|story| story.may_ask_about_experience),
            quotes: given.story.map(|story| story.quotes),
        }
    }
}

/// That a change was written down. What it says can be read on the person's own page.
#[derive(Object)]
pub struct PreferenceRecordedOut {
    /// The number of the version.
    n: i32,
}

impl PreferenceRecordedOut {
    /// Commits a new version and answers with its number alone: answers are kept for a day, and access needs are not for that.
    pub(super) async fn commit(platform: &Platform, once: Once, n: i32) -> Result<Created<Self>> {
        let reply = once.commit(Created::new(&Self { n }).at("/api/me/preferences").version(n)).await?;
        platform.wake.notify_one();
        Ok(reply)
    }
}

/// Endpoints for preferences.
pub struct Api(pub Platform);

#[OpenApi(tag = "Chapter::Me")]
impl Api {
    /// Read how I want to be involved
    ///
    /// Before you have said anything: ask me each time.
    #[oai(path = "/me/preferences", method = "get", operation_id = "getMyPreferences")]
    async fn get(&self, caller: Caller) -> Result<Fine<PreferenceOut>> {
        let person = access::person(&self.0, &caller).await?;
        let row = me::row(self.0.db.read(), &person).await?;
        let out = match preferences::version_of(self.0.db.read(), &row).await? {
            Some(version) => PreferenceOut::of(version),
            None => PreferenceOut { n: 0, recorded_at: None, recorded_by: None, document: PreferenceDoc::unspoken() },
        };
        Ok(Fine::new(&out).version(out.n))
    }

    /// Say how I want to be involved
    ///
    /// Counts at once. Earlier versions are kept for you to see. The first time, send `If-Match: "v0"` or `*`.
    #[oai(path = "/me/preferences", method = "put", operation_id = "changeMyPreferences")]
    async fn put(
        &self,
        caller: Caller,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<PreferenceDoc>,
    ) -> Result<Fine<PreferenceOut>> {
        let person = access::person(&self.0, &caller).await?;
        let made = preferences::record(&self.0, &person, if_match.0.as_deref(), body.take()?).await?;
        let n = made.n;
        Ok(Fine::new(&PreferenceOut::of(made)).version(n))
    }

    /// Keep my choices as they are
    ///
    /// For another year. Where they hold for a year already, nothing changes. Errors: `nothing_said`.
    #[oai(path = "/me/preferences/keep", method = "post", operation_id = "keepMyPreferences")]
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
        let n = preferences::keep(once.tx(), &self.0, &person, None).await?;
        PreferenceRecordedOut::commit(&self.0, once, n).await
    }

    /// List earlier versions
    ///
    /// Every version with its day and who recorded it, oldest first.
    #[oai(path = "/me/preferences/history", method = "get", operation_id = "listMyPreferences")]
    async fn history(
        &self,
        caller: Caller,
        /// Versions in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// The `next` of an earlier page.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<PreferenceOut>>> {
        let person = access::person(&self.0, &caller).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = preferences::history(&self.0, &person, &cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, PreferenceOut::of)))
    }

    /// Pause
    ///
    /// Nothing is asked of you until the day after the last one. Then you are asked first, each time, within what you had
    /// chosen before, until you choose again. No reason is needed.
    #[oai(path = "/me/pause", method = "post", operation_id = "pause")]
    async fn pause(
        &self,
        caller: Caller,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<MyPauseIn>,
    ) -> Result<Created<PreferenceRecordedOut>> {
        let person = access::person(&self.0, &caller).await?;
        let until = body.read()?.until;
        let once = Once::begin(&self.0, &person.by(), key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let made = preferences::pause(once.tx(), &self.0, &person, until).await?;
        PreferenceRecordedOut::commit(&self.0, once, made.n).await
    }

    /// Step down
    ///
    /// Nothing above this rung from now on, in any topic. No reason is needed.
    #[oai(path = "/me/step-down", method = "post", operation_id = "stepDown")]
    async fn step_down(
        &self,
        caller: Caller,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<MyStepDownIn>,
    ) -> Result<Created<PreferenceRecordedOut>> {
        let person: Person = access::person(&self.0, &caller).await?;
        let rung = body.read()?.rung;
        let once = Once::begin(&self.0, &person.by(), key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let made = preferences::step_down(once.tx(), &self.0, &person, rung).await?;
        PreferenceRecordedOut::commit(&self.0, once, made.n).await
    }

    /// Write down what a person has said
    ///
    /// For somebody who says it by telephone or in person. What is left out stays as it is. The version for `If-Match` stands
    /// in `preferences_version` of the person. It can never allow more than the person has said
    /// themselves; such an attempt is refused and noted in the audit log.
    #[oai(
        path = "/organisations/:organisation/people/:participant/preferences",
        method = "put",
        operation_id = "recordPreferences",
        tag = "Chapter::Participants"
    )]
    async fn record_for(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        participant: Path<ParticipantId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<ToldIn>,
    ) -> Result<Fine<PreferenceRecordedOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManagePeople).await?;
        let made = preferences::record_for(&self.0, &actor, participant.0, if_match.0.as_deref(), body.take()?.into()).await?;
        Ok(Fine::new(&PreferenceRecordedOut { n: made.n }).version(made.n))
    }
}
