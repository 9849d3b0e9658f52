//! What a draw would do for the people who may be asked, before anybody is asked: chances by group, and whether the quotas can be
//! kept. Worked out by the queue from the counts that were kept, and kept with them.

use super::{
    forecast::Range,
    grounds::Grounds,
    groups::CountsFor,
    letters::{self, Letters},
    people::Question,
    rates,
    runs::panel::{self, Ease, Worked},
    seats::Panels,
};
use crate::{
    invitations::jobs::{Which, payload},
    platform::{
        Platform,
        jobs::{Fault, Next},
    },
};
use entity::{SeatQuota, match_count, opportunity};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sortition::{Kind, Problem};

/// Kind of the job that works it out.
pub const OUTLOOK: &str = "matching.outlook";

/// How many of a group can be expected to say yes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Letters that go to it first, on average over the draw.
    pub letters: u64,
    /// Yeses to them.
    pub first: Range,
    /// Yeses if everybody of it who may be asked were asked.
    pub all: Range,
}

/// What the chances of a group are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chances {
    /// People who may be asked.
    pub people: u32,
    /// The smallest chance of one of them.
    pub smallest: f64,
    /// The mean of their chances.
    pub mean: f64,
    /// What can be expected of them.
    #[serde(default)]
    pub expected: Expected,
}

/// What a draw would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    /// Where names are drawn later among those who say yes: letters that bring about twice as many yeses as there are places.
    #[serde(default)]
    pub letters: Option<u32>,
    /// Places that are free.
    pub seats: u32,
    /// Of each quota.
    pub groups: Vec<Chances>,
    /// Of those who count for none.
    pub silent: Chances,
    /// The quotas, and what stands against them.
    pub grounds: Grounds,
}

/// How kinds are kept with the counts.
pub fn kept(kinds: &[Kind]) -> Value {
    kinds.iter().map(|kind| serde_json::json!([kind.people, kind.quotas])).collect()
}

fn read(kept: Value) -> Option<Vec<Kind>> {
    let rows: Vec<(u32, CountsFor)> = serde_json::from_value(kept).ok()?;
    Some(rows.into_iter().map(|(people, quotas)| Kind { people, quotas }).collect())
}

/// Works out what a draw would do for those who were counted last.
pub async fn work_out(platform: Platform, value: Value) -> Result<Next, Fault> {
    let which: Which = payload(value)?;
    let (db, now) = (platform.db.read(), platform.clock.now());
    let key = (which.organisation, which.opportunity);
    let count = match_count::Entity::find_by_id(key).one(db).await?;
    let opportunity = opportunity::Entity::find_by_id(key).one(db).await?;
    let (Some(count), Some(opportunity)) = (count, opportunity) else { return Ok(Next::Done) };
    let (Some(quotas), Some(kinds)) = (count.quotas, count.kinds.and_then(read)) else { return Ok(Next::Done) };
    let question = Question::read(db, opportunity, now).await?;
    if question.quotas != quotas.0 {
        // They were changed since; whoever counts again sees the new ones.
        return Ok(Next::Done);
    }
    let (seats, before) = panel::taken(db, &platform, &question, now).await?;
    let mut grounds = Grounds { quotas: quotas.0, before, ..Grounds::default() };
    let problem = Problem { seats, quotas: grounds.left(), kinds: kinds.clone() };
    let rates = rates::of(db, which.organisation, &grounds.quotas, now).await?;
    let (letters, shared_out) = if question.gathers {
        let (kinds, people) = kinds.iter().map(|kind| (kind.quotas.clone(), kind.people)).unzip::<_, _, Vec<_>, Vec<_>>();
        let shared = Letters { seats, quotas: &grounds.left(), kinds: &kinds, people: &people, rates: &rates };
        let wanted = shared.needed().map(letters::wanted);
        (wanted, Some(wanted.and_then(|wanted| shared.of_kinds(wanted)).unwrap_or_else(|| vec![0.0; kinds.len()])))
    } else {
        (None, None)
    };
    let Worked { problem, solved, trouble } = platform.cpu.run(move || panel::work_out(problem, None, Ease::Not)).await?;
    grounds.trouble = trouble;
    let chances = solved.as_ref().map(|(panels, _)| Panels::chances(panels)).unwrap_or_else(|| vec![0.0; kinds.len()]);
    let seats_of = |kind: usize| f64::from(kinds[kind].people) * chances[kind];
    let of = |quota: Option<usize>| {
        let belongs = |kind: &Kind| match quota {
            Some(quota) => kind.quotas.iter().any(|of| *of as usize == quota),
            None => kind.quotas.is_empty(),
        };
        let group: Vec<usize> = (0..kinds.len()).filter(|at| belongs(&kinds[*at])).collect();
        let people: u32 = group.iter().map(|at| kinds[*at].people).sum();
        if people == 0 {
            return Chances::default();
        }
        let sum: f64 = group.iter().map(|at| seats_of(*at)).sum();
        // Where names are drawn at once, letters go to those who are drawn.
        let letters = shared_out.as_ref().map_or(sum, |shared| group.iter().map(|at| shared[*at]).sum()).round() as u64;
        let smallest = group.iter().map(|at| chances[*at]).fold(1.0, f64::min);
        let expected = Expected { letters, first: rates.range(quota, letters), all: rates.range(quota, people.into()) };
        Chances { people, smallest, mean: sum / f64::from(people), expected }
    };
    let groups = (0..grounds.quotas.len()).map(|quota| of(Some(quota))).collect();
    let silent = of(None);
    let outlook = Outlook { letters, seats: problem.seats, groups, silent, grounds };
    match_count::Entity::update_many()
        .col_expr(match_count::Column::Outlook, Expr::value(serde_json::to_value(outlook).unwrap_or_default()))
        .filter(match_count::Column::OrganisationId.eq(which.organisation))
        .filter(match_count::Column::OpportunityId.eq(which.opportunity))
        .filter(match_count::Column::CountedAt.eq(count.counted_at))
        .exec(platform.db.write())
        .await?;
    Ok(Next::Done)
}

/// A chance in words.
pub fn in_words(chance: f64) -> String {
    if chance <= 0.0 {
        "None".into()
    } else if chance >= 0.999_999 {
        "Certain".into()
    } else {
        let one_in = (1.0 / chance).round();
        // One of so many says it, where it is near enough.
        match one_in >= 2.0 && (1.0 / one_in - chance).abs() <= 0.04 * chance {
            true => format!("1 in {one_in:.0}"),
            false => format!("{:.0} in 100", (chance * 100.0 + 1e-9).floor()),
        }
    }
}

/// The groups of the quotas with those of nobody behind them.
pub fn rows(outlook: &Outlook) -> impl Iterator<Item = (Option<&SeatQuota>, Chances)> {
    let quotas = outlook.grounds.quotas.iter().map(Some);
    quotas.zip(outlook.groups.iter().copied()).chain([(None, outlook.silent)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_are_said_in_words() {
        let said = [0.0, 0.021, 0.25, 0.34, 0.4, 0.5, 0.667, 0.9999, 1.0].map(in_words);
        assert_eq!(said, ["None", "1 in 48", "1 in 4", "1 in 3", "40 in 100", "1 in 2", "66 in 100", "99 in 100", "Certain"]);
    }

    #[test]
    fn kinds_are_read_as_they_were_kept() {
        let kinds = vec![Kind { people: 3, quotas: vec![] }, Kind { people: 1, quotas: vec![0, 2] }];
        assert_eq!(read(kept(&kinds)), Some(kinds));
    }
}
