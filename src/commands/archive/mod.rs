//! One file that holds what a database holds: a backup of everything, or one organisation on its way to another place.
//!
//! # The format
//!
//! Text in lines, compressed with gzip, and then, unless somebody asked for it plain, encrypted with
//! [age](https://age-encryption.org/v1) to the keys of those who may open it. So `age -d -i key file | zcat` shows all of it.
//!
//! 1. A header: `{"header": {"format": "alongside", "version": 1, "kind": "backup", "made_at": ..., "database": "sqlite",
//!    "migrations": [...], ...}}`.
//! 2. For each table its head, `{"table": {"name": "topic", "columns": [["organisation_id", "uuid"], ...]}}`, and behind it one
//!    array a row, in the order of the columns. Tables come in an order in which no row points to one that is still to come.
//! 3. The end: `{"end": {"rows": {"topic": 3, ...}, "sha256": "..."}}`, over every byte before that line.
//!
//! Values mean the same on both databases: `uuid` is its text, `time` is RFC 3339 in UTC, `date` is `2027-03-01`, `json` is the
//! value inside an array of its own (so that JSON's `null` is not the database's), `blob` is base64, numbers and truth are JSON's,
//! and nothing is `null`. A file without its end, or with one byte changed, is refused before anything is done with it.
//!
//! The file brings its columns along, so that a later version of the program can read it: it makes the schema of that day,
//! fills it, and brings it up to date as it would an old database.

mod file;
mod keys;
mod load;
mod read;
mod tables;
mod values;
mod write;

pub use keys::{Keys, Recipients, new_key};
pub use load::{PutOff, names, row_counts};
pub use read::{Archive, Batch, Piece, check};
pub use tables::{Column, Of, Table, tables};
pub use write::{Writer, migrations, rows};

use entity::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the header of every file calls its format.
const FORMAT: &str = "alongside";
/// The version of the format that is written. Older ones can be read, later ones are refused.
const VERSION: u32 = 1;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A whole installation.
    Backup,
    /// One organisation.
    Organisation,
}

/// What a file says about itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    format: String,
    version: u32,
    /// What it is.
    pub kind: Content,
    /// When it was made.
    pub made_at: Time,
    /// The program that made it.
    pub program: String,
    /// The database that it was made from: `sqlite` or `postgres`.
    pub database: String,
    /// The migrations which that database had, oldest first.
    pub migrations: Vec<String>,
    /// The key of the installation, in a backup: without it every link in a letter is dead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<String>,
    /// The organisation, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<uuid::Uuid>,
}

impl Header {
    /// A header of today's format.
    pub fn new(kind: Content, made_at: Time, postgres: bool, migrations: Vec<String>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            kind,
            made_at,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            database: if postgres { "postgres" } else { "sqlite" }.to_owned(),
            migrations,
            secret_key: None,
            organisation: None,
        }
    }
}

/// The head of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its name.
    pub name: String,
    /// Its columns, each with what it holds.
    pub columns: Vec<(String, values::Kind)>,
}

/// What stands at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// How many rows of each table there are.
    pub rows: BTreeMap<String, u64>,
    sha256: String,
}

/// A line that is not a row.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Header(Header),
    Table(Head),
    End(End),
}
