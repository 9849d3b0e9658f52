//! Random people and random opportunities: whatever happens, no invitation breaks a promise. The rules are written here a second
//! time, in the plainest way, so that a mistake in the product is not repeated by its test.

use crate::{
    crowd,
    harness::{TestApp, everywhere, start},
    story::Story,
};
use chrono::{Datelike, Days, NaiveDate, Timelike};
use entity::{
    ActivityStance, ActivityType, ConsentType, Format, GroupFacts, GroupSafety, OpportunityId, OpportunityKind, ParticipantId,
    PreferenceDoc, Present, Purpose, QuietPeriod, Repeat, Rung, Stage, StageStance, Stance, StanceKind, TimeOfWeek, TopicId,
    TopicStance, consent_standing, invitation, mail_message, opportunity, opportunity_topic,
};
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha20Rng;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};
use std::collections::HashMap;

fn stance(dice: &mut ChaCha20Rng, today: NaiveDate) -> Stance {
    let rung = |dice: &mut ChaCha20Rng| *Rung::ALL[2..].choose(dice).unwrap();
    let mut stance = Stance::bare(*StanceKind::ALL.choose(dice).unwrap());
    match stance.kind {
        StanceKind::UpTo | StanceKind::AtLeast => stance.rung = Some(rung(dice)),
        StanceKind::Only => stance.rungs = vec![rung(dice)],
        StanceKind::Between => {
            let (a, b) = (rung(dice), rung(dice));
            (stance.low, stance.high) = (Some(a.min(b)), Some(a.max(b)));
        }
        StanceKind::AskEachTime if dice.random_bool(0.5) => stance.rungs = vec![rung(dice)],
        StanceKind::Paused => {
            stance.rungs = vec![rung(dice)];
            stance.until = dice.random_bool(0.5).then(|| today + Days::new(dice.random_range(0..9)) - Days::new(4))
        }
        _ => {}
    }
    stance
}

/// What somebody might want from a day on.
pub fn wishes(dice: &mut ChaCha20Rng, topics: &[TopicId], today: NaiveDate) -> PreferenceDoc {
    let mut doc = PreferenceDoc::with_stance(stance(dice, today));
    for topic in topics {
        match dice.random_range(0..8) {
            0 => doc.topics.never.push(*topic),
            1 => doc.topics.yes.push(*topic),
            2 => doc.topics.ask_first.push(*topic),
            3 => doc.topic_stances.push(TopicStance { topic: *topic, stance: stance(dice, today) }),
            _ => {}
        }
    }
    if dice.random_bool(0.2) {
        let activity = *[ActivityType::Survey, ActivityType::Workshop, ActivityType::FocusGroup].choose(dice).unwrap();
        doc.activity_stances = vec![ActivityStance { activity, stance: stance(dice, today) }];
    }
    if dice.random_bool(0.2) {
        let stage = *[Stage::Design, Stage::Delivery].choose(dice).unwrap();
        doc.stage_stances = vec![StageStance { stage, stance: stance(dice, today) }];
    }
    if dice.random_bool(0.3) {
        doc.activity_types =
            vec![*[ActivityType::Survey, ActivityType::Workshop, ActivityType::FocusGroup].choose(dice).unwrap()];
    }
    if dice.random_bool(0.3) {
        doc.formats = vec![*[Format::Online, Format::Phone].choose(dice).unwrap()];
    }
    if dice.random_bool(0.3) {
        doc.times = TimeOfWeek::ALL.iter().copied().filter(|_| dice.random_bool(0.4)).collect();
    }
    if dice.random_bool(0.3) {
        doc.load.meetings_per_day_max = Some(dice.random_range(1..3));
    }
    if dice.random_bool(0.3) {
        doc.group_safety = GroupSafety {
            women_only: dice.random_bool(0.3),
            same_experience: dice.random_bool(0.2),
            known_facilitator: dice.random_bool(0.2),
            not_with: Present::ALL.iter().copied().filter(|_| dice.random_bool(0.1)).collect(),
        };
    }
    if dice.random_bool(0.3) {
        doc.load.invites_per_month_max = Some(dice.random_range(0..3));
    }
    if dice.random_bool(0.3) {
        doc.load.minutes_per_month_max = Some(dice.random_range(0..120));
    }
    if dice.random_bool(0.2) {
        doc.load.notice_days_min = Some(dice.random_range(0..40));
    }
    if dice.random_bool(0.3) {
        let from = today + Days::new(dice.random_range(0..30)) - Days::new(10);
        let repeat = *[None, Some(Repeat::Weekly), Some(Repeat::Yearly)].choose(dice).unwrap();
        let days = dice.random_range(0..if repeat == Some(Repeat::Weekly) { 4 } else { 10 });
        doc.quiet_periods = vec![QuietPeriod { from, to: from + Days::new(days), repeat }];
    }
    doc
}

/// Whether a stance includes a rung on a day.
pub fn includes(stance: &Stance, rung: Rung, today: NaiveDate) -> bool {
    match stance.kind {
        StanceKind::UpTo => rung >= Rung::Informing && rung <= stance.rung.unwrap(),
        StanceKind::Only => stance.rungs.contains(&rung),
        StanceKind::AtLeast => rung >= stance.rung.unwrap(),
        StanceKind::Between => rung >= stance.low.unwrap() && rung <= stance.high.unwrap(),
        StanceKind::AskEachTime => stance.rungs.is_empty() || stance.rungs.contains(&rung),
        StanceKind::InformMeOnly => rung == Rung::Informing,
        // After a pause with an end the person is asked first, about what stood before it.
        StanceKind::Paused => stance.until.is_some_and(|until| until < today) && stance.rungs.contains(&rung),
    }
}

/// Whether a day is one on which somebody wants to be left in peace.
pub fn quiet(doc: &PreferenceDoc, day: NaiveDate) -> bool {
    doc.quiet_periods.iter().any(|period| {
        // Day by day, back to the first time: nothing here reaches further than a few weeks.
        let same = |first: NaiveDate| match period.repeat {
            None => first == day,
            Some(Repeat::Weekly) => first <= day && first.weekday() == day.weekday(),
            Some(Repeat::Yearly) => first <= day && (first.month(), first.day()) == (day.month(), day.day()),
        };
        period.from.iter_days().take_while(|first| *first <= period.to).any(same)
    })
}

/// Whether a group is said to be everything that somebody wants of one.
fn bearable(doc: &PreferenceDoc, group: Option<&GroupFacts>) -> bool {
    let wanted = &doc.group_safety;
    let Some(group) = group else { return *wanted == GroupSafety::any() };
    if wanted.women_only && !group.women_only || wanted.same_experience && !group.same_experience {
        return false;
    }
    if wanted.known_facilitator && !group.known_facilitator {
        return false;
    }
    match &group.present {
        None => wanted.not_with.is_empty(),
        Some(there) => there.iter().all(|who| !wanted.not_with.contains(who)),
    }
}

/// The part of the week of a time, in London.
fn time_of_week(at: entity::Time) -> TimeOfWeek {
    let at = at.with_timezone(&chrono_tz::Tz::Europe__London);
    use TimeOfWeek::*;
    let parts = match at.weekday().number_from_monday() {
        6 | 7 => [WeekendMorning, WeekendAfternoon, WeekendEvening],
        _ => [WeekdayMorning, WeekdayAfternoon, WeekdayEvening],
    };
    parts[if at.hour() < 12 {
        0
    } else if at.hour() < 17 {
        1
    } else {
        2
    }]
}

/// What in somebody's wishes speaks against an opportunity, notice and load left out.
pub fn against(doc: &PreferenceDoc, offer: &opportunity::Model, topics: &[TopicId], today: NaiveDate) -> Option<&'static str> {
    if topics.iter().any(|topic| doc.topics.never.contains(topic)) {
        return Some("never means never");
    }
    let activity = match (offer.activity, offer.kind) {
        (Some(own), _) => own,
        (None, OpportunityKind::Consultation) => ActivityType::Survey,
        (None, OpportunityKind::Workshop) => ActivityType::Workshop,
        (None, OpportunityKind::FocusGroup) => ActivityType::FocusGroup,
        (None, OpportunityKind::Interview) => ActivityType::Interview1to1,
        (None, OpportunityKind::CoDesignGroup) => ActivityType::CoDesignGroup,
        (None, other) => panic!("{other} is not made here"),
    };
    let alone = [ActivityType::Survey, ActivityType::DocumentReview, ActivityType::Interview1to1].contains(&activity);
    let mut own: Vec<&Stance> =
        doc.topic_stances.iter().filter(|own| topics.contains(&own.topic)).map(|own| &own.stance).collect();
    own.extend(doc.activity_stances.iter().filter(|own| own.activity == activity).map(|own| &own.stance));
    own.extend(doc.stage_stances.iter().filter(|own| own.stage == offer.stage).map(|own| &own.stance));
    let allowed = match own.is_empty() {
        true => includes(&doc.stance, offer.rung, today),
        false => own.iter().all(|own| includes(own, offer.rung, today)),
    };
    if !allowed {
        Some("the rung")
    } else if !doc.activity_types.is_empty() && !doc.activity_types.contains(&activity) {
        Some("the activity")
    } else if !doc.formats.is_empty() && !offer.formats.0.iter().any(|form| doc.formats.contains(form)) {
        Some("the format")
    } else if !alone && !bearable(doc, offer.group_facts.as_ref()) {
        Some("the group")
    } else if !doc.times.is_empty() && offer.starts_at.is_some_and(|at| !doc.times.contains(&time_of_week(at))) {
        Some("the time")
    } else if offer.starts_at.is_some_and(|at| quiet(doc, at.date_naive())) {
        Some("it starts in a quiet period")
    } else {
        None
    }
}

/// An opportunity of any kind, about any topics, in any form, of any length.
fn opportunity(dice: &mut ChaCha20Rng, topics: &[String]) -> (&'static str, &'static str, Value) {
    let kind = *["consultation", "workshop", "focus_group", "interview", "co_design_group"].choose(dice).unwrap();
    // The project claims co-design: nothing above it may be offered.
    let rung = *["informing", "consultation", "engagement", "co_design"].choose(dice).unwrap();
    let about: Vec<&String> = topics.iter().filter(|_| dice.random_bool(0.5)).collect();
    let forms = [json!(["online"]), json!(["phone"]), json!(["online", "phone"]), json!(["post"])];
    let mut changes = json!({
        "topics": about, "formats": forms.choose(dice).unwrap(), "minutes": dice.random_range(5..90),
        "preparation_minutes": dice.random_range(0..30),
    });
    let places = dice.random_range(1..40);
    changes["places"] = if kind == "consultation" { json!(null) } else { json!(places) };
    if kind != "consultation" {
        if dice.random_bool(0.2) {
            changes["activity"] = json!(["citizens_jury", "interview_panel"].choose(dice).unwrap());
        }
        let meets = changes["activity"].is_string() || kind != "interview";
        if meets && dice.random_bool(0.6) {
            let mut group = json!({"women_only": dice.random_bool(0.5), "same_experience": dice.random_bool(0.5)});
            group["known_facilitator"] = json!(dice.random_bool(0.5));
            if dice.random_bool(0.7) {
                let there: Vec<&Present> = Present::ALL.iter().filter(|_| dice.random_bool(0.2)).collect();
                group["present"] = json!(there);
            }
            changes["group"] = group;
        }
        let (month, day, hour) = (dice.random_range(3..5), dice.random_range(3..28), dice.random_range(8..21));
        changes["starts_at"] = json!(format!("2027-{month:02}-{day:02}T{hour:02}:00:00Z"));
    }
    (kind, rung, changes)
}

#[test]
fn no_invitation_breaks_a_promise() {
    for seed in [20_270_301, 7, 99] {
        everywhere(|app| keeps_every_promise(app, seed));
    }
}

async fn keeps_every_promise(app: TestApp, seed: u64) {
    let story = Story::begin(app.clone()).await;
    let second = story.ada.post(&app, "/topics", &json!({"key": "food", "title": "Food"})).await.expect(201).id();
    let topics: Vec<TopicId> = [&story.topic, &second].map(|id| id.parse().unwrap()).to_vec();
    let mut dice = ChaCha20Rng::seed_from_u64(seed);
    let docs: Vec<_> = (0..300).map(|_| wishes(&mut dice, &topics, start().date_naive())).collect();
    let people = crowd::with(&app, &story, docs.clone()).await;
    let by_person: HashMap<ParticipantId, PreferenceDoc> = people.iter().copied().zip(docs).collect();
    let db = app.app.platform.db.write();
    // Every fifth person's consent has been taken back.
    let silent: Vec<ParticipantId> = people.iter().copied().step_by(5).collect();
    consent_standing::Entity::update_many()
        .col_expr(consent_standing::Column::Type, Expr::value(ConsentType::Withdraw.word()))
        .filter(consent_standing::Column::ParticipantId.is_in(silent.iter().copied()))
        .filter(consent_standing::Column::Purpose.eq(Purpose::ContactInvite))
        .exec(db)
        .await
        .unwrap();
    let about = [story.topic.clone(), second.clone()];
    for _ in 0..5 {
        let (kind, rung, changes) = opportunity(&mut dice, &about);
        let id = story.open(kind, rung, changes).await;
        story.invite(&id, json!({})).await;
    }
    // At least one that asks everybody, so that there is something to judge.
    let id = story.open("consultation", "consultation", json!({"formats": ["online"]})).await;
    story.invite(&id, json!({})).await;
    let made = invitation::Entity::find().all(db).await.unwrap();
    let offers: HashMap<OpportunityId, opportunity::Model> =
        opportunity::Entity::find().all(db).await.unwrap().into_iter().map(|row| (row.id, row)).collect();
    let about = opportunity_topic::Entity::find().all(db).await.unwrap();
    assert!(made.len() > 60, "seed {seed}: too few are asked for this to mean something: {}", made.len());
    let today = start().date_naive();
    // Time counts in the month in which it is taken.
    let (mut letters, mut minutes): (HashMap<_, i32>, HashMap<_, i32>) = Default::default();
    let month = |offer: &opportunity::Model| offer.starts_at.map_or(today.month(), |at| at.month());
    for row in &made {
        let (doc, offer) = (&by_person[&row.participant_id], &offers[&row.opportunity_id]);
        let topics: Vec<TopicId> =
            about.iter().filter(|link| link.opportunity_id == offer.id).map(|link| link.topic_id).collect();
        assert!(!silent.contains(&row.participant_id), "consent");
        assert_eq!(against(doc, offer, &topics, today), None, "{offer:?} {doc:?}");
        assert!(!quiet(doc, today), "quiet period");
        if let (Some(days), Some(at)) = (doc.load.notice_days_min, offer.starts_at) {
            assert!((at.date_naive() - today).num_days() >= i64::from(days), "notice");
        }
        *letters.entry(row.participant_id).or_default() += 1;
        *minutes.entry((row.participant_id, month(offer))).or_default() += offer.minutes + offer.preparation_minutes;
    }
    for (person, doc) in &by_person {
        let within = |limit: Option<i32>, count: Option<&i32>| limit.is_none_or(|most| count.copied().unwrap_or(0) <= most);
        assert!(within(doc.load.invites_per_month_max, letters.get(person)), "monthly invitations");
        for month in 3..5 {
            assert!(within(doc.load.minutes_per_month_max, minutes.get(&(*person, month))), "monthly minutes");
        }
    }
    let sent = mail_message::Entity::find().filter(mail_message::Column::Kind.eq("invitations.invite")).all(db).await.unwrap();
    assert_eq!(sent.len(), made.len());
    assert!(sent.iter().all(|letter| letter.state == entity::MailState::Sent), "what may be asked is also sent");
}
