//! Where mail that comes back lies in a mailbox instead of being handed over: it is fetched by IMAP, once a minute. A message is
//! taken out of the mailbox when it is written down here, and not before; one that is fetched twice is taken once. Nothing is
//! remembered by a message's number but what is to be cleared away, so it does no harm if the server numbers them anew.

mod lease;
mod talk;
mod trouble;

pub use lease::{metrics, standing};
pub use talk::Limits;
pub use trouble::{Stage, Trouble, advice, words};

use super::inbound;
use crate::platform::{
    Config, Error, Platform, Result, Secret,
    config::{Mailbox, Protection},
    secret::sha256,
    tasks::Tasks,
};
use entity::FetchOutcome;
use lease::{Lease, Marked};
use std::time::Duration;
use talk::{Message, Talk};
use tokio::time::timeout;
use uuid::Uuid;

/// So often a worker asks whether it is time.
const ASK: Duration = Duration::from_secs(15);
/// Most messages of one look, so that none takes too long.
const MESSAGES: usize = 100;

/// What a look did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Messages that were taken.
    pub messages: usize,
    /// Messages that were too large, and stay in the mailbox with a flag.
    pub laid_aside: usize,
    /// Whether there may be more.
    pub more: bool,
}

/// Fetches messages where the settings say so, until the process is asked to stop.
pub async fn fetch_if_set(platform: &Platform, tasks: &Tasks) {
    let Some(mailbox) = &platform.config.delivery.returns_poll else { return };
    while !tasks.is_stopping() {
        let again = match fetch(platform, mailbox, Limits::default(), tasks).await {
            Ok(Some(Ok(taken))) => taken.more,
            Ok(_) => false,
            Err(error) => {
                tracing::error!(error = %error, "whose turn it is to read the mailbox for mail that comes back cannot be told");
                false
            }
        };
        if again {
            continue;
        }
        tokio::select! {
            () = tasks.stopping() => return,
            () = tokio::time::sleep(ASK) => {}
        }
    }
}

/// Looks into the mailbox if it is time and no other process does; `None` if not, or if this one is asked to stop.
pub async fn fetch(
    platform: &Platform,
    mailbox: &Mailbox,
    limits: Limits,
    tasks: &Tasks,
) -> Result<Option<Result<Taken, Trouble>>> {
    let Some(lease) = lease::claim(platform, &settings(&platform.secret, mailbox).await).await? else { return Ok(None) };
    let mut taken = Taken::default();
    let look = timeout(limits.whole, look(platform, mailbox, limits, &lease, &mut taken));
    let done = tokio::select! {
        () = tasks.stopping() => None,
        done = look => Some(done.unwrap_or_else(|_| Err(Trouble::new(Stage::Whole, FetchOutcome::TooSlow)))),
    };
    let Some(done) = done else {
        lease.let_go(platform).await?;
        return Ok(None);
    };
    let trouble = done.as_ref().err();
    if let Some(trouble) = trouble {
        let (stage, outcome) = (trouble.stage.word(), trouble.outcome);
        tracing::error!(host = mailbox.host, stage, %outcome, "the mailbox for mail that comes back {trouble}");
    }
    lease.settle(platform, taken.messages, taken.more, trouble).await?;
    Ok(Some(done.map(|()| taken)))
}

/// What tells one mailbox and password from others, and gives neither away.
async fn settings(secret: &Secret, mailbox: &Mailbox) -> Vec<u8> {
    let Mailbox { host, port, user, folder, protection, password } = mailbox;
    let how = match protection {
        Protection::Implicit => "tls",
        Protection::StartTls => "starttls",
        Protection::Off => "off",
    };
    let password = tokio::fs::read(password).await.unwrap_or_default();
    let text = format!("{host}\n{port}\n{user}\n{folder}\n{how}\n");
    let hash = sha256(&[text.as_bytes(), &password].concat());
    let id = hash.get(..16).and_then(|half| Uuid::from_slice(half).ok()).unwrap_or_default();
    secret.tag("mailbox", id).to_vec()
}

/// One look, up to when nothing is left to do or something goes wrong. What goes wrong with one message alone holds up no other.
async fn look(platform: &Platform, mailbox: &Mailbox, limits: Limits, lease: &Lease, taken: &mut Taken) -> Result<(), Trouble> {
    let mut talk = Talk::open(&platform.config, mailbox, limits).await?;
    let mut folder = talk.select(&mailbox.folder).await?;
    // Marked by a look that broke off; where the folder's numbers are others now, they tell nothing.
    if lease.marked.validity == folder.validity && !lease.marked.uids.is_empty() {
        sweep(platform, &mut talk, lease, &lease.marked.uids).await?;
        folder = talk.select(&mailbox.folder).await?;
    }
    let uids = talk.waiting(folder, MESSAGES).await?;
    if uids.is_empty() {
        talk.close().await;
        return Ok(());
    }
    let mut first = None;
    let mut marked = Marked { validity: folder.validity, uids: Vec::new() };
    for (uid, size) in talk.sizes(&uids).await? {
        let done = match size {
            Some(size) => one(platform, &mut talk, lease, &mut marked, (uid, size), taken).await,
            None => Err(Trouble::new(Stage::Fetch, FetchOutcome::NotUnderstood)),
        };
        match done {
            Ok(()) => {}
            // The connection is as good as it was.
            Err(trouble) if size.is_none() || trouble.outcome == FetchOutcome::Refused => {
                first.get_or_insert(trouble);
            }
            Err(trouble) => return Err(trouble),
        }
    }
    if !marked.uids.is_empty() {
        sweep(platform, &mut talk, lease, &marked.uids).await?;
    }
    talk.close().await;
    taken.more = first.is_none() && uids.len() >= MESSAGES;
    first.map_or(Ok(()), Err)
}

/// Takes a message, or lays it aside. It is marked as deleted when it is written down here, and not before.
async fn one(
    platform: &Platform,
    talk: &mut Talk,
    lease: &Lease,
    marked: &mut Marked,
    (uid, size): (u32, usize),
    taken: &mut Taken,
) -> Result<(), Trouble> {
    let unwritten = |error: Error| {
        tracing::error!(error = %error, "a message out of the mailbox for mail that comes back could not be written down");
        Trouble::new(Stage::Write, FetchOutcome::NotWritten)
    };
    match talk.message(uid, size).await? {
        Message::Gone => Ok(()),
        Message::Whole(raw) => {
            marked.uids.push(uid);
            write(platform, lease, marked, Kind::Whole(raw)).await.map_err(unwritten)?;
            talk.mark(uid, "\\Deleted").await?;
            taken.messages += 1;
            Ok(())
        }
        Message::TooLarge(head) => {
            write(platform, lease, marked, Kind::Head(head, size)).await.map_err(unwritten)?;
            talk.mark(uid, "\\Flagged").await?;
            taken.laid_aside += 1;
            Ok(())
        }
    }
}

/// What is written down of a message.
enum Kind {
    Whole(Vec<u8>),
    Head(Vec<u8>, usize),
}

async fn write(platform: &Platform, lease: &Lease, marked: &Marked, kind: Kind) -> Result<()> {
    let tx = platform.db.begin().await?;
    lease.hold(&tx, marked).await?;
    match kind {
        Kind::Whole(raw) => inbound::put(&tx, platform, &[], raw).await?,
        Kind::Head(head, size) => inbound::lay_aside(&tx, platform, head, size).await?,
    }
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(())
}

async fn sweep(platform: &Platform, talk: &mut Talk, lease: &Lease, uids: &[u32]) -> Result<(), Trouble> {
    talk.expunge(uids).await?;
    let swept = lease.swept(platform).await;
    swept.map_err(|_| Trouble::new(Stage::Write, FetchOutcome::NotWritten))
}

/// What `doctor` finds in the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Messages that are to be taken.
    pub waiting: usize,
    /// Messages with a flag, which are not read.
    pub laid_aside: usize,
}

/// Opens the mailbox and counts, and takes nothing.
pub async fn try_out(config: &Config, mailbox: &Mailbox, limits: Limits) -> Result<Found, Trouble> {
    let look = async {
        let mut talk = Talk::open(config, mailbox, limits).await?;
        let folder = talk.select(&mailbox.folder).await?;
        let (waiting, laid_aside) = talk.counted(folder).await?;
        talk.close().await;
        Ok(Found { waiting, laid_aside })
    };
    timeout(limits.whole, look).await.unwrap_or_else(|_| Err(Trouble::new(Stage::Whole, FetchOutcome::TooSlow)))
}
