//! Pages for people and for coordinators: server-rendered, without scripts, by the same verbs as the API.
//!
//! **What they promise people.** Opening a link changes nothing, however often a mail scanner opens it: a page shows a button,
//! and only pressing it does something. The button takes the token out of the address, so it stays in no history and goes
//! to no other site. Whatever one has typed stays when something is wrong, and nothing is ticked beforehand.

mod console;
pub mod docs;
mod invitation;
mod joining;
pub mod kit;
mod meeting;
mod my;
mod notice;
mod public;
pub mod questions;
mod report;

use kit::Desk;
use poem::Route;

/// The routes of the pages.
pub fn routes(desk: &Desk) -> Route {
    let route = kit::assets::routes(Route::new(), desk);
    let route = joining::routes(route, desk);
    let route = invitation::routes(route, desk);
    let route = questions::routes(route, desk);
    let route = my::routes(route, desk);
    let route = console::routes(route, desk);
    public::routes(route, desk)
}
