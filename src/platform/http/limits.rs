//! Limits on how often something may be tried from one place. Kept in memory: each process counts for itself.

use crate::platform::{
    Clock,
    error::{Error, Result},
};
use chrono::Duration;
use entity::Time;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// So many sources are counted; the one that began first makes room for the next.
const SOURCES: usize = 50_000;
/// Every window is so long.
const WINDOW: Duration = Duration::minutes(10);

/// Counts tries by source in a window that begins with the first try.
#[derive(Default)]
pub struct Limits(Mutex<Tries>);

#[derive(Default)]
struct Tries {
    /// When the window began, and how many there were since.
    by_source: HashMap<Arc<str>, (Time, u32)>,
    /// The windows in the order in which they began. A source whose window has begun anew stands here twice until the
    /// first one is taken out.
    begun: VecDeque<(Time, Arc<str>)>,
}

impl Limits {
    /// Counts a try; refuses it when `source` has had `most` in its window. `most` of 0 means no limit. A source is a short
    /// text: what others have written does not belong in it unless its form was checked.
    pub fn allow(&self, clock: &Clock, source: &str, most: u32) -> Result<()> {
        if most == 0 {
            return Ok(());
        }
        let now = clock.now();
        let mut tries = self.tries();
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
    }

    /// Takes a counted try back, because it was no guess.
    pub fn forgive(&self, source: &str) {
        if let Some((_, count)) = self.tries().by_source.get_mut(source) {
            *count = count.saturating_sub(1);
        }
    }

    /// A panic while the lock was held leaves whole entries behind.
    fn tries(&self) -> MutexGuard<'_, Tries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        for n in 0..SOURCES + 1000 {
            limits.allow(&clock, &format!("source {n}"), 1).unwrap();
        }
        assert_eq!(limits.tries().by_source.len(), SOURCES);
        assert_eq!(limits.tries().begun.len(), SOURCES);
        assert!(limits.allow(&clock, &format!("source {}", SOURCES + 999), 1).is_err(), "the newest are still counted");
        limits.allow(&clock, "source 0", 1).unwrap();
        clock.advance(WINDOW);
        limits.allow(&clock, "source 0", 1).unwrap();
        assert_eq!(limits.tries().by_source.len(), 1, "windows that have ended are forgotten");
        assert_eq!(limits.tries().begun.len(), 1);
    }
}
