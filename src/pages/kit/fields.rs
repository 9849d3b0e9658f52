//! What somebody has sent.

use crate::platform::{Error, Result, Violation, http::etag};
use std::str::FromStr;

/// What was sent with a form, or stands behind the question mark of an address.
#[derive(Clone, Debug, Default)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    pub(super) fn read(bytes: &[u8]) -> Self {
        // Browsers end the lines of a text with two characters.
        // The character U+0000 can be typed by nobody and kept by no database.
        let plain = |text: std::borrow::Cow<'_, str>| text.replace("\r\n", "\n").replace('\0', "");
        Self(form_urlencoded::parse(bytes).map(|(name, value)| (name.into_owned(), plain(value))).collect())
    }

    /// The first value with this name; empty when there is none.
    pub fn text(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// The value without blanks around it, if it is not empty.
    pub fn given(&self, name: &str) -> Option<String> {
        let text = self.text(name).trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The value without blanks around it.
    pub fn trimmed(&self, name: &str) -> String {
        self.text(name).trim().to_owned()
    }

    /// Every value with this name.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let name = name.to_owned();
        self.0.iter().filter(move |(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    /// Whether anything was sent with this name.
    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// A value of another type; `what` says what is allowed.
    pub fn parsed<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>> {
        let wrong = |_| Error::Invalid(vec![Violation::new(format!("/{name}"), "form", what)]);
        self.given(name).map(|text| text.parse().map_err(wrong)).transpose()
    }

    /// A value of another type that must be there.
    pub fn needed<T: FromStr>(&self, name: &str, what: &str) -> Result<T> {
        self.parsed(name, what)?.ok_or_else(|| Error::Invalid(vec![Violation::new(format!("/{name}"), "required", what)]))
    }

    /// The version that the form was based on, as verbs ask for it.
    pub fn if_match(&self) -> Result<String> {
        let version = self.text("version").parse().map_err(|_| Error::VersionNeeded)?;
        Ok(etag::of(version))
    }
}

/// An amount in pounds as pence, if it can be read.
pub fn pence(text: &str) -> Option<i64> {
    let (pounds, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if pounds.is_empty() || pounds.len() > 9 || rest.len() > 2 || !digits(pounds) || !digits(rest) {
        return None;
    }
    Some(pounds.parse::<i64>().ok()? * 100 + format!("{rest:0<2}").parse::<i64>().ok()?)
}
