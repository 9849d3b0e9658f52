//! One event over one connection. The address is looked up, every answer is checked, and the connection goes to what was
//! checked: a name that leads elsewhere a moment later leads nowhere. No redirect is followed, no proxy is asked, and of
//! the answer nothing is read but its head.

use super::target::Target;
use crate::platform::{net, outward};
use chrono::Duration;
use entity::WebhookProblem;
use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
};
use ipnet::IpNet;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

/// So many of a host's addresses are tried.
const ADDRESSES: usize = 3;

/// Finds the addresses of a host.
pub trait Resolve: Send + Sync {
    /// Every address that the name has now.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, std::io::Result<Vec<SocketAddr>>>;
}

/// The system's way of finding addresses.
pub struct System;

impl Resolve for System {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, std::io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver answered.
    Answered {
        /// With this status.
        status: u16,
        /// And asked to wait so long.
        wait: Option<Duration>,
    },
    /// It did not.
    Problem(WebhookProblem),
}

/// Event, signed.
pub struct Signed {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: i64,
    /// `webhook-signature`.
    pub signature: String,
    /// The body.
    pub body: String,
}

/// Sends events.
pub struct Sender {
    resolver: Arc<dyn Resolve>,
    /// Networks that may be told though they are not public.
    allowed: Vec<IpNet>,
    limit: std::time::Duration,
    tls: TlsConnector,
}

impl Sender {
    /// A sender that tells public addresses, and those in the allowed networks; each try may take `limit`.
    pub fn new(resolver: Arc<dyn Resolve>, allowed: Vec<IpNet>, limit: std::time::Duration) -> Self {
        Self { resolver, allowed, limit, tls: outward::tls(&[]) }
    }

    /// Tells an address.
    pub async fn send(&self, url: &str, event: &Signed) -> Outcome {
        let Some(target) = Target::read(url) else { return Outcome::Problem(WebhookProblem::UnknownHost) };
        match timeout(self.limit, self.attempt(&target, event)).await {
            Ok(Ok(response)) => Outcome::Answered { status: response.status().as_u16(), wait: asked(&response) },
            Ok(Err(problem)) => Outcome::Problem(problem),
            Err(_) => Outcome::Problem(WebhookProblem::Timeout),
        }
    }

    async fn attempt(&self, target: &Target, event: &Signed) -> Result<Response<Incoming>, WebhookProblem> {
        let stream = self.connect(target).await?;
        if !target.encrypted {
            return exchange(stream, target, event).await;
        }
        let name = ServerName::try_from(target.host.clone()).map_err(|_| WebhookProblem::Tls)?;
        let stream = self.tls.connect(name, stream).await.map_err(|_| WebhookProblem::Tls)?;
        exchange(stream, target, event).await
    }

    /// Connects to an address that was checked. One that may not be told spoils all the addresses of its name.
    async fn connect(&self, target: &Target) -> Result<TcpStream, WebhookProblem> {
        let found = match target.host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, target.port)],
            Err(_) => {
                let found = self.resolver.resolve(&target.host, target.port).await;
                found.map_err(|_| WebhookProblem::UnknownHost)?
            }
        };
        if found.is_empty() {
            return Err(WebhookProblem::UnknownHost);
        }
        let inside = |address: &SocketAddr| net::is_in(&self.allowed, address.ip());
        // Without encryption nobody is told but those within the networks that the operator has named.
        let may = |address: &SocketAddr| inside(address) || (target.encrypted && net::is_public(address.ip()));
        if !found.iter().all(may) {
            return Err(WebhookProblem::PrivateAddress);
        }
        for address in found.into_iter().take(ADDRESSES) {
            if let Ok(Ok(stream)) = timeout(self.limit / 3, TcpStream::connect(address)).await {
                return Ok(stream);
            }
        }
        Err(WebhookProblem::Connection)
    }
}

/// Sends the request and waits for the head of the answer. The connection ends with it.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    target: &Target,
    event: &Signed,
) -> Result<Response<Incoming>, WebhookProblem> {
    let request = Request::post(&target.path)
        .header("host", &target.authority)
        .header("user-agent", concat!("Alongside/", env!("CARGO_PKG_VERSION")))
        .header("content-type", "application/json")
        .header("webhook-id", &event.id)
        .header("webhook-timestamp", event.timestamp)
        .header("webhook-signature", &event.signature)
        .body(Full::new(Bytes::from(event.body.clone())))
        .map_err(|_| WebhookProblem::Protocol)?;
    let answer = outward::exchange(stream, request).await;
    answer.map_err(|error| if error.is_parse() { WebhookProblem::Protocol } else { WebhookProblem::Connection })
}

/// How long the receiver asks to wait.
fn asked(response: &Response<Incoming>) -> Option<Duration> {
    let value = response.headers().get("retry-after")?.to_str().ok()?;
    value.trim().parse::<u32>().ok().map(|seconds| Duration::seconds(i64::from(seconds)))
}
