//! Whether a preference document makes sense; everything that is wrong is told at once.

use crate::platform::{Result, text::Check};
use chrono::{Duration, NaiveDate};
use chrono_tz::Tz;
use entity::{
    AccessNeed, Channel, Contact, Load, Money, PaymentWish, PreferenceDoc, QuietPeriod, Repeat, Rung, SessionWishes, Stance,
    StanceKind, TopicChoices, TopicId,
};
use std::{collections::BTreeSet, hash::Hash};

/// Topics with a wish of their own.
const TOPIC_STANCES: usize = 50;
/// Topics in one list.
const TOPICS: usize = 200;
/// Quiet periods.
const QUIET_PERIODS: usize = 100;
/// Access needs.
const ACCESS_NEEDS: usize = 20;
/// Days within which choices are looked at again.
const REVIEW: i64 = 731;

/// Checks a document that somebody wants to hold from `today` on, in place of `before`. `topics` are those that can be chosen.
/// A day that has passed since it was chosen may stay: whoever changes one thing need not change another.
pub fn check(doc: &PreferenceDoc, before: &PreferenceDoc, topics: &BTreeSet<TopicId>, today: NaiveDate) -> Result<()> {
    let mut check = Check::new();
    let ends: BTreeSet<NaiveDate> = before.stances().filter_map(|stance| stance.until).collect();
    let days = Days { today, ends: &ends };
    check_stance(&mut check, "/stance", &doc.stance, days);
    check_topic_stances(&mut check, doc, topics, days);
    let activities = doc.activity_stances.iter().map(|wish| (wish.activity, &wish.stance));
    check_own(&mut check, "/activity_stances", "activity", activities, days);
    check_own(&mut check, "/stage_stances", "stage", doc.stage_stances.iter().map(|wish| (wish.stage, &wish.stance)), days);
    check_topics(&mut check, &doc.topics, topics);
    check.items("/activity_stances", doc.activity_stances.len(), TOPIC_STANCES);
    check.items("/stage_stances", doc.stage_stances.len(), TOPIC_STANCES);
    no_repetition(&mut check, "/activity_types", &doc.activity_types);
    no_repetition(&mut check, "/formats", &doc.formats);
    no_repetition(&mut check, "/times", &doc.times);
    no_repetition(&mut check, "/group_safety/not_with", &doc.group_safety.not_with);
    check_load(&mut check, &doc.load);
    check_contact(&mut check, &doc.contact);
    check_sessions(&mut check, &doc.sessions);
    check_needs(&mut check, &doc.access_needs);
    check_money(&mut check, &doc.money);
    check_quiet(&mut check, &doc.quiet_periods);
    let in_time = |day: NaiveDate| day >= today && day <= today + Duration::days(REVIEW);
    let review_ok = doc.review_after.is_none_or(|day| in_time(day) || before.review_after == Some(day));
    check.day("/review_after", doc.review_after);
    check.that(review_ok, "/review_after", "out_of_range", "Choose a day within the next two years.");
    check.done()
}

/// What days may be chosen.
#[derive(Clone, Copy)]
struct Days<'d> {
    today: NaiveDate,
    /// Ends of pauses that stand there already.
    ends: &'d BTreeSet<NaiveDate>,
}

/// Checks one wish: the fields its kind needs, and no others.
fn check_stance(check: &mut Check, at: &str, stance: &Stance, days: Days<'_>) {
    use StanceKind as Kind;
    let field = |name: &str| format!("{at}/{name}");
    let with_rungs = matches!(stance.kind, Kind::Only | Kind::AskEachTime | Kind::Paused);
    let given = [
        ("rung", stance.rung.is_some(), matches!(stance.kind, Kind::UpTo | Kind::AtLeast), true),
        ("rungs", !stance.rungs.is_empty(), with_rungs, stance.kind == Kind::Only),
        ("low", stance.low.is_some(), stance.kind == Kind::Between, true),
        ("high", stance.high.is_some(), stance.kind == Kind::Between, true),
        ("until", stance.until.is_some(), stance.kind == Kind::Paused, false),
    ];
    for (name, there, used, needed) in given {
        check.that(there || !(used && needed), &field(name), "required", "A wish of this kind needs this.");
        check.that(!there || used, &field(name), "not_used", "A wish of this kind does not use this.");
    }
    let chosen = [("rung", stance.rung), ("low", stance.low), ("high", stance.high)];
    let coercion = chosen.iter().find(|(_, rung)| *rung == Some(Rung::Coercion)).map(|(name, _)| *name);
    let coercion = coercion.or(stance.rungs.contains(&Rung::Coercion).then_some("rungs"));
    check.that(coercion.is_none(), &field(coercion.unwrap_or_default()), "not_offered", "Nobody may be asked for coercion.");
    let empty = stance.kind == Kind::UpTo && stance.rung == Some(Rung::Educating);
    check.that(
        !empty,
        &field("rung"),
        "empty",
        "This begins at informing. For educating alone, choose a wish for these kinds and no others.",
    );
    no_repetition(check, &field("rungs"), &stance.rungs);
    if let (Kind::Between, Some(low), Some(high)) = (stance.kind, stance.low, stance.high) {
        check.that(
            low <= high,
            &field("high"),
            "order",
            "Choose the same kind of involvement as the lightest one, or a stronger one.",
        );
    }
    check.day(&field("until"), stance.until);
    let may_end = |until: NaiveDate| until >= days.today || days.ends.contains(&until);
    check.that(stance.until.is_none_or(may_end), &field("until"), "past", "Choose today or a day to come.");
}

fn check_topic_stances(check: &mut Check, doc: &PreferenceDoc, topics: &BTreeSet<TopicId>, days: Days<'_>) {
    check.items("/topic_stances", doc.topic_stances.len(), TOPIC_STANCES);
    let mut seen = BTreeSet::new();
    for (number, wish) in doc.topic_stances.iter().enumerate().take(TOPIC_STANCES) {
        let at = format!("/topic_stances/{number}");
        known(check, &format!("{at}/topic"), topics, wish.topic);
        check.that(seen.insert(wish.topic), &format!("{at}/topic"), "repeated", "Give one wish for each topic.");
        check_stance(check, &format!("{at}/stance"), &wish.stance, days);
    }
}

/// Wishes for what there are few of: each has one at most.
fn check_own<'d, T: Ord>(check: &mut Check, at: &str, name: &str, wishes: impl Iterator<Item = (T, &'d Stance)>, days: Days<'_>) {
    let mut seen = BTreeSet::new();
    for (number, (about, stance)) in wishes.enumerate().take(TOPIC_STANCES) {
        check.that(seen.insert(about), &format!("{at}/{number}/{name}"), "repeated", "Give one wish for each.");
        check_stance(check, &format!("{at}/{number}/stance"), stance, days);
    }
}

fn check_topics(check: &mut Check, choices: &TopicChoices, topics: &BTreeSet<TopicId>) {
    let mut seen = BTreeSet::new();
    for (name, list) in [("yes", &choices.yes), ("ask_first", &choices.ask_first), ("never", &choices.never)] {
        check.items(&format!("/topics/{name}"), list.len(), TOPICS);
        for (number, topic) in list.iter().enumerate().take(TOPICS) {
            let at = format!("/topics/{name}/{number}");
            known(check, &at, topics, *topic);
            check.that(seen.insert(*topic), &at, "repeated", "Put each topic in one list, once.");
        }
    }
}

fn known(check: &mut Check, at: &str, topics: &BTreeSet<TopicId>, topic: TopicId) {
    check.that(topics.contains(&topic), at, "unknown", "Choose one of the organisation's topics.");
}

fn no_repetition<T: Copy + Eq + Hash + Ord>(check: &mut Check, at: &str, list: &[T]) {
    let distinct: BTreeSet<T> = list.iter().copied().collect();
    check.that(distinct.len() == list.len(), at, "repeated", "Name each once.");
}

fn check_load(check: &mut Check, load: &Load) {
    let limits = [
        ("/load/minutes_per_month_max", load.minutes_per_month_max, 44_640),
        ("/load/invites_per_month_max", load.invites_per_month_max, 1000),
        ("/load/notice_days_min", load.notice_days_min, 365),
    ];
    if let Some(value) = load.meetings_per_day_max {
        check.range("/load/meetings_per_day_max", value, 1, 5);
    }
    for (at, value, most) in limits {
        if let Some(value) = value {
            check.range(at, value, 0, most);
        }
    }
}

fn check_sessions(check: &mut Check, sessions: &SessionWishes) {
    let limits = [("longest_minutes", sessions.longest_minutes), ("break_after_minutes", sessions.break_after_minutes)];
    for (name, minutes) in limits {
        if let Some(minutes) = minutes {
            check.range(&format!("/sessions/{name}"), minutes, 5, 600);
        }
    }
}

fn check_contact(check: &mut Check, contact: &Contact) {
    if let Some(from) = contact.from_hour {
        check.range("/contact/from_hour", from, 0, 23);
    }
    if let Some(to) = contact.to_hour {
        check.range("/contact/to_hour", to, 1, 24);
    }
    if let Some(phone) = &contact.phone {
        let at = "/contact/phone";
        check.line(at, phone, 30);
        let digits = phone.chars().filter(char::is_ascii_digit).count();
        let plain = phone.chars().enumerate().all(|(n, c)| c.is_ascii_digit() || " -()".contains(c) || (n == 0 && c == '+'));
        check.that(plain && digits >= 5, at, "form", "Write a telephone number, such as 01632 960 123.");
    }
    let reached = contact.channel != Channel::Phone || contact.phone.is_some();
    check.that(reached, "/contact/phone", "required", "Write the number on which you want to be called.");
    let some = contact.from_hour.unwrap_or(0) != contact.to_hour.unwrap_or(24);
    check.that(some, "/contact/to_hour", "empty", "Choose another hour than the one at which letters may begin.");
    let zone = contact.time_zone.as_deref().is_none_or(|zone| zone.parse::<Tz>().is_ok());
    check.that(zone, "/contact/time_zone", "unknown", "Use an IANA name, such as Europe/London, or leave it out.");
}

fn check_needs(check: &mut Check, needs: &[AccessNeed]) {
    check.items("/access_needs", needs.len(), ACCESS_NEEDS);
    for (number, need) in needs.iter().enumerate().take(ACCESS_NEEDS) {
        check.text(&format!("/access_needs/{number}/need"), &need.need, 500);
    }
}

fn check_money(check: &mut Check, money: &Money) {
    if let Some(amount) = money.lower_amount_pence {
        let at = "/money/lower_amount_pence";
        let used = money.payment == PaymentWish::Lower;
        check.that(used, at, "not_used", "Choose to be paid less, or leave the amount out.");
        check.that((1..=100_000_000).contains(&amount), at, "out_of_range", "Write an amount of a penny or more.");
    }
}

fn check_quiet(check: &mut Check, periods: &[QuietPeriod]) {
    check.items("/quiet_periods", periods.len(), QUIET_PERIODS);
    for (number, period) in periods.iter().enumerate().take(QUIET_PERIODS) {
        let at = format!("/quiet_periods/{number}");
        check.day(&format!("{at}/from"), period.from).day(&format!("{at}/to"), period.to);
        check.that(period.from <= period.to, &format!("{at}/to"), "order", "Choose the first day or a later one.");
        let days = (period.to - period.from).num_days() + 1;
        let (fits, detail) = match period.repeat {
            None => (true, ""),
            Some(Repeat::Weekly) => (days <= 7, "Days that come back each week are seven at most."),
            Some(Repeat::Yearly) => (days <= 365, "Days that come back each year are a year at most."),
        };
        check.that(fits, &format!("{at}/to"), "too_long", detail);
    }
}
