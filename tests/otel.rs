//! Traces, as a collector receives them. The collector is a server of the test's own, which keeps what it is sent to the byte.

#[allow(dead_code)]
#[path = "it/document.rs"]
mod document;
#[allow(dead_code)]
#[path = "it/given.rs"]
mod given;
#[allow(dead_code, unused_imports)]
#[path = "it/harness/mod.rs"]
mod harness;
#[allow(dead_code)]
#[path = "it/story.rs"]
mod story;
#[allow(dead_code)]
#[path = "it/walk.rs"]
mod walk;

use alongside::{
    commands::{filter, serve},
    platform::{
        Config, Platform,
        jobs::{Fault, NewJob, Next, Queue, enqueue},
    },
};
use entity::job;
use harness::{Backend, TestApp, everywhere_on_one_thread, on};
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use opentelemetry::{
    Context, KeyValue, StringValue,
    trace::{SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::any_value::Value,
    trace::v1::{Span, status::StatusCode},
};
use prost::Message;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    io::Write,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};
use walk::{World, pages, reads};

/// What names, addresses and answers begin with: letters alone, which is what a word of ours looks like too.
const MARK: &str = "zqcanary";
/// What a span may hold; laid down here once more, so that whoever adds to it says so twice.
const KEYS: [&str; 4] = ["alongside.outcome", "alongside.statements", "http.request.method", "http.response.status_code"];

/// A collector. Stopped when dropped.
struct Collector {
    address: SocketAddr,
    got: Arc<Mutex<Vec<(String, Bytes)>>>,
    /// While this is set, it tells that it was asked, and answers when it is told to.
    slow: Arc<AtomicBool>,
    asked: Arc<Notify>,
    go: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Collector {
    #[allow(clippy::disallowed_methods)]
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::<Mutex<Vec<_>>>::default();
        let (slow, asked, go) = (Arc::<AtomicBool>::default(), Arc::<Notify>::default(), Arc::<Notify>::default());
        let keeps = (got.clone(), slow.clone(), asked.clone(), go.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let keeps = keeps.clone();
                let take = service_fn(move |request: Request<Incoming>| {
                    let (got, slow, asked, go) = keeps.clone();
                    async move {
                        let line = format!("{} {} {:?}", request.method(), request.uri(), request.headers()["content-type"]);
                        let body = request.into_body().collect().await.unwrap().to_bytes();
                        got.lock().unwrap().push((line, body));
                        if slow.load(Ordering::SeqCst) {
                            asked.notify_one();
                            go.notified().await;
                        }
                        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), take));
            }
        });
        Self { address, got, slow, asked, go, task }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything that has arrived, as it arrived.
    fn bytes(&self) -> Vec<u8> {
        self.got.lock().unwrap().iter().flat_map(|(line, body)| [line.as_bytes(), body].concat()).collect()
    }

    /// Everything that has arrived, read.
    fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        for (line, body) in self.got.lock().unwrap().iter() {
            assert_eq!(line, "POST /v1/traces \"application/x-protobuf\"");
            for resource in ExportTraceServiceRequest::decode(body.clone()).unwrap().resource_spans {
                let about: Vec<_> = resource.resource.unwrap().attributes.into_iter().map(|one| one.key).collect();
                assert_eq!(
                    about.iter().collect::<BTreeSet<_>>(),
                    BTreeSet::from([&"service.name".into(), &"service.version".into()])
                );
                spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
            }
        }
        spans
    }
}

/// A log that is kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Kept {
    /// Keeps everything that this thread logs.
    fn listen(level: &str) -> (Self, tracing::subscriber::DefaultGuard) {
        let (kept, log) = (Self::default(), tracing_subscriber::fmt().with_env_filter(filter(level)).with_ansi(false));
        let writer = kept.clone();
        let log = log.with_writer(move || writer.clone()).finish();
        (kept, tracing::subscriber::set_default(log))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }

    /// How often it says that spans are lost.
    fn warnings(&self) -> usize {
        self.text().matches("spans do not reach the collector").count()
    }
}

/// The same installation, told to a collector.
fn told(app: &TestApp, url: &str) -> TestApp {
    app.with(|config| config.otel_url = url.to_owned())
}

fn attributes(span: &Span) -> BTreeMap<&str, String> {
    let word = |value: &Option<Value>| match value {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    };
    span.attributes.iter().map(|one| (one.key.as_str(), word(&one.value.as_ref().unwrap().value))).collect()
}

fn is_error(span: &Span) -> bool {
    span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error)
}

/// Does everything to the span under way that somebody could do by mistake.
fn spill(context: &Context) {
    tracing::info!(answer = MARK, "{MARK} in a line of the log");
    tracing::error_span!("a span of the log", who = MARK).in_scope(|| tracing::warn!(who = MARK, "inside"));
    let span = context.span();
    assert!(span.span_context().is_valid(), "a job is looked at");
    for key in ["person.name", "db.query.text", "url.full", "exception.message", MARK] {
        span.set_attribute(KeyValue::new(key, MARK));
    }
    span.set_attribute(KeyValue::new("alongside.outcome", format!("{MARK}@people.example")));
    span.set_attribute(KeyValue::new("http.request.method", opentelemetry::Value::Array(vec![StringValue::from(MARK)].into())));
    span.add_event(MARK, vec![KeyValue::new("http.request.method", MARK)]);
    span.record_error(&std::io::Error::other(MARK));
    let state = TraceState::from_key_value([(MARK, MARK)]).unwrap();
    let other = SpanContext::new(TraceId::from(7), SpanId::from(7), TraceFlags::SAMPLED, true, state);
    span.add_link(other, vec![KeyValue::new("http.request.method", MARK)]);
    span.set_status(Status::error(MARK));
}

/// Jobs in which all goes wrong.
async fn careless(platform: &Platform) {
    let mut queue = Queue::default();
    queue.on("test.careless", |platform: Platform, _| async move {
        spill(&Context::current());
        let tx = platform.db.begin().await?;
        let failed = tx.execute_unprepared(&format!("SELECT {MARK}")).await;
        Err(Fault::GiveUp(failed.unwrap_err().to_string()))
    });
    queue.on("test.named", |_: Platform, _| async move {
        Context::current().span().update_name(format!("{MARK}@people.example"));
        Ok(Next::Done)
    });
    for kind in ["test.careless", "test.named"] {
        let job = NewJob { kind, payload: json!({"who": MARK}), run_at: None, unique: None, organisation: None };
        enqueue(platform.db.write(), &platform.clock, job).await.unwrap();
    }
    assert_eq!(queue.run_due(platform, 10).await.unwrap(), 2);
    // It gave up, as it should, and must not be taken for work that is left over.
    job::Entity::delete_many().filter(job::Column::Kind.eq("test.careless")).exec(platform.db.write()).await.unwrap();
}

/// Requests in which all goes wrong, each with something in it that should stay where it is.
async fn mishaps(app: &TestApp, token: &str) {
    let sign_in = json!({"email": format!("{MARK}@staff.example"), "password": MARK});
    app.post("/api/sign-in").json(&sign_in).send().await;
    app.get(format!("/{MARK}?{MARK}={token}")).send().await.expect(404);
    app.get(format!("/api/{MARK}/{token}")).send().await.expect(404);
    app.get(format!("/i/{MARK}")).send().await;
    app.get(format!("/api/public/{MARK}/reports?{MARK}={MARK}")).send().await.expect(404);
    app.get(format!("/api/organisations/{MARK}/projects")).token(MARK).send().await;
    let traced = app.get(format!("/api/me?{MARK}={token}")).token(&format!("{token}{MARK}")).header("tracestate", MARK);
    let traced = traced.header("baggage", &format!("{MARK}={MARK}")).header("traceparent", MARK).header(MARK, MARK);
    traced.header("user-agent", MARK).header("cookie", MARK).send().await.expect(401);
    app.call(MARK.to_uppercase().parse().unwrap(), "/healthz").send().await;
    app.post("/api/public/sunrise/join").bytes(format!("{{\"email\": \"{MARK}").into_bytes(), "application/json").send().await;
    app.post("/api/public/sunrise/join").json(&json!({MARK: MARK})).send().await.expect(400);
    let form = format!("email={MARK}new%40people.example&name={MARK}").into_bytes();
    app.post("/o/sunrise/join").bytes(form, "application/x-www-form-urlencoded").send().await.expect(303);
    app.outbox().await;
}

/// What must not be found: the mark, the name of the organisation, tokens, ids.
fn canaries(world: &World) -> Vec<String> {
    let mut all = vec![MARK.to_owned(), "sunrise".to_owned(), "people.example".to_owned(), "staff.example".to_owned()];
    all.extend(world.tokens());
    all.extend([world.story.ada.organisation.clone(), world.ben.id.to_string()]);
    all
}

#[test]
fn spans_tell_nothing_about_anybody() {
    everywhere_on_one_thread(|app| async move {
        let collector = Collector::start().await;
        let app = told(&app, &collector.url());
        let (log, listening) = Kept::listen("trace");
        let world = World::make(&app, MARK).await;
        let starts = world.starts(&app).await;
        pages(&app, &starts, &world.cookies()).await;
        for (_, address, token) in reads(&app, &world).await {
            let call = app.get(&address);
            match token {
                Some(token) => call.token(&token).send().await,
                None => call.send().await,
            };
        }
        mishaps(&app, &world.invitation).await;
        careless(&app.app.platform).await;
        app.app.platform.traces.close().await;
        drop(listening);
        assert!(log.text().contains(MARK), "the careless job has written to the log");
        assert_eq!(log.warnings(), 0, "no span was lost");

        let bytes = String::from_utf8_lossy(&collector.bytes()).to_lowercase();
        for canary in canaries(&world) {
            assert!(!bytes.contains(&canary.to_lowercase()), "{canary} was sent");
        }
        let spans = collector.spans();
        for span in &spans {
            assert!(attributes(span).keys().all(|key| KEYS.contains(key)), "{span:?}");
            assert!(span.events.is_empty() && span.links.is_empty() && span.trace_state.is_empty(), "{span:?}");
            assert_eq!(span.status.as_ref().map_or("", |status| &status.message), "");
            assert!(!span.name.contains(|c: char| c.is_ascii_digit()), "{}", span.name);
        }
        look(&spans);
    });
}

/// What is there, and hangs together.
fn look(spans: &[Span]) {
    let names: BTreeSet<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    for name in [
        "listProjects",
        "submitResponse",
        "importPeople",
        "/i/:token",
        "/console/:slug",
        "unknown",
        "job participants.sign_in_asked",
        "job matching.invite",
        "job test.careless",
        "letter participants.join",
        "letter invitations.invite",
        "transaction",
        "group commit",
    ] {
        assert!(names.contains(name), "{name} in {names:?}");
    }
    let other = spans.iter().filter(|span| span.name == "other").count();
    assert_eq!(other, 1, "every name but the one that was spoiled is that of an operation, a page or a kind: {names:?}");
    let by_id: BTreeMap<&[u8], &Span> = spans.iter().map(|span| (span.span_id.as_slice(), span)).collect();
    let under = |parent: &str, name: &str| {
        spans.iter().any(|span| {
            let above = by_id.get(span.parent_span_id.as_slice());
            span.name == name && above.is_some_and(|above| above.name == parent && above.trace_id == span.trace_id)
        })
    };
    assert!(under("createProject", "transaction") && under("job test.careless", "transaction"));
    assert!(under("submitResponse", "group commit"));
    for span in spans {
        let part = matches!(span.name.as_str(), "transaction" | "group commit");
        assert_eq!(part, by_id.contains_key(span.parent_span_id.as_slice()), "{span:?}");
        assert!(part || span.parent_span_id.is_empty(), "{span:?}");
    }
    let one = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let project = attributes(one("createProject"));
    assert_eq!((project["http.request.method"].as_str(), project["http.response.status_code"].as_str()), ("POST", "201"));
    assert!(attributes(one("transaction"))["alongside.statements"].parse::<u32>().unwrap() > 0);
    let careless = one("job test.careless");
    assert!(is_error(careless) && attributes(careless)["alongside.outcome"] == "given up", "{careless:?}");
    let letter = one("letter participants.join");
    assert!(!is_error(letter) && attributes(letter)["alongside.outcome"] == "sent", "{letter:?}");
    let methods: BTreeSet<String> = spans.iter().filter_map(|span| attributes(span).remove("http.request.method")).collect();
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "other"].map(ToOwned::to_owned);
    assert!(methods.is_subset(&BTreeSet::from(known)), "{methods:?}");
}

/// Asks a server, over a connection of its own.
async fn ask(address: SocketAddr, path: &str, headers: &str) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: alongside.test\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn a_trace_goes_on_if_a_named_proxy_has_begun_it() {
    on(Backend::Sqlite, |app| async move {
        const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
        const SPAN: &str = "b7ad6b7169203331";
        let hex = |bytes: &[u8]| alongside::platform::secret::hex(bytes);
        for (proxies, trusted) in [("127.0.0.0/8", true), ("10.0.0.0/8", false)] {
            let collector = Collector::start().await;
            let app = app.with(|config| {
                config.otel_url = collector.url();
                config.worker = false;
                config.trusted_proxies = vec![proxies.parse().unwrap()];
            });
            let listener = serve::listen(([127, 0, 0, 1], 0).into()).await.unwrap();
            let address = listener.local_addr().unwrap();
            let running = serve::start(app.app.clone(), listener).unwrap();
            let parent = format!("traceparent: 00-{TRACE}-{SPAN}-01\r\n");
            ask(address, "/healthz", &format!("{parent}tracestate: {MARK}={MARK}\r\n")).await;
            // Two are none, and so is nonsense.
            ask(address, "/readyz", &format!("{parent}{parent}")).await;
            ask(address, "/docs", &format!("traceparent: 00-{MARK}-{SPAN}-01\r\n")).await;
            // Whoever began the trace has decided that it is not kept.
            ask(address, "/api/rungs", &format!("traceparent: 00-{TRACE}-{SPAN}-00\r\n")).await;
            // The server stops as at the end of its process, whose last spans arrive.
            app.app.platform.traces.close().await;
            drop(running);
            let spans = collector.spans();
            let one = |name: &str| spans.iter().find(|span| span.name == name);
            let healthz = one("/healthz").unwrap();
            let went_on = hex(&healthz.trace_id) == TRACE && hex(&healthz.parent_span_id) == SPAN;
            assert!(went_on == trusted && healthz.trace_state.is_empty(), "{healthz:?}");
            for name in ["/readyz", "/docs"] {
                let span = one(name).unwrap();
                assert!(span.parent_span_id.is_empty() && hex(&span.trace_id) != TRACE, "{span:?}");
            }
            assert_eq!(one("listRungs").is_none(), trusted);
            assert!(!String::from_utf8_lossy(&collector.bytes()).contains(MARK));
        }
    });
}

#[test]
fn a_server_that_stops_sends_what_waits() {
    on(Backend::Sqlite, |app| async move {
        let collector = Collector::start().await;
        // A database of its own handle: stopping closes it.
        let second = app.second().await;
        let app = told(&second, &collector.url());
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let running = serve::start(app.app.clone(), listener).unwrap();
        ask(address, "/readyz", "").await;
        running.stop().await;
        assert!(collector.spans().iter().any(|span| span.name == "/readyz"));
    });
}

#[test]
fn a_collector_that_is_away_costs_a_line_and_its_spans() {
    everywhere_on_one_thread(|app| async move {
        if app.backend != Backend::Sqlite {
            return;
        }
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let plain = Collector::start().await;
        let nobody = format!("http://{gone}");
        // And one that is not who it should be: nothing is said to it without a certificate.
        for url in [&nobody, &plain.url().replace("http:", "https:")] {
            let app = told(&app, url);
            let (log, _listening) = Kept::listen("info");
            // Several batches, at once and in a row.
            for _ in 0..1100 {
                app.get("/healthz").send().await.expect(200);
            }
            app.app.platform.traces.close().await;
            assert_eq!(log.warnings(), 1, "{url}");
            app.get("/healthz").send().await.expect(200);
        }
        assert!(plain.bytes().is_empty());
    });
}

#[test]
fn a_collector_that_is_slow_holds_up_nobody() {
    everywhere_on_one_thread(|app| async move {
        if app.backend != Backend::Sqlite {
            return;
        }
        let collector = Collector::start().await;
        collector.slow.store(true, Ordering::SeqCst);
        let app = told(&app, &collector.url());
        let (log, _listening) = Kept::listen("info");
        let ask = async |times: usize| {
            for _ in 0..times {
                app.get("/healthz").send().await.expect(200);
            }
        };
        ask(512).await;
        tokio::time::timeout(Duration::from_secs(60), collector.asked.notified()).await.expect("spans that are sent");
        // More than may wait, while the collector does nothing.
        ask(2048 + 300).await;
        assert_eq!(log.warnings(), 0, "nobody has been asked yet");
        collector.slow.store(false, Ordering::SeqCst);
        collector.go.notify_one();
        app.app.platform.traces.close().await;
        assert_eq!(collector.spans().len(), 512 + 2048, "what had no place is lost, and nothing else");
        assert!(log.warnings() == 1 && log.text().contains("lost=300"), "{}", log.text());
    });
}

#[test]
fn without_a_collector_nothing_is_traced() {
    on(Backend::Sqlite, |app| async move {
        let mut queue = Queue::default();
        queue.on("test.look", |_: Platform, _| async move {
            let looked_at = Context::current().has_active_span();
            if looked_at { Err(Fault::GiveUp("somebody looks".to_owned())) } else { Ok(Next::Done) }
        });
        let platform = &app.app.platform;
        let job = NewJob { kind: "test.look", payload: json!({}), run_at: None, unique: None, organisation: None };
        enqueue(platform.db.write(), &platform.clock, job).await.unwrap();
        assert_eq!(queue.run_due(platform, 1).await.unwrap(), 1);
    });
}

#[test]
fn addresses_of_collectors_are_read_strictly() {
    let read = |url: &str| Config::read([("ALONGSIDE_OTEL_URL".to_owned(), url.to_owned())]);
    for good in ["", "http://127.0.0.1:4318", "https://collector.example/otlp/", "http://[::1]:4318/v1/traces"] {
        assert_eq!(read(good).unwrap().otel_url, good);
    }
    for bad in ["127.0.0.1:4318", "grpc://127.0.0.1:4317", "http://me:word@127.0.0.1:4318", "http://a.example/?key=1", "http:///"]
    {
        let wrong = read(bad).unwrap_err();
        assert!(wrong.len() == 1 && wrong[0].starts_with("ALONGSIDE_OTEL_URL must be"), "{bad}: {wrong:?}");
    }
}
