//! From the span that has ended to the collector: OTLP over HTTP. Whoever ends a span waits for nothing. What the collector
//! does not take at once is lost, and the log says so, once a minute at most.

use super::sieve::sifted;
use crate::platform::{
    outward::{Target, exchange, tls},
    tasks::Tasks,
};
use http_body_util::Full;
use hyper::{Request, body::Bytes};
use opentelemetry::{Context, KeyValue};
use opentelemetry_proto::{
    tonic::collector::trace::v1::ExportTraceServiceRequest,
    transform::{common::tonic::ResourceAttributesWithSchema, trace::tonic::group_spans_by_resource_and_scope},
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};
use prost::Message;
use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::TcpStream,
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

/// So many spans wait at most; more are lost.
const QUEUE: usize = 2048;
/// So many are sent at a time.
const MOST: usize = 512;
/// The first of them waits so long for others.
const GATHER: Duration = Duration::from_secs(1);
/// The collector has so long to take them; and a program that ends waits no longer for what is left.
pub const LIMIT: Duration = Duration::from_secs(5);
/// The log says so often that spans are lost.
const AGAIN: Duration = Duration::from_secs(60);

/// Takes spans that have ended.
#[derive(Debug)]
pub struct Desk {
    queue: mpsc::Sender<SpanData>,
    lost: Arc<AtomicUsize>,
}

impl Desk {
    /// Opens it, and starts the task that sends what is handed in.
    pub fn open(collector: Target, tasks: &Tasks) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let lost = Arc::new(AtomicUsize::new(0));
        let post = Post { collector: Collector::new(collector), lost: lost.clone(), told: None };
        let signal = tasks.clone();
        tasks.spawn(async move { post.work(waiting, &signal).await });
        Self { queue, lost }
    }
}

impl SpanProcessor for Desk {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.queue.try_send(sifted(span)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Sends what waits.
struct Post {
    collector: Collector,
    lost: Arc<AtomicUsize>,
    /// When the log last said that spans are lost.
    told: Option<Instant>,
}

impl Post {
    /// Goes on until it is asked to stop and nothing waits any more.
    async fn work(mut self, mut waiting: mpsc::Receiver<SpanData>, signal: &Tasks) {
        let mut batch = Vec::new();
        while gather(&mut waiting, &mut batch, signal).await {
            let count = batch.len();
            if let Err(why) = self.collector.take(mem::take(&mut batch)).await {
                self.lost.fetch_add(count, Ordering::Relaxed);
                self.tell(why);
            } else if self.lost.load(Ordering::Relaxed) > 0 {
                self.tell("it takes fewer than there are");
            }
        }
    }

    fn tell(&mut self, why: &'static str) {
        if self.told.is_none_or(|told| told.elapsed() >= AGAIN) {
            self.told = Some(Instant::now());
            let lost = self.lost.swap(0, Ordering::Relaxed);
            tracing::warn!(lost, why, "spans do not reach the collector that ALONGSIDE_OTEL_URL names");
        }
    }
}

/// The next batch; false when nothing more will come.
async fn gather(waiting: &mut mpsc::Receiver<SpanData>, batch: &mut Vec<SpanData>, signal: &Tasks) -> bool {
    loop {
        tokio::select! {
            biased;
            count = waiting.recv_many(batch, MOST) => if count == 0 { return false } else { break },
            // From here on nothing new is taken; what waits is still sent.
            () = signal.stopping(), if !waiting.is_closed() => waiting.close(),
        }
    }
    let until = Instant::now() + GATHER;
    while batch.len() < MOST && !waiting.is_closed() {
        let room = MOST - batch.len();
        tokio::select! {
            () = signal.stopping() => waiting.close(),
            more = timeout_at(until, waiting.recv_many(batch, room)) => if !matches!(more, Ok(1..)) { break },
        }
    }
    true
}

/// The collector: one connection for each batch.
struct Collector {
    target: Target,
    tls: Option<TlsConnector>,
    resource: ResourceAttributesWithSchema,
}

impl Collector {
    fn new(mut target: Target) -> Self {
        // The setting names the collector; where it takes traces is laid down.
        target.path = format!("{}/v1/traces", target.path.trim_end_matches('/').trim_end_matches("/v1/traces"));
        let program = [KeyValue::new("service.name", "alongside"), KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))];
        let resource = (&Resource::builder_empty().with_attributes(program).build()).into();
        Self { tls: target.encrypted.then(|| tls(&[])), target, resource }
    }

    async fn take(&self, spans: Vec<SpanData>) -> Result<(), &'static str> {
        let body = ExportTraceServiceRequest { resource_spans: group_spans_by_resource_and_scope(spans, &self.resource) };
        let status = timeout(LIMIT, self.send(body.encode_to_vec().into())).await.map_err(|_| "it takes too long")??;
        if (200..300).contains(&status) { Ok(()) } else { Err("it refuses them") }
    }

    async fn send(&self, body: Bytes) -> Result<u16, &'static str> {
        let target = &self.target;
        let request = Request::post(&target.path)
            .header("host", &target.authority)
            .header("user-agent", concat!("Alongside/", env!("CARGO_PKG_VERSION")))
            .header("content-type", "application/x-protobuf")
            .body(Full::new(body))
            .map_err(|_| "its address is none")?;
        let stream = TcpStream::connect((target.host.as_str(), target.port)).await.map_err(|_| "it cannot be reached")?;
        let answer = match &self.tls {
            None => exchange(stream, request).await,
            Some(tls) => {
                let name = ServerName::try_from(target.host.clone()).map_err(|_| "its name is none for a certificate")?;
                let stream = tls.connect(name, stream).await.map_err(|_| "it has no certificate of a public authority")?;
                exchange(stream, request).await
            }
        };
        answer.map(|answer| answer.status().as_u16()).map_err(|_| "it does not answer as a collector does")
    }
}
