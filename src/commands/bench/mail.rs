//! `bench mail`: letters a second from the outbox to a mail server on this computer, beside what postfix's own load
//! generator sends to the same server in the same run.
//!
//! Letters are rows of the outbox like any others: they are taken by lease, written (each its own message of text and HTML,
//! about as long as those of `smtp-source`), handed over, and their outcome and history written down.

use super::{
    Common, Ground, Row, Show, cluster::is_root, cpu_seconds, forget_peak, peak_mb, people::settle, rounded, server::secret_file,
    trouble,
};
use crate::platform::{
    Clock, Config, Db, Error, Platform, Result, Secret,
    config::MailWay,
    http::limits::Limits,
    mail::{Composed, Composers, Letter, Mailer, NewLetter, enqueue, open_batch, priority, transport},
    trace::Traces,
};
use clap::Args;
use entity::{MailMessageId, MailState, RecipientKind, mail_message};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::process::{Child, Command};
use uuid::Uuid;

/// Length of a message, in bytes.
const LENGTH: usize = 6 * 1024;
/// Domains that are written to.
const DOMAINS: usize = 100;
/// The kind of letter.
const KIND: &str = "bench.letter";
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
            let desk = Desk::open(&ground, &server, *connections).await?;
            let mut rounds = Vec::new();
            for number in 1..=wishes.runs.max(1) {
                let limit = server.flood(&source, *connections, wishes.messages).await?;
                let round = desk.send(wishes.messages).await?;
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
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&paths).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]).map(|folder| folder.join(name));
    found.into_iter().find(|path| path.is_file()).ok_or_else(|| {
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
        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(trouble("cannot find a free port"))?;
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
        while tokio::net::TcpStream::connect(address).await.is_err() {
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

/// An outbox, and a mailer that works it off.
struct Desk {
    platform: Platform,
    mailer: Mailer,
}

impl Desk {
    async fn open(ground: &Ground, server: &Sink, connections: usize) -> Result<Self> {
        let mut config = Config::read([]).map_err(|wrong| Error::bug(wrong.join("; ")))?;
        config.mail = MailWay::Smtp(format!("smtp://{}", server.address));
        config.smtp_connections = connections;
        let clock = Clock::system();
        let secret = Secret::open(&secret_file(ground), clock.secret()).map_err(Error::Unavailable)?;
        let transport = transport::open(&config)?;
        let mailer = Mailer::new(composers(), transport, &config)?;
        let traces = Traces::open(&config)?;
        let platform = Platform {
            db: Db::connect(&ground.url, 8).await?,
            clock,
            config: Arc::new(config),
            secret,
            wake: Arc::default(),
            cpu: crate::platform::CpuPool::new(1),
            limits: Arc::new(Limits::default()),
            traces,
        };
        Ok(Self { platform, mailer })
    }

    /// Puts letters into the outbox, and measures how they leave it.
    async fn send(&self, messages: usize) -> Result<Round> {
        self.fill(messages).await?;
        settle(&self.platform.db).await?;
        let sent = self.sent().await?;
        forget_peak();
        let held = peak_mb()?;
        let (began, before) = (Instant::now(), cpu_seconds()?);
        self.mailer.run_due(&self.platform, u64::MAX).await?;
        let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds()? - before);
        let left = self.sent().await? - sent;
        if usize::try_from(left).ok() != Some(messages) {
            return Err(Error::bug(format!("of {messages} letters {left} were sent")));
        }
        let letters = count(messages);
        Ok(Round { a_second: letters / wall, cpu_us: cpu * 1e6 / letters, grown_mb: peak_mb()? - held })
    }

    async fn fill(&self, messages: usize) -> Result<()> {
        let clock = &self.platform.clock;
        let tx = self.platform.db.begin().await?;
        let batch = open_batch(&tx, clock, None, KIND, None, "bench").await?;
        let letters: Vec<NewLetter> = (0..messages).map(|number| new_letter(clock, number)).collect();
        enqueue(&tx, clock, None, batch, &letters).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn sent(&self) -> Result<u64> {
        let sent = mail_message::Entity::find().filter(mail_message::Column::State.eq(MailState::Sent));
        Ok(sent.count(self.platform.db.read()).await?)
    }
}

fn new_letter(clock: &Clock, number: usize) -> NewLetter {
    NewLetter {
        id: clock.new_id(),
        kind: KIND,
        recipient_kind: RecipientKind::Participant,
        recipient_id: clock.new_id(),
        subject_id: None,
        address: format!("person{number}@place{}.example", number % DOMAINS),
        n: 0,
        priority: priority::INVITATION,
        expires_at: None,
    }
}

fn composers() -> Composers {
    let mut composers = Composers::default();
    composers.on(KIND, |_, message| async move { Ok(Composed::Letter(Box::new(letter(message.id, message.recipient_id)))) });
    composers
}

/// A letter of the usual kind, as long as those that it is compared with.
fn letter(id: MailMessageId, recipient: Uuid) -> Letter {
    let link = format!("https://alongside.example/i/ai_{}{}", id.0.simple(), recipient.simple());
    let paragraph =
        "We would like to ask you to take part in this. It is about how people are looked after when they come home. ";
    Letter::new(
        "Sunrise Trust",
        "Would you like to take part: coming home",
        "You get this letter because you joined Sunrise Trust.",
    )
    .text(format!("Dear person {},", recipient.simple()))
    .text(paragraph.repeat(7))
    .facts(vec![
        ("What this is", "You tell us what you think, and we decide.".into()),
        ("Time it takes", "20 minutes".into()),
        ("Payment", "£10.00 for everything, preparation included.".into()),
    ])
    .heading("Why you were asked")
    .list(vec!["You said that you want to hear about this.".into(), "You have not been asked this month.".into()])
    .button("Read more and answer", &link)
    .text("Yes, no, later, or something lighter: every answer is fine, and you need give no reason.")
    .stoppable(format!("https://alongside.example/u/au_{}", id.0.simple()), "bench.sunrise")
}

fn count(messages: usize) -> f64 {
    f64::from(u32::try_from(messages).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::mail::render::{Frame, render};

    #[test]
    fn a_letter_is_as_long_as_those_it_is_compared_with() {
        let clock = Clock::system();
        let new = new_letter(&clock, 7);
        let from: lettre::message::Mailbox = "Alongside <alongside@sunrise.example>".parse().unwrap();
        let message_id = format!("<{}@alongside>", new.id);
        let frame = Frame { from: &from, to: new.address.parse().unwrap(), message_id: &message_id, date: clock.now() };
        let length = render(&letter(new.id, new.recipient_id), frame).unwrap().len();
        assert!(length.abs_diff(LENGTH) < 300, "{length}");
    }
}
