//! What may be shown of a row of counts. Pure.
//!
//! A count below the minimum is withheld, and so are as many others as it takes that nobody can work it out from the
//! total. A withheld small count and a withheld large one look alike.

/// A number as it may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The number itself.
    Number(u64),
    /// Withheld: it is small, or would give a small one away.
    Few,
}

impl Shown {
    /// The number, if it may be shown.
    pub fn number(self) -> Option<u64> {
        match self {
            Self::Number(n) => Some(n),
            Self::Few => None,
        }
    }
}

/// One number by itself: withheld if it is about some people, but fewer than the minimum.
pub fn alone(count: u64, minimum: u64) -> Shown {
    if count > 0 && count < minimum { Shown::Few } else { Shown::Number(count) }
}

/// The part of a whole that is shown beside it: withheld if the part or the rest is small.
pub fn part(count: u64, whole: u64, minimum: u64) -> Shown {
    let rest = whole.saturating_sub(count);
    if alone(count, minimum) == Shown::Few || alone(rest, minimum) == Shown::Few { Shown::Few } else { Shown::Number(count) }
}

/// A row of counts as it may be shown, with the sum of the row known to everybody.
///
/// Counts from 1 up to the minimum are withheld; a true 0 stays 0. While one count alone is withheld, or the withheld
/// ones together are fewer than the minimum, the next smallest is withheld too. A 0 is withheld only where nothing else
/// is left to stand beside a small count. A row of one count, or one whose sum is below the minimum, cannot be protected
/// in this way: whoever shows it must keep the sum back.
pub fn protect(cells: &[(String, u64)], minimum: u64) -> Vec<(String, Shown)> {
    let mut hidden: Vec<bool> = cells.iter().map(|(_, count)| *count > 0 && *count < minimum).collect();
    if hidden.contains(&true) {
        // The smallest first, zeros last: hiding a zero tells more about the rule than about people.
        let mut order: Vec<usize> = (0..cells.len()).filter(|at| !hidden[*at]).collect();
        order.sort_by_key(|at| (cells[*at].1 == 0, cells[*at].1));
        let mut next = order.into_iter();
        while !is_safe(cells, &hidden, minimum) {
            let Some(at) = next.next() else { break };
            hidden[at] = true;
        }
    }
    let shown = |(cell, hidden): (&(String, u64), &bool)| {
        let shown = if *hidden { Shown::Few } else { Shown::Number(cell.1) };
        (cell.0.clone(), shown)
    };
    cells.iter().zip(&hidden).map(shown).collect()
}

/// A row of counts as it may be shown where everybody knows its sum: [`protect`], and where the sum itself is about a
/// handful, nothing at all. Beside a 0 even a withheld number would say where they are.
pub fn row<K: Copy>(counts: &[(K, u64)], minimum: u64) -> Vec<(K, Option<u64>)> {
    let few = alone(counts.iter().map(|(_, count)| count).sum(), minimum) == Shown::Few;
    let cells: Vec<_> = counts.iter().map(|(_, count)| (String::new(), *count)).collect();
    let shown = protect(&cells, minimum).into_iter().map(|(_, shown)| shown.number().filter(|_| !few));
    counts.iter().map(|(key, _)| *key).zip(shown).collect()
}

fn is_safe(cells: &[(String, u64)], hidden: &[bool], minimum: u64) -> bool {
    let withheld = || cells.iter().zip(hidden).filter(|(_, hidden)| **hidden).map(|((_, count), _)| *count);
    withheld().count() >= 2 && withheld().sum::<u64>() >= minimum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(counts: &[u64]) -> Vec<(String, u64)> {
        counts.iter().enumerate().map(|(at, count)| (format!("c{at}"), *count)).collect()
    }

    fn numbers(counts: &[u64], minimum: u64) -> Vec<Option<u64>> {
        protect(&row(counts), minimum).into_iter().map(|(_, shown)| shown.number()).collect()
    }

    #[test]
    fn small_counts_take_another_with_them() {
        assert_eq!(numbers(&[20, 10, 0, 5], 5), [Some(20), Some(10), Some(0), Some(5)]);
        assert_eq!(numbers(&[20, 10, 0, 4], 5), [Some(20), None, Some(0), None]);
        assert_eq!(numbers(&[20, 10, 1, 2], 5), [Some(20), None, None, None]);
        assert_eq!(numbers(&[20, 10, 3, 4], 5), [Some(20), Some(10), None, None]);
        assert_eq!(numbers(&[7, 0, 0], 10), [None, None, None]);
        assert_eq!(numbers(&[3], 5), [None]);
        assert!(protect(&[], 5).is_empty());
    }

    #[test]
    fn a_part_is_withheld_where_the_rest_is_small() {
        assert_eq!(part(9, 10, 5), Shown::Few);
        assert_eq!(part(10, 10, 5), Shown::Number(10));
        assert_eq!(part(0, 10, 5), Shown::Number(0));
        assert_eq!(part(3, 10, 5), Shown::Few);
        assert_eq!(part(5, 10, 5), Shown::Number(5));
    }

    proptest! {
        /// Somebody who knows the total and every shown count can name no withheld one, and cannot tell that it is small.
        #[test]
        fn no_withheld_count_can_be_worked_out(counts in prop::collection::vec(0u64..30, 2..9), minimum in 5u64..12) {
            let total: u64 = counts.iter().sum();
            prop_assume!(total >= minimum);
            let shown = numbers(&counts, minimum);
            let seen: u64 = shown.iter().flatten().sum();
            let withheld = shown.iter().filter(|count| count.is_none()).count();
            let (rest, lone) = (total - seen, withheld == 1);
            for (count, shown) in counts.iter().zip(&shown) {
                match shown {
                    Some(number) => {
                        prop_assert_eq!(number, count);
                        prop_assert!(*number == 0 || *number >= minimum);
                    }
                    // It can be anything from 0 to the rest, because another withheld one can take the difference.
                    None => prop_assert!(!lone && rest >= minimum),
                }
            }
        }

        /// Nothing is withheld without need.
        #[test]
        fn large_counts_stay(counts in prop::collection::vec(prop_oneof![Just(0u64), 12u64..90], 0..9), minimum in 5u64..12) {
            let shown = numbers(&counts, minimum);
            prop_assert!(shown.iter().zip(&counts).all(|(shown, count)| *shown == Some(*count)));
        }
    }
}
