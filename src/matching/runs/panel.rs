//! Draws of places that are shared out among groups. A place that becomes free later is drawn for in the same way: among those who
//! may be asked then, with what is left of the quotas.
//!
//! Whoever waits has said yes already, so as many of them are seated as the quotas allow.

use super::{Counts, draws, find, note, still_running};
use crate::{
    invitations::{NOT_DRAWN, places, waiting},
    matching::{
        grounds::{Grounds, Trouble},
        groups::{CountsFor, Kinds},
        letters, lottery,
        people::{Looked, Question, must_be_open},
        seats::{self, Fairness, Panels},
        together,
    },
    opportunities::{passes_places_on, quotas},
    platform::{Error, Platform, Result, jobs::Next, secret::sha256},
};
use entity::{DrawOutcome, MatchRunId, ParticipantId, Time, match_run};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use sortition::{
    Kind, Problem, Quota,
    easing::{self, Easing},
    relaxed,
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// How far quotas may be changed where they cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ease {
    /// Not at all: whoever set them decides.
    Not,
    /// Minima alone: nobody who could count for them is left, so the place goes to somebody else.
    Minima,
    /// By as little as is needed.
    Any,
}

/// Who has a place or waits for one.
#[derive(PartialEq, Eq)]
struct Table {
    holders: BTreeSet<ParticipantId>,
    waiting: BTreeSet<ParticipantId>,
}

impl Table {
    async fn read(connection: &impl ConnectionTrait, platform: &Platform, question: &Question) -> Result<Self> {
        let about = &question.opportunity;
        let waiting = waiting::who_may_move_up(connection, platform, about).await?;
        let holders = places::holders(connection, platform, about).await?;
        Ok(Self { holders, waiting: waiting.into_iter().collect() })
    }

    /// Of each quota, how many have a place.
    async fn before(&self, connection: &impl ConnectionTrait, question: &Question, now: Time) -> Result<Vec<u32>> {
        let mut counts = vec![0; question.quotas.len()];
        let counts_for = question.counts_for(connection, &all(&self.holders), now).await?;
        counts_for.values().flatten().for_each(|quota| counts[*quota as usize] += 1);
        Ok(counts)
    }

    fn free(&self, places: Option<i32>) -> u32 {
        let all = u32::try_from(places.unwrap_or(0)).unwrap_or(0);
        all.saturating_sub(u32::try_from(self.holders.len()).unwrap_or(u32::MAX))
    }
}

/// Everybody who can be drawn.
pub(super) struct Pool {
    /// Numbers with kinds, in ascending order of the numbers.
    pub lines: Vec<u8>,
    /// Whose they are.
    pub members: Vec<ParticipantId>,
    /// The kinds, in an order that tells nothing of them.
    pub kinds: Vec<Kind>,
}

impl Pool {
    /// Of people by their numbers, each with the number that their kind had when it came.
    pub fn of(platform: &Platform, run: MatchRunId, kinds: Kinds, members: BTreeMap<Uuid, (ParticipantId, u32)>) -> Self {
        // In the order of the quotas, their numbers would say in public who counts for what.
        let hidden = |counts_for: &CountsFor| {
            let bytes: Vec<u8> = counts_for.iter().flat_map(|quota| quota.to_be_bytes()).collect();
            platform.secret.pseudonym(run.0, Uuid::from_slice(&sha256(&bytes)[..16]).unwrap_or_default())
        };
        let (kinds, places) = kinds.sorted_by(hidden);
        let line = |(number, (_, kind)): (&Uuid, &(ParticipantId, u32))| {
            number.as_bytes().iter().copied().chain(places[*kind as usize].to_be_bytes()).collect::<Vec<u8>>()
        };
        let lines = members.iter().flat_map(line).collect();
        Self { lines, members: members.into_values().map(|(person, _)| person).collect(), kinds }
    }

    /// Writes all that is needed to draw again into a run's row, and how many were asked and are left.
    pub fn record(
        self,
        grounds: &Grounds,
        lottery: Option<Panels>,
        asked: i32,
        left: u64,
    ) -> Result<impl FnOnce(&mut match_run::ActiveModel) + use<>> {
        let quotas = serde_json::to_value(grounds).map_err(|_| Error::bug("grounds that cannot be written"))?;
        let digest = lottery::digest(&self.lines);
        Ok(move |row: &mut match_run::ActiveModel| {
            row.pool = Set(Some(self.lines));
            row.pool_digest = Set(Some(digest));
            row.quotas = Set(Some(quotas));
            row.lottery = Set(lottery.map(|lottery| lottery.bytes()));
            row.asked = Set(asked);
            row.reserve = Set(i32::try_from(left).unwrap_or(i32::MAX));
        })
    }
}

/// Draws for the free places.
pub(super) async fn draw(platform: &Platform, run: match_run::Model) -> Result<Next> {
    let now = platform.clock.now();
    let db = platform.db.read();
    let question = Question::read(db, find(db, run.organisation_id, run.opportunity_id).await?, now).await?;
    let mut grounds = Grounds::read(run.quotas.as_ref()).unwrap_or_default();
    let table = Table::read(db, platform, &question).await?;
    grounds.before = table.before(db, &question, now).await?;
    let (pool, counts) = gather(platform, &run, &question, &table, grounds.gathered, now).await?;
    let free = table.free(question.opportunity.places);
    let later = is_later(db, &run).await?;
    let ease = match (grounds.ease, later) {
        (true, _) => Ease::Any,
        (false, true) => Ease::Minima,
        (false, false) => Ease::Not,
    };
    let problem = Problem { seats: free, quotas: grounds.left(), kinds: pool.kinds.clone() };
    let waits = (!table.waiting.is_empty()).then(|| u32::try_from(question.quotas.len()).unwrap_or(u32::MAX));
    let gathered = grounds.gathered;
    let worked = move || match (gathered, ease) {
        (true, Ease::Not) => as_many_as_fit(&problem, waits),
        _ => work_out(problem, waits, ease),
    };
    let Worked { problem, solved, trouble } = platform.cpu.run(worked).await?;
    grounds.kept = problem.quotas.iter().map(|quota| (quota.min, quota.max)).collect();
    grounds.kinds = problem.kinds.into_iter().map(|kind| kind.quotas).collect();
    grounds.trouble = trouble;
    // Nobody may have had a place and nobody could be drawn, and yet nothing is wrong with the quotas.
    let state = if solved.is_none() && grounds.trouble.is_some() && !later { "stopped" } else { "done" };
    let (panels, fairness) = solved.unzip();
    grounds.chances = panels.as_ref().map(Panels::chances).unwrap_or_default();
    grounds.fairness = fairness;
    let seed = run.seed.clone().unwrap_or_default();
    let drawn = match &panels {
        Some(panels) => panels.draw(&pool.lines, &seed).ok_or_else(|| Error::bug("a lottery that is not about its pool"))?,
        None => Vec::new(),
    };
    grounds.seated = seated(&drawn, &pool, &grounds);
    grounds.drawn = u32::try_from(drawn.len()).unwrap_or(u32::MAX);

    let tx = platform.db.begin().await?;
    let Some(run) = still_running(&tx, &run).await? else { return Ok(Next::Done) };
    let opportunity = places::lock(&tx, run.organisation_id, run.opportunity_id).await?;
    let question = Question::read(&tx, opportunity, now).await?;
    if Table::read(&tx, platform, &question).await? != table {
        // Somebody took a place or gave one up in the meantime: it is worked out again.
        return Ok(Next::More);
    }
    let drawn: Vec<ParticipantId> = drawn.into_iter().filter_map(|place| pool.members.get(place)).copied().collect();
    let outcome =
        |person: &ParticipantId| if table.waiting.contains(person) { DrawOutcome::Seated } else { DrawOutcome::Reserve };
    draws::keep(&tx, &run, drawn.iter().map(|person| (*person, outcome(person)))).await?;
    if grounds.gathered && state == "done" {
        quotas::note_drawn(&tx, run.organisation_id, run.opportunity_id, now).await?;
    }
    let (waited, others): (Vec<_>, Vec<_>) = drawn.into_iter().partition(|person| table.waiting.contains(person));
    waiting::move_up_these(&tx, platform, &question.opportunity, &waited).await?;
    if grounds.gathered && state == "done" {
        waiting::tell_who_waits(&tx, platform, &question.opportunity, NOT_DRAWN).await?;
    }
    let (asked, over) = draws::ask_next(&tx, platform, &question, run.id, &run.created_by, others.len()).await?;
    if over > 0 {
        places::freed(&tx, platform, run.organisation_id, run.opportunity_id).await?;
    }
    let left = counts.eligible.saturating_sub(u64::try_from(others.len()).unwrap_or(0));
    let more = pool.record(&grounds, panels, asked, left)?;
    note(&tx, platform, run, &counts, more, Some(state)).await?;
    tx.commit().await?;
    Ok(Next::Done)
}

/// How many places are free, and of each quota how many have a place.
pub async fn taken(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    question: &Question,
    now: Time,
) -> Result<(u32, Vec<u32>)> {
    let table = Table::read(connection, platform, question).await?;
    Ok((table.free(question.opportunity.places), table.before(connection, question, now).await?))
}

fn all(people: &BTreeSet<ParticipantId>) -> Vec<ParticipantId> {
    people.iter().copied().collect()
}

/// Whether names were drawn before for the same places.
async fn is_later(connection: &impl ConnectionTrait, run: &match_run::Model) -> Result<bool> {
    let earlier = match_run::Entity::find()
        .filter(match_run::Column::OrganisationId.eq(run.organisation_id))
        .filter(match_run::Column::OpportunityId.eq(run.opportunity_id))
        .filter(match_run::Column::State.eq("done"))
        // Letters that were shared out, by themselves or in a plan, seated nobody.
        .filter(match_run::Column::RulesVersion.is_not_in([letters::RULES, together::RULES]))
        .filter(match_run::Column::Id.lt(run.id));
    Ok(earlier.count(connection).await? > 0)
}

/// Everybody who may be asked, if people can say yes, and everybody who waits.
async fn gather(
    platform: &Platform,
    run: &match_run::Model,
    question: &Question,
    table: &Table,
    gathered: bool,
    now: Time,
) -> Result<(Pool, Counts)> {
    let db = platform.db.read();
    let (mut counts, mut kinds, mut members) =
        (Counts::default(), Kinds::default(), BTreeMap::<Uuid, (ParticipantId, u32)>::new());
    let number = |person| draws::number(platform, run.id, person);
    if gathered {
        let waiting = u64::try_from(table.waiting.len()).unwrap_or(u64::MAX);
        (counts.considered, counts.eligible) = (waiting, waiting);
    } else if must_be_open(db, &question.opportunity, now).await.is_ok() {
        let add = |looked: &Looked| {
            counts.add(looked.verdict.map(|_| ()));
            if looked.verdict.is_ok() {
                let kind = kinds.add(looked.counts_for.clone());
                members.insert(number(looked.participant), (looked.participant, kind));
            }
        };
        question.everybody(platform, now, add).await?;
    }
    if gathered || passes_places_on(&question.opportunity, now) {
        let waiting = all(&table.waiting);
        let mut counts_for = question.counts_for(db, &waiting, now).await?;
        for person in waiting {
            let mut quotas = counts_for.remove(&person).unwrap_or_default();
            quotas.push(u32::try_from(question.quotas.len()).unwrap_or(u32::MAX));
            members.insert(number(person), (person, kinds.add(quotas)));
        }
    }
    Ok((Pool::of(platform, run.id, kinds, members), counts))
}

/// How many of those drawn count for each quota.
pub(super) fn seated(drawn: &[usize], pool: &Pool, grounds: &Grounds) -> Vec<u32> {
    let mut counts = vec![0; grounds.quotas.len()];
    let kinds = drawn.iter().filter_map(|place| seats::kind(pool.lines.get(place * seats::LINE..)?));
    for quota in kinds.filter_map(|kind| grounds.kinds.get(kind as usize)).flatten() {
        // The last one is no group: it says that somebody waited.
        if let Some(count) = counts.get_mut(*quota as usize) {
            *count += 1;
        }
    }
    counts
}

/// What was worked out.
pub struct Worked {
    /// With the quotas and the seats as they are kept.
    pub problem: Problem,
    /// The lottery; none where nobody can be drawn.
    pub solved: Option<(Panels, Fairness)>,
    /// What stood against the quotas.
    pub trouble: Option<Trouble>,
}

/// Works out the fairest lottery. `waits` is the quota that those count for who wait: of them as many are seated as can be. Where
/// the quotas cannot be kept, they give as far as they may; where that is not enough, fewer are seated.
pub fn work_out(mut problem: Problem, waits: Option<u32>, ease: Ease) -> Worked {
    let people: u64 = problem.kinds.iter().map(|kind| u64::from(kind.people)).sum();
    problem.seats = problem.seats.min(u32::try_from(people).unwrap_or(u32::MAX));
    if waits.is_some() {
        problem.quotas.push(Quota { min: 0, max: problem.seats });
    }
    let mut trouble = None;
    while problem.seats > 0 {
        let possible = waits.is_none_or(|waits| first_those_who_wait(&mut problem, waits));
        if let Some(solved) = possible.then(|| Panels::solve(&problem)).flatten() {
            return Worked { problem, solved: Some(solved), trouble };
        }
        let found = if ease == Ease::Minima { easing::ease_minima(&problem) } else { easing::ease(&problem) };
        match found {
            Ok(found) if ease != Ease::Not => {
                trouble.get_or_insert_with(|| told(&problem, Some(&found), true));
                problem.quotas = found.quotas;
            }
            _ if ease == Ease::Minima => {
                trouble.get_or_insert_with(|| told(&problem, easing::ease(&problem).ok().as_ref(), false));
                problem.seats -= 1;
                if let Some(quota) = waits.and_then(|waits| problem.quotas.get_mut(waits as usize)) {
                    (quota.min, quota.max) = (0, problem.seats);
                }
            }
            found => {
                let trouble = Some(told(&problem, found.ok().as_ref(), false));
                return Worked { problem, solved: None, trouble };
            }
        }
    }
    Worked { problem, solved: None, trouble }
}

/// The same where all who can be drawn have said yes: as many are seated as the quotas allow as they are, and other places stay free
/// for those who say yes later.
fn as_many_as_fit(problem: &Problem, waits: Option<u32>) -> Worked {
    let all = work_out(problem.clone(), waits, Ease::Not);
    if all.solved.is_some() {
        return all;
    }
    let fewer = (1..all.problem.seats).rev().map(|seats| Problem { seats, ..problem.clone() });
    let possible = fewer.filter(|problem| relaxed::relaxed(problem).is_some());
    let worked = possible.map(|problem| work_out(problem, waits, Ease::Not)).find(|worked| worked.solved.is_some());
    worked.unwrap_or(all)
}

/// As many of those who wait as the quotas allow. False if nothing keeps the quotas.
fn first_those_who_wait(problem: &mut Problem, waits: u32) -> bool {
    let is = |kind: &Kind| kind.quotas.contains(&waits);
    let worth: Vec<f64> = problem.kinds.iter().map(|kind| f64::from(u8::from(is(kind)))).collect();
    let Some(panel) = sortition::best(problem, &worth) else { return false };
    let waited = panel.iter().filter(|(kind, _)| is(&problem.kinds[*kind as usize])).map(|(_, many)| many).sum();
    let quota = &mut problem.quotas[waits as usize];
    (quota.min, quota.max) = (waited, waited);
    true
}

pub(super) fn told(problem: &Problem, found: Option<&Easing>, eased: bool) -> Trouble {
    let Some(found) = found else { return Trouble { conflict: Vec::new(), easing: Vec::new(), least: false, eased: false } };
    let changed = (0..).zip(problem.quotas.iter().zip(&found.quotas)).filter(|(_, (old, new))| old != new);
    let easing = changed.map(|(quota, (_, new))| (quota, (new.min, new.max))).collect();
    Trouble { conflict: found.conflict.clone(), easing, least: found.least, eased }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn quota(min: u32, max: u32) -> Quota {
        Quota { min, max }
    }

    fn kind(people: u32, quotas: &[u32]) -> Kind {
        Kind { people, quotas: quotas.to_vec() }
    }

    /// How many of each kind each panel seats.
    fn panels(worked: &Worked) -> HashSet<Vec<(u32, u32)>> {
        worked.solved.as_ref().map(|(panels, _)| panels.panels.iter().cloned().collect()).unwrap_or_default()
    }

    #[test]
    fn whoever_waits_comes_first_as_far_as_the_quotas_allow() {
        // Two places; one must go to the first group. Two of the second group wait, and nobody of the first.
        let kinds = vec![kind(3, &[0]), kind(4, &[1]), kind(2, &[1, 2])];
        let problem = Problem { seats: 2, quotas: vec![quota(1, 2), quota(0, 2)], kinds };
        let worked = work_out(problem.clone(), Some(2), Ease::Not);
        assert_eq!(panels(&worked), HashSet::from([vec![(0, 1), (2, 1)]]));
        assert_eq!((worked.trouble, worked.problem.quotas[2].clone()), (None, quota(1, 1)));
        // Where the quotas ask for nobody else, both are seated.
        let open = Problem { quotas: vec![quota(0, 2), quota(0, 2)], ..problem };
        assert_eq!(panels(&work_out(open, Some(2), Ease::Not)), HashSet::from([vec![(2, 2)]]));
    }

    #[test]
    fn the_first_draw_stops_where_the_quotas_cannot_be_kept() {
        let problem = Problem { seats: 3, quotas: vec![quota(2, 3)], kinds: vec![kind(1, &[0]), kind(5, &[])] };
        let worked = work_out(problem.clone(), None, Ease::Not);
        assert!(worked.solved.is_none());
        let trouble = worked.trouble.unwrap();
        assert_eq!((trouble.conflict, trouble.easing, trouble.eased), (vec![0], vec![(0, (1, 3))], false));
        let worked = work_out(problem, None, Ease::Any);
        assert_eq!(panels(&worked), HashSet::from([vec![(0, 1), (1, 2)]]));
        assert!(worked.trouble.unwrap().eased);
    }

    #[test]
    fn a_later_draw_seats_nobody_above_a_maximum() {
        // Two are free; one group has had its share, and of the other there is one.
        let problem = Problem { seats: 2, quotas: vec![quota(2, 2), quota(0, 0)], kinds: vec![kind(1, &[0]), kind(5, &[1])] };
        let worked = work_out(problem.clone(), None, Ease::Minima);
        assert_eq!(panels(&worked), HashSet::from([vec![(0, 1)]]));
        assert_eq!(worked.problem.seats, 1, "one stays free");
        // Nobody is left who could have it.
        let none = work_out(Problem { kinds: vec![kind(5, &[1])], ..problem }, None, Ease::Minima);
        assert!(none.solved.is_none() && none.trouble.is_some());
    }

    #[test]
    fn of_those_who_said_yes_as_many_are_seated_as_the_quotas_allow() {
        // Five places, at most two of the second group; one of the first has said yes, and three of the second.
        let kinds = vec![kind(1, &[0, 2]), kind(3, &[1, 2])];
        let problem = Problem { seats: 5, quotas: vec![quota(1, 5), quota(0, 2)], kinds };
        let worked = as_many_as_fit(&problem, Some(2));
        assert_eq!(panels(&worked), HashSet::from([vec![(0, 1), (1, 2)]]));
        assert_eq!((worked.problem.seats, worked.trouble), (3, None));
        // Where a least number cannot be kept, whoever set it decides.
        let wanting = Problem { quotas: vec![quota(2, 5), quota(0, 2)], ..problem };
        let worked = as_many_as_fit(&wanting, Some(2));
        assert!(worked.solved.is_none() && worked.trouble.is_some());
    }

    #[test]
    fn fewer_people_than_places_all_have_one() {
        let worked =
            work_out(Problem { seats: 4, quotas: vec![quota(0, 2)], kinds: vec![kind(2, &[0]), kind(1, &[])] }, None, Ease::Not);
        assert_eq!(panels(&worked), HashSet::from([vec![(0, 2), (1, 1)]]));
        let nobody = work_out(Problem { seats: 4, quotas: vec![quota(1, 2)], kinds: vec![] }, None, Ease::Not);
        assert!(nobody.solved.is_none() && nobody.trouble.is_none(), "nobody to draw is no fault of the quotas");
    }
}
