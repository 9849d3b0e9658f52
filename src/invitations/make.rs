//! Making invitations: rows, links and letters in the caller's transaction, a constant number of statements a thousand people.

use super::{INVITE, letters};
use crate::{
    opportunities::{self, quotas},
    participants::links::unsubscribe_links,
    platform::{
        Platform, Result, Tx,
        mail::{self, NewLetter, priority},
        secret::TokenKind,
    },
};
use chrono::NaiveDate;
use entity::{
    InvitationId, InvitationState, MailBatchId, MailMessageId, MailState, MatchRunId, OpportunityId, OrganisationId,
    ParticipantId, RecipientKind, Time, WhyAsked, invitation, invitation_link, mail_message, opportunity, participant,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, OnConflict},
};
use std::collections::HashMap;

/// Rows in one statement.
const ROWS: usize = 500;

/// Somebody to be invited. That they may be was decided by `matching`.
#[derive(Clone, Debug)]
pub struct Invitee {
    /// Who.
    pub participant: ParticipantId,
    /// Where the letter goes.
    pub address: String,
    /// A question is put first; the first reason says why.
    pub question_first: bool,
    /// Why they were asked, for their own eyes.
    pub why: Vec<String>,
}

/// Makes invitations with their letters.
pub async fn make(
    tx: &Tx,
    platform: &Platform,
    opportunity: &opportunity::Model,
    run: Option<MatchRunId>,
    people: Vec<Invitee>,
    by: &str,
) -> Result<Vec<InvitationId>> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let organisation = opportunity.organisation_id;
    let now = platform.clock.now();
    let held = held_until(tx, opportunity, run, now).await?;
    let before = unheard(tx, opportunity, &people).await?;
    let id = |person: &Invitee| before.get(&person.participant).copied().unwrap_or_else(|| platform.clock.new_id());
    let made: Vec<(InvitationId, Invitee)> = people.into_iter().map(|person| (id(&person), person)).collect();
    for chunk in made.chunks(ROWS) {
        let rows = chunk.iter().map(|(id, person)| invitation::ActiveModel {
            organisation_id: Set(organisation),
            id: Set(*id),
            opportunity_id: Set(opportunity.id),
            participant_id: Set(person.participant),
            run_id: Set(run),
            state: Set(InvitationState::Sent),
            question_first: Set(person.question_first),
            why: Set(WhyAsked { reasons: person.why.clone() }),
            held_until: Set(held),
            reminders: Set(0),
            reminded_at: Set(None),
            ask_again_on: Set(None),
            replied_at: Set(None),
            ended_at: Set(None),
            version: Set(1),
            created_at: Set(now),
        });
        invitation::Entity::insert_many(rows).on_conflict(anew()).exec_without_returning(tx).await?;
        // What somebody chose themselves is no asking: it puts them behind nobody.
        if run.is_none() {
            continue;
        }
        let asked = chunk.iter().map(|(_, person)| person.participant);
        participant::Entity::update_many()
            .col_expr(participant::Column::LastAskedAt, Expr::value(now))
            .filter(participant::Column::OrganisationId.eq(organisation))
            .filter(participant::Column::Id.is_in(asked))
            .exec(tx)
            .await?;
    }
    let subject = run.map_or(opportunity.id.0, |run| run.0);
    let batch = mail::batch_about(tx, &platform.clock, organisation, INVITE, subject, by).await?;
    let letters: Vec<_> = made.iter().map(|(id, person)| (*id, person.participant, person.address.as_str())).collect();
    write(
        tx,
        platform,
        Letters { organisation, batch, kind: INVITE, n: 0, priority: priority::INVITATION, expires_at: None },
        &letters,
    )
    .await?;
    Ok(made.into_iter().map(|(id, _)| id).collect())
}

/// The last day on which a place is held for somebody who is asked now.
async fn held_until(tx: &Tx, opportunity: &opportunity::Model, run: Option<MatchRunId>, now: Time) -> Result<Option<NaiveDate>> {
    let (Some(_), Some(days)) = (run, opportunity.reply_within_days) else { return Ok(None) };
    // Where names are drawn later among those who say yes, no place is held for anybody who is asked.
    if quotas::drawn_by(tx, opportunity).await?.gathers() {
        return Ok(None);
    }
    let today = opportunities::today(now, opportunities::zone(tx, opportunity.organisation_id).await?);
    Ok(Some(letters::last_day_of(today, days, opportunity.closes_on)))
}

/// The invitations of people who never heard of them, because the mailing was cancelled, or they were taken back or lost before their
/// letter left: they are used again. Nobody else who was asked before comes here.
async fn unheard(tx: &Tx, opportunity: &opportunity::Model, people: &[Invitee]) -> Result<HashMap<ParticipantId, InvitationId>> {
    let mut all = HashMap::new();
    for people in people.chunks(ROWS) {
        let found: Vec<(ParticipantId, InvitationId)> = invitation::Entity::find()
            .select_only()
            .column(invitation::Column::ParticipantId)
            .column(invitation::Column::Id)
            .filter(invitation::Column::OrganisationId.eq(opportunity.organisation_id))
            .filter(invitation::Column::OpportunityId.eq(opportunity.id))
            .filter(invitation::Column::State.is_in([
                InvitationState::Unsent,
                InvitationState::Withdrawn,
                InvitationState::Ended,
            ]))
            .filter(invitation::Column::ParticipantId.is_in(people.iter().map(|person| person.participant)))
            .into_tuple()
            .all(tx)
            .await?;
        all.extend(found);
    }
    Ok(all)
}

/// An invitation that is there already is made anew.
fn anew() -> OnConflict {
    use invitation::Column;
    OnConflict::columns([Column::OrganisationId, Column::Id])
        .update_columns([
            Column::RunId,
            Column::State,
            Column::QuestionFirst,
            Column::Why,
            Column::HeldUntil,
            Column::Reminders,
            Column::RemindedAt,
            Column::AskAgainOn,
            Column::RepliedAt,
            Column::EndedAt,
            Column::CreatedAt,
        ])
        .to_owned()
}

/// What letters of one kind have in common.
pub(super) struct Letters {
    pub organisation: OrganisationId,
    pub batch: MailBatchId,
    pub kind: &'static str,
    pub n: i32,
    pub priority: i32,
    pub expires_at: Option<Time>,
}

/// Enqueues letters about invitations, each with its own link and its own way to stop such letters.
pub(super) async fn write(
    tx: &Tx,
    platform: &Platform,
    common: Letters,
    people: &[(InvitationId, ParticipantId, &str)],
) -> Result<()> {
    let now = platform.clock.now();
    let letters: Vec<NewLetter> = people
        .iter()
        .map(|(invitation, participant, address)| NewLetter {
            id: platform.clock.new_id(),
            kind: common.kind,
            recipient_kind: RecipientKind::Participant,
            recipient_id: participant.0,
            subject_id: Some(invitation.0),
            address: (*address).to_owned(),
            n: common.n,
            priority: common.priority,
            expires_at: common.expires_at,
        })
        .collect();
    for chunk in letters.chunks(ROWS) {
        let links = chunk.iter().map(|letter| invitation_link::ActiveModel {
            organisation_id: Set(common.organisation),
            id: Set(letter.id.0.into()),
            invitation_id: Set(InvitationId(letter.subject_id.unwrap_or_default())),
            token_hash: Set(platform.secret.token(TokenKind::Invitation, letter.id.0).hash()),
            created_at: Set(now),
        });
        invitation_link::Entity::insert_many(links).exec_without_returning(tx).await?;
    }
    let stop: Vec<(MailMessageId, ParticipantId)> =
        letters.iter().map(|letter| (letter.id, letter.recipient_id.into())).collect();
    unsubscribe_links(tx, platform, common.organisation, &stop).await?;
    mail::enqueue(tx, &platform.clock, Some(common.organisation), common.batch, &letters).await
}

/// Letters about the invitations of an opportunity, counted by state.
pub async fn letter_counts(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
) -> Result<Vec<(MailState, u64)>> {
    let invitations = invitation::Entity::find()
        .select_only()
        .column(invitation::Column::Id)
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::OpportunityId.eq(opportunity))
        .into_query();
    let counts: Vec<(MailState, i64)> = mail_message::Entity::find()
        .select_only()
        .column(mail_message::Column::State)
        .column_as(mail_message::Column::Id.count(), "count")
        .filter(mail_message::Column::OrganisationId.eq(organisation))
        .filter(mail_message::Column::SubjectId.in_subquery(invitations))
        .group_by(mail_message::Column::State)
        .order_by_asc(mail_message::Column::State)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(counts.into_iter().map(|(state, count)| (state, u64::try_from(count).unwrap_or(0))).collect())
}
