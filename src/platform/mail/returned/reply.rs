//! Answers that a person wrote.

use super::{
    decode,
    header::is_unseen,
    html,
    mime::Part,
    quote::{Lines, Own, everything, lines, own},
};

/// Longest text of an answer, in characters.
pub const TEXT: usize = 20_000;
/// Most names of attachments that are kept, and the longest of them in characters.
const NAMES: usize = 50;
const NAME: usize = 120;
/// Most names of earlier messages that are kept: the newest.
const REFERENCES: usize = 50;

/// An answer that a person wrote, or seems to have written.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// The first address in `From`, as it is written.
    pub from: Option<String>,
    /// The subject, decoded.
    pub subject: Option<String>,
    /// The field `Date` as it is written: it is the sender's word, not a time to rely on.
    pub date: Option<String>,
    /// The name of the answer itself, without brackets.
    pub message_id: Option<String>,
    /// The messages that are answered, without brackets.
    pub in_reply_to: Vec<String>,
    /// The messages before, oldest first, without brackets.
    pub references: Vec<String>,
    /// What the person newly wrote, as plain text; the whole text where that cannot be told from the rest. Empty if there is
    /// no text at all.
    pub text: String,
    /// The text with what was quoted, at most [`TEXT`] characters of it.
    pub whole: String,
    /// Whether a text was longer than [`TEXT`] characters and lacks its end.
    pub cut: bool,
    /// Whether a quotation or a signature was taken out.
    pub shortened: bool,
    /// Whether parts of the text stood between quoted lines: what they answer is only in the message as it came.
    pub between: bool,
    /// How many files came with it. They are not decoded.
    pub attachments: usize,
    /// The names of the first of them, where they have one.
    pub attachment_names: Vec<String>,
}

impl std::fmt::Debug for Reply {
    /// Tells nothing that the person wrote.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = f.debug_struct("Reply");
        out.field("characters", &self.text.chars().count()).field("cut", &self.cut).field("shortened", &self.shortened);
        out.field("between", &self.between).field("attachments", &self.attachments).finish_non_exhaustive()
    }
}

/// Reads an answer. Refuses, with the reason, what is sealed.
pub(super) fn read(message: &Part<'_>) -> Result<Reply, &'static str> {
    if message.all().into_iter().any(is_sealed) {
        return Err("encrypted or enveloped: cannot be read here");
    }
    let headers = &message.headers;
    let (body, whole) = words(message);
    let (text, text_cut) = shortened(body.text);
    let (whole, whole_cut) = shortened(whole);
    let mut references = headers.ids("references");
    references.drain(..references.len().saturating_sub(REFERENCES));
    let mut in_reply_to = headers.ids("in-reply-to");
    in_reply_to.truncate(REFERENCES);
    let mut files = Vec::new();
    collect_files(message, false, &mut files);
    Ok(Reply {
        from: headers.addresses("from").into_iter().next(),
        subject: headers.text("subject", 255),
        date: headers.get("date").map(|date| date.chars().take(100).collect()),
        message_id: headers.ids("message-id").into_iter().next(),
        in_reply_to,
        references,
        text,
        whole,
        cut: text_cut || whole_cut,
        shortened: body.shortened,
        between: body.between,
        attachments: files.len(),
        attachment_names: files.into_iter().flatten().take(NAMES).collect(),
    })
}

/// S/MIME and PGP that is encrypted, or that packs the text with its signature (RFC 8551, RFC 3156).
fn is_sealed(part: &Part<'_>) -> bool {
    match part.kind.name.as_str() {
        "multipart/encrypted" => true,
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => part.kind.parameter("smime-type") != Some("certs-only"),
        _ => false,
    }
}

/// At most [`TEXT`] characters, and whether there were more.
fn shortened(mut text: String) -> (String, bool) {
    let end = text.char_indices().nth(TEXT).map(|(at, _)| at);
    text.truncate(end.unwrap_or(text.len()));
    (text, end.is_some())
}

/// What the person newly wrote, and all of it. The plain text goes first; the HTML is read where that has none.
fn words(message: &Part<'_>) -> (Own, String) {
    let of = |kind: &str| {
        let mut found = Lines::default();
        for part in chosen(message, kind) {
            let more = read_lines(part);
            found.cut = found.cut.or(more.cut.map(|at| at.saturating_add(found.lines.len())));
            found.lines.extend(more.lines);
        }
        found
    };
    let plain = of("text/plain");
    let empty = plain.lines.iter().all(|line| line.text.trim().is_empty());
    let found = if empty { of("text/html") } else { plain };
    (own(&found), everything(&found))
}

fn read_lines(part: &Part<'_>) -> Lines {
    let text = decode::text(part);
    if part.kind.name == "text/html" {
        return html::lines(&text);
    }
    let says = |name: &str, value: &str| part.kind.parameter(name).is_some_and(|found| found.eq_ignore_ascii_case(value));
    lines(&text, says("format", "flowed"), says("delsp", "yes"))
}

/// The parts that make up the text, in order. Of alternatives, the last that has any of this kind; some programs put files
/// between paragraphs, so there may be several.
fn chosen<'p, 'a>(part: &'p Part<'a>, kind: &str) -> Vec<&'p Part<'a>> {
    if part.is_text() && (part.kind.name == kind || (part.kind.name.starts_with("multipart/") && kind == "text/plain")) {
        return vec![part];
    }
    if part.kind.name == "multipart/alternative" {
        return part.parts.iter().rev().map(|one| chosen(one, kind)).find(|found| !found.is_empty()).unwrap_or_default();
    }
    part.parts.iter().flat_map(|one| chosen(one, kind)).collect()
}

/// The names of what came as files: whatever is attached, and whatever is neither text nor part of the text's looks.
fn collect_files(part: &Part<'_>, inside: bool, files: &mut Vec<Option<String>>) {
    if !part.parts.is_empty() {
        let inside = matches!(part.kind.name.as_str(), "multipart/related" | "multipart/alternative");
        part.parts.iter().for_each(|one| collect_files(one, inside, files));
        return;
    }
    let disposition = part.headers.kind("content-disposition").unwrap_or_default();
    let named = disposition.parameter("filename").or_else(|| part.kind.parameter("name"));
    let name = named.map(|name| name.chars().filter(|c| !is_unseen(*c)).take(NAME).collect::<String>());
    let attached = disposition.name == "attachment";
    let shown = part.is_text() && name.is_none();
    let drawn = inside && !attached && part.headers.has("content-id");
    let other = matches!(
        part.kind.name.as_str(),
        "application/pgp-signature" | "application/pkcs7-signature" | "application/x-pkcs7-signature"
    );
    if attached || !(shown || drawn || other || (inside && part.kind.name.starts_with("text/"))) {
        files.push(name.filter(|name| !name.is_empty()));
    }
}
