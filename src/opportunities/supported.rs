//! What opportunities can be, by what is recorded about the decisions that they are about, beside what they claim to be.

use crate::{
    integrity::ahead::{FROM, Facts, Supported, supported},
    platform::Result,
};
use entity::{
    DecisionRule, DecisionScope, OpportunityId, OpportunityKind, ProjectId, Stage, Time, Weight, decision, opportunity,
    opportunity_decision, stage,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, RelationDef};
use std::collections::{HashMap, HashSet};

/// What some opportunities of one organisation can be: two statements at most, however many there are.
pub async fn of(
    connection: &impl ConnectionTrait,
    about: impl IntoIterator<Item = &opportunity::Model>,
    now: Time,
) -> Result<HashMap<OpportunityId, Supported>> {
    let (deep, others): (Vec<_>, Vec<_>) = about.into_iter().partition(|one| one.rung >= FROM);
    let mut found: HashMap<_, _> = others.into_iter().map(|one| (one.id, Supported::as_claimed(one.rung))).collect();
    let Some(organisation) = deep.first().map(|one| one.organisation_id) else { return Ok(found) };
    let to_decision: RelationDef = opportunity_decision::Entity::belongs_to(decision::Entity)
        .from((opportunity_decision::Column::OrganisationId, opportunity_decision::Column::DecisionId))
        .to((decision::Column::OrganisationId, decision::Column::Id))
        .into();
    let open: Vec<(OpportunityId, Weight, DecisionRule)> = opportunity_decision::Entity::find()
        .select_only()
        .column(opportunity_decision::Column::OpportunityId)
        .column(decision::Column::Weight)
        .column(decision::Column::Rule)
        .join(JoinType::InnerJoin, to_decision)
        .filter(opportunity_decision::Column::OrganisationId.eq(organisation))
        .filter(opportunity_decision::Column::OpportunityId.is_in(deep.iter().map(|one| one.id)))
        .filter(decision::Column::Scope.eq(DecisionScope::Open))
        .filter(decision::Column::SettledAt.is_null())
        .into_tuple()
        .all(connection)
        .await?;
    let settled: Vec<(ProjectId, Stage)> = stage::Entity::find()
        .select_only()
        .columns([stage::Column::ProjectId, stage::Column::Stage])
        .filter(stage::Column::OrganisationId.eq(organisation))
        .filter(stage::Column::ProjectId.is_in(deep.iter().map(|one| one.project_id)))
        .filter(stage::Column::SettledAt.lte(now))
        .into_tuple()
        .all(connection)
        .await?;
    let settled: HashSet<(ProjectId, Stage)> = settled.into_iter().collect();
    for one in deep {
        let facts = Facts {
            claimed: one.rung,
            survey: one.kind == OpportunityKind::Consultation,
            settled: settled.contains(&(one.project_id, one.stage)),
            open: open.iter().filter(|(of, ..)| *of == one.id).map(|(_, weight, rule)| (*weight, *rule)).collect(),
        };
        found.insert(one.id, supported(&facts));
    }
    Ok(found)
}

/// What one opportunity can be.
pub async fn of_one(connection: &impl ConnectionTrait, about: &opportunity::Model, now: Time) -> Result<Supported> {
    Ok(of(connection, [about], now).await?.remove(&about.id).unwrap_or(Supported::as_claimed(about.rung)))
}

/// In words, where something speaks against what an opportunity claims to be.
pub fn in_words(supported: &Supported) -> Option<String> {
    let step = crate::integrity::ladder::step(supported.rung);
    supported.because.map(|because| format!("{}. {because}", step.people_say))
}
