//! What a heading and a line say, and what can be wrong with a line.

use crate::{
    participants::joining::{LANGUAGE, is_language},
    platform::{Error, Result, csv::Record, text::email_key},
};
use std::collections::HashSet;

/// Why a line could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    TooLong,
    NotText,
    Cells,
    Address,
    Name,
    Language,
    Repeated,
    Unwanted,
}

impl Flaw {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::TooLong => "This line is too long.",
            Self::NotText => "This line is not UTF-8 text.",
            Self::Cells => "This line has more cells than the heading.",
            Self::Address => "This is not an e-mail address.",
            Self::Name => "Use one line of at most 120 characters for the name.",
            Self::Language => "Use a language tag, such as en or cy.",
            Self::Repeated => "This address is in the file more than once.",
            Self::Unwanted => "This address must not be written to.",
        }
    }
}

/// Somebody named in a line.
pub(super) struct Named {
    pub(super) key: String,
    pub(super) email: String,
    pub(super) name: Option<String>,
    pub(super) language: String,
}

/// Where the columns stand.
pub(super) struct Columns {
    email: usize,
    name: Option<usize>,
    language: Option<usize>,
    count: usize,
}

impl Columns {
    /// Reads the heading.
    pub(super) fn read(record: &Record) -> Result<Self> {
        let refuse = |code, detail: &str| Err(Error::invalid("/heading", code, detail));
        let Record::Cells(cells) = record else { return refuse("form", "The first line must name the columns, in UTF-8.") };
        let names: Vec<String> = cells.iter().map(|cell| cell.trim().to_lowercase()).collect();
        if names.iter().any(|name| !matches!(name.as_str(), "email" | "name" | "language")) {
            return refuse("unknown_column", "Use the columns email, name and language. Leave out all others.");
        }
        if names.iter().collect::<HashSet<_>>().len() < names.len() {
            return refuse("repeated", "Name each column once.");
        }
        let place = |wanted: &str| names.iter().position(|name| name == wanted);
        match place("email") {
            Some(email) => Ok(Self { email, name: place("name"), language: place("language"), count: names.len() }),
            None => refuse("required", "The column email is needed."),
        }
    }

    /// Reads a line.
    pub(super) fn named(&self, record: &Record) -> Result<Named, Flaw> {
        let cells = match record {
            Record::Cells(cells) => cells,
            Record::TooLong => return Err(Flaw::TooLong),
            Record::NotText => return Err(Flaw::NotText),
        };
        if cells.len() > self.count {
            return Err(Flaw::Cells);
        }
        let cell = |at: usize| cells.get(at).map(|cell| cell.trim()).unwrap_or_default();
        let filled = |at: Option<usize>| at.map(cell).filter(|text| !text.is_empty()).map(str::to_owned);
        let email = cell(self.email).to_owned();
        let key = email_key(&email).filter(|key| key.len() <= 254).ok_or(Flaw::Address)?;
        let name = filled(self.name);
        if name.as_ref().is_some_and(|name| name.chars().count() > 120 || name.chars().any(char::is_control)) {
            return Err(Flaw::Name);
        }
        let language = filled(self.language).unwrap_or_else(|| LANGUAGE.to_owned());
        if !is_language(&language) {
            return Err(Flaw::Language);
        }
        Ok(Named { key, email, name, language })
    }
}
