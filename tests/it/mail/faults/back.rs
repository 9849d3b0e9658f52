//! What comes back: bounces, complaints, answers of programs.

use super::*;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::{InboundState, mail_inbound};

/// The address of the corpus, which nobody here made.
const THEIRS: &str = "b+aaaqeayeaudaocajbifqydiob6q3fq6u4x3aogbjhi@bounce.example.org";
const TOKEN: &str = "a-token-of-a-mail-server";

/// The same application, to which mail comes back.
fn receiving(app: &TestApp) -> TestApp {
    app.with(|config| {
        config.delivery.returns = Some("bounce.example.org".into());
        config.delivery.returns_token = TOKEN.into();
    })
}

fn message(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/returned/{name}.eml"));
    String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
}

/// A letter that was sent to an address, and the address that its bounces come to.
async fn sent_to(app: &TestApp, address: &str) -> (OrganisationId, MailMessageId, String) {
    let organisation = sunrise(app).await;
    let memory = Memory::default();
    let mailer = Mailer::new(composers(), Arc::new(memory.clone()), &app.app.platform.config).unwrap();
    let tx = app.app.platform.db.begin().await.unwrap();
    let batch = open_batch(&tx, &app.clock, Some(organisation), KIND, None, "test").await.unwrap();
    let letter = NewLetter { address: address.into(), ..new_letter(app, KIND, 0) };
    enqueue(&tx, &app.clock, Some(organisation), batch, std::slice::from_ref(&letter)).await.unwrap();
    tx.commit().await.unwrap();
    mailer.run_due(&app.app.platform, 1).await.unwrap();
    (organisation, letter.id, memory.take().remove(0).from)
}

async fn comes_back(app: &TestApp, raw: String) -> InboundState {
    app.post("/inbound").token(TOKEN).bytes(raw.into_bytes(), "message/rfc822").send().await.expect(202);
    app.run_jobs().await;
    let rows =
        mail_inbound::Entity::find().order_by_desc(mail_inbound::Column::Id).all(app.app.platform.db.read()).await.unwrap();
    assert!(rows.iter().all(|row| row.state == InboundState::Kept || row.raw.is_none()), "what is understood is not kept");
    rows[0].state
}

async fn state_of(app: &TestApp, id: MailMessageId) -> mail_message::Model {
    mail_message::Entity::find_by_id(id).one(app.app.platform.db.read()).await.unwrap().unwrap()
}

#[test]
fn fault_22_reports_of_all_makes_find_their_letter_and_what_it_means() {
    everywhere(|app| async move {
        let app = receiving(&app);
        // File, the state that the letter is in afterwards, and whether the address gets no more.
        let table = [
            ("postfix-failed", MailState::Failed, true),
            ("exim-failed", MailState::Failed, true),
            ("opensmtpd-failed", MailState::Failed, true),
            ("sendmail-failed", MailState::Failed, true),
            ("qmail-failed", MailState::Failed, true),
            ("exchange-no-such-address", MailState::Failed, true),
            ("gmail-no-such-address", MailState::Failed, true),
            ("broken-no-end", MailState::Failed, true),
            ("broken-boundary", MailState::Failed, true),
            ("postfix-full", MailState::Failed, false),
            ("postfix-policy", MailState::Failed, false),
            ("exchange-policy", MailState::Failed, false),
            ("postfix-content", MailState::Failed, false),
            ("gmail-too-fast", MailState::Failed, false),
            ("postfix-delayed", MailState::Sent, false),
            ("exim-delayed", MailState::Sent, false),
            ("opensmtpd-delayed", MailState::Sent, false),
            ("sendmail-delayed", MailState::Sent, false),
            ("gmail-delayed", MailState::Sent, false),
            ("postfix-success", MailState::Sent, false),
            ("opensmtpd-relayed", MailState::Sent, false),
        ];
        for (name, state, suppresses) in table {
            let (organisation, letter, ours) = sent_to(&app, "nobody@example.net").await;
            assert_eq!(ours.len(), THEIRS.len());
            let raw = message(name).replace(THEIRS, &ours);
            assert!(raw.contains(&ours), "{name}");
            comes_back(&app, raw).await;
            let row = state_of(&app, letter).await;
            assert_eq!(row.state, state, "{name}");
            assert_eq!(suppressed(&app, organisation).await, usize::from(suppresses), "{name}");
            if state == MailState::Failed {
                assert_eq!(row.last_stage.as_deref(), Some("returned"), "{name}");
            }
            let text = row.last_text.unwrap_or_default();
            assert!(!text.contains('@') && !text.contains("nobody"), "{name}: {text}");
        }
    });
}

#[test]
fn fault_22_of_several_recipients_ours_counts() {
    everywhere(|app| async move {
        let app = receiving(&app);
        for (address, suppresses) in [("nobody@example.net", true), ("full@example.com", false), ("off@example.net", false)] {
            let (organisation, letter, ours) = sent_to(&app, address).await;
            comes_back(&app, message("postfix-several").replace(THEIRS, &ours)).await;
            assert_eq!(state_of(&app, letter).await.state, MailState::Failed);
            assert_eq!(suppressed(&app, organisation).await, usize::from(suppresses), "{address}");
        }
    });
}

#[test]
fn fault_22_what_proves_nothing_changes_nothing_and_what_is_not_understood_is_kept() {
    everywhere(|app| async move {
        let app = receiving(&app);
        let (organisation, letter, ours) = sent_to(&app, "nobody@example.net").await;
        // The address of another installation, one with a digit changed, and one of a letter that nobody wrote.
        let changed = ours.replacen(&ours[2..3], if &ours[2..3] == "a" { "b" } else { "a" }, 1);
        for forged in [THEIRS, changed.as_str(), "b+aaaa@bounce.example.org"] {
            let state = comes_back(&app, message("postfix-failed").replace(THEIRS, forged)).await;
            assert_eq!(state, InboundState::Ignored, "{forged}");
        }
        assert_eq!(state_of(&app, letter).await.state, MailState::Sent);
        assert_eq!(suppressed(&app, organisation).await, 0);
        // What a person or nobody understands waits for an operator, whole.
        for name in ["encrypted", "report-nobody", "reply-gmail"] {
            let raw = message(name).replace(THEIRS, &ours);
            assert_eq!(comes_back(&app, raw.clone()).await, InboundState::Kept, "{name}");
            let rows = mail_inbound::Entity::find().all(app.app.platform.db.read()).await.unwrap();
            assert!(rows.iter().any(|row| row.raw.as_deref() == Some(raw.as_bytes())), "{name}");
        }
        let shown = alongside::platform::mail::inbound::kept(app.app.platform.db.read()).await.unwrap();
        assert_eq!(shown.len(), 3);
        let program = |arguments: &[&str]| {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_alongside"));
            let secret = std::env::temp_dir().join(format!("alongside-returned-{}.key", app.clock.new_id::<Uuid>()));
            std::fs::write(&secret, URL_SAFE_NO_PAD.encode(crate::harness::SECRET)).unwrap();
            command.arg("returned").args(arguments).env_clear().env("ALONGSIDE_DATABASE_URL", &app.url);
            let output = command.env("ALONGSIDE_SECRET_FILE", &secret).env("ALONGSIDE_LOG", "error").output().unwrap();
            std::fs::remove_file(&secret).unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        assert!(program(&[]).contains("encrypted or enveloped: cannot be read here"));
        assert_eq!(program(&["--show", &shown[2].id.to_string()]), message("reply-gmail").replace(THEIRS, &ours));
        let long = format!("{}{}", message("postfix-failed").replace(THEIRS, &ours), "x".repeat(9 << 20));
        assert_eq!(comes_back(&app, long).await, InboundState::Done);
        assert_eq!(state_of(&app, letter).await.state, MailState::Failed);
        // The same message once more is one message.
        let count = async || mail_inbound::Entity::find().all(app.app.platform.db.read()).await.unwrap().len();
        let before = count().await;
        let again = message("encrypted").replace(THEIRS, &ours);
        app.post("/inbound").token(TOKEN).bytes(again.into_bytes(), "message/rfc822").send().await.expect(202);
        assert_eq!(count().await, before);
        // A month later nothing is left of it.
        app.clock.advance(Duration::days(31));
        alongside::platform::mail::inbound::forget(&app.app.platform).await.unwrap();
        assert_eq!(count().await, 0);
    });
}

#[test]
fn fault_22_who_may_hand_over_mail() {
    everywhere(|app| async move {
        let post = async |app: &TestApp, token: &str| {
            app.post("/inbound").token(token).bytes(b"From: a@b.example\r\n\r\nx".to_vec(), "message/rfc822").send().await
        };
        post(&app, TOKEN).await.expect(404);
        let app = receiving(&app);
        post(&app, "another token of a mail server").await.expect(401);
        app.get("/inbound").token(TOKEN).send().await.expect(405);
        let large = app.post("/inbound").token(TOKEN).bytes(vec![b'x'; (10 << 20) + 1], "message/rfc822");
        large.send().await.expect(413);
        assert!(mail_inbound::Entity::find().all(app.app.platform.db.read()).await.unwrap().is_empty());
    });
}

#[test]
fn fault_23_a_complaint_ends_all_letters_and_names_nobody() {
    everywhere(|app| async move {
        let app = receiving(&app);
        for name in ["complaint-yahoo", "complaint-redacted", "complaint-microsoft"] {
            let (organisation, letter, ours) = sent_to(&app, "lina@yahoo.example").await;
            assert_eq!(comes_back(&app, message(name).replace(THEIRS, &ours)).await, InboundState::Done, "{name}");
            let row = state_of(&app, letter).await;
            assert_eq!(row.state, MailState::Sent, "it arrived");
            let rows = entity::suppression::Entity::find().all(app.app.platform.db.read()).await.unwrap();
            let its: Vec<_> = rows.iter().filter(|row| row.organisation_id == organisation).collect();
            assert_eq!((its.len(), its[0].scope.as_str(), its[0].reason), (1, "all", SuppressionReason::Complained), "{name}");
            let told: Vec<_> = history(&app, letter).await.into_iter().filter_map(|event| event.detail).collect();
            assert_eq!(told, ["the person wants no more letters"], "{name}");
        }
        let (organisation, _, ours) = sent_to(&app, "lina@yahoo.example").await;
        assert_eq!(comes_back(&app, message("complaint-not-spam").replace(THEIRS, &ours)).await, InboundState::Ignored);
        assert_eq!(suppressed(&app, organisation).await, 0);
    });
}

#[test]
fn fault_24_answers_of_programs_are_neither_bounces_nor_answers() {
    everywhere(|app| async move {
        let app = receiving(&app);
        let (organisation, letter, ours) = sent_to(&app, "lina@example.net").await;
        let all = ["away-exchange", "away-gmail", "away-sieve-german", "challenge", "receipt-read", "own-letter", "newsletter"];
        for name in all {
            let raw = format!("Delivered-To: {ours}\n{}", message(name));
            assert_eq!(comes_back(&app, raw).await, InboundState::Ignored, "{name}");
        }
        assert_eq!(state_of(&app, letter).await.state, MailState::Sent);
        assert_eq!(suppressed(&app, organisation).await, 0);
        assert_eq!(history(&app, letter).await.len(), 1, "that it was sent");
        assert!(app.outbox().await.is_empty(), "nothing is answered, so nothing goes round in a circle");
    });
}

/// A client of LMTP: sends lines, and answers what was said to each.
async fn lmtp(address: std::net::SocketAddr, lines: &[String]) -> Vec<String> {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let mut stream = BufReader::new(tokio::net::TcpStream::connect(address).await.unwrap());
    let mut answers = Vec::new();
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    for words in lines {
        stream.write_all(words.as_bytes()).await.unwrap();
        loop {
            line.clear();
            stream.read_line(&mut line).await.unwrap();
            if line.as_bytes().get(3) != Some(&b'-') {
                break;
            }
        }
        answers.push(line[..3].to_owned());
    }
    answers
}

#[test]
fn fault_22_a_mail_server_hands_over_what_comes_back_by_lmtp() {
    everywhere(|app| async move {
        let app = receiving(&app);
        let (organisation, letter, ours) = sent_to(&app, "nobody@example.net").await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tasks = Tasks::new();
        let serving = alongside::platform::mail::lmtp::serve(&app.app.platform, &listener, &tasks);
        let raw = message("postfix-failed").replace(THEIRS, &ours).replace('\n', "\r\n");
        let raw = raw.replace("\r\n.", "\r\n..");
        let talking = async {
            let line = |text: &str| format!("{text}\r\n");
            let lines = [
                line("EHLO mail.example"),
                line("LHLO mail.example"),
                line("DATA"),
                line("MAIL FROM:<>"),
                line(&format!("RCPT TO:<{THEIRS}>")),
                line(&format!("RCPT TO:<{}>", ours.to_uppercase())),
                line("DATA"),
                format!("{raw}.\r\n"),
                line("MAIL FROM:<>"),
                line(&format!("rcpt to:<{ours}>")),
                line("DATA"),
                format!("{}\r\n.\r\n", "long line ".repeat(1_100_000)),
                line("GARBAGE"),
                line("QUIT"),
            ];
            let said = lmtp(address, &lines).await;
            let expected = ["500", "250", "503", "250", "550", "250", "354", "250", "250", "250", "354", "552", "500", "221"];
            assert_eq!(said, expected);
            tasks.stop();
        };
        join(serving, talking).await;
        app.run_jobs().await;
        assert_eq!(state_of(&app, letter).await.state, MailState::Failed);
        assert_eq!(suppressed(&app, organisation).await, 1);
        assert_eq!(mail_inbound::Entity::find().all(app.app.platform.db.read()).await.unwrap().len(), 1);
    });
}
