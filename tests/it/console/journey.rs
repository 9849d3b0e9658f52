//! From the need to the close, on pages alone.

use super::{decision, project, rosa, way};
use crate::harness::{Browser, TestApp, everywhere};
use serde_json::json;

/// Publishes the notice of the organisation, as it is suggested.
async fn notice(rosa: &mut Browser<'_>) {
    rosa.open("/console/sunrise/notices").await.says("There is none yet.");
    rosa.follow("Draft a notice of your organisation").await.says("Please read and change this draft");
    rosa.fill("Text, in plain English", "We write to you when something fits.").press("Save the draft").await.expect(200);
    rosa.follow("Be told what came of it")
        .await
        .fill("How long is it kept?", "Until you say stop")
        .press("Save")
        .await
        .expect(200);
    rosa.follow("Read it and publish").await.says("A published notice never changes").says("Until you say stop");
    rosa.press("Publish it")
        .await
        .expect(200)
        .says("From now on it stays as it is.")
        .says("We write to you when something fits.");
}

/// Says everything that has to be said about a consultation.
async fn say(rosa: &mut Browser<'_>, way: &str) {
    rosa.open(&format!("{way}/describe")).await.fill("What it is, in a few sentences", "One question.");
    rosa.press("Save").await.expect(200).says("Saved.");
    rosa.open(&format!("{way}/influence")).await.choose("Which decisions does this feed?", "A group, or one to one");
    rosa.fill("What can people change?", "The form.").fill("What can they not change?", "The budget.");
    rosa.fill("Who decides in the end?", "The board.").fill("How are people chosen?", "Everybody who fits is asked.");
    rosa.press("Save").await.expect(200).says("Saved.");
    rosa.open(&format!("{way}/terms")).await.fill("Minutes that taking part takes", "15");
    rosa.press("Save").await.expect(200).says("Saved.");
    rosa.open(&format!("{way}/dates")).await.fill("Last day on which people can answer, or say yes", "2027-03-20");
    rosa.fill("Day by which people hear what came of it", "2027-04-20").press("Save").await.expect(200).says("Saved.");
}

/// Puts the questions together one by one.
async fn ask(rosa: &mut Browser<'_>, way: &str) {
    rosa.open(&format!("{way}/questions")).await.says("There is no question yet.");
    for (kind, title, answers) in [
        ("A longer text", "What should support look like?", ""),
        ("One of several answers", "Where should it be?", "At home\nAt our place\nI would rather not say"),
    ] {
        rosa.follow("Add a question").await.choose("How is it answered?", kind).fill("The question", title);
        rosa.fill("Answers to choose from", answers).press("Save the question").await.expect(200).says("Saved.").says(title);
    }
    rosa.follow("Where should it be?").await.fill("The question in Easy Read", "Where?").tick("It must be answered");
    rosa.press("Save the question").await.expect(200);
    rosa.press("Begin a page here “Where should it be?”").await.expect(200).says("Page 1").says("Page 2");
    rosa.press("Up “Where should it be?”").await.expect(200).hides("Page 2");
    rosa.press("Up “Where should it be?”").await.expect(200);
    let words = rosa.words();
    assert!(words.find("Where should it be?") < words.find("What should support look like?"), "{words}");
}

async fn joined(app: &TestApp, names: &[&str]) {
    let root = crate::harness::Persona { token: String::new(), organisation: String::new(), slug: "sunrise".into() };
    for name in names {
        let person = app.participant(&root, name).await;
        person.put(app, "/preferences", &json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await.expect(200);
        let notice = person.get(app, "/notice").send().await.expect(200).id();
        let shown = json!({"language": "en", "format": "plain"});
        let shown = person.post(app, &format!("/notices/{notice}/shown"), &shown).await.expect(201).json["shown"].clone();
        let said = json!({"shown": shown, "consents": [{"purpose": "contact_invite", "choice": "give"}]});
        person.post(app, "/consents", &said).await.expect(200);
    }
}

#[test]
fn a_consultation_goes_from_the_need_to_the_close_on_pages_alone() {
    everywhere(|app| async move {
        let mut rosa = rosa(&app).await;
        notice(&mut rosa).await;
        joined(&app, &["ben", "cem"]).await;
        let project = project(&mut rosa).await;
        let way = way(&mut rosa, &project, "Questions to answer", "Consultation").await;
        // Everything that is missing is told, each with where it is put right.
        rosa.says("Say what this is, in a few sentences.").says("name at least one decision that is open");
        rosa.says("Publish the questions of this consultation.").hides("Check and open");
        rosa.open(&format!("{way}/open")).await.says("What is missing").hides("Open it now");
        decision(&mut rosa, &project).await;
        say(&mut rosa, &way).await;
        ask(&mut rosa, &way).await;
        rosa.open(&format!("{way}/notice")).await.says("Please read and change this draft");
        rosa.press("Save the draft").await.expect(200);
        rosa.follow("Read it and publish").await;
        rosa.press("Publish it").await.expect(200);
        rosa.open(&way).await.says("Nothing is missing.");
        rosa.follow("Check and open").await.says("What people are told stays").says("The budget.");
        rosa.press("Open it now").await.expect(200).says("It is open now.");
        assert!(app.outbox().await.is_empty(), "opening writes to nobody");
        rosa.open("/console/sunrise").await.says("Open now").says("Your view").says("20 March 2027");
        rosa.open(&way).await;
        rosa.follow("See who may be asked").await.says("People who may be asked 2").says("Counted").hides("ben@");
        rosa.press("Count again").await.expect(200).says("People who may be asked 2");
        assert!(app.outbox().await.is_empty(), "looking asks nobody");
        rosa.follow("Ask people").await.says("People who may be asked 2").says("Everybody who may be asked gets a letter.");
        rosa.press("Send the invitations").await.expect(200).says("The invitations are being written.");
        assert_eq!(app.outbox().await.len(), 2);
        rosa.follow("How the invitations stand").await.says("People who were asked 2").says("Asked, no answer yet 2");
        rosa.open(&way).await;
        rosa.follow("Remind those who have not answered").await;
        rosa.press("Send reminders").await.expect(200).says("Reminders are being written");
        app.outbox().await;
        rosa.follow("Close it").await.press("Close it now").await.expect(422).says("Say why it closes before.");
        rosa.fill("Why does it close early?", "Everybody has answered.").press("Close it now").await.expect(200);
        rosa.says("It is closed.").says("Everybody has answered.");
        rosa.open("/console/sunrise").await.says("Closed, and not reported yet");
        app.outbox().await;
    });
}

#[test]
fn a_workshop_has_places_meetings_and_notes() {
    everywhere(|app| async move {
        let mut rosa = rosa(&app).await;
        let project = project(&mut rosa).await;
        decision(&mut rosa, &project).await;
        let way = way(&mut rosa, &project, "A workshop", "Co-design").await;
        rosa.says("Say how many places there are.").says("Say when it begins.").hides("Publish the questions");
        rosa.open(&format!("{way}/terms"))
            .await
            .fill("Minutes that taking part takes", "120")
            .fill("How many places are there?", "many");
        rosa.press("Save").await.expect(422).says("Use a whole number.");
        assert_eq!(rosa.value("How many places are there?"), "many");
        rosa.fill("How many places are there?", "8").choose("What is paid?", "An amount of money");
        rosa.fill("How much, in pounds, for everything", "12.50").press("Save").await.expect(200);
        rosa.open(&format!("{way}/terms")).await;
        assert_eq!(rosa.value("How much, in pounds, for everything"), "12.50");
        assert_eq!(rosa.value("Days to answer"), "14");
        rosa.open(&format!("{way}/dates")).await.fill("When it begins", "2027-04-10T14:00").press("Save").await.expect(200);
        rosa.hides("Say when it begins.");
        rosa.open(&format!("{way}/meetings/new")).await.fill("Name", "The first day").fill("When it begins", "2027-04-10T14:00");
        rosa.fill("When it ends", "2027-04-10T12:00").press("Save").await.expect(422).says("A meeting ends after it begins.");
        rosa.fill("When it ends", "2027-04-10T16:00").press("Save").await.expect(200).says("10 April 2027, 14:00");
        rosa.follow("Write the notes").await.fill("Notes", "We met.").press("Save the notes").await.expect(200).says("We met.");
        rosa.follow("Send the notes").await.press("Send the notes").await.expect(422).says("Record first who that is.");
        rosa.follow("Back to the meeting").await;
        rosa.follow("Who was there").await.says("Nobody holds a place.");
    });
}
