//! Who may be asked, in counts that tell nothing of a few people.

use super::{
    forecast::{Before, Forecast},
    letters,
    outlook::{self, Chances, Outlook},
    public::without_pool,
    rates,
    runs::{self, Counted},
    seal,
};
use crate::{
    invitations::jobs::{Which, payload},
    opportunities::quotas::drawn_by,
    platform::{
        Platform, Result,
        jobs::{Fault, NewJob, Next, enqueue},
    },
    statistics::disclosure::{Shown, part, row},
};
use entity::{
    OpportunityId, OrganisationId, SeatQuota, SeatQuotas, Time, WhyNot, match_count, match_run, opportunity, organisation,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, sea_query::OnConflict,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// So many runs are told of.
pub const RUNS: u64 = 100;

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
    /// Where places are shared out among groups: what a draw would do.
    pub groups: Option<Groups>,
    /// What can be expected of those who would be asked first.
    pub forecast: Option<Forecast>,
}

/// What a draw would do for groups.
#[derive(Clone, Debug)]
pub enum Groups {
    /// It is being worked out.
    Soon,
    /// It was worked out.
    Known {
        /// Each quota, and last those who count for none, with people and chances where they may be told.
        chances: Vec<(Option<SeatQuota>, Option<Chances>)>,
        /// What stands against the quotas, in plain sentences.
        trouble: Vec<String>,
    },
}

impl Groups {
    fn of(count: &match_count::Model, minimum: i32) -> Option<Self> {
        count.quotas.as_ref()?;
        let Some(outlook) = count.outlook.clone().and_then(|kept| serde_json::from_value::<Outlook>(kept).ok()) else {
            return Some(Self::Soon);
        };
        let (all, minimum) = (u64::try_from(count.eligible).unwrap_or(0), u64::try_from(minimum).unwrap_or(5));
        let shown = may_be_told(&outlook, all, minimum);
        let row =
            |((quota, chances), shown): ((Option<&SeatQuota>, Chances), bool)| (quota.cloned(), Some(chances).filter(|_| shown));
        Some(Self::Known {
            chances: outlook::rows(&outlook).zip(shown).map(row).collect(),
            trouble: outlook.grounds.told(minimum),
        })
    }
}

/// Whether the number of each group may be told, and last that of those who count for none. The groups of a kind of fact, and
/// everybody else, together are everybody: they are protected together.
fn may_be_told(outlook: &Outlook, all: u64, minimum: u64) -> Vec<bool> {
    let quotas = &outlook.grounds.quotas;
    let mut shown = vec![false; quotas.len()];
    let dimensions: BTreeSet<&str> = quotas.iter().map(|quota| quota.dimension.as_str()).collect();
    for dimension in dimensions {
        let of: Vec<usize> = (0..quotas.len()).filter(|at| quotas[*at].dimension == dimension).collect();
        let mut cells: Vec<(Option<usize>, u64)> =
            of.iter().map(|at| (Some(*at), u64::from(outlook.groups[*at].people))).collect();
        cells.push((None, all.saturating_sub(cells.iter().map(|(_, count)| count).sum())));
        for (at, count) in row(&cells, minimum) {
            if let Some(at) = at {
                shown[at] = count.is_some();
            }
        }
    }
    let silent = u64::from(outlook.silent.people);
    let last = shown.iter().all(|shown| *shown) && part(silent, all, minimum) != Shown::Few;
    shown.into_iter().chain([last]).collect()
}

impl Told {
    fn of(count: &match_count::Model, organisation: &organisation::Model, places: Option<i32>, gathers: bool) -> Self {
        let number = |count: i32| u64::try_from(count).unwrap_or(0);
        let eligible = number(count.eligible);
        let before = count.replies.clone().and_then(|kept| serde_json::from_value::<Before>(kept).ok());
        let first = match places {
            None => eligible,
            Some(places) if gathers => letters_for(count, before.unwrap_or_default(), places),
            Some(places) => number(places),
        };
        let asked = first.min(eligible);
        Self {
            counted_at: count.counted_at,
            considered: number(count.considered),
            eligible,
            asked,
            reserve: if places.is_some() { eligible - asked } else { 0 },
            groups: Groups::of(count, organisation.minimum_group),
            forecast: before.map(|before| before.forecast(asked)),
            not_asked: reasons(|reason| by_reason(&count.reasons, reason), organisation.minimum_group),
        }
    }
}

/// Letters that bring about twice as many yeses as there are places.
fn letters_for(count: &match_count::Model, before: Before, places: i32) -> u64 {
    let outlook = count.outlook.clone().and_then(|kept| serde_json::from_value::<Outlook>(kept).ok());
    let shared_out = outlook.and_then(|outlook| outlook.letters).map(u64::from);
    shared_out.unwrap_or_else(|| letters::wanted(f64::from(places) / before.overall()).into())
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
    let kind = opportunity.kind;
    let Counted { counts, quotas, kinds, gathers } = runs::count(platform, organisation, opportunity).await?;
    let now = platform.clock.now();
    let before = rates::before(platform.db.read(), organisation.id, kind, now).await?;
    let number = |count: u64| i32::try_from(count).unwrap_or(i32::MAX);
    let count = match_count::Model {
        organisation_id: organisation.id,
        opportunity_id: id,
        considered: number(counts.considered),
        eligible: number(counts.eligible),
        reasons: counts.record(),
        counted_at: now,
        kinds: (!quotas.is_empty()).then(|| outlook::kept(&kinds)),
        quotas: (!quotas.is_empty()).then_some(SeatQuotas(quotas)),
        outlook: None,
        replies: serde_json::to_value(before).ok(),
    };
    let key = [match_count::Column::OrganisationId, match_count::Column::OpportunityId];
    let rest = [
        match_count::Column::Considered,
        match_count::Column::Eligible,
        match_count::Column::Reasons,
        match_count::Column::CountedAt,
        match_count::Column::Quotas,
        match_count::Column::Kinds,
        match_count::Column::Outlook,
        match_count::Column::Replies,
    ];
    let tx = platform.db.begin().await?;
    match_count::Entity::insert(count.clone().into_active_model())
        .on_conflict(OnConflict::columns(key).update_columns(rest).to_owned())
        .exec_without_returning(&tx)
        .await?;
    if count.quotas.is_some() {
        let which = json!({"organisation": organisation.id, "opportunity": id});
        let job = NewJob::now(outlook::OUTLOOK, organisation.id, which).once(format!("{}:{id}", outlook::OUTLOOK));
        enqueue(&tx, &platform.clock, job).await?;
    }
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(Told::of(&count, organisation, places, gathers))
}

/// What was counted last, if anybody has counted.
pub async fn last(
    connection: &impl ConnectionTrait,
    organisation: &organisation::Model,
    opportunity: &opportunity::Model,
) -> Result<Option<Told>> {
    let found = match_count::Entity::find_by_id((organisation.id, opportunity.id)).one(connection).await?;
    let gathers = drawn_by(connection, opportunity).await?.gathers();
    Ok(found.map(|count| Told::of(&count, organisation, opportunity.places, gathers)))
}

/// An opportunity has opened: its coordinator finds the counts there, and our part of the seed of its draw is committed to.
pub async fn opened(platform: Platform, value: Value) -> Result<Next, Fault> {
    let which: Which = payload(value)?;
    let db = platform.db.read();
    let home = organisation::Entity::find_by_id(which.organisation).one(db).await?;
    let found = opportunity::Entity::find_by_id((which.organisation, which.opportunity)).one(db).await?;
    if let (Some(home), Some(opportunity)) = (home, found) {
        if opportunity.places.is_some() {
            let tx = platform.db.begin().await?;
            seal::commit(&tx, &platform, home.id, opportunity.id).await?;
            tx.commit().await?;
        }
        count(&platform, &home, opportunity).await?;
    }
    Ok(Next::Done)
}

/// The latest runs, newest first, so many at most.
pub async fn runs(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    most: u64,
) -> Result<Vec<match_run::Model>> {
    let rows = without_pool()
        .filter(match_run::Column::OrganisationId.eq(organisation))
        .filter(match_run::Column::OpportunityId.eq(opportunity))
        .order_by_desc(match_run::Column::Id)
        .limit(most)
        .all(connection)
        .await?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::grounds::Grounds;

    #[test]
    fn no_small_group_can_be_worked_out_from_the_others() {
        let quota = |category: &str| SeatQuota { dimension: "age_band".into(), category: category.into(), min: 0, max: 5 };
        let told = |groups: [u32; 3], all: u64| {
            let chances = |people| Chances { people, ..Chances::default() };
            let silent = u32::try_from(all).unwrap() - groups.iter().sum::<u32>();
            let grounds = Grounds { quotas: ["16_24", "25_64", "65_plus"].map(quota).to_vec(), ..Grounds::default() };
            let outlook =
                Outlook { letters: None, seats: 4, groups: groups.map(chances).to_vec(), silent: chances(silent), grounds };
            may_be_told(&outlook, all, 5)
        };
        assert_eq!(told([40, 30, 20], 100), [true, true, true, true]);
        assert_eq!(told([40, 30, 20], 90), [true, true, true, true]);
        assert_eq!(told([40, 30, 3], 80), [true, true, false, false], "3 of 10 who are left");
        assert_eq!(told([40, 30, 3], 73), [true, false, false, false], "beside a true 0 another one is withheld");
        assert_eq!(told([40, 30, 20], 92), [true, true, false, false], "two of none");
    }
}
