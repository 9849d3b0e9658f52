//! What a mail server tells people: prose of many makes. Read for what a report's fields leave out, and where there are none:
//! qmail (QSBMF), Exim, sendmail, Postfix, OpenSMTPD, Exchange, and what is written like them.

use super::{
    decode,
    header::Headers,
    html,
    mime::Part,
    original::Original,
    report::Action,
    told::{recipient, sentence},
};

/// Most lines that are read.
const LINES: usize = 2000;
/// Most lines of words about one recipient.
const WORDS: usize = 30;

/// A server's text, taken apart.
pub(super) struct Notice {
    /// The letter's header, if it follows in the same text.
    pub original: Option<Original>,
    /// The fields of a report that stand in the text, since its parts could not be told apart.
    pub fields: Option<String>,
    told: Vec<(String, String)>,
    /// In lower case: what is said of no recipient in particular.
    frame: String,
    subject: String,
}

/// What comes before the letter, or its header, in a text. In lower case, without the hyphens around it.
const COPY: &[&str] = &[
    "below this line is a copy of the message",
    "enclosed is a copy of the message",
    "undelivered message follows",
    "original message follows",
    "original message header",
    "this is a copy of the message, including",
    "this is a copy of your message, including",
    "this is a copy of the message's ",
    "unsent message follows",
    "message header follows",
    "message headers follow",
    "below is a copy of the original message",
    "content-type: message/rfc822",
    "content-type: text/rfc822-headers",
];
/// How the fields of a report begin. In lower case.
const FIELDS: &[&str] = &["reporting-mta:", "final-recipient:", "original-recipient:"];

const DELAYED: &[&str] = &[
    "not yet been delivered",
    "has been delayed",
    "is delayed for more than",
    "delivery is delayed",
    "this is a warning only",
    "this is a warning message only",
    "will be retried",
    "will retry",
    "will keep trying",
    "will continue to be attempted",
    "delivery attempts will continue",
    "still undelivered",
    "transient non-fatal errors",
    "temporary failure report",
    "delivery incomplete",
];

const DELIVERED: &[&str] = &["successfully delivered", "successful delivery notifications", "was relayed to these"];

const FAILED: &[&str] = &[
    "this is a permanent error",
    "permanent fatal errors",
    "fatal errors",
    "failed permanently",
    "not be delivered",
    "n't be delivered",
    "n't able to deliver",
    "not able to deliver",
    "unable to deliver",
    "not deliver your message",
    "was not delivered",
    "wasn't delivered",
    "did not reach",
    "delivery has failed",
    "delivery failed",
    "delivery failure",
    "delivery error",
    "cannot be reached",
    "undeliverable",
    "undelivered mail",
    "returned mail",
    "returning message to sender",
    "failure notice",
    "rejected your message",
    "an error has occurred while attempting to deliver",
    "cannot send message",
    "delivery status notification (failure)",
    "error delivering your mail",
    "an error occurred while trying to deliver",
    "delivery problems",
    "delivery errors",
    "invalid user address",
    "invalid final delivery userid",
    "unknown user:",
    "incorrectly constructed",
];

impl Notice {
    /// The text of a message or report that is meant for people.
    pub fn of(message: &Part<'_>) -> Self {
        let parts = message.all();
        let of_kind = |kind: &str| parts.iter().copied().find(|part| part.is_text() && part.kind.name == kind);
        let broken = || parts.iter().copied().find(|part| part.is_text());
        let found = match of_kind("text/plain").or_else(|| of_kind("text/html")).or_else(broken) {
            Some(part) if part.kind.name == "text/html" => html::plain(&decode::text(part)),
            Some(part) => decode::text(part),
            None => String::new(),
        };
        let subject = message.headers.text("subject", 200).unwrap_or_default().to_lowercase();
        Self::read(&found, subject)
    }

    fn read(text: &str, subject: String) -> Self {
        let copy = line_with(text, COPY).unwrap_or(text.len());
        let (head, rest) = text.split_at_checked(copy).unwrap_or((text, ""));
        // A part that could not be told apart has its own header first.
        let gap = if rest.get(..8).is_some_and(|word| word.eq_ignore_ascii_case("content-")) { "\n\n" } else { "\n" };
        let original = rest.split_once(gap).and_then(|(_, rest)| Original::at(rest.as_bytes()));
        let fields = line_with(head, FIELDS);
        let head = head.get(..fields.unwrap_or(head.len())).unwrap_or_default();
        let fields = fields.and_then(|at| text.get(at..copy)).map(str::to_owned);
        let mut notice = Self { original, fields, told: Vec::new(), frame: String::new(), subject };
        // Which recipient the lines are about, and how many more may be.
        let mut about: Option<(usize, usize)> = None;
        for line in head.lines().take(LINES) {
            let line = line.trim();
            if let Some((address, words)) = recipient(line) {
                about = Some((notice.tell(address, words), WORDS));
            } else if let Some(address) = sentence(line) {
                notice.tell(address, "");
                add(&mut notice.frame, line);
                about = None;
            } else if line.is_empty() {
                about = None;
            } else if let Some((index, left)) = about {
                if let Some((_, words)) = notice.told.get_mut(index) {
                    add(words, line);
                }
                about = (left > 0).then(|| (index, left.saturating_sub(1)));
            } else {
                add(&mut notice.frame, line);
            }
        }
        notice.give_the_rest_to_the_only_one();
        notice.frame = notice.frame.to_lowercase().replace('’', "'");
        notice
    }

    /// Where one is told of, and nothing that tells why, what else is said is about that one.
    fn give_the_rest_to_the_only_one(&mut self) {
        if let [(_, words)] = self.told.as_mut_slice()
            && words.is_empty()
        {
            let frame: Vec<&str> = self.frame.split_whitespace().take(300).collect();
            add(words, &frame.join(" "));
        }
    }

    fn tell(&mut self, address: String, words: &str) -> usize {
        let index = match self.told.iter().position(|(known, _)| known.eq_ignore_ascii_case(&address)) {
            Some(index) => index,
            None => {
                self.told.push((address, String::new()));
                self.told.len().saturating_sub(1)
            }
        };
        if let Some((_, known)) = self.told.get_mut(index) {
            add(known, words);
        }
        index
    }

    /// A server's words about one recipient.
    pub fn words_for(&self, address: &str) -> Option<String> {
        let found = self.told.iter().find(|(known, _)| known.eq_ignore_ascii_case(address));
        found.map(|(_, words)| words.clone()).filter(|words| !words.is_empty())
    }

    /// What became of the letter, by phrases that servers use. A delay goes first: where a text speaks of both, somebody
    /// still tries. `None` if it is no such text.
    pub fn action(&self) -> Option<Action> {
        let says = |text: &str, list: &[&str]| list.iter().any(|phrase| text.contains(phrase));
        let told = |text: &str| {
            let rules = [(DELAYED, Action::Delayed), (DELIVERED, Action::Relayed), (FAILED, Action::Failed)];
            rules.iter().find(|(list, _)| says(text, list)).map(|(_, action)| *action)
        };
        told(&self.frame).or_else(|| told(&self.subject))
    }
}

/// Whom a text in prose is about, each with the words about them: those that Exim names in its header, else those that stand
/// in lines of their own, else the one that the returned letter went to.
pub(super) fn recipients(notice: &Notice, headers: &Headers<'_>, original: Option<&Original>) -> Vec<(String, String)> {
    let failed = headers.addresses("x-failed-recipients");
    if !failed.is_empty() {
        // Of an alias the header names one address, and the text another.
        let only = (failed.len() == 1 && notice.told.len() == 1).then(|| notice.told.first().map(|(_, words)| words)).flatten();
        let words = |address: &str| notice.words_for(address).or_else(|| only.cloned()).unwrap_or_else(|| notice.frame.clone());
        return failed.into_iter().map(|address| (address.clone(), words(&address))).collect();
    }
    if !notice.told.is_empty() {
        return notice.told.clone();
    }
    match original.map(Original::to).unwrap_or_default().as_slice() {
        [only] => vec![(only.clone(), notice.frame.clone())],
        _ => Vec::new(),
    }
}

fn add(words: &mut String, more: &str) {
    if !words.is_empty() && !more.is_empty() {
        words.push(' ');
    }
    words.push_str(more);
}

/// Where the first line begins that begins with one of these marks.
fn line_with(text: &str, marks: &[&str]) -> Option<usize> {
    let mut at = 0_usize;
    for line in text.split_inclusive('\n').take(LINES) {
        let low = line.get(..100.min(line.len())).unwrap_or(line).to_ascii_lowercase();
        let bare = low.trim().trim_matches(['-', ' ', '|', '*']);
        // What Gmail writes, which without its hyphens is two words that may stand anywhere.
        let gmail = bare == "original message" && low.starts_with("--");
        if gmail || marks.iter().any(|mark| bare.starts_with(mark)) {
            return Some(at);
        }
        at = at.saturating_add(line.len());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_goes_before_a_failure() {
        let action = |text: &str| Notice::read(text, String::new()).action();
        assert_eq!(action("It could not be delivered for 4 hours.\nIt will be retried for 5 days."), Some(Action::Delayed));
        assert_eq!(action("This is a permanent error."), Some(Action::Failed));
        assert_eq!(action("I am away until Monday."), None);
        // What a server says of a recipient is no statement of the one that reports.
        assert_eq!(action("Delivery failed:\n<a@b.example>: 450 will be retried\n"), Some(Action::Failed));
    }
}
