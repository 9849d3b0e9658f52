//! How a finished letter leaves: by SMTP, as a file, or into memory in tests.

use super::{folder::Folder, smtp::Smtp};
use crate::platform::{Config, Result, config::MailWay};
use futures_util::future::BoxFuture;
use std::sync::{Arc, Mutex, PoisonError};

/// A finished letter on its way.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Who gets bounces.
    pub from: String,
    /// Where it goes.
    pub to: String,
    /// Name of the letter: its Message-ID without the brackets.
    pub id: String,
    /// The whole message, with CRLF line ends.
    pub message: Vec<u8>,
}

/// Where in the conversation with a server something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Opening a connection.
    Connect,
    /// Encrypting it.
    Tls,
    /// The server's greeting.
    Greeting,
    /// EHLO.
    Hello,
    /// Signing in.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Recipient,
    /// DATA, before the letter itself.
    Data,
    /// The letter was handed over; the answer to it.
    Dot,
}

impl Stage {
    /// The word that is kept.
    pub fn word(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Greeting => "greeting",
            Self::Hello => "hello",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Recipient => "recipient",
            Self::Data => "data",
            Self::Dot => "dot",
        }
    }
}

/// Why a letter did not leave.
#[derive(Clone, Debug)]
pub struct SendFault {
    /// Where.
    pub stage: Stage,
    /// The server's code, if it answered.
    pub code: Option<u16>,
    /// The server's enhanced code, such as `5.1.1`.
    pub enhanced: Option<String>,
    /// For the operator, without addresses.
    pub text: String,
}

impl SendFault {
    /// There is no such server.
    pub fn nowhere() -> Self {
        Self { stage: Stage::Connect, code: None, enhanced: None, text: "there is no such server".to_owned() }
    }
}

/// A way for letters to leave.
pub trait Transport: Send + Sync {
    /// The servers that take letters, by name, the most wanted first. A name tells no secret.
    fn servers(&self) -> Vec<String>;

    /// Opens a connection to one of them.
    fn open(&self, server: usize) -> BoxFuture<'_, Result<Box<dyn Line>, SendFault>>;

    /// What can be said of a server that was reached, in words.
    fn describe(&self, server: usize) -> String;
}

/// A connection over which letters go, one after the other. A letter is announced first, and delivered once that is answered.
pub trait Line: Send {
    /// Says that a letter comes, from whom and to whom; `Ok` where it may be delivered now. What was not delivered after that has
    /// not arrived.
    fn announce<'a>(&'a mut self, letter: &'a Outgoing) -> BoxFuture<'a, Result<(), SendFault>>;

    /// Hands the letter over that was announced; `Ok` means that somebody else is responsible for it now. The next one can be
    /// announced with it, which saves a round trip; its answer is heard by announcing it, the same one.
    fn deliver<'a>(&'a mut self, letter: &'a Outgoing, next: Option<&'a Outgoing>) -> BoxFuture<'a, Result<(), SendFault>>;

    /// Whether another letter may go over it. It is not where a letter was begun whose end is not known, nor while one is announced.
    fn is_good(&self) -> bool;

    /// Takes leave, if there is somebody to take leave of.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// A place that takes letters as they are, without a connection.
pub trait Slot: Clone + Send + Sync + 'static {
    /// Takes a letter.
    fn accept(&self, letter: Outgoing) -> BoxFuture<'_, Result<(), SendFault>>;
}

impl<T: Slot> Transport for T {
    fn servers(&self) -> Vec<String> {
        vec!["here".to_owned()]
    }

    fn open(&self, _: usize) -> BoxFuture<'_, Result<Box<dyn Line>, SendFault>> {
        let line = Through(self.clone());
        Box::pin(async move { Ok(Box::new(line) as Box<dyn Line>) })
    }

    fn describe(&self, _: usize) -> String {
        "letters need no connection".to_owned()
    }
}

/// The way to a slot.
struct Through<T>(T);

impl<T: Slot> Line for Through<T> {
    fn announce<'a>(&'a mut self, _: &'a Outgoing) -> BoxFuture<'a, Result<(), SendFault>> {
        Box::pin(async { Ok(()) })
    }

    fn deliver<'a>(&'a mut self, letter: &'a Outgoing, _: Option<&'a Outgoing>) -> BoxFuture<'a, Result<(), SendFault>> {
        self.0.accept(letter.clone())
    }

    fn is_good(&self) -> bool {
        true
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

/// The way that the settings name.
pub fn open(config: &Config) -> Result<Arc<dyn Transport>> {
    Ok(match &config.mail {
        MailWay::Folder(path) => Arc::new(Folder::new(path)),
        MailWay::Smtp(url) => Arc::new(Smtp::new(url, config)?),
        MailWay::Memory => Arc::new(Memory::default()),
    })
}

/// Keeps letters in memory, for tests.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Vec<Outgoing>>>);

impl Memory {
    /// Takes everything that was sent so far.
    pub fn take(&self) -> Vec<Outgoing> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Slot for Memory {
    fn accept(&self, letter: Outgoing) -> BoxFuture<'_, Result<(), SendFault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(letter);
        Box::pin(async { Ok(()) })
    }
}
