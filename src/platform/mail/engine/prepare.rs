//! Asking the composer for a letter, and writing the message.

use super::{Mailer, finish::Settled, policy::Outcome};
use crate::platform::{
    Error, Platform, Result,
    mail::{
        Composed, Composers, Letter,
        dkim::Signer,
        inbound::{reply_address, return_address},
        render::{Frame, render},
        transport::Outgoing,
    },
    tasks::caught,
};
use entity::{MailMessageId, mail_message};
use lettre::{Address, message::Mailbox};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};

/// A letter that can be handed over.
pub struct Ready {
    /// Its row as it was taken.
    pub letter: mail_message::Model,
    /// The message.
    pub outgoing: Outgoing,
    /// When the composer said that it may be sent.
    pub asked: Instant,
}

/// What was made of a letter.
pub enum Prepared {
    /// It can be handed over.
    Ready(Box<Ready>),
    /// It cannot, or not now.
    Settled(Box<Settled>),
}

/// What is needed to write letters, without the mailer.
#[derive(Clone)]
pub struct Desk {
    composers: Composers,
    from: Mailbox,
    signer: Option<Arc<Signer>>,
    platform: Platform,
}

impl Desk {
    pub fn of(mailer: &Mailer, platform: &Platform) -> Self {
        let Mailer { composers, from, signer, .. } = mailer;
        Self { composers: composers.clone(), from: from.clone(), signer: signer.clone(), platform: platform.clone() }
    }

    /// Asks the composer, and writes the message. Whatever goes wrong concerns this letter alone.
    pub async fn prepare(&self, letter: mail_message::Model) -> Prepared {
        let now = self.platform.clock.now();
        let settled = |letter, outcome| Prepared::Settled(Box::new(Settled { letter, outcome, server: None }));
        if letter.expires_at.is_some_and(|end| end <= now) {
            let outcome = Outcome::too_late(&letter);
            return settled(letter, outcome);
        }
        // Nobody waits for this letter as they do for an answer.
        let outcome = match self.platform.callers.politely(self.compose(&letter)).await {
            Ok(Composed::Letter(words)) => match self.write(&words, &letter) {
                Ok(outgoing) => return Prepared::Ready(Box::new(Ready { letter, outgoing, asked: Instant::now() })),
                Err(error) => Err(error),
            },
            Ok(Composed::Drop(state, why)) => Ok(Outcome::dropped(state, why)),
            Ok(Composed::Later(at)) => Ok(Outcome::later(&letter, at, now)),
            Err(error) => Err(error),
        };
        let outcome = outcome.unwrap_or_else(|error| {
            tracing::error!(letter = %letter.id, kind = letter.kind, error = %error, "a letter could not be written");
            Outcome::fault_of_ours(&letter, &error.to_string(), now)
        });
        settled(letter, outcome)
    }

    /// Whom bounces go to.
    fn return_to(&self, letter: MailMessageId) -> String {
        let domain = self.platform.config.delivery.returns.as_deref();
        return_address(&self.platform.secret, domain, letter).unwrap_or_else(|| self.from.email.to_string())
    }

    /// Whom answers go to, where they are taken.
    fn reply_to(&self, letter: &mail_message::Model) -> Option<Address> {
        let domain = self.platform.config.delivery.returns.as_deref();
        reply_address(&self.platform.secret, domain, letter)?.parse().ok()
    }

    async fn compose(&self, letter: &mail_message::Model) -> Result<Composed> {
        let composer = self.composers.of(&letter.kind).ok_or_else(|| Error::bug("nobody writes letters of this kind"))?;
        let composed = caught(async { composer(self.platform.clone(), letter.clone()).await }).await;
        composed.unwrap_or_else(|| Err(Error::bug("the composer panicked")))
    }

    fn write(&self, words: &Letter, letter: &mail_message::Model) -> Result<Outgoing> {
        let to: Address = letter.address.parse().map_err(|_| Error::bug("the address is not one that can be written to"))?;
        let reply_to = self.reply_to(letter).filter(|_| words.answerable);
        let frame = Frame { from: &self.from, to, reply_to, message_id: &letter.message_id, date: letter.date };
        let message = catch_unwind(AssertUnwindSafe(|| render(words, frame)))
            .unwrap_or_else(|_| Err(Error::bug("rendering the letter panicked")))?;
        let message = match &self.signer {
            // The time of the letter, not of this attempt: the same letter has the same signature.
            Some(signer) => signed(signer, message, letter.date.timestamp())?,
            None => message,
        };
        Ok(Outgoing {
            from: self.return_to(letter.id),
            to: letter.address.clone(),
            id: letter.message_id.trim_matches(['<', '>']).to_owned(),
            message,
        })
    }
}

/// The message with its signature in front.
fn signed(signer: &Signer, message: Vec<u8>, at: i64) -> Result<Vec<u8>> {
    let signature = signer.sign(&message, at).map_err(|why| Error::bug(format!("a letter could not be signed: {why}")))?;
    Ok([signature.into_bytes(), message].concat())
}
