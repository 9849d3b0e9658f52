//! Letters: how they are written, kept, and sent.
//!
//! A letter is a row before it is anything else, written in the transaction of what it is about, so nobody who was told
//! "we will write" is forgotten. What it says is composed when it is sent, from ids, after asking once more whether it
//! may be sent at all.

pub mod answered;
pub mod dkim;
mod engine;
pub mod folder;
pub mod hold;
pub mod inbound;
pub mod letter;
pub mod lmtp;
pub mod outbox;
pub mod own;
pub mod poll;
pub mod reason;
mod redact;
pub mod refusing;
pub mod render;
pub mod refusal;
pub mod returned;
pub mod smtp;
pub mod status;
pub mod suppression;
pub mod transport;
mod twin;

pub use engine::{Mailer, routes, signer};
pub use letter::{Block, Both, Calendar, Form, Letter, both};
pub use outbox::{NewLetter, batch_about, enqueue, open_batch, take_back};
pub use status::metrics;
pub use transport::Transport;

use super::{Config, Platform, Result};
use entity::{MailState, mail_message};
use futures_util::future::BoxFuture;
use std::{collections::HashMap, sync::Arc};

/// Job that tells higher rooms that a sending was cancelled: `{mailing}`.
pub const CANCELLED: &str = "mail.cancelled";

/// The address that letters are from, without a name. None if the setting is no address.
pub fn sender_address(config: &Config) -> Option<String> {
    config.mail_from.parse().ok().map(|from: lettre::message::Mailbox| from.email.to_string())
}

/// Forgets what is kept for a while only: what is known of domains, and what came back.
pub async fn forget(platform: &Platform) -> Result<()> {
    routes::forget(platform).await?;
    inbound::forget(platform).await
}

/// What a composer makes of a queued letter.
pub enum Composed {
    /// Send this.
    Letter(Box<Letter>),
    /// Do not send it: `suppressed`, `cancelled` or `expired`, and why, for the operator.
    Drop(MailState, &'static str),
    /// Not now: ask again at this time (quiet hours).
    Later(entity::Time),
}

/// Writes the letters of one kind, and decides at the last moment whether they may be sent.
pub type Composer = Arc<dyn Fn(Platform, mail_message::Model) -> BoxFuture<'static, Result<Composed>> + Send + Sync>;

/// The kinds of letter and who writes them.
#[derive(Clone, Default)]
pub struct Composers {
    by_kind: HashMap<&'static str, Composer>,
}

impl Composers {
    /// Names the composer of a kind.
    pub fn on<F>(&mut self, kind: &'static str, composer: impl Fn(Platform, mail_message::Model) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<Composed>> + Send + 'static,
    {
        self.by_kind.insert(kind, Arc::new(move |platform, message| Box::pin(composer(platform, message))));
    }

    /// The composer of a kind.
    pub fn of(&self, kind: &str) -> Option<&Composer> {
        self.by_kind.get(kind)
    }

    /// A kind as it stands in the source.
    pub fn name(&self, kind: &str) -> Option<&'static str> {
        self.by_kind.get_key_value(kind).map(|(kind, _)| *kind)
    }
}

/// Priorities: smaller goes first.
pub mod priority {
    /// Signing in, confirming an address.
    pub const SIGN_IN: i32 = 10;
    /// Answers to something a person has just done.
    pub const TRANSACTIONAL: i32 = 20;
    /// Being asked.
    pub const INVITATION: i32 = 50;
    /// What came of it.
    pub const FEEDBACK: i32 = 60;
    /// Being reminded.
    pub const REMINDER: i32 = 70;
}
