//! A server on a real port: callers who drip, who open many connections, who ask too often, and everybody else beside them.

use crate::harness::{Backend, TestApp, on};
use alongside::{
    commands::serve::{self, Running},
    platform::Config,
};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, interval, timeout},
};

/// The application on a port of its own, over connections of its own.
pub async fn served(app: &TestApp, change: impl FnOnce(&mut Config)) -> (Running, SocketAddr) {
    let own = app.second().await.with(|config| {
        config.worker = false;
        change(config);
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (serve::start(own.app.clone(), listener).unwrap(), address)
}

/// Sends a text and reads what comes until the connection ends. Nothing, if it was cut.
async fn say(address: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    if stream.write_all(text.as_bytes()).await.is_ok() {
        let _ = stream.read_to_end(&mut answer).await;
    }
    String::from_utf8_lossy(&answer).into_owned()
}

async fn get(address: SocketAddr, path: &str, headers: &str) -> String {
    say(address, &format!("GET {path} HTTP/1.1\r\nhost: alongside.test\r\nconnection: close\r\n{headers}\r\n")).await
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("cut")
}

/// Begins a head and adds a letter to it from time to time, for ever; answers how long it was let.
async fn drip(address: SocketAddr) -> Duration {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: alongside.test\r\nx-slow: ").await;
    let (mut each, mut part) = (interval(Duration::from_millis(100)), [0; 64]);
    loop {
        tokio::select! {
            read = stream.read(&mut part) => match read {
                Ok(1..) => {}
                _ => return begun.elapsed(),
            },
            _ = each.tick() => if stream.write_all(b"a").await.is_err() {
                return begun.elapsed();
            },
        }
    }
}

#[test]
fn hundreds_who_drip_are_cut_off_and_keep_nobody_waiting() {
    on(Backend::Sqlite, |app| async move {
        let (running, address) = served(&app, |config| {
            (config.head_seconds, config.connections, config.connections_each) = (2, 1000, 1000);
        })
        .await;
        let drippers = futures_util::future::join_all((0..400).map(|_| drip(address)));
        let others = async {
            // Well before the first of them is cut off.
            let mut worst = Duration::ZERO;
            for _ in 0..20 {
                let begun = Instant::now();
                assert_eq!(status(&get(address, "/healthz", "").await), "200");
                worst = worst.max(begun.elapsed());
            }
            worst
        };
        let (times, worst) =
            timeout(Duration::from_secs(30), async { tokio::join!(drippers, others) }).await.expect("all are cut off");
        assert!(worst < Duration::from_secs(2), "another caller waited for {worst:?}");
        assert!(times.iter().all(|time| *time >= Duration::from_secs(1)), "nobody is cut off before their time");
        running.stop().await;
    });
}

#[test]
fn one_place_holds_so_many_connections_and_idle_ones_make_room() {
    on(Backend::Sqlite, |app| async move {
        let (running, address) = served(&app, |config| config.connections_each = 5).await;
        let mut held = Vec::new();
        for _ in 0..5 {
            held.push(TcpStream::connect(address).await.unwrap());
        }
        assert_eq!(status(&get(address, "/healthz", "").await), "cut");
        drop(held);
        // The places come free as the server sees that they have gone.
        let freed = async { while status(&get(address, "/healthz", "").await) == "cut" {} };
        timeout(Duration::from_secs(10), freed).await.expect("a place");
        running.stop().await;
        let (running, address) = served(&app, |config| (config.connections, config.connections_each) = (5, 100)).await;
        let mut oldest = TcpStream::connect(address).await.unwrap();
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(TcpStream::connect(address).await.unwrap());
        }
        assert_eq!(status(&get(address, "/healthz", "").await), "200");
        let ended = timeout(Duration::from_secs(10), oldest.read(&mut [0; 1])).await.expect("it makes room");
        assert!(matches!(ended, Ok(0) | Err(_)));
        running.stop().await;
    });
}

#[test]
fn heads_are_bounded_and_a_body_that_does_not_come_is_given_up() {
    on(Backend::Sqlite, |app| async move {
        let (running, address) = served(&app, |config| config.request_seconds = 1).await;
        let many: String = (0..100).map(|n| format!("x-{n}: 1\r\n")).collect();
        assert_eq!(status(&get(address, "/healthz", &many).await), "431");
        // Whoever still sends when the answer comes may see the connection end and nothing else.
        let long = format!("x-long: {}\r\n", "a".repeat(400_000));
        let answer = get(address, "/healthz", &long).await;
        assert!(["431", "cut", ""].contains(&status(&answer)), "{answer}");
        let head =
            "POST /api/sign-in HTTP/1.1\r\nhost: alongside.test\r\nconnection: close\r\ncontent-type: application/json\r\n";
        let answer = say(address, &format!("{head}content-length: 100\r\n\r\n{{")).await;
        assert_eq!(status(&answer), "503");
        assert!(answer.contains("application/problem+json"), "{answer}");
        // Somebody who looks at it is told on a page.
        let form = "POST /console/sign-in HTTP/1.1\r\nhost: alongside.test\r\nconnection: close\r\naccept: text/html\r\n";
        let answer = say(address, &format!("{form}content-length: 100\r\n\r\nemail")).await;
        assert_eq!(status(&answer), "503");
        assert!(answer.contains("text/html") && answer.contains("Please try again in a moment"), "{answer}");
        // Several requests over one connection, and a body that does come.
        let twice = "GET /healthz HTTP/1.1\r\nhost: alongside.test\r\n\r\n";
        let body = r#"{"email": "sam@people.example", "password": "not the right one"}"#;
        let last = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        let answer = say(address, &format!("{twice}{twice}{last}")).await;
        assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
        assert!(answer.contains("HTTP/1.1 403"), "{answer}");
        running.stop().await;
    });
}

#[test]
fn who_asks_too_often_is_told_when_to_come_back() {
    on(Backend::Sqlite, |app| async move {
        let (running, address) = served(&app, |config| config.request_limit = 10).await;
        for _ in 0..5 {
            assert_eq!(status(&get(address, "/api/rungs", "").await), "200");
        }
        let refused = get(address, "/api/rungs", "").await;
        assert_eq!(status(&refused), "429");
        assert!(refused.to_lowercase().contains("retry-after: 600") && refused.contains("problems/too-many"), "{refused}");
        // Another address is another matter, until the place as a whole has asked enough. Nobody who is not named speaks for others.
        for _ in 0..4 {
            assert_eq!(status(&get(address, "/api/account", "x-forwarded-for: 198.51.100.1\r\n").await), "401");
        }
        assert_eq!(status(&get(address, "/api/organisations", "x-forwarded-for: 198.51.100.9\r\n").await), "429");
        assert_eq!(status(&get(address, "/healthz", "").await), "200", "whoever watches over the server is not counted");
        running.stop().await;
        let (running, address) = served(&app, |config| {
            config.request_limit = 4;
            config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        })
        .await;
        let from = async |source: &str| {
            let answer = get(address, "/api/rungs", &format!("x-forwarded-for: 10.9.8.7, {source}\r\n")).await;
            status(&answer).to_owned()
        };
        let (one, neighbour, other) = ("203.0.113.1", "203.0.113.2", "198.51.100.1");
        assert_eq!([from(one).await, from(neighbour).await, from(one).await, from(other).await], ["200", "200", "429", "200"]);
        let six = ["2001:db8:1:2::1", "2001:db8:1:2ff::1", "2001:db8:1:201::9", "2001:db8:1:202::9"];
        let mut answers = Vec::new();
        for address in six {
            answers.push(from(address).await);
        }
        assert_eq!(answers, ["200", "200", "200", "429"], "a /56 is one place");
        running.stop().await;
        // One key from many places is one caller.
        let ada = app.administrator().await;
        let (running, address) = served(&app, |config| {
            config.request_limit = 4;
            config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        })
        .await;
        let mut answers = Vec::new();
        for n in 1..7 {
            let headers = format!("x-forwarded-for: 203.0.{n}.1\r\nauthorization: Bearer {}\r\n", ada.token);
            answers.push(status(&get(address, "/api/account", &headers).await).to_owned());
        }
        assert_eq!(answers, ["200", "200", "200", "200", "429", "429"]);
        running.stop().await;
    });
}
