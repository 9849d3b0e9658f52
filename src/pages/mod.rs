//! Pages behind the links in letters: server-rendered, without scripts.
//!
//! **What they promise people.** Opening a link changes nothing, however often a mail scanner opens it: a page shows a button,
//! and only pressing it does something. The button takes the token out of the address, so it stays in no history and goes
//! to no other site.

mod agreed;
mod answer;
mod invitation;
pub mod kit;
mod links;
mod told;

use crate::platform::{
    Error, Platform, Result,
    secret::{Token, TokenKind},
};
use askama::Template;
use poem::{EndpointExt, IntoResponse, Request, Response, Route, get, http::StatusCode, middleware::CookieJarManager, post};

/// The routes of the pages.
pub fn routes(desk: &kit::Desk) -> Route {
    let platform = &desk.platform;
    kit::assets::routes(Route::new(), desk)
        .at("/u/:token", get(links::ask_stop).post(links::stop).data(platform.clone()))
        .at("/join/:token", get(links::ask_join).post(links::join).data(platform.clone()))
        .at("/sign-in/:token", get(links::sign_in).data(platform.clone()))
        .at("/set-up", get(told::set_up).data(platform.clone()))
        .at("/me", get(told::me))
        .at("/staff-invitation", get(told::staff_invitation).data(platform.clone()))
        .at("/new-password", get(told::new_password).data(platform.clone()))
        .at("/i/:token", get(invitation::ask_open).post(invitation::enter).data(platform.clone()).with(CookieJarManager::new()))
        .at("/invitation/:invitation", get(invitation::show).data(platform.clone()).with(CookieJarManager::new()))
        .at("/invitation/:invitation/:verb", post(answer::answer).data(platform.clone()).with(CookieJarManager::new()))
}

/// The token in an address, if it has the form of one of this kind. What stands in an address is decoded before we see it, so
/// nothing else may be written into a page.
fn of_kind(text: &str, kind: TokenKind) -> Result<Token> {
    let found = Token::parse(text).filter(|(found, _)| *found == kind);
    found.map(|(_, token)| token).ok_or(Error::NotFound("link"))
}

/// An address on these pages, as a browser asks for it.
fn path(platform: &Platform, rest: &str) -> String {
    format!("{}{rest}", platform.config.public_path())
}

/// Refuses a form that another site has sent. Browsers say where a form comes from; because our pages ask them to tell
/// other sites nothing, some name no origin.
fn from_our_page(platform: &Platform, request: &Request) -> Result<()> {
    let ours = platform.config.public_origin();
    let fine = match (request.header("sec-fetch-site"), request.header("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin == "null" || origin.eq_ignore_ascii_case(ours),
        (None, None) => true,
    };
    if fine { Ok(()) } else { Err(Error::Forbidden("Please answer on our own page.".into())) }
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
    /// What is agreed to with the first button.
    agree: Option<Agree>,
    /// More that can be done here, each part under a heading.
    parts: Vec<Part>,
    /// Where to go on: words and address.
    links: Vec<(&'static str, String)>,
}

/// More that can be done on a page.
#[derive(Default)]
struct Part {
    title: &'static str,
    texts: Vec<String>,
    choices: Vec<Choice>,
}

/// One thing that can be done, with what is to be known about it.
#[derive(Default)]
struct Choice {
    title: String,
    texts: Vec<String>,
    button: String,
    to: String,
    /// What the button sends.
    field: &'static str,
    value: String,
}

/// A notice with a box to tick for each use, all of them empty.
struct Agree {
    notice: String,
    title: String,
    texts: Vec<String>,
    uses: Vec<Use>,
}

/// One use of data, as it is asked about.
struct Use {
    purpose: String,
    text: String,
    /// What is kept, for how long, who gets it, and what taking back does.
    facts: Vec<(&'static str, String)>,
    needed: bool,
}

/// A button that does something.
struct Button {
    label: &'static str,
    /// Where it leads; empty for the address of the page itself.
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

    fn link(mut self, words: &'static str, to: String) -> Self {
        self.links.push((words, to));
        self
    }

    /// A button that leads back to this page's own address, which holds the token.
    fn button_here(self, label: &'static str) -> Self {
        self.button(label, "")
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
        Err(Error::Invalid(found)) => {
            let texts: Vec<&str> = found.iter().map(|one| one.detail.as_str()).collect();
            Page::new("That does not fit", &texts).respond(StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(error) => {
            tracing::error!(error = %error, "a page could not be made");
            let texts = ["We have noted it. Nothing was changed. Please try again in a moment."];
            Page::new("Something went wrong on our side", &texts).respond(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}
