//! People: how they join, how they want to be involved, and how they leave.
//!
//! **What it promises people.** Nobody takes part because somebody else put them on a list: a file of addresses asks
//! people to join, once, and does nothing more. What a person says about how they want to be involved holds from that
//! moment, and nobody can record more than the person has said. Pausing, stepping down and leaving take one action and
//! no reason. Whether an address is known here is told to nobody.

pub mod api;
pub mod import;
mod jobs;
mod joining;
pub mod known;
mod letters;
pub mod links;
mod looked;
mod me;
pub mod news;
pub mod people;
pub mod preferences;
mod recipient;
pub mod rules;
pub mod sessions;
pub mod topics;
pub mod trials;

pub use jobs::write_sign_in;
pub use joining::{Opened, Wish, ask_sign_in, confirm, is_language, join, slow_down};
pub use letters::compose;
pub use links::{home, is_for_signing_in, unsubscribe, unsubscribe_link, unsubscribe_links};
pub use looked::{Look, at_me};
pub use me::{
    Fact, change as change_me, erase_facts, facts, get as me, give_facts, leave, let_letters_come, row, stopped_letters,
};
pub use recipient::{Recipient, recipient};
pub use rules::{Allowance, allowed, quiet_on};

/// Kind of the letter with which somebody who wants to join confirms their address.
pub const JOIN: &str = "participants.join";
/// Kind of the letter with a link to one's own page.
pub const SIGN_IN: &str = "participants.sign_in";
/// Kind of the letter that asks somebody named in a file whether they want to join.
pub const JOIN_INVITATION: &str = "participants.join_invitation";

/// Job: write a letter to sign in to whoever asked, if there is such a person. Payload: `organisation`, `participant`.
pub const SIGN_IN_ASKED: &str = "participants.sign_in_asked";

/// News: somebody has a new preference version. Payload: `organisation`, `participant`.
pub const PREFERENCE_CHANGED: &str = "participants.preference_changed";
/// News: somebody has left. Payload: `organisation`, `participant`.
pub const LEFT: &str = "participants.left";
