//! Joining, signing in, stopping letters.

use crate::harness::{Answer, Persona, TestApp, everywhere};
use alongside::{
    app::App,
    participants,
    platform::{Db, mail, secret::TokenKind},
};
use chrono::Duration;
use entity::{OrganisationId, SuppressionReason, mail_message, suppression};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

async fn join(app: &TestApp, at: &Persona, email: &str) -> Answer {
    app.post(format!("/api/public/{}/join", at.slug)).json(&json!({"email": email})).send().await
}

async fn confirm(app: &TestApp, at: &Persona, token: &str) -> Answer {
    app.post(format!("/api/public/{}/confirm", at.slug)).json(&json!({"token": token})).send().await
}

async fn send(app: &TestApp, who: &Persona, file: &str) -> Answer {
    let call = app.post(who.path("/people/import")).token(&who.token);
    call.bytes(file.as_bytes().to_vec(), "text/csv").send().await.expect(200)
}

async fn state(app: &TestApp, ada: &Persona, email: &str) -> String {
    let people = ada.get(app, "/people").send().await.expect(200);
    let list = people.json["items"].as_array().unwrap().clone();
    let found = list.iter().find(|person| person["email"] == email).unwrap_or_else(|| panic!("{}", people.text));
    found["state"].as_str().unwrap().to_owned()
}

#[test]
fn joining_takes_a_letter_and_its_link_works_once() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let wish = json!({"email": " Ben@People.example", "name": "Ben", "language": "cy"});
        app.post("/api/public/sunrise/join").json(&wish).send().await.expect(202);
        assert_eq!(state(&app, &ada, "Ben@People.example").await, "invited");
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 1);
        assert!(letters[0].text().contains("https://alongside.test/join/aj_"));
        let token = letters[0].token("aj_");
        let opened = confirm(&app, &ada, &token).await.expect(201);
        let session = opened.json["token"].as_str().unwrap();
        let me = app.get("/api/me").token(session).send().await.expect(200);
        assert_eq!(me.json["name"], "Ben");
        assert_eq!(me.json["language"], "cy");
        assert_eq!(me.json["state"], "joined");
        assert_eq!(me.json["organisation"], "sunrise trust");
        assert_eq!(me.json["id"], opened.json["participant"]);
        confirm(&app, &ada, &token).await.expect(410);
        confirm(&app, &ada, "aj_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await.expect(410);
        confirm(&app, &ada, "nonsense").await.expect(410);
        join(&app, &ada, "no address").await.expect(422);
        app.post("/api/public/nowhere/join").json(&wish).send().await.expect(404);
    });
}

#[test]
fn a_name_that_somebody_else_wrote_does_not_stay() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        for (email, own) in [("ben@people.example", json!("Ben")), ("cat@people.example", json!(null))] {
            let strange = json!({"email": email, "name": "Somebody silly", "language": "de"});
            app.post("/api/public/sunrise/join").json(&strange).send().await.expect(202);
            app.outbox().await;
            let mut wish = json!({"email": email, "language": "cy"});
            if own.is_string() {
                wish["name"] = own.clone();
            }
            app.post("/api/public/sunrise/join").json(&wish).send().await.expect(202);
            let token = app.outbox().await[0].token("aj_");
            let opened = confirm(&app, &ada, &token).await.expect(201).json;
            let me = app.get("/api/me").token(opened["token"].as_str().unwrap()).send().await.expect(200).json;
            assert_eq!((&me["name"], &me["language"]), (&own, &json!("cy")));
        }
    });
}

#[test]
fn the_answer_is_the_same_whatever_is_known_about_an_address() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        let eve = app.participant(&ada, "eve").await;
        app.post("/api/me/leave").token(&eve.token).send().await.expect(200);
        let new = join(&app, &ada, "new@people.example").await.expect(202);
        let invited = join(&app, &ada, "new@people.example").await.expect(202);
        let joined = join(&app, &ada, &ben.email).await.expect(202);
        let left = join(&app, &ada, &eve.email).await.expect(202);
        for other in [&invited, &joined, &left] {
            assert_eq!(new.text, other.text);
        }
        let letters = app.outbox().await;
        let subject = |to: &str| letters.iter().filter(|letter| letter.to == to).map(|letter| letter.text()).collect::<Vec<_>>();
        assert_eq!(subject("new@people.example").len(), 2);
        assert!(subject(&ben.email)[0].contains("Your link to sunrise trust"));
        assert!(subject(&eve.email)[0].contains("Confirm that you want to join"));
        let ask = async |email: &str| app.post("/api/public/sunrise/sign-in").json(&json!({"email": email})).send().await;
        let known = ask(&ben.email).await.expect(202);
        for email in ["nobody@people.example", "new@people.example"] {
            assert_eq!(ask(email).await.expect(202).text, known.text);
        }
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 1, "people who have not joined get no link to sign in");
        assert_eq!(letters[0].to, ben.email);
    });
}

#[test]
fn links_end_and_a_link_to_sign_in_does_not_bring_back_who_has_left() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        let link = async || {
            app.post("/api/public/sunrise/sign-in").json(&json!({"email": ben.email})).send().await.expect(202);
            app.outbox().await[0].token("aj_")
        };
        let old = link().await;
        app.clock.advance(Duration::minutes(16));
        confirm(&app, &ada, &old).await.expect(410);
        let fresh = link().await;
        let opened = confirm(&app, &ada, &fresh).await.expect(201);
        let unused = link().await;
        let token = opened.json["token"].as_str().unwrap();
        app.post("/api/me/leave").token(token).send().await.expect(200);
        confirm(&app, &ada, &unused).await.expect(410);
        app.get("/api/me").token(token).send().await.expect(401);
        app.get("/api/me").token(&ben.token).send().await.expect(401);
        join(&app, &ada, &ben.email).await.expect(202);
        let again = app.outbox().await[0].token("aj_");
        confirm(&app, &ada, &again).await.expect(201);
        assert_eq!(state(&app, &ada, &ben.email).await, "joined");
    });
}

#[test]
fn letters_are_not_sent_when_they_no_longer_make_sense() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        join(&app, &ada, "late@people.example").await.expect(202);
        app.clock.advance(Duration::hours(49));
        assert!(app.outbox().await.is_empty(), "the link in it has ended");
    });
}

#[test]
fn links_lead_to_an_own_front_end_where_there_is_one() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let mut facts = crate::harness::organisation_body("sunrise");
        facts["link_template"] = json!("https://front.example/{kind}#{token}");
        ada.put(&app, "", &facts).await.expect(200);
        join(&app, &ada, "ben@people.example").await.expect(202);
        assert!(app.outbox().await[0].text().contains("https://front.example/join#aj_"));
    });
}

#[test]
fn organisations_do_not_take_each_others_links() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let moon = app.organisation(&ada, "moon").await;
        join(&app, &ada, "ben@people.example").await.expect(202);
        let token = app.outbox().await[0].token("aj_");
        confirm(&app, &moon, &token).await.expect(410);
        confirm(&app, &ada, &token).await.expect(201);
        let people = moon.get(&app, "/people").send().await.expect(200);
        assert_eq!(people.json["items"], json!([]));
    });
}

#[test]
fn one_address_cannot_be_flooded() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let mut config = (*app.app.platform.config).clone();
        config.sign_in_limit = 2;
        let platform = app.app.platform.clone();
        let db = Db::connect(&app.url, 2).await.unwrap();
        let transport = std::sync::Arc::new(alongside::platform::mail::transport::Memory::default());
        let limited = App::assemble(config, platform.clock, db.clone(), platform.secret, transport).unwrap();
        let client = poem::test::TestClient::new(limited.endpoint());
        let ask = async |email: &str| {
            let response = client.post("/api/public/sunrise/join").body_json(&json!({"email": email})).send().await;
            response.0.status().as_u16()
        };
        let asked = [ask("a@people.example").await, ask("b@people.example").await, ask("c@people.example").await];
        assert_eq!(asked, [202, 202, 429]);
        db.close().await.unwrap();
        app.outbox().await;
        assert_eq!(ada.get(&app, "/people").send().await.json["items"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn letters_stop_with_one_click_and_for_ever() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        send(&app, &ada, "email\nben@people.example\n").await;
        let letters = app.outbox().await;
        let (stop, join_link) = (letters[0].token("au_"), letters[0].token("aj_"));
        for path in [format!("/api/public/unsubscribe?token={stop}"), "/api/public/sunrise/confirm".to_owned()] {
            app.get(path).send().await.expect(405);
        }
        assert_eq!(send(&app, &ada, "email\nben@people.example\n").await.json["unchanged"], 1);
        app.clock.advance(Duration::days(400));
        for _ in 0..3 {
            participants::unsubscribe(&app.app.platform, &stop, false).await.unwrap();
            app.post("/api/public/unsubscribe").json(&json!({"token": stop})).send().await.expect(204);
        }
        app.post("/api/public/unsubscribe").json(&json!({"token": stop, "everything": true})).send().await.expect(204);
        app.post("/api/public/unsubscribe").json(&json!({"token": join_link})).send().await.expect(404);
        let rows = suppression::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        let mut scopes: Vec<_> = rows.iter().map(|row| row.scope.as_str()).collect();
        scopes.sort_unstable();
        assert_eq!(scopes, ["all", "participants"]);
        // Whoever asks for a letter themselves still gets it.
        join(&app, &ada, "ben@people.example").await.expect(202);
        assert_eq!(app.outbox().await.len(), 1);
    });
}

#[test]
fn who_does_not_want_letters_gets_none_from_a_file() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let platform = &app.app.platform;
        let organisation: OrganisationId = ada.organisation.parse().unwrap();
        // The wish has outlived every other trace of the person.
        let row = suppression::ActiveModel {
            organisation_id: Set(organisation),
            id: Set(app.clock.new_id()),
            address_hash: Set(platform.secret.address_hash(organisation.0, "eve@people.example")),
            scope: Set("all".to_owned()),
            reason: Set(SuppressionReason::Recorded),
            created_at: Set(app.clock.now()),
            expires_at: Set(None),
        };
        suppression::Entity::insert(row).exec_without_returning(platform.db.write()).await.unwrap();
        let made = send(&app, &ada, "email\nben@people.example\nEve@people.example\n").await;
        assert_eq!((made.json["invited"].as_i64(), made.json["refused"].as_i64()), (Some(1), Some(1)));
        // A letter that waits is not sent either, once its recipient has said no.
        let waiting = mail_message::Entity::find()
            .filter(mail_message::Column::Kind.eq(participants::JOIN_INVITATION))
            .one(platform.db.read())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(waiting.address, "ben@people.example");
        let stop = platform.secret.token(TokenKind::Unsubscribe, waiting.id.0);
        participants::unsubscribe(platform, stop.reveal(), false).await.unwrap();
        assert!(app.outbox().await.is_empty());
        let people = ada.get(&app, "/people").send().await.expect(200);
        assert!(!people.text.to_lowercase().contains("eve"));
    });
}

#[test]
fn whoever_reads_a_letter_with_a_link_is_written_to_again() {
    use SuppressionReason::{Bounced, Complained, Recorded, Unsubscribed};
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let moon = app.organisation(&ada, "moonlight").await;
        let platform = &app.app.platform;
        let ours: OrganisationId = ada.organisation.parse().unwrap();
        let theirs: OrganisationId = moon.organisation.parse().unwrap();
        let stop = async |organisation, address: &str, kind: &str, reason| {
            mail::suppression::suppress(platform.db.write(), platform, organisation, address, kind, reason, None).await.unwrap();
        };
        let left = async |organisation, address: &str| {
            let rows = mail::suppression::of(platform.db.read(), platform, organisation, address).await.unwrap();
            rows.into_iter().map(|row| (row.scope, row.reason)).collect::<Vec<_>>()
        };
        let link = async |address: &str| {
            join(&app, &ada, address).await.expect(202);
            app.outbox().await[0].token("aj_")
        };
        let all = mail::suppression::ALL;
        // Joining by a link shows it as well as signing in does.
        stop(ours, "ben@people.example", all, Bounced).await;
        let token = link("ben@people.example").await;
        assert_eq!(left(ours, "ben@people.example").await, [(all.to_owned(), Bounced)], "asking shows nothing");
        confirm(&app, &ada, &token).await.expect(201);
        assert!(left(ours, "ben@people.example").await.is_empty());
        // What the person wants stays, here and whatever comes first; so does what is about others.
        stop(ours, "ben@people.example", all, Bounced).await;
        stop(ours, "ben@people.example", "invitations.invite", Unsubscribed).await;
        stop(ours, "eve@people.example", all, Bounced).await;
        stop(theirs, "ben@people.example", all, Bounced).await;
        app.clock.advance(Duration::hours(1));
        let token = link("ben@people.example").await;
        confirm(&app, &ada, &token).await.expect(201);
        assert_eq!(left(ours, "ben@people.example").await, [("invitations".to_owned(), Unsubscribed)]);
        assert_eq!(left(ours, "eve@people.example").await, [(all.to_owned(), Bounced)]);
        assert_eq!(left(theirs, "ben@people.example").await, [(all.to_owned(), Bounced)]);
        // A refusal that came after the letter was made says more than the letter.
        app.clock.advance(Duration::hours(1));
        let token = link("ben@people.example").await;
        app.clock.advance(Duration::minutes(5));
        stop(ours, "ben@people.example", all, Bounced).await;
        confirm(&app, &ada, &token).await.expect(201);
        assert!(left(ours, "ben@people.example").await.contains(&(all.to_owned(), Bounced)));
        // A wish takes the place of a refusal, and no refusal that of a wish.
        for (address, wish) in [("cid@people.example", Complained), ("dot@people.example", Recorded)] {
            stop(ours, address, all, Bounced).await;
            stop(ours, address, all, wish).await;
            stop(ours, address, all, Bounced).await;
            let token = link(address).await;
            confirm(&app, &ada, &token).await.expect(201);
            assert_eq!(left(ours, address).await, [(all.to_owned(), wish)]);
        }
    });
}
