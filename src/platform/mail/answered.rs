//! Answers that people write to letters, on their way from where they are read to the room that hears them.

use super::{
    inbound::{note, stop},
    returned::{Reply, Returned, read},
    suppression,
};
use crate::platform::{
    Platform, Result, Tx,
    jobs::{Fault, NewJob, enqueue},
    secret::sha256,
    text,
};
use entity::{
    InboundState, MailInboundId, MailMessageId, MailState, RecipientKind, SuppressionReason, Time, mail_inbound, mail_message,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};

/// Job that tells higher rooms that a person has answered a letter: `{id, sure}`. They read it with [`answer`], and say with
/// [`settle`] what became of it.
pub const ANSWERED: &str = "mail.answered";

/// Whether an answer says that it is from whom a letter went to. Anybody can write that.
pub(super) fn is_from(reply: &Reply, letter: &mail_message::Model) -> bool {
    let key = |address: &str| text::email_key(address).unwrap_or_else(|| address.trim().to_lowercase());
    reply.from.as_deref().is_some_and(|from| key(from) == key(&letter.address))
}

/// The letter of ours that a Message-ID is the name of, if it has the form of one.
pub(super) fn named_letter(name: &str) -> Option<MailMessageId> {
    name.strip_suffix("@alongside")?.parse().ok()
}

/// Lets higher rooms know of an answer; it is kept until they have read it.
pub(super) async fn hand_on(
    tx: &Tx,
    platform: &Platform,
    letter: &mail_message::Model,
    id: MailInboundId,
    sure: bool,
) -> Result<(InboundState, Option<String>)> {
    if letter.recipient_kind != RecipientKind::Participant || letter.organisation_id.is_none() {
        return Ok((InboundState::Kept, Some("somebody answered a letter that went to nobody who takes part".to_owned())));
    }
    let payload = json!({"id": id, "sure": sure});
    let job = NewJob { kind: ANSWERED, payload, run_at: None, unique: Some(format!("{ANSWERED} {id}")), organisation: None };
    enqueue(tx, &platform.clock, job).await?;
    Ok((InboundState::Waiting, None))
}

/// A person's answer to a letter.
#[derive(Debug)]
pub struct Answer {
    /// The message.
    pub id: MailInboundId,
    /// The letter.
    pub letter: mail_message::Model,
    /// What they wrote.
    pub reply: Reply,
    /// Whether the address that it came to proves that whoever wrote it has had the letter.
    pub sure: bool,
    /// Whether it says that it is from whom the letter went to.
    pub same_sender: bool,
    /// When it came.
    pub received_at: Time,
    /// The same for a message that is delivered twice, also where it came by two ways.
    pub once: Vec<u8>,
}

/// The answer that a job [`ANSWERED`] tells of; none if it was settled before.
pub async fn answer(platform: &Platform, payload: &Value) -> Result<Option<Answer>, Fault> {
    let wrong = |error| Fault::GiveUp(format!("a payload that cannot be read: {error}"));
    let id: MailInboundId = serde_json::from_value(payload["id"].clone()).map_err(wrong)?;
    let Some(row) = mail_inbound::Entity::find_by_id(id).one(platform.db.read()).await? else { return Ok(None) };
    let (Some(raw), Some(about)) = (row.raw.filter(|_| row.state == InboundState::Waiting), row.message_id) else {
        return Ok(None);
    };
    let Some(letter) = mail_message::Entity::find_by_id(about).one(platform.db.read()).await? else { return Ok(None) };
    let Returned::Reply(reply) = platform.cpu.run(move || read(&raw)).await? else { return Ok(None) };
    let name = match &reply.message_id {
        Some(name) => name.as_bytes().to_vec(),
        None => format!("{:?} {:?} {}", reply.from, reply.date, reply.whole).into_bytes(),
    };
    let once = sha256(&[letter.id.0.as_bytes().as_slice(), &name].concat());
    let (sure, same_sender) = (payload["sure"].as_bool().unwrap_or(false), is_from(&reply, &letter));
    Ok(Some(Answer { id, letter, reply, sure, same_sender, received_at: row.received_at, once }))
}

/// Writes down what became of an answer; the message is thrown away. `why` holds nothing of the person.
pub async fn settle(tx: &Tx, id: MailInboundId, state: InboundState, why: Option<&'static str>) -> Result<()> {
    mail_inbound::Entity::update_many()
        .col_expr(mail_inbound::Column::State, Expr::value(state.word()))
        .col_expr(mail_inbound::Column::Why, Expr::value(why))
        .col_expr(mail_inbound::Column::Raw, Expr::value(Option::<Vec<u8>>::None))
        .filter(mail_inbound::Column::Id.eq(id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Writes to whom a letter went no more, because they said so in an answer to it: letters of its family, or all.
pub async fn stop_for(tx: &Tx, platform: &Platform, letter: &mail_message::Model, all: bool) -> Result<()> {
    let (kind, said) = match all {
        true => (suppression::ALL, "the person wants no more letters"),
        false => (letter.kind.as_str(), "the person wants no more letters of this kind"),
    };
    stop(tx, platform, letter, kind, SuppressionReason::Unsubscribed).await?;
    note(tx, platform, letter, MailState::Suppressed, None, said).await
}
