//! DKIM signatures for letters that leave (RFC 6376, RFC 8463): whoever receives one can ask the DNS of the domain whether
//! it left there, and as it is now.
//!
//! Pure: keys, message and time are arguments. The same arguments give the same bytes, so a letter that is sent again is the
//! same letter.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    digest::{Context, Digest, SHA256, digest},
    error::KeyRejected,
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use tokio_rustls::rustls::pki_types::{
    PrivateKeyDer,
    pem::{self, PemObject as _},
};

/// What is signed if it is there, in this order. `true`: listed once more than it occurs, so that none can be added to a
/// signed letter (RFC 6376, 5.4.2 and 8.15). What describes the body's encoding is left out, as RFC 6376, 5.4.1 does: relays
/// write it anew.
const SIGNED: [(&str, bool); 16] = [
    ("from", true),
    ("reply-to", true),
    ("subject", true),
    ("date", true),
    ("to", true),
    ("cc", false),
    ("message-id", false),
    ("in-reply-to", false),
    ("references", false),
    ("mime-version", false),
    ("list-id", false),
    ("list-unsubscribe", true),
    ("list-unsubscribe-post", true),
    ("auto-submitted", false),
    ("feedback-id", false),
    ("content-language", false),
];
/// The header that we write.
const NAME: &str = "DKIM-Signature";
/// Its longest line, without the line end (RFC 5322, 2.1.1).
const WIDTH: usize = 78;
/// Longest name in the DNS, and longest label of one (RFC 1035, 2.3.4).
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;
/// Longest string of a TXT record (RFC 1035, 3.3).
const LONGEST_STRING: usize = 255;
/// The last second that `t=` can say (RFC 6376, 3.5: 12 digits).
const LAST_SECOND: i64 = 999_999_999_999;
/// The algorithm `rsaEncryption` as it stands in a public key (RFC 3279, 2.3.1).
const RSA_ENCRYPTION: [u8; 15] = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// A private key. It has no `Debug`, so that it cannot reach a log by accident.
pub struct Key(Pair);

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

impl Key {
    /// Reads a key file: the first private key in it, Ed25519 (PKCS #8) or RSA (PKCS #1 or PKCS #8) of 2048 to 4096 bits in
    /// steps of 512. A signer should not use less, and a verifier need not take more (RFC 8301, 3.2). An RSA key is tried
    /// out, so that one that cannot sign is found here.
    ///
    /// # Errors
    /// What is wrong with the file, to be read after its name. Nothing of the key is in it.
    pub fn read(pem: &[u8]) -> Result<Self, &'static str> {
        match PrivateKeyDer::from_pem_slice(pem) {
            Ok(PrivateKeyDer::Pkcs1(der)) => {
                RsaKeyPair::from_der(der.secret_pkcs1_der()).map_err(|fault| why_not(&fault)).and_then(Self::rsa)
            }
            Ok(PrivateKeyDer::Pkcs8(der)) => Self::read_pkcs8(der.secret_pkcs8_der()),
            Ok(_) => Err("holds a key that is neither RSA nor Ed25519"),
            Err(_) if pem.windows(9).any(|word| word == b"ENCRYPTED") => {
                Err("holds a key that is locked with a passphrase: store it without one")
            }
            Err(pem::Error::NoItemsFound) => Err("holds no private key (\"BEGIN PRIVATE KEY\" or \"BEGIN RSA PRIVATE KEY\")"),
            Err(_) => Err("is damaged: what stands between BEGIN and END cannot be read"),
        }
    }

    fn read_pkcs8(der: &[u8]) -> Result<Self, &'static str> {
        // Version 1, as most programs write it, holds no public key that could be compared.
        match (Ed25519KeyPair::from_pkcs8_maybe_unchecked(der), RsaKeyPair::from_pkcs8(der)) {
            (Ok(pair), _) => Ok(Self(Pair::Ed25519(Box::new(pair)))),
            (_, Ok(pair)) => Self::rsa(pair),
            // One of the two says what is wrong, the other that it is not its kind of key.
            (Err(one), Err(other)) => Err(why_not(if one.to_string() == "WrongAlgorithm" { &other } else { &one })),
        }
    }

    fn rsa(pair: RsaKeyPair) -> Result<Self, &'static str> {
        let key = Self(Pair::Rsa(Box::new(pair)));
        // Whether all its numbers fit together shows only when it is used.
        key.sign(b"").map(|_| key).map_err(|_| "holds an RSA key whose numbers do not fit together")
    }

    /// Its name in `k=`, and before `-sha256` in `a=` (RFC 6376, 3.6.1 and 3.5; RFC 8463, 4).
    fn kind(&self) -> &'static str {
        match self.0 {
            Pair::Rsa(_) => "rsa",
            Pair::Ed25519(_) => "ed25519",
        }
    }

    /// Its public part as it stands in `p=`: for RSA a `SubjectPublicKeyInfo`, as everybody publishes it (RFC 6376,
    /// appendix C), for Ed25519 the 32 bytes alone (RFC 8463, 4.2).
    fn public(&self) -> Vec<u8> {
        match &self.0 {
            Pair::Rsa(pair) => {
                let bits = der(0x03, &[&[0], pair.public_key().as_ref()].concat());
                der(0x30, &[RSA_ENCRYPTION.as_slice(), &bits].concat())
            }
            Pair::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// Signs the SHA-256 of the text (RFC 6376, 3.3; RFC 8463, 3). Neither kind uses chance.
    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, &'static str> {
        match &self.0 {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).map_err(|_| "a key could not sign")?;
                Ok(signature)
            }
            Pair::Ed25519(pair) => Ok(pair.sign(digest(&SHA256, text).as_ref()).as_ref().to_vec()),
        }
    }
}

fn why_not(fault: &KeyRejected) -> &'static str {
    match fault.to_string().as_str() {
        "TooSmall" => "holds an RSA key that is too short: make one of 2048 bits",
        "TooLarge" => "holds an RSA key that is too long: make one of 2048 bits",
        "PrivateModulusLenNotMultipleOf512Bits" => "holds an RSA key of an unusual length: make one of 2048 bits",
        "WrongAlgorithm" => "holds a key that is neither RSA nor Ed25519",
        _ => "holds a key that is damaged, or of a form that cannot be used",
    }
}

/// A DER value of 256 to 65535 bytes (X.690, 8.1.3.5): with the shortest and with the longest RSA key, all have so many.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    [&[tag, 0x82, high, low], content].concat()
}

/// What the DNS must say, so that a signature can be checked: a TXT record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it stands, without a dot at the end.
    pub name: String,
    /// What it says (RFC 6376, 3.6.1).
    pub value: String,
}

impl Record {
    /// The value in strings of at most 255 bytes, as a zone file needs it; readers put them together again without anything
    /// between them (RFC 6376, 3.6.2.2).
    pub fn strings(&self) -> Vec<&str> {
        let mut strings = Vec::new();
        let mut rest = self.value.as_str();
        while !rest.is_empty() {
            let (string, after) = rest.split_at(rest.floor_char_boundary(LONGEST_STRING));
            strings.push(string);
            rest = after;
        }
        strings
    }
}

/// Signs for one domain. Like its keys, it cannot be printed.
pub struct Signer {
    domain: String,
    keys: Vec<(String, Key)>,
}

impl Signer {
    /// A signer for a domain. Every key, with its selector, gives a signature of its own: those who do not know Ed25519 check
    /// that of RSA (RFC 8463, 6). Capital letters become small ones.
    ///
    /// # Errors
    /// In plain words: the domain or a selector is none that the DNS and `d=` and `s=` can hold (RFC 6376, 3.1 and 3.5;
    /// RFC 1035, 2.3.4), two keys have the same selector, or there is no key.
    pub fn new(domain: &str, keys: Vec<(String, Key)>) -> Result<Self, String> {
        let domain = name("domain", domain)?;
        if !domain.contains('.') {
            return Err(format!("the domain {domain:?} has no dot: it must be a whole one"));
        }
        let mut signer = Self { domain, keys: Vec::with_capacity(keys.len()) };
        for (selector, key) in keys {
            let selector = name("selector", &selector)?;
            if signer.keys.iter().any(|(other, _)| *other == selector) {
                return Err(format!("the selector {selector:?} stands for two keys: each needs one of its own"));
            }
            if signer.place(&selector).len() > LONGEST_NAME {
                return Err(format!("the selector {selector:?} and the domain are together too long for the DNS"));
            }
            signer.keys.push((selector, key));
        }
        if signer.keys.is_empty() { Err("there is no key to sign with".to_owned()) } else { Ok(signer) }
    }

    /// One header a key, in the order of the keys, each with its line end, to be put in front of the message; whatever else is
    /// changed may break them. No line has more than 78 characters, unless the domain or a selector alone has. Signed are the
    /// body and the headers of [`SIGNED`], the last of several first (RFC 6376, 5.4.2), in the form `relaxed` (3.4.2, 3.4.4),
    /// so that relays may fold headers and change white space. They may also write 8-bit text anew, so a message should have
    /// none (5.3). A signature stays good as long as its record is there. Takes time in proportion to the message.
    ///
    /// # Errors
    /// In plain words: the message is none that can arrive as it is (RFC 6376, 3.8 and 5.3), because a line does not end with
    /// CRLF, a header has no name, or there is not exactly one `From`; or the time lies before 1970 or cannot be written.
    pub fn sign(&self, message: &[u8], at_unix_seconds: i64) -> Result<String, &'static str> {
        if !(0..=LAST_SECOND).contains(&at_unix_seconds) {
            return Err("the time is before 1970, or too late to be written");
        }
        let (fields, body) = parts(message)?;
        if fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case(b"from")).count() != 1 {
            return Err("the message has no From, or several");
        }
        let mut names = Vec::new();
        let mut text = Vec::new();
        for (name, oversigned) in SIGNED {
            for (_, value) in fields.iter().rev().filter(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes())) {
                names.push(name);
                relaxed_field(name, value, &mut text);
                text.extend_from_slice(b"\r\n");
            }
            if oversigned {
                names.push(name);
            }
        }
        let list = format!("h={};", names.join(":"));
        let body_hash = format!("bh={};", STANDARD.encode(hash(body)));
        let domain = &self.domain;
        let mut headers = String::new();
        let others = text.len();
        for (selector, key) in &self.keys {
            let kind = key.kind();
            let tags = format!("v=1; a={kind}-sha256; c=relaxed/relaxed; d={domain}; s={selector}; t={at_unix_seconds};");
            let mut value = Folded::new();
            for tag in tags.split(' ') {
                value.add(" ", tag);
            }
            let mut gap = " ";
            for name in list.split_inclusive(':') {
                value.add(gap, name);
                gap = "";
            }
            value.add(" ", &body_hash);
            // On a line of its own, so that something stands on the same line behind it: what is cut out of the header before
            // it is checked (RFC 6376, 3.7) is then the same for everybody.
            value.new_line();
            value.add("", "b=");
            text.truncate(others);
            relaxed_field(NAME, value.text.as_bytes(), &mut text);
            for letter in STANDARD.encode(key.sign(&text)?).chars() {
                value.add("", letter.encode_utf8(&mut [0; 4]));
            }
            headers.extend([NAME, ":", &value.text, "\r\n"]);
        }
        Ok(headers)
    }

    /// The record of every key, in their order.
    pub fn record(&self) -> Vec<Record> {
        let record = |(selector, key): &(String, Key)| Record {
            name: self.place(selector),
            value: format!("v=DKIM1; k={}; p={}", key.kind(), STANDARD.encode(key.public())),
        };
        self.keys.iter().map(record).collect()
    }

    /// Where the record of a selector stands (RFC 6376, 3.6.2.1).
    fn place(&self, selector: &str) -> String {
        format!("{selector}._domainkey.{}", self.domain)
    }
}

/// A name of the DNS in small letters.
fn name(what: &str, text: &str) -> Result<String, String> {
    let good = |label: &str| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() > LONGEST_NAME {
        Err(format!("the {what} is too long: {LONGEST_NAME} characters at most"))
    } else if !text.is_ascii() {
        Err(format!("the {what} {text:?} must be written as the DNS has it, with \"xn--\""))
    } else if !text.split('.').all(good) {
        Err(format!(
            "the {what} {text:?} must consist of parts with a dot between them, each of 1 to {LONGEST_LABEL} letters, digits \
             and hyphens, without a hyphen at its ends"
        ))
    } else {
        Ok(text.to_ascii_lowercase())
    }
}

/// Header fields as names and values, and the body.
type Parts<'a> = (Vec<(&'a [u8], &'a [u8])>, &'a [u8]);

/// The header fields of a message, folded as they are, and its body (RFC 5322, 2.1 and 2.2).
fn parts(message: &[u8]) -> Result<Parts<'_>, &'static str> {
    // The first relay would mend such line ends, and break the signature.
    if !message.split_inclusive(|byte| *byte == b'\n').all(|line| !without_end(line).iter().any(|b| matches!(b, b'\r' | b'\n'))) {
        return Err("a line of the message does not end with CRLF");
    }
    let mut fields = Vec::new();
    let mut rest = message;
    while !rest.is_empty() {
        if let Some(body) = rest.strip_prefix(b"\r\n") {
            return Ok((fields, body));
        }
        // White space at the start of a line continues the field.
        let end = rest.windows(2).position(|pair| matches!(pair, [b'\n', next] if !is_space(next)));
        let (field, after) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
        let mut halves = field.splitn(2, |byte| *byte == b':');
        let name = trim_end(halves.next().unwrap_or_default());
        match halves.next() {
            Some(value) if !name.is_empty() && name.iter().all(u8::is_ascii_graphic) => fields.push((name, value)),
            _ => return Err("a header of the message has no name"),
        }
        rest = after;
    }
    Ok((fields, &[]))
}

fn without_end(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r\n").unwrap_or(line)
}

/// White space as RFC 6376, 2.8 has it.
fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn trim_end(mut line: &[u8]) -> &[u8] {
    while let [before @ .., b' ' | b'\t'] = line {
        line = before;
    }
    line
}

/// A header field in the form `relaxed`, without its line end (RFC 6376, 3.4.2).
fn relaxed_field(name: &str, value: &[u8], to: &mut Vec<u8>) {
    to.extend(name.bytes().map(|byte| byte.to_ascii_lowercase()));
    to.push(b':');
    // A line end in a value is always followed by white space, so it can be taken for some.
    let words = value.split(|byte| is_space(byte) || matches!(byte, b'\r' | b'\n')).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            to.push(b' ');
        }
        to.extend_from_slice(word);
    }
}

/// SHA-256 of a body in the form `relaxed`.
fn hash(body: &[u8]) -> Digest {
    let mut context = Context::new(&SHA256);
    relaxed_body(body, |piece| context.update(piece));
    context.finish()
}

/// A body in the form `relaxed`, in pieces (RFC 6376, 3.4.4): white space at the end of a line is left out, other white space
/// is one space, every line has an end, empty lines at the end are left out.
fn relaxed_body(body: &[u8], mut to: impl FnMut(&[u8])) {
    let mut empty = 0_usize;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let line = trim_end(without_end(line));
        if line.is_empty() {
            empty += 1;
            continue;
        }
        for _ in 0..std::mem::take(&mut empty) {
            to(b"\r\n");
        }
        for (index, word) in line.split(is_space).enumerate().filter(|(_, word)| !word.is_empty()) {
            if index > 0 {
                to(b" ");
            }
            to(word);
        }
        to(b"\r\n");
    }
}

/// The value of our header while it is written.
struct Folded {
    text: String,
    column: usize,
}

impl Folded {
    fn new() -> Self {
        Self { text: String::new(), column: NAME.len() + 1 }
    }

    /// Adds something that must stay whole, behind `gap` or on a new line if it would not fit.
    fn add(&mut self, gap: &str, piece: &str) {
        if self.column + gap.len() + piece.len() > WIDTH {
            self.new_line();
        } else {
            self.text.push_str(gap);
            self.column += gap.len();
        }
        self.text.push_str(piece);
        self.column += piece.len();
    }

    fn new_line(&mut self) {
        self.text.push_str("\r\n ");
        self.column = 1;
    }
}

#[cfg(test)]
mod tests;
