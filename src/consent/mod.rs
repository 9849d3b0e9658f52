//! Consent: notices that never change once published, and an append-only list of what each person said to them.
//!
//! **What it promises people.** Every use of your data is a switch of its own, and none is on before you say so. You see
//! the exact words before you agree, and they stay the words that count for you. Taking back is as easy as giving, needs
//! no reason, and does what the notice said it would do.

pub mod api;
mod facts;
pub mod leaving;
pub mod lint;
pub mod notices;
pub mod permits;
pub mod record;
pub mod rules;
pub mod withdrawal;

pub use facts::give as give_facts;
pub use permits::{permits, permitted, permitting};
pub use withdrawal::Withdrawal;

/// Kind of the job that carries out what a withdrawal promised. Rooms above take it over.
pub const WITHDRAWN: &str = "consent.withdrawn";
