//! A simplex method for bounded variables, with few rows and many columns: the inverse of the basis is kept as a whole.
//!
//! Maximises `cost · x` where every variable and the sum of every row keep between two bounds. Only sums, products and
//! comparisons are made, in one order, so that the same programme has the same answer on every machine.

/// A number this small is none.
pub const TINY: f64 = 1e-9;
/// Pivots between two inversions from scratch.
const REFRESH: usize = 64;
/// Steps that lead nowhere before the rule is used that cannot go in circles.
const PATIENCE: usize = 60;

/// A linear programme. Variables are numbered from 0; the sum of row `r` is variable `columns() + r`.
#[derive(Clone, Debug)]
pub struct Programme {
    rows: usize,
    columns: Vec<Vec<(u32, f64)>>,
    lower: Vec<f64>,
    upper: Vec<f64>,
    row_lower: Vec<f64>,
    row_upper: Vec<f64>,
    cost: Vec<f64>,
    /// What each row's basic variable is.
    basis: Vec<usize>,
    /// Where each variable stands.
    place: Vec<Place>,
    /// The inverse of the basis, row by row.
    inverse: Vec<f64>,
    /// Values of the basic variables.
    values: Vec<f64>,
    pivots: usize,
    work: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Basic(u32),
    Lower,
    Upper,
}

/// How a programme ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// Nothing is better.
    Best,
    /// No values fit. The multipliers of the rows prove it: see [`Programme::excess`].
    Impossible(Vec<f64>),
    /// It was given up: too many steps.
    Lost,
}

impl Programme {
    /// A programme with the bounds of its rows.
    pub fn new(row_bounds: &[(f64, f64)]) -> Self {
        let rows = row_bounds.len();
        let mut inverse = vec![0.0; rows * rows];
        for r in 0..rows {
            inverse[r * rows + r] = -1.0;
        }
        Self {
            rows,
            columns: Vec::new(),
            lower: Vec::new(),
            upper: Vec::new(),
            row_lower: row_bounds.iter().map(|bounds| bounds.0).collect(),
            row_upper: row_bounds.iter().map(|bounds| bounds.1).collect(),
            cost: Vec::new(),
            basis: Vec::new(),
            place: Vec::new(),
            inverse,
            values: vec![0.0; rows],
            pivots: 0,
            work: 0,
        }
    }

    /// Adds a variable; before the first solution, or between two.
    pub fn column(&mut self, entries: Vec<(u32, f64)>, lower: f64, upper: f64, cost: f64) -> usize {
        let at = self.columns.len();
        self.columns.push(entries);
        self.lower.push(lower);
        self.upper.push(upper);
        self.cost.push(cost);
        if !self.basis.is_empty() {
            // The rows' own variables are numbered behind the others.
            self.basis.iter_mut().filter(|variable| **variable >= at).for_each(|variable| *variable += 1);
            self.place.insert(at, Place::Lower);
            self.refresh_values();
        }
        at
    }

    /// How many variables there are beside the rows' own.
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// How much was done so far: about so many products.
    pub fn work(&self) -> u64 {
        self.work
    }

    /// Sets the bounds of a variable.
    pub fn bound(&mut self, column: usize, lower: f64, upper: f64) {
        self.lower[column] = lower;
        self.upper[column] = upper;
    }

    /// The bounds of a variable.
    pub fn bounds(&self, column: usize) -> (f64, f64) {
        (self.lower[column], self.upper[column])
    }

    /// Sets the bounds of a row's sum.
    pub fn row_bound(&mut self, row: usize, lower: f64, upper: f64) {
        self.row_lower[row] = lower;
        self.row_upper[row] = upper;
    }

    /// Sets what a variable is worth.
    pub fn worth(&mut self, column: usize, cost: f64) {
        self.cost[column] = cost;
    }

    fn low(&self, variable: usize) -> f64 {
        let n = self.columns.len();
        if variable < n { self.lower[variable] } else { self.row_lower[variable - n] }
    }

    fn high(&self, variable: usize) -> f64 {
        let n = self.columns.len();
        if variable < n { self.upper[variable] } else { self.row_upper[variable - n] }
    }

    /// The value of a variable.
    pub fn value(&self, variable: usize) -> f64 {
        match self.place.get(variable) {
            Some(Place::Basic(row)) => self.values[*row as usize],
            Some(Place::Lower) | None => self.low(variable),
            Some(Place::Upper) => self.high(variable),
        }
    }

    /// `y · column`.
    fn times(&self, y: &[f64], variable: usize) -> f64 {
        let n = self.columns.len();
        if variable < n {
            self.columns[variable].iter().map(|(row, entry)| y[*row as usize] * entry).sum()
        } else {
            -y[variable - n]
        }
    }

    /// How far apart multipliers prove the bounds to be: above nothing, no values fit. For whoever checks a proof: it takes
    /// the bounds as they are now, and sums and products alone.
    pub fn excess(&self, y: &[f64]) -> f64 {
        (0..self.columns.len() + self.rows)
            .map(|variable| {
                let q = self.times(y, variable);
                if q > 0.0 {
                    q * self.low(variable)
                } else if q < 0.0 {
                    q * self.high(variable)
                } else {
                    0.0
                }
            })
            .sum()
    }

    /// What multipliers make of each variable, for a proof.
    pub fn combined(&self, y: &[f64]) -> Vec<f64> {
        (0..self.columns.len()).map(|column| self.times(y, column)).collect()
    }

    /// The multipliers of the rows at the end: what one more of each is worth.
    pub fn prices(&self) -> Vec<f64> {
        let n = self.columns.len();
        let mut y = vec![0.0; self.rows];
        for (row, variable) in self.basis.iter().enumerate() {
            if *variable < n && self.cost[*variable] != 0.0 {
                let cost = self.cost[*variable];
                for (price, entry) in y.iter_mut().zip(&self.inverse[row * self.rows..(row + 1) * self.rows]) {
                    *price += cost * entry;
                }
            }
        }
        y
    }

    /// Solves it, beginning from where it stood.
    pub fn solve(&mut self) -> Ended {
        let n = self.columns.len();
        if self.basis.is_empty() {
            self.basis = (n..n + self.rows).collect();
            self.place = vec![Place::Lower; n];
            self.place.extend((0..self.rows).map(|row| Place::Basic(row as u32)));
        }
        for variable in 0..n + self.rows {
            // A bound that is none cannot be stood at.
            match self.place[variable] {
                Place::Lower if self.low(variable) == f64::NEG_INFINITY => self.place[variable] = Place::Upper,
                Place::Upper if self.high(variable) == f64::INFINITY => self.place[variable] = Place::Lower,
                _ => {}
            }
        }
        self.refresh_values();
        match self.walk(true) {
            Ended::Best => {}
            other => return other,
        }
        self.walk(false)
    }

    /// Values of the basic variables, from the others'.
    fn refresh_values(&mut self) {
        let n = self.columns.len();
        let mut sums = vec![0.0; self.rows];
        for variable in 0..n + self.rows {
            let value = match self.place[variable] {
                Place::Basic(_) => continue,
                Place::Lower => self.low(variable),
                Place::Upper => self.high(variable),
            };
            if value == 0.0 {
                continue;
            }
            if variable < n {
                for (row, entry) in &self.columns[variable] {
                    sums[*row as usize] += value * entry;
                }
            } else {
                sums[variable - n] -= value;
            }
        }
        for row in 0..self.rows {
            let line = &self.inverse[row * self.rows..(row + 1) * self.rows];
            self.values[row] = -line.iter().zip(&sums).map(|(entry, sum)| entry * sum).sum::<f64>();
        }
    }

    /// The inverse from scratch, by Gauss and Jordan.
    fn refresh(&mut self) {
        let m = self.rows;
        let n = self.columns.len();
        let mut matrix = vec![0.0; m * m];
        for (at, variable) in self.basis.iter().enumerate() {
            if *variable < n {
                for (row, entry) in &self.columns[*variable] {
                    matrix[*row as usize * m + at] = *entry;
                }
            } else {
                matrix[(*variable - n) * m + at] = -1.0;
            }
        }
        let mut inverse = vec![0.0; m * m];
        for r in 0..m {
            inverse[r * m + r] = 1.0;
        }
        for at in 0..m {
            let mut best = at;
            for row in at + 1..m {
                if matrix[row * m + at].abs() > matrix[best * m + at].abs() {
                    best = row;
                }
            }
            if best != at {
                for c in 0..m {
                    matrix.swap(best * m + c, at * m + c);
                    inverse.swap(best * m + c, at * m + c);
                }
            }
            let pivot = matrix[at * m + at];
            if pivot.abs() < 1e-13 {
                // It cannot be inverted any more: the old one is kept.
                return;
            }
            for c in 0..m {
                matrix[at * m + c] /= pivot;
                inverse[at * m + c] /= pivot;
            }
            for row in 0..m {
                let factor = matrix[row * m + at];
                if row != at && factor != 0.0 {
                    for c in 0..m {
                        matrix[row * m + c] -= factor * matrix[at * m + c];
                        inverse[row * m + c] -= factor * inverse[at * m + c];
                    }
                }
            }
        }
        self.inverse = inverse;
        self.refresh_values();
    }

    /// Walks from corner to corner: to values that fit, or from there to the best.
    fn walk(&mut self, to_fit: bool) -> Ended {
        let n = self.columns.len();
        let all = n + self.rows;
        let mut idle = 0;
        for _ in 0..50_000 + 20 * all {
            // What each basic variable is worth on this walk.
            let mut outside = 0.0;
            let mut worth = vec![0.0; self.rows];
            for row in 0..self.rows {
                let variable = self.basis[row];
                if to_fit {
                    let (value, low, high) = (self.values[row], self.low(variable), self.high(variable));
                    if value < low - TINY {
                        worth[row] = 1.0;
                        outside += low - value;
                    } else if value > high + TINY {
                        worth[row] = -1.0;
                        outside += value - high;
                    }
                } else if variable < n {
                    worth[row] = self.cost[variable];
                }
            }
            if to_fit && outside == 0.0 {
                return Ended::Best;
            }
            let mut y = vec![0.0; self.rows];
            for (row, worth) in worth.iter().enumerate().filter(|(_, worth)| **worth != 0.0) {
                for (price, entry) in y.iter_mut().zip(&self.inverse[row * self.rows..(row + 1) * self.rows]) {
                    *price += worth * entry;
                }
            }
            let careful = idle > PATIENCE;
            let mut entering: Option<(usize, f64)> = None;
            for variable in 0..all {
                let up = match self.place[variable] {
                    Place::Basic(_) => continue,
                    _ if self.low(variable) == self.high(variable) => continue,
                    Place::Lower => true,
                    Place::Upper => false,
                };
                let cost = if to_fit || variable >= n { 0.0 } else { self.cost[variable] };
                let gain = cost - self.times(&y, variable);
                let gain = if up { gain } else { -gain };
                if gain > TINY && entering.is_none_or(|(_, best)| gain > best) {
                    entering = Some((variable, gain));
                    if careful {
                        break;
                    }
                }
            }
            let Some((entering, _)) = entering else {
                return if to_fit { Ended::Impossible(y) } else { Ended::Best };
            };
            let step = self.step(entering, to_fit, careful);
            match step {
                None => return Ended::Lost,
                Some(length) => idle = if length > 1e-11 { 0 } else { idle + 1 },
            }
        }
        Ended::Lost
    }

    /// One step: a variable leaves its bound, until it or another one comes to a bound. Answers how far.
    fn step(&mut self, entering: usize, to_fit: bool, careful: bool) -> Option<f64> {
        let n = self.columns.len();
        let m = self.rows;
        self.work += (m * m + 8 * (n + m)) as u64;
        let mut alpha = vec![0.0; m];
        if entering < n {
            for (row, entry) in &self.columns[entering] {
                let at = *row as usize;
                for r in 0..m {
                    alpha[r] += self.inverse[r * m + at] * entry;
                }
            }
        } else {
            let at = entering - n;
            for r in 0..m {
                alpha[r] = -self.inverse[r * m + at];
            }
        }
        let up = self.place[entering] == Place::Lower;
        let sign = if up { 1.0 } else { -1.0 };
        let mut length = self.high(entering) - self.low(entering);
        let mut leaving: Option<(usize, Place)> = None;
        for row in 0..m {
            let rate = -sign * alpha[row];
            if rate.abs() < TINY {
                continue;
            }
            let variable = self.basis[row];
            let (value, low, high) = (self.values[row], self.low(variable), self.high(variable));
            let (room, place) = if rate < 0.0 {
                if to_fit && value < low - TINY {
                    continue;
                }
                if to_fit && value > high + TINY { (value - high, Place::Upper) } else { (value - low, Place::Lower) }
            } else {
                if to_fit && value > high + TINY {
                    continue;
                }
                if to_fit && value < low - TINY { (low - value, Place::Lower) } else { (high - value, Place::Upper) }
            };
            if !room.is_finite() {
                continue;
            }
            let far = (room / rate.abs()).max(0.0);
            let better = match leaving {
                _ if far < length - 1e-12 => true,
                Some((other, _)) if far <= length + 1e-12 => {
                    if careful {
                        variable < self.basis[other]
                    } else {
                        alpha[row].abs() > alpha[other].abs()
                    }
                }
                _ => false,
            };
            if better {
                length = length.min(far);
                leaving = Some((row, place));
            }
        }
        if !length.is_finite() {
            return None;
        }
        let start = if up { self.low(entering) } else { self.high(entering) };
        for row in 0..m {
            self.values[row] -= sign * length * alpha[row];
        }
        let Some((row, place)) = leaving else {
            self.place[entering] = if up { Place::Upper } else { Place::Lower };
            return Some(length);
        };
        self.place[self.basis[row]] = place;
        self.place[entering] = Place::Basic(row as u32);
        self.basis[row] = entering;
        self.values[row] = start + sign * length;
        let pivot = alpha[row];
        for c in 0..m {
            self.inverse[row * m + c] /= pivot;
        }
        let (before, rest) = self.inverse.split_at_mut(row * m);
        let (line, after) = rest.split_at_mut(m);
        for (r, other) in
            before.chunks_exact_mut(m).enumerate().chain(after.chunks_exact_mut(m).enumerate().map(|(r, o)| (r + row + 1, o)))
        {
            let factor = alpha[r];
            if factor != 0.0 {
                for (entry, own) in other.iter_mut().zip(line.iter()) {
                    *entry -= factor * own;
                }
            }
        }
        self.pivots += 1;
        if self.pivots.is_multiple_of(REFRESH.max(m)) {
            self.work += (2 * m * m * m) as u64;
            self.refresh();
        }
        Some(length)
    }
}
