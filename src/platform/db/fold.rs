//! SQLite's log, which everything is written to first, and the file that it is folded into.
//!
//! SQLite folds the log when somebody commits and finds it long: whoever that is waits until some thousand pages are written, and so does
//! everybody behind them. Here it is done beside those who write. Only the little that they add meanwhile is folded while it is nobody's
//! turn, so that the log begins anew and does not grow for ever. (SQLite before 3.51.3 can lose track of a log that begins anew at that very
//! moment; the library that is built in is not older.)

use crate::platform::{Error, Result};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use std::{
    sync::Weak,
    time::{Duration, Instant},
};

/// Pages of 4 KB after which the log begins anew.
const ENOUGH: i32 = 2000;
/// Fewer pages than these are folded while others wait for it: a write to the disk, and a few milliseconds.
const FEW: i32 = 200;
/// While nobody writes it is looked at so often, and while very much is written so often.
const SELDOM: Duration = Duration::from_secs(1);
const OFTEN: Duration = Duration::from_millis(50);

/// Folds the log again and again, until the database is closed or nobody holds it any more. It is set going once, without waiting for its
/// end: closing the database folds what is left.
///
/// `folder` is a connection for this alone; `write` is the one that everybody who writes waits for.
pub async fn keep(folder: DatabaseConnection, write: DatabaseConnection, held: Weak<()>) {
    let (mut pause, mut before, mut told) = (SELDOM, 0, false);
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
        match fold(&folder, &write, before).await {
            Ok(pages) => {
                // So that about as much has been added the next time.
                let added = if pages < before { pages } else { pages - before };
                let share = f64::from(ENOUGH) / f64::from(added.max(1));
                pause = since.elapsed().mul_f64(share.min(1000.0)).clamp(OFTEN, SELDOM);
                (before, told) = (pages, false);
            }
            Err(error) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(error = %error, "the database's log is not folded beside the work");
                }
                pause = SELDOM;
            }
        }
    }
}

/// What SQLite says of its log.
#[derive(Clone, Copy)]
struct Log {
    pages: i32,
    /// Those of them that could not be folded. What is added meanwhile is not counted.
    left: i32,
}

/// Answers how many pages the log has now, after it had so many when this was done before.
async fn fold(folder: &DatabaseConnection, write: &DatabaseConnection, before: i32) -> Result<i32> {
    let mut log = checkpoint(folder).await?;
    if log.pages < ENOUGH || log.pages == before {
        return Ok(log.pages);
    }
    // What those who write added meanwhile, until it is little.
    for _ in 0..3 {
        let added = log.pages;
        log = checkpoint(folder).await?;
        if log.pages - added < FEW {
            break;
        }
    }
    // Somebody still reads what was before it, such as a backup: nothing can be done until they are ready.
    if log.left > 0 {
        return Ok(log.pages);
    }
    let turn = write.get_sqlite_connection_pool().acquire().await;
    let _turn = turn.map_err(|error| Error::unavailable(error.to_string()))?;
    // When all is folded, the next one who writes begins the log anew.
    Ok(checkpoint(folder).await?.pages)
}

/// Folds what is there, as far as nobody still reads what was before it; holds up nobody.
async fn checkpoint(folder: &DatabaseConnection) -> Result<Log> {
    let row = folder.query_one_raw(Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(PASSIVE)")).await?;
    let row = row.ok_or_else(|| Error::bug("SQLite says nothing of its log"))?;
    // The first column tells whether another process is at it.
    let (pages, folded) = (row.try_get_by_index::<i32>(1)?, row.try_get_by_index::<i32>(2)?);
    Ok(Log { pages, left: pages - folded })
}

#[cfg(test)]
mod tests {
    use crate::platform::Db;
    use sea_orm::ConnectionTrait;
    use std::{path::Path, time::Duration};

    /// A thousand pages.
    const ROWS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) \
        INSERT INTO page SELECT randomblob(4000) FROM n";
    const ROUNDS: u64 = 8;
    /// Bytes that are written in one round.
    const ROUND: u64 = 3000 * 4096;

    fn length(path: &Path) -> u64 {
        std::fs::metadata(path).map_or(0, |file| file.len())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_log_begins_anew_and_is_gone_in_the_end() {
        let folder = std::env::temp_dir().join(format!("alongside-fold-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (file, log) = (folder.join("alongside.db"), folder.join("alongside.db-wal"));
        let db = Db::connect(&format!("sqlite://{}?mode=rwc", file.display()), 2).await.unwrap();
        db.write().execute_unprepared("CREATE TABLE page (body BLOB)").await.unwrap();
        for round in 1..=ROUNDS {
            for _ in 0..3 {
                db.write().execute_unprepared(ROWS).await.unwrap();
            }
            let folded = async {
                while length(&file) < round * ROUND {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(60), folded).await.expect("nobody but the folder folds so little");
        }
        assert!(length(&log) < ROUNDS / 2 * ROUND, "the log has {} bytes", length(&log));
        db.close().await.unwrap();
        assert_eq!(length(&log), 0, "whoever copies the file alone has everything");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
