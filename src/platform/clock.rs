//! Time and randomness, as an argument. Tests pass a clock that stands still and repeats its ids.

use chrono::{DateTime, Duration, TimeZone, Utc};
use rand::{Rng, SeedableRng, TryRng, rngs::SysRng};
use rand_chacha::ChaCha20Rng;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// The only source of the time, of ids and of random numbers. Cheap to clone; clones share one state.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    /// `None` reads the system's clock and the system's randomness.
    fixed: Option<Mutex<Fixed>>,
    ids: Mutex<Ids>,
}

struct Fixed {
    now: DateTime<Utc>,
    rng: ChaCha20Rng,
}

/// Ids of one millisecond are told apart, and kept in order, by a counter.
struct Ids {
    last: i64,
    counter: u16,
    rng: ChaCha20Rng,
}

impl Clock {
    /// The real time.
    pub fn system() -> Self {
        let mut seed = [0; 32];
        // Without randomness from the system no link would be secret: better not to start.
        #[allow(clippy::expect_used)]
        SysRng.try_fill_bytes(&mut seed).expect("the operating system gives random numbers");
        Self::with(None, seed)
    }

    /// A clock that stands at `now` until it is moved, with ids and secrets that follow from `seed`.
    pub fn fixed(now: DateTime<Utc>, seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = ChaCha20Rng::from_seed(bytes);
        Self::with(Some(Mutex::new(Fixed { now, rng })), bytes)
    }

    fn with(fixed: Option<Mutex<Fixed>>, seed: [u8; 32]) -> Self {
        Self(Arc::new(Inner { fixed, ids: Mutex::new(Ids { last: 0, counter: 0, rng: ChaCha20Rng::from_seed(seed) }) }))
    }

    /// The time, to the millisecond.
    #[allow(clippy::disallowed_methods)]
    pub fn now(&self) -> DateTime<Utc> {
        let now = match &self.0.fixed {
            Some(fixed) => lock(fixed).now,
            None => Utc::now(),
        };
        Utc.timestamp_millis_opt(now.timestamp_millis()).single().unwrap_or(now)
    }

    /// Moves a fixed clock forward; a real one goes by itself.
    pub fn advance(&self, by: Duration) {
        if let Some(fixed) = &self.0.fixed {
            lock(fixed).now += by;
        }
    }

    /// A new UUIDv7: later ids of this process sort after earlier ones.
    pub fn new_id<T: From<Uuid>>(&self) -> T {
        let now = self.now().timestamp_millis();
        let mut ids = lock(&self.0.ids);
        if now > ids.last {
            ids.last = now;
            ids.counter = 0;
        } else {
            ids.counter += 1;
            if ids.counter > 0x0fff {
                ids.last += 1;
                ids.counter = 0;
            }
        }
        let mut tail = [0; 10];
        ids.rng.fill_bytes(&mut tail[2..]);
        tail[..2].copy_from_slice(&ids.counter.to_be_bytes());
        let millis = u64::try_from(ids.last).unwrap_or(0);
        T::from(uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid())
    }

    /// 256 random bits for a token or a public seed.
    pub fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        match &self.0.fixed {
            Some(fixed) => lock(fixed).rng.fill_bytes(&mut bytes),
            None => {
                #[allow(clippy::expect_used)]
                SysRng.try_fill_bytes(&mut bytes).expect("the operating system gives random numbers");
            }
        }
        bytes
    }
}

/// A panic while the lock was held leaves plain numbers behind, which stay usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_in_the_order_in_which_they_were_made() {
        let clock = Clock::fixed(Utc.timestamp_opt(1_800_000_000, 0).unwrap(), 7);
        let ids: Vec<Uuid> = (0..10_000).map(|_| clock.new_id()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn a_fixed_clock_repeats_itself() {
        let at = Utc.timestamp_opt(1_800_000_000, 0).unwrap();
        let (a, b) = (Clock::fixed(at, 1), Clock::fixed(at, 1));
        assert_eq!(a.new_id::<Uuid>(), b.new_id::<Uuid>());
        assert_eq!(a.secret(), b.secret());
        assert_ne!(a.secret(), a.secret());
        a.advance(Duration::seconds(5));
        assert_eq!(a.now() - b.now(), Duration::seconds(5));
    }
}
