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
