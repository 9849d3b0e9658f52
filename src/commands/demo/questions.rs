//! The questions of the demo's consultation, and what people answer.

use super::dice::Dice;
use serde_json::{Map, Value, json};

const FORMS: [&str; 4] = ["group", "one_to_one", "both", "other"];
const MATTERS: [&str; 6] = ["choice", "no_wait", "peers", "once", "childcare", "evenings"];
const FIRST: [&str; 4] = ["privacy", "peers", "speed", "continuity"];

/// As SurveyJS JSON.
pub fn definition() -> Value {
    json!({
        "title": "What should support look like?",
        "pages": [
            {"name": "form", "title": "The form it takes", "elements": [
                {"type": "radiogroup", "name": "form", "isRequired": true, "title": "Which form of support should be there first?",
                 "choices": [
                    {"value": "group", "text": "A group of people with similar experiences"},
                    {"value": "one_to_one", "text": "One to one, with the same person each time"},
                    {"value": "both", "text": "Both, one after the other"},
                 ], "showOtherItem": true, "otherText": "Something else entirely"},
                {"type": "comment", "name": "group_safe", "visibleIf": "{form} = 'group' or {form} = 'both'",
                 "title": "What would make a group feel safe?"},
                {"type": "comment", "name": "person_like", "visibleIf": "{form} = 'one_to_one' or {form} = 'both'",
                 "title": "What should that person be like?"},
            ]},
            {"name": "matters", "title": "What matters", "elements": [
                {"type": "checkbox", "name": "matters", "title": "What matters most? Choose up to three.", "maxSelectedChoices": 3,
                 "choices": [
                    {"value": "choice", "text": "Choosing who supports me"},
                    {"value": "no_wait", "text": "Not waiting for months"},
                    {"value": "peers", "text": "Somebody who has been there"},
                    {"value": "once", "text": "Telling my story once"},
                    {"value": "childcare", "text": "Child care"},
                    {"value": "evenings", "text": "Evenings and weekends"},
                 ], "showNoneItem": true},
                {"type": "ranking", "name": "first", "title": "Put these in the order in which they matter to you.",
                 "choices": [
                    {"value": "privacy", "text": "Nobody else knows"},
                    {"value": "peers", "text": "Others who understand"},
                    {"value": "speed", "text": "It begins soon"},
                    {"value": "continuity", "text": "It does not end after six weeks"},
                 ]},
                {"type": "matrix", "name": "when", "title": "When could you come?",
                 "rows": [{"value": "weekday", "text": "On a weekday"}, {"value": "evening", "text": "In the evening"},
                          {"value": "weekend", "text": "At the weekend"}],
                 "columns": [{"value": "yes", "text": "Yes"}, {"value": "sometimes", "text": "Sometimes"}, {"value": "no", "text": "No"}]},
                {"type": "rating", "name": "now", "title": "How well does what there is now fit you?", "rateMin": 1, "rateMax": 5,
                 "minRateDescription": "Not at all", "maxRateDescription": "Very well"},
            ]},
            {"name": "more", "title": "Anything else", "elements": [
                {"type": "comment", "name": "more", "title": "Is there anything else we should know?", "maxLength": 2000},
            ]},
        ],
    })
}

/// What somebody of this number answers.
pub fn answers(seed: u64, number: usize) -> Map<String, Value> {
    let mut dice = Dice::of(seed, number, "answers");
    let mut answers = Map::new();
    let shares = [(34, FORMS[0]), (30, FORMS[1]), (21, FORMS[2]), (15, FORMS[3])];
    let form = dice.weighted(&shares).unwrap_or(FORMS[0]);
    answers.insert("form".into(), json!(form));
    if form == "other" {
        let words = [
            "A garden where people can be, with somebody there who listens.",
            "A place to sleep safely first. Everything else comes after that.",
            "Doing something together, such as cooking, without having to talk.",
        ];
        answers.insert("form-Comment".into(), json!(dice.pick(&words)));
    }
    if matches!(form, "group" | "both") {
        let words = [
            "Small, and the same people each time.",
            "No one has to speak.",
            "Separate groups for women.",
            "Rules that we make.",
        ];
        answers.insert("group_safe".into(), json!(dice.pick(&words)));
    }
    if matches!(form, "one_to_one" | "both") && dice.chance(70) {
        let words =
            ["Patient.", "Somebody who does not judge.", "Somebody I can choose, and change.", "From outside my community."];
        answers.insert("person_like".into(), json!(dice.pick(&words)));
    }
    let most = 1 + dice.below(3);
    let matters: Vec<_> = dice.order(&MATTERS).into_iter().take(most).collect();
    answers.insert("matters".into(), json!(matters));
    answers.insert("first".into(), json!(dice.order(&FIRST)));
    let columns = ["yes", "sometimes", "no"];
    answers.insert(
        "when".into(),
        json!({"weekday": dice.pick(&columns), "evening": dice.pick(&columns), "weekend": dice.pick(&columns)}),
    );
    answers.insert("now".into(), json!(1 + dice.below(5)));
    if dice.chance(25) {
        answers.insert("more".into(), json!("Please do not make us tell everything again to each new person."));
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::questionnaires::Form;

    #[test]
    fn everybody_fills_the_form_in_rightly() {
        let form = Form::compile(&definition()).unwrap_or_else(|flaws| panic!("{flaws:?}"));
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for number in 0..500 {
            let evaluation = form.evaluate(&answers(1, number), now);
            assert!(evaluation.violations.is_empty(), "{number}: {:?}", evaluation.violations);
            assert!(evaluation.cleared.is_empty(), "{number}");
        }
    }
}
