//! Limits on how often something may be tried from one place. Kept in memory: each process counts for itself.
//!
//! Guesses and requests are counted apart: whoever sends many requests must not push out what is counted of guesses.

use crate::platform::{
    Clock,
    error::{Error, Result},
};
use chrono::Duration;
use entity::Time;
use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

tokio::task_local! {
    static REQUEST: Asking;
}

/// Whether the caller of a request was counted: a page may ask several times who it is. It goes along with work that another
/// task does for the request.
#[derive(Clone, Debug)]
pub struct Asking(Arc<AtomicBool>);

impl Asking {
    /// The request that is being answered. Beside requests nobody is counted.
    pub fn here() -> Self {
        REQUEST.try_with(Self::clone).unwrap_or_else(|_| Self(Arc::new(true.into())))
    }
}

/// So many sources are counted in each table; the one that began first makes room for the next.
const SOURCES: usize = 50_000;
/// Every window is so long.
const WINDOW: Duration = Duration::minutes(10);

/// Counts tries by source in a window that begins with the first try.
#[derive(Default)]
pub struct Limits {
    /// Of guesses: passwords, links, addresses that letters go to.
    tries: Table,
    /// Of requests of every kind.
    requests: Table,
}

impl Limits {
    /// Counts a try; refuses it when `source` has had `most` in its window. `most` of 0 means no limit. A source is a short
    /// text: what others have written does not belong in it unless its form was checked.
    pub fn allow(&self, clock: &Clock, source: &str, most: u32) -> Result<()> {
        self.tries.allow(clock, source, most)
    }

    /// Takes a counted try back, because it was no guess.
    pub fn forgive(&self, source: &str) {
        self.tries.with(|tries| {
            if let Some((_, count)) = tries.by_source.get_mut(source) {
                *count = count.saturating_sub(1);
            }
        });
    }

    /// Counts a request in the same way. No caller may choose a `source` freely: with new ones they would push out others.
    pub fn allow_request(&self, clock: &Clock, source: &str, most: u32) -> Result<()> {
        self.requests.allow(clock, source, most)
    }

    /// Counts a request for whoever has turned out to send it, once a request.
    pub fn allow_caller(&self, clock: &Clock, asking: &Asking, who: &str, most: u32) -> Result<()> {
        if !asking.0.load(Ordering::Relaxed) {
            self.requests.allow(clock, who, most)?;
            asking.0.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// How many sources of requests are counted now.
    pub fn sources_of_requests(&self) -> usize {
        self.requests.with(|tries| tries.by_source.len())
    }
}

/// Answers one request, whose caller is counted once.
pub async fn one_request<T>(answer: impl Future<Output = T>) -> T {
    REQUEST.scope(Asking(Arc::default()), answer).await
}

/// What is counted of one kind.
#[derive(Default)]
struct Table(Mutex<Tries>);

#[derive(Default)]
struct Tries {
    /// When the window began, and how many there were since.
    by_source: HashMap<Arc<str>, (Time, u32)>,
    /// The windows in the order in which they began. A source whose window has begun anew stands here twice until the
    /// first one is taken out.
    begun: VecDeque<(Time, Arc<str>)>,
}

impl Table {
    fn allow(&self, clock: &Clock, source: &str, most: u32) -> Result<()> {
        if most == 0 {
            return Ok(());
        }
        let now = clock.now();
        self.with(|tries| {
            tries.make_room(now);
            let Some((since, count)) = tries.by_source.get_mut(source) else {
                let source: Arc<str> = source.into();
                tries.begun.push_back((now, source.clone()));
                tries.by_source.insert(source, (now, 1));
                return Ok(());
            };
            if *count >= most {
                let wait = u64::try_from((*since + WINDOW - now).num_seconds()).unwrap_or(1).max(1);
                return Err(Error::TooMany { most, minutes: WINDOW.num_minutes().unsigned_abs(), wait });
            }
            *count += 1;
            Ok(())
        })
    }

    /// A panic while the lock was held leaves whole entries behind.
    fn with<T>(&self, f: impl FnOnce(&mut Tries) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Tries {
    /// Takes out windows that have ended, and the oldest one where there are too many. Each is looked at once.
    fn make_room(&mut self, now: Time) {
        while let Some((since, source)) = self.begun.front() {
            if now - *since < WINDOW && self.by_source.len() < SOURCES {
                return;
            }
            self.by_source.remove(source);
            self.begun.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeZone, Utc};

    fn clock() -> Clock {
        Clock::fixed(Utc.with_ymd_and_hms(2027, 3, 1, 9, 0, 0).unwrap(), 1)
    }

    #[test]
    fn a_source_is_counted_in_its_window_and_a_try_can_be_forgiven() {
        let (limits, clock) = (Limits::default(), clock());
        for _ in 0..3 {
            limits.allow(&clock, "one", 3).unwrap();
        }
        assert_eq!(limits.allow(&clock, "one", 3), Err(Error::TooMany { most: 3, minutes: 10, wait: 600 }));
        limits.allow(&clock, "other", 3).unwrap();
        limits.forgive("one");
        limits.allow(&clock, "one", 3).unwrap();
        clock.advance(Duration::minutes(9));
        assert_eq!(limits.allow(&clock, "one", 3), Err(Error::TooMany { most: 3, minutes: 10, wait: 60 }));
        clock.advance(Duration::minutes(1));
        limits.allow(&clock, "one", 3).unwrap();
        limits.allow(&clock, "one", 0).unwrap();
    }

    #[test]
    fn many_sources_take_no_more_than_their_room() {
        let (limits, clock) = (Limits::default(), clock());
        let counted = || limits.tries.with(|tries| (tries.by_source.len(), tries.begun.len()));
        for n in 0..SOURCES + 1000 {
            limits.allow(&clock, &format!("source {n}"), 1).unwrap();
        }
        assert_eq!(counted(), (SOURCES, SOURCES));
        assert!(limits.allow(&clock, &format!("source {}", SOURCES + 999), 1).is_err(), "the newest are still counted");
        limits.allow(&clock, "source 0", 1).unwrap();
        clock.advance(WINDOW);
        limits.allow(&clock, "source 0", 1).unwrap();
        assert_eq!(counted(), (1, 1), "windows that have ended are forgotten");
    }

    #[test]
    fn requests_push_out_no_guesses() {
        let (limits, clock) = (Limits::default(), clock());
        limits.allow(&clock, "sign-in 192.0.2.1", 1).unwrap();
        for n in 0..SOURCES + 1000 {
            limits.allow_request(&clock, &format!("source {n}"), 1).unwrap();
        }
        assert_eq!(limits.sources_of_requests(), SOURCES);
        assert!(limits.allow(&clock, "sign-in 192.0.2.1", 1).is_err());
    }

    #[tokio::test]
    async fn a_caller_is_counted_once_a_request() {
        let (limits, clock) = (Limits::default(), clock());
        let ask = || limits.allow_caller(&clock, &Asking::here(), "account", 1);
        one_request(async { [ask(), ask(), ask()].into_iter().for_each(|answer| answer.unwrap()) }).await;
        one_request(async { assert!(ask().is_err() && ask().is_err(), "the second request, however often it asks") }).await;
        ask().unwrap();
    }
}
