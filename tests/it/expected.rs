//! What people need at a meeting, and who learns of it.

use crate::{given::Given, harness::everywhere};
use entity::{OpportunityState, PlaceState};
use serde_json::{Value, json};

#[test]
fn whoever_leads_a_meeting_learns_what_those_need_who_are_expected_there() {
    everywhere(|app| async move {
        let root = app.administrator().await;
        let given = Given::of(&app, &app.coordinator(&root, "ada").await);
        let group = given.opportunity(given.project(&[]).await, OpportunityState::Open).await;
        let need = |need: &str, share_with: &str| json!({"need": need, "share_with": share_with});
        let lift = json!({"need": "A lift", "kind": "moving_around", "must_have": true, "share_with": "venue"});
        let wishes = [
            ("ben", json!([need("Quiet", "nobody"), need("A call first", "coordinator"), need("Breaks", "facilitator")])),
            ("cleo", json!([need("Tea", "venue"), lift])),
            ("dan", json!([need("tea ", "venue"), lift])),
            ("eve", json!([lift])),
            ("fay", json!([lift])),
            ("gus", json!([lift])),
            ("hal", json!([lift])),
        ];
        let mut people = Vec::new();
        for (name, needs) in wishes {
            let someone = given.someone(name).await;
            let wish = json!({
                "stance": {"kind": "up_to", "rung": "consultation"}, "access_needs": needs,
                "story": {"may_ask_about_experience": "never", "quotes": "never"},
            });
            let put = app.put("/api/me/preferences").token(&someone.token).header("if-match", "*").json(&wish).send().await;
            put.expect(200);
            people.push(someone);
        }
        let [ben, cleo, dan, eve, fay, gus, hal] = people.try_into().unwrap_or_else(|_| panic!("seven people"));
        for someone in [&ben, &cleo, &dan, &eve, &gus, &hal] {
            given.place(group, someone, PlaceState::Held).await;
        }
        given.place(group, &fay, PlaceState::Waiting).await;
        // Gus holds a place and has not agreed to take part.
        for someone in [&ben, &cleo, &dan, &eve, &fay, &hal] {
            given.agrees(someone, group).await;
        }
        let meeting = json!({"title": "First", "starts_at": "2027-03-10T18:00:00Z", "ends_at": "2027-03-10T20:00:00Z"});
        let made = given.post(group, "/meetings", &meeting).await.expect(201);
        let path = format!("/meetings/{}", made.id());
        // Eve sends word, and Hal pauses.
        let word = json!([{"participant": eve.id, "attendance": "apologies"}]);
        given.put(group, &format!("{path}/attendance"), &word).await.expect(200);
        let pause = json!({"choice": "pause", "until": "2027-06-01", "meetings": "unsaid"});
        hal.post(&app, &format!("/opportunities/{group}/part"), &pause).await.expect(200);
        let seen = given.get(group, &format!("{path}/expected")).await.expect(200).json;
        let names: Vec<Value> = seen["people"].as_array().unwrap().iter().map(|one| one["participant"].clone()).collect();
        assert_eq!(names, [json!(cleo.id), json!(dan.id), json!(ben.id)], "first those who cannot do without something");
        let needs = |n: usize| -> Vec<&str> {
            seen["people"][n]["access_needs"].as_array().unwrap().iter().map(|need| need["need"].as_str().unwrap()).collect()
        };
        assert_eq!((needs(0), needs(2)), (vec!["A lift", "Tea"], vec!["Breaks"]), "what coordinators alone may know is not here");
        assert_eq!(seen["people"][2]["working_with"]["may_ask_about_experience"], "never");
        let venue = json!([
            {"need": "A lift", "kind": "moving_around", "must_have": true, "people": 2},
            {"need": "Tea", "kind": "other", "must_have": false, "people": 2},
        ]);
        assert_eq!(seen["venue"], venue);
        // People see who looked; whoever reads no people reads nothing here.
        let looks = ben.get(&app, "/readings").await.expect(200).json;
        assert!(looks["items"].as_array().unwrap().iter().any(|look| look["what"] == "expected"), "{looks}");
        let mut console = app.at_the_console("ada@staff.example").await;
        console.open(&format!("/console/{}/opportunities/{group}{path}", given.ada.slug)).await;
        console.follow("Who is expected, and what they need").await.expect(200);
        console.says("cleo@people.example").says("Must have").says("A lift (Moving around)").says("Breaks").hides("A call first");
        console.says("Must have: A lift (Moving around): 2 people").says("Tea: 2 people").hides("eve@people.example");
        console.open(&format!("/console/{}/people/{}", given.ada.slug, ben.id)).await.expect(200).says("A call first");
        console.says("May be asked about their experience").says("Never").hides("Quiet");
        let vic = app.staff(&root, "vic", "viewer").await;
        vic.get(&app, &format!("/opportunities/{group}{path}/expected")).send().await.expect(403);
        app.run_jobs().await;
    });
}

#[test]
fn whoever_plans_a_meeting_hears_for_how_many_it_is_too_long() {
    everywhere(|app| async move {
        let root = app.administrator().await;
        let given = Given::of(&app, &app.coordinator(&root, "ada").await);
        let group = given.opportunity(given.project(&[]).await, OpportunityState::Open).await;
        for n in 0..11 {
            let someone = given.someone(&format!("person{n}")).await;
            let longest = if n < 2 { 60 } else { 90 };
            let sessions = if n < 6 { json!({"longest_minutes": longest}) } else { json!({}) };
            let wish = json!({"stance": {"kind": "up_to", "rung": "consultation"}, "sessions": sessions});
            let put = app.put("/api/me/preferences").token(&someone.token).header("if-match", "*").json(&wish).send().await;
            put.expect(200);
            given.place(group, &someone, PlaceState::Held).await;
            given.agrees(&someone, group).await;
        }
        let meeting = |ends: &str| json!({"title": "First", "starts_at": "2027-03-10T18:00:00Z", "ends_at": ends});
        let made = given.post(group, "/meetings", &meeting("2027-03-10T20:00:00Z")).await.expect(201);
        assert_eq!(made.json["too_long_for"], json!({"people": 6, "withheld": false}));
        let path = format!("/meetings/{}", made.id());
        // Fewer than the smallest group that may be told of.
        let changed = given.put(group, &path, &meeting("2027-03-10T19:30:00Z")).await.expect(200).json;
        assert_eq!(changed["too_long_for"], json!({"people": null, "withheld": true}));
        assert_eq!(given.get(group, &path).await.expect(200).json["too_long_for"], changed["too_long_for"]);
        let changed = given.put(group, &path, &meeting("2027-03-10T19:00:00Z")).await.expect(200).json;
        assert_eq!(changed["too_long_for"], json!({"people": 0, "withheld": false}));
        app.run_jobs().await;
    });
}
