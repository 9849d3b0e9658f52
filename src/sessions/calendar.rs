//! Meetings as files for calendars (RFC 5545), and as messages between calendars (RFC 5546).
//!
//! Pure: the same arguments give the same bytes. Times are in UTC: a meeting is one instant, so no file needs the rules of a time
//! zone, and each calendar shows it by its own clock, on both sides of a change to summer time.

use chrono::{SubsecRound, Utc};
use entity::{MeetingId, Time};
use icalendar::{Calendar, Component, Event, EventLike, Property};

/// Longest title and longest text in a calendar, in characters.
const LINE: usize = 200;
const TEXT: usize = 2000;

/// What a file does to a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Puts the meeting in, or changes it (RFC 5546, 3.2.2).
    Request,
    /// Takes it out (3.2.5).
    Cancel,
    /// Shows it to whoever opens the file (3.2.1).
    Publish,
}

impl Method {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
            Self::Publish => "PUBLISH",
        }
    }
}

/// A meeting in a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which one. Its name in calendars follows from it and from nothing else, so that it stays the same when an organisation moves.
    pub id: MeetingId,
    /// How often it was changed.
    pub sequence: i32,
    /// What it is called.
    pub title: String,
    /// It begins.
    pub starts_at: Time,
    /// It ends.
    pub ends_at: Time,
    /// Where.
    pub location: Option<String>,
    /// More about it.
    pub text: String,
    /// Where to read more.
    pub url: String,
    /// Whether it does not take place, for the person at least.
    pub cancelled: bool,
}

/// Who writes, and to whom: of all who come, each sees their own address alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parties {
    /// The name of the organisation.
    pub organiser: String,
    /// The address that letters are from.
    pub from: String,
    /// The person's address; nobody's where a file is not sent to anybody (RFC 5546, 3.2.1).
    pub to: Option<String>,
}

/// A file. `stamp` is when it was made (`DTSTAMP`). Without parties it names nobody.
pub fn file(method: Method, entries: &[Entry], parties: Option<&Parties>, stamp: Time) -> String {
    let mut calendar = Calendar::empty();
    for (name, value) in [("VERSION", "2.0"), ("PRODID", "-//Alongside//Meetings//EN"), ("CALSCALE", "GREGORIAN")] {
        calendar.append_property(Property::new(name, value));
    }
    calendar.append_property(Property::new("METHOD", method.word()));
    for entry in entries {
        calendar.push(event(entry, parties, stamp));
    }
    calendar.to_string()
}

fn event(entry: &Entry, parties: Option<&Parties>, stamp: Time) -> Event {
    let mut event = Event::new();
    let second = |at: Time| at.with_timezone(&Utc).trunc_subsecs(0);
    event
        .uid(&format!("{}@alongside", entry.id))
        .timestamp(second(stamp))
        .starts(second(entry.starts_at))
        .ends(second(entry.ends_at))
        .summary(&line(&entry.title))
        .sequence(u32::try_from(entry.sequence).unwrap_or(0))
        .add_property("STATUS", if entry.cancelled { "CANCELLED" } else { "CONFIRMED" })
        // Others who see the person's calendar are not shown what this is, where the calendar heeds it.
        .add_property("CLASS", "PRIVATE");
    if let Some(location) = entry.location.as_deref().map(text).filter(|location| !location.is_empty()) {
        event.location(&location);
    }
    if !entry.text.is_empty() {
        event.description(&text(&entry.text));
    }
    if !entry.url.is_empty() {
        event.add_property("URL", &entry.url);
    }
    if let Some(Parties { organiser, from, to }) = parties {
        let organiser = Property::new("ORGANIZER", format!("mailto:{from}")).add_parameter("CN", &parameter(organiser)).done();
        event.append_property(organiser);
        // What the person says to a meeting they say on their page: no answer is asked of their calendar.
        if let Some(to) = to {
            let attendee = Property::new("ATTENDEE", format!("mailto:{to}"))
                .add_parameter("CUTYPE", "INDIVIDUAL")
                .add_parameter("ROLE", "REQ-PARTICIPANT")
                .add_parameter("PARTSTAT", "NEEDS-ACTION")
                .add_parameter("RSVP", "FALSE")
                .done();
            event.append_multi_property(attendee);
        }
    }
    event.done()
}

/// One line without anything that ends it.
fn line(words: &str) -> String {
    let clean: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LINE).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lines, each without anything that ends it.
fn text(words: &str) -> String {
    let words = words.replace("\r\n", "\n").replace('\r', "\n");
    let clean: String = words.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).take(TEXT).collect();
    clean.trim().to_owned()
}

/// The value of a parameter, which knows no way to write a quotation mark (RFC 5545, 3.2).
fn parameter(words: &str) -> String {
    line(&words.replace('"', "'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Duration, TimeZone};

    fn entry() -> Entry {
        let starts_at = Utc.with_ymd_and_hms(2027, 3, 28, 9, 0, 0).unwrap();
        Entry {
            id: "0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d3e".parse().unwrap(),
            sequence: 2,
            title: "Tea; cake, and \\ more".into(),
            starts_at,
            ends_at: starts_at + Duration::hours(2),
            location: Some("Town hall\r\nSide door".into()),
            text: "Part of Evenings.".into(),
            url: "https://a.example/o/x/me/meetings/1".into(),
            cancelled: false,
        }
    }

    fn parties() -> Parties {
        Parties { organiser: "Sunrise, \"the\" trust".into(), from: "letters@a.example".into(), to: Some("ben@b.example".into()) }
    }

    fn stamp() -> Time {
        Utc.with_ymd_and_hms(2027, 3, 1, 9, 0, 0).unwrap()
    }

    #[test]
    fn a_request_has_what_calendars_ask_for() {
        let made = file(Method::Request, &[entry()], Some(&parties()), stamp());
        let unfolded = made.replace("\r\n ", "");
        for line in [
            "BEGIN:VCALENDAR",
            "METHOD:REQUEST",
            "UID:0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d3e@alongside",
            "DTSTAMP:20270301T090000Z",
            "DTSTART:20270328T090000Z",
            "DTEND:20270328T110000Z",
            "SEQUENCE:2",
            "STATUS:CONFIRMED",
            "CLASS:PRIVATE",
            "SUMMARY:Tea\\; cake\\, and \\\\ more",
            "LOCATION:Town hall\\nSide door",
            "ORGANIZER;CN=\"Sunrise, 'the' trust\":mailto:letters@a.example",
            "ATTENDEE;CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;RSVP=FALSE:mailto:ben@b.example",
        ] {
            assert!(unfolded.split("\r\n").any(|one| one == line), "{line} is not in\n{unfolded}");
        }
        assert_eq!(made, file(Method::Request, &[entry()], Some(&parties()), stamp()), "the same bytes");
        let gone = file(Method::Cancel, &[Entry { cancelled: true, ..entry() }], Some(&parties()), stamp());
        assert!(gone.contains("METHOD:CANCEL\r\n") && gone.contains("STATUS:CANCELLED\r\n"));
        let own = file(Method::Publish, &[entry()], None, stamp());
        assert!(!own.contains("ATTENDEE") && !own.contains("ORGANIZER"));
    }

    #[test]
    fn what_people_typed_never_becomes_a_line_and_no_line_is_long() {
        for evil in [
            "a\r\nATTENDEE:mailto:eve@x",
            "a\nEND:VEVENT",
            "a\rb",
            "nul\0",
            "\u{2028}x",
            "ü".repeat(5000).as_str(),
            "\"",
            ";:,\\",
        ] {
            let entry = Entry { title: evil.into(), location: Some(evil.into()), text: evil.into(), ..entry() };
            let parties = Parties { organiser: evil.into(), ..parties() };
            let made = file(Method::Request, &[entry], Some(&parties), stamp());
            assert_eq!(made.matches("\r\nATTENDEE").count(), 1, "{made}");
            assert_eq!(made.matches("\r\nEND:VEVENT").count(), 1, "{made}");
            assert!(!made.replace("\r\n", "").contains(['\r', '\n', '\0']), "{made:?}");
            assert!(made.split("\r\n").all(|line| line.len() <= 75), "{made}");
        }
    }
}
