//! What people do, in a browser that has never been there: with scripts on a wide screen, and without on a telephone.

use super::{
    driver::{self, Browser, Ways},
    served,
};
use crate::{
    harness::{Backend, Mail, TestApp, on},
    story::Story,
};
use serde_json::json;

pub const WIDE: Ways = Ways { script: true, images: true, width: 1280 };
pub const PHONE: Ways = Ways { script: false, images: false, width: 390 };

/// Wide on one database, the telephone on the other; where there is one database, both on it.
pub fn each(test: impl AsyncFn(TestApp, String, Ways)) {
    let backends = Backend::available();
    for (ways, backend) in [(WIDE, backends[0]), (PHONE, *backends.last().unwrap())] {
        on(backend, |app| {
            let test = &test;
            async move {
                let (app, origin) = served(&app).await;
                test(app, origin, ways).await;
            }
        });
    }
}

/// The page says this.
#[track_caller]
fn says(words: &str, expected: &[&str]) {
    for one in expected {
        assert!(words.contains(one), "“{one}” is not in: {words}");
    }
}

/// The page that is open says this.
pub async fn reads(browser: &Browser, expected: &[&str]) {
    says(&browser.words().await, expected);
}

/// The one letter that somebody got, and the address of its link.
async fn letter(app: &TestApp, prefix: &str, path: &str) -> (Mail, String) {
    let letter = app.outbox().await.remove(0);
    let link = format!("/{path}/{}", letter.token(prefix));
    assert!(letter.text().contains(&link), "{}", letter.text());
    (letter, link)
}

/// Joins from the organisation's own page, and says how to be involved, question by question.
async fn join(browser: &Browser, app: &TestApp) {
    browser.go("/o/sunrise").await;
    browser.press("Join").await;
    browser.fill("Your e-mail address", "mira@people.example").await;
    browser.fill("Your name", "Mira").await;
    browser.press("Send me the letter").await;
    reads(browser, &["Look at your e-mail"]).await;
    let (_, link) = letter(app, "aj_", "join").await;
    browser.go(&link).await;
    browser.press("Yes, confirm my address").await;
    reads(browser, &["Welcome to sunrise trust"]).await;
    browser.press("Say how I want to be involved").await;
    // Nothing is chosen beforehand: whoever goes on is asked once more.
    browser.press("Save and go on").await;
    reads(browser, &["There is a problem"]).await;
    browser.choose("Design it together").await;
    browser.press("Save and go on").await;
    let mut questions = 1;
    while browser.address().await.contains("/preferences/") {
        browser.press("Save and go on").await;
        questions += 1;
        assert!(questions < 20, "{}", browser.words().await);
    }
    reads(browser, &["Please check your answers", "Design it together"]).await;
    browser.press("Go on: what we may do").await;
    for n in 0..4 {
        browser.choose_nth("I agree to this", n).await;
    }
    browser.press("Agree to what I have ticked").await;
    reads(browser, &["Hello Mira", "Your choices are kept."]).await;
}

/// Changes an answer, in the browser in which one is signed in.
async fn change(browser: &Browser) {
    browser.press("How I am involved").await;
    browser.press("Change How much").await;
    browser.choose("Run it together").await;
    browser.press("Save").await;
    reads(browser, &["Saved. It holds from now on.", "Run it together"]).await;
}

/// Reads an invitation, takes part, and takes an agreement back.
async fn take_part(browser: &Browser, link: &str) {
    browser.go(link).await;
    browser.press("Read the invitation").await;
    reads(browser, &["A day to plan together", "What cannot change", "The budget."]).await;
    browser.press("Yes, I take part").await;
    reads(browser, &["What we do with what you tell us", "How long it is kept"]).await;
    browser.press("Agree to what I have ticked, and take part").await;
    reads(browser, &["There is a problem", "To take part, tick that you agree to this."]).await;
    for n in 0..2 {
        browser.choose_nth("I agree to this", n).await;
    }
    browser.press("Agree to what I have ticked, and take part").await;
    reads(browser, &["Thank you. You have a place. A letter confirms it."]).await;
    browser.press("What you have agreed to, and how to take it back").await;
    browser.press("Take this back").await;
    reads(browser, &["You have taken it back."]).await;
}

#[test]
fn somebody_joins_chooses_takes_part_and_leaves() {
    each(async |app, origin, ways| {
        let story = Story::begin(app.clone()).await;
        let workshop = story.open("workshop", "co_design", json!({"title": "A day to plan together"})).await;
        driver::with(&origin, ways, async |browser| {
            join(browser, &app).await;
            change(browser).await;
            let letters = story.invite(&workshop, json!({})).await;
            take_part(browser, &format!("/i/{}", letters[0].token("ai_"))).await;
            assert_eq!(story.count(&workshop, "accepted").await, 1);
            app.outbox().await;
            // Back on one's own page, in a browser that has forgotten everything.
            browser.keep(&[]).await;
            browser.go("/o/sunrise/me").await;
            browser.fill("Your e-mail address", "mira@people.example").await;
            browser.press("Send me a link").await;
            let (_, link) = letter(&app, "aj_", "sign-in").await;
            browser.go(&link).await;
            browser.press("Go to my page").await;
            browser.press("Ask me for less").await;
            browser.choose("Ask for my views").await;
            browser.press("Ask me for no more than this").await;
            reads(browser, &["From now on you are asked for no more than that."]).await;
            browser.press("Pause").await;
            browser.press("Pause").await;
            reads(browser, &["You are pausing. Nothing is asked of you meanwhile."]).await;
            browser.go(&format!("/u/{}", letters[0].token("au_"))).await;
            browser.press("Stop these letters").await;
            reads(browser, &["You no longer get letters like that one."]).await;
            browser.go("/o/sunrise/me/leave").await;
            browser.press("Leave").await;
            reads(browser, &["You have left"]).await;
            browser.go("/o/sunrise/me").await;
            reads(browser, &["Sign in to your own page"]).await;
            let trouble = browser.trouble(422).await;
            assert!(trouble.is_empty(), "{trouble:?}");
        })
        .await;
        app.outbox().await;
    });
}

#[test]
fn somebody_answers_in_two_sittings_and_takes_the_answers_back() {
    each(async |app, origin, ways| {
        let story = Story::begin(app.clone()).await;
        story.person("ben", json!({"stance": {"kind": "up_to", "rung": "consultation"}})).await;
        let consultation = story.open("consultation", "consultation", json!({})).await;
        let letters = story.invite(&consultation, json!({})).await;
        let link = format!("/i/{}", letters[0].token("ai_"));
        driver::with(&origin, ways, async |first| {
            first.go(&link).await;
            first.press("Read the invitation").await;
            first.press("Yes, I take part").await;
            for n in 0..2 {
                first.choose_nth("I agree to this", n).await;
            }
            first.press("Agree to what I have ticked, and take part").await;
            assert!(first.address().await.contains("/questions"), "{}", first.words().await);
            first.choose("group").await;
            first.press("Continue").await;
            first.fill("why", "One is less alone.").await;
            first.press("Save and come back later").await;
            assert!(first.trouble(200).await.is_empty());
        })
        .await;
        let answers = async || {
            let all = story.ada.get(&app, &format!("/opportunities/{consultation}/responses")).send().await.expect(200);
            all.json["items"].as_array().unwrap().iter().map(|one| one["answers"].clone()).collect::<Vec<_>>()
        };
        driver::with(&origin, ways, async |second| {
            second.go(&link).await;
            second.press("Read the invitation").await;
            second.press("Go to the questions").await;
            // What was begun elsewhere is there.
            to_the_check(second).await;
            reads(second, &["Check your answers", "group", "One is less alone."]).await;
            second.press("Hand in my answers").await;
            reads(second, &["Thank you. We have your answers", "2 of 2"]).await;
            assert_eq!(answers().await, [json!({"form": "group", "why": "One is less alone."})]);
            second.press("What you have agreed to, and how to take it back").await;
            reads(second, &["If you take this back"]).await;
            second.press("Take this back").await;
            reads(second, &["You have taken it back."]).await;
            assert!(answers().await.is_empty(), "what was said is gone");
            let trouble = second.trouble(200).await;
            assert!(trouble.is_empty(), "{trouble:?}");
        })
        .await;
        app.outbox().await;
    });
}

/// Goes on to where all answers can be checked.
async fn to_the_check(browser: &Browser) {
    let mut pages = 0;
    while !browser.address().await.contains("/questions/check") {
        browser.press("Continue").await;
        pages += 1;
        assert!(pages < 6, "{}", browser.words().await);
    }
}

#[test]
fn somebody_says_no_or_later_or_chooses_something_lighter() {
    each(async |app, origin, ways| {
        let story = Story::begin(app.clone()).await;
        story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let light = json!({"title": "A few questions instead"});
        story.open("consultation", "consultation", light).await;
        let mut letters = Vec::new();
        for title in ["A day to plan", "A day to try out", "A day to look back"] {
            let workshop = story.open("workshop", "co_design", json!({"title": title})).await;
            letters.extend(story.invite(&workshop, json!({})).await.into_iter().map(|letter| (workshop.clone(), letter)));
        }
        let [no, later, lighter] = letters.try_into().expect("three invitations");
        driver::with(&origin, ways, async |browser| {
            let open = async |(_, letter): &(String, Mail)| {
                browser.go(&format!("/i/{}", letter.token("ai_"))).await;
                browser.press("Read the invitation").await;
                reads(browser, &["Every answer is equally good. You need give no reason."]).await;
            };
            open(&later).await;
            browser.unfold("Ask me again later").await;
            browser.press("Ask me again later").await;
            // Without a day there is nothing to go by.
            reads(browser, &["There is a problem", "Choose one of the days."]).await;
            browser.choose("In a week").await;
            browser.press("Ask me again later").await;
            reads(browser, &["We ask you again on 8 March 2027. Nothing else follows from your answer."]).await;
            open(&lighter).await;
            reads(browser, &["Something lighter", "A lighter way is as welcome as this one."]).await;
            browser.press("I would like this instead").await;
            reads(browser, &["A few questions instead", "You chose this lighter way yourself."]).await;
            open(&no).await;
            browser.press("No, not this time").await;
            reads(browser, &["Thank you for telling us. We do not ask again about this project."]).await;
            let trouble = browser.trouble(422).await;
            assert!(trouble.is_empty(), "{trouble:?}");
        })
        .await;
        for ((workshop, _), state) in [(no, "declined"), (later, "ask_later"), (lighter, "stepped_down")] {
            assert_eq!(story.count(&workshop, state).await, 1, "{state}");
        }
        app.outbox().await;
    });
}
