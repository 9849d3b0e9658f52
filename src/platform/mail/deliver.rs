//! Delivery: takes letters from the outbox by lease, has them written, and hands them over.
//!
//! A letter is lost in no case: a row leaves the outbox only with an answer. It can arrive twice only if the process, the
//! network or the database dies between handing over and writing down the answer; then it is sent once more, the same to
//! the byte, and its history says so. At most as many letters as are under way at the same time are open to that.

use super::{
    Composed, Composers, Transport, lease,
    lease::Settled,
    render::{Frame, render},
    rules::Outcome,
    transport::{Outgoing, SendFault, Stage},
};
use crate::platform::{
    Config, Error, Platform, Result,
    tasks::{Tasks, caught},
    trace::Span,
};
use entity::{MailMessageId, MailState, mail_message};
use futures_util::future::join_all;
use lettre::{Address, message::Mailbox};
use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};
use tokio::task::JoinSet;

/// How long to wait before writing down answers is tried once more: losing one would mean sending a letter twice, and a
/// database that is started anew is back within seconds. All together much shorter than a lease.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
];

/// Sends letters.
pub struct Mailer {
    composers: Composers,
    transport: Arc<dyn Transport>,
    from: Mailbox,
    /// Letters under way at the same time.
    width: usize,
    /// Who asks it to stop.
    tasks: Tasks,
}

/// What the composer made of a letter.
enum Prepared {
    Ready(Box<(mail_message::Model, Outgoing)>),
    Settled(Box<Settled>),
}

impl Mailer {
    /// A mailer over a transport.
    pub fn new(composers: Composers, transport: Arc<dyn Transport>, config: &Config) -> Result<Self> {
        let from = config.mail_from.parse().map_err(|_| {
            Error::unavailable("ALONGSIDE_MAIL_FROM must be an address, such as `Sunrise <letters@sunrise.example>`")
        })?;
        Ok(Self { composers, transport, from, width: config.smtp_connections.max(1), tasks: Tasks::new() })
    }

    /// The same mailer; once these tasks are asked to end it begins no more letters, and gives those back that it took.
    pub fn until(self, tasks: &Tasks) -> Self {
        Self { tasks: tasks.clone(), ..self }
    }

    /// Sends up to `most` letters that are due, and answers how many were handled. Dropping the future loses nothing.
    pub async fn run_due(&self, platform: &Platform, most: u64) -> Result<usize> {
        lease::recover(platform, most).await?;
        let claimed = lease::claim(platform, most).await?;
        let count = claimed.len();
        self.deliver(platform, claimed).await?;
        Ok(count)
    }

    /// Keeps `width` letters under way. Whenever answers come, one transaction writes all of them down and marks the next
    /// letters; so a crash leaves at most `width` letters of which nobody knows.
    async fn deliver(&self, platform: &Platform, claimed: Vec<mail_message::Model>) -> Result<()> {
        let mut waiting = claimed.into_iter();
        let mut under_way = JoinSet::<Settled>::new();
        let mut settled = Vec::<Settled>::new();
        loop {
            if self.tasks.is_stopping() {
                lease::give_back(platform, waiting.as_slice()).await?;
                waiting = Vec::new().into_iter();
            }
            let next = waiting.by_ref().take(self.width - under_way.len());
            let mut ready = Vec::new();
            for prepared in join_all(next.map(|letter| self.prepare(platform, letter))).await {
                match prepared {
                    Prepared::Ready(letter) => ready.push(*letter),
                    Prepared::Settled(letter) => settled.push(*letter),
                }
            }
            match settle(platform, &settled, &ready).await {
                Ok(granted) => {
                    settled.clear();
                    for (letter, outgoing) in ready.into_iter().filter(|(letter, _)| granted.contains(&letter.id)) {
                        let span = platform.traces.letter(self.composers.name(&letter.kind).unwrap_or("unknown"));
                        under_way.spawn(hand_over(self.transport.clone(), platform.clone(), letter, outgoing, span));
                    }
                }
                Err(error) if under_way.is_empty() => return Err(error),
                Err(error) => {
                    tracing::error!(error = %error, "answers could not be written; no more letters are taken until they are");
                    waiting = Vec::new().into_iter();
                }
            }
            match under_way.join_next().await {
                Some(first) => settled.extend(first),
                None if waiting.len() == 0 => return Ok(()),
                None => {}
            }
            while let Some(more) = under_way.try_join_next() {
                settled.extend(more);
            }
        }
    }

    /// Asks the composer, and writes the message. Whatever goes wrong concerns this letter alone.
    async fn prepare(&self, platform: &Platform, letter: mail_message::Model) -> Prepared {
        let now = platform.clock.now();
        if letter.expires_at.is_some_and(|end| end <= now) {
            let outcome = Outcome::dropped(MailState::Expired, "its time had passed before it could be delivered");
            return Prepared::Settled(Box::new((letter, outcome)));
        }
        let outcome = match self.compose(platform, &letter).await {
            Ok(Composed::Letter(words)) => match self.write(&words, &letter) {
                Ok(outgoing) => return Prepared::Ready(Box::new((letter, outgoing))),
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
        Prepared::Settled(Box::new((letter, outcome)))
    }

    async fn compose(&self, platform: &Platform, letter: &mail_message::Model) -> Result<Composed> {
        let composer = self.composers.of(&letter.kind).ok_or_else(|| Error::bug("nobody writes letters of this kind"))?;
        let composed = caught(async { composer(platform.clone(), letter.clone()).await }).await;
        composed.unwrap_or_else(|| Err(Error::bug("the composer panicked")))
    }

    fn write(&self, words: &super::Letter, letter: &mail_message::Model) -> Result<Outgoing> {
        let to: Address = letter.address.parse().map_err(|_| Error::bug("the address is not one that can be written to"))?;
        let frame = Frame { from: &self.from, to, message_id: &letter.message_id, date: letter.date };
        let message = catch_unwind(AssertUnwindSafe(|| render(words, frame)))
            .unwrap_or_else(|_| Err(Error::bug("rendering the letter panicked")))?;
        Ok(Outgoing {
            from: self.from.email.to_string(),
            to: letter.address.clone(),
            id: letter.message_id.trim_matches(['<', '>']).to_owned(),
            message,
        })
    }
}

/// Writes down answers and marks the next letters; several times if the database cannot do it at once.
async fn settle(
    platform: &Platform,
    settled: &[Settled],
    ready: &[(mail_message::Model, Outgoing)],
) -> Result<HashSet<MailMessageId>> {
    let ready: Vec<&mail_message::Model> = ready.iter().map(|(letter, _)| letter).collect();
    for pause in PAUSES {
        match lease::settle(platform, settled, &ready).await {
            Err(error) => tracing::warn!(error = %error, "answers could not be written; again in a moment"),
            written => return written,
        }
        tokio::time::sleep(pause).await;
    }
    lease::settle(platform, settled, &ready).await
}

/// Hands one letter over and says what became of it.
async fn hand_over(
    transport: Arc<dyn Transport>,
    platform: Platform,
    letter: mail_message::Model,
    outgoing: Outgoing,
    span: Span,
) -> Settled {
    let sent = span.within(caught(async { transport.send(outgoing).await })).await;
    let result = sent.unwrap_or_else(|| {
        Err(SendFault { stage: Stage::Dot, code: None, enhanced: None, text: "the sender panicked".to_owned() })
    });
    let stage = result.as_ref().map_or_else(|fault| fault.stage.word(), |()| "sent");
    span.ended(stage, result.is_ok());
    let outcome = match result {
        Ok(()) => Outcome::sent(),
        Err(fault) => {
            let outcome = Outcome::after(fault, &letter, platform.clock.now());
            let change = &outcome.change;
            tracing::warn!(
                letter = %letter.id, state = %change.state, stage = change.stage, code = change.code,
                text = change.text, "a letter did not leave",
            );
            outcome
        }
    };
    (letter, outcome)
}
