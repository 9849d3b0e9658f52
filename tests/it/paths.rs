//! Sixty days of a small organisation, in which people and staff do whatever comes to their minds. Every letter is judged at the
//! moment at which it leaves, by the plainest rules: never above what the person wants now, never in their quiet time, never more
//! than they allow, never without agreement, never after a no.

use crate::{
    crowd,
    harness::{Persona, TestApp, everywhere},
    promises::{against, quiet, wishes},
    story::Story,
};
use alongside::{
    accounts::Person,
    consent::record::{self, Said, Speaker},
    invitations::{AGAIN, INVITE, NO_PLACE, PLACE, REMIND, TAKEN_BACK},
    opportunities::{takes_answers, today, zone},
    participants::preferences,
    platform::{mail::status, secret::TokenKind},
};
use chrono::{Datelike, Days, Duration, NaiveDate};
use chrono_tz::Tz;
use entity::*;
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha20Rng;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};

/// People in the organisation.
const PEOPLE: usize = 24;
/// Days that pass.
const DAYS: i64 = 60;

struct World {
    app: TestApp,
    story: Story,
    dice: ChaCha20Rng,
    topics: Vec<TopicId>,
    people: Vec<Person>,
    zone: Tz,
    /// Letters that were judged.
    judged: HashSet<MailMessageId>,
    /// People who wait for a place, as it stood before the step.
    waiting: HashSet<PlaceId>,
    /// How many letters of each kind left.
    left: BTreeMap<String, usize>,
}

impl World {
    async fn begin(app: TestApp, seed: u64) -> Self {
        let mut story = Story::begin(app.clone()).await;
        let second = story.ada.post(&app, "/topics", &json!({"key": "food", "title": "Food"})).await.expect(201).id();
        let topics: Vec<TopicId> = [&story.topic, &second].map(|id| id.parse().unwrap()).to_vec();
        let organisation = story.ada.organisation.parse().unwrap();
        let doc = PreferenceDoc::with_stance(Stance::up_to(Rung::CoDesign));
        let made = crowd::with(&app, &story, vec![doc; PEOPLE]).await;
        let person = |participant| Person { organisation, participant, session: app.clock.new_id() };
        let people: Vec<Person> = made.into_iter().map(person).collect();
        let days = |n: i64| (crate::harness::start() + Duration::days(n)).date_naive().to_string();
        let ways = [
            ("workshop", "co_design", 35, json!({"places": 1, "title": "One place"})),
            ("consultation", "consultation", 50, json!({"topics": [story.topic], "minutes": 20})),
            ("focus_group", "engagement", 45, json!({"places": 2, "topics": [second]})),
        ];
        // Four projects: a no in one says nothing about the others.
        for n in 0..4 {
            if n > 0 {
                (story.project, story.decision) = story.more().await;
            }
            for (kind, rung, last, changes) in &ways {
                let (last, mut changes) = (last + n, changes.clone());
                changes["closes_on"] = json!(days(last));
                changes["feedback_due"] = json!(days(last + 30));
                if *kind != "consultation" {
                    changes["starts_at"] = json!(format!("{}T10:00:00Z", days(last + 3)));
                }
                story.open(kind, rung, changes).await;
            }
        }
        alongside::app::schedule(&app.app.platform).await.unwrap();
        let key = json!({"name": "everything", "scopes": ["read", "manage"]});
        let key = story.ada.post(&app, "/keys", &key).await.expect(201).json["token"].as_str().unwrap().to_owned();
        story.ada = Persona { token: key, ..story.ada };
        let zone = zone(app.app.platform.db.read(), people[0].organisation).await.unwrap();
        let dice = ChaCha20Rng::seed_from_u64(seed);
        let (judged, waiting, left) = Default::default();
        let mut world = Self { app, story, dice, topics, people, zone, judged, waiting, left };
        for who in world.people.clone() {
            world.consent(&who, Purpose::ContactReminder).await;
        }
        world
    }

    fn today(&self) -> NaiveDate {
        today(self.app.clock.now(), self.zone)
    }

    fn someone(&mut self) -> Person {
        *self.people.choose(&mut self.dice).unwrap()
    }

    /// Something happens. What the rules refuse is refused: that is fine.
    async fn step(&mut self) {
        match self.dice.random_range(0..20) {
            0..=1 => self.wish().await,
            2 => self.pause().await,
            3 => {
                let purpose = *[Purpose::ContactInvite, Purpose::ContactReminder].choose(&mut self.dice).unwrap();
                let who = self.someone();
                self.consent(&who, purpose).await;
            }
            4..=10 => self.reply().await,
            11..=13 => self.staff("invitations").await,
            14..=15 => self.staff("reminders").await,
            16 => self.lose().await,
            17 => self.mailing().await,
            18 => self.take_part_back().await,
            _ if self.dice.random_bool(0.15) => self.staff("close").await,
            _ => {}
        }
    }

    async fn wish(&mut self) {
        let (who, day) = (self.someone(), self.today());
        let doc = match self.dice.random_bool(0.6) {
            // Often enough somebody wants a lot, so that there is something to judge.
            true => PreferenceDoc::with_stance(Stance::up_to(Rung::CoDesign)),
            false => wishes(&mut self.dice, &self.topics, day),
        };
        // Wishes about days that have passed are refused.
        let _ = preferences::record(&self.app.app.platform, &who, Some("*"), doc).await;
    }

    async fn pause(&mut self) {
        let (who, day) = (self.someone(), self.today());
        let until = self.dice.random_bool(0.7).then(|| day + Days::new(self.dice.random_range(0..14)));
        let platform = &self.app.app.platform;
        let tx = platform.db.begin().await.unwrap();
        preferences::pause(&tx, platform, &who, until).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Takes an agreement back, or gives it.
    async fn consent(&mut self, who: &Person, purpose: Purpose) {
        let platform = &self.app.app.platform;
        let tx = platform.db.begin().await.unwrap();
        let speaker = Speaker::on_the_web(who);
        if !record::withdraw(&tx, platform, &speaker, purpose, who.organisation.0).await.unwrap() {
            let notice = alongside::consent::notices::current(&tx, who.organisation, who.organisation.0).await.unwrap().unwrap();
            let proof = record::shown(&tx, platform, &speaker, notice.id, "en", LetterFormat::Plain).await.unwrap();
            let said = [Said { purpose, choice: ConsentType::Give }];
            record::say(&tx, platform, &speaker, proof.reveal(), &said).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// The link of a letter that has left.
    async fn link(&mut self) -> Option<String> {
        let sent = mail_message::Entity::find()
            .filter(mail_message::Column::State.eq(MailState::Sent))
            .filter(mail_message::Column::Kind.is_in([INVITE, AGAIN, REMIND, PLACE]))
            .order_by_asc(mail_message::Column::Id)
            .all(self.app.app.platform.db.read())
            .await
            .unwrap();
        // Half of the time about few places: there is most to get wrong.
        let few = opportunity::Entity::find().filter(opportunity::Column::Places.is_not_null());
        let few: Vec<_> = few.all(self.app.app.platform.db.read()).await.unwrap().into_iter().map(|row| row.id).collect();
        let about = invitation::Entity::find().filter(invitation::Column::OpportunityId.is_in(few));
        let about: HashSet<_> =
            about.all(self.app.app.platform.db.read()).await.unwrap().into_iter().map(|row| row.id.0).collect();
        let scarce: Vec<_> = sent.iter().filter(|letter| letter.subject_id.is_some_and(|id| about.contains(&id))).collect();
        let letter = match self.dice.random_bool(0.5) {
            true => scarce.choose(&mut self.dice).copied().or(sent.last())?,
            false => sent.choose(&mut self.dice)?,
        };
        Some(self.app.app.platform.secret.token(TokenKind::Invitation, letter.id.0).reveal().to_owned())
    }

    async fn reply(&mut self) {
        let Some(token) = self.link().await else { return };
        let (dice, story) = (&mut self.dice, &self.story);
        match dice.random_range(0..9) {
            0..=4 => {
                let said = story.with(&token, "/notice/shown", &json!({"language": "en", "format": "plain"})).await.expect(201);
                let consents = json!([{"purpose": "participate", "choice": "give"}]);
                story.with(&token, "/consents", &json!({"shown": said.json["shown"], "consents": consents})).await;
                story.with(&token, "/accept", &json!({})).await;
            }
            5..=6 => {
                story.with(&token, "/decline", &json!({})).await;
            }
            7 => {
                let on = today(self.app.clock.now(), self.zone) + Days::new(dice.random_range(1..9));
                story.with(&token, "/ask-later", &json!({"on": on})).await;
            }
            _ => {
                let seen = self.app.get("/api/invitation").token(&token).send().await.expect(200).json;
                let ways: Vec<Value> = seen["lighter"].as_array().unwrap().clone();
                let to = ways.choose(dice).map(|way| way["opportunity"].clone());
                story.with(&token, "/step-down", &json!({"to": to})).await;
            }
        }
    }

    async fn take_part_back(&mut self) {
        let Some(token) = self.link().await else { return };
        self.story.with(&token, "/consents/withdraw", &json!({"purpose": "participate"})).await.expect(200);
    }

    async fn staff(&mut self, what: &str) {
        let all = opportunity::Entity::find().order_by_asc(opportunity::Column::Id);
        let all = all.all(self.app.app.platform.db.read()).await.unwrap();
        let id = all.choose(&mut self.dice).unwrap().id;
        let body = if what == "close" { json!({"reason": "Enough."}) } else { json!({}) };
        let path = self.story.ada.path(&format!("/opportunities/{id}/{what}"));
        let call = self.app.post(path).token(&self.story.ada.token);
        let answer = if what == "reminders" { call.send().await } else { call.json(&body).send().await };
        assert!(matches!(answer.status.as_u16(), 200 | 202 | 409), "{what}: {}", answer.text);
    }

    /// A letter that waits cannot be delivered.
    async fn lose(&mut self) {
        self.app.app.run_queue().await.unwrap();
        let db = self.app.app.platform.db.write();
        let waiting = mail_message::Entity::find()
            .filter(mail_message::Column::State.eq(MailState::Queued))
            .filter(mail_message::Column::Kind.eq(INVITE))
            .order_by_asc(mail_message::Column::Id)
            .all(db)
            .await
            .unwrap();
        let Some(letter) = waiting.choose(&mut self.dice) else { return };
        mail_message::Entity::update_many()
            .col_expr(mail_message::Column::State, Expr::value(MailState::Failed.word()))
            .col_expr(mail_message::Column::LastStage, Expr::value("recipient"))
            .filter(mail_message::Column::Id.eq(letter.id))
            .exec(db)
            .await
            .unwrap();
    }

    async fn mailing(&mut self) {
        self.app.app.run_queue().await.unwrap();
        let platform = &self.app.app.platform;
        let all = mail_batch::Entity::find()
            .filter(mail_batch::Column::OrganisationId.is_not_null())
            .filter(mail_batch::Column::State.ne(BatchState::Cancelled))
            .order_by_desc(mail_batch::Column::Id)
            .all(platform.db.read())
            .await
            .unwrap();
        let Some(batch) = all.iter().take(4).collect::<Vec<_>>().choose(&mut self.dice).copied().cloned() else { return };
        let (organisation, tx) = (batch.organisation_id.unwrap(), platform.db.begin().await.unwrap());
        match (batch.state, self.dice.random_bool(0.3)) {
            (_, true) => drop(status::cancel(&tx, &platform.clock, organisation, batch.id).await.unwrap()),
            (BatchState::Paused, _) => status::resume(&tx, &platform.clock, organisation, batch.id).await.unwrap(),
            _ => status::pause(&tx, organisation, batch.id, "A word is wrong.").await.unwrap(),
        }
        tx.commit().await.unwrap();
    }
}

/// Everything that a letter is judged by, as it stands when it leaves.
struct Facts {
    letters: Vec<mail_message::Model>,
    invitations: HashMap<InvitationId, invitation::Model>,
    offers: HashMap<OpportunityId, opportunity::Model>,
    about: Vec<opportunity_topic::Model>,
    wishes: HashMap<ParticipantId, PreferenceDoc>,
    consents: Vec<consent_standing::Model>,
    places: Vec<place::Model>,
}

impl Facts {
    async fn read(app: &TestApp) -> Self {
        let db = app.app.platform.db.write();
        let mut said = preference::Entity::find().all(db).await.unwrap();
        said.sort_by_key(|row| row.n);
        Self {
            letters: mail_message::Entity::find().order_by_asc(mail_message::Column::Id).all(db).await.unwrap(),
            invitations: invitation::Entity::find().all(db).await.unwrap().into_iter().map(|row| (row.id, row)).collect(),
            offers: opportunity::Entity::find().all(db).await.unwrap().into_iter().map(|row| (row.id, row)).collect(),
            about: opportunity_topic::Entity::find().all(db).await.unwrap(),
            wishes: said.into_iter().map(|row| (row.participant_id, row.document)).collect(),
            consents: consent_standing::Entity::find().all(db).await.unwrap(),
            places: place::Entity::find().all(db).await.unwrap(),
        }
    }

    fn agrees(&self, who: ParticipantId, purpose: Purpose) -> bool {
        let says = |row: &&consent_standing::Model| {
            row.participant_id == who && row.purpose == purpose && row.scope_id == row.organisation_id.0
        };
        self.consents.iter().find(says).is_some_and(|row| matches!(row.r#type, ConsentType::Give | ConsentType::Renew))
    }

    fn against(&self, who: ParticipantId, offer: &opportunity::Model, day: NaiveDate) -> Option<&'static str> {
        let about = self.about.iter().filter(|link| link.opportunity_id == offer.id);
        let topics: Vec<TopicId> = about.map(|link| link.topic_id).collect();
        against(&self.wishes[&who], offer, &topics, day)
    }

    fn has_notice(&self, who: ParticipantId, offer: &opportunity::Model, day: NaiveDate) -> bool {
        let days = self.wishes[&who].load.notice_days_min.unwrap_or(0);
        offer.starts_at.is_none_or(|at| (at.date_naive() - day).num_days() >= i64::from(days))
    }

    /// The latest no of somebody in the project of an opportunity.
    fn no_in_project(&self, who: ParticipantId, offer: &opportunity::Model) -> Option<Time> {
        let same = |row: &&invitation::Model| self.offers[&row.opportunity_id].project_id == offer.project_id;
        let nos = self.invitations.values().filter(|row| row.participant_id == who && row.state == InvitationState::Declined);
        nos.filter(same).filter_map(|row| row.replied_at).max()
    }

    fn of(&self, letter: &mail_message::Model) -> (&invitation::Model, &opportunity::Model) {
        let about = &self.invitations[&InvitationId(letter.subject_id.unwrap())];
        (about, &self.offers[&about.opportunity_id])
    }
}

impl World {
    /// Judges who moved up from the waiting list since this was asked last, by what they want now.
    async fn moved_up(&mut self, seed: u64) {
        let facts = Facts::read(&self.app).await;
        let (day, before) = (self.today(), std::mem::take(&mut self.waiting));
        for place in facts.places.iter().filter(|place| place.state == PlaceState::Held && before.contains(&place.id)) {
            let (who, offer) = (place.participant_id, &facts.offers[&place.opportunity_id]);
            assert_eq!(facts.against(who, offer, day), None, "seed {seed}, {day}: moved up against their wishes");
            assert!(facts.has_notice(who, offer, day), "seed {seed}, {day}: moved up without notice");
        }
        self.waiting = facts.places.iter().filter(|place| place.state == PlaceState::Waiting).map(|place| place.id).collect();
    }

    /// Does all work that is due and judges what left.
    async fn judge(&mut self, seed: u64) {
        self.app.outbox().await;
        self.moved_up(seed).await;
        let (facts, day, now) = (Facts::read(&self.app).await, self.today(), self.app.clock.now());
        let fresh = facts.letters.iter().filter(|letter| letter.state == MailState::Sent && !self.judged.contains(&letter.id));
        for letter in fresh.clone().filter(|letter| letter.kind.starts_with("invitations.") || letter.kind.starts_with("places."))
        {
            let (about, offer) = facts.of(letter);
            let context = format!("seed {seed}, {day}: {} to {}: {about:?}", letter.kind, letter.address);
            if let Err(broken) = self.may_leave(&facts, letter, about, offer, day, now) {
                panic!("{broken}; {context} {:?}", facts.wishes[&about.participant_id]);
            }
        }
        for letter in fresh {
            *self.left.entry(letter.kind.clone()).or_default() += 1;
        }
        self.judged = facts.letters.iter().filter(|letter| letter.state == MailState::Sent).map(|letter| letter.id).collect();
    }

    fn may_leave(
        &self,
        facts: &Facts,
        letter: &mail_message::Model,
        about: &invitation::Model,
        offer: &opportunity::Model,
        day: NaiveDate,
        now: Time,
    ) -> Result<(), &'static str> {
        let that = |fine: bool, broken: &'static str| if fine { Ok(()) } else { Err(broken) };
        let (who, kind) = (about.participant_id, letter.kind.as_str());
        that(!quiet(&facts.wishes[&who], day), "in their quiet time")?;
        match kind {
            PLACE => {
                let own = |place: &&place::Model| place.participant_id == who && place.opportunity_id == offer.id;
                return that(facts.places.iter().find(own).is_some_and(|place| place.state == PlaceState::Held), "no place");
            }
            NO_PLACE => return that(offer.state == OpportunityState::Closed, "a place can still become free"),
            TAKEN_BACK => return that(about.state == InvitationState::Withdrawn, "it stands"),
            _ => that(takes_answers(offer, now, self.zone), "it has closed")?,
        }
        let asking = |one: &&mail_message::Model| {
            one.subject_id == letter.subject_id && [INVITE, AGAIN, REMIND].contains(&one.kind.as_str()) && one.id != letter.id
        };
        let others: Vec<_> = facts.letters.iter().filter(asking).filter_map(|one| one.sent_at).collect();
        if kind == REMIND {
            that(others.iter().any(|at| *at <= now - Duration::days(3)), "it reminds of nothing")?;
            that(others.iter().all(|at| *at <= now - Duration::days(3)), "too soon after another letter")?;
            that(facts.agrees(who, Purpose::ContactReminder), "no agreement to reminders")?;
            let sent =
                |one: &&mail_message::Model| one.kind == REMIND && one.subject_id == letter.subject_id && one.sent_at.is_some();
            that(facts.letters.iter().filter(sent).count() <= 2, "more than two reminders")?;
        }
        // What somebody chose themselves is written to them whatever they want of others.
        if about.run_id.is_none() && kind != REMIND {
            return Ok(());
        }
        that(kind == REMIND || facts.agrees(who, Purpose::ContactInvite), "no agreement to invitations")?;
        if let Some(no) = facts.no_in_project(who, offer) {
            let since = kind == AGAIN && about.replied_at.is_some_and(|asked| asked > no);
            that(since || about.state == InvitationState::Accepted, "after a no in the project")?;
        }
        if about.run_id.is_some()
            && let Some(wish) = facts.against(who, offer, day)
        {
            return Err(wish);
        }
        if kind == INVITE {
            that(facts.has_notice(who, offer, day), "too little notice")?;
            self.load(facts, who, offer, now)?;
        }
        Ok(())
    }

    /// What left this month is not more than somebody wants, nor the time that it takes in the month in which `offer` takes place.
    fn load(&self, facts: &Facts, who: ParticipantId, offer: &opportunity::Model, now: Time) -> Result<(), &'static str> {
        let month = |at: Time| {
            let day = at.with_timezone(&self.zone).date_naive();
            (day.year(), day.month())
        };
        let takes_place = |offer: &opportunity::Model, asked: Time| match offer.starts_at {
            Some(at) if at > asked => month(at),
            _ => month(asked),
        };
        let (mut letters, mut minutes) = (0, 0);
        for letter in facts.letters.iter().filter(|one| one.kind == INVITE) {
            let (Some(left), (about, other)) = (letter.sent_at, facts.of(letter)) else { continue };
            if about.participant_id != who || about.run_id.is_none() {
                continue;
            }
            letters += i32::from(month(left) == month(now));
            use InvitationState::{Accepted, AskLater, Sent, Waiting};
            let takes_time = matches!(about.state, Sent | AskLater | Accepted | Waiting);
            if takes_time && takes_place(other, left) == takes_place(offer, now) {
                minutes += other.minutes + other.preparation_minutes;
            }
        }
        let load = &facts.wishes[&who].load;
        match (load.invites_per_month_max, load.minutes_per_month_max) {
            (Some(most), _) if letters > most => Err("more invitations than they want"),
            (_, Some(most)) if minutes > most => Err("more minutes than they want"),
            _ => Ok(()),
        }
    }
}

async fn sixty_days(app: TestApp, seed: u64) {
    let mut world = World::begin(app.clone(), seed).await;
    let end = app.clock.now() + Duration::days(DAYS);
    while app.clock.now() < end {
        for _ in 0..world.dice.random_range(1..6) {
            world.step().await;
            // Letters are made and have not left when the next thing happens.
            if world.dice.random_bool(0.7) {
                app.app.run_queue().await.unwrap();
            }
            // Whoever changes their mind after they moved up was moved up rightly.
            world.moved_up(seed).await;
        }
        world.judge(seed).await;
        app.clock.advance(Duration::hours(world.dice.random_range(2..30)));
    }
    let left: usize = world.left.values().sum();
    assert!(left > 100, "seed {seed}: too few letters for this to mean something: {:?}", world.left);
    // What waits for an hour to come is not part of this.
    mail_message::Entity::update_many()
        .col_expr(mail_message::Column::State, Expr::value(MailState::Cancelled.word()))
        .filter(mail_message::Column::State.eq(MailState::Queued))
        .exec(app.app.platform.db.write())
        .await
        .unwrap();
    app.run_jobs().await;
}

#[test]
fn whatever_people_and_staff_do_no_letter_breaks_a_promise() {
    for seed in [1, 20_270_301] {
        everywhere(|app| sixty_days(app, seed));
    }
}
