//! Opening and closing: the gate before, the news after.

use super::{
    CLOSED, OPENED,
    rules::{closes_early, has_ended, today},
    ways::{self, Way, object},
    zone, zone_of,
};
use crate::{
    accounts::Actor,
    consent::notices,
    integrity::gates::{self, DecisionFact, NoticeFact, OpeningFacts, ProjectFact},
    platform::{
        Error, Platform, Result, Tx, Violation, audit,
        jobs::{Fault, NewJob, Next, enqueue},
        text::Check,
    },
    projects::work,
};
use chrono::Duration;
use entity::{
    DecisionId, DecisionScope, NoticeState, OpportunityId, OpportunityState, OrganisationId, Promised, PromisedDecision, Purpose,
    decision, notice, opportunity, organisation, project,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// So many opportunities are looked at in one go.
const PAGE: u64 = 1000;

/// What is missing before an opportunity may open.
pub async fn missing(platform: &Platform, organisation: OrganisationId, id: OpportunityId) -> Result<Vec<Violation>> {
    let connection = platform.db.read();
    let way = ways::get(connection, organisation, id).await?;
    Ok(gates::missing(&facts(connection, platform, way).await?))
}

/// Everything that decides whether it may open.
async fn facts(connection: &impl ConnectionTrait, platform: &Platform, way: Way) -> Result<OpeningFacts> {
    let (row, now) = (way.row, platform.clock.now());
    let organisation = row.organisation_id;
    let project = work::find(connection, organisation, row.project_id).await?;
    let decisions = decision::Entity::find()
        .filter(decision::Column::OrganisationId.eq(organisation))
        .filter(decision::Column::ProjectId.eq(project.id))
        .all(connection)
        .await?;
    let fact = |row: &decision::Model| DecisionFact { scope: row.scope, settled: row.settled_at.is_some() };
    let linked = decisions.iter().filter(|decision| way.decisions.contains(&decision.id)).map(fact).collect();
    let current = notices::current(connection, organisation, row.id.0).await?;
    let newest = current.as_ref().map(|notice| notice.n);
    let notice = match row.notice_id {
        Some(notice) => notice::Entity::find_by_id((organisation, notice)).one(connection).await?,
        // Nobody has named one: what was published for this opportunity counts.
        None => current,
    };
    let asks = |notice: &notice::Model, about| notice.content.purposes.iter().any(|purpose| purpose.purpose == about);
    let notice = notice.map(|notice| NoticeFact {
        published: notice.state == NoticeState::Published,
        of_this: notice.scope_id == row.id.0,
        // Of another opportunity, or not published at all: that is told by itself.
        newest: notice.scope_id != row.id.0 || newest.is_none_or(|newest| notice.n >= newest),
        participate: asks(&notice, Purpose::Participate),
        counted: asks(&notice, Purpose::PublishInAggregate),
    });
    let zone = zone(connection, organisation).await?;
    Ok(OpeningFacts {
        project: ProjectFact {
            kind: project.kind,
            purpose: project.purpose,
            intended_users: project.intended_users.0,
            promise: project.promise,
            claimed_rung: project.claimed_rung,
            decisions: decisions.iter().map(fact).collect(),
        },
        linked,
        kind: row.kind,
        rung: row.rung,
        summary: row.summary,
        open_to_influence: row.open_to_influence,
        not_open: row.not_open,
        who_decides: row.who_decides,
        how_chosen: row.how_chosen,
        minutes: row.minutes,
        payment: row.payment,
        places: row.places,
        content_note: row.content_note,
        support_contact: row.support_contact,
        notice,
        questionnaire: row.questionnaire_id.is_some(),
        opens_on: row.opens_on,
        closes_on: row.closes_on,
        starts_at: row.starts_at,
        starts_on: row.starts_at.map(|starts| today(starts, zone)),
        feedback_due: row.feedback_due,
        today: today(now, zone),
        now,
    })
}

/// Opens a draft, if nothing is missing.
pub async fn open(tx: &Tx, platform: &Platform, actor: &Actor, id: OpportunityId) -> Result<Way> {
    let held = ways::hold(tx, actor.organisation, id).await?;
    if held.state != OpportunityState::Draft {
        return Err(Error::conflict("not_draft", "This has been opened before. It cannot be opened again."));
    }
    // Held, so that what is copied below is what stands when this commits.
    let project = work::hold(tx, actor.organisation, held.project_id).await?;
    let way = ways::get(tx, actor.organisation, id).await?;
    let items = gates::missing(&facts(tx, platform, way.clone()).await?);
    if !items.is_empty() {
        let detail = "Something is missing before this can open. Each part of it is named.".into();
        return Err(Error::Conflict { code: "gate", detail, items });
    }
    let promised = promised(tx, project, &way.decisions).await?;
    let version = held.version + 1;
    let notice = match held.notice_id {
        Some(notice) => Some(notice),
        None => notices::current(tx, actor.organisation, id.0).await?.map(|notice| notice.id),
    };
    let mut row = held.into_active_model();
    row.notice_id = Set(notice);
    row.promised = Set(Some(promised));
    row.state = Set(OpportunityState::Open);
    row.opened_at = Set(Some(platform.clock.now()));
    row.version = Set(version);
    let row = row.update(tx).await?;
    enqueue(tx, &platform.clock, NewJob::now(OPENED, actor.organisation, news(&row))).await?;
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "open_opportunity", &object(id)).await?;
    Ok(Way { row, ..way })
}

/// What people are promised from this day on: the project's words, the decisions that are fed (all that are open where none is
/// named), and everything that is reserved.
async fn promised(tx: &Tx, project: project::Model, fed: &[DecisionId]) -> Result<Promised> {
    let decisions = decision::Entity::find()
        .filter(decision::Column::OrganisationId.eq(project.organisation_id))
        .filter(decision::Column::ProjectId.eq(project.id))
        .order_by_asc(decision::Column::Id)
        .all(tx)
        .await?;
    let told = |row: &decision::Model| row.scope == DecisionScope::Reserved || fed.is_empty() || fed.contains(&row.id);
    let decisions = decisions.into_iter().filter(told).map(|row| PromisedDecision {
        decision: row.id,
        title: row.title,
        scope: row.scope,
        reserved_reason: row.reserved_reason,
        owner: row.owner,
    });
    Ok(Promised {
        promise: project.promise.unwrap_or_default(),
        purpose: project.purpose,
        claimed_rung: project.claimed_rung.ok_or_else(|| Error::bug("the gate lets nothing open without a claimed rung"))?,
        decisions: decisions.collect(),
    })
}

/// What a job about an opportunity carries.
fn news(row: &opportunity::Model) -> serde_json::Value {
    json!({"organisation": row.organisation_id, "opportunity": row.id})
}

/// Closes an open opportunity. Before its closing day is over this needs a reason, which everybody can read.
pub async fn close(tx: &Tx, platform: &Platform, actor: &Actor, id: OpportunityId, reason: Option<String>) -> Result<Way> {
    let held = ways::hold(tx, actor.organisation, id).await?;
    match held.state {
        OpportunityState::Open => {}
        OpportunityState::Draft => return Err(Error::conflict("draft", "This has not been opened yet.")),
        OpportunityState::Closed => return Err(Error::conflict("closed", "This has been closed already.")),
    }
    let reason = reason.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let early = closes_early(&held, platform.clock.now(), zone(tx, actor.organisation).await?);
    let mut check = Check::new();
    check.length("/reason", reason.as_deref().unwrap_or_default(), 2000);
    let detail = "People were told that they can answer until the closing day. Say why it closes before. Everybody can read it.";
    check.that(!early || reason.is_some(), "/reason", "required", detail);
    check.done()?;
    shut(tx, platform, held, &actor.by, reason.filter(|_| early)).await?;
    ways::get(tx, actor.organisation, id).await
}

/// Closes what is open and held, whatever the day; `early` says why, if people were told that they have time until later.
pub async fn shut(tx: &Tx, platform: &Platform, held: opportunity::Model, by: &str, early: Option<String>) -> Result<()> {
    let version = held.version + 1;
    let mut row = held.into_active_model();
    row.state = Set(OpportunityState::Closed);
    row.closed_at = Set(Some(platform.clock.now()));
    row.closed_early_reason = Set(early);
    row.version = Set(version);
    let row = row.update(tx).await?;
    enqueue(tx, &platform.clock, NewJob::now(CLOSED, row.organisation_id, news(&row))).await?;
    audit::record(tx, &platform.clock, row.organisation_id, by, "close_opportunity", &object(row.id)).await
}

/// Closes everything whose closing day has passed where its organisation is; comes again every hour.
pub async fn close_due(platform: Platform) -> Result<Next, Fault> {
    let now = platform.clock.now();
    // Nowhere is the day further ahead than 14 hours.
    let latest = (now + Duration::hours(14)).date_naive();
    let mut after = None;
    loop {
        let mut query = opportunity::Entity::find()
            .filter(opportunity::Column::State.eq(OpportunityState::Open))
            .filter(opportunity::Column::ClosesOn.lt(latest));
        if let Some(after) = after {
            query = query.filter(opportunity::Column::Id.gt(after));
        }
        let page = query.order_by_asc(opportunity::Column::Id).limit(PAGE).all(platform.db.read()).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        let zones = zones(&platform, &page).await?;
        for row in page {
            if zones.get(&row.organisation_id).is_some_and(|zone| has_ended(&row, now, *zone)) {
                // What stands in the way of one must not keep the others open; in an hour it is tried again.
                if let Err(error) = close_one(&platform, &row, zones[&row.organisation_id]).await {
                    tracing::error!(opportunity = %row.id, error = %error, "an opportunity could not be closed");
                }
            }
        }
    }
    Ok(Next::At(now + Duration::hours(1)))
}

async fn zones(platform: &Platform, page: &[opportunity::Model]) -> Result<HashMap<OrganisationId, chrono_tz::Tz>> {
    let ids: HashSet<OrganisationId> = page.iter().map(|row| row.organisation_id).collect();
    let found = organisation::Entity::find().filter(organisation::Column::Id.is_in(ids)).all(platform.db.read()).await?;
    Ok(found.into_iter().map(|organisation| (organisation.id, zone_of(&organisation))).collect())
}

async fn close_one(platform: &Platform, seen: &opportunity::Model, zone: chrono_tz::Tz) -> Result<()> {
    let tx = platform.db.begin().await?;
    let held = ways::hold(&tx, seen.organisation_id, seen.id).await?;
    // Somebody may have closed it, or moved the day, since it was seen.
    if held.state == OpportunityState::Open && has_ended(&held, platform.clock.now(), zone) {
        shut(&tx, platform, held, "system", None).await?;
        tx.commit().await?;
    }
    Ok(())
}
