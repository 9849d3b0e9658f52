//! Places that are shared out among groups: quotas, the draw, who is asked when a place becomes free, and the draw worked out again.

use crate::{
    harness::{Browser, Mail, Participant, everywhere},
    story::Story,
};
use alongside::{
    matching::{file::Draw, seats::Panels},
    platform::{
        Clock,
        secret::{hex, sha256},
    },
};
use entity::{match_result, participant, place};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use std::process::Command;

pub fn quota(category: &str, min: i32, max: i32) -> Value {
    json!({"dimension": "age_band", "category": category, "min": min, "max": max})
}

/// Somebody who may be asked to design together, with a fact about themselves that may be counted.
pub async fn aged(story: &Story, name: &str, category: &str) -> Participant {
    let person = story.person(name, json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
    story.agree(&person, &["demographics_representativeness"]).await;
    person
        .put(&story.app, "/demographics", &json!({"facts": [{"dimension": "age_band", "category": category}]}))
        .await
        .expect(204);
    person
}

/// An open group with so many places that are shared out.
pub async fn open(story: &Story, places: i32, quotas: Value) -> String {
    let id = story.open("co_design_group", "co_design", json!({"places": places})).await;
    set(story, &id, quotas).await.expect(200);
    id
}

pub async fn set(story: &Story, id: &str, quotas: Value) -> crate::harness::Answer {
    let call = story.app.put(story.ada.path(&format!("/opportunities/{id}/quotas"))).token(&story.ada.token);
    call.header("if-match", "*").json(&json!({"quotas": quotas})).send().await
}

pub async fn runs(story: &Story, id: &str) -> Vec<Value> {
    let runs = story.ada.get(&story.app, &format!("/opportunities/{id}/matches")).send().await.expect(200);
    runs.json.as_array().unwrap().clone()
}

fn names(letters: &[Mail]) -> Vec<&str> {
    let mut names: Vec<&str> = letters.iter().map(|letter| letter.to.split('@').next().unwrap()).collect();
    names.sort_unstable();
    names
}

/// The file of the newest draw, as everybody can read it, and as those can who may read about people.
pub async fn files(story: &Story, id: &str) -> (String, String) {
    let run = runs(story, id).await[0]["id"].as_str().unwrap().to_owned();
    let public = story.app.get(format!("/api/public/{}/draws/{run}/file", story.ada.slug)).send().await.expect(200).text;
    let whole = story.ada.get(&story.app, &format!("/opportunities/{id}/matches/{run}/file")).send().await.expect(200).text;
    (public, whole)
}

pub fn disagreeing(file: &str) -> Vec<&'static str> {
    let checks = Draw::read(file.as_bytes()).unwrap().checks();
    checks.into_iter().filter(|(_, agrees)| !agrees).map(|(what, _)| what).collect()
}

#[test]
fn quotas_are_checked_and_stay_once_names_were_drawn() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let id = story.open("co_design_group", "co_design", json!({"places": 4})).await;
        let at = format!("/opportunities/{id}/quotas");
        let none = story.ada.get(&app, &at).send().await.expect(200);
        assert_eq!((&none.json["quotas"], none.headers["etag"].to_str().unwrap()), (&json!([]), "\"v0\""));
        let wrong = json!([quota("16_24", 3, 2), quota("16_24", -1, 0), quota("65_plus", 2, 5), quota("25_64", 3, 3)]);
        let said = set(&story, &id, wrong).await.expect(422).json;
        let found: Vec<&str> = said["errors"].as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap()).collect();
        let expected = ["/quotas/0/min", "/quotas/1/category", "/quotas/1/min", "/quotas/1/max", "/quotas/2/max", "/quotas"];
        assert_eq!(found, expected, "{said}");
        let consultation = story.open("consultation", "consultation", json!({})).await;
        let nothing = set(&story, &consultation, json!([quota("16_24", 1, 2)])).await.expect(409);
        assert_eq!(nothing.json["code"], "no_places");
        let set_now = set(&story, &id, json!([quota("16_24", 2, 3), quota("25_64", 2, 4)])).await.expect(200);
        assert_eq!(set_now.headers["etag"].to_str().unwrap(), "\"v1\"");
        assert!(set_now.json["warnings"][0].as_str().unwrap().contains("Whoever gives none cannot be drawn"), "{}", set_now.json);
        // Another change under way is not lost.
        let stale = app.put(story.ada.path(&at)).token(&story.ada.token).header("if-match", "\"v0\"");
        stale.json(&json!({"quotas": []})).send().await.expect(412);
        for (name, category) in [("ben", "16_24"), ("cat", "16_24"), ("dan", "25_64"), ("eve", "25_64")] {
            aged(&story, name, category).await;
        }
        assert_eq!(story.invite(&id, json!({})).await.len(), 4);
        let late = set(&story, &id, json!([])).await.expect(409);
        assert_eq!(late.json["code"], "drawn");
    });
}

#[test]
fn places_are_shared_out_and_the_draw_can_be_worked_out_again() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for n in 0..3 {
            aged(&story, &format!("young{n}"), "16_24").await;
        }
        for n in 0..9 {
            aged(&story, &format!("old{n}"), "65_plus").await;
        }
        // Says nothing about their age; and one who told it, and took the consent back.
        story.person("silent", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let back = aged(&story, "back", "16_24").await;
        let purpose = json!({"purpose": "demographics_representativeness"});
        back.post(&app, "/consents/withdraw", &purpose).await.expect(200);
        app.run_jobs().await;
        let id = open(&story, 4, json!([quota("16_24", 2, 2), quota("65_plus", 1, 3)])).await;
        let sealed = app.get(format!("/api/public/{}/opportunities/{id}/seal", story.ada.slug)).send().await.expect(200).json;
        let letters = story.invite(&id, json!({"seed": "lottery of 1 March: 3 14 15"})).await;
        assert_eq!(letters.len(), 4);
        let young = names(&letters).iter().filter(|name| name.starts_with("young")).count();
        let old = names(&letters).iter().filter(|name| name.starts_with("old")).count();
        assert_eq!((young, (1..=2).contains(&old)), (2, true), "{:?}", names(&letters));
        let run = &runs(&story, &id).await[0];
        assert_eq!((&run["state"], &run["rules_version"], &run["eligible"]), (&json!("done"), &json!("lottery-3"), &json!(14)));
        assert_eq!((&run["asked"], &run["reserve"]), (&json!(4), &json!(10)));
        assert_eq!((&run["groups"]["kept"], &run["groups"]["fairest"]), (&json!(true), &json!(true)));
        // A panel of four is known by name: how many of each group it has is not told.
        assert!(run["groups"]["quotas"].as_array().unwrap().iter().all(|row| row["withheld"] == true), "{run}");
        // What was committed to before is what was used.
        assert_eq!(run["commitment"], sealed["commitment"]);
        let ours = run["seed"].as_str().unwrap().strip_prefix("lottery of 1 March: 3 14 15 / ").unwrap();
        assert_eq!(hex(&sha256(ours.as_bytes())), sealed["commitment"].as_str().unwrap());
        let next = app.get(format!("/api/public/{}/opportunities/{id}/seal", story.ada.slug)).send().await.expect(200).json;
        assert_ne!(next["commitment"], sealed["commitment"], "the next draw has a part of its own");

        let (public, whole) = files(&story, &id).await;
        assert_eq!((disagreeing(&public), disagreeing(&whole)), (vec![], vec![]));
        assert!(!public.contains("age_band") && whole.contains("age_band"));
        let draw = Draw::read(whole.as_bytes()).unwrap();
        let lottery = draw.head.lottery.clone().unwrap();
        let mut chances: Vec<(u32, f64)> = lottery.people.iter().copied().zip(lottery.chances()).collect();
        chances.sort_by_key(|(people, _)| *people);
        // Two of the three who are young; two of the eleven others, each with the same chance, of whom one at least is old.
        let near = |chance: f64, fair: f64| (chance - fair).abs() < 1e-9;
        assert!(near(chances[0].1, 2.0 / 11.0) && near(chances[1].1, 2.0 / 3.0) && near(chances[2].1, 2.0 / 11.0), "{chances:?}");
        // Who was drawn finds their number in the file.
        for letter in &letters {
            let seen = app.get("/api/invitation").token(&letter.token("ai_")).send().await.expect(200).json;
            let number: uuid::Uuid = seen["draw_number"].as_str().unwrap().parse().unwrap();
            assert!(draw.drawn.contains(&number));
        }
        for person in participant::Entity::find().all(app.app.platform.db.read()).await.unwrap() {
            assert!(!whole.contains(&person.id.to_string()) && !whole.contains(&person.email), "nobody is named");
        }
        changed_files_do_not_agree(&whole, &draw, &lottery);
        for (file, equal) in [(&public, true), (&whole, true), (&whole.replacen("3 14 15 / ", "3 14 16 / ", 1), false)] {
            let (output, done) = verified(file);
            assert_eq!((output.contains("NOT EQUAL"), done), (!equal, equal), "{output}");
            assert!(output.contains("14 in the pool, 4 drawn, rules lottery-3"), "{output}");
        }
        let others = whole.replacen(&format!("\"{}\"", sortition::SOLVER), "\"another\"", 1);
        let (output, done) = verified(&others);
        assert!(done && output.contains("this one was found with another."), "{output}");
        let (_, done) = verified("{}");
        assert!(!done, "a file that is none");
    });
}

/// What the program says of a file of a draw, and whether it agrees.
pub fn verified(file: &str) -> (String, bool) {
    let path = std::env::temp_dir().join(format!("alongside-draw-{}", Clock::system().new_id::<uuid::Uuid>()));
    std::fs::write(&path, file).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_alongside")).arg("verify-draw").arg(&path).output().unwrap();
    std::fs::remove_file(&path).unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.success())
}

/// Whatever is changed in a file, something no longer agrees.
fn changed_files_do_not_agree(whole: &str, draw: &Draw, lottery: &Panels) {
    let again = |change: &dyn Fn(&mut Draw)| {
        let mut draw = Draw::read(whole.as_bytes()).unwrap();
        change(&mut draw);
        draw.checks().into_iter().filter(|(_, agrees)| !agrees).map(|(what, _)| what).collect::<Vec<_>>()
    };
    assert_eq!(again(&|_| ()), Vec::<&str>::new());
    let same = "the draw comes out the same";
    assert!(again(&|draw| draw.drawn.reverse()).contains(&same));
    assert!(
        again(&|draw| draw.head.seed = format!("another / {}", draw.head.seed.rsplit(" / ").next().unwrap())).contains(&same)
    );
    assert!(again(&|draw| draw.head.seed.push('0')).contains(&"our part of the seed is what was committed to"));
    assert!(again(&|draw| draw.pool[3] ^= 1).contains(&"the pool agrees with its digest"));
    assert!(again(&|draw| draw.pool.truncate(draw.pool.len() - 20)).contains(&same));
    let fairest = "the fairest lottery comes out the same";
    let tilted = |draw: &mut Draw| {
        let lottery = draw.head.lottery.as_mut().unwrap();
        lottery.tickets[0] -= 1;
        *lottery.tickets.last_mut().unwrap() += 1;
    };
    assert!(lottery.tickets.len() > 1 && again(&tilted).contains(&fairest));
    // No word about the solver makes a lottery fair that this one does not find.
    let other = |draw: &mut Draw| draw.head.grounds.as_mut().unwrap().fairness.as_mut().unwrap().solver = "another".into();
    assert_eq!(again(&|draw| (other(draw), tilted(draw)).0), again(&tilted));
    let kept = "every panel keeps the quotas";
    assert!(again(&|draw| draw.head.grounds.as_mut().unwrap().kept[0].1 = 1).contains(&kept));
    assert!(!draw.drawn.is_empty());
}

#[test]
fn a_place_that_becomes_free_goes_to_the_same_group_by_a_new_draw() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for n in 0..3 {
            aged(&story, &format!("young{n}"), "16_24").await;
        }
        for n in 0..6 {
            aged(&story, &format!("old{n}"), "65_plus").await;
        }
        let id = open(&story, 3, json!([quota("16_24", 1, 1), quota("65_plus", 2, 2)])).await;
        let mut letters = story.invite(&id, json!({})).await;
        assert_eq!(letters.len(), 3);
        // The young one says no: somebody young is drawn, among those who are left.
        for round in 0..2 {
            let young = letters.iter().position(|letter| letter.to.starts_with("young")).unwrap();
            let declined = letters.remove(young);
            story.with(&declined.token("ai_"), "/decline", &json!({})).await.expect(200);
            let next = app.outbox().await;
            assert_eq!(next.len(), 1, "round {round}");
            assert!(next[0].to.starts_with("young") && next[0].to != declined.to, "{}", next[0].to);
            let newest = &runs(&story, &id).await[0];
            assert_eq!((&newest["asked"], &newest["groups"]["kept"]), (&json!(1), &json!(true)));
            let (public, whole) = files(&story, &id).await;
            assert_eq!((disagreeing(&public), disagreeing(&whole)), (vec![], vec![]));
            letters.extend(next);
        }
        // The last young one says no as well: nobody young is left, so the place goes to nobody above the most of the others.
        let young = letters.iter().position(|letter| letter.to.starts_with("young")).unwrap();
        let last = letters.remove(young);
        story.with(&last.token("ai_"), "/decline", &json!({})).await.expect(200);
        assert!(app.outbox().await.is_empty(), "two who are old is the most");
        let newest = &runs(&story, &id).await[0];
        assert_eq!((&newest["state"], &newest["asked"]), (&json!("done"), &json!(0)));
        let why = "With the people who may be asked, this quota cannot be kept: age band, 65 plus.";
        let works = ["It works with at least 0: age band, 16 to 24.", "It works with at most 3: age band, 65 plus."];
        assert_eq!(newest["groups"]["trouble"], json!([why, works[0], works[1]]));
        // An old one gives up: somebody old comes.
        story.with(&letters[0].token("ai_"), "/decline", &json!({})).await.expect(200);
        let next = app.outbox().await;
        assert_eq!((next.len(), next[0].to.starts_with("old")), (1, true));
        // Nobody was asked twice.
        let drawn = match_result::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        let mut people: Vec<_> = drawn.iter().map(|row| row.participant_id).collect();
        people.sort();
        people.dedup();
        assert_eq!(people.len(), drawn.len());
    });
}

#[test]
fn whoever_says_yes_too_late_waits_and_comes_first_where_the_quotas_allow() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for (n, category) in ["16_24", "16_24", "65_plus", "65_plus", "65_plus"].iter().enumerate() {
            aged(&story, &format!("p{n}x{category}"), category).await;
        }
        let id = open(&story, 2, json!([quota("16_24", 1, 1), quota("65_plus", 1, 1)])).await;
        let first = story.invite(&id, json!({})).await;
        assert_eq!(first.len(), 2);
        let old = first.iter().find(|letter| letter.to.contains("65_plus")).unwrap();
        let young = first.iter().find(|letter| letter.to.contains("16_24")).unwrap();
        assert_eq!(story.take_place(&young.token("ai_")).await, "accepted");
        app.outbox().await;
        // The old one says no and somebody old is asked; then the first comes back, and waits, though a place is not taken yet.
        story.with(&old.token("ai_"), "/decline", &json!({})).await.expect(200);
        let second = app.outbox().await;
        assert!(second.len() == 1 && second[0].to.contains("65_plus"));
        assert_eq!(story.take_place(&old.token("ai_")).await, "waiting");
        app.outbox().await;
        // The young one gives up: the old one who waits cannot have that place, so somebody young is asked.
        story.with(&young.token("ai_"), "/decline", &json!({})).await.expect(200);
        let third = app.outbox().await;
        assert!(third.len() == 1 && third[0].to.contains("16_24"), "{:?}", names(&third));
        // Now an old one's place is free: whoever waited has it, and nobody else is asked.
        story.with(&second[0].token("ai_"), "/decline", &json!({})).await.expect(200);
        let moved = app.outbox().await;
        assert_eq!((moved.len(), &moved[0].to), (1, &old.to));
        assert!(moved[0].words().contains("You have a place"));
        let held = place::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        assert_eq!(held.iter().filter(|row| row.state == entity::PlaceState::Held).count(), 1);
    });
}

#[test]
fn quotas_that_cannot_be_kept_stop_the_draw_and_say_what_would_work() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        aged(&story, "young", "16_24").await;
        for n in 0..5 {
            aged(&story, &format!("old{n}"), "65_plus").await;
        }
        let id = open(&story, 4, json!([quota("16_24", 2, 4), quota("65_plus", 0, 3)])).await;
        // It is told before anybody is asked, too.
        story.ada.post(&app, &format!("/opportunities/{id}/match"), &json!({})).await.expect(200);
        app.run_jobs().await;
        let counted = story.ada.get(&app, &format!("/opportunities/{id}/match")).send().await.expect(200).json;
        assert_eq!(
            counted["groups"]["trouble"][1], "It works with at least a few (fewer than 5): age band, 16 to 24.",
            "{counted}"
        );
        assert!(story.invite(&id, json!({})).await.is_empty());
        let run = &runs(&story, &id).await[0];
        assert_eq!((&run["state"], &run["groups"]["kept"]), (&json!("stopped"), &json!(false)));
        assert_eq!(
            run["groups"]["trouble"],
            json!([
                "With the people who may be asked, this quota cannot be kept: age band, 16 to 24.",
                "It works with at least a few (fewer than 5): age band, 16 to 24."
            ])
        );
        // A draw that stopped is none: everybody can read the draws that were made.
        let draws = app.get(format!("/api/public/{}/opportunities/{id}/draws", story.ada.slug)).send().await.expect(200).json;
        assert_eq!(draws, json!([]));
        let letters = story.invite(&id, json!({"ease": true})).await;
        assert_eq!((letters.len(), names(&letters).contains(&"young")), (4, true));
        let draws = app.get(format!("/api/public/{}/opportunities/{id}/draws", story.ada.slug)).send().await.expect(200).json;
        assert_eq!(draws[0]["quotas"][0]["min"], 2, "what was wanted is told");
        // With how much it was changed, everybody could count those of a group.
        let told = "The quotas could not be kept as they are. They were changed by as little as is needed.";
        assert_eq!(draws[0]["trouble"], json!([told]));
        let (public, whole) = files(&story, &id).await;
        assert_eq!((disagreeing(&public), disagreeing(&whole)), (vec![], vec![]));
        // Without quotas there is nothing to change.
        let plain = story.open("co_design_group", "co_design", json!({})).await;
        story.ada.post(&app, &format!("/opportunities/{plain}/invitations"), &json!({"ease": true})).await.expect(422);
    });
}

#[test]
fn chances_are_told_before_anybody_is_asked() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for n in 0..6 {
            aged(&story, &format!("young{n}"), "16_24").await;
            aged(&story, &format!("old{n}"), "65_plus").await;
            aged(&story, &format!("elder{n}"), "65_plus").await;
        }
        let id = open(&story, 4, json!([quota("16_24", 3, 3)])).await;
        let at = format!("/opportunities/{id}/match");
        let soon = story.ada.post(&app, &at, &json!({})).await.expect(200).json;
        assert_eq!(soon["groups"], json!({"ready": false, "chances": [], "trouble": []}));
        app.run_jobs().await;
        let told = story.ada.get(&app, &at).send().await.expect(200).json["groups"].clone();
        assert_eq!((&told["ready"], &told["trouble"]), (&json!(true), &json!([])));
        let (young, others) = (&told["chances"][0], &told["chances"][1]);
        assert_eq!((&young["category"], &young["people"], &others["people"]), (&json!("16_24"), &json!(6), &json!(12)));
        let near = |row: &Value, chance: f64| (row["smallest_chance"].as_f64().unwrap() - chance).abs() < 1e-9;
        assert!(near(young, 0.5) && near(others, 1.0 / 12.0), "{told}");
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        rosa.open(&format!("/console/sunrise/opportunities/{id}/match")).await.says("age band, 16 to 24 3 to 3 6 1 in 2");
        rosa.open(&format!("/console/sunrise/opportunities/{id}/quotas")).await.says("3: age band, 16 to 24");
        rosa.fill("Groups", "Age band, 16 to 24, 1, 5\nage band, 65 plus").press("Save").await.expect(422).says("One a line");
        rosa.fill("Groups", "Age band, 16 to 24, 1, 5").press("Save").await.expect(422).says("There are 4 places.");
        rosa.fill("Groups", "Age band, 16 to 24, 1, 4\nage band, 65 plus, 1, 3").press("Save").await.expect(200).says("Saved.");
        let kept = story.ada.get(&app, &format!("/opportunities/{id}/quotas")).send().await.expect(200).json;
        assert_eq!(kept["quotas"], json!([quota("16_24", 1, 4), quota("65_plus", 1, 3)]));
        // Whoever joins is asked for the fact that the quotas are about.
        let new = story.person("new", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        story.agree(&new, &["demographics_representativeness"]).await;
        let mut own = Browser::new(&app);
        own.sign_in(&new, "sunrise").open("/o/sunrise/me/facts").await.says("16 to 24").says("65 plus");
    });
}

#[test]
fn everybody_sees_what_they_are_asked_for_and_what_a_draw_did() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let mut people = Vec::new();
        for n in 0..3 {
            people.push(aged(&story, &format!("young{n}"), "16_24").await);
            people.push(aged(&story, &format!("old{n}"), "65_plus").await);
            people.push(aged(&story, &format!("elder{n}"), "65_plus").await);
        }
        let never = json!({"stance": {"kind": "up_to", "rung": "co_design"}, "topics": {"never": [story.topic]}});
        let cat = story.person("cat", never).await;
        let id = story.open("co_design_group", "co_design", json!({"places": 3, "topics": [story.topic]})).await;
        set(&story, &id, json!([quota("16_24", 2, 2)])).await.expect(200);
        let plain = story.open("workshop", "co_design", json!({"places": 2, "topics": [story.topic]})).await;
        let letters = story.invite(&id, json!({})).await;
        story.invite(&plain, json!({})).await;
        let before = app.app.platform.db.statements();
        let seen = cat.get(&app, "/asking").send().await.expect(200).json["items"].clone();
        assert!(app.app.platform.db.statements() - before < 22, "a constant number of statements");
        for row in seen.as_array().unwrap() {
            assert_eq!((&row["may_be_asked"], &row["why_not"], &row["draw"]), (&json!(false), &json!("topic"), &Value::Null));
        }
        let (mut drawn, mut chances) = (0, 0.0);
        for person in &people {
            let seen = person.get(&app, "/asking").send().await.expect(200).json["items"].clone();
            let row = |about: &str| seen.as_array().unwrap().iter().find(|row| row["opportunity"] == about).unwrap();
            let (groups, workshop) = (row(&id), row(&plain));
            let (fair, said) = if person.email.starts_with("young") { (2.0 / 3.0, "66 in 100") } else { (1.0 / 6.0, "1 in 6") };
            let chance = groups["draw"]["chance"].as_f64().unwrap();
            assert!((chance - fair).abs() < 1e-9, "{groups}");
            assert_eq!(groups["draw"]["chance_in_words"], said);
            let asked = letters.iter().any(|letter| letter.to == person.email);
            assert_eq!(groups["draw"]["outcome"] == json!("asked"), asked, "{groups}");
            assert_eq!(groups["why_not"] == json!("asked_before"), asked);
            assert!((workshop["draw"]["chance"].as_f64().unwrap() - 2.0 / 9.0).abs() < 1e-9, "{workshop}");
            (drawn, chances) = (drawn + usize::from(asked), chances + chance);
            let mut own = Browser::new(&app);
            own.sign_in(person, "sunrise").open("/o/sunrise/me/asking").await.says(&format!("The chance that you had {said}"));
            own.says(if asked { "Your name was drawn." } else { "Your name was not drawn." });
        }
        assert!(drawn == 3 && (chances - 3.0).abs() < 1e-9, "the chances of everybody are the places");
        // Whoever was asked is told so, also when they have stopped invitations since.
        let asked = people.iter().find(|person| letters.iter().any(|letter| letter.to == person.email)).unwrap();
        asked.post(&app, "/consents/withdraw", &json!({"purpose": "contact_invite"})).await.expect(200);
        app.run_jobs().await;
        let seen = asked.get(&app, "/asking").send().await.expect(200).json["items"].clone();
        let about = |id: &str| seen.as_array().unwrap().iter().find(|row| row["opportunity"] == id).unwrap()["why_not"].clone();
        assert_eq!(about(&id), "asked_before");
        let mut own = Browser::new(&app);
        own.sign_in(&cat, "sunrise").open("/o/sunrise/me").await.follow("What I am asked for, and what not").await;
        own.says("It is about a topic that you do not want to be asked about.");
        own.follow("How I want to be involved").await.expect(200);
    });
}
