//! The delivery: a worker takes a webhook for itself and sends what is due there, one event after another. So a receiver
//! has one request at a time, two workers send nothing twice, and one who answers slowly keeps nobody else waiting.
//!
//! Each webhook's round is a task of its own. If one task held several, a round that is in the middle of a transaction would
//! stand still while that task waits for the same connection, and everybody who writes would wait with them.

use super::{
    object,
    rules::{self, FAILING},
    send::{Outcome, Resolve, Sender, Signed, System},
};
use crate::platform::{Config, Error, Platform, Result, audit, tasks::Tasks};
use chrono::Duration;
use entity::{
    Time, WebhookDeliveryState, WebhookOffReason, WebhookProblem, WebhookState, webhook, webhook_delivery, webhook_event,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, LockBehavior, LockType},
};
use std::sync::Arc;
use tokio::task::{JoinError, JoinSet};

/// So many webhooks are told at the same time.
const WIDTH: usize = 32;
/// So many events follow one another before another webhook has its turn.
const ROUND: usize = 10;
/// How long a worker may keep a webhook for itself. A round is over long before.
const LEASE: Duration = Duration::minutes(15);
/// A worker that found nothing looks again after so long by itself.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_millis(500);

/// Sends what is due.
#[derive(Clone)]
pub struct Courier {
    sender: Arc<Sender>,
    tasks: Tasks,
}

impl Courier {
    /// With the system's resolver.
    pub fn new(config: &Config) -> Self {
        Self::with(config, Arc::new(System))
    }

    /// With a resolver of one's own.
    pub fn with(config: &Config, resolver: Arc<dyn Resolve>) -> Self {
        let limit = std::time::Duration::from_secs(config.webhook_seconds);
        let sender = Arc::new(Sender::new(resolver, config.webhook_allow.clone(), limit));
        Self { sender, tasks: Tasks::default() }
    }

    /// The same; once these tasks are asked to end it begins nothing more.
    pub fn until(self, tasks: &Tasks) -> Self {
        Self { tasks: tasks.clone(), ..self }
    }

    /// Gives every webhook with something due one round, and answers how many events were sent.
    pub async fn run_due(&self, platform: &Platform) -> Result<usize> {
        let (mut rounds, mut sent) = (JoinSet::new(), Ok(0));
        self.begin(&mut rounds, platform, lease(platform, WIDTH).await?);
        while let Some(done) = rounds.join_next().await {
            sent = sent.and_then(|sent| Ok(sent + ended(done)?));
        }
        sent
    }

    /// Goes on until the tasks are asked to end. Each webhook's round ends by itself; the others do not wait for it.
    pub async fn work(&self, platform: &Platform) {
        let mut rounds = JoinSet::new();
        while !self.tasks.is_stopping() {
            match lease(platform, WIDTH - rounds.len()).await {
                Ok(hooks) => self.begin(&mut rounds, platform, hooks),
                Err(error) => tracing::error!(error = %error, "webhooks could not be looked for; this is tried again"),
            }
            tokio::select! {
                () = self.tasks.stopping() => break,
                Some(done) = rounds.join_next() => told(done),
                () = platform.wake.notified() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
        while let Some(done) = rounds.join_next().await {
            told(done);
        }
    }

    /// Begins the rounds of these webhooks.
    fn begin(&self, rounds: &mut JoinSet<Result<usize>>, platform: &Platform, hooks: Vec<webhook::Model>) {
        for hook in hooks {
            let (courier, platform) = (self.clone(), platform.clone());
            rounds.spawn(async move { courier.round(&platform, hook).await });
        }
    }

    /// Sends what is due at one webhook.
    async fn round(&self, platform: &Platform, leased: webhook::Model) -> Result<usize> {
        let mut sent = 0;
        while sent < ROUND && !(sent > 0 && self.tasks.is_stopping()) {
            // It may have been changed, paused or removed since the last event.
            let Some(hook) = still_ours(platform, &leased).await? else { return Ok(sent) };
            let Some((delivery, event)) = next_due(platform, &hook).await? else { break };
            let outcome = self.sender.send(&hook.url, &sign(platform, &hook, &event)).await;
            keep(platform, &leased, delivery, outcome).await?;
            sent += 1;
            if let Outcome::Problem(_) = outcome {
                break;
            }
        }
        webhook::Entity::update_many()
            .col_expr(webhook::Column::LeaseUntil, Expr::value(Option::<Time>::None))
            .filter(ours(&leased))
            .exec(platform.db.write())
            .await?;
        Ok(sent)
    }
}

/// What came of a round. A panic concerns this round alone.
fn ended(done: Result<Result<usize>, JoinError>) -> Result<usize> {
    done.unwrap_or_else(|_| Err(Error::bug("a webhook's round panicked")))
}

fn told(done: Result<Result<usize>, JoinError>) {
    if let Err(error) = ended(done) {
        tracing::error!(error = %error, "a webhook's round broke off; what was not noted is sent again");
    }
}

/// Takes webhooks at which something is due, those first that had the fewest turns.
async fn lease(platform: &Platform, most: usize) -> Result<Vec<webhook::Model>> {
    if most == 0 {
        return Ok(Vec::new());
    }
    let now = platform.clock.now();
    let due = webhook_delivery::Entity::find()
        .select_only()
        .column(webhook_delivery::Column::WebhookId)
        .filter(webhook_delivery::Column::State.eq(WebhookDeliveryState::Waiting))
        .filter(webhook_delivery::Column::NextAt.lte(now))
        .into_query();
    let free = webhook::Column::LeaseUntil.is_null().or(webhook::Column::LeaseUntil.lt(now));
    let mut next = webhook::Entity::find()
        .select_only()
        .column(webhook::Column::Id)
        .filter(webhook::Column::State.eq(WebhookState::On))
        .filter(free)
        .filter(webhook::Column::Id.in_subquery(due))
        .order_by_asc(webhook::Column::LeaseToken)
        .limit(u64::try_from(most).unwrap_or(u64::MAX))
        .into_query();
    // Looking must not write: on SQLite there is one writer for everybody.
    let found = webhook::Entity::find().filter(webhook::Column::Id.in_subquery(next.clone())).one(platform.db.read()).await?;
    if found.is_none() {
        return Ok(Vec::new());
    }
    next.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let taken = webhook::Entity::update_many()
        .col_expr(webhook::Column::LeaseToken, Expr::col(webhook::Column::LeaseToken).add(1))
        .col_expr(webhook::Column::LeaseUntil, Expr::value(now + LEASE))
        .filter(webhook::Column::Id.in_subquery(next))
        .exec_with_returning(platform.db.write())
        .await?;
    Ok(taken)
}

fn ours(leased: &webhook::Model) -> Condition {
    Condition::all()
        .add(webhook::Column::OrganisationId.eq(leased.organisation_id))
        .add(webhook::Column::Id.eq(leased.id))
        .add(webhook::Column::LeaseToken.eq(leased.lease_token))
}

async fn still_ours(platform: &Platform, leased: &webhook::Model) -> Result<Option<webhook::Model>> {
    Ok(webhook::Entity::find().filter(ours(leased)).one(platform.db.read()).await?)
}

async fn next_due(platform: &Platform, hook: &webhook::Model) -> Result<Option<(webhook_delivery::Model, webhook_event::Model)>> {
    if hook.state != WebhookState::On {
        return Ok(None);
    }
    let delivery = webhook_delivery::Entity::find()
        .filter(webhook_delivery::Column::OrganisationId.eq(hook.organisation_id))
        .filter(webhook_delivery::Column::WebhookId.eq(hook.id))
        .filter(webhook_delivery::Column::State.eq(WebhookDeliveryState::Waiting))
        .filter(webhook_delivery::Column::NextAt.lte(platform.clock.now()))
        .order_by_asc(webhook_delivery::Column::NextAt)
        .order_by_asc(webhook_delivery::Column::Id)
        .one(platform.db.read())
        .await?;
    let Some(delivery) = delivery else { return Ok(None) };
    let event = webhook_event::Entity::find_by_id((hook.organisation_id, delivery.event_id)).one(platform.db.read()).await?;
    Ok(event.map(|event| (delivery, event)))
}

/// An event as it is sent: the same id and text at each try, so that the receiver knows a repetition.
fn sign(platform: &Platform, hook: &webhook::Model, event: &webhook_event::Model) -> Signed {
    let now = platform.clock.now();
    let mut secrets = vec![platform.secret.key("webhook", hook.id.0, hook.secret_n)];
    if hook.old_secret_until.is_some_and(|until| until > now) {
        secrets.push(platform.secret.key("webhook", hook.id.0, hook.secret_n - 1));
    }
    let id = format!("msg_{}", event.id.0.simple());
    let body = rules::body(event.kind, event.created_at, &event.about);
    let timestamp = now.timestamp();
    Signed { signature: rules::signatures(&secrets, &id, timestamp, &body), id, timestamp, body }
}

/// Keeps what came of a try, unless the webhook was removed or taken over meanwhile.
async fn keep(platform: &Platform, leased: &webhook::Model, seen: webhook_delivery::Model, outcome: Outcome) -> Result<()> {
    let now = platform.clock.now();
    let tx = platform.db.begin().await?;
    let Some(hook) = webhook::Entity::find().filter(ours(leased)).lock_exclusive().one(&tx).await? else { return Ok(()) };
    let (status, wait, problem) = match outcome {
        Outcome::Answered { status, wait } => {
            (Some(i32::from(status)), wait, (!(200..300).contains(&status)).then_some(WebhookProblem::Status))
        }
        Outcome::Problem(problem) => (None, None, Some(problem)),
    };
    let (attempts, failing) = (seen.attempts + 1, hook.failing_since.unwrap_or(now));
    let off = match (status, problem) {
        (_, None) => None,
        (Some(410), _) => Some(WebhookOffReason::Gone),
        _ => (now - failing >= FAILING).then_some(WebhookOffReason::Failing),
    };
    let next = if off.is_some() { None } else { rules::wait(attempts, seen.id.0.as_bytes()[15], wait) };
    let state = match (problem, next) {
        (None, _) => WebhookDeliveryState::Delivered,
        (Some(_), Some(_)) => WebhookDeliveryState::Waiting,
        (Some(_), None) => WebhookDeliveryState::Failed,
    };
    let next_at = next.map_or(seen.next_at, |wait| now + wait);
    let mut row = seen.into_active_model();
    row.state = Set(state);
    row.attempts = Set(attempts);
    row.next_at = Set(next_at);
    row.last_at = Set(Some(now));
    row.last_status = Set(status);
    row.last_problem = Set(problem);
    row.update(&tx).await?;
    let (version, organisation, id) = (hook.version, hook.organisation_id, hook.id);
    let mut row = hook.into_active_model();
    row.failing_since = Set(problem.map(|_| failing));
    if let Some(reason) = off {
        row.state = Set(WebhookState::Off);
        row.off_reason = Set(Some(reason));
        row.version = Set(version + 1);
        miss(&tx, leased).await?;
    }
    row.update(&tx).await?;
    if off.is_some() {
        tracing::warn!(webhook = %id, "a webhook was switched off, because nothing arrives there any more");
        audit::record(&tx, &platform.clock, organisation, "system", "switch_off_webhook", &object(id)).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// What waits for a webhook that is switched off is missed; it can be sent again.
async fn miss(tx: &crate::platform::Tx, hook: &webhook::Model) -> Result<()> {
    webhook_delivery::Entity::update_many()
        .col_expr(webhook_delivery::Column::State, Expr::value(WebhookDeliveryState::Missed.word()))
        .filter(webhook_delivery::Column::OrganisationId.eq(hook.organisation_id))
        .filter(webhook_delivery::Column::WebhookId.eq(hook.id))
        .filter(webhook_delivery::Column::State.eq(WebhookDeliveryState::Waiting))
        .exec(tx)
        .await?;
    Ok(())
}

/// Deliveries by state and webhooks that were switched off, for the operator's collector.
pub async fn metrics(platform: &Platform) -> Result<String> {
    let mut text = String::from(
        "# HELP alongside_webhook_deliveries Events on their way to webhooks, by state; those of the last 30 days.\n\
         # TYPE alongside_webhook_deliveries gauge\n",
    );
    let counts: Vec<(WebhookDeliveryState, i64)> = webhook_delivery::Entity::find()
        .select_only()
        .column(webhook_delivery::Column::State)
        .column_as(webhook_delivery::Column::Id.count(), "count")
        .group_by(webhook_delivery::Column::State)
        .into_tuple()
        .all(platform.db.read())
        .await?;
    for state in WebhookDeliveryState::ALL {
        let count = counts.iter().find(|(found, _)| found == state).map_or(0, |(_, count)| *count);
        text.push_str(&format!("alongside_webhook_deliveries{{state=\"{state}\"}} {count}\n"));
    }
    Ok(text)
}
