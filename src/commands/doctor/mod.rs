//! `doctor`: looks at the settings and at what the server needs, and says what to do.

mod database;
mod outside;
mod place;
mod sender;

use super::log;
use crate::platform::{Clock, Config, Result, config::MailWay, mail::transport};
use clap::{Args, Subcommand};
use sender::{Dns, Fault, Report, Resolver, Sender};
use serde_json::json;
use std::{net::SocketAddr, process::ExitCode};

/// `alongside doctor`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    /// One JSON object a finding
    #[arg(long)]
    json: bool,
    /// Set the jobs that gave up going again
    #[arg(long)]
    retry_dead: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

/// One part alone, looked at more closely.
#[derive(Subcommand)]
enum Part {
    /// Check the mail server, the mailbox for mail that comes back, and what the DNS says of our letters, and print the records to set
    Mail {
        /// One JSON object a finding
        #[arg(long)]
        json: bool,
        /// The name server to ask (such as 9.9.9.9:53) instead of those of this computer
        #[arg(long, value_name = "ADDRESS:PORT")]
        name_server: Option<SocketAddr>,
    },
}

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

/// Looks at everything, or at one part; the exit code tells whether all is well.
pub async fn doctor(Options { json, retry_dead, part }: Options) -> Result<ExitCode> {
    let (as_json, name_server) = match &part {
        Some(Part::Mail { json, name_server }) => (*json, *name_server),
        None => (json, None),
    };
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
    if part.is_some() { mail(&config, as_json, name_server).await } else { all(&config, as_json, retry_dead).await }
}

/// The whole. With `retry_dead`, jobs that gave up are set going again. The DNS is not asked: a computer without one has no fault.
async fn all(config: &Config, as_json: bool, retry_dead: bool) -> Result<ExitCode> {
    show(config, as_json);
    if !as_json {
        println!("Checks");
    }
    let mut findings = database::look(config, retry_dead).await;
    findings.push(place::secret(config));
    findings.extend(place::data(config));
    findings.extend(place::disk(config));
    findings.extend(outside::mail(config).await);
    findings.extend(outside::mailbox(config).await);
    if matches!(config.mail, MailWay::Smtp(_)) {
        let detail = "not asked here. Run `alongside doctor mail` to see whether the DNS says of your letters what receivers want to hear.";
        findings.push(Finding::note("DNS", detail));
    }
    let (address, time) = outside::address(config).await;
    findings.extend([place::clock(Clock::system().now(), time.as_ref()), place::zones()]);
    findings.extend(address);
    findings.push(outside::metrics(config));
    findings.extend(outside::collector(config).await);
    Ok(judged(as_json, &findings))
}

/// Letters alone: the mail server, the mailbox for what comes back, and what the DNS says of us.
async fn mail(config: &Config, as_json: bool, name_server: Option<SocketAddr>) -> Result<ExitCode> {
    let mut findings = outside::mail(config).await;
    findings.extend(outside::mailbox(config).await);
    let way = transport::open(config).ok();
    let mut wanted = Vec::new();
    match Sender::read(config, way.as_deref()) {
        Some(sender) => {
            let resolver = name_server.map_or_else(Resolver::system, Resolver::at);
            let report = match resolver {
                Ok(resolver) => sender::look(&sender, &resolver as &dyn Dns).await,
                Err(Fault(why)) => {
                    let detail = format!("nothing could be looked up: {why}. Name a name server with --name-server.");
                    Report { findings: vec![Finding::problem("DNS", detail)], ..Report::default() }
                }
            };
            findings.extend(report.findings);
            wanted = report.wanted;
        }
        None => {
            let detail = "cannot be looked at before ALONGSIDE_MAIL_FROM is set to an address at your organisation's domain";
            findings.push(Finding::note("DNS", detail));
        }
    }
    let code = judged(as_json, &findings);
    if as_json {
        wanted.iter().for_each(|wanted| println!("{}", wanted.json()));
    } else if !wanted.is_empty() {
        println!("Records to set");
        println!("{}", wanted.iter().map(sender::Wanted::words).collect::<Vec<_>>().join("\n"));
    }
    Ok(code)
}

/// Tells the findings, and whether all is well.
fn judged(as_json: bool, findings: &[Finding]) -> ExitCode {
    findings.iter().for_each(|finding| tell(as_json, finding));
    let well = findings.iter().all(|finding| finding.level != Level::Problem);
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
