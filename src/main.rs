//! `alongside`: reads the command line and calls one of [`alongside::commands`].

use alongside::commands::{self, Command};
use clap::Parser;
use std::process::ExitCode;

/// Consultations and co-production that match the level of involvement people want.
#[derive(Parser)]
#[command(name = "alongside", version)]
struct Line {
    #[command(subcommand)]
    command: Option<Command>,
}

fn main() -> ExitCode {
    let command = Line::parse().command.unwrap_or(Command::Serve);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("alongside cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(commands::run(command)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("alongside: {error}");
            ExitCode::FAILURE
        }
    }
}
