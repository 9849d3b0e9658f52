//! Addresses for staff that letters and the console name: each says in plain words what to do.

use super::kit::{Desk, Page, Reply, Visit, Zone, ask};
use crate::platform::Result;
use poem::{Route, get};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    route
        .at("/set-up", get(ask(desk, Zone::Open, set_up)))
        .at("/staff-invitation", get(ask(desk, Zone::Open, staff_invitation)))
        .at("/new-password", get(ask(desk, Zone::Open, new_password)))
}

/// Setting up: for whoever runs the server.
async fn set_up(visit: Arc<Visit>) -> Result<Reply> {
    let here = &visit.platform().config.public_url;
    let how = format!(
        "Send a POST request to {here}/api/set-up. Its JSON body holds the token behind the # of this address, and e-mail, name, \
         password and organisation. The page {here}/docs shows every field."
    );
    let texts = ["This link makes the first administrator and the first organisation. It works once.", how.as_str()];
    Ok(Page::new("Setting up Alongside").texts(texts).into())
}

/// Joining an organisation's staff.
async fn staff_invitation(visit: Arc<Visit>) -> Result<Reply> {
    let how = format!(
        "Where your organisation has no site of its own for this, send a POST request to {}/api/staff-invitations/accept. Its \
         JSON body holds the token behind the # of this address, and your name and a password.",
        visit.platform().config.public_url
    );
    let texts = ["This link makes you a member of an organisation's staff. It works once, and was not used here.", how.as_str()];
    Ok(Page::new("Joining the staff").texts(texts).into())
}

/// Choosing a new password.
async fn new_password(visit: Arc<Visit>) -> Result<Reply> {
    let how = format!(
        "Where your organisation has no site of its own for this, send a POST request to {}/api/password-reset/confirm. Its JSON \
         body holds the token behind the # of this address, and the new password.",
        visit.platform().config.public_url
    );
    let texts = ["This link lets you choose a new password. It works once, and was not used here.", how.as_str()];
    Ok(Page::new("A new password").texts(texts).into())
}
