//! Letters about somebody's own choices: will they still hold, and do they want to go on hearing from us. Each is sent once,
//! changes nothing by itself, and leads to the person's own page.

pub mod going_on;
pub mod review;

use crate::{
    consent::permits,
    participants::{Recipient, recipient, unsubscribe_links},
    platform::{
        Error, Platform, Result, Tx,
        mail::{self, Both, Composed, Letter, NewLetter, both, priority},
    },
};
use entity::{MailState, OrganisationId, ParticipantId, Purpose, RecipientKind, mail_message};
use uuid::Uuid;

/// Kind of the letter that asks whether choices are still right.
pub const REVIEW: &str = "choices.review";
/// Kind of the recurring job that writes it.
pub const REVIEW_DUE: &str = "choices.review_due";

/// Kind of the letter that asks whether somebody wants to go on hearing from the organisation.
pub const GOING_ON: &str = "choices.going_on";
/// Kind of the recurring job that writes it.
pub const SILENCE_DUE: &str = "choices.silence_due";

/// People in one transaction.
const PAGE: u64 = 1000;
/// Hours between two looks.
const HOURS: i64 = 6;

/// Somebody to be written to: who, about what, and where the letter goes.
struct To<'a> {
    who: ParticipantId,
    about: Uuid,
    address: &'a str,
}

/// Writes a letter about choices, unless it is outdated. Whoever does not agree to be asked is asked nothing here either.
pub async fn compose(platform: Platform, message: mail_message::Model) -> Result<Composed> {
    let Some(recipient) = recipient(&platform, &message).await? else {
        return Ok(Composed::Drop(MailState::Cancelled, "the person has left"));
    };
    let (organisation, now) = (recipient.organisation.id, platform.clock.now());
    let (who, scope) = (recipient.participant.id, organisation.0);
    if !permits(platform.db.read(), organisation, who, Purpose::ContactInvite, scope, now).await? {
        return Ok(Composed::Drop(MailState::Suppressed, "consent to such letters does not stand"));
    }
    let letter = match message.kind.as_str() {
        REVIEW => review::letter(&platform, &recipient, &message).await?,
        GOING_ON => going_on::letter(&platform, &recipient).await?,
        _ => return Err(Error::bug("a kind of letter that is about no choices")),
    };
    let letter = match letter {
        Ok(letter) => letter,
        Err(drop) => return Ok(drop),
    };
    if let Some(later) = recipient.waits_until(now, None) {
        return Ok(Composed::Later(later));
    }
    Ok(Composed::Letter(Box::new(recipient.stoppable(&platform, &message, letter))))
}

/// A letter without content, with why the person gets it.
fn begun(recipient: &Recipient, subject: Both) -> Letter {
    let home = &recipient.organisation;
    let reason = both(
        format!("You get this letter because you joined {} and agreed to be asked. Questions: {}", home.name, home.contact),
        format!("You joined {}. You said that we can ask you. Questions? You can ask {}.", home.name, home.contact),
    );
    recipient.letter(subject, reason).text("Hello,")
}

/// Enqueues letters of one kind, as one sending: in another year the same people may get one more.
async fn write(tx: &Tx, platform: &Platform, organisation: OrganisationId, kind: &'static str, people: &[To<'_>]) -> Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    let batch = mail::open_batch(tx, &platform.clock, Some(organisation), kind, Some(organisation.0), "system").await?;
    let letters: Vec<NewLetter> = people
        .iter()
        .map(|to| NewLetter {
            id: platform.clock.new_id(),
            kind,
            recipient_kind: RecipientKind::Participant,
            recipient_id: to.who.0,
            subject_id: Some(to.about),
            address: to.address.to_owned(),
            n: 0,
            priority: priority::REMINDER,
            expires_at: None,
        })
        .collect();
    let stop: Vec<_> = letters.iter().map(|letter| (letter.id, ParticipantId(letter.recipient_id))).collect();
    unsubscribe_links(tx, platform, organisation, &stop).await?;
    mail::enqueue(tx, &platform.clock, Some(organisation), batch, &letters).await
}
