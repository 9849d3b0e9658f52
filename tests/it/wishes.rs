//! What people said about how they want to be involved, and what becomes of it when they are asked.

use crate::{harness::everywhere, story::Story};
use chrono::Duration;
use serde_json::json;

#[test]
fn people_are_told_truly_why_they_are_asked_first() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let light = json!({"kind": "up_to", "rung": "consultation"});
        story.person("ben", json!({"stance": light, "review_after": "2027-03-01"})).await;
        let cat = story.person("cat", json!({"stance": light})).await;
        cat.post(&app, "/pause", &json!({"until": "2027-03-02"})).await.expect(201);
        story.person("dan", json!({"stance": {"kind": "ask_each_time"}})).await;
        story.person("eve", json!({"stance": light, "topics": {"ask_first": [story.topic]}})).await;
        let fay = app.participant(&story.ada, "fay").await;
        story.agree(&fay, &["contact_invite"]).await;
        // Says it in their own words, without naming what follows.
        let gus = story.person("gus", json!({"stance": light})).await;
        gus.put(&app, "/preferences", &json!({"stance": {"kind": "paused", "until": "2027-03-02"}})).await.expect(200);
        app.run_jobs().await;
        app.clock.advance(Duration::days(2));
        let story = Story { ada: app.sign_in_again(&story.ada).await, ..story };
        let id = story.open("consultation", "consultation", json!({"topics": [story.topic]})).await;
        let letters = story.invite(&id, json!({})).await;
        let pause = "Your pause has ended. Until you choose again, we ask you first.";
        let expected = [
            ("ben", "The day for looking at your choices again has passed, so we ask you first."),
            ("cat", pause),
            ("dan", "You asked us to ask you each time."),
            ("eve", "It is about a topic on which you want to be asked first."),
            ("fay", "You have not told us yet how you want to be involved, so we ask you first."),
            ("gus", pause),
        ];
        assert_eq!(letters.len(), expected.len());
        for (name, reason) in expected {
            let letter = letters.iter().find(|letter| letter.to.starts_with(name)).unwrap();
            let seen = app.get("/api/invitation").token(&letter.token("ai_")).send().await.expect(200).json;
            assert_eq!((&seen["question_first"], &seen["why"][0]), (&json!(true), &json!(reason)));
            assert!(letter.words().contains(&format!("{reason} So here is a question")), "{}", letter.words());
        }
        // Neither age nor a pause widens what anybody is asked: a group was wanted by two of them alone.
        let group = story.open("co_design_group", "co_design", json!({"places": 10})).await;
        let mut asked: Vec<_> = story.invite(&group, json!({})).await.into_iter().map(|letter| letter.to).collect();
        asked.sort_unstable();
        assert_eq!(asked, ["dan@people.example", "fay@people.example"]);
    });
}

#[test]
fn a_step_down_keeps_the_question() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", json!({"stance": {"kind": "ask_each_time"}})).await;
        ben.post(&app, "/step-down", &json!({"rung": "consultation"})).await.expect(201);
        let now = ben.get(&app, "/preferences").send().await.expect(200).json;
        assert_eq!(
            now["document"]["stance"],
            json!({"kind": "ask_each_time", "rungs": ["educating", "informing", "consultation"]})
        );
        app.run_jobs().await;
        let group = story.open("co_design_group", "co_design", json!({})).await;
        assert!(story.invite(&group, json!({})).await.is_empty());
        let light = story.open("consultation", "consultation", json!({})).await;
        let letters = story.invite(&light, json!({})).await;
        assert!(letters[0].words().contains("You asked us to ask you each time. So here is a question"));
    });
}
