//! An SMTP server that does what a script says, and keeps a ledger of every letter that it took: the truth about what
//! was lost and what came twice.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

/// What the server says that it can do.
const HELLO: &str = "250-scripted\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME";

/// Where the server does something out of the ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// When the connection is made.
    Greeting,
    /// EHLO.
    Hello,
    /// MAIL.
    Mail,
    /// RCPT.
    Recipient,
    /// DATA.
    Data,
    /// The final dot.
    Dot,
}

/// What it does.
#[derive(Clone, Debug)]
pub enum Act {
    /// Answers this instead.
    Reply(&'static str),
    /// Answers with these bytes, piece after piece.
    Pieces(Vec<String>),
    /// Hangs up without an answer.
    HangUp,
    /// Takes the letter, then hangs up before the answer.
    TakeAndHangUp,
    /// Answers as usual, but only after it was let go.
    Wait(Arc<Notify>),
    /// Tells that it came here, and never answers.
    Hang(Arc<Notify>),
}

/// What happens on one connection: each act once, in order, when its place comes; everything else goes well.
pub type Script = Vec<(At, Act)>;

/// A letter that the server took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its Message-ID.
    pub message_id: String,
    /// Who it was for.
    pub to: String,
    /// All of it, with dots undone.
    pub bytes: Vec<u8>,
}

/// The server.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    scripts: Mutex<VecDeque<Script>>,
    ledger: Mutex<Vec<Taken>>,
    connections: Mutex<usize>,
    /// Commands behind which the next one stood already.
    grouped: Mutex<usize>,
    /// What was said, without letters.
    said: Mutex<Vec<String>>,
}

impl Server {
    /// Starts a server; the first connection follows the first script, and so on; those after go well.
    #[allow(clippy::disallowed_methods)]
    pub async fn start(scripts: impl IntoIterator<Item = Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State { scripts: Mutex::new(scripts.into_iter().collect()), ..State::default() });
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let script = shared.scripts.lock().unwrap().pop_front().unwrap_or_default();
                *shared.connections.lock().unwrap() += 1;
                let state = shared.clone();
                tokio::spawn(async move {
                    // A client that hangs up is part of what is tested.
                    let _ = serve(stream, script.into(), state).await;
                });
            }
        });
        Self { address, state, task }
    }

    /// The URL for `ALONGSIDE_SMTP_URL`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Scripts for connections that come later.
    pub fn also(&self, scripts: impl IntoIterator<Item = Script>) {
        self.state.scripts.lock().unwrap().extend(scripts);
    }

    /// Every letter that was taken, in order.
    pub fn ledger(&self) -> Vec<Taken> {
        self.state.ledger.lock().unwrap().clone()
    }

    /// How many commands came together with the next one.
    pub fn grouped(&self) -> usize {
        *self.state.grouped.lock().unwrap()
    }

    /// Every command, in order.
    pub fn said(&self) -> Vec<String> {
        self.state.said.lock().unwrap().clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        *self.state.connections.lock().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Does what the script says at this place, or answers `usual`. `false` ends the connection.
async fn act(stream: &mut BufReader<TcpStream>, script: &mut VecDeque<(At, Act)>, at: At, usual: &str) -> std::io::Result<bool> {
    let planned = script.iter().position(|(place, _)| *place == at).and_then(|index| script.remove(index));
    let reply = match planned {
        None => usual,
        Some((_, Act::Reply(reply))) => reply,
        Some((_, Act::HangUp | Act::TakeAndHangUp)) => return Ok(false),
        Some((_, Act::Pieces(pieces))) => {
            for piece in pieces {
                stream.write_all(piece.as_bytes()).await?;
                stream.flush().await?;
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            return Ok(true);
        }
        Some((_, Act::Wait(gate))) => {
            gate.notified().await;
            usual
        }
        Some((_, Act::Hang(here))) => {
            here.notify_one();
            std::future::pending::<&str>().await
        }
    };
    stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
    Ok(!reply.starts_with("421"))
}

/// What will be answered at this place.
fn planned<'a>(script: &VecDeque<(At, Act)>, at: At, usual: &'a str) -> &'a str {
    match script.iter().find(|(place, _)| *place == at) {
        Some((_, Act::Reply(reply))) => reply,
        Some((_, Act::HangUp | Act::TakeAndHangUp)) => "",
        _ => usual,
    }
}

async fn serve(stream: TcpStream, mut script: VecDeque<(At, Act)>, state: Arc<State>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    if !act(&mut stream, &mut script, At::Greeting, "220 scripted").await? {
        return Ok(());
    }
    let mut to = None;
    let mut line = String::new();
    while {
        line.clear();
        stream.read_line(&mut line).await?
    } > 0
    {
        let command = line.trim_end().to_uppercase();
        state.said.lock().unwrap().push(line.trim_end().to_owned());
        *state.grouped.lock().unwrap() += usize::from(!stream.buffer().is_empty());
        let going_on = match command.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" | "HELO" => act(&mut stream, &mut script, At::Hello, HELLO).await?,
            "MAIL" => {
                to = None;
                act(&mut stream, &mut script, At::Mail, "250 2.1.0 ok").await?
            }
            "RCPT" => {
                if planned(&script, At::Recipient, "250").starts_with('2') {
                    let address = line.trim_end().trim_start_matches("RCPT TO:").split('>').next().unwrap_or_default();
                    to = Some(address.trim_start_matches('<').to_owned());
                }
                act(&mut stream, &mut script, At::Recipient, "250 2.1.5 ok").await?
            }
            "DATA" => {
                let usual = if to.is_some() { "354 go on" } else { "503 5.5.1 no recipient" };
                let begins = planned(&script, At::Data, usual).starts_with("354");
                let going_on = act(&mut stream, &mut script, At::Data, usual).await?;
                if going_on && begins { take(&mut stream, &mut script, &state, to.take()).await? } else { going_on }
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                false
            }
            "RSET" | "NOOP" => {
                stream.write_all(b"250 ok\r\n").await?;
                true
            }
            _ => {
                stream.write_all(b"502 5.5.1 no such command\r\n").await?;
                true
            }
        };
        if !going_on {
            return Ok(());
        }
    }
    Ok(())
}

/// Reads a letter up to the final dot, and writes it into the ledger unless the script refuses it.
async fn take(
    stream: &mut BufReader<TcpStream>,
    script: &mut VecDeque<(At, Act)>,
    state: &State,
    to: Option<String>,
) -> std::io::Result<bool> {
    let mut bytes = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(false);
        }
        if line == b".\r\n" {
            break;
        }
        bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
    let taken = match script.iter().find(|(at, _)| *at == At::Dot) {
        None | Some((_, Act::TakeAndHangUp | Act::Wait(_) | Act::Hang(_) | Act::Pieces(_))) => true,
        Some((_, Act::HangUp)) => false,
        Some((_, Act::Reply(reply))) => reply.starts_with('2'),
    };
    let Some(to) = to else {
        return act(stream, script, At::Dot, "554 5.5.1 no recipient").await;
    };
    if taken {
        let text = String::from_utf8_lossy(&bytes);
        let id = text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap_or_default().to_owned();
        state.ledger.lock().unwrap().push(Taken { message_id: id, to, bytes: bytes.clone() });
    }
    act(stream, script, At::Dot, "250 2.0.0 taken").await
}
