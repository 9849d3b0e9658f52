//! The questions with given choices of a questionnaire, as far as counting needs them. Pure.

use crate::questionnaires::{self as form, Form};
use serde_json::Value;

/// How a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One of the choices.
    One,
    /// Any number of the choices.
    Many,
}

/// A choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// As it is stored.
    pub value: Value,
    /// As people read it.
    pub text: String,
}

/// A question that can be counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Its name.
    pub name: String,
    /// As people read it.
    pub title: String,
    /// How it is answered.
    pub kind: Kind,
    /// What can be chosen.
    pub choices: Vec<Choice>,
}

/// Every question with given choices, in order, with the choices that people were really offered. What has none (texts,
/// dates), and what is more than a choice (rankings, tables), has nothing to count.
pub fn questions(form: &Form) -> Vec<Question> {
    form.questions().filter_map(question).collect()
}

fn question(question: &form::Question) -> Option<Question> {
    use form::Kind as Asked;
    let kind = match question.kind() {
        Asked::Radiogroup | Asked::Dropdown | Asked::Rating | Asked::Boolean => Kind::One,
        Asked::Checkbox => Kind::Many,
        Asked::Text | Asked::Comment | Asked::Ranking | Asked::Matrix => return None,
    };
    let choice = |choice: &form::Choice| Choice { value: choice.value.clone(), text: choice.text.clone() };
    let choices = question.choices().iter().map(choice).collect();
    Some(Question { name: question.name().to_owned(), title: question.title().to_owned(), kind, choices })
}

/// Whether a stored value is this choice; numbers are the same in either form.
pub fn same(stored: &Value, choice: &Value) -> bool {
    stored == choice || matches!((stored.as_f64(), choice.as_f64()), (Some(a), Some(b)) if a.total_cmp(&b).is_eq())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn questions_with_choices_are_found_in_pages_and_panels() {
        let definition = json!({"pages": [{"elements": [
            {"type": "radiogroup", "name": "when", "title": {"default": "When?"}, "choices": ["am", {"value": "pm", "text": "Afternoon"}],
             "showRefuseItem": true, "showDontKnowItem": true},
            {"type": "comment", "name": "why"},
            {"type": "panel", "name": "p", "elements": [{"type": "checkbox", "name": "what", "choices": [1, 2], "hasNone": true}]},
            {"type": "rating", "name": "mark", "rateMax": 3}, {"type": "boolean", "name": "ok"}
        ]}]});
        let found = questions(&Form::compile(&definition).unwrap());
        let shape: Vec<_> = found.iter().map(|q| (q.name.as_str(), q.title.as_str(), q.choices.len())).collect();
        assert_eq!(shape, [("when", "When?", 4), ("what", "what", 3), ("mark", "mark", 3), ("ok", "ok", 2)]);
        assert_eq!(found[0].choices[1].text, "Afternoon");
        // Somebody who would rather not say is counted like everybody else.
        assert_eq!(found[0].choices[2].value, "refused");
        assert_eq!(found[0].choices[3].value, "dontknow");
        assert!(same(&json!(1.0), &json!(1)) && !same(&json!("1"), &json!(1)));
    }
}
