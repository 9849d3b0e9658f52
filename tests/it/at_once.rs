//! Answers that come at the same moment: written together, each kept, each answered by itself.

use crate::{crowd, harness::everywhere, story::Story};
use entity::response;
use futures_util::future::join_all;
use sea_orm::EntityTrait;
use serde_json::json;
use std::collections::BTreeMap;

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
        let body = json!({"answers": {"form": "group", "why": "Together."}});
        let wrong = json!({"answers": {"form": "neither"}});
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
        let body = json!({"answers": {"form": "one_to_one"}});
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
