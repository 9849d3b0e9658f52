//! Recommendations: what is proposed because of what people said. Each is owed an answer.

use super::{hold, hold_unpublished, rules, themes};
use crate::{
    accounts::Actor,
    platform::{Error, Platform, Result, Tx, audit, http::etag, text::Check},
};
use chrono::NaiveDate;
use entity::{
    DecisionId, OpportunityId, OrganisationId, RecommendationId, RecommendationOutcome, ThemeId, decision, opportunity,
    recommendation, report,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, ModelTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

/// Recommendations of one opportunity.
const MOST: u64 = 500;

/// A recommendation and its answer.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What is proposed.
    pub text: String,
    /// The theme it follows from.
    pub theme: Option<ThemeId>,
    /// The decision it is about.
    pub decision: Option<DecisionId>,
    /// The answer.
    pub outcome: RecommendationOutcome,
    /// Why.
    pub reason: Option<String>,
    /// Who does it.
    pub owner: Option<String>,
    /// By when.
    pub due: Option<NaiveDate>,
    /// Place in the list.
    pub position: i32,
}

impl Facts {
    /// What is wrong in itself.
    pub fn flaws(&self) -> Check {
        let mut check = Check::new();
        check.text("/text", &self.text, 2000);
        check.length("/reason", self.reason.as_deref().unwrap_or_default(), 2000);
        check.length("/owner", self.owner.as_deref().unwrap_or_default(), 200);
        check.range("/position", self.position, 0, 10_000).day("/due", self.due);
        check.extend(rules::missing(self.outcome, self.reason.as_deref(), self.owner.as_deref(), ""));
        check
    }

    async fn check(&self, tx: &Tx, about: &opportunity::Model) -> Result<()> {
        let mut check = self.flaws();
        if let Some(theme) = self.theme {
            let known = themes::of_opportunity(tx, about.organisation_id, about.id, theme).await?;
            check.that(known, "/theme", "unknown", "Name a theme of this opportunity.");
        }
        if let Some(id) = self.decision {
            let found = decision::Entity::find_by_id((about.organisation_id, id)).one(tx).await?;
            let known = found.is_some_and(|decision| decision.project_id == about.project_id);
            check.that(known, "/decision", "unknown", "Name a decision of this project.");
        }
        check.done()
    }
}

/// Adds a recommendation.
pub async fn create(
    tx: &Tx,
    platform: &Platform,
    actor: &Actor,
    opportunity: OpportunityId,
    facts: Facts,
) -> Result<recommendation::Model> {
    let about = hold(tx, actor.organisation, opportunity).await?;
    facts.check(tx, &about).await?;
    if all(actor.organisation, opportunity).count(tx).await? >= MOST {
        return Err(Error::conflict(
            "too_many",
            format!("An opportunity has at most {MOST} recommendations. Join some of them."),
        ));
    }
    let row = recommendation::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(platform.clock.new_id()),
        opportunity_id: Set(opportunity),
        theme_id: Set(facts.theme),
        decision_id: Set(facts.decision),
        text: Set(facts.text),
        outcome: Set(facts.outcome),
        reason: Set(facts.reason),
        owner: Set(facts.owner),
        due: Set(facts.due),
        position: Set(facts.position),
        version: Set(1),
        created_at: Set(platform.clock.now()),
    };
    let made = row.insert(tx).await?;
    record(tx, platform, actor, "create_recommendation", made.id).await?;
    Ok(made)
}

fn all(organisation: OrganisationId, opportunity: OpportunityId) -> sea_orm::Select<recommendation::Entity> {
    recommendation::Entity::find()
        .filter(recommendation::Column::OrganisationId.eq(organisation))
        .filter(recommendation::Column::OpportunityId.eq(opportunity))
}

/// The recommendations of an opportunity, in their order.
pub async fn list(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
) -> Result<Vec<recommendation::Model>> {
    let rows = all(organisation, opportunity)
        .order_by_asc(recommendation::Column::Position)
        .order_by_asc(recommendation::Column::Id)
        .limit(MOST)
        .all(connection)
        .await?;
    Ok(rows)
}

/// Changes or answers a recommendation. After the report was published this belongs to its next version.
pub async fn change(
    platform: &Platform,
    actor: &Actor,
    opportunity: OpportunityId,
    id: RecommendationId,
    if_match: Option<&str>,
    facts: Facts,
) -> Result<recommendation::Model> {
    let tx = platform.db.begin().await?;
    let about = hold(&tx, actor.organisation, opportunity).await?;
    let old = get(&tx, actor.organisation, opportunity, id).await?;
    etag::expect(if_match, old.version)?;
    facts.check(&tx, &about).await?;
    if old.theme_id.is_some() && facts.theme.is_none() {
        return Err(Error::conflict("owed", "This follows from what people said. Name another theme if it belongs there."));
    }
    let version = old.version + 1;
    let mut row = old.into_active_model();
    row.theme_id = Set(facts.theme);
    row.decision_id = Set(facts.decision);
    row.text = Set(facts.text);
    row.outcome = Set(facts.outcome);
    row.reason = Set(facts.reason);
    row.owner = Set(facts.owner);
    row.due = Set(facts.due);
    row.position = Set(facts.position);
    row.version = Set(version);
    let changed = row.update(&tx).await?;
    record(&tx, platform, actor, "change_recommendation", id).await?;
    tx.commit().await?;
    Ok(changed)
}

/// Removes a recommendation that was written down by mistake. One that follows from what people said, or that is there when
/// the report is being written, is owed an answer: a no with its reason, and not silence.
pub async fn delete(platform: &Platform, actor: &Actor, opportunity: OpportunityId, id: RecommendationId) -> Result<()> {
    let tx = platform.db.begin().await?;
    hold_unpublished(&tx, actor.organisation, opportunity).await?;
    let row = get(&tx, actor.organisation, opportunity, id).await?;
    if row.theme_id.is_some() || has_report(&tx, actor.organisation, opportunity).await? {
        return Err(Error::conflict("owed", "Those who proposed this are owed an answer. Answer it instead, with a reason."));
    }
    row.delete(&tx).await?;
    record(&tx, platform, actor, "delete_recommendation", id).await?;
    tx.commit().await?;
    Ok(())
}

async fn has_report(tx: &Tx, organisation: OrganisationId, opportunity: OpportunityId) -> Result<bool> {
    let found = report::Entity::find()
        .filter(report::Column::OrganisationId.eq(organisation))
        .filter(report::Column::OpportunityId.eq(opportunity))
        .count(tx)
        .await?;
    Ok(found > 0)
}

async fn get(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    id: RecommendationId,
) -> Result<recommendation::Model> {
    let found = recommendation::Entity::find_by_id((organisation, id)).one(connection).await?;
    found.filter(|row| row.opportunity_id == opportunity).ok_or(Error::NotFound("recommendation"))
}

async fn record(tx: &Tx, platform: &Platform, actor: &Actor, action: &str, id: RecommendationId) -> Result<()> {
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, action, &format!("recommendation:{id}")).await
}
