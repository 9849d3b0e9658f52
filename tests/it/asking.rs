//! Consent, matching, invitations and answers, from the coordinator's question to the answer that is taken back.

use crate::{harness::everywhere, story::Story};
use alongside::matching::lottery;
use chrono::Duration;
use entity::{consent_event, invitation, match_run, participant, response};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Value, json};

fn up_to(rung: &str) -> Value {
    json!({"stance": {"kind": "up_to", "rung": rung}})
}

#[test]
fn people_are_asked_what_they_want_and_nobody_else_is() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", up_to("consultation")).await;
        story.person("cat", json!({"stance": {"kind": "at_least", "rung": "co_design"}})).await;
        story.person("dan", json!({"stance": {"kind": "paused"}})).await;
        story.person("eve", json!({"stance": {"kind": "up_to", "rung": "co_design"}, "topics": {"never": [story.topic]}})).await;
        story.person("fay", json!({"stance": {"kind": "ask_each_time"}})).await;
        // Has joined, but agreed to nothing.
        app.participant(&story.ada, "gus").await;
        let id = story.open("consultation", "consultation", json!({"topics": [story.topic]})).await;
        let seen = story.ada.post(&app, &format!("/opportunities/{id}/match"), &json!({})).await.expect(200).json;
        assert_eq!((&seen["considered"], &seen["eligible"], &seen["asked"]), (&json!(6), &json!(2), &json!(2)));
        // Four people for three reasons: not even which reasons there are is told, because all of them together are few.
        let reasons = seen["not_asked"].as_array().unwrap();
        assert_eq!(reasons.len(), 18, "{seen}");
        assert!(reasons.iter().all(|row| row["withheld"] == true && row["count"].is_null()), "{seen}");
        // What was counted can be looked at again, and counts nothing.
        let statements = app.app.platform.db.statements();
        let again = story.ada.get(&app, &format!("/opportunities/{id}/match")).send().await.expect(200).json;
        assert_eq!(again, seen);
        assert!(app.app.platform.db.statements() - statements < 8, "a look at counts looks at nobody");
        let letters = story.invite(&id, json!({})).await;
        let mut to: Vec<_> = letters.iter().map(|letter| letter.to.as_str()).collect();
        to.sort_unstable();
        assert_eq!(to, ["ben@people.example", "fay@people.example"]);
        let ben = letters.iter().find(|letter| letter.to.starts_with("ben")).unwrap();
        for words in ["What can change", "What cannot change", "£15.00", "The board.", "Why you were asked", "1 May 2027"] {
            assert!(ben.words().contains(words), "{words}: {}", ben.words());
        }
        assert!(ben.raw.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"));
        let fay = letters.iter().find(|letter| letter.to.starts_with("fay")).unwrap();
        assert!(fay.words().contains("You asked us to ask you each time"));
        // Asked once is asked: a second run asks nobody again.
        assert!(story.invite(&id, json!({})).await.is_empty());
    });
}

#[test]
fn an_answer_is_saved_checked_handed_in_changed_and_taken_back() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", up_to("consultation")).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let letters = story.invite(&id, json!({})).await;
        let token = letters[0].token("ai_");
        let seen = app.get("/api/invitation").token(&token).send().await.expect(200).json;
        assert_eq!(seen["offer"]["rung_in_words"], "Ask for my views");
        assert_eq!(seen["takes_answers"], true);
        let asked = app.get("/api/invitation/questionnaire").token(&token).send().await.expect(200).json;
        assert_eq!(asked["definition"], crate::story::questions());

        let form = asked["questionnaire"].clone();
        let answers = json!({"questionnaire": form, "answers": {"form": "group", "why": "Company."}});
        assert_eq!(story.with(&token, "/response", &answers).await.expect(409).json["code"], "consent_needed");
        let save = |if_match: &'static str, mut body: Value| {
            body["questionnaire"] = form.clone();
            app.put("/api/invitation/draft").token(&token).header("if-match", if_match).json(&body).send()
        };
        save("", json!({"answers": {"form": "group"}})).await.expect(409);
        story.consent(&token).await;
        let first = save("", json!({"answers": {"form": "group"}})).await.expect(200);
        save("", json!({"answers": {"form": "one_to_one"}})).await.expect(428);
        assert_eq!(first.etag(), "\"v1\"");
        save("\"v1\"", json!({"answers": {"form": "one_to_one"}})).await.expect(200);
        save("\"v1\"", json!({"answers": {"form": "group"}})).await.expect(412);
        let wrong = save("\"v2\"", json!({"answers": {"form": 7, "colour": "red"}})).await.expect(422).violations();
        assert_eq!(wrong.iter().map(|(at, _)| at.as_str()).collect::<Vec<_>>(), ["/answers/form", "/answers/colour"]);
        let draft = app.get("/api/invitation/draft").token(&token).send().await.expect(200).json;
        assert_eq!(draft["answers"], json!({"form": "one_to_one"}));

        let empty = story.hand_in(&token, json!({})).await.expect(422);
        assert_eq!(empty.violations(), [("/answers/form".to_owned(), "missing".to_owned())]);
        let receipt = story.with(&token, "/response", &answers).await.expect(201).json;
        assert_eq!(receipt["version"], 1);
        app.get("/api/invitation/draft").token(&token).send().await.expect(404);
        let hidden = json!({"questionnaire": form, "answers": {"form": "one_to_one", "why": "Company."}});
        let changed = story.with(&token, "/response", &hidden).await.expect(201).json;
        assert_eq!(
            (&changed["version"], &changed["response"], &changed["cleared"]),
            (&json!(2), &receipt["response"], &json!(["why"]))
        );
        let list = story.ada.get(&app, &format!("/opportunities/{id}/responses")).send().await.expect(200).json;
        assert_eq!(list["items"][0]["answers"], json!({"form": "one_to_one"}));
        assert!(!list.to_string().contains("ben"), "answers come without the person");

        // Taking back: one request, no reason, twice is once, also with the link of the same letter.
        let back = json!({"purpose": "participate"});
        assert_eq!(story.with(&token, "/consents/withdraw", &back).await.expect(200).json["withdrawn"], true);
        let list = story.ada.get(&app, &format!("/opportunities/{id}/responses")).send().await.expect(200).json;
        assert_eq!(list["items"], json!([]), "gone at once, before any job has run");
        assert_eq!(story.with(&token, "/consents/withdraw", &back).await.expect(200).json["withdrawn"], false);
        app.run_jobs().await;
        let row = response::Entity::find().one(app.app.platform.db.read()).await.unwrap().unwrap();
        assert_eq!(row.answers, None);
        let events = consent_event::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        let scope: uuid::Uuid = id.parse().unwrap();
        assert_eq!(events.iter().filter(|event| event.scope_id == scope).count(), 3);
    });
}

#[test]
fn answers_belong_to_the_questions_that_were_read() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", up_to("consultation")).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let token = story.invite(&id, json!({})).await[0].token("ai_");
        story.consent(&token).await;
        let save = async |if_match: &str, form: &Value| {
            let body = json!({"questionnaire": form, "answers": {"form": "group"}});
            app.put("/api/invitation/draft").token(&token).header("if-match", if_match).json(&body).send().await
        };
        // Whoever does not say what they read is not taken to have read what is current.
        let silent = json!({"answers": {"form": "group"}});
        let needed = [("/questionnaire".to_owned(), "required".to_owned())];
        assert_eq!(story.with(&token, "/response", &silent).await.expect(400).violations(), needed);
        let refused = app.put("/api/invitation/draft").token(&token).json(&silent).send().await.expect(400);
        assert_eq!(refused.violations(), needed);
        let first = story.asked(&token).await;
        let saved = save("", &first).await.expect(200).json;
        assert_eq!((&saved["questionnaire"], &saved["questions_changed"]), (&first, &json!(false)));

        let mut newer = crate::story::questions();
        newer["elements"][1]["title"] = json!("Why that one?");
        story.ada.post(&app, &format!("/opportunities/{id}/questionnaire"), &newer).await.expect(201);
        let second = story.asked(&token).await;
        assert_ne!(first, second);
        let draft = app.get("/api/invitation/draft").token(&token).send().await.expect(200).json;
        assert_eq!((&draft["questionnaire"], &draft["questions_changed"]), (&first, &json!(true)));
        assert_eq!(save("\"v1\"", &first).await.expect(409).json["code"], "questions_changed");
        let late = json!({"questionnaire": first, "answers": {"form": "group"}});
        assert_eq!(story.with(&token, "/response", &late).await.expect(409).json["code"], "questions_changed");
        let saved = save("\"v1\"", &second).await.expect(200).json;
        assert_eq!((&saved["questionnaire"], &saved["questions_changed"]), (&second, &json!(false)));
        let receipt = story.hand_in(&token, json!({"form": "group"})).await.expect(201).json;
        assert_eq!(receipt["questionnaire"], second);
    });
}

#[test]
fn what_withdrawal_does_is_what_the_notice_promised() {
    for (effect, kept) in [("erase_raw_unpublished", false), ("erase_all_identifiable", false)] {
        everywhere(|app| async move {
            let story = Story::begin(app.clone()).await;
            story.person("ben", up_to("consultation")).await;
            let id = story.open_with("consultation", "consultation", json!({}), effect).await;
            let token = story.invite(&id, json!({})).await[0].token("ai_");
            story.consent(&token).await;
            story.hand_in(&token, json!({"form": "group"})).await.expect(201);
            story.with(&token, "/consents/withdraw", &json!({"purpose": "participate"})).await.expect(200);
            app.run_jobs().await;
            let row = response::Entity::find().one(app.app.platform.db.read()).await.unwrap().unwrap();
            assert_eq!(row.answers.is_some(), kept, "{effect}");
        });
    }
}

#[test]
fn consent_is_given_to_words_that_were_shown_and_only_grows() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = app.participant(&story.ada, "ben").await;
        let eve = app.participant(&story.ada, "eve").await;
        let notice = ben.get(&app, "/notice").send().await.expect(200).id();
        let said = |shown: &str| json!({"shown": shown, "consents": [{"purpose": "contact_invite", "choice": "give"}]});
        let nothing = ben.post(&app, "/consents", &said("an_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")).await.expect(422);
        assert_eq!(nothing.violations(), [("/shown".to_owned(), "not_shown".to_owned())]);
        let shown =
            ben.post(&app, &format!("/notices/{notice}/shown"), &json!({"language": "en", "format": "plain"})).await.expect(201);
        let shown = shown.json["shown"].as_str().unwrap().to_owned();
        eve.post(&app, "/consents", &said(&shown)).await.expect(422);
        let standing = ben.post(&app, "/consents", &said(&shown)).await.expect(200).json;
        assert_eq!(standing.as_array().unwrap().len(), 1, "what was not named stays unsaid");
        ben.post(&app, "/consents", &said(&shown)).await.expect(422);
        // At the end of the twelve months it no longer permits, without any job having run.
        let permits = async || ben.get(&app, "/consents").send().await.json[0]["permits"].clone();
        assert_eq!(permits().await, true);
        let db = app.app.platform.db.write();
        for sql in [
            "UPDATE consent_event SET channel = 'x'",
            "DELETE FROM consent_event",
            "UPDATE notice SET n = 9 WHERE state = 'published'",
        ] {
            assert!(db.execute_unprepared(sql).await.is_err(), "{sql}");
        }
        let again =
            story.ada.put(&app, &format!("/notices/{notice}"), &json!({"content": crate::story::notice(&[])})).await.expect(409);
        assert_eq!(again.json["code"], "published");
        // A new version: the proof of the old one no longer counts.
        let old =
            ben.post(&app, &format!("/notices/{notice}/shown"), &json!({"language": "en", "format": "plain"})).await.expect(201);
        let body = json!({"content": crate::story::notice(&[crate::story::purpose("contact_invite", "stop_future_only")])});
        let newer = story.ada.post(&app, "/notices", &body).await.expect(201).id();
        // Nobody publishes words they have not seen.
        let publish = |version: &'static str| {
            app.post(story.ada.path(&format!("/notices/{newer}/publish")))
                .token(&story.ada.token)
                .header("if-match", version)
                .send()
        };
        publish("").await.expect(428);
        let changed = json!({"content": crate::story::notice(&[crate::story::purpose("contact_reminder", "stop_future_only")])});
        story.ada.put(&app, &format!("/notices/{newer}"), &changed).await.expect(200);
        publish("\"v1\"").await.expect(412);
        publish("\"v2\"").await.expect(200);
        let superseded = ben.post(&app, "/consents", &said(old.json["shown"].as_str().unwrap())).await.expect(409);
        assert_eq!(superseded.json["code"], "notice_superseded");
    });
}

#[test]
fn something_keeps_the_notice_it_was_opened_with() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let content = crate::story::notice(&[crate::story::purpose("participate", "erase_all_identifiable")]);
        let other = json!({"opportunity": id, "content": content});
        let draft = story.ada.post(&app, "/notices", &other).await.expect(201).id();
        let publish = app.post(story.ada.path(&format!("/notices/{draft}/publish"))).token(&story.ada.token);
        let refused = publish.header("if-match", "\"v1\"").send().await.expect(409);
        assert_eq!(refused.json["code"], "opened");
    });
}

#[test]
fn a_wish_that_changes_takes_effect_at_once() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", up_to("co_design")).await;
        let id = story.open("workshop", "co_design", json!({})).await;
        // The letter is queued; before it leaves, Ben changes his mind.
        story.ada.post(&app, &format!("/opportunities/{id}/invitations"), &json!({})).await.expect(202);
        app.app.run_queue().await.unwrap();
        assert_eq!(story.count(&id, "sent").await, 1);
        ben.put(&app, "/preferences", &up_to("consultation")).await.expect(200);
        assert!(app.outbox().await.is_empty(), "no letter leaves, and nothing need be said about one that never came");
        assert_eq!(story.count(&id, "withdrawn").await, 1);
    });
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", up_to("co_design")).await;
        let id = story.open("workshop", "co_design", json!({})).await;
        let token = story.invite(&id, json!({})).await[0].token("ai_");
        ben.put(&app, "/preferences", &up_to("consultation")).await.expect(200);
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 1);
        assert!(letters[0].words().contains("You need not do anything about it"));
        story.with(&token, "/accept", &json!({})).await.expect(410);
    });
}

#[test]
fn places_are_drawn_and_the_reserve_moves_up() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for name in ["ben", "cat", "dan", "eve", "fay"] {
            story.person(name, up_to("co_design")).await;
        }
        story.person("gus", up_to("consultation")).await;
        let id = story.open("co_design_group", "co_design", json!({})).await;
        let first = story.invite(&id, json!({"seed": "lottery of 1 March: 3 14 15"})).await;
        assert_eq!(first.len(), 2, "as many as there are places");
        let runs = story.ada.get(&app, &format!("/opportunities/{id}/matches")).send().await.expect(200).json;
        assert_eq!((&runs[0]["eligible"], &runs[0]["asked"], &runs[0]["reserve"]), (&json!(5), &json!(2), &json!(3)));
        let run = runs[0]["id"].as_str().unwrap();
        let draw = story.ada.get(&app, &format!("/opportunities/{id}/matches/{run}/draw")).send().await.expect(200).json;
        assert_eq!(draw["verified"], true);
        assert_eq!((&draw["pool_size"], draw["drawn"].as_array().unwrap().len()), (&json!(5), 5));
        let again = story.ada.post(&app, &format!("/opportunities/{id}/invitations"), &json!({})).await.expect(409);
        assert_eq!(again.json["code"], "drawn");

        story.take_place(&first[0].token("ai_")).await;
        let placed = app.outbox().await;
        assert_eq!(placed.len(), 1);
        assert!(placed[0].words().contains("You have a place"));
        story.with(&first[1].token("ai_"), "/decline", &json!({})).await.expect(200);
        let second = app.outbox().await;
        assert_eq!(second.len(), 1, "the next in reserve is asked");
        story.take_place(&second[0].token("ai_")).await;
        app.outbox().await;
        // Who gives a place up frees it; nobody waits, so the reserve moves up again.
        story.with(&first[0].token("ai_"), "/decline", &json!({})).await.expect(200);
        let third = app.outbox().await;
        assert_eq!(third.len(), 1);
        // The one who gave up comes back while the place is held for the new one.
        assert_eq!(story.take_place(&first[0].token("ai_")).await, "waiting");
        assert_eq!(story.take_place(&third[0].token("ai_")).await, "accepted");
        app.outbox().await;
        story.with(&second[0].token("ai_"), "/decline", &json!({})).await.expect(200);
        let moved = app.outbox().await;
        assert_eq!((moved.len(), moved[0].to == first[0].to), (1, true), "the waiting list comes before the reserve");
        let funnel = story.ada.get(&app, &format!("/opportunities/{id}/invitations")).send().await.expect(200).json;
        assert_eq!((&funnel["places"], &funnel["filled"], &funnel["waiting"]), (&json!(2), &json!(2), &json!(0)));
        // A changed record no longer agrees with the draw.
        let db = app.app.platform.db.write();
        db.execute_unprepared("UPDATE match_run SET seed = 'another'").await.unwrap();
        let draw = story.ada.get(&app, &format!("/opportunities/{id}/matches/{run}/draw")).send().await.expect(200).json;
        assert_eq!(draw["verified"], false);
        assert_eq!(match_run::Entity::find().all(db).await.unwrap().len(), 1);
    });
}

#[test]
fn anybody_can_run_a_draw_again() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for name in ["ben", "cat", "dan", "eve", "fay"] {
            story.person(name, up_to("co_design")).await;
        }
        let id = story.open("co_design_group", "co_design", json!({})).await;
        let letters = story.invite(&id, json!({"seed": "lottery of 1 March: 3 14 15"})).await;
        let public = |rest: String| app.get(format!("/api/public/{}/{rest}", story.ada.slug)).send();
        let draws = public(format!("opportunities/{id}/draws")).await.expect(200).json;
        let draw = &draws[0];
        let run = draw["id"].as_str().unwrap();
        let lines = |text: String| -> Vec<String> { text.lines().skip(1).map(str::to_owned).collect() };
        let pool = lines(public(format!("draws/{run}/pool")).await.expect(200).text);
        let order = lines(public(format!("draws/{run}/order")).await.expect(200).text);
        assert_eq!((pool.len(), order.len(), &draw["pool_size"]), (5, 5, &json!(5)));
        // By somebody who has nothing but what is public.
        let bytes: Vec<u8> = pool.iter().flat_map(|number| *number.parse::<uuid::Uuid>().unwrap().as_bytes()).collect();
        let digest = lottery::digest(&bytes);
        assert_eq!(draw["pool_digest"], alongside::platform::secret::hex(&digest));
        let again = lottery::draw(pool.len(), order.len(), draw["seed"].as_str().unwrap(), &digest);
        let again: Vec<String> = again.iter().zip(1..).map(|(place, rank)| format!("{rank},{}", pool[*place])).collect();
        assert_eq!(order, again);
        // Who was drawn finds their own number among the first.
        for letter in &letters {
            let seen = app.get("/api/invitation").token(&letter.token("ai_")).send().await.expect(200).json;
            assert_eq!(seen["draw"], run);
            let number = seen["draw_number"].as_str().unwrap();
            assert!(order[..2].iter().any(|line| line.ends_with(number)), "{order:?}");
        }
        let people = participant::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        assert!(people.iter().all(|person| !pool.contains(&person.id.to_string())));
        let moon = app.organisation(&story.ada, "moon").await;
        app.get(format!("/api/public/{}/draws/{run}/pool", moon.slug)).send().await.expect(404);
    });
}

#[test]
fn later_lighter_and_no_are_answers_too() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for name in ["ben", "cat"] {
            story.person(name, up_to("co_design")).await;
        }
        let light = story.open("consultation", "consultation", json!({"title": "Questions"})).await;
        let deep = story.open("workshop", "co_design", json!({"title": "A day"})).await;
        let letters = story.invite(&deep, json!({})).await;
        let (ben, cat) = (letters[0].token("ai_"), letters[1].token("ai_"));
        let seen = app.get("/api/invitation").token(&ben).send().await.expect(200).json;
        assert_eq!(seen["lighter"][0]["opportunity"], json!(light));
        let stepped = story.with(&ben, "/step-down", &json!({"to": light})).await.expect(200).json;
        assert_eq!(stepped["state"], "stepped_down");
        let new = stepped["token"].as_str().unwrap();
        let offer = app.get("/api/invitation").token(new).send().await.expect(200).json;
        assert_eq!(
            (&offer["offer"]["title"], &offer["why"][0]),
            (&json!("Questions"), &json!("You chose this lighter way yourself."))
        );
        app.outbox().await;

        let wrong = story.with(&cat, "/ask-later", &json!({"on": "2027-02-01"})).await.expect(422).violations();
        assert_eq!(wrong, [("/on".to_owned(), "out_of_range".to_owned())]);
        story.with(&cat, "/ask-later", &json!({"on": "2027-03-05"})).await.expect(200);
        alongside::app::schedule(&app.app.platform).await.unwrap();
        assert!(app.outbox().await.is_empty());
        app.clock.advance(Duration::days(5));
        let again = app.outbox().await;
        assert_eq!(again.len(), 1);
        assert!(again[0].words().contains("You asked us to ask you again today"));
        // No ends the matter for this project.
        let story = Story { ada: app.sign_in_again(&story.ada).await, ..story };
        story.with(&again[0].token("ai_"), "/decline", &json!({})).await.expect(200);
        let rest = story.invite(&light, json!({})).await;
        assert!(rest.is_empty(), "{:?}", rest.iter().map(|letter| &letter.to).collect::<Vec<_>>());
    });
}

#[test]
fn whoever_asked_to_be_asked_again_is_asked_on_that_day_where_they_are() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        // 09:00 in UTC on 1 March is 22:00 there, so 2 March begins two hours later.
        let home = story.ada.get(&app, "").send().await.expect(200).json;
        let mut body = home.clone();
        for field in ["id", "created_at", "state"] {
            body.as_object_mut().unwrap().remove(field);
        }
        body["time_zone"] = json!("Pacific/Auckland");
        story.ada.put(&app, "", &body).await.expect(200);
        // Nobody agreed to be reminded: asking to be asked again is enough.
        let cat = story.person("cat", up_to("consultation")).await;
        cat.post(&app, "/consents/withdraw", &json!({"purpose": "contact_reminder"})).await.expect(200);
        let id = story.open("consultation", "consultation", json!({})).await;
        let token = story.invite(&id, json!({})).await[0].token("ai_");
        let wrong = story.with(&token, "/ask-later", &json!({"on": "2027-03-01"})).await.expect(422).violations();
        assert_eq!(wrong, [("/on".to_owned(), "out_of_range".to_owned())], "it is that day already");
        story.with(&token, "/ask-later", &json!({"on": "2027-03-02"})).await.expect(200);
        alongside::app::schedule(&app.app.platform).await.unwrap();
        app.clock.advance(Duration::hours(1));
        assert!(app.outbox().await.is_empty());
        app.clock.advance(Duration::hours(1));
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 1, "by their clock, while it is still 1 March in UTC");
        assert!(letters[0].words().contains("You asked us to ask you again today"));
    });
}

#[test]
fn who_does_not_run_it_is_told_nothing_about_few() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let viewer = app.staff(&story.ada, "vic", "viewer").await;
        for name in ["ben", "cat", "dan", "eve", "fay", "gus"] {
            story.person(name, up_to("consultation")).await;
        }
        let id = story.open("consultation", "consultation", json!({})).await;
        let letters = story.invite(&id, json!({})).await;
        story.with(&letters[0].token("ai_"), "/decline", &json!({})).await.expect(200);
        let path = format!("/opportunities/{id}/invitations");
        let count = |funnel: &Value, state: &str| -> Value {
            funnel["invitations"].as_array().unwrap().iter().find(|row| row["state"] == state).unwrap()["count"].clone()
        };
        let own = story.ada.get(&app, &path).send().await.expect(200).json;
        assert_eq!((&own["asked"], count(&own, "sent"), count(&own, "declined")), (&json!(6), json!(5), json!(1)));
        let seen = viewer.get(&app, &path).send().await.expect(200).json;
        assert_eq!((&seen["asked"], count(&seen, "sent"), count(&seen, "declined")), (&json!(6), json!(null), json!(null)));
        assert!(seen["letters"].as_array().unwrap().iter().all(|row| row["count"].is_null()));
    });
}

#[test]
fn reminders_are_few_spaced_and_wanted() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", up_to("consultation")).await;
        let cat = story.person("cat", up_to("consultation")).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        assert_eq!(story.invite(&id, json!({})).await.len(), 2);
        cat.post(&app, "/consents/withdraw", &json!({"purpose": "contact_reminder"})).await.expect(200);
        let remind = async || {
            app.post(story.ada.path(&format!("/opportunities/{id}/reminders"))).token(&story.ada.token).send().await.expect(202);
            app.outbox().await.len()
        };
        assert_eq!(remind().await, 0, "too soon");
        app.clock.advance(Duration::days(4));
        // The session has ended in the meantime.
        let story = Story { ada: app.sign_in_again(&story.ada).await, ..story };
        let remind = async || {
            app.post(story.ada.path(&format!("/opportunities/{id}/reminders"))).token(&story.ada.token).send().await.expect(202);
            app.outbox().await.len()
        };
        assert_eq!(remind().await, 1);
        assert_eq!(remind().await, 0, "not twice at once");
    });
}

#[test]
fn quiet_periods_and_caps_hold() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let mut wish = up_to("consultation");
        wish["load"] = json!({"invites_per_month_max": 1, "minutes_per_month_max": 60});
        story.person("ben", wish).await;
        let mut wish = up_to("consultation");
        wish["quiet_periods"] = json!([{"from": "2027-02-20", "to": "2027-03-10"}]);
        story.person("cat", wish).await;
        let one = story.open("consultation", "consultation", json!({})).await;
        let two = story.open("consultation", "consultation", json!({})).await;
        let first = story.invite(&one, json!({})).await;
        assert_eq!(first.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["ben@people.example"]);
        assert!(story.invite(&two, json!({})).await.is_empty(), "one invitation a month is one");
    });
}

#[test]
fn two_thousand_people_are_asked_with_few_statements() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        crate::crowd::joined(&app, &story, 2303).await;
        let look = format!("/opportunities/{id}/match");
        let told = story.ada.post(&app, &look, &json!({})).await.expect(200).json;
        assert_eq!((told["considered"].as_i64(), told["eligible"].as_i64()), (Some(2303), Some(2303)), "{told}");
        // A way that opens is counted by itself.
        let other = story.open("consultation", "consultation", json!({})).await;
        app.app.run_queue().await.unwrap();
        let opened = story.ada.get(&app, &format!("/opportunities/{other}/match")).send().await.expect(200).json;
        assert_eq!(opened["eligible"], 2303, "{opened}");
        let before = app.app.platform.db.statements();
        story.ada.post(&app, &format!("/opportunities/{id}/invitations"), &json!({})).await.expect(202);
        let answered = app.app.platform.db.statements() - before;
        assert!(answered < 20, "the call answers at once: {answered} statements");
        app.app.run_queue().await.unwrap();
        let all = app.app.platform.db.statements() - before;
        // Each page is a transaction, for which others who write wait: a few people, and not a thousand.
        assert!(all < 93 * 40, "ninety-three pages of twenty-five: {all} statements");
        let made = invitation::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        assert_eq!(made.len(), 2303);
        app.outbox().await;
        let told = story.ada.post(&app, &look, &json!({})).await.expect(200).json;
        assert_eq!((told["considered"].as_i64(), told["eligible"].as_i64()), (Some(2303), Some(0)), "{told}");
    });
}

#[test]
fn nobody_is_missed_where_pages_of_people_meet() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        // A last page that is full, and one with a single person.
        for (more, all) in [(2000, 2000), (1, 2001)] {
            crate::crowd::joined(&app, &story, more).await;
            let id = story.open("workshop", "consultation", json!({"places": 3})).await;
            story.ada.post(&app, &format!("/opportunities/{id}/invitations"), &json!({})).await.expect(202);
            app.app.run_queue().await.unwrap();
            let run = match_run::Entity::find().order_by_id_desc().one(app.app.platform.db.read()).await;
            let run = run.unwrap().unwrap();
            assert_eq!((run.considered, run.eligible, run.asked), (all, all, 3));
            let pool = run.pool.unwrap();
            let numbers: std::collections::BTreeSet<&[u8]> = pool.chunks(16).collect();
            assert_eq!(numbers.len(), usize::try_from(all).unwrap());
        }
        app.outbox().await;
    });
}

#[test]
fn answers_leave_as_files_that_compute_nothing() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", up_to("consultation")).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let token = story.invite(&id, json!({})).await[0].token("ai_");
        story.consent(&token).await;
        story.hand_in(&token, json!({"form": "group", "why": "=1+1"})).await.expect(201);
        let csv = story.ada.get(&app, &format!("/opportunities/{id}/responses/export?format=csv")).send().await.expect(200);
        let lines: Vec<_> = csv.text.lines().collect();
        assert_eq!(
            lines[0],
            "response,questionnaire,submitted_at,changed_at,form,form-Comment,why,why-Comment".replace(",why-Comment", "")
        );
        assert!(lines[1].ends_with(",group,,'=1+1"), "{}", lines[1]);
        let jsonl = story.ada.get(&app, &format!("/opportunities/{id}/responses/export?format=jsonl")).send().await.expect(200);
        let row: Value = serde_json::from_str(jsonl.text.trim()).unwrap();
        assert_eq!(row["answers"], json!({"form": "group", "why": "=1+1"}));
        let audit = story.ada.get(&app, "/audit?limit=500").send().await.expect(200).text;
        assert_eq!(audit.matches("export_responses").count(), 2);
    });
}
