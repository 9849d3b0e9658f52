//! Whether a wish speaks against an offer: the one rule that everybody asks, from the first look to the last moment before
//! a letter leaves.

use super::{Matter, allowed, is_pausing_from, quiet_on};
use chrono::{Datelike, NaiveDate, Timelike, Weekday};
use chrono_tz::Tz;
use entity::{ActivityType, Format, GroupFacts, GroupSafety, PreferenceDoc, Present, Rung, Stage, Time, TimeOfWeek, TopicId};

/// What somebody would be asked to do, as far as wishes speak about it.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// Its rung.
    pub rung: Rung,
    /// The rung that it can be, by what is on record.
    pub supported: Rung,
    /// What it is about.
    pub topics: &'a [TopicId],
    /// What kind of activity it is.
    pub activity: ActivityType,
    /// In which stage of the work it is.
    pub stage: Stage,
    /// The forms it offers; empty means that the form does not matter.
    pub formats: &'a [Format],
    /// What the group is in which people meet, where that is said.
    pub group: Option<&'a GroupFacts>,
    /// The day on which it starts, for activities with a date.
    pub starts_on: Option<NaiveDate>,
    /// The part of the week in which it starts, for activities with a date.
    pub starts_in: Option<TimeOfWeek>,
    /// Meetings to which the person comes on that day already.
    pub meetings_that_day: i64,
    /// The day on which the person is asked, where the organisation is.
    pub asked_on: NaiveDate,
    /// Today, where the organisation is.
    pub today: NaiveDate,
}

impl<'a> Offer<'a> {
    /// What it is about.
    pub fn matter(&self) -> Matter<'a> {
        Matter { topics: self.topics, activity: Some(self.activity), stage: Some(self.stage) }
    }
}

/// What speaks against an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objection {
    /// They want nothing on a topic.
    Topic,
    /// They are pausing.
    Paused,
    /// Their wish does not include the rung.
    Rung,
    /// They want more than it can be.
    Supported,
    /// They did not choose this kind of activity.
    Activity,
    /// They did not choose any form that is offered.
    Format,
    /// They do not want to meet others in such a group.
    Group,
    /// It starts in a part of the week that does not suit them.
    Time,
    /// It starts on a day on which they want to be left in peace.
    QuietStart,
    /// They need more notice.
    Notice,
    /// They come to as many meetings on that day as they want.
    SameDay,
}

/// The part of the week in which a time lies, where the organisation is.
pub fn time_of_week(at: Time, zone: Tz) -> TimeOfWeek {
    let local = at.with_timezone(&zone);
    let weekend = matches!(local.weekday(), Weekday::Sat | Weekday::Sun);
    match (weekend, local.hour()) {
        (false, 0..12) => TimeOfWeek::WeekdayMorning,
        (false, 12..17) => TimeOfWeek::WeekdayAfternoon,
        (false, _) => TimeOfWeek::WeekdayEvening,
        (true, 0..12) => TimeOfWeek::WeekendMorning,
        (true, 12..17) => TimeOfWeek::WeekendAfternoon,
        (true, _) => TimeOfWeek::WeekendEvening,
    }
}

/// Whether people meet others in an activity, and not one person at most.
pub fn meets_others(activity: ActivityType) -> bool {
    !matches!(activity, ActivityType::Survey | ActivityType::DocumentReview | ActivityType::Interview1to1)
}

/// Whether a group is what somebody wants it to be. What is not said of it counts for nothing: nobody finds out on arrival.
fn group_fits(wanted: &GroupSafety, group: Option<&GroupFacts>) -> bool {
    let is = |said: fn(&GroupFacts) -> bool| group.is_some_and(said);
    let may_be_there = |who: &Present| group.and_then(|group| group.present.as_ref()).is_none_or(|there| there.contains(who));
    (!wanted.women_only || is(|group| group.women_only))
        && (!wanted.same_experience || is(|group| group.same_experience))
        && (!wanted.known_facilitator || is(|group| group.known_facilitator))
        && !wanted.not_with.iter().any(may_be_there)
}

/// The first thing in somebody's wishes that speaks against an offer.
pub fn objection(wishes: &PreferenceDoc, offer: &Offer<'_>) -> Option<Objection> {
    let form_fits =
        wishes.formats.is_empty() || offer.formats.is_empty() || offer.formats.iter().any(|form| wishes.formats.contains(form));
    let notice = |days: i32| offer.starts_on.is_some_and(|start| (start - offer.asked_on).num_days() < i64::from(days));
    let full = |most: i32| offer.meetings_that_day >= i64::from(most);
    let wanted = allowed(wishes, offer.matter(), offer.today);
    let checks = [
        (offer.topics.iter().any(|topic| wishes.topics.never.contains(topic)), Objection::Topic),
        (is_pausing_from(wishes, offer.matter(), offer.today), Objection::Paused),
        (!wanted.allows(offer.rung), Objection::Rung),
        (wanted.lowest().is_some_and(|lowest| offer.supported < lowest), Objection::Supported),
        (!wishes.activity_types.is_empty() && !wishes.activity_types.contains(&offer.activity), Objection::Activity),
        (!form_fits, Objection::Format),
        (meets_others(offer.activity) && !group_fits(&wishes.group_safety, offer.group), Objection::Group),
        (!wishes.times.is_empty() && offer.starts_in.is_some_and(|time| !wishes.times.contains(&time)), Objection::Time),
        (offer.starts_on.is_some_and(|start| quiet_on(wishes, start)), Objection::QuietStart),
        (wishes.load.notice_days_min.is_some_and(notice), Objection::Notice),
        (offer.starts_on.is_some() && wishes.load.meetings_per_day_max.is_some_and(full), Objection::SameDay),
    ];
    checks.into_iter().find(|(against, _)| *against).map(|(_, objection)| objection)
}
