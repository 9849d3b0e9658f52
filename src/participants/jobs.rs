//! Work of this room that runs beside requests.

use super::joining;
use crate::platform::{
    Platform,
    jobs::{Fault, Next},
};
use entity::{OrganisationId, ParticipantId};
use serde::Deserialize;
use serde_json::Value;

/// A person, as a job names them.
#[derive(Deserialize)]
struct Somebody {
    organisation: OrganisationId,
    participant: ParticipantId,
}

/// Writes the letter with which a person signs in, if there is such a person and they have joined.
pub async fn write_sign_in(platform: Platform, payload: Value) -> Result<Next, Fault> {
    let somebody: Somebody = serde_json::from_value(payload).map_err(|error| Fault::GiveUp(error.to_string()))?;
    joining::write_sign_in(&platform, somebody.organisation, somebody.participant).await?;
    Ok(Next::Done)
}
