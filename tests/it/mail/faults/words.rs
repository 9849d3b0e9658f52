//! What people typed, as it goes over the wire.

use super::*;

/// Names, subjects and words that have broken letters of others.
fn evil() -> Vec<(String, String, String)> {
    let same = |text: &str| (text.to_owned(), text.to_owned(), text.to_owned());
    let mut all: Vec<_> =
        ["a\nb", "a\r\nBcc: eve@evil.example", "a\rb", "nul\0", "\u{202e}gnp.exe", "\"<x@y>, z", "=?utf-8?q?x?=", "ü"]
            .into_iter()
            .map(same)
            .collect();
    all.push(("n".repeat(5000), "é".repeat(50_000), format!("one\rtwo\n.\n..\n.three\n{}\n.", "w".repeat(10_000))));
    all
}

/// The header lines, unfolded.
fn head(message: &str) -> Vec<String> {
    let head = message.split("\r\n\r\n").next().unwrap_or_default();
    head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n").map(str::to_owned).collect()
}

#[test]
fn fault_17_what_people_typed_breaks_no_letter_and_becomes_no_header() {
    everywhere(|app| async move {
        let words = evil();
        let mut composers = Composers::default();
        let told = words.clone();
        composers.on(KIND, move |_, message| {
            let (name, subject, text) = told[usize::try_from(message.n).unwrap()].clone();
            let letter = Letter::new(name, subject, "You asked.").text(&text).heading(text.clone()).list(vec![text]);
            let letter = letter.stoppable("https://alongside.test/u/au_x", "news");
            async move { Ok(Composed::Letter(Box::new(letter))) }
        });
        let server = Server::start([]).await;
        let config = config(&app, MailWay::Smtp(server.url()));
        let mailer = Mailer::new(composers, transport::open(&config).unwrap(), &config).unwrap();
        let tx = app.app.platform.db.begin().await.unwrap();
        let batch = open_batch(&tx, &app.clock, None, KIND, None, "test").await.unwrap();
        let letters: Vec<NewLetter> = (0..words.len())
            .map(|number| NewLetter { n: i32::try_from(number).unwrap(), ..new_letter(&app, KIND, number) })
            .collect();
        enqueue(&tx, &app.clock, None, batch, &letters).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(run(&app, &mailer).await, words.len());
        assert_eq!(states(&app).await, HashMap::from([(MailState::Sent, words.len())]));
        let ledger = server.ledger();
        let names: HashSet<Vec<String>> = ledger
            .iter()
            .map(|letter| {
                let text = String::from_utf8(letter.bytes.clone()).unwrap();
                assert!(!text.replace("\r\n", "").contains(['\r', '\n', '\0']), "a line end that is none");
                assert!(text.is_ascii() && text.split("\r\n").all(|line| line.len() <= 998));
                let number = letters.iter().position(|one| letter.message_id.contains(&one.id.to_string())).unwrap();
                let to = format!("person{number}@example.org");
                assert!(letter.to == to && head(&text).contains(&format!("To: {to}")));
                head(&text).iter().map(|line| line.split(':').next().unwrap().to_owned()).collect()
            })
            .collect();
        assert_eq!(names.len(), 1, "all have the same headers: {names:?}");
    });
}
