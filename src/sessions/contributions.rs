//! What people give beside a questionnaire: an idea, a comment, a piece of work. Each says who wrote it down.

use crate::{
    accounts::{Actor, Person},
    platform::{Error, Platform, Result, Tx, audit, http::Cursor, text::Check},
    statistics::people::{self, Scope},
};
use entity::{
    ContributionId, MeetingId, OpportunityId, OpportunityState, OrganisationId, ParticipantId, QuotePermission, contribution,
    meeting, participant,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

/// A contribution to record.
#[derive(Clone, Debug)]
pub struct New {
    /// Whose it is, where that is known.
    pub participant: Option<ParticipantId>,
    /// At which meeting.
    pub meeting: Option<MeetingId>,
    /// The words.
    pub text: String,
    /// Whether they may be quoted.
    pub quote: QuotePermission,
}

/// Records what somebody gave, by a member of staff.
pub async fn record(
    tx: &Tx,
    platform: &Platform,
    actor: &Actor,
    opportunity: OpportunityId,
    new: New,
) -> Result<contribution::Model> {
    let found = super::opportunity(tx, actor.organisation, opportunity).await?;
    if found.state == OpportunityState::Draft {
        return Err(Error::conflict("not_open", "Nothing can be given to an opportunity that was never open."));
    }
    let scope = Scope { organisation: actor.organisation, opportunity };
    check(tx, scope, &new).await?;
    if let Some(participant) = new.participant
        && !is_part_of(tx, scope, participant).await?
    {
        return Err(Error::invalid("/participant", "no_part", "Name somebody who holds a place or has said yes."));
    }
    let quotable = new.participant.is_some() || new.quote != QuotePermission::Named;
    Check::new().that(quotable, "/quote", "no_name", "Words of nobody in particular cannot be quoted with a name.").done()?;
    let made = insert(tx, platform, scope, new, &actor.by).await?;
    let object = format!("contribution:{}", made.id);
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "record_contribution", &object).await?;
    Ok(made)
}

/// Takes what a participant gives.
pub async fn give(
    tx: &Tx,
    platform: &Platform,
    person: &Person,
    opportunity: OpportunityId,
    new: New,
) -> Result<contribution::Model> {
    let scope = Scope { organisation: person.organisation, opportunity };
    if !is_part_of(tx, scope, person.participant).await? {
        return Err(Error::NotFound("opportunity"));
    }
    let found = super::opportunity(tx, person.organisation, opportunity).await?;
    if found.state != OpportunityState::Open {
        return Err(Error::conflict("not_open", "This has ended, so nothing more can be added."));
    }
    check(tx, scope, &new).await?;
    insert(tx, platform, scope, New { participant: Some(person.participant), ..new }, &person.by()).await
}

async fn check(connection: &impl ConnectionTrait, scope: Scope, new: &New) -> Result<()> {
    let mut check = Check::new();
    check.text("/text", &new.text, 10_000);
    if let Some(id) = new.meeting {
        let found = meeting::Entity::find_by_id((scope.organisation, id)).one(connection).await?;
        let fits = found.is_some_and(|meeting| meeting.opportunity_id == scope.opportunity);
        check.that(fits, "/meeting", "unknown", "Name a meeting of this opportunity.");
    }
    check.done()
}

/// Whether somebody holds a place or has accepted an invitation.
async fn is_part_of(connection: &impl ConnectionTrait, scope: Scope, participant: ParticipantId) -> Result<bool> {
    let belongs = people::one_belongs(scope, participant);
    let found = participant::Entity::find_by_id((scope.organisation, participant)).filter(belongs).count(connection).await?;
    Ok(found > 0)
}

async fn insert(tx: &Tx, platform: &Platform, scope: Scope, new: New, by: &str) -> Result<contribution::Model> {
    let row = contribution::ActiveModel {
        organisation_id: Set(scope.organisation),
        id: Set(platform.clock.new_id()),
        opportunity_id: Set(scope.opportunity),
        meeting_id: Set(new.meeting),
        participant_id: Set(new.participant),
        text: Set(Some(new.text)),
        quote: Set(new.quote),
        recorded_by: Set(by.to_owned()),
        created_at: Set(platform.clock.now()),
        withdrawn_at: Set(None),
    };
    Ok(row.insert(tx).await?)
}

/// The contributions to an opportunity; those taken back stay as a line without words.
pub async fn list(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    cursor: Cursor,
) -> Result<Vec<contribution::Model>> {
    super::opportunity(connection, organisation, opportunity).await?;
    Ok(page(organisation, opportunity, cursor).all(connection).await?)
}

/// What the person gave to an opportunity.
pub async fn own(
    connection: &impl ConnectionTrait,
    person: &Person,
    opportunity: OpportunityId,
    cursor: Cursor,
) -> Result<Vec<contribution::Model>> {
    let mine = page(person.organisation, opportunity, cursor).filter(contribution::Column::ParticipantId.eq(person.participant));
    Ok(mine.all(connection).await?)
}

fn page(organisation: OrganisationId, opportunity: OpportunityId, cursor: Cursor) -> sea_orm::Select<contribution::Entity> {
    let query = contribution::Entity::find()
        .filter(contribution::Column::OrganisationId.eq(organisation))
        .filter(contribution::Column::OpportunityId.eq(opportunity))
        .order_by_asc(contribution::Column::Id)
        .limit(cursor.limit + 1);
    match cursor.after {
        Some(after) => query.filter(contribution::Column::Id.gt(after)),
        None => query,
    }
}

/// Takes back what the person gave: the words are erased, and it counts nowhere any more.
pub async fn withdraw(tx: &Tx, platform: &Platform, person: &Person, id: ContributionId) -> Result<contribution::Model> {
    let found = contribution::Entity::find_by_id((person.organisation, id)).lock_exclusive().one(tx).await?;
    let found = found.filter(|row| row.participant_id == Some(person.participant)).ok_or(Error::NotFound("contribution"))?;
    if found.withdrawn_at.is_some() {
        return Ok(found);
    }
    let mut row = found.into_active_model();
    row.text = Set(None);
    row.withdrawn_at = Set(Some(platform.clock.now()));
    Ok(row.update(tx).await?)
}
