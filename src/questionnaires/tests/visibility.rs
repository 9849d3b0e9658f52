//! What is shown, and what is left out because it is not.

use std::sync::Arc;

use serde_json::json;

use super::{NONE, asking, broken, evaluate, form, map, now};

#[test]
fn hidden_answers_are_left_out() {
    let form = form(json!({"pages": [
        {"name": "p1", "elements": [{"type": "text", "name": "a", "inputType": "number"}]},
        {"name": "p2", "visibleIf": "{a} = 1", "elements": [
            {"type": "text", "name": "b", "isRequired": true},
            {"type": "panel", "visibleIf": "{b} = 'x'", "elements": [{"type": "text", "name": "c"}]}]},
        {"name": "p3", "elements": [
            {"type": "text", "name": "d", "visible": false},
            {"type": "radiogroup", "name": "e", "choices": [1], "visibleIf": "{a} = 1", "showOtherItem": true}]}
    ]}));
    let evaluation = evaluate(
        &form,
        json!({"a": 2, "b": "x", "c": "y", "d": "z", "e": "other", "e-Comment": 1}),
    );
    assert_eq!(evaluation.visible, ["a"]);
    assert_eq!(evaluation.cleared, ["b", "c", "d", "e", "e-Comment"]);
    assert_eq!(json!(evaluation.cleaned), json!({"a": 2}));
    assert_eq!(evaluation.violations, []);
    assert_eq!(evaluate(&form, json!({"a": 1})).visible, ["a", "b", "e"]);
    assert_eq!(broken(&form, json!({"a": 1})), ["missing /b"]);
}

#[test]
fn leaving_out_goes_on_until_nothing_changes() {
    let form = asking(json!([
        {"type": "text", "name": "a"},
        {"type": "text", "name": "b", "visibleIf": "{a} = 1"},
        {"type": "text", "name": "c", "visibleIf": "{b} = 1"},
        {"type": "text", "name": "d", "visibleIf": "{c} notempty"}
    ]));
    let evaluation = evaluate(&form, json!({"a": "2", "b": "1", "c": "1", "d": "1"}));
    assert_eq!(evaluation.visible, ["a"]);
    assert_eq!(evaluation.cleared, ["b", "c", "d"]);
    assert_eq!(json!(evaluation.cleaned), json!({"a": "2"}));
}

#[test]
fn circles_come_to_rest() {
    let form = asking(json!([
        {"type": "text", "name": "a", "visibleIf": "{b} empty"},
        {"type": "text", "name": "b", "visibleIf": "{a} notempty"},
        {"type": "text", "name": "c", "visibleIf": "{c} empty"}
    ]));
    let first = evaluate(&form, json!({"a": "1", "b": "1", "c": "1"}));
    assert_eq!(first.cleared, ["a", "b", "c"]);
    assert_eq!(first.visible, ["a", "c"]);
    let again = form.evaluate(&first.cleaned, now());
    assert_eq!((again.visible, again.cleared), (first.visible, vec![]));
}

#[test]
fn conditions_reach_into_answers() {
    let form = asking(json!([
        {"type": "matrix", "name": "m", "rows": ["Row A", "r.2"], "columns": ["c1", 2]},
        {"type": "checkbox", "name": "cb", "choices": ["x", "y"], "showOtherItem": true},
        {"type": "boolean", "name": "yes", "valueTrue": "ja", "valueFalse": "nein"},
        {"type": "text", "name": "born", "inputType": "date"},
        {"type": "text", "name": "v1", "visibleIf": "{m.row a} = 'C1' and {m.r.2} = '2'"},
        {"type": "text", "name": "v2", "visibleIf": "{CB} = ['y', 'x']"},
        {"type": "text", "name": "v3", "visibleIf": "{cb-Comment} contains 'AMP'"},
        {"type": "text", "name": "v4", "visibleIf": "{yes} = 'ja' and {cb[0]} = 'x' and {cb.length} = 2"},
        {"type": "text", "name": "v5", "visibleIf": "age({born}) >= 18 and {born} < today()"},
        {"type": "text", "name": "v6", "visibleIf": "iif({cb} anyof ['x'], 1, 2) + 1 = 2"}
    ]));
    let answers = json!({
        "m": {"Row A": "c1", "r.2": 2}, "cb": ["x", "y"], "yes": "ja", "born": "1990-05-05"
    });
    let visible = evaluate(&form, answers).visible;
    assert_eq!(&visible[4..], ["v1", "v2", "v4", "v5", "v6"]);
    let other = json!({"cb": ["other"], "cb-Comment": "a ramp", "born": "2025-01-01"});
    assert_eq!(&evaluate(&form, other).visible[4..], ["v3"]);
}

#[test]
fn drafts_keep_hidden_answers() {
    let form = asking(json!([
        {"type": "text", "name": "a", "isRequired": true},
        {"type": "text", "name": "b", "visibleIf": "{a} = 1"}
    ]));
    let evaluation = form.evaluate_draft(&map(json!({"b": "kept"})), now());
    assert_eq!(json!(evaluation.cleaned), json!({"b": "kept"}));
    assert_eq!(
        (evaluation.visible, evaluation.cleared),
        (vec!["a".to_owned()], vec![])
    );
    assert_eq!(evaluation.violations, []);
}

#[test]
fn a_long_chain_is_followed_in_reasonable_time() {
    let mut elements = vec![json!({"type": "text", "name": "q0", "visible": false})];
    let mut answers = json!({"q0": "1"});
    for n in 1..1_500 {
        let condition = format!("{{q{}}} notempty", n - 1);
        elements.push(json!({"type": "text", "name": format!("q{n}"), "visibleIf": condition}));
        answers[format!("q{n}")] = json!("1");
    }
    let form = Arc::new(asking(json!(elements)));
    let evaluation = evaluate(&form, answers);
    assert_eq!(evaluation.cleared.len(), 1_500);
    assert_eq!(broken(&form, json!({})), NONE);
}

#[test]
fn only_truth_itself_decides() {
    let form = asking(json!([
        {"type": "text", "name": "n", "inputType": "number"},
        {"type": "boolean", "name": "b"},
        {"type": "text", "name": "shown", "visibleIf": "{n}"},
        {"type": "text", "name": "asked", "requiredIf": "{b}"},
        {"type": "text", "name": "free", "enableIf": "{b}", "isRequired": true}
    ]));
    // A number is not `true`, and a missing answer is not `false`.
    let evaluation = evaluate(&form, json!({"n": 1}));
    assert_eq!(evaluation.visible, ["n", "b", "asked", "free"]);
    assert_eq!(evaluation.required, ["free"]);
    assert_eq!(
        evaluate(&form, json!({"b": true})).required,
        ["asked", "free"]
    );
    assert!(evaluate(&form, json!({"b": false})).required.is_empty());
}

#[test]
fn huge_answers_are_refused_before_they_cost_anything() {
    let form = asking(json!([
        {"type": "checkbox", "name": "a", "choices": [1]},
        {"type": "checkbox", "name": "b", "choices": [1]},
        {"type": "comment", "name": "c", "visibleIf": "{a} anyof {b}"}
    ]));
    let (evens, odds): (Vec<_>, Vec<_>) = (0..200_000).partition(|n| n % 2 == 0);
    let answers = json!({"a": evens, "b": odds, "c": "x".repeat(100_001)});
    assert_eq!(
        broken(&form, answers),
        ["too_many /a", "too_many /b", "too_long /c"]
    );
}
