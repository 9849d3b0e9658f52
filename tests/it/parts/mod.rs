//! Changing one's part mid-way, and an end by whoever ran it.

mod ending;
mod pausing;

use crate::{
    given::{Given, Someone},
    harness::{Browser, Mail, Participant, TestApp, everywhere},
    story::Story,
};
use chrono::Duration;
use entity::*;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

async fn start(app: &TestApp) -> Given {
    Given::of(app, &app.administrator().await)
}

/// A group with six places that has closed: its work goes on.
pub async fn group(given: &Given) -> OpportunityId {
    let id = given.opportunity(given.project(&[]).await, OpportunityState::Closed).await;
    let row = opportunity::ActiveModel {
        kind: Set(OpportunityKind::CoDesignGroup),
        places: Set(Some(6)),
        title: Set("A better wait".into()),
        ..Default::default()
    };
    let all = opportunity::Entity::update_many().set(row).filter(opportunity::Column::Id.eq(id));
    all.exec(given.app.app.platform.db.write()).await.unwrap();
    id
}

pub async fn project_of(given: &Given, id: OpportunityId) -> ProjectId {
    let found = opportunity::Entity::find_by_id((given.organisation, id)).one(given.app.app.platform.db.read()).await;
    found.unwrap().unwrap().project_id
}

/// Gives somebody a place, with everything that belongs to it.
pub async fn takes_part(given: &Given, group: OpportunityId, who: &Someone) {
    given.invitation(group, who, InvitationState::Accepted).await;
    given.place(group, who, PlaceState::Held).await;
    given.agrees(who, group).await;
    given.consent(who, Purpose::ContactFeedback, given.organisation.0, ConsentType::Give).await;
}

async fn member(given: &Given, group: OpportunityId, name: &str) -> Someone {
    let who = given.someone(name).await;
    takes_part(given, group, &who).await;
    who
}

fn path(group: OpportunityId) -> String {
    format!("/opportunities/{group}/part")
}

async fn change(given: &Given, who: &Someone, group: OpportunityId, body: Value) -> Value {
    who.post(&given.app, &path(group), &body).await.expect(200).json
}

async fn place_of(given: &Given, group: OpportunityId, who: &Someone) -> PlaceState {
    let mine =
        place::Entity::find().filter(place::Column::OpportunityId.eq(group)).filter(place::Column::ParticipantId.eq(who.id));
    mine.one(given.app.app.platform.db.read()).await.unwrap().unwrap().state
}

async fn words_of(given: &Given) -> Vec<contribution::Model> {
    let all = contribution::Entity::find().order_by_asc(contribution::Column::Id);
    all.all(given.app.app.platform.db.read()).await.unwrap()
}

/// A meeting on a day of March.
async fn meeting(given: &Given, group: OpportunityId, day: u32) -> String {
    let time = |hour| format!("2027-03-{day:02}T{hour}:00:00Z");
    let body = json!({"title": format!("Meeting of {day} March"), "starts_at": time(18), "ends_at": time(20)});
    given.post(group, "/meetings", &body).await.expect(201).id()
}

async fn attendance_of(given: &Given, group: OpportunityId, meeting: &str) -> Value {
    given.get(group, &format!("/meetings/{meeting}/attendance")).await.expect(200).json
}

fn to<'a>(letters: &'a [Mail], who: &str) -> Vec<&'a Mail> {
    letters.iter().filter(|letter| letter.to.starts_with(who)).collect()
}

fn told(answer: &Value) -> String {
    answer["told"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

/// Publishes a report that rests on a theme with these contributions. Answers the theme.
async fn publish(given: &Given, group: OpportunityId, words: &[ContributionId]) -> ThemeId {
    let theme = json!({"title": "Seats", "summary": "About seats."});
    let theme = given.post(group, "/themes", &theme).await.expect(201).id();
    given.put(group, &format!("/themes/{theme}/sources"), &json!({"contributions": words})).await.expect(200);
    given.draft(group).await;
    given.post(group, "/report/publish", &json!({})).await.expect(200);
    theme.parse().unwrap()
}

/// Something that was said since the report becomes a source as well.
async fn source(given: &Given, theme: ThemeId, words: ContributionId, who: &Someone) {
    let row = theme_source::ActiveModel {
        organisation_id: Set(given.organisation),
        theme_id: Set(theme),
        source_id: Set(words.0),
        response_id: Set(None),
        contribution_id: Set(Some(words)),
        participant_id: Set(Some(who.id)),
    };
    theme_source::Entity::insert(row).exec_without_returning(given.app.app.platform.db.write()).await.unwrap();
}

#[test]
fn whoever_leaves_is_free_at_once_and_still_hears_what_came_of_it() {
    everywhere(|app| async move {
        let mut given = start(&app).await;
        let group = group(&given).await;
        let (ben, cleo) = (member(&given, group, "ben").await, member(&given, group, "cleo").await);
        let (past, next, last) =
            (meeting(&given, group, 1).await, meeting(&given, group, 8).await, meeting(&given, group, 22).await);
        let words = given.contribution(group, &ben, "Seats by the window").await;
        app.clock.advance(Duration::days(1));
        given.ada = app.sign_in_again(&given.ada).await;
        let there = json!([
            {"participant": ben.id, "attendance": "present"}, {"participant": cleo.id, "attendance": "present"},
        ]);
        given.put(group, &format!("/meetings/{past}/attendance"), &there).await.expect(200);

        let seen = ben.get(&app, &path(group)).await.expect(200).json;
        assert_eq!((&seen["takes_part"], &seen["place"], &seen["meetings_to_come"]), (&json!(true), &json!("held"), &json!(2)));
        assert_eq!((&seen["choices"], &seen["results"]), (&json!(["leave", "pause"]), &json!(true)));
        assert!(seen.get("changed").is_none());

        let leave = async |key: &str, body: Value| {
            let call = app.post(format!("/api/me{}", path(group))).token(&ben.token).header("idempotency-key", key);
            call.json(&body).send().await
        };
        let left = leave("one", json!({"choice": "leave"})).await.expect(200);
        assert_eq!(leave("one", json!({"choice": "leave"})).await.expect(200).text, left.text, "sent again, done once");
        leave("one", json!({"choice": "leave", "results": false})).await.expect(422);
        let said = told(&left.json);
        for words in ["You have left “A better wait”.", "Your place is free", "2 meetings", "You still hear", "stays owed"] {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert_eq!((&left.json["apologies"], &left.json["payment"]), (&json!(2), &seen["payment"]));
        assert_eq!(place_of(&given, group, &ben).await, PlaceState::Released);
        let mine = ben.get(&app, &path(group)).await.expect(200).json;
        assert_eq!((&mine["changed"], &mine["takes_part"], &mine["choices"]), (&json!("left"), &json!(false), &json!(["leave"])));
        for meeting in [&next, &last] {
            let list = attendance_of(&given, group, meeting).await;
            assert_eq!((&list[0]["participant"], &list[0]["attendance"]), (&json!(ben.id), &json!("apologies")));
            // What they said themselves may stay when the list is written.
            let list =
                json!([{"participant": ben.id, "attendance": "apologies"}, {"participant": cleo.id, "attendance": "present"}]);
            given.put(group, &format!("/meetings/{meeting}/attendance"), &list).await.expect(200);
        }
        assert_eq!(attendance_of(&given, group, &past).await.as_array().unwrap().len(), 2);
        assert_eq!(
            ben.post(&app, &format!("/opportunities/{group}/contributions"), &json!({"text": "x", "quote": "no"})).await.status,
            404
        );
        // There is nothing left to pause or to lighten.
        let pause = json!({"choice": "pause", "until": "2027-03-20"});
        assert_eq!(ben.post(&app, &path(group), &pause).await.expect(409).json["code"], "left");
        assert_eq!(ben.post(&app, &format!("{}/go-on", path(group)), &json!({})).await.expect(409).json["code"], "left");

        // Notes of the meeting at which they were go to the others; whatever else happens, they hear nothing of the group.
        given.put(group, &format!("/meetings/{past}/notes"), &json!({"text": "We talked about seats."})).await.expect(200);
        given.post(group, &format!("/meetings/{past}/notes/share"), &json!({})).await.expect(200);
        let letters = app.outbox().await;
        assert!(to(&letters, "ben").is_empty(), "not of the meetings that he has left either");
        let notes = letters.iter().filter(|letter| letter.raw.contains("Subject: Notes of "));
        assert_eq!(notes.map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["cleo@people.example"]);
        publish(&given, group, &[words]).await;
        let letters = app.outbox().await;
        assert_eq!(to(&letters, "ben").len(), 1, "the results still come");
        assert!(to(&letters, "ben")[0].text().contains("What came of A better wait"));
        assert_eq!(letters.len(), 2);
    });
}

#[test]
fn notes_that_wait_in_the_outbox_do_not_reach_whoever_leaves_before() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let group = group(&given).await;
        let (ben, cleo) = (member(&given, group, "ben").await, member(&given, group, "cleo").await);
        let past = meeting(&given, group, 1).await;
        let there: Vec<Value> = [&ben, &cleo].map(|who| json!({"participant": who.id, "attendance": "present"})).to_vec();
        given.put(group, &format!("/meetings/{past}/attendance"), &json!(there)).await.expect(200);
        given.put(group, &format!("/meetings/{past}/notes"), &json!({"text": "Seats."})).await.expect(200);
        given.post(group, &format!("/meetings/{past}/notes/share"), &json!({})).await.expect(200);
        change(&given, &ben, group, json!({"choice": "leave"})).await;
        let letters = app.outbox().await;
        assert!(to(&letters, "ben").is_empty());
        assert_eq!(to(&letters, "cleo").iter().filter(|letter| letter.raw.contains("Subject: Notes of ")).count(), 1);
    });
}

#[test]
fn what_was_given_is_kept_or_nobodys_or_gone_as_far_as_no_report_holds_it() {
    everywhere(|app| async move {
        let given = start(&app).await;
        for (choice, at) in [("keep", 0), ("anonymise", 1), ("withdraw", 2)] {
            let group = group(&given).await;
            let ben = member(&given, group, &format!("ben{at}")).await;
            let other = member(&given, group, &format!("cleo{at}")).await;
            let before = words_of(&given).await.len();
            let published = given.contribution(group, &ben, "In the report").await;
            let theme = publish(&given, group, &[published]).await;
            app.outbox().await;
            app.clock.advance(Duration::minutes(5));
            let open = given.contribution(group, &ben, "Said since").await;
            let others = given.contribution(group, &other, "Of somebody else").await;
            source(&given, theme, open, &ben).await;
            source(&given, theme, others, &other).await;

            let answer = change(&given, &ben, group, json!({"choice": "leave", "contributions": choice})).await;
            assert_eq!((&answer["gave"]["open"], &answer["gave"]["published"]), (&json!(1), &json!(1)));
            assert!(told(&answer).contains("What is in a published report stays as it is."), "{}", told(&answer));
            let rows = words_of(&given).await.split_off(before);
            let row = |id| rows.iter().find(|row| row.id == id).unwrap();
            assert_eq!(row(published).text.as_deref(), Some("In the report"), "{choice}");
            assert_eq!(row(published).participant_id, Some(ben.id));
            assert_eq!((row(others).participant_id, row(others).text.is_some()), (Some(other.id), true));
            let by = format!("participant:{}", ben.id);
            match choice {
                "keep" => {
                    assert_eq!((row(open).participant_id, row(open).text.as_deref()), (Some(ben.id), Some("Said since")));
                    assert!(told(&answer).contains("What you gave stays"));
                }
                "anonymise" => {
                    assert_eq!((row(open).participant_id, row(open).text.as_deref()), (None, Some("Said since")));
                    assert_ne!(row(open).recorded_by, by);
                    assert!(told(&answer).contains("nobody can tell any more that it was yours"));
                }
                _ => {
                    assert_eq!(row(open).text, None);
                    assert!(row(open).withdrawn_at.is_some());
                    assert!(told(&answer).contains("Its words are gone."));
                }
            }
            let db = app.app.platform.db.read();
            let sources =
                theme_source::Entity::find().filter(theme_source::Column::ContributionId.eq(open)).all(db).await.unwrap();
            let whose: Vec<_> = sources.iter().map(|source| source.participant_id).collect();
            let expected: &[Option<ParticipantId>] = match choice {
                "keep" => &[Some(ben.id)],
                "anonymise" => &[None],
                _ => &[],
            };
            assert_eq!(whose, expected, "{choice}");
            // Whoever has left can still choose otherwise.
            if choice == "keep" {
                change(&given, &ben, group, json!({"choice": "leave", "contributions": "withdraw"})).await;
                let rows = words_of(&given).await.split_off(before);
                assert!(rows.iter().any(|row| row.id == open && row.text.is_none()));
                assert!(rows.iter().any(|row| row.id == published && row.text.is_some()));
            }
        }
        app.outbox().await;
    });
}

#[test]
fn answers_to_questions_go_too_and_a_published_report_keeps_what_it_holds() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let about = given.consultation(3).await;
        let answers = async |at: usize| {
            let found = response::Entity::find_by_id((given.organisation, about.responses[at]));
            found.one(app.app.platform.db.read()).await.unwrap().unwrap().answers
        };
        given.theme(about.id, "Seats", false, &about.responses).await;
        let answer = change(&given, &about.who[0], about.id, json!({"choice": "leave", "contributions": "anonymise"})).await;
        assert_eq!(answer["gave"]["answers"], true);
        assert!(told(&answer).contains("read without your name already"), "{}", told(&answer));
        assert!(answers(0).await.is_some());
        change(&given, &about.who[1], about.id, json!({"choice": "leave", "contributions": "withdraw"})).await;
        assert!(answers(1).await.is_none());
        given.draft(about.id).await;
        given.post(about.id, "/report/publish", &json!({})).await.expect(200);
        let letters = app.outbox().await;
        assert_eq!(to(&letters, &about.who[1].email).len(), 1, "they hear what came of it, though nothing of theirs is in it");
        app.clock.advance(Duration::minutes(5));
        let late = change(&given, &about.who[2], about.id, json!({"choice": "leave", "contributions": "withdraw"})).await;
        assert_eq!((&late["gave"]["answers"], &late["gave"]["answers_published"]), (&json!(false), &json!(true)));
        assert!(told(&late).contains("It could not be changed any more."));
        assert!(answers(2).await.is_some());
        // Nobody need take the part of somebody who answered questions.
        assert_eq!(given.ada.get(&app, "/tasks").send().await.expect(200).json["items"], json!([]));
        app.outbox().await;
    });
}

#[test]
fn the_name_and_the_results_are_choices_of_their_own() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let group = group(&given).await;
        let (ben, cleo) = (member(&given, group, "ben").await, member(&given, group, "cleo").await);
        for who in [&ben, &cleo] {
            given.consent(who, Purpose::QuoteAttributed, group.0, ConsentType::Give).await;
            given.consent(who, Purpose::QuoteAnonymous, group.0, ConsentType::Give).await;
            let words = json!({"text": "Green", "quote": "named"});
            who.post(&app, &format!("/opportunities/{group}/contributions"), &words).await.expect(201);
        }
        let answer = change(&given, &ben, group, json!({"choice": "leave", "named": false, "results": false})).await;
        assert!(told(&answer).contains("Your name no longer stands"), "{}", told(&answer));
        assert!(told(&answer).contains("You are not told what came of it"));
        assert_eq!(answer["results"], false);
        let kept = change(&given, &cleo, group, json!({"choice": "leave"})).await;
        assert_eq!((&kept["gave"]["named"], &kept["results"]), (&json!(1), &json!(true)));
        let rows = words_of(&given).await;
        let quotes: Vec<_> = rows.iter().map(|row| row.quote).collect();
        assert_eq!(quotes, [QuotePermission::Anonymous, QuotePermission::Named]);
        publish(&given, group, &rows.iter().map(|row| row.id).collect::<Vec<_>>()).await;
        let letters = app.outbox().await;
        assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["cleo@people.example"]);
    });
}

#[test]
fn whoever_changes_their_mind_while_the_letter_waits_is_heard() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let group = group(&given).await;
        let ben = member(&given, group, "ben").await;
        let words = given.contribution(group, &ben, "Green").await;
        publish(&given, group, &[words]).await;
        app.app.run_queue().await.unwrap();
        change(&given, &ben, group, json!({"choice": "leave", "results": false})).await;
        assert!(app.outbox().await.is_empty());
    });
}

#[test]
fn bad_choices_are_told_with_their_place_and_strangers_find_nothing() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let group = group(&given).await;
        let (ben, dan) = (member(&given, group, "ben").await, given.someone("dan").await);
        given.invitation(group, &dan, InvitationState::Declined).await;
        for (body, expected) in [
            (json!({"choice": "leave", "until": "2027-03-20"}), ("/until", "not_used")),
            (json!({"choice": "leave", "to": group}), ("/to", "not_used")),
            (json!({"choice": "pause"}), ("/until", "required")),
            (json!({"choice": "lighter"}), ("/to", "required")),
            (json!({"choice": "pause", "until": "2027-02-28"}), ("/until", "out_of_range")),
            (json!({"choice": "pause", "until": "2028-03-02"}), ("/until", "out_of_range")),
            (json!({"choice": "lighter", "to": group}), ("/to", "not_offered")),
        ] {
            let refused = ben.post(&app, &path(group), &body).await.expect(422).violations();
            assert_eq!(refused, [(expected.0.to_owned(), expected.1.to_owned())], "{body}");
        }
        ben.post(&app, &path(group), &json!({"choice": "leave", "reason": "I am tired"})).await.expect(400);
        let moon = app.organisation(&given.ada, "moonrise").await;
        let eve = app.participant(&moon, "eve").await;
        for token in [&dan.token, &eve.token] {
            app.get(format!("/api/me{}", path(group))).token(token).send().await.expect(404);
            let leave = json!({"choice": "leave"});
            app.post(format!("/api/me{}", path(group))).token(token).json(&leave).send().await.expect(404);
            app.post(format!("/api/me{}/go-on", path(group))).token(token).send().await.expect(404);
        }
        assert_eq!(place_of(&given, group, &ben).await, PlaceState::Held, "nothing has changed");
        assert_eq!(given.ada.get(&app, "/tasks").send().await.expect(200).json["items"], json!([]));
    });
}

#[test]
fn a_place_that_somebody_leaves_goes_to_the_next_and_a_lighter_way_takes_its_stead() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let wish = json!({"stance": {"kind": "up_to", "rung": "co_design"}});
        let lighter = story.open("consultation", "consultation", json!({"title": "What helps"})).await;
        let id = story.open("co_design_group", "co_design", json!({"places": 1})).await;
        let both = [story.person("ben", wish.clone()).await, story.person("cleo", wish).await];
        let letters = story.invite(&id, json!({})).await;
        assert_eq!(letters.len(), 1, "there is one place");
        let first = both.iter().position(|who| who.email == letters[0].to).unwrap();
        let (ben, next) = (&both[first], &both[1 - first]);
        assert_eq!(story.take_place(&letters[0].token("ai_")).await, "accepted");
        app.outbox().await;
        let part = format!("/opportunities/{id}/part");
        let seen = ben.get(&app, &part).send().await.expect(200).json;
        assert_eq!(seen["choices"], json!(["leave", "pause", "lighter"]));
        assert_eq!((seen["lighter"].as_array().unwrap().len(), &seen["lighter"][0]["opportunity"]), (1, &json!(lighter)));
        let answer = ben.post(&app, &part, &json!({"choice": "lighter", "to": lighter})).await.expect(200).json;
        assert_eq!((&answer["changed"], &answer["lighter"]), (&json!("lighter"), &json!(lighter)));
        assert!(told(&answer).contains("You chose “What helps” instead. A letter about it is on its way."), "{}", told(&answer));
        let letters = app.outbox().await;
        let mine = to(&letters, &ben.email);
        assert_eq!(mine.len(), 1);
        assert!(mine[0].text().contains("You chose this lighter way yourself."), "{}", mine[0].text());
        assert_eq!(to(&letters, &next.email).len(), 1, "the place is offered to the next");
        assert_eq!(ben.get(&app, &part).send().await.json["changed"], "lighter");
    });
}

#[test]
fn the_own_pages_lead_to_it_and_need_one_button() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let group = group(&given).await;
        let ben = member(&given, group, "ben").await;
        let next = meeting(&given, group, 8).await;
        given.contribution(group, &ben, "Seats by the window").await;
        let who = Participant { token: ben.token.clone(), id: ben.id.to_string(), email: ben.email.clone() };
        let mut page = Browser::new(&app);
        page.sign_in(&who, "sunrise");
        page.open(&format!("/o/sunrise/me/meetings/{next}")).await.follow("Leave, pause, or do less").await.expect(200);
        page.says("I have a place").says("What is owed to you stays owed, and is paid.");
        // Nothing is ticked beforehand, and nothing happens before something is chosen.
        page.press("Do this now").await.expect(422).says("Choose one of the answers.");
        page.choose("What would you like to do?", "Pause").press("Do this now").await.expect(422);
        page.says("Write the last day of the pause");
        page.choose("What would you like to do?", "Pause").fill("The last day of the pause", "2027-03-20");
        page.press("Do this now").await.expect(200).says("You are pausing.").says("My place is kept").says("20 March 2027");
        assert_eq!(attendance_of(&given, group, &next).await[0]["attendance"], "apologies");
        page.press("Go on now").await.expect(200).says("You go on as before.").says("I have a place");
        assert_eq!(attendance_of(&given, group, &next).await, json!([]));
        page.open("/o/sunrise/me/record").await.follow("Leave, pause, or do less: A better wait").await.expect(200);
        page.choose("What would you like to do?", "Leave it").choose("What becomes of what you gave?", "I take it back");
        page.tick("Send no word to the meetings that I miss").press("Do this now").await.expect(200);
        page.says("You have left").says("I have left").says("What you can still choose");
        assert_eq!(attendance_of(&given, group, &next).await, json!([]));
        assert_eq!(words_of(&given).await[0].text, None);
        page.tick("Do not tell me what came of it").press("Keep this choice").await.expect(200);
        assert_eq!(ben.get(&app, &path(group)).await.expect(200).json["results"], false);
        page.open("/o/sunrise/me").await.hides("Meeting of 8 March");
        app.outbox().await;
    });
}

#[test]
fn whoever_hands_in_answers_after_leaving_takes_part_again() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let ben = story.person("ben", json!({"stance": {"kind": "up_to", "rung": "consultation"}})).await;
        let token = story.invite(&id, json!({})).await[0].token("ai_");
        story.consent(&token).await;
        story.with(&token, "/accept", &json!({})).await.expect(200);
        let part = format!("/opportunities/{id}/part");
        ben.post(&app, &part, &json!({"choice": "leave", "results": false})).await.expect(200);
        assert_eq!(story.count(&id, "declined").await, 1);
        assert_eq!(ben.get(&app, &part).send().await.expect(200).json["changed"], "left");
        // Whoever said yes is reminded, unless they have left.
        app.clock.advance(Duration::days(4));
        let ada = app.sign_in_again(&story.ada).await;
        app.post(ada.path(&format!("/opportunities/{id}/reminders"))).token(&ada.token).send().await.expect(202);
        assert!(app.outbox().await.is_empty());
        assert!(story.hand_in(&token, json!({"form": "one_to_one"})).await.status.is_success());
        let ben = app.sign_in_by_letter(&ada, &ben).await;
        let seen = ben.get(&app, &part).send().await.expect(200).json;
        assert_eq!((seen.get("changed"), &seen["takes_part"], &seen["results"]), (None, &json!(true), &json!(true)));
        app.outbox().await;
    });
}
