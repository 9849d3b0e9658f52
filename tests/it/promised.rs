//! What people were promised on the day an opportunity opened: shown to them before they answer, quoted in the report, and
//! kept from changing behind their back.

use crate::{harness::everywhere, story::Story};
use serde_json::json;

const PROMISE: &str = "What form the support takes can change.";

fn project(promise: &str) -> serde_json::Value {
    json!({
        "title": "Support after violence", "need": "People do not find support that fits.", "claimed_rung": "co_design",
        "purpose": {"why": "To find out what fits.", "benefit_to_participants": "Support that fits.", "intended_change": "Better support."},
        "intended_users": ["People who lived through violence"], "promise": promise,
    })
}

fn decision(scope: &str, reason: Option<&str>) -> serde_json::Value {
    json!({
        "title": "A group, one to one, or something else", "stage": "design", "level": "service", "weight": "big", "scope": scope,
        "reserved_reason": reason, "owner": "The board", "rule": "owner_decides",
    })
}

#[test]
fn the_promise_is_shown_before_anybody_answers() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let public = app.get(format!("/api/public/{}/opportunities/{id}", story.ada.slug)).send().await.expect(200);
        assert_eq!(public.json["promise"], PROMISE);
        assert_eq!(public.json["decisions"][0]["title"], "A group, one to one, or something else");
        assert_eq!(public.json["decisions"][0]["scope"], "open");
        story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_production"}})).await;
        let letters = story.invite(&id, json!({})).await;
        let letter = letters.iter().find(|letter| letter.to == "ben@people.example").unwrap();
        assert!(letter.words().contains(PROMISE), "{}", letter.text());
        let token = letter.token("ai_");
        let read = app.get("/api/invitation").token(&token).send().await.expect(200);
        assert_eq!(read.json["offer"]["promise"], PROMISE);
    });
}

#[test]
fn what_an_open_opportunity_promises_cannot_change_and_the_report_quotes_it() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let (ada, to) = (&story.ada, format!("/projects/{}", story.project));
        let of = format!("{to}/decisions/{}", story.decision);
        // Before anything is open, everything may change.
        ada.put(&app, &of, &decision("reserved", Some("The board has decided."))).await.expect(200);
        ada.put(&app, &of, &decision("open", None)).await.expect(200);
        let id = story.open("consultation", "consultation", json!({})).await;
        let refused = ada.put(&app, &to, &project("Nothing can change.")).await.expect(409);
        assert_eq!(refused.json["code"], "promised");
        assert_eq!(refused.violations(), [("/promise".to_owned(), "promised".to_owned())]);
        assert!(refused.text.contains(&id), "{}", refused.text);
        let mut lower = project(PROMISE);
        lower["claimed_rung"] = json!("consultation");
        lower["purpose"]["why"] = json!("To say that we asked.");
        let refused = ada.put(&app, &to, &lower).await.expect(409);
        let pointers: Vec<String> = refused.violations().into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(pointers, ["/purpose", "/claimed_rung"]);
        let refused = ada.put(&app, &of, &decision("reserved", Some("It was decided."))).await.expect(409);
        assert_eq!(refused.violations(), [("/scope".to_owned(), "promised".to_owned())]);
        // What was not promised may change: the need in other words, a decision that nobody was told of.
        let mut other = project(PROMISE);
        other["need"] = json!("Support does not fit.");
        ada.put(&app, &to, &other).await.expect(200);
        let untold = ada.post(&app, &format!("{to}/decisions"), &decision("open", None)).await.expect(201).id();
        ada.put(&app, &format!("{to}/decisions/{untold}"), &decision("reserved", Some("It is law."))).await.expect(200);

        ada.post(&app, &format!("/opportunities/{id}/close"), &json!({"reason": "Everybody has answered."})).await.expect(200);
        app.run_jobs().await;
        ada.put(&app, &to, &project("Nothing could change.")).await.expect(200);
        ada.put(&app, &of, &decision("reserved", Some("It was decided."))).await.expect(200);
        ada.post(&app, &format!("/opportunities/{id}/report"), &json!({})).await.expect(201);
        let preview = ada.get(&app, &format!("/opportunities/{id}/report/preview")).send().await.expect(200);
        let asked = &preview.json["we_asked"];
        assert_eq!(asked["promise"], PROMISE);
        assert_eq!(asked["decisions_open"][0]["title"], "A group, one to one, or something else");
        assert_eq!(asked["decisions_reserved"], json!([]));
    });
}
