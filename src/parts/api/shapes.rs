//! What requests and answers about one's part look like.

use crate::{
    integrity::ladder::step,
    invitations::{api::LighterOut, letters::payment},
    parts::{
        change::{Changed, Choice, Step},
        mine::Mine,
        words,
    },
    platform::{Result, text::Check},
};
use chrono::NaiveDate;
use entity::{
    GivenChoice, MeetingsChoice, OpportunityId, OpportunityKind, PartChoice, PartState, PlaceState, TaskId, TaskKind, Time,
};
use poem_openapi::Object;
use serde::Deserialize;

/// What you choose.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartIn {
    /// Leave, pause, or something lighter.
    choice: PartChoice,
    /// The last day of a pause, within a year; left out otherwise.
    #[serde(default)]
    until: Option<NaiveDate>,
    /// The lighter way; left out otherwise.
    #[serde(default)]
    to: Option<OpportunityId>,
    /// The meetings still to come: word goes out that you do not come, unless you choose otherwise. For a pause, those until its end.
    #[serde(default)]
    meetings: Option<MeetingsChoice>,
    /// What you gave, as far as it is in no published report; kept when left out.
    #[serde(default)]
    contributions: Option<GivenChoice>,
    /// Whether words that may be quoted with your name keep it; yes when left out.
    #[serde(default)]
    named: Option<bool>,
    /// Whether you are told what came of it; yes when left out.
    #[serde(default)]
    results: Option<bool>,
}

impl PartIn {
    /// What is chosen, if it goes together.
    pub fn choice(&self) -> Result<Choice> {
        let mut check = Check::new();
        let (pause, lighter) = (self.choice == PartChoice::Pause, self.choice == PartChoice::Lighter);
        check.that(pause || self.until.is_none(), "/until", "not_used", "A day goes with a pause alone.");
        check.that(lighter || self.to.is_none(), "/to", "not_used", "A way goes with something lighter alone.");
        check.that(!pause || self.until.is_some(), "/until", "required", "Say until which day you pause.");
        check.that(!lighter || self.to.is_some(), "/to", "required", "Choose one of the lighter ways that are offered.");
        check.done()?;
        let step = match (self.until, self.to) {
            (Some(until), _) => Step::Pause(until),
            (_, Some(to)) => Step::Lighter(to),
            _ => Step::Leave,
        };
        Ok(Choice {
            step,
            apologies: self.meetings.is_none_or(|meetings| meetings == MeetingsChoice::Apologies),
            given: self.contributions.unwrap_or(GivenChoice::Keep),
            named: self.named.unwrap_or(true),
            results: self.results.unwrap_or(true),
        })
    }
}

/// What you gave.
#[derive(Object)]
pub struct GaveOut {
    /// Things you said, in no published report.
    open: u64,
    /// Things you said that are in one, and stay there.
    published: u64,
    /// Whether you handed in answers that are in no published report.
    answers: bool,
    /// Whether you handed in answers that are in one.
    answers_published: bool,
    /// Things that may be quoted with your name.
    named: u64,
}

/// Your part in something.
#[derive(Object)]
pub struct MyPartOut {
    /// The opportunity.
    opportunity: OpportunityId,
    /// Its title.
    title: String,
    /// What kind of activity it is.
    kind: OpportunityKind,
    /// Whether you hold a place or have said yes.
    takes_part: bool,
    /// Your place, where there are places.
    #[oai(skip_serializing_if_is_none)]
    place: Option<PlaceState>,
    /// How you changed your part, if you have.
    #[oai(skip_serializing_if_is_none)]
    changed: Option<PartState>,
    /// The last day of your pause. After it you go on pausing until you say that you go on.
    #[oai(skip_serializing_if_is_none)]
    paused_until: Option<NaiveDate>,
    /// When it was ended, if whoever ran it has ended it.
    #[oai(skip_serializing_if_is_none)]
    ended_at: Option<Time>,
    /// What people were told about that.
    #[oai(skip_serializing_if_is_none)]
    ended_words: Option<String>,
    /// What you can choose now.
    choices: Vec<PartChoice>,
    /// Lighter ways.
    lighter: Vec<LighterOut>,
    /// Meetings that are still to come.
    meetings_to_come: u64,
    /// What you gave.
    gave: GaveOut,
    /// Whether you are told what came of it, if you agreed to such letters.
    results: bool,
    /// What was offered to you, in words. What is owed stays owed, whatever you choose.
    payment: String,
}

impl MyPartOut {
    /// Where somebody stands.
    pub fn of(mine: Mine) -> Self {
        let (choices, results, takes_part) = (mine.choices(), mine.results(), mine.held.takes_part());
        let lighter = mine.lighter.into_iter().map(|way| LighterOut {
            opportunity: way.id,
            rung_in_words: step(way.rung).people_say.into(),
            time: crate::invitations::letters::time(&way),
            title: way.title,
        });
        let (about, gave) = (mine.held.about, mine.gave);
        Self {
            opportunity: about.id,
            kind: about.kind,
            takes_part,
            place: mine.held.place.map(|place| place.state),
            changed: mine.held.part.as_ref().map(|part| part.state),
            paused_until: mine.held.part.and_then(|part| part.paused_until),
            ended_at: mine.ending.as_ref().map(|ending| ending.ended_at),
            ended_words: mine.ending.map(|ending| ending.words),
            choices,
            lighter: lighter.collect(),
            meetings_to_come: mine.to_come,
            gave: GaveOut {
                open: gave.open,
                published: gave.published,
                answers: gave.answers,
                answers_published: gave.answers_published,
                named: gave.named,
            },
            results,
            payment: payment(&about.payment),
            title: about.title,
        }
    }
}

/// What has happened.
#[derive(Object)]
pub struct PartChangedOut {
    /// What you are now.
    changed: PartState,
    /// The last day of your pause.
    #[oai(skip_serializing_if_is_none)]
    paused_until: Option<NaiveDate>,
    /// The lighter way that you chose.
    #[oai(skip_serializing_if_is_none)]
    lighter: Option<OpportunityId>,
    /// Meetings to which word goes out that you do not come.
    apologies: u64,
    /// What became of what you gave.
    contributions: GivenChoice,
    /// What you had given. What is in a published report could not be changed.
    gave: GaveOut,
    /// Whether letters about what came of it come to you.
    results: bool,
    /// What was offered to you, in words. What is owed stays owed.
    payment: String,
    /// All of it in plain words.
    told: Vec<String>,
}

impl PartChangedOut {
    /// What a change has done.
    pub fn of(changed: &Changed) -> Self {
        let (state, until) = match changed.choice.step {
            Step::Leave => (PartState::Left, None),
            Step::Pause(until) => (PartState::Paused, Some(until)),
            Step::Lighter(_) => (PartState::Lighter, None),
        };
        let gave = changed.gave;
        Self {
            changed: state,
            paused_until: until,
            lighter: changed.lighter.as_ref().map(|(way, _)| way.id),
            apologies: changed.apologies,
            contributions: changed.choice.given,
            gave: GaveOut {
                open: gave.open,
                published: gave.published,
                answers: gave.answers,
                answers_published: gave.answers_published,
                named: gave.named,
            },
            results: changed.results,
            payment: payment(&changed.about.payment),
            told: words::told(changed),
        }
    }
}

/// What people are told about the end.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndIn {
    /// Why it ends, and whatever else people want to know: plain words, up to 1000 characters. It stands in everybody's letter.
    pub words: String,
}

/// What was ended.
#[derive(Object)]
pub struct EndedOut {
    /// The opportunity.
    pub opportunity: OpportunityId,
    /// What people are told.
    pub words: String,
    /// When it was ended.
    pub ended_at: Time,
    /// Meetings that do not take place.
    pub meetings_cancelled: u64,
}

/// Something to do.
#[derive(Object)]
pub struct TaskOut {
    /// Its id.
    pub id: TaskId,
    /// What it is about.
    pub kind: TaskKind,
    /// The opportunity.
    pub opportunity: OpportunityId,
    /// Its title.
    pub title: String,
    /// Who it is about, for those who may read people.
    #[oai(skip_serializing_if_is_none)]
    pub participant: Option<entity::ParticipantId>,
    /// Their name, where one was given.
    #[oai(skip_serializing_if_is_none)]
    pub name: Option<String>,
    /// Their address.
    #[oai(skip_serializing_if_is_none)]
    pub email: Option<String>,
    /// The last day of the pause that it is about.
    #[oai(skip_serializing_if_is_none)]
    pub paused_until: Option<NaiveDate>,
    /// What to do, in plain words.
    pub to_do: Vec<String>,
    /// Since when.
    pub made_at: Time,
    /// When somebody said that it is done.
    #[oai(skip_serializing_if_is_none)]
    pub done_at: Option<Time>,
    /// Who said so: `account:...`, `key:...`, or `system` where it was overtaken.
    #[oai(skip_serializing_if_is_none)]
    pub done_by: Option<String>,
}

/// How many tasks of a kind are open.
#[derive(Object)]
pub struct OpenTasksOut {
    /// The opportunity.
    pub opportunity: OpportunityId,
    /// Its title.
    pub title: String,
    /// What they are about.
    pub kind: TaskKind,
    /// How many.
    pub open: u64,
}
