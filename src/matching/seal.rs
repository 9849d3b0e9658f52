//! Our part of a draw's seed, committed to before anybody can know who will be in the pool, and revealed by the draw.
//!
//! It is derived from the installation's key, so it stands nowhere. What is public before the draw is its SHA-256; after the draw
//! anybody can see that it was not chosen to suit.

use crate::platform::{
    Platform, Result, Tx,
    secret::{hex, sha256},
};
use entity::{OpportunityId, OrganisationId, Time, seal};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel, QuerySelect};

/// Our part, with what was committed to before.
pub struct Opened {
    /// In hexadecimal.
    pub part: String,
    /// SHA-256 over that text.
    pub commitment: Vec<u8>,
    /// Since when the commitment stands.
    pub since: Time,
}

fn part(platform: &Platform, opportunity: OpportunityId, n: i32) -> String {
    hex(&platform.secret.key("draw", opportunity.0, n))
}

fn commitment(platform: &Platform, opportunity: OpportunityId, n: i32) -> Vec<u8> {
    sha256(part(platform, opportunity, n).as_bytes())
}

/// Commits to our part of the next draw, unless that was done. One that was made under the key of another installation holds no
/// longer, and is made anew.
pub async fn commit(
    tx: &Tx,
    platform: &Platform,
    organisation: OrganisationId,
    opportunity: OpportunityId,
) -> Result<seal::Model> {
    let found = seal::Entity::find_by_id((organisation, opportunity)).lock_exclusive().one(tx).await?;
    let n = match found {
        Some(seal) if seal.commitment == commitment(platform, opportunity, seal.n) => return Ok(seal),
        Some(seal) => Some(seal.n),
        None => None,
    };
    let row = seal::ActiveModel {
        organisation_id: Set(organisation),
        opportunity_id: Set(opportunity),
        n: Set(n.unwrap_or(1)),
        commitment: Set(commitment(platform, opportunity, n.unwrap_or(1))),
        made_at: Set(platform.clock.now()),
    };
    Ok(if n.is_some() { row.update(tx).await? } else { row.insert(tx).await? })
}

/// Opens our part for a draw, and commits to the one of the next.
pub async fn open(tx: &Tx, platform: &Platform, organisation: OrganisationId, opportunity: OpportunityId) -> Result<Opened> {
    let seal = commit(tx, platform, organisation, opportunity).await?;
    let opened = Opened { part: part(platform, opportunity, seal.n), commitment: seal.commitment.clone(), since: seal.made_at };
    let n = seal.n + 1;
    let mut row = seal.into_active_model();
    row.n = Set(n);
    row.commitment = Set(commitment(platform, opportunity, n));
    row.made_at = Set(platform.clock.now());
    row.update(tx).await?;
    Ok(opened)
}
