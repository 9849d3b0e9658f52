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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before or during the connection, the greeting, EHLO, TLS or AUTH.
    Connect,
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

/// A way for letters to leave.
pub trait Transport: Send + Sync {
    /// Hands one letter over; `Ok` means that somebody else is responsible for it now.
    fn send(&self, letter: Outgoing) -> BoxFuture<'_, Result<(), SendFault>>;

    /// Looks whether a letter could leave now, and sends none. Answers what was found, in words.
    fn probe(&self) -> BoxFuture<'_, Result<String, SendFault>> {
        Box::pin(async { Ok("letters need no connection".to_owned()) })
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

impl Transport for Memory {
    fn send(&self, letter: Outgoing) -> BoxFuture<'_, Result<(), SendFault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(letter);
        Box::pin(async { Ok(()) })
    }
}
