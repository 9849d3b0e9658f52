//! How a letter looks: a plain text and an HTML part with the same content, in one message.
//!
//! The same row and the same words give the same bytes, so a letter that is sent again is the same letter. Nothing is
//! loaded from elsewhere and nothing is counted: no picture, no tracking. What people typed (names, titles) can never
//! become a header or markup.

use super::{Block, Form, Letter, both, own::OwnSheet, twin};
use crate::platform::{Error, Result, text::is_link};
use askama::Template;
use entity::Time;
use lettre::{
    Address, Message,
    message::{
        Body, Mailbox, MultiPart, SinglePart,
        header::{ContentDisposition, ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};

/// Longest subject, in characters.
const SUBJECT: usize = 255;
/// Longest name of a sender, in characters.
const NAME: usize = 120;
/// What a letter says that can be answered by e-mail.
const EASY_ANSWER: &str = "You can answer this letter by e-mail.\nPeople who work here will read your answer.";
/// The same in plain English.
pub const ANSWER: &str = "You can answer this letter by e-mail. Staff of the organisation that runs this read your answer.";
/// Languages that are written from right to left.
const RIGHT_TO_LEFT: [&str; 11] = ["ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"];

/// What a message has beside its words; all of it comes from the letter's row and the settings.
pub struct Frame<'a> {
    /// The sender of the installation; its name is used where the letter has none.
    pub from: &'a Mailbox,
    /// The recipient.
    pub to: Address,
    /// Where answers go, if somebody reads them there. The letter then says so.
    pub reply_to: Option<Address>,
    /// With its angle brackets.
    pub message_id: &'a str,
    /// When the letter was made.
    pub date: Time,
}

/// A block as both parts show it: cleaned, in lines.
pub enum Part {
    /// A heading.
    Heading(String),
    /// The lines of a paragraph.
    Text(Vec<String>),
    /// Items.
    List(Vec<String>),
    /// Names and values.
    Facts(Vec<(String, String)>),
    /// What a coordinator wrote.
    Own(OwnSheet),
    /// What it does, and where it leads.
    Button(String, String),
}

/// A letter as both parts show it.
#[derive(Template)]
#[template(path = "mail/letter.html")]
pub struct Sheet {
    /// Subject, and first heading.
    pub subject: String,
    /// Who writes.
    pub sender: String,
    language: String,
    direction: &'static str,
    /// Size of the words, in pixels.
    size: u8,
    /// The content.
    pub parts: Vec<Part>,
    /// Why the person gets it.
    pub reason: String,
    /// That they can answer it, where they can.
    pub answer: Option<String>,
    /// Where to stop such letters.
    pub unsubscribe: Option<String>,
}

/// The whole message, with CRLF line ends.
pub fn render(letter: &Letter, frame: Frame<'_>) -> Result<Vec<u8>> {
    let answer = frame.reply_to.is_some().then(|| both(ANSWER, EASY_ANSWER).in_form(letter.form));
    let sheet = Sheet { answer, ..sheet(letter, frame.from)? };
    let html = sheet.render().map_err(|error| Error::bug(format!("a letter could not be rendered: {error}")))?;
    let sender = Mailbox::new(Some(sheet.sender.clone()), frame.from.email.clone());
    let mut message = Message::builder()
        .message_id(Some(one_line(frame.message_id, NAME)))
        .date(frame.date.into())
        .from(sender)
        .to(Mailbox::new(None, frame.to))
        .subject(sheet.subject.clone());
    if let Some(address) = frame.reply_to {
        message = message.reply_to(Mailbox::new(None, address));
    }
    for (name, value) in headers(letter, &sheet, frame.from.email.domain()) {
        message = message.raw_header(HeaderValue::dangerous_new_pre_encoded(name, value.clone(), value));
    }
    // Always the same encoding: 7-bit safe whatever the words are, and readable in the file.
    let part = |kind: ContentType, text: String| {
        // Its line ends are ours, so nothing has to be looked for in it.
        let encoded = quoted_printable::encode(text.replace('\n', "\r\n"));
        let body = Body::dangerous_pre_encoded(encoded, ContentTransferEncoding::QuotedPrintable);
        SinglePart::builder().header(kind).body(body)
    };
    let mut body = MultiPart::alternative()
        .boundary(boundary("=_", frame.message_id))
        .singlepart(part(ContentType::TEXT_PLAIN, twin::text(&sheet)))
        .singlepart(part(ContentType::TEXT_HTML, html));
    // Programs that know calendars act on the part beside the words, others show the file.
    if let [one] = letter.calendars.as_slice() {
        let kind = format!("text/calendar; method={}; charset=utf-8", one.method);
        body = body.singlepart(encoded(&kind, &one.text, None)?);
    }
    if !letter.calendars.is_empty() {
        body = filed(letter, body, boundary("=.", frame.message_id))?;
    }
    let message = message.multipart(body).map_err(|error| Error::bug(format!("a letter could not be put together: {error}")))?;
    Ok(message.formatted())
}

/// The words, with files for a calendar behind them.
fn filed(letter: &Letter, words: MultiPart, boundary: String) -> Result<MultiPart> {
    let mut all = MultiPart::mixed().boundary(boundary).multipart(words);
    for (at, one) in letter.calendars.iter().enumerate() {
        let name = if at == 0 { "meeting.ics".to_owned() } else { format!("meeting-{}.ics", at + 1) };
        let kind = format!("application/ics; name=\"{name}\"");
        let file = encoded(&kind, &one.text, Some(ContentDisposition::attachment(&name)))?;
        all = all.singlepart(file);
    }
    Ok(all)
}

/// A part whose bytes no relay touches.
fn encoded(kind: &str, text: &str, disposition: Option<ContentDisposition>) -> Result<SinglePart> {
    let kind = ContentType::parse(kind).map_err(|error| Error::bug(format!("a file that is of no kind: {error}")))?;
    let part = SinglePart::builder().header(kind);
    let part = disposition.into_iter().fold(part, |part, disposition| part.header(disposition));
    Ok(part.header(ContentTransferEncoding::Base64).body(text.to_owned()))
}

/// A letter as somebody looks at it before it is sent.
pub struct Shown {
    /// Subject line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// What a letter looks like, without a message around it. `from` is the sender of the installation.
pub fn show(letter: &Letter, from: &str) -> Result<Shown> {
    let from: Mailbox = from.parse().map_err(|_| Error::unavailable("the sender of letters is no address"))?;
    let sheet = sheet(letter, &from)?;
    let html = sheet.render().map_err(|error| Error::bug(format!("a letter could not be rendered: {error}")))?;
    Ok(Shown { text: twin::text(&sheet), subject: sheet.subject, html })
}

/// Headers of mailings and of letters that nobody typed. Every value is ASCII without line breaks.
fn headers(letter: &Letter, sheet: &Sheet, domain: &str) -> Vec<(HeaderName, String)> {
    let mut headers = vec![
        (HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()),
        (HeaderName::new_from_ascii_str("Content-Language"), sheet.language.clone()),
    ];
    if let Some(url) = &sheet.unsubscribe {
        headers.push((HeaderName::new_from_ascii_str("List-Unsubscribe"), format!("<{url}>")));
        headers.push((HeaderName::new_from_ascii_str("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click".to_owned()));
        if let Some(list) = letter.list_id.as_deref().map(list_name).filter(|list| !list.is_empty()) {
            headers.push((HeaderName::new_from_ascii_str("List-Id"), format!("<{list}.{domain}>")));
        }
    }
    headers
}

fn sheet(letter: &Letter, from: &Mailbox) -> Result<Sheet> {
    let language = language(&letter.language);
    let mut parts = Vec::new();
    for block in &letter.blocks {
        match block {
            Block::Heading(text) => parts.push(Part::Heading(words(text))),
            Block::Text(text) => parts.extend(paragraphs(text).into_iter().map(Part::Text)),
            Block::List(items) => parts.push(Part::List(items.iter().map(|item| words(item)).collect())),
            Block::Facts(facts) => {
                parts.push(Part::Facts(facts.iter().map(|(name, value)| (words(name), words(value))).collect()));
            }
            Block::Own(own) => parts.push(Part::Own(OwnSheet::of(own, &language)?)),
            Block::Button { label, url } => parts.push(Part::Button(words(label), link(url)?)),
        }
    }
    let name = one_line(&letter.from_name, NAME);
    let sender = if name.is_empty() { from.name.as_deref().map(|name| one_line(name, NAME)) } else { Some(name) };
    Ok(Sheet {
        subject: one_line(&letter.subject, SUBJECT),
        sender: sender.unwrap_or_default(),
        direction: direction(&language),
        language,
        size: size(letter.form),
        parts,
        reason: words(&letter.reason),
        answer: None,
        unsubscribe: letter.unsubscribe.as_deref().map(link).transpose()?,
    })
}

/// How large the words are, in CSS pixels. Easy Read asks for 14 points or more, which are 18.7 pixels.
fn size(form: Form) -> u8 {
    match form {
        Form::Plain => 16,
        Form::EasyRead => 20,
        Form::LargePrint => 22,
    }
}

/// In which direction a language is written.
pub(super) fn direction(language: &str) -> &'static str {
    if RIGHT_TO_LEFT.contains(&language.split('-').next().unwrap_or_default()) { "rtl" } else { "ltr" }
}

/// A language tag; English if it is not one.
pub(super) fn language(tag: &str) -> String {
    let good = !tag.is_empty() && tag.len() <= 35 && tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if good { tag.to_lowercase() } else { "en".to_owned() }
}

/// An address of the web, as it may stand in a header and in markup.
pub(super) fn link(url: &str) -> Result<String> {
    let good =
        ["https://", "http://", "mailto:"].iter().any(|scheme| url.starts_with(scheme)) && url.len() <= 900 && is_link(url);
    if good { Ok(url.to_owned()) } else { Err(Error::bug("a letter holds a link that is not an address of the web")) }
}

/// A name of a mailing as `List-Id` allows it.
fn list_name(text: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = text.to_lowercase().chars().filter(|c| keep(*c)).take(100).collect();
    name.trim_matches('.').to_owned()
}

/// One line of at most `most` characters, without anything that could end a header or turn the direction of writing.
fn one_line(text: &str, most: usize) -> String {
    let turns = |c: char| matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let visible: String = text.chars().filter(|c| !turns(*c)).map(|c| if breaks(c) { ' ' } else { c }).take(most * 4).collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(most).collect::<String>().trim_end().to_owned()
}

/// Text without control characters, on one line.
pub(super) fn words(text: &str) -> String {
    if is_clean(text) {
        return text.to_owned();
    }
    let text: String = text.chars().map(|c| if breaks(c) { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether nothing has to be done to words, as it nearly always is.
fn is_clean(text: &str) -> bool {
    let mut after_space = true;
    let clean = text.bytes().all(|byte| {
        let space = byte == b' ';
        let fine = byte.is_ascii() && !byte.is_ascii_control() && !(space && after_space);
        after_space = space;
        fine
    });
    clean && (text.is_empty() || !after_space)
}

fn breaks(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Paragraphs (an empty line parts them), each as its lines.
fn paragraphs(text: &str) -> Vec<Vec<String>> {
    if is_clean(text) {
        return if text.is_empty() { Vec::new() } else { vec![vec![text.to_owned()]] };
    }
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let lines: Vec<String> = text.lines().map(words).collect();
    lines.split(String::is_empty).filter(|lines| !lines.is_empty()).map(<[String]>::to_vec).collect()
}

/// Parts the message. Follows from its id, and begins with what neither quoted-printable nor base64 can hold; none begins as another
/// one does.
fn boundary(start: &str, message_id: &str) -> String {
    let id: String = message_id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(60).collect();
    format!("{start}{id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeZone, Utc};

    fn message(letter: &Letter) -> String {
        let from: Mailbox = "Alongside <alongside@sunrise.example>".parse().unwrap();
        let frame = Frame {
            from: &from,
            to: "ben@example.org".parse().unwrap(),
            reply_to: None,
            message_id: "<0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d3e@alongside>",
            date: Utc.with_ymd_and_hms(2027, 3, 1, 9, 0, 0).unwrap(),
        };
        String::from_utf8(render(letter, frame).unwrap()).unwrap()
    }

    fn head(message: &str) -> Vec<String> {
        let head = message.split("\r\n\r\n").next().unwrap_or_default();
        head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect()
    }

    fn letter() -> Letter {
        Letter::new("Sunrise trust", "What we heard", "You asked to hear from us.")
            .heading("What happens next")
            .text("One & two <three>.\nA second line.\n\nA second paragraph.")
            .list(vec!["apples", "pears"])
            .fact("When", "Monday")
            .button("Answer", "https://a.example/i#ai_abc?x=1")
            .stoppable("https://a.example/u/au_abc", "sunrise.news")
    }

    #[test]
    fn a_letter_has_what_a_serious_sender_sends() {
        let message = message(&letter());
        let head = head(&message);
        for expected in [
            "From: \"Sunrise trust\" <alongside@sunrise.example>",
            "To: ben@example.org",
            "Subject: What we heard",
            "Message-ID: <0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d3e@alongside>",
            "Date: Mon, 01 Mar 2027 09:00:00 +0000",
            "Auto-Submitted: auto-generated",
            "Content-Language: en",
            "List-Unsubscribe: <https://a.example/u/au_abc>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            "List-Id: <sunrise.news.sunrise.example>",
            "MIME-Version: 1.0",
        ] {
            assert!(head.iter().any(|line| line == expected), "{expected} is not in {head:#?}");
        }
        assert!(message.is_ascii());
        assert!(message.find("text/plain") < message.find("text/html"), "the richest part stands last");
    }

    #[test]
    fn the_html_is_accessible_and_loads_nothing() {
        let from: Mailbox = "alongside@sunrise.example".parse().unwrap();
        let html = sheet(&letter(), &from).unwrap().render().unwrap();
        assert!(html.contains("<html lang=\"en\" dir=\"ltr\">"));
        assert_eq!(html.matches("<h1").count(), 1);
        assert!(html.contains("<h2"));
        assert!(html.contains("One &#38; two &#60;three&#62;.<br>"), "{html}");
        assert!(html.contains("href=\"https://a.example/i#ai_abc?x=1\""));
        assert!(html.contains("Stop these letters</a>"));
        for absent in ["<img", "src=", "url(", "<script", "<table", "@import"] {
            assert!(!html.contains(absent), "{absent}");
        }
        let arabic = Letter { language: "ar-EG".into(), ..letter() };
        assert!(sheet(&arabic, &from).unwrap().render().unwrap().contains("<html lang=\"ar-eg\" dir=\"rtl\">"));
    }

    #[test]
    fn a_letter_that_can_be_answered_says_so_in_both_parts_and_no_other_does() {
        let from: Mailbox = "Alongside <alongside@sunrise.example>".parse().unwrap();
        let frame = Frame {
            from: &from,
            to: "ben@example.org".parse().unwrap(),
            reply_to: Some("r+aaaa@returns.sunrise.example".parse().unwrap()),
            message_id: "<0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d3e@alongside>",
            date: Utc.with_ymd_and_hms(2027, 3, 1, 9, 0, 0).unwrap(),
        };
        let answerable = String::from_utf8(render(&letter(), frame).unwrap()).unwrap();
        assert!(head(&answerable).iter().any(|line| line == "Reply-To: r+aaaa@returns.sunrise.example"), "{answerable}");
        let says =
            |message: &str| message.replace("=\r\n", "").replace("\r\n", " ").matches("You can answer this letter by").count();
        assert_eq!((says(&answerable), says(&message(&letter()))), (2, 0));
        assert!(!message(&letter()).contains("Reply-To"));
    }

    #[test]
    fn the_same_row_gives_the_same_bytes() {
        assert_eq!(message(&letter()), message(&letter()));
    }

    #[test]
    fn files_for_a_calendar_stand_beside_the_words_and_behind_them() {
        let plain = message(&letter());
        assert!(!plain.contains("multipart/mixed") && !plain.contains("calendar"));
        let one = message(&letter().calendar("REQUEST", "BEGIN:VCALENDAR\r\n"));
        assert_eq!(one.matches("Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n").count(), 1, "{one}");
        assert_eq!(one.matches("Content-Disposition: attachment; filename=\"meeting.ics\"\r\n").count(), 1, "{one}");
        assert_eq!(one.matches("QkVHSU46VkNBTEVOREFSDQo=").count(), 2);
        assert!(one.find("text/html") < one.find("text/calendar"), "the richest part stands last");
        let two = message(&letter().calendar("CANCEL", "a").calendar("CANCEL", "b"));
        assert!(!two.contains("text/calendar") && two.contains("meeting.ics") && two.contains("meeting-2.ics"), "{two}");
        assert!(one.is_ascii() && two.is_ascii());
        assert_eq!(two, message(&letter().calendar("CANCEL", "a").calendar("CANCEL", "b")));
    }

    #[test]
    fn what_people_typed_never_becomes_a_header() {
        for evil in
            ["a\r\nBcc: eve@evil.example", "a\nBcc: eve@evil.example", "a\rBcc: e", "nul\0", "\u{202e}gnp.exe", "\"<x@y>, z"]
        {
            let letter = Letter {
                from_name: evil.into(),
                subject: evil.into(),
                language: evil.into(),
                list_id: Some(evil.into()),
                reason: evil.into(),
                ..letter().heading(evil).text(evil)
            };
            let message = message(&letter);
            let head = head(&message);
            assert!(!head.iter().any(|line| line.to_lowercase().starts_with("bcc")), "{head:#?}");
            assert_eq!(head.len(), self::head(&self::message(&self::letter())).len(), "{head:#?}");
            assert!(!message.replace("\r\n", "").contains(['\r', '\n', '\0']), "a line end that is none");
            let to: Vec<_> = head.iter().filter(|line| line.starts_with("To:")).collect();
            assert_eq!(to, ["To: ben@example.org"]);
        }
        let long = Letter { from_name: "ü".repeat(5000), subject: "é".repeat(50_000), ..letter() };
        assert!(message(&long).lines().all(|line| line.len() <= 998));
    }

    #[test]
    fn a_link_that_is_none_is_refused() {
        let from: Mailbox = "alongside@sunrise.example".parse().unwrap();
        for bad in ["javascript:alert(1)", "https://a.example/\r\nBcc: x", "https://a.example/ b", "", "https://a.example/>"] {
            assert!(sheet(&letter().button("x", bad), &from).is_err(), "{bad:?}");
            assert!(sheet(&letter().stoppable(bad, "l"), &from).is_err(), "{bad:?}");
        }
    }
}
