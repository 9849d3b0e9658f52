//! How the places of an opportunity are shared out among groups: at least so many of one, at most so many of another.
//!
//! They are counted by facts that people gave about themselves for that, and by no others. No quota shuts a group out. They
//! stay as they are once names were drawn: everybody can read what was kept.

use super::ways;
use crate::{
    accounts::Actor,
    participants::topics::is_key,
    platform::{
        Error, Platform, Result, Tx, audit,
        http::etag,
        jobs::{NewJob, enqueue},
        text::Check,
    },
    projects::presence::in_words,
};
use chrono::NaiveDate;
use chrono_tz::Tz;
use entity::{
    OpportunityId, OpportunityState, OrganisationId, PlaceState, SeatQuota, SeatQuotas, Time, match_run, opportunity, place,
    selection,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, sea_query::Expr,
};
use serde_json::json;
use std::collections::{BTreeMap, HashSet};

/// Job that tells higher rooms that names are drawn on a later day than people were told: `{organisation, opportunity}`.
pub const DRAW_MOVED: &str = "opportunities.draw_moved";
/// Quotas of one opportunity, at most.
pub const MOST: usize = 60;
/// So many draws that are late are told of.
const LATE: u64 = 20;
/// So many opportunities are read for the groups that they seek.
const OPEN: u64 = 200;

/// How the places of an opportunity are shared out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sharing {
    /// Version; 0 where nothing was ever set.
    pub version: i32,
    /// At least and at most so many of a group.
    pub quotas: Vec<SeatQuota>,
    /// In two stages: letters go out first, and on this day names are drawn among those who said yes.
    pub draws_on: Option<NaiveDate>,
    /// When the first names were drawn among them.
    pub drawn_at: Option<Time>,
}

impl Sharing {
    /// Whether names are drawn over panels: then who says yes too late waits, and matching looks who can have a place.
    pub fn is_over_panels(&self) -> bool {
        !self.quotas.is_empty() || self.draws_on.is_some()
    }

    /// Whether those who say yes are gathered: nobody has a place before names are drawn among them.
    pub fn gathers(&self) -> bool {
        self.draws_on.is_some() && self.drawn_at.is_none()
    }

    /// Whether whoever is asked on this day could not say yes before names are drawn.
    pub fn is_too_late(&self, today: NaiveDate) -> bool {
        self.gathers() && self.draws_on.is_some_and(|day| day <= today)
    }

    /// The last day on which a yes is of full use: the day before names are drawn, or the one on which it closes.
    pub fn last_day(&self, closes_on: Option<NaiveDate>) -> Option<NaiveDate> {
        let before = self.draws_on.filter(|_| self.gathers()).and_then(|day| day.pred_opt());
        before.into_iter().chain(closes_on).min()
    }
}

/// How the places of an opportunity are shared out.
pub async fn of(connection: &impl ConnectionTrait, organisation: OrganisationId, opportunity: OpportunityId) -> Result<Sharing> {
    let found = selection::Entity::find_by_id((organisation, opportunity)).one(connection).await?;
    let sharing = |row: selection::Model| Sharing {
        version: row.version,
        quotas: row.quotas.0,
        draws_on: row.draws_on,
        drawn_at: row.drawn_at,
    };
    Ok(found.map(sharing).unwrap_or_default())
}

/// How the places of an opportunity are drawn; as if nothing was set where there are no places.
pub async fn drawn_by(connection: &impl ConnectionTrait, opportunity: &opportunity::Model) -> Result<Sharing> {
    match opportunity.places {
        Some(_) => of(connection, opportunity.organisation_id, opportunity.id).await,
        None => Ok(Sharing::default()),
    }
}

/// Those of some opportunities for which names are drawn later among whoever says yes.
pub async fn gathering(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    among: impl IntoIterator<Item = OpportunityId>,
) -> Result<HashSet<OpportunityId>> {
    let found: Vec<OpportunityId> = selection::Entity::find()
        .select_only()
        .column(selection::Column::OpportunityId)
        .filter(selection::Column::OrganisationId.eq(organisation))
        .filter(selection::Column::OpportunityId.is_in(among))
        .filter(selection::Column::DrawsOn.is_not_null())
        .filter(selection::Column::DrawnAt.is_null())
        .into_tuple()
        .all(connection)
        .await?;
    Ok(found.into_iter().collect())
}

/// What people said yes to and no names were drawn for, although the day has come that they were told: the oldest first.
pub async fn late(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    today: NaiveDate,
) -> Result<Vec<(opportunity::Model, NaiveDate)>> {
    let waits = place::Entity::find()
        .select_only()
        .column(place::Column::OpportunityId)
        .filter(place::Column::OrganisationId.eq(organisation))
        .filter(place::Column::State.eq(PlaceState::Waiting))
        .into_query();
    let rows: Vec<(OpportunityId, Option<NaiveDate>)> = selection::Entity::find()
        .select_only()
        .columns([selection::Column::OpportunityId, selection::Column::DrawsOn])
        .filter(selection::Column::OrganisationId.eq(organisation))
        .filter(selection::Column::DrawsOn.lte(today))
        .filter(selection::Column::DrawnAt.is_null())
        .filter(selection::Column::OpportunityId.in_subquery(waits))
        .order_by_asc(selection::Column::DrawsOn)
        .limit(LATE)
        .into_tuple()
        .all(connection)
        .await?;
    let about = opportunity::Entity::find()
        .filter(opportunity::Column::OrganisationId.eq(organisation))
        .filter(opportunity::Column::Id.is_in(rows.iter().map(|(id, _)| *id)))
        .all(connection)
        .await?;
    let found = |(id, day): (OpportunityId, Option<NaiveDate>)| Some((about.iter().find(|one| one.id == id)?.clone(), day?));
    Ok(rows.into_iter().filter_map(found).collect())
}

/// Notes that names were drawn among those who said yes.
pub async fn note_drawn(tx: &Tx, organisation: OrganisationId, opportunity: OpportunityId, at: Time) -> Result<()> {
    selection::Entity::update_many()
        .col_expr(selection::Column::DrawnAt, Expr::value(at))
        .filter(selection::Column::OrganisationId.eq(organisation))
        .filter(selection::Column::OpportunityId.eq(opportunity))
        .filter(selection::Column::DrawnAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
}

/// Sets how the places of an opportunity are shared out; an empty list of quotas and no day take it away. Answers the new version.
///
/// # Errors
/// Everything that is wrong with it at once; a conflict once a draw was begun.
pub async fn set(
    platform: &Platform,
    actor: &Actor,
    id: OpportunityId,
    if_match: Option<&str>,
    quotas: Vec<SeatQuota>,
    draws_on: Option<NaiveDate>,
) -> Result<i32> {
    let tx = platform.db.begin().await?;
    let opportunity = ways::hold(&tx, actor.organisation, id).await?;
    let before = of(&tx, actor.organisation, id).await?;
    let version = before.version;
    etag::expect(if_match, version)?;
    let zone = super::zone(&tx, actor.organisation).await?;
    let today = super::today(platform.clock.now(), zone);
    Check::new().day("/draws_on", draws_on).done()?;
    if opportunity.places.is_none() && !quotas.is_empty() {
        return Err(Error::conflict("no_places", "Say first how many places there are. Quotas share them out."));
    }
    let mut check = check(&opportunity, &quotas);
    check_day(&mut check, &opportunity, draws_on, today, zone);
    check.done()?;
    let drawn = match_run::Entity::find()
        .filter(match_run::Column::OrganisationId.eq(actor.organisation))
        .filter(match_run::Column::OpportunityId.eq(id))
        .filter(match_run::Column::State.ne("stopped"))
        .count(&tx)
        .await?;
    // Where the day has passed and no names could be drawn, there is another one.
    let late = before.gathers() && before.draws_on.is_some_and(|day| day <= today);
    if drawn > 0 && !before.gathers() {
        return Err(Error::conflict("drawn", "Names were drawn by the quotas as they are. They stay."));
    }
    if drawn > 0 && !(late && draws_on.is_some()) {
        let detail = "Letters have left that say when names are drawn. Nothing changes before that day. After it, choose a later day if they \
                      could not be drawn.";
        return Err(Error::conflict("asked", detail));
    }
    let row = selection::ActiveModel {
        organisation_id: Set(actor.organisation),
        opportunity_id: Set(id),
        quotas: Set(SeatQuotas(quotas)),
        draws_on: Set(draws_on),
        drawn_at: Set(None),
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
    if drawn > 0 {
        let which = json!({"organisation": actor.organisation, "opportunity": id});
        enqueue(&tx, &platform.clock, NewJob::now(DRAW_MOVED, actor.organisation, which)).await?;
    }
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(version + 1)
}

/// People say yes before the day on which names are drawn, and hear of it before it begins.
fn check_day(check: &mut Check, about: &opportunity::Model, draws_on: Option<NaiveDate>, today: NaiveDate, zone: Tz) {
    let Some(day) = draws_on else { return };
    check.that(about.places.is_some(), "/draws_on", "no_places", "Say first how many places there are.");
    check.that(day > today, "/draws_on", "past", "Choose a day that is still to come.");
    let begins = about.starts_at.is_none_or(|at| day < super::today(at, zone));
    check.that(begins, "/draws_on", "before_it_begins", "Choose a day before it begins, so that people can plan.");
}

/// Everything that is wrong with quotas in themselves. Whether the people there are can keep them is another question.
fn check(opportunity: &opportunity::Model, quotas: &[SeatQuota]) -> Check {
    let mut check = Check::new();
    let places = opportunity.places.unwrap_or(0);
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
    check
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
