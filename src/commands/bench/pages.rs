//! `bench pages`: what each page costs the server, and how much a first visit to it transfers.
//!
//! The pages are those of the demo's organisation when its story has been told. They are found by following links, as
//! somebody who takes part, as somebody from outside and as a coordinator; of pages that differ by an id alone, one counts.

use super::{Common, Ground, Row, Show, rounded, server::Server, trouble};
use crate::{
    commands::demo,
    platform::{
        Clock, Db, Error, Result, Secret,
        secret::{Token, TokenKind},
    },
};
use chrono::Duration;
use clap::Args;
use entity::{account, account_session, invitation, invitation_link, participant_session};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use tokio::{net::TcpStream, task::JoinSet};

/// Visits that are not counted: statements are prepared, pages of memory are there.
const WARM_UP: usize = 10;

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
    for visitor in &visitors {
        for (page, address) in browser.follow(visitor).await? {
            eprintln!("{page}");
            let cpu = browser.cost(&server, &address, &visitor.cookie, wishes.visits).await?;
            let bytes = browser.first_visit(&address, &visitor.cookie).await?;
            show.row(Row(vec![("page", page.into()), ("cpu_us_median", rounded(cpu, 0)), ("bytes", bytes.into())]));
        }
    }
    server.stop().await?;
    show.end();
    ground.remove().await
}

/// Somebody who looks at pages.
struct Visitor {
    cookie: String,
    starts: Vec<String>,
}

/// Somebody from outside with a link, somebody who takes part, a coordinator.
async fn visitors(ground: &Ground) -> Result<[Visitor; 3]> {
    let clock = Clock::system();
    let secret = Secret::open(&super::server::secret_file(ground), clock.secret()).map_err(Error::Unavailable)?;
    let db = Db::connect(&ground.url, 1).await?;
    let none = || Error::bug("the demo left nobody who was asked");
    let link = invitation_link::Entity::find().order_by_desc(invitation_link::Column::Id).one(db.read()).await?;
    let link = link.ok_or_else(none)?;
    let asked = invitation::Entity::find_by_id((link.organisation_id, link.invitation_id)).one(db.read()).await?;
    let asked = asked.ok_or_else(none)?;
    let person = person_session(&db, &clock, &asked).await?;
    let staff = staff_session(&db, &clock).await?;
    let organisation = entity::organisation::Entity::find_by_id(asked.organisation_id).one(db.read()).await?;
    let home = format!("/o/{}", organisation.ok_or_else(none)?.slug);
    let token = secret.token(TokenKind::Invitation, link.id.0);
    let stop = secret.token(TokenKind::Unsubscribe, link.id.0);
    db.close().await?;
    let outside =
        vec![home.clone(), format!("{home}/overdue"), format!("/i/{}", token.reveal()), format!("/u/{}", stop.reveal())];
    let inside = vec![format!("{home}/me"), format!("{home}/me/welcome"), format!("/invitation/{}", asked.id)];
    Ok([
        Visitor { cookie: String::new(), starts: outside },
        Visitor { cookie: format!("person={}; invitation={}", person.reveal(), token.reveal()), starts: inside },
        Visitor { cookie: format!("staff={}", staff.reveal()), starts: vec!["/console".into()] },
    ])
}

async fn person_session(db: &Db, clock: &Clock, asked: &invitation::Model) -> Result<Token> {
    let (token, now) = (Token::new(TokenKind::Participant, clock.secret()), clock.now());
    let row = participant_session::ActiveModel {
        organisation_id: Set(asked.organisation_id),
        id: Set(clock.new_id()),
        participant_id: Set(asked.participant_id),
        token_hash: Set(token.hash()),
        created_at: Set(now),
        last_used_at: Set(now),
        idle_until: Set(now + Duration::hours(2)),
        expires_at: Set(now + Duration::hours(2)),
        revoked_at: Set(None),
    };
    participant_session::Entity::insert(row).exec_without_returning(db.write()).await?;
    Ok(token)
}

async fn staff_session(db: &Db, clock: &Clock) -> Result<Token> {
    let ada = account::Entity::find().filter(account::Column::Email.eq(demo::COORDINATOR)).one(db.read()).await?;
    let ada = ada.ok_or_else(|| Error::bug("the demo left no coordinator"))?;
    let (token, now) = (Token::new(TokenKind::Staff, clock.secret()), clock.now());
    let row = account_session::ActiveModel {
        id: Set(clock.new_id()),
        account_id: Set(ada.id),
        token_hash: Set(token.hash()),
        label: Set("bench".into()),
        created_at: Set(now),
        last_used_at: Set(now),
        idle_until: Set(now + Duration::hours(2)),
        expires_at: Set(now + Duration::hours(2)),
        revoked_at: Set(None),
    };
    account_session::Entity::insert(row).exec_without_returning(db.write()).await?;
    Ok(token)
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
        let (head, body) = self.sender.send_request(request).await.map_err(broken)?.into_parts();
        Ok(Response::from_parts(head, body.collect().await.map_err(broken)?.to_bytes()))
    }

    /// The pages to which links lead, each under a name in which ids are left out, with one of its addresses.
    async fn follow(&mut self, visitor: &Visitor) -> Result<BTreeMap<String, String>> {
        let (mut known, mut found) = (BTreeSet::new(), BTreeMap::new());
        let mut next: VecDeque<String> = visitor.starts.iter().cloned().collect();
        while let Some(address) = next.pop_front() {
            let page = name(&address);
            if !known.insert(page.clone()) {
                continue;
            }
            let answer = self.get(&address, &visitor.cookie).await?;
            let is_page = answer.headers().get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
            if answer.status().is_success() && is_page {
                let text = String::from_utf8_lossy(answer.body()).into_owned();
                next.extend(values(&text, "href=\"").filter(|to| to.starts_with('/') && to.len() > 1).map(Into::into));
                found.insert(page, address);
            }
        }
        Ok(found)
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

    #[test]
    fn pages_that_differ_by_an_id_are_one() {
        assert_eq!(name("/o/x/reports/0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d3e?done=a"), "/o/x/reports/:id");
        assert_eq!(name(&format!("/i/{}", Token::new(TokenKind::Invitation, [7; 32]).reveal())), "/i/:token");
        assert_eq!(values("<a href=\"/a\"><a href=\"/b\">", "href=\"").collect::<Vec<_>>(), ["/a", "/b"]);
    }
}
