//! Lines of a server's prose that name a recipient.

use super::header::bare;

/// What stands before an address in a sentence that says whom a letter did not reach. In lower case.
const SENTENCES: &[&str] = &[
    "delivering your mail to ",
    "deliver message to ",
    "wasn't delivered to ",
    "couldn't be delivered to ",
    "unknown user: ",
    "invalid final delivery userid: ",
    "user mailbox exceeds allowed size: ",
    "attempts: ",
    "following recipient: ",
    "following recipients: ",
    "mailbox is full: ",
    "returned permanent errors: ",
];

/// The address, and the words behind it, if a line is about a recipient.
pub(super) fn recipient(line: &str) -> Option<(String, &str)> {
    if line.len() > 1000 || !line.contains('@') {
        return None;
    }
    bracketed(line).or_else(|| named(line)).or_else(|| leading(line)).or_else(|| transcript(line))
}

/// `<a@b>`, `<a@b>: words` (qmail, Postfix), `<a@b> (expanded from <c>): words` (Postfix).
fn bracketed(line: &str) -> Option<(String, &str)> {
    let (inside, rest) = line.strip_prefix('<')?.split_once('>')?;
    let rest = rest.trim();
    let rest = match rest.strip_prefix('(') {
        Some(comment) => comment.split_once(')')?.1.trim_start(),
        None => rest,
    };
    let words = if rest.is_empty() { rest } else { rest.strip_prefix(':').or_else(|| rest.strip_prefix("..."))? };
    Some((bare(inside)?, words.trim()))
}

/// `Name<mailto:a@b>` (Exchange).
fn named(line: &str) -> Option<(String, &str)> {
    let (_, rest) = line.split_once("<mailto:")?;
    let (address, rest) = rest.split_once('>')?;
    rest.trim().is_empty().then(|| bare(address)).flatten().map(|address| (address, ""))
}

/// `a@b`, `a@b: words` (OpenSMTPD), `a@b on 1/2/2020 10:00` (Exchange), `a@b (comment)` (sendmail),
/// `a@b words, ERROR_CODE` (Zoho).
fn leading(line: &str) -> Option<(String, &str)> {
    let end = line.find(char::is_whitespace).unwrap_or(line.len());
    let (first, rest) = line.split_at_checked(end)?;
    let (first, rest) = (first.trim_end_matches("..."), rest.trim());
    if let Some(address) = first.strip_suffix(':') {
        return Some((bare(address)?, rest));
    }
    let plain = !first.contains([':', '<', '"', '\'', '/', '=']);
    let fits = rest.is_empty() || rest.starts_with('(') || rest.starts_with("on ") || rest.contains("ERROR_CODE");
    (plain && fits).then(|| bare(first)).flatten().map(|address| (address, rest))
}

/// `550 5.1.1 <a@b>... words` (sendmail). The words begin with the codes.
fn transcript(line: &str) -> Option<(String, &str)> {
    let code = line.get(..3)?;
    let (address, _) = line.split_once("...")?;
    let address = address.split_whitespace().last()?;
    let refused = matches!(code.as_bytes(), [b'4' | b'5', b'0'..=b'9', b'0'..=b'9']);
    refused.then(|| bare(address)).flatten().map(|address| (address, line))
}

/// The address in a sentence that says whom the letter did not reach.
pub(super) fn sentence(line: &str) -> Option<String> {
    if line.len() > 1000 || !line.contains('@') {
        return None;
    }
    let low = line.to_ascii_lowercase().replace('’', "'");
    let (_, rest) = SENTENCES.iter().find_map(|words| low.split_once(words))?;
    // As it is written: what follows the phrase has as many bytes in lower case.
    let rest = line.get(line.len().checked_sub(rest.len())?..)?;
    bare(rest.split_whitespace().next()?.trim_end_matches(['.', ':', ';', ',']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_about_recipients_are_told_from_others() {
        let table = [
            ("<a@b.example>:", Some(("a@b.example", ""))),
            ("<a@b.example>: host said: 550", Some(("a@b.example", "host said: 550"))),
            ("<a@b.example> (expanded from <c@d.example>): gone", Some(("a@b.example", "gone"))),
            ("a@b.example", Some(("a@b.example", ""))),
            ("a@b.example: 550 5.1.1 <a@b.example> no", Some(("a@b.example", "550 5.1.1 <a@b.example> no"))),
            ("a@b.example on Thu, 29 Apr 2010", Some(("a@b.example", "on Thu, 29 Apr 2010"))),
            ("Ann<mailto:a@b.example>", Some(("a@b.example", ""))),
            ("a@b.example (Ann)<mailto:a@b.example>", Some(("a@b.example", ""))),
            ("550 5.1.1 <a@b.example>... User unknown", Some(("a@b.example", "550 5.1.1 <a@b.example>... User unknown"))),
            ("Unknown user: A@b.example", None),
            ("Please write to a@b.example", None),
            ("a@b.example is where I can be reached", None),
            ("To: a@b.example", None),
            ("<a@b.example> wrote", None),
            ("mailto:a@b.example is the address", None),
        ];
        for (line, want) in table {
            assert_eq!(recipient(line), want.map(|(address, words)| (address.to_owned(), words)), "{line}");
        }
    }

    #[test]
    fn sentences_name_recipients_too() {
        assert_eq!(sentence("Unknown user: A@b.example").as_deref(), Some("A@b.example"));
        assert_eq!(sentence("Your mail wasn’t delivered to <a@b.example>, sorry").as_deref(), Some("a@b.example"));
        assert_eq!(sentence("Write to a@b.example"), None);
    }
}
