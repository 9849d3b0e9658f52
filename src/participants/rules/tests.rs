use super::*;
use chrono::{Days, Duration};
use entity::{
    ActivityStance, ActivityType, GroupFacts, GroupSafety, Load, Present, QuietPeriod, Repeat, Stage, StageStance, TimeOfWeek,
    TopicId, TopicStance,
};
use proptest::prelude::*;
use uuid::Uuid;

fn day(n: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2027, 3, 1).unwrap() + Duration::days(n)
}

fn topic(n: u128) -> TopicId {
    TopicId(Uuid::from_u128(n))
}

fn rungs(allowance: &Allowance) -> Vec<Rung> {
    allowance.rungs().collect()
}

fn with(stance: Stance) -> PreferenceDoc {
    PreferenceDoc::with_stance(stance)
}

fn paused(until: Option<NaiveDate>) -> Stance {
    Stance { until, ..Stance::bare(StanceKind::Paused) }
}

#[test]
fn each_wish_allows_what_it_says() {
    use Rung::*;
    let at_least = Stance { rung: Some(CoDesign), ..Stance::bare(StanceKind::AtLeast) };
    let only = Stance { rungs: vec![CoDesign, Consultation], ..Stance::bare(StanceKind::Only) };
    let between = Stance { low: Some(Consultation), high: Some(CoDesign), ..Stance::bare(StanceKind::Between) };
    let cases = [
        (Stance::up_to(Consultation), vec![Informing, Consultation]),
        (at_least, vec![CoDesign, CoProduction]),
        (only, vec![Consultation, CoDesign]),
        (between, vec![Consultation, Engagement, CoDesign]),
        (Stance::bare(StanceKind::InformMeOnly), vec![Informing]),
        (paused(None), vec![]),
    ];
    for (stance, expected) in cases {
        let found = allowed(&with(stance.clone()), Matter::default(), day(0));
        assert_eq!((rungs(&found), found.ask_first()), (expected, false), "{stance:?}");
    }
    let unspoken = allowed(&PreferenceDoc::unspoken(), Matter::default(), day(0));
    assert!(unspoken.ask_first() && unspoken.allows(CoProduction) && !unspoken.allows(Coercion));
    let hinted =
        allowed(&with(Stance { rungs: vec![Consultation], ..Stance::bare(StanceKind::AskEachTime) }), Matter::default(), day(0));
    assert_eq!((rungs(&hinted), hinted.question()), (vec![Consultation], Some(AskFirst::EachTime)));
}

#[test]
fn a_pause_holds_to_its_last_day_and_ends_in_a_question_about_what_stood_before() {
    use Rung::*;
    let cases = [
        (Stance::bare(StanceKind::InformMeOnly), vec![Informing]),
        (Stance::up_to(Consultation), vec![Informing, Consultation]),
        (Stance { rungs: vec![CoDesign], ..Stance::bare(StanceKind::Only) }, vec![CoDesign]),
        (Stance::bare(StanceKind::AskEachTime), Rung::ALL[1..].to_vec()),
    ];
    for (before, expected) in cases {
        let before = with(before);
        // Whether they press the button, write it down themselves, or have it written down, and also twice.
        let written = remember(&before, with(paused(Some(day(5)))));
        for doc in [pause(&before, Some(day(5))), pause(&pause(&before, None), Some(day(5))), written] {
            assert!(allowed(&doc, Matter::default(), day(5)).is_nothing());
            let after = allowed(&doc, Matter::default(), day(6));
            assert_eq!((rungs(&after), after.question()), (expected.clone(), Some(AskFirst::AfterPause)));
        }
    }
    assert!(allowed(&with(paused(Some(day(5)))), Matter::default(), day(6)).is_nothing(), "a pause that remembers nothing");
}

#[test]
fn topics_outrank_the_default_and_never_outranks_topics() {
    let mut doc = with(Stance::up_to(Rung::CoDesign));
    doc.topic_stances = vec![
        TopicStance { topic: topic(1), stance: Stance::up_to(Rung::Consultation) },
        TopicStance { topic: topic(2), stance: Stance::bare(StanceKind::InformMeOnly) },
        TopicStance { topic: topic(3), stance: Stance::up_to(Rung::CoProduction) },
    ];
    doc.topics.never = vec![topic(3)];
    doc.topics.ask_first = vec![topic(4)];
    assert_eq!(allowed(&doc, Matter::default(), day(0)).highest(), Some(Rung::CoDesign));
    assert_eq!(allowed(&doc, &[topic(9)], day(0)).highest(), Some(Rung::CoDesign));
    assert_eq!(allowed(&doc, &[topic(1), topic(9)], day(0)).highest(), Some(Rung::Consultation));
    assert_eq!(rungs(&allowed(&doc, &[topic(1), topic(2)], day(0))), [Rung::Informing]);
    assert!(allowed(&doc, &[topic(3)], day(0)).is_nothing());
    assert!(allowed(&doc, &[topic(1), topic(3)], day(0)).is_nothing());
    assert!(allowed(&doc, &[topic(4)], day(0)).ask_first());
}

#[test]
fn old_wishes_become_a_question_and_silence_stays_silence() {
    let old = |stance| PreferenceDoc { review_after: Some(day(-1)), ..with(stance) };
    let found = allowed(&old(Stance::up_to(Rung::Consultation)), Matter::default(), day(0));
    assert_eq!((rungs(&found), found.question()), (vec![Rung::Informing, Rung::Consultation], Some(AskFirst::Old)));
    assert!(!allowed(&old(Stance::up_to(Rung::Consultation)), Matter::default(), day(-1)).ask_first());
    assert_eq!(rungs(&allowed(&old(Stance::bare(StanceKind::InformMeOnly)), Matter::default(), day(0))), [Rung::Informing]);
    assert!(allowed(&old(paused(None)), Matter::default(), day(0)).is_nothing());
    let mut never = old(Stance::up_to(Rung::Consultation));
    never.topics.never = vec![topic(1)];
    assert!(allowed(&never, &[topic(1)], day(0)).is_nothing());
}

#[test]
fn what_makes_no_sense_is_told_at_once() {
    let mut doc = with(Stance { rung: Some(Rung::Coercion), low: Some(Rung::Informing), ..Stance::bare(StanceKind::UpTo) });
    doc.topic_stances = vec![TopicStance { topic: topic(9), stance: paused(Some(day(-1))) }];
    doc.topics.yes = vec![topic(1)];
    doc.topics.never = vec![topic(1)];
    doc.contact.from_hour = Some(20);
    doc.contact.to_hour = Some(20);
    doc.contact.time_zone = Some("Mars/Olympus".into());
    doc.load.invites_per_month_max = Some(-1);
    doc.quiet_periods = vec![QuietPeriod { from: day(2), to: day(1), repeat: None }];
    doc.formats = vec![entity::Format::Phone, entity::Format::Phone];
    doc.review_after = Some(day(-1));
    let Err(crate::platform::Error::Invalid(found)) = check(&doc, &PreferenceDoc::unspoken(), &[topic(1)].into(), day(0)) else {
        panic!()
    };
    // They are read on a page too, where nobody knows the names of fields and kinds.
    assert!(found.iter().all(|violation| !violation.detail.contains(['_', '`'])), "{found:?}");
    let found: Vec<_> = found.iter().map(|violation| (violation.pointer.as_str(), violation.code.as_ref())).collect();
    let expected = [
        ("/stance/low", "not_used"),
        ("/stance/rung", "not_offered"),
        ("/topic_stances/0/topic", "unknown"),
        ("/topic_stances/0/stance/until", "past"),
        ("/topics/never/0", "repeated"),
        ("/formats", "repeated"),
        ("/load/invites_per_month_max", "out_of_range"),
        ("/contact/to_hour", "empty"),
        ("/contact/time_zone", "unknown"),
        ("/quiet_periods/0/to", "order"),
        ("/review_after", "out_of_range"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn pauses_and_steps_down_reach_every_topic() {
    let mut doc = with(Stance::up_to(Rung::CoDesign));
    doc.topic_stances = vec![
        TopicStance { topic: topic(1), stance: Stance::bare(StanceKind::AskEachTime) },
        TopicStance { topic: topic(2), stance: Stance::bare(StanceKind::InformMeOnly) },
    ];
    let quiet = pause(&doc, Some(day(3)));
    for topics in [&[][..], &[topic(1)], &[topic(2)]] {
        assert!(allowed(&quiet, topics, day(3)).is_nothing());
    }
    let after = allowed(&quiet, &[topic(2)], day(4));
    assert_eq!((rungs(&after), after.ask_first()), (vec![Rung::Informing], true), "a pause lifts no wish for a topic");
    let lower = step_down(&doc, Rung::Consultation, day(0)).unwrap();
    assert_eq!(lower.stance, Stance::up_to(Rung::Consultation));
    let asked = allowed(&lower, &[topic(1)], day(0));
    assert!(asked.ask_first() && asked.highest() == Some(Rung::Consultation));
    assert_eq!(rungs(&allowed(&lower, &[topic(2)], day(0))), [Rung::Informing]);
    let asked = step_down(&with(Stance::bare(StanceKind::AskEachTime)), Rung::Consultation, day(0)).unwrap();
    let asked = allowed(&asked, Matter::default(), day(0));
    assert!(asked.ask_first() && asked.highest() == Some(Rung::Consultation), "who is asked each time still is");
    assert_eq!(step_down(&doc, Rung::CoProduction, day(0)), Err(StepRefused::Up));
    assert_eq!(step_down(&quiet, Rung::Informing, day(0)), Err(StepRefused::Paused));
}

#[test]
fn somebody_else_cannot_record_more_than_the_person_said() {
    let mut own = with(Stance::up_to(Rung::Engagement));
    own.load.invites_per_month_max = Some(2);
    own.topics.never = vec![topic(1)];
    own.quiet_periods = vec![QuietPeriod { from: day(1), to: day(10), repeat: None }];
    assert!(!beyond(&own, &own, day(0)));
    let changed = |change: &dyn Fn(&mut PreferenceDoc)| {
        let mut new = own.clone();
        change(&mut new);
        beyond(&own, &new, day(0))
    };
    assert!(!changed(&|new| new.stance = Stance::up_to(Rung::Informing)));
    assert!(!changed(&|new| new.stance = Stance::bare(StanceKind::InformMeOnly)));
    assert!(!changed(&|new| new.quiet_periods =
        vec![QuietPeriod { from: day(6), to: day(20), repeat: None }, QuietPeriod { from: day(0), to: day(5), repeat: None }]));
    assert!(changed(&|new| new.stance = Stance::up_to(Rung::CoDesign)));
    let wider = Stance { rungs: vec![Rung::CoDesign], ..paused(Some(day(30))) };
    assert!(changed(&|new| new.stance = wider.clone()), "after the pause more would be asked");
    assert!(!changed(&|new| *new = remember(&own, PreferenceDoc { stance: paused(Some(day(30))), ..own.clone() })));
    assert!(changed(&|new| new.load.invites_per_month_max = None));
    assert!(changed(&|new| new.topics.never = vec![]));
    assert!(changed(&|new| new.quiet_periods = vec![QuietPeriod { from: day(1), to: day(9), repeat: None }]));
    assert!(changed(&|new| new.topic_stances = vec![TopicStance { topic: topic(5), stance: Stance::up_to(Rung::CoDesign) }]));
    // One topic's wish must not be used to get around another's.
    let mut strict = with(Stance::up_to(Rung::CoDesign));
    strict.topic_stances = vec![TopicStance { topic: topic(1), stance: Stance::bare(StanceKind::InformMeOnly) }];
    let mut around = with(Stance::bare(StanceKind::InformMeOnly));
    around.topic_stances = vec![TopicStance { topic: topic(2), stance: Stance::up_to(Rung::CoDesign) }];
    assert!(beyond(&strict, &around, day(0)));
}

#[test]
fn a_day_that_has_passed_since_may_stay_and_none_may_be_chosen() {
    let before = PreferenceDoc { review_after: Some(day(3)), ..pause(&with(Stance::up_to(Rung::Engagement)), Some(day(3))) };
    let mut after = before.clone();
    after.formats = vec![entity::Format::Phone];
    assert!(check(&after, &before, &[].into(), day(9)).is_ok(), "what else was chosen stays");
    assert!(check(&after, &PreferenceDoc::unspoken(), &[].into(), day(9)).is_err(), "a past day cannot be chosen");
    after.stance.until = Some(day(4));
    assert!(check(&after, &before, &[].into(), day(9)).is_err(), "another past day cannot be chosen");
}

#[test]
fn who_steps_down_is_not_asked_for_what_they_ruled_out() {
    let mut doc = with(Stance::up_to(Rung::CoDesign));
    let together = Stance { rungs: vec![Rung::CoDesign], ..Stance::bare(StanceKind::Only) };
    doc.activity_stances = vec![ActivityStance { activity: ActivityType::Workshop, stance: together }];
    doc.stage_stances = vec![StageStance { stage: Stage::Review, stance: Stance::bare(StanceKind::InformMeOnly) }];
    let lower = step_down(&doc, Rung::Consultation, day(0)).unwrap();
    let matter = |stage| Matter { topics: &[], activity: Some(ActivityType::Workshop), stage: Some(stage) };
    for stage in [Stage::Review, Stage::Design] {
        assert!(allowed(&lower, matter(stage), day(0)).is_nothing(), "{stage}");
    }
    assert_eq!(allowed(&lower, Matter::default(), day(0)).highest(), Some(Rung::Consultation));
}

#[test]
fn the_more_specific_wish_wins_and_where_several_meet_the_more_protective() {
    let mut doc = with(Stance::up_to(Rung::Consultation));
    doc.topic_stances = vec![TopicStance { topic: topic(1), stance: Stance::up_to(Rung::CoProduction) }];
    doc.activity_stances = vec![ActivityStance { activity: ActivityType::Workshop, stance: Stance::up_to(Rung::CoDesign) }];
    doc.stage_stances = vec![StageStance { stage: Stage::Review, stance: Stance::bare(StanceKind::InformMeOnly) }];
    let topics = [topic(1)];
    let highest = |topics: &[TopicId], activity, stage| {
        allowed(&doc, Matter { topics, activity: Some(activity), stage: Some(stage) }, day(0)).highest()
    };
    let (survey, workshop) = (ActivityType::Survey, ActivityType::Workshop);
    assert_eq!(highest(&[], survey, Stage::Design), Some(Rung::Consultation), "the default");
    assert_eq!(highest(&topics, survey, Stage::Design), Some(Rung::CoProduction), "the topic's own");
    assert_eq!(highest(&[], workshop, Stage::Design), Some(Rung::CoDesign), "the activity's own");
    assert_eq!(highest(&topics, workshop, Stage::Design), Some(Rung::CoDesign), "what both allow");
    assert_eq!(highest(&topics, workshop, Stage::Review), Some(Rung::Informing), "what all three allow");
    doc.topics.never = vec![topic(1)];
    assert_eq!(allowed(&doc, &topics, day(0)).highest(), None, "never outranks everything");
}

fn any_rung() -> impl Strategy<Value = Rung> {
    prop::sample::select(Rung::ALL[1..].to_vec())
}

fn any_rungs() -> impl Strategy<Value = Vec<Rung>> {
    prop::collection::btree_set(any_rung(), 0..4).prop_map(|set| set.into_iter().collect())
}

fn any_stance() -> impl Strategy<Value = Stance> {
    let until = prop::option::of((0i64..20).prop_map(day));
    prop_oneof![
        any_rung().prop_filter("informing or above", |rung| *rung > Rung::Educating).prop_map(Stance::up_to),
        any_rung().prop_map(|rung| Stance { rung: Some(rung), ..Stance::bare(StanceKind::AtLeast) }),
        prop::collection::btree_set(any_rung(), 1..4)
            .prop_map(|set| Stance { rungs: set.into_iter().collect(), ..Stance::bare(StanceKind::Only) }),
        (any_rung(), any_rung()).prop_map(|(a, b)| Stance {
            low: Some(a.min(b)),
            high: Some(a.max(b)),
            ..Stance::bare(StanceKind::Between)
        }),
        any_rungs().prop_map(|rungs| Stance { rungs, ..Stance::bare(StanceKind::AskEachTime) }),
        Just(Stance::bare(StanceKind::InformMeOnly)),
        (until, any_rungs()).prop_map(|(until, rungs)| Stance { rungs, ..paused(until) }),
    ]
}

fn any_doc() -> impl Strategy<Value = PreferenceDoc> {
    let wishes = prop::collection::btree_map(0u128..5, any_stance(), 0..4);
    let lists = prop::collection::vec(0..4u8, 5);
    let review = prop::option::of((0i64..30).prop_map(day));
    let repeat = prop::sample::select(vec![None, None, Some(Repeat::Weekly), Some(Repeat::Yearly)]);
    let quiet = prop::collection::vec((0i64..20, 0i64..7, repeat), 0..3);
    let activities = prop::collection::btree_map(any_activity(), any_stance(), 0..3);
    let stages = prop::collection::btree_map(any_stage(), any_stance(), 0..3);
    (any_stance(), (wishes, activities, stages), lists, review, quiet, prop::option::of(0..5)).prop_map(
        |(stance, (wishes, activities, stages), lists, review_after, quiet, cap)| {
            let mut doc = PreferenceDoc { review_after, ..with(stance) };
            doc.topic_stances = wishes.into_iter().map(|(n, stance)| TopicStance { topic: topic(n), stance }).collect();
            doc.activity_stances = activities.into_iter().map(|(activity, stance)| ActivityStance { activity, stance }).collect();
            doc.stage_stances = stages.into_iter().map(|(stage, stance)| StageStance { stage, stance }).collect();
            for (n, list) in (0u128..).zip(lists) {
                match list {
                    1 => doc.topics.yes.push(topic(n)),
                    2 => doc.topics.ask_first.push(topic(n)),
                    3 => doc.topics.never.push(topic(n)),
                    _ => {}
                }
            }
            doc.quiet_periods = quiet
                .into_iter()
                .map(|(from, days, repeat)| QuietPeriod { from: day(from), to: day(from + days), repeat })
                .collect();
            doc.load.invites_per_month_max = cap;
            doc
        },
    )
}

fn any_activity() -> impl Strategy<Value = ActivityType> {
    prop::sample::select(vec![ActivityType::Survey, ActivityType::Workshop, ActivityType::PaidRole])
}

fn any_stage() -> impl Strategy<Value = Stage> {
    prop::sample::select(vec![Stage::Need, Stage::Design, Stage::Review])
}

/// What somebody wants of groups, of the times of the week, and of a day.
fn any_surroundings() -> impl Strategy<Value = (GroupSafety, Vec<TimeOfWeek>, Option<i32>, Option<i32>)> {
    let not_with = prop::sample::subsequence(vec![Present::Police, Present::Funders, Present::Researchers], 0..3);
    let group = (any::<[bool; 3]>(), not_with).prop_map(|([women_only, same_experience, known_facilitator], not_with)| {
        GroupSafety { women_only, same_experience, known_facilitator, not_with }
    });
    let times = prop::sample::subsequence(TimeOfWeek::ALL.to_vec(), 0..4);
    (group, times, prop::option::of(1..4), prop::option::of(0..20))
}

/// An offer as somebody might make it; what it is about is said beside it.
#[derive(Clone, Debug)]
struct Made {
    rungs: (Rung, Rung),
    group: Option<GroupFacts>,
    starts: Option<(i64, TimeOfWeek)>,
    meetings: i64,
}

fn any_offer() -> impl Strategy<Value = Made> {
    let present = prop::option::of(prop::sample::subsequence(vec![Present::Police, Present::Funders], 0..2));
    let facts = (any::<[bool; 3]>(), present).prop_map(|([women_only, same_experience, known_facilitator], present)| {
        GroupFacts { women_only, same_experience, known_facilitator, present }
    });
    let starts = prop::option::of((0i64..30, prop::sample::select(TimeOfWeek::ALL.to_vec())));
    ((any_rung(), any_rung()), prop::option::of(facts), starts, 0i64..4).prop_map(|(rungs, group, starts, meetings)| Made {
        rungs,
        group,
        starts,
        meetings,
    })
}

/// What something is about.
#[derive(Clone, Debug)]
struct About {
    topics: Vec<TopicId>,
    activity: Option<ActivityType>,
    stage: Option<Stage>,
}

impl About {
    fn matter(&self) -> Matter<'_> {
        Matter { topics: &self.topics, activity: self.activity, stage: self.stage }
    }
}

/// Whether nothing but the default says what may be asked about this.
fn by_default(doc: &PreferenceDoc, about: &About) -> bool {
    !scope::wishes(doc).any(|(scope, _)| about.matter().has(scope))
}

fn any_matter() -> impl Strategy<Value = About> {
    let topics = prop::collection::btree_set(0u128..6, 0..4).prop_map(|set| set.into_iter().map(topic).collect());
    (topics, prop::option::of(any_activity()), prop::option::of(any_stage())).prop_map(|(topics, activity, stage)| About {
        topics,
        activity,
        stage,
    })
}

proptest! {
    #[test]
    fn generated_documents_are_valid_and_never_allow_coercion(doc in any_doc(), about in any_matter(), n in 0i64..40) {
        let known = (0..5).map(topic).collect();
        prop_assert!(check(&doc, &PreferenceDoc::unspoken(), &known, day(0)).is_ok());
        let allowance = allowed(&doc, about.matter(), day(n));
        prop_assert!(!allowance.allows(Rung::Coercion));
        if about.topics.iter().any(|topic| doc.topics.never.contains(topic)) {
            prop_assert!(allowance.is_nothing());
        }
        if !allowance.is_nothing() && about.topics.iter().any(|topic| doc.topics.ask_first.contains(topic)) {
            prop_assert!(allowance.ask_first());
        }
    }

    #[test]
    fn a_further_topic_with_a_wish_never_allows_more(doc in any_doc(), about in any_matter(), n in 0i64..40) {
        for wish in &doc.topic_stances {
            let alone = allowed(&doc, &[wish.topic], day(n));
            let mut together = about.clone();
            together.topics.push(wish.topic);
            prop_assert!(allowed(&doc, together.matter(), day(n)).within(&alone));
        }
        for wish in &doc.activity_stances {
            let alone = allowed(&doc, Matter { activity: Some(wish.activity), ..Matter::default() }, day(n));
            let together = About { activity: Some(wish.activity), ..about.clone() };
            prop_assert!(allowed(&doc, together.matter(), day(n)).within(&alone));
        }
        for wish in &doc.stage_stances {
            let alone = allowed(&doc, Matter { stage: Some(wish.stage), ..Matter::default() }, day(n));
            let together = About { stage: Some(wish.stage), ..about.clone() };
            prop_assert!(allowed(&doc, together.matter(), day(n)).within(&alone));
        }
    }

    #[test]
    fn the_order_of_topics_does_not_matter(doc in any_doc(), about in any_matter(), n in 0i64..40) {
        let turned = About { topics: about.topics.iter().rev().copied().collect(), ..about.clone() };
        prop_assert_eq!(allowed(&doc, about.matter(), day(n)), allowed(&doc, turned.matter(), day(n)));
    }

    #[test]
    fn what_is_not_beyond_allows_nothing_more(own in any_doc(), new in any_doc(), about in any_matter(), n in 0i64..40) {
        prop_assert!(!beyond(&own, &own, day(0)));
        if !beyond(&own, &new, day(0)) {
            let said = |doc: &PreferenceDoc| PreferenceDoc { review_after: None, ..doc.clone() };
            let (a, b) = (allowed(&said(&new), about.matter(), day(n)), allowed(&said(&own), about.matter(), day(n)));
            prop_assert!(a.within(&b), "{:?} is not within {:?}", a, b);
            prop_assert!(!quiet_on(&own, day(n)) || quiet_on(&new, day(n)));
        }
    }

    #[test]
    fn hours_that_are_not_beyond_let_no_letter_in_at_another_time(
        own in (0i32..24, 1i32..25), new in (0i32..24, 1i32..25), elsewhere in any::<bool>(), at in 0i64..(48 * 4),
    ) {
        let with_hours = |(from, to)| {
            let mut doc = PreferenceDoc::unspoken();
            (doc.contact.from_hour, doc.contact.to_hour) = (Some(from), Some(to));
            doc
        };
        let (own, mut new) = (with_hours(own), with_hours(new));
        new.contact.time_zone = elsewhere.then(|| "Asia/Kathmandu".into());
        let now = day(0).and_time(chrono::NaiveTime::MIN).and_utc() + Duration::minutes(15 * at);
        let open = |doc: &PreferenceDoc| super::quiet::quiet_until(doc, chrono_tz::Tz::Europe__London, now).is_none();
        prop_assert!(beyond(&own, &new, day(0)) || !open(&new) || open(&own));
    }

    #[test]
    fn lowering_a_document_is_never_beyond_it(own in any_doc(), about in any_matter(), n in 0i64..40) {
        let mut lower = own.clone();
        lower.topics.yes.clear();
        lower.topics.ask_first.clear();
        lower.topic_stances.clear();
        lower.activity_stances.clear();
        lower.stage_stances.clear();
        lower.topics.never = (0..6).map(topic).collect();
        lower.stance = paused(None);
        prop_assert!(!beyond(&own, &lower, day(0)));
        prop_assert!(allowed(&lower, about.matter(), day(n)).is_nothing());
    }

    #[test]
    fn a_step_down_never_goes_up_and_drops_no_question(
        own in any_doc(), rung in any_rung(), about in any_matter(), n in 0i64..40,
    ) {
        prop_assume!(rung > Rung::Educating);
        let said = PreferenceDoc { review_after: None, ..own };
        if let Ok(lower) = step_down(&said, rung, day(0)) {
            let known = (0..5).map(topic).collect();
            prop_assert!(check(&lower, &said, &known, day(0)).is_ok());
            let (before, after) = (allowed(&said, about.matter(), day(n)), allowed(&lower, about.matter(), day(n)));
            prop_assert!(after.highest().is_none_or(|highest| highest <= rung));
            prop_assert!(!before.ask_first() || after.ask_first() || after.is_nothing());
            // Whoever is asked for nothing is not asked for something because they step down; alone the default may fall to
            // what it did not include.
            prop_assert!(!before.is_nothing() || after.is_nothing() || by_default(&said, &about));
            for matter in (0..5).map(|n| vec![topic(n)]).chain([vec![]]) {
                let (before, after) = (allowed(&said, &matter, day(n)), allowed(&lower, &matter, day(n)));
                // Who had nothing at or below the rung steps down to it: then that is what they want.
                let nothing_left = before.rungs().all(|held| held > rung);
                prop_assert!(nothing_left || after.within(&before), "{:?} is not within {:?}", after, before);
            }
        }
    }

    #[test]
    fn a_trial_adds_one_rung_to_the_default_and_drops_no_question(own in any_doc(), about in any_matter(), n in 0i64..40) {
        let before = allowed(&own, about.matter(), day(n));
        for rung in steps_to_try(&own, day(n)) {
            let after = allowed(&trying(&own, rung), about.matter(), day(n));
            prop_assert!(before.rungs().all(|kept| after.allows(kept)));
            prop_assert!(after.rungs().all(|new| before.allows(new) || (new == rung && by_default(&own, &about))));
            // Who was kept informed is asked first where their choices are old.
            prop_assert!(before.is_nothing() || !before.ask_first() || before.question() == after.question());
        }
    }

    #[test]
    fn after_a_pause_nothing_wider_is_asked_than_before(own in any_doc(), about in any_matter(), n in 0i64..40) {
        let said = PreferenceDoc { review_after: None, ..own };
        // As if no pause had been there before: what counted is what stood before that one.
        prop_assume!(said.stances().all(|one| one.kind != StanceKind::Paused));
        let written = with(paused(Some(day(10))));
        let written = remember(&said, PreferenceDoc { topics: said.topics.clone(), ..written });
        let nothing = About { topics: vec![], activity: None, stage: None };
        for (doc, about) in [(pause(&said, Some(day(10))), about), (written, nothing)] {
            let (before, after) = (allowed(&said, about.matter(), day(0)), allowed(&doc, about.matter(), day(n)));
            prop_assert!(after.within(&before), "{:?} is not within {:?}", after, before);
            prop_assert!(after.ask_first() || after.is_nothing());
        }
    }

    #[test]
    fn a_pause_is_silent_from_the_first_day_to_the_last(own in any_doc(), about in any_matter(), length in 0i64..20) {
        let quiet = pause(&own, Some(day(length)));
        for n in 0..=length {
            prop_assert!(allowed(&quiet, about.matter(), day(n)).is_nothing());
        }
        let forever = pause(&own, None);
        prop_assert!(allowed(&forever, about.matter(), day(0).checked_add_days(Days::new(9999)).unwrap()).is_nothing());
    }

    #[test]
    fn what_is_not_beyond_what_somebody_said_opens_nothing_to_them(
        own in any_doc(), other in any_doc(), around in (any_surroundings(), any_surroundings()), take in any::<[bool; 6]>(),
        about in any_matter(), made in any_offer(),
    ) {
        let with = |doc: PreferenceDoc, (group_safety, times, a_day, notice): (GroupSafety, Vec<TimeOfWeek>, _, _)| {
            let load = Load { meetings_per_day_max: a_day, notice_days_min: notice, ..doc.load };
            PreferenceDoc { group_safety, times, load, ..doc }
        };
        let (own, other) = (with(own, around.0), with(other, around.1));
        // A version that differs in some things from what was said.
        let mut new = own.clone();
        if take[0] { new.stance = other.stance; }
        if take[1] { new.group_safety = other.group_safety; }
        if take[2] { new.times = other.times; }
        if take[3] { new.load.meetings_per_day_max = other.load.meetings_per_day_max; }
        if take[4] { new.load.notice_days_min = other.load.notice_days_min; }
        if take[5] { new.quiet_periods = other.quiet_periods; }
        let offer = Offer {
            rung: made.rungs.0,
            supported: made.rungs.1,
            topics: &about.topics,
            activity: about.activity.unwrap_or(ActivityType::FocusGroup),
            stage: about.stage.unwrap_or(Stage::Design),
            formats: &[],
            group: made.group.as_ref(),
            starts_on: made.starts.map(|(n, _)| day(n)),
            starts_in: made.starts.map(|(_, time)| time),
            meetings_that_day: made.meetings,
            asked_on: day(0),
            today: day(0),
        };
        // How old wishes are is left aside there, and makes no difference to what may be offered after a question.
        if !beyond(&own, &new, day(0)) && objection(&own, &offer).is_some() {
            prop_assert!(objection(&new, &offer).is_some(), "{own:?} {new:?} {offer:?}");
        }
    }
}
