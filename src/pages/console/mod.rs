//! The console: what coordinators work with, from the need to the feedback.
//!
//! **What it promises people.** Whoever runs a consultation sees at every step what is still missing and what cannot be taken
//! back. Nothing opens and nothing is sent by a single careless press, and nobody is shown what their role may not see.

mod desk;
mod doors;
mod entry;
mod home;
mod projects;
mod words;

use super::kit::Desk;
use poem::Route;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let route = doors::routes(route, desk);
    let route = home::routes(route, desk);
    projects::routes(route, desk)
}
