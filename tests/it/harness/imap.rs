//! A mailbox at a server that speaks as much IMAP as is needed, and does what a test asks for instead.

use alongside::platform::config::Mailbox;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Debug,
    path::PathBuf,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::Notify,
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// Who may come in, and with what.
pub const USER: &str = "returns@sunrise.example";
pub const PASSWORD: &str = "a \"word\" of theirs";

/// What happens instead of what a command asks for.
#[derive(Clone)]
pub enum Fault {
    /// The connection ends.
    HangUp,
    /// It is done, and the connection ends before the answer.
    DoAndHangUp,
    /// Half of the answer comes, and the connection ends.
    Cut,
    /// Nothing comes.
    Silent,
    /// This is answered behind the tag.
    Say(&'static str),
    /// This is answered as it stands, and then that it is done.
    Tell(&'static str),
    /// Whatever is read comes without an end.
    Flood,
    /// It goes on when it is let go, and tells that it is there.
    Wait(Arc<Notify>, Arc<Notify>),
}

/// How the server can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Plain,
    StartTls,
    Tls,
}

/// What the server holds, and what it was told.
pub struct Held {
    /// Each with its flags.
    pub messages: BTreeMap<u32, (String, BTreeSet<String>)>,
    /// Sizes that are not what they say.
    pub claims: BTreeMap<u32, String>,
    pub said: Vec<String>,
    pub plus: bool,
    pub validity: u32,
    pub flags: &'static str,
    /// The first command that begins so meets it.
    pub faults: VecDeque<(&'static str, Fault)>,
    pub connections: usize,
}

/// The server.
pub struct Imap {
    pub held: Arc<Mutex<Held>>,
    pub mailbox: Mailbox,
    task: JoinHandle<()>,
    password: PathBuf,
}

impl Drop for Imap {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.password);
    }
}

/// A file of the server's.
pub fn file(name: &str) -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mailbox").join(name)
}

fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(file("certificate.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

impl Imap {
    /// A server without messages.
    #[allow(clippy::disallowed_methods)]
    pub async fn start(way: Way, plus: bool) -> Self {
        let held = Held {
            messages: BTreeMap::new(),
            claims: BTreeMap::new(),
            said: Vec::new(),
            plus,
            validity: 1,
            flags: "\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*",
            faults: VecDeque::new(),
            connections: 0,
        };
        let held = Arc::new(Mutex::new(held));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (shared, acceptor) = (held.clone(), acceptor());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (held, acceptor) = (shared.clone(), acceptor.clone());
                held.lock().unwrap().connections += 1;
                tokio::spawn(async move {
                    // A client that hangs up is part of what is tested.
                    let _ = match way {
                        Way::Plain => talk(&held, BufReader::new(stream), None).await,
                        Way::Tls => match acceptor.accept(stream).await {
                            Ok(stream) => talk(&held, BufReader::new(stream), None).await,
                            Err(error) => Err(error),
                        },
                        Way::StartTls => talk(&held, BufReader::new(stream), Some(acceptor)).await,
                    };
                });
            }
        });
        let id: uuid::Uuid = alongside::platform::Clock::system().new_id();
        let password = std::env::temp_dir().join(format!("alongside-mailbox-{id}"));
        std::fs::write(&password, format!("{PASSWORD}\n")).unwrap();
        let url = match way {
            Way::Plain => format!("imap://{USER}@127.0.0.1:{port}/Returns?tls=off"),
            Way::StartTls => format!("imap://{USER}@localhost:{port}/Returns"),
            Way::Tls => format!("imaps://{USER}@localhost:{port}/Returns"),
        };
        let mailbox = Mailbox::read(&url, &password).unwrap();
        Self { held, mailbox, task, password }
    }

    pub fn put(&self, uid: u32, raw: impl AsRef<str>) {
        let raw = raw.as_ref().replace('\n', "\r\n");
        self.held.lock().unwrap().messages.insert(uid, (raw, BTreeSet::new()));
    }

    pub fn will(&self, at: &'static str, fault: Fault) {
        self.held.lock().unwrap().faults.push_back((at, fault));
    }

    /// Messages that are there.
    pub fn left(&self) -> Vec<u32> {
        self.held.lock().unwrap().messages.keys().copied().collect()
    }

    /// Messages that have a flag.
    pub fn with(&self, flag: &str) -> Vec<u32> {
        let held = self.held.lock().unwrap();
        held.messages.iter().filter(|(_, (_, flags))| flags.contains(flag)).map(|(uid, _)| *uid).collect()
    }

    /// Every command since it was asked last.
    pub fn said(&self) -> Vec<String> {
        std::mem::take(&mut self.held.lock().unwrap().said)
    }

    /// Writes another password into the file.
    pub fn password(&self, word: &str) {
        std::fs::write(&self.password, word).unwrap();
    }
}

trait Both: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Both for T {}

async fn talk<S: Both>(held: &Arc<Mutex<Held>>, mut stream: BufReader<S>, tls: Option<TlsAcceptor>) -> std::io::Result<()> {
    if let Some(acceptor) = tls {
        greet(held, &mut stream).await?;
        let mut line = String::new();
        while stream.read_line(&mut line).await? > 0 {
            let (tag, command) = line.trim_end().split_once(' ').unwrap();
            held.lock().unwrap().said.push(format!("(open) {command}"));
            let fault = due(held, command);
            if command == "STARTTLS" && fault.is_none() {
                stream.write_all(format!("{tag} OK begin\r\n").as_bytes()).await?;
                let stream = acceptor.accept(stream.into_inner()).await?;
                return Box::pin(commands(held, BufReader::new(stream))).await;
            }
            stream.write_all(format!("{tag} NO not here\r\n").as_bytes()).await?;
            line.clear();
        }
        return Ok(());
    }
    greet(held, &mut stream).await?;
    commands(held, stream).await
}

async fn greet<S: Both>(held: &Arc<Mutex<Held>>, stream: &mut BufReader<S>) -> std::io::Result<()> {
    match due(held, "greeting") {
        None => stream.write_all(b"* OK here\r\n").await,
        Some(Fault::Tell(words)) => stream.write_all(words.as_bytes()).await,
        Some(Fault::Silent) => std::future::pending().await,
        Some(_) => Err(std::io::ErrorKind::Other.into()),
    }
}

/// What is to happen at a command.
fn due(held: &Arc<Mutex<Held>>, command: &str) -> Option<Fault> {
    let faults = &mut held.lock().unwrap().faults;
    let at = faults.iter().position(|(at, _)| command.starts_with(at))?;
    faults.remove(at).map(|(_, fault)| fault)
}

async fn commands<S: Both>(held: &Arc<Mutex<Held>>, mut stream: BufReader<S>) -> std::io::Result<()> {
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let (tag, command) = line.trim_end().split_once(' ').unwrap();
        held.lock().unwrap().said.push(command.to_owned());
        let body = match due(held, command) {
            None => answer(&mut held.lock().unwrap(), command),
            Some(Fault::HangUp) => return Ok(()),
            Some(Fault::DoAndHangUp) => return answer(&mut held.lock().unwrap(), command).map(drop).or(Ok(())),
            Some(Fault::Cut) => {
                let body = answer(&mut held.lock().unwrap(), command).unwrap();
                return stream.write_all(&body.as_bytes()[..body.len() / 2]).await;
            }
            Some(Fault::Silent) => std::future::pending().await,
            Some(Fault::Say(words)) => Err(words.to_owned()),
            Some(Fault::Tell(words)) => Ok(words.to_owned()),
            Some(Fault::Flood) => loop {
                stream.write_all(&b"* OK still here\r\n".repeat(1000)).await?;
            },
            Some(Fault::Wait(here, go)) => {
                here.notify_one();
                go.notified().await;
                answer(&mut held.lock().unwrap(), command)
            }
        };
        let answer = match body {
            Ok(body) => format!("{body}{tag} OK done\r\n"),
            Err(words) => format!("{tag} {words}\r\n"),
        };
        stream.write_all(answer.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}

/// What a command is answered, or what stands behind the tag instead of `OK`.
fn answer(held: &mut Held, command: &str) -> Result<String, String> {
    let no = |words: &str| Err(format!("NO {words}"));
    let words: Vec<&str> = command.splitn(4, ' ').collect();
    let uids: Vec<u32> = words.get(2).map_or("", |word| word).split(',').filter_map(|word| word.parse().ok()).collect();
    Ok(match words.as_slice() {
        ["LOGIN", ..] if command == format!("LOGIN \"{USER}\" \"{}\"", PASSWORD.replace('"', "\\\"")) => String::new(),
        ["LOGIN", ..] => return no(&format!("[AUTHENTICATIONFAILED] {USER} is not let in")),
        ["CAPABILITY"] => format!("* CAPABILITY IMAP4rev1{}\r\n", if held.plus { " UIDPLUS" } else { "" }),
        ["SELECT", "\"Returns\""] => format!(
            "* {} EXISTS\r\n* OK [UIDVALIDITY {}] ok\r\n* OK [PERMANENTFLAGS ({})] ok\r\n",
            held.messages.len(),
            held.validity,
            held.flags
        ),
        ["SELECT", _] => return no("[NONEXISTENT] there is none"),
        ["UID", "SEARCH", range, which] => {
            let (from, to) = range.split_once(':').unwrap();
            let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
            assert!(from >= 1 && to <= held.messages.len(), "{range} of {}", held.messages.len());
            let flagged = *which == "UNDELETED FLAGGED";
            assert!(flagged || *which == "UNDELETED UNFLAGGED", "{which}");
            let fits = |flags: &BTreeSet<String>| !flags.contains("\\Deleted") && flags.contains("\\Flagged") == flagged;
            let found = held.messages.iter().skip(from - 1).take(to + 1 - from).filter(|(_, (_, flags))| fits(flags));
            format!("* SEARCH {}\r\n", found.map(|(uid, _)| uid.to_string()).collect::<Vec<_>>().join(" ")).replace(" \r", "\r")
        }
        ["UID", "FETCH", _, what] => {
            let one = |uid: &u32| {
                let (raw, _) = held.messages.get(uid)?;
                let most = |what: &str| what.split_once("<0.").unwrap().1.trim_end_matches(['>', ')']).parse::<usize>().unwrap();
                Some(match *what {
                    "(UID RFC822.SIZE)" => {
                        let size = format!(" RFC822.SIZE {}", raw.len());
                        format!("* 1 FETCH (UID {uid}{})\r\n", held.claims.get(uid).unwrap_or(&size))
                    }
                    what if what.starts_with("(UID BODY.PEEK[HEADER]<0.") => {
                        let head = &raw[..raw.find("\r\n\r\n").map_or(raw.len(), |at| at + 4).min(most(what))];
                        format!("* 1 FETCH (UID {uid} BODY[HEADER]<0> {{{}}}\r\n{head})\r\n", head.len())
                    }
                    what => {
                        assert!(what.starts_with("(UID BODY.PEEK[]<0."), "{what}");
                        let part = &raw[..raw.len().min(most(what))];
                        format!("* 1 FETCH (UID {uid} BODY[]<0> {{{}}}\r\n{part})\r\n", part.len())
                    }
                })
            };
            uids.iter().filter_map(one).collect()
        }
        ["UID", "STORE", _, flags] => {
            let flag = flags.strip_prefix("+FLAGS.SILENT (").unwrap().trim_end_matches(')');
            for uid in &uids {
                held.messages.get_mut(uid).into_iter().for_each(|(_, flags)| flags.extend([flag.to_owned()]));
            }
            String::new()
        }
        ["UID", "EXPUNGE", _] => {
            held.messages.retain(|uid, (_, flags)| !(flags.contains("\\Deleted") && uids.contains(uid)));
            String::new()
        }
        ["EXPUNGE"] => {
            held.messages.retain(|_, (_, flags)| !flags.contains("\\Deleted"));
            String::new()
        }
        ["LOGOUT"] => "* BYE\r\n".to_owned(),
        _ => return Err("BAD what?".to_owned()),
    })
}
