//! Whom a letter is for, and what letters to participants have in common.

use super::rules::Window;
use crate::{
    accounts::links::{self, LinkKind},
    platform::{
        Error, Platform, Result,
        mail::{Both, Letter},
        secret::TokenKind,
    },
};
use entity::{ParticipantId, ParticipantState, PreferenceDoc, Time, mail_message, organisation, participant};
use sea_orm::EntityTrait;

/// Whom a letter is for, looked up when it is sent.
pub struct Recipient {
    /// Who writes.
    pub organisation: organisation::Model,
    /// Whom to.
    pub participant: participant::Model,
    /// How the person wants to be involved and written to, as they chose it.
    pub wishes: PreferenceDoc,
}

impl Recipient {
    /// A letter without content, as the person wants to be written to.
    pub fn letter(&self, subject: impl Into<Both>, reason: impl Into<Both>) -> Letter {
        Letter::to(&self.wishes.contact, &self.organisation.name, subject, reason)
    }

    /// The same letter with the link that stops letters of its family.
    pub fn stoppable(&self, platform: &Platform, message: &mail_message::Model, letter: Letter) -> Letter {
        let stop = platform.secret.token(TokenKind::Unsubscribe, message.id.0);
        let stop = links::address(platform, &self.organisation, LinkKind::Unsubscribe, &stop);
        letter.stoppable(stop, format!("{}.{}", message.kind, self.organisation.slug))
    }

    /// The address of one of the person's own pages.
    pub fn own_page(&self, platform: &Platform, rest: &str) -> String {
        format!("{}/o/{}/me{rest}", platform.config.public_url, self.organisation.slug)
    }

    /// When the letter may leave, if not now: in the hours of the person, and in those of the organisation where that leaves time
    /// enough before `deadline`.
    pub fn waits_until(&self, now: Time, deadline: Option<Time>) -> Option<Time> {
        Window::of(&self.organisation).waits_until(&self.wishes, now, deadline)
    }
}

/// The participant behind a letter, if they are still with the organisation.
pub async fn recipient(platform: &Platform, message: &mail_message::Model) -> Result<Option<Recipient>> {
    let db = platform.db.read();
    let organisation = message.organisation_id.ok_or_else(|| Error::bug("a letter to a participant of no organisation"))?;
    let found = participant::Entity::find_by_id((organisation, ParticipantId(message.recipient_id))).one(db).await?;
    let Some(participant) = found.filter(|person| person.state == ParticipantState::Joined) else { return Ok(None) };
    let writer = organisation::Entity::find_by_id(organisation).one(db).await?;
    let writer = writer.ok_or_else(|| Error::bug("a letter of no organisation"))?;
    let (_, wishes) = super::preferences::current(db, &participant).await?;
    Ok(Some(Recipient { organisation: writer, participant, wishes }))
}
