//! What staff see of people: no more than they need to work with them.

use crate::{
    accounts::{Actor, readings},
    platform::{Error, Platform, Result, audit, csv, http::Cursor},
};
use entity::{ParticipantId, ParticipantState, ReadingOf, Time, participant};
use futures_util::{Stream, stream};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{
    known::{Known, Learns},
    preferences,
};

/// People read with one statement for an export.
const ROWS: u64 = 1000;

/// A page of people, in the order in which they became known.
pub async fn list(
    platform: &Platform,
    actor: &Actor,
    state: Option<ParticipantState>,
    cursor: &Cursor,
) -> Result<Vec<participant::Model>> {
    readings::note(platform, actor, ReadingOf::People, actor.organisation.0).await?;
    let mut query = participant::Entity::find().filter(participant::Column::OrganisationId.eq(actor.organisation));
    if let Some(state) = state {
        query = query.filter(participant::Column::State.eq(state));
    }
    if let Some(after) = cursor.after {
        query = query.filter(participant::Column::Id.gt(ParticipantId(after)));
    }
    Ok(query.order_by_asc(participant::Column::Id).limit(cursor.limit + 1).all(platform.db.read()).await?)
}

/// One person, as staff who work with them see them.
pub struct Detail {
    /// The person.
    pub person: participant::Model,
    /// The number of the version of their preferences that counts.
    pub version: i32,
    /// What has to be kept to; nothing more is needed of people who have not joined, or have left.
    pub known: Option<Known>,
}

/// One person, with what staff who work with them have to know. The look is noted for them.
pub async fn get(platform: &Platform, actor: &Actor, id: ParticipantId) -> Result<Detail> {
    let db = platform.db.read();
    let found = participant::Entity::find_by_id((actor.organisation, id)).one(db).await?;
    let person = found.ok_or(Error::NotFound("participant"))?;
    readings::note(platform, actor, ReadingOf::Person, id.0).await?;
    if person.state != ParticipantState::Joined {
        return Ok(Detail { person, version: 0, known: None });
    }
    let (version, doc) = preferences::current(db, &person).await?;
    Ok(Detail { person, version, known: Some(Known::of(&doc, Learns::Coordinators)) })
}

/// The heading of an export.
const COLUMNS: [&str; 7] = ["id", "email", "name", "language", "state", "source", "joined_at"];

/// All people as a CSV file, read and handed over a thousand at a time. The export is audited before it begins.
pub async fn export(
    platform: &Platform,
    actor: &Actor,
) -> Result<impl Stream<Item = Result<Vec<u8>, std::io::Error>> + Send + 'static> {
    readings::note(platform, actor, ReadingOf::PeopleFile, actor.organisation.0).await?;
    let tx = platform.db.begin().await?;
    let object = format!("organisation:{}", actor.organisation);
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "export_people", &object).await?;
    tx.commit().await?;
    let (platform, organisation) = (platform.clone(), actor.organisation);
    let rows = stream::try_unfold(Some(None::<ParticipantId>), move |at| {
        let platform = platform.clone();
        async move {
            let Some(after) = at else { return Ok(None) };
            let mut query = participant::Entity::find().filter(participant::Column::OrganisationId.eq(organisation));
            let mut file = Vec::new();
            match after {
                Some(after) => query = query.filter(participant::Column::Id.gt(after)),
                None => csv::write_line(&mut file, COLUMNS),
            }
            let query = query.order_by_asc(participant::Column::Id).limit(ROWS);
            let people = query.all(platform.db.read()).await.map_err(std::io::Error::other)?;
            for person in &people {
                csv::write_line(&mut file, line(person));
            }
            let next = people.last().map(|last| Some(last.id));
            Ok::<_, std::io::Error>(Some((file, next)))
        }
    });
    Ok(rows)
}

fn line(person: &participant::Model) -> [String; 7] {
    [
        person.id.to_string(),
        person.email.clone(),
        person.name.clone().unwrap_or_default(),
        person.language.clone(),
        person.state.word(),
        person.source.word(),
        person.joined_at.map(|at: Time| at.to_rfc3339()).unwrap_or_default(),
    ]
}
