//! What people said at meetings, noted on the pages, and themes that rest on it.

use crate::{
    harness::{Browser, everywhere},
    story::Story,
};
use entity::{QuotePermission, contribution, theme, theme_source};
use sea_orm::EntityTrait;
use serde_json::json;

#[test]
fn what_people_said_at_a_meeting_is_noted_and_themes_rest_on_it() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let group = story.open("workshop", "co_design", json!({})).await;
        let token = story.invite(&group, json!({})).await[0].token("ai_");
        story.take_place(&token).await;
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        let way = format!("/console/sunrise/opportunities/{group}");
        rosa.open(&format!("{way}/meetings/new")).await.fill("Name", "The first day").fill("When it begins", "2027-04-10T14:00");
        rosa.fill("When it ends", "2027-04-10T16:00").press("Save").await.expect(200);
        rosa.follow("Note what somebody said").await.press("Note it").await.expect(422);
        // Nobody is quoted further than they agreed to.
        rosa.fill("What did they say, or bring?", "Soft seats.").choose("Who?", "ben");
        rosa.choose("May these words be quoted?", "Yes, with the name").press("Note it").await.expect(422);
        rosa.says("This person has not agreed to be quoted like that.");
        let (to, fields) = rosa.choose("May these words be quoted?", "No").prepared("Note it");
        for _ in 0..2 {
            rosa.answer(&to, &fields).await.expect(303);
        }
        let db = app.app.platform.db.read();
        let rows = contribution::Entity::find().all(db).await.unwrap();
        let (row, []) = rows.split_first().unwrap() else { panic!("noted twice") };
        assert_eq!((row.participant_id.unwrap().to_string(), row.quote), (ben.id.clone(), QuotePermission::No));
        assert!(row.meeting_id.is_some());
        rosa.open(&way).await.follow("What people said at meetings").await.expect(200);
        rosa.says("Soft seats. The first day Staff No").hides("ben");
        rosa.open(&format!("{way}/themes")).await.fill("Heading", "Seats").fill("What people said", "Seats are hard.");
        rosa.press("Add this theme").await.expect(200);
        let theme = theme::Entity::find().one(db).await.unwrap().unwrap().id;
        rosa.open(&format!("{way}/themes/{theme}")).await.follow("Say which words from meetings it rests on").await;
        let id = row.id.to_string();
        let label = format!("Contribution {}", &id[id.len() - 6..]);
        rosa.says("Soft seats.");
        rosa.choose("What people said at meetings", &label).press("Save").await.expect(200);
        let sources = theme_source::Entity::find().all(db).await.unwrap();
        assert_eq!(sources.iter().map(|source| source.contribution_id).collect::<Vec<_>>(), [Some(row.id)]);
        // Whoever said it sees who read it, and takes it back. Nobody else can.
        let mut own = Browser::new(&app);
        own.sign_in(&ben, "sunrise").open("/o/sunrise/me/record/looked").await.expect(200);
        own.says("What was said at meetings, without names");
        own.open("/o/sunrise/me/record").await.says("One thing is noted");
        own.follow("What I said at meetings: Your view").await;
        own.expect(200).says("Soft seats.").says("The first day").says("Noted by Staff");
        let cat = story.person("cat", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let mut stranger = Browser::new(&app);
        let here = own.links().into_iter().find(|link| link.contains("/contributions/")).unwrap();
        stranger.sign_in(&cat, "sunrise").open(&here).await.expect(404);
        stranger.send(&here, &[]).await;
        stranger.expect(404);
        stranger.open("/o/sunrise/me/record/looked").await.hides("What was said at meetings, without names");
        own.open(&here).await.expect(200).says("Its words are erased at once.");
        own.press("Take back what I said").await.expect(200);
        own.says("You have taken it back. Its words are gone.").says("I took this back.").hides("Soft seats.");
        own.open(&here).await.expect(200).hides("Take back what I said");
        rosa.open(&format!("{way}/contributions")).await.says("Taken back").hides("Soft seats.");
        app.outbox().await;
    });
}
