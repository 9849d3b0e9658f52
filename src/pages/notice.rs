//! A notice as people read it: the words, whoever is responsible, and a switch for each use. Nothing is ticked beforehand.

use super::kit::{Block, Field, Form, Link};
use entity::{NoticePurpose, Purpose, WithdrawalEffect, notice};

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

/// The switches of a notice.
pub(super) struct Switches<'a> {
    pub notice: &'a notice::Model,
    /// Whether it is about taking part in something, which cannot be done without the purpose for that.
    pub taking_part: bool,
    /// Whether something was agreed to before and still holds.
    pub given: &'a dyn Fn(Purpose) -> bool,
}

/// The name of the field of a purpose.
pub(super) fn name(purpose: Purpose) -> String {
    format!("agree-{}", purpose.word())
}

/// Adds a switch for each use, with what is used, how long, for whom, and what taking it back will do.
pub(super) fn fields(form: Form, switches: &Switches<'_>) -> Form {
    let mut form = form;
    for use_of in &switches.notice.content.purposes {
        form = form.words(vec![Block::Heading(use_of.text.clone()), Block::Facts(facts(use_of))]);
        let needed = switches.taking_part && use_of.purpose == Purpose::Participate;
        form = if (switches.given)(use_of.purpose) {
            form.words(vec![Block::Text("You have agreed to this. You can take it back at any time.".into())])
        } else {
            let field = Field::switch(name(use_of.purpose), "I agree to this", false);
            form.field(if needed { field.hint("Without it you cannot take part in this.") } else { field })
        };
    }
    form
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
