//! PostgreSQL for the tests: the server of `ALONGSIDE_TEST_POSTGRES`, or a throw-away cluster of our own.
//!
//! `required` in that variable makes a missing server a failure instead of a line of text.

use alongside::{
    commands::bench::cluster::{Cluster, Durability},
    platform::Db,
};
use migration::{Migrations, Migrator};
use sea_orm::ConnectionTrait;
use std::sync::OnceLock;

const TEMPLATE: &str = "alongside_template";

/// The server, if there is one.
pub fn server() -> Option<&'static Cluster> {
    static SERVER: OnceLock<Option<Cluster>> = OnceLock::new();
    SERVER.get_or_init(find).as_ref()
}

#[allow(clippy::disallowed_methods)]
fn find() -> Option<Cluster> {
    let wish = std::env::var("ALONGSIDE_TEST_POSTGRES").unwrap_or_default();
    if wish.starts_with("postgres") {
        return Some(Cluster::at(&wish).expect("a URL with a database in it"));
    }
    match Cluster::start(Durability::None) {
        Ok(server) => Some(server),
        Err(why) if wish == "required" => panic!("ALONGSIDE_TEST_POSTGRES is `required`, but {why}"),
        Err(why) => {
            eprintln!("PostgreSQL tests did not run: {why}. SQLite tests did.");
            None
        }
    }
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

/// Makes a database without a table and returns its URL.
pub async fn create_database(name: &str) -> String {
    let server = server().expect("PostgreSQL");
    let admin = Db::connect(&server.url("postgres"), 1).await.unwrap();
    admin.write().execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    admin.close().await.unwrap();
    server.url(name)
}

/// Drops a database.
pub async fn drop_database(name: &str) {
    let admin = Db::connect(&server().expect("PostgreSQL").url("postgres"), 1).await.unwrap();
    admin.write().execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
    admin.close().await.unwrap();
}
