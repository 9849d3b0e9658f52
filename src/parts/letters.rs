//! The letter after a pause. It follows from what the person chose themselves, and is sent once.

use crate::{
    invitations::{endings, letters::day, parting},
    opportunities,
    participants::{Recipient, preferences::today, recipient},
    platform::{
        Error, Platform, Result,
        mail::{Composed, Letter, both},
    },
};
use chrono::NaiveDate;
use entity::{MailState, OpportunityId, PartState, mail_message};

/// Writes it, unless it says something that is no longer so.
pub async fn compose(platform: Platform, message: mail_message::Model) -> Result<Composed> {
    let Some(recipient) = recipient(&platform, &message).await? else {
        return Ok(Composed::Drop(MailState::Cancelled, "the person has left"));
    };
    let (db, now, home) = (platform.db.read(), platform.clock.now(), &recipient.organisation);
    let id = OpportunityId(message.subject_id.ok_or_else(|| Error::bug("a letter about no opportunity"))?);
    let part = parting::of(db, home.id, id, recipient.participant.id).await?;
    let until = part.filter(|part| part.state == PartState::Paused).and_then(|part| part.paused_until);
    let Some(until) = until.filter(|until| *until < today(home, now)) else {
        return Ok(Composed::Drop(MailState::Cancelled, "the person is not at the end of a pause"));
    };
    if endings::of(db, home.id, id).await?.is_some() || !parting::has_part(db, home.id, id, recipient.participant.id).await? {
        return Ok(Composed::Drop(MailState::Cancelled, "there is nothing to go on with"));
    }
    if let Some(later) = recipient.waits_until(now, None) {
        return Ok(Composed::Later(later));
    }
    let about = opportunities::ways::find(db, home.id, id).await?;
    let letter = pause_over(&platform, &recipient, &about.title, id, until);
    Ok(Composed::Letter(Box::new(recipient.stoppable(&platform, &message, letter))))
}

fn pause_over(platform: &Platform, recipient: &Recipient, title: &str, id: OpportunityId, until: NaiveDate) -> Letter {
    let home = &recipient.organisation;
    let reason = both(
        format!("You get this letter because you chose to pause from something with {}. Questions: {}", home.name, home.contact),
        format!("You chose to stop for a while with {}. Questions? You can ask {}.", home.name, home.contact),
    );
    recipient
        .letter(format!("Do you want to go on: {title}"), reason)
        .text("Hello,")
        .text(both(
            format!("You chose to pause from “{title}” until {}. That day has passed.", day(until)),
            format!("You chose to stop for a while.\nIt was about “{title}”.\nYou chose {}.\nThat day is over.", day(until)),
        ))
        .heading(both("", "What you can do"))
        .text(both(
            "You can go on, choose something lighter, or leave. Every answer is as good, and you need give no reason.",
            "You can go on.\nYou can choose to do less.\nYou can leave.\nEvery answer is fine.\nYou do not have to say why.",
        ))
        .button("Choose what fits you", recipient.own_page(platform, &format!("/parts/{id}")))
        .heading(both("", "If you do nothing"))
        .text(both(
            "If you do nothing, you go on pausing, and your place is kept. We do not write to you about it again.",
            "You do not take part for now.\nWe keep your place.\nWe do not write to you about this again.",
        ))
}
