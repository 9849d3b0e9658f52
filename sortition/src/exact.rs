//! The fairest chances that whole panels can give: column by column, with a proof.
//!
//! Where parts of people could be seated and whole ones cannot, the relaxation promises too much. Then panels are found one after
//! another: each is the best for the prices that the chances so far have, until the integer programme says that none is better.

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
    /// Levels, from the smallest chance up.
    pub levels: Vec<Level>,
}

/// Finds them, beginning with some panels. `None` if there is no panel, or it takes too long.
pub fn exact(problem: &Problem, begin: Vec<Panel>) -> Option<Exact> {
    let n = problem.kinds.len();
    let mut whole = Whole::new(problem);
    let mut panels = begin;
    if panels.is_empty() {
        panels.push(whole.best(&vec![0.0; n], -1.0, CORNERS).best?.0);
    }
    let mut settled: Vec<Option<f64>> = vec![None; n];
    let (mut levels, mut weights): (Vec<Level>, Vec<f64>) = (Vec::new(), Vec::new());
    while settled.iter().any(Option::is_none) {
        let mut master = Master::new(problem, &settled, &panels);
        let level = loop {
            if master.programme.solve() != Ended::Best {
                return None;
            }
            let prices = master.programme.prices();
            let worth: Vec<f64> = (0..n).map(|kind| (-prices[kind]).max(0.0) / f64::from(problem.kinds[kind].people)).collect();
            let most = prices[n];
            let found = whole.best(&worth, most + GAIN, CORNERS);
            match found.best {
                Some((panel, _)) => {
                    master.panel(problem, &panel);
                    panels.push(panel);
                }
                None if found.bound > most + 1e-7 => return None,
                None => {
                    let chance = master.programme.value(master.common).clamp(0.0, 1.0);
                    let held = |kind: &usize| settled[*kind].is_none() && -prices[*kind] > 1e-9;
                    let mut kinds: Vec<u32> = (0..n).filter(held).map(|kind| kind as u32).collect();
                    if kinds.is_empty() || chance > 1.0 - 1e-9 {
                        kinds = (0..n).filter(|kind| settled[*kind].is_none()).map(|kind| kind as u32).collect();
                    }
                    weights = master.weights(panels.len());
                    break Level { chance, kinds, worth, most };
                }
            }
        };
        for kind in &level.kinds {
            settled[*kind as usize] = Some(level.chance);
        }
        match levels.last_mut().filter(|last| (last.chance - level.chance).abs() < 1e-9) {
            Some(last) => last.kinds.extend(level.kinds),
            None => levels.push(level),
        }
    }
    Some(Exact { panels, weights, levels })
}

struct Master {
    programme: Programme,
    common: usize,
}

impl Master {
    fn new(problem: &Problem, settled: &[Option<f64>], panels: &[Panel]) -> Self {
        let mut rows: Vec<(f64, f64)> =
            settled.iter().map(|chance| (chance.map_or(0.0, |chance| chance - 1e-11), f64::INFINITY)).collect();
        rows.push((1.0, 1.0));
        let mut programme = Programme::new(&rows);
        let free = (0..settled.len()).filter(|kind| settled[*kind].is_none()).map(|kind| (kind as u32, -1.0)).collect();
        let common = programme.column(free, 0.0, 1.0, 1.0);
        let mut master = Self { programme, common };
        panels.iter().for_each(|panel| master.panel(problem, panel));
        master
    }

    fn panel(&mut self, problem: &Problem, panel: &Panel) {
        let share = |(kind, many): &(u32, u32)| (*kind, f64::from(*many) / f64::from(problem.kinds[*kind as usize].people));
        let entries = panel.iter().map(share).chain([(problem.kinds.len() as u32, 1.0)]).collect();
        self.programme.column(entries, 0.0, f64::INFINITY, 0.0);
    }

    fn weights(&self, panels: usize) -> Vec<f64> {
        let weights: Vec<f64> = (0..panels).map(|panel| self.programme.value(self.common + 1 + panel).max(0.0)).collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / sum).collect()
    }
}
