//! A consultation question by question, for the coordinator: counts of choices, never a word that somebody wrote.

use super::{
    disclosure::{Shown, alone, part, protect},
    people::{self, Scope},
    questions::{Kind, Question, questions, same},
};
use crate::{
    platform::{Error, Platform, Result},
    questionnaires::Form,
};
use entity::{OpportunityId, OrganisationId, ResponseId, Time, opportunity, questionnaire, response};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

/// Responses read at a time.
const PAGE: u64 = 1000;

/// A choice with its count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceCount {
    /// As it is stored, in text form.
    pub value: String,
    /// As people read it.
    pub text: String,
    /// How many chose it.
    pub people: Shown,
}

/// A question with its counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionCounts {
    /// Its name.
    pub name: String,
    /// As people read it.
    pub title: String,
    /// Whether several choices could be made, so that counts do not add up to the people.
    pub many: bool,
    /// The choices.
    pub choices: Vec<ChoiceCount>,
    /// How many left it out.
    pub left_out: Shown,
}

/// A consultation in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Responses that are in.
    pub responses: Shown,
    /// The questions with given choices, in order.
    pub questions: Vec<QuestionCounts>,
}

struct Tally {
    question: Question,
    choices: Vec<u64>,
    left_out: u64,
    /// Answers of an earlier version of the questions, and the like.
    unknown: u64,
}

/// Counts every response that is in and may be used. Reads pages of rows, so memory does not grow with the number of responses.
pub async fn summary(
    platform: &Platform,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    minimum: u64,
    now: Time,
) -> Result<Summary> {
    let connection = platform.db.read();
    let found = opportunity::Entity::find_by_id((organisation, opportunity)).one(connection).await?;
    let found = found.ok_or(Error::NotFound("opportunity"))?;
    let mut tallies = match found.questionnaire_id {
        Some(id) => tallies(platform, questionnaire::Entity::find_by_id((organisation, id)).one(connection).await?).await?,
        None => Vec::new(),
    };
    let (mut total, mut after) = (0, None::<ResponseId>);
    loop {
        let mut page = people::answers(Scope { organisation, opportunity }, now)
            .select_only()
            .column(response::Column::Id)
            .column(response::Column::Answers)
            .order_by_asc(response::Column::Id)
            .limit(PAGE);
        if let Some(after) = after {
            page = page.filter(response::Column::Id.gt(after));
        }
        let rows: Vec<(ResponseId, Option<Value>)> = page.into_tuple().all(connection).await?;
        let Some((last, _)) = rows.last() else { break };
        after = Some(*last);
        for (_, answers) in &rows {
            total += 1;
            tallies.iter_mut().for_each(|tally| tally.add(answers.as_ref().unwrap_or(&Value::Null)));
        }
    }
    let questions = tallies.into_iter().map(|tally| tally.shown(total, minimum)).collect();
    Ok(Summary { responses: alone(total, minimum), questions })
}

async fn tallies(platform: &Platform, found: Option<questionnaire::Model>) -> Result<Vec<Tally>> {
    let Some(found) = found else { return Ok(Vec::new()) };
    let definition: Value =
        serde_json::from_str(&found.definition).map_err(|_| Error::bug("a published questionnaire that is not JSON"))?;
    let tally = |question: Question| Tally { choices: vec![0; question.choices.len()], question, left_out: 0, unknown: 0 };
    let form = platform.cpu.run(move || Form::compile(&definition)).await?;
    let form = form.map_err(|_| Error::bug("a published questionnaire that does not compile"))?;
    Ok(questions(&form).into_iter().map(tally).collect())
}

impl Tally {
    fn add(&mut self, answers: &Value) {
        let given = match (self.question.kind, &answers[&self.question.name]) {
            (_, Value::Null) => Vec::new(),
            (Kind::Many, Value::Array(given)) => given.iter().collect(),
            (_, one) => vec![one],
        };
        if given.is_empty() {
            self.left_out += 1;
            return;
        }
        let mut known = false;
        for (choice, count) in self.question.choices.iter().zip(&mut self.choices) {
            // Each person counts once, however often a choice stands in the list.
            if given.iter().any(|given| same(given, &choice.value)) {
                *count += 1;
                known = true;
            }
        }
        self.unknown += u64::from(!known);
    }

    fn shown(self, total: u64, minimum: u64) -> QuestionCounts {
        let many = self.question.kind == Kind::Many;
        let (shown, left_out) = if alone(total, minimum) == Shown::Few {
            (vec![Shown::Few; self.choices.len()], Shown::Few)
        } else if many {
            // Choices do not add up, but each has its complement: those who did not choose it.
            (self.choices.iter().map(|count| part(*count, total, minimum)).collect(), part(self.left_out, total, minimum))
        } else {
            let cells = self.choices.iter().copied().chain([self.left_out, self.unknown]);
            let cells: Vec<_> = cells.map(|count| (String::new(), count)).collect();
            let shown: Vec<_> = protect(&cells, minimum).into_iter().map(|(_, shown)| shown).collect();
            let left_out = shown.get(self.choices.len()).copied().unwrap_or(Shown::Few);
            (shown, left_out)
        };
        let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let choices = self.question.choices.into_iter().zip(shown);
        let choices = choices.map(|(choice, people)| ChoiceCount { value: value(&choice.value), text: choice.text, people });
        QuestionCounts { name: self.question.name, title: self.question.title, many, choices: choices.collect(), left_out }
    }
}
