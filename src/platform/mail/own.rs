//! Words that somebody else wrote for a letter: paragraphs and lists with emphasis and links, in a language of their own.

use super::render::{direction, language, link, words};
use crate::platform::Result;
use std::fmt::Write as _;

/// The text of a run that ends a line.
pub const BREAK: &str = "\n";

/// A stretch of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What it says; a line break alone is [`BREAK`].
    pub text: String,
    /// Shown bold.
    pub strong: bool,
    /// Shown in italics.
    pub emphasis: bool,
    /// Where it leads, if it is a link.
    pub link: Option<String>,
}

/// One paragraph, or one item of a list.
pub type Line = Vec<Run>;

/// A part of such words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnPart {
    /// A paragraph.
    Paragraph(Line),
    /// A list; whether it is numbered.
    List(bool, Vec<Line>),
}

/// Such words, with the language that they are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// Language tag.
    pub language: String,
    /// What they say.
    pub parts: Vec<OwnPart>,
}

/// As both parts of a message show them.
pub struct OwnSheet {
    /// Language tag, where it is another than the letter's.
    pub language: Option<String>,
    /// `ltr` or `rtl`.
    pub direction: &'static str,
    parts: Vec<OwnPart>,
}

impl OwnSheet {
    /// Cleaned, like everything that people typed; links are those of the web or of mail.
    pub fn of(own: &Own, around: &str) -> Result<Self> {
        let clean = |line: &Line| -> Result<Line> {
            line.iter()
                .map(|run| {
                    if run.text == BREAK {
                        return Ok(run.clone());
                    }
                    // The spaces at the ends part a run from its neighbours.
                    let inside = words(&run.text);
                    let (before, after) = (run.text.starts_with(' '), run.text.ends_with(' ') && !inside.is_empty());
                    let text = format!("{}{inside}{}", if before { " " } else { "" }, if after { " " } else { "" });
                    Ok(Run { text, link: run.link.as_deref().map(link).transpose()?, ..run.clone() })
                })
                .collect()
        };
        let mut parts = Vec::new();
        for part in &own.parts {
            parts.push(match part {
                OwnPart::Paragraph(line) => OwnPart::Paragraph(clean(line)?),
                OwnPart::List(numbered, items) => OwnPart::List(*numbered, items.iter().map(clean).collect::<Result<_>>()?),
            });
        }
        let tag = language(&own.language);
        Ok(Self { direction: direction(&tag), language: (tag != around).then_some(tag), parts })
    }

    /// The HTML; every word in it is escaped.
    pub fn html(&self) -> String {
        let mut html = String::new();
        for part in &self.parts {
            match part {
                OwnPart::Paragraph(line) => {
                    let _ = writeln!(html, "<p style=\"margin:0 0 16px\">{}</p>", html_of(line));
                }
                OwnPart::List(numbered, items) => {
                    let tag = if *numbered { "ol" } else { "ul" };
                    let _ = writeln!(html, "<{tag} style=\"margin:0 0 16px;padding-inline-start:24px\">");
                    for item in items {
                        let _ = writeln!(html, "<li style=\"margin:0 0 4px\">{}</li>", html_of(item));
                    }
                    let _ = writeln!(html, "</{tag}>");
                }
            }
        }
        html
    }

    /// The paragraphs and items as plain text, each with its mark. The address of a link stands behind its words.
    pub fn lines(&self) -> Vec<Vec<(String, String)>> {
        let parts = self.parts.iter().map(|part| match part {
            OwnPart::Paragraph(line) => text_of(line).lines().map(|line| (String::new(), line.to_owned())).collect(),
            OwnPart::List(false, items) => items.iter().map(|item| ("* ".to_owned(), text_of(item))).collect(),
            OwnPart::List(true, items) => {
                items.iter().enumerate().map(|(n, item)| (format!("{}. ", n + 1), text_of(item))).collect()
            }
        });
        parts.collect()
    }
}

fn text_of(line: &Line) -> String {
    let mut text = String::new();
    for (at, run) in line.iter().enumerate() {
        text.push_str(&run.text);
        // A link may be several runs, one of them bold.
        let goes_on = line.get(at + 1).is_some_and(|next| next.link == run.link);
        if let Some(url) = run.link.as_deref().filter(|url| !goes_on && *url != run.text.trim()) {
            let _ = write!(text, " <{url}>");
        }
    }
    text.trim().to_owned()
}

fn html_of(line: &Line) -> String {
    let mut html = String::new();
    let mut open: Option<&str> = None;
    for run in line {
        if run.text == BREAK {
            html.push_str("<br>\n");
            continue;
        }
        if open != run.link.as_deref() {
            if open.is_some() {
                html.push_str("</a>");
            }
            if let Some(url) = &run.link {
                let _ = write!(html, "<a class=\"link\" href=\"{}\" style=\"color:#1d4ed8\">", escaped(url));
            }
            open = run.link.as_deref();
        }
        let (before, after) = match (run.strong, run.emphasis) {
            (true, true) => ("<strong><em>", "</em></strong>"),
            (true, false) => ("<strong>", "</strong>"),
            (false, true) => ("<em>", "</em>"),
            (false, false) => ("", ""),
        };
        let _ = write!(html, "{before}{}{after}", escaped(&run.text));
    }
    if open.is_some() {
        html.push_str("</a>");
    }
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;").replace('\'', "&#39;")
}
