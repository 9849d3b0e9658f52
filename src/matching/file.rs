//! A draw in one file, from which `alongside verify-draw` works it out again without this server.
//!
//! The first line is JSON, and says what the draw was made of. Then come the numbers in the pool, a line each, with their kind where
//! there are kinds; an empty line; and the numbers that were drawn, in their order. It holds nobody's name or address. What the kinds
//! are stands only in the file for those who may read about people: of a kind with one person in it, it would say who they are.

use super::{
    grounds::Grounds,
    letters,
    lottery::{self, NUMBER},
    people, public,
    runs::number_of,
    seats::{self, Panels},
};
use crate::platform::{
    Platform, Result,
    secret::{hex, sha256},
};
use entity::{MatchRunId, OrganisationId, match_result, match_run};
use futures_util::{Stream, stream};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Alias, Expr, Func},
};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead};
use uuid::Uuid;

/// Name of this form of file.
pub const FORM: &str = "alongside-draw-1";
/// Lines of the pool read with one statement.
pub(super) const LINES: usize = 10_000;

/// What a draw was made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// [`FORM`].
    pub form: String,
    /// Name of the rules.
    pub rules: String,
    /// The seed: what was given from outside, if anything, “ / ”, and our part.
    pub seed: String,
    /// SHA-256 over our part, in hexadecimal, which was public before; none for draws from before there was one.
    pub commitment: Option<String>,
    /// SHA-256 over the pool, in hexadecimal.
    pub pool_digest: String,
    /// Places of the opportunity.
    pub places: u32,
    /// The lottery over panels, where places were shared out among groups.
    pub lottery: Option<Panels>,
    /// What it rested on; only in the file for those who may read about people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grounds: Option<Grounds>,
}

/// A file that is handed over a piece at a time.
pub(super) type Pieces = Result<Vec<u8>, io::Error>;

#[derive(Clone, Copy)]
enum At {
    Head,
    Pool(usize),
    Drawn(i32),
}

/// The file of a draw that everybody can read.
pub async fn public(platform: &Platform, slug: &str, id: MatchRunId) -> Result<impl Stream<Item = Pieces> + Send + 'static> {
    let run = public::find(platform, slug, id).await?;
    Ok(written(platform.clone(), run, false))
}

/// The file of a draw with what it rested on.
pub fn whole(platform: &Platform, run: match_run::Model) -> impl Stream<Item = Pieces> + Send + 'static {
    written(platform.clone(), run, true)
}

fn written(platform: Platform, run: match_run::Model, whole: bool) -> impl Stream<Item = Pieces> + Send + 'static {
    let line = line_of(&run.rules_version);
    let key = (run.organisation_id, run.id);
    stream::try_unfold(Some(At::Head), move |at| {
        let (platform, run) = (platform.clone(), run.clone());
        async move {
            let Some(at) = at else { return Ok(None) };
            match at {
                At::Head => {
                    let lottery = match_run::Entity::find_by_id(key).select_only().column(match_run::Column::Lottery);
                    let lottery: Option<Option<Vec<u8>>> =
                        lottery.into_tuple().one(platform.db.read()).await.map_err(io::Error::other)?;
                    Ok(Some((head(&run, lottery.flatten(), whole), Some(At::Pool(0)))))
                }
                At::Pool(from) => {
                    let bytes = part(&platform, key, from * line, LINES * line).await?;
                    let mut text: String = bytes.chunks_exact(line).map(said).collect();
                    let next = if bytes.len() == LINES * line { At::Pool(from + LINES) } else { At::Drawn(0) };
                    if matches!(next, At::Drawn(_)) {
                        text.push('\n');
                    }
                    Ok(Some((text.into_bytes(), Some(next))))
                }
                At::Drawn(after) => {
                    let rows = drawn(&platform, key, after).await.map_err(io::Error::other)?;
                    let text: String = rows.iter().map(|row| format!("{}\n", number_of(&platform, row).simple())).collect();
                    Ok(Some((text.into_bytes(), rows.last().map(|last| At::Drawn(last.rank)))))
                }
            }
        }
    })
}

fn head(run: &match_run::Model, lottery: Option<Vec<u8>>, whole: bool) -> Vec<u8> {
    let grounds = Grounds::read(run.quotas.as_ref());
    let head = Head {
        form: FORM.to_owned(),
        rules: run.rules_version.clone(),
        seed: run.seed.clone().unwrap_or_default(),
        commitment: run.commitment.as_ref().map(|commitment| hex(commitment)),
        pool_digest: run.pool_digest.as_ref().map(|digest| hex(digest)).unwrap_or_default(),
        places: u32::try_from(run.places.unwrap_or(0)).unwrap_or(0),
        lottery: lottery.and_then(|kept| Panels::read(&kept)),
        grounds: grounds.filter(|_| whole),
    };
    let mut line = serde_json::to_vec(&head).unwrap_or_default();
    line.push(b'\n');
    line
}

fn said(line: &[u8]) -> String {
    let number = Uuid::from_slice(&line[..NUMBER]).unwrap_or_default();
    match seats::kind(line) {
        Some(kind) => format!("{},{kind}\n", number.simple()),
        None => format!("{}\n", number.simple()),
    }
}

/// Some bytes of a pool.
pub(super) async fn part(
    platform: &Platform,
    key: (OrganisationId, MatchRunId),
    from: usize,
    most: usize,
) -> Result<Vec<u8>, io::Error> {
    let number = |value: usize| Expr::value(i32::try_from(value).unwrap_or(i32::MAX));
    let part = Func::cust(Alias::new("substr")).args([Expr::col(match_run::Column::Pool), number(from + 1), number(most)]);
    // A part of nothing is NULL on SQLite.
    let found: Option<Option<Vec<u8>>> = match_run::Entity::find_by_id(key)
        .select_only()
        .expr_as(part, "part")
        .into_tuple()
        .one(platform.db.read())
        .await
        .map_err(io::Error::other)?;
    Ok(found.flatten().unwrap_or_default())
}

/// Bytes of a line of a pool, by the rules of its draw.
pub fn line_of(rules: &str) -> usize {
    if [seats::RULES, letters::RULES].contains(&rules) { seats::LINE } else { NUMBER }
}

/// A recorded draw, made again: who is drawn, as places in the pool. `None` if the lottery is not about the pool.
pub(super) fn drawn_again(rules: &str, panels: Option<&Panels>, places: u32, pool: &[u8], seed: &str) -> Option<Vec<usize>> {
    match (panels, rules) {
        (Some(panels), _) => panels.draw(pool, seed),
        // Nobody could be drawn.
        (None, seats::RULES) => Some(Vec::new()),
        (None, _) => {
            let take = lottery::listed(places as usize);
            Some(lottery::draw(pool.len() / NUMBER, take, seed, &lottery::digest(pool)))
        }
    }
}

/// The number at a place of a pool.
pub(super) fn member(pool: &[u8], line: usize, place: usize) -> Option<Uuid> {
    Uuid::from_slice(pool.get(place * line..place * line + NUMBER)?).ok()
}

/// Some of those who were drawn, in their order.
pub(super) async fn drawn(
    platform: &Platform,
    (organisation, run): (OrganisationId, MatchRunId),
    after: i32,
) -> crate::platform::Result<Vec<match_result::Model>> {
    let rows = match_result::Entity::find()
        .filter(match_result::Column::OrganisationId.eq(organisation))
        .filter(match_result::Column::RunId.eq(run))
        .filter(match_result::Column::Rank.gt(after))
        .order_by_asc(match_result::Column::Rank)
        .limit(people::PAGE);
    Ok(rows.all(platform.db.read()).await?)
}

/// A draw that was read from a file.
pub struct Draw {
    /// What it was made of.
    pub head: Head,
    /// The pool, as its digest is taken.
    pub pool: Vec<u8>,
    /// The numbers that were drawn.
    pub drawn: Vec<Uuid>,
}

impl Draw {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it, and in which line.
    pub fn read(file: impl BufRead) -> Result<Self, String> {
        let mut lines = (1..).zip(file.lines());
        let (_, first) = lines.next().ok_or("the file is empty")?;
        let first = first.map_err(|error| format!("line 1 cannot be read: {error}"))?;
        let head: Head = serde_json::from_str(&first).map_err(|error| format!("line 1 is not the head of a draw: {error}"))?;
        if head.form != FORM {
            return Err(format!("this is a file of the form {}; this program reads {FORM}", head.form));
        }
        let with_kinds = match head.rules.as_str() {
            seats::RULES | letters::RULES => true,
            lottery::RULES => false,
            other => return Err(format!("the rules {other} are not known to this program")),
        };
        let (mut pool, mut drawn, mut in_pool) = (Vec::new(), Vec::new(), true);
        for (at, line) in lines {
            let line = line.map_err(|error| format!("line {at} cannot be read: {error}"))?;
            let wrong = || format!("line {at} is not as it should be");
            if line.is_empty() && in_pool {
                in_pool = false;
            } else if in_pool && with_kinds {
                let (number, kind) = line.split_once(',').ok_or_else(wrong)?;
                pool.extend(number.parse::<Uuid>().map_err(|_| wrong())?.into_bytes());
                pool.extend(kind.parse::<u32>().map_err(|_| wrong())?.to_be_bytes());
            } else {
                let number = line.parse::<Uuid>().map_err(|_| wrong())?;
                if in_pool { pool.extend(number.into_bytes()) } else { drawn.push(number) }
            }
        }
        if in_pool {
            return Err("the file ends before the numbers that were drawn".into());
        }
        Ok(Self { head, pool, drawn })
    }

    /// Looks at everything that can be checked, each with whether it agrees.
    pub fn checks(&self) -> Vec<(&'static str, bool)> {
        let mut checks = vec![("the pool agrees with its digest", hex(&sha256(&self.pool)) == self.head.pool_digest)];
        if let Some(commitment) = &self.head.commitment {
            let ours = self.head.seed.rsplit(" / ").next().unwrap_or_default();
            checks.push(("our part of the seed is what was committed to", hex(&sha256(ours.as_bytes())) == *commitment));
        }
        checks.push(("the pool is in order, and holds nobody twice", self.is_in_order()));
        checks.push(("the draw comes out the same", self.again() == Some(self.drawn.clone())));
        if let (Some(grounds), Some(lottery)) = (&self.head.grounds, &self.head.lottery) {
            let fits = grounds.fits(&lottery.people, self.head.rules == letters::RULES);
            checks.push(("what it rested on fits the lottery", fits));
            if !fits {
                return checks;
            }
            checks.push(("the quotas are those that were set, less who had a place", grounds.are_kept()));
            let chances = lottery.chances();
            let same = chances.len() == grounds.chances.len()
                && chances.iter().zip(&grounds.chances).all(|(ours, theirs)| (ours - theirs).abs() < 1e-9);
            checks.push(("the chances are those of the lottery", same));
        }
        if let (Some(grounds), Some(lottery), letters::RULES) = (&self.head.grounds, &self.head.lottery, self.head.rules.as_str())
        {
            let same = grounds.letters(self.head.places, &lottery.people).as_ref() == Some(lottery);
            checks.push(("the letters are shared out the same", same));
        } else if let (Some(grounds), Some(lottery)) = (&self.head.grounds, &self.head.lottery) {
            let problem = grounds.problem(lottery.seats, &lottery.people);
            checks.push(("every panel keeps the quotas", lottery.panels.iter().all(|panel| problem.keeps(panel))));
            let kept = grounds.fairness.as_ref();
            if let Some(kept) = kept.filter(|kept| kept.fairest) {
                checks.push((
                    "what was kept proves that nobody can have a larger chance without somebody having a smaller one",
                    kept.is_proved(&problem, &lottery.chances()),
                ));
            }
            // There are many lotteries as fair, and whoever may choose one chooses who is drawn: it has to be the solver's own.
            let same = Panels::solve(&problem)
                .is_some_and(|(panels, found)| panels == *lottery && kept.is_some_and(|kept| kept.fairest == found.fairest));
            checks.push(("the fairest lottery comes out the same", same));
        }
        checks
    }

    /// Which solver found the lottery, where it is not the one of this program.
    pub fn other_solver(&self) -> Option<&str> {
        let fairness = self.head.grounds.as_ref()?.fairness.as_ref()?;
        Some(fairness.solver.as_str()).filter(|solver| *solver != sortition::SOLVER)
    }

    fn is_in_order(&self) -> bool {
        let line = line_of(&self.head.rules);
        let numbers: Vec<&[u8]> = self.pool.chunks(line).map(|line| &line[..NUMBER.min(line.len())]).collect();
        self.pool.len().is_multiple_of(line) && numbers.is_sorted_by(|a, b| a < b)
    }

    /// The draw, made again.
    fn again(&self) -> Option<Vec<Uuid>> {
        let Head { rules, lottery, places, seed, .. } = &self.head;
        let drawn = drawn_again(rules, lottery.as_ref(), *places, &self.pool, seed)?;
        drawn.into_iter().map(|place| member(&self.pool, line_of(rules), place)).collect()
    }
}
