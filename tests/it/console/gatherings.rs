//! What people are asked to do and what the group is, said on the page of a draft; and who is expected at a meeting.

use super::{project, rosa, way};
use crate::harness::everywhere;
use entity::{ActivityType, GroupFacts, Present, opportunity};
use sea_orm::EntityTrait;

#[test]
fn a_draft_says_what_people_do_and_whom_they_meet() {
    everywhere(|app| async move {
        let mut rosa = rosa(&app).await;
        let project = project(&mut rosa).await;
        let way = way(&mut rosa, &project, "A workshop", "Consultation").await;
        let stored = async || {
            let row = opportunity::Entity::find().one(app.app.platform.db.read()).await.unwrap().unwrap();
            (row.activity, row.group_facts)
        };
        let describe = format!("{way}/describe");
        rosa.open(&describe).await.fill("What it is, in a few sentences", "A day together.").press("Save").await.expect(200);
        assert_eq!(stored().await, (None, None), "nothing is said for anybody");
        rosa.open(&describe).await.choose("What are people asked to do?", "A citizens' jury or panel");
        rosa.choose("What is the group?", "It is for women").choose("Others who are there", "Researchers");
        rosa.choose("Others who are there", "The police").press("Save").await.expect(200);
        let there = Some(vec![Present::Police, Present::Researchers]);
        let group = GroupFacts { women_only: true, same_experience: false, known_facilitator: false, present: there };
        assert_eq!(stored().await, (Some(ActivityType::CitizensJury), Some(group.clone())));
        // What was said is still there, and saving it again changes nothing.
        rosa.open(&describe).await.press("Save").await.expect(200);
        assert_eq!(stored().await.1, Some(group));
        rosa.open(&describe).await.choose("Who else is there?", "Nobody else").press("Save").await.expect(200);
        assert_eq!(stored().await.1.unwrap().present, Some(Vec::new()));
        // In a talk with one person nobody meets a group.
        rosa.open(&describe).await.choose("How do people take part?", "A conversation with one person");
        rosa.choose("What are people asked to do?", "What the answer above is as a rule").press("Save").await.expect(200);
        assert_eq!(stored().await, (None, None));
        // A consultation is answered in writing, whatever else was chosen.
        rosa.open(&describe).await.choose("How do people take part?", "Questions to answer");
        rosa.choose("What are people asked to do?", "A workshop").press("Save").await.expect(422);
        rosa.says("Leave this out: in a consultation people answer questions in writing.");
        app.outbox().await;
    });
}
