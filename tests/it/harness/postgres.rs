//! PostgreSQL for the tests: the server of `ALONGSIDE_TEST_POSTGRES`, or a throw-away cluster of our own.
//!
//! `required` in that variable makes a missing server a failure instead of a line of text.

use alongside::platform::Db;
use migration::{Migrations, Migrator};
use sea_orm::ConnectionTrait;
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, OnceLock},
    time::{Duration, Instant},
};

/// The user id of `nobody`, for running the server's programs, which refuse root.
const NOBODY: u32 = 65534;
const TEMPLATE: &str = "alongside_template";

/// A server: how to name one of its databases.
pub struct Server {
    before: String,
    after: String,
}

impl Server {
    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("{}{database}{}", self.before, self.after)
    }
}

/// The server, if there is one.
pub fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(find).as_ref()
}

#[allow(clippy::disallowed_methods)]
fn find() -> Option<Server> {
    let wish = std::env::var("ALONGSIDE_TEST_POSTGRES").unwrap_or_default();
    if wish.starts_with("postgres") {
        let (before, rest) = wish.rsplit_once('/').expect("a URL with a database in it");
        let after = rest.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
        return Some(Server { before: format!("{before}/"), after });
    }
    match start() {
        Ok(server) => Some(server),
        Err(why) if wish == "required" => panic!("ALONGSIDE_TEST_POSTGRES is `required`, but {why}"),
        Err(why) => {
            eprintln!("PostgreSQL tests did not run: {why}. SQLite tests did.");
            None
        }
    }
}

/// The folder of the server's programs.
#[allow(clippy::disallowed_methods)]
fn programs() -> Option<PathBuf> {
    let on_path = std::env::var("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&on_path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// Starts a throw-away cluster on a socket in a temporary folder. It ends, and the folder goes, when this process ends.
fn start() -> Result<Server, String> {
    let programs = programs().ok_or("initdb and postgres are not installed")?;
    let folder = std::env::temp_dir().join(format!("alongside-pg-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let root = is_root();
    if root {
        std::os::unix::fs::chown(&folder, Some(NOBODY), Some(NOBODY)).map_err(|error| error.to_string())?;
    }
    let command = |program: &str| {
        let mut command = Command::new(programs.join(program));
        if root {
            use std::os::unix::process::CommandExt;
            command.uid(NOBODY).gid(NOBODY);
        }
        command.current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::null()).env("LC_ALL", "C.UTF-8");
        command
    };
    let data = folder.join("data");
    let made = command("initdb")
        .args(["--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "-D"])
        .arg(&data)
        .output()
        .map_err(|error| error.to_string())?;
    if !made.status.success() {
        return Err(format!("initdb failed: {}", String::from_utf8_lossy(&made.stderr)));
    }
    let settings = [
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "listen_addresses=",
        "max_connections=200",
        "shared_buffers=64MB",
    ];
    let mut server = command("postgres");
    server.arg("-D").arg(&data).arg("-k").arg(&folder);
    for setting in settings {
        server.arg("-c").arg(setting);
    }
    let child = server.stderr(Stdio::null()).spawn().map_err(|error| error.to_string())?;
    end_with_us(&child, &folder);
    let socket = folder.join(".s.PGSQL.5432");
    let began = Instant::now();
    // There is no event to wait for: the server tells nobody that its socket is open.
    while std::os::unix::net::UnixStream::connect(&socket).is_err() {
        if began.elapsed() > Duration::from_secs(30) {
            return Err("the throw-away server did not start".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(Server { before: "postgres://postgres@localhost/".into(), after: format!("?host={}", folder.display()) })
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.starts_with(b"0\n"))
}

/// A shell that waits for the end of this process, then stops the server and removes its folder.
fn end_with_us(server: &Child, folder: &Path) {
    let script = format!("read x; kill -INT {} 2>/dev/null; sleep 1; rm -rf '{}'", server.id(), folder.display());
    keep(Command::new("sh").arg("-c").arg(script).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn());
}

/// Removes a folder when this process ends.
pub fn remove_at_exit(folder: &Path) {
    let script = format!("read x; rm -rf '{}'", folder.display());
    keep(Command::new("sh").arg("-c").arg(script).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn());
}

/// Holds a helper's standard input open until this process ends.
fn keep(child: std::io::Result<Child>) {
    static HELD: Mutex<Vec<Child>> = Mutex::new(Vec::new());
    HELD.lock().unwrap().push(child.expect("a shell"));
}

/// Guards the template: PostgreSQL clones a database only while nobody uses it.
static CLONING: tokio::sync::Mutex<bool> = tokio::sync::Mutex::const_new(false);

/// Clones the migrated template into a new database and returns its URL.
pub async fn clone_template(name: &str) -> String {
    let server = server().expect("PostgreSQL");
    let mut ready = CLONING.lock().await;
    let admin = Db::connect(&server.url("postgres"), 1).await.unwrap();
    let template = format!("{TEMPLATE}_{}", std::process::id());
    if !*ready {
        admin.write().execute_unprepared(&format!("CREATE DATABASE {template}")).await.unwrap();
        let db = Db::connect(&server.url(&template), 1).await.unwrap();
        Migrator::up(db.write(), None).await.unwrap();
        db.close().await.unwrap();
        *ready = true;
    }
    admin.write().execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await.unwrap();
    admin.close().await.unwrap();
    server.url(name)
}

/// Drops a database.
pub async fn drop_database(name: &str) {
    let admin = Db::connect(&server().expect("PostgreSQL").url("postgres"), 1).await.unwrap();
    admin.write().execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
    admin.close().await.unwrap();
}
