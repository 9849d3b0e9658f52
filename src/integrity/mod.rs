//! The judge: what the record supports beside what is claimed, and what is missing before something may open.
//!
//! **What it promises people.** The ladder is explained in plain words and with its makers' names. No step but coercion
//! is shameful: a lower rung honestly offered is as good as a higher one, and nothing here is a score.

pub mod ahead;
pub mod api;
pub mod gates;
pub mod ladder;
