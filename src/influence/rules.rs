//! What an answer to a recommendation must say, and what several people's words about a claim come to. Pure.

use crate::platform::error::Violation;
use entity::{RecommendationOutcome, Standing};

/// What is missing in the answer to a recommendation. `at` is where it stands in what was sent or listed.
pub fn missing(outcome: RecommendationOutcome, reason: Option<&str>, owner: Option<&str>, at: &str) -> Vec<Violation> {
    use RecommendationOutcome::{Declined, Done, Partly, PassedOn};
    let says = |text: Option<&str>| text.is_some_and(|text| !text.trim().is_empty());
    let mut missing = Vec::new();
    if matches!(outcome, Partly | Declined | PassedOn) && !says(reason) {
        missing.push(Violation::new(
            format!("{at}/reason"),
            "required",
            "Say why, in words that those who proposed it can read.",
        ));
    }
    if matches!(outcome, Done | Partly) && !says(owner) {
        missing.push(Violation::new(format!("{at}/owner"), "required", "Say who does it."));
    }
    missing
}

/// What the words of those concerned come to. One who disagrees is not outvoted.
pub fn standing(confirmed: u64, disputed: u64) -> Standing {
    match (confirmed, disputed) {
        (0, 0) => Standing::Unasked,
        (_, 0) => Standing::Confirmed,
        _ => Standing::Disputed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_no_needs_its_reason_and_a_yes_its_owner() {
        use RecommendationOutcome::{Declined, Done, Partly, PassedOn, Pending};
        let codes = |outcome, reason, owner| -> Vec<String> {
            missing(outcome, reason, owner, "").into_iter().map(|violation| violation.pointer).collect()
        };
        assert!(codes(Pending, None, None).is_empty());
        assert_eq!(codes(Declined, Some("  "), None), ["/reason"]);
        assert_eq!(codes(PassedOn, None, None), ["/reason"]);
        assert_eq!(codes(Partly, None, None), ["/reason", "/owner"]);
        assert_eq!(codes(Done, None, None), ["/owner"]);
        assert!(codes(Done, None, Some("The ward manager")).is_empty());
    }

    #[test]
    fn a_dispute_is_not_outvoted() {
        assert_eq!(standing(0, 0), Standing::Unasked);
        assert_eq!(standing(3, 0), Standing::Confirmed);
        assert_eq!(standing(30, 1), Standing::Disputed);
    }
}
