//! The little Markdown that coordinators may use in letters: paragraphs, lines, lists, emphasis and links. Everything else is refused,
//! with the line on which it stands: it could hide something, or be read by nobody.

use crate::platform::{
    mail::own::{BREAK, Line, OwnPart, Run},
    text::is_web_address,
};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// What may stand in a text.
pub const ALLOWED: &str =
    "Allowed are paragraphs, lists, **bold**, *italics*, and links to addresses that begin with https:// or mailto:.";
/// Words that do not say where a link leads.
const EMPTY: [&str; 5] = ["here", "link", "this link", "more", "read more"];

/// What is wrong, and the line on which it stands, from 1 on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The line.
    pub line: usize,
    /// What is wrong, in plain English.
    pub why: &'static str,
}

/// A text as its parts.
///
/// # Errors
/// Everything that may not stand in it, in order.
pub fn parse(text: &str) -> Result<Vec<OwnPart>, Vec<Refused>> {
    let mut reader = Reader::default();
    for (event, range) in Parser::new_ext(text, Options::empty()).into_offset_iter() {
        let line = text[..range.start].matches('\n').count() + 1;
        if let Err(why) = reader.take(event) {
            let refused = Refused { line, why };
            if !reader.refused.contains(&refused) {
                reader.refused.push(refused);
            }
        }
    }
    if reader.refused.is_empty() { Ok(reader.parts) } else { Err(reader.refused) }
}

#[derive(Default)]
struct Reader {
    parts: Vec<OwnPart>,
    refused: Vec<Refused>,
    line: Line,
    strong: bool,
    emphasis: bool,
    link: Option<String>,
    /// The list that is open.
    list: Option<(bool, Vec<Line>)>,
    /// How many lists are open, one inside the other.
    depth: usize,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) -> Result<(), &'static str> {
        match event {
            Event::Start(tag) => self.begin(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => {
                self.say(&text);
                Ok(())
            }
            // Whoever begins a new line means one.
            Event::SoftBreak | Event::HardBreak => {
                self.break_line();
                Ok(())
            }
            Event::Code(_) => Err("program text is not taken"),
            Event::Html(_) | Event::InlineHtml(_) => Err("HTML is not taken"),
            Event::Rule => Err("a dividing line is not taken"),
            _ => Err("this is not taken"),
        }
    }

    fn begin(&mut self, tag: Tag<'_>) -> Result<(), &'static str> {
        match tag {
            Tag::Paragraph => {
                if self.list.is_some() && !self.line.is_empty() {
                    self.break_line();
                }
                Ok(())
            }
            Tag::List(from) => {
                self.depth += 1;
                if self.depth > 1 {
                    return Err("a list within a list is not taken");
                }
                self.list = Some((from.is_some(), Vec::new()));
                Ok(())
            }
            Tag::Item => Ok(()),
            Tag::Strong => {
                self.strong = true;
                Ok(())
            }
            Tag::Emphasis => {
                self.emphasis = true;
                Ok(())
            }
            Tag::Link { dest_url, .. } => {
                let url = dest_url.to_string();
                let mail = url.strip_prefix("mailto:").is_some_and(|to| crate::platform::text::email_key(to).is_some());
                let web = url.starts_with("https://") && is_web_address(&url) && url.len() <= 900 && !url.contains(['{', '}']);
                self.link = Some(url);
                if web || mail { Ok(()) } else { Err("a link leads to an address that is not taken") }
            }
            Tag::Image { .. } => Err("pictures are not taken"),
            Tag::Heading { .. } => Err("headings are not taken: the letter has its own"),
            Tag::CodeBlock(_) => Err("program text is not taken; a line may not begin with four spaces"),
            Tag::BlockQuote(_) => Err("quotations are not taken"),
            // What stands in it is refused itself.
            Tag::HtmlBlock => Ok(()),
            _ => Err("this is not taken"),
        }
    }

    fn end(&mut self, tag: TagEnd) -> Result<(), &'static str> {
        match tag {
            TagEnd::Paragraph if self.list.is_none() => {
                let line = std::mem::take(&mut self.line);
                if !line.is_empty() {
                    self.parts.push(OwnPart::Paragraph(line));
                }
            }
            TagEnd::Item => {
                let line = std::mem::take(&mut self.line);
                if let Some((_, items)) = self.list.as_mut().filter(|_| !line.is_empty()) {
                    items.push(line);
                }
            }
            TagEnd::List(_) => {
                self.depth = self.depth.saturating_sub(1);
                if let Some((numbered, items)) = self.list.take_if(|_| self.depth == 0) {
                    self.parts.push(OwnPart::List(numbered, items));
                }
            }
            TagEnd::Strong => self.strong = false,
            TagEnd::Emphasis => self.emphasis = false,
            TagEnd::Link => {
                let url = self.link.take();
                let runs = self.line.iter().rev().take_while(|run| run.link == url);
                let said: String = runs.map(|run| run.text.as_str()).collect::<Vec<_>>().into_iter().rev().collect();
                let said = said.trim().to_lowercase();
                if said.chars().count() < 4 || EMPTY.contains(&said.as_str()) {
                    return Err("a link does not say in its words where it leads");
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn say(&mut self, text: &str) {
        let (strong, emphasis, link) = (self.strong, self.emphasis, self.link.clone());
        match self.line.last_mut() {
            // Markdown hands over a sentence in pieces.
            Some(run) if run.text != BREAK && (run.strong, run.emphasis, &run.link) == (strong, emphasis, &link) => {
                run.text.push_str(text);
            }
            _ => self.line.push(Run { text: text.to_owned(), strong, emphasis, link }),
        }
    }

    fn break_line(&mut self) {
        let link = self.link.clone();
        self.line.push(Run { text: BREAK.to_owned(), strong: false, emphasis: false, link });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(text: &str) -> Run {
        Run { text: text.into(), strong: false, emphasis: false, link: None }
    }

    #[test]
    fn what_is_allowed_is_kept() {
        let text = "Hello **you**,\nand _you_ who answer_by.\n\n- one\n- [our page](https://sunrise.example/a)\n\n1. first\n";
        let line = vec![
            run("Hello "),
            Run { strong: true, ..run("you") },
            run(","),
            run(BREAK),
            run("and "),
            Run { emphasis: true, ..run("you") },
            run(" who answer_by."),
        ];
        let link = Run { link: Some("https://sunrise.example/a".into()), ..run("our page") };
        let items = OwnPart::List(false, vec![vec![run("one")], vec![link]]);
        assert_eq!(parse(text), Ok(vec![OwnPart::Paragraph(line), items, OwnPart::List(true, vec![vec![run("first")]])]));
        let mail = "Write to [Sam at Sunrise](mailto:sam@sunrise.example) or <https://sunrise.example>.";
        assert!(parse(mail).is_ok());
    }

    #[test]
    fn what_is_not_allowed_is_refused_with_its_line() {
        for (text, line, why) in [
            ("One\n\n<b>bold</b>", 3, "HTML"),
            ("<script>alert(1)</script>", 1, "HTML"),
            ("One\n![a cat](https://sunrise.example/cat.png)", 2, "pictures"),
            ("# Big", 1, "headings"),
            ("Big\n===", 1, "headings"),
            ("    let x = 1;", 1, "program text"),
            ("`x`", 1, "program text"),
            ("> said", 1, "quotations"),
            ("One\n\n---\n", 3, "a dividing line"),
            ("[our page](http://sunrise.example)", 1, "an address"),
            ("[our page](javascript:alert(1))", 1, "an address"),
            ("[our page](https://a.example/{{ name }})", 1, ""),
            ("[here](https://sunrise.example)", 1, "where it leads"),
            ("- one\n  - two", 2, "a list within a list"),
        ] {
            match parse(text) {
                Err(refused) => {
                    assert!(refused.iter().any(|one| one.line == line && one.why.contains(why)), "{text:?}: {refused:?}");
                }
                // An address with a space is no link at all, and stays as it was typed.
                Ok(parts) => assert!(why.is_empty() && format!("{parts:?}").contains("link: None"), "{text:?}: {parts:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_read_or_refused(text in "\\PC{0,200}|[-*_#>`\\[\\]()<!a{} \n|.1]{0,80}") {
            if let Ok(parts) = parse(&text) {
                for part in parts {
                    let lines = match part { OwnPart::Paragraph(line) => vec![line], OwnPart::List(_, items) => items };
                    for run in lines.into_iter().flatten() {
                        prop_assert!(run.link.is_none_or(|url| url.starts_with("https://") || url.starts_with("mailto:")));
                    }
                }
            }
        }
    }
}
