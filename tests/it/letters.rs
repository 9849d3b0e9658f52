//! Every kind of letter, written by the composer that writes it in earnest: its words, and what its HTML holds.

mod easy;
mod forms;
pub mod lint;
mod own;

use crate::{
    document::golden,
    given::{Given, Someone},
    harness::{Mail, TestApp, everywhere},
    words::{banned, sentences},
};
use alongside::{
    accounts, feedback, invitations, participants, parts,
    platform::mail::{NewLetter, enqueue, open_batch, priority},
    sessions,
};
use chrono::Duration;
use entity::{
    ConsentType, Contact, InvitationId, InvitationState, MailState, OpportunityId, OpportunityState, PlaceState, Purpose,
    RecipientKind, WhyAsked, invitation, mail_message, match_run, trial,
};
pub use forms::{Form, every_form};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, sea_query::Expr,
};
use serde_json::json;
use std::collections::BTreeMap;

/// Every kind of letter that the composition root knows.
const KINDS: [&str; 28] = [
    accounts::STAFF_INVITATION,
    accounts::PASSWORD_RESET,
    participants::JOIN,
    participants::SIGN_IN,
    participants::JOIN_INVITATION,
    invitations::INVITE,
    invitations::AGAIN,
    invitations::REMIND,
    invitations::TAKEN_BACK,
    invitations::PLACE,
    invitations::NO_PLACE,
    invitations::NOT_DRAWN,
    invitations::DRAW_MOVED,
    invitations::ENDED,
    invitations::wording::TEST,
    parts::PAUSE_OVER,
    invitations::choices::REVIEW,
    invitations::choices::GOING_ON,
    participants::trials::HALF_WAY,
    participants::trials::OVER,
    sessions::NOTES,
    sessions::ARRANGED,
    sessions::CHANGED,
    sessions::CANCELLED,
    sessions::AHEAD,
    sessions::GONE,
    feedback::REPORT,
    participants::news::DIGEST,
];

/// One letter about an invitation.
async fn about(given: &Given, contact: &Contact, kind: &'static str, opportunity: OpportunityId, who: &Someone) -> Mail {
    let state = match kind {
        invitations::PLACE => InvitationState::Accepted,
        invitations::NO_PLACE => InvitationState::Ended,
        invitations::NOT_DRAWN | invitations::DRAW_MOVED => InvitationState::Waiting,
        _ => InvitationState::Sent,
    };
    let invitation = given.invitation(opportunity, who, state).await;
    let reasons = ["You asked us to ask you each time.", "Everybody whose choices fit is asked."].map(str::to_owned);
    invitation::Entity::update_many()
        .set(invitation::ActiveModel { why: Set(WhyAsked { reasons: reasons.to_vec() }), ..Default::default() })
        .filter(invitation::Column::Id.eq(invitation))
        .exec(given.app.app.platform.db.write())
        .await
        .unwrap();
    match kind {
        invitations::PLACE => given.place(opportunity, who, PlaceState::Held).await,
        invitations::NO_PLACE => given.place(opportunity, who, PlaceState::Released).await,
        invitations::NOT_DRAWN => given.place(opportunity, who, PlaceState::Waiting).await,
        invitations::DRAW_MOVED => {
            given.place(opportunity, who, PlaceState::Waiting).await;
            given.draws_on(opportunity, "2027-03-27").await;
        }
        // What it reminds of has left.
        invitations::REMIND => invited_before(given, invitation, who).await,
        _ => {}
    }
    // Whoever chose a lighter way themselves is reminded of it as anybody else is: if they agreed to reminders.
    given.consent(who, Purpose::ContactReminder, given.organisation.0, ConsentType::Give).await;
    let (platform, organisation) = (&given.app.app.platform, Some(given.organisation));
    let tx = platform.db.begin().await.unwrap();
    let batch = open_batch(&tx, &platform.clock, organisation, kind, Some(invitation.0), "system").await.unwrap();
    let letter = NewLetter {
        id: platform.clock.new_id(),
        kind,
        recipient_kind: RecipientKind::Participant,
        recipient_id: who.id.0,
        subject_id: Some(invitation.0),
        address: who.email.clone(),
        n: 0,
        priority: priority::TRANSACTIONAL,
        expires_at: None,
    };
    enqueue(&tx, &platform.clock, organisation, batch, &[letter]).await.unwrap();
    tx.commit().await.unwrap();
    one(given, contact).await
}

/// The letter that asks has left, eight days ago.
async fn invited_before(given: &Given, invitation: InvitationId, who: &Someone) {
    queue(given, invitations::INVITE, invitation.0, who, 0).await;
    mail_message::Entity::update_many()
        .col_expr(mail_message::Column::State, Expr::value(MailState::Sent.word()))
        .col_expr(mail_message::Column::SentAt, Expr::value(given.app.clock.now() - Duration::days(8)))
        .filter(mail_message::Column::SubjectId.eq(invitation.0))
        .exec(given.app.app.platform.db.write())
        .await
        .unwrap();
}

/// The one letter that is due, to somebody who wants to be written to like this.
async fn one(given: &Given, contact: &Contact) -> Mail {
    given.others_want(contact).await;
    let mut letters = given.app.outbox().await;
    assert_eq!(letters.len(), 1);
    letters.remove(0)
}

/// The letters of the front door.
async fn doors(app: &TestApp, given: &Given, contact: &Contact, all: &mut BTreeMap<&'static str, Mail>) {
    let body = json!({"email": "vera@staff.example", "role": "coordinator"});
    let root = app.post("/api/sign-in").json(&json!({"email": "root@sunrise.example", "password": crate::harness::PASSWORD}));
    let root = root.send().await.expect(201).json["token"].as_str().unwrap().to_owned();
    app.post(given.ada.path("/staff")).token(&root).json(&body).send().await.expect(202);
    all.insert(accounts::STAFF_INVITATION, one(given, contact).await);
    app.post("/api/password-reset").json(&json!({"email": "root@sunrise.example"})).send().await.expect(202);
    all.insert(accounts::PASSWORD_RESET, one(given, contact).await);
    app.post("/api/public/sunrise/join").json(&json!({"email": "new@people.example"})).send().await.expect(202);
    all.insert(participants::JOIN, one(given, contact).await);
    let ben = given.someone("ben").await;
    app.post("/api/public/sunrise/sign-in").json(&json!({"email": ben.email})).send().await.expect(202);
    all.insert(participants::SIGN_IN, one(given, contact).await);
    let file = b"email,name\r\ncleo@people.example,Cleo\r\n".to_vec();
    app.post(given.ada.path("/people/import")).token(&given.ada.token).bytes(file, "text/csv").send().await.expect(200);
    all.insert(participants::JOIN_INVITATION, one(given, contact).await);
}

/// The letters to somebody who tries something more for two weeks.
async fn trials(given: &Given, contact: &Contact, all: &mut BTreeMap<&'static str, Mail>) {
    let app = &given.app;
    let ida = given.someone("ida").await;
    let wish = json!({"stance": {"kind": "up_to", "rung": "consultation"}, "contact": contact});
    app.put("/api/me/preferences").token(&ida.token).header("if-match", "*").json(&wish).send().await.expect(200);
    let wanted = json!({"rung": "co_design", "until": "2027-03-15"});
    app.post("/api/me/trial").token(&ida.token).json(&wanted).send().await.expect(201);
    app.run_jobs().await;
    let began = (trial::Column::StartedAt, Expr::value(app.clock.now() - Duration::days(20)));
    let ended = (trial::Column::LastDay, Expr::value((app.clock.now() - Duration::days(1)).date_naive()));
    for (kind, (column, value)) in [(participants::trials::HALF_WAY, began), (participants::trials::OVER, ended)] {
        trial::Entity::update_many().col_expr(column, value).exec(app.app.platform.db.write()).await.unwrap();
        participants::trials::look_after(app.app.platform.clone()).await.unwrap();
        all.insert(kind, one(given, contact).await);
    }
    given.consent(&ida, Purpose::ContactInvite, given.organisation.0, ConsentType::Give).await;
    let soon = json!({"stance": {"kind": "up_to", "rung": "consultation"}, "review_after": "2027-03-11", "contact": contact});
    app.put("/api/me/preferences").token(&ida.token).header("if-match", "*").json(&soon).send().await.expect(200);
    app.run_jobs().await;
    invitations::choices::review::look(app.app.platform.clone()).await.unwrap();
    all.insert(invitations::choices::REVIEW, one(given, contact).await);
}

/// The question to somebody who did not answer three letters, a month and more ago.
async fn silence(given: &Given, contact: &Contact, all: &mut BTreeMap<&'static str, Mail>) {
    let app = &given.app;
    let joe = given.someone("joe").await;
    given.consent(&joe, Purpose::ContactInvite, given.organisation.0, ConsentType::Give).await;
    for _ in 0..3 {
        let over = given.opportunity(given.project(&[]).await, OpportunityState::Closed).await;
        let invitation = given.invitation(over, &joe, InvitationState::Ended).await;
        let run = match_run::ActiveModel {
            organisation_id: Set(given.organisation),
            id: Set(app.clock.new_id()),
            opportunity_id: Set(over),
            rules_version: Set("open_call".into()),
            considered: Set(1),
            eligible: Set(1),
            asked: Set(1),
            reserve: Set(0),
            reasons: Set(json!({})),
            state: Set("done".into()),
            created_by: Set("system".into()),
            created_at: Set(app.clock.now()),
            ..Default::default()
        };
        let run = run.insert(app.app.platform.db.write()).await.unwrap().id;
        invitation::Entity::update_many()
            .col_expr(invitation::Column::RunId, Expr::value(run))
            .filter(invitation::Column::Id.eq(invitation))
            .exec(app.app.platform.db.write())
            .await
            .unwrap();
        invited_before(given, invitation, &joe).await;
    }
    invitations::choices::going_on::look(app.app.platform.clone()).await.unwrap();
    all.insert(invitations::choices::GOING_ON, one(given, contact).await);
}

/// The letters to somebody whose pause is over, and whose group is then ended.
async fn parting(given: &Given, contact: &Contact, all: &mut BTreeMap<&'static str, Mail>) {
    let app = &given.app;
    let kim = given.someone("kim").await;
    let group = crate::parts::group(given).await;
    crate::parts::takes_part(given, group, &kim).await;
    let open = given.opportunity(crate::parts::project_of(given, group).await, OpportunityState::Open).await;
    entity::opportunity::Entity::update_many()
        .col_expr(entity::opportunity::Column::Title, Expr::value("What helps while waiting"))
        .filter(entity::opportunity::Column::Id.eq(open))
        .exec(app.app.platform.db.write())
        .await
        .unwrap();
    let wish = json!({"stance": {"kind": "up_to", "rung": "consultation"}, "contact": contact});
    app.put("/api/me/preferences").token(&kim.token).header("if-match", "*").json(&wish).send().await.expect(200);
    let pause = json!({"choice": "pause", "until": "2027-03-01"});
    kim.post(app, &format!("/opportunities/{group}/part"), &pause).await.expect(200);
    entity::part::Entity::update_many()
        .col_expr(entity::part::Column::PausedUntil, Expr::value((app.clock.now() - Duration::days(1)).date_naive()))
        .exec(app.app.platform.db.write())
        .await
        .unwrap();
    parts::pauses::look_after(app.app.platform.clone()).await.unwrap();
    all.insert(parts::PAUSE_OVER, one(given, contact).await);
    let words = json!({"words": "The grant for the group has ended. We are grateful for every evening."});
    given.post(group, "/end", &words).await.expect(200);
    all.insert(invitations::ENDED, one(given, contact).await);
}

/// The letters about meetings that change, and to somebody who comes later and leaves.
async fn meetings(given: &Given, contact: &Contact, all: &mut BTreeMap<&'static str, Mail>) {
    let app = &given.app;
    let group = crate::parts::group(given).await;
    let lea = given.someone("lea").await;
    crate::parts::takes_part(given, group, &lea).await;
    let evening = |title: &str, day: &str, hour: u32, place: &str| {
        let times = [format!("{day}T{hour}:00:00Z"), format!("{day}T{}:00:00Z", hour + 2)];
        json!({"title": title, "starts_at": times[0], "ends_at": times[1], "location": place})
    };
    let first = given.post(group, "/meetings", &evening("First evening", "2027-03-24", 18, "Town hall")).await.expect(201).id();
    one(given, contact).await;
    let moved = evening("First evening", "2027-03-31", 17, "Library, by the side door");
    given.put(group, &format!("/meetings/{first}"), &moved).await.expect(200);
    all.insert(sessions::CHANGED, one(given, contact).await);
    given.post(group, &format!("/meetings/{first}/cancel"), &json!({})).await.expect(200);
    all.insert(sessions::CANCELLED, one(given, contact).await);
    for (title, day) in [("Second evening", "2027-04-07"), ("Third evening", "2027-04-14")] {
        given.post(group, "/meetings", &evening(title, day, 17, "Town hall")).await.expect(201);
        one(given, contact).await;
    }
    let max = given.someone("max").await;
    crate::parts::takes_part(given, group, &max).await;
    let platform = &app.app.platform;
    let tx = platform.db.begin().await.unwrap();
    invitations::places::changed(&tx, platform, given.organisation, group, max.id).await.unwrap();
    tx.commit().await.unwrap();
    all.insert(sessions::AHEAD, one(given, contact).await);
    max.post(app, &format!("/opportunities/{group}/part"), &json!({"choice": "leave"})).await.expect(200);
    if contact.neutral_subject {
        assert!(app.outbox().await.is_empty(), "what they did they know, and no file of ours is in their calendar");
    } else {
        all.insert(sessions::GONE, one(given, contact).await);
    }
}

/// Says how often news comes to somebody who wants to be written to like this.
async fn news_comes(given: &Given, contact: &Contact, who: &Someone, often: &str) {
    let mut contact = json!(contact);
    contact["news"] = json!(often);
    let wish = json!({"stance": {"kind": "up_to", "rung": "consultation"}, "contact": contact});
    given.app.put("/api/me/preferences").token(&who.token).header("if-match", "*").json(&wish).send().await.expect(200);
}

/// One letter of every kind, written in earnest.
pub async fn letters(app: &TestApp) -> BTreeMap<&'static str, Mail> {
    letters_as(app, &Contact::usual()).await
}

/// The same, to people who want to be written to like this.
pub async fn letters_as(app: &TestApp, contact: &Contact) -> BTreeMap<&'static str, Mail> {
    let root = app.administrator().await;
    let given = &Given::of(app, &app.coordinator(&root, "ada").await);
    let mut all = BTreeMap::new();
    doors(app, given, contact, &mut all).await;

    let open = given.opportunity(given.project(&[]).await, OpportunityState::Open).await;
    let places = [invitations::PLACE, invitations::NO_PLACE, invitations::NOT_DRAWN, invitations::DRAW_MOVED];
    for kind in [invitations::INVITE, invitations::AGAIN, invitations::REMIND, invitations::TAKEN_BACK].into_iter().chain(places)
    {
        let who = given.someone(&format!("sam-{}", kind.replace('.', "-"))).await;
        all.insert(kind, about(given, contact, kind, open, &who).await);
    }

    let test = json!({"format": contact.format});
    given.post(open, "/letters/invite/test", &test).await.expect(202);
    all.insert(invitations::wording::TEST, one(given, contact).await);

    let dan = given.someone("dan").await;
    given.place(open, &dan, PlaceState::Held).await;
    given.agrees(&dan, open).await;
    let meeting = json!({"title": "First meeting", "starts_at": "2027-03-10T18:00:00Z", "ends_at": "2027-03-10T20:00:00Z"});
    let path = format!("/meetings/{}", given.post(open, "/meetings", &meeting).await.expect(201).id());
    all.insert(sessions::ARRANGED, one(given, contact).await);
    let there = json!([{"participant": dan.id, "attendance": "present"}]);
    given.put(open, &format!("{path}/attendance"), &there).await.expect(200);
    given.put(open, &format!("{path}/notes"), &json!({"text": "We talked about seats."})).await.expect(200);
    given.post(open, &format!("{path}/notes/share"), &json!({})).await.expect(200);
    all.insert(sessions::NOTES, one(given, contact).await);
    meetings(given, contact, &mut all).await;

    let consultation = given.consultation(6).await;
    let theme = given.theme(consultation.id, "Seats", false, &consultation.responses).await;
    let answer =
        json!({"text": "New seats", "theme": theme, "outcome": "done", "owner": "The ward manager", "due": "2027-06-01"});
    given.post(consultation.id, "/recommendations", &answer).await.expect(201);
    given.draft(consultation.id).await;
    let nina = consultation.who.last().unwrap();
    news_comes(given, contact, nina, "weekly").await;
    given.post(consultation.id, "/report/publish", &json!({})).await.expect(200);
    given.others_want(contact).await;
    all.insert(feedback::REPORT, app.outbox().await.remove(0));
    news_comes(given, contact, nina, "at_once").await;
    all.insert(participants::news::DIGEST, one(given, contact).await);
    trials(given, contact, &mut all).await;
    silence(given, contact, &mut all).await;
    parting(given, contact, &mut all).await;
    all
}

/// The text that people read, with tokens and numbers that change replaced.
fn fixed(letter: &Mail) -> String {
    let text = letter.text();
    let (head, body) = text.split_once("\n\n").unwrap();
    let subject = head.lines().find(|line| line.starts_with("Subject: ")).unwrap();
    format!("{}\n\n{}\n", subject.trim_end(), masked(body.trim_end()))
}

/// Ids and tokens replaced by their kind.
pub fn masked(text: &str) -> String {
    let part = |word: &str| {
        let prefixes = ["al_", "aj_", "ai_", "au_", "an_"];
        let token = prefixes.iter().find(|prefix| word.starts_with(**prefix) && word.len() == prefix.len() + 43);
        match token {
            Some(prefix) => format!("{prefix}TOKEN"),
            None if word.len() == 36 && word.matches('-').count() == 4 => "ID".into(),
            None => word.to_owned(),
        }
    };
    let mut made = String::new();
    let mut word = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') {
            word.push(c);
        } else {
            made.push_str(&part(&std::mem::take(&mut word)));
            made.push(c);
        }
    }
    made.push_str(&part(&word));
    made
}

fn look_at_words(kind: &str, letter: &Mail, wrong: &mut Vec<String>) {
    let text = letter.text();
    let body = text.split_once("\n\n").unwrap().1;
    wrong.extend(banned(body).map(|word| format!("{kind}: the word “{word}”")));
    let sentences = sentences(body);
    for (sentence, words) in sentences.iter().filter(|(_, words)| *words > 30) {
        wrong.push(format!("{kind}: {words} words: {sentence}"));
    }
    let total: usize = sentences.iter().map(|(_, words)| words).sum();
    if total > 20 * sentences.len() {
        wrong.push(format!("{kind}: {total} words in {} sentences", sentences.len()));
    }
}

#[test]
fn every_letter_is_plain_and_the_golden_one() {
    for (form, all) in every_form() {
        // Whoever gets no files for a calendar has none to take out of it.
        let needless = |kind: &str| *form == Form::Neutral && kind == sessions::GONE;
        let kinds: Vec<_> = KINDS.iter().filter(|kind| !all.contains_key(**kind) && !needless(kind)).collect();
        assert!(kinds.is_empty(), "{form:?}: not written: {kinds:?}");
        let mut wrong = Vec::new();
        for (kind, letter) in all {
            look_at_words(kind, letter, &mut wrong);
        }
        assert!(wrong.is_empty(), "{form:?}: {}", wrong.join("\n"));
        for (kind, letter) in all {
            match form {
                Form::Plain => golden(&format!("letters/{kind}.txt"), &fixed(letter)),
                // Staff are written to in plain English.
                Form::EasyRead if !kind.starts_with("accounts.") => golden(&format!("letters/easy/{kind}.txt"), &fixed(letter)),
                _ => {}
            }
        }
    }
}

/// Rows of the tables that a look at a page could change.
async fn rows(app: &TestApp) -> String {
    let db = app.app.platform.db.write();
    let links = entity::participant_link::Entity::find().order_by_asc(entity::participant_link::Column::Id).all(db).await;
    let staff = entity::account_link::Entity::find().order_by_asc(entity::account_link::Column::Id).all(db).await;
    let people = entity::participant::Entity::find().order_by_asc(entity::participant::Column::Id).all(db).await;
    let invitations = entity::invitation::Entity::find().order_by_asc(entity::invitation::Column::Id).all(db).await;
    let stopped = entity::suppression::Entity::find().order_by_asc(entity::suppression::Column::Id).all(db).await;
    let sessions = entity::participant_session::Entity::find().count(db).await;
    format!("{links:?} {staff:?} {people:?} {invitations:?} {stopped:?} {sessions:?}")
}

#[test]
fn every_address_that_is_printed_leads_somewhere_and_a_look_changes_nothing() {
    everywhere(|app| async move {
        let all = letters(&app).await;
        let before = rows(&app).await;
        let here = "https://alongside.test";
        let mut addresses = vec![("the console", format!("{here}/set-up")), ("the console", format!("{here}/docs"))];
        for (kind, letter) in &all {
            let (text, html) = (letter.text(), letter.html());
            for part in text.split(here).skip(1).chain(html.split(here).skip(1)) {
                let end = part.find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | ',')).unwrap_or(part.len());
                addresses.push((*kind, format!("{here}{}", part[..end].trim_end_matches('.'))));
            }
        }
        assert!(addresses.len() > 20, "{addresses:?}");
        for (kind, address) in addresses {
            let path = address[here.len()..].split('#').next().unwrap();
            let mut shown = app.get(path).send().await;
            if path.starts_with("/o/sunrise/me/") {
                // Somebody's own pages ask first who it is.
                let door = shown.expect(303).headers["location"].to_str().unwrap().to_owned();
                let next = path.replace('/', "%2F");
                assert_eq!(door, format!("/o/sunrise/sign-in?next={next}"), "{kind}: {address}");
                shown = app.get(&door).send().await;
                assert!(shown.text.contains(&format!("name=\"next\" value=\"{path}\"")), "{kind}: {}", shown.text);
            }
            assert_eq!(shown.status.as_u16(), 200, "{kind}: {address}: {}", shown.text);
            assert!(shown.text.to_lowercase().contains("<html"), "{kind}: {address}");
        }
        assert_eq!(rows(&app).await, before);
    });
}

/// A letter that can be stopped, queued and not yet sent. Answers the token of its link to stop.
async fn queue(given: &Given, kind: &'static str, subject: uuid::Uuid, who: &Someone, n: i32) -> String {
    let (platform, organisation) = (&given.app.app.platform, given.organisation);
    let tx = platform.db.begin().await.unwrap();
    let batch = open_batch(&tx, &platform.clock, Some(organisation), kind, Some(subject), "system").await.unwrap();
    let letter = NewLetter {
        id: platform.clock.new_id(),
        kind,
        recipient_kind: RecipientKind::Participant,
        recipient_id: who.id.0,
        subject_id: Some(subject),
        address: who.email.clone(),
        n,
        priority: priority::REMINDER,
        expires_at: None,
    };
    let (_, stop) = participants::unsubscribe_link(&tx, platform, organisation, who.id, letter.id).await.unwrap();
    enqueue(&tx, &platform.clock, Some(organisation), batch, &[letter]).await.unwrap();
    tx.commit().await.unwrap();
    stop.reveal().to_owned()
}

#[test]
fn whoever_stops_a_letter_stops_its_family_and_no_other() {
    const ASKING: [&str; 3] = [invitations::INVITE, invitations::AGAIN, invitations::REMIND];
    for stopped in ASKING.into_iter().chain([invitations::PLACE, feedback::REPORT]) {
        everywhere(|app| async move {
            let root = app.administrator().await;
            let given = Given::of(&app, &app.coordinator(&root, "ada").await);
            let about = given.consultation(1).await;
            let ben = &about.who[0];
            given.theme(about.id, "Seats", false, &about.responses).await;
            given.draft(about.id).await;
            given.post(about.id, "/report/publish", &json!({})).await.expect(200);
            app.outbox().await;
            let release = entity::report_release::Entity::find().one(app.app.platform.db.read()).await.unwrap().unwrap().id;
            let open = given.opportunity(given.project(&[]).await, OpportunityState::Open).await;
            let invitation = given.invitation(open, ben, InvitationState::Sent).await;
            given.consent(ben, Purpose::ContactReminder, given.organisation.0, ConsentType::Give).await;
            given.place(open, ben, PlaceState::Held).await;
            let subject = |kind: &str| if kind == feedback::REPORT { release.0 } else { invitation.0 };
            let token = queue(&given, stopped, subject(stopped), ben, 7).await;
            app.post(format!("/u/{token}")).send().await.expect(200);
            app.outbox().await;
            for kind in ASKING.into_iter().chain([invitations::PLACE, feedback::REPORT]) {
                // A reminder leaves some days after what it reminds of.
                app.clock.advance(Duration::days(4));
                queue(&given, kind, subject(kind), ben, 8).await;
                let family = |kind: &str| kind.split('.').next().unwrap().to_owned();
                let expected = usize::from(family(kind) != family(stopped));
                assert_eq!(app.outbox().await.len(), expected, "{kind} after {stopped} was stopped");
            }
        });
    }
}

#[test]
fn no_registered_letter_is_left_out() {
    let root = include_str!("../../src/app.rs");
    let composers = root.split("fn composers()").nth(1).unwrap().split("\n}").next().unwrap();
    let names = composers.split(|c: char| !c.is_ascii_uppercase() && c != '_').filter(|word| word.len() > 3);
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), KINDS.len(), "{names:?}");
}
