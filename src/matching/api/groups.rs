//! What answers about places that are shared out among groups look like.

use crate::{
    accounts::{Power, access, organisations},
    matching::{
        forecast::{Forecast, Range},
        grounds::Grounds,
        standing::{self, shown},
        told::Groups,
    },
    opportunities::ways,
    platform::{
        Platform, Result,
        http::{Caller, Chapter, Fine},
    },
};
use entity::{OpportunityId, OrganisationId};
use poem_openapi::{Object, OpenApi, param::Path};
use serde_json::Value;

/// One quota, and what became of it.
#[derive(Object)]
pub struct GroupOut {
    /// The kind of fact.
    dimension: String,
    /// The group.
    category: String,
    /// At least so many were wanted.
    min: i32,
    /// At most so many were wanted.
    max: i32,
    /// How many this run seats; absent where the group, or the rest, is too small to be told.
    #[oai(skip_serializing_if_is_none)]
    seated: Option<u64>,
    /// Whether the number is withheld.
    withheld: bool,
}

/// How places were shared out among groups.
#[derive(Object)]
pub struct GroupsOut {
    /// Each quota.
    quotas: Vec<GroupOut>,
    /// Whether all of them were kept as they are.
    kept: bool,
    /// Whether the chances are proved to be the fairest.
    fairest: bool,
    /// What stood against the quotas, and what was changed, in plain sentences.
    trouble: Vec<String>,
}

impl GroupsOut {
    /// As far as it may be told: who was drawn is known by name to some, so a small number would say who belongs to a group.
    pub fn of(kept: Option<&Value>, minimum: i32) -> Option<Self> {
        let grounds = Grounds::read(kept).filter(|grounds| !grounds.quotas.is_empty())?;
        let minimum = u64::try_from(minimum).unwrap_or(5);
        let seated: Vec<u64> = (0..grounds.quotas.len()).map(|at| grounds.seated.get(at).copied().unwrap_or(0).into()).collect();
        let shown = shown(&grounds.quotas, &seated, grounds.drawn.into(), minimum);
        let quota = |(quota, seated): (&entity::SeatQuota, &Option<u64>)| GroupOut {
            dimension: quota.dimension.clone(),
            category: quota.category.clone(),
            min: quota.min,
            max: quota.max,
            seated: *seated,
            withheld: seated.is_none(),
        };
        Some(Self {
            quotas: grounds.quotas.iter().zip(&shown).map(quota).collect(),
            kept: grounds.trouble.is_none(),
            fairest: grounds.fairness.as_ref().is_some_and(|fairness| fairness.fairest),
            trouble: grounds.told(minimum),
        })
    }
}

/// What a draw would do for one group.
#[derive(Object)]
pub struct ChancesOut {
    /// The kind of fact; absent for those who count for no group.
    #[oai(skip_serializing_if_is_none)]
    dimension: Option<String>,
    /// The group.
    #[oai(skip_serializing_if_is_none)]
    category: Option<String>,
    /// People of it who may be asked; absent where they, or the others, are too few to be told.
    #[oai(skip_serializing_if_is_none)]
    people: Option<u32>,
    /// The smallest chance of one of them, from 0 to 1.
    #[oai(skip_serializing_if_is_none)]
    smallest_chance: Option<f64>,
    /// The mean of their chances.
    #[oai(skip_serializing_if_is_none)]
    mean_chance: Option<f64>,
    /// At least so many are wanted; absent for those who count for no group.
    #[oai(skip_serializing_if_is_none)]
    min: Option<i32>,
    /// At most so many are wanted.
    #[oai(skip_serializing_if_is_none)]
    max: Option<i32>,
    /// Letters that go to the group first, on average over the draw.
    #[oai(skip_serializing_if_is_none)]
    letters: Option<u64>,
    /// Yeses that can be expected of these letters.
    #[oai(skip_serializing_if_is_none)]
    expected: Option<RangeOut>,
    /// Yeses that could be expected if everybody of the group who may be asked were asked. Where that is less than is wanted, the
    /// quota is likely not to be kept.
    #[oai(skip_serializing_if_is_none)]
    expected_of_all: Option<RangeOut>,
    /// Whether the numbers are withheld.
    withheld: bool,
}

/// So many yeses can be expected, by how often people said yes in the last two years.
#[derive(Object)]
pub struct RangeOut {
    /// In nine of ten cases so many say yes at least.
    least: u64,
    /// As likely more as fewer say yes.
    likely: u64,
    /// In nine of ten cases so many say yes at most.
    most: u64,
}

impl From<Range> for RangeOut {
    fn from(Range { least, likely, most }: Range) -> Self {
        Self { least, likely, most }
    }
}

/// What a draw would do for groups.
#[derive(Object)]
pub struct OutlookOut {
    /// Whether it was worked out. If not, ask again in a moment.
    ready: bool,
    /// Each quota, and last those who count for no group.
    chances: Vec<ChancesOut>,
    /// What stands against the quotas, in plain sentences.
    trouble: Vec<String>,
}

impl From<Groups> for OutlookOut {
    fn from(groups: Groups) -> Self {
        let Groups::Known { chances, trouble } = groups else {
            return Self { ready: false, chances: Vec::new(), trouble: Vec::new() };
        };
        let row = |(quota, chances): (Option<entity::SeatQuota>, Option<crate::matching::outlook::Chances>)| {
            let (min, max) = quota.as_ref().map(|quota| (quota.min, quota.max)).unzip();
            let (dimension, category) = quota.map(|quota| (quota.dimension, quota.category)).unzip();
            let expected = chances.map(|chances| chances.expected);
            ChancesOut {
                dimension,
                category,
                min,
                max,
                letters: expected.map(|expected| expected.letters),
                expected: expected.map(|expected| expected.first.into()),
                expected_of_all: expected.map(|expected| expected.all.into()),
                people: chances.map(|chances| chances.people),
                smallest_chance: chances.map(|chances| chances.smallest),
                mean_chance: chances.map(|chances| chances.mean),
                withheld: chances.is_none(),
            }
        };
        Self { ready: true, chances: chances.into_iter().map(row).collect(), trouble }
    }
}

/// How many of those who are asked can be expected to say yes.
#[derive(Object)]
pub struct ForecastOut {
    /// Letters.
    letters: u64,
    /// In nine of ten cases so many say yes at least.
    least: u64,
    /// As likely more as fewer say yes.
    likely: u64,
    /// In nine of ten cases so many say yes at most.
    most: u64,
    /// How many were asked about the same kind of thing in the last two years. The fewer, the wider the range.
    asked_before: u64,
    /// How many of them said yes.
    yes_before: u64,
}

impl From<Forecast> for ForecastOut {
    fn from(forecast: Forecast) -> Self {
        let Forecast { letters, yes: Range { least, likely, most }, asked_before, yes_before } = forecast;
        Self { letters, least, likely, most, asked_before, yes_before }
    }
}

/// How a group stands against what was wanted.
#[derive(Object)]
pub struct GroupStandingOut {
    /// The kind of fact.
    dimension: String,
    /// The group.
    category: String,
    /// At least so many were wanted.
    min: i32,
    /// At most so many were wanted.
    max: i32,
    /// How many were asked; absent where the number is withheld, as below.
    #[oai(skip_serializing_if_is_none)]
    asked: Option<u64>,
    /// How many said yes.
    #[oai(skip_serializing_if_is_none)]
    accepted: Option<u64>,
    /// How many have a place.
    #[oai(skip_serializing_if_is_none)]
    seated: Option<u64>,
    /// How many will have said yes in the end: those who have, and what can be expected of those who have not answered, by how long
    /// ago they were asked.
    #[oai(skip_serializing_if_is_none)]
    expected: Option<RangeOut>,
}

/// How many will have said yes in the end.
#[derive(Object)]
pub struct ComingOut {
    /// People who were asked.
    asked: u64,
    /// People who said yes.
    accepted: u64,
    /// Places there are.
    #[oai(skip_serializing_if_is_none)]
    places: Option<i32>,
    /// How many will have said yes in the end; absent where nobody can answer any more.
    #[oai(skip_serializing_if_is_none)]
    expected: Option<RangeOut>,
}

/// How groups stand.
pub struct GroupsApi(pub Platform);

#[OpenApi(tag = "Chapter::Matching")]
impl GroupsApi {
    /// See how groups stand
    ///
    /// Of each quota: how many were asked, said yes and have a place. Numbers about few people are withheld, with those that would
    /// give them away.
    #[oai(path = "/organisations/:organisation/opportunities/:opportunity/groups", method = "get", operation_id = "getGroups")]
    async fn groups(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<Vec<GroupStandingOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let home = organisations::get(&self.0, actor.organisation).await?;
        let db = self.0.db.read();
        let way = ways::find(db, actor.organisation, opportunity.0).await?;
        let groups = standing::read(db, &home, &way, self.0.clock.now()).await?.groups;
        let out = |group: standing::Group| GroupStandingOut {
            dimension: group.quota.dimension,
            category: group.quota.category,
            min: group.quota.min,
            max: group.quota.max,
            asked: group.asked,
            accepted: group.accepted,
            seated: group.seated,
            expected: group.expected.map(Into::into),
        };
        Ok(Fine::new(&groups.into_iter().map(out).collect::<Vec<_>>()))
    }

    /// Forecast how many will say yes
    ///
    /// While answers are taken: those who have said yes, and what can be expected of those who have not answered, by how long ago they
    /// were asked and by what people did before who had been silent as long.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/forecast",
        method = "get",
        operation_id = "getForecast"
    )]
    async fn forecast(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<ComingOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let home = organisations::get(&self.0, actor.organisation).await?;
        let db = self.0.db.read();
        let way = ways::find(db, actor.organisation, opportunity.0).await?;
        let standing::Standing { asked, accepted, expected, .. } = standing::read(db, &home, &way, self.0.clock.now()).await?;
        Ok(Fine::new(&ComingOut { asked, accepted, places: way.places, expected: expected.map(Into::into) }))
    }
}
