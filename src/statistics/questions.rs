//! The questions with given choices of a questionnaire in SurveyJS JSON, as far as counting needs them. Pure.

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

/// Panels may be nested so deep.
const DEPTH: usize = 16;

/// Every question with given choices, in order. What has none (texts, dates) has nothing to count.
pub fn questions(definition: &Value) -> Vec<Question> {
    let mut found = Vec::new();
    let pages = definition["pages"].as_array().into_iter().flatten();
    for page in pages.chain(std::iter::once(definition)) {
        walk(page, DEPTH, &mut found);
    }
    found
}

fn walk(parent: &Value, depth: usize, found: &mut Vec<Question>) {
    for field in ["elements", "questions"] {
        for element in parent[field].as_array().into_iter().flatten() {
            match element["type"].as_str() {
                Some("panel") if depth > 0 => walk(element, depth - 1, found),
                _ => found.extend(question(element)),
            }
        }
    }
}

fn question(element: &Value) -> Option<Question> {
    let name = element["name"].as_str()?.to_owned();
    let title = text(&element["title"]).unwrap_or_else(|| name.clone());
    let (kind, mut choices) = match element["type"].as_str()? {
        "radiogroup" | "dropdown" => (Kind::One, listed(&element["choices"])),
        "checkbox" | "tagbox" => (Kind::Many, listed(&element["choices"])),
        "imagepicker" if element["multiSelect"] == true => (Kind::Many, listed(&element["choices"])),
        "imagepicker" => (Kind::One, listed(&element["choices"])),
        "buttongroup" => (Kind::One, listed(&element["choices"])),
        "boolean" => (Kind::One, yes_no(element)),
        "rating" => (Kind::One, rates(element)),
        _ => return None,
    };
    if element["showNoneItem"] == true || element["hasNone"] == true {
        let shown = text(&element["noneText"]).unwrap_or_else(|| "None".into());
        choices.push(Choice { value: Value::from("none"), text: shown });
    }
    if element["showOtherItem"] == true || element["hasOther"] == true {
        let shown = text(&element["otherText"]).unwrap_or_else(|| "Other".into());
        choices.push(Choice { value: Value::from("other"), text: shown });
    }
    (!choices.is_empty()).then_some(Question { name, title, kind, choices })
}

fn listed(choices: &Value) -> Vec<Choice> {
    choices.as_array().into_iter().flatten().map(choice).collect()
}

fn choice(item: &Value) -> Choice {
    let value = if item.is_object() { item["value"].clone() } else { item.clone() };
    let shown = text(&item["text"]).unwrap_or_else(|| plain(&value));
    Choice { value, text: shown }
}

fn yes_no(element: &Value) -> Vec<Choice> {
    let side = |field: &str, label: &str, value: bool, usual: &str| Choice {
        value: element.get(field).cloned().unwrap_or(Value::Bool(value)),
        text: text(&element[label]).unwrap_or_else(|| usual.into()),
    };
    vec![side("valueTrue", "labelTrue", true, "Yes"), side("valueFalse", "labelFalse", false, "No")]
}

fn rates(element: &Value) -> Vec<Choice> {
    let given = listed(&element["rateValues"]);
    if !given.is_empty() {
        return given;
    }
    let number = |field: &str, usual: i64| element[field].as_i64().unwrap_or(usual);
    let (low, step) = (number("rateMin", 1), number("rateStep", 1).max(1));
    let high = match element["rateCount"].as_i64() {
        Some(count) if element.get("rateMax").is_none() => low + (count - 1) * step,
        _ => number("rateMax", 5),
    };
    (0..).map(|at| low + at * step).take_while(|rate| *rate <= high).take(100).map(|rate| choice(&rate.into())).collect()
}

/// A text, or its default language.
fn text(value: &Value) -> Option<String> {
    let text = value.as_str().or_else(|| value["default"].as_str()).or_else(|| value["en"].as_str());
    text.map(str::to_owned).filter(|text| !text.is_empty())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
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
            {"type": "radiogroup", "name": "when", "title": {"default": "When?"}, "choices": ["am", {"value": "pm", "text": "Afternoon"}]},
            {"type": "comment", "name": "why"},
            {"type": "panel", "name": "p", "elements": [{"type": "checkbox", "name": "what", "choices": [1, 2], "hasNone": true}]},
            {"type": "rating", "name": "mark", "rateMax": 3}, {"type": "boolean", "name": "ok"}
        ]}]});
        let found = questions(&definition);
        let shape: Vec<_> = found.iter().map(|q| (q.name.as_str(), q.title.as_str(), q.choices.len())).collect();
        assert_eq!(shape, [("when", "When?", 2), ("what", "what", 3), ("mark", "mark", 3), ("ok", "ok", 2)]);
        assert_eq!(found[0].choices[1].text, "Afternoon");
        assert!(same(&json!(1.0), &json!(1)) && !same(&json!("1"), &json!(1)));
        assert!(questions(&json!("nonsense")).is_empty());
    }
}
