//! Mail that comes back: reports on delivery, complaints, answers of programs and of people.
//!
//! Pure: bytes in, meaning out. Nothing is looked up, nothing is kept, and no bytes make it fail or take long: at most
//! 10 MB are read, in linear time, with fixed limits on parts, levels, fields and lines.
//!
//! What this room does **not** decide: whether a message is genuine. Anybody can write a report or a complaint. It counts
//! only if a token in it proves right, which the caller checks: in the address that it came to ([`recipients()`], [`verp`]),
//! else in the address that the letter's bounces go to ([`Original::return_path`]).
//!
//! Nor does it drop anything: what it does not understand is [`Returned::Unreadable`], to be laid aside for a person.

mod automatic;
mod complaint;
mod decode;
mod header;
mod html;
mod labels;
mod mime;
mod notice;
mod original;
mod quote;
mod recipients;
mod reply;
mod report;
mod tag;
mod told;
pub mod verp;

pub use automatic::AutoKind;
pub use complaint::{Complaint, Feedback};
pub use original::Original;
pub use recipients::{Source, recipients};
pub use reply::{Reply, TEXT};
pub use report::{Action, Recipient, Report};

use mime::Part;

/// Largest message that is read, in bytes.
pub const MOST: usize = 10 * 1024 * 1024;

/// What a message is. Its `Debug` form holds no address and nothing that a person wrote, so it may be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Returned {
    /// What became of a letter (RFC 3464, or prose that says it).
    Report(Report),
    /// Somebody does not want our letters (RFC 5965).
    Complaint(Complaint),
    /// No person wrote it.
    Automatic(AutoKind),
    /// A person wrote it, or may have.
    Reply(Reply),
    /// It cannot be understood, and why: to be laid aside for a person, never to be thrown away.
    Unreadable(&'static str),
}

/// Tells what a message is. Never panics, whatever the bytes.
///
/// A server's prose of a make, or in a language, that is not known here reads as [`AutoKind::Daemon`] or even as an answer.
/// No person writes to the address that bounces go to: what comes there and is neither report nor complaint belongs before an
/// operator, not among the answers.
pub fn read(raw: &[u8]) -> Returned {
    if raw.len() > MOST {
        return Returned::Unreadable("larger than 10 MB");
    }
    let message = match Part::read(raw) {
        Ok(message) if message.headers.is_empty() => return Returned::Unreadable("no header"),
        Ok(message) => message,
        Err(reason) => return Returned::Unreadable(reason),
    };
    let kind = automatic::report_type(&message);
    let daemon = automatic::is_daemon(&message.headers);
    // A report forwarded by a person is a part too; it counts only where the message itself says that it is one.
    let inner = message.parts.iter().find(|part| part.kind.name == "multipart/report");
    let says = |name: &str| kind.as_deref() == Some(name) || inner.and_then(automatic::report_type).as_deref() == Some(name);
    if let Some(part) = message.find("message/feedback-report") {
        return Returned::Complaint(complaint::standard(&message, part));
    }
    let status = ["message/delivery-status", "message/global-delivery-status"].iter().find_map(|name| message.find(name));
    if says("delivery-status") || daemon || (kind.is_none() && message.kind.name == "multipart/report") {
        let report = status.and_then(|part| report::standard(&message, part)).or_else(|| report::prose(&message));
        match report {
            Some(report) => return Returned::Report(report),
            None if says("delivery-status") || status.is_some() => return Returned::Unreadable("a report without recipients"),
            None => {}
        }
    }
    if let Some(complaint) = complaint::microsoft(&message) {
        return Returned::Complaint(complaint);
    }
    if let Some(kind) = automatic::kind(&message) {
        return Returned::Automatic(kind);
    }
    match reply::read(&message) {
        Ok(reply) => Returned::Reply(reply),
        Err(reason) => Returned::Unreadable(reason),
    }
}
