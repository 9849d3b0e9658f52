//! Whether a letter goes out at all: what composers, suppressions and coordinators decide.

use super::*;

#[test]
fn one_bad_letter_holds_up_no_other() {
    everywhere(|app| async move {
        let (_, ids) = queue_as(&app, None, &[BAD, KIND, PANICS, KIND, "test.unknown"]).await;
        let memory = Memory::default();
        assert_eq!(run(&app, &mailer(&app, Arc::new(memory.clone()))).await, 5);
        assert_eq!(memory.take().len(), 2);
        assert_eq!(states(&app).await, HashMap::from([(MailState::Sent, 2), (MailState::Deferred, 3)]));
        let row = rows(&app).await.into_iter().find(|row| row.id == ids[0]).unwrap();
        assert_eq!(row.last_text.as_deref(), Some("no row for (address)"));
    });
}

#[test]
fn what_the_composer_decides_holds() {
    everywhere(|app| async move {
        let tomorrow = app.clock.now() + Duration::days(1);
        let mut composers = Composers::default();
        composers.on(KIND, |_, _| async { Ok(Composed::Drop(MailState::Cancelled, "answered already")) });
        composers.on(BAD, move |platform: Platform, _| async move {
            if platform.clock.now() < tomorrow {
                return Ok(Composed::Later(tomorrow));
            }
            Ok(Composed::Letter(Box::new(Letter::new("Sunrise", "Good morning", "You asked."))))
        });
        let memory = Memory::default();
        let mailer = Mailer::new(composers, Arc::new(memory.clone()), &app.app.platform.config).unwrap();
        let (_, ids) = queue_as(&app, None, &[KIND, BAD]).await;
        assert_eq!(run(&app, &mailer).await, 2);
        assert_eq!(run(&app, &mailer).await, 0);
        let rows = rows(&app).await;
        assert_eq!(
            (rows[0].state, rows[0].attempts, rows[0].last_text.as_deref()),
            (MailState::Cancelled, 0, Some("answered already"))
        );
        assert_eq!((rows[1].state, rows[1].attempts, rows[1].next_at), (MailState::Queued, 0, tomorrow));
        assert!(history(&app, ids[1]).await.is_empty(), "waiting is no event");
        app.clock.advance(Duration::days(1));
        assert_eq!(run(&app, &mailer).await, 1);
        assert_eq!(memory.take().len(), 1);
    });
}

#[test]
fn who_wanted_quiet_for_longer_than_a_letter_lasts_still_gets_it() {
    everywhere(|app| async move {
        let ends = app.clock.now() + Duration::days(5);
        let mut composers = Composers::default();
        composers.on(KIND, move |platform: Platform, _| async move {
            if platform.clock.now() < ends {
                return Ok(Composed::Later(ends));
            }
            Ok(Composed::Letter(Box::new(Letter::new("Sunrise", "What came of it", "You asked."))))
        });
        let memory = Memory::default();
        let mailer = Mailer::new(composers, Arc::new(memory.clone()), &app.app.platform.config).unwrap();
        // A letter that is said to end sooner keeps that much less.
        let tx = app.app.platform.db.begin().await.unwrap();
        let batch = open_batch(&tx, &app.clock, None, KIND, None, "test").await.unwrap();
        let hour = Some(app.clock.now() + Duration::hours(1));
        let letters = [new_letter(&app, KIND, 0), NewLetter { expires_at: hour, ..new_letter(&app, KIND, 1) }];
        enqueue(&tx, &app.clock, None, batch, &letters).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(run(&app, &mailer).await, 2);
        let waiting = rows(&app).await;
        assert!(waiting.iter().all(|row| row.next_at == ends));
        assert_eq!(waiting[0].expires_at, Some(ends + Duration::hours(72)));
        assert_eq!(waiting[1].expires_at, Some(ends + Duration::hours(1)));
        app.clock.advance(Duration::days(5));
        assert_eq!(run(&app, &mailer).await, 2);
        assert_eq!(memory.take().len(), 2);
    });
}

#[test]
fn a_suppressed_address_is_not_written_to() {
    everywhere(|app| async move {
        let platform = &app.app.platform;
        let (ours, theirs) = (sunrise(&app).await, sunrise(&app).await);
        let in_an_hour = Some(app.clock.now() + Duration::hours(1));
        let db = platform.db.write();
        let unsubscribed = SuppressionReason::Unsubscribed;
        suppression::suppress(db, platform, ours, "Person0@Example.org", suppression::ALL, unsubscribed, None).await.unwrap();
        // What holds for good is not shortened by what comes later.
        suppression::suppress(
            db,
            platform,
            ours,
            "person0@example.org",
            suppression::ALL,
            SuppressionReason::Bounced,
            in_an_hour,
        )
        .await
        .unwrap();
        suppression::suppress(db, platform, ours, "person1@example.org", KIND, unsubscribed, in_an_hour).await.unwrap();
        suppression::suppress(db, platform, ours, "person2@example.org", "another.kind", unsubscribed, None).await.unwrap();
        let memory = Memory::default();
        let mailer = mailer(&app, Arc::new(memory.clone()));
        let sent = async |organisation| {
            queue_as(&app, Some(organisation), &[KIND, KIND, KIND]).await;
            run(&app, &mailer).await;
            let mut sent: Vec<String> = memory.take().into_iter().map(|letter| letter.to).collect();
            sent.sort();
            sent
        };
        assert_eq!(sent(ours).await, ["person2@example.org"]);
        assert_eq!(sent(theirs).await.len(), 3, "another organisation was not told");
        app.clock.advance(Duration::hours(2));
        assert_eq!(sent(ours).await, ["person1@example.org", "person2@example.org"]);
        let stopped = async |address: &str| {
            let found = suppression::suppressed(platform.db.read(), platform, ours, [address], KIND).await.unwrap();
            !found.is_empty()
        };
        assert!(stopped("PERSON0@example.org").await);
        assert!(suppression::lift(db, platform, ours, "person0@example.org", suppression::ALL).await.unwrap());
        assert!(!stopped("person0@example.org").await);
        assert_eq!(sent(ours).await.len(), 3);
        assert_eq!(states(&app).await, HashMap::from([(MailState::Sent, 9), (MailState::Suppressed, 3)]));
        // Letters that staff need are not held back.
        suppression::suppress(db, platform, ours, "person0@example.org", suppression::ALL, unsubscribed, None).await.unwrap();
        let batch = open_batch(db, &app.clock, Some(ours), KIND, None, "test").await.unwrap();
        let letter = NewLetter { recipient_kind: RecipientKind::Staff, ..new_letter(&app, KIND, 0) };
        enqueue(db, &app.clock, Some(ours), batch, &[letter]).await.unwrap();
        run(&app, &mailer).await;
        assert_eq!(memory.take().len(), 1);
    });
}

#[test]
fn fault_26_a_mailing_can_be_paused_resumed_and_cancelled() {
    everywhere(|app| async move {
        let platform = &app.app.platform;
        let organisation = sunrise(&app).await;
        let other: OrganisationId = app.clock.new_id();
        let (batch, _) = queue_as(&app, Some(organisation), &[KIND; 30]).await;
        let first = Stuck { free: 8, ..Stuck::default() };
        let stuck = mailer(&app, Arc::new(first.clone()));
        tokio::select! {
            _ = stuck.run_due(platform, 100) => panic!("the worker should not have come to an end"),
            () = async {
                first.stuck.notified().await;
                let tx = platform.db.begin().await.unwrap();
                assert_eq!(status::pause(&tx, other, batch, "x").await.unwrap_err(), Error::NotFound("mailing"));
                status::pause(&tx, organisation, batch, "a wrong date in the text").await.unwrap();
                tx.commit().await.unwrap();
            } => {}
        }
        // Longer than letters are tried: what stands still loses no time.
        app.clock.advance(Duration::days(5));
        let memory = Memory::default();
        let second = mailer(&app, Arc::new(memory.clone()));
        assert_eq!(run(&app, &second).await, 0, "paused");
        let row = mail_batch::Entity::find_by_id(batch).one(platform.db.read()).await.unwrap().unwrap();
        assert_eq!((row.state, row.pause_reason.as_deref()), (BatchState::Paused, Some("a wrong date in the text")));
        let tx = platform.db.begin().await.unwrap();
        status::resume(&tx, &app.clock, organisation, batch).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(second.run_due(platform, 5).await.unwrap(), 5);
        let tx = platform.db.begin().await.unwrap();
        assert!(status::cancel(&tx, &platform.clock, organisation, batch).await.unwrap() > 0);
        tx.commit().await.unwrap();
        assert_eq!(run(&app, &second).await, 0);
        let tx = platform.db.begin().await.unwrap();
        assert!(matches!(
            status::resume(&tx, &app.clock, organisation, batch).await,
            Err(Error::Conflict { code: "mailing_cancelled", .. })
        ));
        drop(tx);
        let counts = status::counts_of(platform.db.read(), [batch]).await.unwrap().remove(&batch).unwrap();
        assert_eq!(counts.states.iter().map(|(_, count)| count).sum::<u64>(), 30);
        let count = |state| counts.of(&[state]);
        assert_eq!(count(MailState::Sent) + count(MailState::Cancelled), 30, "{counts:?}");
        // Whoever wrote the letters hears that they were cancelled.
        assert_eq!(app.app.run_queue().await.unwrap(), 1);
    });
}

#[test]
fn fault_26_a_paused_mailing_stops_while_it_goes_out() {
    everywhere(|app| async move {
        let platform = &app.app.platform;
        let organisation = sunrise(&app).await;
        let (batch, _) = queue_as(&app, Some(organisation), &[KIND; 30]).await;
        let gate = Arc::new(Notify::new());
        let server = Server::start([vec![(At::Dot, Act::Wait(gate.clone()))]]).await;
        let narrow = Config { smtp_connections: 1, ..config(&app, MailWay::Smtp(server.url())) };
        let mailer = Mailer::new(composers(), transport::open(&narrow).unwrap(), &narrow).unwrap();
        let pause = async {
            while server.ledger().is_empty() {
                tokio::task::yield_now().await;
            }
            let tx = platform.db.begin().await.unwrap();
            status::pause(&tx, organisation, batch, "stop").await.unwrap();
            tx.commit().await.unwrap();
            gate.notify_one();
        };
        join(run(&app, &mailer), pause).await;
        assert_eq!(server.ledger().len(), 1);
        assert_eq!(states(&app).await, HashMap::from([(MailState::Sent, 1), (MailState::Queued, 29)]));
        let tx = platform.db.begin().await.unwrap();
        status::resume(&tx, &app.clock, organisation, batch).await.unwrap();
        tx.commit().await.unwrap();
        while run(&app, &mailer).await > 0 {}
        assert_eq!(server.ledger().len(), 30, "the rest goes out once");
    });
}

#[test]
fn a_worker_that_is_asked_to_stop_finishes_what_it_began_and_gives_the_rest_back() {
    everywhere(|app| async move {
        let organisation = sunrise(&app).await;
        queue_as(&app, Some(organisation), &[KIND; 30]).await;
        let gate = Arc::new(Notify::new());
        let server = Server::start([vec![(At::Dot, Act::Wait(gate.clone()))]]).await;
        let narrow = Config { smtp_connections: 1, ..config(&app, MailWay::Smtp(server.url())) };
        let tasks = Tasks::new();
        let first = Mailer::new(composers(), transport::open(&narrow).unwrap(), &narrow).unwrap().until(&tasks);
        let stop = async {
            while server.ledger().is_empty() {
                tokio::task::yield_now().await;
            }
            tasks.stop();
            gate.notify_one();
        };
        join(run(&app, &first), stop).await;
        assert_eq!(states(&app).await, HashMap::from([(MailState::Sent, 1), (MailState::Queued, 29)]));
        // Whoever comes next need not wait for a lease to end.
        while run(&app, &to(&app, &server)).await > 0 {}
        assert_eq!(server.ledger().len(), 30);
    });
}

#[test]
fn the_outbox_can_be_watched() {
    everywhere(|app| async move {
        queue(&app, 2).await;
        app.clock.advance(Duration::seconds(90));
        let text = metrics(&app.app.platform).await.unwrap();
        assert!(text.contains("alongside_mail_letters{state=\"queued\"} 2\n"), "{text}");
        assert!(text.contains("alongside_mail_letters{state=\"sent\"} 0\n"));
        assert!(text.contains("alongside_mail_oldest_queued_seconds 90\n"));
        run(&app, &mailer(&app, Arc::new(Memory::default()))).await;
        assert!(metrics(&app.app.platform).await.unwrap().contains("alongside_mail_oldest_queued_seconds 0\n"));
    });
}

#[test]
fn a_sender_that_is_none_is_refused_at_the_start() {
    everywhere(|app| async move {
        let config = Config { mail_from: "nobody".into(), ..config(&app, MailWay::Memory) };
        let Err(error) = Mailer::new(composers(), Arc::new(Memory::default()), &config) else { panic!("it should be refused") };
        assert!(error.to_string().contains("ALONGSIDE_MAIL_FROM"));
        let smtp = self::config(&app, MailWay::Smtp("smtp://ada:pw@mail.example".into()));
        let Err(error) = transport::open(&smtp) else { panic!("it should be refused") };
        assert!(error.to_string().contains("unencrypted") && !error.to_string().contains("pw@"));
    });
}
