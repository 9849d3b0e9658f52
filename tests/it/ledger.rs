//! What each person is told about what became of their own words, and what everybody is told about all of them.

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

/// Every line of the report counts once, though what was done in part stands in two places.
#[test]
fn the_report_pictures_what_came_of_proposals_and_decisions() {
    everywhere(|app| async move {
        let root = app.administrator().await;
        let given = Given::of(&app, &app.coordinator(&root, "ada").await);
        let about = given.consultation(2).await;
        let id = about.id;
        let theme = given.theme(id, "Seats", false, &about.responses).await;
        let noise = given.theme(id, "Noise", false, &about.responses).await;
        for level in [None, Some("noted"), Some("partial"), Some("changed"), Some("originated"), Some("none")] {
            let decision = given.decision(about.project, level.unwrap_or("untouched"), None).await;
            let Some(level) = level else { continue };
            let claim = json!({"theme": theme, "level": level, "note": "This is what came of it."});
            given.ada.post(&app, &format!("/decisions/{decision}/influence"), &claim).await.expect(201);
        }
        let whole = json!({"text": "A lamp", "theme": noise, "outcome": "done", "owner": "The manager", "due": "2027-06-01"});
        given.post(id, "/recommendations", &whole).await.expect(201);
        let part =
            json!({"text": "Seats", "outcome": "partly", "owner": "The manager", "due": "2027-06-01", "reason": "Half now."});
        given.post(id, "/recommendations", &part).await.expect(201);
        for outcome in ["declined", "declined", "passed_on"] {
            let answer = json!({"text": outcome, "outcome": outcome, "reason": "There is no money for it."});
            given.post(id, "/recommendations", &answer).await.expect(201);
        }
        let page = async || {
            let preview = format!("/console/sunrise/opportunities/{id}/report/preview");
            let cookie = format!("__Secure-staff={0}; staff={0}", given.ada.token);
            app.get(preview).header("cookie", &cookie).send().await.expect(200).text
        };
        given.draft(id).await;
        let html = page().await;
        let (picture, table) =
            html.split_once("<caption>What came of what people said and proposed</caption>").expect("a picture");
        let table = table.split_once("</table>").unwrap().0;
        for (label, count) in [
            ("Done, or the decision changed", 3),
            ("Done in part, or a part changed", 2),
            ("Noted", 1),
            ("Not done, or nothing changed", 3),
            ("Passed on to others", 1),
        ] {
            let row = table.split("<tr>").find(|row| row.contains(label)).expect(label);
            assert!(row.contains(&format!(">{count}<")), "{label}: {row}");
            assert!(picture.contains(&format!("\">{label}</text>")), "{label}");
        }
    });
}
