//! The web edge: how a request becomes an argument and an answer becomes a response. poem lives here, in `pages/`, in
//! each `api.rs` and in `app.rs`, and nowhere else.

pub mod body;
pub mod caller;
pub mod cors;
pub mod edge;
pub mod inbound;
pub mod etag;
pub mod limits;
pub mod listen;
pub mod once;
mod examples;
pub mod openapi;
pub mod page;
pub mod problem;
mod refusals;
pub mod reply;
pub mod upload;

pub use body::{Body, RawJson, fingerprint, strict_json};
pub use caller::Caller;
pub use once::Once;
pub use page::{Cursor, Page};
pub use reply::{Accepted, Created, Done, Events, Fine, NoContent, Reply, Streamed};
pub use upload::CsvFile;

use poem_openapi::Tags;

/// The chapters of the API document.
#[derive(Tags)]
pub enum Chapter {
    /// The ladder of co-production and other reference texts.
    Reference,
    /// Signing in, organisations, staff and keys.
    Accounts,
    /// People: joining, importing, preferences.
    Participants,
    /// A person's own page.
    Me,
    /// Notices and consent.
    Consent,
    /// Projects, stages and decisions.
    Projects,
    /// Ways to take part.
    Opportunities,
    /// Who may be asked, and who is asked.
    Matching,
    /// Asking people, and their replies.
    Invitations,
    /// Answers.
    Responses,
    /// Meetings, places and contributions.
    Sessions,
    /// Themes, recommendations and influence on decisions.
    Influence,
    /// Reports, ratings and overdue promises.
    Feedback,
    /// Letters and their delivery.
    Mail,
    /// Telling other systems of news.
    Webhooks,
    /// What everybody can read without signing in.
    Public,
}
