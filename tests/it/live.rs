//! Numbers that are pushed: to whom, when, and when it ends.

use crate::{
    harness::{Persona, TestApp, everywhere},
    slow::served,
    story::Story,
};
use entity::{LetterReason, MailMessageId, MailState, mail_message};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// A stream of events.
struct Watch {
    stream: TcpStream,
    text: String,
}

impl Watch {
    async fn begin(address: SocketAddr, ada: &Persona, opportunity: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let path = ada.path(&format!("/opportunities/{opportunity}/live"));
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer {}\r\n{headers}\r\n",
            ada.token
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        Self { stream, text: String::new() }
    }

    /// Reads until there is something; `None` if the stream ends before.
    async fn until(&mut self, what: &str) -> Option<String> {
        let read = async {
            loop {
                if let Some(at) = self.text.find(what) {
                    let rest = self.text.split_off(at + what.len());
                    return Some(std::mem::replace(&mut self.text, rest));
                }
                let mut part = [0; 4096];
                match self.stream.read(&mut part).await {
                    Ok(read @ 1..) => self.text.push_str(&String::from_utf8_lossy(&part[..read])),
                    _ => return None,
                }
            }
        };
        timeout(Duration::from_secs(20), read).await.expect("an event, or the end")
    }

    /// The next event: its id and its numbers.
    async fn event(&mut self) -> Option<(String, Value)> {
        self.until("event: numbers\n").await?;
        let text = self.until("\n\n").await?;
        let id = text.lines().find_map(|line| line.strip_prefix("id: "))?.to_owned();
        let data = text.lines().find_map(|line| line.strip_prefix("data: "))?;
        Some((id, serde_json::from_str(data).unwrap()))
    }
}

async fn begun(app: &TestApp) -> (Story, String) {
    let story = Story::begin(app.clone()).await;
    for name in ["ben", "eve"] {
        story.person(name, json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
    }
    let id = story.open("consultation", "consultation", json!({})).await;
    (story, id)
}

#[test]
fn numbers_are_pushed_when_they_change_to_those_who_run_it() {
    everywhere(|app| async move {
        let (story, id) = begun(&app).await;
        let (running, address) = served(&app, |_| {}).await;
        let cora = app.coordinator(&story.ada, "cora").await;
        let mut watch = Watch::begin(address, &cora, &id, "").await;
        assert!(watch.until("retry: 3000\n\n").await.unwrap().contains("content-type: text/event-stream"));
        let (first, numbers) = watch.event().await.unwrap();
        assert_eq!((&numbers["funnel"]["asked"], &numbers["answered"]), (&json!(0), &json!({"number": 0, "few": false})));
        // Whoever has these numbers is told nothing until they change.
        let mut later = Watch::begin(address, &cora, &id, &format!("last-event-id: {first}\r\n")).await;
        let letters = story.invite(&id, json!({})).await;
        let two = |numbers: &Value| numbers["funnel"]["asked"] == 2;
        for watch in [&mut watch, &mut later] {
            let mut got = watch.event().await.unwrap();
            assert_ne!(got.0, first);
            while !two(&got.1) {
                got = watch.event().await.unwrap();
            }
        }
        // One has answered: that is few, and it is not told that it is one.
        let token = letters[0].token("ai_");
        story.consent(&token).await;
        story.hand_in(&token, json!({"form": "group"})).await.expect(201);
        let mut got = watch.event().await.unwrap();
        while got.1["answered"]["few"] != true {
            got = watch.event().await.unwrap();
        }
        assert_eq!(got.1["answered"], json!({"few": true}));
        // The role is taken away, and with it the numbers.
        let staff = story.ada.get(&app, "/staff").send().await.expect(200);
        let staff = staff.json.as_array().unwrap();
        let member = staff.iter().find(|row| row["email"] == "cora@staff.example").unwrap()["id"].as_str().unwrap();
        app.delete(story.ada.path(&format!("/staff/{member}"))).token(&story.ada.token).send().await.expect(204);
        while watch.event().await.is_some() {}
        while later.event().await.is_some() {}
        running.stop().await;
    });
}

#[test]
fn streams_are_few_for_each_and_end_with_the_session_and_the_server() {
    everywhere(|app| async move {
        let (story, id) = begun(&app).await;
        let (running, address) = served(&app, |_| {}).await;
        let cora = app.coordinator(&story.ada, "cora").await;
        let mut four = Vec::new();
        for _ in 0..4 {
            let mut watch = Watch::begin(address, &cora, &id, "").await;
            watch.event().await.unwrap();
            four.push(watch);
        }
        let mut fifth = Watch::begin(address, &cora, &id, "").await;
        assert!(fifth.until("too_many_streams").await.unwrap().contains("409"));
        let mut other = Watch::begin(address, &story.ada, &id, "").await;
        other.event().await.unwrap();
        app.post("/api/sign-out").token(&cora.token).send().await.expect(204);
        for mut watch in four {
            assert!(watch.event().await.is_none(), "the session is over");
        }
        let stop = timeout(Duration::from_secs(10), running.stop());
        let (stopped, last) = tokio::join!(stop, other.event());
        stopped.expect("nobody who watches keeps the server");
        assert!(last.is_none());
    });
}

#[test]
fn numbers_are_for_those_who_run_it_and_for_what_has_opened() {
    everywhere(|app| async move {
        let (story, id) = begun(&app).await;
        let live = format!("/opportunities/{id}/live");
        let viewer = app.staff(&story.ada, "vera", "viewer").await;
        viewer.get(&app, &live).send().await.expect(403);
        let moon = app.organisation(&story.ada, "moonlight").await;
        moon.get(&app, &live).send().await.expect(404);
        let draft = story
            .ada
            .post(&app, "/opportunities", &story.draft("consultation", "consultation", json!({})))
            .await
            .expect(201)
            .id();
        assert_eq!(story.ada.get(&app, &format!("/opportunities/{draft}/live")).send().await.expect(409).json["code"], "draft");
    });
}

/// Says of letters how they stand, as the engine and what came back would.
async fn stand(app: &TestApp, ids: &[MailMessageId], state: MailState, stage: &str, reason: LetterReason) {
    let later = app.clock.now() + chrono::Duration::days(2);
    mail_message::Entity::update_many()
        .col_expr(mail_message::Column::State, Expr::value(state.word()))
        .col_expr(mail_message::Column::NextAt, Expr::value(later))
        .col_expr(mail_message::Column::LastStage, Expr::value(stage))
        .col_expr(mail_message::Column::Reason, Expr::value(reason.word()))
        .filter(mail_message::Column::Id.is_in(ids.iter().copied()))
        .exec(app.app.platform.db.write())
        .await
        .unwrap();
}

#[test]
fn the_numbers_of_a_mailing_are_right_and_tell_nothing_of_few() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        for n in 0..16 {
            story.person(&format!("person{n}"), json!({"stance": {"kind": "up_to", "rung": "co_design"}})).await;
        }
        let id = story.open("consultation", "consultation", json!({})).await;
        let letters = story.invite(&id, json!({})).await;
        assert_eq!(letters.len(), 16);
        // A mailing of another opportunity, and what people do with it, changes nothing here.
        let other = story.open("consultation", "consultation", json!({"title": "Another one"})).await;
        story.invite(&other, json!({})).await;
        let (running, address) = served(&app, |_| {}).await;
        let mut watch = Watch::begin(address, &story.ada, &id, "").await;
        let numbers = async || {
            let found = story.ada.get(&app, &format!("/opportunities/{id}/mailings")).send().await.expect(200).json;
            assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
            found["items"][0].clone()
        };
        let (number, few) = (|n: u64| json!({"number": n, "few": false}), json!({"few": true}));
        let found = numbers().await;
        assert_eq!(found["mailing"]["letters"], json!([{"state": "sent", "count": 16}]));
        assert_eq!((&found["bounced"], &found["unsubscribed"], &found["answered"]), (&json!(0), &number(0), &number(0)));
        assert_eq!(found["mailing"]["reasons"], json!([]));
        // One waits, two were refused at once, two were taken and came back.
        let batch = found["mailing"]["id"].as_str().unwrap().parse::<entity::MailBatchId>().unwrap();
        let rows = mail_message::Entity::find()
            .filter(mail_message::Column::BatchId.eq(batch))
            .order_by_asc(mail_message::Column::Id)
            .all(app.app.platform.db.read())
            .await
            .unwrap();
        let ids: Vec<MailMessageId> = rows.iter().map(|row| row.id).collect();
        stand(&app, &ids[..1], MailState::Deferred, "recipient", LetterReason::Full).await;
        stand(&app, &ids[1..3], MailState::Failed, "recipient", LetterReason::NoSuchAddress).await;
        stand(&app, &ids[3..5], MailState::Failed, "returned", LetterReason::NoSuchAddress).await;
        let found = numbers().await;
        let of = |state: &str| found["mailing"]["letters"].as_array().unwrap().iter().find(|row| row["state"] == state).cloned();
        for (state, count) in [("sent", 11), ("deferred", 1), ("failed", 4)] {
            assert_eq!(of(state), Some(json!({"state": state, "count": count})), "{found}");
        }
        assert_eq!(found["mailing"]["letters"].as_array().unwrap().len(), 3, "{found}");
        let reasons: Vec<_> = found["mailing"]["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["reason"].clone(), row["count"].clone()))
            .collect();
        assert_eq!(reasons.len(), 2, "{found}");
        for (reason, count) in [("no_such_address", 4), ("full", 1)] {
            assert!(reasons.contains(&(json!(reason), json!(count))), "{reasons:?}");
        }
        assert_eq!((&found["bounced"], &found["unsubscribed"], &found["answered"]), (&json!(2), &number(0), &number(0)));
        // What people did is told where neither those who did it nor the others are few: 5 at least.
        for (n, letter) in letters.iter().enumerate() {
            let token = letter.token("ai_");
            story.consent(&token).await;
            story.hand_in(&token, json!({"form": "group"})).await.expect(201);
            let expected = match n + 1 {
                5..=11 => number(n as u64 + 1),
                16 => number(16),
                _ => few.clone(),
            };
            assert_eq!(numbers().await["answered"], expected, "{} answered", n + 1);
        }
        for (n, letter) in letters.iter().take(6).enumerate() {
            app.post(format!("/u/{}", letter.token("au_")))
                .bytes(b"List-Unsubscribe=One-Click".to_vec(), "application/x-www-form-urlencoded")
                .send()
                .await;
            let expected = if n + 1 < 5 { few.clone() } else { number(n as u64 + 1) };
            assert_eq!(numbers().await["unsubscribed"], expected, "{} have stopped letters", n + 1);
        }
        // Whoever watches is told the same numbers.
        let last = numbers().await;
        let mut told = watch.event().await.unwrap().1;
        while told["mailings"] != json!([last]) {
            told = watch.event().await.unwrap().1;
        }
        running.stop().await;
        // Nothing waits when the test ends.
        stand(&app, &ids[..1], MailState::Failed, "recipient", LetterReason::Full).await;
        app.outbox().await;
    });
}
