//! Somebody's own answers: that they came in, what became of them, and taking them back.

use crate::{
    accounts::Person,
    opportunities::ways::several,
    platform::{Error, Platform, Result, http::Cursor},
    sessions::contributions,
};
use entity::{ContributionId, ReplyId, contribution, mail_reply, opportunity};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;

/// One of the person's own answers.
#[derive(Clone, Debug)]
pub struct Own {
    /// The answer.
    pub row: mail_reply::Model,
    /// What it is about.
    pub about: Option<opportunity::Model>,
    /// What was made of it.
    pub taken: Option<contribution::Model>,
}

impl Own {
    /// What the person wrote; gone once they took it back.
    pub fn words(&self) -> Option<&str> {
        self.row.words.as_deref().or_else(|| self.taken.as_ref().and_then(|given| given.text.as_deref()))
    }

    /// Whether it counted, and the person took it back.
    pub fn taken_back(&self) -> bool {
        self.taken.as_ref().is_some_and(|given| given.withdrawn_at.is_some())
    }
}

/// A page of the person's own answers, newest first, and one more.
pub async fn list(connection: &impl ConnectionTrait, person: &Person, cursor: Cursor) -> Result<Vec<Own>> {
    let mut query = mail_reply::Entity::find()
        .filter(mail_reply::Column::OrganisationId.eq(person.organisation))
        .filter(mail_reply::Column::ParticipantId.eq(person.participant));
    if let Some(before) = cursor.after {
        query = query.filter(mail_reply::Column::Id.lt(ReplyId(before)));
    }
    let rows = query.order_by_desc(mail_reply::Column::Id).limit(cursor.limit + 1).all(connection).await?;
    let abouts = several(connection, person.organisation, rows.iter().filter_map(|row| row.opportunity_id)).await?;
    let given = contribution::Entity::find()
        .filter(contribution::Column::OrganisationId.eq(person.organisation))
        .filter(contribution::Column::Id.is_in(rows.iter().filter_map(|row| row.contribution_id)))
        .all(connection)
        .await?;
    let given: HashMap<ContributionId, contribution::Model> = given.into_iter().map(|row| (row.id, row)).collect();
    let own = |row: mail_reply::Model| {
        let about = row.opportunity_id.and_then(|id| abouts.get(&id).cloned());
        let taken = row.contribution_id.and_then(|id| given.get(&id).cloned());
        Own { row, about, taken }
    };
    Ok(rows.into_iter().map(own).collect())
}

/// Takes an answer back: its words are erased, and it counts nowhere. One that counts stays as a line without words, because what
/// the person gave does; of any other nothing stays.
pub async fn take_back(platform: &Platform, person: &Person, id: ReplyId) -> Result<()> {
    let tx = platform.db.begin().await?;
    let found = mail_reply::Entity::find_by_id((person.organisation, id)).lock_exclusive().one(&tx).await?;
    let found = found.filter(|row| row.participant_id == person.participant).ok_or(Error::NotFound("answer"))?;
    match found.contribution_id {
        Some(given) => {
            contributions::withdraw(&tx, platform, person, given).await?;
        }
        None => {
            mail_reply::Entity::delete_by_id((person.organisation, id)).exec(&tx).await?;
        }
    }
    Ok(tx.commit().await?)
}
