//! Who is calling and for whom: organisations, staff and their sign-in, roles, keys for other systems.
//!
//! **What it promises people.** Nobody sees an organisation that they do not belong to. A stolen database does not hold
//! one usable password, session or key. Signing in tells a stranger nothing about who has an account.

pub mod access;
pub mod api;
pub mod keys;
mod letters;
pub mod links;
pub mod look;
pub mod mailings;
pub mod organisations;
pub mod readings;
mod password;
pub mod sessions;
pub mod staff;

pub use access::{Actor, Person, Power};
pub use letters::compose;
pub use sessions::write_reset;

/// Kind of the letter that invites somebody to an organisation's staff.
pub const STAFF_INVITATION: &str = "accounts.staff_invitation";
/// Kind of the letter that lets somebody choose a new password.
pub const PASSWORD_RESET: &str = "accounts.password_reset";
/// Kind of the job that writes a letter for a new password, if the address belongs to an account.
pub const RESET_ASKED: &str = "accounts.reset_asked";
