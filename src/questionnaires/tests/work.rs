//! Forms and answers that were made to keep the server busy.

use serde_json::{Value, json};

use super::{NONE, asking, broken, draft, refused};

const TOO_MUCH: [&str; 1] = ["too_much_work "];

/// Two questions: the second one is shown if the condition holds.
fn shown_if(condition: &str) -> super::Form {
    asking(json!([{"type": "comment", "name": "a"}, {"type": "text", "name": "b", "visibleIf": condition}]))
}

#[test]
fn joining_a_long_answer_to_itself_is_refused_and_not_worked_out() {
    let long = "x".repeat(100_000);
    for condition in [
        vec!["{a}"; 900].join("+") + " = 'x'",
        format!("sum({}) = 1", vec!["{a}"; 600].join(",")),
        vec!["{a} contains {a}"; 150].join(" and "),
    ] {
        let form = shown_if(&condition);
        assert_eq!(broken(&form, json!({"a": long})), TOO_MUCH, "{}", &condition[..30]);
        assert_eq!(draft(&form, json!({"a": long})), TOO_MUCH);
        assert_eq!(broken(&form, json!({"a": "short"})), NONE);
    }
}

#[test]
fn searching_long_lists_in_each_other_is_refused() {
    let choices: Vec<Value> = (0..1_000).map(|n| json!(format!("choice number {n}"))).collect();
    let search = vec!["{a} anyof {a}"; 20].join(" and ");
    let form = asking(json!([
        {"type": "checkbox", "name": "a", "choices": choices},
        {"type": "text", "name": "b", "visibleIf": search}
    ]));
    assert_eq!(broken(&form, json!({"a": choices})), TOO_MUCH);
    assert_eq!(broken(&form, json!({"a": &choices[..20]})), NONE);
}

#[test]
fn looking_for_names_in_a_large_table_is_refused() {
    let rows: Vec<Value> = (0..1_000).map(|n| json!(format!("row{n}"))).collect();
    let search = vec!["{a.ROW999} = 1"; 210].join(" or ");
    let form = asking(json!([
        {"type": "matrix", "name": "a", "columns": [1, 2], "rows": rows},
        {"type": "text", "name": "b", "visibleIf": search}
    ]));
    let every: serde_json::Map<String, Value> = (0..1_000).map(|n| (format!("row{n}"), json!(1))).collect();
    assert_eq!(broken(&form, json!({"a": every})), TOO_MUCH);
}

#[test]
fn a_large_pattern_does_not_meet_a_long_answer() {
    let pattern = json!({"type": "regex", "regex": "^(x|y)*x(x|y){500}z$"});
    let form = asking(json!([{"type": "comment", "name": "a", "validators": [pattern]}]));
    assert_eq!(broken(&form, json!({"a": "xy".repeat(50_000)})), TOO_MUCH);
    assert_eq!(broken(&form, json!({"a": "xy".repeat(50)})), ["pattern_mismatch /a"]);
}

#[test]
fn a_long_answer_and_a_long_form_are_fine() {
    let mut elements = vec![json!({"type": "comment", "name": "a"})];
    for n in 0..300 {
        elements.push(json!({"type": "text", "name": format!("q{n}"), "visibleIf": "{a} contains 'ramp' or {a} notempty"}));
    }
    let form = asking(json!(elements));
    assert_eq!(broken(&form, json!({"a": "Please build a ramp. ".repeat(500)})), NONE);
}

#[test]
fn a_form_has_a_bounded_number_of_patterns_of_bounded_size() {
    let with = |pattern: &str, count: usize| {
        let questions = (0..count)
            .map(|n| json!({"type": "text", "name": format!("q{n}"), "validators": [{"type": "regex", "regex": pattern}]}));
        json!(questions.collect::<Vec<_>>())
    };
    asking(with("^[0-9]{5}$", 100));
    assert_eq!(refused(with("^[0-9]{5}$", 101)), ["too_many_patterns /elements/100/validators/0/regex"]);
    let large = refused(with("[a-z]{9000}", 60));
    assert!(!large.is_empty() && large.iter().all(|flaw| flaw.starts_with("too_many_patterns /")), "{large:?}");
}
