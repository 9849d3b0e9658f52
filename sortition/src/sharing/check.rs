//! Whether a plan is what it says, without solving anything.

use super::{Level, Plan, Problem, bound::Frame};
use std::fmt;

/// How far off a sum may be, of what it is a sum of.
const NEAR: f64 = 1e-6;
/// A multiplier this small, of the largest one, holds nobody down.
const HOLDS: f64 = 1e-9;

/// What is wrong with a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It is not about this problem.
    Other,
    /// The letters of a kind are too many, too long together, or not what its share or its bundles say.
    Kind(u32),
    /// An opportunity does not have the yeses that it says, or its letters or quotas are not kept.
    Asking(u32),
    /// The level of opportunities with this number is not proved.
    Need(u32),
    /// The level of kinds with this number is not proved.
    Sharing(u32),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other => write!(f, "the plan is not about this problem"),
            Self::Kind(at) => write!(f, "the letters of kind {at} cannot be"),
            Self::Asking(at) => write!(f, "opportunity {at} does not get what the plan says"),
            Self::Need(at) => write!(f, "level {at} of the opportunities is not proved"),
            Self::Sharing(at) => write!(f, "level {at} of the kinds is not proved"),
        }
    }
}

impl std::error::Error for Broken {}

/// Checks that a plan keeps everything, and that each level is the highest: with plain sums, and without trusting who made it.
///
/// A level's multipliers weigh the joint rows: of each opportunity with an aim and letters, in order, its yeses; its letters, if more
/// people than that could be asked; and its yeses for each quota whose bounds are not kept anyway. They make a weight of each letter.
/// With the least weight that the letters of each kind can have at a level, and the most that the rows allow, a level is ruled out
/// where the first is above the second. Kinds whose least weight goes up with their share, and opportunities whose rows weigh less
/// than nothing, are held at the level that is just not ruled out. All this up to a millionth of a level.
///
/// `problem` must be one that [`plan`](super::plan) does not refuse.
pub fn check(problem: &Problem, plan: &Plan) -> Result<(), Broken> {
    let (n, askings) = (problem.kinds.len(), problem.askings.len());
    let lengths = [plan.shares.len(), plan.letters.len(), plan.bundles.len()];
    if lengths != [n; 3] || plan.fulfilled.len() != askings || plan.yes.len() != askings {
        return Err(Broken::Other);
    }
    if plan.letters.iter().zip(&problem.kinds).any(|(letters, kind)| letters.len() != kind.may.len()) {
        return Err(Broken::Other);
    }
    let mut frame = Frame::new(problem);
    for kind in 0..n {
        if !letters_can_be(&frame, plan, kind) {
            return Err(Broken::Kind(kind as u32));
        }
    }
    for at in 0..askings {
        if !gets(problem, plan, at) {
            return Err(Broken::Asking(at as u32));
        }
    }
    levels(&plan.needs, &plan.fulfilled, |at| problem.askings[at].aim > 0.0 && problem.askings[at].letters > 0)
        .map_err(Broken::Need)?;
    let reached: Vec<bool> = frame.shapes.iter().map(|shape| shape.most > 0).collect();
    levels(&plan.sharing, &plan.shares, |kind| reached[kind]).map_err(Broken::Sharing)?;
    for (at, level) in plan.needs.iter().enumerate() {
        frame.needs_before(plan, at);
        let proved = |frame: &Frame| {
            let (rows, _) = frame.holds(&level.proof, level.at);
            let most = rows.iter().copied().fold(0.0, f64::max);
            let held = |asking: &u32| {
                frame.rows.iter().zip(&rows).any(|((of, _), hold)| *of == *asking as usize && *hold > HOLDS * most)
            };
            level.of.iter().all(held)
        };
        if !highest(&frame, level) || !(level.proof.is_empty() || proved(&frame)) {
            return Err(Broken::Need(at as u32));
        }
    }
    for (at, level) in plan.sharing.iter().enumerate() {
        frame.sharing_before(plan, at);
        let proved = |frame: &Frame| {
            let (_, kinds) = frame.holds(&level.proof, level.at);
            let most = kinds.iter().copied().fold(0.0, f64::max);
            level.of.iter().all(|kind| kinds[*kind as usize] > HOLDS * most)
        };
        if !highest(&frame, level) || !(level.proof.is_empty() || proved(&frame)) {
            return Err(Broken::Sharing(at as u32));
        }
    }
    Ok(())
}

/// Whether the multipliers rule out whatever is above a level.
fn highest(frame: &Frame, level: &Level) -> bool {
    if level.proof.is_empty() {
        return level.at >= 1.0 - NEAR;
    }
    level.proof.len() == frame.rows.len() && frame.open(&level.proof, 1.0) <= level.at + NEAR
}

/// Whether levels go up and everything that has to be is in one of them, with what it has. If not, which one is wrong.
fn levels(levels: &[Level], have: &[f64], part: impl Fn(usize) -> bool) -> Result<(), u32> {
    let mut seen = vec![false; have.len()];
    let mut before = 0.0;
    for (at, level) in (0..).zip(levels) {
        for one in level.of.iter().map(|one| *one as usize) {
            if one >= have.len() || !part(one) || seen[one] || (have[one] - level.at).abs() > NEAR {
                return Err(at);
            }
            seen[one] = true;
        }
        if level.of.is_empty() || !(level.at >= before - NEAR && level.at <= 1.0) {
            return Err(at);
        }
        before = level.at;
    }
    if (0..have.len()).all(|one| seen[one] == part(one)) { Ok(()) } else { Err(levels.len() as u32) }
}

fn letters_can_be(frame: &Frame, plan: &Plan, at: usize) -> bool {
    let (kind, shape, letters) = (&frame.problem.kinds[at], &frame.shapes[at], &plan.letters[at]);
    let people = f64::from(kind.people);
    let near = NEAR * people.max(1.0);
    let open = |entry: usize| shape.open.contains(&(entry as u32));
    let each = letters.iter().enumerate().all(|(entry, many)| *many >= 0.0 && *many <= if open(entry) { people } else { 0.0 });
    let all: f64 = letters.iter().sum();
    let most = shape.most as f64 * people;
    if !each || all > most + near || (all - plan.shares[at] * most).abs() > near * shape.most.max(1) as f64 {
        return false;
    }
    if shape.minutes.is_none() {
        return plan.bundles[at].is_empty();
    }
    let mut sums = vec![0.0; letters.len()];
    let mut with = 0.0;
    for bundle in &plan.bundles[at] {
        let mut set = 0u64;
        for entry in &bundle.of {
            let Some(place) = shape.open.iter().position(|open| open == entry) else { return false };
            if set >> place != 0 {
                return false;
            }
            set |= 1 << place;
            sums[*entry as usize] += bundle.people;
        }
        if !shape.allows(set) || bundle.people.is_nan() || bundle.people < 0.0 {
            return false;
        }
        with += bundle.people;
    }
    (with - people).abs() <= near && sums.iter().zip(letters).all(|(sum, many)| (sum - many).abs() <= near)
}

fn gets(problem: &Problem, plan: &Plan, at: usize) -> bool {
    let asking = &problem.askings[at];
    let (mut yes, mut letters, mut quotas) = (0.0, 0.0, vec![0.0; asking.quotas.len()]);
    for (kind, many) in problem.kinds.iter().zip(&plan.letters) {
        for (may, many) in kind.may.iter().zip(many).filter(|(may, _)| may.asking as usize == at) {
            letters += many;
            yes += many * may.rate;
            may.quotas.iter().for_each(|quota| quotas[*quota as usize] += many * may.rate);
        }
    }
    let near = NEAR * asking.aim.max(1.0);
    let part = plan.fulfilled[at];
    let quota = |(sum, bound): (&f64, &super::Bound)| *sum >= part * bound.min - near && *sum <= bound.max + near;
    (0.0..=1.0).contains(&part)
        && (yes - plan.yes[at]).abs() <= near
        && yes >= part * asking.aim - near
        && yes <= asking.aim + near
        && letters <= f64::from(asking.letters) * (1.0 + NEAR)
        && quotas.iter().zip(&asking.quotas).all(quota)
}
