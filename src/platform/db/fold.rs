//! SQLite's log, which everything is written to first, and the file that it is folded into.
//!
//! SQLite folds the log when somebody commits and finds it long: whoever that is waits until some thousand pages are written, and so does
//! everybody behind them. Here it is done beside those who write. Only the little that they add meanwhile is folded while it is nobody's
//! turn, so that the log begins anew and does not grow for ever.

use crate::platform::{Error, Result};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use std::{
    sync::Weak,
    time::{Duration, Instant},
};

/// Pages of 4 KB after which the log begins anew.
const ENOUGH: i32 = 2000;
/// Pages that are folded while others wait for it: some milliseconds.
const FEW: i32 = 200;
/// While nobody writes it is looked at so often, and while very much is written so often.
const SELDOM: Duration = Duration::from_secs(1);
const OFTEN: Duration = Duration::from_millis(50);

/// Folds the log again and again, until the database is closed or nobody holds it any more.
///
/// `folder` is a connection for this alone; `write` is the one that everybody who writes waits for.
pub async fn keep(folder: DatabaseConnection, write: DatabaseConnection, held: Weak<()>) {
    let mut pause = SELDOM;
    loop {
        let since = Instant::now();
        tokio::time::sleep(pause).await;
        if held.strong_count() == 0 {
            // Nothing is lost if it cannot be closed.
            let _ = folder.close().await;
            return;
        }
        if folder.get_sqlite_connection_pool().is_closed() {
            return;
        }
        pause = match fold(&folder, &write).await {
            // So that it is about as long the next time.
            Ok(pages) if pages > 0 => since.elapsed().mul_f64(f64::from(ENOUGH) / f64::from(pages)).clamp(OFTEN, SELDOM),
            Ok(_) => SELDOM,
            Err(error) => {
                tracing::debug!(error = %error, "the database's log was not folded");
                SELDOM
            }
        };
    }
}

/// Answers how many pages the log had.
async fn fold(folder: &DatabaseConnection, write: &DatabaseConnection) -> Result<i32> {
    let pages = checkpoint(folder).await?;
    if pages < ENOUGH {
        return Ok(pages);
    }
    let mut before = pages;
    // What was added while so much was folded.
    for _ in 0..3 {
        let now = checkpoint(folder).await?;
        if now - before < FEW {
            break;
        }
        before = now;
    }
    let turn = write.get_sqlite_connection_pool().acquire().await;
    let _turn = turn.map_err(|error| Error::unavailable(error.to_string()))?;
    checkpoint(folder).await?;
    Ok(pages)
}

/// Folds what is there, as far as nobody still reads what was before it; holds up nobody. Answers how many pages the log has.
async fn checkpoint(folder: &DatabaseConnection) -> Result<i32> {
    let row = folder.query_one_raw(Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(PASSIVE)")).await?;
    let row = row.ok_or_else(|| Error::bug("SQLite says nothing of its log"))?;
    // Busy, pages in the log, pages that are folded.
    Ok(row.try_get_by_index::<i32>(1)?)
}
