//! The server as a process of its own, so that its time and memory can be told from those of the bench.

use super::{Ground, trouble};
use crate::platform::{Error, Result};
use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
};

/// The kernel counts a process's time in hundredths of a second, whatever its own clock.
const TICKS_A_SECOND: f64 = 100.0;
/// A server that is not ready after so long will not be.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often to ask whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(2);

/// A running server. It ends with this value.
pub struct Server {
    child: Child,
    process: PathBuf,
    /// Where it listens.
    pub address: SocketAddr,
    /// From being started to being ready.
    pub ready_after: Duration,
}

impl Server {
    /// Starts `serve` on a database, with letters going to files, and waits until it is ready.
    pub async fn start(ground: &Ground) -> Result<Self> {
        Self::start_with(ground, &[("ALONGSIDE_MAIL_FOLDER", ground.folder.join("mail").display().to_string())]).await
    }

    /// The same with settings of its own.
    pub async fn start_with(ground: &Ground, settings: &[(&str, String)]) -> Result<Self> {
        let program = std::env::current_exe().map_err(trouble("cannot find this program"))?;
        let address = free_address()?;
        let mut command = Command::new(program);
        command
            .arg("serve")
            .current_dir(&ground.folder)
            .env_clear()
            .env("ALONGSIDE_DATABASE_URL", &ground.url)
            .env("ALONGSIDE_LISTEN", address.to_string())
            .env("ALONGSIDE_SECRET_FILE", secret_file(ground))
            .env("ALONGSIDE_REQUEST_LIMIT", "0")
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(ground.folder.join("log")).map_err(trouble("cannot make the server's log"))?)
            .kill_on_drop(true);
        let began = Instant::now();
        let child = command.spawn().map_err(trouble("cannot start the server"))?;
        let id = child.id().ok_or_else(|| Error::unavailable("the server ended at once"))?;
        let mut server = Self { child, process: PathBuf::from(format!("/proc/{id}")), address, ready_after: Duration::ZERO };
        while !is_ready(address).await {
            if began.elapsed() > PATIENCE || server.child.try_wait().map_err(trouble("cannot watch the server"))?.is_some() {
                return Err(Error::unavailable("the server did not become ready; its reasons are above"));
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        server.ready_after = began.elapsed();
        Ok(server)
    }

    /// Processor time so far, in seconds.
    pub fn cpu(&self) -> Result<f64> {
        let text = std::fs::read_to_string(self.process.join("stat")).map_err(trouble("cannot read the server's time"))?;
        cpu_ticks(&text).map(|ticks| ticks / TICKS_A_SECOND).ok_or_else(|| Error::bug("the kernel's stat has another form"))
    }

    /// Processor time so far of all its threads, in nanoseconds: fine enough for a single request.
    pub fn cpu_nanoseconds(&self) -> Result<f64> {
        let tasks = std::fs::read_dir(self.process.join("task")).map_err(trouble("cannot read the server's threads"))?;
        // A thread may end while we look.
        let texts = tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok());
        let times: Option<Vec<f64>> = texts.map(|text| text.split_whitespace().next()?.parse().ok()).collect();
        let times = times.filter(|times| !times.is_empty());
        times.map(|times| times.iter().sum()).ok_or_else(|| Error::unavailable("this kernel does not count threads' time"))
    }

    /// Memory in use now, in MiB.
    pub fn memory(&self) -> Result<f64> {
        self.status("VmRSS:")
    }

    /// The largest memory so far is forgotten, where the kernel lets us.
    pub fn forget_peak(&self) {
        let _ = std::fs::write(self.process.join("clear_refs"), "5");
    }

    /// The largest memory since then, in MiB.
    pub fn peak(&self) -> Result<f64> {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> Result<f64> {
        let text = std::fs::read_to_string(self.process.join("status")).map_err(trouble("cannot read the server's memory"))?;
        kib(&text, name).map(|kib| kib / 1024.0).ok_or_else(|| Error::bug("the kernel's status has another form"))
    }

    /// Ends it.
    pub async fn stop(mut self) -> Result<()> {
        self.child.kill().await.map_err(trouble("cannot end the server"))
    }
}

/// The key that the bench shares with its server.
pub fn secret_file(ground: &Ground) -> PathBuf {
    ground.folder.join("secret.key")
}

/// An address that is free now. Another program could take it before the server does; then the bench says so and ends.
pub fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(trouble("cannot find a free port"))?;
    listener.local_addr().map_err(trouble("cannot find a free port"))
}

/// A connection to somebody who listens there. While nobody does, one can get that very port for its own end, and would talk to itself.
pub async fn reach(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    if stream.local_addr()? == address { Err(std::io::ErrorKind::ConnectionRefused.into()) } else { Ok(stream) }
}

async fn is_ready(address: SocketAddr) -> bool {
    let ask = async {
        let mut stream = reach(address).await?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n").await?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.map(|_| answer)
    };
    ask.await.is_ok_and(|answer| &answer == b"HTTP/1.1 200")
}

/// User and system time in `/proc/<pid>/stat`. The name in its second field may hold anything, so it is read from the end of that.
fn cpu_ticks(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// A figure of `/proc/<pid>/status`.
pub fn kib(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_figures_are_found() {
        let stat = "4242 (a) b) S 1 4242 4242 0 -1 4194560 1091 0 0 0 17 5 0 0 20 0 5 0 8263 1 2 3";
        assert_eq!(cpu_ticks(stat), Some(22.0));
        assert_eq!(cpu_ticks("4242"), None);
        assert_eq!(kib("VmPeak:\t  9 kB\nVmRSS:\t   20480 kB\n", "VmRSS:"), Some(20480.0));
        assert_eq!(kib("Name: x", "VmRSS:"), None);
    }
}
