//! An end by whoever ran it, and the tasks that changes leave.

use super::*;

#[test]
fn a_task_says_what_to_do_and_who_to_those_alone_who_may_know() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let group = group(&given).await;
        let (ben, cleo) = (member(&given, group, "ben").await, member(&given, group, "cleo").await);
        change(&given, &ben, group, json!({"choice": "leave"})).await;
        let viewer = app.staff(&given.ada, "vera", "viewer").await;
        let analyst = app.staff(&given.ada, "anna", "analyst").await;
        let ada = app.coordinator(&given.ada, "ada").await;
        let key = given.ada.post(&app, "/keys", &json!({"name": "plan", "scopes": ["read", "manage"]})).await.expect(201);
        let key = key.json["key"].as_str().or(key.json["token"].as_str()).unwrap().to_owned();
        let list = async |token: &str| app.get(given.ada.path("/tasks")).token(token).send().await;
        let seen = list(&ada.token).await.expect(200).json;
        let task = &seen["items"][0];
        assert_eq!((&task["email"], &task["kind"], &task["title"]), (&json!(ben.email), &json!("left"), &json!("A better wait")));
        let to_do = task["to_do"].to_string();
        for words in ["somebody else take this on", "Say thank you", "Offer a talk", "Pay what is owed", "£12.50"] {
            assert!(to_do.contains(words), "{words}: {to_do}");
        }
        assert!(!task.to_string().contains("reason"));
        let by_key = list(&key).await.expect(200);
        assert!(by_key.json["items"][0].get("email").is_none() && by_key.json["items"][0].get("participant").is_none());
        assert!(!by_key.text.contains(&ben.id.to_string()) && !by_key.text.contains("ben@"), "{}", by_key.text);
        for token in [&viewer.token, &analyst.token] {
            list(token).await.expect(403);
            let open = app.get(given.ada.path("/tasks/open")).token(token).send().await.expect(200);
            assert_eq!(open.json, json!([]), "one is few: not even that anybody left is told");
        }
        let open = app.get(given.ada.path("/tasks/open")).token(&ada.token).send().await.expect(200);
        assert_eq!(open.json[0]["open"], 1);
        // The person can see who looked; nobody else's record says so.
        let looked = async |who: &Someone| who.get(&app, "/readings").await.expect(200).text.contains("tasks");
        assert!(looked(&ben).await && !looked(&cleo).await);

        let moon = app.organisation(&given.ada, "moonrise").await;
        let done = format!("/tasks/{}/done", task["id"].as_str().unwrap());
        moon.post(&app, &done, &json!({})).await.expect(404);
        app.post(given.ada.path(&done)).token(&viewer.token).send().await.expect(403);
        let first = ada.post(&app, &done, &json!({})).await.expect(200).json;
        let again = given.ada.post(&app, &done, &json!({})).await.expect(200).json;
        assert_eq!((&first["done_at"], &first["done_by"]), (&again["done_at"], &again["done_by"]));
        assert_eq!(list(&ada.token).await.json["items"], json!([]));
        let after = app.get(given.ada.path("/tasks?done=true")).token(&ada.token).send().await.expect(200);
        assert_eq!(after.json["items"].as_array().unwrap().len(), 1);
        assert_eq!(app.get(given.ada.path("/tasks/open")).token(&ada.token).send().await.json, json!([]));
        app.outbox().await;
    });
}

#[test]
fn what_ends_before_its_time_is_told_to_everybody_concerned() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let wish = json!({"stance": {"kind": "up_to", "rung": "co_design"}});
        let id = story.open("co_design_group", "co_design", json!({"places": 3})).await;
        let mut people = Vec::new();
        for name in ["ben", "cleo", "dan"] {
            people.push(story.person(name, wish.clone()).await);
        }
        let letters = story.invite(&id, json!({})).await;
        let token =
            |who: &crate::harness::Participant| letters.iter().find(|letter| letter.to == who.email).unwrap().token("ai_");
        let tokens: Vec<String> = people.iter().map(token).collect();
        story.take_place(&tokens[0]).await;
        story.take_place(&tokens[1]).await;
        app.outbox().await;
        // Dan has not answered. Cleo leaves before it ends.
        people[1].post(&app, &format!("/opportunities/{id}/part"), &json!({"choice": "leave"})).await.expect(200);
        app.outbox().await;
        story.open("consultation", "consultation", json!({"title": "What helps"})).await;
        // Of a topic that Ben never wants to hear of.
        let housing = json!({"title": "Where people live", "topics": [story.topic]});
        story.open("consultation", "consultation", housing).await;
        let never = json!({"stance": {"kind": "up_to", "rung": "co_design"}, "topics": {"never": [story.topic]}});
        people[0].put(&app, "/preferences", &never).await.expect(200);
        app.run_jobs().await;
        let given = Given::of(&app, &story.ada);
        let group: OpportunityId = id.parse().unwrap();
        let coming = meeting(&given, group, 28).await;
        for words in ["", "See https://sunrise.example", "You must all come once more."] {
            story.ada.post(&app, &format!("/opportunities/{id}/end"), &json!({"words": words})).await.expect(422);
        }
        let body = json!({"words": "The grant has ended. We are grateful for every evening."});
        let end = async || {
            let call = app.post(story.ada.path(&format!("/opportunities/{id}/end"))).token(&story.ada.token);
            call.header("idempotency-key", "end").json(&body).send().await
        };
        let ended = end().await.expect(200);
        assert_eq!(ended.json["meetings_cancelled"], 1);
        assert_eq!(end().await.expect(200).text, ended.text);
        let twice = story.ada.post(&app, &format!("/opportunities/{id}/end"), &body).await.expect(409);
        assert_eq!(twice.json["code"], "ended");
        assert_ne!(given.get(group, &format!("/meetings/{coming}")).await.expect(200).json["cancelled_at"], Value::Null);

        let letters = app.outbox().await;
        let mut recipients: Vec<&str> = letters.iter().map(|letter| letter.to.as_str()).collect();
        recipients.sort_unstable();
        let expected = ["ben@people.example", "dan@people.example"];
        assert_eq!(recipients, expected, "whoever left before hears nothing more of it");
        let ben = to(&letters, "ben")[0].words();
        for words in [
            "Thank you for taking part in it.",
            "The grant has ended. We are grateful for every evening.",
            "You hear what came of it by 1 May 2027",
            "What is owed to you stays owed, and is paid.",
            "£15.00",
            "What helps",
        ] {
            assert!(ben.contains(words), "{words}: {ben}");
        }
        assert!(!ben.contains("Where people live"), "what does not fit their choices is not named: {ben}");
        let dan = to(&letters, "dan")[0].words();
        assert!(dan.contains("You need not do anything about it.") && !dan.contains("taking part in it"), "{dan}");
        assert!(!dan.contains("is owed to you"), "{dan}");
        let tasks = story.ada.get(&app, "/tasks").send().await.expect(200).json;
        let kinds: Vec<&Value> = tasks["items"].as_array().unwrap().iter().map(|task| &task["kind"]).collect();
        assert_eq!(kinds, ["left", "ended"]);
        assert!(tasks["items"][1].get("participant").is_none());
        // It has closed, and everybody can read why; nobody is written to about it again.
        let found = story.ada.get(&app, &format!("/opportunities/{id}")).send().await.expect(200).json;
        assert_eq!((&found["state"], &found["closed_early_reason"]), (&json!("closed"), &body["words"]));
        let seen = people[0].get(&app, &format!("/opportunities/{id}/part")).send().await.expect(200).json;
        assert_eq!((&seen["ended_words"], &seen["choices"][0]), (&body["words"], &json!("leave")));
        let pause = json!({"choice": "pause", "until": "2027-03-20"});
        let refused = people[0].post(&app, &format!("/opportunities/{id}/part"), &pause).await.expect(409);
        assert_eq!(refused.json["code"], "ended");
        alongside::app::schedule(&app.app.platform).await.unwrap();
        app.clock.advance(Duration::days(10));
        let about_it = app.outbox().await.into_iter().filter(|letter| letter.text().contains("Your view")).count();
        assert_eq!(about_it, 0);
    });
}

#[test]
fn drafts_and_consultations_are_not_ended_and_whoever_pauses_hears_of_an_end_once() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let project = given.project(&[]).await;
        let words = json!({"words": "The work stops here."});
        let refused = async |id: OpportunityId| given.post(id, "/end", &words).await.expect(409).json["code"].clone();
        assert_eq!(refused(given.opportunity(project, OpportunityState::Open).await).await, "consultation");
        let draft = given.opportunity(project, OpportunityState::Draft).await;
        let row = opportunity::ActiveModel { kind: Set(OpportunityKind::Workshop), ..Default::default() };
        let all = opportunity::Entity::update_many().set(row).filter(opportunity::Column::Id.eq(draft));
        all.exec(app.app.platform.db.write()).await.unwrap();
        assert_eq!(refused(draft).await, "draft");
        let group = group(&given).await;
        let ben = member(&given, group, "ben").await;
        let waiting = given.someone("cleo").await;
        given.invitation(group, &waiting, InvitationState::Waiting).await;
        given.place(group, &waiting, PlaceState::Waiting).await;
        let asked = given.someone("dan").await;
        given.invitation(group, &asked, InvitationState::Sent).await;
        change(&given, &ben, group, json!({"choice": "pause", "until": "2027-03-03"})).await;
        let moon = app.organisation(&given.ada, "moonrise").await;
        moon.post(&app, &format!("/opportunities/{group}/end"), &words).await.expect(404);
        given.post(group, "/end", &words).await.expect(200);
        let letters = app.outbox().await;
        assert_eq!(to(&letters, "ben").len(), 1);
        // No letter that asks had left, so there is nothing to take leave of.
        assert!(to(&letters, "dan").is_empty());
        alongside::app::schedule(&app.app.platform).await.unwrap();
        app.clock.advance(Duration::days(5));
        assert!(app.outbox().await.is_empty(), "nobody is asked to go on with what has ended");
    });
}

#[test]
fn the_console_shows_what_to_do_and_ends_something() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let group = group(&given).await;
        let (ben, _) = (member(&given, group, "ben").await, member(&given, group, "cleo").await);
        change(&given, &ben, group, json!({"choice": "leave"})).await;
        app.staff(&given.ada, "vera", "viewer").await;
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        rosa.open("/console/sunrise").await.says("A better wait: somebody has left.");
        rosa.follow("See what there is to do").await.expect(200).says("ben@people.example").says("Say thank you");
        rosa.press("Done : Somebody has left, A better wait")
            .await
            .expect(200)
            .says("It is noted as done.")
            .says("There is nothing to do.");
        rosa.open(&format!("/console/sunrise/opportunities/{group}")).await.follow("End it before its time").await.expect(200);
        rosa.press("End it now, and tell everybody").await.expect(422).says("Write something here.");
        rosa.fill("What do you want to tell people about it?", "The grant has ended.");
        rosa.press("End it now, and tell everybody").await.expect(200).says("It has ended. Letters");
        rosa.follow("End it before its time").await.expect(200).says("The grant has ended.").hides("End it now");
        let letters = app.outbox().await;
        assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["cleo@people.example"]);
        rosa.open("/console/sunrise").await.says("A better wait: it has ended.");
        let mut vera = app.at_the_console("vera@staff.example").await;
        vera.open("/console/sunrise").await.expect(200).says("A better wait: it has ended.").hides("See what there is to do");
        vera.open("/console/sunrise/tasks").await.expect(403);
        vera.open(&format!("/console/sunrise/opportunities/{group}/end")).await.expect(403);
    });
}
