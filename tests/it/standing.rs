//! How groups stand, from asked to seated against what was wanted: as numbers, as a picture and beside it as a table.

use crate::{
    groups::{aged, open, quota},
    harness::everywhere,
    story::Story,
};
use chrono::Duration;
use serde_json::json;

#[test]
fn groups_are_told_from_asked_to_seated_where_they_are_large_enough() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for n in 0..12 {
            aged(&story, &format!("young{n}"), "16_24").await;
            aged(&story, &format!("old{n}"), "65_plus").await;
        }
        let id = open(&story, 20, json!([quota("16_24", 10, 10), quota("65_plus", 4, 10)])).await;
        let groups = async || story.ada.get(&app, &format!("/opportunities/{id}/groups")).send().await.expect(200).json;
        let row = |category, min, max| json!({"dimension": "age_band", "category": category, "min": min, "max": max});
        let with = |category, min, max, [asked, accepted, seated]: [u64; 3]| {
            let mut row = row(category, min, max);
            (row["asked"], row["accepted"], row["seated"]) = (json!(asked), json!(accepted), json!(seated));
            row
        };
        let none = json!({"least": 0, "likely": 0, "most": 0});
        let mut nobody = json!([with("16_24", 10, 10, [0, 0, 0]), with("65_plus", 4, 10, [0, 0, 0])]);
        (nobody[0]["expected"], nobody[1]["expected"]) = (none.clone(), none);
        assert_eq!(groups().await, nobody, "nobody is nothing to hide");
        let letters = story.invite(&id, json!({})).await;
        let of = |group: &'static str| letters.iter().filter(move |letter| letter.to.starts_with(group));
        assert_eq!((of("young").count(), of("old").count()), (10, 10));
        for letter in of("young").take(5).chain(of("old").take(5)) {
            assert_eq!(story.take_place(&letter.token("ai_")).await, "accepted");
        }
        // Five of each have not answered: nothing is known of how people answer, so of ten two are thought to say yes.
        let mut told = json!([with("16_24", 10, 10, [10, 5, 5]), with("65_plus", 4, 10, [10, 5, 5])]);
        let expected = json!({"least": 5, "likely": 6, "most": 7});
        (told[0]["expected"], told[1]["expected"]) = (expected.clone(), expected);
        assert_eq!(groups().await, told);
        let forecast = story.ada.get(&app, &format!("/opportunities/{id}/forecast")).send().await.expect(200).json;
        let expected = json!({"least": 10, "likely": 12, "most": 14});
        assert_eq!(forecast, json!({"asked": 20, "accepted": 10, "places": 20, "expected": expected}));
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        rosa.open(&format!("/console/sunrise/opportunities/{id}/funnel")).await.expect(200).says("How groups stand");
        rosa.says("age band, 16 to 24 10 to 10 10 5 5 5 to 7").says("age band, 65 plus 4 to 10 10 5 5 5 to 7");
        rosa.says("Yeses in the end Between 10 and 14, most likely about 12.");
        rosa.says("Fewer may say yes than are wanted");
        rosa.says("age band, 16 to 24: in the end between 5 and 7, most likely about 6. 10 are wanted.");
        // Of 100 who were asked, 50 are young; a place is wanted for 50 of 100.
        rosa.says("age band, 16 to 24 50 to 50 50 50 50").says("age band, 65 plus 20 to 50 50 50 50");
        assert!(rosa.html.contains("<svg") && rosa.html.contains("Have a place: 50"));
        // One more of the young: of ten, four have not said yes, and that is few.
        let sixth = of("young").nth(5).unwrap();
        assert_eq!(story.take_place(&sixth.token("ai_")).await, "accepted");
        let mut young = row("16_24", 10, 10);
        young["asked"] = json!(10);
        assert!(groups().await[0].get("expected").is_none(), "what is expected would tell how many have not answered");
        assert_eq!(groups().await[0], young, "what is left of the asked would be four");
        app.outbox().await;
    });
}

#[test]
fn whoever_has_been_silent_for_long_is_expected_to_stay_so() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        for n in 0..30 {
            aged(&story, &format!("person{n}"), "16_24").await;
        }
        // Of thirty, fifteen say yes on the first day, five a week later, and ten never say anything.
        let first = open(&story, 30, json!([quota("16_24", 30, 30)])).await;
        let letters = story.invite(&first, json!({})).await;
        for letter in &letters[..15] {
            assert_eq!(story.take_place(&letter.token("ai_")).await, "accepted");
        }
        let on = async |story: &mut Story, days| {
            app.clock.advance(Duration::days(days));
            story.ada = app.sign_in_again(&story.ada).await;
        };
        on(&mut story, 8).await;
        for letter in &letters[15..20] {
            assert_eq!(story.take_place(&letter.token("ai_")).await, "accepted");
        }
        app.outbox().await;
        on(&mut story, 40).await;
        let (project, decision) = story.more().await;
        let mut second = json!({"places": 30, "project": project, "decisions": [decision], "title": "Second"});
        (second["closes_on"], second["starts_at"]) = (json!("2027-06-15"), json!("2027-07-01T10:00:00Z"));
        second["feedback_due"] = json!("2027-09-01");
        let second = story.open("workshop", "co_design", second).await;
        assert_eq!(story.invite(&second, json!({})).await.len(), 30);
        let likely = async |story: &Story| {
            let path = format!("/opportunities/{second}/forecast");
            story.ada.get(&app, &path).send().await.expect(200).json["expected"]["likely"].as_u64().unwrap()
        };
        // As sums by hand, with twenty answers of weight: of those just asked (20 + 20 * 22/40) of 50 say yes; of those who are silent
        // for a week (5 + 20 * p) of 35, where p is what was found for the silences before it.
        let (new, mut late) = (0.55_f64, 0.55_f64);
        late = [0, 1, 2].iter().fold((20.0 + 20.0 * late) / 50.0, |before, _| (5.0 + 20.0 * before) / 35.0);
        let now = likely(&story).await;
        assert!(now.abs_diff((30.0 * (20.0 + 20.0 * new) / 50.0).round() as u64) <= 1, "{now}");
        on(&mut story, 8).await;
        let later = likely(&story).await;
        assert!(later.abs_diff((30.0 * late).round() as u64) <= 1, "{later} {late}");
        assert!(later < now);
        app.outbox().await;
    });
}

#[test]
fn of_a_small_panel_no_group_is_told() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for n in 0..3 {
            aged(&story, &format!("young{n}"), "16_24").await;
            aged(&story, &format!("old{n}"), "65_plus").await;
        }
        let id = open(&story, 4, json!([quota("16_24", 2, 2)])).await;
        for letter in story.invite(&id, json!({})).await {
            story.take_place(&letter.token("ai_")).await;
        }
        app.outbox().await;
        let groups = story.ada.get(&app, &format!("/opportunities/{id}/groups")).send().await.expect(200).json;
        assert_eq!(groups, json!([{"dimension": "age_band", "category": "16_24", "min": 2, "max": 2}]));
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        let page = format!("/console/sunrise/opportunities/{id}/funnel");
        rosa.open(&page).await.says("age band, 16 to 24 2 to 2 Not shown Not shown Not shown");
    });
}
