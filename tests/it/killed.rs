//! A real worker process that is killed while it sends: nobody is lost, and what may have come twice is known.

use crate::{
    crowd,
    harness::{
        SECRET, TestApp, everywhere_today,
        smtp::{Act, At, Script, Server},
    },
    story::Story,
};
use alongside::{
    app::App,
    invitations::INVITE,
    platform::{Config, Secret, config::MailWay, mail::transport},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use entity::{MailState, mail_message};
use sea_orm::EntityTrait;
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};
use tokio::sync::Notify;

/// Letters under way at the same time.
const WIDTH: usize = 4;
/// More people than letters go out before the worker is killed, and few enough that one transaction asks all of them.
const PEOPLE: usize = 24;

/// A worker, which does not outlive its test.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        // On Unix this is signal 9, which no process can prepare for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `alongside worker`, as an operator starts it.
fn worker(app: &TestApp, server: &Server, secret: &Path) -> Worker {
    let started = Command::new(env!("CARGO_BIN_EXE_alongside"))
        .arg("worker")
        .env_clear()
        .env("ALONGSIDE_DATABASE_URL", &app.url)
        .env("ALONGSIDE_SECRET_FILE", secret)
        .env("ALONGSIDE_PUBLIC_URL", "https://alongside.test")
        .env("ALONGSIDE_MAIL", "smtp")
        .env("ALONGSIDE_SMTP_URL", server.url())
        .env("ALONGSIDE_SMTP_CONNECTIONS", WIDTH.to_string())
        .env("ALONGSIDE_LOG", "error")
        .stdin(Stdio::null())
        // Whoever reads what the tests say would wait for its end too.
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Worker(started.unwrap())
}

/// Each connection takes two letters. Then two connections take a third one and never say so, and two stop before they
/// have read it.
fn scripts(hangs: &[Arc<Notify>; WIDTH]) -> Vec<Script> {
    let usual = |place| (place, Act::Reply(if place == At::Dot { "250 2.0.0 taken" } else { "250 2.1.0 ok" }));
    let places = [At::Dot, At::Dot, At::Mail, At::Mail].into_iter().zip(hangs);
    places.map(|(place, hang)| vec![usual(place), usual(place), (place, Act::Hang(hang.clone()))]).collect()
}

async fn letters(app: &TestApp) -> HashMap<String, MailState> {
    let rows = mail_message::Entity::find().all(app.app.platform.db.read()).await.unwrap();
    rows.into_iter().filter(|row| row.kind == INVITE).map(|row| (row.message_id, row.state)).collect()
}

fn counts(letters: &HashMap<String, MailState>) -> BTreeMap<String, usize> {
    letters.values().fold(BTreeMap::new(), |mut counts, state| {
        *counts.entry(state.to_string()).or_default() += 1;
        counts
    })
}

#[test]
fn a_worker_process_that_is_killed_loses_no_letter() {
    everywhere_today(|app| async move {
        let story = Story::begin(app.clone()).await;
        crowd::joined(&app, &story, PEOPLE).await;
        let day = |days| (app.clock.now() + Duration::days(days)).format("%Y-%m-%d").to_string();
        let dates = json!({"closes_on": day(30), "feedback_due": day(60)});
        let id = story.open("consultation", "consultation", dates).await;
        story.ada.post(&app, &format!("/opportunities/{id}/invitations"), &json!({})).await.expect(202);

        let hangs: [Arc<Notify>; WIDTH] = Default::default();
        let server = Server::start(scripts(&hangs)).await;
        let secret = std::env::temp_dir().join(format!("alongside-killed-{}.key", app.clock.new_id::<uuid::Uuid>()));
        std::fs::write(&secret, URL_SAFE_NO_PAD.encode(SECRET)).unwrap();
        let child = worker(&app, &server, &secret);
        for hang in &hangs {
            hang.notified().await;
        }
        drop(child);

        let before = letters(&app).await;
        assert_eq!(before.len(), PEOPLE, "the worker had made all invitations");
        let first = server.ledger();
        let states = counts(&before);
        // Two were on their way, and an answer may have come that was not written down yet: never more than one for each connection.
        let open = states["dot"];
        assert!((2..=WIDTH).contains(&open), "{states:?}");
        assert_eq!(states["sent"] + open, 2 * WIDTH + 2, "{states:?}");
        assert_eq!(first.len(), 2 * WIDTH + 2, "two more were taken without an answer");

        // Whoever comes next, when the leases have ended.
        app.clock.advance(Duration::hours(1));
        let config = Config { mail: MailWay::Smtp(server.url()), smtp_connections: WIDTH, ..(*app.app.platform.config).clone() };
        let transport = transport::open(&config).unwrap();
        let db = app.app.platform.db.clone();
        let heir = App::assemble(config, app.clock.clone(), db, Secret::new(SECRET), transport).unwrap();
        heir.run_due().await.unwrap();

        let after = letters(&app).await;
        assert_eq!(counts(&after), BTreeMap::from([("sent".to_owned(), PEOPLE)]));
        let ledger = server.ledger();
        let all: BTreeSet<&str> = ledger.iter().map(|letter| letter.message_id.as_str()).collect();
        assert_eq!(all, after.keys().map(String::as_str).collect(), "nobody is lost");
        let mut copies: HashMap<&str, Vec<&[u8]>> = HashMap::new();
        for letter in &ledger {
            copies.entry(&letter.message_id).or_default().push(&letter.bytes);
        }
        for (message, copies) in copies.into_iter().filter(|(_, copies)| copies.len() > 1) {
            assert_eq!(before[message], MailState::Dot, "it came twice without need");
            assert_eq!(copies.len(), 2);
            assert_eq!(copies[0], copies[1], "a letter that is sent again is the same letter");
        }
        assert_eq!(ledger.len(), PEOPLE + open);
        std::fs::remove_file(secret).unwrap();
    });
}
