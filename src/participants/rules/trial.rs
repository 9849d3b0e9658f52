//! A trial of a higher rung: what it adds, how far it has come, and when it is over by itself.

use super::{of_stance, rungs::Rungs, rungs_of, span};
use chrono::NaiveDate;
use entity::{PreferenceDoc, Rung, Stance, StanceKind};

/// A rung that somebody tries, beside what they chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trying {
    /// The rung.
    pub rung: Rung,
    /// The last day.
    pub until: NaiveDate,
}

/// How long a trial lasts, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// So many sessions.
    pub sessions: i64,
    /// Its first day.
    pub first_day: NaiveDate,
    /// Its last day.
    pub last_day: NaiveDate,
}

impl Terms {
    /// Whether it is over by itself: nothing need be written for what counted before to count again.
    pub fn are_over(&self, attended: i64, today: NaiveDate) -> bool {
        attended >= self.sessions || today > self.last_day
    }

    /// Whether half of it has passed: half of its sessions, or half of its days.
    pub fn are_half_way(&self, attended: i64, today: NaiveDate) -> bool {
        let days = (self.last_day - self.first_day).num_days();
        attended * 2 >= self.sessions || (today - self.first_day).num_days() * 2 >= days
    }
}

/// The rungs that somebody can try: all that are above what they chose. None while they pause.
pub fn steps_to_try(doc: &PreferenceDoc, today: NaiveDate) -> Vec<Rung> {
    match of_stance(&doc.stance, today, false).highest() {
        Some(highest) => Rung::ALL.iter().copied().filter(|rung| *rung > highest).collect(),
        None => Vec::new(),
    }
}

/// The document with one rung more in the default. What has a wish of its own, and all that is never wanted, stays as it is; who
/// is asked first still is.
pub fn trying(doc: &PreferenceDoc, rung: Rung) -> PreferenceDoc {
    let mut doc = doc.clone();
    let before = doc.stance.clone();
    let rungs: Vec<Rung> = rungs_of(&before).iter().chain([rung]).collect();
    doc.stance = match before.kind {
        // Whoever is asked about anything, or is pausing, is not asked for more by this.
        StanceKind::AskEachTime if before.rungs.is_empty() => before,
        StanceKind::AskEachTime | StanceKind::Paused => Stance { rungs, ..before },
        _ if rungs.iter().copied().collect::<Rungs>() == span(Rung::Informing, rung) => Stance::up_to(rung),
        _ => Stance { rungs, ..Stance::bare(StanceKind::Only) },
    };
    doc
}
