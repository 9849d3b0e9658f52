//! The whole way from a pool to a lottery over panels.

use crate::{
    Problem,
    exact::exact,
    panels::{Maker, Way},
    relaxed::{Relaxed, relaxed},
    weights::{Balanced, balance},
    whole::Whole,
};
use std::collections::BTreeSet;

/// How many of each kind are seated, by kind, ascending.
pub type Panel = Vec<(u32, u32)>;

/// Chances this near to what they should be are right.
const RIGHT: f64 = 1e-10;
/// Pools with more kinds than this are thrown for kind by kind.
const MANY: usize = 3_000;
/// Pools with so many kinds at most are solved exactly where the relaxation promises too much.
const EXACT: usize = 400;
/// The panel that is missed most is looked for where there are so many kinds at most.
const PRICED: usize = 2_000;
/// Corners that are looked at for the best panel.
const CORNERS: usize = 20_000;
/// Times that panels are added before it is given up.
const ROUNDS: usize = 12;

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
    /// Whether the chances are proved to be the fairest.
    pub fairest: bool,
    /// Kinds that no panel can seat, whatever the chances.
    pub shut_out: Vec<u32>,
}

impl Lottery {
    fn of(problem: &Problem, panels: Vec<Panel>, weights: Vec<f64>, levels: &[(f64, Vec<u32>)], fairest: bool) -> Self {
        let mut chances = vec![0.0; problem.kinds.len()];
        for (panel, weight) in panels.iter().zip(&weights) {
            for (kind, many) in panel {
                chances[*kind as usize] += weight * f64::from(*many) / f64::from(problem.kinds[*kind as usize].people);
            }
        }
        // Proved to have no chance: no panel has them.
        let none = |level: &&(f64, Vec<u32>)| level.0 < 1e-9;
        let shut_out: Vec<u32> =
            if fairest { levels.iter().filter(none).flat_map(|level| level.1.clone()).collect() } else { Vec::new() };
        let bound = levels.iter().find(|level| !fairest || level.0 >= 1e-9).map_or(1.0, |level| level.0);
        Self { panels, weights, chances, bound, levels: levels.len(), fairest, shut_out }
    }

    /// The smallest chance of anybody who can be seated at all.
    pub fn smallest(&self) -> f64 {
        let can = |(kind, _): &(usize, &f64)| !self.shut_out.contains(&(*kind as u32));
        self.chances.iter().enumerate().filter(can).map(|(_, chance)| *chance).fold(1.0, f64::min)
    }
}

/// Finds the fairest lottery. The same problem has the same lottery on every machine. `None` if no panel keeps the quotas.
pub fn solve(problem: &Problem) -> Option<Lottery> {
    let aim = relaxed(problem)?;
    let mut portfolio = Portfolio::new(problem, &aim);
    let right = portfolio.fill();
    let n = problem.kinds.len();
    if !right && n <= EXACT {
        let begin = portfolio.panels.iter().take(50).cloned().collect();
        if let Some(found) = exact(problem, begin) {
            let levels: Vec<_> = found.levels.into_iter().map(|level| (level.chance, level.kinds)).collect();
            return Some(Lottery::of(problem, found.panels, found.weights, &levels, true));
        }
    }
    let Portfolio { mut panels, best, .. } = portfolio;
    let (balanced, count) = best?;
    panels.truncate(count);
    let levels: Vec<_> = aim.levels.iter().map(|level| (level.chance, level.kinds.clone())).collect();
    Some(Lottery::of(problem, panels, balanced.weights, &levels, right))
}

/// The panel of the largest worth, by what a seat of each kind is worth. `None` if no panel keeps the quotas.
pub fn best(problem: &Problem, worth: &[f64]) -> Option<Panel> {
    let least = -1.0 - worth.iter().map(|worth| worth.abs()).sum::<f64>() * f64::from(problem.seats);
    Whole::new(problem).best(worth, least, CORNERS).best.map(|(panel, _)| panel)
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
        let mut maker_now = maker(if n > MANY { Way::Even } else { Way::Ordered });
        let mut target = if n > MANY { open * 2 } else { open * 5 / 4 + 40 };
        for round in 0..ROUNDS {
            // What one way does not reach, the other one may.
            if round == 2 && n <= MANY {
                maker_now = maker(Way::Even);
            }
            let mut failed = 0;
            while self.panels.len() < target && failed < 60 {
                let made = maker_now.another();
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
            target = self.panels.len() + open / 2 + 20;
            if n <= PRICED && !self.add_missed(&theta) {
                return false;
            }
        }
        false
    }

    /// The panels of which the wanted chances can be made.
    fn whole(&self) -> Whole {
        let seats = f64::from(self.problem.seats);
        let rows: Vec<(f64, f64)> =
            self.rows.iter().map(|row| (f64::from(row.0), f64::from(row.1))).chain([(seats, seats)]).collect();
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
        Whole::within(self.problem, &rows, &seats)
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
