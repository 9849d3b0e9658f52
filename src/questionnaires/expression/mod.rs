//! Conditions such as `{age} >= 18 and {needs} contains 'ramp'`.
//!
//! A condition is parsed once, when a form is published, and every name and function in it is
//! checked then. Working it out later cannot fail: it only reads answers.

pub(crate) mod dates;
mod eval;
mod functions;
mod names;
mod parse;
mod work;

use super::values::Val;
use chrono::{DateTime, Utc};
use serde_json::Value;

pub(crate) use functions::Function;
pub(crate) use names::Names;
pub(crate) use parse::parse;
pub(crate) use work::Work;

/// The longest condition accepted, in bytes.
pub(crate) const MAX_LENGTH: usize = 4_000;
/// How deep brackets, calls and lists may nest in a condition.
pub(crate) const MAX_DEPTH: usize = 32;

/// A parsed condition.
#[derive(Debug)]
pub(crate) struct Expression {
    root: Node,
    slots: Vec<usize>,
}

/// What a condition can read: one place per answer, and the moment of evaluation. And how much work it may still be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'s, 'a> {
    pub(crate) slots: &'s [Option<&'a Value>],
    pub(crate) now: DateTime<Utc>,
    pub(crate) work: &'s Work,
}

/// Why a condition was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    TooLong,
    TooDeep,
    /// The text stops making sense at this byte.
    Syntax(usize),
    UnknownFunction(String),
    UnknownName(String),
}

/// Where a `{name}` finds its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Variable {
    /// The answer's place, or nothing if the name is unknown.
    pub(crate) slot: Option<usize>,
    /// `{name[0]}`: which item of a list.
    pub(crate) index: Option<i64>,
    /// `.sub` steps below the answer.
    pub(crate) steps: Vec<Step>,
    /// `{#name}`: take the answer as it is, without reading numbers out of text.
    pub(crate) raw: bool,
    /// `{name.length}` is zero when there is no answer.
    pub(crate) length: bool,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) index: Option<i64>,
}

#[derive(Debug)]
pub(crate) enum Node {
    Nothing,
    Bool(bool),
    Number(f64),
    Text(String),
    Variable(Variable),
    List(Vec<Node>),
    Call(Function, Vec<Node>),
    Not(Box<Node>),
    Empty(Box<Node>),
    NotEmpty(Box<Node>),
    /// Operators of one level from left to right. Kept flat so that a long sum does not become a
    /// deep tree.
    Chain(Box<Node>, Vec<(Operator, Node)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
    Times,
    Divide,
    Remainder,
    Power,
    Contains,
    NotContains,
    AnyOf,
    AllOf,
    NoneOf,
}

impl Expression {
    /// Whether the result loosely equals `true`, which is how validators are judged.
    pub(crate) fn holds(&self, scope: &Scope) -> bool {
        self.value(scope).holds()
    }

    /// The result if it is `true` or `false` itself.
    pub(crate) fn truth(&self, scope: &Scope) -> Option<bool> {
        match self.value(scope) {
            Val::Bool(b) => Some(b),
            _ => None,
        }
    }

    /// The value the expression works out to.
    pub(crate) fn value<'e, 'a: 'e>(&'e self, scope: &Scope<'_, 'a>) -> Val<'e> {
        eval::value(&self.root, scope)
    }

    /// The places of the answers the condition reads.
    pub(crate) fn slots(&self) -> &[usize] {
        &self.slots
    }
}
