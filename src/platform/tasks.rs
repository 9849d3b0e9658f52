//! The one place where work is set going beside a request, so that a shutdown can wait for all of it.

use std::future::Future;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

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
