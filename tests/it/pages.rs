//! The pages behind links: a GET changes nothing, a button does, and the token leaves the address.

use crate::{harness::everywhere, story::Story};
use entity::{invitation, suppression};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::json;

#[test]
fn a_link_opens_a_button_and_the_button_a_page_without_the_token() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let id = story.open("workshop", "co_design", json!({"title": "A day <together>"})).await;
        let letters = story.invite(&id, json!({})).await;
        let token = letters[0].token("ai_");
        let link = format!("/i/{token}");
        assert!(letters[0].text().contains(&format!("https://alongside.test{link}")));
        for _ in 0..20 {
            let asked = app.get(&link).send().await.expect(200);
            assert!(asked.text.contains("<button"));
            assert_eq!(asked.headers["referrer-policy"], "no-referrer");
            assert_eq!(asked.headers["cache-control"], "no-store");
        }
        let before = invitation::Entity::find().one(app.app.platform.db.read()).await.unwrap().unwrap();
        let opened = app.post(&link).send().await.expect(303);
        assert_eq!(opened.headers["location"], "/invitation");
        let cookie = opened.headers["set-cookie"].to_str().unwrap().to_owned();
        for part in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/invitation"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let cookie = cookie.split(';').next().unwrap();
        let shown = app.get("/invitation").header("cookie", cookie).send().await.expect(200);
        for words in ["A day &#60;together&#62;", "What cannot change", "Yes, I take part", "No, not this time"] {
            assert!(shown.text.contains(words), "{words}: {}", shown.text);
        }
        assert!(!shown.text.contains(&token));
        let after = invitation::Entity::find().one(app.app.platform.db.read()).await.unwrap().unwrap();
        assert_eq!(before, after, "looking changes nothing");
        // Neither may another site make somebody answer an invitation that it chose.
        for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
            let planted = app.post(&link).header(name, value).send().await;
            assert_eq!(planted.status.as_u16(), 409);
            assert!(planted.headers.get("set-cookie").is_none());
        }
        let sandboxed = app.post("/invitation/accept").header("cookie", cookie).header("origin", "null");
        assert_eq!(sandboxed.header("sec-fetch-site", "cross-site").send().await.status.as_u16(), 409);
        let elsewhere =
            app.post("/invitation/accept").header("cookie", cookie).header("origin", "https://evil.example").send().await;
        assert_eq!(elsewhere.status.as_u16(), 409);
        app.post("/invitation/accept").send().await.expect(404);
        // The notice stands on the page with an empty box for each use, and goes with the yes.
        for words in ["What we do with what you tell us", "How long it is kept", "value=\"publish_in_aggregate\"", "required"] {
            assert!(shown.text.contains(words), "{words}: {}", shown.text);
        }
        assert!(!shown.text.contains("checked"));
        let notice = app.get("/api/invitation/notice").token(&token).send().await.expect(200).id();
        let yes = |fields: String| {
            let asked = app.post("/invitation/accept").header("cookie", cookie).header("origin", "https://alongside.test");
            asked.bytes(fields.into_bytes(), "application/x-www-form-urlencoded").send()
        };
        let unread = [String::new(), format!("notice={notice}"), format!("notice={notice}&agree=publish_in_aggregate")];
        for fields in unread.into_iter().chain([format!("notice={id}&agree=participate")]) {
            let refused = yes(fields).await.expect(409);
            assert!(refused.text.contains("notice"), "{}", refused.text);
        }
        let none = app.get("/api/invitation/consents").token(&token).send().await.expect(200);
        assert_eq!(none.json, json!([]), "what was refused leaves nothing");
        assert_eq!(story.count(&id, "accepted").await, 0);
        yes(format!("notice={notice}&agree=participate")).await.expect(200);
        let said = app.get("/api/invitation/consents").token(&token).send().await.expect(200);
        assert_eq!((said.json.as_array().unwrap().len(), &said.json[0]["purpose"]), (1, &json!("participate")));
        assert_eq!(story.count(&id, "accepted").await, 1);
        app.outbox().await;
        app.post("/i/ai_nothing").send().await.expect(404);
    });
}

#[test]
fn one_click_stops_letters_and_a_look_does_not() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", json!({"stance": {"kind": "up_to", "rung": "consultation"}})).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let letters = story.invite(&id, json!({})).await;
        let link = format!("/u/{}", letters[0].token("au_"));
        let count = async || suppression::Entity::find().count(app.app.platform.db.read()).await.unwrap();
        app.get(&link).send().await.expect(200);
        assert_eq!(count().await, 0);
        for _ in 0..2 {
            // What a mail program sends (RFC 8058).
            let body = b"List-Unsubscribe=One-Click".to_vec();
            app.post(&link).bytes(body, "application/x-www-form-urlencoded").send().await.expect(200);
        }
        assert_eq!(count().await, 1);
        let other = story.open("consultation", "consultation", json!({})).await;
        assert!(story.invite(&other, json!({})).await.is_empty());
    });
}

#[test]
fn joining_works_from_the_letter_alone() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        app.post("/api/public/sunrise/join").json(&json!({"email": "ben@people.example"})).send().await.expect(202);
        let letters = app.outbox().await;
        let link = format!("/join/{}", letters[0].token("aj_"));
        app.get(&link).send().await.expect(200);
        let people = ada.get(&app, "/people").send().await.expect(200).json;
        assert_eq!(people["items"][0]["state"], "invited");
        app.post(&link).send().await.expect(200);
        let people = ada.get(&app, "/people").send().await.expect(200).json;
        assert_eq!(people["items"][0]["state"], "joined");
        app.post(&link).send().await.expect(410);
    });
}

#[test]
fn only_a_token_is_written_into_a_page() {
    everywhere(|app| async move {
        app.administrator().await;
        for page in ["i", "u", "join", "sign-in"] {
            for bad in
                ["..%2Finvitation%2Faccept", "%22%3E%3Cscript%3E", "ai_short", "as_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
            {
                let shown = app.get(format!("/{page}/{bad}")).send().await;
                assert!(matches!(shown.status.as_u16(), 404), "{page} {bad}: {}", shown.text);
                assert!(!shown.text.contains("<form") && !shown.text.contains("accept") && !shown.text.contains("<script"));
            }
        }
    });
}

#[test]
fn a_link_to_sign_in_is_not_used_up_by_a_page_that_cannot_sign_anybody_in() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        app.post("/api/public/sunrise/sign-in").json(&json!({"email": ben.email})).send().await.expect(202);
        let letter = app.outbox().await.remove(0);
        let token = letter.token("aj_");
        assert!(letter.text().contains(&format!("https://alongside.test/sign-in/{token}")));
        for _ in 0..3 {
            let shown = app.get(format!("/sign-in/{token}")).send().await.expect(200);
            assert!(shown.text.contains("sunrise trust") && !shown.text.contains("<form"), "{}", shown.text);
            // Letters that were sent before led here.
            for call in [app.get(format!("/join/{token}")), app.post(format!("/join/{token}"))] {
                let shown = call.send().await.expect(200);
                assert!(!shown.text.contains("Welcome") && !shown.text.contains("<form"), "{}", shown.text);
            }
        }
        let sessions = entity::participant_session::Entity::find().count(app.app.platform.db.read()).await.unwrap();
        assert_eq!(sessions, 1);
        // It still does what it is for.
        app.post("/api/public/sunrise/confirm").json(&json!({"token": token})).send().await.expect(201);
        // Joining from the letter alone begins no session that nobody has.
        app.post("/api/public/sunrise/join").json(&json!({"email": "cleo@people.example"})).send().await.expect(202);
        let join = app.outbox().await[0].token("aj_");
        app.post(format!("/join/{join}")).send().await.expect(200);
        let sessions = entity::participant_session::Entity::find().count(app.app.platform.db.read()).await.unwrap();
        assert_eq!(sessions, 2);
    });
}

#[test]
fn pages_work_where_the_public_address_has_a_path() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", json!({"stance": {"kind": "up_to", "rung": "consultation"}})).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let token = story.invite(&id, json!({})).await[0].token("ai_");
        let behind = app.under("https://sunrise.example/alongside");
        let ours = "https://sunrise.example";
        let opened = behind.post(format!("/i/{token}")).header("origin", ours).send().await.expect(303);
        assert_eq!(opened.headers["location"], "/alongside/invitation");
        let cookie = opened.headers["set-cookie"].to_str().unwrap().to_owned();
        assert!(cookie.contains("Path=/alongside/invitation"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let shown = behind.get("/invitation").header("cookie", &cookie).send().await.expect(200);
        assert!(shown.text.contains("action=\"/alongside/invitation/accept\""), "{}", shown.text);
        behind.post("/invitation/decline").header("cookie", &cookie).header("origin", ours).send().await.expect(200);
    });
}
