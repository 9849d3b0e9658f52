//! `doctor` finds what is wrong, and says what to do about it.

use crate::harness::{
    Watched, everywhere_today,
    imap::{Imap, USER, Way},
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
        self.rows(&["doctor", "--json"], settings).0
    }

    /// The same of `doctor` with other words, and the records that it would set.
    fn rows(&self, words: &[&str], settings: &[(&str, &str)]) -> (Vec<(String, String, String)>, Vec<Value>) {
        let output = Command::new(env!("CARGO_BIN_EXE_alongside"))
            .args(words)
            .env_clear()
            .envs(settings.iter().map(|(key, value)| (format!("ALONGSIDE_{key}"), value)))
            .current_dir(&self.0)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        let rows: Vec<_> = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect();
        let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
        let found: Vec<_> = rows
            .iter()
            .filter(|row| row["check"].is_string())
            .map(|row| (word(row, "check"), word(row, "level"), word(row, "detail")))
            .collect();
        let well = found.iter().all(|(_, level, _)| level != "problem");
        assert_eq!(output.status.success(), well, "{found:?}");
        (found, rows.into_iter().filter_map(|mut row| row.get_mut("record").map(Value::take)).collect())
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
    let _watched = Watched::begin();
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
fn a_mailbox_is_tried_and_nothing_is_taken_out_of_it() {
    let _watched = Watched::begin();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Imap::start(Way::Plain, true).await;
        let ask = async |port: u16, folder: &'static str| {
            let password = server.mailbox.password.display().to_string();
            let asked = tokio::task::spawn_blocking(move || {
                let url = format!("imap://{USER}@127.0.0.1:{port}/{folder}?tls=off");
                let settings = [
                    ("MAIL_RETURNS", "returns.sunrise.example"),
                    ("MAIL_RETURNS_POLL", &url),
                    ("MAIL_RETURNS_PASSWORD_FILE", &password),
                ];
                // It looks at the mailbox first, and then for a name server, which is none of this.
                let words = ["doctor", "mail", "--json", "--name-server", "127.0.0.1:9"];
                Folder::new().rows(&words, &settings).0
            });
            let found = asked.await.unwrap();
            assert!(!format!("{found:?}").contains(USER), "{found:?}");
            found
        };
        let port = server.mailbox.port;
        server.put(7, "From: a@b\n\nHello.");
        says(&ask(port, "Returns").await, "mailbox", "ok", "can be read; 1 messages wait in it");
        server.held.lock().unwrap().messages.get_mut(&7).unwrap().1.insert("\\Flagged".into());
        says(&ask(port, "Returns").await, "mailbox", "note", "0 messages wait in it, and 1 with a flag are not read");
        says(&ask(port, "Other").await, "mailbox", "problem", "has no such folder");
        server.password("another");
        says(&ask(port, "Returns").await, "mailbox", "problem", "does not let us in with this user and password, at login");
        assert_eq!(server.left(), [7]);
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        says(&ask(nobody, "Returns").await, "mailbox", "problem", "is not reached (nobody takes connections there)");
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

/// A name server that knows one record, and of everything else that it does not exist.
fn name_server() -> std::net::SocketAddr {
    use hickory_resolver::proto::{
        op::{Message, OpCode, ResponseCode},
        rr::{RData, Record, RecordType, rdata::TXT},
        serialize::binary::{BinDecodable, BinEncodable},
    };
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let question = Message::from_bytes(&buffer[..length]).unwrap();
            let asked = question.queries[0].clone();
            let mut answer = Message::response(question.metadata.id, OpCode::Query);
            answer.add_query(asked.clone());
            if asked.name().to_ascii() == "_dmarc.sunrise.example." && asked.query_type() == RecordType::TXT {
                let says = RData::TXT(TXT::new(vec!["v=DMARC1; p=reject; rua=mailto:dmarc@sunrise.example".into()]));
                answer.add_answer(Record::from_rdata(asked.name().clone(), 60, says));
            } else {
                answer.metadata.response_code = ResponseCode::NXDomain;
            }
            socket.send_to(&answer.to_bytes().unwrap(), from).unwrap();
        }
    });
    address
}

/// `doctor mail` looks at letters alone, with the DNS; `doctor` asks no DNS.
#[test]
fn what_the_dns_says_of_letters_is_looked_at_by_itself() {
    let folder = Folder::new();
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/src/platform/mail/dkim/keys/ed25519.pem");
    let dkim = format!("letters:{key}");
    let from = ("MAIL_FROM", "Sunrise <letters@sunrise.example>");
    let server = name_server().to_string();
    let words = ["doctor", "mail", "--json", "--name-server", &server];
    let (found, records) = folder.rows(&words, &[from, ("MAIL_DKIM", &dkim), ("MAIL_RETURNS", "returns.sunrise.example")]);
    says(&found, "mail", "note", "nobody receives them");
    says(&found, "DMARC", "ok", "p=reject");
    says(&found, "DKIM", "problem", "letters._domainkey.sunrise.example");
    says(&found, "SPF", "problem", "returns.sunrise.example");
    says(&found, "mail server of the return path", "problem", "bounces are lost");
    assert!(found.iter().all(|(what, ..)| what != "database" && what != "disk"), "{found:?}");
    let key = records.iter().find(|record| record["name"] == "letters._domainkey.sunrise.example").unwrap();
    assert!(key["type"] == "TXT" && key["value"].as_str().unwrap().starts_with("v=DKIM1; k=ed25519; p="), "{key}");
    // A name server that is not there costs some seconds at most.
    let nobody = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let (began, silent) = (std::time::Instant::now(), nobody.local_addr().unwrap().to_string());
    let (found, records) = folder.rows(&["doctor", "mail", "--json", "--name-server", &silent], &[from]);
    says(&found, "DNS", "problem", "nothing could be looked up");
    assert!(records.is_empty() && began.elapsed() < std::time::Duration::from_secs(15), "{:?}", began.elapsed());
    let (found, _) = folder.rows(&["doctor", "mail", "--json"], &[]);
    says(&found, "DNS", "note", "ALONGSIDE_MAIL_FROM");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let found = folder.ask(&[("MAIL", "smtp"), ("SMTP_URL", &format!("smtp://{closed}"))]);
    says(&found, "DNS", "note", "alongside doctor mail");
}
