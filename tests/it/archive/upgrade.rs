//! The first release's database, which is kept here as a file, is brought up to date with everything in it.
//!
//! It was made by the program of that release (`tests/fixtures/first-release/README.md` says how) with the demo's people and
//! their letters. The SQLite file is migrated as the next start would do it; the backup of the same is brought back on both.

use super::*;
use alongside::{app::App, platform::Secret, platform::mail::transport::Memory, platform::secret::TokenKind};
use entity::{InvitationState, invitation, invitation_link, participant_link};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use std::{io::Read, sync::Arc};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/first-release").join(name)
}

/// The key of that installation.
fn its_key() -> [u8; 32] {
    let (header, _) = archive::check(&fixture("everything.alongside"), &Keys::default()).unwrap();
    assert_eq!(header.migrations.last().map(String::as_str), Some("m0001_13_feedback"), "of the first release");
    URL_SAFE_NO_PAD.decode(header.secret_key.unwrap()).unwrap().try_into().unwrap()
}

/// Some days after it was made.
fn later() -> Clock {
    Clock::fixed(Utc.with_ymd_and_hms(2026, 12, 1, 9, 0, 0).unwrap(), 5)
}

/// What people rely on is there, and is read through the API.
async fn all_is_there(app: &TestApp) {
    let db = app.app.platform.db.read();
    let organisation = organisation::Entity::find().one(db).await.unwrap().unwrap();
    let body = json!({"email": "rosa@riverside.example", "password": "walking alongside one another"});
    let token = app.post("/api/sign-in").json(&body).send().await.expect(201).json["token"].as_str().unwrap().to_owned();
    let get = async |path: &str| {
        let path = format!("/api/organisations/{}{path}", organisation.id);
        app.get(path).token(&token).send().await.expect(200).json
    };
    assert_eq!(get("/people?limit=100").await["items"].as_array().unwrap().len(), 20);
    assert_eq!(get("/mailings").await["items"].as_array().unwrap().len(), 7);
    assert_eq!(get("/audit/check").await["whole"], true);
    let opportunities = get("/opportunities").await;
    assert_eq!(opportunities["items"].as_array().unwrap().len(), 2);
    app.get("/api/public/riverside/reports").send().await.expect(200);

    // A person signs in by letter and finds their choices and what they agreed to.
    let joined = participant::Entity::find()
        .filter(participant::Column::State.eq(entity::ParticipantState::Joined))
        .filter(participant::Column::PreferenceId.is_not_null());
    let person = joined.one(db).await.unwrap().unwrap();
    let ask = json!({"email": person.email});
    app.post("/api/public/riverside/sign-in").json(&ask).send().await.expect(202);
    let letters = app.outbox().await;
    let letter =
        letters.iter().find(|letter| letter.to == person.email && letter.text().contains("aj_")).expect("a letter to sign in");
    let open = json!({"token": letter.token("aj_")});
    let token =
        app.post("/api/public/riverside/confirm").json(&open).send().await.expect(201).json["token"].as_str().unwrap().to_owned();
    app.get("/api/me/preferences").token(&token).send().await.expect(200);
    let consents = app.get("/api/me/consents").token(&token).send().await.expect(200);
    assert!(consents.text.contains("contact_invite"), "{}", consents.text);

    // Links of that day's letters still open.
    let secret = &app.app.platform.secret;
    let link = invitation_link::Entity::find().order_by_asc(invitation_link::Column::Id).one(db).await.unwrap().unwrap();
    let link = secret.token(TokenKind::Invitation, link.id.0);
    app.get("/api/invitation").token(link.reveal()).send().await.expect(200);
    let stop = participant_link::Entity::find()
        .filter(participant_link::Column::Purpose.eq(entity::ParticipantLinkPurpose::Unsubscribe))
        .one(db)
        .await
        .unwrap()
        .unwrap();
    let stop = secret.token(TokenKind::Unsubscribe, stop.id.0);
    app.post("/api/public/unsubscribe").json(&json!({"token": stop.reveal()})).send().await.expect(204);
    let asked = invitation::Entity::find().filter(invitation::Column::State.ne(InvitationState::Ended));
    assert!(!asked.all(db).await.unwrap().is_empty());
    app.run_jobs().await;
}

#[test]
fn the_first_releases_file_is_brought_up_to_date_by_the_next_start() {
    let _watched = Watched::begin();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = Folder::new();
        let mut bytes = Vec::new();
        let packed = std::fs::File::open(fixture("alongside.db.gz")).unwrap();
        flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
        std::fs::write(folder.at("alongside.db"), bytes).unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.at("alongside.db").display());
        let config = config(&folder, &url);
        std::fs::write(&config.secret_file, URL_SAFE_NO_PAD.encode(its_key())).unwrap();
        let opened = App::open(config, later(), Arc::new(Memory::default())).await.unwrap();
        opened.platform.db.close().await.unwrap();
        let app = TestApp::over(Backend::Sqlite, &url, later(), its_key()).await;
        all_is_there(&app).await;
        app.app.platform.db.clone().close().await.unwrap();
    });
}

#[test]
fn the_first_releases_backup_is_brought_back_and_up_to_date_on_both_databases() {
    let _watched = Watched::begin();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut before = None;
        for backend in Backend::available() {
            let (folder, target) = (Folder::new(), databases::bare(backend).await);
            let restored = bring_back(&folder, &target.url, &later(), &fixture("everything.alongside")).await.unwrap();
            assert_eq!(restored.breaks, []);
            assert!(restored.rows.values().filter(|rows| **rows > 0).count() > 45);
            let app = TestApp::over(backend, &target.url, later(), its_key()).await;
            let mut found = schema::everything(app.app.platform.db.read()).await;
            found.remove("mail_hold");
            assert!(before.as_ref().is_none_or(|before| *before == found), "both databases hold the same");
            before = Some(found);

            // Once more through today's program, to the other kind: nothing is lost on any way.
            let file = folder.at("again.alongside");
            let snapshot = app.app.platform.db.snapshot().await.unwrap();
            let key = URL_SAFE_NO_PAD.encode(its_key());
            backup::from(snapshot, key, &later(), &file, &Recipients::read(&[], true).unwrap()).await.unwrap();
            for other in Backend::available() {
                let (place, second) = (Folder::new(), databases::bare(other).await);
                bring_back(&place, &second.url, &later(), &file).await.unwrap();
                let there = TestApp::over(other, &second.url, later(), its_key()).await;
                let mut found = schema::everything(there.app.platform.db.read()).await;
                found.remove("mail_hold");
                assert_eq!(before.as_ref(), Some(&found), "{backend:?} to {other:?}");
                there.app.platform.db.clone().close().await.unwrap();
                second.remove().await;
            }

            let platform = &app.app.platform;
            let tx = platform.db.begin().await.unwrap();
            for held in hold::holds(&tx).await.unwrap() {
                hold::leave(&tx, platform, &held).await.unwrap();
            }
            tx.commit().await.unwrap();
            all_is_there(&app).await;
            platform.db.clone().close().await.unwrap();
            target.remove().await;
        }
    });
}

#[test]
fn a_backup_of_a_later_version_is_refused_by_name() {
    use std::io::Write;
    let _watched = Watched::begin();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = Folder::new();
        let lines = "{\"header\":{\"format\":\"alongside\",\"version\":1,\"kind\":\"backup\",\"made_at\":\"2030-01-01T00:00:00Z\",\
                     \"program\":\"9.0.0\",\"database\":\"sqlite\",\"migrations\":[\"m0001_01_accounts\",\"m9999_01_later\"],\
                     \"secret_key\":\"x\"}}\n";
        let digest = alongside::platform::secret::hex(&alongside::platform::secret::sha256(lines.as_bytes()));
        let text = format!("{lines}{{\"end\":{{\"rows\":{{}},\"sha256\":\"{digest}\"}}}}\n");
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(text.as_bytes()).unwrap();
        std::fs::write(folder.at("later.alongside"), out.finish().unwrap()).unwrap();
        let target = databases::bare(Backend::Sqlite).await;
        let refused = bring_back(&folder, &target.url, &later(), &folder.at("later.alongside")).await.unwrap_err().to_string();
        assert!(refused.contains("later version"), "{refused}");
        assert!(Secret::open(&folder.at("secret.key"), [1; 32]).is_ok(), "no key was written, so one can be made");
        target.remove().await;
    });
}
