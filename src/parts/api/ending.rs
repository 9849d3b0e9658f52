//! Ending something before its time.

use super::shapes::{EndIn, EndedOut};
use crate::{
    accounts::{Power, access},
    parts::ending,
    platform::{
        Platform, Result,
        http::{Body, Caller, Chapter, Fine, Once},
    },
};
use entity::{OpportunityId, OrganisationId};
use poem_openapi::{
    OpenApi,
    param::{Header, Path},
};

/// The endpoint.
pub struct EndingApi(pub Platform);

#[OpenApi(tag = "Chapter::Opportunities")]
impl EndingApi {
    /// End something before its time
    ///
    /// For what has places: it closes, meetings still to come do not take place, and everybody who holds a place, waits or was
    /// asked is told by letter: thanks, your words, when they hear what came of it, that what is owed is paid, and what else
    /// is open that fits their choices. It cannot be taken back. Errors: `consultation`; `draft`; `ended`.
    #[oai(path = "/organisations/:organisation/opportunities/:opportunity/end", method = "post", operation_id = "endOpportunity")]
    async fn end(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<EndIn>,
    ) -> Result<Fine<EndedOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let ended = ending::end(once.tx(), &self.0, &actor, opportunity.0, &given.words).await?;
        let out = EndedOut {
            opportunity: opportunity.0,
            words: ended.row.words,
            ended_at: ended.row.ended_at,
            meetings_cancelled: ended.meetings,
        };
        let reply = once.commit(Fine::new(&out)).await?;
        self.0.wake.notify_one();
        Ok(reply)
    }
}
