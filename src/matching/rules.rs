//! Who may be asked: a pure rule over what a person wants, what they allow, and how much they were asked already.
//!
//! Nobody can override it: every invitation passes through [`may_be_asked`], whoever makes it.

use crate::participants::rules::{Objection, Offer, allowed, objection, quiet_on};
use chrono::NaiveDate;
use entity::{ActivityType, Format, PreferenceDoc, Rung, TopicId};

/// What somebody would be asked to do.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The opportunity's own rung, never that of its project.
    pub rung: Rung,
    /// What it is about.
    pub topics: Vec<TopicId>,
    /// What kind of activity it is.
    pub activity: ActivityType,
    /// The forms it offers; empty means that the form does not matter.
    pub formats: Vec<Format>,
    /// Minutes of the person's time, preparation included.
    pub minutes: i64,
    /// The day on which it starts, for activities with a date.
    pub starts_on: Option<NaiveDate>,
    /// Today, where the organisation is.
    pub today: NaiveDate,
}

impl Ask {
    /// As wishes speak about it, for somebody who is asked today.
    fn offer(&self) -> Offer<'_> {
        Offer {
            rung: self.rung,
            topics: &self.topics,
            activity: self.activity,
            formats: &self.formats,
            starts_on: self.starts_on,
            asked_on: self.today,
            today: self.today,
        }
    }
}

/// What has been asked of somebody this month, over everything the organisation runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Invitations.
    pub invitations: i64,
    /// Minutes of time, preparation included.
    pub minutes: i64,
}

/// A person as matching sees them. It holds no payment wish, no complaint and no past answer: those never count.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// How they want to be involved.
    pub wishes: &'a PreferenceDoc,
    /// Whether they agreed to be written to with invitations.
    pub may_be_written_to: bool,
    /// What has been asked of them this month.
    pub asked: Asked,
    /// Whether they were asked for this opportunity before, whatever they said.
    pub asked_before: bool,
    /// Whether they said no to something in the same project.
    pub declined_here: bool,
}

/// Why somebody is not asked. For counting; nobody but the person sees their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// They did not agree to be written to.
    NoConsent,
    /// They were asked for this already.
    AskedBefore,
    /// They said no in the same project: asking again would be pressure.
    DeclinedHere,
    /// They want something else on a topic, or nothing.
    Topic,
    /// Their wish does not include this rung.
    Rung,
    /// They did not choose this kind of activity.
    Activity,
    /// They did not choose any form that is offered.
    Format,
    /// They want to be left in peace today.
    QuietPeriod,
    /// They need more notice.
    Notice,
    /// They have had as many invitations this month as they want.
    MonthlyInvitations,
    /// They have been asked for as much time this month as they want to give.
    MonthlyMinutes,
}

impl Reason {
    /// Every reason, in the order in which they are looked at.
    pub const ALL: [Self; 11] = [
        Self::NoConsent,
        Self::AskedBefore,
        Self::DeclinedHere,
        Self::Topic,
        Self::Rung,
        Self::Activity,
        Self::Format,
        Self::QuietPeriod,
        Self::Notice,
        Self::MonthlyInvitations,
        Self::MonthlyMinutes,
    ];

    /// The word in counts.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoConsent => "no_consent",
            Self::AskedBefore => "asked_before",
            Self::DeclinedHere => "declined_here",
            Self::Topic => "topic",
            Self::Rung => "rung",
            Self::Activity => "activity",
            Self::Format => "format",
            Self::QuietPeriod => "quiet_period",
            Self::Notice => "notice",
            Self::MonthlyInvitations => "monthly_invitations",
            Self::MonthlyMinutes => "monthly_minutes",
        }
    }

    /// The reason in words, for the person themselves.
    pub fn to_person(self) -> &'static str {
        match self {
            Self::NoConsent => "You have not agreed to be sent invitations.",
            Self::AskedBefore => "You have been asked about this already.",
            Self::DeclinedHere => "You said no to something in the same project, so we do not ask again.",
            Self::Topic => "You do not want to be asked about this topic.",
            Self::Rung => "You did not choose this level of involvement.",
            Self::Activity => "You did not choose this kind of activity.",
            Self::Format => "You did not choose any of the ways in which this takes place.",
            Self::QuietPeriod => "You asked to be left in peace at that time.",
            Self::Notice => "You asked for more notice.",
            Self::MonthlyInvitations => "You have had as many invitations this month as you want.",
            Self::MonthlyMinutes => "It would take more of your time this month than you want to give.",
        }
    }
}

/// Somebody who may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eligible {
    /// They are to be asked whether they want to be asked, and told that this is why.
    pub question_first: bool,
}

/// Whether somebody may be asked. The first reason against it wins; what protects most is looked at first.
pub fn may_be_asked(ask: &Ask, person: &Candidate<'_>) -> Result<Eligible, Reason> {
    let against = |bad: bool, reason: Reason| if bad { Err(reason) } else { Ok(()) };
    let wishes = person.wishes;
    against(!person.may_be_written_to, Reason::NoConsent)?;
    against(person.asked_before, Reason::AskedBefore)?;
    against(person.declined_here, Reason::DeclinedHere)?;
    let objection = objection(wishes, &ask.offer());
    match objection {
        Some(Objection::Topic) => return Err(Reason::Topic),
        Some(Objection::Rung) => return Err(Reason::Rung),
        Some(Objection::Activity) => return Err(Reason::Activity),
        Some(Objection::Format) => return Err(Reason::Format),
        Some(Objection::QuietStart) => return Err(Reason::QuietPeriod),
        Some(Objection::Notice) | None => {}
    }
    against(quiet_on(wishes, ask.today), Reason::QuietPeriod)?;
    against(objection.is_some(), Reason::Notice)?;
    let letters = |most: i32| person.asked.invitations + 1 > i64::from(most);
    against(wishes.load.invites_per_month_max.is_some_and(letters), Reason::MonthlyInvitations)?;
    let time = |most: i32| person.asked.minutes + ask.minutes > i64::from(most);
    against(wishes.load.minutes_per_month_max.is_some_and(time), Reason::MonthlyMinutes)?;
    Ok(Eligible { question_first: allowed(wishes, &ask.topics, ask.today).ask_first() })
}

/// Why somebody was asked, in plain sentences for their own eyes.
pub fn why(ask: &Ask, person: &Candidate<'_>, drawn: bool) -> Vec<String> {
    let mut reasons = Vec::new();
    let rung = crate::integrity::ladder::step(ask.rung);
    if allowed(person.wishes, &ask.topics, ask.today).ask_first() {
        reasons.push("You asked us to ask you each time.".to_owned());
    } else {
        reasons.push(format!("Your choices include “{}”.", rung.people_say));
    }
    if ask.topics.iter().any(|topic| person.wishes.topics.yes.contains(topic)) {
        reasons.push("It is about a topic that you chose.".to_owned());
    }
    reasons.push(if drawn {
        "The number of places is limited, so names were drawn by lot. Yours was drawn.".to_owned()
    } else {
        "Everybody whose choices fit is asked.".to_owned()
    });
    reasons
}
