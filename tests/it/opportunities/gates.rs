//! What must stand before an opportunity opens, and what a draft may say.

use super::*;

#[test]
fn the_gate_tells_everything_that_is_missing() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let project = ada.post(&app, "/projects", &json!({"title": "T", "need": "N"})).await.expect(201).id();
        let bare = json!({
            "project": project, "kind": "consultation", "title": "T", "rung": "consultation", "stage": "need",
            "payment": {"kind": "voucher"}, "content_note": "About loss.",
        });
        let made = ada.post(&app, "/opportunities", &bare).await.expect(201);
        assert_eq!(made.json["warnings"][0]["code"], "no_claimed_rung");
        assert_eq!(made.json["state"], "draft");
        let refused = act(&app, &ada, &made.id(), "open").await.expect(409);
        assert_eq!(refused.json["code"], "gate");
        let expected = pairs(&[
            ("/project/purpose/why", "required"),
            ("/project/purpose/benefit_to_participants", "required"),
            ("/project/purpose/intended_change", "required"),
            ("/project/intended_users", "required"),
            ("/project/promise", "required"),
            ("/project/claimed_rung", "required"),
            ("/decisions", "no_open_decision"),
            ("/summary", "required"),
            ("/open_to_influence", "required"),
            ("/not_open", "required"),
            ("/who_decides", "required"),
            ("/how_chosen", "required"),
            ("/minutes", "required"),
            ("/payment/amount_pence", "required"),
            ("/support_contact", "required"),
            ("/notice", "required"),
            ("/questionnaire", "required"),
            ("/closes_on", "required"),
            ("/feedback_due", "required"),
        ]);
        assert_eq!(refused.violations(), expected);
        let gate = ada.get(&app, &format!("/opportunities/{}/gate", made.id())).send().await.expect(200);
        assert_eq!(gate.json["ready"], false);
        assert_eq!(gate.json["missing"], refused.json["errors"]);
        app.run_jobs().await;
    });
}

#[test]
fn a_payment_statement_is_needed_also_when_nothing_is_paid() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let (project, decision) = project(&app, &ada).await;
        let mut body = consultation(&project, &decision);
        body.as_object_mut().unwrap().remove("payment");
        let refused = ada.post(&app, "/opportunities", &body).await.expect(422);
        assert_eq!(refused.violations(), pairs(&[("/payment", "required")]));
        body["payment"] = json!({"kind": "unpaid", "amount_pence": 500});
        let refused = ada.post(&app, "/opportunities", &body).await.expect(422);
        assert_eq!(refused.violations(), pairs(&[("/payment/amount_pence", "not_used")]));
        body["payment"] = json!({"kind": "amount", "amount_pence": 0});
        let refused = ada.post(&app, "/opportunities", &body).await.expect(422);
        assert_eq!(refused.violations(), pairs(&[("/payment/amount_pence", "out_of_range")]));
        body["payment"] = json!({"kind": "unpaid"});
        let made = ada.post(&app, "/opportunities", &body).await.expect(201);
        assert_eq!(made.json["activity"], "survey");
        let path = ada.path(&format!("/opportunities/{}", made.id()));
        body["payment"] = Value::Null;
        app.put(path).token(&ada.token).header("if-match", "*").json(&body).send().await.expect(422);
    });
}

#[test]
fn a_rung_is_never_coercion_and_never_above_the_claim() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let (project, decision) = project(&app, &ada).await;
        let mut body = consultation(&project, &decision);
        for (rung, code) in [("coercion", "coercion"), ("co_production", "above_claim"), ("partnership", "unknown_word")] {
            body["rung"] = json!(rung);
            let refused = ada.post(&app, "/opportunities", &body).await.expect(422);
            assert_eq!(refused.violations(), pairs(&[("/rung", code)]));
        }
        let survey = json!({"kind": "feedback_survey", "title": "T", "need": "N"});
        let survey = ada.post(&app, "/projects", &survey).await.expect(201).id();
        body["project"] = json!(survey);
        body["decisions"] = json!([]);
        body["rung"] = json!("engagement");
        let refused = ada.post(&app, "/opportunities", &body).await.expect(422);
        assert_eq!(refused.violations(), pairs(&[("/rung", "feedback_survey")]));
        body["rung"] = json!("consultation");
        ada.post(&app, "/opportunities", &body).await.expect(201);
    });
}

#[test]
fn links_stay_inside_the_organisation_and_the_project() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let other = app.organisation(&ada, "moonrise").await;
        let (own, decision) = project(&app, &ada).await;
        let (_, sibling) = project(&app, &ada).await;
        let (foreign, foreign_decision) = project(&app, &other).await;
        let topics = [topic(&app, &ada, "evenings", None).await, topic(&app, &ada, "old", Some(app.clock.now())).await];
        let foreign_topic = topic(&app, &other, "evenings", None).await;
        let mut body = consultation(&own, &decision);
        body["topics"] = json!([topics[1], topics[0], foreign_topic]);
        body["decisions"] = json!([foreign_decision, decision, sibling]);
        let refused = ada.post(&app, "/opportunities", &body).await.expect(422);
        let expected = pairs(&[
            ("/topics/0", "unknown"),
            ("/topics/2", "unknown"),
            ("/decisions/0", "unknown"),
            ("/decisions/2", "unknown"),
        ]);
        assert_eq!(refused.violations(), expected);
        body = consultation(&own, &decision);
        body["topics"] = json!([topics[0], topics[0]]);
        let made = ada.post(&app, "/opportunities", &body).await.expect(201);
        assert_eq!(made.json["topics"], json!([topics[0]]));
        let elsewhere = notice(&app, &ada, &foreign, NoticeState::Published, Purpose::Participate).await;
        body["notice"] = json!(elsewhere);
        let refused = ada.put(&app, &format!("/opportunities/{}", made.id()), &body).await.expect(422);
        assert_eq!(refused.violations(), pairs(&[("/notice", "unknown")]));
        body = consultation(&foreign, &foreign_decision);
        body["decisions"] = json!([]);
        let refused = ada.post(&app, "/opportunities", &body).await.expect(422);
        assert_eq!(refused.violations(), pairs(&[("/project", "unknown")]));
        let path = format!("/opportunities/{}", made.id());
        for rest in ["", "/gate", "/questionnaire", "/questionnaires"] {
            other.get(&app, &format!("{path}{rest}")).send().await.expect(404);
        }
        for verb in ["open", "close"] {
            act(&app, &other, &made.id(), verb).await.expect(404);
        }
        other.post(&app, &format!("{path}/questionnaire"), &questions()).await.expect(404);
        let list = other.get(&app, "/opportunities").send().await.expect(200);
        assert_eq!(list.json["items"], json!([]));
    });
}

#[test]
fn a_draft_changes_freely_from_the_version_that_was_read() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let (project, decision) = project(&app, &ada).await;
        let topic = topic(&app, &ada, "evenings", None).await;
        let mut body = consultation(&project, &decision);
        let made = ada.post(&app, "/opportunities", &body).await.expect(201);
        assert_eq!(made.etag(), "\"v1\"");
        let path = ada.path(&format!("/opportunities/{}", made.id()));
        body["kind"] = json!("workshop");
        body["places"] = json!(12);
        body["starts_at"] = json!("2027-03-15T18:00:00.000Z");
        body["payment"] = json!({"kind": "amount", "amount_pence": 7500, "expenses": "Travel.", "how": "Within 7 days."});
        body["topics"] = json!([topic]);
        body["decisions"] = json!([]);
        let put = || app.put(&path).token(&ada.token).json(&body);
        put().send().await.expect(428);
        put().header("if-match", "\"v2\"").send().await.expect(412);
        let changed = put().header("if-match", "\"v1\"").send().await.expect(200);
        assert_eq!(changed.etag(), "\"v2\"");
        put().header("if-match", "\"v1\"").send().await.expect(412);
        let read = app.get(&path).token(&ada.token).send().await.expect(200);
        assert_eq!(read.json, changed.json);
        assert_eq!((&read.json["activity"], &read.json["payment"]), (&json!("workshop"), &body["payment"]));
        assert_eq!((&read.json["topics"], &read.json["decisions"]), (&json!([topic]), &json!([])));
        let missing = ada.get(&app, &format!("/opportunities/{}/gate", made.id())).send().await.expect(200);
        assert_eq!(missing.json["missing"].as_array().unwrap().len(), 1, "{}", missing.text);
        let drafts = ada.get(&app, &format!("/opportunities?state=draft&project={project}")).send().await.expect(200);
        assert_eq!(drafts.json["items"], json!([read.json]));
        let open = ada.get(&app, "/opportunities?state=open").send().await.expect(200);
        assert_eq!(open.json["items"], json!([]));
    });
}

#[test]
fn the_notice_must_be_published_and_ask_for_taking_part() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let (id, mut body) = ready(&app, &ada).await;
        body["notice"] = Value::Null;
        ada.put(&app, &format!("/opportunities/{id}"), &body).await.expect(200);
        // Nobody named a notice, but one was published for it: that one counts, and is named from then on.
        assert!(act(&app, &ada, &id, "open").await.expect(200).json["notice"].is_string());
        app.run_jobs().await;
        let (project, decision) = project(&app, &ada).await;
        let mut body = consultation(&project, &decision);
        let id = ada.post(&app, "/opportunities", &body).await.expect(201).id();
        ada.post(&app, &format!("/opportunities/{id}/questionnaire"), &questions()).await.expect(201);
        assert_eq!(act(&app, &ada, &id, "open").await.expect(409).violations(), pairs(&[("/notice", "required")]));
        // People are shown the newest notice, so the one that is judged and named must be that one.
        let older = notice(&app, &ada, &id, NoticeState::Published, Purpose::Participate).await;
        let newer = notice(&app, &ada, &id, NoticeState::Published, Purpose::ContactInvite).await;
        body["notice"] = json!(older);
        ada.put(&app, &format!("/opportunities/{id}"), &body).await.expect(200);
        assert_eq!(act(&app, &ada, &id, "open").await.expect(409).violations(), pairs(&[("/notice", "superseded")]));
        assert_ne!(older, newer);
        body["notice"] = json!(notice(&app, &ada, &id, NoticeState::Draft, Purpose::ContactInvite).await);
        ada.put(&app, &format!("/opportunities/{id}"), &body).await.expect(200);
        let refused = act(&app, &ada, &id, "open").await.expect(409);
        assert_eq!(
            refused.violations(),
            pairs(&[("/notice", "not_published"), ("/notice", "no_participate"), ("/notice", "no_publish_in_aggregate")])
        );
    });
}
