//! Answers that come at the same moment: written together, each kept, each answered by itself.

use crate::{
    crowd,
    harness::{Answer, Browser, TestApp, everywhere},
    story::Story,
};
use alongside::platform::{
    Error,
    group::{GroupWriter, WriteBatch},
    tasks::Tasks,
};
use entity::{NoticeContent, NoticeState, invitation, notice, opportunity, recommendation, response, response_draft, theme};
use futures_util::future::join_all;
use sea_orm::{ActiveValue::Set, EntityTrait, PaginatorTrait};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc};

#[test]
fn answers_that_come_at_once_are_all_kept_and_a_second_one_follows_the_first() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        crowd::joined(&app, &story, 11).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let tokens: Vec<String> = story.invite(&id, json!({})).await.iter().map(|letter| letter.token("ai_")).collect();
        assert_eq!(tokens.len(), 11);
        for token in &tokens {
            story.consent(token).await;
        }
        // Everybody twice, and somebody whose answers are not right among them.
        let form = story.asked(&tokens[0]).await;
        let body = json!({"questionnaire": form, "answers": {"form": "group", "why": "Together."}});
        let wrong = json!({"questionnaire": form, "answers": {"form": "neither"}});
        let twice = tokens.iter().chain(&tokens).map(|token| story.with(token, "/response", &body));
        let (given, refused) = tokio::join!(join_all(twice), story.with(&tokens[0], "/response", &wrong));
        refused.expect(422);
        let mut versions: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for answer in given {
            let receipt = answer.expect(201).json;
            versions.entry(receipt["response"].as_str().unwrap().into()).or_default().push(receipt["version"].as_i64().unwrap());
        }
        assert_eq!(versions.len(), 11);
        for seen in versions.values_mut() {
            seen.sort_unstable();
            assert_eq!(*seen, [1, 2]);
        }
        let rows = response::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        assert_eq!(rows.len(), 11);
        assert!(rows.iter().all(|row| row.version == 2 && versions.contains_key(&row.id.to_string())));
        assert_eq!(story.count(&id, "accepted").await, 11);
    });
}

#[test]
fn two_servers_of_one_database_count_the_same_answers() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        crowd::joined(&app, &story, 6).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let tokens: Vec<String> = story.invite(&id, json!({})).await.iter().map(|letter| letter.token("ai_")).collect();
        for token in &tokens {
            story.consent(token).await;
        }
        let second = app.second().await;
        let body = json!({"questionnaire": story.asked(&tokens[0]).await, "answers": {"form": "one_to_one"}});
        let here = tokens.iter().map(|token| app.post("/api/invitation/response").token(token).json(&body).send());
        let there = tokens.iter().rev().map(|token| second.post("/api/invitation/response").token(token).json(&body).send());
        let (here, there) = tokio::join!(join_all(here), join_all(there));
        for (one, other) in here.into_iter().zip(there.into_iter().rev()) {
            let (one, other) = (one.expect(201).json, other.expect(201).json);
            assert_eq!(one["response"], other["response"]);
            let mut versions = [one["version"].as_i64().unwrap(), other["version"].as_i64().unwrap()];
            versions.sort_unstable();
            assert_eq!(versions, [1, 2]);
        }
        second.app.platform.db.clone().close().await.unwrap();
    });
}

#[test]
fn an_item_that_panics_takes_no_other_with_it_and_the_writer_goes_on() {
    everywhere(|app| async move {
        let tasks = Tasks::new();
        let write: WriteBatch<u32, u32> = Arc::new(|_, items| {
            Box::pin(
                async move { Ok(items.iter().map(|item| if *item == 13 { panic!("bad luck") } else { Ok(*item) }).collect()) },
            )
        });
        let writer = GroupWriter::start(&tasks, app.app.platform.db.clone(), 50, write);
        for _ in 0..2 {
            let all = join_all((10..20).map(|item| writer.write(item))).await;
            for (item, answer) in (10..20).zip(all) {
                match answer {
                    Ok(given) => assert_eq!((given, given == 13), (item, false)),
                    Err(error) => assert!(item == 13 && matches!(error, Error::Bug(_)), "{item}: {error}"),
                }
            }
        }
        drop(writer);
        tasks.stop();
        tasks.finished().await;
    });
}

#[test]
fn of_two_first_drafts_at_once_one_is_told_to_read_again() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        crowd::joined(&app, &story, 1).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let token = story.invite(&id, json!({})).await[0].token("ai_");
        story.consent(&token).await;
        let db = &app.app.platform.db;
        let invited = invitation::Entity::find().one(db.read()).await.unwrap().unwrap();
        let offer =
            opportunity::Entity::find_by_id((invited.organisation_id, invited.opportunity_id)).one(db.read()).await.unwrap();
        let form = story.asked(&token).await;
        let tx = db.begin().await.unwrap();
        let row = response_draft::ActiveModel {
            organisation_id: Set(invited.organisation_id),
            invitation_id: Set(invited.id),
            questionnaire_id: Set(offer.unwrap().questionnaire_id.unwrap()),
            answers: Set(json!({})),
            version: Set(1),
            updated_at: Set(app.clock.now()),
        };
        response_draft::Entity::insert(row).exec_without_returning(&tx).await.unwrap();
        let body = json!({"questionnaire": form, "answers": {"form": "group"}});
        let (second, ()) = tokio::join!(app.put("/api/invitation/draft").token(&token).json(&body).send(), async {
            app.waiting(1).await;
            tx.commit().await.unwrap();
        });
        assert!(matches!(second.status.as_u16(), 412 | 428), "{}", second.text);
    });
}

#[test]
fn of_two_first_notices_at_once_one_is_told_of_the_other() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let content: serde_json::Value = crate::story::notice(&[crate::story::purpose("contact_invite", "stop_future_only")]);
        let content_row: NoticeContent = serde_json::from_value(content.clone()).unwrap();
        let organisation: entity::OrganisationId = ada.organisation.parse().unwrap();
        let tx = app.app.platform.db.begin().await.unwrap();
        let row = notice::ActiveModel {
            organisation_id: Set(organisation),
            id: Set(app.clock.new_id()),
            scope_id: Set(organisation.0),
            n: Set(1),
            state: Set(NoticeState::Draft),
            content: Set(content_row),
            digest: Set(None),
            published_at: Set(None),
            published_by: Set(None),
            created_at: Set(app.clock.now()),
            version: Set(1),
        };
        notice::Entity::insert(row).exec_without_returning(&tx).await.unwrap();
        let body = json!({"content": content});
        let (second, ()) = tokio::join!(ada.post(&app, "/notices", &body), async {
            app.waiting(1).await;
            tx.commit().await.unwrap();
        });
        assert_eq!(second.expect(409).json["code"], "draft_exists");
    });
}

#[test]
fn a_page_that_writes_needs_no_second_connection() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let narrow = app.narrow().await;
        let work = async {
            let mut rosa = narrow.at_the_console("root@sunrise.example").await;
            let here = format!("/console/sunrise/opportunities/{id}");
            // Sent four times at once, it is made once; what does not fit is told.
            rosa.open(&format!("{here}/themes")).await.fill("Heading", "Seats").fill("What people said", "They are hard.");
            let (to, fields) = rosa.prepared("Add this theme");
            for answer in join_all((0..4).map(|_| sent(&narrow, &rosa, &to, &fields))).await {
                answer.expect(303);
            }
            rosa.open(&format!("{here}/themes")).await.press("Add this theme").await.expect(422);
            rosa.open(&format!("{here}/proposals")).await.fill("What is proposed", "Softer seats.");
            rosa.choose("The answer", "No").fill("Why", "There is no money.");
            let (to, fields) = rosa.prepared("Add this proposal");
            for answer in join_all((0..4).map(|_| sent(&narrow, &rosa, &to, &fields))).await {
                answer.expect(303);
            }
            rosa.open(&format!("{here}/proposals")).await.press("Add this proposal").await.expect(422);
        };
        // Less than what anybody waits for a connection.
        tokio::time::timeout(std::time::Duration::from_secs(25), work).await.expect("somebody waits for themselves");
        let db = narrow.app.platform.db.clone();
        let made = (theme::Entity::find().count(db.read()).await, recommendation::Entity::find().count(db.read()).await);
        assert_eq!((made.0.unwrap(), made.1.unwrap()), (1, 1));
        db.close().await.unwrap();
    });
}

/// A form, sent from where somebody is signed in.
async fn sent(app: &TestApp, browser: &Browser<'_>, to: &str, fields: &[(String, String)]) -> Answer {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let call = app.post(to).header("cookie", &browser.cookies());
    call.bytes(form.into_bytes(), "application/x-www-form-urlencoded").send().await
}
