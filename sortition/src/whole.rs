//! The best panel for given values: an integer programme, by branch and bound on the simplex method.

use crate::{
    Panel, Problem,
    simplex::{Ended, Programme},
};

/// Nearer to a whole number than this is one.
const WHOLE: f64 = 1e-6;

/// Whole panels of a problem, in a programme that is solved again and again.
#[derive(Clone, Debug)]
pub struct Whole {
    programme: Programme,
    kinds: usize,
    /// What the variables behind the kinds are worth; they are whole where the kinds are.
    beside: Vec<f64>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The best panel, and what it is worth; none if none is better than what was asked for.
    pub best: Option<(Panel, f64)>,
    /// No panel is worth more.
    pub bound: f64,
}

impl Whole {
    /// Every panel that keeps the quotas.
    pub fn new(problem: &Problem) -> Self {
        let bounds: Vec<(f64, f64)> = problem.kinds.iter().map(|kind| (0.0, f64::from(kind.people))).collect();
        Self::within(problem, &problem.rows(), &bounds)
    }

    /// Panels within narrower bounds: of the rows, and of the seats of each kind.
    pub fn within(problem: &Problem, rows: &[(f64, f64)], bounds: &[(f64, f64)]) -> Self {
        let mut programme = Programme::new(rows);
        for (kind, (low, high)) in bounds.iter().enumerate() {
            programme.column(problem.column(kind), *low, *high, 0.0);
        }
        Self { programme, kinds: bounds.len(), beside: Vec::new() }
    }

    /// Adds a variable beside the kinds, that counts in one row and is whole wherever the kinds are.
    pub fn beside(&mut self, row: u32, by: f64, upper: f64, worth: f64) {
        self.programme.column(vec![(row, by)], 0.0, upper, worth);
        self.beside.push(worth);
    }

    /// The best panel that is worth more than `above`. Looks at so many corners at most; then `bound` is what is still possible.
    pub fn best(&mut self, worth: &[f64], above: f64, corners: usize) -> Found {
        self.search(worth, above, corners, false)
    }

    /// A panel that is worth much: the first whole one on the way to the best. It seats as many of one kind as can be, if one is given.
    pub fn first(&mut self, worth: &[f64], with: Option<usize>, corners: usize) -> Option<Panel> {
        let before = with.map(|kind| (kind, self.programme.bounds(kind)));
        if let Some((kind, (_, high))) = before {
            self.programme.bound(kind, high, high);
        }
        let found = self.search(worth, f64::NEG_INFINITY, corners, true);
        if let Some((kind, (low, high))) = before {
            self.programme.bound(kind, low, high);
        }
        found.best.map(|(panel, _)| panel)
    }

    /// The same, but the first that is worth more is enough.
    pub fn better(&mut self, worth: &[f64], above: f64, corners: usize) -> Found {
        self.search(worth, above, corners, true)
    }

    /// How much was done so far, as the simplex method counts it.
    pub fn work(&self) -> u64 {
        self.programme.work()
    }

    fn search(&mut self, worth: &[f64], above: f64, corners: usize, first: bool) -> Found {
        for (kind, worth) in worth.iter().enumerate() {
            self.programme.worth(kind, *worth);
        }
        let mut search = Search { worth, best: None, above, corners, open: f64::NEG_INFINITY, first };
        self.branch(&mut search);
        let value = search.best.as_ref().map_or(above, |(_, value)| *value);
        Found { bound: value.max(search.open), best: search.best }
    }

    fn branch(&mut self, search: &mut Search<'_>) {
        if search.first && search.best.is_some() {
            return;
        }
        match self.programme.solve() {
            Ended::Best => {}
            Ended::Impossible(_) => return,
            Ended::Lost => {
                search.open = f64::INFINITY;
                return;
            }
        }
        let values: Vec<f64> = (0..self.kinds).map(|kind| self.programme.value(kind)).collect();
        let beside: f64 = self.beside.iter().enumerate().map(|(at, worth)| worth * self.programme.value(self.kinds + at)).sum();
        let bound: f64 = values.iter().zip(search.worth).map(|(value, worth)| value * worth).sum::<f64>() + beside;
        if search.above.is_finite() && bound <= search.above + 1e-10 * (1.0 + search.above.abs()) {
            return;
        }
        if search.corners == 0 {
            search.open = search.open.max(bound);
            return;
        }
        search.corners -= 1;
        let split = |value: &f64| (value - value.round()).abs();
        let widest = (0..self.kinds)
            .filter(|kind| split(&values[*kind]) > WHOLE)
            .max_by(|a, b| split(&values[*a]).total_cmp(&split(&values[*b])));
        let Some(kind) = widest else {
            let panel: Panel = values
                .iter()
                .enumerate()
                .map(|(kind, value)| (kind as u32, value.round() as u32))
                .filter(|(_, many)| *many > 0)
                .collect();
            let value = beside + panel.iter().map(|(kind, many)| search.worth[*kind as usize] * f64::from(*many)).sum::<f64>();
            if value > search.above {
                search.above = value;
                search.best = Some((panel, value));
            }
            return;
        };
        let (low, high) = self.programme.bounds(kind);
        let floor = values[kind].floor();
        let up_first = values[kind] - floor > 0.5;
        for up in [up_first, !up_first] {
            if up {
                self.programme.bound(kind, floor + 1.0, high);
            } else {
                self.programme.bound(kind, low, floor);
            }
            self.branch(search);
        }
        self.programme.bound(kind, low, high);
    }
}

struct Search<'w> {
    worth: &'w [f64],
    best: Option<(Panel, f64)>,
    above: f64,
    corners: usize,
    open: f64,
    first: bool,
}
