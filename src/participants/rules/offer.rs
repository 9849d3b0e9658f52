//! Whether a wish speaks against an offer: the one rule that everybody asks, from the first look to the last moment before
//! a letter leaves.

use super::{Matter, allowed, is_pausing_from, quiet_on};
use chrono::NaiveDate;
use entity::{ActivityType, Format, PreferenceDoc, Rung, Stage, TopicId};

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
    /// The day on which it starts, for activities with a date.
    pub starts_on: Option<NaiveDate>,
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
    /// It starts on a day on which they want to be left in peace.
    QuietStart,
    /// They need more notice.
    Notice,
}

/// The first thing in somebody's wishes that speaks against an offer.
pub fn objection(wishes: &PreferenceDoc, offer: &Offer<'_>) -> Option<Objection> {
    let form_fits =
        wishes.formats.is_empty() || offer.formats.is_empty() || offer.formats.iter().any(|form| wishes.formats.contains(form));
    let notice = |days: i32| offer.starts_on.is_some_and(|start| (start - offer.asked_on).num_days() < i64::from(days));
    let wanted = allowed(wishes, offer.matter(), offer.today);
    let checks = [
        (offer.topics.iter().any(|topic| wishes.topics.never.contains(topic)), Objection::Topic),
        (is_pausing_from(wishes, offer.matter(), offer.today), Objection::Paused),
        (!wanted.allows(offer.rung), Objection::Rung),
        (wanted.lowest().is_some_and(|lowest| offer.supported < lowest), Objection::Supported),
        (!wishes.activity_types.is_empty() && !wishes.activity_types.contains(&offer.activity), Objection::Activity),
        (!form_fits, Objection::Format),
        (offer.starts_on.is_some_and(|start| quiet_on(wishes, start)), Objection::QuietStart),
        (wishes.load.notice_days_min.is_some_and(notice), Objection::Notice),
    ];
    checks.into_iter().find(|(against, _)| *against).map(|(_, objection)| objection)
}
