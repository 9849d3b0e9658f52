//! What one person of a kind can get: which sets of letters, and the best of them for given prices.

use super::{Kind, Problem};

/// The letters that one person of a kind can get.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Entries of the kind's `may` that can be asked for at all.
    pub(super) open: Vec<u32>,
    /// The most letters that one of them can get.
    pub(super) most: usize,
    /// Minutes of each open entry and the limit, where they rule out some sets that are no larger than `most`.
    pub(super) minutes: Option<(Vec<u32>, u32)>,
}

impl Shape {
    pub(super) fn new(problem: &Problem, kind: &Kind) -> Self {
        let limit = kind.minutes.unwrap_or(u32::MAX);
        let fits = |entry: &u32| {
            let asking = &problem.askings[kind.may[*entry as usize].asking as usize];
            asking.aim > 0.0 && asking.letters > 0 && asking.minutes <= limit && kind.people > 0 && kind.cap > 0
        };
        let open: Vec<u32> = (0..kind.may.len() as u32).filter(fits).collect();
        let minutes: Vec<u32> =
            open.iter().map(|entry| problem.askings[kind.may[*entry as usize].asking as usize].minutes).collect();
        let mut sorted: Vec<u64> = minutes.iter().map(|minutes| u64::from(*minutes)).collect();
        sorted.sort_unstable();
        let cap = open.len().min(kind.cap as usize);
        let within = |many: &usize| sorted[..*many].iter().sum::<u64>() <= u64::from(limit);
        let most = if kind.minutes.is_some() { (0..=cap).rev().find(within).unwrap_or(0) } else { cap };
        // If the longest ones fit together, all do.
        let longest: u64 = sorted.iter().rev().take(most).sum();
        let bound = kind.minutes.is_some() && longest > u64::from(limit);
        Self { open, most, minutes: bound.then_some((minutes, limit)) }
    }

    /// For each number of letters, from none to the most: the least weight of such a set, and which open entries it has, as bits.
    pub(super) fn least(&self, weights: &[f64]) -> Vec<(f64, u64)> {
        match &self.minutes {
            None => {
                let mut order: Vec<usize> = (0..weights.len()).collect();
                order.sort_by(|a, b| weights[*a].total_cmp(&weights[*b]).then(a.cmp(b)));
                let mut least = vec![(0.0, 0)];
                let (mut sum, mut set) = (0.0, 0u64);
                for entry in order.into_iter().take(self.most) {
                    sum += weights[entry];
                    set |= 1 << entry;
                    least.push((sum, set));
                }
                least
            }
            Some((minutes, limit)) => {
                // For each size the sets that no other one beats in both minutes and weight, with minutes ascending.
                let mut fronts: Vec<Vec<(u32, f64, u64)>> = vec![Vec::new(); self.most + 1];
                fronts[0].push((0, 0.0, 0));
                for (entry, (weight, takes)) in weights.iter().zip(minutes).enumerate() {
                    for size in (1..=self.most).rev() {
                        let with = |(used, sum, set): &(u32, f64, u64)| (used + takes, sum + weight, set | 1 << entry);
                        let more = fronts[size - 1].iter().filter(|set| set.0 <= limit - takes).map(with);
                        let mut all: Vec<(u32, f64, u64)> = fronts[size].iter().copied().chain(more).collect();
                        all.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
                        let mut best = f64::INFINITY;
                        all.retain(|set| {
                            let keep = set.1 < best;
                            best = best.min(set.1);
                            keep
                        });
                        fronts[size] = all;
                    }
                }
                fronts.iter().map(|front| front.last().map_or((f64::INFINITY, 0), |set| (set.1, set.2))).collect()
            }
        }
    }

    /// The minutes of a set of open entries keep the limit, and it is no larger than the most.
    pub(super) fn allows(&self, set: u64) -> bool {
        let taken = |minutes: &[u32]| (0..64).filter(|i| set >> i & 1 == 1).map(|i| u64::from(minutes[i])).sum::<u64>();
        let time = self.minutes.as_ref().is_none_or(|(minutes, limit)| taken(minutes) <= u64::from(*limit));
        set.count_ones() as usize <= self.most && set >> self.open.len().min(63) == 0 && time
    }
}
