//! `bench eligibility`: deciding for everybody in a large organisation whether they may be asked for one opportunity.
//!
//! People have wishes of every kind, agreements, limits, quiet days and earlier invitations. Held against it is what the
//! database needs to hand over the same people with their wishes and agreements, read by one statement and looked at by
//! nobody.

use super::{
    Common, Ground, Row, Show, cpu_seconds, forget_peak, peak_mb,
    people::{Place, ROWS, analyze, settle},
    rounded,
    server::secret_file,
};
use crate::{
    app::App,
    matching::runs,
    platform::{Clock, Config, Db, Error, Result, Secret, Tx, mail, mail::suppression},
};
use chrono::Duration;
use clap::Args;
use entity::*;
use futures_util::TryStreamExt;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sea_orm::{ActiveValue::Set, EntityTrait, Statement, StreamTrait};
use std::{sync::Arc, time::Instant};

/// What to measure.
#[derive(Args)]
pub struct Wishes {
    #[command(flatten)]
    common: Common,
    /// People who have joined
    #[arg(long, default_value_t = 1_000_000)]
    people: usize,
}

/// Measures.
pub async fn run(wishes: Wishes) -> Result<()> {
    let mut show = Show::new(wishes.common.json);
    for ground in Ground::all(&wishes.common).await? {
        eprintln!("{}: putting {} people in place", ground.database, wishes.people);
        let crowd = Crowd::make(&ground, wishes.people).await?;
        show.row(crowd.measure(ground.database, wishes.people).await?);
        crowd.app.platform.db.clone().close().await?;
        ground.remove().await?;
    }
    show.end();
    Ok(())
}

/// People, and what they may be asked for.
struct Crowd {
    app: App,
    place: Place,
    topics: Vec<TopicId>,
    /// In the same project, asked for earlier this month.
    earlier: OpportunityId,
}

impl Crowd {
    async fn make(ground: &Ground, people: usize) -> Result<Self> {
        let clock = Clock::system();
        let secret = Secret::open(&secret_file(ground), clock.secret()).map_err(Error::Unavailable)?;
        let db = Db::connect(&ground.url, 8).await?;
        let config = Config::read([]).map_err(|wrong| Error::bug(wrong.join("; ")))?;
        let letters = Arc::new(mail::transport::Memory::default());
        let app = App::assemble(config, clock.clone(), db, secret, letters)?;
        let tx = app.platform.db.begin().await?;
        let place = Place::make(&tx, clock.clone()).await?;
        let earlier = clock.new_id();
        opportunity::Entity::insert(place.opportunity_row(earlier)).exec_without_returning(&tx).await?;
        let topics: Vec<TopicId> = (0..3).map(|_| clock.new_id()).collect();
        for topic in &topics {
            topic::Entity::insert(topic_row(&place, *topic)).exec_without_returning(&tx).await?;
        }
        let about = opportunity_topic::ActiveModel {
            organisation_id: Set(place.organisation),
            opportunity_id: Set(place.opportunity),
            topic_id: Set(topics[0]),
        };
        opportunity_topic::Entity::insert(about).exec_without_returning(&tx).await?;
        tx.commit().await?;
        let crowd = Self { app, place, topics, earlier };
        let mut lots = ChaCha8Rng::seed_from_u64(1);
        for (number, from) in (0..people).step_by(ROWS).enumerate() {
            let tx = crowd.app.platform.db.begin().await?;
            crowd.join(&tx, ROWS.min(people - from), &mut lots).await?;
            tx.commit().await?;
            if number == 0 {
                // Plans made for empty tables would read whole tables.
                analyze(&crowd.app.platform.db).await?;
            }
        }
        settle(&crowd.app.platform.db).await?;
        Ok(crowd)
    }

    async fn measure(&self, database: &'static str, people: usize) -> Result<Row> {
        let platform = &self.app.platform;
        let missing = || Error::bug("the bench's own rows are gone");
        let id = (self.place.organisation, self.place.opportunity);
        let opportunity = opportunity::Entity::find_by_id(id).one(platform.db.read()).await?.ok_or_else(missing)?;
        let organisation = organisation::Entity::find_by_id(id.0).one(platform.db.read()).await?.ok_or_else(missing)?;
        forget_peak();
        let (began, before) = (Instant::now(), cpu_seconds()?);
        let read = self.read_all().await?;
        let (limit, limit_cpu) = (began.elapsed().as_secs_f64(), cpu_seconds()? - before);
        forget_peak();
        let held = peak_mb()?;
        let (began, before) = (Instant::now(), cpu_seconds()?);
        let counts = runs::count(platform, &organisation, opportunity).await?.counts;
        let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds()? - before);
        if read != people || counts.considered != people as u64 {
            return Err(Error::bug(format!("of {people} people, {read} were read and {} considered", counts.considered)));
        }
        Ok(Row(vec![
            ("database", database.into()),
            ("people", people.into()),
            ("eligible", counts.eligible.into()),
            ("reasons", counts.not_asked.len().into()),
            ("wall_s", rounded(wall, 2)),
            ("cpu_s", rounded(cpu, 2)),
            ("peak_mb", rounded(peak_mb()?, 1)),
            ("before_mb", rounded(held, 1)),
            ("limit_wall_s", rounded(limit, 2)),
            ("limit_cpu_s", rounded(limit_cpu, 2)),
            ("ratio", rounded(wall / limit, 2)),
        ]))
    }

    /// Lets the database hand over everybody with wishes and agreement, and counts them.
    async fn read_all(&self) -> Result<usize> {
        let db = self.app.platform.db.read();
        let backend = db.get_database_backend();
        let text = "SELECT p.id, p.email, p.email_key, w.document, a.event_id FROM participant p \
                    LEFT JOIN preference w ON w.organisation_id = p.organisation_id AND w.id = p.preference_id \
                    LEFT JOIN consent_standing a ON a.organisation_id = p.organisation_id AND a.participant_id = p.id \
                    AND a.purpose = 'contact_invite' AND a.scope_id = p.organisation_id \
                    WHERE p.state = 'joined'";
        let rows = db.stream_raw(Statement::from_string(backend, text)).await?;
        Ok(rows.try_fold(0, async |count, _| Ok(count + 1)).await?)
    }

    /// Lets people join, each with a life of their own.
    async fn join(&self, tx: &Tx, count: usize, lots: &mut ChaCha8Rng) -> Result<()> {
        let place = &self.place;
        let agreed = (Purpose::ContactInvite, place.organisation.0);
        let (mut people, mut wishes, mut events, mut standings, mut asked) = (vec![], vec![], vec![], vec![], vec![]);
        for _ in 0..count {
            let who: ParticipantId = place.clock.new_id();
            let mut row = place.participant_row(who);
            if lots.random_bool(0.8) {
                let wish: PreferenceId = place.clock.new_id();
                row.preference_id = Set(Some(wish));
                wishes.push(preference::ActiveModel {
                    organisation_id: Set(place.organisation),
                    id: Set(wish),
                    participant_id: Set(who),
                    n: Set(1),
                    document: Set(self.wish(lots)),
                    recorded_at: Set(place.now),
                    recorded_by: Set("system".into()),
                });
            }
            if lots.random_bool(0.9) {
                let event = place.clock.new_id();
                events.push(place.event_row(who, event, agreed));
                standings.push(place.standing_row(who, event, agreed));
            }
            if lots.random_bool(0.25) {
                let mut before = place.invitation_row(who, place.clock.new_id(), self.earlier);
                let states = [InvitationState::Sent, InvitationState::Accepted, InvitationState::Declined];
                before.state = Set(states[lots.random_range(0..3)]);
                asked.push(before);
            }
            if lots.random_bool(0.01) {
                let address = format!("{who}@people.example");
                let (platform, reason) = (&self.app.platform, SuppressionReason::Unsubscribed);
                suppression::suppress(tx, platform, place.organisation, &address, suppression::ALL, reason, None).await?;
            }
            people.push(row);
        }
        participant::Entity::insert_many(people).exec_without_returning(tx).await?;
        preference::Entity::insert_many(wishes).exec_without_returning(tx).await?;
        consent_event::Entity::insert_many(events).exec_without_returning(tx).await?;
        consent_standing::Entity::insert_many(standings).exec_without_returning(tx).await?;
        invitation::Entity::insert_many(asked).exec_without_returning(tx).await?;
        Ok(())
    }

    /// A wish of any kind.
    fn wish(&self, lots: &mut ChaCha8Rng) -> PreferenceDoc {
        let today = self.place.now.date_naive();
        let mut wish = PreferenceDoc::with_stance(stance(lots));
        let mut one_of = |list: &mut Vec<TopicId>, chance: f64| {
            if lots.random_bool(chance) {
                list.push(self.topics[lots.random_range(0..self.topics.len())]);
            }
        };
        one_of(&mut wish.topics.yes, 0.5);
        one_of(&mut wish.topics.ask_first, 0.1);
        one_of(&mut wish.topics.never, 0.1);
        if lots.random_bool(0.2) {
            let topic = self.topics[lots.random_range(0..self.topics.len())];
            wish.topic_stances.push(TopicStance { topic, stance: stance(lots) });
        }
        if lots.random_bool(0.3) {
            wish.activity_types = vec![ActivityType::Survey, ActivityType::FocusGroup];
        }
        if lots.random_bool(0.3) {
            wish.formats = vec![if lots.random_bool(0.5) { Format::AsyncText } else { Format::InPerson }];
        }
        let mut limit = |most: i32| lots.random_bool(0.4).then(|| lots.random_range(0..most));
        wish.load.minutes_per_month_max = limit(120);
        wish.load.invites_per_month_max = limit(4);
        wish.load.notice_days_min = limit(30);
        for _ in 0..lots.random_range(0..3) {
            let from = today + Duration::days(lots.random_range(-30..60));
            wish.quiet_periods.push(QuietPeriod { from, to: from + Duration::days(14), repeat: None });
        }
        wish.review_after = Some(today + Duration::days(lots.random_range(-30..365)));
        wish
    }
}

fn stance(lots: &mut ChaCha8Rng) -> Stance {
    let kinds = [StanceKind::UpTo, StanceKind::AtLeast, StanceKind::AskEachTime, StanceKind::InformMeOnly, StanceKind::Paused];
    let kind = kinds[lots.random_range(0..kinds.len())];
    let mut stance = Stance::bare(kind);
    if matches!(kind, StanceKind::UpTo | StanceKind::AtLeast) {
        stance.rung = Some(Rung::ALL[lots.random_range(2..Rung::ALL.len())]);
    }
    stance
}

fn topic_row(place: &Place, id: TopicId) -> topic::ActiveModel {
    topic::ActiveModel {
        organisation_id: Set(place.organisation),
        id: Set(id),
        key: Set(id.to_string()),
        title: Set("Waiting".into()),
        description: Set(None),
        easy_read: Set(None),
        retired_at: Set(None),
        version: Set(1),
        created_at: Set(place.now),
    }
}
