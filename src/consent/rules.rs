//! The state of a consent as a pure function over its events.

use entity::{ConsentType, Time};

/// Where a consent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing was said.
    Silent,
    /// Agreed, until the given time.
    Given(Option<Time>),
    /// Said no.
    Refused,
    /// Left for later: neither yes nor no.
    Deferred,
    /// Taken back.
    Withdrawn,
}

impl State {
    /// The state that the newest event leaves.
    pub fn after(kind: ConsentType, valid_until: Option<Time>) -> Self {
        match kind {
            ConsentType::Give | ConsentType::Renew => Self::Given(valid_until),
            ConsentType::Refuse => Self::Refused,
            ConsentType::Defer => Self::Deferred,
            ConsentType::Withdraw => Self::Withdrawn,
        }
    }

    /// Whether personal data may be used in this state. Only a yes that has not run out is a yes.
    pub fn permits(self, now: Time) -> bool {
        matches!(self, Self::Given(until) if until.is_none_or(|until| now < until))
    }

    /// Whether an event may follow; `None` says that it would change nothing and is not recorded.
    pub fn accepts(self, event: ConsentType) -> Option<bool> {
        match (self, event) {
            // Taking back what is not given changes nothing.
            (Self::Given(_), ConsentType::Withdraw) => Some(true),
            (_, ConsentType::Withdraw) => None,
            // A yes is only renewed where there was one.
            (Self::Given(_), ConsentType::Renew) => Some(true),
            (_, ConsentType::Renew) => Some(false),
            // A no or a "later" to something that was given is a withdrawal, and must be made as one.
            (Self::Given(_), ConsentType::Refuse | ConsentType::Defer) => Some(false),
            _ => Some(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Duration, TimeZone, Utc};
    use proptest::prelude::*;

    fn event() -> impl Strategy<Value = ConsentType> {
        (0..ConsentType::ALL.len()).prop_map(|index| ConsentType::ALL[index])
    }

    proptest! {
        #[test]
        fn only_an_unexpired_yes_permits(events in proptest::collection::vec(event(), 0..20)) {
            let now = Utc.timestamp_opt(1_800_000_000, 0).unwrap();
            let until = now + Duration::days(10);
            let mut state = State::Silent;
            let mut recorded = Vec::new();
            for event in events {
                if state.accepts(event) == Some(true) {
                    state = State::after(event, Some(until));
                    recorded.push(event);
                }
            }
            let yes = matches!(recorded.last(), Some(ConsentType::Give | ConsentType::Renew));
            prop_assert_eq!(state.permits(now), yes);
            prop_assert!(!state.permits(until), "at the end it denies, without any job having run");
            // A withdrawal is only recorded after a yes.
            for pair in recorded.windows(2) {
                if pair[1] == ConsentType::Withdraw {
                    prop_assert!(matches!(pair[0], ConsentType::Give | ConsentType::Renew));
                }
            }
            prop_assert!(recorded.first() != Some(&ConsentType::Withdraw));
        }
    }
}
