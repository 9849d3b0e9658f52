//! Small rules about text that many rooms need: addresses, slugs, lengths.

use super::error::Violation;
use address::is_address;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use std::ops::RangeInclusive;

/// Years in which a day may lie. SQLite compares days and times as text, which fails for years that have not four digits,
/// and PostgreSQL knows none before -4712; the year after the last one stays free for the day after a day.
const YEARS: RangeInclusive<i32> = 1900..=9998;

/// An e-mail address as it is compared, and as it goes over the wire: trimmed, in lower case, without a dot at the end, and with a
/// domain of other letters as mail servers spell it (RFC 5890). `None` if it is not an address.
pub fn email_key(text: &str) -> Option<String> {
    let (local, domain) = text.trim().rsplit_once('@')?;
    let domain = idna::domain_to_ascii(domain.strip_suffix('.').unwrap_or(domain)).ok()?;
    let key = format!("{}@{domain}", local.to_lowercase());
    is_address(&key).then_some(key)
}

/// An address as it goes over the wire: the part before the `@` as it was typed, because it is its host's own matter; the domain
/// as [`email_key`] has it.
pub fn on_the_wire(address: &str) -> String {
    let key = email_key(address);
    match (address.trim().rsplit_once('@'), key.as_deref().and_then(|key| key.rsplit_once('@'))) {
        (Some((local, _)), Some((_, domain))) => format!("{local}@{domain}"),
        _ => address.to_owned(),
    }
}

/// The part of an address behind the `@`, in lower case.
pub fn domain(address: &str) -> String {
    address.rsplit('@').next().unwrap_or_default().to_lowercase()
}

/// Whether a text can stand in a header and in markup as the address of a link.
pub fn is_link(url: &str) -> bool {
    url.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '\\'))
}

/// Whether a link leads to a host of the web under encryption, or to this computer.
pub fn is_web_address(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    is_link(url) && !host.is_empty() && (scheme == "https" || (scheme == "http" && here))
}

/// Collects what is wrong with an input, all of it at once.
#[derive(Default)]
pub struct Check(Vec<Violation>);

impl Check {
    /// Nothing wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a violation unless `ok`.
    pub fn that(&mut self, ok: bool, pointer: &str, code: &'static str, detail: impl Into<String>) -> &mut Self {
        if !ok {
            self.0.push(Violation::new(pointer, code, detail));
        }
        self
    }

    /// A text that must say something and have at most `most` characters.
    pub fn text(&mut self, pointer: &str, value: &str, most: usize) -> &mut Self {
        self.that(!value.trim().is_empty(), pointer, "required", "Write something here.");
        self.length(pointer, value, most)
    }

    /// A text of at most `most` characters, without control characters other than line breaks.
    pub fn length(&mut self, pointer: &str, value: &str, most: usize) -> &mut Self {
        self.that(value.chars().count() <= most, pointer, "too_long", format!("Use at most {most} characters."));
        let control = value.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
        self.that(!control, pointer, "control_characters", "Take out characters that cannot be seen.")
    }

    /// A line: a text without line breaks.
    pub fn line(&mut self, pointer: &str, value: &str, most: usize) -> &mut Self {
        self.text(pointer, value, most);
        self.that(!value.contains(['\n', '\r']), pointer, "line_break", "Use one line.")
    }

    /// A number from `low` to `high`.
    pub fn range<T: PartialOrd + std::fmt::Display>(&mut self, pointer: &str, value: T, low: T, high: T) -> &mut Self {
        let ok = value >= low && value <= high;
        self.that(ok, pointer, "out_of_range", format!("Use a number from {low} to {high}."))
    }

    /// A day that both databases can keep and compare; none is fine.
    pub fn day(&mut self, pointer: &str, day: impl Into<Option<NaiveDate>>) -> &mut Self {
        self.year(pointer, day.into().map(|day| day.year()))
    }

    /// A time that both databases can keep and compare; none is fine.
    pub fn time(&mut self, pointer: &str, time: impl Into<Option<DateTime<Utc>>>) -> &mut Self {
        self.year(pointer, time.into().map(|time| time.year()))
    }

    fn year(&mut self, pointer: &str, year: Option<i32>) -> &mut Self {
        let detail = format!("Use a year from {} to {}.", YEARS.start(), YEARS.end());
        self.that(year.is_none_or(|year| YEARS.contains(&year)), pointer, "out_of_range", detail)
    }

    /// A list of at most `most` items.
    pub fn items(&mut self, pointer: &str, count: usize, most: usize) -> &mut Self {
        self.that(count <= most, pointer, "too_many", format!("Use at most {most} items."))
    }

    /// Everything that was noted, or `Ok`.
    pub fn done(&mut self) -> super::Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(super::Error::Invalid(std::mem::take(&mut self.0))) }
    }

    /// Adds violations found elsewhere.
    pub fn extend(&mut self, more: impl IntoIterator<Item = Violation>) -> &mut Self {
        self.0.extend(more);
        self
    }
}

/// What an address looks like.
mod address {
    /// One `@`, a local part of at most 64 characters of the usual set, and a domain with a dot.
    pub fn is_address(text: &str) -> bool {
        let Some((local, domain)) = text.rsplit_once('@') else { return false };
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c));
        let labels: Vec<&str> = domain.split('.').collect();
        let domain_ok = labels.len() >= 2
            && domain.len() <= 253
            && labels.iter().all(|label| {
                !label.is_empty()
                    && label.len() <= 63
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            });
        local_ok && domain_ok
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_go_over_https_or_stay_on_this_computer() {
        for good in [
            "https://front.example/{kind}#{token}",
            "https://front.example",
            "http://localhost:3000/#{token}",
            "http://127.0.0.1/x",
            "http://[::1]:8080/",
        ] {
            assert!(is_web_address(good), "{good}");
        }
        for bad in [
            "",
            "https://",
            "https:///path",
            "http://front.example/#{token}",
            "http://localhost.evil.example/",
            "ftp://front.example/",
            "https://fr\u{f6}nt.example/",
            "https://front.example/\"x",
            "https://front.example/<b>",
            "https://front.example/a b",
            "javascript://localhost/",
        ] {
            assert!(!is_web_address(bad), "{bad}");
        }
    }

    #[test]
    fn addresses_are_compared_without_case_and_space() {
        assert_eq!(email_key("  Ada.L@Example.ORG ").as_deref(), Some("ada.l@example.org"));
        for bad in [
            "",
            "ada",
            "ada@",
            "@example.org",
            "a b@example.org",
            "ada@example",
            "ada@exa_mple.org",
            "a..b@example.org",
            "ada@-x.org",
            "ada\n@example.org",
        ] {
            assert_eq!(email_key(bad), None, "{bad:?}");
        }
    }
}
