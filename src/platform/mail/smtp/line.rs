//! One connection to a mail server, in conversation.
//!
//! lettre's own connection waits for a round trip at each command, has no limits once it is open, and gives up where EHLO is
//! not known; so the conversation is ours, and the words and addresses in it are lettre's. The envelope goes out in one piece
//! where the server can take it (RFC 2920), and so does the letter. A connection is good for another letter only after an
//! answer that leaves nothing open.

use super::{
    reply::{Reader, Reply, Unread},
    server::{Server, Tls},
    words::stuffed,
};
use crate::platform::mail::{
    redact::without_addresses,
    transport::{self, Outgoing, SendFault, Stage},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::{FutureExt, future::BoxFuture};
use lettre::{
    Address,
    transport::smtp::{
        authentication::Mechanism,
        commands::{Data, Ehlo, Mail, Quit, Rcpt, Rset, Starttls},
        extension::{MailParameter, RcptParameter},
    },
};
use std::{
    future::Future,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::rustls::pki_types::ServerName;

/// How long each step may take (RFC 5321, 4.5.3.2).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To open a connection; half a minute, because a server that is there answers at once.
    pub connect: Duration,
    /// Greeting, EHLO, TLS, AUTH, MAIL, RCPT, RSET: each answer.
    pub command: Duration,
    /// The answer to DATA.
    pub data: Duration,
    /// To send a letter's words.
    pub block: Duration,
    /// The answer to the whole letter: giving up early is what makes duplicates.
    pub dot: Duration,
    /// To take leave.
    pub quit: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self {
            connect: Duration::from_secs(30),
            command: minutes(5),
            data: minutes(2),
            block: minutes(3),
            dot: minutes(10),
            quit: Duration::from_secs(2),
        }
    }
}

/// A connection of any kind.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What a server can do beside the least (RFC 5321, 4.1.1.1).
#[derive(Default)]
struct Abilities {
    pipelining: bool,
    utf8: bool,
    dsn: bool,
    starttls: bool,
    /// Largest letter that it takes.
    size: Option<usize>,
    plain: bool,
    login: bool,
}

impl Abilities {
    fn read(hello: &Reply) -> Self {
        let mut can = Self::default();
        for line in hello.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split([' ', '=']);
            match words.next().unwrap_or_default() {
                "PIPELINING" => can.pipelining = true,
                "SMTPUTF8" => can.utf8 = true,
                "DSN" => can.dsn = true,
                "STARTTLS" => can.starttls = true,
                "SIZE" => can.size = words.next().and_then(|size| size.parse().ok()).filter(|size| *size > 0),
                "AUTH" => {
                    for word in words {
                        can.plain |= word == "PLAIN";
                        can.login |= word == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        can
    }
}

/// A connection that has been greeted and, if it is to be, encrypted and signed in.
pub struct Line {
    stream: Box<dyn Stream>,
    reader: Reader,
    can: Abilities,
    limits: Limits,
    /// Letters that it may still take.
    left: u32,
    /// When it is closed, however good it is.
    until: Instant,
    good: bool,
    /// The next letter was announced with the one before it, and nobody has heard the answers yet.
    announced: bool,
}

impl Line {
    /// Opens a connection, up to where letters can be handed over.
    pub async fn open(server: &Server, limits: Limits) -> Result<Self, SendFault> {
        let to = (server.host.as_str(), server.port);
        let stream = within(Stage::Connect, limits.connect, TcpStream::connect(to)).await?;
        let stream = stream.map_err(|error| fault(Stage::Connect, format!("the server is not reached: {}", error.kind())))?;
        // Without this every letter waits 40 ms for the other side's acknowledgement.
        stream.set_nodelay(true).map_err(|error| fault(Stage::Connect, error.kind().to_string()))?;
        let stream: Box<dyn Stream> = match server.tls {
            Tls::Implicit => encrypted(server, limits, Box::new(stream)).await?,
            Tls::Off | Tls::Required => Box::new(stream),
        };
        let until = Instant::now() + server.age;
        let mut line = Self {
            stream,
            reader: Reader::default(),
            can: Abilities::default(),
            limits,
            left: server.letters,
            until,
            good: true,
            announced: false,
        };
        line.expect(Stage::Greeting, limits.command, 220..=220).await?;
        line.hello(server).await?;
        if server.tls == Tls::Required {
            line = line.protected(server).await?;
        }
        line.sign_in(server).await?;
        Ok(line)
    }

    /// EHLO, or HELO where that is not known.
    async fn hello(&mut self, server: &Server) -> Result<(), SendFault> {
        let reply = self.ask(Stage::Hello, &Ehlo::new(server.hello.clone()).to_string()).await?;
        if reply.is_good() {
            self.can = Abilities::read(&reply);
            return Ok(());
        }
        if !matches!(reply.code, 500..=504 | 550) {
            return Err(refused(Stage::Hello, &reply));
        }
        let reply = self.ask(Stage::Hello, &format!("HELO {}\r\n", server.hello)).await?;
        if reply.is_good() { Ok(()) } else { Err(refused(Stage::Hello, &reply)) }
    }

    /// STARTTLS, or no connection. What was said before it counts for nothing afterwards (RFC 3207, 4.2).
    async fn protected(mut self, server: &Server) -> Result<Self, SendFault> {
        if !self.can.starttls {
            return Err(fault(Stage::Tls, "the server does not offer encryption"));
        }
        let reply = self.ask(Stage::Tls, &Starttls.to_string()).await?;
        if reply.code != 220 {
            return Err(refused(Stage::Tls, &reply));
        }
        if self.reader.holds_more() {
            return Err(fault(Stage::Tls, "somebody spoke for the server before the connection was encrypted"));
        }
        let stream = encrypted(server, self.limits, self.stream).await?;
        let mut line = Self { stream, reader: Reader::default(), can: Abilities::default(), ..self };
        line.hello(server).await?;
        Ok(line)
    }

    async fn sign_in(&mut self, server: &Server) -> Result<(), SendFault> {
        let Some(credentials) = &server.credentials else { return Ok(()) };
        let wrong = |_| fault(Stage::Auth, "the user or the password cannot be sent");
        let reply = if self.can.plain {
            let words = Mechanism::Plain.response(credentials, None).map_err(wrong)?;
            self.ask(Stage::Auth, &format!("AUTH PLAIN {}\r\n", STANDARD.encode(words))).await?
        } else if self.can.login {
            let mut reply = self.ask(Stage::Auth, "AUTH LOGIN\r\n").await?;
            for challenge in ["Username:", "Password:"] {
                if reply.code != 334 {
                    break;
                }
                let words = Mechanism::Login.response(credentials, Some(challenge)).map_err(wrong)?;
                reply = self.ask(Stage::Auth, &format!("{}\r\n", STANDARD.encode(words))).await?;
            }
            reply
        } else {
            return Err(fault(Stage::Auth, "the server does not offer a way to sign in that we know (PLAIN or LOGIN)"));
        };
        if reply.code == 235 { Ok(()) } else { Err(refused(Stage::Auth, &reply)) }
    }

    /// Announces a letter, or hears the answers if that is done. `good` is set again only where nothing is open, so that a
    /// future that is dropped half-way leaves a connection that nobody uses.
    async fn ask_for(&mut self, letter: &Outgoing) -> Result<(), SendFault> {
        let envelope = self.envelope(letter)?;
        self.good = false;
        let ahead = std::mem::take(&mut self.announced);
        if !ahead {
            self.quiet()?;
            if self.can.pipelining {
                self.say(Stage::Mail, self.limits.command, envelope.concat().as_bytes()).await?;
            }
        }
        let Err(mut fault) = self.answers(&envelope).await else { return Ok(()) };
        if ahead && fault.stage == Stage::Mail {
            // Many a server ends a connection after some letters.
            fault.code.get_or_insert(421);
        }
        // Whoever says 421 or nothing at all has gone; with anybody else the next letter may be tried.
        if fault.code.is_some_and(|code| code != 421) {
            self.good = matches!(self.ask(Stage::Mail, &Rset.to_string()).await, Ok(reply) if reply.is_good());
        }
        Err(fault)
    }

    /// A letter's words, and in the same breath what announces the next one (RFC 2920, 3.1).
    async fn hand_over(&mut self, letter: &Outgoing, next: Option<&Outgoing>) -> Result<(), SendFault> {
        self.good = false;
        let next = next.filter(|_| self.can.pipelining && self.left > 1 && Instant::now() < self.until);
        let next = next.and_then(|next| self.envelope(next).ok());
        let mut words = stuffed(&letter.message);
        next.iter().flatten().for_each(|command| words.extend_from_slice(command.as_bytes()));
        // Behind the dot stands the next envelope: where that breaks off, the letter may have arrived.
        let stage = if next.is_some() { Stage::Dot } else { Stage::Data };
        self.say(stage, self.limits.block, &words).await?;
        let reply = self.reply(Stage::Dot, self.limits.dot).await?;
        self.announced = next.is_some();
        self.good = (reply.code < 300 || reply.code >= 400) && reply.code != 421 && (self.announced || !self.reader.holds_more());
        match reply.code {
            200..300 => Ok(()),
            // Whether it has the letter cannot be told from that.
            300..400 => Err(fault(Stage::Dot, "the server's answer does not fit the question")),
            _ => Err(refused(Stage::Dot, &reply)),
        }
    }

    /// MAIL, RCPT and DATA as they are written, if the server can take this letter at all.
    fn envelope(&self, letter: &Outgoing) -> Result<[String; 3], SendFault> {
        let from = address(&letter.from, Stage::Mail)?;
        let to = address(&letter.to, Stage::Recipient)?;
        let local = |code, enhanced: &str, stage, text: &str| SendFault {
            stage,
            code: Some(code),
            enhanced: Some(enhanced.to_owned()),
            text: text.to_owned(),
        };
        let utf8 = !(letter.from.is_ascii() && letter.to.is_ascii());
        if utf8 && !self.can.utf8 {
            let text = "the address has letters that this mail server cannot write to: it needs SMTPUTF8";
            return Err(local(553, "5.6.7", Stage::Recipient, text));
        }
        if self.can.size.is_some_and(|most| letter.message.len() > most) {
            return Err(local(552, "5.3.4", Stage::Mail, "the letter is larger than this mail server takes"));
        }
        let mut mail = Vec::new();
        let mut rcpt = Vec::new();
        if self.can.size.is_some() {
            mail.push(MailParameter::Size(letter.message.len()));
        }
        if utf8 {
            mail.push(MailParameter::SmtpUtfEight);
        }
        if self.can.dsn {
            // So that what comes back names the letter and does not hold it (RFC 3461).
            let other = |keyword: &str, value: &str| (keyword.to_owned(), Some(value.to_owned()));
            let (keyword, value) = other("RET", "HDRS");
            mail.push(MailParameter::Other { keyword, value });
            let id: String = letter.id.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '@')).collect();
            let (keyword, value) = other("ENVID", &id);
            mail.push(MailParameter::Other { keyword, value });
            let (keyword, value) = other("NOTIFY", "FAILURE,DELAY");
            rcpt.push(RcptParameter::Other { keyword, value });
        }
        Ok([Mail::new(Some(from), mail).to_string(), Rcpt::new(to, rcpt).to_string(), Data.to_string()])
    }

    /// Hears what the server says to the envelope, up to where it waits for the letter; where it wants one command at a time, each
    /// is sent first.
    async fn answers(&mut self, [mail, rcpt, data]: &[String; 3]) -> Result<(), SendFault> {
        let Limits { command, data: patience, .. } = self.limits;
        if !self.can.pipelining {
            self.say(Stage::Mail, command, mail.as_bytes()).await?;
            self.expect(Stage::Mail, command, 200..=299).await?;
            self.say(Stage::Recipient, command, rcpt.as_bytes()).await?;
            self.expect(Stage::Recipient, command, 200..=299).await?;
            self.say(Stage::Data, command, data.as_bytes()).await?;
            return self.expect(Stage::Data, patience, 354..=354).await;
        }
        let known = self.expect(Stage::Mail, command, 200..=299).await;
        still_there(&known)?;
        let taken = self.expect(Stage::Recipient, command, 200..=299).await;
        still_there(&taken)?;
        let waits = self.expect(Stage::Data, patience, 354..=354).await;
        still_there(&waits)?;
        if waits.is_ok() && self.reader.holds_more() {
            return Err(fault(Stage::Data, "the server said more than it was asked"));
        }
        let refusal = known.and(taken);
        if refusal.is_err() && waits.is_ok() {
            // It waits for a letter to nobody: it gets an empty one, whose answer means nothing (RFC 2920, 3.1).
            self.say(Stage::Data, command, b".\r\n").await?;
            still_there(&self.reply(Stage::Data, self.limits.dot).await.map(|_| ()))?;
        }
        refusal.and(waits)
    }

    /// Whether the server has said something unasked, or gone, while nobody was looking.
    fn quiet(&mut self) -> Result<(), SendFault> {
        let mut byte = [0];
        match self.stream.read(&mut byte).now_or_never() {
            None if !self.reader.holds_more() => Ok(()),
            _ => Err(SendFault { code: Some(421), ..fault(Stage::Mail, "the server had ended the connection") }),
        }
    }

    async fn say(&mut self, stage: Stage, limit: Duration, words: &[u8]) -> Result<(), SendFault> {
        let said = within(stage, limit, async {
            self.stream.write_all(words).await?;
            self.stream.flush().await
        });
        match said.await? {
            Ok(()) => Ok(()),
            // It may have said why before it hung up.
            Err(_) => match timeout(self.limits.quit, self.reader.next(&mut self.stream)).await {
                Ok(Ok(reply)) if !reply.is_good() => Err(refused(stage, &reply)),
                _ => Err(fault(stage, "the connection broke")),
            },
        }
    }

    async fn reply(&mut self, stage: Stage, limit: Duration) -> Result<Reply, SendFault> {
        within(stage, limit, self.reader.next(&mut self.stream)).await?.map_err(|unread| match unread {
            Unread::Closed => fault(stage, "the connection broke"),
            Unread::Garbage => fault(stage, "the server's answer cannot be understood"),
        })
    }

    async fn ask(&mut self, stage: Stage, words: &str) -> Result<Reply, SendFault> {
        self.say(stage, self.limits.command, words.as_bytes()).await?;
        self.reply(stage, self.limits.command).await
    }

    async fn expect(&mut self, stage: Stage, limit: Duration, codes: std::ops::RangeInclusive<u16>) -> Result<(), SendFault> {
        let reply = self.reply(stage, limit).await?;
        if codes.contains(&reply.code) {
            Ok(())
        } else if reply.is_good() {
            Err(fault(stage, "the server's answer does not fit the question"))
        } else {
            Err(refused(stage, &reply))
        }
    }
}

impl transport::Line for Line {
    fn announce<'a>(&'a mut self, letter: &'a Outgoing) -> BoxFuture<'a, Result<(), SendFault>> {
        Box::pin(async move {
            let answered = self.ask_for(letter).await;
            if answered.is_err() {
                self.left = self.left.saturating_sub(1);
            }
            answered
        })
    }

    fn deliver<'a>(&'a mut self, letter: &'a Outgoing, next: Option<&'a Outgoing>) -> BoxFuture<'a, Result<(), SendFault>> {
        Box::pin(async move {
            let sent = self.hand_over(letter, next).await;
            self.left = self.left.saturating_sub(1);
            sent
        })
    }

    fn is_good(&self) -> bool {
        self.good && self.left > 0 && Instant::now() < self.until
    }

    fn close(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if self.good {
                // What it answers changes nothing.
                let limit = self.limits.quit;
                let leave = async {
                    self.say(Stage::Connect, limit, Quit.to_string().as_bytes()).await?;
                    self.reply(Stage::Connect, limit).await
                };
                let _ = timeout(limit, leave).await;
            }
        })
    }
}

/// An error if the server has gone: then no more answers come.
fn still_there(step: &Result<(), SendFault>) -> Result<(), SendFault> {
    match step {
        Err(fault) if fault.code.is_none_or(|code| code == 421) => Err(fault.clone()),
        _ => Ok(()),
    }
}

async fn encrypted(server: &Server, limits: Limits, stream: Box<dyn Stream>) -> Result<Box<dyn Stream>, SendFault> {
    let name = ServerName::try_from(server.host.clone()).map_err(|_| fault(Stage::Tls, "the host has no name to prove"))?;
    let begun = within(Stage::Tls, limits.command, server.connector.connect(name, stream)).await?;
    match begun {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(fault(Stage::Tls, format!("no encrypted connection: {error}"))),
    }
}

fn address(text: &str, stage: Stage) -> Result<Address, SendFault> {
    // As a server would answer: trying again would not help.
    text.parse().map_err(|_| SendFault { code: Some(553), ..fault(stage, "the address cannot be written to") })
}

async fn within<T>(stage: Stage, limit: Duration, work: impl Future<Output = T>) -> Result<T, SendFault> {
    timeout(limit, work).await.map_err(|_| fault(stage, "the server did not answer in time"))
}

fn fault(stage: Stage, text: impl Into<String>) -> SendFault {
    SendFault { stage, code: None, enhanced: None, text: text.into() }
}

/// What a server's refusal says, without addresses.
fn refused(stage: Stage, reply: &Reply) -> SendFault {
    let enhanced = reply.enhanced().map(str::to_owned);
    SendFault { stage, code: Some(reply.code), enhanced, text: without_addresses(&reply.text(), []) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abilities_are_read_however_they_are_written() {
        let lines = ["mail.example", "PIPELINING", "Size 1000", "AUTH=LOGIN PLAIN", "smtputf8", "DSN", "8BITMIME", ""];
        let hello = Reply { code: 250, lines: lines.map(str::to_owned).to_vec() };
        let can = Abilities::read(&hello);
        assert!(can.pipelining && can.utf8 && can.dsn && can.plain && can.login && !can.starttls);
        assert_eq!(can.size, Some(1000));
        let none = Abilities::read(&Reply { code: 250, lines: vec!["PIPELINING".into(), "SIZE 0".into()] });
        assert!(!none.pipelining, "the first line is the server's name");
        assert_eq!(none.size, None, "no limit is known");
    }

    #[test]
    fn the_last_answer_is_waited_for_longest() {
        let limits = Limits::default();
        assert_eq!(limits.dot, Duration::from_secs(600));
        assert!([limits.connect, limits.command, limits.data, limits.block].iter().all(|limit| *limit < limits.dot));
    }
}
