//! The tables, their ids, their words and their documents.
//!
//! Row structs (`Model`) never leave the server; [`words`] and [`mod@documents`] do: they are one vocabulary from the
//! database to the API. Every table of an organisation has the primary key `(organisation_id, id)`.

pub mod documents;
pub mod ids;
pub mod preference_document;
pub mod report_document;
pub mod tables;
pub mod words;

/// An instant, in UTC, to the millisecond.
pub type Time = chrono::DateTime<chrono::Utc>;

pub use documents::*;
pub use ids::*;
pub use preference_document::*;
pub use report_document::*;
pub use tables::*;
pub use words::*;
