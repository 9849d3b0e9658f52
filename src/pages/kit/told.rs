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

    fn page(&self, status: StatusCode) -> Option<Response> {
        let error = match status {
            StatusCode::NOT_FOUND => Error::NotFound("page"),
            // An address to which forms are sent, typed or loaded again.
            StatusCode::METHOD_NOT_ALLOWED => Error::NotFound("page"),
            _ => return None,
        };
        let (status, title, texts) = frame::told(&error, super::Zone::Open);
        let page = Page::new(title).texts(texts.iter().map(String::as_str));
        let frame = Frame { base: self.base.clone(), ..Frame::default() };
        let mut response = edge::html(page.render(&frame).ok()?);
        response.set_status(StatusCode::from_u16(status).ok()?);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, frame.policy().parse().ok()?);
        Some(response)
    }
}

impl<E: Endpoint> Endpoint for Told<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let path = request.uri().path();
        let program =
            ["/api", "/metrics", "/healthz", "/readyz"].iter().any(|part| path.starts_with(&format!("{}{part}", self.base)));
        let looks = matches!(*request.method(), Method::GET | Method::HEAD);
        let read = request.header("accept").is_some_and(|accept| accept.contains("text/html"));
        let answer = self.inner.call(request).await?.into_response();
        let problem = answer.content_type().is_some_and(|kind| kind.starts_with("application/problem+json"));
        if program || !looks || !read || !problem {
            return Ok(answer);
        }
        Ok(self.page(answer.status()).unwrap_or(answer))
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
