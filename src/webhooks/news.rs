//! Which news is told: the jobs of rooms below become events, once each.

use super::{LOOK, rules::KEPT};
use crate::{
    feedback::overdue,
    platform::{
        Platform, Result, Tx,
        http::Cursor,
        jobs::{Fault, Next},
    },
};
use chrono::Duration;
use entity::{
    OpportunityId, OrganisationId, ReleaseId, ReportId, WebhookDeliveryId, WebhookDeliveryState, WebhookEventId,
    WebhookEventKind, WebhookState, organisation, report, report_release, webhook, webhook_delivery, webhook_event,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, TryInsertResult, sea_query::OnConflict};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A promise is told of as late within so many days: a webhook that is made today does not hear of every old one.
const FRESH_DAYS: i64 = 7;

/// Something to tell.
pub(super) struct News {
    pub organisation: OrganisationId,
    pub kind: WebhookEventKind,
    /// Ids.
    pub about: Value,
    /// News of one name is told once.
    pub once: String,
}

#[derive(Deserialize)]
struct OfOpportunity {
    organisation: OrganisationId,
    opportunity: OpportunityId,
}

#[derive(Deserialize)]
struct OfRelease {
    organisation: OrganisationId,
    report: ReportId,
    release: ReleaseId,
}

fn read<T: DeserializeOwned>(payload: &Value) -> Result<T, Fault> {
    T::deserialize(payload).map_err(|_| Fault::GiveUp("a payload of another form".into()))
}

/// An opportunity has opened.
pub async fn opened(platform: &Platform, payload: &Value) -> Result<(), Fault> {
    of_opportunity(platform, payload, WebhookEventKind::OpportunityOpened).await
}

/// An opportunity has closed.
pub async fn closed(platform: &Platform, payload: &Value) -> Result<(), Fault> {
    of_opportunity(platform, payload, WebhookEventKind::OpportunityClosed).await
}

async fn of_opportunity(platform: &Platform, payload: &Value, kind: WebhookEventKind) -> Result<(), Fault> {
    let OfOpportunity { organisation, opportunity } = read(payload)?;
    let about = json!({"organisation": organisation, "opportunity": opportunity});
    Ok(tell(platform, News { organisation, kind, about, once: format!("{kind} {opportunity}") }).await?)
}

/// A version of a report was published.
pub async fn published(platform: &Platform, payload: &Value) -> Result<(), Fault> {
    let OfRelease { organisation, report, release } = read(payload)?;
    let db = platform.db.read();
    let found = report::Entity::find_by_id((organisation, report)).one(db).await?;
    let edition = report_release::Entity::find_by_id((organisation, release)).one(db).await?;
    let (Some(found), Some(edition)) = (found, edition) else { return Ok(()) };
    let kind = WebhookEventKind::ReportPublished;
    let about = json!({
        "organisation": organisation, "opportunity": found.opportunity_id, "report": report, "version": edition.n,
    });
    Ok(tell(platform, News { organisation, kind, about, once: format!("{kind} {release}") }).await?)
}

/// Tells every webhook of the organisation that wants to hear of it.
async fn tell(platform: &Platform, news: News) -> Result<()> {
    let hooks = webhook::Entity::find().filter(webhook::Column::OrganisationId.eq(news.organisation));
    let mut hooks = hooks.all(platform.db.read()).await?;
    hooks.retain(|hook| hook.events.0.contains(&news.kind));
    if hooks.is_empty() {
        return Ok(());
    }
    let tx = platform.db.begin().await?;
    if let Some(event) = write(&tx, platform, &news).await? {
        for hook in &hooks {
            address(&tx, platform, hook, event).await?;
        }
    }
    tx.commit().await?;
    platform.wake.notify_waiters();
    Ok(())
}

/// Keeps an event; none if it was told before.
pub(super) async fn write(tx: &Tx, platform: &Platform, news: &News) -> Result<Option<WebhookEventId>> {
    let id = platform.clock.new_id();
    let row = webhook_event::ActiveModel {
        organisation_id: Set(news.organisation),
        id: Set(id),
        kind: Set(news.kind),
        about: Set(news.about.clone()),
        once: Set(news.once.clone()),
        created_at: Set(platform.clock.now()),
    };
    let names = [webhook_event::Column::OrganisationId, webhook_event::Column::Once];
    let inserted = webhook_event::Entity::insert(row)
        .on_conflict(OnConflict::columns(names).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx)
        .await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(rows) if rows > 0).then_some(id))
}

/// Puts an event on its way to a webhook. For one that is switched off it is kept as missed.
pub(super) async fn address(
    tx: &Tx,
    platform: &Platform,
    hook: &webhook::Model,
    event: WebhookEventId,
) -> Result<WebhookDeliveryId> {
    let (id, now) = (platform.clock.new_id(), platform.clock.now());
    let off = hook.state == WebhookState::Off;
    let row = webhook_delivery::ActiveModel {
        organisation_id: Set(hook.organisation_id),
        id: Set(id),
        webhook_id: Set(hook.id),
        event_id: Set(event),
        state: Set(if off { WebhookDeliveryState::Missed } else { WebhookDeliveryState::Waiting }),
        attempts: Set(0),
        next_at: Set(now),
        last_at: Set(None),
        last_status: Set(None),
        last_problem: Set(None),
        created_at: Set(now),
    };
    webhook_delivery::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(id)
}

/// Tells of promises that have become late, and forgets old events; comes again every hour.
pub async fn look(platform: Platform) -> Result<Next, Fault> {
    let now = platform.clock.now();
    let hooks = webhook::Entity::find().all(platform.db.read()).await?;
    let wants = |hook: &&webhook::Model| hook.events.0.contains(&WebhookEventKind::FeedbackOverdue);
    let organisations: BTreeSet<OrganisationId> = hooks.iter().filter(wants).map(|hook| hook.organisation_id).collect();
    for organisation in organisations {
        if let Err(error) = late(&platform, organisation).await {
            tracing::error!(%organisation, error = %error, job = LOOK, "late promises were not told of; this is tried again");
        }
    }
    webhook_event::Entity::delete_many()
        .filter(webhook_event::Column::CreatedAt.lt(now - KEPT))
        .exec(platform.db.write())
        .await?;
    Ok(Next::At(now + Duration::hours(1)))
}

async fn late(platform: &Platform, id: OrganisationId) -> Result<()> {
    let db = platform.db.read();
    let Some(organisation) = organisation::Entity::find_by_id(id).one(db).await? else { return Ok(()) };
    let kind = WebhookEventKind::FeedbackOverdue;
    let mut cursor = Cursor { after: None, limit: 500 };
    loop {
        let page = overdue::list(db, &organisation, platform.clock.now(), cursor).await?;
        for row in page.iter().filter(|row| row.days_late <= FRESH_DAYS) {
            let about = json!({"organisation": id, "opportunity": row.opportunity, "due": row.due});
            let once = format!("{kind} {} {}", row.opportunity, row.due);
            tell(platform, News { organisation: id, kind, about, once }).await?;
        }
        match page.last() {
            Some(last) if page.len() > 500 => cursor.after = Some(last.opportunity.0),
            _ => return Ok(()),
        }
    }
}
