//! `bench mail-faults`: a worker that is killed again and again while it sends, and what arrived in the end.
//!
//! The worker is a process of its own and is killed by signal 9, which no process can prepare for. The mail server is part of
//! the bench and keeps a ledger of every letter that it took: what is lost or comes twice is read from there. After each kill
//! the leases of the dead worker are ended by hand, as a quarter of an hour would.

use super::{
    super::{Common, Ground, Row, Show, rounded, server::secret_file, trouble},
    desk::Desk,
};
use crate::platform::{Error, Result};
use chrono::Duration as Span;
use clap::Args;
use entity::{MailState, mail_event, mail_message};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};

/// A worker lives at most so long, in milliseconds.
const LIFE: u64 = 250;
/// The mail server takes up to so long for each answer, in microseconds: so a kill finds letters at every stage.
const SLOW: u64 = 3000;
/// A worker that has taken no letter after so long never will.
const PATIENCE: Duration = Duration::from_secs(60);

/// What to try.
#[derive(Args)]
pub struct Wishes {
    #[command(flatten)]
    common: Common,
    /// Times that the worker is killed
    #[arg(long, default_value_t = 200)]
    rounds: usize,
    /// Letters, all in all
    #[arg(long, default_value_t = 2000)]
    messages: usize,
    /// Connections at the same time
    #[arg(long, default_value_t = 8)]
    connections: usize,
}

/// Where a worker of the bench finds what it needs.
#[derive(Args)]
pub struct Worker {
    #[arg(long)]
    database: String,
    #[arg(long)]
    secret: std::path::PathBuf,
    #[arg(long)]
    server: SocketAddr,
    #[arg(long)]
    connections: usize,
}

/// Sends what is due, until it is killed.
pub async fn work(worker: Worker) -> Result<()> {
    let desk = Desk::open(&worker.database, &worker.secret, worker.server, worker.connections).await?;
    loop {
        if desk.mailer.run_due(&desk.platform, u64::MAX).await? == 0 {
            // Nobody tells this process of new letters: it looks, as a worker does.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Kills workers, and counts.
pub async fn run(wishes: Wishes) -> Result<()> {
    let mut show = Show::new(wishes.common.json);
    for ground in Ground::all(&wishes.common).await? {
        show.row(one(&ground, &wishes).await?);
        ground.remove().await?;
    }
    show.end();
    Ok(())
}

async fn one(ground: &Ground, wishes: &Wishes) -> Result<Row> {
    let began = Instant::now();
    let server = Ledger::start().await?;
    let desk = Desk::open(&ground.url, &secret_file(ground), server.address, wishes.connections).await?;
    let mut lots = ChaCha8Rng::seed_from_u64(1);
    let each = wishes.messages.div_ceil(wishes.rounds.max(1));
    let (mut queued, mut kills) = (0, 0);
    for round in 1..=wishes.rounds {
        // Letters come as the rounds go, so that there are some in each.
        let more = each.min(wishes.messages - queued);
        if more > 0 {
            desk.fill(more).await?;
            queued += more;
        }
        let taken = server.taken().len();
        let mut worker = start(ground, wishes, server.address)?;
        let waits = Instant::now();
        while server.taken().len() == taken && waits.elapsed() < PATIENCE && due(&desk).await? {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // The moment of the kill is drawn: time itself is what is tried here.
        tokio::time::sleep(Duration::from_millis(lots.random_range(0..LIFE))).await;
        worker.kill().await.map_err(trouble("cannot kill the worker"))?;
        kills += 1;
        end_leases(&desk).await?;
        if round % 20 == 0 {
            eprintln!("{}: killed {round} of {} times, {} letters arrived", ground.database, wishes.rounds, server.taken().len());
        }
    }
    // Whoever comes next sends the rest; of letters whose worker died twice while they were handed over, a person decides.
    let mut held = 0;
    for _ in 0..3 {
        desk.mailer.run_due(&desk.platform, u64::MAX).await?;
        held += let_go(&desk).await?;
    }
    let counted = count(&desk, &server.taken()).await?;
    desk.platform.db.clone().close().await?;
    Ok(Row(vec![
        ("database", ground.database.into()),
        ("rounds", wishes.rounds.into()),
        ("messages", queued.into()),
        ("connections", wishes.connections.into()),
        ("kills", kills.into()),
        ("lost", counted.lost.into()),
        ("duplicates", counted.duplicates.into()),
        ("allowed", (kills * wishes.connections).into()),
        ("different", counted.different.into()),
        ("unlisted", counted.unlisted.into()),
        ("sent_unarrived", counted.sent_unarrived.into()),
        ("left_to_a_person", held.into()),
        ("seconds", rounded(began.elapsed().as_secs_f64(), 1)),
    ]))
}

fn start(ground: &Ground, wishes: &Wishes, server: SocketAddr) -> Result<Child> {
    let program = std::env::current_exe().map_err(trouble("cannot find this program"))?;
    Command::new(program)
        .args(["bench", "mail-worker", "--database", &ground.url, "--server", &server.to_string()])
        .args(["--connections", &wishes.connections.to_string(), "--secret"])
        .arg(secret_file(ground))
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(trouble("cannot start the worker"))
}

/// Whether any letter may still be sent.
async fn due(desk: &Desk) -> Result<bool> {
    let states = [MailState::Queued, MailState::Deferred, MailState::Leased, MailState::Dot];
    let found = mail_message::Entity::find().filter(mail_message::Column::State.is_in(states)).limit(1);
    Ok(found.one(desk.platform.db.read()).await?.is_some())
}

/// As if the time of a lease had passed.
async fn end_leases(desk: &Desk) -> Result<()> {
    let past = desk.platform.clock.now() - Span::seconds(1);
    mail_message::Entity::update_many()
        .col_expr(mail_message::Column::LeaseUntil, Expr::value(past))
        .col_expr(mail_message::Column::NextAt, Expr::value(past))
        .filter(mail_message::Column::State.is_in([MailState::Leased, MailState::Dot]))
        .exec(desk.platform.db.write())
        .await?;
    Ok(())
}

/// As a person does who has the letters sent of which nobody knows; answers how many.
async fn let_go(desk: &Desk) -> Result<u64> {
    let now = desk.platform.clock.now();
    let again = mail_message::Entity::update_many()
        .col_expr(mail_message::Column::State, Expr::value(MailState::Queued.word()))
        .col_expr(mail_message::Column::NextAt, Expr::value(now))
        .filter(mail_message::Column::State.eq(MailState::Uncertain))
        .exec(desk.platform.db.write())
        .await?;
    Ok(again.rows_affected)
}

/// What is said of the letters, held against what arrived.
struct Counted {
    /// Letters that never arrived.
    lost: usize,
    /// Copies beyond the first.
    duplicates: usize,
    /// Letters whose copies differ.
    different: usize,
    /// Letters that came twice and whose history does not say so.
    unlisted: usize,
    /// Letters that are said to be sent and never arrived.
    sent_unarrived: usize,
}

async fn count(desk: &Desk, taken: &[Taken]) -> Result<Counted> {
    let db = desk.platform.db.read();
    let mut copies = HashMap::<&str, Vec<&[u8]>>::new();
    for (id, hash) in taken {
        copies.entry(id).or_default().push(hash);
    }
    let doubted: HashSet<entity::MailMessageId> = mail_event::Entity::find()
        .select_only()
        .column(mail_event::Column::MessageId)
        .filter(mail_event::Column::Event.eq(MailState::Uncertain))
        .into_tuple()
        .all(db)
        .await?
        .into_iter()
        .collect();
    let mut counted = Counted { lost: 0, duplicates: 0, different: 0, unlisted: 0, sent_unarrived: 0 };
    for letter in mail_message::Entity::find().all(db).await? {
        let arrived = copies.remove(letter.message_id.as_str()).unwrap_or_default();
        counted.lost += usize::from(arrived.is_empty());
        counted.sent_unarrived += usize::from(arrived.is_empty() && letter.state == MailState::Sent);
        counted.duplicates += arrived.len().saturating_sub(1);
        counted.different += usize::from(arrived.iter().any(|copy| arrived.first() != Some(copy)));
        counted.unlisted += usize::from(arrived.len() > 1 && !doubted.contains(&letter.id));
    }
    if copies.is_empty() { Ok(counted) } else { Err(Error::bug("letters arrived that nobody wrote")) }
}

/// A letter that was taken: its Message-ID and a hash of all bytes.
type Taken = (String, Vec<u8>);

/// A mail server that writes down what it takes: the Message-ID and a hash of all bytes.
#[derive(Clone)]
struct Ledger {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<Taken>>>,
}

impl Ledger {
    #[allow(clippy::disallowed_methods)]
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(trouble("cannot find a free port"))?;
        let address = listener.local_addr().map_err(trouble("cannot find a free port"))?;
        let ledger = Self { address, taken: Arc::default() };
        let shared = ledger.clone();
        tokio::spawn(async move {
            let mut seed = 0;
            while let Ok((stream, _)) = listener.accept().await {
                seed += 1;
                let (ledger, lots) = (shared.clone(), ChaCha8Rng::seed_from_u64(seed));
                tokio::spawn(async move {
                    // A client that is killed hangs up in the middle.
                    let _ = ledger.serve(stream, lots).await;
                });
            }
        });
        Ok(ledger)
    }

    fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn serve(&self, stream: TcpStream, mut lots: ChaCha8Rng) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 ledger\r\n").await?;
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_micros(lots.random_range(0..SLOW))).await;
            let answer: &[u8] = match line.get(..4).unwrap_or_default() {
                "EHLO" => b"250-ledger\r\n250 PIPELINING\r\n",
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    self.letter(&mut stream).await?;
                    // It has it; whoever asked may be gone before hearing so.
                    tokio::time::sleep(Duration::from_micros(lots.random_range(0..SLOW))).await;
                    b"250 taken\r\n"
                }
                "QUIT" => return stream.write_all(b"221 bye\r\n").await,
                _ => b"250 ok\r\n",
            };
            stream.write_all(answer).await?;
        }
    }

    async fn letter(&self, stream: &mut BufReader<TcpStream>) -> std::io::Result<()> {
        let (mut bytes, mut line) = (Vec::new(), Vec::new());
        loop {
            line.clear();
            if stream.read_until(b'\n', &mut line).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if line == b".\r\n" {
                break;
            }
            bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        let text = String::from_utf8_lossy(&bytes);
        let id = text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap_or_default().to_owned();
        let hash = crate::platform::secret::sha256(&bytes);
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).push((id, hash));
        Ok(())
    }
}
