//! Projects, stages and decisions.

use crate::harness::{Persona, TestApp, everywhere};
use serde_json::{Value, json};

/// A project made from a title and a need.
async fn project(app: &TestApp, who: &Persona, title: &str) -> String {
    who.post(app, "/projects", &json!({"title": title, "need": "Evenings are lonely."})).await.expect(201).id()
}

fn decision(title: &str) -> Value {
    json!({
        "title": title, "stage": "design", "level": "service", "weight": "big", "scope": "open",
        "owner": "The board", "rule": "owner_decides",
    })
}

#[test]
fn a_project_begins_from_a_need_alone() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let made = ada.post(&app, "/projects", &json!({"title": "Evenings", "need": "Evenings are lonely."})).await.expect(201);
        assert_eq!(made.json["kind"], "involvement");
        assert_eq!(made.json["claimed_rung"], Value::Null);
        assert_eq!(made.json["warnings"], json!([]));
        assert_eq!(made.etag(), "\"v1\"");
        let location = made.headers["location"].to_str().unwrap().to_owned();
        let read = app.get(location).token(&ada.token).send().await.expect(200);
        assert_eq!(read.json, made.json);
        let nothing = ada.post(&app, "/projects", &json!({"title": " ", "need": ""})).await.expect(422);
        assert_eq!(nothing.violations(), [("/title".into(), "required".into()), ("/need".into(), "required".into())]);
    });
}

#[test]
fn words_that_claim_without_a_claim_are_named() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let mut body = json!({"title": "Co-production of evening support", "need": "Evenings are lonely."});
        let made = ada.post(&app, "/projects", &body).await.expect(201);
        assert_eq!(made.json["claimed_rung"], Value::Null);
        assert_eq!(made.json["warnings"][0]["code"], "claim_language_without_claim");
        body["claimed_rung"] = json!("co_design");
        let changed = ada.put(&app, &format!("/projects/{}", made.id()), &body).await.expect(200);
        assert_eq!(changed.json["warnings"], json!([]));
        let promise = json!({"title": "Evenings", "need": "Lonely.", "promise": "We will COCREATE the plan."});
        let made = ada.post(&app, "/projects", &promise).await.expect(201);
        assert_eq!(made.json["warnings"][0]["code"], "claim_language_without_claim");
    });
}

#[test]
fn coercion_is_never_claimed_and_a_survey_claims_consultation_at_most() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let body = |kind: &str, rung: &str| json!({"kind": kind, "title": "T", "need": "N", "claimed_rung": rung});
        let refused = ada.post(&app, "/projects", &body("involvement", "coercion")).await.expect(422);
        assert_eq!(refused.violations(), [("/claimed_rung".into(), "coercion".into())]);
        let refused = ada.post(&app, "/projects", &body("feedback_survey", "engagement")).await.expect(422);
        assert_eq!(refused.violations(), [("/claimed_rung".into(), "feedback_survey".into())]);
        ada.post(&app, "/projects", &body("feedback_survey", "consultation")).await.expect(201);
        ada.post(&app, "/projects", &body("involvement", "educating")).await.expect(201);
        let unknown = ada.post(&app, "/projects", &body("involvement", "partnership")).await.expect(422);
        assert_eq!(unknown.violations(), [("/claimed_rung".into(), "unknown_word".into())]);
        for rung in ["educating", "informing", "consultation", "engagement", "co_design", "co_production"] {
            assert!(unknown.text.contains(rung), "{}", unknown.text);
        }
        assert!(!unknown.text.contains("partnership"), "{}", unknown.text);
    });
}

#[test]
fn a_change_is_based_on_the_version_that_was_read() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let path = ada.path(&format!("/projects/{}", project(&app, &ada, "Evenings").await));
        let body = json!({
            "title": "Long evenings", "need": "Evenings are lonely.",
            "purpose": {"why": "To be there.", "benefit_to_participants": "Company.", "intended_change": "Fewer lonely evenings."},
            "intended_users": ["People who live alone"], "promise": "The form can change.",
            "presence": [{"dimension": "age_band", "category": "25_34", "sought": 4}],
        });
        let put = || app.put(&path).token(&ada.token).json(&body);
        put().send().await.expect(428);
        put().header("if-match", "\"v2\"").send().await.expect(412);
        let changed = put().header("if-match", "\"v1\"").send().await.expect(200);
        assert_eq!(changed.etag(), "\"v2\"");
        assert_eq!(changed.json["presence"], body["presence"]);
        put().header("if-match", "\"v1\"").send().await.expect(412);
        let read = app.get(&path).token(&ada.token).send().await.expect(200);
        assert_eq!(read.json, changed.json);
    });
}

#[test]
fn a_repeated_request_makes_one_project() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let body = json!({"title": "Evenings", "need": "Evenings are lonely."});
        let post = || app.post(ada.path("/projects")).token(&ada.token).header("idempotency-key", "one").json(&body);
        let (first, second) = (post().send().await.expect(201), post().send().await.expect(201));
        assert_eq!(first.text, second.text);
        let list = ada.get(&app, "/projects").send().await.expect(200);
        assert_eq!(list.json["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn projects_are_listed_in_pages() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        for title in ["a", "b", "c"] {
            project(&app, &ada, title).await;
        }
        let first = ada.get(&app, "/projects?limit=2").send().await.expect(200);
        let titles = |json: &Value| -> Vec<String> {
            json["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().into()).collect()
        };
        assert_eq!(titles(&first.json), ["a", "b"]);
        let next = first.json["next"].as_str().unwrap();
        let second = ada.get(&app, &format!("/projects?limit=2&after={next}")).send().await.expect(200);
        assert_eq!(titles(&second.json), ["c"]);
        assert!(second.json.get("next").is_none());
    });
}

#[test]
fn stages_hold_what_has_happened() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let project = project(&app, &ada, "Evenings").await;
        let path = |stage: &str| format!("/projects/{project}/stages/{stage}");
        let settled =
            json!({"started_at": "2027-02-01T09:00:00Z", "settled_at": "2027-02-20T09:00:00Z", "settled_by": "The board"});
        ada.put(&app, &path("strategy"), &settled).await.expect(200);
        ada.put(&app, &path("need"), &json!({"started_at": "2027-01-10T09:00:00Z"})).await.expect(200);
        ada.put(&app, &path("need"), &json!({"started_at": "2027-01-11T09:00:00Z"})).await.expect(200);
        let based = async |version: Option<&str>| {
            let call = app.put(ada.path(&path("need"))).token(&ada.token).json(&json!({"started_at": "2027-01-11T09:00:00Z"}));
            match version {
                Some(version) => call.header("if-match", version).send().await,
                None => call.send().await,
            }
        };
        based(None).await.expect(428);
        based(Some("\"v1\"")).await.expect(412);
        assert_eq!(based(Some("\"v2\"")).await.expect(200).etag(), "\"v3\"");
        let read = ada.get(&app, &format!("/projects/{project}")).send().await.expect(200);
        let stages = read.json["stages"].as_array().unwrap();
        assert_eq!(stages.len(), 2);
        assert_eq!((&stages[0]["stage"], &stages[1]["stage"]), (&json!("need"), &json!("strategy")));
        assert!(stages[0]["started_at"].as_str().unwrap().starts_with("2027-01-11"));
        let violations = async |body: Value| ada.put(&app, &path("design"), &body).await.expect(422).violations();
        assert_eq!(violations(json!({"started_at": "2027-03-02T09:00:00Z"})).await, [("/started_at".into(), "future".into())]);
        let unsigned = json!({"settled_at": "2027-02-20T09:00:00Z"});
        assert_eq!(violations(unsigned).await, [("/settled_by".into(), "required".into())]);
        let order = json!({"started_at": "2027-02-21T09:00:00Z", "settled_at": "2027-02-20T09:00:00Z", "settled_by": "B"});
        assert_eq!(violations(order).await, [("/settled_at".into(), "order".into())]);
        let unknown = app.put(ada.path(&path("dreaming"))).token(&ada.token).json(&json!({})).send().await;
        assert!(unknown.status.is_client_error(), "{}", unknown.text);
    });
}

#[test]
fn what_is_reserved_says_why_and_since_when() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let path = format!("/projects/{}/decisions", project(&app, &ada, "Evenings").await);
        let made = ada.post(&app, &path, &decision("Which form?")).await.expect(201);
        assert_eq!(made.json["declared_at"], Value::Null);
        let one = format!("{path}/{}", made.id());
        let mut body = decision("Which form?");
        body["scope"] = json!("reserved");
        let refused = ada.put(&app, &one, &body).await.expect(422);
        assert_eq!(refused.violations(), [("/reserved_reason".into(), "required".into())]);
        body["reserved_reason"] = json!("The law says so.");
        let reserved = ada.put(&app, &one, &body).await.expect(200);
        let declared = reserved.json["declared_at"].clone();
        assert!(declared.as_str().unwrap().starts_with("2027-03-01T09:00:00"), "{declared}");
        app.clock.advance(chrono::Duration::hours(1));
        let again = ada.put(&app, &one, &body).await.expect(200);
        assert_eq!(again.json["declared_at"], declared);
        let mut dates = decision("When?");
        dates["opens_on"] = json!("2027-03-10");
        dates["settles_on"] = json!("2027-03-09");
        let refused = ada.post(&app, &path, &dates).await.expect(422);
        assert_eq!(refused.violations(), [("/settles_on".into(), "order".into())]);
    });
}

#[test]
fn a_decision_is_settled_once_with_outcome_and_reason() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let path = format!("/projects/{}/decisions", project(&app, &ada, "Evenings").await);
        let made = ada.post(&app, &path, &decision("Which form?")).await.expect(201);
        let one = format!("{path}/{}", made.id());
        let settle = format!("{one}/settle");
        let empty = ada.post(&app, &settle, &json!({"outcome": "", "reason": " "})).await.expect(422);
        assert_eq!(empty.violations(), [("/outcome".into(), "required".into()), ("/reason".into(), "required".into())]);
        ada.post(&app, &settle, &json!({"outcome": "A group."})).await.expect(400);
        let body = json!({"outcome": "A group.", "reason": "Most people wanted company."});
        let settled = ada.post(&app, &settle, &body).await.expect(200);
        assert!(settled.json["settled_at"].is_string());
        assert_eq!(settled.json["outcome"], "A group.");
        assert_eq!(settled.json["outcome_reason"], "Most people wanted company.");
        assert_eq!(ada.post(&app, &settle, &body).await.expect(409).json["code"], "settled");
        assert_eq!(ada.put(&app, &one, &decision("Another?")).await.expect(409).json["code"], "settled");
        let list = ada.get(&app, &path).send().await.expect(200);
        assert_eq!(list.json["items"], json!([settled.json]));
    });
}

#[test]
fn nobody_sees_or_changes_the_work_of_others() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let other = app.organisation(&ada, "moonrise").await;
        let foreign = project(&app, &other, "Secret plans").await;
        let decision_id = other.post(&app, &format!("/projects/{foreign}/decisions"), &decision("D")).await.expect(201).id();
        let own = project(&app, &ada, "Evenings").await;
        let list = ada.get(&app, "/projects").send().await.expect(200);
        assert!(!list.text.contains("Secret plans"));
        for path in [
            format!("/projects/{foreign}"),
            format!("/projects/{foreign}/decisions"),
            format!("/projects/{foreign}/decisions/{decision_id}"),
            format!("/projects/{own}/decisions/{decision_id}"),
        ] {
            ada.get(&app, &path).send().await.expect(404);
        }
        ada.put(&app, &format!("/projects/{foreign}/stages/need"), &json!({})).await.expect(404);
        ada.post(&app, &format!("/projects/{foreign}/decisions"), &decision("D")).await.expect(404);
        let settle = format!("/projects/{own}/decisions/{decision_id}/settle");
        ada.post(&app, &settle, &json!({"outcome": "o", "reason": "r"})).await.expect(404);
        let viewer = app.staff(&ada, "vera", "viewer").await;
        viewer.get(&app, &format!("/projects/{own}")).send().await.expect(200);
        viewer.post(&app, "/projects", &json!("not even read")).await.expect(403);
        let cora = app.coordinator(&ada, "cora").await;
        let changed = json!({"title": "Evenings", "need": "Evenings are long."});
        cora.put(&app, &format!("/projects/{own}"), &changed).await.expect(200);
        other.put(&app, &format!("/projects/{own}"), &changed).await.expect(404);
        app.get(ada.path("/projects")).send().await.expect(401);
    });
}
