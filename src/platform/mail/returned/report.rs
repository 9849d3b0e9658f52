//! Reports on delivery (RFC 3464), and those in prose that say the same.

use super::{
    decode,
    header::{Headers, bare, line},
    mime::Part,
    notice::{self, Notice},
    original::Original,
};
use crate::platform::mail::{
    redact::without_addresses,
    refusal::{self, Refusal, Status, code_in, status_in},
};

/// Most recipients of one report; our own letters have one each.
const RECIPIENTS: usize = 1000;

/// What became of a letter for one recipient (RFC 3464, section 2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// It could not be delivered, and nobody tries any more.
    Failed,
    /// It has not been delivered yet. Never a bounce: a later report or none says how it ended.
    Delayed,
    /// It is in the mailbox.
    Delivered,
    /// It went on to a server that sends no reports.
    Relayed,
    /// It went on to several addresses.
    Expanded,
}

impl Action {
    /// The word at the beginning; comments may follow.
    fn read(text: &str) -> Option<Self> {
        let word = text.trim().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        Some(match word.to_ascii_lowercase().as_str() {
            "failed" | "failure" => Self::Failed,
            "delayed" => Self::Delayed,
            "delivered" => Self::Delivered,
            "relayed" => Self::Relayed,
            "expanded" => Self::Expanded,
            _ => return None,
        })
    }

    /// What a status alone means. One that is only for now counts as a delay: it must not become a bounce by mistake.
    fn of(status: Status) -> Self {
        match status.class {
            2 => Self::Delivered,
            4 => Self::Delayed,
            _ => Self::Failed,
        }
    }
}

/// What a report says about one recipient.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The address that the last server had to do with: after forwarding, not the one that the letter was sent to.
    pub final_recipient: Option<String>,
    /// The address that the letter was sent to, where the report tells it.
    pub original_recipient: Option<String>,
    /// What became of it.
    pub action: Action,
    /// The enhanced code. Where the report has only `x.0.0` and the server's words have a better one, [`Recipient::class`]
    /// goes by the better one; this stays as it was reported.
    pub status: Option<Status>,
    /// The basic code in the server's words.
    pub code: Option<u16>,
    /// What a failure means for the address. `None` for every other action.
    pub class: Option<Refusal>,
    /// The server's words for the operator, without addresses.
    pub diagnostic: Option<String>,
    /// The server that said so.
    pub remote: Option<String>,
}

impl std::fmt::Debug for Recipient {
    /// Tells no address and no words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let status = self.status.map(|status| status.to_string());
        let mut out = f.debug_struct("Recipient");
        out.field("action", &self.action).field("status", &status).field("code", &self.code).field("class", &self.class);
        out.finish_non_exhaustive()
    }
}

/// A report on delivery. Anybody can write one: it counts only if the address that it came to, or that the letter was sent
/// from, carries a token that proves right (see [`super::verp`]).
#[derive(Clone, PartialEq, Eq)]
pub struct Report {
    /// One entry for each recipient, in the order of the report; never empty.
    pub recipients: Vec<Recipient>,
    /// The name of the letter, without brackets: of the letter that came back, else the one that the report refers to.
    pub message_id: Option<String>,
    /// The envelope's name that we gave with `ENVID` (RFC 3461, section 4.4).
    pub envelope_id: Option<String>,
    /// The letter's header, as far as it came back.
    pub original: Option<Original>,
    /// Whether the report was prose, of which we made sense by rules of thumb.
    pub prose: bool,
}

impl std::fmt::Debug for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = f.debug_struct("Report");
        out.field("recipients", &self.recipients).field("prose", &self.prose).finish_non_exhaustive()
    }
}

/// Reads a report with a part for machines. `None` if no recipient can be read from it.
pub(super) fn standard(message: &Part<'_>, status: &Part<'_>) -> Option<Report> {
    let notice = Notice::of(message);
    let (recipients, envelope_id) = by_fields(&decode::bytes(status), &notice);
    finish(message, recipients, envelope_id, &notice, false)
}

/// The recipients that the fields of a report name, and the envelope's name.
fn by_fields(bytes: &[u8], notice: &Notice) -> (Vec<Recipient>, Option<String>) {
    let mut envelope_id = None;
    let mut entries: Vec<Entry> = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() && entries.len() < RECIPIENTS {
        let (block, after) = Headers::split(rest);
        // What is neither a field nor an empty line is passed over.
        rest = if block.is_empty() && after.len() == rest.len() { line(rest).1 } else { after };
        if !block.is_empty() {
            entries.extend(Entry::all(&block, &mut envelope_id));
        }
    }
    (entries.into_iter().filter_map(|entry| entry.finish(notice)).collect(), envelope_id)
}

/// Reads a report in prose. `None` if it does not say what became of which recipient.
pub(super) fn prose(message: &Part<'_>) -> Option<Report> {
    let notice = Notice::of(message);
    if let Some(fields) = &notice.fields {
        let (recipients, envelope_id) = by_fields(fields.as_bytes(), &notice);
        if let Some(report) = finish(message, recipients, envelope_id, &notice, true) {
            return Some(report);
        }
    }
    let action = notice.action()?;
    let original = notice.original.clone().or_else(|| Original::within(message));
    let told = notice::recipients(&notice, &message.headers, original.as_ref());
    let entry = |(address, words): (String, String)| Entry { address: Some(address), words, ..Entry::default() }.tell(action);
    let recipients = told.into_iter().take(RECIPIENTS).map(entry).collect();
    finish(message, recipients, None, &notice, true)
}

fn finish(
    message: &Part<'_>,
    recipients: Vec<Recipient>,
    envelope_id: Option<String>,
    notice: &Notice,
    prose: bool,
) -> Option<Report> {
    if recipients.is_empty() {
        return None;
    }
    let original = Original::within(message).or_else(|| notice.original.clone());
    let named = original.as_ref().and_then(Original::message_id).map(str::to_owned);
    // Gmail, Exchange and Exim refer to the letter as if they answered it.
    let referred = || ["references", "in-reply-to"].iter().find_map(|name| message.headers.ids(name).pop());
    let message_id = named.or_else(referred);
    Some(Report { recipients, message_id, envelope_id, original, prose })
}

/// One recipient's fields as they are read.
#[derive(Default)]
struct Entry {
    address: Option<String>,
    original: Option<String>,
    action: Option<Action>,
    status: Option<Status>,
    words: String,
    remote: Option<String>,
}

impl Entry {
    /// The recipients in a block of fields. Blocks should be apart (RFC 3464, section 2.1); where the empty line between
    /// them is missing, a field that comes again begins the next.
    fn all(block: &Headers<'_>, envelope_id: &mut Option<String>) -> Vec<Self> {
        let mut found = Vec::new();
        let mut open = Self::default();
        for (name, value) in block.iter() {
            let again = match name.as_str() {
                "final-recipient" => open.address.is_some(),
                "action" => open.action.is_some(),
                "status" => open.status.is_some(),
                _ => false,
            };
            if again {
                found.push(std::mem::take(&mut open));
            }
            match name.as_str() {
                "original-envelope-id" => *envelope_id = Some(value.chars().take(200).collect()),
                "final-recipient" => open.address = bare(&value),
                "original-recipient" => open.original = bare(&value),
                "action" => open.action = Action::read(&value),
                "status" => open.status = Status::read(&value),
                "diagnostic-code" => open.words = after_type(&value),
                "remote-mta" => open.remote = Some(after_type(&value).chars().take(255).collect()),
                _ => {}
            }
        }
        found.push(open);
        found
    }

    /// The recipient, if an address and what became of it are there. What the fields leave out is taken from the notice for
    /// people: Exim and OpenSMTPD put a server's words only there.
    fn finish(mut self, notice: &Notice) -> Option<Recipient> {
        let address = self.address.clone().or_else(|| self.original.clone())?;
        let action = self.action.or_else(|| self.status.map(Action::of))?;
        if self.words.is_empty() {
            self.words = notice.words_for(&address).unwrap_or_default();
        }
        Some(self.tell(action))
    }

    fn tell(self, action: Action) -> Recipient {
        let Self { address, original, status, words, remote, .. } = self;
        let code = code_in(&words);
        let class = (action == Action::Failed).then(|| refusal::of(status, code, &words));
        let known = address.iter().chain(original.iter()).map(String::as_str);
        let diagnostic = Some(without_addresses(&words, known)).filter(|text| !text.is_empty());
        let status = status.or_else(|| status_in(&words));
        Recipient { final_recipient: address, original_recipient: original, action, status, code, class, diagnostic, remote }
    }
}

/// A value without the type before the semicolon, such as `smtp;` or `dns;`.
fn after_type(value: &str) -> String {
    match value.split_once(';') {
        Some((kind, rest)) if !kind.trim().contains(' ') => rest.trim().to_owned(),
        _ => value.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &str) -> Option<Report> {
        let raw = format!("Content-Type: message/delivery-status\n\n{fields}");
        let part = Part::read(raw.as_bytes()).ok()?;
        standard(&part, &part)
    }

    #[test]
    fn blocks_that_are_not_apart_are_told_apart() {
        let report = read(
            "Reporting-MTA: dns; a\nOriginal-Envelope-Id: E1\nFinal-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\n\
             Final-Recipient: rfc822; b@example.org\nAction: Delayed (x)\nStatus: 4.0.0\nthis is no field\n\n\
             Action: relayed\nFinal-Recipient: c@example.org\n",
        )
        .unwrap();
        let got: Vec<_> = report.recipients.iter().map(|one| (one.final_recipient.as_deref().unwrap(), one.action)).collect();
        let want = [("a@example.org", Action::Failed), ("b@example.org", Action::Delayed), ("c@example.org", Action::Relayed)];
        assert_eq!(got, want);
        assert_eq!(report.envelope_id.as_deref(), Some("E1"));
        assert_eq!(report.recipients[1].class, None);
    }

    #[test]
    fn a_missing_action_is_no_bounce_unless_the_status_is_for_good() {
        let action =
            |status| read(&format!("Final-Recipient: rfc822;a@b.example\nStatus: {status}\n")).unwrap().recipients[0].action;
        assert_eq!(action("4.4.1"), Action::Delayed);
        assert_eq!(action("5.4.1"), Action::Failed);
        assert_eq!(action("2.0.0"), Action::Delivered);
        assert_eq!(read("Final-Recipient: rfc822;a@b.example\n"), None);
        assert_eq!(read("Action: failed\nStatus: 5.1.1\n"), None);
    }

    #[test]
    fn what_is_logged_tells_nobody() {
        let report = read(
            "Final-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 ann unknown\n",
        )
        .unwrap();
        assert!(!format!("{report:?}").contains("ann"));
        assert_eq!(report.recipients[0].diagnostic.as_deref(), Some("550 (address) unknown"));
    }
}
