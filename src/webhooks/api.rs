//! Endpoints for webhooks. No answer holds what was sent, nor what a receiver said.

pub mod shapes;

use super::{hooks, replay};
use crate::{
    accounts::access::{self, Power},
    platform::{
        Platform, Result,
        http::{Accepted, Body, Caller, Chapter, Created, Cursor, Done, Fine, NoContent, Once, Page},
    },
};
use entity::{OrganisationId, WebhookDeliveryId, WebhookDeliveryState, WebhookId};
use poem_openapi::{
    OpenApi,
    param::{Header, Path, Query},
};
pub use shapes::{WebhookDeliveryOut, WebhookIn, WebhookOut, WebhookReplayIn, WebhookReplayOut};

/// Webhooks.
pub struct Api(pub Platform);

#[OpenApi(tag = "Chapter::Webhooks")]
impl Api {
    /// List webhooks
    ///
    /// Each with its state. One at which nothing has arrived for five days is switched off, and one that answers 410 at once.
    #[oai(path = "/organisations/:organisation/webhooks", method = "get", operation_id = "listWebhooks")]
    async fn list(&self, caller: Caller, organisation: Path<OrganisationId>) -> Result<Fine<Vec<WebhookOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let all = hooks::list(self.0.db.read(), actor.organisation).await?;
        Ok(Fine::new(&all.into_iter().map(|row| WebhookOut::of(row, None)).collect::<Vec<_>>()))
    }

    /// Make a webhook
    ///
    /// News is then sent there as Standard Webhooks describe it: a POST with `webhook-id`, `webhook-timestamp` and
    /// `webhook-signature`. The secret is only in this answer.
    #[oai(path = "/organisations/:organisation/webhooks", method = "post", operation_id = "createWebhook")]
    async fn create(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<WebhookIn>,
    ) -> Result<Created<WebhookOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let given = body.read()?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let (made, secret) = hooks::register(once.tx(), &self.0, &actor, given.into()).await?;
        let (at, version) = (format!("/api/organisations/{}/webhooks/{}", actor.organisation, made.id), made.version);
        once.commit_secret(Created::new(&WebhookOut::of(made, Some(secret))).at(at).version(version)).await
    }

    /// Read a webhook
    ///
    /// Without its secret.
    #[oai(path = "/organisations/:organisation/webhooks/:webhook", method = "get", operation_id = "getWebhook")]
    async fn get(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        webhook: Path<WebhookId>,
    ) -> Result<Fine<WebhookOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let found = hooks::get(self.0.db.read(), actor.organisation, webhook.0).await?;
        let version = found.version;
        Ok(Fine::new(&WebhookOut::of(found, None)).version(version))
    }

    /// Change a webhook
    ///
    /// What is on its way goes to the new address.
    #[oai(path = "/organisations/:organisation/webhooks/:webhook", method = "put", operation_id = "changeWebhook")]
    async fn change(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        webhook: Path<WebhookId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<WebhookIn>,
    ) -> Result<Fine<WebhookOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let changed = hooks::change(&self.0, &actor, webhook.0, if_match.0.as_deref(), body.take()?.into()).await?;
        let version = changed.version;
        Ok(Fine::new(&WebhookOut::of(changed, None)).version(version))
    }

    /// Remove a webhook
    ///
    /// With everything that was on its way to it.
    #[oai(path = "/organisations/:organisation/webhooks/:webhook", method = "delete", operation_id = "removeWebhook")]
    async fn remove(&self, caller: Caller, organisation: Path<OrganisationId>, webhook: Path<WebhookId>) -> Done {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        hooks::remove(&self.0, &actor, webhook.0).await?;
        Ok(NoContent)
    }

    /// Change the secret of a webhook
    ///
    /// The new one is only in this answer. The old one signs along for 24 hours, so that you can change it on your side in
    /// between.
    #[oai(path = "/organisations/:organisation/webhooks/:webhook/secret", method = "post", operation_id = "rotateWebhookSecret")]
    async fn rotate(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        webhook: Path<WebhookId>,
    ) -> Result<Fine<WebhookOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let tx = self.0.db.begin().await?;
        let (changed, secret) = hooks::rotate(&tx, &self.0, &actor, webhook.0).await?;
        tx.commit().await.map_err(crate::platform::Error::from)?;
        let version = changed.version;
        Ok(Fine::new(&WebhookOut::of(changed, Some(secret))).version(version))
    }

    /// Pause a webhook
    ///
    /// News waits until it goes on, for 30 days at most.
    #[oai(path = "/organisations/:organisation/webhooks/:webhook/pause", method = "post", operation_id = "pauseWebhook")]
    async fn pause(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        webhook: Path<WebhookId>,
    ) -> Result<Fine<WebhookOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let changed = hooks::pause(&self.0, &actor, webhook.0).await?;
        let version = changed.version;
        Ok(Fine::new(&WebhookOut::of(changed, None)).version(version))
    }

    /// Let a webhook go on
    ///
    /// One that was paused or switched off. What was missed while it was off is sent by a replay.
    #[oai(path = "/organisations/:organisation/webhooks/:webhook/resume", method = "post", operation_id = "resumeWebhook")]
    async fn resume(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        webhook: Path<WebhookId>,
    ) -> Result<Fine<WebhookOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let changed = hooks::resume(&self.0, &actor, webhook.0).await?;
        let version = changed.version;
        Ok(Fine::new(&WebhookOut::of(changed, None)).version(version))
    }

    /// Send a test event
    ///
    /// Of the kind `webhook.test`. The answer is the delivery; read it again to see what came of it.
    #[oai(path = "/organisations/:organisation/webhooks/:webhook/test", method = "post", operation_id = "testWebhook")]
    async fn test(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        webhook: Path<WebhookId>,
    ) -> Result<Accepted<WebhookDeliveryOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let tx = self.0.db.begin().await?;
        let sent = replay::test(&tx, &self.0, &actor, webhook.0).await?;
        tx.commit().await.map_err(crate::platform::Error::from)?;
        self.0.wake.notify_waiters();
        Ok(Accepted::new(&sent.into()))
    }

    /// Send again what did not arrive
    ///
    /// Everything that happened since a time, after an outage on your side. The header `webhook-id` is the same as before.
    #[oai(path = "/organisations/:organisation/webhooks/:webhook/replay", method = "post", operation_id = "replayWebhook")]
    async fn replay(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        webhook: Path<WebhookId>,
        body: Body<WebhookReplayIn>,
    ) -> Result<Accepted<WebhookReplayOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let given = body.take()?;
        let tx = self.0.db.begin().await?;
        let events = replay::since(&tx, &self.0, &actor, webhook.0, given.since, given.delivered).await?;
        tx.commit().await.map_err(crate::platform::Error::from)?;
        self.0.wake.notify_waiters();
        Ok(Accepted::new(&WebhookReplayOut { events }))
    }

    /// List deliveries
    ///
    /// Those of the last 30 days, oldest first: what kind of news, how often it was tried, what came of it.
    #[oai(
        path = "/organisations/:organisation/webhooks/:webhook/deliveries",
        method = "get",
        operation_id = "listWebhookDeliveries"
    )]
    async fn deliveries(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        webhook: Path<WebhookId>,
        /// Deliveries in this state alone.
        state: Query<Option<WebhookDeliveryState>>,
        /// Deliveries in one answer, 500 at most.
        limit: Query<Option<u64>>,
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<WebhookDeliveryOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = replay::list(self.0.db.read(), actor.organisation, webhook.0, state.0, cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.0.id.0, WebhookDeliveryOut::from)))
    }

    /// Read a delivery
    ///
    /// What kind of news, how often it was tried, what came of it.
    #[oai(
        path = "/organisations/:organisation/webhooks/:webhook/deliveries/:delivery",
        method = "get",
        operation_id = "getWebhookDelivery"
    )]
    async fn delivery(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        webhook: Path<WebhookId>,
        delivery: Path<WebhookDeliveryId>,
    ) -> Result<Fine<WebhookDeliveryOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let found = replay::get(self.0.db.read(), actor.organisation, webhook.0, delivery.0).await?;
        Ok(Fine::new(&found.into()))
    }

    /// Send one event again
    ///
    /// Whatever came of it before. The header `webhook-id` is the same as before.
    #[oai(
        path = "/organisations/:organisation/webhooks/:webhook/deliveries/:delivery/resend",
        method = "post",
        operation_id = "resendWebhookDelivery"
    )]
    async fn again(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        webhook: Path<WebhookId>,
        delivery: Path<WebhookDeliveryId>,
    ) -> Result<Accepted<WebhookDeliveryOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::Administer).await?;
        let tx = self.0.db.begin().await?;
        let sent = replay::again(&tx, &self.0, &actor, webhook.0, delivery.0).await?;
        tx.commit().await.map_err(crate::platform::Error::from)?;
        self.0.wake.notify_waiters();
        Ok(Accepted::new(&sent.into()))
    }
}
