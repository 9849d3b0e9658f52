//! The same story on both databases gives the same answers, byte for byte.

use crate::harness::{Answer, Backend, Persona, TestApp, on};
use serde_json::{Value, json};
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
    whole_job(app, &mut story, &ada, &opportunity).await;
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

async fn publish(app: &TestApp, ada: &Persona, path: &str) -> Answer {
    let call = app.post(ada.path(&format!("{path}/publish"))).token(&ada.token);
    call.header("if-match", "*").json(&json!({})).send().await
}

/// From the questions to the published report.
async fn whole_job(app: &TestApp, story: &mut Story, ada: &Persona, id: &str) {
    let at = format!("/opportunities/{id}");
    let terms = ada.post(app, "/notices", &notice(Some(id), &["participate", "publish_in_aggregate"])).await;
    let terms = story.add("terms", terms);
    // What is kept of answers needs an effect that erases, so the first text is refused and mended.
    let mut content = notice(Some(id), &["participate", "publish_in_aggregate"])["content"].clone();
    for n in 0..2 {
        content["purposes"][n]["withdrawal_effect"] = json!("erase_raw_unpublished");
    }
    content["purposes"][0]["necessary"] = json!(true);
    let path = format!("/notices/{}", terms.expect(201).id());
    story.add("publish refused", publish(app, ada, &path).await).expect(422);
    story.add("mended", ada.put(app, &path, &json!({"content": content})).await).expect(200);
    story.add("published", publish(app, ada, &path).await).expect(200);
    let questions = json!({"elements": [
        {"type": "radiogroup", "name": "when", "isRequired": true, "choices": ["morning", "evening"]},
        {"type": "comment", "name": "view", "visibleIf": "{when} = 'evening'"},
    ]});
    story.add("questions", ada.post(app, &format!("{at}/questionnaire"), &questions).await).expect(201);
    story.add("open", ada.post(app, &format!("{at}/open"), &json!({})).await).expect(200);
    app.run_jobs().await;
    story.add("match", ada.post(app, &format!("{at}/match"), &json!({})).await).expect(200);
    story.add("invite", ada.post(app, &format!("{at}/invitations"), &json!({})).await).expect(202);
    let letters = app.outbox().await;
    let token = letters.iter().find(|letter| letter.raw.contains("Would you like")).expect("an invitation").token("ai_");
    story.0.extend(letters.into_iter().map(|letter| letter.raw));
    let post = async |rest: &str, body: &Value| app.post(format!("/api/invitation{rest}")).token(&token).json(body).send().await;
    story.add("invitation", app.get("/api/invitation").token(&token).send().await).expect(200);
    let shown = story.add("terms shown", post("/notice/shown", &json!({"language": "en", "format": "plain"})).await).expect(201);
    let yes = json!({"shown": shown.json["shown"], "consents": [{"purpose": "participate", "choice": "give"}]});
    story.add("agreed", post("/consents", &yes).await).expect(200);
    let form =
        story.add("form", app.get("/api/invitation/questionnaire").token(&token).send().await).json["questionnaire"].clone();
    story
        .add("half an answer", post("/response", &json!({"questionnaire": form, "answers": {"view": "Later"}})).await)
        .expect(422);
    let answers =
        json!({"questionnaire": form, "answers": {"when": "evening", "view": "After seven, and with tea — ünïcode too."}});
    story.add("answer", post("/response", &answers).await).expect(201);
    story.add("funnel", ada.get(app, &format!("{at}/invitations")).send().await).expect(200);
    story.add("runs", ada.get(app, &format!("{at}/matches")).send().await).expect(200);
    let given = story.add("responses", ada.get(app, &format!("{at}/responses")).send().await).expect(200);
    for rest in ["/responses/export?format=csv", "/responses/export?format=jsonl", "/summary"] {
        story.add(rest, ada.get(app, &format!("{at}{rest}")).send().await);
    }
    let close = json!({"reason": "Everybody has answered."});
    story.add("close", ada.post(app, &format!("{at}/close"), &close).await).expect(200);
    app.run_jobs().await;
    let theme = json!({"title": "Evenings", "summary": "Later is better."});
    let theme = story.add("theme", ada.post(app, &format!("{at}/themes"), &theme).await).expect(201).id();
    let sources = json!({"responses": [given.json["items"][0]["id"]]});
    story.add("sources", ada.put(app, &format!("{at}/themes/{theme}/sources"), &sources).await).expect(200);
    let proposal =
        json!({"text": "Open until nine.", "theme": theme, "outcome": "declined", "reason": "The doors close at eight."});
    story.add("proposal", ada.post(app, &format!("{at}/recommendations"), &proposal).await).expect(201);
    story.add("report", ada.post(app, &format!("{at}/report"), &json!({})).await).expect(201);
    let text = json!({
        "in_one_minute": "Evenings begin later.", "steps_taken": "We wrote.", "learned": "Ask sooner.",
        "next_steps": [{"what": "Begin", "owner": "The board", "due": "2027-06-01"}],
    });
    story.add("report text", ada.put(app, &format!("{at}/report"), &text).await).expect(200);
    story.add("preview", ada.get(app, &format!("{at}/report/preview")).send().await).expect(200);
    story.add("report out", ada.post(app, &format!("{at}/report/publish"), &json!({})).await).expect(200);
    let reports = story.add("reports", app.get(format!("/api/public/{}/reports", ada.slug)).send().await).expect(200);
    let report = reports.json["items"][0]["id"].as_str().unwrap().to_owned();
    for rest in ["api/public", "o"] {
        story.add("report read", app.get(format!("/{rest}/{}/reports/{report}", ada.slug)).send().await).expect(200);
    }
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
    assert!(first.len() > 50);
    for other in stories {
        for (one, other) in first.iter().zip(&other) {
            assert_eq!(one, other);
        }
        assert_eq!(first.len(), other.len());
    }
}
