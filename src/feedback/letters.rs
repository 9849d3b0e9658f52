//! The letter that tells what came of something.

use super::{address, gather};
use crate::{
    consent::permits,
    invitations::parting,
    participants::{Recipient, recipient},
    platform::{
        Error, Platform, Result,
        mail::{Both, Composed, Letter, both},
    },
    statistics::counts,
};
use entity::{MailState, Purpose, ReleaseId, ReportDocument, mail_message, report, report_release};
use sea_orm::EntityTrait;

/// A report that is still to be told to somebody.
pub(super) struct ToTell {
    /// As it was published.
    pub document: ReportDocument,
    /// What has changed since the last version.
    pub change: Option<String>,
    /// Where it is read.
    pub url: String,
    /// What the person did: whoever stepped down may have done so before it began.
    part: &'static str,
}

/// Writes the letter, after asking once more.
pub async fn compose(platform: Platform, message: mail_message::Model) -> Result<Composed> {
    let Some(recipient) = recipient(&platform, &message).await? else {
        return Ok(Composed::Drop(MailState::Cancelled, "the person has left"));
    };
    let id = ReleaseId(message.subject_id.ok_or_else(|| Error::bug("a letter about no report"))?);
    let told = match to_tell(&platform, &recipient, id).await? {
        Ok(told) => told,
        Err(instead) => return Ok(instead),
    };
    if let Some(later) = recipient.waits_until(platform.clock.now(), None) {
        return Ok(Composed::Later(later));
    }
    let mine = recipient.own_page(&platform, "/record");
    let letter = report_letter(&recipient, &told, &mine);
    Ok(Composed::Letter(Box::new(recipient.stoppable(&platform, &message, letter))))
}

/// Whether the person still wants to be told, still counts among those who took part, and this is still the newest version: then
/// what is told, or else what is to be done instead.
pub(super) async fn to_tell(
    platform: &Platform,
    recipient: &Recipient,
    id: ReleaseId,
) -> Result<std::result::Result<ToTell, Composed>> {
    let drop = |state, why| Ok(Err(Composed::Drop(state, why)));
    let (db, organisation) = (platform.db.read(), recipient.organisation.id);
    let release = report_release::Entity::find_by_id((organisation, id)).one(db).await?;
    let release = release.ok_or_else(|| Error::bug("a letter about no report"))?;
    let report = report::Entity::find_by_id((organisation, release.report_id)).one(db).await?;
    let report = report.ok_or_else(|| Error::bug("a release of no report"))?;
    let (purpose, scope, now) = (Purpose::ContactFeedback, organisation.0, platform.clock.now());
    if !permits(db, organisation, recipient.participant.id, purpose, scope, now).await? {
        return drop(MailState::Suppressed, "the person does not want to be told");
    }
    let scope = counts::scope(organisation, report.opportunity_id);
    let part = parting::of(db, organisation, report.opportunity_id, recipient.participant.id).await?.map(|part| part.results);
    if part == Some(false) {
        return drop(MailState::Cancelled, "the person does not want to be told about this");
    }
    // Whoever stepped down is told, also where nothing of what they gave stays.
    if part.is_none() && !counts::did_take_part(db, scope, recipient.participant.id).await? {
        return drop(MailState::Cancelled, "the person took back what they gave");
    }
    let newest = gather::releases(db, organisation, report.id).await?.last().map(|last| last.n);
    if newest != Some(release.n) {
        return drop(MailState::Cancelled, "a newer version is out");
    }
    let url = address(&platform.config.public_url, &recipient.organisation.slug, report.id);
    let document = serde_json::from_value(release.document).map_err(|_| Error::bug("a release that cannot be read"))?;
    let part = if part.is_some() { "had a part" } else { "took part" };
    Ok(Ok(ToTell { document, change: release.change_note, url, part }))
}

fn report_letter(recipient: &Recipient, told: &ToTell, mine: &str) -> Letter {
    let ToTell { document, change, url, part } = told;
    let (name, contact, title) = (&recipient.organisation.name, &recipient.organisation.contact, &document.title);
    let reason = both(
        format!("You get this letter because you {part} in something that {name} ran, and asked to be told what came of it."),
        format!("You {part} in something with {name}. You asked us to tell you what came of it."),
    );
    let letter = recipient.letter(format!("What came of {title}"), reason).text("Hello,").text(both(
        format!("You {part} in {title}. Thank you. This is what came of it."),
        format!("You {part} in {title}.\nThank you.\nNow we tell you what came of it."),
    ));
    let letter = match change.as_deref() {
        Some(change) => letter.heading(both("What has changed since the last report", "What is new")).text(change),
        None => letter,
    };
    letter
        .heading("In one minute")
        .text(in_one_minute(document))
        .button("Read the whole report", url.as_str())
        .heading(both("", "Your own page"))
        .text(both(
            format!("On your own page, {mine}, you can see what became of what you said, and tell us how this was for you."),
            format!("You can see what we did with what you said.\nYou can tell us how this was for you.\nIt is all on your own page.\n{mine}"),
        ))
        .heading(both("", "Questions?"))
        .text(both(format!("If you have a question, turn to {contact}."), format!("You can ask {contact}.")))
}

/// As the coordinator wrote it in each form. Where they wrote no Easy Read, the letter says so.
pub(super) fn in_one_minute(document: &ReportDocument) -> Both {
    let written = &document.in_one_minute;
    let plain = &written.text;
    both(plain, written.easy_read.clone().unwrap_or_else(|| format!("We do not have this in Easy Read.\n\n{plain}")))
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
