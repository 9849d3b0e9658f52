//! What the answer to a letter means for it. Pure: time and the letter's row are arguments.

use super::transport::{SendFault, Stage};
use crate::platform::secret::sha256;
use chrono::Duration;
use entity::{MailMessageId, MailState, Time, mail_message};

/// How long to wait after the first, second, ... attempt; the last one repeats until the letter's time has passed.
const WAITS: [i64; 7] = [1, 5, 15, 60, 120, 240, 480];
/// After this many of them nobody waits longer for our own relay: it may be back at any moment.
const WAITS_FOR_RELAY: usize = 3;
/// Longest text that is kept for the operator.
const TEXT: usize = 300;

/// What is written to a letter's row, and to its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where the letter stands now.
    pub state: MailState,
    /// What its history says.
    pub event: MailState,
    /// Whether it is not known if it arrived.
    pub doubt: bool,
    /// Whether this was an attempt.
    pub attempt: bool,
    /// Where in the conversation.
    pub stage: Option<&'static str>,
    /// The server's code.
    pub code: Option<u16>,
    /// The server's enhanced code.
    pub enhanced: Option<String>,
    /// For the operator, without addresses.
    pub text: Option<String>,
    /// Whether the history tells it.
    pub told: bool,
}

/// What became of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Letters with the same change are written with one statement.
    pub change: Change,
    /// When it is tried again.
    pub next_at: Option<Time>,
    /// Until when, where that has changed.
    pub expires_at: Option<Time>,
}

impl Outcome {
    fn plain(state: MailState, attempt: bool, text: Option<String>) -> Self {
        let change =
            Change { state, event: state, doubt: false, attempt, stage: None, code: None, enhanced: None, text, told: true };
        Self { change, next_at: None, expires_at: None }
    }

    /// Somebody else is responsible for it now.
    pub fn sent() -> Self {
        Self::plain(MailState::Sent, true, None)
    }

    /// It is not sent, and why.
    pub fn dropped(state: MailState, why: &str) -> Self {
        let state = match state {
            MailState::Suppressed | MailState::Expired => state,
            _ => MailState::Cancelled,
        };
        Self::plain(state, false, Some(why.to_owned()))
    }

    /// Its time has not come: no attempt, nothing to tell. At least a minute later, so that a loop ends. The time that it has
    /// to arrive is put off by as much: whoever wanted quiet for a week must not miss what was written in it.
    pub fn later(message: &mail_message::Model, at: Time, now: Time) -> Self {
        let mut outcome = Self::plain(MailState::Queued, false, None);
        outcome.change.told = false;
        let at = at.max(now + Duration::minutes(1));
        outcome.next_at = Some(at);
        outcome.expires_at = message.expires_at.and_then(|end| end.checked_add_signed(at - now));
        outcome
    }

    /// We could not write it: a mistake of ours, which holds up no other letter.
    pub fn fault_of_ours(message: &mail_message::Model, text: &str, now: Time) -> Self {
        let mut outcome = Self::plain(MailState::Deferred, true, Some(without_addresses(text)));
        outcome.next_at = Some(again(message, WAITS.len(), now));
        outcome
    }

    /// The server, or the way to it, did not take it. Where it is not known whether it arrived, it is sent once more, the
    /// same to the byte; when that happens again it stays `uncertain`, for a person to look at.
    pub fn after(fault: SendFault, message: &mail_message::Model, now: Time) -> Self {
        let verdict = verdict(&fault);
        let doubt = verdict == MailState::Uncertain;
        let state = if doubt && message.doubts == 0 { MailState::Deferred } else { verdict };
        let waits = if about_us(&fault) { WAITS_FOR_RELAY } else { WAITS.len() };
        Self {
            next_at: (state == MailState::Deferred).then(|| again(message, waits, now)),
            expires_at: None,
            change: Change {
                state,
                event: verdict,
                doubt,
                attempt: true,
                stage: Some(fault.stage.word()),
                code: fault.code,
                enhanced: fault.enhanced,
                text: Some(without_addresses(&fault.text)),
                told: true,
            },
        }
    }
}

/// What a fault means. A refusal of **us** gives up no letter: an expired password, a sender the relay does not know, a
/// relay that wants us to sign in are put right by an operator, and every letter then goes out. No answer after the final
/// dot may mean either.
fn verdict(fault: &SendFault) -> MailState {
    match (fault.stage, fault.code) {
        (Stage::Dot, None) => MailState::Uncertain,
        (_, Some(code)) if code >= 500 && !about_us(fault) => MailState::Failed,
        _ => MailState::Deferred,
    }
}

/// Whether a refusal is about the sender: before RCPT it always is; at RCPT, if the server says that it wants us to sign in
/// (RFC 4954) or names security or policy (RFC 3463, x.7.x), as relays do for whom they do not relay.
fn about_us(fault: &SendFault) -> bool {
    match fault.stage {
        Stage::Connect | Stage::Mail => true,
        Stage::Recipient => {
            matches!(fault.code, Some(530 | 534 | 535 | 538))
                || fault.enhanced.as_deref().is_some_and(|code| code.starts_with("5.7."))
        }
        Stage::Data | Stage::Dot => false,
    }
}

/// When to try again, at the latest when the letter's time has passed: then it is laid aside, not sent.
fn again(message: &mail_message::Model, waits: usize, now: Time) -> Time {
    let attempt = usize::try_from(message.attempts).unwrap_or(0);
    let minutes = WAITS[attempt.min(waits - 1)];
    let at = now + jitter(Duration::minutes(minutes), message.id, message.attempts);
    message.expires_at.map_or(at, |end| at.min(end))
}

/// Up to a fifth more or less, so that letters deferred together do not come back together. The same letter and attempt
/// give the same.
fn jitter(wait: Duration, id: MailMessageId, attempt: i32) -> Duration {
    let hash = sha256(&[id.0.as_bytes().as_slice(), &attempt.to_be_bytes()].concat());
    let part = i64::from(u16::from_be_bytes([hash[0], hash[1]]));
    let millis = wait.num_milliseconds();
    Duration::milliseconds(millis - millis / 5 + millis * 2 / 5 * part / i64::from(u16::MAX))
}

/// A server's words as they are kept: without addresses, without line breaks, not too long.
pub fn without_addresses(text: &str) -> String {
    let clean = |word: &str| {
        if word.contains('@') { "(address)".to_owned() } else { word.chars().filter(|c| !c.is_control()).collect() }
    };
    let words: Vec<String> = text.split_whitespace().map(clean).collect();
    words.join(" ").chars().take(TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn fault(stage: Stage, code: Option<u16>) -> SendFault {
        SendFault { stage, code, enhanced: None, text: "x".into() }
    }

    #[test]
    fn a_refusal_of_us_gives_up_no_letter() {
        for code in [None, Some(421), Some(530), Some(535), Some(550), Some(554)] {
            assert_eq!(verdict(&fault(Stage::Connect, code)), MailState::Deferred);
            assert_eq!(verdict(&fault(Stage::Mail, code)), MailState::Deferred);
        }
        let recipient = |code, enhanced: Option<&str>| {
            let enhanced = enhanced.map(str::to_owned);
            verdict(&SendFault { stage: Stage::Recipient, code: Some(code), enhanced, text: "x".into() })
        };
        assert_eq!(recipient(530, None), MailState::Deferred);
        assert_eq!(recipient(550, Some("5.7.1")), MailState::Deferred);
        assert_eq!(recipient(554, Some("5.7.64")), MailState::Deferred);
        assert_eq!(recipient(550, Some("5.1.1")), MailState::Failed);
        assert_eq!(recipient(550, None), MailState::Failed);
    }

    #[test]
    fn the_servers_answer_decides() {
        for stage in [Stage::Recipient, Stage::Data, Stage::Dot] {
            assert_eq!(verdict(&fault(stage, Some(450))), MailState::Deferred);
            assert_eq!(verdict(&fault(stage, Some(550))), MailState::Failed);
        }
        assert_eq!(verdict(&fault(Stage::Recipient, None)), MailState::Deferred);
        assert_eq!(verdict(&fault(Stage::Dot, None)), MailState::Uncertain);
    }

    #[test]
    fn addresses_are_taken_out_of_a_servers_words() {
        let text = without_addresses("5.1.1 <ben@example.org>: Recipient address rejected:\r\n mailto:ben@example.org");
        assert_eq!(text, "5.1.1 (address) Recipient address rejected: (address)");
        assert_eq!(without_addresses(&"word ".repeat(1000)).len(), TEXT);
    }

    proptest! {
        #[test]
        fn jitter_stays_within_a_fifth(id in any::<u128>(), attempt in 0..100) {
            let id = MailMessageId(Uuid::from_u128(id));
            let wait = Duration::minutes(60);
            let got = jitter(wait, id, attempt);
            prop_assert!(got >= Duration::minutes(48) && got <= Duration::minutes(72));
            prop_assert_eq!(got, jitter(wait, id, attempt));
        }
    }
}
