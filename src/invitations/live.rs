//! The numbers of an opportunity as they change, for those who run it.
//!
//! However many watch one opportunity, the database is asked once for all of them, and not at all when nobody does. Everybody
//! has the latest numbers alone: whoever reads slowly misses what lay between, and holds nothing.

use super::funnel::Funnel;
use crate::{
    accounts::organisations,
    opportunities,
    platform::{
        Error, Platform, Result,
        secret::{hex, sha256},
        tasks::Tasks,
    },
    statistics::{
        counts,
        disclosure::{Shown, alone},
        people::Audience,
    },
};
use entity::{OpportunityId, OpportunityState, OrganisationId};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Numbers are looked at so often while somebody watches.
pub const LOOK: Duration = Duration::from_secs(2);
/// So many streams may one account or key have open.
pub const EACH: usize = 4;

/// The numbers at a time.
#[derive(Clone)]
pub struct Told {
    /// Names these numbers: the same ones have the same name.
    pub id: String,
    /// As JSON.
    pub text: String,
}

/// What is written for whoever watches: the funnel, and how many have answered.
pub(super) struct Numbers {
    pub funnel: Funnel,
    pub answered: Shown,
}

impl Numbers {
    /// Reads them, as those who run the opportunity may see them.
    pub async fn read(platform: &Platform, organisation: OrganisationId, opportunity: OpportunityId) -> Result<Self> {
        let db = platform.db.read();
        let about = opportunities::ways::find(db, organisation, opportunity).await?;
        if about.state == OpportunityState::Draft {
            return Err(Error::conflict("draft", "This has not been opened yet."));
        }
        let minimum = organisations::get(platform, organisation).await?.minimum_group;
        let scope = counts::scope(organisation, opportunity);
        let turnout = counts::turnout(db, scope, Audience::Staff, platform.clock.now()).await?;
        let answered = alone(turnout.answered, u64::try_from(minimum).unwrap_or(u64::MAX));
        Ok(Self { funnel: Funnel::read(db, &about).await?, answered })
    }
}

type Key = (OrganisationId, OpportunityId);

/// Everybody who watches.
#[derive(Clone, Default)]
pub struct Watched {
    state: Arc<Mutex<State>>,
    end: CancellationToken,
}

#[derive(Default)]
struct State {
    topics: HashMap<Key, watch::Sender<Option<Told>>>,
    seats: HashMap<String, usize>,
}

/// One of the streams that somebody may have open.
pub struct Seat(Watched, String);

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if let Some(count) = state.seats.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                state.seats.remove(&self.1);
            }
        }
    }
}

impl Watched {
    /// A panic while the lock was held leaves whole entries behind.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stream for somebody.
    pub fn seat(&self, by: &str) -> Result<Seat> {
        let mut state = self.state();
        let taken = state.seats.entry(by.to_owned()).or_default();
        if *taken >= EACH {
            return Err(Error::conflict("too_many_streams", format!("You have {EACH} streams open. Close one first.")));
        }
        *taken += 1;
        drop(state);
        Ok(Seat(self.clone(), by.to_owned()))
    }

    /// Ends all streams: the server stops.
    pub fn end(&self) {
        self.end.cancel();
    }

    /// Resolves when all streams end.
    pub async fn ended(&self) {
        self.end.cancelled().await;
    }

    /// The numbers of an opportunity from now on. The first who asks sets the looking going.
    pub fn of(&self, platform: &Platform, tasks: &Tasks, key: Key) -> watch::Receiver<Option<Told>> {
        let mut state = self.state();
        if let Some(sender) = state.topics.get(&key) {
            let mut receiver = sender.subscribe();
            receiver.mark_changed();
            return receiver;
        }
        let (sender, receiver) = watch::channel(None);
        state.topics.insert(key, sender);
        drop(state);
        let (watched, platform, stopping) = (self.clone(), platform.clone(), tasks.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = stopping.stopping() => {}
                () = watched.ended() => {}
                // It has taken itself out; what stands there now may be another's.
                () = watched.look(&platform, key) => return,
            }
            watched.state().topics.remove(&key);
        });
        receiver
    }

    /// Looks until nobody watches.
    async fn look(&self, platform: &Platform, key: Key) {
        loop {
            match super::api::live::told(platform, key).await {
                Ok(told) => self.publish(key, told),
                Err(error) => tracing::warn!(error = %error, "live numbers could not be read; this is tried again"),
            }
            tokio::time::sleep(LOOK).await;
            let mut state = self.state();
            if state.topics.get(&key).is_none_or(|sender| sender.receiver_count() == 0) {
                state.topics.remove(&key);
                return;
            }
        }
    }

    fn publish(&self, key: Key, told: Told) {
        if let Some(sender) = self.state().topics.get(&key) {
            sender.send_if_modified(|before| {
                let new = before.as_ref().is_none_or(|before| before.id != told.id);
                if new {
                    *before = Some(told);
                }
                new
            });
        }
    }
}

/// Numbers as text, with their name.
pub(super) fn named(text: String) -> Told {
    Told { id: hex(&sha256(text.as_bytes())[..8]), text }
}
