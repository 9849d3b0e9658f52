//! How the basis of a programme of blocks changes, and how it is made anew.

use super::{Blocks, NONE, Place};
use crate::simplex::TINY;

impl Blocks {
    /// One variable comes into the basis for another one. Answers whether it can.
    pub(super) fn exchange(&mut self, entering: usize, leaving: usize, alpha: f64, mut rates: Vec<f64>) -> bool {
        let at = match self.place[leaving] {
            Place::Work(at) => at as usize,
            Place::Key(slot) => {
                let (block, slot) = (self.block[leaving] as usize, usize::from(slot));
                let by = |w: &u32| self.by_keys(self.work[*w as usize] as usize)[slot];
                let mut other: Option<(u32, f64)> = None;
                for w in &self.members[block] {
                    let here = by(w);
                    if here.abs() > TINY && other.is_none_or(|(_, most)| here.abs() > most.abs() + TINY) {
                        other = Some((*w, here));
                    }
                }
                let Some((w, here)) = other else {
                    // Nothing else of the basis stands on this key.
                    let here = self.block[entering] as usize == block && self.by_keys(entering)[slot].abs() > TINY;
                    if here {
                        self.set_key(block, slot, entering);
                    }
                    return here;
                };
                self.trade(block, slot, w as usize, here);
                rates[w as usize] = alpha;
                w as usize
            }
            Place::Lower | Place::Upper => return false,
        };
        if self.block[leaving] != NONE {
            self.members[self.block[leaving] as usize].retain(|w| *w as usize != at);
        }
        if self.block[entering] != NONE {
            self.members[self.block[entering] as usize].push(at as u32);
        }
        self.work[at] = entering as u32;
        self.place[entering] = Place::Work(at as u32);
        let m = self.joint;
        let pivot = rates[at];
        self.inverse[at * m..(at + 1) * m].iter_mut().for_each(|entry| *entry /= pivot);
        let line = self.inverse[at * m..(at + 1) * m].to_vec();
        for (r, rate) in rates.iter().enumerate().filter(|(r, rate)| *r != at && **rate != 0.0) {
            let other = &mut self.inverse[r * m..(r + 1) * m];
            other.iter_mut().zip(&line).for_each(|(entry, own)| *entry -= rate * own);
        }
        true
    }

    /// A key and a variable of the work basis change places.
    fn trade(&mut self, block: usize, slot: usize, at: usize, here: f64) {
        let m = self.joint;
        let mut line: Vec<f64> = self.inverse[at * m..(at + 1) * m].iter().map(|entry| -here * entry).collect();
        for w in self.members[block].iter().map(|w| *w as usize).filter(|w| *w != at) {
            let by = self.by_keys(self.work[w] as usize)[slot];
            if by != 0.0 {
                let other = &self.inverse[w * m..(w + 1) * m];
                line.iter_mut().zip(other).for_each(|(entry, other)| *entry -= by * other);
            }
        }
        self.inverse[at * m..(at + 1) * m].copy_from_slice(&line);
        let (old, new) = (self.keys[block][slot], self.work[at]);
        self.work[at] = old;
        self.place[old as usize] = Place::Work(at as u32);
        self.set_key(block, slot, new as usize);
    }

    fn set_key(&mut self, block: usize, slot: usize, variable: usize) {
        self.keys[block][slot] = variable as u32;
        self.place[variable] = Place::Key(slot as u8);
        let [a, b] = self.keys[block].map(|key| self.own[key as usize]);
        let size = a[0] * b[1] - b[0] * a[1];
        self.turned[block] = [[b[1] / size, -b[0] / size], [-a[1] / size, a[0] / size]];
    }

    /// Values of the basis, from the others'.
    pub(super) fn refresh_values(&mut self) {
        let mut sums = vec![0.0; self.joint];
        let mut own = vec![[0.0; 2]; self.blocks];
        for variable in 0..self.own.len() {
            let value = match self.place[variable] {
                Place::Lower => self.low[variable],
                Place::Upper => self.high[variable],
                _ => continue,
            };
            self.value[variable] = value;
            if value != 0.0 {
                self.entries(variable).iter().for_each(|(row, entry)| sums[*row as usize] += value * entry);
                if self.block[variable] != NONE {
                    let at = self.block[variable] as usize;
                    (0..2).for_each(|i| own[at][i] += value * self.own[variable][i]);
                }
            }
        }
        for (k, own) in own.iter().enumerate() {
            let turned = &self.turned[k];
            for i in 0..2 {
                let key = self.keys[k][i] as usize;
                let value = -(turned[i][0] * own[0] + turned[i][1] * own[1]);
                self.value[key] = value;
                self.entries(key).iter().for_each(|(row, entry)| sums[*row as usize] += value * entry);
            }
        }
        for w in 0..self.joint {
            let line = &self.inverse[w * self.joint..(w + 1) * self.joint];
            let value = -line.iter().zip(&sums).map(|(entry, sum)| entry * sum).sum::<f64>();
            let variable = self.work[w] as usize;
            self.value[variable] = value;
            if self.block[variable] != NONE {
                let by = self.by_keys(variable);
                for (key, by) in self.keys[self.block[variable] as usize].into_iter().zip(by) {
                    self.value[key as usize] -= by * value;
                }
            }
        }
        let basis = self.keys.iter().flatten().chain(&self.work);
        self.outside = basis.filter(|variable| self.off(**variable as usize) != 0.0).count();
    }

    /// The inverse of the work basis from scratch, and the values.
    pub(super) fn refresh(&mut self) {
        let m = self.joint;
        // Both side by side: [work basis | one].
        let mut lines: Vec<Vec<f64>> = (0..m).map(|r| (0..2 * m).map(|c| f64::from(u8::from(c == m + r))).collect()).collect();
        for (w, variable) in self.work.iter().enumerate() {
            for (r, entry) in self.joint_part(*variable as usize).into_iter().enumerate() {
                lines[r][w] = entry;
            }
        }
        for at in 0..m {
            let best = (at + 1..m).fold(at, |best, r| if lines[r][at].abs() > lines[best][at].abs() { r } else { best });
            lines.swap(at, best);
            let pivot = lines[at][at];
            if pivot.abs() < 1e-13 {
                // It cannot be inverted any more: the old one is kept.
                self.refresh_values();
                return;
            }
            lines[at][at..].iter_mut().for_each(|entry| *entry /= pivot);
            let (before, rest) = lines.split_at_mut(at);
            if let Some((line, after)) = rest.split_first_mut() {
                for other in before.iter_mut().chain(after) {
                    let factor = other[at];
                    if factor != 0.0 {
                        other[at..].iter_mut().zip(&line[at..]).for_each(|(entry, own)| *entry -= factor * own);
                    }
                }
            }
        }
        for (r, line) in lines.iter().enumerate() {
            self.inverse[r * m..(r + 1) * m].copy_from_slice(&line[m..]);
        }
        self.refresh_values();
    }
}
