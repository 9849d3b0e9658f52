//! Word that somebody does not come, sent by themselves for meetings that are still to come.

use super::{revisions, telling};
use crate::{
    accounts::Person,
    consent::permits::permits_until_commit,
    platform::{Platform, Result, Tx},
};
use entity::{Attendance, MeetingId, OpportunityId, Purpose, Time, attendance, meeting};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, ExprTrait, OnConflict},
};

/// The meetings of an opportunity that begin from now on, and do take place; before a time if one is named.
fn coming(person: &Person, opportunity: OpportunityId, now: Time, before: Option<Time>) -> Select<meeting::Entity> {
    let coming = meeting::Entity::find()
        .filter(meeting::Column::OrganisationId.eq(person.organisation))
        .filter(meeting::Column::OpportunityId.eq(opportunity))
        .filter(meeting::Column::CancelledAt.is_null())
        .filter(meeting::Column::StartsAt.gte(now));
    before.into_iter().fold(coming, |coming, before| coming.filter(meeting::Column::StartsAt.lt(before)))
}

/// How many there are.
pub async fn to_come(
    connection: &impl ConnectionTrait,
    person: &Person,
    opportunity: OpportunityId,
    now: Time,
    before: Option<Time>,
) -> Result<u64> {
    Ok(coming(person, opportunity, now, before).count(connection).await?)
}

/// Sends word for the meetings that begin from now on, before a time if one is named. Nothing is kept of somebody who does not
/// agree to take part. Answers for how many meetings.
pub async fn send(
    tx: &Tx,
    platform: &Platform,
    person: &Person,
    opportunity: OpportunityId,
    before: Option<Time>,
) -> Result<u64> {
    let (organisation, now) = (person.organisation, platform.clock.now());
    // Meetings first: staff who write down who was there hold them in the same order.
    let missed = hold(tx, coming(person, opportunity, now, before)).await?;
    if !permits_until_commit(tx, organisation, person.participant, Purpose::Participate, opportunity.0, now).await? {
        return Ok(0);
    }
    let row = |id: &MeetingId| attendance::ActiveModel {
        organisation_id: Set(organisation),
        meeting_id: Set(*id),
        participant_id: Set(person.participant),
        attendance: Set(Attendance::Apologies),
        recorded_by: Set(person.by()),
        recorded_at: Set(now),
    };
    for some in missed.chunks(500) {
        use attendance::Column::{Attendance as Word, MeetingId, OrganisationId, ParticipantId, RecordedAt, RecordedBy};
        let again = OnConflict::columns([OrganisationId, MeetingId, ParticipantId])
            .update_columns([Word, RecordedBy, RecordedAt])
            .to_owned();
        attendance::Entity::insert_many(some.iter().map(row)).on_conflict(again).exec_without_returning(tx).await?;
    }
    renew(tx, person, &missed).await?;
    Ok(u64::try_from(missed.len()).unwrap_or(u64::MAX))
}

/// Takes such word back for meetings that begin from now on: the person may come after all.
pub async fn take_back(tx: &Tx, platform: &Platform, person: &Person, opportunity: OpportunityId) -> Result<()> {
    let held = hold(tx, coming(person, opportunity, platform.clock.now(), None)).await?;
    attendance::Entity::delete_many()
        .filter(attendance::Column::OrganisationId.eq(person.organisation))
        .filter(attendance::Column::MeetingId.is_in(held.iter().copied()))
        .filter(attendance::Column::ParticipantId.eq(person.participant))
        .filter(attendance::Column::RecordedBy.eq(person.by()))
        .filter(attendance::Column::Attendance.eq(Attendance::Apologies))
        .exec(tx)
        .await?;
    renew(tx, person, &held).await
}

/// The ids of meetings, held until the transaction ends.
async fn hold(tx: &Tx, meetings: Select<meeting::Entity>) -> Result<Vec<MeetingId>> {
    let held = meetings.order_by_asc(meeting::Column::Id).lock_exclusive().all(tx).await?;
    Ok(held.into_iter().map(|meeting| meeting.id).collect())
}

/// Whoever has an earlier list of a meeting before them does not write over what was said.
async fn renew(tx: &Tx, person: &Person, held: &[MeetingId]) -> Result<()> {
    meeting::Entity::update_many()
        .col_expr(meeting::Column::Version, Expr::col(meeting::Column::Version).add(1))
        .filter(meeting::Column::OrganisationId.eq(person.organisation))
        .filter(meeting::Column::Id.is_in(held.iter().copied()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Says that the meetings of an opportunity that begin from now on do not take place; whoever was told of them gets one letter.
/// Answers how many.
pub async fn cancel_all(
    tx: &Tx,
    platform: &Platform,
    organisation: entity::OrganisationId,
    opportunity: OpportunityId,
    by: &str,
) -> Result<u64> {
    let now = platform.clock.now();
    let cancelled = meeting::Entity::update_many()
        .col_expr(meeting::Column::CancelledAt, Expr::value(now))
        .col_expr(meeting::Column::Version, Expr::col(meeting::Column::Version).add(1))
        .col_expr(meeting::Column::Sequence, Expr::col(meeting::Column::Sequence).add(1))
        .filter(meeting::Column::OrganisationId.eq(organisation))
        .filter(meeting::Column::OpportunityId.eq(opportunity))
        .filter(meeting::Column::CancelledAt.is_null())
        .filter(meeting::Column::StartsAt.gte(now))
        .exec_with_returning(tx)
        .await?;
    revisions::keep_all(tx, &cancelled, now).await?;
    telling::tell_over(tx, platform, organisation, opportunity, &cancelled, by).await?;
    Ok(u64::try_from(cancelled.len()).unwrap_or(u64::MAX))
}
