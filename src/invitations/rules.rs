//! What may follow what, between an invitation and its answer.

use crate::{
    opportunities::activity_of,
    participants::rules::{Offer, time_of_week},
};
use chrono_tz::Tz;
use entity::{InvitationState as State, MailState, MatchRunId, Rung, Time, TopicId, opportunity};

/// States in which an invitation still waits for an answer.
pub const OPEN: [State; 2] = [State::Sent, State::AskLater];

/// What somebody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// Yes.
    Accept,
    /// No.
    Decline,
    /// Later.
    AskLater,
    /// Something lighter.
    StepDown,
}

/// Whether a reply may follow a state: `Some(true)` it changes it, `Some(false)` it is there already, `None` it may not.
pub fn accepts(state: State, reply: Reply) -> Option<bool> {
    match (state, reply) {
        // Taken back or over: nothing to answer.
        (State::Withdrawn | State::Ended | State::Unsent, _) => None,
        (State::Accepted | State::Waiting, Reply::Accept) => Some(false),
        (State::Declined, Reply::Decline) => Some(false),
        // Who takes part already has answered "when"; they can step down or say no instead.
        (State::Accepted | State::Waiting, Reply::AskLater) => None,
        (State::SteppedDown, Reply::StepDown) => Some(false),
        _ => Some(true),
    }
}

/// Why nothing can be answered any more, in words of its cause.
pub fn over(state: State, open: bool) -> &'static str {
    match state {
        State::Withdrawn => {
            "This question was taken back, because it no longer fits what you told us about how you want to be involved."
        }
        State::Unsent => "This question was taken back before it was sent. You need not do anything.",
        State::Ended if open => {
            "The letter that asked you could not be delivered, so this question has ended. A place was offered to somebody else."
        }
        _ => "This has closed. Thank you for looking.",
    }
}

/// Whether an invitation has ended for good: nothing can be answered.
pub fn is_over(state: State) -> bool {
    matches!(state, State::Withdrawn | State::Ended | State::Unsent)
}

/// Whether an invitation still waits for an answer, so that it may be reminded of or taken back.
pub fn is_open(state: State) -> bool {
    OPEN.contains(&state)
}

/// What an opportunity asks of somebody who was asked at `asked_at`, as their wishes speak about it now, what else they come to that
/// day left aside; `supported` is what it can
/// be, by what is on record.
pub fn offer<'a>(
    about: &'a opportunity::Model,
    topics: &'a [TopicId],
    supported: Rung,
    asked_at: Time,
    zone: Tz,
    now: Time,
) -> Offer<'a> {
    let day = |at: Time| at.with_timezone(&zone).date_naive();
    Offer {
        rung: about.rung,
        supported,
        topics,
        activity: activity_of(about),
        stage: about.stage,
        formats: &about.formats.0,
        group: about.group_facts.as_ref(),
        starts_on: about.starts_at.map(day),
        starts_in: about.starts_at.map(|at| time_of_week(at, zone)),
        meetings_that_day: 0,
        asked_on: day(asked_at),
        today: day(now),
    }
}

/// Whether somebody was asked, as far as it counts: not by an invitation whose mailing was cancelled, nor by one of matching
/// that was taken back before its letter left. Who chose a way themselves (`run` is empty) knows of it without a letter.
pub fn counts(state: State, run: Option<MatchRunId>, letter: Option<MailState>) -> bool {
    match state {
        State::Unsent => false,
        State::Withdrawn => run.is_none() || letter.is_some_and(|letter| MailState::LEFT.contains(&letter)),
        _ => true,
    }
}

/// Whether an invitation counts towards somebody's load: it asks for their time.
pub fn takes_time(state: State) -> bool {
    matches!(state, State::Sent | State::AskLater | State::Accepted | State::Waiting)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_held_to_an_answer() {
        for state in [State::Sent, State::AskLater, State::Accepted, State::Waiting, State::SteppedDown] {
            assert_eq!(accepts(state, Reply::Decline), Some(true), "{state}: no is always possible");
        }
        for state in [State::Declined, State::SteppedDown, State::AskLater] {
            assert_eq!(accepts(state, Reply::Accept), Some(true), "{state}: people may change their mind");
        }
        for reply in [Reply::Accept, Reply::Decline, Reply::AskLater, Reply::StepDown] {
            assert_eq!(accepts(State::Withdrawn, reply), None);
            assert_eq!(accepts(State::Ended, reply), None);
            assert_eq!(accepts(State::Unsent, reply), None);
        }
    }
}
