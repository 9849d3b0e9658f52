//! Reports: the gate, the numbers, the letters, the public pages, the ledger.

use crate::{
    given::Given,
    harness::{Persona, TestApp, everywhere},
};
use chrono::Duration;
use entity::{ConsentType, MailState, OpportunityState, Purpose, mail_message, report_release};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

async fn start(app: &TestApp) -> (Persona, Given) {
    let root = app.administrator().await;
    let ada = app.coordinator(&root, "ada").await;
    let given = Given::of(app, &ada);
    (root, given)
}

async fn publish(given: &Given, opportunity: entity::OpportunityId, note: Option<&str>) -> crate::harness::Answer {
    given.post(opportunity, "/report/publish", &json!({"change_note": note})).await
}

#[test]
fn a_report_is_refused_until_everything_owed_is_there() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let open = given.opportunity(given.project(&[]).await, OpportunityState::Open).await;
        let refused = given.post(open, "/report", &json!({})).await.expect(409);
        assert_eq!(refused.json["code"], "not_closed", "{}", refused.text);

        let consultation = given.consultation(6).await;
        given.post(consultation.id, "/report", &json!({})).await.expect(201);
        given.post(consultation.id, "/report", &json!({})).await.expect(409);
        given.post(consultation.id, "/recommendations", &json!({"text": "New seats"})).await.expect(201);
        let refused = publish(&given, consultation.id, None).await.expect(409);
        let codes: Vec<String> = refused.violations().into_iter().map(|(_, code)| code).collect();
        assert_eq!(codes, ["required", "no_theme", "no_next_step", "unanswered"], "{}", refused.text);
        assert_eq!(report_release::Entity::find().count(app.app.platform.db.read()).await.unwrap(), 0);
        app.get("/api/public/sunrise/reports").send().await.expect(200);
        assert!(app.outbox().await.is_empty());
    });
}

#[test]
fn a_proposal_is_answered_and_not_removed() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let consultation = given.consultation(1).await;
        let id = consultation.id;
        let theme = given.theme(id, "Seats", false, &consultation.responses).await;
        let mistaken = given.post(id, "/recommendations", &json!({"text": "Twice"})).await.expect(201).id();
        let owed = given.post(id, "/recommendations", &json!({"text": "New seats", "theme": theme})).await.expect(201).id();
        let remove = async |which: &str| {
            app.delete(given.ada.path(&format!("/opportunities/{id}/recommendations/{which}")))
                .token(&given.ada.token)
                .send()
                .await
        };
        remove(&mistaken).await.expect(204);
        assert_eq!(remove(&owed).await.expect(409).json["code"], "owed");
        let loose = json!({"text": "New seats", "theme": null});
        assert_eq!(given.put(id, &format!("/recommendations/{owed}"), &loose).await.expect(409).json["code"], "owed");
        let late = given.post(id, "/recommendations", &json!({"text": "Signs"})).await.expect(201).id();
        given.draft(id).await;
        assert_eq!(remove(&late).await.expect(409).json["code"], "owed");
    });
}

#[test]
fn a_no_needs_its_reason() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let id = given.consultation(1).await.id;
        let refused = given.post(id, "/recommendations", &json!({"text": "Seats", "outcome": "declined"})).await.expect(422);
        assert_eq!(refused.violations(), [("/reason".to_owned(), "required".to_owned())]);
        let refused = given.post(id, "/recommendations", &json!({"text": "Seats", "outcome": "done"})).await.expect(422);
        assert_eq!(refused.violations(), [("/owner".to_owned(), "required".to_owned())]);
    });
}

/// Publishes a consultation of twelve with two themes and answers of every kind.
async fn published(given: &Given) -> (crate::given::Consultation, String) {
    let consultation = given.consultation(12).await;
    let (id, responses) = (consultation.id, &consultation.responses);
    let seats = given.theme(id, "Seats", false, &responses[..7]).await;
    given.theme(id, "Noise", true, &responses[6..8]).await;
    let done = json!({"text": "New seats", "theme": seats, "outcome": "done", "owner": "The ward manager", "due": "2027-06-01"});
    given.post(id, "/recommendations", &done).await.expect(201);
    let declined = json!({"text": "A new wing", "outcome": "declined", "reason": "There is no money for it."});
    given.post(id, "/recommendations", &declined).await.expect(201);
    let passed = json!({"text": "Buses", "outcome": "passed_on", "reason": "The council runs them; we wrote to it."});
    given.post(id, "/recommendations", &passed).await.expect(201);
    given.draft(id).await;
    let made = publish(given, id, None).await.expect(200);
    assert_eq!((&made.json["version"], &made.json["new"]), (&json!(1), &json!(true)));
    (consultation, made.json["report"].as_str().unwrap().to_owned())
}

#[test]
fn numbers_in_a_report_are_the_rows_and_small_ones_are_withheld() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let consultation = given.consultation(14).await;
        let (id, who, responses) = (consultation.id, &consultation.who, &consultation.responses);
        given.decision(consultation.project, "Which seats", None).await;
        given.decision(consultation.project, "The building", Some("It is a listed building.")).await;
        for (n, someone) in who.iter().enumerate() {
            given
                .fact(
                    someone,
                    if n < 6 {
                        "under_25"
                    } else if n < 8 {
                        "over_65"
                    } else {
                        "between"
                    },
                )
                .await;
            if n != 0 {
                let purpose = Purpose::DemographicsRepresentativeness;
                given.consent(someone, purpose, given.organisation.0, ConsentType::Give).await;
            }
        }
        // One more refuses to be counted in what is published.
        given.consent(&who[13], Purpose::PublishInAggregate, id.0, ConsentType::Withdraw).await;
        given.theme(id, "Seats", false, &responses[..7]).await;
        given.theme(id, "Signs", false, &responses[5..14]).await;
        given.theme(id, "Noise", true, &responses[..2]).await;
        given.theme(id, "Light", false, &responses[..3]).await;
        given.draft(id).await;
        let report = given.get(id, "/report/preview").await.expect(200).json;

        // Beside 13 who are counted, the 14 who were asked would tell that one is not.
        assert_eq!(report["who_took_part"]["took_part"], json!({"number": 13, "withheld": false}));
        assert_eq!(report["who_took_part"]["answered"]["number"], 13);
        assert_eq!(report["who_took_part"]["asked"], json!({"number": null, "withheld": true}));
        // What staff work with rests on taking part alone.
        assert_eq!(given.get(id, "/summary").await.expect(200).json["responses"]["number"], 14);
        // Five under 25 (one does not want to be counted), two over 65, five between (one may not be published): the two
        // hide five more.
        let presence = &report["who_took_part"]["presence"][0];
        assert_eq!(presence["counted"]["number"], 12, "{presence}");
        let withheld = json!({"number": null, "withheld": true});
        assert_eq!((&presence["groups"][0]["took_part"], &presence["groups"][1]["took_part"]), (&withheld, &withheld));
        assert_eq!(report["who_took_part"]["gaps"], json!([]));
        let themes: Vec<(Value, Value)> = report["you_said"]
            .as_array()
            .unwrap()
            .iter()
            .map(|theme| (theme["people"].clone(), theme["people_in_words"].clone()))
            .collect();
        assert_eq!(
            themes,
            [
                (json!(7), json!("7 people")),
                (json!(8), json!("8 people")),
                (Value::Null, json!("a few people")),
                (Value::Null, json!("")),
            ]
        );
        assert_eq!(report["we_asked"]["decisions_reserved"][0]["reserved_reason"], "It is a listed building.");
        assert_eq!(report["we_asked"]["decisions_open"].as_array().unwrap().len(), 1);
        assert_eq!(report["rung"]["claimed"], "consultation");
        assert_eq!(report["ratings"]["means"], Value::Null);
        assert!(!report.to_string().contains("a private word"));
    });
}

#[test]
fn disjoint_themes_cannot_be_subtracted_and_withdrawn_answers_disappear() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let consultation = given.consultation(20).await;
        let (id, responses) = (consultation.id, &consultation.responses);
        given.theme(id, "Seats", false, &responses[..11]).await;
        given.theme(id, "Signs", false, &responses[11..18]).await;
        given.theme(id, "Noise", false, &responses[18..]).await;
        given.draft(id).await;
        let people = |report: Value| -> Vec<Value> {
            report["you_said"].as_array().unwrap().iter().map(|theme| theme["people"].clone()).collect()
        };
        let before = given.get(id, "/report/preview").await.expect(200).json;
        assert_eq!(people(before), [json!(11), Value::Null, Value::Null]);
        let listed = given.get(id, "/themes").await.expect(200).json;
        assert_eq!(listed[1]["people"], json!({"few": true}));
        assert_eq!(listed[0]["people"], json!({"number": 11, "few": false}));

        given.withdraw(responses[0]).await;
        let after = given.get(id, "/report/preview").await.expect(200).json;
        assert_eq!(after["who_took_part"]["answered"]["number"], 19);
        assert_eq!(people(after), [json!(10), Value::Null, Value::Null]);
    });
}

#[test]
fn publishing_tells_everybody_once_and_a_change_again() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let (consultation, report) = published(&given).await;
        given.wants_neutral_subjects(&consultation.who[0]).await;
        given.consent(&consultation.who[1], Purpose::ContactFeedback, given.organisation.0, ConsentType::Withdraw).await;
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 11);
        let to = |email: &str| letters.iter().filter(|letter| letter.to == email).count();
        assert_eq!((to(&consultation.who[0].email), to(&consultation.who[1].email)), (1, 0));
        let neutral: Vec<_> = letters.iter().filter(|letter| letter.text().contains("A letter for you")).collect();
        assert_eq!(neutral.len(), 1);
        assert_eq!(neutral[0].to, consultation.who[0].email);
        for letter in &letters {
            let text = letter.words();
            assert!(text.contains("There will be new seats.") && text.contains(&report), "{text}");
        }

        let again = publish(&given, consultation.id, None).await.expect(200);
        assert_eq!((&again.json["version"], &again.json["new"]), (&json!(1), &json!(false)));
        assert!(app.outbox().await.is_empty());

        let rows = given.get(consultation.id, "/recommendations").await.expect(200).json;
        let row = rows.as_array().unwrap().iter().find(|row| row["text"] == "A new wing").unwrap();
        let path = format!("/recommendations/{}", row["id"].as_str().unwrap());
        let body = json!({"text": "A new wing", "outcome": "partly", "reason": "One room.", "owner": "The board"});
        given.put(consultation.id, &path, &body).await.expect(200);
        let refused = publish(&given, consultation.id, None).await.expect(422);
        assert_eq!(refused.violations(), [("/change_note".to_owned(), "required".to_owned())]);
        let second = publish(&given, consultation.id, Some("There is money for one room.")).await.expect(200);
        assert_eq!(second.json["version"], 2);
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 11);
        assert!(letters[0].text().contains("There is money for one room."));
        let public = app.get(format!("/api/public/sunrise/reports/{report}")).send().await.expect(200).json;
        assert_eq!(public["annex"]["versions"][1]["change_note"], "There is money for one room.");
        assert_eq!(public["we_did"]["recommendations"].as_array().unwrap().len(), 2);

        // What people were told they said stays.
        given.post(consultation.id, "/themes", &json!({"title": "More", "summary": "x"})).await.expect(409);
        assert_eq!(report_release::Entity::find().count(app.app.platform.db.read()).await.unwrap(), 2);
    });
}

#[test]
fn consent_taken_back_after_the_letter_was_queued_stops_it() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let (consultation, report) = published(&given).await;
        let platform = &app.app.platform;
        let release = report_release::Entity::find().one(platform.db.read()).await.unwrap().unwrap();
        let payload = json!({"organisation": given.organisation, "report": report, "release": release.id});
        alongside::feedback::send(platform.clone(), payload.clone()).await.unwrap();
        // Broken off and begun again, it writes to nobody twice.
        alongside::feedback::send(platform.clone(), payload).await.unwrap();
        let queued = mail_message::Entity::find().filter(mail_message::Column::State.eq(MailState::Queued));
        assert_eq!(queued.count(platform.db.read()).await.unwrap(), 12);
        given.consent(&consultation.who[2], Purpose::ContactFeedback, given.organisation.0, ConsentType::Withdraw).await;
        given.withdraw(consultation.responses[3]).await;
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 10);
        assert!(letters.iter().all(|letter| letter.to != consultation.who[2].email && letter.to != consultation.who[3].email));
        let suppressed = mail_message::Entity::find().filter(mail_message::Column::State.eq(MailState::Suppressed));
        assert_eq!(suppressed.count(platform.db.read()).await.unwrap(), 1);
    });
}

#[test]
fn a_report_is_a_page_that_everybody_can_read() {
    everywhere(|app| async move {
        let (root, given) = start(&app).await;
        let other = app.organisation(&root, "harbour").await;
        let (_, report) = published(&given).await;
        app.run_jobs().await;
        let page = app.get(format!("/o/sunrise/reports/{report}")).send().await.expect(200);
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; img-src 'self' data:; form-action"), "{policy}");
        assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
        let html = &page.text;
        assert_eq!(html.matches("<h1").count(), 1);
        assert!(html.contains("<html lang=\"en\">") && html.contains("Waiting &#60;well&#62;"), "{html}");
        assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("Waiting <well>"));
        assert_eq!(html.matches("<table").count(), html.matches("<caption").count());
        assert!(html.contains("There is no money for it.") && html.contains("a few people"));
        let list = app.get("/api/public/sunrise/reports").send().await.expect(200).json;
        assert_eq!(list["items"][0]["id"], report);
        // Another organisation's address does not lead here.
        app.get(format!("/api/public/{}/reports/{report}", other.slug)).send().await.expect(404);
        app.get(format!("/o/{}/reports/{report}", other.slug)).send().await.expect(404);
        let list = app.get("/api/public/harbour/reports").send().await.expect(200).json;
        assert_eq!(list["items"], json!([]));
    });
}

#[test]
fn late_promises_are_public() {
    everywhere(|app| async move {
        let (root, given) = start(&app).await;
        app.organisation(&root, "harbour").await;
        let consultation = given.consultation(1).await;
        let overdue = || async { app.get("/api/public/sunrise/overdue").send().await.expect(200).json["items"].clone() };
        app.clock.advance(Duration::days(30));
        assert_eq!(overdue().await, json!([]));
        app.clock.advance(Duration::days(3));
        let late = overdue().await;
        assert_eq!((&late[0]["days_late"], &late[0]["due"]), (&json!(3), &json!("2027-03-31")));
        assert_eq!(late[0]["title"], "Waiting <well>");
        assert_eq!(app.get("/api/public/harbour/overdue").send().await.expect(200).json["items"], json!([]));
        let root = Persona { token: app_token(&app).await, ..given.ada.clone() };
        let given = Given::of(&app, &root);
        // A new day is told beside the one that passed; it does not take it off the list.
        let path = format!("/opportunities/{}", consultation.id);
        let mut way = given.ada.get(&app, &path).send().await.expect(200).json;
        let read_only = ["id", "activity", "questionnaire", "promised", "state", "takes_answers", "opened_at", "closed_at"];
        let more = ["closed_early_reason", "feedback_late_since", "warnings", "created_at"];
        read_only.iter().chain(&more).for_each(|field| drop(way.as_object_mut().unwrap().remove(*field)));
        way["feedback_due"] = json!("2027-05-01");
        way["feedback_moved_reason"] = json!("The board meets later.");
        let moved = given.ada.put(&app, &path, &way).await.expect(200);
        assert_eq!(moved.json["feedback_late_since"], "2027-03-31");
        let late = overdue().await;
        assert_eq!((&late[0]["days_late"], &late[0]["due"]), (&json!(3), &json!("2027-03-31")));
        assert_eq!((&late[0]["moved_to"], &late[0]["moved_reason"]), (&json!("2027-05-01"), &json!("The board meets later.")));
        given.theme(consultation.id, "Seats", false, &consultation.responses).await;
        given.draft(consultation.id).await;
        publish(&given, consultation.id, None).await.expect(200);
        assert_eq!(overdue().await, json!([]));
        app.run_jobs().await;
    });
}

/// A fresh token of the coordinator, whose session has ended meanwhile.
async fn app_token(app: &TestApp) -> String {
    let body = json!({"email": "ada@staff.example", "password": crate::harness::PASSWORD});
    app.post("/api/sign-in").json(&body).send().await.expect(201).json["token"].as_str().unwrap().to_owned()
}

#[test]
fn a_ledger_shows_what_became_of_ones_own_words_and_nobody_elses() {
    everywhere(|app| async move {
        let (root, given) = start(&app).await;
        let (consultation, report) = published(&given).await;
        app.run_jobs().await;
        let ledger = consultation.who[0].get(&app, "/ledger").await.expect(200).json;
        let line = &ledger["items"][0];
        assert_eq!((&line["responded"], &line["contributions"]), (&json!(true), &json!(0)));
        assert_eq!(line["themes"].as_array().unwrap().len(), 1);
        assert_eq!(line["themes"][0]["title"], "Seats");
        assert_eq!(line["recommendations"][0]["outcome"], "done");
        assert!(line["report"].as_str().unwrap().contains(&report));
        assert_eq!(line["feedback_due"], "2027-03-31");

        assert_eq!(line["news"], "The report is out. It says what came of it.");
        // What is written for the next version is not told before it is out.
        let rows = given.get(consultation.id, "/recommendations").await.expect(200).json;
        let row = rows.as_array().unwrap().iter().find(|row| row["text"] == "New seats").unwrap();
        let changed = json!({"text": "New seats", "theme": row["theme"], "outcome": "declined", "reason": "A draft."});
        given.put(consultation.id, &format!("/recommendations/{}", row["id"].as_str().unwrap()), &changed).await.expect(200);
        app.clock.advance(Duration::minutes(1));
        let decision = given.decision(consultation.project, "Which seats", None).await;
        let claim = json!({"theme": row["theme"], "level": "changed", "note": "A draft."});
        given.ada.post(&app, &format!("/decisions/{decision}/influence"), &claim).await.expect(201);
        let again = consultation.who[0].get(&app, "/ledger").await.expect(200);
        assert!(!again.text.contains("A draft."), "{}", again.text);
        assert_eq!(again.json["items"][0]["recommendations"], line["recommendations"]);

        // Nobody said what this one said; their ledger has no theme, and nothing of others.
        let silent = consultation.who[11].get(&app, "/ledger").await.expect(200).json;
        assert_eq!(silent["items"][0]["themes"], json!([]));
        assert_eq!(silent["items"][0]["recommendations"], json!([]));
        let stranger = given.someone("stranger").await;
        assert_eq!(stranger.get(&app, "/ledger").await.expect(200).json["items"], json!([]));
        app.get("/api/me/ledger").token(&given.ada.token).send().await.expect(403);

        given.withdraw(consultation.responses[0]).await;
        let after = consultation.who[0].get(&app, "/ledger").await.expect(200).json;
        assert_eq!(after["items"][0]["themes"], json!([]));
        assert_eq!(after["items"][0]["response_withdrawn"], true);

        let other = app.organisation(&root, "harbour").await;
        let elsewhere = Given::of(&app, &other).someone("elsewhere").await;
        let rating = json!({"heard": 5, "ways": 5, "matters": 5, "change": 5, "worth_it": 5});
        elsewhere.post(&app, &format!("/opportunities/{}/rating", consultation.id), &rating).await.expect(404);
        app.get(other.path(&format!("/opportunities/{}/report", consultation.id))).token(&other.token).send().await.expect(404);
        app.get(other.path(&format!("/opportunities/{}/summary", consultation.id))).token(&other.token).send().await.expect(404);
    });
}

#[test]
fn drafts_are_nobodys_news() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let consultation = given.consultation(6).await;
        let (id, ben) = (consultation.id, &consultation.who[0]);
        let theme = given.theme(id, "Seats", false, &consultation.responses).await;
        let refused = json!({"text": "New seats", "theme": theme, "outcome": "declined", "reason": "There is no money."});
        given.post(id, "/recommendations", &refused).await.expect(201);
        let decision = given.decision(consultation.project, "Which seats", None).await;
        let claim = json!({"theme": theme, "level": "changed", "note": "Soft seats were chosen."});
        given.ada.post(&app, &format!("/decisions/{decision}/influence"), &claim).await.expect(201);
        given.draft(id).await;
        let line = async || ben.get(&app, "/ledger").await.expect(200).json["items"][0].clone();
        let before = line().await;
        for field in ["themes", "recommendations", "influence"] {
            assert_eq!(before[field], json!([]), "{field}");
        }
        assert_eq!(before["news"], "We have what you gave. You hear what came of it by 31 March 2027.");
        publish(&given, id, None).await.expect(200);
        app.run_jobs().await;
        let after = line().await;
        assert_eq!(after["themes"][0]["title"], "Seats");
        assert_eq!(after["recommendations"][0]["reason"], "There is no money.");
        assert_eq!(after["influence"][0]["note"], "Soft seats were chosen.");
    });
}

#[test]
fn ratings_are_shown_when_there_are_enough() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let consultation = given.consultation(15).await;
        let path = format!("/opportunities/{}/rating", consultation.id);
        let rating =
            |heard: i32| json!({"heard": heard, "ways": 4, "matters": 3, "change": 2, "worth_it": 1, "harm": "The stairs."});
        consultation.who[0].post(&app, &path, &rating(6)).await.expect(422);
        for someone in &consultation.who[..4] {
            someone.post(&app, &path, &rating(5)).await.expect(204);
        }
        assert_eq!(given.get(consultation.id, "/ratings").await.expect(200).json, json!({"people": {"few": true}}));
        consultation.who[4].post(&app, &path, &rating(1)).await.expect(204);
        consultation.who[4].post(&app, &path, &rating(3)).await.expect(204);
        let shown = async || given.get(consultation.id, "/ratings").await.expect(200).json;
        // The mean of five and the mean of six would give the sixth away: means begin with ten, and move by whole fives.
        let five = json!({"people": {"number": 5, "few": false}});
        assert_eq!(shown().await, five);
        for someone in &consultation.who[5..9] {
            someone.post(&app, &path, &rating(4)).await.expect(204);
            assert_eq!(shown().await, five);
        }
        consultation.who[9].post(&app, &path, &rating(5)).await.expect(204);
        let ten = shown().await;
        assert_eq!(ten["people"]["number"], 10);
        assert_eq!(ten["means"], json!({"heard": 4.4, "ways": 4.0, "matters": 3.0, "change": 2.0, "worth_it": 1.0}));
        for someone in &consultation.who[10..14] {
            someone.post(&app, &path, &rating(1)).await.expect(204);
            assert_eq!(shown().await, ten);
        }
        given.draft(consultation.id).await;
        let report = given.get(consultation.id, "/report/preview").await.expect(200).json;
        assert_eq!((&report["ratings"]["people"]["number"], &report["ratings"]["means"]["heard"]), (&json!(10), &json!(4.4)));
        consultation.who[14].post(&app, &path, &rating(1)).await.expect(204);
        let fifteen = shown().await;
        assert_eq!((&fifteen["people"]["number"], &fifteen["means"]["heard"]), (&json!(15), &json!(3.3)));
        let harms = given.get(consultation.id, "/harms").await.expect(200).json;
        assert_eq!(harms["items"].as_array().unwrap().len(), 15);
        let stranger = given.someone("stranger").await;
        stranger.post(&app, &path, &rating(5)).await.expect(404);
    });
}

#[test]
fn a_summary_counts_choices_and_shows_no_words() {
    everywhere(|app| async move {
        let (root, given) = start(&app).await;
        let viewer = app.staff(&root, "vic", "viewer").await;
        let consultation = given.consultation(12).await;
        let summary = given.get(consultation.id, "/summary").await.expect(200);
        assert!(!summary.text.contains("a private word"));
        let questions = &summary.json["questions"];
        assert_eq!(questions.as_array().unwrap().len(), 2);
        // Three in the morning, nine in the evening: both are withheld, because the total is known.
        assert_eq!(questions[0]["choices"][0]["people"], json!({"few": true}));
        assert_eq!(questions[0]["choices"][1]["people"], json!({"few": true}));
        assert_eq!(questions[1]["choices"][0]["people"], json!({"number": 12, "few": false}));
        assert_eq!(questions[1]["choices"][1]["people"], json!({"number": 0, "few": false}));
        assert_eq!(summary.json["responses"]["number"], 12);
        app.get(viewer.path(&format!("/opportunities/{}/summary", consultation.id)))
            .token(&viewer.token)
            .send()
            .await
            .expect(403);
    });
}

#[test]
fn two_who_publish_at_the_same_time_make_one_release() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let consultation = given.consultation(6).await;
        given.theme(consultation.id, "Seats", false, &consultation.responses).await;
        given.draft(consultation.id).await;
        let (one, two) = tokio::join!(publish(&given, consultation.id, None), publish(&given, consultation.id, None));
        let (one, two) = (one.expect(200).json, two.expect(200).json);
        assert_eq!((&one["version"], &two["version"]), (&json!(1), &json!(1)));
        assert_ne!(one["new"], two["new"]);
        assert_eq!(one["digest"], two["digest"]);
        assert_eq!(app.outbox().await.len(), 6);
    });
}

#[test]
fn a_published_release_never_changes() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let (consultation, report) = published(&given).await;
        app.run_jobs().await;
        let public = || async { app.get(format!("/api/public/sunrise/reports/{report}")).send().await.expect(200).json };
        let before = public().await;
        given.withdraw(consultation.responses[0]).await;
        assert_eq!(public().await, before);
        // The next version leaves the person out.
        publish(&given, consultation.id, Some("Somebody took back what they said.")).await.expect(200);
        let after = public().await;
        let people = |report: &Value| report["you_said"][0]["people"].clone();
        assert_eq!((people(&before), people(&after)), (json!(7), json!(6)));
        app.run_jobs().await;
        let gone = report_release::Entity::delete_many().exec(app.app.platform.db.write()).await;
        assert!(gone.is_err());
    });
}

#[test]
fn what_people_do_is_no_change_of_a_report_and_can_be_published_with_a_word_about_it() {
    everywhere(|app| async move {
        let (_, given) = start(&app).await;
        let consultation = given.consultation(12).await;
        given.theme(consultation.id, "Seats", false, &consultation.responses[..6]).await;
        given.draft(consultation.id).await;
        publish(&given, consultation.id, None).await.expect(200);
        let rating = json!({"heard": 5, "ways": 4, "matters": 3, "change": 2, "worth_it": 1});
        for someone in &consultation.who[..5] {
            someone.post(&app, &format!("/opportunities/{}/rating", consultation.id), &rating).await.expect(204);
        }
        given.withdraw(consultation.responses[0]).await;
        let again = publish(&given, consultation.id, None).await.expect(200).json;
        assert_eq!((&again["version"], &again["new"]), (&json!(1), &json!(false)));
        let renewed = publish(&given, consultation.id, Some("The numbers of today.")).await.expect(200).json;
        assert_eq!((&renewed["version"], &renewed["new"]), (&json!(2), &json!(true)));
        app.outbox().await;
    });
}
