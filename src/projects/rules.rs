//! What a project may say about itself. Pure.

use crate::platform::{Result, Violation, text::Check};
use entity::{DecisionRule, DecisionScope, PresenceTarget, ProjectKind, ProjectPurpose, Rung, Stage, Time, Weight, WorkLevel};
use std::collections::HashSet;

/// Something a coordinator should know, which stops nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Stable snake_case name.
    pub code: &'static str,
    /// Plain English.
    pub detail: &'static str,
}

/// What a project says about itself.
#[derive(Clone, Debug)]
pub struct ProjectFacts {
    /// Involvement, or a survey about something that exists.
    pub kind: ProjectKind,
    /// Name.
    pub title: String,
    /// What is needed, and by whom.
    pub need: String,
    /// Why people are involved.
    pub purpose: ProjectPurpose,
    /// Who will use what comes of it.
    pub intended_users: Vec<String>,
    /// Whose presence is sought.
    pub presence: Vec<PresenceTarget>,
    /// The rung that is claimed.
    pub claimed_rung: Option<Rung>,
    /// What can change, in public words.
    pub promise: Option<String>,
}

impl ProjectFacts {
    /// Everything that is wrong, at once.
    pub fn check(&self) -> Result<()> {
        let mut check = Check::new();
        check.line("/title", &self.title, 200).text("/need", &self.need, 5000);
        check.length("/purpose/why", &self.purpose.why, 2000);
        check.length("/purpose/benefit_to_participants", &self.purpose.benefit_to_participants, 2000);
        check.length("/purpose/intended_change", &self.purpose.intended_change, 2000);
        check.items("/intended_users", self.intended_users.len(), 50);
        for (i, group) in self.intended_users.iter().enumerate() {
            check.line(&format!("/intended_users/{i}"), group, 200);
        }
        self.check_presence(&mut check);
        if let Some(promise) = &self.promise {
            check.length("/promise", promise, 2000);
        }
        if let Some(rung) = self.claimed_rung {
            check.extend(claimable("/claimed_rung", rung, self.kind));
        }
        check.done()
    }

    fn check_presence(&self, check: &mut Check) {
        check.items("/presence", self.presence.len(), 100);
        let mut seen = HashSet::new();
        for (i, target) in self.presence.iter().enumerate() {
            check.line(&format!("/presence/{i}/dimension"), &target.dimension, 60);
            check.line(&format!("/presence/{i}/category"), &target.category, 60);
            check.range(&format!("/presence/{i}/sought"), target.sought, 1, 100_000);
            let new = seen.insert((&target.dimension, &target.category));
            check.that(new, &format!("/presence/{i}"), "twice", "Name each group once.");
        }
    }
}

/// Whether a rung may be claimed, or offered, in a project of this kind.
pub fn claimable(pointer: &str, rung: Rung, kind: ProjectKind) -> Option<Violation> {
    if rung == Rung::Coercion {
        let detail = "Coercion can never be offered: it is found in the record afterwards. Choose another rung.";
        return Some(Violation::new(pointer, "coercion", detail));
    }
    if kind == ProjectKind::FeedbackSurvey && rung > Rung::Consultation {
        let detail = "A feedback survey asks what people think of something that exists. It can be a consultation at most.";
        return Some(Violation::new(pointer, "feedback_survey", detail));
    }
    None
}

/// Words that claim something, in a project that claims nothing.
pub fn words_warning(claimed: Option<Rung>, texts: &[&str]) -> Option<Warning> {
    if claimed.is_some() || !texts.iter().any(|text| claims_by_words(text)) {
        return None;
    }
    Some(Warning {
        code: "claim_language_without_claim",
        detail: "The text speaks of co-production, co-creation or co-design, but no rung is claimed. \
                 Say which rung this is, or use other words.",
    })
}

/// Whether a text has a word that begins with co-produc, co-creat or co-design, with or without the hyphen.
fn claims_by_words(text: &str) -> bool {
    let text = text.to_lowercase();
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        if letter == 'c' && !before.is_alphanumeric() && text[at..].starts_with("co") {
            let rest = text[at + 2..].trim_start_matches(|c: char| c.is_whitespace() || "-\u{2010}\u{2011}\u{2013}".contains(c));
            if ["produc", "creat", "design"].iter().any(|stem| rest.starts_with(stem)) {
                return true;
            }
        }
        before = letter;
    }
    false
}

/// What is recorded about a stage.
#[derive(Clone, Debug)]
pub struct StageFacts {
    /// Begun at.
    pub started_at: Option<Time>,
    /// Settled at.
    pub settled_at: Option<Time>,
    /// Who settled it.
    pub settled_by: Option<String>,
}

impl StageFacts {
    /// Everything that is wrong, at once.
    pub fn check(&self, now: Time) -> Result<()> {
        let mut check = Check::new();
        for (pointer, at) in [("/started_at", self.started_at), ("/settled_at", self.settled_at)] {
            check.time(pointer, at);
            check.that(at.is_none_or(|at| at <= now), pointer, "future", "Record what has happened, not what is planned.");
        }
        if let (Some(started), Some(settled)) = (self.started_at, self.settled_at) {
            check.that(started <= settled, "/settled_at", "order", "A stage is settled after it began.");
        }
        match (&self.settled_by, self.settled_at) {
            (Some(by), Some(_)) => {
                check.line("/settled_by", by, 200);
            }
            (None, Some(_)) => {
                check.that(false, "/settled_by", "required", "Say who settled it.");
            }
            (Some(_), None) => {
                check.that(false, "/settled_at", "required", "Say when it was settled.");
            }
            (None, None) => {}
        }
        check.done()
    }
}

/// What is said about a decision.
#[derive(Clone, Debug)]
pub struct DecisionFacts {
    /// What is to be decided.
    pub title: String,
    /// In which stage.
    pub stage: Stage,
    /// How wide it reaches.
    pub level: WorkLevel,
    /// How much it weighs.
    pub weight: Weight,
    /// Whether people can change it.
    pub scope: DecisionScope,
    /// Why they cannot.
    pub reserved_reason: Option<String>,
    /// Who decides.
    pub owner: String,
    /// How it is taken.
    pub rule: DecisionRule,
    /// First day on which it is open.
    pub opens_on: Option<chrono::NaiveDate>,
    /// Day on which it is to be settled.
    pub settles_on: Option<chrono::NaiveDate>,
}

impl DecisionFacts {
    /// Everything that is wrong, at once.
    pub fn check(&self) -> Result<()> {
        let mut check = Check::new();
        check.line("/title", &self.title, 300).line("/owner", &self.owner, 200);
        match (self.scope, &self.reserved_reason) {
            (DecisionScope::Reserved, Some(reason)) => {
                check.text("/reserved_reason", reason, 2000);
            }
            (DecisionScope::Reserved, None) => {
                check.that(false, "/reserved_reason", "required", "Say why people cannot change this.");
            }
            (DecisionScope::Open, Some(_)) => {
                check.that(false, "/reserved_reason", "not_used", "An open decision has no reason to be reserved.");
            }
            (DecisionScope::Open, None) => {}
        }
        check.day("/opens_on", self.opens_on).day("/settles_on", self.settles_on);
        if let (Some(opens), Some(settles)) = (self.opens_on, self.settles_on) {
            check.that(opens <= settles, "/settles_on", "order", "A decision is settled after it opens.");
        }
        check.done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_that_claim_are_found_in_every_spelling() {
        for text in [
            "Co-production of support",
            "COPRODUCING a group",
            "we co\u{2011}designed it",
            "a co-creation lab",
            "co design",
            "(co-produced)",
        ] {
            assert!(claims_by_words(text), "{text}");
            assert!(words_warning(Some(Rung::Consultation), &[text]).is_none());
        }
        for text in ["", "co", "Consultation on design", "eco-production", "a producer", "cooperation", "Coventry creates"] {
            assert!(!claims_by_words(text), "{text}");
        }
    }

    #[test]
    fn coercion_can_never_be_claimed_and_a_survey_never_goes_above_consultation() {
        for kind in ProjectKind::ALL {
            for rung in Rung::ALL {
                let refused = claimable("/rung", *rung, *kind).is_some();
                let expected = *rung == Rung::Coercion || (*kind == ProjectKind::FeedbackSurvey && *rung > Rung::Consultation);
                assert_eq!(refused, expected, "{kind} {rung}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_search(text in "\\PC*") {
            claims_by_words(&text);
        }
    }
}
