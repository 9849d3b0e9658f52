//! A consultation question by question, for the coordinator: counts of choices, never a word that somebody wrote.

use super::{
    disclosure::{Shown, alone, part, protect},
    people::{self, Scope},
    questions::{Kind, Question, questions, same},
};
use crate::{
    platform::{Error, Platform, Result},
    questionnaires::{Form, wall_clock},
};
use chrono_tz::Tz;
use entity::{
    OpportunityId, OrganisationId, QuestionnaireId, ResponseId, Time, opportunity, organisation, questionnaire, response,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Map, Value};
use std::{cell::LazyCell, collections::HashMap, sync::Arc};

/// Responses read at a time.
const PAGE: u64 = 1000;
/// Versions of the questions kept at hand.
const VERSIONS: usize = 8;

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
    /// How many were asked and left it out.
    pub left_out: Shown,
    /// How many were not asked: it was hidden for their answers, or their version of the questions did not have it.
    pub not_asked: Shown,
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
    not_asked: u64,
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
    let (connection, scope) = (platform.db.read(), Scope { organisation, opportunity });
    let found = opportunity::Entity::find_by_id((organisation, opportunity)).one(connection).await?;
    let found = found.ok_or(Error::NotFound("opportunity"))?;
    let home = organisation::Entity::find_by_id(organisation).one(connection).await?.ok_or(Error::NotFound("organisation"))?;
    let zone = home.time_zone.parse().unwrap_or(Tz::UTC);
    let mut tallies = match found.questionnaire_id {
        Some(id) => tallies(&*compiled(platform, organisation, id).await?),
        None => Vec::new(),
    };
    let (mut total, mut after, mut forms) = (0, None, HashMap::new());
    loop {
        let rows = page(connection, scope, after, now).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.id);
        total += rows.len() as u64;
        let mut left = rows;
        while let Some(next) = left.first() {
            let version = next.questionnaire_id;
            if !forms.contains_key(&version) {
                // What was asked in a version is needed again and again, but not of all versions there ever were.
                if forms.len() >= VERSIONS {
                    forms.clear();
                }
                forms.insert(version, compiled(platform, organisation, version).await?);
            }
            let (page, others): (Vec<Row>, Vec<Row>) = left.into_iter().partition(|row| row.questionnaire_id == version);
            left = others;
            let form: Arc<Form> = forms[&version].clone();
            tallies = platform.cpu.run(move || tallied(tallies, &form, &page, zone)).await?;
        }
    }
    let questions = tallies.into_iter().map(|tally| tally.shown(total, minimum)).collect();
    Ok(Summary { responses: alone(total, minimum), questions })
}

/// A response, as far as counting needs it.
#[derive(FromQueryResult)]
struct Row {
    id: ResponseId,
    questionnaire_id: QuestionnaireId,
    answers: Option<Value>,
    changed_at: Time,
}

async fn page(connection: &impl ConnectionTrait, scope: Scope, after: Option<ResponseId>, now: Time) -> Result<Vec<Row>> {
    use response::Column::{Answers, ChangedAt, Id, QuestionnaireId};
    let mut query = people::answers(scope, now).select_only().columns([Id, QuestionnaireId, Answers, ChangedAt]);
    if let Some(after) = after {
        query = query.filter(Id.gt(after));
    }
    Ok(query.order_by_asc(Id).limit(PAGE).into_model().all(connection).await?)
}

async fn compiled(platform: &Platform, organisation: OrganisationId, id: QuestionnaireId) -> Result<Arc<Form>> {
    let found = questionnaire::Entity::find_by_id((organisation, id)).one(platform.db.read()).await?;
    let found = found.ok_or(Error::NotFound("questionnaire"))?;
    let definition: Value =
        serde_json::from_str(&found.definition).map_err(|_| Error::bug("a published questionnaire that is not JSON"))?;
    let form = platform.cpu.run(move || Form::compile(&definition)).await?;
    Ok(Arc::new(form.map_err(|_| Error::bug("a published questionnaire that does not compile"))?))
}

fn tallies(form: &Form) -> Vec<Tally> {
    let tally =
        |question: Question| Tally { choices: vec![0; question.choices.len()], question, left_out: 0, not_asked: 0, unknown: 0 };
    questions(form).into_iter().map(tally).collect()
}

/// Adds responses to one version of the questions. Who was asked what follows from what they answered, and when.
fn tallied(mut tallies: Vec<Tally>, form: &Form, rows: &[Row], zone: Tz) -> Vec<Tally> {
    let nothing = Map::new();
    for row in rows {
        let answers = row.answers.as_ref().and_then(Value::as_object).unwrap_or(&nothing);
        let asked = LazyCell::new(|| form.asked(answers, wall_clock(row.changed_at, zone)));
        tallies.iter_mut().for_each(|tally| tally.add(answers, |name| asked.contains(name)));
    }
    tallies
}

impl Tally {
    fn add(&mut self, answers: &Map<String, Value>, asked: impl Fn(&str) -> bool) {
        let given = match (self.question.kind, answers.get(&self.question.name)) {
            (_, None | Some(Value::Null)) => Vec::new(),
            (Kind::Many, Some(Value::Array(given))) => given.iter().collect(),
            (_, Some(one)) => vec![one],
        };
        if given.is_empty() {
            let counted = if asked(&self.question.name) { &mut self.left_out } else { &mut self.not_asked };
            *counted += 1;
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
        let (shown, left_out, not_asked) = if alone(total, minimum) == Shown::Few {
            (vec![Shown::Few; self.choices.len()], Shown::Few, Shown::Few)
        } else if many {
            several(&self.choices, self.left_out, self.not_asked, total, minimum)
        } else {
            let cells = self.choices.iter().copied().chain([self.left_out, self.not_asked, self.unknown]);
            let cells: Vec<_> = cells.map(|count| (String::new(), count)).collect();
            let shown: Vec<_> = protect(&cells, minimum).into_iter().map(|(_, shown)| shown).collect();
            let at = |place: usize| shown.get(self.choices.len() + place).copied().unwrap_or(Shown::Few);
            let (left_out, not_asked) = (at(0), at(1));
            (shown, left_out, not_asked)
        };
        let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let choices = self.question.choices.into_iter().zip(shown);
        let choices = choices.map(|(choice, people)| ChoiceCount { value: value(&choice.value), text: choice.text, people });
        QuestionCounts {
            name: self.question.name,
            title: self.question.title,
            many,
            choices: choices.collect(),
            left_out,
            not_asked,
        }
    }
}

/// The counts of a question with several choices, beside the number of all responses. Choices do not add up, but each has its
/// complement: those who answered and did not choose it, as far as they can be told from those who did not answer.
fn several(choices: &[u64], left_out: u64, not_asked: u64, total: u64, minimum: u64) -> (Vec<Shown>, Shown, Shown) {
    let (silent, spared) = (part(left_out, total, minimum), part(not_asked, total, minimum));
    let rest = total.saturating_sub(silent.number().unwrap_or(0) + spared.number().unwrap_or(0));
    (choices.iter().map(|count| part(*count, rest, minimum)).collect(), silent, spared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Shown::{Few, Number};

    #[test]
    fn nobody_is_found_between_those_who_were_not_asked_and_those_who_did_not_choose() {
        assert_eq!(several(&[20, 10], 0, 0, 30, 5), (vec![Number(20), Number(10)], Number(0), Number(0)));
        assert_eq!(several(&[20, 10], 0, 10, 40, 5), (vec![Number(20), Number(10)], Number(0), Number(10)));
        // 30 answered, and 29 of them chose it.
        assert_eq!(several(&[29], 0, 10, 40, 5), (vec![Few], Number(0), Number(10)));
        // All who answered chose it: the rest would be those few who were not asked.
        assert_eq!(several(&[37], 0, 3, 40, 5), (vec![Few], Number(0), Few));
        assert_eq!(several(&[27], 10, 3, 40, 5), (vec![Few], Number(10), Few));
        assert_eq!(several(&[20], 10, 3, 40, 5), (vec![Number(20)], Number(10), Few));
    }
}
