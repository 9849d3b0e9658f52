//! An open call that is spread over days, and what can be expected of it.

use crate::{
    groups::runs,
    harness::{Mail, everywhere},
    story::Story,
};
use chrono::Duration;
use entity::participant;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::{Value, json};

async fn people(story: &Story, names: &str, many: usize) {
    for n in 0..many {
        story.person(&format!("{names}{n}"), json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
    }
}

/// Somebody was asked so many days ago.
async fn asked_before(story: &Story, name: &str, days: i64) {
    let db = story.app.app.platform.db.write();
    let found = participant::Entity::find().filter(participant::Column::Email.starts_with(name)).one(db).await.unwrap();
    let mut row = found.expect("somebody of that name").into_active_model();
    row.last_asked_at = Set(Some(story.app.clock.now() - Duration::days(days)));
    row.update(db).await.unwrap();
}

async fn latest(story: &Story, id: &str) -> Value {
    runs(story, id).await.remove(0)
}

/// Lets time pass; the letters that left.
async fn later(story: &mut Story, time: Duration) -> Vec<Mail> {
    story.app.clock.advance(time);
    let letters = story.app.outbox().await;
    story.ada = story.app.sign_in_again(&story.ada).await;
    letters
}

fn of(letters: &[Mail], names: &str) -> usize {
    letters.iter().filter(|letter| letter.to.starts_with(names)).count()
}

#[test]
fn everybody_is_asked_by_the_last_day_and_those_first_who_were_asked_least_recently() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        people(&story, "new", 4).await;
        people(&story, "old", 5).await;
        for n in 0..5 {
            asked_before(&story, &format!("old{n}"), 20).await;
        }
        let id = story.open("consultation", "consultation", json!({"closes_on": "2027-03-20"})).await;
        let first = story.invite(&id, json!({"days": 3})).await;
        assert_eq!((first.len(), of(&first, "new")), (3, 3), "three of nine, and first those who never were asked");
        let run = latest(&story, &id).await;
        let told = ["state", "days", "days_done", "asked", "eligible", "next_at"].map(|name| run[name].clone());
        assert_eq!(json!(told), json!(["running", 3, 1, 3, 9, "2027-03-02T09:00:00+00:00"]), "{run}");
        let again = app.post(story.ada.path(&format!("/opportunities/{id}/invitations"))).token(&story.ada.token);
        assert_eq!(again.json(&json!({})).send().await.expect(409).json["code"], "running");
        // Nothing leaves before the next day.
        assert!(later(&mut story, Duration::hours(20)).await.is_empty());
        // Somebody joins, somebody changes their mind: each is looked at anew on each day.
        people(&story, "late", 1).await;
        let asked: Vec<_> = first.iter().map(|letter| letter.to.clone()).collect();
        let second = later(&mut story, Duration::hours(4)).await;
        assert_eq!((second.len(), of(&second, "new") + of(&second, "late"), of(&second, "old")), (4, 2, 2), "half of seven");
        let third = later(&mut story, Duration::days(1)).await;
        assert_eq!((third.len(), of(&third, "old")), (3, 3), "everybody else");
        assert!(second.iter().chain(&third).all(|letter| !asked.contains(&letter.to)), "nobody is asked twice");
        let run = latest(&story, &id).await;
        let told = ["state", "days", "days_done", "asked", "eligible"].map(|name| run[name].clone());
        assert_eq!(json!(told), json!(["done", 3, 3, 10, 10]), "{run}");
        assert!(run.get("next_at").is_none() && run["finished_at"].is_string());
        assert!(later(&mut story, Duration::days(2)).await.is_empty());
    });
}

#[test]
fn asking_stops_when_it_is_stopped_and_when_it_closes() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        people(&story, "person", 8).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        assert_eq!(story.invite(&id, json!({"days": 4})).await.len(), 2);
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        rosa.open(&format!("/console/sunrise/opportunities/{id}/further")).await;
        rosa.says("1 of 4 days are done. The next are asked on Tuesday 2 March 2027, 09:00.").says("People who were asked 2");
        rosa.press("Ask nobody else").await.expect(200).says("Nobody else is asked. Whoever was asked can still answer.");
        assert!(later(&mut story, Duration::days(1)).await.is_empty());
        let run = latest(&story, &id).await;
        assert_eq!((&run["state"], &run["asked"]), (&json!("done"), &json!(2)));
        let stop = |id: &str, run: &Value| {
            let path = format!("/opportunities/{id}/matches/{}/stop", run["id"].as_str().unwrap());
            app.post(story.ada.path(&path)).token(&story.ada.token)
        };
        assert_eq!(stop(&id, &run).send().await.expect(200).json["state"], "done", "a second time changes nothing");
        // The others can be asked later; letters that go out at once are not stopped.
        assert_eq!(story.invite(&id, json!({})).await.len(), 6);
        assert_eq!(stop(&id, &latest(&story, &id).await).send().await.expect(409).json["code"], "at_once");
        // What closes early asks nobody else.
        let short = story.open("consultation", "consultation", json!({"title": "Short"})).await;
        assert_eq!(story.invite(&short, json!({"days": 2})).await.len(), 4);
        story.ada.post(&app, &format!("/opportunities/{short}/close"), &json!({"reason": "It is done."})).await.expect(200);
        app.outbox().await;
        assert!(later(&mut story, Duration::days(1)).await.is_empty());
        assert_eq!(latest(&story, &short).await["state"], "done");
    });
}

#[test]
fn days_that_were_missed_make_the_others_fuller() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        people(&story, "person", 10).await;
        let id = story.open("consultation", "consultation", json!({"closes_on": "2027-03-07"})).await;
        assert_eq!(story.invite(&id, json!({"days": 5})).await.len(), 2);
        // The server was not there for two days. The last must have time to answer all the same.
        assert_eq!(later(&mut story, Duration::days(3)).await.len(), 4, "half of eight, as two days are left");
        assert_eq!(later(&mut story, Duration::days(1)).await.len(), 4);
        let run = latest(&story, &id).await;
        assert_eq!((&run["days"], &run["days_done"], &run["state"]), (&json!(3), &json!(3), &json!("done")));
    });
}

#[test]
fn days_that_cannot_be_are_refused() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        people(&story, "person", 1).await;
        let id = story.open("consultation", "consultation", json!({"closes_on": "2027-03-08"})).await;
        let limited = story.open("workshop", "co_design", json!({"places": 2})).await;
        for (about, days, code) in
            [(&id, 0, "out_of_range"), (&id, 61, "out_of_range"), (&id, 7, "too_late"), (&limited, 2, "not_used")]
        {
            let call = app.post(story.ada.path(&format!("/opportunities/{about}/invitations"))).token(&story.ada.token);
            let refused = call.json(&json!({"days": days})).send().await.expect(422);
            assert!(refused.violations().contains(&("/days".to_owned(), code.to_owned())), "{}", refused.json);
        }
        assert_eq!(story.invite(&id, json!({"days": 6})).await.len(), 1);
    });
}

#[test]
fn what_can_be_expected_rests_on_what_people_said_before() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        people(&story, "person", 20).await;
        let count = async |story: &Story, id: &str| {
            app.post(story.ada.path(&format!("/opportunities/{id}/match"))).token(&story.ada.token).send().await.expect(200).json
        };
        let first = story.open("workshop", "co_design", json!({"places": 20})).await;
        let forecast = count(&story, &first).await["forecast"].clone();
        assert_eq!((&forecast["letters"], &forecast["asked_before"]), (&json!(20), &json!(0)));
        let width = |forecast: &Value| forecast["most"].as_u64().unwrap() - forecast["least"].as_u64().unwrap();
        // Nothing is known: a tenth of the outcomes on each side, of a share of two in ten with the weight of twenty answers.
        assert_eq!(json!([forecast["least"], forecast["likely"], forecast["most"]]), json!([1, 4, 7]), "{forecast}");
        for (n, letter) in story.invite(&first, json!({})).await.iter().enumerate() {
            story.consent(&letter.token("ai_")).await;
            let reply = if n < 15 { "/accept" } else { "/decline" };
            story.with(&letter.token("ai_"), reply, &json!({})).await.expect(200);
        }
        app.outbox().await;
        let (project, decision) = story.more().await;
        // Whoever was asked lately may still answer: nothing is known yet.
        let soon = json!({"places": 20, "project": project, "decisions": [decision], "title": "Soon"});
        assert_eq!(count(&story, &story.open("workshop", "co_design", soon).await).await["forecast"]["asked_before"], 0);
        later(&mut story, Duration::days(15)).await;
        let second = json!({"places": 20, "project": project, "decisions": [decision], "title": "Second"});
        let second = story.open("workshop", "co_design", second).await;
        let forecast = count(&story, &second).await["forecast"].clone();
        assert_eq!((&forecast["asked_before"], &forecast["yes_before"]), (&json!(20), &json!(15)));
        let [least, likely, most] = ["least", "likely", "most"].map(|name| forecast[name].as_u64().unwrap());
        assert!(least <= likely && likely <= most && (11..=16).contains(&likely), "{forecast}");
        assert!(width(&forecast) <= 9, "{forecast}");
        // Another kind of thing leans on everything as long as nothing is known of it.
        let open = story.open("consultation", "consultation", json!({"project": project, "decisions": [decision]})).await;
        let forecast = count(&story, &open).await["forecast"].clone();
        assert_eq!((&forecast["asked_before"], &forecast["letters"]), (&json!(0), &json!(20)));
        assert!(forecast["likely"].as_u64().unwrap() >= 10, "{forecast}");
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        rosa.open(&format!("/console/sunrise/opportunities/{second}/match")).await;
        rosa.says("Of 20 who were asked about such a thing in the last two years, 15 said yes.");
    });
}

#[test]
fn a_mailing_that_is_cancelled_stops_the_days_to_come_and_puts_nobody_behind() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        people(&story, "person", 6).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let db = app.app.platform.db.read();
        let asked = async || {
            let found = participant::Entity::find().filter(participant::Column::LastAskedAt.is_not_null()).all(db).await;
            found.unwrap().len()
        };
        assert_eq!(story.invite(&id, json!({"days": 2})).await.len(), 3);
        assert_eq!(asked().await, 3);
        story.cancel_letters().await;
        assert_eq!(asked().await, 0, "nobody was asked after all");
        assert!(later(&mut story, Duration::days(1)).await.is_empty());
        assert_eq!(latest(&story, &id).await["state"], "done");
    });
}
