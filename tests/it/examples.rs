//! The examples of the API document can be sent as they stand.

use crate::{
    document::{Operation, operations, served},
    given::Given,
    harness::{TestApp, everywhere},
    staffed::Cast,
};
use entity::{OpportunityState, QuotePermission, contribution, topic};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Operations whose example needs what cannot be written down: a secret that was sent in a letter or shown once.
const SECRETS: [&str; 8] = [
    "acceptStaffInvitation", // the token of a letter
    "changePassword",        // the password there is
    "confirmLink",           // the token of a letter
    "confirmPasswordReset",  // the token of a letter
    "sayInvitationConsents", // that the notice was shown
    "sayMyConsents",         // that the notice was shown
    "setUp",                 // the token of the first start
    "unsubscribe",           // the token of a letter
];

/// Puts ids that name something in place of the example's.
fn with_ids(value: &mut Value, known: &BTreeMap<&str, String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let singular = name.strip_suffix('s').unwrap_or(name);
                match (field, known.get(name.as_str()).or_else(|| known.get(singular))) {
                    (field, Some(id)) if looks_like_an_id(field) => *field = json!(id),
                    (Value::Array(items), Some(id)) => {
                        items.iter_mut().filter(|item| looks_like_an_id(item)).for_each(|item| *item = json!(id))
                    }
                    (field, _) => with_ids(field, known),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| with_ids(item, known)),
        _ => {}
    }
}

fn looks_like_an_id(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.parse::<uuid::Uuid>().is_ok())
}

fn id(operation: &Operation) -> &str {
    operation.what["operationId"].as_str().unwrap()
}

/// Everybody, with what the examples speak of: the second is an opportunity that has closed.
async fn furnished(app: &TestApp) -> (Cast, entity::OpportunityId) {
    let mut cast = Cast::gather(app).await;
    let ada = crate::harness::Persona {
        token: cast.token("coordinator").unwrap(),
        organisation: cast.known["organisation"].clone(),
        slug: cast.known["slug"].clone(),
    };
    let given = Given::of(app, &ada);
    // What the examples speak of, in an opportunity that has closed.
    let project = cast.known["project"].parse().unwrap();
    let closed = given.opportunity(project, OpportunityState::Closed).await;
    let questions = given.questions(closed, &json!({"elements": [{"type": "comment", "name": "view"}]})).await;
    let eve = given.someone("eve").await;
    let response = given.response(closed, questions, &eve, json!({"view": "Seats"})).await;
    given.agrees(&eve, closed).await;
    let theme = given.theme(closed, "Seats", false, &[response]).await;
    given.draft(closed).await;
    let (contribution, topic): (entity::ContributionId, entity::TopicId) = (app.clock.new_id(), app.clock.new_id());
    let db = app.app.platform.db.write();
    let row = contribution::ActiveModel {
        organisation_id: Set(given.organisation),
        id: Set(contribution),
        opportunity_id: Set(closed),
        meeting_id: Set(None),
        participant_id: Set(Some(eve.id)),
        text: Set(Some("Seats".into())),
        quote: Set(QuotePermission::No),
        created_at: Set(app.clock.now()),
        recorded_by: Set("system".into()),
        withdrawn_at: Set(None),
    };
    contribution::Entity::insert(row).exec_without_returning(db).await.unwrap();
    let row = topic::ActiveModel {
        organisation_id: Set(given.organisation),
        id: Set(topic),
        key: Set("seats".into()),
        title: Set("Seats".into()),
        version: Set(1),
        created_at: Set(app.clock.now()),
        ..Default::default()
    };
    topic::Entity::insert(row).exec_without_returning(db).await.unwrap();
    cast.known.extend([
        ("theme", theme),
        ("response", response.to_string()),
        ("contribution", contribution.to_string()),
        ("topic", topic.to_string()),
    ]);
    (cast, closed)
}

/// Whether an operation is about what comes after an opportunity has closed.
fn is_about_the_end(operation: &Operation) -> bool {
    ["/themes", "/recommendations", "/report", "/rating"].iter().any(|part| operation.path.contains(part))
}

#[test]
fn every_example_can_be_sent_as_it_stands() {
    everywhere(|app| async move {
        let (cast, closed) = furnished(&app).await;
        let (mut breaches, mut done, mut tried) = (Vec::new(), 0, 0);
        for operation in operations(&served(&app).await) {
            let Some(("application/json", _)) = operation.body() else { continue };
            let mut body = operation.example().unwrap_or_else(|| panic!("{}: no example", operation.name())).clone();
            with_ids(&mut body, &cast.known);
            if let Some(other) = body.pointer_mut("/opportunities/1/opportunity") {
                *other = json!(closed);
            }
            let mut known = cast.known.clone();
            if is_about_the_end(&operation) {
                known.insert("opportunity", closed.to_string());
            }
            let mut call = app.call(operation.method.clone(), operation.address(&known)).header("if-match", "*");
            if let Some(token) = cast.token(Cast::mightiest(&operation.path)) {
                call = call.token(&token);
            }
            let answer = call.json(&body).send().await;
            tried += 1;
            done += usize::from(answer.status.is_success());
            let status = answer.status.as_u16();
            if status == 400 || status >= 500 || (status == 422 && !SECRETS.contains(&id(&operation))) {
                breaches.push(format!("{} {status}: {}\n{body}", operation.name(), answer.text));
            }
        }
        assert!(breaches.is_empty(), "{}", breaches.join("\n"));
        assert!(done >= 30, "{done} of {tried} were carried out");
        app.outbox().await;
    });
}

#[test]
fn what_belongs_to_others_is_not_there_whoever_asks() {
    everywhere(|app| async move {
        let (cast, closed) = furnished(&app).await;
        let token = cast.token("elsewhere").unwrap();
        let (mut walked, mut breaches) = (0, Vec::new());
        for operation in operations(&served(&app).await) {
            let gaps = cast.known.keys().filter(|gap| operation.path.contains(&format!("{{{gap}}}")));
            let inside = operation.path.starts_with("/organisations/{organisation}");
            if !inside || gaps.filter(|gap| **gap != "organisation").count() == 0 {
                continue;
            }
            let mut known = cast.known.clone();
            // Its own organisation, where it may do everything, and ids of ours.
            known.insert("organisation", cast.known["other"].clone());
            if is_about_the_end(&operation) {
                known.insert("opportunity", closed.to_string());
            }
            let mut call = app.call(operation.method.clone(), operation.address(&known)).header("if-match", "*").token(&token);
            if let Some(("application/json", _)) = operation.body() {
                let mut body = operation.example().cloned().unwrap_or_else(|| json!({}));
                with_ids(&mut body, &known);
                call = call.json(&body);
            }
            let answer = call.send().await;
            if answer.status.as_u16() != 404 {
                breaches.push(format!("{} {}: {}", operation.name(), answer.status, answer.text));
            }
            walked += 1;
        }
        assert!(breaches.is_empty(), "{}", breaches.join("\n"));
        assert!(walked > 40, "{walked}");
        app.outbox().await;
    });
}
