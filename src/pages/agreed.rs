//! What is agreed to on the page of an invitation, and what can be taken back there: at any time, also after the end.

use super::{Agree, Choice, Part, Use, invitation::at};
use crate::{
    consent::{
        notices, permits,
        record::{self, Said},
        rules::State,
    },
    invitations::Guest,
    platform::{Error, Platform, Result, Tx},
};
use entity::{ConsentType, LetterFormat, NoticePurpose, OpportunityKind, Purpose, WithdrawalEffect, opportunity};

/// The notice to agree to with the yes, for whoever takes a place and has not agreed yet.
pub(super) async fn asked(platform: &Platform, guest: &Guest, offer: &opportunity::Model) -> Result<Option<Agree>> {
    let (db, now) = (platform.db.read(), platform.clock.now());
    if offer.kind == OpportunityKind::Consultation
        || permits(db, guest.organisation, guest.participant, Purpose::Participate, offer.id.0, now).await?
    {
        return Ok(None);
    }
    let notice = notices::current(db, guest.organisation, offer.id.0).await?;
    Ok(notice.map(|notice| {
        let (id, content) = (notice.id.to_string(), notice.content);
        let mut texts = vec![content.text];
        texts.extend(content.easy_read_text);
        texts.push(format!(
            "Responsible for it: {}. Questions and complaints: {}",
            content.controllers.join(", "),
            content.contact
        ));
        let uses = content.purposes.into_iter().map(a_use).collect();
        Agree { notice: id, title: content.title, texts, uses }
    }))
}

fn a_use(given: NoticePurpose) -> Use {
    let mut facts = vec![
        ("What is used", given.data.join(", ")),
        ("Who receives it", given.recipients.join(", ")),
        ("How long it is kept", given.retention),
        ("If you take this back", effect(given.withdrawal_effect).to_owned()),
    ];
    facts.retain(|(_, text)| !text.trim().is_empty());
    let needed = given.purpose == Purpose::Participate;
    Use { purpose: given.purpose.word(), text: given.text, facts, needed }
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
fn effects(purpose: Purpose, promised: WithdrawalEffect) -> String {
    match purpose {
        Purpose::Participate => format!("{} You then no longer take part in this.", effect(promised)),
        _ => effect(promised).to_owned(),
    }
}

/// Everything that this person has agreed to here, each with a button to take it back.
pub(super) async fn given(platform: &Platform, guest: &Guest) -> Result<Option<Part>> {
    let db = platform.db.read();
    let scope = guest.invitation.opportunity_id.0;
    let standing = record::standing_of(db, guest.organisation, guest.participant).await?;
    let can_go = |kind, until| State::after(kind, until).accepts(ConsentType::Withdraw) == Some(true);
    let mut choices = Vec::new();
    for row in standing.into_iter().filter(|row| row.scope_id == scope && can_go(row.r#type, row.valid_until)) {
        // What was promised is what stood in the notice that they agreed to.
        let notice = notices::get(db, guest.organisation, row.notice_id).await?;
        let Some(words) = notice.content.purposes.into_iter().find(|given| given.purpose == row.purpose) else { continue };
        choices.push(Choice {
            title: words.text,
            texts: vec![format!("If you take this back: {}", effects(row.purpose, words.withdrawal_effect))],
            button: "Take this back".into(),
            to: at(platform, guest.invitation.id, "/withdraw"),
            field: "purpose",
            value: row.purpose.word(),
        });
    }
    let texts = vec!["You can take each of these back at any time. You need give no reason.".to_owned()];
    let part = Part { title: "What you have agreed to", texts, choices };
    Ok(Some(part).filter(|part| !part.choices.is_empty()))
}

/// Records what was agreed on the page, to the notice that stood there.
pub(super) async fn note(tx: &Tx, platform: &Platform, guest: &Guest, fields: &[(String, String)]) -> Result<()> {
    let Some((_, id)) = fields.iter().find(|(field, _)| field == "notice") else { return Ok(()) };
    let current = notices::current(tx, guest.organisation, guest.invitation.opportunity_id.0).await?;
    let Some(notice) = current.filter(|current| current.id.to_string() == *id) else {
        let detail = "The notice has changed since you read it. Please open the link in the letter once more.";
        return Err(Error::conflict("notice_superseded", detail));
    };
    let ticked = |purpose: Purpose| fields.iter().any(|(field, value)| field == "agree" && *value == purpose.word());
    let purposes = notice.content.purposes.iter().map(|given| given.purpose);
    let said: Vec<Said> =
        purposes.filter(|purpose| ticked(*purpose)).map(|purpose| Said { purpose, choice: ConsentType::Give }).collect();
    if said.is_empty() {
        return Ok(());
    }
    let speaker = guest.speaker();
    let proof = record::shown(tx, platform, &speaker, notice.id, &notice.content.language, LetterFormat::Plain).await?;
    record::say(tx, platform, &speaker, proof.reveal(), &said).await?;
    Ok(())
}

/// Takes one thing back. Answers what follows, if there was anything to take back.
pub(super) async fn withdraw(tx: &Tx, platform: &Platform, guest: &Guest, named: &str) -> Result<Option<String>> {
    let purpose = Purpose::ALL.iter().copied().find(|purpose| purpose.word() == named).ok_or(Error::NotFound("page"))?;
    let scope = guest.invitation.opportunity_id.0;
    let standing = record::standing_of(tx, guest.organisation, guest.participant).await?;
    let Some(row) = standing.into_iter().find(|row| row.scope_id == scope && row.purpose == purpose) else { return Ok(None) };
    let notice = notices::get(tx, guest.organisation, row.notice_id).await?;
    let words = notice.content.purposes.into_iter().find(|given| given.purpose == purpose);
    let done = record::withdraw(tx, platform, &guest.speaker(), purpose, scope).await?;
    Ok(words.filter(|_| done).map(|words| effects(purpose, words.withdrawal_effect)))
}
