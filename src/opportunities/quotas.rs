//! How the places of an opportunity are shared out among groups: at least so many of one, at most so many of another.
//!
//! They are counted by facts that people gave about themselves for that, and by no others. No quota shuts a group out. They
//! stay as they are once names were drawn: everybody can read what was kept.

use super::ways;
use crate::{
    accounts::Actor,
    participants::topics::is_key,
    platform::{Error, Platform, Result, audit, http::etag, text::Check},
    projects::presence::in_words,
};
use entity::{OpportunityId, OpportunityState, OrganisationId, SeatQuota, SeatQuotas, match_run, opportunity, selection};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use std::collections::{BTreeMap, HashSet};

/// Quotas of one opportunity, at most.
pub const MOST: usize = 60;
/// So many opportunities are read for the groups that they seek.
const OPEN: u64 = 200;

/// The quotas of an opportunity with their version, which is 0 where none were ever set.
pub async fn of(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
) -> Result<(i32, Vec<SeatQuota>)> {
    let found = selection::Entity::find_by_id((organisation, opportunity)).one(connection).await?;
    Ok(found.map(|row| (row.version, row.quotas.0)).unwrap_or_default())
}

/// The quotas by which the places of an opportunity are drawn; empty where there are none, or no places.
pub async fn drawn_by(connection: &impl ConnectionTrait, opportunity: &opportunity::Model) -> Result<Vec<SeatQuota>> {
    match opportunity.places {
        Some(_) => Ok(of(connection, opportunity.organisation_id, opportunity.id).await?.1),
        None => Ok(Vec::new()),
    }
}

/// Sets the quotas of an opportunity with limited places; an empty list takes them away. Answers the new version.
///
/// # Errors
/// Everything that is wrong with them at once; a conflict once a draw was begun.
pub async fn set(
    platform: &Platform,
    actor: &Actor,
    id: OpportunityId,
    if_match: Option<&str>,
    quotas: Vec<SeatQuota>,
) -> Result<i32> {
    let tx = platform.db.begin().await?;
    let opportunity = ways::hold(&tx, actor.organisation, id).await?;
    let (version, _) = of(&tx, actor.organisation, id).await?;
    etag::expect(if_match, version)?;
    check(&opportunity, &quotas)?;
    let drawn = match_run::Entity::find()
        .filter(match_run::Column::OrganisationId.eq(actor.organisation))
        .filter(match_run::Column::OpportunityId.eq(id))
        .filter(match_run::Column::State.ne("stopped"))
        .count(&tx)
        .await?;
    if drawn > 0 {
        return Err(Error::conflict("drawn", "Names were drawn by the quotas as they are. They stay."));
    }
    let row = selection::ActiveModel {
        organisation_id: Set(actor.organisation),
        opportunity_id: Set(id),
        quotas: Set(SeatQuotas(quotas)),
        version: Set(version + 1),
        changed_by: Set(actor.by.clone()),
        changed_at: Set(platform.clock.now()),
    };
    if version == 0 {
        row.insert(&tx).await?;
    } else {
        row.update(&tx).await?;
    }
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "set_quotas", &ways::object(id)).await?;
    tx.commit().await?;
    Ok(version + 1)
}

/// Everything that is wrong with quotas in themselves. Whether the people there are can keep them is another question.
fn check(opportunity: &opportunity::Model, quotas: &[SeatQuota]) -> Result<()> {
    let mut check = Check::new();
    let places = opportunity.places.unwrap_or(0);
    if opportunity.places.is_none() && !quotas.is_empty() {
        return Err(Error::conflict("no_places", "Say first how many places there are. Quotas share them out."));
    }
    check.that(quotas.len() <= MOST, "/quotas", "too_many", format!("Use at most {MOST} quotas."));
    let mut seen = HashSet::new();
    for (at, quota) in quotas.iter().enumerate() {
        let field = |name: &str| format!("/quotas/{at}/{name}");
        let form = "Use small letters, digits and underscores.";
        check.that(is_key(&quota.dimension), &field("dimension"), "form", form);
        check.line(&field("category"), &quota.category, 120);
        let spaces = "Leave out spaces at the ends.";
        check.that(quota.category.trim() == quota.category, &field("category"), "form", spaces);
        let twice = !seen.insert((&quota.dimension, &quota.category));
        check.that(!twice, &field("category"), "twice", "Name each group once.");
        check.that(quota.min >= 0, &field("min"), "range", "Use 0 or more.");
        let out = "A quota cannot shut a group out. Use 1 or more.";
        check.that(quota.max >= 1, &field("max"), "range", out);
        check.that(quota.min <= quota.max, &field("min"), "order", "The least is at most the most.");
        if places > 0 {
            check.that(quota.max <= places, &field("max"), "range", format!("There are {places} places."));
        }
    }
    let least = least(quotas);
    let over = least.iter().find(|(_, sum)| places > 0 && **sum > i64::from(places));
    if let Some((dimension, sum)) = over {
        let detail = format!("For {} at least {sum} people are asked for, and there are {places} places.", in_words(dimension));
        check.that(false, "/quotas", "too_many_seats", detail);
    }
    check.done()
}

/// Of each kind of fact, how many seats its groups have at least, together.
fn least(quotas: &[SeatQuota]) -> BTreeMap<&str, i64> {
    let mut least = BTreeMap::<&str, i64>::new();
    quotas.iter().for_each(|quota| *least.entry(&quota.dimension).or_default() += i64::from(quota.min.max(0)));
    least
}

/// What is worth knowing about quotas that can be kept.
pub fn warnings(opportunity: &opportunity::Model, quotas: &[SeatQuota]) -> Vec<String> {
    let places = i64::from(opportunity.places.unwrap_or(0));
    let full = least(quotas).into_iter().filter(|(_, sum)| *sum >= places);
    full.map(|(dimension, _)| {
        format!("Every place needs a fact about {}. Whoever gives none cannot be drawn.", in_words(dimension))
    })
    .collect()
}

/// A quota in words: “At least 2 and at most 4: age band, 25 to 34”.
pub fn said(quota: &SeatQuota) -> String {
    let (min, max) = (quota.min, quota.max);
    let much = if min == max {
        format!("{min}")
    } else if min == 0 {
        format!("At most {max}")
    } else {
        format!("At least {min} and at most {max}")
    };
    format!("{much}: {}", group(quota))
}

/// The group of a quota in words.
pub fn group(quota: &SeatQuota) -> String {
    format!("{}, {}", in_words(&quota.dimension), in_words(&quota.category))
}

/// Groups that are sought by opportunities which are being prepared or are open.
pub async fn sought(connection: &impl ConnectionTrait, organisation: OrganisationId) -> Result<Vec<SeatQuota>> {
    let under_way = opportunity::Entity::find()
        .select_only()
        .column(opportunity::Column::Id)
        .filter(opportunity::Column::OrganisationId.eq(organisation))
        .filter(opportunity::Column::State.is_in([OpportunityState::Draft, OpportunityState::Open]))
        .into_query();
    let rows: Vec<SeatQuotas> = selection::Entity::find()
        .select_only()
        .column(selection::Column::Quotas)
        .filter(selection::Column::OrganisationId.eq(organisation))
        .filter(selection::Column::OpportunityId.in_subquery(under_way))
        .order_by_desc(selection::Column::OpportunityId)
        .limit(OPEN)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().flat_map(|quotas| quotas.0).collect())
}
