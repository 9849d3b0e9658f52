//! What can be expected of those who have not answered yet. Whoever was asked yesterday may well answer; whoever has been silent for
//! weeks seldom does. So people are taken by how long ago they were asked, and held against those who once were as long silent.

use super::{
    forecast::{Range, Replies, learnt, odds},
    letters::Rates,
    rates::{asked, by_group, of_those, said_yes},
};
use crate::platform::{Error, Result};
use chrono::TimeDelta;
use entity::{InvitationState, OrganisationId, Time, invitation, opportunity};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, Select,
    sea_query::{Expr, ExprTrait, SimpleExpr},
};
use std::collections::HashMap;

/// Silences that are told apart, by the days at which they begin.
const SILENT: [i64; 5] = [0, 2, 4, 7, 14];
/// Whoever was asked less long ago may still answer, even after the longest of these.
const STILL: TimeDelta = TimeDelta::days(28);
/// How many there are of each silence.
pub type BySilence = [u64; SILENT.len()];

/// Of those who once were so long silent: how many there were, and how many of them said yes later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Late([Replies; SILENT.len()]);

/// People who have not answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// All of them.
    pub all: BySilence,
    /// By kind of fact and group.
    pub of: HashMap<(String, String), BySilence>,
}

/// One row of sums.
#[derive(FromQueryResult)]
struct Sums {
    s0: Option<i64>,
    s1: Option<i64>,
    s2: Option<i64>,
    s3: Option<i64>,
    s4: Option<i64>,
}

#[derive(FromQueryResult)]
struct SumsOf {
    dimension: String,
    category: String,
    #[sea_orm(nested)]
    sums: Sums,
}

impl Sums {
    fn numbers(&self) -> BySilence {
        [self.s0, self.s1, self.s2, self.s3, self.s4].map(|sum| sum.and_then(|sum| u64::try_from(sum).ok()).unwrap_or(0))
    }
}

/// Of "so long or longer", "so long".
fn apart(mut sums: BySilence) -> BySilence {
    for at in 1..sums.len() {
        sums[at - 1] = sums[at - 1].saturating_sub(sums[at]);
    }
    sums
}

impl Late {
    /// What was asked by an organisation in the last two years, and what came of it when.
    pub async fn read(connection: &impl ConnectionTrait, organisation: OrganisationId, now: Time) -> Result<Self> {
        let silent = |days: i64| {
            let of = |column| Expr::col((invitation::Entity, column));
            let between = [of(invitation::Column::RepliedAt), of(invitation::Column::CreatedAt)];
            let waited = match connection.get_database_backend() {
                DbBackend::Sqlite => Expr::cust_with_exprs("julianday(?) - julianday(?)", between),
                _ => Expr::cust_with_exprs("EXTRACT(EPOCH FROM $1 - $2) / 86400", between),
            };
            invitation::Column::RepliedAt.is_null().or(waited.gte(days))
        };
        let sums = async |which: fn(SimpleExpr) -> SimpleExpr| {
            let query = asked(organisation, now).filter(invitation::Column::CreatedAt.lte(now - STILL)).select_only();
            let query =
                (0..).zip(SILENT).fold(query, |query, (n, days)| query.expr_as(of_those(which(silent(days))), format!("s{n}")));
            let found: Option<Sums> = query.into_model().one(connection).await?;
            Ok::<_, Error>(found.map(|sums| sums.numbers()).unwrap_or_default())
        };
        let (were, yes) = (sums(|silent| silent).await?, sums(|silent| silent.and(said_yes())).await?);
        Ok(Self(std::array::from_fn(|at| (were[at], yes[at]))))
    }

    /// How many of those who have not answered can be expected to say yes: altogether, or of the group of a quota, which does so more
    /// or less often than others.
    pub fn expected(&self, pending: BySilence, rates: &Rates, quota: Option<usize>) -> Range {
        let all = rates.overall();
        let replies = quota.and_then(|quota| rates.of.get(quota)).copied().unwrap_or_default();
        let more = odds(learnt(replies, all).0) / odds(all);
        let (mut before, mut share, mut weight) = (all, 0.0, 0.0);
        for (late, people) in self.0.iter().zip(pending) {
            // As long as little is known of a silence, it is taken as the one before.
            let (yes, answers) = learnt(*late, before);
            before = yes;
            let of_group = odds(yes) * more;
            share += people as f64 * of_group / (1.0 + of_group);
            weight += people as f64 * answers;
        }
        let people: u64 = pending.iter().sum();
        match people {
            0 => Range::default(),
            people => Range::of(people, share / people as f64, weight / people as f64),
        }
    }
}

impl Pending {
    /// Those who have not answered about an opportunity: all of them, and where groups are wanted, by the facts that may be counted.
    pub async fn read(connection: &impl ConnectionTrait, about: &opportunity::Model, groups: bool, now: Time) -> Result<Self> {
        let waits = || {
            let waits = invitation::Entity::find()
                .select_only()
                .filter(invitation::Column::OrganisationId.eq(about.organisation_id))
                .filter(invitation::Column::OpportunityId.eq(about.id))
                .filter(invitation::Column::State.eq(InvitationState::Sent));
            (0..).zip(SILENT).fold(waits, |waits: Select<_>, (n, days)| {
                let asked = invitation::Column::CreatedAt.lte(now - TimeDelta::days(days));
                waits.expr_as(of_those(asked), format!("s{n}"))
            })
        };
        let all: Option<Sums> = waits().into_model().one(connection).await?;
        let all = all.map(|sums| apart(sums.numbers())).unwrap_or_default();
        if !groups {
            return Ok(Self { all, of: HashMap::new() });
        }
        let rows: Vec<SumsOf> = by_group(waits(), about.organisation_id, now).into_model().all(connection).await?;
        let of = rows.into_iter().map(|row| ((row.dimension, row.category), apart(row.sums.numbers()))).collect();
        Ok(Self { all, of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_somebody_is_silent_the_less_is_expected() {
        let late = Late([(400, 160), (300, 60), (260, 30), (240, 12), (220, 2)]);
        let rates = Rates { all: (400, 160), of: vec![(200, 20), (200, 140)] };
        let likely = |at: usize, quota| {
            let mut pending = BySilence::default();
            pending[at] = 100;
            late.expected(pending, &rates, quota).likely
        };
        let by = [0, 1, 2, 3, 4].map(|at| likely(at, None));
        assert!(by.windows(2).all(|two| two[0] > two[1]), "{by:?}");
        assert!((38..=42).contains(&by[0]) && by[4] <= 2, "{by:?}");
        assert!(likely(0, Some(0)) < by[0] && by[0] < likely(0, Some(1)), "groups differ");
        assert_eq!(late.expected(BySilence::default(), &rates, None), Range::default());
        // Nothing is known of silences: they are taken as people who were just asked.
        let unknown = Late::default().expected([0, 0, 0, 0, 100], &rates, None);
        assert!((36..=44).contains(&unknown.likely), "{unknown:?}");
    }

    #[test]
    fn whoever_is_longer_silent_is_counted_once() {
        assert_eq!(apart([10, 7, 7, 3, 1]), [3, 0, 4, 2, 1]);
    }
}
