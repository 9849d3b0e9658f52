//! Whether a recorded draw comes out again.

use super::number_of;
use crate::{
    matching::{
        file::{drawn, drawn_again, line_of, member},
        lottery,
        seats::Panels,
    },
    platform::{Platform, Result},
};
use entity::match_run;

/// Runs a recorded draw again: whether pool, digest, seed and order agree with what was recorded.
pub async fn verify(platform: &Platform, run: &match_run::Model) -> Result<bool> {
    let (Some(pool), Some(digest), Some(seed)) = (&run.pool, &run.pool_digest, &run.seed) else { return Ok(false) };
    if lottery::digest(pool) != *digest {
        return Ok(false);
    }
    let panels = run.lottery.as_ref().map(|kept| Panels::read(kept));
    let places = u32::try_from(run.places.unwrap_or(0)).unwrap_or(0);
    let order = match panels {
        Some(None) => None,
        panels => drawn_again(&run.rules_version, panels.flatten().as_ref(), places, pool, seed),
    };
    let Some(order) = order else { return Ok(false) };
    let mut rank = 0;
    loop {
        let rows = drawn(platform, (run.organisation_id, run.id), rank).await?;
        if rows.is_empty() {
            return Ok(usize::try_from(rank).unwrap_or(0) == order.len());
        }
        for row in rows {
            rank += 1;
            let place = usize::try_from(rank - 1).ok().and_then(|index| order.get(index));
            let number = place.and_then(|place| member(pool, line_of(&run.rules_version), *place));
            if row.rank != rank || number != Some(number_of(platform, &row)) {
                return Ok(false);
            }
        }
    }
}
