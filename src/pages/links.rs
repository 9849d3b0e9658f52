//! Stopping letters, and joining.

use super::{Page, page};
use crate::{
    participants,
    platform::{Platform, Result},
};
use poem::{
    Response, handler,
    web::{Data, Path},
};

/// Asks whether letters of this kind should stop. A mail program's one-click (RFC 8058) posts without asking.
#[handler]
pub fn ask_stop(Path(token): Path<String>) -> Response {
    let texts = ["Press the button, and we no longer send you letters like the one you have just read. You need give no reason."];
    page(Ok(Page::new("Stop these letters", &texts).button("Stop these letters", format!("/u/{token}"))))
}

/// Stops them. Doing it twice changes nothing.
#[handler]
pub async fn stop(Path(token): Path<String>, Data(platform): Data<&Platform>) -> Response {
    page(stopped(platform, &token).await)
}

async fn stopped(platform: &Platform, token: &str) -> Result<Page> {
    participants::unsubscribe(platform, token, false).await?;
    Ok(Page::new("Done", &["You no longer get letters like that one. Nothing else has changed."]))
}

/// Asks whether to join or sign in with the link of a letter.
#[handler]
pub fn ask_join(Path(token): Path<String>) -> Response {
    let texts = [
        "Press the button to confirm that this is your address. If you did not ask for this, you can close the page: nothing happens.",
    ];
    page(Ok(Page::new("Is this your address?", &texts).button("Yes, confirm my address", format!("/join/{token}"))))
}

/// Joins.
#[handler]
pub async fn join(Path(token): Path<String>, Data(platform): Data<&Platform>) -> Response {
    page(joined(platform, &token).await)
}

async fn joined(platform: &Platform, token: &str) -> Result<Page> {
    let (organisation, _) = participants::confirm_anywhere(platform, token).await?;
    let welcome = format!("Thank you. Your address is confirmed with {}.", organisation.name);
    let contact = format!("Nothing is asked of you before you have agreed to it. Questions: {}", organisation.contact);
    Ok(Page::new("Welcome", &[welcome.as_str(), contact.as_str()]))
}
