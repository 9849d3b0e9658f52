//! Header fields: taken apart tolerantly, unfolded, decoded. Whatever comes in, what goes out is short and has no line breaks.

use mail_parser::{HeaderValue, parsers::MessageStream};

/// Most fields that are looked at in one header; whatever follows is passed over.
const FIELDS: usize = 1000;
/// Longest value that is looked at. `References` of long threads are the longest that occur.
const VALUE: usize = 16 * 1024;
/// Longest address that counts as one: 64 octets, `@` and 255 octets (RFC 5321, section 4.5.3.1), with some leniency.
const ADDRESS: usize = 330;

/// The header of a message, of a part, or a block of fields in a report.
#[derive(Clone, Default)]
pub(super) struct Headers<'a> {
    fields: Vec<(&'a [u8], &'a [u8])>,
}

/// What a `Content-Type` or `Content-Disposition` says (RFC 2045, RFC 2183, RFC 2231).
#[derive(Default)]
pub(super) struct Kind {
    /// Both halves in lower case, such as `text/plain`.
    pub name: String,
    parameters: Vec<(String, String)>,
}

impl Kind {
    /// A type without parameters.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), parameters: Vec::new() }
    }

    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl<'a> Headers<'a> {
    /// Splits a header off, and answers it with what follows the empty line. A line that is neither a field nor a
    /// continuation ends the header too, unless the line before it visibly goes on: some gateways lose the space that
    /// marks a continuation.
    pub fn split(raw: &'a [u8]) -> (Self, &'a [u8]) {
        let mut headers = Self::default();
        let mut rest = raw;
        // Mailboxes in mbox format put a line "From sender date" before a message.
        if rest.starts_with(b"From ") || rest.starts_with(b">From ") {
            rest = line(rest).1;
        }
        // Name, and where the value begins and ends in `raw`: with its continuations it stays one slice.
        let mut open: Option<(&'a [u8], usize, usize)> = None;
        loop {
            let here = raw.len().saturating_sub(rest.len());
            let (one, after) = line(rest);
            let end = raw.len().saturating_sub(after.len());
            if end_trimmed(one).is_empty() {
                headers.push(raw, open);
                return (headers, after);
            }
            let found = field(one);
            match open {
                Some((name, from, to)) if continues(one) || (found.is_none() && goes_on(raw.get(from..to))) => {
                    open = Some((name, from, end));
                }
                _ => {
                    headers.push(raw, open);
                    let Some((name, value)) = found else { return (headers, rest) };
                    open = Some((name, here.saturating_add(value), end));
                }
            }
            rest = after;
        }
    }

    fn push(&mut self, raw: &'a [u8], field: Option<(&'a [u8], usize, usize)>) {
        if let Some((name, from, to)) = field
            && self.fields.len() < FIELDS
        {
            self.fields.push((name, raw.get(from..to).unwrap_or_default()));
        }
    }

    /// Whether there is no field at all.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// All fields in order, the names in lower case.
    pub fn iter(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.fields.iter().map(|(name, value)| (String::from_utf8_lossy(name).to_ascii_lowercase(), unfold(value)))
    }

    /// The values of every field of a name, unfolded, as they stand.
    pub fn all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = String> + 'b {
        self.fields.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| unfold(value))
    }

    /// The value of the first field of a name, unfolded, as it stands.
    pub fn get(&self, name: &str) -> Option<String> {
        self.all(name).next()
    }

    /// Whether a field is there, empty or not.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// What a field says in plain words: encoded words decoded (RFC 2047), at most `most` characters.
    pub fn text(&self, name: &str, most: usize) -> Option<String> {
        let value = self.get(name)?;
        let text = match MessageStream::new(format!("{value}\n").as_bytes()).parse_unstructured() {
            HeaderValue::Text(text) => text.into_owned(),
            _ => return None,
        };
        Some(text.chars().filter(|c| !is_unseen(*c)).take(most).collect::<String>().trim().to_owned())
    }

    /// The addresses in every field of a name (RFC 5322, section 3.4), as they are written.
    pub fn addresses(&self, name: &str) -> Vec<String> {
        self.all(name).flat_map(|value| addresses(&value)).collect()
    }

    /// The names of messages in a field, without brackets (RFC 5322, section 3.6.4).
    pub fn ids(&self, name: &str) -> Vec<String> {
        self.get(name).map(|value| ids(&value)).unwrap_or_default()
    }

    /// What a structured field says.
    pub fn kind(&self, name: &str) -> Option<Kind> {
        let value = self.get(name)?;
        let line = format!("{value}\n");
        let HeaderValue::ContentType(found) = MessageStream::new(line.as_bytes()).parse_content_type() else { return None };
        let name = match found.subtype() {
            Some(half) => format!("{}/{half}", found.ctype()),
            None => found.ctype().to_owned(),
        };
        let pairs = found.attributes().unwrap_or_default().iter();
        let parameters = pairs.map(|pair| (pair.name.to_string(), pair.value.trim().to_owned())).collect();
        Some(Kind { name: name.to_ascii_lowercase(), parameters })
    }
}

/// Whether a character is not for a text that people read: control characters, and those that turn the direction of what
/// follows, with which a text can be made to look like another. Marks that Arabic and Hebrew need stay.
pub(super) fn is_unseen(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202d}' | '\u{202e}' | '\u{feff}')
}

/// The addresses in a list of them. Groups and names are left out.
pub(super) fn addresses(value: &str) -> Vec<String> {
    let line = format!("{value}\n");
    let HeaderValue::Address(found) = MessageStream::new(line.as_bytes()).parse_address() else { return Vec::new() };
    found.iter().filter_map(|one| one.address()).filter_map(bare).collect()
}

/// An address without brackets, a type before a semicolon (RFC 3464, section 2.3.1) or a `mailto:`. `None` if it has not
/// exactly the shape of one address.
pub(super) fn bare(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.split_once(';').map_or(text, |(_, address)| address);
    let text = text.trim().trim_start_matches('<').trim_end_matches('>').trim();
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let (local, domain) = text.rsplit_once('@')?;
    let fits = text.len() <= ADDRESS && !local.is_empty() && !domain.is_empty();
    let clean = !text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ','));
    (fits && clean).then(|| text.to_owned())
}

/// The names of messages in a text, without brackets. One without brackets counts where it stands alone: some mailers
/// forget them.
fn ids(value: &str) -> Vec<String> {
    let found: Vec<String> = value
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>').map(|(id, _)| id.trim()))
        .filter(|id| !id.is_empty() && id.len() <= 998)
        .map(str::to_owned)
        .collect();
    let alone = value.trim();
    if found.is_empty() && alone.contains('@') && alone.len() <= 998 && !alone.contains([' ', '<', '>']) {
        return vec![alone.to_owned()];
    }
    found
}

/// The first line of some bytes, without its end, and what follows.
pub(super) fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (bytes.get(..end).unwrap_or_default(), bytes.get(end.saturating_add(1)..).unwrap_or_default()),
        None => (bytes, &[]),
    }
}

/// Bytes without blanks at the end.
pub(super) fn end_trimmed(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii_end()
}

/// The name, and where the value begins, if a line has the shape of a field (RFC 5322, section 2.2).
fn field(line: &[u8]) -> Option<(&[u8], usize)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = end_trimmed(line.get(..colon)?);
    let fits = !name.is_empty() && name.len() <= 100 && name.iter().all(u8::is_ascii_graphic);
    fits.then_some((name, colon.saturating_add(1)))
}

fn continues(line: &[u8]) -> bool {
    line.starts_with(b" ") || line.starts_with(b"\t")
}

fn goes_on(value: Option<&[u8]>) -> bool {
    matches!(end_trimmed(value.unwrap_or_default()).last(), Some(b';' | b','))
}

/// One line of text: line breaks and other control characters become spaces.
fn unfold(value: &[u8]) -> String {
    let value = value.get(..VALUE).unwrap_or(value);
    let text = String::from_utf8_lossy(value);
    let mut out = String::with_capacity(text.len());
    let mut blank = true;
    for c in text.chars() {
        let gap = c.is_control() || c == ' ';
        if !gap {
            out.push(c);
        } else if !blank {
            out.push(' ');
        }
        blank = gap;
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_unfolded_and_the_body_is_what_follows() {
        let raw = b"From x@y Tue\r\nSubject: one\r\n\ttwo\r\nTo:a@example.org\r\n\r\nbody: x\r\n";
        let (headers, body) = Headers::split(raw);
        assert_eq!(headers.get("subject").as_deref(), Some("one two"));
        assert_eq!(headers.get("TO").as_deref(), Some("a@example.org"));
        assert_eq!(body, b"body: x\r\n");
        assert_eq!(headers.iter().count(), 2);
    }

    #[test]
    fn a_continuation_that_lost_its_space_is_still_one() {
        let (headers, body) = Headers::split(b"Content-Type: multipart/report;\nboundary=\"x y\"\n\nbody");
        assert_eq!(headers.kind("content-type").unwrap().parameter("boundary"), Some("x y"));
        assert_eq!(body, b"body");
        let (headers, body) = Headers::split(b"A: b\nHello you\n");
        assert_eq!((headers.iter().count(), body), (1, b"Hello you\n".as_slice()));
    }

    #[test]
    fn encoded_words_and_parameters_are_decoded() {
        let (headers, _) = Headers::split(
            b"Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= aus =?iso-8859-1?B?RvxyYW4=?=\nContent-Disposition: attachment; filename*=utf-8''%C3%A4.pdf\n",
        );
        assert_eq!(headers.text("subject", 100).as_deref(), Some("Grüße aus Füran"));
        assert_eq!(headers.text("subject", 3).as_deref(), Some("Grü"));
        assert_eq!(headers.kind("content-disposition").unwrap().parameter("filename"), Some("ä.pdf"));
    }

    #[test]
    fn addresses_and_ids_are_found_however_they_are_written() {
        let (headers, _) = Headers::split(
            b"To: \"Doe, Jane\" <jane@example.org>, bob@example.net (Bob),\n Group: a@example.com;\nReferences: <a@x>\n <b@y>\nIn-Reply-To: plain@z\n",
        );
        assert_eq!(headers.addresses("to"), ["jane@example.org", "bob@example.net", "a@example.com"]);
        assert_eq!(headers.ids("references"), ["a@x", "b@y"]);
        assert_eq!(headers.ids("in-reply-to"), ["plain@z"]);
        assert_eq!(bare("rfc822; <a@example.org>").as_deref(), Some("a@example.org"));
        for no in ["", "@", "a@", "@b", "a b@c", "x <a@b> y"] {
            assert_eq!(bare(no), None, "{no}");
        }
    }
}
