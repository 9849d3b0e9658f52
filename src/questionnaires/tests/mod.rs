//! Tests of this room.

mod conformance;
mod kinds;
mod properties;
mod publishing;
mod rules;
mod visibility;
mod work;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{Evaluation, Flaw, Form};

/// A fixed moment, so that tests do not depend on the day they run.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).expect("a moment")
}

fn form(definition: Value) -> Form {
    match Form::compile(&definition) {
        Ok(form) => form,
        Err(flaws) => panic!("{flaws:#?}"),
    }
}

/// A form of these elements.
fn asking(elements: Value) -> Form {
    form(json!({ "elements": elements }))
}

fn flaws(definition: Value) -> Vec<Flaw> {
    Form::compile(&definition).expect_err("a flawed form")
}

/// The flaws of a form of these elements, as "code pointer".
fn refused(elements: Value) -> Vec<String> {
    brief(flaws(json!({ "elements": elements })))
}

fn brief(flaws: Vec<Flaw>) -> Vec<String> {
    let line = |flaw: Flaw| format!("{} {}", flaw.code, flaw.pointer);
    flaws.into_iter().map(line).collect()
}

fn map(answers: Value) -> Map<String, Value> {
    answers.as_object().expect("an object").clone()
}

fn evaluate(form: &Form, answers: Value) -> Evaluation {
    form.evaluate(&map(answers), now())
}

/// The violations of these answers, as "code pointer".
fn broken(form: &Form, answers: Value) -> Vec<String> {
    violations(evaluate(form, answers))
}

fn draft(form: &Form, answers: Value) -> Vec<String> {
    violations(form.evaluate_draft(&map(answers), now()))
}

fn violations(evaluation: Evaluation) -> Vec<String> {
    let list = evaluation.violations.into_iter();
    list.map(|v| format!("{} {}", v.code, v.pointer)).collect()
}

const NONE: [&str; 0] = [];
