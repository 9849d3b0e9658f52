//! Where mail that comes back lies in a mailbox instead of being handed over: it is fetched by IMAP (RFC 9051), once a minute. A
//! message is taken out of the mailbox when it is written down here, and not before; one that is fetched twice is taken once.

use super::{inbound, returned, smtp};
use crate::platform::{Config, Error, Platform, Result, config::Mailbox, outward, tasks::Tasks};
use async_imap::{Client, Session};
use futures_util::TryStreamExt;
use std::{fmt::Debug, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::rustls::pki_types::ServerName;

/// So long between two looks.
const PAUSE: Duration = Duration::from_secs(60);
/// A look that takes longer is given up; the next one goes on where it ended.
const PATIENCE: Duration = Duration::from_secs(300);
/// Most messages of one look, so that none takes too long.
const MESSAGES: usize = 100;

/// What a connection can be made of.
trait Stream: AsyncRead + AsyncWrite + Unpin + Debug + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Debug + Send> Stream for T {}

/// Fetches messages where the settings say so, until the process is asked to stop.
pub async fn fetch_if_set(platform: &Platform, tasks: &Tasks) {
    let Some(mailbox) = platform.config.delivery.returns_poll.clone() else { return };
    while !tasks.is_stopping() {
        let look = async {
            let done = timeout(PATIENCE, look(platform, &mailbox)).await;
            done.unwrap_or_else(|_| Err(Error::unavailable("it takes too long to answer")))
        };
        let done = tokio::select! {
            () = tasks.stopping() => return,
            done = look => done,
        };
        let pause = match done {
            Ok(count) if count >= MESSAGES => Duration::ZERO,
            Ok(_) => PAUSE,
            Err(error) => {
                tracing::error!(host = mailbox.host, error = %error, "the mailbox for mail that comes back could not be read");
                PAUSE
            }
        };
        tokio::select! {
            () = tasks.stopping() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Looks into the mailbox once. Answers how many messages were taken out of it.
pub async fn look(platform: &Platform, mailbox: &Mailbox) -> Result<usize> {
    let password = password(mailbox).await?;
    let stream = connect(&platform.config, mailbox).await?;
    let mut client = Client::new(stream);
    client.read_response().await.map_err(|error| wrong(&error))?.ok_or_else(|| Error::unavailable("it says nothing"))?;
    let session = client.login(&mailbox.user, &password).await;
    // What the server answers to that may hold the name.
    let mut session = session.map_err(|_| Error::unavailable("it does not let us in with this user and password"))?;
    let taken = take_all(platform, mailbox, &mut session).await?;
    // Whatever was to be done is done.
    let _ = session.logout().await;
    Ok(taken)
}

async fn take_all<S: Stream>(platform: &Platform, mailbox: &Mailbox, session: &mut Session<S>) -> Result<usize> {
    let plus = session.capabilities().await.map_err(told)?.has_str("UIDPLUS");
    session.select(&mailbox.folder).await.map_err(told)?;
    let mut uids: Vec<u32> = session.uid_search("UNDELETED").await.map_err(told)?.into_iter().collect();
    uids.sort_unstable();
    let mut taken = 0;
    for uid in uids {
        if taken >= MESSAGES {
            break;
        }
        if size(session, uid).await? > returned::MOST {
            // Somebody has to look at it there; it stays, and holds nothing up.
            tracing::warn!("a message in the mailbox for mail that comes back is larger than what is taken, and stays there");
            continue;
        }
        let Some(raw) = whole(session, uid).await? else { continue };
        inbound::take(platform, &[], raw).await?;
        // It is written down now; not before may it go.
        let deleted = session.uid_store(uid.to_string(), "+FLAGS.SILENT (\\Deleted)").await.map_err(told)?;
        deleted.try_collect::<Vec<_>>().await.map_err(told)?;
        if plus {
            let gone = session.uid_expunge(uid.to_string()).await.map_err(told)?;
            gone.try_collect::<Vec<_>>().await.map_err(told)?;
        }
        taken += 1;
    }
    if taken > 0 && !plus {
        let gone = session.expunge().await.map_err(told)?;
        gone.try_collect::<Vec<_>>().await.map_err(told)?;
    }
    Ok(taken)
}

async fn size<S: Stream>(session: &mut Session<S>, uid: u32) -> Result<usize> {
    let found = session.uid_fetch(uid.to_string(), "(UID RFC822.SIZE)").await.map_err(told)?;
    let found: Vec<_> = found.try_collect().await.map_err(told)?;
    let size = found.iter().filter(|one| one.uid == Some(uid)).find_map(|one| one.size);
    Ok(size.and_then(|size| usize::try_from(size).ok()).unwrap_or(0))
}

/// The message, without saying that somebody has read it; none if it is gone meanwhile.
async fn whole<S: Stream>(session: &mut Session<S>, uid: u32) -> Result<Option<Vec<u8>>> {
    let found = session.uid_fetch(uid.to_string(), "(UID BODY.PEEK[])").await.map_err(told)?;
    let found: Vec<_> = found.try_collect().await.map_err(told)?;
    Ok(found.iter().filter(|one| one.uid == Some(uid)).find_map(|one| one.body()).map(<[u8]>::to_vec))
}

async fn connect(config: &Config, mailbox: &Mailbox) -> Result<Box<dyn Stream>> {
    let stream = TcpStream::connect((mailbox.host.as_str(), mailbox.port)).await.map_err(|error| wrong(&error))?;
    if !mailbox.encrypted {
        return Ok(Box::new(stream));
    }
    let name = ServerName::try_from(mailbox.host.clone()).map_err(|_| Error::unavailable("its host has no name to prove"))?;
    let connector = outward::tls(&smtp::roots(config)?);
    Ok(Box::new(connector.connect(name, stream).await.map_err(|error| wrong(&error))?))
}

async fn password(mailbox: &Mailbox) -> Result<String> {
    let text = tokio::fs::read_to_string(&mailbox.password).await;
    let text =
        text.map_err(|error| Error::unavailable(format!("its password cannot be read from its file: {}", error.kind())))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn wrong(error: &std::io::Error) -> Error {
    Error::unavailable(format!("no connection: {}", error.kind()))
}

/// What went wrong, in words that hold nothing of a message.
fn told(error: async_imap::error::Error) -> Error {
    use async_imap::error::Error::{Bad, ConnectionLost, Io, No};
    match error {
        Io(error) => wrong(&error),
        ConnectionLost => Error::unavailable("the connection ended"),
        Bad(_) => Error::unavailable("it does not understand us"),
        No(_) => Error::unavailable("it refuses what we ask for: see whether the folder is there, and may be written to"),
        _ => Error::unavailable("it answers something that cannot be understood"),
    }
}
