#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, clippy::panic)]

use super::*;
use proptest::{prelude::*, sample::Index};
use ring::signature::{ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

macro_rules! pem {
    ($name:literal) => {
        include_bytes!(concat!("keys/", $name)).as_slice()
    };
}

const AT: i64 = 1_804_000_000;
const LETTER: &str = "From: \"Sunrise trust\" <alongside@sunrise.example>\r\n\
    To: ben@example.org\r\n\
    Subject: =?utf-8?b?V2hhdCB3ZSBoZWFyZCDinJM=?=\r\n\
    Date: Mon, 01 Mar 2027 09:00:00 +0000\r\n\
    Message-ID: <0199d3c2@alongside>\r\n\
    MIME-Version: 1.0\r\n\
    List-Unsubscribe: <https://a.example/u/au_abc>\r\n\
    List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    \r\n\
    Hello,\r\n\
    \r\n\
    here is what we heard.\r\n";

/// The message of RFC 8463, appendix A.3, and its Ed25519 signature.
const RFC_8463: &str = "From: Joe SixPack <joe@football.example.com>\r\n\
    To: Suzie Q <suzie@shopping.example.net>\r\n\
    Subject: Is dinner ready?\r\n\
    Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
    Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\
    \r\n\
    Hi.\r\n\
    \r\n\
    We lost the game.  Are you hungry yet?\r\n\
    \r\n\
    Joe.\r\n";
const RFC_8463_HEAD: &str = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n \
    d=football.example.com; i=@football.example.com;\r\n \
    q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n \
    subject : date : message-id : from : subject : date;\r\n \
    bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n \
    b=";
const RFC_8463_SIGNATURE: [&str; 2] =
    ["/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus", "Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="];

fn key(pem: &[u8]) -> Key {
    Key::read(pem).unwrap_or_else(|why| panic!("the file {why}"))
}

fn signer(keys: &[(&str, &[u8])]) -> Signer {
    let keys = keys.iter().map(|(selector, pem)| ((*selector).to_owned(), key(pem))).collect();
    Signer::new("sunrise.example", keys).unwrap()
}

fn both() -> Signer {
    signer(&[("r1", pem!("rsa2048.pem")), ("e1", pem!("ed25519.pem"))])
}

fn signed(signer: &Signer, message: &[u8]) -> Vec<u8> {
    [signer.sign(message, AT).unwrap().as_bytes(), message].concat()
}

/// The canonical form of a body.
fn body(text: &[u8]) -> Vec<u8> {
    let mut canonical = Vec::new();
    relaxed_body(text, |piece| canonical.extend_from_slice(piece));
    canonical
}

/// The canonical form of all header fields of a message.
fn head(message: &[u8]) -> Vec<u8> {
    let mut canonical = Vec::new();
    for (name, value) in parts(message).unwrap().0 {
        relaxed_field(std::str::from_utf8(name).unwrap(), value, &mut canonical);
        canonical.extend_from_slice(b"\r\n");
    }
    canonical
}

/// The tags of the first signature.
fn tags(headers: &str) -> Vec<(String, String)> {
    let value = headers.replace("\r\n", "").replacen("DKIM-Signature:", "", 1);
    let tag = |tag: &str| tag.trim().split_once('=').map(|(name, value)| (name.to_owned(), value.replace(' ', ""))).unwrap();
    value.split("DKIM-Signature:").next().unwrap().split(';').map(tag).collect()
}

/// Checks signatures as a receiver does, for tests alone: from the text of RFC 6376, with no function of the signer, by
/// replacing in strings what the signer reads byte by byte.
mod verifier {
    use super::*;

    fn squeeze(text: &str) -> String {
        let mut text = text.replace('\t', " ");
        while text.contains("  ") {
            text = text.replace("  ", " ");
        }
        text
    }

    fn canonical_body(text: &str) -> String {
        let whole = if text.is_empty() || text.ends_with("\r\n") { text.to_owned() } else { format!("{text}\r\n") };
        let mut text = squeeze(&whole).replace(" \r\n", "\r\n");
        while text.ends_with("\r\n\r\n") {
            text.truncate(text.len() - 2);
        }
        if text == "\r\n" { String::new() } else { text }
    }

    fn canonical_header(name: &str, value: &str) -> String {
        format!("{}:{}", name.to_ascii_lowercase().trim_end_matches([' ', '\t']), squeeze(value).trim_matches(' '))
    }

    fn bytes(text: &str) -> Vec<u8> {
        text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
    }

    fn check(tags: &[(String, String)], text: &[u8], body: &str, records: &[Record]) -> Result<(), String> {
        let tag = |name: &'static str| tags.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str()).ok_or(name);
        let place = format!("{}._domainkey.{}", tag("s")?, tag("d")?);
        let record = records.iter().find(|record| record.name == place).ok_or("no record")?;
        let (kind, public) = record.value.strip_prefix("v=DKIM1; k=").unwrap().split_once("; p=").unwrap();
        if tag("v")? != "1" || tag("c")? != "relaxed/relaxed" || tag("a")? != format!("{kind}-sha256") {
            return Err("another form".into());
        }
        if tag("bh")? != STANDARD.encode(digest(&SHA256, &bytes(&canonical_body(body)))) {
            return Err("another body".into());
        }
        let public = STANDARD.decode(public).unwrap();
        let signature = STANDARD.decode(tag("b")?).map_err(|_| "no base64")?;
        let good = match kind {
            "rsa" => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &public[24..]).verify(text, &signature),
            "ed25519" => UnparsedPublicKey::new(&ED25519, &public).verify(digest(&SHA256, text).as_ref(), &signature),
            _ => panic!("{kind}"),
        };
        good.map_err(|_| "another signature".into())
    }

    /// What becomes of every signature of a message.
    pub fn verify(message: &[u8], records: &[Record]) -> Vec<Result<(), String>> {
        // A character for each byte.
        let message: String = message.iter().map(|byte| char::from(*byte)).collect();
        let (head, body) = message.split_once("\r\n\r\n").unwrap_or((message.trim_end_matches("\r\n"), ""));
        let head = head.replace("\r\n ", " ").replace("\r\n\t", "\t");
        let fields: Vec<(&str, &str)> = head.split("\r\n").filter_map(|field| field.split_once(':')).collect();
        let mut verdicts = Vec::new();
        for (_, value) in fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("dkim-signature")) {
            let mut tags = Vec::new();
            let mut emptied = Vec::new();
            for tag in value.split(';') {
                let (name, content) = tag.split_once('=').unwrap_or((tag, ""));
                tags.push((name.trim().to_owned(), content.replace([' ', '\t'], "")));
                emptied.push(if name.trim() == "b" { format!("{name}=") } else { tag.to_owned() });
            }
            let mut left = fields.clone();
            let mut text = String::new();
            let names = tags.iter().find(|(name, _)| name == "h").map(|(_, names)| names.clone()).unwrap_or_default();
            for name in names.split(':') {
                let same = |(other, _): &(&str, &str)| other.trim_end_matches([' ', '\t']).eq_ignore_ascii_case(name);
                if let Some(index) = left.iter().rposition(same) {
                    let (name, value) = left.remove(index);
                    text += &format!("{}\r\n", canonical_header(name, value));
                }
            }
            text += &canonical_header("dkim-signature", &emptied.join(";"));
            verdicts.push(check(&tags, &bytes(&text), body, records));
        }
        verdicts
    }
}

fn passes(message: &[u8], signer: &Signer) -> bool {
    let verdicts = verifier::verify(message, &signer.record());
    assert_eq!(verdicts.len(), signer.keys.len(), "{}", String::from_utf8_lossy(message));
    let good = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
    assert!(good == 0 || good == verdicts.len(), "{verdicts:?}");
    good > 0
}

#[test]
fn the_example_of_rfc_6376_3_4_5() {
    let message = b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n";
    assert_eq!(head(message), b"a:X\r\nb:Y Z\r\n");
    assert_eq!(body(parts(message).unwrap().1), b" C\r\nD E\r\n");
}

#[test]
fn bodies() {
    for (text, canonical) in [
        ("", ""),
        ("\r\n", ""),
        ("\r\n\r\n\r\n", ""),
        (" \t\r\n \r\n", ""),
        ("   ", ""),
        ("a", "a\r\n"),
        ("a \t", "a\r\n"),
        ("a\r\n", "a\r\n"),
        ("a\r\n\r\n \r\n", "a\r\n"),
        ("\r\n\r\na\r\n", "\r\n\r\na\r\n"),
        ("a\r\n \t\r\n\r\nb", "a\r\n\r\n\r\nb\r\n"),
        ("\ta\t\tb  c \r\n", " a b c\r\n"),
        (" \t a\r\n", " a\r\n"),
        ("\u{b}a\u{c}\u{a0}\r\n", "\u{b}a\u{c}\u{a0}\r\n"),
    ] {
        assert_eq!(body(text.as_bytes()), canonical.as_bytes(), "{text:?}");
    }
    // RFC 6376, 3.4.4.
    assert_eq!(STANDARD.encode(hash(b"")), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

#[test]
fn heads() {
    for (field, canonical) in [
        ("A:", "a:"),
        ("A: \t ", "a:"),
        ("A:b", "a:b"),
        ("a-B \t:\tb\t\tc ", "a-b:b c"),
        ("A:\r\n b\r\n\t \r\n c", "a:b c"),
        ("A: b:c\u{b}", "a:b:c\u{b}"),
    ] {
        assert_eq!(head(format!("{field}\r\n").as_bytes()), format!("{canonical}\r\n").as_bytes(), "{field:?}");
    }
    // No empty line: a message without a body.
    assert_eq!(parts(b"A: b\r\n").unwrap(), (vec![(b"A".as_slice(), b" b\r\n".as_slice())], b"".as_slice()));
    assert_eq!(parts(b"A: b").unwrap(), (vec![(b"A".as_slice(), b" b".as_slice())], b"".as_slice()));
    assert_eq!(parts(b"\r\nA: b\r\n").unwrap(), (vec![], b"A: b\r\n".as_slice()));
}

#[test]
fn rfc_8463_appendix_a() {
    let signer = Signer::new("Football.Example.com", vec![("brisbane".to_owned(), key(pem!("rfc8463.pem")))]).unwrap();
    let records = signer.record();
    assert_eq!(records[0].name, "brisbane._domainkey.football.example.com");
    assert_eq!(records[0].value, "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    // The verifier of these tests takes the published signature, and nothing else.
    let published = format!("{RFC_8463_HEAD}{}\r\n {}\r\n{RFC_8463}", RFC_8463_SIGNATURE[0], RFC_8463_SIGNATURE[1]);
    assert!(passes(published.as_bytes(), &signer));
    for (from, to) in [("ready?", "ready!"), ("hungry", "Hungry"), ("1528637909", "1528637908"), ("/gCr", "/gCs")] {
        assert!(!passes(published.replacen(from, to, 1).as_bytes(), &signer), "{from}");
    }
    // The signer's own form of the same text gives the same signature.
    let (fields, text) = parts(RFC_8463.as_bytes()).unwrap();
    assert_eq!(STANDARD.encode(hash(text)), "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
    let mut canonical = Vec::new();
    for (name, value) in fields {
        relaxed_field(std::str::from_utf8(name).unwrap(), value, &mut canonical);
        canonical.extend_from_slice(b"\r\n");
    }
    let (name, value) = RFC_8463_HEAD.split_once(':').unwrap();
    relaxed_field(name, value.as_bytes(), &mut canonical);
    assert_eq!(STANDARD.encode(signer.keys[0].1.sign(&canonical).unwrap()), RFC_8463_SIGNATURE.concat());
    // And with the headers and tags that we write.
    let headers = signer.sign(RFC_8463.as_bytes(), 1_528_637_909).unwrap();
    assert!(headers.contains("bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;"), "{headers}");
    assert!(passes(&signed(&signer, RFC_8463.as_bytes()), &signer));
}

#[test]
fn keys_are_read_and_published() {
    for (pem, kind, public) in [
        (pem!("rsa2048.pem"), "rsa", Some(pem!("rsa2048.pub"))),
        (pem!("rsa2048.pkcs1.pem"), "rsa", Some(pem!("rsa2048.pkcs1.pub"))),
        (pem!("rsa3072.pem"), "rsa", Some(pem!("rsa3072.pub"))),
        (pem!("rsa4096.pem"), "rsa", Some(pem!("rsa4096.pub"))),
        (pem!("ed25519.pem"), "ed25519", Some(pem!("ed25519.pub"))),
        (pem!("ed25519.v2.pem"), "ed25519", Some(pem!("ed25519.pub"))),
    ] {
        let signer = signer(&[("s", pem)]);
        let record = &signer.record()[0];
        assert_eq!(record.name, "s._domainkey.sunrise.example");
        let (before, p) = record.value.split_once("; p=").unwrap();
        assert_eq!(before, format!("v=DKIM1; k={kind}"));
        let expected = STANDARD.decode(public.unwrap().trim_ascii_end()).unwrap();
        // Of Ed25519, what the other program puts in front of the 32 bytes is left out.
        let expected = if kind == "rsa" { &expected[..] } else { &expected[12..] };
        assert_eq!(STANDARD.decode(p).unwrap(), expected);
        assert!(passes(&signed(&signer, LETTER.as_bytes()), &signer));
    }
    // Text before the key, other line ends, no line end at the end.
    let text = String::from_utf8(pem!("ed25519.pem").to_vec()).unwrap();
    for text in [format!("made today\n{text}"), text.replace('\n', "\r\n"), text.trim_end().to_owned()] {
        assert!(Key::read(text.as_bytes()).is_ok(), "{text:?}");
    }
}

#[test]
fn keys_that_cannot_be_used_are_refused() {
    let rsa = String::from_utf8(pem!("rsa2048.pem").to_vec()).unwrap();
    let cut = rsa.lines().filter(|line| !line.starts_with("-----END")).collect::<Vec<_>>().join("\n");
    let fewer = rsa.lines().enumerate().filter(|(index, _)| *index != 5).map(|(_, line)| line).collect::<Vec<_>>().join("\n");
    for (pem, why) in [
        (pem!("rsa1024.pem"), "holds an RSA key that is too short: make one of 2048 bits"),
        (pem!("rsa1024.pkcs1.pem"), "holds an RSA key that is too short: make one of 2048 bits"),
        (pem!("rsa5120.pem"), "holds an RSA key that is too long: make one of 2048 bits"),
        (pem!("rsa2304.pem"), "holds an RSA key of an unusual length: make one of 2048 bits"),
        (pem!("rsa-pss.pem"), "holds a key that is neither RSA nor Ed25519"),
        (pem!("ec.pem"), "holds a key that is neither RSA nor Ed25519"),
        (pem!("ec.sec1.pem"), "holds a key that is neither RSA nor Ed25519"),
        (pem!("encrypted.pem"), "holds a key that is locked with a passphrase: store it without one"),
        (pem!("encrypted.pkcs1.pem"), "holds a key that is locked with a passphrase: store it without one"),
        (pem!("rsa2048.inconsistent.pem"), "holds an RSA key whose numbers do not fit together"),
        (pem!("ed25519.v2.mismatch.pem"), "holds a key that is damaged, or of a form that cannot be used"),
        (fewer.as_bytes(), "holds a key that is damaged, or of a form that cannot be used"),
        (cut.as_bytes(), "is damaged: what stands between BEGIN and END cannot be read"),
        (
            b"-----BEGIN PRIVATE KEY-----\n***\n-----END PRIVATE KEY-----\n",
            "is damaged: what stands between BEGIN and END cannot be read",
        ),
        (pem!("public.pem"), "holds no private key (\"BEGIN PRIVATE KEY\" or \"BEGIN RSA PRIVATE KEY\")"),
        (b"", "holds no private key (\"BEGIN PRIVATE KEY\" or \"BEGIN RSA PRIVATE KEY\")"),
    ] {
        assert_eq!(Key::read(pem).err(), Some(why), "{}", String::from_utf8_lossy(pem));
    }
}

#[test]
fn domains_and_selectors_are_checked() {
    let new = |domain: &str, selectors: &[&str]| {
        let keys = selectors.iter().map(|selector| ((*selector).to_owned(), key(pem!("ed25519.pem")))).collect();
        Signer::new(domain, keys).map(|signer| signer.record())
    };
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "a".repeat(48));
    for (domain, selector) in
        [("sunrise.example", "s"), ("xn--bcher-kva.example", "2027-03.Mail"), ("9.Ex", label.as_str()), (&longest, "s")]
    {
        assert!(new(domain, &[selector]).is_ok(), "{domain} {selector}");
    }
    let too_long = "a.".repeat(127) + "a";
    for bad in ["", ".", "a.", ".a", "a..b", "a_b.c", "-a.b", "a-.b", "a b.c", "a.b\r\n", "bücher.example", "a;b.c", &too_long] {
        assert!(new(bad, &["s"]).is_err(), "{bad:?}");
        assert!(new("sunrise.example", &[bad]).is_err(), "{bad:?}");
    }
    assert!(new(&format!("{label}a.b"), &["s"]).is_err());
    assert_eq!(new("localhost", &["s"]).unwrap_err(), "the domain \"localhost\" has no dot: it must be a whole one");
    assert_eq!(new("a.b", &["s", "S"]).unwrap_err(), "the selector \"s\" stands for two keys: each needs one of its own");
    assert_eq!(new("a.b", &[]).unwrap_err(), "there is no key to sign with");
    assert!(new(&longest, &["ss"]).unwrap_err().contains("together too long"));
    assert!(new("bücher.example", &["s"]).unwrap_err().contains("xn--"));
}

#[test]
fn what_a_signature_says() {
    let headers = both().sign(LETTER.as_bytes(), AT).unwrap();
    let tags = tags(&headers);
    let names: Vec<_> = tags.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["v", "a", "c", "d", "s", "t", "h", "bh", "b"]);
    let expected = ["1", "rsa-sha256", "relaxed/relaxed", "sunrise.example", "r1", "1804000000"];
    assert!(tags.iter().zip(expected).all(|((_, value), expected)| value == expected), "{tags:?}");
    assert_eq!(
        tags[6].1,
        "from:from:reply-to:subject:subject:date:date:to:to:message-id:mime-version:list-unsubscribe:list-unsubscribe:\
         list-unsubscribe-post:list-unsubscribe-post"
    );
    assert!(headers.starts_with("DKIM-Signature: v=1; a=rsa-sha256; ") && headers.ends_with("==\r\n"), "{headers}");
    assert_eq!(headers.matches("DKIM-Signature: ").count(), 2);
    assert_eq!(headers.matches("h=from:from:reply-to:subject:subject:date:").count(), 2);
    assert!(headers.contains("; a=ed25519-sha256; ") && headers.contains("\r\n b="), "{headers}");
    assert!(headers.is_ascii() && !headers.replace("\r\n", "").contains(['\r', '\n']));
    assert!(headers.split("\r\n").all(|line| line.len() <= 78 && !(line.starts_with(' ') && line.trim().is_empty())));
}

#[test]
fn the_same_message_gives_the_same_bytes() {
    assert_eq!(both().sign(LETTER.as_bytes(), AT), both().sign(LETTER.as_bytes(), AT));
    assert_ne!(both().sign(LETTER.as_bytes(), AT), both().sign(LETTER.as_bytes(), AT + 1));
}

#[test]
fn long_names_are_folded() {
    let domain = format!("{0}.{0}.{0}.example", "long".repeat(14));
    for length in 1..=60 {
        let signer = Signer::new(&domain, vec![("s".repeat(length), key(pem!("ed25519.pem")))]).unwrap();
        let message = signed(&signer, LETTER.as_bytes());
        assert!(passes(&message, &signer));
        let headers = signer.sign(LETTER.as_bytes(), AT).unwrap();
        assert!(headers.lines().all(|line| line.len() <= 78 || line == format!(" d={domain};")), "{headers}");
    }
}

#[test]
fn nothing_can_be_added_to_a_signed_letter() {
    let signer = both();
    let message = String::from_utf8(signed(&signer, LETTER.as_bytes())).unwrap();
    assert!(passes(message.as_bytes(), &signer));
    for (name, oversigned) in SIGNED {
        let there = LETTER.to_lowercase().contains(&format!("\r\n{name}:"));
        let first = format!("{name}: x\r\n{message}");
        let last = message.replacen("\r\n\r\n", &format!("\r\n{name}: x\r\n\r\n"), 1);
        assert_eq!(passes(first.as_bytes(), &signer), !oversigned, "{name}");
        // The last of several is the one that is signed.
        assert_eq!(passes(last.as_bytes(), &signer), !oversigned && !there, "{name}");
    }
    // What relays add or write anew does not matter.
    let relayed = message.replace("Content-Type: text/plain", "Content-Type: TEXT/plain");
    assert!(passes(format!("Received: from here\r\nReturn-Path: <x>\r\n{relayed}\r\n\r\n").as_bytes(), &signer));
    assert!(!passes(message.replace("Subject: ", "Subject: x").as_bytes(), &signer));
    assert!(!passes(message.replace("List-Unsubscribe: <https://a", "List-Unsubscribe: <https://b").as_bytes(), &signer));
    assert!(!passes(message.replace("heard.\r\n", "heard.\r\nx\r\n").as_bytes(), &signer));
    assert!(!passes(message.replace("heard.\r\n", "").as_bytes(), &signer));
}

#[test]
fn several_headers_are_taken_from_the_last() {
    let signer = both();
    let letter = format!("Cc: one@a.example\r\nReferences: <a>\r\nSubject: first\r\ncc : two@a.example\r\n{LETTER}");
    let message = String::from_utf8(signed(&signer, letter.as_bytes())).unwrap();
    assert!(passes(message.as_bytes(), &signer));
    assert!(tags(&message)[6].1.contains("subject:subject:subject:date:date:to:to:cc:cc:message-id:references:"));
    let swapped = message.replace("one@", "xxx@").replace("two@", "one@").replace("xxx@", "two@");
    assert!(!passes(swapped.as_bytes(), &signer));
}

#[test]
fn a_message_that_cannot_arrive_as_it_is_is_refused() {
    let signer = both();
    let line_end = Some("a line of the message does not end with CRLF");
    let no_name = Some("a header of the message has no name");
    let no_from = Some("the message has no From, or several");
    for (message, why) in [
        ("From: a\nTo: b\r\n\r\n", line_end),
        ("From: a\r\n\r\nx\ny\r\n", line_end),
        ("From: a\r\n\r\nx\ry\r\n", line_end),
        ("From: a\r\n\r\nx\r\r\n", line_end),
        ("From: a\r\n\r\nx\r", line_end),
        ("From: a\r\n\r\nx\n", line_end),
        (" x\r\nFrom: a\r\n\r\n", no_name),
        ("From: a\r\nhello\r\n\r\n", no_name),
        ("From: a\r\n: b\r\n\r\n", no_name),
        ("From: a\r\nA b: c\r\n\r\n", no_name),
        ("From: a\r\nÄ: c\r\n\r\n", no_name),
        ("", no_from),
        ("\r\nFrom: a\r\n", no_from),
        ("To: a\r\n\r\n", no_from),
        ("From: a\r\nFROM : b\r\n\r\n", no_from),
    ] {
        assert_eq!(signer.sign(message.as_bytes(), AT).err(), why, "{message:?}");
    }
    for (at, good) in [(i64::MIN, false), (-1, false), (0, true), (999_999_999_999, true), (1_000_000_000_000, false)] {
        assert_eq!(signer.sign(LETTER.as_bytes(), at).is_ok(), good, "{at}");
    }
    for odd in ["From: a", "From: a\r\n", "From: a\r\n\r\n", "From:\r\n\r\n\r\n", "From: a\r\n\r\nb", "From : é\r\n\r\né \r\n"]
    {
        assert!(passes(&signed(&signer, odd.as_bytes()), &signer), "{odd:?}");
    }
}

#[test]
fn a_record_is_cut_for_a_zone_file() {
    let records = signer(&[("r", pem!("rsa4096.pem")), ("e", pem!("ed25519.pem"))]).record();
    let lengths = |record: &Record| record.strings().iter().map(|string| string.len()).collect::<Vec<_>>();
    assert_eq!(lengths(&records[0]), [255, 255, records[0].value.len() - 510]);
    assert_eq!(records[0].strings().concat(), records[0].value);
    assert_eq!(records[1].strings(), [&records[1].value]);
    let record = |value: String| Record { name: String::new(), value };
    assert_eq!(record(String::new()).strings(), Vec::<&str>::new());
    assert_eq!(lengths(&record("a".repeat(255))), [255]);
    assert_eq!(lengths(&record("a".repeat(256))), [255, 1]);
    assert_eq!(lengths(&record("é".repeat(128))), [254, 2]);
}

#[test]
fn big_messages() {
    let signer = signer(&[("e1", pem!("ed25519.pem"))]);
    let million = 1_000_000;
    for subject in ["x".repeat(million), "x ".repeat(million / 2), " ".repeat(million), "x\r\n ".repeat(million / 4)] {
        assert!(passes(&signed(&signer, format!("From: a\r\nSubject: {subject}\r\n\r\n").as_bytes()), &signer));
    }
    // The verifier of these tests is too slow for more; here only time and stack count.
    let many = "Cc: a\r\n".repeat(million / 10);
    assert!(signer.sign(format!("From: a\r\n{many}\r\n").as_bytes(), AT).is_ok());
    for piece in ["x", " ", "x ", "\r\n", " \r\n", "x\r\n", "\t \r\nx"] {
        let message = format!("From: a\r\n\r\n{}", piece.repeat(10 * million / piece.len()));
        assert!(signer.sign(message.as_bytes(), AT).is_ok(), "{piece:?}");
    }
}

/// A message as it means: names and words of headers, words of lines. An empty first word is white space before a line.
#[derive(Clone, Debug)]
struct Meant {
    head: Vec<(String, Vec<String>)>,
    body: Vec<Vec<String>>,
}

fn meant() -> impl Strategy<Value = Meant> {
    let words = || proptest::collection::vec("[!-~é]{1,9}", 0..6);
    let name = prop_oneof![
        proptest::sample::select(SIGNED[1..].iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>()),
        "x-[a-z]{1,9}",
    ];
    let line = (any::<bool>(), words()).prop_map(|(space, mut words)| {
        if space && !words.is_empty() {
            words.insert(0, String::new());
        }
        words
    });
    let head = proptest::collection::vec((name, words()), 0..9);
    (words(), 0..9_usize, head, proptest::collection::vec(line, 0..9)).prop_map(|(from, place, mut head, body)| {
        head.insert(place.min(head.len()), ("from".into(), from));
        Meant { head, body }
    })
}

/// Writes a message as the bytes `ways` say: they choose among all the forms that must not matter.
fn written(meant: &Meant, ways: &[u8]) -> Vec<u8> {
    let mut ways = ways.iter().copied().cycle().map(usize::from);
    let mut one_of = |forms: &[&str]| forms[ways.next().unwrap() % forms.len()].to_owned();
    let mut text = String::new();
    for (name, words) in &meant.head {
        text += &if one_of(&["", "A"]).is_empty() { name.clone() } else { name.to_uppercase() };
        text += &one_of(&["", "", " ", "\t"]);
        text += ":";
        text += &one_of(&["", " ", "\t ", "\r\n ", " \r\n\t\r\n "]);
        for (index, word) in words.iter().enumerate() {
            if index > 0 {
                text += &one_of(&[" ", "\t", "  ", "\r\n ", " \r\n\t"]);
            }
            text += word;
        }
        text += &one_of(&["", " ", "\t", "\r\n "]);
        text += "\r\n";
    }
    text += "\r\n";
    for words in &meant.body {
        for (index, word) in words.iter().enumerate() {
            if index > 0 {
                text += &one_of(&[" ", "\t", "  ", " \t "]);
            }
            text += word;
        }
        text += &one_of(&["", " ", "\t\t"]);
        text += "\r\n";
    }
    text += &one_of(&["", "\r\n", " \r\n\r\n", "\r\n\t"]);
    text.into_bytes()
}

fn ways() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 1..60)
}

/// Another visible character.
fn change(word: &mut String, index: &Index) {
    let mut letters: Vec<char> = word.chars().collect();
    let letter = index.get(&letters).to_owned();
    let place = index.index(letters.len());
    letters[place] = if letter == 'x' { 'y' } else { 'x' };
    *word = letters.into_iter().collect();
}

proptest! {
    #[test]
    fn the_canonical_form_is_its_own(text in "[a\t \r\n]{0,60}", one in meant(), ways in ways()) {
        let text = text.replace(['\r', '\n'], "\r\n");
        let once = body(text.as_bytes());
        prop_assert_eq!(&body(&once), &once);
        let message = written(&one, &ways);
        let once = head(&message);
        prop_assert_eq!(&head(&once), &once);
    }

    #[test]
    fn what_relays_may_change_does_not_matter(meant in meant(), one in ways(), other in ways()) {
        let signer = signer(&[("e1", pem!("ed25519.pem"))]);
        let headers = signer.sign(&written(&meant, &one), AT).unwrap();
        let arrived = [headers.as_bytes(), &written(&meant, &other)].concat();
        prop_assert!(passes(&arrived, &signer), "{}", String::from_utf8_lossy(&arrived));
    }

    #[test]
    fn another_character_breaks_it(meant in meant(), ways in ways(), place: Index, letter: Index) {
        let signer = both();
        let headers = signer.sign(&written(&meant, &ways), AT).unwrap();
        let mut other = meant.clone();
        let is_signed = |name: &str| SIGNED.iter().any(|(signed, _)| *signed == name);
        let mut words: Vec<&mut String> = other.head.iter_mut().filter(|(name, _)| is_signed(name)).flat_map(|(_, words)| words).collect();
        words.extend(other.body.iter_mut().flatten().filter(|word| !word.is_empty()));
        prop_assume!(!words.is_empty());
        let place = place.index(words.len());
        change(words[place], &letter);
        let arrived = [headers.as_bytes(), &written(&other, &ways)].concat();
        prop_assert!(!passes(&arrived, &signer), "{}", String::from_utf8_lossy(&arrived));
    }

    #[test]
    fn another_character_of_a_signature_breaks_it(meant in meant(), ways in ways(), place: Index) {
        let signer = signer(&[("e1", pem!("ed25519.pem"))]);
        let message = written(&meant, &ways);
        let mut headers = signer.sign(&message, AT).unwrap().into_bytes();
        let visible: Vec<usize> = (15..headers.len()).filter(|index| headers[*index].is_ascii_graphic()).collect();
        let place = *place.get(&visible);
        headers[place] = if headers[place] == b'x' { b'y' } else { b'x' };
        prop_assert!(verifier::verify(&[headers, message].concat(), &signer.record()).iter().all(Result::is_err));
    }

    #[test]
    fn no_bytes_and_no_key_file_stop_the_program(message: Vec<u8>, pem: Vec<u8>, tail in "[ -~\r\n]{0,200}") {
        let signer = signer(&[("e1", pem!("ed25519.pem"))]);
        let _ = signer.sign(&message, AT);
        let _ = signer.sign(&[b"From: a\r\n".as_slice(), &message].concat(), AT);
        let _ = Key::read(&pem);
        let _ = Key::read(format!("-----BEGIN PRIVATE KEY-----\n{tail}\n-----END PRIVATE KEY-----\n").as_bytes());
    }
}
