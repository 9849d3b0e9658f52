//! Properties that hold for any input.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::Form;
use super::{asking, now};

/// Any JSON, with words a form uses among its keys and texts.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "type",
            "name",
            "elements",
            "pages",
            "text",
            "radiogroup",
            "matrix",
            "panel",
            "choices",
            "rows",
            "columns",
            "visibleIf",
            "{a} = 1",
            "{a",
            "validators",
            "regex",
            "(",
            "rating",
            "rateMin",
            "ranking",
            "checkbox",
            "value",
            "a",
            "a-Comment",
            "other",
            "boolean",
            "min",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,6}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Conditions over the questions of [`tangled`].
fn condition() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "{a}",
        "{b}",
        "{c}",
        "{d}",
        "{e}",
        "{e-Comment}",
        "{f.r}",
        "{d[0]}",
    ]);
    let right = prop::sample::select(vec![
        "1", "'x'", "true", "[1, 'x']", "{a}", "{d}", "''", "today()",
    ]);
    let sign = prop::sample::select(vec![
        "=",
        "<>",
        "<",
        ">=",
        "contains",
        "notcontains",
        "anyof",
        "allof",
        "noneof",
        "+",
        "-",
    ]);
    let single = prop_oneof![
        (name.clone(), sign, right).prop_map(|(a, sign, b)| format!("{a} {sign} {b}")),
        name.clone().prop_map(|a| format!("{a} empty")),
        name.clone().prop_map(|a| format!("{a} notempty")),
        name.prop_map(|a| format!("!{a}")),
    ];
    prop::collection::vec((single, any::<bool>()), 1..3).prop_map(|parts| {
        let mut text = String::new();
        for (part, and) in parts {
            if !text.is_empty() {
                text.push_str(if and { " and " } else { " or " });
            }
            text.push_str(&part);
        }
        text
    })
}

/// A form whose questions depend on each other in any way, circles included.
fn tangled() -> impl Strategy<Value = Form> {
    prop::collection::vec(prop::option::of(condition()), 7).prop_map(|conditions| {
        let mut elements = json!([
            {"type": "text", "name": "a", "inputType": "number", "isRequired": true},
            {"type": "text", "name": "b"},
            {"type": "boolean", "name": "c"},
            {"type": "checkbox", "name": "d", "choices": [1, "x", "y"]},
            {"type": "radiogroup", "name": "e", "choices": [1, "x"], "showOtherItem": true},
            {"type": "matrix", "name": "f", "rows": ["r", "s"], "columns": [1, "x"]},
            {"type": "panel", "elements": [{"type": "rating", "name": "g"}]}
        ]);
        for (index, condition) in conditions.into_iter().enumerate() {
            if let Some(condition) = condition {
                elements[index]["visibleIf"] = condition.into();
            }
        }
        asking(elements)
    })
}

fn some_answers() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![
        4 => prop::sample::select(vec![
            json!(1), json!("x"), json!(true), json!(false), json!([1, "x"]), json!(["y"]), json!([]),
            json!(""), json!("other"), json!({"r": 1}), json!({"r": null}), json!("1"), json!(null),
        ]),
        1 => any_json(),
    ];
    let name = prop::sample::select(vec!["a", "b", "c", "d", "e", "e-Comment", "f", "g", "zz"]);
    prop::collection::vec((name, value), 0..9)
        .prop_map(|pairs| pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_definition_causes_a_panic(definition in any_json(), answers in some_answers()) {
        if let Ok(form) = Form::compile(&definition) {
            form.evaluate(&answers, now());
        }
    }

    #[test]
    fn no_condition_causes_a_panic(text in "[{}a-c()\\[\\]'\"0-9.,!<>=+*/^ \\\\é-]{0,40}") {
        let definition = json!({"elements": [{"type": "text", "name": "a", "visibleIf": text}]});
        if let Ok(form) = Form::compile(&definition) {
            form.evaluate(&Map::new(), now());
        }
    }

    #[test]
    fn no_pattern_causes_a_panic(text in "[\\[\\]()\\\\?<=!a-c{}0-9^$|.*+dwsbuxé-]{0,20}") {
        let definition = json!({"elements": [{"type": "text", "name": "a", "validators": [
            {"type": "regex", "regex": text}]}]});
        if let Ok(form) = Form::compile(&definition) {
            let answers = Map::from_iter([("a".to_owned(), json!("abc-1é"))]);
            form.evaluate(&answers, now());
        }
    }

    #[test]
    fn cleaned_answers_stay_as_they_are(form in tangled(), answers in some_answers()) {
        let first = form.evaluate(&answers, now());
        let again = form.evaluate(&first.cleaned, now());
        prop_assert_eq!(&again.cleaned, &first.cleaned);
        prop_assert!(again.cleared.is_empty());
        prop_assert_eq!(&again.visible, &first.visible);
        prop_assert_eq!(&again.required, &first.required);
        // Only unknown names can disappear with the cleaning.
        let known: Vec<_> =
            first.violations.into_iter().filter(|v| v.code != "unknown_question").collect();
        prop_assert_eq!(again.violations, known);
        let draft = form.evaluate_draft(&answers, now());
        prop_assert_eq!(&form.evaluate_draft(&draft.cleaned, now()).cleaned, &draft.cleaned);
    }

    #[test]
    fn the_same_answers_get_the_same_verdict(form in tangled(), answers in some_answers()) {
        prop_assert_eq!(form.evaluate(&answers, now()), form.evaluate(&answers, now()));
    }
}
