//! What staff have to do for people: a list that lasts until somebody says that it is done.
//!
//! A task names what to do, and never why somebody did something, or what they are like.

use super::ways::several;
use crate::{
    accounts::{Actor, Power, organisations, readings},
    platform::{Error, Platform, Result, Tx, http::Cursor},
    statistics::disclosure::alone,
};
use chrono::NaiveDate;
use entity::{OpportunityId, OrganisationId, ParticipantId, ReadingOf, TaskId, TaskKind, opportunity, participant, task};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Who changed their part, and how.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Who.
    pub participant: ParticipantId,
    /// How.
    pub kind: TaskKind,
    /// The last day of a pause.
    pub until: Option<NaiveDate>,
}

/// A task with what it is about.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The task.
    pub row: task::Model,
    /// What it is about.
    pub about: opportunity::Model,
    /// Who it is about, for those who may read people.
    pub person: Option<participant::Model>,
}

/// How many tasks of a kind are open.
#[derive(Clone, Debug)]
pub struct Open {
    /// What they are about.
    pub about: opportunity::Model,
    /// Their kind.
    pub kind: TaskKind,
    /// How many.
    pub count: u64,
}

/// Notes that there is something to do, because somebody changed their part. What an earlier pause left to do gives way to it.
pub async fn part_changed(tx: &Tx, platform: &Platform, about: &opportunity::Model, step: Step) -> Result<()> {
    give_way(tx, platform, about.organisation_id, about.id, step.participant).await?;
    add(tx, platform, about, step.kind, Some(step.participant), step.until).await
}

/// Notes that there is something to do, because something was ended.
pub async fn ended(tx: &Tx, platform: &Platform, about: &opportunity::Model) -> Result<()> {
    add(tx, platform, about, TaskKind::Ended, None, None).await
}

/// Nobody need think about a pause any more that is over.
pub async fn give_way(
    tx: &Tx,
    platform: &Platform,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    participant: ParticipantId,
) -> Result<()> {
    task::Entity::update_many()
        .col_expr(task::Column::DoneAt, Expr::value(platform.clock.now()))
        .col_expr(task::Column::DoneBy, Expr::value("system"))
        .filter(task::Column::OrganisationId.eq(organisation))
        .filter(task::Column::OpportunityId.eq(opportunity))
        .filter(task::Column::ParticipantId.eq(participant))
        .filter(task::Column::Kind.eq(TaskKind::Paused))
        .filter(task::Column::DoneAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
}

async fn add(
    tx: &Tx,
    platform: &Platform,
    about: &opportunity::Model,
    kind: TaskKind,
    participant: Option<ParticipantId>,
    until: Option<NaiveDate>,
) -> Result<()> {
    let row = task::ActiveModel {
        organisation_id: Set(about.organisation_id),
        id: Set(platform.clock.new_id()),
        kind: Set(kind),
        opportunity_id: Set(about.id),
        participant_id: Set(participant),
        paused_until: Set(until),
        made_at: Set(platform.clock.now()),
        done_at: Set(None),
        done_by: Set(None),
    };
    task::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// A page of tasks, oldest first, and one more; those that are done, or those that are not. Who they are about is there for those
/// who may read people, and that they looked is noted.
pub async fn list(platform: &Platform, actor: &Actor, done: bool, cursor: Cursor) -> Result<Vec<Listed>> {
    let mut query = task::Entity::find().filter(task::Column::OrganisationId.eq(actor.organisation));
    query = match done {
        true => query.filter(task::Column::DoneAt.is_not_null()),
        false => query.filter(task::Column::DoneAt.is_null()),
    };
    if let Some(after) = cursor.after {
        query = query.filter(task::Column::Id.gt(TaskId(after)));
    }
    let rows = query.order_by_asc(task::Column::Id).limit(cursor.limit + 1).all(platform.db.read()).await?;
    listed(platform, actor, rows).await
}

/// Adds what tasks are about, and who, for those who may know it.
async fn listed(platform: &Platform, actor: &Actor, rows: Vec<task::Model>) -> Result<Vec<Listed>> {
    let (db, organisation) = (platform.db.read(), actor.organisation);
    let abouts = several(db, organisation, rows.iter().map(|row| row.opportunity_id)).await?;
    let mut people = HashMap::new();
    if actor.may(Power::ReadPeople) {
        let named: BTreeSet<Uuid> =
            rows.iter().filter(|row| row.participant_id.is_some()).map(|row| row.opportunity_id.0).collect();
        readings::note_all(platform, actor, ReadingOf::Tasks, &named.into_iter().collect::<Vec<_>>()).await?;
        let found = participant::Entity::find()
            .filter(participant::Column::OrganisationId.eq(organisation))
            .filter(participant::Column::Id.is_in(rows.iter().filter_map(|row| row.participant_id)))
            .all(db)
            .await?;
        people.extend(found.into_iter().map(|person| (person.id, person)));
    }
    let listed = |row: task::Model| {
        let about = abouts.get(&row.opportunity_id).cloned()?;
        let person = row.participant_id.and_then(|id| people.get(&id).cloned());
        Some(Listed { row, about, person })
    };
    Ok(rows.into_iter().filter_map(listed).collect())
}

/// How many tasks are open, by what they are about. For those who run the work they are exact; everybody else is not told of those
/// about few people.
pub async fn open(platform: &Platform, actor: &Actor) -> Result<Vec<Open>> {
    let (db, organisation) = (platform.db.read(), actor.organisation);
    let counts: Vec<(OpportunityId, TaskKind, i64)> = task::Entity::find()
        .select_only()
        .columns([task::Column::OpportunityId, task::Column::Kind])
        .column_as(task::Column::Id.count(), "count")
        .filter(task::Column::OrganisationId.eq(organisation))
        .filter(task::Column::DoneAt.is_null())
        .group_by(task::Column::OpportunityId)
        .group_by(task::Column::Kind)
        .order_by_asc(task::Column::OpportunityId)
        .order_by_asc(task::Column::Kind)
        .into_tuple()
        .all(db)
        .await?;
    let minimum = match actor.may(Power::ManageWork) {
        true => 0,
        false => u64::try_from(organisations::get(platform, organisation).await?.minimum_group).unwrap_or(u64::MAX),
    };
    let abouts = several(db, organisation, counts.iter().map(|(about, ..)| *about)).await?;
    let open = |(about, kind, count): (OpportunityId, TaskKind, i64)| {
        let count = u64::try_from(count).unwrap_or(0);
        // That something was ended is nobody's secret. That few people stepped down is, and so is that anybody did.
        let count = if kind == TaskKind::Ended { count } else { alone(count, minimum).number()? };
        Some(Open { about: abouts.get(&about).cloned()?, kind, count })
    };
    Ok(counts.into_iter().filter_map(open).collect())
}

/// Says that something is done. Saying it twice changes nothing.
pub async fn done(platform: &Platform, actor: &Actor, id: TaskId) -> Result<Listed> {
    let tx = platform.db.begin().await?;
    let found = task::Entity::find_by_id((actor.organisation, id)).lock_exclusive().one(&tx).await?;
    let found = found.ok_or(Error::NotFound("task"))?;
    let row = if found.done_at.is_some() {
        found
    } else {
        let mut row = found.into_active_model();
        row.done_at = Set(Some(platform.clock.now()));
        row.done_by = Set(Some(actor.by.clone()));
        row.update(&tx).await?
    };
    tx.commit().await?;
    listed(platform, actor, vec![row]).await?.pop().ok_or(Error::NotFound("task"))
}
