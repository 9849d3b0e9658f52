//! Small pools against everything there is.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use sortition::{
    Kind, Lottery, Panel, Problem, Quota, draw,
    exact::exact,
    proof::{By, Proof, check},
    relaxed::relaxed,
    solve,
};
use std::collections::BTreeMap;

/// Numbers for random pools.
struct Dice(ChaCha20Rng);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }

    fn below(&mut self, end: u32) -> u32 {
        (self.0.next_u64() % u64::from(end)) as u32
    }
}

/// A pool of a few people with two or three features.
fn pool(dice: &mut Dice) -> Problem {
    let features: Vec<u32> = (0..2 + dice.below(2)).map(|_| 2 + dice.below(2)).collect();
    let people = 6 + dice.below(8);
    let seats = 2 + dice.below(3);
    let mut kinds: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
    for _ in 0..people {
        let mut first = 0;
        let quotas = features.iter().map(|values| {
            let value = first + dice.below(*values);
            first += values;
            value
        });
        *kinds.entry(quotas.collect()).or_default() += 1;
    }
    let mut quotas = Vec::new();
    for _ in 0..features.iter().sum() {
        let min = dice.below(2);
        quotas.push(Quota { min, max: (min + dice.below(3)).max(1) });
    }
    Problem { seats, quotas, kinds: kinds.into_iter().map(|(quotas, people)| Kind { people, quotas }).collect() }
}

/// Every panel that keeps the quotas.
fn all_panels(problem: &Problem) -> Vec<Panel> {
    fn go(problem: &Problem, kind: usize, left: u32, panel: &mut Panel, all: &mut Vec<Panel>) {
        if kind == problem.kinds.len() {
            if problem.keeps(panel) {
                all.push(panel.clone());
            }
            return;
        }
        for many in 0..=left.min(problem.kinds[kind].people) {
            if many > 0 {
                panel.push((kind as u32, many));
            }
            go(problem, kind + 1, left - many, panel, all);
            if many > 0 {
                panel.pop();
            }
        }
    }
    let mut all = Vec::new();
    go(problem, 0, problem.seats, &mut Vec::new(), &mut all);
    all
}

fn share(problem: &Problem, kind: u32, many: u32) -> f64 {
    f64::from(many) / f64::from(problem.kinds[kind as usize].people)
}

#[test]
fn every_level_is_proved_against_every_panel() {
    let mut dice = Dice::new(1);
    let (mut solved, mut without, mut several) = (0, 0, 0);
    for _ in 0..600 {
        let problem = pool(&mut dice);
        let all = all_panels(&problem);
        let Some(found) = exact(&problem, Vec::new(), u64::MAX) else {
            assert!(all.is_empty(), "{problem:?} has {} panels", all.len());
            assert!(solve(&problem).is_none_or(|lottery| lottery.panels.is_empty()), "{problem:?}");
            without += 1;
            continue;
        };
        solved += 1;
        several += usize::from(found.levels.len() > 1);
        assert!(found.panels.iter().all(|panel| problem.keeps(panel)));
        let mut chances = vec![0.0; problem.kinds.len()];
        for (panel, weight) in found.panels.iter().zip(&found.weights) {
            panel.iter().for_each(|(kind, many)| chances[*kind as usize] += weight * share(&problem, *kind, *many));
        }
        // A seat of a kind that is settled later is worth nothing, and no panel is worth more than the mean of ours: so nobody
        // of this level can have more without somebody of this or an earlier level having less.
        let mut settled: Vec<u32> = Vec::new();
        for level in &found.levels {
            settled.extend(&level.kinds);
            for kind in &level.kinds {
                assert!((chances[*kind as usize] - level.chance).abs() < 1e-7, "{problem:?}: {level:?} {chances:?}");
            }
            let worth =
                |panel: &Panel| panel.iter().map(|(kind, many)| level.worth[*kind as usize] * f64::from(*many)).sum::<f64>();
            let most = all.iter().map(worth).fold(0.0, f64::max);
            assert!(most <= level.most + 1e-7, "{problem:?}: {most} {level:?}");
            let ours: f64 = chances
                .iter()
                .zip(&level.worth)
                .enumerate()
                .map(|(kind, (chance, worth))| chance * worth * f64::from(problem.kinds[kind].people))
                .sum();
            assert!(level.chance > 1.0 - 1e-9 || ours > level.most - 1e-7, "{problem:?}: {ours} {level:?}");
            for (kind, worth) in level.worth.iter().enumerate() {
                assert!(*worth < 1e-7 || settled.contains(&(kind as u32)), "{problem:?}: {level:?}");
            }
        }
        assert_eq!(settled.len(), problem.kinds.len(), "everybody is settled once");
        // The way by the relaxation comes to the same chances.
        let lottery = solve(&problem).unwrap();
        assert!(lottery.fairest, "{problem:?}");
        assert!(lottery.panels.iter().all(|panel| problem.keeps(panel)));
        for (kind, chance) in chances.iter().enumerate() {
            assert!((lottery.chances[kind] - chance).abs() < 1e-6, "{problem:?}: {:?} {chances:?}", lottery.chances);
        }
    }
    assert!(solved > 200 && without > 50 && several > 100, "{solved} {without} {several}");
}

#[test]
fn no_panel_is_above_what_the_relaxation_proves() {
    let mut dice = Dice::new(2);
    let mut count = 0;
    for _ in 0..300 {
        let problem = pool(&mut dice);
        let all = all_panels(&problem);
        let Some(found) = relaxed(&problem) else {
            assert!(all.is_empty(), "{problem:?}");
            continue;
        };
        if all.is_empty() {
            continue;
        }
        let lottery = solve(&problem).unwrap();
        let least = lottery.chances.iter().copied().fold(1.0, f64::min);
        assert!(least <= found.levels[0].chance + 1e-9, "{problem:?}");
        count += 1;
    }
    assert!(count > 100, "{count}");
}

/// A pool from the ends of each quota, and the people and quotas of each kind.
fn known(seats: u32, quotas: &[(u32, u32)], kinds: &[(u32, &[u32])]) -> Problem {
    let quotas = quotas.iter().map(|(min, max)| Quota { min: *min, max: *max }).collect();
    let kinds = kinds.iter().map(|(people, quotas)| Kind { people: *people, quotas: quotas.to_vec() }).collect();
    Problem { seats, quotas, kinds }
}

#[test]
fn halves_of_people_are_not_seated() {
    // Each pair of features leaves room for half a person of each kind, and for no whole one of the first four.
    let quotas = [(1, 1); 6];
    let kinds: [(u32, &[u32]); 4] = [(1, &[0, 2, 4]), (1, &[0, 3, 5]), (1, &[1, 2, 5]), (1, &[1, 3, 4])];
    let problem = known(2, &quotas, &kinds);
    assert!((relaxed(&problem).unwrap().levels[0].chance - 0.5).abs() < 1e-9, "in halves everybody has a chance");
    assert!(all_panels(&problem).is_empty());
    assert!(solve(&problem).is_none_or(|lottery| lottery.panels.is_empty()), "and nobody in whole");
}

/// A pool in which some can be seated seldom: three kinds with quotas that hold each other.
fn skewed() -> Problem {
    let quotas = [(4, 6), (4, 6), (2, 3), (7, 8)];
    let kinds: [(u32, &[u32]); 4] = [(40, &[0, 2]), (3, &[0, 3]), (9, &[1, 2]), (60, &[1, 3])];
    known(10, &quotas, &kinds)
}

#[test]
fn what_is_drawn_has_the_chances_that_are_published() {
    let problem = skewed();
    let lottery = solve(&problem).unwrap();
    assert!(lottery.fairest);
    let tickets = draw::tickets(&lottery.weights);
    assert_eq!(tickets.iter().sum::<u64>(), draw::TICKETS);
    const DRAWS: u32 = 100_000;
    let mut seated: Vec<Vec<u32>> = problem.kinds.iter().map(|kind| vec![0; kind.people as usize]).collect();
    for n in 0..DRAWS {
        let mut seed = [0; 32];
        seed[..4].copy_from_slice(&n.to_le_bytes());
        let drawn = draw::draw(&problem.people(), &lottery.panels, &tickets, seed);
        let all: u32 = drawn.seated.iter().map(|(_, people)| people.len() as u32).sum();
        assert_eq!(all, problem.seats);
        drawn.seated.iter().for_each(|(kind, people)| people.iter().for_each(|one| seated[*kind as usize][*one as usize] += 1));
    }
    for (kind, people) in seated.iter().enumerate() {
        let chance = lottery.chances[kind];
        let error = (chance * (1.0 - chance) / f64::from(DRAWS)).sqrt();
        for count in people {
            let drawn = f64::from(*count) / f64::from(DRAWS);
            assert!((drawn - chance).abs() <= 5.0 * error + 1e-9, "kind {kind}: {drawn} for {chance}");
        }
    }
}

#[test]
fn a_seed_draws_the_same_people_again() {
    let problem = skewed();
    let lottery = solve(&problem).unwrap();
    let again: Lottery = solve(&problem).unwrap();
    assert_eq!(lottery.panels, again.panels);
    let (one, two) = (draw::tickets(&lottery.weights), draw::tickets(&again.weights));
    assert_eq!(one, two);
    let drawn = draw::draw(&problem.people(), &lottery.panels, &one, [7; 32]);
    assert_eq!(drawn, draw::draw(&problem.people(), &again.panels, &two, [7; 32]));
    assert_ne!(drawn, draw::draw(&problem.people(), &lottery.panels, &one, [8; 32]));
}

#[test]
fn tickets_are_all_there_whatever_the_weights() {
    for weights in [vec![1.0], vec![0.1; 10], vec![1.0 / 3.0; 3], vec![0.5 + 1e-12, 0.5], vec![0.0, 1.0]] {
        assert_eq!(draw::tickets(&weights).iter().sum::<u64>(), draw::TICKETS, "{weights:?}");
    }
}

#[test]
fn a_proof_holds_for_the_fairest_chances_alone() {
    let mut dice = Dice::new(9);
    let (mut parts, mut panels, mut tilted) = (0, 0, 0);
    for _ in 0..400 {
        let problem = pool(&mut dice);
        let Some(lottery) = solve(&problem) else { continue };
        assert!(lottery.fairest);
        assert_eq!(check(&problem, &lottery.chances, &lottery.proofs, true), Ok(()), "{problem:?}");
        parts += usize::from(lottery.proofs.iter().any(|proof| matches!(proof.by, By::Parts(_))));
        panels += usize::from(lottery.proofs.iter().any(|proof| matches!(proof.by, By::Panels(..))));
        // The first panel that there is, drawn for certain, is fair to nobody who is not on it.
        let panel = &all_panels(&problem)[0];
        let mut chances = vec![0.0; problem.kinds.len()];
        panel.iter().for_each(|(kind, many)| chances[*kind as usize] = share(&problem, *kind, *many));
        let off = chances.iter().zip(&lottery.chances).map(|(one, fair)| (one - fair).abs()).fold(0.0, f64::max);
        if off > 1e-6 {
            tilted += 1;
            assert!(check(&problem, &chances, &lottery.proofs, true).is_err());
            // Nor do the same multipliers prove what they were not made for.
            let mut proofs = lottery.proofs.clone();
            proofs.iter_mut().for_each(|proof| {
                proof.chance = chances[proof.kinds[0] as usize];
                proof.kinds.retain(|kind| (chances[*kind as usize] - proof.chance).abs() < 1e-9);
            });
            assert!(check(&problem, &chances, &proofs, true).is_err(), "{problem:?}");
        }
        let mut less = lottery.proofs.clone();
        less.pop();
        assert!(check(&problem, &lottery.chances, &less, true).is_err());
    }
    assert!(parts > 50 && panels > 5 && tilted > 50, "{parts} {panels} {tilted}");
}

#[test]
fn numbers_that_are_none_prove_nothing() {
    // The thousand share one seat, and twenty share ten: five of a hundred each is fair to nobody.
    let quotas = [(1, 1), (10, 10), (0, 11), (0, 11)];
    let problem = known(11, &quotas, &[(1000, &[0, 2]), (10, &[1, 2]), (10, &[1, 3])]);
    let lottery = solve(&problem).unwrap();
    assert!((lottery.chances[1] - 0.5).abs() < 1e-9 && (lottery.chances[2] - 0.5).abs() < 1e-9);
    let chances = [0.001, 0.2, 0.8];
    let forged = |by: By| {
        let level = |chance, kind, by: &By| Proof { chance, kinds: vec![kind], by: by.clone() };
        let honest = By::Parts(vec![1.0, 0.0, 0.0, 0.0, 0.0]);
        let last = By::Parts(vec![0.0, 1.0, 0.0, 0.0, 0.0]);
        check(&problem, &chances, &[level(0.001, 0, &honest), level(0.2, 1, &by), level(0.8, 2, &last)], true)
    };
    for huge in [1e308, f64::MAX, f64::INFINITY, f64::NAN] {
        assert!(forged(By::Parts(vec![0.0, 0.0, huge, 0.0, 0.0])).is_err(), "{huge}");
        assert!(forged(By::Panels(vec![(1, huge)], f64::MAX)).is_err(), "{huge}");
    }
    assert!(!problem.keeps(&[(0, 1), (1, 5), (1, 5)]), "nobody is seated twice");
    assert!(problem.keeps(&[(0, 1), (1, 5), (2, 5)]));
}

#[test]
fn levels_out_of_order_prove_nothing() {
    // The one of the first kind is always seated, and the ten others share the other seat.
    let kind = |people, quota| Kind { people, quotas: vec![quota] };
    let quota = Quota { min: 0, max: 2 };
    let problem = Problem { seats: 2, quotas: vec![quota.clone(), quota], kinds: vec![kind(1, 0), kind(10, 1)] };
    let level = |chance, kind, by| Proof { chance, kinds: vec![kind], by };
    let forged = [level(1.0, 0, By::Certain), level(0.1, 1, By::Parts(vec![0.0, 0.0, 1.0]))];
    assert!(check(&problem, &[1.0, 0.1], &forged, true).is_err());
    let lottery = solve(&problem).unwrap();
    assert!(lottery.chances.iter().all(|chance| (chance - 2.0 / 11.0).abs() < 1e-9));
}
