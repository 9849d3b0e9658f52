//! The parts of a message (RFC 2046): within fixed limits, in linear time, and never failing on what is merely broken.
//!
//! `mail-parser` decodes words, addresses and character sets for us, but its walk over the parts takes time that grows with
//! the square of the size where boundaries are missing, and its tree is as deep as a sender wishes. Hence a walk of our own.

use super::header::{Headers, Kind, end_trimmed, line};

/// Most parts of a message.
pub(super) const PARTS: usize = 500;
/// Most levels of parts within parts. Real mail has four at most.
pub(super) const DEPTH: usize = 10;
/// Longest boundary; the standard allows 70 characters (RFC 2046, section 5.1.1).
const BOUNDARY: usize = 200;

/// A part of a message, or the message itself. Messages within a message stay closed.
pub(super) struct Part<'a> {
    /// Its own header.
    pub headers: Headers<'a>,
    /// Its type; `text/plain` where nothing else is said.
    pub kind: Kind,
    /// What follows the header, still encoded.
    pub body: &'a [u8],
    /// The parts of a multipart; empty for every other.
    pub parts: Vec<Part<'a>>,
}

impl<'a> Part<'a> {
    /// Takes a message apart. Refuses, with the reason, what has more parts or levels than any letter needs.
    pub fn read(raw: &'a [u8]) -> Result<Self, &'static str> {
        Self::at(raw, "text/plain", 0, &mut 0)
    }

    fn at(raw: &'a [u8], otherwise: &str, depth: usize, count: &mut usize) -> Result<Self, &'static str> {
        *count = count.saturating_add(1);
        if *count > PARTS {
            return Err("too many parts");
        }
        if depth > DEPTH {
            return Err("parts within parts too deep");
        }
        // A part may begin with the empty line that ends its header; `Headers::split` takes it.
        let (headers, body) = Headers::split(raw);
        let kind = headers.kind("content-type").filter(|kind| kind.name.contains('/'));
        let kind = kind.unwrap_or_else(|| Kind::named(otherwise));
        let mut parts = Vec::new();
        if kind.name.starts_with("multipart/") {
            let inner = if kind.name == "multipart/digest" { "message/rfc822" } else { "text/plain" };
            for piece in pieces(body, kind.parameter("boundary"), *count)? {
                parts.push(Self::at(piece, inner, depth.saturating_add(1), count)?);
            }
        }
        Ok(Self { headers, kind, body, parts })
    }

    /// This part and all within it, in order.
    pub fn all(&self) -> Vec<&Part<'a>> {
        let mut found = vec![self];
        found.extend(self.parts.iter().flat_map(Part::all));
        found
    }

    /// The first part of a type.
    pub fn find(&self, name: &str) -> Option<&Part<'a>> {
        if self.kind.name == name {
            return Some(self);
        }
        self.parts.iter().find_map(|part| part.find(name))
    }

    /// Whether it is text that belongs to the message itself. A multipart whose parts cannot be told apart is read as text.
    pub fn is_text(&self) -> bool {
        let broken = self.kind.name.starts_with("multipart/") && self.parts.is_empty();
        (broken || matches!(self.kind.name.as_str(), "text/plain" | "text/html")) && !self.is_attached()
    }

    /// Whether it is meant to be kept as a file (RFC 2183).
    pub fn is_attached(&self) -> bool {
        self.headers.kind("content-disposition").is_some_and(|kind| kind.name == "attachment")
    }
}

/// The pieces between the lines of a boundary. A missing last boundary ends the last piece at the end (RFC 2046, section
/// 5.1.2, wants that tolerance). Without a usable boundary, the first line that looks like one is taken.
fn pieces<'a>(body: &'a [u8], boundary: Option<&str>, count: usize) -> Result<Vec<&'a [u8]>, &'static str> {
    let told = boundary.map(str::as_bytes).filter(|text| !text.is_empty() && text.len() <= BOUNDARY);
    if let Some(boundary) = told {
        let found = between(body, boundary, count)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    match guess(body) {
        Some(boundary) => between(body, boundary, count),
        None => Ok(Vec::new()),
    }
}

fn between<'a>(body: &'a [u8], boundary: &[u8], count: usize) -> Result<Vec<&'a [u8]>, &'static str> {
    let mut pieces = Vec::new();
    let mut rest = body;
    // Where the open piece begins; none before the first boundary, whose text is for readers without MIME.
    let mut open: Option<usize> = None;
    while !rest.is_empty() {
        let here = body.len().saturating_sub(rest.len());
        let (one, after) = line(rest);
        rest = after;
        let Some(last) = delimiter(one, boundary) else { continue };
        if let Some(start) = open.take() {
            pieces.push(without_line_end(body.get(start..here).unwrap_or_default()));
        }
        if count.saturating_add(pieces.len()) > PARTS {
            return Err("too many parts");
        }
        if last {
            return Ok(pieces);
        }
        open = Some(body.len().saturating_sub(rest.len()));
    }
    if let Some(start) = open {
        pieces.push(body.get(start..).unwrap_or_default());
    }
    Ok(pieces)
}

/// Whether a line is a boundary, and if so whether it is the last one. Nothing but blanks may follow, so that a boundary
/// that begins like another is not taken for it.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    match end_trimmed(rest) {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    }
}

/// The boundary in the first line that can be one: two hyphens and a word with a digit or letter in it.
fn guess(body: &[u8]) -> Option<&[u8]> {
    let mut rest = body;
    for _ in 0..50 {
        let (one, after) = line(rest);
        let word = end_trimmed(one).strip_prefix(b"--");
        if let Some(word) = word.filter(|word| (8..=BOUNDARY).contains(&word.len()))
            && word.iter().all(u8::is_ascii_graphic)
            && word.iter().any(u8::is_ascii_alphanumeric)
        {
            return Some(word);
        }
        rest = after;
    }
    None
}

/// The line break before a boundary belongs to the boundary (RFC 2046, section 5.1.1).
fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(raw: &str) -> Vec<String> {
        Part::read(raw.as_bytes()).unwrap().all().iter().map(|part| part.kind.name.clone()).collect()
    }

    #[test]
    fn a_boundary_that_begins_like_another_is_another() {
        let raw = "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=a1\n\n\
                   --a1\n\none\n--a1\nContent-Type: text/html\n\ntwo\n--a1--\n--a\nContent-Type: image/png\n\nx\n--a--\nepilogue";
        assert_eq!(names(raw), ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "image/png"]);
        let part = Part::read(raw.as_bytes()).unwrap();
        assert_eq!(part.find("text/html").unwrap().body, b"two");
    }

    #[test]
    fn a_missing_end_and_a_wrong_boundary_lose_nothing() {
        let raw = "Content-Type: multipart/mixed; boundary=a\n\n--a\n\none\n--a\n\ntwo";
        assert_eq!(Part::read(raw.as_bytes()).unwrap().parts[1].body, b"two");
        let raw = "Content-Type: multipart/mixed; boundary=other\n\n--abcdefgh\n\none\n--abcdefgh--\n";
        assert_eq!(Part::read(raw.as_bytes()).unwrap().parts[0].body, b"one");
        let none = "Content-Type: multipart/mixed\n\njust text";
        let part = Part::read(none.as_bytes()).unwrap();
        assert!(part.parts.is_empty() && part.is_text());
    }

    #[test]
    fn depth_and_number_are_limited() {
        let mut deep = String::new();
        for level in 0..DEPTH + 2 {
            deep += &format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n");
        }
        assert_eq!(Part::read(deep.as_bytes()).err(), Some("parts within parts too deep"));
        let many = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(PARTS + 1));
        assert_eq!(Part::read(many.as_bytes()).err(), Some("too many parts"));
    }
}
