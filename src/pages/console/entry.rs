//! Reading a form of the console: every mistake at once, each with the field it is about.

use super::words::{self, Word};
use crate::{
    pages::kit::{Fields, pence},
    platform::{Error, Result, Violation},
};
use chrono::{NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use entity::Time;
use std::str::FromStr;

/// What was sent, and what is wrong with it so far.
pub(super) struct Entry<'f> {
    fields: &'f Fields,
    wrong: Vec<Violation>,
}

impl<'f> Entry<'f> {
    /// Begins to read.
    pub fn new(fields: &'f Fields) -> Self {
        Self { fields, wrong: Vec::new() }
    }

    /// A text; empty when there is none.
    pub fn text(&self, name: &str) -> String {
        self.fields.trimmed(name)
    }

    /// A text, if there is one.
    pub fn given(&self, name: &str) -> Option<String> {
        self.fields.given(name)
    }

    /// Whether a box is ticked.
    pub fn ticked(&self, name: &str) -> bool {
        self.fields.has(name)
    }

    /// Lines of a text that say something.
    pub fn lines(&self, name: &str) -> Vec<String> {
        self.fields.text(name).lines().map(str::trim).filter(|line| !line.is_empty()).map(String::from).collect()
    }

    /// Notes that something is wrong. The same of two lines of a text is told once.
    pub fn wrong(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        let found = Violation::new(pointer, "form", detail);
        if !self.wrong.contains(&found) {
            self.wrong.push(found);
        }
    }

    /// Whether something is wrong with a field.
    pub fn is_wrong(&self, name: &str) -> bool {
        self.wrong.iter().any(|one| one.pointer.strip_prefix('/') == Some(name))
    }

    /// A word that must be chosen. Stands in with the first one where a mistake is noted.
    pub fn word<W: Word>(&mut self, name: &str) -> W {
        words::read(self.fields.text(name)).unwrap_or_else(|| {
            self.wrong(format!("/{name}"), "Choose one.");
            W::CHOICES[0]
        })
    }

    /// A word that may be chosen.
    pub fn word_or_none<W: Word>(&self, name: &str) -> Option<W> {
        words::read(self.fields.text(name))
    }

    /// Everything that was sent under a name.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.fields.all(name).map(str::to_owned).collect()
    }

    /// Words of which any may be chosen.
    pub fn words<W: Word>(&self, name: &str) -> Vec<W> {
        self.fields.all(name).filter_map(words::read).collect()
    }

    /// Ids of which any may be chosen.
    pub fn ids<T: FromStr>(&self, name: &str) -> Vec<T> {
        self.fields.all(name).filter_map(|text| text.parse().ok()).collect()
    }

    /// A value of another type, if one is given.
    pub fn parsed<T: FromStr>(&mut self, name: &str, what: &str) -> Option<T> {
        let text = self.fields.given(name)?;
        let read = text.parse().ok();
        if read.is_none() {
            self.wrong(format!("/{name}"), what);
        }
        read
    }

    /// A value of another type that must be there.
    pub fn needed<T: FromStr>(&mut self, name: &str, what: &str) -> Option<T> {
        let read = self.parsed(name, what);
        if read.is_none() && !self.is_wrong(name) {
            self.wrong(format!("/{name}"), what);
        }
        read
    }

    /// One of several that must be chosen, by its word.
    pub fn one_of<T: Copy>(&mut self, name: &str, all: &[T], word: fn(T) -> String, what: &str) -> Option<T> {
        let read = all.iter().copied().find(|one| word(*one) == self.fields.text(name));
        if read.is_none() {
            self.wrong(format!("/{name}"), what);
        }
        read
    }

    /// A whole number, if one is given.
    pub fn number(&mut self, name: &str) -> Option<i32> {
        self.parsed(name, "Use a whole number.")
    }

    /// A day, if one is given.
    pub fn day(&mut self, name: &str) -> Option<NaiveDate> {
        self.parsed(name, "Use a date such as 2027-03-20.")
    }

    /// A time of a day, where the organisation is.
    pub fn moment(&mut self, name: &str, zone: Tz) -> Option<Time> {
        let text = self.fields.given(name)?;
        let read = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
            .into_iter()
            .find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok())
            .and_then(|local| zone.from_local_datetime(&local).earliest());
        if read.is_none() {
            self.wrong(format!("/{name}"), "Use a date and a time such as 2027-03-20 14:30.");
        }
        read.map(|local| local.to_utc())
    }

    /// Money in pounds, as pence.
    pub fn pence(&mut self, name: &str) -> Option<i64> {
        let text = self.fields.given(name)?;
        let read = pence(text.trim_start_matches('£').trim());
        if read.is_none() {
            self.wrong(format!("/{name}"), "Use an amount in pounds, such as 25 or 12.50.");
        }
        read
    }

    /// Nothing is wrong, or everything that is.
    pub fn done(self) -> Result<()> {
        self.done_with(Ok(()))
    }

    /// The same with what the rules say of the rest, so that nobody mends a form twice. Where something could not be read the
    /// rules saw what stands in for it; what they say of that is left out.
    pub fn done_with(mut self, rules: Result<()>) -> Result<()> {
        if self.wrong.is_empty() {
            // The verb applies them itself, with those that need the database.
            return Ok(());
        }
        if let Err(Error::Invalid(found)) = rules {
            let unread: Vec<String> = self.wrong.iter().map(|one| one.pointer.clone()).collect();
            let within = |one: &Violation, at: &String| {
                one.pointer.strip_prefix(at.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            self.wrong.extend(found.into_iter().filter(|one| !unread.iter().any(|at| within(one, at))));
        }
        Err(Error::Invalid(self.wrong))
    }
}

/// A time as such a field shows it.
pub(super) fn moment(at: Option<Time>, zone: Tz) -> String {
    at.map(|at| at.with_timezone(&zone).format("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default()
}

/// A day as such a field shows it.
pub(super) fn day(day: Option<NaiveDate>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

/// An amount as such a field shows it.
pub(super) fn pounds(pence: Option<i64>) -> String {
    pence.map(|pence| format!("{}.{:02}", pence / 100, pence % 100)).unwrap_or_default()
}

/// A number as such a field shows it; nothing for none.
pub(super) fn number(number: Option<i32>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_they_are_shown() {
        for (text, read) in [("25", Some(2500)), ("12.5", Some(1250)), ("12.05", Some(1205)), ("0.01", Some(1))] {
            assert_eq!(pence(text), read, "{text}");
            assert_eq!(pence(&pounds(read)), read);
        }
        for text in ["", ".5", "1,000", "1.234", "-3", "12 pounds", "1.-2"] {
            assert_eq!(pence(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_those_of_the_organisation() {
        let fields = Fields(vec![("at".into(), "2027-07-01T14:30".into()), ("no".into(), "tomorrow".into())]);
        let mut entry = Entry::new(&fields);
        let read = entry.moment("at", chrono_tz::Europe::London);
        assert_eq!(read.unwrap().to_rfc3339(), "2027-07-01T13:30:00+00:00");
        assert_eq!(moment(read, chrono_tz::Europe::London), "2027-07-01T14:30");
        assert_eq!(entry.moment("no", chrono_tz::Europe::London), None);
        assert!(entry.done().is_err());
    }
}
