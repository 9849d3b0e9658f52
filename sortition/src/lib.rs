//! Fair draws of a limited number of seats from a pool, with quotas.
//!
//! **What it promises people.** Among all ways to draw that keep the quotas, the smallest chance that anybody has is as large as it
//! can be; then the next smallest; and so on (leximin: Flanigan, Gölz, Gupta, Hennig, Procaccia, "Fair algorithms for selecting
//! citizens' assemblies", Nature 596, 2021). Whoever has the same features has the same chance. What is drawn can be drawn
//! again from the seed by anybody.

#![allow(clippy::needless_range_loop, reason = "one number counts along several arrays, as in the algebra")]

pub mod draw;
pub mod easing;
pub mod exact;
mod lottery;
pub mod panels;
pub mod proof;
pub mod relaxed;
pub mod sharing;
pub mod simplex;
pub mod weights;
pub mod whole;

pub use lottery::{Lottery, Panel, best, bound, solve};

/// Name of how the fairest lottery is looked for. Whatever changes the lottery of any pool changes it too: what another solver found
/// is not found again.
pub const SOLVER: &str = "sortition-2";

/// How many of those seated have a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// At least so many.
    pub min: u32,
    /// At most so many.
    pub max: u32,
}

/// People whose features are the same: nothing tells them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// How many there are in the pool; one at least.
    pub people: u32,
    /// The quotas that they count for, ascending.
    pub quotas: Vec<u32>,
}

/// A pool, the seats, and what must hold for whoever is seated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// How many are seated.
    pub seats: u32,
    /// What must hold.
    pub quotas: Vec<Quota>,
    /// Who can be seated.
    pub kinds: Vec<Kind>,
}

impl Problem {
    /// How many people of each kind there are.
    pub fn people(&self) -> Vec<u32> {
        self.kinds.iter().map(|kind| kind.people).collect()
    }

    /// How many of each kind are seated: whether that keeps the quotas and the seats, and seats nobody twice.
    pub fn keeps(&self, seated: &[(u32, u32)]) -> bool {
        if !seated.is_sorted_by(|a, b| a.0 < b.0) {
            return false;
        }
        let mut counts = vec![0u32; self.quotas.len()];
        let mut all = 0;
        for (kind, many) in seated {
            let about = &self.kinds[*kind as usize];
            if *many > about.people {
                return false;
            }
            all += many;
            about.quotas.iter().for_each(|quota| counts[*quota as usize] += many);
        }
        all == self.seats && counts.iter().zip(&self.quotas).all(|(count, quota)| (quota.min..=quota.max).contains(count))
    }

    /// The rows of the linear programme: the quotas, and last the seats.
    pub(crate) fn rows(&self) -> Vec<(f64, f64)> {
        let mut rows: Vec<(f64, f64)> = self.quotas.iter().map(|quota| (f64::from(quota.min), f64::from(quota.max))).collect();
        rows.push((f64::from(self.seats), f64::from(self.seats)));
        rows
    }

    /// A kind's column: the quotas it counts for, and its seat.
    pub(crate) fn column(&self, kind: usize) -> Vec<(u32, f64)> {
        let quotas = self.kinds[kind].quotas.iter().map(|quota| (*quota, 1.0));
        quotas.chain([(self.quotas.len() as u32, 1.0)]).collect()
    }
}
