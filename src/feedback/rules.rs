//! What a report still lacks before it may be published. Pure.

use crate::{influence::rules, platform::error::Violation};
use entity::{RecommendationOutcome, recommendation, report};

/// What is known about a report.
pub struct Readiness<'a> {
    /// The draft.
    pub report: &'a report::Model,
    /// Themes.
    pub themes: usize,
    /// Whether anybody gave anything.
    pub heard: bool,
    /// Recommendations, with the answers they have.
    pub recommendations: &'a [recommendation::Model],
}

/// Everything that is missing, at once.
pub fn missing(ready: &Readiness<'_>) -> Vec<Violation> {
    let mut missing = Vec::new();
    let mut lacks = |lacks: bool, pointer: &str, code: &'static str, detail: &str| {
        if lacks {
            missing.push(Violation::new(pointer, code, detail));
        }
    };
    lacks(ready.report.in_one_minute.trim().is_empty(), "/in_one_minute", "required", "Say in one minute what came of it.");
    lacks(
        ready.heard && ready.themes == 0,
        "/themes",
        "no_theme",
        "People said something: write down at least one theme of what they said.",
    );
    lacks(ready.report.next_steps.0.is_empty(), "/next_steps", "no_next_step", "Say what happens next, who does it and by when.");
    for (at, step) in ready.report.next_steps.0.iter().enumerate() {
        let whole = !step.what.trim().is_empty() && !step.owner.trim().is_empty();
        lacks(!whole, &format!("/next_steps/{at}"), "incomplete", "Say what it is and who does it.");
    }
    for row in ready.recommendations {
        let at = format!("/recommendations/{}", row.id);
        if row.outcome == RecommendationOutcome::Pending {
            missing.push(Violation::new(format!("{at}/outcome"), "unanswered", "Those who proposed this are owed an answer."));
        }
        missing.extend(rules::missing(row.outcome, row.reason.as_deref(), row.owner.as_deref(), &at));
    }
    missing
}
