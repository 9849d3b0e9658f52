//! `doctor` finds what is wrong, and says what to do about it.

use crate::harness::{
    everywhere_today,
    smtp::{Act, At, Server},
};
use entity::{RouteKind, installation, mail_route};
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::Expr};
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::TcpListener,
    path::PathBuf,
    process::{Command, Stdio},
};

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let id: uuid::Uuid = alongside::platform::Clock::system().new_id();
        let path = std::env::temp_dir().join(format!("alongside-doctor-{id}"));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// What `doctor` finds: the check, its level and its words.
    fn ask(&self, settings: &[(&str, &str)]) -> Vec<(String, String, String)> {
        let output = Command::new(env!("CARGO_BIN_EXE_alongside"))
            .args(["doctor", "--json"])
            .env_clear()
            .envs(settings.iter().map(|(key, value)| (format!("ALONGSIDE_{key}"), value)))
            .current_dir(&self.0)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        let rows = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
        let found: Vec<_> = rows
            .filter(|row| row["check"].is_string())
            .map(|row| (word(&row, "check"), word(&row, "level"), word(&row, "detail")))
            .collect();
        let well = found.iter().all(|(_, level, _)| level != "problem");
        assert_eq!(output.status.success(), well, "{found:?}");
        found
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// One finding, which has to say this.
#[track_caller]
fn says(found: &[(String, String, String)], check: &str, level: &str, words: &str) {
    let one = found.iter().find(|(what, ..)| what == check).unwrap_or_else(|| panic!("nothing about {check}: {found:?}"));
    assert!(one.1 == level && one.2.contains(words), "{one:?} should be {level} and say: {words}");
}

/// A server that answers every call with this.
fn answering(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut read = [0; 1024];
            let _ = stream.read(&mut read);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}")
}

fn answer(status: &str, header: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n{header}\r\nok")
}

#[test]
fn a_mail_server_is_greeted_and_no_letter_is_sent() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = Folder::new();
        let ask = async |settings: Vec<(&'static str, String)>| {
            let folder = Folder(folder.0.clone());
            let asked = tokio::task::spawn_blocking(move || {
                let settings: Vec<(&str, &str)> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
                let found = folder.ask(&settings);
                std::mem::forget(folder);
                found
            });
            asked.await.unwrap()
        };
        let server = Server::start(vec![]).await;
        let smtp = |url: String| vec![("MAIL", "smtp".to_owned()), ("SMTP_URL", url)];
        let mut settings = smtp(server.url());
        let found = ask(settings.clone()).await;
        says(&found, "mail", "ok", "answers, unencrypted");
        says(&found, "sender", "problem", "ALONGSIDE_MAIL_FROM");
        assert!(server.ledger().is_empty(), "no letter was sent");
        settings.push(("MAIL_FROM", "Sunrise <letters@sunrise.example>".to_owned()));
        assert!(ask(settings).await.iter().all(|(what, ..)| what != "sender"));
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let found = ask(smtp(format!("smtp://{closed}"))).await;
        says(&found, "mail", "problem", "Check ALONGSIDE_SMTP_URL");
        let busy = Server::start(vec![vec![(At::Hello, Act::Reply("421 4.3.2 not now"))]]).await;
        says(&ask(smtp(busy.url())).await, "mail", "problem", "(421)");
        // Nobody listens with TLS there.
        says(&ask(smtp(format!("{}?tls=required", server.url()))).await, "mail", "problem", "?tls=required");
    });
}

#[test]
fn the_public_address_has_to_be_this_installation() {
    let folder = Folder::new();
    let key = folder.0.join("secret.key");
    std::fs::write(&key, "A".repeat(43)).unwrap();
    let key = key.to_str().unwrap();
    let ask = |url: &str| folder.ask(&[("PUBLIC_URL", url), ("SECRET_FILE", key)]);
    let what = "public address answers";
    let ours = alongside::platform::Secret::new([0; 32]).name();
    says(&ask(&answering(answer("200 OK", &format!("alongside-installation: {ours}\r\n")))), what, "ok", "this installation");
    says(&ask(&answering(answer("200 OK", "alongside-installation: 00ff\r\n"))), what, "problem", "another installation");
    says(&ask(&answering(answer("200 OK", ""))), what, "problem", "something else answers");
    says(&ask(&answering(answer("502 Bad Gateway", ""))), what, "problem", "status 502");
    let moved = answer("301 Moved", "Location: https://real.example/\r\n");
    says(&ask(&answering(moved)), what, "problem", "leads on to https://real.example/");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    says(&ask(&format!("http://{closed}")), what, "note", "start it");
    // A name that is nobody's: not this computer, so somebody expects it to work.
    let found = ask("https://nobody.invalid");
    says(&found, what, "problem", "the proxy, the name and its certificate");
    says(&ask("http://nobody.invalid"), "public address", "problem", "is not https");
    let behind = [("PUBLIC_URL", "https://nobody.invalid"), ("LISTEN", "0.0.0.0:8080"), ("SECRET_FILE", key)];
    says(&folder.ask(&behind), "proxy", "note", "ALONGSIDE_TRUSTED_PROXIES");
    let named = [("PUBLIC_URL", "https://nobody.invalid"), ("LISTEN", "0.0.0.0:8080"), ("TRUSTED_PROXIES", "10.0.0.1")];
    assert!(folder.ask(&named).iter().all(|(what, ..)| what != "proxy"));
}

/// A fast clock looks fine from here: somebody else has to say what time it is.
#[test]
fn the_clock_is_held_against_the_one_at_the_public_address() {
    let folder = Folder::new();
    let ask = |date: chrono::DateTime<chrono::Utc>| {
        let header = format!("Date: {}\r\n", date.format("%a, %d %b %Y %H:%M:%S GMT"));
        folder.ask(&[("PUBLIC_URL", &answering(answer("200 OK", &header)))])
    };
    let now = alongside::platform::Clock::system().now();
    says(&ask(now - chrono::Duration::hours(1)), "clock", "problem", "differs by -3");
    says(&ask(now + chrono::Duration::minutes(2)), "clock", "problem", "Let both follow a time server.");
    // What answers on this computer has this clock.
    says(&ask(now), "clock", "note", "no other computer was there");
    let mute = folder.ask(&[("PUBLIC_URL", &answering(answer("200 OK", "Date: soon\r\n")))]);
    says(&mute, "clock", "note", "no other computer was there");
}

#[test]
fn the_place_is_looked_at() {
    let folder = Folder::new();
    let found = folder.ask(&[]);
    says(&found, "disk", "ok", "MiB are free");
    says(&found, "clock", "note", "no other computer was there to compare it with");
    says(&found, "time zones", "ok", "built in");
    says(&found, "mail", "note", "nobody receives them");
    says(&found, "database", "ok", "is not there yet");
    let key = folder.0.join("open.key");
    std::fs::write(&key, "A".repeat(43)).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        says(&folder.ask(&[("SECRET_FILE", key.to_str().unwrap())]), "secret key", "problem", "chmod 600");
    }
    says(&folder.ask(&[("SMTP_URL", "smtp://mail:25")]), "settings", "problem", "ALONGSIDE_MAIL=smtp");
}

#[test]
fn a_database_whose_clock_is_another_is_found() {
    everywhere_today(|app| async move {
        app.administrator().await;
        let db = app.app.platform.db.write();
        let row = installation::ActiveModel {
            id: Set(1),
            secret_check: Set(app.app.platform.secret.check()),
            created_at: Set(app.clock.now()),
        };
        installation::Entity::insert(row).exec_without_returning(db).await.unwrap();
        let folder = Folder::new();
        let ask = || folder.ask(&[("DATABASE_URL", &app.url)]);
        let (level, words) =
            if app.app.platform.db.is_postgres() { ("ok", "agrees") } else { ("note", "there is none; nothing is written down") };
        says(&ask(), "clock of the database", level, words);
        says(&ask(), "letters", "ok", "none waits");
        says(&ask(), "mail ways", "ok", "letters get through");
        says(&ask(), "mail that came back", "ok", "none waits");
        let shut = mail_route::ActiveModel {
            kind: Set(RouteKind::Server),
            name: Set("mail.example:587".into()),
            faults: Set(5),
            opened: Set(1),
            closed_until: Set(Some(alongside::platform::Clock::system().now() + chrono::Duration::hours(1))),
            last_stage: Set(Some("auth".into())),
            last_text: Set(Some("5.7.8 bad password".into())),
            counted: Set(0),
            changed_at: Set(app.clock.now()),
            ..Default::default()
        };
        mail_route::Entity::insert(shut).exec_without_returning(db).await.unwrap();
        says(&ask(), "mail ways", "problem", "(at auth: 5.7.8 bad password)");
        installation::Entity::update_many()
            .col_expr(installation::Column::CreatedAt, Expr::value(app.clock.now() + chrono::Duration::days(400)))
            .exec(db)
            .await
            .unwrap();
        says(&ask(), "clock of the database", "problem", "lies ahead");
    });
}
