//! What is drawn and sent back by a browser is read as the same answers; and each kind of question by itself.

use super::{
    draw::{Asked, pointer},
    preview,
    read::{self, Sent},
};
use crate::{
    pages::kit::{Choice, Control, Fields, Form as Sheet, Frame},
    questionnaires::{Form, Reader},
};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap()
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn every_kind() -> Form {
    Form::compile(&json!({"elements": [
        {"type": "text", "name": "version", "title": "Your town"},
        {"type": "text", "name": "age", "inputType": "number", "min": 0, "max": 120},
        {"type": "text", "name": "day", "inputType": "date"},
        {"type": "comment", "name": "a/b~c", "maxLength": 50},
        {"type": "radiogroup", "name": "one", "choices": ["a", 2, true], "showOtherItem": true, "choicesOrder": "random"},
        {"type": "dropdown", "name": "drop", "choices": [{"value": 1, "text": {"default": "One", "easy": "The first"}}, "z"]},
        {"type": "checkbox", "name": "some", "choices": [1, "x", "y"], "showNoneItem": true, "showSelectAllItem": true,
         "showOtherItem": true},
        {"type": "rating", "name": "rate", "rateMin": 0, "rateMax": 2, "rateStep": 0.5, "minRateDescription": "Bad"},
        {"type": "boolean", "name": "yes", "valueTrue": "ja", "valueFalse": 0, "swapOrder": true, "showCommentArea": true},
        {"type": "ranking", "name": "rank", "choices": ["p", "q", 3], "selectToRankEnabled": true},
        {"type": "matrix", "name": "grid", "rows": ["r.1", "s"], "columns": ["c", 5]},
        {"type": "text", "name": "told", "title": "You said {age} and {grid.s}", "visibleIf": "{age} = 7"},
    ]}))
    .unwrap()
}

fn asked<'a>(form: &'a Form, answers: &'a Map<String, Value>) -> Asked<'a> {
    Asked::new(form, answers, Reader { language: "en".into(), easy: false }, 7, now())
}

fn on(choices: &[Choice]) -> impl Iterator<Item = String> + '_ {
    choices.iter().filter(|choice| choice.on).map(|choice| choice.value.clone())
}

/// What a browser sends for the fields of a page as they are drawn.
fn sent_unchanged(asked: &Asked<'_>) -> Fields {
    let open: Vec<usize> = asked.on(0).into_iter().filter(|at| asked.is_open(*at)).collect();
    let mut fields = vec![(read::SHOWN.to_owned(), read::shown(&open))];
    for field in asked.fields(0) {
        let mut send = |value: String| fields.push((field.name.clone(), value));
        match &field.control {
            Control::Line { value, .. } | Control::Area { value, .. } => send(value.clone()),
            Control::Radios(choices) | Control::Checks(choices) => on(choices).for_each(send),
            Control::Select(choices) => send(on(choices).next().unwrap_or_else(|| choices[0].value.clone())),
            _ => {}
        }
    }
    Fields(fields)
}

fn read_back(asked: &Asked<'_>, fields: &Fields) -> Sent {
    read::read(asked, &(0..asked.form.questions().len()).collect::<HashSet<_>>(), fields)
}

/// What is sent, by names of fields.
fn sends(form: &Form, pairs: &[(&str, &str)]) -> Sent {
    let none = Map::new();
    let all: Vec<usize> = (0..form.questions().len()).collect();
    let mut fields = vec![(read::SHOWN.to_owned(), read::shown(&all))];
    fields.extend(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    read_back(&asked(form, &none), &Fields(fields))
}

/// Some of the values, each at most once, in any order.
fn some_of(values: &[Value]) -> impl Strategy<Value = Value> + use<> {
    (Just(values.to_vec()).prop_shuffle(), 1..=values.len()).prop_map(|(values, most)| Value::Array(values[..most].to_vec()))
}

fn answers() -> impl Strategy<Value = Map<String, Value>> {
    let text = "[a-zæ<&\"' \\n]{1,12}".prop_map(|text| json!(text));
    let number = prop_oneof![
        any::<i32>().prop_map(|n| json!(n)),
        any::<i16>().prop_map(|n| json!(f64::from(n) + 0.5)),
        Just(json!("abc"))
    ];
    let grid = (prop::sample::select(vec![json!("c"), json!(5)]), any::<bool>())
        .prop_map(|(column, both)| if both { json!({"r.1": column, "s": 5}) } else { json!({"s": column}) });
    let one = prop::sample::select(vec![json!("a"), json!(2), json!(true), json!("other")]);
    let pairs = (
        prop::option::of(text.clone()),
        prop::option::of(number),
        prop::option::of(Just(json!("1990-05-05"))),
        prop::option::of(text.clone()),
        prop::option::of(one),
        prop::option::of(prop::sample::select(vec![json!(1), json!("z")])),
        prop::option::of(some_of(&[json!(1), json!("x"), json!("y"), json!("other")])),
        prop::option::of(prop::sample::select(vec![json!(0), json!(0.5), json!(2)])),
        prop::option::of((prop::sample::select(vec![json!("ja"), json!(0)]), text)),
        prop::option::of(some_of(&[json!("p"), json!("q"), json!(3)])),
        prop::option::of(grid),
    );
    pairs.prop_map(|(town, age, day, long, one, drop, some, rate, yes, rank, grid)| {
        let mut answers = Map::new();
        let mut put = |key: &str, value: Option<Value>| drop_in(&mut answers, key, value);
        put("version", town);
        put("age", age);
        put("day", day);
        put("a/b~c", long);
        if one == Some(json!("other")) {
            put("one-Comment", Some(json!("another\nway")));
        }
        put("one", one);
        put("drop", drop);
        put("some", some);
        put("rate", rate);
        let (yes, why) = yes.unzip();
        put("yes", yes);
        put("yes-Comment", why);
        put("rank", rank);
        put("grid", grid);
        answers
    })
}

fn drop_in(answers: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        answers.insert(key.to_owned(), value);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_drawn_and_sent_back_is_the_same(answers in answers()) {
        let form = every_kind();
        prop_assert!(form.evaluate_draft(&answers, now()).violations.is_empty());
        let asked = asked(&form, &answers);
        let sent = read_back(&asked, &sent_unchanged(&asked));
        prop_assert_eq!(&sent.wrong, &vec![]);
        prop_assert_eq!(&sent.answers, &answers);
        prop_assert!(sent.empty.iter().all(|key| !answers.contains_key(key)));
    }

    #[test]
    fn no_field_causes_a_panic_and_none_changes_what_is_not_there(
        pairs in prop::collection::vec(("(q[0-9]{1,2}(-(more|r[0-9]|p[0-9]))?|shown|[a-z]{1,4})", "[0-9 allx.,\u{0}é-]{0,8}"), 0..40),
    ) {
        let form = every_kind();
        let held = map(json!({"version": "Hull"}));
        let asked = asked(&form, &held);
        let sent = read::read(&asked, &HashSet::from([1, 2, 9]), &Fields(pairs));
        let keys = ["age", "day", "rank"];
        prop_assert!(sent.answers.keys().chain(&sent.empty).all(|key| keys.contains(&key.as_str())));
        // Whatever a browser sends, a draft can hold it.
        prop_assert_eq!(form.evaluate_draft(&sent.answers, now()).violations, vec![]);
    }
}

#[test]
fn each_kind_is_read_as_its_form_stores_it() {
    let form = every_kind();
    let sent = sends(
        &form,
        &[
            ("q0", "Hull"),
            ("q1", "1,005"),
            ("q2", " 1990-05-05 "),
            ("q3", "Lines\nof text"),
            ("q4", "1"),
            ("q5", "0"),
            ("q6", "1"),
            ("q6", "2"),
            ("q7", "1"),
            ("q8", "1"),
            ("q8-more", "why"),
            ("q9-p2", "1"),
            ("q9-p0", "3"),
            ("q10-r0", "1"),
            ("q4", "0"),
            ("q99", "x"),
            ("version", "y"),
        ],
    );
    let expected = json!({
        "version": "Hull", "age": 1005, "day": "1990-05-05", "a/b~c": "Lines\nof text", "one": 2, "drop": 1, "some": ["x", "y"],
        "rate": 0.5, "yes": 0, "yes-Comment": "why", "rank": [3, "p"], "grid": {"r.1": 5},
    });
    assert_eq!(json!(sent.answers), expected);
    assert_eq!(sent.wrong, []);
    let all = sends(&form, &[("q6", "all"), ("q7", "77"), ("q10-r0", "x")]);
    assert_eq!(json!(all.answers), json!({"some": [1, "x", "y"]}), "all stands for the options, and not for none of them");
}

#[test]
fn what_can_be_read_in_two_ways_is_asked_again() {
    let form = every_kind();
    let codes = |pairs: &[(&str, &str)]| {
        sends(&form, pairs).wrong.into_iter().map(|one| format!("{} {}", one.code, one.pointer)).collect::<Vec<_>>()
    };
    assert_eq!(codes(&[("q9-p0", "1"), ("q9-p1", "1")]), ["unclear_order /rank"]);
    assert_eq!(codes(&[("q9-p0", "first")]), ["unclear_order /rank"]);
    assert_eq!(codes(&[("q4", "0"), ("q4-more", "words")]), ["other_not_chosen /one-Comment"]);
    assert_eq!(codes(&[("q4", "3"), ("q4-more", "words")]), Vec::<String>::new());
}

#[test]
fn titles_quote_answers_and_answers_are_told_in_words() {
    let form = every_kind();
    let answers = map(json!({"age": 7, "grid": {"s": 5}, "day": "1990-05-05", "yes": "ja", "rank": [3, "p"], "drop": 1}));
    let asked = asked(&form, &answers);
    assert_eq!(asked.title(11), "You said 7 and 5");
    assert_eq!(asked.answer(2), ["5 May 1990"]);
    assert_eq!(asked.answer(8), ["Yes"]);
    assert_eq!(asked.answer(9), ["1. 3", "2. p"]);
    assert_eq!(asked.answer(10), ["s: 5"]);
    assert_eq!(asked.answer(5), ["One"]);
    let easy = Asked::new(&form, &answers, Reader { language: "en".into(), easy: true }, 7, now());
    assert_eq!(easy.answer(5), ["The first"]);
}

#[test]
fn questions_that_were_not_on_the_page_keep_their_answers() {
    let form = every_kind();
    let answers = map(json!({"age": 7, "one": "a"}));
    let asked = asked(&form, &answers);
    let fields = Fields(vec![(read::SHOWN.into(), "1".into()), ("q1".into(), String::new()), ("q0".into(), "sly".into())]);
    let sent = read_back(&asked, &fields);
    assert_eq!((sent.answers.len(), sent.empty), (0, vec!["age".to_owned()]));
}

#[test]
fn mistakes_stand_beside_the_field_that_they_are_about() {
    let form = Form::compile(&json!({"elements": [
        {"type": "checkbox", "name": "a", "choices": [1, 2], "showNoneItem": true},
        {"type": "matrix", "name": "g", "rows": ["r/1", "r2"], "columns": [1], "isAllRowRequired": true},
        {"type": "ranking", "name": "k", "choices": [1, 2]},
        {"type": "radiogroup", "name": "o", "choices": [1], "showOtherItem": true},
    ]}))
    .unwrap();
    let answers = map(json!({"a": [1, "none"], "k": [2], "o": "other"}));
    let asked = asked(&form, &answers);
    let mut sheet = Sheet::default().fields(asked.fields(0));
    sheet.point_out(asked.wrong_on(0));
    let mistaken: Vec<_> = sheet.fields.iter().filter(|field| field.mistake.is_some()).map(|field| field.name.as_str()).collect();
    assert_eq!(mistaken, ["q0", "q1-r0", "q1-r1", "q2", "q3-more"]);
    assert_eq!(pointer(&["g", "r/1"]), "/g/r~11");
}

#[test]
fn a_preview_goes_through_the_form_and_saves_nothing() {
    let form = Form::compile(&json!({"title": "Try me", "pages": [
        {"elements": [{"type": "text", "name": "a", "title": "First?", "isRequired": true}]},
        {"visibleIf": "{a} = 'no'", "elements": [{"type": "text", "name": "b"}]},
        {"elements": [{"type": "boolean", "name": "c", "title": "Last?"}]},
    ]}))
    .unwrap();
    let go = |pairs: &[(&str, &str)]| {
        let fields = Fields(pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect());
        preview(&form, &fields, "/p", false, now()).render(&Frame::default()).unwrap()
    };
    assert!(go(&[]).contains("First?"));
    assert!(go(&[("page", "0"), ("shown", "0"), ("q0", "")]).contains("Answer this question"));
    let second = go(&[("page", "0"), ("shown", "0"), ("q0", "yes")]);
    assert!(second.contains("Last?") && second.contains("Page 2 of 2"), "{second}");
    let done = go(&[("page", "2"), ("shown", "2"), ("q2", "0"), ("so_far", "{\"a\":\"yes\"}")]);
    assert!(done.contains("Check your answers") && done.contains("yes"), "{done}");
    assert!(go(&[("page", "99"), ("so_far", "[")]).contains("First?"));
}
