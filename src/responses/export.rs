//! Answers as a file, written while they are read: memory does not grow with their number.

use crate::{
    accounts::{Actor, readings},
    opportunities::Forms,
    platform::{Error, Platform, Result, audit, csv},
    statistics::people::{self, Scope},
};
use entity::{OpportunityId, OrganisationId, QuestionnaireId, ReadingOf, ResponseId, Time, opportunity, questionnaire, response};
use futures_util::{Stream, stream::try_unfold};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Answers in one query.
const PAGE: u64 = 500;

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, a column a question.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

/// Answers behind `after` that may be used now: handed in, and consent to taking part stands.
pub async fn page(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    after: Option<ResponseId>,
    limit: u64,
    now: Time,
) -> Result<Vec<response::Model>> {
    let mut query = people::answers(Scope { organisation, opportunity }, now);
    if let Some(after) = after {
        query = query.filter(response::Column::Id.gt(after));
    }
    Ok(query.order_by_asc(response::Column::Id).limit(limit).all(connection).await?)
}

/// What stays the same during an export.
struct Export {
    platform: Platform,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    format: Format,
    columns: Vec<String>,
    versions: HashMap<QuestionnaireId, i32>,
}

/// Begins an export, on the record: who took answers out, and when.
pub async fn begin(
    platform: &Platform,
    forms: &Forms,
    actor: &Actor,
    id: OpportunityId,
    format: Format,
) -> Result<impl Stream<Item = Result<Vec<u8>, std::io::Error>> + Send + 'static + use<>> {
    let db = platform.db.read();
    opportunity::Entity::find_by_id((actor.organisation, id)).one(db).await?.ok_or(Error::NotFound("opportunity"))?;
    readings::note(platform, actor, ReadingOf::AnswersFile, id.0).await?;
    let published: Vec<(QuestionnaireId, i32)> = questionnaire::Entity::find()
        .select_only()
        .columns([questionnaire::Column::Id, questionnaire::Column::N])
        .filter(questionnaire::Column::OrganisationId.eq(actor.organisation))
        .filter(questionnaire::Column::OpportunityId.eq(id))
        .order_by_desc(questionnaire::Column::N)
        .into_tuple()
        .all(db)
        .await?;
    // Newest questions first; answers to questions that only older versions had get columns behind them. Read one at a
    // time, and before the transaction, which must keep no other writer waiting for a form.
    let mut columns: Vec<String> = Vec::new();
    for (version, _) in &published {
        let form = forms.form(platform, actor.organisation, *version).await?;
        for question in form.questions() {
            for name in std::iter::once(question.name().to_owned()).chain(question.comment_key()) {
                if !columns.contains(&name) {
                    columns.push(name);
                }
            }
        }
    }
    let tx = platform.db.begin().await?;
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "export_responses", &format!("opportunity:{id}")).await?;
    tx.commit().await?;
    let versions = published.into_iter().collect();
    let export =
        Export { platform: platform.clone(), organisation: actor.organisation, opportunity: id, format, columns, versions };
    Ok(try_unfold((export, None, true), |(export, after, first)| async move {
        let mut bytes = Vec::new();
        if first && export.format == Format::Csv {
            export.head(&mut bytes);
        }
        let now = export.platform.clock.now();
        let rows = page(export.platform.db.read(), export.organisation, export.opportunity, after, PAGE, now)
            .await
            .map_err(std::io::Error::other)?;
        let last = rows.last().map(|row| row.id);
        rows.iter().for_each(|row| export.line(&mut bytes, row));
        Ok(match (last, bytes.is_empty()) {
            (None, true) => None,
            (last, _) => Some((bytes, (export, last.or(after), false))),
        })
    }))
}

impl Export {
    fn head(&self, bytes: &mut Vec<u8>) {
        let fixed = ["response", "questionnaire", "submitted_at", "changed_at"].map(str::to_owned);
        csv::write_line(bytes, fixed.iter().chain(&self.columns));
    }

    fn line(&self, bytes: &mut Vec<u8>, row: &response::Model) {
        let version = self.versions.get(&row.questionnaire_id).copied().unwrap_or(0);
        match self.format {
            Format::Csv => {
                let fixed = [row.id.to_string(), version.to_string(), row.submitted_at.to_rfc3339(), row.changed_at.to_rfc3339()];
                let answer =
                    |name: &String| row.answers.as_ref().and_then(|answers| answers.get(name)).map_or_else(String::new, cell);
                csv::write_line(bytes, fixed.into_iter().chain(self.columns.iter().map(answer)));
            }
            Format::JsonLines => {
                let line = json!({
                    "response": row.id, "questionnaire": version, "submitted_at": row.submitted_at, "changed_at": row.changed_at,
                    "answers": row.answers,
                });
                bytes.extend_from_slice(line.to_string().as_bytes());
                bytes.push(b'\n');
            }
        }
    }
}

/// An answer in one cell: text as it is, anything else as JSON.
fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
