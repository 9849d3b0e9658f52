//! What never counts: payment, complaints, past answers. They are turned round person by person, and every way to choose people comes out
//! the same, to the last byte of its file.

use crate::{
    groups::{aged, files, open, quota},
    harness::{Backend, Mail, Participant, TestApp, on},
    story::Story,
};
use entity::loop_rating;
use sea_orm::{ActiveModelTrait, IntoActiveModel};
use serde_json::{Value, json};
use std::sync::Mutex;

/// For whom it is turned round: for nobody, for every second person, and for the others.
fn turned(variant: usize, person: usize) -> bool {
    variant > 0 && (person + variant).is_multiple_of(2)
}

/// Who had what letter.
fn names(letters: &[Mail]) -> String {
    let mut names: Vec<&str> = letters.iter().map(|letter| letter.to.as_str()).collect();
    names.sort_unstable();
    names.join(" ")
}

/// What somebody thinks of payment, has answered, and has said about what that did to them.
async fn has_said(story: &Story, consultation: &str, person: &Participant, letter: &Mail, turned: bool) {
    let app = &story.app;
    let money = match turned {
        true => json!({"payment": "lower", "prepaid_expenses": true, "method": "cash", "lower_amount_pence": 100}),
        false => json!({"payment": "wants", "prepaid_expenses": false, "method": "bank"}),
    };
    let said = json!({"may_ask_about_experience": "ask_first", "quotes": "ok", "credit": if turned { "none" } else { "name" }});
    let need = json!({"need": "A lift", "kind": "moving_around", "must_have": turned, "share_with": "venue"});
    let wish = json!({
        "stance": {"kind": "up_to", "rung": "co_design"}, "money": money, "story": said, "access_needs": [need],
    });
    person.put(app, "/preferences", &wish).await.expect(200);
    let token = letter.token("ai_");
    story.consent(&token).await;
    story.hand_in(&token, json!({"form": if turned { "one_to_one" } else { "group" }})).await.expect(201);
    let rating = loop_rating::Model {
        organisation_id: story.ada.organisation.parse().unwrap(),
        id: app.app.platform.clock.new_id(),
        opportunity_id: consultation.parse().unwrap(),
        participant_id: person.id.parse().unwrap(),
        heard: if turned { 1 } else { 5 },
        ways: 3,
        matters: 3,
        change: 3,
        worth_it: 3,
        harm: turned.then(|| "The stairs.".to_owned()),
        created_at: app.app.platform.clock.now(),
    };
    rating.into_active_model().insert(app.app.platform.db.write()).await.unwrap();
}

/// What each way to choose people does, one after the other.
async fn chosen(app: TestApp, variant: usize) -> Vec<(&'static str, String)> {
    let story = Story::begin(app.clone()).await;
    let consultation = story.open("consultation", "consultation", json!({})).await;
    let mut people = Vec::new();
    for n in 0..4 {
        people.push(aged(&story, &format!("young{n}"), "16_24").await);
        people.push(aged(&story, &format!("old{n}"), "65_plus").await);
    }
    let letters = story.invite(&consultation, json!({})).await;
    for (n, person) in people.iter().enumerate() {
        let letter = letters.iter().find(|letter| letter.to == person.email).expect("everybody is asked");
        has_said(&story, &consultation, person, letter, turned(variant, n)).await;
    }
    app.outbox().await;
    let seed = json!({"seed": "3 14 15"});
    let mut found = Vec::new();
    let shared_out = open(&story, 3, json!([quota("16_24", 1, 2), quota("65_plus", 1, 2)])).await;
    found.push(("places shared out among groups", names(&story.invite(&shared_out, seed.clone()).await)));
    found.push(("the file of that draw", files(&story, &shared_out).await.1));
    let plain = story.open("workshop", "co_design", json!({"places": 2})).await;
    found.push(("a plain draw", names(&story.invite(&plain, seed.clone()).await)));
    found.push(("the file of the plain draw", files(&story, &plain).await.1));
    let later = story.open("co_design_group", "co_design", json!({"places": 2, "title": "Later"})).await;
    let body = json!({"quotas": [quota("16_24", 1, 1)], "draws_on": "2027-03-20"});
    let set = app.put(story.ada.path(&format!("/opportunities/{later}/quotas"))).token(&story.ada.token);
    set.header("if-match", "*").json(&body).send().await.expect(200);
    found.push(("letters before a draw", names(&story.invite(&later, json!({"letters": 4, "seed": "3 14 15"})).await)));
    found.push(("the file of the letters", files(&story, &later).await.1));
    let mut wanted: Vec<Value> = Vec::new();
    for title in ["How should food be?", "How should beds be?"] {
        let id = story.open("consultation", "consultation", json!({"title": title})).await;
        wanted.push(json!({"opportunity": id, "yes": 1}));
    }
    let plan = story.ada.post(&app, "/plans", &json!({"opportunities": wanted, "seed": "3 14 15"})).await.expect(202).id();
    app.run_jobs().await;
    found.push(("letters shared out", names(&app.outbox().await)));
    let file = story.ada.get(&app, &format!("/plans/{plan}/file")).send().await.expect(200).text;
    found.push(("the file of the plan", file));
    let call = story.open("consultation", "consultation", json!({"title": "Everybody"})).await;
    found.push(("an open call", names(&story.invite(&call, json!({})).await)));
    found
}

#[test]
fn payment_complaints_and_past_answers_change_nothing() {
    // The same story, each time on a new installation with the same key and the same clock.
    for backend in Backend::available() {
        let heard = Mutex::new(Vec::new());
        for variant in 0..3 {
            let heard = &heard;
            on(backend, |app| async move {
                let found = chosen(app, variant).await;
                heard.lock().unwrap().push(found);
            });
        }
        let heard = heard.into_inner().unwrap();
        for other in &heard[1..] {
            for ((what, first), (_, again)) in heard[0].iter().zip(other) {
                assert!(!first.is_empty(), "{what}");
                assert_eq!(first, again, "{what}");
            }
        }
    }
}
