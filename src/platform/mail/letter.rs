//! What a letter says, apart from how it looks: blocks that become a text part and an HTML part with the same content.

use entity::{Contact, LetterFormat};

/// A subject line that tells nothing to somebody looking over a shoulder.
const NEUTRAL_SUBJECT: &str = "A letter for you";

/// A part of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading.
    Heading(String),
    /// A paragraph of plain text.
    Text(String),
    /// A list.
    List(Vec<String>),
    /// Facts, each with its name.
    Facts(Vec<(String, String)>),
    /// The thing to do, as a link.
    Button {
        /// What it does, in words.
        label: String,
        /// Where it leads.
        url: String,
    },
}

/// A file for a calendar that goes with a letter (RFC 6047).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// What it does there, such as `REQUEST` (RFC 5546).
    pub method: &'static str,
    /// The file, with CRLF line ends.
    pub text: String,
}

/// A letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Name of the organisation that writes; shown as the sender. Where it is empty, the installation's own name is.
    pub from_name: String,
    /// Subject line.
    pub subject: String,
    /// Language tag.
    pub language: String,
    /// Whether the words are large.
    pub large_print: bool,
    /// What it says.
    pub blocks: Vec<Block>,
    /// Why the person gets it, for the foot.
    pub reason: String,
    /// Address for `List-Unsubscribe` (RFC 8058); also in the foot. Empty for letters that people asked for.
    pub unsubscribe: Option<String>,
    /// Stable name of the mailing, for `List-Id`.
    pub list_id: Option<String>,
    /// Files for a calendar.
    pub calendars: Vec<Calendar>,
    /// Whether nothing may show what it is about, or who writes.
    pub(super) neutral: bool,
}

impl Letter {
    /// A letter in English without content.
    pub fn new(from_name: impl Into<String>, subject: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            from_name: from_name.into(),
            subject: subject.into(),
            language: "en".into(),
            large_print: false,
            blocks: Vec::new(),
            reason: reason.into(),
            unsubscribe: None,
            list_id: None,
            calendars: Vec::new(),
            neutral: false,
        }
    }

    /// As the person wants to be written to. Where that is neutral, the lines that an inbox shows tell neither what the letter
    /// is about nor which organisation it is from.
    pub fn as_wished(mut self, contact: &Contact) -> Self {
        if contact.neutral_subject {
            self.subject = NEUTRAL_SUBJECT.into();
            self.from_name.clear();
            self.calendars.clear();
            self.neutral = true;
        }
        self.large_print = contact.format == LetterFormat::LargePrint;
        self
    }

    /// Adds a paragraph; an empty one is left out.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.trim().is_empty() {
            self.blocks.push(Block::Text(text));
        }
        self
    }

    /// Adds a heading.
    pub fn heading(mut self, text: impl Into<String>) -> Self {
        self.blocks.push(Block::Heading(text.into()));
        self
    }

    /// Adds a list; an empty one is left out.
    pub fn list(mut self, items: Vec<String>) -> Self {
        if !items.is_empty() {
            self.blocks.push(Block::List(items));
        }
        self
    }

    /// Adds facts; those without content are left out.
    pub fn facts(mut self, facts: Vec<(&str, String)>) -> Self {
        let facts: Vec<_> = facts
            .into_iter()
            .filter(|(_, value)| !value.trim().is_empty())
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        if !facts.is_empty() {
            self.blocks.push(Block::Facts(facts));
        }
        self
    }

    /// Adds the thing to do.
    pub fn button(mut self, label: impl Into<String>, url: impl Into<String>) -> Self {
        self.blocks.push(Block::Button { label: label.into(), url: url.into() });
        self
    }

    /// Adds a file for a calendar. With a letter that must show nothing there is none: whoever sees the calendar would see it.
    pub fn calendar(mut self, method: &'static str, text: impl Into<String>) -> Self {
        if !self.neutral {
            self.calendars.push(Calendar { method, text: text.into() });
        }
        self
    }

    /// Sets the unsubscribe address and the name of the mailing.
    pub fn stoppable(mut self, unsubscribe: impl Into<String>, list_id: impl Into<String>) -> Self {
        self.unsubscribe = Some(unsubscribe.into());
        self.list_id = Some(list_id.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neutral_letter_names_neither_its_matter_nor_who_writes_and_large_print_is_large() {
        let letter = || Letter::new("Sunrise Trust", "Support after violence", "You joined Sunrise Trust.");
        let usual = letter().as_wished(&Contact::usual());
        assert_eq!((usual.from_name.as_str(), usual.large_print), ("Sunrise Trust", false));
        let neutral = letter().as_wished(&Contact { neutral_subject: true, ..Contact::usual() });
        assert_eq!((neutral.from_name.as_str(), neutral.subject.as_str()), ("", NEUTRAL_SUBJECT));
        let filed = |letter: Letter| letter.calendar("REQUEST", "BEGIN:VCALENDAR").calendars.len();
        assert_eq!((filed(usual), filed(neutral)), (1, 0));
        let large = letter().as_wished(&Contact { format: LetterFormat::LargePrint, ..Contact::usual() });
        assert!(large.large_print && large.subject == "Support after violence");
    }
}
