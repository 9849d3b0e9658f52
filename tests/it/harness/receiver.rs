//! A receiver of webhooks: an HTTP server that does what a script says, and keeps everything that it was sent.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What the receiver does with a request.
#[derive(Clone, Debug)]
pub enum Say {
    /// Answers with a status.
    Status(u16),
    /// Answers with a status and a header.
    With(u16, &'static str),
    /// Never answers, and tells that it does not.
    Nothing(Arc<tokio::sync::Notify>),
    /// Answers when it is told to.
    When(Arc<tokio::sync::Notify>, Arc<tokio::sync::Notify>),
    /// Answers something that is no HTTP.
    Nonsense,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// Method and path.
    pub line: String,
    /// Headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

/// The receiver. Stopped when dropped.
pub struct Receiver {
    /// Where it is.
    pub address: SocketAddr,
    script: Arc<Mutex<VecDeque<Say>>>,
    got: Arc<Mutex<Vec<Received>>>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// Starts; answers 200 where the script says nothing.
    #[allow(clippy::disallowed_methods)]
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (script, got) = (Arc::<Mutex<VecDeque<Say>>>::default(), Arc::<Mutex<Vec<Received>>>::default());
        let (says, keeps) = (script.clone(), got.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, says.clone(), keeps.clone()));
            }
        });
        Self { address, script, got, task }
    }

    /// Where it is reached.
    pub fn url(&self) -> String {
        format!("http://{}/hooks?from=alongside", self.address)
    }

    /// What it does next.
    pub fn next(&self, say: impl IntoIterator<Item = Say>) {
        self.script.lock().unwrap().extend(say);
    }

    /// How much has arrived since.
    pub fn got(&self) -> usize {
        self.got.lock().unwrap().len()
    }

    /// Takes what arrived since the last call.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.got.lock().unwrap())
    }
}

async fn serve(mut stream: TcpStream, says: Arc<Mutex<VecDeque<Say>>>, keeps: Arc<Mutex<Vec<Received>>>) {
    let mut bytes = Vec::new();
    let received = loop {
        let mut part = [0; 4096];
        let Ok(read @ 1..) = stream.read(&mut part).await else { return };
        bytes.extend_from_slice(&part[..read]);
        if let Some(received) = whole(&String::from_utf8_lossy(&bytes)) {
            break received;
        }
    };
    keeps.lock().unwrap().push(received);
    let say = says.lock().unwrap().pop_front().unwrap_or(Say::Status(200));
    let answer = match say {
        Say::Status(status) => format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n"),
        Say::With(status, header) => format!("HTTP/1.1 {status} X\r\n{header}\r\ncontent-length: 0\r\n\r\n"),
        Say::Nonsense => "hello\r\n\r\n".into(),
        Say::Nothing(told) => {
            told.notify_one();
            let _ = stream.read(&mut [0; 1]).await;
            return;
        }
        Say::When(told, go) => {
            told.notify_one();
            go.notified().await;
            "HTTP/1.1 200 X\r\ncontent-length: 0\r\n\r\n".into()
        }
    };
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// The request, once all of it is there.
fn whole(text: &str) -> Option<Received> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let line = lines.next()?.to_owned();
    let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let headers: BTreeMap<_, _> = lines.filter_map(header).collect();
    let length: usize = headers.get("content-length")?.parse().ok()?;
    (body.len() >= length).then(|| Received { line, headers, body: body.to_owned() })
}
