//! Whole letters by lot, with the plan as their mean.

use crate::{
    draw::below,
    sharing::{Plan, bound::Frame},
};
use rand_chacha::ChaCha20Rng;

/// One letter, in parts.
const ONE: u64 = 1 << 32;
/// A part this small of a person is none.
const NONE: f64 = 1e-9;

/// Takes from the largest of some parts what is above a limit.
fn trim<'a>(parts: impl Iterator<Item = &'a mut u64>, limit: u64) {
    let mut parts: Vec<&mut u64> = parts.collect();
    let mut over = parts.iter().map(|part| **part).sum::<u64>().saturating_sub(limit);
    parts.sort_by(|a, b| b.cmp(a));
    for part in parts {
        let less = over.min(*part);
        *part -= less;
        over -= less;
    }
}

/// Whole letters of each kind without bundles, for each entry; nothing for the others.
pub(super) fn letters(frame: &Frame, plan: &Plan, lots: &mut ChaCha20Rng) -> Vec<Vec<u32>> {
    let problem = frame.problem;
    let mut parts: Vec<Vec<u64>> = Vec::new();
    for (kind, shape) in frame.shapes.iter().enumerate() {
        let people = u64::from(problem.kinds[kind].people) * ONE;
        let part = |many: &f64| ((many.max(0.0) * ONE as f64 + 0.5) as u64).min(people);
        let mut mine: Vec<u64> =
            plan.letters[kind].iter().map(|many| if shape.minutes.is_some() { 0 } else { part(many) }).collect();
        trim(mine.iter_mut(), people.saturating_mul(shape.most as u64));
        parts.push(mine);
    }
    for (at, asking) in problem.askings.iter().enumerate() {
        let of = |kind: usize| problem.kinds[kind].may.iter().position(|may| may.asking as usize == at);
        let mine = parts.iter_mut().enumerate().filter_map(|(kind, parts)| of(kind).and_then(|entry| parts.get_mut(entry)));
        trim(mine, u64::from(asking.letters) * ONE);
    }
    let mut whole: Vec<Vec<u32>> = parts.iter().map(|mine| mine.iter().map(|part| (part / ONE) as u32).collect()).collect();
    let mut graph = Graph::new(parts.len() + 1, problem.askings.len() + 1);
    let mut edges = Vec::new();
    let (mut kinds, mut askings) = (vec![0; parts.len()], vec![0; problem.askings.len()]);
    for (kind, mine) in parts.iter().enumerate() {
        for (entry, part) in mine.iter().enumerate().filter(|(_, part)| **part % ONE != 0) {
            let asking = problem.kinds[kind].may[entry].asking as usize;
            kinds[kind] = (kinds[kind] + part) % ONE;
            askings[asking] = (askings[asking] + part) % ONE;
            edges.push((kind, entry));
            graph.edge(kind, asking, part % ONE);
        }
    }
    // What is missing to whole sums goes to one more kind and one more opportunity, so that every sum is whole.
    let up = |part: u64| (ONE - part) % ONE;
    kinds.iter().enumerate().for_each(|(kind, part)| graph.edge(kind, askings.len(), up(*part)));
    askings.iter().enumerate().for_each(|(asking, part)| graph.edge(kinds.len(), asking, up(*part)));
    let rest = askings.iter().fold(0, |sum, part| (sum + up(*part)) % ONE);
    graph.edge(kinds.len(), askings.len(), up(rest));
    graph.round(lots);
    for ((kind, entry), (_, _, part)) in edges.into_iter().zip(&graph.edges) {
        whole[kind][entry] += (part / ONE) as u32;
    }
    whole
}

/// Parts between kinds and opportunities, with whole sums at both.
struct Graph {
    /// From, to, and the part.
    edges: Vec<(usize, usize, u64)>,
    /// Edges at each node that may be broken still.
    at: Vec<Vec<u32>>,
    kinds: usize,
}

impl Graph {
    fn new(kinds: usize, askings: usize) -> Self {
        Self { edges: Vec::new(), at: vec![Vec::new(); kinds + askings], kinds }
    }

    fn edge(&mut self, kind: usize, asking: usize, part: u64) {
        let (edge, asking) = (self.edges.len() as u32, self.kinds + asking);
        self.edges.push((kind, asking, part));
        self.at[kind].push(edge);
        self.at[asking].push(edge);
    }

    /// A broken edge at a node, other than one.
    fn broken(&mut self, node: usize, other: Option<u32>) -> Option<u32> {
        let mut back = 0;
        loop {
            let place = self.at[node].len().checked_sub(1 + back)?;
            let edge = self.at[node][place];
            if self.edges[edge as usize].2.is_multiple_of(ONE) {
                self.at[node].remove(place);
            } else if Some(edge) == other {
                back = 1;
            } else {
                return Some(edge);
            }
        }
    }

    /// Follows broken edges until they go in a circle. On a circle every second edge gains what the others lose, or the other way
    /// round, as much as can be: the odds are such that the mean stays. No sum changes.
    fn round(&mut self, lots: &mut ChaCha20Rng) {
        let nodes = self.at.len();
        let mut place: Vec<Option<usize>> = vec![None; nodes];
        for start in 0..self.kinds {
            let mut path: Vec<u32> = Vec::new();
            let mut seen: Vec<usize> = vec![start];
            place[start] = Some(0);
            while let Some(edge) = seen.last().copied().and_then(|node| self.broken(node, path.last().copied())) {
                let (kind, asking, _) = self.edges[edge as usize];
                let next = if seen.last() == Some(&kind) { asking } else { kind };
                path.push(edge);
                let Some(from) = place[next] else {
                    place[next] = Some(seen.len());
                    seen.push(next);
                    continue;
                };
                self.turn(&path[from..], lots);
                path.truncate(from);
                seen.drain(from + 1..).for_each(|node| place[node] = None);
            }
            seen.into_iter().for_each(|node| place[node] = None);
        }
    }

    fn turn(&mut self, circle: &[u32], lots: &mut ChaCha20Rng) {
        let (mut up, mut down) = (ONE, ONE);
        for (turn, edge) in circle.iter().enumerate() {
            let part = self.edges[*edge as usize].2;
            let (gain, lose) = if turn % 2 == 0 { (ONE - part, part) } else { (part, ONE - part) };
            (up, down) = (up.min(gain), down.min(lose));
        }
        let gains = below(lots, up + down) < down;
        for (turn, edge) in circle.iter().enumerate() {
            let part = &mut self.edges[*edge as usize].2;
            match (gains, turn % 2 == 0) {
                (true, true) => *part += up,
                (true, false) => *part -= up,
                (false, true) => *part -= down,
                (false, false) => *part += down,
            }
        }
    }
}

/// A part of a person with a bundle, while it is not whole.
struct Part {
    kind: usize,
    bundle: usize,
    part: f64,
}

/// Bundles of each kind that has some, and how many people get them.
pub(super) fn bundles(frame: &Frame, plan: &Plan, lots: &mut ChaCha20Rng) -> Vec<Vec<(Vec<u32>, u32)>> {
    let mut whole: Vec<Vec<(Vec<u32>, u32)>> = vec![Vec::new(); plan.bundles.len()];
    let mut waiting: Vec<Vec<Part>> = Vec::new();
    for (kind, bundles) in plan.bundles.iter().enumerate() {
        let mut parts = Vec::new();
        for (bundle, about) in bundles.iter().enumerate() {
            let many = (about.people + NONE).floor();
            whole[kind].push((about.of.clone(), many as u32));
            let part = about.people - many;
            if part > NONE {
                parts.push(Part { kind, bundle, part });
            }
        }
        waiting.push(parts);
    }
    let askings = frame.problem.askings.len();
    let effect = |part: &Part| {
        let mut effect = vec![0.0; askings];
        for entry in &plan.bundles[part.kind][part.bundle].of {
            effect[frame.problem.kinds[part.kind].may[*entry as usize].asking as usize] += 1.0;
        }
        effect
    };
    let mut kept = vec![true; askings];
    let mut parts: Vec<Part> = Vec::new();
    loop {
        // Parts of so many kinds that there are more ways to change them than sums to keep.
        let mut many = parts.chunk_by(|a, b| a.kind == b.kind).map(|same| same.len() - 1).sum::<usize>();
        while let Some(more) = (many <= askings).then(|| waiting.pop()).flatten() {
            many += more.len().saturating_sub(1);
            parts.extend(more);
        }
        if parts.is_empty() {
            break;
        }
        // Ways that leave the sum of a kind as it is.
        let mut ways: Vec<(usize, usize, Vec<f64>)> = Vec::new();
        let mut first = 0;
        for at in 1..parts.len() {
            if parts[at].kind != parts[first].kind {
                first = at;
                continue;
            }
            let (a, b) = (effect(&parts[first]), effect(&parts[at]));
            let change = a.iter().zip(&b).zip(&kept).map(|((a, b), kept)| if *kept { b - a } else { 0.0 }).collect();
            ways.push((first, at, change));
            if ways.len() > kept.iter().filter(|kept| **kept).count() {
                break;
            }
        }
        if ways.is_empty() {
            // A part that stands alone in its kind is what rounding has left of a whole one.
            parts.drain(..).for_each(|part| whole[part.kind][part.bundle].1 += u32::from(part.part > 0.5));
            break;
        }
        let Some(mix) = nothing(ways.iter().map(|way| way.2.clone()).collect()) else {
            // The sum that fewest are left for is given up: it can change by no more than they.
            let count = |asking: usize| parts.iter().filter(|part| effect(part)[asking] > 0.0).count();
            let least = (0..askings).filter(|asking| kept[*asking]).min_by_key(|asking| count(*asking));
            match least {
                Some(asking) => kept[asking] = false,
                None => break,
            }
            continue;
        };
        let mut change = vec![0.0; parts.len()];
        for ((a, b, _), factor) in ways.iter().zip(&mix) {
            change[*a] -= factor;
            change[*b] += factor;
        }
        let (mut up, mut down) = (f64::INFINITY, f64::INFINITY);
        for (part, change) in parts.iter().zip(&change).filter(|(_, change)| change.abs() > NONE) {
            let (more, less) = ((1.0 - part.part) / change.abs(), part.part / change.abs());
            let (gain, lose) = if *change > 0.0 { (more, less) } else { (less, more) };
            (up, down) = (up.min(gain), down.min(lose));
        }
        let lot = below(lots, 1 << 53) as f64 / (1u64 << 53) as f64;
        let length = if lot * (up + down) < down { up } else { -down };
        parts.iter_mut().zip(&change).for_each(|(part, change)| part.part += length * change);
        parts.retain(|part| {
            let done = part.part < NONE || part.part > 1.0 - NONE;
            if done {
                whole[part.kind][part.bundle].1 += u32::from(part.part > 0.5);
            }
            !done
        });
    }
    whole
}

/// Factors, not all nothing, with which the lines add up to nothing; none if there are none.
fn nothing(mut lines: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let n = lines.len();
    let mut factors: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    let mut done: Vec<(usize, usize)> = Vec::new();
    for at in 0..n {
        for (line, column) in &done {
            let factor = lines[at][*column] / lines[*line][*column];
            if factor != 0.0 {
                for c in 0..lines[at].len() {
                    lines[at][c] -= factor * lines[*line][c];
                }
                for c in 0..n {
                    factors[at][c] -= factor * factors[*line][c];
                }
            }
        }
        let largest = (0..lines[at].len()).max_by(|a, b| lines[at][*a].abs().total_cmp(&lines[at][*b].abs()));
        match largest.filter(|column| lines[at][*column].abs() > NONE) {
            Some(column) => done.push((at, column)),
            None => return Some(factors.swap_remove(at)),
        }
    }
    None
}
