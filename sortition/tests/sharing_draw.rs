//! Who gets letters, and what plain cases come to.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use sortition::sharing::{Asked, Asking, Bound, Broken, Failed, Kind, May, Plan, Problem, check, plan};

fn below(lots: &mut ChaCha20Rng, end: u32) -> u32 {
    (lots.next_u64() % u64::from(end)) as u32
}

fn asking(aim: f64) -> Asking {
    Asking { aim, letters: 1_000_000, minutes: 0, quotas: vec![] }
}

fn lasting(aim: f64, minutes: u32) -> Asking {
    Asking { minutes, ..asking(aim) }
}

fn kind(people: u32, may: &[(u32, f64)], cap: u32, minutes: Option<u32>) -> Kind {
    let may = may.iter().map(|(asking, rate)| May { asking: *asking, rate: *rate, quotas: vec![] }).collect();
    Kind { people, may, cap, minutes }
}

fn solved(problem: &Problem) -> Plan {
    let again = plan(problem);
    let plan = plan(problem).expect("a plan");
    assert_eq!(again.as_ref(), Ok(&plan));
    assert_eq!(check(problem, &plan), Ok(()), "{problem:?} {plan:?}");
    assert!(plan.proved);
    plan
}

fn drawn(problem: &Problem, plan: &Plan, seed: u64) -> Asked {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    plan.draw(problem, &vec![vec![]; problem.kinds.len()], bytes).expect("it fits")
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

/// A whole number next to an expected one.
fn rounded(whole: usize, expected: f64) -> bool {
    whole as f64 >= (expected - 1e-6).floor() && whole as f64 <= (expected + 1e-6).ceil()
}

fn random(lots: &mut ChaCha20Rng, minutes: bool) -> Problem {
    let askings: Vec<Asking> = (0..1 + below(lots, 6))
        .map(|_| {
            let letters = if below(lots, 3) == 0 { 1 + below(lots, 20) } else { 1_000_000 };
            Asking { letters, ..lasting(f64::from(below(lots, 60)) / 4.0, 15 * (1 + below(lots, 6))) }
        })
        .collect();
    let kind = |lots: &mut ChaCha20Rng| {
        let mut may = Vec::new();
        for at in 0..askings.len() as u32 {
            if below(lots, 3) > 0 {
                may.push((at, f64::from(1 + below(lots, 20)) / 20.0));
            }
        }
        let minutes = (minutes && below(lots, 4) > 0).then(|| 15 * (2 + below(lots, 8)));
        kind(1 + below(lots, 15), &may, 1 + below(lots, 4), minutes)
    };
    let kinds = (0..1 + below(lots, 12)).map(|_| kind(lots)).collect();
    Problem { askings, kinds }
}

#[test]
fn letters_keep_what_people_want_and_are_what_was_planned() {
    let mut lots = ChaCha20Rng::seed_from_u64(3);
    let mut furthest = 0.0f64;
    for round in 0..1500 {
        let problem = random(&mut lots, round % 2 == 0);
        let plan = solved(&problem);
        let bundled = plan.bundles.iter().any(|bundles| !bundles.is_empty());
        for seed in 0..4 {
            let asked = drawn(&problem, &plan, seed);
            assert_eq!(asked, drawn(&problem, &plan, seed));
            let mut totals = vec![(0, 0.0); problem.askings.len()];
            for (at, kind) in problem.kinds.iter().enumerate() {
                let people = &asked.kinds[at];
                assert_eq!(people.len(), kind.people as usize);
                for letters in people {
                    assert!(letters.len() <= kind.cap as usize);
                    assert!(letters.windows(2).all(|pair| pair[0] < pair[1]));
                    assert!(letters.iter().all(|asking| kind.may.iter().any(|may| may.asking == *asking)));
                    let minutes: u32 = letters.iter().map(|asking| problem.askings[*asking as usize].minutes).sum();
                    assert!(kind.minutes.is_none_or(|limit| minutes <= limit));
                }
                for (may, expected) in kind.may.iter().zip(&plan.letters[at]) {
                    let many = people.iter().filter(|letters| letters.contains(&may.asking)).count();
                    assert!(!plan.bundles[at].is_empty() || rounded(many, *expected), "{many} of {expected}");
                    totals[may.asking as usize].0 += many;
                    totals[may.asking as usize].1 += expected;
                }
                let all: usize = people.iter().map(Vec::len).sum();
                let (most, least) = (people.iter().map(Vec::len).max(), people.iter().map(Vec::len).min());
                let spread = most.unwrap_or(0) - least.unwrap_or(0);
                let sizes = plan.bundles[at].iter().map(|bundle| bundle.of.len());
                let planned = sizes.clone().max().unwrap_or(0) - sizes.min().unwrap_or(0);
                if plan.bundles[at].is_empty() {
                    assert!(rounded(all, plan.letters[at].iter().sum()) && spread <= 1);
                } else if !problem.askings.iter().any(|asking| asking.letters < 1_000_000) {
                    assert!(spread <= planned);
                }
            }
            for ((many, expected), asking) in totals.iter().zip(&problem.askings) {
                assert!(*many <= asking.letters as usize);
                if bundled {
                    furthest = furthest.max((*many as f64 - expected).abs());
                } else {
                    assert!(rounded(*many, *expected), "{many} of {expected}");
                }
            }
        }
    }
    println!("letters of an opportunity are off by {furthest:.2} at most");
    assert!(furthest < 7.0);
}

#[test]
fn everybody_can_expect_what_was_planned() {
    let may = [(0, 0.5), (1, 0.4), (2, 0.3)];
    let problem = Problem {
        askings: vec![lasting(3.0, 60), lasting(2.0, 60), lasting(1.5, 30)],
        kinds: vec![
            kind(3, &may, 2, None),
            kind(5, &may[..2], 1, None),
            kind(4, &may, 3, Some(90)),
            kind(3, &may, 3, Some(100)),
            kind(2, &may[1..], 2, Some(60)),
        ],
    };
    let plan = solved(&problem);
    assert!(plan.bundles.iter().filter(|bundles| !bundles.is_empty()).count() == 2);
    let rounds = 40_000;
    let mut counts: Vec<Vec<Vec<u32>>> =
        problem.kinds.iter().map(|kind| vec![vec![0; problem.askings.len()]; kind.people as usize]).collect();
    for seed in 0..rounds {
        for (counts, people) in counts.iter_mut().zip(drawn(&problem, &plan, seed).kinds) {
            for (counts, letters) in counts.iter_mut().zip(people) {
                letters.into_iter().for_each(|asking| counts[asking as usize] += 1);
            }
        }
    }
    for (at, kind) in problem.kinds.iter().enumerate() {
        for (may, expected) in kind.may.iter().zip(&plan.letters[at]) {
            let chance = expected / f64::from(kind.people);
            let bound = 4.5 * (chance * (1.0 - chance) / rounds as f64).max(0.0).sqrt() + 1e-6;
            for person in &counts[at] {
                let share = f64::from(person[may.asking as usize]) / rounds as f64;
                assert!((share - chance).abs() <= bound, "kind {at}, opportunity {}: {share}, not {chance}", may.asking);
            }
        }
    }
}

#[test]
fn who_waited_longer_has_the_letter_that_not_all_have() {
    let problem = Problem { askings: vec![asking(3.0), asking(2.0)], kinds: vec![kind(10, &[(0, 1.0), (1, 1.0)], 2, None)] };
    let plan = solved(&problem);
    let waited: Vec<u32> = (0..10).collect();
    for seed in 0..50u8 {
        let asked = plan.draw(&problem, std::slice::from_ref(&waited), [seed; 32]).expect("it fits");
        for (person, letters) in asked.kinds[0].iter().enumerate() {
            assert_eq!(letters.len(), usize::from(person >= 5));
        }
    }
    assert!(plan.draw(&problem, &[vec![1, 2]], [0; 32]).is_err());
    assert!(plan.draw(&problem, &[], [0; 32]).is_err());
}

#[test]
fn without_need_nobody_is_asked() {
    let problem = Problem {
        askings: vec![asking(0.0), Asking { letters: 0, ..asking(5.0) }],
        kinds: vec![kind(10, &[(0, 0.5), (1, 0.5)], 2, None)],
    };
    let plan = solved(&problem);
    assert_eq!((plan.fulfilled.as_slice(), plan.shares.as_slice()), ([1.0, 0.0].as_slice(), [0.0].as_slice()));
    assert!(drawn(&problem, &plan, 1).kinds[0].iter().all(Vec::is_empty));
    assert_eq!(solved(&Problem::default()).shares, Vec::<f64>::new());
    let nobody = Problem { askings: vec![asking(1.0)], kinds: vec![kind(0, &[(0, 0.5)], 1, None), kind(3, &[], 1, None)] };
    assert_eq!(solved(&nobody).fulfilled, [0.0]);
}

#[test]
fn with_more_need_than_people_everybody_has_all_they_want() {
    let may = [(0, 0.5), (1, 0.25), (2, 0.25)];
    let problem = Problem { askings: vec![asking(90.0), asking(90.0), asking(90.0)], kinds: vec![kind(40, &may, 2, None)] };
    let plan = solved(&problem);
    assert!(near(plan.shares[0], 1.0) && plan.fulfilled.iter().all(|part| *part < 1.0));
    // 40 letters are for the first one at most where all get as much: f * 90 = 0.5 a = 0.25 b = 0.25 c, and a + b + c = 80.
    assert!(plan.fulfilled.iter().all(|part| near(*part, 80.0 / 10.0 / 90.0)), "{:?}", plan.fulfilled);
    assert!(drawn(&problem, &plan, 1).kinds[0].iter().all(|letters| letters.len() == 2));
}

#[test]
fn whoever_has_one_way_only_is_not_passed_over() {
    // Both groups may be asked for the first opportunity, the second group for the other one too.
    let problem = Problem {
        askings: vec![asking(10.0), asking(10.0)],
        kinds: vec![kind(20, &[(0, 0.5)], 1, None), kind(20, &[(0, 0.9), (1, 0.5)], 1, None)],
    };
    let plan = solved(&problem);
    assert!(plan.fulfilled.iter().all(|part| near(*part, 1.0)) && plan.shares.iter().all(|share| near(*share, 1.0)));
    // With less need all get less, and as much of it.
    let half = Problem { askings: vec![asking(4.0), asking(2.0)], ..problem };
    let plan = solved(&half);
    assert!(near(plan.shares[0], plan.shares[1]) && plan.shares[0] > 0.2, "{plan:?}");
}

#[test]
fn quotas_keep_their_bounds_and_hold_an_opportunity_back() {
    let quotas = vec![Bound { min: 4.0, max: 5.0 }];
    let mut problem = Problem {
        askings: vec![Asking { quotas, ..asking(10.0) }, asking(5.0)],
        kinds: vec![kind(4, &[(0, 0.5), (1, 0.5)], 1, None), kind(100, &[(0, 0.5), (1, 0.5)], 1, None)],
    };
    problem.kinds[0].may[0].quotas = vec![0];
    let plan = solved(&problem);
    // Of four people who count two say yes, half of the minimum.
    assert!(near(plan.fulfilled[0], 0.5) && near(plan.fulfilled[1], 1.0) && near(plan.yes[0], 5.0), "{plan:?}");
    problem.kinds[0].people = 100;
    let plan = solved(&problem);
    let counted = plan.letters[0][0] * 0.5;
    assert!(near(plan.fulfilled[0], 1.0) && (4.0 - 1e-6..=5.0 + 1e-6).contains(&counted), "{plan:?}");
}

#[test]
fn two_long_things_are_not_asked_of_who_has_time_for_one() {
    // By minutes alone one and a half letters would be possible for each.
    let may = [(0, 1.0), (1, 1.0)];
    let problem = Problem { askings: vec![lasting(10.0, 60), lasting(10.0, 60)], kinds: vec![kind(10, &may, 2, Some(90))] };
    let plan = solved(&problem);
    assert!(plan.fulfilled.iter().all(|part| near(*part, 0.5)), "{plan:?}");
    // A long one, or the two short ones: sets differ in size, and all three opportunities get as much.
    let may = [(0, 1.0), (1, 1.0), (2, 1.0)];
    let askings = vec![lasting(12.0, 60), lasting(12.0, 30), lasting(12.0, 30)];
    let problem = Problem { askings, kinds: vec![kind(12, &may, 3, Some(60))] };
    let plan = solved(&problem);
    assert!(plan.fulfilled.iter().all(|part| near(*part, 0.5)), "{plan:?}");
    for letters in &drawn(&problem, &plan, 5).kinds[0] {
        assert!(letters == &[0] || letters == &[1, 2], "{letters:?}");
    }
}

#[test]
fn sets_of_letters_are_even_where_minutes_allow() {
    // Everybody has time for two, or for all three but the longest two together: one letter each is enough.
    let askings = vec![lasting(4.0, 60), lasting(4.0, 45), lasting(4.0, 30)];
    let problem = Problem { askings, kinds: vec![kind(12, &[(0, 1.0), (1, 1.0), (2, 1.0)], 3, Some(100))] };
    let plan = solved(&problem);
    assert!(!plan.bundles[0].is_empty());
    assert!(drawn(&problem, &plan, 5).kinds[0].iter().all(|letters| letters.len() == 1), "{plan:?}");
}

#[test]
fn a_plan_that_was_changed_is_found_out() {
    let may = [(0, 0.5), (1, 0.25)];
    let problem =
        Problem { askings: vec![asking(3.0), asking(90.0)], kinds: vec![kind(40, &may, 2, None), kind(10, &may[..1], 1, None)] };
    let plan = solved(&problem);
    let with = |change: &dyn Fn(&mut Plan)| {
        let mut other = plan.clone();
        change(&mut other);
        check(&problem, &other)
    };
    assert!(matches!(with(&|plan| plan.letters[0][0] += 0.1), Err(Broken::Kind(0))));
    assert!(matches!(with(&|plan| plan.yes[0] += 0.1), Err(Broken::Asking(0))));
    assert!(matches!(with(&|plan| plan.needs[0].proof.iter_mut().for_each(|y| *y = 0.0)), Err(Broken::Need(0))));
    assert!(matches!(with(&|plan| plan.sharing[0].proof.iter_mut().for_each(|y| *y = -*y)), Err(Broken::Sharing(0))));
    assert!(with(&|plan| plan.sharing.clear()).is_err());
    assert_eq!(with(&|plan| plan.shares.clear()), Err(Broken::Other));
}

#[test]
fn what_cannot_be_is_refused() {
    let good = Problem { askings: vec![asking(3.0)], kinds: vec![kind(4, &[(0, 0.5)], 1, None)] };
    let with = |change: &dyn Fn(&mut Problem)| {
        let mut other = good.clone();
        change(&mut other);
        plan(&other).err()
    };
    assert_eq!(with(&|_| {}), None);
    assert_eq!(with(&|problem| problem.askings[0].aim = f64::NAN), Some(Failed::Asking(0)));
    assert_eq!(with(&|problem| problem.askings[0].quotas = vec![Bound { min: 2.0, max: 1.0 }]), Some(Failed::Asking(0)));
    assert_eq!(with(&|problem| problem.kinds[0].may[0].rate = 0.0), Some(Failed::Kind(0)));
    assert_eq!(with(&|problem| problem.kinds[0].may[0].asking = 1), Some(Failed::Kind(0)));
    assert_eq!(with(&|problem| problem.kinds[0].may[0].quotas = vec![0]), Some(Failed::Kind(0)));
    assert_eq!(with(&|problem| problem.askings = vec![asking(1.0); 61]), Some(Failed::TooMany));
}
