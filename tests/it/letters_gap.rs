//! Letters that ask one person something keep days apart, whatever they are about.

use crate::{
    harness::{TestApp, everywhere},
    story::Story,
};
use chrono::Duration;
use entity::{MailState, mail_event, mail_message};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

/// An organisation that keeps so many days, and ben.
async fn begin(app: &TestApp, days: i32) -> Story {
    let story = Story::begin(app.clone()).await;
    keep(&story, &json!(days), 200).await;
    story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
    story
}

/// Changes the setting, and answers what was answered.
async fn keep(story: &Story, days: &Value, status: u16) -> crate::harness::Answer {
    let (app, home) = (&story.app, story.ada.path(""));
    let mut body = app.get(&home).token(&story.ada.token).send().await.expect(200).json;
    body.as_object_mut().unwrap().retain(|name, _| !["id", "role", "letters_gap_days"].contains(&name.as_str()));
    if !days.is_null() {
        body["letters_gap_days"] = days.clone();
    }
    app.put(&home).token(&story.ada.token).header("if-match", "*").json(&body).send().await.expect(status)
}

/// Makes the letters and sends none.
async fn ask(story: &Story, id: &str) {
    story.ada.post(&story.app, &format!("/opportunities/{id}/invitations"), &json!({})).await.expect(202);
    story.app.app.run_queue().await.unwrap();
}

async fn later(app: &TestApp, by: Duration) -> usize {
    app.clock.advance(by);
    app.run_jobs().await;
    app.outbox().await.len()
}

#[test]
fn the_setting_is_two_days_unless_it_is_said_and_names_its_field() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        assert_eq!(keep(&story, &Value::Null, 200).await.json["letters_gap_days"], 2);
        assert_eq!(keep(&story, &json!(0), 200).await.json["letters_gap_days"], 0);
        for wrong in [-1, 31] {
            assert_eq!(keep(&story, &json!(wrong), 422).await.violations()[0].0, "/letters_gap_days");
        }
    });
}

#[test]
fn a_second_question_waits_and_one_that_cannot_wait_does_not() {
    everywhere(|app| async move {
        let story = begin(&app, 2).await;
        let first = story.open("consultation", "consultation", json!({"title": "First"})).await;
        let second = story.open("consultation", "consultation", json!({"title": "Second"})).await;
        let short = story.open("consultation", "consultation", json!({"title": "Short", "closes_on": "2027-03-05"})).await;
        assert_eq!(story.invite(&first, json!({})).await.len(), 1);
        assert_eq!(story.invite(&second, json!({})).await.len(), 0);
        assert_eq!(story.invite(&short, json!({})).await.len(), 1, "being left out is worse than one letter more");
        assert_eq!(later(&app, Duration::hours(47)).await, 0);
        assert_eq!(later(&app, Duration::hours(2)).await, 1);
        assert_eq!(later(&app, Duration::days(3)).await, 0);
    });
}

#[test]
fn without_days_both_leave_at_once() {
    everywhere(|app| async move {
        let story = begin(&app, 0).await;
        for _ in 0..2 {
            let way = story.open("consultation", "consultation", json!({})).await;
            assert_eq!(story.invite(&way, json!({})).await.len(), 1);
        }
    });
}

#[test]
fn of_two_letters_at_the_same_moment_one_waits() {
    everywhere(|app| async move {
        let story = begin(&app, 2).await;
        for _ in 0..3 {
            let way = story.open("consultation", "consultation", json!({"closes_on": "2027-03-31"})).await;
            ask(&story, &way).await;
        }
        // Which of them goes first hangs on who looks first. They come up together again when the days are over.
        let mut sent = vec![app.outbox().await.len()];
        for _ in 0..6 {
            for by in [Duration::minutes(1), Duration::minutes(15), Duration::days(1)] {
                sent.push(later(&app, by).await);
            }
        }
        assert!(sent.iter().all(|sent| *sent <= 1), "{sent:?}");
        assert_eq!(sent.iter().sum::<usize>(), 3, "{sent:?}");
        let db = app.app.platform.db.read();
        let letters = mail_message::Entity::find().filter(mail_message::Column::Kind.eq("invitations.invite"));
        let mut left: Vec<_> = letters.all(db).await.unwrap().into_iter().filter_map(|letter| letter.sent_at).collect();
        left.sort_unstable();
        assert!(left.windows(2).all(|two| two[1] - two[0] >= Duration::days(2)), "{left:?}");
    });
}

#[test]
fn a_reminder_that_would_come_too_late_is_left_out_with_a_reason() {
    everywhere(|app| async move {
        let story = begin(&app, 2).await;
        let soon = story.open("consultation", "consultation", json!({"closes_on": "2027-03-08"})).await;
        let other = story.open("consultation", "consultation", json!({"closes_on": "2027-03-31"})).await;
        assert_eq!(story.invite(&soon, json!({})).await.len(), 1);
        app.clock.advance(Duration::days(4));
        let story = Story { ada: app.sign_in_again(&story.ada).await, ..story };
        assert_eq!(story.invite(&other, json!({})).await.len(), 1);
        story.ada.post(&app, &format!("/opportunities/{soon}/reminders"), &json!({})).await.expect(202);
        app.run_jobs().await;
        assert_eq!(app.outbox().await.len(), 0);
        let db = app.app.platform.db.read();
        let reminder = mail_message::Entity::find().filter(mail_message::Column::Kind.eq("invitations.remind"));
        let reminder = reminder.one(db).await.unwrap().unwrap();
        assert_eq!(reminder.state, MailState::Cancelled);
        let events = mail_event::Entity::find().filter(mail_event::Column::MessageId.eq(reminder.id)).all(db).await.unwrap();
        let why = events.iter().filter_map(|event| event.detail.as_deref()).collect::<String>();
        assert!(why.contains("a short while ago"), "{why}");
    });
}
