//! Applying oneself: for what one's choices do not include, in an open call, in a draw, and where names are drawn later.

use crate::{
    groups::runs,
    harness::{Backend, Browser, Participant, everywhere, on},
    story::Story,
};
use chrono::Duration;
use serde_json::{Value, json};

fn light() -> Value {
    json!({"stance": {"kind": "up_to", "rung": "consultation"}})
}

async fn apply(story: &Story, who: &Participant, id: &str) -> crate::harness::Answer {
    who.post(&story.app, &format!("/opportunities/{id}/application"), &json!({})).await
}

async fn take_back(story: &Story, who: &Participant, id: &str) -> crate::harness::Answer {
    story.app.delete(format!("/api/me/opportunities/{id}/application")).token(&who.token).send().await
}

async fn row(story: &Story, who: &Participant, id: &str) -> Value {
    let list = who.get(&story.app, "/asking").send().await.expect(200).json;
    list["items"].as_array().unwrap().iter().find(|row| row["opportunity"] == id).unwrap().clone()
}

#[test]
fn whoever_applies_gets_an_invitation_and_their_choices_stay() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", json!({"stance": {"kind": "inform_me_only"}})).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        assert!(story.invite(&id, json!({})).await.is_empty(), "nobody asks Ben");
        assert_eq!(row(&story, &ben, &id).await["why_not"], "rung");
        let before = ben.get(&app, "/preferences").send().await.expect(200);
        let made = apply(&story, &ben, &id).await.expect(200).json;
        assert_eq!(made["state"], "asked");
        assert_eq!(apply(&story, &ben, &id).await.expect(200).json, made, "a second time changes nothing");
        app.run_jobs().await;
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 1);
        assert!(letters[0].words().contains("You asked to take part in this yourself."), "{}", letters[0].words());
        let after = ben.get(&app, "/preferences").send().await.expect(200);
        assert_eq!(before.json, after.json);
        // Another version of their choices takes nothing back that they asked for.
        ben.put(&app, "/preferences", &json!({"stance": {"kind": "inform_me_only"}, "load": {"invites_per_month_max": 1}}))
            .await
            .expect(200);
        app.run_jobs().await;
        assert!(app.outbox().await.is_empty());
        story.with(&letters[0].token("ai_"), "/accept", &json!({})).await.expect(200);
        assert_eq!(take_back(&story, &ben, &id).await.expect(409).json["code"], "asked");
        // It puts them behind nobody.
        let rows = row(&story, &ben, &id).await;
        assert_eq!((&rows["applied"], &rows["why_not"]), (&json!(true), &json!("asked_before")));
        app.outbox().await;
    });
}

#[test]
fn an_application_puts_into_the_draw_and_not_round_it() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let mut fits = Vec::new();
        for n in 0..2 {
            fits.push(story.person(&format!("fits{n}"), json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await);
        }
        let (ben, cat) = (story.person("ben", light()).await, story.person("cat", light()).await);
        let id = story.open("co_design_group", "co_design", json!({"places": 3})).await;
        for who in [&ben, &cat, &fits[0]] {
            assert_eq!(apply(&story, who, &id).await.expect(200).json, json!({"state": "in_draw"}));
        }
        assert!(row(&story, &ben, &id).await["may_be_asked"] == true);
        take_back(&story, &cat, &id).await.expect(204);
        take_back(&story, &cat, &id).await.expect(404);
        assert_eq!(row(&story, &cat, &id).await["why_not"], "rung");
        assert!(app.outbox().await.is_empty(), "nobody is asked by applying");
        let letters = story.invite(&id, json!({})).await;
        assert_eq!(letters.len(), 3);
        let of_ben = letters.iter().find(|letter| letter.to == ben.email).expect("three places for three");
        assert!(of_ben.words().contains("You asked to be in this draw yourself."), "{}", of_ben.words());
        let run = &runs(&story, &id).await[0];
        assert_eq!((&run["eligible"], &run["considered"]), (&json!(3), &json!(4)));
        // What Ben applied for is not taken back by a later version of his choices.
        ben.put(&app, "/preferences", &json!({"stance": {"kind": "inform_me_only"}})).await.expect(200);
        app.run_jobs().await;
        assert!(app.outbox().await.is_empty());
        assert_eq!(story.take_place(&of_ben.token("ai_")).await, "accepted");
        // All who were drawn were asked: whoever applies now is asked, and waits until a place is free.
        let made = apply(&story, &cat, &id).await.expect(200).json;
        assert_eq!(made["state"], "asked");
        app.run_jobs().await;
        let letters = app.outbox().await;
        let of_cat = letters.iter().find(|letter| letter.to == cat.email).expect("a letter to Cat");
        assert_eq!(story.take_place(&of_cat.token("ai_")).await, "waiting", "two places are held for others");
        app.outbox().await;
    });
}

#[test]
fn nobody_goes_round_a_draw_that_stopped() {
    on(Backend::Sqlite, |app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", light()).await;
        story.person("fits", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let id = crate::groups::open(&story, 2, json!([crate::groups::quota("16_24", 1, 2)])).await;
        assert!(story.invite(&id, json!({})).await.is_empty());
        assert_eq!(runs(&story, &id).await[0]["state"], "stopped", "nobody of that age is there");
        crate::groups::set(&story, &id, json!([])).await.expect(200);
        assert_eq!(apply(&story, &ben, &id).await.expect(200).json, json!({"state": "in_draw"}));
        assert_eq!(story.invite(&id, json!({})).await.len(), 2);
    });
}

#[test]
fn whoever_stands_in_reserve_comes_before_whoever_applies_later() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for n in 0..3 {
            story.person(&format!("fits{n}"), json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        }
        let ben = story.person("ben", light()).await;
        let id = story.open("co_design_group", "co_design", json!({"places": 1})).await;
        let call = story.ada.post(&app, &format!("/opportunities/{id}/invitations"), &json!({})).await;
        call.expect(202);
        assert_eq!(apply(&story, &ben, &id).await.expect(409).json["code"], "running");
        app.run_jobs().await;
        assert_eq!(app.outbox().await.len(), 1);
        assert_eq!(apply(&story, &ben, &id).await.expect(409).json["code"], "drawn");
        assert_eq!(row(&story, &ben, &id).await["applied"], false, "nothing is kept of what was refused");
    });
}

#[test]
fn whoever_applies_and_says_yes_is_in_a_later_draw() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let (ben, cat) = (story.person("ben", light()).await, story.person("cat", light()).await);
        let id = story.open("co_design_group", "co_design", json!({"places": 2, "reply_within_days": 7})).await;
        let body = json!({"quotas": [], "draws_on": "2027-03-20"});
        let set = app.put(story.ada.path(&format!("/opportunities/{id}/quotas"))).token(&story.ada.token);
        set.header("if-match", "*").json(&body).send().await.expect(200);
        for who in [&ben, &cat] {
            assert_eq!(apply(&story, who, &id).await.expect(200).json["state"], "asked");
        }
        app.run_jobs().await;
        for letter in app.outbox().await {
            assert_eq!(story.take_place(&letter.token("ai_")).await, "waiting");
        }
        alongside::app::schedule(&app.app.platform).await.unwrap();
        app.clock.advance(Duration::days(19));
        app.run_jobs().await;
        let told = app.outbox().await;
        assert_eq!(told.iter().filter(|letter| letter.text().contains("You have a place in")).count(), 2, "{told:?}");
    });
}

#[test]
fn what_cannot_be_applied_for_is_said() {
    on(Backend::Sqlite, |app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", light()).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let stranger = app.participant(&story.ada, "dan").await;
        assert_eq!(apply(&story, &stranger, &id).await.expect(409).json["code"], "no_consent");
        let other = app.organisation(&story.ada, "moonrise").await;
        let elsewhere = app.participant(&other, "eve").await;
        apply(&story, &elsewhere, &id).await.expect(404);
        // Nobody does it for somebody else.
        let staff = app.post(format!("/api/me/opportunities/{id}/application")).token(&story.ada.token);
        assert!(staff.json(&json!({})).send().await.status.is_client_error());
        story.ada.post(&app, &format!("/opportunities/{id}/close"), &json!({"reason": "It is not needed."})).await.expect(200);
        assert_eq!(apply(&story, &ben, &id).await.expect(409).json["code"], "not_open");
        app.outbox().await;
    });
}

#[test]
fn on_ones_own_page_one_button_is_enough() {
    on(Backend::Sqlite, |app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", json!({"stance": {"kind": "inform_me_only"}})).await;
        let consultation = story.open("consultation", "consultation", json!({"title": "How should waiting be?"})).await;
        let mut own = Browser::new(&app);
        own.sign_in(&ben, "sunrise").open("/o/sunrise/me/asking").await;
        own.says("It asks for more, or for something else, than you chose.");
        own.press("I want to take part in this : How should waiting be?").await.expect(200);
        own.says("You asked to take part in this yourself.").says("How should waiting be?");
        story.ada.post(&app, &format!("/opportunities/{consultation}/close"), &json!({"reason": "Enough."})).await.expect(200);
        let id = story.open("co_design_group", "co_design", json!({"places": 3, "title": "A group for the garden"})).await;
        own.open("/o/sunrise/me/asking").await;
        own.press("I want to take part in this : A group for the garden").await.expect(200);
        own.says("You are in the draw.").says("You asked to be in this draw yourself.");
        own.press("Take my wish to take part back : A group for the garden").await.expect(200);
        own.says("You have taken it back.");
        assert_eq!(row(&story, &ben, &id).await["applied"], false);
        app.run_jobs().await;
        app.outbox().await;
    });
}
