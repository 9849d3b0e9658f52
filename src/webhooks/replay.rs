//! What was sent to a webhook, and sending it again.

use super::{
    hooks::{self, note},
    news::{self, News},
    rules::KEPT,
};
use crate::{
    accounts::Actor,
    platform::{Error, Platform, Result, Tx, http::Cursor, text::Check},
};
use entity::{
    OrganisationId, Time, WebhookDeliveryId, WebhookDeliveryState, WebhookEventId, WebhookEventKind, WebhookId, WebhookState,
    webhook, webhook_delivery, webhook_event,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A delivery with what it is about.
pub type Sent = (webhook_delivery::Model, webhook_event::Model);

/// Adds to deliveries what they are about.
async fn with_events(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    rows: Vec<webhook_delivery::Model>,
) -> Result<Vec<Sent>> {
    let ids: BTreeSet<WebhookEventId> = rows.iter().map(|row| row.event_id).collect();
    let events = webhook_event::Entity::find()
        .filter(webhook_event::Column::OrganisationId.eq(organisation))
        .filter(webhook_event::Column::Id.is_in(ids))
        .all(connection)
        .await?;
    let events: BTreeMap<_, _> = events.into_iter().map(|event| (event.id, event)).collect();
    // What was forgotten between the two questions takes its deliveries with it.
    Ok(rows.into_iter().filter_map(|row| events.get(&row.event_id).cloned().map(|event| (row, event))).collect())
}

/// What was sent, and is to be sent, to a webhook.
pub async fn list(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    id: WebhookId,
    state: Option<WebhookDeliveryState>,
    cursor: Cursor,
) -> Result<Vec<Sent>> {
    hooks::get(connection, organisation, id).await?;
    let mut query = webhook_delivery::Entity::find()
        .filter(webhook_delivery::Column::OrganisationId.eq(organisation))
        .filter(webhook_delivery::Column::WebhookId.eq(id))
        .order_by_asc(webhook_delivery::Column::Id)
        .limit(cursor.limit + 1);
    if let Some(state) = state {
        query = query.filter(webhook_delivery::Column::State.eq(state));
    }
    if let Some(after) = cursor.after {
        query = query.filter(webhook_delivery::Column::Id.gt(after));
    }
    let rows = query.all(connection).await?;
    with_events(connection, organisation, rows).await
}

/// One of them.
pub async fn get(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    hook: WebhookId,
    id: WebhookDeliveryId,
) -> Result<Sent> {
    let found = webhook_delivery::Entity::find_by_id((organisation, id))
        .filter(webhook_delivery::Column::WebhookId.eq(hook))
        .one(connection)
        .await?;
    let found = with_events(connection, organisation, found.into_iter().collect()).await?;
    found.into_iter().next().ok_or(Error::NotFound("delivery"))
}

/// Refuses where nothing would be sent.
async fn held(tx: &Tx, actor: &Actor, id: WebhookId) -> Result<webhook::Model> {
    let held = hooks::hold(tx, actor.organisation, id).await?;
    if held.state == WebhookState::Off {
        return Err(Error::conflict("webhook_off", "This webhook is switched off. Let it go on first."));
    }
    Ok(held)
}

/// Puts deliveries on their way again, from the first try on; answers how many.
async fn anew(tx: &Tx, platform: &Platform, hook: &webhook::Model, which: Condition) -> Result<u64> {
    let updated = webhook_delivery::Entity::update_many()
        .col_expr(webhook_delivery::Column::State, Expr::value(WebhookDeliveryState::Waiting.word()))
        .col_expr(webhook_delivery::Column::NextAt, Expr::value(platform.clock.now()))
        .col_expr(webhook_delivery::Column::Attempts, Expr::value(0))
        .filter(webhook_delivery::Column::OrganisationId.eq(hook.organisation_id))
        .filter(webhook_delivery::Column::WebhookId.eq(hook.id))
        .filter(which)
        .exec(tx)
        .await?;
    Ok(updated.rows_affected)
}

/// Sends one event again.
pub async fn again(tx: &Tx, platform: &Platform, actor: &Actor, hook: WebhookId, id: WebhookDeliveryId) -> Result<Sent> {
    let held = held(tx, actor, hook).await?;
    let one = Condition::all().add(webhook_delivery::Column::Id.eq(id));
    if anew(tx, platform, &held, one).await? == 0 {
        return Err(Error::NotFound("delivery"));
    }
    note(tx, platform, actor, "resend_webhook_delivery", hook).await?;
    get(tx, actor.organisation, hook, id).await
}

/// Sends again what happened since a time and did not arrive; what did arrive too, if asked for.
pub async fn since(tx: &Tx, platform: &Platform, actor: &Actor, hook: WebhookId, since: Time, delivered: bool) -> Result<u64> {
    let now = platform.clock.now();
    let mut check = Check::new();
    check.time("/since", since);
    check.that(since >= now - KEPT, "/since", "too_old", format!("Events are kept for {} days.", KEPT.num_days()));
    check.that(since <= now, "/since", "future", "Choose a time that has passed.");
    check.done()?;
    let held = held(tx, actor, hook).await?;
    let mut which = Condition::all().add(webhook_delivery::Column::CreatedAt.gte(since));
    if !delivered {
        which = which.add(webhook_delivery::Column::State.ne(WebhookDeliveryState::Delivered));
    }
    let count = anew(tx, platform, &held, which).await?;
    note(tx, platform, actor, "replay_webhook", hook).await?;
    Ok(count)
}

/// Sends a test event to one webhook.
pub async fn test(tx: &Tx, platform: &Platform, actor: &Actor, hook: WebhookId) -> Result<Sent> {
    let held = held(tx, actor, hook).await?;
    let kind = WebhookEventKind::Test;
    let about = json!({"organisation": actor.organisation, "webhook": hook});
    let once = format!("{kind} {}", platform.clock.new_id::<uuid::Uuid>());
    let event = news::write(tx, platform, &News { organisation: actor.organisation, kind, about, once }).await?;
    let event = event.ok_or_else(|| Error::bug("a test that was sent before"))?;
    let made = news::address(tx, platform, &held, event).await?;
    note(tx, platform, actor, "test_webhook", hook).await?;
    get(tx, actor.organisation, hook, made).await
}
