//! What people give beside a questionnaire: an idea, a comment, a piece of work. Each says who wrote it down.

use crate::{
    accounts::{Actor, Person},
    consent::permits::{must_take_part, permits_until_commit, quotes},
    opportunities,
    platform::{Error, Platform, Result, Tx, audit, http::Cursor, text::Check},
    statistics::people::{self, Scope},
};
use entity::{
    ContributionId, MeetingId, OpportunityId, OpportunityKind, OpportunityState, OrganisationId, ParticipantId, Purpose,
    QuotePermission, Time, contribution, meeting, opportunity, participant,
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

impl New {
    /// What is wrong in itself.
    pub fn flaws(&self) -> Check {
        let mut check = Check::new();
        check.text("/text", &self.text, 10_000);
        check
    }
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
    let mut check = check(tx, scope, &new).await?;
    match new.participant {
        Some(participant) if !is_part_of(tx, scope, participant).await? => {
            check.that(false, "/participant", "no_part", "Name somebody who holds a place or has said yes.");
        }
        Some(participant) => {
            let agreed = agrees(tx, platform, scope, participant).await?;
            check.that(
                agreed,
                "/participant",
                "no_consent",
                "This person has not agreed to take part, so their words are not kept.",
            );
            let detail = "This person has not agreed to be quoted like that.";
            check.that(may_quote(tx, platform, scope, participant, new.quote).await?, "/quote", "no_consent", detail);
        }
        None => {
            let nameless = new.quote != QuotePermission::Named;
            check.that(nameless, "/quote", "no_name", "Words of nobody in particular cannot be quoted with a name.");
        }
    }
    check.done()?;
    let made = insert(tx, platform, scope, new, &actor.by).await?;
    let object = format!("contribution:{}", made.id);
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "record_contribution", &object).await?;
    Ok(made)
}

/// What somebody sent in answer to a letter.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Who.
    pub participant: ParticipantId,
    /// To what.
    pub opportunity: OpportunityId,
    /// At which meeting, if the letter was about one.
    pub meeting: Option<MeetingId>,
    /// The words.
    pub text: String,
}

/// Makes a contribution of what somebody sent in answer to a letter, by a member of staff: under the conditions of [`record`].
/// They have not said that it may be quoted, so it may not.
pub async fn take_answer(tx: &Tx, platform: &Platform, actor: &Actor, from: Answered) -> Result<contribution::Model> {
    let scope = Scope { organisation: actor.organisation, opportunity: from.opportunity };
    let found = super::opportunity_until_commit(tx, actor.organisation, from.opportunity).await?;
    if found.state == OpportunityState::Draft {
        return Err(Error::conflict("not_open", "Nothing can be given to an opportunity that was never open."));
    }
    if !agrees(tx, platform, scope, from.participant).await? {
        let detail = "This person has not agreed to take part in this, so their words cannot count here. Set the answer aside, and \
                      say what you did about it.";
        return Err(Error::conflict("no_consent", detail));
    }
    if !is_part_of(tx, scope, from.participant).await? {
        let detail = "This person has no part in this: they neither hold a place nor have said yes. Set the answer aside, and say \
                      what you did about it.";
        return Err(Error::conflict("no_part", detail));
    }
    let new = New { participant: Some(from.participant), meeting: from.meeting, text: from.text, quote: QuotePermission::No };
    insert(tx, platform, scope, new, &actor.by).await
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
    let found = super::opportunity_until_commit(tx, person.organisation, opportunity).await?;
    // Asked with the opportunity in hand: whoever leaves at the same moment has left.
    if !is_part_of(tx, scope, person.participant).await? {
        return Err(Error::NotFound("opportunity"));
    }
    if !takes_contributions(tx, platform, &found).await? {
        return Err(Error::conflict("not_open", "This has ended, so nothing more can be added."));
    }
    must_take_part(tx, person.organisation, person.participant, opportunity, platform.clock.now()).await?;
    let mut check = check(tx, scope, &new).await?;
    let quotable = may_quote(tx, platform, scope, person.participant, new.quote).await?;
    check.that(quotable, "/quote", "no_consent", "You have not agreed to be quoted like that. Read the notice, or choose no.");
    check.done()?;
    insert(tx, platform, scope, New { participant: Some(person.participant), ..new }, &person.by()).await
}

/// Whether people can still give something: to a consultation while it takes answers; to everything else, whose work begins
/// when its places are taken, until its report is published.
async fn takes_contributions(tx: &Tx, platform: &Platform, about: &opportunity::Model) -> Result<bool> {
    if about.kind == OpportunityKind::Consultation {
        return opportunities::is_open(tx, about, platform.clock.now()).await;
    }
    Ok(about.state != OpportunityState::Draft && !super::is_published(tx, about.organisation_id, about.id).await?)
}

async fn check(connection: &impl ConnectionTrait, scope: Scope, new: &New) -> Result<Check> {
    let mut check = new.flaws();
    if let Some(id) = new.meeting {
        let found = meeting::Entity::find_by_id((scope.organisation, id)).one(connection).await?;
        let fits = found.is_some_and(|meeting| meeting.opportunity_id == scope.opportunity);
        check.that(fits, "/meeting", "unknown", "Name a meeting of this opportunity.");
    }
    Ok(check)
}

/// Whether somebody agrees to take part; it stays so until the commit.
async fn agrees(tx: &Tx, platform: &Platform, scope: Scope, participant: ParticipantId) -> Result<bool> {
    let (purpose, about, now) = (Purpose::Participate, scope.opportunity.0, platform.clock.now());
    permits_until_commit(tx, scope.organisation, participant, purpose, about, now).await
}

/// Whether somebody lets their words be quoted in this way.
async fn may_quote(
    tx: &Tx,
    platform: &Platform,
    scope: Scope,
    participant: ParticipantId,
    quote: QuotePermission,
) -> Result<bool> {
    let found = quotes(tx, scope.organisation, scope.opportunity, &[participant], platform.clock.now()).await?;
    Ok(found.get(&participant).copied().unwrap_or_default().limit(quote) == quote)
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

/// The contributions to an opportunity that may be used now, with leave to quote as far as it holds now; those taken back
/// stay as a line without words.
pub async fn list(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    cursor: Cursor,
    now: Time,
) -> Result<Vec<contribution::Model>> {
    super::opportunity(connection, organisation, opportunity).await?;
    let fit = people::used(Scope { organisation, opportunity }, now).add(contribution::Column::WithdrawnAt.is_not_null());
    let mut rows = page(organisation, opportunity, cursor).filter(fit).all(connection).await?;
    let authors: Vec<ParticipantId> = rows.iter().filter_map(|row| row.participant_id).collect();
    let quotes = quotes(connection, organisation, opportunity, &authors, now).await?;
    for row in &mut rows {
        if let Some(author) = row.participant_id {
            row.quote = quotes.get(&author).copied().unwrap_or_default().limit(row.quote);
        }
    }
    Ok(rows)
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

/// One thing that the person gave to an opportunity.
pub async fn own_one(
    connection: &impl ConnectionTrait,
    person: &Person,
    opportunity: OpportunityId,
    id: ContributionId,
) -> Result<contribution::Model> {
    let found = contribution::Entity::find_by_id((person.organisation, id)).one(connection).await?;
    let mine = |row: &contribution::Model| row.participant_id == Some(person.participant) && row.opportunity_id == opportunity;
    found.filter(mine).ok_or(Error::NotFound("contribution"))
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
