//! The plain text part of a letter: the same content, for people who read without HTML. Lines have at most 72
//! characters; an address of the web is never broken and stands alone on its line.

use super::render::{Part, Sheet};

/// Longest line, in characters.
const WIDTH: usize = 72;

/// The text.
pub fn text(sheet: &Sheet) -> String {
    let mut paragraphs = vec![underlined(&sheet.subject, '=')];
    for part in &sheet.parts {
        paragraphs.push(match part {
            Part::Heading(text) => underlined(text, '-'),
            Part::Text(lines) => lines.iter().map(|line| wrap(line, "", "")).collect::<Vec<_>>().join("\n"),
            Part::List(items) => items.iter().map(|item| wrap(item, "* ", "  ")).collect::<Vec<_>>().join("\n"),
            Part::Facts(facts) => {
                facts.iter().map(|(name, value)| wrap(&format!("{name}: {value}"), "", "  ")).collect::<Vec<_>>().join("\n")
            }
            Part::Own(own) => {
                let parts = own.lines().into_iter().map(|lines| {
                    let lines = lines.iter().map(|(mark, line)| wrap(line, mark, &" ".repeat(mark.len())));
                    lines.collect::<Vec<_>>().join("\n")
                });
                parts.collect::<Vec<_>>().join("\n\n")
            }
            Part::Button(label, url) => format!("{}\n{url}", wrap(&format!("{label}:"), "", "")),
        });
    }
    paragraphs.push("----".to_owned());
    paragraphs.push(wrap(&sheet.sender, "", ""));
    paragraphs.push(wrap(&sheet.reason, "", ""));
    paragraphs.push(wrap(sheet.answer.as_deref().unwrap_or_default(), "", ""));
    if let Some(url) = &sheet.unsubscribe {
        paragraphs.push(format!("Stop these letters:\n{url}"));
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    let mut text = paragraphs.join("\n\n");
    text.push('\n');
    text
}

fn underlined(text: &str, line: char) -> String {
    let text = wrap(text, "", "");
    let width = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    format!("{text}\n{}", line.to_string().repeat(width))
}

/// Breaks at spaces. A word that is too long, such as an address of the web, gets its own line and stays whole.
fn wrap(text: &str, first: &str, rest: &str) -> String {
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut empty = true;
    let mut long = first.chars().count();
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if !empty && long + 1 + width > WIDTH {
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            (empty, long) = (true, rest.chars().count());
        }
        if !empty {
            line.push(' ');
            long += 1;
        }
        line.push_str(word);
        long += width;
        empty = false;
    }
    if !empty {
        lines.push(line);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_of_the_web_is_never_broken() {
        let url = format!("https://a.example/i#ai_{}", "x".repeat(100));
        let text = wrap(&format!("Please look at {url} soon, {}", "word ".repeat(40)), "* ", "  ");
        assert!(text.lines().any(|line| line.trim() == url), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH || line.contains("https://")));
    }

    proptest! {
        #[test]
        fn wrapping_keeps_every_word(text in "\\PC{0,400}") {
            let before: Vec<_> = text.split_whitespace().collect();
            let wrapped = wrap(&text, "", "");
            prop_assert_eq!(wrapped.split_whitespace().collect::<Vec<_>>(), before);
            for line in wrapped.lines() {
                prop_assert!(line.chars().count() <= WIDTH || !line.contains(' '));
            }
        }
    }
}
