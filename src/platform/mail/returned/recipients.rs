//! Whom a message came to, for mail that is fetched from a mailbox and so has lost its envelope.

use super::{
    MOST,
    header::{Headers, addresses, bare},
};

/// Most addresses that are answered.
const ADDRESSES: usize = 100;

/// Where an address was found, the most trustworthy first: what the server wrote down on delivery, then what the sender
/// wrote. Senders can write any of them, so only a token in the address proves anything (see [`super::verp`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// `Delivered-To`, and `X-Delivered-To`.
    DeliveredTo,
    /// `X-Original-To` (Postfix).
    OriginalTo,
    /// `Envelope-To` (Exim), and `X-Envelope-To`.
    EnvelopeTo,
    /// `for` in `Received` (RFC 5321, section 4.4), newest first.
    Received,
    /// `To`.
    To,
    /// `Cc`.
    Cc,
}

/// The addresses that a message came to, each once, in order of trust. Empty for what is no message. At most 100, and of a
/// message larger than 10 MB none.
pub fn recipients(raw: &[u8]) -> Vec<(Source, String)> {
    if raw.len() > MOST {
        return Vec::new();
    }
    let (headers, _) = Headers::split(raw);
    let written = |source: Source, name: &'static str| headers.addresses(name).into_iter().map(move |address| (source, address));
    let found = written(Source::DeliveredTo, "delivered-to")
        .chain(written(Source::DeliveredTo, "x-delivered-to"))
        .chain(written(Source::OriginalTo, "x-original-to"))
        .chain(written(Source::EnvelopeTo, "envelope-to"))
        .chain(written(Source::EnvelopeTo, "x-envelope-to"))
        .chain(headers.all("received").filter_map(|value| received_for(&value)).map(|address| (Source::Received, address)))
        .chain(written(Source::To, "to"))
        .chain(written(Source::Cc, "cc"));
    let mut answer: Vec<(Source, String)> = Vec::new();
    for (source, address) in found {
        if answer.len() < ADDRESSES && !answer.iter().any(|(_, known)| known.eq_ignore_ascii_case(&address)) {
            answer.push((source, address));
        }
    }
    answer
}

fn received_for(value: &str) -> Option<String> {
    let (_, rest) = value.split_once(" for ")?;
    let word = rest.split([' ', ';']).next()?;
    bare(word).or_else(|| addresses(word).pop())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_in_order_of_trust() {
        let raw = b"To: \"Sunrise\" <letters@example.org>, R+AB@example.org\nCc: c@example.org\nReceived: from a by b with ESMTP id 1\n for <r+ab@example.org>; Tue, 5 May 2026\nX-Original-To: o@example.org\nEnvelope-to: e@example.org\nDelivered-To: d@example.org\nDelivered-To: <d2@example.org>\n\nTo: x@example.org\n";
        let want = [
            (Source::DeliveredTo, "d@example.org"),
            (Source::DeliveredTo, "d2@example.org"),
            (Source::OriginalTo, "o@example.org"),
            (Source::EnvelopeTo, "e@example.org"),
            (Source::Received, "r+ab@example.org"),
            (Source::To, "letters@example.org"),
            (Source::Cc, "c@example.org"),
        ];
        let got = recipients(raw);
        assert_eq!(got.iter().map(|(source, address)| (*source, address.as_str())).collect::<Vec<_>>(), want);
        assert!(want.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        assert_eq!(recipients(b"no header"), []);
    }
}
