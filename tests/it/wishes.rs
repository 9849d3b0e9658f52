//! What people said about how they want to be involved, and what becomes of it when they are asked.

use crate::{harness::everywhere, story::Story};
use alongside::{invitations::INVITE, platform::mail::suppression};
use chrono::Duration;
use entity::{OrganisationId, SuppressionReason};
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
fn who_stopped_invitations_wins_no_seat_and_can_let_them_come_again() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let deep = json!({"stance": {"kind": "up_to", "rung": "co_design"}});
        let ben = story.person("ben", deep.clone()).await;
        story.person("cat", deep).await;
        let platform = &app.app.platform;
        let organisation: OrganisationId = story.ada.organisation.parse().unwrap();
        let stop = async |address: &str, reason| {
            suppression::suppress(platform.db.write(), platform, organisation, address, INVITE, reason, None).await.unwrap();
        };
        stop("ben@people.example", SuppressionReason::Unsubscribed).await;
        stop("cat@people.example", SuppressionReason::Bounced).await;
        let id = story.open("workshop", "co_design", json!({})).await;
        let seen = story.ada.post(&app, &format!("/opportunities/{id}/match"), &json!({})).await.expect(200).json;
        assert_eq!((&seen["considered"], &seen["eligible"]), (&json!(2), &json!(0)));
        let stopped = ben.get(&app, "/stopped-letters").send().await.expect(200).json;
        assert_eq!(stopped.as_array().unwrap().len(), 1);
        assert_eq!((&stopped[0]["family"], &stopped[0]["reason"]), (&json!("invitations"), &json!("unsubscribed")));
        for _ in 0..2 {
            app.delete("/api/me/stopped-letters/invitations").token(&ben.token).send().await.expect(204);
        }
        assert_eq!(ben.get(&app, "/stopped-letters").send().await.expect(200).json, json!([]));
        let letters = story.invite(&id, json!({})).await;
        assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["ben@people.example"]);
    });
}

#[test]
fn an_invitation_that_nobody_heard_of_counts_for_nothing() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        // Letters may come in the evening, and one a month.
        let wish = json!({
            "stance": {"kind": "up_to", "rung": "consultation"}, "load": {"invites_per_month_max": 1},
            "contact": {"from_hour": 18, "to_hour": 20},
        });
        let ben = story.person("ben", wish.clone()).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        assert!(story.invite(&id, json!({})).await.is_empty());
        ben.put(&app, "/preferences", &json!({"stance": {"kind": "paused"}})).await.expect(200);
        app.run_jobs().await;
        assert_eq!(story.count(&id, "withdrawn").await, 1);
        ben.put(&app, "/preferences", &wish).await.expect(200);
        app.run_jobs().await;
        assert!(story.invite(&id, json!({})).await.is_empty());
        app.clock.advance(Duration::hours(10));
        let letters = app.outbox().await;
        assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["ben@people.example"]);
        // One that was heard of counts, and the next is too much.
        let story = Story { ada: app.sign_in_again(&story.ada).await, ..story };
        let other = story.open("consultation", "consultation", json!({})).await;
        let seen = story.ada.post(&app, &format!("/opportunities/{other}/match"), &json!({})).await.expect(200).json;
        assert_eq!(seen["eligible"], 0);
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
