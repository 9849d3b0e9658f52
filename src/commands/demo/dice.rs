//! Chance that repeats itself: one stream a person and question, so that nothing depends on who comes first.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// Dice of one person for one question.
pub struct Dice(ChaCha20Rng);

impl Dice {
    /// The dice that follow from a seed, a number and what they are thrown for.
    pub fn of(seed: u64, number: usize, what: &str) -> Self {
        let text = format!("{seed} {number} {what}");
        let mut key = [0; 32];
        key.copy_from_slice(&crate::platform::secret::sha256(text.as_bytes()));
        Self(ChaCha20Rng::from_seed(key))
    }

    /// A number below `end`. For a demo, the bias of a remainder does not matter.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.0.next_u64() % (end.max(1) as u64)).unwrap_or(0)
    }

    /// True so many times in a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of several, each as likely as its weight.
    pub fn weighted<T: Clone>(&mut self, choices: &[(usize, T)]) -> Option<T> {
        let mut throw = self.below(choices.iter().map(|(weight, _)| weight).sum());
        for (weight, choice) in choices {
            if throw < *weight {
                return Some(choice.clone());
            }
            throw -= weight;
        }
        None
    }

    /// One of several words.
    pub fn pick(&mut self, words: &[&'static str]) -> &'static str {
        words.get(self.below(words.len())).copied().unwrap_or_default()
    }

    /// The words in a thrown order.
    pub fn order(&mut self, words: &[&'static str]) -> Vec<&'static str> {
        let mut order = words.to_vec();
        for place in (1..order.len()).rev() {
            order.swap(place, self.below(place + 1));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_repeat_themselves_and_differ_by_person() {
        let throws = |number| {
            let mut dice = Dice::of(1, number, "reply");
            (0..20).map(|_| dice.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(throws(1), throws(1));
        assert_ne!(throws(1), throws(2));
        let mut order = Dice::of(1, 1, "order").order(&["a", "b", "c"]);
        order.sort_unstable();
        assert_eq!(order, ["a", "b", "c"]);
        assert_eq!(Dice::of(1, 1, "x").weighted(&[(0, "never"), (5, "always")]), Some("always"));
    }
}
