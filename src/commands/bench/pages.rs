//! `bench pages`: what each page costs the server, and how much a first visit to it transfers.
//!
//! The pages are those of the demo's organisation when its story has been told. They are found by following links, as
//! those who are named in [`visitors`]; of each route one page counts.

use super::{
    Common, Ground, Row, Show, rounded,
    server::Server,
    trouble,
    visitors::{Visitor, visitors},
};
use crate::{
    commands::demo,
    platform::{Error, Result, secret::Token},
};
use clap::Args;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use tokio::{net::TcpStream, task::JoinSet};

/// What a page should cost at most: microseconds of the processor, and bytes of a first visit.
const MOST: (f64, usize) = (2_000.0, 30 * 1024);
/// Visits that are not counted: statements are prepared, pages of memory are there.
const WARM_UP: u64 = 10;

/// What to measure.
#[derive(Args)]
pub struct Wishes {
    #[command(flatten)]
    common: Common,
    /// Visits to each page; the one in the middle counts
    #[arg(long, default_value_t = 101, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    visits: u64,
    /// How many people the organisation knows
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(20..=5000))]
    people: u32,
}

/// Measures, on SQLite: what a page costs beside its statements does not depend on the database.
pub async fn run(wishes: Wishes) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("alongside-bench-{}", std::process::id()));
    super::cluster::remove_at_exit(&folder).map_err(Error::Unavailable)?;
    std::fs::create_dir_all(&folder).map_err(trouble("cannot make a folder for the bench"))?;
    let options = demo::Options { people: wishes.people, seed: 1, json: true, exit: true };
    let (_, running) = demo::tell(&folder, &options, ([127, 0, 0, 1], 0).into()).await?;
    running.stop().await;
    let url = format!("sqlite://{}", folder.join("alongside.db").display());
    let ground = Ground { database: "sqlite", url, folder, made: None };
    let visitors = visitors(&ground).await?;
    let server = Server::start(&ground).await?;
    let mut show = Show::new(wishes.common.json);
    let mut browser = Browser::open(&server).await?;
    let (mut seen, mut slow, mut large) = (BTreeSet::new(), 0, 0);
    for visitor in &visitors {
        for (route, address) in browser.follow(visitor).await? {
            if !seen.insert(route.clone()) {
                continue;
            }
            let before = browser.statements().await?;
            let cpu = browser.cost(&server, &address, &visitor.cookie, wishes.visits).await?;
            let statements = (browser.statements().await? - before) / (wishes.visits + WARM_UP);
            eprintln!("{route}: {statements} statements");
            let bytes = browser.first_visit(&address, &visitor.cookie).await?;
            (slow, large) = (slow + u32::from(cpu > MOST.0), large + u32::from(bytes > MOST.1));
            show.row(Row(vec![("page", route.into()), ("cpu_us_median", rounded(cpu, 0)), ("bytes", bytes.into())]));
        }
    }
    server.stop().await?;
    show.end();
    eprintln!("{} pages; {slow} take more than 2 ms of the processor, {large} transfer more than 30 KB", seen.len());
    ground.remove().await
}

/// What looks at pages, on one kept connection.
struct Browser {
    sender: http1::SendRequest<Full<Bytes>>,
    _connection: JoinSet<hyper::Result<()>>,
    /// Bytes of what pages load.
    files: HashMap<String, usize>,
}

impl Browser {
    async fn open(server: &Server) -> Result<Self> {
        let stream = TcpStream::connect(server.address).await.map_err(trouble("cannot reach the server"))?;
        stream.set_nodelay(true).map_err(trouble("cannot reach the server"))?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let mut background = JoinSet::new();
        background.spawn(connection);
        Ok(Self { sender, _connection: background, files: HashMap::new() })
    }

    async fn get(&mut self, address: &str, cookie: &str) -> Result<Response<Bytes>> {
        let request = Request::get(address).header("host", "bench").header("cookie", cookie);
        let request = request.body(Full::default()).map_err(|error| Error::bug(error.to_string()))?;
        // The end of the answer before may not have been noticed yet.
        self.sender.ready().await.map_err(broken)?;
        let (head, body) = self.sender.send_request(request).await.map_err(broken)?.into_parts();
        Ok(Response::from_parts(head, body.collect().await.map_err(broken)?.to_bytes()))
    }

    /// The pages to which links lead: of each route one, with its address.
    async fn follow(&mut self, visitor: &Visitor) -> Result<BTreeMap<String, String>> {
        let (mut known, mut found) = (BTreeSet::new(), BTreeMap::new());
        let mut next: VecDeque<String> = visitor.starts.iter().cloned().collect();
        while let Some(address) = next.pop_front() {
            if !known.insert(name(&address)) {
                continue;
            }
            let before = self.counted().await?;
            let answer = self.get(&address, &visitor.cookie).await?;
            next.extend(answer.headers().get("location").and_then(|to| to.to_str().ok()).map(Into::into));
            let is_page = answer.headers().get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
            if answer.status().is_success() && is_page {
                let text = String::from_utf8_lossy(answer.body()).into_owned();
                next.extend(values(&text, "href=\"").filter(|to| to.starts_with('/') && to.len() > 1).map(Into::into));
                let after = self.counted().await?;
                let route = after.into_iter().find(|(route, count)| route != "/metrics" && before.get(route) != Some(count));
                found.entry(route.map_or_else(|| name(&address), |(route, _)| route)).or_insert(address);
            }
        }
        Ok(found)
    }

    /// How often the server has answered at each of its routes: it knows best to which of them an address belongs.
    async fn counted(&mut self) -> Result<HashMap<String, u64>> {
        let answer = self.get("/metrics", "").await?;
        Ok(counts(&String::from_utf8_lossy(answer.body())))
    }

    /// How many statements the server has run.
    async fn statements(&mut self) -> Result<u64> {
        let answer = self.get("/metrics", "").await?;
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        let line = text.lines().find_map(|line| line.strip_prefix("alongside_database_statements_total "));
        line.and_then(|count| count.trim().parse().ok()).ok_or_else(|| Error::bug("the server does not count its statements"))
    }

    /// Processor time of the server for one visit, in microseconds: the one in the middle.
    async fn cost(&mut self, server: &Server, address: &str, cookie: &str, visits: u64) -> Result<f64> {
        for _ in 0..WARM_UP {
            self.get(address, cookie).await?;
        }
        let mut costs = Vec::new();
        for _ in 0..visits {
            let before = server.cpu_nanoseconds()?;
            self.get(address, cookie).await?;
            costs.push((server.cpu_nanoseconds()? - before) / 1e3);
        }
        costs.sort_by(f64::total_cmp);
        Ok(costs.get(costs.len() / 2).copied().unwrap_or_default())
    }

    /// Bytes of a page with its headers, and of the style sheets and the script that it loads.
    async fn first_visit(&mut self, address: &str, cookie: &str) -> Result<usize> {
        let answer = self.get(address, cookie).await?;
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        let mut bytes = transferred(&answer);
        let sheets = values(&text, "<link rel=\"stylesheet\" href=\"").chain(values(&text, "<script src=\""));
        for file in sheets.map(str::to_owned).collect::<Vec<_>>() {
            if !self.files.contains_key(&file) {
                let size = transferred(&self.get(&file, "").await?);
                self.files.insert(file.clone(), size);
            }
            bytes += self.files.get(&file).copied().unwrap_or_default();
        }
        Ok(bytes)
    }
}

fn broken(error: hyper::Error) -> Error {
    Error::unavailable(format!("the connection broke: {error}"))
}

/// The values of an attribute.
fn values<'a>(text: &'a str, begin: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(begin).skip(1).filter_map(|part| part.split('"').next())
}

/// The number of answers at each route, out of the server's counters.
fn counts(metrics: &str) -> HashMap<String, u64> {
    let mut counts = HashMap::new();
    for line in metrics.lines().filter_map(|line| line.strip_prefix("alongside_request_seconds_count{operation=\"")) {
        let route = line.split('"').next().unwrap_or_default();
        let count: u64 = line.rsplit(' ').next().and_then(|count| count.parse().ok()).unwrap_or_default();
        *counts.entry(route.to_owned()).or_default() += count;
    }
    counts
}

/// What stands for an address: ids and tokens are left out, and so is what a page is told to say.
fn name(address: &str) -> String {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let part = |part: &str| match (part.len(), part.matches('-').count()) {
        (36, 4) => ":id".to_owned(),
        (46, _) if Token::parse(part).is_some() => ":token".to_owned(),
        _ => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn transferred(answer: &Response<Bytes>) -> usize {
    let head: usize = answer.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    "HTTP/1.1 200 OK\r\n\r\n".len() + head + answer.body().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::secret::TokenKind;

    #[test]
    fn pages_that_differ_by_an_id_are_one() {
        assert_eq!(name("/o/x/reports/0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d3e?done=a"), "/o/x/reports/:id");
        assert_eq!(name(&format!("/i/{}", Token::new(TokenKind::Invitation, [7; 32]).reveal())), "/i/:token");
        let line = |status: u16, count: u64| {
            format!("alongside_request_seconds_count{{operation=\"/o/:slug\",status=\"{status}\"}} {count}\n")
        };
        assert_eq!(counts(&(line(200, 3) + &line(404, 1))), HashMap::from([("/o/:slug".to_owned(), 4)]));
        assert_eq!(values("<a href=\"/a\"><a href=\"/b\">", "href=\"").collect::<Vec<_>>(), ["/a", "/b"]);
    }
}
