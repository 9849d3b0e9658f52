//! Meetings, notes, contributions, and what is claimed of them.

use crate::{
    given::Given,
    harness::{TestApp, everywhere},
};
use entity::{ConsentType, InvitationState, OpportunityId, OpportunityKind, OpportunityState, PlaceState, Purpose, opportunity};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

async fn start(app: &TestApp) -> Given {
    let root = app.administrator().await;
    Given::of(app, &app.coordinator(&root, "ada").await)
}

fn meeting() -> Value {
    json!({"title": "First meeting", "starts_at": "2027-03-10T18:00:00Z", "ends_at": "2027-03-10T20:00:00Z", "location": "Town hall"})
}

#[test]
fn notes_go_to_those_concerned_and_are_agreed_when_all_agree() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let group = given.opportunity(given.project(&[]).await, OpportunityState::Open).await;
        let (ben, cleo, dan, eve) =
            (given.someone("ben").await, given.someone("cleo").await, given.someone("dan").await, given.someone("eve").await);
        for someone in [&ben, &cleo, &dan] {
            given.place(group, someone, PlaceState::Held).await;
        }
        given.place(group, &eve, PlaceState::Waiting).await;
        given.wants_neutral_subjects(&cleo).await;
        let made = given.post(group, "/meetings", &meeting()).await.expect(201);
        let path = format!("/meetings/{}", made.id());
        assert_eq!(given.get(group, &path).await.expect(200).etag(), made.etag());
        let mut wrong = meeting();
        wrong["ends_at"] = json!("2027-03-10T17:00:00Z");
        given.put(group, &path, &wrong).await.expect(422);
        let stale = app.put(given.ada.path(&format!("/opportunities/{group}{path}"))).token(&given.ada.token);
        stale.header("if-match", "\"v9\"").json(&meeting()).send().await.expect(412);
        given.post(group, &format!("{path}/notes/share"), &json!({})).await.expect(409);

        let refused =
            given.put(group, &format!("{path}/attendance"), &json!([{"participant": eve.id, "attendance": "present"}])).await;
        assert_eq!(refused.expect(422).violations(), [("/0/participant".to_owned(), "no_place".to_owned())]);
        // Holding a place is not yet agreeing that anything is recorded.
        let there = json!([{"participant": ben.id, "attendance": "present"}]);
        let refused = given.put(group, &format!("{path}/attendance"), &there).await.expect(422).violations();
        assert_eq!(refused, [("/0/participant".to_owned(), "no_consent".to_owned())]);
        for someone in [&ben, &cleo, &dan] {
            given.agrees(someone, group).await;
        }
        let list = json!([
            {"participant": ben.id, "attendance": "present"}, {"participant": cleo.id, "attendance": "present"},
            {"participant": dan.id, "attendance": "absent"},
        ]);
        given.put(group, &format!("{path}/attendance"), &list).await.expect(200);
        // What was recorded under a consent that ended may stay as it is, and not change.
        given.consent(&dan, Purpose::Participate, group.0, ConsentType::Withdraw).await;
        given.put(group, &format!("{path}/attendance"), &list).await.expect(200);
        let mut other = list.clone();
        other[2]["attendance"] = json!("present");
        given.put(group, &format!("{path}/attendance"), &other).await.expect(422);
        given.put(group, &format!("{path}/notes"), &json!({"text": "We talked about seats."})).await.expect(200);
        // Not shared yet: nobody can read or answer.
        assert_eq!(ben.get(&app, "/meetings").await.expect(200).json["items"][0]["notes"], Value::Null);
        ben.post(&app, &format!("{path}/notes"), &json!({"version": 4, "agrees": true})).await.expect(409);

        given.post(group, &format!("{path}/notes/share"), &json!({})).await.expect(200);
        given.post(group, &format!("{path}/notes/share"), &json!({})).await.expect(200);
        let letters = app.outbox().await;
        let mut to: Vec<_> = letters.iter().map(|letter| letter.to.as_str()).collect();
        to.sort_unstable();
        assert_eq!(to, ["ben@people.example", "cleo@people.example"]);
        let of = |who: &str| letters.iter().find(|letter| letter.to.starts_with(who)).unwrap().text();
        assert!(of("ben").contains("Notes of First meeting"));
        assert!(!of("cleo").contains("Notes of First meeting") && of("cleo").contains("A letter for you"));

        assert_eq!(ben.get(&app, "/meetings").await.expect(200).json["items"][0]["notes"], "We talked about seats.");
        assert_eq!(dan.get(&app, "/meetings").await.expect(200).json["items"][0]["notes"], Value::Null);
        assert_eq!(eve.get(&app, "/meetings").await.expect(200).json["items"], json!([]));
        let version = ben.get(&app, "/meetings").await.expect(200).json["items"][0]["version"].clone();
        let notes = format!("{path}/notes");
        ben.post(&app, &notes, &json!({"agrees": true})).await.expect(400);
        ben.post(&app, &notes, &json!({"version": version, "agrees": true})).await.expect(204);
        cleo.post(&app, &notes, &json!({"version": version, "agrees": false})).await.expect(422);
        cleo.post(&app, &notes, &json!({"version": version, "agrees": false, "comment": "Also signs."})).await.expect(204);
        eve.post(&app, &notes, &json!({"version": version, "agrees": true})).await.expect(404);
        assert_eq!(given.get(group, &path).await.expect(200).json["notes_agreed_at"], Value::Null);
        cleo.post(&app, &notes, &json!({"version": version, "agrees": true})).await.expect(204);
        assert_ne!(given.get(group, &path).await.expect(200).json["notes_agreed_at"], Value::Null);
        // Ben takes his part back; what is written from now on is not for him.
        given.consent(&ben, Purpose::Participate, group.0, ConsentType::Withdraw).await;
        // Other words must be agreed anew.
        given.put(group, &format!("{path}/notes"), &json!({"text": "Seats and signs."})).await.expect(200);
        let changed = given.get(group, &path).await.expect(200).json;
        assert_eq!((&changed["notes_agreed_at"], &changed["notes_shared_at"]), (&Value::Null, &Value::Null));
        given.post(group, &format!("{path}/notes/share"), &json!({})).await.expect(200);
        let to: Vec<_> = app.outbox().await.into_iter().map(|letter| letter.to).collect();
        assert_eq!(to, ["cleo@people.example"]);
        // A browser that still shows the earlier words agrees to nothing.
        ben.post(&app, &notes, &json!({"version": version, "agrees": true})).await.expect(412);
        assert_eq!(ben.get(&app, "/meetings").await.expect(200).json["items"][0]["agrees"], Value::Null);
        app.outbox().await;
    });
}

#[test]
fn notes_reach_nobody_who_took_their_part_back_or_stopped_them() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let group = given.opportunity(given.project(&[]).await, OpportunityState::Open).await;
        let people = [given.someone("ben").await, given.someone("cleo").await];
        for someone in &people {
            given.place(group, someone, PlaceState::Held).await;
            given.agrees(someone, group).await;
        }
        let path = format!("/meetings/{}", given.post(group, "/meetings", &meeting()).await.expect(201).id());
        let list: Vec<_> = people.iter().map(|someone| json!({"participant": someone.id, "attendance": "present"})).collect();
        given.put(group, &format!("{path}/attendance"), &json!(list)).await.expect(200);
        let share = async |words: &str| {
            given.put(group, &format!("{path}/notes"), &json!({"text": words})).await.expect(200);
            given.post(group, &format!("{path}/notes/share"), &json!({})).await.expect(200);
        };
        app.outbox().await;
        // Between the sharing and the sending, Ben takes his part back.
        share("Seats.").await;
        given.consent(&people[0], Purpose::Participate, group.0, ConsentType::Withdraw).await;
        let letters = app.outbox().await;
        assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["cleo@people.example"]);
        // Cleo stops letters of this kind with the link in it.
        assert!(letters[0].raw.contains("List-Unsubscribe: "));
        let stop = json!({"token": letters[0].token("au_")});
        app.post("/api/public/unsubscribe").json(&stop).send().await.expect(204);
        share("Seats and signs.").await;
        assert!(app.outbox().await.is_empty());
        // With nobody left to write to, nothing is shared.
        given.consent(&people[1], Purpose::Participate, group.0, ConsentType::Withdraw).await;
        given.put(group, &format!("{path}/notes"), &json!({"text": "Seats, signs and light."})).await.expect(200);
        let refused = given.post(group, &format!("{path}/notes/share"), &json!({})).await.expect(409);
        assert_eq!(refused.json["code"], "nobody_there");
    });
}

#[test]
fn what_somebody_gave_can_be_taken_back() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let group = given.opportunity(given.project(&[]).await, OpportunityState::Open).await;
        let (ben, cleo, dan) = (given.someone("ben").await, given.someone("cleo").await, given.someone("dan").await);
        given.place(group, &ben, PlaceState::Held).await;
        given.invitation(group, &cleo, InvitationState::Accepted).await;
        given.invitation(group, &dan, InvitationState::Declined).await;
        for someone in [&ben, &cleo] {
            given.agrees(someone, group).await;
            given.consent(someone, Purpose::QuoteAnonymous, group.0, ConsentType::Give).await;
        }
        let path = format!("/opportunities/{group}/contributions");
        let body = json!({"text": "Paint the door green", "quote": "anonymous"});
        let made = ben.post(&app, &path, &body).await.expect(201);
        assert!(!made.text.contains("green"));
        cleo.post(&app, &path, &body).await.expect(201);
        dan.post(&app, &path, &body).await.expect(404);
        let by_staff = json!({"text": "On the flip chart", "quote": "no"});
        given.post(group, "/contributions", &by_staff).await.expect(201);
        given.post(group, "/contributions", &json!({"text": "x", "quote": "no", "participant": dan.id})).await.expect(422);
        given.post(group, "/contributions", &json!({"text": "x", "quote": "named"})).await.expect(422);

        let withdraw = format!("/contributions/{}/withdraw", made.id());
        cleo.post(&app, &withdraw, &json!({})).await.expect(404);
        let gone = ben.post(&app, &withdraw, &json!({})).await.expect(200).json;
        assert_eq!(gone["text"], Value::Null);
        ben.post(&app, &withdraw, &json!({})).await.expect(200);
        let list = given.get(group, "/contributions").await.expect(200).json;
        let texts: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|item| &item["text"]).collect();
        assert_eq!(texts, [&Value::Null, &json!("Paint the door green"), &json!("On the flip chart")]);
        assert_eq!(cleo.get(&app, &path).await.expect(200).json["items"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn who_holds_a_place_gives_until_the_report_is_published() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let group = given.opportunity(given.project(&[]).await, OpportunityState::Closed).await;
        let ben = given.someone("ben").await;
        given.place(group, &ben, PlaceState::Held).await;
        given.agrees(&ben, group).await;
        let give = async |id: OpportunityId| {
            ben.post(&app, &format!("/opportunities/{id}/contributions"), &json!({"text": "Green", "quote": "no"})).await
        };
        // A consultation takes nothing after its last day.
        let consultation = group;
        assert_eq!(give(consultation).await.expect(409).json["code"], "not_open");
        let row = opportunity::ActiveModel { kind: Set(OpportunityKind::CoDesignGroup), ..Default::default() };
        let all = opportunity::Entity::update_many().set(row).filter(opportunity::Column::Id.eq(group));
        all.exec(app.app.platform.db.write()).await.unwrap();
        let made = give(group).await.expect(201).id();
        let theme = given.post(group, "/themes", &json!({"title": "Green", "summary": "Paint it green."})).await.expect(201).id();
        given.put(group, &format!("/themes/{theme}/sources"), &json!({"contributions": [made]})).await.expect(200);
        given.draft(group).await;
        give(group).await.expect(201);
        given.post(group, "/report/publish", &json!({})).await.expect(200);
        app.outbox().await;
        assert_eq!(give(group).await.expect(409).json["code"], "not_open");
    });
}

#[test]
fn words_are_taken_and_quoted_as_far_as_the_person_agreed() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let project = given.project(&[]).await;
        let group = given.opportunity(project, OpportunityState::Open).await;
        let ben = given.someone("ben").await;
        given.place(group, &ben, PlaceState::Held).await;
        let path = format!("/opportunities/{group}/contributions");
        let own = |quote: &str| json!({"text": "Green", "quote": quote});
        let by_staff = |quote: &str| json!({"text": "Green", "quote": quote, "participant": ben.id});
        assert_eq!(ben.post(&app, &path, &own("no")).await.expect(409).json["code"], "consent_needed");
        let refused = given.post(group, "/contributions", &by_staff("named")).await.expect(422).violations();
        let fields = [("/participant", "no_consent"), ("/quote", "no_consent")];
        assert_eq!(refused, fields.map(|(at, code)| (at.to_owned(), code.to_owned())));
        given.agrees(&ben, group).await;
        let made = ben.post(&app, &path, &own("no")).await.expect(201);
        for quote in ["anonymous", "named"] {
            let expected = [("/quote".to_owned(), "no_consent".to_owned())];
            assert_eq!(ben.post(&app, &path, &own(quote)).await.expect(422).violations(), expected);
            assert_eq!(given.post(group, "/contributions", &by_staff(quote)).await.expect(422).violations(), expected);
        }
        // What somebody said to the organisation as a whole counts where they said nothing about this opportunity.
        given.consent(&ben, Purpose::QuoteAttributed, given.organisation.0, ConsentType::Give).await;
        ben.post(&app, &path, &own("named")).await.expect(201);
        // Choices that say never outrank what was agreed to, also for words that were given before.
        let quotes = |list: Value| -> Vec<String> {
            list["items"].as_array().unwrap().iter().map(|row| row["quote"].as_str().unwrap().to_owned()).collect()
        };
        let choose = async |quotes: &str| {
            let story = json!({"may_ask_about_experience": "ok", "quotes": quotes});
            let doc = json!({"stance": {"kind": "ask_each_time"}, "story": story});
            app.put("/api/me/preferences").token(&ben.token).header("if-match", "*").json(&doc).send().await
        };
        choose("never").await.expect(200);
        ben.post(&app, &path, &own("named")).await.expect(422);
        assert_eq!(quotes(given.get(group, "/contributions").await.expect(200).json), ["no", "no"]);
        choose("ok").await.expect(200);
        assert_eq!(quotes(given.get(group, "/contributions").await.expect(200).json), ["no", "named"]);
        app.run_jobs().await;
        given.consent(&ben, Purpose::QuoteAttributed, group.0, ConsentType::Refuse).await;
        ben.post(&app, &path, &own("named")).await.expect(422);
        assert_eq!(quotes(given.get(group, "/contributions").await.expect(200).json), ["no", "no"]);
        // What may no longer be used is not shown, before any job has run.
        given.consent(&ben, Purpose::Participate, group.0, ConsentType::Withdraw).await;
        assert_eq!(quotes(given.get(group, "/contributions").await.expect(200).json), Vec::<String>::new());
        let decision = given.decision(project, "Which colour", None).await;
        let claim = json!({"contribution": made.id(), "level": "changed", "note": "Green."});
        let refused = given.ada.post(&app, &format!("/decisions/{decision}/influence"), &claim).await.expect(422);
        assert_eq!(refused.violations(), [("/contribution".to_owned(), "unknown".to_owned())]);
    });
}

#[test]
fn a_claim_is_judged_by_those_whose_words_they_were() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let consultation = given.consultation(3).await;
        let (id, who) = (consultation.id, &consultation.who);
        let theme = given.theme(id, "Seats", false, &consultation.responses[..2]).await;
        let decision = given.decision(consultation.project, "Which seats", None).await;
        let elsewhere = given.decision(given.project(&[]).await, "Other", None).await;
        let claim = json!({"theme": theme, "level": "changed", "note": "Soft seats were chosen."});
        let path = format!("/decisions/{decision}/influence");
        given.ada.post(&app, &format!("/decisions/{elsewhere}/influence"), &claim).await.expect(422);
        given.ada.post(&app, &path, &json!({"level": "changed", "note": "x"})).await.expect(422);
        let made = given.ada.post(&app, &path, &claim).await.expect(201);
        assert_eq!(made.json["standing"], "unasked");
        let mine = format!("/influence/{}", made.id());
        who[2].post(&app, &mine, &json!({"standing": "confirmed"})).await.expect(404);
        who[0].post(&app, &mine, &json!({"standing": "unasked"})).await.expect(422);
        who[0].post(&app, &mine, &json!({"standing": "confirmed"})).await.expect(200);
        let disputed = who[1].post(&app, &mine, &json!({"standing": "disputed"})).await.expect(200).json;
        assert_eq!(disputed["standing"], "disputed");
        // One who agrees does not outvote one who does not; who changes their mind counts once.
        assert_eq!(who[0].post(&app, &mine, &json!({"standing": "confirmed"})).await.expect(200).json["standing"], "disputed");
        assert_eq!(who[1].post(&app, &mine, &json!({"standing": "confirmed"})).await.expect(200).json["standing"], "confirmed");
        given.draft(id).await;
        given.post(id, "/report/publish", &json!({})).await.expect(200);
        app.outbox().await;
        let ledger = who[0].get(&app, "/ledger").await.expect(200).json;
        assert_eq!(ledger["items"][0]["influence"][0]["mine"], "confirmed");
        // Who has taken back what they said has no say any more.
        given.withdraw(consultation.responses[0]).await;
        who[0].post(&app, &mine, &json!({"standing": "disputed"})).await.expect(404);
    });
}

#[test]
fn sources_belong_to_their_opportunity() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let (here, there) = (given.consultation(2).await, given.consultation(1).await);
        let theme = given.theme(here.id, "Seats", false, &here.responses).await;
        let path = format!("/themes/{theme}/sources");
        let refused = given.put(here.id, &path, &json!({"responses": [here.responses[0], there.responses[0]]})).await.expect(422);
        assert_eq!(refused.violations(), [("/responses/1".to_owned(), "unknown".to_owned())]);
        let twice = given.put(here.id, &path, &json!({"responses": [here.responses[0], here.responses[0]]})).await.expect(422);
        assert_eq!(twice.violations()[0].1, "twice");
        given.put(there.id, &path, &json!({"responses": [there.responses[0]]})).await.expect(404);
        app.delete(given.ada.path(&format!("/opportunities/{}/themes/{theme}", here.id)))
            .token(&given.ada.token)
            .send()
            .await
            .expect(204);
    });
}
