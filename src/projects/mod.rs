//! Pieces of work: the need they come from, their stages, and the decisions they lead to.
//!
//! **What it promises people.** Work can begin from a need alone, with nothing decided yet. What can be changed and what
//! cannot is written down before anybody is asked, with the reason and the day. A claim to co-produce is made openly or
//! not at all: words alone make none. A decision is settled once, with its outcome and its reason.

pub mod api;
pub mod decisions;
pub mod presence;
pub mod rules;
pub mod stages;
pub mod work;

pub use rules::{Warning, claimable, words_warning};
