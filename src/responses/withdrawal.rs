//! What a withdrawal does to answers: what the notice promised, to the version that this person agreed to.

use crate::{
    consent::Withdrawal,
    invitations::{jobs::payload, places},
    platform::{
        Error, Platform, Tx,
        jobs::{Fault, Next},
    },
};
use entity::{
    InvitationState, OpportunityId, Purpose, ReportState, ResponseState, WithdrawalEffect, invitation, opportunity, report,
    response, response_draft,
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, sea_query::Expr};
use serde_json::Value;

/// Carries out a withdrawal from taking part. Doing it twice changes nothing. Other purposes hold no answers here.
pub async fn carry_out(platform: Platform, value: Value) -> Result<Next, Fault> {
    let withdrawal: Withdrawal = payload(value)?;
    if withdrawal.purpose != Purpose::Participate {
        return Ok(Next::Done);
    }
    let tx = platform.db.begin().await?;
    let opportunity = OpportunityId(withdrawal.scope);
    if erases(&tx, &withdrawal, opportunity).await? {
        response::Entity::update_many()
            .col_expr(response::Column::Answers, Expr::value(Option::<Value>::None))
            .col_expr(response::Column::State, Expr::value(ResponseState::Withdrawn.word()))
            .col_expr(response::Column::ChangedAt, Expr::value(platform.clock.now()))
            .filter(response::Column::OrganisationId.eq(withdrawal.organisation))
            .filter(response::Column::OpportunityId.eq(opportunity))
            .filter(response::Column::ParticipantId.eq(withdrawal.participant))
            .exec(&tx)
            .await?;
    }
    leave(&tx, &platform, &withdrawal, opportunity).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(Next::Done)
}

/// Whether the promise says that these answers are erased.
async fn erases(tx: &Tx, withdrawal: &Withdrawal, opportunity: OpportunityId) -> Result<bool, Error> {
    match withdrawal.effect {
        WithdrawalEffect::EraseAllIdentifiable => Ok(true),
        WithdrawalEffect::StopFutureOnly | WithdrawalEffect::CannotLocate => Ok(false),
        WithdrawalEffect::EraseRawUnpublished => {
            let published = report::Entity::find()
                .filter(report::Column::OrganisationId.eq(withdrawal.organisation))
                .filter(report::Column::OpportunityId.eq(opportunity))
                .filter(report::Column::State.eq(ReportState::Published))
                .count(tx)
                .await?;
            Ok(published == 0)
        }
    }
}

/// Whatever the effect: nothing half-done stays, and a place goes to somebody else.
async fn leave(tx: &Tx, platform: &Platform, withdrawal: &Withdrawal, opportunity: OpportunityId) -> Result<(), Error> {
    let organisation = withdrawal.organisation;
    let invitation = invitation::Entity::find()
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::OpportunityId.eq(opportunity))
        .filter(invitation::Column::ParticipantId.eq(withdrawal.participant))
        .one(tx)
        .await?;
    let Some(invitation) = invitation else { return Ok(()) };
    response_draft::Entity::delete_many()
        .filter(response_draft::Column::OrganisationId.eq(organisation))
        .filter(response_draft::Column::InvitationId.eq(invitation.id))
        .exec(tx)
        .await?;
    if matches!(invitation.state, InvitationState::Accepted | InvitationState::Waiting) {
        invitation::Entity::update_many()
            .col_expr(invitation::Column::State, Expr::value(InvitationState::SteppedDown.word()))
            .filter(invitation::Column::OrganisationId.eq(organisation))
            .filter(invitation::Column::Id.eq(invitation.id))
            .exec(tx)
            .await?;
        if let Some(offer) = opportunity::Entity::find_by_id((organisation, opportunity)).one(tx).await? {
            places::release(tx, platform, &offer, withdrawal.participant).await?;
        }
    }
    Ok(())
}
