//! Which of a coordinator's words a letter takes, and what is put into their gaps. Pure.

use super::markdown::{ALLOWED, parse};
use crate::{
    participants::is_language,
    platform::{
        mail::own::{Line, Own, OwnPart},
        text::Check,
    },
};
use entity::{LetterWord, OwnForm, OwnLetter, OwnSlot};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Texts of one opportunity, at most.
pub const MOST: usize = 200;
/// Characters of one text, at most.
const LONGEST: usize = 4000;

/// Something that a text may name.
pub struct Variable {
    /// As it is written, between `{{` and `}}`.
    pub name: &'static str,
    /// What is put in its place.
    pub what: &'static str,
    /// Whether it may be missing.
    pub may_be_missing: bool,
}

/// Everything that a text may name.
pub const VARIABLES: [Variable; 7] = [
    Variable { name: "name", what: "The person's name, as they gave it", may_be_missing: true },
    Variable { name: "title", what: "The title of what this is about", may_be_missing: false },
    Variable { name: "organisation", what: "The name of the organisation", may_be_missing: false },
    Variable { name: "contact", what: "How the organisation is reached", may_be_missing: false },
    Variable { name: "starts", what: "The day and time at which it begins", may_be_missing: true },
    Variable { name: "answer_by", what: "The last day on which an answer is of full use", may_be_missing: true },
    Variable { name: "feedback_by", what: "The day by which people hear what came of it", may_be_missing: true },
];

/// What is put in: the person's name, and what is the same for everybody.
#[derive(Clone, Debug, Default)]
pub struct Values(pub BTreeMap<&'static str, String>);

impl Values {
    /// The same for somebody with this name, or with none.
    pub fn named(mut self, name: Option<&str>) -> Self {
        self.0.remove("name");
        if let Some(name) = name.filter(|name| !name.trim().is_empty()) {
            self.0.insert("name", name.to_owned());
        }
        self
    }
}

/// What a letter would lack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// A variable that has no value here, and no other word beside it.
    Variable(String),
    /// Words in a language and form in which other words of the same letter are written.
    Translation(OwnSlot, String, OwnForm),
}

impl Gap {
    /// In plain words.
    pub fn in_words(&self) -> String {
        match self {
            Self::Variable(name) => {
                format!("There is nothing to put in for “{name}”. Write another word beside it: {{{{ {name} | … }}}}.")
            }
            Self::Translation(slot, language, form) => {
                let slot = if *slot == OwnSlot::Opening { "the opening" } else { "the closing" };
                let form = if *form == OwnForm::Plain { "plain words" } else { "Easy Read" };
                format!("In the language {language}, {slot} is not written in {form}.")
            }
        }
    }
}

/// What a letter takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Behind the greeting.
    pub opening: Option<Own>,
    /// At the end.
    pub closing: Option<Own>,
}

/// The languages in which words of a letter are written.
pub fn languages(words: &[LetterWord], letter: OwnLetter) -> BTreeSet<&str> {
    words.iter().filter(|word| word.letter == letter).map(|word| word.language.as_str()).collect()
}

/// The forms in which words of a letter are written.
pub fn forms(words: &[LetterWord], letter: OwnLetter) -> BTreeSet<OwnForm> {
    words.iter().filter(|word| word.letter == letter).map(|word| word.form).collect()
}

/// The places of a letter for which something is written.
pub fn slots(words: &[LetterWord], letter: OwnLetter) -> BTreeSet<OwnSlot> {
    words.iter().filter(|word| word.letter == letter).map(|word| word.slot).collect()
}

/// The language in which somebody gets the words: their own, the one that it is a kind of, or English. None where nothing is written
/// in any of these: the letter then has its usual words.
pub fn language_for<'a>(words: &'a [LetterWord], letter: OwnLetter, own: &str) -> Option<&'a str> {
    let (all, own) = (languages(words, letter), own.to_lowercase());
    let kind = own.split('-').next().unwrap_or_default();
    [own.as_str(), kind, "en"].into_iter().find_map(|wanted| all.get(wanted).copied())
}

/// The words that a letter takes. All of it or nothing: words for one place in one language do not stand beside usual words for another
/// place where there are words of the coordinator for it.
///
/// # Errors
/// Everything that the letter would lack.
pub fn take(
    words: &[LetterWord],
    letter: OwnLetter,
    own_language: &str,
    form: OwnForm,
    values: &Values,
) -> Result<Taken, BTreeSet<Gap>> {
    let Some(language) = language_for(words, letter, own_language) else { return Ok(Taken::default()) };
    if !forms(words, letter).contains(&form) {
        return Ok(Taken::default());
    }
    let (mut gaps, mut taken) = (BTreeSet::new(), Taken::default());
    for slot in slots(words, letter) {
        let found =
            words.iter().find(|word| (word.letter, word.slot, word.form) == (letter, slot, form) && word.language == language);
        let Some(word) = found else {
            gaps.insert(Gap::Translation(slot, language.to_owned(), form));
            continue;
        };
        match filled(&word.text, values) {
            Ok(parts) => {
                let own = Some(Own { language: language.to_owned(), parts });
                match slot {
                    OwnSlot::Opening => taken.opening = own,
                    OwnSlot::Closing => taken.closing = own,
                }
            }
            Err(missing) => gaps.extend(missing.into_iter().map(Gap::Variable)),
        }
    }
    if gaps.is_empty() { Ok(taken) } else { Err(gaps) }
}

/// A text with its gaps filled. Values are put in behind the Markdown: a name with stars in it is a name with stars in it.
fn filled(text: &str, values: &Values) -> Result<Vec<OwnPart>, BTreeSet<String>> {
    let mut missing = BTreeSet::new();
    let mut parts = parse(text).unwrap_or_default();
    let mut fill = |line: &mut Line| {
        for run in line {
            run.text = put_in(&run.text, values, &mut missing);
        }
    };
    for part in &mut parts {
        match part {
            OwnPart::Paragraph(line) => fill(line),
            OwnPart::List(_, items) => items.iter_mut().for_each(&mut fill),
        }
    }
    if missing.is_empty() { Ok(parts) } else { Err(missing) }
}

fn put_in(text: &str, values: &Values, missing: &mut BTreeSet<String>) -> String {
    let mut said = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Words(words) => said.push_str(words),
            Piece::Variable { name, otherwise } => match values.0.get(name).map(String::as_str).or(otherwise) {
                Some(value) => said.push_str(value),
                None => {
                    missing.insert(name.to_owned());
                }
            },
            Piece::Broken => {}
        }
    }
    said
}

/// A piece of a text.
enum Piece<'a> {
    Words(&'a str),
    Variable {
        name: &'a str,
        otherwise: Option<&'a str>,
    },
    /// Braces that do not belong together.
    Broken,
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        pieces.push(Piece::Words(before));
        let Some((inside, after)) = behind.split_once("}}") else {
            pieces.push(Piece::Broken);
            return pieces;
        };
        let (name, otherwise) = match inside.split_once('|') {
            Some((name, otherwise)) => (name, Some(otherwise.trim()).filter(|text| !text.is_empty())),
            None => (inside, None),
        };
        let whole = !before.contains("}}") && !inside.contains(['{', '}']);
        pieces.push(if whole { Piece::Variable { name: name.trim(), otherwise } } else { Piece::Broken });
        rest = after;
    }
    pieces.push(if rest.contains("}}") { Piece::Broken } else { Piece::Words(rest) });
    pieces
}

/// The variables of a text that have no other word beside them.
pub fn bare(text: &str) -> BTreeSet<String> {
    let lines = parse(text).unwrap_or_default().into_iter().flat_map(|part| match part {
        OwnPart::Paragraph(line) => vec![line],
        OwnPart::List(_, items) => items,
    });
    let mut names = BTreeSet::new();
    for run in lines.flatten() {
        for piece in pieces(&run.text) {
            if let Piece::Variable { name, otherwise: None } = piece {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

/// Looks at words before they are kept. Languages are in lower case from here on.
pub fn check(words: &mut [LetterWord]) -> Check {
    let mut check = Check::new();
    check.that(words.len() <= MOST, "/words", "too_many", format!("Write at most {MOST} texts."));
    let mut seen = HashSet::new();
    for (at, word) in words.iter_mut().enumerate() {
        let field = |name: &str| format!("/words/{at}/{name}");
        word.language = word.language.trim().to_lowercase();
        check.that(is_language(&word.language), &field("language"), "form", "Use a language tag, such as en or cy.");
        let new = seen.insert((word.letter, word.slot, word.form, word.language.clone()));
        check.that(new, &field("slot"), "twice", "Write each place of a letter once in each language and form.");
        check.text(&field("text"), &word.text, LONGEST);
        check_text(&mut check, &field("text"), &word.text);
    }
    check
}

fn check_text(check: &mut Check, pointer: &str, text: &str) {
    let parts = match parse(text) {
        Ok(parts) => parts,
        Err(refused) => {
            for one in refused {
                check.that(false, pointer, "markup", format!("Line {}: {}. {ALLOWED}", one.line, one.why));
            }
            return;
        }
    };
    let lines = parts.into_iter().flat_map(|part| match part {
        OwnPart::Paragraph(line) => vec![line],
        OwnPart::List(_, items) => items,
    });
    for run in lines.flatten() {
        for piece in pieces(&run.text) {
            match piece {
                Piece::Words(_) => {}
                Piece::Broken => {
                    let detail = "A variable stands between {{ and }} in one piece, such as {{ name | there }}.";
                    check.that(false, pointer, "variable", detail);
                }
                Piece::Variable { name, .. } => {
                    let names = VARIABLES.iter().map(|known| known.name).collect::<Vec<_>>().join(", ");
                    let known = VARIABLES.iter().any(|known| known.name == name);
                    check.that(known, pointer, "variable", format!("A variable is not known. There are: {names}."));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(letter: OwnLetter, slot: OwnSlot, language: &str, form: OwnForm, text: &str) -> LetterWord {
        LetterWord { letter, slot, language: language.into(), form, text: text.into() }
    }

    fn said(own: Option<&Own>) -> String {
        let Some(OwnPart::Paragraph(line)) = own.and_then(|own| own.parts.first()) else { return String::new() };
        line.iter().map(|run| run.text.as_str()).collect()
    }

    #[test]
    fn a_name_is_put_in_as_it_is_and_a_gap_is_never_sent() {
        let with = |text: &str| vec![word(OwnLetter::Invite, OwnSlot::Opening, "en", OwnForm::Plain, text)];
        let values = Values::default().named(Some("*Ben* [x](https://evil.example) {{ title }}"));
        let take = |words: &[LetterWord], values: &Values| take(words, OwnLetter::Invite, "en", OwnForm::Plain, values);
        let taken = take(&with("Dear {{ name }}, welcome."), &values).unwrap();
        assert_eq!(said(taken.opening.as_ref()), "Dear *Ben* [x](https://evil.example) {{ title }}, welcome.");
        assert_eq!(take(&with("Dear {{name}}"), &Values::default()), Err([Gap::Variable("name".into())].into()));
        let taken = take(&with("Hi {{ name | there }}"), &Values::default()).unwrap();
        assert_eq!(said(taken.opening.as_ref()), "Hi there");
    }

    #[test]
    fn who_gets_which_words() {
        use {OwnForm::*, OwnLetter::*, OwnSlot::*};
        let words = [
            word(Invite, Opening, "en", Plain, "Good day"),
            word(Invite, Opening, "cy", Plain, "Bore da"),
            word(Invite, Opening, "en", EasyRead, "Hello"),
            word(Invite, Closing, "en", Plain, "Bye"),
            word(Remind, Opening, "cy", Plain, "Helo"),
        ];
        let take = |letter, language: &str, form| take(&words, letter, language, form, &Values::default());
        let opening = |letter, language: &str, form| said(take(letter, language, form).unwrap().opening.as_ref());
        assert_eq!(opening(Invite, "en", Plain), "Good day");
        // Another language falls back to English, and where that is not written, to the usual words.
        assert_eq!(opening(Invite, "ar", Plain), "Good day");
        assert_eq!(opening(Remind, "ar", Plain), "");
        assert_eq!(opening(Remind, "cy-GB", Plain), "Helo");
        // Easy Read is not written for the reminder at all: it has its usual words.
        assert_eq!(opening(Remind, "cy", EasyRead), "");
        // What was begun in a language or a form has to be whole.
        assert_eq!(take(Invite, "cy", Plain), Err([Gap::Translation(Closing, "cy".into(), Plain)].into()));
        assert_eq!(take(Invite, "en", EasyRead), Err([Gap::Translation(Closing, "en".into(), EasyRead)].into()));
        assert_eq!(take(Place, "cy", Plain), Ok(Taken::default()));
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_what_is_allowed() {
        for (text, told) in [
            ("Dear {{ nome }}", "There are: name, title"),
            ("Dear {{ name", "between {{ and }}"),
            ("Dear name }}", "between {{ and }}"),
            ("Dear {{ name | *you* }}", "between {{ and }}"),
            ("Dear {{ {{ name }} }}", "between {{ and }}"),
            ("One\n\n# Two", "Line 3: headings"),
            ("", "Write something"),
        ] {
            let mut words = [word(OwnLetter::Invite, OwnSlot::Opening, "EN", OwnForm::Plain, text)];
            let wrong = format!("{:?}", check(&mut words).done());
            assert!(wrong.contains(told) && wrong.contains("/words/0/text"), "{text}: {wrong}");
            assert_eq!(words[0].language, "en");
        }
        let one = word(OwnLetter::Invite, OwnSlot::Opening, "en", OwnForm::Plain, "Hi");
        assert!(format!("{:?}", check(&mut [one.clone(), one]).done()).contains("twice"));
    }
}
