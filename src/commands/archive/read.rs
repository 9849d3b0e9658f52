//! Reading a file: it is looked through from end to end before anything is done with it.

use super::{End, FORMAT, Head, Header, Keys, Line, VERSION, file, values};
use crate::platform::{Error, Result, Tx, secret::hex};
use sea_orm::{
    ConnectionTrait, Value,
    sea_query::{Alias, Expr, Query},
};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::{
    io::{BufRead, Read},
    path::Path,
};

/// No line is longer: what a file is made of comes from a database that takes no larger rows.
const LONGEST: u64 = 256 << 20;

/// A file that is being read.
pub struct Archive {
    /// What it says about itself.
    pub header: Header,
    lines: Box<dyn BufRead>,
    digest: Sha256,
    seen: End,
    head: Option<Head>,
    end: Option<End>,
}

/// What comes next in a file.
pub enum Piece {
    /// A table begins.
    Table(Head),
    /// A row of it.
    Row(Vec<Json>),
}

fn broken(what: &str) -> Error {
    Error::unavailable(format!("the file is not whole: {what}. Nothing was changed. Use another copy of it"))
}

impl Archive {
    /// Opens a file and reads its header.
    pub fn open(path: &Path, keys: &Keys) -> Result<Self> {
        let mut lines = file::open(path, keys)?;
        let mut digest = Sha256::new();
        let first = next_line(&mut lines)?.ok_or_else(|| broken("it is empty"))?;
        digest.update(&first);
        let stranger = || Error::unavailable(format!("{} is not a file of this program", path.display()));
        // A later version may have another header, so the format is asked first.
        let told: Json = serde_json::from_slice(&first).map_err(|_| stranger())?;
        if told["header"]["format"] != FORMAT {
            return Err(stranger());
        }
        if told["header"]["version"].as_u64().is_none_or(|version| version > u64::from(VERSION)) {
            return Err(Error::unavailable("the file was made by a later version of this program, which can read it"));
        }
        let Ok(Line::Header(header)) = serde_json::from_slice(&first) else { return Err(stranger()) };
        Ok(Self { header, lines, digest, seen: End::default(), head: None, end: None })
    }

    /// What comes next; `None` at the end, which has then been found to fit.
    pub fn piece(&mut self) -> Result<Option<Piece>> {
        let line = next_line(&mut self.lines)?.ok_or_else(|| broken("its end is missing"))?;
        if line.first() == Some(&b'[') {
            let head = self.head.as_ref().ok_or_else(|| broken("a row belongs to no table"))?;
            *self.seen.rows.entry(head.name.clone()).or_default() += 1;
            self.digest.update(&line);
            let row = serde_json::from_slice(&line).map_err(|_| broken("a row cannot be read"))?;
            return Ok(Some(Piece::Row(row)));
        }
        match serde_json::from_slice(&line).map_err(|_| broken("a line cannot be read"))? {
            Line::Table(head) => {
                self.digest.update(&line);
                self.seen.rows.insert(head.name.clone(), 0);
                self.head = Some(head.clone());
                Ok(Some(Piece::Table(head)))
            }
            Line::End(end) => {
                self.seen.sha256 = hex(&self.digest.finalize_reset());
                if self.seen != end {
                    return Err(broken("it does not hold what its end says"));
                }
                if next_line(&mut self.lines)?.is_some() {
                    return Err(broken("something stands behind its end"));
                }
                self.end = Some(end);
                Ok(None)
            }
            Line::Header(_) => Err(broken("it has two headers")),
        }
    }

    /// The head of the table whose rows come.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// What is in it, once it was read to its end.
    pub fn end(self) -> Result<End> {
        self.end.ok_or_else(|| broken("it was not read to its end"))
    }
}

/// The next line with its line break; `None` at the end.
fn next_line(lines: &mut Box<dyn BufRead>) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = lines.by_ref().take(LONGEST).read_until(b'\n', &mut line);
    match read {
        Ok(0) => Ok(None),
        Ok(_) if line.ends_with(b"\n") => Ok(Some(line)),
        Ok(_) => Err(broken("a line breaks off")),
        // Whatever the decompressor or age finds wrong: cut off, or changed.
        Err(error) => Err(broken(&error.to_string())),
    }
}

/// Looks through a whole file and does nothing with it. Answers what is in it.
pub fn check(path: &Path, keys: &Keys) -> Result<(Header, End)> {
    let mut archive = Archive::open(path, keys)?;
    let header = archive.header.clone();
    while let Some(piece) = archive.piece()? {
        if let (Piece::Row(row), Some(head)) = (piece, archive.head()) {
            values::values(head, row)?;
        }
    }
    Ok((header, archive.end()?))
}

/// Rows of one table on their way into the database, many with one statement.
#[derive(Default)]
pub struct Batch {
    head: Option<Head>,
    rows: Vec<Vec<Value>>,
    bytes: usize,
}

/// Both databases limit the values of a statement; this many are few for either.
const VALUES: usize = 8_000;
/// A statement holds no more than about so much.
const BYTES: usize = 4 << 20;

impl Batch {
    /// Begins a table.
    pub async fn table(&mut self, tx: &Tx, head: Head) -> Result<()> {
        self.flush(tx).await?;
        let plain = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
        };
        if !plain(&head.name) || !head.columns.iter().all(|(name, _)| plain(name)) {
            return Err(broken("a name in it is none of ours"));
        }
        self.head = Some(head);
        Ok(())
    }

    /// Adds a row.
    pub async fn row(&mut self, tx: &Tx, row: Vec<Json>) -> Result<()> {
        let head = self.head.as_ref().ok_or_else(|| broken("a row belongs to no table"))?;
        self.bytes += row.iter().map(weight).sum::<usize>();
        self.rows.push(values::values(head, row)?);
        if self.rows.len() * head.columns.len() >= VALUES || self.bytes >= BYTES { self.flush(tx).await } else { Ok(()) }
    }

    /// Writes what has come together.
    pub async fn flush(&mut self, tx: &Tx) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let Some(head) = self.head.as_ref().filter(|_| !rows.is_empty()) else { return Ok(()) };
        let mut insert = Query::insert();
        insert.into_table(Alias::new(&head.name)).columns(head.columns.iter().map(|(name, _)| Alias::new(name)));
        for row in rows {
            insert.values(row.into_iter().map(Expr::val)).map_err(|error| Error::bug(error.to_string()))?;
        }
        // The words of the database may repeat a value that somebody gave.
        tx.execute(&insert).await.map_err(|error| match error.sql_err() {
            Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) => {
                Error::unavailable(format!("a row of {} is there already", head.name))
            }
            Some(sea_orm::SqlErr::ForeignKeyConstraintViolation(_)) => {
                Error::unavailable(format!("a row of {} points to one that is not in the file", head.name))
            }
            _ => Error::from(error),
        })?;
        Ok(())
    }
}

/// About how much memory a value takes.
fn weight(value: &Json) -> usize {
    match value {
        Json::String(text) => text.len() + 24,
        Json::Array(items) => items.iter().map(weight).sum::<usize>() + 24,
        Json::Object(fields) => fields.iter().map(|(name, value)| name.len() + weight(value)).sum::<usize>() + 48,
        _ => 24,
    }
}
