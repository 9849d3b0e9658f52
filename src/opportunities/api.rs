//! Endpoints for opportunities.

pub mod public;
pub mod questions;
pub mod quotas;
pub mod shapes;

use super::{opening, ways, zone};
use crate::{
    accounts::{Power, access},
    platform::{
        Platform, Result,
        http::{Body, Caller, Chapter, Created, Cursor, Fine, Once, Page, fingerprint},
    },
};
use entity::{OpportunityId, OpportunityState, OrganisationId, ProjectId};
use poem::Request;
use poem_openapi::{
    OpenApi,
    param::{Header, Path, Query},
};
use shapes::{CloseIn, GateOut, OpportunityIn, OpportunityOut};

/// Ways to take part.
pub struct Api(pub Platform);

impl Api {
    async fn out(&self, way: ways::Way) -> Result<OpportunityOut> {
        let zone = zone(self.0.db.read(), way.row.organisation_id).await?;
        Ok(OpportunityOut::of(way, self.0.clock.now(), zone))
    }
}

#[OpenApi(tag = "Chapter::Opportunities")]
impl Api {
    /// Make an opportunity
    ///
    /// As a draft: nobody is asked. The payment statement must be there, also when nothing is paid.
    #[oai(path = "/organisations/:organisation/opportunities", method = "post", operation_id = "createOpportunity")]
    async fn create(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<OpportunityIn>,
    ) -> Result<Created<OpportunityOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let zone = zone(self.0.db.read(), actor.organisation).await?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let made = ways::create(once.tx(), &self.0, &actor, given.into()).await?;
        let (at, version) = (format!("/api/organisations/{}/opportunities/{}", organisation.0, made.row.id), made.row.version);
        once.commit(Created::new(&OpportunityOut::of(made, self.0.clock.now(), zone)).at(at).version(version)).await
    }

    /// List opportunities
    ///
    /// Oldest first, of one project or in one state if asked.
    #[oai(path = "/organisations/:organisation/opportunities", method = "get", operation_id = "listOpportunities")]
    #[allow(clippy::too_many_arguments)]
    async fn list(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        /// Of this project.
        project: Query<Option<ProjectId>>,
        /// In this state.
        state: Query<Option<OpportunityState>>,
        /// Opportunities in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this cursor.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<OpportunityOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = ways::list(&self.0, actor.organisation, project.0, state.0, cursor).await?;
        let (now, zone) = (self.0.clock.now(), zone(self.0.db.read(), actor.organisation).await?);
        Ok(Fine::new(&cursor.page(rows, |way| way.row.id.0, |way| OpportunityOut::of(way, now, zone))))
    }

    /// Read an opportunity
    ///
    /// With what people were promised, once it has opened. What a draft still lacks is told by its gate.
    #[oai(path = "/organisations/:organisation/opportunities/:opportunity", method = "get", operation_id = "getOpportunity")]
    async fn get(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<OpportunityOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let found = ways::get(self.0.db.read(), actor.organisation, opportunity.0).await?;
        let version = found.row.version;
        Ok(Fine::new(&self.out(found).await?).version(version))
    }

    /// Change an opportunity
    ///
    /// A draft can change freely. Once it is open, what people were told stays: title, summary, support and content note
    /// may change; the closing day may move later; the feedback day may move with a reason.
    #[oai(path = "/organisations/:organisation/opportunities/:opportunity", method = "put", operation_id = "changeOpportunity")]
    async fn change(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<OpportunityIn>,
    ) -> Result<Fine<OpportunityOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.take()?;
        let changed = ways::change(&self.0, &actor, opportunity.0, if_match.0.as_deref(), given.into()).await?;
        let version = changed.row.version;
        Ok(Fine::new(&self.out(changed).await?).version(version))
    }

    /// See what is missing
    ///
    /// Everything that must be there before the opportunity may open, each with the field it is about.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/gate",
        method = "get",
        operation_id = "getOpportunityGate"
    )]
    async fn gate(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<GateOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let missing = opening::missing(&self.0, actor.organisation, opportunity.0).await?;
        let (ready, missing) = (missing.is_empty(), missing.into_iter().map(Into::into).collect());
        Ok(Fine::new(&GateOut { ready, missing }))
    }

    /// Open an opportunity
    ///
    /// Answers 409 with everything that is missing, if something is.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/open",
        method = "post",
        operation_id = "openOpportunity"
    )]
    async fn open(
        &self,
        caller: Caller,
        request: &Request,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
    ) -> Result<Fine<OpportunityOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let zone = zone(self.0.db.read(), actor.organisation).await?;
        let once = Once::begin_for(&self.0, &actor.by, key.0.as_deref(), &fingerprint(request, &[])).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let way = opening::open(once.tx(), &self.0, &actor, opportunity.0).await?;
        let version = way.row.version;
        let reply = once.commit(Fine::new(&OpportunityOut::of(way, self.0.clock.now(), zone)).version(version)).await?;
        self.0.wake.notify_one();
        Ok(reply)
    }

    /// Close an opportunity
    ///
    /// From now on no answers are taken. It also closes by itself at the end of its closing day; before that, say why: people
    /// were told that they have time until then, and everybody can read the reason.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/close",
        method = "post",
        operation_id = "closeOpportunity"
    )]
    async fn close(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<CloseIn>,
    ) -> Result<Fine<OpportunityOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let zone = zone(self.0.db.read(), actor.organisation).await?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let way = opening::close(once.tx(), &self.0, &actor, opportunity.0, given.reason).await?;
        let version = way.row.version;
        let reply = once.commit(Fine::new(&OpportunityOut::of(way, self.0.clock.now(), zone)).version(version)).await?;
        self.0.wake.notify_one();
        Ok(reply)
    }
}
