//! What the program can be asked to do: one file a sub-command.

pub mod archive;
pub mod backup;
pub mod bench;
pub mod client;
pub mod demo;
mod doctor;
mod fetch;
pub mod letters;
pub mod openapi;
pub mod organisation;
pub mod restore;
mod returned;
pub mod serve;
pub mod verify_draw;

use crate::{
    app::App,
    platform::{Clock, Config, Error, Result, mail::transport},
};
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Consultations and co-production that match the level of involvement people want.
#[derive(Parser)]
#[command(name = "alongside", version)]
struct Line {
    #[command(subcommand)]
    command: Option<Command>,
}

/// Reads the command line and runs what it asks for.
pub fn main() -> ExitCode {
    let command = Line::parse().command.unwrap_or(Command::Serve);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("alongside cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(command)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("alongside: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The sub-commands.
#[derive(Subcommand)]
pub enum Command {
    /// Serve the API and the pages, and work off the queue (the default)
    Serve,
    /// Work off the queue only
    Worker,
    /// Bring the database's schema up to date
    Migrate,
    /// Check the settings and what the server needs, and say what to do
    Doctor(doctor::Options),
    /// Write everything this installation holds to one encrypted file, while it goes on working
    Backup(backup::Options),
    /// Bring a backup back, into an empty database of either kind
    Restore(restore::Options),
    /// Show the letters that wait for your word after a restore or a move, and say it
    Letters(letters::Options),
    /// Show the mail that came back and that nothing was made of
    Returned(returned::Options),
    /// Write one organisation to a file, to move it to another installation
    ExportOrganisation(organisation::Export),
    /// Take in an organisation from such a file
    ImportOrganisation(organisation::Import),
    /// Work a draw out again from its file, without a server
    VerifyDraw(verify_draw::Options),
    /// Ask the server of these settings whether it does its work; for containers
    Healthcheck,
    /// Print the OpenAPI document
    Openapi,
    /// Measure what this build does on this computer
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Tell the whole story with made-up people, on a server of its own, and leave it running to look around
    Demo(demo::Options),
}

/// Runs a sub-command.
pub async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Serve => serve::serve(settings()?).await,
        Command::Worker => serve::worker(settings()?).await,
        Command::Migrate => serve::migrate(settings()?).await,
        Command::Doctor(options) => doctor::doctor(options).await,
        Command::Backup(options) => backup::backup(options).await,
        Command::Restore(options) => restore::restore(options).await,
        Command::Letters(options) => letters::letters(options).await,
        Command::Returned(options) => returned::returned(options).await,
        Command::ExportOrganisation(options) => organisation::export(options).await,
        Command::ImportOrganisation(options) => organisation::import(options).await,
        Command::VerifyDraw(options) => verify_draw::verify_draw(&options),
        Command::Healthcheck => fetch::healthcheck().await,
        Command::Openapi => openapi::print().await,
        Command::Bench(what) => bench::run(what).await,
        Command::Demo(options) => demo::demo(options).await,
    }
}

/// The settings, or everything that is wrong with them.
fn settings() -> Result<Config> {
    Config::from_env().map_err(|wrong| Error::unavailable(format!("the settings are not right:\n  {}", wrong.join("\n  "))))
}

/// Opens the installation that the settings describe.
pub async fn open(config: Config) -> Result<App> {
    let transport = transport::open(&config)?;
    App::open(config, Clock::system(), transport).await
}

/// What of the program's parts is logged when an operator asks for `level`.
pub fn filter(level: &str) -> tracing_subscriber::EnvFilter {
    use tracing_subscriber::EnvFilter;
    // The web server below us names the addresses of callers whose connection it closes; what reads mailboxes tells all that it reads.
    EnvFilter::try_new(format!("{level},sqlx=warn,sea_orm_migration=warn,poem=warn,async_imap=warn"))
        .unwrap_or_else(|_| EnvFilter::new("info"))
}

/// Sets up the log. It goes to standard error, so that standard output holds only what was asked for.
pub fn log(config: &Config) {
    let log = tracing_subscriber::fmt().with_env_filter(filter(&config.log)).with_writer(std::io::stderr).with_target(false);
    // A second call in one process, as in tests, changes nothing.
    let _ = if config.log_json { log.json().try_init() } else { log.try_init() };
}
