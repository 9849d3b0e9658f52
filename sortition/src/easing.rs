//! Quotas that no panel keeps: which of them are against each other, and the least that has to give.

use crate::{
    Problem, Quota,
    simplex::{Ended, Programme},
    whole::Whole,
};

/// Corners that are looked at before the best found so far is taken.
const CORNERS: usize = 20_000;

/// What has to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Easing {
    /// Quotas that cannot be kept together; leave out any one of them, and the rest can be. Empty where parts of people
    /// could keep them all and whole people cannot, and where it is not known.
    pub conflict: Vec<u32>,
    /// The quotas with the least change that makes a panel possible.
    pub quotas: Vec<Quota>,
    /// By how many seats they are changed, all together.
    pub seats: u32,
    /// Whether it is proved that less is not enough.
    pub least: bool,
}

/// Why there is no easing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoEasing {
    /// The quotas can be kept as they are.
    Kept,
    /// There are fewer people than seats: no quota is to blame.
    TooFew,
    /// It was given up.
    Lost,
}

/// Finds the least change of the quotas with which a panel can keep them: lower minima, higher maxima, so that the seats by
/// which they move are as few as they can be.
pub fn ease(problem: &Problem) -> Result<Easing, NoEasing> {
    eased(problem, true)
}

/// The same with lower minima alone: for seats that are filled later, where no group may have more than its share. `Lost` also
/// where maxima alone stand in the way.
pub fn ease_minima(problem: &Problem) -> Result<Easing, NoEasing> {
    eased(problem, false)
}

fn eased(problem: &Problem, maxima: bool) -> Result<Easing, NoEasing> {
    let people: u64 = problem.kinds.iter().map(|kind| u64::from(kind.people)).sum();
    if people < u64::from(problem.seats) {
        return Err(NoEasing::TooFew);
    }
    let worth = vec![0.0; problem.kinds.len()];
    if Whole::new(problem).best(&worth, -1.0, CORNERS).best.is_some() {
        return Err(NoEasing::Kept);
    }
    let mut whole = Whole::new(problem);
    // A minimum can give until it is nothing, and a maximum until it is all the seats: so there always is a panel where both can.
    for (row, quota) in (0..).zip(&problem.quotas) {
        whole.beside(row, 1.0, f64::from(quota.min), -1.0);
        if maxima {
            whole.beside(row, -1.0, f64::from(problem.seats.saturating_sub(quota.max)), -1.0);
        }
    }
    let all: u32 = problem.quotas.iter().map(|quota| quota.min + problem.seats.saturating_sub(quota.max)).sum();
    let most = -f64::from(all) - 1.0;
    let found = whole.best(&worth, most, CORNERS);
    let (panel, value) = found.best.ok_or(NoEasing::Lost)?;
    let mut counts = vec![0u32; problem.quotas.len()];
    for (kind, many) in &panel {
        problem.kinds[*kind as usize].quotas.iter().for_each(|quota| counts[*quota as usize] += many);
    }
    let eased = |(quota, count): (&Quota, &u32)| Quota { min: quota.min.min(*count), max: quota.max.max(*count) };
    let quotas: Vec<Quota> = problem.quotas.iter().zip(&counts).map(eased).collect();
    let moved = |(old, new): (&Quota, &Quota)| (old.min - new.min) + (new.max - old.max);
    let seats = problem.quotas.iter().zip(&quotas).map(moved).sum();
    if seats == 0 {
        return Err(NoEasing::Kept);
    }
    Ok(Easing { conflict: conflict(problem).unwrap_or_default(), quotas, seats, least: found.bound < value + 1.0 - 1e-6 })
}

/// Quotas that cannot be kept together, not even with parts of people, while the rest can be without any one of them: they are
/// left out one after the other, and who is not missed stays out. `None` if it is not known.
fn conflict(problem: &Problem) -> Option<Vec<u32>> {
    let mut rows = problem.rows();
    if is_possible(problem, &rows)? {
        return Some(Vec::new());
    }
    let mut kept = Vec::new();
    for quota in 0..problem.quotas.len() {
        let before = std::mem::replace(&mut rows[quota], (0.0, f64::from(problem.seats)));
        if is_possible(problem, &rows)? {
            rows[quota] = before;
            kept.push(quota as u32);
        }
    }
    Some(kept)
}

/// Whether parts of people can keep to the bounds of the rows, if it is known.
fn is_possible(problem: &Problem, rows: &[(f64, f64)]) -> Option<bool> {
    let mut programme = Programme::new(rows);
    for (kind, about) in problem.kinds.iter().enumerate() {
        programme.column(problem.column(kind), 0.0, f64::from(about.people), 0.0);
    }
    match programme.solve() {
        Ended::Best => Some(true),
        Ended::Impossible(_) => Some(false),
        Ended::Lost => None,
    }
}
