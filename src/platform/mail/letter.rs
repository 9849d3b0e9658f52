//! What a letter says, apart from how it looks: blocks that become a text part and an HTML part with the same content.
//!
//! Letters to participants are written in two forms, both by hand and side by side: `both(plain, easy)` says the same thing in
//! plain English and in Easy Read (at most 15 words a sentence, one idea each, words of every day). The letter takes the one
//! that the person reads. What has one wording (a name, an address, what a coordinator wrote) stays as it is in both.

use super::own::Own;
use entity::{Contact, LetterFormat};

/// A subject line that tells nothing to somebody looking over a shoulder.
const NEUTRAL_SUBJECT: &str = "A letter for you";

/// How a letter is written and shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Plain English.
    #[default]
    Plain,
    /// Plain English in large letters.
    LargePrint,
    /// Easy Read: its own words, in larger letters and short lines.
    EasyRead,
}

impl Form {
    /// The form of letters to somebody. Other forms of written material (sound, British Sign Language) no letter can have.
    pub fn of(contact: &Contact) -> Self {
        match contact.format {
            LetterFormat::EasyRead => Self::EasyRead,
            LetterFormat::LargePrint => Self::LargePrint,
            LetterFormat::Plain | LetterFormat::Audio | LetterFormat::Bsl => Self::Plain,
        }
    }
}

/// The same thing in plain English and in Easy Read. Made of one wording, it says that in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Both {
    plain: String,
    easy: Option<String>,
}

/// The same thing said twice, each written by hand. Where one form needs no such words, they are empty and left out.
pub fn both(plain: impl Into<String>, easy: impl Into<String>) -> Both {
    Both { plain: plain.into(), easy: Some(easy.into()) }
}

impl Both {
    /// The wording of a form.
    pub fn in_form(self, form: Form) -> String {
        match (form, self.easy) {
            (Form::EasyRead, Some(easy)) => easy,
            _ => self.plain,
        }
    }
}

impl From<&str> for Both {
    fn from(text: &str) -> Self {
        Self { plain: text.into(), easy: None }
    }
}

impl From<String> for Both {
    fn from(text: String) -> Self {
        Self { plain: text, easy: None }
    }
}

impl From<&String> for Both {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

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
    /// What a coordinator wrote, in the language that it is in.
    Own(Own),
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
    /// How it is written and shown.
    pub form: Form,
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
    /// Whether it can be answered by e-mail, where answers are taken.
    pub answerable: bool,
    /// Whether nothing may show what it is about, or who writes.
    pub(super) neutral: bool,
}

impl Letter {
    /// A letter in plain English, without content: to staff.
    pub fn new(from_name: impl Into<String>, subject: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            from_name: from_name.into(),
            subject: subject.into(),
            language: "en".into(),
            form: Form::Plain,
            blocks: Vec::new(),
            reason: reason.into(),
            unsubscribe: None,
            list_id: None,
            calendars: Vec::new(),
            answerable: true,
            neutral: false,
        }
    }

    /// A letter without content to a participant, as they want to be written to. Where that is neutral, the lines that an inbox
    /// shows tell neither what the letter is about nor which organisation it is from.
    pub fn to(contact: &Contact, from_name: &str, subject: impl Into<Both>, reason: impl Into<Both>) -> Self {
        let form = Form::of(contact);
        let (subject, reason) = (subject.into().in_form(form), reason.into().in_form(form));
        let letter = Self { form, ..Self::new(from_name, subject, reason) };
        match contact.neutral_subject {
            true => Self { subject: NEUTRAL_SUBJECT.into(), from_name: String::new(), neutral: true, ..letter },
            false => letter,
        }
    }

    /// Adds a paragraph; an empty one is left out.
    pub fn text(mut self, text: impl Into<Both>) -> Self {
        let text = text.into().in_form(self.form);
        if !text.trim().is_empty() {
            self.blocks.push(Block::Text(text));
        }
        self
    }

    /// Adds what a coordinator wrote; where there is nothing, nothing.
    pub fn own(mut self, own: Option<Own>) -> Self {
        self.blocks.extend(own.filter(|own| !own.parts.is_empty()).map(Block::Own));
        self
    }

    /// Adds a heading; an empty one is left out.
    pub fn heading(mut self, text: impl Into<Both>) -> Self {
        let text = text.into().in_form(self.form);
        if !text.trim().is_empty() {
            self.blocks.push(Block::Heading(text));
        }
        self
    }

    /// Adds a list; an empty one is left out.
    pub fn list(mut self, items: Vec<impl Into<Both>>) -> Self {
        let items: Vec<String> = items.into_iter().map(|item| item.into().in_form(self.form)).collect();
        if !items.is_empty() {
            self.blocks.push(Block::List(items));
        }
        self
    }

    /// Adds a fact; one without content is left out. In Easy Read each has a heading of its own.
    pub fn fact(mut self, name: impl Into<Both>, value: impl Into<Both>) -> Self {
        let (name, value) = (name.into().in_form(self.form), value.into().in_form(self.form));
        if value.trim().is_empty() {
            return self;
        }
        if self.form == Form::EasyRead {
            return self.heading(name).text(value);
        }
        match self.blocks.last_mut() {
            Some(Block::Facts(facts)) => facts.push((name, value)),
            _ => self.blocks.push(Block::Facts(vec![(name, value)])),
        }
        self
    }

    /// Adds the thing to do.
    pub fn button(mut self, label: impl Into<Both>, url: impl Into<String>) -> Self {
        let label = label.into().in_form(self.form);
        self.blocks.push(Block::Button { label, url: url.into() });
        self
    }

    /// Adds a file for a calendar. With a letter that must show nothing there is none: whoever sees the calendar would see it.
    pub fn calendar(mut self, method: &'static str, text: impl Into<String>) -> Self {
        if !self.neutral {
            self.calendars.push(Calendar { method, text: text.into() });
        }
        self
    }

    /// A letter that cannot be answered: to somebody who has not joined, and could not see what became of their answer.
    pub fn unanswerable(self) -> Self {
        Self { answerable: false, ..self }
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

    fn letter(contact: Contact) -> Letter {
        let subject = both("Support after violence", "Help after violence");
        Letter::to(&contact, "Sunrise Trust", subject, "You joined Sunrise Trust.")
    }

    #[test]
    fn a_neutral_letter_names_neither_its_matter_nor_who_writes_and_large_print_is_large() {
        let usual = letter(Contact::usual());
        assert_eq!((usual.from_name.as_str(), usual.form), ("Sunrise Trust", Form::Plain));
        let neutral = letter(Contact { neutral_subject: true, ..Contact::usual() });
        assert_eq!((neutral.from_name.as_str(), neutral.subject.as_str()), ("", NEUTRAL_SUBJECT));
        let filed = |letter: Letter| letter.calendar("REQUEST", "BEGIN:VCALENDAR").calendars.len();
        assert_eq!((filed(usual), filed(neutral)), (1, 0));
        let large = letter(Contact { format: LetterFormat::LargePrint, ..Contact::usual() });
        assert!(large.form == Form::LargePrint && large.subject == "Support after violence");
    }

    #[test]
    fn an_easy_letter_has_its_own_words_and_a_heading_for_each_fact() {
        let written = |contact| {
            letter(contact).text(both("", "Short.")).heading(both("Long", "")).fact(both("Length", "How long"), "1 hour")
        };
        let easy = written(Contact { format: LetterFormat::EasyRead, ..Contact::usual() });
        assert_eq!(easy.subject, "Help after violence");
        let [text, name, value] = ["Short.", "How long", "1 hour"].map(String::from);
        assert_eq!(easy.blocks, [Block::Text(text), Block::Heading(name), Block::Text(value)]);
        let plain = written(Contact::usual());
        assert_eq!(plain.blocks, [Block::Heading("Long".into()), Block::Facts(vec![("Length".into(), "1 hour".into())])]);
        for other in [LetterFormat::Audio, LetterFormat::Bsl] {
            assert_eq!(written(Contact { format: other, ..Contact::usual() }).blocks, plain.blocks);
        }
    }
}
