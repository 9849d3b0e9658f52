//! Letters that did not arrive, looked after on their pages.

use crate::{harness::everywhere, story::Story};
use alongside::platform::{config::MailWay, mail::hold};
use chrono::Duration;
use entity::{HoldReason, MailState, RouteKind, mail_batch, mail_message, mail_route};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;

#[test]
fn administrators_look_after_letters_that_did_not_arrive() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for name in ["ben", "eve", "zoe"] {
            story.person(name, json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        }
        let id = story.open("consultation", "consultation", json!({})).await;
        assert_eq!(story.invite(&id, json!({})).await.len(), 3);
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        rosa.open("/console/sunrise").await.expect(200).hides("Some letters did not arrive");
        rosa.open("/console/sunrise/settings").await.follow("Letters, and whether they arrived").await.expect(200);
        rosa.says("Every letter was handed over, or is on its way.").hides("Invitation to take part");
        // One was given up, and of one no answer was seen.
        let db = app.app.platform.db.write();
        let invitations = mail_message::Entity::find().filter(mail_message::Column::Kind.eq("invitations.invite"));
        let mut letters = invitations.all(db).await.unwrap();
        for (state, text) in [(MailState::Failed, Some("no such mailbox")), (MailState::Uncertain, None)] {
            mail_message::Entity::update_many()
                .col_expr(mail_message::Column::State, Expr::value(state.word()))
                .col_expr(mail_message::Column::LastCode, Expr::value(text.map(|_| 550)))
                .col_expr(mail_message::Column::LastText, Expr::value(text))
                .filter(mail_message::Column::Id.eq(letters.pop().unwrap().id))
                .exec(db)
                .await
                .unwrap();
        }
        rosa.open("/console/sunrise").await.says("2 letters could not be delivered, or it is not known whether they were.");
        rosa.follow("Look after these letters").await.expect(200).says("Letters that did not arrive, or are paused");
        let batch = mail_batch::Entity::find().filter(mail_batch::Column::Kind.eq("invitations.invite")).one(db).await;
        let here = format!("/console/sunrise/letters/{}", batch.unwrap().unwrap().id);
        assert!(rosa.links().contains(&here), "{:?}", rosa.links());
        rosa.open(&here).await.expect(200).says("Not delivered").says("550 no such mailbox").hides("@people").hides("ben");
        rosa.follow("Those of which it says: Not delivered").await.expect(200).says("550 no such mailbox");
        rosa.hides("Not known whether it arrived 1 Nothing");
        // The one that may have arrived goes out again only when that is asked for.
        rosa.open(&here).await.press("Send once more what did not arrive").await.expect(200).says("They are sent once more.");
        assert_eq!(app.outbox().await.len(), 1);
        rosa.open(&here).await.tick("Those too that may have arrived");
        rosa.press("Send once more what did not arrive").await.expect(200);
        rosa.press("Pause them").await.expect(422).says("Why pause them?");
        rosa.fill("Why pause them?", "A wrong date.").press("Pause them").await.expect(200);
        rosa.says("A wrong date.").says("Paused");
        assert!(app.outbox().await.is_empty(), "it is paused");
        rosa.open("/console/sunrise/letters").await.says("Paused").says("Invitation to take part");
        rosa.open(&here).await.press("Let them go on").await.expect(200).says("These letters go on.").hides("A wrong date.");
        assert_eq!(app.outbox().await.len(), 1);
        rosa.open("/console/sunrise/letters?show=all").await.says("Joining, ").says("Invitation to take part, ").says("Done");
        // One that ran out of time did not arrive either; and while nothing leaves, that is said.
        let late =
            mail_message::Entity::find().filter(mail_message::Column::Kind.eq("invitations.invite")).one(db).await.unwrap();
        mail_message::Entity::update_many()
            .col_expr(mail_message::Column::State, Expr::value(MailState::Expired.word()))
            .filter(mail_message::Column::Id.eq(late.unwrap().id))
            .exec(db)
            .await
            .unwrap();
        rosa.open("/console/sunrise").await.says("One letter could not be delivered").hides("No letter leaves at the moment");
        // Others see none of it.
        app.coordinator(&story.ada, "cora").await;
        let mut cora_here = app.at_the_console("cora@staff.example").await;
        cora_here.open("/console/sunrise/letters").await.expect(403);
        cora_here.open(&here).await.expect(403);
        app.organisation(&story.ada, "moonlight").await;
        rosa.open(&here.replace("sunrise", "moonlight")).await.expect(404);
        let tx = app.app.platform.db.begin().await.unwrap();
        hold::hold(&tx, &app.app.platform.clock, None, HoldReason::Restored).await.unwrap();
        tx.commit().await.unwrap();
        for page in ["/console/sunrise", "/console/sunrise/letters"] {
            rosa.open(page).await.says("No letter leaves at the moment");
        }
    });
}

#[test]
fn letters_that_wait_are_taken_back() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        assert_eq!(story.invite(&id, json!({})).await.len(), 1);
        // The mail server has put it off.
        mail_message::Entity::update_many()
            .col_expr(mail_message::Column::State, Expr::value(MailState::Deferred.word()))
            .col_expr(mail_message::Column::NextAt, Expr::value(app.clock.now() + Duration::hours(1)))
            .filter(mail_message::Column::Kind.eq("invitations.invite"))
            .exec(app.app.platform.db.write())
            .await
            .unwrap();
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        rosa.open("/console/sunrise/letters?show=all").await.expect(200);
        let db = app.app.platform.db.read();
        let batch = mail_batch::Entity::find().filter(mail_batch::Column::Kind.eq("invitations.invite")).one(db).await;
        let here = format!("/console/sunrise/letters/{}", batch.unwrap().unwrap().id);
        rosa.open(&here).await.says("Put off by the mail server");
        rosa.follow("Take back what was not sent yet").await.expect(200);
        rosa.says("it counts for nothing, and they can be asked again");
        rosa.press("Take them back").await.expect(200);
        rosa.says("What was not handed over yet has been taken back.").says("Taken back before it was sent");
        rosa.hides("Pause them").hides("Send once more");
        assert!(app.outbox().await.is_empty());
        // A page that was opened before cannot set it going.
        rosa.send(&here, &[("step".into(), "resume".into())]).await;
        rosa.expect(409).says("This mailing was cancelled and does not go on.");
    });
}

#[test]
fn administrators_see_that_letters_wait_for_the_mail_server_and_nobody_else_does() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let bea = app.coordinator(&story.ada, "bea").await;
        let mailing = mail_batch::Entity::find().one(app.app.platform.db.read()).await.unwrap().unwrap().id;
        let root = &story.ada;
        let app = app.with(|config| config.mail = MailWay::Smtp("smtps://us:secret@mail.example".into()));
        let answer = root.get(&app, "/mail-server").send().await.expect(200).json;
        assert_eq!(answer, json!({"takes_letters": true}));
        // Since 9:40 in the organisation's time.
        app.clock.advance(Duration::minutes(40));
        let shut = mail_route::ActiveModel {
            kind: Set(RouteKind::Server),
            name: Set("mail.example:465".into()),
            faults: Set(6),
            opened: Set(2),
            closed_until: Set(Some(app.clock.now() + Duration::minutes(7))),
            shut_since: Set(Some(app.clock.now())),
            last_stage: Set(Some("auth".into())),
            last_code: Set(Some(535)),
            last_enhanced: Set(None),
            last_text: Set(Some("5.7.8 us@mail.example: bad words".into())),
            counted: Set(0),
            changed_at: Set(app.clock.now()),
            ..Default::default()
        };
        mail_route::Entity::insert(shut).exec_without_returning(app.app.platform.db.write()).await.unwrap();
        app.clock.advance(Duration::minutes(5));
        let pages = ["".to_owned(), "/letters".into(), format!("/letters/{mailing}"), format!("/opportunities/{id}")];
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        for page in &pages {
            rosa.open(&format!("/console/sunrise{page}")).await.expect(200).says("Letters are waiting");
            rosa.says("Our mail server has refused to take letters since 09:40 (login refused, 535).")
                .says("Letters that have waited for three days end.");
            rosa.hides("bad words").hides("mail.example");
        }
        let answer = root.get(&app, "/mail-server").send().await.expect(200);
        assert_eq!((&answer.json["takes_letters"], &answer.json["last_code"]), (&json!(false), &json!(535)));
        assert!(answer.text.contains("login refused, 535") && !answer.text.contains("bad words"), "{}", answer.text);
        // Whoever cannot do anything about it need not be troubled.
        bea.get(&app, "/mail-server").send().await.expect(403);
        let mut bea = app.at_the_console("bea@staff.example").await;
        for page in ["".to_owned(), format!("/opportunities/{id}")] {
            bea.open(&format!("/console/sunrise{page}")).await.expect(200).hides("Letters are waiting");
        }
        // The next day, the day is told; and what was not tried for long is not claimed.
        app.clock.advance(Duration::minutes(15));
        rosa.open("/console/sunrise").await.hides("Letters are waiting");
        let later = app.clock.now() + Duration::hours(24);
        mail_route::Entity::update_many()
            .col_expr(mail_route::Column::ClosedUntil, Expr::value(later))
            .exec(app.app.platform.db.write())
            .await
            .unwrap();
        app.clock.advance(Duration::hours(24));
        let mut rosa = app.at_the_console("root@sunrise.example").await;
        rosa.open("/console/sunrise").await.says("since 09:40 on 1 March (login refused, 535)");
    });
}
