//! Who is seated where places are few and shared out among groups: the fairest lottery over panels, drawn so that anybody can draw
//! it again.
//!
//! Everybody in the pool has a number that holds for this draw alone, and the number of their kind: those who count for the same
//! quotas are of one kind. The lottery is worked out by `sortition`. A ChaCha20 stream is seeded with SHA-256 over the name of
//! these rules, the public seed, the pool's digest and the lottery's digest. It picks a panel by its tickets, and then people of
//! each kind, each with the same chance.

use super::lottery::NUMBER;
use crate::platform::secret::sha256;
use serde::{Deserialize, Serialize};
use sortition::{
    Lottery, Panel, Problem, SOLVER, draw,
    proof::{By, Proof, check},
};

/// Name of these rules, kept with each draw: how people are drawn from a lottery that was kept. How the lottery was found has a name
/// of its own, [`SOLVER`].
pub const RULES: &str = "lottery-3";
/// Bytes of a line of the pool: a number of 16 bytes, and a kind of 4.
pub const LINE: usize = NUMBER + 4;

/// What a draw needs beside the pool and the seed. It tells how many are seated of each kind, and not what the kinds are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Panels {
    /// How many are seated.
    pub seats: u32,
    /// How many people of each kind are in the pool.
    pub people: Vec<u32>,
    /// The panels: how many of each kind are seated, `[kind, people]`.
    pub panels: Vec<Panel>,
    /// How many tickets each panel has, of 2^53.
    pub tickets: Vec<u64>,
}

/// Why the lottery is the fairest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fairness {
    /// No draw gives everybody who can be seated at all a larger chance than this.
    pub bound: f64,
    /// How many levels of chances there are.
    pub levels: usize,
    /// Whether the chances are proved to be the fairest, to one in a thousand million.
    pub fairest: bool,
    /// Kinds that no panel can seat.
    pub shut_out: Vec<u32>,
    /// Which solver found it; empty where that was not kept.
    #[serde(default)]
    pub solver: String,
    /// What proves each level of chances.
    #[serde(default)]
    pub proofs: Vec<Kept>,
}

/// A proof of one level, as it is kept: see [`sortition::proof`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The chance.
    pub chance: f64,
    /// The kinds that are settled here.
    pub kinds: Vec<u32>,
    /// A multiplier for each quota and last for the seats, where not even parts of people could be seated better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<f64>>,
    /// What a seat of some kinds is worth, and the most that a panel is worth, where whole panels decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worth: Option<(Vec<(u32, f64)>, f64)>,
}

impl Kept {
    fn of(proof: Proof) -> Self {
        let (rows, worth) = match proof.by {
            By::Certain => (None, None),
            By::Parts(rows) => (Some(rows), None),
            By::Panels(worth, most) => (None, Some((worth, most))),
        };
        Self { chance: proof.chance, kinds: proof.kinds, rows, worth }
    }

    fn proof(&self) -> Proof {
        let by = match (&self.rows, &self.worth) {
            (Some(rows), _) => By::Parts(rows.clone()),
            (None, Some((worth, most))) => By::Panels(worth.clone(), *most),
            (None, None) => By::Certain,
        };
        Proof { chance: self.chance, kinds: self.kinds.clone(), by }
    }
}

impl Fairness {
    /// Whether what was kept proves these chances to be the fairest, by sums and products alone where parts of people decide.
    pub fn is_proved(&self, problem: &Problem, chances: &[f64]) -> bool {
        let proofs: Vec<Proof> = self.proofs.iter().map(Kept::proof).collect();
        check(problem, chances, &proofs, true).is_ok()
    }
}

impl Panels {
    /// Works out the fairest lottery. `None` if nothing keeps the quotas.
    pub fn solve(problem: &Problem) -> Option<(Self, Fairness)> {
        let Lottery { panels, weights, bound, levels, fairest, proofs, shut_out, .. } = sortition::solve(problem)?;
        let tickets = draw::tickets(&weights);
        let held = panels.into_iter().zip(tickets).filter(|(_, tickets)| *tickets > 0);
        let (panels, tickets) = held.unzip();
        let panels = Self { seats: problem.seats, people: problem.people(), panels, tickets };
        let (proofs, solver) = (proofs.into_iter().map(Kept::of).collect(), SOLVER.to_owned());
        Some((panels, Fairness { bound, levels, fairest, shut_out, solver, proofs }))
    }

    /// The chance of one person of each kind.
    pub fn chances(&self) -> Vec<f64> {
        let all = self.tickets.iter().map(|tickets| *tickets as f64).sum::<f64>();
        let mut chances = vec![0.0; self.people.len()];
        for (panel, tickets) in self.panels.iter().zip(&self.tickets) {
            for (kind, many) in panel {
                let kind = *kind as usize;
                chances[kind] += *tickets as f64 / all * f64::from(*many) / f64::from(self.people[kind]);
            }
        }
        chances
    }

    /// As it is kept.
    pub fn bytes(&self) -> Vec<u8> {
        // Numbers and lists of them always can be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What was kept.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Who is seated, as places in the pool, ascending. `None` if the lottery is not about this pool.
    pub fn draw(&self, pool: &[u8], seed: &str) -> Option<Vec<usize>> {
        let mut of_kind: Vec<Vec<usize>> = self.people.iter().map(|people| Vec::with_capacity(*people as usize)).collect();
        for (place, line) in pool.chunks(LINE).enumerate() {
            of_kind.get_mut(kind(line)? as usize)?.push(place);
        }
        let same = |(places, people): (&Vec<usize>, &u32)| places.len() == *people as usize;
        if self.panels.is_empty() || !of_kind.iter().zip(&self.people).all(same) || self.panels.len() != self.tickets.len() {
            return None;
        }
        let fits = |(kind, many): &(u32, u32)| self.people.get(*kind as usize).is_some_and(|people| many <= people);
        if !self.panels.iter().flatten().all(fits) || self.tickets.iter().try_fold(0u64, |sum, one| sum.checked_add(*one))? == 0 {
            return None;
        }
        let drawn = draw::draw(&self.people, &self.panels, &self.tickets, self.key(pool, seed));
        let mut seated: Vec<usize> = drawn
            .seated
            .iter()
            .flat_map(|(kind, people)| people.iter().map(|one| of_kind[*kind as usize][*one as usize]))
            .collect();
        seated.sort_unstable();
        Some(seated)
    }

    fn key(&self, pool: &[u8], seed: &str) -> [u8; 32] {
        let parts = [RULES.as_bytes(), seed.as_bytes(), &sha256(pool), &sha256(&self.bytes())].join(&b'\n');
        let mut key = [0; 32];
        key.copy_from_slice(&sha256(&parts));
        key
    }
}

/// The kind of a line of the pool.
pub fn kind(line: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(line.get(NUMBER..LINE)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sortition::{Kind, Quota};

    fn pool(kinds: &[u32]) -> Vec<u8> {
        let line = |(number, kind): (u128, &u32)| [number.to_be_bytes().as_slice(), &kind.to_be_bytes()].concat();
        (1..).zip(kinds).flat_map(line).collect()
    }

    fn problem() -> Problem {
        let quota = |min, max| Quota { min, max };
        Problem {
            seats: 2,
            quotas: vec![quota(1, 1), quota(1, 1)],
            kinds: vec![Kind { people: 1, quotas: vec![0] }, Kind { people: 3, quotas: vec![1] }],
        }
    }

    #[test]
    fn the_same_seed_seats_the_same_people_on_every_machine() {
        let (panels, fairness) = Panels::solve(&problem()).unwrap();
        assert_eq!(panels.chances(), [1.0, 1.0 / 3.0]);
        assert!(fairness.fairest && (fairness.bound - 1.0 / 3.0).abs() < 1e-9, "{fairness:?}");
        let pool = pool(&[1, 1, 0, 1]);
        let drawn = panels.draw(&pool, "2027-03-01 national lottery 3 14 15").unwrap();
        assert_eq!(drawn, panels.draw(&pool, "2027-03-01 national lottery 3 14 15").unwrap());
        assert!(drawn.contains(&2) && drawn.len() == 2, "the one of their kind is always seated: {drawn:?}");
        let read = Panels::read(&panels.bytes()).unwrap();
        assert_eq!((&read, read.bytes()), (&panels, panels.bytes()));
        let seeds = (0..60).map(|seed| panels.draw(&pool, &seed.to_string()).unwrap());
        let other: Vec<usize> = seeds.flatten().filter(|place| *place != 2).collect();
        assert!([0, 1, 3].iter().all(|place| other.contains(place)), "{other:?}");
    }

    #[test]
    fn a_lottery_about_another_pool_draws_nobody() {
        let (panels, _) = Panels::solve(&problem()).unwrap();
        for kinds in [&[1, 1, 0][..], &[1, 1, 0, 2], &[1, 1, 0, 0], &[]] {
            assert_eq!(panels.draw(&pool(kinds), "seed"), None, "{kinds:?}");
        }
        let mut other = panels.clone();
        other.panels[0][0].1 = 9;
        assert_eq!(other.draw(&pool(&[1, 1, 0, 1]), "seed"), None);
        other = panels.clone();
        other.tickets = vec![0; panels.tickets.len()];
        assert_eq!(other.draw(&pool(&[1, 1, 0, 1]), "seed"), None);
    }

    #[test]
    fn what_the_record_says_decides_who_is_drawn() {
        // A pin: a change here breaks every recorded draw.
        let panels =
            Panels { seats: 2, people: vec![2, 3], panels: vec![vec![(0, 1), (1, 1)], vec![(1, 2)]], tickets: vec![1, 2] };
        let pool = pool(&[0, 1, 1, 0, 1]);
        let drawn: Vec<_> = ["a", "b", "c", "d"].iter().map(|seed| panels.draw(&pool, seed).unwrap()).collect();
        assert_eq!(drawn, [[1, 2], [1, 2], [1, 3], [1, 2]]);
    }
}
