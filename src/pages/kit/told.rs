//! Pages for what did not work outside of any page: an address that leads nowhere, a place that asks too often, a session that
//! has ended.

use super::{Block, Frame, Link, Look, Page, frame};
use crate::{
    accounts,
    platform::{
        Error, Platform,
        http::{edge, problem::PROBLEM_JSON},
    },
};
use poem::{Endpoint, IntoResponse, Request, Response, Result, http::StatusCode, http::header};
use std::time::Duration;

/// A page waits so long for the look of its organisation, and is shown without it then.
const PATIENCE: Duration = Duration::from_secs(2);

/// Turns the problems of addresses outside the API into pages, for whoever looks at them in a browser.
pub struct Told<E> {
    inner: E,
    platform: Platform,
}

impl<E: Endpoint> Told<E> {
    /// Around everything that the server answers.
    pub fn around(inner: E, platform: &Platform) -> Self {
        Self { inner, platform: platform.clone() }
    }

    /// The path without the one behind which people reach the pages.
    fn path<'p>(&self, path: &'p str) -> &'p str {
        path.strip_prefix(self.platform.config.public_path()).unwrap_or(path)
    }

    /// How the pages of the organisation look that the address names: whoever may be watched needs the way out, and a title that
    /// tells nothing, above all where something went wrong. A page is told without it where it cannot be read.
    async fn look(&self, path: &str) -> Option<Look> {
        let slug = self.path(path).strip_prefix("/o/")?.split('/').next()?;
        let found = accounts::look::by_slug(self.platform.db.read(), slug);
        let found = tokio::time::timeout(PATIENCE, found).await.ok()?.ok()?;
        Some(Look::of(self.platform.config.public_path(), &found))
    }

    /// The page of a problem, with what it says to the browser.
    async fn page(&self, problem: &Response, path: &str) -> Option<Response> {
        let page = match (problem.data(), problem.status()) {
            (Some(error), _) => frame::page(error, super::Zone::Open),
            // An address to which forms are sent is none to look at: typed, or loaded again, it leads nowhere either.
            (None, StatusCode::METHOD_NOT_ALLOWED) => frame::page(&Error::NotFound("page"), super::Zone::Open),
            (None, _) => return None,
        };
        let base = self.platform.config.public_path().to_owned();
        let frame = Frame { base, look: self.look(path).await, ..Frame::default() };
        let mut response = edge::html(page.render(&frame).ok()?);
        response.set_status(page.status);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, frame.policy().parse().ok()?);
        headers.extend(problem.headers().get(header::RETRY_AFTER).map(|wait| (header::RETRY_AFTER, wait.clone())));
        Some(response)
    }

    /// Whether somebody looks at it in a browser, at an address outside the API.
    fn is_looked_at(&self, request: &Request) -> bool {
        let path = self.path(request.uri().path());
        request.header("accept").is_some_and(|accept| accept.contains("text/html"))
            && !["/api", "/metrics", "/healthz", "/readyz"].iter().any(|part| path.starts_with(part))
    }
}

impl<E: Endpoint> Endpoint for Told<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let (looked_at, path) = (self.is_looked_at(&request), request.uri().path().to_owned());
        let answer = self.inner.call(request).await?.into_response();
        let problem = answer.content_type() == Some(PROBLEM_JSON);
        match looked_at && problem {
            true => Ok(self.page(&answer, &path).await.unwrap_or(answer)),
            false => Ok(answer),
        }
    }
}

/// Says that nothing was saved, with what was written, so that it can be copied before one signs in, or opens the letter again.
pub(super) fn signed_out(to: Option<String>, typed: Vec<String>) -> Page {
    let (text, go) = match to {
        Some(to) => {
            let text = "Nothing was saved. What you have written is below: copy it, sign in, and put it in again.";
            (text, Some(Block::Go(Link::new("Sign in", to))))
        }
        None => {
            let text =
                "Nothing was saved. What you have written is below: copy it, open the link in your letter again, and put it in.";
            (text, None)
        }
    };
    let page = Page::new("You have been signed out").text(text).blocks(go);
    unsaved(page, typed).status(StatusCode::UNAUTHORIZED)
}

/// A page with what somebody has written and what was not saved.
pub fn unsaved(page: Page, typed: Vec<String>) -> Page {
    page.heading("What you have written").blocks(typed.into_iter().map(Block::Text))
}
