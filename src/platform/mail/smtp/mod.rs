//! Letters by SMTP.

mod line;
mod reply;
mod server;
mod words;

pub use line::Limits;

use super::transport::{self, SendFault, Transport};
use crate::platform::{Config, Error, Result, outward};
use futures_util::future::BoxFuture;
use line::Line;
use server::{Server, Tls};
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};

/// Hands letters to one server, or to another one while that cannot be reached.
pub struct Smtp {
    servers: Vec<Server>,
}

impl Smtp {
    /// Reads URLs with commas between, the most wanted first; no connection is made yet.
    pub fn new(urls: &str, config: &Config) -> Result<Self> {
        let connector = outward::tls(&roots(config)?);
        let hello = server::hello(&config.public_url);
        let read = |url: &str| {
            let read = Server::read(url.trim(), hello.clone(), config.delivery.letters, connector.clone());
            read.map_err(|why| Error::unavailable(format!("ALONGSIDE_SMTP_URL {why}")))
        };
        Ok(Self { servers: urls.split(',').map(read).collect::<Result<_>>()? })
    }

    /// The same, with other limits.
    pub fn within(self, limits: Limits) -> Self {
        Self { servers: self.servers.into_iter().map(|server| Server { limits, ..server }).collect() }
    }
}

/// The name under which is kept how a server takes our letters; none of a URL that cannot be read.
pub(super) fn place(url: &str) -> Option<String> {
    let uri: hyper::Uri = url.parse().ok()?;
    let tls = server::tls(&uri).ok()?;
    let (host, port) = server::host_and_port(&uri, tls)?;
    Some(format!("{host}:{port}"))
}

/// Certificates that are believed beside the public ones, such as that of a relay in the house.
pub(super) fn roots(config: &Config) -> Result<Vec<CertificateDer<'static>>> {
    let Some(file) = &config.delivery.ca else { return Ok(Vec::new()) };
    let wrong = || Error::unavailable(format!("ALONGSIDE_SMTP_CA: {} holds no certificate in PEM form", file.display()));
    let found: Vec<_> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect).map_err(|_| wrong())?;
    if found.is_empty() { Err(wrong()) } else { Ok(found) }
}

impl Transport for Smtp {
    fn servers(&self) -> Vec<String> {
        self.servers.iter().map(|server| format!("{}:{}", server.host, server.port)).collect()
    }

    fn open(&self, server: usize) -> BoxFuture<'_, Result<Box<dyn transport::Line>, SendFault>> {
        Box::pin(async move {
            let server = self.servers.get(server).ok_or_else(SendFault::nowhere)?;
            let line = Line::open(server, server.limits).await?;
            Ok(Box::new(line) as Box<dyn transport::Line>)
        })
    }

    fn describe(&self, server: usize) -> String {
        let Some(Server { host, port, tls, credentials, .. }) = self.servers.get(server) else { return String::new() };
        let how = if *tls == Tls::Off { "unencrypted" } else { "encrypted" };
        let who = if credentials.is_some() { ", and it knows us" } else { "" };
        format!("the mail server {host}:{port} answers, {how}{who}")
    }
}
