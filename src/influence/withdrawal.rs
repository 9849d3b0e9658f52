//! What a withdrawal does to the record of who said what, and of what they said about claims.

use crate::{
    consent::{Withdrawal, withdrawal::Erasure},
    platform::{Result, Tx},
};
use entity::{
    InfluenceId, OpportunityId, ResponseState, contribution, influence, influence_answer, response, theme, theme_source,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, sea_query::SelectStatement,
};

/// Carries out a withdrawal from taking part, after the answers and contributions themselves are erased.
pub async fn carry_out(tx: &Tx, withdrawal: &Withdrawal) -> Result<()> {
    let Some(opportunity) = withdrawal.taking_part() else { return Ok(()) };
    let Some(erasure) = withdrawal.erasure(tx, opportunity).await? else { return Ok(()) };
    erase_sources(tx, withdrawal, opportunity).await?;
    erase_answers(tx, withdrawal, opportunity, erasure).await
}

fn themes(withdrawal: &Withdrawal, opportunity: OpportunityId) -> SelectStatement {
    theme::Entity::find()
        .select_only()
        .column(theme::Column::Id)
        .filter(theme::Column::OrganisationId.eq(withdrawal.organisation))
        .filter(theme::Column::OpportunityId.eq(opportunity))
        .into_query()
}

/// What was erased is nobody's source any more.
async fn erase_sources(tx: &Tx, withdrawal: &Withdrawal, opportunity: OpportunityId) -> Result<()> {
    let responses = response::Entity::find()
        .select_only()
        .column(response::Column::Id)
        .filter(response::Column::OrganisationId.eq(withdrawal.organisation))
        .filter(response::Column::OpportunityId.eq(opportunity))
        .filter(response::Column::State.eq(ResponseState::Withdrawn))
        .into_query();
    let contributions = contribution::Entity::find()
        .select_only()
        .column(contribution::Column::Id)
        .filter(contribution::Column::OrganisationId.eq(withdrawal.organisation))
        .filter(contribution::Column::OpportunityId.eq(opportunity))
        .filter(contribution::Column::WithdrawnAt.is_not_null())
        .into_query();
    let erased = Condition::any()
        .add(theme_source::Column::ResponseId.in_subquery(responses))
        .add(theme_source::Column::ContributionId.in_subquery(contributions));
    theme_source::Entity::delete_many()
        .filter(theme_source::Column::OrganisationId.eq(withdrawal.organisation))
        .filter(theme_source::Column::ParticipantId.eq(withdrawal.participant))
        .filter(theme_source::Column::ThemeId.in_subquery(themes(withdrawal, opportunity)))
        .filter(erased)
        .exec(tx)
        .await?;
    Ok(())
}

/// What the person said about claims goes, and what those concerned come to is worked out anew.
async fn erase_answers(tx: &Tx, withdrawal: &Withdrawal, opportunity: OpportunityId, erasure: Erasure) -> Result<()> {
    let contributions = contribution::Entity::find()
        .select_only()
        .column(contribution::Column::Id)
        .filter(contribution::Column::OrganisationId.eq(withdrawal.organisation))
        .filter(contribution::Column::OpportunityId.eq(opportunity))
        .into_query();
    let answered = influence_answer::Entity::find()
        .select_only()
        .column(influence_answer::Column::InfluenceId)
        .filter(influence_answer::Column::OrganisationId.eq(withdrawal.organisation))
        .filter(influence_answer::Column::ParticipantId.eq(withdrawal.participant))
        .filter(erasure.covers(influence_answer::Column::At))
        .into_query();
    let about = Condition::any()
        .add(influence::Column::ThemeId.in_subquery(themes(withdrawal, opportunity)))
        .add(influence::Column::ContributionId.in_subquery(contributions));
    let claims: Vec<InfluenceId> = influence::Entity::find()
        .select_only()
        .column(influence::Column::Id)
        .filter(influence::Column::OrganisationId.eq(withdrawal.organisation))
        .filter(influence::Column::Id.in_subquery(answered))
        .filter(about)
        .order_by_asc(influence::Column::Id)
        .lock_exclusive()
        .into_tuple()
        .all(tx)
        .await?;
    for claim in claims {
        influence_answer::Entity::delete_by_id((withdrawal.organisation, claim, withdrawal.participant)).exec(tx).await?;
        super::links::settle(tx, withdrawal.organisation, claim).await?;
    }
    Ok(())
}
