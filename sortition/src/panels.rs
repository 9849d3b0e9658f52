//! Panels whose mean comes near to wanted seats: thrown for, and mended by exchanging people who differ in little.

mod exchange;

use crate::{Panel, Problem};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use std::collections::HashMap;

/// A seat that is owed weighs as much as one in the logarithm of odds; so many of them count.
const OWED: f64 = 4.0;
/// How many orders kinds are gone through in.
const ORDERS: usize = 8;
/// Times that all quotas are gone through.
const SWEEPS: usize = 3;
/// Nobody.
const NONE: u32 = u32::MAX;

/// How a panel is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Along an order of the kinds, at even distances: good for few kinds.
    Ordered,
    /// Each kind by itself, then evened out quota by quota: good for many kinds.
    Even,
}

/// Makes panels near to wanted seats.
pub struct Maker<'p> {
    problem: &'p Problem,
    way: Way,
    /// What each quota has at least and at most: on this panel, and on any.
    low: Vec<u32>,
    high: Vec<u32>,
    ends: Vec<(u32, u32)>,
    /// Expected seats of each quota.
    sums: Vec<f64>,
    least: Vec<u32>,
    most: Vec<u32>,
    /// The quotas of each feature, the feature of each quota, and the kinds of each quota.
    features: Vec<Vec<u32>>,
    feature: Vec<usize>,
    /// Orders in which kinds are gone through.
    orders: Vec<Vec<u32>>,
    members: Vec<Vec<u32>>,
    /// For each kind and quota: the kind that differs in that alone.
    beside: Vec<u32>,
    rng: ChaCha20Rng,
    /// Expected seats, times panels, less what was made.
    owed: Vec<f64>,
    wanted: Vec<f64>,
    /// How likely a seat more than the whole number below is, in the logarithm of odds.
    odds: Vec<f64>,
    /// How readily a kind is given one seat more, as this panel is made.
    margin: Vec<f64>,
}

impl<'p> Maker<'p> {
    /// For these expected seats. What is certain there is so in every panel: who is seated, who is not, and quotas that are met
    /// at their end.
    pub fn new(problem: &'p Problem, wanted: &[f64], rows: &[(u32, u32)], way: Way) -> Self {
        let n = problem.kinds.len();
        let mut rng = ChaCha20Rng::seed_from_u64(0);
        let people = |kind: usize| f64::from(problem.kinds[kind].people);
        let least: Vec<u32> = (0..n)
            .map(|kind| match way {
                // The nearest whole numbers below and above: panels that differ less from each other are nearer to the mean.
                Way::Even => (wanted[kind] + 1e-9).floor() as u32,
                Way::Ordered if wanted[kind] > people(kind) - 1e-9 => problem.kinds[kind].people,
                Way::Ordered => 0,
            })
            .collect();
        let most: Vec<u32> = (0..n)
            .map(|kind| match way {
                Way::Even => (wanted[kind] - 1e-9).ceil().max(0.0) as u32,
                Way::Ordered if wanted[kind] < 1e-12 => 0,
                Way::Ordered => problem.kinds[kind].people,
            })
            .collect();
        let of = features(problem);
        let count = of.iter().map(|feature| feature + 1).max().unwrap_or(0);
        let mut features = vec![Vec::new(); count];
        of.iter().enumerate().for_each(|(row, feature)| features[*feature].push(row as u32));
        let mut members = vec![Vec::new(); problem.quotas.len()];
        for (kind, about) in problem.kinds.iter().enumerate() {
            about.quotas.iter().for_each(|row| members[*row as usize].push(kind as u32));
        }
        let mut orders = Vec::new();
        for _ in 0..if way == Way::Ordered { ORDERS } else { 0 } {
            let first = shuffled(count, &mut rng);
            let ranks = shuffled(problem.quotas.len(), &mut rng);
            let key = |kind: &u32| {
                let mut by_feature = vec![0; count];
                for quota in &problem.kinds[*kind as usize].quotas {
                    by_feature[of[*quota as usize]] = ranks[*quota as usize] + 1;
                }
                first.iter().map(|feature| by_feature[*feature]).collect::<Vec<_>>()
            };
            let mut order: Vec<u32> = (0..n as u32).collect();
            order.sort_by_cached_key(key);
            orders.push(order);
        }
        let alike: HashMap<&[u32], u32> =
            problem.kinds.iter().enumerate().map(|(at, kind)| (kind.quotas.as_slice(), at as u32)).collect();
        let q = problem.quotas.len();
        let mut beside = vec![NONE; n * q];
        for (at, kind) in problem.kinds.iter().enumerate() {
            for quota in 0..q as u32 {
                let feature = of[quota as usize];
                let mut other = kind.quotas.clone();
                if let Some(place) = other.iter().position(|own| of[*own as usize] == feature) {
                    other[place] = quota;
                    other.sort_unstable();
                    if let Some(found) = alike.get(other.as_slice()) {
                        beside[at * q + quota as usize] = *found;
                    }
                }
            }
        }
        let mut sums = vec![0.0; q];
        for (kind, wanted) in problem.kinds.iter().zip(wanted) {
            kind.quotas.iter().for_each(|row| sums[*row as usize] += wanted);
        }
        Self {
            problem,
            way,
            low: rows.iter().map(|row| row.0).collect(),
            high: rows.iter().map(|row| row.1).collect(),
            ends: rows.to_vec(),
            sums,
            least,
            most,
            features,
            feature: of,
            orders,
            members,
            beside,
            rng,
            owed: vec![0.0; n],
            wanted: wanted.to_vec(),
            odds: wanted.iter().map(|wanted| odds((wanted - (wanted + 1e-9).floor()).clamp(1e-9, 1.0 - 1e-9))).collect(),
            margin: vec![0.0; n],
        }
    }

    fn unit(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, end: usize) -> usize {
        (self.rng.next_u64() % end as u64) as usize
    }

    /// The next panel: of those who were seated less often than they should, more. `None` where so many exchanges did not mend it, in
    /// so many tries.
    pub fn another(&mut self, tries: usize, exchanges: usize) -> Option<Panel> {
        for try_ in 0..tries {
            // Whoever waits the longest is seated for certain: exchanges alone would keep seating those who are easy to seat.
            let pins = self.waiting(if try_ == 0 { 3 } else { 1 });
            let before: Vec<u32> = pins.iter().map(|kind| self.least[*kind]).collect();
            pins.iter().for_each(|kind| {
                self.least[*kind] = match self.way {
                    Way::Even => self.most[*kind],
                    Way::Ordered => self.least[*kind].max(1),
                }
            });
            let made = self.try_one(exchanges);
            pins.iter().zip(before).for_each(|(kind, least)| self.least[*kind] = least);
            if let Some(panel) = made {
                self.note(&panel);
                return Some(panel);
            }
        }
        None
    }

    /// What a seat of each kind is worth to a panel that is thrown for, beside what it has for certain.
    pub fn keys(&mut self) -> Vec<f64> {
        (0..self.wanted.len()).map(|kind| self.throw(kind)).collect()
    }

    fn throw(&mut self, kind: usize) -> f64 {
        let thrown = self.unit().clamp(1e-12, 1.0 - 1e-12);
        self.odds[kind] - odds(thrown) + self.owed[kind].clamp(-OWED, OWED)
    }

    /// Counts a panel that was made elsewhere.
    pub fn note(&mut self, panel: &Panel) {
        for (owed, wanted) in self.owed.iter_mut().zip(&self.wanted) {
            *owed += wanted;
        }
        for (kind, many) in panel {
            self.owed[*kind as usize] -= f64::from(*many);
        }
    }

    /// Those who are owed a seat and more, at most so many: first whoever waits the longest.
    pub fn waiting(&self, most: usize) -> Vec<usize> {
        let due = |kind: usize| match self.way {
            Way::Even => self.owed[kind] + self.wanted[kind].fract(),
            Way::Ordered => self.owed[kind] + self.wanted[kind],
        };
        let mut all: Vec<usize> =
            (0..self.owed.len()).filter(|kind| due(*kind) > 1.2 && self.least[*kind] < self.most[*kind]).collect();
        let waits = |kind: usize| match self.way {
            Way::Even => self.owed[kind] / self.wanted[kind],
            Way::Ordered => self.owed[kind],
        };
        all.sort_by(|a, b| waits(*b).total_cmp(&waits(*a)).then(a.cmp(b)));
        all.truncate(most);
        all
    }

    fn try_one(&mut self, exchanges: usize) -> Option<Panel> {
        let mut seated = match self.way {
            Way::Ordered => self.in_order(),
            Way::Even => {
                self.aim();
                self.thrown()
            }
        };
        let mut counts = vec![0u32; self.problem.quotas.len()];
        let mut total = 0;
        for (kind, many) in seated.iter().enumerate().filter(|(_, many)| **many > 0) {
            total += many;
            self.problem.kinds[kind].quotas.iter().for_each(|quota| counts[*quota as usize] += many);
        }
        self.mend(&mut seated, &mut counts, total, exchanges)?;
        Some(seated.iter().enumerate().filter(|(_, many)| **many > 0).map(|(kind, many)| (kind as u32, *many)).collect())
    }

    /// How many seats each quota has on this panel: a whole number next to what it should have, and as much as that on average.
    /// Exchanges alone would lean to one side, and then no weights would make up for it.
    fn aim(&mut self) {
        for feature in 0..self.features.len() {
            let rows = self.features[feature].clone();
            let (mut along, order) = (self.unit(), shuffled(rows.len(), &mut self.rng));
            for at in order {
                let row = rows[at] as usize;
                let before = along.floor();
                along += self.sums[row];
                let aim = ((along.floor() - before) as u32).clamp(self.ends[row].0, self.ends[row].1);
                (self.low[row], self.high[row]) = (aim, aim);
            }
        }
    }

    /// Seats at even distances along an order, so that each kind has about what it should have.
    fn in_order(&mut self) -> Vec<u32> {
        let n = self.problem.kinds.len();
        let base = |kind: usize| {
            let most_owed = 3.0 + 3.0 * self.wanted[kind];
            let wish = self.wanted[kind] + 0.3 * self.owed[kind].clamp(-most_owed, most_owed);
            wish.clamp(f64::from(self.least[kind]), f64::from(self.most[kind]))
        };
        let base: Vec<f64> = (0..n).map(base).collect();
        let scale = f64::from(self.problem.seats) / base.iter().sum::<f64>();
        let (mut along, order) = (self.unit(), self.below(ORDERS));
        let (mut seated, mut before) = (vec![0; n], 0.0f64);
        for kind in &self.orders[order] {
            let kind = *kind as usize;
            along += base[kind] * scale;
            let now = along.floor();
            seated[kind] = ((now - before) as u32).clamp(self.least[kind], self.most[kind]);
            before = now;
        }
        seated
    }

    /// How much a kind should have one seat more than it has.
    fn keen(&self, kind: usize, seated: u32) -> f64 {
        match self.way {
            Way::Even => self.margin[kind],
            Way::Ordered => {
                (self.wanted[kind] + self.owed[kind]).clamp(f64::from(self.least[kind]), f64::from(self.most[kind]))
                    - f64::from(seated)
            }
        }
    }

    /// Kinds whose number is not whole are thrown for by themselves; then what the quotas are off is shared by all who count for
    /// them, quota by quota, until little is left to exchange.
    fn thrown(&mut self) -> Vec<u32> {
        let n = self.problem.kinds.len();
        for kind in 0..n {
            let open = self.least[kind] < self.most[kind];
            self.margin[kind] = if open { self.throw(kind) } else { f64::NEG_INFINITY };
        }
        self.calibrate();
        let mut seated = self.least.clone();
        for kind in 0..n {
            seated[kind] += u32::from(self.margin[kind] > 0.0);
        }
        seated
    }

    fn calibrate(&mut self) {
        let seats = i64::from(self.problem.seats);
        let mut at: Vec<f64> = Vec::new();
        for _ in 0..SWEEPS {
            let mut moved = 0;
            let first = self.below(self.features.len().max(1));
            for step in 0..self.features.len() {
                let feature = (first + step) % self.features.len();
                let rows = self.features[feature].clone();
                let mut now = Vec::new();
                for row in &rows {
                    let members = &self.members[*row as usize];
                    let many: i64 = members
                        .iter()
                        .map(|kind| i64::from(self.least[*kind as usize]) + i64::from(self.margin[*kind as usize] > 0.0))
                        .sum();
                    now.push(many);
                }
                let mut goal: Vec<i64> = rows
                    .iter()
                    .zip(&now)
                    .map(|(row, now)| (*now).clamp(i64::from(self.low[*row as usize]), i64::from(self.high[*row as usize])))
                    .collect();
                // Together they are all seats, where everybody counts for one of them.
                let all: usize = rows.iter().map(|row| self.members[*row as usize].len()).sum();
                if all == self.problem.kinds.len() {
                    loop {
                        let off = seats - goal.iter().sum::<i64>();
                        if off == 0 {
                            break;
                        }
                        let room = |at: &usize| {
                            let row = rows[*at] as usize;
                            if off > 0 { goal[*at] < i64::from(self.high[row]) } else { goal[*at] > i64::from(self.low[row]) }
                        };
                        let near = |at: &usize| off.signum() * (now[*at] - goal[*at]);
                        let Some(best) = (0..rows.len()).filter(room).max_by_key(near) else { break };
                        goal[best] += off.signum();
                    }
                }
                for ((row, now), goal) in rows.iter().zip(now).zip(goal) {
                    if now == goal {
                        continue;
                    }
                    moved += (now - goal).abs();
                    let members = &self.members[*row as usize];
                    at.clear();
                    at.extend(members.iter().map(|kind| self.margin[*kind as usize]).filter(|margin| margin.is_finite()));
                    let floor: i64 = members.iter().map(|kind| i64::from(self.least[*kind as usize])).sum();
                    let wanted = (goal - floor).clamp(0, at.len() as i64) as usize;
                    // Half way between the last one in and the first one out.
                    let shift = if at.is_empty() {
                        0.0
                    } else if wanted == 0 {
                        -at.iter().copied().fold(f64::NEG_INFINITY, f64::max) - 0.1
                    } else if wanted == at.len() {
                        -at.iter().copied().fold(f64::INFINITY, f64::min) + 0.1
                    } else {
                        let (_, out, _) = at.select_nth_unstable_by(wanted, |a, b| b.total_cmp(a));
                        let out = *out;
                        let last = at[..wanted].iter().copied().fold(f64::INFINITY, f64::min);
                        -(last + out) / 2.0
                    };
                    for kind in members {
                        self.margin[*kind as usize] += shift;
                    }
                }
            }
            if moved == 0 {
                return;
            }
        }
    }
}

/// Quotas of which everybody counts for one at most, such as those of ages: the number of such a feature, by quota. What is said of
/// one feature stands together, so the last one that fits is taken.
fn features(problem: &Problem) -> Vec<usize> {
    let q = problem.quotas.len();
    let mut together = vec![false; q * q];
    for kind in &problem.kinds {
        for row in &kind.quotas {
            kind.quotas.iter().for_each(|other| together[*row as usize * q + *other as usize] = true);
        }
    }
    let mut features: Vec<Vec<usize>> = Vec::new();
    let mut of = vec![0; q];
    for row in 0..q {
        let fits = |feature: &Vec<usize>| feature.iter().all(|other| !together[row * q + other]);
        of[row] = features.iter().rposition(fits).unwrap_or_else(|| {
            features.push(Vec::new());
            features.len() - 1
        });
        features[of[row]].push(row);
    }
    of
}

fn odds(part: f64) -> f64 {
    libm::log(part / (1.0 - part))
}

fn shuffled(count: usize, rng: &mut ChaCha20Rng) -> Vec<usize> {
    let mut all: Vec<usize> = (0..count).collect();
    for at in (1..count).rev() {
        all.swap(at, (rng.next_u64() % (at as u64 + 1)) as usize);
    }
    all
}
