//! Who may be asked, in counts that tell nothing of a few people.

use super::{public::without_pool, runs};
use crate::{
    invitations::jobs::{Which, payload},
    platform::{
        Platform, Result,
        jobs::{Fault, Next},
    },
    statistics::disclosure::row,
};
use entity::{OpportunityId, OrganisationId, Time, WhyNot, match_count, match_run, opportunity, organisation};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, sea_query::OnConflict,
};
use serde_json::Value;

/// So many runs are told of.
const RUNS: u64 = 100;

/// What would have come of asking when it was last counted.
#[derive(Clone, Debug)]
pub struct Told {
    /// When that was.
    pub counted_at: Time,
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

impl Told {
    fn of(count: &match_count::Model, organisation: &organisation::Model, places: Option<i32>) -> Self {
        let number = |count: i32| u64::try_from(count).unwrap_or(0);
        let eligible = number(count.eligible);
        let asked = places.map_or(eligible, |places| number(places).min(eligible));
        Self {
            counted_at: count.counted_at,
            considered: number(count.considered),
            eligible,
            asked,
            reserve: if places.is_some() { eligible - asked } else { 0 },
            not_asked: reasons(|reason| by_reason(&count.reasons, reason), organisation.minimum_group),
        }
    }
}

/// How many there are for a reason, in a record.
pub fn by_reason(record: &Value, reason: WhyNot) -> u64 {
    record.get(reason.word()).and_then(Value::as_u64).unwrap_or(0)
}

/// Counts by reason through the minimum group rule: always every reason, so that not even which ones occur is told of a
/// few people.
pub fn reasons(count: impl Fn(WhyNot) -> u64, minimum: i32) -> Vec<(WhyNot, Option<u64>)> {
    let every: Vec<(WhyNot, u64)> = WhyNot::ALL.iter().map(|reason| (*reason, count(*reason))).collect();
    row(&every, u64::try_from(minimum).unwrap_or(5))
}

/// Counts who may be asked, without asking anybody, and keeps the counts: looking at them costs the same for a hundred people
/// and for a million.
pub async fn count(platform: &Platform, organisation: &organisation::Model, opportunity: opportunity::Model) -> Result<Told> {
    let (id, places) = (opportunity.id, opportunity.places);
    let counts = runs::count(platform, organisation, opportunity).await?;
    let number = |count: u64| i32::try_from(count).unwrap_or(i32::MAX);
    let count = match_count::Model {
        organisation_id: organisation.id,
        opportunity_id: id,
        considered: number(counts.considered),
        eligible: number(counts.eligible),
        reasons: counts.record(),
        counted_at: platform.clock.now(),
    };
    let key = [match_count::Column::OrganisationId, match_count::Column::OpportunityId];
    let rest = [
        match_count::Column::Considered,
        match_count::Column::Eligible,
        match_count::Column::Reasons,
        match_count::Column::CountedAt,
    ];
    match_count::Entity::insert(count.clone().into_active_model())
        .on_conflict(OnConflict::columns(key).update_columns(rest).to_owned())
        .exec_without_returning(platform.db.write())
        .await?;
    Ok(Told::of(&count, organisation, places))
}

/// What was counted last, if anybody has counted.
pub async fn last(
    connection: &impl ConnectionTrait,
    organisation: &organisation::Model,
    opportunity: &opportunity::Model,
) -> Result<Option<Told>> {
    let found = match_count::Entity::find_by_id((organisation.id, opportunity.id)).one(connection).await?;
    Ok(found.map(|count| Told::of(&count, organisation, opportunity.places)))
}

/// An opportunity has opened: its coordinator finds the counts there.
pub async fn opened(platform: Platform, value: Value) -> Result<Next, Fault> {
    let which: Which = payload(value)?;
    let db = platform.db.read();
    let home = organisation::Entity::find_by_id(which.organisation).one(db).await?;
    let found = opportunity::Entity::find_by_id((which.organisation, which.opportunity)).one(db).await?;
    if let (Some(home), Some(opportunity)) = (home, found) {
        count(&platform, &home, opportunity).await?;
    }
    Ok(Next::Done)
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
