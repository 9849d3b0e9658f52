//! From HTML to lines of text, as mail programs write it: what is quoted is marked, what they mark as signature or as the
//! line above a quotation is left out. One pass, so that no input takes long.

use super::{
    quote::{Line, Lines},
    tag::{TAG, attribute, behind, tag_end},
};
use mail_parser::decoders::html::add_html_token;

/// Elements after which a line ends, and before which it does.
const BLOCKS: [&str; 25] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "footer",
    "form",
    "header",
    "hr",
    "html",
    "li",
    "main",
    "nav",
    "ol",
    "pre",
    "section",
    "table",
    "tr",
    "ul",
];
/// Elements with an empty line around them.
const SPACED: [&str; 7] = ["p", "h1", "h2", "h3", "h4", "h5", "h6"];
/// Elements whose content is no text.
const SILENT: [&str; 5] = ["script", "style", "title", "template", "noscript"];
/// Marks of the element behind which Outlook, Yahoo, and GMX put the letter that is answered.
const ANSWERED: [&str; 6] = [
    "appendonsend",
    "divrplyfwdmsg",
    "mail-editor-reference-message-container",
    "olk_src_body_section",
    "yahoo_quoted",
    "ms-outlook-mobile-body-separator-line",
];
/// Marks of signatures, and of the line that says who wrote what is quoted.
const LEFT_OUT: [&str; 9] = [
    "gmail_signature",
    "gmail_signature_prefix",
    "gmail_attr",
    "moz-cite-prefix",
    "moz-signature",
    "signature",
    "applemailsignature",
    "ms-outlook-mobile-signature",
    "protonmail_signature_block",
];

/// An HTML text as lines.
pub(super) fn lines(html: &str) -> Lines {
    let mut reader = Reader { skips: true, ..Reader::default() };
    reader.read(html);
    if reader.skipping.is_some() {
        // An element to be left out never ended: then nothing is left out.
        reader = Reader::default();
        reader.read(html);
    }
    reader.finish()
}

/// An HTML text as plain text, with everything in it.
pub(super) fn plain(html: &str) -> String {
    let mut reader = Reader::default();
    reader.read(html);
    let lines = reader.finish().lines;
    lines.into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n")
}

#[derive(Default)]
struct Reader {
    done: Lines,
    open: String,
    gap: bool,
    /// Whether the paragraph has space around it.
    spaced: bool,
    pre: usize,
    /// One for each open `blockquote`: whether it quotes. Gmail indents with it too.
    quotes: Vec<bool>,
    depth: usize,
    skips: bool,
    /// The element that is left out, and how many of its name are open.
    skipping: Option<(String, usize)>,
}

impl Reader {
    fn read(&mut self, html: &str) {
        let mut rest = html;
        while let Some(at) = rest.find('<') {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.text(before);
            if let Some(comment) = from.strip_prefix("<!--") {
                // As browsers do: a comment that does not end takes the rest.
                rest = comment.split_once("-->").map_or("", |(_, after)| after);
                continue;
            }
            let inside = from.get(1..).unwrap_or_default();
            if !inside.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
                self.text("<");
                rest = inside;
                continue;
            }
            let end = tag_end(inside);
            let (tag, after) = inside.split_at_checked(end).unwrap_or((inside, ""));
            rest = after.strip_prefix('>').unwrap_or(after);
            if let Some(name) = self.tag(tag) {
                rest = behind(rest, name);
            }
        }
        self.text(rest);
    }

    /// Takes a tag. Answers the name of an element whose content is to be passed over.
    fn tag(&mut self, tag: &str) -> Option<&'static str> {
        let closing = tag.starts_with('/');
        let tag = tag.trim_start_matches('/');
        let end = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
        let (name, attributes) = tag.split_at_checked(end).unwrap_or((tag, ""));
        let name = name.to_ascii_lowercase();
        if let Some((open, count)) = self.skipping.as_mut() {
            if *open == name {
                *count = if closing { count.saturating_sub(1) } else { count.saturating_add(1) };
                if *count == 0 {
                    self.skipping = None;
                }
            }
            return None;
        }
        if !closing && let Some(silent) = SILENT.into_iter().find(|silent| *silent == name) {
            return Some(silent);
        }
        let spaced = SPACED.contains(&name.as_str());
        if spaced || BLOCKS.contains(&name.as_str()) {
            self.end_line();
        }
        let attributes = attributes.get(..TAG).unwrap_or(attributes);
        if spaced {
            // Outlook sets its paragraphs without space between them.
            self.spaced = if closing { self.spaced } else { !attributes.contains("MsoNormal") };
            if self.spaced {
                self.empty_line();
            }
        }
        match name.as_str() {
            "br" => self.break_line(),
            "td" | "th" => self.gap = true,
            "li" if !closing => self.open.push_str("- "),
            "pre" => self.pre = if closing { self.pre.saturating_sub(1) } else { self.pre.saturating_add(1) },
            "blockquote" if closing => {
                let quoted = self.quotes.pop().unwrap_or_default();
                self.depth = self.depth.saturating_sub(usize::from(quoted));
            }
            "blockquote" => {
                let quoted = quotes(attributes);
                self.quotes.push(quoted);
                self.depth = self.depth.saturating_add(usize::from(quoted));
            }
            _ => {}
        }
        if !closing && matches!(name.as_str(), "div" | "span" | "pre" | "body" | "p" | "table" | "blockquote" | "section") {
            self.marks(&name, attributes);
        }
        None
    }

    /// What mail programs mark with class, id or name.
    fn marks(&mut self, name: &str, attributes: &str) {
        let marks = ["class", "id", "name", "data-marker"].into_iter().filter_map(|key| attribute(attributes, key));
        let marks: Vec<String> = marks.flat_map(|value| value.split_whitespace().map(own_name).collect::<Vec<_>>()).collect();
        let among = |list: &[&str]| marks.iter().any(|mark| list.contains(&mark.as_str()));
        let gmx = name == "div" && attribute(attributes, "name").as_deref() == Some("quote");
        if self.done.cut.is_none() && (gmx || among(&ANSWERED)) {
            self.end_line();
            self.done.cut = Some(self.done.lines.len());
        } else if self.skips && name != "body" && among(&LEFT_OUT) {
            self.end_line();
            self.skipping = Some((name.to_owned(), 1));
        }
    }

    fn text(&mut self, text: &str) {
        if self.skipping.is_some() {
            return;
        }
        let mut rest = text;
        while let Some(at) = rest.find('&') {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.characters(before);
            let length = from.bytes().take(34).position(|byte| byte == b';').map(|end| end.saturating_add(1));
            let named = length.and_then(|end| from.split_at_checked(end));
            let decodable = |token: &str| token.get(1..).is_some_and(|name| !name.starts_with([';', '&']) && token.is_ascii());
            if let Some((token, after)) = named.filter(|(token, _)| decodable(token)) {
                let mut decoded = String::new();
                add_html_token(&mut decoded, token.as_bytes(), false);
                self.characters(&decoded);
                rest = after;
            } else {
                self.characters("&");
                rest = from.get(1..).unwrap_or_default();
            }
        }
        self.characters(rest);
    }

    fn characters(&mut self, text: &str) {
        for c in text.chars() {
            if self.pre > 0 && c == '\n' {
                self.break_line();
            } else if self.pre > 0 && c == ' ' {
                self.open.push(' ');
            } else if c.is_whitespace() {
                self.gap = true;
            } else if !c.is_control() && !matches!(c, '\u{feff}' | '\u{200b}') {
                if self.gap && !self.open.is_empty() {
                    self.open.push(' ');
                }
                self.gap = false;
                self.open.push(c);
            }
        }
    }

    fn break_line(&mut self) {
        let text = std::mem::take(&mut self.open);
        self.done.lines.push(Line { depth: self.depth, text });
        self.gap = false;
    }

    fn end_line(&mut self) {
        if !self.open.trim().is_empty() {
            self.break_line();
        }
        self.open.clear();
        self.gap = false;
    }

    fn empty_line(&mut self) {
        if self.done.lines.last().is_some_and(|line| !line.text.is_empty()) {
            self.break_line();
        }
    }

    fn finish(mut self) -> Lines {
        self.end_line();
        while self.done.lines.pop_if(|line| line.text.is_empty()).is_some() {}
        self.done
    }
}

/// A mark as its program gave it: Outlook puts `x_` before those of letters that it quotes.
fn own_name(mark: &str) -> String {
    mark.trim_start_matches("x_").to_owned()
}

/// Whether a `blockquote` quotes: Gmail uses one without a border to indent.
fn quotes(attributes: &str) -> bool {
    let style = attribute(attributes, "style").unwrap_or_default().replace(' ', "");
    !style.contains("border:none") && !style.contains("border:medium")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str) -> String {
        let lines = lines(html).lines;
        lines.iter().map(|line| format!("{}{}", ">".repeat(line.depth), line.text)).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn text_is_kept_and_markup_is_not() {
        let table = [
            ("<p>One &amp; two</p><p>three<br>four</p>", "One & two||three|four"),
            ("<div>a</div><div><br></div><div>b</div>", "a||b"),
            ("<html><head><title>no</title><style>no { }</style></head><body>yes</body></html>", "yes"),
            ("a < b &nope; &#228;&#x41; 1 &lt; 2 & <!-- no > --> c", "a < b &nope; äA 1 < 2 & c"),
            ("<ul><li>x</li><li>y</li></ul>", "- x|- y"),
            ("<p class=MsoNormal>a</p><p class=MsoNormal>b</p>", "a|b"),
            ("<pre>a  b\nc</pre>", "a  b|c"),
            ("<a title='a > b' href=\"x\">link</a>", "link"),
            ("text<script>no</script", "text"),
            ("&nbsp;a&nbsp;b", "a b"),
        ];
        for (html, want) in table {
            assert_eq!(shown(html), want, "{html}");
        }
    }

    #[test]
    fn quotations_are_marked_and_indentation_is_none() {
        assert_eq!(
            shown("mine<blockquote type=cite>old<blockquote>older</blockquote></blockquote>mine"),
            "mine|>old|>>older|mine"
        );
        assert_eq!(shown("<blockquote style=\"margin:0 0 0 40px;border: none;\">mine</blockquote>"), "mine");
        assert_eq!(lines("a<div id=\"appendonsend\"></div><hr>b").cut, Some(1));
        assert_eq!(lines("a<div class='x_yahoo_quoted'>b</div>").cut, Some(1));
        assert_eq!((lines("a<div name=quote>b</div>").cut, lines("a<div name=other>b</div>").cut), (Some(1), None));
    }

    #[test]
    fn what_programs_mark_as_signature_is_left_out_if_it_ends() {
        assert_eq!(shown("a<div class=\"gmail_signature\"><div>me</div></div>b"), "a|b");
        assert_eq!(shown("a<div class=\"gmail_signature\">me"), "a|me");
        assert_eq!(plain("a<div class=\"gmail_signature\">me</div>"), "a\nme");
    }

    #[test]
    fn no_input_takes_long() {
        for piece in ["<", "<a '", "<a b=\"", "&", "&lt", "</script", "<style>", "<!--", "<div class=signature>", "<blockquote>"]
        {
            let start = std::time::Instant::now();
            lines(&piece.repeat(200_000));
            assert!(start.elapsed().as_secs() < 5, "{piece}");
        }
    }
}
