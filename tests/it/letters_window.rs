//! The hours and days in which an organisation's letters leave, by the clock of whoever gets them.

use crate::{
    harness::{Answer, Mail, TestApp, everywhere},
    story::Story,
};
use chrono::Duration;
use serde_json::{Value, json};

fn to(letters: Vec<Mail>) -> Vec<String> {
    let mut to: Vec<_> = letters.into_iter().map(|letter| letter.to).collect();
    to.sort_unstable();
    to
}

/// Changes the setting, and answers what was answered.
async fn keep(story: &Story, window: Value, status: u16) -> Answer {
    let (app, home) = (&story.app, story.ada.path(""));
    let mut body = app.get(&home).token(&story.ada.token).send().await.expect(200).json;
    body.as_object_mut().unwrap().retain(|name, _| !["id", "role"].contains(&name.as_str()));
    body["letters_window"] = window;
    app.put(&home).token(&story.ada.token).header("if-match", "*").json(&body).send().await.expect(status)
}

/// From nine until six, Monday to Friday.
fn office() -> Value {
    json!({"from_hour": 9, "to_hour": 18, "days": ["monday", "tuesday", "wednesday", "thursday", "friday"]})
}

async fn person(story: &Story, name: &str, contact: Value) {
    let wishes = json!({"stance": {"kind": "up_to", "rung": "co_design"}, "contact": contact});
    story.person(name, wishes).await;
}

async fn after(app: &TestApp, minutes: i64) -> Vec<String> {
    app.clock.advance(Duration::minutes(minutes));
    to(app.outbox().await)
}

#[test]
fn the_setting_is_checked_and_can_be_taken_back() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let home = app.get(story.ada.path("")).token(&story.ada.token).send().await.expect(200).json;
        assert_eq!(home["letters_window"], Value::Null, "letters leave as they are made");
        assert_eq!(keep(&story, office(), 200).await.json["letters_window"], office());
        let week = json!(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]);
        let kept = keep(&story, json!({"from_hour": 20, "to_hour": 2}), 200).await.json["letters_window"].clone();
        assert_eq!(kept, json!({"from_hour": 20, "to_hour": 2, "days": week}));
        for (wrong, at, code) in [
            (json!({"from_hour": 24}), "/letters_window/from_hour", "out_of_range"),
            (json!({"to_hour": 25}), "/letters_window/to_hour", "out_of_range"),
            (json!({"from_hour": 9, "to_hour": 9}), "/letters_window/to_hour", "empty"),
            (json!({"days": []}), "/letters_window/days", "days"),
            (json!({"days": ["monday", "monday"]}), "/letters_window/days", "days"),
        ] {
            let refused = keep(&story, wrong.clone(), 422).await.json;
            let first = &refused["errors"][0];
            assert_eq!((&first["pointer"], &first["code"]), (&json!(at), &json!(code)), "{wrong}");
        }
        let refused = keep(&story, json!({"days": ["mon"]}), 422).await;
        assert_eq!(refused.violations()[0].0, "/letters_window/days/0");
        assert_eq!(keep(&story, Value::Null, 200).await.json["letters_window"], Value::Null);
    });
}

#[test]
fn letters_that_can_wait_do_so_until_the_window_opens_where_the_person_is() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        keep(&story, office(), 200).await;
        // In Kathmandu it is a quarter to six later than in London.
        person(&story, "ben", json!({"time_zone": "Asia/Kathmandu"})).await;
        person(&story, "eve", json!({})).await;
        person(&story, "joe", json!({"from_hour": 19, "to_hour": 22})).await;
        person(&story, "kim", json!({"from_hour": 17, "to_hour": 22})).await;
        person(&story, "zoe", json!({"from_hour": 8, "to_hour": 12})).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        // It is nine in the morning of a Monday, and a quarter to three in the afternoon in Kathmandu. On with it to Friday evening.
        app.clock.advance(Duration::days(4) + Duration::hours(9));
        let story = Story { ada: app.sign_in_again(&story.ada).await, ..story };
        let asked = to(story.invite(&id, json!({})).await);
        assert!(asked.is_empty(), "{asked:?}");
        // Whoever has no hour in common with the organisation gets the letter in their own.
        assert_eq!(after(&app, 60).await, ["joe@people.example"], "seven in the evening");
        // Whoever asks for a link to sign in does not wait.
        app.post("/api/public/sunrise/sign-in").json(&json!({"email": "ben@people.example"})).send().await.expect(202);
        assert_eq!(to(app.outbox().await), ["ben@people.example"]);
        assert!(after(&app, 40 * 60).await.is_empty(), "the weekend");
        assert!(after(&app, 16 * 60 + 14).await.is_empty(), "a minute before nine in Kathmandu, on Monday");
        assert_eq!(after(&app, 1).await, ["ben@people.example"]);
        assert!(after(&app, 5 * 60 + 44).await.is_empty(), "a minute before nine in London");
        assert_eq!(after(&app, 1).await, ["eve@people.example", "zoe@people.example"]);
        assert!(after(&app, 8 * 60 - 1).await.is_empty());
        assert_eq!(after(&app, 1).await, ["kim@people.example"], "their own hours begin at five");
    });
}

#[test]
fn a_letter_that_would_come_too_late_does_not_wait() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        keep(&story, office(), 200).await;
        person(&story, "ben", json!({})).await;
        let soon = story.open("consultation", "consultation", json!({"closes_on": "2027-03-07"})).await;
        let later = story.open("consultation", "consultation", json!({"closes_on": "2027-03-09"})).await;
        app.clock.advance(Duration::days(4) + Duration::hours(9));
        let story = Story { ada: app.sign_in_again(&story.ada).await, ..story };
        assert_eq!(story.invite(&later, json!({})).await.len(), 0, "a day and more is left on Monday");
        assert_eq!(to(story.invite(&soon, json!({})).await), ["ben@people.example"], "it closes on Sunday");
        assert_eq!(after(&app, 63 * 60).await, ["ben@people.example"]);
    });
}

#[test]
fn an_invitation_to_join_that_nobody_asked_for_waits_too() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        keep(&story, office(), 200).await;
        app.clock.advance(Duration::days(4) + Duration::hours(9));
        let ada = app.sign_in_again(&story.ada).await;
        let file = "email,name,language\nnew@people.example,,\n";
        app.post(ada.path("/people/import")).token(&ada.token).bytes(file.into(), "text/csv").send().await.expect(200);
        assert!(app.outbox().await.is_empty());
        app.post("/api/public/sunrise/join").json(&json!({"email": "own@people.example"})).send().await.expect(202);
        assert_eq!(to(app.outbox().await), ["own@people.example"], "whoever asks to join waits for the link");
        assert_eq!(after(&app, 63 * 60).await, ["new@people.example"]);
    });
}

#[test]
fn the_window_takes_no_invitation_from_anybody() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        keep(&story, office(), 200).await;
        // It starts on Thursday the 25th: 20 days after Friday evening, and 17 after Monday morning.
        for (name, days) in [("ben", 18), ("cat", 17)] {
            let stance = json!({"kind": "up_to", "rung": "co_design"});
            story.person(name, json!({"stance": stance, "load": {"notice_days_min": days}})).await;
        }
        let id = story.open("workshop", "co_design", json!({})).await;
        app.clock.advance(Duration::days(4) + Duration::hours(9));
        let story = Story { ada: app.sign_in_again(&story.ada).await, ..story };
        let asked = to(story.invite(&id, json!({})).await);
        assert_eq!(asked, ["ben@people.example"], "on Monday it would be less notice than they want");
        assert_eq!(after(&app, 63 * 60).await, ["cat@people.example"]);
    });
}

#[test]
fn a_meeting_that_is_changed_for_tomorrow_is_told_at_once() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        person(&story, "ben", json!({})).await;
        let id = story.open("workshop", "co_design", json!({"places": 2})).await;
        let letters = story.invite(&id, json!({})).await;
        story.take_place(&letters[0].token("ai_")).await;
        let meeting = json!({"title": "First evening", "starts_at": "2027-03-06T10:00:00Z", "ends_at": "2027-03-06T12:00:00Z"});
        let meeting = story.ada.post(&app, &format!("/opportunities/{id}/meetings"), &meeting).await.expect(201).id();
        let far = json!({"title": "Second evening", "starts_at": "2027-03-20T10:00:00Z", "ends_at": "2027-03-20T12:00:00Z"});
        let far = story.ada.post(&app, &format!("/opportunities/{id}/meetings"), &far).await.expect(201).id();
        app.outbox().await;
        keep(&story, office(), 200).await;
        // On Friday evening; the first one was to be on Saturday.
        app.clock.advance(Duration::days(4) + Duration::hours(9));
        let story = Story { ada: app.sign_in_again(&story.ada).await, ..story };
        let way = &id;
        for id in [meeting, far] {
            let path = story.ada.path(&format!("/opportunities/{way}/meetings/{id}"));
            let body = json!({"title": "Evening", "starts_at": "2027-03-25T10:00:00Z", "ends_at": "2027-03-25T12:00:00Z"});
            app.put(&path).token(&story.ada.token).header("if-match", "*").json(&body).send().await.expect(200);
        }
        let sent = app.outbox().await;
        assert_eq!(sent.len(), 1, "the other one is two weeks away");
        assert!(sent[0].words().contains("6 March 2027"), "{}", sent[0].words());
        assert_eq!(after(&app, 63 * 60).await.len(), 1);
    });
}

#[test]
fn coordinators_choose_the_window_and_read_of_it_before_they_ask() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        person(&story, "ben", json!({"from_hour": 18})).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        let ask = format!("/console/sunrise/opportunities/{id}/send");
        rosa.open(&ask).await.expect(200).hides("Letters leave");
        rosa.open("/console/sunrise/settings").await.expect(200);
        rosa.choose("Letters leave from", "9:00").choose("until", "9:00").press("Save").await.expect(422);
        rosa.says("Choose another hour than the one at which letters begin to leave.");
        rosa.choose("until", "20:00")
            .tick("Monday")
            .tick("Tuesday")
            .tick("Wednesday")
            .press("Save")
            .await
            .expect(200)
            .says("Saved.");
        let said = "Letters leave from 9:00 until 20:00, Monday to Wednesday, by the clock of whoever gets them.";
        rosa.open(&ask).await.expect(200).says(said);
        rosa.open(&format!("/console/sunrise/opportunities/{id}/remind")).await.expect(200).says(said);
        assert!(story.invite(&id, json!({})).await.is_empty());
        rosa.open("/console/sunrise/letters?show=all").await.expect(200);
        let mailing = story.ada.get(&app, "/mailings?limit=500").send().await.expect(200).json;
        let mailing =
            mailing["items"].as_array().unwrap().iter().find(|row| row["kind"] == "invitations.invite").unwrap().clone();
        rosa.open(&format!("/console/sunrise/letters/{}", mailing["id"].as_str().unwrap())).await.expect(200).says(said);
        // Any hour of every day is no window.
        rosa.open("/console/sunrise/settings").await.choose("Letters leave from", "Any hour").choose("until", "Any hour");
        let (to, mut sent) = rosa.prepared("Save");
        sent.retain(|(name, _)| name != "days");
        rosa.send(&to, &sent).await;
        rosa.expect(200).says("Saved.");
        let home = app.get(story.ada.path("")).token(&story.ada.token).send().await.expect(200).json;
        assert_eq!(home["letters_window"], Value::Null);
        assert_eq!(after(&app, 9 * 60).await, ["ben@people.example"]);
    });
}
