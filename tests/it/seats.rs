//! What becomes of places and invitations when people change, leave or never hear of them.

use crate::{
    harness::{Mail, Participant, TestApp, everywhere},
    story::Story,
};
use alongside::invitations::jobs::{let_go, undelivered};
use chrono::Duration;
use entity::{MailState, mail_message, participant};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};

fn deep() -> Value {
    json!({"stance": {"kind": "up_to", "rung": "co_design"}})
}

fn light() -> Value {
    json!({"stance": {"kind": "up_to", "rung": "consultation"}})
}

/// People who want to design something together.
async fn people(story: &Story, names: &[&str]) -> Vec<(String, Participant)> {
    let mut people = Vec::new();
    for name in names {
        people.push((format!("{name}@people.example"), story.person(name, deep()).await));
    }
    people
}

async fn funnel(app: &TestApp, story: &Story, id: &str) -> Value {
    story.ada.get(app, &format!("/opportunities/{id}/invitations")).send().await.expect(200).json
}

#[test]
fn a_place_can_be_given_up_after_the_closing_day_and_nobody_moves_up_then() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        people(&story, &["ben", "cat", "dan"]).await;
        let id = story.open("workshop", "co_design", json!({})).await;
        let letters = story.invite(&id, json!({})).await;
        for letter in &letters {
            story.take_place(&letter.token("ai_")).await;
        }
        app.outbox().await;
        assert_eq!(funnel(&app, &story, &id).await["filled"], 2);
        let reason = json!({"reason": "All places are taken."});
        story.ada.post(&app, &format!("/opportunities/{id}/close"), &reason).await.expect(200);
        app.outbox().await;
        story.with(&letters[0].token("ai_"), "/decline", &json!({})).await.expect(200);
        assert!(app.outbox().await.is_empty());
        assert_eq!(funnel(&app, &story, &id).await["filled"], 1);
    });
}

#[test]
fn who_leaves_frees_their_place_and_who_waits_moves_up() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let people = people(&story, &["ben", "cat", "dan", "eve"]).await;
        let id = story.open("workshop", "co_design", json!({})).await;
        let first = story.invite(&id, json!({})).await;
        // Ben's and Cat's seats, say; one gives it up, the next is asked, and the one who gave up is back.
        story.with(&first[0].token("ai_"), "/decline", &json!({})).await.expect(200);
        let second = app.outbox().await;
        assert_eq!(story.take_place(&first[0].token("ai_")).await, "waiting", "the seat is held for the one who was asked");
        assert_eq!(story.take_place(&first[1].token("ai_")).await, "accepted");
        assert_eq!(story.take_place(&second[0].token("ai_")).await, "accepted");
        app.outbox().await;
        let who = |to: &str| &people.iter().find(|(address, _)| address == to).unwrap().1;
        who(&first[1].to).post(&app, "/leave", &json!({})).await.expect(200);
        let moved = app.outbox().await;
        assert_eq!(moved.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), [first[0].to.as_str()]);
        assert!(moved[0].words().contains("You have a place"));
        let seats = funnel(&app, &story, &id).await;
        assert_eq!((&seats["filled"], &seats["waiting"]), (&json!(2), &json!(0)));
        // Nobody waits now: the next who leaves opens a seat for the reserve.
        who(&second[0].to).post(&app, "/leave", &json!({})).await.expect(200);
        let next = app.outbox().await;
        assert_eq!(next.len(), 1);
        assert!(next[0].words().contains("Why you were asked"));
    });
}

#[test]
fn a_seat_does_not_wait_for_somebody_who_never_heard_of_it() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        people(&story, &["ben", "cat", "dan"]).await;
        let id = story.open("workshop", "co_design", json!({})).await;
        let letters = story.invite(&id, json!({})).await;
        let asked: Vec<&str> = letters.iter().map(|letter| letter.to.as_str()).collect();
        assert_eq!(asked.len(), 2);
        // The mail server refused one of the letters for good.
        let db = app.app.platform.db.write();
        mail_message::Entity::update_many()
            .col_expr(mail_message::Column::State, Expr::value(MailState::Failed.word()))
            .col_expr(mail_message::Column::LastStage, Expr::value("recipient"))
            .filter(mail_message::Column::Kind.eq(alongside::invitations::INVITE))
            .filter(mail_message::Column::Address.eq(asked[0]))
            .exec(db)
            .await
            .unwrap();
        undelivered(app.app.platform.clone(), json!({})).await.unwrap();
        let next = app.outbox().await;
        assert_eq!(next.len(), 1);
        assert!(!asked.contains(&next[0].to.as_str()));
        assert_eq!(story.count(&id, "ended").await, 1);
        let gone = story.with(&letters[0].token("ai_"), "/accept", &json!({})).await.expect(410);
        assert!(gone.text.contains("could not be delivered") && !gone.text.contains("closed"), "{}", gone.text);
        // Once is enough.
        undelivered(app.app.platform.clone(), json!({})).await.unwrap();
        assert!(app.outbox().await.is_empty());
    });
}

#[test]
fn a_seat_is_held_until_its_day_and_then_goes_to_the_next() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        people(&story, &["ben", "cat", "dan"]).await;
        let id = story.open("workshop", "co_design", json!({"reply_within_days": 3})).await;
        let first = story.invite(&id, json!({})).await;
        let asked: Vec<&str> = first.iter().map(|letter| letter.to.as_str()).collect();
        let held = "We hold this place for you until 4 March 2027. After that you can still say yes if a place is free.";
        assert!(first.iter().all(|letter| letter.words().contains(held)), "{}", first[0].words());
        let seen = app.get("/api/invitation").token(&first[0].token("ai_")).send().await.expect(200).json;
        assert_eq!(seen["held_until"], "2027-03-04");
        app.clock.advance(Duration::days(3));
        let_go(app.app.platform.clone(), json!({})).await.unwrap();
        assert!(app.outbox().await.is_empty(), "the last day is not over");
        app.clock.advance(Duration::days(1));
        let_go(app.app.platform.clone(), json!({})).await.unwrap();
        let next = app.outbox().await;
        assert_eq!((next.len(), asked.contains(&next[0].to.as_str())), (1, false));
        let_go(app.app.platform.clone(), json!({})).await.unwrap();
        assert!(app.outbox().await.is_empty(), "once is enough");
        // Both were silent, one seat is held for the next: a late yes takes the free one, a second waits.
        let seen = app.get("/api/invitation").token(&first[0].token("ai_")).send().await.expect(200).json;
        assert_eq!((&seen["state"], &seen["held_until"]), (&json!("sent"), &Value::Null));
        assert_eq!(story.take_place(&first[0].token("ai_")).await, "accepted");
        assert_eq!(story.take_place(&first[1].token("ai_")).await, "waiting");
        app.outbox().await;
        app.clock.advance(Duration::days(4));
        let_go(app.app.platform.clone(), json!({})).await.unwrap();
        let moved = app.outbox().await;
        assert_eq!(moved.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), [asked[1]]);
        assert!(moved[0].words().contains("You have a place"));
        assert_eq!(story.take_place(&next[0].token("ai_")).await, "waiting", "what is full stays full");
    });
}

#[test]
fn a_consultation_has_no_places_and_an_open_call_holds_none() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let flaws = async |changes: Value| {
            let draft = story.draft("consultation", "consultation", changes);
            story.ada.post(&app, "/opportunities", &draft).await.expect(422).violations()
        };
        let not_used = |at: &str| vec![(at.to_owned(), "not_used".to_owned())];
        assert_eq!(flaws(json!({"places": 5})).await, not_used("/places"));
        assert_eq!(flaws(json!({"reply_within_days": 7})).await, not_used("/reply_within_days"));
    });
}

#[test]
fn a_reserve_that_cannot_be_asked_any_more_is_passed_over_and_names_can_be_drawn_again() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let people = people(&story, &["ben", "cat", "dan"]).await;
        let id = story.open("workshop", "co_design", json!({})).await;
        let letters = story.invite(&id, json!({"seed": "numbers of the day"})).await;
        let asked: Vec<String> = letters.iter().map(|letter| letter.to.clone()).collect();
        let (_, reserve) = people.iter().find(|(address, _)| !asked.contains(address)).unwrap();
        reserve.put(&app, "/preferences", &json!({"stance": {"kind": "paused"}})).await.expect(200);
        story.with(&letters[0].token("ai_"), "/decline", &json!({})).await.expect(200);
        assert!(app.outbox().await.is_empty(), "nobody else can be asked");
        let runs = story.ada.get(&app, &format!("/opportunities/{id}/matches")).send().await.expect(200).json;
        assert_eq!((&runs[0]["asked"], &runs[0]["reserve"]), (&json!(2), &json!(0)));
        let run = runs[0]["id"].as_str().unwrap();
        let draw = story.ada.get(&app, &format!("/opportunities/{id}/matches/{run}/draw")).send().await.expect(200).json;
        assert_eq!(draw["verified"], true);
        assert_eq!(draw["drawn"][2]["outcome"], "passed_over");
        // The draw tells of nobody which number is theirs.
        let people = participant::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        assert!(people.iter().all(|person| !draw["drawn"].to_string().contains(&person.id.to_string())));
        let seed = draw["seed"].as_str().unwrap();
        assert!(seed.starts_with("numbers of the day / ") && seed.len() > 64, "{seed}");
        // The next draw is not held up by a reserve of nobody.
        story.person("eve", deep()).await;
        let more = story.invite(&id, json!({})).await;
        assert_eq!(more.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["eve@people.example"]);
    });
}

#[test]
fn a_letter_that_waits_is_dropped_when_the_wish_behind_it_changes() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let evening = |extra: Value| {
            let mut wish = light();
            wish["contact"] = json!({"from_hour": 18, "to_hour": 20});
            wish.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            wish
        };
        let mut people = Vec::new();
        for name in ["ben", "cat", "dan", "eve"] {
            people.push(story.person(name, evening(json!({}))).await);
        }
        let id = story.open("consultation", "consultation", json!({"formats": ["online"]})).await;
        assert!(story.invite(&id, json!({})).await.is_empty(), "letters wait for the evening");
        let changes = [
            json!({"activity_types": ["interview_1to1"]}),
            json!({"formats": ["in_person"]}),
            json!({"load": {"invites_per_month_max": 0}}),
        ];
        for (person, change) in people.iter().zip(changes) {
            person.put(&app, "/preferences", &evening(change)).await.expect(200);
        }
        app.clock.advance(Duration::hours(10));
        let sent = app.outbox().await;
        assert_eq!(sent.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["eve@people.example"]);
    });
}

#[test]
fn who_said_yes_and_has_not_answered_is_reminded_and_nobody_else_is() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for name in ["ben", "cat", "dan", "eve"] {
            story.person(name, light()).await;
        }
        let id = story.open("consultation", "consultation", json!({})).await;
        let letters = story.invite(&id, json!({})).await;
        let token = |name: &str| letters.iter().find(|letter| letter.to.starts_with(name)).unwrap().token("ai_");
        story.with(&token("ben"), "/accept", &json!({})).await.expect(200);
        story.with(&token("cat"), "/decline", &json!({})).await.expect(200);
        story.consent(&token("dan")).await;
        story.hand_in(&token("dan"), json!({"form": "one_to_one"})).await.expect(201);
        for round in 0..3 {
            app.clock.advance(Duration::days(4));
            let ada = app.sign_in_again(&story.ada).await;
            app.post(ada.path(&format!("/opportunities/{id}/reminders"))).token(&ada.token).send().await.expect(202);
            let reminded: Vec<String> = app.outbox().await.into_iter().map(|letter| letter.to).collect();
            let expected = if round < 2 { vec!["ben@people.example", "eve@people.example"] } else { vec![] };
            let mut sorted = reminded.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, expected, "round {round}");
        }
        let ada = app.sign_in_again(&story.ada).await;
        let story = Story { ada, ..story };
        assert_eq!(
            (story.count(&id, "accepted").await, story.count(&id, "declined").await),
            (2, 1),
            "a reminder undoes no answer"
        );
    });
}

#[test]
fn lighter_ways_are_open_to_all_and_open_nobody_elses_door() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", deep()).await;
        let few = story.open("workshop", "consultation", json!({"title": "Few places"})).await;
        let open = story.open("consultation", "consultation", json!({"title": "Questions"})).await;
        let asked = story.invite(&open, json!({})).await;
        assert_eq!(asked.len(), 1);
        let group = story.open("co_design_group", "co_design", json!({"title": "A group"})).await;
        let letters = story.invite(&group, json!({})).await;
        let token = letters[0].token("ai_");
        let seen = app.get("/api/invitation").token(&token).send().await.expect(200).json;
        let offered: Vec<&str> =
            seen["lighter"].as_array().unwrap().iter().map(|way| way["opportunity"].as_str().unwrap()).collect();
        assert_eq!(offered, [open.as_str()], "a lighter way with few places is drawn by lot");
        let refused = story.with(&token, "/step-down", &json!({"to": few})).await.expect(422).violations();
        assert_eq!(refused, [("/to".to_owned(), "not_offered".to_owned())]);
        // They have an invitation to it already, with a link of its own.
        let stepped = story.with(&token, "/step-down", &json!({"to": open})).await.expect(200).json;
        assert_eq!((&stepped["state"], &stepped["token"]), (&json!("stepped_down"), &Value::Null));
        app.outbox().await;
    });
}

#[test]
fn nobody_takes_a_place_before_they_have_agreed_and_nobody_moves_up_who_took_it_back() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for name in ["ben", "cat", "dan", "eve"] {
            story.person(name, deep()).await;
        }
        let id = story.open("workshop", "co_design", json!({})).await;
        let first = story.invite(&id, json!({})).await;
        let token = |letter: &Mail| letter.token("ai_");
        let refused = story.with(&token(&first[0]), "/accept", &json!({})).await.expect(409).json;
        assert_eq!(refused["code"], "consent_needed");
        assert_eq!((funnel(&app, &story, &id).await["filled"].clone(), story.count(&id, "accepted").await), (json!(0), 0));
        // A seat given up lets the next two be asked; they take the seats, and the first two wait.
        let mut second = Vec::new();
        for letter in &first {
            story.with(&token(letter), "/decline", &json!({})).await.expect(200);
            second.extend(app.outbox().await);
        }
        for letter in &second {
            assert_eq!(story.take_place(&token(letter)).await, "accepted");
        }
        for letter in &first {
            assert_eq!(story.take_place(&token(letter)).await, "waiting");
        }
        app.outbox().await;
        story.with(&token(&first[0]), "/consents/withdraw", &json!({"purpose": "participate"})).await.expect(200);
        story.with(&token(&second[0]), "/decline", &json!({})).await.expect(200);
        let moved = app.outbox().await;
        assert_eq!(moved.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), [first[1].to.as_str()]);
    });
}

#[test]
fn a_place_given_up_after_the_last_day_to_say_yes_goes_to_who_waits_until_it_begins() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for name in ["ben", "cat", "dan", "eve", "fay"] {
            story.person(name, deep()).await;
        }
        let id = story.open("workshop", "co_design", json!({"closes_on": "2027-03-20"})).await;
        let first = story.invite(&id, json!({})).await;
        let mut waiting = Vec::new();
        for letter in &first {
            story.with(&letter.token("ai_"), "/decline", &json!({})).await.expect(200);
            waiting.extend(app.outbox().await);
        }
        for letter in first.iter().chain(&waiting) {
            story.take_place(&letter.token("ai_")).await;
        }
        app.outbox().await;
        let early = json!({"reason": "Every place is taken."});
        story.ada.post(&app, &format!("/opportunities/{id}/close"), &early).await.expect(200);
        assert!(app.outbox().await.is_empty());
        assert_eq!(story.count(&id, "waiting").await, 2, "who waits can still move up");
        // The seats were kept for those who were asked after the first had said no.
        story.with(&waiting[0].token("ai_"), "/decline", &json!({})).await.expect(200);
        let moved = app.outbox().await;
        assert_eq!(moved.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), [first[0].to.as_str()]);
        assert_eq!((story.count(&id, "waiting").await, story.count(&id, "accepted").await), (1, 2));
        // From the beginning on, nobody is called in any more, and whoever waited is told.
        app.clock.advance(Duration::days(30));
        let told = app.outbox().await;
        assert_eq!(told.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), [first[1].to.as_str()]);
        let story = Story { ada: app.sign_in_again(&story.ada).await, ..story };
        assert_eq!((story.count(&id, "waiting").await, story.count(&id, "ended").await), (0, 1));
        story.with(&waiting[1].token("ai_"), "/decline", &json!({})).await.expect(200);
        assert!(app.outbox().await.is_empty());
        assert_eq!(story.count(&id, "accepted").await, 1);
    });
}
