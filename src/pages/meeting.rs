//! When and where a meeting is, in words, for whoever takes part.

use crate::invitations::letters::moment;
use chrono_tz::Tz;
use entity::meeting;

/// When a meeting is: its day and hours, as the organisation's clocks show them.
pub fn when(row: &meeting::Model, zone: Tz) -> String {
    let (starts, ends) = (row.starts_at.with_timezone(&zone), row.ends_at.with_timezone(&zone));
    if starts.date_naive() == ends.date_naive() {
        return format!("{} to {}", moment(row.starts_at, zone), ends.format("%H:%M"));
    }
    format!("{}, to {}", moment(row.starts_at, zone), moment(row.ends_at, zone))
}

/// When and where, as facts.
pub fn facts(row: &meeting::Model, zone: Tz) -> Vec<(String, String)> {
    let place = row.location.clone().filter(|text| !text.trim().is_empty()).unwrap_or_else(|| "Not said yet".into());
    let mut facts = vec![("When".into(), when(row, zone)), ("Where, and how to get in".into(), place)];
    if row.cancelled_at.is_some() {
        facts.push(("Please note".into(), "This meeting does not take place.".into()));
    }
    facts
}
