//! Webhooks themselves: made, changed, paused, removed by administrators.

use super::{
    object,
    rules::{self, MOST, OLD_SECRET},
};
use crate::{
    accounts::Actor,
    platform::{Error, Platform, Result, Tx, audit, http::etag, text::Check},
};
use entity::{OrganisationId, WebhookEventKind, WebhookEvents, WebhookId, WebhookState, webhook};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

/// What an administrator says about a webhook.
pub struct Facts {
    /// Where it is told.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// What it is told of.
    pub events: Vec<WebhookEventKind>,
}

impl Facts {
    fn checked(self, platform: &Platform) -> Result<Self> {
        let url = self.url.trim().to_owned();
        let mut check = Check::new();
        check.line("/url", &url, 500);
        check.line("/description", &self.description, 200);
        check.that(!self.events.is_empty(), "/events", "required", "Choose at least one kind of news.");
        check.items("/events", self.events.len(), WebhookEventKind::ALL.len());
        if !url.is_empty() {
            check.extend(rules::against(&url, &platform.config.webhook_allow));
        }
        check.done()?;
        let mut events = self.events;
        events.sort();
        events.dedup();
        Ok(Self { url, description: self.description.trim().to_owned(), events })
    }
}

/// The webhooks of an organisation.
pub async fn list(connection: &impl ConnectionTrait, organisation: OrganisationId) -> Result<Vec<webhook::Model>> {
    let all = webhook::Entity::find().filter(webhook::Column::OrganisationId.eq(organisation));
    Ok(all.order_by_asc(webhook::Column::Id).all(connection).await?)
}

/// One of them.
pub async fn get(connection: &impl ConnectionTrait, organisation: OrganisationId, id: WebhookId) -> Result<webhook::Model> {
    webhook::Entity::find_by_id((organisation, id)).one(connection).await?.ok_or(Error::NotFound("webhook"))
}

/// One of them, kept from others until the transaction ends.
pub(super) async fn hold(tx: &Tx, organisation: OrganisationId, id: WebhookId) -> Result<webhook::Model> {
    let found = webhook::Entity::find_by_id((organisation, id)).lock_exclusive().one(tx).await?;
    found.ok_or(Error::NotFound("webhook"))
}

/// The secret that signs, as it is shown.
fn secret(platform: &Platform, hook: &webhook::Model) -> String {
    rules::shown(platform.secret.key("webhook", hook.id.0, hook.secret_n))
}

/// Makes a webhook; answers with its secret.
pub async fn register(tx: &Tx, platform: &Platform, actor: &Actor, facts: Facts) -> Result<(webhook::Model, String)> {
    let facts = facts.checked(platform)?;
    let there = webhook::Entity::find().filter(webhook::Column::OrganisationId.eq(actor.organisation)).count(tx).await?;
    if there >= MOST {
        return Err(Error::conflict("too_many_webhooks", format!("An organisation can have {MOST} webhooks. Remove one first.")));
    }
    let row = webhook::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(platform.clock.new_id()),
        url: Set(facts.url),
        description: Set(facts.description),
        events: Set(WebhookEvents(facts.events)),
        state: Set(WebhookState::On),
        off_reason: Set(None),
        secret_n: Set(1),
        old_secret_until: Set(None),
        failing_since: Set(None),
        lease_token: Set(0),
        lease_until: Set(None),
        created_by: Set(actor.by.clone()),
        version: Set(1),
        created_at: Set(platform.clock.now()),
    };
    let made = row.insert(tx).await?;
    note(tx, platform, actor, "create_webhook", made.id).await?;
    let secret = secret(platform, &made);
    Ok((made, secret))
}

/// Changes a webhook.
pub async fn change(
    platform: &Platform,
    actor: &Actor,
    id: WebhookId,
    if_match: Option<&str>,
    facts: Facts,
) -> Result<webhook::Model> {
    let facts = facts.checked(platform)?;
    let tx = platform.db.begin().await?;
    let held = hold(&tx, actor.organisation, id).await?;
    etag::expect(if_match, held.version)?;
    let version = held.version + 1;
    let mut row = held.into_active_model();
    row.url = Set(facts.url);
    row.description = Set(facts.description);
    row.events = Set(WebhookEvents(facts.events));
    row.version = Set(version);
    let changed = row.update(&tx).await?;
    note(&tx, platform, actor, "change_webhook", id).await?;
    tx.commit().await?;
    Ok(changed)
}

/// Makes a new secret; the old one signs along for a while.
pub async fn rotate(tx: &Tx, platform: &Platform, actor: &Actor, id: WebhookId) -> Result<(webhook::Model, String)> {
    let held = hold(tx, actor.organisation, id).await?;
    let (n, version) = (held.secret_n + 1, held.version + 1);
    let mut row = held.into_active_model();
    row.secret_n = Set(n);
    row.old_secret_until = Set(Some(platform.clock.now() + OLD_SECRET));
    row.version = Set(version);
    let changed = row.update(tx).await?;
    note(tx, platform, actor, "rotate_webhook_secret", id).await?;
    let secret = secret(platform, &changed);
    Ok((changed, secret))
}

/// Lets news wait.
pub async fn pause(platform: &Platform, actor: &Actor, id: WebhookId) -> Result<webhook::Model> {
    set(platform, actor, id, WebhookState::Paused, "pause_webhook").await
}

/// Lets it be told again, whatever stopped it.
pub async fn resume(platform: &Platform, actor: &Actor, id: WebhookId) -> Result<webhook::Model> {
    set(platform, actor, id, WebhookState::On, "resume_webhook").await
}

async fn set(platform: &Platform, actor: &Actor, id: WebhookId, state: WebhookState, action: &str) -> Result<webhook::Model> {
    let tx = platform.db.begin().await?;
    let held = hold(&tx, actor.organisation, id).await?;
    if held.state == state {
        return Ok(held);
    }
    if held.state == WebhookState::Off && state == WebhookState::Paused {
        return Err(Error::conflict("webhook_off", "This webhook is switched off. Nothing is sent to it."));
    }
    let version = held.version + 1;
    let mut row = held.into_active_model();
    row.state = Set(state);
    if state == WebhookState::On {
        row.off_reason = Set(None);
        row.failing_since = Set(None);
    }
    row.version = Set(version);
    let changed = row.update(&tx).await?;
    note(&tx, platform, actor, action, id).await?;
    tx.commit().await?;
    platform.wake.notify_waiters();
    Ok(changed)
}

/// Removes a webhook with everything that was on its way to it.
pub async fn remove(platform: &Platform, actor: &Actor, id: WebhookId) -> Result<()> {
    let tx = platform.db.begin().await?;
    let held = hold(&tx, actor.organisation, id).await?;
    webhook::Entity::delete_by_id((held.organisation_id, held.id)).exec(&tx).await?;
    note(&tx, platform, actor, "remove_webhook", id).await?;
    tx.commit().await?;
    Ok(())
}

pub(super) async fn note(tx: &Tx, platform: &Platform, actor: &Actor, action: &str, id: WebhookId) -> Result<()> {
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, action, &object(id)).await
}
