//! The durable queue: work that must not be lost, enqueued in the transaction that makes it necessary.
//!
//! A payload holds ids only. A job is leased with one statement and runs outside any transaction; if the process dies,
//! the lease ends and another worker takes it. A failure says "retry" or "give up"; jobs that gave up stay visible. A job
//! that takes its worker with it is counted all the same, so it cannot do so for ever.

use super::{
    Clock, Error, Platform, Result,
    tasks::{Tasks, caught},
};
use chrono::Duration;
use entity::{JobState, OrganisationId, Time, job};
use futures_util::future::BoxFuture;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{CaseStatement, Expr, LockBehavior, LockType, OnConflict},
};
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};

/// How long a worker may hold a job before another may take it.
const LEASE: Duration = Duration::minutes(10);
/// After so many attempts a job gives up.
const ATTEMPTS: i32 = 12;

/// A job to enqueue.
pub struct NewJob {
    /// Which handler runs it: `room.verb`.
    pub kind: &'static str,
    /// Ids.
    pub payload: Value,
    /// Not before this time; now if left out.
    pub run_at: Option<Time>,
    /// While a job with this key waits, another one is not added. One that is being run may have looked already, so it comes
    /// once more; one that gave up begins anew.
    pub unique: Option<String>,
    /// Whose work it is.
    pub organisation: Option<OrganisationId>,
}

impl NewJob {
    /// A job to run now.
    pub fn now(kind: &'static str, organisation: OrganisationId, payload: Value) -> Self {
        Self { kind, payload, run_at: None, unique: None, organisation: Some(organisation) }
    }

    /// Not before `at`.
    pub fn at(mut self, at: Time) -> Self {
        self.run_at = Some(at);
        self
    }

    /// Not beside another one with this key.
    pub fn once(mut self, key: impl Into<String>) -> Self {
        self.unique = Some(key.into());
        self
    }
}

/// What a job that went well says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Finished.
    Done,
    /// More to do, right away: the same job comes again after others had their turn.
    More,
    /// Again at this time.
    At(Time),
}

/// What a job that failed says.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Try again later; for the operator.
    Retry(String),
    /// Do not try again; for the operator.
    GiveUp(String),
}

impl From<Error> for Fault {
    /// What may be different next time is retried; what the rules refuse is not.
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable(text) | Error::Bug(text) => Self::Retry(text),
            other => Self::GiveUp(other.to_string()),
        }
    }
}

impl From<sea_orm::DbErr> for Fault {
    fn from(error: sea_orm::DbErr) -> Self {
        Error::from(error).into()
    }
}

/// Runs one job.
pub type Handler = Arc<dyn Fn(Platform, Value) -> BoxFuture<'static, Result<Next, Fault>> + Send + Sync>;

/// Adds a job, in the caller's transaction.
pub async fn enqueue(connection: &impl ConnectionTrait, clock: &Clock, new: NewJob) -> Result<()> {
    let now = clock.now();
    let row = job::ActiveModel {
        id: Set(clock.new_id()),
        kind: Set(new.kind.to_owned()),
        payload: Set(new.payload),
        priority: Set(0),
        state: Set(JobState::Waiting),
        attempts: Set(0),
        run_at: Set(new.run_at.unwrap_or(now)),
        lease_token: Set(0),
        lease_until: Set(None),
        last_error: Set(None),
        unique_key: Set(new.unique),
        organisation_id: Set(new.organisation),
        created_at: Set(now),
    };
    // A job that is being run has read what it works on, perhaps before the caller's change; without another run the change
    // would be missed. With a new lease token, the worker that holds it now cannot take it for finished. A dead one would
    // keep its key for ever, and with it everybody else's work under that key.
    let column = |column| Expr::col((job::Entity, column));
    let attempts =
        CaseStatement::new().case(column(job::Column::State).eq(JobState::Dead.word()), 0).finally(column(job::Column::Attempts));
    let again = OnConflict::column(job::Column::UniqueKey)
        .value(job::Column::State, JobState::Waiting.word())
        .value(job::Column::RunAt, new.run_at.unwrap_or(now))
        .value(job::Column::LeaseToken, column(job::Column::LeaseToken).add(1))
        .value(job::Column::Attempts, attempts)
        .action_and_where(column(job::Column::State).is_in([JobState::Leased.word(), JobState::Dead.word()]))
        .to_owned();
    job::Entity::insert(row).on_conflict(again).exec_without_returning(connection).await?;
    Ok(())
}

/// The kinds of job and who runs them.
#[derive(Clone, Default)]
pub struct Queue {
    handlers: HashMap<&'static str, Handler>,
    /// Who asks it to stop.
    tasks: Tasks,
}

impl Queue {
    /// Names the handler of a kind.
    pub fn on<F>(&mut self, kind: &'static str, handler: impl Fn(Platform, Value) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<Next, Fault>> + Send + 'static,
    {
        self.handlers.insert(kind, Arc::new(move |platform, payload| Box::pin(handler(platform, payload))));
    }

    /// The kinds that it knows.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.handlers.keys().copied()
    }

    /// Runs up to `most` jobs that are due, one after another, and answers how many were run.
    pub async fn run_due(&self, platform: &Platform, most: u64) -> Result<usize> {
        let mut leased = lease(platform, most).await?.into_iter();
        let count = leased.len();
        while let Some(job) = leased.next() {
            platform.callers.first().await;
            if let Err(error) = self.run(platform, job).await {
                give_back(platform, leased.as_slice()).await?;
                return Err(error);
            }
            if self.tasks.is_stopping() {
                give_back(platform, leased.as_slice()).await?;
                break;
            }
        }
        Ok(count)
    }

    /// The same queue; once these tasks are asked to end it begins no more jobs, and gives those back that it took.
    pub fn until(self, tasks: &Tasks) -> Self {
        Self { tasks: tasks.clone(), ..self }
    }

    async fn run(&self, platform: &Platform, job: job::Model) -> Result<()> {
        let Some(job) = begin(platform, job).await? else { return Ok(()) };
        let verdict = match self.handlers.get_key_value(job.kind.as_str()) {
            Some(_) if job.attempts > ATTEMPTS => Err(Fault::GiveUp("whoever ran it never came back".to_owned())),
            Some((kind, handler)) => {
                let span = platform.traces.job(kind);
                let verdict = span.within(attempt(handler, platform.clone(), job.payload.clone())).await;
                span.ended(word(&verdict), verdict.is_ok());
                verdict
            }
            None => Err(Fault::GiveUp(format!("no handler for {}", job.kind))),
        };
        let now = platform.clock.now();
        let mine = Condition::all().add(job::Column::Id.eq(job.id)).add(job::Column::LeaseToken.eq(job.lease_token));
        let again = |state: JobState, at: Time, attempts: i32, error: Option<String>| {
            job::Entity::update_many()
                .col_expr(job::Column::State, Expr::value(state.word()))
                .col_expr(job::Column::RunAt, Expr::value(at))
                .col_expr(job::Column::Attempts, Expr::value(attempts))
                .col_expr(job::Column::LeaseUntil, Expr::value(Option::<Time>::None))
                .col_expr(job::Column::LastError, Expr::value(error))
                .filter(mine.clone())
        };
        let db = platform.db.write();
        match verdict {
            Ok(Next::Done) => {
                job::Entity::delete_many().filter(mine.clone()).exec(db).await?;
            }
            Ok(Next::More) => {
                again(JobState::Waiting, now, 0, None).exec(db).await?;
            }
            Ok(Next::At(at)) => {
                again(JobState::Waiting, at, 0, None).exec(db).await?;
            }
            Err(Fault::Retry(text)) if job.attempts < ATTEMPTS => {
                tracing::warn!(job = %job.id, kind = job.kind, attempts = job.attempts, error = text, "a job will be tried again");
                again(JobState::Waiting, now + backoff(job.attempts), job.attempts, Some(text)).exec(db).await?;
            }
            Err(Fault::Retry(text) | Fault::GiveUp(text)) => {
                tracing::error!(job = %job.id, kind = job.kind, attempts = job.attempts, error = text, "a job gave up");
                again(JobState::Dead, now, job.attempts, Some(text)).exec(db).await?;
            }
        }
        Ok(())
    }
}

/// What a handler said, in a word.
fn word(verdict: &Result<Next, Fault>) -> &'static str {
    match verdict {
        Ok(Next::Done) => "done",
        Ok(Next::More) => "more",
        Ok(Next::At(_)) => "later",
        Err(Fault::Retry(_)) => "retry",
        Err(Fault::GiveUp(_)) => "given up",
    }
}

/// Runs a handler. What it panics about concerns this job alone.
async fn attempt(handler: &Handler, platform: Platform, payload: Value) -> Result<Next, Fault> {
    let ran = caught(async { handler(platform, payload).await }).await;
    ran.unwrap_or_else(|| Err(Fault::Retry("the handler panicked".to_owned())))
}

/// Counts an attempt before it is made, because it may end the process. `None` if somebody else has taken the job over.
/// The lease begins anew: a job must not run out of it while others of its batch have their turn.
async fn begin(platform: &Platform, job: job::Model) -> Result<Option<job::Model>> {
    let begun = job::Entity::update_many()
        .col_expr(job::Column::Attempts, Expr::col(job::Column::Attempts).add(1))
        .col_expr(job::Column::LeaseUntil, Expr::value(platform.clock.now() + LEASE))
        .filter(job::Column::Id.eq(job.id).and(job::Column::LeaseToken.eq(job.lease_token)))
        .exec_with_returning(platform.db.write())
        .await?;
    Ok(begun.into_iter().next())
}

/// Gives jobs back that were taken and not begun, for the next worker that looks.
async fn give_back(platform: &Platform, jobs: &[job::Model]) -> Result<()> {
    for job in jobs {
        job::Entity::update_many()
            .col_expr(job::Column::State, Expr::value(JobState::Waiting.word()))
            .col_expr(job::Column::LeaseUntil, Expr::value(Option::<Time>::None))
            .filter(job::Column::Id.eq(job.id).and(job::Column::LeaseToken.eq(job.lease_token)))
            .filter(job::Column::State.eq(JobState::Leased))
            .exec(platform.db.write())
            .await?;
    }
    Ok(())
}

/// Takes due jobs, and jobs whose worker has died, with one statement.
async fn lease(platform: &Platform, most: u64) -> Result<Vec<job::Model>> {
    let now = platform.clock.now();
    let due = Condition::any()
        .add(job::Column::State.eq(JobState::Waiting).and(job::Column::RunAt.lte(now)))
        .add(job::Column::State.eq(JobState::Leased).and(job::Column::LeaseUntil.lt(now)));
    let mut next = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(due)
        .order_by_asc(job::Column::RunAt)
        .order_by_asc(job::Column::Id)
        .limit(most)
        .into_query();
    next.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let jobs = job::Entity::update_many()
        .col_expr(job::Column::State, Expr::value(JobState::Leased.word()))
        .col_expr(job::Column::LeaseToken, Expr::col(job::Column::LeaseToken).add(1))
        .col_expr(job::Column::LeaseUntil, Expr::value(now + LEASE))
        .filter(job::Column::Id.in_subquery(next))
        .exec_with_returning(platform.db.write())
        .await?;
    Ok(jobs)
}

/// One minute, doubled with each attempt, an hour at most.
fn backoff(attempts: i32) -> Duration {
    Duration::minutes(1 << attempts.clamp(0, 6)).min(Duration::hours(1))
}

/// How many jobs gave up, by kind.
pub async fn dead(connection: &impl ConnectionTrait) -> Result<Vec<(String, i64)>> {
    let kinds = job::Entity::find()
        .select_only()
        .column(job::Column::Kind)
        .column_as(job::Column::Id.count(), "count")
        .filter(job::Column::State.eq(JobState::Dead))
        .group_by(job::Column::Kind)
        .order_by_asc(job::Column::Kind)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(kinds)
}

/// Sets the jobs that gave up going again, and answers how many there were.
pub async fn retry_dead(connection: &impl ConnectionTrait, clock: &Clock) -> Result<u64> {
    let updated = job::Entity::update_many()
        .col_expr(job::Column::State, Expr::value(JobState::Waiting.word()))
        .col_expr(job::Column::RunAt, Expr::value(clock.now()))
        .col_expr(job::Column::Attempts, Expr::value(0))
        .filter(job::Column::State.eq(JobState::Dead))
        .exec(connection)
        .await?;
    Ok(updated.rows_affected)
}

/// How much work waits, how long, and what gave up, for the operator's collector.
pub async fn metrics(platform: &Platform) -> Result<String> {
    let (db, now) = (platform.db.read(), platform.clock.now());
    let counts: Vec<(JobState, i64)> = job::Entity::find()
        .select_only()
        .column(job::Column::State)
        .column_as(job::Column::Id.count(), "count")
        .group_by(job::Column::State)
        .into_tuple()
        .all(db)
        .await?;
    let mut text = String::from("# HELP alongside_jobs Queued work by state.\n# TYPE alongside_jobs gauge\n");
    for state in JobState::ALL {
        let count = counts.iter().find(|(found, _)| found == state).map_or(0, |(_, count)| *count);
        text.push_str(&format!("alongside_jobs{{state=\"{state}\"}} {count}\n"));
    }
    let oldest = job::Entity::find()
        .filter(job::Column::State.eq(JobState::Waiting).and(job::Column::RunAt.lte(now)))
        .order_by_asc(job::Column::RunAt)
        .one(db)
        .await?;
    let age = oldest.map_or(0, |job| (now - job.run_at).num_seconds());
    text.push_str("# HELP alongside_jobs_oldest_due_seconds How long the oldest work that is due has waited.\n");
    text.push_str(&format!("# TYPE alongside_jobs_oldest_due_seconds gauge\nalongside_jobs_oldest_due_seconds {age}\n"));
    Ok(text)
}
