//! What is said about webhooks over the API.

use crate::webhooks::{hooks::Facts, replay::Sent};
use entity::{
    Time, WebhookDeliveryId, WebhookDeliveryState, WebhookEventId, WebhookEventKind, WebhookId, WebhookOffReason, WebhookProblem,
    WebhookState, webhook,
};
use poem_openapi::Object;
use serde::Deserialize;

/// A webhook as it is made or changed.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
#[oai(rename = "WebhookIn")]
pub struct WebhookIn {
    /// Where news is sent by POST: an address that begins with https:// on the public internet.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// The kinds of news it is told of.
    pub events: Vec<WebhookEventKind>,
}

impl From<WebhookIn> for Facts {
    fn from(given: WebhookIn) -> Self {
        Self { url: given.url, description: given.description, events: given.events }
    }
}

/// A webhook.
#[derive(Object)]
pub struct WebhookOut {
    /// Its id.
    id: WebhookId,
    /// Where news is sent.
    url: String,
    /// What it is for.
    description: String,
    /// The kinds of news it is told of.
    events: Vec<WebhookEventKind>,
    /// Whether it is told.
    state: WebhookState,
    /// Why it was switched off, if it was.
    #[oai(skip_serializing_if_is_none)]
    off_reason: Option<WebhookOffReason>,
    /// Since when nothing has arrived; absent while all is well.
    #[oai(skip_serializing_if_is_none)]
    failing_since: Option<Time>,
    /// Until when the secret before this one signs along.
    #[oai(skip_serializing_if_is_none)]
    old_secret_until: Option<Time>,
    /// Made at.
    created_at: Time,
    /// The secret that signs; in the answer that makes it alone.
    #[oai(skip_serializing_if_is_none)]
    secret: Option<String>,
}

impl WebhookOut {
    pub(super) fn of(row: webhook::Model, secret: Option<String>) -> Self {
        Self {
            id: row.id,
            url: row.url,
            description: row.description,
            events: row.events.0,
            state: row.state,
            off_reason: row.off_reason,
            failing_since: row.failing_since,
            old_secret_until: row.old_secret_until,
            created_at: row.created_at,
            secret,
        }
    }
}

/// An event on its way to a webhook.
#[derive(Object)]
pub struct WebhookDeliveryOut {
    /// Its id.
    id: WebhookDeliveryId,
    /// The id of the event, which the header `webhook-id` holds behind `msg_`, without hyphens.
    event: WebhookEventId,
    /// The kind of news.
    #[oai(rename = "type")]
    event_type: WebhookEventKind,
    /// When it happened.
    happened_at: Time,
    /// Where it stands.
    state: WebhookDeliveryState,
    /// How often it was tried.
    attempts: i32,
    /// When it is tried next; absent when it is not.
    #[oai(skip_serializing_if_is_none)]
    next_at: Option<Time>,
    /// When it was tried last.
    #[oai(skip_serializing_if_is_none)]
    last_at: Option<Time>,
    /// The HTTP status of the last answer.
    #[oai(skip_serializing_if_is_none)]
    last_status: Option<i32>,
    /// What stood in the way.
    #[oai(skip_serializing_if_is_none)]
    last_problem: Option<WebhookProblem>,
}

impl From<Sent> for WebhookDeliveryOut {
    fn from((row, event): Sent) -> Self {
        Self {
            id: row.id,
            event: event.id,
            event_type: event.kind,
            happened_at: event.created_at,
            state: row.state,
            attempts: row.attempts,
            next_at: (row.state == WebhookDeliveryState::Waiting).then_some(row.next_at),
            last_at: row.last_at,
            last_status: row.last_status,
            last_problem: row.last_problem,
        }
    }
}

/// What is to be sent again.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookReplayIn {
    /// From this time on.
    pub since: Time,
    /// Also what arrived.
    #[serde(default)]
    #[oai(default)]
    pub delivered: bool,
}

/// What is sent again.
#[derive(Object)]
pub struct WebhookReplayOut {
    /// So many events.
    pub events: u64,
}
