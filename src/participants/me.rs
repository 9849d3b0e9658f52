//! A person's own page: who they are here, what they gave for fair representation, and leaving.

use super::{LEFT, joining::check_person, links, news, sessions, topics::is_key, trials};
use crate::{
    accounts::Person,
    platform::{
        Error, Platform, Result, Tx,
        http::etag,
        jobs::{self, NewJob},
        mail,
        text::Check,
    },
};
use entity::{
    DemographicId, OrganisationId, ParticipantId, ParticipantState, Time, TrialEnd, demographic, organisation, participant,
    suppression,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, sea_query::LockType,
};
use std::collections::BTreeSet;

/// Facts somebody can give.
const FACTS: usize = 50;

/// A person and their organisation.
pub async fn get(platform: &Platform, person: &Person) -> Result<(participant::Model, organisation::Model)> {
    let db = platform.db.read();
    let found = row(db, person).await?;
    let organisation = organisation::Entity::find_by_id(person.organisation).one(db).await?;
    Ok((found, organisation.ok_or(Error::NotFound("organisation"))?))
}

/// What is kept about a person.
pub async fn row(connection: &impl ConnectionTrait, person: &Person) -> Result<participant::Model> {
    let found = participant::Entity::find_by_id((person.organisation, person.participant)).one(connection).await?;
    found.ok_or(Error::NotFound("participant"))
}

/// The weaker lock lets others go on writing rows that belong to the person, such as what they take back meanwhile.
async fn locked(tx: &Tx, person: &Person) -> Result<participant::Model> {
    let found =
        participant::Entity::find_by_id((person.organisation, person.participant)).lock(LockType::NoKeyUpdate).one(tx).await?;
    found.ok_or(Error::NotFound("participant"))
}

/// Changes name and language.
pub async fn change(
    platform: &Platform,
    person: &Person,
    if_match: Option<&str>,
    name: Option<String>,
    language: String,
) -> Result<participant::Model> {
    let mut check = Check::new();
    check_person(&mut check, name.as_deref(), Some(&language));
    check.done()?;
    let tx = platform.db.begin().await?;
    let old = locked(&tx, person).await?;
    etag::expect(if_match, old.version)?;
    let version = old.version + 1;
    let mut row = old.into_active_model();
    row.name = Set(name.map(|name| name.trim().to_owned()));
    row.language = Set(language);
    row.version = Set(version);
    let changed = row.update(&tx).await?;
    tx.commit().await?;
    Ok(changed)
}

/// Leaves: every session and link ends, and nothing more is asked of the person. Leaving twice changes nothing; answers
/// whether it was the first time.
pub async fn leave(tx: &Tx, platform: &Platform, person: &Person) -> Result<bool> {
    let old = locked(tx, person).await?;
    if old.state == ParticipantState::Left {
        return Ok(false);
    }
    let version = old.version + 1;
    let mut row = old.into_active_model();
    row.state = Set(ParticipantState::Left);
    row.left_at = Set(Some(platform.clock.now()));
    row.version = Set(version);
    row.update(tx).await?;
    sessions::end_all(tx, platform, person, None).await?;
    links::end_all(tx, platform, person.organisation, person.participant).await?;
    trials::finish(tx, platform, person.organisation, person.participant, TrialEnd::WentBack).await?;
    news::forget(tx, person.organisation, person.participant).await?;
    let payload = serde_json::json!({"organisation": person.organisation, "participant": person.participant});
    jobs::enqueue(tx, &platform.clock, NewJob::now(LEFT, person.organisation, payload)).await?;
    Ok(true)
}

/// Letters that do not reach a person, because they stopped them or their mailbox refused them.
pub async fn stopped_letters(platform: &Platform, person: &Person) -> Result<Vec<suppression::Model>> {
    let db = platform.db.read();
    let row = row(db, person).await?;
    mail::suppression::of(db, platform, person.organisation, &row.email_key).await
}

/// Lets letters of a family come again: the person asks for it themselves. Twice changes nothing.
pub async fn let_letters_come(platform: &Platform, person: &Person, family: &str) -> Result<()> {
    let row = row(platform.db.read(), person).await?;
    mail::suppression::lift(platform.db.write(), platform, person.organisation, &row.email_key, family).await?;
    Ok(())
}

/// One fact that somebody gave for fair representation.
pub struct Fact {
    /// Which kind of fact, such as `age_band`.
    pub dimension: String,
    /// The group, such as `25_34`.
    pub category: String,
}

/// The facts a person has given, with the version of their record.
pub async fn facts(platform: &Platform, person: &Person) -> Result<(i32, Vec<demographic::Model>)> {
    let db = platform.db.read();
    let version = row(db, person).await?.version;
    let facts = demographic::Entity::find()
        .filter(demographic::Column::OrganisationId.eq(person.organisation))
        .filter(demographic::Column::ParticipantId.eq(person.participant))
        .order_by_asc(demographic::Column::Dimension)
        .all(db)
        .await?;
    Ok((version, facts))
}

/// Replaces the facts a person has given. Whether the person agrees to that is asked by the room of consent.
pub async fn give_facts(tx: &Tx, platform: &Platform, person: &Person, if_match: Option<&str>, facts: Vec<Fact>) -> Result<()> {
    check_facts(&facts)?;
    let old = locked(tx, person).await?;
    etag::expect(if_match, old.version)?;
    demographic::Entity::delete_many()
        .filter(demographic::Column::OrganisationId.eq(person.organisation))
        .filter(demographic::Column::ParticipantId.eq(person.participant))
        .exec(tx)
        .await?;
    let rows: Vec<_> = facts
        .into_iter()
        .map(|fact| demographic::ActiveModel {
            organisation_id: Set(person.organisation),
            id: Set(platform.clock.new_id::<DemographicId>()),
            participant_id: Set(person.participant),
            dimension: Set(fact.dimension),
            category: Set(fact.category.trim().to_owned()),
            recorded_at: Set(platform.clock.now()),
        })
        .collect();
    if !rows.is_empty() {
        demographic::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    let version = old.version + 1;
    let mut row = old.into_active_model();
    row.version = Set(version);
    row.update(tx).await?;
    Ok(())
}

/// Erases the facts that somebody gave up to a time.
pub async fn erase_facts(tx: &Tx, organisation: OrganisationId, participant: ParticipantId, until: Time) -> Result<()> {
    demographic::Entity::delete_many()
        .filter(demographic::Column::OrganisationId.eq(organisation))
        .filter(demographic::Column::ParticipantId.eq(participant))
        .filter(demographic::Column::RecordedAt.lte(until))
        .exec(tx)
        .await?;
    Ok(())
}

fn check_facts(facts: &[Fact]) -> Result<()> {
    let mut check = Check::new();
    check.items("", facts.len(), FACTS);
    let mut seen = BTreeSet::new();
    for (number, fact) in facts.iter().enumerate().take(FACTS) {
        let at = format!("/{number}/dimension");
        check.that(is_key(&fact.dimension), &at, "form", "Use small letters, digits and underscores, such as age.");
        check.that(seen.insert(fact.dimension.as_str()), &at, "repeated", "Give each kind of fact once.");
        check.line(&format!("/{number}/category"), &fact.category, 120);
    }
    check.done()
}
