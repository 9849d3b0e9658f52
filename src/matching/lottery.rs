//! Who is asked when places are limited: a draw that anybody can run again.
//!
//! Everybody in the pool has a number that holds for this draw alone and tells nobody who they are; the pool is put in the
//! order of the numbers. A ChaCha20 stream, seeded with SHA-256 over the public seed and the
//! pool's digest, drives a Fisher-Yates shuffle from the front. The first `places` are asked; the rest, in their order, are the
//! reserve. Everybody's chance is the same.

use crate::platform::secret::sha256;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// Name of these rules, kept with each draw.
pub const RULES: &str = "lottery-1";

/// Bytes of a number in a pool.
pub const NUMBER: usize = 16;

/// So many people stand in reserve at least, and ten times the places.
const RESERVE: usize = 100;

/// How many are put in order: those for the places, and the reserve.
pub fn listed(places: usize) -> usize {
    places + (places * 10).max(RESERVE)
}

/// SHA-256 over the pool: numbers of 16 bytes in ascending order.
pub fn digest(pool: &[u8]) -> Vec<u8> {
    sha256(pool)
}

/// The first `take` places of the drawn order, as positions in a pool of `size`.
pub fn draw(size: usize, take: usize, seed: &str, pool_digest: &[u8]) -> Vec<usize> {
    let mut key = [0; 32];
    key.copy_from_slice(&sha256(&[RULES.as_bytes(), b"\n", seed.as_bytes(), b"\n", pool_digest].concat()));
    let mut stream = ChaCha20Rng::from_seed(key);
    let mut order: Vec<usize> = (0..size).collect();
    let take = take.min(size);
    for place in 0..take {
        let other = place + below(&mut stream, size - place);
        order.swap(place, other);
    }
    order.truncate(take);
    order
}

/// A number below `end`, without bias: values at the ragged end of the range are thrown away.
fn below(stream: &mut ChaCha20Rng, end: usize) -> usize {
    let end = end as u64;
    let fair = u64::MAX - u64::MAX % end;
    loop {
        let value = stream.next_u64();
        if value < fair {
            return usize::try_from(value % end).unwrap_or(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_draw_is_the_same_on_every_machine() {
        assert_eq!(
            draw(10, 4, "2027-03-01 national lottery 3 14 15", &[7; 32]),
            draw(10, 4, "2027-03-01 national lottery 3 14 15", &[7; 32])
        );
        assert_eq!(
            draw(10, 10, "seed", &digest(&[])),
            [0, 7, 5, 3, 8, 9, 1, 6, 4, 2],
            "a change here breaks every recorded draw"
        );
    }

    #[test]
    fn everybody_has_the_same_chance() {
        let (people, places, rounds) = (20, 5, 20_000);
        let mut seats = vec![0u32; people];
        for round in 0..rounds {
            for person in draw(people, places, &round.to_string(), b"pool") {
                seats[person] += 1;
            }
        }
        // 5,000 seats each are expected; six standard deviations are 367.
        let expected = rounds * places as u32 / people as u32;
        for count in seats {
            assert!(count.abs_diff(expected) < 367, "{count}");
        }
    }

    proptest! {
        #[test]
        fn a_draw_takes_different_people_from_the_pool(size in 1usize..300, take in 0usize..400, seed in "[a-z]{1,8}") {
            let drawn = draw(size, take, &seed, b"x");
            prop_assert_eq!(drawn.len(), take.min(size));
            let mut sorted = drawn.clone();
            sorted.sort_unstable();
            sorted.dedup();
            prop_assert_eq!(sorted.len(), drawn.len());
            prop_assert!(drawn.iter().all(|person| *person < size));
            // A longer list begins with the shorter one: the reserve follows the asked.
            let whole = draw(size, size, &seed, b"x");
            prop_assert_eq!(&whole[..drawn.len()], &drawn[..]);
        }
    }
}
