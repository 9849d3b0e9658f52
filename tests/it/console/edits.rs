//! Changes that cross, forms that are sent twice, mistakes, and what is refused once people were told.

use super::{decision, project, rosa, way};
use crate::{given::Given, harness::everywhere};
use entity::{decision as decisions, project as projects, questionnaire};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::json;

#[test]
fn a_form_that_is_sent_twice_is_done_once() {
    everywhere(|app| async move {
        let mut rosa = rosa(&app).await;
        let db = app.app.platform.db.read();
        rosa.open("/console/sunrise/projects/new").await.fill("Name", "One").fill("What is needed, and by whom?", "A need.");
        let (to, fields) = rosa.choose("What kind of work is it?", "People are involved in decisions").prepared("Save");
        let first = rosa.answer(&to, &fields).await.expect(303);
        let second = rosa.answer(&to, &fields).await.expect(303);
        assert_eq!(first.headers["location"], second.headers["location"]);
        assert_eq!(projects::Entity::find().count(db).await.unwrap(), 1);
        // Sent again with other words, it is told that it was sent.
        let mut other = fields.clone();
        other.iter_mut().find(|(name, _)| name == "title").unwrap().1 = "Two".into();
        let told = rosa.answer(&to, &other).await.expect(422);
        assert!(told.text.contains("This form was sent before"), "{}", told.text);
        let project = first.headers["location"].to_str().unwrap().to_owned();
        rosa.open(&format!("{project}/decisions/new"))
            .await
            .fill("What is to be decided?", "What")
            .fill("Who decides?", "The board");
        rosa.choose("Can people change it?", "Open: people can change it").choose("How is it decided?", "By vote");
        rosa.choose("In which stage of the work?", "Doing it").choose("How wide does it reach?", "One person's support");
        let (to, fields) = rosa.choose("How much does it weigh?", "Small: a detail").prepared("Save");
        for _ in 0..2 {
            rosa.answer(&to, &fields).await.expect(303);
        }
        assert_eq!(decisions::Entity::find().count(db).await.unwrap(), 1);
        let way = way(&mut rosa, &project, "Questions to answer", "Consultation").await;
        rosa.open(&format!("{way}/questions/add")).await.choose("How is it answered?", "A short text");
        let (to, fields) = rosa.fill("The question", "What?").prepared("Save the question");
        for _ in 0..2 {
            rosa.answer(&to, &fields).await.expect(303);
        }
        assert_eq!(questionnaire::Entity::find().count(db).await.unwrap(), 1);
    });
}

#[test]
fn of_two_changes_that_cross_the_second_is_told() {
    everywhere(|app| async move {
        let mut rosa = rosa(&app).await;
        let mut other = app.at_the_console("root@sunrise.example").await;
        let project = project(&mut rosa).await;
        decision(&mut rosa, &project).await;
        let way = way(&mut rosa, &project, "Questions to answer", "Consultation").await;
        for rest in [format!("{project}/edit"), format!("{way}/describe"), format!("{way}/dates")] {
            rosa.open(&rest).await;
            other.open(&rest).await.press("Save").await.expect(200);
            rosa.press("Save").await.expect(422).says("Somebody has saved a change here since you opened this page.");
        }
        // What was typed stays, and can be saved by whoever has been told.
        rosa.open(&format!("{way}/describe")).await.fill("What it is, in a few sentences", "Many words that nobody types twice.");
        other.open(&format!("{way}/describe")).await.press("Save").await.expect(200);
        rosa.press("Save").await.expect(422);
        assert_eq!(rosa.value("What it is, in a few sentences"), "Many words that nobody types twice.");
        rosa.press("Save").await.expect(200).says("Saved.");
        rosa.open(&format!("{project}/stages/need")).await.fill("Day on which it began", "2027-02-01");
        other
            .open(&format!("{project}/stages/need"))
            .await
            .fill("Day on which it began", "2027-02-02")
            .press("Save")
            .await
            .expect(200);
        rosa.press("Save").await.expect(422);
        // Questions too: what somebody else has moved is not moved back unseen.
        rosa.open(&format!("{way}/questions/add"))
            .await
            .choose("How is it answered?", "A short text")
            .fill("The question", "What?");
        rosa.press("Save the question").await.expect(200);
        other.open(&format!("{way}/questions/json")).await;
        rosa.follow("What?").await.fill("The question", "What else?").press("Save the question").await.expect(200);
        other.press("Save the questions").await.expect(422).says("Somebody has saved a change here");
    });
}

#[test]
fn mistakes_stand_beside_their_fields_and_what_was_typed_stays() {
    everywhere(|app| async move {
        let mut rosa = rosa(&app).await;
        rosa.open("/console/sunrise/projects/new").await.fill("Name", "A name").press("Save").await.expect(422);
        rosa.says("There is a problem").says("Choose one.");
        assert_eq!(rosa.value("Name"), "A name");
        rosa.choose("What kind of work is it?", "People are involved in decisions")
            .fill("Whose presence do you look for?", "young");
        rosa.press("Save").await.expect(422).says("One group a line");
        assert!(rosa.html.contains("href=\"#f-presence\""), "the list leads to the field");
        // What cannot be read and what the rules say of the rest are told at once.
        rosa.says("Write something here.");
        rosa.fill("Whose presence do you look for?", "age_band, 18_24, 10");
        rosa.fill("What is needed, and by whom?", "A need.").press("Save").await.expect(200).says("age band, 18 to 24: 10");
        let project = rosa.address.clone();
        let way = way(&mut rosa, &project, "Questions to answer", "Consultation").await;
        rosa.open(&format!("{way}/questions/json"))
            .await
            .fill("SurveyJS JSON", "{\"elements\": [{\"type\": \"magic\", \"name\": \"a\"}]}");
        rosa.press("Save the questions").await.expect(422).says("/elements/0/type");
        assert!(rosa.value("SurveyJS JSON").contains("magic"));
        rosa.fill("SurveyJS JSON", "{nonsense").press("Save the questions").await.expect(422).says("There is a problem");
        let good = "{\"elements\": [{\"type\": \"matrixdynamic\", \"name\": \"a\"}]}";
        rosa.fill("SurveyJS JSON", good).press("Save the questions").await.expect(422);
        let good = "{\"elements\": [{\"type\": \"comment\", \"name\": \"a\", \"title\": \"Say it\", \"visibleIf\": \"1 = 1\"}]}";
        rosa.fill("SurveyJS JSON", good).press("Save the questions").await.expect(200).says("Say it");
        rosa.follow("Say it").await.fill("The question", "Say more").press("Save the question").await.expect(200);
        rosa.follow("Paste or copy SurveyJS JSON").await;
        assert!(rosa.value("SurveyJS JSON").contains("visibleIf"), "what the builder does not know stays");
        // The last question cannot go: a consultation asks something.
        rosa.open(&format!("{way}/notice"))
            .await
            .fill("Title", "")
            .press("Save the draft")
            .await
            .expect(422)
            .says("Write something here.");
        rosa.fill("Title", "Taking part").press("Save the draft").await.expect(200);
        rosa.choose("What do you ask people to agree to?", "Have data passed to somebody who is named");
        rosa.press("Save the draft").await.expect(200).says("Name who receives the data.").says("To be put right: 2");
        rosa.follow("Read it and publish").await.says("This has to be put right first").hides("Publish it");
        rosa.follow("Back to the draft").await;
        rosa.follow("Have data passed to somebody who is named")
            .await
            .fill("Who receives it?", "The council")
            .choose("On what ground is kept what stays after that?", "A legal duty")
            .press("Save")
            .await;
        rosa.expect(200).hides("To be put right");
    });
}

/// What cannot be read, and what the rules say of the rest: nobody mends a form twice.
#[test]
fn everything_that_is_wrong_with_a_form_is_told_at_once() {
    everywhere(|app| async move {
        let given = Given::of(&app, &app.administrator().await);
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        let about = given.consultation(6).await;
        given.theme(about.id, "Seats", false, &about.responses).await;
        given.draft(about.id).await;
        let way = format!("/console/sunrise/opportunities/{}", about.id);
        let too_long = "x".repeat(2001);
        rosa.open(&format!("{way}/proposals")).await.fill("Why", &too_long).press("Add this proposal").await.expect(422);
        rosa.says("Choose an answer.").says("Write something here.").says("Use at most 2000 characters.");
        rosa.open(&format!("{way}/effects")).await.press("Write this down").await.expect(422);
        rosa.says("Choose what people said.").says("Choose the decision.").says("Choose how far it went.");
        rosa.says("Write something here.");
        // What is wrong with a step stands in the row in which it was written, whatever was left out before it.
        rosa.open(&format!("{way}/report")).await.fill("What you learned", &"x".repeat(10_001)).fill("By when (1)", "soon");
        rosa.fill("Step (1)", "").press("Save").await.expect(422).says("Write a day").says("Use at most 10000 characters.");
        rosa.says("Write something here.");
        rosa.fill("What you learned", "").fill("Step (1)", "One").fill("Who does it (1)", "The board");
        rosa.fill("By when (1)", "2027-06-01").press("Save and add a step").await.expect(200);
        rosa.fill("Step (1)", "").fill("Who does it (1)", "").fill("By when (1)", "").fill("By when (2)", "2027-06-02");
        rosa.press("Save").await.expect(422);
        assert!(rosa.html.contains("href=\"#f-what-1\"") && !rosa.html.contains("href=\"#f-what-0\""), "{}", rosa.html);
        rosa.open("/console/sunrise/settings")
            .await
            .fill("Name", "")
            .fill("Smallest group that numbers are shown about", "few")
            .press("Save")
            .await;
        rosa.expect(422).says("Use a whole number from 5 to 100.").says("Write something here.");
        rosa.open("/console/sunrise/staff").await.fill("E-mail address", "nobody").press("Invite").await.expect(422);
        rosa.says("Use an e-mail address.").says("Choose one.");
    });
}

#[test]
fn what_people_were_told_is_not_offered_for_change() {
    everywhere(|app| async move {
        let story = crate::story::Story::begin(app.clone()).await;
        let id = story.open("workshop", "co_design", serde_json::json!({})).await;
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        let way = format!("/console/sunrise/opportunities/{id}");
        rosa.open(&format!("{way}/terms")).await.says("It stays as it is.").hides("How many places are there?");
        rosa.fill("What support is there?", "Somebody is there for you.").press("Save").await.expect(200).says("Saved.");
        rosa.open(&format!("{way}/dates")).await.fill("Last day on which people can answer, or say yes", "2027-03-02");
        rosa.press("Save").await.expect(422).says("The closing day can move later, and never earlier.");
        rosa.open(&format!("{way}/dates")).await.fill("Day by which people hear what came of it", "2027-12-01");
        rosa.press("Save").await.expect(422).says("Say why the feedback day moves.");
        rosa.fill("If that day moves: why?", "We need more time.").press("Save").await.expect(200).says("Saved.");
        rosa.open(&format!("{way}/influence")).await;
        rosa.fill("What can people change?", "Nothing.").press("Save").await.expect(422).says("People were told this.");
    });
}

#[test]
fn what_was_typed_is_shown_to_whoever_was_signed_out_meanwhile() {
    everywhere(|app| async move {
        let mut rosa = rosa(&app).await;
        let project = project(&mut rosa).await;
        let way = way(&mut rosa, &project, "Questions to answer", "Consultation").await;
        rosa.open(&format!("{way}/describe")).await.fill("What it is, in a few sentences", "Many words that nobody types twice.");
        app.clock.advance(chrono::Duration::hours(24));
        rosa.press("Save").await.expect(401).says("Nothing was saved.").says("Many words that nobody types twice.");
        rosa.follow("Sign in").await.expect(200).says("Password");
    });
}

#[test]
fn coordinators_choose_the_look_and_read_the_log_and_change_no_address() {
    everywhere(|app| async move {
        let root = app.administrator().await;
        let member = app.coordinator(&root, "cora").await;
        let mut cora = app.at_the_console("cora@staff.example").await;
        cora.open("/console/sunrise/settings").await.expect(200).hides("Time zone").hides("Who works here");
        cora.fill("Whom people can turn to", "0300 000 000").press("Save").await.expect(200).says("Saved.").says("0300 000 000");
        cora.open("/console/sunrise/settings/look").await.fill("Colour of buttons and links", "#1d4ed8");
        cora.press("Save").await.expect(200);
        cora.open("/console/sunrise/audit").await.expect(200).says("change organisation").says("cora");
        cora.open("/console/sunrise/staff").await.expect(403);
        let given = json!({"slug": "moon", "name": "Sunrise", "contact": "x", "time_zone": "Europe/London", "minimum_group": 5});
        let path = format!("/api/organisations/{}", root.organisation);
        app.put(&path).token(&member.token).header("if-match", "*").json(&given).send().await.expect(403);
    });
}
