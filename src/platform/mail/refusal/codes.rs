//! The codes in what a server says: basic (RFC 5321, section 4.2) and enhanced (RFC 3463).

/// An enhanced status code: class, subject and detail (RFC 3463, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status {
    /// 2 success, 4 for now, 5 for good.
    pub class: u8,
    /// What it is about: 1 the address, 2 the mailbox, 3 the system, 4 the network, 5 the protocol, 6 the content, 7 policy.
    pub subject: u16,
    /// What exactly.
    pub detail: u16,
}

impl Status {
    /// Reads one such as `5.1.1`; a comment may follow. `None` for anything else.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('#');
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let mut numbers = text.get(..end)?.trim_end_matches('.').split('.');
        let (class, subject, detail) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let fits = numbers.next().is_none() && matches!(class, "2" | "4" | "5");
        let short = [subject, detail].iter().all(|number| (1..=3).contains(&number.len()));
        if !fits || !short {
            return None;
        }
        Some(Self { class: class.parse().ok()?, subject: subject.parse().ok()?, detail: detail.parse().ok()? })
    }

    /// Whether it says no more than that something went wrong: detail 0 is «other or undefined» (RFC 3463, section 3).
    pub(super) fn is_vague(self) -> bool {
        self.detail == 0 && self.class == 5 && !matches!(self.subject, 6 | 7)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// The enhanced code in a server's words: right behind a basic code of the same class (RFC 2034), or as qmail puts it,
/// `(#5.1.1)`. A number of that shape anywhere else may be a version or part of an IP address.
pub fn status_in(text: &str) -> Option<Status> {
    let words = words(text);
    let marked = words.iter().filter_map(|word| word.strip_prefix('#')).find_map(Status::read);
    let behind = words.windows(2).find_map(|pair| match pair {
        [code, next] => basic(code).and_then(|code| Status::read(next).filter(|found| u16::from(found.class) == code / 100)),
        _ => None,
    });
    let named = words.windows(2).find_map(|pair| match pair {
        [name, status] if name.eq_ignore_ascii_case("status:") => Status::read(status),
        _ => None,
    });
    let first = words.first().and_then(|word| Status::read(word));
    behind.or(marked).or(named).or(first)
}

/// The basic code in a server's words: at the beginning, or before an enhanced code, or behind words that introduce it.
pub fn code_in(text: &str) -> Option<u16> {
    let words = words(text);
    let introduced = |word: &str| {
        let word = word.to_ascii_lowercase();
        word.ends_with(':') || matches!(word.as_str(), "smtp" | "said" | "returned" | "<<<" | "reason" | "error" | "code")
    };
    if let Some(code) = words.first().and_then(|word| basic(word)) {
        return Some(code);
    }
    words.windows(2).find_map(|pair| match pair {
        [before, code] if introduced(before) => basic(code),
        [code, after] if Status::read(after).is_some() => basic(code),
        _ => None,
    })
}

fn basic(word: &str) -> Option<u16> {
    let word = word.trim_start_matches(['#', '<']).trim_end_matches(':');
    let fits = word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|code| fits && matches!(code, 200..=299 | 400..=599))
}

/// The words of a text: split at blanks, brackets, quotes, commas, semicolons, and between a code and what is hung on to it
/// with a hyphen, as in `550-5.1.1`.
fn words(text: &str) -> Vec<&str> {
    let parts =
        text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '\'' | '"' | '‘' | '’' | ',' | ';'));
    let mut words = Vec::new();
    for part in parts.filter(|part| !part.is_empty()).take(400) {
        match part.split_once('-') {
            Some((code, rest)) if basic(code).is_some() => words.extend([code, rest].into_iter().filter(|word| !word.is_empty())),
            _ => words.push(part),
        }
    }
    words
}

/// Whether a word is nothing but a code, or codes joined by hyphens as in answers of several lines.
pub(super) fn is_code(word: &str) -> bool {
    let whole = |part: &str| Status::read(part).is_some() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    word.split('-').all(|part| part.is_empty() || basic(part).is_some() || whole(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_only_where_they_are_codes() {
        assert_eq!(status_in("smtp; 550 #5.1.1 x").unwrap().to_string(), "5.1.1");
        assert_eq!(status_in("Connected to 192.5.1.1 by Exim 4.96.2"), None);
        assert_eq!(status_in("550 4.1.1 contradictory"), None);
        assert_eq!(code_in("Connected to 500 hosts"), None);
        assert_eq!(code_in("remote server said: 550 no"), Some(550));
        assert_eq!(status_in("refused with 550 5.1.1."), Status::read("5.1.1"));
        for no in ["", "5", "5.1", "5.1.", "5.1.1.1", "3.1.1", "5..1", "5.1.1000", "x5.1.1"] {
            assert_eq!(Status::read(no), None, "{no}");
        }
    }
}
