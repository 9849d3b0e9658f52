//! `verify-draw`: works a draw out again from a file, without a server and without a database.

use crate::{
    matching::{
        file::{Draw, line_of},
        together::{self, file::Asking},
    },
    platform::{Error, Result},
};
use clap::Args;
use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Which draw.
#[derive(Args)]
pub struct Options {
    /// The file of the draw, as its page or the API hands it out
    file: PathBuf,
    /// What our part of the seed was committed to before the draw, in hexadecimal, as you noted it then
    #[arg(long, value_name = "HEX")]
    commitment: Option<String>,
}

/// Prints every check and whether it agrees; fails if one does not.
pub fn verify_draw(options: &Options) -> Result<ExitCode> {
    let wrong = |what: String| Error::unavailable(format!("{}: {what}", options.file.display()));
    if is_plan(&options.file).map_err(|error| wrong(error.to_string()))? {
        let plan = Asking::read(open(&options.file)?).map_err(wrong)?;
        let people = plan.asked.len();
        let letters: usize = plan.asked.iter().map(Vec::len).sum();
        let mut checks = plan.checks();
        if let Some(noted) = &options.commitment {
            let same = plan.head.commitments.iter().any(|kept| kept.commitment.eq_ignore_ascii_case(noted.trim()));
            checks.push(("one of the commitments is the one that was noted before", same));
        }
        let told = told(&checks);
        println!("{people} in the pool, {letters} letters, rules {}", plan.head.rules);
        return Ok(told);
    }
    let draw = Draw::read(open(&options.file)?).map_err(wrong)?;
    let mut checks = draw.checks();
    if let Some(noted) = &options.commitment {
        let same = draw.head.commitment.as_ref().is_some_and(|kept| kept.eq_ignore_ascii_case(noted.trim()));
        checks.push(("the commitment is the one that was noted before", same));
    }
    let code = told(&checks);
    let people = draw.pool.len() / line_of(&draw.head.rules);
    println!("{people} in the pool, {} drawn, rules {}", draw.drawn.len(), draw.head.rules);
    if let Some(solver) = draw.other_solver() {
        let by = if solver.is_empty() { "an older one" } else { solver };
        println!(
            "This program looks for the fairest lottery with {}, and this one was found with {by}. Whether it comes out the same can \
             only be seen with a program of that time.",
            sortition::SOLVER
        );
    }
    if draw.head.lottery.is_some() && draw.head.grounds.is_none() {
        println!(
            "This file does not say what the kinds of people are. That quotas were kept is in the file for the organisation."
        );
    }
    Ok(code)
}

fn told(checks: &[(&str, bool)]) -> ExitCode {
    for (what, agrees) in checks {
        println!("{}: {what}", if *agrees { "equal" } else { "NOT EQUAL" });
    }
    if checks.iter().all(|(_, agrees)| *agrees) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn open(path: &Path) -> Result<BufReader<File>> {
    let file = File::open(path).map_err(|error| Error::unavailable(format!("{}: {error}", path.display())))?;
    Ok(BufReader::new(file))
}

/// Whether a file is one of a plan that asks for several things together.
fn is_plan(path: &Path) -> io::Result<bool> {
    let mut first = String::new();
    BufReader::new(File::open(path)?).read_line(&mut first)?;
    let form = serde_json::from_str::<serde_json::Value>(&first).ok();
    Ok(form.is_some_and(|head| head["form"] == together::file::FORM))
}
