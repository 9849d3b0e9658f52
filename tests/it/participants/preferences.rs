//! How people want to be involved: M2, M3, M10, M11, M15.

use crate::harness::{Persona, TestApp, everywhere};
use alongside::participants::{allowed, preferences};
use entity::{Rung, idempotency, participant};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

fn up_to(rung: &str) -> Value {
    json!({"stance": {"kind": "up_to", "rung": rung}})
}

async fn topic(app: &TestApp, ada: &Persona, key: &str) -> String {
    ada.post(app, "/topics", &json!({"key": key, "title": key})).await.expect(201).id()
}

#[test]
fn before_anything_is_said_people_are_asked_each_time() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        let first = ben.get(&app, "/preferences").send().await.expect(200);
        assert_eq!((first.json["n"].as_i64(), first.etag().as_str()), (Some(0), "\"v0\""));
        assert_eq!(first.json["document"]["stance"]["kind"], "ask_each_time");
        let put = |etag: &str, body: Value| {
            app.put("/api/me/preferences").token(&ben.token).header("if-match", etag).json(&body).send()
        };
        let said = put("\"v0\"", up_to("consultation")).await.expect(200);
        assert_eq!(said.etag(), "\"v1\"");
        assert_eq!(said.json["document"]["review_after"], "2028-03-01", "a year ahead");
        put("\"v0\"", up_to("engagement")).await.expect(412);
        app.put("/api/me/preferences").token(&ben.token).json(&up_to("engagement")).send().await.expect(428);
        put("\"v1\"", up_to("co_design")).await.expect(200);
        let history = ben.get(&app, "/preferences/history").send().await.expect(200);
        let versions: Vec<_> = history.json["items"].as_array().unwrap().iter().map(|item| item["n"].as_i64().unwrap()).collect();
        assert_eq!(versions, [1, 2]);
        let page = ben.get(&app, "/preferences/history?limit=1").send().await.expect(200);
        assert!(page.json["next"].is_string());
        app.run_jobs().await;
    });
}

#[test]
fn what_counts_is_the_latest_version_at_once() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        let housing = topic(&app, &ada, "housing").await;
        let allowance = async |topics: &[entity::TopicId]| {
            let db = app.app.platform.db.read();
            let key = (ada.organisation.parse().unwrap(), ben.id.parse().unwrap());
            let row = participant::Entity::find_by_id(key).one(db).await.unwrap().unwrap();
            let (_, doc) = preferences::current(db, &row).await.unwrap();
            allowed(&doc, topics, app.clock.now().date_naive())
        };
        let mut wish = up_to("consultation");
        wish["topics"] = json!({"never": [housing]});
        wish["access_needs"] = json!([{"need": "a hearing loop", "share_with": "coordinator"}]);
        ben.put(&app, "/preferences", &wish).await.expect(200);
        assert_eq!(allowance(&[]).await.highest(), Some(Rung::Consultation));
        assert!(allowance(&[housing.parse().unwrap()]).await.is_nothing());
        let until = json!({"until": "2027-03-10"});
        let call = || app.post("/api/me/pause").token(&ben.token).header("idempotency-key", "p").json(&until).send();
        let paused = call().await.expect(201);
        assert_eq!(paused.json, json!({"n": 2}), "what was said is on the person's own page, and in no kept answer");
        assert_eq!(call().await.expect(201).text, paused.text);
        let now = ben.get(&app, "/preferences").send().await.expect(200);
        assert_eq!(
            now.json["document"]["stance"],
            json!({"kind": "paused", "until": "2027-03-10", "rungs": ["informing", "consultation"]})
        );
        let kept = idempotency::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        assert!(!kept.is_empty() && kept.iter().all(|row| !format!("{:?}", row.body).contains("hearing loop")), "{kept:?}");
        assert!(allowance(&[]).await.is_nothing());
        app.clock.advance(chrono::Duration::days(10));
        let after = allowance(&[]).await;
        assert_eq!((after.ask_first(), after.highest()), (true, Some(Rung::Consultation)), "a pause raises nothing");
        assert!(allowance(&[housing.parse().unwrap()]).await.is_nothing());
        app.run_jobs().await;
    });
}

#[test]
fn stepping_down_never_goes_up() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        ben.put(&app, "/preferences", &up_to("co_design")).await.expect(200);
        ben.post(&app, "/step-down", &json!({"rung": "consultation"})).await.expect(201);
        let lower = ben.get(&app, "/preferences").send().await.expect(200);
        assert_eq!(lower.json["document"]["stance"], json!({"kind": "up_to", "rung": "consultation"}));
        let up = ben.post(&app, "/step-down", &json!({"rung": "engagement"})).await.expect(409);
        assert_eq!(up.json["code"], "not_a_step_down");
        ben.post(&app, "/step-down", &json!({"rung": "coercion"})).await.expect(422);
        ben.post(&app, "/pause", &json!({"until": "2020-01-01"})).await.expect(422);
        ben.post(&app, "/pause", &json!({})).await.expect(201);
        ben.post(&app, "/step-down", &json!({"rung": "informing"})).await.expect(409);
        app.run_jobs().await;
    });
}

#[test]
fn what_makes_no_sense_is_refused_with_its_place() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let moon = app.organisation(&ada, "moon").await;
        let ben = app.participant(&ada, "ben").await;
        let (housing, foreign) = (topic(&app, &ada, "housing").await, topic(&app, &moon, "housing").await);
        let wish = json!({
            "stance": {"kind": "between", "low": "engagement", "high": "informing"},
            "topics": {"yes": [housing, foreign], "never": [housing]},
            "access_needs": [{"need": "", "share_with": "nobody"}],
        });
        let found = ben.put(&app, "/preferences", &wish).await.expect(422).violations();
        let expected = [
            ("/stance/high", "order"),
            ("/topics/yes/1", "unknown"),
            ("/topics/never/0", "repeated"),
            ("/access_needs/0/need", "required"),
        ];
        assert_eq!(found, expected.map(|(at, code)| (at.to_owned(), code.to_owned())));
        ben.put(&app, "/preferences", &json!({"stance": {"kind": "up_to", "rung": "coercion"}})).await.expect(422);
        ben.put(&app, "/preferences", &json!({"stance": {"kind": "up_to", "rung": "top"}})).await.expect(422);
        // A topic that retires stays where the person had put it, and cannot be chosen anew.
        let wish = json!({"stance": {"kind": "ask_each_time"}, "topics": {"never": [housing]}});
        ben.put(&app, "/preferences", &wish).await.expect(200);
        app.post(ada.path(&format!("/topics/{housing}/retire"))).token(&ada.token).send().await.expect(204);
        ben.put(&app, "/preferences", &wish).await.expect(200);
        let eve = app.participant(&ada, "eve").await;
        eve.put(&app, "/preferences", &wish).await.expect(422);
        app.run_jobs().await;
    });
}

#[test]
fn staff_cannot_record_more_than_the_person_has_said() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let cora = app.coordinator(&ada, "cora").await;
        let vera = app.staff(&ada, "vera", "viewer").await;
        let ben = app.participant(&ada, "ben").await;
        let path = format!("/people/{}/preferences", ben.id);
        vera.put(&app, &path, &up_to("informing")).await.expect(403);
        let mut own = up_to("engagement");
        own["load"] = json!({"invites_per_month_max": 2});
        own["review_after"] = json!("2027-09-01");
        let need = |need: &str, with: &str| json!({"need": need, "kind": "other", "must_have": false, "share_with": with});
        own["access_needs"] = json!([need("A quiet room", "coordinator"), need("Large type", "nobody")]);
        ben.put(&app, "/preferences", &own).await.expect(200);
        let refused = cora.put(&app, &path, &up_to("co_design")).await.expect(409);
        assert_eq!(refused.json["code"], "above_preference");
        let more = json!({"load": {"invites_per_month_max": 3}});
        let refused = cora.put(&app, &path, &more).await.expect(409);
        assert_eq!(refused.json["code"], "above_preference");
        let mut lower = up_to("informing");
        lower["load"] = json!({"invites_per_month_max": 1});
        cora.put(&app, &path, &lower).await.expect(200);
        let now = ben.get(&app, "/preferences").send().await.expect(200);
        assert_eq!(now.json["document"]["access_needs"], own["access_needs"], "what staff cannot see stays");
        assert_eq!((now.json["n"].as_i64(), now.json["recorded_by"].as_str()), (Some(2), Some("staff")));
        assert_eq!(now.json["document"]["review_after"], "2027-09-01", "staff do not put the review off");
        // What was written down for the person is not widened again by anybody but them, though they once said more.
        let refused = cora.put(&app, &path, &up_to("engagement")).await.expect(409);
        assert_eq!(refused.json["code"], "above_preference");
        lower["stance"] = json!({"kind": "paused"});
        cora.put(&app, &path, &lower).await.expect(200);
        let audit = ada.get(&app, "/audit").send().await.text;
        assert_eq!(audit.matches("refuse_above_preference").count(), 3);
        assert_eq!(audit.matches("record_preference").count(), 2);
        ben.put(&app, "/preferences", &own).await.expect(200);
        // Who has said nothing is asked each time; nobody can drop the question for them.
        let eve = app.participant(&ada, "eve").await;
        let path_of_eve = format!("/people/{}/preferences", eve.id);
        for wider in [up_to("consultation"), json!({"stance": {"kind": "at_least", "rung": "informing"}})] {
            let refused = cora.put(&app, &path_of_eve, &wider).await.expect(409);
            assert_eq!(refused.json["code"], "above_preference");
        }
        cora.put(&app, &path_of_eve, &json!({"stance": {"kind": "paused"}})).await.expect(200);
        cora.put(&app, &path_of_eve, &json!({"stance": {"kind": "ask_each_time"}})).await.expect(409);
        let moon = app.organisation(&ada, "moon").await;
        moon.put(&app, &path, &up_to("informing")).await.expect(404);
        app.run_jobs().await;
    });
}

#[test]
fn what_staff_write_down_leaves_everything_else_as_it_was() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let cora = app.coordinator(&ada, "cora").await;
        let ben = app.participant(&ada, "ben").await;
        let (housing, food) = (topic(&app, &ada, "housing").await, topic(&app, &ada, "food").await);
        let own = json!({
            "stance": {"kind": "up_to", "rung": "engagement"}, "activity_types": ["survey", "interview_1to1"],
            "topics": {"yes": [housing], "never": [food]}, "load": {"minutes_per_month_max": 60, "notice_days_min": 5},
            "contact": {"format": "easy_read", "neutral_subject": true, "from_hour": 9}, "money": {"payment": "decline"},
            "access_needs": [{"need": "A quiet room", "share_with": "nobody"}], "story": {"may_ask_about_experience": "ok", "quotes": "never"},
            "quiet_periods": [{"from": "2027-08-01", "to": "2027-08-14"}], "review_after": "2027-09-01",
        });
        ben.put(&app, "/preferences", &own).await.expect(200);
        let before = ben.get(&app, "/preferences").send().await.expect(200).json["document"].clone();
        let path = format!("/people/{}", ben.id);
        let seen = cora.get(&app, &path).send().await.expect(200).json;
        assert_eq!(seen["preferences_version"], 1);
        // He rings: no interviews, and nothing about housing. They know nothing of what else he chose.
        let told = json!({"activity_types": ["survey", "workshop", "focus_group"], "never": [housing]});
        let put = async |version: &str, told: &Value| {
            let call = app.put(cora.path(&format!("{path}/preferences"))).token(&cora.token);
            call.header("if-match", version).json(told).send().await
        };
        put("\"v0\"", &told).await.expect(412);
        put("\"v1\"", &told).await.expect(200);
        let mut expected = before;
        expected["activity_types"] = json!(["survey"]);
        expected["topics"] = json!({"yes": [], "ask_first": [], "never": [food, housing]});
        let now = ben.get(&app, "/preferences").send().await.expect(200).json;
        assert_eq!(now["document"], expected);
        // Nothing in common is not the same as no limit.
        let refused = put("*", &json!({"activity_types": ["paid_role"]})).await.expect(422).violations();
        assert_eq!(refused, [("/activity_types".to_owned(), "nothing_left".to_owned())]);
        put("*", &json!({"access_needs": []})).await.expect(400);
        // A month of rest can be written down, and raises nothing afterwards.
        put("*", &json!({"stance": {"kind": "paused", "until": "2027-03-20"}})).await.expect(200);
        let now = ben.get(&app, "/preferences").send().await.expect(200).json;
        assert_eq!(now["document"]["stance"]["rungs"], json!(["informing", "consultation", "engagement"]));
        app.run_jobs().await;
    });
}

#[test]
fn staff_see_what_they_need_and_nothing_else() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        let mut own = up_to("engagement");
        own["access_needs"] = json!([
            {"need": "A quiet room", "share_with": "coordinator"}, {"need": "Large type", "share_with": "nobody"},
            {"need": "Breaks", "share_with": "facilitator"},
            {"need": "A lift", "kind": "moving_around", "must_have": true, "share_with": "venue"},
        ]);
        own["money"] = json!({"payment": "lower", "lower_amount_pence": 500, "method": "cash", "prepaid_expenses": true});
        own["story"] = json!({"may_ask_about_experience": "never", "quotes": "never", "credit": "pseudonym"});
        own["contact"] = json!({"format": "large_print", "channel": "phone", "phone": "01632 960 123", "no_voicemail": true});
        own["sessions"] = json!({"longest_minutes": 60, "camera_off": true});
        ben.put(&app, "/preferences", &own).await.expect(200);
        let seen = ada.get(&app, &format!("/people/{}", ben.id)).send().await.expect(200);
        let other = |need: &str| json!({"need": need, "kind": "other", "must_have": false});
        let lift = json!({"need": "A lift", "kind": "moving_around", "must_have": true});
        assert_eq!(seen.json["access_needs"], json!([lift, other("A quiet room"), other("Breaks")]));
        let expected = json!({
            "may_ask_about_experience": "never", "credit": "pseudonym", "payment": "lower", "payment_method": "cash",
            "lower_amount_pence": 500, "prepaid_expenses": true, "format": "large_print", "channel": "phone",
            "phone": "01632 960 123", "no_voicemail": true,
            "sessions": {"longest_minutes": 60, "break_after_minutes": null, "camera_off": true, "no_chat": false},
        });
        assert_eq!(seen.json["working_with"], expected);
        assert!(!seen.text.contains("engagement") && !seen.text.contains("Large type"));
        app.run_jobs().await;
    });
}

#[test]
fn what_is_said_about_money_and_names_makes_sense() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let cora = app.coordinator(&ada, "cora").await;
        let ben = app.participant(&ada, "ben").await;
        for (money, code) in [
            (json!({"payment": "wants", "lower_amount_pence": 500}), "not_used"),
            (json!({"payment": "lower", "lower_amount_pence": 0}), "out_of_range"),
        ] {
            let mut wish = up_to("consultation");
            wish["money"] = money;
            let refused = ben.put(&app, "/preferences", &wish).await.expect(422).violations();
            assert_eq!(refused, [("/money/lower_amount_pence".to_owned(), code.to_owned())]);
        }
        for (contact, code) in [
            (json!({"channel": "phone"}), "required"),
            (json!({"phone": "ring the bell"}), "form"),
            (json!({"phone": "+44 1632 960 123 extension 7"}), "form"),
        ] {
            let mut wish = up_to("consultation");
            wish["contact"] = contact;
            let refused = ben.put(&app, "/preferences", &wish).await.expect(422).violations();
            assert_eq!(refused, [("/contact/phone".to_owned(), code.to_owned())]);
        }
        let mut wish = up_to("consultation");
        wish["sessions"] = json!({"longest_minutes": 4, "break_after_minutes": 601});
        let refused = ben.put(&app, "/preferences", &wish).await.expect(422).violations();
        let out_of_range = |at: &str| (format!("/sessions/{at}"), "out_of_range".to_owned());
        assert_eq!(refused, [out_of_range("longest_minutes"), out_of_range("break_after_minutes")]);
        // Whoever writes down what they were told cannot say by which name somebody is to be known.
        let mut wish = up_to("consultation");
        wish["story"] = json!({"may_ask_about_experience": "ok", "quotes": "ok", "credit": "name"});
        ben.put(&app, "/preferences", &wish).await.expect(200);
        let path = format!("/people/{}/preferences", ben.id);
        let told = json!({"story": {"may_ask_about_experience": "never", "quotes": "never"}});
        cora.put(&app, &path, &told).await.expect(200);
        let now = ben.get(&app, "/preferences").send().await.expect(200).json;
        assert_eq!(now["document"]["story"], json!({"may_ask_about_experience": "never", "quotes": "never", "credit": "name"}));
        cora.put(&app, &path, &wish).await.expect(400);
        app.run_jobs().await;
    });
}

#[test]
fn nobody_can_be_spoken_for_who_has_not_joined() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let ben = app.participant(&ada, "ben").await;
        let path = format!("/people/{}/preferences", ben.id);
        app.post("/api/me/leave").token(&ben.token).send().await.expect(200);
        let refused = ada.put(&app, &path, &up_to("informing")).await.expect(409);
        assert_eq!(refused.json["code"], "not_joined");
        app.run_jobs().await;
    });
}
