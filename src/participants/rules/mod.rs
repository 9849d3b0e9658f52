//! What people have said about how they want to be involved, as pure rules: no database, no clock.

mod check;
mod compare;
mod news;
mod quiet;
mod rungs;
mod scope;
mod offer;
mod steps;
mod told;
mod trial;
mod window;
#[cfg(test)]
mod tests;

pub use check::check;
pub use compare::beyond;
pub use news::{day_of, due_on, leaves_at};
pub use offer::{Objection, Offer, meets_others, objection, time_of_week};
use quiet::past_quiet;
pub use quiet::quiet_on;
pub use scope::{Matter, Scope};
pub use steps::{StepRefused, pause, remember, same_stances, step_down};
pub use told::{NothingLeft, Told};
pub use trial::{Terms, Trying, steps_to_try, trying};
pub use window::{Window, end_of};

use chrono::NaiveDate;
use entity::{PreferenceDoc, Rung, Stance, StanceKind};
use rungs::Rungs;

/// Why a question is put before anything is offered; where there are several reasons, the last of these is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AskFirst {
    /// The day for looking at the choices again has passed.
    Old,
    /// A pause has ended, and nobody knows what the person wants after it.
    AfterPause,
    /// The person wants to be asked first about a topic.
    Topic,
    /// The person wants to be asked each time.
    EachTime,
}

/// What somebody may be asked for, in one matter, on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    rungs: Rungs,
    question: Option<AskFirst>,
}

impl Allowance {
    /// Nothing at all.
    pub fn nothing() -> Self {
        Self { rungs: Rungs::default(), question: None }
    }

    /// The rungs, lowest first.
    pub fn rungs(&self) -> impl Iterator<Item = Rung> + '_ {
        self.rungs.iter()
    }

    /// Whether this rung may be offered, at once or after a question.
    pub fn allows(&self, rung: Rung) -> bool {
        self.rungs.contains(rung)
    }

    /// Whether a question must be put before anything is offered.
    pub fn ask_first(&self) -> bool {
        self.question.is_some()
    }

    /// Why a question must be put first, if one must.
    pub fn question(&self) -> Option<AskFirst> {
        self.question
    }

    /// Whether nothing may be offered.
    pub fn is_nothing(&self) -> bool {
        self.rungs.is_empty()
    }

    /// The lowest rung that may be offered.
    pub fn lowest(&self) -> Option<Rung> {
        self.rungs.iter().next()
    }

    /// The highest rung that may be offered.
    pub fn highest(&self) -> Option<Rung> {
        self.rungs.highest()
    }

    /// Whether everything allowed here is allowed there too, with the same question first where there is one.
    pub fn within(&self, wider: &Self) -> bool {
        self.rungs.within(wider.rungs) && (self.ask_first() || !wider.ask_first() || self.is_nothing())
    }

    /// What both allow: the more protective of the two.
    fn and(self, other: &Self) -> Self {
        Self { rungs: self.rungs.and(other.rungs), question: self.question.max(other.question) }
    }
}

/// The rungs from one to another; never coercion.
fn span(low: Rung, high: Rung) -> Rungs {
    Rung::ALL.iter().copied().filter(|rung| *rung != Rung::Coercion && *rung >= low && *rung <= high).collect()
}

/// What somebody may be asked for, in a matter, on this day in the organisation's time zone.
///
/// A wish for one of the matter's topics, for its kind of activity or for its stage outranks the default; where several of
/// them have one, only what all of them allow is allowed. A topic in `never` outranks everything. When the review date has
/// passed, a question is put first, about what the old wishes include and nothing beyond; pauses and "keep me informed" stay
/// as they are.
pub fn allowed<'a>(doc: &PreferenceDoc, matter: impl Into<Matter<'a>>, today: NaiveDate) -> Allowance {
    let expired = doc.review_after.is_some_and(|day| day < today);
    resolve(doc, matter.into(), today, expired)
}

/// Whether anything changes by itself once the day for looking at these wishes again has passed: some are left that then become a
/// question, and the person is not pausing.
pub fn grows_old(doc: &PreferenceDoc, today: NaiveDate) -> bool {
    let ages = |kind| matches!(kind, StanceKind::UpTo | StanceKind::AtLeast | StanceKind::Only | StanceKind::Between);
    !of_stance(&doc.stance, today, false).is_nothing() && doc.stances().any(|stance| ages(stance.kind))
}

/// Whether somebody is pausing altogether.
pub fn is_pausing(doc: &PreferenceDoc, today: NaiveDate) -> bool {
    pauses(&doc.stance, today)
}

/// Whether somebody is pausing as far as a matter goes: by a wish of its own, or altogether where there is none.
pub fn is_pausing_from<'a>(doc: &PreferenceDoc, matter: impl Into<Matter<'a>>, today: NaiveDate) -> bool {
    let matter = matter.into();
    let mut specific = scope::wishes(doc).filter(|(scope, _)| matter.has(*scope)).map(|(_, stance)| stance).peekable();
    match specific.peek() {
        Some(_) => specific.any(|stance| pauses(stance, today)),
        None => is_pausing(doc, today),
    }
}

fn pauses(stance: &Stance, today: NaiveDate) -> bool {
    stance.kind == StanceKind::Paused && stance.until.is_none_or(|until| today <= until)
}

/// The wish of its own because of which a rung is not allowed in a matter; none where the default, or no wish, speaks against it.
pub fn speaks_against<'a>(doc: &PreferenceDoc, matter: impl Into<Matter<'a>>, rung: Rung, today: NaiveDate) -> Option<Scope> {
    let (matter, expired) = (matter.into(), doc.review_after.is_some_and(|day| day < today));
    let mut specific = scope::wishes(doc).filter(|(scope, _)| matter.has(*scope));
    specific.find(|(_, stance)| !of_stance(stance, today, expired).allows(rung)).map(|(scope, _)| scope)
}

/// See [`allowed`]; `expired` says whether the wishes are too old to be used as they are.
fn resolve(doc: &PreferenceDoc, matter: Matter<'_>, today: NaiveDate, expired: bool) -> Allowance {
    if matter.topics.iter().any(|topic| doc.topics.never.contains(topic)) {
        return Allowance::nothing();
    }
    let mut specific = scope::wishes(doc).filter(|(scope, _)| matter.has(*scope)).map(|(_, stance)| stance);
    let first = specific.next().unwrap_or(&doc.stance);
    let mut allowance =
        specific.fold(of_stance(first, today, expired), |so_far, stance| so_far.and(&of_stance(stance, today, expired)));
    if allowance.is_nothing() {
        return Allowance::nothing();
    }
    let first = matter.topics.iter().any(|topic| doc.topics.ask_first.contains(topic)).then_some(AskFirst::Topic);
    allowance.question = allowance.question.max(first);
    allowance
}

/// What one wish allows.
fn of_stance(stance: &Stance, today: NaiveDate, expired: bool) -> Allowance {
    let question = match stance.kind {
        StanceKind::Paused if pauses(stance, today) => return Allowance::nothing(),
        StanceKind::Paused => Some(AskFirst::AfterPause),
        StanceKind::AskEachTime => Some(AskFirst::EachTime),
        StanceKind::InformMeOnly => None,
        _ if expired => Some(AskFirst::Old),
        _ => None,
    };
    Allowance { rungs: rungs_of(stance), question }
}

/// The rungs that a wish includes, whatever the day: those of a pause are what a question may be about after it.
pub fn rungs_of(stance: &Stance) -> Rungs {
    let bounds = |low: Option<Rung>, high: Option<Rung>| low.zip(high).map(|(low, high)| span(low, high)).unwrap_or_default();
    let named = || stance.rungs.iter().copied().filter(|rung| *rung != Rung::Coercion).collect();
    match stance.kind {
        StanceKind::AskEachTime if stance.rungs.is_empty() => span(Rung::Educating, Rung::CoProduction),
        StanceKind::AskEachTime | StanceKind::Paused | StanceKind::Only => named(),
        StanceKind::InformMeOnly => span(Rung::Informing, Rung::Informing),
        StanceKind::UpTo => bounds(Some(Rung::Informing), stance.rung),
        StanceKind::AtLeast => bounds(stance.rung, Some(Rung::CoProduction)),
        StanceKind::Between => bounds(stance.low, stance.high),
    }
}
