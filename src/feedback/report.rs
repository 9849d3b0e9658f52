//! The draft of a report.

use super::{
    build::{self, Edition},
    gather,
};
use crate::{
    accounts::Actor,
    influence,
    platform::{Error, Platform, Result, Tx, audit, http::etag, text::Check},
};
use entity::{
    NextStep, NextSteps, OpportunityId, OpportunityState, OrganisationId, ReportDocument, ReportId, ReportState, report,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
};

/// What the coordinator writes; everything else comes from the record.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The whole in one minute.
    pub in_one_minute: String,
    /// The same in Easy Read.
    pub in_one_minute_easy_read: Option<String>,
    /// What was done to reach people.
    pub steps_taken: String,
    /// What we learned.
    pub learned: String,
    /// What happens next.
    pub next_steps: Vec<NextStep>,
}

impl Facts {
    /// Everything that is wrong, at once.
    pub fn check(&self) -> Result<()> {
        let mut check = Check::new();
        check.length("/in_one_minute", &self.in_one_minute, 3000);
        check.length("/in_one_minute_easy_read", self.in_one_minute_easy_read.as_deref().unwrap_or_default(), 3000);
        check.length("/steps_taken", &self.steps_taken, 10_000);
        check.length("/learned", &self.learned, 10_000);
        check.items("/next_steps", self.next_steps.len(), 100);
        for (at, step) in self.next_steps.iter().enumerate() {
            check.text(&format!("/next_steps/{at}/what"), &step.what, 1000);
            check.line(&format!("/next_steps/{at}/owner"), &step.owner, 200);
            check.day(&format!("/next_steps/{at}/due"), step.due);
        }
        check.done()
    }
}

/// Begins the report of an opportunity that has closed.
pub async fn draft(tx: &Tx, platform: &Platform, actor: &Actor, opportunity: OpportunityId) -> Result<report::Model> {
    let about = influence::hold(tx, actor.organisation, opportunity).await?;
    if about.state != OpportunityState::Closed {
        return Err(Error::conflict("not_closed", "The report is written when no more answers are taken. Close this first."));
    }
    if find(tx, actor.organisation, opportunity).await?.is_some() {
        return Err(Error::conflict("exists", "This has a report already."));
    }
    let row = report::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(platform.clock.new_id()),
        opportunity_id: Set(opportunity),
        state: Set(ReportState::Draft),
        in_one_minute: Set(String::new()),
        in_one_minute_easy_read: Set(None),
        steps_taken: Set(String::new()),
        next_steps: Set(NextSteps(Vec::new())),
        learned: Set(String::new()),
        version: Set(1),
        created_at: Set(platform.clock.now()),
        published_at: Set(None),
    };
    let made = row.insert(tx).await?;
    record(tx, platform, actor, "draft_report", made.id).await?;
    Ok(made)
}

async fn find(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
) -> Result<Option<report::Model>> {
    let found = report::Entity::find()
        .filter(report::Column::OrganisationId.eq(organisation))
        .filter(report::Column::OpportunityId.eq(opportunity))
        .one(connection)
        .await?;
    Ok(found)
}

/// The report of an opportunity.
pub async fn get(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
) -> Result<report::Model> {
    find(connection, organisation, opportunity).await?.ok_or(Error::NotFound("report"))
}

/// Changes the draft. After publication this belongs to the next version.
pub async fn change(
    platform: &Platform,
    actor: &Actor,
    opportunity: OpportunityId,
    if_match: Option<&str>,
    facts: Facts,
) -> Result<report::Model> {
    facts.check()?;
    let tx = platform.db.begin().await?;
    let old = hold(&tx, actor.organisation, opportunity).await?;
    etag::expect(if_match, old.version)?;
    let (id, version) = (old.id, old.version + 1);
    let mut row = old.into_active_model();
    row.in_one_minute = Set(facts.in_one_minute);
    row.in_one_minute_easy_read = Set(facts.in_one_minute_easy_read.filter(|text| !text.trim().is_empty()));
    row.steps_taken = Set(facts.steps_taken);
    row.learned = Set(facts.learned);
    row.next_steps = Set(NextSteps(facts.next_steps));
    row.version = Set(version);
    let changed = row.update(&tx).await?;
    record(&tx, platform, actor, "change_report", id).await?;
    tx.commit().await?;
    Ok(changed)
}

/// The report, held until the transaction ends.
pub(super) async fn hold(tx: &Tx, organisation: OrganisationId, opportunity: OpportunityId) -> Result<report::Model> {
    let found = report::Entity::find()
        .filter(report::Column::OrganisationId.eq(organisation))
        .filter(report::Column::OpportunityId.eq(opportunity))
        .lock_exclusive()
        .one(tx)
        .await?;
    found.ok_or(Error::NotFound("report"))
}

/// The whole document as it would be published now.
pub async fn preview(platform: &Platform, organisation: OrganisationId, opportunity: OpportunityId) -> Result<ReportDocument> {
    let db = platform.db.read();
    let report = get(db, organisation, opportunity).await?;
    let releases = gather::releases(db, organisation, report.id).await?;
    let record = gather::record(db, organisation, report, platform.clock.now()).await?;
    let version = i32::try_from(releases.len()).unwrap_or(i32::MAX).saturating_add(1);
    Ok(build::document(&record, Edition { version, published_on: None, versions: gather::versions(&record, &releases) }))
}

pub(super) async fn record(tx: &Tx, platform: &Platform, actor: &Actor, action: &str, id: ReportId) -> Result<()> {
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, action, &format!("report:{id}")).await
}
