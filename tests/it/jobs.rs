//! The queue.

use crate::harness::everywhere;
use alongside::platform::jobs::{NewJob, Next, Queue, enqueue};
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A job looks, then something changes and asks for the same job, then the first run ends: the change must still be seen.
#[test]
fn a_job_that_is_asked_for_while_it_runs_comes_once_more() {
    everywhere(|app| async move {
        let runs = Arc::new(AtomicUsize::new(0));
        let (mut queue, counted) = (Queue::default(), runs.clone());
        let job =
            || NewJob { kind: "test.once", payload: json!({}), run_at: None, unique: Some("one".into()), organisation: None };
        queue.on("test.once", move |platform, _| {
            let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
            async move {
                if first {
                    enqueue(platform.db.write(), &platform.clock, job()).await?;
                    enqueue(platform.db.write(), &platform.clock, job()).await?;
                }
                Ok(Next::Done)
            }
        });
        let platform = &app.app.platform;
        enqueue(platform.db.write(), &platform.clock, job()).await.unwrap();
        enqueue(platform.db.write(), &platform.clock, job()).await.unwrap();
        while queue.run_due(platform, 10).await.unwrap() > 0 {}
        assert_eq!(runs.load(Ordering::SeqCst), 2, "asked for twice while it waited: once; while it ran: once more");
    });
}
