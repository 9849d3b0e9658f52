//! The conversation with a mailbox's server (IMAP, RFC 9051 and 3501).
//!
//! `async-imap` writes the commands and reads the answers. Its own readings of lists take a refusal and a connection that has ended
//! for the end of the list, so each answer is followed here up to the line that ends it, within a time and a length.

use super::trouble::{Stage, Trouble};
use crate::platform::{
    Config,
    config::{Mailbox, Protection},
    mail::{returned, smtp},
    outward,
};
use async_imap::{
    Authenticator, Client, Session,
    imap_proto::{AttributeValue, Capability, MailboxDatum, MessageSection, Response, ResponseCode, SectionPath, Status},
};
use entity::FetchOutcome;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::rustls::pki_types::ServerName;

/// Messages that are looked for at a time, so that the answer is never long.
const LOOKED_AT: u32 = 1000;
/// Longest answer that holds no message, in bytes.
const ANSWER: usize = 1 << 20;
/// So much of the head of a message that is too large is kept.
const HEAD: usize = 64 << 10;
/// What may be read of a message: one byte more than is taken tells that it is too large.
const WHOLE: usize = returned::MOST + 1;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Opening the connection, and encrypting it: each.
    pub connect: Duration,
    /// Each answer.
    pub command: Duration,
    /// Fetching one message.
    pub message: Duration,
    /// The whole look.
    pub whole: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(30), command: seconds(60), message: seconds(120), whole: seconds(300) }
    }
}

/// What a connection can be made of.
trait Stream: AsyncRead + AsyncWrite + Unpin + Debug + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Debug + Send> Stream for T {}

/// A connection on which no answer is longer than was expected, so that no server can fill the memory.
#[derive(Debug)]
struct Metered {
    inner: Box<dyn Stream>,
    left: usize,
}

impl Metered {
    fn new(inner: Box<dyn Stream>) -> Self {
        Self { inner, left: ANSWER }
    }
}

impl AsyncRead for Metered {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        self.left = self.left.saturating_sub(buffer.filled().len() - before);
        read
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

/// The folder as it was opened.
#[derive(Clone, Copy, Debug)]
pub struct Folder {
    /// While this stays the same, so do the numbers of messages (UIDVALIDITY).
    pub validity: u32,
    /// How many messages there are.
    pub messages: u32,
}

/// What a message is.
pub enum Message {
    /// This.
    Whole(Vec<u8>),
    /// Larger than what is taken; it begins with this head.
    TooLarge(Vec<u8>),
    /// Not there any more.
    Gone,
}

/// A connection on which the server has let us in.
pub struct Talk {
    session: Session<Metered>,
    limits: Limits,
    /// Whether single messages can be taken out (UIDPLUS, RFC 4315).
    plus: bool,
}

/// RFC 4616; for passwords that LOGIN could not carry, because its words are ASCII.
struct Plain(String);

impl Authenticator for Plain {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        self.0.clone()
    }
}

impl Talk {
    /// Opens a connection, up to where the server has let us in. No password leaves before the connection is encrypted, unless
    /// the mailbox says so.
    pub async fn open(config: &Config, mailbox: &Mailbox, limits: Limits) -> Result<Self, Trouble> {
        let password = password(mailbox).await?;
        let to = (mailbox.host.as_str(), mailbox.port);
        let stream = within(Stage::Connect, limits.connect, TcpStream::connect(to)).await?;
        let stream = stream.map_err(|error| Trouble::unreached(Stage::Connect, &error))?;
        let mut stream: Box<dyn Stream> = Box::new(stream);
        if mailbox.protection == Protection::Implicit {
            stream = encrypted(config, mailbox, limits, stream).await?;
        }
        let mut client = Client::new(Metered::new(stream));
        within(Stage::Greeting, limits.command, greeted(&mut client)).await??;
        if mailbox.protection == Protection::StartTls {
            let begun = within(Stage::Tls, limits.command, client.run_command_and_check_ok("STARTTLS", None)).await?;
            begun.map_err(|error| match Trouble::heard(Stage::Tls, &error) {
                trouble @ Trouble { outcome: FetchOutcome::Ended, .. } => trouble,
                _ => Trouble::new(Stage::Tls, FetchOutcome::NotEncrypted).because("it does not offer STARTTLS"),
            })?;
            // What was said before counts for nothing: it goes with the client, and so does what somebody may have put in.
            client = Client::new(Metered::new(encrypted(config, mailbox, limits, client.into_inner().inner).await?));
        }
        let session = within(Stage::Login, limits.command, let_in(client, &mailbox.user, &password)).await??;
        let mut talk = Self { session, limits, plus: false };
        let mut plus = false;
        let look = |response: &Response<'_>| {
            if let Response::Capabilities(can) = response {
                plus |= can.iter().any(|one| matches!(one, Capability::Atom(name) if name.eq_ignore_ascii_case("UIDPLUS")));
            }
            Ok(())
        };
        talk.ask(Stage::Login, "CAPABILITY", look).await?;
        talk.plus = plus;
        Ok(talk)
    }

    /// Opens the folder, if messages can be taken out of it.
    pub async fn select(&mut self, folder: &str) -> Result<Folder, Trouble> {
        let (mut validity, mut messages, mut fixed) = (None, 0, false);
        let look = |response: &Response<'_>| {
            match response {
                Response::MailboxData(MailboxDatum::Exists(count)) => messages = *count,
                Response::Data { outcome, .. } | Response::Done { outcome, .. } => match &outcome.code {
                    Some(ResponseCode::UidValidity(value)) => validity = Some(*value),
                    Some(ResponseCode::ReadOnly) => fixed = true,
                    Some(ResponseCode::PermanentFlags(flags)) => {
                        let has = |name: &str| flags.iter().any(|flag| flag.eq_ignore_ascii_case(name));
                        fixed |= !(has("\\Deleted") && has("\\Flagged"));
                    }
                    _ => {}
                },
                _ => {}
            }
            Ok(())
        };
        let quoted = folder.replace('\\', "\\\\").replace('"', "\\\"");
        let opened = self.ask(Stage::Select, &format!("SELECT \"{quoted}\""), look).await;
        opened.map_err(|trouble| match trouble.outcome {
            FetchOutcome::Refused => Trouble::new(Stage::Select, FetchOutcome::NoFolder),
            _ => trouble,
        })?;
        if fixed {
            return Err(Trouble::new(Stage::Select, FetchOutcome::FolderFixed));
        }
        let validity = validity.ok_or_else(|| Trouble::new(Stage::Select, FetchOutcome::NotUnderstood))?;
        Ok(Folder { validity, messages })
    }

    /// Messages that are to be taken, the oldest first, at most so many.
    pub async fn waiting(&mut self, folder: Folder, most: usize) -> Result<Vec<u32>, Trouble> {
        self.search(folder, "UNDELETED UNFLAGGED", most).await
    }

    /// How many messages are to be taken, and how many are laid aside.
    pub async fn counted(&mut self, folder: Folder) -> Result<(usize, usize), Trouble> {
        let waiting = self.search(folder, "UNDELETED UNFLAGGED", usize::MAX).await?;
        let aside = self.search(folder, "UNDELETED FLAGGED", usize::MAX).await?;
        Ok((waiting.len(), aside.len()))
    }

    async fn search(&mut self, folder: Folder, which: &str, most: usize) -> Result<Vec<u32>, Trouble> {
        let mut found = BTreeSet::new();
        let mut from = 1;
        while from <= folder.messages && found.len() < most {
            let to = folder.messages.min(from.saturating_add(LOOKED_AT - 1));
            let look = |response: &Response<'_>| {
                if let Response::MailboxData(MailboxDatum::Search(uids)) = response {
                    found.extend(uids);
                }
                Ok(())
            };
            self.ask(Stage::Search, &format!("UID SEARCH {from}:{to} {which}"), look).await?;
            let Some(next) = to.checked_add(1) else { break };
            from = next;
        }
        Ok(found.into_iter().take(most).collect())
    }

    /// How large these messages are, as the server says; nothing of those that are gone, and `None` where it does not say.
    pub async fn sizes(&mut self, uids: &[u32]) -> Result<BTreeMap<u32, Option<usize>>, Trouble> {
        let mut sizes = BTreeMap::<u32, Option<usize>>::new();
        let look = |response: &Response<'_>| {
            let Some((uid, values)) = fetched(response).filter(|(uid, _)| uids.contains(uid)) else { return Ok(()) };
            let size = values.iter().find_map(|value| match value {
                AttributeValue::Rfc822Size(size) => usize::try_from(*size).ok(),
                _ => None,
            });
            let known = sizes.entry(uid).or_default();
            *known = known.or(size);
            Ok(())
        };
        self.ask(Stage::Fetch, &format!("UID FETCH {} (UID RFC822.SIZE)", list(uids)), look).await?;
        Ok(sizes)
    }

    /// A message of which the server says that it has this size, without saying that somebody has read it. Whatever it said, no
    /// more is read than what is taken.
    pub async fn message(&mut self, uid: u32, size: usize) -> Result<Message, Trouble> {
        if size <= returned::MOST {
            match self.part(uid, "", WHOLE).await? {
                Some(raw) if raw.len() <= returned::MOST => return Ok(Message::Whole(raw)),
                Some(_) => {}
                None => return Ok(Message::Gone),
            }
        }
        Ok(self.part(uid, "HEADER", HEAD).await?.map_or(Message::Gone, Message::TooLarge))
    }

    async fn part(&mut self, uid: u32, section: &str, most: usize) -> Result<Option<Vec<u8>>, Trouble> {
        let mut raw = None;
        let mut there = false;
        let whole = section.is_empty();
        let look = |response: &Response<'_>| {
            let Some((_, values)) = fetched(response).filter(|(one, _)| *one == uid) else { return Ok(()) };
            for value in values {
                let AttributeValue::BodySection { section, data, .. } = value else { continue };
                there = true;
                let fits = match section {
                    None => whole,
                    Some(SectionPath::Full(MessageSection::Header)) => !whole,
                    Some(_) => false,
                };
                if let Some(data) = data.as_ref().filter(|_| fits) {
                    raw = Some(data.to_vec());
                }
            }
            Ok(())
        };
        let command = format!("UID FETCH {uid} (UID BODY.PEEK[{section}]<0.{most}>)");
        self.ask_for(Stage::Fetch, most + ANSWER, self.limits.message, &command, look).await?;
        if there && raw.is_none() {
            return Err(Trouble::new(Stage::Fetch, FetchOutcome::NotUnderstood));
        }
        Ok(raw)
    }

    /// Marks a message.
    pub async fn mark(&mut self, uid: u32, flag: &str) -> Result<(), Trouble> {
        self.ask(Stage::Store, &format!("UID STORE {uid} +FLAGS.SILENT ({flag})"), |_| Ok(())).await
    }

    /// Takes these messages out that are marked as deleted; where the server can only do that for all at once, all.
    pub async fn expunge(&mut self, uids: &[u32]) -> Result<(), Trouble> {
        let command = if self.plus { format!("UID EXPUNGE {}", list(uids)) } else { "EXPUNGE".to_owned() };
        self.ask(Stage::Expunge, &command, |_| Ok(())).await
    }

    /// Takes leave. Whatever was to be done is done.
    pub async fn close(mut self) {
        let _ = self.ask_for(Stage::Whole, ANSWER, Duration::from_secs(2), "LOGOUT", |_| Ok(())).await;
    }

    async fn ask(
        &mut self,
        stage: Stage,
        command: &str,
        look: impl FnMut(&Response<'_>) -> Result<(), Trouble> + Send,
    ) -> Result<(), Trouble> {
        self.ask_for(stage, ANSWER, self.limits.command, command, look).await
    }

    /// Sends a command and looks at what is answered, up to the line that says that it is done.
    async fn ask_for(
        &mut self,
        stage: Stage,
        most: usize,
        limit: Duration,
        command: &str,
        mut look: impl FnMut(&Response<'_>) -> Result<(), Trouble> + Send,
    ) -> Result<(), Trouble> {
        let session = &mut self.session;
        session.get_mut().left = most;
        let done = async {
            let tag = session.run_command(command).await.map_err(|error| Trouble::heard(stage, &error))?;
            loop {
                let read = session.read_response().await.map_err(|error| Trouble::broken(stage, &error))?;
                let Some(response) = read else { return Err(Trouble::new(stage, FetchOutcome::Ended)) };
                look(response.parsed())?;
                match response.parsed() {
                    Response::Done { tag: of, status, .. } if *of == tag => {
                        return match status {
                            Status::Ok => Ok(()),
                            Status::No => Err(Trouble::new(stage, FetchOutcome::Refused)),
                            _ => Err(Trouble::new(stage, FetchOutcome::NotUnderstood)),
                        };
                    }
                    Response::Data { status: Status::Bye, .. } if stage != Stage::Whole => {
                        return Err(Trouble::new(stage, FetchOutcome::Ended));
                    }
                    _ => {}
                }
            }
        };
        within(stage, limit, done).await?
    }
}

/// Which message an answer is about, and what it says of it.
fn fetched<'a, 'b>(response: &'a Response<'b>) -> Option<(u32, &'a [AttributeValue<'b>])> {
    let Response::Fetch(_, values) = response else { return None };
    let uid = values.iter().find_map(|value| match value {
        AttributeValue::Uid(uid) => Some(*uid),
        _ => None,
    });
    Some((uid?, values))
}

fn list(uids: &[u32]) -> String {
    uids.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

/// The server is there. One that says that we are let in already cannot be told who we are.
async fn greeted(client: &mut Client<Metered>) -> Result<(), Trouble> {
    let trouble = |outcome| Err(Trouble::new(Stage::Greeting, outcome));
    let read = client.read_response().await.map_err(|error| Trouble::broken(Stage::Greeting, &error))?;
    let Some(response) = read else { return trouble(FetchOutcome::Ended) };
    match response.parsed() {
        Response::Data { status: Status::Ok, .. } => Ok(()),
        Response::Data { status: Status::Bye, .. } => trouble(FetchOutcome::Refused),
        _ => trouble(FetchOutcome::NotUnderstood),
    }
}

/// Says who we are. What the server answers to that may hold the name, and is not repeated.
async fn let_in(client: Client<Metered>, user: &str, password: &str) -> Result<Session<Metered>, Trouble> {
    let done = if user.is_ascii() && password.is_ascii() {
        client.login(user, password).await
    } else {
        client.authenticate("PLAIN", Plain(format!("\0{user}\0{password}"))).await
    };
    done.map_err(|(error, _)| match Trouble::heard(Stage::Login, &error) {
        Trouble { outcome: FetchOutcome::Refused, .. } => Trouble::new(Stage::Login, FetchOutcome::LoginRefused),
        trouble => trouble,
    })
}

async fn encrypted(
    config: &Config,
    mailbox: &Mailbox,
    limits: Limits,
    stream: Box<dyn Stream>,
) -> Result<Box<dyn Stream>, Trouble> {
    let wrong = || Trouble::new(Stage::Tls, FetchOutcome::NotEncrypted);
    let roots = smtp::roots(config).map_err(|_| wrong().because("ALONGSIDE_SMTP_CA holds no certificate in PEM form"))?;
    let name = ServerName::try_from(mailbox.host.clone()).map_err(|_| wrong().because("its host has no name to prove"))?;
    let connector = outward::tls(&roots);
    let begun = within(Stage::Tls, limits.connect, connector.connect(name, stream)).await?;
    Ok(Box::new(begun.map_err(|error| Trouble::unencrypted(&error))?))
}

async fn password(mailbox: &Mailbox) -> Result<String, Trouble> {
    let wrong = || Trouble::new(Stage::Password, FetchOutcome::NoPassword);
    let text = tokio::fs::read_to_string(&mailbox.password).await.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => wrong().because("it is not there"),
        io::ErrorKind::PermissionDenied => wrong().because("this user may not read it"),
        _ => wrong(),
    })?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() || password.chars().any(char::is_control) {
        return Err(wrong().because("it has to hold the password, in one line"));
    }
    Ok(password.to_owned())
}

async fn within<T>(stage: Stage, limit: Duration, work: impl Future<Output = T>) -> Result<T, Trouble> {
    timeout(limit, work).await.map_err(|_| Trouble::new(stage, FetchOutcome::TooSlow))
}
