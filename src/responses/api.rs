//! Endpoints for answering with an invitation's link, and for reading answers.

use super::{
    drafts,
    export::{self, Format},
    submit::{Receipt, Submission, Submissions},
};
use crate::{
    accounts::{Power, access, readings},
    invitations::guest,
    opportunities::{self, Forms},
    platform::{
        Error, Platform, Result, Violation,
        http::{Body, Caller, Chapter, Created, Cursor, Fine, Page, Streamed, limits::Asking},
        secret::TokenKind,
    },
};
use entity::{
    OpportunityId, OrganisationId, QuestionnaireId, ReadingOf, ResponseId, Time, questionnaire, response, response_draft,
};
use poem_openapi::{
    Enum, Object, OpenApi,
    param::{Header, Path, Query},
};
use sea_orm::EntityTrait;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The questions of an invitation.
#[derive(Object)]
pub struct QuestionsOut {
    /// Id of this version; answers are pinned to it.
    questionnaire: QuestionnaireId,
    /// Number of the version.
    n: i32,
    /// SurveyJS JSON, as it was published.
    definition: Value,
}

/// Answers that are not handed in yet.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftIn {
    /// Answers by the name of the question.
    answers: Value,
    /// The version of the questions that was read; if it is no longer the current one, nothing is saved and you are told.
    questionnaire: QuestionnaireId,
}

/// A saved draft.
#[derive(Object)]
pub struct DraftOut {
    /// The version of the questions that these answers were written under.
    questionnaire: QuestionnaireId,
    /// Whether the questions have changed since. Read them again before you go on.
    questions_changed: bool,
    /// Answers by the name of the question.
    answers: Value,
    /// Saved at.
    updated_at: Time,
}

impl DraftOut {
    /// A draft beside the questions that are asked now.
    fn beside(current: Option<QuestionnaireId>, row: response_draft::Model) -> Self {
        Self {
            questionnaire: row.questionnaire_id,
            questions_changed: current != Some(row.questionnaire_id),
            answers: row.answers,
            updated_at: row.updated_at,
        }
    }
}

/// Answers to be handed in.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseIn {
    /// Answers by the name of the question.
    answers: Value,
    /// The version of the questions that was answered; if it is no longer the current one, nothing is taken and you are told.
    questionnaire: QuestionnaireId,
}

/// The receipt.
#[derive(Object)]
pub struct ReceiptOut {
    /// Id of the response.
    response: ResponseId,
    /// 1, and one more with each change.
    version: i32,
    /// Which questions were answered.
    questionnaire: QuestionnaireId,
    /// When.
    received_at: Time,
    /// Questions whose answers were left out, because they are not asked of somebody with these answers.
    cleared: Vec<String>,
    /// Thanks, and what happens next.
    message: String,
}

impl From<Receipt> for ReceiptOut {
    fn from(receipt: Receipt) -> Self {
        Self {
            response: receipt.response,
            version: receipt.version,
            questionnaire: receipt.questionnaire,
            received_at: receipt.at,
            cleared: receipt.cleared,
            message: "Thank you. We have your answers. You can change them until the end, and take them back at any time.".into(),
        }
    }
}

/// Answers, without the person.
#[derive(Object)]
pub struct ResponseOut {
    /// Id of the response.
    id: ResponseId,
    /// Which questions were answered.
    questionnaire: QuestionnaireId,
    /// Answers by the name of the question.
    answers: Value,
    /// First handed in at.
    submitted_at: Time,
    /// Last changed at.
    changed_at: Time,
}

impl From<response::Model> for ResponseOut {
    fn from(row: response::Model) -> Self {
        Self {
            id: row.id,
            questionnaire: row.questionnaire_id,
            answers: row.answers.unwrap_or_default(),
            submitted_at: row.submitted_at,
            changed_at: row.changed_at,
        }
    }
}

/// The form of an export.
#[derive(Enum)]
#[oai(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Comma-separated.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// Answers.
pub struct Api {
    /// What it stands on.
    pub platform: Platform,
    /// Compiled questions.
    pub forms: Forms,
    /// The writer.
    pub submissions: Submissions,
}

fn object(value: Value) -> Result<Map<String, Value>> {
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(Error::Malformed(Violation::new("/answers", "type", "Send an object of answers by the name of the question."))),
    }
}

#[OpenApi(tag = "Chapter::Responses")]
impl Api {
    /// Read the questions of an invitation
    ///
    /// The published questions as SurveyJS JSON, with the version that answers belong to.
    #[oai(path = "/invitation/questionnaire", method = "get", operation_id = "getInvitationQuestionnaire")]
    async fn questions(&self, caller: Caller) -> Result<Fine<QuestionsOut>> {
        let guest = guest::guest(&self.platform, &caller).await?;
        let db = self.platform.db.read();
        let offer = guest.opportunity(db).await?;
        let id = offer.questionnaire_id.ok_or(Error::NotFound("questionnaire"))?;
        let row = questionnaire::Entity::find_by_id((guest.organisation, id)).one(db).await.map_err(Error::from)?;
        let row = row.ok_or(Error::NotFound("questionnaire"))?;
        // The definition is given back as it was handed in, so the answer is put together around it.
        Ok(Fine::raw(format!(r#"{{"questionnaire":"{}","n":{},"definition":{}}}"#, row.id, row.n, row.definition)))
    }

    /// Read the saved draft
    ///
    /// Answers that were saved and not handed in, with the version of the questions that they were written under. Once they
    /// are handed in, the draft is gone.
    #[oai(path = "/invitation/draft", method = "get", operation_id = "getDraft")]
    async fn draft(&self, caller: Caller) -> Result<Fine<DraftOut>> {
        let guest = guest::guest(&self.platform, &caller).await?;
        let db = self.platform.db.read();
        let draft = drafts::get(db, &guest).await?.ok_or(Error::NotFound("draft"))?;
        // A draft of changes holds what was handed in, and that is read by nobody who has but the link.
        if drafts::handed_in(db, &guest).await?.is_some() {
            return Err(Error::NotFound("draft"));
        }
        let (version, offer) = (draft.version, guest.opportunity(db).await?);
        Ok(Fine::new(&DraftOut::beside(offer.questionnaire_id, draft)).version(version))
    }

    /// Save a draft
    ///
    /// What is missing is no fault yet. Once there is a draft, `If-Match` must name it, so that two devices do not overwrite each other.
    #[oai(path = "/invitation/draft", method = "put", operation_id = "saveDraft")]
    async fn save(
        &self,
        caller: Caller,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<DraftIn>,
    ) -> Result<Fine<DraftOut>> {
        let guest = guest::guest(&self.platform, &caller).await?;
        let given = body.take()?;
        let (questions, answers) = (given.questionnaire, object(given.answers)?);
        let tx = self.platform.db.begin().await?;
        let saved = drafts::save(&tx, &self.platform, &self.forms, &guest, if_match.0.as_deref(), questions, answers).await?;
        tx.commit().await.map_err(Error::from)?;
        let version = saved.version;
        Ok(Fine::new(&DraftOut::beside(Some(questions), saved)).version(version))
    }

    /// Hand in answers
    ///
    /// Checked whole; if something is not right, everything is told at once and nothing is lost. Handing in again changes the
    /// answers, until the end.
    #[oai(path = "/invitation/response", method = "post", operation_id = "submitResponse")]
    async fn submit(&self, caller: Caller, body: Body<ResponseIn>) -> Result<Created<ReceiptOut>> {
        let token = caller.of_kind(TokenKind::Invitation)?;
        let given = body.take()?;
        let submission = Submission {
            token_hash: token.hash(),
            questionnaire: given.questionnaire,
            answers: object(given.answers)?,
            draft: None,
            asking: Asking::here(),
        };
        let receipt = self.submissions.submit(submission).await?;
        Ok(Created::new(&receipt.into()).at("/api/invitation"))
    }

    /// List responses
    ///
    /// Without the people. Only answers whose consent to taking part stands now.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/responses",
        method = "get",
        operation_id = "listResponses"
    )]
    async fn list(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        /// Items in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this cursor.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<ResponseOut>>> {
        let actor = access::may(&self.platform, &caller, organisation.0, Power::ReadResponses).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let now = self.platform.clock.now();
        opportunities::ways::find(self.platform.db.read(), actor.organisation, opportunity.0).await?;
        readings::note(&self.platform, &actor, ReadingOf::Answers, opportunity.0.0).await?;
        let rows = export::page(
            self.platform.db.read(),
            actor.organisation,
            opportunity.0,
            cursor.after.map(ResponseId),
            cursor.limit + 1,
            now,
        )
        .await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, ResponseOut::from)))
    }

    /// Export responses
    ///
    /// As a file, streamed. CSV cells that a spreadsheet would compute are disarmed. Every export is in the audit log.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/responses/export",
        method = "get",
        operation_id = "exportResponses"
    )]
    async fn export(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        /// `csv` or `jsonl`.
        format: Query<Option<ExportFormat>>,
    ) -> Result<Streamed> {
        let actor = access::may(&self.platform, &caller, organisation.0, Power::ReadResponses).await?;
        let (format, name, content_type) = match format.0 {
            Some(ExportFormat::Jsonl) => (Format::JsonLines, "responses.jsonl", "application/x-ndjson"),
            _ => (Format::Csv, "responses.csv", "text/csv; charset=utf-8"),
        };
        let rows = export::begin(&self.platform, &self.forms, &actor, opportunity.0, format).await?;
        Ok(Streamed::new(name, content_type, rows))
    }
}
