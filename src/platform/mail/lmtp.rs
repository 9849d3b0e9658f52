//! Where a mail server hands over what comes back without a program between: LMTP (RFC 2033). An address that we did not make is
//! refused at once, so whoever writes to one hears that it does not exist.

use super::{inbound, returned};
use crate::platform::{Platform, tasks::Tasks};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};

/// Connections at the same time; a mail server that finds none waits and comes again.
const CONNECTIONS: usize = 20;
/// An address that cannot be had is tried again after so long.
const AGAIN: Duration = Duration::from_secs(30);
/// A server that says nothing for so long is not waited for (RFC 5321, 4.5.3.2.7).
const PATIENCE: Duration = Duration::from_secs(300);
/// Longest command line; what the longest address makes is far below.
const LINE: u64 = 4096;
/// Most recipients of one message; ours have one each.
const RECIPIENTS: usize = 100;

/// Takes messages where the settings say so, until the process is asked to stop. An address that cannot be had is tried again: a
/// worker before us may still hold it.
pub async fn serve_if_set(platform: &Platform, tasks: &Tasks) {
    let Some(address) = platform.config.delivery.returns_lmtp else { return };
    while !tasks.is_stopping() {
        match TcpListener::bind(address).await {
            Ok(listener) => return serve(platform, &listener, tasks).await,
            Err(error) => {
                tracing::error!(%address, error = %error.kind(), "mail that comes back cannot be taken at ALONGSIDE_MAIL_RETURNS_LMTP")
            }
        }
        tokio::select! {
            () = tasks.stopping() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

/// Takes messages until the process is asked to stop. A message that is being handed over then is not taken; its server comes again.
pub async fn serve(platform: &Platform, listener: &TcpListener, tasks: &Tasks) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            () = tasks.stopping() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else { continue };
        let Ok(place) = room.clone().try_acquire_owned() else { continue };
        let (platform, stop) = (platform.clone(), tasks.clone());
        tasks.spawn(async move {
            let _place = place;
            tokio::select! {
                () = stop.stopping() => {}
                // Whoever hangs up in the middle comes again.
                _ = Talk { platform, sent_to: Vec::new() }.hold(stream) => {}
            }
        });
    }
}

/// One conversation.
struct Talk {
    platform: Platform,
    /// The recipients of the message at hand that we know.
    sent_to: Vec<String>,
}

impl Talk {
    async fn hold(mut self, stream: TcpStream) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 alongside LMTP\r\n").await?;
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = timeout(PATIENCE, (&mut stream).take(LINE).read_until(b'\n', &mut line)).await;
            if !matches!(read, Ok(Ok(1..))) || !line.ends_with(b"\n") {
                return Ok(());
            }
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let (word, rest) = text.split_at_checked(4).unwrap_or((text.as_str(), ""));
            let answer = match word.to_ascii_uppercase().as_str() {
                "LHLO" => {
                    let size = returned::MOST;
                    format!(
                        "250-alongside\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE {size}"
                    )
                }
                "HELO" | "EHLO" => "500 5.5.1 this is LMTP: LHLO".to_owned(),
                "MAIL" => {
                    self.sent_to.clear();
                    "250 2.1.0 ok".to_owned()
                }
                "RCPT" => self.recipient(rest),
                "DATA" if self.sent_to.is_empty() => "503 5.5.1 no recipient".to_owned(),
                "DATA" => {
                    stream.write_all(b"354 end with a dot on a line\r\n").await?;
                    self.message(&mut stream).await?
                }
                "RSET" => {
                    self.sent_to.clear();
                    "250 2.0.0 ok".to_owned()
                }
                "NOOP" => "250 2.0.0 ok".to_owned(),
                "QUIT" => return stream.write_all(b"221 2.0.0 bye\r\n").await,
                _ => "500 5.5.2 no such command".to_owned(),
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
    }

    /// An address is known if we made it.
    fn recipient(&mut self, rest: &str) -> String {
        let address = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address.to_owned());
        match address.filter(|address| inbound::is_ours(&self.platform.secret, address)) {
            Some(_) if self.sent_to.len() >= RECIPIENTS => "452 4.5.3 too many recipients".to_owned(),
            Some(address) => {
                self.sent_to.push(address);
                "250 2.1.5 ok".to_owned()
            }
            None => "550 5.1.1 there is no such address".to_owned(),
        }
    }

    /// Takes the message, and says for each recipient whether it was taken (RFC 2033, 4.2).
    async fn message(&mut self, stream: &mut BufReader<TcpStream>) -> io::Result<String> {
        let sent_to = std::mem::take(&mut self.sent_to);
        let answer = match read(stream).await? {
            None => "552 5.3.4 larger than is taken here",
            Some(raw) => match inbound::take(&self.platform, &sent_to, raw).await {
                Ok(()) => "250 2.0.0 taken",
                Err(error) => {
                    tracing::error!(error = %error, "a message that came back could not be written down");
                    "451 4.3.0 not now"
                }
            },
        };
        Ok(vec![answer; sent_to.len()].join("\r\n"))
    }
}

/// The message up to the line with the dot; `None` if it is larger than what is taken. Then the rest is read and forgotten.
async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Vec<u8>>> {
    let most = returned::MOST;
    let (mut raw, mut line, mut whole) = (Vec::new(), Vec::new(), true);
    let mut begins = true;
    loop {
        line.clear();
        let count = timeout(PATIENCE, (&mut *stream).take(LINE).read_until(b'\n', &mut line)).await;
        if !matches!(count, Ok(Ok(1..))) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if begins && line == b".\r\n" {
            return Ok(whole.then_some(raw));
        }
        let words = if begins { line.strip_prefix(b".").unwrap_or(&line) } else { &line };
        whole &= raw.len() + words.len() <= most;
        if whole {
            raw.extend_from_slice(words);
        }
        // A line may be longer than what is read at a time.
        begins = line.ends_with(b"\n");
    }
}
