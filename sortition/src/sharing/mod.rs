//! Sharing the asking among several opportunities that need the same people in one planning period.
//!
//! **What it promises.** First the needs: the opportunity that gets least of what it aims for gets as much as it can; then the
//! next one; and so on. Nobody is asked for more than that. Then people: of all ways to ask that give the opportunities this much,
//! the smallest share of anybody is as large as it can be; then the next smallest; and so on. Someone's share is how many letters
//! they can expect, of as many as they may get. Whoever is alike has the same share. Nobody gets more letters than they want, nor
//! letters for more time than they have. Every level of a plan comes with multipliers that prove it ([`check()`]).
//!
//! **What it does not.** It reckons with expected yeses: how many will say yes is for chance.
//!
//! People take no part in a plan one by one, but as kinds. [`draw`](Plan::draw) makes letters of it for each of them.

mod blocks;
mod bound;
mod check;
mod draw;
mod even;
mod shape;
mod solve;

pub use check::{Broken, check};
pub use draw::{Asked, Unfit};
pub use solve::{Failed, plan};

/// How many expected yeses of those who count for it an opportunity is to have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// At least so many, where the opportunity gets all it aims for; and the same part of it where it gets a part.
    pub min: f64,
    /// At most so many, always; [`f64::INFINITY`] for no limit.
    pub max: f64,
}

/// An opportunity that people are asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asking {
    /// How many expected yeses it aims for. With 0 nobody is asked.
    pub aim: f64,
    /// At most so many letters.
    pub letters: u32,
    /// How many minutes it takes whoever says yes.
    pub minutes: u32,
    /// What must hold for groups of people.
    pub quotas: Vec<Bound>,
}

/// An opportunity that the people of a kind may be asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct May {
    /// Which opportunity; each once at most.
    pub asking: u32,
    /// The chance that one of them says yes: above 0, and 1 at most.
    pub rate: f64,
    /// The quotas of the opportunity that they count for; each once at most.
    pub quotas: Vec<u32>,
}

/// People who are alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// How many there are.
    pub people: u32,
    /// What they may be asked for.
    pub may: Vec<May>,
    /// At most so many letters for each of them.
    pub cap: u32,
    /// At most so many minutes for each of them, all that they are asked for together, since they may say yes to all; `None` for no
    /// limit.
    pub minutes: Option<u32>,
}

/// Opportunities and people.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Problem {
    /// The opportunities.
    pub askings: Vec<Asking>,
    /// The people.
    pub kinds: Vec<Kind>,
}

/// Letters that one person can get together, and how many people of the kind get just these.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// Which entries of [`Kind::may`], ascending.
    pub of: Vec<u32>,
    /// How many people, expected.
    pub people: f64,
}

/// Opportunities or kinds that cannot have more without others having less who have no more than they.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// What they have: how much of what they aim for, or their share.
    pub at: f64,
    /// Which ones, ascending.
    pub of: Vec<u32>,
    /// Multipliers of the joint rows that prove it; empty where they have all that there is, and at the last
    /// level of a plan that is not [`proved`](Plan::proved). See [`check()`].
    pub proof: Vec<f64>,
}

/// Who is asked for what: how many letters are to be expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// How much each opportunity gets of what it aims for, from 0 to 1; 1 for one that aims for nothing.
    pub fulfilled: Vec<f64>,
    /// Expected yeses of each opportunity.
    pub yes: Vec<f64>,
    /// The share of each kind: expected letters of one person, of the most that one of them can get. 0 for those who cannot get any.
    pub shares: Vec<f64>,
    /// Expected letters to all people of a kind together, one for each entry of its [`Kind::may`].
    pub letters: Vec<Vec<f64>>,
    /// How letters go together: for the kinds whose minutes allow some sets of letters and not others as large. Empty for all others.
    pub bundles: Vec<Vec<Bundle>>,
    /// Levels of the opportunities, from the smallest up.
    pub needs: Vec<Level>,
    /// Levels of the kinds, from the smallest up.
    pub sharing: Vec<Level>,
    /// Whether every level is proved, so that [`check()`] finds nothing. Where it is not, all that must hold holds, and the needs are
    /// as they say, but somebody's share may be less than it could be: the last level, without a proof, says whose. This happens where
    /// rates or aims are some thousand times as large as others and quotas leave no room.
    pub proved: bool,
}
