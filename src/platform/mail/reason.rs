//! Why a letter stands where it does, in words for whoever sent it, and what they can do. Neither an address nor a server's
//! own words.

use super::refusal::{self, Refusal, Status};
use entity::{LetterReason as Reason, MailState, mail_message};

/// What happened.
pub fn said(reason: Reason) -> &'static str {
    match reason {
        Reason::NoSuchAddress => "There is no such e-mail address.",
        Reason::Disabled => "The mailbox is switched off.",
        Reason::Full => "The mailbox is full.",
        Reason::NotWelcome => "The other side does not take our mail.",
        Reason::Content => "The letter was refused for what it holds.",
        Reason::Sender => "The mail server does not take letters from our address.",
        Reason::TooLarge => "The letter is too large.",
        Reason::OtherLetters => "The address has letters that our mail server cannot write to.",
        Reason::NotNow => "The other side did not take it yet.",
        Reason::OurServer => "Our own mail server is not reached, or does not let us in.",
        Reason::NoAnswer => "It was handed over, and nobody said whether it was taken.",
        Reason::TooLate => "Its time had passed before it could leave.",
        Reason::NotWanted => "The person does not want such letters, or did not agree to them.",
        Reason::NotNeeded => "It was not needed any more.",
        Reason::Unwritten => "The letter could not be written.",
        Reason::Unknown => "It was refused, and no reason was given.",
    }
}

/// What whoever sent it can do.
pub fn advice(reason: Reason) -> &'static str {
    match reason {
        Reason::NoSuchAddress => {
            "Ask the person for their address in another way, and let them join with the new one. Nothing more is sent to the old one."
        }
        Reason::Disabled => {
            "Ask the person in another way. It is tried again with the next letter; if it is refused again a week later, nothing more is sent."
        }
        Reason::Full => "Wait: it is tried again for three days. If it matters, reach the person in another way.",
        Reason::NotWelcome => {
            "Whoever runs this installation can find out why with `alongside doctor mail`. Send once more when that is mended."
        }
        Reason::Content => {
            "Look at the words and the links of the letter, and ask whoever runs this installation to look at how the domain is set up."
        }
        Reason::Sender => {
            "Ask whoever runs this installation to set a sender that the mail server takes, then let the letters go on."
        }
        Reason::TooLarge => "Make the letter shorter, then send once more.",
        Reason::OtherLetters => {
            "Ask the person for another address, or ask whoever runs this installation for a mail server that can write to it (SMTPUTF8)."
        }
        Reason::NotNow => "Nothing: it is tried again by itself, for three days.",
        Reason::OurServer => {
            "Tell whoever runs this installation. Nobody has missed anything: letters wait and go out by themselves when it works again."
        }
        Reason::NoAnswer => {
            "If it is still on its way, it is sent once more by itself. If it has ended, decide whether the person should get it again."
        }
        Reason::TooLate => "Send once more, if it is still of use.",
        Reason::NotWanted => "Nothing. Please do not write to them about this in another way either.",
        Reason::NotNeeded => "Nothing.",
        Reason::Unwritten => "Tell whoever runs this installation: the log says why. It is tried again by itself.",
        Reason::Unknown => "Send once more, or reach the person in another way.",
    }
}

/// Why a letter stands where it does; `None` where all is well: it waits its turn, or was sent.
pub fn of(letter: &mail_message::Model) -> Option<Reason> {
    by_state(letter.state, letter.reason)
}

/// The same, from what is kept of it.
pub fn by_state(state: MailState, refused: Option<Reason>) -> Option<Reason> {
    Some(match state {
        MailState::Queued | MailState::Leased | MailState::Dot | MailState::Sent => return None,
        MailState::Suppressed => Reason::NotWanted,
        MailState::Cancelled => Reason::NotNeeded,
        MailState::Expired => Reason::TooLate,
        MailState::Uncertain => Reason::NoAnswer,
        MailState::Deferred | MailState::Failed => refused.unwrap_or(Reason::Unknown),
    })
}

/// What a refusal is about: at which step it was, the codes, and the server's words. `for_good` if it is not tried again.
pub(super) fn of_refusal(stage: Option<&str>, code: Option<u16>, enhanced: Option<&str>, text: &str, for_good: bool) -> Reason {
    match (stage, code) {
        // Without a step it was tried as long as there was time, or not at all.
        (None, None) => return if for_good { Reason::NotNow } else { Reason::Unwritten },
        (Some("connect" | "tls" | "greeting" | "hello" | "auth"), _) => return Reason::OurServer,
        (Some("dot"), None) => return Reason::NoAnswer,
        (Some("mail" | "recipient" | "data"), None) => return Reason::OurServer,
        _ => {}
    }
    match refusal::of(enhanced.and_then(Status::read), code, text) {
        Refusal::NoSuchAddress => Reason::NoSuchAddress,
        Refusal::Disabled => Reason::Disabled,
        Refusal::Full => Reason::Full,
        Refusal::Policy => Reason::NotWelcome,
        Refusal::Content => Reason::Content,
        Refusal::Sender => Reason::Sender,
        Refusal::Size => Reason::TooLarge,
        Refusal::Utf8 => Reason::OtherLetters,
        Refusal::Transient => Reason::NotNow,
        Refusal::Unknown if for_good => Reason::Unknown,
        Refusal::Unknown => Reason::NotNow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_reason_has_words_and_advice_of_its_own() {
        let said: HashSet<_> = Reason::ALL.iter().map(|reason| said(*reason)).collect();
        assert_eq!(said.len(), Reason::ALL.len());
        assert!(Reason::ALL.iter().all(|reason| advice(*reason).ends_with('.')));
    }

    #[test]
    fn a_refusal_has_the_reason_that_its_sender_can_do_something_about() {
        for (stage, code, enhanced, text, for_good, reason) in [
            (Some("connect"), None, None, "the server is not reached: connection refused", false, Reason::OurServer),
            (Some("auth"), Some(535), Some("5.7.8"), "bad password", false, Reason::OurServer),
            (Some("recipient"), Some(550), Some("5.1.1"), "no such user", true, Reason::NoSuchAddress),
            (Some("recipient"), Some(450), Some("4.2.0"), "greylisted", false, Reason::NotNow),
            (Some("recipient"), Some(550), None, "no", true, Reason::Unknown),
            (Some("recipient"), Some(452), Some("4.2.2"), "over quota", false, Reason::Full),
            (Some("dot"), Some(550), Some("5.7.515"), "access denied", true, Reason::NotWelcome),
            (Some("dot"), Some(554), Some("5.6.0"), "message rejected", true, Reason::Content),
            (Some("dot"), None, None, "the server did not answer in time", false, Reason::NoAnswer),
            (Some("mail"), Some(552), Some("5.3.4"), "too big", true, Reason::TooLarge),
            (Some("recipient"), Some(553), Some("5.6.7"), "needs SMTPUTF8", true, Reason::OtherLetters),
            (None, None, None, "no row for (address)", false, Reason::Unwritten),
            (Some("returned"), Some(550), Some("5.1.1"), "unknown user", true, Reason::NoSuchAddress),
        ] {
            assert_eq!(of_refusal(stage, code, enhanced, text, for_good), reason, "{text}");
        }
    }
}
