//! The one place where work is set going beside a request, so that a shutdown can wait for all of it.

use futures_util::FutureExt;
use std::{future::Future, panic::AssertUnwindSafe, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Work that broke off is begun again after so long.
const BREATH: Duration = Duration::from_millis(500);

/// Does work, and answers `None` if it panics: what it panics about concerns nobody else.
pub async fn caught<T>(work: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(work).catch_unwind().await.ok()
}

/// The tasks of this process, and the signal that ends them. Cheap to clone.
#[derive(Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// No task yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task; it should end soon after [`Tasks::stopping`] resolves.
    #[allow(clippy::disallowed_methods)]
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(work);
    }

    /// Does work that goes on until the tasks are asked to end, and begins it again if it panics: without it the process
    /// would look alive and do nothing.
    pub async fn keep_up<F: Future<Output = ()>>(&self, what: &'static str, work: impl Fn() -> F) {
        while caught(async { work().await }).await.is_none() {
            tracing::error!(what, "it broke off by a panic and is begun again");
            tokio::select! {
                () = self.stopping() => return,
                () = tokio::time::sleep(BREATH) => {}
            }
        }
    }

    /// Asks all tasks to end.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Resolves when the tasks are asked to end.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Whether the tasks were asked to end.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Waits until every task has ended.
    pub async fn finished(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn work_that_panics_is_begun_again_and_work_that_ends_is_not() {
        let (tasks, begun) = (Tasks::new(), AtomicUsize::new(0));
        let work = || async {
            assert!(begun.fetch_add(1, Ordering::SeqCst) > 0, "the first time it breaks off");
        };
        tasks.keep_up("test", work).await;
        assert_eq!(begun.load(Ordering::SeqCst), 2);
    }
}
