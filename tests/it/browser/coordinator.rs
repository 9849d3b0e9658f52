//! What a coordinator of a small charity does on pages alone: from the need to the feedback.

use super::{
    driver::{self, Browser, Ways},
    tales::{each, reads},
};
use crate::harness::{Mail, PASSWORD, Participant, Persona, TestApp};
use serde_json::{Value, json};

/// Signs in, and publishes what people agree to.
async fn begin(browser: &Browser) {
    browser.go("/console").await;
    browser.fill("E-mail address", "root@sunrise.example").await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.press("Notices").await;
    browser.press("Draft a notice of your organisation").await;
    browser.fill("Text, in plain English", "We write to you when something fits what you chose.").await;
    browser.press("Save the draft").await;
    browser.press("Read it and publish").await;
    browser.press("Publish it").await;
    reads(browser, &["From now on it stays as it is."]).await;
}

/// A project from a need, with a decision that people can change.
async fn plan(browser: &Browser) {
    browser.press("Projects").await;
    browser.press("Begin a project").await;
    for (label, text) in [
        ("Name", "Support after violence"),
        ("What is needed, and by whom?", "People do not find support that fits."),
        ("Why are people involved?", "Those who need it know what fits."),
        ("What do those who take part get out of it?", "Support that fits."),
        ("What should be different afterwards?", "Support is built around people."),
        ("Who will use what comes of it?", "People who lived through violence"),
        ("The promise: what can change, in public words", "What form the support takes can change."),
    ] {
        browser.fill(label, text).await;
    }
    browser.choose("People are involved in decisions").await;
    browser.choose("Consultation").await;
    browser.press("Save").await;
    browser.press("Add a decision").await;
    browser.fill("What is to be decided?", "A group, or one to one").await;
    browser.choose("Open: people can change it").await;
    browser.fill("Who decides?", "The board").await;
    browser.choose("Whoever owns it decides").await;
    browser.pick("In which stage of the work?", "Working out the form").await;
    browser.pick("How wide does it reach?", "A service and how it develops").await;
    browser.choose("Big: it changes what people get").await;
    browser.press("Save").await;
    reads(browser, &["A group, or one to one"]).await;
}

/// A way to take part, and everything that has to be said about it; its address.
async fn describe(browser: &Browser) -> String {
    browser.press("Add a way to take part").await;
    browser.choose("Questions to answer").await;
    browser.fill("Name", "Your view").await;
    browser.choose("Consultation").await;
    browser.pick("In which stage of the work?", "Working out the form").await;
    browser.choose("Nothing is paid").await;
    browser.press("Begin").await;
    let way = browser.address().await;
    reads(browser, &["What has to be said before it opens", "Say what this is, in a few sentences."]).await;
    browser.go(&format!("{way}/describe")).await;
    browser.fill("What it is, in a few sentences", "Two questions about support.").await;
    browser.press("Save").await;
    browser.go(&format!("{way}/influence")).await;
    browser.choose("A group, or one to one").await;
    for (label, text) in [
        ("What can people change?", "The form that support takes."),
        ("What can they not change?", "The budget of this year."),
        ("Who decides in the end?", "The board, in June."),
        ("How are people chosen?", "Everybody whose choices fit is asked."),
    ] {
        browser.fill(label, text).await;
    }
    browser.press("Save").await;
    browser.go(&format!("{way}/terms")).await;
    browser.fill("Minutes that taking part takes", "15").await;
    browser.press("Save").await;
    browser.go(&format!("{way}/dates")).await;
    browser.date("Last day on which people can answer, or say yes", "2027-03-20").await;
    browser.date("Day by which people hear what came of it", "2027-04-20").await;
    browser.press("Save").await;
    way
}

/// The questions, tried out, and the notice; then it opens.
async fn open(browser: &Browser, way: &str) {
    browser.go(&format!("{way}/questions")).await;
    for (kind, title, answers) in
        [("One of several answers", "Where should it be?", "At home\nAt our place"), ("A longer text", "What else matters?", "")]
    {
        browser.press("Add a question").await;
        browser.choose(kind).await;
        browser.fill("The question", title).await;
        browser.fill("Answers to choose from", answers).await;
        browser.press("Save the question").await;
    }
    browser.press("Where should it be?").await;
    browser.fill("The question in Easy Read", "Where do you want help?").await;
    browser.press("Save the question").await;
    browser.press("Try them out").await;
    reads(browser, &["You are trying the questions out.", "Where should it be?"]).await;
    browser.press("Begin again in Easy Read").await;
    reads(browser, &["Where do you want help?"]).await;
    browser.press("Begin again in the usual words").await;
    browser.choose("At home").await;
    browser.press("Continue").await;
    reads(browser, &["Check your answers", "At home", "Nothing is saved or handed in."]).await;
    browser.go(&format!("{way}/notice")).await;
    browser.press("Save the draft").await;
    browser.press("Read it and publish").await;
    browser.press("Publish it").await;
    browser.go(way).await;
    reads(browser, &["Nothing is missing."]).await;
    browser.press("Check and open").await;
    reads(browser, &["What people are told stays", "The budget of this year."]).await;
    browser.press("Open it now").await;
    reads(browser, &["It is open now."]).await;
}

/// Sees who may be asked, and asks them.
async fn send(browser: &Browser, app: &TestApp) -> Vec<Mail> {
    browser.press("See who may be asked").await;
    reads(browser, &["Nobody has counted yet."]).await;
    browser.press("Count").await;
    reads(browser, &["People who may be asked 6"]).await;
    browser.press("Ask people").await;
    reads(browser, &["People who may be asked 6", "Everybody who may be asked gets a letter."]).await;
    browser.press("Send the invitations").await;
    let letters = app.outbox().await;
    assert_eq!(letters.len(), 6);
    letters
}

/// Reads the answers, and says what was heard and what it changed.
async fn hear(browser: &Browser, way: &str) {
    browser.go(way).await;
    browser.press("Close it").await;
    browser.press("Close it now").await;
    reads(browser, &["There is a problem", "Say why it closes before."]).await;
    browser.fill("Why does it close early?", "Everybody has answered.").await;
    browser.press("Close it now").await;
    reads(browser, &["It is closed."]).await;
    browser.press("Answers").await;
    reads(browser, &["Answers that are in 6", "At home"]).await;
    browser.press("Read the answers one by one, without names").await;
    reads(browser, &["Somebody I know."]).await;
    browser.go(&format!("{way}/themes")).await;
    browser.fill("Heading", "One person who stays").await;
    browser.fill("What people said", "People want one person whom they know.").await;
    browser.press("Add this theme").await;
    browser.choose_all("Answer ").await;
    browser.press("Save").await;
    browser.go(&format!("{way}/proposals")).await;
    browser.fill("What is proposed", "Offer one to one support.").await;
    browser.pick("The theme it follows from", "One person who stays").await;
    browser.pick("The decision it is about", "A group, or one to one").await;
    browser.choose("Yes").await;
    browser.fill("Who does it", "The board").await;
    browser.press("Add this proposal").await;
    reads(browser, &["Offer one to one support.", "The board"]).await;
    browser.go(&format!("{way}/effects")).await;
    browser.press("Write this down").await;
    reads(browser, &["There is a problem", "Choose the decision."]).await;
    browser.pick("What people said", "One person who stays").await;
    browser.pick("The decision", "A group, or one to one").await;
    browser.choose("It changed the decision").await;
    browser.fill("What changed, in words", "There will be one to one support.").await;
    browser.press("Write this down").await;
    reads(browser, &["One person who stays", "It changed the decision"]).await;
}

/// Writes the report, looks at it, publishes it; its public address.
async fn tell(browser: &Browser, way: &str) -> String {
    browser.go(&format!("{way}/report")).await;
    browser.press("Begin the report").await;
    browser.fill("In one minute", "There will be one to one support.").await;
    browser.fill("What you did to reach people", "We wrote to everybody.").await;
    browser.fill("What you learned", "Ask sooner.").await;
    browser.fill("Step (1)", "The first talks begin").await;
    browser.fill("Who does it (1)", "The board").await;
    browser.date("By when (1)", "2027-05-01").await;
    browser.press("Save and look at it").await;
    reads(browser, &["This is a preview. It is not published.", "There will be one to one support."]).await;
    browser.press("Back to the report").await;
    browser.press("Publish it").await;
    browser.press("Publish, and tell everybody who took part").await;
    reads(browser, &["The report is published."]).await;
    browser.press("The published report").await;
    reads(browser, &["One person who stays", "Offer one to one support.", "The budget of this year."]).await;
    browser.address().await
}

/// Somebody who has joined and agreed to be written to.
async fn joined(app: &TestApp, name: &str) -> Participant {
    let nobody = Persona { token: String::new(), organisation: String::new(), slug: "sunrise".into() };
    let person = app.participant(&nobody, name).await;
    person.put(app, "/preferences", &json!({"stance": {"kind": "up_to", "rung": "consultation"}})).await.expect(200);
    let notice = person.get(app, "/notice").send().await.expect(200);
    let shown = json!({"language": "en", "format": "plain"});
    let shown = person.post(app, &format!("/notices/{}/shown", notice.id()), &shown).await.expect(201).json["shown"].clone();
    let said = ["contact_invite", "contact_feedback"].map(|purpose| json!({"purpose": purpose, "choice": "give"}));
    person.post(app, "/consents", &json!({"shown": shown, "consents": said})).await.expect(200);
    person
}

/// Answers, with the token of a letter.
async fn answered(app: &TestApp, letter: &Mail) {
    let token = letter.token("ai_");
    let with = async |rest: &str, body: Value| app.post(format!("/api/invitation{rest}")).token(&token).json(&body).send().await;
    let shown = with("/notice/shown", json!({"language": "en", "format": "plain"})).await.expect(201).json["shown"].clone();
    let said = ["participate", "publish_in_aggregate"].map(|purpose| json!({"purpose": purpose, "choice": "give"}));
    with("/consents", json!({"shown": shown, "consents": said})).await.expect(200);
    let asked = app.get("/api/invitation/questionnaire").token(&token).send().await.expect(200).json;
    let names: Vec<&str> = asked["definition"]["pages"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|page| page["elements"].as_array().unwrap())
        .map(|element| element["name"].as_str().unwrap())
        .collect();
    let answers = json!({names[0]: "At home", names[1]: "Somebody I know."});
    let body = json!({"questionnaire": asked["questionnaire"], "answers": answers});
    with("/response", body).await.expect(201);
}

/// Somebody who took part reads the report from the letter, and on their own page what became of what they said. It is a browser
/// of their own, at home.
async fn hears(origin: &str, ways: Ways, app: &TestApp, letter: &Mail) {
    let text = letter.text();
    let link = |path: &str| {
        let at = text.find(&format!("{origin}{path}")).unwrap_or_else(|| panic!("no {path} in {text}"));
        let words = |c: char| c.is_whitespace() || c == ',';
        text[at + origin.len()..].split(words).next().unwrap().to_owned()
    };
    driver::with(origin, ways, async |browser| {
        browser.go(&link("/o/sunrise/reports/")).await;
        reads(browser, &["There will be one to one support.", "One person who stays", "It changed the decision"]).await;
        reads(browser, &["Who took part", "The first talks begin", "The budget of this year."]).await;
        browser.go(&link("/o/sunrise/me/record")).await;
        browser.fill("Your e-mail address", &letter.to).await;
        browser.press("Send me a link").await;
        let door = app.outbox().await.remove(0);
        browser.go(&format!("/sign-in/{}", door.token("aj_"))).await;
        browser.press("Go to my page").await;
        browser.go(&link("/o/sunrise/me/record")).await;
        reads(browser, &["Your view", "One person who stays", "It changed the decision"]).await;
        let trouble = browser.trouble(200).await;
        assert!(trouble.is_empty(), "{trouble:?}");
    })
    .await;
}

#[test]
fn a_coordinator_goes_from_the_need_to_the_feedback() {
    each(async |app, origin, ways| {
        app.administrator().await;
        driver::with(&origin, ways, async |browser| {
            begin(browser).await;
            for name in ["ana", "ben", "cem", "dan", "eva", "flo"] {
                joined(&app, name).await;
            }
            plan(browser).await;
            let way = describe(browser).await;
            open(browser, &way).await;
            for letter in send(browser, &app).await {
                answered(&app, &letter).await;
            }
            app.outbox().await;
            hear(browser, &way).await;
            let report = tell(browser, &way).await;
            let letters = app.outbox().await;
            assert_eq!(letters.len(), 6, "everybody who took part is told");
            assert!(letters.iter().all(|letter| letter.text().contains(&report)), "{}", letters[0].text());
            hears(&origin, ways, &app, &letters[0]).await;
            let trouble = browser.trouble(422).await;
            assert!(trouble.is_empty(), "{trouble:?}");
        })
        .await;
    });
}
