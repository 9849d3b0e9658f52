//! Answers of people, and what is taken for one and is none.

use super::*;
use crate::replies::{Scene, all, answer, comes_in, corpus, field};
use entity::{InboundState, mail_inbound, mail_reply};

async fn one(app: &TestApp) -> mail_reply::Model {
    all(app).await.pop().expect("an answer")
}

#[test]
fn fault_24_programs_that_answer_are_no_people_and_nothing_is_answered() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        let programs = [
            "away-exchange",
            "away-exchange-old",
            "away-french",
            "away-gmail",
            "away-icloud",
            "away-sieve",
            "away-sieve-german",
            "challenge",
            "challenge-french",
            "receipt-read",
            "receipt-sieve-reject",
            "own-letter",
            "newsletter",
            "null-path",
        ];
        let ours = field(&scene.letter, "Reply-To").unwrap();
        for name in programs {
            let raw = format!("Delivered-To: {ours}\n{}", corpus(name, &scene.letter));
            assert_eq!(comes_in(app, raw).await, InboundState::Ignored, "{name}");
        }
        // Our own letter, sent to our own address for answers, as it left us.
        let raw = scene.letter.raw.replace(&format!("To: {}", scene.ben.email), &format!("To: {ours}"));
        assert_eq!(comes_in(app, raw).await, InboundState::Ignored);
        assert!(all(app).await.is_empty());
        assert!(app.outbox().await.is_empty(), "nothing is answered, so nothing goes round in a circle");
    });
}

#[test]
fn fault_24_an_answer_is_understood_however_it_is_written() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        let table = [
            ("reply-top", "Count me in.\n\nLina"),
            ("reply-bottom", "More trees, fewer signs.\n\nLina"),
            ("reply-gmail-between", "Yes, lime trees.\nNo — people sleep on them & that is fine elsewhere."),
            ("reply-japanese", "木を増やしてください。"),
            ("reply-wrong-charset", "Mehr Bäume für die Straße!"),
            ("reply-arabic", "نعم، أريد المزيد من الأشجار في شارعنا."),
            ("reply-german-webmail", "Gerne!"),
        ];
        for (name, words) in table {
            let raw = std::fs::read(format!("{}/tests/fixtures/returned/{name}.eml", env!("CARGO_MANIFEST_DIR"))).unwrap();
            // The bytes as they are: not every message is UTF-8.
            let head = format!("Delivered-To: {}\r\n", field(&scene.letter, "Reply-To").unwrap());
            assert_eq!(comes_in(app, [head.as_bytes(), &raw].concat()).await, InboundState::Done, "{name}");
            let row = one(app).await;
            assert_eq!(row.words.as_deref(), Some(words), "{name}");
            assert!(row.whole.unwrap().contains(words.lines().next().unwrap()), "{name}");
            assert_eq!((row.sure, row.same_sender), (true, false), "{name}");
        }
        let to = field(&scene.letter, "Reply-To").unwrap();
        let windows =
            format!("From: {}\nTo: {to}\nMessage-ID: <w@x>\nContent-Type: text/plain; charset=windows-1252\n\n", scene.ben.email);
        comes_in(app, [windows.as_bytes(), b"The caf\xe9 costs 5\x80 \x96 too much.\n"].concat()).await;
        assert_eq!(one(app).await.words.as_deref(), Some("The café costs 5€ – too much."));
        let html = format!(
            "From: {}\nTo: {to}\nMessage-ID: <h@x>\nContent-Type: text/html\n\n<p>Only in <b>HTML</b>.</p><script>alert(1)</script>\n",
            scene.ben.email
        );
        comes_in(app, html).await;
        assert_eq!(one(app).await.words.as_deref(), Some("Only in HTML."));
        app.outbox().await;
    });
}

#[test]
fn fault_24_the_quoted_letter_gives_nobody_its_links() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        let (text, html) = (scene.letter.text(), scene.letter.html());
        let token = scene.letter.token("ai_");
        assert!(html.contains(&token));
        let quoted: String = text.lines().map(|line| format!("> {line}\n")).collect();
        comes_in(
            app,
            answer(&scene.letter, &format!("I will come. {token}\n\nOn Mon, Mar 1, 2027 at 9:00 AM Sunrise wrote:\n{quoted}")),
        )
        .await;
        let row = one(app).await;
        let kept = format!("{:?}", row);
        assert!(row.whole.unwrap().contains("Your view") && row.words.as_deref() == Some("I will come. [link]"), "{kept}");
        for token in ["ai_", "au_"].map(|prefix| scene.letter.token(prefix)) {
            assert!(!kept.contains(&token[3..]), "{kept}");
        }
        assert!(!kept.contains("r+"), "{kept}");
        app.outbox().await;
    });
}

#[test]
fn fault_24_an_answer_is_one_however_often_it_comes() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        let raw = answer(&scene.letter, "Thursday suits me.");
        assert_eq!(comes_in(app, raw.clone()).await, InboundState::Done);
        // The same bytes are one message; by another way they are one answer.
        comes_in(app, raw.clone()).await;
        assert_eq!(comes_in(app, format!("Received: by another way\n{raw}")).await, InboundState::Ignored);
        assert_eq!(all(app).await.len(), 1);
        // Without a name of its own it is told by what it says.
        let nameless =
            raw.lines().filter(|line| !line.starts_with("Message-ID")).map(|line| format!("{line}\n")).collect::<String>();
        assert_eq!(comes_in(app, nameless.clone()).await, InboundState::Done);
        assert_eq!(comes_in(app, format!("Received: by another way\n{nameless}")).await, InboundState::Ignored);
        assert_eq!(all(app).await.len(), 2);
    });
}

#[test]
fn fault_24_what_proves_nothing_is_no_answer_and_is_kept() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        let ours = field(&scene.letter, "Reply-To").unwrap();
        let good = answer(&scene.letter, "Thursday suits me.");
        let changed = ours.replacen(&ours[2..3], if &ours[2..3] == "a" { "b" } else { "a" }, 1);
        // Of another installation, with a digit changed, with the proof for bounces, and one that names nothing.
        let other = "r+aaaqeayeaudaocajbifqydiob6q3fq6u4x3aogbjhi@example.org";
        for forged in [other, changed.as_str(), "r+aaaa@returns.sunrise.example", "alongside@sunrise.example"] {
            assert_eq!(comes_in(app, good.replace(&ours, forged)).await, InboundState::Kept, "{forged}");
        }
        let as_bounce = ours.replacen("r+", "b+", 1);
        assert_eq!(comes_in(app, good.replace(&ours, &as_bounce)).await, InboundState::Kept);
        assert!(all(app).await.is_empty());
        let kept = mail_inbound::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        assert!(kept.iter().all(|row| row.organisation_id.is_none() && row.message_id.is_none() && row.raw.is_some()));
        // Whose mail program answers to the sender names the letter; that counts if they say they are who it went to.
        let name = field(&scene.letter, "Message-ID").unwrap();
        let to_sender = good.replace(&ours, "alongside@sunrise.example");
        let from_eve = to_sender.replace("From: ben@", "From: eve@");
        assert_eq!(comes_in(app, format!("In-Reply-To: {name}\n{from_eve}")).await, InboundState::Kept);
        assert_eq!(comes_in(app, format!("References: <a@b> {name}\n{to_sender}")).await, InboundState::Done);
        let row = one(app).await;
        assert_eq!((row.sure, row.same_sender, all(app).await.len()), (false, true, 1));
        app.outbox().await;
    });
}

#[test]
fn fault_24_an_answer_belongs_to_the_organisation_of_its_letter() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        let moonlit = app.organisation(&scene.story.ada, "moonlit").await;
        // Ben is known to both, and writes to the other one.
        app.participant(&moonlit, "ben").await;
        app.post("/api/public/moonlit/sign-in").json(&serde_json::json!({"email": scene.ben.email})).send().await.expect(202);
        let letter = app.outbox().await.remove(0);
        // Quoting the letter of the first, and naming it too.
        let name = field(&scene.letter, "Message-ID").unwrap();
        assert_eq!(
            comes_in(app, format!("In-Reply-To: {name}\n{}", answer(&letter, "Please ring me."))).await,
            InboundState::Done
        );
        let row = one(app).await;
        assert_eq!((row.organisation_id.to_string(), row.opportunity_id), (moonlit.organisation.clone(), None));
        let list = |of: &crate::harness::Persona| of.path("/replies");
        let read = async |path: String| app.get(path).token(&scene.story.ada.token).send().await.expect(200).json;
        assert_eq!(read(list(&scene.story.ada)).await["items"], serde_json::json!([]));
        assert_eq!(read(list(&moonlit)).await["items"].as_array().unwrap().len(), 1);
        // It is about nothing that people take part in.
        let path = moonlit.path(&format!("/replies/{}/take", row.id));
        let take = app.post(path).token(&scene.story.ada.token).json(&serde_json::json!({"words": "own"}));
        assert_eq!(take.send().await.expect(409).json["code"], "about_nothing");
        app.outbox().await;
    });
}

#[test]
fn fault_24_large_and_empty_answers() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        assert_eq!(comes_in(app, answer(&scene.letter, "")).await, InboundState::Ignored);
        assert!(all(app).await.is_empty());
        let picture = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAx\n".repeat(125_000);
        let (to, from) = (field(&scene.letter, "Reply-To").unwrap(), &scene.ben.email);
        let large = format!(
            "From: {from}\nTo: {to}\nMessage-ID: <large@x>\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nHere is the corner.\n--b\n\
             Content-Type: image/png; name=corner.png\nContent-Transfer-Encoding: base64\n\n{picture}\n--b--\n"
        );
        assert!(large.len() > 9_000_000 && large.len() < 10 << 20, "{}", large.len());
        assert_eq!(comes_in(app, large).await, InboundState::Done);
        let row = one(app).await;
        assert_eq!((row.words.as_deref(), row.attachments, row.cut), (Some("Here is the corner."), 1, false));
        comes_in(app, answer(&scene.letter, &"word ".repeat(500_000))).await;
        let row = one(app).await;
        assert_eq!((row.words.unwrap().chars().count(), row.cut), (20_000, true));
        let too_large = vec![b'x'; (10 << 20) + 1];
        app.post("/inbound").token("a-token-of-a-mail-server").bytes(too_large, "message/rfc822").send().await.expect(413);
        app.outbox().await;
    });
}
