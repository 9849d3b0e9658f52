//! What has left, and what has not: the letters of invitations.

use super::{AGAIN, INVITE, REMIND};
use crate::platform::{Clock, Result, Tx, mail};
use chrono::Duration;
use entity::{
    BatchState, InvitationId, InvitationState, MailBatchId, MailMessageId, MailState, OrganisationId, ParticipantId, Time,
    invitation, mail_batch, mail_message, participant,
};
use mail_message::{Column, Entity};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, SelectStatement, SubQueryStatement},
};

/// Nobody is reminded sooner than this after the last letter.
pub const GAP: Duration = Duration::days(3);
/// Letters that ask something.
const ASKING: [&str; 3] = [INVITE, AGAIN, REMIND];

/// Letters about the invitation that a statement looks at.
fn about() -> Select<Entity> {
    Entity::find()
        .select_only()
        .column(Column::SubjectId)
        .filter(Expr::col((Entity, Column::OrganisationId)).equals((invitation::Entity, invitation::Column::OrganisationId)))
        .filter(Expr::col((Entity, Column::SubjectId)).equals((invitation::Entity, invitation::Column::Id)))
}

fn mailings(state: BatchState) -> SelectStatement {
    mail_batch::Entity::find()
        .select_only()
        .column(mail_batch::Column::Id)
        .filter(mail_batch::Column::State.eq(state))
        .into_query()
}

/// Invitations of which a letter has left or may still leave.
fn is_under_way() -> Condition {
    let pending = Condition::all()
        .add(Column::State.is_in(MailState::PENDING))
        .add(Column::BatchId.not_in_subquery(mailings(BatchState::Cancelled)));
    let letters = about().filter(Condition::any().add(Column::State.is_in(MailState::LEFT)).add(pending));
    Condition::all().add(Expr::exists(letters.into_query()))
}

/// Invitations whose letter that asks was given up, and of which nothing has left or can; with `refused`, also those whose
/// address was refused for good. What was refused for another reason is put right, and sent once more.
pub fn is_lost(refused: bool) -> Condition {
    let mut lost = Condition::any().add(Column::State.is_in([MailState::Suppressed, MailState::Expired, MailState::Cancelled]));
    if refused {
        lost = lost.add(Column::State.eq(MailState::Failed).and(Column::LastStage.eq("recipient")));
    }
    let letters = about().filter(Column::Kind.eq(INVITE)).filter(lost);
    Condition::all().add(Expr::exists(letters.into_query())).add(is_under_way().not())
}

/// Invitations of which a letter that asks has left.
pub fn has_asked() -> Condition {
    let letters = about().filter(Column::Kind.is_in(ASKING)).filter(Column::State.is_in(MailState::LEFT));
    Condition::all().add(Expr::exists(letters.into_query()))
}

/// Invitations whose letter that asks may still leave.
pub(super) fn is_on_its_way() -> Condition {
    let letters = about()
        .filter(Column::Kind.eq(INVITE))
        .filter(Column::State.is_in(MailState::PENDING))
        .filter(Column::BatchId.not_in_subquery(mailings(BatchState::Cancelled)));
    Condition::all().add(Expr::exists(letters.into_query()))
}

/// Invitations of which a letter left long enough ago for a reminder, and none since.
pub fn may_be_reminded_of(now: Time) -> Condition {
    let asking = || about().filter(Column::Kind.is_in(ASKING));
    let before = asking().filter(Column::State.eq(MailState::Sent)).filter(Column::SentAt.lte(now - GAP));
    let fresh = Condition::any()
        .add(Column::State.is_in(MailState::PENDING))
        .add(Column::State.is_in([MailState::Dot, MailState::Uncertain]))
        .add(Column::SentAt.gt(now - GAP));
    let since = asking().filter(Column::BatchId.not_in_subquery(mailings(BatchState::Cancelled))).filter(fresh);
    Condition::all().add(Expr::exists(before.into_query())).add(Expr::exists(since.into_query()).not())
}

/// The letters of an invitation that asked something and have left.
pub(super) async fn asking(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    invitation: InvitationId,
) -> Result<Vec<mail_message::Model>> {
    let found = Entity::find()
        .filter(Column::OrganisationId.eq(organisation))
        .filter(Column::SubjectId.eq(invitation.0))
        .filter(Column::Kind.is_in(ASKING))
        .filter(Column::State.is_in(MailState::LEFT))
        .all(connection)
        .await?;
    Ok(found)
}

/// A letter that asked a person something, or is about to.
pub(super) struct Asking {
    /// Which.
    pub id: MailMessageId,
    state: MailState,
    sent_at: Option<Time>,
    next_at: Time,
}

impl Asking {
    /// When it left, or may have; nothing while a worker holds it and has not begun to hand it over.
    pub fn left(&self, now: Time) -> Option<Time> {
        match self.state {
            MailState::Leased => None,
            _ => Some(Ord::min(self.sent_at.unwrap_or(self.next_at), now)),
        }
    }
}

/// Letters but this one that asked a person something on our initiative since then, whatever about, and those that a worker holds.
pub(super) async fn asking_lately(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    person: ParticipantId,
    but: MailMessageId,
    since: Time,
) -> Result<Vec<Asking>> {
    let by_a_run = invitation::Entity::find()
        .select_only()
        .column(invitation::Column::Id)
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::ParticipantId.eq(person))
        .filter(invitation::Column::RunId.is_not_null())
        .into_query();
    let asks =
        Condition::any().add(Column::Kind.eq(REMIND)).add(Column::Kind.eq(INVITE).and(Column::SubjectId.in_subquery(by_a_run)));
    let in_hand = [MailState::Leased, MailState::Dot, MailState::Uncertain];
    // What may have arrived and is sent once more may have asked already.
    let lately = Condition::any()
        .add(Column::State.eq(MailState::Sent).and(Column::SentAt.gt(since)))
        .add(Column::State.is_in(in_hand).and(Column::NextAt.gt(since)))
        .add(Column::State.is_in(MailState::PENDING).and(Column::Doubts.gt(0)));
    let found: Vec<(MailMessageId, MailState, Option<Time>, Time)> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::State, Column::SentAt, Column::NextAt])
        .filter(Column::OrganisationId.eq(organisation))
        .filter(Column::RecipientId.eq(person.0))
        .filter(Column::Id.ne(but))
        .filter(asks)
        .filter(lately)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(found.into_iter().map(|(id, state, sent_at, next_at)| Asking { id, state, sent_at, next_at }).collect())
}

/// Takes letters of an invitation back that have not left. Of these kinds; of all kinds where none is named.
pub(super) async fn take_back(
    tx: &Tx,
    clock: &Clock,
    organisation: OrganisationId,
    invitation: InvitationId,
    kinds: &[&str],
) -> Result<()> {
    let kinds = (!kinds.is_empty()).then(|| Column::Kind.is_in(kinds.iter().copied()));
    let letters =
        Condition::all().add(Column::OrganisationId.eq(organisation)).add(Column::SubjectId.eq(invitation.0)).add_option(kinds);
    mail::take_back(tx, clock, letters, "what it says does not hold any more").await?;
    Ok(())
}

/// Marks the invitations whose letter never left, because its mailing was cancelled: nobody was asked. Of one mailing, or of all.
/// What somebody chose themselves stays theirs.
pub(super) async fn mark_unsent(tx: &Tx, mailing: Option<MailBatchId>, now: Time) -> Result<()> {
    let mut letters = about()
        .filter(Column::Kind.eq(INVITE))
        .filter(Column::State.eq(MailState::Cancelled).or(Column::State.is_in(MailState::PENDING)))
        .filter(Column::BatchId.in_subquery(mailings(BatchState::Cancelled)));
    if let Some(mailing) = mailing {
        letters = letters.filter(Column::BatchId.eq(mailing));
    }
    let marked = invitation::Entity::update_many()
        .col_expr(invitation::Column::State, Expr::value(InvitationState::Unsent.word()))
        .col_expr(invitation::Column::EndedAt, Expr::value(now))
        .filter(invitation::Column::State.eq(InvitationState::Sent))
        .filter(invitation::Column::RunId.is_not_null())
        .filter(Expr::exists(letters.into_query()))
        .filter(is_under_way().not())
        .exec(tx)
        .await?;
    if marked.rows_affected == 0 { Ok(()) } else { forget_asking(tx, now).await }
}

/// Whoever was not asked after all, as it was found now, was asked last when they were before: being asked least recently counts.
async fn forget_asking(tx: &Tx, now: Time) -> Result<()> {
    let asked = || invitation::Entity::find().select_only().filter(invitation::Column::RunId.is_not_null());
    let unsent = asked()
        .column(invitation::Column::ParticipantId)
        .filter(invitation::Column::State.eq(InvitationState::Unsent))
        .filter(invitation::Column::EndedAt.eq(now));
    let same = |of, to| Expr::col((invitation::Entity, of)).equals((participant::Entity, to));
    let before = asked()
        .expr(invitation::Column::CreatedAt.max())
        .filter(invitation::Column::State.ne(InvitationState::Unsent))
        .filter(same(invitation::Column::OrganisationId, participant::Column::OrganisationId))
        .filter(same(invitation::Column::ParticipantId, participant::Column::Id));
    participant::Entity::update_many()
        .col_expr(participant::Column::LastAskedAt, Expr::from(SubQueryStatement::from(before.into_query())))
        .filter(participant::Column::Id.in_subquery(unsent.into_query()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Reminders that were counted and never left, because their mailing was cancelled, are not counted.
pub(super) async fn uncount_reminders(tx: &Tx, mailing: MailBatchId) -> Result<()> {
    let letters = about()
        .filter(Column::BatchId.eq(mailing))
        .filter(Column::State.eq(MailState::Cancelled))
        .filter(Expr::col((Entity, Column::N)).equals((invitation::Entity, invitation::Column::Reminders)));
    invitation::Entity::update_many()
        .col_expr(invitation::Column::Reminders, Expr::col(invitation::Column::Reminders).sub(1))
        .col_expr(invitation::Column::RemindedAt, Expr::value(Option::<Time>::None))
        .filter(invitation::Column::Reminders.gt(0))
        .filter(Expr::exists(letters.into_query()))
        .exec(tx)
        .await?;
    Ok(())
}
