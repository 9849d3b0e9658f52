//! Topics, made and retired on their pages.

use super::{project, way};
use crate::harness::{Browser, everywhere};
use entity::topic;
use sea_orm::{EntityTrait, QueryOrder};

#[test]
fn topics_are_added_renamed_and_retired() {
    everywhere(|app| async move {
        let root = app.administrator().await;
        app.coordinator(&root, "cora").await;
        app.staff(&root, "vera", "viewer").await;
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        rosa.open("/console/sunrise/settings").await.follow("Topics that people can choose").await.expect(200);
        rosa.says("There is no topic yet.");
        rosa.press("Add this topic").await.expect(422);
        rosa.fill("Name", "Getting around").fill("What it is about", "Buses and lifts.").press("Add this topic").await;
        rosa.expect(200).says("Added. People can choose it from now on.").says("Buses and lifts.");
        // Who runs the work can do it as well; the same name is told.
        let mut cora = app.at_the_console("cora@staff.example").await;
        cora.open("/console/sunrise/projects").await.follow("Topics that people can choose").await;
        cora.fill("Name", "getting Around").press("Add this topic").await.expect(422).says("There is a topic with this name.");
        cora.fill("Name", "Being reached at night").press("Add this topic").await.expect(200);
        let mut other = app.at_the_console("root@sunrise.example").await;
        other.open("/console/sunrise/topics").await.follow("Getting around").await;
        rosa.follow("Getting around").await.fill("Name", "Travel").press("Save").await.expect(200).says("Travel");
        other.press("Save").await.expect(422).says("Somebody has saved a change here");
        // A draft names it.
        let project = project(&mut rosa).await;
        let way = way(&mut rosa, &project, "Questions to answer", "Consultation").await;
        rosa.open(&format!("{way}/describe")).await.choose("What is it about?", "Travel").press("Save").await.expect(200);
        rosa.open("/console/sunrise/topics")
            .await
            .follow("Being reached at night")
            .await
            .follow("Let it be chosen no more")
            .await;
        rosa.press("Let it be chosen no more").await.expect(200).says("Cannot be chosen any more");
        rosa.follow("Being reached at night").await.press("Let it be chosen again").await.expect(200);
        rosa.says("It can be chosen again.").hides("Cannot be chosen any more");
        rosa.follow("Being reached at night").await;
        rosa.follow("Let it be chosen no more").await.press("Let it be chosen no more").await.expect(200);
        rosa.fill("Name", "Being reached at night").press("Add this topic").await.expect(200);
        let rows = topic::Entity::find().order_by_asc(topic::Column::Id).all(app.app.platform.db.read()).await.unwrap();
        let keys: Vec<_> = rows.iter().map(|row| (row.key.as_str(), row.title.as_str(), row.retired_at.is_some())).collect();
        assert_eq!(
            keys,
            [
                ("getting_around", "Travel", false),
                ("being_reached_at_night", "Being reached at night", true),
                ("being_reached_at_night_2", "Being reached at night", false),
            ]
        );
        let mut vera: Browser<'_> = app.at_the_console("vera@staff.example").await;
        vera.open("/console/sunrise/topics").await.expect(200).says("Travel").hides("Add a topic");
        vera.open(&format!("/console/sunrise/topics/{}", rows[0].id)).await.expect(403);
        vera.send("/console/sunrise/topics", &[("title".into(), "More".into())]).await;
        vera.expect(403);
        app.outbox().await;
    });
}
