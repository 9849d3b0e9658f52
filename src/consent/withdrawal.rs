//! What taking a consent back does to what was given: what the notice said that this person agreed to.
//!
//! Each room carries out its part on its own tables, in one transaction of the job [`super::WITHDRAWN`]; doing it twice
//! changes nothing.

use crate::{
    participants,
    platform::{Error, Result, Tx, jobs::Fault},
};
use entity::{
    ConsentEventId, ConsentType, OpportunityId, OrganisationId, ParticipantId, Purpose, Time, WithdrawalEffect, consent_event,
    report, report_release,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// What happened, for [`super::WITHDRAWN`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Withdrawal {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Whose consent.
    pub participant: ParticipantId,
    /// To what.
    pub purpose: Purpose,
    /// The organisation, or one opportunity.
    pub scope: Uuid,
    /// What was promised to happen.
    pub effect: WithdrawalEffect,
    /// When it was said, as an event.
    pub event: ConsentEventId,
}

/// What has to go.
#[derive(Clone, Copy, Debug)]
pub struct Erasure {
    /// Whether everything goes that can be told to be this person's, as against what they said.
    pub identifiable: bool,
    /// What was given up to here is in a published report, and stays.
    published: Option<Time>,
    /// The person has agreed anew since then: what they gave after that stays.
    agreed_anew: Option<Time>,
}

/// Whose, and given to what.
#[derive(Clone, Copy, Debug)]
pub struct Whose {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Whose.
    pub participant: ParticipantId,
    /// Given to what.
    pub opportunity: OpportunityId,
}

impl Whose {
    /// What goes of what somebody gave, where they want everything to go that is in no published report.
    pub async fn unpublished(&self, connection: &impl ConnectionTrait, now: Time) -> Result<Erasure> {
        let published = newest_report(connection, self.organisation, self.opportunity, now).await?;
        Ok(Erasure { identifiable: false, published, agreed_anew: None })
    }
}

/// When the newest report of an opportunity until a time was published.
async fn newest_report(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    until: Time,
) -> Result<Option<Time>> {
    let reports = report::Entity::find()
        .select_only()
        .column(report::Column::Id)
        .filter(report::Column::OrganisationId.eq(organisation))
        .filter(report::Column::OpportunityId.eq(opportunity))
        .into_query();
    let newest = report_release::Entity::find()
        .filter(report_release::Column::OrganisationId.eq(organisation))
        .filter(report_release::Column::ReportId.in_subquery(reports))
        .filter(report_release::Column::PublishedAt.lte(until))
        .order_by_desc(report_release::Column::PublishedAt)
        .one(connection)
        .await?;
    Ok(newest.map(|release| release.published_at))
}

impl Erasure {
    /// Whether something that was given at this time has to go.
    pub fn takes(&self, at: Time) -> bool {
        self.published.is_none_or(|published| at > published) && self.agreed_anew.is_none_or(|anew| at < anew)
    }

    /// Whether something that was given at the time in `column` has to go.
    pub fn covers(&self, column: impl ColumnTrait) -> Condition {
        let time = || Expr::col(column.as_column_ref());
        Condition::all()
            .add_option(self.published.map(|published| time().gt(published)))
            .add_option(self.agreed_anew.map(|anew| time().lt(anew)))
    }

    /// The same, for what stands in no report whenever it was given.
    pub fn covers_unpublished(&self, column: impl ColumnTrait) -> Condition {
        Self { published: None, ..*self }.covers(column)
    }
}

impl Withdrawal {
    /// Reads a job's payload.
    pub fn read(value: Value) -> Result<Self, Fault> {
        serde_json::from_value(value).map_err(|error| Fault::GiveUp(format!("a payload that cannot be read: {error}")))
    }

    /// The opportunity, if it is about one.
    pub fn opportunity(&self) -> Option<OpportunityId> {
        (self.scope != self.organisation.0).then_some(OpportunityId(self.scope))
    }

    /// The opportunity, if what is taken back is taking part in it.
    pub fn taking_part(&self) -> Option<OpportunityId> {
        self.opportunity().filter(|_| self.purpose == Purpose::Participate)
    }

    /// Whose it is, and given to what, if what is taken back is taking part in something.
    pub fn whose(&self) -> Option<Whose> {
        let (organisation, participant) = (self.organisation, self.participant);
        self.taking_part().map(|opportunity| Whose { organisation, participant, opportunity })
    }

    /// Whether the promise says that something goes.
    pub fn erases(&self) -> bool {
        matches!(self.effect, WithdrawalEffect::EraseRawUnpublished | WithdrawalEffect::EraseAllIdentifiable)
    }

    /// What has to go of what was given to an opportunity under this consent, if anything. Read it after locking what is
    /// to be erased: then nothing that was on its way slips by.
    pub async fn erasure(&self, tx: &Tx, opportunity: OpportunityId) -> Result<Option<Erasure>> {
        if !self.erases() {
            return Ok(None);
        }
        let identifiable = self.effect == WithdrawalEffect::EraseAllIdentifiable;
        let published = if identifiable { None } else { self.published(tx, opportunity).await? };
        Ok(Some(Erasure { identifiable, published, agreed_anew: self.agreed_anew(tx).await? }))
    }

    /// When it was said.
    async fn said_at(&self, tx: &Tx) -> Result<Time> {
        let event = consent_event::Entity::find_by_id((self.organisation, self.event)).one(tx).await?;
        Ok(event.ok_or_else(|| Error::bug("a withdrawal without its event"))?.occurred_at)
    }

    /// The newest report that still counted the person. One that was published later left them out.
    async fn published(&self, tx: &Tx, opportunity: OpportunityId) -> Result<Option<Time>> {
        newest_report(tx, self.organisation, opportunity, self.said_at(tx).await?).await
    }

    /// When the person agreed again, if they have.
    pub async fn agreed_anew(&self, tx: &Tx) -> Result<Option<Time>> {
        let again = consent_event::Entity::find()
            .filter(consent_event::Column::OrganisationId.eq(self.organisation))
            .filter(consent_event::Column::ParticipantId.eq(self.participant))
            .filter(consent_event::Column::Purpose.eq(self.purpose))
            .filter(consent_event::Column::ScopeId.eq(self.scope))
            .filter(consent_event::Column::Type.eq(ConsentType::Give))
            .filter(consent_event::Column::Id.gt(self.event))
            .order_by_asc(consent_event::Column::Id)
            .one(tx)
            .await?;
        Ok(again.map(|event| event.occurred_at))
    }
}

/// Erases the facts that a person gave about themselves, if that is what was taken back and promised. No report holds
/// facts of one person, so nothing of them stays for being published.
pub async fn erase_facts(tx: &Tx, withdrawal: &Withdrawal) -> Result<()> {
    if withdrawal.purpose != Purpose::DemographicsRepresentativeness || !withdrawal.erases() {
        return Ok(());
    }
    let until = withdrawal.said_at(tx).await?;
    participants::erase_facts(tx, withdrawal.organisation, withdrawal.participant, until).await
}
