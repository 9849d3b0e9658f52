//! The database: SQLite or PostgreSQL behind one door.
//!
//! On SQLite there are readers and **one** writer that begins IMMEDIATE, so a write never fails half-way because another
//! one was quicker. On PostgreSQL both names mean one pool. A use case begins one transaction, passes it down as `&Tx`,
//! and commits it; while it is open nothing may wait for the network.

mod fold;

use super::{
    error::{Error, Result},
    trace,
};
use futures_util::TryStreamExt;
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sqlx::{
    Executor, Sqlite,
    pool::PoolConnection,
    sqlite::{SqliteArguments, SqliteJournalMode, SqliteSynchronous},
};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// An open write transaction. Dropping it without a commit rolls it back.
pub type Tx = DatabaseTransaction;

/// An open write transaction whose commit does not wait for the disk: see [`Db::begin_swift`].
pub struct SwiftTx {
    tx: Tx,
    /// Nobody else writes meanwhile.
    turn: Option<PoolConnection<Sqlite>>,
}

impl std::ops::Deref for SwiftTx {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        &self.tx
    }
}

impl SwiftTx {
    /// Commits: whatever happens to this process, it is done. It is on disk after [`Db::flush`].
    pub async fn commit(self) -> Result<()> {
        self.tx.commit().await?;
        drop(self.turn);
        Ok(())
    }
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    read: DatabaseConnection,
    write: DatabaseConnection,
    swift: DatabaseConnection,
    /// What SQLite writes to before it commits.
    log: Option<PathBuf>,
    /// What that is folded with.
    folder: Option<DatabaseConnection>,
    /// Whoever folds it does so as long as somebody holds this.
    #[allow(dead_code)]
    held: Arc<()>,
    statements: Arc<AtomicU64>,
}

impl Db {
    /// Connects. `url` is `sqlite://path?mode=rwc` or `postgres://...`; `pool` is the number of connections.
    #[allow(clippy::disallowed_methods)]
    pub async fn connect(url: &str, pool: u32) -> Result<Self, DbErr> {
        let statements = Arc::new(AtomicU64::new(0));
        let counted = |mut connection: DatabaseConnection| {
            let statements = statements.clone();
            connection.set_metric_callback(move |_| {
                statements.fetch_add(1, Ordering::Relaxed);
            });
            connection
        };
        if url.starts_with("sqlite") {
            make_private(url);
            // A commit that was answered survives a power cut too.
            let write = counted(Database::connect(sqlite(url, 1, SqliteSynchronous::Full, 8)).await?);
            // The other pools are opened second: the writer makes the file and sets its journal mode.
            let read = counted(Database::connect(sqlite(url, pool, SqliteSynchronous::Full, 4)).await?);
            let mut swift = sqlite(url, 1, SqliteSynchronous::Normal, 8);
            swift.connect_lazy(true);
            let swift = counted(Database::connect(swift).await?);
            // A file that is gone by then is not made anew.
            let mut folder = sqlite(&url.replace("mode=rwc", "mode=rw"), 1, SqliteSynchronous::Full, 1);
            folder.connect_lazy(true);
            let folder = Database::connect(folder).await?;
            let held = Arc::new(());
            tokio::spawn(fold::keep(folder.clone(), write.clone(), Arc::downgrade(&held)));
            return Ok(Self { read, write, swift, log: sqlite_file(url).map(log_of), folder: Some(folder), held, statements });
        }
        let connection = counted(Database::connect(postgres(url, pool)).await?);
        Ok(Self {
            read: connection.clone(),
            write: connection.clone(),
            swift: connection,
            log: None,
            folder: None,
            held: Arc::default(),
            statements,
        })
    }

    /// For reading outside a transaction.
    pub fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// For one statement that writes.
    pub fn write(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Begins a write transaction.
    ///
    /// In a task of its own, which a caller that goes away (a client that hangs up) does not interrupt: a BEGIN that was
    /// sent and not waited for would leave an open transaction in the pool, and the next statement on that connection
    /// would seem to succeed without being committed.
    #[allow(clippy::disallowed_methods)]
    pub async fn begin(&self) -> Result<Tx> {
        let options = to_write();
        let write = self.looked_at(&self.write);
        let begun = tokio::spawn(async move { write.begin_with_options(options).await }).await;
        begun.map_err(|_| Error::unavailable("the runtime is shutting down"))?.map_err(Error::from)
    }

    /// Begins a write transaction whose commit does not wait for the disk. Once it is committed it survives the end of this
    /// process, as any other; a power cut only after [`Self::flush`], or after a later commit that waits. For work whose
    /// commits follow each other so closely that the disk would be all that they wait for, and that can be done again.
    #[allow(clippy::disallowed_methods)]
    pub async fn begin_swift(&self) -> Result<SwiftTx> {
        let options = to_write();
        let (swift, write) = (self.looked_at(&self.swift), self.write.clone());
        let begun = tokio::spawn(async move {
            // Whoever writes on the other connection waits in line, not at the lock of the file, which is looked at by turns.
            let turn = match write.get_database_backend() {
                DbBackend::Sqlite => {
                    let turn = write.get_sqlite_connection_pool().acquire().await;
                    Some(turn.map_err(|error| Error::unavailable(error.to_string()))?)
                }
                _ => None,
            };
            let tx = swift.begin_with_options(options).await?;
            if turn.is_none() {
                // Of this transaction alone: not every pool in between lets sessions have settings.
                tx.execute_unprepared("SET LOCAL synchronous_commit = off").await?;
            }
            Ok(SwiftTx { tx, turn })
        });
        begun.await.map_err(|_| Error::unavailable("the runtime is shutting down"))?
    }

    /// Runs a whole transaction on SQLite, from its BEGIN to its COMMIT, with one call: what [`Self::begin_swift`] says of a commit
    /// holds for this one. Answers how many rows each statement changed. What goes wrong undoes all of it.
    #[allow(clippy::disallowed_methods)]
    pub async fn run_swift(&self, script: &'static str, arguments: SqliteArguments) -> Result<Vec<u64>> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let span = trace::transaction();
        let (swift, write) = (self.swift.clone(), self.write.clone());
        let ran = tokio::spawn(async move {
            let _turn = write.get_sqlite_connection_pool().acquire().await?;
            let mut connection = swift.get_sqlite_connection_pool().acquire().await?;
            let done = (&mut *connection).execute_many(sqlx::query_with(script, arguments));
            let ran = done.map_ok(|done| done.rows_affected()).try_collect().await;
            if ran.is_err() {
                // With the connection goes what was begun.
                connection.close().await?;
            }
            ran
        });
        let ran = ran.await.map_err(|_| Error::unavailable("the runtime is shutting down"))?;
        if let Some(span) = span {
            span.statement();
        }
        ran.map_err(|error: sqlx::Error| Error::unavailable(error.to_string()))
    }

    /// Waits until everything that was committed so far is on disk.
    pub async fn flush(&self) -> Result<()> {
        let Some(log) = self.log.clone() else {
            // A commit that waits takes all those before it to the disk.
            self.write.execute_unprepared("SELECT pg_logical_emit_message(true, 'alongside', '')").await?;
            return Ok(());
        };
        let synced = tokio::task::spawn_blocking(move || match std::fs::File::open(log) {
            Ok(log) => log.sync_data(),
            // Nothing has been written since it was folded into the database.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        });
        let synced = synced.await.map_err(|_| Error::unavailable("the runtime is shutting down"))?;
        synced.map_err(|error| Error::unavailable(format!("the database's log does not reach the disk: {}", error.kind())))
    }

    /// Begins a transaction that reads everything as it is at its first statement, whatever others write meanwhile.
    #[allow(clippy::disallowed_methods)]
    pub async fn snapshot(&self) -> Result<Tx> {
        let options = if self.is_postgres() {
            TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..Default::default()
            }
        } else {
            // In WAL mode a reader sees one state and holds up nobody.
            TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred), ..Default::default() }
        };
        let read = self.looked_at(&self.read);
        let begun = tokio::spawn(async move { read.begin_with_options(options).await }).await;
        begun.map_err(|_| Error::unavailable("the runtime is shutting down"))?.map_err(Error::from)
    }

    /// The connection, for one transaction, which is traced if the work around it is. The transaction keeps what counts its
    /// statements as long as it is open, and ends the span by letting go of it.
    fn looked_at(&self, connection: &DatabaseConnection) -> DatabaseConnection {
        let mut connection = connection.clone();
        if let Some(span) = trace::transaction() {
            let statements = self.statements.clone();
            connection.set_metric_callback(move |_| {
                statements.fetch_add(1, Ordering::Relaxed);
                span.statement();
            });
        }
        connection
    }

    /// Which database this is.
    pub fn backend(&self) -> DbBackend {
        self.read.get_database_backend()
    }

    /// Whether this is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.backend() == DbBackend::Postgres
    }

    /// How many statements were run since the start.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Answers if the database answers.
    pub async fn ping(&self) -> Result<()> {
        self.read.ping().await.map_err(|error| Error::unavailable(error.to_string()))
    }

    /// Closes all connections.
    pub async fn close(self) -> Result<()> {
        if let Some(folder) = &self.folder {
            folder.close_by_ref().await?;
        }
        self.read.close_by_ref().await?;
        self.swift.close_by_ref().await?;
        self.write.close_by_ref().await?;
        Ok(())
    }
}

/// Makes the file, if there is none and it may be made, so that nobody else on the machine can read it; SQLite gives the files
/// beside it the same rights. What goes wrong here goes wrong when it is opened, and is told then.
fn make_private(url: &str) {
    #[cfg(unix)]
    if let Some(file) = sqlite_file(url)
        && url.contains("mode=rwc")
    {
        use std::os::unix::fs::OpenOptionsExt;
        let _ = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    }
    #[cfg(not(unix))]
    let _ = url;
}

/// Whoever begins to write on SQLite does so at once, and waits for nobody half-way.
fn to_write() -> TransactionOptions {
    TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() }
}

/// The file that a URL of SQLite names.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?.trim_start_matches("//").split('?').next()?;
    (!path.is_empty() && path != ":memory:").then(|| path.into())
}

/// The file beside a database of SQLite that it writes to before it commits.
fn log_of(file: PathBuf) -> PathBuf {
    let mut log = file.into_os_string();
    log.push("-wal");
    log.into()
}

fn postgres(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).acquire_timeout(Duration::from_secs(30));
    quiet(&mut options);
    options
}

/// `cache` is how many MB of the file each connection keeps; whatever somebody writes makes all others forget theirs.
fn sqlite(url: &str, connections: u32, synchronous: SqliteSynchronous, cache: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).acquire_timeout(Duration::from_secs(60));
    quiet(&mut options);
    options.map_sqlx_sqlite_opts(move |options| {
        options
            .busy_timeout(Duration::from_secs(30))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .foreign_keys(true)
            .pragma("cache_size", format!("-{cache}000"))
            .pragma("temp_store", "memory")
            // In pages: it is folded long before, but for where that cannot keep up.
            .pragma("wal_autocheckpoint", "32000")
    });
    options
}

/// Statements go to the log only when they are slow, and their values never.
fn quiet(options: &mut ConnectOptions) {
    options.record_stmt_in_spans(false).sqlx_logging(false).test_before_acquire(false);
}

/// Repeats the last value until there are 1, 2, 4, 8, ... of them.
///
/// A statement is prepared and planned once for each text, and every number of placeholders is another text. For a
/// list in `IN (...)` repetition changes nothing, so lists of all lengths can share a few statements.
pub fn padded<T: Clone>(mut values: Vec<T>) -> Vec<T> {
    if let Some(last) = values.last().cloned() {
        values.resize(values.len().next_power_of_two(), last);
    }
    values
}

/// Splits rows into parts of 1, 2, 4, 8, ... rows, the largest first: see [`padded`]. Rows cannot be repeated.
pub fn powers_of_two<T>(rows: Vec<T>) -> Vec<Vec<T>> {
    let (mut parts, mut rows) = (Vec::new(), rows.into_iter());
    while rows.len() > 0 {
        let size = 1 << rows.len().ilog2();
        parts.push(rows.by_ref().take(size).collect());
    }
    parts
}

/// The values for an IN, and the last of them again until there are as many as in other statements: a database plans the
/// same text once.
pub fn filled_up<V: Clone>(values: impl Iterator<Item = V>) -> Vec<V> {
    let mut values: Vec<V> = values.collect();
    if let Some(last) = values.last().cloned() {
        values.resize(values.len().next_power_of_two().max(16), last);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_many_lengths_share_few_statements() {
        assert_eq!(padded(vec![1, 2, 3]), [1, 2, 3, 3]);
        assert_eq!(padded(vec![1]), [1]);
        assert!(padded(Vec::<u8>::new()).is_empty());
        for count in 0..300 {
            let parts = powers_of_two((0..count).collect());
            assert!(parts.iter().all(|part| part.len().is_power_of_two()));
            assert_eq!(parts.concat(), (0..count).collect::<Vec<_>>());
        }
    }
}
