//! One organisation moves to another installation, between the databases, and takes nothing along that is somebody else's.

use super::*;
use crate::harness::{PASSWORD, Participant, organisation_body};
use alongside::commands::organisation;
use alongside::platform::Secret;
use entity::{ParticipantId, account, suppression};
use sea_orm::{ColumnTrait, QueryFilter};
use std::io::Read;

/// The key of the other installation.
pub const OTHER: [u8; 32] = [8; 32];

/// What the file of an organisation says, all of it.
fn text_of(path: &Path) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}

/// The rows of an organisation, table by table, without what a move changes on purpose.
pub async fn rows_of(app: &TestApp, organisation: &str, leave: &[&str]) -> std::collections::BTreeMap<&'static str, Vec<String>> {
    let mut all = schema::everything(app.app.platform.db.read()).await;
    all.retain(|table, _| !leave.contains(table));
    let name = format!("OrganisationId({organisation})");
    all.values_mut().for_each(|rows| rows.retain(|row| row.contains(&name)));
    all
}

pub async fn export(app: &TestApp, slug: &str, path: &Path) -> organisation::Written {
    let platform = &app.app.platform;
    let plain = Recipients::read(&[], true).unwrap();
    organisation::write_with(&platform.db, &platform.secret, &app.clock, slug, path, &plain).await.unwrap()
}

pub async fn import(app: &TestApp, path: &Path) -> alongside::platform::Result<organisation::Taken> {
    let platform = &app.app.platform;
    organisation::read(&platform.db, &platform.secret, &app.clock, path, &Keys::default()).await
}

/// A second organisation beside the one that moves, with people of its own.
async fn neighbours(app: &TestApp, story: &Story) -> Participant {
    let other = app.organisation(&story.ada, "moonlit").await;
    app.participant(&other, "nextdoor").await
}

#[test]
fn an_organisation_moves_between_the_databases_and_leaves_its_neighbours_out() {
    everywhere(|app| async move {
        let (story, consultation, old_link) = busy(&app).await;
        neighbours(&app, &story).await;
        // Somebody who wants no more letters, and letters that were not sent yet.
        let letters = story.invite(&consultation, json!({})).await;
        assert!(letters.is_empty(), "everybody was asked");
        let fay = story.person("fay", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        story.ada.post(&app, &format!("/opportunities/{consultation}/invitations"), &json!({})).await.expect(202);
        app.app.run_queue().await.unwrap();
        let seat = app.get("/api/invitation").token(&old_link).send().await.expect(200);

        let folder = Folder::new();
        let file = folder.at("sunrise.alongside");
        let written = export(&app, "sunrise", &file).await;
        assert_eq!(written.unknown, 0);
        let text = text_of(&file);
        for word in ["moonlit", "nextdoor"] {
            assert!(!text.contains(word), "{word} is somebody else's");
        }
        for word in [&key(), "account_session", "participant_session", "api_key", "idempotency"] {
            assert!(!text.contains(word), "{word} stays");
        }
        assert!(text.contains("fay@people.example"));

        for backend in Backend::available() {
            let target = databases::fresh(backend).await;
            let there = TestApp::over(backend, &target.url, Clock::fixed(app.clock.now(), 77), OTHER).await;
            // The same person works there already, with another password; and there is an organisation.
            let start = alongside::accounts::organisations::first_start(&there.app.platform).await.unwrap().unwrap();
            let body = json!({"token": start.reveal(), "email": "root@sunrise.example", "name": "Rosa", "password": "another long passphrase",
                "organisation": organisation_body("hillside")});
            there.post("/api/set-up").json(&body).send().await.expect(201);
            let taken = import(&there, &file).await.unwrap();
            assert_eq!((taken.slug.as_str(), taken.made, taken.known), ("sunrise", 0, 1));
            assert_eq!(taken.waiting, 1, "fay's letter");

            // Row by row the same, but for what hangs on the place: who is signed in, and whose account it is here. What changes on
            // the way is looked at row by row in `whole`.
            let leave = [
                "account_link",
                "audit_entry",
                "audit_head",
                "invitation_link",
                "mail_hold",
                "match_result",
                "membership",
                "participant_link",
                "participant_session",
                "suppression",
            ];
            let (before, after) =
                (rows_of(&app, &story.ada.organisation, &leave).await, rows_of(&there, &story.ada.organisation, &leave).await);
            assert_eq!(before, after, "{:?} to {backend:?}", app.backend);
            let id = entity::OrganisationId(story.ada.organisation.parse().unwrap());
            let db = there.app.platform.db.read();
            assert_eq!(audit::first_break(db, id).await.unwrap(), None);

            // Her password of that place opens both organisations, and the one from elsewhere opens nothing.
            let sign_in = async |password: &str| {
                there.post("/api/sign-in").json(&json!({"email": "root@sunrise.example", "password": password})).send().await
            };
            assert!(sign_in(PASSWORD).await.status.is_client_error());
            let token = sign_in("another long passphrase").await.expect(201).json["token"].as_str().unwrap().to_owned();
            let mine = there.get("/api/account").token(&token).send().await.expect(200);
            assert_eq!(mine.json["organisations"].as_array().unwrap().len(), 2, "{}", mine.text);

            // An old letter's link works, and shows the same.
            let shown = there.get("/api/invitation").token(&old_link).send().await.expect(200);
            assert_eq!(shown.json, seat.json);

            // Its letter waits for a word, and then carries a link that works here.
            assert_eq!(there.outbox().await.len(), 0);
            let platform = &there.app.platform;
            let held = hold::holds(db).await.unwrap();
            assert_eq!((held[0].why, held[0].organisation_id), (HoldReason::Moved, Some(id)));
            let tx = platform.db.begin().await.unwrap();
            hold::release(&tx, &platform.clock, &held[0]).await.unwrap();
            tx.commit().await.unwrap();
            let sent = there.outbox().await;
            assert_eq!(sent.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), [fay.email.as_str()]);
            there.get("/api/invitation").token(&sent[0].token("ai_")).send().await.expect(200);
            there.post("/api/public/unsubscribe").json(&json!({"token": sent[0].token("au_")})).send().await.expect(204);
            // So does the link that the old place would have sent.
            let letter = mail_message::Entity::find()
                .filter(mail_message::Column::Address.eq(&fay.email))
                .filter(mail_message::Column::Kind.eq(alongside::invitations::INVITE))
                .one(db)
                .await
                .unwrap()
                .unwrap();
            let old = Secret::new(SECRET).token(alongside::platform::secret::TokenKind::Invitation, letter.id.0);
            there.get("/api/invitation").token(old.reveal()).send().await.expect(200);

            let again = import(&there, &file).await.unwrap_err().to_string();
            assert!(again.contains("is here already"), "{again}");
            there.app.platform.db.clone().close().await.unwrap();
            target.remove().await;
        }
        app.outbox().await;
    });
}

#[test]
fn who_wants_no_letters_gets_none_at_the_new_place_and_draws_stay_what_they_were() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for name in ["ben", "cat", "dan"] {
            story.person(name, json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        }
        let id = story.open("workshop", "co_design", json!({})).await;
        let letters = story.invite(&id, json!({})).await;
        let link = letters[0].token("ai_");
        let number = app.get("/api/invitation").token(&link).send().await.expect(200).json["draw_number"].clone();
        assert!(number.is_string());
        app.post("/api/public/unsubscribe").json(&json!({"token": letters[0].token("au_")})).send().await.expect(204);
        let run = app.get("/api/invitation").token(&link).send().await.expect(200).json["draw"].as_str().unwrap().to_owned();
        let draw = async |app: &TestApp| {
            let order = app.get(format!("/api/public/sunrise/draws/{run}/order")).send().await.expect(200).text;
            (order, app.get(format!("/api/public/sunrise/draws/{run}/pool")).send().await.expect(200).text)
        };
        let drawn = draw(&app).await;

        let folder = Folder::new();
        let file = folder.at("sunrise.alongside");
        export(&app, "sunrise", &file).await;
        let target = databases::fresh(app.backend).await;
        let there = TestApp::over(app.backend, &target.url, Clock::fixed(app.clock.now(), 77), OTHER).await;
        let taken = import(&there, &file).await.unwrap();
        assert_eq!((taken.made, taken.known), (1, 0));
        assert_eq!(draw(&there).await, drawn, "numbers in a draw stay the same");
        assert_eq!(there.get("/api/invitation").token(&link).send().await.expect(200).json["draw_number"], number);
        // An account that came along has its password.
        let ada = there.sign_in_again(&story.ada).await;
        let checked = ada.get(&there, &format!("/opportunities/{id}/matches/{run}/draw")).send().await.expect(200);
        assert_eq!(checked.json["verified"], true, "{}", checked.text);

        let db = there.app.platform.db.read();
        let people = participant::Entity::find().all(db).await.unwrap();
        let stopped = people.iter().find(|person| person.email == letters[0].to).unwrap();
        let platform = &there.app.platform;
        let of = alongside::platform::mail::suppression::of(db, platform, stopped.organisation_id, &stopped.email).await.unwrap();
        assert_eq!(of.len(), 1, "the wish came along");
        let hashes: Vec<Vec<u8>> =
            suppression::Entity::find().all(db).await.unwrap().into_iter().map(|row| row.address_hash).collect();
        let old = Secret::new(SECRET).address_hash(stopped.organisation_id.0, &stopped.email_key);
        assert!(!hashes.contains(&old), "under the key of this place");
        assert!(people.iter().all(|person| person.id != ParticipantId(uuid::Uuid::nil())));

        // A name that is taken here.
        let mover = there.organisation(&ada, "moonlit").await;
        assert!(!mover.organisation.is_empty());
        let clash = databases::fresh(app.backend).await;
        let clashing = TestApp::over(app.backend, &clash.url, Clock::fixed(app.clock.now(), 78), OTHER).await;
        clashing.administrator().await;
        let refused = import(&clashing, &file).await.unwrap_err().to_string();
        assert!(refused.contains("sunrise") && refused.contains("change one"), "{refused}");
        assert_eq!(account::Entity::find().all(clashing.app.platform.db.read()).await.unwrap().len(), 1, "nothing of it stays");
        for (one, place) in [(&there, target), (&clashing, clash)] {
            one.app.platform.db.clone().close().await.unwrap();
            place.remove().await;
        }
    });
}

/// The same file with one more row behind the head of a table, and an end that fits it.
fn forge(from: &Path, to: &Path, table: &str, add: &str) {
    use std::io::Write;
    let text = text_of(from);
    let (body, end) = text.trim_end().rsplit_once('\n').unwrap();
    let head = format!("{{\"table\":{{\"name\":\"{table}\"");
    let mut lines: Vec<&str> = body.lines().collect();
    let at = lines.iter().position(|line| line.starts_with(&head)).unwrap();
    lines.insert(at + 1, add);
    let body = lines.join("\n") + "\n";
    let mut end: serde_json::Value = serde_json::from_str(end).unwrap();
    let rows = &mut end["end"]["rows"][table];
    *rows = (rows.as_u64().unwrap_or(0) + 1).into();
    end["end"]["sha256"] = alongside::platform::secret::hex(&alongside::platform::secret::sha256(body.as_bytes())).into();
    let mut out = flate2::write::GzEncoder::new(std::fs::File::create(to).unwrap(), flate2::Compression::default());
    out.write_all(format!("{body}{end}\n").as_bytes()).unwrap();
    out.finish().unwrap();
}

/// A row of a table, in the order of the file's columns.
fn row(file: &Path, table: &str, cells: &[(&str, serde_json::Value)]) -> String {
    let head = format!("{{\"table\":{{\"name\":\"{table}\"");
    let head: serde_json::Value =
        serde_json::from_str(text_of(file).lines().find(|line| line.starts_with(&head)).unwrap()).unwrap();
    let columns = head["table"]["columns"].as_array().unwrap();
    let cell = |column: &serde_json::Value| {
        let found = cells.iter().find(|(name, _)| column[0] == *name);
        found.map_or(serde_json::Value::Null, |(_, value)| value.clone())
    };
    serde_json::Value::Array(columns.iter().map(cell).collect()).to_string()
}

#[test]
fn a_file_that_was_made_up_touches_nobody_who_is_here_already() {
    everywhere(|app| async move {
        let (story, _, _) = busy(&app).await;
        let folder = Folder::new();
        let file = folder.at("sunrise.alongside");
        export(&app, "sunrise", &file).await;
        let target = databases::fresh(app.backend).await;
        let there = TestApp::over(app.backend, &target.url, Clock::fixed(app.clock.now(), 77), OTHER).await;
        let neighbour = there.administrator_of("hillside").await;
        let person = there.participant(&neighbour, "nextdoor").await;
        let db = there.app.platform.db.read();
        let before = schema::everything(db).await;
        let (mine, theirs) = (story.ada.organisation.as_str(), neighbour.organisation.as_str());
        let id = || app.clock.new_id::<uuid::Uuid>().to_string();
        let job = |kind: &str, payload: serde_json::Value, unique: serde_json::Value, organisation: serde_json::Value| {
            let now = "2027-03-01T09:00:00Z";
            let cells = [
                ("id", json!(id())),
                ("kind", json!(kind)),
                ("payload", json!([payload])),
                ("priority", json!(0)),
                ("state", json!("waiting")),
                ("attempts", json!(0)),
                ("run_at", json!(now)),
                ("lease_token", json!(0)),
                ("unique_key", unique),
                ("organisation_id", organisation),
                ("created_at", json!(now)),
            ];
            ("job", row(&file, "job", &cells))
        };
        let letter = mail_message::Entity::find().one(db).await.unwrap().unwrap().id.0.to_string();
        let event = [
            ("id", json!(id())),
            ("message_id", json!(letter)),
            ("at", json!("2027-03-01T09:00:00Z")),
            ("event", json!("failed")),
        ];
        let (none, here) = (serde_json::Value::Null, json!(mine));
        let erases = json!({"organisation": theirs, "participant": person.id, "purpose": "participate", "scope": theirs,
            "effect": "erase_all_identifiable", "event": id()});
        let reminds = json!({"organisation": mine, "opportunity": id()});
        let forged = [
            (job("consent.withdrawn", erases.clone(), none.clone(), here.clone()), "another organisation"),
            (job("consent.withdrawn", erases, none.clone(), none.clone()), "another organisation"),
            (job("invitations.reminders", json!({"opportunity": id()}), none.clone(), here.clone()), "another organisation"),
            (job("mail.cancelled", json!({"mailing": id()}), none.clone(), here.clone()), "another organisation"),
            (job("invitations.reminders", reminds, json!("webhooks.look"), here.clone()), "another organisation"),
            (job("accounts.reset_asked", json!({"account": id(), "organisation": mine}), none, here), "no organisation has"),
            (("mail_event", row(&file, "mail_event", &event)), "a letter that is not in it"),
        ];
        for ((table, line), why) in forged {
            let made_up = folder.at(&format!("{}.alongside", id()));
            forge(&file, &made_up, table, &line);
            let refused = import(&there, &made_up).await.unwrap_err().to_string();
            assert!(refused.contains(why), "{line}: {refused}");
            assert_eq!(schema::everything(db).await, before, "{line}");
        }
        import(&there, &file).await.unwrap();
        there.app.platform.db.clone().close().await.unwrap();
        target.remove().await;
        app.outbox().await;
    });
}

#[test]
fn every_job_that_names_an_organisation_is_known_to_move_with_it() {
    // What runs for the whole installation, or for an account that may work for several.
    let stay = ["accounts.reset_asked", "webhooks.look", "opportunities.close_due", "matching.draw_due", "invitations.ask_again"];
    let stay = stay.into_iter().chain(["invitations.undelivered", "invitations.let_go", "platform.forget_keys"]);
    let stay = stay.chain(["trials.look_after", "choices.review_due", "choices.silence_due", "parts.look_after", "mail.read"]);
    let stay = stay.chain(["mail.answered"]);
    let named: BTreeSet<&str> = stay.chain(alongside::app::ORGANISATION_JOBS).collect();
    let kinds: BTreeSet<&str> = alongside::app::queue().kinds().collect();
    assert_eq!(kinds, named);
}
