//! Why a mailbox could not be read, in words that hold nothing of a message, of an address, or of what the server said.

use async_imap::error::Error as Heard;
use entity::FetchOutcome;
use std::{fmt, io};
use tokio_rustls::rustls;

/// Where in the conversation with the mailbox's server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The file with the password is read.
    Password,
    /// The connection is opened.
    Connect,
    /// The connection is encrypted.
    Tls,
    /// The server says that it is there.
    Greeting,
    /// We say who we are.
    Login,
    /// The folder is opened.
    Select,
    /// Messages are looked for.
    Search,
    /// A message, or its size, is fetched.
    Fetch,
    /// A message is marked.
    Store,
    /// What is marked as deleted is taken out.
    Expunge,
    /// A message is written down here.
    Write,
    /// The whole.
    Whole,
}

impl Stage {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Greeting => "greeting",
            Self::Login => "login",
            Self::Select => "select",
            Self::Search => "search",
            Self::Fetch => "fetch",
            Self::Store => "store",
            Self::Expunge => "expunge",
            Self::Write => "write",
            Self::Whole => "whole",
        }
    }
}

/// A look into the mailbox that did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Where.
    pub stage: Stage,
    /// What.
    pub outcome: FetchOutcome,
    /// More closely, where more is known.
    pub detail: &'static str,
}

impl Trouble {
    /// A trouble of which no more is known.
    pub fn new(stage: Stage, outcome: FetchOutcome) -> Self {
        Self { stage, outcome, detail: "" }
    }

    /// The same, more closely.
    pub fn because(self, detail: &'static str) -> Self {
        Self { detail, ..self }
    }

    /// Without a connection.
    pub fn unreached(stage: Stage, error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        let detail = match error.kind() {
            Kind::ConnectionRefused => "nobody takes connections there",
            Kind::TimedOut => "nobody answers there",
            Kind::HostUnreachable | Kind::NetworkUnreachable => "there is no way to it",
            _ if error.to_string().contains("lookup") => "its name is not known",
            _ => "",
        };
        Self::new(stage, FetchOutcome::NotReached).because(detail)
    }

    /// Without encryption.
    pub fn unencrypted(error: &io::Error) -> Self {
        use rustls::CertificateError as Wrong;
        let inner = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
        let detail = match inner {
            Some(rustls::Error::InvalidCertificate(wrong)) => match wrong {
                Wrong::Expired | Wrong::ExpiredContext { .. } => "its certificate is out of date",
                Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => "its certificate is for another name",
                Wrong::UnknownIssuer => {
                    "its certificate is from an authority that is not known here: name that in ALONGSIDE_SMTP_CA"
                }
                _ => "its certificate is not believed",
            },
            Some(rustls::Error::InvalidMessage(_)) => "it does not speak TLS at this port: try imap:// or another port",
            _ => "",
        };
        Self::new(Stage::Tls, FetchOutcome::NotEncrypted).because(detail)
    }

    /// What the library tells, without what the server said.
    pub fn heard(stage: Stage, error: &Heard) -> Self {
        let outcome = match error {
            Heard::No(_) => FetchOutcome::Refused,
            Heard::Io(error) => return Self::broken(stage, error),
            Heard::ConnectionLost => FetchOutcome::Ended,
            _ => FetchOutcome::NotUnderstood,
        };
        Self::new(stage, outcome)
    }

    /// A connection that was there and is not any more, or brings what cannot be understood.
    pub fn broken(stage: Stage, error: &io::Error) -> Self {
        let outcome = match error.kind() {
            // The library says this of what it cannot read, and we of what is too much.
            io::ErrorKind::Other | io::ErrorKind::InvalidData => FetchOutcome::NotUnderstood,
            _ => FetchOutcome::Ended,
        };
        Self::new(stage, outcome)
    }

    /// What happened, as the end of a sentence about the mailbox.
    pub fn words(&self) -> &'static str {
        words(self.outcome)
    }

    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        advice(self.outcome)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, " ({})", self.detail) }
    }
}

/// What happened, as the end of a sentence about the mailbox.
pub fn words(outcome: FetchOutcome) -> &'static str {
    match outcome {
        FetchOutcome::Done => "works",
        FetchOutcome::NotReached => "is not reached",
        FetchOutcome::NotEncrypted => "is not read, because the connection cannot be encrypted",
        FetchOutcome::NoPassword => "is not read, because the file with its password cannot be read",
        FetchOutcome::LoginRefused => "does not let us in with this user and password",
        FetchOutcome::NoFolder => "has no such folder, or does not open it for us",
        FetchOutcome::FolderFixed => "does not let us take messages out of this folder",
        FetchOutcome::Refused => "refuses what we ask for",
        FetchOutcome::NotUnderstood => "answers something that cannot be understood",
        FetchOutcome::Ended => "ended the connection in the middle",
        FetchOutcome::TooSlow => "takes too long to answer",
        FetchOutcome::NotWritten => "was read, and the messages could not be written down here",
    }
}

/// What to do about it.
pub fn advice(outcome: FetchOutcome) -> &'static str {
    match outcome {
        FetchOutcome::Done => "",
        FetchOutcome::NotReached => "Check host and port in ALONGSIDE_MAIL_RETURNS_POLL.",
        FetchOutcome::NotEncrypted => {
            "imaps:// is encrypted from the first byte (mostly port 993), imap:// begins with STARTTLS (mostly port 143). A password is \
             never sent unencrypted."
        }
        FetchOutcome::NoPassword => "Check ALONGSIDE_MAIL_RETURNS_PASSWORD_FILE, and who may read the file.",
        FetchOutcome::LoginRefused => {
            "Check the user in ALONGSIDE_MAIL_RETURNS_POLL and the password in its file; some providers want a password for programs."
        }
        FetchOutcome::NoFolder => "Check the folder behind the host in ALONGSIDE_MAIL_RETURNS_POLL.",
        FetchOutcome::FolderFixed => "The user has to be allowed to mark messages and to delete them.",
        FetchOutcome::Refused | FetchOutcome::NotUnderstood | FetchOutcome::Ended | FetchOutcome::TooSlow => {
            "It is tried again by itself; if it stays so, ask whoever looks after that server."
        }
        FetchOutcome::NotWritten => "Nothing was taken out of the mailbox. Look at the database.",
    }
}
