//! Sets of letters that are as even as can be: the same letters for a kind, in sets that differ little in size.

use super::shape::Shape;
use crate::simplex::{Ended, Programme};

/// A part of people this small is none.
const NONE: f64 = 1e-11;
/// Sets that are looked for, at most.
const SETS: usize = 400;

/// Sets of open entries, and the part of a kind's people that gets each: parts that add up to 1.
pub(super) type Parts = Vec<(u64, f64)>;

/// Other parts with as many letters of each entry, where the squares of the sizes add up to the least. What was given, if they
/// are even already or no other ones are found.
pub(super) fn even(shape: &Shape, parts: Parts) -> Parts {
    let sizes = || parts.iter().filter(|part| part.1 > NONE).map(|part| part.0.count_ones());
    if sizes().max().unwrap_or(0) <= sizes().min().unwrap_or(0) + 1 {
        return parts;
    }
    let n = shape.open.len();
    let mut letters = vec![0.0; n];
    let mut all = 0.0;
    for (set, part) in &parts {
        (0..n).filter(|entry| set >> entry & 1 == 1).for_each(|entry| letters[entry] += part);
        all += part;
    }
    let mut rows: Vec<(f64, f64)> = letters.iter().map(|many| (*many, *many)).collect();
    rows.push((all, all));
    let mut programme = Programme::new(&rows);
    let mut sets: Vec<u64> = Vec::new();
    let add = |programme: &mut Programme, sets: &mut Vec<u64>, set: u64| {
        let entries = (0..n as u32).filter(|entry| set >> entry & 1 == 1).chain([n as u32]).map(|row| (row, 1.0)).collect();
        let size = f64::from(set.count_ones());
        programme.column(entries, 0.0, 1.0, -size * size);
        sets.push(set);
    };
    parts.iter().for_each(|part| add(&mut programme, &mut sets, part.0));
    while sets.len() < SETS {
        if programme.solve() != Ended::Best {
            return parts;
        }
        let prices = programme.prices();
        let gain = |(size, (weight, set)): (usize, (f64, u64))| (-((size * size) as f64) - weight - prices[n], set);
        let best = shape.least(&prices[..n]).into_iter().enumerate().map(gain).max_by(|a, b| a.0.total_cmp(&b.0));
        let Some((_, set)) = best.filter(|best| best.0 > 1e-9 && !sets.contains(&best.1)) else { break };
        add(&mut programme, &mut sets, set);
    }
    if programme.solve() != Ended::Best {
        return parts;
    }
    let found = sets.iter().enumerate().map(|(column, set)| (*set, programme.value(column).max(0.0)));
    found.filter(|part| part.1 > NONE).collect()
}
