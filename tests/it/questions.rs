//! The pages of questions: answered in two sittings in two browsers, checked, handed in, changed and taken back.

use crate::{
    harness::{Browser, Participant, TestApp, everywhere},
    story::Story,
};
use entity::{response, response_draft};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

fn questions() -> Value {
    json!({"title": "Support that fits", "pages": [
        {"name": "form", "title": "The form", "elements": [
            {"type": "radiogroup", "name": "form", "isRequired": true, "title": "Which form?", "choices": ["group", "one_to_one"]},
            {"type": "comment", "name": "why", "title": "Why a group?", "visibleIf": "{form} = 'group'", "isRequired": true}]},
        {"name": "safe", "title": "Safety", "visibleIf": "{form} = 'group'", "elements": [
            {"type": "text", "name": "size", "title": "How many people?", "inputType": "number", "max": 20}]},
        {"name": "more", "title": "More", "elements": [
            {"type": "checkbox", "name": "needs", "title": {"default": "What do you need?", "easy": "What helps you?"},
             "choices": ["ramp", "loop"]}]},
    ]})
}

/// A consultation with Ben invited to it; his link.
async fn invited(app: &TestApp) -> (Story, String, String) {
    let (story, id, token, _) = invited_with(app).await;
    (story, id, token)
}

async fn invited_with(app: &TestApp) -> (Story, String, String, Participant) {
    let story = Story::begin(app.clone()).await;
    let ben = story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
    let id = story.open("consultation", "consultation", json!({})).await;
    story.ada.post(app, &format!("/opportunities/{id}/questionnaire"), &questions()).await.expect(201);
    let token = story.invite(&id, json!({})).await[0].token("ai_");
    (story, id, token, ben)
}

/// A browser in which the link of the letter was opened.
async fn opened<'a>(app: &'a TestApp, token: &str) -> Browser<'a> {
    let mut browser = Browser::new(app);
    browser.open(&format!("/i/{token}")).await.press("Read the invitation").await;
    browser
}

async fn drafts(app: &TestApp) -> u64 {
    response_draft::Entity::find().count(app.app.platform.db.read()).await.unwrap()
}

async fn handed_in(app: &TestApp) -> Option<Value> {
    response::Entity::find().one(app.app.platform.db.read()).await.unwrap().and_then(|row| row.answers)
}

#[test]
fn answers_are_given_in_two_sittings_in_two_browsers() {
    everywhere(|app| async move {
        let (story, id, token, ben) = invited_with(&app).await;
        // Nothing is asked before the notice was agreed to.
        let mut phone = opened(&app, &token).await;
        let invitation = phone.address.clone();
        phone.open(&format!("{invitation}/questions")).await.hides("Which form?");
        story.consent(&token).await;
        phone.open(&format!("{invitation}/questions")).await.expect(200).says("Page 1 of 2").hides("Why a group?");
        // What is missing is told; nothing was saved that was not entered.
        phone.press("Continue").await.expect(422).says("Answer this question");
        // An answer that brings a further question brings the page once more.
        phone.choose("Which form?", "group").press("Continue").await;
        phone.expect(200).says("there is more to answer on this page").says("Why a group?").says("Page 1 of 3");
        phone.fill("Why a group?", "Because <we> know.").press("Continue").await.expect(200);
        phone.says("How many people?");
        phone.fill("How many people?", "many").press("Save and come back later").await;
        phone.expect(200).says("Your answers are saved").says("open the link in your letter");
        assert_eq!((drafts(&app).await, handed_in(&app).await), (1, None));
        // Another browser goes on where the first one stopped, with what was typed there.
        let mut desk = opened(&app, &token).await;
        desk.open(&format!("{invitation}/questions")).await.expect(200).says("Your answers were saved on");
        assert_eq!(desk.value("How many people?"), "many");
        desk.press("Continue").await.expect(422).says("Enter a number of at most 20");
        assert_eq!(desk.value("How many people?"), "many");
        desk.fill("How many people?", "8").press("Continue").await.expect(200).says("What do you need?");
        desk.open(&format!("{}?format=easy", desk.address)).await.says("What helps you?");
        desk.follow("Show these questions in their usual words").await.says("What do you need?");
        // Meanwhile the phone saves another page, and that page alone.
        phone.open(&format!("{invitation}/questions/1")).await;
        phone.fill("Why a group?", "We know.").press("Save and come back later").await.expect(200);
        desk.tick("ramp").press("Continue").await.expect(200);
        for words in ["Check your answers", "We know.", "8", "ramp", "Nothing is handed in yet."] {
            desk.says(words);
        }
        // What was checked is what is handed in: a newer answer is looked at first.
        phone.open(&format!("{invitation}/questions/2")).await.fill("How many people?", "9").press("Continue").await;
        desk.press("Hand in my answers").await.says("changed in another window").says("9");
        assert_eq!(handed_in(&app).await, None);
        desk.press("Hand in my answers").await.expect(200).says("Thank you. We have your answers").says("1 May 2027");
        let all = json!({"form": "group", "why": "We know.", "size": 9, "needs": ["ramp"]});
        assert_eq!((handed_in(&app).await, drafts(&app).await), (Some(all), 0));
        // The link alone shows nobody what was handed in: letters are passed on.
        for rest in ["", "/1", "/check", "/saved", "/done"] {
            phone.open(&format!("{invitation}/questions{rest}")).await.expect(200).hides("We know.");
            phone.says("To read what you handed in, or to change it, sign in").hides("Change my answers");
        }
        phone.open(&invitation).await.says("Your answers are in.").hides("No, not this time").hides("Something lighter");
        // Whoever is signed in reads it on their own page, and goes on from there.
        desk.sign_in(&ben, "sunrise").open(&format!("/o/sunrise/me/record/{id}/answers")).await.expect(200).says("We know.");
        desk.press("Change my answers, or take them back").await.expect(200).says("Thank you. We have your answers");
        // Changing: what a hidden question held is not handed in again.
        desk.follow("Change my answers").await.choose("Which form?", "one_to_one").press("Continue").await;
        desk.says("What do you need?").says("Page 2 of 2");
        desk.press("Continue").await.says("They stand until you hand in these").says("no longer asked");
        desk.press("Hand in my answers").await.says("Last changed");
        assert_eq!(handed_in(&app).await, Some(json!({"form": "one_to_one", "needs": ["ramp"]})));
        // Looking through it begins no draft.
        desk.open(&format!("{invitation}/questions/1")).await.press("Continue").await.expect(200);
        assert_eq!(drafts(&app).await, 0);
    });
}

#[test]
fn what_ends_meanwhile_ends_kindly() {
    everywhere(|app| async move {
        let (story, id, token) = invited(&app).await;
        story.consent(&token).await;
        let mut ben = opened(&app, &token).await;
        let invitation = ben.address.clone();
        ben.open(&format!("{invitation}/questions/1"))
            .await
            .choose("Which form?", "one_to_one")
            .press("Continue")
            .await
            .expect(200);
        // Consent is taken back in another window: nothing is saved, and nothing can be handed in.
        let (to, fields) = ben.tick("ramp").prepared("Continue");
        story.with(&token, "/consents/withdraw", &json!({"purpose": "participate"})).await.expect(200);
        app.run_jobs().await;
        ben.send(&to, &fields).await;
        ben.hides("Check your answers");
        assert_eq!((drafts(&app).await, handed_in(&app).await), (0, None));
        story.consent(&token).await;
        ben.open(&format!("{invitation}/questions/1"))
            .await
            .choose("Which form?", "one_to_one")
            .press("Continue")
            .await
            .expect(200);
        // It closes while somebody answers.
        story.ada.post(&app, &format!("/opportunities/{id}/close"), &json!({"reason": "The building burned."})).await.expect(200);
        app.outbox().await;
        ben.tick("ramp").press("Continue").await.expect(410).says("not handed in are not used");
        assert_eq!(handed_in(&app).await, None);
    });
}

#[test]
fn hostile_fields_change_nothing_and_break_nothing() {
    everywhere(|app| async move {
        let (story, _, token) = invited(&app).await;
        story.consent(&token).await;
        let mut ben = opened(&app, &token).await;
        let invitation = ben.address.clone();
        ben.open(&format!("{invitation}/questions/1")).await.choose("Which form?", "one_to_one");
        let (to, mut fields) = ben.prepared("Continue");
        for (name, value) in [
            ("q3", "0"),
            ("q2", "5"),
            ("q99", "x"),
            ("shown", "0 1 2 3 99 -1 x"),
            ("__proto__", "x"),
            ("q0-r0", "1"),
            ("", ""),
            ("q1", "a\0b"),
            ("needs", "ramp"),
        ] {
            fields.push((name.into(), value.into()));
        }
        fields.retain(|(name, value)| name != "shown" || value.len() > 1);
        ben.send(&to, &fields).await;
        ben.expect(200);
        let draft = response_draft::Entity::find().one(app.app.platform.db.read()).await.unwrap().unwrap();
        assert_eq!(
            draft.answers,
            json!({"form": "one_to_one", "why": "ab"}),
            "another page's fields and unknown ones count for nothing"
        );
        for (page, status) in [("0", 404), ("999", 404), ("-1", 404), ("x", 404), ("check", 200), ("2", 200)] {
            ben.open(&format!("{invitation}/questions/{page}")).await.expect(status);
        }
        // Without the cookie there is nothing to see.
        Browser::new(&app).open(&format!("{invitation}/questions/1")).await.expect(401);
        // Questions that changed meanwhile do not take the answers of others.
        let (to, fields) = ben.open(&format!("{invitation}/questions/1")).await.prepared("Continue");
        let id =
            story.ada.get(&app, "/opportunities").send().await.expect(200).json["items"][0]["id"].as_str().unwrap().to_owned();
        let other =
            json!({"elements": [{"type": "text", "name": "form"}, {"type": "text", "name": "new", "title": "What else?"}]});
        story.ada.post(&app, &format!("/opportunities/{id}/questionnaire"), &other).await.expect(201);
        ben.send(&to, &fields).await;
        ben.expect(200).says("The questions have changed");
    });
}
