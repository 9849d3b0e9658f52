//! Endpoints for people: joining, their own page, and what staff do with them.

mod joining;
pub mod known;
mod me;
mod people;
mod preferences;
mod topics;
mod trials;

use crate::platform::Platform;
use poem_openapi::OpenApi;

/// Every endpoint of this room.
pub fn all(platform: &Platform) -> impl OpenApi + use<> {
    (
        joining::Api(platform.clone()),
        topics::Api(platform.clone()),
        people::Api(platform.clone()),
        me::Api(platform.clone()),
        preferences::Api(platform.clone()),
        trials::Api(platform.clone()),
    )
}
