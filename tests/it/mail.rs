//! The outbox and what leaves it: nobody is lost, and nobody is written to twice without need.

use crate::harness::{
    TestApp, everywhere,
    smtp::{Act, At, Script, Server},
};
use alongside::platform::{
    Config, Db, Error, Platform,
    config::MailWay,
    mail::{
        Composed, Composers, Letter, Mailer, NewLetter, Transport, enqueue, metrics, open_batch, priority, status, suppression,
        transport::{self, Memory, Outgoing, SendFault},
    },
};
use chrono::Duration;
use entity::{
    BatchState, MailBatchId, MailMessageId, MailState, OrganisationId, RecipientKind, SuppressionReason, mail_batch, mail_event,
    mail_message, organisation,
};
use futures_util::future::{BoxFuture, join};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};
use tokio::sync::Notify;
use uuid::Uuid;

const KIND: &str = "test.letter";
const BAD: &str = "test.bad";
const PANICS: &str = "test.panics";

/// Writes letters that say which they are.
fn composers() -> Composers {
    let mut composers = Composers::default();
    composers.on(KIND, |_, message| async move {
        let letter = Letter::new("Sunrise trust", "What we heard", "You asked for it.")
            .text("A short word.")
            .button("Answer", format!("https://alongside.test/i/ai_{}", message.id.0.simple()))
            .stoppable("https://alongside.test/u/au_x", "news");
        Ok(Composed::Letter(Box::new(letter)))
    });
    composers.on(BAD, |_, _| async { Err(Error::bug("no row for ben@example.org")) });
    composers.on(PANICS, |_, _| async { panic!("a composer that panics") });
    composers
}

fn config(app: &TestApp, mail: MailWay) -> Config {
    Config { mail, ..(*app.app.platform.config).clone() }
}

fn mailer(app: &TestApp, transport: Arc<dyn Transport>) -> Mailer {
    Mailer::new(composers(), transport, &app.app.platform.config).unwrap()
}

/// A mailer that sends to this server.
fn to(app: &TestApp, server: &Server) -> Mailer {
    let config = config(app, MailWay::Smtp(server.url()));
    mailer(app, transport::open(&config).unwrap())
}

/// An organisation, for letters that belong to one.
async fn sunrise(app: &TestApp) -> OrganisationId {
    let id: OrganisationId = app.clock.new_id();
    let row = organisation::ActiveModel {
        id: Set(id),
        slug: Set(format!("o{}", id.0.simple())),
        name: Set("Sunrise".to_owned()),
        contact: Set("x".to_owned()),
        privacy_url: Set(None),
        link_template: Set(None),
        time_zone: Set("Europe/London".to_owned()),
        minimum_group: Set(5),
        version: Set(1),
        created_at: Set(app.clock.now()),
    };
    organisation::Entity::insert(row).exec_without_returning(app.app.platform.db.write()).await.unwrap();
    id
}

fn new_letter(app: &TestApp, kind: &'static str, number: usize) -> NewLetter {
    NewLetter {
        id: app.clock.new_id(),
        kind,
        recipient_kind: RecipientKind::Participant,
        recipient_id: app.clock.new_id(),
        subject_id: Some(Uuid::from_u128(9)),
        address: format!("person{number}@example.org"),
        n: 0,
        priority: priority::INVITATION,
        expires_at: None,
    }
}

/// Enqueues letters of a kind.
async fn queue_as(
    app: &TestApp,
    organisation: Option<OrganisationId>,
    kinds: &[&'static str],
) -> (MailBatchId, Vec<MailMessageId>) {
    let tx = app.app.platform.db.begin().await.unwrap();
    let batch = open_batch(&tx, &app.clock, organisation, KIND, None, "test").await.unwrap();
    let letters: Vec<NewLetter> = kinds.iter().enumerate().map(|(number, kind)| new_letter(app, kind, number)).collect();
    enqueue(&tx, &app.clock, organisation, batch, &letters).await.unwrap();
    tx.commit().await.unwrap();
    (batch, letters.iter().map(|letter| letter.id).collect())
}

async fn queue(app: &TestApp, count: usize) -> Vec<MailMessageId> {
    queue_as(app, None, &vec![KIND; count]).await.1
}

async fn rows(app: &TestApp) -> Vec<mail_message::Model> {
    mail_message::Entity::find().order_by_asc(mail_message::Column::Id).all(app.app.platform.db.read()).await.unwrap()
}

async fn only(app: &TestApp) -> mail_message::Model {
    let mut rows = rows(app).await;
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

async fn states(app: &TestApp) -> HashMap<MailState, usize> {
    let mut states = HashMap::new();
    for row in rows(app).await {
        *states.entry(row.state).or_default() += 1;
    }
    states
}

async fn history(app: &TestApp, id: MailMessageId) -> Vec<mail_event::Model> {
    mail_event::Entity::find()
        .filter(mail_event::Column::MessageId.eq(id))
        .order_by_asc(mail_event::Column::Id)
        .all(app.app.platform.db.read())
        .await
        .unwrap()
}

async fn run(app: &TestApp, mailer: &Mailer) -> usize {
    mailer.run_due(&app.app.platform, 100).await.unwrap()
}

#[test]
fn the_links_of_a_letter_can_be_read_from_it() {
    everywhere(|app| async move {
        let administrator = app.administrator().await;
        let body = serde_json::json!({"email": "ada@staff.example", "role": "coordinator"});
        app.post(administrator.path("/staff")).token(&administrator.token).json(&body).send().await.expect(202);
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 1);
        let token = letters[0].token("al_");
        assert_eq!(token.len(), 46);
        assert!(letters[0].text().contains(&format!("\nhttps://alongside.test/staff-invitation#{token}")));
        assert!(letters[0].raw.contains("Subject: Join the staff of sunrise trust on Alongside\r\n"), "{}", letters[0].raw);
        assert!(letters[0].raw.is_ascii());
        let html = letters[0].html();
        assert_eq!(html.matches("<h1").count(), 1);
        assert!(html.contains(&token), "both parts hold the same link");
    });
}

#[test]
fn a_folder_gets_files_that_can_be_read() {
    everywhere(|app| async move {
        let folder = std::env::temp_dir().join(format!("alongside-mail-{}-{:?}", std::process::id(), app.backend));
        let _ = std::fs::remove_dir_all(&folder);
        let ids = queue(&app, 3).await;
        let mailer = mailer(&app, transport::open(&config(&app, MailWay::Folder(folder.clone()))).unwrap());
        assert_eq!(run(&app, &mailer).await, 3);
        assert_eq!(states(&app).await, HashMap::from([(MailState::Sent, 3)]));
        let mut names: Vec<String> =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ids.iter().map(|id| format!("{id}@alongside.eml")).collect::<Vec<_>>());
        let file = std::fs::read_to_string(folder.join(&names[0])).unwrap();
        assert!(file.contains("To: person0@example.org\r\n"));
        assert!(file.contains(&format!("Message-ID: <{}@alongside>\r\n", ids[0])));
        std::fs::remove_dir_all(&folder).unwrap();
        // A folder that cannot be made is our fault, and no letter's.
        queue(&app, 1).await;
        let mailer = self::mailer(&app, transport::open(&config(&app, MailWay::Folder("/proc/no/mail".into()))).unwrap());
        run(&app, &mailer).await;
        assert_eq!(states(&app).await, HashMap::from([(MailState::Sent, 3), (MailState::Deferred, 1)]));
    });
}

#[test]
fn letters_go_out_by_smtp() {
    everywhere(|app| async move {
        let server = Server::start([]).await;
        let ids = queue(&app, 30).await;
        let mailer = to(&app, &server);
        let before = app.app.platform.db.statements();
        assert_eq!(run(&app, &mailer).await, 30);
        let statements = app.app.platform.db.statements() - before;
        assert!(statements < 70, "{statements} statements for 30 letters");
        assert_eq!(run(&app, &mailer).await, 0);
        let taken: HashSet<String> = server.ledger().into_iter().map(|letter| letter.message_id).collect();
        assert_eq!(taken, ids.iter().map(|id| format!("<{id}@alongside>")).collect());
        assert_eq!(server.ledger().len(), 30);
        assert!(server.connections() <= 8, "connections are used again");
        let row = rows(&app).await.remove(0);
        assert_eq!((row.state, row.attempts, row.sent_at), (MailState::Sent, 1, Some(app.clock.now())));
        assert_eq!(history(&app, row.id).await.iter().map(|event| event.event).collect::<Vec<_>>(), [MailState::Sent]);
    });
}

#[test]
fn a_server_that_says_later_is_asked_again() {
    everywhere(|app| async move {
        let script: Script = vec![(At::Recipient, Act::Reply("450 4.2.0 <person0@example.org>: greylisted"))];
        let server = Server::start([script]).await;
        let id = queue(&app, 1).await[0];
        let mailer = to(&app, &server);
        assert_eq!(run(&app, &mailer).await, 1);
        let row = only(&app).await;
        assert_eq!((row.state, row.attempts), (MailState::Deferred, 1));
        assert_eq!(
            (row.last_stage.as_deref(), row.last_code, row.last_enhanced.as_deref()),
            (Some("recipient"), Some(450), Some("4.2.0"))
        );
        assert_eq!(row.last_text.as_deref(), Some("4.2.0 (address) greylisted"));
        assert!(row.next_at > app.clock.now() && row.next_at <= app.clock.now() + Duration::seconds(72));
        assert_eq!(run(&app, &mailer).await, 0, "not before its time");
        app.clock.advance(Duration::seconds(73));
        assert_eq!(run(&app, &mailer).await, 1);
        assert_eq!(only(&app).await.state, MailState::Sent);
        assert_eq!(server.connections(), 1, "a refused letter does not cost the connection");
        let events: Vec<_> = history(&app, id).await.into_iter().map(|event| (event.event, event.code)).collect();
        assert_eq!(events, [(MailState::Deferred, Some(450)), (MailState::Sent, None)]);
    });
}

#[test]
fn a_letter_that_was_refused_for_good_is_given_up_and_can_be_tried_again() {
    everywhere(|app| async move {
        let script: Script =
            vec![(At::Recipient, Act::Reply("550 5.1.1 no such user")), (At::Dot, Act::Reply("554 5.6.0 content"))];
        let server = Server::start([script]).await;
        let organisation = sunrise(&app).await;
        let (batch, ids) = queue_as(&app, Some(organisation), &[KIND]).await;
        let mailer = to(&app, &server);
        for (stage, code) in [("recipient", 550), ("dot", 554)] {
            assert_eq!(run(&app, &mailer).await, 1);
            let row = only(&app).await;
            assert_eq!((row.state, row.last_stage.as_deref(), row.last_code), (MailState::Failed, Some(stage), Some(code)));
            app.clock.advance(Duration::hours(1));
            assert_eq!(run(&app, &mailer).await, 0);
            let tx = app.app.platform.db.begin().await.unwrap();
            let other = app.clock.new_id();
            assert_eq!(status::retry_failed(&tx, &app.clock, other, batch).await.unwrap(), 0, "another organisation's");
            assert_eq!(status::retry_failed(&tx, &app.clock, organisation, batch).await.unwrap(), 1);
            tx.commit().await.unwrap();
        }
        assert_eq!(run(&app, &mailer).await, 1);
        assert_eq!(only(&app).await.state, MailState::Sent);
        let events: Vec<_> = history(&app, ids[0]).await.into_iter().map(|event| event.event).collect();
        assert_eq!(events, [MailState::Failed, MailState::Failed, MailState::Sent]);
    });
}

#[test]
fn a_connection_that_breaks_after_the_dot_leaves_it_open_whether_the_letter_arrived() {
    everywhere(|app| async move {
        for act in [Act::HangUp, Act::TakeAndHangUp] {
            let server = Server::start([vec![(At::Dot, act)]]).await;
            queue(&app, 1).await;
            let mailer = to(&app, &server);
            run(&app, &mailer).await;
            app.clock.advance(Duration::hours(1));
            assert_eq!(run(&app, &mailer).await, 0, "it is not sent again by itself");
        }
        assert_eq!(states(&app).await, HashMap::from([(MailState::Uncertain, 2)]));
        let row = rows(&app).await.remove(0);
        assert_eq!((row.last_stage.as_deref(), row.last_code), (Some("dot"), None));
        assert_eq!(history(&app, row.id).await[0].event, MailState::Uncertain);
    });
}

#[test]
fn trouble_with_our_own_server_gives_up_no_letter() {
    everywhere(|app| async move {
        let gone = Server::start([]).await;
        let address = gone.url();
        drop(gone);
        let refused = mailer(&app, transport::open(&config(&app, MailWay::Smtp(address))).unwrap());
        queue(&app, 1).await;
        run(&app, &refused).await;
        let row = only(&app).await;
        assert_eq!((row.state, row.last_stage.as_deref(), row.last_code), (MailState::Deferred, Some("connect"), None));
        let scripts: Vec<Script> = vec![
            vec![(At::Greeting, Act::Reply("554 5.7.1 go away"))],
            vec![(At::Hello, Act::HangUp)],
            vec![(At::Mail, Act::Reply("421 4.3.2 shutting down"))],
            vec![(At::Data, Act::HangUp)],
        ];
        let server = Server::start(scripts).await;
        let mailer = to(&app, &server);
        for attempts in 2..=5 {
            app.clock.advance(Duration::hours(3));
            assert_eq!(run(&app, &mailer).await, 1);
            let row = only(&app).await;
            assert_eq!((row.state, row.attempts), (MailState::Deferred, attempts));
        }
        app.clock.advance(Duration::hours(3));
        run(&app, &mailer).await;
        assert_eq!(only(&app).await.state, MailState::Sent);
    });
}

#[test]
fn a_letter_nobody_can_deliver_is_laid_aside_when_its_time_has_passed() {
    everywhere(|app| async move {
        let later = (At::Recipient, Act::Reply("450 4.2.0 later"));
        let server = Server::start((0..100).map(|_| vec![later.clone(); 100])).await;
        let mailer = to(&app, &server);
        queue(&app, 1).await;
        let end = app.clock.now() + Duration::hours(72);
        for _ in 0..100 {
            if app.clock.now() >= end {
                break;
            }
            run(&app, &mailer).await;
            let next = only(&app).await.next_at;
            assert!(next <= end);
            app.clock.advance(next - app.clock.now());
        }
        let attempts = only(&app).await.attempts;
        assert!((9..=18).contains(&attempts), "{attempts}");
        run(&app, &mailer).await;
        assert_eq!(only(&app).await.state, MailState::Expired);
        assert!(server.ledger().is_empty());
    });
}

#[test]
fn two_workers_send_nothing_twice() {
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

/// Takes letters, and lets the first `free` go; the others are taken and never answered.
#[derive(Clone, Default)]
struct Stuck {
    taken: Arc<Mutex<Vec<Outgoing>>>,
    free: usize,
    stuck: Arc<Notify>,
}

impl Transport for Stuck {
    fn send(&self, letter: Outgoing) -> BoxFuture<'_, Result<(), SendFault>> {
        Box::pin(async move {
            let count = {
                let mut taken = self.taken.lock().unwrap();
                taken.push(letter);
                taken.len()
            };
            if count > self.free {
                self.stuck.notify_one();
                std::future::pending::<()>().await;
            }
            Ok(())
        })
    }
}

/// Runs a worker until it is stuck, and drops it there, as if the process had died.
async fn die(app: &TestApp, transport: &Stuck) {
    let mailer = mailer(app, Arc::new(transport.clone()));
    tokio::select! {
        _ = mailer.run_due(&app.app.platform, 100) => panic!("the worker should not have come to an end"),
        () = transport.stuck.notified() => {}
    }
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

#[test]
fn a_late_answer_changes_nothing_that_somebody_else_took_over() {
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
struct Refusing;

impl Transport for Refusing {
    fn send(&self, _: Outgoing) -> BoxFuture<'_, Result<(), SendFault>> {
        let fault = SendFault { stage: transport::Stage::Recipient, code: Some(550), enhanced: None, text: "no".into() };
        Box::pin(async move { Err(fault) })
    }
}

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
        assert!(suppression::is_suppressed(platform.db.read(), platform, ours, "PERSON0@example.org", KIND).await.unwrap());
        assert!(suppression::lift(db, platform, ours, "person0@example.org", suppression::ALL).await.unwrap());
        assert!(!suppression::is_suppressed(platform.db.read(), platform, ours, "person0@example.org", KIND).await.unwrap());
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
fn a_mailing_can_be_paused_resumed_and_cancelled() {
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
        app.clock.advance(Duration::minutes(16));
        let memory = Memory::default();
        let second = mailer(&app, Arc::new(memory.clone()));
        assert_eq!(run(&app, &second).await, 0, "paused");
        let row = mail_batch::Entity::find_by_id(batch).one(platform.db.read()).await.unwrap().unwrap();
        assert_eq!((row.state, row.pause_reason.as_deref()), (BatchState::Paused, Some("a wrong date in the text")));
        let tx = platform.db.begin().await.unwrap();
        status::resume(&tx, organisation, batch).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(second.run_due(platform, 5).await.unwrap(), 5);
        let tx = platform.db.begin().await.unwrap();
        assert!(status::cancel(&tx, organisation, batch).await.unwrap() > 0);
        tx.commit().await.unwrap();
        assert_eq!(run(&app, &second).await, 0);
        let tx = platform.db.begin().await.unwrap();
        assert!(matches!(status::resume(&tx, organisation, batch).await, Err(Error::Conflict { code: "mailing_cancelled", .. })));
        drop(tx);
        let counts = status::counts_by_state(platform.db.read(), organisation, Uuid::from_u128(9)).await.unwrap();
        assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 30);
        let count = |state| counts.iter().find(|(found, _)| *found == state).map_or(0, |(_, count)| *count);
        assert_eq!(count(MailState::Sent) + count(MailState::Cancelled), 30, "{counts:?}");
        assert!(status::counts_by_state(platform.db.read(), other, Uuid::from_u128(9)).await.unwrap().is_empty());
    });
}

#[test]
fn a_paused_mailing_stops_while_it_goes_out() {
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
        status::resume(&tx, organisation, batch).await.unwrap();
        tx.commit().await.unwrap();
        while run(&app, &mailer).await > 0 {}
        assert_eq!(server.ledger().len(), 30, "the rest goes out once");
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
