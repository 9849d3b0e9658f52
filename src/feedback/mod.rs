//! You said, we did, we did not because: reports, promises with dates, ratings, and each person's own ledger.
//!
//! **What it promises people.** Whoever took part is told what came of it, also when the answer is no. A report cannot go
//! out while a proposal has no answer. What was published is never rewritten in silence: a change makes a new version,
//! says what changed, and tells people again. Everybody can see which promises are late.

pub mod api;
mod build;
mod digest;
mod gather;
mod jobs;
pub mod ledger;
mod letters;
pub mod overdue;
pub mod public;
pub mod publish;
pub mod ratings;
pub mod report;
mod rules;
pub mod withdrawal;

pub use digest::compose_digest;
pub use jobs::send;
pub use letters::compose;

/// Kind of the letter that tells what came of something.
pub const REPORT: &str = "feedback.report";
/// The job that writes to everybody who took part.
pub const SEND: &str = "feedback.send";

/// Where people read a report.
pub fn address(public_url: &str, slug: &str, report: entity::ReportId) -> String {
    format!("{public_url}/o/{slug}/reports/{report}")
}

/// A day as people of an organisation count it.
fn day(time_zone: &str, at: entity::Time) -> chrono::NaiveDate {
    let zone = time_zone.parse().unwrap_or(chrono_tz::Tz::UTC);
    at.with_timezone(&zone).date_naive()
}
