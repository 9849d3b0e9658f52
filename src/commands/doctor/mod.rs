//! `doctor`: looks at the settings and at what the server needs, and says what to do.

mod database;
mod outside;
mod place;

use super::log;
use crate::platform::{Clock, Config, Result};
use serde_json::json;
use std::process::ExitCode;

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// As it should be.
    Good,
    /// It works, and there is something to know.
    Note,
    /// It does not work, or will not.
    Problem,
}

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    level: Level,
    detail: String,
}

impl Finding {
    fn good(what: &'static str, detail: impl Into<String>) -> Self {
        Self { what, level: Level::Good, detail: detail.into() }
    }

    fn note(what: &'static str, detail: impl Into<String>) -> Self {
        Self { what, level: Level::Note, detail: detail.into() }
    }

    fn problem(what: &'static str, detail: impl Into<String>) -> Self {
        Self { what, level: Level::Problem, detail: detail.into() }
    }
}

/// Looks at everything; the exit code tells whether all is well. With `retry_dead`, jobs that gave up are set going again.
pub async fn doctor(as_json: bool, retry_dead: bool) -> Result<ExitCode> {
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(wrong) => {
            for one in wrong {
                tell(as_json, &Finding::problem("settings", one));
            }
            return Ok(ExitCode::FAILURE);
        }
    };
    log(&config);
    show(&config, as_json);
    if !as_json {
        println!("Checks");
    }
    let mut findings = database::look(&config, retry_dead).await;
    findings.push(place::secret(&config));
    findings.extend(place::data(&config));
    findings.extend(place::disk(&config));
    findings.extend(outside::mail(&config).await);
    let (address, time) = outside::address(&config).await;
    findings.extend([place::clock(Clock::system().now(), time.as_ref()), place::zones()]);
    findings.extend(address);
    findings.push(outside::metrics(&config));
    findings.extend(outside::collector(&config).await);
    findings.iter().for_each(|finding| tell(as_json, finding));
    let well = findings.iter().all(|finding| finding.level != Level::Problem);
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Every setting, with where it comes from.
fn show(config: &Config, as_json: bool) {
    if !as_json {
        println!("Settings");
    }
    for (key, value, set) in config.shown() {
        let from = if set { "set in the environment" } else { "default" };
        if as_json {
            println!("{}", json!({"setting": format!("ALONGSIDE_{}", key.name), "value": value, "from": from}));
        } else {
            println!("  ALONGSIDE_{:<16} {value}  ({from})", key.name);
        }
    }
}

fn tell(as_json: bool, finding: &Finding) {
    let word = match finding.level {
        Level::Good => "ok",
        Level::Note => "note",
        Level::Problem => "PROBLEM",
    };
    if as_json {
        let good = finding.level != Level::Problem;
        println!("{}", json!({"check": finding.what, "good": good, "level": word.to_lowercase(), "detail": finding.detail}));
    } else {
        println!("  {word:<7} {}: {}", finding.what, finding.detail);
    }
}
