//! Who waits for an answer at the moment. Work that nobody waits for, such as a mailing to very many, lets them go first: on a small
//! computer they would share two cores with all of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::timeout};

/// Work waits no longer than this for its next step, however many ask: a busy server sends its letters all the same.
const MOST: Duration = Duration::from_millis(20);

/// Counts who waits.
#[derive(Debug, Default)]
pub struct Callers {
    waiting: AtomicUsize,
    none: Notify,
}

/// Somebody waits for an answer, for as long as this value lives.
#[derive(Debug)]
pub struct Waiting(Arc<Callers>);

impl Callers {
    /// Somebody asks.
    pub fn enter(self: &Arc<Self>) -> Waiting {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Waiting(self.clone())
    }

    /// Waits until nobody waits for an answer, for a fiftieth of a second at most.
    pub async fn first(&self) {
        if self.waiting.load(Ordering::SeqCst) == 0 {
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
        let _ = timeout(MOST, gone).await;
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
        let (one, two) = (callers.enter(), callers.enter());
        drop(one);
        let mut work = std::pin::pin!(callers.first());
        assert!(futures_util::poll!(work.as_mut()).is_pending(), "somebody still waits");
        drop(two);
        assert!(futures_util::poll!(work.as_mut()).is_ready(), "until the last has its answer");
        let _stays = callers.enter();
        callers.first().await;
    }
}
