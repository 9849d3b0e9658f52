//! What is refused when a form is published.

use serde_json::{Value, json};

use super::super::Form;
use super::{brief, flaws, form, refused};

#[test]
fn all_flaws_are_told_at_once() {
    let found = brief(flaws(json!({
        "triggers": [], "calculatedValues": [], "title": "Hi <b>there</b>",
        "elements": [
            {"type": "signaturepad", "name": "s"},
            {"type": "text", "name": "a", "defaultValue": 1, "visibleIf": "{zzz} = 1 and foo({a})"},
            {"type": "text", "name": "A"},
            {"type": "radiogroup", "name": "r", "choices": [1, "1", {"value": 2, "visibleIf": "x"}]},
            {"name": "x"},
            5
        ]
    })));
    assert_eq!(
        found,
        [
            "unknown_type /elements/0/type",
            "unknown_property /elements/1/defaultValue",
            "duplicate_name /elements/2/name",
            "unknown_property /elements/3/choices/2/visibleIf",
            "duplicate_choice /elements/3/choices/1",
            "missing_type /elements/4",
            "bad_value /elements/5",
            "unknown_property /calculatedValues",
            "markup_in_text /title",
            "unknown_property /triggers",
            "unknown_name /elements/1/visibleIf",
            "unknown_function /elements/1/visibleIf"
        ]
    );
}

#[test]
fn forms_must_be_forms() {
    for (definition, code) in [
        (json!([]), "not_a_form "),
        (json!({}), "empty_form "),
        (json!({"pages": []}), "empty_form "),
        (json!({"pages": 1}), "bad_value /pages"),
        (json!({"pages": [1]}), "bad_value /pages/0"),
        (json!({"elements": [{"type": "text"}]}), "missing_name /elements/0/name"),
        (json!({"elements": [{"type": "text", "name": "{a}"}]}), "bad_name /elements/0/name"),
        (
            json!({"clearInvisibleValues": "none", "elements": [{"type": "text", "name": "a"}]}),
            "unsupported_value /clearInvisibleValues",
        ),
    ] {
        assert_eq!(brief(flaws(definition)), [code]);
    }
}

#[test]
fn ranges_must_make_sense() {
    let one = |question: Value| refused(json!([question]));
    assert_eq!(
        one(json!({"type": "text", "name": "a", "inputType": "number", "min": 5, "max": 1})),
        ["bad_range /elements/0/min"]
    );
    assert_eq!(one(json!({"type": "text", "name": "a", "inputType": "date", "min": "=today()"})), ["bad_range /elements/0/min"]);
    assert_eq!(one(json!({"type": "text", "name": "a", "min": 3})), ["bad_range /elements/0/min"]);
    assert_eq!(one(json!({"type": "text", "name": "a", "inputType": "password"})), ["unsupported_input /elements/0/inputType"]);
    assert_eq!(
        one(json!({"type": "text", "name": "a", "inputType": "number", "minValueExpression": "1"})),
        ["unknown_property /elements/0/minValueExpression"]
    );
    assert_eq!(
        one(json!({"type": "checkbox", "name": "a", "choices": [1], "minSelectedChoices": 2})),
        ["bad_range /elements/0/minSelectedChoices"]
    );
    assert_eq!(one(json!({"type": "rating", "name": "a", "rateMin": 7, "rateMax": 3})), ["bad_scale /elements/0/rateMax"]);
    for (name, number) in
        [("rateMin", json!(9_223_372_036_854_775_807_i64)), ("rateMax", json!(1e300)), ("rateStep", json!(1e-9))]
    {
        let mut rating = json!({"type": "rating", "name": "a", "rateCount": 20});
        rating[name] = number;
        assert_eq!(one(rating), [format!("bad_scale /elements/0/{name}")]);
    }
    assert_eq!(one(json!({"type": "rating", "name": "a", "rateCount": 7})), ["bad_scale /elements/0/rateCount"]);
    assert_eq!(
        one(json!({"type": "matrix", "name": "a", "rows": [1], "columns": []})),
        ["bad_choice /elements/0/rows/0", "no_choices /elements/0/rows", "no_choices /elements/0/columns"]
    );
}

#[test]
fn names_and_free_texts_may_not_collide() {
    assert_eq!(
        refused(json!([
            {"type": "radiogroup", "name": "a", "choices": [1], "showOtherItem": true},
            {"type": "text", "name": "a-comment"}
        ])),
        ["duplicate_name /elements/1/name"]
    );
}

#[test]
fn patterns_that_cannot_be_run_are_refused() {
    for pattern in ["(?<=a)b", "(?=a)", "(?!a)", "(a)\\1", "\\k<a>", "(?i)a", "[]", "(", "\\p{L}", "a{1000}{1000}"] {
        let found = refused(json!([{"type": "text", "name": "a", "validators": [
            {"type": "regex", "regex": pattern}]}]));
        assert_eq!(found, ["unsupported_pattern /elements/0/validators/0/regex"], "{pattern}");
    }
}

#[test]
fn conditions_are_checked_by_name_and_form() {
    let condition = |text: &str| {
        refused(json!([
            {"type": "matrix", "name": "m", "rows": ["r"], "columns": [1], "visibleIf": text}
        ]))
        .into_iter()
        .map(|flaw| flaw.split(' ').next().unwrap_or_default().to_owned())
        .collect::<Vec<_>>()
    };
    assert_eq!(condition("{m.r} = = 1"), ["bad_expression"]);
    assert_eq!(condition("{m.q} = 1"), ["unknown_name"]);
    assert_eq!(condition("{m-Comment} = 1"), ["unknown_name"]);
    assert_eq!(condition("isContainerReady('p')"), ["unknown_function"]);
    assert_eq!(condition(&"(".repeat(1_000)), ["expression_too_deep"]);
    assert_eq!(condition(&"!".repeat(1_000)), ["expression_too_deep"]);
    assert_eq!(condition(&"[".repeat(1_000)), ["expression_too_deep"]);
    assert_eq!(condition(&"1+".repeat(5_000)), ["expression_too_long"]);
    let long = format!("{{m.r}} = 1{}", " or 1 = 1".repeat(400));
    form(json!({"elements": [
        {"type": "matrix", "name": "m", "rows": ["r"], "columns": [1], "visibleIf": long}]}));
}

#[test]
fn size_is_limited() {
    let many: Vec<Value> = (0..2_100).map(|n| json!({"type": "text", "name": format!("q{n}")})).collect();
    assert_eq!(refused(json!(many)), ["too_many_elements /elements/2000"]);
    let mut nested = json!({"type": "text", "name": "q"});
    for _ in 0..100 {
        nested = json!({"type": "panel", "elements": [nested]});
    }
    let found = refused(json!([nested]));
    assert!(found[0].starts_with("nested_too_deep "), "{found:?}");
    let choices: Vec<usize> = (0..1_001).collect();
    assert_eq!(
        refused(json!([{"type": "radiogroup", "name": "a", "choices": choices}]))[0],
        "too_many_choices /elements/0/choices"
    );
}

#[test]
fn looks_are_accepted() {
    let definition = json!({
        "title": {"default": "Harbour", "de": "Hafen"}, "locale": "de", "showQuestionNumbers": "off",
        "completedHtml": "Thank you", "completeText": "Send", "showProgressBar": "top", "widthMode": "static",
        "pages": [{"name": "p", "title": "One", "description": "d", "elements": [
            {"type": "text", "name": "a", "title": "A", "placeholder": {"default": "x"}, "width": "50%", "minWidth": 3,
             "titleLocation": "left", "startWithNewLine": false},
            {"type": "comment", "name": "b", "rows": 3, "autoGrow": true},
            {"type": "checkbox", "name": "c", "choices": [1], "colCount": 2, "choicesOrder": "random"},
            {"type": "dropdown", "name": "d", "choices": [1], "allowClear": true, "searchEnabled": false},
            {"type": "rating", "name": "e", "minRateDescription": "bad", "rateType": "stars"},
            {"type": "boolean", "name": "f", "labelTrue": "Ja", "displayMode": "checkbox"},
            {"type": "ranking", "name": "g", "choices": [1], "selectToRankAreasLayout": "vertical"},
            {"type": "matrix", "name": "h", "rows": ["r"], "columns": [1], "alternateRows": true}
        ]}]
    });
    assert_eq!(form(definition.clone()).questions().len(), 8);
    assert!(Form::compile(&definition).is_ok());
}
