//! The fairest chances if parts of people could be seated: no draw can be fairer, and most pools have a draw that is as fair.
//!
//! Level by level, the common chance `z` of all who are not settled yet is raised. At a `z` that cannot be, the simplex method
//! ends with multipliers that prove it, and the proof says the largest `z` that it leaves open: Newton's steps from above. Whoever
//! the last proof holds down is settled at that level.

use crate::{
    Problem,
    simplex::{Ended, Programme},
};

/// A multiplier this small, of the largest one, holds nobody down.
const HOLDS: f64 = 1e-7;

/// A level: nobody who is settled here can have more without somebody below having less.
#[derive(Clone, Debug)]
pub struct Level {
    /// The chance.
    pub chance: f64,
    /// The kinds that are settled here.
    pub kinds: Vec<u32>,
    /// Multipliers of the rows that prove it; empty where everybody is seated for certain.
    pub proof: Vec<f64>,
}

/// The fairest chances.
#[derive(Clone, Debug)]
pub struct Relaxed {
    /// Expected seats of each kind.
    pub seats: Vec<f64>,
    /// Levels, from the smallest chance up.
    pub levels: Vec<Level>,
}

/// Finds them. `None` if no seats keep the quotas, not even in parts.
pub fn relaxed(problem: &Problem) -> Option<Relaxed> {
    let n = problem.kinds.len();
    let people: Vec<f64> = problem.kinds.iter().map(|kind| f64::from(kind.people)).collect();
    let mut programme = Programme::new(&problem.rows());
    for kind in 0..n {
        programme.column(problem.column(kind), 0.0, people[kind], 0.0);
    }
    if programme.solve() != Ended::Best {
        return None;
    }
    let mut settled = vec![false; n];
    let mut left = n;
    let (mut levels, mut below): (Vec<Level>, f64) = (Vec::new(), 0.0);
    while left > 0 {
        let (chance, proof) = raise(&mut programme, &people, &settled, below)?;
        let combined = if proof.is_empty() { Vec::new() } else { programme.combined(&proof) };
        let most =
            (0..n).filter(|kind| !settled[*kind]).map(|kind| combined.get(kind).copied().unwrap_or(0.0)).fold(0.0, f64::max);
        let held = |kind: &usize| proof.is_empty() || combined[*kind] > HOLDS * most;
        let kinds: Vec<usize> = (0..n).filter(|kind| !settled[*kind]).filter(held).collect();
        for kind in &kinds {
            settled[*kind] = true;
            programme.bound(*kind, chance * people[*kind], chance * people[*kind]);
        }
        left -= kinds.len();
        below = chance;
        levels.push(Level { chance, kinds: kinds.iter().map(|kind| *kind as u32).collect(), proof });
    }
    let mut seats = vec![0.0; n];
    for level in &levels {
        for kind in &level.kinds {
            seats[*kind as usize] = level.chance * people[*kind as usize];
        }
    }
    Some(Relaxed { seats, levels })
}

/// The largest chance that all of some kinds can have together. Others have none, and of the rest it does not matter. `None` where
/// that cannot be worked out.
pub fn largest(problem: &Problem, without: &[u32], all_of: &[bool]) -> Option<f64> {
    let n = problem.kinds.len();
    let people: Vec<f64> = problem.kinds.iter().map(|kind| f64::from(kind.people)).collect();
    let mut programme = Programme::new(&problem.rows());
    for kind in 0..n {
        let most = if without.contains(&(kind as u32)) { 0.0 } else { people[kind] };
        programme.column(problem.column(kind), 0.0, most, 0.0);
    }
    let settled: Vec<bool> = all_of.iter().map(|of| !of).collect();
    if settled.iter().all(|settled| *settled) || programme.solve() != Ended::Best {
        return None;
    }
    raise(&mut programme, &people, &settled, 0.0).map(|(chance, _)| chance)
}

/// Raises the common chance of all who are not settled as far as it goes, and what proves that it goes no further.
fn raise(programme: &mut Programme, people: &[f64], settled: &[bool], below: f64) -> Option<(f64, Vec<f64>)> {
    let n = people.len();
    let mut chance = 1.0f64;
    let mut proof = Vec::new();
    loop {
        for kind in (0..n).filter(|kind| !settled[*kind]) {
            programme.bound(kind, chance * people[kind], people[kind]);
        }
        match programme.solve() {
            Ended::Best => break,
            Ended::Lost => return None,
            Ended::Impossible(y) => {
                // With nothing for those who are not settled, and how much more for each part of a chance.
                let combined = programme.combined(&y);
                let slope: f64 = (0..n)
                    .filter(|kind| !settled[*kind] && combined[*kind] > 0.0)
                    .map(|kind| combined[kind] * people[kind])
                    .sum();
                let excess = programme.excess(&y);
                if slope <= 0.0 || excess <= 0.0 {
                    return None;
                }
                let next = (chance - excess / slope).max(below);
                proof = y;
                if chance - next < 1e-15 {
                    break;
                }
                chance = next;
                if chance == below {
                    // Rounding alone: what held before holds now.
                    for kind in (0..n).filter(|kind| !settled[*kind]) {
                        programme.bound(kind, chance * people[kind], people[kind]);
                    }
                    programme.solve();
                    break;
                }
            }
        }
    }
    Some((chance, proof))
}
