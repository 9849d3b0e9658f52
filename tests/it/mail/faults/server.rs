//! What servers do and say.

use super::*;

#[test]
fn fault_09_trouble_with_our_account_is_held_against_nobody() {
    everywhere(|app| async move {
        let (organisation, _) = sending(&app, 12).await;
        let bad: Vec<Script> = (0..5).map(|_| vec![reply(At::Greeting, "554 5.7.1 your account is blocked")]).collect();
        let server = Server::start(bad).await;
        let mailer = narrow(&app, &server);
        assert_eq!(run(&app, &mailer).await, 0, "no letter was touched");
        assert_eq!(server.connections(), 5, "then nothing is tried for a while");
        assert_eq!(states(&app).await, HashMap::from([(MailState::Queued, 12)]));
        assert!(rows(&app).await.iter().all(|row| row.attempts == 0));
        assert_eq!(suppressed(&app, organisation).await, 0);
        let known = self::known(&app, &server).await;
        assert_eq!((known.last_stage.as_deref(), known.last_code), (Some("greeting"), Some(554)));
        let until = known.closed_until.unwrap();
        assert_eq!(until, app.clock.now() + Duration::minutes(1));
        // Another process knows it as well.
        assert_eq!(run(&app, &to(&app, &server)).await, 0);
        assert_eq!(server.connections(), 5);
        // It can be told since when, over all the times in which nothing is tried; not while another server takes them.
        let since = app.clock.now();
        let with = |urls: String| app.with(|config| config.mail = MailWay::Smtp(urls));
        let refusing = async |urls: String| refusing::refusing(&with(urls).app.platform).await.unwrap();
        let told = refusing(server.url()).await.unwrap();
        assert_eq!((told.since, told.next_at, told.why().as_str()), (since, Some(until), "it turns us away, 554"));
        assert_eq!(refusing(format!("{},smtp://mail.example:25", server.url())).await, None);
        assert_eq!(refusing::refusing(&app.app.platform).await.unwrap(), None, "letters do not leave by SMTP here");
        server.also([vec![reply(At::Greeting, "554 5.7.1 your account is blocked")]]);
        app.clock.advance(Duration::minutes(1));
        assert_eq!(run(&app, &mailer).await, 0);
        let told = refusing(server.url()).await.unwrap();
        assert_eq!((told.since, told.next_at), (since, Some(app.clock.now() + Duration::minutes(2))));
        app.clock.advance(Duration::minutes(1));
        // After a repair it goes on by itself, with one connection that tries.
        app.clock.advance(Duration::minutes(1));
        assert_eq!(run(&app, &mailer).await, 12);
        assert_eq!(states(&app).await, HashMap::from([(MailState::Sent, 12)]));
        assert_eq!(self::known(&app, &server).await.closed_until, None);
        assert_eq!(refusing(server.url()).await, None);
    });
}

#[test]
fn fault_09_a_server_that_is_not_there_is_held_against_nobody() {
    everywhere(|app| async move {
        let gone = Server::start([]).await;
        let url = gone.url();
        let address = gone.address.to_string();
        drop(gone);
        sending(&app, 3).await;
        let mailer = mailer(&app, transport::open(&config(&app, MailWay::Smtp(url))).unwrap());
        assert_eq!(run(&app, &mailer).await, 0);
        assert_eq!(states(&app).await, HashMap::from([(MailState::Queued, 3)]));
        let known = route(&app, RouteKind::Server, &address).await.unwrap();
        assert_eq!((known.last_stage.as_deref(), known.last_code), (Some("connect"), None));
        assert!(known.closed_until.is_some());
    });
}

#[test]
fn fault_10_a_server_that_takes_leave_costs_no_letter_an_attempt() {
    everywhere(|app| async move {
        let bye = "421 4.3.2 shutting down";
        let scripts = [At::Greeting, At::Hello, At::Mail, At::Recipient, At::Data, At::Dot].map(|at| vec![reply(at, bye)]);
        // After two letters on one connection as well.
        let fine = reply(At::Mail, "250 2.1.0 ok");
        let scripts = scripts.into_iter().chain([vec![fine.clone(), fine, reply(At::Mail, bye)]]);
        let server = Server::start(scripts).await;
        queue(&app, 20).await;
        let mailer = narrow(&app, &server);
        // So many in a row that nothing is tried for a minute.
        for _ in 0..10 {
            run(&app, &mailer).await;
            app.clock.advance(Duration::minutes(2));
        }
        assert_eq!(states(&app).await, HashMap::from([(MailState::Sent, 20)]));
        assert!(rows(&app).await.iter().all(|row| row.attempts == 1), "the one that got through");
        assert_eq!(server.ledger().len(), 20, "each once");
    });
}

#[test]
fn fault_11_a_greylist_is_waited_for() {
    everywhere(|app| async move {
        let later = "450 4.7.1 greylisted, try again in 300 seconds";
        let server = Server::start([vec![reply(At::Recipient, later)]]).await;
        queue(&app, 1).await;
        let mailer = to(&app, &server);
        assert_eq!(run(&app, &mailer).await, 1);
        let row = only(&app).await;
        assert_eq!((row.state, row.attempts), (MailState::Deferred, 1));
        assert!(row.next_at >= app.clock.now() + Duration::seconds(240), "as long as the server said, a fifth less at most");
        app.clock.advance(Duration::seconds(239));
        assert_eq!(run(&app, &mailer).await, 0);
        app.clock.advance(Duration::seconds(121));
        assert_eq!(run(&app, &mailer).await, 1);
        assert_eq!(server.ledger().len(), 1);
    });
}

#[test]
fn fault_12_what_is_said_of_an_address_and_what_is_said_of_us() {
    everywhere(|app| async move {
        let answers = [
            ("550 5.1.1 no such user", MailState::Failed, true),
            ("552 5.2.2 mailbox full", MailState::Deferred, false),
            ("550 5.7.1 not from you", MailState::Failed, false),
            ("550 5.7.515 you are not authenticated", MailState::Failed, false),
        ];
        for (answer, state, suppresses) in answers {
            let (organisation, batch) = sending(&app, 2).await;
            let server = Server::start([vec![reply(At::Recipient, answer)]]).await;
            let mailer = narrow(&app, &server);
            assert_eq!(run(&app, &mailer).await, 2);
            let its: Vec<_> = rows(&app).await.into_iter().filter(|row| row.batch_id == batch).collect();
            assert_eq!((its[0].state, its[1].state), (state, MailState::Sent), "{answer}");
            assert_eq!(server.connections(), 1, "{answer}: the connection is used again");
            assert_eq!(suppressed(&app, organisation).await, usize::from(suppresses), "{answer}");
            assert_eq!(self::batch(&app, batch).await.state, BatchState::Running);
        }
    });
}

#[test]
fn fault_12_a_domain_that_refuses_us_is_left_alone_and_others_are_not() {
    everywhere(|app| async move {
        let refusal = reply(At::Recipient, "550 5.7.26 this letter is not authenticated");
        let server = Server::start([vec![refusal; 5]]).await;
        let mailer = narrow(&app, &server);
        sending(&app, 9).await;
        run(&app, &mailer).await;
        assert_eq!(states(&app).await, HashMap::from([(MailState::Failed, 5), (MailState::Queued, 4)]));
        let known = route(&app, RouteKind::Domain, "example.org").await.unwrap();
        assert_eq!((known.last_enhanced.as_deref(), known.faults), (Some("5.7.26"), 5));
        // Another domain is written to meanwhile.
        let tx = app.app.platform.db.begin().await.unwrap();
        let batch = open_batch(&tx, &app.clock, None, KIND, None, "test").await.unwrap();
        let other = NewLetter { address: "cy@example.net".into(), ..new_letter(&app, KIND, 1) };
        enqueue(&tx, &app.clock, None, batch, &[other]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(run(&app, &mailer).await, 1);
        assert_eq!(server.ledger()[0].to, "cy@example.net");
        app.clock.advance(Duration::minutes(1));
        run(&app, &mailer).await;
        app.clock.advance(Duration::minutes(1));
        run(&app, &mailer).await;
        assert_eq!(states(&app).await, HashMap::from([(MailState::Failed, 5), (MailState::Sent, 5)]));
    });
}

#[test]
fn fault_12_a_letter_that_is_refused_again_and_again_stops_its_sending() {
    everywhere(|app| async move {
        let server = Server::start([vec![reply(At::Dot, "554 5.6.0 looks like spam"); 10]]).await;
        let (organisation, id) = sending(&app, 9).await;
        let mailer = narrow(&app, &server);
        run(&app, &mailer).await;
        assert_eq!(states(&app).await, HashMap::from([(MailState::Failed, 3), (MailState::Queued, 6)]));
        let batch = self::batch(&app, id).await;
        assert_eq!(batch.state, BatchState::Paused);
        assert!(batch.pause_reason.unwrap().contains("“5.6.0 looks like spam”"));
        assert_eq!(suppressed(&app, organisation).await, 0);
        assert_eq!(run(&app, &mailer).await, 0);
        let refused = server.ledger().len();
        // Repaired: the rest goes out, and what was refused can be sent again.
        let good = Server::start([]).await;
        let mailer = to(&app, &good);
        let tx = app.app.platform.db.begin().await.unwrap();
        status::resume(&tx, &app.clock, organisation, id).await.unwrap();
        status::retry(&tx, &app.clock, organisation, id, false).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(run(&app, &mailer).await, 9);
        assert_eq!((refused, good.ledger().len()), (0, 9));
    });
}

#[test]
fn fault_12_a_sender_that_is_not_taken_stops_its_sending() {
    everywhere(|app| async move {
        let server = Server::start([vec![reply(At::Mail, "553 5.1.8 not your address")]]).await;
        let (_, id) = sending(&app, 9).await;
        let mailer = narrow(&app, &server);
        run(&app, &mailer).await;
        assert_eq!(states(&app).await, HashMap::from([(MailState::Queued, 9)]));
        assert!(rows(&app).await.iter().all(|row| row.attempts == 0));
        assert!(self::batch(&app, id).await.pause_reason.unwrap().contains("our address"));
    });
}

#[test]
fn fault_05_a_server_that_takes_long_over_each_envelope_gets_letters_all_the_same() {
    everywhere(|app| async move {
        let (first, second) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = |gate: &Arc<Notify>| vec![(At::Recipient, Act::Wait(gate.clone()))];
        let server = Server::start([slow(&first), slow(&second)]).await;
        queue(&app, 1).await;
        // As ten seconds are to a minute: the composer's word has run out when the answer comes.
        let mailer = narrow(&app, &server).fresh_for(std::time::Duration::from_millis(50));
        let answers = async {
            for gate in [&first, &second] {
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
                gate.notify_one();
            }
        };
        join(run(&app, &mailer), answers).await;
        let row = only(&app).await;
        assert_eq!((row.state, row.attempts, row.doubts), (MailState::Sent, 1, 0));
        assert_eq!(server.ledger().len(), 1);
    });
}
