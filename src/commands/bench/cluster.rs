//! A PostgreSQL server: one that is named, or a throw-away cluster of our own. The bench and the test suite share it.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The user id of `nobody`, for running the server's programs, which refuse root.
const NOBODY: u32 = 65534;

/// What a commit on a throw-away cluster is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It survives a power cut, as in an installation.
    Full,
    /// Nothing survives, which makes tests quick.
    None,
}

impl Durability {
    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Full => {
                &["fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=256MB", "max_wal_size=4GB"]
            }
            Self::None => &["fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB"],
        }
    }
}

/// A server: how to name one of its databases.
pub struct Cluster {
    before: String,
    after: String,
}

impl Cluster {
    /// The server that a URL names; `None` if the URL has no database in it.
    pub fn at(url: &str) -> Option<Self> {
        // The query may hold slashes too: `?host=/run/postgresql`.
        let (address, query) = url.split_at(url.find('?').unwrap_or(url.len()));
        let (before, _) = address.rsplit_once('/')?;
        // `postgres://host` has slashes, but no database behind them.
        (!before.ends_with(":/")).then(|| Self { before: format!("{before}/"), after: query.to_owned() })
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("{}{database}{}", self.before, self.after)
    }

    /// Starts a throw-away cluster on a socket in a temporary folder. It ends, and the folder goes, when this process ends.
    pub fn start(durability: Durability) -> Result<Self, String> {
        let initdb = program("initdb").ok_or("PostgreSQL's initdb is not installed")?;
        let postgres = program("postgres").ok_or("PostgreSQL's server is not installed")?;
        let folder = std::env::temp_dir().join(format!("alongside-pg-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let root = is_root();
        if root {
            std::os::unix::fs::chown(&folder, Some(NOBODY), Some(NOBODY)).map_err(|error| error.to_string())?;
        }
        let command = |program: &Path| {
            let mut command = Command::new(program);
            if root {
                use std::os::unix::process::CommandExt;
                command.uid(NOBODY).gid(NOBODY);
            }
            command.current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::null()).env("LC_ALL", "C.UTF-8");
            command
        };
        let data = folder.join("data");
        let made = command(&initdb)
            .args(["--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "-D"])
            .arg(&data)
            .output()
            .map_err(|error| error.to_string())?;
        if !made.status.success() {
            return Err(format!("initdb failed: {}", String::from_utf8_lossy(&made.stderr)));
        }
        let mut server = command(&postgres);
        server.arg("-D").arg(&data).arg("-k").arg(&folder);
        for setting in ["listen_addresses=", "max_connections=200"].iter().chain(durability.settings()) {
            server.arg("-c").arg(setting);
        }
        let child = server.stderr(Stdio::null()).spawn().map_err(|error| error.to_string())?;
        end_with_us(&child, &folder)?;
        await_socket(&folder.join(".s.PGSQL.5432"))?;
        Ok(Self { before: "postgres://postgres@localhost/".into(), after: format!("?host={}", folder.display()) })
    }
}

/// One of PostgreSQL's programs, on the path or where Debian keeps them.
pub fn program(name: &str) -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    find(name, versions.map(|version| version.path().join("bin")))
}

/// A program on the path, or in one of these folders.
#[allow(clippy::disallowed_methods)]
pub fn find(name: &str, more: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    let on_path = std::env::var("PATH").unwrap_or_default();
    std::env::split_paths(&on_path).chain(more).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Waits until the server listens. There is no event to wait for: it tells nobody that its socket is open.
fn await_socket(socket: &Path) -> Result<(), String> {
    let began = Instant::now();
    while std::os::unix::net::UnixStream::connect(socket).is_err() {
        if began.elapsed() > Duration::from_secs(30) {
            return Err("the throw-away server did not start".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

pub fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.starts_with(b"0\n"))
}

/// A shell that waits for the end of this process, then stops the server and removes its folder.
fn end_with_us(server: &Child, folder: &Path) -> Result<(), String> {
    at_exit(&format!("kill -INT {} 2>/dev/null; sleep 1; rm -rf '{}'", server.id(), folder.display()))
}

/// Removes a folder when this process ends.
pub fn remove_at_exit(folder: &Path) -> Result<(), String> {
    at_exit(&format!("rm -rf '{}'", folder.display()))
}

/// Runs shell commands when this process ends, however it ends: a shell waits for its standard input to close.
fn at_exit(commands: &str) -> Result<(), String> {
    static HELD: Mutex<Vec<Child>> = Mutex::new(Vec::new());
    let script = format!("read x; {commands}");
    let shell =
        Command::new("sh").arg("-c").arg(script).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    HELD.lock().unwrap_or_else(PoisonError::into_inner).push(shell.map_err(|error| error.to_string())?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_every_database_of_its_server() {
        let url = |given: &str| Cluster::at(given).map(|server| server.url("other"));
        assert_eq!(url("postgres://a:b@host:5433/one").as_deref(), Some("postgres://a:b@host:5433/other"));
        assert_eq!(url("postgres://a@localhost/one?host=/run/pg").as_deref(), Some("postgres://a@localhost/other?host=/run/pg"));
        assert_eq!(url("postgres:///one?host=/run/pg").as_deref(), Some("postgres:///other?host=/run/pg"));
        assert_eq!(url("postgres://host"), None);
    }
}
