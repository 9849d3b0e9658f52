//! The outbox and what leaves it: nobody is lost, and nobody is written to twice without need.

mod deciding;
mod faults;
mod returned;
mod workers;

use crate::harness::{
    TestApp, everywhere,
    smtp::{Act, At, Script, Server},
};
use alongside::platform::{
    Config, Db, Error, Platform,
    config::MailWay,
    mail::{
        Composed, Composers, Letter, Mailer, NewLetter, Transport, enqueue, metrics, open_batch, priority, refusing, status,
        suppression,
        transport::{self, Memory, Outgoing, SendFault, Slot},
    },
    tasks::Tasks,
};
use chrono::Duration;
use entity::{
    BatchState, MailBatchId, MailMessageId, MailState, OrganisationId, RecipientKind, SuppressionReason, mail_batch, mail_event,
    mail_message, organisation,
};
use futures_util::future::{BoxFuture, join};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
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
    let row = crate::spikes::row(id, &format!("o{}", id.0.simple()));
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

/// Takes letters, and lets the first `free` go; the others are taken and never answered.
#[derive(Clone, Default)]
struct Stuck {
    taken: Arc<Mutex<Vec<Outgoing>>>,
    free: usize,
    stuck: Arc<Notify>,
}

impl Slot for Stuck {
    fn accept(&self, letter: Outgoing) -> BoxFuture<'_, Result<(), SendFault>> {
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
fn the_links_of_a_letter_can_be_read_from_it() {
    everywhere(|app| async move {
        let administrator = app.administrator().await;
        let body = serde_json::json!({"email": "ada@staff.example", "role": "coordinator"});
        app.post(administrator.path("/staff")).token(&administrator.token).json(&body).send().await.expect(202);
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 1);
        let token = letters[0].token("al_");
        assert_eq!(token.len(), 46);
        assert!(letters[0].text().contains(&format!("\nhttps://alongside.test/staff-invitation/{token}")));
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
            vec![(At::Recipient, Act::Reply("550 5.7.1 not from you")), (At::Dot, Act::Reply("554 5.6.0 content"))];
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
            assert_eq!(status::retry(&tx, &app.clock, other, batch, false).await.unwrap(), 0, "another organisation's");
            assert_eq!(status::retry(&tx, &app.clock, organisation, batch, false).await.unwrap(), 1);
            tx.commit().await.unwrap();
        }
        assert_eq!(run(&app, &mailer).await, 1);
        assert_eq!(only(&app).await.state, MailState::Sent);
        let events: Vec<_> = history(&app, ids[0]).await.into_iter().map(|event| event.event).collect();
        assert_eq!(events, [MailState::Failed, MailState::Failed, MailState::Sent]);
    });
}

#[test]
fn a_connection_that_breaks_after_the_dot_costs_nobody_a_letter() {
    everywhere(|app| async move {
        let organisation = sunrise(&app).await;
        for (act, arrived) in [(Act::HangUp, 1), (Act::TakeAndHangUp, 2)] {
            let server = Server::start([vec![(At::Dot, act)]]).await;
            let (_, ids) = queue_as(&app, Some(organisation), &[KIND]).await;
            let mailer = to(&app, &server);
            run(&app, &mailer).await;
            app.clock.advance(Duration::hours(1));
            assert_eq!(run(&app, &mailer).await, 1, "it is sent once more");
            let ledger = server.ledger();
            assert_eq!(ledger.len(), arrived);
            assert!(ledger.iter().all(|letter| letter.bytes == ledger[0].bytes), "the same to the byte");
            let events: Vec<_> = history(&app, ids[0]).await.into_iter().map(|event| event.event).collect();
            assert_eq!(events, [MailState::Uncertain, MailState::Sent]);
        }
        // Twice: then a person decides.
        let server = Server::start([vec![(At::Dot, Act::HangUp)], vec![(At::Dot, Act::HangUp)]]).await;
        let (batch, ids) = queue_as(&app, Some(organisation), &[KIND]).await;
        let mailer = to(&app, &server);
        run(&app, &mailer).await;
        for handled in [1, 0] {
            app.clock.advance(Duration::hours(1));
            assert_eq!(run(&app, &mailer).await, handled);
        }
        let row = rows(&app).await.into_iter().find(|row| row.id == ids[0]).unwrap();
        assert_eq!((row.state, row.last_stage.as_deref(), row.last_code), (MailState::Uncertain, Some("dot"), None));
        for (uncertain, sent) in [(false, 0), (true, 1)] {
            let tx = app.app.platform.db.begin().await.unwrap();
            assert_eq!(status::retry(&tx, &app.clock, organisation, batch, uncertain).await.unwrap(), sent);
            tx.commit().await.unwrap();
            assert_eq!(run(&app, &mailer).await, usize::try_from(sent).unwrap());
        }
        assert_eq!(states(&app).await, HashMap::from([(MailState::Sent, 3)]));
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
        let row = only(&app).await;
        assert_eq!((row.state, row.last_code), (MailState::Failed, Some(450)));
        assert!(row.last_text.unwrap().ends_with("at last: 4.2.0 later"));
        assert!(server.ledger().is_empty());
    });
}
