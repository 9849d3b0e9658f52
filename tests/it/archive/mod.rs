//! Backups: a drill on both databases and across, what a broken file does, what comes back and what does not.

mod moving;
mod files;
mod upgrade;
mod whole;

use crate::{
    harness::{Backend, SECRET, TestApp, Watched, databases, everywhere, everywhere_today},
    schema,
    story::Story,
};
use alongside::{
    commands::{
        archive::{self, Keys, Recipients},
        backup, restore,
    },
    platform::{Clock, Config, audit, config::MailWay, mail::hold},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{Duration, TimeZone, Utc};
use entity::{HoldReason, MailState, mail_hold, mail_message, organisation, participant};
use sea_orm::EntityTrait;
use serde_json::json;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// A folder of this test's own, which is removed at its end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let name = format!("alongside-archive-{}", Clock::system().new_id::<uuid::Uuid>());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Settings of an installation in a folder.
pub fn config(folder: &Folder, url: &str) -> Config {
    let mut config = Config::read([]).unwrap();
    config.database_url = url.to_owned();
    config.mail = MailWay::Memory;
    config.secret_file = folder.at("secret.key");
    config
}

pub fn key() -> String {
    URL_SAFE_NO_PAD.encode(SECRET)
}

/// A backup of an application, not encrypted.
pub async fn back_up(app: &TestApp, path: &Path) {
    let snapshot = app.app.platform.db.snapshot().await.unwrap();
    backup::from(snapshot, key(), &app.clock, path, &Recipients::read(&[], true).unwrap()).await.unwrap();
}

pub async fn bring_back(
    folder: &Folder,
    url: &str,
    clock: &Clock,
    path: &Path,
) -> alongside::platform::Result<restore::Restored> {
    restore::load(&config(folder, url), clock, path, &Keys::default()).await
}

/// People in several states, with letters that were sent and some that were not.
async fn busy(app: &TestApp) -> (Story, String, String) {
    let story = Story::begin(app.clone()).await;
    for name in ["ben", "cat", "dan", "eve"] {
        story.person(name, json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
    }
    let id = story.open("consultation", "consultation", json!({})).await;
    let letters = story.invite(&id, json!({})).await;
    let link = letters[0].token("ai_");
    story.consent(&link).await;
    story.hand_in(&link, json!({"form": "group", "why": "Together, not alone."})).await.expect(201);
    let workshop = story.open("workshop", "co_design", json!({})).await;
    let others = story.invite(&workshop, json!({})).await;
    story.take_place(&others[0].token("ai_")).await;
    app.outbox().await;
    (story, id, letters[1].token("ai_"))
}

#[test]
fn a_drill_brings_everything_back_on_both_databases_and_across() {
    everywhere(|app| async move {
        let (story, _, old_link) = busy(&app).await;
        let folder = Folder::new();
        let file = folder.at("drill.alongside");
        back_up(&app, &file).await;
        let before = schema::everything(app.app.platform.db.read()).await;
        let lively = before.values().filter(|rows| !rows.is_empty()).count();
        assert!(lively > 25, "{lively} tables hold something");
        for backend in Backend::available() {
            let target = databases::bare(backend).await;
            let place = Folder::new();
            let restored = bring_back(&place, &target.url, &app.clock, &file).await.unwrap();
            assert_eq!(restored.breaks, []);
            assert_eq!(std::fs::read_to_string(place.at("secret.key")).unwrap(), key());
            let there = TestApp::over(backend, &target.url, app.clock.clone(), SECRET).await;
            let db = there.app.platform.db.read();
            let mut after = schema::everything(db).await;
            let mut before = before.clone();
            // Nobody is signed in, so these differ; and letters are held.
            for table in ["account_session", "participant_session", "mail_hold"] {
                assert_ne!(before.remove(table), after.remove(table), "{table}");
            }
            assert_eq!(before, after, "{:?} to {backend:?}", app.backend);
            there.get("/api/account").token(&story.ada.token).send().await.expect(401);
            there.get("/api/invitation").token(&old_link).send().await.expect(200);
            let ada = there.sign_in_again(&story.ada).await;
            ada.get(&there, "/people").send().await.expect(200);
            let broken = audit::first_break(db, organisation::Entity::find().one(db).await.unwrap().unwrap().id).await.unwrap();
            assert_eq!(broken, None);
            for table in ["audit_entry", "consent_event", "mail_event", "preference"] {
                schema::refuses_change(&there, table).await;
            }
            there.app.platform.db.clone().close().await.unwrap();
            target.remove().await;
        }
    });
}

#[test]
fn a_backup_is_one_moment_while_others_go_on_writing() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let snapshot = app.app.platform.db.snapshot().await.unwrap();
        // The first statement is the moment.
        archive::migrations(&snapshot).await.unwrap();
        let before = schema::everything(app.app.platform.db.read()).await;
        story.person("late", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let people = participant::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        assert_eq!(people.len(), 2, "the server was not held up");
        let folder = Folder::new();
        let file = folder.at("moment.alongside");
        backup::from(snapshot, key(), &app.clock, &file, &Recipients::read(&[], true).unwrap()).await.unwrap();
        let target = databases::bare(app.backend).await;
        bring_back(&folder, &target.url, &app.clock, &file).await.unwrap();
        let there = TestApp::over(app.backend, &target.url, app.clock.clone(), SECRET).await;
        let after = schema::everything(there.app.platform.db.read()).await;
        for table in ["participant", "preference", "consent_event", "mail_message", "audit_entry", "audit_head", "job"] {
            assert_eq!(before[table], after[table], "{table}");
        }
        there.app.platform.db.clone().close().await.unwrap();
        target.remove().await;
    });
}

/// Letters of these states.
async fn letters_in(app: &TestApp, states: &[MailState]) -> usize {
    let all = mail_message::Entity::find().all(app.app.platform.db.read()).await.unwrap();
    all.iter().filter(|letter| states.contains(&letter.state)).count()
}

#[test]
fn fault_27_no_letter_leaves_after_a_restore_before_somebody_has_said_so() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for name in ["ben", "cat"] {
            story.person(name, json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        }
        let id = story.open("consultation", "consultation", json!({})).await;
        story.ada.post(&app, &format!("/opportunities/{id}/invitations"), &json!({})).await.expect(202);
        // One letter is there, and the job that makes the others is still to be run.
        story.app.post("/api/public/sunrise/join").json(&json!({"email": "new@people.example"})).send().await.expect(202);
        let folder = Folder::new();
        let file = folder.at("held.alongside");
        back_up(&app, &file).await;
        app.outbox().await;
        for send in [true, false] {
            let (target, place) = (databases::bare(app.backend).await, Folder::new());
            let restored = bring_back(&place, &target.url, &app.clock, &file).await.unwrap();
            assert_eq!(restored.waiting, 1);
            let there = TestApp::over(app.backend, &target.url, app.clock.clone(), SECRET).await;
            let platform = &there.app.platform;
            assert_eq!(there.outbox().await.len(), 0, "also what overdue work writes waits");
            there.clock.advance(Duration::days(1));
            assert_eq!(there.outbox().await.len(), 0, "and time alone changes nothing");
            let held: Vec<mail_hold::Model> = hold::holds(platform.db.read()).await.unwrap();
            assert_eq!((held.len(), held[0].why, held[0].organisation_id), (1, HoldReason::Restored, None));
            let kinds = hold::waiting(platform.db.read(), &held[0]).await.unwrap();
            assert_eq!(kinds.iter().map(|(_, count, _)| count).sum::<i64>(), 3, "{kinds:?}");
            let tx = platform.db.begin().await.unwrap();
            if send {
                hold::release(&tx, &platform.clock, &held[0]).await.unwrap();
            } else {
                assert_eq!(hold::leave(&tx, platform, &held[0]).await.unwrap(), 3);
            }
            tx.commit().await.unwrap();
            let sent: BTreeSet<String> = there.outbox().await.into_iter().map(|letter| letter.to).collect();
            if send {
                assert!(sent.contains("ben@people.example") && sent.contains("cat@people.example"), "{sent:?}");
                assert_eq!(letters_in(&there, &[MailState::Uncertain]).await, 0);
            } else {
                assert_eq!(sent, BTreeSet::new());
                assert_eq!(letters_in(&there, &[MailState::Uncertain]).await, 3);
            }
            assert!(hold::holds(platform.db.read()).await.unwrap().is_empty());
            // From now on letters leave as ever.
            there.post("/api/public/sunrise/join").json(&json!({"email": "later@people.example"})).send().await.expect(202);
            assert_eq!(there.outbox().await.len(), 1);
            there.app.platform.db.clone().close().await.unwrap();
            target.remove().await;
        }
    });
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    everywhere(|app| async move {
        app.administrator().await;
        let folder = Folder::new();
        let file = folder.at("one.alongside");
        back_up(&app, &file).await;
        let before = schema::everything(app.app.platform.db.read()).await;
        let refused = bring_back(&folder, &app.url, &app.clock, &file).await.unwrap_err().to_string();
        assert!(refused.contains("not empty") && refused.contains("organisation: 1"), "{refused}");
        assert_eq!(before, schema::everything(app.app.platform.db.read()).await);
        assert!(!folder.at("secret.key").exists(), "a refusal leaves nothing behind");

        // A key file with another key.
        let target = databases::bare(app.backend).await;
        std::fs::write(folder.at("secret.key"), URL_SAFE_NO_PAD.encode([9; 32])).unwrap();
        let refused = bring_back(&folder, &target.url, &app.clock, &file).await.unwrap_err().to_string();
        assert!(refused.contains("another key"), "{refused}");
        assert_eq!(std::fs::read_to_string(folder.at("secret.key")).unwrap(), URL_SAFE_NO_PAD.encode([9; 32]));

        // A backup over a backup.
        let snapshot = app.app.platform.db.snapshot().await.unwrap();
        let plain = Recipients::read(&[], true).unwrap();
        let refused = backup::from(snapshot, key(), &app.clock, &file, &plain).await.unwrap_err().to_string();
        assert!(refused.contains("is not overwritten"), "{refused}");
        target.remove().await;
    });
}

#[test]
fn every_table_is_in_a_backup_behind_those_that_it_points_to() {
    everywhere(|app| async move {
        let db = app.app.platform.db.read();
        let listed = archive::tables();
        let mut names: Vec<String> = listed.iter().map(|table| table.name.clone()).collect();
        for (place, table) in listed.iter().enumerate() {
            let found: BTreeSet<String> = schema::columns(db, &table.name).await.into_iter().map(|(name, ..)| name).collect();
            let said: BTreeSet<String> = table.columns.iter().map(|column| column.name.clone()).collect();
            assert_eq!(found, said, "{}", table.name);
            for (target, here, _) in schema::references(db, &table.name).await {
                let before = names[..=place].contains(&target);
                assert!(before, "{} stands before {target}, which it points to", table.name);
                if target == "account" && table.of != archive::Of::Stays {
                    assert_eq!(here, ["account_id"], "a move looks for this name: {}", table.name);
                }
            }
            if table.of == archive::Of::Organisation {
                assert!(said.contains("organisation_id"), "{}", table.name);
            }
        }
        names.sort();
        assert_eq!(names, schema::tables(db).await, "a new table has to be put into commands/archive/tables.rs");
    });
}
