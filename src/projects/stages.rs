//! Stages: when each began and when it was settled. These dates decide what the record supports.

use super::{rules::StageFacts, work};
use crate::{
    accounts::Actor,
    platform::{Platform, Result, audit, http::etag},
};
use entity::{ProjectId, Stage, stage};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

/// Records a stage as a whole; what is left out is not recorded any more.
pub async fn record(
    platform: &Platform,
    actor: &Actor,
    project: ProjectId,
    stage: Stage,
    if_match: Option<&str>,
    facts: StageFacts,
) -> Result<stage::Model> {
    let tx = platform.db.begin().await?;
    // The project is held so that two records of one stage do not both make its row.
    work::hold(&tx, actor.organisation, project).await?;
    facts.check(platform.clock.now())?;
    let found = stage::Entity::find()
        .filter(stage::Column::OrganisationId.eq(actor.organisation))
        .filter(stage::Column::ProjectId.eq(project))
        .filter(stage::Column::Stage.eq(stage))
        .one(&tx)
        .await?;
    // A stage of which nothing is recorded has version 0.
    let (new, version) = (found.is_none(), found.as_ref().map_or(0, |row| row.version));
    etag::expect(if_match, version)?;
    let mut row = found.map(IntoActiveModel::into_active_model).unwrap_or_else(|| stage::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(platform.clock.new_id()),
        project_id: Set(project),
        stage: Set(stage),
        ..Default::default()
    });
    row.started_at = Set(facts.started_at);
    row.settled_at = Set(facts.settled_at);
    row.settled_by = Set(facts.settled_by);
    row.version = Set(version + 1);
    let row = if new { row.insert(&tx).await? } else { row.update(&tx).await? };
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "record_stage", &format!("stage:{}", row.id)).await?;
    tx.commit().await?;
    Ok(row)
}
