//! Whether a recorded draw comes out again.

use super::number_of;
use crate::{
    matching::{
        lottery,
        people::PAGE,
        seats::{self, Panels},
    },
    platform::{Platform, Result},
};
use entity::{match_result, match_run};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

/// Bytes of a number.
const NUMBER: usize = 16;

/// Runs a recorded draw again: whether pool, digest, seed and order agree with what was recorded.
pub async fn verify(platform: &Platform, run: &match_run::Model) -> Result<bool> {
    let connection = platform.db.read();
    let (Some(pool), Some(digest), Some(seed)) = (&run.pool, &run.pool_digest, &run.seed) else { return Ok(false) };
    if lottery::digest(pool) != *digest {
        return Ok(false);
    }
    let mut rank = 0;
    let (line, order) = match &run.lottery {
        Some(panels) => (seats::LINE, Panels::read(panels).and_then(|panels| panels.draw(pool, seed)).unwrap_or_default()),
        // Nobody could be drawn.
        None if run.rules_version == seats::RULES => (seats::LINE, Vec::new()),
        None => {
            let places = usize::try_from(run.places.unwrap_or(0)).unwrap_or(0);
            (NUMBER, lottery::draw(pool.len() / NUMBER, lottery::listed(places), seed, digest))
        }
    };
    loop {
        let rows = match_result::Entity::find()
            .filter(match_result::Column::OrganisationId.eq(run.organisation_id))
            .filter(match_result::Column::RunId.eq(run.id))
            .filter(match_result::Column::Rank.gt(rank))
            .order_by_asc(match_result::Column::Rank)
            .limit(PAGE)
            .all(connection)
            .await?;
        if rows.is_empty() {
            return Ok(usize::try_from(rank).unwrap_or(0) == order.len());
        }
        for row in rows {
            rank += 1;
            let place = usize::try_from(rank - 1).ok().and_then(|index| order.get(index));
            if row.rank != rank || place.and_then(|place| member(pool, line, *place)) != Some(number_of(platform, &row)) {
                return Ok(false);
            }
        }
    }
}

/// The number at a position of a pool.
fn member(pool: &[u8], line: usize, place: usize) -> Option<Uuid> {
    Uuid::from_slice(pool.get(place * line..place * line + NUMBER)?).ok()
}
