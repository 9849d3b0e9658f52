//! Checks an answer against its question.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::form::{Answer, Bound, Choice, Comment, Input, Kind, Question, TextRule};
use super::formats::{self, hint};
use super::report::{Violation, below};
use super::values::{json_is_empty, number_text};

/// The longest text that a draft keeps where a number goes.
const MOST_UNFINISHED: usize = 200;

/// What is asked of an answer at this moment.
pub(crate) struct Situation {
    /// It must be given.
    pub(crate) required: bool,
    /// It must be complete, and the form's own rules apply.
    pub(crate) complete: bool,
    /// It must be written properly and lie within its limits.
    pub(crate) strict: bool,
}

/// Collects violations.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) list: Vec<Violation>,
}

impl Findings {
    pub(crate) fn add(&mut self, pointer: String, code: &'static str, detail: impl Into<String>) {
        self.list.push(Violation { pointer, code, detail: detail.into() });
    }

    /// Checks the answer to a question, or its absence.
    pub(crate) fn answer(&mut self, question: &Question, value: Option<&Value>, situation: &Situation) {
        let pointer = || below("", &question.name);
        let blank = match value {
            None => true,
            Some(Value::String(s)) => s.trim().is_empty(),
            Some(_) => false,
        };
        if blank && situation.required {
            let usual = "Answer this question";
            self.add(pointer(), "missing", question.required_text.as_deref().unwrap_or(usual));
            return;
        }
        match (value, &question.answer) {
            (Some(value), Answer::Text(rule)) => self.text(pointer, rule, value, situation),
            (Some(value), Answer::Long { max_length }) => {
                self.plain(pointer, value, *max_length);
            }
            (Some(value), Answer::One) => self.one(pointer, question, value),
            (Some(value), Answer::Yes { yes, no }) => {
                if !same(value, yes) && !same(value, no) {
                    self.add(pointer(), "wrong_type", "Answer yes or no");
                }
            }
            (Some(value), Answer::Many { min, max }) => {
                if let Some(count) = self.many(pointer, question, value, situation) {
                    self.counted(pointer, count, *min, *max, situation);
                }
            }
            (Some(value), Answer::Ranking { whole, min, max }) => {
                let Some(count) = self.many(pointer, question, value, situation) else {
                    return;
                };
                if *whole && count < question.choices.len() {
                    if situation.complete {
                        self.add(pointer(), "incomplete_ranking", "Put all options in order");
                    }
                } else {
                    self.counted(pointer, count, *min, *max, situation);
                }
            }
            (Some(value), Answer::Matrix { every_row, unique }) => match value.as_object() {
                Some(rows) => self.matrix(question, rows, *every_row, *unique, situation),
                None => self.add(pointer(), "wrong_type", "Answer the rows of this table"),
            },
            // The browser asks for a minimum of options even where the question may stay empty.
            (None, Answer::Many { min, max } | Answer::Ranking { min, max, .. }) => {
                self.counted(pointer, 0, *min, *max, situation);
            }
            (None, Answer::Matrix { every_row: true, .. }) => {
                self.matrix(question, &Map::new(), true, false, situation);
            }
            (None, _) => {}
        }
    }

    /// Checks the free text beside an answer.
    pub(crate) fn comment(
        &mut self,
        question: &Question,
        comment: &Comment,
        value: Option<&Value>,
        asked: bool,
        situation: &Situation,
    ) {
        let pointer = || below("", &format!("{}-Comment", question.name));
        let blank = match value {
            None => true,
            Some(Value::String(s)) => s.trim().is_empty(),
            Some(_) => false,
        };
        if blank {
            if asked && situation.complete {
                self.add(pointer(), "missing", "Describe your other answer");
            }
        } else if let Some(value) = value {
            self.plain(pointer, value, comment.max_length);
        }
    }

    /// Checks text without a format.
    fn plain(&mut self, pointer: impl Fn() -> String, value: &Value, max: Option<usize>) {
        let Some(text) = value.as_str() else {
            self.add(pointer(), "wrong_type", "Enter text");
            return;
        };
        if let Some(max) = max
            && longer_than(text, max)
        {
            self.add(pointer(), "too_long", format!("Use at most {max} characters"));
        }
    }

    fn text(&mut self, pointer: impl Fn() -> String, rule: &TextRule, value: &Value, situation: &Situation) {
        if rule.input.is_number() {
            match value.as_f64() {
                // Not finished, or a slip of the finger: whoever goes on later finds what they typed.
                None if !situation.strict && value.is_string() => self.plain(pointer, value, Some(MOST_UNFINISHED)),
                None => self.add(pointer(), "wrong_type", numbers(rule)),
                Some(number) if situation.strict => self.number(pointer, rule, number),
                Some(_) => {}
            }
            return;
        }
        let Some(text) = value.as_str() else {
            self.add(pointer(), "wrong_type", hint(rule.input));
            return;
        };
        self.plain(&pointer, value, rule.max_length);
        if !situation.strict {
            return;
        }
        match formats::place(rule.input, text) {
            Some(at) => self.within(pointer, rule, at),
            None => {
                let code = match rule.input {
                    Input::Email => "bad_email",
                    Input::Url => "bad_url",
                    Input::Color => "bad_color",
                    _ => "bad_date",
                };
                self.add(pointer(), code, hint(rule.input));
            }
        }
    }

    fn number(&mut self, pointer: impl Fn() -> String, rule: &TextRule, number: f64) {
        self.within(&pointer, rule, number);
        if let Some(step) = rule.step {
            // The browser counts steps from zero. Binary fractions need some tolerance.
            let steps = number / step;
            if (steps - steps.round()).abs() > 1e-9 * steps.abs().max(1.0) {
                let detail = format!("Enter a number in steps of {}", number_text(step));
                self.add(pointer(), "wrong_step", detail);
            }
        }
    }

    fn within(&mut self, pointer: impl Fn() -> String, rule: &TextRule, at: f64) {
        if rule.min.as_ref().is_some_and(|min| at < min.at) {
            self.add(pointer(), "too_small", numbers(rule));
        } else if rule.max.as_ref().is_some_and(|max| at > max.at) {
            self.add(pointer(), "too_large", numbers(rule));
        }
    }

    fn one(&mut self, pointer: impl Fn() -> String, question: &Question, value: &Value) {
        if known(&question.choices, value) {
            return;
        }
        let detail = match question.kind {
            Kind::Rating => "Choose one of the points of the scale",
            _ => "Choose one of the options offered",
        };
        let code = match value {
            Value::Array(_) | Value::Object(_) => "wrong_type",
            _ => "unknown_choice",
        };
        self.add(pointer(), code, detail);
    }

    /// Checks a list of options; tells how many there are if the list is sound.
    fn many(&mut self, pointer: impl Fn() -> String, question: &Question, value: &Value, situation: &Situation) -> Option<usize> {
        let Some(items) = value.as_array() else {
            self.add(pointer(), "wrong_type", "Choose from the options offered");
            return None;
        };
        if items.len() > question.choices.len() {
            let detail = format!("Choose at most {} options", question.choices.len());
            self.add(pointer(), "too_many", detail);
            return None;
        }
        let before = self.list.len();
        let mut seen = HashSet::new();
        for (index, item) in items.iter().enumerate() {
            let place = question.choices.iter().position(|c| same(&c.value, item));
            let Some(place) = place else {
                let pointer = below(&pointer(), &index.to_string());
                self.add(pointer, "unknown_choice", "Choose one of the options offered");
                continue;
            };
            let alone = question.choices.get(place).is_some_and(|c| c.alone);
            if !seen.insert(place) {
                let pointer = below(&pointer(), &index.to_string());
                self.add(pointer, "repeated_choice", "Choose each option once");
            } else if alone && items.len() > 1 && situation.strict {
                let pointer = below(&pointer(), &index.to_string());
                let detail = "This option cannot be combined with others";
                self.add(pointer, "exclusive_choice", detail);
            }
        }
        (self.list.len() == before).then_some(items.len())
    }

    fn counted(&mut self, pointer: impl Fn() -> String, count: usize, min: usize, max: Option<usize>, situation: &Situation) {
        if count < min && situation.complete {
            self.add(pointer(), "too_few", format!("Choose at least {}", options(min)));
        }
        if let Some(max) = max
            && count > max
            && situation.strict
        {
            self.add(pointer(), "too_many", format!("Choose at most {}", options(max)));
        }
    }

    fn matrix(&mut self, question: &Question, rows: &Map<String, Value>, every_row: bool, unique: bool, situation: &Situation) {
        let pointer = below("", &question.name);
        let mut used: Vec<&Value> = Vec::new();
        let mut known_rows = 0;
        for row in &question.rows {
            let Some(name) = row.value.as_str() else {
                continue;
            };
            let given = rows.get(name);
            known_rows += usize::from(given.is_some());
            let Some(value) = given.filter(|value| !json_is_empty(value)) else {
                if every_row && situation.complete {
                    self.add(below(&pointer, name), "missing", "Answer every row");
                }
                continue;
            };
            if !known(&question.columns, value) {
                let detail = "Choose one of the columns offered";
                self.add(below(&pointer, name), "unknown_choice", detail);
            } else if unique && used.iter().any(|other| same(other, value)) {
                if situation.strict {
                    let detail = "Choose a different column in each row";
                    self.add(below(&pointer, name), "repeated_choice", detail);
                }
            } else {
                used.push(value);
            }
        }
        if known_rows < rows.len() {
            let names: HashSet<&str> = question.rows.iter().filter_map(|row| row.value.as_str()).collect();
            for name in rows.keys().filter(|name| !names.contains(name.as_str())) {
                let detail = "This table has no row of this name";
                self.add(below(&pointer, name), "unknown_row", detail);
            }
        }
    }
}

fn known(choices: &[Choice], value: &Value) -> bool {
    choices.iter().any(|choice| same(&choice.value, value))
}

/// Whether an answer is exactly this option. Numbers are equal however they are written.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => x == y || x.as_f64() == y.as_f64(),
        _ => a == b,
    }
}

/// Text length as browsers count it.
pub(crate) fn longer_than(text: &str, max: usize) -> bool {
    text.len() > max && text.encode_utf16().count() > max
}

/// What an answer has to keep to, in words; empty where everything fits, or where every screen shows it.
pub(crate) fn allows(answer: &Answer) -> String {
    let letters = |most: &Option<usize>| most.map(|most| format!("Use at most {most} characters")).unwrap_or_default();
    match answer {
        Answer::Text(rule) if rule.min.is_some() || rule.max.is_some() => numbers(rule),
        Answer::Text(rule) if matches!(rule.input, Input::Month | Input::Week | Input::Color | Input::Url | Input::DateTime) => {
            hint(rule.input).to_owned()
        }
        Answer::Text(rule) => letters(&rule.max_length),
        Answer::Long { max_length } => letters(max_length),
        Answer::Many { min, max } | Answer::Ranking { whole: false, min, max } => match (*min, *max) {
            (0, None) => String::new(),
            (0, Some(max)) => format!("Choose at most {}", options(max)),
            (min, None) => format!("Choose at least {}", options(min)),
            (min, Some(max)) if min == max => format!("Choose {}", options(min)),
            (min, Some(max)) => format!("Choose {min} to {}", options(max)),
        },
        _ => String::new(),
    }
}

fn options(count: usize) -> String {
    match count {
        1 => "1 option".to_owned(),
        count => format!("{count} options"),
    }
}

/// "Enter a number from 0 to 120".
fn numbers(rule: &TextRule) -> String {
    let what = match rule.input {
        Input::Number | Input::Range => "a number",
        Input::Date => "a date",
        Input::DateTime => "a date and time",
        Input::Time => "a time",
        Input::Month => "a month",
        Input::Week => "a week",
        _ => "text",
    };
    let shown = |bound: &Option<Bound>| bound.as_ref().map(|bound| bound.shown.clone());
    limits(what, shown(&rule.min), shown(&rule.max), rule.input.is_number())
}

/// Names what is allowed between two limits.
pub(crate) fn limits(what: &str, min: Option<String>, max: Option<String>, number: bool) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("Enter {what} from {min} to {max}"),
        (Some(min), None) if number => format!("Enter {what} of at least {min}"),
        (Some(min), None) => format!("Enter {what} not before {min}"),
        (None, Some(max)) if number => format!("Enter {what} of at most {max}"),
        (None, Some(max)) => format!("Enter {what} not after {max}"),
        (None, None) => format!("Enter {what}"),
    }
}
