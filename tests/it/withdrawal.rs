//! Each use of data and each promised effect of taking it back: what goes, what stays, and that others are left alone.

use crate::{
    given::{Consultation, Given, Someone},
    harness::{TestApp, everywhere},
    story::Story,
};
use chrono::Duration;
use entity::{WithdrawalEffect::*, *};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use serde_json::{Value, json};
use std::cell::Cell;

async fn start(app: &TestApp) -> Given {
    let root = app.administrator().await;
    Given::of(app, &app.coordinator(&root, "ada").await)
}

macro_rules! put {
    ($given:expr, $table:ident, { $($field:ident: $value:expr),* $(,)? }) => {
        $table::Entity::insert($table::ActiveModel {
            organisation_id: Set($given.organisation), $($field: Set($value)),*
        })
        .exec_without_returning($given.app.app.platform.db.write())
        .await
        .unwrap()
    };
}

/// Two who answered, gave something beside, were at a meeting, spoke about its notes, rated, and judged a claim.
pub struct Scene {
    pub given: Given,
    pub about: Consultation,
    pub claim: InfluenceId,
}

impl Scene {
    pub async fn set(app: &TestApp, effect: WithdrawalEffect) -> Self {
        let given = start(app).await;
        let about = given.consultation(2).await;
        let (now, meeting): (_, MeetingId) = (app.clock.now(), app.clock.new_id());
        put!(given, meeting, {
            id: meeting, opportunity_id: about.id, title: "One".into(), starts_at: now, ends_at: now, location: None,
            notes: Some("Seats.".into()), notes_shared_at: Some(now), notes_agreed_at: None, version: 1, created_at: now,
            cancelled_at: None, sequence: 0,
        });
        let theme = given.theme(about.id, "Seats", false, &about.responses).await;
        let decision = given.decision(about.project, "Which seats", None).await;
        let claim = json!({"theme": theme, "level": "changed", "note": "Soft seats."});
        let claim = given.ada.post(app, &format!("/decisions/{decision}/influence"), &claim).await.expect(201).id();
        for (someone, agrees) in about.who.iter().zip([false, true]) {
            given.consent_with(someone, Purpose::Participate, about.id.0, ConsentType::Give, effect).await;
            put!(given, contribution, {
                id: app.clock.new_id(), opportunity_id: about.id, meeting_id: Some(meeting), participant_id: Some(someone.id),
                text: Some("Green".into()), quote: QuotePermission::Named, recorded_by: format!("participant:{}", someone.id),
                created_at: now, withdrawn_at: None,
            });
            put!(given, attendance, {
                meeting_id: meeting, participant_id: someone.id, attendance: Attendance::Present, recorded_by: "system".into(),
                recorded_at: now,
            });
            put!(given, notes_agreement, {
                meeting_id: meeting, participant_id: someone.id, agrees: agrees, comment: Some("Also signs.".into()), at: now,
            });
            let marks = json!({"heard": 5, "ways": 4, "matters": 3, "change": 2, "worth_it": 1, "harm": "The stairs."});
            someone.post(app, &format!("/opportunities/{}/rating", about.id), &marks).await.expect(204);
            let says = json!({"standing": if agrees { "confirmed" } else { "disputed" }});
            someone.post(app, &format!("/influence/{claim}"), &says).await.expect(200);
        }
        Self { given, about, claim: claim.parse().unwrap() }
    }

    async fn publish(&self) {
        self.given.draft(self.about.id).await;
        self.given.post(self.about.id, "/report/publish", &json!({})).await.expect(200);
        self.given.app.outbox().await;
        self.given.app.clock.advance(Duration::minutes(5));
    }

    /// What is held of somebody, one line a kind.
    pub async fn held(&self, who: &Someone) -> Vec<&'static str> {
        let db = self.given.app.app.platform.db.write();
        let mut held = Vec::new();
        let mut hold = |there: bool, what| {
            if there {
                held.push(what)
            }
        };
        let answers = response::Entity::find().filter(response::Column::ParticipantId.eq(who.id)).one(db).await.unwrap().unwrap();
        assert_eq!(answers.answers.is_some(), answers.state == ResponseState::Submitted);
        hold(answers.answers.is_some(), "answers");
        let given = contribution::Entity::find().filter(contribution::Column::ParticipantId.eq(who.id)).one(db).await.unwrap();
        hold(given.as_ref().is_some_and(|row| row.text.is_some()), "words");
        hold(given.is_some(), "whose words");
        let by = format!("participant:{}", who.id);
        let by = contribution::Entity::find().filter(contribution::Column::RecordedBy.eq(by)).count(db).await.unwrap();
        assert_eq!(by > 0, given.is_some());
        let notes =
            notes_agreement::Entity::find().filter(notes_agreement::Column::ParticipantId.eq(who.id)).one(db).await.unwrap();
        hold(notes.as_ref().is_some_and(|row| row.comment.is_some()), "comment");
        hold(notes.is_some(), "agreement");
        let there = attendance::Entity::find().filter(attendance::Column::ParticipantId.eq(who.id)).count(db).await.unwrap();
        hold(there > 0, "attendance");
        let rating = loop_rating::Entity::find().filter(loop_rating::Column::ParticipantId.eq(who.id)).one(db).await.unwrap();
        hold(rating.as_ref().is_some_and(|row| row.harm.is_some()), "harm");
        hold(rating.is_some(), "marks");
        let source = theme_source::Entity::find().filter(theme_source::Column::ParticipantId.eq(who.id)).count(db).await.unwrap();
        hold(source > 0, "source");
        let judged = influence_answer::Entity::find().filter(influence_answer::Column::ParticipantId.eq(who.id));
        hold(judged.count(db).await.unwrap() > 0, "judgement");
        held
    }

    async fn claim(&self) -> Standing {
        let db = self.given.app.app.platform.db.write();
        influence::Entity::find_by_id((self.given.organisation, self.claim)).one(db).await.unwrap().unwrap().standing
    }
}

const ALL: [&str; 10] =
    ["answers", "words", "whose words", "comment", "agreement", "attendance", "harm", "marks", "source", "judgement"];

#[test]
fn taking_part_is_taken_back_as_promised() {
    for (effect, published, kept, standing) in [
        (StopFutureOnly, false, &ALL[..], Standing::Disputed),
        (EraseRawUnpublished, false, &["whose words", "agreement", "attendance"], Standing::Confirmed),
        (
            EraseRawUnpublished,
            true,
            &["answers", "words", "whose words", "agreement", "attendance", "marks", "source", "judgement"],
            Standing::Disputed,
        ),
        (EraseAllIdentifiable, false, &[], Standing::Confirmed),
        (EraseAllIdentifiable, true, &[], Standing::Confirmed),
    ] {
        everywhere(|app| async move {
            let scene = Scene::set(&app, effect).await;
            if published {
                scene.publish().await;
            }
            let (ben, cleo) = (&scene.about.who[0], &scene.about.who[1]);
            assert_eq!(scene.held(ben).await, ALL);
            let body = json!({"purpose": "participate", "opportunity": scene.about.id});
            assert_eq!(ben.post(&app, "/consents/withdraw", &body).await.expect(200).json["withdrawn"], true);
            // Whatever the promise, nothing of it is used from now on.
            let seen = scene.given.get(scene.about.id, "/contributions").await.expect(200);
            assert_eq!(seen.text.matches("Green").count(), 1);
            let seen = scene.given.get(scene.about.id, "/responses").await.expect(200);
            assert_eq!(seen.json["items"].as_array().unwrap().len(), 1);
            app.run_jobs().await;
            assert_eq!(scene.held(ben).await, kept, "{effect} {published}");
            assert_eq!(scene.held(cleo).await, ALL, "others are left alone");
            assert_eq!(scene.claim().await, standing, "{effect} {published}");
            // Doing it twice changes nothing.
            assert_eq!(ben.post(&app, "/consents/withdraw", &body).await.expect(200).json["withdrawn"], false);
            if effect == EraseAllIdentifiable {
                let db = app.app.platform.db.read();
                let meeting = meeting::Entity::find().one(db).await.unwrap().unwrap();
                assert!(meeting.notes_agreed_at.is_some(), "those who are still in the record all agree");
            }
        });
    }
}

#[test]
fn facts_about_oneself_go_with_the_consent_to_count_them() {
    for (effect, kept) in [(StopFutureOnly, 1), (EraseRawUnpublished, 0), (EraseAllIdentifiable, 0)] {
        everywhere(|app| async move {
            let given = start(&app).await;
            let (ben, cleo) = (given.someone("ben").await, given.someone("cleo").await);
            let purpose = Purpose::DemographicsRepresentativeness;
            for someone in [&ben, &cleo] {
                given.fact(someone, "under_25").await;
                given.consent_with(someone, purpose, given.organisation.0, ConsentType::Give, effect).await;
            }
            ben.post(&app, "/consents/withdraw", &json!({"purpose": purpose})).await.expect(200);
            app.run_jobs().await;
            let count = async |who: &Someone| {
                let facts = demographic::Entity::find().filter(demographic::Column::ParticipantId.eq(who.id));
                facts.count(app.app.platform.db.read()).await.unwrap()
            };
            assert_eq!((count(&ben).await, count(&cleo).await), (kept, 1), "{effect}");
        });
    }
}

#[test]
fn leave_to_quote_goes_with_the_consent_it_rests_on() {
    use QuotePermission::{Anonymous, Named, No};
    for (purpose, effect, kept) in [
        (Purpose::QuoteAttributed, StopFutureOnly, Named),
        (Purpose::QuoteAttributed, EraseRawUnpublished, Anonymous),
        (Purpose::QuoteAttributed, EraseAllIdentifiable, Anonymous),
        (Purpose::QuoteAnonymous, StopFutureOnly, Named),
        (Purpose::QuoteAnonymous, EraseAllIdentifiable, Named),
    ] {
        everywhere(|app| async move {
            let scene = Scene::set(&app, StopFutureOnly).await;
            let (given, id, ben) = (&scene.given, scene.about.id, &scene.about.who[0]);
            for one in [Purpose::QuoteAnonymous, Purpose::QuoteAttributed] {
                given.consent_with(ben, one, id.0, ConsentType::Give, effect).await;
            }
            let withdraw = async |purpose: Purpose| {
                let body = json!({"purpose": purpose, "opportunity": id});
                ben.post(&app, "/consents/withdraw", &body).await.expect(200);
                app.run_jobs().await;
                let own = contribution::Entity::find().filter(contribution::Column::ParticipantId.eq(ben.id));
                own.one(app.app.platform.db.read()).await.unwrap().unwrap().quote
            };
            assert_eq!(withdraw(purpose).await, kept, "{purpose} {effect}");
            // What is told is what holds, whatever is written down.
            let shown = given.get(id, "/contributions").await.expect(200).json;
            let expected = if purpose == Purpose::QuoteAttributed { "anonymous" } else { "named" };
            assert_eq!((&shown["items"][0]["quote"], &shown["items"][1]["quote"]), (&json!(expected), &json!("no")));
            let other = if purpose == Purpose::QuoteAttributed { Purpose::QuoteAnonymous } else { Purpose::QuoteAttributed };
            let left = withdraw(other).await;
            assert_eq!(left == No, effect != StopFutureOnly, "{left}");
            assert_eq!(scene.held(ben).await, ALL, "the words stay with the answer to taking part");
        });
    }
}

#[test]
fn being_counted_and_written_to_are_taken_back_without_touching_answers() {
    for (purpose, effect) in [
        (Purpose::PublishInAggregate, EraseRawUnpublished),
        (Purpose::PublishInAggregate, EraseAllIdentifiable),
        (Purpose::ContactInvite, StopFutureOnly),
        (Purpose::ContactReminder, StopFutureOnly),
        (Purpose::ContactFeedback, StopFutureOnly),
    ] {
        everywhere(|app| async move {
            let scene = Scene::set(&app, StopFutureOnly).await;
            let (given, ben) = (&scene.given, &scene.about.who[0]);
            let opportunity = (purpose == Purpose::PublishInAggregate).then_some(scene.about.id);
            let scope = opportunity.map_or(given.organisation.0, |id| id.0);
            given.consent_with(ben, purpose, scope, ConsentType::Give, effect).await;
            ben.post(&app, "/consents/withdraw", &json!({"purpose": purpose, "opportunity": opportunity})).await.expect(200);
            app.run_jobs().await;
            assert_eq!(scene.held(ben).await, ALL, "{purpose} {effect}");
        });
    }
}

#[test]
fn answers_that_may_not_be_used_are_counted_nowhere() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let about = given.consultation(14).await;
        let theme = given.theme(about.id, "Seats", false, &about.responses).await;
        let counts = async || {
            let summary = given.get(about.id, "/summary").await.expect(200).json;
            let themes = given.get(about.id, "/themes").await.expect(200).json;
            let report = given.get(about.id, "/report/preview").await.expect(200).json;
            [
                summary["responses"]["number"].clone(),
                summary["questions"][1]["choices"][0]["people"]["number"].clone(),
                themes[0]["people"]["number"].clone(),
                report["who_took_part"]["answered"]["number"].clone(),
                report["who_took_part"]["took_part"]["number"].clone(),
                report["you_said"][0]["people"].clone(),
            ]
        };
        given.draft(about.id).await;
        assert_eq!(counts().await, [(); 6].map(|()| json!(14)));
        // Taken back, and before any job has run.
        given.consent(&about.who[0], Purpose::Participate, about.id.0, ConsentType::Withdraw).await;
        assert_eq!(counts().await, [(); 6].map(|()| json!(13)));
        // Such an answer is no source of a theme either.
        let refused = given
            .put(about.id, &format!("/themes/{theme}/sources"), &json!({"responses": [about.responses[0]]}))
            .await
            .expect(422);
        assert_eq!(refused.violations(), [("/responses/0".to_owned(), "unknown".to_owned())]);
        // Run out.
        let row = consent_standing::ActiveModel { valid_until: Set(Some(app.clock.now())), ..Default::default() };
        consent_standing::Entity::update_many()
            .set(row)
            .filter(consent_standing::Column::ParticipantId.eq(about.who[1].id))
            .filter(consent_standing::Column::Purpose.eq(Purpose::Participate))
            .exec(app.app.platform.db.write())
            .await
            .unwrap();
        assert_eq!(counts().await, [(); 6].map(|()| json!(12)));
        // What is owed to them does not end with that: they have their own ledger, and can still say how it was.
        let marks = json!({"heard": 5, "ways": 4, "matters": 3, "change": 2, "worth_it": 1});
        about.who[1].post(&app, &format!("/opportunities/{}/rating", about.id), &marks).await.expect(204);
    });
}

/// A workshop: places, attendance, contributions and no questionnaire.
#[test]
fn who_took_part_in_a_workshop_is_counted_as_far_as_they_allow() {
    everywhere(|app| async move {
        let given = start(&app).await;
        let project = given.project(&[("under_25", 5)]).await;
        let (id, now) = (given.opportunity(project, OpportunityState::Closed).await, app.clock.now());
        let meeting: MeetingId = app.clock.new_id();
        put!(given, meeting, {
            id: meeting, opportunity_id: id, title: "One".into(), starts_at: now, ends_at: now, location: None,
            notes: None, notes_shared_at: None, notes_agreed_at: None, version: 1, created_at: now, cancelled_at: None, sequence: 0,
        });
        let (mut who, mut contributions) = (Vec::new(), Vec::<ContributionId>::new());
        for n in 0..14 {
            let someone = given.someone(&format!("p{n}")).await;
            given.invitation(id, &someone, InvitationState::Accepted).await;
            given.place(id, &someone, PlaceState::Held).await;
            for purpose in [Purpose::Participate, Purpose::PublishInAggregate] {
                given.consent_with(&someone, purpose, id.0, ConsentType::Give, EraseRawUnpublished).await;
            }
            given.consent(&someone, Purpose::DemographicsRepresentativeness, given.organisation.0, ConsentType::Give).await;
            given.fact(&someone, "under_25").await;
            put!(given, attendance, {
                meeting_id: meeting, participant_id: someone.id, attendance: Attendance::Present, recorded_by: "system".into(),
                recorded_at: now,
            });
            contributions.push(app.clock.new_id());
            put!(given, contribution, {
                id: contributions[n], opportunity_id: id, meeting_id: Some(meeting), participant_id: Some(someone.id),
                text: Some("Green".into()), quote: QuotePermission::No, recorded_by: "system".into(), created_at: now,
                withdrawn_at: None,
            });
            who.push(someone);
        }
        let theme = given.post(id, "/themes", &json!({"title": "Green", "summary": "Paint it green."})).await.expect(201).id();
        let sources = json!({"contributions": contributions});
        given.put(id, &format!("/themes/{theme}/sources"), &sources).await.expect(200);
        given.draft(id).await;
        let counts = async || {
            let report = given.get(id, "/report/preview").await.expect(200).json;
            let of = &report["who_took_part"];
            [
                of["took_part"]["number"].clone(),
                of["presence"][0]["counted"]["number"].clone(),
                of["presence"][0]["groups"][0]["took_part"]["number"].clone(),
                report["you_said"][0]["people"].clone(),
                given.get(id, "/themes").await.expect(200).json[0]["people"]["number"].clone(),
            ]
        };
        assert_eq!(counts().await, [(); 5].map(|()| json!(14)));
        let back = async |n: usize, purpose: Purpose| {
            let body = json!({"purpose": purpose, "opportunity": id});
            who[n].post(&app, "/consents/withdraw", &body).await.expect(200);
        };
        // Not to be published is not to be counted there; staff still know how many said it.
        back(0, Purpose::PublishInAggregate).await;
        assert_eq!(counts().await, [13, 13, 13, 13, 14].map(|n| json!(n)));
        // Taking part is taken back, and before any job has run.
        back(1, Purpose::Participate).await;
        assert_eq!(counts().await, [12, 12, 12, 12, 13].map(|n| json!(n)));
        // That they were there stays on record, and is counted as little as before.
        app.run_jobs().await;
        let there = attendance::Entity::find().filter(attendance::Column::ParticipantId.eq(who[1].id));
        assert_eq!(there.count(app.app.platform.db.read()).await.unwrap(), 1);
        assert_eq!(counts().await, [12, 12, 12, 12, 13].map(|n| json!(n)));
        // With all but one behind a theme, its number would tell who is not.
        given.put(id, &format!("/themes/{theme}/sources"), &json!({"contributions": contributions[3..]})).await.expect(200);
        assert_eq!(counts().await, [json!(12), json!(12), json!(12), Value::Null, Value::Null]);
    });
}

#[test]
fn what_is_given_under_a_new_yes_stays() {
    everywhere(|app| async move {
        let story = Story::begin(app.clone()).await;
        story.person("ben", json!({"stance": {"kind": "up_to", "rung": "consultation"}})).await;
        let id = story.open_with("consultation", "consultation", json!({}), "erase_all_identifiable").await;
        let token = story.invite(&id, json!({})).await[0].token("ai_");
        story.consent(&token).await;
        story.hand_in(&token, json!({"form": "group"})).await.expect(201);
        story.with(&token, "/consents/withdraw", &json!({"purpose": "participate"})).await.expect(200);
        // The job is late; meanwhile the person agrees again and answers anew.
        app.clock.advance(Duration::seconds(1));
        let again = async || {
            let shown = story.with(&token, "/notice/shown", &json!({"language": "en", "format": "plain"})).await.expect(201);
            let yes = json!({"shown": shown.json["shown"], "consents": [{"purpose": "participate", "choice": "give"}]});
            story.with(&token, "/consents", &yes).await.expect(200);
        };
        again().await;
        app.clock.advance(Duration::seconds(1));
        story.hand_in(&token, json!({"form": "one_to_one"})).await.expect(201);
        app.run_jobs().await;
        let answers = async || response::Entity::find().one(app.app.platform.db.read()).await.unwrap().unwrap().answers;
        assert_eq!(answers().await, Some(json!({"form": "one_to_one"})));
        // Without a new answer, the old one goes although the person agreed again.
        story.with(&token, "/consents/withdraw", &json!({"purpose": "participate"})).await.expect(200);
        app.clock.advance(Duration::seconds(1));
        again().await;
        app.run_jobs().await;
        assert_eq!(answers().await, None);
    });
}

/// An answer that was on its way when its consent was taken back is erased with the others.
#[test]
fn answers_on_their_way_do_not_come_back() {
    everywhere(|app| async move {
        let scene = Scene::set(&app, EraseAllIdentifiable).await;
        let ben = &scene.about.who[0];
        let (db, organisation) = (app.app.platform.db.clone(), scene.given.organisation);
        // As handing in does: the invitation is held, the consent was seen to stand, the answers are not written yet.
        let own = || invitation::Entity::find().filter(invitation::Column::ParticipantId.eq(ben.id));
        let (tx, held) = if db.is_postgres() {
            let tx = db.begin().await.unwrap();
            let held = own().lock_exclusive().one(&tx).await.unwrap();
            (Some(tx), held)
        } else {
            // Here one writer follows the other, so nothing is ever on its way.
            (None, None)
        };
        let body = json!({"purpose": "participate", "opportunity": scene.about.id});
        ben.post(&app, "/consents/withdraw", &body).await.expect(200);
        let done = Cell::new(false);
        let job = async {
            app.run_jobs().await;
            done.set(true);
        };
        let answering = async {
            let Some(tx) = tx else { return };
            assert!(held.is_some());
            let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
            let waits = sea_orm::Statement::from_string(db.backend(), waits);
            while !done.get() && db.read().query_one_raw(waits.clone()).await.unwrap().is_none() {
                tokio::task::yield_now().await;
            }
            let answers = response::ActiveModel {
                organisation_id: Set(organisation),
                id: Set(scene.about.responses[0]),
                answers: Set(Some(json!({"when": "evening"}))),
                state: Set(ResponseState::Submitted),
                ..Default::default()
            };
            response::Entity::update(answers).exec(&tx).await.unwrap();
            tx.commit().await.unwrap();
        };
        tokio::join!(job, answering);
        assert_eq!(scene.held(ben).await, [""; 0]);
    });
}
