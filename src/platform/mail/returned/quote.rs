//! What a person newly wrote, told from what they quoted and from their signature. By rules that would rather leave
//! something in than take something out, and that never take out everything.

use super::{
    header::is_unseen,
    labels::{block_field, is_attribution, is_original, is_sent_from, opens_attribution},
};

/// Most lines above a quotation that say who wrote it: programs wrap them.
const ATTRIBUTION: usize = 4;
/// Most lines of a signature whose mark lost its blank.
const SIGNATURE: usize = 8;

/// A line of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// How deep it is quoted; 0 where it is not.
    pub depth: usize,
    /// What it says.
    pub text: String,
}

/// The lines of a text.
#[derive(Default)]
pub(super) struct Lines {
    pub lines: Vec<Line>,
    /// The line from which on everything is the letter that is answered, where the mail program marked it.
    pub cut: Option<usize>,
}

/// What a person newly wrote.
pub(super) struct Own {
    pub text: String,
    /// Whether something was taken out.
    pub shortened: bool,
    /// Whether parts of it stand between what they answer.
    pub between: bool,
}

/// Plain text as lines. `flowed` text (RFC 3676) has its soft line breaks taken out, and with `delsp` the blanks before them.
pub(super) fn lines(text: &str, flowed: bool, delsp: bool) -> Lines {
    let mut lines: Vec<Line> = Vec::new();
    let mut soft = false;
    for raw in text.lines() {
        let (depth, rest) = depth(raw);
        // In flowed text a blank protects what looks like a quotation (RFC 3676, section 4.4).
        let rest = if flowed { rest.strip_prefix(' ').unwrap_or(rest) } else { rest };
        let signature = rest == "-- ";
        let joined = soft && !signature && lines.last().is_some_and(|line| line.depth == depth);
        match lines.last_mut().filter(|_| joined) {
            Some(line) => {
                if delsp {
                    line.text.truncate(line.text.strip_suffix(' ').map_or(line.text.len(), str::len));
                }
                line.text.push_str(rest);
            }
            None => lines.push(Line { depth, text: rest.to_owned() }),
        }
        soft = flowed && !signature && rest.ends_with(' ');
    }
    Lines { lines, cut: None }
}

/// How deep a line is quoted, and the line without the marks. `>From` is no quotation: mailboxes protect the word so.
fn depth(line: &str) -> (usize, &str) {
    if line.starts_with(">From ") {
        return (0, line.strip_prefix('>').unwrap_or(line));
    }
    let mut depth = 0_usize;
    let mut rest = line;
    while let Some(after) = rest.strip_prefix('>').or_else(|| rest.strip_prefix(" >").filter(|_| depth > 0)) {
        depth = depth.saturating_add(1);
        rest = after;
    }
    (depth, if depth > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest })
}

/// All of it, what was quoted with its marks.
pub(super) fn everything(lines: &Lines) -> String {
    let marked = |line: &Line| {
        if line.depth == 0 { line.text.clone() } else { format!("{} {}", ">".repeat(line.depth.min(5)), line.text) }
    };
    let marked: Vec<String> = lines.lines.iter().map(marked).collect();
    tidy(marked.iter().map(String::as_str))
}

/// Takes out what is not new. Where nothing would be left, everything stays.
pub(super) fn own(lines: &Lines) -> Own {
    let all = &lines.lines;
    let end = cut(lines).unwrap_or(all.len());
    let mut keep: Vec<bool> = all.iter().enumerate().map(|(at, line)| at < end && line.depth == 0).collect();
    let quoted: Vec<usize> = starts(all, end);
    for at in quoted.iter().copied().chain([end]) {
        drop_attribution(all, &mut keep, at, at == end && end == all.len());
    }
    drop_signature(all, &mut keep, end);
    drop_sent_from(all, &mut keep);
    let text = tidy(all.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(line, _)| line.text.as_str()));
    if text.is_empty() {
        return Own { text: everything(lines), shortened: false, between: false };
    }
    let said =
        |at: &usize| keep.get(*at).is_some_and(|keep| *keep) && all.get(*at).is_some_and(|line| !line.text.trim().is_empty());
    let between = match (quoted.first(), quoted.last()) {
        (Some(first), Some(last)) => (*first..*last).any(|at| said(&at)),
        _ => false,
    };
    let shortened = all.iter().zip(&keep).any(|(line, keep)| !keep && !line.text.trim().is_empty());
    Own { text, shortened, between }
}

/// Where the lines begin that are quoted, of each stretch of them.
fn starts(all: &[Line], end: usize) -> Vec<usize> {
    let quoted = |at: usize| all.get(at).is_some_and(|line| line.depth > 0);
    (0..end).filter(|at| quoted(*at) && !at.checked_sub(1).is_some_and(quoted)).collect()
}

/// From which line on there is only the letter that is answered. It counts only below something newly written: who answers
/// below it cannot be told from it.
fn cut(lines: &Lines) -> Option<usize> {
    let all = &lines.lines;
    let mut said = false;
    for (at, line) in all.iter().enumerate() {
        let text = line.text.trim();
        let begins = || line.depth == 0 && (is_original(text) || is_block(all, at) || is_unmarked(all, at));
        if said && (lines.cut == Some(at) || begins()) {
            // A line of underscores belongs to what it stands above.
            return Some(if at > 0 && all.get(at - 1).is_some_and(|line| is_rule(&line.text)) { at - 1 } else { at });
        }
        said = said || (line.depth == 0 && !text.is_empty() && !is_rule(text));
    }
    lines.cut.filter(|at| *at == all.len())
}

fn is_rule(text: &str) -> bool {
    let text = text.trim();
    text.len() >= 10 && text.chars().all(|c| matches!(c, '_' | '-'))
}

/// A block such as Outlook's begins here: sender, time and subject within a few lines. GMX puts the time first.
fn is_block(all: &[Line], at: usize) -> bool {
    let field = |line: &Line| block_field(&line.text);
    if !matches!(all.get(at).and_then(field), Some(1 | 2)) {
        return false;
    }
    let following: Vec<u8> = all.iter().skip(at).take(9).filter_map(field).collect();
    [1, 2, 3].iter().all(|part| following.contains(part))
}

/// A line that says who wrote, at what time and with an address, above text that bears no marks: some programs set none.
fn is_unmarked(all: &[Line], at: usize) -> bool {
    if !all.get(at).is_some_and(|line| opens_attribution(&line.text)) {
        return false;
    }
    let Some(length) = (1..=ATTRIBUTION).find(|length| is_attribution(&joined(all, at, at.saturating_add(*length)))) else {
        return false;
    };
    let text = joined(all, at, at.saturating_add(length));
    let next = all.iter().skip(at.saturating_add(length)).find(|line| !line.text.trim().is_empty());
    text.contains('@') && text.contains(|c: char| c.is_numeric()) && next.is_some_and(|line| line.depth == 0)
}

fn joined(all: &[Line], from: usize, to: usize) -> String {
    let lines: Vec<&str> = all.get(from..to).unwrap_or_default().iter().map(|line| line.text.trim()).collect();
    lines.join(" ")
}

/// Takes out the lines above a quotation that say who wrote it. At the very end of a text, where no quotation follows, only
/// those that name an address: anything else may be the person's own sentence.
fn drop_attribution(all: &[Line], keep: &mut [bool], at: usize, alone: bool) {
    let blank = |line: &Line| line.text.trim().is_empty();
    let own = |index: usize| all.get(index).filter(|line| line.depth == 0);
    let Some(last) = (0..at).rev().take(3).find(|index| own(*index).is_some_and(|line| !blank(line))) else { return };
    if (last..at).skip(1).any(|index| own(index).is_none()) {
        return;
    }
    let lengths = (1..=ATTRIBUTION).take_while(|length| {
        let first = last.saturating_add(1).checked_sub(*length);
        first.is_some_and(|first| own(first).is_some_and(|line| !blank(line)))
    });
    let spans: Vec<(usize, String)> = lengths
        .map(|length| last.saturating_add(1).saturating_sub(length))
        .map(|first| (first, joined(all, first, last + 1)))
        .collect();
    let fits = |text: &str| is_attribution(text) && (!alone || text.contains('@'));
    let opened =
        spans.iter().find(|(first, text)| fits(text) && all.get(*first).is_some_and(|line| opens_attribution(&line.text)));
    let Some((first, _)) = opened.or_else(|| spans.first().filter(|(_, text)| fits(text))) else { return };
    for keep in keep.iter_mut().take(last.saturating_add(1)).skip(*first) {
        *keep = false;
    }
}

/// Takes out a signature: from `-- ` (RFC 3676, section 4.3) to the end or to the next quotation. Where the mark lost its
/// blank, only a short one.
fn drop_signature(all: &[Line], keep: &mut [bool], end: usize) {
    let mut said = false;
    for (at, line) in all.iter().enumerate().take(end) {
        let (exact, bare) = (line.depth == 0 && line.text == "-- ", line.depth == 0 && line.text == "--");
        if said && (exact || bare) {
            let reach = if exact { usize::MAX } else { SIGNATURE.saturating_add(2) };
            let length = all.iter().take(end).skip(at).take(reach).take_while(|line| line.depth == 0).count();
            if length < reach {
                keep.iter_mut().skip(at).take(length).for_each(|keep| *keep = false);
                return;
            }
        }
        said = said || (keep.get(at).is_some_and(|keep| *keep) && !line.text.trim().is_empty());
    }
}

/// Takes out a last line such as «Sent from my telephone».
fn drop_sent_from(all: &[Line], keep: &mut [bool]) {
    let last = all.iter().enumerate().zip(keep.iter_mut()).rev().find(|((_, line), keep)| **keep && !line.text.trim().is_empty());
    if let Some(((_, line), keep)) = last
        && is_sent_from(&line.text)
    {
        *keep = false;
    }
}

/// Lines as text: no blanks at their ends, not more than one empty line, none at either end.
fn tidy<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::new();
    let mut empty = 0_usize;
    for line in lines {
        let clean: String = line.trim_end().chars().filter(|c| !is_unseen(*c)).collect();
        if clean.trim().is_empty() {
            empty = empty.saturating_add(1);
            continue;
        }
        if !out.is_empty() {
            out.push_str(if empty > 0 { "\n\n" } else { "\n" });
        }
        empty = 0;
        out.push_str(&clean);
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        own(&lines(text, false, false)).text
    }

    #[test]
    fn only_what_is_new_stays() {
        let table = [
            ("Yes.\n\nOn 5 May 2026, A <a@b.example> wrote:\n> old\n> older\n", "Yes."),
            ("Yes.\n\nOn Tue, May 5, 2026 at 10:00 AM A <\na@b.example> wrote:\n\n> old\n", "Yes."),
            ("On 5 May 2026, A <a@b.example> wrote:\n> old\n\nBelow.\n", "Below."),
            ("Hello.\nA <a@b.example>, 5 May 2026:\n> old", "Hello."),
            ("> one?\nYes.\n> two?\nNo.\n", "Yes.\nNo."),
            ("Yes.\n-----Original Message-----\nFrom: A\nold", "Yes."),
            ("Yes.\n\n________________________________\nFrom: A <a@b.example>\nSent: Tuesday\nTo: B\nSubject: x\n\nold", "Yes."),
            ("Ja.\n\nVon: A\nGesendet: Dienstag\nAn: B\nBetreff: x\n\nalt", "Ja."),
            ("Yes.\n\nOn Tue, May 5, 2026, A <a@b.example> wrote:\n\nold, without marks", "Yes."),
            ("One.\nTwo.\nOn Tue, May 5, 2026, A <a@b.example> wrote:\n\nold, without marks", "One.\nTwo."),
            ("Hello.\nOn 5 May 2026, A <a@b.example> wrote:\n> old\n\nBelow.", "Hello.\n\nBelow."),
            ("Yes.\n-- \nAnn\nLong Street 1\n", "Yes."),
            ("Yes.\n--\nAnn\n", "Yes."),
            ("Yes.\n-- \nAnn\n\n> old\n\nAnd more below.", "Yes.\n\nAnd more below."),
            ("Yes.\n\nSent from my iPhone\n", "Yes."),
        ];
        for (text, want) in table {
            assert_eq!(of(text), want, "{text}");
        }
    }

    #[test]
    fn what_may_be_new_stays() {
        assert_eq!(of(">From here on it is mine"), "From here on it is mine");
        for text in [
            "From: the bottom of my heart\nthanks",
            "The council wrote:\nno cars",
            "On 5 May I wrote:\nno cars",
            "Yes.\n\nOn 5 May 2026 the council wrote:\n\nno cars",
            "One\n--\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10",
            "> only a quotation",
            "--\nonly a signature",
            "-----Original Message-----\nFrom: A\nold",
        ] {
            assert_eq!(of(text), text, "{text}");
        }
    }

    #[test]
    fn nothing_that_cannot_be_seen_stays() {
        assert_eq!(of("\u{feff}a\u{202e}b\u{7}\tc"), "ab\tc");
    }

    #[test]
    fn flowed_text_is_put_together() {
        let own = own(&lines("one \ntwo\n> quoted \n> more\n three\n-- \nAnn", true, false));
        assert_eq!((own.text.as_str(), own.shortened), ("one two\nthree", true));
        assert_eq!(lines("o \nne", true, true).lines[0].text, "one");
    }

    #[test]
    fn it_is_said_whether_answers_stand_between() {
        assert!(own(&lines("> a\nyes\n> b\nno", false, false)).between);
        assert!(!own(&lines("yes\n> a\n> b", false, false)).between);
        assert!(!own(&lines("> a\n> b\nyes", false, false)).between);
        assert!(!own(&lines("> a\n\n> b\nyes", false, false)).between);
    }
}
