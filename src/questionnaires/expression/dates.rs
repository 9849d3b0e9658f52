//! Dates inside conditions.
//!
//! Every date is a count of milliseconds in UTC, so the same form gives the same verdict wherever
//! the server stands. Text without an offset is read as UTC.

use chrono::{
    DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc,
};

const DAY: f64 = 86_400_000.0;

/// Reads ISO text: a date, a date and time, with or without an offset.
pub(crate) fn parse(text: &str) -> f64 {
    let text = text.trim();
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return moment.timestamp_millis() as f64;
    }
    if let Some(date) = date_only(text) {
        return ms(date.and_time(NaiveTime::MIN));
    }
    for layout in [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
    ] {
        if let Ok(moment) = NaiveDateTime::parse_from_str(text, layout) {
            return ms(moment);
        }
    }
    f64::NAN
}

/// `2026-02-28`, or `2026-02` and `2026` for the first day of the month or year.
fn date_only(text: &str) -> Option<NaiveDate> {
    let digits = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
    let mut parts = text.split('-');
    let year = parts.next().filter(|s| digits(s, 4))?.parse().ok()?;
    let mut small = || match parts.next() {
        None => Some(1),
        Some(part) if digits(part, 2) => part.parse().ok(),
        Some(_) => None,
    };
    let (month, day) = (small()?, small()?);
    if parts.next().is_some() {
        return None;
    }
    NaiveDate::from_ymd_opt(year, month, day)
}

fn ms(moment: NaiveDateTime) -> f64 {
    moment.and_utc().timestamp_millis() as f64
}

/// The calendar view of a count of milliseconds, if it is a readable date.
pub(crate) fn moment(ms: f64) -> Option<DateTime<Utc>> {
    if !ms.is_finite() || ms.abs() > 8.64e15 {
        return None;
    }
    DateTime::from_timestamp_millis(ms as i64)
}

/// The date as the dialect prints it, with milliseconds and a `Z`.
pub(crate) fn iso(ms: f64) -> String {
    moment(ms).map_or_else(
        || "Invalid Date".to_owned(),
        |at| {
            format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                at.year(),
                at.month(),
                at.day(),
                at.hour(),
                at.minute(),
                at.second(),
                at.timestamp_subsec_millis()
            )
        },
    )
}

pub(crate) fn midnight(ms: f64) -> f64 {
    (ms / DAY).floor() * DAY
}

/// Cuts a date to the precision a text of this length carries, so `2026-02-28` can be compared
/// with a moment on that day.
pub(crate) fn cut_to(ms: f64, length: usize) -> f64 {
    let unit = match length {
        0..=10 => DAY,
        11..=13 => 3_600_000.0,
        14..=16 => 60_000.0,
        _ => return ms,
    };
    (ms / unit).floor() * unit
}

pub(crate) fn cut_to_second(ms: f64) -> f64 {
    (ms / 1000.0).floor() * 1000.0
}

/// Whole days between two dates, regardless of their order.
pub(crate) fn days_between(a: f64, b: f64) -> f64 {
    ((midnight(b) - midnight(a)).abs() / DAY).ceil()
}

/// Whole months from one date to another.
pub(crate) fn months_between(a: f64, b: f64) -> f64 {
    let (Some(a), Some(b)) = (moment(a), moment(b)) else {
        return f64::NAN;
    };
    let mut months = (b.year() - a.year()) * 12 + b.month() as i32 - a.month() as i32;
    if b.day() < a.day() {
        months -= 1;
    }
    f64::from(months)
}

/// Moves a date by whole months; a day the target month lacks runs over into the next one.
pub(crate) fn add_months(at: f64, months: f64) -> f64 {
    let (Some(date), true) = (moment(at), months.abs() <= 120_000.0) else {
        return f64::NAN;
    };
    let Some(first) = date.date_naive().with_day(1) else {
        return f64::NAN;
    };
    let months = months.trunc() as i32;
    let step = Months::new(months.unsigned_abs());
    let target = if months < 0 {
        first.checked_sub_months(step)
    } else {
        first.checked_add_months(step)
    };
    target
        .and_then(|first| first.checked_add_days(Days::new(u64::from(date.day0()))))
        .map_or(f64::NAN, |day| ms(day.and_time(date.time())))
}

pub(crate) fn add_days(at: f64, days: f64) -> f64 {
    at + days.trunc() * DAY
}
