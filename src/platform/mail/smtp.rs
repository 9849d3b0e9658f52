//! Letters by SMTP. Connections are ours: a reply that was not waited for can never be taken for the answer to another
//! letter, because a connection on which anything is in doubt is closed, never used again.
//!
//! All limits together are shorter than the lease of a letter, so nobody takes a letter over that is still under way.

use super::transport::{Outgoing, SendFault, Stage, Transport};
use crate::platform::{Config, Error, Result};
use futures_util::future::BoxFuture;
use lettre::{
    Address,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Quit, Rcpt, Rset},
        extension::ClientId,
        response::{Response, Severity},
    },
};
use std::{
    error::Error as _,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::net::TcpStream;

/// To open a connection.
const CONNECT: Duration = Duration::from_secs(30);
/// For the greeting, EHLO, TLS and AUTH together.
const HELLO: Duration = Duration::from_secs(45);
/// For the answers to MAIL, RCPT, RSET.
const COMMAND: Duration = Duration::from_secs(60);
/// For the answer to DATA.
const DATA: Duration = Duration::from_secs(30);
/// For the answer to the whole letter (RFC 5321, 4.5.3.2.6): giving up early is what makes duplicates.
const DOT: Duration = Duration::from_secs(600);
/// A connection that was not used for so long is closed.
const IDLE: Duration = Duration::from_secs(20);
/// Letters on one connection: some servers do not like more.
const LETTERS: u32 = 50;

/// Sends letters to one server.
pub struct Smtp {
    server: Server,
    idle: Mutex<Vec<Open>>,
}

/// How to reach the server.
struct Server {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
    hello: ClientId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tls {
    /// None: for a server on the same machine or network.
    Off,
    /// STARTTLS, or no connection.
    Required,
    /// From the first byte.
    Implicit,
}

/// A connection between two letters.
struct Open {
    connection: AsyncSmtpConnection,
    letters: u32,
    used: Instant,
}

impl Smtp {
    /// Reads the URL; no connection is made yet.
    pub fn new(url: &str, config: &Config) -> Result<Self> {
        let server =
            Server::read(url, &config.public_url).map_err(|why| Error::unavailable(format!("ALONGSIDE_SMTP_URL {why}")))?;
        Ok(Self { server, idle: Mutex::default() })
    }

    async fn deliver(&self, letter: &Outgoing) -> Result<(), SendFault> {
        if let Some(open) = self.reuse() {
            match self.talk(open, letter).await {
                // The server closed it while it was idle. Nothing was handed over, so a new one is safe.
                Err(fault) if fault.stage == Stage::Mail && matches!(fault.code, None | Some(421)) => {}
                result => return result,
            }
        }
        let connection = self.server.connect().await?;
        self.talk(Open { connection, letters: 0, used: Instant::now() }, letter).await
    }

    fn reuse(&self) -> Option<Open> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|open| open.used.elapsed() < IDLE);
        idle.pop()
    }

    fn keep(&self, mut open: Open) {
        open.used = Instant::now();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(open);
    }

    /// Hands one letter over. The connection is kept only after an answer that leaves nothing open.
    async fn talk(&self, mut open: Open, letter: &Outgoing) -> Result<(), SendFault> {
        match envelope(&mut open.connection, letter).await {
            Ok(()) => {}
            Err(fault) => {
                if fault.code.is_some_and(|code| code != 421) && fault.stage != Stage::Data {
                    let reset = step(Stage::Mail, COMMAND, Severity::PositiveCompletion, open.connection.command(Rset)).await;
                    if reset.is_ok() {
                        self.keep(open);
                    }
                }
                return Err(fault);
            }
        }
        // The sender adds the line end before the final dot.
        let message = letter.message.strip_suffix(b"\r\n").unwrap_or(&letter.message);
        step(Stage::Dot, DOT, Severity::PositiveCompletion, open.connection.message(message)).await?;
        open.letters += 1;
        if open.letters < LETTERS {
            self.keep(open);
        } else {
            // The letter is delivered; how the connection ends changes nothing.
            let _ = step(Stage::Connect, DATA, Severity::PositiveCompletion, open.connection.command(Quit)).await;
        }
        Ok(())
    }
}

impl Transport for Smtp {
    fn send(&self, letter: Outgoing) -> BoxFuture<'_, Result<(), SendFault>> {
        Box::pin(async move { self.deliver(&letter).await })
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, SendFault>> {
        Box::pin(async move {
            let mut connection = self.server.connect().await?;
            // It has greeted us; how it takes leave changes nothing.
            let _ = step(Stage::Connect, DATA, Severity::PositiveCompletion, connection.command(Quit)).await;
            let Server { host, port, tls, credentials, .. } = &self.server;
            let how = if *tls == Tls::Off { "unencrypted" } else { "encrypted" };
            let who = if credentials.is_some() { ", and it knows us" } else { "" };
            Ok(format!("the mail server {host}:{port} answers, {how}{who}"))
        })
    }
}

/// MAIL, RCPT, DATA.
async fn envelope(connection: &mut AsyncSmtpConnection, letter: &Outgoing) -> Result<(), SendFault> {
    let from = address(&letter.from, Stage::Mail)?;
    let to = address(&letter.to, Stage::Recipient)?;
    step(Stage::Mail, COMMAND, Severity::PositiveCompletion, connection.command(Mail::new(Some(from), vec![]))).await?;
    step(Stage::Recipient, COMMAND, Severity::PositiveCompletion, connection.command(Rcpt::new(to, vec![]))).await?;
    step(Stage::Data, DATA, Severity::PositiveIntermediate, connection.command(Data)).await
}

fn address(text: &str, stage: Stage) -> Result<Address, SendFault> {
    let text = text.parse().ok().filter(|_| text.is_ascii());
    // As a server would answer: trying again would not help.
    text.ok_or_else(|| SendFault { stage, code: Some(553), enhanced: None, text: "the address cannot be written to".to_owned() })
}

/// One step of the conversation, with its limit and the kind of answer it needs.
async fn step(
    stage: Stage,
    limit: Duration,
    needs: Severity,
    work: impl Future<Output = Result<Response, SmtpError>>,
) -> Result<(), SendFault> {
    let fault = |text: &str| SendFault { stage, code: None, enhanced: None, text: text.to_owned() };
    match tokio::time::timeout(limit, work).await {
        Ok(Ok(response)) if response.code().severity == needs => Ok(()),
        Ok(Ok(_)) => Err(fault("the server's answer does not fit the question")),
        Ok(Err(error)) => Err(from_error(stage, &error)),
        Err(_) => Err(fault("the server did not answer in time")),
    }
}

fn from_error(stage: Stage, error: &SmtpError) -> SendFault {
    let words = error.source().map(ToString::to_string);
    let answered = error.status().is_some();
    SendFault {
        stage,
        code: error.status().map(u16::from),
        enhanced: words.as_deref().filter(|_| answered).and_then(enhanced),
        text: super::rules::without_addresses(&match words {
            Some(words) if answered => words,
            _ => error.to_string(),
        }),
    }
}

/// The enhanced code (RFC 3463) at the beginning of a server's words.
fn enhanced(words: &str) -> Option<String> {
    let word = words.split_whitespace().next()?;
    let parts: Vec<&str> = word.split('.').collect();
    let good = parts.len() == 3
        && matches!(parts[0], "2" | "4" | "5")
        && parts.iter().all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
    good.then(|| word.to_owned())
}

impl Server {
    /// Reads `smtp://host`, `smtps://user:password@host:port`, `smtp://user:password@host?tls=required`.
    fn read(url: &str, public_url: &str) -> Result<Self, &'static str> {
        let uri: hyper::Uri = url.parse().map_err(|_| "is not a URL")?;
        let authority = uri.authority().ok_or("must name a host, such as smtp://mail.example:587")?;
        let tls = match (uri.scheme_str(), uri.query()) {
            (Some("smtps"), None) => Tls::Implicit,
            (Some("smtp"), None) => Tls::Off,
            (Some("smtp"), Some("tls=required")) => Tls::Required,
            (Some("smtp" | "smtps"), Some(_)) => return Err("may have `?tls=required` behind smtp:// and nothing else"),
            _ => return Err("must begin with smtp:// or smtps://"),
        };
        let credentials = match authority.as_str().rsplit_once('@') {
            None => None,
            Some((user, _)) => {
                let (user, password) = user.split_once(':').ok_or("must have a password behind the user: user:password@host")?;
                let plain = |text| decoded(text).ok_or("has a `%` that is not followed by two hexadecimal digits");
                Some(Credentials::new(plain(user)?, plain(password)?))
            }
        };
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        if credentials.is_some() && tls == Tls::Off && !is_loopback(&host) {
            return Err("would send the password unencrypted: use smtps:// or add ?tls=required");
        }
        let port = authority.port_u16().unwrap_or(match tls {
            Tls::Implicit => 465,
            Tls::Required => 587,
            Tls::Off => 25,
        });
        Ok(Self { host, port, tls, credentials, hello: hello(public_url) })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SendFault> {
        let fault = |text: &str| SendFault { stage: Stage::Connect, code: None, enhanced: None, text: text.to_owned() };
        let opened = match self.tls {
            Tls::Implicit => {
                let tls = TlsParameters::new(self.host.clone()).map_err(|error| from_error(Stage::Connect, &error))?;
                let open = AsyncSmtpConnection::connect_tokio1(
                    (self.host.as_str(), self.port),
                    Some(CONNECT),
                    &self.hello,
                    Some(tls),
                    None,
                );
                tokio::time::timeout(CONNECT + HELLO, async { self.sign_in(open.await?).await }).await
            }
            Tls::Off | Tls::Required => {
                let stream = tokio::time::timeout(CONNECT, TcpStream::connect((self.host.as_str(), self.port))).await;
                let stream = stream.map_err(|_| fault("the server could not be reached in time"))?;
                let stream = stream.map_err(|error| fault(&format!("the server could not be reached: {}", error.kind())))?;
                // Without this every letter waits 40 ms for the other side's acknowledgement.
                stream.set_nodelay(true).map_err(|error| fault(&error.kind().to_string()))?;
                let open = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.hello);
                tokio::time::timeout(HELLO, async { self.sign_in(open.await?).await }).await
            }
        };
        match opened {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(from_error(Stage::Connect, &error)),
            Err(_) => Err(fault("the server did not greet in time")),
        }
    }

    /// STARTTLS and AUTH, as far as the URL asks for them.
    async fn sign_in(&self, mut connection: AsyncSmtpConnection) -> Result<AsyncSmtpConnection, SmtpError> {
        if self.tls == Tls::Required {
            connection.starttls(TlsParameters::new(self.host.clone())?, &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
        }
        Ok(connection)
    }
}

/// How we present ourselves: with the name under which people reach the server.
fn hello(public_url: &str) -> ClientId {
    let host = public_url.parse::<hyper::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    match host {
        Some(host) if host.contains('.') && host.parse::<std::net::IpAddr>().is_err() => ClientId::Domain(host),
        _ => ClientId::default(),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Undoes percent-encoding.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let pair = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Server, &'static str> {
        Server::read(url, "https://alongside.example")
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

    #[test]
    fn the_enhanced_code_is_found_where_it_belongs() {
        assert_eq!(enhanced("5.1.1 no such user").as_deref(), Some("5.1.1"));
        for bad in ["no such user 5.1.1", "1.1.1 x", "5.1 x", "5.1.1234", "127.0.0.1 refused", ""] {
            assert_eq!(enhanced(bad), None, "{bad}");
        }
    }

    #[test]
    fn handing_over_a_letter_ends_before_its_lease_does() {
        // A connection that turns out dead costs one more command, and one that was refused is reset.
        let longest = COMMAND + CONNECT + HELLO + COMMAND * 2 + DATA + DOT;
        assert!(longest < super::super::lease::LEASE.to_std().unwrap());
    }
}
