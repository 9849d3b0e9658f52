//! Compares conditions with recorded verdicts of the browser library.
//!
//! Every record is an expression, the answers and the result the library gave. What is skipped is
//! counted by reason, so that a gap cannot grow unnoticed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::super::expression::{Fault, Names, Scope, Variable, Work, dates, parse};
use super::super::values::Val;

const RECORDS: &str = include_str!("survey-expressions.jsonl");

/// The moment at which the records were taken.
fn recorded_at() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-23T23:08:15.700Z").expect("a date").with_timezone(&Utc)
}

/// Names that no answer has read as missing, as they do in the library outside a form.
fn resolve(names: &Names, text: &str) -> Option<Variable> {
    names
        .resolve(text)
        .or_else(|| Some(Variable { slot: None, index: None, steps: Vec::new(), raw: false, length: text.ends_with(".length") }))
}

fn plain(value: &Val) -> Value {
    match value {
        Val::Undefined | Val::Null => Value::Null,
        Val::Bool(b) => json!(b),
        Val::Number(n) if n.is_finite() => json!(n),
        Val::Number(_) => Value::Null,
        Val::Text(s) => json!(s),
        Val::Date(ms) => json!(dates::iso(*ms)),
        Val::Json(json) => (*json).clone(),
        Val::List(items) => Value::Array(items.iter().map(plain).collect()),
    }
}

fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
        _ => a == b,
    }
}

enum Verdict {
    Same,
    Skipped(String),
    Different(String),
}

fn judge(record: &Value) -> Verdict {
    let text = record["expression"].as_str().unwrap_or_default();
    let empty = Map::new();
    let values = record["values"].as_object().unwrap_or(&empty);
    let mut names = Names::default();
    let mut slots = Vec::new();
    for (slot, (name, value)) in values.iter().enumerate() {
        names.add(name, slot);
        slots.push(Some(value));
    }
    let test = record["test"].as_str().unwrap_or_default();
    let expression = match parse(text, &|name| resolve(&names, name)) {
        Ok(expression) => expression,
        Err(faults) => {
            let unknown = faults.iter().find_map(|fault| match fault {
                Fault::UnknownFunction(name) => Some(name.clone()),
                _ => None,
            });
            return match unknown {
                Some(name) if name.ends_with("InArray") => {
                    Verdict::Skipped("loops over rows of a table, which no question here has".into())
                }
                Some(name) => Verdict::Skipped(format!("function of a test: {name}")),
                None if record["result"].is_null() => Verdict::Same,
                None => Verdict::Different(format!("{text}: {faults:?}")),
            };
        }
    };
    let result = record["result"].to_string();
    if SETTINGS.iter().any(|(name, changed)| test.contains(name) && result == *changed) {
        return Verdict::Skipped("the test changes a global setting of the library".into());
    }
    let work = Work::default();
    let scope = Scope { slots: &slots, now: recorded_at(), work: &work };
    let got = if record["kind"] == "condition" { json!(expression.holds(&scope)) } else { plain(&expression.value(&scope)) };
    if alike(&got, &record["result"]) {
        Verdict::Same
    } else {
        Verdict::Different(format!("{text} with {}: {got}, not {} ({test})", record["values"], record["result"]))
    }
}

/// Tests that change a global setting of the library, each with the result the setting causes.
const SETTINGS: &[(&str, &str)] = &[("respect case-sensetive flag", "false"), ("apply custom converter, #8634", "110000")];

#[test]
fn conditions_agree_with_the_browser() {
    let mut same = 0;
    let mut skipped: BTreeMap<String, usize> = BTreeMap::new();
    let mut different = Vec::new();
    for line in RECORDS.lines() {
        let record: Value = serde_json::from_str(line).expect("a record");
        match judge(&record) {
            Verdict::Same => same += 1,
            Verdict::Skipped(reason) => *skipped.entry(reason).or_default() += 1,
            Verdict::Different(what) => different.push(what),
        }
    }
    println!("same: {same}, skipped: {skipped:#?}");
    let skipped: usize = skipped.values().sum();
    assert_eq!((same, skipped), (330, 51));
    assert!(different.is_empty(), "{}", different.join("\n"));
}
