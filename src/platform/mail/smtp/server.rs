//! How a mail server is reached, as a URL says it.

use super::line::Limits;
use crate::platform::config::mailbox::percent;
use lettre::transport::smtp::{authentication::Credentials, extension::ClientId};
use std::time::Duration;
use tokio_rustls::TlsConnector;

/// A connection is closed after so long, however good it is: a server that is about to stop need not wait for us.
const AGE: Duration = Duration::from_secs(300);

/// A mail server.
pub struct Server {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How connections are encrypted.
    pub tls: Tls,
    /// Who we are to it.
    pub credentials: Option<Credentials>,
    /// How we present ourselves.
    pub hello: ClientId,
    /// Letters on one connection: some servers do not like more.
    pub letters: u32,
    /// How old a connection may become.
    pub age: Duration,
    /// Whose certificates are believed.
    pub connector: TlsConnector,
    /// How long its answers may take.
    pub limits: Limits,
}

/// How connections to a server are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Not at all: for a server on the same machine or network.
    Off,
    /// STARTTLS, or no connection.
    Required,
    /// From the first byte.
    Implicit,
}

impl Server {
    /// Reads `smtp://host`, `smtps://user:password@host:port`, `smtp://user:password@host?tls=required`. The reason why it cannot
    /// be read names no part of it.
    pub fn read(url: &str, hello: ClientId, letters: u32, connector: TlsConnector) -> Result<Self, &'static str> {
        let uri: hyper::Uri = url.parse().map_err(|_| "is not a URL")?;
        let authority = uri.authority().ok_or("must name a host, such as smtp://mail.example:587")?;
        let tls = tls(&uri)?;
        let credentials = match authority.as_str().rsplit_once('@') {
            None => None,
            Some((user, _)) => {
                let (user, password) = user.split_once(':').ok_or("must have a password behind the user: user:password@host")?;
                let plain = |text| percent(text).ok_or("has a `%` that is not followed by two hexadecimal digits");
                Some(Credentials::new(plain(user)?, plain(password)?))
            }
        };
        let (host, port) = host_and_port(&uri, tls).ok_or("must name a host, such as smtp://mail.example:587")?;
        if credentials.is_some() && tls == Tls::Off && !is_loopback(&host) {
            return Err("would send the password unencrypted: use smtps:// or add ?tls=required");
        }
        Ok(Self { host, port, tls, credentials, hello, letters, age: AGE, connector, limits: Limits::default() })
    }
}

/// How connections are encrypted, as a URL says it.
pub fn tls(uri: &hyper::Uri) -> Result<Tls, &'static str> {
    match (uri.scheme_str(), uri.query()) {
        (Some("smtps"), None) => Ok(Tls::Implicit),
        (Some("smtp"), None) => Ok(Tls::Off),
        (Some("smtp"), Some("tls=required")) => Ok(Tls::Required),
        (Some("smtp" | "smtps"), Some(_)) => Err("may have `?tls=required` behind smtp:// and nothing else"),
        _ => Err("must begin with smtp:// or smtps://"),
    }
}

/// Where a server is.
pub fn host_and_port(uri: &hyper::Uri, tls: Tls) -> Option<(String, u16)> {
    let authority = uri.authority()?;
    let usual = match tls {
        Tls::Implicit => 465,
        Tls::Required => 587,
        Tls::Off => 25,
    };
    Some((authority.host().trim_matches(['[', ']']).to_owned(), authority.port_u16().unwrap_or(usual)))
}

/// How we present ourselves: with the name under which people reach the server.
pub fn hello(public_url: &str) -> ClientId {
    let host = public_url.parse::<hyper::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    match host {
        Some(host) if host.contains('.') && host.parse::<std::net::IpAddr>().is_err() => ClientId::Domain(host),
        _ => ClientId::default(),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::outward::tls;

    fn read(url: &str) -> Result<Server, &'static str> {
        Server::read(url, hello("https://alongside.example"), 100, tls(&[]))
    }

    #[test]
    fn a_password_never_travels_unencrypted() {
        assert!(read("smtp://ada:pw@mail.example").is_err_and(|why| why.contains("unencrypted")));
        assert!(read("smtp://ada:pw@127.0.0.1:2525").is_ok());
        assert!(read("smtp://ada:pw@[::1]:2525").is_ok());
        assert_eq!(read("smtp://ada:pw@mail.example?tls=required").unwrap().tls, Tls::Required);
        assert_eq!(read("smtps://ada:pw@mail.example").unwrap().tls, Tls::Implicit);
        assert_eq!(read("smtp://mail.example").unwrap().tls, Tls::Off);
    }

    #[test]
    fn a_url_is_read_as_a_whole() {
        let server = read("smtps://ada%40sunrise.example:p%3Aw%25@mail.example").unwrap();
        assert_eq!((server.host.as_str(), server.port), ("mail.example", 465));
        assert_eq!(server.credentials, Some(Credentials::new("ada@sunrise.example".into(), "p:w%".into())));
        assert_eq!(server.hello, ClientId::Domain("alongside.example".into()));
        for bad in [
            "mail.example",
            "http://mail.example",
            "smtp://",
            "smtp://a@b",
            "smtp://h?tls=opportunistic",
            "smtp://a:%4@localhost",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
