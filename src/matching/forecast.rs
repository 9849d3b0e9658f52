//! How many of those who are asked can be expected to say yes, from how often people said yes before.
//!
//! The share is not known, only what it was before; so the forecast is a range. It rests on the same kind of thing as far as
//! there are answers to it, and on everything that was asked as long as there are few.

use super::letters::Rates;
use serde::{Deserialize, Serialize};

/// So many answers the share of all weighs, beside those to the same kind of thing, or of a group.
const WEIGHT: f64 = 20.0;
/// The part of all outcomes that is left out at each end of a range.
const TAIL: f64 = 0.1;
/// Deviations from the mean within which the rest lies, of a normal distribution.
const AT_TAIL: f64 = 1.281_551_565_545;
/// Up to so many letters quantiles are exact.
const EXACT: u64 = 10_000;
/// What follows less often than this, beside the most likely, is as good as never.
const NEVER: f64 = 1e-12;

/// How many were asked, and how many of them said yes.
pub type Replies = (u64, u64);

/// How many were asked in the last two years, and how many of them said yes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// About everything.
    pub all: Replies,
    /// About the same kind of thing.
    pub kind: Replies,
}

/// So many yeses can be expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// In nine of ten cases so many say yes at least.
    pub least: u64,
    /// As likely more as fewer say yes.
    pub likely: u64,
    /// In nine of ten cases so many say yes at most.
    pub most: u64,
}

impl Range {
    /// What comes of so many letters, where so many of a hundred are thought to say yes, and that is as sure as so many answers make
    /// it: the share is uncertain (a beta distribution), and so is what each person says (a binomial one, given the share).
    pub fn of(letters: u64, share: f64, answers: f64) -> Self {
        let (a, b) = (share * answers, (1.0 - share) * answers);
        let [least, likely, most] = match letters {
            // Somebody says yes for certain, or nobody does.
            _ if a <= 0.0 || b <= 0.0 => [(letters as f64 * share) as u64; 3],
            0..=EXACT => quantiles(letters, a, b, [TAIL, 0.5, 1.0 - TAIL]),
            _ => normal(letters, a, b),
        };
        Self { least, likely, most }
    }

    /// So many more, as they have said yes.
    pub fn after(self, yes: u64) -> Self {
        Self { least: self.least + yes, likely: self.likely + yes, most: self.most + yes }
    }
}

/// What can be expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// Letters.
    pub letters: u64,
    /// Yeses.
    pub yes: Range,
    /// So many were asked about the same kind of thing in the last two years.
    pub asked_before: u64,
    /// So many of them said yes.
    pub yes_before: u64,
}

impl Before {
    /// The share of all that is expected to say yes.
    pub fn overall(&self) -> f64 {
        Rates { all: self.all, of: Vec::new() }.overall()
    }

    /// What comes of so many letters.
    pub fn forecast(&self, letters: u64) -> Forecast {
        let (asked_before, yes_before) = self.kind;
        let (share, answers) = learnt(self.kind, self.overall());
        Forecast { letters, yes: Range::of(letters, share, answers), asked_before, yes_before }
    }
}

/// The share that says yes, by these replies as far as there are any, beside a share that is thought otherwise; and how many answers
/// that rests on.
pub fn learnt((asked, yes): Replies, otherwise: f64) -> (f64, f64) {
    let answers = asked as f64 + WEIGHT;
    ((yes.min(asked) as f64 + WEIGHT * otherwise) / answers, answers)
}

/// A share as odds.
pub fn odds(share: f64) -> f64 {
    share / (1.0 - share).max(1e-9)
}

/// The same for many letters, by the mean and the deviation: the distribution is near to a normal one then.
fn normal(n: u64, a: f64, b: f64) -> [u64; 3] {
    let (all, share) = (n as f64, a / (a + b));
    let deviation = (all * share * (1.0 - share) * (a + b + all) / (a + b + 1.0)).sqrt();
    [-AT_TAIL, 0.0, AT_TAIL].map(|by| (all * share + by * deviation).round().clamp(0.0, all) as u64)
}

/// Quantiles, in ascending order, of how many of `n` say yes: the beta-binomial distribution, from its steps, outwards from the most
/// likely number, because the steps are plain and its values are not.
fn quantiles<const N: usize>(n: u64, a: f64, b: f64, of: [f64; N]) -> [u64; N] {
    let all = n as f64;
    // From `k` who say yes to one more: how much more likely that is.
    let step = |k: u64| {
        let k = k as f64;
        (all - k) / (k + 1.0) * (k + a) / (all - k - 1.0 + b)
    };
    let top = ((all * a / (a + b)) as u64).min(n);
    let (mut below, mut above) = (Vec::new(), vec![1.0]);
    let (mut k, mut value) = (top, 1.0);
    while k > 0 && value > NEVER {
        k -= 1;
        value /= step(k);
        below.push(value);
    }
    (k, value) = (top, 1.0);
    while k < n && value > NEVER {
        value *= step(k);
        k += 1;
        above.push(value);
    }
    let first = top - below.len() as u64;
    let values: Vec<f64> = below.into_iter().rev().chain(above).collect();
    let sum: f64 = values.iter().sum();
    let (mut found, mut next, mut passed) = ([n; N], 0, 0.0);
    for (at, value) in values.iter().enumerate() {
        passed += value / sum;
        while next < N && passed >= of[next] {
            found[next] = first + at as u64;
            next += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha20Rng;

    #[test]
    fn numbers_are_those_of_the_distribution() {
        // With a = b = 1 each number from 0 to 9 is as likely as the others.
        assert_eq!(quantiles(9, 1.0, 1.0, [0.15, 0.55, 0.95]), [1, 5, 9]);
        assert_eq!(quantiles(0, 2.0, 5.0, [0.1, 0.9]), [0, 0]);
        // As summed up from the logarithms of the gamma function.
        assert_eq!(quantiles(100, 12.0, 30.0, [0.1, 0.5, 0.9]), [18, 28, 39]);
        assert_eq!(quantiles(1_000_000, 300.0, 700.0, [0.1, 0.9]), [281_510, 318_661]);
        let near = normal(1_000_000, 300.0, 700.0);
        assert!(near[0].abs_diff(281_510) < 500 && near[2].abs_diff(318_661) < 500, "{near:?}");
    }

    #[test]
    fn nothing_known_is_a_wide_range() {
        let new = Before::default().forecast(1000);
        let known = Before { all: (1000, 200), kind: (1000, 200) }.forecast(1000);
        assert!(new.yes.most - new.yes.least > 2 * (known.yes.most - known.yes.least), "{new:?} {known:?}");
        assert!((180..=220).contains(&known.yes.likely), "{known:?}");
        assert_eq!(Before { all: (10, 10), kind: (3, 3) }.forecast(0).yes.most, 0);
        assert_eq!(Range::of(7, 1.0, 20.0).after(2), Range { least: 9, likely: 9, most: 9 });
        assert_eq!(Range::of(7, 0.0, 20.0), Range::default());
    }

    #[test]
    fn four_of_five_outcomes_lie_in_the_range() {
        let mut random = ChaCha20Rng::seed_from_u64(7);
        let (mut within, tries) = (0, 2000);
        for _ in 0..tries {
            // A share that nobody knows, an earlier round, and this one.
            let share: f64 = random.random_range(0.05..0.6);
            let mut say = |of: u64| (0..of).filter(|_| random.random_bool(share)).count() as u64;
            let yes = say(300);
            let before = Before { all: (300, yes), kind: (300, yes) }.forecast(200);
            within += u32::from((before.yes.least..=before.yes.most).contains(&say(200)));
        }
        let share = f64::from(within) / f64::from(tries);
        assert!((0.77..0.92).contains(&share), "{share}");
    }
}
