//! The only door through which numbers about people leave.
//!
//! **What it promises people.** No number is shown about a group so small that somebody could be recognised in it, and
//! none that lets such a number be worked out by taking others from a total. Facts about a person are counted only while
//! that person allows it: who takes a consent back is gone from the next number that is made.

pub mod api;
pub mod counts;
pub mod disclosure;
mod numbers;
pub mod people;
pub mod presence;
mod questions;
pub mod summary;

pub use disclosure::{Shown, protect};
pub use presence::presence;
