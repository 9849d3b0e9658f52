//! Pools in which whole panels cannot give what parts of people could have, and the whole vector of chances that another solver has
//! found for them; and pools with hundreds of kinds, solved within a bounded amount of work.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use sortition::{Kind, Lottery, Problem, Quota, draw, solve};
use std::collections::BTreeMap;

/// A pool from a text: `seats`, `quota feature value min max`, `kind value|value people chance`.
fn pool(text: &str) -> (Problem, Vec<f64>) {
    let (mut problem, mut chances, mut values) = (Problem::default(), Vec::new(), Vec::new());
    for line in text.lines() {
        let parts: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| parts[at].parse::<u32>().unwrap();
        match parts[0] {
            "seats" => problem.seats = number(1),
            "quota" => {
                values.push((number(1), parts[2].to_owned()));
                problem.quotas.push(Quota { feature: number(1), min: number(3), max: number(4) });
            }
            _ => {
                let of = |(feature, value): (u32, &str)| values.iter().position(|one| *one == (feature, value.to_owned()));
                let quotas = (0..).zip(parts[1].split('|')).map(|value| of(value).unwrap() as u32).collect();
                problem.kinds.push(Kind { people: number(2), quotas });
                chances.push(parts[3].parse().unwrap());
            }
        }
    }
    (problem, chances)
}

#[test]
fn the_whole_vector_is_the_one_that_another_solver_found() {
    let pools = [
        include_str!("pools/gap_3x2_14_5_s0_0.txt"),
        include_str!("pools/gap_3x3_16_5_s0.5_0.txt"),
        include_str!("pools/gap_3x3_24_8_s0_11.txt"),
        include_str!("pools/gap_4x3_20_6_s0.5_1.txt"),
        include_str!("pools/gap_5x2_24_8_s0_1.txt"),
    ];
    for text in pools {
        let (problem, chances) = pool(text);
        let lottery = solve(&problem).unwrap();
        assert!(lottery.fairest);
        for (ours, theirs) in lottery.chances.iter().zip(&chances) {
            assert!((ours - theirs).abs() < 1e-7, "{ours} {theirs}: {text}");
        }
    }
}

/// People of random features, and quotas that are exactly what one random panel of them has.
fn tight(people: usize, seats: usize, features: u32, values: u32, slack: u32, seed: u64) -> Problem {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut below = |end: u32| (rng.next_u64() % u64::from(end)) as u32;
    // The first values are more frequent than the last ones.
    let of = |below: &mut dyn FnMut(u32) -> u32| {
        (0..features).map(|feature| feature * values + below(values).min(below(values))).collect::<Vec<u32>>()
    };
    let everybody: Vec<Vec<u32>> = (0..people).map(|_| of(&mut below)).collect();
    let mut counts = vec![0; (features * values) as usize];
    everybody[..seats].iter().flatten().for_each(|value| counts[*value as usize] += 1);
    let quota = |(value, count): (usize, &u32)| Quota {
        feature: value as u32 / values,
        min: count.saturating_sub(slack),
        max: count + slack,
    };
    let mut kinds: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
    everybody.into_iter().for_each(|quotas| *kinds.entry(quotas).or_default() += 1);
    let kinds = kinds.into_iter().map(|(quotas, people)| Kind { people, quotas }).collect();
    Problem { seats: seats as u32, quotas: counts.iter().enumerate().map(quota).collect(), kinds }
}

#[test]
fn hundreds_of_kinds_with_tight_quotas_are_solved_to_the_end() {
    for (people, seats, features, values, slack, seed) in [(300, 10, 5, 4, 0, 1), (400, 30, 5, 4, 1, 2), (250, 6, 6, 3, 0, 3)] {
        let problem = tight(people, seats, features, values, slack, seed);
        let lottery = solve(&problem).unwrap();
        assert!(problem.kinds.len() > 120, "{}", problem.kinds.len());
        assert!(lottery.fairest && lottery.panels.iter().all(|panel| problem.keeps(panel)));
        assert!((lottery.smallest() - lottery.bound).abs() < 1e-8, "{} {}", lottery.smallest(), lottery.bound);
        // Whoever has no chance is shown to have none.
        let none = |kind: &u32| lottery.chances[*kind as usize] < 1e-9;
        assert!(lottery.shut_out.iter().all(none));
        assert_eq!((0..problem.kinds.len() as u32).filter(none).count(), lottery.shut_out.len());
    }
}

/// All panels and tickets of a lottery in one number.
fn digest(lottery: &Lottery) -> u64 {
    let panels =
        lottery.panels.iter().flat_map(|panel| panel.iter().flat_map(|(kind, many)| [u64::from(*kind), u64::from(*many)]));
    panels.chain(draw::tickets(&lottery.weights)).fold(0xcbf2_9ce4_8422_2325, |hash, number| {
        number.to_le_bytes().iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
    })
}

/// A pin: whoever checks a draw on another machine, or years later, must find the same lottery to the last ticket. Whoever changes
/// the solver changes the name of the rules with it.
#[test]
fn the_same_pool_has_the_same_lottery_everywhere() {
    let pools = [tight(300, 10, 5, 4, 0, 1), tight(400, 30, 5, 4, 1, 2), tight(60, 8, 4, 3, 1, 4)];
    let digests = pools.map(|problem| digest(&solve(&problem).unwrap()));
    assert_eq!(digests, [10_815_578_141_528_145_063, 6_771_595_394_096_690_126, 8_417_730_577_461_390_197]);
}
