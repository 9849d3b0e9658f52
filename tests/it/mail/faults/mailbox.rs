//! Mail that comes back lies in a mailbox: it is fetched by IMAP, and nothing is lost or taken twice.

use super::*;
use crate::{
    harness::imap::{Fault, Imap, PASSWORD, USER, Way, file},
    replies::{Scene, all, answer, receiving},
};
use alongside::platform::{
    config::Mailbox,
    mail::poll::{self, Found, Limits, Stage, Taken, Trouble},
};
use entity::{FetchOutcome, InboundState, mail_fetch, mail_inbound};

/// Patience for a test.
fn limits() -> Limits {
    let long = std::time::Duration::from_secs(20);
    Limits { connect: long, command: long, message: long, whole: long * 3 }
}

/// For servers that say nothing: it is waited in vain.
fn short() -> Limits {
    let short = std::time::Duration::from_millis(300);
    Limits { connect: short, command: short, message: short, whole: short * 20 }
}

/// A look that is due.
async fn look(app: &TestApp, mailbox: &Mailbox, limits: Limits) -> Result<Taken, Trouble> {
    app.clock.advance(Duration::minutes(90));
    poll::fetch(&app.app.platform, mailbox, limits, &Tasks::new()).await.unwrap().expect("it is due and free")
}

async fn looks(app: &TestApp, server: &Imap) -> Result<usize, Trouble> {
    look(app, &server.mailbox, limits()).await.map(|taken| taken.messages)
}

async fn fails(app: &TestApp, server: &Imap, limits: Limits) -> (Stage, FetchOutcome) {
    let trouble = look(app, &server.mailbox, limits).await.unwrap_err();
    let told = trouble.to_string();
    assert!(!told.contains('@') && !told.contains("returns") && !told.contains("word of"), "{told}");
    (trouble.stage, trouble.outcome)
}

async fn standing(app: &TestApp) -> mail_fetch::Model {
    poll::standing(app.app.platform.db.read()).await.unwrap().expect("somebody has looked")
}

async fn rows(app: &TestApp) -> Vec<mail_inbound::Model> {
    mail_inbound::Entity::find().order_by_asc(mail_inbound::Column::Id).all(app.app.platform.db.read()).await.unwrap()
}

async fn words(app: &TestApp) -> Vec<String> {
    app.run_jobs().await;
    let mut words: Vec<String> = all(app).await.into_iter().filter_map(|row| row.words).collect();
    words.sort();
    words
}

#[test]
fn mail_is_fetched_from_a_mailbox_and_goes_from_it_when_it_is_written_down() {
    for plus in [true, false] {
        everywhere(|app| async move {
            let scene = Scene::set(&app).await;
            let app = &scene.app;
            let server = Imap::start(Way::Plain, plus).await;
            server.put(3, answer(&scene.letter, "Thursday suits me."));
            server.put(7, answer(&scene.letter, "So does Friday."));
            // Somebody else's, marked and left there, is none of ours.
            server.put(9, "From: a@b\n\nx");
            server.held.lock().unwrap().messages.get_mut(&9).unwrap().1.insert("\\Deleted".into());
            // The connection ends between writing down and marking: it is fetched again, and taken once.
            server.will("UID STORE", Fault::HangUp);
            assert_eq!(fails(app, &server, limits()).await, (Stage::Store, FetchOutcome::Ended));
            assert_eq!((server.left(), server.with("\\Deleted"), rows(app).await.len()), (vec![3, 7, 9], vec![9], 1));
            // And between marking and taking out: what was marked then goes with the next look, and that alone.
            server.will("UID EXPUNGE 3,7", Fault::HangUp);
            // What was written down before and not marked is not there to be taken out.
            server.will("EXPUNGE", Fault::Tell(""));
            server.will("EXPUNGE", Fault::HangUp);
            assert_eq!(fails(app, &server, limits()).await, (Stage::Expunge, FetchOutcome::Ended));
            assert_eq!(server.with("\\Deleted"), [3, 7, 9]);
            server.said();
            assert_eq!(looks(app, &server).await, Ok(0));
            assert_eq!(server.left(), if plus { vec![9] } else { vec![] });
            let said = server.said().join("\n");
            assert!(said.contains("SELECT \"Returns\"") && !said.contains("UID FETCH"), "{said}");
            assert_eq!(words(app).await, ["So does Friday.", "Thursday suits me."]);
            assert_eq!((rows(app).await.len(), standing(app).await.taken), (2, 2));
        });
    }
}

#[test]
fn a_message_that_is_read_again_after_a_crash_does_nothing_twice() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        let server = Imap::start(Way::Plain, true).await;
        server.put(3, answer(&scene.letter, "Thursday suits me."));
        for _ in 0..3 {
            server.will("UID STORE", Fault::HangUp);
            fails(app, &server, limits()).await;
            assert_eq!(words(app).await, ["Thursday suits me."]);
        }
        // The server numbers its messages anew: what was noted by number counts for nothing, and nothing is lost or doubled.
        let held = |change: &dyn Fn(&mut crate::harness::imap::Held)| change(&mut server.held.lock().unwrap());
        server.will("UID STORE", Fault::DoAndHangUp);
        fails(app, &server, limits()).await;
        assert_eq!(server.with("\\Deleted"), [3]);
        held(&|held| {
            held.validity = 2;
            let old = held.messages.remove(&3).unwrap();
            held.messages.insert(4, (old.0, Default::default()));
            // Another one has the number that was to be cleared away, and somebody has marked it.
            held.messages.insert(3, (answer(&scene.letter, "Friday is bad.").replace('\n', "\r\n"), ["\\Deleted".into()].into()));
        });
        server.said();
        assert_eq!(looks(app, &server).await, Ok(1));
        assert!(!server.said().contains(&"UID EXPUNGE 3".to_owned()));
        assert_eq!((server.left(), words(app).await.len()), (vec![3], 1));
        // Whoever takes the mark off wants it read.
        held(&|held| held.messages.get_mut(&3).unwrap().1.clear());
        assert_eq!((looks(app, &server).await, server.left()), (Ok(1), vec![]));
        assert_eq!(words(app).await, ["Friday is bad.", "Thursday suits me."]);
    });
}

#[test]
fn a_message_that_is_too_large_is_laid_aside_and_holds_nothing_up() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        let server = Imap::start(Way::Plain, true).await;
        let large = |n: u32| format!("From: somebody@people.example\nSubject: {n} pictures\n\n{}", "x".repeat(10 << 20));
        server.put(2, large(2));
        // A server that does not know how large it is.
        server.put(4, large(4));
        server.held.lock().unwrap().claims.insert(4, " RFC822.SIZE 17".into());
        server.put(5, answer(&scene.letter, "Thursday suits me."));
        // The first time the flag does not get there: its head is kept once all the same.
        server.will("UID STORE 2", Fault::Say("NO not now"));
        let done = look(app, &server.mailbox, limits()).await.unwrap_err();
        assert_eq!((done.stage, done.outcome), (Stage::Store, FetchOutcome::Refused));
        assert_eq!((server.left(), server.with("\\Flagged")), (vec![2, 4], vec![4]));
        let done = look(app, &server.mailbox, limits()).await.unwrap();
        assert_eq!(done, Taken { messages: 0, laid_aside: 1, more: false });
        assert_eq!(server.with("\\Flagged"), [2, 4]);
        server.said();
        assert_eq!(looks(app, &server).await, Ok(0));
        assert!(!server.said().iter().any(|command| command.starts_with("UID FETCH")), "what has a flag is not read");
        app.run_jobs().await;
        let kept: Vec<_> = rows(app).await.into_iter().filter(|row| row.state == InboundState::Kept).collect();
        assert_eq!(kept.len(), 2);
        for row in &kept {
            let (head, why) = (String::from_utf8(row.raw.clone().unwrap()).unwrap(), row.why.clone().unwrap());
            assert!(head.contains("pictures") && head.len() < 200 && why.contains("larger than what is taken"), "{why}: {head}");
        }
        assert_eq!(words(app).await, ["Thursday suits me."]);
    });
}

#[test]
fn whatever_the_server_does_is_told_by_its_place_and_nothing_is_lost() {
    everywhere(|app| async move {
        use FetchOutcome as Is;
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        let server = Imap::start(Way::Plain, true).await;
        server.put(3, answer(&scene.letter, "Thursday suits me."));
        let table = [
            ("greeting", Fault::Silent, Stage::Greeting, Is::TooSlow),
            ("greeting", Fault::HangUp, Stage::Greeting, Is::Ended),
            ("greeting", Fault::Tell("* BYE full\r\n"), Stage::Greeting, Is::Refused),
            ("greeting", Fault::Tell("* PREAUTH come in\r\n"), Stage::Greeting, Is::NotUnderstood),
            ("greeting", Fault::Tell("220 smtp.example ESMTP\r\n"), Stage::Greeting, Is::NotUnderstood),
            ("LOGIN", Fault::HangUp, Stage::Login, Is::Ended),
            ("LOGIN", Fault::Silent, Stage::Login, Is::TooSlow),
            ("SELECT", Fault::Say("NO not for returns@sunrise.example"), Stage::Select, Is::NoFolder),
            ("SELECT", Fault::Say("OK [READ-ONLY] look"), Stage::Select, Is::FolderFixed),
            ("SELECT", Fault::Tell("* 1 EXISTS\r\n"), Stage::Select, Is::NotUnderstood),
            ("SELECT", Fault::HangUp, Stage::Select, Is::Ended),
            ("UID SEARCH", Fault::HangUp, Stage::Search, Is::Ended),
            ("UID SEARCH", Fault::Say("BAD what"), Stage::Search, Is::NotUnderstood),
            ("UID SEARCH", Fault::Silent, Stage::Search, Is::TooSlow),
            ("UID SEARCH", Fault::Flood, Stage::Search, Is::NotUnderstood),
            (
                "UID FETCH 3 (UID RFC822.SIZE)",
                Fault::Tell("* 1 FETCH (UID 3 FLAGS (\\Seen))\r\n"),
                Stage::Fetch,
                Is::NotUnderstood,
            ),
            ("UID FETCH 3 (UID BODY", Fault::Cut, Stage::Fetch, Is::Ended),
            ("UID FETCH 3 (UID BODY", Fault::Silent, Stage::Fetch, Is::TooSlow),
            ("UID FETCH 3 (UID BODY", Fault::Say("NO cannot"), Stage::Fetch, Is::Refused),
            ("UID FETCH 3 (UID BODY", Fault::Tell("* 1 FETCH (UID 3 BODY[] NIL)\r\n"), Stage::Fetch, Is::NotUnderstood),
        ];
        for (at, fault, stage, outcome) in table {
            // Only where nothing is to come is it short.
            let patience = if matches!(fault, Fault::Silent) { short() } else { limits() };
            server.will(at, fault);
            assert_eq!(fails(app, &server, patience).await, (stage, outcome), "at {at}");
            assert_eq!((server.left(), rows(app).await.len()), (vec![3], 0), "at {at}: nothing is taken out that is not here");
            let standing = standing(app).await;
            assert_eq!((standing.outcome, standing.stage.as_deref()), (Some(outcome), Some(stage.word())));
        }
        // What is gone meanwhile is gone.
        server.will("UID FETCH 3 (UID BODY", Fault::Tell(""));
        assert_eq!(looks(app, &server).await, Ok(0));
        server.held.lock().unwrap().flags = "\\Seen \\Flagged";
        assert_eq!(fails(app, &server, limits()).await, (Stage::Select, Is::FolderFixed));
        server.held.lock().unwrap().flags = "\\Flagged \\Deleted";
        assert_eq!(looks(app, &server).await, Ok(1));
        assert_eq!((words(app).await, server.left()), (vec!["Thursday suits me.".to_owned()], vec![]));
    });
}

#[test]
fn a_message_that_the_server_cannot_give_holds_up_no_other() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        let server = Imap::start(Way::Plain, true).await;
        for (uid, words) in [(3, "Thursday suits me."), (4, "So does Friday."), (5, "Not Monday.")] {
            server.put(uid, answer(&scene.letter, words));
        }
        server.will("UID FETCH 3 (UID BODY", Fault::Say("NO [SERVERBUG] broken"));
        server.held.lock().unwrap().claims.insert(4, " FLAGS ()".into());
        assert_eq!(fails(app, &server, limits()).await, (Stage::Fetch, FetchOutcome::Refused));
        assert_eq!((server.left(), words(app).await), (vec![3, 4], vec!["Not Monday.".to_owned()]));
        assert_eq!(fails(app, &server, limits()).await, (Stage::Fetch, FetchOutcome::NotUnderstood));
        assert_eq!(server.left(), [4]);
        server.held.lock().unwrap().claims.clear();
        assert_eq!((looks(app, &server).await, server.left()), (Ok(1), vec![]));
        assert_eq!(words(app).await.len(), 3);
    });
}

#[test]
fn a_message_at_which_the_server_always_ends_comes_last_and_is_laid_aside() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        let server = Imap::start(Way::Plain, true).await;
        server.put(3, answer(&scene.letter, "Thursday suits me."));
        server.put(4, answer(&scene.letter, "So does Friday."));
        for time in 1..=10 {
            server.will("UID FETCH 3 (UID BODY", Fault::HangUp);
            assert_eq!(fails(app, &server, limits()).await, (Stage::Fetch, FetchOutcome::Ended));
            let taken = if time == 1 { vec![] } else { vec!["So does Friday.".to_owned()] };
            assert_eq!(words(app).await, taken, "look {time}: the other one is taken as soon as this one comes last");
        }
        let look = look(app, &server.mailbox, limits()).await.unwrap();
        assert_eq!((look.messages, look.laid_aside, server.left()), (0, 1, vec![3]));
        let kept: Vec<_> = rows(app).await.into_iter().filter_map(|row| row.why).collect();
        assert!(kept.iter().any(|why| why.contains("number 3, with a flag")), "{kept:?}");
        assert_eq!(looks(app, &server).await, Ok(0), "it is not looked at any more");
        // Somebody takes the flag off when the server is well again.
        server.held.lock().unwrap().messages.get_mut(&3).unwrap().1.remove("\\Flagged");
        assert_eq!((looks(app, &server).await, server.left()), (Ok(1), vec![]));
        assert_eq!(words(app).await.len(), 2);
    });
}

#[test]
fn a_mailbox_with_many_messages_is_read_in_several_looks() {
    everywhere(|app| async move {
        let app = receiving(&app);
        let server = Imap::start(Way::Plain, true).await;
        // More than are looked for at a time are laid aside already.
        for uid in 1..=1100 {
            server.put(uid, "From: a@b\n\nx");
            server.held.lock().unwrap().messages.get_mut(&uid).unwrap().1.insert("\\Flagged".into());
        }
        for uid in 2000..2150 {
            server.put(uid, format!("From: a{uid}@people.example\nSubject: {uid}\n\nHello.\n"));
        }
        let found = poll::try_out(&app.app.platform.config, &server.mailbox, limits()).await;
        assert_eq!(found, Ok(Found { waiting: 150, laid_aside: 1100 }));
        let first = look(&app, &server.mailbox, limits()).await.unwrap();
        assert_eq!(first, Taken { messages: 100, laid_aside: 0, more: true });
        // The rest is taken at once.
        let second = poll::fetch(&app.app.platform, &server.mailbox, limits(), &Tasks::new()).await.unwrap().unwrap().unwrap();
        assert_eq!(second, Taken { messages: 50, laid_aside: 0, more: false });
        assert_eq!(server.left().len(), 1100);
        app.run_jobs().await;
        assert_eq!(rows(&app).await.len(), 150);
    });
}

#[test]
fn one_process_reads_the_mailbox_and_whoever_is_overtaken_writes_nothing() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        let second = app.second().await;
        let server = Imap::start(Way::Plain, true).await;
        server.put(3, answer(&scene.letter, "Thursday suits me."));
        let (here, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        server.will("UID FETCH 3 (UID BODY", Fault::Wait(here.clone(), go.clone()));
        let tasks = Tasks::new();
        let again = async |app: &TestApp| poll::fetch(&app.app.platform, &server.mailbox, limits(), &tasks).await.unwrap();
        let other = async {
            here.notified().await;
            assert!(again(&second).await.is_none(), "another process has it");
            // The first one hangs for longer than it may, and is overtaken.
            second.clock.advance(Duration::minutes(7));
            let done = again(&second).await;
            assert_eq!((done.unwrap().unwrap().messages, server.left()), (1, vec![]));
            assert!(again(&second).await.is_none(), "it is not due");
            go.notify_one();
        };
        let (slow, ()) = join(again(app), other).await;
        // It has read the message before it was taken out, or found it gone; it has written nothing down.
        if let Err(trouble) = slow.unwrap() {
            assert_eq!((trouble.stage, trouble.outcome), (Stage::Write, FetchOutcome::NotWritten));
        }
        app.clock.advance(Duration::minutes(7));
        let standing = standing(app).await;
        assert_eq!((standing.outcome, standing.taken, standing.lease_token), (Some(FetchOutcome::Done), 1, 2));
        assert_eq!((rows(app).await.len(), words(app).await.len()), (1, 1));
        // A process that is asked to stop leaves it to others at once.
        let stopping = Tasks::new();
        app.clock.advance(Duration::hours(2));
        second.clock.advance(Duration::hours(2));
        server.will("SELECT", Fault::Silent);
        server.said();
        let stop = async {
            while !server.said().iter().any(|command| command.starts_with("SELECT")) {
                tokio::task::yield_now().await;
            }
            stopping.stop();
        };
        let (stopped, ()) = join(poll::fetch(&app.app.platform, &server.mailbox, limits(), &stopping), stop).await;
        assert!(stopped.unwrap().is_none());
        assert_eq!(again(&second).await, Some(Ok(Taken::default())), "the other one need not wait");
    });
}

#[test]
fn failures_are_tried_again_more_and_more_seldom_and_other_settings_soon() {
    everywhere(|app| async move {
        let app = receiving(&app);
        let server = Imap::start(Way::Plain, true).await;
        let fetch = async || poll::fetch(&app.app.platform, &server.mailbox, limits(), &Tasks::new()).await.unwrap();
        server.password("another word");
        let wrong = fetch().await.unwrap().unwrap_err();
        assert_eq!((wrong.stage, wrong.outcome), (Stage::Login, FetchOutcome::LoginRefused));
        assert!(wrong.to_string().contains("does not let us in"));
        app.clock.advance(Duration::minutes(14));
        assert!(fetch().await.is_none(), "servers shut accounts at which many passwords are tried");
        app.clock.advance(Duration::minutes(5));
        assert!(fetch().await.is_some());
        let text = async |app: &TestApp| {
            let mailbox = Some(server.mailbox.clone());
            let app = app.with(|config| config.delivery.returns_poll = mailbox);
            poll::metrics(&app.app.platform).await.unwrap()
        };
        let told = text(&app).await;
        assert!(told.contains("mailbox_works 0\n") && told.contains("mailbox_failures 2\n"), "{told}");
        assert_eq!(poll::metrics(&app.app.platform).await.unwrap(), "", "where there is no mailbox there is nothing to measure");
        // Whoever mends the password need not wait longer than for any look.
        server.password(PASSWORD);
        assert!(fetch().await.is_none(), "two processes with different passwords do not try them by turns all the time");
        app.clock.advance(Duration::minutes(1));
        assert_eq!(fetch().await, Some(Ok(Taken::default())));
        let told = text(&app).await;
        assert!(told.contains("mailbox_works 1\n") && told.contains("mailbox_seconds_since_it_worked 0\n"), "{told}");
        assert!(fetch().await.is_none(), "once a minute");
        app.clock.advance(Duration::minutes(1));
        assert!(fetch().await.is_some());
        let row = format!("{:?}", standing(&app).await);
        assert!(!row.contains('@') && !row.contains("word"), "{row}");
        let without = Mailbox { password: "/nowhere/at/all".into(), ..server.mailbox.clone() };
        let told = look(&app, &without, limits()).await.unwrap_err();
        assert_eq!((told.stage, told.outcome), (Stage::Password, FetchOutcome::NoPassword));
        let nobody = Mailbox { port: 1, ..server.mailbox.clone() };
        let told = look(&app, &nobody, limits()).await.unwrap_err();
        assert_eq!(
            (told.stage, told.outcome, told.detail),
            (Stage::Connect, FetchOutcome::NotReached, "nobody takes connections there")
        );
    });
}

#[test]
fn no_password_travels_unencrypted() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        let trusting = app.with(|config| config.delivery.ca = Some(file("certificate.pem")));
        for way in [Way::StartTls, Way::Tls] {
            let server = Imap::start(way, true).await;
            let told = look(app, &server.mailbox, limits()).await.unwrap_err();
            assert_eq!((told.stage, told.outcome), (Stage::Tls, FetchOutcome::NotEncrypted));
            assert!(told.to_string().contains("not known here"), "{told}");
            let other = Mailbox { host: "127.0.0.1".into(), ..server.mailbox.clone() };
            let told = look(&trusting, &other, limits()).await.unwrap_err();
            assert!(told.to_string().contains("for another name"), "{told}");
            assert!(!server.said().iter().any(|command| command.contains("LOGIN")));
            server.put(1, answer(&scene.letter, &format!("By {way:?}.")));
            assert_eq!(looks(&trusting, &server).await, Ok(1));
            let said = server.said();
            assert!(
                said.iter().any(|command| command.starts_with("LOGIN")) && !said.iter().any(|one| one.contains("(open) LOGIN"))
            );
        }
        assert_eq!(words(app).await, ["By StartTls.", "By Tls."]);
        // A server without encryption, or somebody between us and it who takes it away.
        let server = Imap::start(Way::StartTls, true).await;
        server.will("STARTTLS", Fault::Say("NO"));
        let told = look(&trusting, &server.mailbox, limits()).await.unwrap_err();
        assert!(told.to_string().contains("does not offer STARTTLS"), "{told}");
        server.will("greeting", Fault::Tell("* PREAUTH come in\r\n"));
        assert_eq!(fails(&trusting, &server, limits()).await, (Stage::Greeting, FetchOutcome::NotUnderstood));
        let said = server.said().join("\n");
        assert!(!said.contains(USER) && !said.contains("LOGIN"), "{said}");
        // TLS is spoken to a server that does not.
        let plain = Imap::start(Way::Plain, true).await;
        let mailbox = Mailbox { protection: alongside::platform::config::Protection::Implicit, ..plain.mailbox.clone() };
        let told = look(&trusting, &mailbox, limits()).await.unwrap_err();
        assert!(told.to_string().contains("does not speak TLS at this port"), "{told}");
    });
}
