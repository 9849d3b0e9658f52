//! A notice as people read it: the words, whoever is responsible, and a switch for each use. Nothing is ticked beforehand.

use super::kit::{Block, Field, Form, Link, Visit};
use crate::{
    consent::{
        record::{self, Said, Speaker},
        rules::State,
    },
    platform::{Error, Result, Tx},
};
use entity::{ConsentType, LetterFormat, NoticePurpose, Purpose, WithdrawalEffect, notice};

/// The words of a notice. `here` is the address of the page, for the switch to Easy Read.
pub(super) fn words(notice: &notice::Model, easy: bool, here: &str) -> Vec<Block> {
    let content = &notice.content;
    let text = content.easy_read_text.as_ref().filter(|_| easy).unwrap_or(&content.text);
    let mut blocks = vec![Block::In(content.language.clone(), vec![Block::Text(text.clone())])];
    if content.easy_read_text.is_some() {
        blocks.push(Block::Links(vec![match easy {
            true => Link::new("Show this in plain English", here),
            false => Link::new("Show this in Easy Read", format!("{here}?format=easy")),
        }]));
    }
    blocks.push(Block::Facts(vec![
        ("Responsible for it".into(), content.controllers.join(", ")),
        ("Questions and complaints".into(), content.contact.clone()),
    ]));
    blocks
}

/// The name of the field of a purpose.
pub(super) fn name(purpose: Purpose) -> String {
    format!("agree-{}", purpose.word())
}

/// The form of a notice: a switch for each use that was not agreed to yet, with what is used, how long, for whom, and what
/// taking it back will do. `taking_part` says that it is about something that nobody can take part in without agreeing to it.
pub(super) async fn form(visit: &Visit, speaker: &Speaker, notice: &notice::Model, taking_part: bool) -> Result<Form> {
    let platform = visit.platform();
    let standing = record::standing_of(platform.db.read(), speaker.organisation, speaker.participant).await?;
    let given = |purpose| {
        let row = standing.iter().find(|row| row.scope_id == notice.scope_id && row.purpose == purpose);
        row.is_some_and(|row| State::after(row.r#type, row.valid_until).permits(platform.clock.now()))
    };
    let format = if visit.easy() { "easy" } else { "plain" };
    let mut form = Form::default().hidden("notice", notice.id.to_string()).hidden("format", format);
    for use_of in &notice.content.purposes {
        form = form.words(vec![Block::Heading(use_of.text.clone()), Block::Facts(facts(use_of))]);
        form = if given(use_of.purpose) {
            form.words(vec![Block::Text("You have agreed to this. You can take it back at any time.".into())])
        } else {
            let mut field = Field::switch(name(use_of.purpose), "I agree to this", false);
            field.about.clone_from(&use_of.text);
            let needed = taking_part && use_of.purpose == Purpose::Participate;
            form.field(if needed { field.hint("Without it you cannot take part in this.") } else { field })
        };
    }
    Ok(form)
}

/// Refuses what was sent with another notice than the one that counts now.
pub(super) fn expect(visit: &Visit, notice: &notice::Model) -> Result<()> {
    if visit.fields.text("notice") == notice.id.to_string() {
        return Ok(());
    }
    let detail = "The notice has changed since you read it. Please read it once more.";
    Err(Error::conflict("notice_superseded", detail))
}

/// Records what was ticked. Answers whether anything was.
pub(super) async fn note(tx: &Tx, visit: &Visit, speaker: &Speaker, notice: &notice::Model) -> Result<bool> {
    let content = &notice.content;
    let ticked = content.purposes.iter().map(|given| given.purpose).filter(|purpose| visit.fields.has(&name(*purpose)));
    let said: Vec<Said> = ticked.map(|purpose| Said { purpose, choice: ConsentType::Give }).collect();
    if said.is_empty() {
        return Ok(false);
    }
    let easy = visit.fields.text("format") == "easy" && content.easy_read_text.is_some();
    let format = if easy { LetterFormat::EasyRead } else { LetterFormat::Plain };
    let proof = record::shown(tx, visit.platform(), speaker, notice.id, &content.language, format).await?;
    record::say(tx, visit.platform(), speaker, proof.reveal(), &said).await?;
    Ok(true)
}

pub(super) fn facts(given: &NoticePurpose) -> Vec<(String, String)> {
    let facts = [
        ("What is used", given.data.join(", ")),
        ("Who receives it", given.recipients.join(", ")),
        ("How long it is kept", given.retention.clone()),
        ("If you take this back", effect(given.withdrawal_effect).to_owned()),
    ];
    facts.into_iter().filter(|(_, text)| !text.trim().is_empty()).map(|(name, text)| (name.to_owned(), text)).collect()
}

/// What taking back does.
fn effect(effect: WithdrawalEffect) -> &'static str {
    match effect {
        WithdrawalEffect::StopFutureOnly => "Nothing new is done. What was given stays as it is.",
        WithdrawalEffect::EraseRawUnpublished => "What is held for this use and is in no published report is erased.",
        WithdrawalEffect::EraseAllIdentifiable => "Everything held for this use that can be told to be yours is erased.",
        WithdrawalEffect::CannotLocate => "It can no longer be found, because nothing links it to you.",
    }
}

/// The same, with what else follows for a purpose.
pub(super) fn effects(purpose: Purpose, promised: WithdrawalEffect) -> String {
    match purpose {
        Purpose::Participate => format!("{} You then no longer take part in this.", effect(promised)),
        _ => effect(promised).to_owned(),
    }
}
