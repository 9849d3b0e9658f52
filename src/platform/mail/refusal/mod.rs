//! What a refusal of a letter is about, said at once or in a report that comes later: by the enhanced code (RFC 3463), else by the basic code (RFC 5321, section 4.2),
//! else by its words.

mod codes;

pub use codes::{Status, code_in, status_in};

use codes::is_code;

/// What a refusal is about. Only the first says that the address will never work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// There is no such mailbox or domain: 5.1.1, 5.1.2, 5.1.3, 5.1.6, 5.1.10.
    NoSuchAddress,
    /// The mailbox is switched off, perhaps not for good: 5.2.1.
    Disabled,
    /// The mailbox is full: x.2.2, or 552 without an enhanced code.
    Full,
    /// The receiver does not want mail from us, or not such mail, or not now: x.7.x. It says nothing about the address.
    Policy,
    /// Something in the letter: x.6.x.
    Content,
    /// Our sender's address: 5.1.7, 5.1.8.
    Sender,
    /// The letter's size: 5.2.3, 5.3.4.
    Size,
    /// The letters of the address, which that server cannot write to: 5.6.7 (RFC 6531).
    Utf8,
    /// It may work later: 4.x.x, and 5.4.7, with which some give up what they did not deliver in time.
    Transient,
    /// Nothing of that, or nothing that can be told.
    Unknown,
}

/// The class of a refusal: `enhanced` and `code` as they were reported, `text` as the server that refused put it.
///
/// An enhanced code decides: the one in the server's own words before the one of the report, which may be a guess of the
/// server in between (sendmail reports `5.1.1` for every `550`). Where there is none, or only one that says nothing
/// (`5.x.0`), the basic code decides, and then the words, by a short list in English that prefers to know nothing.
///
/// The words decide against an enhanced code in these places:
/// - `5.1.1` of the report only, where the words speak of policy, of a full mailbox or of the letter: what they say;
/// - `5.2.1`, which Gmail says of mailboxes that get mail too fast: [`Refusal::Transient`];
/// - `5.4.1` with «Recipient address rejected: Access denied», as Microsoft 365 says of mailboxes that do not exist, and
///   `5.4.4`, as Postfix and Amazon say of domains that do not exist: [`Refusal::NoSuchAddress`].
pub fn of(enhanced: Option<Status>, code: Option<u16>, text: &str) -> Refusal {
    let telling = |status: &Status| !status.is_vague();
    let words = plain(text);
    let code = code.or_else(|| code_in(text));
    if let Some(own) = status_in(text).filter(telling) {
        return by_status(own, &words);
    }
    let told = match enhanced.filter(telling) {
        Some(status) => by_status(status, &words),
        None => return by_code(code, &words),
    };
    match (told, by_words(&words)) {
        (Refusal::NoSuchAddress, other @ (Refusal::Policy | Refusal::Full | Refusal::Content)) => other,
        _ => told,
    }
}

fn by_status(status: Status, words: &str) -> Refusal {
    match (status.class, status.subject, status.detail) {
        (_, 2, 2) => Refusal::Full,
        (_, 7, _) => Refusal::Policy,
        (5, 6, 7) => Refusal::Utf8,
        (_, 6, _) => Refusal::Content,
        (4, _, _) | (5, 4, 7) => Refusal::Transient,
        (5, 1, 1 | 2 | 3 | 6 | 10) => Refusal::NoSuchAddress,
        (5, 2, 1) if says(words, &["at a rate"]) => Refusal::Transient,
        (5, 2, 1) => Refusal::Disabled,
        (5, 1, 7 | 8) => Refusal::Sender,
        (5, 2, 3) | (5, 3, 4) => Refusal::Size,
        (5, 4, 1) if says(words, &["recipient address rejected: access denied"]) => Refusal::NoSuchAddress,
        (5, 4, 4) if says(words, NO_DOMAIN) || says(words, &["invalid domain"]) => Refusal::NoSuchAddress,
        _ => Refusal::Unknown,
    }
}

fn by_code(code: Option<u16>, words: &str) -> Refusal {
    match code {
        Some(400..=499) if says(words, FULL) => Refusal::Full,
        Some(400..=499) => Refusal::Transient,
        Some(552) if says(words, SIZE) => Refusal::Size,
        Some(552) => Refusal::Full,
        Some(500..=599) | None => by_words(words),
        Some(_) => Refusal::Unknown,
    }
}

/// Words that speak of the sender's standing come first: they may stand beside any other, and are no reason to give an
/// address up.
fn by_words(words: &str) -> Refusal {
    let rules = [
        (POLICY, Refusal::Policy),
        (SIZE, Refusal::Size),
        (SENDER, Refusal::Sender),
        (FULL, Refusal::Full),
        (DISABLED, Refusal::Disabled),
        (NO_ADDRESS, Refusal::NoSuchAddress),
        (NO_DOMAIN, Refusal::NoSuchAddress),
        (CONTENT, Refusal::Content),
        (LATER, Refusal::Transient),
    ];
    rules.iter().find(|(list, _)| says(words, list)).map_or(Refusal::Unknown, |(_, class)| *class)
}

const POLICY: &[&str] = &[
    "spam",
    "blocked",
    "blacklist",
    "block list",
    "blocklist",
    "banned",
    "policy",
    "reputation",
    "dmarc",
    "spf ",
    "dkim",
    "rbl",
    "unsolicited",
    "authentication",
    "not authorized",
    "not authorised",
    "not permitted",
    "relaying denied",
    "relay access denied",
    "unable to relay",
    "access denied",
    "too many",
    "rate limit",
    "greylist",
    "reverse dns",
    "ptr record",
    // Refused before they asked for whom it is (Exim, Postfix).
    "after initial connection",
    "after helo",
    "after ehlo",
    "in reply to helo",
    "in reply to ehlo",
];
const SENDER: &[&str] =
    &["unroutable sender", "unrouteable sender", "sender address rejected", "after mail from", "in reply to mail from"];
const CONTENT: &[&str] = &["virus", "line limit exceeded", "after end of data", "in reply to end of data"];
const SIZE: &[&str] = &["message size", "size exceeds", "message too large", "message is too large", "too big"];
const FULL: &[&str] = &[
    "mailbox full",
    "mailbox is full",
    "inbox is full",
    "over quota",
    "overquota",
    "quota exceeded",
    "exceeded quota",
    "exceeded storage",
    "exceeds quota",
    "storage allocation",
    "insufficient storage",
    "insufficient system storage",
    "is out of storage space",
];
const DISABLED: &[&str] = &[
    "is disabled",
    "been disabled",
    "account disabled",
    "mailbox disabled",
    "is inactive",
    "account inactive",
    "inactive user",
    "been suspended",
    "is suspended",
    "been deactivated",
    "is deactivated",
    "account is locked",
];
const NO_ADDRESS: &[&str] = &[
    "user unknown",
    "unknown user",
    "user is unknown",
    "unknown local user",
    "user not found",
    "no such user",
    "no such recipient",
    "no such address",
    "no such mailbox",
    "no such account",
    "no such local user",
    "no such person",
    "no mailbox here by that name",
    "mailbox not found",
    "mailbox does not exist",
    "unknown recipient",
    "recipient unknown",
    "recipient not found",
    "recipient address unknown",
    "recipient name is not recognized",
    "address unknown",
    "unknown address",
    "invalid recipient",
    "invalid mailbox",
    "unrouteable address",
    "unroutable address",
    "user does not exist",
    "user doesn't exist",
    "account does not exist",
    "address does not exist",
    "recipient does not exist",
    "does not have an account",
    "user doesn't have a",
    "account that you tried to reach does not exist",
    "not listed in domino directory",
];
const NO_DOMAIN: &[&str] = &[
    "host or domain name not found",
    "domain not found",
    "domain does not exist",
    "host unknown",
    "unknown host",
    "couldn't find any host",
    "no such domain",
    "domain name could not be found",
    "no mx record found",
    "couldn't find a mail exchanger",
];
const LATER: &[&str] = &["timed out", "timeout exceeded", "try again", "in the queue too long", "connection refused"];

fn says(words: &str, list: &[&str]) -> bool {
    list.iter().any(|word| words.contains(word))
}

/// Lower case, one space between words, plain apostrophes, and without codes: words of a list may be split over lines, each
/// of which begins with the codes again.
fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(400).filter(|word| !is_code(word)).collect();
    words.join(" ").to_lowercase().replace(['’', '`'], "'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use Refusal::*;

    #[test]
    fn the_enhanced_code_decides() {
        let table = [
            ("5.1.1", NoSuchAddress),
            ("5.1.2", NoSuchAddress),
            ("5.1.3", NoSuchAddress),
            ("5.1.6", NoSuchAddress),
            ("5.1.10", NoSuchAddress),
            ("5.1.0", Unknown),
            ("5.1.4", Unknown),
            ("5.2.1", Disabled),
            ("5.2.2", Full),
            ("4.2.2", Full),
            ("5.2.3", Size),
            ("5.2.4", Unknown),
            ("5.1.7", Sender),
            ("5.1.8", Sender),
            ("5.3.4", Size),
            ("5.3.3", Unknown),
            ("5.7.1", Policy),
            ("4.7.0", Policy),
            ("5.7.515", Policy),
            ("5.6.0", Content),
            ("4.6.1", Content),
            ("4.4.1", Transient),
            ("5.4.7", Transient),
            ("5.4.4", Unknown),
            ("2.0.0", Unknown),
        ];
        for (status, class) in table {
            assert_eq!(of(Status::read(status), Some(550), ""), class, "{status}");
        }
    }

    #[test]
    fn without_a_telling_enhanced_code_the_words_do() {
        let table = [
            ("550 User unknown", NoSuchAddress),
            ("550 5.0.0 User unknown", NoSuchAddress),
            ("550-5.1.1 The email account that you tried to reach\n550-5.1.1 does not exist", NoSuchAddress),
            ("Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'", NoSuchAddress),
            ("Sorry, no mailbox here by that name. (#5.1.1)", NoSuchAddress),
            ("Unrouteable address", NoSuchAddress),
            ("550 5.1.0 Address rejected", Unknown),
            ("550 5.5.0 Requested action not taken: mailbox unavailable", Unknown),
            ("550 Mailbox unavailable", Unknown),
            ("550 User unknown: see our spam policy", Policy),
            ("554 Relay access denied", Policy),
            ("550 5.7.1 user unknown", Policy),
            ("552 Mailbox is full", Full),
            ("552 Message size exceeds fixed limit", Size),
            ("553 5.6.7 needs SMTPUTF8", Utf8),
            ("550 Account has been disabled", Disabled),
            ("450 4.2.0 Greylisted", Transient),
            ("451 try later", Transient),
            ("452 4.2.2 over quota", Full),
            ("452 over quota", Full),
            ("554 something else", Unknown),
            ("host said: 550 Exim 4.96.1 at 5.1.1.1 has no opinion", Unknown),
            ("", Unknown),
            ("550-5.2.1 The user you are trying to contact is receiving mail at a\n550 5.2.1 rate that is too high", Transient),
            ("550 5.4.1 <a@b.example>: Recipient address rejected: Access denied. AS(201806281)", NoSuchAddress),
            ("550 5.4.1 Relay access denied", Unknown),
            ("550 Blocked (in reply to end of DATA command)", Policy),
            ("550 no (in reply to end of DATA command)", Content),
            ("550 5.4.4 Host or domain name not found. Name service error for name=example.invalid", NoSuchAddress),
        ];
        for (text, class) in table {
            assert_eq!(of(None, None, text), class, "{text}");
        }
        // A vague code of the report is made good by the server's words, a telling one is not overruled by them.
        assert_eq!(of(Status::read("5.0.0"), None, "450 4.2.0 Greylisted: retry timeout exceeded"), Transient);
        assert_eq!(of(Status::read("5.1.1"), None, "550 5.7.1 blocked"), Policy);
        assert_eq!(of(Status::read("5.1.1"), None, "550 blocked"), Policy);
        assert_eq!(of(Status::read("5.1.1"), None, "550 whatever"), NoSuchAddress);
        assert_eq!(of(Status::read("5.7.1"), None, "550 User unknown"), Policy);
        assert_eq!(of(None, Some(550), "no such user"), NoSuchAddress);
        assert_eq!(of(None, Some(250), "no such user"), Unknown);
    }
}
