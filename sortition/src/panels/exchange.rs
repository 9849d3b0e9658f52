//! Exchanges of two people, until a panel keeps its quotas.

use super::{Maker, NONE};

impl Maker<'_> {
    /// How much worse it is to take somebody off a quota, and to put somebody on.
    fn costs(&self, counts: &[u32]) -> (Vec<i32>, Vec<i32>) {
        let off = |row: usize| if counts[row] > self.high[row] { -1 } else { i32::from(counts[row] <= self.low[row]) };
        let on = |row: usize| if counts[row] < self.low[row] { -1 } else { i32::from(counts[row] >= self.high[row]) };
        ((0..counts.len()).map(off).collect(), (0..counts.len()).map(on).collect())
    }

    pub(super) fn mend(&mut self, seated: &mut [u32], counts: &mut [u32], mut total: u32, exchanges: usize) -> Option<()> {
        let n = seated.len();
        let q = counts.len();
        for round in 0..exchanges {
            let broken = (0..q).any(|row| counts[row] < self.low[row] || counts[row] > self.high[row]);
            if !broken && total == self.problem.seats {
                return Some(());
            }
            let (off, on) = self.costs(counts);
            if total != self.problem.seats {
                // Rounding left a seat too many or too few.
                let add = total < self.problem.seats;
                let fits = |kind: &usize| if add { seated[*kind] < self.most[*kind] } else { seated[*kind] > self.least[*kind] };
                let cost = |kind: usize| -> i32 {
                    self.problem.kinds[kind]
                        .quotas
                        .iter()
                        .map(|row| if add { on[*row as usize] } else { off[*row as usize] })
                        .sum()
                };
                let gain = |kind: usize| if add { self.keen(kind, seated[kind]) } else { -self.keen(kind, seated[kind]) };
                let best = (0..n).filter(fits).min_by(|a, b| cost(*a).cmp(&cost(*b)).then(gain(*b).total_cmp(&gain(*a))))?;
                let rows = &self.problem.kinds[best].quotas;
                if add {
                    seated[best] += 1;
                    total += 1;
                    rows.iter().for_each(|row| counts[*row as usize] += 1);
                } else {
                    seated[best] -= 1;
                    total -= 1;
                    rows.iter().for_each(|row| counts[*row as usize] -= 1);
                }
                continue;
            }
            let pair = self.beside(seated, counts, &off, &on).or_else(|| self.anywhere(seated, &off, &on, round));
            let (out, into) = pair?;
            seated[out] -= 1;
            seated[into] += 1;
            self.problem.kinds[out].quotas.iter().for_each(|row| counts[*row as usize] -= 1);
            self.problem.kinds[into].quotas.iter().for_each(|row| counts[*row as usize] += 1);
        }
        None
    }

    /// Two who differ in one feature alone, in which that mends something.
    fn beside(&mut self, seated: &[u32], counts: &[u32], off: &[i32], on: &[i32]) -> Option<(usize, usize)> {
        let q = counts.len();
        let start = self.below(q);
        let mut best: Option<(i32, f64, usize, usize)> = None;
        let away = (0..q)
            .map(|step| (start + step) % q)
            .find(|row| off[*row] < 0)
            .or_else(|| (0..q).map(|step| (start + step) % q).find(|row| on[*row] < 0))?;
        let over = off[away] < 0;
        let feature = self.feature[away];
        let others: Vec<usize> = (0..q).filter(|row| *row != away && self.feature[*row] == feature).collect();
        for (kind, many) in seated.iter().enumerate() {
            if *many <= self.least[kind] {
                continue;
            }
            let own = self.problem.kinds[kind].quotas.iter().map(|row| *row as usize).find(|row| self.feature[*row] == feature);
            let Some(own) = own else { continue };
            let targets: &[usize] = if over {
                if own != away {
                    continue;
                }
                &others
            } else {
                if own == away {
                    continue;
                }
                std::slice::from_ref(&away)
            };
            for row in targets {
                let cost = off[own] + on[*row];
                if cost >= 0 || best.is_some_and(|(least, ..)| cost > least) {
                    continue;
                }
                let other = self.beside[kind * q + *row];
                if other == NONE || seated[other as usize] >= self.most[other as usize] {
                    continue;
                }
                let other = other as usize;
                let gain = self.keen(other, seated[other]) - self.keen(kind, *many);
                if best.is_none_or(|(least, most, ..)| cost < least || gain > most) {
                    best = Some((cost, gain, kind, other));
                }
            }
        }
        best.map(|(_, _, out, into)| (out, into))
    }

    /// Any two of whom the exchange mends most; now and then another one, so that it does not go in circles.
    fn anywhere(&mut self, seated: &[u32], off: &[i32], on: &[i32], round: usize) -> Option<(usize, usize)> {
        let n = seated.len();
        let mut outs: Vec<usize> = (0..n).filter(|kind| seated[*kind] > self.least[*kind]).collect();
        if outs.len() > 24 {
            for at in 0..24 {
                let other = at + self.below(outs.len() - at);
                outs.swap(at, other);
            }
            outs.truncate(24);
        }
        let noise = if round % 10 == 9 { 2.0 } else { 0.0 };
        let mut best: Option<(f64, usize, usize)> = None;
        let mut comes = on.to_vec();
        for out in outs {
            let leaves: i32 = self.problem.kinds[out].quotas.iter().map(|row| off[*row as usize]).sum();
            // Whoever comes on a quota that somebody leaves changes nothing there.
            let own = &self.problem.kinds[out].quotas;
            own.iter().for_each(|row| comes[*row as usize] = -off[*row as usize]);
            for into in 0..n {
                if into == out || seated[into] >= self.most[into] {
                    continue;
                }
                let cost = leaves + self.problem.kinds[into].quotas.iter().map(|row| comes[*row as usize]).sum::<i32>();
                if best.as_ref().is_some_and(|(least, ..)| f64::from(cost) > *least + 1.0 + noise) {
                    continue;
                }
                let gain = self.keen(into, seated[into]) - self.keen(out, seated[out]);
                let score = f64::from(cost) - 0.1 * gain.clamp(-4.0, 4.0) + if noise > 0.0 { noise * self.unit() } else { 0.0 };
                if best.as_ref().is_none_or(|(least, ..)| score < *least) {
                    best = Some((score, out, into));
                }
            }
            own.iter().for_each(|row| comes[*row as usize] = on[*row as usize]);
        }
        best.map(|(_, out, into)| (out, into))
    }
}
