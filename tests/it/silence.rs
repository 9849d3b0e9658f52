//! M8: silence is no refusal and no consent. After three letters without an answer people are asked half as often, and are asked
//! one question.

use crate::{
    harness::{Participant, TestApp, everywhere},
    story::Story,
};
use alongside::{app, invitations::replies::first_link};
use chrono::Duration;
use entity::{invitation, silence};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

fn wish(most: Option<i32>) -> Value {
    let mut wish = json!({"stance": {"kind": "up_to", "rung": "consultation"}});
    if let Some(most) = most {
        wish["load"] = json!({"invites_per_month_max": most});
    }
    wish
}

/// Something that is open for a long time.
async fn open(story: &Story) -> String {
    let day = |days: i64| (story.app.clock.now() + Duration::days(days)).format("%Y-%m-%d").to_string();
    story.open("consultation", "consultation", json!({"closes_on": day(200), "feedback_due": day(240)})).await
}

/// Asks everybody who may be asked about something new; answers who was asked.
async fn ask(story: &Story) -> Vec<String> {
    let (project, decision) = story.more().await;
    let day = |days: i64| (story.app.clock.now() + Duration::days(days)).format("%Y-%m-%d").to_string();
    let changes = json!({"closes_on": day(200), "feedback_due": day(240), "project": project, "decisions": [decision]});
    let id = story.open("consultation", "consultation", changes).await;
    let mut asked: Vec<String> = story.invite(&id, json!({})).await.into_iter().map(|letter| letter.to).collect();
    asked.sort();
    asked
}

/// So many days later; who is at work has signed in again.
async fn days(story: &mut Story, days: i64) {
    story.app.clock.advance(Duration::days(days));
    story.ada = story.app.sign_in_again(&story.ada).await;
}

/// Three letters, and the time to answer them.
async fn three(story: &mut Story) {
    for _ in 0..3 {
        assert!(!ask(story).await.is_empty());
    }
    days(story, 14).await;
}

async fn why_not(app: &TestApp, who: &Participant) -> Value {
    let asking = who.get(app, "/asking").send().await.expect(200).json;
    asking["items"][0].clone()
}

#[test]
fn who_does_not_answer_three_letters_is_asked_half_as_often_until_they_answer_anything() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        let ben = story.person("ben", wish(None)).await;
        let cat = story.person("cat", wish(Some(4))).await;
        three(&mut story).await;
        // Ben set no limit: two months lie between two letters. Cat wants four a month, of which half is two.
        let (none, only_ben, only_cat) = (Vec::<String>::new(), [ben.email.clone()], [cat.email.clone()]);
        let opened = open(&story).await;
        for who in [&ben, &cat] {
            let who = app.sign_in_by_letter(&story.ada, who).await;
            let said = why_not(&app, &who).await;
            assert_eq!((&said["may_be_asked"], &said["why_not"]), (&json!(false), &json!("unanswered")), "{said}");
            assert!(said["why_not_in_words"].as_str().unwrap().contains("You have not answered our last letters"), "{said}");
        }
        let counted = story.ada.post(&app, &format!("/opportunities/{opened}/match"), &json!({})).await.expect(200).json;
        assert!(counted.to_string().contains("unanswered"), "told as a count: {counted}");
        days(&mut story, 16).await;
        assert_eq!(ask(&story).await, none, "on 31 March");
        days(&mut story, 1).await;
        assert_eq!(ask(&story).await, only_cat);
        assert_eq!(ask(&story).await, only_cat);
        assert_eq!(ask(&story).await, none, "two in April");
        days(&mut story, 29).await;
        assert_eq!(ask(&story).await, only_ben, "on 30 April, sixty days after the last letter");
        assert_eq!(ask(&story).await, none);
        days(&mut story, 1).await;
        assert_eq!(ask(&story).await, only_cat);
        // Any answer will do: a no is one.
        let db = app.app.platform.db.read();
        let last = invitation::Entity::find().all(db).await.unwrap();
        let of_ben = last.iter().filter(|row| row.participant_id.to_string() == ben.id).max_by_key(|row| row.id).unwrap();
        let link = first_link(db, &app.app.platform, of_ben.organisation_id, of_ben.id).await.unwrap();
        story.with(link.reveal(), "/decline", &json!({})).await.expect(200);
        assert_eq!(ask(&story).await, [ben.email.clone(), cat.email.clone()]);
        assert_eq!(ask(&story).await, only_ben, "Ben has no limit again, and Cat is silent still");
    });
}

#[test]
fn the_one_question_is_put_once_and_a_yes_ends_it() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        let ben = story.person("ben", wish(None)).await;
        let cat = story.person("cat", wish(None)).await;
        three(&mut story).await;
        let cat = app.sign_in_by_letter(&story.ada, &cat).await;
        cat.put(&app, "/preferences", &wish(Some(9))).await.expect(200);
        app::schedule(&app.app.platform).await.unwrap();
        let letters = app.outbox().await;
        assert_eq!(letters.iter().map(|letter| &letter.to).collect::<Vec<_>>(), [&ben.email], "Cat has said something");
        let words = letters[0].words();
        assert!(words.contains("Do you want to go on hearing from us?"), "{words}");
        for page in ["/me/hearing", "/me/step-down", "/me/pause", "/me/leave"] {
            assert!(words.contains(page), "{words}");
        }
        days(&mut story, 10).await;
        assert!(app.outbox().await.is_empty(), "once");
        assert_eq!(silence::Entity::find().all(app.app.platform.db.read()).await.unwrap().len(), 1);
        assert_eq!(ask(&story).await, vec![cat.email.clone()]);
        let ben = app.sign_in_by_letter(&story.ada, &ben).await;
        ben.post(&app, "/hearing", &json!({})).await.expect(204);
        ben.post(&app, "/hearing", &json!({})).await.expect(204);
        assert_eq!(ask(&story).await, [ben.email.clone(), cat.email.clone()]);
        // Whoever falls silent again is asked again.
        for _ in 0..2 {
            ask(&story).await;
        }
        days(&mut story, 15).await;
        let letters = app.outbox().await;
        assert!(letters.iter().any(|letter| letter.to == ben.email), "{letters:?}");
    });
}

#[test]
fn a_question_is_not_sent_to_whoever_has_answered_meanwhile_or_takes_no_such_letters() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        let ben = story.person("ben", wish(None)).await;
        let cat = story.person("cat", wish(None)).await;
        three(&mut story).await;
        let cat = app.sign_in_by_letter(&story.ada, &cat).await;
        let ben = app.sign_in_by_letter(&story.ada, &ben).await;
        let back = json!({"purpose": "contact_invite"});
        cat.post(&app, "/consents/withdraw", &back).await.expect(200);
        app::schedule(&app.app.platform).await.unwrap();
        app.app.run_queue().await.unwrap();
        ben.post(&app, "/hearing", &json!({})).await.expect(204);
        assert!(app.outbox().await.is_empty());
    });
}
