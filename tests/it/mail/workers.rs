//! Workers that die, come back, or work side by side.

use super::*;

#[test]
fn fault_03_two_workers_send_nothing_twice() {
    everywhere(|app| async move {
        let server = Server::start([]).await;
        // As another process would: its own connections, the same time.
        let db = Db::connect(&app.url, 4).await.unwrap();
        let other = Platform { db, ..app.app.platform.clone() };
        queue(&app, 120).await;
        let (one, two) = (to(&app, &server), to(&app, &server));
        let all = async |platform: &Platform, mailer: &Mailer| {
            let mut count = 0;
            loop {
                match mailer.run_due(platform, 7).await.unwrap() {
                    0 => return count,
                    done => count += done,
                }
            }
        };
        let (a, b) = join(all(&app.app.platform, &one), all(&other, &two)).await;
        // A worker that finds everything taken ends early; what the other one holds is its own.
        assert_eq!(a + b, 120);
        assert_eq!(states(&app).await, HashMap::from([(MailState::Sent, 120)]));
        let ledger = server.ledger();
        let distinct: HashSet<&String> = ledger.iter().map(|letter| &letter.message_id).collect();
        assert_eq!((ledger.len(), distinct.len()), (120, 120));
        other.db.close().await.unwrap();
    });
}

#[test]
fn a_worker_that_dies_loses_nothing_and_repeats_only_what_it_was_handing_over() {
    everywhere(|app| async move {
        let ids = queue(&app, 40).await;
        let first = Stuck { free: 20, ..Stuck::default() };
        die(&app, &first).await;
        let memory = Memory::default();
        let second = mailer(&app, Arc::new(memory.clone()));
        assert_eq!(run(&app, &second).await, 0, "the leases have not ended");
        app.clock.advance(Duration::minutes(16));
        // The transaction that was dropped half-way may hold its rows for a moment longer; they are found a little later.
        for _ in 0..1000 {
            run(&app, &second).await;
            if states(&app).await == HashMap::from([(MailState::Sent, 40)]) {
                break;
            }
        }
        assert_eq!(states(&app).await, HashMap::from([(MailState::Sent, 40)]));
        let mut repeated = HashSet::new();
        for id in &ids {
            let events: Vec<_> = history(&app, *id).await.into_iter().map(|event| event.event).collect();
            if events != [MailState::Sent] {
                assert_eq!(events, [MailState::Uncertain, MailState::Sent]);
                repeated.insert(format!("{id}@alongside"));
            }
        }
        assert!((1..=8).contains(&repeated.len()), "{} letters in doubt", repeated.len());

        let before: HashMap<String, Vec<u8>> =
            first.taken.lock().unwrap().iter().map(|letter| (letter.id.clone(), letter.message.clone())).collect();
        let after = memory.take();
        let all: HashSet<String> = before.keys().cloned().chain(after.iter().map(|letter| letter.id.clone())).collect();
        assert_eq!(all, ids.iter().map(|id| format!("{id}@alongside")).collect(), "nobody is lost");
        for letter in after.iter().filter(|letter| before.contains_key(&letter.id)) {
            assert!(repeated.contains(&letter.id), "{} came twice without need", letter.id);
            assert_eq!(letter.message, before[&letter.id], "a letter that is sent again is the same letter");
        }
    });
}

#[test]
fn a_letter_whose_worker_dies_twice_waits_for_a_person() {
    everywhere(|app| async move {
        queue(&app, 1).await;
        for _ in 0..2 {
            die(&app, &Stuck::default()).await;
            app.clock.advance(Duration::minutes(16));
        }
        let memory = Memory::default();
        assert_eq!(run(&app, &mailer(&app, Arc::new(memory.clone()))).await, 0);
        assert!(memory.take().is_empty());
        let row = only(&app).await;
        assert_eq!((row.state, row.attempts), (MailState::Uncertain, 2));
        assert_eq!(history(&app, row.id).await.len(), 2);
    });
}

async fn ask_in_doubt(app: &TestApp, organisation: OrganisationId, batch: MailBatchId) {
    let tx = app.app.platform.db.begin().await.unwrap();
    status::ask_in_doubt(&tx, &app.clock, organisation, batch, true).await.unwrap();
    tx.commit().await.unwrap();
}

#[test]
fn fault_02_a_mailing_can_leave_letters_in_doubt_to_a_person() {
    everywhere(|app| async move {
        let organisation = sunrise(&app).await;
        let (batch, _) = queue_as(&app, Some(organisation), &[KIND]).await;
        ask_in_doubt(&app, organisation, batch).await;
        die(&app, &Stuck::default()).await;
        app.clock.advance(Duration::minutes(16));
        let memory = Memory::default();
        let good = mailer(&app, Arc::new(memory.clone()));
        assert_eq!(run(&app, &good).await, 0, "it is not sent once more");
        let row = only(&app).await;
        assert_eq!((row.state, row.doubts), (MailState::Uncertain, 1));
        let said = history(&app, row.id).await.remove(0).detail.unwrap();
        assert!(said.ends_with("it stays as it is"), "{said}");
        // Until somebody decides.
        let tx = app.app.platform.db.begin().await.unwrap();
        assert_eq!(status::retry(&tx, &app.clock, organisation, batch, true).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(run(&app, &good).await, 1);
        assert_eq!((memory.take().len(), only(&app).await.state), (1, MailState::Sent));
    });
}

#[test]
fn fault_06_a_letter_without_an_answer_is_left_where_a_person_decides() {
    everywhere(|app| async move {
        // Said before, or while the letter waits to be sent once more.
        for before in [true, false] {
            let organisation = sunrise(&app).await;
            let (batch, ids) = queue_as(&app, Some(organisation), &[KIND]).await;
            if before {
                ask_in_doubt(&app, organisation, batch).await;
            }
            let server = Server::start([vec![(At::Dot, Act::TakeAndHangUp)]]).await;
            assert_eq!(run(&app, &to(&app, &server)).await, 1);
            let state = async || rows(&app).await.into_iter().find(|row| row.id == ids[0]).unwrap().state;
            assert_eq!(state().await, if before { MailState::Uncertain } else { MailState::Deferred });
            ask_in_doubt(&app, organisation, batch).await;
            app.clock.advance(Duration::minutes(30));
            assert_eq!(run(&app, &to(&app, &server)).await, 0);
            assert_eq!((state().await, server.ledger().len()), (MailState::Uncertain, 1));
        }
    });
}

#[test]
fn fault_04_a_late_answer_changes_nothing_that_somebody_else_took_over() {
    everywhere(|app| async move {
        queue(&app, 1).await;
        let gate = Arc::new(Notify::new());
        let server = Server::start([vec![(At::Dot, Act::Wait(gate.clone()))]]).await;
        let slow = to(&app, &server);
        let quick = async {
            while server.ledger().is_empty() {
                tokio::task::yield_now().await;
            }
            app.clock.advance(Duration::minutes(16));
            run(&app, &mailer(&app, Arc::new(Refusing))).await;
            gate.notify_one();
        };
        let (_, ()) = join(run(&app, &slow), quick).await;
        let row = only(&app).await;
        assert_eq!((row.state, row.last_code), (MailState::Failed, Some(550)));
    });
}

/// Refuses every letter.
#[derive(Clone)]
struct Refusing;

impl Slot for Refusing {
    fn accept(&self, _: Outgoing) -> BoxFuture<'_, Result<(), SendFault>> {
        let fault = SendFault { stage: transport::Stage::Recipient, code: Some(550), enhanced: None, text: "no".into() };
        Box::pin(async move { Err(fault) })
    }
}

/// Never answers to letters to one domain.
#[derive(Clone, Default)]
struct Slow {
    taken: Arc<Mutex<Vec<String>>>,
    came: Arc<Notify>,
}

impl Slot for Slow {
    fn accept(&self, letter: Outgoing) -> BoxFuture<'_, Result<(), SendFault>> {
        Box::pin(async move {
            let slow = letter.to.ends_with("@example.org");
            self.taken.lock().unwrap().push(letter.to);
            self.came.notify_one();
            if slow { std::future::pending().await } else { Ok(()) }
        })
    }
}

#[test]
fn fault_29_a_domain_that_takes_letters_slowly_leaves_room_for_others() {
    everywhere(|app| async move {
        queue(&app, 30).await;
        let slow = Slow::default();
        let mailer = mailer(&app, Arc::new(slow.clone()));
        let until = async |count: usize| {
            while slow.taken.lock().unwrap().len() < count {
                slow.came.notified().await;
            }
        };
        let others = async {
            // Of eight connections six are held by that domain, and no more.
            until(6).await;
            let tx = app.app.platform.db.begin().await.unwrap();
            let batch = open_batch(&tx, &app.clock, None, KIND, None, "test").await.unwrap();
            let letter = NewLetter { address: "cy@example.net".into(), ..new_letter(&app, KIND, 1) };
            enqueue(&tx, &app.clock, None, batch, &[letter]).await.unwrap();
            tx.commit().await.unwrap();
            until(7).await;
        };
        tokio::select! {
            _ = run(&app, &mailer) => panic!("the worker should not have come to an end"),
            () = others => {}
        }
        assert_eq!(slow.taken.lock().unwrap()[6], "cy@example.net");
        app.clock.advance(Duration::minutes(16));
        let memory = Memory::default();
        let heir = self::mailer(&app, Arc::new(memory.clone()));
        run(&app, &heir).await;
    });
}
