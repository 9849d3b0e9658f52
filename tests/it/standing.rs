//! How groups stand, from asked to seated against what was wanted: as numbers, as a picture and beside it as a table.

use crate::{
    groups::{aged, open, quota},
    harness::everywhere,
    story::Story,
};
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
        assert_eq!(
            groups().await,
            json!([with("16_24", 10, 10, [0, 0, 0]), with("65_plus", 4, 10, [0, 0, 0])]),
            "nobody is nothing to hide"
        );
        let letters = story.invite(&id, json!({})).await;
        let of = |group: &'static str| letters.iter().filter(move |letter| letter.to.starts_with(group));
        assert_eq!((of("young").count(), of("old").count()), (10, 10));
        for letter in of("young").take(5).chain(of("old").take(5)) {
            assert_eq!(story.take_place(&letter.token("ai_")).await, "accepted");
        }
        let told = [with("16_24", 10, 10, [10, 5, 5]), with("65_plus", 4, 10, [10, 5, 5])];
        assert_eq!(groups().await, json!(told));
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        rosa.open(&format!("/console/sunrise/opportunities/{id}/funnel")).await.expect(200).says("How groups stand");
        rosa.says("age band, 16 to 24 10 to 10 10 5 5").says("age band, 65 plus 4 to 10 10 5 5");
        assert!(rosa.html.contains("<svg") && rosa.html.contains("Who has a place, against who was wanted"));
        // One more of the young: of ten, four have not said yes, and that is few.
        let sixth = of("young").nth(5).unwrap();
        assert_eq!(story.take_place(&sixth.token("ai_")).await, "accepted");
        let mut young = row("16_24", 10, 10);
        young["asked"] = json!(10);
        assert_eq!(groups().await[0], young, "what is left of the asked would be four");
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
