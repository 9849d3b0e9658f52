//! What would serve another product too: configuration, errors, time, the database, the web edge, mail, queued work
//! and the audit log. It knows no capability.

pub mod audit;
pub mod callers;
pub mod clock;
pub mod config;
pub mod csv;
pub mod db;
pub mod error;
pub mod group;
pub mod http;
pub mod jobs;
pub mod mail;
pub mod net;
pub mod outward;
pub mod secret;
pub mod tasks;
pub mod text;
pub mod trace;

pub use clock::Clock;
pub use config::Config;
pub use db::{Db, Tx};
pub use error::{Error, Result, Violation};
pub use secret::Secret;

use std::sync::Arc;

/// What every use case stands on. Cheap to clone.
#[derive(Clone)]
pub struct Platform {
    /// The database.
    pub db: Db,
    /// Time, ids and secrets.
    pub clock: Clock,
    /// The settings.
    pub config: Arc<Config>,
    /// The key from which links are derived.
    pub secret: Secret,
    /// Wakes the worker of this process when something was enqueued.
    pub wake: Arc<tokio::sync::Notify>,
    /// Runs work that keeps a core busy, a bounded number at a time.
    pub cpu: CpuPool,
    /// Counts calls, so that one source cannot take all there is.
    pub limits: Arc<http::limits::Limits>,
    /// Who waits for an answer of this process.
    pub callers: Arc<callers::Callers>,
    /// Where traces begin.
    pub traces: trace::Traces,
}

/// A bounded pool for work that keeps a core busy, such as hashing a password.
#[derive(Clone)]
pub struct CpuPool(Arc<tokio::sync::Semaphore>);

impl CpuPool {
    /// A pool that runs `width` pieces of work at a time; more wait.
    pub fn new(width: usize) -> Self {
        Self(Arc::new(tokio::sync::Semaphore::new(width.max(1))))
    }

    /// Runs `work` off the async threads and returns what it returns.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let permit = self.0.clone().acquire_owned().await.map_err(|_| Error::unavailable("the pool for heavy work is closed"))?;
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        })
        .await
        .map_err(|_| Error::bug("heavy work did not finish"))
    }
}
