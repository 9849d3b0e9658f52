//! Places in two stages: letters by lot, names drawn among those who said yes, a reserve behind them.

use crate::{
    groups::{aged, disagreeing, files, quota, runs, verified},
    harness::{Mail, everywhere},
    story::Story,
};
use alongside::matching::file::Draw;
use chrono::Duration;
use entity::participant;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};

/// An open group for which names are drawn on 20 March among those who say yes.
async fn open(story: &Story, places: i32, quotas: Value) -> String {
    let id = story.open("co_design_group", "co_design", json!({"places": places, "reply_within_days": 7})).await;
    let body = json!({"quotas": quotas, "draws_on": "2027-03-20"});
    let call = story.app.put(story.ada.path(&format!("/opportunities/{id}/quotas"))).token(&story.ada.token);
    let set = call.header("if-match", "*").json(&body).send().await.expect(200);
    assert_eq!(set.json["draws_on"], json!("2027-03-20"));
    id
}

fn of(letters: &[Mail], group: &str) -> usize {
    letters.iter().filter(|letter| letter.to.starts_with(group)).count()
}

/// Lets time pass until names are drawn by themselves; what is written then.
async fn on_the_day(story: &mut Story) -> Vec<Mail> {
    later(story, 19).await
}

/// So many days later; what is written then.
async fn later(story: &mut Story, days: i64) -> Vec<Mail> {
    let app = story.app.clone();
    alongside::app::schedule(&app.app.platform).await.unwrap();
    app.clock.advance(Duration::days(days));
    app.run_jobs().await;
    story.ada = app.sign_in_again(&story.ada).await;
    app.outbox().await
}

async fn people(story: &Story, young: usize, old: usize) {
    for n in 0..young {
        aged(story, &format!("young{n}"), "16_24").await;
    }
    for n in 0..old {
        aged(story, &format!("old{n}"), "65_plus").await;
    }
}

#[test]
fn letters_go_out_first_and_names_are_drawn_among_those_who_said_yes() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        people(&story, 6, 6).await;
        let id = open(&story, 4, json!([quota("16_24", 2, 2), quota("65_plus", 1, 2)])).await;
        let letters = story.invite(&id, json!({"letters": 10, "seed": "lottery of 1 March: 3 14 15"})).await;
        assert_eq!(letters.len(), 10);
        let run = &runs(&story, &id).await[0];
        assert_eq!((&run["state"], &run["rules_version"], &run["asked"]), (&json!("done"), &json!("letters-1"), &json!(10)));
        let text = letters[0].text();
        assert!(text.contains("Names are drawn by lot on 20 March 2027") && text.contains("Answer by: 19 March 2027"), "{text}");
        assert!(!text.contains("Yours was\n  drawn") && !text.contains("Yours was drawn"), "{text}");
        let (public, whole) = files(&story, &id).await;
        assert_eq!((disagreeing(&public), disagreeing(&whole)), (vec![], vec![]));
        let (output, agrees) = verified(&whole);
        assert!(agrees && output.contains("the letters are shared out the same"), "{output}");
        let mut other = Draw::read(whole.as_bytes()).unwrap();
        other.head.grounds.as_mut().unwrap().letters.as_mut().unwrap().rates.of[0] = (500, 500);
        let wrong: Vec<_> = other.checks().into_iter().filter(|(_, agrees)| !agrees).map(|(what, _)| what).collect();
        assert_eq!(wrong, ["the letters are shared out the same"]);
        // A yes is no place yet, and none is held for anybody.
        let (mut young, mut old) = (Vec::new(), Vec::new());
        for letter in &letters {
            assert_eq!(story.take_place(&letter.token("ai_")).await, "waiting");
            if letter.to.starts_with("young") { young.push(letter) } else { old.push(letter) }
        }
        assert!(app.outbox().await.is_empty(), "nobody has a place yet");
        assert_eq!((runs(&story, &id).await.len(), story.count(&id, "waiting").await), (1, 10));
        let seen = app.post(format!("/i/{}", young[0].token("ai_"))).send().await.expect(303);
        let (address, cookie) =
            (seen.headers["location"].to_str().unwrap(), format!("__Secure-invitation={}", young[0].token("ai_")));
        let page = app.get(address).header("cookie", &cookie).send().await.expect(200).text;
        assert!(page.contains("You have said yes. Names are drawn on 20 March 2027."), "{page}");
        assert!(page.contains("How places are shared out") && page.contains("2: age band, 16 to 24"), "{page}");

        let told = on_the_day(&mut story).await;
        assert_eq!(told.len(), 10, "everybody who said yes is told");
        let drawn: Vec<&Mail> = told.iter().filter(|letter| letter.text().contains("You have a place in")).collect();
        let others: Vec<&Mail> = told.iter().filter(|letter| letter.text().contains("Your name was not among them.")).collect();
        assert_eq!((drawn.len(), others.len()), (4, 6));
        assert_eq!(drawn.iter().filter(|letter| letter.to.starts_with("young")).count(), 2);
        let run = &runs(&story, &id).await[0];
        assert_eq!((&run["rules_version"], &run["state"], &run["eligible"]), (&json!("lottery-3"), &json!("done"), &json!(10)));
        let (public, whole) = files(&story, &id).await;
        assert_eq!((disagreeing(&public), disagreeing(&whole)), (vec![], vec![]));
        // One of the young gives the place up: somebody young of those who said yes has it, by a draw of its own.
        let gone = drawn.iter().find(|letter| letter.to.starts_with("young")).unwrap();
        story.with(&gone.token("ai_"), "/decline", &json!({})).await.expect(200);
        let next = app.outbox().await;
        assert_eq!((next.len(), of(&next, "young")), (1, 1), "{:?}", next.iter().map(|letter| &letter.to).collect::<Vec<_>>());
        assert!(next[0].text().contains("You have a place in") && next[0].to != gone.to);
        let day = &story.ada.get(&app, &format!("/opportunities/{id}/quotas")).send().await.expect(200).json;
        assert!(day["drawn_at"].is_string());
        // It is not drawn again.
        let call = app.post(story.ada.path(&format!("/opportunities/{id}/draw"))).token(&story.ada.token);
        assert_eq!(call.json(&json!({})).send().await.expect(409).json["code"], "drawn");
    });
}

#[test]
fn those_who_seldom_say_yes_and_those_asked_least_recently_get_more_letters() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        people(&story, 12, 12).await;
        // Before, all of the old said yes and none of the young.
        let before = story.open("co_design_group", "co_design", json!({"places": 24, "title": "Before"})).await;
        for letter in story.invite(&before, json!({})).await {
            let reply = if letter.to.starts_with("old") { "/accept" } else { "/decline" };
            story.consent(&letter.token("ai_")).await;
            story.with(&letter.token("ai_"), reply, &json!({})).await.expect(200);
        }
        app.outbox().await;
        // As long as others may still answer, those who answered at once are not counted.
        later(&mut story, 15).await;
        // Another project, so that whoever said no may be asked.
        let (project, decision) = story.more().await;
        let changes = json!({"places": 4, "project": project, "decisions": [decision]});
        let id = story.open("co_design_group", "co_design", changes).await;
        let body = json!({"quotas": [quota("16_24", 2, 2), quota("65_plus", 2, 2)], "draws_on": "2027-03-20"});
        let call = app.put(story.ada.path(&format!("/opportunities/{id}/quotas"))).token(&story.ada.token);
        call.header("if-match", "*").json(&body).send().await.expect(200);
        // Six of the young were asked long ago, the others this month.
        let db = app.app.platform.db.write();
        for row in participant::Entity::find().all(db).await.unwrap() {
            let early = row.email.starts_with("young")
                && row.email.as_bytes()[5] < b'6'
                && !row.email[6..].starts_with(|c: char| c.is_ascii_digit());
            if early {
                let mut row = row.into_active_model();
                row.last_asked_at = Set(Some(app.clock.now() - Duration::days(500)));
                row.update(db).await.unwrap();
            }
        }
        let letters = story.invite(&id, json!({"letters": 8})).await;
        assert_eq!(letters.len(), 8);
        assert!(of(&letters, "young") > of(&letters, "old"), "{} {}", of(&letters, "young"), of(&letters, "old"));
        let early = |letter: &&Mail| {
            ["young0@", "young1@", "young2@", "young3@", "young4@", "young5@"].iter().any(|who| letter.to.starts_with(who))
        };
        let young = of(&letters, "young");
        assert_eq!(letters.iter().filter(early).count(), young.min(6), "those come first who were asked long ago");
        // More letters can follow, to others.
        let more = story.invite(&id, json!({"letters": 4})).await;
        assert_eq!(more.len(), 4);
        assert!(more.iter().all(|one| letters.iter().all(|other| other.to != one.to)), "nobody is asked twice");
        app.outbox().await;
    });
}

#[test]
fn a_draw_whose_quotas_cannot_be_kept_waits_for_whoever_decides() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        people(&story, 3, 3).await;
        let id = open(&story, 2, json!([quota("16_24", 1, 1), quota("65_plus", 1, 1)])).await;
        let call = app.post(story.ada.path(&format!("/opportunities/{id}/draw"))).token(&story.ada.token);
        assert_eq!(call.json(&json!({})).send().await.expect(409).json["code"], "too_early");
        let letters = story.invite(&id, json!({})).await;
        assert_eq!(letters.len(), 6, "twice as many yeses as places need more letters than there are people");
        for letter in letters.iter().filter(|letter| letter.to.starts_with("old")) {
            story.take_place(&letter.token("ai_")).await;
        }
        assert!(on_the_day(&mut story).await.is_empty(), "nobody young said yes: nobody is drawn, and nobody is told that");
        let run = &runs(&story, &id).await[0];
        assert_eq!((&run["state"], &run["rules_version"]), (&json!("stopped"), &json!("lottery-3")));
        assert!(
            run["groups"]["trouble"][0]
                .as_str()
                .unwrap()
                .starts_with("With the people who said yes, this quota cannot be kept: age band, "),
            "{run}"
        );
        // It does not try again with the same people; somebody is told that it is late, and so is whoever asks.
        assert!(later(&mut story, 1).await.is_empty());
        assert_eq!(runs(&story, &id).await.len(), 2);
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        rosa.open("/console/sunrise").await.says("names were to be drawn on 20 March 2027.");
        let token = letters.iter().find(|letter| letter.to.starts_with("old")).unwrap().token("ai_");
        let seen = app.post(format!("/i/{token}")).send().await.expect(303);
        let page = app.get(seen.headers["location"].to_str().unwrap()).header("cookie", &format!("__Secure-invitation={token}"));
        assert!(page.send().await.expect(200).text.contains("That is late, and we write to you when they are."));
        rosa.open(&format!("/console/sunrise/opportunities/{id}/draw")).await.says("People who have said yes 3");
        rosa.says("Names were not drawn, because the quotas cannot be kept");
        rosa.tick("Change the quotas as it is said above");
        rosa.press("Draw the names")
            .await
            .expect(200)
            .says("Names are being drawn. If the quotas can be kept, everybody who said yes gets a letter.");
        let told = app.outbox().await;
        assert_eq!(told.len(), 3);
        assert_eq!(told.iter().filter(|letter| letter.text().contains("You have a place in")).count(), 2);
    });
}

#[test]
fn a_day_that_cannot_be_is_refused() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let id = story.open("co_design_group", "co_design", json!({"places": 2})).await;
        let open = story.open("consultation", "consultation", json!({})).await;
        for (about, day, code) in
            [(&id, "2027-03-01", "past"), (&id, "2027-03-25", "before_it_begins"), (&open, "2027-03-10", "no_places")]
        {
            let call = app.put(story.ada.path(&format!("/opportunities/{about}/quotas"))).token(&story.ada.token);
            let body = json!({"quotas": [], "draws_on": day});
            let refused = call.header("if-match", "*").json(&body).send().await.expect(422).json;
            assert_eq!(
                (&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]),
                (&json!("/draws_on"), &json!(code)),
                "{refused}"
            );
        }
        // Letters are counted in two stages alone, and nobody draws among nobody.
        let call = app.post(story.ada.path(&format!("/opportunities/{id}/invitations"))).token(&story.ada.token);
        assert_eq!(call.json(&json!({"letters": 3})).send().await.expect(422).json["errors"][0]["pointer"], "/letters");
        let call = app.post(story.ada.path(&format!("/opportunities/{id}/draw"))).token(&story.ada.token);
        assert_eq!(call.json(&json!({})).send().await.expect(409).json["code"], "one_stage");
    });
}

#[test]
fn another_yes_after_a_draw_that_stopped_makes_it_go_on() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        people(&story, 2, 3).await;
        let id = open(&story, 2, json!([quota("16_24", 1, 1), quota("65_plus", 1, 1)])).await;
        let letters = story.invite(&id, json!({})).await;
        for letter in letters.iter().filter(|letter| letter.to.starts_with("old")) {
            story.take_place(&letter.token("ai_")).await;
        }
        assert!(on_the_day(&mut story).await.is_empty());
        let young = letters.iter().find(|letter| letter.to.starts_with("young")).unwrap();
        assert_eq!(story.take_place(&young.token("ai_")).await, "waiting");
        app.clock.advance(Duration::hours(2));
        let told = app.outbox().await;
        assert_eq!(told.len(), 4);
        let drawn: Vec<_> = told.iter().filter(|letter| letter.text().contains("You have a place in")).collect();
        assert_eq!((drawn.len(), drawn.iter().filter(|letter| letter.to == young.to).count()), (2, 1));
    });
}

#[test]
fn fewer_yeses_than_places_leave_places_free_and_break_no_quota() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        people(&story, 4, 4).await;
        let id = open(&story, 5, json!([quota("16_24", 1, 5), quota("65_plus", 0, 2)])).await;
        let letters = story.invite(&id, json!({})).await;
        let yes = |letter: &&Mail| letter.to.starts_with("old") || letter.to.starts_with("young0");
        for letter in letters.iter().filter(yes) {
            story.take_place(&letter.token("ai_")).await;
        }
        let told = on_the_day(&mut story).await;
        let places = told.iter().filter(|letter| letter.text().contains("You have a place in")).count();
        assert_eq!((told.len(), places), (5, 3), "one who is young, two who are old; two places stay free");
        // A place that is free is drawn for when somebody young says yes.
        let late = letters.iter().find(|letter| letter.to.starts_with("young1")).unwrap();
        story.take_place(&late.token("ai_")).await;
        let told = app.outbox().await;
        assert!(told.len() == 1 && told[0].to == late.to && told[0].text().contains("You have a place in"), "{}", told.len());
    });
}

#[test]
fn where_nothing_begins_names_are_drawn_after_it_has_closed() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        people(&story, 3, 0).await;
        let seat = json!({"places": 2, "starts_at": null, "closes_on": "2027-03-15"});
        let id = story.open("board_seat", "co_design", seat).await;
        let call = story.app.put(story.ada.path(&format!("/opportunities/{id}/quotas"))).token(&story.ada.token);
        let body = json!({"quotas": [], "draws_on": "2027-03-20"});
        call.header("if-match", "*").json(&body).send().await.expect(200);
        for letter in story.invite(&id, json!({})).await {
            assert!(letter.text().contains("Answer by: 15 March 2027"), "{}", letter.text());
            assert_eq!(story.take_place(&letter.token("ai_")).await, "waiting");
        }
        assert!(later(&mut story, 16).await.is_empty(), "it has closed, and those who said yes wait for the draw");
        assert_eq!(story.count(&id, "waiting").await, 3);
        let told = later(&mut story, 3).await;
        let has = |words: &str| told.iter().filter(|letter| letter.text().contains(words)).count();
        assert_eq!((has("You have a place in"), has("Your name was not among them.")), (2, 1));
    });
}

#[test]
fn a_draw_that_could_not_be_made_gets_another_day_and_whoever_said_yes_is_told() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        people(&story, 1, 3).await;
        let id = open(&story, 2, json!([quota("16_24", 1, 1), quota("65_plus", 1, 1)])).await;
        let set = async |story: &Story, quotas: Value, day: &str| {
            let call = story.app.put(story.ada.path(&format!("/opportunities/{id}/quotas"))).token(&story.ada.token);
            call.header("if-match", "*").json(&json!({"quotas": quotas, "draws_on": day})).send().await
        };
        let letters = story.invite(&id, json!({})).await;
        for letter in letters.iter().filter(|letter| letter.to.starts_with("old")) {
            story.take_place(&letter.token("ai_")).await;
        }
        // People were told a day: nothing changes before it.
        assert_eq!(set(&story, json!([]), "2027-03-22").await.expect(409).json["code"], "asked");
        assert!(on_the_day(&mut story).await.is_empty());
        let call = app.post(story.ada.path(&format!("/opportunities/{id}/invitations"))).token(&story.ada.token);
        assert_eq!(call.json(&json!({"letters": 1})).send().await.expect(409).json["code"], "too_late");
        set(&story, json!([quota("65_plus", 1, 2)]), "2027-03-22").await.expect(200);
        let told = app.outbox().await;
        assert_eq!(told.len(), 3);
        assert!(told[0].text().contains("They are drawn on 22 March 2027."), "{}", told[0].text());
        let told = later(&mut story, 2).await;
        assert_eq!(told.iter().filter(|letter| letter.text().contains("You have a place in")).count(), 2);
    });
}

#[test]
fn whoever_wants_long_notice_and_knew_the_day_is_in_the_draw() {
    everywhere(|app| async move {
        let mut story = Story::begin(app.clone()).await;
        let wishes = json!({"stance": {"kind": "up_to", "rung": "co_design"}, "load": {"notice_days_min": 14}});
        story.person("nell", wishes).await;
        let id = open(&story, 1, json!([])).await;
        let letters = story.invite(&id, json!({})).await;
        story.take_place(&letters[0].token("ai_")).await;
        let told = on_the_day(&mut story).await;
        assert!(told.len() == 1 && told[0].text().contains("You have a place in"), "{}", told.len());
    });
}
