//! Who has looked at what about people. Noted so that the people can see it; one note an hour is enough for that.

use super::Actor;
use crate::platform::{Platform, Result};
use chrono::{DurationRound, TimeDelta};
use entity::{AccountId, ApiKeyId, OrganisationId, ReadingId, ReadingOf, account, api_key, reading};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, TryInsertResult, sea_query::OnConflict,
};
use std::collections::HashMap;
use uuid::Uuid;

/// Notes that somebody reads something about people. `subject` is the participant, the opportunity, or the organisation.
///
/// It is written before the answer goes out: who cannot be noted does not read.
pub async fn note(platform: &Platform, actor: &Actor, what: ReadingOf, subject: Uuid) -> Result<()> {
    note_all(platform, actor, what, &[subject]).await
}

/// The same about several subjects: two statements, however many there are.
pub async fn note_all(platform: &Platform, actor: &Actor, what: ReadingOf, subjects: &[Uuid]) -> Result<()> {
    let now = platform.clock.now();
    let hour = now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now);
    let there: Vec<Uuid> = reading::Entity::find()
        .select_only()
        .column(reading::Column::SubjectId)
        .filter(reading::Column::OrganisationId.eq(actor.organisation))
        .filter(reading::Column::SubjectId.is_in(subjects.iter().copied()))
        .filter(reading::Column::What.eq(what))
        .filter(reading::Column::Actor.eq(actor.by.as_str()))
        .filter(reading::Column::Hour.eq(hour))
        .into_tuple()
        .all(platform.db.read())
        .await?;
    let row = |subject: &Uuid| reading::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(platform.clock.new_id::<ReadingId>()),
        actor: Set(actor.by.clone()),
        what: Set(what),
        subject_id: Set(*subject),
        hour: Set(hour),
    };
    let rows: Vec<reading::ActiveModel> = subjects.iter().filter(|subject| !there.contains(subject)).map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let key = [
        reading::Column::OrganisationId,
        reading::Column::SubjectId,
        reading::Column::What,
        reading::Column::Actor,
        reading::Column::Hour,
    ];
    // Two readings of the same hour may arrive at the same moment.
    let _: TryInsertResult<_> = reading::Entity::insert_many(rows)
        .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(platform.db.write())
        .await?;
    Ok(())
}

/// The names of those who have read or done something: of accounts the person's, of keys the key's.
pub async fn names(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    actors: impl Iterator<Item = &str>,
) -> Result<HashMap<String, String>> {
    let (mut accounts, mut keys) = (Vec::new(), Vec::new());
    for actor in actors {
        match actor.split_once(':') {
            Some(("account", id)) => accounts.extend(id.parse::<AccountId>()),
            Some(("key", id)) => keys.extend(id.parse::<ApiKeyId>()),
            _ => {}
        }
    }
    let mut names = HashMap::new();
    for account in account::Entity::find().filter(account::Column::Id.is_in(accounts)).all(connection).await? {
        names.insert(format!("account:{}", account.id), account.name);
    }
    let keys = api_key::Entity::find()
        .filter(api_key::Column::OrganisationId.eq(organisation))
        .filter(api_key::Column::Id.is_in(keys))
        .all(connection)
        .await?;
    names.extend(keys.into_iter().map(|key| (format!("key:{}", key.id), key.name)));
    Ok(names)
}
