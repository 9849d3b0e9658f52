//! A pause, and coming back after having left.

use super::*;

#[test]
fn a_pause_keeps_the_place_and_asks_once_on_the_day_after() {
    everywhere(|app| async move {
        let mut given = start(&app).await;
        let group = group(&given).await;
        let (ben, cleo) = (member(&given, group, "ben").await, member(&given, group, "cleo").await);
        let (soon, later) = (meeting(&given, group, 8).await, meeting(&given, group, 22).await);
        alongside::app::schedule(&app.app.platform).await.unwrap();
        let pause = json!({"choice": "pause", "until": "2027-03-10"});
        let answer = change(&given, &ben, group, pause.clone()).await;
        assert_eq!(
            (&answer["apologies"], &answer["changed"], &answer["paused_until"]),
            (&json!(1), &json!("paused"), &json!("2027-03-10"))
        );
        assert!(
            told(&answer).contains("You are pausing from “A better wait” until 10 March 2027. Your place is kept."),
            "{}",
            told(&answer)
        );
        assert_eq!(place_of(&given, group, &ben).await, PlaceState::Held);
        assert_eq!(attendance_of(&given, group, &soon).await[0]["attendance"], "apologies");
        assert_eq!(attendance_of(&given, group, &later).await, json!([]));
        let tasks = given.ada.get(&app, "/tasks").send().await.expect(200).json;
        assert_eq!((&tasks["items"][0]["kind"], &tasks["items"][0]["paused_until"]), (&json!("paused"), &json!("2027-03-10")));

        // They sent word, so the notes would be theirs: not now.
        app.clock.advance(Duration::days(8));
        given.ada = app.sign_in_again(&given.ada).await;
        let list = json!([{"participant": ben.id, "attendance": "apologies"}, {"participant": cleo.id, "attendance": "present"}]);
        given.put(group, &format!("/meetings/{soon}/attendance"), &list).await.expect(200);
        given.put(group, &format!("/meetings/{soon}/notes"), &json!({"text": "Seats."})).await.expect(200);
        given.post(group, &format!("/meetings/{soon}/notes/share"), &json!({})).await.expect(200);
        let letters = app.outbox().await;
        assert_eq!((to(&letters, "ben").len(), to(&letters, "cleo").len()), (0, 1));
        app.clock.advance(Duration::days(1));
        assert!(app.outbox().await.is_empty(), "the last day belongs to the pause");
        app.clock.advance(Duration::days(1));
        let letters = app.outbox().await;
        assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["ben@people.example"]);
        let words = letters[0].words();
        assert!(words.contains("until 10 March 2027. That day has passed."), "{words}");
        assert!(words.contains(&format!("/o/sunrise/me/parts/{group}")), "{words}");
        // Silence changes nothing, and nobody asks again.
        for _ in 0..4 {
            app.clock.advance(Duration::days(30));
            assert!(app.outbox().await.is_empty());
        }
        let seen = ben.get(&app, &path(group)).await.expect(200).json;
        assert_eq!((&seen["changed"], &seen["place"]), (&json!("paused"), &json!("held")));
        let on = ben.post(&app, &format!("{}/go-on", path(group)), &json!({})).await.expect(200).json;
        assert!(on.get("changed").is_none());
        ben.post(&app, &format!("{}/go-on", path(group)), &json!({})).await.expect(200);
        given.ada = app.sign_in_again(&given.ada).await;
        assert_eq!(given.ada.get(&app, "/tasks").send().await.expect(200).json["items"], json!([]), "nobody pauses any more");
        assert!(app.outbox().await.is_empty());
    });
}

#[test]
fn whoever_goes_on_before_the_day_is_expected_again_and_asked_nothing() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let group = group(&given).await;
        let ben = member(&given, group, "ben").await;
        let soon = meeting(&given, group, 8).await;
        alongside::app::schedule(&app.app.platform).await.unwrap();
        change(&given, &ben, group, json!({"choice": "pause", "until": "2027-03-10"})).await;
        // A longer pause stands in the place of the first.
        change(&given, &ben, group, json!({"choice": "pause", "until": "2027-03-12", "meetings": "unsaid"})).await;
        let tasks = given.ada.get(&app, "/tasks").send().await.expect(200).json;
        assert_eq!(tasks["items"].as_array().unwrap().len(), 1, "{tasks}");
        assert_eq!(tasks["items"][0]["paused_until"], "2027-03-12");
        assert_eq!(attendance_of(&given, group, &soon).await.as_array().unwrap().len(), 1);
        ben.post(&app, &format!("{}/go-on", path(group)), &json!({})).await.expect(200);
        assert_eq!(attendance_of(&given, group, &soon).await, json!([]));
        app.clock.advance(Duration::days(20));
        assert!(app.outbox().await.is_empty());
    });
}

#[test]
fn whoever_pauses_is_not_moved_up_and_keeps_their_turn() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let group = group(&given).await;
        let row = opportunity::ActiveModel {
            starts_at: Set(Some(app.clock.now() + Duration::days(30))),
            places: Set(Some(1)),
            ..Default::default()
        };
        let db = app.app.platform.db.write();
        opportunity::Entity::update_many().set(row).filter(opportunity::Column::Id.eq(group)).exec(db).await.unwrap();
        let ben = member(&given, group, "ben").await;
        let waits = async |name: &str, position: i32| {
            let who = given.someone(name).await;
            given.invitation(group, &who, InvitationState::Waiting).await;
            given.place(group, &who, PlaceState::Waiting).await;
            given.agrees(&who, group).await;
            let wish = json!({"stance": {"kind": "up_to", "rung": "co_design"}});
            app.put("/api/me/preferences").token(&who.token).header("if-match", "*").json(&wish).send().await.expect(200);
            let row = place::ActiveModel { position: Set(position), ..Default::default() };
            let mine = place::Entity::update_many().set(row).filter(place::Column::ParticipantId.eq(who.id));
            mine.exec(db).await.unwrap();
            who
        };
        let (cleo, dan) = (waits("cleo", 2).await, waits("dan", 3).await);
        app.run_jobs().await;
        let evening = meeting(&given, group, 25).await;
        let answer = change(&given, &cleo, group, json!({"choice": "pause", "until": "2027-03-28"})).await;
        assert_eq!(answer["results"], false, "who waits has no part in it yet");
        let there = attendance_of(&given, group, &evening).await.to_string();
        assert!(!there.contains(&cleo.id.to_string()), "nobody expects who waits, so no word goes out: {there}");
        change(&given, &ben, group, json!({"choice": "leave"})).await;
        assert_eq!(place_of(&given, group, &dan).await, PlaceState::Held);
        assert_eq!(place_of(&given, group, &cleo).await, PlaceState::Waiting);
        let letters = app.outbox().await;
        // That there is a place, and when they meet.
        assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["dan@people.example"; 2]);
        // The place stays empty as long as the next one pauses, and is theirs once they go on.
        change(&given, &dan, group, json!({"choice": "leave"})).await;
        assert_eq!(place_of(&given, group, &cleo).await, PlaceState::Waiting);
        cleo.post(&app, &format!("{}/go-on", path(group)), &json!({})).await.expect(200);
        assert_eq!(place_of(&given, group, &cleo).await, PlaceState::Held);
        app.outbox().await;
    });
}

#[test]
fn whoever_says_yes_again_takes_part_as_before() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let id = story.open("co_design_group", "co_design", json!({"places": 2})).await;
        let ben = story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let letters = story.invite(&id, json!({})).await;
        let token = letters[0].token("ai_");
        story.take_place(&token).await;
        let part = format!("/opportunities/{id}/part");
        // Before the letter that confirms the place has left.
        ben.post(&app, &part, &json!({"choice": "leave"})).await.expect(200);
        assert!(app.outbox().await.is_empty());
        assert_eq!(story.with(&token, "/accept", &json!({})).await.expect(200).json["state"], "accepted");
        let seen = ben.get(&app, &part).send().await.expect(200).json;
        assert!(seen.get("changed").is_none());
        assert!(app.outbox().await[0].text().contains("You have a place"));
        // Giving the place up by the link of the letter leaves the same to do for staff.
        story.with(&token, "/decline", &json!({})).await.expect(200);
        let tasks = story.ada.get(&app, "/tasks").send().await.expect(200).json;
        let kinds: Vec<&Value> = tasks["items"].as_array().unwrap().iter().map(|task| &task["kind"]).collect();
        assert_eq!(kinds, ["left", "left"]);
        assert_eq!(ben.get(&app, &part).send().await.expect(200).json["changed"], "left");
        app.outbox().await;
    });
}
