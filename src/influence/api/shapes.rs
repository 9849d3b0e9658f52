//! What requests and answers about themes, recommendations and influence look like.

use crate::influence::{recommendations, themes};
use crate::statistics::{Shown, api::CountOut};
use chrono::NaiveDate;
use entity::{
    ContributionId, DecisionId, InfluenceId, InfluenceLevel, RecommendationId, RecommendationOutcome, ResponseId, Standing,
    ThemeId, Time, influence, recommendation, theme,
};
use poem_openapi::Object;
use serde::Deserialize;

/// A theme.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThemeIn {
    /// Heading.
    pub title: String,
    /// What people said, in plain English.
    pub summary: String,
    /// A view of few that is kept beside the others.
    #[serde(default)]
    #[oai(default)]
    pub minority: bool,
    /// Place in the list.
    #[serde(default)]
    #[oai(default)]
    pub position: i32,
}

impl From<ThemeIn> for themes::Facts {
    fn from(given: ThemeIn) -> Self {
        Self { title: given.title, summary: given.summary, minority: given.minority, position: given.position }
    }
}

/// Who said it.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourcesIn {
    /// Responses to this opportunity.
    #[serde(default)]
    #[oai(default)]
    pub responses: Vec<ResponseId>,
    /// Contributions to this opportunity.
    #[serde(default)]
    #[oai(default)]
    pub contributions: Vec<ContributionId>,
}

/// A theme.
#[derive(Object)]
pub struct ThemeOut {
    /// Its id.
    pub id: ThemeId,
    /// Heading.
    pub title: String,
    /// What people said.
    pub summary: String,
    /// A view of few that is kept beside the others.
    pub minority: bool,
    /// Place in the list.
    pub position: i32,
    /// Different people who said it; what was taken back does not count.
    pub people: CountOut,
    /// Version, for `If-Match`: `"v{version}"`.
    pub version: i32,
}

impl ThemeOut {
    pub fn of(row: theme::Model, people: Shown) -> Self {
        Self {
            id: row.id,
            title: row.title,
            summary: row.summary,
            minority: row.minority,
            position: row.position,
            people: people.into(),
            version: row.version,
        }
    }
}

/// A recommendation and its answer.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecommendationIn {
    /// What is proposed.
    pub text: String,
    /// The theme it follows from.
    #[serde(default)]
    pub theme: Option<ThemeId>,
    /// The decision it is about.
    #[serde(default)]
    pub decision: Option<DecisionId>,
    /// The answer.
    #[serde(default = "pending")]
    #[oai(default = "pending")]
    pub outcome: RecommendationOutcome,
    /// Why; needed unless it is pending or done.
    #[serde(default)]
    pub reason: Option<String>,
    /// Who does it; needed when it is done, whole or in part.
    #[serde(default)]
    pub owner: Option<String>,
    /// By when.
    #[serde(default)]
    pub due: Option<NaiveDate>,
    /// Place in the list.
    #[serde(default)]
    #[oai(default)]
    pub position: i32,
}

fn pending() -> RecommendationOutcome {
    RecommendationOutcome::Pending
}

impl From<RecommendationIn> for recommendations::Facts {
    fn from(given: RecommendationIn) -> Self {
        Self {
            text: given.text,
            theme: given.theme,
            decision: given.decision,
            outcome: given.outcome,
            reason: given.reason,
            owner: given.owner,
            due: given.due,
            position: given.position,
        }
    }
}

/// A recommendation and its answer.
#[derive(Object)]
pub struct RecommendationOut {
    /// Its id.
    pub id: RecommendationId,
    /// What is proposed.
    pub text: String,
    /// The theme it follows from.
    pub theme: Option<ThemeId>,
    /// The decision it is about.
    pub decision: Option<DecisionId>,
    /// The answer.
    pub outcome: RecommendationOutcome,
    /// Why.
    pub reason: Option<String>,
    /// Who does it.
    pub owner: Option<String>,
    /// By when.
    pub due: Option<NaiveDate>,
    /// Place in the list.
    pub position: i32,
    /// Version, for `If-Match`: `"v{version}"`.
    pub version: i32,
}

impl From<recommendation::Model> for RecommendationOut {
    fn from(row: recommendation::Model) -> Self {
        Self {
            id: row.id,
            text: row.text,
            theme: row.theme_id,
            decision: row.decision_id,
            outcome: row.outcome,
            reason: row.reason,
            owner: row.owner,
            due: row.due,
            position: row.position,
            version: row.version,
        }
    }
}

/// A claim that what people said had an effect on a decision. Names either a theme or a contribution.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InfluenceIn {
    /// What several people said.
    #[serde(default)]
    pub theme: Option<ThemeId>,
    /// What one person gave.
    #[serde(default)]
    pub contribution: Option<ContributionId>,
    /// How far it went.
    pub level: InfluenceLevel,
    /// What changed, in words that those concerned can judge.
    pub note: String,
}

/// What somebody concerned says about a claim.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InfluenceAnswerIn {
    /// `confirmed` or `disputed`.
    pub standing: Standing,
}

/// A recorded effect on a decision.
#[derive(Object)]
pub struct InfluenceOut {
    /// Its id.
    pub id: InfluenceId,
    /// The decision.
    pub decision: DecisionId,
    /// What several people said.
    pub theme: Option<ThemeId>,
    /// What one person gave.
    pub contribution: Option<ContributionId>,
    /// How far it went.
    pub level: InfluenceLevel,
    /// What changed.
    pub note: String,
    /// Whether those concerned agree. One who disagrees is not outvoted.
    pub standing: Standing,
    /// Claimed at.
    pub claimed_at: Time,
}

impl From<influence::Model> for InfluenceOut {
    fn from(row: influence::Model) -> Self {
        Self {
            id: row.id,
            decision: row.decision_id,
            theme: row.theme_id,
            contribution: row.contribution_id,
            level: row.level,
            note: row.note,
            standing: row.standing,
            claimed_at: row.claimed_at,
        }
    }
}
