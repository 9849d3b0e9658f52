//! Addresses that letters and the console name, and that have no page of their own yet: each says in plain words what to do.

use super::{Page, page};
use crate::platform::Platform;
use poem::{Response, handler, web::Data};

/// Setting up: for whoever runs the server.
#[handler]
pub fn set_up(Data(platform): Data<&Platform>) -> Response {
    let how = format!(
        "Send a POST request to {}/api/set-up. Its JSON body holds the token behind the # of this address, and e-mail, name, \
         password and organisation. The page {}/docs shows every field.",
        platform.config.public_url, platform.config.public_url
    );
    let texts = ["This link makes the first administrator and the first organisation. It works once.", how.as_str()];
    page(Ok(Page::new("Setting up Alongside", &texts)))
}

/// Somebody's own page.
#[handler]
pub fn me() -> Response {
    let texts = [
        "Your own page is on the site of the organisation that wrote to you. There you can see what you gave and what came of it.",
        "If you do not know where that is, the letter says whom to ask.",
    ];
    page(Ok(Page::new("Your own page", &texts)))
}

/// Joining an organisation's staff.
#[handler]
pub fn staff_invitation(Data(platform): Data<&Platform>) -> Response {
    let how = format!(
        "Where your organisation has no site of its own for this, send a POST request to {}/api/staff-invitations/accept. Its \
         JSON body holds the token behind the # of this address, and your name and a password.",
        platform.config.public_url
    );
    let texts = ["This link makes you a member of an organisation's staff. It works once, and was not used here.", how.as_str()];
    page(Ok(Page::new("Joining the staff", &texts)))
}

/// Choosing a new password.
#[handler]
pub fn new_password(Data(platform): Data<&Platform>) -> Response {
    let how = format!(
        "Where your organisation has no site of its own for this, send a POST request to {}/api/password-reset/confirm. Its JSON \
         body holds the token behind the # of this address, and the new password.",
        platform.config.public_url
    );
    let texts = ["This link lets you choose a new password. It works once, and was not used here.", how.as_str()];
    page(Ok(Page::new("A new password", &texts)))
}
