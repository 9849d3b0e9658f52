//! `bench`: what this build does on this computer, measured and printed. Nothing here judges; the reader does.
//!
//! The server runs as a process of its own on a database of its own, both thrown away afterwards, so that what is
//! measured is what people run. What the database could do at most is measured in the same run, so that the figures of
//! two computers can be compared.

pub mod cluster;
mod eligibility;
mod idle;
mod limits;
mod mail;
mod matching;
mod pages;
mod people;
mod server;
mod submit;
mod visitors;

use crate::platform::{Db, Error, Result};
use clap::{Args, Subcommand};
use cluster::{Cluster, Durability};
use migration::{Migrations, Migrator};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use std::{path::PathBuf, process::ExitCode};

/// What can be measured.
#[derive(Subcommand)]
pub enum Bench {
    /// Responses a second through HTTP, beside what the database could store at most
    Submit(submit::Wishes),
    /// Time to start and memory when idle
    Idle(idle::Wishes),
    /// Processor time and bytes of each page
    Pages(pages::Wishes),
    /// Time and memory to decide who may be asked
    Eligibility(eligibility::Wishes),
    /// Letters a second from the outbox to a mail server, beside postfix's own load generator
    Mail(mail::Wishes),
    /// A worker that is killed again and again while it sends: what was lost, and what came twice
    MailFaults(mail::faults::Wishes),
    /// A consultation that asks very many people: time to the first letter, memory, and how the API answers meanwhile
    Mailing(mail::mailing::Wishes),
    /// The worker that is killed
    #[command(hide = true)]
    MailWorker(mail::faults::Worker),
    /// The fairest draws from pools in files: chances, time, memory
    Matching(matching::Wishes),
}

/// What every bench can be told.
#[derive(Args)]
pub struct Common {
    /// One JSON object a row on standard output
    #[arg(long)]
    pub json: bool,
    /// URL of a database on the PostgreSQL server to use, instead of a throw-away one; its role must be allowed to make databases
    #[arg(long, value_name = "URL")]
    pub postgres: Option<String>,
    /// One database alone
    #[arg(long, value_parser = ["sqlite", "postgres"])]
    pub database: Option<String>,
}

impl Common {
    fn wants(&self, database: &str) -> bool {
        self.database.as_deref().is_none_or(|one| one == database)
    }
}

/// Measures.
pub async fn run(bench: Bench) -> Result<ExitCode> {
    match bench {
        Bench::Submit(wishes) => submit::run(wishes).await?,
        Bench::Idle(wishes) => idle::run(wishes).await?,
        Bench::Pages(wishes) => pages::run(wishes).await?,
        Bench::Eligibility(wishes) => eligibility::run(wishes).await?,
        Bench::Mail(wishes) => mail::run(wishes).await?,
        Bench::MailFaults(wishes) => mail::faults::run(wishes).await?,
        Bench::Mailing(wishes) => mail::mailing::run(wishes).await?,
        Bench::MailWorker(worker) => mail::faults::work(worker).await?,
        Bench::Matching(wishes) => matching::run(&wishes)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A migrated, empty database, and a folder for what belongs to it.
pub struct Ground {
    /// `sqlite` or `postgres`.
    pub database: &'static str,
    /// URL of the database.
    pub url: String,
    /// For the key, letters, scripts.
    pub folder: PathBuf,
    /// Name of the database on a server that stays.
    made: Option<(Cluster, String)>,
}

impl Ground {
    /// A ground on each database there is. The folder goes when this process ends.
    pub async fn all(common: &Common) -> Result<Vec<Self>> {
        let folder = std::env::temp_dir().join(format!("alongside-bench-{}", std::process::id()));
        cluster::remove_at_exit(&folder).map_err(Error::Unavailable)?;
        let mut grounds = Vec::new();
        if common.wants("sqlite") {
            grounds.push(Self::sqlite(folder.join("sqlite")).await?);
        }
        if common.wants("postgres") {
            match server(common) {
                Ok(server) => grounds.push(Self::postgres(folder.join("postgres"), server).await?),
                Err(why) => eprintln!("PostgreSQL is left out: {why}."),
            }
        }
        Ok(grounds)
    }

    async fn sqlite(folder: PathBuf) -> Result<Self> {
        make(&folder)?;
        let url = format!("sqlite://{}?mode=rwc", folder.join("bench.db").display());
        Self { database: "sqlite", url, folder, made: None }.migrated().await
    }

    async fn postgres(folder: PathBuf, server: Cluster) -> Result<Self> {
        make(&folder)?;
        let name = format!("alongside_bench_{}", std::process::id());
        let admin = Db::connect(&server.url("postgres"), 1).await?;
        admin.write().execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
        admin.close().await?;
        Self { database: "postgres", url: server.url(&name), folder, made: Some((server, name)) }.migrated().await
    }

    async fn migrated(self) -> Result<Self> {
        let db = Db::connect(&self.url, 1).await?;
        Migrator::up(db.write(), None).await?;
        db.close().await?;
        Ok(self)
    }

    /// Removes the database.
    pub async fn remove(self) -> Result<()> {
        if let Some((server, name)) = self.made {
            let admin = Db::connect(&server.url("postgres"), 1).await?;
            admin.write().execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
            admin.close().await?;
        }
        std::fs::remove_dir_all(&self.folder).map_err(trouble("cannot remove the folder of the bench"))
    }
}

/// The server that was named, or one of our own.
fn server(common: &Common) -> Result<Cluster, String> {
    match &common.postgres {
        Some(url) => Cluster::at(url).ok_or_else(|| "--postgres needs a URL such as postgres://user@host/database".to_owned()),
        None => Cluster::start(Durability::Full),
    }
}

fn make(folder: &std::path::Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(trouble("cannot make a folder for the bench"))
}

/// An error of the operating system, with what was tried.
fn trouble(tried: &'static str) -> impl Fn(std::io::Error) -> Error {
    move |error| Error::unavailable(format!("{tried}: {error}"))
}

/// A measured row: names and values in the order in which they are shown.
pub struct Row(pub Vec<(&'static str, Value)>);

/// Shows rows: each at once as JSON, or all of them in a table at the end.
pub struct Show {
    json: bool,
    rows: Vec<Row>,
}

impl Show {
    /// Nothing yet.
    pub fn new(json: bool) -> Self {
        Self { json, rows: Vec::new() }
    }

    /// Takes a row.
    pub fn row(&mut self, row: Row) {
        if self.json {
            let fields: Vec<String> = row.0.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            println!("{{{}}}", fields.join(","));
        }
        self.rows.push(row);
    }

    /// Prints the table.
    pub fn end(self) {
        let (false, Some(first)) = (self.json, self.rows.first()) else { return };
        let names = first.0.iter().map(|(name, _)| (*name).to_owned()).collect();
        let lines: Vec<Vec<String>> = std::iter::once(names)
            .chain(self.rows.iter().map(|row| row.0.iter().map(|(_, value)| cell(value)).collect()))
            .collect();
        let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(String::len).max().unwrap_or(0);
        for line in &lines {
            let cells: Vec<String> =
                line.iter().enumerate().map(|(at, text)| format!("{text:>width$}", width = width(at))).collect();
            println!("{}", cells.join("  "));
        }
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The largest memory so far is forgotten, where the kernel lets us: each pool has its own.
pub fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The largest memory, in MiB.
pub fn peak_mb() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/self/status").map_err(trouble("cannot read this program's memory"))?;
    server::kib(&text, "VmHWM:").map(|kib| kib / 1024.0).ok_or_else(|| Error::bug("the kernel's status has another form"))
}

/// Processor time of all threads of this program, in seconds.
pub fn cpu_seconds() -> Result<f64> {
    let tasks = std::fs::read_dir("/proc/self/task").map_err(trouble("cannot read this program's threads"))?;
    let texts = tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok());
    let times: Vec<f64> = texts.filter_map(|text| text.split_whitespace().next()?.parse().ok()).collect();
    if times.is_empty() {
        return Err(Error::unavailable("this kernel does not count threads' time"));
    }
    Ok(times.iter().sum::<f64>() / 1e9)
}

/// A number with so many digits after the point.
pub fn rounded(value: f64, digits: i32) -> Value {
    let scale = 10_f64.powi(digits);
    ((value * scale).round() / scale).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_rounded_to_what_they_can_tell() {
        assert_eq!(rounded(1234.5678, 1), 1234.6);
        assert_eq!(rounded(0.004, 2), 0.0);
        assert_eq!(cell(&Value::Null), "-");
        assert_eq!(cell(&"sqlite".into()), "sqlite");
    }
}
