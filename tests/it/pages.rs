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
        let elsewhere =
            app.post("/invitation/accept").header("cookie", cookie).header("origin", "https://evil.example").send().await;
        assert_eq!(elsewhere.status.as_u16(), 409);
        app.post("/invitation/accept").send().await.expect(404);
        app.post("/invitation/accept")
            .header("cookie", cookie)
            .header("origin", "https://alongside.test")
            .send()
            .await
            .expect(200);
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
