//! `bench mail`: letters a second from the outbox to a mail server on this computer, beside what postfix's own load
//! generator sends to the same server in the same run.
//!
//! Letters are rows of the outbox like any others: they are taken by lease, written (each its own message of text and HTML,
//! about as long as those of `smtp-source`), handed over, and their outcome and history written down.

mod desk;
pub mod faults;
pub mod mailing;

use super::{
    Common, Ground, Row, Show,
    cluster::{find, is_root},
    cpu_seconds, forget_peak, peak_mb,
    people::settle,
    rounded,
    server::{free_address, reach, secret_file},
    trouble,
};
use crate::platform::{Error, Result};
use clap::Args;
use desk::Desk;
use std::{
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::process::{Child, Command};

/// Length of a message, in bytes.
const LENGTH: usize = 6 * 1024;
/// A mail server that takes no connections after so long will not.
const PATIENCE: Duration = Duration::from_secs(10);

/// What to measure.
#[derive(Args)]
pub struct Wishes {
    #[command(flatten)]
    common: Common,
    /// Letters in each run
    #[arg(long, default_value_t = 20_000)]
    messages: usize,
    /// Connections at the same time, with commas between
    #[arg(long, value_delimiter = ',', default_values_t = [8, 32])]
    connections: Vec<usize>,
    /// Runs of each, by turns; the one in the middle counts
    #[arg(long, default_value_t = 3)]
    runs: usize,
}

/// Measures.
pub async fn run(wishes: Wishes) -> Result<()> {
    let mut show = Show::new(wishes.common.json);
    let (sink, source) = (program("smtp-sink")?, program("smtp-source")?);
    for ground in Ground::all(&wishes.common).await? {
        for connections in &wishes.connections {
            let server = Sink::start(&sink).await?;
            let desk = Desk::open(&ground.url, &secret_file(&ground), server.address, *connections).await?;
            let mut rounds = Vec::new();
            for number in 1..=wishes.runs.max(1) {
                let limit = server.flood(&source, *connections, wishes.messages).await?;
                let round = send(&desk, wishes.messages).await?;
                eprintln!(
                    "{}, {connections} connections, run {number}: {:.0} letters a second, smtp-source {limit:.0}",
                    ground.database, round.a_second
                );
                rounds.push((round, limit));
            }
            show.row(row(ground.database, *connections, wishes.messages, rounds));
            desk.platform.db.clone().close().await?;
        }
        ground.remove().await?;
    }
    show.end();
    Ok(())
}

/// What one run took.
struct Round {
    a_second: f64,
    cpu_us: f64,
    grown_mb: f64,
}

fn row(database: &'static str, connections: usize, messages: usize, mut rounds: Vec<(Round, f64)>) -> Row {
    let ratio = |(round, limit): &(Round, f64)| round.a_second / limit;
    rounds.sort_by(|a, b| ratio(a).total_cmp(&ratio(b)));
    let most = rounds.iter().map(|(round, _)| round.grown_mb).fold(0.0, f64::max);
    let middle = rounds.get(rounds.len() / 2);
    let of = |value: &dyn Fn(&(Round, f64)) -> f64| middle.map_or(0.0, value);
    Row(vec![
        ("database", database.into()),
        ("connections", connections.into()),
        ("messages", messages.into()),
        ("msg_per_s", rounded(of(&|(round, _)| round.a_second), 0)),
        ("smtp_source_msg_per_s", rounded(of(&|(_, limit)| *limit), 0)),
        ("ratio", rounded(of(&ratio), 2)),
        ("cpu_us_per_message", rounded(of(&|(round, _)| round.cpu_us), 1)),
        ("rss_growth_mb", rounded(most, 1)),
    ])
}

/// One of postfix's programs.
fn program(name: &str) -> Result<PathBuf> {
    find(name, ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from).into_iter()).ok_or_else(|| {
        Error::unavailable(format!(
            "{name} is not installed; it comes with postfix: apt-get install postfix (`no configuration` will do)"
        ))
    })
}

/// A mail server that takes everything and keeps nothing. It ends with this value.
pub struct Sink {
    _child: Child,
    address: SocketAddr,
}

impl Sink {
    async fn start(program: &std::path::Path) -> Result<Self> {
        let address = free_address()?;
        // It does not run as root.
        let user: &[&str] = if is_root() { &["-u", "nobody"] } else { &[] };
        let child = Command::new(program)
            .args(user)
            .arg(address.to_string())
            .arg("1024")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(trouble("cannot start smtp-sink"))?;
        let began = Instant::now();
        // It says nothing when it listens, so it is tried.
        while reach(address).await.is_err() {
            if began.elapsed() > PATIENCE {
                return Err(Error::unavailable("smtp-sink does not take connections"));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(Self { _child: child, address })
    }

    /// What postfix's load generator sends to it, in letters a second: over as many connections, each used again and again.
    async fn flood(&self, source: &std::path::Path, connections: usize, messages: usize) -> Result<f64> {
        let began = Instant::now();
        let ended = Command::new(source)
            .args(["-d", "-s", &connections.to_string(), "-l", &LENGTH.to_string(), "-m", &messages.to_string()])
            .arg(self.address.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .await
            .map_err(trouble("cannot start smtp-source"))?;
        if !ended.success() {
            return Err(Error::unavailable("smtp-source could not send its letters"));
        }
        Ok(count(messages) / began.elapsed().as_secs_f64())
    }
}

/// Puts letters into the outbox, and measures how they leave it.
async fn send(desk: &Desk, messages: usize) -> Result<Round> {
    desk.fill(messages).await?;
    settle(&desk.platform.db).await?;
    let sent = desk.sent().await?;
    forget_peak();
    let held = peak_mb()?;
    let (began, before) = (Instant::now(), cpu_seconds()?);
    desk.mailer.run_due(&desk.platform, u64::MAX).await?;
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds()? - before);
    let left = desk.sent().await? - sent;
    if usize::try_from(left).ok() != Some(messages) {
        return Err(Error::bug(format!("of {messages} letters {left} were sent")));
    }
    let letters = count(messages);
    Ok(Round { a_second: letters / wall, cpu_us: cpu * 1e6 / letters, grown_mb: peak_mb()? - held })
}

fn count(messages: usize) -> f64 {
    f64::from(u32::try_from(messages).unwrap_or(u32::MAX))
}
