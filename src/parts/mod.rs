//! Changing the part that one has in something, and the end of something by whoever ran it.
//!
//! **What it promises people.** Whatever part you have, you can leave it, pause, or take a lighter one: at once, in one step,
//! and nobody asks you why. You decide what becomes of what you gave, of your name, and whether you hear what came of it. What is
//! owed to you stays owed. If something ends before its time, you are told, thanked, and told what happens next.

pub mod api;
pub mod change;
pub mod ending;
mod gave;
mod letters;
pub mod mine;
pub mod pauses;
pub mod withdrawal;
pub mod words;

pub use letters::compose;

/// Kind of the letter that asks, after a pause, whether somebody wants to go on.
pub const PAUSE_OVER: &str = "parts.pause_over";
/// Kind of the recurring job that writes it.
pub const LOOK_AFTER: &str = "parts.look_after";
