//! Letters about a trial: how is it going, and it is over. Both follow from what the person began themselves, and ask for nothing.

use super::{HALF_WAY, OVER, terms, zone};
use crate::{
    integrity::ladder::step,
    participants::{
        preferences::today,
        recipient::{Recipient, recipient},
        rules::end_of,
    },
    platform::{
        Error, Platform, Result,
        mail::{Both, Composed, Letter, both},
    },
};
use entity::{MailState, TrialEnd, TrialId, mail_message, trial};
use sea_orm::EntityTrait;

/// Writes a letter about a trial, unless it says something that is no longer so.
pub async fn compose(platform: Platform, message: mail_message::Model) -> Result<Composed> {
    let Some(recipient) = recipient(&platform, &message).await? else {
        return Ok(Composed::Drop(MailState::Cancelled, "the person has left"));
    };
    let id = TrialId(message.subject_id.ok_or_else(|| Error::bug("a letter about no trial"))?);
    let row = trial::Entity::find_by_id((recipient.organisation.id, id)).one(platform.db.read()).await?;
    let row = row.ok_or_else(|| Error::bug("a letter about no trial"))?;
    let (now, home) = (platform.clock.now(), &recipient.organisation);
    // Half way is told while there is time to go back.
    let end = end_of(row.last_day, zone(home)).filter(|_| message.kind == HALF_WAY);
    let ran_out = terms(&row, zone(home)).are_over(0, today(home, now));
    let letter = match message.kind.as_str() {
        HALF_WAY if row.ended_at.is_some() || ran_out => {
            return Ok(Composed::Drop(MailState::Cancelled, "the trial is over"));
        }
        HALF_WAY => half_way(&platform, &recipient, &row),
        OVER if row.ended == Some(TrialEnd::Over) => over(&platform, &recipient, &row),
        OVER => return Ok(Composed::Drop(MailState::Cancelled, "the trial did not end by itself")),
        _ => return Err(Error::bug("a kind of letter that trials do not write")),
    };
    if let Some(later) = recipient.waits_until(now, end) {
        return Ok(Composed::Later(later));
    }
    Ok(Composed::Letter(Box::new(recipient.stoppable(&platform, &message, letter))))
}

fn letter(recipient: &Recipient, subject: Both) -> Letter {
    let home = &recipient.organisation;
    let reason = both(
        format!(
            "You get this letter because you chose to try something more with {} for a while. Questions: {}",
            home.name, home.contact
        ),
        format!("You chose to try something with {}. Questions? You can ask {}.", home.name, home.contact),
    );
    recipient.letter(subject, reason).text("Hello,")
}

fn half_way(platform: &Platform, recipient: &Recipient, row: &trial::Model) -> Letter {
    let sessions = match row.sessions {
        1 => "1 session".to_owned(),
        count => format!("{count} sessions"),
    };
    let (what, until) = (step(row.rung).people_say, row.last_day.format("%-d %B %Y"));
    letter(recipient, "How is it going?".into())
        .text(both(
            format!("You are trying “{what}” for {sessions}, or until {until}. About half of that is over."),
            format!("You are trying “{what}”.\nYou chose {sessions}, or until {until}.\nAbout half of that is over."),
        ))
        .heading(both("", "If you want to go on"))
        .text(both(
            "If you want to go on, you need not do anything. Afterwards, what you chose before counts again by itself.",
            "You can do nothing.\nAt the end your old choice counts again.",
        ))
        .heading(both("", "If you want to go back now"))
        .text(both(
            "If you want to go back now, you can do that on your own page. You need give no reason.",
            "You can go back on your own page.\nYou do not have to say why.",
        ))
        .button("Go on, or go back now", recipient.own_page(platform, "/trial"))
}

fn over(platform: &Platform, recipient: &Recipient, row: &trial::Model) -> Letter {
    let what = step(row.rung).people_say;
    letter(recipient, both("What you chose before counts again", "Your old choice counts again"))
        .text(both(
            format!("You tried “{what}” for a while. That is over now, as you had chosen."),
            format!("You tried “{what}” for a while.\nThat is over now.\nYou chose it that way."),
        ))
        .text(both(
            "What you chose before counts again. You need not do anything.",
            "Your old choice counts again.\nYou do not have to do anything.",
        ))
        .heading(both("", "If you have a place"))
        .text(both(
            "If you have taken a place, it stays yours. You can give it up at any time, and need give no reason.",
            "The place stays yours.\nYou can give it up at any time.\nYou do not have to say why.",
        ))
        .button("See my choices", recipient.own_page(platform, "/preferences"))
}
