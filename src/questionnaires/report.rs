//! What the room tells people: flaws of a form, violations of an answer, and the outcome of an
//! evaluation.

use serde::Serialize;
use serde_json::{Map, Value};

/// Something in a form that keeps it from being published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flaw {
    /// JSON pointer into the form's definition.
    pub pointer: String,
    /// A stable name for the kind of flaw, in snake_case.
    pub code: &'static str,
    /// What is wrong, for the person who writes the form.
    pub detail: String,
}

/// Something in the answers that does not fit the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// JSON pointer into the answers.
    pub pointer: String,
    /// A stable name for the kind of violation, in snake_case.
    pub code: &'static str,
    /// What would be right, for the participant. Never repeats the answer.
    pub detail: String,
}

/// The outcome of checking one set of answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Names of the questions that are shown, in the order of the form.
    pub visible: Vec<String>,
    /// Names of the shown questions that must be answered.
    pub required: Vec<String>,
    /// The answers to keep.
    pub cleaned: Map<String, Value>,
    /// Names of the answers that were left out because their question is not shown.
    pub cleared: Vec<String>,
    /// Everything that does not fit, in the order of the form.
    pub violations: Vec<Violation>,
}

impl Evaluation {
    /// Whether the answers may be accepted as they are.
    pub fn is_acceptable(&self) -> bool {
        self.violations.is_empty()
    }
}

/// Extends a JSON pointer by one step, escaped as RFC 6901 asks.
pub(crate) fn below(pointer: &str, step: &str) -> String {
    let mut longer = String::with_capacity(pointer.len() + step.len() + 1);
    longer.push_str(pointer);
    longer.push('/');
    for c in step.chars() {
        match c {
            '~' => longer.push_str("~0"),
            '/' => longer.push_str("~1"),
            c => longer.push(c),
        }
    }
    longer
}
