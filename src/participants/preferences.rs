//! How people want to be involved: versions that are only ever added, the latest of which counts at once.

use super::{
    PREFERENCE_CHANGED, news,
    rules::{self, NothingLeft, StepRefused, Told},
    topics, trials,
};
use crate::{
    accounts::{Actor, Person},
    platform::{
        Error, Platform, Result, Tx, audit,
        http::{Cursor, etag},
        jobs::{self, NewJob},
        text::Check,
    },
};
use chrono::{Months, NaiveDate, Utc};
use entity::{
    OrganisationId, ParticipantId, ParticipantState, PreferenceDoc, PreferenceId, Rung, Time, TopicId, TrialEnd, organisation,
    participant, preference,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockType},
};
use std::collections::BTreeSet;

/// Topics that a valid document can name; those of a longer one need not be looked up.
const NAMED: usize = 700;

/// The day it is for an organisation.
pub fn today(organisation: &organisation::Model, now: Time) -> NaiveDate {
    let zone = organisation.time_zone.parse::<chrono_tz::Tz>();
    zone.map_or_else(|_| now.with_timezone(&Utc).date_naive(), |zone| now.with_timezone(&zone).date_naive())
}

/// The document that counts for a person, with its number; number 0 is what holds for those who have said nothing.
pub async fn current(connection: &impl ConnectionTrait, person: &participant::Model) -> Result<(i32, PreferenceDoc)> {
    let version = version_of(connection, person).await?;
    Ok(version.map_or_else(|| (0, PreferenceDoc::unspoken()), |version| (version.n, version.document)))
}

/// The version that counts for a person, if they have said anything.
pub(super) async fn version_of(
    connection: &impl ConnectionTrait,
    person: &participant::Model,
) -> Result<Option<preference::Model>> {
    match person.preference_id {
        Some(id) => Ok(preference::Entity::find_by_id((person.organisation_id, id)).one(connection).await?),
        None => Ok(None),
    }
}

/// A page of a person's versions, oldest first.
pub async fn history(platform: &Platform, person: &Person, cursor: &Cursor) -> Result<Vec<preference::Model>> {
    let mut query = preference::Entity::find()
        .filter(preference::Column::OrganisationId.eq(person.organisation))
        .filter(preference::Column::ParticipantId.eq(person.participant));
    if let Some(after) = cursor.after {
        query = query.filter(preference::Column::Id.gt(PreferenceId(after)));
    }
    Ok(query.order_by_asc(preference::Column::Id).limit(cursor.limit + 1).all(platform.db.read()).await?)
}

/// A person says how they want to be involved.
pub async fn record(
    platform: &Platform,
    person: &Person,
    if_match: Option<&str>,
    doc: PreferenceDoc,
) -> Result<preference::Model> {
    let tx = platform.db.begin().await?;
    let mut matter = Matter::read(&tx, platform, person.organisation, person.participant).await?;
    etag::expect(if_match, matter.n)?;
    matter.check(&tx, &doc).await?;
    let doc = rules::remember(&matter.doc, doc);
    matter.carries_trial = rules::same_stances(&matter.doc, &doc);
    let review = matter.in_a_year();
    let made = matter.append(&tx, platform, doc, review, &person.by()).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(made)
}

/// A person keeps their choices as they are, for another year. Where they hold for a year already there is nothing to do. What the
/// person tries beside them goes on.
pub async fn keep(tx: &Tx, platform: &Platform, person: &Person, if_match: Option<&str>) -> Result<i32> {
    let mut matter = Matter::read(tx, platform, person.organisation, person.participant).await?;
    if let Some(if_match) = if_match {
        etag::expect(Some(if_match), matter.n)?;
    }
    if matter.n == 0 {
        return Err(Error::conflict("nothing_said", "You have not said anything yet. Say how you want to be involved first."));
    }
    if matter.doc.review_after.is_some_and(|day| day >= matter.in_a_year()) {
        return Ok(matter.n);
    }
    matter.carries_trial = true;
    Ok(matter.renew(tx, platform, &person.by(), PreferenceDoc::clone).await?.n)
}

/// A person pauses, until a day or without end.
pub async fn pause(tx: &Tx, platform: &Platform, person: &Person, until: Option<NaiveDate>) -> Result<preference::Model> {
    Check::new().day("/until", until).done()?;
    let matter = Matter::read(tx, platform, person.organisation, person.participant).await?;
    if until.is_some_and(|until| until < matter.today) {
        return Err(Error::invalid("/until", "past", "Choose today or a day to come."));
    }
    matter.renew(tx, platform, &person.by(), |doc| rules::pause(doc, until)).await
}

/// A person steps down: nothing above `rung` from now on.
pub async fn step_down(tx: &Tx, platform: &Platform, person: &Person, rung: Rung) -> Result<preference::Model> {
    if rung < Rung::Informing {
        return Err(Error::invalid("/rung", "not_offered", "Choose informing or a rung above it. To be left in peace, pause."));
    }
    let matter = Matter::read(tx, platform, person.organisation, person.participant).await?;
    let doc = rules::step_down(&matter.doc, rung, matter.today).map_err(|refused| match refused {
        StepRefused::Up => Error::conflict("not_a_step_down", "This is above what you chose. Change your preferences instead."),
        StepRefused::Paused => {
            Error::conflict("not_a_step_down", "You are pausing. To be asked again, change your preferences instead.")
        }
    })?;
    matter.renew(tx, platform, &person.by(), |_| doc).await
}

/// Staff write down what a person has told them, by telephone for instance. What they leave out stays as it is, and what
/// they cannot see stays too. It can never allow more than the person has said themselves, or than holds for those who have
/// said nothing; nor more than counts now, so that a limit that was written down for them is not lifted again by somebody
/// else. Such an attempt is refused, and the attempt is audited.
pub async fn record_for(
    platform: &Platform,
    actor: &Actor,
    participant: ParticipantId,
    if_match: Option<&str>,
    told: Told,
) -> Result<preference::Model> {
    let tx = platform.db.begin().await?;
    let mut matter = Matter::read(&tx, platform, actor.organisation, participant).await?;
    if matter.person.state != ParticipantState::Joined {
        return Err(Error::conflict("not_joined", "This person has not joined, or has left."));
    }
    etag::expect(if_match, matter.n)?;
    let mut doc = told.added_to(&matter.doc).map_err(|NothingLeft(at)| {
        Error::invalid(at, "nothing_left", "Nothing that the person chose would be left. To leave them in peace, pause.")
    })?;
    doc.review_after = None;
    matter.check(&tx, &doc).await?;
    let own = said_by(&tx, &matter.person).await?;
    let object = format!("participant:{participant}");
    let said = own.as_ref().map_or_else(PreferenceDoc::unspoken, |own| own.document.clone());
    if rules::beyond(&said, &doc, matter.today) || rules::beyond(&matter.doc, &doc, matter.today) {
        tx.rollback().await?;
        let tx = platform.db.begin().await?;
        audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "refuse_above_preference", &object).await?;
        tx.commit().await?;
        let detail = "This would allow more than the person has said, or than counts now. They can change it on their own page.";
        return Err(Error::conflict("above_preference", detail));
    }
    matter.carries_trial = rules::same_stances(&matter.doc, &doc);
    // A date that the person chose, or was given, is not put off by somebody else.
    let kept = own.and_then(|own| own.document.review_after).filter(|day| *day >= matter.today);
    let review = kept.unwrap_or_else(|| matter.in_a_year());
    let made = matter.append(&tx, platform, doc, review, &actor.by).await?;
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "record_preference", &object).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(made)
}

/// The latest version that a person gave themselves.
async fn said_by(tx: &Tx, person: &participant::Model) -> Result<Option<preference::Model>> {
    let found = preference::Entity::find()
        .filter(preference::Column::OrganisationId.eq(person.organisation_id))
        .filter(preference::Column::ParticipantId.eq(person.id))
        .filter(preference::Column::RecordedBy.eq(format!("participant:{}", person.id)))
        .order_by_desc(preference::Column::N)
        .one(tx)
        .await?;
    Ok(found)
}

/// A person whose preferences are about to change, locked until the commit.
pub(super) struct Matter {
    pub(super) person: participant::Model,
    n: i32,
    pub(super) doc: PreferenceDoc,
    pub(super) today: NaiveDate,
    /// Whether a trial goes on beside the new version, because that says nothing new about how much is wanted.
    carries_trial: bool,
}

impl Matter {
    pub(super) async fn read(
        tx: &Tx,
        platform: &Platform,
        organisation: OrganisationId,
        participant: ParticipantId,
    ) -> Result<Self> {
        let missing = || Error::NotFound("participant");
        let person = participant::Entity::find_by_id((organisation, participant)).lock(LockType::NoKeyUpdate).one(tx).await?;
        let person = person.ok_or_else(missing)?;
        let organisation = organisation::Entity::find_by_id(organisation).one(tx).await?.ok_or_else(missing)?;
        let (n, doc) = current(tx, &person).await?;
        let today = today(&organisation, platform.clock.now());
        Ok(Self { person, n, doc, today, carries_trial: false })
    }

    /// The day on which to look again, where none was chosen.
    fn in_a_year(&self) -> NaiveDate {
        self.today.checked_add_months(Months::new(12)).unwrap_or(self.today)
    }

    /// Adds a version that follows from the one that counts, to be looked at again in a year.
    pub(super) async fn renew(
        self,
        tx: &Tx,
        platform: &Platform,
        by: &str,
        change: impl FnOnce(&PreferenceDoc) -> PreferenceDoc,
    ) -> Result<preference::Model> {
        let (doc, review) = (change(&self.doc), self.in_a_year());
        self.append(tx, platform, PreferenceDoc { review_after: None, ..doc }, review, by).await
    }

    /// Checks a document. A topic that has retired since can stay where the person had put it.
    async fn check(&self, tx: &Tx, doc: &PreferenceDoc) -> Result<()> {
        let named = named(doc);
        let had = &self::named(&self.doc);
        let new: BTreeSet<TopicId> = named.difference(had).copied().collect();
        let mut known = topics::choosable(tx, self.person.organisation_id, new).await?;
        known.extend(had);
        rules::check(doc, &self.doc, &known, self.today)
    }

    /// Adds a version, makes it the one that counts, and tells those whom it concerns. A trial ends with it if it says how much is
    /// wanted: what was said last counts.
    async fn append(
        self,
        tx: &Tx,
        platform: &Platform,
        mut doc: PreferenceDoc,
        review: NaiveDate,
        by: &str,
    ) -> Result<preference::Model> {
        let (organisation, participant) = (self.person.organisation_id, self.person.id);
        doc.review_after = doc.review_after.or(Some(review));
        let row = preference::ActiveModel {
            organisation_id: Set(organisation),
            id: Set(platform.clock.new_id()),
            participant_id: Set(participant),
            n: Set(self.n + 1),
            document: Set(doc),
            recorded_at: Set(platform.clock.now()),
            recorded_by: Set(by.to_owned()),
        };
        let made = row.insert(tx).await?;
        participant::Entity::update_many()
            .col_expr(participant::Column::PreferenceId, Expr::value(made.id))
            .col_expr(participant::Column::ReviewAfter, Expr::value(made.document.review_after))
            .filter(participant::Column::OrganisationId.eq(organisation))
            .filter(participant::Column::Id.eq(participant))
            .exec(tx)
            .await?;
        // What was gathered while the person wanted news seldom does not wait for a day that they no longer want.
        if made.document.contact.news < self.doc.contact.news {
            news::release(tx, platform, organisation, participant).await?;
        }
        match self.carries_trial {
            true => trials::carry(tx, organisation, participant, made.id).await?,
            false => trials::finish(tx, platform, organisation, participant, TrialEnd::Changed).await.map(|_| ())?,
        }
        let payload = serde_json::json!({"organisation": organisation, "participant": participant});
        jobs::enqueue(tx, &platform.clock, NewJob::now(PREFERENCE_CHANGED, organisation, payload)).await?;
        Ok(made)
    }
}

/// The topics that a document names.
fn named(doc: &PreferenceDoc) -> BTreeSet<TopicId> {
    let choices = doc.topics.yes.iter().chain(&doc.topics.ask_first).chain(&doc.topics.never);
    doc.topic_stances.iter().map(|wish| wish.topic).chain(choices.copied()).take(NAMED).collect()
}
