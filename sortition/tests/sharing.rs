//! Small problems against a plain linear programme with every set of letters written out, and large ones against their proofs.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use sortition::{
    sharing::{Asking, Bound, Kind, May, Plan, Problem, check, plan},
    simplex::{Ended, Programme},
};
use std::time::Instant;

/// How inexact sums may be.
const LOOSE: f64 = 5e-8;
/// How much less others may have while one is raised.
const SLACK: f64 = 1e-9;

fn below(lots: &mut ChaCha20Rng, end: u32) -> u32 {
    (lots.next_u64() % u64::from(end)) as u32
}

/// A random problem; `minutes` says whether people have limits of their time.
fn random(lots: &mut ChaCha20Rng, kinds: u32, askings: u32, people: u32, minutes: bool) -> Problem {
    let each = f64::from(kinds * people) * 0.05 / f64::from(askings);
    let askings: Vec<Asking> = (0..askings)
        .map(|_| {
            let aim = f64::from(below(lots, 40)) / 10.0 * each;
            let letters = if below(lots, 3) == 0 { 1 + (aim * 2.5) as u32 } else { 1_000_000 };
            let quota = |lots: &mut ChaCha20Rng| {
                let min = aim * f64::from(below(lots, 6)) / 10.0;
                let max = if below(lots, 2) == 0 { f64::INFINITY } else { min + aim * f64::from(1 + below(lots, 5)) / 10.0 };
                Bound { min: if below(lots, 2) == 0 { min } else { 0.0 }, max }
            };
            let quotas = (0..below(lots, 4)).map(|_| quota(lots)).collect();
            Asking { aim, letters, minutes: 15 * (1 + below(lots, 6)), quotas }
        })
        .collect();
    let kind = |lots: &mut ChaCha20Rng| {
        let mut may = Vec::new();
        for (at, asking) in (0..).zip(&askings) {
            if below(lots, 3) > 0 {
                let quotas = (0..asking.quotas.len() as u32).filter(|_| below(lots, 2) == 0).collect();
                may.push(May { asking: at, rate: f64::from(1 + below(lots, 20)) / 20.0, quotas });
            }
        }
        let minutes = (minutes && below(lots, 4) > 0).then(|| 15 * (2 + below(lots, 8)));
        Kind { people: 1 + below(lots, people), may, cap: 1 + below(lots, 3), minutes }
    };
    let kinds = (0..kinds).map(|_| kind(lots)).collect();
    Problem { askings, kinds }
}

/// Every set of entries that one person of a kind can get.
fn all_sets(problem: &Problem, kind: &Kind) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    for bits in 0u32..1 << kind.may.len() {
        let set: Vec<usize> = (0..kind.may.len()).filter(|entry| bits >> entry & 1 == 1).collect();
        let minutes: u32 = set.iter().map(|entry| problem.askings[kind.may[*entry].asking as usize].minutes).sum();
        let closed = |entry: &usize| problem.askings[kind.may[*entry].asking as usize].aim == 0.0;
        if set.len() <= kind.cap as usize && kind.minutes.is_none_or(|limit| minutes <= limit) && !set.iter().any(closed) {
            all.push(set);
        }
    }
    all
}

/// The plain programme: a column for every set of letters of every kind, and one for the part that each opportunity gets.
struct Plain {
    programme: Programme,
    parts: Vec<usize>,
    /// Rows of the kinds' letters, and how many letters all of a kind can have.
    letters: Vec<(usize, f64)>,
}

impl Plain {
    fn new(problem: &Problem, yes: Option<&[f64]>) -> Self {
        let mut bounds = Vec::new();
        let mut quota_rows = Vec::new();
        for (at, asking) in problem.askings.iter().enumerate() {
            bounds.push(yes.map_or((0.0, asking.aim + LOOSE), |yes| (yes[at] - SLACK, yes[at] + SLACK)));
            bounds.push((0.0, f64::from(asking.letters) + LOOSE));
            // At least the part of the aim.
            bounds.push((-LOOSE, f64::INFINITY));
            let mut mine = Vec::new();
            for bound in &asking.quotas {
                mine.push(bounds.len());
                bounds.push((f64::NEG_INFINITY, bound.max + LOOSE));
                bounds.push((-LOOSE, f64::INFINITY));
            }
            quota_rows.push(mine);
        }
        let first: Vec<usize> = quota_rows
            .iter()
            .scan(0, |at, mine| {
                let here = *at;
                *at += 3 + 2 * mine.len();
                Some(here)
            })
            .collect();
        let mut letters = Vec::new();
        for kind in &problem.kinds {
            let most = all_sets(problem, kind).iter().map(Vec::len).max().unwrap_or(0);
            letters.push((bounds.len(), most as f64 * f64::from(kind.people)));
            bounds.push((0.0, f64::INFINITY));
            bounds.push((f64::from(kind.people) - LOOSE, f64::from(kind.people) + LOOSE));
        }
        let mut programme = Programme::new(&bounds);
        let mut parts = Vec::new();
        for (at, asking) in problem.askings.iter().enumerate() {
            let mut column = vec![(first[at] as u32 + 2, -asking.aim)];
            for (row, bound) in quota_rows[at].iter().zip(&asking.quotas) {
                column.push((*row as u32 + 1, -bound.min));
            }
            parts.push(programme.column(column, 0.0, 1.0, 0.0));
        }
        for (kind, (row, _)) in problem.kinds.iter().zip(&letters) {
            for set in all_sets(problem, kind) {
                let mut column = vec![(*row as u32, set.len() as f64), (*row as u32 + 1, 1.0)];
                for entry in &set {
                    let may = &kind.may[*entry];
                    let at = first[may.asking as usize] as u32;
                    column.extend([(at, may.rate), (at + 1, 1.0), (at + 2, may.rate)]);
                    for quota in &may.quotas {
                        let row = quota_rows[may.asking as usize][*quota as usize] as u32;
                        column.extend([(row, may.rate), (row + 1, may.rate)]);
                    }
                }
                column.retain(|(_, entry)| *entry != 0.0);
                programme.column(column, 0.0, f64::INFINITY, 0.0);
            }
        }
        Self { programme, parts, letters }
    }
}

/// Whether values can be kept, and the most that one of them can be then, found by a programme that maximises it.
fn most(plain: &Plain, problem: &Problem, set: impl Fn(&mut Plain), one: (bool, usize)) -> Option<f64> {
    let mut plain = Plain { programme: plain.programme.clone(), parts: plain.parts.clone(), letters: plain.letters.clone() };
    set(&mut plain);
    let (need, at) = one;
    if need {
        plain.programme.worth(plain.parts[at], 1.0);
        return (plain.programme.solve() == Ended::Best).then(|| plain.programme.value(plain.parts[at]));
    }
    let mut column = problem.askings.len();
    for (other, kind) in problem.kinds.iter().enumerate() {
        for set in all_sets(problem, kind) {
            if other == at {
                plain.programme.worth(column, set.len() as f64 / plain.letters[at].1);
            }
            column += 1;
        }
    }
    let row = plain.programme.columns() + plain.letters[at].0;
    (plain.programme.solve() == Ended::Best).then(|| plain.programme.value(row) / plain.letters[at].1)
}

/// Nobody's share, and no opportunity's part, can be above what the plan says while all others that have no more keep theirs.
fn is_leximin(problem: &Problem, plan: &Plan) {
    let needs = Plain::new(problem, None);
    for at in (0..problem.askings.len()).filter(|at| problem.askings[*at].aim > 0.0) {
        let keep = |plain: &mut Plain| {
            for (other, part) in plain.parts.clone().into_iter().enumerate() {
                if other == at || plan.fulfilled[other] <= plan.fulfilled[at] + 1e-7 {
                    plain.programme.bound(part, (plan.fulfilled[other] - 1e-7).max(0.0), 1.0);
                }
            }
        };
        let most = most(&needs, problem, keep, (true, at)).expect("the plan itself");
        assert!(most <= plan.fulfilled[at] + 1e-4, "opportunity {at} could have {most}, not {}", plan.fulfilled[at]);
    }
    let mut yes = vec![0.0; problem.askings.len()];
    for (kind, letters) in problem.kinds.iter().zip(&plan.letters) {
        kind.may.iter().zip(letters).for_each(|(may, many)| yes[may.asking as usize] += many * may.rate);
    }
    let sharing = Plain::new(problem, Some(&yes));
    for at in (0..problem.kinds.len()).filter(|at| sharing.letters[*at].1 > 0.0) {
        let keep = |plain: &mut Plain| {
            for (other, part) in plain.parts.clone().into_iter().enumerate() {
                plain.programme.bound(part, (plan.fulfilled[other] - 1e-7).max(0.0), 1.0);
            }
            for (other, (row, all)) in plain.letters.clone().into_iter().enumerate() {
                if other == at || plan.shares[other] <= plan.shares[at] + 1e-7 {
                    plain.programme.row_bound(row, (plan.shares[other] - SLACK).max(0.0) * all, f64::INFINITY);
                }
            }
        };
        let most = most(&sharing, problem, keep, (false, at)).expect("the plan itself");
        assert!(most <= plan.shares[at] + 1e-4, "kind {at} could have {most}, not {}", plan.shares[at]);
    }
}

#[test]
fn nobody_can_have_more_without_somebody_having_less() {
    let mut lots = ChaCha20Rng::seed_from_u64(1);
    let (mut levels, mut short, mut bundled) = (0, 0, 0);
    for round in 0..3000 {
        let (kinds, askings) = (1 + below(&mut lots, 6), 1 + below(&mut lots, 5));
        let problem = random(&mut lots, kinds, askings, 12, round % 2 == 0);
        let plan = plan(&problem).unwrap_or_else(|failed| panic!("{round}: {failed} {problem:?}"));
        assert_eq!(check(&problem, &plan), Ok(()), "{round}: {problem:?} {plan:?}");
        assert!(plan.proved);
        is_leximin(&problem, &plan);
        levels += usize::from(plan.sharing.len() > 1);
        short += usize::from(plan.fulfilled.iter().any(|part| *part < 0.99));
        bundled += usize::from(plan.bundles.iter().any(|bundles| bundles.len() > 1));
    }
    assert!(levels > 1000 && short > 500 && bundled > 100, "{levels} {short} {bundled}");
}

/// Many kinds with a few people each, and opportunities with a quota or six.
fn large(lots: &mut ChaCha20Rng, kinds: u32, askings: u32, minutes: bool) -> Problem {
    let values = 6;
    let askings: Vec<Asking> = (0..askings)
        .map(|_| {
            let aim = f64::from(10 + below(lots, 60));
            let quota = |_| Bound { min: aim * 0.06, max: aim * 0.34 };
            let letters = 100 + below(lots, 2000);
            Asking { aim, letters, minutes: 30 * (1 + below(lots, 5)), quotas: (0..values).map(quota).collect() }
        })
        .collect();
    let kind = |lots: &mut ChaCha20Rng| {
        let (value, other) = (below(lots, 3), 3 + below(lots, 3));
        let mut may = Vec::new();
        for at in 0..askings.len() as u32 {
            if below(lots, 2) == 0 {
                may.push(May { asking: at, rate: f64::from(1 + below(lots, 20)) / 40.0, quotas: vec![value, other] });
            }
        }
        let minutes = (minutes && below(lots, 4) > 0).then(|| 60 * (1 + below(lots, 6)));
        Kind { people: 1 + below(lots, 4), may, cap: 1 + below(lots, 4), minutes }
    };
    let kinds = (0..kinds).map(|_| kind(lots)).collect();
    Problem { askings, kinds }
}

#[test]
fn large_problems_are_solved_and_proved() {
    for (kinds, askings, minutes) in [(5000, 12, false), (500, 12, true), (5000, 12, true)] {
        let problem = large(&mut ChaCha20Rng::seed_from_u64(2), kinds, askings, minutes);
        let start = Instant::now();
        let plan = plan(&problem).expect("a plan");
        let solved = start.elapsed();
        assert_eq!(check(&problem, &plan), Ok(()));
        let checked = start.elapsed() - solved;
        let asked = plan.draw(&problem, &vec![vec![]; problem.kinds.len()], [7; 32]).expect("it fits");
        let drawn = start.elapsed() - checked - solved;
        println!(
            "{kinds} kinds, {askings} opportunities, minutes {minutes}: {} and {} levels, first {:.4}, solved in {solved:?}, checked in {checked:?}, drawn in {drawn:?}",
            plan.needs.len(),
            plan.sharing.len(),
            plan.sharing[0].at
        );
        assert_eq!(asked.kinds.len(), problem.kinds.len());
    }
}
