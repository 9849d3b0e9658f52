//! What staff have looked at about somebody, for that person to see.

use super::me::row;
use crate::{
    accounts::{Person, readings},
    platform::{Platform, Result, http::Cursor},
};
use entity::{ReadingId, ReadingOf, Time, contribution, opportunity, place, reading, response, task};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, sea_query::ExprTrait};
use std::collections::HashMap;
use uuid::Uuid;

/// One look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its id.
    pub id: ReadingId,
    /// The hour.
    pub hour: Time,
    /// What was read.
    pub what: ReadingOf,
    /// The title of the opportunity, where it was about one.
    pub about: Option<String>,
    /// Name of the member of staff, or of the key of another system.
    pub by: String,
    /// Whether another system read it, with a key.
    pub by_key: bool,
}

/// A page of looks, newest first: at the person's own record, at lists that the person is on, and at answers, places
/// and what was said at meetings, where the person gave or has one.
pub async fn at_me(platform: &Platform, person: &Person, cursor: Cursor) -> Result<Vec<Look>> {
    let db = platform.db.read();
    let joined = row(db, person).await?;
    let since = joined.joined_at.unwrap_or(joined.created_at);
    let (org, me) = (person.organisation, person.participant);
    let answered = response::Entity::find()
        .select_only()
        .column(response::Column::OpportunityId)
        .filter(response::Column::OrganisationId.eq(org))
        .filter(response::Column::ParticipantId.eq(me))
        .into_query();
    let placed = place::Entity::find()
        .select_only()
        .column(place::Column::OpportunityId)
        .filter(place::Column::OrganisationId.eq(org))
        .filter(place::Column::ParticipantId.eq(me))
        .into_query();
    let said = contribution::Entity::find()
        .select_only()
        .column(contribution::Column::OpportunityId)
        .filter(contribution::Column::OrganisationId.eq(org))
        .filter(contribution::Column::ParticipantId.eq(me))
        .into_query();
    let changed = task::Entity::find()
        .select_only()
        .column(task::Column::OpportunityId)
        .filter(task::Column::OrganisationId.eq(org))
        .filter(task::Column::ParticipantId.eq(me))
        .into_query();
    let of = |what: &[ReadingOf]| reading::Column::What.is_in(what.iter().copied());
    // A list of hours ago cannot have had somebody on it who came later.
    let lists = of(&[ReadingOf::People, ReadingOf::PeopleFile, ReadingOf::Draw])
        .and(reading::Column::Hour.gte(since - chrono::Duration::hours(1)));
    let mine = Condition::any()
        .add(reading::Column::SubjectId.eq(me.0))
        .add(lists)
        .add(of(&[ReadingOf::Answers, ReadingOf::AnswersFile]).and(reading::Column::SubjectId.in_subquery(answered)))
        .add(reading::Column::What.eq(ReadingOf::Tasks).and(reading::Column::SubjectId.in_subquery(changed)))
        .add(reading::Column::What.eq(ReadingOf::Contributions).and(reading::Column::SubjectId.in_subquery(said)))
        .add(
            of(&[ReadingOf::Places, ReadingOf::Attendance, ReadingOf::Expected])
                .and(reading::Column::SubjectId.in_subquery(placed)),
        );
    let mut query = reading::Entity::find().filter(reading::Column::OrganisationId.eq(org)).filter(mine);
    if let Some(before) = cursor.after {
        query = query.filter(reading::Column::Id.lt(ReadingId(before)));
    }
    let rows = query.order_by_desc(reading::Column::Id).limit(cursor.limit + 1).all(db).await?;
    let names = readings::names(db, org, rows.iter().map(|row| row.actor.as_str())).await?;
    let titles: HashMap<Uuid, String> = opportunity::Entity::find()
        .select_only()
        .column(opportunity::Column::Id)
        .column(opportunity::Column::Title)
        .filter(opportunity::Column::OrganisationId.eq(org))
        .filter(opportunity::Column::Id.is_in(rows.iter().map(|row| row.subject_id)))
        .into_tuple::<(Uuid, String)>()
        .all(db)
        .await?
        .into_iter()
        .collect();
    let look = |row: reading::Model| Look {
        id: row.id,
        hour: row.hour,
        what: row.what,
        about: titles.get(&row.subject_id).cloned(),
        by: names.get(&row.actor).cloned().unwrap_or_else(|| "Somebody who works there no longer".into()),
        by_key: row.actor.starts_with("key:"),
    };
    Ok(rows.into_iter().map(look).collect())
}
