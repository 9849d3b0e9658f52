//! Questionnaires: what a consultation asks, and whether an answer fits.
//!
//! A consultation's questions are written as SurveyJS JSON, so that every front end can show them
//! without conversion. This room judges the answers again on the server, by the same rules the
//! participant's screen applied:
//!
//! - Whoever publishes a form learns everything that is wrong with it, at once and by place.
//!   Whatever this room cannot judge faithfully is refused then, never ignored.
//! - Whoever answers learns everything that does not fit, at once, in plain English. The messages
//!   say what is allowed and never repeat the answer.
//! - Answers to questions that are not shown are not kept, and the outcome says which were left
//!   out.
//! - The same form, answers and moment always give the same verdict; nothing here reads a clock.
//!
//! Differences from the browser library, all on purpose:
//!
//! - Unknown choices, wrong types, unknown names, half a ranking and "None" beside other options
//!   are refused, not dropped or filled in silently. A choice must be the value itself: `"1"` is
//!   not `1`. Limits that screens only enforce while somebody types (`maxLength`,
//!   `maxSelectedChoices`) are checked again.
//! - Answers to hidden questions are removed until nothing more becomes hidden (see
//!   [`Form::evaluate`]); the browser looks only once.
//! - A draft may hold what is not finished: words where a number goes, "None" beside other options. Nothing of that is
//!   accepted when the answers are handed in.
//! - Empty answers (`null`, `""`, `[]`) count as no answer and are not kept.
//! - Dates are read only in ISO notation, and without a zone: whoever asks hands in the time that the clock on the wall shows
//!   where the organisation is (see [`wall_clock`]). `{list[-1]}` counts from the end, and a list
//!   of one number is not taken for that number in a sum.
//! - A question that cannot be changed (`readOnly`, `enableIf`) is never required and its
//!   validators do not run, but an answer it holds must still be one the question allows.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

mod answers;
mod compare;
mod compile;
mod evaluate;
mod expression;
mod form;
mod formats;
mod layout;
mod report;
mod rules;
mod values;

#[cfg(test)]
mod tests;

pub use form::{Choice, Form, Kind, Question};
pub use layout::{Layout, Order, Part, Reader, Sheet, Text, Wording};
pub use report::{Evaluation, Flaw, Violation};

/// What the clock on the wall shows in a time zone, written as if it were UTC. Forms know no zones: the days and times in
/// them are those of the people who fill them in.
pub fn wall_clock(now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    now.with_timezone(&zone).naive_local().and_utc()
}
