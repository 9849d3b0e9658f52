//! The two changes that people can make in one action: a pause, and a step down.

use super::{of_stance, rungs_of, span};
use chrono::NaiveDate;
use entity::{PreferenceDoc, Rung, Stance, StanceKind, TopicId};

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
/// Topics with a wish of their own are paused too. Each pause remembers what stood before it: after it people are asked
/// first, about that and nothing beyond.
pub fn pause(doc: &PreferenceDoc, until: Option<NaiveDate>) -> PreferenceDoc {
    let paused =
        |before: &Stance, until| Stance { until, rungs: rungs_of(before).iter().collect(), ..Stance::bare(StanceKind::Paused) };
    let mut doc = doc.clone();
    doc.stance = paused(&doc.stance, until);
    for wish in &mut doc.topic_stances {
        let end = match wish.stance.kind {
            StanceKind::Paused => wish.stance.until.zip(until).map(|(old, new)| old.max(new)),
            _ => until,
        };
        wish.stance = paused(&wish.stance, end);
    }
    doc
}

/// Lets every pause in `new` that does not say what may be asked about after it remember what stood in `before`.
pub fn remember(before: &PreferenceDoc, mut new: PreferenceDoc) -> PreferenceDoc {
    let held = |topic: Option<TopicId>| {
        let own = before.topic_stances.iter().find(|wish| Some(wish.topic) == topic).map(|wish| &wish.stance);
        rungs_of(own.unwrap_or(&before.stance)).iter().collect()
    };
    let silent = |stance: &Stance| stance.kind == StanceKind::Paused && stance.rungs.is_empty();
    if silent(&new.stance) {
        new.stance.rungs = held(None);
    }
    for wish in new.topic_stances.iter_mut().filter(|wish| silent(&wish.stance)) {
        wish.stance.rungs = held(Some(wish.topic));
    }
    new
}

/// The document with nothing above `rung`, in the default and in every topic. Who is asked first still is.
pub fn step_down(doc: &PreferenceDoc, rung: Rung, today: NaiveDate) -> Result<PreferenceDoc, StepRefused> {
    let highest = of_stance(&doc.stance, today, false).highest().ok_or(StepRefused::Paused)?;
    if rung > highest {
        return Err(StepRefused::Up);
    }
    let mut doc = doc.clone();
    doc.stance = lowered(doc.stance, rung);
    for wish in &mut doc.topic_stances {
        wish.stance = lowered(wish.stance.clone(), rung);
    }
    Ok(doc)
}

/// What remains of a wish below a rung: never a rung that was not in it, unless nothing else would remain.
fn lowered(before: Stance, rung: Rung) -> Stance {
    let included = rungs_of(&before);
    if included.highest().is_none_or(|highest| highest <= rung) {
        return before;
    }
    let mut rungs: Vec<Rung> = included.iter().filter(|kept| *kept <= rung).collect();
    if rungs.is_empty() {
        rungs = span(Rung::Informing, rung).iter().collect();
    }
    match before.kind {
        StanceKind::UpTo => Stance::up_to(rung),
        StanceKind::AskEachTime | StanceKind::Paused => Stance { rungs, ..before },
        _ => Stance { rungs, ..Stance::bare(StanceKind::Only) },
    }
}
