//! Never below what somebody wants: what an offer can be, by what is on record, keeps those from being asked who want more, and is told
//! to all others before they answer.

use crate::{harness::everywhere, story::Story};
use serde_json::{Value, json};

/// Another decision of the project.
async fn decision(story: &Story, changes: Value) -> String {
    let mut body = json!({"title": "Colours of the walls", "stage": "design", "level": "service", "weight": "small", "scope": "open",
        "owner": "The board", "rule": "owner_decides", "opens_on": "2027-03-01", "settles_on": "2027-06-01"});
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    story.ada.post(&story.app, &format!("/projects/{}/decisions", story.project), &body).await.expect(201).id()
}

async fn not_asked(story: &Story, id: &str, reason: &str) -> Value {
    let told = story.ada.post(&story.app, &format!("/opportunities/{id}/match"), &json!({})).await.expect(200).json;
    let rows = told["not_asked"].as_array().unwrap();
    rows.iter().find(|row| row["reason"] == reason).unwrap_or_else(|| panic!("{told}")).clone()
}

#[test]
fn whoever_wants_more_than_it_can_be_is_not_asked_and_others_are_told() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let mut want_more = Vec::new();
        for n in 0..6 {
            let stance = match n {
                0..2 => json!({"kind": "at_least", "rung": "engagement"}),
                2..4 => json!({"kind": "only", "rungs": ["co_design", "engagement"]}),
                _ => json!({"kind": "between", "low": "engagement", "high": "co_design"}),
            };
            want_more.push(story.person(&format!("more{n}"), json!({"stance": stance})).await);
        }
        for n in 0..2 {
            story.person(&format!("open{n}"), json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        }
        let small = decision(&story, json!({})).await;
        let id = story.open("co_design_group", "co_design", json!({"places": 9, "decisions": [small]})).await;
        assert_eq!(not_asked(&story, &id, "supported").await["count"], 6);
        let public = app.get(format!("/api/public/sunrise/opportunities/{id}")).send().await.expect(200).json;
        let because = "What is still open are small matters.";
        assert_eq!((&public["supported"], &public["supported_because"]), (&json!("consultation"), &json!(because)));
        let letters = story.invite(&id, json!({})).await;
        assert!(letters.len() == 2 && letters.iter().all(|letter| letter.to.starts_with("open")), "{}", letters.len());
        let words = letters[0].words();
        assert!(words.contains("What the record supports") && words.contains(because), "{words}");
        let asked = app.get("/api/invitation").token(&letters[0].token("ai_")).send().await.expect(200).json;
        assert_eq!((&asked["supported"], &asked["supported_because"]), (&json!("consultation"), &json!(because)));
        let mine = want_more[0].get(&app, "/asking").send().await.expect(200).json;
        let row = mine["items"].as_array().unwrap().iter().find(|row| row["opportunity"] == id.as_str()).unwrap();
        assert_eq!(row["why_not"], "supported");
        assert_eq!(row["why_not_in_words"], "You chose more than this can be, by what is on record.");
        // It is their own act to take part in it all the same.
        let applied = want_more[0].post(&app, &format!("/opportunities/{id}/application"), &json!({})).await.expect(200);
        assert_eq!(applied.json["state"], "asked", "all who were drawn were asked");
        app.run_jobs().await;
        let letter = app.outbox().await.remove(0);
        assert!(letter.words().contains(because), "{}", letter.words());
    });
}

#[test]
fn what_is_on_record_now_counts_and_choices_that_change() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let cat = story.person("cat", json!({"stance": {"kind": "at_least", "rung": "engagement"}})).await;
        let big = decision(&story, json!({"title": "Where it is", "weight": "big", "rule": "consensus"})).await;
        let id = story.open("co_design_group", "co_design", json!({"places": 9, "decisions": [big]})).await;
        // What was big turns out to be small before anybody is looked at.
        story.ada.post(&app, &format!("/opportunities/{id}/invitations"), &json!({})).await.expect(202);
        let body = json!({"title": "Where it is", "stage": "design", "level": "service", "weight": "small", "scope": "open",
            "owner": "The board", "rule": "consensus", "opens_on": "2027-03-01", "settles_on": "2027-06-01"});
        let path = format!("/projects/{}/decisions/{big}", story.project);
        let changed = app.put(story.ada.path(&path)).token(&story.ada.token).header("if-match", "*").json(&body);
        changed.send().await.expect(200);
        app.run_jobs().await;
        let letters = app.outbox().await;
        assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), [ben.email.as_str()]);
        // Ben wants more from now on: the question is taken back.
        ben.put(&app, "/preferences", &json!({"stance": {"kind": "at_least", "rung": "engagement"}})).await.expect(200);
        app.run_jobs().await;
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 1);
        assert!(letters[0].words().contains("no longer fits"), "{}", letters[0].words());
        let row = cat.get(&app, "/asking").send().await.expect(200).json;
        assert_eq!(row["items"][0]["why_not"], "supported");
    });
}

#[test]
fn a_survey_is_no_more_than_a_consultation() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", json!({"stance": {"kind": "at_least", "rung": "engagement"}})).await;
        let cat = story.person("cat", json!({"stance": {"kind": "up_to", "rung": "engagement"}})).await;
        let id = story.open("consultation", "engagement", json!({})).await;
        let letters = story.invite(&id, json!({})).await;
        assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), [cat.email.as_str()]);
        assert!(letters[0].words().contains("It asks questions in a survey."), "{}", letters[0].words());
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        rosa.open(&format!("/console/sunrise/opportunities/{id}")).await;
        rosa.says("What the record supports: Ask for my views. It asks questions in a survey. Nothing else is planned. People who want more are not asked.");
        let page = app.get(format!("/o/sunrise/opportunities/{id}")).send().await.expect(200).text;
        assert!(page.contains("What the record supports"), "{page}");
    });
}
