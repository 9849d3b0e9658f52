//! The two changes that people can make in one action: a pause, and a step down.

use super::{Scope, of_stance, rungs_of, scope::wishes, span};
use chrono::NaiveDate;
use entity::{PreferenceDoc, Rung, Stance, StanceKind};

/// Why somebody cannot step down to a rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepRefused {
    /// It would be a step up.
    Up,
    /// Nothing is asked of them now, so any rung would be a step up.
    Paused,
}

/// The document with everything paused, until a day or without end.
///
/// What has a wish of its own is paused too. Each pause remembers what stood before it: after it people are asked
/// first, about that and nothing beyond.
pub fn pause(doc: &PreferenceDoc, until: Option<NaiveDate>) -> PreferenceDoc {
    let paused =
        |before: &Stance, until| Stance { until, rungs: rungs_of(before).iter().collect(), ..Stance::bare(StanceKind::Paused) };
    let mut doc = doc.clone();
    doc.stance = paused(&doc.stance, until);
    for stance in doc.own_stances_mut() {
        let end = match stance.kind {
            StanceKind::Paused => stance.until.zip(until).map(|(old, new)| old.max(new)),
            _ => until,
        };
        *stance = paused(stance, end);
    }
    doc
}

/// Lets every pause in `new` that does not say what may be asked about after it remember what stood in `before`.
pub fn remember(before: &PreferenceDoc, mut new: PreferenceDoc) -> PreferenceDoc {
    let held = |scope: Option<Scope>| {
        let own = wishes(before).find(|(own, _)| Some(*own) == scope).map(|(_, stance)| stance);
        rungs_of(own.unwrap_or(&before.stance)).iter().collect()
    };
    let silent = |stance: &Stance| stance.kind == StanceKind::Paused && stance.rungs.is_empty();
    if silent(&new.stance) {
        new.stance.rungs = held(None);
    }
    let scopes: Vec<Scope> = wishes(&new).map(|(scope, _)| scope).collect();
    for (scope, stance) in scopes.into_iter().zip(new.own_stances_mut()).filter(|(_, stance)| silent(stance)) {
        stance.rungs = held(Some(scope));
    }
    new
}

/// Whether two documents say the same about how much involvement somebody wants, whatever else they say.
pub fn same_stances(before: &PreferenceDoc, new: &PreferenceDoc) -> bool {
    before.stance == new.stance
        && before.topic_stances == new.topic_stances
        && before.activity_stances == new.activity_stances
        && before.stage_stances == new.stage_stances
}

/// The document with nothing above `rung`, in the default and in every wish beside it. Who is asked first still is.
pub fn step_down(doc: &PreferenceDoc, rung: Rung, today: NaiveDate) -> Result<PreferenceDoc, StepRefused> {
    let highest = of_stance(&doc.stance, today, false).highest().ok_or(StepRefused::Paused)?;
    if rung > highest {
        return Err(StepRefused::Up);
    }
    let mut doc = doc.clone();
    let lightest: Vec<Rung> = span(Rung::Informing, rung).iter().collect();
    // Whoever steps down to what the default did not include wants just that.
    let default = doc.stance.clone();
    doc.stance = lowered(&default, rung).unwrap_or_else(|| match default.kind {
        StanceKind::AskEachTime => Stance { rungs: lightest, ..default },
        _ => Stance { rungs: lightest, ..Stance::bare(StanceKind::Only) },
    });
    // A wish beside it of which nothing is left stands for nothing: it must not become a wish for something.
    for stance in doc.own_stances_mut() {
        *stance = lowered(stance, rung).unwrap_or_else(|| Stance::bare(StanceKind::Paused));
    }
    Ok(doc)
}

/// What remains of a wish below a rung, if anything does: never a rung that was not in it.
fn lowered(before: &Stance, rung: Rung) -> Option<Stance> {
    let included = rungs_of(before);
    if included.highest().is_none_or(|highest| highest <= rung) {
        return Some(before.clone());
    }
    let rungs: Vec<Rung> = included.iter().filter(|kept| *kept <= rung).collect();
    (!rungs.is_empty()).then(|| match before.kind {
        StanceKind::UpTo => Stance::up_to(rung),
        StanceKind::AskEachTime | StanceKind::Paused => Stance { rungs, ..before.clone() },
        _ => Stance { rungs, ..Stance::bare(StanceKind::Only) },
    })
}
