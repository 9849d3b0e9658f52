//! A simplex method for many small blocks with few joint rows: it finds values that fit, or proves that none do.
//!
//! Every block has two rows of its own, and all share the joint rows. Two variables of each block are its *keys*: the rest of the
//! basis, one variable a joint row, is kept by an inverse that is as small as the joint rows are few, however many blocks there
//! are. Only sums, products and comparisons are made, in one order: the same programme ends the same on every machine.

mod basis;

use crate::simplex::TINY;

/// A sum that is out of bounds by no more is not.
const NEAR: f64 = 2e-9;
/// Pivots between two inversions from scratch.
const REFRESH: usize = 150;
/// Steps that lead nowhere before the rule is used that cannot go in circles.
const PATIENCE: usize = 400;
/// Blocks that are looked at before the best variable of them enters.
const GLANCE: usize = 64;
/// The block of what is in none.
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Lower,
    Upper,
    /// One of the two keys of its block.
    Key(u8),
    /// At this place among the others of the basis.
    Work(u32),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fit {
    /// There are values.
    Fits,
    /// There are none: multipliers of the joint rows, and of each block's own rows.
    Not(Vec<f64>, Vec<[f64; 2]>),
    /// It was given up: too many steps.
    Lost,
}

/// A programme. The sum of row `i` of block `k` is variable `2k + i`, the sum of joint row `r` is variable `2 * blocks + r`, and
/// the columns follow.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    blocks: usize,
    joint: usize,
    /// Where the entries of each variable begin.
    starts: Vec<u32>,
    entries: Vec<(u32, f64)>,
    own: Vec<[f64; 2]>,
    block: Vec<u32>,
    low: Vec<f64>,
    high: Vec<f64>,
    value: Vec<f64>,
    place: Vec<Place>,
    of_block: Vec<Vec<u32>>,
    keys: Vec<[u32; 2]>,
    /// The inverse of each block's keys.
    turned: Vec<[[f64; 2]; 2]>,
    /// Places of the work basis that a block has beside its keys.
    members: Vec<Vec<u32>>,
    work: Vec<u32>,
    /// The inverse of the work basis, row by row.
    inverse: Vec<f64>,
    /// Basic variables out of bounds.
    outside: usize,
    cursor: usize,
    pivots: usize,
}

/// What a step changes: how the values of the basis go with the variable that enters.
struct Rates {
    /// Of the work basis.
    work: Vec<f64>,
    /// Of all that moves.
    moved: Vec<(u32, f64)>,
}

/// Where a variable of the basis comes to a bound.
struct Stop {
    far: f64,
    variable: u32,
    alpha: f64,
    place: Place,
}

impl Blocks {
    /// So many blocks and joint rows; all bounds are nothing until they are set.
    pub(super) fn new(blocks: usize, joint: usize) -> Self {
        let sums = 2 * blocks + joint;
        let mut inverse = vec![0.0; joint * joint];
        (0..joint).for_each(|r| inverse[r * joint + r] = -1.0);
        let mut new = Self {
            blocks,
            joint,
            starts: vec![0],
            entries: Vec::new(),
            own: Vec::new(),
            block: Vec::new(),
            low: vec![0.0; sums],
            high: vec![0.0; sums],
            value: vec![0.0; sums],
            place: Vec::new(),
            of_block: (0..blocks as u32).map(|k| vec![2 * k, 2 * k + 1]).collect(),
            keys: (0..blocks as u32).map(|k| [2 * k, 2 * k + 1]).collect(),
            turned: vec![[[-1.0, 0.0], [0.0, -1.0]]; blocks],
            members: vec![Vec::new(); blocks],
            work: (0..joint).map(|r| (2 * blocks + r) as u32).collect(),
            inverse,
            outside: 0,
            cursor: 0,
            pivots: 0,
        };
        for k in 0..blocks {
            for i in 0..2u8 {
                let own = if i == 0 { [-1.0, 0.0] } else { [0.0, -1.0] };
                new.own.push(own);
                new.block.push(k as u32);
                new.place.push(Place::Key(i));
                new.starts.push(0);
            }
        }
        for r in 0..joint {
            new.entries.push((r as u32, -1.0));
            new.own.push([0.0; 2]);
            new.block.push(NONE);
            new.place.push(Place::Work(r as u32));
            new.starts.push(new.entries.len() as u32);
        }
        new
    }

    /// Adds a variable of a block, at its lower bound.
    pub(super) fn column(&mut self, block: usize, entries: &[(u32, f64)], own: [f64; 2], low: f64, high: f64) -> usize {
        let at = self.own.len();
        self.entries.extend_from_slice(entries);
        self.starts.push(self.entries.len() as u32);
        self.own.push(own);
        self.block.push(block as u32);
        self.low.push(low);
        self.high.push(high);
        self.value.push(low);
        self.place.push(Place::Lower);
        self.of_block[block].push(at as u32);
        at
    }

    /// Bounds of the sum of a block's row.
    pub(super) fn bound_own(&mut self, block: usize, row: usize, low: f64, high: f64) {
        (self.low[2 * block + row], self.high[2 * block + row]) = (low, high);
    }

    /// Bounds of the sum of a joint row.
    pub(super) fn bound_joint(&mut self, row: usize, low: f64, high: f64) {
        let at = 2 * self.blocks + row;
        (self.low[at], self.high[at]) = (low, high);
    }

    /// The value of a column.
    pub(super) fn value(&self, column: usize) -> f64 {
        self.value[column]
    }

    fn entries(&self, variable: usize) -> &[(u32, f64)] {
        &self.entries[self.starts[variable] as usize..self.starts[variable + 1] as usize]
    }

    fn times(&self, y: &[f64], variable: usize) -> f64 {
        self.entries(variable).iter().map(|(row, entry)| y[*row as usize] * entry).sum()
    }

    /// A variable of a block by the keys of the block.
    fn by_keys(&self, variable: usize) -> [f64; 2] {
        let (own, turned) = (self.own[variable], &self.turned[self.block[variable] as usize]);
        [turned[0][0] * own[0] + turned[0][1] * own[1], turned[1][0] * own[0] + turned[1][1] * own[1]]
    }

    /// What a basic variable is worth while it is out of bounds.
    fn off(&self, variable: usize) -> f64 {
        let value = self.value[variable];
        if value < self.low[variable] - NEAR {
            1.0
        } else if value > self.high[variable] + NEAR {
            -1.0
        } else {
            0.0
        }
    }

    /// A variable in the joint rows, less what the keys of its block do there.
    fn joint_part(&self, variable: usize) -> Vec<f64> {
        let mut part = vec![0.0; self.joint];
        self.entries(variable).iter().for_each(|(row, entry)| part[*row as usize] += entry);
        if self.block[variable] != NONE {
            let by = self.by_keys(variable);
            for (key, by) in self.keys[self.block[variable] as usize].into_iter().zip(by).filter(|(_, by)| *by != 0.0) {
                self.entries(key as usize).iter().for_each(|(row, entry)| part[*row as usize] -= by * entry);
            }
        }
        part
    }

    /// Finds values, beginning from where it stood.
    pub(super) fn fit(&mut self) -> Fit {
        self.refresh_values();
        let mut idle = 0;
        for _ in 0..200_000 + 50 * self.own.len() {
            if self.outside == 0 {
                // The sums of many steps are made anew before they are believed.
                self.refresh();
                if self.outside == 0 {
                    return Fit::Fits;
                }
            }
            let y = self.multipliers();
            let careful = idle > PATIENCE;
            let Some((entering, gain)) = self.entering(&y, careful) else {
                let own = (0..self.blocks).map(|k| self.own_multipliers(&y, k)).collect();
                return Fit::Not(y, own);
            };
            match self.step(entering, gain, careful) {
                None => return Fit::Lost,
                Some(length) => idle = if length > 1e-11 { 0 } else { idle + 1 },
            }
        }
        Fit::Lost
    }

    fn multipliers(&self) -> Vec<f64> {
        let mut y = vec![0.0; self.joint];
        for (w, variable) in self.work.iter().enumerate() {
            let variable = *variable as usize;
            let mut worth = self.off(variable);
            if self.block[variable] != NONE {
                let keys = self.keys[self.block[variable] as usize];
                let by = self.by_keys(variable);
                worth -= by[0] * self.off(keys[0] as usize) + by[1] * self.off(keys[1] as usize);
            }
            if worth != 0.0 {
                let line = &self.inverse[w * self.joint..(w + 1) * self.joint];
                y.iter_mut().zip(line).for_each(|(price, entry)| *price += worth * entry);
            }
        }
        y
    }

    fn own_multipliers(&self, y: &[f64], block: usize) -> [f64; 2] {
        let (keys, turned) = (self.keys[block], &self.turned[block]);
        let worth = keys.map(|key| self.off(key as usize) - self.times(y, key as usize));
        [turned[0][0] * worth[0] + turned[1][0] * worth[1], turned[0][1] * worth[0] + turned[1][1] * worth[1]]
    }

    /// How much nearer it comes to fitting with a variable that leaves its bound.
    fn gain(&self, y: &[f64], own: [f64; 2], variable: usize) -> f64 {
        let sign = match self.place[variable] {
            Place::Lower => 1.0,
            Place::Upper => -1.0,
            _ => return 0.0,
        };
        if self.low[variable] == self.high[variable] {
            return 0.0;
        }
        let mine = self.own[variable];
        -sign * (self.times(y, variable) + own[0] * mine[0] + own[1] * mine[1])
    }

    /// Which variable enters: a good one of some blocks, or where it was idle the first there is.
    fn entering(&mut self, y: &[f64], careful: bool) -> Option<(usize, f64)> {
        let better = |best: &Option<(usize, f64)>, variable: usize, gain: f64| {
            gain > TINY && best.is_none_or(|(other, most)| if careful { variable < other } else { gain > most })
        };
        let mut best: Option<(usize, f64)> = None;
        for variable in 2 * self.blocks..2 * self.blocks + self.joint {
            let gain = self.gain(y, [0.0; 2], variable);
            if better(&best, variable, gain) {
                best = Some((variable, gain));
            }
        }
        for turn in 0..self.blocks {
            let block = if careful { turn } else { (self.cursor + turn) % self.blocks };
            let own = self.own_multipliers(y, block);
            for variable in self.of_block[block].iter().map(|variable| *variable as usize) {
                let gain = self.gain(y, own, variable);
                if better(&best, variable, gain) {
                    best = Some((variable, gain));
                }
            }
            if !careful && (turn + 1) % GLANCE == 0 && best.is_some() {
                self.cursor = (block + 1) % self.blocks;
                break;
            }
        }
        best
    }

    fn rates(&self, entering: usize) -> Rates {
        let m = self.joint;
        let part = self.joint_part(entering);
        let filled: Vec<(usize, f64)> = part.into_iter().enumerate().filter(|(_, entry)| *entry != 0.0).collect();
        let mut work = vec![0.0; m];
        for (w, rate) in work.iter_mut().enumerate() {
            let line = &self.inverse[w * m..(w + 1) * m];
            *rate = filled.iter().map(|(row, entry)| line[*row] * entry).sum();
        }
        let mut keys: Vec<(u32, [f64; 2])> = Vec::new();
        if self.block[entering] != NONE {
            keys.push((self.block[entering], self.by_keys(entering)));
        }
        let mut moved: Vec<(u32, f64)> = Vec::new();
        for (w, rate) in work.iter().enumerate().filter(|(_, rate)| **rate != 0.0) {
            let variable = self.work[w] as usize;
            moved.push((self.work[w], *rate));
            if self.block[variable] != NONE {
                let by = self.by_keys(variable);
                keys.push((self.block[variable], [-rate * by[0], -rate * by[1]]));
            }
        }
        keys.sort_by_key(|(block, _)| *block);
        for same in keys.chunk_by(|a, b| a.0 == b.0) {
            for i in 0..2 {
                let rate: f64 = same.iter().map(|(_, by)| by[i]).sum();
                if rate != 0.0 {
                    moved.push((self.keys[same[0].0 as usize][i], rate));
                }
            }
        }
        Rates { work, moved }
    }

    /// One step: a variable leaves its bound, until it or another one comes to a bound. Answers how far.
    fn step(&mut self, entering: usize, gain: f64, careful: bool) -> Option<f64> {
        let rates = self.rates(entering);
        let up = self.place[entering] == Place::Lower;
        let sign = if up { 1.0 } else { -1.0 };
        let mut length = self.high[entering] - self.low[entering];
        // Where something comes to a bound, and how much less each further part of the step gains from there.
        let mut stops: Vec<Stop> = Vec::new();
        for (variable, alpha) in rates.moved.iter().filter(|(_, alpha)| alpha.abs() >= TINY) {
            let at = *variable as usize;
            let (value, low, high, off) = (self.value[at], self.low[at], self.high[at], self.off(at));
            let mut stop = |room: f64, place: Place| {
                if room.is_finite() {
                    stops.push(Stop { far: (room / alpha.abs()).max(0.0), variable: *variable, alpha: *alpha, place });
                }
            };
            if -sign * alpha < 0.0 {
                if off == -1.0 {
                    stop(value - high, Place::Upper);
                }
                if off <= 0.0 {
                    stop(value - low, Place::Lower);
                }
            } else {
                if off == 1.0 {
                    stop(low - value, Place::Lower);
                }
                if off >= 0.0 {
                    stop(high - value, Place::Upper);
                }
            }
        }
        stops.sort_by(|a, b| a.far.total_cmp(&b.far).then(a.variable.cmp(&b.variable)));
        let mut leaving: Option<(u32, f64, Place)> = None;
        let mut left = gain;
        let mut last = None;
        for (at, stop) in stops.iter().enumerate() {
            if stop.far > length {
                break;
            }
            left -= stop.alpha.abs();
            if left <= TINY {
                last = Some(at);
                break;
            }
        }
        if let Some(last) = last {
            // Of stops at the same place the one that keeps the inverse most exact.
            let far = stops[last].far;
            let same = stops[..=last].iter().rev().take_while(|stop| stop.far >= far - 1e-12);
            let best = if careful { Some(&stops[last]) } else { same.max_by(|a, b| a.alpha.abs().total_cmp(&b.alpha.abs())) };
            if let Some(best) = best {
                length = best.far;
                leaving = Some((best.variable, best.alpha, best.place));
            }
        }
        if !length.is_finite() {
            return None;
        }
        for (variable, alpha) in &rates.moved {
            let at = *variable as usize;
            let before = usize::from(self.off(at) != 0.0);
            self.value[at] -= sign * length * alpha;
            self.outside = self.outside + usize::from(self.off(at) != 0.0) - before;
        }
        let Some((leaving, alpha, place)) = leaving else {
            self.place[entering] = if up { Place::Upper } else { Place::Lower };
            self.value[entering] = if up { self.high[entering] } else { self.low[entering] };
            return Some(length);
        };
        self.value[entering] += sign * length;
        if !self.exchange(entering, leaving as usize, alpha, rates.work) {
            return None;
        }
        let leaving = leaving as usize;
        self.outside -= usize::from(self.off(leaving) != 0.0);
        self.place[leaving] = place;
        self.value[leaving] = if place == Place::Lower { self.low[leaving] } else { self.high[leaving] };
        self.outside += usize::from(self.off(entering) != 0.0);
        self.pivots += 1;
        if self.pivots.is_multiple_of(REFRESH) {
            self.refresh();
        }
        Some(length)
    }
}
