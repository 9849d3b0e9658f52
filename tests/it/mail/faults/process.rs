//! What happens when the process ends, or hangs.

use super::*;
use std::process::Command;

/// A row that a bench printed.
fn bench(arguments: &[&str]) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_alongside")).arg("bench").args(arguments).arg("--json").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn fault_01_a_worker_that_is_killed_again_and_again_loses_nobody() {
    everywhere(|app| async move {
        let few = ["--rounds", "8", "--messages", "160", "--connections", "4"];
        let row = match app.backend {
            Backend::Sqlite => bench(&[&["mail-faults", "--database", "sqlite"], few.as_slice()].concat()),
            Backend::Postgres => {
                bench(&[&["mail-faults", "--database", "postgres", "--postgres", &app.url], few.as_slice()].concat())
            }
        };
        let count = |name: &str| row[name].as_u64().unwrap_or_else(|| panic!("{name} in {row}"));
        assert_eq!((count("rounds"), count("messages"), count("kills")), (8, 160, 8));
        assert_eq!((count("lost"), count("sent_unarrived")), (0, 0), "{row}");
        assert!(count("duplicates") <= 8 * 4, "{row}");
        assert_eq!((count("different"), count("unlisted")), (0, 0), "{row}");
    });
}

#[test]
fn fault_02_a_letter_is_said_to_be_sent_only_after_the_server_said_so() {
    everywhere(|app| async move {
        // The worker dies between the dot and the answer, or before the server asked for the letter: then there is no doubt.
        for begun in [true, false] {
            queue(&app, 1).await;
            let here = Arc::new(Notify::new());
            let server = Server::start([vec![(if begun { At::Dot } else { At::Data }, Act::Hang(here.clone()))]]).await;
            let mailer = to(&app, &server);
            tokio::select! {
                _ = run(&app, &mailer) => panic!("it waits for the answer"),
                () = here.notified() => {}
            }
            drop(mailer);
            let row = rows(&app).await.pop().unwrap();
            let (state, doubts) = if begun { (MailState::Dot, 1) } else { (MailState::Leased, 0) };
            assert_eq!((row.state, row.attempts), (state, 0));
            app.clock.advance(Duration::minutes(16));
            let good = Server::start([]).await;
            run(&app, &to(&app, &good)).await;
            let row = rows(&app).await.pop().unwrap();
            assert_eq!((row.state, row.doubts), (MailState::Sent, doubts));
            let events: Vec<_> = history(&app, row.id).await.into_iter().map(|event| event.event).collect();
            let doubted = begun.then_some(MailState::Uncertain);
            assert_eq!(events, doubted.into_iter().chain([MailState::Sent]).collect::<Vec<_>>());
            assert_eq!((server.ledger().len(), good.ledger().len()), (usize::from(begun), 1));
        }
    });
}

#[test]
fn fault_05_a_server_that_never_greets_holds_up_nothing_else() {
    everywhere(|app| async move {
        let here = Arc::new(Notify::new());
        let silent = Server::start((0..20).map(|_| vec![(At::Greeting, Act::Hang(here.clone()))])).await;
        let good = Server::start([]).await;
        let config = config(&app, MailWay::Smtp(format!("{},{}", silent.url(), good.url())));
        let quick = Limits { command: std::time::Duration::from_millis(50), ..Limits::default() };
        let transport = Smtp::new(&format!("{},{}", silent.url(), good.url()), &config).unwrap().within(quick);
        let mailer = Mailer::new(composers(), Arc::new(transport), &config).unwrap();
        queue(&app, 12).await;
        assert_eq!(run(&app, &mailer).await, 12, "they go to the other server");
        assert_eq!(good.ledger().len(), 12);
        assert!(self::known(&app, &silent).await.closed_until.is_some());
        assert!(rows(&app).await.iter().all(|row| (row.state, row.attempts) == (MailState::Sent, 1)));
    });
}

#[test]
fn fault_05_a_worker_that_waits_for_a_silent_server_ends_soon_when_it_is_asked_to() {
    everywhere(|app| async move {
        let here = Arc::new(Notify::new());
        let silent = Server::start((0..20).map(|_| vec![(At::Greeting, Act::Hang(here.clone()))])).await;
        queue(&app, 3).await;
        let tasks = Tasks::new();
        let mailer = to(&app, &silent).until(&tasks);
        let asked = async {
            here.notified().await;
            tasks.stop();
        };
        let ended = tokio::time::timeout(std::time::Duration::from_secs(10), join(run(&app, &mailer), asked)).await;
        assert_eq!(ended.expect("within ten seconds").0, 0);
        assert_eq!(states(&app).await, HashMap::from([(MailState::Queued, 3)]), "given back");
        assert_eq!(run(&app, &to(&app, &Server::start([]).await)).await, 3, "for the next worker, at once");
    });
}

#[test]
fn fault_06_an_answer_that_takes_long_is_waited_for_and_one_that_never_comes_leaves_it_open() {
    everywhere(|app| async move {
        // As nine minutes are to ten: the answer comes shortly before the limit.
        let gate = Arc::new(Notify::new());
        let server = Server::start([vec![(At::Dot, Act::Wait(gate.clone()))]]).await;
        let limits =
            Limits { dot: std::time::Duration::from_secs(20), command: std::time::Duration::from_secs(1), ..Limits::default() };
        let config = config(&app, MailWay::Smtp(server.url()));
        let slow = |limits| {
            let transport = Smtp::new(&server.url(), &config).unwrap().within(limits);
            Mailer::new(composers(), Arc::new(transport), &config).unwrap()
        };
        queue(&app, 1).await;
        let answer = async {
            while server.ledger().is_empty() {
                tokio::task::yield_now().await;
            }
            // Longer than any other step may take.
            tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
            gate.notify_one();
        };
        let mailer = slow(limits);
        join(run(&app, &mailer), answer).await;
        assert_eq!(only(&app).await.state, MailState::Sent);
        assert_eq!(server.ledger().len(), 1, "once");

        let here = Arc::new(Notify::new());
        let mute = Server::start([vec![(At::Dot, Act::Hang(here))]]).await;
        let transport = Smtp::new(&mute.url(), &config).unwrap();
        let short = Limits { dot: std::time::Duration::from_millis(100), ..Limits::default() };
        let mailer = Mailer::new(composers(), Arc::new(transport.within(short)), &config).unwrap();
        queue(&app, 1).await;
        run(&app, &mailer).await;
        let row = rows(&app).await.pop().unwrap();
        assert_eq!((row.state, row.doubts, row.last_stage.as_deref()), (MailState::Deferred, 1, Some("dot")));
        let events: Vec<_> = history(&app, row.id).await.into_iter().map(|event| event.event).collect();
        assert_eq!(events, [MailState::Uncertain], "never said to have failed");
    });
}
