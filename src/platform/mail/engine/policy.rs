//! What becomes of a letter after an answer, or none. Pure: time and the letter's row are arguments.
//!
//! Only what a server says of the **address** is held against the address. Who we are, how we sign in, what the letter holds:
//! none of that stops letters to a person.

use crate::platform::{
    mail::{
        priority, reason,
        redact::without_addresses,
        refusal::{self, Refusal, Status},
        transport::{SendFault, Stage},
    },
    secret::sha256,
};
use chrono::Duration;
use entity::{LetterReason, MailMessageId, MailState, Time, mail_message};

/// How long to wait after the first, second, ... attempt; the last one repeats until the letter's time has passed.
const WAITS: [i64; 7] = [1, 5, 15, 60, 120, 240, 480];
/// After this many of them nobody waits longer for our own relay: it may be back at any moment.
const WAITS_FOR_RELAY: usize = 3;
/// Nobody waits longer than this because a server asked for it.
const LONGEST_HINT: Duration = Duration::hours(8);
/// So often a server may take leave at a letter before that is held against the letter.
const PATIENCE: i32 = 5;

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
    /// Whether the server took leave instead of answering.
    pub turned_away: bool,
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

/// What an answer says of a server or a domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sign {
    /// It works.
    Good,
    /// It does not work for us now.
    Fault,
    /// It works, and wants less at a time.
    Busy,
    /// Nothing.
    #[default]
    None,
}

impl Change {
    /// What it is about, where the letter was refused or could not be handed over.
    pub fn reason(&self) -> Option<LetterReason> {
        let for_good = match self.state {
            MailState::Deferred => false,
            MailState::Failed => true,
            _ => return None,
        };
        let text = self.text.as_deref().unwrap_or_default();
        Some(reason::of_refusal(self.stage, self.code, self.enhanced.as_deref(), text, for_good))
    }
}

/// Why a sending is stopped until somebody has looked at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The letter is refused for what it holds; after several in a row.
    Content,
    /// The sender's address is refused.
    Sender,
    /// The letter is too large.
    Size,
}

/// Letters to an address are given up: at once, or when it was refused before, so long ago or longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suppress {
    /// There is no such address.
    Now,
    /// It was refused before, at least so long ago.
    Again(Duration),
}

impl Suppress {
    /// What a refusal for good means for the address: nothing, where it is about us or the letter.
    pub fn after(refusal: Refusal) -> Option<Self> {
        match refusal {
            Refusal::NoSuchAddress => Some(Self::Now),
            Refusal::Disabled => Some(Self::Again(Duration::days(7))),
            Refusal::Unknown => Some(Self::Again(Duration::days(1))),
            _ => None,
        }
    }
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
    /// What it says of the server.
    pub server: Sign,
    /// What it says of the recipient's domain.
    pub domain: Sign,
    /// Whether the address gets letters any more.
    pub suppress: Option<Suppress>,
    /// Whether the sending is stopped.
    pub stop: Option<Stop>,
}

/// What a fault means, before times are reckoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Verdict {
    state: MailState,
    attempt: bool,
    server: Sign,
    domain: Sign,
    suppress: Option<Suppress>,
    stop: Option<Stop>,
}

impl Verdict {
    const fn of(state: MailState) -> Self {
        Self { state, attempt: true, server: Sign::Good, domain: Sign::None, suppress: None, stop: None }
    }

    /// Later, because of us or our server.
    const fn ours(attempt: bool) -> Self {
        Self { attempt, server: Sign::Fault, ..Self::of(MailState::Deferred) }
    }
}

impl Outcome {
    fn plain(state: MailState, attempt: bool, text: Option<String>) -> Self {
        let change = Change {
            state,
            event: state,
            doubt: false,
            attempt,
            turned_away: false,
            stage: None,
            code: None,
            enhanced: None,
            text,
            told: true,
        };
        Self { change, next_at: None, expires_at: None, server: Sign::None, domain: Sign::None, suppress: None, stop: None }
    }

    /// Somebody else is responsible for it now.
    pub fn sent() -> Self {
        Self { server: Sign::Good, domain: Sign::Good, ..Self::plain(MailState::Sent, true, None) }
    }

    /// It is not sent, and why.
    pub fn dropped(state: MailState, why: &str) -> Self {
        let state = match state {
            MailState::Suppressed | MailState::Expired => state,
            _ => MailState::Cancelled,
        };
        Self::plain(state, false, Some(why.to_owned()))
    }

    /// Its time has passed. Where it was tried, what was said the last time is why it failed.
    pub fn too_late(message: &mail_message::Model) -> Self {
        const LATE: &str = "its time had passed before it could be delivered";
        if message.attempts == 0 || message.last_stage.is_none() {
            return Self::dropped(MailState::Expired, LATE);
        }
        let last = message.last_text.as_deref().unwrap_or_default();
        let mut outcome = Self::plain(MailState::Failed, false, Some(without_addresses(&format!("{LATE}; at last: {last}"), [])));
        outcome.change.code = message.last_code.and_then(|code| u16::try_from(code).ok());
        outcome.change.enhanced.clone_from(&message.last_enhanced);
        outcome
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
        let mut outcome = Self::plain(MailState::Deferred, true, Some(without_addresses(text, [])));
        outcome.next_at = Some(again(message, WAITS.len(), None, now));
        outcome
    }

    /// What is noted of a server that could not be reached.
    pub fn unreached(fault: &SendFault) -> Change {
        let mut change = Self::plain(MailState::Deferred, false, Some(without_addresses(&fault.text, []))).change;
        (change.stage, change.code, change.enhanced) = (Some(fault.stage.word()), fault.code, fault.enhanced.clone());
        change
    }

    /// The server, or the way to it, did not take it. Where it is not known whether it arrived, it is sent once more, the
    /// same to the byte; when that happens again it stays `uncertain`, for a person to look at.
    pub fn after(fault: SendFault, message: &mail_message::Model, now: Time) -> Self {
        let verdict = verdict(&fault, message);
        let doubt = verdict.state == MailState::Uncertain;
        let state = if doubt && message.doubts == 0 { MailState::Deferred } else { verdict.state };
        let waits = if verdict.server == Sign::Fault { WAITS_FOR_RELAY } else { WAITS.len() };
        let next_at = match state {
            MailState::Deferred => Some(again(message, waits, hint(&fault.text), now)),
            MailState::Queued => Some(now),
            _ => None,
        };
        Self {
            next_at,
            expires_at: None,
            server: verdict.server,
            domain: verdict.domain,
            suppress: verdict.suppress,
            stop: verdict.stop,
            change: Change {
                state,
                event: verdict.state,
                doubt,
                attempt: verdict.attempt,
                turned_away: fault.code == Some(421),
                stage: Some(fault.stage.word()),
                code: fault.code,
                enhanced: fault.enhanced,
                text: Some(without_addresses(&fault.text, [])),
                told: true,
            },
        }
    }
}

/// What a fault means.
fn verdict(fault: &SendFault, message: &mail_message::Model) -> Verdict {
    let about = refusal::of(fault.enhanced.as_deref().and_then(Status::read), fault.code, &fault.text);
    let bulk = message.priority >= priority::INVITATION;
    let stopped = |stop| Verdict { stop: Some(stop), attempt: false, ..Verdict::of(MailState::Queued) };
    match (fault.stage, fault.code) {
        // No answer after the final dot may mean either.
        (Stage::Dot, None) => Verdict { server: Sign::Fault, ..Verdict::of(MailState::Uncertain) },
        (_, None) => Verdict::ours(fault.stage >= Stage::Mail),
        // The server ends the connection: that costs the letter nothing, unless it is this letter that makes it do so.
        (_, Some(421)) if message.turned_away >= PATIENCE => Verdict { server: Sign::Busy, ..Verdict::of(MailState::Deferred) },
        (_, Some(421)) => Verdict { attempt: false, server: Sign::Busy, ..Verdict::of(MailState::Queued) },
        (stage, Some(_)) if stage < Stage::Mail => Verdict::ours(false),
        (Stage::Mail, Some(500..)) => match about {
            Refusal::Size if bulk => stopped(Stop::Size),
            Refusal::Size => Verdict::of(MailState::Failed),
            _ if bulk && !wants_sign_in(fault) => stopped(Stop::Sender),
            _ => Verdict::ours(true),
        },
        (Stage::Mail, Some(_)) => Verdict::ours(true),
        (_, Some(500..)) if wants_sign_in(fault) || will_not_relay(fault) => Verdict::ours(true),
        (_, Some(500..)) => refused(fault.stage, about, bulk),
        // Full is the person's matter, everything else at RCPT is how that domain takes letters from us.
        (Stage::Recipient, Some(_)) if about != Refusal::Full => {
            Verdict { domain: Sign::Fault, ..Verdict::of(MailState::Deferred) }
        }
        (_, Some(_)) => Verdict::of(MailState::Deferred),
    }
}

/// What it means that a letter, or its recipient, is refused for good.
fn refused(stage: Stage, about: Refusal, bulk: bool) -> Verdict {
    let failed = Verdict::of(MailState::Failed);
    let content = (stage != Stage::Recipient).then_some(Stop::Content);
    match about {
        Refusal::NoSuchAddress | Refusal::Disabled => Verdict { suppress: Suppress::after(about), ..failed },
        Refusal::Full => Verdict::of(MailState::Deferred),
        Refusal::Policy => Verdict { domain: Sign::Fault, stop: content, ..failed },
        Refusal::Sender if bulk => Verdict { stop: Some(Stop::Sender), attempt: false, ..Verdict::of(MailState::Queued) },
        Refusal::Sender => Verdict::ours(true),
        Refusal::Utf8 => failed,
        Refusal::Size | Refusal::Content => Verdict { stop: Some(Stop::Content), ..failed },
        Refusal::Transient | Refusal::Unknown if stage == Stage::Recipient => {
            Verdict { suppress: Suppress::after(Refusal::Unknown), ..failed }
        }
        Refusal::Transient | Refusal::Unknown => Verdict { stop: content, ..failed },
    }
}

/// Whether a server says that we have to sign in first (RFC 4954, 6).
fn wants_sign_in(fault: &SendFault) -> bool {
    matches!(fault.code, Some(530 | 534 | 535 | 538))
}

/// Whether our own server says that it does not pass letters on for us, which it says of any address.
fn will_not_relay(fault: &SendFault) -> bool {
    let text = fault.text.to_lowercase();
    fault.stage == Stage::Recipient
        && text.contains("relay")
        && ["denied", "not permitted", "prohibited"].iter().any(|word| text.contains(word))
}

/// When to try again, at the latest when the letter's time has passed: then it is laid aside, not sent.
fn again(message: &mail_message::Model, waits: usize, hint: Option<Duration>, now: Time) -> Time {
    let attempt = usize::try_from(message.attempts).unwrap_or(0);
    let minutes = WAITS.get(attempt.min(waits - 1)).copied().unwrap_or(1);
    let wait = Duration::minutes(minutes).max(hint.unwrap_or_default());
    let at = now + jitter(wait, message.id, message.attempts);
    message.expires_at.map_or(at, |end| at.min(end))
}

/// How long a server wants us to wait, if it says so: “try again in 300 seconds”.
fn hint(text: &str) -> Option<Duration> {
    let text = text.to_lowercase();
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let Ok(number) = word.parse::<i64>() else { continue };
        let unit = match words.peek()? {
            unit if unit.starts_with("sec") => Duration::seconds(1),
            unit if unit.starts_with("min") => Duration::minutes(1),
            unit if unit.starts_with("hour") => Duration::hours(1),
            _ => continue,
        };
        let seconds = unit.num_seconds().checked_mul(number)?;
        return Duration::try_seconds(seconds).map(|wait| wait.min(LONGEST_HINT));
    }
    None
}

/// Up to a fifth more or less, so that letters deferred together do not come back together. The same letter and attempt
/// give the same.
fn jitter(wait: Duration, id: MailMessageId, attempt: i32) -> Duration {
    let hash = sha256(&[id.0.as_bytes().as_slice(), &attempt.to_be_bytes()].concat());
    let part = i64::from(u16::from_be_bytes([hash[0], hash[1]]));
    let millis = wait.num_milliseconds();
    Duration::milliseconds(millis - millis / 5 + millis * 2 / 5 * part / i64::from(u16::MAX))
}

#[cfg(test)]
mod tests;
