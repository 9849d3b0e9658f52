//! Group commit: what is waiting is written in one transaction, and each caller is answered after the commit.
//!
//! A commit costs a disk write however little it holds. Under load many callers wait at the same time, so one commit
//! serves them all; alone, a caller waits for no one.

use super::{Db, Error, Result, Tx, tasks::Tasks};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Writes a batch inside an open transaction and answers for each item, in order. An `Err` for the whole batch rolls
/// everything back; an `Err` for one item must leave nothing of that item behind.
pub type WriteBatch<I, O> = Arc<dyn for<'a> Fn(&'a Tx, &'a [I]) -> BoxFuture<'a, Result<Vec<Result<O>>>> + Send + Sync>;

type Waiting<I, O> = (I, oneshot::Sender<Result<O>>);

/// Hands items to the one task that writes them.
pub struct GroupWriter<I, O> {
    queue: mpsc::Sender<Waiting<I, O>>,
}

impl<I, O> Clone for GroupWriter<I, O> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<I: Send + Sync + 'static, O: Send + 'static> GroupWriter<I, O> {
    /// Starts the writing task; a batch holds at most `most` items.
    pub fn start(tasks: &Tasks, db: Db, most: usize, write: WriteBatch<I, O>) -> Self {
        let (queue, mut waiting) = mpsc::channel::<Waiting<I, O>>(most * 4);
        let signal = tasks.clone();
        tasks.spawn(async move {
            let mut batch = Vec::with_capacity(most);
            loop {
                tokio::select! {
                    biased;
                    count = waiting.recv_many(&mut batch, most) => if count == 0 { return },
                    // From here on nothing new is taken; what was handed in is still written.
                    () = signal.stopping(), if !waiting.is_closed() => {
                        waiting.close();
                        continue;
                    }
                }
                let (items, answers): (Vec<I>, Vec<_>) = batch.drain(..).unzip();
                for (answer, result) in answers.into_iter().zip(write_all(&db, &write, &items).await) {
                    // A caller that has gone away does not need its answer; what was written stays.
                    let _ = answer.send(result);
                }
            }
        });
        Self { queue }
    }

    /// Writes one item, together with whatever else is waiting, and answers after the commit.
    pub async fn write(&self, item: I) -> Result<O> {
        let (answer, result) = oneshot::channel();
        self.queue.send((item, answer)).await.map_err(|_| Error::unavailable("the writer has stopped"))?;
        result.await.map_err(|_| Error::unavailable("the writer stopped before it answered"))?
    }
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

async fn write_once<I, O>(db: &Db, write: &WriteBatch<I, O>, items: &[I]) -> Result<Vec<Result<O>>> {
    let tx = db.begin().await?;
    let results = write(&tx, items).await?;
    tx.commit().await?;
    if results.len() == items.len() { Ok(results) } else { Err(Error::bug("a batch answered for another number of items")) }
}
