//! Opportunities: drafts, the gate, opening, closing, questions, what everybody can read.

mod gates;
mod questions;

use crate::harness::{Answer, PASSWORD, Persona, TestApp, everywhere};
use entity::{
    LegalBasis, NoticeContent, NoticeId, NoticePurpose, NoticeState, OpportunityId, OpportunityState, OrganisationId, Purpose,
    QuestionnaireId, Time, TopicId, WithdrawalEffect, job, notice, opportunity, topic,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
};
use serde_json::{Value, json};

/// A project with nothing missing, and one of its decisions.
async fn project(app: &TestApp, who: &Persona) -> (String, String) {
    let body = json!({
        "title": "Evenings", "need": "Evenings are lonely.", "claimed_rung": "co_design",
        "purpose": {"why": "To be there.", "benefit_to_participants": "Company.", "intended_change": "Fewer lonely evenings."},
        "intended_users": ["People who live alone"], "promise": "The form can change.",
    });
    let project = who.post(app, "/projects", &body).await.expect(201).id();
    let decision = json!({
        "title": "Which form?", "stage": "design", "level": "service", "weight": "big", "scope": "open",
        "owner": "The board", "rule": "owner_decides",
    });
    let decision = who.post(app, &format!("/projects/{project}/decisions"), &decision).await.expect(201).id();
    (project, decision)
}

/// A consultation that says all it must say.
fn consultation(project: &str, decision: &str) -> Value {
    json!({
        "project": project, "kind": "consultation", "title": "Evenings: your view", "summary": "Ten questions.",
        "rung": "consultation", "stage": "design", "open_to_influence": "The form.", "not_open": "The budget.",
        "who_decides": "The board.", "how_chosen": "Everybody can take part.", "minutes": 15, "formats": ["phone", "online"],
        "payment": {"kind": "unpaid"}, "closes_on": "2027-03-20", "feedback_due": "2027-04-20", "decisions": [decision],
    })
}

fn questions() -> Value {
    json!({"elements": [{"type": "text", "name": "view", "title": "What do you think?"}]})
}

/// A notice of an opportunity, in the table of another room.
async fn notice(app: &TestApp, who: &Persona, opportunity: &str, state: NoticeState, purpose: Purpose) -> String {
    let id: NoticeId = app.clock.new_id();
    let asks = |purpose| NoticePurpose {
        purpose,
        text: "To take part.".into(),
        necessary: true,
        data: vec!["answers".into()],
        recipients: vec![],
        retention: "A year.".into(),
        legal_basis: LegalBasis::Consent,
        withdrawal_effect: WithdrawalEffect::StopFutureOnly,
        legal_basis_after: LegalBasis::None,
        valid_months: 12,
    };
    let content = NoticeContent {
        language: "en".into(),
        title: "Taking part".into(),
        text: "Text.".into(),
        easy_read_text: None,
        controllers: vec!["Sunrise".into()],
        contact: "hello@sunrise.example".into(),
        purposes: match purpose {
            Purpose::Participate => vec![asks(purpose), asks(Purpose::PublishInAggregate)],
            other => vec![asks(other)],
        },
    };
    let about: uuid::Uuid = opportunity.parse().unwrap();
    let earlier =
        notice::Entity::find().filter(notice::Column::ScopeId.eq(about)).count(app.app.platform.db.read()).await.unwrap();
    let row = notice::ActiveModel {
        organisation_id: Set(organisation(who)),
        id: Set(id),
        scope_id: Set(about),
        n: Set(i32::try_from(earlier).unwrap() + 1),
        state: Set(state),
        content: Set(content),
        digest: Set(None),
        published_at: Set(None),
        published_by: Set(None),
        created_at: Set(app.clock.now()),
        version: Set(1),
    };
    row.insert(app.app.platform.db.write()).await.unwrap();
    id.to_string()
}

async fn topic(app: &TestApp, who: &Persona, key: &str, retired_at: Option<Time>) -> String {
    let id: TopicId = app.clock.new_id();
    let row = topic::ActiveModel {
        organisation_id: Set(organisation(who)),
        id: Set(id),
        key: Set(key.into()),
        title: Set(key.into()),
        retired_at: Set(retired_at),
        version: Set(1),
        created_at: Set(app.clock.now()),
        ..Default::default()
    };
    row.insert(app.app.platform.db.write()).await.unwrap();
    id.to_string()
}

fn organisation(who: &Persona) -> OrganisationId {
    who.organisation.parse().unwrap()
}

/// A consultation that is ready to open, with its body.
async fn ready(app: &TestApp, who: &Persona) -> (String, Value) {
    let (project, decision) = project(app, who).await;
    let mut body = consultation(&project, &decision);
    let id = who.post(app, "/opportunities", &body).await.expect(201).id();
    body["notice"] = json!(notice(app, who, &id, NoticeState::Published, Purpose::Participate).await);
    who.put(app, &format!("/opportunities/{id}"), &body).await.expect(200);
    who.post(app, &format!("/opportunities/{id}/questionnaire"), &questions()).await.expect(201);
    (id, body)
}

async fn act(app: &TestApp, who: &Persona, id: &str, verb: &str) -> Answer {
    let call = app.post(who.path(&format!("/opportunities/{id}/{verb}"))).token(&who.token);
    let call = if verb == "close" { call.json(&json!({"reason": "Everybody has answered."})) } else { call };
    call.send().await
}

async fn opened(app: &TestApp, who: &Persona) -> (String, Value) {
    let (id, body) = ready(app, who).await;
    act(app, who, &id, "open").await.expect(200);
    (id, body)
}

/// The administrator, signed in again after the clock has moved.
async fn again(app: &TestApp, who: &Persona) -> Persona {
    let body = json!({"email": "root@sunrise.example", "password": PASSWORD});
    let token = app.post("/api/sign-in").json(&body).send().await.expect(201).json["token"].as_str().unwrap().to_owned();
    Persona { token, ..who.clone() }
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect()
}

#[test]
fn what_opens_is_told_upwards_once_and_closes() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let (id, _) = ready(&app, &ada).await;
        let gate = ada.get(&app, &format!("/opportunities/{id}/gate")).send().await.expect(200);
        assert_eq!(gate.json, json!({"ready": true, "missing": []}));
        let close = act(&app, &ada, &id, "close").await.expect(409);
        assert_eq!(close.json["code"], "draft");
        let path = ada.path(&format!("/opportunities/{id}/open"));
        let post = || app.post(&path).token(&ada.token).header("idempotency-key", "open-1");
        let opened = post().send().await.expect(200);
        assert_eq!((&opened.json["state"], &opened.json["takes_answers"]), (&json!("open"), &json!(true)));
        assert!(opened.json["opened_at"].is_string());
        assert_eq!(post().send().await.expect(200).text, opened.text);
        assert_eq!(act(&app, &ada, &id, "open").await.expect(409).json["code"], "not_draft");
        let jobs = job::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        assert_eq!(jobs.len(), 1);
        assert_eq!(jobs[0].kind, "opportunities.opened");
        assert_eq!(jobs[0].payload, json!({"organisation": ada.organisation, "opportunity": id}));
        app.run_jobs().await;
        let closed = act(&app, &ada, &id, "close").await.expect(200);
        assert_eq!((&closed.json["state"], &closed.json["takes_answers"]), (&json!("closed"), &json!(false)));
        assert!(closed.json["closed_at"].is_string());
        assert_eq!(act(&app, &ada, &id, "close").await.expect(409).json["code"], "closed");
        let jobs = job::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        assert_eq!(jobs.iter().map(|job| job.kind.as_str()).collect::<Vec<_>>(), ["opportunities.closed"]);
        app.run_jobs().await;
        let viewer = app.staff(&ada, "vera", "viewer").await;
        act(&app, &viewer, &id, "open").await.expect(403);
    });
}

#[test]
fn closing_before_the_closing_day_needs_a_reason_that_everybody_can_read() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let (id, _) = opened(&app, &ada).await;
        app.run_jobs().await;
        let path = format!("/opportunities/{id}/close");
        for body in [json!({}), json!({"reason": " "})] {
            let refused = ada.post(&app, &path, &body).await.expect(422);
            assert_eq!(refused.violations(), pairs(&[("/reason", "required")]));
        }
        let closed = ada.post(&app, &path, &json!({"reason": "The building is no longer ours."})).await.expect(200);
        assert_eq!(closed.json["closed_early_reason"], "The building is no longer ours.");
        let public = app.get(format!("/api/public/{}/opportunities/{id}", ada.slug)).send().await.expect(200);
        assert_eq!(public.json["closed_early_reason"], "The building is no longer ours.");
        app.run_jobs().await;
        // On the day after, nobody loses anything by it.
        let (id, _) = opened(&app, &ada).await;
        app.clock.advance(chrono::Duration::days(20));
        let ada = again(&app, &ada).await;
        let closed = ada.post(&app, &format!("/opportunities/{id}/close"), &json!({})).await.expect(200);
        assert_eq!(closed.json["closed_early_reason"], Value::Null);
        app.run_jobs().await;
    });
}

#[test]
fn what_people_were_told_stays() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let (id, body) = opened(&app, &ada).await;
        app.run_jobs().await;
        let path = format!("/opportunities/{id}");
        let with = |change: Value| {
            let mut changed = body.clone();
            changed.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            changed
        };
        let fixed = [
            ("/kind", json!({"kind": "interview"})),
            ("/rung", json!({"rung": "informing"})),
            ("/minutes", json!({"minutes": 90})),
            ("/payment", json!({"payment": {"kind": "voucher", "amount_pence": 1000}})),
            ("/open_to_influence", json!({"open_to_influence": "Nothing."})),
            ("/not_open", json!({"not_open": "Everything."})),
            ("/notice", json!({"notice": null})),
            ("/decisions", json!({"decisions": []})),
            ("/formats", json!({"formats": ["post"]})),
        ];
        for (pointer, change) in fixed {
            let refused = ada.put(&app, &path, &with(change)).await.expect(409);
            assert_eq!(refused.json["code"], "open");
            assert_eq!(refused.violations(), pairs(&[(pointer, "fixed")]));
        }
        let few = ada.put(&app, &path, &with(json!({"places": 3}))).await.expect(422);
        assert_eq!(few.violations(), pairs(&[("/places", "not_used")]), "everybody whose choices fit is asked");
        let both = with(json!({"minutes": 90, "who_decides": "Somebody else.", "closes_on": "2027-03-19", "feedback_due": null}));
        let refused = ada.put(&app, &path, &both).await.expect(409);
        let expected =
            pairs(&[("/who_decides", "fixed"), ("/minutes", "fixed"), ("/closes_on", "later"), ("/feedback_due", "promised")]);
        assert_eq!(refused.violations(), expected);
        let gentle = with(json!({
            "title": "Evenings", "summary": "Nine questions.", "support": "Call us.", "content_note": "About loss.",
            "support_contact": {"name": "The team", "reach": "0300 123"}, "closes_on": "2027-03-25",
        }));
        let changed = ada.put(&app, &path, &gentle).await.expect(200);
        assert_eq!((&changed.json["closes_on"], &changed.json["title"]), (&json!("2027-03-25"), &json!("Evenings")));
        assert_eq!(changed.json["feedback_moved_reason"], Value::Null);
    });
}

#[test]
fn a_feedback_day_moves_with_a_reason_that_everybody_can_read() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let (id, mut body) = opened(&app, &ada).await;
        app.run_jobs().await;
        let path = format!("/opportunities/{id}");
        body["feedback_due"] = json!("2027-05-20");
        let refused = ada.put(&app, &path, &body).await.expect(422);
        assert_eq!(refused.violations(), pairs(&[("/feedback_moved_reason", "required")]));
        body["feedback_moved_reason"] = json!("The board meets later.");
        let moved = ada.put(&app, &path, &body).await.expect(200);
        assert_eq!(moved.json["feedback_due"], "2027-05-20");
        let public = app.get(format!("/api/public/{}/opportunities/{id}", ada.slug)).send().await.expect(200);
        assert_eq!(public.json["feedback_moved_reason"], "The board meets later.");
        body["feedback_moved_reason"] = json!("Another story.");
        let kept = ada.put(&app, &path, &body).await.expect(200);
        assert_eq!(kept.json["feedback_moved_reason"], "The board meets later.");
        body["feedback_due"] = json!("2027-03-20");
        let refused = ada.put(&app, &path, &body).await.expect(422);
        assert_eq!(refused.violations(), pairs(&[("/feedback_due", "order")]));
    });
}

#[test]
fn it_ends_with_its_closing_day_and_a_late_job_changes_nothing() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let (id, mut body) = opened(&app, &ada).await;
        app.run_jobs().await;
        alongside::app::schedule(&app.app.platform).await.unwrap();
        app.run_jobs().await;
        let read = async |who: &Persona| who.get(&app, &format!("/opportunities/{id}")).send().await.expect(200).json;
        assert_eq!(read(&ada).await["state"], "open");
        // 20 March, 23:30 in London.
        app.clock.advance(chrono::Duration::days(19) + chrono::Duration::minutes(14 * 60 + 30));
        let ada = again(&app, &ada).await;
        app.run_jobs().await;
        assert_eq!(read(&ada).await["takes_answers"], true);
        app.clock.advance(chrono::Duration::minutes(31));
        let late = read(&ada).await;
        assert_eq!((&late["state"], &late["takes_answers"]), (&json!("open"), &json!(false)));
        let public = app.get("/api/public/sunrise/opportunities").send().await.expect(200);
        assert_eq!(public.json["items"], json!([]));
        body["closes_on"] = json!("2027-03-30");
        let refused = ada.put(&app, &format!("/opportunities/{id}"), &body).await.expect(409);
        assert_eq!(refused.json["code"], "closed");
        let refused = ada.post(&app, &format!("/opportunities/{id}/questionnaire"), &questions()).await.expect(409);
        assert_eq!(refused.json["code"], "closed");
        app.clock.advance(chrono::Duration::minutes(60));
        app.run_jobs().await;
        let closed = read(&ada).await;
        assert_eq!(closed["state"], "closed");
        assert!(closed["closed_at"].is_string());
        let audit = ada.get(&app, "/audit?limit=500").send().await.expect(200);
        let last = audit.json["items"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["actor"], &last["action"]), (&json!("system"), &json!("close_opportunity")));
    });
}

#[test]
fn everybody_can_read_what_is_open_and_nothing_else() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let (id, _) = opened(&app, &ada).await;
        let (project, decision) = project(&app, &ada).await;
        let mut body = consultation(&project, &decision);
        body["title"] = json!("Secret draft");
        let draft = ada.post(&app, "/opportunities", &body).await.expect(201).id();
        app.run_jobs().await;
        let list = app.get("/api/public/sunrise/opportunities").send().await.expect(200);
        assert_eq!(list.json["items"].as_array().unwrap().len(), 1);
        assert!(!list.text.contains("Secret draft") && !list.text.contains("account:"));
        let one = app.get(format!("/api/public/sunrise/opportunities/{id}")).send().await.expect(200);
        assert_eq!(list.json["items"][0], one.json);
        assert_eq!(
            (&one.json["rung"]["key"], &one.json["rung"]["people_say"]),
            (&json!("consultation"), &json!("Ask for my views"))
        );
        assert!(one.json["rung"]["attribution"].as_str().unwrap().contains("National Co-production Advisory Group"));
        assert_eq!((&one.json["payment"]["kind"], &one.json["feedback_due"]), (&json!("unpaid"), &json!("2027-04-20")));
        app.get(format!("/api/public/sunrise/opportunities/{draft}")).send().await.expect(404);
        app.organisation(&ada, "moonrise").await;
        app.get(format!("/api/public/moonrise/opportunities/{id}")).send().await.expect(404);
        app.get("/api/public/nowhere/opportunities").send().await.expect(404);
        act(&app, &ada, &id, "close").await.expect(200);
        app.run_jobs().await;
        let list = app.get("/api/public/sunrise/opportunities").send().await.expect(200);
        assert_eq!(list.json["items"], json!([]));
        let after = app.get(format!("/api/public/sunrise/opportunities/{id}")).send().await.expect(200);
        assert_eq!((&after.json["takes_answers"], &after.json["feedback_due"]), (&json!(false), &json!("2027-04-20")));
    });
}

#[test]
fn a_lower_rung_honestly_offered_opens_without_a_decision() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let project = json!({
            "title": "Evenings", "need": "Evenings are lonely.", "claimed_rung": "informing",
            "purpose": {"why": "To tell.", "benefit_to_participants": "To know.", "intended_change": "People know."},
            "intended_users": ["People who live alone"], "promise": "Nothing is open: this was decided in May.",
        });
        let project = ada.post(&app, "/projects", &project).await.expect(201).id();
        let mut body = consultation(&project, "");
        for (field, value) in [
            ("kind", json!("workshop")),
            ("rung", json!("informing")),
            ("decisions", json!([])),
            ("places", json!(20)),
            ("starts_at", json!("2027-03-20T18:00:00Z")),
            ("open_to_influence", json!("Nothing: this was decided in May.")),
        ] {
            body[field] = value;
        }
        let made = ada.post(&app, "/opportunities", &body).await.expect(201);
        assert_eq!(made.json["warnings"], json!([]));
        body["notice"] = json!(notice(&app, &ada, &made.id(), NoticeState::Published, Purpose::Participate).await);
        ada.put(&app, &format!("/opportunities/{}", made.id()), &body).await.expect(200);
        let opened = act(&app, &ada, &made.id(), "open").await.expect(200);
        assert_eq!(opened.json["warnings"], json!([]));
        app.run_jobs().await;
    });
}

#[test]
fn days_count_where_the_organisation_is() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let (id, _) = opened(&app, &ada).await;
        app.run_jobs().await;
        let db = app.app.platform.db.write();
        let id: OpportunityId = id.parse().unwrap();
        let row = opportunity::Entity::find_by_id((organisation(&ada), id)).one(db).await.unwrap().unwrap();
        let answers = |row: &opportunity::Model, at: &str, zone: &str| {
            alongside::opportunities::takes_answers(row, at.parse().unwrap(), zone.parse().unwrap())
        };
        assert!(answers(&row, "2027-03-20T23:59:59Z", "Europe/London"));
        assert!(!answers(&row, "2027-03-21T00:00:00Z", "Europe/London"));
        assert!(answers(&row, "2027-03-21T06:59:59Z", "America/Los_Angeles"));
        assert!(!answers(&row, "2027-03-20T11:00:00Z", "Pacific/Auckland"));
        let mut later = row.clone();
        later.opens_on = "2027-03-10".parse().ok();
        assert!(!answers(&later, "2027-03-09T23:00:00Z", "Europe/London"));
        assert!(answers(&later, "2027-03-10T00:00:00Z", "Europe/London"));
        let mut draft = row.into_active_model();
        draft.state = Set(OpportunityState::Draft);
        let draft = draft.update(db).await.unwrap();
        assert!(!answers(&draft, "2027-03-10T00:00:00Z", "Europe/London"));
    });
}
