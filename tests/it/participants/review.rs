//! M15: two weeks before choices grow old, one letter; nothing changes by itself, and one button keeps them.

use crate::{
    harness::{TestApp, everywhere},
    story::Story,
};
use alongside::app;
use chrono::Duration;
use serde_json::{Value, json};

fn up_to(rung: &str, review: &str) -> Value {
    json!({"stance": {"kind": "up_to", "rung": rung}, "review_after": review})
}

/// Goes on to a day of the spring of 2027 and takes the letters.
async fn on(app: &TestApp, days: i64) -> Vec<(String, String)> {
    app.clock.advance(Duration::days(days));
    app.outbox().await.into_iter().map(|letter| (letter.to.clone(), letter.words())).collect()
}

#[test]
fn choices_that_grow_old_are_asked_about_once_and_only_of_those_who_agreed() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        let id =
            story.open("consultation", "consultation", json!({"closes_on": "2027-05-20", "feedback_due": "2027-06-20"})).await;
        let ben = story.person("ben", up_to("consultation", "2027-04-01")).await;
        story.person("later", up_to("consultation", "2027-04-20")).await;
        for (name, stance) in [
            ("ask", json!({"kind": "ask_each_time"})),
            ("told", json!({"kind": "inform_me_only"})),
            ("rest", json!({"kind": "paused"})),
        ] {
            story.person(name, json!({"stance": stance, "review_after": "2027-04-01"})).await;
        }
        let silent = app.participant(&story.ada, "silent").await;
        silent.put(&app, "/preferences", &up_to("consultation", "2027-04-01")).await.expect(200);
        app::schedule(&app.app.platform).await.unwrap();
        assert!(on(&app, 16).await.is_empty(), "on 17 March");
        let letters = on(&app, 1).await;
        assert_eq!(letters.len(), 1, "{letters:?}");
        let (to, words) = &letters[0];
        assert_eq!(*to, ben.email);
        assert!(words.contains("Your choices of 1 March 2027 hold until 1 April 2027."), "{words}");
        assert!(words.contains("After that we ask you first, each time."), "{words}");
        assert!(words.contains("/o/sunrise/me/review"), "{words}");
        assert!(on(&app, 1).await.is_empty(), "once");
        // What the letter says is so: nothing changes on the day, and a question comes first after it.
        on(&app, 14).await;
        story.ada = app.sign_in_again(&story.ada).await;
        let ben = app.sign_in_by_letter(&story.ada, &ben).await;
        let before = ben.get(&app, "/preferences").send().await.expect(200).json;
        assert_eq!((&before["n"], &before["document"]["review_after"]), (&json!(1), &json!("2027-04-01")));
        let letters = story.invite(&id, json!({})).await;
        let to_ben = letters.iter().find(|letter| letter.to == ben.email).expect("a letter").words();
        assert!(to_ben.contains("The day for looking at your choices again has passed, so we ask you first."), "{to_ben}");
    });
}

#[test]
fn one_button_keeps_choices_for_another_year() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let mut wish = up_to("consultation", "2027-03-20");
        wish["quiet_periods"] = json!([{"from": "2027-08-01", "to": "2027-08-14"}]);
        let ben = story.person("ben", wish).await;
        let before = ben.get(&app, "/preferences").send().await.expect(200).json["document"].clone();
        let call = || app.post("/api/me/preferences/keep").token(&ben.token).header("idempotency-key", "k").send();
        let kept = call().await.expect(201);
        assert_eq!((kept.json.clone(), call().await.expect(201).json), (json!({"n": 2}), json!({"n": 2})));
        let mut expected = before;
        expected["review_after"] = json!("2028-03-01");
        let now = ben.get(&app, "/preferences").send().await.expect(200).json;
        assert_eq!(now["document"], expected, "the same, with another day");
        ben.post(&app, "/preferences/keep", &json!({})).await.expect(201);
        assert_eq!(ben.get(&app, "/preferences").send().await.json["n"], 2, "there was nothing to do any more");
        // A trial goes on beside what is kept.
        ben.post(&app, "/trial", &json!({"rung": "engagement"})).await.expect(201);
        app.clock.advance(Duration::days(1));
        let mut story = story;
        story.ada = app.sign_in_again(&story.ada).await;
        let ben = app.sign_in_by_letter(&story.ada, &ben).await;
        ben.post(&app, "/preferences/keep", &json!({})).await.expect(201);
        let trial = ben.get(&app, "/trial").send().await.expect(200).json;
        assert_eq!(trial["trial"]["rung"], "engagement", "{trial}");
        let nobody = app.participant(&story.ada, "cat").await;
        assert_eq!(nobody.post(&app, "/preferences/keep", &json!({})).await.expect(409).json["code"], "nothing_said");
        app::schedule(&app.app.platform).await.unwrap();
        app.outbox().await;
        assert!(on(&app, 10).await.iter().all(|(to, _)| *to != ben.email), "nothing grows old in this year");
    });
}

#[test]
fn a_letter_about_old_choices_is_not_sent_to_whoever_has_chosen_again() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", up_to("consultation", "2027-03-10")).await;
        let mut quiet = up_to("consultation", "2027-03-12");
        quiet["quiet_periods"] = json!([{"from": "2027-03-01", "to": "2027-03-20"}]);
        story.person("quiet", quiet).await;
        app::schedule(&app.app.platform).await.unwrap();
        app.app.run_queue().await.unwrap();
        ben.put(&app, "/preferences", &up_to("informing", "2028-01-01")).await.expect(200);
        assert!(on(&app, 0).await.is_empty());
        assert!(on(&app, 25).await.is_empty(), "after the quiet days the letter would no longer be true");
    });
}
