//! What a meeting was, change by change.

use crate::platform::{Result, Tx};
use entity::{MeetingId, OpportunityId, OrganisationId, Time, meeting, meeting_revision as revision};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use std::collections::HashMap;
use uuid::Uuid;

/// Changes of one meeting that are looked at.
const MOST: u64 = 200;

/// Keeps what a meeting is now.
pub(super) async fn keep(tx: &Tx, row: &meeting::Model, now: Time) -> Result<()> {
    keep_all(tx, std::slice::from_ref(row), now).await
}

/// The same of several.
pub(super) async fn keep_all(tx: &Tx, rows: &[meeting::Model], now: Time) -> Result<()> {
    for some in rows.chunks(200) {
        let rows = some.iter().map(|row| revision::ActiveModel {
            organisation_id: Set(row.organisation_id),
            meeting_id: Set(row.id),
            sequence: Set(row.sequence),
            title: Set(row.title.clone()),
            starts_at: Set(row.starts_at),
            ends_at: Set(row.ends_at),
            location: Set(row.location.clone()),
            cancelled: Set(row.cancelled_at.is_some()),
            made_at: Set(now),
        });
        revision::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// What these meetings were, each from its first day on.
pub(super) async fn of(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    meetings: &[MeetingId],
) -> Result<HashMap<MeetingId, Vec<revision::Model>>> {
    let mut found: HashMap<MeetingId, Vec<revision::Model>> = HashMap::new();
    for some in meetings.chunks(200) {
        let rows = revision::Entity::find()
            .filter(revision::Column::OrganisationId.eq(organisation))
            .filter(revision::Column::MeetingId.is_in(some.iter().copied()))
            .order_by_desc(revision::Column::Sequence)
            .limit(MOST * some.len() as u64)
            .all(connection)
            .await?;
        for row in rows.into_iter().rev() {
            found.entry(row.meeting_id).or_default().push(row);
        }
    }
    Ok(found)
}

/// When the next meeting begins, as it is or ever was arranged: the one that `subject` names, or any where it names all of the
/// opportunity.
pub(super) async fn next_beginning(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    subject: Option<Uuid>,
    now: Time,
) -> Result<Option<Time>> {
    let mut meetings = meeting::Entity::find()
        .select_only()
        .column(meeting::Column::Id)
        .filter(meeting::Column::OrganisationId.eq(organisation))
        .filter(meeting::Column::OpportunityId.eq(opportunity));
    if let Some(one) = subject.filter(|subject| *subject != opportunity.0) {
        meetings = meetings.filter(meeting::Column::Id.eq(one));
    }
    let next = revision::Entity::find()
        .select_only()
        .column(revision::Column::StartsAt)
        .filter(revision::Column::OrganisationId.eq(organisation))
        .filter(revision::Column::MeetingId.in_subquery(meetings.into_query()))
        .filter(revision::Column::StartsAt.gt(now))
        .order_by_asc(revision::Column::StartsAt)
        .limit(1);
    Ok(next.into_tuple().one(connection).await?)
}
