//! Files of people, out and in.

use crate::harness::{Answer, Persona, TestApp, everywhere};
use entity::mail_message;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

async fn send(app: &TestApp, who: &Persona, file: impl Into<Vec<u8>>) -> Answer {
    app.post(who.path("/people/import")).token(&who.token).bytes(file.into(), "text/csv").send().await
}

fn counts(answer: &Answer) -> [i64; 4] {
    ["lines", "invited", "unchanged", "refused"].map(|name| answer.json[name].as_i64().unwrap())
}

async fn lines(app: &TestApp, who: &Persona, import: &Answer) -> Vec<Value> {
    let path = format!("/people/imports/{}/lines?limit=500", import.id());
    who.get(app, &path).send().await.expect(200).json["items"].as_array().unwrap().clone()
}

#[test]
fn a_file_asks_people_and_signs_nobody_up() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let file = "\u{feff}Email,\"name\",language\r\nben@people.example,\"Ben, B\",cy\r\nEVE@people.example,=1+1,\r\n";
        let made = send(&app, &ada, file).await.expect(200);
        assert_eq!(counts(&made), [2, 2, 0, 0]);
        assert!(!made.json["finished_at"].is_null());
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 2);
        let text = letters[0].words();
        for words in ["gave us your address", "You have not been signed up for anything", "If you do nothing, nothing happens"] {
            assert!(text.contains(words), "{text}");
        }
        assert!(text.contains("https://alongside.test/u/au_"));
        let people = ada.get(&app, "/people").send().await.expect(200);
        assert!(people.json["items"].as_array().unwrap().iter().all(|person| person["state"] == "invited"));
        let token = letters.iter().find(|letter| letter.to == "ben@people.example").unwrap().token("aj_");
        let joined = app.post("/api/public/sunrise/confirm").json(&json!({"token": token})).send().await.expect(201);
        let session = joined.json["token"].as_str().unwrap();
        let me = app.get("/api/me").token(session).send().await.expect(200);
        assert_eq!((me.json["name"].as_str(), me.json["language"].as_str()), (Some("Ben, B"), Some("cy")));
        app.put("/api/me")
            .token(session)
            .header("if-match", &me.etag())
            .json(&json!({"name": "Benny", "language": "en"}))
            .send()
            .await
            .expect(200);
        let again = send(&app, &ada, file).await.expect(200);
        assert_eq!(counts(&again), [2, 0, 2, 0]);
        assert!(app.outbox().await.is_empty(), "no second letter");
        let me = app.get("/api/me").token(session).send().await.expect(200);
        assert_eq!(me.json["name"], "Benny");
    });
}

#[test]
fn every_line_is_answered_for() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let long = "n".repeat(121);
        let huge = "x".repeat(40_000);
        let mut file = format!(
            "email,name\nben@people.example,Ben\nnot an address,X\n\nBEN@people.example,Ben again\nlong@people.example,{long}\n\
             a@people.example,A,more\n{huge},Y\nshort@people.example\n,Nobody\n"
        )
        .into_bytes();
        file.extend_from_slice(b"\xff\xfe@people.example,Z\nlast@people.example,Last");
        let made = send(&app, &ada, file).await.expect(200);
        assert_eq!(counts(&made), [10, 3, 0, 7]);
        let lines = lines(&app, &ada, &made).await;
        let outcomes: Vec<_> =
            lines.iter().map(|line| (line["line"].as_i64().unwrap(), line["outcome"].as_str().unwrap())).collect();
        let expected = [
            (2, "invited"),
            (3, "refused"),
            (4, "refused"),
            (5, "refused"),
            (6, "refused"),
            (7, "refused"),
            (8, "invited"),
            (9, "refused"),
            (10, "refused"),
            (11, "invited"),
        ];
        assert_eq!(outcomes, expected);
        assert!(lines[2]["detail"].as_str().unwrap().contains("more than once"));
        assert!(!made.text.contains("people.example"));
        let paged = ada.get(&app, &format!("/people/imports/{}/lines?limit=4&after=6", made.id())).send().await.expect(200);
        assert_eq!(paged.json["items"][0]["line"], 7);
        assert_eq!(paged.json["next"], "10");
        assert_eq!(app.outbox().await.len(), 3);
    });
}

#[test]
fn fault_18_however_an_address_is_spelt_one_person_gets_one_letter() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let file = "email\nBen+News@People.Example\nben+news@people.example\n ben+news@people.example. \nann@bücher.example\n\
                    ANN@xn--bcher-kva.example\nann@BÜCHER.example\n\"\"\"kim b\"\"@people.example\"\nben@people.example\njosé@people.example\n";
        let made = send(&app, &ada, file).await.expect(200);
        assert_eq!(counts(&made), [9, 3, 0, 6]);
        let outcomes: Vec<String> = lines(&app, &ada, &made)
            .await
            .iter()
            .map(|line| format!("{} {}", line["line"], line["detail"].as_str().unwrap_or("asked").split('.').next().unwrap()))
            .collect();
        for (line, begins) in [(3, "twice"), (4, "twice"), (6, "twice"), (7, "twice"), (8, "none"), (10, "none")] {
            let told = outcomes.iter().find(|told| told.starts_with(&format!("{line} "))).unwrap();
            assert_eq!(told.contains("more than once"), begins == "twice", "{told}");
            assert_ne!(told, &format!("{line} asked"));
        }
        let mut to: Vec<_> = app.outbox().await.into_iter().map(|letter| letter.to).collect();
        to.sort_unstable();
        assert_eq!(to, ["Ben+News@people.example", "ann@xn--bcher-kva.example", "ben@people.example"]);
        let again = send(&app, &ada, "email\nAnn@Bücher.Example\nBEN+news@people.example.\n").await.expect(200);
        assert_eq!(counts(&again), [2, 0, 2, 0]);
        assert!(app.outbox().await.is_empty(), "nobody is asked twice");
        // Whoever types it their own way finds themselves.
        app.post("/api/public/sunrise/join").json(&json!({"email": "ann@BÜCHER.example"})).send().await.expect(202);
        assert_eq!(app.outbox().await.remove(0).to, "ann@xn--bcher-kva.example", "as mail servers spell it");
        assert_eq!(ada.get(&app, "/people").send().await.expect(200).json["items"].as_array().unwrap().len(), 3);
    });
}

#[test]
fn a_file_that_is_not_understood_writes_nothing() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let before = ada.get(&app, "/audit").send().await.text;
        for (file, code) in [
            ("", "required"),
            ("name\nBen\n", "required"),
            ("email,telephone\nben@people.example,1\n", "unknown_column"),
            ("email,email\nben@people.example,ben@people.example\n", "repeated"),
            ("ben@people.example\n", "unknown_column"),
        ] {
            let refused = send(&app, &ada, file).await.expect(422);
            assert_eq!(refused.violations(), [("/heading".to_owned(), code.to_owned())], "{file}");
        }
        let wrong = app.post(ada.path("/people/import")).token(&ada.token).json(&json!({"email": "x"})).send().await;
        wrong.expect(415);
        let large = vec![b'x'; app.app.platform.config.import_limit + 1];
        send(&app, &ada, large).await.expect(413);
        assert_eq!(ada.get(&app, "/people").send().await.json["items"], json!([]));
        assert_eq!(ada.get(&app, "/audit").send().await.text, before);
    });
}

#[test]
fn a_file_that_breaks_off_says_where_what_was_read_can_be_looked_at() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let none = ada.get(&app, "/people/imports").send().await.expect(200);
        assert_eq!(none.json["items"], json!([]));
        let first = send(&app, &ada, "email\nben@people.example\n").await.expect(200).id();
        // The length is not said beforehand, so the file is found too large on the way.
        let line = format!("{}\n", "x".repeat(10_000));
        let lines = app.app.platform.config.import_limit / line.len() + 1;
        let whole = format!("email\n{}", line.repeat(lines));
        let pieces: Vec<Vec<u8>> = whole.as_bytes().chunks(1 << 20).map(<[u8]>::to_vec).collect();
        let refused = app.post(ada.path("/people/import")).token(&ada.token).pieces(pieces, "text/csv").send().await.expect(413);
        let at = refused.json["instance"].as_str().unwrap_or_else(|| panic!("{}", refused.text)).to_owned();
        let run = app.get(&at).token(&ada.token).send().await.expect(200);
        assert!(run.json["lines"].as_i64().unwrap() > 1000 && run.json["finished_at"].is_null(), "{}", run.text);
        let list = ada.get(&app, "/people/imports?limit=1").send().await.expect(200);
        assert_eq!(list.json["items"][0]["id"], first);
        let next = list.json["next"].as_str().unwrap();
        let rest = ada.get(&app, &format!("/people/imports?after={next}")).send().await.expect(200);
        assert_eq!(rest.json["items"][0]["id"], run.json["id"]);
        app.outbox().await;
    });
}

#[test]
fn large_files_take_the_same_number_of_statements_for_every_500_lines() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let file = |from: u32, to: u32| {
            let lines: String = (from..to).map(|n| format!("p{n}@people.example,Person {n}\n")).collect();
            format!("email,name\n{lines}")
        };
        let db = &app.app.platform.db;
        let statements = async |file: String| {
            let before = db.statements();
            let made = send(&app, &ada, file).await.expect(200);
            (db.statements() - before, counts(&made))
        };
        let (one, _) = statements(file(0, 500)).await;
        let (two, _) = statements(file(500, 1500)).await;
        let (four, found) = statements(file(1500, 3600)).await;
        assert_eq!(found, [2100, 2100, 0, 0]);
        let piece = two - one;
        assert!(piece <= 12, "{piece} statements for 500 lines on {:?}", app.backend);
        assert_eq!(four, one + 4 * piece, "five pieces");
        let (again, found) = statements(file(0, 3600)).await;
        assert_eq!(found, [3600, 0, 3600, 0]);
        assert!(again <= one + 7 * piece);
        // An address that comes back much later in the same file is found too.
        let twice = format!("{}p3700@people.example,X\np3601@people.example,Y\np1@people.example,Z\n", file(3601, 4201));
        let made = send(&app, &ada, twice).await.expect(200);
        assert_eq!(counts(&made), [603, 600, 1, 2]);
        // Sending is looked at elsewhere; here the letters are counted and put away.
        let letters = mail_message::Entity::delete_many().exec(db.write()).await.unwrap();
        assert_eq!(letters.rows_affected, 4200);
    });
}

#[test]
fn exports_carry_no_formulas() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let file = "email,name\nben@people.example,\"=HYPERLINK(\"\"x\"\")\"\n-eve@people.example,+44\nzoe@people.example,\"Z, \"\"Z\"\"\"\n";
        send(&app, &ada, file).await.expect(200);
        app.outbox().await;
        let export = ada.get(&app, "/people/export").send().await.expect(200);
        assert!(export.headers["content-type"].to_str().unwrap().starts_with("text/csv"));
        assert!(export.text.starts_with("id,email,name,language,state,source,joined_at\r\n"), "{}", export.text);
        for cell in [",\"'=HYPERLINK(\"\"x\"\")\",", ",'-eve@people.example,'+44,en,invited,imported,\r\n", ",\"Z, \"\"Z\"\"\","]
        {
            assert!(export.text.contains(cell), "{cell} in {}", export.text);
        }
        let audit = ada.get(&app, "/audit").send().await.text;
        assert!(audit.contains("export_people") && audit.contains("import_people") && !audit.contains("people.example"));
    });
}

#[test]
fn people_are_for_staff_with_the_power() {
    everywhere(|app| async move {
        let ada = app.administrator().await;
        let moon = app.organisation(&ada, "moon").await;
        let vera = app.staff(&ada, "vera", "viewer").await;
        let anna = app.staff(&ada, "anna", "analyst").await;
        let cora = app.coordinator(&ada, "cora").await;
        let made = send(&app, &cora, "email\nben@people.example\n").await.expect(200);
        app.outbox().await;
        let ben = cora.get(&app, "/people").send().await.expect(200).json["items"][0]["id"].as_str().unwrap().to_owned();
        for who in [&vera, &anna] {
            send(&app, who, "not even a heading").await.expect(403);
            for path in ["/people", "/people/export", &format!("/people/{ben}"), &format!("/people/imports/{}", made.id())] {
                who.get(&app, path).send().await.expect(403);
            }
        }
        for path in ["/people", "/people/export", &format!("/people/{ben}")] {
            app.get(moon.path(path)).token(&cora.token).send().await.expect(404);
            app.get(cora.path(path)).send().await.expect(401);
        }
        moon.get(&app, &format!("/people/{ben}")).send().await.expect(404);
        moon.get(&app, &format!("/people/imports/{}", made.id())).send().await.expect(404);
        moon.get(&app, &format!("/people/imports/{}/lines", made.id())).send().await.expect(404);
        let none = moon.get(&app, "/people/export").send().await.expect(200);
        assert!(!none.text.contains("ben"));
    });
}
