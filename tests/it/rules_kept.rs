//! M1-M16 as properties, on a real database: people with any wishes, opportunities of any kind, days on which they change their
//! minds, try something, pause and step down. Whatever happens, no letter asks for what somebody does not want on that day.

use crate::{
    harness::{Backend, Participant, TestApp, on},
    story::Story,
};
use alongside::{
    app,
    participants::{allowed, preferences, quiet_on, trials},
};
use chrono::{Duration, NaiveDate};
use entity::{
    InvitationState, MailMessageId, OpportunityId, OpportunityKind, PreferenceDoc, Rung, StanceKind, TopicId, TrialEnd,
    application, invitation, mail_message, opportunity, opportunity_topic, participant, trial,
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The rungs that somebody can be asked for.
const RUNGS: [&str; 5] = ["informing", "consultation", "engagement", "co_design", "co_production"];

/// Something that a person does on a day.
#[derive(Clone, Debug)]
enum Act {
    Say(Wish),
    Pause(Option<i64>),
    StepDown(usize),
    Try(usize, i64),
    GoBack,
    Keep,
    Answer(usize),
    /// Applies for what is open today, whatever was chosen.
    Apply,
    /// Says once, among the days that follow, when to be asked again.
    Later(i64),
}

/// What somebody wants, as far as it varies here.
#[derive(Clone, Debug)]
struct Wish {
    stance: u8,
    rung: usize,
    never: bool,
    most: Option<i32>,
    quiet: Option<(i64, i64, Option<&'static str>)>,
}

impl Wish {
    fn document(&self, topic: &str, today: NaiveDate) -> Value {
        let stance = match self.stance {
            0 | 5 | 6 => json!({"kind": "up_to", "rung": RUNGS[self.rung]}),
            1 => json!({"kind": "only", "rungs": [RUNGS[self.rung]]}),
            2 => json!({"kind": "ask_each_time", "rungs": [RUNGS[self.rung]]}),
            3 => json!({"kind": "inform_me_only"}),
            _ => json!({"kind": "at_least", "rung": RUNGS[self.rung]}),
        };
        let never: Vec<&str> = if self.never { vec![topic] } else { Vec::new() };
        let quiet: Vec<Value> = self
            .quiet
            .map(|(from, days, repeat)| {
                let to = today + Duration::days(from + days);
                json!({"from": today + Duration::days(from), "to": to, "repeat": repeat})
            })
            .into_iter()
            .collect();
        json!({"stance": stance, "topics": {"never": never}, "load": {"invites_per_month_max": self.most}, "quiet_periods": quiet})
    }
}

fn any_wish() -> impl Strategy<Value = Wish> {
    let repeat = prop::sample::select(vec![None, Some("weekly"), Some("yearly")]);
    let quiet = prop::option::weighted(0.2, (0i64..6, 0i64..4, repeat));
    (0u8..7, 0usize..5, prop::bool::weighted(0.2), prop::option::weighted(0.3, 0i32..4), quiet)
        .prop_map(|(stance, rung, never, most, quiet)| Wish { stance, rung, never, most, quiet })
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        any_wish().prop_map(Act::Say),
        prop::option::of(0i64..6).prop_map(Act::Pause),
        (0usize..5).prop_map(Act::StepDown),
        (0usize..5, 1i64..8).prop_map(|(rung, days)| Act::Try(rung, days)),
        Just(Act::GoBack),
        Just(Act::Keep),
        (0usize..3).prop_map(Act::Answer),
        Just(Act::Apply),
        (1i64..4).prop_map(Act::Later),
    ]
}

/// A day: what is opened and asks everybody, and what people do before its letters leave and after.
#[derive(Clone, Debug)]
struct Day {
    rung: usize,
    topical: bool,
    /// Whether places are few, and names are drawn.
    limited: bool,
    before: Vec<(usize, Act)>,
    after: Vec<(usize, Act)>,
}

fn any_day(people: usize) -> impl Strategy<Value = Day> {
    let acts = move || prop::collection::vec((0..people, any_act()), 0..3);
    let of = |(rung, topical, limited, before, after)| Day { rung, topical, limited, before, after };
    (0usize..4, any::<bool>(), prop::bool::weighted(0.4), acts(), acts()).prop_map(of)
}

/// Everybody, and what is known about them without asking the program's own rule for letters.
struct World {
    story: Story,
    people: Vec<Participant>,
    /// Letters that were looked at when they left.
    seen: BTreeSet<MailMessageId>,
    /// What is open today.
    open: String,
}

impl World {
    async fn make(app: &TestApp, wishes: &[Wish]) -> Self {
        let story = Story::begin(app.clone()).await;
        app::schedule(&app.app.platform).await.unwrap();
        let mut people = Vec::new();
        let today = app.clock.now().date_naive();
        for (n, wish) in wishes.iter().enumerate() {
            people.push(story.person(&format!("person{n}"), wish.document(&story.topic, today)).await);
        }
        Self { story, people, seen: BTreeSet::new(), open: String::new() }
    }

    fn today(&self) -> NaiveDate {
        self.story.app.clock.now().date_naive()
    }

    async fn row(&self, id: &str) -> participant::Model {
        let key = (self.story.ada.organisation.parse().unwrap(), id.parse().unwrap());
        participant::Entity::find_by_id(key).one(self.story.app.app.platform.db.read()).await.unwrap().unwrap()
    }

    /// What counts for somebody now.
    async fn counts(&self, id: &str) -> PreferenceDoc {
        let row = self.row(id).await;
        trials::in_force(self.story.app.app.platform.db.read(), &row, self.today()).await.unwrap().doc
    }

    /// Somebody does something. What is refused is refused.
    async fn act(&mut self, who: usize, act: &Act, letters: &BTreeMap<String, Vec<String>>) {
        let app = self.story.app.clone();
        let person = self.people[who].clone();
        match act {
            Act::Say(wish) => {
                let document = wish.document(&self.story.topic, self.today());
                person.put(&app, "/preferences", &document).await;
            }
            Act::Pause(days) => {
                let until = days.map(|days| self.today() + Duration::days(days));
                person.post(&app, "/pause", &json!({"until": until})).await;
            }
            Act::StepDown(rung) => {
                person.post(&app, "/step-down", &json!({"rung": RUNGS[*rung]})).await;
            }
            Act::Try(rung, days) => {
                let before = self.row(&person.id).await.preference_id;
                let until = self.today() + Duration::days(*days);
                person.post(&app, "/trial", &json!({"rung": RUNGS[*rung], "until": until})).await;
                assert_eq!(self.row(&person.id).await.preference_id, before, "beginning makes no version");
            }
            Act::GoBack => {
                let former = self.open_trial(&person.id).await.map(|row| row.preference_id);
                person.post(&app, "/trial/end", &json!({})).await.expect(200);
                let now = self.row(&person.id).await;
                assert!(former.is_none_or(|former| now.preference_id == Some(former)), "exactly the former version");
                let (_, doc) = preferences::current(app.app.platform.db.read(), &now).await.unwrap();
                assert_eq!(self.counts(&person.id).await, doc);
            }
            Act::Keep => {
                person.post(&app, "/trial/keep", &json!({})).await;
            }
            Act::Answer(how) => {
                let Some(token) = letters.get(&person.email).and_then(|tokens| tokens.last()) else { return };
                let answer = ["/accept", "/decline", "/step-down"][*how];
                self.story.with(token, answer, &json!({})).await;
            }
            Act::Apply => {
                person.post(&app, &format!("/opportunities/{}/application", self.open), &json!({})).await;
            }
            Act::Later(days) => {
                let Some(token) = letters.get(&person.email).and_then(|tokens| tokens.last()) else { return };
                let on = self.today() + Duration::days(*days);
                self.story.with(token, "/ask-later", &json!({"on": on})).await;
            }
        }
    }

    /// Whether somebody is pausing altogether: then nothing is asked of them, not even what they applied for.
    fn pauses(&self, wishes: &PreferenceDoc) -> bool {
        let stance = &wishes.stance;
        stance.kind == StanceKind::Paused && stance.until.is_none_or(|until| self.today() <= until)
    }

    async fn applied(&self, row: &invitation::Model) -> bool {
        let all = application::Entity::find().all(self.story.app.app.platform.db.read()).await.unwrap();
        all.iter().any(|one| (one.opportunity_id, one.participant_id) == (row.opportunity_id, row.participant_id))
    }

    /// No question is open that somebody does not want to be asked: choices take effect at once.
    async fn check_open(&self) {
        let open = invitation::Entity::find()
            .filter(invitation::Column::State.is_in([InvitationState::Sent, InvitationState::AskLater]))
            .filter(invitation::Column::RunId.is_not_null());
        for row in open.all(self.story.app.app.platform.db.read()).await.unwrap() {
            let wishes = self.counts(&row.participant_id.to_string()).await;
            assert!(!self.pauses(&wishes), "open while pausing: {wishes:?}");
            if !self.applied(&row).await {
                let (_, rung, topics) = self.about(row.opportunity_id).await;
                assert!(allowed(&wishes, &topics, self.today()).allows(rung), "open: {rung} for {wishes:?}");
            }
        }
    }

    async fn open_trial(&self, id: &str) -> Option<trial::Model> {
        let all = trial::Entity::find().filter(trial::Column::EndedAt.is_null());
        let all = all.all(self.story.app.app.platform.db.read()).await.unwrap();
        all.into_iter().find(|row| row.participant_id.to_string() == id)
    }

    /// What each letter that has just left asks for is wanted now, and today is not quiet.
    async fn check_letters(&mut self) {
        let platform = self.story.app.app.platform.clone();
        let db = platform.db.read();
        let asks = ["invitations.invite", "invitations.remind", "invitations.again"];
        let sent = mail_message::Entity::find()
            .filter(mail_message::Column::Kind.is_in(asks))
            .filter(mail_message::Column::SentAt.is_not_null())
            .all(db)
            .await
            .unwrap();
        for letter in sent {
            if !self.seen.insert(letter.id) {
                continue;
            }
            let invitations = invitation::Entity::find().all(db).await.unwrap();
            let row = invitations.into_iter().find(|row| Some(row.id.0) == letter.subject_id).expect("an invitation");
            if row.run_id.is_none() {
                continue;
            }
            let wishes = self.counts(&row.participant_id.to_string()).await;
            assert!(!self.pauses(&wishes), "asked while pausing: {wishes:?}");
            assert!(!quiet_on(&wishes, self.today()), "{wishes:?} on {}", self.today());
            if self.applied(&row).await {
                continue;
            }
            let (kind, rung, topics) = self.about(row.opportunity_id).await;
            let survey = kind == OpportunityKind::Consultation;
            let allowance = allowed(&wishes, &topics, self.today());
            assert!(allowance.allows(rung), "{rung} for {wishes:?} on {}", self.today());
            // A survey can be no more than a consultation: nobody is asked who wants more than that.
            let lowest = allowance.rungs().next().expect("a rung");
            assert!(!survey || lowest <= Rung::Consultation || rung < Rung::Engagement, "{rung}, a survey, for {wishes:?}");
            assert!(topics.iter().all(|topic| !wishes.topics.never.contains(topic)), "never: {wishes:?}");
        }
    }

    async fn about(&self, id: OpportunityId) -> (OpportunityKind, Rung, Vec<TopicId>) {
        let db = self.story.app.app.platform.db.read();
        let row = opportunity::Entity::find().filter(opportunity::Column::Id.eq(id)).one(db).await.unwrap().unwrap();
        let topics = opportunity_topic::Entity::find().filter(opportunity_topic::Column::OpportunityId.eq(id)).all(db).await;
        (row.kind, row.rung, topics.unwrap().into_iter().map(|row| row.topic_id).collect())
    }

    /// Nobody has had more letters that ask in this month than they want now, counted when the last one left.
    async fn check_caps(&self, invited: &[String]) {
        let db = self.story.app.app.platform.db.read();
        for person in self.people.iter().filter(|person| invited.contains(&person.email)) {
            let Some(most) = self.counts(&person.id).await.load.invites_per_month_max else { continue };
            let all =
                mail_message::Entity::find().filter(mail_message::Column::Kind.eq("invitations.invite")).all(db).await.unwrap();
            let invitations = invitation::Entity::find().all(db).await.unwrap();
            let mut mine = 0;
            for letter in all.iter().filter(|letter| letter.address == person.email && letter.sent_at.is_some()) {
                let row = invitations.iter().find(|row| Some(row.id.0) == letter.subject_id).expect("an invitation");
                // What somebody applied for themselves is no asking of ours.
                mine += usize::from(row.run_id.is_some() && !self.applied(row).await);
            }
            assert!(mine <= usize::try_from(most).unwrap(), "{mine} letters, {most} wanted");
        }
    }
}

/// Ten days of March with everybody's acts.
async fn lives(app: TestApp, wishes: Vec<Wish>, days: Vec<Day>, looked_at: Arc<AtomicUsize>) {
    let mut world = World::make(&app, &wishes).await;
    let mut letters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut opened: Vec<String> = Vec::new();
    for day in days {
        let (project, decision) = world.story.more().await;
        let mut changes = json!({"project": project, "decisions": [decision]});
        if day.topical {
            changes["topics"] = json!([world.story.topic]);
        }
        let id = match day.limited {
            true => world.story.open("workshop", RUNGS[day.rung.max(1)], changes).await,
            false => world.story.open("consultation", RUNGS[day.rung], changes).await,
        };
        world.open = id.clone();
        let asked = world.story.ada.post(&app, &format!("/opportunities/{id}/invitations"), &json!({})).await;
        asked.expect(202);
        app.app.run_queue().await.unwrap();
        // Between the look and the letter people change their minds.
        for (who, act) in &day.before {
            world.act(*who, act, &letters).await;
        }
        let sent = app.outbox().await;
        world.check_letters().await;
        world.check_open().await;
        let asks: Vec<_> =
            sent.iter().filter(|letter| letter.text().contains("ai_") && letter.words().contains("Why you were asked")).collect();
        let invited: Vec<String> = asks.iter().map(|letter| letter.to.clone()).collect();
        world.check_caps(&invited).await;
        for letter in asks {
            letters.entry(letter.to.clone()).or_default().push(letter.token("ai_"));
        }
        for (who, act) in &day.after {
            world.act(*who, act, &letters).await;
        }
        app.run_jobs().await;
        world.check_letters().await;
        world.check_open().await;
        opened.push(id);
        // Whoever runs it reminds of everything that is open.
        for id in &opened {
            world.story.ada.post(&app, &format!("/opportunities/{id}/reminders"), &json!({})).await;
        }
        app.run_jobs().await;
        world.check_letters().await;
        app.clock.advance(Duration::hours(20));
        // What waited for quiet days to pass may leave now.
        app.run_jobs().await;
        world.check_letters().await;
        world.story.ada = app.sign_in_again(&world.story.ada).await;
        for n in 0..world.people.len() {
            let person = world.people[n].clone();
            world.people[n] = app.sign_in_by_letter(&world.story.ada, &person).await;
        }
    }
    looked_at.fetch_add(world.seen.len(), Ordering::Relaxed);
    // What each trial left behind: the version that counted before, unless somebody made another one themselves.
    app.clock.advance(Duration::days(30));
    app.run_jobs().await;
    for row in trial::Entity::find().all(app.app.platform.db.read()).await.unwrap() {
        let person = world.row(&row.participant_id.to_string()).await;
        assert!(row.ended_at.is_some() && row.supporter.is_none());
        let later = trial::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        let last = later.iter().filter(|other| other.participant_id == row.participant_id).max_by_key(|other| other.id).unwrap();
        if row.id == last.id && row.ended == Some(TrialEnd::Over) {
            let version = preferences::current(app.app.platform.db.read(), &person).await.unwrap();
            assert_eq!(world.counts(&row.participant_id.to_string()).await, version.1);
        }
    }
}

/// Runs cases with a fixed seed: the same on every computer.
fn cases(backend: Backend, count: u32) {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let lives_of = (prop::collection::vec(any_wish(), 5), prop::collection::vec(any_day(5), 6));
    let looked_at = Arc::new(AtomicUsize::new(0));
    for _ in 0..count {
        let (wishes, days) = lives_of.new_tree(&mut runner).unwrap().current();
        eprintln!("{wishes:?}\n{days:#?}");
        on(backend, |app| lives(app, wishes.clone(), days.clone(), looked_at.clone()));
    }
    let letters = looked_at.load(Ordering::Relaxed);
    assert!(letters > 3 * count as usize, "{letters} letters in {count} cases");
}

#[test]
fn whatever_people_do_no_letter_asks_for_what_they_do_not_want() {
    cases(Backend::Sqlite, 12);
    if Backend::available().contains(&Backend::Postgres) {
        cases(Backend::Postgres, 3);
    }
}
