//! What every letter must have and must not have, whatever it says and in whatever form.

use super::{Form, every_form};
use crate::harness::Mail;

/// The installation's own host: letters lead nowhere else.
const OWN: &str = "https://alongside.test";
/// What loads something from elsewhere, or tells somebody that a letter was opened.
const LOADS: [&str; 19] = [
    "<img",
    "<picture",
    "<svg",
    "<video",
    "<audio",
    "<script",
    "<link",
    "<iframe",
    "<object",
    "<embed",
    "<form",
    "<base",
    "src=",
    "srcset",
    "background=",
    "url(",
    "@import",
    "http-equiv",
    " onload",
];

/// What stands between two marks, from the first on.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(from)?;
    rest.split_once(to).map(|(inside, _)| inside)
}

/// The value of an attribute in a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    between(tag, &format!(" {name}=\""), "\"").filter(|value| !value.trim().is_empty())
}

/// The words in a piece of HTML.
fn said(html: &str) -> String {
    let mut words = String::new();
    let mut tag = false;
    for c in html.chars() {
        match c {
            '<' => tag = true,
            '>' => tag = false,
            _ if !tag => words.push(c),
            _ => {}
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The addresses of the links of an HTML part, as they lead.
pub fn links(html: &str) -> Vec<String> {
    let tags = html.split("<a").skip(1).filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag));
    tags.filter_map(|tag| attribute(tag, "href")).map(|href| href.replace("&#38;", "&").replace("&amp;", "&")).collect()
}

/// Fault 34: what people with a screen reader, a magnifier or a reader of plain text would miss.
pub fn unreadable(text: &str, html: &str, least: u32) -> Vec<String> {
    let mut wrong = Vec::new();
    let root = between(html, "<html", ">").unwrap_or_default();
    if attribute(root, "lang").is_none() {
        wrong.push("no language".to_owned());
    }
    if !matches!(attribute(root, "dir"), Some("ltr" | "rtl")) {
        wrong.push("no direction".to_owned());
    }
    if between(html, "<title>", "</title>").is_none_or(|title| title.trim().is_empty()) {
        wrong.push("no title".to_owned());
    }
    let headings = html.split("<h").skip(1).filter_map(|rest| {
        let rank = rest.chars().next()?.to_digit(10)?;
        Some((rank, said(&format!("<h{}", rest.split_once("</h")?.0))))
    });
    let mut last = 0;
    let mut first = 0;
    for (rank, words) in headings {
        if rank > last + 1 {
            wrong.push(format!("a gap before the heading “{words}”"));
        }
        if words.is_empty() {
            wrong.push("an empty heading".to_owned());
        }
        first += u32::from(rank == 1);
        last = rank;
    }
    if first != 1 {
        wrong.push(format!("{first} headings of the first rank"));
    }
    for picture in html.split("<img").skip(1) {
        if attribute(picture.split_once('>').map_or(picture, |(tag, _)| tag), "alt").is_none() {
            wrong.push("a picture without words".to_owned());
        }
    }
    for link in html.split("<a ").skip(1) {
        let words =
            link.split_once('>').and_then(|(_, rest)| rest.split_once("</a>")).map_or(String::new(), |(words, _)| said(words));
        if words.len() < 4 || ["here", "click here", "link"].contains(&words.as_str()) {
            wrong.push(format!("a link called “{words}”"));
        }
    }
    wrong.extend(links(html).into_iter().filter(|link| !text.contains(link)).map(|link| format!("the text lacks {link}")));
    let sizes = ["font:", "font-size:"].iter().flat_map(|sign| html.split(sign).skip(1));
    for size in sizes.filter_map(|rest| rest.split_once("px").and_then(|(size, _)| size.trim().parse::<u32>().ok())) {
        if size < least {
            wrong.push(format!("letters of {size} pixels"));
        }
    }
    wrong
}

/// Fault 35: what would tell somebody that a letter was opened, or which link was followed.
pub fn tracking(text: &str, html: &str) -> Vec<String> {
    let lower = html.to_lowercase();
    let mut wrong: Vec<_> = LOADS.iter().filter(|sign| lower.contains(**sign)).map(|sign| format!("holds {sign}")).collect();
    for part in [text, html] {
        for (at, _) in part.match_indices("://") {
            let from = part[..at].rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
            let rest = &part[from..];
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>')).unwrap_or(rest.len());
            let address = &rest[..end];
            let path = address.strip_prefix(OWN).filter(|path| path.starts_with('/'));
            match path {
                None => wrong.push(format!("leads to another host: {address}")),
                // An address within an address is how a visit is counted before it is led on.
                Some(path) if path.contains('?') || path.contains("%3A") || path.contains("://") => {
                    wrong.push(format!("leads on: {address}"));
                }
                Some(_) => {}
            }
        }
    }
    wrong
}

/// The words of a letter without its head.
fn body(letter: &Mail) -> String {
    letter.text().split_once("\n\n").unwrap().1.to_owned()
}

fn looked_at(look: impl Fn(Form, &Mail) -> Vec<String>) {
    let mut wrong = Vec::new();
    for (form, letters) in every_form() {
        for (kind, letter) in letters {
            wrong.extend(look(*form, letter).into_iter().map(|what| format!("{kind}, {form:?}: {what}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The smallest letters of a form, in pixels. Easy Read asks for 14 points, which are 18.7 pixels.
fn least(form: Form, letter: &Mail) -> u32 {
    // Letters to staff about their accounts have one form.
    let staff = letter.raw.contains("From: Alongside") || letter.raw.contains("From: \"Alongside\"");
    match form {
        Form::EasyRead if !staff => 19,
        Form::LargePrint if !staff => 22,
        _ => 16,
    }
}

#[test]
fn fault_34_no_letter_lacks_a_language_a_direction_headings_in_order_words_or_a_link_in_its_text() {
    looked_at(|form, letter| unreadable(&body(letter), &letter.html(), least(form, letter)));
}

#[test]
fn fault_35_no_letter_holds_a_picture_anything_remote_or_a_link_that_leads_on() {
    looked_at(|_, letter| tracking(&body(letter), &letter.html()));
}

#[test]
fn what_is_planted_in_a_letter_is_found() {
    let letter = &every_form()[0].1[alongside::invitations::INVITE];
    let (text, html) = (body(letter), letter.html());
    let link = links(&html).remove(0);
    for (from, to, found) in [
        (" lang=\"en\"", "", "no language"),
        (" dir=\"ltr\"", "", "no direction"),
        (" dir=\"ltr\"", " dir=\"\"", "no direction"),
        ("<h2", "<h4", "a gap before the heading"),
        ("</h1>", "</h1><h1>More</h1>", "2 headings of the first rank"),
        ("</h1>", "</h1><h2> </h2>", "an empty heading"),
        ("</h1>", "</h1><img src=\"https://alongside.test/x.png\">", "a picture without words"),
        ("Read more and answer</a>", "here</a>", "a link called “here”"),
        ("</h1>", "</h1><a href=\"https://alongside.test/elsewhere\">Elsewhere</a>", "the text lacks"),
        ("font:16px", "font:12px", "letters of 12 pixels"),
        ("<title>", "<title></title><i>", "no title"),
    ] {
        let planted = html.replacen(from, to, usize::MAX);
        assert_ne!(planted, html, "{from}");
        let wrong = unreadable(&text, &planted, 16);
        assert!(wrong.iter().any(|what| what.contains(found)), "{found}: {wrong:?}");
    }
    assert_eq!(unreadable(&text.replace(&link, ""), &html, 16), [format!("the text lacks {link}")]);
    let led_on = format!("https://alongside.test/go?to={link}");
    for planted in [
        html.replace("</h1>", "</h1><img alt=\"\" src=\"https://count.example/1.gif\">"),
        html.replace("</h1>", "</h1><p style=\"background:url('/seen')\">x</p>"),
        html.replace(&link, &led_on),
        html.replace(OWN, "https://click.example"),
        html.replace(OWN, "https://alongside.test.example"),
    ] {
        assert!(!tracking(&text, &planted).is_empty());
    }
    assert!(!tracking(&text.replace(&link, &led_on), &html).is_empty());
}
