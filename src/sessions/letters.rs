//! Letters to those who were at a meeting.

use super::meetings;
use crate::{
    consent::permits,
    invitations::parting,
    participants::{Recipient, recipient},
    platform::{
        Error, Platform, Result,
        mail::{Composed, Letter, both},
    },
};
use entity::{Attendance, MailState, MeetingId, Purpose, attendance, mail_message, meeting};
use sea_orm::EntityTrait;

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
    if parting::of(db, organisation, meeting.opportunity_id, recipient.participant.id).await?.is_some() {
        return Ok(Composed::Drop(MailState::Cancelled, "the person has stepped down from it, or is pausing"));
    }
    let (about, now) = (meeting.opportunity_id.0, platform.clock.now());
    if !permits(db, organisation, recipient.participant.id, Purpose::Participate, about, now).await? {
        return Ok(Composed::Drop(MailState::Suppressed, "the person does not agree to take part any more"));
    }
    if let Some(later) = recipient.waits_until(now, None) {
        return Ok(Composed::Later(later));
    }
    let when = meetings::local(&recipient.organisation.time_zone, meeting.starts_at);
    let url = recipient.own_page(&platform, &format!("/meetings/{}", meeting.id));
    let letter = notes(&recipient, &meeting, &when, &url);
    Ok(Composed::Letter(Box::new(recipient.stoppable(&platform, &message, letter))))
}

fn notes(recipient: &Recipient, meeting: &meeting::Model, when: &str, url: &str) -> Letter {
    let (name, contact, title) = (&recipient.organisation.name, &recipient.organisation.contact, &meeting.title);
    let reason = both(
        format!("You get this letter because you were at this meeting of {name}, or sent word that you could not come."),
        format!("This was a meeting of {name}. You were there, or you told us that you could not come."),
    );
    recipient
        .letter(format!("Notes of {title}"), reason)
        .text("Hello,")
        .text(both(
            format!("Here are the notes of {title} ({when}). Thank you for your part in it."),
            format!("There was a meeting.\nIts name was {title}.\nIt was on {when}.\nThank you for your part in it."),
        ))
        .text(both("", "We wrote down what people said.\nThis is called notes."))
        .heading(both("", "What you can do"))
        .text(both(
            "Please read them when it suits you. You can say that they are right, or what is wrong.",
            "You can read the notes when you like.\nYou can tell us if they are right.\nYou can tell us what is wrong.",
        ))
        .button("Read the notes", url)
        .heading(both("", "Questions?"))
        .text(both(format!("If you have a question, turn to {contact}."), format!("You can ask {contact}.")))
}
