//! What a test stands on: the production [`App`] over a fresh database, with a clock that stands still and letters that
//! stay in memory. [`everywhere`] runs a test on both databases.

pub mod answers;
mod browser;
pub mod databases;
pub mod imap;
mod personas;
mod postgres;
pub mod receiver;
pub mod smtp;

pub use browser::Browser;
pub use databases::Backend;
pub use personas::{PASSWORD, Participant, Persona, organisation as organisation_body};

use alongside::{
    app::App,
    platform::{Clock, Config, Db, Secret, config::MailWay, mail::transport::Memory},
};
use chrono::{DateTime, TimeZone, Utc};
use poem::{
    endpoint::BoxEndpoint,
    http::{Method, StatusCode},
    test::TestClient,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement};
use serde_json::Value;
use std::{
    future::Future,
    io::Write,
    sync::{Arc, mpsc},
    time::Duration,
};

/// A test that takes longer than this on one database will not end.
const PATIENCE: Duration = Duration::from_secs(600);
/// The key of every installation under test.
pub const SECRET: [u8; 32] = [7; 32];

/// The time at which every test begins: a Monday morning.
pub fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2027, 3, 1, 9, 0, 0).unwrap()
}

/// Runs a test on SQLite and on PostgreSQL, each over a fresh database, and fails it if it leaves work in the queue.
pub fn everywhere<F>(test: impl Fn(TestApp) -> F)
where
    F: Future<Output = ()>,
{
    for backend in Backend::available() {
        on(backend, &test);
    }
}

/// Like [`everywhere`], but beginning today: for tests with processes of their own, which go by the real time.
#[allow(clippy::disallowed_methods)]
pub fn everywhere_today<F>(test: impl Fn(TestApp) -> F)
where
    F: Future<Output = ()>,
{
    for backend in Backend::available() {
        from(Utc::now(), backend, &test);
    }
}

/// Runs a test on one database.
pub fn on<F>(backend: Backend, test: impl Fn(TestApp) -> F)
where
    F: Future<Output = ()>,
{
    from(start(), backend, test);
}

fn from<F>(start: DateTime<Utc>, backend: Backend, test: impl Fn(TestApp) -> F)
where
    F: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    under_way(runtime, start, backend, test);
}

/// Like [`everywhere_today`], but with everything on one thread, whose log can then be told from those of other tests.
#[allow(clippy::disallowed_methods)]
pub fn everywhere_on_one_thread<F>(test: impl Fn(TestApp) -> F)
where
    F: Future<Output = ()>,
{
    for backend in Backend::available() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        under_way(runtime, Utc::now(), backend, &test);
    }
}

fn under_way<F>(runtime: tokio::runtime::Runtime, start: DateTime<Utc>, backend: Backend, test: impl Fn(TestApp) -> F)
where
    F: Future<Output = ()>,
{
    let _watched = Watched::begin();
    // It ends before nobody watches any more, however the test ends: what was begun on other threads has to end too.
    let runtime = runtime;
    let whole = async {
        let database = databases::fresh(backend).await;
        let app = TestApp::at(backend, &database.url, Clock::fixed(start, 1)).await;
        test(app.clone()).await;
        app.assert_nothing_left().await;
        app.app.platform.db.clone().close().await.unwrap();
        drop(app);
        database.remove().await;
    };
    let whole = Box::pin(whole);
    let ended = runtime.block_on(async { tokio::time::timeout(PATIENCE, whole).await });
    assert!(ended.is_ok(), "on {backend:?} the test waits for something that does not come");
}

/// A test, for as long as it runs. One that holds its thread, which no timer can end, ends the whole run and is named: a run
/// that never ends says nothing.
pub struct Watched(#[allow(dead_code)] mpsc::Sender<()>);

impl Watched {
    /// The test of this thread begins.
    pub fn begin() -> Self {
        let (running, ended) = mpsc::channel();
        let name = std::thread::current().name().unwrap_or("a test").to_owned();
        std::thread::spawn(move || {
            if ended.recv_timeout(PATIENCE + Duration::from_secs(60)) == Err(mpsc::RecvTimeoutError::Timeout) {
                // Not by the macro, whose words are kept until the test has ended.
                let _ = writeln!(std::io::stderr(), "{name} does not end");
                std::process::exit(1);
            }
        });
        Self(running)
    }
}

/// The application under test. Cheap to clone.
#[derive(Clone)]
pub struct TestApp {
    /// The production application.
    pub app: App,
    /// Which database it runs on.
    pub backend: Backend,
    /// The time.
    pub clock: Clock,
    /// The database's URL, for a second process.
    pub url: String,
    outbox: Memory,
    client: Arc<TestClient<BoxEndpoint<'static>>>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Body; `Null` when there is none.
    pub json: Value,
    /// Body as text.
    pub text: String,
    /// Headers.
    pub headers: poem::http::HeaderMap,
}

impl Answer {
    /// The answer, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// The id in the answer.
    #[track_caller]
    pub fn id(&self) -> String {
        self.json["id"].as_str().unwrap_or_else(|| panic!("no id in {}", self.text)).to_owned()
    }

    /// The ETag.
    #[track_caller]
    pub fn etag(&self) -> String {
        self.headers["etag"].to_str().unwrap().to_owned()
    }

    /// Pointer and code of every violation.
    pub fn violations(&self) -> Vec<(String, String)> {
        let text = |item: &Value, field: &str| item[field].as_str().unwrap_or_default().to_owned();
        self.json["errors"].as_array().into_iter().flatten().map(|item| (text(item, "pointer"), text(item, "code"))).collect()
    }
}

/// A request being made.
pub struct Call<'a> {
    app: &'a TestApp,
    method: Method,
    path: String,
    token: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<(poem::Body, String)>,
}

impl Call<'_> {
    /// As the holder of a token.
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.bytes(body.to_string().into_bytes(), "application/json")
    }

    /// With a body of any kind.
    pub fn bytes(mut self, bytes: Vec<u8>, content_type: &str) -> Self {
        self.body = Some((bytes.into(), content_type.to_owned()));
        self
    }

    /// With a body that comes in pieces and does not say how long it is.
    pub fn pieces(mut self, pieces: Vec<Vec<u8>>, content_type: &str) -> Self {
        let stream = futures_util::stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>));
        self.body = Some((poem::Body::from_bytes_stream(stream), content_type.to_owned()));
        self
    }

    /// Sends it.
    pub async fn send(self) -> Answer {
        let mut request = self.app.client.request(self.method, &self.path);
        if let Some(token) = self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        if let Some((bytes, content_type)) = self.body {
            request = request.content_type(content_type).body(bytes);
        }
        let response = request.send().await.0;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().into_vec().await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status, json: serde_json::from_slice(&bytes).unwrap_or_default(), text, headers }
    }
}

impl TestApp {
    /// A second server over the same database, with ids of its own.
    pub async fn second(&self) -> Self {
        Self::at(self.backend, &self.url, Clock::fixed(self.clock.now(), 2)).await
    }

    /// The same installation with other settings, on the same connections.
    pub fn with(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = (*self.app.platform.config).clone();
        change(&mut config);
        self.over_these(config, self.app.platform.db.clone())
    }

    /// The same installation with a single connection, on which nobody may wait who holds it already.
    pub async fn narrow(&self) -> Self {
        let db = Db::connect(&self.url, 1).await.unwrap();
        self.over_these((*self.app.platform.config).clone(), db)
    }

    fn over_these(&self, config: Config, db: Db) -> Self {
        let clock = self.clock.clone();
        let app = App::assemble(config, clock, db, Secret::new(SECRET), Arc::new(self.outbox.clone())).unwrap();
        Self { client: Arc::new(TestClient::new(app.endpoint())), app, ..self.clone() }
    }

    /// Waits until so many statements wait for a lock. On SQLite, writers wait for their turn outside the database.
    pub async fn waiting(&self, count: i64) {
        if self.backend == Backend::Sqlite {
            return;
        }
        let sql = "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let look = async {
            loop {
                let db = self.app.platform.db.read();
                let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
                if row.try_get::<i64>("", "n").unwrap() >= count {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), look).await.expect("statements that wait for a lock");
    }

    /// The same, reached under another public address.
    pub fn under(&self, public_url: &str) -> Self {
        self.with(|config| public_url.clone_into(&mut config.public_url))
    }

    /// The application over a migrated database.
    async fn at(backend: Backend, url: &str, clock: Clock) -> Self {
        Self::over(backend, url, clock, SECRET).await
    }

    /// The application over a migrated database that was made with this key.
    pub async fn over(backend: Backend, url: &str, clock: Clock, secret: [u8; 32]) -> Self {
        let free = [("ALONGSIDE_SIGN_IN_LIMIT", "0"), ("ALONGSIDE_REQUEST_LIMIT", "0")];
        let pairs = free.into_iter().chain([("ALONGSIDE_PUBLIC_URL", "https://alongside.test")]);
        let mut config = Config::read(pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap();
        config.mail = MailWay::Memory;
        config.database_url = url.to_owned();
        let db = Db::connect(url, 4).await.unwrap();
        let outbox = Memory::default();
        let app = App::assemble(config, clock.clone(), db, Secret::new(secret), Arc::new(outbox.clone())).unwrap();
        let client = Arc::new(TestClient::new(app.endpoint()));
        Self { app, backend, clock, url: url.to_owned(), outbox, client }
    }

    /// A request.
    pub fn call(&self, method: Method, path: impl Into<String>) -> Call<'_> {
        Call { app: self, method, path: path.into(), token: None, headers: Vec::new(), body: None }
    }

    /// GET.
    pub fn get(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::GET, path)
    }

    /// POST.
    pub fn post(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::POST, path)
    }

    /// PUT.
    pub fn put(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::PUT, path)
    }

    /// DELETE.
    pub fn delete(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::DELETE, path)
    }

    /// Runs everything in the queue and the outbox that is due.
    pub async fn run_jobs(&self) -> usize {
        self.app.run_due().await.unwrap()
    }

    /// Runs what is due and takes the letters that were sent since the last call.
    pub async fn outbox(&self) -> Vec<Mail> {
        self.run_jobs().await;
        self.outbox
            .take()
            .into_iter()
            .map(|letter| Mail { to: letter.to, raw: String::from_utf8_lossy(&letter.message).into_owned() })
            .collect()
    }

    async fn assert_nothing_left(&self) {
        let db = self.app.platform.db.read();
        let now = self.clock.now();
        let jobs = entity::job::Entity::find().filter(entity::job::Column::RunAt.lte(now)).all(db).await.unwrap();
        assert!(jobs.is_empty(), "jobs left over: {:?}", jobs.iter().map(|job| (&job.kind, &job.last_error)).collect::<Vec<_>>());
        let letters = entity::mail_message::Entity::find()
            .filter(entity::mail_message::Column::State.is_in([
                entity::MailState::Queued,
                entity::MailState::Deferred,
                entity::MailState::Leased,
                entity::MailState::Dot,
            ]))
            .filter(entity::mail_message::Column::NextAt.lte(now))
            .all(db)
            .await
            .unwrap();
        assert!(letters.is_empty(), "letters left over: {:?}", letters.iter().map(|letter| &letter.kind).collect::<Vec<_>>());
    }
}

/// A letter that was sent.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Recipient.
    pub to: String,
    /// The whole message.
    pub raw: String,
}

impl Mail {
    /// The headers, then the text part with quoted-printable undone: what a person reads.
    pub fn text(&self) -> String {
        let (head, body) = self.raw.split_once("\r\n\r\n").unwrap_or((&self.raw, ""));
        let part = body.split("\r\n--=_").find(|part| part.contains("Content-Type: text/plain")).unwrap_or(body);
        let text = part.split_once("\r\n\r\n").map_or(part, |(_, text)| text);
        format!("{head}\n\n{}", unquoted(text).replace("\r\n", "\n"))
    }

    /// The text with its line breaks taken out, for looking for sentences.
    pub fn words(&self) -> String {
        self.text().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The HTML part with quoted-printable undone.
    pub fn html(&self) -> String {
        let at = self.raw.find("Content-Type: text/html").expect("an HTML part");
        unquoted(&self.raw[at..])
    }

    /// The first token of a kind (its prefix, such as `ai_`) in the letter.
    #[track_caller]
    pub fn token(&self, prefix: &str) -> String {
        let text = self.text();
        let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let words = text.split(|c| !letters(c));
        // A prefix may also occur by chance inside another token.
        let found = words.filter(|word| word.starts_with(prefix)).find(|word| word.len() == prefix.len() + 43);
        found.unwrap_or_else(|| panic!("no {prefix} in {text}")).to_owned()
    }
}

/// Undoes quoted-printable.
fn unquoted(text: &str) -> String {
    let joined = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = if first == b'=' && tail.len() >= 2 {
            std::str::from_utf8(&tail[..2]).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
        } else {
            None
        };
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
