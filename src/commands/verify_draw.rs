//! `verify-draw`: works a draw out again from a file, without a server and without a database.

use crate::{
    matching::file::{Draw, line_of},
    platform::{Error, Result},
};
use clap::Args;
use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Which draw.
#[derive(Args)]
pub struct Options {
    /// The file of the draw, as its page or the API hands it out
    file: PathBuf,
}

/// Prints every check and whether it agrees; fails if one does not.
pub fn verify_draw(options: &Options) -> Result<ExitCode> {
    let draw = read(&options.file)?;
    let checks = draw.checks();
    for (what, agrees) in &checks {
        println!("{}: {what}", if *agrees { "equal" } else { "NOT EQUAL" });
    }
    let people = draw.pool.len() / line_of(&draw.head.rules);
    println!("{people} in the pool, {} drawn, rules {}", draw.drawn.len(), draw.head.rules);
    if draw.head.lottery.is_some() && draw.head.grounds.is_none() {
        println!(
            "This file does not say what the kinds of people are. That quotas were kept is in the file for the organisation."
        );
    }
    Ok(if checks.iter().all(|(_, agrees)| *agrees) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(path: &Path) -> Result<Draw> {
    let wrong = |what: String| Error::unavailable(format!("{}: {what}", path.display()));
    let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
    Draw::read(BufReader::new(file)).map_err(wrong)
}
