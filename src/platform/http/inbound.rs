//! Where a mail server hands over what comes back: `POST /inbound` with the message as it is.

use super::{body::whole, edge::bearer_is};
use crate::platform::{
    Error, Platform, Result,
    mail::{inbound, returned},
};
use poem::{Body, IntoResponse, Request, Response, RouteMethod, http::StatusCode};

/// Addresses of one message; ours have one each.
const ADDRESSES: usize = 100;

/// The route.
pub fn route(platform: Platform) -> RouteMethod {
    poem::post(poem::endpoint::make(move |request: Request| {
        let platform = platform.clone();
        async move { take(&platform, request).await.map(IntoResponse::into_response) }
    }))
}

async fn take(platform: &Platform, mut request: Request) -> Result<Response> {
    let token = &platform.config.delivery.returns_token;
    if token.is_empty() {
        return Err(Error::NotFound("address"));
    }
    if !bearer_is(&request, token) {
        return Err(Error::SignInNeeded);
    }
    let named = request.header("x-envelope-to").unwrap_or_default();
    let sent_to: Vec<String> =
        named.split(',').map(str::trim).filter(|address| !address.is_empty()).take(ADDRESSES).map(str::to_owned).collect();
    let raw = whole(request.take_body(), returned::MOST).await?;
    inbound::take(platform, &sent_to, raw).await?;
    Ok(Response::builder().status(StatusCode::ACCEPTED).body(Body::empty()))
}
