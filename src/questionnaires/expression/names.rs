//! Finds the question a `{name}` in a condition means.
//!
//! Names ignore case. As question names may hold dots, the longest name that fits wins and the
//! remainder is a path into its answer.

use std::collections::HashMap;

use super::super::values::Val;
use super::{Step, Variable};

/// The most dots a name in a condition may hold.
const MAX_STEPS: usize = 50;

/// The names a condition may use, each with the place of its answer.
#[derive(Debug, Default)]
pub(crate) struct Names {
    places: HashMap<String, usize>,
}

impl Names {
    /// Adds a name; tells whether it was new (in any case of letters).
    pub(crate) fn add(&mut self, name: &str, slot: usize) -> bool {
        let key = name.to_lowercase();
        if self.places.contains_key(&key) {
            return false;
        }
        self.places.insert(key, slot);
        true
    }

    /// Resolves the text between braces, or nothing if no question has such a name.
    pub(crate) fn resolve(&self, text: &str) -> Option<Variable> {
        let (text, raw) = match text.strip_prefix('#') {
            Some(rest) if !rest.is_empty() => (rest, true),
            _ => (text, false),
        };
        let mut steps: Vec<Step> = text.split('.').map(step).collect();
        if steps.len() > MAX_STEPS {
            return None;
        }
        let limit = steps
            .iter()
            .position(|step| step.index.is_some())
            .map_or(steps.len(), |at| at + 1);
        let mut name = steps
            .iter()
            .take(limit)
            .map(|step| step.name.to_lowercase())
            .collect::<Vec<_>>()
            .join(".");
        for used in (1..=limit).rev() {
            if let Some(&slot) = self.places.get(&name) {
                let index = used.checked_sub(1).and_then(|last| steps.get(last)?.index);
                steps.drain(..used);
                return Some(Variable {
                    slot: Some(slot),
                    index,
                    steps,
                    raw,
                    length: text.ends_with(".length"),
                });
            }
            let shorter = name.rfind('.').unwrap_or(0);
            name.truncate(shorter);
        }
        None
    }
}

/// Splits `name[3]` into the name and the position.
fn step(text: &str) -> Step {
    let indexed = text.strip_suffix(']').and_then(|open| {
        let (name, index) = open.rsplit_once('[')?;
        let index = Val::text(index).numeric()?;
        Some(Step {
            name: name.to_owned(),
            index: Some(index as i64),
        })
    });
    indexed.unwrap_or_else(|| Step {
        name: text.to_owned(),
        index: None,
    })
}
