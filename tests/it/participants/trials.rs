//! M13: trying a higher rung for a while, and going back to exactly what counted before.

use crate::{
    harness::{Browser, Participant, TestApp, everywhere},
    story::Story,
};
use alongside::{
    app,
    participants::{preferences, trials},
};
use chrono::Duration;
use entity::{Rung, TrialEnd, participant, trial};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

fn up_to(rung: &str) -> Value {
    json!({"stance": {"kind": "up_to", "rung": rung}})
}

async fn row(story: &Story, who: &Participant) -> participant::Model {
    let key = (story.ada.organisation.parse().unwrap(), who.id.parse().unwrap());
    participant::Entity::find_by_id(key).one(story.app.app.platform.db.read()).await.unwrap().unwrap()
}

/// What counts today: the version, what it says by itself, and the highest rung with what is tried.
async fn counts(story: &Story, who: &Participant) -> (Option<entity::PreferenceId>, entity::PreferenceDoc, Option<Rung>) {
    let db = story.app.app.platform.db.read();
    let row = row(story, who).await;
    let (_, doc) = preferences::current(db, &row).await.unwrap();
    let today = story.app.clock.now().date_naive();
    let all = trials::in_force(db, &row, today).await.unwrap().doc;
    (row.preference_id, doc, alongside::participants::allowed(&all, &[][..], today).highest())
}

async fn runs(app: &TestApp, who: &Participant) -> bool {
    who.get(app, "/trial").send().await.expect(200).json.get("trial").is_some()
}

async fn trials_of(app: &TestApp) -> Vec<trial::Model> {
    trial::Entity::find().all(app.app.platform.db.read()).await.unwrap()
}

/// A meeting of an opportunity to which somebody went.
async fn went(story: &Story, opportunity: &str, who: &Participant) {
    let at = story.app.clock.now();
    let time = |hours| (at + Duration::hours(hours)).to_rfc3339();
    let meeting = json!({"title": "Together", "starts_at": time(1), "ends_at": time(2)});
    let path = format!("/opportunities/{opportunity}/meetings");
    let id = story.ada.post(&story.app, &path, &meeting).await.expect(201).id();
    let there = json!([{"participant": who.id, "attendance": "present"}]);
    story.ada.put(&story.app, &format!("{path}/{id}/attendance"), &there).await.expect(200);
}

#[test]
fn what_is_tried_may_be_asked_for_and_the_reason_says_so() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", up_to("consultation")).await;
        let eve = story.person("eve", up_to("consultation")).await;
        let before = counts(&story, &ben).await;
        let seen = ben.get(&app, "/trial").send().await.expect(200).json;
        assert_eq!(seen, json!({"steps": ["engagement", "co_design", "co_production"]}));
        let wanted = json!({"rung": "co_design", "until": "2027-04-30", "supporter": "My sister"});
        let begun = ben.post(&app, "/trial", &wanted).await.expect(201).json;
        assert_eq!((&begun["sessions"], &begun["attended"], &begun["supporter"]), (&json!(2), &json!(0), &json!("My sister")));
        let now = counts(&story, &ben).await;
        assert_eq!((&now.0, &now.1), (&before.0, &before.1), "what was chosen stays as it was beside it");
        assert_eq!(now.2, Some(Rung::CoDesign));
        assert_eq!(ben.post(&app, "/trial", &wanted).await.expect(409).json["code"], "trying_already");
        assert_eq!(ben.get(&app, "/trial").send().await.json["steps"], json!([]));

        let id = story.open("co_design_group", "co_design", json!({})).await;
        let asking = ben.get(&app, "/asking").send().await.expect(200).json;
        assert_eq!(asking["items"][0]["may_be_asked"], true, "{asking}");
        let letters = story.invite(&id, json!({})).await;
        assert_eq!(letters.iter().map(|letter| &letter.to).collect::<Vec<_>>(), [&ben.email]);
        assert!(letters[0].words().contains("You are trying this step until 30 April 2027."), "{}", letters[0].words());
        assert!(!letters[0].text().contains("sister"));
        // Engagement was not tried, and somebody else tries nothing.
        let between = story.open("workshop", "engagement", json!({})).await;
        assert!(story.invite(&between, json!({})).await.is_empty());
        assert!(!runs(&app, &eve).await);
        // Whoever goes back is asked for it no more, at once, and the letter that asked is taken back.
        let back = ben.post(&app, "/trial/end", &json!({})).await.expect(200).json;
        assert!(back.get("trial").is_none());
        let after = counts(&story, &ben).await;
        assert_eq!(after, before, "the version and all it says are exactly those of before");
        let letters = app.outbox().await;
        assert!(letters[0].words().contains("You need not do anything about it"), "{}", letters[0].words());
        assert_eq!(story.count(&id, "withdrawn").await, 1);
        ben.post(&app, "/trial/end", &json!({})).await.expect(200);
        let kept = &trials_of(&app).await[0];
        assert_eq!((kept.ended, &kept.supporter), (Some(TrialEnd::WentBack), &None), "who went along is forgotten");
    });
}

#[test]
fn a_trial_ends_by_itself_after_its_day_and_needs_no_job_for_it() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", up_to("consultation")).await;
        let before = counts(&story, &ben).await;
        ben.post(&app, "/trial", &json!({"rung": "engagement", "until": "2027-03-11"})).await.expect(201);
        app::schedule(&app.app.platform).await.unwrap();
        assert!(app.outbox().await.is_empty());
        app.clock.advance(Duration::days(5));
        let half_way = app.outbox().await;
        assert_eq!(half_way.len(), 1);
        let words = half_way[0].words();
        assert!(words.contains("“Talk it through more than once” for 2 sessions, or until 11 March 2027"), "{words}");
        assert!(words.contains("/o/sunrise/me/trial"), "{words}");
        app.clock.advance(Duration::days(1));
        assert!(app.outbox().await.is_empty(), "it is asked once");
        app.clock.advance(Duration::days(4));
        assert_eq!(counts(&story, &ben).await.2, Some(Rung::Engagement), "the last day belongs to it");
        app.clock.advance(Duration::days(1));
        assert_eq!(counts(&story, &ben).await, before, "before any job has run");
        assert!(trials_of(&app).await[0].ended_at.is_none());
        let over = app.outbox().await;
        assert_eq!(over.len(), 1);
        assert!(over[0].words().contains("What you chose before counts again."), "{}", over[0].words());
        assert_eq!(trials_of(&app).await[0].ended, Some(TrialEnd::Over));
        // One can be begun again, by whoever wants to.
        let ben = app.sign_in_by_letter(&story.ada, &ben).await;
        assert!(!runs(&app, &ben).await);
        ben.post(&app, "/trial", &json!({"rung": "co_design"})).await.expect(201);
        assert_eq!(trials_of(&app).await[1].last_day.to_string(), "2027-06-12", "three months ahead");
        app.clock.advance(Duration::days(46));
        let again = app.outbox().await;
        assert!(again.len() == 1 && again[0].words().contains("How is it going?"), "{again:?}");
    });
}

#[test]
fn a_trial_ends_by_itself_after_its_sessions() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", up_to("consultation")).await;
        let before = counts(&story, &ben).await;
        let lower = story.open("workshop", "consultation", json!({})).await;
        let higher = story.open("co_design_group", "co_design", json!({})).await;
        for id in [&lower, &higher] {
            if *id == higher {
                ben.post(&app, "/trial", &json!({"rung": "co_design", "sessions": 2})).await.expect(201);
            }
            story.take_place(&story.invite(id, json!({})).await[0].token("ai_")).await;
            app.outbox().await;
        }
        app::schedule(&app.app.platform).await.unwrap();
        app.outbox().await;
        went(&story, &lower, &ben).await;
        assert_eq!(ben.get(&app, "/trial").send().await.json["trial"]["attended"], 0, "what is not tried does not count");
        went(&story, &higher, &ben).await;
        assert_eq!(ben.get(&app, "/trial").send().await.json["trial"]["attended"], 1);
        app.clock.advance(Duration::hours(2));
        let letters = app.outbox().await;
        assert!(letters.len() == 1 && letters[0].words().contains("How is it going?"), "half of the sessions: {letters:?}");
        went(&story, &higher, &ben).await;
        assert_eq!(counts(&story, &ben).await, before, "at once");
        app.clock.advance(Duration::hours(2));
        let letters = app.outbox().await;
        assert!(letters.len() == 1 && letters[0].words().contains("That is over now"), "{letters:?}");
        assert_eq!(story.count(&higher, "accepted").await, 1, "the place that was taken stays theirs");
    });
}

#[test]
fn what_is_tried_stays_only_if_the_person_says_so() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", up_to("consultation")).await;
        assert_eq!(ben.post(&app, "/trial/keep", &json!({})).await.expect(409).json["code"], "no_trial");
        ben.post(&app, "/trial", &json!({"rung": "engagement"})).await.expect(201);
        let key = || app.post("/api/me/trial/keep").token(&ben.token).header("idempotency-key", "k").send();
        let kept = key().await.expect(201);
        assert_eq!(kept.json, json!({"n": 2}));
        assert_eq!(key().await.expect(201).text, kept.text);
        let now = ben.get(&app, "/preferences").send().await.expect(200).json;
        assert_eq!(now["document"]["stance"], json!({"kind": "up_to", "rung": "engagement"}));
        assert!(!runs(&app, &ben).await);
        // What lies between is not taken along.
        ben.post(&app, "/trial", &json!({"rung": "co_production"})).await.expect(201);
        ben.post(&app, "/trial/keep", &json!({})).await.expect(201);
        let now = ben.get(&app, "/preferences").send().await.expect(200).json;
        let only = json!({"kind": "only", "rungs": ["informing", "consultation", "engagement", "co_production"]});
        assert_eq!(now["document"]["stance"], only);
        assert_eq!(trials_of(&app).await.iter().map(|row| row.ended).collect::<Vec<_>>(), [Some(TrialEnd::Kept); 2]);
        app.run_jobs().await;
    });
}

#[test]
fn whatever_is_said_afterwards_ends_a_trial() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let begin = async |name: &str| {
            let who = story.person(name, up_to("consultation")).await;
            who.post(&app, "/trial", &json!({"rung": "co_design"})).await.expect(201);
            who
        };
        let (ben, cat, dan, eve) = (begin("ben").await, begin("cat").await, begin("dan").await, begin("eve").await);
        ben.put(&app, "/preferences", &json!({"stance": {"kind": "ask_each_time", "rungs": ["consultation"]}})).await.expect(200);
        cat.post(&app, "/pause", &json!({})).await.expect(201);
        dan.post(&app, "/step-down", &json!({"rung": "consultation"})).await.expect(201);
        // What staff write down counts too: it is never more than the person has said.
        let path = format!("/people/{}/preferences", eve.id);
        let refused = story.ada.put(&app, &path, &up_to("co_design")).await.expect(409);
        assert_eq!(refused.json["code"], "above_preference", "a trial gives nobody else more to write down");
        assert!(runs(&app, &eve).await);
        story.ada.put(&app, &path, &up_to("informing")).await.expect(200);
        for who in [&ben, &cat, &dan, &eve] {
            assert!(!runs(&app, who).await);
            assert_ne!(counts(&story, who).await.2, Some(Rung::CoDesign));
        }
        let fay = begin("fay").await;
        app.post("/api/me/leave").token(&fay.token).send().await.expect(200);
        assert!(trials_of(&app).await.iter().all(|row| row.ended_at.is_some()));
        app.run_jobs().await;
    });
}

#[test]
fn what_says_nothing_of_involvement_leaves_a_trial_as_it_is() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", up_to("consultation")).await;
        ben.post(&app, "/trial", &json!({"rung": "co_design"})).await.expect(201);
        let with = |more: Value| {
            let mut wish = up_to("consultation");
            wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            wish
        };
        for more in [
            json!({"money": {"payment": "decline"}}),
            json!({"access_needs": [{"need": "A lift", "share_with": "coordinator"}]}),
            json!({"quiet_periods": [{"from": "2027-08-01", "to": "2027-08-14"}]}),
            json!({"load": {"invites_per_month_max": 2}}),
        ] {
            ben.put(&app, "/preferences", &with(more)).await.expect(200);
            assert!(runs(&app, &ben).await);
            assert_eq!(counts(&story, &ben).await.2, Some(Rung::CoDesign));
        }
        // The same where staff write down a quiet day for them.
        let told = json!({"quiet_periods": [{"from": "2027-09-01", "to": "2027-09-02"}]});
        story.ada.put(&app, &format!("/people/{}/preferences", ben.id), &told).await.expect(200);
        assert!(runs(&app, &ben).await);
        // The way to it stays there, though they never asked to be shown how to try more.
        let mut page = Browser::new(&app);
        page.sign_in(&ben, "sunrise").open("/o/sunrise/me/preferences").await.expect(200).says("What I am trying now");
        page.hides("Try something more for a while");
        // It ends where the version that counts says so, and leaves that version as it is.
        ben.post(&app, "/trial/end", &json!({})).await.expect(200);
        assert_eq!(counts(&story, &ben).await.2, Some(Rung::Consultation));
        page.open("/o/sunrise/me/preferences").await.expect(200).hides("What I am trying now");
        page.says("To see how you can try something more for a while, change “Trying something more”.");
        ben.put(&app, "/preferences", &with(json!({"trial": {"open_to_trying_higher": true}}))).await.expect(200);
        page.open("/o/sunrise/me/preferences").await.follow("Try something more for a while").await.expect(200);
        ben.post(&app, "/trial", &json!({"rung": "co_design"})).await.expect(201);
        ben.put(&app, "/preferences", &up_to("engagement")).await.expect(200);
        assert!(!runs(&app, &ben).await);
        app.run_jobs().await;
    });
}

#[test]
fn what_cannot_be_tried_is_refused_with_its_place() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", up_to("engagement")).await;
        let wrong = json!({"rung": "consultation", "sessions": 11, "until": "2028-03-02", "supporter": "x".repeat(201)});
        let found = ben.post(&app, "/trial", &wrong).await.expect(422).violations();
        let codes: Vec<_> = found.iter().map(|(at, code)| (at.as_str(), code.as_str())).collect();
        let expected =
            [("/rung", "not_higher"), ("/sessions", "out_of_range"), ("/until", "out_of_range"), ("/supporter", "too_long")];
        assert_eq!(codes, expected);
        ben.post(&app, "/trial", &json!({"rung": "coercion"})).await.expect(422);
        let silent = app.participant(&story.ada, "cat").await;
        let all = story.person("dan", json!({"stance": {"kind": "at_least", "rung": "engagement"}})).await;
        ben.post(&app, "/pause", &json!({})).await.expect(201);
        for who in [&silent, &all, &ben] {
            let refused = who.post(&app, "/trial", &json!({"rung": "co_production"})).await.expect(409);
            assert_eq!(refused.json["code"], "nothing_higher");
        }
        app.run_jobs().await;
    });
}

#[test]
fn what_is_never_wanted_is_not_tried_either() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let mut wish = up_to("consultation");
        wish["topics"] = json!({"never": [story.topic]});
        let ben = story.person("ben", wish).await;
        let mut wish = up_to("consultation");
        wish["topic_stances"] = json!([{"topic": story.topic, "stance": {"kind": "up_to", "rung": "consultation"}}]);
        let cat = story.person("cat", wish).await;
        for who in [&ben, &cat] {
            who.post(&app, "/trial", &json!({"rung": "co_design"})).await.expect(201);
        }
        let id = story.open("co_design_group", "co_design", json!({"topics": [story.topic]})).await;
        assert!(story.invite(&id, json!({})).await.is_empty(), "the more specific wish holds");
        let other = story.open("co_design_group", "co_design", json!({})).await;
        assert_eq!(story.invite(&other, json!({})).await.len(), 2);
    });
}
