//! What a server's refusal of a letter is about, whether it is said at once or in a report that comes back later.
//!
//! The enhanced code (RFC 3463) says more than the basic one, and servers' words are believed only where there is none.

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such address, or it has moved: x.1.1, x.1.2, x.1.3, x.1.6, x.1.10.
    NoSuchAddress,
    /// The address is there and takes nothing now: x.2.1.
    Disabled,
    /// Its mailbox is full: x.2.2.
    Full,
    /// Who we are, or how we are known: security and policy, x.7.x.
    Policy,
    /// What the letter holds or how it is made: x.6.x.
    Content,
    /// The sender's address: x.1.7, x.1.8.
    Sender,
    /// The letter is too large: x.2.3, x.3.4.
    Size,
    /// The address cannot be written to in this way: x.6.7 (RFC 6531).
    Utf8,
    /// Nothing more is known than that it is refused.
    Unknown,
}

/// What a refusal is about, by its codes and words.
pub fn read(code: Option<u16>, enhanced: Option<&str>, text: &str) -> Refusal {
    let mut parts = enhanced.unwrap_or_default().split('.').skip(1).map(|part| part.parse::<u16>().ok());
    if let (Some(Some(subject)), Some(Some(detail))) = (parts.next(), parts.next()) {
        let known = match (subject, detail) {
            (1, 1 | 2 | 3 | 6 | 10) => Some(Refusal::NoSuchAddress),
            (1, 7 | 8) => Some(Refusal::Sender),
            (2, 1) => Some(Refusal::Disabled),
            (2, 2) => Some(Refusal::Full),
            (2, 3) | (3, 4) => Some(Refusal::Size),
            (6, 7) => Some(Refusal::Utf8),
            (6, _) => Some(Refusal::Content),
            (7, _) => Some(Refusal::Policy),
            _ => None,
        };
        if let Some(known) = known {
            return known;
        }
    }
    match (code, by_words(text)) {
        (Some(552), None) => Refusal::Full,
        (_, Some(known)) => known,
        (_, None) => Refusal::Unknown,
    }
}

/// What servers say who give no code that tells more. Few words, and none that could mean something else: who is wrongly
/// taken for gone gets no letters.
fn by_words(text: &str) -> Option<Refusal> {
    const WORDS: [(Refusal, &[&str]); 5] = [
        (
            Refusal::NoSuchAddress,
            &[
                "user unknown",
                "unknown user",
                "no such user",
                "no such recipient",
                "no such mailbox",
                "no such address",
                "user not found",
                "user doesn't exist",
                "user does not exist",
                "mailbox not found",
                "recipient not found",
                "account does not exist",
                "address does not exist",
                "unrouteable address",
                "invalid recipient",
                "recipient unknown",
                "unknown recipient",
            ],
        ),
        (
            Refusal::Disabled,
            &["account disabled", "account is disabled", "mailbox disabled", "account has been disabled", "account inactive"],
        ),
        (Refusal::Full, &["mailbox full", "mailbox is full", "over quota", "quota exceeded", "exceeded storage"]),
        (Refusal::Size, &["message too large", "message size exceeds", "too big"]),
        (
            Refusal::Policy,
            &["blacklist", "blocklist", "blocked using", "spam", "dmarc", "spf check", "dkim", "reputation", "policy"],
        ),
    ];
    let text = text.to_lowercase();
    WORDS.into_iter().find(|(_, words)| words.iter().any(|word| text.contains(word))).map(|(refusal, _)| refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_enhanced_code_says_more_than_the_basic_one() {
        for (code, enhanced, text, expected) in [
            (550, Some("5.1.1"), "x", Refusal::NoSuchAddress),
            (550, Some("5.1.10"), "x", Refusal::NoSuchAddress),
            (552, Some("5.2.2"), "x", Refusal::Full),
            (452, Some("4.2.2"), "x", Refusal::Full),
            (550, Some("5.2.1"), "x", Refusal::Disabled),
            (550, Some("5.7.515"), "no such user", Refusal::Policy),
            (554, Some("5.6.0"), "x", Refusal::Content),
            (553, Some("5.6.7"), "x", Refusal::Utf8),
            (553, Some("5.1.8"), "x", Refusal::Sender),
            (552, Some("5.3.4"), "x", Refusal::Size),
            (550, None, "sorry", Refusal::Unknown),
            (550, None, "RCPT (address): User unknown in virtual table", Refusal::NoSuchAddress),
            (550, Some("5.0.0"), "Mailbox is full", Refusal::Full),
            (552, None, "x", Refusal::Full),
            (552, None, "Message size exceeds fixed limit", Refusal::Size),
            (554, None, "blocked using zen.example", Refusal::Policy),
        ] {
            assert_eq!(read(Some(code), enhanced, text), expected, "{code} {enhanced:?} {text}");
        }
    }
}
