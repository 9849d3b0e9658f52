//! What lets front ends of other origins call the API from a browser.

use crate::platform::Config;
use poem::{EndpointExt, endpoint::BoxEndpoint, middleware::Cors};

/// Lets the listed front ends in. The hosted pages and the API browser are at home here.
pub fn cors(config: &Config, inner: BoxEndpoint<'static>) -> BoxEndpoint<'static> {
    if config.cors_origins.is_empty() {
        return inner;
    }
    let cors = Cors::new()
        .allow_origins(config.cors_origins.iter().map(String::as_str).chain([config.public_origin()]))
        .allow_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allow_headers(["authorization", "content-type", "idempotency-key", "if-match"])
        .expose_headers(["etag", "location", "retry-after", "x-request-id"]);
    inner.with(cors).map_to_response().boxed()
}
