//! Files for calendars, read by two programs that others wrote.

use super::*;
use crate::{
    browser::driver::{is_required, setting},
    given::{Given, Someone},
    harness::Mail,
};
use alongside::invitations::places;
use entity::{ConsentType, OpportunityId, OpportunityState, PlaceState, Purpose};
use mail_parser::{MessageParser, MimeHeaders};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A folder of files for calendars that is removed at the end.
struct Shelf(PathBuf);

impl Shelf {
    fn new(app: &TestApp) -> Self {
        let path = std::env::temp_dir().join(format!("alongside-calendar-{}", app.clock.new_id::<uuid::Uuid>()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(format!("{name}.ics")), text).unwrap();
    }

    /// What both programs read in each file; they have to agree.
    fn read(&self) -> Vec<Value> {
        let script = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(name);
        let mut readers = Vec::new();
        if let Some(axe) = setting("ALONGSIDE_TEST_AXE") {
            let modules = Path::new(&axe).ancestors().find(|path| path.ends_with("node_modules")).expect("axe-core's folder");
            let mut command = Command::new("node");
            command.arg(script("read-calendar.mjs")).arg(&self.0).arg(modules);
            readers.push(("ical.js", command));
        }
        if let Some(python) = setting("ALONGSIDE_TEST_DKIM") {
            let mut command = Command::new(python);
            command.arg(script("read-calendar.py")).arg(&self.0);
            readers.push(("icalendar", command));
        }
        assert!(readers.len() == 2 || !is_required(), "ALONGSIDE_TEST_AXE and ALONGSIDE_TEST_DKIM name what reads calendars");
        let mut all: Vec<(&str, Vec<Value>)> = Vec::new();
        for (name, mut reader) in readers {
            let output = reader.output().expect("the reader can be started");
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            let text = String::from_utf8(output.stdout).unwrap();
            all.push((name, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()));
        }
        if let [(one, first), (other, second)] = all.as_slice() {
            assert_eq!(first, second, "{one} and {other}");
        }
        all.pop().map(|(_, found)| found).unwrap_or_default()
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The parts of a letter for calendars: the one beside the words with what it does, and the files behind them.
fn parts(letter: &Mail) -> (Vec<(String, String)>, Vec<String>) {
    let message = MessageParser::default().parse(letter.raw.as_bytes()).unwrap();
    let (mut beside, mut behind) = (Vec::new(), Vec::new());
    for part in &message.parts {
        let Some(kind) = part.content_type() else { continue };
        let text = || String::from_utf8(part.contents().to_vec()).unwrap();
        match (kind.ctype(), kind.subtype()) {
            ("text", Some("calendar")) => beside.push((kind.attribute("method").unwrap().to_owned(), text())),
            ("application", Some("ics")) => behind.push(text()),
            _ => {}
        }
    }
    (beside, behind)
}

fn to<'a>(letters: &'a [Mail], who: &Someone) -> Vec<&'a Mail> {
    letters.iter().filter(|letter| letter.to == who.email).collect()
}

async fn group(app: &TestApp) -> (Given, OpportunityId) {
    let root = app.administrator().await;
    let given = Given::of(app, &app.coordinator(&root, "ada").await);
    let group = given.opportunity(given.project(&[]).await, OpportunityState::Open).await;
    (given, group)
}

async fn member(given: &Given, group: OpportunityId, name: &str) -> Someone {
    let who = given.someone(name).await;
    crate::parts::takes_part(given, group, &who).await;
    who
}

fn meeting(title: &str, starts: &str, ends: &str, place: &str) -> Value {
    json!({"title": title, "starts_at": starts, "ends_at": ends, "location": place})
}

#[test]
fn fault_32_a_meeting_stays_the_same_one_in_calendars_whatever_changes() {
    everywhere(|app| async move {
        let (given, group) = group(&app).await;
        let (ben, cleo) = (member(&given, group, "ben").await, member(&given, group, "cleo").await);
        given.wants_neutral_subjects(&cleo).await;
        // Those who wait, have not agreed, or are pausing, are not written to.
        let (dan, eve, fay) = (given.someone("dan").await, given.someone("eve").await, member(&given, group, "fay").await);
        given.place(group, &dan, PlaceState::Waiting).await;
        given.place(group, &eve, PlaceState::Held).await;
        let pause = json!({"choice": "pause", "until": "2027-04-20"});
        fay.post(&app, &format!("/opportunities/{group}/part"), &pause).await.expect(200);
        app.run_jobs().await;
        let shelf = Shelf::new(&app);
        let keep = |name: &str, letters: &[Mail], method: &str| {
            let mut whom: Vec<_> = letters.iter().map(|letter| letter.to.as_str()).collect();
            whom.sort_unstable();
            assert_eq!(whom, ["ben@people.example", "cleo@people.example"], "{name}");
            let (beside, behind) = parts(to(letters, &ben)[0]);
            assert_eq!(beside, [(method.to_owned(), behind[0].clone())], "{name}");
            shelf.put(name, &behind[0]);
            // Nobody who sees her calendar learns anything, nor whoever sees her inbox.
            let hers = to(letters, &cleo)[0];
            assert_eq!(parts(hers), (vec![], vec![]), "{name}");
            assert!(hers.raw.contains("Subject: A letter for you\r\n") && !hers.raw.contains("calendar;"), "{name}");
        };

        let tea = meeting("Tea; cake, and \\ talk", "2027-03-27T18:00:00Z", "2027-03-27T20:00:00Z", "Town hall\nSide door");
        let made = given.post(group, "/meetings", &tea).await.expect(201);
        let path = format!("/meetings/{}", made.id());
        let letters = app.outbox().await;
        keep("1-arranged", &letters, "REQUEST");
        assert!(to(&letters, &ben)[0].words().contains("Saturday 27 March 2027, 18:00 to 20:00"));

        // Clocks go forward in the night: six in the evening is another hour of the world.
        let moved = meeting("Tea; cake, and \\ talk", "2027-03-28T17:00:00Z", "2027-03-28T19:00:00Z", "Town hall\nSide door");
        given.put(group, &path, &moved).await.expect(200);
        let letters = app.outbox().await;
        keep("2-moved", &letters, "REQUEST");
        let words = to(&letters, &ben)[0].words();
        let before = "it was to be on Saturday 27 March 2027, 18:00 to 20:00.";
        assert!(words.contains(before) && words.contains("It is now on Sunday 28 March 2027, 18:00 to 20:00."), "{words}");
        assert!(!words.contains("Where: it was"), "{words}");

        // Saved as it is, nobody is written to. Changed twice before letters leave, there is one letter about both.
        given.put(group, &path, &moved).await.expect(200);
        assert_eq!(app.outbox().await.len(), 0);
        let library = meeting("Tea; cake, and \\ talk", "2027-03-28T17:00:00Z", "2027-03-28T19:00:00Z", "Library");
        given.put(group, &path, &library).await.expect(200);
        let named = meeting(
            "Tea in the “Library” with a long name: äöü, ñandú, 図書館 and whatever else is not plain",
            "2027-03-28T17:00:00Z",
            "2027-03-28T19:00:00Z",
            "Library",
        );
        given.put(group, &path, &named).await.expect(200);
        let letters = app.outbox().await;
        keep("3-named", &letters, "REQUEST");
        let words = to(&letters, &ben)[0].words();
        assert!(
            words.contains("Where: it was “Town hall Side door”. It is now “Library”.") && words.contains("Name: it was called"),
            "{words}"
        );

        // There and back before letters leave: nothing is to be said.
        given.put(group, &path, &library).await.expect(200);
        given.put(group, &path, &named).await.expect(200);
        assert_eq!(app.outbox().await.len(), 0);

        given.post(group, &format!("{path}/cancel"), &json!({})).await.expect(200);
        keep("4-cancelled", &app.outbox().await, "CANCEL");
        given.post(group, &format!("{path}/cancel"), &json!({})).await.expect(200);
        assert_eq!(given.put(group, &path, &tea).await.expect(409).json["code"], "cancelled");
        assert_eq!(app.outbox().await.len(), 0);
        // Of what nobody was told, nobody is told that it is off.
        let short = meeting("Short", "2027-03-29T17:00:00Z", "2027-03-29T19:00:00Z", "");
        let short = given.post(group, "/meetings", &short).await.expect(201).id();
        given.post(group, &format!("/meetings/{short}/cancel"), &json!({})).await.expect(200);
        assert_eq!(app.outbox().await.len(), 0);

        let found = shelf.read();
        if found.is_empty() {
            return;
        }
        let of = |at: usize, key: &str| found[at]["events"][0][key].clone();
        assert!((0..4).all(|at| found[at]["events"].as_array().unwrap().len() == 1));
        let uid = json!(format!("{}@alongside", made.id()));
        assert_eq!([0, 1, 2, 3].map(|at| of(at, "uid")), [(); 4].map(|()| uid.clone()));
        let sequences = [0, 1, 2, 3].map(|at| of(at, "sequence").as_i64().unwrap());
        assert!(sequences.is_sorted_by(|one, next| one < next), "{sequences:?}");
        assert_eq!([0, 1, 2, 3].map(|at| found[at]["method"].clone()), ["REQUEST", "REQUEST", "REQUEST", "CANCEL"]);
        assert_eq!([0, 1, 2, 3].map(|at| of(at, "status")), ["CONFIRMED", "CONFIRMED", "CONFIRMED", "CANCELLED"]);
        assert_eq!((of(0, "start"), of(0, "end")), (json!("2027-03-27T18:00:00Z"), json!("2027-03-27T20:00:00Z")));
        assert_eq!((of(1, "start"), of(1, "end")), (json!("2027-03-28T17:00:00Z"), json!("2027-03-28T19:00:00Z")));
        assert_eq!((of(0, "summary"), of(0, "location")), (tea["title"].clone(), tea["location"].clone()));
        assert_eq!((of(2, "summary"), of(2, "location")), (named["title"].clone(), json!("Library")));
        assert_eq!(of(0, "attendees"), json!([[format!("mailto:{}", ben.email), "FALSE"]]));
        assert!(of(0, "organiser")[0].as_str().unwrap().starts_with("mailto:"));
    });
}

/// Somebody's place has changed, as those who change it say.
async fn changed(given: &Given, group: OpportunityId, who: &Someone) {
    let platform = &given.app.app.platform;
    let tx = platform.db.begin().await.unwrap();
    places::changed(&tx, platform, given.organisation, group, who.id).await.unwrap();
    tx.commit().await.unwrap();
}

#[test]
fn whoever_comes_later_hears_of_what_lies_ahead_and_whoever_leaves_gets_it_out_of_the_calendar() {
    everywhere(|app| async move {
        let (given, group) = group(&app).await;
        let at = |day: u32| {
            let times = [format!("2027-04-{day:02}T17:00:00Z"), format!("2027-04-{day:02}T19:00:00Z")];
            meeting(&format!("Evening {day}"), &times[0], &times[1], "Town hall")
        };
        let first = given.post(group, "/meetings", &at(1)).await.expect(201).id();
        let second = given.post(group, "/meetings", &at(8)).await.expect(201).id();
        let gone = given.post(group, "/meetings", &at(9)).await.expect(201).id();
        given.post(group, &format!("/meetings/{gone}/cancel"), &json!({})).await.expect(200);
        assert_eq!(app.outbox().await.len(), 0, "nobody was there");
        let (ben, cleo) = (member(&given, group, "ben").await, member(&given, group, "cleo").await);
        given.wants_neutral_subjects(&cleo).await;
        for who in [&ben, &cleo] {
            changed(&given, group, who).await;
        }
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 2, "one letter each");
        let shelf = Shelf::new(&app);
        let (beside, behind) = parts(to(&letters, &ben)[0]);
        assert_eq!((beside, behind.len()), (vec![("PUBLISH".to_owned(), behind[0].clone())], 1));
        shelf.put("1-ahead", &behind[0]);
        assert_eq!(parts(to(&letters, &cleo)[0]), (vec![], vec![]));
        let words = to(&letters, &cleo)[0].words();
        assert!(words.contains("Evening 1") && words.contains("Evening 8") && !words.contains("Evening 9"), "{words}");
        // Said once, it is not said again.
        changed(&given, group, &ben).await;
        assert_eq!(app.outbox().await.len(), 0);

        // Her own page has a file that tells the time alone; his tells more.
        let file = async |who: &Someone| who.get(&app, &format!("/meetings/{first}/calendar")).await.expect(200);
        let (his, hers) = (file(&ben).await, file(&cleo).await);
        assert_eq!(his.headers["content-type"], "text/calendar; charset=utf-8");
        assert!(
            his.text.contains("SUMMARY:Evening 1\r\n") && his.text.contains("URL:https://alongside.test/o/sunrise/me/meetings/")
        );
        assert!(
            hers.text.contains("SUMMARY:Appointment\r\n") && hers.text.contains("DTSTART:20270401T170000Z\r\n"),
            "{}",
            hers.text
        );
        for word in ["LOCATION", "DESCRIPTION", "URL", "ORGANIZER", "ATTENDEE", "Evening", "unrise"] {
            assert!(!hers.text.contains(word), "{word}: {}", hers.text);
        }
        assert_eq!(ben.get(&app, &format!("/meetings/{}/calendar", given.organisation)).await.status, 404);
        shelf.put("2-his", &his.text);
        shelf.put("3-hers", &hers.text);

        app.clock.advance(Duration::minutes(1));
        // Pausing keeps calendars as they are. What changed meanwhile is told to whoever goes on.
        let part = format!("/opportunities/{group}/part");
        ben.post(&app, &part, &json!({"choice": "pause", "until": "2027-03-20"})).await.expect(200);
        given.put(group, &format!("/meetings/{second}"), &at(10)).await.expect(200);
        let letters = app.outbox().await;
        assert!(to(&letters, &ben).is_empty() && to(&letters, &cleo).len() == 1);
        ben.post(&app, &format!("{part}/go-on"), &json!({})).await.expect(200);
        let letters = app.outbox().await;
        let words = to(&letters, &ben)[0].words();
        assert!(words.contains("Evening 10") && !words.contains("Evening 1:"), "{words}");
        assert_eq!(parts(to(&letters, &ben)[0]).0[0].0, "REQUEST");

        for who in [&ben, &cleo] {
            who.post(&app, &part, &json!({"choice": "leave"})).await.expect(200);
        }
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 1, "nothing of ours is in her calendar");
        let (beside, behind) = parts(to(&letters, &ben)[0]);
        assert!(beside.is_empty() && behind.len() == 2);
        for (at, file) in behind.iter().enumerate() {
            shelf.put(&format!("4-left-{at}"), file);
        }
        let found = shelf.read();
        if found.is_empty() {
            return;
        }
        let uids = |at: usize| -> Vec<Value> {
            found[at]["events"].as_array().unwrap().iter().map(|event| event["uid"].clone()).collect()
        };
        let (one, other) = (json!(format!("{first}@alongside")), json!(format!("{second}@alongside")));
        assert_eq!((found[0]["method"].clone(), uids(0)), (json!("PUBLISH"), vec![one.clone(), other.clone()]));
        assert_eq!([1, 2].map(|at| found[at]["method"].clone()), ["PUBLISH", "PUBLISH"]);
        assert_eq!(
            [3, 4].map(|at| (found[at]["method"].clone(), uids(at))),
            [(json!("CANCEL"), vec![one]), (json!("CANCEL"), vec![other])]
        );
        app.outbox().await;
    });
}

#[test]
fn the_end_of_a_group_calls_its_meetings_off_with_one_letter() {
    everywhere(|app| async move {
        let root = app.administrator().await;
        let given = Given::of(&app, &app.coordinator(&root, "ada").await);
        let group = crate::parts::group(&given).await;
        let ben = member(&given, group, "ben").await;
        for day in [1, 2, 3] {
            let (starts, ends) = (format!("2027-04-0{day}T17:00:00Z"), format!("2027-04-0{day}T19:00:00Z"));
            given.post(group, "/meetings", &meeting(&format!("Evening {day}"), &starts, &ends, "")).await.expect(201);
        }
        assert_eq!(app.outbox().await.len(), 3);
        let words = json!({"words": "The grant for the group has ended. We are grateful for every evening."});
        given.post(group, "/end", &words).await.expect(200);
        let letters = app.outbox().await;
        assert_eq!(to(&letters, &ben).len(), 2, "that it has ended, and that there are no meetings");
        let files: Vec<_> = letters.iter().flat_map(|letter| parts(letter).1).collect();
        assert!(files.len() == 3 && files.iter().all(|file| file.contains("METHOD:CANCEL\r\n")), "{files:?}");
    });
}

#[test]
fn letters_about_meetings_are_held_back_by_whatever_holds_back_letters() {
    everywhere(|app| async move {
        let (given, group) = group(&app).await;
        let (ben, cleo, dan) =
            (member(&given, group, "ben").await, member(&given, group, "cleo").await, member(&given, group, "dan").await);
        let soon = meeting("Soon", "2027-03-02T17:00:00Z", "2027-03-02T19:00:00Z", "Town hall");
        // Taken back, left, stopped: all after the letter was made, and before it left.
        let id = given.post(group, "/meetings", &soon).await.expect(201).id();
        given.consent(&ben, Purpose::Participate, group.0, ConsentType::Withdraw).await;
        cleo.post(&app, &format!("/opportunities/{group}/part"), &json!({"choice": "leave"})).await.expect(200);
        let letters = app.outbox().await;
        assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), [dan.email.as_str()]);
        let stop = letters[0].token("au_");
        app.post(format!("/u/{stop}")).send().await.expect(200);
        let moved = meeting("Soon", "2027-03-02T18:00:00Z", "2027-03-02T19:00:00Z", "Town hall");
        given.put(group, &format!("/meetings/{id}"), &moved).await.expect(200);
        assert_eq!(app.outbox().await.len(), 0, "he stopped such letters");
        // What is over is written down without a word to anybody.
        let past = meeting("Past", "2027-02-02T17:00:00Z", "2027-02-02T19:00:00Z", "Town hall");
        let past = given.post(group, "/meetings", &past).await.expect(201).id();
        let refused = given.post(group, &format!("/meetings/{past}/cancel"), &json!({})).await.expect(409);
        assert_eq!(refused.json["code"], "begun");
        assert_eq!(app.outbox().await.len(), 0);
    });
}
