//! How much work judging one set of answers may be.
//!
//! Whoever writes a form and whoever answers it can be the same hostile person: long answers, joined or searched again and
//! again, would keep the server busy for hours. Work is counted while it is done; when the measure is full, conditions
//! answer nothing more and the answers are refused as a whole.

use std::cell::Cell;

use serde_json::Value;

use super::super::values::Val;

/// Steps that judging one set of answers may take: far more than people's answers need, and well under a second.
const STEPS: u64 = 200_000;
/// Bytes that are looked through in one step.
const READ: u64 = 64;
/// Bytes that are put together in one step: 4 MiB in all.
const MADE: u64 = 21;
/// Bytes of text times bytes of a compiled pattern that are matched in one step. The worst patterns visit each of their
/// states for each byte.
const MATCHED: u64 = 1 << 15;

/// The work that is left.
#[derive(Debug)]
pub(crate) struct Work {
    /// Nothing once more was asked for than was left.
    left: Cell<Option<u64>>,
}

impl Default for Work {
    fn default() -> Self {
        Self { left: Cell::new(Some(STEPS)) }
    }
}

impl Work {
    /// Takes steps; false if there are not so many left.
    pub(crate) fn spend(&self, steps: u64) -> bool {
        let left = self.left.get().and_then(|left| left.checked_sub(steps));
        self.left.set(left);
        left.is_some()
    }

    /// Whether the measure is full.
    pub(crate) fn is_spent(&self) -> bool {
        self.left.get().is_none()
    }

    /// Takes the steps for looking through values.
    pub(super) fn read<'v, 'a: 'v>(&self, values: impl IntoIterator<Item = &'v Val<'a>>) -> bool {
        self.spend(values.into_iter().map(weight).sum())
    }

    /// Takes the steps for looking for each item of one value among those of another.
    pub(super) fn search(&self, one: &Val, other: &Val) -> bool {
        let each = |value: &Val, among: &Val| weight(value).saturating_mul(count(among).max(1));
        self.spend(each(one, other).saturating_add(each(other, one)))
    }

    /// Takes the steps for reading a text whole.
    pub(super) fn text(&self, text: &str) -> bool {
        self.spend(text.len() as u64 / READ)
    }

    /// Takes the steps for a value that was put together.
    pub(super) fn made(&self, value: &Val) -> bool {
        match value {
            Val::Text(text) => self.spend(text.len() as u64 / MADE),
            other => self.spend(weight(other)),
        }
    }

    /// Takes the steps for matching a text against a pattern whose compiled form has this size.
    pub(crate) fn matching(&self, text: &str, size: usize) -> bool {
        self.spend((text.len() as u64).saturating_mul(size as u64) / MATCHED)
    }
}

fn count(value: &Val) -> u64 {
    match value {
        Val::List(items) => items.len() as u64,
        Val::Json(Value::Array(items)) => items.len() as u64,
        _ => 1,
    }
}

/// The steps for looking through a value; a number, however large, is part of the step that looks at it.
fn weight(value: &Val) -> u64 {
    match value {
        Val::Text(text) => text.len() as u64 / READ,
        Val::List(items) => items.iter().map(|item| 1 + weight(item)).sum(),
        Val::Json(json) => weight_of_json(json),
        _ => 0,
    }
}

fn weight_of_json(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64 / READ,
        Value::Array(items) => items.iter().map(|item| 1 + weight_of_json(item)).sum(),
        Value::Object(map) => map.iter().map(|(key, value)| 1 + key.len() as u64 / READ + weight_of_json(value)).sum(),
        _ => 0,
    }
}
