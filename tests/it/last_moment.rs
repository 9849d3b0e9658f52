//! Between the making of a letter and its leaving, and between a yes and a place, things change: what holds then counts.

use crate::{
    harness::{Persona, TestApp, everywhere},
    story::Story,
};
use alongside::{
    invitations::jobs::undelivered,
    platform::mail::reason,
    statistics::{
        counts::turnout,
        people::{Audience, Scope},
    },
};
use chrono::Duration;
use entity::{MailState, invitation, mail_event, mail_message};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

fn up_to(rung: &str) -> Value {
    json!({"stance": {"kind": "up_to", "rung": rung}})
}

fn with(mut wish: Value, more: Value) -> Value {
    wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    wish
}

/// Makes the letters and sends none.
async fn ask(story: &Story, id: &str) {
    story.ada.post(&story.app, &format!("/opportunities/{id}/invitations"), &json!({})).await.expect(202);
    story.app.app.run_queue().await.unwrap();
}

async fn remind(app: &TestApp, ada: &Persona, id: &str) {
    app.post(ada.path(&format!("/opportunities/{id}/reminders"))).token(&ada.token).send().await.expect(202);
    app.app.run_queue().await.unwrap();
}

/// Does something with the newest mailing of a kind.
async fn mailing(app: &TestApp, ada: &Persona, kind: &str, verb: &str) {
    let list = ada.get(app, "/mailings?limit=500").send().await.expect(200);
    let found = list.json["items"].as_array().unwrap().iter().rev().find(|row| row["kind"] == kind).unwrap().clone();
    let path = format!("/mailings/{}/{verb}", found["id"].as_str().unwrap());
    ada.post(app, &path, &json!({"reason": "A wrong date."})).await.expect(200);
    app.app.run_queue().await.unwrap();
}

async fn later(story: Story, days: i64) -> Story {
    story.app.clock.advance(Duration::days(days));
    Story { ada: story.app.sign_in_again(&story.ada).await, ..story }
}

async fn sent_to(app: &TestApp) -> Vec<String> {
    let mut to: Vec<_> = app.outbox().await.into_iter().map(|letter| letter.to).collect();
    to.sort_unstable();
    to
}

#[test]
fn reminders_whose_mailing_was_cancelled_count_for_nothing_and_new_ones_leave() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for name in ["ben", "cat"] {
            story.person(name, up_to("consultation")).await;
        }
        let id = story.open("consultation", "consultation", json!({})).await;
        assert_eq!(story.invite(&id, json!({})).await.len(), 2);
        let story = later(story, 4).await;
        remind(&app, &story.ada, &id).await;
        mailing(&app, &story.ada, "invitations.remind", "cancel").await;
        assert!(app.outbox().await.is_empty());
        remind(&app, &story.ada, &id).await;
        assert_eq!(sent_to(&app).await, ["ben@people.example", "cat@people.example"]);
        let rows = invitation::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        assert!(rows.iter().all(|row| row.reminders == 1), "{rows:?}");
    });
}

#[test]
fn who_was_drawn_and_whose_letter_was_cancelled_was_not_asked_and_comes_first() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for name in ["ben", "cat", "dan", "eve"] {
            story.person(name, with(up_to("co_design"), json!({"load": {"invites_per_month_max": 1}}))).await;
        }
        let id = story.open("workshop", "co_design", json!({})).await;
        ask(&story, &id).await;
        let drawn = |rows: Vec<invitation::Model>| {
            let mut people: Vec<_> =
                rows.iter().filter(|row| row.state == entity::InvitationState::Sent).map(|row| row.participant_id).collect();
            people.sort_unstable();
            people
        };
        let db = app.app.platform.db.read();
        let first = drawn(invitation::Entity::find().all(db).await.unwrap());
        assert_eq!(first.len(), 2);
        mailing(&app, &story.ada, "invitations.invite", "cancel").await;
        undelivered(app.app.platform.clone(), json!({})).await.unwrap();
        assert!(app.outbox().await.is_empty(), "whoever cancelled it decides what comes next");
        assert_eq!((story.count(&id, "sent").await, story.count(&id, "unsent").await), (0, 2));
        let scope = Scope { organisation: story.ada.organisation.parse().unwrap(), opportunity: id.parse().unwrap() };
        assert_eq!(turnout(db, scope, Audience::Everybody, app.clock.now()).await.unwrap().asked, 0);
        let funnel = story.ada.get(&app, &format!("/opportunities/{id}/invitations")).send().await.expect(200).json;
        assert_eq!(funnel["asked"], 0);
        // Asked again: those whose names came first, by letters that leave. It is their first invitation this month.
        assert_eq!(story.invite(&id, json!({})).await.len(), 2);
        assert_eq!(drawn(invitation::Entity::find().all(db).await.unwrap()), first);
        assert_eq!(turnout(db, scope, Audience::Everybody, app.clock.now()).await.unwrap().asked, 2);
        undelivered(app.app.platform.clone(), json!({})).await.unwrap();
        assert_eq!(story.count(&id, "sent").await, 2);
        let runs = story.ada.get(&app, &format!("/opportunities/{id}/matches")).send().await.expect(200).json;
        assert_eq!((&runs[0]["asked"], &runs[0]["reserve"]), (&json!(2), &json!(2)));
        let again = story.ada.post(&app, &format!("/opportunities/{id}/invitations"), &json!({})).await.expect(409);
        assert_eq!(again.json["code"], "drawn");
    });
}

#[test]
fn a_question_that_never_left_is_not_held_against_anybody() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", with(up_to("consultation"), json!({"load": {"invites_per_month_max": 1}}))).await;
        let first = story.open("consultation", "consultation", json!({})).await;
        let second = story.open("consultation", "consultation", json!({})).await;
        ask(&story, &first).await;
        mailing(&app, &story.ada, "invitations.invite", "cancel").await;
        assert_eq!(story.invite(&second, json!({})).await.len(), 1, "his month is still free");
        let story = later(story, 31).await;
        let third = story.open("consultation", "consultation", json!({"closes_on": "2027-04-28"})).await;
        ask(&story, &third).await;
        mailing(&app, &story.ada, "invitations.invite", "cancel").await;
        assert_eq!(story.invite(&third, json!({})).await.len(), 1, "the same question can be asked again");
    });
}

#[test]
fn after_a_no_nothing_more_about_the_project_leaves() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", up_to("co_design")).await;
        let group = story.open("workshop", "co_design", json!({})).await;
        let asked = story.open("consultation", "consultation", json!({})).await;
        let agreed = story.open("consultation", "consultation", json!({"title": "Agreed"})).await;
        let queued = story.open("consultation", "consultation", json!({})).await;
        let token = story.invite(&group, json!({})).await[0].token("ai_");
        story.invite(&asked, json!({})).await;
        let yes = story.invite(&agreed, json!({})).await[0].token("ai_");
        story.with(&yes, "/accept", &json!({})).await.expect(200);
        ask(&story, &queued).await;
        story.with(&token, "/decline", &json!({})).await.expect(200);
        assert!(app.outbox().await.is_empty(), "it waited to be sent");
        let story = later(story, 4).await;
        for id in [&asked, &queued, &agreed] {
            remind(&app, &story.ada, id).await;
        }
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 1, "of what he said yes to himself");
        assert!(letters[0].words().contains("Agreed"));
    });
}

#[test]
fn nobody_reads_that_they_have_a_place_which_they_gave_up() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", up_to("co_design")).await;
        let id = story.open("workshop", "co_design", json!({})).await;
        let token = story.invite(&id, json!({})).await[0].token("ai_");
        story.take_place(&token).await;
        story.with(&token, "/decline", &json!({})).await.expect(200);
        assert!(app.outbox().await.is_empty());
        story.take_place(&token).await;
        assert_eq!(app.outbox().await.len(), 1, "who comes back reads it once");
    });
}

#[test]
fn the_waiting_list_goes_by_what_people_want_now() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let mut people = Vec::new();
        for name in ["ben", "cat", "dan", "eve", "fay"] {
            people.push((format!("{name}@people.example"), story.person(name, up_to("co_design")).await));
        }
        let id = story.open("workshop", "co_design", json!({"places": 1})).await;
        let mut letters = story.invite(&id, json!({})).await;
        // One after the other says no, the next is asked; then all come back.
        for n in 0..4 {
            story.with(&letters[n].token("ai_"), "/decline", &json!({})).await.expect(200);
            letters.extend(app.outbox().await);
        }
        // The place is kept for who was asked last.
        letters.rotate_right(1);
        let tokens: Vec<_> = letters.iter().map(|letter| letter.token("ai_")).collect();
        for (n, token) in tokens.iter().enumerate() {
            assert_eq!(story.take_place(token).await, if n == 0 { "accepted" } else { "waiting" });
        }
        app.outbox().await;
        let who = |n: usize| &people.iter().find(|(address, _)| *address == letters[n].to).unwrap().1;
        // The first in line wants less by now, and the place becomes free before any job has run.
        who(1).put(&app, "/preferences", &up_to("informing")).await.expect(200);
        story.with(&tokens[0], "/decline", &json!({})).await.expect(200);
        let sent = app.outbox().await;
        assert_eq!(sent.len(), 2, "{sent:?}");
        let placed = sent.iter().find(|letter| letter.words().contains("You have a place")).unwrap();
        assert_eq!(placed.to, letters[2].to);
        let off = sent.iter().find(|letter| letter.to == letters[1].to).unwrap();
        assert!(off.words().contains("We have taken you off it"), "{}", off.words());
        // The next one pauses, and is taken off the list at once.
        who(3).put(&app, "/preferences", &json!({"stance": {"kind": "paused"}})).await.expect(200);
        app.outbox().await;
        assert_eq!((story.count(&id, "withdrawn").await, story.count(&id, "waiting").await), (2, 1));
        // Whoever still waits can move up until it begins, and is told then.
        story.ada.post(&app, &format!("/opportunities/{id}/close"), &json!({"reason": "Full."})).await.expect(200);
        assert!(app.outbox().await.is_empty());
        let story = later(story, 30).await;
        let ended = app.outbox().await;
        assert_eq!(ended.iter().map(|letter| &letter.to).collect::<Vec<_>>(), [&letters[4].to]);
        assert!(ended[0].words().contains("the list has ended now"), "{}", ended[0].words());
        assert_eq!((story.count(&id, "waiting").await, story.count(&id, "ended").await), (0, 1));
    });
}

#[test]
fn a_reminder_follows_a_letter_that_has_left() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let evening = json!({"contact": {"from_hour": 18, "to_hour": 20}});
        story.person("ben", with(up_to("consultation"), evening)).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        ask(&story, &id).await;
        mailing(&app, &story.ada, "invitations.invite", "pause").await;
        app.clock.advance(Duration::hours(60));
        let story = later(story, 0).await;
        mailing(&app, &story.ada, "invitations.invite", "resume").await;
        assert!(app.outbox().await.is_empty(), "it is nine in the evening");
        app.clock.advance(Duration::hours(20));
        let story = later(story, 0).await;
        remind(&app, &story.ada, &id).await;
        app.clock.advance(Duration::hours(2));
        let sent = app.outbox().await;
        assert_eq!(sent.len(), 1);
        assert!(sent[0].words().contains("Why you were asked"), "the letter itself, and no reminder with it");
        remind(&app, &story.ada, &id).await;
        assert!(app.outbox().await.is_empty(), "it was made more than three days ago, and has left this minute");
        let story = later(story, 4).await;
        remind(&app, &story.ada, &id).await;
        assert_eq!(app.outbox().await.len(), 1);
        let rows = mail_message::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        assert_eq!(rows.iter().filter(|row| row.kind == "invitations.remind").count(), 1);
    });
}

#[test]
fn notice_runs_from_the_day_on_which_the_question_leaves() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        // It starts on the 25th: 24 days after the letter is made, and 22 after it could leave.
        story.person("ben", with(up_to("co_design"), json!({"load": {"notice_days_min": 23}}))).await;
        story.person("cat", with(up_to("co_design"), json!({"load": {"notice_days_min": 22}}))).await;
        let id = story.open("workshop", "co_design", json!({})).await;
        ask(&story, &id).await;
        mailing(&app, &story.ada, "invitations.invite", "pause").await;
        let story = later(story, 2).await;
        mailing(&app, &story.ada, "invitations.invite", "resume").await;
        assert_eq!(sent_to(&app).await, ["cat@people.example"]);
    });
}

/// What became of the letter of a kind to somebody, and why.
async fn ended(app: &TestApp, kind: &str, to: &str) -> (MailState, String) {
    let rows =
        mail_message::Entity::find().filter(mail_message::Column::Address.eq(to)).filter(mail_message::Column::Kind.eq(kind));
    let rows = rows.all(app.app.platform.db.read()).await;
    let letter = rows.unwrap().into_iter().max_by_key(|letter| letter.id).unwrap();
    let events = mail_event::Entity::find().filter(mail_event::Column::MessageId.eq(letter.id));
    let events = events.order_by_desc(mail_event::Column::Id).all(app.app.platform.db.read()).await.unwrap();
    let why = events.into_iter().find_map(|event| event.detail);
    (letter.state, why.or(reason::of(&letter).map(|reason| reason::said(reason).to_owned())).unwrap_or_default())
}

#[test]
fn fault_25_what_changed_between_the_writing_and_the_sending_counts_and_is_noted() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let names = ["ben", "cat", "dan", "eve", "fay", "gil"];
        let mut people = Vec::new();
        for name in names {
            people.push(story.person(name, up_to("consultation")).await);
        }
        let earlier = story.open("consultation", "consultation", json!({"title": "Earlier"})).await;
        let letters = story.invite(&earlier, json!({})).await;
        let token = |name: &str, prefix: &str| letters.iter().find(|letter| letter.to.starts_with(name)).unwrap().token(prefix);

        // Reminders are written, and wait; before they leave, everybody does something else.
        let story = later(story, 4).await;
        let people = {
            let mut again = Vec::new();
            for who in &people {
                again.push(app.sign_in_by_letter(&story.ada, who).await);
            }
            again
        };
        remind(&app, &story.ada, &earlier).await;
        story.consent(&token("ben", "ai_")).await;
        story.hand_in(&token("ben", "ai_"), json!({"form": "group", "why": "Together."})).await.expect(201);
        people[1].post(&app, "/consents/withdraw", &json!({"purpose": "contact_reminder"})).await.expect(200);
        app.post(format!("/u/{}", token("dan", "au_"))).send().await.expect(200);
        let wish = json!({"stance": {"kind": "paused"}});
        let mine = people[3].get(&app, "/preferences").send().await.expect(200);
        app.put("/api/me/preferences")
            .token(&people[3].token)
            .header("if-match", &mine.etag())
            .json(&wish)
            .send()
            .await
            .expect(200);
        story.with(&token("fay", "ai_"), "/decline", &json!({})).await.expect(200);
        // Nothing changed for gil; eve hears that the question was taken back.
        assert_eq!(sent_to(&app).await, ["eve@people.example", "gil@people.example"]);
        assert_eq!(ended(&app, "invitations.taken_back", "eve@people.example").await.0, MailState::Sent);
        for (name, state) in [
            ("ben", MailState::Cancelled),
            ("cat", MailState::Suppressed),
            ("dan", MailState::Suppressed),
            ("eve", MailState::Cancelled),
            ("fay", MailState::Cancelled),
        ] {
            let (found, why) = ended(&app, "invitations.remind", &format!("{name}@people.example")).await;
            assert!(found == state && !why.is_empty(), "{name}: {found} {why}");
        }

        // And one that is closed before its invitations leave asks nobody.
        let closed = story.open("consultation", "consultation", json!({"title": "Closed"})).await;
        ask(&story, &closed).await;
        story
            .ada
            .post(&app, &format!("/opportunities/{closed}/close"), &json!({"reason": "It was opened by mistake."}))
            .await
            .expect(200);
        assert!(sent_to(&app).await.is_empty());
        let (found, why) = ended(&app, "invitations.invite", "gil@people.example").await;
        assert!(found == MailState::Expired && !why.is_empty(), "{found} {why}");
    });
}

#[test]
fn fault_31_two_who_press_send_at_once_and_reminders_that_overlap_send_each_letter_once() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for name in ["ben", "cat"] {
            story.person(name, up_to("consultation")).await;
        }
        let vera = app.coordinator(&story.ada, "vera").await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let path = format!("/opportunities/{id}/invitations");
        let (nothing, key) = (json!({}), "one-press-of-the-button");
        let press = |who: &Persona| {
            let call = app.post(who.path(&path)).token(&who.token).header("idempotency-key", key);
            let call = call.json(&nothing);
            async move { call.send().await.expect(202).json["id"].clone() }
        };
        let (first, again) = tokio::join!(press(&story.ada), press(&story.ada));
        assert_eq!(first, again, "a request that is repeated is one request");
        let (_, _) = tokio::join!(story.ada.post(&app, &path, &nothing), vera.post(&app, &path, &nothing));
        // Two workers, as two processes would have them.
        let other = app.second().await;
        let sent = async || {
            let (_, _) = tokio::join!(app.app.run_due(), other.app.run_due());
            let mut to = [sent_to(&app).await, sent_to(&other).await].concat();
            to.sort_unstable();
            to
        };
        assert_eq!(sent().await, ["ben@people.example", "cat@people.example"]);
        let story = later(story, 4).await;
        let vera = app.sign_in_again(&vera).await;
        let path = format!("/opportunities/{id}/reminders");
        let (_, _) = tokio::join!(story.ada.post(&app, &path, &nothing), vera.post(&app, &path, &nothing));
        assert_eq!(sent().await, ["ben@people.example", "cat@people.example"]);
        let letters = mail_message::Entity::find().filter(mail_message::Column::Kind.eq("invitations.remind"));
        assert_eq!(letters.count(app.app.platform.db.read()).await.unwrap(), 2);
    });
}
