//! Works out a parsed condition.

use std::cmp::Ordering;

use serde_json::Value;

use super::super::compare;
use super::super::values::{Val, number_text};
use super::{Node, Operator, Scope, Step, Variable, Work, dates, functions};

/// Nothing, once there has been too much work; then the answers are refused as a whole.
pub(super) fn value<'e, 'a: 'e>(node: &'e Node, scope: &Scope<'_, 'a>) -> Val<'e> {
    let work = scope.work;
    if !work.spend(1) {
        return Val::Null;
    }
    match node {
        Node::Nothing => Val::Null,
        Node::Bool(b) => Val::Bool(*b),
        Node::Number(n) => Val::Number(*n),
        Node::Text(s) => Val::text(s.as_str()),
        Node::Variable(variable) => read(variable, scope),
        Node::List(items) => Val::List(items.iter().map(|item| value(item, scope)).collect()),
        Node::Call(function, arguments) => {
            let arguments: Vec<_> = arguments.iter().map(|item| value(item, scope)).collect();
            if work.read(&arguments) { functions::call(*function, &arguments, scope.now, work) } else { Val::Null }
        }
        Node::Not(inner) => Val::Bool(!value(inner, scope).truthy()),
        Node::Empty(inner) => Val::Bool(is_empty(&value(inner, scope), work)),
        Node::NotEmpty(inner) => Val::Bool(!is_empty(&value(inner, scope), work)),
        Node::Chain(head, tail) => {
            tail.iter().fold(value(head, scope), |left, (operator, right)| apply(*operator, left, value(right, scope), work))
        }
    }
}

fn is_empty(value: &Val, work: &Work) -> bool {
    // Of a text, one look tells; an object may hold many values with nothing in them.
    if let Val::Json(_) = value {
        work.read([value]);
    }
    value.is_empty()
}

fn read<'a>(variable: &Variable, scope: &Scope<'_, 'a>) -> Val<'a> {
    let found = match variable.slot.and_then(|slot| scope.slots.get(slot)) {
        Some(Some(answer)) => follow(answer, variable, scope.work),
        // The question exists but has no answer: that is a value of its own.
        Some(None) if variable.steps.is_empty() => Some(Val::Undefined),
        Some(None) | None => None,
    };
    match found {
        Some(value) if variable.raw => value,
        Some(value) => {
            // Text that may be a number or stands in quotes is looked at as a whole.
            let whole = |text: &str| text.starts_with(|c: char| !c.is_alphabetic());
            if matches!(&value, Val::Text(text) if whole(text)) && !scope.work.made(&value) {
                return Val::Null;
            }
            value.corrected()
        }
        None if variable.length => Val::Number(0.0),
        None => Val::Null,
    }
}

fn follow<'a>(answer: &'a Value, variable: &Variable, work: &Work) -> Option<Val<'a>> {
    let mut current = answer;
    if let Some(index) = variable.index {
        match answer {
            Value::Array(items) => match item_at(items, index) {
                Some(item) => current = item,
                None if variable.steps.is_empty() => return Some(Val::Undefined),
                None => return None,
            },
            _ if variable.steps.is_empty() => {}
            _ => return None,
        }
    }
    let mut steps = variable.steps.as_slice();
    while !steps.is_empty() {
        let (value, used) = descend(current, steps, work)?;
        let Some(json) = value else {
            // A length has nothing below it.
            let length = Val::Number(length_of(current, work)?);
            return (used == steps.len()).then_some(length);
        };
        current = json;
        let index = used.checked_sub(1).and_then(|last| steps.get(last)?.index);
        if let Some(index) = index {
            current = item_at(current.as_array()?, index)?;
        }
        steps = steps.get(used..)?;
    }
    Some(Val::from_json(current))
}

/// Finds the longest run of steps that names a key (names may hold dots). Returns the value, or
/// nothing when the step is `length`, and how many steps were used.
fn descend<'a>(current: &'a Value, steps: &[Step], work: &Work) -> Option<(Option<&'a Value>, usize)> {
    let limit = steps.iter().position(|step| step.index.is_some()).map_or(steps.len(), |at| at + 1);
    if let Value::Object(map) = current {
        return (1..=limit).rev().find_map(|used| {
            let names = steps.get(..used)?;
            let value = match names {
                [only] => find(map, &only.name, work),
                many if !work.spend(many.len() as u64) => None,
                many => {
                    let names: Vec<_> = many.iter().map(|step| step.name.as_str()).collect();
                    find(map, &names.join("."), work)
                }
            };
            value.map(|value| (Some(value), used))
        });
    }
    let first = steps.first()?;
    length_of(current, work)?;
    (first.name == "length").then_some((None, 1))
}

fn find<'a>(map: &'a serde_json::Map<String, Value>, name: &str, work: &Work) -> Option<&'a Value> {
    map.get(name).or_else(|| {
        if !map.keys().all(|key| work.spend(1) && work.text(key)) {
            return None;
        }
        let name = name.to_lowercase();
        map.iter().find(|(key, _)| key.to_lowercase() == name).map(|(_, value)| value)
    })
}

fn length_of(value: &Value, work: &Work) -> Option<f64> {
    match value {
        Value::Array(items) => Some(items.len() as f64),
        Value::String(s) if work.text(s) => Some(s.encode_utf16().count() as f64),
        _ => None,
    }
}

/// An item by position; a negative position counts from the end.
fn item_at(items: &[Value], index: i64) -> Option<&Value> {
    let at = if index < 0 {
        usize::try_from(index.unsigned_abs()).ok().and_then(|back| items.len().checked_sub(back))?
    } else {
        usize::try_from(index).ok()?
    };
    items.get(at)
}

fn apply<'e>(operator: Operator, left: Val<'e>, right: Val<'e>, work: &Work) -> Val<'e> {
    let allowed = match operator {
        // These look at no more than whether there is something.
        Operator::Or | Operator::And => true,
        Operator::Contains | Operator::NotContains | Operator::AnyOf | Operator::AllOf | Operator::NoneOf => {
            work.search(&left, &right)
        }
        _ => work.read([&left, &right]),
    };
    if !allowed {
        return Val::Null;
    }
    match operator {
        Operator::Equal => Val::Bool(equal(&left, &right)),
        Operator::NotEqual => Val::Bool(!equal(&left, &right)),
        Operator::Less => Val::Bool(ordered(&left, &right, Ordering::Less)),
        Operator::Greater => Val::Bool(ordered(&left, &right, Ordering::Greater)),
        Operator::LessOrEqual => Val::Bool(equal(&left, &right) || ordered(&left, &right, Ordering::Less)),
        Operator::GreaterOrEqual => Val::Bool(equal(&left, &right) || ordered(&left, &right, Ordering::Greater)),
        Operator::Contains => Val::Bool(compare::contains(&left, &right, true)),
        Operator::NotContains => Val::Bool((!left.truthy() && !right.is_empty()) || compare::contains(&left, &right, false)),
        Operator::AnyOf => Val::Bool(compare::any_of(&left, &right)),
        Operator::NoneOf => Val::Bool(!compare::any_of(&left, &right)),
        Operator::AllOf => Val::Bool(compare::all_of(&left, &right)),
        _ => {
            let left = filled(left, &right);
            let right = filled(right, &left);
            let result = calculate(operator, left, right);
            if operator == Operator::Plus && !work.made(&result) { Val::Null } else { result }
        }
    }
}

/// In a calculation a missing answer counts as zero, as empty text or as an empty list, depending
/// on what stands on the other side.
fn filled<'e>(value: Val<'e>, other: &Val) -> Val<'e> {
    if !value.is_empty() {
        return value;
    }
    match (&value, other) {
        (_, Val::Number(_)) => Val::Number(0.0),
        (Val::Text(_), _) => value,
        (_, Val::Text(_)) => Val::text(""),
        (_, other) if other.is_list() => Val::List(Vec::new()),
        _ => Val::Number(0.0),
    }
}

fn calculate<'e>(operator: Operator, left: Val<'e>, right: Val<'e>) -> Val<'e> {
    let (a, b) = match operator {
        Operator::Or => return if left.truthy() { left } else { right },
        Operator::And => return if left.truthy() { right } else { left },
        Operator::Plus => return plus(left, right),
        _ => (left.to_number(), right.to_number()),
    };
    match operator {
        Operator::Minus => Val::Number(rounded_to(decimals(&left).max(decimals(&right)), a - b)),
        Operator::Times => Val::Number(rounded_to(decimals(&left) + decimals(&right), a * b)),
        Operator::Divide | Operator::Remainder if !right.truthy() => Val::Null,
        Operator::Divide => Val::Number(a / b),
        Operator::Remainder => Val::Number(a % b),
        // Unlike the usual rule, one to the power of nothing sensible is not one here.
        _ if b.is_nan() || (a.abs() == 1.0 && b.is_infinite()) => Val::Number(f64::NAN),
        _ => Val::Number(a.powf(b)),
    }
}

fn plus<'e>(left: Val<'e>, right: Val<'e>) -> Val<'e> {
    match (left.items(), right.items()) {
        (Some(mut a), Some(b)) => {
            a.extend(b);
            return Val::List(a);
        }
        (Some(items), None) => match &right {
            Val::Text(s) => return Val::text(format!("{}{s}", left.joined())),
            Val::Number(n) => return Val::Number(total(&items, *n)),
            _ => {}
        },
        (None, Some(items)) => match &left {
            Val::Text(s) => return Val::text(format!("{s}{}", right.joined())),
            Val::Number(n) => return Val::Number(total(&items, *n)),
            _ => {}
        },
        (None, None) => {}
    }
    add(&left, &right)
}

/// Adds two single values: as text if either is text, as numbers otherwise.
pub(super) fn add<'e>(left: &Val<'e>, right: &Val<'e>) -> Val<'e> {
    let texty = |v: &Val| matches!(v, Val::Text(_) | Val::Json(_) | Val::List(_) | Val::Date(_));
    if texty(left) || texty(right) {
        return Val::text(format!("{}{}", left.to_text(), right.to_text()));
    }
    let sum = left.to_number() + right.to_number();
    Val::Number(rounded_to(decimals(left).max(decimals(right)), sum))
}

fn total(items: &[Val], start: f64) -> f64 {
    let sum = |a: f64, b: f64| {
        let places = decimals(&Val::Number(a)).max(decimals(&Val::Number(b)));
        rounded_to(places, a + b)
    };
    let listed = items.iter().fold(0.0, |so_far, item| match item {
        Val::Number(n) => sum(so_far, *n),
        _ => so_far,
    });
    sum(listed, start)
}

/// How many decimal places a number is written with.
fn decimals(value: &Val) -> usize {
    match value.numeric() {
        Some(n) if n.fract() != 0.0 => number_text(n).split_once('.').map_or(0, |(_, fraction)| fraction.len()),
        _ => 0,
    }
}

/// Removes the noise of binary fractions: 0.3 + 0.6 is 0.9.
fn rounded_to(places: usize, n: f64) -> f64 {
    if places == 0 || !n.is_finite() {
        return n;
    }
    format!("{n:.*}", places.min(100)).parse().unwrap_or(n)
}

/// Brings a date and a text to the same precision before they are compared.
fn for_dates<'e>(left: &Val<'e>, right: &Val<'e>) -> Option<(Val<'e>, Val<'e>)> {
    match (left, right) {
        (Val::Text(text), Val::Date(date)) => {
            let (text, date) = text_with_date(text, *date);
            Some((Val::Date(text), Val::Date(date)))
        }
        (Val::Date(date), Val::Text(text)) => {
            let (text, date) = text_with_date(text, dates::cut_to(*date, text.len()));
            Some((Val::Date(date), Val::Date(text)))
        }
        _ => None,
    }
}

fn text_with_date(text: &str, date: f64) -> (f64, f64) {
    let date = dates::cut_to_second(date);
    let mut moment = dates::parse(text);
    if date == dates::midnight(date) {
        moment = dates::midnight(moment);
    }
    (moment, date)
}

fn equal(left: &Val, right: &Val) -> bool {
    match for_dates(left, right) {
        Some((left, right)) => compare::equal(&left, &right),
        None => compare::equal(left, right),
    }
}

fn ordered(left: &Val, right: &Val, wanted: Ordering) -> bool {
    if left.is_nullish() || right.is_nullish() {
        return false;
    }
    let order = match for_dates(left, right) {
        Some((left, right)) => compare::order(&left, &right),
        None => compare::order(left, right),
    };
    order == Some(wanted)
}
