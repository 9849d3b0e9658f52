//! What somebody gave to something, as far as it can still be changed, and as far as it is in a published report.

use crate::{
    consent::withdrawal::{Erasure, Whose},
    platform::Result,
};
use entity::{QuotePermission, ResponseState, contribution, response};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

/// What somebody gave, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gave {
    /// Things that they said at meetings or beside a questionnaire, and that are in no published report.
    pub open: u64,
    /// Things that are in one.
    pub published: u64,
    /// Whether answers were handed in that are in no published report.
    pub answers: bool,
    /// Whether answers were handed in that are in one.
    pub answers_published: bool,
    /// Things that may be quoted with their name.
    pub named: u64,
}

impl Gave {
    /// Reads it.
    pub async fn read(connection: &impl ConnectionTrait, whose: Whose, erasure: Erasure) -> Result<Self> {
        let said = contribution::Entity::find()
            .filter(contribution::Column::OrganisationId.eq(whose.organisation))
            .filter(contribution::Column::OpportunityId.eq(whose.opportunity))
            .filter(contribution::Column::ParticipantId.eq(whose.participant))
            .filter(contribution::Column::WithdrawnAt.is_null())
            .all(connection)
            .await?;
        let answers = response::Entity::find()
            .filter(response::Column::OrganisationId.eq(whose.organisation))
            .filter(response::Column::OpportunityId.eq(whose.opportunity))
            .filter(response::Column::ParticipantId.eq(whose.participant))
            .filter(response::Column::State.eq(ResponseState::Submitted))
            .one(connection)
            .await?;
        let mut gave = Self::default();
        for row in said {
            match erasure.takes(row.created_at) {
                true => gave.open += 1,
                false => gave.published += 1,
            }
            gave.named += u64::from(row.quote == QuotePermission::Named);
        }
        if let Some(answers) = answers {
            gave.answers = erasure.takes(answers.changed_at);
            gave.answers_published = !gave.answers;
        }
        Ok(gave)
    }

    /// Whether something can still be changed.
    pub fn is_open(&self) -> bool {
        self.open > 0 || self.answers
    }

    /// Whether something can not.
    pub fn is_published(&self) -> bool {
        self.published > 0 || self.answers_published
    }
}
