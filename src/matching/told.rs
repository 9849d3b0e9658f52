//! Who may be asked, in counts that tell nothing of a few people.

use super::{public::without_pool, runs};
use crate::{
    platform::{Platform, Result},
    statistics::disclosure::row,
};
use entity::{OpportunityId, OrganisationId, WhyNot, match_run, opportunity, organisation};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect};

/// So many runs are told of.
const RUNS: u64 = 100;

/// What would come of asking now.
#[derive(Clone, Debug)]
pub struct Told {
    /// People who have joined.
    pub considered: u64,
    /// People who may be asked.
    pub eligible: u64,
    /// People who would be asked first.
    pub asked: u64,
    /// People who would stand in reserve.
    pub reserve: u64,
    /// Everybody else, by the first reason against; nothing where the number is withheld.
    pub not_asked: Vec<(WhyNot, Option<u64>)>,
}

/// Counts by reason through the minimum group rule: always every reason, so that not even which ones occur is told of a
/// few people.
pub fn reasons(count: impl Fn(WhyNot) -> u64, minimum: i32) -> Vec<(WhyNot, Option<u64>)> {
    let every: Vec<(WhyNot, u64)> = WhyNot::ALL.iter().map(|reason| (*reason, count(*reason))).collect();
    row(&every, u64::try_from(minimum).unwrap_or(5))
}

/// Counts who may be asked, without asking anybody.
pub async fn preview(platform: &Platform, organisation: &organisation::Model, opportunity: opportunity::Model) -> Result<Told> {
    let (places, minimum) = (opportunity.places, organisation.minimum_group);
    let counts = runs::count(platform, organisation, opportunity).await?;
    let places = places.map(|places| u64::try_from(places).unwrap_or(0));
    let asked = places.map_or(counts.eligible, |places| places.min(counts.eligible));
    let not_asked = |reason: WhyNot| counts.not_asked.get(&reason).copied().unwrap_or(0);
    Ok(Told {
        not_asked: reasons(not_asked, minimum),
        considered: counts.considered,
        eligible: counts.eligible,
        asked,
        reserve: if places.is_some() { counts.eligible - asked } else { 0 },
    })
}

/// The latest runs, newest first.
pub async fn runs(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
) -> Result<Vec<match_run::Model>> {
    let rows = without_pool()
        .filter(match_run::Column::OrganisationId.eq(organisation))
        .filter(match_run::Column::OpportunityId.eq(opportunity))
        .order_by_desc(match_run::Column::Id)
        .limit(RUNS)
        .all(connection)
        .await?;
    Ok(rows)
}
