//! The questions of a consultation: kept as written, judged when published, never changed afterwards.

use super::*;

#[test]
fn questions_come_back_byte_for_byte() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let (project, decision) = project(&app, &ada).await;
        let id = ada.post(&app, "/opportunities", &consultation(&project, &decision)).await.expect(201).id();
        let path = format!("/opportunities/{id}/questionnaire");
        ada.get(&app, &path).send().await.expect(404);
        let first = "{ \"title\": \"Evenings \\u00e9 – ü\",\n\t\"elements\": [ {\"name\":\"b\", \"type\":\"comment\"} ,\r\n{\"type\":\"text\",\"name\":\"a\"}] }\n";
        let publish = async |text: &str| {
            app.post(ada.path(&path)).token(&ada.token).bytes(text.as_bytes().to_vec(), "application/json").send().await
        };
        let made = publish(first).await.expect(201);
        assert_eq!(made.json["n"], 1);
        assert_eq!(ada.get(&app, &path).send().await.expect(200).text, first);
        let second = publish(&questions().to_string()).await.expect(201);
        assert_eq!(second.json["n"], 2);
        assert_eq!(ada.get(&app, &path).send().await.expect(200).text, questions().to_string());
        let earlier = ada.get(&app, &format!("/opportunities/{id}/questionnaires/{}", made.id())).send().await.expect(200);
        assert_eq!(earlier.text, first);
        let list = ada.get(&app, &format!("/opportunities/{id}/questionnaires")).send().await.expect(200);
        assert_eq!(list.json["items"], json!([made.json, second.json]));
        let read = ada.get(&app, &format!("/opportunities/{id}")).send().await.expect(200);
        assert_eq!(read.json["questionnaire"], second.json["id"]);
        assert_eq!(read.etag(), "\"v3\"");
        let form = async |id: &str| {
            let id: QuestionnaireId = id.parse().unwrap();
            app.app.forms.form(&app.app.platform, organisation(&ada), id).await
        };
        assert_eq!(form(&made.id()).await.unwrap().questions().len(), 2);
        let cold = alongside::opportunities::Forms::default();
        let compiled = cold.form(&app.app.platform, organisation(&ada), made.id().parse().unwrap()).await.unwrap();
        assert_eq!(compiled.questions().len(), 2);
        let other = app.organisation(&ada, "moonrise").await;
        assert!(app.app.forms.form(&app.app.platform, organisation(&other), made.id().parse().unwrap()).await.is_err());
    });
}

#[test]
fn questions_that_cannot_be_judged_are_refused_with_their_place() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let (project, decision) = project(&app, &ada).await;
        let mut body = consultation(&project, &decision);
        let id = ada.post(&app, "/opportunities", &body).await.expect(201).id();
        let path = format!("/opportunities/{id}/questionnaire");
        let flawed = json!({"elements": [{"type": "hologram", "name": "a"}, {"type": "text"}]});
        let refused = ada.post(&app, &path, &flawed).await.expect(422);
        let places: Vec<String> = refused.violations().into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(places.len(), 2, "{}", refused.text);
        assert!(places[0].starts_with("/elements/0") && places[1].starts_with("/elements/1"), "{places:?}");
        let twice = br#"{"elements": [], "elements": []}"#.to_vec();
        let refused = app.post(ada.path(&path)).token(&ada.token).bytes(twice, "application/json").send().await.expect(400);
        assert_eq!(refused.violations(), pairs(&[("/elements", "duplicate_key")]));
        ada.get(&app, &path).send().await.expect(404);
        body["kind"] = json!("interview");
        let talk = ada.post(&app, "/opportunities", &body).await.expect(201).id();
        let refused = ada.post(&app, &format!("/opportunities/{talk}/questionnaire"), &questions()).await.expect(409);
        assert_eq!(refused.json["code"], "not_a_consultation");
        ada.post(&app, &path, &questions()).await.expect(201);
        let refused = ada.put(&app, &format!("/opportunities/{id}"), &body).await.expect(422);
        assert_eq!(refused.violations(), pairs(&[("/kind", "has_questionnaire")]));
    });
}

#[test]
fn a_published_version_never_changes() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let (id, _) = opened(&app, &ada).await;
        app.run_jobs().await;
        let db = app.app.platform.db.write();
        for sql in ["UPDATE questionnaire SET definition = '{}'", "UPDATE questionnaire SET n = 7", "DELETE FROM questionnaire"] {
            let error = db.execute_unprepared(sql).await.unwrap_err().to_string();
            assert!(error.contains("only grows"), "{error}");
        }
        let path = format!("/opportunities/{id}/questionnaire");
        let key = || app.post(ada.path(&path)).token(&ada.token).header("idempotency-key", "q").json(&questions());
        let second = key().send().await.expect(201);
        assert_eq!(second.json["n"], 2);
        assert_eq!(key().send().await.expect(201).text, second.text);
        act(&app, &ada, &id, "close").await.expect(200);
        app.run_jobs().await;
        let refused = ada.post(&app, &path, &questions()).await.expect(409);
        assert_eq!(refused.json["code"], "closed");
    });
}
