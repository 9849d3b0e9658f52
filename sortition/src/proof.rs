//! Proofs that nobody can have a larger chance without somebody who has less having less still, and how they are checked: by sums and
//! products of what is there, and not by solving anything again.

use crate::{Problem, bound};

/// Sums may be off by so much, of a chance.
const OFF: f64 = 1e-7;
/// A multiplier this small, of the largest one, holds nobody down.
const HOLDS: f64 = 1e-8;

/// Why a level of chances can be no higher, once those below it have what they have.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    /// The chance.
    pub chance: f64,
    /// The kinds that are settled here.
    pub kinds: Vec<u32>,
    /// What proves it.
    pub by: By,
}

/// What proves a level.
#[derive(Clone, Debug, PartialEq)]
pub enum By {
    /// Nobody is seated more often than always.
    Certain,
    /// A multiplier for each quota and last for the seats: not even parts of people could be seated better.
    Parts(Vec<f64>),
    /// What a seat of some kinds is worth; no panel is worth more than so much, and the lottery's panels are worth that on average.
    Panels(Vec<(u32, f64)>, f64),
}

impl Proof {
    /// Whether sums of its numbers stay numbers: others agree with everything.
    fn is_bounded(&self) -> bool {
        let fits = |number: &f64| number.abs() < 1e100;
        fits(&self.chance)
            && match &self.by {
                By::Certain => true,
                By::Parts(rows) => rows.iter().all(fits),
                By::Panels(worth, most) => worth.iter().all(|(_, worth)| fits(worth)) && fits(most),
            }
    }
}

/// Whether proofs show that these chances of the kinds are the fairest. What no panel is worth more than is looked for among all
/// panels where `panels` says so: that takes an integer programme, and the rest sums alone.
///
/// # Errors
/// What does not hold.
pub fn check(problem: &Problem, chances: &[f64], proofs: &[Proof], panels: bool) -> Result<(), String> {
    let n = problem.kinds.len();
    if !proofs.iter().all(Proof::is_bounded) {
        return Err("a number is out of bounds".into());
    }
    if chances.len() != n {
        return Err("there is not a chance for each kind".into());
    }
    let people: Vec<f64> = problem.kinds.iter().map(|kind| f64::from(kind.people)).collect();
    let mut settled: Vec<Option<f64>> = vec![None; n];
    let mut below = 0.0;
    for (at, proof) in proofs.iter().enumerate() {
        let wrong = |what: &str| Err(format!("level {at}: {what}"));
        for kind in &proof.kinds {
            match (settled.get(*kind as usize), chances.get(*kind as usize)) {
                (Some(None), Some(chance)) if (chance - proof.chance).abs() <= OFF => {}
                _ => return wrong("a kind is there twice, or has another chance"),
            }
        }
        // Whoever is settled later has no less: nobody is proved to have little by somebody who has more.
        if proof.chance < below - OFF {
            return wrong("it is below the one before");
        }
        below = proof.chance;
        // What each kind is held down by.
        let held: Vec<f64> = match &proof.by {
            By::Certain if proof.chance > 1.0 - OFF => vec![1.0; n],
            By::Certain => return wrong("nobody is held down"),
            By::Parts(rows) => {
                let Some((most, held)) = parts(problem, &people, &settled, rows) else {
                    return wrong("the multipliers are not about these quotas");
                };
                if most > proof.chance + OFF {
                    return wrong("the multipliers leave more open");
                }
                held
            }
            By::Panels(worth, most) => {
                let mut held = vec![0.0; n];
                for (kind, worth) in worth {
                    match held.get_mut(*kind as usize) {
                        Some(own) if *worth >= 0.0 => *own = *worth,
                        _ => return wrong("something is worth less than nothing"),
                    }
                }
                let ours: f64 = (0..n).map(|kind| held[kind] * chances[kind] * people[kind]).sum();
                if ours < most - OFF * (1.0 + most.abs()) {
                    return wrong("the lottery's panels are worth less");
                }
                if panels && bound(problem, &held) > most + OFF * (1.0 + most.abs()) {
                    return wrong("a panel is worth more, or may be");
                }
                held
            }
        };
        let most = held.iter().copied().fold(0.0, f64::max);
        if proof.kinds.iter().any(|kind| held[*kind as usize] <= HOLDS * most) {
            return wrong("a kind is settled that nothing holds down");
        }
        if held.iter().zip(&settled).enumerate().any(|(kind, (held, settled))| {
            *held > OFF * most && settled.is_none() && !proof.kinds.contains(&(kind as u32)) && !matches!(proof.by, By::Certain)
        }) {
            return wrong("it rests on somebody who has more");
        }
        proof.kinds.iter().for_each(|kind| settled[*kind as usize] = Some(proof.chance));
    }
    match settled.iter().all(Option::is_some) {
        true => Ok(()),
        false => Err("somebody is on no level".into()),
    }
}

/// The largest common chance that multipliers of the rows leave open for those who are not settled, and what they make of each kind.
/// Whoever is settled has their chance: that is what held them down.
fn parts(problem: &Problem, people: &[f64], settled: &[Option<f64>], rows: &[f64]) -> Option<(f64, Vec<f64>)> {
    let bounds = problem.rows();
    if rows.len() != bounds.len() {
        return None;
    }
    // Each panel's rows lie within their bounds.
    let mut excess: f64 = rows.iter().zip(&bounds).map(|(y, (low, high))| if *y < 0.0 { -y * low } else { -y * high }).sum();
    let mut slope = 0.0;
    let mut held = vec![0.0; people.len()];
    for kind in 0..people.len() {
        let q: f64 = problem.column(kind).iter().map(|(row, entry)| rows[*row as usize] * entry).sum();
        match settled[kind] {
            Some(chance) => excess += q * chance * people[kind],
            None if q > 0.0 => (slope, held[kind]) = (slope + q * people[kind], q),
            None => excess += q * people[kind],
        }
    }
    (slope > 0.0).then(|| (-excess / slope, held))
}
