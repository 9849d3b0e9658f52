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
use entity::{FetchOutcome, Time};
use lease::{Lease, Marked};
use std::time::Duration;
use talk::{Message, Talk};
use tokio::time::timeout;
use uuid::Uuid;

/// So often a worker asks whether it is time.
const ASK: Duration = Duration::from_secs(15);
/// Most messages of one look, so that none takes too long.
const MESSAGES: usize = 100;
/// A message that could not be fetched so often is laid aside. It held up nothing meanwhile, and the network may have been what is wrong.
const TRIES: u32 = 10;

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
    // Another process may have other settings; that its password is right must not make us try ours again and again.
    let mut refused: Option<(Vec<u8>, Time)> = None;
    while !tasks.is_stopping() {
        if let Some((ours, until)) = &refused
            && *until > platform.clock.now()
            && *ours == settings(&platform.secret, mailbox).await
        {
            tokio::select! {
                () = tasks.stopping() => return,
                () = tokio::time::sleep(ASK) => continue,
            }
        }
        let again = match fetch(platform, mailbox, Limits::default(), tasks).await {
            Ok(Some(Ok(taken))) => taken.more,
            Ok(Some(Err(trouble))) if trouble.outcome == FetchOutcome::LoginRefused => {
                let ours = settings(&platform.secret, mailbox).await;
                refused = Some((ours, platform.clock.now() + lease::REFUSED));
                false
            }
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

/// One look, up to when nothing is left to do or something goes wrong. A message at which something went wrong comes last the next time, and
/// is laid aside in the end: so none holds up the others.
async fn look(platform: &Platform, mailbox: &Mailbox, limits: Limits, lease: &Lease, taken: &mut Taken) -> Result<(), Trouble> {
    let mut talk = Talk::open(&platform.config, mailbox, limits).await?;
    let mut folder = talk.select(&mailbox.folder).await?;
    // Marked by a look that broke off; where the folder's numbers are others now, they tell nothing.
    let mut marked = lease.marked.in_folder(folder.validity);
    if !marked.uids.is_empty() {
        sweep(platform, &mut talk, lease, &mut marked).await?;
        folder = talk.select(&mailbox.folder).await?;
    }
    let uids = talk.waiting(folder, MESSAGES).await?;
    if uids.is_empty() {
        talk.close().await;
        return Ok(());
    }
    let mut first = None;
    let mut messages: Vec<(u32, Option<usize>)> = talk.sizes(&uids).await?.into_iter().collect();
    messages.sort_by_key(|(uid, _)| marked.failing.get(uid).copied());
    for (uid, size) in messages {
        let done = match size {
            _ if marked.failing.get(&uid).is_some_and(|times| *times >= TRIES) => {
                unfetched(platform, &mut talk, lease, &mut marked, uid, taken).await
            }
            Some(size) => one(platform, &mut talk, lease, &mut marked, (uid, size), taken).await,
            None => Err(Trouble::new(Stage::Fetch, FetchOutcome::NotUnderstood)),
        };
        let Err(trouble) = done else {
            marked.failing.remove(&uid);
            continue;
        };
        if trouble.stage == Stage::Fetch {
            *marked.failing.entry(uid).or_default() += 1;
            lease.note(platform, &marked).await.map_err(unwritten)?;
        }
        // The connection is as good as it was.
        if size.is_some() && trouble.outcome != FetchOutcome::Refused {
            return Err(trouble);
        }
        first.get_or_insert(trouble);
    }
    if !marked.uids.is_empty() {
        sweep(platform, &mut talk, lease, &mut marked).await?;
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

fn unwritten(error: Error) -> Trouble {
    tracing::error!(error = %error, "a message out of the mailbox for mail that comes back could not be written down");
    Trouble::new(Stage::Write, FetchOutcome::NotWritten)
}

/// Lays a message aside that cannot be fetched.
async fn unfetched(
    platform: &Platform,
    talk: &mut Talk,
    lease: &Lease,
    marked: &mut Marked,
    uid: u32,
    taken: &mut Taken,
) -> Result<(), Trouble> {
    write(platform, lease, marked, Kind::Unfetched(uid)).await.map_err(unwritten)?;
    talk.mark(uid, "\\Flagged").await?;
    taken.laid_aside += 1;
    // Whoever takes the flag off has it tried anew.
    marked.failing.remove(&uid);
    lease.note(platform, marked).await.map_err(unwritten)
}

/// What is written down of a message.
enum Kind {
    Whole(Vec<u8>),
    Head(Vec<u8>, usize),
    Unfetched(u32),
}

async fn write(platform: &Platform, lease: &Lease, marked: &Marked, kind: Kind) -> Result<()> {
    let tx = platform.db.begin().await?;
    lease.hold(&tx, marked).await?;
    match kind {
        Kind::Whole(raw) => inbound::put(&tx, platform, &[], raw).await?,
        Kind::Head(head, size) => inbound::lay_aside(&tx, platform, head, size).await?,
        Kind::Unfetched(uid) => inbound::not_fetched(&tx, platform, marked.validity, uid).await?,
    }
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(())
}

async fn sweep(platform: &Platform, talk: &mut Talk, lease: &Lease, marked: &mut Marked) -> Result<(), Trouble> {
    talk.expunge(&marked.uids).await?;
    marked.uids.clear();
    lease.note(platform, marked).await.map_err(unwritten)
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
