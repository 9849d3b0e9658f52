//! The queue.

use crate::harness::{TestApp, everywhere};
use alongside::platform::jobs::{Fault, NewJob, Next, Queue, dead, enqueue, retry_dead};
use chrono::Duration;
use entity::{JobState, job};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};
use serde_json::json;
use std::{
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
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

fn new(kind: &'static str, unique: Option<&str>) -> NewJob {
    NewJob { kind, payload: json!({}), run_at: None, unique: unique.map(str::to_owned), organisation: None }
}

async fn add(app: &TestApp, job: NewJob) {
    enqueue(app.app.platform.db.write(), &app.clock, job).await.unwrap();
}

async fn jobs(app: &TestApp) -> Vec<job::Model> {
    job::Entity::find().all(app.app.platform.db.read()).await.unwrap()
}

#[test]
fn a_handler_that_panics_is_tried_again_and_holds_up_no_other_job() {
    everywhere(|app| async move {
        let runs = Arc::new(AtomicUsize::new(0));
        let (mut queue, counted, beside) = (Queue::default(), runs.clone(), Arc::new(AtomicUsize::new(0)));
        queue.on("test.panics", move |_, _| {
            let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
            async move { if first { panic!("what nobody thought of") } else { Ok(Next::Done) } }
        });
        let other = beside.clone();
        queue.on("test.other", move |_, _| {
            other.fetch_add(1, Ordering::SeqCst);
            async { Ok(Next::Done) }
        });
        add(&app, new("test.panics", None)).await;
        add(&app, new("test.other", None)).await;
        let platform = &app.app.platform;
        assert_eq!(queue.run_due(platform, 10).await.unwrap(), 2);
        assert_eq!(beside.load(Ordering::SeqCst), 1);
        let left = jobs(&app).await;
        assert_eq!((left[0].state, left[0].attempts), (JobState::Waiting, 1));
        app.clock.advance(Duration::hours(1));
        queue.run_due(platform, 10).await.unwrap();
        assert_eq!(runs.load(Ordering::SeqCst), 2);
        assert!(jobs(&app).await.is_empty());
    });
}

#[test]
fn a_job_whose_worker_dies_each_time_gives_up_and_its_neighbours_do_not() {
    everywhere(|app| async move {
        let runs = Arc::new(AtomicUsize::new(0));
        let (mut queue, counted) = (Queue::default(), runs.clone());
        queue.on("test.kills", move |_, _| {
            let before = counted.fetch_add(1, Ordering::SeqCst);
            async move { if before < 12 { std::future::pending().await } else { Ok(Next::Done) } }
        });
        queue.on("test.neighbour", |_, _| async { Ok(Next::Done) });
        add(&app, new("test.kills", None)).await;
        add(&app, new("test.neighbour", None)).await;
        let platform = &app.app.platform;
        for _ in 0..12 {
            // A future that is dropped where it waits is to the database what a process is that dies.
            let before = runs.load(Ordering::SeqCst);
            tokio::select! {
                _ = queue.run_due(platform, 10) => panic!("the worker should not have come to an end"),
                () = async { while runs.load(Ordering::SeqCst) == before { tokio::task::yield_now().await } } => {}
            }
            app.clock.advance(Duration::minutes(11));
        }
        assert_eq!(queue.run_due(platform, 10).await.unwrap(), 2);
        assert_eq!(runs.load(Ordering::SeqCst), 12, "it was not given to a thirteenth worker");
        assert_eq!(dead(platform.db.read()).await.unwrap(), [("test.kills".to_owned(), 1)]);
        assert_eq!(jobs(&app).await.len(), 1, "its neighbour was done");
        job::Entity::delete_many().exec(platform.db.write()).await.unwrap();
    });
}

#[test]
fn a_job_that_gave_up_begins_anew_when_it_is_asked_for_again() {
    everywhere(|app| async move {
        let platform = &app.app.platform;
        let mut queue = Queue::default();
        queue.on("test.fails", |_, _| async { Err(Fault::GiveUp("no".into())) });
        let gives_up = async || {
            while queue.run_due(platform, 10).await.unwrap() > 0 {}
            let left = jobs(&app).await;
            assert_eq!((left.len(), left[0].state, left[0].attempts), (1, JobState::Dead, 1));
        };
        add(&app, new("test.fails", Some("one"))).await;
        gives_up().await;
        add(&app, new("test.fails", Some("one"))).await;
        let again = jobs(&app).await;
        assert_eq!((again.len(), again[0].state, again[0].attempts), (1, JobState::Waiting, 0));
        gives_up().await;
        // An operator can set it going too.
        assert_eq!(dead(platform.db.read()).await.unwrap(), [("test.fails".to_owned(), 1)]);
        assert_eq!(retry_dead(platform.db.write(), &app.clock).await.unwrap(), 1);
        assert!(dead(platform.db.read()).await.unwrap().is_empty());
        gives_up().await;
        // One that is being run keeps its count: else a job that ends its process would be tried for ever.
        let mut row = jobs(&app).await.remove(0).into_active_model();
        (row.state, row.attempts) = (Set(JobState::Leased), Set(7));
        row.update(platform.db.write()).await.unwrap();
        add(&app, new("test.fails", Some("one"))).await;
        let again = jobs(&app).await;
        assert_eq!((again[0].state, again[0].attempts), (JobState::Waiting, 7));
        job::Entity::delete_many().exec(platform.db.write()).await.unwrap();
    });
}

/// `alongside doctor`, as an operator calls it.
fn doctor(app: &TestApp, more: &[&str]) -> (Output, serde_json::Value) {
    let folder = std::env::temp_dir().join(format!("alongside-doctor-{}", app.clock.new_id::<uuid::Uuid>()));
    let output = Command::new(env!("CARGO_BIN_EXE_alongside"))
        .args(["doctor", "--json"])
        .args(more)
        .env_clear()
        .env("ALONGSIDE_DATABASE_URL", &app.url)
        .env("ALONGSIDE_MAIL_FOLDER", &folder)
        .env("ALONGSIDE_SECRET_FILE", folder.join("secret.key"))
        .output()
        .unwrap();
    let _ = std::fs::remove_dir_all(folder);
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    let mut found = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let queue = found.find(|line| line["check"] == "queue").unwrap_or_else(|| panic!("{lines}"));
    (output, queue)
}

#[test]
fn the_doctor_tells_of_jobs_that_gave_up_and_sets_them_going_again() {
    everywhere(|app| async move {
        let platform = &app.app.platform;
        let mut queue = Queue::default();
        queue.on("test.fails", |_, _| async { Err(Fault::GiveUp("no".into())) });
        add(&app, new("test.fails", None)).await;
        queue.run_due(platform, 10).await.unwrap();
        let (output, found) = doctor(&app, &[]);
        assert!(!output.status.success());
        assert_eq!(found["good"], false);
        assert!(found["detail"].as_str().unwrap().contains("1 test.fails"), "{found}");
        let (output, found) = doctor(&app, &["--retry-dead"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(found["good"], true);
        assert_eq!(jobs(&app).await[0].state, JobState::Waiting);
        job::Entity::delete_many().exec(platform.db.write()).await.unwrap();
    });
}
