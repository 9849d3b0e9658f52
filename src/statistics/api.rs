//! Numbers for the coordinator.

use super::{
    disclosure::Shown,
    summary::{self, QuestionCounts, Summary},
};
use crate::{
    accounts::{Power, access, organisations},
    platform::{
        Platform, Result,
        http::{Caller, Chapter, Fine},
    },
};
use entity::{OpportunityId, OrganisationId};
use poem_openapi::{Object, OpenApi, param::Path};

/// A number about people. Where `few` is true it is withheld: it is small, or would give a small one away.
#[derive(Object)]
pub struct CountOut {
    /// The number; absent when it is withheld.
    #[oai(skip_serializing_if_is_none)]
    pub number: Option<u64>,
    /// Whether it is withheld.
    pub few: bool,
}

impl From<Shown> for CountOut {
    fn from(shown: Shown) -> Self {
        Self { number: shown.number(), few: shown == Shown::Few }
    }
}

/// A choice with its count.
#[derive(Object)]
pub struct ChoiceCountOut {
    /// As it is stored.
    value: String,
    /// As people read it.
    text: String,
    /// How many chose it.
    people: CountOut,
}

/// A question with its counts.
#[derive(Object)]
pub struct QuestionCountsOut {
    /// Its name.
    name: String,
    /// As people read it.
    title: String,
    /// Whether several choices could be made, so that counts do not add up to the people.
    several: bool,
    /// The choices, in order.
    choices: Vec<ChoiceCountOut>,
    /// How many were asked the question and left it out.
    left_out: CountOut,
    /// How many were not asked: the question was hidden for their answers, or their version did not have it.
    not_asked: CountOut,
}

/// A consultation in numbers. What people wrote in their own words is not here.
#[derive(Object)]
pub struct SummaryOut {
    /// Responses that are in.
    responses: CountOut,
    /// No number about fewer people than this is shown.
    minimum_group: i32,
    /// The questions with given choices.
    questions: Vec<QuestionCountsOut>,
}

impl SummaryOut {
    fn of(summary: Summary, minimum_group: i32) -> Self {
        let question = |question: QuestionCounts| QuestionCountsOut {
            name: question.name,
            title: question.title,
            several: question.many,
            choices: question
                .choices
                .into_iter()
                .map(|choice| ChoiceCountOut { value: choice.value, text: choice.text, people: choice.people.into() })
                .collect(),
            left_out: question.left_out.into(),
            not_asked: question.not_asked.into(),
        };
        Self {
            responses: summary.responses.into(),
            minimum_group,
            questions: summary.questions.into_iter().map(question).collect(),
        }
    }
}

/// Numbers.
pub struct Api(pub Platform);

#[OpenApi(tag = "Chapter::Responses")]
impl Api {
    /// Read the summary of a consultation
    ///
    /// How often each choice was made. Counts about fewer people than the organisation's minimum are withheld, with as
    /// many others as it takes that they cannot be worked out.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/summary",
        method = "get",
        operation_id = "getResponseSummary"
    )]
    async fn summary(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<SummaryOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadResponses).await?;
        let minimum = organisations::get(&self.0, actor.organisation).await?.minimum_group;
        let least = u64::try_from(minimum).unwrap_or(u64::MAX);
        let counted = summary::summary(&self.0, actor.organisation, opportunity.0, least, self.0.clock.now()).await?;
        Ok(Fine::new(&SummaryOut::of(counted, minimum)))
    }
}
