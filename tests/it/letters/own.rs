//! Coordinators' own words in letters: nobody gets a letter with a hole in it, and what people are owed stays as it is.

use crate::{
    harness::{Mail, Participant, TestApp, everywhere},
    story::Story,
};
use chrono::Duration;
use entity::{MailState, mail_message, match_run, participant};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};

fn word(letter: &str, slot: &str, language: &str, form: &str, text: &str) -> Value {
    json!({"letter": letter, "slot": slot, "language": language, "form": form, "text": text})
}

fn opening(text: &str) -> Value {
    word("invite", "opening", "en", "plain", text)
}

async fn write(story: &Story, id: &str, words: &[Value]) -> crate::harness::Answer {
    story.ada.put(&story.app, &format!("/opportunities/{id}/letters"), &json!({"words": words})).await
}

async fn read(story: &Story, id: &str, rest: &str) -> crate::harness::Answer {
    story.ada.get(&story.app, &format!("/opportunities/{id}/letters{rest}")).send().await
}

/// Gives a name to somebody, or takes it.
async fn name(app: &TestApp, who: &Participant, name: Option<&str>) {
    change(app, who, participant::Column::Name, Expr::value(name.map(str::to_owned))).await;
}

async fn change(app: &TestApp, who: &Participant, column: participant::Column, value: Expr) {
    participant::Entity::update_many()
        .col_expr(column, value)
        .filter(participant::Column::Email.eq(&who.email))
        .exec(app.app.platform.db.write())
        .await
        .unwrap();
}

fn to<'a>(letters: &'a [Mail], who: &Participant) -> &'a Mail {
    letters.iter().find(|letter| letter.to == who.email).expect("a letter")
}

/// Somebody who wants what there is, and letters in this form.
async fn person(story: &Story, who: &str, format: &str) -> Participant {
    story.person(who, json!({"stance": {"kind": "up_to", "rung": "consultation"}, "contact": {"format": format}})).await
}

#[test]
fn fault_33_nobody_is_asked_while_a_letter_would_have_a_hole() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let (ben, cat) = (person(&story, "ben", "plain").await, person(&story, "cat", "plain").await);
        name(&app, &ben, Some("Ben *B* <i>{{ title }}</i>")).await;
        name(&app, &cat, None).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        write(&story, &id, &[opening("Dear **{{ name }}**, this is about {{title}}.")]).await.expect(200);
        let invite = async || story.ada.post(&app, &format!("/opportunities/{id}/invitations"), &json!({})).await;
        let refused = invite().await.expect(409);
        assert_eq!(refused.json["code"], "letter_gaps", "{}", refused.text);
        assert!(refused.text.contains(&cat.id) && !refused.text.contains(&ben.id), "{}", refused.text);
        assert!(refused.text.contains("of one person") && !refused.text.contains("people.example"), "{}", refused.text);
        assert_eq!(match_run::Entity::find().count(app.app.platform.db.read()).await.unwrap(), 0);
        assert!(app.outbox().await.is_empty());
        let lacking = read(&story, &id, "/check").await.expect(200);
        assert_eq!(lacking.json["items"].as_array().unwrap().len(), 1, "{}", lacking.text);
        assert_eq!(
            (&lacking.json["items"][0]["participant"], &lacking.json["items"][0]["gaps"][0]["letter"]),
            (&json!(cat.id), &json!("invite"))
        );

        write(&story, &id, &[opening("Dear **{{ name | neighbour }}**, this is about {{title}}.")]).await.expect(200);
        assert_eq!(read(&story, &id, "/check").await.expect(200).json["items"], json!([]));
        invite().await.expect(202);
        let letters = app.outbox().await;
        let (bens, cats) = (to(&letters, &ben), to(&letters, &cat));
        assert!(cats.words().contains("Dear neighbour, this is about Your view."), "{}", cats.text());
        assert!(bens.words().contains("Dear Ben *B* <i>{{ title }}</i>, this is about"), "{}", bens.text());
        assert!(
            bens.html().contains("Dear <strong>Ben *B* &#60;i&#62;{{ title }}&#60;/i&#62;</strong>, this"),
            "{}",
            bens.html()
        );
        for letter in &letters {
            // The usual opening has given way; what people are owed is there.
            let words = letter.words();
            assert!(!words.contains("We would like to ask you") && !letter.text().contains("{{ name"), "{words}");
            for owed in ["What we promise", "Why you were asked", "you need give no reason", "Payment", "/u/au_"] {
                assert!(words.contains(owed), "{owed}: {words}");
            }
        }
    });
}

#[test]
fn fault_33_words_that_were_begun_in_a_language_or_form_must_be_whole() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let all = [
            person(&story, "ben", "plain").await,
            person(&story, "dai", "plain").await,
            person(&story, "eve", "easy_read").await,
            person(&story, "pat", "plain").await,
        ];
        let [ben, dai, eve, pat] = &all;
        change(&app, dai, participant::Column::Language, Expr::value("cy-GB")).await;
        change(&app, pat, participant::Column::Language, Expr::value("ur")).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let en = [opening("Good day."), word("invite", "closing", "en", "plain", "Goodbye.")];
        let lacking = async |words: &[Value]| -> Vec<String> {
            write(&story, &id, words).await.expect(200);
            let found = read(&story, &id, "/check?limit=500").await.expect(200);
            found.json["items"].as_array().unwrap().iter().map(|one| one["participant"].as_str().unwrap().to_owned()).collect()
        };
        assert!(lacking(&en).await.is_empty(), "Easy Read has its usual words, and so has Welsh");
        let cy = word("invite", "opening", "cy", "plain", "Bore da.");
        assert_eq!(lacking(&[&en[..], std::slice::from_ref(&cy)].concat()).await, std::slice::from_ref(&dai.id));
        let easy = word("invite", "opening", "en", "easy_read", "Hello.");
        assert_eq!(lacking(&[&en[..], std::slice::from_ref(&easy)].concat()).await, std::slice::from_ref(&eve.id));
        // Words for a later letter are looked at as well.
        let place = word("place", "closing", "en", "plain", "It begins on {{ starts }}.");
        let mut everybody = [&ben.id, &dai.id, &pat.id].map(String::clone).to_vec();
        everybody.sort();
        let mut found = lacking(&[place]).await;
        found.sort();
        assert_eq!(found, everybody, "there is no day on which it begins");
        let closing = [word("invite", "closing", "cy", "plain", "Hwyl."), word("invite", "closing", "en", "easy_read", "Bye.")];
        let easy_cy =
            [word("invite", "opening", "cy", "easy_read", "Helo."), word("invite", "closing", "cy", "easy_read", "Hwyl.")];
        let whole = [&en[..], &[cy, easy], &closing, &easy_cy].concat();
        assert!(lacking(&whole).await.is_empty());
        let letters = story.invite(&id, json!({})).await;
        for (who, says) in [(ben, "Good day."), (dai, "Bore da."), (eve, "Hello."), (pat, "Good day.")] {
            assert!(to(&letters, who).words().contains(says), "{says}: {}", to(&letters, who).text());
        }
        assert!(to(&letters, dai).html().contains("<div lang=\"cy\" dir=\"ltr\">"), "{}", to(&letters, dai).html());
        assert!(to(&letters, eve).html().contains("font:20px") && !to(&letters, eve).words().contains("Good day."));
    });
}

#[test]
fn fault_33_a_hole_that_opens_later_is_not_sent_and_a_letter_keeps_the_words_of_its_day() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let (ben, cat) = (person(&story, "ben", "plain").await, person(&story, "cat", "plain").await);
        for who in [&ben, &cat] {
            name(&app, who, Some("Somebody")).await;
        }
        let id = story.open("consultation", "consultation", json!({})).await;
        write(&story, &id, &[opening("Dear {{ name }}, these were the words.")]).await.expect(200);
        story.ada.post(&app, &format!("/opportunities/{id}/invitations"), &json!({})).await.expect(202);
        app.app.run_queue().await.unwrap();
        app.clock.advance(Duration::seconds(5));
        // The letters are made and wait. Now the words change, and somebody takes back their name.
        write(&story, &id, &[opening("Dear {{ name | you }}, these are other words.")]).await.expect(200);
        name(&app, &cat, None).await;
        let letters = app.outbox().await;
        assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), [ben.email.as_str()]);
        assert!(letters[0].words().contains("these were the words") && !letters[0].words().contains("other words"));
        let db = app.app.platform.db.read();
        let stopped = mail_message::Entity::find().filter(mail_message::Column::Address.eq(&cat.email));
        let stopped = stopped.filter(mail_message::Column::State.eq(MailState::Cancelled)).one(db).await.unwrap().unwrap();
        assert!(stopped.last_text.unwrap_or_default().contains("gap"), "and it says why");
        app.run_jobs().await;
        app.outbox().await;
    });
}

#[test]
fn a_letter_can_be_looked_at_and_sent_to_oneself_and_to_nobody_else() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let ben = person(&story, "ben", "plain").await;
        name(&app, &ben, Some("Benedict")).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        let arabic = "مرحبا {{ name }}\n\n- **واحد**\n- [صفحتنا](https://sunrise.example/ar)";
        write(&story, &id, &[opening("Good day, {{ name }}."), word("invite", "opening", "ar", "plain", arabic)])
            .await
            .expect(200);
        let seen = read(&story, &id, "/invite/preview?language=ar").await.expect(200).json;
        let (text, html) = (seen["text"].as_str().unwrap(), seen["html"].as_str().unwrap());
        assert!(html.contains("<div lang=\"ar\" dir=\"rtl\">") && html.contains("<strong>واحد</strong>"), "{html}");
        assert!(text.contains("مرحبا Robin Example") && text.contains("صفحتنا <https://sunrise.example/ar>"), "{text}");
        assert_eq!((&seen["own_language"], &seen["other_languages"]), (&json!("ar"), &json!(0)));
        assert_eq!(super::lint::unreadable(text, html, 16), Vec::<String>::new());
        for other in ["again", "remind", "place"] {
            let seen = read(&story, &id, &format!("/{other}/preview?format=easy_read")).await.expect(200).json;
            assert_eq!(seen["own_language"], Value::Null, "{seen}");
            assert!(seen["html"].as_str().unwrap().contains("font:20px"));
        }
        let test = json!({"format": "large_print", "language": "ar"});
        story.ada.post(&app, &format!("/opportunities/{id}/letters/invite/test"), &test).await.expect(202);
        let letters = app.outbox().await;
        assert_eq!(letters.len(), 1);
        let letter = &letters[0];
        assert!(letter.to.contains("root@") && letter.text().contains("Subject: Test: Would you like"), "{}", letter.raw);
        assert!(
            letter.html().contains("font:22px")
                && letter.html().contains("dir=\"rtl\"")
                && letter.words().contains("This is a test")
        );
        for real in ["Benedict", "ai_", "au_", "aj_", "List-Unsubscribe"] {
            assert!(!letter.raw.contains(real) && !letter.text().contains(real), "{real}: {}", letter.text());
        }
    });
}

#[test]
fn words_that_cannot_be_sent_are_refused_with_what_is_allowed() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        let id = story.open("consultation", "consultation", json!({})).await;
        for (text, told) in [
            ("Hello {{ nome }}", "name, title, organisation"),
            ("One\n\n<b>Two</b>", "Line 3: HTML is not taken. Allowed are paragraphs"),
            ("![x](https://sunrise.example/x.png)", "pictures are not taken"),
            ("See [here](https://sunrise.example)", "where it leads"),
            ("See [our page](http://sunrise.example)", "https://"),
        ] {
            let refused =
                write(&story, &id, &[opening("Fine."), word("remind", "closing", "en", "plain", text)]).await.expect(422);
            assert!(refused.text.contains(told) && refused.text.contains("/words/1/text"), "{told}: {}", refused.text);
        }
        assert_eq!(read(&story, &id, "").await.expect(200).json["words"], json!([]), "nothing of it is kept");
        let path = story.ada.path(&format!("/opportunities/{id}/letters"));
        let put = async |if_match: &str| {
            let call = app.put(&path).token(&story.ada.token).header("if-match", if_match);
            call.json(&json!({"words": [opening("Hello.")]})).send().await
        };
        put("\"v0\"").await.expect(200);
        put("\"v0\"").await.expect(412);
        put("\"v1\"").await.expect(200);
    });
}
