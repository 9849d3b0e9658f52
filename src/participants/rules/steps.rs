//! The two changes that people can make in one action: a pause, and a step down.

use super::{Allowance, of_stance};
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
/// Topics with a wish of their own are paused too. Those with nothing but news stay paused until the person says
/// otherwise: after a pause people are asked, and a question is more than news.
pub fn pause(doc: &PreferenceDoc, until: Option<NaiveDate>) -> PreferenceDoc {
    let paused = |until| Stance { until, ..Stance::bare(StanceKind::Paused) };
    let mut doc = doc.clone();
    doc.stance = paused(until);
    for wish in &mut doc.topic_stances {
        let end = match wish.stance.kind {
            StanceKind::InformMeOnly => None,
            StanceKind::Paused => wish.stance.until.zip(until).map(|(old, new)| old.max(new)),
            _ => until,
        };
        wish.stance = paused(end);
    }
    doc
}

/// The document with nothing above `rung`, in the default and in every topic.
pub fn step_down(doc: &PreferenceDoc, rung: Rung, today: NaiveDate) -> Result<PreferenceDoc, StepRefused> {
    let said = |stance: &Stance| of_stance(stance, today, false);
    let highest = said(&doc.stance).highest().ok_or(StepRefused::Paused)?;
    if rung > highest {
        return Err(StepRefused::Up);
    }
    let mut doc = doc.clone();
    doc.stance = Stance::up_to(rung);
    for wish in &mut doc.topic_stances {
        let before = said(&wish.stance);
        if before.highest().is_some_and(|highest| highest > rung) {
            wish.stance = lowered(&before, rung);
            // Who wanted a question first still gets one.
            if before.ask_first() && !doc.topics.never.contains(&wish.topic) {
                doc.topics.yes.retain(|topic| *topic != wish.topic);
                if !doc.topics.ask_first.contains(&wish.topic) {
                    doc.topics.ask_first.push(wish.topic);
                }
            }
        }
    }
    Ok(doc)
}

/// What remains of a wish below a rung: never a rung that was not in it, unless nothing else would remain.
fn lowered(before: &Allowance, rung: Rung) -> Stance {
    let rungs: Vec<Rung> = before.rungs().filter(|kept| *kept <= rung).collect();
    if rungs.is_empty() { Stance::up_to(rung) } else { Stance { rungs, ..Stance::bare(StanceKind::Only) } }
}
