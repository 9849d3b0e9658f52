//! Endpoints for quotas: how places are shared out among groups.

use crate::{
    accounts::{Power, access},
    opportunities::{
        quotas::{self, Sharing},
        ways,
    },
    platform::{
        Platform, Result,
        http::{Body, Caller, Chapter, Fine},
    },
};
use chrono::NaiveDate;
use entity::{OpportunityId, OrganisationId, SeatQuota, Time};
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path},
};
use serde::Deserialize;

/// How places are shared out.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotasIn {
    /// At least and at most so many of a group, 60 quotas at most. An empty list takes them away.
    quotas: Vec<SeatQuota>,
    /// In two stages: letters go out first, and on this day names are drawn among those who said yes. Before it begins. Leave it out to
    /// draw first, and to ask those who were drawn.
    #[serde(default)]
    draws_on: Option<NaiveDate>,
}

/// How places are shared out.
#[derive(Object)]
pub struct QuotasOut {
    /// At least and at most so many of a group.
    quotas: Vec<SeatQuota>,
    /// The day on which names are drawn among those who said yes, where letters go out first.
    #[oai(skip_serializing_if_is_none)]
    draws_on: Option<NaiveDate>,
    /// When the first names were drawn among them.
    #[oai(skip_serializing_if_is_none)]
    drawn_at: Option<Time>,
    /// What is worth knowing about them.
    warnings: Vec<String>,
}

/// Quotas.
pub struct QuotasApi(pub Platform);

impl QuotasApi {
    async fn out(&self, organisation: OrganisationId, id: OpportunityId) -> Result<Fine<QuotasOut>> {
        let db = self.0.db.read();
        let way = ways::find(db, organisation, id).await?;
        let Sharing { version, quotas, draws_on, drawn_at } = quotas::of(db, organisation, id).await?;
        let warnings = quotas::warnings(&way, &quotas);
        Ok(Fine::new(&QuotasOut { quotas, draws_on, drawn_at, warnings }).version(version))
    }
}

#[OpenApi(tag = "Chapter::Opportunities")]
impl QuotasApi {
    /// Read the quotas
    ///
    /// How the places are shared out among groups; an empty list where names are drawn without regard to groups.
    #[oai(path = "/organisations/:organisation/opportunities/:opportunity/quotas", method = "get", operation_id = "getQuotas")]
    async fn get(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<QuotasOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        self.out(actor.organisation, opportunity.0).await
    }

    /// Set the quotas
    ///
    /// People are counted by the facts they gave about themselves, where they agreed to that; whoever gave none counts for no
    /// group. They can change until names are drawn, and everybody can read them.
    #[oai(path = "/organisations/:organisation/opportunities/:opportunity/quotas", method = "put", operation_id = "setQuotas")]
    async fn set(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<QuotasIn>,
    ) -> Result<Fine<QuotasOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.take()?;
        quotas::set(&self.0, &actor, opportunity.0, if_match.0.as_deref(), given.quotas, given.draws_on).await?;
        self.out(actor.organisation, opportunity.0).await
    }
}
