//! How likely each panel of a portfolio is drawn, so that everybody has the chance that they should have.
//!
//! Of all weights that give the wanted chances, those are taken that differ least from each other (the largest entropy): none is
//! below nothing, and none is larger than it must be. They are `exp(theta · panel)` up to a factor, and `theta` is found by
//! Newton's method with conjugate gradients. Where no weights give the wanted chances, `theta` grows without end: then more
//! panels are needed, and `theta` says which.

use crate::Panel;

/// Newton's steps at most.
const STEPS: usize = 60;
/// Steps of conjugate gradients for each of them, at most.
const GRADIENTS: usize = 250;

/// Weights of panels.
#[derive(Clone, Debug)]
pub struct Balanced {
    /// Weights, one a panel; they sum up to 1.
    pub weights: Vec<f64>,
    /// How far the chance of anybody is from what it should be, at most.
    pub off: f64,
    /// What each kind is worth: panels that are worth more than the others are missing.
    pub theta: Vec<f64>,
}

/// Panels with places for what is worked out.
struct Work<'a> {
    panels: &'a [Panel],
    wanted: &'a [f64],
    people: &'a [f64],
    /// Whether a kind has more seats on one panel than on another: weights change nothing for the others.
    differs: Vec<bool>,
}

struct At {
    weights: Vec<f64>,
    mean: Vec<f64>,
    value: f64,
}

impl Work<'_> {
    fn dot(panel: &Panel, v: &[f64]) -> f64 {
        panel.iter().map(|(kind, many)| f64::from(*many) * v[*kind as usize]).sum()
    }

    fn at(&self, theta: &[f64]) -> At {
        let exponents: Vec<f64> = self.panels.iter().map(|panel| Self::dot(panel, theta)).collect();
        let most = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut weights: Vec<f64> = exponents.iter().map(|exponent| libm::exp(exponent - most)).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        let mut mean = vec![0.0; self.wanted.len()];
        for (panel, weight) in self.panels.iter().zip(&weights) {
            for (kind, many) in panel {
                mean[*kind as usize] += weight * f64::from(*many);
            }
        }
        let held: f64 = theta.iter().zip(self.wanted).map(|(theta, wanted)| theta * wanted).sum();
        At { weights, mean, value: most + libm::log(sum) - held }
    }

    fn curve(&self, at: &At, v: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; v.len()];
        let mut middle = 0.0;
        for (panel, weight) in self.panels.iter().zip(&at.weights) {
            let part = weight * Self::dot(panel, v);
            middle += part;
            for (kind, many) in panel {
                out[*kind as usize] += part * f64::from(*many);
            }
        }
        for (out, mean) in out.iter_mut().zip(&at.mean) {
            *out -= middle * mean;
        }
        out
    }

    fn spread(&self, at: &At) -> Vec<f64> {
        let mut squares = vec![0.0; self.wanted.len()];
        for (panel, weight) in self.panels.iter().zip(&at.weights) {
            for (kind, many) in panel {
                squares[*kind as usize] += weight * f64::from(*many) * f64::from(*many);
            }
        }
        let of = |kind: usize| (squares[kind] - at.mean[kind] * at.mean[kind]).max(1e-12);
        (0..squares.len()).map(|kind| if self.differs[kind] { of(kind) } else { f64::INFINITY }).collect()
    }

    fn off(&self, at: &At) -> f64 {
        let one = |kind: usize| (at.mean[kind] - self.wanted[kind]).abs() / self.people[kind];
        (0..self.wanted.len()).map(one).fold(0.0, f64::max)
    }

    /// The direction of a Newton step.
    fn direction(&self, at: &At, slope: &[f64], exact: f64) -> Vec<f64> {
        let spread = self.spread(at);
        let n = slope.len();
        let mut d = vec![0.0; n];
        let mut r: Vec<f64> = slope.iter().map(|slope| -slope).collect();
        let mut z: Vec<f64> = r.iter().zip(&spread).map(|(r, spread)| r / spread).collect();
        let mut p = z.clone();
        let mut rz: f64 = r.iter().zip(&z).map(|(r, z)| r * z).sum();
        let enough = exact * exact * rz;
        for _ in 0..GRADIENTS {
            if rz <= enough || rz < 1e-300 {
                break;
            }
            let hp = self.curve(at, &p);
            let php: f64 = p.iter().zip(&hp).map(|(p, hp)| p * hp).sum();
            if php <= 1e-300 {
                break;
            }
            let step = rz / php;
            for i in 0..n {
                d[i] += step * p[i];
                r[i] -= step * hp[i];
            }
            z.iter_mut().zip(&r).zip(&spread).for_each(|((z, r), spread)| *z = r / spread);
            let next: f64 = r.iter().zip(&z).map(|(r, z)| r * z).sum();
            let turn = next / rz;
            rz = next;
            p.iter_mut().zip(&z).for_each(|(p, z)| *p = z + turn * *p);
        }
        d
    }
}

/// Which kinds have more seats on one panel than on another.
fn differs(panels: &[Panel], kinds: usize) -> Vec<bool> {
    let (mut least, mut most, mut on) = (vec![u32::MAX; kinds], vec![0; kinds], vec![0; kinds]);
    for (kind, many) in panels.iter().flatten() {
        let kind = *kind as usize;
        (least[kind], most[kind], on[kind]) = (least[kind].min(*many), most[kind].max(*many), on[kind] + 1);
    }
    (0..kinds).map(|kind| on[kind] > 0 && (on[kind] < panels.len() || least[kind] < most[kind])).collect()
}

/// Weights for panels so that the kinds have these expected seats, as nearly as the panels allow. `near`: nearer is not needed.
pub fn balance(panels: &[Panel], wanted: &[f64], people: &[f64], near: f64) -> Balanced {
    let work = Work { panels, wanted, people, differs: differs(panels, wanted.len()) };
    let mut theta = vec![0.0; wanted.len()];
    let mut at = work.at(&theta);
    let mut off = work.off(&at);
    for _ in 0..STEPS {
        // The value comes down to the entropy: below nothing, no weights give the wanted chances.
        if off <= near || at.value < 0.0 {
            break;
        }
        let slope: Vec<f64> = at.mean.iter().zip(wanted).map(|(mean, wanted)| mean - wanted).collect();
        let d = work.direction(&at, &slope, (off * 10.0).clamp(1e-8, 0.1));
        let downhill: f64 = slope.iter().zip(&d).map(|(slope, d)| slope * d).sum();
        if downhill >= 0.0 {
            break;
        }
        let mut length = 1.0;
        let mut moved = false;
        for _ in 0..30 {
            let next: Vec<f64> = theta.iter().zip(&d).map(|(theta, d)| theta + length * d).collect();
            let there = work.at(&next);
            let better = work.off(&there);
            if there.value <= at.value + 1e-4 * length * downhill || (better < off * 0.5 && there.value <= at.value + 1e-9) {
                (theta, at, off, moved) = (next, there, better, true);
                break;
            }
            length *= 0.5;
        }
        if !moved {
            break;
        }
    }
    Balanced { weights: at.weights, off, theta }
}
