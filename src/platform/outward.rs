//! Other people's servers: their addresses, the encryption, and one request over one connection. No redirect is followed, no
//! proxy is asked.

use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer},
};

/// The head of an answer is at most so long.
const HEAD: usize = 16 * 1024;

/// An address to be told, in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whether the connection is encrypted.
    pub encrypted: bool,
    /// The host, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Host and port as they stand in the address.
    pub authority: String,
    /// Path and query.
    pub path: String,
}

impl Target {
    /// Reads an address; `None` if it is none of the web.
    pub fn read(url: &str) -> Option<Self> {
        if !url.chars().all(|c| c.is_ascii_graphic()) || url.contains('#') {
            return None;
        }
        let uri: hyper::Uri = url.parse().ok()?;
        let encrypted = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return None;
        }
        let port = authority.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Some(Self { encrypted, host, port, authority: authority.as_str().to_owned(), path })
    }
}

/// Encryption that believes the public authorities, and these; of these, what is no certificate is left out.
pub fn tls(more: &[CertificateDer<'static>]) -> TlsConnector {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(more.iter().cloned());
    // The provider knows the default versions, so this cannot fail.
    #[allow(clippy::expect_used)]
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// Sends the request and waits for the head of the answer. The connection ends with it.
pub async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> hyper::Result<Response<Incoming>> {
    let handshake = http1::Builder::new().max_buf_size(HEAD).max_headers(100).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake?;
    let answer = sender.send_request(request);
    tokio::pin!(answer, connection);
    // The connection does the work while the answer is waited for; it may end first with the answer already there.
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        _ = &mut connection => answer.await,
    }
}
