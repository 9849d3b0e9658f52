//! An organisation with everything in it that a page can show, and the people who look at it.

use crate::{
    given::Given,
    harness::{Participant, TestApp},
    story::{Story, notice, purpose},
};
use alongside::{
    accounts::{
        access::{Power, may},
        look,
    },
    platform::http::Caller,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use entity::{ConsentType, MailState, OpportunityId, OpportunityState, Purpose, contribution, mail_message, opportunity};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::json;

/// A picture of one point.
const POINT: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

/// What was prepared.
pub struct Prepared {
    pub app: TestApp,
    /// Somebody who has just joined and said nothing.
    pub nora: Participant,
    /// Somebody who has said a lot, and is asked.
    pub cleo: Participant,
    /// Somebody who tries something more for a while.
    pub finn: Participant,
    /// Somebody who is pausing from a workshop, and somebody who has left what a report tells of; each with where their part is.
    pub dana: Participant,
    pub pausing: String,
    pub gale: String,
    /// Somebody of whose answers a report tells.
    pub reader: String,
    /// Somebody of the organisation that has chosen its look and a quick way out.
    pub hana: Participant,
    /// What is open.
    pub consultation: String,
    /// What a report is about, and the report.
    pub told: String,
    pub report: String,
    /// A meeting at which the reader was, with notes.
    pub meeting: String,
    /// The page of what the reader said beside a questionnaire.
    pub given: String,
    /// Invitations, by how they were answered: the address of its page and its token.
    pub asked: Asked,
    pub accepted: Asked,
    pub declined: Asked,
    pub later: Asked,
    pub over: Asked,
    /// Invitations to answer questions: one begun, one handed in.
    pub answering: Asked,
    pub handed_in: Asked,
    /// Links of letters: to join, to sign in, one that was used, to stop letters.
    pub join: String,
    pub sign_in: String,
    pub used: String,
    pub stop: String,
    /// Pages of the console about work at other stages than the first that a walk comes to: a name and the address.
    pub stages: Vec<(&'static str, String)>,
    /// A member of staff's session, and links for staff: to join, and to choose a new password.
    pub staff: String,
    pub hired: String,
    pub reset: String,
}

/// An invitation: the address of its page, and its token.
#[derive(Clone)]
pub struct Asked {
    pub address: String,
    pub token: String,
}

/// Prepares it.
pub async fn prepare(app: &TestApp) -> Prepared {
    let story = Story::begin(app.clone()).await;
    let more = [("mobility", "Getting around"), ("night", "Being reached at night")];
    for (key, title) in more {
        story.ada.post(app, "/topics", &json!({"key": key, "title": title})).await.expect(201);
    }
    let given = Given::of(app, &story.ada);
    let (told, report, reader, meeting) = a_report(&given).await;
    a_late_promise(&given).await;
    let consultation = story.open("consultation", "consultation", about_support(&story)).await;
    let workshop = story.open("workshop", "co_design", a_day(&story)).await;
    let short = story.open("consultation", "consultation", json!({"title": "What helped", "closes_on": "2027-03-10"})).await;
    let people = ["cleo", "dana", "emil", "finn"];
    let mut all = Vec::new();
    for name in people {
        all.push(story.person(name, wishes(&story)).await);
    }
    let letters = story.invite(&workshop, json!({})).await;
    let token = |who: &Participant| letters.iter().find(|letter| letter.to == who.email).expect("an invitation").token("ai_");
    let tokens: Vec<String> = all.iter().map(token).collect();
    story.take_place(&tokens[1]).await;
    story.with(&tokens[2], "/decline", &json!({})).await.expect(200);
    story.with(&tokens[3], "/ask-later", &json!({"on": "2027-03-09"})).await.expect(200);
    let ended = story.invite(&short, json!({})).await.iter().find(|letter| letter.to == all[0].email).unwrap().token("ai_");
    story.ada.post(app, &format!("/opportunities/{short}/close"), &json!({"reason": "It is done."})).await.expect(200);
    let (begun, handed_in) = questions(&story, &consultation, &all).await;
    tells(&story, &all[0]).await;
    let nora = app.participant(&story.ada, "nora").await;
    let hana = a_look(app, &story).await;
    let (join, used, sign_in) = links(app, &all[0]).await;
    let stop = format!("/u/{}", letters.iter().find(|letter| letter.to == all[1].email).unwrap().token("au_"));
    app.post(format!("/u/{}", letters.iter().find(|letter| letter.to == all[0].email).unwrap().token("au_")))
        .bytes(b"here=yes".to_vec(), "application/x-www-form-urlencoded")
        .send()
        .await
        .expect(303);
    app.outbox().await;
    let replies = answers(app, &story, &all).await;
    let mut asked = Vec::new();
    for token in tokens.iter().chain([&ended, &begun, &handed_in]) {
        let opened = app.post(format!("/i/{token}")).send().await.expect(303);
        asked.push(Asked { address: opened.headers["location"].to_str().unwrap().to_owned(), token: token.clone() });
    }
    let [asked, accepted, declined, later, over, answering, handed_in] = asked.try_into().ok().unwrap();
    let (hired, reset) = staff_links(app, &story).await;
    let mut stages = stages(app, &story, &told, &meeting).await;
    let words = contribution::Entity::find().one(app.app.platform.db.read()).await.unwrap().unwrap().id;
    let given = format!("/o/sunrise/me/record/{told}/contributions/{words}");
    let cleo = all.remove(0);
    let dana = all[0].clone();
    dana.post(app, &format!("/opportunities/{workshop}/part"), &json!({"choice": "pause", "until": "2027-03-20"}))
        .await
        .expect(200);
    let gale = gone(&Given::of(app, &story.ada), told.parse().unwrap()).await;
    stages.push(("tasks", "/console/sunrise/tasks".into()));
    stages.extend(replies);
    stages.push(("workshop-end", format!("/console/sunrise/opportunities/{workshop}/end")));
    let finn = all.remove(2);
    finn.post(app, "/trial", &json!({"rung": "co_production", "supporter": "My sister"})).await.expect(201);
    Prepared {
        stages,
        staff: story.ada.token.clone(),
        hired,
        reset,
        app: app.clone(),
        nora,
        cleo,
        finn,
        dana,
        pausing: workshop,
        gale,
        reader,
        hana,
        consultation,
        told,
        report,
        meeting,
        given,
        asked,
        accepted,
        declined,
        later,
        over,
        answering,
        handed_in,
        join,
        sign_in,
        used,
        stop,
    }
}

/// A draft with the draft of its notice, a file of addresses that was read, and what was told: the pages about them.
async fn stages(app: &TestApp, story: &Story, told: &str, meeting: &str) -> Vec<(&'static str, String)> {
    let draft = story.draft("consultation", "consultation", json!({"title": "What should come next?"}));
    let draft = story.ada.post(app, "/opportunities", &draft).await.expect(201).id();
    let asks = story.draft("consultation", "consultation", json!({"title": "What do you ask yourself?"}));
    let asks = story.ada.post(app, "/opportunities", &asks).await.expect(201).id();
    story.ada.post(app, &format!("/opportunities/{asks}/questionnaire"), &crate::story::questions()).await.expect(201);
    let content = notice(&[purpose("participate", "erase_raw_unpublished")]);
    let made = story.ada.post(app, "/notices", &json!({"opportunity": draft, "content": content})).await.expect(201).id();
    let file = b"email,name\r\nhugo@people.example,Hugo\r\nno address,Iris\r\n".to_vec();
    let import = app.post(story.ada.path("/people/import")).token(&story.ada.token);
    let import = import.bytes(file, "text/csv").send().await.expect(200).id();
    app.outbox().await;
    let themes = story.ada.get(app, &format!("/opportunities/{told}/themes")).send().await.expect(200);
    let theme = themes.json[0]["id"].as_str().expect("a theme").to_owned();
    let ways = "/console/sunrise/opportunities";
    let letters = format!("/console/sunrise/letters/{}", a_failed_letter(app).await);
    let gathers = names_to_draw(story).await;
    let spread = story.open("consultation", "consultation", json!({"title": "A question a day", "topics": [story.topic]})).await;
    story.invite(&spread, json!({"days": 5})).await;
    let plan = asked_together(story).await;
    vec![
        ("together", "/console/sunrise/together".into()),
        ("together-new", "/console/sunrise/together/new".into()),
        ("together-plan", format!("/console/sunrise/together/plans/{plan}")),
        ("letters", "/console/sunrise/letters".into()),
        ("letters-all", "/console/sunrise/letters?show=all".into()),
        ("letters-failed", letters),
        ("notice-publish", format!("/console/sunrise/notices/{made}/publish")),
        ("notice-use", format!("/console/sunrise/notices/{made}/uses/participate")),
        ("import-read", format!("/console/sunrise/people/imports/{import}")),
        ("draft", format!("{ways}/{draft}")),
        ("draft-open", format!("{ways}/{draft}/open")),
        ("draft-terms", format!("{ways}/{draft}/terms")),
        ("draft-questions", format!("{ways}/{draft}/questions")),
        ("draft-question", format!("{ways}/{draft}/questions/add")),
        ("own-words", format!("{ways}/{gathers}/letters")),
        ("own-words-edit", format!("{ways}/{gathers}/letters/edit?letter=place")),
        ("own-words-look", format!("{ways}/{gathers}/letters/look?letter=place&format=easy_read")),
        ("gathers", format!("{ways}/{gathers}")),
        ("gathers-quotas", format!("{ways}/{gathers}/quotas")),
        ("gathers-send", format!("{ways}/{gathers}/send")),
        ("gathers-draw", format!("{ways}/{gathers}/draw")),
        ("spread", format!("{ways}/{spread}")),
        ("spread-further", format!("{ways}/{spread}/further")),
        ("spread-match", format!("{ways}/{spread}/match")),
        ("spread-funnel", format!("{ways}/{spread}/funnel")),
        ("asks-questions", format!("{ways}/{asks}/questions")),
        ("question-change", format!("{ways}/{asks}/questions/change/form")),
        ("meetings", format!("{ways}/{told}/meetings")),
        ("meeting", format!("{ways}/{told}/meetings/{meeting}")),
        ("meeting-edit", format!("{ways}/{told}/meetings/{meeting}/edit")),
        ("meeting-cancel", format!("{ways}/{told}/meetings/{meeting}/cancel")),
        ("meeting-attendance", format!("{ways}/{told}/meetings/{meeting}/attendance")),
        ("meeting-notes", format!("{ways}/{told}/meetings/{meeting}/notes")),
        ("meeting-share", format!("{ways}/{told}/meetings/{meeting}/share")),
        ("told", format!("{ways}/{told}")),
        ("told-answers", format!("{ways}/{told}/answers")),
        ("told-read", format!("{ways}/{told}/answers/read")),
        ("told-themes", format!("{ways}/{told}/themes")),
        ("told-theme", format!("{ways}/{told}/themes/{theme}")),
        ("told-sources", format!("{ways}/{told}/themes/{theme}/sources")),
        ("told-contributions", format!("{ways}/{told}/contributions")),
        ("told-contribution", format!("{ways}/{told}/contributions/new")),
        ("told-words", format!("{ways}/{told}/themes/{theme}/contributions")),
        ("told-proposals", format!("{ways}/{told}/proposals")),
        ("told-effects", format!("{ways}/{told}/effects")),
        ("told-report", format!("{ways}/{told}/report")),
        ("told-preview", format!("{ways}/{told}/report/preview")),
        ("told-publish", format!("{ways}/{told}/report/publish")),
    ]
}

/// Answers to letters: one that waits, one that was set aside, one that counts; the pages about them.
async fn answers(app: &TestApp, story: &Story, people: &[Participant]) -> Vec<(&'static str, String)> {
    let words = "Thursday suits me.\n\nOn Mon, Mar 1, 2027 at 9:00 AM Sunrise wrote:\n> When can you come?";
    let [cleo, dana, emil] = [0, 1, 2].map(|n| &people[n].email);
    let aside = crate::harness::answers::answered(app, emil, "Is there a lift?").await;
    let taken = crate::harness::answers::answered(app, dana, "The morning is better for me.").await;
    let cleos = crate::harness::answers::answered(app, cleo, "Can somebody ring me?").await;
    let waits = crate::harness::answers::answered(app, &people[3].email, words).await;
    let reason = |words: &str| json!({"reason": words});
    for (id, words) in [(&aside, "Yes, there is. We rang you."), (&cleos, "We ring you on Thursday.")] {
        story.ada.post(app, &format!("/replies/{id}/set-aside"), &reason(words)).await.expect(200);
    }
    story.ada.post(app, &format!("/replies/{taken}/take"), &json!({"words": "own"})).await.expect(200);
    let at = |rest: &str| format!("/console/sunrise/replies{rest}");
    vec![
        ("replies", at("")),
        ("replies-set-aside", at("?state=set_aside")),
        ("reply", at(&format!("/{waits}"))),
        ("reply-set-aside", at(&format!("/{aside}"))),
        ("reply-taken", at(&format!("/{taken}"))),
    ]
}

/// Two things that were asked for together.
async fn asked_together(story: &Story) -> String {
    let mut wanted = Vec::new();
    for title in ["How warm should rooms be?", "How should doors open?"] {
        let id = story.open("consultation", "consultation", json!({"title": title, "topics": [story.topic]})).await;
        wanted.push(json!({"opportunity": id, "yes": 3}));
    }
    let plan = story.ada.post(&story.app, "/plans", &json!({"opportunities": wanted})).await.expect(202).id();
    story.app.run_jobs().await;
    plan
}

/// A group for which names are drawn later among those who say yes.
async fn names_to_draw(story: &Story) -> String {
    let changes = json!({"title": "A group that plans the next year", "places": 6, "topics": [story.topic]});
    let id = story.open("co_design_group", "co_design", changes).await;
    let quota = json!({"dimension": "age_band", "category": "under_25", "min": 2, "max": 4});
    let call = story.app.put(story.ada.path(&format!("/opportunities/{id}/quotas"))).token(&story.ada.token);
    call.header("if-match", "*").json(&json!({"quotas": [quota], "draws_on": "2027-03-20"})).send().await.expect(200);
    id
}

/// One letter that was given up, one that may have arrived and one that waits; answers what they were sent with.
async fn a_failed_letter(app: &TestApp) -> String {
    let db = app.app.platform.db.write();
    let all = mail_message::Entity::find().filter(mail_message::Column::Kind.eq("invitations.invite"));
    let mut rows = all.order_by_asc(mail_message::Column::Id).limit(3).all(db).await.unwrap();
    let batch = rows[0].batch_id;
    rows.retain(|row| row.batch_id == batch);
    let said = Some("No such mailbox here");
    let states =
        [(MailState::Failed, Some(550), said), (MailState::Uncertain, None, None), (MailState::Deferred, Some(451), None)];
    for (row, (state, code, text)) in rows.into_iter().zip(states) {
        let mut row = row.into_active_model();
        (row.state, row.last_code, row.last_text) = (Set(state), Set(code), Set(text.map(Into::into)));
        row.next_at = Set(app.clock.now() + chrono::Duration::hours(1));
        row.update(db).await.unwrap();
    }
    batch.to_string()
}

fn about_support(story: &Story) -> serde_json::Value {
    json!({
        "title": "Support after violence: what fits you?", "topics": [story.topic],
        "summary": "We want to know what support helps, and in what form. It takes half an hour, and you can stop at any time.",
        "open_to_influence": "Whether support is in a group, one to one, or something else. When and where it takes place.",
        "not_open": "How much money there is. The board decides on that each spring.",
        "content_note": "Some questions touch on violence. You can leave each of them out.",
        "support_contact": {"name": "Sam at Sunrise", "reach": "0300 000 0000, on weekdays from 9 to 5"},
    })
}

fn a_day(story: &Story) -> serde_json::Value {
    json!({
        "title": "A day to plan the new group", "topics": [story.topic], "places": 12, "support": "Somebody to talk to is there all day.",
        "summary": "We plan together how the new group works: how often it meets, who leads it, and what happens between meetings.",
        "open_to_influence": "Everything about how the group works.", "minutes": 300, "preparation_minutes": 30,
        "group": {"same_experience": true, "present": ["researchers"]},
    })
}

fn wishes(story: &Story) -> serde_json::Value {
    json!({
        "stance": {"kind": "up_to", "rung": "co_design"}, "topics": {"yes": [story.topic]}, "formats": ["online", "in_person"],
        "access_needs": [{"need": "A room without stairs", "kind": "moving_around", "must_have": true, "share_with": "venue"}],
        "quiet_periods": [{"from": "2027-12-20", "to": "2028-01-02", "repeat": "yearly"}], "times": ["weekday_morning"],
        "group_safety": {"same_experience": true, "not_with": ["journalists"]}, "sessions": {"longest_minutes": 90},
        "load": {"meetings_per_day_max": 1}, "money": {"payment": "lower", "lower_amount_pence": 500, "method": "voucher"},
    })
}

/// A published report with everything that one can hold, and the session and a meeting of somebody who took part.
async fn a_report(given: &Given) -> (String, String, String, String) {
    let told = given.consultation(14).await;
    let (id, who, responses) = (told.id, &told.who, &told.responses);
    for (n, someone) in who.iter().enumerate() {
        given.fact(someone, if n < 7 { "under_25" } else { "over_65" }).await;
        let scope = given.organisation.0;
        given.consent(someone, Purpose::DemographicsRepresentativeness, scope, ConsentType::Give).await;
    }
    let seats =
        given.theme(id, "Seats that are soft, and some that are high enough to get up from", false, &responses[..9]).await;
    given.theme(id, "News about the wait", false, &responses[5..14]).await;
    given.theme(id, "Noise", true, &responses[6..8]).await;
    let decision = given.decision(told.project, "Which seats", None).await;
    given.decision(told.project, "The building", Some("It is a listed building.")).await;
    let claim = json!({"theme": seats, "level": "changed", "note": "Soft seats were chosen instead of hard ones."});
    given.ada.post(&given.app, &format!("/decisions/{decision}/influence"), &claim).await.expect(201);
    for answer in [
        json!({"text": "New seats", "theme": seats, "outcome": "done", "owner": "The ward manager", "due": "2027-06-01"}),
        json!({"text": "A new wing", "outcome": "declined", "reason": "There is no money for it."}),
        json!({"text": "Buses in the evening", "outcome": "passed_on", "reason": "The council runs them; we wrote to it."}),
    ] {
        given.post(id, "/recommendations", &answer).await.expect(201);
    }
    given.contribution(id, &who[0], "The hard seats hurt my back, and nobody had asked us before they came.").await;
    given.draft(id).await;
    let made = given.post(id, "/report/publish", &json!({"change_note": null})).await.expect(200);
    given.app.outbox().await;
    for (n, someone) in who.iter().enumerate().skip(1).take(8) {
        let marks = json!({"heard": 5, "ways": 4, "matters": 5, "change": 1 + n % 5, "worth_it": 4});
        let path = format!("/api/me/opportunities/{id}/rating");
        let rated = given.app.post(path).token(&someone.token).json(&marks).send().await;
        assert!(rated.status.is_success(), "{}", rated.text);
    }
    let meeting = given.notes(id, &who[0], "We talked about seats, and about news on the wait.").await;
    (id.to_string(), made.json["report"].as_str().unwrap().to_owned(), who[0].token.clone(), meeting)
}

/// Somebody who said something, and has left.
async fn gone(given: &Given, told: OpportunityId) -> String {
    let gale = given.someone("gale").await;
    crate::parts::takes_part(given, told, &gale).await;
    given.app.clock.advance(chrono::Duration::minutes(1));
    given.contribution(told, &gale, "Signs that can be read from a chair.").await;
    gale.post(&given.app, &format!("/opportunities/{told}/part"), &json!({"choice": "leave"})).await.expect(200);
    gale.token
}

async fn a_late_promise(given: &Given) {
    let id: OpportunityId = given.opportunity(given.project(&[]).await, OpportunityState::Closed).await;
    let row = opportunity::ActiveModel {
        organisation_id: Set(given.organisation),
        id: Set(id),
        title: Set("How the phone line should be reached at night".into()),
        feedback_due: Set(Some("2027-02-20".parse().unwrap())),
        ..Default::default()
    };
    opportunity::Entity::update(row).exec(given.app.app.platform.db.write()).await.unwrap();
}

/// The project looks for people of some groups, and somebody has said to which they belong.
async fn tells(story: &Story, cleo: &Participant) {
    story.seek(&[("age_band", "under_25"), ("age_band", "65_74"), ("area", "north")]).await;
    story.agree(cleo, &["demographics_representativeness"]).await;
    let facts =
        json!({"facts": [{"dimension": "age_band", "category": "under_25"}, {"dimension": "area", "category": "none_of_these"}]});
    cleo.put(&story.app, "/demographics", &facts).await.expect(204);
}

/// A second organisation, with a colour, a logo and a quick way out, and somebody who has joined it.
async fn a_look(app: &TestApp, story: &Story) -> Participant {
    let harbour = app.organisation(&story.ada, "harbour").await;
    let platform = &app.app.platform;
    let caller = Caller::with(harbour.token.clone());
    let actor = may(platform, &caller, harbour.organisation.parse().unwrap(), Power::Administer).await.unwrap();
    let choice = look::Choice {
        colour: Some("#6b2d5c".into()),
        exit_url: Some("https://www.example.org/weather".into()),
        exit_title: Some("Weather".into()),
    };
    let version = look::choose(platform, &actor, Some("*"), choice).await.unwrap();
    assert_eq!(version, 1);
    look::put_logo(platform, &actor, Some("*"), "/logo", Some(BASE64_STANDARD.decode(POINT).unwrap())).await.unwrap();
    app.participant(&harbour, "hana").await
}

/// Links to join, one that was used, and to sign in.
async fn links(app: &TestApp, cleo: &Participant) -> (String, String, String) {
    app.post("/api/public/sunrise/join").json(&json!({"email": "olu@people.example"})).send().await.expect(202);
    let join = app.outbox().await.remove(0).token("aj_");
    let ask = async || {
        app.post("/api/public/sunrise/sign-in").json(&json!({"email": cleo.email})).send().await.expect(202);
        app.outbox().await.remove(0).token("aj_")
    };
    let used = ask().await;
    app.post(format!("/sign-in/{used}")).send().await.expect(303);
    let sign_in = ask().await;
    (format!("/join/{join}"), format!("/sign-in/{used}"), format!("/sign-in/{sign_in}"))
}

/// Links to join the staff, and to choose a new password.
async fn staff_links(app: &TestApp, story: &Story) -> (String, String) {
    let body = json!({"email": "vera@staff.example", "role": "coordinator"});
    story.ada.post(app, "/staff", &body).await.expect(202);
    let hired = app.outbox().await.remove(0).token("al_");
    app.post("/api/password-reset").json(&json!({"email": "root@sunrise.example"})).send().await.expect(202);
    (hired, app.outbox().await.remove(0).token("al_"))
}

/// Invitations to answer: of somebody who takes part, and of somebody who has handed in.
async fn questions(story: &Story, consultation: &str, all: &[Participant]) -> (String, String) {
    let letters = story.invite(consultation, json!({})).await;
    let token = |who: &Participant| letters.iter().find(|letter| letter.to == who.email).expect("an invitation").token("ai_");
    let (begun, handed_in) = (token(&all[0]), token(&all[1]));
    story.take_place(&begun).await;
    story.take_place(&handed_in).await;
    let answered = story.hand_in(&handed_in, json!({"form": "group", "why": "One is less alone."})).await;
    assert!(answered.status.is_success(), "{}", answered.text);
    (begun, handed_in)
}
