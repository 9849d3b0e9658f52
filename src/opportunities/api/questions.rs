//! Endpoints for the questions of a consultation.

use super::shapes::QuestionnaireOut;
use crate::{
    accounts::{Power, access},
    opportunities::{Forms, forms, questions, ways},
    platform::{
        Platform, Result,
        http::{Caller, Chapter, Created, Cursor, Fine, Once, Page, RawJson},
    },
};
use entity::{OpportunityId, OrganisationId, QuestionnaireId, questionnaire};
use poem_openapi::{
    OpenApi,
    param::{Header, Path, Query},
    types::Any,
};
use serde_json::Value;
use std::sync::Arc;

/// The questions of consultations.
pub struct QuestionsApi(pub Platform, pub Forms);

/// The text exactly as it was sent.
fn unchanged(row: questionnaire::Model) -> Fine<Any<Value>> {
    Fine::raw(row.definition).version(row.n)
}

#[OpenApi(tag = "Chapter::Opportunities")]
impl QuestionsApi {
    /// Publish questions
    ///
    /// The body is SurveyJS JSON. It is kept exactly as it is sent, as the next version, and never changes. What cannot be
    /// judged faithfully is refused, each flaw with its place. Answers that were given keep the version they were given under.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/questionnaire",
        method = "post",
        operation_id = "publishQuestionnaire"
    )]
    async fn publish(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: RawJson,
    ) -> Result<Created<QuestionnaireOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let (definition, text) = body.read()?;
        let connection = self.0.db.read();
        let row = ways::find(connection, actor.organisation, opportunity.0).await?;
        questions::askable(connection, &self.0, &row).await?;
        let form = self.0.cpu.run(move || forms::compile(&definition)).await??;
        let once = Once::begin_for(&self.0, &actor.by, key.0.as_deref(), body.fingerprint()).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let made = questions::publish(once.tx(), &self.0, &actor, opportunity.0, text).await?;
        let (id, n) = (made.id, made.n);
        let at = format!("/api/organisations/{}/opportunities/{}/questionnaires/{id}", organisation.0, opportunity.0);
        let out = QuestionnaireOut::from(questions::Version::from(made));
        let reply = once.commit(Created::new(&out).at(at).version(n)).await?;
        self.1.keep(actor.organisation, id, Arc::new(form));
        Ok(reply)
    }

    /// Read the questions
    ///
    /// The version that is asked now, exactly as it was published.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/questionnaire",
        method = "get",
        operation_id = "getQuestionnaire"
    )]
    async fn latest(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<Any<Value>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        Ok(unchanged(questions::latest(self.0.db.read(), actor.organisation, opportunity.0).await?))
    }

    /// List versions of the questions
    ///
    /// Each published version with its digest, oldest first. Answers keep the version they were given under.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/questionnaires",
        method = "get",
        operation_id = "listQuestionnaires"
    )]
    async fn list(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        /// Versions in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this cursor.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<QuestionnaireOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = questions::list(&self.0, actor.organisation, opportunity.0, cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |version| version.id.0, QuestionnaireOut::from)))
    }

    /// Read a version of the questions
    ///
    /// Exactly as it was published.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/questionnaires/:questionnaire",
        method = "get",
        operation_id = "getQuestionnaireVersion"
    )]
    async fn version(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        questionnaire: Path<QuestionnaireId>,
    ) -> Result<Fine<Any<Value>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let row = questions::get(self.0.db.read(), actor.organisation, opportunity.0, questionnaire.0).await?;
        Ok(unchanged(row))
    }
}
