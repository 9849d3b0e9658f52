//! The letter that tells what came of something.

use super::{address, gather};
use crate::{
    consent::permits,
    invitations::parting,
    participants::{Recipient, recipient},
    platform::{
        Error, Platform, Result,
        mail::{Composed, Letter},
    },
    statistics::counts,
};
use entity::{MailState, Purpose, ReleaseId, ReportDocument, mail_message, report, report_release};
use sea_orm::EntityTrait;

/// Writes the letter, after asking once more: whether the person still wants to be told, still counts among those who
/// took part, and whether this is still the newest version.
pub async fn compose(platform: Platform, message: mail_message::Model) -> Result<Composed> {
    let Some(recipient) = recipient(&platform, &message).await? else {
        return Ok(Composed::Drop(MailState::Cancelled, "the person has left"));
    };
    let (db, organisation) = (platform.db.read(), recipient.organisation.id);
    let id = ReleaseId(message.subject_id.ok_or_else(|| Error::bug("a letter about no report"))?);
    let release = report_release::Entity::find_by_id((organisation, id)).one(db).await?;
    let release = release.ok_or_else(|| Error::bug("a letter about no report"))?;
    let report = report::Entity::find_by_id((organisation, release.report_id)).one(db).await?;
    let report = report.ok_or_else(|| Error::bug("a release of no report"))?;
    let (purpose, scope, now) = (Purpose::ContactFeedback, organisation.0, platform.clock.now());
    if !permits(db, organisation, recipient.participant.id, purpose, scope, now).await? {
        return Ok(Composed::Drop(MailState::Suppressed, "the person does not want to be told"));
    }
    let scope = counts::scope(organisation, report.opportunity_id);
    let part = parting::of(db, organisation, report.opportunity_id, recipient.participant.id).await?.map(|part| part.results);
    if part == Some(false) {
        return Ok(Composed::Drop(MailState::Cancelled, "the person does not want to be told about this"));
    }
    // Whoever stepped down is told, also where nothing of what they gave stays.
    if part.is_none() && !counts::did_take_part(db, scope, recipient.participant.id).await? {
        return Ok(Composed::Drop(MailState::Cancelled, "the person took back what they gave"));
    }
    let newest = gather::releases(db, organisation, report.id).await?.last().map(|last| last.n);
    if newest != Some(release.n) {
        return Ok(Composed::Drop(MailState::Cancelled, "a newer version is out"));
    }
    if let Some(later) = recipient.quiet_until(platform.clock.now()) {
        return Ok(Composed::Later(later));
    }
    let url = address(&platform.config.public_url, &recipient.organisation.slug, report.id);
    let mine = recipient.own_page(&platform, "/record");
    let document: ReportDocument =
        serde_json::from_value(release.document).map_err(|_| Error::bug("a release that cannot be read"))?;
    let part = if part.is_some() { "had a part" } else { "took part" };
    let letter = report_letter(&recipient, &document, part, release.change_note.as_deref(), (&url, &mine));
    Ok(Composed::Letter(Box::new(recipient.stoppable(&platform, &message, letter))))
}

/// `part` says what the person did: whoever stepped down may have done so before it began.
fn report_letter(
    recipient: &Recipient,
    document: &ReportDocument,
    part: &str,
    change: Option<&str>,
    (url, mine): (&str, &str),
) -> Letter {
    let name = &recipient.organisation.name;
    let letter = recipient
        .letter(
            format!("What came of {}", document.title),
            format!("You get this letter because you {part} in something that {name} ran, and asked to be told what came of it."),
        )
        .text("Hello,")
        .text(format!("You {part} in {}. Thank you. This is what came of it.", document.title));
    let letter = match change {
        Some(change) => letter.heading("What has changed since the last report").text(change),
        None => letter,
    };
    letter
        .heading("In one minute")
        .text(&document.in_one_minute.text)
        .button("Read the whole report", url)
        .text(format!("On your own page, {mine}, you can see what became of what you said, and tell us how this was for you."))
        .text(format!("If you have a question, turn to {}.", recipient.organisation.contact))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_letter_has_no_word_that_pushes() {
        // The fixed words of the letter; what the coordinator wrote is theirs.
        let words = include_str!("letters.rs").split("#[cfg(test)]").next().unwrap().to_lowercase();
        let fixed: String = words.split('"').skip(1).step_by(2).collect::<Vec<_>>().join(" ");
        for banned in [" only ", " just ", "upgrade", "hurry", "don't miss"] {
            assert!(!fixed.contains(banned), "{banned}");
        }
    }
}
