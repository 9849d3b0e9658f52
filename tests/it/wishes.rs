//! What people said about how they want to be involved, and what becomes of it when they are asked.

use crate::{harness::everywhere, story::Story};
use alongside::{invitations::INVITE, platform::mail::suppression};
use chrono::Duration;
use entity::{OrganisationId, SuppressionReason};
use sea_orm::EntityTrait;
use serde_json::json;

#[test]
fn people_are_told_truly_why_they_are_asked_first() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let light = json!({"kind": "up_to", "rung": "consultation"});
        story.person("ben", json!({"stance": light, "review_after": "2027-03-01"})).await;
        let cat = story.person("cat", json!({"stance": light})).await;
        cat.post(&app, "/pause", &json!({"until": "2027-03-02"})).await.expect(201);
        story.person("dan", json!({"stance": {"kind": "ask_each_time"}})).await;
        story.person("eve", json!({"stance": light, "topics": {"ask_first": [story.topic]}})).await;
        let fay = app.participant(&story.ada, "fay").await;
        story.agree(&fay, &["contact_invite"]).await;
        // Says it in their own words, without naming what follows.
        let gus = story.person("gus", json!({"stance": light})).await;
        gus.put(&app, "/preferences", &json!({"stance": {"kind": "paused", "until": "2027-03-02"}})).await.expect(200);
        app.run_jobs().await;
        app.clock.advance(Duration::days(2));
        let story = Story { ada: app.sign_in_again(&story.ada).await, ..story };
        let id = story.open("consultation", "consultation", json!({"topics": [story.topic]})).await;
        let letters = story.invite(&id, json!({})).await;
        let pause = "Your pause has ended. Until you choose again, we ask you first.";
        let expected = [
            ("ben", "The day for looking at your choices again has passed, so we ask you first."),
            ("cat", pause),
            ("dan", "You asked us to ask you each time."),
            ("eve", "It is about a topic on which you want to be asked first."),
            ("fay", "You have not told us yet how you want to be involved, so we ask you first."),
            ("gus", pause),
        ];
        assert_eq!(letters.len(), expected.len());
        for (name, reason) in expected {
            let letter = letters.iter().find(|letter| letter.to.starts_with(name)).unwrap();
            let seen = app.get("/api/invitation").token(&letter.token("ai_")).send().await.expect(200).json;
            assert_eq!((&seen["question_first"], &seen["why"][0]), (&json!(true), &json!(reason)));
            assert!(letter.words().contains(&format!("{reason} So here is a question")), "{}", letter.words());
        }
        // Neither age nor a pause widens what anybody is asked: a group was wanted by two of them alone.
        let group = story.open("co_design_group", "co_design", json!({"places": 10})).await;
        let mut asked: Vec<_> = story.invite(&group, json!({})).await.into_iter().map(|letter| letter.to).collect();
        asked.sort_unstable();
        assert_eq!(asked, ["dan@people.example", "fay@people.example"]);
    });
}

#[test]
fn who_stopped_invitations_wins_no_seat_and_can_let_them_come_again() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let deep = json!({"stance": {"kind": "up_to", "rung": "co_design"}});
        let ben = story.person("ben", deep.clone()).await;
        story.person("cat", deep).await;
        let platform = &app.app.platform;
        let organisation: OrganisationId = story.ada.organisation.parse().unwrap();
        let stop = async |address: &str, reason| {
            suppression::suppress(platform.db.write(), platform, organisation, address, INVITE, reason, None).await.unwrap();
        };
        stop("ben@people.example", SuppressionReason::Unsubscribed).await;
        stop("cat@people.example", SuppressionReason::Bounced).await;
        let id = story.open("workshop", "co_design", json!({})).await;
        let seen = story.ada.post(&app, &format!("/opportunities/{id}/match"), &json!({})).await.expect(200).json;
        assert_eq!((&seen["considered"], &seen["eligible"]), (&json!(2), &json!(0)));
        let stopped = ben.get(&app, "/stopped-letters").send().await.expect(200).json;
        assert_eq!(stopped.as_array().unwrap().len(), 1);
        assert_eq!((&stopped[0]["family"], &stopped[0]["reason"]), (&json!("invitations"), &json!("unsubscribed")));
        for _ in 0..2 {
            app.delete("/api/me/stopped-letters/invitations").token(&ben.token).send().await.expect(204);
        }
        assert_eq!(ben.get(&app, "/stopped-letters").send().await.expect(200).json, json!([]));
        let letters = story.invite(&id, json!({})).await;
        assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["ben@people.example"]);
    });
}

#[test]
fn an_invitation_that_nobody_heard_of_counts_for_nothing() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        // Letters may come in the evening, and one a month.
        let wish = json!({
            "stance": {"kind": "up_to", "rung": "consultation"}, "load": {"invites_per_month_max": 1},
            "contact": {"from_hour": 18, "to_hour": 20},
        });
        let ben = story.person("ben", wish.clone()).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        assert!(story.invite(&id, json!({})).await.is_empty());
        ben.put(&app, "/preferences", &json!({"stance": {"kind": "paused"}})).await.expect(200);
        app.run_jobs().await;
        assert_eq!(story.count(&id, "withdrawn").await, 1);
        ben.put(&app, "/preferences", &wish).await.expect(200);
        app.run_jobs().await;
        assert!(story.invite(&id, json!({})).await.is_empty());
        app.clock.advance(Duration::hours(10));
        let letters = app.outbox().await;
        assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), ["ben@people.example"]);
        // One that was heard of counts, and the next is too much.
        let story = Story { ada: app.sign_in_again(&story.ada).await, ..story };
        let other = story.open("consultation", "consultation", json!({})).await;
        let seen = story.ada.post(&app, &format!("/opportunities/{other}/match"), &json!({})).await.expect(200).json;
        assert_eq!(seen["eligible"], 0);
    });
}

#[test]
fn a_step_down_keeps_the_question() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = story.person("ben", json!({"stance": {"kind": "ask_each_time"}})).await;
        ben.post(&app, "/step-down", &json!({"rung": "consultation"})).await.expect(201);
        let now = ben.get(&app, "/preferences").send().await.expect(200).json;
        assert_eq!(
            now["document"]["stance"],
            json!({"kind": "ask_each_time", "rungs": ["educating", "informing", "consultation"]})
        );
        app.run_jobs().await;
        let group = story.open("co_design_group", "co_design", json!({})).await;
        assert!(story.invite(&group, json!({})).await.is_empty());
        let light = story.open("consultation", "consultation", json!({})).await;
        let letters = story.invite(&light, json!({})).await;
        assert!(letters[0].words().contains("You asked us to ask you each time. So here is a question"));
    });
}

#[test]
fn nobody_is_asked_into_a_group_that_they_could_not_bear_or_of_which_nothing_is_said() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let with = |group: serde_json::Value| json!({"stance": {"kind": "up_to", "rung": "co_design"}, "group_safety": group});
        for (name, group) in [
            ("ann", json!({})),
            ("bea", json!({"women_only": true})),
            ("cat", json!({"same_experience": true, "known_facilitator": true})),
            ("dee", json!({"not_with": ["police", "council_staff"]})),
        ] {
            story.person(name, with(group)).await;
        }
        let asked = async |kind: &str, changes: serde_json::Value| {
            let (project, decision) = story.more().await;
            let mut changes = changes;
            changes["project"] = json!(project);
            changes["decisions"] = json!([decision]);
            if kind != "consultation" {
                changes["places"] = json!(10);
            }
            let id = story.open(kind, "consultation", changes).await;
            let letters = story.invite(&id, json!({})).await;
            let mut names: Vec<String> = letters.iter().map(|letter| letter.to[..3].to_owned()).collect();
            names.sort_unstable();
            (names.join(" "), letters, id)
        };
        let (names, letters, _) = asked("workshop", json!({})).await;
        assert_eq!(names, "ann", "nothing is said");
        assert!(!letters[0].words().contains("Who is there"));
        let women = json!({"women_only": true, "present": ["clinicians", "police", "police"]});
        let (names, letters, id) = asked("focus_group", json!({"group": women})).await;
        assert_eq!(names, "ann bea");
        let said = "This group is for women. Also there: Doctors, nurses or therapists; The police.";
        assert!(letters[0].words().contains(said), "{}", letters[0].words());
        let page = app.get(format!("/o/{}/opportunities/{id}", story.ada.slug)).send().await.expect(200);
        assert!(page.text.contains(said) && page.text.contains("A talk in a small group"), "{}", page.text);
        let public = app.get(format!("/api/public/{}/opportunities/{id}", story.ada.slug)).send().await.expect(200).json;
        assert_eq!(public["group"]["present"], json!(["clinicians", "police"]));
        let same = json!({"same_experience": true, "known_facilitator": true, "present": ["researchers"]});
        assert_eq!(asked("co_design_group", json!({"group": same})).await.0, "ann cat dee");
        assert_eq!(asked("workshop", json!({"group": {"present": []}})).await.0, "ann dee", "nobody else is there");
        // It counts for nothing that is done alone, or with one person.
        assert_eq!(asked("interview", json!({})).await.0, "ann bea cat dee");
        assert_eq!(asked("consultation", json!({})).await.0, "ann bea cat dee");
    });
}

#[test]
fn every_activity_that_people_can_choose_can_be_offered() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let wish = |kinds: serde_json::Value| json!({"stance": {"kind": "up_to", "rung": "co_design"}, "activity_types": kinds});
        let ben = story.person("ben", wish(json!(["citizens_jury", "interview_panel", "training_or_speaking"]))).await;
        story.person("cat", wish(json!(["workshop"]))).await;
        for (activity, to) in [
            (json!("citizens_jury"), "ben@people.example"),
            (json!("interview_panel"), "ben@people.example"),
            (json!("training_or_speaking"), "ben@people.example"),
            (json!("workshop"), "cat@people.example"),
            (json!(null), "cat@people.example"),
        ] {
            let (project, decision) = story.more().await;
            let changes = json!({"project": project, "decisions": [decision], "activity": activity});
            let id = story.open("workshop", "consultation", changes).await;
            let letters = story.invite(&id, json!({})).await;
            assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), [to], "{activity}");
            let path = format!("/opportunities/{id}");
            let mut seen = story.ada.get(&app, &path).send().await.expect(200).json;
            let effective = if activity.is_null() { json!("workshop") } else { activity.clone() };
            assert_eq!(seen["activity"], effective);
            let public = app.get(format!("/api/public/{}{path}", story.ada.slug)).send().await.expect(200).json;
            assert_eq!(public["activity"], effective);
            // What is sent back as it was read changes nothing, and people keep what they were told.
            let fields = story.draft("workshop", "consultation", json!({"project": null, "activity": null, "group": null}));
            let known = fields.as_object().unwrap();
            let seen = seen.as_object_mut().unwrap();
            seen.retain(|name, _| {
                known.contains_key(name) || ["notice", "topics", "reply_within_days", "group"].contains(&name.as_str())
            });
            story.ada.put(&app, &path, &json!(seen)).await.expect(200);
            seen.insert("activity".into(), json!("board_or_steering"));
            seen.insert("group".into(), json!({"women_only": true}));
            let refused = story.ada.put(&app, &path, &json!(seen)).await.expect(409).violations();
            assert_eq!(refused, [("/activity".to_owned(), "fixed".to_owned()), ("/group".to_owned(), "fixed".to_owned())]);
        }
        let why = ben.get(&app, "/asking").send().await.expect(200).json;
        assert!(why["items"].as_array().unwrap().iter().any(|one| one["why_not"] == "activity"), "{why}");
        for (kind, changes, at) in [
            ("consultation", json!({"activity": "citizens_jury"}), "/activity"),
            ("interview", json!({"group": {"women_only": true}}), "/group"),
            ("consultation", json!({"group": {"women_only": true}}), "/group"),
        ] {
            let refused = story.ada.post(&app, "/opportunities", &story.draft(kind, "consultation", changes)).await;
            assert_eq!(refused.expect(422).violations(), [(at.to_owned(), "not_used".to_owned())]);
        }
    });
}

/// Asks for a workshop that begins then, and answers who got a letter for what.
async fn workshop(story: &Story, starts_at: &str) -> (String, Vec<(String, String)>) {
    let id = begun(story, starts_at).await;
    let letters = story.invite(&id, json!({})).await;
    let mut asked: Vec<_> = letters.iter().map(|letter| (letter.to[..3].to_owned(), letter.token("ai_"))).collect();
    asked.sort();
    (id, asked)
}

async fn begun(story: &Story, starts_at: &str) -> String {
    let (project, decision) = story.more().await;
    let dates = json!({"project": project, "decisions": [decision], "starts_at": starts_at, "places": 9});
    let mut changes = dates;
    changes["closes_on"] = json!("2027-03-20");
    changes["feedback_due"] = json!("2027-09-01");
    story.open("workshop", "consultation", changes).await
}

fn names(asked: &[(String, String)]) -> Vec<&str> {
    asked.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn nobody_is_asked_for_a_day_on_which_they_come_to_enough() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let wish = |most: serde_json::Value| json!({"stance": {"kind": "up_to", "rung": "co_design"}, "load": {"meetings_per_day_max": most}});
        let ben = story.person("ben", wish(json!(null))).await;
        let cat = story.person("cat", wish(json!(1))).await;
        story.person("dan", wish(json!(2))).await;
        for most in [0, 6] {
            let refused = cat.put(&app, "/preferences", &wish(json!(most))).await.expect(422).violations();
            assert_eq!(refused, [("/load/meetings_per_day_max".to_owned(), "out_of_range".to_owned())]);
        }
        let (first, asked) = workshop(&story, "2027-03-25T10:00:00Z").await;
        assert_eq!(names(&asked), ["ben", "cat", "dan"]);
        for (_, token) in &asked {
            story.take_place(token).await;
        }
        app.outbox().await;
        let (second, asked) = workshop(&story, "2027-03-25T15:00:00Z").await;
        assert_eq!(names(&asked), ["ben", "dan"]);
        let why = cat.get(&app, "/asking").send().await.expect(200).json;
        let about = why["items"].as_array().unwrap().iter().find(|one| one["opportunity"] == json!(second)).unwrap().clone();
        assert_eq!(about["why_not"], "same_day", "{why}");
        assert_eq!(names(&workshop(&story, "2027-03-24T10:00:00Z").await.1), ["ben", "cat", "dan"]);
        // A meeting of what they take part in counts, and one that does not take place does not.
        for (starts, ends) in [("2027-03-26T10:00:00Z", "2027-03-26T12:00:00Z"), ("2027-03-26T14:00:00Z", "2027-03-26T15:00:00Z")]
        {
            let meeting = json!({"title": "More", "starts_at": starts, "ends_at": ends});
            story.ada.post(&app, &format!("/opportunities/{first}/meetings"), &meeting).await.expect(201);
        }
        app.outbox().await;
        assert_eq!(names(&workshop(&story, "2027-03-26T18:00:00Z").await.1), ["ben"]);
        // The last look before a letter leaves: between the letter and its leaving they said yes to something else.
        let (_, asked) = workshop(&story, "2027-03-27T10:00:00Z").await;
        assert_eq!(names(&asked), ["ben", "cat", "dan"]);
        let late = begun(&story, "2027-03-27T15:00:00Z").await;
        story.ada.post(&app, &format!("/opportunities/{late}/invitations"), &json!({})).await.expect(202);
        app.app.run_queue().await.unwrap();
        story.take_place(&asked[1].1).await;
        let mut to: Vec<_> = app.outbox().await.into_iter().map(|letter| letter.to).filter(|to| !to.starts_with("cat")).collect();
        to.sort_unstable();
        to.dedup();
        assert_eq!(to, ["ben@people.example", "dan@people.example"]);
        let rows = entity::mail_message::Entity::find().all(app.app.platform.db.read()).await.unwrap();
        let dropped = rows.iter().filter(|row| row.address == cat.email && row.state == entity::MailState::Cancelled).count();
        assert_eq!(dropped, 1, "the letter for that day did not leave");
        // Whoever wants less from now on is not kept to an open question about a full day.
        assert_eq!(story.count(&second, "sent").await, 2);
        ben.put(&app, "/preferences", &wish(json!(1))).await.expect(200);
        app.run_jobs().await;
        assert_eq!((story.count(&second, "sent").await, story.count(&second, "withdrawn").await), (1, 1));
        app.outbox().await;
    });
}

#[test]
fn what_begins_at_a_time_that_does_not_suit_is_not_offered() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let wish = |times: serde_json::Value| json!({"stance": {"kind": "up_to", "rung": "co_design"}, "times": times});
        story.person("ben", wish(json!([]))).await;
        story.person("cat", wish(json!(["weekday_evening"]))).await;
        story.person("dan", wish(json!(["weekend_morning", "weekday_afternoon"]))).await;
        for (starts_at, expected) in [
            ("2027-03-25T10:00:00Z", vec!["ben"]),
            ("2027-03-25T12:00:00Z", vec!["ben", "dan"]),
            ("2027-03-25T16:59:00Z", vec!["ben", "dan"]),
            ("2027-03-25T17:00:00Z", vec!["ben", "cat"]),
            ("2027-03-27T11:59:00Z", vec!["ben", "dan"]),
            // In summer it is an hour later in London.
            ("2027-07-08T16:00:00Z", vec!["ben", "cat"]),
        ] {
            assert_eq!(names(&workshop(&story, starts_at).await.1), expected, "{starts_at}");
        }
    });
}
