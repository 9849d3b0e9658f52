//! What people have said holds on every path, also those that they began themselves: pauses, limits, topics, leaving.

use crate::{
    groups::{aged, disagreeing, files, quota, runs},
    harness::{Mail, Participant, TestApp, everywhere},
    story::Story,
};
use alongside::matching::file::Draw;
use chrono::Duration;
use entity::invitation;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

fn deep() -> Value {
    json!({"stance": {"kind": "up_to", "rung": "co_design"}})
}

async fn asking(story: &Story, who: &Participant, id: &str) -> Value {
    let list = who.get(&story.app, "/asking").send().await.expect(200).json;
    list["items"].as_array().unwrap().iter().find(|row| row["opportunity"] == id).unwrap().clone()
}

async fn wants(story: &Story, who: &Participant, wish: &Value) -> Vec<Mail> {
    who.put(&story.app, "/preferences", wish).await.expect(200);
    story.app.run_jobs().await;
    story.app.outbox().await
}

#[test]
fn whoever_set_no_limit_is_asked_as_often_as_the_organisation_says() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", deep()).await;
        story
            .person("cat", json!({"stance": {"kind": "up_to", "rung": "co_design"}, "load": {"invites_per_month_max": 3}}))
            .await;
        let home = story.ada.path("");
        let mut body = app.get(&home).token(&story.ada.token).send().await.expect(200).json;
        body.as_object_mut().unwrap().retain(|name, _| !["id", "role"].contains(&name.as_str()));
        body["invites_per_month"] = json!(1);
        app.put(&home).token(&story.ada.token).header("if-match", "*").json(&body).send().await.expect(200);
        let (first, second) = (
            story.open("consultation", "consultation", json!({"title": "First"})).await,
            story.open("consultation", "consultation", json!({"title": "Second"})).await,
        );
        assert_eq!(story.invite(&first, json!({})).await.len(), 2);
        let more = story.invite(&second, json!({})).await;
        assert_eq!(more.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["cat@people.example"]);
        assert_eq!(asking(&story, &ben, &second).await["why_not"], "monthly_invitations");
        body["invites_per_month"] = json!(0);
        let refused = app.put(&home).token(&story.ada.token).header("if-match", "*").json(&body).send().await.expect(422);
        assert_eq!(refused.violations()[0].0, "/invites_per_month");
    });
}

#[test]
fn a_pause_holds_for_what_somebody_applied_for() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let cat = story.person("cat", json!({"stance": {"kind": "up_to", "rung": "consultation"}})).await;
        let id = story.open("co_design_group", "co_design", json!({"places": 3})).await;
        let apply = async || cat.post(&app, &format!("/opportunities/{id}/application"), &json!({})).await;
        apply().await.expect(200);
        cat.post(&app, "/pause", &json!({})).await.expect(201);
        app.run_jobs().await;
        assert_eq!(asking(&story, &cat, &id).await["why_not"], "paused");
        assert!(story.invite(&id, json!({})).await.is_empty(), "nothing is asked of Cat");
        // The application stays, for when the pause is over.
        wants(&story, &cat, &json!({"stance": {"kind": "up_to", "rung": "consultation"}})).await;
        assert_eq!(story.invite(&id, json!({})).await.len(), 1);
        // A pause takes the question back, and the place that was held is free.
        cat.post(&app, "/pause", &json!({})).await.expect(201);
        app.run_jobs().await;
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 1);
        assert!(letters[0].text().contains("We have taken the question back."), "{}", letters[0].text());
        let other = story.open("co_design_group", "co_design", json!({"places": 2, "title": "Other"})).await;
        let refused = cat.post(&app, &format!("/opportunities/{other}/application"), &json!({})).await.expect(409);
        assert_eq!(refused.json["code"], "pausing");
    });
}

#[test]
fn hours_that_are_lowered_take_back_what_no_longer_fits() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", deep()).await;
        let of = |title: &str, starts: &str| json!({"title": title, "minutes": 60, "starts_at": starts, "feedback_due": "2027-07-01", "places": 5});
        let mut ids = Vec::new();
        for (title, starts) in
            [("March", "2027-03-30T10:00:00Z"), ("April", "2027-04-20T10:00:00Z"), ("More in April", "2027-04-21T10:00:00Z")]
        {
            ids.push(story.open("workshop", "co_design", of(title, starts)).await);
            assert_eq!(story.invite(ids.last().unwrap(), json!({})).await.len(), 1);
        }
        // An hour a month: one of the two in April goes, the later one.
        let letters = wants(
            &story,
            &ben,
            &json!({"stance": {"kind": "up_to", "rung": "co_design"}, "load": {"minutes_per_month_max": 60}}),
        )
        .await;
        assert_eq!(letters.len(), 1);
        assert!(letters[0].text().contains("More in April"), "{}", letters[0].text());
        let states = invitation::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        assert_eq!(states.iter().filter(|row| row.state == entity::InvitationState::Sent).count(), 2);
    });
}

#[test]
fn what_is_never_wanted_is_no_lighter_way_either() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let food = story.ada.post(&app, "/topics", &json!({"key": "food", "title": "Food"})).await.expect(201).id();
        story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}, "topics": {"never": [food]}})).await;
        let id = story.open("workshop", "co_design", json!({"places": 2})).await;
        story.open("consultation", "consultation", json!({"title": "About food", "topics": [food]})).await;
        let other = story.open("consultation", "consultation", json!({"title": "About doors"})).await;
        let letters = story.invite(&id, json!({})).await;
        let seen = app.get("/api/invitation").token(&letters[0].token("ai_")).send().await.expect(200).json["lighter"].clone();
        assert!(seen.to_string().contains(&other) && !seen.to_string().contains("About food"), "{seen}");
    });
}

#[test]
fn whoever_leaves_is_thanked_and_paid() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", deep()).await;
        let id = story.open("co_design_group", "co_design", json!({"places": 2})).await;
        let letters = story.invite(&id, json!({})).await;
        assert_eq!(story.take_place(&letters[0].token("ai_")).await, "accepted");
        app.outbox().await;
        ben.post(&app, "/leave", &json!({})).await;
        app.run_jobs().await;
        app.outbox().await;
        let tasks = story.ada.get(&app, "/tasks").send().await.expect(200).json;
        assert_eq!(tasks["items"][0]["kind"], "left", "{tasks}");
        assert!(tasks["items"][0]["to_do"].to_string().contains("Pay what is owed"), "{tasks}");
    });
}

#[test]
fn a_wish_of_its_own_is_named_where_it_speaks_against_something() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let light = json!([{"topic": story.topic, "stance": {"kind": "inform_me_only"}}]);
        let ben = story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}, "topic_stances": light})).await;
        let id = story.open("consultation", "consultation", json!({"topics": [story.topic]})).await;
        let row = asking(&story, &ben, &id).await;
        assert_eq!(row["why_not_in_words"], "It asks for more, or for something else, than you chose for the topic “Housing”.");
    });
}

#[test]
fn nobody_draws_letters_until_they_suit() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for n in 0..12 {
            aged(&story, &format!("young{n}"), "16_24").await;
        }
        let id = story.open("co_design_group", "co_design", json!({"places": 2, "reply_within_days": 7})).await;
        let body = json!({"quotas": [quota("16_24", 1, 2)], "draws_on": "2027-03-20"});
        let call = app.put(story.ada.path(&format!("/opportunities/{id}/quotas"))).token(&story.ada.token);
        call.header("if-match", "*").json(&body).send().await.expect(200);
        let names = |letters: &[Mail]| {
            let mut names: Vec<String> = letters.iter().map(|letter| letter.to.clone()).collect();
            names.sort();
            names
        };
        let first = names(&story.invite(&id, json!({"letters": 5})).await);
        assert_eq!(first.len(), 5);
        story.cancel_letters().await;
        // In a plan they cannot be shared out anew either.
        let other = story.open("consultation", "consultation", json!({"title": "Other"})).await;
        let both = json!({"opportunities": [{"opportunity": id, "yes": 4}, {"opportunity": other, "yes": 4}]});
        assert_eq!(story.ada.post(&app, "/plans", &both).await.expect(409).json["code"], "cancelled");
        let again = names(&story.invite(&id, json!({"letters": 5, "seed": "another"})).await);
        assert_eq!(first, again, "the letters go to those who were drawn");
        let runs = runs(&story, &id).await;
        assert_eq!((runs.len(), &runs[0]["asked"]), (1, &json!(5)));
    });
}

#[test]
fn after_letters_of_a_plan_the_first_draw_keeps_its_quotas_or_stops() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        for n in 0..3 {
            aged(&story, &format!("young{n}"), "16_24").await;
            aged(&story, &format!("old{n}"), "65_plus").await;
        }
        let id = story.open("co_design_group", "co_design", json!({"places": 2, "reply_within_days": 7})).await;
        let body = json!({"quotas": [quota("16_24", 1, 1), quota("65_plus", 1, 1)], "draws_on": "2027-03-20"});
        let call = app.put(story.ada.path(&format!("/opportunities/{id}/quotas"))).token(&story.ada.token);
        call.header("if-match", "*").json(&body).send().await.expect(200);
        let other = story.open("consultation", "consultation", json!({"title": "Other"})).await;
        let both = json!({"opportunities": [{"opportunity": id, "yes": 6}, {"opportunity": other, "yes": 1}]});
        story.ada.post(&app, "/plans", &both).await.expect(202);
        app.run_jobs().await;
        let letters = app.outbox().await;
        let about =
            letters.iter().filter(|letter| letter.to.starts_with("old") && letter.text().contains("Names are drawn by lot"));
        let mut old = 0;
        for letter in about {
            assert_eq!(story.take_place(&letter.token("ai_")).await, "waiting");
            old += 1;
        }
        assert!(old > 0);
        alongside::app::schedule(&app.app.platform).await.unwrap();
        app.clock.advance(Duration::days(19));
        app.run_jobs().await;
        story.ada = app.sign_in_again(&story.ada).await;
        assert!(app.outbox().await.is_empty(), "nobody young said yes, so nobody is drawn or turned away");
        assert_eq!(runs(&story, &id).await[0]["state"], "stopped");
    });
}

#[test]
fn a_file_that_was_tampered_with_is_told_and_breaks_nothing() {
    everywhere(|app: TestApp| async move {
        let story = Story::begin(app.clone()).await;
        for n in 0..8 {
            aged(&story, &format!("young{n}"), "16_24").await;
            aged(&story, &format!("old{n}"), "65_plus").await;
        }
        let id = story.open("co_design_group", "co_design", json!({"places": 4})).await;
        let call = app.put(story.ada.path(&format!("/opportunities/{id}/quotas"))).token(&story.ada.token);
        let body = json!({"quotas": [quota("16_24", 2, 2), quota("65_plus", 1, 2)]});
        call.header("if-match", "*").json(&body).send().await.expect(200);
        assert_eq!(story.invite(&id, json!({})).await.len(), 4);
        let (public, whole) = files(&story, &id).await;
        assert_eq!((disagreeing(&public), disagreeing(&whole)), (vec![], vec![]));
        let again = |change: &dyn Fn(&mut alongside::matching::grounds::Grounds)| {
            let mut draw = Draw::read(whole.as_bytes()).unwrap();
            change(draw.head.grounds.as_mut().unwrap());
            draw.checks().into_iter().filter(|(_, agrees)| !agrees).map(|(what, _)| what).collect::<Vec<_>>()
        };
        let fits = "what it rested on fits the lottery";
        assert_eq!(again(&|grounds| grounds.kinds.clear()), [fits]);
        assert_eq!(again(&|grounds| grounds.kinds[0] = vec![7]), [fits]);
        let set = "the quotas are those that were set, less who had a place";
        assert!(again(&|grounds| grounds.quotas[0].min = 1).contains(&set));
        assert!(again(&|grounds| grounds.chances[0] *= 0.5).contains(&"the chances are those of the lottery"));
    });
}

#[test]
fn what_is_over_says_whether_somebody_was_asked_and_by_which_choice_not() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let light = json!([{"topic": story.topic, "stance": {"kind": "inform_me_only"}}]);
        let ben = story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}, "topic_stances": light})).await;
        let cat = story.person("cat", deep()).await;
        let id = story.open("consultation", "consultation", json!({"topics": [story.topic]})).await;
        assert_eq!(story.invite(&id, json!({})).await.len(), 1);
        // What Ben chooses later changes nothing about why he was not asked then; and Dan was not there.
        app.clock.advance(Duration::hours(1));
        wants(&story, &ben, &deep()).await;
        let dan = story.person("dan", deep()).await;
        app.post(story.ada.path(&format!("/opportunities/{id}/close")))
            .token(&story.ada.token)
            .json(&json!({"reason": "Enough."}))
            .send()
            .await
            .expect(200);
        app.run_jobs().await;
        app.outbox().await;
        let over = async |who: &Participant| who.get(&app, "/asking/over").send().await.expect(200).json["items"][0].clone();
        let (of_ben, of_cat, of_dan) = (over(&ben).await, over(&cat).await, over(&dan).await);
        assert_eq!((&of_ben["asked"], &of_ben["why_not"]), (&json!(false), &json!("rung")));
        let words = of_ben["why_not_in_words"].as_str().unwrap();
        assert!(words.contains("your choices of that day") && words.contains("for the topic “Housing”"), "{words}");
        assert_eq!((&of_cat["asked"], of_cat.get("why_not_in_words")), (&json!(true), None));
        assert_eq!(of_dan["why_not_in_words"], "You had not joined yet when people were asked.");
    });
}

#[test]
fn what_is_over_knows_what_somebody_tried_that_day() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let once = json!({"stance": {"kind": "up_to", "rung": "consultation"}, "load": {"invites_per_month_max": 1}});
        let (eve, finn) = (story.person("eve", once.clone()).await, story.person("finn", once).await);
        eve.post(&app, "/trial", &json!({"rung": "co_design"})).await.expect(201);
        // Eve is asked for what she tries; then the month is full, and for the next one it was nothing that she chose.
        for letters in [1, 0] {
            let id = story.open("co_design_group", "co_design", json!({})).await;
            assert_eq!(story.invite(&id, json!({})).await.len(), letters);
            let path = story.ada.path(&format!("/opportunities/{id}/close"));
            app.post(path).token(&story.ada.token).json(&json!({"reason": "Enough."})).send().await.expect(200);
            app.run_jobs().await;
            app.outbox().await;
            app.clock.advance(Duration::minutes(10));
        }
        // She goes back: what is over stays as it was.
        eve.post(&app, "/trial/end", &json!({})).await.expect(200);
        let over = async |who: &Participant| who.get(&app, "/asking/over").send().await.expect(200).json["items"].clone();
        let (of_eve, of_finn) = (over(&eve).await, over(&finn).await);
        assert_eq!((&of_eve[1]["asked"], &of_eve[0]["asked"]), (&json!(true), &json!(false)));
        assert_eq!(of_eve[0].get("why_not"), None, "{of_eve}");
        assert!(of_eve[0]["why_not_in_words"].as_str().unwrap().starts_with("Your choices did not speak against it"));
        assert_eq!((&of_finn[0]["why_not"], &of_finn[1]["why_not"]), (&json!("rung"), &json!("rung")));
        app.run_jobs().await;
        app.outbox().await;
    });
}
