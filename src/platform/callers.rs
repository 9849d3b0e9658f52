//! Who waits for an answer at the moment. Work that nobody waits for, such as a mailing to very many, lets them go first: on a small
//! computer they would share two cores with all of it.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::{Duration, Instant},
};
use tokio::{sync::Notify, time::timeout};

/// Work waits no longer than this for its next step, however many ask: a busy server sends its letters all the same.
const MOST: Duration = Duration::from_millis(20);

/// Counts who waits.
#[derive(Debug, Default)]
pub struct Callers {
    waiting: AtomicUsize,
    none: Notify,
    /// How many have come who want to change something.
    writers: AtomicUsize,
    writer: Notify,
}

/// Somebody waits for an answer, for as long as this value lives.
#[derive(Debug)]
pub struct Waiting(Arc<Callers>);

impl Callers {
    /// Somebody asks, perhaps for a change.
    pub fn enter(self: &Arc<Self>, writes: bool) -> Waiting {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        if writes {
            self.writers.fetch_add(1, Ordering::SeqCst);
            self.writer.notify_waiters();
        }
        Waiting(self.clone())
    }

    /// How many have come so far who want to change something.
    pub fn writers(&self) -> usize {
        self.writers.load(Ordering::SeqCst)
    }

    /// Waits until somebody comes who wants to change something, after there were so many. Whoever holds what they need can let them go
    /// first. Who came before and takes long, to hand in a large file, counts no more.
    pub async fn writer_after(&self, before: usize) {
        loop {
            let mut came = std::pin::pin!(self.writer.notified());
            // From here on no word is missed.
            came.as_mut().enable();
            if self.writers() != before {
                return;
            }
            came.await;
        }
    }

    /// Waits until nobody waits for an answer, for a fiftieth of a second at most.
    pub async fn first(&self) {
        self.within(MOST).await;
    }

    /// Does some work, and lets those go first at each of its steps who wait for an answer then: for a fiftieth of a second at most, all
    /// in all. For work that only reads: it may keep a connection of many meanwhile, and never the only one that writes.
    pub async fn politely<T>(&self, work: impl Future<Output = T>) -> T {
        let (mut work, mut left) = (std::pin::pin!(work), MOST);
        loop {
            let since = Instant::now();
            self.within(left).await;
            left = left.saturating_sub(since.elapsed());
            let mut begun = false;
            let step = poll_fn(|context| {
                if begun {
                    // It can go on, or somebody else can.
                    return Poll::Ready(None);
                }
                begun = true;
                work.as_mut().poll(context).map(Some)
            });
            if let Some(done) = step.await {
                return done;
            }
        }
    }

    async fn within(&self, most: Duration) {
        if most.is_zero() || self.waiting.load(Ordering::SeqCst) == 0 {
            return;
        }
        let gone = async {
            loop {
                let mut gone = std::pin::pin!(self.none.notified());
                // From here on no word is missed.
                gone.as_mut().enable();
                if self.waiting.load(Ordering::SeqCst) == 0 {
                    return;
                }
                gone.await;
            }
        };
        // Whoever still waits then shares with us.
        let _ = timeout(most, gone).await;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.0.waiting.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.none.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_waits_for_callers_and_not_for_ever() {
        let callers = Arc::new(Callers::default());
        callers.first().await;
        let (one, two) = (callers.enter(false), callers.enter(false));
        drop(one);
        let mut work = std::pin::pin!(callers.first());
        assert!(futures_util::poll!(work.as_mut()).is_pending(), "somebody still waits");
        drop(two);
        assert!(futures_util::poll!(work.as_mut()).is_ready(), "until the last has its answer");
        let _stays = callers.enter(false);
        callers.first().await;
    }

    #[tokio::test]
    async fn whoever_wants_to_change_something_is_heard_of() {
        let callers = Arc::new(Callers::default());
        let before = callers.writers();
        let mut writer = std::pin::pin!(callers.writer_after(before));
        let _reads = callers.enter(false);
        assert!(futures_util::poll!(writer.as_mut()).is_pending(), "somebody reads");
        let _writes = callers.enter(true);
        assert!(futures_util::poll!(writer.as_mut()).is_ready());
        callers.writer_after(before).await;
        let before = callers.writers();
        assert!(futures_util::poll!(std::pin::pin!(callers.writer_after(before))).is_pending(), "nobody else has come");
    }

    #[tokio::test]
    async fn polite_work_stops_at_each_step_while_somebody_waits() {
        let callers = Arc::new(Callers::default());
        let (gate, steps) = (Notify::new(), AtomicUsize::new(0));
        let mut work = std::pin::pin!(callers.politely(async {
            steps.fetch_add(1, Ordering::SeqCst);
            gate.notified().await;
            steps.fetch_add(1, Ordering::SeqCst);
            7
        }));
        assert!(futures_util::poll!(work.as_mut()).is_pending());
        assert_eq!(steps.load(Ordering::SeqCst), 1, "it began at once");
        let asks = callers.enter(false);
        gate.notify_one();
        assert!(futures_util::poll!(work.as_mut()).is_pending());
        assert_eq!(steps.load(Ordering::SeqCst), 1, "it could go on, and does not");
        drop(asks);
        assert_eq!(work.await, 7);
        // It waits for nobody for ever.
        let _stays = callers.enter(false);
        assert_eq!(callers.politely(async { tokio::task::yield_now().await }).await, ());
    }
}
