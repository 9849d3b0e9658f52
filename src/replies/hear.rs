//! Hearing an answer: whose it is, what it is about, and whether it may be kept.

use super::rules::{self, Stop, asks_to_stop, without_codes};
use crate::platform::{
    Platform, Result, Tx,
    jobs::{Fault, Next},
    mail::answered::{self, Answer},
};
use entity::{
    ConsentType, InboundState, InvitationId, MeetingId, OpportunityId, OrganisationId, ParticipantId, ParticipantState, Purpose,
    ReleaseId, ReplyState, consent_standing, invitation, mail_reply, meeting, opportunity, participant, report, report_release,
};
use sea_orm::{ActiveValue::Set, EntityTrait, QuerySelect, TryInsertResult, sea_query::OnConflict};
use serde_json::{Value, json};
use uuid::Uuid;

/// Why nothing is kept of an answer. None of these says anything of the person.
const LEFT: &str = "whom the letter went to is not heard any more";
const NOTHING: &str = "an answer without words and without files";
const TWICE: &str = "an answer that had come before";

/// What a letter was about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct About {
    opportunity: Option<OpportunityId>,
    meeting: Option<MeetingId>,
}

/// Hears an answer: keeps it for staff to read, or lets it go.
pub async fn answered(platform: Platform, payload: Value) -> Result<Next, Fault> {
    let Some(answer) = answered::answer(&platform, &payload).await? else { return Ok(Next::Done) };
    let tx = platform.db.begin().await?;
    let (state, why) = keep(&tx, &platform, &answer).await?;
    answered::settle(&tx, answer.id, state, why).await?;
    tx.commit().await?;
    Ok(Next::Done)
}

async fn keep(tx: &Tx, platform: &Platform, answer: &Answer) -> Result<(InboundState, Option<&'static str>)> {
    let Some(organisation) = answer.letter.organisation_id else { return Ok((InboundState::Ignored, Some(LEFT))) };
    let participant = ParticipantId(answer.letter.recipient_id);
    let about = about(tx, organisation, answer.letter.subject_id).await?;
    if !is_heard(tx, organisation, participant, about).await? {
        return Ok((InboundState::Ignored, Some(LEFT)));
    }
    let reply = &answer.reply;
    let stop = asks_to_stop(&reply.text, reply.subject.as_deref());
    if reply.whole.is_empty() && reply.attachments == 0 && stop.is_none() {
        return Ok((InboundState::Ignored, Some(NOTHING)));
    }
    // What nothing proves may still be read; it stops nothing.
    let stopped = stop.filter(|_| answer.sure);
    let row = mail_reply::ActiveModel {
        organisation_id: Set(organisation),
        id: Set(platform.clock.new_id()),
        message_id: Set(answer.letter.id),
        participant_id: Set(participant),
        opportunity_id: Set(about.opportunity),
        meeting_id: Set(about.meeting),
        received_at: Set(answer.received_at),
        words: Set(Some(words(answer))),
        whole: Set(Some(without_codes(&reply.whole))),
        cut: Set(reply.cut),
        in_between: Set(reply.between),
        attachments: Set(i32::try_from(reply.attachments).unwrap_or(i32::MAX)),
        attachment_names: Set(json!(reply.attachment_names)),
        sure: Set(answer.sure),
        same_sender: Set(answer.same_sender),
        asks_to_stop: Set(stop.is_some()),
        stopped: Set(stopped.is_some()),
        state: Set(ReplyState::New),
        reason: Set(None),
        decided_by: Set(None),
        decided_at: Set(None),
        contribution_id: Set(None),
        once: Set(answer.once.clone()),
    };
    let known = OnConflict::columns([mail_reply::Column::OrganisationId, mail_reply::Column::Once]).do_nothing().to_owned();
    let inserted = mail_reply::Entity::insert(row).on_conflict(known).try_insert().exec_without_returning(tx).await?;
    if !matches!(inserted, TryInsertResult::Inserted(rows) if rows > 0) {
        return Ok((InboundState::Ignored, Some(TWICE)));
    }
    if let Some(stop) = stopped {
        answered::stop_for(tx, platform, &answer.letter, stop == Stop::All).await?;
    }
    Ok((InboundState::Done, None))
}

/// What the person wrote; where that is a subject alone, the subject.
fn words(answer: &Answer) -> String {
    let (text, subject) = (&answer.reply.text, answer.reply.subject.as_deref());
    match subject.filter(|_| text.trim().is_empty() && rules::asks_to_stop(text, subject).is_some()) {
        Some(subject) => without_codes(subject),
        None => without_codes(text),
    }
}

/// What a letter's subject belongs to: an invitation, a meeting, a report, or an opportunity itself. Ids of different tables are
/// never the same.
async fn about(tx: &Tx, organisation: OrganisationId, subject: Option<Uuid>) -> Result<About> {
    let Some(id) = subject else { return Ok(About::default()) };
    if let Some(found) = invitation::Entity::find_by_id((organisation, InvitationId(id))).one(tx).await? {
        return Ok(About { opportunity: Some(found.opportunity_id), meeting: None });
    }
    if let Some(found) = meeting::Entity::find_by_id((organisation, MeetingId(id))).one(tx).await? {
        return Ok(About { opportunity: Some(found.opportunity_id), meeting: Some(found.id) });
    }
    if let Some(found) = report_release::Entity::find_by_id((organisation, ReleaseId(id))).one(tx).await? {
        let of = report::Entity::find_by_id((organisation, found.report_id)).one(tx).await?;
        return Ok(About { opportunity: of.map(|report| report.opportunity_id), meeting: None });
    }
    let found = opportunity::Entity::find_by_id((organisation, OpportunityId(id))).one(tx).await?;
    Ok(About { opportunity: found.map(|row| row.id), meeting: None })
}

/// Whether somebody may still be heard: they have not left, and have not taken back their part in what the letter was about. It
/// stays so until the commit, so that whoever leaves at the same moment leaves nothing behind.
async fn is_heard(tx: &Tx, organisation: OrganisationId, participant: ParticipantId, about: About) -> Result<bool> {
    let person = participant::Entity::find_by_id((organisation, participant)).lock_shared().one(tx).await?;
    if person.is_none_or(|person| person.state != ParticipantState::Joined) {
        return Ok(false);
    }
    let Some(opportunity) = about.opportunity else { return Ok(true) };
    let key = (organisation, participant, Purpose::Participate, opportunity.0);
    let standing = consent_standing::Entity::find_by_id(key).lock_shared().one(tx).await?;
    Ok(standing.is_none_or(|row| row.r#type != ConsentType::Withdraw))
}
