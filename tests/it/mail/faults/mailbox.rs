//! Mail that comes back lies in a mailbox: it is fetched by IMAP, and nothing is lost or taken twice.

use super::*;
use crate::replies::{Scene, all, answer, receiving};
use alongside::platform::{config::Mailbox, mail::poll};
use entity::mail_inbound;
use std::collections::BTreeMap;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// A mailbox at a server that speaks as much IMAP as is needed.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    messages: BTreeMap<u32, (String, bool)>,
    said: Vec<String>,
    plus: bool,
    /// The connection ends when this is asked for.
    hangs_up_at: Option<&'static str>,
}

impl Kept {
    async fn serve(self, listener: TcpListener) {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            self.talk(BufReader::new(stream)).await;
        }
    }

    async fn talk(&self, mut stream: BufReader<TcpStream>) {
        stream.write_all(b"* OK here\r\n").await.unwrap();
        let mut line = String::new();
        while stream.read_line(&mut line).await.is_ok_and(|count| count > 0) {
            let Some(answer) = self.answer(line.trim_end()) else { return };
            stream.write_all(answer.as_bytes()).await.unwrap();
            line.clear();
        }
    }

    /// None hangs up.
    fn answer(&self, line: &str) -> Option<String> {
        let mut held = self.0.lock().unwrap();
        let (tag, command) = line.split_once(' ').unwrap();
        held.said.push(command.to_owned());
        if held.hangs_up_at.is_some_and(|words| command.starts_with(words)) {
            held.hangs_up_at = None;
            return None;
        }
        let uid = command.split(' ').nth(2).and_then(|word| word.parse::<u32>().ok());
        let body = match command.split(' ').take(2).collect::<Vec<_>>().as_slice() {
            ["LOGIN", user] if *user != "\"returns@sunrise.example\"" => return Some(format!("{tag} NO who are you\r\n")),
            ["LOGIN", _] if !command.ends_with("\"a word of theirs\"") => return Some(format!("{tag} NO who are you\r\n")),
            ["CAPABILITY"] => format!("* CAPABILITY IMAP4rev1{}\r\n", if held.plus { " UIDPLUS" } else { "" }),
            ["SELECT", _] => format!("* {} EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n", held.messages.len()),
            ["UID", "SEARCH"] => {
                let ids: Vec<String> =
                    held.messages.iter().filter(|(_, (_, gone))| !gone).map(|(uid, _)| uid.to_string()).collect();
                format!("* SEARCH {}\r\n", ids.join(" "))
            }
            ["UID", "FETCH"] => {
                let uid = uid.unwrap();
                let raw = &held.messages[&uid].0;
                match command.contains("SIZE") {
                    true => format!("* 1 FETCH (UID {uid} RFC822.SIZE {})\r\n", raw.len()),
                    false => format!("* 1 FETCH (UID {uid} BODY[] {{{}}}\r\n{raw})\r\n", raw.len()),
                }
            }
            ["UID", "STORE"] => {
                held.messages.get_mut(&uid.unwrap()).unwrap().1 = true;
                String::new()
            }
            ["UID", "EXPUNGE"] | ["EXPUNGE"] => {
                held.messages.retain(|one, (_, gone)| !*gone || uid.is_some_and(|uid| uid != *one));
                String::new()
            }
            _ => String::new(),
        };
        Some(format!("{body}{tag} OK done\r\n"))
    }

    fn put(&self, uid: u32, raw: String) {
        self.0.lock().unwrap().messages.insert(uid, (raw.replace('\n', "\r\n"), false));
    }

    fn left(&self) -> Vec<u32> {
        self.0.lock().unwrap().messages.keys().copied().collect()
    }
}

/// A mailbox, and how it is reached.
async fn a_mailbox(app: &TestApp, plus: bool, password: &str) -> (Kept, Mailbox) {
    let held = Kept::default();
    held.0.lock().unwrap().plus = plus;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(held.clone().serve(listener));
    let file = std::env::temp_dir().join(format!("alongside-mailbox-{}", app.clock.new_id::<Uuid>()));
    std::fs::write(&file, format!("{password}\n")).unwrap();
    let url = format!("imap://returns@sunrise.example@127.0.0.1:{port}/Returns");
    (held, Mailbox::read(&url, &file).unwrap())
}

#[test]
fn mail_is_fetched_from_a_mailbox_and_goes_from_it_when_it_is_written_down() {
    for plus in [true, false] {
        everywhere(|app| async move {
            let scene = Scene::set(&app).await;
            let app = &scene.app;
            let (held, mailbox) = a_mailbox(app, plus, "a word of theirs").await;
            held.put(3, answer(&scene.letter, "Thursday suits me."));
            held.put(7, answer(&scene.letter, "So does Friday."));
            held.put(8, "x".repeat((10 << 20) + 1));
            // Somebody else's, marked and left there, is none of ours.
            held.0.lock().unwrap().messages.insert(9, ("From: a@b\r\n\r\nx".into(), true));
            // The connection ends between writing down and taking out: it is fetched again, and taken once.
            held.0.lock().unwrap().hangs_up_at = Some("UID STORE");
            poll::look(&app.app.platform, &mailbox).await.unwrap_err();
            assert_eq!(held.left(), [3, 7, 8, 9]);
            assert_eq!(poll::look(&app.app.platform, &mailbox).await.unwrap(), 2);
            assert_eq!(held.left(), if plus { vec![8, 9] } else { vec![8] });
            assert_eq!(mail_inbound::Entity::find().all(app.app.platform.db.read()).await.unwrap().len(), 2);
            app.run_jobs().await;
            let words: Vec<_> = all(app).await.into_iter().filter_map(|row| row.words).collect();
            assert_eq!(words, ["Thursday suits me.", "So does Friday."]);
            assert_eq!(poll::look(&app.app.platform, &mailbox).await.unwrap(), 0);
            let said = held.0.lock().unwrap().said.join("\n");
            assert!(said.contains("SELECT \"Returns\"") && said.contains("BODY.PEEK[]"), "{said}");
            std::fs::remove_file(&mailbox.password).unwrap();
        });
    }
}

#[test]
fn a_mailbox_that_cannot_be_read_says_why_and_names_nobody() {
    everywhere(|app| async move {
        let app = receiving(&app);
        let (_, mailbox) = a_mailbox(&app, true, "another word").await;
        let told = async |mailbox: &Mailbox| poll::look(&app.app.platform, mailbox).await.unwrap_err().to_string();
        let wrong = told(&mailbox).await;
        assert!(wrong.contains("does not let us in") && !wrong.contains("returns@") && !wrong.contains("word"), "{wrong}");
        std::fs::remove_file(&mailbox.password).unwrap();
        assert!(told(&mailbox).await.contains("cannot be read from its file"));
        let (_, mailbox) = a_mailbox(&app, true, "a word of theirs").await;
        let nobody = Mailbox { port: 1, ..mailbox.clone() };
        assert!(told(&nobody).await.contains("no connection"));
        std::fs::remove_file(&mailbox.password).unwrap();
    });
}
