//! Conversations that go wrong.

use super::*;
use std::time::Duration as Wait;

/// A mailer that waits so long for the answer to a letter, over one connection.
fn hasty(app: &TestApp, server: &Server, dot: Wait) -> Mailer {
    let config = Config { smtp_connections: 1, ..config(app, MailWay::Smtp(server.url())) };
    let transport = Smtp::new(&server.url(), &config).unwrap().within(Limits { dot, ..Limits::default() });
    Mailer::new(composers(), Arc::new(transport), &config).unwrap()
}

#[test]
fn fault_07_an_answer_that_comes_too_late_is_never_taken_for_that_of_the_next_letter() {
    everywhere(|app| async move {
        let gate = Arc::new(Notify::new());
        let server = Server::start([vec![(At::Dot, Act::Wait(gate.clone()))], vec![reply(At::Dot, "554 5.6.0 content")]]).await;
        let ids = queue(&app, 2).await;
        let mailer = hasty(&app, &server, Wait::from_millis(100));
        // The late answer is on its way as soon as nobody waits for it any more.
        let late = async {
            while server.connections() < 2 {
                tokio::task::yield_now().await;
            }
            gate.notify_one();
        };
        join(run(&app, &mailer), late).await;
        let found: HashMap<_, _> =
            rows(&app).await.into_iter().map(|row| (row.id, (row.state, row.doubts, row.last_code))).collect();
        assert_eq!(found[&ids[0]], (MailState::Deferred, 1, None));
        assert_eq!(found[&ids[1]], (MailState::Failed, 0, Some(554)));
    });
}

#[test]
fn fault_08_a_letter_after_one_whose_sending_was_dropped_has_its_own_answer() {
    everywhere(|app| async move {
        let here = Arc::new(Notify::new());
        let server = Server::start([vec![(At::Dot, Act::Hang(here.clone()))], vec![reply(At::Dot, "554 5.6.0 content")]]).await;
        let first = queue(&app, 1).await[0];
        let mailer = hasty(&app, &server, Wait::from_secs(600));
        tokio::select! {
            _ = run(&app, &mailer) => panic!("it waits for the answer"),
            () = here.notified() => {}
        }
        let second = queue(&app, 1).await[0];
        assert_eq!(run(&app, &mailer).await, 1);
        let found: HashMap<_, _> = rows(&app).await.into_iter().map(|row| (row.id, row.state)).collect();
        assert_eq!((found[&first], found[&second]), (MailState::Dot, MailState::Failed));
        assert_eq!(server.connections(), 2);
        app.clock.advance(Duration::minutes(16));
        run(&app, &mailer).await;
    });
}

#[test]
fn fault_13_a_server_that_can_do_little_gets_letters_all_the_same() {
    everywhere(|app| async move {
        // No group of commands where it is not offered.
        let plain = Server::start([vec![reply(At::Hello, "250 plain")]]).await;
        queue(&app, 3).await;
        assert_eq!(run(&app, &narrow(&app, &plain)).await, 3);
        assert_eq!((plain.ledger().len(), plain.grouped()), (3, 0));
        // Where it is, MAIL and RCPT come together with what follows them.
        let able = Server::start([]).await;
        queue(&app, 3).await;
        assert_eq!(run(&app, &narrow(&app, &able)).await, 3);
        assert_eq!((able.ledger().len(), able.grouped()), (3, 6));
        // EHLO is not known.
        let old = Server::start([vec![reply(At::Hello, "502 5.5.1 what?")]]).await;
        queue(&app, 2).await;
        assert_eq!(run(&app, &narrow(&app, &old)).await, 2);
        assert_eq!(old.said().iter().map(|line| &line[..4]).take(3).collect::<Vec<_>>(), ["EHLO", "HELO", "MAIL"]);
        assert_eq!((old.ledger().len(), old.grouped()), (2, 0));
    });
}

#[test]
fn fault_13_an_address_with_letters_of_its_own_needs_a_server_that_can_write_to_it() {
    everywhere(|app| async move {
        let organisation = sunrise(&app).await;
        let send = async |server: &Server| {
            let tx = app.app.platform.db.begin().await.unwrap();
            let batch = open_batch(&tx, &app.clock, Some(organisation), KIND, None, "test").await.unwrap();
            let letter = NewLetter { address: "jörg@example.org".into(), ..new_letter(&app, KIND, 0) };
            enqueue(&tx, &app.clock, Some(organisation), batch, std::slice::from_ref(&letter)).await.unwrap();
            tx.commit().await.unwrap();
            run(&app, &narrow(&app, server)).await;
            rows(&app).await.into_iter().find(|row| row.id == letter.id).unwrap()
        };
        let unable = Server::start([]).await;
        let row = send(&unable).await;
        assert_eq!((row.state, row.last_enhanced.as_deref()), (MailState::Failed, Some("5.6.7")));
        assert!(row.last_text.unwrap().contains("SMTPUTF8"));
        assert_eq!(suppressed(&app, organisation).await, 0, "the address is a good one");
        let able = Server::start([vec![reply(At::Hello, "250-able\r\n250-PIPELINING\r\n250 SMTPUTF8")]]).await;
        assert_eq!(send(&able).await.state, MailState::Sent);
        assert_eq!(able.ledger()[0].to, "jörg@example.org");
        assert!(able.said().iter().any(|line| line.starts_with("MAIL") && line.ends_with(" SMTPUTF8")));
    });
}

#[test]
fn fault_14_a_letter_to_nobody_is_no_success() {
    everywhere(|app| async move {
        let script = vec![reply(At::Recipient, "550 5.1.1 no such user"), reply(At::Data, "354 go on")];
        let server = Server::start([script]).await;
        let ids = queue(&app, 2).await;
        assert_eq!(run(&app, &narrow(&app, &server)).await, 2);
        let found: HashMap<_, _> = rows(&app).await.into_iter().map(|row| (row.id, (row.state, row.last_code))).collect();
        assert_eq!(found[&ids[0]], (MailState::Failed, Some(550)));
        assert_eq!(found[&ids[1]].0, MailState::Sent);
        let ledger = server.ledger();
        assert_eq!(ledger.len(), 1);
        assert_eq!(ledger[0].message_id, format!("<{}@alongside>", ids[1]));
        assert_eq!(server.connections(), 1, "and the connection is used again");
    });
}

#[test]
fn fault_15_whatever_a_server_answers_no_answer_is_taken_for_another() {
    everywhere(|app| async move {
        let pieces = |at, pieces: &[&str]| (at, Act::Pieces(pieces.iter().map(|piece| (*piece).to_owned()).collect()));
        let long = format!("250-{}\r\n", "x".repeat(70)).repeat(110);
        let flood = "250 2.0.0 ok\r\n".repeat(1000);
        // What is answered, and what becomes of the letter at the first try.
        let cases: Vec<(Script, MailState)> = vec![
            (vec![pieces(At::Mail, &["25", "0-2.1", ".0 on\r", "\n250 2.1.0 e", "nd\r\n"])], MailState::Sent),
            (vec![pieces(At::Dot, &[&long, "250 2.0.0 taken\r\n"])], MailState::Sent),
            (vec![pieces(At::Recipient, &["250 2.1.5 o\0k\r\n"])], MailState::Sent),
            (vec![pieces(At::Mail, &["HTTP/1.1 400 Bad Request\r\n\r\n"])], MailState::Deferred),
            (vec![pieces(At::Mail, &[&flood])], MailState::Deferred),
            (vec![pieces(At::Data, &["250 what?\r\n"])], MailState::Deferred),
            (vec![pieces(At::Dot, &[&"250-more\r\n".repeat(20_000)])], MailState::Deferred),
            (vec![pieces(At::Dot, &["354 go on\r\n"])], MailState::Deferred),
            // It is taken, and the connection is not used again.
            (vec![pieces(At::Dot, &[&flood])], MailState::Sent),
        ];
        for (number, (script, state)) in cases.into_iter().enumerate() {
            let server = Server::start([script]).await;
            let first = queue(&app, 1).await[0];
            let mailer = narrow(&app, &server);
            run(&app, &mailer).await;
            let found = rows(&app).await.into_iter().find(|row| row.id == first).unwrap();
            assert_eq!(found.state, state, "case {number}: {:?}", found.last_text);
            // The next letter has an answer of its own.
            let second = queue(&app, 1).await[0];
            run(&app, &mailer).await;
            let next = rows(&app).await.into_iter().find(|row| row.id == second).unwrap();
            assert_eq!(next.state, MailState::Sent, "case {number}");
            let arrived = server.ledger().iter().filter(|letter| letter.message_id.contains(&second.to_string())).count();
            assert_eq!(arrived, 1, "case {number}");
            app.clock.advance(Duration::hours(1));
            run(&app, &mailer).await;
        }
    });
}

#[test]
fn fault_29_no_more_letters_in_a_time_than_were_wanted() {
    everywhere(|app| async move {
        let server = Server::start([]).await;
        let with = |rates: &str| {
            let pairs = [("ALONGSIDE_MAIL_RATES".to_owned(), rates.to_owned())];
            let limited = Config::read(pairs).unwrap().delivery;
            let config = Config { delivery: limited, ..config(&app, MailWay::Smtp(server.url())) };
            let platform = Platform { config: Arc::new(config.clone()), ..app.app.platform.clone() };
            (Mailer::new(composers(), transport::open(&config).unwrap(), &config).unwrap(), platform)
        };
        queue(&app, 45).await;
        let (first, platform) = with("server=10/s");
        let mut arrived = Vec::new();
        for step in 0..10 {
            // Another process begins in the middle.
            let (second, _) = with("server=10/s");
            let mailer = if step < 5 { &first } else { &second };
            let before = server.ledger().len();
            mailer.run_due(&platform, u64::MAX).await.unwrap();
            arrived.push(server.ledger().len() - before);
            app.clock.advance(Duration::milliseconds(500));
        }
        assert_eq!(arrived, [10, 5, 5, 5, 5, 5, 5, 5, 0, 0], "a second's worth at once, then ten a second");
        assert!(rows(&app).await.iter().all(|row| row.attempts == 1), "waiting is no attempt");

        // One domain is slow, the other is not.
        let tx = app.app.platform.db.begin().await.unwrap();
        let batch = open_batch(&tx, &app.clock, None, KIND, None, "test").await.unwrap();
        let letters: Vec<NewLetter> = (0..20)
            .map(|number| {
                let domain = if number % 2 == 0 { "slow.example" } else { "quick.example" };
                NewLetter { address: format!("person{number}@{domain}"), ..new_letter(&app, KIND, number) }
            })
            .collect();
        enqueue(&tx, &app.clock, None, batch, &letters).await.unwrap();
        tx.commit().await.unwrap();
        let (mailer, platform) = with("slow.example=60/m");
        mailer.run_due(&platform, u64::MAX).await.unwrap();
        let to = |domain: &str| server.ledger().iter().filter(|letter| letter.to.ends_with(domain)).count();
        assert_eq!((to("slow.example"), to("quick.example")), (1, 10));
        for seconds in 2..=10 {
            app.clock.advance(Duration::seconds(1));
            mailer.run_due(&platform, u64::MAX).await.unwrap();
            assert_eq!(to("slow.example"), seconds);
        }
    });
}
