//! Delivery: takes letters from the outbox by lease, has them written, and hands them over.
//!
//! A letter is lost in no case: a row leaves the outbox only with an answer. It can arrive twice only if the process, the
//! network or the database dies between handing over and writing down the answer; then it is sent once more, the same to
//! the byte, and its history says so. At most as many letters as are under way at the same time are open to that.

mod finish;
mod flow;
mod lease;
mod lines;
mod policy;
mod prepare;
pub mod routes;
mod shift;
mod swift;
mod trip;

pub use finish::give_up_on;
pub use policy::Suppress;

use super::{Composers, Transport, dkim};
use crate::platform::{Config, Error, Platform, Result, tasks::Tasks};
use lettre::message::Mailbox;
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// A composer's word that a letter may be sent holds for so long.
const FRESH: Duration = Duration::from_secs(10);

/// Sends letters.
pub struct Mailer {
    composers: Composers,
    transport: Arc<dyn Transport>,
    from: Mailbox,
    /// Who signs letters, if not the mail server does.
    signer: Option<Arc<dkim::Signer>>,
    /// Letters under way at the same time.
    width: usize,
    /// A composer's word that a letter may be sent holds for so long.
    fresh: Duration,
    /// Who asks it to stop.
    tasks: Tasks,
    /// What it remembers from one run to the next. One run at a time.
    state: Mutex<State>,
}

/// Who signs letters for a domain, if keys are set.
pub fn signer(config: &Config, domain: &str) -> Result<Option<dkim::Signer>> {
    let wrong = |why: String| Error::unavailable(format!("ALONGSIDE_MAIL_DKIM: {why}"));
    let mut keys = Vec::new();
    for (selector, file) in &config.delivery.dkim {
        let name = file.display();
        let pem = std::fs::read(file).map_err(|error| wrong(format!("{name} cannot be read: {}", error.kind())))?;
        keys.push((selector.clone(), dkim::Key::read(&pem).map_err(|why| wrong(format!("{name} {why}")))?));
    }
    if keys.is_empty() { Ok(None) } else { dkim::Signer::new(domain, keys).map(Some).map_err(wrong) }
}

/// What is kept from one run to the next.
#[derive(Default)]
struct State {
    memory: finish::Memory,
    lines: lines::Lines,
}

impl Mailer {
    /// A mailer over a transport.
    pub fn new(composers: Composers, transport: Arc<dyn Transport>, config: &Config) -> Result<Self> {
        let from: Mailbox = config.mail_from.parse().map_err(|_| {
            Error::unavailable("ALONGSIDE_MAIL_FROM must be an address, such as `Sunrise <letters@sunrise.example>`")
        })?;
        let signer = signer(config, from.email.domain())?.map(Arc::new);
        let width = config.smtp_connections.max(1);
        let fresh = FRESH;
        Ok(Self { composers, transport, from, signer, width, fresh, tasks: Tasks::new(), state: Mutex::default() })
    }

    /// The same mailer; once these tasks are asked to end it begins no more letters, and gives those back that it took.
    pub fn until(self, tasks: &Tasks) -> Self {
        Self { tasks: tasks.clone(), ..self }
    }

    /// The same mailer; it asks a composer again whether a letter may be sent after so long, instead of ten seconds.
    pub fn fresh_for(self, fresh: Duration) -> Self {
        Self { fresh, ..self }
    }

    /// Sends what is due until nothing is, nothing gets through, or `most` letters were taken; answers how many were handled.
    /// Dropping the future loses nothing.
    pub async fn run_due(&self, platform: &Platform, most: u64) -> Result<usize> {
        let mut state = self.state.lock().await;
        shift::run(self, platform, &mut state, most).await
    }
}
