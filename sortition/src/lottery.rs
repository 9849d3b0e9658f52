//! The whole way from a pool to a lottery over panels.

use crate::{
    Problem,
    exact::{self, exact},
    panels::{Maker, Way},
    proof::{By, Proof, check},
    relaxed::{self, Relaxed, largest, relaxed},
    weights::{Balanced, balance},
    whole::{Found, Whole},
};
use std::collections::BTreeSet;

/// How many of each kind are seated, by kind, ascending.
pub type Panel = Vec<(u32, u32)>;

/// Chances this near to what they should be are right.
const RIGHT: f64 = 1e-9;
/// Chances this near to each other are the same.
const SAME: f64 = 1e-8;
/// Pools with more kinds than this are thrown for kind by kind,
const MANY: usize = 1_200;
/// unless there are more kinds for each seat than this.
const A_SEAT: usize = 40;
/// Pools with so many kinds at most are solved exactly where the relaxation promises too much.
const EXACT: usize = 2_000;
/// So much work is done for that at most, as the simplex method counts it: a good quarter of a minute.
const WORK: u64 = 100_000_000_000;
/// So much is done before that for panels which throwing does not make.
const SEARCHED: u64 = 150_000_000_000;
/// Panels that it begins with.
const BEGIN: usize = 300;
/// The panel that is missed most is looked for where there are so many kinds at most.
const PRICED: usize = 2_000;
/// Corners that are looked at for the best panel.
const CORNERS: usize = 20_000;
/// The same for a panel that throwing does not make.
const NEAR: usize = 300;
/// Times that panels are added before it is given up.
const ROUNDS: usize = 12;
/// Exchanges after which a thrown panel is given up.
const EXCHANGES: usize = 60;
/// Panels that fail or are there already, in one round.
const FAILED: usize = 60;

/// A lottery: panels, and how likely each is drawn.
#[derive(Clone, Debug)]
pub struct Lottery {
    /// Panels.
    pub panels: Vec<Panel>,
    /// Their weights; they sum up to 1.
    pub weights: Vec<f64>,
    /// The chance of one person of each kind.
    pub chances: Vec<f64>,
    /// No draw gives everybody who can be seated at all a larger chance than this.
    pub bound: f64,
    /// How many levels of chances there are.
    pub levels: usize,
    /// Whether the chances are proved to be the fairest: the proofs were checked.
    pub fairest: bool,
    /// What proves each level, from the smallest chance up; empty where that is not known.
    pub proofs: Vec<Proof>,
    /// Kinds that no panel can seat, whatever the chances.
    pub shut_out: Vec<u32>,
}

impl Lottery {
    /// One whose levels are proved.
    fn fairest(problem: &Problem, panels: Vec<Panel>, weights: Vec<f64>, proofs: Vec<Proof>) -> Self {
        let chances = chances(problem, &panels, &weights);
        // No panel was found to be worth more before it was said: the rest is checked here.
        let fairest = check(problem, &chances, &proofs, false).is_ok();
        let levels: Vec<(f64, Vec<u32>)> = proofs.iter().map(|proof| (proof.chance, proof.kinds.clone())).collect();
        // Proved to have no chance: no panel has them.
        let none = levels.iter().filter(|level| level.0 < 1e-9);
        let shut_out = none.flat_map(|level| level.1.clone()).collect();
        let bound = levels.iter().map(|level| level.0).find(|chance| *chance >= 1e-9).unwrap_or(1.0);
        let mut of_levels: Vec<f64> = levels.iter().map(|level| level.0).collect();
        of_levels.dedup_by(|next, before| (*next - *before).abs() < SAME);
        Self { panels, weights, chances, bound, levels: of_levels.len(), fairest, proofs, shut_out }
    }

    /// The smallest chance of anybody who can be seated at all.
    pub fn smallest(&self) -> f64 {
        let can = |(kind, _): &(usize, &f64)| !self.shut_out.contains(&(*kind as u32));
        self.chances.iter().enumerate().filter(can).map(|(_, chance)| *chance).fold(1.0, f64::min)
    }
}

/// A level of whole panels, as a proof.
fn of_panels(level: exact::Level) -> Proof {
    let worth: Vec<(u32, f64)> = (0..).zip(level.worth).filter(|(_, worth)| *worth > 0.0).collect();
    let by = if level.chance > 1.0 - 1e-9 { By::Certain } else { By::Panels(worth, level.most) };
    Proof { chance: level.chance, kinds: level.kinds, by }
}

/// The chance of one person of each kind.
fn chances(problem: &Problem, panels: &[Panel], weights: &[f64]) -> Vec<f64> {
    let mut chances = vec![0.0; problem.kinds.len()];
    for (panel, weight) in panels.iter().zip(weights) {
        for (kind, many) in panel {
            chances[*kind as usize] += weight * f64::from(*many) / f64::from(problem.kinds[*kind as usize].people);
        }
    }
    chances
}

/// How many chances there are that are not the same.
fn distinct(chances: &[f64]) -> usize {
    let mut sorted = chances.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup_by(|next, before| (*next - *before).abs() < SAME);
    sorted.len()
}

/// Finds the fairest lottery. The same problem has the same lottery on every machine. `None` if no panel keeps the quotas, or none
/// could be found.
pub fn solve(problem: &Problem) -> Option<Lottery> {
    let aim = relaxed(problem)?;
    let mut portfolio = Portfolio::new(problem, &aim);
    let right = portfolio.fill();
    let Portfolio { mut panels, best, .. } = portfolio;
    if right {
        let (balanced, count) = best?;
        panels.truncate(count);
        let by = |proof: &Vec<f64>| if proof.is_empty() { By::Certain } else { By::Parts(proof.clone()) };
        let proof = |level: &relaxed::Level| Proof { chance: level.chance, kinds: level.kinds.clone(), by: by(&level.proof) };
        let proofs = aim.levels.iter().map(proof).collect();
        return Some(Lottery::fairest(problem, panels, balanced.weights, proofs));
    }
    let begin = panels.iter().take(BEGIN).cloned().collect();
    let found = if problem.kinds.len() <= EXACT { exact(problem, begin, WORK) } else { None };
    // Whom the relaxation gives nothing, nobody can seat.
    let none = aim.levels.iter().filter(|level| level.chance < 1e-9).flat_map(|level| level.kinds.clone());
    let mut shut_out: Vec<u32> = none.collect();
    let mut seated = vec![false; problem.kinds.len()];
    panels.iter().flatten().for_each(|(kind, _)| seated[*kind as usize] = true);
    let mut best = best.map(|(balanced, count)| (panels[..count].to_vec(), balanced.weights));
    let mut proved = None;
    if let Some(found) = found {
        if found.done {
            let proofs = found.levels.into_iter().map(of_panels).collect();
            return Some(Lottery::fairest(problem, found.panels, found.weights, proofs));
        }
        let levels: Vec<(f64, Vec<u32>)> = found.levels.into_iter().map(|level| (level.chance, level.kinds)).collect();
        shut_out.extend(levels.iter().filter(|level| level.0 < 1e-9).flat_map(|level| level.1.clone()));
        shut_out.sort_unstable();
        shut_out.dedup();
        found.panels.iter().flatten().for_each(|(kind, _)| seated[*kind as usize] = true);
        let count = found.weights.len();
        if let Some((chance, _)) = levels.iter().find(|level| level.0 >= 1e-9) {
            // Those with the smallest chance have the largest that they can have, whatever the others have.
            proved = Some(*chance);
            best = Some((found.panels[..count].to_vec(), found.weights));
        } else if best.is_none() && !found.panels.is_empty() {
            // It is one that keeps the quotas, if not a fair one.
            let even = 1.0 / found.panels.len() as f64;
            best = Some((found.panels.clone(), vec![even; found.panels.len()]));
        }
    }
    let (panels, weights) = best?;
    let bound = proved.or_else(|| largest(problem, &shut_out, &seated)).unwrap_or(1.0);
    let chances = chances(problem, &panels, &weights);
    Some(Lottery { levels: distinct(&chances), panels, weights, chances, bound, fairest: false, proofs: Vec::new(), shut_out })
}

/// The panel of the largest worth, by what a seat of each kind is worth. `None` if no panel keeps the quotas.
pub fn best(problem: &Problem, worth: &[f64]) -> Option<Panel> {
    most(problem, worth).best.map(|(panel, _)| panel)
}

/// No panel is worth more than this, by what a seat of each kind is worth.
pub fn bound(problem: &Problem, worth: &[f64]) -> f64 {
    most(problem, worth).bound
}

fn most(problem: &Problem, worth: &[f64]) -> Found {
    let least = -1.0 - worth.iter().map(|worth| worth.abs()).sum::<f64>() * f64::from(problem.seats);
    Whole::new(problem).best(worth, least, CORNERS)
}

/// Panels that are gathered until their weights give the wanted chances.
struct Portfolio<'p> {
    problem: &'p Problem,
    wanted: &'p [f64],
    people: Vec<f64>,
    rows: Vec<(u32, u32)>,
    panels: Vec<Panel>,
    seen: BTreeSet<Panel>,
    best: Option<(Balanced, usize)>,
}

impl<'p> Portfolio<'p> {
    fn new(problem: &'p Problem, aim: &'p Relaxed) -> Self {
        let wanted = &aim.seats;
        let mut sums = vec![0.0; problem.quotas.len()];
        for (kind, seats) in problem.kinds.iter().zip(wanted) {
            kind.quotas.iter().for_each(|quota| sums[*quota as usize] += seats);
        }
        // What the mean has at its end, each panel has there.
        let end = |(quota, sum): (&crate::Quota, &f64)| {
            if *sum > f64::from(quota.max) - 1e-7 {
                (quota.max, quota.max)
            } else if *sum < f64::from(quota.min) + 1e-7 {
                (quota.min, quota.min)
            } else {
                (quota.min, quota.max)
            }
        };
        Self {
            problem,
            wanted,
            people: problem.kinds.iter().map(|kind| f64::from(kind.people)).collect(),
            rows: problem.quotas.iter().zip(&sums).map(end).collect(),
            panels: Vec::new(),
            seen: BTreeSet::new(),
            best: None,
        }
    }

    fn add(&mut self, panel: Panel) -> bool {
        let new = self.seen.insert(panel.clone());
        if new {
            self.panels.push(panel);
        }
        new
    }

    /// Gathers panels until they give the wanted chances. Whether they do.
    fn fill(&mut self) -> bool {
        let n = self.problem.kinds.len();
        let open = (0..n).filter(|kind| self.wanted[*kind] > 1e-9 && self.wanted[*kind] < self.people[*kind] - 1e-9).count();
        let (problem, wanted, rows) = (self.problem, self.wanted, self.rows.clone());
        let maker = |way| Maker::new(problem, wanted, &rows, way);
        let even = n > MANY && n <= A_SEAT * problem.seats as usize;
        let mut maker_now = maker(if even { Way::Even } else { Way::Ordered });
        let mut target = if even { open * 3 } else { open * 5 / 4 + 40 };
        let tries = if even { 4 } else { 2 };
        let mut near = self.near();
        for round in 0..ROUNDS {
            // What one way does not reach, the other one may.
            if round == 2 && !even {
                maker_now = maker(Way::Even);
            }
            let mut failed = 0;
            while self.panels.len() < target && failed < FAILED && near.work() < SEARCHED {
                // Where quotas are tight, exchanges lead nowhere; then whole numbers are looked for near to what is thrown.
                let made = maker_now.another(tries, EXCHANGES).or_else(|| {
                    let (keys, waiting) = (maker_now.keys(), maker_now.waiting(1));
                    let with = waiting.first().and_then(|kind| near.first(&keys, Some(*kind), NEAR));
                    with.or_else(|| near.first(&keys, None, NEAR)).inspect(|panel| maker_now.note(panel))
                });
                if !made.is_some_and(|panel| self.add(panel)) {
                    failed += 1;
                }
            }
            if self.panels.is_empty() {
                return false;
            }
            let balanced = balance(&self.panels, self.wanted, &self.people, RIGHT);
            let (off, theta) = (balanced.off, balanced.theta.clone());
            if self.best.as_ref().is_none_or(|(best, _)| off < best.off) {
                self.best = Some((balanced, self.panels.len()));
            }
            if off <= RIGHT {
                return true;
            }
            if near.work() >= SEARCHED || (failed >= FAILED && round > 0 && off > 1e-3 && n <= EXACT) {
                return false;
            }
            target = self.panels.len() + open / 2 + 20;
            if n <= PRICED && !self.add_missed(&theta) {
                return false;
            }
        }
        false
    }

    /// What each panel keeps of which the wanted chances can be made.
    fn bounds(&self) -> Vec<(f64, f64)> {
        let seats = f64::from(self.problem.seats);
        self.rows.iter().map(|row| (f64::from(row.0), f64::from(row.1))).chain([(seats, seats)]).collect()
    }

    /// Panels within the nearest whole numbers below and above the wanted seats.
    fn near(&self) -> Whole {
        let bounds = |wanted: &f64| ((wanted + 1e-9).floor(), (wanted - 1e-9).ceil().max(0.0));
        let seats: Vec<(f64, f64)> = self.wanted.iter().map(bounds).collect();
        Whole::within(self.problem, &self.bounds(), &seats)
    }

    /// The panels of which the wanted chances can be made.
    fn whole(&self) -> Whole {
        let bounds = |(wanted, people): (&f64, &f64)| {
            if *wanted < 1e-12 {
                (0.0, 0.0)
            } else if *wanted > people - 1e-9 {
                (*people, *people)
            } else {
                (0.0, *people)
            }
        };
        let seats: Vec<(f64, f64)> = self.wanted.iter().zip(&self.people).map(bounds).collect();
        Whole::within(self.problem, &self.bounds(), &seats)
    }

    /// Adds the panel that is missed most. False if whole panels are proved not to reach the wanted chances.
    fn add_missed(&mut self, theta: &[f64]) -> bool {
        let worth = |panel: &Panel| panel.iter().map(|(kind, many)| theta[*kind as usize] * f64::from(*many)).sum::<f64>();
        let held: f64 = theta.iter().zip(self.wanted).map(|(theta, wanted)| theta * wanted).sum();
        let most = self.panels.iter().map(worth).fold(f64::NEG_INFINITY, f64::max);
        let found = self.whole().best(theta, most + 1e-9, 500);
        if found.bound < held - 1e-6 * (1.0 + held.abs()) {
            return false;
        }
        if let Some((panel, _)) = found.best {
            self.add(panel);
        }
        true
    }
}
