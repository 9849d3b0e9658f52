//! Telling other systems of news.
//!
//! **What it promises people.** What leaves here names things and never people: an event is a kind, a time and ids of the
//! organisation's own work. Nothing is told when somebody joins, is asked, answers, or leaves, because the time alone would
//! say who it was to whoever sits beside them; a front end that wants numbers reads them where small ones are withheld.
//! Every event is signed (Standard Webhooks), sent until it arrives or days have passed, and can be sent again.

pub mod api;
pub mod deliver;
pub mod hooks;
pub mod news;
pub mod replay;
pub mod rules;
pub mod send;

pub use deliver::Courier;

/// Recurring job that tells of promises that have become late, and forgets old events.
pub const LOOK: &str = "webhooks.look";

/// How a webhook is named in the audit log.
fn object(id: entity::WebhookId) -> String {
    format!("webhook:{id}")
}
