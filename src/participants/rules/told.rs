//! What staff write down after somebody has told them: added to what counts, never in place of what staff cannot see.

use super::remember;
use entity::{
    ActivityStance, ActivityType, Format, Load, Permission, PreferenceDoc, QuietPeriod, StageStance, Stance, TopicId, TopicStance,
};

/// What a person has told staff. What is left out stays as it is; access needs, payment, the form of letters
/// and how they are named are not here at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// The wish where nothing has its own.
    pub stance: Option<Stance>,
    /// Wishes for single topics.
    pub topic_stances: Vec<TopicStance>,
    /// Wishes for single kinds of activity.
    pub activity_stances: Vec<ActivityStance>,
    /// Wishes for single stages of the work.
    pub stage_stances: Vec<StageStance>,
    /// Topics on which to ask first.
    pub ask_first: Vec<TopicId>,
    /// Topics never to ask about.
    pub never: Vec<TopicId>,
    /// Kinds of activity that stay welcome.
    pub activity_types: Option<Vec<ActivityType>>,
    /// Forms that stay welcome.
    pub formats: Option<Vec<Format>>,
    /// Limits on time.
    pub load: Option<Load>,
    /// Letters carry a neutral subject line.
    pub neutral_subject: Option<bool>,
    /// The first hour in which letters may arrive.
    pub from_hour: Option<i32>,
    /// The hour from which they may not.
    pub to_hour: Option<i32>,
    /// Days of quiet.
    pub quiet_periods: Vec<QuietPeriod>,
    /// Whether they may be asked to tell about their experience.
    pub may_ask_about_experience: Option<Permission>,
    /// Whether their words may be quoted.
    pub quotes: Option<Permission>,
}

/// Nothing that the person had chosen would be left of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NothingLeft(pub &'static str);

impl Told {
    /// The document that counts once this is added to it.
    pub fn added_to(self, before: &PreferenceDoc) -> Result<PreferenceDoc, NothingLeft> {
        let mut doc = before.clone();
        doc.stance = self.stance.unwrap_or(doc.stance);
        put(&mut doc.topic_stances, self.topic_stances, |wish| wish.topic);
        put(&mut doc.activity_stances, self.activity_stances, |wish| wish.activity);
        put(&mut doc.stage_stances, self.stage_stances, |wish| wish.stage);
        for topic in self.ask_first {
            if !doc.topics.never.contains(&topic) && !doc.topics.ask_first.contains(&topic) {
                doc.topics.yes.retain(|own| *own != topic);
                doc.topics.ask_first.push(topic);
            }
        }
        for topic in self.never {
            if !doc.topics.never.contains(&topic) {
                doc.topics.yes.retain(|own| *own != topic);
                doc.topics.ask_first.retain(|own| *own != topic);
                doc.topics.never.push(topic);
            }
        }
        doc.activity_types = kept("/activity_types", doc.activity_types, self.activity_types)?;
        doc.formats = kept("/formats", doc.formats, self.formats)?;
        if let Some(load) = self.load {
            doc.load.minutes_per_month_max = load.minutes_per_month_max.or(doc.load.minutes_per_month_max);
            doc.load.invites_per_month_max = load.invites_per_month_max.or(doc.load.invites_per_month_max);
            doc.load.meetings_per_day_max = load.meetings_per_day_max.or(doc.load.meetings_per_day_max);
            doc.load.notice_days_min = load.notice_days_min.or(doc.load.notice_days_min);
        }
        doc.contact.neutral_subject = self.neutral_subject.unwrap_or(doc.contact.neutral_subject);
        doc.contact.from_hour = self.from_hour.or(doc.contact.from_hour);
        doc.contact.to_hour = self.to_hour.or(doc.contact.to_hour);
        doc.quiet_periods.extend(self.quiet_periods);
        let story = &mut doc.story;
        story.may_ask_about_experience = self.may_ask_about_experience.unwrap_or(story.may_ask_about_experience);
        story.quotes = self.quotes.unwrap_or(story.quotes);
        Ok(remember(before, doc))
    }
}

/// Puts what was told in the place of what was said about the same thing, and the rest behind.
fn put<W, T: PartialEq>(own: &mut Vec<W>, told: Vec<W>, about: impl Fn(&W) -> T) {
    for wish in told {
        match own.iter_mut().find(|own| about(own) == about(&wish)) {
            Some(own) => *own = wish,
            None => own.push(wish),
        }
    }
}

/// What a list and the one that was told have in common: an empty one means any, so it must not become that.
fn kept<T: PartialEq>(at: &'static str, own: Vec<T>, told: Option<Vec<T>>) -> Result<Vec<T>, NothingLeft> {
    match told {
        None => Ok(own),
        Some(told) if told.is_empty() => Err(NothingLeft(at)),
        Some(told) if own.is_empty() => Ok(told),
        Some(told) => {
            let both: Vec<T> = own.into_iter().filter(|choice| told.contains(choice)).collect();
            if both.is_empty() { Err(NothingLeft(at)) } else { Ok(both) }
        }
    }
}
