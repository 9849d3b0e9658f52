//! What the database could store at most: single rows as large as a response, in a table with the same indexes, each
//! committed durably, with nothing around it.

use super::{Ground, cluster, people, trouble};
use crate::platform::{Clock, Error, Result};
use sea_orm::ConnectionTrait;
use sqlx::{
    ConnectOptions, Connection, Executor,
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous},
};
use std::{
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::process::Command;
use uuid::Uuid;

/// Rows a second, or `None` where it cannot be measured.
pub async fn measure(ground: &Ground, clients: usize, seconds: u64) -> Result<Option<f64>> {
    match ground.database {
        "sqlite" => sqlite(ground, clients, seconds).await.map(Some),
        _ => postgres(ground, clients, seconds).await,
    }
}

fn failed(error: sqlx::Error) -> Error {
    Error::unavailable(format!("the bare writer failed: {error}"))
}

/// One connection writes row after row: SQLite has one writer, whatever the number of clients.
async fn sqlite(ground: &Ground, clients: usize, seconds: u64) -> Result<f64> {
    // `CREATE` statements of the table and its indexes, as they stand in the migrated database.
    let real = SqliteConnectOptions::new().filename(ground.folder.join("bench.db")).disable_statement_logging();
    let mut connection = real.connect().await.map_err(failed)?;
    let schema: Vec<String> =
        sqlx::query_scalar("SELECT sql FROM sqlite_master WHERE tbl_name = 'response' AND sql IS NOT NULL ORDER BY type DESC")
            .fetch_all(&mut connection)
            .await
            .map_err(failed)?;
    connection.close().await.map_err(failed)?;
    let bare = SqliteConnectOptions::new()
        .filename(ground.folder.join(format!("limit-{clients}.db")))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(false)
        .pragma("cache_size", "-8000")
        .disable_statement_logging();
    let mut connection = bare.connect().await.map_err(failed)?;
    for sql in schema {
        connection.execute(sqlx::AssertSqlSafe(sql)).await.map_err(failed)?;
    }
    let rate = write_rows(&mut connection, Duration::from_secs(seconds)).await?;
    connection.close().await.map_err(failed)?;
    Ok(rate)
}

async fn write_rows(connection: &mut SqliteConnection, time: Duration) -> Result<f64> {
    let clock = Clock::system();
    let answers = people::answers().to_string();
    let [organisation, opportunity, questionnaire]: [Uuid; 3] = std::array::from_fn(|_| clock.new_id());
    let began = Instant::now();
    let mut rows = 0_u32;
    while began.elapsed() < time {
        let (id, participant, invitation): (Uuid, Uuid, Uuid) = (clock.new_id(), clock.new_id(), clock.new_id());
        sqlx::query("INSERT INTO response VALUES (?, ?, ?, ?, ?, ?, ?, 'submitted', '2027-03-01 09:30:00.123 +00:00', '2027-03-01 09:30:00.123 +00:00', 1)")
            .bind(organisation.as_bytes().as_slice())
            .bind(id.as_bytes().as_slice())
            .bind(opportunity.as_bytes().as_slice())
            .bind(participant.as_bytes().as_slice())
            .bind(invitation.as_bytes().as_slice())
            .bind(questionnaire.as_bytes().as_slice())
            .bind(answers.as_str())
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
        rows += 1;
    }
    Ok(f64::from(rows) / began.elapsed().as_secs_f64())
}

/// One row and commit; `k` counts within a client, so that ids are in order as the product's are.
const SCRIPT: &str = r"\set n :n + 1
\set k :client_id * 100000000 + :n
INSERT INTO response_limit VALUES ('0199d3c2-7a10-7c4e-9f0e-000000000001', ('0199d3c2-7a10-7c4e-9f0e-' || lpad(to_hex(:k::bigint), 12, '0'))::uuid, '0199d3c2-7a10-7c4e-9f0e-000000000002', ('0199d3c2-7a10-7c4e-9f0f-' || lpad(to_hex(:k::bigint), 12, '0'))::uuid, ('0199d3c2-7a10-7c4e-9f1f-' || lpad(to_hex(:k::bigint), 12, '0'))::uuid, '0199d3c2-7a10-7c4e-9f0e-000000000003', :answers::jsonb, 'submitted', now(), now(), 1);
";

/// `pgbench` with as many connections as clients.
async fn postgres(ground: &Ground, clients: usize, seconds: u64) -> Result<Option<f64>> {
    let Some(pgbench) = cluster::program("pgbench") else {
        eprintln!("pgbench is not installed: PostgreSQL's own limit is left out.");
        return Ok(None);
    };
    let db = crate::platform::Db::connect(&ground.url, 1).await?;
    let sql = "DROP TABLE IF EXISTS response_limit; CREATE TABLE response_limit (LIKE response INCLUDING ALL)";
    db.write().execute_unprepared(sql).await?;
    db.close().await?;
    let script = ground.folder.join("limit.sql");
    std::fs::write(&script, SCRIPT).map_err(trouble("cannot write pgbench's script"))?;
    let output = Command::new(pgbench)
        .args(["--no-vacuum", "--protocol=prepared", "--define=n=0", "--jobs=2"])
        .arg(format!("--define=answers={}", people::answers()))
        .arg(format!("--client={clients}"))
        .arg(format!("--time={seconds}"))
        .arg("--file")
        .arg(&script)
        .arg(&ground.url)
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(trouble("cannot start pgbench"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = output.status.success().then(|| rate(&text)).flatten();
    rate.map(Some).ok_or_else(|| Error::unavailable(format!("pgbench failed: {text}{}", String::from_utf8_lossy(&output.stderr))))
}

/// The figure in pgbench's report.
fn rate(report: &str) -> Option<f64> {
    let line = report.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figure_of_pgbench_is_found() {
        let report = "latency average = 1.2 ms\ntps = 4321.500000 (without initial connection time)\n";
        assert_eq!(rate(report), Some(4321.5));
        assert_eq!(rate("nothing"), None);
    }
}
