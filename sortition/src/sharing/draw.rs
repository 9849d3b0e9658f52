//! From expected letters to letters for people.

use super::{Kind, Plan, Problem, bound::Frame};
use crate::draw::below;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use std::fmt;

mod round;

/// Who gets letters for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// For each kind and each of its people: the opportunities that they are asked for, ascending.
    pub kinds: Vec<Vec<Vec<u32>>>,
}

/// A plan, a problem and people that do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit;

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the plan, the problem and the people do not go together")
    }
}

impl std::error::Error for Unfit {}

impl Plan {
    /// Draws letters. `waited` says for each kind how long ago each of its people was asked last (in any unit; the same for all
    /// makes it a plain lottery); an empty list for a kind stands for equal waits. The same seed draws the same, on every machine.
    ///
    /// Each kind gets the number of letters that the plan expects for each opportunity, rounded up or down by lot, so that nothing is
    /// favoured: the mean over all seeds is the plan. Without bundles, all letters of a kind and all letters of an opportunity are
    /// rounded up or down too, and people of a kind have the same number of letters or one more. With bundles the letters of an
    /// opportunity can be off by more: seldom by more than two, and never by more than twice the number of opportunities, however
    /// many people there are. If that is above what the opportunity may send, letters that are too many are left out by lot, from
    /// people with bundles; this alone takes a little from what they can expect.
    ///
    /// Who waited longer comes first among people of a kind: for the letter that some have and others have not, and for nothing
    /// else. Kinds have what the plan says however long they waited. Among those who waited as long, lots decide: each of
    /// them can expect as much.
    pub fn draw(&self, problem: &Problem, waited: &[Vec<u32>], seed: [u8; 32]) -> Result<Asked, Unfit> {
        let n = problem.kinds.len();
        let fits = |(at, kind): (usize, &Kind)| {
            let people = waited[at].len();
            self.letters[at].len() == kind.may.len() && (people == 0 || people == kind.people as usize)
        };
        let lengths = [waited.len(), self.letters.len(), self.bundles.len()];
        if lengths != [n; 3] || !problem.kinds.iter().enumerate().all(fits) {
            return Err(Unfit);
        }
        let frame = Frame::new(problem);
        let mut lots = ChaCha20Rng::from_seed(seed);
        let whole = round::letters(&frame, self, &mut lots);
        let sets = round::bundles(&frame, self, &mut lots);
        let mut kinds = Vec::new();
        for (at, kind) in problem.kinds.iter().enumerate() {
            let order = order(kind.people, &waited[at], &mut lots);
            let entries = if frame.shapes[at].minutes.is_some() {
                dealt(&sets[at], &order, &mut lots)
            } else {
                around(&whole[at], &order, &mut lots)
            };
            let asking = |entries: Vec<u32>| {
                let mut of: Vec<u32> = entries.into_iter().map(|entry| kind.may[entry as usize].asking).collect();
                of.sort_unstable();
                of
            };
            kinds.push(entries.into_iter().map(asking).collect());
        }
        let mut asked = Asked { kinds };
        for (at, asking) in problem.askings.iter().enumerate() {
            leave_out(&frame, &mut asked, at as u32, asking.letters, &mut lots);
        }
        Ok(asked)
    }
}

/// People of a kind, those first who waited longest, and by lot who waited as long.
fn order(people: u32, waited: &[u32], lots: &mut ChaCha20Rng) -> Vec<u32> {
    let mut order: Vec<u32> = (0..people).collect();
    shuffle(&mut order, lots);
    order.sort_by_key(|person| std::cmp::Reverse(waited.get(*person as usize).copied().unwrap_or_default()));
    order
}

fn shuffle(list: &mut [u32], lots: &mut ChaCha20Rng) {
    for last in (1..list.len()).rev() {
        list.swap(last, below(lots, last as u64 + 1) as usize);
    }
}

/// Letters of each entry go round from one person to the next: nobody has two of the same, and nobody two more than another.
fn around(letters: &[u32], order: &[u32], lots: &mut ChaCha20Rng) -> Vec<Vec<u32>> {
    let mut people = vec![Vec::new(); order.len()];
    let mut entries: Vec<u32> = (0..letters.len() as u32).collect();
    shuffle(&mut entries, lots);
    let mut next = order.iter().cycle();
    for entry in entries {
        for person in next.by_ref().take(letters[entry as usize] as usize) {
            people[*person as usize].push(entry);
        }
    }
    people
}

/// Bundles to people, the largest first, and by lot those that are as large.
fn dealt(sets: &[(Vec<u32>, u32)], order: &[u32], lots: &mut ChaCha20Rng) -> Vec<Vec<u32>> {
    let mut sorted: Vec<u32> = (0..sets.len() as u32).collect();
    shuffle(&mut sorted, lots);
    sorted.sort_by_key(|set| std::cmp::Reverse(sets[*set as usize].0.len()));
    let mut people = vec![Vec::new(); order.len()];
    let each = sorted.into_iter().map(|set| &sets[set as usize]).flat_map(|(of, many)| (0..*many).map(move |_| of));
    for (person, of) in order.iter().zip(each) {
        people[*person as usize].clone_from(of);
    }
    people
}

/// Takes letters back that are more than an opportunity may send, by lot, from kinds with bundles.
fn leave_out(frame: &Frame, asked: &mut Asked, asking: u32, most: u32, lots: &mut ChaCha20Rng) {
    let has = |person: &Vec<u32>| person.binary_search(&asking).is_ok();
    let all = asked.kinds.iter().flatten().filter(|person| has(person)).count();
    let over = all.saturating_sub(most as usize);
    if over == 0 {
        return;
    }
    let bundled = asked.kinds.iter().enumerate().filter(|(kind, _)| frame.shapes[*kind].minutes.is_some());
    let mut holders: Vec<(usize, usize)> = bundled
        .flat_map(|(kind, people)| people.iter().enumerate().filter(|(_, person)| has(person)).map(move |(at, _)| (kind, at)))
        .collect();
    for _ in 0..over.min(holders.len()) {
        let (kind, person) = holders.swap_remove(below(lots, holders.len() as u64) as usize);
        asked.kinds[kind][person].retain(|of| *of != asking);
    }
}
