//! A fresh database for every test, cloned from a template that was migrated once.

use super::postgres;
use alongside::{commands::bench::cluster::remove_at_exit, platform::Db};
use migration::{Migrations, Migrator};
use std::{
    path::PathBuf,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// A database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Backend {
    /// SQLite, and PostgreSQL where there is one.
    pub fn available() -> Vec<Self> {
        let mut backends = vec![Self::Sqlite];
        if postgres::server().is_some() {
            backends.push(Self::Postgres);
        }
        backends
    }
}

/// A database of one test.
pub struct Fresh {
    /// Its URL.
    pub url: String,
    what: What,
}

enum What {
    File(PathBuf),
    Database(String),
}

impl Fresh {
    /// Removes it.
    pub async fn remove(self) {
        match self.what {
            What::File(path) => {
                for end in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{}{end}", path.display()));
                }
            }
            What::Database(name) => postgres::drop_database(&name).await,
        }
    }
}

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A place for a database in which there is not even a table.
pub async fn bare(backend: Backend) -> Fresh {
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    match backend {
        Backend::Sqlite => {
            let path = template_file().await.with_file_name(format!("bare-{number}.db"));
            Fresh { url: format!("sqlite://{}?mode=rwc", path.display()), what: What::File(path) }
        }
        Backend::Postgres => {
            let name = format!("alongside_bare_{}_{number}", std::process::id());
            Fresh { url: postgres::create_database(&name).await, what: What::Database(name) }
        }
    }
}

/// A migrated, empty database.
pub async fn fresh(backend: Backend) -> Fresh {
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    match backend {
        Backend::Sqlite => {
            let template = template_file().await;
            let path = template.with_file_name(format!("test-{number}.db"));
            std::fs::copy(template, &path).unwrap();
            Fresh { url: format!("sqlite://{}?mode=rwc", path.display()), what: What::File(path) }
        }
        Backend::Postgres => {
            let name = format!("alongside_test_{}_{number}", std::process::id());
            Fresh { url: postgres::clone_template(&name).await, what: What::Database(name) }
        }
    }
}

/// The migrated SQLite file that tests copy.
async fn template_file() -> &'static PathBuf {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    static MAKING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _making = MAKING.lock().await;
    if let Some(file) = FILE.get() {
        return file;
    }
    let folder = std::env::temp_dir().join(format!("alongside-test-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    remove_at_exit(&folder).unwrap();
    let path = folder.join("template.db");
    let db = Db::connect(&format!("sqlite://{}?mode=rwc", path.display()), 1).await.unwrap();
    Migrator::up(db.write(), None).await.unwrap();
    db.close().await.unwrap();
    FILE.get_or_init(|| path)
}
