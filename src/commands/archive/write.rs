//! Writing a file: every row once, in bounded memory, with the digest of all that was written.

use super::{End, Header, Line, Recipients, Table, file::Sealing, values};
use crate::platform::{Error, Result, Tx, secret::hex};
use futures_util::TryStreamExt;
use migration::{Migrations, Migrator};
use sea_orm::{StreamTrait, sea_query::SelectStatement};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::path::Path;

/// A file under way.
pub struct Writer {
    file: Sealing,
    digest: Sha256,
    end: End,
    table: String,
    buffer: Vec<u8>,
}

/// When so many bytes have come together they are passed on.
const FULL: usize = 1 << 16;

impl Writer {
    /// Begins a file.
    pub fn begin(path: &Path, to: &Recipients, header: Header) -> Result<Self> {
        let file = Sealing::begin(path, to)?;
        let mut this =
            Self { file, digest: Sha256::new(), end: End::default(), table: String::new(), buffer: Vec::with_capacity(2 * FULL) };
        this.line(&Line::Header(header))?;
        Ok(this)
    }

    /// Begins a table.
    pub fn table(&mut self, table: &Table) -> Result<()> {
        self.table.clone_from(&table.name);
        self.end.rows.insert(table.name.clone(), 0);
        self.line(&Line::Table(table.head()))
    }

    /// Writes a row of the table that was begun.
    pub fn row(&mut self, row: &[Json]) -> Result<()> {
        *self.end.rows.entry(self.table.clone()).or_default() += 1;
        self.line(&row)
    }

    /// Brings the file to its end. Answers what is in it, and its size.
    pub fn finish(mut self) -> Result<(End, u64)> {
        self.pass_on()?;
        self.end.sha256 = hex(&self.digest.finalize_reset());
        let end = self.end.clone();
        self.line(&Line::End(end.clone()))?;
        self.pass_on()?;
        Ok((end, self.file.finish().map_err(cannot)?))
    }

    fn line(&mut self, line: &impl serde::Serialize) -> Result<()> {
        serde_json::to_writer(&mut self.buffer, line).map_err(|error| Error::bug(error.to_string()))?;
        self.buffer.push(b'\n');
        if self.buffer.len() >= FULL { self.pass_on() } else { Ok(()) }
    }

    fn pass_on(&mut self) -> Result<()> {
        self.digest.update(&self.buffer);
        self.file.write(&self.buffer).map_err(cannot)?;
        self.buffer.clear();
        Ok(())
    }
}

fn cannot(error: std::io::Error) -> Error {
    Error::unavailable(format!("cannot write the file: {error}"))
}

/// The rows that a statement finds, one after another. `change` may put something else in
/// the place of one, or leave it out.
pub async fn rows(
    tx: &Tx,
    writer: &mut Writer,
    table: &Table,
    select: &SelectStatement,
    mut change: impl FnMut(&mut Vec<Json>) -> Result<bool>,
) -> Result<()> {
    writer.table(table)?;
    let mut found = tx.stream(select).await?;
    while let Some(row) = found.try_next().await? {
        let values = table.columns.iter().map(|column| values::read(&row, &column.name, column.kind));
        let mut values = values.collect::<Result<Vec<_>>>()?;
        if change(&mut values)? {
            writer.row(&values)?;
        }
    }
    Ok(())
}

/// The migrations that a database has. One that is not up to date is refused: its tables are not those that are written.
pub async fn migrations(tx: &Tx) -> Result<Vec<String>> {
    let pending = Migrator::get_pending_migrations_read_only(tx).await?;
    if !pending.is_empty() {
        return Err(Error::unavailable(format!(
            "the database is {} migrations behind this program: run `alongside migrate` first",
            pending.len()
        )));
    }
    Ok(Migrator::get_applied_migrations_read_only(tx).await?.iter().map(|one| one.name().to_owned()).collect())
}
