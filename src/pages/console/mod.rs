//! The console: what coordinators work with, from the need to the feedback.
//!
//! **What it promises people.** Whoever runs a consultation sees at every step what is still missing and what cannot be taken
//! back. Nothing opens and nothing is sent by a single careless press, and nobody is shown what their role may not see.

mod contributions;
mod desk;
mod doors;
mod entry;
mod expected;
mod groups;
mod heard;
mod home;
mod letters;
mod meetings;
mod notices;
mod people;
mod projects;
mod questions;
mod replies;
mod settings;
mod together;
mod tasks;
mod topics;
mod ways;
mod words;
mod working;

use super::kit::Desk;
use poem::Route;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let route = doors::routes(route, desk);
    let route = home::routes(route, desk);
    let route = letters::routes(route, desk);
    let route = people::routes(route, desk);
    let route = tasks::routes(route, desk);
    let route = replies::routes(route, desk);
    let route = heard::routes(route, desk);
    let route = settings::routes(route, desk);
    let route = topics::routes(route, desk);
    let route = together::routes(route, desk);
    let route = projects::routes(route, desk);
    let route = ways::routes(route, desk);
    let route = questions::routes(route, desk);
    let route = meetings::routes(route, desk);
    let route = expected::routes(route, desk);
    let route = contributions::routes(route, desk);
    notices::routes(route, desk)
}
