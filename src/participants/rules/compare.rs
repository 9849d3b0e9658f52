//! Whether a version that somebody else recorded would allow more than the person has said themselves.

use super::{Allowance, Matter, Scope, past_quiet, quiet::Hours, resolve, scope::wishes};
use chrono::{Days, NaiveDate};
use entity::{Contact, GroupSafety, Load, Permission, PreferenceDoc, Story, TopicId};
use std::collections::BTreeSet;

/// Whether `new` allows anything, in any matter, on any day from `today` on, that `own` does not.
///
/// The age of the wishes is left aside: what a person has said is compared, not how long ago.
pub fn beyond(own: &PreferenceDoc, new: &PreferenceDoc, today: NaiveDate) -> bool {
    more_rungs(own, new, today)
        || more_load(&own.load, &new.load)
        || more_hours(&own.contact, &new.contact)
        || fewer_quiet_days(own, new, today)
        || more_choices(&own.activity_types, &new.activity_types)
        || more_choices(&own.formats, &new.formats)
        || more_choices(&own.times, &new.times)
        || more_groups(&own.group_safety, &new.group_safety)
        || more_story(&own.story, &new.story)
        || (new.trial.open_to_trying_higher && !own.trial.open_to_trying_higher)
}

/// Compares what may be asked for. Beside nothing special and each single thing that a wish can be about, pairs are enough: a
/// rung that several together allow and should not is already allowed by one of them beside the one that forbids it.
fn more_rungs(own: &PreferenceDoc, new: &PreferenceDoc, today: NaiveDate) -> bool {
    let more = |scopes: &[Scope]| {
        let days = turning_days([own, new], scopes, today);
        let topics: Vec<TopicId> = scopes.iter().filter_map(|scope| topic_of(*scope)).collect();
        let mut matter = Matter::from(&topics);
        for scope in scopes {
            match scope {
                Scope::Topic(_) => {}
                Scope::Activity(activity) => matter.activity = Some(*activity),
                Scope::Stage(stage) => matter.stage = Some(*stage),
            }
        }
        let as_said = |doc: &PreferenceDoc, day| -> Allowance { resolve(doc, matter, day, false) };
        days.iter().any(|day| !as_said(new, *day).within(&as_said(own, *day)))
    };
    let (ours, theirs) = (mentioned(own), mentioned(new));
    more(&[])
        || ours.union(&theirs).any(|scope| more(&[*scope]))
        || wishes(new).any(|(wish, _)| ours.iter().any(|scope| may_meet(wish, *scope) && more(&[wish, *scope])))
}

fn topic_of(scope: Scope) -> Option<TopicId> {
    match scope {
        Scope::Topic(topic) => Some(topic),
        _ => None,
    }
}

/// Whether one matter can be about both: it has one kind of activity, and one stage.
fn may_meet(a: Scope, b: Scope) -> bool {
    !matches!((a, b), (Scope::Activity(_), Scope::Activity(_)) | (Scope::Stage(_), Scope::Stage(_)))
}

/// Everything that a document says something about that can make a difference.
fn mentioned(doc: &PreferenceDoc) -> BTreeSet<Scope> {
    let topics = doc.topics.ask_first.iter().chain(&doc.topics.never).map(|topic| Scope::Topic(*topic));
    wishes(doc).map(|(scope, _)| scope).chain(topics).collect()
}

/// The days from `today` on, on which what documents allow in a matter can change: the day after each pause.
fn turning_days(docs: [&PreferenceDoc; 2], scopes: &[Scope], today: NaiveDate) -> BTreeSet<NaiveDate> {
    let ends = docs.into_iter().flat_map(|doc| {
        let own = wishes(doc).filter(|(scope, _)| scopes.contains(scope)).map(|(_, stance)| stance);
        own.chain([&doc.stance]).filter_map(|stance| stance.until)
    });
    let after = ends.filter_map(|until| until.checked_add_days(Days::new(1))).filter(|day| *day > today);
    after.chain([today]).collect()
}

fn more_load(own: &Load, new: &Load) -> bool {
    let above = |own: Option<i32>, new: Option<i32>| own.is_some_and(|most| new.is_none_or(|new| new > most));
    above(own.minutes_per_month_max, new.minutes_per_month_max)
        || above(own.invites_per_month_max, new.invites_per_month_max)
        || above(own.meetings_per_day_max, new.meetings_per_day_max)
        || own.notice_days_min.is_some_and(|least| new.notice_days_min.is_none_or(|new| new < least))
}

fn more_hours(own: &Contact, new: &Contact) -> bool {
    // With another zone, hours and quiet days would be others.
    new.time_zone != own.time_zone || Hours::of(new).reach_beyond(Hours::of(own)) || (own.neutral_subject && !new.neutral_subject)
        // Letters would come more often.
        || new.news < own.news
}

/// Whether a day that was quiet, today or later, may not be quiet any more. Days that come back have to stand there as they did:
/// what else might cover all of them is not looked for.
fn fewer_quiet_days(own: &PreferenceDoc, new: &PreferenceDoc, today: NaiveDate) -> bool {
    own.quiet_periods.iter().any(|period| match period.repeat {
        Some(_) => !new.quiet_periods.contains(period),
        None if period.to < today => false,
        None => past_quiet(new, period.from.max(today)).is_some_and(|day| day <= period.to),
    })
}

/// An empty list means any.
fn more_choices<T: PartialEq>(own: &[T], new: &[T]) -> bool {
    !own.is_empty() && (new.is_empty() || new.iter().any(|choice| !own.contains(choice)))
}

fn more_groups(own: &GroupSafety, new: &GroupSafety) -> bool {
    (own.women_only && !new.women_only)
        || (own.same_experience && !new.same_experience)
        || (own.known_facilitator && !new.known_facilitator)
        || own.not_with.iter().any(|who| !new.not_with.contains(who))
}

fn more_story(own: &Story, new: &Story) -> bool {
    let above = |own: Permission, new: Permission| new > own;
    above(own.may_ask_about_experience, new.may_ask_about_experience) || above(own.quotes, new.quotes) || new.credit > own.credit
}
