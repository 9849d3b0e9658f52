//! A person's own page.

use crate::{harness::everywhere, story::Story};
use entity::{demographic, response};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

#[test]
fn people_see_and_change_who_they_are() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        let me = ben.get(&app, "").send().await.expect(200);
        assert_eq!(
            (me.json["email"].as_str(), me.json["contact"].as_str()),
            (Some("ben@people.example"), Some("hello@sunrise.example"))
        );
        let put = |etag: &str, body: Value| app.put("/api/me").token(&ben.token).header("if-match", etag).json(&body).send();
        let changed = put(&me.etag(), json!({"language": "en-GB"})).await.expect(200);
        assert!(changed.json["name"].is_null());
        put(&me.etag(), json!({"name": "B", "language": "en"})).await.expect(412);
        app.put("/api/me").token(&ben.token).json(&json!({"language": "en"})).send().await.expect(428);
        put("*", json!({"name": "a\nb", "language": "English"})).await.expect(422);
        put("*", json!({"name": "B", "language": "en", "email": "x@example.org"})).await.expect(400);
        app.get("/api/me").token(&ada.token).send().await.expect(403);
        app.get("/api/me").send().await.expect(401);
        app.get(ada.path("/people")).token(&ben.token).send().await.expect(404);
    });
}

#[test]
fn sessions_are_listed_and_ended() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        let sign_in = async || {
            app.post("/api/public/sunrise/sign-in").json(&json!({"email": ben.email})).send().await.expect(202);
            let token = app.outbox().await[0].token("aj_");
            let opened = app.post("/api/public/sunrise/confirm").json(&json!({"token": token})).send().await.expect(201);
            opened.json["token"].as_str().unwrap().to_owned()
        };
        let (second, third) = (sign_in().await, sign_in().await);
        let list = ben.get(&app, "/sessions").send().await.expect(200).json;
        let list = list.as_array().unwrap();
        assert_eq!(list.len(), 3);
        assert_eq!(list.iter().filter(|session| session["current"] == true).count(), 1);
        let newest = list[0]["id"].as_str().unwrap();
        app.delete(format!("/api/me/sessions/{newest}")).token(&ben.token).send().await.expect(204);
        app.get("/api/me").token(&third).send().await.expect(401);
        app.get("/api/me").token(&second).send().await.expect(200);
        app.delete("/api/me/sessions").token(&ben.token).send().await.expect(204);
        app.get("/api/me").token(&second).send().await.expect(401);
        let eve = app.participant(&ada, "eve").await;
        let own = eve.get(&app, "/sessions").send().await.expect(200).json[0]["id"].as_str().unwrap().to_owned();
        app.delete(format!("/api/me/sessions/{own}")).token(&ben.token).send().await.expect(404);
        app.post("/api/me/sign-out").token(&ben.token).send().await.expect(204);
        app.get("/api/me").token(&ben.token).send().await.expect(401);
        app.clock.advance(chrono::Duration::hours(3));
        app.get("/api/me").token(&eve.token).send().await.expect(401);
    });
}

#[test]
fn leaving_takes_back_what_was_agreed_with_the_organisation() {
    for everything in [false, true] {
        everywhere(|app| async move {
            let story = Story::begin(app.clone()).await;
            let ben = story.person("ben", json!({"stance": {"kind": "up_to", "rung": "consultation"}})).await;
            story.agree(&ben, &["demographics_representativeness"]).await;
            let facts = json!({"facts": [{"dimension": "age_band", "category": "25_34"}]});
            ben.put(&app, "/demographics", &facts).await.expect(204);
            let id = story.open("consultation", "consultation", json!({})).await;
            let token = story.invite(&id, json!({})).await[0].token("ai_");
            story.consent(&token).await;
            story.hand_in(&token, json!({"form": "group"})).await.expect(201);
            let address = if everything { "/api/me/leave?everything=true" } else { "/api/me/leave" };
            let left = app.post(address).token(&ben.token).send().await.expect(200);
            assert_eq!(left.text.contains("is taken back too"), everything, "{}", left.text);
            app.run_jobs().await;
            let db = app.app.platform.db.read();
            assert_eq!(demographic::Entity::find().count(db).await.unwrap(), 0);
            let answers = response::Entity::find().one(db).await.unwrap().unwrap().answers;
            assert_eq!(answers.is_none(), everything, "what was given to one piece of work is a choice of its own");
            // Whoever comes back begins anew: nothing of what they had agreed to holds.
            let again = app.participant(&story.ada, "ben").await;
            assert_eq!(again.id, ben.id);
            let permits = |row: &serde_json::Value| row["permits"] == true && row["opportunity"].is_null();
            let standing = again.get(&app, "/consents").send().await.expect(200).json;
            assert!(!standing.as_array().unwrap().iter().any(permits), "{standing}");
            let other = story.open("consultation", "consultation", json!({})).await;
            assert!(story.invite(&other, json!({})).await.is_empty());
        });
    }
}

#[test]
fn leaving_takes_one_action_and_keeps_what_was_said() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        ben.put(&app, "/preferences", &json!({"stance": {"kind": "inform_me_only"}})).await.expect(200);
        let left = app.post("/api/me/leave").token(&ben.token).send().await.expect(200);
        assert!(left.text.contains("Money that is owed to you will be paid."));
        app.post("/api/me/leave").token(&ben.token).send().await.expect(401);
        let seen = ada.get(&app, &format!("/people/{}", ben.id)).send().await.expect(200);
        assert_eq!(seen.json["state"], "left");
        app.run_jobs().await;
        let again = app.participant(&ada, "ben").await;
        assert_eq!(again.id, ben.id);
        let kept = again.get(&app, "/preferences").send().await.expect(200);
        assert_eq!(kept.json["document"]["stance"]["kind"], "inform_me_only");
    });
}

#[test]
fn facts_about_oneself_are_ones_own() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ada = &story.ada;
        let ben = app.participant(ada, "ben").await;
        let eve = app.participant(ada, "eve").await;
        let none = ben.get(&app, "/demographics").send().await.expect(200);
        assert_eq!(none.json["facts"], json!([]));
        let facts =
            json!({"facts": [{"dimension": "age_band", "category": "25_34"}, {"dimension": "region", "category": "Wales"}]});
        let unasked = ben.put(&app, "/demographics", &facts).await.expect(409).json;
        assert_eq!(unasked["code"], "consent_needed");
        assert_eq!(ben.get(&app, "/demographics").send().await.json["facts"], json!([]), "nothing is kept before a yes");
        ben.put(&app, "/demographics", &json!({"facts": []})).await.expect(204);
        story.agree(&ben, &["demographics_representativeness"]).await;
        let none = ben.get(&app, "/demographics").send().await.expect(200);
        let put = app.put("/api/me/demographics").token(&ben.token).header("if-match", &none.etag()).json(&facts).send();
        put.await.expect(204);
        assert_eq!(ben.get(&app, "/demographics").send().await.json, facts);
        let bad = json!({"facts": [{"dimension": "Age", "category": " "}, {"dimension": "Age", "category": "x"}]});
        let found = ben.put(&app, "/demographics", &bad).await.expect(422).violations();
        assert_eq!(found.len(), 4, "{found:?}");
        ben.put(&app, "/demographics", &json!({"facts": []})).await.expect(204);
        assert_eq!(ben.get(&app, "/demographics").send().await.json["facts"], json!([]));
        ben.put(&app, "/demographics", &facts).await.expect(204);
        assert_eq!(eve.get(&app, "/demographics").send().await.json["facts"], json!([]));
        let seen = ada.get(&app, &format!("/people/{}", ben.id)).send().await.expect(200);
        assert!(!seen.text.contains("age_band") && !seen.text.contains("Wales"));
    });
}
