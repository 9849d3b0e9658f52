//! What a plan rests on: opportunities with what they aim for, and people by kinds. Pure, and the same on every machine.

use super::RULES;
use crate::{
    matching::{groups::CountsFor, letters::Rates, lottery::NUMBER},
    platform::secret::sha256,
};
use serde::{Deserialize, Serialize};
use sortition::sharing::{self, Bound, May, Plan};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Bytes of a line of the pool: a number of 16 bytes, a kind of 4, and how long ago somebody was asked.
pub const LINE: usize = NUMBER + 5;
/// Bytes of a chance.
pub(super) const CHANCE: usize = 8;

/// An opportunity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asking {
    /// How many expected yeses it aims for.
    pub aim: f64,
    /// Minutes of the time of whoever says yes, preparation included.
    pub minutes: u32,
    /// At least and at most so many expected yeses of a group.
    pub quotas: Vec<(f64, f64)>,
}

/// What the people of a kind may be asked for: which opportunity, their chance to say yes, and the quotas they count for.
pub type For = (u32, f64, Vec<u32>);

/// People whom nothing tells apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kind {
    /// How many there are.
    pub people: u32,
    /// What they may be asked for.
    pub may: Vec<For>,
    /// Letters that each can get, at most.
    pub cap: u32,
    /// Minutes that each can be asked for, where that matters.
    pub minutes: Option<u32>,
}

/// Opportunities and people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// The opportunities.
    pub askings: Vec<Asking>,
    /// The people.
    pub kinds: Vec<Kind>,
}

/// Somebody who may be asked for one of the opportunities at least.
#[derive(Clone, Debug, Default)]
pub(super) struct One {
    /// For which, and the groups they count for there, as a place among all sets of groups.
    pub may: Vec<(u32, u32)>,
    /// Letters they can still get this month; none for no limit.
    pub letters: Option<u32>,
    /// Minutes they can still be asked for this month; none for no limit.
    pub minutes: Option<u32>,
    /// How long ago they were asked last, in months; the longer, the larger.
    pub waited: u8,
}

/// The most minutes of some of these that are within a limit, or `None` where all that can be asked together are.
fn within(minutes: &[u32], cap: usize, limit: u32) -> Option<u32> {
    let mut sorted = minutes.to_vec();
    sorted.sort_unstable_by_key(|minutes| std::cmp::Reverse(*minutes));
    let most: u64 = sorted.iter().take(cap).map(|minutes| u64::from(*minutes)).sum();
    if most <= u64::from(limit) {
        return None;
    }
    let sums = (0u32..1 << minutes.len()).filter(|set| set.count_ones() as usize <= cap).map(|set| {
        let taken = minutes.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
        taken.map(|(_, minutes)| u64::from(*minutes)).sum::<u64>()
    });
    let best = sums.filter(|sum| *sum <= u64::from(limit)).max().unwrap_or(0);
    Some(u32::try_from(best).unwrap_or(limit))
}

impl Problem {
    /// Of opportunities and people by their numbers; with the pool, in the order of the numbers.
    pub(super) fn of(
        askings: Vec<Asking>,
        rates: &[Rates],
        groups: &[CountsFor],
        people: &BTreeMap<Uuid, One>,
    ) -> (Self, Vec<u8>) {
        let mut limits: HashMap<(Vec<u32>, u32, u32), Option<u32>> = HashMap::new();
        let mut kinds = BTreeMap::new();
        let mut own = Vec::with_capacity(people.len());
        for one in people.values() {
            let cap = one.letters.unwrap_or(u32::MAX).min(u32::try_from(one.may.len()).unwrap_or(u32::MAX));
            let minutes = one.minutes.and_then(|limit| {
                let of: Vec<u32> = one.may.iter().map(|(at, _)| askings[*at as usize].minutes).collect();
                *limits.entry((of, cap, limit)).or_insert_with_key(|(of, cap, limit)| within(of, *cap as usize, *limit))
            });
            let key = (&one.may, cap, minutes);
            *kinds.entry(key).or_insert(0u32) += 1;
            own.push(key);
        }
        let places: BTreeMap<_, u32> = kinds.keys().zip(0..).collect();
        let mut pool = Vec::with_capacity(people.len() * LINE);
        for ((number, one), key) in people.iter().zip(&own) {
            pool.extend(number.as_bytes());
            pool.extend(places.get(key).copied().unwrap_or_default().to_be_bytes());
            pool.push(one.waited);
        }
        let may = |(at, of): &(u32, u32)| {
            let quotas = groups.get(*of as usize).cloned().unwrap_or_default();
            (*at, rates.get(*at as usize).map_or(1.0, |rates| rates.expected(&quotas)), quotas)
        };
        let kinds = kinds.iter().map(|((all, cap, minutes), people)| Kind {
            people: *people,
            may: all.iter().map(may).collect(),
            cap: *cap,
            minutes: *minutes,
        });
        (Self { kinds: kinds.collect(), askings }, pool)
    }

    fn sharing(&self) -> sharing::Problem {
        let bound = |(min, max): &(f64, f64)| Bound { min: *min, max: *max };
        let asking = |asking: &Asking| sharing::Asking {
            aim: asking.aim,
            letters: u32::MAX,
            minutes: asking.minutes,
            quotas: asking.quotas.iter().map(bound).collect(),
        };
        let may = |(asking, rate, quotas): &For| May { asking: *asking, rate: *rate, quotas: quotas.clone() };
        let kind = |kind: &Kind| sharing::Kind {
            people: kind.people,
            may: kind.may.iter().map(may).collect(),
            cap: kind.cap,
            minutes: kind.minutes,
        };
        sharing::Problem { askings: self.askings.iter().map(asking).collect(), kinds: self.kinds.iter().map(kind).collect() }
    }

    /// The fairest plan, and whether it is proved to be. `None` if none was found.
    pub fn plan(&self) -> Option<(Plan, bool)> {
        let problem = self.sharing();
        let plan = sharing::plan(&problem).ok()?;
        let proved = plan.proved && sharing::check(&problem, &plan).is_ok();
        Some((plan, proved))
    }

    /// Of each kind, the chance of a letter for each opportunity in turn.
    pub(super) fn chances(&self, plan: &Plan) -> Vec<u8> {
        let mut chances = Vec::with_capacity(self.kinds.len() * self.askings.len() * CHANCE);
        for (kind, letters) in self.kinds.iter().zip(&plan.letters) {
            let mut row = vec![0.0; self.askings.len()];
            for ((at, ..), letters) in kind.may.iter().zip(letters) {
                row[*at as usize] = letters / f64::from(kind.people);
            }
            chances.extend(row.into_iter().flat_map(f64::to_be_bytes));
        }
        chances
    }

    /// Who of a pool gets letters for what: a list of opportunities for each line. `None` if the plan is not about this pool.
    pub fn draw(&self, plan: &Plan, pool: &[u8], seed: &str) -> Option<Vec<Vec<u32>>> {
        let mut members: Vec<Vec<usize>> = self.kinds.iter().map(|kind| Vec::with_capacity(kind.people as usize)).collect();
        let mut waited: Vec<Vec<u32>> = members.clone().into_iter().map(|_| Vec::new()).collect();
        if !pool.len().is_multiple_of(LINE) {
            return None;
        }
        for (at, line) in pool.chunks_exact(LINE).enumerate() {
            let kind = u32::from_be_bytes(line[NUMBER..NUMBER + 4].try_into().ok()?) as usize;
            members.get_mut(kind)?.push(at);
            waited.get_mut(kind)?.push(u32::from(line[NUMBER + 4]));
        }
        let mut text = format!("{RULES}\n{seed}\n").into_bytes();
        text.extend(sha256(pool));
        text.push(b'\n');
        text.extend(sha256(&self.bytes()));
        let seed: [u8; 32] = sha256(&text).try_into().ok()?;
        let asked = plan.draw(&self.sharing(), &waited, seed).ok()?;
        let mut of = vec![Vec::new(); pool.len() / LINE];
        for (members, asked) in members.iter().zip(asked.kinds) {
            if members.len() != asked.len() {
                return None;
            }
            for (at, letters) in members.iter().zip(asked) {
                of[*at] = letters;
            }
        }
        Some(of)
    }

    /// As it is kept.
    pub fn bytes(&self) -> Vec<u8> {
        // Numbers and lists of them always can be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What was kept.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(may: &[u32], letters: Option<u32>, waited: u8) -> One {
        One { may: may.iter().map(|at| (*at, 0)).collect(), letters, minutes: None, waited }
    }

    fn asking(aim: f64) -> Asking {
        Asking { aim, minutes: 60, quotas: Vec::new() }
    }

    /// People by numbers that depend on where they stand.
    fn people(all: impl IntoIterator<Item = One>) -> BTreeMap<Uuid, One> {
        (1u128..).map(|n| Uuid::from_u128(n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))).zip(all).collect()
    }

    fn sure() -> Vec<Rates> {
        vec![Rates { all: (1_000_000, 1_000_000), of: Vec::new() }; 2]
    }

    #[test]
    fn minutes_matter_where_they_bind() {
        assert_eq!(within(&[60, 30], 2, 90), None);
        assert_eq!(within(&[60, 30], 2, 80), Some(60));
        assert_eq!(within(&[60, 30], 1, 60), None, "one at a time is within the limit");
        assert_eq!(within(&[60, 45, 30], 3, 100), Some(90));
        assert_eq!(within(&[60], 1, 20), Some(0));
    }

    #[test]
    fn the_asking_is_shared() {
        // Two opportunities need ten each; twenty people may be asked for both, and nobody is asked twice.
        let all = people((0..20).map(|_| one(&[0, 1], None, 0)));
        let (problem, pool) = Problem::of(vec![asking(10.0), asking(10.0)], &sure(), &[Vec::new()], &all);
        let (plan, proved) = problem.plan().unwrap();
        assert!(proved);
        let asked = problem.draw(&plan, &pool, "seed").unwrap();
        assert!(asked.iter().all(|letters| letters.len() == 1), "{asked:?}");
        let first = asked.iter().filter(|letters| letters[0] == 0).count();
        assert_eq!(first, 10);
        assert_eq!(problem.draw(&plan, &pool, "seed").unwrap(), asked);
        assert_ne!(problem.draw(&plan, &pool, "another").unwrap(), asked);
        assert_eq!(Problem::read(&problem.bytes()).unwrap(), problem);
    }

    #[test]
    fn whoever_waited_longest_comes_first_and_nobody_gets_more_than_they_want() {
        let all = people((0..30).map(|n| one(&[0, 1], Some(1), if n < 10 { 13 } else { 0 })));
        let (problem, pool) = Problem::of(vec![asking(6.0), asking(4.0)], &sure(), &[Vec::new()], &all);
        let (plan, _) = problem.plan().unwrap();
        let asked = problem.draw(&plan, &pool, "seed").unwrap();
        assert_eq!(asked.iter().map(Vec::len).sum::<usize>(), 10);
        for (letters, line) in asked.iter().zip(pool.chunks_exact(LINE)) {
            assert_eq!(letters.len(), usize::from(line[LINE - 1] == 13), "those who waited");
        }
        assert!(problem.draw(&plan, &pool[1..], "seed").is_none() && problem.draw(&plan, &pool[LINE..], "seed").is_none());
    }
}
