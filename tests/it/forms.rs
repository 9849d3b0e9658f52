//! What a form asks of whom and on which day, and what is told of those whom it did not ask.

use crate::{
    given::Given,
    harness::{TestApp, everywhere},
    story::Story,
};
use chrono::Duration;
use entity::{OpportunityState, QuestionnaireId, organisation, questionnaire};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::{Value, json};

/// Puts a further version of the questions in place, without making it the one that is asked.
async fn older(app: &TestApp, given: &Given, opportunity: entity::OpportunityId, definition: &Value) -> QuestionnaireId {
    let id: QuestionnaireId = app.clock.new_id();
    let row = questionnaire::ActiveModel {
        organisation_id: Set(given.organisation),
        id: Set(id),
        opportunity_id: Set(opportunity),
        n: Set(2),
        definition: Set(definition.to_string()),
        digest: Set(vec![0]),
        published_by: Set("system".into()),
        published_at: Set(app.clock.now()),
    };
    questionnaire::Entity::insert(row).exec_without_returning(app.app.platform.db.write()).await.unwrap();
    id
}

#[test]
fn who_was_not_asked_is_not_said_to_have_left_it_out() {
    everywhere(|app| async move {
        let root = app.administrator().await;
        let given = Given::of(&app, &app.coordinator(&root, "ada").await);
        let id = given.opportunity(given.project(&[]).await, OpportunityState::Open).await;
        let mut form = json!({"elements": [
            {"type": "radiogroup", "name": "form", "choices": ["group", "alone"]},
            {"type": "radiogroup", "name": "size", "visibleIf": "{form} = 'group'", "choices": ["small", "large"]},
        ]});
        let first = older(&app, &given, id, &form).await;
        form["elements"]
            .as_array_mut()
            .unwrap()
            .push(json!({"type": "checkbox", "name": "help", "choices": ["lift", "child_care"]}));
        let second = given.questions(id, &form).await;
        let kinds = [
            (first, json!({"form": "group", "size": "small"})),
            (first, json!({"form": "alone"})),
            (second, json!({"form": "group", "size": "small", "help": ["lift"]})),
            (second, json!({"form": "group"})),
        ];
        for (kind, (version, answers)) in kinds.iter().enumerate() {
            for n in 0..6 {
                let someone = given.someone(&format!("p{kind}-{n}")).await;
                given.response(id, *version, &someone, answers.clone()).await;
                given.agrees(&someone, id).await;
            }
        }
        let counts = async || -> Vec<Vec<Value>> {
            let summary = given.get(id, "/summary").await.expect(200).json;
            let questions = summary["questions"].as_array().unwrap().iter();
            let number = |count: &Value| count["number"].clone();
            questions
                .map(|question| {
                    let choices = question["choices"].as_array().unwrap().iter().map(|choice| number(&choice["people"]));
                    choices.chain([number(&question["left_out"]), number(&question["not_asked"])]).collect()
                })
                .collect()
        };
        let told = |rows: [[u64; 4]; 3]| rows.map(|row| row.map(|n| json!(n)).to_vec()).to_vec();
        assert_eq!(counts().await, told([[18, 6, 0, 0], [12, 0, 6, 6], [6, 0, 6, 12]]));
        // Three more who were asked and left it out would tell of themselves beside those who were not asked.
        for n in 0..3 {
            let someone = given.someone(&format!("late-{n}")).await;
            given.response(id, second, &someone, json!({"form": "alone", "help": ["lift"]})).await;
            given.agrees(&someone, id).await;
        }
        let after = counts().await;
        assert_eq!(after[1], [json!(12), json!(0), json!(6), json!(9)]);
        assert_eq!(after[2], [json!(9), json!(0), json!(6), json!(12)]);
    });
}

#[test]
fn today_is_the_day_where_the_organisation_is() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", json!({"stance": {"kind": "up_to", "rung": "consultation"}})).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let token = story.invite(&id, json!({})).await[0].token("ai_");
        story.consent(&token).await;
        let mut form = crate::story::questions();
        let validators = json!([{"type": "expression", "expression": "{since} <= today()"}]);
        let since = json!({"type": "text", "inputType": "date", "name": "since", "validators": validators});
        form["elements"].as_array_mut().unwrap().push(since);
        story.ada.post(&app, &format!("/opportunities/{id}/questionnaire"), &form).await.expect(201);
        let row = organisation::ActiveModel {
            id: Set(story.ada.organisation.parse().unwrap()),
            time_zone: Set("Pacific/Auckland".into()),
            ..Default::default()
        };
        organisation::Entity::update(row).exec(app.app.platform.db.write()).await.unwrap();
        // Early in the morning in Auckland it is still the day before at Greenwich.
        let now = app.clock.now();
        let early = now.date_naive().and_hms_opt(14, 0, 0).unwrap().and_utc();
        app.clock.advance(if early > now { early - now } else { early + Duration::days(1) - now });
        let (greenwich, auckland) = (app.clock.now().date_naive(), app.clock.now().date_naive().succ_opt().unwrap());
        for (day, status) in [(auckland.succ_opt().unwrap(), 422), (auckland, 201), (greenwich, 201)] {
            let answers = json!({"form": "one_to_one", "since": day});
            story.hand_in(&token, answers).await.expect(status);
        }
    });
}
