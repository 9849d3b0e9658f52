//! Work on many invitations: reminders, the end of an opportunity, invitations that are taken back.

use super::{AGAIN, INVITE, REMIND, TAKEN_BACK, letters::purpose, make, rules};
use crate::{
    accounts::Actor,
    consent::permitted,
    opportunities,
    participants::preferences::today,
    platform::{
        Error, Platform, Result, Tx, audit,
        jobs::{Fault, NewJob, Next, enqueue},
        mail::priority,
    },
};
use chrono::{Days, Duration, NaiveDate};
use entity::{
    InvitationId, InvitationState, MailState, OpportunityId, OpportunityKind, OpportunityState, OrganisationId, ParticipantId,
    ParticipantState, invitation, mail_message, opportunity, organisation, participant, response,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};

/// People in one transaction.
const PAGE: u64 = 1000;
/// Nobody is reminded more often than this.
const MOST_REMINDERS: i32 = 2;
/// Nobody is reminded sooner than this after the last letter.
const GAP: Duration = Duration::days(3);

/// Which opportunity, and how far a job has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Which {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub opportunity: OpportunityId,
}

/// Reads a job's payload.
pub fn payload<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Fault> {
    serde_json::from_value(value).map_err(|error| Fault::GiveUp(format!("a payload that cannot be read: {error}")))
}

/// Reminds those who have not answered; the letters are made by a job.
pub async fn ask_reminders(tx: &Tx, platform: &Platform, actor: &Actor, opportunity: OpportunityId) -> Result<()> {
    let row = opportunity::Entity::find_by_id((actor.organisation, opportunity))
        .one(tx)
        .await?
        .ok_or(Error::NotFound("opportunity"))?;
    if !opportunities::is_open(tx, &row, platform.clock.now()).await? {
        return Err(Error::conflict("closed", "This does not take answers now."));
    }
    let payload = serde_json::json!({"organisation": actor.organisation, "opportunity": opportunity});
    let job = NewJob::now(super::REMINDERS, actor.organisation, payload).once(format!("{}:{opportunity}", super::REMINDERS));
    enqueue(tx, &platform.clock, job).await?;
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "remind", &format!("opportunity:{opportunity}")).await
}

/// Makes reminders, a page at a time, until nobody is left to remind.
pub async fn remind(platform: Platform, value: Value) -> Result<Next, Fault> {
    let which: Which = payload(value)?;
    let (now, organisation) = (platform.clock.now(), which.organisation);
    let tx = platform.db.begin().await?;
    let Some(opportunity) = opportunity::Entity::find_by_id((organisation, which.opportunity)).one(&tx).await? else {
        return Ok(Next::Done);
    };
    if !opportunities::is_open(&tx, &opportunity, now).await? {
        return Ok(Next::Done);
    }
    // Who said yes to a consultation has not given their answers yet.
    let unanswered = match opportunity.kind {
        OpportunityKind::Consultation => vec![InvitationState::Sent, InvitationState::Accepted],
        _ => vec![InvitationState::Sent],
    };
    // A reminder that was made raises the count and the time, so the next page holds other people.
    let due = invitation::Entity::find()
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::OpportunityId.eq(which.opportunity))
        .filter(invitation::Column::State.is_in(unanswered))
        .filter(invitation::Column::Reminders.lt(MOST_REMINDERS))
        .filter(Condition::any().add(invitation::Column::RemindedAt.is_null()).add(invitation::Column::RemindedAt.lte(now - GAP)))
        .filter(invitation::Column::CreatedAt.lte(now - GAP))
        .order_by_asc(invitation::Column::Id)
        .limit(PAGE)
        // Who answers meanwhile is not reminded.
        .lock_exclusive()
        .all(&tx)
        .await?;
    if due.is_empty() {
        return Ok(Next::Done);
    }
    write_reminders(&tx, &platform, REMIND, which.opportunity, &due).await?;
    tx.commit().await?;
    Ok(Next::More)
}

/// Makes a reminder for each of these invitations whose person allows it, and counts it for all.
async fn write_reminders(
    tx: &Tx,
    platform: &Platform,
    kind: &'static str,
    opportunity: OpportunityId,
    due: &[invitation::Model],
) -> Result<()> {
    let Some(organisation) = due.first().map(|row| row.organisation_id) else { return Ok(()) };
    let now = platform.clock.now();
    let people: Vec<ParticipantId> = due.iter().map(|row| row.participant_id).collect();
    let willing = permitted(tx, organisation, &people, purpose(kind), organisation.0, now).await?;
    let done = answered(tx, organisation, opportunity, &people).await?;
    let addresses = addresses(tx, organisation, &people).await?;
    let mut by_round: HashMap<i32, Vec<(InvitationId, ParticipantId, &str)>> = HashMap::new();
    for row in due {
        let fits = willing.contains(&row.participant_id) && !done.contains(&row.participant_id);
        if let Some(address) = addresses.get(&row.participant_id).filter(|_| fits) {
            by_round.entry(row.reminders + 1).or_default().push((row.id, row.participant_id, address));
        }
    }
    let batch = make::batch(tx, platform, organisation, kind, opportunity.0, "system").await?;
    for (n, people) in by_round {
        let letters = make::Letters { organisation, batch, kind, n, priority: priority::REMINDER, expires_at: None };
        make::write(tx, platform, letters, &people).await?;
    }
    invitation::Entity::update_many()
        .col_expr(invitation::Column::Reminders, Expr::col(invitation::Column::Reminders).add(1))
        .col_expr(invitation::Column::RemindedAt, Expr::value(now))
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::Id.is_in(due.iter().map(|row| row.id)))
        .exec(tx)
        .await?;
    invitation::Entity::update_many()
        .col_expr(invitation::Column::State, Expr::value(InvitationState::Sent.word()))
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::Id.is_in(due.iter().map(|row| row.id)))
        .filter(invitation::Column::State.eq(InvitationState::AskLater))
        .exec(tx)
        .await?;
    Ok(())
}

async fn answered(
    tx: &Tx,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    people: &[ParticipantId],
) -> Result<HashSet<ParticipantId>> {
    let found: Vec<ParticipantId> = response::Entity::find()
        .select_only()
        .column(response::Column::ParticipantId)
        .filter(response::Column::OrganisationId.eq(organisation))
        .filter(response::Column::OpportunityId.eq(opportunity))
        .filter(response::Column::ParticipantId.is_in(people.iter().copied()))
        .into_tuple()
        .all(tx)
        .await?;
    Ok(found.into_iter().collect())
}

async fn addresses(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    people: &[ParticipantId],
) -> Result<HashMap<ParticipantId, String>> {
    let found: Vec<(ParticipantId, String)> = participant::Entity::find()
        .select_only()
        .column(participant::Column::Id)
        .column(participant::Column::Email)
        .filter(participant::Column::OrganisationId.eq(organisation))
        .filter(participant::Column::State.eq(ParticipantState::Joined))
        .filter(participant::Column::Id.is_in(people.iter().copied()))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(found.into_iter().collect())
}

/// Asks again those who asked to be asked later and whose day has come where they are. Comes again every hour.
pub async fn ask_again(platform: Platform, _: Value) -> Result<Next, Fault> {
    let now = platform.clock.now();
    let tx = platform.db.begin().await?;
    // No place on earth is more than a day ahead.
    let waiting = invitation::Entity::find()
        .select_only()
        .column(invitation::Column::OrganisationId)
        .filter(invitation::Column::State.eq(InvitationState::AskLater))
        .filter(invitation::Column::AskAgainOn.lte(now.date_naive() + Days::new(1)))
        .into_query();
    let homes = organisation::Entity::find()
        .filter(organisation::Column::Id.in_subquery(waiting))
        .order_by_asc(organisation::Column::Id)
        .all(&tx)
        .await?;
    let mut more = false;
    for home in homes {
        let due = invitation::Entity::find()
            .filter(invitation::Column::OrganisationId.eq(home.id))
            .filter(invitation::Column::State.eq(InvitationState::AskLater))
            .filter(invitation::Column::AskAgainOn.lte(today(&home, now)))
            .order_by_asc(invitation::Column::OpportunityId)
            .limit(PAGE)
            // Who answers meanwhile is not asked again.
            .lock_exclusive()
            .all(&tx)
            .await?;
        more |= u64::try_from(due.len()).unwrap_or(0) == PAGE;
        for group in due.chunk_by(|a, b| a.opportunity_id == b.opportunity_id) {
            if let Some(first) = group.first() {
                write_reminders(&tx, &platform, AGAIN, first.opportunity_id, group).await?;
            }
        }
    }
    tx.commit().await?;
    Ok(if more { Next::More } else { Next::At(now + Duration::hours(1)) })
}

/// Whether the letter that asks has left, or may have.
async fn asked_already(tx: &Tx, organisation: OrganisationId, invitation: InvitationId) -> Result<bool> {
    let found = mail_message::Entity::find()
        .filter(mail_message::Column::OrganisationId.eq(organisation))
        .filter(mail_message::Column::SubjectId.eq(invitation.0))
        .filter(mail_message::Column::Kind.is_in([INVITE, REMIND]))
        .filter(mail_message::Column::State.is_in([MailState::Sent, MailState::Dot, MailState::Uncertain]))
        .one(tx)
        .await?;
    Ok(found.is_some())
}

/// Ends invitations to limited places whose letter could not be delivered, so that a seat does not wait for somebody who
/// never heard of it; matching is told. Comes again every hour.
pub async fn undelivered(platform: Platform, _: Value) -> Result<Next, Fault> {
    let now = platform.clock.now();
    let lost = mail_message::Entity::find()
        .select_only()
        .column(mail_message::Column::SubjectId)
        .filter(mail_message::Column::Kind.eq(INVITE))
        .filter(
            Expr::col((mail_message::Entity, mail_message::Column::OrganisationId))
                .equals((invitation::Entity, invitation::Column::OrganisationId)),
        )
        .filter(
            Expr::col((mail_message::Entity, mail_message::Column::SubjectId))
                .equals((invitation::Entity, invitation::Column::Id)),
        )
        .filter(
            Condition::any()
                .add(mail_message::Column::State.is_in([MailState::Suppressed, MailState::Expired, MailState::Cancelled]))
                // What was refused for another reason than the address is put right, and sent once more.
                .add(mail_message::Column::State.eq(MailState::Failed).and(mail_message::Column::LastStage.eq("recipient"))),
        )
        .into_query();
    let limited = opportunity::Entity::find()
        .select_only()
        .column(opportunity::Column::Id)
        .filter(opportunity::Column::State.eq(OpportunityState::Open))
        .filter(opportunity::Column::Places.is_not_null())
        .into_query();
    let tx = platform.db.begin().await?;
    let ended = invitation::Entity::update_many()
        .col_expr(invitation::Column::State, Expr::value(InvitationState::Ended.word()))
        .col_expr(invitation::Column::EndedAt, Expr::value(now))
        .filter(invitation::Column::State.eq(InvitationState::Sent))
        .filter(invitation::Column::OpportunityId.in_subquery(limited))
        .filter(Expr::exists(lost))
        .exec_with_returning(&tx)
        .await?;
    let seats: HashSet<(OrganisationId, OpportunityId)> =
        ended.iter().map(|row| (row.organisation_id, row.opportunity_id)).collect();
    for (organisation, opportunity) in seats {
        super::places::freed(&tx, &platform, organisation, opportunity).await?;
    }
    tx.commit().await?;
    Ok(Next::At(now + Duration::hours(1)))
}

/// Lets go of places whose day has passed without an answer: who waits moves up, or matching asks the next. The invitation
/// stays open. Comes again every hour.
pub async fn let_go(platform: Platform, _: Value) -> Result<Next, Fault> {
    let now = platform.clock.now();
    let tx = platform.db.begin().await?;
    // No place on earth is more than a day ahead.
    let lapsed = invitation::Entity::find()
        .select_only()
        .column(invitation::Column::OrganisationId)
        .filter(invitation::Column::HeldUntil.lt(now.date_naive() + Days::new(1)))
        .into_query();
    let homes = organisation::Entity::find()
        .filter(organisation::Column::Id.in_subquery(lapsed))
        .order_by_asc(organisation::Column::Id)
        .all(&tx)
        .await?;
    for home in homes {
        let gone = invitation::Entity::update_many()
            .col_expr(invitation::Column::HeldUntil, Expr::value(Option::<NaiveDate>::None))
            .filter(invitation::Column::OrganisationId.eq(home.id))
            .filter(invitation::Column::HeldUntil.lt(today(&home, now)))
            .exec_with_returning(&tx)
            .await?;
        let seats: BTreeSet<OpportunityId> =
            gone.iter().filter(|row| rules::is_open(row.state)).map(|row| row.opportunity_id).collect();
        for opportunity in seats {
            super::places::freed(&tx, &platform, home.id, opportunity).await?;
        }
    }
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(Next::At(now + Duration::hours(1)))
}

/// Ends what is still open when an opportunity closes. People are not written to about it.
pub async fn closed(platform: Platform, value: Value) -> Result<Next, Fault> {
    let which: Which = payload(value)?;
    let tx = platform.db.begin().await?;
    let about = super::places::lock(&tx, which.organisation, which.opportunity).await?;
    // Whoever waits for a place can still move up until it begins.
    let begins = about.starts_at.filter(|_| opportunities::passes_places_on(&about, platform.clock.now()));
    let mut ended = vec![InvitationState::Sent, InvitationState::AskLater];
    if begins.is_none() {
        ended.push(InvitationState::Waiting);
    }
    invitation::Entity::update_many()
        .col_expr(invitation::Column::State, Expr::value(InvitationState::Ended.word()))
        .col_expr(invitation::Column::EndedAt, Expr::value(platform.clock.now()))
        .filter(invitation::Column::OrganisationId.eq(which.organisation))
        .filter(invitation::Column::OpportunityId.eq(which.opportunity))
        .filter(invitation::Column::State.is_in(ended))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(begins.map_or(Next::Done, Next::At))
}

/// Takes back invitations that no longer fit what a person wants: their waiting letters go, and if one was sent already, a
/// neutral letter follows.
pub async fn take_back(
    tx: &Tx,
    platform: &Platform,
    organisation: OrganisationId,
    person: &participant::Model,
    invitations: &[invitation::Model],
) -> Result<()> {
    for row in invitations.iter().filter(|row| rules::is_open(row.state)) {
        let taken = invitation::Entity::update_many()
            .col_expr(invitation::Column::State, Expr::value(InvitationState::Withdrawn.word()))
            .col_expr(invitation::Column::EndedAt, Expr::value(platform.clock.now()))
            .filter(invitation::Column::OrganisationId.eq(organisation))
            .filter(invitation::Column::Id.eq(row.id))
            .filter(invitation::Column::State.is_in(rules::OPEN))
            .exec(tx)
            .await?;
        if taken.rows_affected == 0 {
            // Answered in the meantime: then it is theirs.
            continue;
        }
        // A letter in a worker's hands is not handed over either: its mark is given to leased letters alone.
        mail_message::Entity::update_many()
            .col_expr(mail_message::Column::State, Expr::value(MailState::Cancelled.word()))
            .filter(mail_message::Column::OrganisationId.eq(organisation))
            .filter(mail_message::Column::SubjectId.eq(row.id.0))
            .filter(mail_message::Column::State.is_in([MailState::Queued, MailState::Deferred, MailState::Leased]))
            .exec(tx)
            .await?;
        if person.state == ParticipantState::Joined && asked_already(tx, organisation, row.id).await? {
            let batch = make::batch(tx, platform, organisation, TAKEN_BACK, row.opportunity_id.0, "system").await?;
            let letters = make::Letters {
                organisation,
                batch,
                kind: TAKEN_BACK,
                n: row.version,
                priority: priority::TRANSACTIONAL,
                expires_at: None,
            };
            make::write(tx, platform, letters, &[(row.id, person.id, &person.email)]).await?;
        }
        super::places::freed_if_limited(tx, platform, organisation, row.opportunity_id).await?;
    }
    Ok(())
}
