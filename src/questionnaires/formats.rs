//! The written forms of dates, times, addresses and colours.

use chrono::{NaiveDate, NaiveTime, Weekday};

use super::expression::dates;
use super::form::Input;

/// Where a value lies on the scale of its input type, or nothing if it is not written properly.
/// Types without a scale answer zero for any proper value.
pub(crate) fn place(input: Input, text: &str) -> Option<f64> {
    match input {
        Input::Date => {
            let date = text.len() == 10 && digits_at(text, "dddd-dd-dd");
            date.then(|| dates::parse(text)).filter(|ms| !ms.is_nan())
        }
        Input::DateTime => {
            let (date, time) = text.split_once('T')?;
            Some(place(Input::Date, date)? + place(Input::Time, time)?)
        }
        Input::Time => time(text),
        Input::Month => {
            let month = digits_at(text, "dddd-dd").then(|| dates::parse(text))?;
            (!month.is_nan()).then_some(month)
        }
        Input::Week => week(text),
        Input::Email => is_email(text).then_some(0.0),
        Input::Url => is_url(text).then_some(0.0),
        Input::Color => digits_at(text, "#xxxxxx").then_some(0.0),
        Input::Text | Input::Tel | Input::Number | Input::Range => Some(0.0),
    }
}

/// How a value of this type should be written, for messages.
pub(crate) fn hint(input: Input) -> &'static str {
    match input {
        Input::Date => "Enter a date as year-month-day, for example 2026-02-28",
        Input::DateTime => "Enter a date and time, for example 2026-02-28T14:30",
        Input::Time => "Enter a time, for example 14:30",
        Input::Month => "Enter a month as year-month, for example 2026-02",
        Input::Week => "Enter a week as year and week, for example 2026-W09",
        Input::Email => "Enter an e-mail address, for example name@example.org",
        Input::Url => "Enter a web address that begins with https:// or http://",
        Input::Color => "Enter a colour as # and six digits, for example #336699",
        Input::Number | Input::Range => "Enter a number",
        Input::Text | Input::Tel => "Enter text",
    }
}

/// Compares text with a layout in which `d` is a digit and `x` a hexadecimal digit.
fn digits_at(text: &str, layout: &str) -> bool {
    text.len() == layout.len()
        && text.bytes().zip(layout.bytes()).all(|(c, l)| match l {
            b'd' => c.is_ascii_digit(),
            b'x' => c.is_ascii_hexdigit(),
            l => c == l,
        })
}

/// Milliseconds since midnight.
fn time(text: &str) -> Option<f64> {
    let main = text.split('.').next().unwrap_or(text);
    let layout = if digits_at(text, "dd:dd") {
        "%H:%M"
    } else if digits_at(main, "dd:dd:dd") && text.len() <= 12 && !text.ends_with('.') {
        "%H:%M:%S%.f"
    } else {
        return None;
    };
    let time = NaiveTime::parse_from_str(text, layout).ok()?;
    Some((time - NaiveTime::MIN).num_milliseconds() as f64)
}

fn week(text: &str) -> Option<f64> {
    if !digits_at(text, "dddd-Wdd") {
        return None;
    }
    let (year, week) = (text.get(..4)?.parse().ok()?, text.get(6..)?.parse().ok()?);
    NaiveDate::from_isoywd_opt(year, week, Weekday::Mon)?;
    Some(f64::from(year) * 100.0 + f64::from(week))
}

/// An address a mail can be sent to: a name without blanks, `@`, and a host with at least one dot.
pub(crate) fn is_email(text: &str) -> bool {
    const FORBIDDEN: &str = "<>()[],;:\"@";
    let proper = |part: &str| {
        !part.is_empty()
            && !part
                .chars()
                .any(|c| c.is_whitespace() || FORBIDDEN.contains(c))
    };
    let Some((name, host)) = text.rsplit_once('@') else {
        return false;
    };
    let quoted = name.len() > 2 && name.starts_with('"') && name.ends_with('"');
    let name_fits = quoted && !name.contains(['\n', '\r']) || name.split('.').all(proper);
    let labels: Vec<_> = host.split('.').collect();
    let last_long = labels.last().is_some_and(|l| l.chars().count() >= 2);
    name_fits
        && labels.len() >= 2
        && last_long
        && labels
            .iter()
            .all(|label| proper(label) && !label.contains('='))
}

/// A web address. Other schemes are refused, as an address in a report may be clicked.
pub(crate) fn is_url(text: &str) -> bool {
    let rest = ["https://", "http://"].iter().find_map(|scheme| {
        let start = text.get(..scheme.len())?;
        start
            .eq_ignore_ascii_case(scheme)
            .then(|| text.get(scheme.len()..))
            .flatten()
    });
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty()
            && !text
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"'))
    })
}
