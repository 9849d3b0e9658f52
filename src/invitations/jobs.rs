//! Work on many invitations: reminders, the end of an opportunity, invitations that are taken back.

use super::{AGAIN, DRAW_MOVED, INVITE, REMIND, TAKEN_BACK, letters::purpose, make, places, posted, rules, waiting, wording};
use crate::{
    accounts::Actor,
    consent::permitted,
    opportunities::{self, quotas},
    participants::preferences::today,
    platform::{
        Error, Platform, Result, Tx, audit,
        jobs::{Fault, NewJob, Next, enqueue},
        mail::{self, priority},
    },
};
use chrono::{Days, Duration, NaiveDate};
use entity::{
    InvitationId, InvitationState, MailBatchId, OpportunityId, OpportunityKind, OpportunityState, OrganisationId, ParticipantId,
    ParticipantState, invitation, mail_batch, opportunity, organisation, participant, response,
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
    wording::check::must_be_whole(tx, actor, opportunity).await?;
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
        .filter(
            Condition::any()
                .add(invitation::Column::RemindedAt.is_null())
                .add(invitation::Column::RemindedAt.lte(now - posted::GAP)),
        )
        .filter(posted::may_be_reminded_of(now))
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
    let batch = mail::batch_about(tx, &platform.clock, organisation, kind, opportunity.0, "system").await?;
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

/// Ends invitations whose letter could not be delivered, so that a seat does not wait for somebody who never heard of it;
/// matching is told. Comes again every hour.
pub async fn undelivered(platform: Platform, _: Value) -> Result<Next, Fault> {
    let now = platform.clock.now();
    let of = |limited: bool| {
        let open = opportunity::Entity::find()
            .select_only()
            .column(opportunity::Column::Id)
            .filter(opportunity::Column::State.eq(OpportunityState::Open));
        match limited {
            true => open.filter(opportunity::Column::Places.is_not_null()),
            false => open.filter(opportunity::Column::Places.is_null()),
        }
        .into_query()
    };
    // What the mail server refused can be tried again where nobody else waits for the seat.
    let limited = posted::is_lost(true).add(invitation::Column::OpportunityId.in_subquery(of(true)));
    let others = posted::is_lost(false).add(invitation::Column::OpportunityId.in_subquery(of(false)));
    let tx = platform.db.begin().await?;
    // Those whose mailing was cancelled were not asked; that is something else.
    posted::mark_unsent(&tx, None, now).await?;
    let ended = invitation::Entity::update_many()
        .col_expr(invitation::Column::State, Expr::value(InvitationState::Ended.word()))
        .col_expr(invitation::Column::EndedAt, Expr::value(now))
        .filter(invitation::Column::State.eq(InvitationState::Sent))
        // What somebody chose themselves stays theirs: they have its link.
        .filter(invitation::Column::RunId.is_not_null())
        .filter(Condition::any().add(limited).add(others))
        .exec_with_returning(&tx)
        .await?;
    let seats: HashSet<(OrganisationId, OpportunityId)> =
        ended.iter().map(|row| (row.organisation_id, row.opportunity_id)).collect();
    for (organisation, opportunity) in seats {
        places::freed_if_limited(&tx, &platform, organisation, opportunity).await?;
    }
    tx.commit().await?;
    Ok(Next::At(now + Duration::hours(1)))
}

/// So long a place waits for a letter that has not left: others want it too.
const WAITS: Duration = Duration::days(31);

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
        // A letter that has waited, such as for the end of a quiet time, gives its reader as many days as any other: see `letters::hold`.
        invitation::Entity::update_many()
            .col_expr(invitation::Column::HeldUntil, Expr::value(today(&home, now)))
            .filter(invitation::Column::OrganisationId.eq(home.id))
            .filter(invitation::Column::HeldUntil.lt(today(&home, now)))
            .filter(invitation::Column::CreatedAt.gt(now - WAITS))
            .filter(posted::is_on_its_way())
            .exec(&tx)
            .await?;
        let gone = invitation::Entity::update_many()
            .col_expr(invitation::Column::HeldUntil, Expr::value(Option::<NaiveDate>::None))
            .filter(invitation::Column::OrganisationId.eq(home.id))
            .filter(invitation::Column::HeldUntil.lt(today(&home, now)))
            .exec_with_returning(&tx)
            .await?;
        let seats: BTreeSet<OpportunityId> =
            gone.iter().filter(|row| rules::is_open(row.state)).map(|row| row.opportunity_id).collect();
        for opportunity in seats {
            places::freed(&tx, &platform, home.id, opportunity).await?;
        }
    }
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(Next::At(now + Duration::hours(1)))
}

/// Names are drawn on a later day than people were told: whoever said yes hears of it.
pub async fn draw_moved(platform: Platform, value: Value) -> Result<Next, Fault> {
    let which: Which = payload(value)?;
    let tx = platform.db.begin().await?;
    let about = places::lock(&tx, which.organisation, which.opportunity).await?;
    if quotas::drawn_by(&tx, &about).await?.gathers() {
        waiting::tell_who_waits(&tx, &platform, &about, DRAW_MOVED).await?;
    }
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(Next::Done)
}

/// So long after the day on which names were to be drawn it is given up, where nothing begins before.
const LATE: Duration = Duration::days(28);

#[derive(Deserialize)]
struct Mailing {
    mailing: MailBatchId,
}

/// A mailing was cancelled. Whom its letters were to ask was not asked: they count for nothing, hold no seat, and can be asked
/// again. Nobody else is asked in their stead by itself; whoever cancelled it decides what comes next. Reminders that never
/// left are not counted.
pub async fn mailing_cancelled(platform: Platform, value: Value) -> Result<Next, Fault> {
    let Mailing { mailing } = payload(value)?;
    let tx = platform.db.begin().await?;
    let Some(found) = mail_batch::Entity::find_by_id(mailing).one(&tx).await? else { return Ok(Next::Done) };
    match found.kind.as_str() {
        INVITE => posted::mark_unsent(&tx, Some(mailing), platform.clock.now()).await?,
        REMIND | AGAIN => posted::uncount_reminders(&tx, mailing).await?,
        _ => {}
    }
    tx.commit().await?;
    Ok(Next::Done)
}

/// Ends what is still open when an opportunity closes. Whoever waits for a place can still move up until it begins; only they
/// are written to when it ends: they were told that we write.
pub async fn closed(platform: Platform, value: Value) -> Result<Next, Fault> {
    let which: Which = payload(value)?;
    let tx = platform.db.begin().await?;
    let about = opportunity::Entity::find_by_id((which.organisation, which.opportunity)).one(&tx).await?;
    let Some(about) = about else { return Ok(Next::Done) };
    // Places come first, then invitations.
    let about = places::hold(&tx, about).await?;
    let now = platform.clock.now();
    let begins = about.starts_at.filter(|_| opportunities::passes_places_on(&about, now));
    // Whoever said yes was told that names are drawn: they wait for that, also where there is no beginning.
    let sharing = quotas::drawn_by(&tx, &about).await?;
    let last = sharing.draws_on.filter(|_| sharing.gathers() && about.starts_at.is_none()).map(|day| day + LATE);
    let draws = last.filter(|last| now.date_naive() < *last).map(|_| now + Duration::days(1));
    let next = begins.or(draws);
    invitation::Entity::update_many()
        .col_expr(invitation::Column::State, Expr::value(InvitationState::Ended.word()))
        .col_expr(invitation::Column::EndedAt, Expr::value(platform.clock.now()))
        .filter(invitation::Column::OrganisationId.eq(which.organisation))
        .filter(invitation::Column::OpportunityId.eq(which.opportunity))
        .filter(invitation::Column::State.is_in(rules::OPEN))
        .exec(&tx)
        .await?;
    if next.is_none() {
        waiting::end_waiting(&tx, &platform, &about).await?;
    }
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(next.map_or(Next::Done, Next::At))
}

/// Takes back invitations that no longer fit what a person wants: their waiting letters go, and if one was sent already, a
/// neutral letter follows. Whoever is on a waiting list is taken off it.
pub async fn take_back(
    tx: &Tx,
    platform: &Platform,
    organisation: OrganisationId,
    person: &participant::Model,
    invitations: &[invitation::Model],
) -> Result<()> {
    for row in invitations.iter().filter(|row| rules::is_open(row.state) || row.state == InvitationState::Waiting) {
        let taken = invitation::Entity::update_many()
            .col_expr(invitation::Column::State, Expr::value(InvitationState::Withdrawn.word()))
            .col_expr(invitation::Column::EndedAt, Expr::value(platform.clock.now()))
            .filter(invitation::Column::OrganisationId.eq(organisation))
            .filter(invitation::Column::Id.eq(row.id))
            .filter(invitation::Column::State.eq(row.state))
            .exec(tx)
            .await?;
        if taken.rows_affected == 0 {
            // Answered in the meantime: then it is theirs.
            continue;
        }
        let asked = !posted::asking(tx, organisation, row.id).await?.is_empty();
        posted::take_back(tx, &platform.clock, organisation, row.id, &[]).await?;
        if person.state == ParticipantState::Joined && asked {
            let subject = row.opportunity_id.0;
            let batch = mail::batch_about(tx, &platform.clock, organisation, TAKEN_BACK, subject, "system").await?;
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
        let about = opportunity::Entity::find_by_id((organisation, row.opportunity_id)).one(tx).await?;
        match about {
            Some(about) if row.state == InvitationState::Waiting => places::release(tx, platform, &about, person.id).await?,
            Some(about) if about.places.is_some() => places::freed(tx, platform, organisation, about.id).await?,
            _ => {}
        }
    }
    Ok(())
}
