//! The letters about an opportunity that were made together, as those see them who run it: how many are on their way, arrived or
//! not and why, and what people did then. Numbers alone; what people did is withheld where it is about few.

use super::{AGAIN, ENDED, INVITE, REMIND, TAKEN_BACK};
use crate::{
    accounts::organisations,
    platform::{
        Platform, Result,
        http::Cursor,
        mail::{
            inbound::RETURNED,
            status::{self, Counts},
        },
    },
    statistics::disclosure::{Shown, part},
};
use entity::{
    MailBatchId, MailState, OpportunityId, OrganisationId, ParticipantLinkPurpose, invitation, mail_batch, mail_message,
    match_run, participant_link,
};
use mail_message::{Column, Entity};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait},
};
use std::collections::HashMap;

/// Kinds of letter about an opportunity that go to many. Others are about one person each, and would tell what they did.
const OURS: [&str; 5] = [INVITE, AGAIN, REMIND, TAKEN_BACK, ENDED];

/// Letters of one kind that were made together.
pub struct Mailing {
    /// What they are.
    pub batch: mail_batch::Model,
    /// How they stand.
    pub counts: Counts,
    /// Those that were taken by the other side and came back later.
    pub bounced: u64,
    /// People who stopped letters with the link in theirs.
    pub unsubscribed: Shown,
    /// People who have answered the invitation that theirs is about.
    pub answered: Shown,
}

/// A page of the mailings about an opportunity, oldest first, and one more: five statements, however many there are.
pub async fn about(
    platform: &Platform,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    cursor: Cursor,
) -> Result<Vec<Mailing>> {
    let db = platform.db.read();
    // Invitations are about the draw by which people were chosen, everything else about the opportunity itself.
    let runs = match_run::Entity::find()
        .select_only()
        .column(match_run::Column::Id)
        .filter(match_run::Column::OrganisationId.eq(organisation))
        .filter(match_run::Column::OpportunityId.eq(opportunity))
        .into_query();
    let subject = mail_batch::Column::SubjectId;
    let about = Condition::any().add(subject.eq(opportunity.0)).add(subject.in_subquery(runs));
    let batches = status::mailings_about(db, organisation, about, &OURS, cursor).await?;
    let ids: Vec<MailBatchId> = batches.iter().map(|batch| batch.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let minimum = organisations::get(platform, organisation).await?.minimum_group;
    let minimum = u64::try_from(minimum).unwrap_or(u64::MAX);
    let mut counts = status::counts_of(db, ids.iter().copied()).await?;
    let bounced = Condition::all().add(Column::State.eq(MailState::Failed)).add(Column::LastStage.eq(RETURNED));
    let bounced = count(db, organisation, &ids, bounced).await?;
    let stopped = participant_link::Entity::find()
        .select_only()
        .expr(Expr::value(1))
        .filter(participant_link::Column::OrganisationId.eq(organisation))
        .filter(Expr::col((participant_link::Entity, participant_link::Column::Id)).equals((Entity, Column::Id)))
        .filter(participant_link::Column::Purpose.eq(ParticipantLinkPurpose::Unsubscribe))
        .filter(participant_link::Column::UsedAt.is_not_null())
        .into_query();
    let stopped = count(db, organisation, &ids, Condition::all().add(Expr::exists(stopped))).await?;
    let answered = invitation::Entity::find()
        .select_only()
        .expr(Expr::value(1))
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(Expr::col((invitation::Entity, invitation::Column::Id)).equals((Entity, Column::SubjectId)))
        .filter(invitation::Column::RepliedAt.is_not_null())
        .into_query();
    let answered = count(db, organisation, &ids, Condition::all().add(Expr::exists(answered))).await?;
    let of = |counts: &HashMap<MailBatchId, u64>, id: MailBatchId| counts.get(&id).copied().unwrap_or(0);
    let mailing = |batch: mail_batch::Model| {
        let counts = counts.remove(&batch.id).unwrap_or_default();
        let letters = counts.states.iter().map(|(_, count)| count).sum();
        Mailing {
            counts,
            bounced: of(&bounced, batch.id),
            unsubscribed: part(of(&stopped, batch.id), letters, minimum),
            answered: part(of(&answered, batch.id), letters, minimum),
            batch,
        }
    };
    Ok(batches.into_iter().map(mailing).collect())
}

/// How many letters of each mailing are such.
async fn count(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    batches: &[MailBatchId],
    such: Condition,
) -> Result<HashMap<MailBatchId, u64>> {
    let counts: Vec<(MailBatchId, i64)> = Entity::find()
        .select_only()
        .column(Column::BatchId)
        .column_as(Column::Id.count(), "letters")
        .filter(Column::OrganisationId.eq(organisation))
        .filter(Column::BatchId.is_in(batches.iter().copied()))
        .filter(such)
        .group_by(Column::BatchId)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(counts.into_iter().map(|(batch, count)| (batch, u64::try_from(count).unwrap_or(0))).collect())
}
