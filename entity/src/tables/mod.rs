//! One file a room, one module a table.

mod accounts;
mod consent;
mod feedback;
mod invitations;
mod mail;
mod matching;
mod opportunities;
mod participants;
mod platform;
mod projects;
mod recommendations;
mod replies;
mod responses;
mod sessions;
mod webhooks;

pub use accounts::*;
pub use consent::*;
pub use feedback::*;
pub use invitations::*;
pub use mail::*;
pub use matching::*;
pub use opportunities::*;
pub use participants::*;
pub use platform::*;
pub use projects::*;
pub use recommendations::*;
pub use replies::*;
pub use responses::*;
pub use sessions::*;
pub use webhooks::*;
