//! `backup`: everything that an installation holds, in one file, while the server goes on reading and writing.

use super::{
    archive::{self, Content, End, Header, Recipients, Writer, tables},
    log, settings,
};
use crate::{
    app,
    platform::{Clock, Config, Db, Error, Result, Tx, db},
};
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What a backup is asked for.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// The file to write; one that is there is never overwritten
    #[arg(required_unless_present = "new_key")]
    file: Option<PathBuf>,
    /// A public key of age (age1...) whose owner may open the file; may be given more than once
    #[arg(long, value_name = "KEY")]
    to: Vec<String>,
    /// Do not encrypt: whoever gets hold of the file can read every name and answer, and open every link that is in a letter
    #[arg(long)]
    plain: bool,
    /// Make a key that opens backups, write it to this file, print its public half, and do nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "to", "plain"])]
    new_key: Option<PathBuf>,
    /// One JSON object a row
    #[arg(long)]
    json: bool,
}

/// Makes a backup, or a key for one.
pub async fn backup(options: Options) -> Result<ExitCode> {
    if let Some(path) = &options.new_key {
        return new_key(path, options.json);
    }
    let Some(path) = &options.file else { return Err(Error::bug("a backup without a file")) };
    let to = Recipients::read(&options.to, options.plain)?;
    let config = settings()?;
    log(&config);
    let db = open(&config).await?;
    let made = make(&db, &config, &Clock::system(), path, &to).await;
    db.close().await?;
    let (end, bytes) = made?;
    tell(&end, path, bytes, &options);
    Ok(ExitCode::SUCCESS)
}

fn new_key(path: &Path, as_json: bool) -> Result<ExitCode> {
    let public = archive::new_key(path)?;
    if as_json {
        println!("{}", json!({"key_file": path, "public_key": public}));
    } else {
        println!(
            "The key that opens backups is in {}. Keep it away from the server: who has it reads everything.",
            path.display()
        );
        println!("Its public half is for --to:");
        println!("{public}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens the database that is there; a look makes none.
pub(super) async fn open(config: &Config) -> Result<Db> {
    if let Some(file) = db::sqlite_file(&config.database_url).filter(|file| !file.exists()) {
        return Err(Error::unavailable(format!("there is no database in {}: see ALONGSIDE_DATABASE_URL", file.display())));
    }
    Ok(Db::connect(&config.database_url, 1).await?)
}

/// Writes everything to a file. Answers what is in it and how large it is.
pub async fn make(db: &Db, config: &Config, clock: &Clock, path: &Path, to: &Recipients) -> Result<(End, u64)> {
    let key = key(db, config).await?;
    from(db.snapshot().await?, key, clock, path, to).await
}

/// Writes what a snapshot shows, with the installation's key.
pub async fn from(snapshot: Tx, key: String, clock: &Clock, path: &Path, to: &Recipients) -> Result<(End, u64)> {
    let migrations = archive::migrations(&snapshot).await?;
    let postgres = snapshot.get_database_backend() == DbBackend::Postgres;
    let mut header = Header::new(Content::Backup, clock.now(), postgres, migrations);
    header.secret_key = Some(key);
    let mut writer = Writer::begin(path, to, header)?;
    for table in tables() {
        archive::rows(&snapshot, &mut writer, &table, &table.select(), |_| Ok(true)).await?;
    }
    snapshot.rollback().await?;
    writer.finish()
}

/// The installation's key, as its file holds it. One that belongs to another database would make a backup without use.
async fn key(db: &Db, config: &Config) -> Result<String> {
    let path = &config.secret_file;
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::unavailable(format!(
            "cannot read {}: {error}. A backup holds the key too, because without it every link in a letter is dead. \
             Set ALONGSIDE_SECRET_FILE to the file of the server",
            path.display()
        ))
    })?;
    if !app::key_fits(config, db).await? {
        return Err(Error::unavailable(
            "the database was made with another key: set ALONGSIDE_SECRET_FILE to the file of its server",
        ));
    }
    Ok(text.trim().to_owned())
}

fn tell(end: &End, path: &Path, bytes: u64, options: &Options) {
    let rows: u64 = end.rows.values().sum();
    let filled = end.rows.iter().filter(|(_, rows)| **rows > 0);
    if options.json {
        filled.for_each(|(table, rows)| println!("{}", json!({"table": table, "rows": rows})));
        println!("{}", json!({"file": path, "bytes": bytes, "rows": rows, "keys": options.to.len()}));
        return;
    }
    filled.for_each(|(table, rows)| println!("  {table:<24} {rows:>10}"));
    println!("  {:<24} {rows:>10}", "all");
    println!("{} ({} KiB)", path.display(), bytes.div_ceil(1024));
    if options.plain {
        println!("It is not encrypted. Whoever gets hold of it can read every name and answer, and open every link in a letter.");
    }
}
