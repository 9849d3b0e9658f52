//! How conditions compare answers.
//!
//! The same loose rules as on screen: text ignores case and outer blanks, `'10'` equals `10`, lists
//! ignore order, and an empty list equals no answer.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::values::{DEPTH, Val};

/// Loose equality in conditions: text ignores case and outer spaces, lists ignore order.
pub(crate) fn equal(x: &Val, y: &Val) -> bool {
    equal_within(&without_word_undefined(x), &without_word_undefined(y), 0)
}

/// The unquoted word `undefined` in an answer or a literal stands for no answer.
fn without_word_undefined<'v, 'a>(x: &'v Val<'a>) -> Cow<'v, Val<'a>> {
    match x {
        Val::Text(s) if s == "undefined" => Cow::Owned(Val::Undefined),
        other => Cow::Borrowed(other),
    }
}

fn equal_within(x: &Val, y: &Val, depth: usize) -> bool {
    if depth > DEPTH {
        return false;
    }
    let (empty_x, empty_y) = (x.is_empty(), y.is_empty());
    match (x, y) {
        (Val::Undefined | Val::Null, Val::Undefined | Val::Null) => return true,
        (Val::Bool(a), Val::Bool(b)) => return a == b,
        (Val::Number(a), Val::Number(b)) => return a == b,
        (Val::Date(a), Val::Date(b)) => return a == b,
        (Val::Text(a), Val::Text(b)) => {
            let (a, b) = (a.trim(), b.trim());
            return a == b || lower(a) == lower(b);
        }
        (Val::Undefined, other) | (other, Val::Undefined)
            if other.is_list() && other.is_empty() =>
        {
            return true;
        }
        (Val::Undefined | Val::Null, Val::Text(s)) | (Val::Text(s), Val::Undefined | Val::Null) => {
            return s.is_empty();
        }
        _ => {}
    }
    if empty_x != empty_y {
        return false;
    }
    match (x, y) {
        (Val::Bool(b), Val::Text(s)) | (Val::Text(s), Val::Bool(b)) => {
            return if *b {
                lower(s) == "true"
            } else {
                lower(s) == "false"
            };
        }
        _ => {}
    }
    match (x.is_object(), y.is_object()) {
        (false, false) => {
            !x.is_nullish() && !y.is_nullish() && {
                let (a, b) = (x.to_number(), y.to_number());
                a == b
            }
        }
        (true, true) => objects_equal(x, y, depth),
        _ => false,
    }
}

fn objects_equal(x: &Val, y: &Val, depth: usize) -> bool {
    match (x, y) {
        (Val::Json(Value::Object(a)), Val::Json(Value::Object(b))) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| {
                    b.get(key).is_some_and(|other| {
                        equal_within(&Val::from_json(value), &Val::from_json(other), depth + 1)
                    })
                })
        }
        _ => match (x.items(), y.items()) {
            (Some(a), Some(b)) => {
                // Order does not matter, so both sides are put into the same order first.
                a.len() == b.len()
                    && sorted(a)
                        .iter()
                        .zip(sorted(b).iter())
                        .all(|(a, b)| equal_within(a, b, depth + 1))
            }
            _ => false,
        },
    }
}

fn sorted(mut items: Vec<Val>) -> Vec<Val> {
    items.sort_by_cached_key(|item| {
        let text = item.to_text();
        (
            matches!(item, Val::Undefined),
            text.encode_utf16().collect::<Vec<u16>>(),
        )
    });
    items
}

/// `<` and `>`: two texts are compared letter by letter, everything else as numbers.
pub(crate) fn order(x: &Val, y: &Val) -> Option<Ordering> {
    let as_text = |v: &Val| matches!(v, Val::Text(_) | Val::List(_) | Val::Json(_));
    if as_text(x) && as_text(y) {
        let (a, b) = (x.to_text(), y.to_text());
        return Some(a.encode_utf16().cmp(b.encode_utf16()));
    }
    x.to_number().partial_cmp(&y.to_number())
}

/// `contains` and `notcontains`.
pub(crate) fn contains(left: &Val, right: &Val, wanted: bool) -> bool {
    if let Some(items) = left.items() {
        if items.is_empty() {
            return !wanted;
        }
        let all_found = match right.items() {
            Some(needles) => needles
                .iter()
                .all(|needle| items.iter().any(|item| equal(item, needle))),
            None => items.iter().any(|item| equal(item, right)),
        };
        return all_found == wanted;
    }
    if left.is_empty() || !right.truthy() {
        return false;
    }
    let found = lower(&left.to_text()).contains(lower(&right.to_text()).as_ref());
    found == wanted
}

pub(crate) fn any_of(left: &Val, right: &Val) -> bool {
    match (left.is_empty(), right.is_empty()) {
        (true, both) => return both,
        (false, true) => return true,
        _ => {}
    }
    match (left.is_list(), right.items()) {
        (false, _) => contains(right, left, true),
        (true, None) => contains(left, right, true),
        (true, Some(needles)) => needles.iter().any(|needle| contains(left, needle, true)),
    }
}

pub(crate) fn all_of(left: &Val, right: &Val) -> bool {
    if !left.truthy() && !right.is_empty() {
        return false;
    }
    match right.items() {
        None => contains(left, right, true),
        Some(needles) => needles.iter().all(|needle| contains(left, needle, true)),
    }
}

fn lower(s: &str) -> Cow<'_, str> {
    if s.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii()) {
        Cow::Owned(s.to_lowercase())
    } else {
        Cow::Borrowed(s)
    }
}
