//! What people tell about themselves on their own pages, and the meetings that they find there.

use crate::{
    harness::{Browser, Participant, TestApp, everywhere},
    story::Story,
};
use serde_json::{Value, json};

/// Somebody's own pages, signed in by a letter.
async fn at_home<'a>(app: &'a TestApp, who: &Participant) -> Browser<'a> {
    app.post("/api/public/sunrise/sign-in").json(&json!({"email": who.email})).send().await.expect(202);
    let link = app.outbox().await.remove(0).token("aj_");
    let mut browser = Browser::new(app);
    browser.open(&format!("/sign-in/{link}")).await.press("Go to my page").await.expect(200);
    browser
}

async fn facts(app: &TestApp, who: &Participant) -> Value {
    who.get(app, "/demographics").send().await.expect(200).json["facts"].clone()
}

#[test]
fn facts_are_asked_of_those_who_agreed_and_taken_out_one_by_one() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = app.participant(&story.ada, "ben").await;
        let mut browser = at_home(&app, &ben).await;
        browser.follow("Facts about me").await.expect(200).says("Nothing is asked at the moment.").hides("Save");
        story.seek(&[("age_band", "under_25"), ("age_band", "65_74"), ("area", "north")]).await;
        browser.open("/o/sunrise/me/facts").await.says("Nothing is asked at the moment.");
        story.open("consultation", "consultation", json!({})).await;
        browser.open("/o/sunrise/me/facts").await.says("You have not agreed").says("age band").says("area");
        assert!(browser.forms().iter().all(|form| form.buttons.iter().all(|(words, _)| words != "Save")));
        assert_eq!(browser.link("Read the notice, and agree to it if you want to"), "/o/sunrise/me/consents/notice");
        story.agree(&ben, &["demographics_representativeness"]).await;
        browser.follow("Back to what I agreed to").await.follow("Facts about me, to see who is missing").await;
        browser.expect(200).says("65 to 74").hides("What you have told us");
        // Nothing is said for anybody.
        browser.press("Save").await.expect(200).says("Your answers are kept.").hides("What you have told us");
        browser.choose("Age band", "None of these").choose("Area", "North").press("Save").await.expect(200);
        let both = json!([
            {"dimension": "age_band", "category": "none_of_these"}, {"dimension": "area", "category": "north"},
        ]);
        assert_eq!(facts(&app, &ben).await, both);
        browser.choose("Age band", "Under 25").press("Save").await.expect(200).says("What you have told us");
        let old = browser.prepared("Take this out : Area");
        browser.press("Take this out : Age band").await.expect(200).says("It is taken out, and is counted no more.");
        assert_eq!(facts(&app, &ben).await, json!([{"dimension": "area", "category": "north"}]));
        // A page that is out of date takes nothing out, and what is offered nowhere is not kept.
        browser.send(&old.0, &old.1).await;
        browser.expect(412);
        let (to, mut sent) = browser.open("/o/sunrise/me/facts").await.prepared("Save");
        sent.iter_mut().find(|(name, _)| name == "fact-area").unwrap().1 = "elsewhere".into();
        browser.send(&to, &sent).await;
        browser.expect(422).says("Choose one of the answers.");
        assert_eq!(facts(&app, &ben).await, json!([{"dimension": "area", "category": "north"}]));
        browser.open("/o/sunrise/me/facts").await.choose("Area", "I would rather not say").press("Save").await.expect(200);
        assert_eq!(facts(&app, &ben).await, json!([]));
        app.outbox().await;
    });
}

#[test]
fn meetings_are_found_by_those_who_take_part_and_their_notes_put_right() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let group = story.open("workshop", "co_design", json!({})).await;
        let token = story.invite(&group, json!({})).await[0].token("ai_");
        let meeting = json!({
            "title": "The first day", "starts_at": "2027-04-10T14:00:00Z", "ends_at": "2027-04-10T16:30:00Z",
            "location": "Town hall.\nRing at the side door.",
        });
        let meetings = format!("/opportunities/{group}/meetings");
        let id = story.ada.post(&app, &meetings, &meeting).await.expect(201).id();
        let page = format!("/o/sunrise/me/meetings/{id}");
        // Before a yes it says when, in the time of the organisation, and where to nobody.
        let mut guest = Browser::new(&app);
        guest.open(&format!("/i/{token}")).await.press("Read the invitation").await.expect(200);
        guest.says("When Thursday 25 March 2027, 10:00").hides("Town hall");
        let mut browser = at_home(&app, &ben).await;
        browser.hides("The first day");
        browser.open(&page).await.expect(404);
        story.take_place(&token).await;
        let address = guest.address.clone();
        guest
            .open(&address)
            .await
            .says("The first day")
            .says("Saturday 10 April 2027, 15:00 to 17:30")
            .says("Ring at the side door.");
        assert_eq!(guest.link("The first day"), page);
        browser.open("/o/sunrise/me").await.says("Ring at the side door.");
        browser.follow("The first day").await.expect(200);
        browser.says("Part of Your view").says("There are no notes yet.").hides("Are the notes right?");
        // Notes come to those who were there, by a letter that leads to the page.
        let path = story.ada.path(&format!("{meetings}/{id}"));
        let put = async |rest: &str, body: Value| {
            app.put(format!("{path}{rest}")).token(&story.ada.token).header("if-match", "*").json(&body).send().await.expect(200)
        };
        put("/attendance", json!([{"participant": ben.id, "attendance": "present"}])).await;
        put("/notes", json!({"text": "We talked about seats."})).await;
        app.post(format!("{path}/notes/share")).token(&story.ada.token).json(&json!({})).send().await.expect(200);
        let letters = app.outbox().await;
        let letter = letters.iter().find(|letter| letter.to == ben.email && letter.text().contains("Notes of")).unwrap();
        assert!(letter.text().contains(&page), "{}", letter.text());
        browser.open(&page).await.says("We talked about seats.").says("I was there");
        browser.press("Tell what is wrong").await.expect(422).says("Say what is wrong with the notes.");
        browser.fill("What is wrong with the notes?", "Signs, too.").press("Tell what is wrong").await.expect(200);
        browser.says("Thank you. What you said about the notes is kept.").says("You have said what is wrong.");
        assert_eq!(browser.value("What is wrong with the notes?"), "Signs, too.");
        let answers = async || story.ada.get(&app, &format!("{meetings}/{id}/notes/answers")).send().await.expect(200).json;
        assert_eq!((&answers().await[0]["agrees"], &answers().await[0]["comment"]), (&json!(false), &json!("Signs, too.")));
        let old = browser.prepared("Yes, the notes are right");
        put("/notes", json!({"text": "We talked about seats and signs."})).await;
        app.post(format!("{path}/notes/share")).token(&story.ada.token).json(&json!({})).send().await.expect(200);
        browser.send(&old.0, &old.1).await;
        browser.expect(422);
        browser.open("/o/sunrise/me/record").await.follow("My meetings, with their notes").await;
        browser.says("You can say whether they are right");
        browser.follow("The first day").await.says("seats and signs");
        browser.press("Yes, the notes are right").await.expect(200).says("You have said that the notes are right.");
        assert_eq!(answers().await[0]["agrees"], json!(true));
        // Somebody else finds nothing.
        let eve = app.participant(&story.ada, "eve").await;
        let mut other = at_home(&app, &eve).await;
        other.open(&page).await.expect(404);
        other.open("/o/sunrise/me/meetings").await.says("There is no meeting that you take part in.");
        app.outbox().await;
    });
}
