//! Letters to those who were at a meeting, and what letters to participants have in common.

use super::meetings;
use crate::{
    accounts::links::{self, LinkKind},
    consent::permits,
    participants::rules::quiet_until,
    platform::{
        Error, Platform, Result,
        mail::{Composed, Letter},
        secret::TokenKind,
    },
};
use chrono_tz::Tz;
use entity::{
    Attendance, MailState, MeetingId, ParticipantId, ParticipantState, PreferenceDoc, Purpose, Time, attendance, mail_message,
    meeting, organisation, participant, preference,
};
use sea_orm::EntityTrait;

/// Whom a letter is for, looked up when it is sent.
pub struct Recipient {
    /// Who writes.
    pub organisation: organisation::Model,
    /// Whom to.
    pub participant: participant::Model,
    /// How the person wants to be involved and written to.
    wishes: PreferenceDoc,
}

impl Recipient {
    /// A letter without content, as the person wants to be written to.
    pub fn letter(&self, subject: String, reason: String) -> Letter {
        Letter::new(&self.organisation.name, subject, reason).as_wished(&self.wishes.contact)
    }

    /// The same letter with the link that stops letters of its family.
    pub fn stoppable(&self, platform: &Platform, message: &mail_message::Model, letter: Letter) -> Letter {
        let stop = platform.secret.token(TokenKind::Unsubscribe, message.id.0);
        let stop = links::address(platform, &self.organisation, LinkKind::Unsubscribe, &stop);
        letter.stoppable(stop, format!("{}.{}", message.kind, self.organisation.slug))
    }

    /// When the person may next be written to, if not now.
    pub fn quiet_until(&self, now: Time) -> Option<Time> {
        quiet_until(&self.wishes, self.organisation.time_zone.parse().unwrap_or(Tz::UTC), now)
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
    let wishes = match participant.preference_id {
        Some(id) => preference::Entity::find_by_id((organisation, id)).one(db).await?,
        None => None,
    };
    let wishes = wishes.map_or_else(PreferenceDoc::unspoken, |row| row.document);
    Ok(Some(Recipient { organisation: writer, participant, wishes }))
}

/// Writes the letter about the notes, unless they were changed or the person was not there after all.
pub async fn compose(platform: Platform, message: mail_message::Model) -> Result<Composed> {
    let Some(recipient) = recipient(&platform, &message).await? else {
        return Ok(Composed::Drop(MailState::Cancelled, "the person has left"));
    };
    let (db, organisation) = (platform.db.read(), recipient.organisation.id);
    let id = MeetingId(message.subject_id.ok_or_else(|| Error::bug("a letter about no meeting"))?);
    let meeting = meeting::Entity::find_by_id((organisation, id)).one(db).await?;
    let meeting = meeting.ok_or_else(|| Error::bug("a letter about no meeting"))?;
    let there = attendance::Entity::find_by_id((organisation, id, recipient.participant.id)).one(db).await?;
    let concerned = there.is_some_and(|row| row.attendance != Attendance::Absent);
    if !concerned || meeting.notes_shared_at.is_none() {
        return Ok(Composed::Drop(MailState::Cancelled, "the notes are not shared with this person"));
    }
    let (about, now) = (meeting.opportunity_id.0, platform.clock.now());
    if !permits(db, organisation, recipient.participant.id, Purpose::Participate, about, now).await? {
        return Ok(Composed::Drop(MailState::Suppressed, "the person does not agree to take part any more"));
    }
    if let Some(later) = recipient.quiet_until(now) {
        return Ok(Composed::Later(later));
    }
    let when = meetings::local(&recipient.organisation.time_zone, meeting.starts_at);
    let (public_url, slug) = (&platform.config.public_url, &recipient.organisation.slug);
    let url = format!("{public_url}/o/{slug}/me/meetings/{}", meeting.id);
    let letter = notes(&recipient, &meeting, &when, &url);
    Ok(Composed::Letter(Box::new(recipient.stoppable(&platform, &message, letter))))
}

fn notes(recipient: &Recipient, meeting: &meeting::Model, when: &str, url: &str) -> Letter {
    let name = &recipient.organisation.name;
    let letter = recipient.letter(
        format!("Notes of {}", meeting.title),
        format!("You get this letter because you were at this meeting of {name}, or sent word that you could not come."),
    );
    letter
        .text("Hello,")
        .text(format!("Here are the notes of {} ({when}). Thank you for your part in it.", meeting.title))
        .text("Please read them when it suits you. You can say that they are right, or what is wrong.")
        .button("Read the notes", url)
        .text(format!("If you have a question, turn to {}.", recipient.organisation.contact))
}
