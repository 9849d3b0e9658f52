//! What requests and answers about reports, ratings and the ledger look like.

use crate::feedback::{ledger, overdue::Overdue, report::Facts};
use crate::statistics::api::CountOut;
use chrono::NaiveDate;
use entity::{
    InfluenceId, InfluenceLevel, InvitationState, NextStep, OpportunityId, OpportunityKind, OpportunityState, PlaceState,
    RatingId, RecommendationOutcome, ReportId, ReportState, ResponseState, Standing, ThemeId, Time,
};
use poem_openapi::Object;
use serde::Deserialize;

/// What the coordinator writes; everything else in a report comes from the record.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportIn {
    /// The whole in one minute.
    pub in_one_minute: String,
    /// The same in Easy Read. Written by a person, never made by itself.
    #[serde(default)]
    pub in_one_minute_easy_read: Option<String>,
    /// What was done to reach people.
    #[serde(default)]
    #[oai(default)]
    pub steps_taken: String,
    /// What we learned.
    #[serde(default)]
    #[oai(default)]
    pub learned: String,
    /// What happens next, each with who does it and by when.
    pub next_steps: Vec<NextStep>,
}

impl From<ReportIn> for Facts {
    fn from(given: ReportIn) -> Self {
        Self {
            in_one_minute: given.in_one_minute,
            in_one_minute_easy_read: given.in_one_minute_easy_read,
            steps_taken: given.steps_taken,
            learned: given.learned,
            next_steps: given.next_steps,
        }
    }
}

/// The draft of a report.
#[derive(Object)]
pub struct ReportOut {
    /// Its id.
    pub id: ReportId,
    /// Its opportunity.
    pub opportunity: OpportunityId,
    /// Whether it is published.
    pub state: ReportState,
    /// The whole in one minute.
    pub in_one_minute: String,
    /// The same in Easy Read.
    pub in_one_minute_easy_read: Option<String>,
    /// What was done to reach people.
    pub steps_taken: String,
    /// What we learned.
    pub learned: String,
    /// What happens next.
    pub next_steps: Vec<NextStep>,
    /// First published at.
    pub published_at: Option<Time>,
}

impl From<entity::tables::report::Model> for ReportOut {
    fn from(row: entity::tables::report::Model) -> Self {
        Self {
            id: row.id,
            opportunity: row.opportunity_id,
            state: row.state,
            in_one_minute: row.in_one_minute,
            in_one_minute_easy_read: row.in_one_minute_easy_read,
            steps_taken: row.steps_taken,
            learned: row.learned,
            next_steps: row.next_steps.0,
            published_at: row.published_at,
        }
    }
}

/// Publishing a report.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishIn {
    /// What has changed; needed from the second version on.
    #[serde(default)]
    pub change_note: Option<String>,
}

/// A published version.
#[derive(Object)]
pub struct ReleaseOut {
    /// The report.
    pub report: ReportId,
    /// Its version.
    pub version: i32,
    /// Published at.
    pub published_at: Time,
    /// SHA-256 of the document in canonical JSON, in hexadecimal.
    pub digest: String,
    /// Whether this call made it. If not, nothing has changed since, and nobody is told again.
    pub new: bool,
    /// Where everybody can read it.
    pub address: String,
}

/// A published report in a list.
#[derive(Object)]
pub struct PublicReportOut {
    /// Its id.
    pub id: ReportId,
    /// Its opportunity.
    pub opportunity: OpportunityId,
    /// What it is about.
    pub title: String,
    /// First published at.
    pub published_at: Option<Time>,
    /// Where people can read it.
    pub address: String,
}

/// A promise that is late.
#[derive(Object)]
pub struct OverdueOut {
    /// The opportunity.
    pub opportunity: OpportunityId,
    /// What it is about.
    pub title: String,
    /// The day on which people were to be told what came of it.
    pub due: NaiveDate,
    /// The new day, where that one was moved after it had passed.
    pub moved_to: Option<NaiveDate>,
    /// Why it was moved.
    pub moved_reason: Option<String>,
    /// Days since then.
    pub days_late: i64,
}

impl From<Overdue> for OverdueOut {
    fn from(late: Overdue) -> Self {
        Self {
            opportunity: late.opportunity,
            title: late.title,
            due: late.due,
            moved_to: late.moved_to,
            moved_reason: late.moved_reason,
            days_late: late.days_late,
        }
    }
}

/// A theme that rests on what you said.
#[derive(Object)]
pub struct CitedOut {
    /// The theme.
    pub theme: ThemeId,
    /// Its heading.
    pub title: String,
}

/// What was proposed because of it, and the answer.
#[derive(Object)]
pub struct FollowedOut {
    /// What was proposed.
    pub text: String,
    /// The answer.
    pub outcome: RecommendationOutcome,
    /// Why.
    pub reason: Option<String>,
    /// Who does it.
    pub owner: Option<String>,
    /// By when.
    pub due: Option<NaiveDate>,
}

/// What your words are said to have changed. You can confirm or dispute it.
#[derive(Object)]
pub struct ClaimedOut {
    /// Its id.
    pub influence: InfluenceId,
    /// The decision.
    pub decision: String,
    /// How far it went.
    pub level: InfluenceLevel,
    /// What changed.
    pub note: String,
    /// What those concerned say.
    pub standing: Standing,
    /// What you said.
    pub mine: Option<Standing>,
}

/// One line of your ledger.
#[derive(Object)]
pub struct LedgerOut {
    /// The opportunity.
    pub opportunity: OpportunityId,
    /// What it is about.
    pub title: String,
    /// What kind it is.
    pub kind: OpportunityKind,
    /// Where it stands.
    pub state: OpportunityState,
    /// Where your invitation stands.
    pub invitation: Option<InvitationState>,
    /// Where your place stands.
    pub place: Option<PlaceState>,
    /// Whether your answers are in.
    pub responded: bool,
    /// Whether you took your answers back.
    pub response_withdrawn: bool,
    /// What you gave beside and did not take back.
    pub contributions: u64,
    /// Themes that rest on what you said, once the report is out.
    pub themes: Vec<CitedOut>,
    /// What was proposed because of them, and the answers, as published.
    pub recommendations: Vec<FollowedOut>,
    /// What your words are said to have changed.
    pub influence: Vec<ClaimedOut>,
    /// Address of the report.
    pub report: Option<String>,
    /// The day by which you are to be told what came of it.
    pub feedback_due: Option<NaiveDate>,
    /// Where it stands, in words, if you gave something.
    #[oai(skip_serializing_if_is_none)]
    pub news: Option<String>,
}

impl From<ledger::Entry> for LedgerOut {
    fn from(entry: ledger::Entry) -> Self {
        let followed = |row: ledger::Followed| FollowedOut {
            text: row.text,
            outcome: row.outcome,
            reason: row.reason,
            owner: row.owner,
            due: row.due,
        };
        let claimed = |row: ledger::Claimed| ClaimedOut {
            influence: row.influence,
            decision: row.decision,
            level: row.level,
            note: row.note,
            standing: row.standing,
            mine: row.mine,
        };
        Self {
            opportunity: entry.opportunity.id,
            title: entry.opportunity.title,
            kind: entry.opportunity.kind,
            state: entry.opportunity.state,
            invitation: entry.invitation,
            place: entry.place,
            responded: entry.response == Some(ResponseState::Submitted),
            response_withdrawn: entry.response == Some(ResponseState::Withdrawn),
            contributions: entry.contributions,
            themes: entry.themes.into_iter().map(|row| CitedOut { theme: row.theme, title: row.title }).collect(),
            recommendations: entry.recommendations.into_iter().map(followed).collect(),
            influence: entry.influence.into_iter().map(claimed).collect(),
            report: entry.report,
            news: entry.news,
            feedback_due: entry.opportunity.feedback_due,
        }
    }
}

/// What you think of it: marks from 1 (no) to 5 (yes).
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatingIn {
    /// I was heard.
    pub heard: i32,
    /// I had enough ways to take part.
    pub ways: i32,
    /// It was about what matters to us.
    pub matters: i32,
    /// I can see what changed, or why not.
    pub change: i32,
    /// It was worth it for me.
    pub worth_it: i32,
    /// Anything that harmed or excluded you.
    #[serde(default)]
    pub harm: Option<String>,
}

/// Means from 1 (no) to 5 (yes).
#[derive(Object)]
pub struct MeansOut {
    /// I was heard.
    pub heard: f64,
    /// I had enough ways to take part.
    pub ways: f64,
    /// It was about what matters to us.
    pub matters: f64,
    /// I can see what changed, or why not.
    pub change: f64,
    /// It was worth it for me.
    pub worth_it: f64,
}

/// What people think of the feedback loop.
#[derive(Object)]
pub struct RatingsOut {
    /// How many ratings are told of: whole groups of the organisation's minimum, in the order in which people rated.
    pub people: CountOut,
    /// Means over these; absent while there are fewer than two such groups.
    #[oai(skip_serializing_if_is_none)]
    pub means: Option<MeansOut>,
}

/// What somebody said did harm. Who said it is not told.
#[derive(Object)]
pub struct HarmOut {
    /// Id of the rating.
    pub id: RatingId,
    /// The words.
    pub harm: String,
}
