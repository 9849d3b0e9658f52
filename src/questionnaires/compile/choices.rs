//! Options, rows, columns and rating scales.

use std::collections::HashSet;

use serde_json::Value;

use super::super::form::{Choice, Kind};
use super::super::report::below;
use super::props::{Props, plain_text};
use super::{Compiler, MAX_ALL_CHOICES, MAX_CHOICES, lists};

/// The most points a rating scale may have; screens show no more.
const MAX_SCALE: usize = 20;
/// How far from zero a generated scale may reach, and how close its points may lie.
const FARTHEST: f64 = 1e6;
const CLOSEST: f64 = 1e-3;

impl<'v> Compiler<'v> {
    /// A list of options: plain values or objects with a value and a text.
    pub(super) fn items(&mut self, pointer: &str, value: &'v Value, only_text: bool) -> Vec<Choice> {
        let Some(items) = value.as_array() else {
            self.flaw(pointer, "bad_value", "This property must be a list");
            return Vec::new();
        };
        self.all_choices += items.len();
        if items.len() > MAX_CHOICES || self.all_choices > MAX_ALL_CHOICES {
            let detail = format!("A question may have at most {MAX_CHOICES} options and a form {MAX_ALL_CHOICES}");
            self.flaw(pointer, "too_many_choices", detail);
            return Vec::new();
        }
        let mut choices = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let pointer = below(pointer, &index.to_string());
            if let Some(choice) = self.item(&pointer, item) {
                if only_text && !choice.value.is_string() {
                    self.flaw(pointer, "bad_choice", "The value of a row must be text");
                } else {
                    choices.push(choice);
                }
            }
        }
        choices
    }

    fn item(&mut self, pointer: &str, item: &'v Value) -> Option<Choice> {
        let (value, text) = match item {
            Value::Object(map) => {
                let mut props = Props::new(map, pointer.to_owned());
                let value = props.get(&["value"]).map(|(_, value)| value.clone());
                let text = props.text(&mut self.flaws, &["text"]);
                props.finish(&mut self.flaws, "an option", &[], &[]);
                (value, text)
            }
            // "b|Bee" is short for the value "b" with the text "Bee".
            Value::String(s) => match s.split_once('|') {
                Some((value, text)) => (Some(Value::from(value)), Some(text.to_owned())),
                None => (Some(item.clone()), None),
            },
            _ => (Some(item.clone()), None),
        };
        let plain = match &value {
            Some(Value::String(s)) if !s.is_empty() => s.clone(),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
            _ => {
                let detail = "An option needs a value that is text, a number, true or false";
                self.flaw(pointer, "bad_choice", detail);
                return None;
            }
        };
        let text = text.unwrap_or_else(|| plain.clone());
        plain_text(&mut self.flaws, pointer, &Value::String(text.clone()))?;
        Some(Choice { value: value?, text, alone: false })
    }

    /// Reports values that occur twice. `1` and `"1"` count as the same, as on screen.
    pub(super) fn unique(&mut self, pointer: &str, choices: &[Choice]) {
        let mut seen = HashSet::new();
        for (index, choice) in choices.iter().enumerate() {
            let key = match &choice.value {
                Value::String(s) => s.trim().to_lowercase(),
                other => other.to_string(),
            };
            if !seen.insert(key) {
                let pointer = below(pointer, &index.to_string());
                self.flaw(pointer, "duplicate_choice", "Each option needs a value of its own");
            }
        }
    }

    /// The options of a choice question, special ones included. Tells whether "Other" is offered.
    pub(super) fn options(&mut self, props: &mut Props<'v>, kind: Kind) -> (Vec<Choice>, bool) {
        let mut choices = match props.get(&["choices"]) {
            Some((name, value)) => self.items(&props.below(name), value, false),
            None => Vec::new(),
        };
        let own = choices.len();
        if own == 0 && self.flaws.len() < super::MAX_FLAWS {
            let detail = "A question with options needs at least one";
            props.flaw(&mut self.flaws, "choices", "no_choices", detail);
        }
        let mut other = false;
        if kind != Kind::Ranking {
            const SPECIAL: [(&[&str], &str, &str, &str); 4] = [
                (&["showNoneItem", "hasNone"], "noneText", "none", "None"),
                (&["showRefuseItem"], "refuseText", "refused", "Refuse to answer"),
                (&["showDontKnowItem"], "dontKnowText", "dontknow", "Don't know"),
                (&["showOtherItem", "hasOther"], "otherText", "other", "Other (describe)"),
            ];
            for (flags, text, value, usual) in SPECIAL {
                let shown = props.flag(&mut self.flaws, flags, false);
                let text = props.text(&mut self.flaws, &[text]);
                if shown {
                    other |= value == "other";
                    choices.push(Choice {
                        value: value.into(),
                        text: text.unwrap_or_else(|| usual.to_owned()),
                        alone: value != "other",
                    });
                }
            }
            self.only(props, "storeOthersAsComment", &["default".into(), true.into()]);
        }
        self.unique(&props.below("choices"), &choices);
        (choices, other)
    }

    /// The points of a rating.
    pub(super) fn scale(&mut self, props: &mut Props<'v>) -> Vec<Choice> {
        let listed = match props.get(&["rateValues"]) {
            Some((name, value)) => self.items(&props.below(name), value, false),
            None => Vec::new(),
        };
        self.unique(&props.below("rateValues"), &listed);
        let flaws = &mut self.flaws;
        let automatic = props.flag(flaws, &["autoGenerate"], listed.is_empty());
        let count = props.count(flaws, &["rateCount"]);
        let min = props.number(flaws, &["rateMin"]);
        let max = props.number(flaws, &["rateMax"]);
        let step = props.number(flaws, &["rateStep"]).unwrap_or(1.0);
        if automatic != listed.is_empty() {
            let detail = "Give either a list of values or let the scale be generated";
            props.flaw(flaws, "autoGenerate", "bad_scale", detail);
        }
        for (name, number) in [("rateMin", min), ("rateMax", max)] {
            if number.is_some_and(|number| number.abs() > FARTHEST) {
                let detail = format!("A scale lies between {} and {}", -FARTHEST, FARTHEST);
                props.flaw(flaws, name, "bad_scale", detail);
                return Vec::new();
            }
        }
        if step > 0.0 && !(CLOSEST..=FARTHEST).contains(&step) {
            let detail = format!("The points of a scale lie between {CLOSEST} and {FARTHEST} apart");
            props.flaw(flaws, "rateStep", "bad_scale", detail);
            return Vec::new();
        }
        let points = if listed.is_empty() {
            let length = count.map(|count| step * (count as f64 - 1.0));
            let (min, max) = match (min, max, length) {
                (Some(min), None, Some(length)) => (min, min + length),
                (None, Some(max), Some(length)) => (max - length, max),
                _ => (min.unwrap_or(1.0), max.unwrap_or(5.0)),
            };
            if step <= 0.0 || min > max || (max - min) / step >= MAX_SCALE as f64 {
                let detail = format!("A scale needs a start below its end, a step above 0 and at most {MAX_SCALE} points");
                props.flaw(flaws, "rateMax", "bad_scale", detail);
                return Vec::new();
            }
            generated(min, max, step)
        } else {
            listed
        };
        if count.is_some_and(|count| count != points.len()) {
            let detail = format!("The scale has {} points", points.len());
            props.flaw(flaws, "rateCount", "bad_scale", detail);
        }
        if points.len() > MAX_SCALE {
            let detail = format!("A scale may have at most {MAX_SCALE} points");
            props.flaw(flaws, "rateValues", "bad_scale", detail);
        }
        points
    }

    /// Rows and columns of a matrix.
    pub(super) fn grid(&mut self, props: &mut Props<'v>) -> (Vec<Choice>, Vec<Choice>) {
        let mut read = |name: &'static str, only_text: bool| {
            let items = match props.get(&[name]) {
                Some((name, value)) => self.items(&props.below(name), value, only_text),
                None => Vec::new(),
            };
            if items.is_empty() {
                let detail = format!("A matrix needs {name}");
                props.flaw(&mut self.flaws, name, "no_choices", detail);
            }
            self.unique(&props.below(name), &items);
            items
        };
        let (rows, columns) = (read("rows", true), read("columns", false));
        self.only(props, "cellType", &["radio".into()]);
        (rows, columns)
    }
}

fn generated(min: f64, max: f64, step: f64) -> Vec<Choice> {
    // Rounded, so that steps of 0.1 do not drift.
    let tidy = |n: f64| (n * 1e9).round() / 1e9;
    (0..MAX_SCALE)
        .map(|at| tidy(min + step * at as f64))
        .take_while(|point| *point <= max)
        .map(|point| {
            let value = if point.fract() == 0.0 && point.abs() < 1e15 { Value::from(point as i64) } else { Value::from(point) };
            Choice { text: value.to_string(), value, alone: false }
        })
        .collect()
}

/// The looks and texts a kind of question may have beyond those of every question.
pub(super) fn extras(kind: Kind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        Kind::Text => (lists::TEXT_LOOKS, lists::TEXT_TEXTS),
        Kind::Comment => (lists::COMMENT_LOOKS, lists::COMMENT_TEXTS),
        Kind::Radiogroup => (&[], &[]),
        Kind::Checkbox => (lists::CHECKBOX_LOOKS, lists::CHECKBOX_TEXTS),
        Kind::Dropdown => (lists::DROPDOWN_LOOKS, lists::DROPDOWN_TEXTS),
        Kind::Ranking => (lists::RANKING_LOOKS, lists::RANKING_TEXTS),
        Kind::Rating => (lists::RATING_LOOKS, lists::RATING_TEXTS),
        Kind::Boolean => (lists::BOOLEAN_LOOKS, lists::BOOLEAN_TEXTS),
        Kind::Matrix => (lists::MATRIX_LOOKS, &[]),
    }
}
