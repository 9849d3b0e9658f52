//! Parses the conditions of a form once all its names are known.

use std::collections::HashMap;

use super::super::expression::{Expression, Fault, MAX_DEPTH, MAX_LENGTH, Variable, parse};
use super::super::form::{Check, Kind, Rule};
use super::props::shortened;
use super::{Compiler, Target};

impl Compiler<'_> {
    pub(super) fn parse_conditions(&mut self) {
        let rows: HashMap<usize, Vec<String>> = self
            .questions
            .iter()
            .filter(|question| question.kind == Kind::Matrix)
            .map(|question| {
                let names = question.rows.iter().filter_map(|row| row.value.as_str());
                (question.slot, names.map(str::to_lowercase).collect())
            })
            .collect();
        for pending in std::mem::take(&mut self.pending) {
            let names = &self.names;
            let resolve = |name: &str| names.resolve(name).filter(|found| row_exists(&rows, found));
            match parse(pending.text, &resolve) {
                Ok(expression) => self.place(pending.target, expression),
                Err(mut faults) => {
                    faults.dedup();
                    for fault in faults {
                        let (code, detail) = explain(&fault, pending.text);
                        self.flaw(pending.pointer.clone(), code, detail);
                    }
                }
            }
        }
    }

    fn place(&mut self, target: Target, expression: Expression) {
        let rule = match target {
            Target::Visible(gate) => self.gates.get_mut(gate).map(|gate| &mut gate.visible),
            Target::Enabled(gate) => self.gates.get_mut(gate).map(|gate| &mut gate.enabled),
            Target::Required(gate) => self.gates.get_mut(gate).map(|gate| &mut gate.required),
            Target::Validator(question, at) => {
                let validators = self.questions.get_mut(question).map(|q| &mut q.validators);
                if let Some(validator) = validators.and_then(|list| list.get_mut(at)) {
                    validator.check = Check::Condition(expression);
                }
                return;
            }
        };
        if let Some(rule) = rule {
            *rule = Rule::When(expression);
        }
    }
}

/// `{grid.row1}` must name a row of the matrix; a typing error would silently never match.
fn row_exists(rows: &HashMap<usize, Vec<String>>, variable: &Variable) -> bool {
    let Some(known) = variable.slot.and_then(|slot| rows.get(&slot)) else {
        return true;
    };
    let path: Vec<_> = variable
        .steps
        .iter()
        .map(|step| step.name.to_lowercase())
        .collect();
    path.is_empty() || known.contains(&path.join("."))
}

fn explain(fault: &Fault, text: &str) -> (&'static str, String) {
    match fault {
        Fault::TooLong => (
            "expression_too_long",
            format!("A condition may have at most {MAX_LENGTH} bytes"),
        ),
        Fault::TooDeep => (
            "expression_too_deep",
            format!("Brackets in a condition may nest at most {MAX_DEPTH} deep"),
        ),
        Fault::Syntax(at) => {
            let place = text.get(..*at).map_or(*at, |before| before.chars().count()) + 1;
            let detail = format!("The condition cannot be read from character {place} on");
            ("bad_expression", detail)
        }
        Fault::UnknownFunction(name) => (
            "unknown_function",
            format!("The function \"{}\" is not supported", shortened(name)),
        ),
        Fault::UnknownName(name) => (
            "unknown_name",
            format!("No question here is called \"{}\"", shortened(name)),
        ),
    }
}
