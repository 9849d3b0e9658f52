//! The same story on both databases gives the same answers, byte for byte.

use crate::harness::{Answer, Backend, TestApp, on};
use serde_json::json;
use std::sync::Mutex;

/// Answers, in the order of the story.
#[derive(Default)]
struct Story(Vec<String>);

impl Story {
    fn add(&mut self, what: &str, answer: Answer) -> Answer {
        let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        self.0.push(format!("{what}: {} {} {}\n{}", answer.status, header("etag"), header("location"), answer.text));
        assert!(answer.status.as_u16() < 500, "{what}: {}", answer.text);
        answer
    }
}

fn notice(opportunity: Option<&str>, purposes: &[&str]) -> serde_json::Value {
    let purpose = |purpose: &&str| {
        json!({
            "purpose": purpose, "text": "To take part.", "necessary": false, "data": ["Your address"], "recipients": [],
            "retention": "One year.", "legal_basis": "consent", "withdrawal_effect": "stop_future_only",
            "legal_basis_after": "none", "valid_months": 12,
        })
    };
    json!({"opportunity": opportunity, "content": {
        "language": "en", "title": "How we use your data", "text": "We use it to ask you.", "controllers": ["Sunrise Trust"],
        "contact": "hello@sunrise.example", "purposes": purposes.iter().map(purpose).collect::<Vec<_>>(),
    }})
}

async fn told(app: &TestApp) -> Vec<String> {
    let mut story = Story::default();
    let ada = app.administrator().await;
    story.add("account", app.get("/api/account").token(&ada.token).send().await);
    let topic = ada.post(app, "/topics", &json!({"key": "evenings", "title": "Evenings", "easy_read": "After work."})).await;
    let topic = story.add("topic", topic).expect(201).id();
    story.add("topic again", ada.post(app, "/topics", &json!({"key": "evenings", "title": "Evenings"})).await).expect(422);
    let body = json!({
        "title": "Evenings", "need": "Evenings are lonely.", "claimed_rung": "co_design",
        "purpose": {"why": "To be there.", "benefit_to_participants": "Company.", "intended_change": "Fewer lonely evenings."},
        "intended_users": ["People who live alone"], "promise": "The form can change.",
    });
    let project = story.add("project", ada.post(app, "/projects", &body).await).expect(201).id();
    let body = json!({
        "title": "Which form?", "stage": "design", "level": "service", "weight": "big", "scope": "open", "owner": "The board",
        "rule": "owner_decides",
    });
    let decision = story.add("decision", ada.post(app, &format!("/projects/{project}/decisions"), &body).await).expect(201).id();
    let body = json!({
        "project": project, "kind": "consultation", "title": "Evenings: your view", "summary": "Ten questions.",
        "rung": "consultation", "stage": "design", "open_to_influence": "The form.", "not_open": "The budget.",
        "who_decides": "The board.", "how_chosen": "Everybody can take part.", "minutes": 15, "formats": ["phone", "online"],
        "payment": {"kind": "amount", "amount_pence": 1250}, "closes_on": "2027-03-20", "feedback_due": "2027-04-20",
        "decisions": [decision], "topics": [topic],
    });
    let opportunity = story.add("draft", ada.post(app, "/opportunities", &body).await).expect(201).id();
    story.add("gate", ada.get(app, &format!("/opportunities/{opportunity}/gate")).send().await).expect(200);
    let open = app.post(ada.path(&format!("/opportunities/{opportunity}/open"))).token(&ada.token);
    story.add("refused", open.send().await).expect(409);
    let text = notice(None, &["contact_invite", "contact_feedback"]);
    let made = story.add("notice", ada.post(app, "/notices", &text).await).expect(201).id();
    let publish = app.post(ada.path(&format!("/notices/{made}/publish"))).token(&ada.token).header("if-match", "*");
    story.add("published", publish.send().await).expect(200);

    let ben = app.participant(&ada, "ben").await;
    story.add("me", ben.get(app, "").send().await).expect(200);
    let wish = json!({"stance": {"kind": "up_to", "rung": "consultation"}, "topics": {"ask_first": [topic]}});
    story.add("wish", ben.put(app, "/preferences", &wish).await).expect(200);
    story.add("wishes", ben.get(app, "/preferences/history").send().await).expect(200);
    let shown = ben.post(app, &format!("/notices/{made}/shown"), &json!({"language": "en", "format": "plain"})).await;
    let shown = story.add("shown", shown).json["shown"].clone();
    let yes = json!({"shown": shown, "consents": [
        {"purpose": "contact_invite", "choice": "give"}, {"purpose": "contact_feedback", "choice": "refuse"},
    ]});
    story.add("consents", ben.post(app, "/consents", &yes).await);
    story.add("standing", ben.get(app, "/consents").send().await).expect(200);
    story.add("history", ben.get(app, "/consents/history").send().await).expect(200);
    for path in ["/topics", "/projects", "/opportunities", "/people", "/notices", "/audit", "/audit/check", "/staff"] {
        story.add(path, ada.get(app, path).send().await).expect(200);
    }
    story.add("audit page", ada.get(app, "/audit?limit=2").send().await).expect(200);
    story.add("nonsense", ada.post(app, "/projects", &json!({"title": 1})).await).expect(400);
    for letter in app.outbox().await {
        story.0.push(letter.raw);
    }
    story.0
}

#[test]
fn both_databases_give_the_same_answers() {
    let mut stories = Vec::new();
    for backend in Backend::available() {
        let heard = Mutex::new(Vec::new());
        on(backend, |app| {
            let heard = &heard;
            async move { *heard.lock().unwrap() = told(&app).await }
        });
        stories.push(heard.into_inner().unwrap());
    }
    let first = stories.remove(0);
    assert!(first.len() > 20);
    for other in stories {
        for (one, other) in first.iter().zip(&other) {
            assert_eq!(one, other);
        }
        assert_eq!(first.len(), other.len());
    }
}
