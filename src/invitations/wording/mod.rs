//! What coordinators say in letters in their own words: behind the greeting, and at the end. The facts, what is promised, why somebody
//! was asked, and how to say no or to stop letters are what people are owed: those words are not theirs to change.
//!
//! Nobody ever gets a letter with a hole in it. Words are looked at when they are kept, before anybody is asked, and once more when
//! the letter is written.
//!
//! Every version is kept. A letter says what the words were when it was made, however often it is sent: words that change while
//! letters wait are for letters that are made afterwards.

pub mod api;
pub mod check;
pub mod markdown;
pub mod rules;
pub mod show;

use crate::{
    accounts::Actor,
    opportunities::ways,
    platform::{Platform, Result, audit, http::etag},
};
use entity::{LetterWord, LetterWords, OpportunityId, OrganisationId, OwnLetter, Time, letter_words};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::{AGAIN, INVITE, PLACE, REMIND};

/// Kind of a letter that a member of staff sends to themselves to see it.
pub const TEST: &str = "letters.test";

/// Which of the letters that have words of their own a kind of letter is.
pub fn letter_of(kind: &str) -> Option<OwnLetter> {
    match kind {
        INVITE => Some(OwnLetter::Invite),
        AGAIN => Some(OwnLetter::Again),
        REMIND => Some(OwnLetter::Remind),
        PLACE => Some(OwnLetter::Place),
        _ => None,
    }
}

/// The newest version of an opportunity's words, if there are any.
pub async fn newest(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    id: OpportunityId,
) -> Result<Option<letter_words::Model>> {
    let newest = letter_words::Entity::find()
        .filter(letter_words::Column::OrganisationId.eq(organisation))
        .filter(letter_words::Column::OpportunityId.eq(id))
        .order_by_desc(letter_words::Column::N);
    Ok(newest.one(connection).await?)
}

/// The words as they were at a time.
pub async fn at(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    id: OpportunityId,
    time: Time,
) -> Result<Vec<LetterWord>> {
    let then = letter_words::Entity::find()
        .filter(letter_words::Column::OrganisationId.eq(organisation))
        .filter(letter_words::Column::OpportunityId.eq(id))
        .filter(letter_words::Column::WrittenAt.lte(time))
        .order_by_desc(letter_words::Column::N);
    Ok(then.one(connection).await?.map(|row| row.words.0).unwrap_or_default())
}

/// Writes all words of an opportunity's letters anew, as one version.
///
/// # Errors
/// Everything that is wrong with them, each with the line on which it stands; a version that is no longer the newest.
pub async fn set(
    platform: &Platform,
    actor: &Actor,
    id: OpportunityId,
    if_match: Option<&str>,
    mut words: Vec<LetterWord>,
) -> Result<letter_words::Model> {
    let tx = platform.db.begin().await?;
    ways::hold(&tx, actor.organisation, id).await?;
    let version = newest(&tx, actor.organisation, id).await?.map_or(0, |row| row.n);
    etag::expect(if_match, version)?;
    rules::check(&mut words).done()?;
    let row = letter_words::ActiveModel {
        organisation_id: Set(actor.organisation),
        opportunity_id: Set(id),
        n: Set(version + 1),
        words: Set(LetterWords(words)),
        written_by: Set(actor.by.clone()),
        written_at: Set(platform.clock.now()),
    };
    let row = row.insert(&tx).await?;
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "write_letters", &ways::object(id)).await?;
    tx.commit().await?;
    Ok(row)
}
