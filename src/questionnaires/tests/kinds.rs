//! Every kind of question with sound and unsound answers.

use serde_json::json;

use super::super::{Form, Kind};
use super::{NONE, asking, broken, draft, evaluate, form, now};

#[test]
fn numbers_keep_to_their_range_and_step() {
    let form = asking(json!([
        {"type": "text", "name": "age", "inputType": "number", "min": 0, "max": "120", "step": 5}
    ]));
    assert_eq!(broken(&form, json!({"age": 35})), NONE);
    assert_eq!(broken(&form, json!({})), NONE);
    assert_eq!(broken(&form, json!({"age": 999})), ["too_large /age", "wrong_step /age"]);
    assert_eq!(broken(&form, json!({"age": -5})), ["too_small /age"]);
    assert_eq!(broken(&form, json!({"age": "35"})), ["wrong_type /age"]);
    assert_eq!(draft(&form, json!({"age": 999})), NONE);
    // What was typed is kept until it is put right.
    assert_eq!(draft(&form, json!({"age": "thirty"})), NONE);
    assert_eq!(draft(&form, json!({"age": "3".repeat(201)})), ["too_long /age"]);
    assert_eq!(draft(&form, json!({"age": [35]})), ["wrong_type /age"]);
    let evaluation = evaluate(&form, json!({"age": 200}));
    assert_eq!(evaluation.violations[0].detail, "Enter a number from 0 to 120");
}

#[test]
fn messages_never_repeat_the_answer() {
    let form = asking(json!([
        {"type": "text", "name": "mail", "inputType": "email"},
        {"type": "radiogroup", "name": "r", "choices": ["a"]}
    ]));
    let evaluation = evaluate(&form, json!({"mail": "secret-word", "r": "secret-word"}));
    assert_eq!(evaluation.violations.len(), 2);
    for violation in evaluation.violations {
        assert!(!violation.detail.contains("secret"), "{violation:?}");
    }
}

#[test]
fn text_formats_are_checked() {
    let cases = [
        ("date", "2026-02-28", "2026-02-30", "bad_date"),
        ("datetime-local", "2026-02-28T14:30", "2026-02-28", "bad_date"),
        ("time", "23:59", "24:00", "bad_date"),
        ("month", "2026-12", "2026-13", "bad_date"),
        ("week", "2026-W53", "2026-W54", "bad_date"),
        ("email", "a.b@example.org", "a@b", "bad_email"),
        ("url", "https://example.org/x?y", "javascript:alert(1)", "bad_url"),
        ("color", "#a0B1c2", "red", "bad_color"),
    ];
    for (input, good, bad, code) in cases {
        let form = asking(json!([{"type": "text", "name": "q", "inputType": input}]));
        assert_eq!(broken(&form, json!({"q": good})), NONE, "{input}");
        assert_eq!(broken(&form, json!({"q": bad})), [format!("{code} /q")], "{input}");
        assert_eq!(broken(&form, json!({"q": 5})), ["wrong_type /q"], "{input}");
        assert_eq!(draft(&form, json!({"q": bad})), NONE, "{input}");
    }
    for (input, any) in [("text", "Ærøskøbing"), ("tel", "+45 12 34")] {
        let form = asking(json!([{"type": "text", "name": "q", "inputType": input}]));
        assert_eq!(broken(&form, json!({"q": any})), NONE);
    }
}

#[test]
fn dates_keep_to_their_range() {
    let form = asking(json!([
        {"type": "text", "name": "d", "inputType": "date", "min": "2026-01-01", "max": "2026-12-31"},
        {"type": "text", "name": "t", "inputType": "time", "min": "08:00"},
        {"type": "text", "name": "w", "inputType": "week", "max": "2026-W10"}
    ]));
    assert_eq!(
        broken(&form, json!({"d": "2025-12-31", "t": "07:59", "w": "2026-W11"})),
        ["too_small /d", "too_small /t", "too_large /w"]
    );
    assert_eq!(broken(&form, json!({"d": "2026-12-31", "t": "08:00:00", "w": "2026-W10"})), NONE);
    let evaluation = evaluate(&form, json!({"t": "07:00"}));
    assert_eq!(evaluation.violations[0].detail, "Enter a time not before 08:00");
}

#[test]
fn long_texts_are_refused_even_in_drafts() {
    let form = form(json!({"maxTextLength": 4, "elements": [
        {"type": "text", "name": "a"},
        {"type": "comment", "name": "b", "maxLength": 3},
        {"type": "comment", "name": "c", "maxLength": 0}
    ]}));
    let answers = json!({"a": "12345", "b": "1234", "c": "123456"});
    assert_eq!(broken(&form, answers.clone()), ["too_long /a", "too_long /b"]);
    assert_eq!(draft(&form, answers), ["too_long /a", "too_long /b"]);
    assert_eq!(broken(&form, json!({"a": "æøåæ"})), NONE);
    // Browsers count an emoji as two.
    assert_eq!(broken(&form, json!({"b": "😀😀"})), ["too_long /b"]);
}

#[test]
fn single_choices_take_only_what_is_offered() {
    for kind in ["radiogroup", "dropdown"] {
        let form = asking(json!([{
            "type": kind, "name": "r", "hasOther": true, "showNoneItem": true,
            "choices": ["a", 2, {"value": "c", "text": {"default": "See", "de": "Ze"}}, "d|Dee"]
        }]));
        for good in [json!("a"), json!(2), json!(2.0), json!("c"), json!("d"), json!("none")] {
            assert_eq!(broken(&form, json!({"r": good})), NONE);
        }
        for bad in [json!("A"), json!("2"), json!("z"), json!(true)] {
            assert_eq!(broken(&form, json!({"r": bad})), ["unknown_choice /r"]);
            assert_eq!(draft(&form, json!({"r": bad})), ["unknown_choice /r"]);
        }
        assert_eq!(broken(&form, json!({"r": ["a"]})), ["wrong_type /r"]);
        let question = form.question("r").expect("the question");
        let texts: Vec<_> = question.choices().iter().map(|c| c.text.as_str()).collect();
        assert_eq!(texts, ["a", "2", "See", "Dee", "None", "Other (describe)"]);
        assert_eq!(question.comment_key().as_deref(), Some("r-Comment"));
    }
}

#[test]
fn other_needs_its_text_and_only_other_keeps_it() {
    let form = asking(json!([
        {"type": "radiogroup", "name": "r", "showOtherItem": true, "choices": [1, 2]},
        {"type": "checkbox", "name": "c", "showOtherItem": true, "choices": [1, 2]}
    ]));
    assert_eq!(
        broken(&form, json!({"r": "other", "c": [1, "other"], "c-Comment": "  "})),
        ["missing /r-Comment", "missing /c-Comment"]
    );
    assert_eq!(draft(&form, json!({"r": "other"})), NONE);
    assert_eq!(broken(&form, json!({"r": "other", "r-Comment": 5})), ["wrong_type /r-Comment"]);
    let evaluation = evaluate(&form, json!({"r": 1, "r-Comment": "x", "c": ["other"], "c-Comment": "y"}));
    assert_eq!(evaluation.cleared, ["r-Comment"]);
    assert_eq!(json!(evaluation.cleaned), json!({"r": 1, "c": ["other"], "c-Comment": "y"}));
    assert!(evaluation.is_acceptable());
}

#[test]
fn a_comment_area_goes_with_any_answer() {
    let form = asking(json!([
        {"type": "rating", "name": "r", "showCommentArea": true, "isRequired": true}
    ]));
    assert_eq!(broken(&form, json!({"r": 3, "r-Comment": "why"})), NONE);
    assert_eq!(broken(&form, json!({"r-Comment": "why"})), ["missing /r"]);
}

#[test]
fn checkboxes_count_and_point_at_the_item() {
    let form = asking(json!([{
        "type": "checkbox", "name": "needs", "choices": ["ramp", "sign", "loop"],
        "showNoneItem": true, "minSelectedChoices": 1, "maxSelectedChoices": 2
    }]));
    assert_eq!(broken(&form, json!({"needs": ["ramp", "loop"]})), NONE);
    assert_eq!(broken(&form, json!({"needs": ["none"]})), NONE);
    assert_eq!(broken(&form, json!({})), ["too_few /needs"]);
    assert_eq!(broken(&form, json!({"needs": ["ramp", "x", "ramp"]})), ["unknown_choice /needs/1", "repeated_choice /needs/2"]);
    assert_eq!(broken(&form, json!({"needs": ["ramp", "sign", "loop"]})), ["too_many /needs"]);
    assert_eq!(broken(&form, json!({"needs": ["ramp", "none"]})), ["exclusive_choice /needs/1"]);
    assert_eq!(draft(&form, json!({"needs": ["ramp", "none"]})), NONE);
    assert_eq!(broken(&form, json!({"needs": "ramp"})), ["wrong_type /needs"]);
    assert_eq!(broken(&form, json!({"needs": [1, 2, 3, 4, 5]})), ["too_many /needs"]);
    assert_eq!(draft(&form, json!({"needs": ["ramp", "sign", "loop"]})), NONE);
}

#[test]
fn ratings_follow_their_scale() {
    let scale = |properties: serde_json::Value| {
        let mut question = json!({"type": "rating", "name": "r"});
        let map = question.as_object_mut().expect("an object");
        map.extend(super::map(properties));
        let form = asking(json!([question]));
        let values = form.question("r").expect("the question").choices().iter();
        json!(values.map(|c| c.value.clone()).collect::<Vec<_>>())
    };
    assert_eq!(scale(json!({})), json!([1, 2, 3, 4, 5]));
    assert_eq!(scale(json!({"rateMin": 0, "rateMax": 10, "rateStep": 2})), json!([0, 2, 4, 6, 8, 10]));
    assert_eq!(scale(json!({"rateMin": 0, "rateCount": 3})), json!([0, 1, 2]));
    assert_eq!(scale(json!({"rateMax": 3, "rateStep": 0.5, "rateMin": 2})), json!([2, 2.5, 3]));
    assert_eq!(scale(json!({"rateValues": ["a", {"value": 7}]})), json!(["a", 7]));
    let form = asking(json!([{"type": "rating", "name": "r"}]));
    assert_eq!(broken(&form, json!({"r": 9})), ["unknown_choice /r"]);
    assert_eq!(broken(&form, json!({"r": "3"})), ["unknown_choice /r"]);
}

#[test]
fn booleans_take_their_two_values() {
    let form = asking(json!([
        {"type": "boolean", "name": "a", "isRequired": true},
        {"type": "boolean", "name": "b", "valueTrue": "ja", "valueFalse": "nein"}
    ]));
    assert_eq!(broken(&form, json!({"a": false, "b": "nein"})), NONE);
    assert_eq!(broken(&form, json!({"a": "yes", "b": true})), ["wrong_type /a", "wrong_type /b"]);
    assert_eq!(broken(&form, json!({})), ["missing /a"]);
}

#[test]
fn rankings_are_whole_unless_the_form_says_otherwise() {
    let whole = asking(json!([{"type": "ranking", "name": "r", "choices": [1, 2, 3]}]));
    assert_eq!(broken(&whole, json!({"r": [3, 1, 2]})), NONE);
    assert_eq!(broken(&whole, json!({"r": [3, 1]})), ["incomplete_ranking /r"]);
    assert_eq!(draft(&whole, json!({"r": [3, 1]})), NONE);
    assert_eq!(broken(&whole, json!({"r": [3, 1, 1]})), ["repeated_choice /r/2"]);
    let part = asking(json!([{
        "type": "ranking", "name": "r", "choices": [1, 2, 3], "selectToRankEnabled": true,
        "minSelectedChoices": 2, "maxSelectedChoices": 2
    }]));
    assert_eq!(broken(&part, json!({"r": [3, 1]})), NONE);
    assert_eq!(broken(&part, json!({"r": [3]})), ["too_few /r"]);
    assert_eq!(broken(&part, json!({"r": [3, 1, 2]})), ["too_many /r"]);
}

#[test]
fn matrices_point_at_their_rows() {
    let form = asking(json!([{
        "type": "matrix", "name": "grid", "columns": [1, 2], "rows": ["a/b", {"value": "c~d", "text": "C"}],
        "isAllRowRequired": true, "eachRowUnique": true
    }]));
    assert_eq!(broken(&form, json!({"grid": {"a/b": 1, "c~d": 2}})), NONE);
    assert_eq!(broken(&form, json!({})), ["missing /grid/a~1b", "missing /grid/c~0d"]);
    assert_eq!(broken(&form, json!({"grid": {"a/b": 1, "c~d": null}})), ["missing /grid/c~0d"]);
    assert_eq!(broken(&form, json!({"grid": {"a/b": 1, "c~d": 1}})), ["repeated_choice /grid/c~0d"]);
    assert_eq!(
        broken(&form, json!({"grid": {"a/b": 3, "c~d": 1, "e": 1}})),
        ["unknown_choice /grid/a~1b", "unknown_row /grid/e"]
    );
    assert_eq!(broken(&form, json!({"grid": [1, 2]})), ["wrong_type /grid"]);
    assert_eq!(draft(&form, json!({"grid": {"a/b": 1}})), NONE);
}

#[test]
fn questions_tell_a_report_what_it_needs() {
    let form = form(json!({"title": "Harbour", "pages": [{"elements": [
        {"type": "text", "name": "age", "title": {"default": "Your age"}, "inputType": "number"},
        {"type": "panel", "elements": [{"type": "matrix", "name": "m", "rows": ["r"], "columns": ["c"]}]}
    ]}]}));
    let kinds: Vec<_> = form.questions().map(|q| (q.name(), q.kind(), q.title())).collect();
    assert_eq!(kinds, [("age", Kind::Text, "Your age"), ("m", Kind::Matrix, "m")]);
    assert_eq!(form.question("age").and_then(|q| q.input_type()), Some("number"));
    let matrix = form.question("m").expect("the question");
    assert_eq!((matrix.rows().len(), matrix.columns().len()), (1, 1));
}

#[test]
fn forms_can_be_shared_between_threads() {
    fn shareable<T: Send + Sync + 'static>(_: &T) {}
    let form: Form = asking(json!([{"type": "text", "name": "q"}]));
    shareable(&form);
    assert!(form.evaluate(&serde_json::Map::new(), now()).is_acceptable());
}
