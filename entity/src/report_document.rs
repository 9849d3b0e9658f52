//! The feedback report as a document: each section a typed object, served and kept in the same shape.

use crate::{documents::*, ids::*, words::*};
use chrono::NaiveDate;

/// Declares the parts of a report.
macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $ty:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, poem_openapi::Object)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$fdoc])* pub $field: $ty),* }
    )*};
}

parts! {
    /// A feedback report: what people said, what was done, and what was not done because of what.
    ReportDocument {
        /// Title of the opportunity.
        title: String,
        /// Who reports.
        organisation: String,
        /// Whom people can turn to.
        contact: String,
        /// Language tag.
        language: String,
        /// The whole in one minute.
        in_one_minute: ReportInOneMinute,
        /// What was asked, and what was promised.
        we_asked: ReportWeAsked,
        /// Who took part against who was sought.
        who_took_part: ReportWhoTookPart,
        /// What people said.
        you_said: Vec<ReportTheme>,
        /// What was or is being done.
        we_did: ReportWeDid,
        /// What was not done, each with the reason.
        we_did_not: Vec<ReportAnswer>,
        /// What was not ours to change.
        passed_on: Vec<ReportAnswer>,
        /// The rung of the ladder.
        rung: ReportRung,
        /// What people think of the feedback loop.
        ratings: ReportRatings,
        /// What happens next.
        what_next: Vec<NextStep>,
        /// What we learned.
        learned: String,
        /// How it was done.
        annex: ReportAnnex,
    }

    /// The whole in one minute.
    ReportInOneMinute {
        /// In plain English.
        text: String,
        /// In Easy Read, where it was written.
        easy_read: Option<String>,
    }

    /// What was asked, and what was promised.
    ReportWeAsked {
        /// The need behind it.
        need: String,
        /// What it was about.
        summary: String,
        /// The promise, quoted.
        promise: Option<String>,
        /// What could change.
        open_to_influence: String,
        /// What could not.
        not_open: String,
        /// Who decides.
        who_decides: String,
        /// Decisions that people could change.
        decisions_open: Vec<ReportDecision>,
        /// Decisions that were not open, each with the reason.
        decisions_reserved: Vec<ReportDecision>,
        /// Opened on.
        opened_on: Option<NaiveDate>,
        /// Closed on.
        closed_on: Option<NaiveDate>,
    }

    /// A decision.
    ReportDecision {
        /// What it is about.
        title: String,
        /// Who takes it.
        owner: String,
        /// Why it was not open.
        reserved_reason: Option<String>,
        /// What was decided.
        outcome: Option<String>,
        /// Why.
        outcome_reason: Option<String>,
        /// Decided on.
        settled_on: Option<NaiveDate>,
    }

    /// A number about people.
    ReportCount {
        /// The number; absent when it is withheld.
        number: Option<u64>,
        /// Whether it is withheld, so that nobody can be recognised.
        withheld: bool,
    }

    /// Who took part against who was sought.
    ReportWhoTookPart {
        /// People who were asked.
        asked: ReportCount,
        /// People who answered the questions.
        answered: ReportCount,
        /// People who took part in any way.
        took_part: ReportCount,
        /// The groups that were sought.
        presence: Vec<ReportPresence>,
        /// Who was missing, in words.
        gaps: Vec<String>,
        /// What was done to reach people.
        steps_taken: String,
        /// Ways to take part.
        formats: Vec<Format>,
        /// Support that was offered.
        support: String,
        /// What was paid.
        payment: PaymentOffer,
    }

    /// The groups of one kind.
    ReportPresence {
        /// The kind, such as `age_band`.
        dimension: String,
        /// How many people let this fact be counted.
        counted: ReportCount,
        /// The groups.
        groups: Vec<ReportGroup>,
    }

    /// One group.
    ReportGroup {
        /// The group, such as `25_34`.
        category: String,
        /// How many people were sought.
        sought: u64,
        /// How many took part.
        took_part: ReportCount,
    }

    /// Something that people said.
    ReportTheme {
        /// Its id.
        id: ThemeId,
        /// Heading.
        title: String,
        /// What people said.
        summary: String,
        /// Whether it is a view of few.
        minority: bool,
        /// How many people said it; absent when it is withheld.
        people: Option<u64>,
        /// The same in words; empty when nothing is told.
        people_in_words: String,
    }

    /// What was or is being done.
    ReportWeDid {
        /// Recommendations that are done, whole or in part.
        recommendations: Vec<ReportAnswer>,
        /// What people's words changed.
        influence: Vec<ReportInfluence>,
    }

    /// A recommendation and its answer.
    ReportAnswer {
        /// What was proposed.
        text: String,
        /// Heading of the theme it follows from.
        theme: Option<String>,
        /// Which theme that is, where it answers a proposal; two themes can have one heading.
        theme_id: Option<ThemeId>,
        /// The decision it is about.
        decision: Option<String>,
        /// The answer.
        outcome: RecommendationOutcome,
        /// Why.
        reason: Option<String>,
        /// Who does it.
        owner: Option<String>,
        /// By when.
        due: Option<NaiveDate>,
    }

    /// What people's words changed.
    ReportInfluence {
        /// The decision.
        decision: String,
        /// Who takes it.
        owner: String,
        /// When it is settled.
        due: Option<NaiveDate>,
        /// Heading of the theme; absent when it was what one person gave.
        theme: Option<String>,
        /// How far it went.
        level: InfluenceLevel,
        /// What changed.
        note: String,
        /// Whether those concerned agree.
        standing: Standing,
    }

    /// The rung of the ladder.
    ReportRung {
        /// What was claimed.
        claimed: Rung,
        /// Its name.
        title: String,
        /// What it means.
        plain_text: String,
        /// What it means, in Easy Read.
        easy_read_text: String,
        /// What the record supports, in words.
        supported: String,
        /// Who made the ladder.
        attribution: String,
        /// Where it is published.
        source_url: String,
    }

    /// What people think of the feedback loop.
    ReportRatings {
        /// How many rated.
        people: ReportCount,
        /// Means from 1 to 5, to one decimal; absent while fewer people rated than numbers are shown about.
        means: Option<ReportMeans>,
    }

    /// Means from 1 to 5.
    ReportMeans {
        /// I was heard.
        heard: f64,
        /// I had enough ways to take part.
        ways: f64,
        /// It was about what matters to us.
        matters: f64,
        /// I can see what changed, or why not.
        change: f64,
        /// It was worth it for me.
        worth_it: f64,
    }

    /// How it was done.
    ReportAnnex {
        /// The kind of opportunity.
        kind: OpportunityKind,
        /// How people were chosen.
        how_chosen: String,
        /// How numbers are made, in words.
        numbers: String,
        /// No number about fewer people than this is shown.
        minimum_group: u64,
        /// Version of this report.
        version: i32,
        /// Published on; absent in a preview.
        published_on: Option<NaiveDate>,
        /// Earlier and present versions, each with what changed.
        versions: Vec<ReportVersion>,
    }

    /// A version of a report.
    ReportVersion {
        /// Its number.
        version: i32,
        /// Published on.
        published_on: Option<NaiveDate>,
        /// What changed.
        change_note: Option<String>,
    }
}
