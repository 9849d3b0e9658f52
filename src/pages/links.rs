//! Stopping letters, joining, and links that another page must open.

use super::{Page, of_kind, page};
use crate::{
    participants,
    platform::{Platform, Result, secret::TokenKind},
};
use poem::{
    Response, handler,
    web::{Data, Path},
};

/// Asks whether letters of this kind should stop. A mail program's one-click (RFC 8058) posts without asking.
#[handler]
pub fn ask_stop(Path(token): Path<String>) -> Response {
    let texts = ["Press the button, and we no longer send you letters like the one you have just read. You need give no reason."];
    let asked = || Page::new("Stop these letters", &texts).button_here("Stop these letters");
    page(of_kind(&token, TokenKind::Unsubscribe).map(|_| asked()))
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

/// Asks whether to join with the link of a letter. A link to sign in is told what it is for.
#[handler]
pub async fn ask_join(Path(token): Path<String>, Data(platform): Data<&Platform>) -> Response {
    page(asked(platform, &token).await)
}

async fn asked(platform: &Platform, token: &str) -> Result<Page> {
    of_kind(token, TokenKind::ParticipantLink)?;
    if participants::is_for_signing_in(platform, token).await? {
        return signs_in(platform, token).await;
    }
    let texts = [
        "Press the button to confirm that this is your address. If you did not ask for this, you can close the page: nothing happens.",
    ];
    Ok(Page::new("Is this your address?", &texts).button_here("Yes, confirm my address"))
}

/// Joins. No session begins: this page could not hand it over. A link to sign in is left as it is.
#[handler]
pub async fn join(Path(token): Path<String>, Data(platform): Data<&Platform>) -> Response {
    page(joined(platform, &token).await)
}

async fn joined(platform: &Platform, token: &str) -> Result<Page> {
    of_kind(token, TokenKind::ParticipantLink)?;
    if participants::is_for_signing_in(platform, token).await? {
        return signs_in(platform, token).await;
    }
    let organisation = participants::join_anywhere(platform, token).await?;
    let welcome = format!("Thank you. Your address is confirmed with {}.", organisation.name);
    let contact = format!("Nothing is asked of you before you have agreed to it. Questions: {}", organisation.contact);
    Ok(Page::new("Welcome", &[welcome.as_str(), contact.as_str()]))
}

/// Says what a link to sign in is for, and leaves it as it is, however often it is opened.
#[handler]
pub async fn sign_in(Path(token): Path<String>, Data(platform): Data<&Platform>) -> Response {
    let told = match of_kind(&token, TokenKind::ParticipantLink) {
        Ok(_) => signs_in(platform, &token).await,
        Err(error) => Err(error),
    };
    page(told)
}

async fn signs_in(platform: &Platform, token: &str) -> Result<Page> {
    let organisation = participants::home(platform, token).await?;
    let what = format!("This link opens your own page with {}. It works once, so it was not used here.", organisation.name);
    let how = format!(
        "Your own page is on the site of {}. Open the link there. If you do not know where that is, ask: {}",
        organisation.name, organisation.contact
    );
    Ok(Page::new("A link to your own page", &[what.as_str(), how.as_str()]))
}
