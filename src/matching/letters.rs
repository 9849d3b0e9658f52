//! Whom letters go to where names are drawn later among those who say yes.
//!
//! The fairest draw over everybody who may be asked says how many of each kind of people are to be seated (`sortition::relaxed`).
//! Some kinds say yes less often than others, so more letters go to them: as many as seats over the share that is expected to say
//! yes. Within a kind those come first who were asked least recently, by months; within a month everybody has the same chance.
//!
//! What cannot be a whole number is rounded by lot: a lottery over ways to round, each as likely as the others, so that the file of
//! the draw has the same form as that of any other.

use super::{
    forecast::{Range, Replies, learnt, odds},
    groups::CountsFor,
    seats::Panels,
};
use chrono::TimeDelta;
use entity::Time;
use serde::{Deserialize, Serialize};
use sortition::{Kind, Panel, Problem, relaxed};
use std::collections::BTreeMap;

/// Name of these rules, kept with each draw.
pub const RULES: &str = "letters-1";
/// Nobody is thought to say yes less often than this: letters do not grow without bound where few were asked.
const LEAST: f64 = 0.02;
/// What is thought before anybody answered: two of ten say yes.
const BEFORE: (f64, f64) = (10.0, 2.0);
/// Months that are told apart; whoever was asked longer ago counts as if it were so long.
const MONTHS: u32 = 12;
/// So many recencies are told apart: those who never were asked, and the months.
pub const RECENCIES: u32 = MONTHS + 2;
/// Numbers that lotteries over ways to round have in all, about.
const NUMBERS: usize = 200_000;
/// Ways to round, at most.
const WAYS: usize = 128;
/// Yeses that are aimed at for each place, where nobody says how many letters are to go out: enough that quotas can be kept among
/// those who say yes, and that somebody stands in reserve.
const YESES: f64 = 2.0;
/// What one letter is in whole numbers.
const ONE: u64 = 1 << 32;

/// How often people say yes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// All who were asked.
    pub all: Replies,
    /// Those who count for each quota.
    pub of: Vec<Replies>,
}

impl Rates {
    /// The share of all that is expected to say yes.
    pub fn overall(&self) -> f64 {
        ((self.all.1 as f64 + BEFORE.1) / (self.all.0 as f64 + BEFORE.0)).max(LEAST)
    }

    /// How many yeses come of so many letters to people who count for one quota, or to anybody.
    pub fn range(&self, quota: Option<usize>, letters: u64) -> Range {
        let all = self.overall();
        let replies = quota.map_or(Some(self.all), |quota| self.of.get(quota).copied()).unwrap_or_default();
        let (share, answers) = learnt(replies, all);
        Range::of(letters, share.max(LEAST), answers)
    }

    /// The share that is expected to say yes of people who count for these quotas: each of their groups makes it more or less likely
    /// by as much as it did before, as odds.
    pub fn expected(&self, quotas: &[u32]) -> f64 {
        let all = self.overall();
        let of = quotas.iter().filter_map(|quota| self.of.get(*quota as usize));
        let own = of.fold(odds(all), |found, (asked, yes)| found * odds(learnt((*asked, *yes), all).0) / odds(all));
        (own / (1.0 + own)).clamp(LEAST, 1.0)
    }
}

/// How many letters go out where nobody says how many, if so many bring about one yes for each place: between one and a million.
pub fn wanted(needed: f64) -> u32 {
    (needed * YESES).ceil().clamp(1.0, 1_000_000.0) as u32
}

/// How long ago somebody was asked: 0 for those who never were, and the more the more recently.
pub fn recency(asked: Option<Time>, now: Time) -> u32 {
    let Some(asked) = asked else { return 0 };
    let months = (now - asked).max(TimeDelta::zero()).num_days() / 30;
    1 + MONTHS.saturating_sub(u32::try_from(months).unwrap_or(MONTHS))
}

/// What people count for with how long ago they were asked, as one kind of the pool. Behind the quotas stands one number for
/// those who wait, and then one for each recency.
pub fn with_recency(mut counts_for: CountsFor, recency: u32, quotas: usize) -> CountsFor {
    counts_for.push(u32::try_from(quotas).unwrap_or(u32::MAX).saturating_add(1 + recency));
    counts_for
}

fn split(kind: &CountsFor, quotas: u32) -> (&[u32], u32) {
    let own = kind.partition_point(|quota| *quota < quotas);
    (&kind[..own], kind.last().map_or(0, |last| last.saturating_sub(quotas + 1)))
}

/// What letters are shared out by.
pub struct Letters<'a> {
    /// The places.
    pub seats: u32,
    /// The quotas that are kept.
    pub quotas: &'a [sortition::Quota],
    /// What each kind of the pool counts for, with its recency.
    pub kinds: &'a [CountsFor],
    /// How many people of each kind there are.
    pub people: &'a [u32],
    /// How often people say yes.
    pub rates: &'a Rates,
}

impl Letters<'_> {
    /// The kinds by quotas alone: the seats expected of each, the share expected to say yes, and the places of its kinds in the pool,
    /// those who were asked least recently first. `None` if nobody's seats keep the quotas.
    fn groups(&self) -> Option<Vec<(f64, f64, Vec<usize>)>> {
        let quotas = u32::try_from(self.quotas.len()).unwrap_or(u32::MAX);
        let mut by: BTreeMap<&[u32], Vec<(u32, usize)>> = BTreeMap::new();
        for (at, kind) in self.kinds.iter().enumerate() {
            let (own, recency) = split(kind, quotas);
            by.entry(own).or_default().push((recency, at));
        }
        let people = |of: &[(u32, usize)]| of.iter().map(|(_, at)| self.people[*at]).sum();
        let kinds: Vec<Kind> = by.iter().map(|(own, of)| Kind { people: people(of), quotas: own.to_vec() }).collect();
        let all: u64 = self.people.iter().map(|people| u64::from(*people)).sum();
        let seats = self.seats.min(u32::try_from(all).unwrap_or(u32::MAX));
        let seats = relaxed::relaxed(&Problem { seats, quotas: self.quotas.to_vec(), kinds })?.seats;
        by.values_mut().for_each(|of| of.sort_unstable());
        let groups = by.into_iter().zip(seats);
        Some(
            groups
                .map(|((own, of), seats)| (seats, self.rates.expected(own), of.into_iter().map(|(_, at)| at).collect()))
                .collect(),
        )
    }

    /// Letters that are needed so that as many are expected to say yes as there are places.
    pub fn needed(&self) -> Option<f64> {
        Some(self.groups()?.iter().map(|(seats, yes, _)| seats / yes).sum())
    }

    /// The lottery over ways to round: who of each kind gets one of so many letters. `None` if nobody's seats keep the quotas, or
    /// nobody can be asked.
    pub fn lottery(&self, letters: u32) -> Option<Panels> {
        Some(rounded(&self.shared_out(letters)?, self.people))
    }

    /// How many of so many letters each kind gets before that is rounded.
    pub fn of_kinds(&self, letters: u32) -> Option<Vec<f64>> {
        Some(self.shared_out(letters)?.into_iter().map(|share| share as f64 / ONE as f64).collect())
    }

    /// How many of so many letters each kind gets, in whole parts of [`ONE`].
    fn shared_out(&self, letters: u32) -> Option<Vec<u64>> {
        let groups = self.groups()?;
        let of_group: Vec<f64> = groups.iter().map(|(_, _, of)| of.iter().map(|at| f64::from(self.people[*at])).sum()).collect();
        let weights: Vec<f64> = groups.iter().map(|(seats, yes, _)| if *seats > 1e-9 { seats / yes } else { 0.0 }).collect();
        let most: f64 = of_group.iter().zip(&weights).filter(|(_, weight)| **weight > 0.0).map(|(people, _)| people).sum();
        let letters = u64::from(letters).min(most as u64);
        if letters == 0 {
            return None;
        }
        let shares = shares(&of_group, &weights, letters as f64);
        let mut expected = vec![0; self.people.len()];
        for ((_, _, of), share) in groups.iter().zip(&shares) {
            let mut left = (share * ONE as f64) as u64;
            for at in of {
                expected[*at] = left.min(u64::from(self.people[*at]) * ONE);
                left -= expected[*at];
            }
        }
        self.fill_up(&mut expected, letters * ONE, &groups);
        Some(expected)
    }

    /// What is lost where shares become whole parts of letters goes to the first who can have it.
    fn fill_up(&self, expected: &mut [u64], wanted: u64, groups: &[(f64, f64, Vec<usize>)]) {
        let mut missing = wanted.saturating_sub(expected.iter().sum());
        let mut over = expected.iter().sum::<u64>().saturating_sub(wanted);
        for at in groups.iter().filter(|(seats, ..)| *seats > 1e-9).flat_map(|(_, _, of)| of) {
            let more = missing.min(u64::from(self.people[*at]) * ONE - expected[*at]);
            let less = over.min(expected[*at]);
            expected[*at] = expected[*at] + more - less;
            (missing, over) = (missing - more, over - less);
        }
    }
}

/// So much for everybody that each has a share by weight, and none more than there is room for.
fn shares(room: &[f64], weights: &[f64], wanted: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..room.len()).filter(|at| weights[*at] > 0.0).collect();
    order.sort_by(|a, b| (room[*a] / weights[*a]).total_cmp(&(room[*b] / weights[*b])).then(a.cmp(b)));
    let (mut left, mut weight) = (wanted, order.iter().map(|at| weights[*at]).sum::<f64>());
    let mut shares = vec![0.0; room.len()];
    for at in order {
        shares[at] = (left * weights[at] / weight).min(room[at]).max(0.0);
        (left, weight) = (left - shares[at], weight - weights[at]);
    }
    shares
}

/// Rounds by one number between 0 and 1 for all, for as many such numbers as the record has room for: each kind gets what is expected,
/// rounded up or down, and together they always get the same.
fn rounded(expected: &[u64], people: &[u32]) -> Panels {
    let kinds = expected.iter().filter(|share| **share > 0).count().max(1);
    let ways = (NUMBERS / kinds).clamp(1, WAYS) as u64;
    let (mut panels, mut tickets): (Vec<Panel>, Vec<u64>) = (Vec::new(), Vec::new());
    for way in 0..ways {
        let begin = (way * ONE + ONE / 2) / ways;
        let (mut sum, mut panel) = (begin, Vec::new());
        for (kind, share) in (0..).zip(expected) {
            let before = sum / ONE;
            sum += share;
            let many = u32::try_from(sum / ONE - before).unwrap_or(u32::MAX);
            if many > 0 {
                panel.push((kind, many));
            }
        }
        if panels.last() == Some(&panel) {
            tickets.last_mut().into_iter().for_each(|tickets| *tickets += 1);
        } else {
            panels.push(panel);
            tickets.push(1);
        }
    }
    let seats = panels.first().map_or(0, |panel| panel.iter().map(|(_, many)| many).sum());
    Panels { seats, people: people.to_vec(), panels, tickets }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sortition::Quota;

    fn quota(min: u32, max: u32) -> Quota {
        Quota { min, max }
    }

    #[test]
    fn those_who_seldom_say_yes_get_more_letters() {
        // Ten places, half for each group. The young said yes one time in ten, the old one time in two.
        let rates = Rates { all: (2000, 600), of: vec![(1000, 100), (1000, 500)] };
        let (young, old) = (rates.expected(&[0]), rates.expected(&[1]));
        assert!((young - 0.104).abs() < 0.002 && (old - 0.496).abs() < 0.002, "{young} {old}");
        let kinds = [with_recency(vec![0], 0, 2), with_recency(vec![1], 0, 2)];
        let quotas = [quota(5, 5), quota(5, 5)];
        let letters = Letters { seats: 10, quotas: &quotas, kinds: &kinds, people: &[500, 500], rates: &rates };
        assert!((letters.needed().unwrap() - (5.0 / young + 5.0 / old)).abs() < 1e-6);
        let lottery = letters.lottery(60).unwrap();
        let of_kinds = letters.of_kinds(60).unwrap();
        assert!((of_kinds[0] / of_kinds[1] - old / young).abs() < 1e-6 && (of_kinds[0] + of_kinds[1] - 60.0).abs() < 1e-6);
        let chances = lottery.chances();
        assert!((chances[0] / chances[1] - old / young).abs() < 0.05, "{chances:?}");
        assert!(lottery.panels.iter().all(|panel| panel.iter().map(|(_, many)| many).sum::<u32>() == 60));
        // Letters for more than there are go to all.
        let all = letters.lottery(5000).unwrap();
        assert_eq!((all.seats, all.panels), (1000, vec![vec![(0, 500), (1, 500)]]));
    }

    #[test]
    fn whoever_was_asked_least_recently_comes_first() {
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let ago = |days| Some(now - TimeDelta::days(days));
        assert_eq!([None, ago(900), ago(365), ago(100), ago(1)].map(|asked| recency(asked, now)), [0, 1, 1, 10, 13]);
        let kinds: Vec<CountsFor> = [0, 1, 13].map(|recency| with_recency(Vec::new(), recency, 0)).to_vec();
        let letters = Letters { seats: 3, quotas: &[], kinds: &kinds, people: &[4, 4, 4], rates: &Rates::default() };
        assert_eq!(letters.lottery(6).unwrap().chances(), [1.0, 0.5, 0.0]);
    }

    #[test]
    fn nobody_is_written_to_where_no_seats_keep_the_quotas() {
        let kinds = [with_recency(vec![0], 0, 1)];
        let letters = Letters { seats: 2, quotas: &[quota(0, 1)], kinds: &kinds, people: &[9], rates: &Rates::default() };
        assert_eq!((letters.needed(), letters.lottery(5)), (None, None));
    }

    proptest! {
        /// Whatever the pool: each way to round sends as many letters as were asked for, and no kind gets more than it has people; on
        /// average each gets what is expected.
        #[test]
        fn ways_to_round_agree(people in prop::collection::vec((1u32..40, 0u32..4, 0u32..14), 1..30), letters in 1u32..600) {
            let mut pool: BTreeMap<CountsFor, u32> = BTreeMap::new();
            for (many, group, recency) in people {
                let own = if group == 3 { vec![] } else { vec![group] };
                *pool.entry(with_recency(own, recency, 3)).or_default() += many;
            }
            let (kinds, people): (Vec<CountsFor>, Vec<u32>) = pool.into_iter().unzip();
            let quotas = [quota(0, 9), quota(0, 9), quota(0, 9)];
            let rates = Rates { all: (100, 20), of: vec![(50, 2), (30, 15), (0, 0)] };
            let letters_of = Letters { seats: 9, quotas: &quotas, kinds: &kinds, people: &people, rates: &rates };
            let lottery = letters_of.lottery(letters).unwrap();
            let all: u32 = people.iter().sum();
            prop_assert_eq!(lottery.seats, letters.min(all));
            for panel in &lottery.panels {
                prop_assert_eq!(panel.iter().map(|(_, many)| many).sum::<u32>(), lottery.seats);
                prop_assert!(panel.iter().all(|(kind, many)| *many <= people[*kind as usize]));
            }
            let chances = lottery.chances();
            prop_assert!(chances.iter().all(|chance| (0.0..=1.0 + 1e-9).contains(chance)));
            // Of one group nobody has a letter by lot while somebody who was asked longer ago has none for certain.
            for (at, kind) in kinds.iter().enumerate() {
                let (own, recency) = split(kind, 3);
                for (other, longer) in kinds.iter().enumerate() {
                    let (theirs, before) = split(longer, 3);
                    if own == theirs && before < recency && chances[at] > 1e-9 {
                        prop_assert!(chances[other] > 1.0 - 1e-9, "{chances:?}");
                    }
                }
            }
        }
    }
}
