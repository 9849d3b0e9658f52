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
                problem.quotas.push(Quota { min: number(3), max: number(4) });
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
    let quota = |count: &u32| Quota { min: count.saturating_sub(slack), max: count + slack };
    let mut kinds: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
    everybody.into_iter().for_each(|quotas| *kinds.entry(quotas).or_default() += 1);
    let kinds = kinds.into_iter().map(|(quotas, people)| Kind { people, quotas }).collect();
    Problem { seats: seats as u32, quotas: counts.iter().map(quota).collect(), kinds }
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

/// How many of a population have each value of a feature, in thousandths, and how readily they answer, in hundredths.
const POPULATION: [&[(u32, u32)]; 6] = [
    &[(510, 115), (484, 90), (6, 160)],
    &[(130, 35), (170, 60), (160, 80), (160, 100), (155, 150), (225, 160)],
    &[(817, 110), (93, 55), (40, 60), (29, 90), (21, 60)],
    &[(180, 18), (270, 45), (210, 80), (340, 190)],
    &[(120, 90), (110, 90), (82, 90), (73, 90), (89, 85), (94, 100), (131, 110), (138, 120), (85, 120), (78, 60)],
    &[(180, 80), (820, 105)],
];

/// People who answered, of whom many are alike and many are the only ones of their kind; seats as the whole population would have them.
fn answered(people: u32, seats: u32, seed: u64) -> Problem {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut below = |end: u32| (rng.next_u64() % u64::from(end)) as u32;
    let mut problem = Problem { seats, ..Problem::default() };
    let mut first = Vec::new();
    for values in POPULATION {
        first.push(problem.quotas.len() as u32);
        let quota = |(share, _): &(u32, u32)| {
            let of = share * seats;
            Quota { min: of.saturating_sub(500) / 1000, max: (of + 500).div_ceil(1000) }
        };
        problem.quotas.extend(values.iter().map(quota));
    }
    let mut kinds: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
    let mut found = 0;
    while found < people {
        let (mut quotas, mut readily) = (Vec::new(), 1.0);
        for (values, first) in POPULATION.iter().zip(&first) {
            let mut left = below(1000);
            let at = values.iter().position(|(share, _)| left.checked_sub(*share).map(|less| left = less).is_none());
            let at = at.unwrap();
            quotas.push(first + at as u32);
            readily *= f64::from(values[at].1) / 100.0;
        }
        if f64::from(below(1 << 20)) / f64::from(1 << 20) < readily / 9.0 {
            *kinds.entry(quotas).or_default() += 1;
            found += 1;
        }
    }
    problem.kinds = kinds.into_iter().map(|(quotas, people)| Kind { people, quotas }).collect();
    problem
}

#[test]
fn whoever_is_the_only_one_of_a_kind_is_on_panels_among_many_kinds() {
    let problem = answered(12_000, 120, 0);
    assert!(problem.kinds.len() > 1_600, "{}", problem.kinds.len());
    let lottery = solve(&problem).unwrap();
    assert!(lottery.fairest && lottery.shut_out.is_empty() && lottery.panels.iter().all(|panel| problem.keeps(panel)));
    assert!((lottery.smallest() - lottery.bound).abs() < 1e-9, "{} {}", lottery.smallest(), lottery.bound);
    let mut on = vec![0; problem.kinds.len()];
    lottery.panels.iter().flatten().for_each(|(kind, _)| on[*kind as usize] += 1);
    let alone = |kind: &usize| problem.kinds[*kind].people == 1;
    assert!((0..on.len()).filter(alone).count() > 100 && on.iter().all(|on| *on > 1), "{:?}", on.iter().min());
    // A pin, as below.
    assert_eq!(digest(&lottery), 3_777_138_715_730_264_921);
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
/// what is found changes [`sortition::SOLVER`] with it.
#[test]
fn the_same_pool_has_the_same_lottery_everywhere() {
    let pools = [tight(300, 10, 5, 4, 0, 1), tight(400, 30, 5, 4, 1, 2), tight(60, 8, 4, 3, 1, 4)];
    let digests = pools.map(|problem| digest(&solve(&problem).unwrap()));
    assert_eq!(digests, [16_199_181_213_239_292_253, 5_662_249_857_405_957_050, 7_125_293_571_196_979_892]);
}
