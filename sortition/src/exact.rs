//! The fairest chances that whole panels can give: column by column, with a proof.
//!
//! Where parts of people could be seated and whole ones cannot, the relaxation promises too much. Then panels are found one after
//! another: each is better for the prices that the chances so far have, until the integer programme says that none is. Whoever no
//! panel can seat is found first.

use crate::{
    Panel, Problem,
    simplex::{Ended, Programme},
    whole::Whole,
};

/// A gain this small is none.
const GAIN: f64 = 1e-9;
/// Corners that one integer programme may look at.
const CORNERS: usize = 20_000;

/// A level of chances, with what proves it.
#[derive(Clone, Debug)]
pub struct Level {
    /// The chance.
    pub chance: f64,
    /// The kinds that are settled here.
    pub kinds: Vec<u32>,
    /// What a seat of each kind is worth; no panel is worth more than `most`.
    pub worth: Vec<f64>,
    /// See `worth`.
    pub most: f64,
}

/// The fairest chances, and panels with weights that give them.
#[derive(Clone, Debug)]
pub struct Exact {
    /// Panels.
    pub panels: Vec<Panel>,
    /// Their weights.
    pub weights: Vec<f64>,
    /// Levels, from the smallest chance up, as far as they were found: whoever no panel can seat is on the first one.
    pub levels: Vec<Level>,
    /// Whether everybody is on a level.
    pub done: bool,
}

/// Finds them, beginning with some panels. Ends early when so much work is done that the simplex method counts. `None` if there is
/// no panel, or none could be found.
pub fn exact(problem: &Problem, begin: Vec<Panel>, work: u64) -> Option<Exact> {
    let n = problem.kinds.len();
    let mut whole = Whole::new(problem);
    let mut panels = begin;
    if panels.is_empty() {
        panels.push(whole.best(&vec![0.0; n], -1.0, CORNERS).best?.0);
    }
    let (mut levels, mut weights): (Vec<Level>, Vec<f64>) = (Vec::new(), Vec::new());
    let Some(nobody) = cover(&mut whole, n, &mut panels, work) else {
        return Some(Exact { panels, weights, levels, done: false });
    };
    let mut open = vec![true; n];
    if !nobody.is_empty() {
        let mut worth = vec![0.0; n];
        for kind in &nobody {
            (worth[*kind as usize], open[*kind as usize]) = (1.0, false);
        }
        levels.push(Level { chance: 0.0, kinds: nobody, worth, most: 0.0 });
    }
    let mut master = Master::new(problem, &panels);
    while open.contains(&true) {
        master.raise(&open);
        let level = loop {
            if master.programme.work() + whole.work() > work || master.programme.solve() != Ended::Best {
                return Some(Exact { panels, weights, levels, done: false });
            }
            let prices = master.programme.prices();
            let worth: Vec<f64> = (0..n).map(|kind| (-prices[kind]).max(0.0) / f64::from(problem.kinds[kind].people)).collect();
            let most = prices[n];
            let found = whole.better(&worth, most + GAIN, CORNERS);
            match found.best {
                Some((panel, _)) => {
                    master.panel(problem, &panel);
                    panels.push(panel);
                }
                None if found.bound > most + 1e-7 => return Some(Exact { panels, weights, levels, done: false }),
                None => {
                    let chance = master.chance();
                    let held = |kind: &usize| open[*kind] && -prices[*kind] > 1e-9;
                    let mut kinds: Vec<u32> = (0..n).filter(held).map(|kind| kind as u32).collect();
                    if kinds.is_empty() || chance > 1.0 - 1e-9 {
                        kinds = (0..n).filter(|kind| open[*kind]).map(|kind| kind as u32).collect();
                    }
                    weights = master.weights();
                    break Level { chance, kinds, worth, most };
                }
            }
        };
        level.kinds.iter().for_each(|kind| open[*kind as usize] = false);
        master.settle(&level.kinds);
        levels.push(level);
    }
    Some(Exact { panels, weights, levels, done: true })
}

/// Adds panels until each kind has one that can have any. Answers the others; `None` if it takes too long.
fn cover(whole: &mut Whole, n: usize, panels: &mut Vec<Panel>, work: u64) -> Option<Vec<u32>> {
    let mut worth = vec![1.0; n];
    panels.iter().flatten().for_each(|(kind, _)| worth[*kind as usize] = 0.0);
    while worth.iter().any(|worth| *worth > 0.0) {
        if whole.work() > work {
            return None;
        }
        let found = whole.better(&worth, 0.5, CORNERS);
        match found.best {
            Some((panel, _)) => {
                panel.iter().for_each(|(kind, _)| worth[*kind as usize] = 0.0);
                panels.push(panel);
            }
            None if found.bound > 0.5 => return None,
            None => break,
        }
    }
    Some((0..n).filter(|kind| worth[*kind] > 0.0).map(|kind| kind as u32).collect())
}

/// The chances that panels give: of each kind at least as much as it has on its level.
struct Master {
    programme: Programme,
    panels: Vec<usize>,
    /// By how much the chance rises from level to level.
    rises: Vec<usize>,
}

impl Master {
    fn new(problem: &Problem, panels: &[Panel]) -> Self {
        let mut rows = vec![(0.0, f64::INFINITY); problem.kinds.len()];
        rows.push((1.0, 1.0));
        let mut master = Self { programme: Programme::new(&rows), panels: Vec::new(), rises: Vec::new() };
        panels.iter().for_each(|panel| master.panel(problem, panel));
        master
    }

    /// Whoever is open has as much as those on the last level, and more if all of them can.
    fn raise(&mut self, open: &[bool]) {
        if let Some(last) = self.rises.last() {
            let so_far = self.programme.value(*last);
            self.programme.bound(*last, so_far, so_far);
            self.programme.worth(*last, 0.0);
        }
        let left = (1.0 - self.chance()).max(0.0);
        let free = (0..open.len()).filter(|kind| open[*kind]).map(|kind| (kind as u32, -1.0)).collect();
        self.rises.push(self.programme.column(free, 0.0, left, 1.0));
    }

    /// What these have they keep, up to rounding.
    fn settle(&mut self, kinds: &[u32]) {
        kinds.iter().for_each(|kind| self.programme.row_bound(*kind as usize, -1e-11, f64::INFINITY));
    }

    fn chance(&self) -> f64 {
        self.rises.iter().map(|rise| self.programme.value(*rise)).sum::<f64>().clamp(0.0, 1.0)
    }

    fn panel(&mut self, problem: &Problem, panel: &Panel) {
        let share = |(kind, many): &(u32, u32)| (*kind, f64::from(*many) / f64::from(problem.kinds[*kind as usize].people));
        let entries = panel.iter().map(share).chain([(problem.kinds.len() as u32, 1.0)]).collect();
        self.panels.push(self.programme.column(entries, 0.0, f64::INFINITY, 0.0));
    }

    fn weights(&self) -> Vec<f64> {
        let weights: Vec<f64> = self.panels.iter().map(|panel| self.programme.value(*panel).max(0.0)).collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / sum).collect()
    }
}
