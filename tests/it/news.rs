//! News that is gathered for those who want one letter for a week or a month.

use crate::{
    given::{Given, Someone},
    harness::{Browser, Mail, Persona, TestApp, everywhere},
};
use alongside::{feedback, participants::news::DIGEST};
use chrono::Duration;
use entity::{
    ConsentType, MailState, OpportunityId, OpportunityState, Purpose, ResponseId, digest, digest_item, mail_event, mail_message,
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};

async fn start(app: &TestApp) -> (Persona, Given) {
    let root = app.administrator().await;
    let ada = app.coordinator(&root, "ada").await;
    (root, Given::of(app, &ada))
}

/// Lets time pass, and staff sign in again.
async fn later(root: &Persona, given: Given, by: Duration) -> Given {
    given.app.clock.advance(by);
    Given { ada: given.app.sign_in_again(root).await, ..given }
}

/// Says how often news is to come.
async fn wants(given: &Given, who: &Someone, contact: Value, status: u16) -> Value {
    let wish = json!({"stance": {"kind": "up_to", "rung": "consultation"}, "contact": contact});
    let put = given.app.put("/api/me/preferences").token(&who.token).header("if-match", "*").json(&wish);
    put.send().await.expect(status).json
}

/// Something that has closed, in which these people answered, and everything that its report needs.
async fn closed(given: &Given, title: &str, people: &[&Someone]) -> (OpportunityId, Vec<ResponseId>) {
    let id = given.opportunity(given.project(&[]).await, OpportunityState::Closed).await;
    entity::opportunity::Entity::update_many()
        .col_expr(entity::opportunity::Column::Title, Expr::value(title))
        .filter(entity::opportunity::Column::Id.eq(id))
        .exec(given.app.app.platform.db.write())
        .await
        .unwrap();
    let questions = json!({"elements": [{"type": "comment", "name": "why", "title": "Why?"}]});
    let questions = given.questions(id, &questions).await;
    let mut responses = Vec::new();
    for who in people {
        responses.push(given.response(id, questions, who, json!({"why": "a private word"})).await);
        given.consent(who, Purpose::ContactFeedback, given.organisation.0, ConsentType::Give).await;
        given.agrees(who, id).await;
    }
    let theme = given.theme(id, "Seats", false, &responses).await;
    let answer = json!({"text": "New seats", "theme": theme, "outcome": "done", "owner": "The manager", "due": "2027-06-01"});
    given.post(id, "/recommendations", &answer).await.expect(201);
    given.draft(id).await;
    (id, responses)
}

/// Publishes a report about it.
async fn report(given: &Given, title: &str, people: &[&Someone]) -> (OpportunityId, Vec<ResponseId>) {
    let about = closed(given, title, people).await;
    given.post(about.0, "/report/publish", &json!({})).await.expect(200);
    about
}

fn to(letters: &[Mail]) -> Vec<&str> {
    letters.iter().map(|letter| letter.to.as_str()).collect()
}

/// Lets time pass, and answers the letters that left since.
async fn after(app: &TestApp, by: Duration) -> Vec<Mail> {
    app.clock.advance(by);
    app.outbox().await
}

async fn digests(app: &TestApp) -> (u64, u64, u64) {
    let db = app.app.platform.db.read();
    let letters = mail_message::Entity::find().filter(mail_message::Column::Kind.eq(DIGEST)).count(db).await.unwrap();
    (digest::Entity::find().count(db).await.unwrap(), digest_item::Entity::find().count(db).await.unwrap(), letters)
}

#[test]
fn two_reports_in_one_week_make_one_letter_and_whoever_chose_nothing_gets_each() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let (ann, bob) = (given.someone("ann").await, given.someone("bob").await);
        let refused = wants(&given, &ann, json!({"news": "daily"}), 422).await;
        assert_eq!(refused["errors"][0]["pointer"], "/contact/news");
        wants(&given, &ann, json!({"news": "weekly", "neutral_subject": true}), 200).await;
        report(&given, "The day centre", &[&ann, &bob]).await;
        assert_eq!(to(&app.outbox().await), ["bob@people.example"]);
        report(&given, "The night bus", &[&ann, &bob]).await;
        assert_eq!(to(&app.outbox().await), ["bob@people.example"]);
        assert_eq!(digests(&app).await, (1, 2, 1), "one a person and week");
        // It is Monday, nine in the morning. The week ends with Sunday.
        assert!(after(&app, Duration::minutes(7 * 24 * 60 - 1)).await.is_empty(), "a minute to nine on Monday");
        let sent = after(&app, Duration::minutes(1)).await;
        assert_eq!(to(&sent), [ann.email.as_str()]);
        let (letter, words) = (&sent[0], sent[0].words());
        assert!(letter.text().contains("Subject: A letter for you"), "{}", letter.text());
        assert!(letter.raw.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"), "{}", letter.raw);
        let places = ["What came of The day centre", "What came of The night bus"].map(|title| words.find(title));
        assert!(places[0].is_some() && places[0] < places[1], "{words}");
        assert_eq!(words.matches("There will be new seats.").count(), 2, "{words}");
        assert_eq!(letter.text().matches("/o/sunrise/reports/").count(), 2, "each leads to its own page");
        assert!(after(&app, Duration::days(14)).await.is_empty(), "where there is no news there is no letter");
    });
}

#[test]
fn a_week_ends_at_midnight_where_the_person_is_and_a_month_with_its_last_day() {
    everywhere(|app| async move {
        let (root, given) = start(&app).await;
        let (ann, kai, may) = (given.someone("ann").await, given.someone("kai").await, given.someone("may").await);
        wants(&given, &ann, json!({"news": "weekly"}), 200).await;
        // In Kathmandu it is a quarter to six later, and Monday already.
        wants(&given, &kai, json!({"news": "weekly", "time_zone": "Asia/Kathmandu"}), 200).await;
        wants(&given, &may, json!({"news": "monthly", "from_hour": 12}), 200).await;
        let given = later(&root, given, Duration::hours(6 * 24 + 14)).await;
        report(&given, "The day centre", &[&ann, &kai, &may]).await;
        assert!(app.outbox().await.is_empty(), "it is eleven in the evening of Sunday");
        let given = later(&root, given, Duration::hours(1)).await;
        report(&given, "The night bus", &[&ann]).await;
        assert!(app.outbox().await.is_empty());
        assert_eq!(digests(&app).await, (4, 4, 4), "it is Monday");
        let sent = after(&app, Duration::hours(9)).await;
        assert_eq!(to(&sent), [ann.email.as_str()]);
        assert!(sent[0].words().contains("The day centre") && !sent[0].words().contains("The night bus"));
        let sent = after(&app, Duration::minutes(7 * 24 * 60 - 5 * 60 - 46)).await;
        assert!(sent.is_empty(), "a minute to nine in Kathmandu: {:?}", to(&sent));
        assert_eq!(to(&after(&app, Duration::minutes(1)).await), [kai.email.as_str()]);
        let sent = after(&app, Duration::minutes(5 * 60 + 45)).await;
        assert_eq!(to(&sent), [ann.email.as_str()]);
        assert!(sent[0].words().contains("The night bus") && !sent[0].words().contains("The day centre"));
        // It is the fifteenth. The clocks go forward before the month ends; the person's own hours begin at noon.
        assert!(after(&app, Duration::minutes(17 * 24 * 60 + 2 * 60 - 1)).await.is_empty());
        assert_eq!(to(&after(&app, Duration::minutes(1)).await), [may.email.as_str()]);
    });
}

#[test]
fn whoever_wants_news_sooner_gets_what_is_gathered_at_once() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let ann = given.someone("ann").await;
        wants(&given, &ann, json!({"news": "monthly"}), 200).await;
        report(&given, "The day centre", &[&ann]).await;
        assert!(app.outbox().await.is_empty());
        // Less often changes nothing for what is gathered, and other wishes do not either.
        wants(&given, &ann, json!({"news": "monthly", "format": "large_print"}), 200).await;
        assert!(app.outbox().await.is_empty());
        wants(&given, &ann, json!({"news": "weekly"}), 200).await;
        let sent = app.outbox().await;
        assert!(sent.len() == 1 && sent[0].words().contains("The day centre"));
        report(&given, "The night bus", &[&ann]).await;
        assert!(app.outbox().await.is_empty());
        wants(&given, &ann, json!({"news": "at_once"}), 200).await;
        let sent = app.outbox().await;
        assert!(sent.len() == 1 && sent[0].words().contains("The night bus") && !sent[0].words().contains("The day centre"));
        report(&given, "The library", &[&ann]).await;
        let sent = app.outbox().await;
        assert!(sent.len() == 1 && sent[0].text().contains("Subject: What came of The library"), "a letter of its own");
        // What left before its day is closed: news of the same week goes into the next letter, and is not lost.
        wants(&given, &ann, json!({"news": "weekly"}), 200).await;
        report(&given, "The park", &[&ann]).await;
        assert!(after(&app, Duration::days(13)).await.is_empty());
        let sent = after(&app, Duration::days(1)).await;
        assert!(sent.len() == 1 && sent[0].words().contains("The park"));
    });
}

#[test]
fn what_is_no_longer_so_is_left_out_and_nothing_is_no_letter() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let (ann, bob, cai) = (given.someone("ann").await, given.someone("bob").await, given.someone("cai").await);
        for who in [&ann, &bob, &cai] {
            wants(&given, who, json!({"news": "weekly"}), 200).await;
        }
        let (first, _) = report(&given, "The day centre", &[&ann, &cai]).await;
        let (_, taken) = report(&given, "The night bus", &[&ann, &bob]).await;
        app.run_jobs().await;
        // A newer version takes the place of the one before it.
        given
            .put(
                first,
                "/report",
                &json!({
                    "in_one_minute": "The seats are there.", "steps_taken": "We rang people.", "learned": "Ask sooner.",
                    "next_steps": [{"what": "Order seats", "owner": "The ward manager", "due": "2027-06-01"}],
                }),
            )
            .await
            .expect(200);
        given.post(first, "/report/publish", &json!({"change_note": "The seats came."})).await.expect(200);
        // Bob takes back what he gave. Cai stops letters about what came of things.
        for response in taken {
            given.withdraw(response).await;
        }
        let platform = &app.app.platform;
        let suppress = alongside::platform::mail::suppression::suppress;
        let reason = entity::SuppressionReason::Unsubscribed;
        suppress(platform.db.write(), platform, given.organisation, &cai.email, feedback::REPORT, reason, None).await.unwrap();
        assert!(app.outbox().await.is_empty());
        let sent = after(&app, Duration::days(7)).await;
        assert_eq!(to(&sent), [ann.email.as_str()]);
        let words = sent[0].words();
        assert!(words.contains("The seats came.") && words.contains("The seats are there."), "{words}");
        assert!(!words.contains("There will be new seats.") && !words.contains("The night bus"), "{words}");
        let dropped = mail_message::Entity::find()
            .filter(mail_message::Column::Kind.eq(DIGEST))
            .filter(mail_message::Column::State.eq(MailState::Cancelled))
            .all(platform.db.read())
            .await
            .unwrap();
        assert_eq!(dropped.len(), 2);
        for letter in dropped {
            let of = mail_event::Column::MessageId.eq(letter.id);
            let events = mail_event::Entity::find().filter(of).all(platform.db.read()).await.unwrap();
            assert!(events.iter().any(|event| event.detail.as_deref().is_some_and(|why| why.contains("still to be told"))));
        }
        // Whoever stops such letters with the link in one gets no other.
        app.post("/api/public/unsubscribe").json(&json!({"token": sent[0].token("au_")})).send().await.expect(204);
        let stopped = ann.get(&app, "/stopped-letters").await.expect(200).json;
        assert_eq!(stopped["items"][0]["family"].as_str().or(stopped[0]["family"].as_str()), Some("news"), "{stopped}");
    });
}

#[test]
fn whoever_leaves_leaves_nothing_gathered_behind() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let (ann, bob) = (given.someone("ann").await, given.someone("bob").await);
        for who in [&ann, &bob] {
            wants(&given, who, json!({"news": "weekly"}), 200).await;
        }
        report(&given, "The day centre", &[&ann, &bob]).await;
        app.run_jobs().await;
        assert_eq!(digests(&app).await, (2, 2, 2));
        ann.post(&app, "/leave", &json!({})).await.expect(200);
        app.run_jobs().await;
        assert_eq!(digests(&app).await, (1, 1, 2));
        assert_eq!(to(&after(&app, Duration::days(7)).await), [bob.email.as_str()]);
    });
}

#[test]
fn whatever_begins_anew_gathers_news_once_and_sends_it_once() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let (ann, bob) = (given.someone("ann").await, given.someone("bob").await);
        wants(&given, &ann, json!({"news": "weekly"}), 200).await;
        let mut payloads = Vec::new();
        for title in ["The day centre", "The night bus"] {
            let (id, _) = closed(&given, title, &[&ann, &bob]).await;
            let made = given.post(id, "/report/publish", &json!({})).await.expect(200).json;
            let releases = entity::report_release::Entity::find().all(app.app.platform.db.read()).await.unwrap();
            let release = releases.iter().find(|release| release.report_id.to_string() == made["report"]).unwrap();
            payloads.push(json!({
                "organisation": given.organisation, "report": release.report_id, "release": release.id,
            }));
        }
        // Both at once, and again, beside the queue's own.
        let send = |n: usize| feedback::send(app.app.platform.clone(), payloads[n].clone());
        let both = tokio::join!(send(0), send(1));
        assert!(both.0.is_ok() && both.1.is_ok());
        assert!(send(0).await.is_ok() && send(1).await.is_ok());
        let sent = app.outbox().await;
        assert_eq!(to(&sent), [bob.email.as_str(), bob.email.as_str()]);
        assert_eq!(digests(&app).await, (1, 2, 1));
        // A worker died with the letter in its hands.
        mail_message::Entity::update_many()
            .col_expr(mail_message::Column::State, Expr::value(MailState::Leased.word()))
            .col_expr(mail_message::Column::LeaseUntil, Expr::value(app.clock.now()))
            .filter(mail_message::Column::Kind.eq(DIGEST))
            .exec(app.app.platform.db.write())
            .await
            .unwrap();
        let sent = after(&app, Duration::days(7)).await;
        assert!(sent.len() == 1 && sent[0].words().contains("The day centre") && sent[0].words().contains("The night bus"));
        assert!(after(&app, Duration::days(7)).await.is_empty());
    });
}

#[test]
fn how_often_news_comes_is_chosen_on_ones_own_page() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let ann = given.someone("ann").await;
        wants(&given, &ann, json!({}), 200).await;
        app.post("/api/public/sunrise/sign-in").json(&json!({"email": ann.email})).send().await.expect(202);
        let link = app.outbox().await.remove(0).token("aj_");
        let mut browser = Browser::new(&app);
        browser.open(&format!("/sign-in/{link}")).await.press("Go to my page").await.expect(200);
        browser.open("/o/sunrise/me/preferences").await.expect(200).hides("News:");
        browser.open("/o/sunrise/me/preferences/letters").await.expect(200).says("As it happens");
        browser.choose("News, such as reports on what happened", "Once a week").press("Save").await.expect(200);
        browser.open("/o/sunrise/me/preferences").await.expect(200).says("News: once a week");
        let kept = ann.get(&app, "/preferences").await.expect(200).json;
        assert_eq!(kept["document"]["contact"]["news"].as_str().or(kept["contact"]["news"].as_str()), Some("weekly"), "{kept}");
        app.run_jobs().await;
    });
}
