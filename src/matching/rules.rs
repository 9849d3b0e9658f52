//! Who may be asked: a pure rule over what a person wants, what they allow, and how much they were asked already.
//!
//! Nobody can override it: every invitation passes through [`may_be_asked`], whoever makes it.

use crate::{
    invitations::{letters::day, load::Asked, silence},
    participants::rules::{AskFirst, Objection, Offer, Trying, allowed, is_pausing_from, objection, quiet_on},
};
use chrono::NaiveDate;
use entity::{ActivityType, Format, GroupFacts, PreferenceDoc, Rung, Stage, TimeOfWeek, TopicId, WhyNot};

/// What somebody would be asked to do.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The opportunity's own rung, never that of its project.
    pub rung: Rung,
    /// The rung that it can be, by what is on record.
    pub supported: Rung,
    /// What it is about.
    pub topics: Vec<TopicId>,
    /// What kind of activity it is.
    pub activity: ActivityType,
    /// In which stage of the work it is.
    pub stage: Stage,
    /// The forms it offers; empty means that the form does not matter.
    pub formats: Vec<Format>,
    /// What the group is in which people meet, where that is said.
    pub group: Option<GroupFacts>,
    /// Minutes of the person's time, preparation included.
    pub minutes: i64,
    /// The day on which it starts, for activities with a date.
    pub starts_on: Option<NaiveDate>,
    /// The part of the week in which it starts, for activities with a date.
    pub starts_in: Option<TimeOfWeek>,
    /// Today, where the organisation is.
    pub today: NaiveDate,
}

impl Ask {
    /// As wishes speak about it, for somebody who is asked today.
    pub fn offer(&self) -> Offer<'_> {
        Offer {
            rung: self.rung,
            supported: self.supported,
            topics: &self.topics,
            activity: self.activity,
            stage: self.stage,
            formats: &self.formats,
            group: self.group.as_ref(),
            starts_on: self.starts_on,
            starts_in: self.starts_in,
            meetings_that_day: 0,
            asked_on: self.today,
            today: self.today,
        }
    }
}

/// A person as matching sees them. It holds no payment wish, no complaint and no past answer: those never count.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// How they want to be involved, with what they try now.
    pub wishes: &'a PreferenceDoc,
    /// What they try now, beside what they chose.
    pub trying: Option<Trying>,
    /// Whether they have said how they want to be involved; until then the wishes are what holds for everybody.
    pub has_said: bool,
    /// Whether they agreed to be written to with invitations.
    pub may_be_written_to: bool,
    /// What has been asked of them.
    pub asked: Asked,
    /// Invitations a month at most, where they set no limit themselves.
    pub usual: Option<i32>,
    /// Whether they were asked for this opportunity before, whatever they said.
    pub asked_before: bool,
    /// Whether they were to be asked for this opportunity, and the letter never reached them.
    pub unheard: bool,
    /// Whether they said no to something in the same project.
    pub declined_here: bool,
    /// The day on which they were last asked, where they have not answered for a while.
    pub silent_since: Option<NaiveDate>,
    /// Whether they applied for this themselves.
    pub applied: bool,
    /// Meetings to which they come already on the day on which it starts.
    pub meetings_that_day: i64,
}

/// How those who are asked are found among all who may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// Everybody is asked.
    Everybody,
    /// By lot, as places are limited.
    Drawn,
    /// By lot, and names are drawn later among those who say yes.
    Letters,
    /// By lot, as several things need people.
    Shared,
}

impl Chosen {
    /// In plain words.
    fn how(self) -> &'static str {
        match self {
            Self::Everybody => "Everybody whose choices fit is asked.",
            Self::Drawn => "The number of places is limited, so names were drawn by lot. Yours was drawn.",
            Self::Letters => "The number of places is limited, so those who get this letter were drawn by lot.",
            Self::Shared => {
                "Several things need people at this time. Letters were shared out as evenly as they can be, and by lot."
            }
        }
    }
}

/// What somebody can still be asked for this month; none where they set no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Invitations.
    pub letters: Option<u32>,
    /// Minutes of time, preparation included.
    pub minutes: Option<u32>,
}

impl Candidate<'_> {
    /// Invitations a month at most.
    fn most(&self) -> Option<i32> {
        self.wishes.load.invites_per_month_max.or(self.usual)
    }

    /// What they can still be asked for this month.
    pub fn left(&self) -> Left {
        let left = |most: i64, asked: i64| u32::try_from(most - asked).unwrap_or(0);
        let load = &self.wishes.load;
        let letters = match (self.most(), self.silent_since) {
            // Whoever does not answer gets no two letters close together.
            (most, Some(_)) => match silence::halved(most) {
                Some(half) => Some(left(half, self.asked.invitations)),
                None => Some(1),
            },
            (most, None) => most.map(|most| left(most.into(), self.asked.invitations)),
        };
        Left { letters, minutes: load.minutes_per_month_max.map(|most| left(most.into(), self.asked.minutes)) }
    }
}

/// Somebody who may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eligible {
    /// They are to be asked whether they want to be asked, and told that this is why.
    pub question_first: bool,
}

/// What speaks against asking somebody whatever they wish.
pub fn ruled_out(person: &Candidate<'_>) -> Option<WhyNot> {
    let reasons = [
        (!person.may_be_written_to, WhyNot::NoConsent),
        (person.asked_before, WhyNot::AskedBefore),
        (person.unheard && !person.applied, WhyNot::Undelivered),
        (person.declined_here && !person.applied, WhyNot::DeclinedHere),
    ];
    reasons.into_iter().find(|(against, _)| *against).map(|(_, why)| why)
}

/// What speaks against an offer, as a reason not to ask.
pub fn reason(objection: Objection) -> WhyNot {
    match objection {
        Objection::Topic => WhyNot::Topic,
        Objection::Paused => WhyNot::Paused,
        Objection::Rung => WhyNot::Rung,
        Objection::Supported => WhyNot::Supported,
        Objection::Activity => WhyNot::Activity,
        Objection::Format => WhyNot::Format,
        Objection::Group => WhyNot::Group,
        Objection::Time => WhyNot::Time,
        Objection::QuietStart => WhyNot::QuietPeriod,
        Objection::Notice => WhyNot::Notice,
        Objection::SameDay => WhyNot::SameDay,
    }
}

/// Whether somebody may be asked. The first reason against it wins; what protects most is looked at first.
pub fn may_be_asked(ask: &Ask, person: &Candidate<'_>) -> Result<Eligible, WhyNot> {
    let against = |bad: bool, reason: WhyNot| if bad { Err(reason) } else { Ok(()) };
    let wishes = person.wishes;
    ruled_out(person).map_or(Ok(()), Err)?;
    // What somebody asks for themselves is their own act, whatever they chose for what others ask of them. While they pause, nothing
    // is asked of them all the same.
    if person.applied {
        return against(is_pausing_from(wishes, ask.offer().matter(), ask.today), WhyNot::Paused)
            .map(|()| Eligible { question_first: false });
    }
    let objection = objection(wishes, &Offer { meetings_that_day: person.meetings_that_day, ..ask.offer() });
    // A quiet day of asking comes before what can be mended by another day.
    match objection {
        Some(Objection::Notice | Objection::SameDay) | None => {}
        Some(objection) => return Err(reason(objection)),
    }
    against(quiet_on(wishes, ask.today), WhyNot::QuietPeriod)?;
    objection.map_or(Ok(()), |objection| Err(reason(objection)))?;
    let letters = |most: i32| person.asked.invitations + 1 > i64::from(most);
    against(person.most().is_some_and(letters), WhyNot::MonthlyInvitations)?;
    let time = |most: i32| person.asked.minutes + ask.minutes > i64::from(most);
    against(wishes.load.minutes_per_month_max.is_some_and(time), WhyNot::MonthlyMinutes)?;
    let rare = person.silent_since.is_some_and(|last| match silence::halved(person.most()) {
        Some(half) => person.asked.invitations + 1 > half,
        None => (ask.today - last).num_days() < silence::GAP_DAYS,
    });
    against(rare, WhyNot::Unanswered)?;
    Ok(Eligible { question_first: allowed(wishes, ask.offer().matter(), ask.today).ask_first() })
}

/// Why somebody was asked, in plain sentences for their own eyes. The first is about their choices.
pub fn why(ask: &Ask, person: &Candidate<'_>, chosen: Chosen) -> Vec<String> {
    let mut reasons = Vec::new();
    if person.applied {
        reasons.push("You asked to be in this draw yourself.".to_owned());
        reasons.push(chosen.how().to_owned());
        return reasons;
    }
    let tries = person.trying.filter(|on| on.rung == ask.rung);
    let tries = tries.map(|on| format!("You are trying this step until {}.", day(on.until)));
    reasons.push(match allowed(person.wishes, ask.offer().matter(), ask.today).question() {
        None if tries.is_some() => tries.clone().unwrap_or_default(),
        None => format!("Your choices include “{}”.", crate::integrity::ladder::step(ask.rung).people_say),
        Some(AskFirst::EachTime) if !person.has_said => {
            "You have not told us yet how you want to be involved, so we ask you first.".to_owned()
        }
        Some(AskFirst::EachTime) => "You asked us to ask you each time.".to_owned(),
        Some(AskFirst::Topic) => "It is about a topic on which you want to be asked first.".to_owned(),
        Some(AskFirst::AfterPause) => "Your pause has ended. Until you choose again, we ask you first.".to_owned(),
        Some(AskFirst::Old) => "The day for looking at your choices again has passed, so we ask you first.".to_owned(),
    });
    reasons.extend(tries.filter(|words| reasons.first() != Some(words)));
    if ask.topics.iter().any(|topic| person.wishes.topics.yes.contains(topic)) {
        reasons.push("It is about a topic that you chose.".to_owned());
    }
    reasons.push(chosen.how().to_owned());
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invitations::letters::easy;

    #[test]
    fn every_way_of_choosing_has_its_words_in_easy_read() {
        for chosen in [Chosen::Everybody, Chosen::Drawn, Chosen::Letters, Chosen::Shared] {
            assert_ne!(easy::reason(chosen.how()), chosen.how());
        }
        let source = include_str!("rules.rs").split("pub fn why(").nth(1).unwrap().split("\n}").next().unwrap();
        let said: Vec<_> = source.split('"').skip(1).step_by(2).map(|text| text.replace("{}", "x")).collect();
        assert!(said.len() >= 9, "{said:?}");
        for reason in said {
            assert_ne!(easy::reason(&reason), reason);
        }
    }
}
