//! Required answers, validators and names.

use serde_json::json;

use super::{NONE, asking, broken, draft, evaluate};

#[test]
fn required_answers_are_missed() {
    let form = asking(json!([
        {"type": "text", "name": "a", "isRequired": true, "requiredErrorText": "Tell us"},
        {"type": "text", "name": "b", "requiredIf": "{a} = 'x'"},
        {"type": "text", "name": "c", "isRequired": true, "requiredIf": "{a} = 'y'"}
    ]));
    assert_eq!(broken(&form, json!({"a": "  "})), ["missing /a"]);
    assert_eq!(broken(&form, json!({"a": "X"})), ["missing /b"]);
    assert_eq!(draft(&form, json!({"a": "x"})), NONE);
    let evaluation = evaluate(&form, json!({"b": null}));
    assert_eq!(evaluation.violations[0].detail, "Tell us");
    assert_eq!(evaluation.required, ["a"]);
    assert!(evaluation.cleaned.is_empty());
}

#[test]
fn questions_that_cannot_be_changed_are_not_required() {
    let form = asking(json!([
        {"type": "text", "name": "a", "isRequired": true, "enableIf": "{b} = 1", "inputType": "number", "max": 5},
        {"type": "text", "name": "b", "inputType": "number"},
        {"type": "panel", "readOnly": true, "elements": [{"type": "text", "name": "c", "isRequired": true}]}
    ]));
    let evaluation = evaluate(&form, json!({}));
    assert!(evaluation.is_acceptable() && evaluation.required.is_empty());
    assert_eq!(broken(&form, json!({"b": 1})), ["missing /a"]);
    // Whatever it holds must still be possible.
    assert_eq!(broken(&form, json!({"a": 6})), ["too_large /a"]);
}

#[test]
fn a_group_may_ask_for_at_least_one_answer() {
    let form = asking(json!([
        {"type": "panel", "name": "p", "requiredIf": "{c} notempty", "elements": [
            {"type": "text", "name": "a"}, {"type": "text", "name": "b"}]},
        {"type": "text", "name": "c"}
    ]));
    assert_eq!(broken(&form, json!({})), NONE);
    assert_eq!(broken(&form, json!({"c": "1"})), ["missing /a"]);
    assert_eq!(broken(&form, json!({"c": "1", "b": "x"})), NONE);
}

#[test]
fn unknown_names_are_refused_by_name() {
    let form = asking(json!([{"type": "text", "name": "a"}]));
    let answers = json!({"a": "1", "b/c": 2, "a-Comment": "x"});
    assert_eq!(
        broken(&form, answers.clone()),
        ["unknown_question /a-Comment", "unknown_question /b~1c"]
    );
    assert_eq!(draft(&form, answers.clone()).len(), 2);
    assert_eq!(json!(evaluate(&form, answers).cleaned), json!({"a": "1"}));
}

#[test]
fn validators_run_on_sound_answers() {
    let form = asking(json!([
        {"type": "text", "name": "n", "validators": [{"type": "numeric", "minValue": 2, "maxValue": 3}]},
        {"type": "text", "name": "t", "validators": [
            {"type": "text", "minLength": 3, "maxLength": 5, "allowDigits": false, "text": "Three to five letters"}]},
        {"type": "text", "name": "p", "validators": [
            {"type": "regexvalidator", "regex": "^[a-z]\\d{2}$", "caseInsensitive": true}]},
        {"type": "comment", "name": "m", "validators": [{"type": "email"}]},
        {"type": "checkbox", "name": "c", "choices": [1, 2, 3], "validators": [
            {"type": "answercount", "minCount": 2, "maxCount": 2}]},
        {"type": "text", "name": "e", "validators": [{"type": "expression", "expression": "{n} < 3 or {e} notempty"}]}
    ]));
    assert_eq!(
        broken(
            &form,
            json!({"n": "x", "t": "ab", "p": "a1", "m": "x", "c": [1]})
        ),
        [
            "not_numeric /n",
            "too_short /t",
            "pattern_mismatch /p",
            "bad_email /m",
            "too_few /c",
            "rule_broken /e"
        ]
    );
    let good = json!({"n": "2,5", "t": "abcd", "p": "A12", "m": "a@b.org", "c": [1, 3]});
    assert_eq!(broken(&form, good), NONE);
    assert_eq!(
        broken(&form, json!({"n": "4", "t": "ab1", "e": "1"})),
        ["too_large /n", "digits_not_allowed /t"]
    );
    let evaluation = evaluate(&form, json!({"n": "1", "t": "abcdefg"}));
    let details: Vec<_> = evaluation
        .violations
        .iter()
        .map(|v| v.detail.as_str())
        .collect();
    assert_eq!(
        details,
        ["Enter a number from 2 to 3", "Three to five letters"]
    );
}

#[test]
fn patterns_mean_what_they_mean_in_the_browser() {
    let matches = |pattern: &str, text: &str| {
        let form = asking(json!([{"type": "text", "name": "q", "validators": [
            {"type": "regex", "regex": pattern}]}]));
        broken(&form, json!({"q": text})).is_empty()
    };
    assert!(matches(r"^[\w-.]+$", "a-b.c_1"));
    assert!(matches(r"^[.-\w]+$", "a-b.c_1"));
    assert!(!matches(r"^[.-\w]+$", "/"));
    assert!(!matches(r"^\d$", "٣"));
    assert!(!matches(r"^\w+$", "å"));
    assert!(matches(r"^[[a]+$", "[a"));
    assert!(matches(r"^[a&&b]+$", "a&b"));
    assert!(matches(r"\/\-\u00e5\x41", "/-åA"));
    assert!(matches(r"^(?:ab|(?<n>cd))+?\s\S$", "abcd x"));
    assert!(matches(r"^a\b", "a å"));
    assert!(!matches(r"^a.b$", "a\u{2028}b"));
}
