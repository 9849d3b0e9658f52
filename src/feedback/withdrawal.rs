//! What a withdrawal does to what people thought of the feedback loop.

use crate::{
    consent::{
        Withdrawal,
        withdrawal::{Erasure, Whose},
    },
    platform::{Result, Tx},
};
use entity::loop_rating;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};

/// Carries out a withdrawal from taking part. What did harm goes, because no report holds it; the marks go as far as they are
/// in no published mean.
pub async fn carry_out(tx: &Tx, withdrawal: &Withdrawal) -> Result<()> {
    let Some(whose) = withdrawal.whose() else { return Ok(()) };
    let Some(erasure) = withdrawal.erasure(tx, whose.opportunity).await? else { return Ok(()) };
    erase(tx, whose, erasure).await
}

/// What somebody thought of it goes.
pub async fn erase(tx: &Tx, whose: Whose, erasure: Erasure) -> Result<()> {
    loop_rating::Entity::update_many()
        .col_expr(loop_rating::Column::Harm, Expr::value(Option::<String>::None))
        .filter(loop_rating::Column::OrganisationId.eq(whose.organisation))
        .filter(loop_rating::Column::OpportunityId.eq(whose.opportunity))
        .filter(loop_rating::Column::ParticipantId.eq(whose.participant))
        .filter(erasure.covers_unpublished(loop_rating::Column::CreatedAt))
        .exec(tx)
        .await?;
    loop_rating::Entity::delete_many()
        .filter(loop_rating::Column::OrganisationId.eq(whose.organisation))
        .filter(loop_rating::Column::OpportunityId.eq(whose.opportunity))
        .filter(loop_rating::Column::ParticipantId.eq(whose.participant))
        .filter(erasure.covers(loop_rating::Column::CreatedAt))
        .exec(tx)
        .await?;
    Ok(())
}
