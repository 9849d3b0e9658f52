//! A plan in one file, from which `alongside verify-draw` works it out again without this server.
//!
//! The first line is JSON: the rules, the seed, what the parts of it were committed to, the opportunities, and the kinds of people.
//! Then comes a line for everybody who may be asked: a number that holds for this plan alone, the kind, how long ago they were asked,
//! and which of the opportunities they got a letter for. It holds nobody's name; but the kinds say what people may be asked for,
//! so it is for those who may read about people.

use super::{
    Commitment, Outcome, RULES, commitments,
    problem::{LINE, Problem},
};
use crate::{
    matching::lottery::NUMBER,
    platform::{
        Error, Platform, Result,
        secret::{hex, sha256},
    },
};
use entity::{asking_plan, match_result};
use futures_util::{Stream, stream};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    io::{self, BufRead},
};
use uuid::Uuid;

/// Name of this form of file.
pub const FORM: &str = "alongside-asking-1";
/// Lines in one piece of a file.
const LINES: usize = 10_000;
/// Results read with one statement.
const PAGE: u64 = 10_000;

/// What a plan was made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// [`FORM`].
    pub form: String,
    /// Name of the rules.
    pub rules: String,
    /// The seed: what was given from outside, if anything, and our part for each opportunity, with “ / ” between them.
    pub seed: String,
    /// What our parts were committed to, in the same order.
    pub commitments: Vec<Commitment>,
    /// SHA-256 over the pool, in hexadecimal.
    pub pool_digest: String,
    /// Whether it was proved that no plan is fairer.
    pub fairest: bool,
    /// The opportunities and the kinds.
    pub problem: Problem,
}

/// A plan that was read from a file.
pub struct Asking {
    /// What it was made of.
    pub head: Head,
    /// The pool, as its digest is taken.
    pub pool: Vec<u8>,
    /// Of each line of the pool, the opportunities that somebody got a letter for.
    pub asked: Vec<Vec<u32>>,
}

/// The file of a plan that is worked out.
///
/// # Errors
/// Not found as long as it is not worked out.
pub async fn whole(
    platform: &Platform,
    plan: &asking_plan::Model,
) -> Result<impl Stream<Item = Result<Vec<u8>, io::Error>> + Send + 'static> {
    let db = platform.db.read();
    let found = asking_plan::Entity::find_by_id((plan.organisation_id, plan.id)).one(db).await?;
    let plan = found.ok_or(Error::NotFound("plan"))?;
    let problem = plan.problem.as_deref().and_then(Problem::read);
    let (Some(problem), Some(pool), Some(digest)) = (problem, plan.pool.clone(), plan.pool_digest.as_ref()) else {
        return Err(Error::NotFound("plan"));
    };
    let head = Head {
        form: FORM.to_owned(),
        rules: plan.rules_version.clone(),
        seed: plan.seed.clone(),
        commitments: commitments(&plan),
        pool_digest: hex(digest),
        fairest: Outcome::read(plan.outcome.as_ref()).is_some_and(|outcome| outcome.fairest),
        problem,
    };
    let asked = asked(platform, &plan).await?;
    let mut first = serde_json::to_vec(&head).map_err(|_| Error::bug("a plan that cannot be written"))?;
    first.push(b'\n');
    let line = move |line: &[u8]| {
        let number = Uuid::from_slice(&line[..NUMBER]).unwrap_or_default();
        let kind = u32::from_be_bytes(line[NUMBER..NUMBER + 4].try_into().unwrap_or_default());
        let of = asked.get(&number).map(|of| of.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
        format!("{},{kind},{},{}\n", number.simple(), line[NUMBER + 4], of.unwrap_or_default())
    };
    let pieces = (0..pool.len()).step_by(LINES * LINE).map(move |from| {
        let to = pool.len().min(from + LINES * LINE);
        Ok(pool[from..to].chunks_exact(LINE).map(&line).collect::<String>().into_bytes())
    });
    Ok(stream::iter(std::iter::once(Ok(first)).chain(pieces)))
}

/// Of everybody who got a letter, by their numbers: for which opportunities, ascending.
async fn asked(platform: &Platform, plan: &asking_plan::Model) -> Result<HashMap<Uuid, Vec<u32>>> {
    let db = platform.db.read();
    let runs = super::runs(db, plan.organisation_id, plan.id).await?;
    let mut asked: HashMap<Uuid, Vec<u32>> = HashMap::new();
    for (at, run) in (0u32..).zip(&runs) {
        let mut after = 0;
        loop {
            let rows: Vec<(i32, Option<Uuid>)> = match_result::Entity::find()
                .select_only()
                .columns([match_result::Column::Rank, match_result::Column::Number])
                .filter(match_result::Column::OrganisationId.eq(plan.organisation_id))
                .filter(match_result::Column::RunId.eq(run.id))
                .filter(match_result::Column::Rank.gt(after))
                .order_by_asc(match_result::Column::Rank)
                .limit(PAGE)
                .into_tuple()
                .all(db)
                .await?;
            let Some((last, _)) = rows.last() else { break };
            after = *last;
            rows.iter().filter_map(|(_, number)| *number).for_each(|number| asked.entry(number).or_default().push(at));
        }
    }
    Ok(asked)
}

impl Asking {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it, and in which line.
    pub fn read(file: impl BufRead) -> Result<Self, String> {
        let mut lines = (1..).zip(file.lines());
        let (_, first) = lines.next().ok_or("the file is empty")?;
        let first = first.map_err(|error| format!("line 1 cannot be read: {error}"))?;
        let head: Head = serde_json::from_str(&first).map_err(|error| format!("line 1 is not the head of a plan: {error}"))?;
        if head.form != FORM || head.rules != RULES {
            return Err(format!(
                "this is a file of the form {} by {}; this program reads {FORM} by {RULES}",
                head.form, head.rules
            ));
        }
        let (mut pool, mut asked) = (Vec::new(), Vec::new());
        for (at, line) in lines {
            let line = line.map_err(|error| format!("line {at} cannot be read: {error}"))?;
            let wrong = || format!("line {at} is not as it should be");
            let parts: Vec<&str> = line.split(',').collect();
            let [number, kind, waited, of] = parts[..] else { return Err(wrong()) };
            pool.extend(number.parse::<Uuid>().map_err(|_| wrong())?.into_bytes());
            pool.extend(kind.parse::<u32>().map_err(|_| wrong())?.to_be_bytes());
            pool.push(waited.parse().map_err(|_| wrong())?);
            asked.push(of.split_whitespace().map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?);
        }
        Ok(Self { head, pool, asked })
    }

    /// Looks at everything that can be checked, each with whether it agrees.
    pub fn checks(&self) -> Vec<(&'static str, bool)> {
        let Head { seed, commitments, pool_digest, fairest, problem, .. } = &self.head;
        let parts: Vec<&str> = seed.rsplitn(commitments.len() + 1, " / ").take(commitments.len()).collect();
        let ours = parts.into_iter().rev().map(|part| hex(&sha256(part.as_bytes())));
        let committed = ours.eq(commitments.iter().map(|one| one.commitment.clone()));
        let numbers: Vec<&[u8]> = self.pool.chunks(LINE).map(|line| &line[..NUMBER.min(line.len())]).collect();
        let mut counts = vec![0; problem.kinds.len()];
        for line in self.pool.chunks_exact(LINE) {
            let kind = u32::from_be_bytes(line[NUMBER..NUMBER + 4].try_into().unwrap_or_default());
            counts.get_mut(kind as usize).into_iter().for_each(|many| *many += 1);
        }
        let plan = problem.plan();
        let again = plan.as_ref().and_then(|(plan, _)| problem.draw(plan, &self.pool, seed));
        vec![
            ("the pool agrees with its digest", hex(&sha256(&self.pool)) == *pool_digest),
            ("our parts of the seed are what was committed to", committed),
            ("the pool is in order, and holds nobody twice", numbers.is_sorted_by(|a, b| a < b)),
            ("the kinds have as many people as the pool", counts.iter().eq(problem.kinds.iter().map(|kind| &kind.people))),
            (
                "whether the plan is proved to be the fairest comes out the same",
                plan.is_some_and(|(_, proved)| proved == *fairest),
            ),
            ("the letters come out the same", again.as_ref() == Some(&self.asked)),
        ]
    }
}
