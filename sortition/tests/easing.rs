//! The least easing of quotas, held against every panel that there is.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use sortition::{
    Kind, Problem, Quota,
    easing::{Easing, NoEasing, ease},
};

fn below(lots: &mut ChaCha20Rng, end: u32) -> u32 {
    (lots.next_u64() % u64::from(end)) as u32
}

/// A small pool of people with two features, and quotas that often cannot be kept.
fn pool(lots: &mut ChaCha20Rng) -> Problem {
    let values = [2, 2 + below(lots, 2)];
    let mut quotas = Vec::new();
    for count in values {
        for _ in 0..count {
            let min = below(lots, 4);
            quotas.push(Quota { min, max: min + below(lots, 3) });
        }
    }
    let mut kinds = Vec::new();
    for a in 0..values[0] {
        for b in 0..values[1] {
            if below(lots, 3) > 0 {
                kinds.push(Kind { people: 1 + below(lots, 3), quotas: vec![a, values[0] + b] });
            }
        }
    }
    // Somebody who told nothing counts for no quota.
    kinds.push(Kind { people: 1, quotas: vec![] });
    Problem { seats: 1 + below(lots, 5), quotas, kinds }
}

/// By how many seats the quotas are missed, at least: all panels are looked at.
fn least(problem: &Problem) -> Option<u32> {
    fn walk(problem: &Problem, kind: usize, left: u32, counts: &mut Vec<u32>, best: &mut Option<u32>) {
        let Some(about) = problem.kinds.get(kind) else {
            if left == 0 {
                let missed = |(quota, count): (&Quota, &u32)| quota.min.saturating_sub(*count) + count.saturating_sub(quota.max);
                let missed = problem.quotas.iter().zip(counts.iter()).map(missed).sum();
                *best = Some(best.map_or(missed, |best| best.min(missed)));
            }
            return;
        };
        for many in 0..=about.people.min(left) {
            about.quotas.iter().for_each(|quota| counts[*quota as usize] += many);
            walk(problem, kind + 1, left - many, counts, best);
            about.quotas.iter().for_each(|quota| counts[*quota as usize] -= many);
        }
    }
    let mut best = None;
    walk(problem, 0, problem.seats, &mut vec![0; problem.quotas.len()], &mut best);
    best
}

#[test]
fn what_gives_is_the_least_that_is_enough() {
    let mut lots = ChaCha20Rng::seed_from_u64(5);
    let (mut eased, mut kept, mut few, mut named) = (0, 0, 0, 0);
    for round in 0..2000 {
        let problem = pool(&mut lots);
        match (ease(&problem), least(&problem)) {
            (Err(NoEasing::TooFew), None) => few += 1,
            (Err(NoEasing::Kept), Some(0)) => kept += 1,
            (Ok(Easing { conflict, quotas, seats, least }), Some(best)) => {
                assert!(least && seats == best && best > 0, "round {round}: {seats} for {best} {problem:?}");
                let changed = Problem { quotas, ..problem.clone() };
                assert!(sortition::solve(&changed).is_some(), "round {round}: {changed:?}");
                if !conflict.is_empty() {
                    named += 1;
                    // Those that are named are against each other, and no fewer of them are.
                    let of = |kept: &[u32]| {
                        let free = Quota { min: 0, max: problem.seats };
                        let quota =
                            |(n, quota): (usize, &Quota)| if kept.contains(&(n as u32)) { quota.clone() } else { free.clone() };
                        Problem { quotas: problem.quotas.iter().enumerate().map(quota).collect(), ..problem.clone() }
                    };
                    assert!(sortition::relaxed::relaxed(&of(&conflict)).is_none(), "round {round}: {conflict:?} {problem:?}");
                    for one in &conflict {
                        let fewer: Vec<u32> = conflict.iter().copied().filter(|other| other != one).collect();
                        assert!(
                            sortition::relaxed::relaxed(&of(&fewer)).is_some(),
                            "round {round}: {one} of {conflict:?} {problem:?}"
                        );
                    }
                }
                eased += 1;
            }
            (found, best) => panic!("round {round}: {found:?} for {best:?}: {problem:?}"),
        }
    }
    assert!(eased > 500 && kept > 200 && few > 20 && named > 400, "{eased} {kept} {few} {named}");
}

#[test]
fn minima_alone_give_where_a_maximum_may_not() {
    let quota = |min, max| Quota { min, max };
    // Two seats; one person of the first group, who must have two of them; five of the second, who may have one.
    let mut problem = Problem {
        seats: 2,
        quotas: vec![quota(2, 2), quota(0, 1)],
        kinds: vec![Kind { people: 1, quotas: vec![0] }, Kind { people: 5, quotas: vec![1] }],
    };
    let eased = sortition::easing::ease_minima(&problem).unwrap();
    assert_eq!((eased.quotas, eased.seats), (vec![quota(1, 2), quota(0, 1)], 1));
    problem.quotas[1].max = 0;
    assert_eq!(sortition::easing::ease_minima(&problem), Err(NoEasing::Lost), "nobody is seated above a maximum");
    assert_eq!(ease(&problem).unwrap().seats, 2);
}
