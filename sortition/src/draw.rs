//! The draw: one seed picks a panel by its weight, and then the people of each kind.
//!
//! Weights are made into tickets first, whole numbers, so that chances are what is published to the last ticket and no rounding of
//! a machine can change who is drawn.

use crate::Panel;
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use std::collections::BTreeSet;

/// All tickets together.
pub const TICKETS: u64 = 1 << 53;

/// Each panel's tickets; together they are [`TICKETS`]. What rounding leaves goes to the largest remainders, the first panels first.
pub fn tickets(weights: &[f64]) -> Vec<u64> {
    let exact: Vec<f64> = weights.iter().map(|weight| weight * TICKETS as f64).collect();
    let mut tickets: Vec<u64> = exact.iter().map(|exact| exact.floor() as u64).collect();
    let mut left = TICKETS.saturating_sub(tickets.iter().sum());
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()).then(a.cmp(b)));
    for panel in order.iter().cycle() {
        if left == 0 {
            break;
        }
        tickets[*panel] += 1;
        left -= 1;
    }
    // Weights that sum up to a little more than 1.
    let mut over = tickets.iter().sum::<u64>().saturating_sub(TICKETS);
    for panel in order.iter().rev().cycle() {
        if over == 0 {
            break;
        }
        let less = u64::from(tickets[*panel] > 0);
        tickets[*panel] -= less;
        over -= less;
    }
    tickets
}

/// Who is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The panel, counted from 0.
    pub panel: usize,
    /// For each kind that is seated: the kind, and which of its people, counted from 0, ascending.
    pub seated: Vec<(u32, Vec<u32>)>,
}

/// Draws one of the panels and then people: `people` says how many of each kind there are. The same seed draws the same people,
/// on every machine.
pub fn draw(people: &[u32], panels: &[Panel], tickets: &[u64], seed: [u8; 32]) -> Drawn {
    let mut rng = ChaCha20Rng::from_seed(seed);
    let ticket = below(&mut rng, tickets.iter().sum());
    let mut before = 0;
    let holds = |tickets: &u64| {
        before += tickets;
        ticket < before
    };
    let panel = tickets.iter().position(holds).unwrap_or(0);
    let pick = |(kind, many): &(u32, u32)| {
        let people = people[*kind as usize];
        // Floyd's way: as many numbers as people, and every set of them as likely.
        let mut all = BTreeSet::new();
        for last in people - many..people {
            let other = below(&mut rng, u64::from(last) + 1) as u32;
            if !all.insert(other) {
                all.insert(last);
            }
        }
        (*kind, all.into_iter().collect())
    };
    Drawn { panel, seated: panels[panel].iter().map(pick).collect() }
}

/// A number below another one, each as likely: what would favour the small ones is thrown again.
pub(crate) fn below(rng: &mut ChaCha20Rng, end: u64) -> u64 {
    let fair = u64::MAX - u64::MAX % end;
    loop {
        let number = rng.next_u64();
        if number < fair {
            return number % end;
        }
    }
}
