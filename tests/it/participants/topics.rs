//! Topics.

use crate::harness::everywhere;
use serde_json::json;

#[test]
fn topics_are_made_changed_retired_and_public() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let vera = app.staff(&ada, "vera", "viewer").await;
        let body = json!({"key": "mental_health", "title": "Mental health", "easy_read": "How you feel."});
        vera.post(&app, "/topics", &body).await.expect(403);
        let made = ada.post(&app, "/topics", &body).await.expect(201);
        assert_eq!(ada.post(&app, "/topics", &body).await.expect(422).violations(), [("/key".into(), "taken".into())]);
        let bad = ada.post(&app, "/topics", &json!({"key": "Mental Health", "title": " "})).await.expect(422);
        assert_eq!(bad.violations(), [("/key".into(), "form".into()), ("/title".into(), "required".into())]);
        let other = ada.post(&app, "/topics", &json!({"key": "housing", "title": "Housing"})).await.expect(201);
        let path = format!("/topics/{}", made.id());
        let put = |etag: &str| {
            let body = json!({"title": "Wellbeing"});
            app.put(ada.path(&path)).token(&ada.token).header("if-match", etag).json(&body).send()
        };
        let changed = put(&made.etag()).await.expect(200);
        assert_eq!(changed.json["key"], "mental_health");
        put(&made.etag()).await.expect(412);
        for _ in 0..2 {
            app.post(ada.path(&format!("/topics/{}/retire", other.id()))).token(&ada.token).send().await.expect(204);
        }
        let shown =
            || async { app.get("/api/public/sunrise/topics").send().await.expect(200).json["items"].as_array().unwrap().len() };
        for (verb, count) in [("restore", 2), ("restore", 2), ("retire", 1)] {
            app.post(ada.path(&format!("/topics/{}/{verb}", other.id()))).token(&ada.token).send().await.expect(204);
            assert_eq!(shown().await, count);
        }
        let public = app.get("/api/public/sunrise/topics").send().await.expect(200);
        assert_eq!(public.json["items"].as_array().unwrap().len(), 1);
        assert_eq!(public.json["items"][0]["title"], "Wellbeing");
        let all = vera.get(&app, "/topics?limit=1").send().await.expect(200);
        let next = all.json["next"].as_str().unwrap();
        let rest = vera.get(&app, &format!("/topics?after={next}")).send().await.expect(200);
        assert!(!rest.json["items"][0]["retired_at"].is_null());
        // Of two with one name people could rule out the one and be asked about the other.
        let twin = |key: &str| json!({"key": key, "title": "wellBeing "});
        let taken = [("/title".to_owned(), "taken".to_owned())];
        assert_eq!(ada.post(&app, "/topics", &twin("wellbeing")).await.expect(422).violations(), taken);
        ada.post(&app, "/topics", &json!({"key": "homes", "title": "Housing"})).await.expect(201);
        let back = app.post(ada.path(&format!("/topics/{}/restore", other.id()))).token(&ada.token).send().await;
        assert_eq!(back.expect(422).violations(), taken);
        let moon = app.organisation(&ada, "moon").await;
        moon.get(&app, &path).send().await.expect(404);
        assert_eq!(app.get("/api/public/moon/topics").send().await.expect(200).json["items"], json!([]));
    });
}
