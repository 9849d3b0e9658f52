//! The letter that holds gathered news: put together when it leaves, of what is still so.

use super::{
    REPORT,
    letters::{self, ToTell, in_one_minute},
};
use crate::{
    participants::{Recipient, news, recipient},
    platform::{
        Error, Platform, Result,
        mail::{Composed, Letter, both, suppression},
    },
};
use entity::{DigestId, MailState, ReleaseId, digest_item, mail_message};
use std::collections::HashSet;

/// Writes the letter with what was gathered, each piece after asking once more.
pub async fn compose_digest(platform: Platform, message: mail_message::Model) -> Result<Composed> {
    let Some(recipient) = recipient(&platform, &message).await? else {
        return Ok(Composed::Drop(MailState::Cancelled, "the person has left"));
    };
    let (db, home, now) = (platform.db.read(), &recipient.organisation, platform.clock.now());
    let id = DigestId(message.subject_id.ok_or_else(|| Error::bug("a letter of no news"))?);
    let Some((row, items)) = news::find(db, home.id, id).await? else {
        return Ok(Composed::Drop(MailState::Cancelled, "what was gathered is gone"));
    };
    let begins = news::leaves_at(home, &recipient.wishes.contact, &row).ok_or_else(|| Error::bug("a day that never comes"))?;
    if begins > now {
        return Ok(Composed::Later(begins));
    }
    if let Some(later) = recipient.waits_until(now, None) {
        return Ok(Composed::Later(later));
    }
    let stopped = suppression::of(db, &platform, home.id, &message.address).await?;
    let stopped: HashSet<String> = stopped.into_iter().map(|row| row.scope).collect();
    let mut pieces = Vec::new();
    for item in items.iter().take(usize::try_from(news::MOST).unwrap_or(usize::MAX)) {
        if !stopped.contains(suppression::family(&item.kind)) {
            pieces.extend(piece(&platform, &recipient, item).await?);
        }
    }
    if pieces.is_empty() {
        return Ok(Composed::Drop(MailState::Cancelled, "nothing that was gathered is still to be told"));
    }
    let more = items.len() as u64 > news::MOST;
    let letter = digest(&platform, &recipient, &pieces, more);
    Ok(Composed::Letter(Box::new(recipient.stoppable(&platform, &message, letter))))
}

/// A report, if a letter about it alone would still leave.
async fn piece(platform: &Platform, recipient: &Recipient, item: &digest_item::Model) -> Result<Option<ToTell>> {
    if item.kind != REPORT {
        return Err(Error::bug("gathered news of an unknown kind"));
    }
    Ok(letters::to_tell(platform, recipient, ReleaseId(item.subject_id)).await?.ok())
}

fn digest(platform: &Platform, recipient: &Recipient, pieces: &[ToTell], more: bool) -> Letter {
    let (name, contact) = (&recipient.organisation.name, &recipient.organisation.contact);
    let reason = both(
        format!("You get this letter because you asked {name} to gather news for you in one letter."),
        format!("You asked {name} for one letter with all the news."),
    );
    let letter = recipient
        .letter(format!("News from {name}"), reason)
        .text("Hello,")
        .text(both("This is what is new.", "This letter tells you what is new."));
    let letter = pieces.iter().fold(letter, |letter, told| {
        let title = &told.document.title;
        letter
            .heading(format!("What came of {title}"))
            .text(told.change.as_deref().map_or_else(
                || both("", ""),
                |change| both(format!("What has changed since the last report: {change}"), format!("This is new:\n{change}")),
            ))
            .text(in_one_minute(&told.document))
            .button(format!("Read the whole report: {title}"), told.url.as_str())
    });
    let mine = recipient.own_page(platform, "/record");
    let letter = match more {
        true => letter.text(both(
            format!("There is more news on your own page: {mine}"),
            format!("There is more news on your own page.\n{mine}"),
        )),
        false => letter,
    };
    let choose = recipient.own_page(platform, "/preferences/letters");
    letter
        .heading(both("How often news comes", "How often do you want news?"))
        .text(both(
            format!("You can choose how often you get news, on your own page: {choose}"),
            format!("You can choose how often.\nYou can do it on your own page.\n{choose}"),
        ))
        .heading(both("", "Questions?"))
        .text(both(format!("If you have a question, turn to {contact}."), format!("You can ask {contact}.")))
}
