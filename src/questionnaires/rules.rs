//! Runs the extra rules a form gives a question.

use std::borrow::Cow;

use regex::Regex;
use serde_json::Value;

use super::answers::{Findings, limits, longer_than};
use super::expression::{Scope, Work};
use super::form::{Check, Question};
use super::formats;
use super::report::below;
use super::values::{Val, number_text};

impl Findings {
    /// Runs all validators of a question.
    pub(crate) fn validators(&mut self, question: &Question, value: Option<&Value>, scope: &Scope) {
        for validator in &question.validators {
            if let Some((code, detail)) = broken(&validator.check, value, scope) {
                let detail = match &validator.message {
                    Some(message) => message.clone(),
                    None => detail,
                };
                self.add(below("", &question.name), code, detail);
            }
        }
    }
}

/// What a rule finds wrong. Only conditions look at questions without an answer.
fn broken(check: &Check, value: Option<&Value>, scope: &Scope) -> Option<(&'static str, String)> {
    if let Check::Condition(expression) = check {
        let detail = "This does not fit what the form asks for here";
        return (!expression.holds(scope)).then(|| ("rule_broken", detail.to_owned()));
    }
    let value = value?;
    match check {
        Check::Numeric { min, max } => numeric(value, *min, *max),
        Check::Length { min, max, digits } => length(value, *min, *max, *digits),
        Check::Pattern { regex, size } => (!matches(regex, *size, value, scope.work)).then(|| {
            let detail = "Enter this in the form that is asked for";
            ("pattern_mismatch", detail.to_owned())
        }),
        Check::Email => {
            let sound = value.as_str().is_some_and(formats::is_email);
            (!sound).then(|| {
                let detail = "Enter an e-mail address, for example name@example.org";
                ("bad_email", detail.to_owned())
            })
        }
        Check::Count { min, max } => {
            let count = value.as_array().filter(|items| !items.is_empty())?.len();
            if count < *min {
                Some(("too_few", format!("Choose at least {min}")))
            } else if *max > 0 && count > *max {
                Some(("too_many", format!("Choose at most {max}")))
            } else {
                None
            }
        }
        Check::Condition(_) => None,
    }
}

fn numeric(value: &Value, min: Option<f64>, max: Option<f64>) -> Option<(&'static str, String)> {
    let detail = || limits("a number", min.map(number_text), max.map(number_text), true);
    let Some(number) = Val::from_json(value).numeric() else {
        return Some(("not_numeric", detail()));
    };
    if min.is_some_and(|min| number < min) {
        Some(("too_small", detail()))
    } else if max.is_some_and(|max| number > max) {
        Some(("too_large", detail()))
    } else {
        None
    }
}

fn length(value: &Value, min: usize, max: usize, digits: bool) -> Option<(&'static str, String)> {
    let text = written(value)?;
    if !digits && text.ends_with(|c: char| c.is_ascii_digit()) {
        return Some(("digits_not_allowed", "Numbers are not allowed here".to_owned()));
    }
    // Only text has a length; a number has none, however many digits it shows.
    let text = value.as_str()?;
    if min > 0 && !longer_than(text, min - 1) {
        Some(("too_short", format!("Use at least {min} characters")))
    } else if max > 0 && longer_than(text, max) {
        Some(("too_long", format!("Use at most {max} characters")))
    } else {
        None
    }
}

/// Once there has been too much work nothing is matched; then the answers are refused as a whole.
fn matches(regex: &Regex, size: usize, value: &Value, work: &Work) -> bool {
    let fits = |value| written(value).is_some_and(|text| work.matching(&text, size) && regex.is_match(&text));
    match value {
        Value::Array(items) => items.iter().all(fits),
        value => fits(value),
    }
}

/// A single value as it is written.
fn written(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(s) => Some(Cow::Borrowed(s)),
        Value::Number(n) => Some(Cow::Owned(number_text(n.as_f64()?))),
        Value::Bool(b) => Some(Cow::Borrowed(if *b { "true" } else { "false" })),
        _ => None,
    }
}
