//! Webhooks, with a real receiver: what is sent, how it is signed, what happens when it does not arrive, and where nothing
//! is sent.

use crate::{
    given::Given,
    harness::{
        Backend, Persona, TestApp, everywhere, on,
        receiver::{Received, Receiver, Say},
    },
    story::Story,
};
use alongside::webhooks::send::Resolve;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::Duration;
use entity::{WebhookDeliveryState, WebhookId, webhook, webhook_delivery, webhook_event};
use futures_util::future::BoxFuture;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, sea_query::Expr,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The application that may tell a receiver on this computer, and has little patience.
fn allowing(app: &TestApp) -> TestApp {
    app.with(|config| {
        config.webhook_allow = vec!["127.0.0.0/8".parse().unwrap()];
        config.webhook_seconds = 1;
    })
}

fn wish(url: &str) -> Value {
    json!({
        "url": url, "description": "Our front end",
        "events": ["report.published", "opportunity.opened", "opportunity.closed", "feedback.overdue"],
    })
}

/// A webhook at a receiver: its path and its secret.
async fn hooked(app: &TestApp, ada: &Persona, url: &str) -> (String, String) {
    let made = ada.post(app, "/webhooks", &wish(url)).await.expect(201);
    (format!("/webhooks/{}", made.id()), made.json["secret"].as_str().unwrap().to_owned())
}

async fn act(app: &TestApp, ada: &Persona, path: &str) -> crate::harness::Answer {
    app.post(ada.path(path)).token(&ada.token).send().await
}

async fn deliveries(app: &TestApp, ada: &Persona, path: &str) -> Vec<Value> {
    let list = ada.get(app, &format!("{path}/deliveries")).send().await.expect(200);
    list.json["items"].as_array().unwrap().clone()
}

/// HMAC-SHA-256 as RFC 2104 writes it, in other words than the server's.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    assert!(key.len() <= 64);
    let pad = |with: u8| (0..64).map(|at| key.get(at).copied().unwrap_or(0) ^ with).collect::<Vec<u8>>();
    let inner = Sha256::digest([pad(0x36).as_slice(), text].concat());
    Sha256::digest([pad(0x5c).as_slice(), &inner].concat()).to_vec()
}

/// Whether one of the signatures was made with this secret.
fn is_signed(got: &Received, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    assert_eq!(key.len(), 32);
    let text = format!("{}.{}.{}", got.headers["webhook-id"], got.headers["webhook-timestamp"], got.body);
    let expected = format!("v1,{}", STANDARD.encode(hmac(&key, text.as_bytes())));
    got.headers["webhook-signature"].split(' ').any(|one| one == expected)
}

#[test]
fn news_about_work_is_told_once_signed_and_names_nobody() {
    everywhere(|app| async move {
        let app = allowing(&app);
        let receiver = Receiver::start().await;
        let story = Story::begin(app.clone()).await;
        let (path, secret) = hooked(&app, &story.ada, &receiver.url()).await;
        for name in ["ben", "eve"] {
            story.person(name, json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        }
        let id = story.open("consultation", "consultation", json!({})).await;
        let got = receiver.take();
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].line, "POST /hooks?from=alongside HTTP/1.1");
        assert_eq!(got[0].headers["content-type"], "application/json");
        assert_eq!(got[0].headers["host"], receiver.address.to_string());
        assert!(is_signed(&got[0], &secret));
        let body: Value = serde_json::from_str(&got[0].body).unwrap();
        let about = json!({"organisation": story.ada.organisation, "opportunity": id});
        assert_eq!(body, json!({"type": "opportunity.opened", "timestamp": "2027-03-01T09:00:00.000Z", "data": about}));
        // Whoever is asked, agrees, answers: nothing of it is told.
        let letters = story.invite(&id, json!({})).await;
        let token = letters[0].token("ai_");
        story.consent(&token).await;
        story.hand_in(&token, json!({"form": "group"})).await.expect(201);
        app.run_jobs().await;
        assert!(receiver.take().is_empty());
        story.ada.post(&app, &format!("/opportunities/{id}/close"), &json!({"reason": "All have answered."})).await.expect(200);
        app.run_jobs().await;
        let got = receiver.take();
        assert_eq!(got.len(), 1);
        assert!(got[0].body.contains("opportunity.closed") && is_signed(&got[0], &secret));
        let rows = deliveries(&app, &story.ada, &path).await;
        let line = |row: &Value| (row["type"].clone(), row["state"].clone(), row["attempts"].clone(), row["last_status"].clone());
        let arrived = |kind: &str| (json!(kind), json!("delivered"), json!(1), json!(200));
        let lines: Vec<_> = rows.iter().map(line).collect();
        assert_eq!(lines, [arrived("opportunity.opened"), arrived("opportunity.closed")]);
        let sent = format!("msg_{}", rows[1]["event"].as_str().unwrap().replace('-', ""));
        assert_eq!(got[0].headers["webhook-id"], sent);
    });
}

#[test]
fn a_published_report_and_a_late_promise_are_told() {
    everywhere(|app| async move {
        let app = allowing(&app);
        let receiver = Receiver::start().await;
        let root = app.administrator().await;
        let given = Given::of(&app, &root);
        let about = given.consultation(6).await;
        hooked(&app, &root, &receiver.url()).await;
        given.theme(about.id, "Too long", false, &about.responses).await;
        given.draft(about.id).await;
        given.post(about.id, "/report/publish", &json!({})).await.expect(200);
        app.run_jobs().await;
        let got = receiver.take();
        assert_eq!(got.len(), 1);
        let body: Value = serde_json::from_str(&got[0].body).unwrap();
        assert_eq!(body["type"], "report.published");
        assert_eq!((&body["data"]["opportunity"], &body["data"]["version"]), (&json!(about.id), &json!(1)));
        assert_eq!(body["data"].as_object().unwrap().len(), 4, "{body}");
        // Nothing is told of the other one before its day, and once after it, however often it is looked at.
        let story = given.opportunity(about.project, entity::OpportunityState::Open).await;
        alongside::app::schedule(&app.app.platform).await.unwrap();
        app.run_jobs().await;
        assert!(receiver.take().iter().all(|got| !got.body.contains("overdue")));
        let row = entity::opportunity::Entity::find_by_id((given.organisation, story)).one(app.app.platform.db.read()).await;
        let due = row.unwrap().unwrap().feedback_due.unwrap();
        app.clock.advance(due.and_hms_opt(12, 0, 0).unwrap().and_utc() - app.clock.now() + Duration::days(1));
        for _ in 0..3 {
            app.clock.advance(Duration::hours(2));
            app.run_jobs().await;
        }
        let late: Vec<Value> = receiver.take().iter().map(|got| serde_json::from_str(&got.body).unwrap()).collect();
        let late: Vec<_> = late.iter().filter(|body| body["type"] == "feedback.overdue").collect();
        assert_eq!(late.len(), 1);
        assert_eq!(late[0]["data"], json!({"organisation": root.organisation, "opportunity": story, "due": due}));
    });
}

#[test]
fn what_does_not_arrive_is_tried_again_with_the_same_id_and_can_be_sent_anew() {
    everywhere(|app| async move {
        let app = allowing(&app);
        let receiver = Receiver::start().await;
        let root = app.administrator().await;
        let (path, secret) = hooked(&app, &root, &receiver.url()).await;
        let told = Arc::new(tokio::sync::Notify::new());
        receiver.next([
            Say::Status(500),
            Say::With(503, "retry-after: 3600"),
            Say::Nothing(told.clone()),
            Say::Nonsense,
            Say::With(302, "location: http://127.0.0.1:1/elsewhere"),
        ]);
        let made = act(&app, &root, &format!("{path}/test")).await.expect(202);
        app.run_jobs().await;
        let mut waits = Vec::new();
        let mut problems = Vec::new();
        for _ in 0..5 {
            let row = deliveries(&app, &root, &path).await.remove(0);
            assert_eq!(row["state"], "waiting");
            problems.push((row["last_problem"].clone(), row["last_status"].clone()));
            let next: chrono::DateTime<chrono::Utc> = row["next_at"].as_str().unwrap().parse().unwrap();
            waits.push(next - app.clock.now());
            app.clock.advance(next - app.clock.now());
            app.run_jobs().await;
        }
        let expected = [
            (json!("status"), json!(500)),
            (json!("status"), json!(503)),
            (json!("timeout"), Value::Null),
            (json!("protocol"), Value::Null),
            (json!("status"), json!(302)),
        ];
        assert_eq!(problems, expected);
        assert!(waits[0] >= Duration::seconds(5) && waits[0] < Duration::seconds(6), "{waits:?}");
        assert_eq!(waits[1], Duration::hours(1), "as the receiver asked");
        assert!(waits.is_sorted_by_key(|wait| if *wait == waits[1] { waits[0] } else { *wait }), "{waits:?}");
        let got = receiver.take();
        assert_eq!(got.len(), 6);
        let (first, last) = (&got[0], &got[5]);
        assert_eq!((&first.body, &first.headers["webhook-id"]), (&last.body, &last.headers["webhook-id"]));
        assert_ne!(first.headers["webhook-timestamp"], last.headers["webhook-timestamp"]);
        assert!(got.iter().all(|got| is_signed(got, &secret)));
        let row = deliveries(&app, &root, &path).await.remove(0);
        assert_eq!((&row["state"], &row["attempts"], &row["next_at"]), (&json!("delivered"), &json!(6), &Value::Null));
        // One event again, then everything since a time.
        let at = format!("{path}/deliveries/{}", made.id());
        act(&app, &root, &format!("{at}/resend")).await.expect(202);
        app.run_jobs().await;
        assert_eq!(receiver.take()[0].headers["webhook-id"], first.headers["webhook-id"]);
        let since = json!({"since": "2027-03-01T08:00:00Z"});
        let replay = root.post(&app, &format!("{path}/replay"), &since).await.expect(202);
        assert_eq!(replay.json["events"], 0, "all of it has arrived");
        let since = json!({"since": "2027-03-01T08:00:00Z", "delivered": true});
        assert_eq!(root.post(&app, &format!("{path}/replay"), &since).await.expect(202).json["events"], 1);
        app.run_jobs().await;
        assert_eq!(receiver.take().len(), 1);
        let old = root.post(&app, &format!("{path}/replay"), &json!({"since": "2026-03-01T08:00:00Z"})).await.expect(422);
        assert_eq!(old.violations(), [("/since".into(), "too_old".into())]);
    });
}

#[test]
fn a_receiver_that_is_gone_or_fails_for_days_is_told_nothing_more_until_somebody_says_so() {
    everywhere(|app| async move {
        let app = allowing(&app);
        let (gone, failing) = (Receiver::start().await, Receiver::start().await);
        let root = app.administrator().await;
        let (left, _) = hooked(&app, &root, &gone.url()).await;
        let (path, _) = hooked(&app, &root, &failing.url()).await;
        gone.next([Say::Status(410)]);
        act(&app, &root, &format!("{left}/test")).await.expect(202);
        app.run_jobs().await;
        let off = root.get(&app, &left).send().await.expect(200);
        assert_eq!((&off.json["state"], &off.json["off_reason"]), (&json!("off"), &json!("gone")));
        assert_eq!(deliveries(&app, &root, &left).await[0]["state"], "failed");
        assert_eq!(act(&app, &root, &format!("{left}/test")).await.expect(409).json["code"], "webhook_off");
        failing.next((0..40).map(|_| Say::Status(500)));
        act(&app, &root, &format!("{path}/test")).await.expect(202);
        app.run_jobs().await;
        let mut root = root;
        for day in 0..6 {
            app.clock.advance(Duration::days(1));
            root = app.sign_in_again(&root).await;
            if day == 2 {
                act(&app, &root, &format!("{path}/test")).await.expect(202);
            }
            app.run_jobs().await;
        }
        let off = root.get(&app, &path).send().await.expect(200);
        assert_eq!((&off.json["state"], &off.json["off_reason"]), (&json!("off"), &json!("failing")));
        let audit = root.get(&app, "/audit?limit=500").send().await.expect(200);
        let ends = audit.json["items"].as_array().unwrap().iter().filter(|row| row["action"] == "switch_off_webhook").count();
        assert_eq!(ends, 2);
        // What happens meanwhile is missed, and sent by a replay once it goes on.
        let story = Given::of(&app, &root);
        let project = story.project(&[]).await;
        let open = story.opportunity(project, entity::OpportunityState::Open).await;
        let news = json!({"organisation": root.organisation, "opportunity": open});
        alongside::webhooks::news::opened(&app.app.platform, &news).await.unwrap();
        alongside::webhooks::news::opened(&app.app.platform, &news).await.unwrap();
        failing.take();
        app.run_jobs().await;
        assert!(failing.take().is_empty());
        let states: Vec<_> = deliveries(&app, &root, &path).await.iter().map(|row| row["state"].clone()).collect();
        assert_eq!(states, ["missed", "failed", "missed"]);
        let on = act(&app, &root, &format!("{path}/resume")).await.expect(200);
        assert_eq!(
            (&on.json["state"], &on.json["off_reason"], &on.json["failing_since"]),
            (&json!("on"), &Value::Null, &Value::Null)
        );
        let since = json!({"since": app.clock.now() - Duration::minutes(1)});
        assert_eq!(root.post(&app, &format!("{path}/replay"), &since).await.expect(202).json["events"], 1);
        failing.next((0..40).map(|_| Say::Status(200)));
    });
}

#[test]
fn an_old_secret_signs_along_for_a_day() {
    everywhere(|app| async move {
        let app = allowing(&app);
        let receiver = Receiver::start().await;
        let root = app.administrator().await;
        let (path, old) = hooked(&app, &root, &receiver.url()).await;
        let new = act(&app, &root, &format!("{path}/secret")).await.expect(200).json["secret"].as_str().unwrap().to_owned();
        assert_ne!(old, new);
        let shown = root.get(&app, &path).send().await.expect(200);
        assert!(!shown.text.contains("whsec_"), "a secret is shown once");
        let sent = async |root: &Persona| {
            act(&app, root, &format!("{path}/test")).await.expect(202);
            app.run_jobs().await;
            receiver.take().remove(0)
        };
        let both = sent(&root).await;
        assert!(is_signed(&both, &old) && is_signed(&both, &new));
        app.clock.advance(Duration::hours(24));
        let root = app.sign_in_again(&root).await;
        let one = sent(&root).await;
        assert!(is_signed(&one, &new) && !is_signed(&one, &old));
        // The database holds neither.
        let text = format!("{:?}", entity::webhook::Entity::find().all(app.app.platform.db.read()).await.unwrap());
        for secret in [&old, &new] {
            assert!(!text.contains(secret.as_str()));
        }
    });
}

/// A resolver whose answers change from one question to the next.
struct Turning(Vec<Vec<SocketAddr>>, AtomicUsize);

impl Resolve for Turning {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, std::io::Result<Vec<SocketAddr>>> {
        let turn = self.1.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move { Ok(self.0[turn.min(self.0.len() - 1)].clone()) })
    }
}

#[test]
fn nothing_is_sent_into_the_operators_own_network() {
    on(Backend::Sqlite, |app| async move {
        let receiver = Receiver::start().await;
        let root = app.administrator().await;
        let refused = async |url: &str, code: &str| {
            let answer = root.post(&app, "/webhooks", &wish(url)).await.expect(422);
            assert_eq!(answer.violations(), [("/url".to_owned(), code.to_owned())], "{url}");
        };
        refused(&receiver.url(), "not_https").await;
        refused("https://127.0.0.1/x", "private_address").await;
        refused("https://[fd00:ec2::254]/latest/meta-data", "private_address").await;
        // Numbers in odd forms are addresses too: whoever looks names up for us knows what they mean.
        for host in ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]"] {
            refused(&format!("https://{host}/"), "private_address").await;
        }
        refused("https://me:word@front.example/", "url").await;
        // A name says nothing about where it leads: that is looked at when it is used, each time.
        let mine = SocketAddr::from(([127, 0, 0, 1], receiver.address.port()));
        let public: SocketAddr = "203.0.114.1:1".parse().unwrap();
        let turns = vec![vec![mine], vec![public, mine], vec!["[::ffff:127.0.0.1]:1".parse().unwrap()], vec![]];
        let mut app = app.with(|config| config.webhook_seconds = 1);
        app.app = app.app.clone().resolving(Arc::new(Turning(turns, AtomicUsize::new(0))));
        let (path, _) = hooked(&app, &root, "https://inside.example/x").await;
        for problem in ["private_address", "private_address", "private_address", "unknown_host"] {
            act(&app, &root, &format!("{path}/test")).await.expect(202);
            app.run_jobs().await;
            let row = deliveries(&app, &root, &path).await.pop().unwrap();
            assert_eq!(row["last_problem"], problem);
        }
        assert!(receiver.take().is_empty());
        // The system's own resolver, and a name that it knows.
        let app = app.with(|config| config.webhook_seconds = 1);
        let (path, _) = hooked(&app, &root, "https://localhost/").await;
        // As it may stand in a database of an earlier version.
        let id: WebhookId = path.rsplit('/').next().unwrap().parse().unwrap();
        for url in ["https://localhost/", "https://127.1/", "https://2130706433/", "https://0x7f000001/"] {
            let rows = webhook::Entity::update_many().col_expr(webhook::Column::Url, Expr::value(url));
            let rows = rows.filter(webhook::Column::Id.eq(id)).exec(app.app.platform.db.write()).await.unwrap();
            assert_eq!(rows.rows_affected, 1);
            act(&app, &root, &format!("{path}/test")).await.expect(202);
            app.run_jobs().await;
            let row = deliveries(&app, &root, &path).await.pop().unwrap();
            assert!(["private_address", "unknown_host"].contains(&row["last_problem"].as_str().unwrap()), "{url}: {row}");
        }
    });
}

#[test]
fn many_webhooks_are_told_at_once_and_none_waits_for_another() {
    everywhere(|app| async move {
        let app = allowing(&app);
        let (receiver, root) = (Receiver::start().await, app.administrator().await);
        let (path, _) = hooked(&app, &root, &receiver.url()).await;
        act(&app, &root, &format!("{path}/test")).await.expect(202);
        let db = app.app.platform.db.clone();
        let hook = webhook::Entity::find().one(db.read()).await.unwrap().unwrap();
        let due = webhook_delivery::Entity::find().one(db.read()).await.unwrap().unwrap();
        let event = webhook_event::Entity::find().one(db.read()).await.unwrap().unwrap();
        let mut events = vec![event.id];
        for n in 0..2 {
            let (id, once) = (app.clock.new_id(), Set(format!("test {n}")));
            let row = webhook_event::ActiveModel { id: Set(id), once, ..event.clone().into_active_model() };
            row.reset_all().insert(db.write()).await.unwrap();
            events.push(id);
        }
        // More than are told at a time, so that some end and others begin while many are in the middle.
        for _ in 0..60 {
            let hook_id = app.clock.new_id();
            let row = webhook::ActiveModel { id: Set(hook_id), ..hook.clone().into_active_model() };
            row.reset_all().insert(db.write()).await.unwrap();
            for event in &events {
                let mut row = due.clone().into_active_model();
                (row.id, row.webhook_id, row.event_id) = (Set(app.clock.new_id()), Set(hook_id), Set(*event));
                row.reset_all().insert(db.write()).await.unwrap();
            }
        }
        let told = async {
            let waiting = webhook_delivery::Column::State.ne(WebhookDeliveryState::Delivered);
            while webhook_delivery::Entity::find().filter(waiting.clone()).count(db.read()).await.unwrap() > 0 {
                tokio::task::yield_now().await;
            }
            app.app.tasks.stop();
        };
        // Less than what anybody waits for a connection.
        let both = async { tokio::join!(app.app.work(), told) };
        tokio::time::timeout(std::time::Duration::from_secs(25), both).await.expect("somebody waits for somebody");
        assert_eq!(receiver.take().len(), 181);
    });
}

#[test]
fn without_encryption_only_networks_that_the_operator_named_are_told() {
    on(Backend::Sqlite, |app| async move {
        let mut app = allowing(&app);
        let receiver = Receiver::start().await;
        let root = app.administrator().await;
        let (path, _) = hooked(&app, &root, "http://front.example/x").await;
        let turns = vec![vec!["203.0.114.1:80".parse().unwrap()], vec![receiver.address]];
        app.app = app.app.clone().resolving(Arc::new(Turning(turns, AtomicUsize::new(0))));
        for problem in [json!("private_address"), Value::Null] {
            act(&app, &root, &format!("{path}/test")).await.expect(202);
            app.run_jobs().await;
            assert_eq!(deliveries(&app, &root, &path).await.pop().unwrap()["last_problem"], problem);
        }
        assert_eq!(receiver.take().len(), 1);
        // A server without encryption is no server with it.
        let (path, _) = hooked(&app, &root, &format!("https://{}/", receiver.address)).await;
        act(&app, &root, &format!("{path}/test")).await.expect(202);
        app.run_jobs().await;
        let row = deliveries(&app, &root, &path).await.pop().unwrap();
        assert!(["tls", "timeout"].contains(&row["last_problem"].as_str().unwrap()), "{row}");
    });
}

#[test]
fn two_workers_send_nothing_twice_and_a_slow_receiver_keeps_nobody_waiting() {
    everywhere(|app| async move {
        let one = allowing(&app);
        let other = allowing(&app.second().await);
        let (slow, quick) = (Receiver::start().await, Receiver::start().await);
        let root = one.administrator().await;
        let (at_slow, _) = hooked(&one, &root, &slow.url()).await;
        let (at_quick, _) = hooked(&one, &root, &quick.url()).await;
        for path in [&at_slow, &at_slow, &at_quick, &at_quick, &at_quick, &at_quick] {
            act(&one, &root, &format!("{path}/test")).await.expect(202);
        }
        let (told, go) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
        slow.next([Say::When(told.clone(), go.clone())]);
        // Both look at the same time. One of them waits for the slow receiver; the quick one has everything meanwhile.
        let both = async { tokio::join!(one.run_jobs(), other.run_jobs()) };
        let watch = async {
            told.notified().await;
            while quick.got() < 4 {
                tokio::task::yield_now().await;
            }
            assert_eq!(slow.got(), 1, "one request at a time");
            go.notify_one();
        };
        tokio::join!(both, watch);
        one.run_jobs().await;
        let ids = |receiver: &Receiver| receiver.take().iter().map(|got| got.headers["webhook-id"].clone()).collect::<Vec<_>>();
        let (slow, quick) = (ids(&slow), ids(&quick));
        assert_eq!((slow.len(), quick.len()), (2, 4));
        let different: std::collections::BTreeSet<_> = slow.iter().chain(&quick).collect();
        assert_eq!(different.len(), 6);
        other.app.platform.db.clone().close().await.unwrap();
    });
}

#[test]
fn a_webhook_removed_or_paused_while_it_is_told_is_told_nothing_more() {
    everywhere(|app| async move {
        let app = allowing(&app);
        let receiver = Receiver::start().await;
        let root = app.administrator().await;
        let (path, _) = hooked(&app, &root, &receiver.url()).await;
        for verb in ["pause", "remove"] {
            act(&app, &root, &format!("{path}/test")).await.expect(202);
            act(&app, &root, &format!("{path}/test")).await.expect(202);
            let (told, go) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
            receiver.next([Say::When(told.clone(), go.clone())]);
            let meanwhile = async {
                told.notified().await;
                if verb == "pause" {
                    act(&app, &root, &format!("{path}/pause")).await.expect(200);
                } else {
                    app.delete(root.path(&path)).token(&root.token).send().await.expect(204);
                }
                go.notify_one();
            };
            tokio::join!(app.run_jobs(), meanwhile);
            assert_eq!(receiver.take().len(), 1, "{verb}");
            if verb == "pause" {
                let states: Vec<_> = deliveries(&app, &root, &path).await.iter().map(|row| row["state"].clone()).collect();
                assert_eq!(states, ["delivered", "waiting"]);
                act(&app, &root, &format!("{path}/resume")).await.expect(200);
                app.run_jobs().await;
                assert_eq!(receiver.take().len(), 1);
            }
        }
        root.get(&app, &path).send().await.expect(404);
        assert!(webhook_delivery::Entity::find().all(app.app.platform.db.read()).await.unwrap().is_empty());
    });
}

#[test]
fn webhooks_are_kept_by_administrators_and_by_nobody_elsewhere() {
    everywhere(|app| async move {
        let app = allowing(&app);
        let receiver = Receiver::start().await;
        let root = app.administrator().await;
        let moon = app.organisation(&root, "moonlight").await;
        let (path, _) = hooked(&app, &root, &receiver.url()).await;
        moon.get(&app, &path).send().await.expect(404);
        moon.get(&app, &format!("{path}/deliveries")).send().await.expect(404);
        let made = act(&app, &root, &format!("{path}/test")).await.expect(202).id();
        for rest in
            ["/pause", "/resume", "/secret", "/test"].map(str::to_owned).into_iter().chain([format!("/deliveries/{made}/resend")])
        {
            act(&app, &moon, &format!("{path}{rest}")).await.expect(404);
        }
        app.delete(moon.path(&path)).token(&moon.token).send().await.expect(404);
        let news = json!({"organisation": moon.organisation, "opportunity": "0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d3e"});
        alongside::webhooks::news::opened(&app.app.platform, &news).await.unwrap();
        app.run_jobs().await;
        assert_eq!(receiver.take().len(), 1, "the test, and nothing of another organisation");
        // What is wrong is told at once; a change names what it is based on; a repetition makes nothing twice.
        let nothing = json!({"url": "here", "description": "", "events": []});
        let answer = root.post(&app, "/webhooks", &nothing).await.expect(422);
        let pointers: Vec<_> = answer.violations().into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(pointers, ["/description", "/events", "/url"]);
        let change =
            |tag: &str| app.put(root.path(&path)).token(&root.token).header("if-match", tag).json(&wish(&receiver.url()));
        change("\"v9\"").send().await.expect(412);
        let changed = change("\"v1\"").send().await.expect(200);
        assert_eq!(changed.etag(), "\"v2\"");
        let make = || {
            let call = app.post(root.path("/webhooks")).token(&root.token).header("idempotency-key", "one");
            call.json(&wish(&receiver.url())).send()
        };
        make().await.expect(201);
        assert_eq!(make().await.expect(409).json["code"], "already_done");
        for _ in 2..20 {
            hooked(&app, &root, &receiver.url()).await;
        }
        assert_eq!(root.post(&app, "/webhooks", &wish(&receiver.url())).await.expect(409).json["code"], "too_many_webhooks");
        let waiting = webhook_delivery::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        assert!(waiting.iter().all(|row| row.state == WebhookDeliveryState::Delivered));
        let audit = root.get(&app, "/audit?limit=500").send().await.expect(200).text;
        for action in ["create_webhook", "test_webhook", "change_webhook"] {
            assert!(audit.contains(action), "{action}");
        }
        assert!(!audit.contains("127.0.0.1"));
    });
}
