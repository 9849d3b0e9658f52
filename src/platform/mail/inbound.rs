//! Mail that comes back to us: it is taken first and understood afterwards, so that nothing is lost while we are busy, and
//! nothing that cannot be understood is thrown away.
//!
//! Bounces come to an address that names their letter and proves that we made it, and answers to another one that does. Whoever can
//! write such an address has had the letter; what comes without that proof changes nothing. An answer that came to another address
//! of ours is taken if it names its letter and says that it is from whom the letter went to; it is marked as not proved.

use super::{
    answered::{hand_on, is_from, named_letter},
    engine::{Suppress, give_up_on},
    outbox, reason,
    redact::without_addresses,
    refusal::Refusal,
    returned::{Action, AutoKind, MOST, Recipient, Report, Returned, read, recipients, verp},
    status, suppression,
};
use crate::platform::{
    Platform, Result, Secret, Tx,
    jobs::{Fault, NewJob, Next, enqueue},
    secret::sha256,
};
use chrono::Duration;
use entity::{
    InboundKind, InboundState, MailBatchId, MailInboundId, MailMessageId, MailState, RecipientKind, SuppressionReason, Time,
    mail_event, mail_inbound, mail_message,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Job that reads a message: `{id}`.
pub const READ: &str = "mail.read";

/// What came back is forgotten after so long, read or not.
const MEMORY: Duration = Duration::days(30);
/// Most messages that are shown at once.
const SHOWN: u64 = 1000;
/// What is tagged: a letter, for what comes back of it, and for answers to it.
const LETTER: &str = "letter";
const ANSWER: &str = "answer";
/// Where in the conversation a report stands that came later.
pub const RETURNED: &str = "returned";
/// So many letters of a sending that came back for how they are made or whom they are from, and so large a part of it (one in so
/// many), and it is stopped.
const ENOUGH: u64 = 10;
const ONE_IN: u64 = 20;

/// The address that bounces of a letter come to; `None` where none are taken.
pub fn return_address(secret: &Secret, domain: Option<&str>, letter: MailMessageId) -> Option<String> {
    let token = [letter.0.as_bytes().as_slice(), &secret.tag(LETTER, letter.0)].concat();
    verp::address(verp::BOUNCE, &token, domain?)
}

/// The address that answers to a letter come to: letters to people who take part can be answered, those to staff cannot. `None`
/// where nothing is taken.
pub fn reply_address(secret: &Secret, domain: Option<&str>, letter: &mail_message::Model) -> Option<String> {
    if letter.recipient_kind != RecipientKind::Participant || letter.organisation_id.is_none() {
        return None;
    }
    let token = [letter.id.0.as_bytes().as_slice(), &secret.tag(ANSWER, letter.id.0)].concat();
    verp::address(verp::REPLY, &token, domain?)
}

/// The letter that an address names, if we made that address for `what` comes back.
fn letter_in(secret: &Secret, address: &str, prefix: &str, what: &str) -> Option<MailMessageId> {
    let token = verp::read(prefix, address)?;
    let (id, tag) = token.split_at_checked(16)?;
    let id = Uuid::from_slice(id).ok()?;
    // Hashes take the same time to compare, wherever they begin to differ.
    (sha256(tag) == sha256(&secret.tag(what, id))).then_some(MailMessageId(id))
}

fn returned_letter(secret: &Secret, address: &str) -> Option<MailMessageId> {
    letter_in(secret, address, verp::BOUNCE, LETTER)
}

fn answered_letter(secret: &Secret, address: &str) -> Option<MailMessageId> {
    letter_in(secret, address, verp::REPLY, ANSWER)
}

/// Whether an address is one that we made.
pub fn is_ours(secret: &Secret, address: &str) -> bool {
    returned_letter(secret, address).or_else(|| answered_letter(secret, address)).is_some()
}

/// Takes a message that was delivered to these addresses. One that is delivered twice is taken once.
pub async fn take(platform: &Platform, sent_to: &[String], raw: Vec<u8>) -> Result<()> {
    let tx = platform.db.begin().await?;
    put(&tx, platform, sent_to, raw).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(())
}

/// The same within a transaction.
pub(super) async fn put(tx: &Tx, platform: &Platform, sent_to: &[String], raw: Vec<u8>) -> Result<()> {
    let id: MailInboundId = platform.clock.new_id();
    let raw_hash = sha256(&[sent_to.join(",").as_bytes(), b"\n", &raw].concat());
    let row = mail_inbound::ActiveModel { sent_to: Set(json!(sent_to)), ..fresh(platform, id, raw, raw_hash) };
    if insert_once(tx, row).await? {
        let job = NewJob { kind: READ, payload: json!({"id": id}), run_at: None, unique: None, organisation: None };
        enqueue(tx, &platform.clock, job).await?;
    }
    Ok(())
}

/// Keeps the head of a message that is larger than what is taken, for an operator; once, however often it is seen.
pub(super) async fn lay_aside(tx: &Tx, platform: &Platform, head: Vec<u8>, size: usize) -> Result<()> {
    let why = format!(
        "it is larger than what is taken ({} MB, and at most {} are taken): this is its head alone; the whole is in the mailbox, with a flag",
        size.div_ceil(1 << 20),
        MOST >> 20
    );
    let raw_hash = sha256(&[size.to_string().as_bytes(), b" bytes, and the head\n", &head].concat());
    keep(tx, platform, why, head, raw_hash).await
}

/// Notes for an operator that a message in the mailbox could not be fetched; once for each number in the folder.
pub(super) async fn not_fetched(tx: &Tx, platform: &Platform, validity: u32, uid: u32) -> Result<()> {
    let why =
        format!("it could not be fetched from the mailbox, however often it was tried: it is there, number {uid}, with a flag");
    let raw_hash = sha256(format!("not fetched: {validity} {uid}").as_bytes());
    keep(tx, platform, why, Vec::new(), raw_hash).await
}

async fn keep(tx: &Tx, platform: &Platform, why: String, raw: Vec<u8>, raw_hash: Vec<u8>) -> Result<()> {
    let row = mail_inbound::ActiveModel {
        kind: Set(Some(InboundKind::Unreadable)),
        state: Set(InboundState::Kept),
        why: Set(Some(why)),
        ..fresh(platform, platform.clock.new_id(), raw, raw_hash)
    };
    insert_once(tx, row).await?;
    Ok(())
}

fn fresh(platform: &Platform, id: MailInboundId, raw: Vec<u8>, raw_hash: Vec<u8>) -> mail_inbound::ActiveModel {
    mail_inbound::ActiveModel {
        id: Set(id),
        organisation_id: Set(None),
        message_id: Set(None),
        kind: Set(None),
        state: Set(InboundState::Waiting),
        why: Set(None),
        sent_to: Set(json!([])),
        raw: Set(Some(raw)),
        raw_hash: Set(raw_hash),
        received_at: Set(platform.clock.now()),
    }
}

/// Answers whether the message is a new one.
async fn insert_once(tx: &Tx, row: mail_inbound::ActiveModel) -> Result<bool> {
    let known = OnConflict::column(mail_inbound::Column::RawHash).do_nothing().to_owned();
    Ok(mail_inbound::Entity::insert(row).on_conflict(known).exec_without_returning(tx).await? > 0)
}

/// Reads a message that was taken, and does what it says.
pub async fn handle(platform: Platform, payload: Value) -> Result<Next, Fault> {
    let id: MailInboundId = serde_json::from_value(payload["id"].clone())
        .map_err(|error| Fault::GiveUp(format!("a payload that cannot be read: {error}")))?;
    let Some(row) = mail_inbound::Entity::find_by_id(id).one(platform.db.read()).await? else { return Ok(Next::Done) };
    let Some(raw) = row.raw.clone().filter(|_| row.state == InboundState::Waiting) else { return Ok(Next::Done) };
    let sent_to: Vec<String> = serde_json::from_value(row.sent_to.clone()).unwrap_or_default();
    let secret = platform.secret.clone();
    let (found, about) = platform.cpu.run(move || understand(&secret, &sent_to, &raw)).await?;
    let tx = platform.db.begin().await?;
    let letter = about.letter(&tx, &found).await?;
    let (state, why) = match (&letter, &found) {
        (Some(letter), Returned::Reply(_)) if about.is_answer() => {
            hand_on(&tx, &platform, letter, id, matches!(about, About::Answered(_))).await?
        }
        // The address for answers is seen by whoever gets the letter passed on; that it came there proves no report.
        (Some(_), Returned::Report(_) | Returned::Complaint(_)) if matches!(about, About::Answered(_)) => without_proof(&found),
        (Some(letter), _) => follow(&tx, &platform, letter, &found).await?,
        (None, _) => without_proof(&found),
    };
    mail_inbound::Entity::update_many()
        .col_expr(mail_inbound::Column::State, Expr::value(state.word()))
        .col_expr(mail_inbound::Column::Kind, Expr::value(kind(&found).word()))
        .col_expr(mail_inbound::Column::Why, Expr::value(why))
        .col_expr(mail_inbound::Column::MessageId, Expr::value(letter.as_ref().map(|letter| letter.id)))
        .col_expr(mail_inbound::Column::OrganisationId, Expr::value(letter.as_ref().and_then(|letter| letter.organisation_id)))
        .filter(mail_inbound::Column::Id.eq(id))
        .exec(&tx)
        .await?;
    if matches!(state, InboundState::Done | InboundState::Ignored) {
        mail_inbound::Entity::update_many()
            .col_expr(mail_inbound::Column::Raw, Expr::value(Option::<Vec<u8>>::None))
            .filter(mail_inbound::Column::Id.eq(id))
            .exec(&tx)
            .await?;
    }
    tx.commit().await?;
    Ok(Next::Done)
}

/// What a message is about.
enum About {
    /// It came to the address for answers to a letter.
    Answered(MailMessageId),
    /// It came to the address that a letter comes back to, or holds it.
    Returned(MailMessageId),
    /// Nothing proves that it is about a letter; it names these as those that it answers, the nearest first.
    Named(Vec<MailMessageId>),
}

impl About {
    /// Whether it can be an answer of whom the letter went to.
    fn is_answer(&self) -> bool {
        !matches!(self, Self::Returned(_))
    }

    /// The letter, as far as it is there. One that is named alone counts if it went to whom the answer says it is from.
    async fn letter(&self, tx: &Tx, found: &Returned) -> Result<Option<mail_message::Model>> {
        let ids = match self {
            Self::Answered(id) | Self::Returned(id) => return Ok(mail_message::Entity::find_by_id(*id).one(tx).await?),
            Self::Named(ids) => ids,
        };
        let Returned::Reply(reply) = found else { return Ok(None) };
        if ids.is_empty() {
            return Ok(None);
        }
        let letters = mail_message::Entity::find().filter(mail_message::Column::Id.is_in(ids.iter().copied())).all(tx).await?;
        let fits = |letter: &&mail_message::Model| {
            letter.recipient_kind == RecipientKind::Participant && letter.organisation_id.is_some() && is_from(reply, letter)
        };
        Ok(ids.iter().filter_map(|id| letters.iter().find(|letter| letter.id == *id)).find(fits).cloned())
    }
}

/// What a message is, and the letter that it is proved to be about: by the address it came to, else by what it holds of the letter.
fn understand(secret: &Secret, sent_to: &[String], raw: &[u8]) -> (Returned, About) {
    let found = read(raw);
    let came_to: Vec<String> = sent_to.iter().cloned().chain(recipients(raw).into_iter().map(|(_, address)| address)).collect();
    if let Some(letter) = came_to.iter().find_map(|address| answered_letter(secret, address)) {
        return (found, About::Answered(letter));
    }
    let inside = match &found {
        Returned::Report(report) => report.original.as_ref().and_then(|original| original.return_path()),
        Returned::Complaint(complaint) => {
            complaint.mail_from.clone().or_else(|| complaint.original.as_ref().and_then(|original| original.return_path()))
        }
        _ => None,
    };
    if let Some(letter) = came_to.into_iter().chain(inside).find_map(|address| returned_letter(secret, &address)) {
        return (found, About::Returned(letter));
    }
    let named = match &found {
        Returned::Reply(reply) => reply.in_reply_to.iter().chain(reply.references.iter().rev()),
        _ => return (found, About::Named(Vec::new())),
    };
    let named = named.filter_map(|name| named_letter(name)).collect();
    (found, About::Named(named))
}

fn kind(found: &Returned) -> InboundKind {
    match found {
        Returned::Report(_) => InboundKind::Report,
        Returned::Complaint(_) => InboundKind::Complaint,
        Returned::Automatic(_) => InboundKind::Automatic,
        Returned::Reply(_) => InboundKind::Reply,
        Returned::Unreadable(_) => InboundKind::Unreadable,
    }
}

/// What is done with a message that nothing proves to be about a letter of ours. Anybody can write a report; what a person wrote,
/// or what cannot be read, is for an operator to look at.
fn without_proof(found: &Returned) -> (InboundState, Option<String>) {
    match found {
        Returned::Report(_) | Returned::Complaint(_) | Returned::Automatic(_) => (InboundState::Ignored, None),
        Returned::Reply(_) => (InboundState::Kept, Some("somebody wrote to an address that nobody reads".to_owned())),
        Returned::Unreadable(why) => (InboundState::Kept, Some((*why).to_owned())),
    }
}

/// Does what a message about a letter says.
async fn follow(
    tx: &Tx,
    platform: &Platform,
    letter: &mail_message::Model,
    found: &Returned,
) -> Result<(InboundState, Option<String>)> {
    match found {
        Returned::Report(report) => {
            let done = reported(tx, platform, letter, report).await?;
            Ok((if done { InboundState::Done } else { InboundState::Ignored }, None))
        }
        Returned::Complaint(complaint) if complaint.feedback.is_unwanted() => {
            stop(tx, platform, letter, suppression::ALL, SuppressionReason::Complained).await?;
            note(tx, platform, letter, MailState::Suppressed, None, "the person wants no more letters").await?;
            Ok((InboundState::Done, None))
        }
        Returned::Automatic(AutoKind::Unsubscribe) => {
            stop(tx, platform, letter, &letter.kind, SuppressionReason::Unsubscribed).await?;
            note(tx, platform, letter, MailState::Suppressed, None, "the person wants no more letters of this kind").await?;
            Ok((InboundState::Done, None))
        }
        Returned::Complaint(_) | Returned::Automatic(_) => Ok((InboundState::Ignored, None)),
        // No person writes to this address; what cannot be told may still be a bounce.
        Returned::Reply(_) => {
            Ok((InboundState::Kept, Some("it came to the address for bounces and is not known as one".to_owned())))
        }
        Returned::Unreadable(why) => Ok((InboundState::Kept, Some((*why).to_owned()))),
    }
}

pub(super) async fn stop(
    tx: &Tx,
    platform: &Platform,
    letter: &mail_message::Model,
    kind: &str,
    reason: SuppressionReason,
) -> Result<()> {
    let Some(organisation) = letter.organisation_id.filter(|_| letter.recipient_kind == RecipientKind::Participant) else {
        return Ok(());
    };
    suppression::suppress(tx, platform, organisation, &letter.address, kind, reason, None).await
}

pub(super) async fn note(
    tx: &Tx,
    platform: &Platform,
    letter: &mail_message::Model,
    event: MailState,
    code: Option<u16>,
    detail: &str,
) -> Result<()> {
    let row = outbox::event(&platform.clock, letter.id, event, Some(RETURNED.to_owned()), code, Some(detail.to_owned()));
    mail_event::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// What a report says of the letter's recipient: our letters have one each, and a report may name others to whom it was passed on.
fn of<'a>(report: &'a Report, letter: &mail_message::Model) -> Option<&'a Recipient> {
    let same = |address: &Option<String>| address.as_ref().is_some_and(|address| address.eq_ignore_ascii_case(&letter.address));
    let named = report.recipients.iter().find(|one| same(&one.original_recipient) || same(&one.final_recipient));
    named.or_else(|| report.recipients.iter().find(|one| one.action == Action::Failed)).or(report.recipients.first())
}

/// Does what a report says; answers whether that was anything.
async fn reported(tx: &Tx, platform: &Platform, letter: &mail_message::Model, report: &Report) -> Result<bool> {
    let Some(one) = of(report, letter) else { return Ok(false) };
    let text = without_addresses(one.diagnostic.as_deref().unwrap_or_default(), [letter.address.as_str()]);
    let detail = match one.status {
        Some(status) if !text.contains(&status.to_string()) => format!("{status} {text}").trim_end().to_owned(),
        _ => text.clone(),
    };
    match one.action {
        // Nobody has given up yet.
        Action::Delayed => note(tx, platform, letter, MailState::Deferred, one.code, &detail).await.map(|()| true),
        Action::Failed => {
            let status = one.status.map(|status| status.to_string());
            let reason = reason::of_refusal(Some(RETURNED), one.code, status.as_deref(), &text, true);
            let changed = mail_message::Entity::update_many()
                .col_expr(mail_message::Column::State, Expr::value(MailState::Failed.word()))
                .col_expr(mail_message::Column::LastStage, Expr::value(RETURNED))
                .col_expr(mail_message::Column::LastCode, Expr::value(one.code.map(i32::from)))
                .col_expr(mail_message::Column::LastEnhanced, Expr::value(status))
                .col_expr(mail_message::Column::Reason, Expr::value(reason.word()))
                .col_expr(mail_message::Column::LastText, Expr::value(text))
                .filter(mail_message::Column::Id.eq(letter.id))
                .filter(mail_message::Column::State.is_in(MailState::LEFT))
                .exec(tx)
                .await?;
            if changed.rows_affected == 0 {
                return Ok(false);
            }
            note(tx, platform, letter, MailState::Failed, one.code, &detail).await?;
            if let Some(suppress) = one.class.and_then(Suppress::after) {
                give_up_on(tx, platform, letter, suppress).await?;
            }
            if matches!(one.class, Some(Refusal::Policy | Refusal::Content)) {
                look_at(tx, letter.batch_id).await?;
            }
            Ok(true)
        }
        Action::Delivered | Action::Relayed | Action::Expanded => Ok(false),
    }
}

/// Stops a sending of which many letters come back for how they are made or whom they are from.
async fn look_at(tx: &Tx, batch: MailBatchId) -> Result<()> {
    use mail_message::Column;
    let left = Condition::any().add(Column::State.is_in(MailState::LEFT)).add(Column::LastStage.eq(RETURNED));
    let left = mail_message::Entity::find().filter(Column::BatchId.eq(batch)).filter(left).count(tx).await?;
    let refused = Condition::any().add(Column::LastEnhanced.like("5.7.%")).add(Column::LastEnhanced.like("5.6.%"));
    let refused = mail_message::Entity::find()
        .filter(Column::BatchId.eq(batch))
        .filter(Column::LastStage.eq(RETURNED))
        .filter(refused)
        .count(tx)
        .await?;
    if refused < ENOUGH || refused * ONE_IN < left {
        return Ok(());
    }
    let why = "Many letters of this mailing came back because of what they hold or whom they are from. Look at the failed letters, \
               and at how your domain is set up, before you let it go on.";
    status::stop_itself(tx, batch, why).await
}

/// A message that waits for an operator, without what it says.
#[derive(Debug, FromQueryResult)]
pub struct Kept {
    /// Its id.
    pub id: MailInboundId,
    /// When it came.
    pub received_at: Time,
    /// Why it was laid aside.
    pub why: Option<String>,
    /// How long it is.
    pub bytes: i32,
}

/// What waits for an operator, oldest first.
pub async fn kept(connection: &impl ConnectionTrait) -> Result<Vec<Kept>> {
    use mail_inbound::Column;
    let kept = mail_inbound::Entity::find()
        .select_only()
        .columns([Column::Id, Column::ReceivedAt, Column::Why])
        .column_as(Expr::cust("length(raw)"), "bytes")
        .filter(Column::State.eq(InboundState::Kept))
        .order_by_asc(Column::Id)
        .limit(SHOWN);
    Ok(kept.into_model().all(connection).await?)
}

/// One of them, as it came.
pub async fn kept_whole(connection: &impl ConnectionTrait, id: MailInboundId) -> Result<Option<Vec<u8>>> {
    let found = mail_inbound::Entity::find_by_id(id).filter(mail_inbound::Column::State.eq(InboundState::Kept));
    Ok(found.one(connection).await?.and_then(|row| row.raw))
}

/// Forgets what came back long ago.
pub async fn forget(platform: &Platform) -> Result<()> {
    let before: Time = platform.clock.now() - MEMORY;
    mail_inbound::Entity::delete_many().filter(mail_inbound::Column::ReceivedAt.lt(before)).exec(platform.db.write()).await?;
    Ok(())
}
