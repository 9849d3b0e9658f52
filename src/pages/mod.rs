//! Pages behind the links in letters: server-rendered, without scripts.
//!
//! **What they promise people.** Opening a link changes nothing, however often a mail scanner opens it: a page shows a button,
//! and only pressing it does something. The button takes the token out of the address, so it stays in no history and goes
//! to no other site.

mod invitation;
mod links;

use crate::platform::{Error, Platform, Result};
use askama::Template;
use poem::{EndpointExt, IntoResponse, Response, Route, get, http::StatusCode, middleware::CookieJarManager, post};

/// The routes of the pages.
pub fn routes(platform: &Platform) -> Route {
    Route::new()
        .at("/u/:token", get(links::ask_stop).post(links::stop).data(platform.clone()))
        .at("/join/:token", get(links::ask_join).post(links::join).data(platform.clone()))
        .at("/i/:token", get(invitation::ask_open).post(invitation::enter).data(platform.clone()).with(CookieJarManager::new()))
        .at("/invitation", get(invitation::show).data(platform.clone()).with(CookieJarManager::new()))
        .at("/invitation/:reply", post(invitation::answer).data(platform.clone()).with(CookieJarManager::new()))
}

/// A page: a heading, texts, facts, buttons.
#[derive(Template, Default)]
#[template(path = "pages/page.html")]
pub(crate) struct Page {
    title: String,
    texts: Vec<String>,
    facts: Vec<(&'static str, String)>,
    reasons: Vec<String>,
    buttons: Vec<Button>,
}

/// A button that does something.
struct Button {
    label: &'static str,
    to: String,
    /// Shown beside the first choice, as equal to it.
    other: bool,
}

impl Page {
    fn new(title: impl Into<String>, texts: &[&str]) -> Self {
        Self { title: title.into(), texts: texts.iter().map(|text| (*text).to_owned()).collect(), ..Self::default() }
    }

    fn button(mut self, label: &'static str, to: impl Into<String>) -> Self {
        let other = !self.buttons.is_empty();
        self.buttons.push(Button { label, to: to.into(), other });
        self
    }

    fn respond(&self, status: StatusCode) -> Response {
        match self.render() {
            Ok(text) => Response::builder()
                .status(status)
                .content_type("text/html; charset=utf-8")
                .header(
                    "content-security-policy",
                    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
                )
                .body(text),
            Err(error) => Error::bug(error.to_string()).into_response(),
        }
    }
}

/// A result as a page: an error is told in words, with its status.
fn page(result: Result<Page>) -> Response {
    match result {
        Ok(page) => page.respond(StatusCode::OK),
        Err(Error::NotFound(_) | Error::SignInNeeded) => {
            let texts = ["It may have been cut off by a mail program. Please open it from the letter once more."];
            Page::new("This link does not work", &texts).respond(StatusCode::NOT_FOUND)
        }
        Err(Error::Gone(text)) => Page::new("This has ended", &[text.as_str()]).respond(StatusCode::GONE),
        Err(Error::Conflict { detail, .. } | Error::Forbidden(detail)) => {
            Page::new("That does not fit", &[detail.as_str()]).respond(StatusCode::CONFLICT)
        }
        Err(error) => {
            tracing::error!(error = %error, "a page could not be made");
            let texts = ["We have noted it. Nothing was changed. Please try again in a moment."];
            Page::new("Something went wrong on our side", &texts).respond(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}
