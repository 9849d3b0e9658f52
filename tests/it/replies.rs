//! Answers to letters by e-mail: who reads them, what they count for, and that they stay the person's own.

use crate::{
    harness::{Browser, Mail, Participant, TestApp, everywhere},
    story::Story,
};
use entity::{InboundState, mail_inbound, mail_reply};
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};

/// The address for answers in the corpus.
const THEIRS: &str = "r+aaaqeayeaudaocajbifqydiob6q3fq6u4x3aogbjhi@example.org";
const TOKEN: &str = "a-token-of-a-mail-server";

/// The same application, to which mail comes back.
pub fn receiving(app: &TestApp) -> TestApp {
    app.with(|config| {
        config.delivery.returns = Some("returns.sunrise.example".into());
        config.delivery.returns_token = TOKEN.into();
    })
}

/// A field of a letter's head.
pub fn field(letter: &Mail, name: &str) -> Option<String> {
    let head = letter.raw.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
    head.split("\r\n").find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
}

/// A message of the corpus, as an answer to a letter by whom it went to.
pub fn corpus(name: &str, letter: &Mail) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/returned/{name}.eml"));
    let raw = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    raw.replace(THEIRS, &field(letter, "Reply-To").unwrap()).replace("lina@example.net", &letter.to)
}

/// An answer with these words.
pub fn answer(letter: &Mail, words: &str) -> String {
    let (to, from) = (field(letter, "Reply-To").unwrap(), &letter.to);
    let id: String = words.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    format!(
        "From: {from}\nTo: {to}\nSubject: Re: yours\nMessage-ID: <{id}@people.example>\nContent-Type: text/plain; charset=utf-8\n\n{words}\n"
    )
}

/// Comes in, and is read.
pub async fn comes_in(app: &TestApp, raw: impl Into<Vec<u8>>) -> InboundState {
    app.post("/inbound").token(TOKEN).bytes(raw.into(), "message/rfc822").send().await.expect(202);
    app.run_jobs().await;
    let rows =
        mail_inbound::Entity::find().order_by_desc(mail_inbound::Column::Id).all(app.app.platform.db.read()).await.unwrap();
    assert!(rows.iter().all(|row| row.state == InboundState::Kept || row.raw.is_none()), "what is understood is not kept");
    rows[0].state
}

/// All answers there are, the oldest first.
pub async fn all(app: &TestApp) -> Vec<mail_reply::Model> {
    mail_reply::Entity::find().order_by_asc(mail_reply::Column::Id).all(app.app.platform.db.read()).await.unwrap()
}

/// A workshop, and Ben who was invited to it and can answer.
pub struct Scene {
    pub app: TestApp,
    pub story: Story,
    pub ben: Participant,
    pub workshop: String,
    pub letter: Mail,
}

impl Scene {
    pub async fn set(app: &TestApp) -> Self {
        Self::with(app, "erase_raw_unpublished").await
    }

    pub async fn with(app: &TestApp, effect: &str) -> Self {
        let app = receiving(app);
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let workshop = story.open_with("workshop", "co_design", json!({}), effect).await;
        let letter = story.invite(&workshop, json!({})).await.remove(0);
        Self { app, story, ben, workshop, letter }
    }

    async fn take_place(&self) {
        self.story.take_place(&self.letter.token("ai_")).await;
        self.app.outbox().await;
    }

    async fn listed(&self, query: &str) -> Vec<Value> {
        let list = self.story.ada.get(&self.app, &format!("/replies{query}")).send().await.expect(200).json;
        list["items"].as_array().unwrap().clone()
    }

    async fn post(&self, id: &str, rest: &str, body: Value) -> crate::harness::Answer {
        self.story.ada.post(&self.app, &format!("/replies/{id}{rest}"), &body).await
    }

    async fn read(&self, id: &str) -> Value {
        self.story.ada.get(&self.app, &format!("/replies/{id}")).send().await.expect(200).json
    }

    async fn mine(&self) -> Vec<Value> {
        self.ben.get(&self.app, "/replies").send().await.expect(200).json["items"].as_array().unwrap().clone()
    }

    async fn contributions(&self) -> Value {
        let path = format!("/opportunities/{}/contributions", self.workshop);
        self.story.ada.get(&self.app, &path).send().await.expect(200).json["items"].clone()
    }
}

#[test]
fn letters_to_people_can_be_answered_and_say_so_and_those_to_staff_cannot() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let to = field(&scene.letter, "Reply-To").unwrap();
        assert!(to.starts_with("r+") && to.ends_with("@returns.sunrise.example") && to.find('@').unwrap() <= 64, "{to}");
        assert!(scene.letter.words().contains("You can answer this letter by e-mail."), "{}", scene.letter.words());
        assert!(scene.letter.html().contains("You can answer this letter by e-mail."));
        let gus = json!({"email": "gus@staff.example", "role": "viewer"});
        scene.story.ada.post(&scene.app, "/staff", &gus).await.expect(202);
        let letter = scene.app.outbox().await.remove(0);
        assert_eq!(field(&letter, "Reply-To"), None);
        assert!(!letter.words().contains("by e-mail"));
        // Where nothing is taken, nothing is said.
        app.post("/api/public/sunrise/sign-in").json(&json!({"email": scene.ben.email})).send().await.expect(202);
        let letter = app.outbox().await.remove(0);
        assert_eq!(field(&letter, "Reply-To"), None);
        assert!(!letter.words().contains("by e-mail"));
    });
}

#[test]
fn an_answer_counts_as_if_it_had_been_said_there_and_stays_the_persons_own() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        assert_eq!(comes_in(app, corpus("reply-gmail", &scene.letter)).await, InboundState::Done);
        let listed = scene.listed("").await;
        assert_eq!((listed.len(), &listed[0]["state"], &listed[0]["title"]), (1, &json!("new"), &json!("Your view")));
        let line = listed[0].to_string();
        assert!(!line.contains("trees") && !line.contains("ben") && !line.contains(&scene.ben.id), "{line}");
        let id = listed[0]["id"].as_str().unwrap().to_owned();
        let found = scene.read(&id).await;
        assert_eq!(found["words"], "Yes please, more trees and a bench.");
        let whole = found["whole"].as_str().unwrap();
        assert!(whole.contains("> You are invited") && !whole.contains("r+"), "{whole}");
        assert_eq!(
            (&found["participant"], &found["sure"], &found["same_sender"]),
            (&json!(scene.ben.id), &json!(true), &json!(true))
        );
        // Nobody speaks for a person who has not agreed, or has no part in it.
        assert_eq!(scene.post(&id, "/take", json!({"words": "own"})).await.expect(409).json["code"], "no_consent");
        let token = scene.letter.token("ai_");
        scene.story.consent(&token).await;
        assert_eq!(scene.post(&id, "/take", json!({"words": "own"})).await.expect(409).json["code"], "no_part");
        scene.story.with(&token, "/accept", &json!({})).await.expect(200);
        app.outbox().await;
        assert_eq!(scene.mine().await[0]["state"], "new");
        let taken = scene.post(&id, "/take", json!({"words": "own"})).await.expect(200).json;
        assert_eq!((&taken["state"], &taken["whole"], &taken["words"]), (&json!("taken"), &Value::Null, &found["words"]));
        let again = scene.post(&id, "/take", json!({"words": "whole"})).await.expect(200).json;
        assert_eq!(again["contribution"], taken["contribution"]);
        assert_eq!(scene.post(&id, "/set-aside", json!({"reason": "No."})).await.expect(409).json["code"], "taken");
        let given = scene.contributions().await;
        assert_eq!((given.as_array().unwrap().len(), &given[0]["text"], &given[0]["quote"]), (1, &found["words"], &json!("no")));
        // The words are kept once.
        let row = all(app).await.remove(0);
        assert_eq!((row.words, row.whole), (None, None));
        // The person sees it, and who looked.
        let mine = scene.mine().await;
        assert_eq!((&mine[0]["state"], &mine[0]["words"], mine.len()), (&json!("taken"), &found["words"], 1));
        let looks = scene.ben.get(app, "/readings").send().await.expect(200).json;
        assert!(looks["items"].as_array().unwrap().iter().any(|look| look["what"] == "reply"), "{looks}");
        let own = scene.ben.get(app, &format!("/opportunities/{}/contributions", scene.workshop)).send().await.expect(200).json;
        assert_eq!(own["items"][0]["text"], found["words"]);
        let audit = scene.story.ada.get(app, "/audit").send().await.expect(200).text;
        assert!(audit.contains("take_reply") && !audit.contains("bench"), "{audit}");
        // And can take it back, after which nobody can read it.
        scene.ben.post(app, &format!("/replies/{id}/withdraw"), &json!({})).await.expect(204);
        assert_eq!(scene.contributions().await[0]["text"], Value::Null);
        assert_eq!((&scene.read(&id).await["words"], &scene.mine().await[0]["words"]), (&Value::Null, &Value::Null));
        app.outbox().await;
    });
}

#[test]
fn an_answer_is_set_aside_with_a_reason_that_the_person_reads() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        scene.take_place().await;
        comes_in(app, corpus("reply-only-quotation", &scene.letter)).await;
        comes_in(app, corpus("reply-attachment", &scene.letter)).await;
        let ids: Vec<String> =
            scene.listed("?state=new").await.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        let refused = scene.post(&ids[0], "/set-aside", json!({"reason": " "})).await.expect(422).violations();
        assert_eq!(refused, [("/reason".to_owned(), "required".to_owned())]);
        let aside = scene.post(&ids[0], "/set-aside", json!({"reason": "We rang you."})).await.expect(200).json;
        assert_eq!((&aside["state"], &aside["reason"]), (&json!("set_aside"), &json!("We rang you.")));
        let mine = scene.mine().await;
        assert_eq!((&mine[1]["state"], &mine[1]["reason"]), (&json!("set_aside"), &json!("We rang you.")));
        assert_eq!((scene.listed("?state=new").await.len(), scene.listed("?state=set_aside").await.len()), (1, 1));
        let about = format!("?opportunity={}", scene.workshop);
        assert_eq!(scene.listed(&about).await.len(), 2);
        let page = scene.story.ada.get(app, "/replies?limit=1").send().await.expect(200).json;
        let next = page["next"].as_str().unwrap();
        assert_eq!(scene.listed(&format!("?limit=1&after={next}")).await[0]["id"], json!(ids[1]));
        // A file alone is told of, and not kept.
        let file = scene.read(&ids[1]).await;
        assert_eq!(
            (&file["attachments"], &file["attachment_names"], &file["words"]),
            (&json!(1), &json!(["Straße.jpg"]), &json!(""))
        );
        assert_eq!(scene.post(&ids[1], "/take", json!({"words": "whole"})).await.expect(409).json["code"], "no_words");
        // Who changes their mind can still count it.
        let taken = scene.post(&ids[0], "/take", json!({"words": "whole"})).await.expect(200).json;
        assert_eq!((&taken["state"], &taken["reason"]), (&json!("taken"), &Value::Null));
        assert_eq!(scene.contributions().await[0]["text"], "> You are invited to say how the street should look.");
        // What nobody took, the person takes back without a trace.
        scene.ben.post(app, &format!("/replies/{}/withdraw", ids[1]), &json!({})).await.expect(204);
        assert_eq!(all(app).await.len(), 1);
        scene.ben.post(app, &format!("/replies/{}/withdraw", ids[1]), &json!({})).await.expect(404);
    });
}

#[test]
fn answers_are_read_by_those_who_may_know_both_who_and_what() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        comes_in(app, answer(&scene.letter, "Thursday suits me.")).await;
        let id = scene.listed("").await[0]["id"].as_str().unwrap().to_owned();
        let body = json!({"reason": "No."});
        for role in ["viewer", "analyst"] {
            let staff = app.staff(&scene.story.ada, role, role).await;
            for path in ["/replies".to_owned(), format!("/replies/{id}")] {
                staff.get(app, &path).send().await.expect(403);
            }
            staff.post(app, &format!("/replies/{id}/set-aside"), &body).await.expect(403);
            staff.post(app, &format!("/replies/{id}/take"), &json!({"words": "own"})).await.expect(403);
        }
        // Another organisation finds nothing, nor does another person.
        let other = app.organisation(&scene.story.ada, "moonlit").await;
        assert_eq!(other.get(app, "/replies").send().await.expect(200).json["items"], json!([]));
        other.get(app, &format!("/replies/{id}")).send().await.expect(404);
        other.post(app, &format!("/replies/{id}/set-aside"), &body).await.expect(404);
        other.post(app, &format!("/replies/{id}/take"), &json!({"words": "own"})).await.expect(404);
        let eve = app.participant(&scene.story.ada, "eve").await;
        assert_eq!(eve.get(app, "/replies").send().await.expect(200).json["items"], json!([]));
        eve.post(app, &format!("/replies/{id}/withdraw"), &json!({})).await.expect(404);
        assert_eq!(scene.mine().await.len(), 1);
        app.outbox().await;
    });
}

#[test]
fn what_somebody_answered_goes_with_what_they_take_back() {
    for effect in ["erase_raw_unpublished", "erase_all_identifiable"] {
        everywhere(|app| async move {
            let scene = Scene::with(&app, effect).await;
            let app = &scene.app;
            scene.take_place().await;
            for words in ["Thursday suits me.", "So does Friday."] {
                comes_in(app, answer(&scene.letter, words)).await;
            }
            let ids: Vec<String> = scene.listed("").await.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
            scene.post(&ids[0], "/take", json!({"words": "own"})).await.expect(200);
            let body = json!({"purpose": "participate", "opportunity": scene.workshop});
            scene.ben.post(app, "/consents/withdraw", &body).await.expect(200);
            app.run_jobs().await;
            let left = all(app).await;
            assert!(left.iter().all(|row| row.contribution_id.is_some()), "what nobody took is gone");
            assert_eq!(left.len(), usize::from(effect != "erase_all_identifiable"), "{effect}");
            if !left.is_empty() {
                let words = scene.read(&ids[0]).await["words"].clone();
                assert_eq!(words.is_null(), effect == "erase_raw_unpublished", "{effect}");
            }
            // Who took their part back is not heard about it behind their back, and that says nothing of them.
            assert_eq!(comes_in(app, answer(&scene.letter, "One more thing.")).await, InboundState::Ignored);
            assert_eq!(all(app).await.len(), left.len());
            let rows = mail_inbound::Entity::find().order_by_desc(mail_inbound::Column::Id);
            let row = rows.one(app.app.platform.db.read()).await.unwrap().unwrap();
            assert_eq!((row.why.as_deref(), row.raw), (Some("whom the letter went to is not heard any more"), None));
            app.outbox().await;
        });
    }
}

#[test]
fn whoever_leaves_leaves_no_answer_behind_that_counts_nowhere() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        scene.take_place().await;
        for words in ["Thursday suits me.", "So does Friday."] {
            comes_in(app, answer(&scene.letter, words)).await;
        }
        let id = scene.listed("").await[0]["id"].as_str().unwrap().to_owned();
        scene.post(&id, "/take", json!({"words": "own"})).await.expect(200);
        scene.ben.post(app, "/leave", &json!({})).await.expect(200);
        app.run_jobs().await;
        assert_eq!(all(app).await.iter().map(|row| row.id.to_string()).collect::<Vec<_>>(), [id]);
        assert_eq!(scene.contributions().await[0]["text"], "Thursday suits me.", "it stays there as they agreed");
        assert_eq!(comes_in(app, answer(&scene.letter, "One more thing.")).await, InboundState::Ignored);
        assert_eq!(all(app).await.len(), 1);
        app.outbox().await;
    });
}

#[test]
fn whoever_steps_out_says_what_becomes_of_what_they_answered() {
    for (choice, rows) in [("keep", 2), ("anonymise", 0), ("withdraw", 0)] {
        everywhere(|app| async move {
            let scene = Scene::set(&app).await;
            let app = &scene.app;
            scene.take_place().await;
            for words in ["Thursday suits me.", "So does Friday."] {
                comes_in(app, answer(&scene.letter, words)).await;
            }
            let id = scene.listed("").await[0]["id"].as_str().unwrap().to_owned();
            scene.post(&id, "/take", json!({"words": "own"})).await.expect(200);
            let body = json!({"choice": "leave", "contributions": choice});
            scene.ben.post(app, &format!("/opportunities/{}/part", scene.workshop), &body).await.expect(200);
            app.run_jobs().await;
            assert_eq!(all(app).await.len(), rows, "{choice}");
            let text = scene.contributions().await[0]["text"].clone();
            assert_eq!(text.is_null(), choice == "withdraw", "{choice}");
            app.outbox().await;
        });
    }
}

#[test]
fn somebody_who_asks_for_no_more_letters_gets_none() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        let stopped = async || scene.ben.get(app, "/stopped-letters").send().await.expect(200).json;
        comes_in(app, answer(&scene.letter, "Please stop the noise on the ward.")).await;
        assert_eq!(stopped().await, json!([]));
        // From where nothing proves that they wrote it, staff are told and nothing is stopped.
        let unproved =
            answer(&scene.letter, "Unsubscribe").replace(&field(&scene.letter, "Reply-To").unwrap(), "alongside@sunrise.example");
        let name = field(&scene.letter, "Message-ID").unwrap();
        comes_in(app, format!("In-Reply-To: {name}\n{unproved}")).await;
        assert_eq!(stopped().await, json!([]));
        comes_in(app, answer(&scene.letter, "please stop.")).await;
        let rows = all(app).await;
        let told: Vec<_> = rows.iter().map(|row| (row.sure, row.asks_to_stop, row.stopped)).collect();
        assert_eq!(told, [(true, false, false), (false, true, false), (true, true, true)]);
        let now = stopped().await;
        assert_eq!((&now[0]["family"], &now[0]["reason"]), (&json!("invitations"), &json!("unsubscribed")));
        comes_in(app, answer(&scene.letter, "Stop all emails please")).await;
        assert!(stopped().await.as_array().unwrap().iter().any(|row| row["family"] == "all"));
        assert!(app.outbox().await.is_empty(), "nobody is written to because of that");
    });
}

#[test]
fn coordinators_and_people_work_with_answers_on_their_pages() {
    everywhere(|app| async move {
        let scene = Scene::set(&app).await;
        let app = &scene.app;
        scene.take_place().await;
        comes_in(app, corpus("reply-gmail-between", &scene.letter)).await;
        comes_in(app, answer(&scene.letter, "So does Friday.").replace("From: ben@", "From: bens.sister@")).await;
        let mut desk = app.at_the_console("root@sunrise.example").await;
        desk.open("/console/sunrise").await.says("2 answers have not been looked at yet.");
        desk.open("/console/sunrise/tasks").await.says("2 answers have not been looked at yet.");
        desk.follow("Read what people answered").await.expect(200).says("Your view").hides("lime");
        let link = desk.links().into_iter().find(|link| link.contains("/replies/")).unwrap();
        desk.open(&link).await.expect(200).says("Yes, lime trees.").says("ben").says("Parts of it stand between lines");
        desk.says("The whole text").says("Links are taken out").hides("Whose words are these?");
        desk.press("Set it aside").await.expect(422).says("Why, or what did you do about it?");
        desk.open(&link).await.choose("Which words count?", "The whole text").press("Count it as said to: Your view").await;
        desk.expect(200).says("It counts now, and the person sees that.").says("Your view");
        let link = desk.links().into_iter().find(|link| link.contains("/replies/")).unwrap();
        desk.open(&link).await.says("Whose words are these?").says("It came from another address");
        desk.fill("Why, or what did you do about it?", "Friday is taken.").press("Set it aside").await.expect(200);
        desk.says("It is set aside, and the person reads why.").says("No answer waits.");
        desk.follow("See answers that count").await.says("Your view");
        let mut browser = Browser::new(app);
        browser.sign_in(&scene.ben, "sunrise").open("/o/sunrise/me/record").await;
        browser.follow("What I answered to letters by e-mail").await.expect(200);
        browser
            .says("It was read, and it is not counted.")
            .says("Friday is taken.")
            .says("It counts together with what others said.");
        let button = browser
            .forms()
            .iter()
            .flat_map(|form| form.buttons.iter().map(|(words, _)| words.clone()).collect::<Vec<_>>())
            .find(|words| words.starts_with("Take it back"))
            .unwrap();
        browser.press(&button).await.expect(200).says("You have taken it back. Its words are gone.").hides("Friday is taken.");
        assert_eq!(all(app).await.len(), 1);
        app.outbox().await;
    });
}
