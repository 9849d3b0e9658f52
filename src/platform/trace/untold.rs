//! Without `otel`: the same names as in `told`, and nothing behind them.

use crate::platform::{Config, Result};

/// Where traces begin: here, nowhere.
#[derive(Clone, Default)]
pub struct Traces;

impl Traces {
    /// None. Settings that name a collector are refused before.
    pub fn open(_: &Config) -> Result<Self> {
        Ok(Self)
    }

    /// A request.
    pub fn request(&self, _: &str, _: Option<&str>) -> Span {
        Span
    }

    /// A job.
    pub fn job(&self, _: &'static str) -> Span {
        Span
    }

    /// A letter on its way out.
    pub fn letter(&self, _: &'static str) -> Span {
        Span
    }

    /// Nothing waits.
    pub async fn close(&self) {}
}

/// A piece of work under way.
pub struct Span;

impl Span {
    /// A part of the work under way.
    pub fn part(_: &'static str) -> Self {
        Self
    }

    /// Does the work.
    pub fn within<F: Future>(&self, work: F) -> F {
        work
    }

    /// A request was answered.
    pub fn answered(&self, _: &str, _: u16) {}

    /// It ended.
    pub fn ended(&self, _: &'static str, _: bool) {}
}

/// An open transaction; there is none that anybody looks at.
pub enum Transaction {}

impl Transaction {
    /// A statement was run.
    pub fn statement(&self) {
        match *self {}
    }
}

/// A transaction of the work under way.
pub fn transaction() -> Option<Transaction> {
    None
}
