//! The API for those who look after letters.

use crate::{harness::everywhere, story::Story};
use entity::{MailState, mail_message};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;

#[test]
fn administrators_see_and_steer_letters_without_seeing_whom_they_are_for() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for name in ["ben", "eve", "zoe"] {
            story.person(name, json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        }
        let id = story.open("consultation", "consultation", json!({})).await;
        assert_eq!(story.invite(&id, json!({})).await.len(), 3);
        let ada = &story.ada;
        let list = ada.get(&app, "/mailings?limit=500").send().await.expect(200);
        let found =
            list.json["items"].as_array().unwrap().iter().find(|row| row["kind"] == "invitations.invite").unwrap().clone();
        assert_eq!(found["letters"], json!([{"state": "sent", "count": 3}]));
        let path = format!("/mailings/{}", found["id"].as_str().unwrap());
        // One was given up, and of one no answer was seen.
        let db = app.app.platform.db.write();
        let mut letters =
            mail_message::Entity::find().filter(mail_message::Column::Kind.eq("invitations.invite")).all(db).await.unwrap();
        for state in [MailState::Failed, MailState::Uncertain] {
            mail_message::Entity::update_many()
                .col_expr(mail_message::Column::State, Expr::value(state.word()))
                .filter(mail_message::Column::Id.eq(letters.pop().unwrap().id))
                .exec(db)
                .await
                .unwrap();
        }
        for state in ["failed", "uncertain"] {
            let some = ada.get(&app, &format!("{path}/letters?state={state}")).send().await.expect(200);
            assert_eq!(some.json["items"].as_array().unwrap().len(), 1, "{}", some.text);
            assert!(!some.text.contains('@') && !some.text.contains("ben"), "{}", some.text);
        }
        let paused = ada.post(&app, &format!("{path}/pause"), &json!({"reason": "A wrong date."})).await.expect(200);
        assert_eq!((&paused.json["state"], &paused.json["pause_reason"]), (&json!("paused"), &json!("A wrong date.")));
        let act = async |verb: &str| app.post(ada.path(&format!("{path}/{verb}"))).token(&ada.token).send().await;
        act("retry").await.expect(200);
        assert!(app.outbox().await.is_empty(), "it is paused");
        assert_eq!(act("resume").await.expect(200).json["state"], "running");
        assert_eq!(app.outbox().await.len(), 1, "the failed one, and not the uncertain one");
        assert_eq!(found["ask_in_doubt"], false, "letters in doubt are sent once more");
        let asks = ada.post(&app, &format!("{path}/doubt"), &json!({"ask": true})).await.expect(200);
        assert_eq!(asks.json["ask_in_doubt"], true);
        let wrong = ada.post(&app, &format!("{path}/doubt"), &json!({"ask": "yes"})).await.expect(400);
        assert!(wrong.text.contains("/ask"), "{}", wrong.text);
        let cancelled = act("cancel").await.expect(200);
        assert_eq!(cancelled.json["letters"], json!([{"state": "sent", "count": 2}, {"state": "uncertain", "count": 1}]));
        assert_eq!(act("retry").await.expect(409).json["code"], "mailing_cancelled");
        assert_eq!(act("resume").await.expect(409).json["code"], "mailing_cancelled");
        let audit = ada.get(&app, "/audit?limit=500").send().await.text;
        for action in ["pause_mailing", "resume_mailing", "retry_mailing", "ask_in_doubt", "cancel_mailing"] {
            assert!(audit.contains(action), "{action}");
        }
        let cora = app.coordinator(ada, "cora").await;
        cora.get(&app, "/mailings").send().await.expect(403);
        let moon = app.organisation(ada, "moonlight").await;
        moon.get(&app, &path).send().await.expect(404);
        moon.get(&app, &format!("{path}/letters")).send().await.expect(404);
        for verb in ["pause", "resume", "cancel", "retry"] {
            moon.post(&app, &format!("{path}/{verb}"), &json!({"reason": "x"})).await.expect(404);
        }
        moon.post(&app, &format!("{path}/doubt"), &json!({"ask": true})).await.expect(404);
    });
}
