//! Finds a plan, level by level.
//!
//! A level is raised for all that are not settled. Where it cannot be, the simplex method ends with multipliers that prove it, and
//! the proof says the highest level that it leaves open: Newton's steps from above. Whoever the last proof holds down is settled.

use super::{
    Broken, Bundle, Kind, Level, Plan, Problem,
    blocks::{Blocks, Fit},
    bound::{Frame, Sum},
    check,
    even::{Parts, even},
    shape::Shape,
};
use std::fmt;

/// Most opportunities.
const ASKINGS: usize = 60;
/// A multiplier this small, of the largest one, holds nobody down.
const HOLDS: f64 = 1e-7;
/// A part of people this small is none.
const NONE: f64 = 1e-12;
/// So many letters or yeses missing, all together, are none.
const SLIGHT: f64 = 1e-8;
/// Nor so many, where no lower level helps: then it is what former levels are inexact by.
const ROUNDED: f64 = 3e-7;
/// How far a share may be from what its level says.
const OFF: f64 = 1e-6;
/// Proofs of former levels that are asked first.
const REMEMBERED: usize = 24;

/// Why there is no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// There are more than 60 opportunities.
    TooMany,
    /// An opportunity's aim is no number from 0 up, or the bounds of a quota are not: 0 ≤ min ≤ max, and min ≤ aim.
    Asking(u32),
    /// A kind may be asked for an opportunity or counts for a quota that is not there or is named twice, or a rate is not above 0
    /// and at most 1.
    Kind(u32),
    /// It was given up.
    Lost,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => write!(f, "there are more than {ASKINGS} opportunities"),
            Self::Asking(at) => write!(f, "opportunity {at} has an aim or a quota that cannot be"),
            Self::Kind(at) => write!(f, "kind {at} has an opportunity, a quota or a rate that cannot be"),
            Self::Lost => write!(f, "no plan was found"),
        }
    }
}

impl std::error::Error for Failed {}

/// Whether a problem can be one.
fn proper(problem: &Problem) -> Result<(), Failed> {
    if problem.askings.len() > ASKINGS {
        return Err(Failed::TooMany);
    }
    for (at, asking) in (0..).zip(&problem.askings) {
        let aims = asking.aim >= 0.0 && asking.aim.is_finite();
        let bounds = asking.quotas.iter().all(|bound| {
            bound.min >= 0.0 && bound.min <= bound.max && (bound.min <= asking.aim || asking.aim == 0.0) && bound.min.is_finite()
        });
        if !(aims && bounds) {
            return Err(Failed::Asking(at));
        }
    }
    for (at, kind) in (0..).zip(&problem.kinds) {
        let mut seen = vec![false; problem.askings.len()];
        for may in &kind.may {
            let Some(asking) = problem.askings.get(may.asking as usize) else { return Err(Failed::Kind(at)) };
            let twice = std::mem::replace(&mut seen[may.asking as usize], true);
            let mut quotas = may.quotas.clone();
            quotas.sort_unstable();
            let once = quotas.windows(2).all(|pair| pair[0] != pair[1]);
            let known = quotas.last().is_none_or(|last| (*last as usize) < asking.quotas.len());
            let rate = may.rate > 0.0 && may.rate <= 1.0;
            if twice || !(once && known && rate) {
                return Err(Failed::Kind(at));
            }
        }
    }
    Ok(())
}

/// Finds the plan.
pub fn plan(problem: &Problem) -> Result<Plan, Failed> {
    proper(problem)?;
    let mut solver = Solver::new(problem);
    let (needs, parts) = solver.needs()?;
    let (fulfilled, yes) = parts.into_iter().unzip();
    let sharing = solver.sharing()?;
    let (letters, bundles) = solver.letters();
    let share = |(shape, (kind, letters)): (&Shape, (&Kind, &Vec<f64>))| {
        let most = shape.most as f64 * f64::from(kind.people);
        if most > 0.0 { letters.iter().sum::<f64>() / most } else { 0.0 }
    };
    let shares = solver.frame.shapes.iter().zip(problem.kinds.iter().zip(&letters)).map(share).collect();
    let mut plan = Plan { fulfilled, yes, shares, letters, bundles, needs, sharing, proved: true };
    solver.complete(&mut plan);
    match check(problem, &plan) {
        Ok(()) => Ok(plan),
        Err(Broken::Need(_) | Broken::Sharing(_)) => Ok(Plan { proved: false, ..plan }),
        Err(_) => Err(Failed::Lost),
    }
}

/// How much of its aim an opportunity gets, and its yeses, for each of them.
type Yeses = Vec<(f64, f64)>;

struct Solver<'a> {
    frame: Frame<'a>,
    blocks: Blocks,
    /// For each kind its columns: which one, and which open entries it is about.
    columns: Vec<Vec<(usize, u64)>>,
    proofs: Vec<Vec<f64>>,
    /// Values of each kind's columns when everything was kept last.
    kept: Vec<Vec<f64>>,
}

impl<'a> Solver<'a> {
    fn new(problem: &'a Problem) -> Self {
        let frame = Frame::new(problem);
        let blocks = Blocks::new(frame.shapes.len(), frame.rows.len());
        let mut solver =
            Self { columns: vec![Vec::new(); frame.shapes.len()], frame, blocks, proofs: Vec::new(), kept: Vec::new() };
        for kind in 0..solver.columns.len() {
            let open = solver.frame.shapes[kind].open.len();
            let bundled = solver.frame.shapes[kind].minutes.is_some();
            if bundled {
                let people = f64::from(problem.kinds[kind].people);
                solver.blocks.bound_own(kind, 1, people, people);
                solver.column(kind, 0);
            }
            (0..open).for_each(|entry| solver.column(kind, 1 << entry));
        }
        solver
    }

    fn column(&mut self, kind: usize, set: u64) {
        let shape = &self.frame.shapes[kind];
        let mut entries: Vec<(u32, f64)> = Vec::new();
        for entry in (0..shape.open.len()).filter(|entry| set >> entry & 1 == 1) {
            entries.extend(&self.frame.columns[kind][entry]);
        }
        let own = [f64::from(set.count_ones()), f64::from(u8::from(shape.minutes.is_some()))];
        let at = self.blocks.column(kind, &entries, own, 0.0, f64::from(self.frame.problem.kinds[kind].people));
        self.columns[kind].push((at, set));
    }

    /// Whether everything can be kept at a level; if not, multipliers that prove it.
    fn fits(&mut self, level: f64) -> Result<Option<Vec<f64>>, Failed> {
        for (row, range) in self.frame.row_range.iter().enumerate() {
            self.blocks.bound_joint(row, range.low(level).min(range.high), range.high);
        }
        for (kind, range) in self.frame.kind_range.iter().enumerate() {
            let people = f64::from(self.frame.problem.kinds[kind].people);
            self.blocks.bound_own(kind, 0, people * range.low(level).min(range.high), people * range.high);
        }
        loop {
            match self.blocks.fit() {
                Fit::Fits => return Ok(self.keep()),
                Fit::Lost => return Err(Failed::Lost),
                Fit::Not(y, own) => {
                    let mut more = Vec::new();
                    for (kind, shape) in self.frame.shapes.iter().enumerate().filter(|(_, shape)| shape.minutes.is_some()) {
                        let least = shape.least(&self.frame.weights(&y, kind)).into_iter().enumerate();
                        let all = least.map(|(size, (weight, set))| (weight + own[kind][0] * size as f64 + own[kind][1], set));
                        let best = all.min_by(|a, b| a.0.total_cmp(&b.0)).filter(|best| best.0 < -1e-9);
                        more.extend(
                            best.filter(|best| self.columns[kind].iter().all(|c| c.1 != best.1)).map(|best| (kind, best.1)),
                        );
                    }
                    if more.is_empty() {
                        // What is rounding alone proves nothing.
                        let most = y.iter().fold(0.0f64, |most, y| most.max(y.abs()));
                        let y: Vec<f64> = y.into_iter().map(|y| if y.abs() < 1e-12 * most { 0.0 } else { y }).collect();
                        let (gap, _) = self.frame.gap(&y, level);
                        return Ok(if gap <= SLIGHT { self.keep() } else { Some(y) });
                    }
                    more.into_iter().for_each(|(kind, set)| self.column(kind, set));
                }
            }
        }
    }

    /// Remembers the values at which everything is kept.
    fn keep(&mut self) -> Option<Vec<f64>> {
        let values = |columns: &Vec<(usize, u64)>| columns.iter().map(|column| self.blocks.value(column.0)).collect();
        self.kept = self.columns.iter().map(values).collect();
        None
    }

    fn keep_if_near(&mut self, y: &[f64], level: f64) {
        if self.frame.gap(y, level).0 <= ROUNDED {
            self.keep();
        }
    }

    /// The highest level at which everything can be kept, and the proof that it is; none if it is all there is.
    fn raise(&mut self, below: f64) -> Result<(f64, Vec<f64>), Failed> {
        let (mut level, mut proof) = (1.0, Vec::new());
        for y in &self.proofs {
            let open = self.frame.open(y, level);
            if open < level {
                (level, proof) = (open.max(below), y.clone());
            }
        }
        while let Some(y) = self.fits(level)? {
            let next = self.frame.open(&y, level).max(below);
            let far = level - next;
            let last = y.clone();
            if far > 0.0 {
                (level, proof) = (next, y.clone());
                self.proofs.push(y);
            }
            if far < 1e-13 {
                self.keep_if_near(&last, level);
                break;
            }
        }
        let old = self.proofs.len().saturating_sub(REMEMBERED);
        self.proofs.drain(..old);
        Ok((level, proof))
    }

    /// Levels of the opportunities; how much each gets of its aim, and its yeses.
    fn needs(&mut self) -> Result<(Vec<Level>, Yeses), Failed> {
        let askings = &self.frame.problem.askings;
        let mut settled: Vec<Option<(f64, f64)>> = vec![None; askings.len()];
        let mut levels: Vec<Level> = Vec::new();
        for (at, asking) in askings.iter().enumerate() {
            if asking.aim == 0.0 || asking.letters == 0 {
                settled[at] = Some((if asking.aim == 0.0 { 1.0 } else { 0.0 }, 0.0));
            }
        }
        let mut below = 0.0;
        while settled.iter().any(Option::is_none) {
            self.frame.needs(&settled);
            let (level, proof) = self.raise(below)?;
            let mut held = vec![proof.is_empty(); askings.len()];
            if !proof.is_empty() {
                let (rows, _) = self.frame.holds(&proof, level);
                let most = rows.iter().copied().fold(0.0, f64::max);
                let hold = self.frame.rows.iter().zip(&rows).filter(|(_, hold)| **hold > HOLDS * most);
                hold.for_each(|((at, _), _)| held[*at] = true);
            }
            let of: Vec<usize> = (0..askings.len()).filter(|at| settled[*at].is_none() && held[*at]).collect();
            if of.is_empty() {
                return Err(Failed::Lost);
            }
            for at in &of {
                settled[*at] = Some((level, self.smallest(*at, level, &mut settled)?));
            }
            below = level;
            levels.push(Level { at: level, of: of.into_iter().map(|at| at as u32).collect(), proof });
        }
        self.frame.needs(&settled);
        self.proofs.clear();
        Ok((levels, settled.into_iter().map(Option::unwrap_or_default).collect()))
    }

    /// The fewest yeses with which an opportunity gets a part of it: more than the part only where its quotas need it.
    fn smallest(&mut self, at: usize, level: f64, settled: &mut [Option<(f64, f64)>]) -> Result<f64, Failed> {
        let row = self.frame.rows.iter().position(|row| *row == (at, Sum::Yes)).ok_or(Failed::Lost)?;
        let aim = self.frame.problem.askings[at].aim;
        let mut yes = level * aim;
        loop {
            settled[at] = Some((level, yes));
            self.frame.needs(settled);
            let Some(y) = self.fits(level)? else { return Ok(yes) };
            let (gap, _) = self.frame.gap(&y, level);
            if y[row] <= 0.0 || gap <= 0.0 || gap / y[row] < 1e-10 {
                return Ok(yes);
            }
            yes = (yes + gap / y[row]).min(aim);
        }
    }

    /// Levels of the kinds. Where numbers are too different in size for the arithmetic, the last ones can be missing.
    fn sharing(&mut self) -> Result<Vec<Level>, Failed> {
        let n = self.frame.shapes.len();
        let reached: Vec<bool> = self.frame.shapes.iter().map(|shape| shape.most > 0).collect();
        let mut settled: Vec<Option<f64>> = reached.iter().map(|reached| (!reached).then_some(0.0)).collect();
        let mut levels: Vec<Level> = Vec::new();
        let mut below = 0.0;
        while settled.iter().any(Option::is_none) {
            self.frame.sharing(&settled);
            let (level, proof) = self.raise(below)?;
            let held: Vec<bool> = if proof.is_empty() {
                vec![true; n]
            } else {
                let (_, kinds) = self.frame.holds(&proof, level);
                let most = kinds.iter().copied().fold(0.0, f64::max);
                kinds.iter().map(|hold| *hold > HOLDS * most).collect()
            };
            let of: Vec<u32> = (0..n).filter(|kind| settled[*kind].is_none() && held[*kind]).map(|kind| kind as u32).collect();
            if of.is_empty() {
                break;
            }
            of.iter().for_each(|kind| settled[*kind as usize] = Some(level));
            below = level;
            levels.push(Level { at: level, of, proof });
        }
        self.frame.sharing(&settled);
        if let Some(y) = self.fits(1.0)? {
            self.keep_if_near(&y, 1.0);
        }
        Ok(levels)
    }

    /// Takes those from the levels of the kinds who have something else than they say, and makes a last level of them, without a proof.
    fn complete(&self, plan: &mut Plan) {
        let reached = |kind: usize| self.frame.shapes[kind].most > 0;
        let mut left: Vec<bool> = (0..plan.shares.len()).map(reached).collect();
        for level in &mut plan.sharing {
            level.of.retain(|kind| (plan.shares[*kind as usize] - level.at).abs() <= OFF);
            level.of.iter().for_each(|kind| left[*kind as usize] = false);
        }
        plan.sharing.retain(|level| !level.of.is_empty());
        let of: Vec<u32> = (0..).zip(&left).filter(|(_, left)| **left).map(|(kind, _)| kind).collect();
        if !of.is_empty() {
            let at = of.iter().map(|kind| plan.shares[*kind as usize]).fold(1.0, f64::min);
            plan.sharing.push(Level { at, of, proof: Vec::new() });
        }
    }

    /// The letters as they stood when everything was kept last, and how they go together.
    fn letters(&self) -> (Vec<Vec<f64>>, Vec<Vec<Bundle>>) {
        let (mut letters, mut bundles) = (Vec::new(), Vec::new());
        for (at, (kind, shape)) in self.frame.problem.kinds.iter().zip(&self.frame.shapes).enumerate() {
            let people = f64::from(kind.people);
            let mut mine = vec![0.0; kind.may.len()];
            let mut parts: Parts = Vec::new();
            for ((_, set), value) in self.columns[at].iter().zip(&self.kept[at]) {
                let part = (value / people).clamp(0.0, 1.0);
                if part > NONE {
                    parts.push((*set, part));
                }
            }
            if shape.minutes.is_some() {
                parts = even(shape, parts);
            }
            let mut sets = Vec::new();
            for (set, part) in parts {
                let of: Vec<u32> = (0..shape.open.len()).filter(|i| set >> i & 1 == 1).map(|i| shape.open[i]).collect();
                of.iter().for_each(|entry| mine[*entry as usize] += part * people);
                sets.push(Bundle { of, people: part * people });
            }
            mine.iter_mut().for_each(|many| *many = many.min(people));
            letters.push(mine);
            bundles.push(if shape.minutes.is_some() { sets } else { Vec::new() });
        }
        (letters, bundles)
    }
}
