//! Several opportunities that need the same people: letters are shared out, each person is looked at, and the plan is worked out again.

use crate::{
    groups::{quota, verified},
    harness::{Answer, Backend, Mail, Participant, TestApp, everywhere, on},
    story::Story,
};
use alongside::matching::together::file::Asking;
use entity::asking_plan;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Who may be asked for consultations.
fn light() -> Value {
    json!({"stance": {"kind": "up_to", "rung": "consultation"}})
}

async fn start(story: &Story, body: &Value) -> Answer {
    story.ada.post(&story.app, "/plans", body).await
}

/// Asks for these, each with the yeses that it needs; the plan, and the letters.
async fn ask(story: &Story, wanted: &[(&str, u32)]) -> (Value, Vec<Mail>) {
    let wanted: Vec<Value> = wanted.iter().map(|(id, yes)| json!({"opportunity": id, "yes": yes})).collect();
    let begun = start(story, &json!({"opportunities": wanted, "seed": "lottery of 1 March: 3 14 15"})).await.expect(202);
    assert_eq!(begun.json["state"], "running");
    story.app.run_jobs().await;
    let id = begun.id();
    let plan = story.ada.get(&story.app, &format!("/plans/{id}")).send().await.expect(200).json;
    assert_eq!(plan["state"], "done", "{plan}");
    (plan, story.app.outbox().await)
}

fn by_person(letters: &[Mail]) -> BTreeMap<&str, usize> {
    let mut found = BTreeMap::new();
    letters.iter().for_each(|letter| *found.entry(letter.to.as_str()).or_default() += 1);
    found
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

async fn two(story: &Story) -> (String, String) {
    let first = story.open("consultation", "consultation", json!({"title": "How should waiting be?"})).await;
    let second = story.open("consultation", "consultation", json!({"title": "How should food be?"})).await;
    (first, second)
}

async fn file(story: &Story, plan: &Value) -> String {
    let at = format!("/plans/{}/file", plan["id"].as_str().unwrap());
    story.ada.get(&story.app, &at).send().await.expect(200).text
}

fn disagreeing(plan: &Asking) -> Vec<&'static str> {
    plan.checks().into_iter().filter(|(_, agrees)| !agrees).map(|(what, _)| what).collect()
}

async fn asking(app: &TestApp, who: &Participant, opportunity: &str) -> Value {
    let list = who.get(app, "/asking").send().await.expect(200).json;
    let rows = list["items"].as_array().unwrap();
    rows.iter().find(|row| row["opportunity"] == opportunity).unwrap_or_else(|| panic!("{list}")).clone()
}

#[test]
fn letters_are_shared_out_and_the_plan_can_be_worked_out_again() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let mut people = Vec::new();
        for n in 0..16 {
            people.push(story.person(&format!("both{n}"), light()).await);
        }
        // Somebody who takes one letter a month at most, and somebody who was never to be asked about this.
        let once = story.person("once", json!({"stance": light()["stance"], "load": {"invites_per_month_max": 1}})).await;
        let (first, second) = two(&story).await;
        let (plan, letters) = ask(&story, &[(&first, 1), (&second, 1)]).await;
        let planned = plan["opportunities"].as_array().unwrap();
        assert_eq!(letters.len(), planned.iter().map(|one| number(&one["letters"])).sum::<usize>());
        assert!(planned.iter().all(|one| one["fulfilled"] == 1.0 && one["letters"] == one["asked"]), "{plan}");
        assert!(planned.iter().all(|one| (one["expected"].as_f64().unwrap() - 1.0).abs() < 1e-6), "{plan}");
        let of = by_person(&letters);
        let most = of.values().max().unwrap();
        assert!(letters.len() <= 17, "{}", letters.len());
        assert_eq!(*most, 1, "nobody is asked twice while others are not asked: {of:?}");
        assert!(plan["fairest"] == true && plan["smallest_share"].as_f64().unwrap() > 0.0, "{plan}");
        let whole = file(&story, &plan).await;
        assert!(!whole.contains("people.example") && !whole.contains(once.id.as_str()), "nobody is in it");
        let read = Asking::read(whole.as_bytes()).unwrap();
        assert_eq!(disagreeing(&read), Vec::<&str>::new());
        assert_eq!(read.asked.iter().map(Vec::len).sum::<usize>(), letters.len());
        let (output, agrees) = verified(&whole);
        assert!(agrees && output.contains("17 in the pool"), "{output}");
        for (wrong, what) in [
            (whole.replacen("lottery of 1 March", "lottery of 2 March", 1), "the letters come out the same"),
            (whole.replacen("\"aim\":1.0", "\"aim\":1.5", 1), "the letters come out the same"),
        ] {
            assert_ne!(wrong, whole);
            assert!(disagreeing(&Asking::read(wrong.as_bytes()).unwrap()).contains(&what));
        }
        let cut = whole.lines().take(17).collect::<Vec<_>>().join("\n");
        assert!(disagreeing(&Asking::read(cut.as_bytes()).unwrap()).len() >= 3);
        // Each can see what it did with them.
        let mut got = 0;
        for who in &people {
            for about in [&first, &second] {
                let share = &asking(&app, who, about).await["share"];
                let chance = share["chance"].as_f64().unwrap();
                assert!(chance > 0.0 && chance < 1.0 && whole.contains(&share["number"].as_str().unwrap().replace('-', "")));
                got += usize::from(share["outcome"] == "asked");
            }
        }
        let others = letters.iter().filter(|letter| letter.to.starts_with("once@")).count();
        assert_eq!(got + others, letters.len());
        // A second time they come first who got nothing, and nobody is asked about the same again.
        let (_, more) = ask(&story, &[(&first, 1), (&second, 1)]).await;
        let both: Vec<Mail> = letters.into_iter().chain(more).collect();
        let counts = by_person(&both);
        assert!(counts.values().all(|count| *count <= 2), "{counts:?}");
        assert!(counts.get("once@people.example").is_none_or(|count| *count == 1), "{counts:?}");
        // What was done stays told after it has closed.
        let before = asking(&app, &people[0], &first).await["share"].clone();
        story.ada.post(&app, &format!("/opportunities/{first}/close"), &json!({"reason": "Enough."})).await.expect(200);
        let over = people[0].get(&app, "/asking/over").send().await.expect(200).json;
        assert_eq!((&over["items"][0]["opportunity"], &over["items"][0]["share"]), (&json!(first), &before));
        assert_eq!(over["items"].as_array().unwrap().len(), 1, "the other one is still open");
        let runs = story.ada.get(&app, &format!("/opportunities/{first}/matches")).send().await.expect(200).json;
        assert_eq!((runs.as_array().unwrap().len(), &runs[0]["rules_version"]), (2, &json!("together-1")));
        assert!(runs[0]["plan"].is_string(), "{runs}");
        app.run_jobs().await;
        app.outbox().await;
    });
}

#[test]
fn wishes_hold_in_a_plan() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for n in 0..4 {
            story.person(&format!("light{n}"), json!({"stance": {"kind": "up_to", "rung": "consultation"}})).await;
            story.person(&format!("deep{n}"), json!({"stance": {"kind": "only", "rungs": ["co_design"]}})).await;
            story.person(&format!("both{n}"), json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
            // Time for one of them a month.
            let load = json!({"stance": {"kind": "up_to", "rung": "co_design"}, "load": {"minutes_per_month_max": 30}});
            story.person(&format!("short{n}"), load).await;
        }
        let light = story.open("consultation", "consultation", json!({"minutes": 20, "preparation_minutes": 10})).await;
        let deep =
            story.open("co_design_group", "co_design", json!({"places": 4, "minutes": 25, "preparation_minutes": 0})).await;
        let body = json!({"quotas": [], "draws_on": "2027-03-20"});
        let set = app.put(story.ada.path(&format!("/opportunities/{deep}/quotas"))).token(&story.ada.token);
        set.header("if-match", "*").json(&body).send().await.expect(200);
        // Far more than they have: everybody gets what they may get.
        let wanted = json!([{"opportunity": light, "yes": 500}, {"opportunity": deep, "yes": 500}]);
        let begun = start(&story, &json!({"opportunities": wanted})).await.expect(202);
        app.run_jobs().await;
        let letters = app.outbox().await;
        let of = by_person(&letters);
        let count =
            |group: &str| of.iter().filter(|(who, _)| who.starts_with(group)).map(|(_, count)| *count).collect::<Vec<_>>();
        assert_eq!(count("light"), [1; 4]);
        assert_eq!(count("deep"), [1; 4]);
        assert_eq!(count("both"), [2; 4]);
        assert_eq!(count("short"), [1; 4], "time is counted over both");
        let plan = story.ada.get(&app, &format!("/plans/{}", begun.id())).send().await.expect(200).json;
        assert_eq!(plan["smallest_share"], 1.0, "{plan}");
        assert_eq!(
            plan["each"],
            json!([{"letters": 0, "withheld": true}, {"letters": 1, "withheld": true}, {"letters": 2, "withheld": true}]),
            "how many people and how many letters is known beside it: {plan}"
        );
        let why: Vec<String> = letters.iter().map(Mail::words).collect();
        let told = "Letters were shared out as evenly as they can be, and by lot.";
        assert!(why.iter().all(|text| text.contains(told)), "{}", why[0]);
        // Whoever says yes to what is drawn later waits for the draw, as always.
        let letter = letters.iter().find(|letter| letter.to.starts_with("deep")).unwrap();
        assert_eq!(story.take_place(&letter.token("ai_")).await, "waiting");
        let light_letter = letters.iter().find(|letter| letter.to.starts_with("light")).unwrap();
        story.with(&light_letter.token("ai_"), "/accept", &json!({})).await.expect(200);
        app.outbox().await;
    });
}

#[test]
fn quotas_are_about_yeses_in_a_plan() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for n in 0..8 {
            crate::groups::aged(&story, &format!("young{n}"), "16_24").await;
            crate::groups::aged(&story, &format!("old{n}"), "65_plus").await;
        }
        let light = story.open("consultation", "consultation", json!({})).await;
        let deep = story.open("co_design_group", "co_design", json!({"places": 4})).await;
        let body = json!({"quotas": [quota("16_24", 3, 4)], "draws_on": "2027-03-20"});
        let set = app.put(story.ada.path(&format!("/opportunities/{deep}/quotas"))).token(&story.ada.token);
        set.header("if-match", "*").json(&body).send().await.expect(200);
        let wanted = json!([{"opportunity": light, "yes": 2}, {"opportunity": deep, "yes": 4}]);
        start(&story, &json!({"opportunities": wanted})).await.expect(202);
        app.run_jobs().await;
        let letters = app.outbox().await;
        let deep: Vec<&Mail> = letters.iter().filter(|letter| letter.text().contains("Names are drawn by lot")).collect();
        let young = deep.iter().filter(|letter| letter.to.starts_with("young")).count();
        assert!(young * 4 >= deep.len() * 3 - 4, "{young} of {}", deep.len());
        assert!(young > deep.len() - young, "{young} of {}", deep.len());
    });
}

#[test]
fn what_cannot_be_asked_for_together_is_refused_whole() {
    on(Backend::Sqlite, |app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", light()).await;
        let (first, second) = two(&story).await;
        let one = |id: &str, yes: Value| json!({"opportunity": id, "yes": yes});
        let refused = start(&story, &json!({"opportunities": [one(&first, json!(3))]})).await.expect(422);
        assert_eq!(refused.violations(), [("/opportunities".to_owned(), "out_of_range".to_owned())]);
        let twice = json!({"opportunities": [one(&first, json!(0)), one(&first, json!(3))], "seed": ""});
        let refused = start(&story, &twice).await.expect(422);
        let pointers: Vec<String> = refused.violations().into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(pointers, ["/opportunities/0/yes", "/opportunities/1/opportunity", "/seed"]);
        let missing = json!({"opportunities": [one(&second, json!(3)), {"opportunity": first}]});
        assert_eq!(
            start(&story, &missing).await.expect(422).violations(),
            [("/opportunities/1/yes".to_owned(), "required".to_owned())]
        );
        let few = story.open("co_design_group", "co_design", json!({"places": 4})).await;
        let drawn = json!({"opportunities": [one(&first, json!(3)), {"opportunity": few}]});
        let refused = start(&story, &drawn).await.expect(422);
        assert_eq!(refused.violations(), [("/opportunities/1/opportunity".to_owned(), "one_stage".to_owned())]);
        let draft = story.ada.post(&app, "/opportunities", &story.draft("consultation", "consultation", json!({}))).await;
        let draft = draft.expect(201).id();
        start(&story, &json!({"opportunities": [one(&first, json!(3)), one(&draft, json!(3))]})).await.expect(409);
        let nobody = "0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d3e";
        start(&story, &json!({"opportunities": [one(&first, json!(3)), one(nobody, json!(3))]})).await.expect(404);
        assert!(asking_plan::Entity::find().all(app.app.platform.db.read()).await.unwrap().is_empty());
        assert!(story.ada.get(&app, "/plans").send().await.expect(200).json.as_array().unwrap().is_empty());
        // On the day of a draw nobody can say yes in time any more.
        let body = json!({"quotas": [], "draws_on": "2027-03-20"});
        let set = app.put(story.ada.path(&format!("/opportunities/{few}/quotas"))).token(&story.ada.token);
        set.header("if-match", "*").json(&body).send().await.expect(200);
        app.clock.advance(chrono::Duration::days(19));
        let ada = app.sign_in_again(&story.ada).await;
        let late = ada.post(&app, "/plans", &drawn).await.expect(422);
        assert_eq!(late.violations(), [("/opportunities/1/opportunity".to_owned(), "too_late".to_owned())]);
        app.clock.advance(chrono::Duration::days(-19));
        // As long as one is under way, nobody begins another, nor asks for one of them alone.
        let both = json!({"opportunities": [one(&first, json!(3)), one(&second, json!(3))]});
        let plan = start(&story, &both).await.expect(202);
        assert_eq!(start(&story, &both).await.expect(409).json["code"], "running");
        let alone = story.ada.post(&app, &format!("/opportunities/{first}/invitations"), &json!({})).await.expect(409);
        assert_eq!(alone.json["code"], "running");
        let unready = story.ada.get(&app, &format!("/plans/{}/file", plan.id())).send().await;
        unready.expect(404);
        app.run_jobs().await;
        assert_eq!(app.outbox().await.len(), 2, "ben may be asked for both");
        // Another organisation finds nothing.
        let other = app.organisation(&story.ada, "moonrise").await;
        other.get(&app, &format!("/plans/{}", plan.id())).send().await.expect(404);
        other.get(&app, &format!("/plans/{}/file", plan.id())).send().await.expect(404);
    });
}

#[test]
fn what_closes_meanwhile_asks_nobody() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for n in 0..3 {
            story.person(&format!("p{n}"), light()).await;
        }
        let (first, second) = two(&story).await;
        let wanted = json!([{"opportunity": first, "yes": 9}, {"opportunity": second, "yes": 9}]);
        let plan = start(&story, &json!({"opportunities": wanted})).await.expect(202);
        let close = story.ada.post(&app, &format!("/opportunities/{first}/close"), &json!({"reason": "It is not needed."})).await;
        close.expect(200);
        app.run_jobs().await;
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 3, "for the other one alone");
        let plan = story.ada.get(&app, &format!("/plans/{}", plan.id())).send().await.expect(200).json;
        assert_eq!((&plan["state"], &plan["opportunities"][0]["asked"]), (&json!("done"), &json!(0)));
    });
}

#[test]
fn at_the_console_letters_are_shared_out_with_one_form() {
    on(Backend::Sqlite, |app| async move {
        let story = Story::begin(app.clone()).await;
        let mut people = Vec::new();
        for n in 0..6 {
            people.push(story.person(&format!("p{n}"), light()).await);
        }
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        rosa.open("/console/sunrise/together/new").await.says("Open at least two things first.");
        let (first, _) = two(&story).await;
        rosa.open("/console/sunrise").await.follow("Ask for several things together").await;
        rosa.says("Nothing was asked for together yet.");
        rosa.follow("Ask for several things together").await;
        // What is wrong is said beside its field, and what was written stays.
        rosa.fill("How should food be?", "2").press("Share out the letters").await.expect(422);
        rosa.says("Say how many yeses are needed for two things at least.");
        assert_eq!(rosa.value("How should food be?"), "2");
        rosa.fill("How should waiting be?", "0").press("Share out the letters").await.expect(422);
        rosa.says("There is a problem");
        assert_eq!(rosa.value("How should waiting be?"), "0");
        rosa.fill("How should waiting be?", "1").press("Share out the letters").await.expect(200);
        rosa.says("Letters are being shared out.");
        app.run_jobs().await;
        let letters = app.outbox().await;
        rosa.open("/console/sunrise/together").await.says("Done");
        rosa.follow("Monday 1 March 2027, 09:00").await;
        rosa.says("It is proved that no other way is fairer.").says("How many letters people got");
        rosa.says("How should waiting be?").says(&format!("People who may be asked for one of these at least {}", people.len()));
        let mut own = crate::harness::Browser::new(&app);
        own.sign_in(&people[0], "sunrise").open("/o/sunrise/me/asking").await;
        own.says("Letters were shared out").says("The chance that you had of a letter");
        let asked = letters.iter().any(|letter| letter.to == people[0].email && letter.text().contains("How should waiting be?"));
        let share = &asking(&app, &people[0], &first).await["share"];
        assert_eq!(share["outcome"] == "asked", asked);
        own.says(if letters.iter().any(|letter| letter.to == people[0].email) { "You were asked." } else { "went to others" });
    });
}
