//! Answers as staff read them.

use super::may_read;
use crate::{
    accounts::{Actor, readings},
    opportunities::ways::several,
    platform::{Error, Platform, Result, http::Cursor},
};
use entity::{
    OpportunityId, OrganisationId, ReadingOf, ReplyId, ReplyState, contribution, mail_reply, meeting, opportunity, participant,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

/// An answer without its words, and with what it is about.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The answer; its words are left out.
    pub row: mail_reply::Model,
    /// What it is about.
    pub about: Option<opportunity::Model>,
}

/// An answer to read.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The answer.
    pub row: mail_reply::Model,
    /// What it is about.
    pub about: Option<opportunity::Model>,
    /// The meeting that the letter was about.
    pub meeting: Option<meeting::Model>,
    /// Whom the letter went to.
    pub person: Option<participant::Model>,
    /// What was made of it.
    pub taken: Option<contribution::Model>,
}

impl Whole {
    /// What the person wrote: in the contribution once it was taken, until the person takes it back.
    pub fn words(&self) -> Option<&str> {
        self.row.words.as_deref().or_else(|| self.taken.as_ref().and_then(|given| given.text.as_deref()))
    }
}

/// Which answers to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Those in this state.
    pub state: Option<ReplyState>,
    /// Those about this opportunity.
    pub opportunity: Option<OpportunityId>,
}

/// A page of answers, oldest first, and one more. It tells neither words nor names, so looking at it is not noted.
pub async fn list(platform: &Platform, actor: &Actor, filter: Filter, cursor: Cursor) -> Result<Vec<Listed>> {
    may_read(actor)?;
    let (db, organisation) = (platform.db.read(), actor.organisation);
    let mut query = mail_reply::Entity::find().filter(mail_reply::Column::OrganisationId.eq(organisation));
    if let Some(state) = filter.state {
        query = query.filter(mail_reply::Column::State.eq(state));
    }
    if let Some(opportunity) = filter.opportunity {
        query = query.filter(mail_reply::Column::OpportunityId.eq(opportunity));
    }
    if let Some(after) = cursor.after {
        query = query.filter(mail_reply::Column::Id.gt(ReplyId(after)));
    }
    let rows = query.order_by_asc(mail_reply::Column::Id).limit(cursor.limit + 1).all(db).await?;
    let abouts = several(db, organisation, rows.iter().filter_map(|row| row.opportunity_id)).await?;
    let listed = |row: mail_reply::Model| {
        let about = row.opportunity_id.and_then(|id| abouts.get(&id).cloned());
        Listed { row: mail_reply::Model { words: None, whole: None, reason: None, ..row }, about }
    };
    Ok(rows.into_iter().map(listed).collect())
}

/// How many answers nobody has decided about.
pub async fn waiting(connection: &impl ConnectionTrait, organisation: OrganisationId) -> Result<u64> {
    let new = mail_reply::Entity::find()
        .filter(mail_reply::Column::OrganisationId.eq(organisation))
        .filter(mail_reply::Column::State.eq(ReplyState::New));
    Ok(new.count(connection).await?)
}

/// One answer with its words. That somebody looked is noted for the person first.
pub async fn get(platform: &Platform, actor: &Actor, id: ReplyId) -> Result<Whole> {
    may_read(actor)?;
    let (db, organisation) = (platform.db.read(), actor.organisation);
    let row = mail_reply::Entity::find_by_id((organisation, id)).one(db).await?.ok_or(Error::NotFound("answer"))?;
    readings::note(platform, actor, ReadingOf::Reply, row.participant_id.0).await?;
    let about = match row.opportunity_id {
        Some(id) => opportunity::Entity::find_by_id((organisation, id)).one(db).await?,
        None => None,
    };
    let meeting = match row.meeting_id {
        Some(id) => meeting::Entity::find_by_id((organisation, id)).one(db).await?,
        None => None,
    };
    let taken = match row.contribution_id {
        Some(id) => contribution::Entity::find_by_id((organisation, id)).one(db).await?,
        None => None,
    };
    let person = participant::Entity::find_by_id((organisation, row.participant_id)).one(db).await?;
    Ok(Whole { row, about, meeting, person, taken })
}
