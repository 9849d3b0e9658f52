//! What a withdrawal does to answers: what the notice promised, to the version that this person agreed to.

use crate::{
    consent::{
        Withdrawal,
        withdrawal::{Erasure, Whose},
    },
    invitations::{parting, places},
    platform::{Platform, Result, Tx},
};
use entity::{
    InvitationId, InvitationState, OrganisationId, ResponseState, TaskKind, invitation, opportunity, response, response_draft,
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, LockType},
};
use serde_json::Value;

/// Carries out a withdrawal from taking part. Other uses hold no answers here.
pub async fn carry_out(tx: &Tx, platform: &Platform, withdrawal: &Withdrawal) -> Result<()> {
    let Some(opportunity) = withdrawal.taking_part() else { return Ok(()) };
    // Whoever adds to what was given holds this row, and so does whoever says which theme rests on it. The lock lets answers of
    // others be written meanwhile.
    let mut held = opportunity::Entity::find_by_id((withdrawal.organisation, opportunity));
    QuerySelect::query(&mut held).lock(LockType::NoKeyUpdate);
    let Some(offer) = held.one(tx).await? else { return Ok(()) };
    // Places come first, as for whoever gives one up.
    let offer = places::hold(tx, offer).await?;
    // Answers that are being handed in hold this row too. Either they are here when it is ours, and go, or they find
    // that the consent is gone.
    let invitation = invitation::Entity::find()
        .filter(invitation::Column::OrganisationId.eq(withdrawal.organisation))
        .filter(invitation::Column::OpportunityId.eq(opportunity))
        .filter(invitation::Column::ParticipantId.eq(withdrawal.participant))
        .lock_exclusive()
        .one(tx)
        .await?;
    let Some(invitation) = invitation else { return Ok(()) };
    if let (Some(whose), Some(erasure)) = (withdrawal.whose(), withdrawal.erasure(tx, opportunity).await?) {
        erase(tx, platform, whose, erasure).await?;
    }
    if withdrawal.agreed_anew(tx).await?.is_none() {
        leave(tx, platform, invitation, &offer).await?;
    }
    Ok(())
}

/// The answers go.
pub async fn erase(tx: &Tx, platform: &Platform, whose: Whose, erasure: Erasure) -> Result<()> {
    response::Entity::update_many()
        .col_expr(response::Column::Answers, Expr::value(Option::<Value>::None))
        .col_expr(response::Column::State, Expr::value(ResponseState::Withdrawn.word()))
        .col_expr(response::Column::ChangedAt, Expr::value(platform.clock.now()))
        .filter(response::Column::OrganisationId.eq(whose.organisation))
        .filter(response::Column::OpportunityId.eq(whose.opportunity))
        .filter(response::Column::ParticipantId.eq(whose.participant))
        .filter(response::Column::State.eq(ResponseState::Submitted))
        .filter(erasure.covers(response::Column::ChangedAt))
        .exec(tx)
        .await?;
    Ok(())
}

/// What was begun and not handed in goes.
pub async fn forget_draft(tx: &Tx, organisation: OrganisationId, invitation: InvitationId) -> Result<()> {
    response_draft::Entity::delete_many()
        .filter(response_draft::Column::OrganisationId.eq(organisation))
        .filter(response_draft::Column::InvitationId.eq(invitation))
        .exec(tx)
        .await?;
    Ok(())
}

/// Whatever the effect: nothing half-done stays, and a place goes to somebody else.
async fn leave(tx: &Tx, platform: &Platform, invitation: invitation::Model, offer: &opportunity::Model) -> Result<()> {
    let organisation = invitation.organisation_id;
    forget_draft(tx, organisation, invitation.id).await?;
    parting::end_pause(tx, platform, organisation, offer.id, invitation.participant_id).await?;
    if invitation.state == InvitationState::Accepted {
        parting::note(tx, platform, offer, invitation.participant_id, TaskKind::Left).await?;
    }
    if matches!(invitation.state, InvitationState::Accepted | InvitationState::Waiting) {
        invitation::Entity::update_many()
            .col_expr(invitation::Column::State, Expr::value(InvitationState::SteppedDown.word()))
            .filter(invitation::Column::OrganisationId.eq(organisation))
            .filter(invitation::Column::Id.eq(invitation.id))
            .exec(tx)
            .await?;
        places::release(tx, platform, offer, invitation.participant_id).await?;
    }
    Ok(())
}
