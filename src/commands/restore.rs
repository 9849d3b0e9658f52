//! `restore`: brings a backup back, into an empty database of either kind.
//!
//! All of it or nothing: the file is looked through from end to end before anything is touched, and what is done is one
//! transaction. Afterwards nobody is signed in, and no letter leaves until an operator has said whether it should.

use super::{
    archive::{self, Archive, Batch, Content, Header, Keys, Piece, PutOff},
    log, settings,
};
use crate::{
    app,
    platform::{Clock, Config, Db, Error, Result, Tx, audit, mail::hold, secret},
};
use entity::{
    AccountLinkPurpose, HoldReason, ParticipantLinkPurpose, account_link, account_session, organisation, participant_link,
    participant_session,
};
use migration::{Migrations, Migrator};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What is to be brought back.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// The backup
    file: PathBuf,
    /// The file with the secret key that opens it
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Look through the file from end to end and say what is in it; change nothing
    #[arg(long)]
    check: bool,
    /// One JSON object a row
    #[arg(long)]
    json: bool,
}

/// Brings a backup back, or looks whether it could be.
pub async fn restore(options: Options) -> Result<ExitCode> {
    let keys = Keys::open(options.key.as_deref())?;
    if options.check {
        let (header, end) = archive::check(&options.file, &keys)?;
        tell_rows(&end.rows, options.json);
        tell_header(&header, options.json);
        return Ok(ExitCode::SUCCESS);
    }
    let config = settings()?;
    log(&config);
    let restored = load(&config, &Clock::system(), &options.file, &keys).await?;
    tell_rows(&restored.rows, options.json);
    tell_header(&restored.header, options.json);
    tell(&restored, options.json);
    Ok(ExitCode::SUCCESS)
}

/// What was brought back.
#[derive(Debug)]
pub struct Restored {
    /// What the file said about itself.
    pub header: Header,
    /// How many rows of each table.
    pub rows: BTreeMap<String, u64>,
    /// Sessions that were ended.
    pub sessions: u64,
    /// Letters that wait for a word.
    pub waiting: u64,
    /// Organisations whose audit log does not fit together, with the first entry that does not.
    pub breaks: Vec<(String, i64)>,
}

/// Reads a backup into the database of the settings.
pub async fn load(config: &Config, clock: &Clock, path: &Path, keys: &Keys) -> Result<Restored> {
    let (header, _) = archive::check(path, keys)?;
    if header.kind != Content::Backup {
        return Err(Error::unavailable("this file holds one organisation: `alongside import-organisation` takes it in"));
    }
    let steps = known(&header.migrations)?;
    let key = header.secret_key.clone().ok_or_else(|| Error::unavailable("the backup holds no key, so it is of no use"))?;
    let write_key = key_is_missing(&config.secret_file, &key)?;
    app::make_folder(config)?;
    let db = Db::connect(&config.database_url, 1).await?;
    let turn = app::Turn::take(&config.database_url, &db).await?;
    let tx = db.begin().await?;
    let restored = fill(&tx, clock, path, keys, steps).await;
    // The key first: a database without its key is of no use, a key without its database does no harm.
    let restored = match restored {
        Ok(restored) => {
            if write_key {
                secret::write_private(&config.secret_file, &key)
                    .map_err(|error| Error::unavailable(format!("cannot write {}: {error}", config.secret_file.display())))?;
            }
            match tx.commit().await {
                Ok(()) => Ok(restored),
                Err(error) => {
                    if write_key {
                        let _ = std::fs::remove_file(&config.secret_file);
                    }
                    Err(error.into())
                }
            }
        }
        Err(error) => {
            tx.rollback().await?;
            Err(error)
        }
    };
    turn.end().await?;
    db.close().await?;
    restored
}

/// How many of our migrations the file's database had. They have to be our first ones.
fn known(migrations: &[String]) -> Result<u32> {
    let ours = Migrator::migrations();
    let ours: Vec<&str> = ours.iter().map(|one| one.name()).collect();
    if migrations.is_empty() || ours.len() < migrations.len() || ours.iter().zip(migrations).any(|(our, its)| our != its) {
        return Err(Error::unavailable(
            "the backup was made by a later version of this program: restore it with that version or a later one",
        ));
    }
    u32::try_from(migrations.len()).map_err(|_| Error::bug("too many migrations"))
}

/// Whether the key file has to be written; another key that is there already is not overwritten.
fn key_is_missing(path: &Path, key: &str) -> Result<bool> {
    match std::fs::read_to_string(path) {
        Ok(found) if found.trim() == key => Ok(false),
        Ok(_) => Err(Error::unavailable(format!(
            "{} holds another key than the backup, and is not overwritten: move it away, or set ALONGSIDE_SECRET_FILE to a \
             file that is not there",
            path.display()
        ))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(Error::unavailable(format!("cannot read {}: {error}", path.display()))),
    }
}

/// The whole of it, in the caller's transaction.
async fn fill(tx: &Tx, clock: &Clock, path: &Path, keys: &Keys, steps: u32) -> Result<Restored> {
    refuse_what_is_there(tx).await?;
    let applied = u32::try_from(Migrator::get_applied_migrations(tx).await?.len()).unwrap_or(u32::MAX);
    match steps.checked_sub(applied) {
        Some(0) => {}
        Some(missing) => Migrator::up(tx, Some(missing)).await?,
        None => {
            return Err(Error::unavailable(
                "the backup is of an older version than the schema that is there: restore it into a database without tables, \
                 and it is brought up to date",
            ));
        }
    }
    let put_off = PutOff::begin(tx).await?;
    let mut archive = Archive::open(path, keys)?;
    let header = archive.header.clone();
    let mut batch = Batch::default();
    while let Some(piece) = archive.piece()? {
        match piece {
            Piece::Table(head) => batch.table(tx, head).await?,
            Piece::Row(row) => batch.row(tx, row).await?,
        }
    }
    batch.flush(tx).await?;
    let rows = archive.end()?.rows;
    if archive::row_counts(tx, rows.keys()).await? != rows {
        return Err(Error::bug("the database does not hold as many rows as the file"));
    }
    put_off.end(tx).await?;
    Migrator::up(tx, None).await?;
    let sessions = sign_out(tx, clock).await?;
    hold::hold(tx, clock, None, HoldReason::Restored).await?;
    let mut waiting = 0;
    for held in hold::holds(tx).await?.iter().filter(|held| held.organisation_id.is_none()) {
        let counts = hold::waiting(tx, held).await?;
        waiting += counts.iter().map(|(_, count, _)| u64::try_from(*count).unwrap_or(0)).sum::<u64>();
    }
    Ok(Restored { header, rows, sessions, waiting, breaks: breaks(tx).await? })
}

/// A database with a single row in it is somebody's.
async fn refuse_what_is_there(tx: &Tx) -> Result<()> {
    let names = archive::names(tx).await?;
    let filled: Vec<String> = archive::row_counts(tx, &names)
        .await?
        .into_iter()
        .filter(|(_, rows)| *rows > 0)
        .map(|(table, rows)| format!("{table}: {rows}"))
        .collect();
    if filled.is_empty() {
        return Ok(());
    }
    Err(Error::unavailable(format!(
        "the database is not empty, and nothing in it is overwritten ({}). Set ALONGSIDE_DATABASE_URL to an empty one",
        filled.join(", ")
    )))
}

/// Ends what lets somebody in without a password or a fresh letter: it may have been ended after the backup was made.
async fn sign_out(tx: &Tx, clock: &Clock) -> Result<u64> {
    let now = Expr::value(clock.now());
    let staff = account_session::Entity::update_many()
        .col_expr(account_session::Column::RevokedAt, now.clone())
        .filter(account_session::Column::RevokedAt.is_null())
        .exec(tx)
        .await?;
    let people = participant_session::Entity::update_many()
        .col_expr(participant_session::Column::RevokedAt, now.clone())
        .filter(participant_session::Column::RevokedAt.is_null())
        .exec(tx)
        .await?;
    account_link::Entity::update_many()
        .col_expr(account_link::Column::UsedAt, now.clone())
        .filter(account_link::Column::UsedAt.is_null())
        .filter(account_link::Column::Purpose.is_in([AccountLinkPurpose::SetUp, AccountLinkPurpose::PasswordReset]))
        .exec(tx)
        .await?;
    participant_link::Entity::update_many()
        .col_expr(participant_link::Column::UsedAt, now)
        .filter(participant_link::Column::UsedAt.is_null())
        .filter(participant_link::Column::Purpose.eq(ParticipantLinkPurpose::SignIn))
        .exec(tx)
        .await?;
    Ok(staff.rows_affected + people.rows_affected)
}

/// Organisations whose audit log does not fit together.
async fn breaks(tx: &Tx) -> Result<Vec<(String, i64)>> {
    let mut breaks = Vec::new();
    for organisation in organisation::Entity::find().all(tx).await? {
        if let Some(entry) = audit::first_break(tx, organisation.id).await? {
            breaks.push((organisation.slug, entry));
        }
    }
    Ok(breaks)
}

/// What was in a file, table by table.
pub(super) fn tell_rows(rows: &BTreeMap<String, u64>, as_json: bool) {
    for (table, rows) in rows.iter().filter(|(_, rows)| **rows > 0) {
        if as_json {
            println!("{}", json!({"table": table, "rows": rows}));
        } else {
            println!("  {table:<24} {rows:>10}");
        }
    }
}

fn tell_header(header: &Header, as_json: bool) {
    if as_json {
        println!("{}", serde_json::to_value(header).map_or_else(|_| json!({}), public));
    } else {
        println!(
            "Made on {} by version {}, from {}.",
            header.made_at.format("%Y-%m-%d %H:%M UTC"),
            header.program,
            header.database
        );
    }
}

/// A header without the key.
fn public(mut header: serde_json::Value) -> serde_json::Value {
    if let Some(fields) = header.as_object_mut() {
        fields.remove("secret_key");
    }
    header
}

fn tell(restored: &Restored, as_json: bool) {
    if as_json {
        println!(
            "{}",
            json!({"restored": true, "sessions_ended": restored.sessions, "letters_waiting": restored.waiting,
                "audit_breaks": restored.breaks.len()})
        );
        return;
    }
    println!("Everything is back. What was done after that time is not in it:");
    println!("  - {} sessions were ended, because some may have been ended since. People sign in again.", restored.sessions);
    println!("  - Members of staff and keys that were removed since are back. Look through both.");
    println!(
        "  - Consents that were taken back since stand again. Whoever has the letters or a list of them takes them back again."
    );
    println!("  - No letter leaves until you say so ({} wait now). `alongside letters` shows them; then:", restored.waiting);
    println!("      alongside letters --leave   if the old server may have sent them since");
    println!("      alongside letters --send    if it has not");
    for (slug, entry) in &restored.breaks {
        println!("  - The audit log of {slug} does not fit together from entry {entry} on. It was so in the backup.");
    }
}
