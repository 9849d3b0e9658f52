//! What each person is told about what became of their own words.

use crate::{given::Given, harness::everywhere};
use serde_json::json;

#[test]
fn what_is_proposed_because_of_a_theme_is_told_to_those_behind_that_theme() {
    everywhere(|app| async move {
        let root = app.administrator().await;
        let given = Given::of(&app, &app.coordinator(&root, "ada").await);
        let about = given.consultation(2).await;
        let (id, responses) = (about.id, &about.responses);
        // Two themes under one heading: support on the day, and support afterwards.
        let first = given.theme(id, "Support", false, &responses[..1]).await;
        let second = given.theme(id, "Support", false, &responses[1..]).await;
        for (theme, text, outcome) in [(&first, "Somebody at the desk", "declined"), (&second, "A call afterwards", "passed_on")]
        {
            let body = json!({"text": text, "theme": theme, "outcome": outcome, "reason": "There is no money for it."});
            given.post(id, "/recommendations", &body).await.expect(201);
        }
        // A proposal may have the words of its theme for its own.
        let own = json!({"text": "Support", "theme": first, "outcome": "declined", "reason": "Too much at once."});
        given.post(id, "/recommendations", &own).await.expect(201);
        given.draft(id).await;
        given.post(id, "/report/publish", &json!({})).await.expect(200);
        app.outbox().await;
        for (someone, expected) in about.who.iter().zip([&["Somebody at the desk", "Support"][..], &["A call afterwards"]]) {
            let ledger = someone.get(&app, "/ledger").await.expect(200).json;
            let told = ledger["items"][0]["recommendations"].as_array().unwrap().iter();
            assert_eq!(told.map(|row| row["text"].as_str().unwrap()).collect::<Vec<_>>(), expected, "{ledger}");
        }
    });
}
