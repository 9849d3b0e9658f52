//! A project with opportunities that are ready to ask people, made through the API: what most tests of the main job begin with.

use crate::harness::{Answer, Mail, Participant, Persona, TestApp};
use chrono::Duration;
use entity::{MailState, mail_message};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};

/// An organisation at work.
pub struct Story {
    /// The application.
    pub app: TestApp,
    /// A coordinator of the organisation.
    pub ada: Persona,
    /// The project.
    pub project: String,
    /// Its open decision.
    pub decision: String,
    /// A topic.
    pub topic: String,
}

/// A purpose of a notice.
pub fn purpose(name: &str, effect: &str) -> Value {
    json!({
        "purpose": name, "text": "What it means.", "data": ["What you tell us"], "retention": "Two years", "legal_basis": "consent",
        "withdrawal_effect": effect, "legal_basis_after": "none", "valid_months": 12,
    })
}

/// A notice.
pub fn notice(purposes: &[Value]) -> Value {
    json!({
        "language": "en", "title": "What we do with what you tell us", "text": "Read this first.", "easy_read_text": "Please read this.",
        "controllers": ["Sunrise Trust"], "contact": "hello@sunrise.example", "purposes": purposes,
    })
}

impl Story {
    /// Begins: staff, a topic, the organisation's notice, a project with an open decision.
    pub async fn begin(app: TestApp) -> Self {
        let ada = app.administrator().await;
        let topic = json!({"key": "housing", "title": "Housing"});
        let topic = ada.post(&app, "/topics", &topic).await.expect(201).id();
        let purposes = ["contact_invite", "contact_reminder", "contact_feedback", "demographics_representativeness"];
        let effect = |name: &str| if name.starts_with("contact") { "stop_future_only" } else { "erase_all_identifiable" };
        let body = json!({"content": notice(&purposes.map(|name| purpose(name, effect(name))))});
        publish(&app, &ada, &body).await;
        let (project, decision) = a_project(&app, &ada).await;
        Self { app, ada, project, decision, topic }
    }

    /// A second project with an open decision.
    pub async fn more(&self) -> (String, String) {
        a_project(&self.app, &self.ada).await
    }

    /// Says whose presence the project looks for: kinds of facts with groups.
    pub async fn seek(&self, groups: &[(&str, &str)]) {
        let path = self.ada.path(&format!("/projects/{}", self.project));
        let mut body = self.app.get(&path).token(&self.ada.token).send().await.expect(200).json;
        let kept = ["kind", "title", "need", "purpose", "intended_users", "claimed_rung", "promise"];
        body.as_object_mut().unwrap().retain(|name, _| kept.contains(&name.as_str()));
        let group = |(dimension, category): &(&str, &str)| json!({"dimension": dimension, "category": category, "sought": 5});
        body["presence"] = groups.iter().map(group).collect();
        self.app.put(&path).token(&self.ada.token).header("if-match", "*").json(&body).send().await.expect(200);
    }

    /// A draft of an opportunity with these fields changed.
    pub fn draft(&self, kind: &str, rung: &str, changes: Value) -> Value {
        let mut body = json!({
            "project": self.project, "kind": kind, "title": "Your view", "summary": "A few questions.", "rung": rung, "stage": "design",
            "open_to_influence": "The form.", "not_open": "The budget.", "who_decides": "The board.", "how_chosen": "Everybody whose choices fit.",
            "minutes": 30, "formats": ["online"], "payment": {"kind": "amount", "amount_pence": 1500}, "closes_on": "2027-03-28",
            "feedback_due": "2027-05-01", "decisions": [self.decision],
        });
        if kind != "consultation" {
            body["places"] = json!(2);
            body["starts_at"] = json!("2027-03-25T10:00:00Z");
        }
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        body
    }

    /// Makes an opportunity with its notice and questions, and opens it.
    pub async fn open(&self, kind: &str, rung: &str, changes: Value) -> String {
        self.open_with(kind, rung, changes, "erase_raw_unpublished").await
    }

    /// The same, with a promise about what withdrawal does.
    pub async fn open_with(&self, kind: &str, rung: &str, changes: Value, effect: &str) -> String {
        let (app, ada) = (&self.app, &self.ada);
        let id = ada.post(app, "/opportunities", &self.draft(kind, rung, changes)).await.expect(201).id();
        let content = notice(&[purpose("participate", effect), purpose("publish_in_aggregate", "erase_raw_unpublished")]);
        publish(app, ada, &json!({"opportunity": id, "content": content})).await;
        if kind == "consultation" {
            ada.post(app, &format!("/opportunities/{id}/questionnaire"), &questions()).await.expect(201);
        }
        app.post(ada.path(&format!("/opportunities/{id}/open"))).token(&ada.token).send().await.expect(200);
        app.run_jobs().await;
        id
    }

    /// Somebody who has joined, agreed to be written to, and wants this.
    pub async fn person(&self, name: &str, wishes: Value) -> Participant {
        let ben = self.app.participant(&self.ada, name).await;
        self.agree(&ben, &["contact_invite", "contact_reminder", "contact_feedback"]).await;
        ben.put(&self.app, "/preferences", &wishes).await.expect(200);
        self.app.run_jobs().await;
        ben
    }

    /// Agrees to purposes of the organisation's notice.
    pub async fn agree(&self, who: &Participant, purposes: &[&str]) {
        let notice = who.get(&self.app, "/notice").send().await.expect(200).id();
        let shown = json!({"language": "en", "format": "plain"});
        let shown = who.post(&self.app, &format!("/notices/{notice}/shown"), &shown).await.expect(201);
        let consents: Vec<_> = purposes.iter().map(|purpose| json!({"purpose": purpose, "choice": "give"})).collect();
        let body = json!({"shown": shown.json["shown"], "consents": consents});
        who.post(&self.app, "/consents", &body).await.expect(200);
    }

    /// Matches and invites; answers the letters.
    pub async fn invite(&self, opportunity: &str, body: Value) -> Vec<Mail> {
        self.ada.post(&self.app, &format!("/opportunities/{opportunity}/invitations"), &body).await.expect(202);
        self.app.outbox().await
    }

    /// With an invitation's token.
    pub async fn with(&self, token: &str, rest: &str, body: &Value) -> Answer {
        self.app.post(format!("/api/invitation{rest}")).token(token).json(body).send().await
    }

    /// The version of the questions that an invitation asks.
    pub async fn asked(&self, token: &str) -> Value {
        let asked = self.app.get("/api/invitation/questionnaire").token(token).send().await.expect(200);
        asked.json["questionnaire"].clone()
    }

    /// Hands in answers to the questions as they are.
    pub async fn hand_in(&self, token: &str, answers: Value) -> Answer {
        let body = json!({"answers": answers, "questionnaire": self.asked(token).await});
        self.with(token, "/response", &body).await
    }

    /// Agrees to take part, with an invitation's token.
    pub async fn consent(&self, token: &str) {
        let shown = self.with(token, "/notice/shown", &json!({"language": "en", "format": "easy_read"})).await.expect(201);
        let consents =
            json!([{"purpose": "participate", "choice": "give"}, {"purpose": "publish_in_aggregate", "choice": "give"}]);
        self.with(token, "/consents", &json!({"shown": shown.json["shown"], "consents": consents})).await.expect(200);
    }

    /// Agrees, and takes a place or a place on the waiting list; answers the state.
    pub async fn take_place(&self, token: &str) -> Value {
        self.consent(token).await;
        self.with(token, "/accept", &json!({})).await.expect(200).json["state"].clone()
    }

    /// Cancels the mailing that asks, as if its letters had not left yet.
    pub async fn cancel_letters(&self) {
        let app = &self.app;
        mail_message::Entity::update_many()
            .col_expr(mail_message::Column::State, Expr::value(MailState::Queued.word()))
            .col_expr(mail_message::Column::NextAt, Expr::value(app.clock.now() + Duration::days(9)))
            .filter(mail_message::Column::Kind.eq("invitations.invite"))
            .exec(app.app.platform.db.write())
            .await
            .unwrap();
        let mailings = self.ada.get(app, "/mailings?limit=500").send().await.expect(200).json;
        let invites = mailings["items"].as_array().unwrap().iter().find(|row| row["kind"] == "invitations.invite");
        let mailing = invites.unwrap()["id"].as_str().unwrap().to_owned();
        self.ada.post(app, &format!("/mailings/{mailing}/cancel"), &json!({})).await.expect(200);
        app.run_jobs().await;
    }

    /// How the invitations of an opportunity stand: the count in a state.
    pub async fn count(&self, opportunity: &str, state: &str) -> u64 {
        let funnel = self.ada.get(&self.app, &format!("/opportunities/{opportunity}/invitations")).send().await.expect(200);
        let found = funnel.json["invitations"].as_array().unwrap().iter().find(|row| row["state"] == state).cloned();
        found.map_or(0, |row| row["count"].as_u64().unwrap())
    }
}

/// A project with an open decision.
async fn a_project(app: &TestApp, ada: &Persona) -> (String, String) {
    let body = json!({
        "title": "Support after violence", "need": "People do not find support that fits.", "claimed_rung": "co_design",
        "purpose": {"why": "To find out what fits.", "benefit_to_participants": "Support that fits.", "intended_change": "Better support."},
        "intended_users": ["People who lived through violence"], "promise": "What form the support takes can change.",
    });
    let project = ada.post(app, "/projects", &body).await.expect(201).id();
    let body = json!({
        "title": "A group, one to one, or something else", "stage": "design", "level": "service", "weight": "big", "scope": "open",
        "owner": "The board", "rule": "owner_decides",
    });
    let decision = ada.post(app, &format!("/projects/{project}/decisions"), &body).await.expect(201).id();
    (project, decision)
}

async fn publish(app: &TestApp, ada: &Persona, body: &Value) {
    let id = ada.post(app, "/notices", body).await.expect(201).id();
    let publish = app.post(ada.path(&format!("/notices/{id}/publish"))).token(&ada.token);
    publish.header("if-match", "\"v1\"").send().await.expect(200);
}

/// Two questions, the second one asked of some.
pub fn questions() -> Value {
    json!({"elements": [
        {"type": "radiogroup", "name": "form", "isRequired": true, "choices": ["group", "one_to_one"], "showOtherItem": true},
        {"type": "comment", "name": "why", "visibleIf": "{form} = 'group'", "maxLength": 200},
    ]})
}
