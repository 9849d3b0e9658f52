//! The program as an operator meets it: what it answers beside the API, what `doctor` says, how it stops; and what holds
//! over time: sessions end, passwords are hashed anew, letters wait for their hour.

use crate::{
    harness::{Backend, PASSWORD, TestApp, everywhere, on},
    story::Story,
};
use alongside::platform::{Clock, Db};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, phc::PasswordHash},
};
use chrono::Duration;
use entity::{Rung, account, installation};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

#[test]
fn what_is_answered_beside_the_api() {
    everywhere(|app| async move {
        assert_eq!(app.get("/healthz").send().await.expect(200).text, "ok");
        app.get("/readyz").send().await.expect(200);
        let rungs = app.get("/api/rungs").send().await.expect(200);
        let keys: Vec<&str> = rungs.json.as_array().unwrap().iter().map(|rung| rung["key"].as_str().unwrap()).collect();
        assert_eq!(keys, Rung::ALL.iter().map(|rung| rung.word()).collect::<Vec<_>>());
        for rung in rungs.json.as_array().unwrap() {
            for words in ["title", "people_say", "plain_text", "easy_read_text", "attribution"] {
                assert!(!rung[words].as_str().unwrap_or_default().is_empty(), "{words} of {rung}");
            }
        }
        let ada = app.administrator().await;
        // A caller from elsewhere sees nothing; the operator's collector has a token.
        app.get("/metrics").send().await.expect(403);
        let counted = app.with(|config| config.metrics_token = "a-token-for-the-collector".into());
        counted.get("/metrics").token("another-token").send().await.expect(401);
        ada.get(&counted, "/projects").send().await.expect(200);
        ada.get(&counted, "/projects/0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d3e").send().await.expect(404);
        let metrics = counted.get("/metrics").token("a-token-for-the-collector").send().await.expect(200).text;
        for line in [
            "alongside_mail_letters{state=\"queued\"} 0",
            "alongside_mail_oldest_queued_seconds 0",
            "# TYPE alongside_database_statements_total counter",
            "operation=\"listProjects\"",
            "status=\"404\"",
        ] {
            assert!(metrics.contains(line), "{line} in {metrics}");
        }
        assert!(!metrics.contains(&ada.organisation) && !metrics.contains("sunrise"), "no path and no name is in them");
    });
}

#[test]
fn a_server_without_its_database_is_not_ready() {
    on(Backend::Sqlite, |app| async move {
        let other = app.second().await;
        other.app.platform.db.clone().close().await.unwrap();
        other.get("/healthz").send().await.expect(200);
        other.get("/readyz").send().await.expect(503);
    });
}

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("alongside-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn alongside(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alongside"));
    command.args(arguments).env_clear().current_dir(folder).envs(settings.iter().copied()).stdin(Stdio::null());
    command
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn doctor_says_what_is_well_and_what_to_do() {
    let folder = folder("doctor");
    let migrated = alongside(&folder, &["migrate"], &[]).output().unwrap();
    assert!(migrated.status.success(), "{}", said(&migrated));
    let well = alongside(&folder, &["doctor", "--json"], &[]).output().unwrap();
    let rows: Vec<Value> =
        String::from_utf8_lossy(&well.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let checks: Vec<&Value> = rows.iter().filter(|row| row["check"].is_string()).collect();
    assert!(checks.iter().any(|row| row["check"] == "database" && row["good"] == true), "{}", said(&well));
    assert_eq!(well.status.success(), checks.iter().all(|row| row["good"] == true), "{}", said(&well));
    let setting = rows.iter().find(|row| row["setting"] == "ALONGSIDE_BODY_LIMIT").unwrap();
    assert_eq!((&setting["value"], &setting["from"]), (&json!("1048576"), &json!("default")));

    // Whatever the server would refuse to start with.
    let problem = |settings: &[(&str, &str)], words: &str| {
        let told = alongside(&folder, &["doctor"], settings).output().unwrap();
        assert!(!told.status.success() && said(&told).contains(words), "{}", said(&told));
    };
    let made_with_another_key = async {
        let db = Db::connect(&format!("sqlite://{}", folder.join("data/alongside.db").display()), 1).await.unwrap();
        let row = installation::ActiveModel { id: Set(1), secret_check: Set(vec![1]), created_at: Set(Clock::system().now()) };
        row.insert(db.write()).await.unwrap();
        db.close().await.unwrap();
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(made_with_another_key);
    let other = folder.join("other.key");
    std::fs::write(&other, "A".repeat(43)).unwrap();
    problem(&[("ALONGSIDE_SECRET_FILE", other.to_str().unwrap())], "PROBLEM secret key of the database");
    problem(&[("ALONGSIDE_MAIL_FROM", "nobody")], "ALONGSIDE_MAIL_FROM must be an address");
    problem(&[("ALONGSIDE_LOG", "inof")], "ALONGSIDE_LOG must be");
    let none = alongside(&folder, &["doctor"], &[("ALONGSIDE_DATABASE_URL", "sqlite://none/none.db?mode=rwc")]).output().unwrap();
    assert!(said(&none).contains("is not there yet") && !folder.join("none").exists(), "a look makes nothing: {}", said(&none));

    let misspelt = alongside(&folder, &["doctor"], &[("ALONGSIDE_LISTN", "127.0.0.1:1")]).output().unwrap();
    assert!(!misspelt.status.success());
    assert!(said(&misspelt).contains("ALONGSIDE_LISTEN"), "{}", said(&misspelt));
    let url = "postgres://alongside:a-secret-word@127.0.0.1:1/none?password=a-secret-word";
    let gone = alongside(&folder, &["doctor"], &[("ALONGSIDE_DATABASE_URL", url)]).output().unwrap();
    assert!(!gone.status.success());
    assert!(said(&gone).contains("PROBLEM") && !said(&gone).contains("a-secret-word"), "{}", said(&gone));
    std::fs::remove_dir_all(folder).unwrap();
}

/// Reads up to the end of the headers of a response.
fn head(stream: &mut BufReader<TcpStream>) -> String {
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") {
        assert!(stream.read_line(&mut text).unwrap() > 0, "the connection ended: {text}");
    }
    text
}

/// Reads what a program tells, up to a line with these words.
fn until(told: &mut impl BufRead, words: &str) {
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0, "the program ended without a word of {words}");
    }
}

#[test]
fn a_server_that_is_asked_to_stop_answers_what_is_under_way() {
    let folder = folder("stop");
    let address: SocketAddr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listen = address.to_string();
    let settings = [("ALONGSIDE_LISTEN", listen.as_str()), ("ALONGSIDE_LOG", "info")];
    let mut child = alongside(&folder, &["serve"], &settings).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The first start greets once the address is taken.
    let mut told = BufReader::new(child.stdout.take().unwrap());
    let mut log = BufReader::new(child.stderr.take().unwrap());
    until(&mut told, "Nobody is set up yet");

    let body = json!({"email": "ada@example.org", "password": PASSWORD}).to_string();
    let mut stream = BufReader::new(TcpStream::connect(address).unwrap());
    let request = format!(
        "POST /api/sign-in HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.get_mut().write_all(request.as_bytes()).unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 100"), "the body is waited for");
    let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(asked.success());
    until(&mut log, "stopping: requests");
    stream.get_mut().write_all(body.as_bytes()).unwrap();
    let answer = head(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 4"), "nobody of this name is there: {answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
    drop(stream);
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    std::fs::remove_dir_all(folder).unwrap();
}

async fn hash_of_root(app: &TestApp) -> String {
    let found = account::Entity::find().filter(account::Column::Email.eq("root@sunrise.example"));
    found.one(app.app.platform.db.read()).await.unwrap().unwrap().password_hash.unwrap()
}

#[test]
fn a_password_is_hashed_anew_when_the_policy_has_risen() {
    everywhere(|app| async move {
        app.administrator().await;
        let policy = hash_of_root(&app).await;
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8 * 1024, 1, 1, None).unwrap());
        let old: PasswordHash = weak.hash_password_with_salt(PASSWORD.as_bytes(), b"a salt of sixteen").unwrap();
        let old = old.to_string();
        account::Entity::update_many()
            .col_expr(account::Column::PasswordHash, Expr::value(old.as_str()))
            .filter(account::Column::Email.eq("root@sunrise.example"))
            .exec(app.app.platform.db.write())
            .await
            .unwrap();
        let sign_in = async |password: &str| {
            let body = json!({"email": "root@sunrise.example", "password": password});
            app.post("/api/sign-in").json(&body).send().await
        };
        assert!(sign_in("not the password at all").await.status.is_client_error());
        assert_eq!(hash_of_root(&app).await, old, "a wrong password changes nothing");
        sign_in(PASSWORD).await.expect(201);
        let fresh = hash_of_root(&app).await;
        let parameters = |hash: &str| hash.split('$').nth(3).map(str::to_owned);
        assert_eq!(parameters(&fresh), parameters(&policy));
        assert_ne!(parameters(&fresh), parameters(&old));
        sign_in(PASSWORD).await.expect(201);
        assert_eq!(hash_of_root(&app).await, fresh, "once is enough");
    });
}

#[test]
fn a_session_ends_after_thirty_days_however_much_it_is_used() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        for _ in 0..119 {
            app.clock.advance(Duration::hours(6));
            app.get("/api/account").token(&ada.token).send().await.expect(200);
        }
        app.clock.advance(Duration::hours(6));
        app.get("/api/account").token(&ada.token).send().await.expect(401);
    });
}

#[test]
fn hours_can_go_over_midnight_by_the_persons_own_clock() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let wish = |contact: serde_json::Value| json!({"stance": {"kind": "up_to", "rung": "co_design"}, "contact": contact});
        story.person("eve", wish(json!({"from_hour": 20, "to_hour": 2}))).await;
        // In Kathmandu it is a quarter to six later: these hours begin at four and a quarter in the afternoon.
        story.person("ben", wish(json!({"from_hour": 22, "to_hour": 4, "time_zone": "Asia/Kathmandu"}))).await;
        let zoe = story.person("zoe", wish(json!({}))).await;
        for (contact, at, code) in [
            (json!({"from_hour": 7, "to_hour": 7}), "/contact/to_hour", "empty"),
            (json!({"to_hour": 9, "time_zone": "Kathmandu"}), "/contact/time_zone", "unknown"),
        ] {
            let refused = zoe.put(&app, "/preferences", &wish(contact)).await.expect(422).json;
            assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!(at), &json!(code)));
        }
        let id = story.open("consultation", "consultation", json!({})).await;
        let to = |letters: Vec<crate::harness::Mail>| letters.into_iter().map(|letter| letter.to).collect::<Vec<_>>();
        assert_eq!(to(story.invite(&id, json!({})).await), ["zoe@people.example"], "it is nine in the morning");
        for (minutes, whom) in
            [(7 * 60 + 14, None), (1, Some("ben@people.example")), (224, None), (1, Some("eve@people.example"))]
        {
            app.clock.advance(Duration::minutes(minutes));
            assert_eq!(to(app.outbox().await), Vec::from_iter(whom), "after {minutes}");
        }
    });
}

#[test]
fn letters_wait_for_the_hours_a_person_has_chosen() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let wish = json!({"stance": {"kind": "up_to", "rung": "co_design"}, "contact": {"from_hour": 18, "to_hour": 20}});
        story.person("eve", wish).await;
        story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        // It is nine in the morning.
        let to = |letters: Vec<crate::harness::Mail>| letters.into_iter().map(|letter| letter.to).collect::<Vec<_>>();
        assert_eq!(to(story.invite(&id, json!({})).await), ["ben@people.example"]);
        app.clock.advance(Duration::minutes(8 * 60 + 59));
        assert!(app.outbox().await.is_empty(), "one minute to six");
        app.clock.advance(Duration::minutes(1));
        assert_eq!(to(app.outbox().await), ["eve@people.example"]);
    });
}
