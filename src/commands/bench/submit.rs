//! `bench submit`: people hand in their first answers through HTTP, each client with one kept connection.
//!
//! At each level the database's own limit is measured first and the product right after it, so that both met the same
//! computer in the same mood.

use super::{Common, Ground, Row, Show, limits, people, people::Crowd, rounded, server::Server};
use crate::platform::{Error, Result};
use clap::Args;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, sync::Notify, task::JoinSet};

/// Clients at the same time.
const LEVELS: [usize; 3] = [1, 16, 64];
/// What is not counted at the beginning of a level: connections open, statements are prepared.
const WARM_UP: Duration = Duration::from_millis(500);

/// What to measure.
#[derive(Args)]
pub struct Wishes {
    #[command(flatten)]
    common: Common,
    /// Seconds for each figure
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// People who can answer, for each database; a level ends early when none are left
    #[arg(long, default_value_t = 90_000)]
    people: usize,
}

/// Measures.
pub async fn run(wishes: Wishes) -> Result<()> {
    let mut show = Show::new(wishes.common.json);
    for ground in Ground::all(&wishes.common).await? {
        measure(&ground, &wishes, &mut show).await?;
        ground.remove().await?;
    }
    show.end();
    Ok(())
}

async fn measure(ground: &Ground, wishes: &Wishes, show: &mut Show) -> Result<()> {
    eprintln!("{}: putting {} people in place", ground.database, wishes.people);
    let crowd = Arc::new(people::invite(ground, wishes.people).await?);
    let server = Server::start(ground).await?;
    for clients in LEVELS {
        eprintln!("{}: {clients} clients", ground.database);
        let limit = limits::measure(ground, clients, wishes.seconds).await?;
        let seen = level(&server, &crowd, clients, Duration::from_secs(wishes.seconds)).await?;
        show.row(seen.row(ground.database, clients, limit));
    }
    server.stop().await
}

/// What a level showed.
struct Seen {
    /// Of each response, in order of size.
    latencies: Vec<Duration>,
    seconds: f64,
    cpu_seconds: f64,
}

impl Seen {
    fn row(&self, database: &str, clients: usize, limit: Option<f64>) -> Row {
        let count = self.latencies.len() as f64;
        let per_second = count / self.seconds;
        Row(vec![
            ("database", database.into()),
            ("clients", clients.into()),
            ("responses_per_s", rounded(per_second, 0)),
            ("p50_ms", rounded(percentile(&self.latencies, 50), 2)),
            ("p99_ms", rounded(percentile(&self.latencies, 99), 2)),
            ("cpu_us_per_response", rounded(self.cpu_seconds * 1e6 / count, 0)),
            ("limit_per_s", limit.map_or(Value::Null, |limit| rounded(limit, 0))),
            ("ratio", limit.map_or(Value::Null, |limit| rounded(per_second / limit, 2))),
        ])
    }
}

/// The latency, in milliseconds, that so many in a hundred did not exceed.
pub fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
}

/// When each response was there, and how long it took.
type Answered = Vec<(Instant, Duration)>;

/// Lets `clients` people answer at the same time, again and again.
async fn level(server: &Server, crowd: &Arc<Crowd>, clients: usize, time: Duration) -> Result<Seen> {
    let stop = Arc::new(Stop::default());
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        tasks.spawn(client(server.address, crowd.clone(), stop.clone()));
    }
    tokio::time::sleep(WARM_UP).await;
    let (from, cpu_before) = (Instant::now(), server.cpu()?);
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        () = stop.nobody_left.notified() => eprintln!("everybody has answered; this level ended early"),
    }
    let (until, cpu_after) = (Instant::now(), server.cpu()?);
    stop.now.store(true, Ordering::Relaxed);
    let mut latencies = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let answered: Answered = done.map_err(|error| Error::bug(format!("a client broke: {error}")))??;
        latencies.extend(answered.into_iter().filter(|(at, _)| (from..=until).contains(at)).map(|(_, took)| took));
    }
    latencies.sort_unstable();
    if latencies.is_empty() {
        return Err(Error::unavailable("nobody was left to answer: use a larger --people"));
    }
    Ok(Seen { latencies, seconds: (until - from).as_secs_f64(), cpu_seconds: cpu_after - cpu_before })
}

/// When clients end.
#[derive(Default)]
struct Stop {
    now: AtomicBool,
    nobody_left: Notify,
}

async fn client(address: SocketAddr, crowd: Arc<Crowd>, stop: Arc<Stop>) -> Result<Answered> {
    let broken = |error: &dyn std::fmt::Display| Error::unavailable(format!("the connection broke: {error}"));
    let stream = TcpStream::connect(address).await.map_err(|error| broken(&error))?;
    stream.set_nodelay(true).map_err(|error| broken(&error))?;
    let (mut sender, connection) =
        http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
    let mut background = JoinSet::new();
    background.spawn(connection);
    let mut answered = Vec::new();
    while !stop.now.load(Ordering::Relaxed) {
        let Some(token) = crowd.next() else {
            stop.nobody_left.notify_one();
            break;
        };
        let request = Request::post("/api/invitation/response")
            .header("host", "bench")
            .header("authorization", format!("Bearer {}", token.reveal()))
            .header("content-type", "application/json")
            .body(Full::new(crowd.body.clone()))
            .map_err(|error| Error::bug(error.to_string()))?;
        let began = Instant::now();
        let answer = sender.send_request(request).await.map_err(|error| broken(&error))?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|error| broken(&error))?.to_bytes();
        answered.push((Instant::now(), began.elapsed()));
        if status != StatusCode::CREATED {
            return Err(Error::bug(format!("status {status}: {}", String::from_utf8_lossy(&body))));
        }
    }
    Ok(answered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let sorted: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile(&sorted, 50), 50.0);
        assert_eq!(percentile(&sorted, 99), 99.0);
        assert_eq!(percentile(&sorted[..1], 99), 1.0);
        assert_eq!(percentile(&[], 50), 0.0);
    }
}
