//! Group commit: what is waiting is written in one transaction, and each caller is answered after the commit.
//!
//! A commit costs a disk write however little it holds. Under load many callers wait at the same time, so one commit
//! serves them all; alone, a caller waits for no one.
//!
//! Callers who were answered together come back together. The first of them must not be written alone while all others
//! wait for that one commit, so a writer that begins looks at how many callers there were a moment ago, and gives the
//! next ones a moment to arrive.

use super::{
    Db, Error, Result, Tx,
    tasks::{Tasks, caught},
    trace::Span,
};
use futures_util::future::BoxFuture;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::{Instant, timeout_at},
};

/// How long a batch is held open for callers who are likely to come.
const GATHER: Duration = Duration::from_millis(2);
/// Batches that PostgreSQL writes at the same time: while one waits for the disk, another one is put together. SQLite
/// has one writer.
const LANES: usize = 2;

/// Writes a batch inside an open transaction and answers for each item, in order. An `Err` for the whole batch rolls
/// everything back; an `Err` for one item must leave nothing of that item behind. Two batches may be written at the same
/// time, so a batch locks what it reads and changes.
pub type WriteBatch<I, O> = Arc<dyn for<'a> Fn(&'a Tx, &'a [I]) -> BoxFuture<'a, Result<Vec<Result<O>>>> + Send + Sync>;

type Waiting<I, O> = (I, oneshot::Sender<Result<O>>);

/// Hands items to the tasks that write them.
pub struct GroupWriter<I, O> {
    queue: mpsc::Sender<Waiting<I, O>>,
    callers: Arc<AtomicUsize>,
}

impl<I, O> Clone for GroupWriter<I, O> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), callers: self.callers.clone() }
    }
}

impl<I: Send + Sync + 'static, O: Send + 'static> GroupWriter<I, O> {
    /// Starts the writing tasks; a batch holds at most `most` items.
    pub fn start(tasks: &Tasks, db: Db, most: usize, write: WriteBatch<I, O>) -> Self {
        let (queue, waiting) = mpsc::channel::<Waiting<I, O>>(most * 4);
        let lanes = if db.is_postgres() { LANES } else { 1 };
        let callers = Arc::new(AtomicUsize::new(0));
        let desk =
            Arc::new(Desk { waiting: Mutex::new(waiting), callers: callers.clone(), before: AtomicUsize::new(0), most, lanes });
        for _ in 0..lanes {
            let (desk, db, write, signal) = (desk.clone(), db.clone(), write.clone(), tasks.clone());
            tasks.spawn(async move {
                while let Some(batch) = desk.gather(&signal).await {
                    let (items, answers): (Vec<I>, Vec<_>) = batch.into_iter().unzip();
                    let results = write_all(&db, &write, &items).await;
                    desk.before.store(desk.callers.load(Ordering::Relaxed), Ordering::Relaxed);
                    for (answer, result) in answers.into_iter().zip(results) {
                        // A caller that has gone away does not need its answer; what was written stays.
                        let _ = answer.send(result);
                    }
                }
            });
        }
        Self { queue, callers }
    }

    /// Writes one item, together with whatever else is waiting, and answers after the commit.
    pub async fn write(&self, item: I) -> Result<O> {
        let _here = Here::new(&self.callers);
        let (answer, result) = oneshot::channel();
        // The transaction serves many and is part of no one's work; waiting for it is.
        let _span = Span::part("group commit");
        self.queue.send((item, answer)).await.map_err(|_| Error::unavailable("the writer has stopped"))?;
        result.await.map_err(|_| Error::unavailable("the writer stopped before it answered"))?
    }
}

/// Counts a caller while it waits, also if it goes away.
struct Here<'a>(&'a AtomicUsize);

impl<'a> Here<'a> {
    fn new(callers: &'a AtomicUsize) -> Self {
        callers.fetch_add(1, Ordering::Relaxed);
        Self(callers)
    }
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where the writing tasks take what is waiting, one at a time.
struct Desk<I, O> {
    waiting: Mutex<mpsc::Receiver<Waiting<I, O>>>,
    /// Callers who wait for an answer now.
    callers: Arc<AtomicUsize>,
    /// Callers who waited when the last batch was done.
    before: AtomicUsize,
    most: usize,
    lanes: usize,
}

impl<I, O> Desk<I, O> {
    /// The next batch; `None` when nothing more will come.
    async fn gather(&self, signal: &Tasks) -> Option<Vec<Waiting<I, O>>> {
        let mut waiting = self.waiting.lock().await;
        let mut batch = Vec::with_capacity(self.most);
        loop {
            tokio::select! {
                biased;
                count = waiting.recv_many(&mut batch, self.most) => if count == 0 { return None } else { break },
                // From here on nothing new is taken; what was handed in is still written.
                () = signal.stopping(), if !waiting.is_closed() => waiting.close(),
            }
        }
        let until = Instant::now() + GATHER;
        while batch.len() < enough(self.before.load(Ordering::Relaxed), self.lanes).min(self.most) {
            let room = self.most - batch.len();
            match timeout_at(until, waiting.recv_many(&mut batch, room)).await {
                Ok(count) if count > 0 => {}
                _ => break,
            }
        }
        Some(batch)
    }
}

/// A batch of so many is worth beginning: half of a lane's share of the callers, because not all come back.
fn enough(callers: usize, lanes: usize) -> usize {
    callers / (2 * lanes)
}

/// Writes a batch; if it fails as a whole, each item alone, so that one bad item cannot take others with it.
async fn write_all<I, O>(db: &Db, write: &WriteBatch<I, O>, items: &[I]) -> Vec<Result<O>> {
    match write_once(db, write, items).await {
        Ok(results) => results,
        Err(error) if items.len() == 1 => vec![Err(error)],
        Err(_) => {
            let mut results = Vec::with_capacity(items.len());
            for item in items {
                let alone = write_once(db, write, std::slice::from_ref(item)).await;
                results.push(alone.and_then(|mut one| one.pop().unwrap_or_else(|| Err(Error::bug("no answer for an item")))));
            }
            results
        }
    }
}

/// Writes a batch in one transaction. A panic undoes it, and concerns these callers alone: the writer goes on.
async fn write_once<I, O>(db: &Db, write: &WriteBatch<I, O>, items: &[I]) -> Result<Vec<Result<O>>> {
    caught(begin_and_write(db, write, items)).await.unwrap_or_else(|| Err(Error::bug("writing a batch panicked")))
}

async fn begin_and_write<I, O>(db: &Db, write: &WriteBatch<I, O>, items: &[I]) -> Result<Vec<Result<O>>> {
    let tx = db.begin().await?;
    let results = write(&tx, items).await?;
    tx.commit().await?;
    if results.len() == items.len() { Ok(results) } else { Err(Error::bug("a batch answered for another number of items")) }
}
