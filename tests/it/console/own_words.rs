//! Own words in letters, written at the console.

use super::{project, rosa, way};
use crate::harness::everywhere;

#[test]
fn words_are_written_looked_at_and_sent_to_oneself() {
    everywhere(|app| async move {
        let mut rosa = rosa(&app).await;
        let project = project(&mut rosa).await;
        let way = way(&mut rosa, &project, "Questions to answer", "Consultation").await;
        rosa.open(&way).await.follow("Your own words in letters").await;
        rosa.says("It has its usual words.");
        rosa.follow("Write in en: The reminder").await.says("{{ name }}: The person's name");
        rosa.fill("Behind the greeting", "# Big").fill("At the end", "Thank you, {{ nome }}.").press("Save").await.expect(422);
        rosa.says("Line 1: headings are not taken").says("A variable is not known");
        rosa.fill("Behind the greeting", "We **wrote** to you, {{ name | neighbour }}.").fill("At the end", "Thank you.");
        rosa.press("Save").await.says("Saved.").says("It has your words in: en.");
        rosa.follow("Look at it in en: The reminder").await;
        rosa.says("We wrote to you, Robin Example.").says("A reminder:");
        // As most mail programs show it, too: apart from the page, in a sandbox in which nothing runs and from which no link leads.
        let here = rosa.address.clone();
        let (_, frame) = rosa.html.split_once("<iframe class=\"apart\" sandbox=\"\" title=\"").expect("the letter stands apart");
        let (title, rest) = frame.split_once("\" src=\"").unwrap();
        assert_eq!(title, "The letter, as most mail programs show it");
        let apart = rosa
            .open(&rest.split_once('"').unwrap().0.replace("&#38;", "&").replace("&amp;", "&"))
            .await
            .expect(200)
            .html
            .clone();
        assert!(
            apart.contains("<base target=\"_blank\">") && apart.contains("We <strong>wrote</strong> to you, Robin Example."),
            "{apart}"
        );
        assert!(!apart.contains("<iframe") && !apart.contains("<script") && !apart.contains("<form"), "{apart}");
        rosa.open(&here).await;
        rosa.press("Send it to my own address").await;
        rosa.says("It is on its way to your own address");
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 1);
        assert!(letters[0].to.starts_with("root@") && letters[0].words().contains("Test: A reminder"), "{}", letters[0].raw);
        // Another language, and Easy Read, stand beside it.
        rosa.follow("Change the words").await.fill("Language", "CY").fill("Behind the greeting", "Helo.").fill("At the end", "");
        rosa.press("Save").await.says("It has your words in: cy, en.");
        rosa.follow("Look at it in cy: The reminder").await;
        rosa.says("In the language cy, the closing is not written in plain words.");
        rosa.open(&format!("{way}/letters/edit?letter=remind&language=en")).await;
        assert_eq!(rosa.value("At the end"), "Thank you.");
    });
}
