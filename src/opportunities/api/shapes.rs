//! What requests and answers about opportunities look like.

use crate::{
    integrity::{ahead::Supported, api::RungOut},
    opportunities::{
        questions::Version,
        rules::{Offer, activity_of, takes_answers, warnings},
        ways::Way,
    },
    platform::{http::problem::ProblemItem, secret::hex},
    projects::api::WorkWarningOut,
};
use chrono::NaiveDate;
use chrono_tz::Tz;
use entity::{
    ActivityType, DecisionId, Format, GroupFacts, NoticeId, OpportunityId, OpportunityKind, OpportunityState, PaymentOffer,
    ProjectId, Promised, PromisedDecision, QuestionnaireId, Rung, Stage, SupportContact, Time, TopicId, opportunity,
};
use poem_openapi::Object;
use serde::Deserialize;

/// What an opportunity says about itself. A draft may leave out what the gate asks for later.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpportunityIn {
    /// The project it belongs to; it stays there.
    project: ProjectId,
    /// Which way to take part.
    kind: OpportunityKind,
    /// What it is among the activities that people choose in their preferences; what its kind is as a rule when left out.
    #[serde(default)]
    activity: Option<ActivityType>,
    /// Name, in one line.
    title: String,
    /// What it is, in a few sentences.
    #[serde(default)]
    #[oai(default)]
    summary: String,
    /// The rung of the ladder that is offered, at most the one the project claims. Coercion can never be offered.
    rung: Rung,
    /// In which stage of the work.
    stage: Stage,
    /// What people can change; if nothing, say so.
    #[serde(default)]
    #[oai(default)]
    open_to_influence: String,
    /// What they cannot change.
    #[serde(default)]
    #[oai(default)]
    not_open: String,
    /// Who decides in the end.
    #[serde(default)]
    #[oai(default)]
    who_decides: String,
    /// How people are chosen.
    #[serde(default)]
    #[oai(default)]
    how_chosen: String,
    /// Minutes that taking part takes.
    #[serde(default)]
    #[oai(default)]
    minutes: i32,
    /// Minutes to prepare, beside that.
    #[serde(default)]
    #[oai(default)]
    preparation_minutes: i32,
    /// Forms in which people can take part.
    #[serde(default)]
    #[oai(default)]
    formats: Vec<Format>,
    /// What the group is in which people meet others. People who want it to be something are asked only where that is said.
    #[serde(default)]
    group: Option<GroupFacts>,
    /// What support there is.
    #[serde(default)]
    #[oai(default)]
    support: String,
    /// Whom to turn to when something is hard to bear; needed beside a content note.
    #[serde(default)]
    support_contact: Option<SupportContact>,
    /// A word about content that may be hard to bear.
    #[serde(default)]
    content_note: Option<String>,
    /// What is paid. It must be there, also when nothing is paid.
    #[serde(default)]
    payment: Option<PaymentOffer>,
    /// How many places there are; leave it out for a consultation, which is open to all.
    #[serde(default)]
    places: Option<i32>,
    /// Where places are limited: for so many days (3-60) one is held for somebody who was asked; 14 when left out.
    #[serde(default)]
    reply_within_days: Option<i32>,
    /// First day on which people can take part.
    #[serde(default)]
    opens_on: Option<NaiveDate>,
    /// Last day on which people can answer, or say yes to a place, to its end in the organisation's time zone. Whoever holds a
    /// place goes on after it.
    #[serde(default)]
    closes_on: Option<NaiveDate>,
    /// When a dated activity begins.
    #[serde(default)]
    starts_at: Option<Time>,
    /// The day by which people are told what came of it.
    #[serde(default)]
    feedback_due: Option<NaiveDate>,
    /// Why that day moves; needed when it moves after people were asked. Everybody can read it.
    #[serde(default)]
    feedback_moved_reason: Option<String>,
    /// The consent notice of this opportunity.
    #[serde(default)]
    notice: Option<NoticeId>,
    /// What it is about.
    #[serde(default)]
    #[oai(default)]
    topics: Vec<TopicId>,
    /// Which decisions of the project it feeds.
    #[serde(default)]
    #[oai(default)]
    decisions: Vec<DecisionId>,
}

impl From<OpportunityIn> for Offer {
    fn from(given: OpportunityIn) -> Self {
        Self {
            project: given.project,
            kind: given.kind,
            activity: given.activity,
            title: given.title,
            summary: given.summary,
            rung: given.rung,
            stage: given.stage,
            open_to_influence: given.open_to_influence,
            not_open: given.not_open,
            who_decides: given.who_decides,
            how_chosen: given.how_chosen,
            minutes: given.minutes,
            preparation_minutes: given.preparation_minutes,
            formats: given.formats,
            group: given.group,
            support: given.support,
            support_contact: given.support_contact,
            content_note: given.content_note,
            payment: given.payment,
            places: given.places,
            reply_within_days: given.reply_within_days,
            opens_on: given.opens_on,
            closes_on: given.closes_on,
            starts_at: given.starts_at,
            feedback_due: given.feedback_due,
            feedback_moved_reason: given.feedback_moved_reason,
            notice: given.notice,
            topics: given.topics,
            decisions: given.decisions,
        }
    }
}

/// A way to take part.
#[derive(Object)]
pub struct OpportunityOut {
    /// Its id.
    id: OpportunityId,
    /// The project it belongs to.
    project: ProjectId,
    /// Which way to take part.
    kind: OpportunityKind,
    /// What that is among the activities that people choose in their preferences.
    activity: ActivityType,
    /// Name.
    title: String,
    /// What it is.
    summary: String,
    /// The rung of the ladder that is offered.
    rung: Rung,
    /// In which stage of the work.
    stage: Stage,
    /// What people can change.
    open_to_influence: String,
    /// What they cannot change.
    not_open: String,
    /// Who decides in the end.
    who_decides: String,
    /// How people are chosen.
    how_chosen: String,
    /// Minutes that taking part takes.
    minutes: i32,
    /// Minutes to prepare, beside that.
    preparation_minutes: i32,
    /// Forms in which people can take part.
    formats: Vec<Format>,
    /// What the group is in which people meet others, where that was said.
    group: Option<GroupFacts>,
    /// What support there is.
    support: String,
    /// Whom to turn to.
    support_contact: Option<SupportContact>,
    /// A word about content that may be hard to bear.
    content_note: Option<String>,
    /// What is paid.
    payment: PaymentOffer,
    /// How many places there are.
    places: Option<i32>,
    /// For so many days a place is held for somebody who was asked.
    reply_within_days: Option<i32>,
    /// First day.
    opens_on: Option<NaiveDate>,
    /// Last day on which people can answer, or say yes to a place.
    closes_on: Option<NaiveDate>,
    /// When a dated activity begins.
    starts_at: Option<Time>,
    /// The day by which people are told what came of it.
    feedback_due: Option<NaiveDate>,
    /// Why that day was moved.
    feedback_moved_reason: Option<String>,
    /// The consent notice.
    notice: Option<NoticeId>,
    /// The published questions that are asked now.
    questionnaire: Option<QuestionnaireId>,
    /// What people were promised, as on the day it opened.
    promised: Option<Promised>,
    /// What it is about.
    topics: Vec<TopicId>,
    /// Which decisions of the project it feeds.
    decisions: Vec<DecisionId>,
    /// Where it stands.
    state: OpportunityState,
    /// Whether people can take part right now.
    takes_answers: bool,
    /// Opened at.
    opened_at: Option<Time>,
    /// Closed at.
    closed_at: Option<Time>,
    /// Why it closed before its closing day was over.
    closed_early_reason: Option<String>,
    /// The day that was promised for feedback, where it passed before it was moved.
    feedback_late_since: Option<NaiveDate>,
    /// What a coordinator should know. It stops nothing.
    warnings: Vec<WorkWarningOut>,
    /// Made at.
    created_at: Time,
}

impl OpportunityOut {
    /// From a row with its links.
    pub fn of(way: Way, now: Time, zone: Tz) -> Self {
        let row = way.row;
        Self {
            takes_answers: takes_answers(&row, now, zone),
            id: row.id,
            project: row.project_id,
            kind: row.kind,
            activity: activity_of(&row),
            title: row.title,
            summary: row.summary,
            rung: row.rung,
            stage: row.stage,
            open_to_influence: row.open_to_influence,
            not_open: row.not_open,
            who_decides: row.who_decides,
            how_chosen: row.how_chosen,
            minutes: row.minutes,
            preparation_minutes: row.preparation_minutes,
            formats: row.formats.0,
            group: row.group_facts,
            support: row.support,
            support_contact: row.support_contact,
            content_note: row.content_note,
            payment: row.payment,
            places: row.places,
            reply_within_days: row.reply_within_days,
            opens_on: row.opens_on,
            closes_on: row.closes_on,
            starts_at: row.starts_at,
            feedback_due: row.feedback_due,
            feedback_moved_reason: row.feedback_moved_reason,
            notice: row.notice_id,
            questionnaire: row.questionnaire_id,
            promised: row.promised,
            topics: way.topics,
            decisions: way.decisions,
            state: row.state,
            opened_at: row.opened_at,
            closed_at: row.closed_at,
            closed_early_reason: row.closed_early_reason,
            feedback_late_since: row.feedback_late_since,
            warnings: warnings(way.claimed).into_iter().map(WorkWarningOut::from).collect(),
            created_at: row.created_at,
        }
    }
}

/// Why an opportunity closes.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseIn {
    /// Why it closes before its closing day is over; needed then. Everybody can read it.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What is missing before an opportunity may open.
#[derive(Object)]
pub struct GateOut {
    /// Whether it may open.
    pub ready: bool,
    /// Everything that is missing, each with the field it is about.
    pub missing: Vec<ProblemItem>,
}

/// A published version of a consultation's questions.
#[derive(Object)]
pub struct QuestionnaireOut {
    /// Its id.
    id: QuestionnaireId,
    /// Its number, from 1.
    n: i32,
    /// SHA-256 of its exact text, in hexadecimal.
    digest: String,
    /// Published at.
    published_at: Time,
}

impl From<Version> for QuestionnaireOut {
    fn from(version: Version) -> Self {
        Self { id: version.id, n: version.n, digest: hex(&version.digest), published_at: version.published_at }
    }
}

/// A way to take part, as everybody can read it.
#[derive(Object)]
pub struct PublicOpportunityOut {
    /// Its id.
    id: OpportunityId,
    /// Which way to take part.
    kind: OpportunityKind,
    /// What that is among the activities that people choose in their preferences.
    activity: ActivityType,
    /// Name.
    title: String,
    /// What it is.
    summary: String,
    /// The rung of the ladder that is offered, in plain words.
    rung: RungOut,
    /// The rung that it can be, by what is on record: the same, or a lower one.
    supported: Rung,
    /// What speaks against more, in plain words, if something does.
    #[oai(skip_serializing_if_is_none)]
    supported_because: Option<String>,
    /// What was promised on the day it opened.
    promise: String,
    /// Which decisions it feeds and which are fixed, as on that day.
    decisions: Vec<PromisedDecision>,
    /// What people can change.
    open_to_influence: String,
    /// What they cannot change.
    not_open: String,
    /// Who decides in the end.
    who_decides: String,
    /// How people are chosen.
    how_chosen: String,
    /// Minutes that taking part takes.
    minutes: i32,
    /// Minutes to prepare, beside that.
    preparation_minutes: i32,
    /// Forms in which people can take part.
    formats: Vec<Format>,
    /// What the group is in which people meet others, where that was said.
    group: Option<GroupFacts>,
    /// What support there is.
    support: String,
    /// A word about content that may be hard to bear.
    content_note: Option<String>,
    /// What is paid.
    payment: PaymentOffer,
    /// How many places there are; none given means that everybody can take part.
    places: Option<i32>,
    /// Last day on which people can answer, or say yes to a place.
    closes_on: Option<NaiveDate>,
    /// When a dated activity begins.
    starts_at: Option<Time>,
    /// The day by which people are told what came of it.
    feedback_due: Option<NaiveDate>,
    /// Why that day was moved.
    feedback_moved_reason: Option<String>,
    /// The day that was promised for feedback, where it passed before it was moved.
    feedback_late_since: Option<NaiveDate>,
    /// Why it closed before its closing day was over.
    closed_early_reason: Option<String>,
    /// Whether people can take part right now.
    takes_answers: bool,
}

impl PublicOpportunityOut {
    /// From a row.
    pub fn of(row: opportunity::Model, can_be: Supported, now: Time, zone: Tz) -> Self {
        let (takes_answers, activity) = (takes_answers(&row, now, zone), activity_of(&row));
        let (promise, decisions) = row.promised.map(|told| (told.promise, told.decisions)).unwrap_or_default();
        Self {
            takes_answers,
            promise,
            decisions,
            activity,
            id: row.id,
            kind: row.kind,
            title: row.title,
            summary: row.summary,
            rung: row.rung.into(),
            supported: can_be.rung,
            supported_because: can_be.because.map(str::to_owned),
            open_to_influence: row.open_to_influence,
            not_open: row.not_open,
            who_decides: row.who_decides,
            how_chosen: row.how_chosen,
            minutes: row.minutes,
            preparation_minutes: row.preparation_minutes,
            formats: row.formats.0,
            group: row.group_facts,
            support: row.support,
            content_note: row.content_note,
            payment: row.payment,
            places: row.places,
            closes_on: row.closes_on,
            starts_at: row.starts_at,
            feedback_due: row.feedback_due,
            feedback_moved_reason: row.feedback_moved_reason,
            feedback_late_since: row.feedback_late_since,
            closed_early_reason: row.closed_early_reason,
        }
    }
}
