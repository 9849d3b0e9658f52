//! The forms in which letters are written.

use super::letters_as;
use crate::harness::{Backend, Mail, on};
use entity::{Contact, LetterFormat};
use std::{
    collections::BTreeMap,
    sync::{Mutex, OnceLock},
};

/// How somebody wants to be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Plain,
    EasyRead,
    LargePrint,
    /// With a subject line that tells nothing.
    Neutral,
}

impl Form {
    const ALL: [Self; 4] = [Self::Plain, Self::EasyRead, Self::LargePrint, Self::Neutral];

    fn contact(self) -> Contact {
        let usual = Contact::usual();
        match self {
            Self::Plain => usual,
            Self::EasyRead => Contact { format: LetterFormat::EasyRead, ..usual },
            Self::LargePrint => Contact { format: LetterFormat::LargePrint, ..usual },
            Self::Neutral => Contact { neutral_subject: true, ..usual },
        }
    }
}

/// Letters of every kind.
pub type Letters = BTreeMap<&'static str, Mail>;

/// One letter of every kind in every form, written once for all tests.
pub fn every_form() -> &'static [(Form, Letters)] {
    static ALL: OnceLock<Vec<(Form, Letters)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let all = Mutex::new(Vec::new());
        for form in Form::ALL {
            on(Backend::Sqlite, async |app| {
                let letters = letters_as(&app, &form.contact()).await;
                all.lock().unwrap().push((form, letters));
            });
        }
        all.into_inner().unwrap()
    })
}
