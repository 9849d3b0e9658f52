//! What the database itself says and does while a file is read into it.

use crate::platform::{Error, Result, Tx};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use std::collections::BTreeMap;

/// Asks in the database's own words.
async fn ask(tx: &Tx, sql: &str, column: &str) -> Result<Vec<String>> {
    let rows = tx.query_all_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
    rows.iter().map(|row| row.try_get("", column).map_err(Error::from)).collect()
}

/// The tables that a database has, the record of its migrations left out.
pub async fn names(tx: &Tx) -> Result<Vec<String>> {
    let sql = match tx.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT table_name::text AS name FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY 1"
        }
        _ => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1",
    };
    Ok(ask(tx, sql, "name").await?.into_iter().filter(|name| name != "seaql_migrations").collect())
}

/// How many rows each of these tables has.
pub async fn row_counts(tx: &Tx, tables: impl IntoIterator<Item = &String>) -> Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    for table in tables {
        let sql = format!("SELECT count(*) AS n FROM \"{table}\"");
        let row = tx.query_one_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
        let count: i64 = row.ok_or_else(|| Error::bug("no count"))?.try_get("", "n")?;
        counts.insert(table.clone(), u64::try_from(count).unwrap_or(0));
    }
    Ok(counts)
}

/// Rows that point to rows of their own table may come in any order: the database looks at those keys at the end.
pub struct PutOff(Vec<(String, String)>);

impl PutOff {
    /// Puts off looking at keys within one table, for this transaction.
    pub async fn begin(tx: &Tx) -> Result<Self> {
        if tx.get_database_backend() != DbBackend::Postgres {
            // For all keys, and until the end of this transaction.
            tx.execute_unprepared("PRAGMA defer_foreign_keys = ON").await?;
            return Ok(Self(Vec::new()));
        }
        let found = "FROM pg_constraint WHERE contype = 'f' AND conrelid = confrelid AND connamespace = \
                     (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) ORDER BY oid";
        let tables = ask(tx, &format!("SELECT conrelid::regclass::text AS name {found}"), "name").await?;
        let keys = ask(tx, &format!("SELECT conname::text AS name {found}"), "name").await?;
        let this = Self(tables.into_iter().zip(keys).collect());
        this.set(tx, "DEFERRABLE INITIALLY DEFERRED").await?;
        Ok(this)
    }

    /// Looks at every key that was put off, and leaves the schema as it was.
    pub async fn end(self, tx: &Tx) -> Result<()> {
        if tx.get_database_backend() == DbBackend::Postgres {
            tx.execute_unprepared("SET CONSTRAINTS ALL IMMEDIATE").await?;
            return self.set(tx, "NOT DEFERRABLE").await;
        }
        match ask(tx, "SELECT \"table\" AS name FROM pragma_foreign_key_check LIMIT 1", "name").await?.first() {
            Some(table) => Err(Error::unavailable(format!("a row of {table} points to one that is not there"))),
            None => Ok(()),
        }
    }

    async fn set(&self, tx: &Tx, how: &str) -> Result<()> {
        for (table, key) in &self.0 {
            tx.execute_unprepared(&format!("ALTER TABLE {table} ALTER CONSTRAINT \"{key}\" {how}")).await?;
        }
        Ok(())
    }
}
