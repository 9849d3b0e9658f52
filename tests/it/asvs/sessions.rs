//! V7: sessions of people and of staff.

use crate::{
    harness::{Backend, PASSWORD, Persona, TestApp, everywhere, on},
    walk::pages,
};
use alongside::platform::secret::{Token, TokenKind};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD};
use chrono::Duration;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Opens a link to sign in in a browser that holds this cookie; answers the new one.
async fn enter(app: &TestApp, email: &str, cookie: &str) -> String {
    app.post("/api/public/sunrise/sign-in").json(&json!({"email": email})).send().await.expect(202);
    let token = app.outbox().await[0].token("aj_");
    let entered = app.post(format!("/sign-in/{token}")).header("cookie", cookie).send().await.expect(303);
    entered.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

async fn home(app: &TestApp, cookie: &str) -> u16 {
    app.get("/o/sunrise/me").header("cookie", cookie).send().await.status.as_u16()
}

async fn sign_in(app: &TestApp) -> String {
    let body = json!({"email": "root@sunrise.example", "password": PASSWORD});
    app.post("/api/sign-in").json(&body).send().await.expect(201).json["token"].as_str().unwrap().to_owned()
}

async fn staff(app: &TestApp, token: &str) -> u16 {
    app.get("/api/account").token(token).send().await.status.as_u16()
}

/// Tokens are looked up here at every request; one that nobody was given opens nothing.
#[test]
fn v7_2_1_tokens_are_looked_up_at_every_request() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        app.participant(&ada, "ben").await;
        let made_up = Token::new(TokenKind::Participant, [9; 32]);
        assert_eq!(home(&app, &format!("__Secure-person={}", made_up.reveal())).await, 303);
        app.get("/api/me").token(made_up.reveal()).send().await.expect(401);
        let made_up = Token::new(TokenKind::Staff, [9; 32]);
        assert_eq!(staff(&app, made_up.reveal()).await, 401);
    });
}

/// Sessions are 256 random bits each, no two alike, and the database knows their hash.
#[test]
fn v7_2_3_sessions_are_long_random_numbers() {
    everywhere(|app| async move {
        app.administrator().await;
        let mut all = BTreeSet::new();
        for _ in 0..8 {
            let token = sign_in(&app).await;
            assert!(Token::parse(&token).is_some_and(|(kind, _)| kind == TokenKind::Staff) && token.len() == 46, "{token}");
            all.insert(token);
        }
        assert_eq!(all.len(), 8);
        let held = crate::walk::held(&app, &[]).await;
        assert!(all.iter().all(|token| !held["account_session"].contains(&token[3..])));
    });
}

/// Signing in makes a new session, whatever the browser held, and ends the one it held.
#[test]
fn v7_2_4_signing_in_makes_a_new_session_and_ends_the_old_one() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        let planted = format!("__Secure-person={}", Token::new(TokenKind::Participant, [3; 32]).reveal());
        let first = enter(&app, &ben.email, &planted).await;
        assert_ne!(first, planted);
        assert_eq!(home(&app, &planted).await, 303, "what was planted opens nothing");
        let second = enter(&app, &ben.email, &first).await;
        assert_eq!((home(&app, &first).await, home(&app, &second).await), (303, 200));
    });
}

/// A session that nobody uses ends: after two hours for people, after twelve for staff.
#[test]
fn v7_3_1_a_session_that_nobody_uses_ends() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        let (person, root) = (enter(&app, &ben.email, "").await, sign_in(&app).await);
        app.clock.advance(Duration::minutes(119));
        assert_eq!((home(&app, &person).await, staff(&app, &root).await), (200, 200), "used, so it goes on");
        app.clock.advance(Duration::minutes(119));
        assert_eq!(home(&app, &person).await, 200);
        app.clock.advance(Duration::minutes(121));
        assert_eq!((home(&app, &person).await, staff(&app, &root).await), (303, 200));
        app.clock.advance(Duration::hours(12) + Duration::minutes(1));
        assert_eq!(staff(&app, &root).await, 401);
    });
}

/// A session ends also when it is used all the time: after a day for people, after thirty for staff.
#[test]
fn v7_3_2_a_session_ends_however_much_it_is_used() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        let person = enter(&app, &ben.email, "").await;
        for hour in 1..=23 {
            app.clock.advance(Duration::hours(1));
            assert_eq!(home(&app, &person).await, 200, "after {hour} hours");
        }
        app.clock.advance(Duration::hours(1));
        assert_eq!(home(&app, &person).await, 303);
    });
}

/// A session that was ended is ended here, not in the browser alone.
#[test]
fn v7_4_1_what_was_ended_opens_nothing() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        let (person, root) = (enter(&app, &ben.email, "").await, sign_in(&app).await);
        app.post("/o/sunrise/me/sign-out").header("cookie", &person).send().await.expect(303);
        assert_eq!(home(&app, &person).await, 303);
        app.get("/api/me").token(person.split('=').nth(1).unwrap()).send().await.expect(401);
        app.post("/api/sign-out").token(&root).send().await.expect(204);
        assert_eq!(staff(&app, &root).await, 401);
    });
}

/// Whoever leaves, or loses their role, is out at once, on every device.
#[test]
fn v7_4_2_who_leaves_is_out_everywhere() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        let (one, two) = (enter(&app, &ben.email, "").await, enter(&app, &ben.email, "").await);
        assert_eq!((home(&app, &one).await, home(&app, &two).await), (200, 200));
        app.post("/o/sunrise/me/leave").header("cookie", &one).send().await.expect(303);
        assert_eq!((home(&app, &one).await, home(&app, &two).await), (303, 303));
        app.get("/api/me").token(&ben.token).send().await.expect(401);
        let carl = app.coordinator(&ada, "carl").await;
        carl.get(&app, "/projects").send().await.expect(200);
        remove(&app, &ada, "carl@staff.example").await;
        let out = carl.get(&app, "/projects").send().await;
        assert!(matches!(out.status.as_u16(), 401 | 404), "{}", out.text);
        app.outbox().await;
    });
}

async fn remove(app: &TestApp, ada: &Persona, email: &str) {
    let staff = ada.get(app, "/staff").send().await.expect(200).json;
    let rows = staff.as_array().or_else(|| staff["items"].as_array()).unwrap();
    let row = rows.iter().find(|row| row["email"] == email).unwrap();
    let id = row["account"].as_str().or_else(|| row["id"].as_str()).unwrap();
    app.delete(ada.path(&format!("/staff/{id}"))).token(&ada.token).send().await.expect(204);
}

/// A new password ends every other session.
#[test]
fn v7_4_3_a_new_password_ends_the_other_sessions() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let other = sign_in(&app).await;
        let body = json!({"current_password": PASSWORD, "new_password": "another long enough phrase"});
        app.put("/api/account/password").token(&ada.token).json(&body).send().await.expect(204);
        assert_eq!((staff(&app, &ada.token).await, staff(&app, &other).await), (200, 401));
    });
}

/// Every page that needs somebody to be signed in has a button to sign out: those of people, of their invitations, whether they
/// came by the letter or by their session, and those of the console.
#[test]
fn v7_4_4_every_own_page_has_a_way_out() {
    on(Backend::Sqlite, |app| async move {
        let world = super::world(&app).await;
        let [staff, by_letter, dora] = world.cookies();
        let by_session = format!("__Secure-person={}", world.ben.token);
        let starts = world.starts(&app).await;
        let mut shown = BTreeMap::new();
        for page in pages(&app, &starts, &[staff, by_letter, dora, by_session.clone()]).await {
            let path = page.address.split('?').next().unwrap();
            let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
            let out = match parts[..] {
                ["o", slug, "me", ..] => format!("/o/{slug}/me/sign-out"),
                ["invitation", ..] if page.cookie == by_session => "/o/sunrise/me/sign-out".into(),
                ["invitation", id, ..] => format!("/invitation/{id}/close"),
                // A letter as mail programs show it, in a frame of a page that has a way out.
                ["console", .., "look", "html"] => continue,
                ["console", "sign-in" | "forgotten-password" | "new-password", ..] => continue,
                ["console", ..] => "/console/sign-out".into(),
                _ => continue,
            };
            // Whoever is not signed in there is told so, or led to where one signs in.
            if page.answer.status == 200 && page.is_page() {
                assert!(page.answer.text.contains(&format!("action=\"{out}\"")), "{path}: {}", page.answer.text);
                *shown.entry((parts[0].to_owned(), page.cookie == by_session)).or_insert(0) += 1;
            }
        }
        for (what, by_session, least) in [("o", false, 20), ("o", true, 20), ("invitation", false, 3), ("invitation", true, 3)] {
            assert!(shown.get(&(what.to_owned(), by_session)).is_some_and(|n| *n >= least), "{what}: {shown:?}");
        }
        assert!(shown[&("console".to_owned(), false)] > 60, "{shown:?}");
        assert!(starts.iter().any(|at| at.contains("/me/meetings/")));
    });
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        let person = enter(&app, &ben.email, "").await;
        for page in [
            "",
            "/welcome",
            "/preferences",
            "/record",
            "/consents",
            "/details",
            "/pause",
            "/step-down",
            "/leave",
            "/facts",
            "/meetings",
        ] {
            let shown = app.get(format!("/o/sunrise/me{page}")).header("cookie", &person).send().await.expect(200).text;
            assert!(shown.contains("action=\"/o/sunrise/me/sign-out\""), "{page}: {shown}");
        }
    });
}

/// What opens an account is not changed by a session alone: the password asks for the old one, and an address cannot be
/// changed by whoever found a device unlocked.
#[test]
fn v7_5_1_what_opens_an_account_is_not_changed_by_a_session_alone() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        for wrong in ["", "not the old one at all"] {
            let body = json!({"current_password": wrong, "new_password": "another long enough phrase"});
            app.put("/api/account/password").token(&ada.token).json(&body).send().await.expect(422);
        }
        assert_eq!(staff(&app, &sign_in(&app).await).await, 200, "the old password still holds");
        let body = json!({"email": "eve@people.example"});
        let tried =
            app.call(poem::http::Method::PATCH, "/api/me").token(&ben.token).header("if-match", "*").json(&body).send().await;
        assert!(tried.status.is_client_error(), "{}", tried.text);
        assert_eq!(ben.get(&app, "").send().await.expect(200).json["email"], ben.email.as_str());
        let form = b"email=eve%40people.example&name=Ben&version=1&language=en".to_vec();
        let cookie = format!("__Secure-person={}", ben.token);
        let call = app.post("/o/sunrise/me/details").header("cookie", &cookie);
        call.bytes(form, "application/x-www-form-urlencoded").send().await;
        assert_eq!(ben.get(&app, "").send().await.expect(200).json["email"], ben.email.as_str());
    });
}

/// People see their open sessions on a page and end any of them there.
#[test]
fn v7_5_2_people_see_and_end_their_sessions() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        let (here, there) = (enter(&app, &ben.email, "").await, enter(&app, &ben.email, "").await);
        let shown = app.get("/o/sunrise/me/details").header("cookie", &here).send().await.expect(200).text;
        assert!(shown.contains("/me/sessions"), "{shown}");
        let list = app.get("/api/me/sessions").token(here.split('=').nth(1).unwrap()).send().await.expect(200).json;
        for session in list.as_array().unwrap().iter().filter(|session| session["current"] == false) {
            let form = format!("session={}", session["id"].as_str().unwrap()).into_bytes();
            let call = app.post("/o/sunrise/me/sessions").header("cookie", &here);
            call.bytes(form, "application/x-www-form-urlencoded").send().await.expect(303);
        }
        assert_eq!((home(&app, &here).await, home(&app, &there).await), (200, 303));
    });
}

/// No session comes into being by a look: a button is pressed for it.
#[test]
fn v7_6_2_a_session_begins_with_a_button() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        app.post("/api/public/sunrise/sign-in").json(&json!({"email": ben.email})).send().await.expect(202);
        let token = app.outbox().await[0].token("aj_");
        let before = crate::walk::held(&app, &[]).await;
        let shown = app.get(format!("/sign-in/{token}")).send().await.expect(200);
        assert!(shown.headers.get("set-cookie").is_none());
        assert_eq!(crate::walk::changed(&before, &crate::walk::held(&app, &[]).await), [""; 0]);
    });
}

/// A link in a letter that lets somebody in holds 256 random bits, opens one thing once, and ends soon: in a quarter of an hour for
/// who signs in, in an hour for a new password. The database knows its hash, which opens nothing.
#[test]
fn v6_5_2_links_are_random_work_once_and_end_soon() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let reset = async || {
            app.post("/api/password-reset").json(&json!({"email": "root@sunrise.example"})).send().await.expect(202);
            app.outbox().await[0].token("al_")
        };
        let new = async |token: &str| {
            let body = json!({"token": token, "password": PASSWORD});
            app.post("/api/password-reset/confirm").json(&body).send().await.status.as_u16()
        };
        let link = async |email: String| {
            app.post("/api/public/sunrise/sign-in").json(&json!({"email": email})).send().await.expect(202);
            app.outbox().await[0].token("aj_")
        };
        let open = async |token: &str| {
            app.post("/api/public/sunrise/confirm").json(&json!({"token": token})).send().await.status.as_u16()
        };
        let mut all = Vec::new();
        for n in 0..8 {
            let person = app.participant(&ada, &format!("p{n}")).await;
            all.push(link(person.email).await);
            all.push(reset().await);
            app.clock.advance(Duration::minutes(1));
        }
        let bits: Vec<Vec<u8>> = all.iter().map(|token| URL_SAFE_NO_PAD.decode(&token[3..]).unwrap()).collect();
        assert!(bits.iter().all(|one| one.len() == 32));
        // Of random numbers half of the bits differ, give or take; of counted ones a few.
        let differ = |one: &[u8], other: &[u8]| one.iter().zip(other).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>();
        for (n, one) in bits.iter().enumerate() {
            assert!(bits[..n].iter().all(|other| differ(one, other) > 80), "{all:?}");
        }
        let held = crate::walk::held(&app, &[]).await;
        for (token, bits) in all.iter().zip(&bits) {
            let plain: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
            let known = held.iter().find(|(_, rows)| rows.contains(&token[3..]) || rows.to_lowercase().contains(&plain));
            assert_eq!(known.map(|(table, _)| table), None, "{token}");
        }
        // What is found in the database is no key, nor is a number that nobody was given.
        let (_, token) = Token::parse(&all[14]).unwrap();
        let hash: [u8; 32] = token.hash().try_into().unwrap();
        for wrong in [hash, [9; 32]] {
            assert_eq!(open(Token::new(TokenKind::ParticipantLink, wrong).reveal()).await, 410);
            assert_eq!(new(Token::new(TokenKind::StaffLink, wrong).reveal()).await, 410);
        }
        // The last of them opens what it is for, once, and nothing else.
        let (person, staff) = (&all[14], &all[15]);
        assert_eq!((open(staff).await, new(person).await), (410, 410));
        assert_eq!((open(person).await, open(person).await), (201, 410));
        assert_eq!((new(staff).await, new(staff).await), (204, 410));
        let person = app.participant(&ada, "late").await;
        let (early, reset_early) = (link(person.email.clone()).await, reset().await);
        app.clock.advance(Duration::minutes(14));
        assert_eq!(open(&early).await, 201);
        let late = link(person.email).await;
        app.clock.advance(Duration::minutes(16));
        assert_eq!(open(&late).await, 410);
        app.clock.advance(Duration::minutes(29));
        assert_eq!(new(&reset_early).await, 204);
        let reset_late = reset().await;
        app.clock.advance(Duration::minutes(61));
        assert_eq!(new(&reset_late).await, 410);
    });
}
