//! Who may be asked, who is asked, and why.
//!
//! **What it promises people.** You are never asked above what you want, never about what you said never to, never more than
//! you allow; no one here can override that. Where places are few, names are drawn by a lottery that anybody can run
//! again. What you want done about payment, complaints and past answers never count. You see why you were asked.

pub mod api;
pub mod applying;
pub mod file;
pub mod forecast;
pub mod grounds;
pub mod groups;
pub mod letters;
pub mod lottery;
pub mod outlook;
pub mod over;
pub mod mine;
pub mod pending;
mod people;
mod pools;
pub mod preference;
mod public;
pub mod rates;
pub mod rules;
pub mod runs;
pub mod seal;
pub mod seats;
pub mod standing;
pub mod together;
pub mod told;

/// Kind of the recurring job that draws names among those who said yes, on the day that they were told.
pub const DRAW_DUE: &str = "matching.draw_due";
/// Kind of the job that looks at people and invites those who may be asked.
pub const INVITE: &str = "matching.invite";
