//! Pages for what did not work outside of any page: an address that leads nowhere, a session that has ended.

use super::{Block, Frame, Link, Page, frame};
use crate::platform::{Error, Platform, http::edge};
use poem::{Endpoint, IntoResponse, Request, Response, Result, http::Method, http::StatusCode, http::header};

/// Turns the problems of addresses outside the API into pages, for whoever looks at them in a browser.
pub struct Told<E> {
    inner: E,
    base: String,
}

impl<E: Endpoint> Told<E> {
    /// Around everything that the server answers.
    pub fn around(inner: E, platform: &Platform) -> Self {
        Self { inner, base: platform.config.public_path().to_owned() }
    }

    fn page(&self) -> Option<Response> {
        let page = frame::page(&Error::NotFound("page"), super::Zone::Open);
        let frame = Frame { base: self.base.clone(), ..Frame::default() };
        let mut response = edge::html(page.render(&frame).ok()?);
        response.set_status(page.status);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, frame.policy().parse().ok()?);
        Some(response)
    }

    /// Whether somebody looks at it in a browser, at an address outside the API.
    fn is_looked_at(&self, request: &Request) -> bool {
        let path = request.uri().path();
        let path = path.strip_prefix(self.base.as_str()).unwrap_or(path);
        matches!(*request.method(), Method::GET | Method::HEAD)
            && request.header("accept").is_some_and(|accept| accept.contains("text/html"))
            && !["/api", "/metrics", "/healthz", "/readyz"].iter().any(|part| path.starts_with(part))
    }
}

impl<E: Endpoint> Endpoint for Told<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let looked_at = self.is_looked_at(&request);
        let answer = self.inner.call(request).await?.into_response();
        // An address to which forms are sent is none to look at: typed, or loaded again, it leads nowhere either.
        let nowhere = matches!(answer.status(), StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED);
        let problem = answer.content_type().is_some_and(|kind| kind.starts_with("application/problem+json"));
        match looked_at && nowhere && problem {
            true => Ok(self.page().unwrap_or(answer)),
            false => Ok(answer),
        }
    }
}

/// Says that nothing was saved, with what was written, so that it can be copied before one signs in.
pub(super) fn signed_out(to: String, typed: Vec<String>) -> Page {
    let text = "Nothing was saved. What you have written is below: copy it, sign in, and put it in again.";
    Page::new("You have been signed out")
        .text(text)
        .block(Block::Go(Link::new("Sign in", to)))
        .heading("What you have written")
        .blocks(typed.into_iter().map(Block::Text))
        .status(StatusCode::UNAUTHORIZED)
}
