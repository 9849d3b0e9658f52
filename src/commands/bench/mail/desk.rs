//! An outbox with letters for nobody, and a mailer that works it off.

use crate::commands::bench::people::organisation_row;
use crate::platform::{
    Clock, Config, CpuPool, Db, Error, Platform, Result, Secret,
    config::MailWay,
    http::limits::Limits,
    mail::{Composed, Composers, Letter, Mailer, NewLetter, enqueue, open_batch, priority, transport},
    trace::Traces,
};
use entity::{MailMessageId, MailState, OrganisationId, RecipientKind, mail_message, organisation};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use std::{net::SocketAddr, path::Path, sync::Arc};
use uuid::Uuid;

/// Domains that are written to.
const DOMAINS: usize = 100;
/// The kind of letter.
const KIND: &str = "bench.letter";

/// An outbox, and a mailer that works it off.
pub struct Desk {
    /// What it stands on.
    pub platform: Platform,
    /// Who sends.
    pub mailer: Mailer,
    organisation: OrganisationId,
}

impl Desk {
    /// An outbox in a database, whose letters go to a mail server on this computer.
    pub async fn open(database: &str, secret: &Path, server: SocketAddr, connections: usize) -> Result<Self> {
        let mut config = Config::read([]).map_err(|wrong| Error::bug(wrong.join("; ")))?;
        config.mail = MailWay::Smtp(format!("smtp://{server}"));
        config.smtp_connections = connections;
        let clock = Clock::system();
        let secret = Secret::open(secret, clock.secret()).map_err(Error::Unavailable)?;
        let transport = transport::open(&config)?;
        let mailer = Mailer::new(composers(), transport, &config)?;
        let traces = Traces::open(&config)?;
        let platform = Platform {
            db: Db::connect(database, 8).await?,
            clock,
            config: Arc::new(config),
            secret,
            wake: Arc::default(),
            cpu: CpuPool::new(1),
            limits: Arc::new(Limits::default()),
            callers: Arc::default(),
            traces,
        };
        let organisation = match organisation::Entity::find().one(platform.db.read()).await? {
            Some(there) => there.id,
            None => {
                let id = platform.clock.new_id();
                let row = organisation_row(id, platform.clock.now());
                organisation::Entity::insert(row).exec_without_returning(platform.db.write()).await?;
                id
            }
        };
        Ok(Self { platform, mailer, organisation })
    }

    /// Puts letters into it.
    pub async fn fill(&self, messages: usize) -> Result<()> {
        let clock = &self.platform.clock;
        let tx = self.platform.db.begin().await?;
        let organisation = Some(self.organisation);
        let batch = open_batch(&tx, clock, organisation, KIND, None, "bench").await?;
        let letters: Vec<NewLetter> = (0..messages).map(|number| new_letter(clock, number)).collect();
        enqueue(&tx, clock, organisation, batch, &letters).await?;
        tx.commit().await?;
        Ok(())
    }

    /// How many of its letters were sent.
    pub async fn sent(&self) -> Result<u64> {
        let sent = mail_message::Entity::find().filter(mail_message::Column::State.eq(MailState::Sent));
        Ok(sent.count(self.platform.db.read()).await?)
    }
}

pub fn new_letter(clock: &Clock, number: usize) -> NewLetter {
    NewLetter {
        id: clock.new_id(),
        kind: KIND,
        recipient_kind: RecipientKind::Participant,
        recipient_id: clock.new_id(),
        subject_id: None,
        address: format!("person{number}@place{}.example", number % DOMAINS),
        n: 0,
        priority: priority::INVITATION,
        expires_at: None,
    }
}

pub fn composers() -> Composers {
    let mut composers = Composers::default();
    composers.on(KIND, |_, message| async move { Ok(Composed::Letter(Box::new(letter(message.id, message.recipient_id)))) });
    composers
}

/// A letter of the usual kind, as long as those that it is compared with.
pub fn letter(id: MailMessageId, recipient: Uuid) -> Letter {
    let link = format!("https://alongside.example/i/ai_{}{}", id.0.simple(), recipient.simple());
    let paragraph =
        "We would like to ask you to take part in this. It is about how people are looked after when they come home. ";
    Letter::new(
        "Sunrise Trust",
        "Would you like to take part: coming home",
        "You get this letter because you joined Sunrise Trust.",
    )
    .text(format!("Dear person {},", recipient.simple()))
    .text(paragraph.repeat(7))
    .fact("What this is", "You tell us what you think, and we decide.")
    .fact("Time it takes", "20 minutes")
    .fact("Payment", "£10.00 for everything, preparation included.")
    .heading("Why you were asked")
    .list(vec!["You said that you want to hear about this.", "You have not been asked this month."])
    .button("Read more and answer", &link)
    .text("Yes, no, later, or something lighter: every answer is fine, and you need give no reason.")
    .stoppable(format!("https://alongside.example/u/au_{}", id.0.simple()), "bench.sunrise")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::bench::mail::LENGTH;
    use crate::platform::mail::render::{Frame, render};

    #[test]
    fn a_letter_is_as_long_as_those_it_is_compared_with() {
        let clock = Clock::system();
        let new = new_letter(&clock, 7);
        let from: lettre::message::Mailbox = "Alongside <alongside@sunrise.example>".parse().unwrap();
        let message_id = format!("<{}@alongside>", new.id);
        let frame =
            Frame { from: &from, to: new.address.parse().unwrap(), reply_to: None, message_id: &message_id, date: clock.now() };
        let length = render(&letter(new.id, new.recipient_id), frame).unwrap().len();
        assert!(length.abs_diff(LENGTH) < 300, "{length}");
    }
}
