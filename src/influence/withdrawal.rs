//! What a withdrawal does to the record of who said what, and of what they said about claims.

use crate::{
    consent::{
        Withdrawal,
        withdrawal::{Erasure, Whose},
    },
    platform::{Result, Tx},
};
use entity::{
    ContributionId, InfluenceId, ResponseState, contribution, influence, influence_answer, response, theme, theme_source,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, SelectStatement},
};

/// Carries out a withdrawal from taking part, after the answers and contributions themselves are erased.
pub async fn carry_out(tx: &Tx, withdrawal: &Withdrawal) -> Result<()> {
    let Some(whose) = withdrawal.whose() else { return Ok(()) };
    let Some(erasure) = withdrawal.erasure(tx, whose.opportunity).await? else { return Ok(()) };
    erase(tx, whose, erasure).await
}

/// What rests on what was erased goes, with what the person said about claims.
pub async fn erase(tx: &Tx, whose: Whose, erasure: Erasure) -> Result<()> {
    erase_sources(tx, whose).await?;
    let contributions = contributions(whose).into_query();
    let about = Condition::any()
        .add(influence::Column::ThemeId.in_subquery(themes(whose)))
        .add(influence::Column::ContributionId.in_subquery(contributions));
    erase_answers(tx, whose, about, erasure).await
}

/// These words are nobody's in particular any more: they stay where they are a source, and what the person said about claims
/// that rest on them alone goes.
pub async fn anonymise(tx: &Tx, whose: Whose, words: &[ContributionId], erasure: Erasure) -> Result<()> {
    theme_source::Entity::update_many()
        .col_expr(theme_source::Column::ParticipantId, Expr::value(Option::<uuid::Uuid>::None))
        .filter(theme_source::Column::OrganisationId.eq(whose.organisation))
        .filter(theme_source::Column::ContributionId.is_in(words.iter().copied()))
        .exec(tx)
        .await?;
    let about = Condition::all().add(influence::Column::ContributionId.is_in(words.iter().copied()));
    erase_answers(tx, whose, about, erasure).await
}

fn contributions(whose: Whose) -> Select<contribution::Entity> {
    contribution::Entity::find()
        .select_only()
        .column(contribution::Column::Id)
        .filter(contribution::Column::OrganisationId.eq(whose.organisation))
        .filter(contribution::Column::OpportunityId.eq(whose.opportunity))
}

fn themes(whose: Whose) -> SelectStatement {
    theme::Entity::find()
        .select_only()
        .column(theme::Column::Id)
        .filter(theme::Column::OrganisationId.eq(whose.organisation))
        .filter(theme::Column::OpportunityId.eq(whose.opportunity))
        .into_query()
}

/// What was erased is nobody's source any more.
async fn erase_sources(tx: &Tx, whose: Whose) -> Result<()> {
    let responses = response::Entity::find()
        .select_only()
        .column(response::Column::Id)
        .filter(response::Column::OrganisationId.eq(whose.organisation))
        .filter(response::Column::OpportunityId.eq(whose.opportunity))
        .filter(response::Column::State.eq(ResponseState::Withdrawn))
        .into_query();
    let contributions = contributions(whose).filter(contribution::Column::WithdrawnAt.is_not_null()).into_query();
    let erased = Condition::any()
        .add(theme_source::Column::ResponseId.in_subquery(responses))
        .add(theme_source::Column::ContributionId.in_subquery(contributions));
    theme_source::Entity::delete_many()
        .filter(theme_source::Column::OrganisationId.eq(whose.organisation))
        .filter(theme_source::Column::ParticipantId.eq(whose.participant))
        .filter(theme_source::Column::ThemeId.in_subquery(themes(whose)))
        .filter(erased)
        .exec(tx)
        .await?;
    Ok(())
}

/// What the person said about claims goes, and what those concerned come to is worked out anew.
async fn erase_answers(tx: &Tx, whose: Whose, about: Condition, erasure: Erasure) -> Result<()> {
    let answered = influence_answer::Entity::find()
        .select_only()
        .column(influence_answer::Column::InfluenceId)
        .filter(influence_answer::Column::OrganisationId.eq(whose.organisation))
        .filter(influence_answer::Column::ParticipantId.eq(whose.participant))
        .filter(erasure.covers(influence_answer::Column::At))
        .into_query();
    let claims: Vec<InfluenceId> = influence::Entity::find()
        .select_only()
        .column(influence::Column::Id)
        .filter(influence::Column::OrganisationId.eq(whose.organisation))
        .filter(influence::Column::Id.in_subquery(answered))
        .filter(about)
        .order_by_asc(influence::Column::Id)
        .lock_exclusive()
        .into_tuple()
        .all(tx)
        .await?;
    for claim in claims {
        influence_answer::Entity::delete_by_id((whose.organisation, claim, whose.participant)).exec(tx).await?;
        super::links::settle(tx, whose.organisation, claim).await?;
    }
    Ok(())
}
