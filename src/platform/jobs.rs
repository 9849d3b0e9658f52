//! The durable queue: work that must not be lost, enqueued in the transaction that makes it necessary.
//!
//! A payload holds ids only. A job is leased with one statement and runs outside any transaction; if the process dies,
//! the lease ends and another worker takes it. A failure says "retry" or "give up"; jobs that gave up stay visible.

use super::{Clock, Error, Platform, Result};
use chrono::Duration;
use entity::{JobId, JobState, OrganisationId, Time, job};
use futures_util::future::BoxFuture;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, LockBehavior, LockType, OnConflict},
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
    /// once more.
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
    // would be missed. With a new lease token, the worker that holds it now cannot take it for finished.
    let again = OnConflict::column(job::Column::UniqueKey)
        .value(job::Column::State, JobState::Waiting.word())
        .value(job::Column::RunAt, new.run_at.unwrap_or(now))
        .value(job::Column::LeaseToken, Expr::col((job::Entity, job::Column::LeaseToken)).add(1))
        .action_and_where(Expr::col((job::Entity, job::Column::State)).eq(JobState::Leased.word()))
        .to_owned();
    job::Entity::insert(row).on_conflict(again).exec_without_returning(connection).await?;
    Ok(())
}

/// The kinds of job and who runs them.
#[derive(Clone, Default)]
pub struct Queue {
    handlers: HashMap<&'static str, Handler>,
}

impl Queue {
    /// Names the handler of a kind.
    pub fn on<F>(&mut self, kind: &'static str, handler: impl Fn(Platform, Value) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<Next, Fault>> + Send + 'static,
    {
        self.handlers.insert(kind, Arc::new(move |platform, payload| Box::pin(handler(platform, payload))));
    }

    /// Runs up to `most` jobs that are due, one after another, and answers how many were run.
    pub async fn run_due(&self, platform: &Platform, most: u64) -> Result<usize> {
        let leased = lease(platform, most).await?;
        let count = leased.len();
        for job in leased {
            self.run(platform, job).await?;
        }
        Ok(count)
    }

    async fn run(&self, platform: &Platform, job: job::Model) -> Result<()> {
        let verdict = match self.handlers.get(job.kind.as_str()) {
            Some(handler) => handler(platform.clone(), job.payload.clone()).await,
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
        .col_expr(job::Column::Attempts, Expr::col(job::Column::Attempts).add(1))
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

/// When the next job is due, if any waits.
pub async fn next_due(connection: &impl ConnectionTrait) -> Result<Option<Time>> {
    let next = job::Entity::find()
        .filter(job::Column::State.eq(JobState::Waiting))
        .order_by_asc(job::Column::RunAt)
        .one(connection)
        .await?;
    Ok(next.map(|job| job.run_at))
}

/// Jobs that gave up, newest first.
pub async fn dead(connection: &impl ConnectionTrait, most: u64) -> Result<Vec<job::Model>> {
    let dead = job::Entity::find()
        .filter(job::Column::State.eq(JobState::Dead))
        .order_by_desc(job::Column::Id)
        .limit(most)
        .all(connection)
        .await?;
    Ok(dead)
}

/// Sets a job that gave up going again; answers whether there was one.
pub async fn retry(connection: &impl ConnectionTrait, clock: &Clock, id: JobId) -> Result<bool> {
    let updated = job::Entity::update_many()
        .col_expr(job::Column::State, Expr::value(JobState::Waiting.word()))
        .col_expr(job::Column::RunAt, Expr::value(clock.now()))
        .col_expr(job::Column::Attempts, Expr::value(0))
        .filter(job::Column::Id.eq(id).and(job::Column::State.eq(JobState::Dead)))
        .exec(connection)
        .await?;
    Ok(updated.rows_affected > 0)
}
