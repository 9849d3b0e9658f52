//! One GET, over HTTP or HTTPS, for `doctor` and `healthcheck`: the image of a container holds no other tool that could ask.

use super::settings;
use crate::platform::{Error, Result};
use chrono::{DateTime, Utc};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{
    HeaderMap, Request, StatusCode, Uri,
    body::Bytes,
    client::conn::http1,
    header::{DATE, HOST},
};
use hyper_util::rt::TokioIo;
use std::{net::Ipv4Addr, net::Ipv6Addr, process::ExitCode, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, pki_types::ServerName},
};

/// Everything together takes no longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// No more of an answer is read.
const MOST: usize = 1 << 16;

/// What came back.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Whether it came from another computer, as far as its address tells.
    pub from_elsewhere: bool,
}

impl Answer {
    /// The time that it says it is there.
    pub fn date(&self) -> Option<DateTime<Utc>> {
        let text = self.headers.get(DATE)?.to_str().ok()?;
        DateTime::parse_from_rfc2822(text).ok().map(|date| date.to_utc())
    }
}

/// Asks whether the server of these settings does its work; for a container that wants to know.
pub async fn healthcheck() -> Result<ExitCode> {
    let mut address = settings()?.listen;
    // Where it listens everywhere, it is reached from here.
    if address.ip().is_unspecified() {
        let here = if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        address.set_ip(here);
    }
    let url = format!("http://{address}/readyz");
    let answer = get(&url).await.map_err(|why| Error::unavailable(format!("{url}: {why}")))?;
    if answer.status.is_success() {
        println!("ready");
        return Ok(ExitCode::SUCCESS);
    }
    Err(Error::unavailable(format!("{url}: status {}", answer.status)))
}

/// Gets a page; in words, why it could not be had.
pub async fn get(url: &str) -> Result<Answer, String> {
    let uri: Uri = url.parse().map_err(|_| "this is no address".to_owned())?;
    tokio::time::timeout(PATIENCE, ask(&uri)).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
}

async fn ask(uri: &Uri) -> Result<Answer, String> {
    let host = uri.host().ok_or("the address names no host")?.trim_matches(['[', ']']).to_owned();
    let safe = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if safe { 443 } else { 80 });
    let stream = TcpStream::connect((host.as_str(), port)).await.map_err(|error| error.to_string())?;
    let from_elsewhere = is_elsewhere(&stream);
    if !safe {
        return talk(stream, uri, from_elsewhere).await;
    }
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host).map_err(|_| "the host has no name that a certificate can be for".to_owned())?;
    let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await.map_err(|error| error.to_string())?;
    talk(stream, uri, from_elsewhere).await
}

/// Whether a connection leads to another computer: what is reached under an address of our own is this one.
fn is_elsewhere(stream: &TcpStream) -> bool {
    match (stream.local_addr(), stream.peer_addr()) {
        (Ok(ours), Ok(theirs)) => ours.ip() != theirs.ip() && !theirs.ip().is_loopback(),
        _ => false,
    }
}

async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin, uri: &Uri, from_elsewhere: bool) -> Result<Answer, String> {
    let words = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(words)?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let request = Request::get(path).header(HOST, authority).body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    // The connection ends when the sender is gone.
    let answer = async move {
        let (head, body) = sender.send_request(request).await.map_err(words)?.into_parts();
        Limited::new(body, MOST).collect().await.map_err(|error| error.to_string())?;
        Ok(Answer { status: head.status, headers: head.headers, from_elsewhere })
    };
    let (answer, _) = tokio::join!(answer, connection);
    answer
}
