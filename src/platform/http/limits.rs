//! Limits on how often something may be tried from one place. Kept in memory: each process counts for itself.

use crate::platform::{
    Clock,
    error::{Error, Result},
};
use entity::Time;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// When the table holds so many sources, old ones are forgotten.
const SOURCES: usize = 50_000;

/// Counts tries by source in a window that begins with the first try.
#[derive(Default)]
pub struct Limits {
    tries: Mutex<HashMap<String, (Time, u32)>>,
}

impl Limits {
    /// Counts a try; refuses it when `source` has had `most` in the last `seconds`. `most` of 0 means no limit.
    pub fn allow(&self, clock: &Clock, source: String, most: u32, seconds: i64) -> Result<()> {
        if most == 0 {
            return Ok(());
        }
        let now = clock.now();
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= SOURCES {
            tries.retain(|_, (since, _)| (now - *since).num_seconds() < seconds);
        }
        let (since, count) = tries.entry(source).or_insert((now, 0));
        if (now - *since).num_seconds() >= seconds {
            (*since, *count) = (now, 0);
        }
        if *count >= most {
            let wait = seconds - (now - *since).num_seconds();
            return Err(Error::TooMany(u64::try_from(wait).unwrap_or(1).max(1)));
        }
        *count += 1;
        Ok(())
    }
}
