//! The joint rows of a problem, and what multipliers of them prove: by sums, products and comparisons alone.

use super::{Plan, Problem, shape::Shape};

/// How exact sums are.
const EXACT: f64 = 1e-14;
/// What is this small beside what it is a sum of, is rounding.
const ROUNDING: f64 = 1e-11;
/// How many letters or yeses what is settled may be off by.
const ROOM: f64 = 3e-8;
/// By how many letters of a person a level may be below a corner of what they weigh, and count as there.
const CORNER: f64 = 1e-5;

/// Bounds of a sum; the lower one goes up with the level: `base + per * level`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) base: f64,
    pub(super) per: f64,
    pub(super) high: f64,
}

impl Range {
    /// As good as fixed: with a little room, so that what other sums are inexact by cannot move it against them.
    fn about(at: f64, room: f64, most: f64) -> Self {
        Self { base: (at - room).max(0.0), per: 0.0, high: (at + room).min(most) }
    }

    pub(super) fn low(&self, level: f64) -> f64 {
        self.base + self.per * level
    }
}

/// What the sum of a joint row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sum {
    /// Expected yeses of an opportunity.
    Yes,
    /// Letters of an opportunity.
    Letters,
    /// Expected yeses for a quota.
    Quota(usize),
}

/// A problem as joint rows and the kinds' shapes.
#[derive(Clone, Debug)]
pub(super) struct Frame<'a> {
    pub(super) problem: &'a Problem,
    pub(super) shapes: Vec<Shape>,
    /// The opportunity and the sum of each joint row: what the multipliers of a [`super::Level`] are for, in this order.
    pub(super) rows: Vec<(usize, Sum)>,
    /// For each kind and open entry what a letter adds to the joint rows.
    pub(super) columns: Vec<Vec<Vec<(u32, f64)>>>,
    pub(super) row_range: Vec<Range>,
    /// How many letters one person of a kind can expect.
    pub(super) kind_range: Vec<Range>,
}

impl<'a> Frame<'a> {
    /// The rows are those of each opportunity that aims for something, one after another: its yeses; its letters, if they could be
    /// too many; its quotas that could be missed.
    pub(super) fn new(problem: &'a Problem) -> Self {
        let shapes: Vec<Shape> = problem.kinds.iter().map(|kind| Shape::new(problem, kind)).collect();
        let mut people = vec![0u64; problem.askings.len()];
        for (kind, shape) in problem.kinds.iter().zip(&shapes) {
            shape.open.iter().for_each(|entry| {
                people[kind.may[*entry as usize].asking as usize] += u64::from(kind.people);
            });
        }
        let mut rows = Vec::new();
        let mut row_of: Vec<(usize, Option<usize>, Vec<Option<usize>>)> = Vec::new();
        for (at, asking) in problem.askings.iter().enumerate() {
            let mut mine = (rows.len(), None, vec![None; asking.quotas.len()]);
            if asking.aim > 0.0 && asking.letters > 0 {
                rows.push((at, Sum::Yes));
                if people[at] > u64::from(asking.letters) {
                    mine.1 = Some(rows.len());
                    rows.push((at, Sum::Letters));
                }
                for (quota, bound) in asking.quotas.iter().enumerate() {
                    if bound.min > 0.0 || bound.max < asking.aim {
                        mine.2[quota] = Some(rows.len());
                        rows.push((at, Sum::Quota(quota)));
                    }
                }
            }
            row_of.push(mine);
        }
        let mut columns = Vec::new();
        for (kind, shape) in problem.kinds.iter().zip(&shapes) {
            let column = |entry: &u32| {
                let may = &kind.may[*entry as usize];
                let (yes, letters, quotas) = &row_of[may.asking as usize];
                let mut column = vec![(*yes as u32, may.rate)];
                column.extend(letters.map(|row| (row as u32, 1.0)));
                column.extend(may.quotas.iter().filter_map(|quota| quotas[*quota as usize].map(|row| (row as u32, may.rate))));
                column
            };
            columns.push(shape.open.iter().map(column).collect());
        }
        let none = Range { base: 0.0, per: 0.0, high: 0.0 };
        let row_range = vec![none; rows.len()];
        let mut frame = Self { problem, kind_range: vec![none; shapes.len()], shapes, rows, columns, row_range };
        frame.needs(&vec![None; problem.askings.len()]);
        frame
    }

    /// The ranges while the opportunities' levels are raised: `settled` has how much of its aim an opportunity gets, and its yeses.
    pub(super) fn needs(&mut self, settled: &[Option<(f64, f64)>]) {
        for (range, (at, sum)) in self.row_range.iter_mut().zip(&self.rows) {
            let asking = &self.problem.askings[*at];
            *range = match (sum, settled[*at]) {
                (Sum::Letters, _) => Range { base: 0.0, per: 0.0, high: f64::from(asking.letters) },
                (Sum::Yes, None) => Range { base: 0.0, per: asking.aim, high: asking.aim },
                (Sum::Yes, Some((_, yes))) => Range::about(yes, ROOM, asking.aim),
                (Sum::Quota(quota), settled) => {
                    let bound = asking.quotas[*quota];
                    let (min, high) = (bound.min, bound.max.min(asking.aim));
                    match settled {
                        None => Range { base: 0.0, per: min, high },
                        Some((part, _)) => Range { base: (part * min - ROOM).clamp(0.0, high), per: 0.0, high },
                    }
                }
            };
        }
        for (range, shape) in self.kind_range.iter_mut().zip(&self.shapes) {
            *range = Range { base: 0.0, per: 0.0, high: shape.most as f64 };
        }
    }

    /// The ranges while the kinds' levels are raised: `settled` has the shares of kinds.
    pub(super) fn sharing(&mut self, settled: &[Option<f64>]) {
        for (kind, range) in self.kind_range.iter_mut().enumerate() {
            let (most, people) = (self.shapes[kind].most as f64, f64::from(self.problem.kinds[kind].people.max(1)));
            let settled = settled[kind].map(|share| Range::about(share * most, ROOM / people, most));
            *range = settled.unwrap_or(Range { base: 0.0, per: most, high: most });
        }
    }

    /// What a letter to a kind weighs, entry by entry. A weight that is what rounding leaves of larger ones is none.
    pub(super) fn weights(&self, y: &[f64], kind: usize) -> Vec<f64> {
        let weight = |column: &Vec<(u32, f64)>| {
            let terms = || column.iter().map(|(row, entry)| y[*row as usize] * entry);
            let (sum, size) = (terms().sum::<f64>(), terms().map(f64::abs).sum::<f64>());
            if sum.abs() <= ROUNDING * size { 0.0 } else { sum }
        };
        self.columns[kind].iter().map(weight).collect()
    }

    /// How far apart multipliers prove the ranges to be at a level (above nothing: they cannot all be kept), and how much less for
    /// each part of a level below it. A distance that is as small as sums are exact is none.
    pub(super) fn gap(&self, y: &[f64], level: f64) -> (f64, f64) {
        let (mut gap, mut slope, mut size) = (0.0, 0.0, 0.0);
        for (y, range) in y.iter().zip(&self.row_range) {
            if *y < 0.0 {
                gap -= y * range.low(level);
                slope -= y * range.per;
            } else {
                gap -= y * range.high;
            }
            size += y.abs() * range.high;
        }
        for (kind, range) in self.kind_range.iter().enumerate() {
            let curve = Curve::new(&self.shapes[kind].least(&self.weights(y, kind)));
            let people = f64::from(self.problem.kinds[kind].people);
            gap += people * curve.least(range.low(level), range.high);
            let entries = self.columns[kind].iter().flatten();
            size += people * entries.map(|(row, entry)| (y[*row as usize] * entry).abs()).sum::<f64>();
            if range.per > 0.0 {
                slope += people * range.per * curve.slope(range.low(level) - 1e-10);
            }
        }
        (if gap.abs() <= EXACT * size { 0.0 } else { gap }, slope)
    }

    /// The highest level that multipliers leave open, of those up to `level`.
    pub(super) fn open(&self, y: &[f64], level: f64) -> f64 {
        let mut at = level;
        for _ in 0..60 {
            let (gap, slope) = self.gap(y, at);
            if gap <= 0.0 || slope <= 0.0 {
                break;
            }
            let next = at - gap / slope;
            let done = at - next < 1e-14;
            at = next;
            if done {
                break;
            }
        }
        at
    }

    /// How strongly multipliers hold each row and each kind down at a level, for one yes or letter.
    pub(super) fn holds(&self, y: &[f64], level: f64) -> (Vec<f64>, Vec<f64>) {
        let rows = y.iter().zip(&self.row_range).map(|(y, range)| if range.per > 0.0 { (-y).max(0.0) } else { 0.0 }).collect();
        let kind = |(kind, range): (usize, &Range)| {
            if range.per == 0.0 {
                return 0.0;
            }
            let curve = Curve::new(&self.shapes[kind].least(&self.weights(y, kind)));
            curve.slope(range.low(level) + CORNER)
        };
        (rows, self.kind_range.iter().enumerate().map(kind).collect())
    }

    /// The ranges that hold when a plan's level number `at` of the opportunities is proved.
    pub(super) fn needs_before(&mut self, plan: &Plan, at: usize) {
        let mut settled = vec![None; self.problem.askings.len()];
        for asking in plan.needs[..at].iter().flat_map(|level| &level.of).map(|asking| *asking as usize) {
            settled[asking] = Some((plan.fulfilled[asking], plan.yes[asking]));
        }
        self.needs(&settled);
    }

    /// The ranges that hold when a plan's level number `at` of the kinds is proved.
    pub(super) fn sharing_before(&mut self, plan: &Plan, at: usize) {
        self.needs_before(plan, plan.needs.len());
        let mut settled = vec![None; self.shapes.len()];
        for level in &plan.sharing[..at] {
            level.of.iter().for_each(|kind| settled[*kind as usize] = Some(level.at));
        }
        self.sharing(&settled);
    }
}

/// The least weight of so many letters, where parts of people can have different sets: the largest convex curve below all sizes.
struct Curve(Vec<(f64, f64)>);

impl Curve {
    fn new(least: &[(f64, u64)]) -> Self {
        let mut corners: Vec<(f64, f64)> = Vec::new();
        for (size, (weight, _)) in least.iter().enumerate() {
            let new = (size as f64, *weight);
            while let [.., a, b] = corners.as_slice() {
                if (b.1 - a.1) * (new.0 - a.0) < (new.1 - a.1) * (b.0 - a.0) {
                    break;
                }
                corners.pop();
            }
            corners.push(new);
        }
        Self(corners)
    }

    fn at(&self, size: f64) -> f64 {
        for pair in self.0.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            if size <= b.0 {
                return a.1 + (b.1 - a.1) * (size - a.0) / (b.0 - a.0);
            }
        }
        self.0.last().map_or(0.0, |last| last.1)
    }

    /// The least weight of any size between two.
    fn least(&self, low: f64, high: f64) -> f64 {
        let inside = self.0.iter().filter(|corner| corner.0 > low && corner.0 < high).map(|corner| corner.1);
        inside.fold(self.at(low).min(self.at(high)), f64::min)
    }

    /// How steeply it goes up at a size, 0 where it goes down.
    fn slope(&self, size: f64) -> f64 {
        let piece = self.0.windows(2).find(|pair| size <= pair[1].0).or(self.0.windows(2).last());
        let size = self.0.iter().map(|corner| corner.1.abs()).fold(0.0, f64::max);
        let slope = piece.map_or(0.0, |pair| (pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0));
        if slope > ROUNDING * size { slope } else { 0.0 }
    }
}
