//! Endpoints that ask people: matching with invitations, drawing names among those who said yes, and stopping.

use super::{RunOut, minimum, run_out};
use crate::{
    accounts::{Power, access},
    matching::runs::{self, How},
    platform::{
        Platform, Result,
        http::{Accepted, Body, Caller, Chapter, Fine, Once},
    },
};
use entity::{MatchRunId, OpportunityId, OrganisationId, match_run};
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path},
};
use serde::Deserialize;

/// How to ask.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InviteIn {
    /// For limited places: a part of the seed from outside, such as the numbers of a public lottery. The other part is made here.
    #[serde(default)]
    seed: Option<String>,
    /// For places that are shared out among groups: where the quotas cannot be kept, change them by as few seats as possible. What
    /// was changed is recorded. Without this the run stops, and says what stands against them.
    #[serde(default)]
    #[oai(default)]
    ease: bool,
    /// Where names are drawn later among those who say yes: so many letters. Leave it out for as many as bring about twice as many
    /// yeses as there are places.
    #[serde(default)]
    letters: Option<u32>,
    /// For an open call: over how many days it is spread, 1 to 60. Each day some are asked, first those who were asked least recently;
    /// by the last day everybody is. Leave it out to ask everybody at once.
    #[serde(default)]
    days: Option<u32>,
}

/// How to draw names among those who said yes.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrawIn {
    /// A part of the seed from outside, such as the numbers of a public lottery. The other part is made here.
    #[serde(default)]
    seed: Option<String>,
    /// Where the quotas cannot be kept, change them by as few seats as possible. What was changed is recorded.
    #[serde(default)]
    #[oai(default)]
    ease: bool,
}

/// Asking people.
pub struct InvitingApi(pub Platform);

impl InvitingApi {
    /// Answers with a run that was begun, and lets the queue know.
    async fn begun(&self, once: Once, run: match_run::Model, minimum: i32) -> Result<Accepted<RunOut>> {
        let at = format!("/api/organisations/{}/opportunities/{}/matches/{}", run.organisation_id, run.opportunity_id, run.id);
        let reply = once.commit(Accepted::new(&run_out(run, minimum)).at(at)).await?;
        self.0.wake.notify_one();
        Ok(reply)
    }
}

#[OpenApi(tag = "Chapter::Matching")]
impl InvitingApi {
    /// Match and invite
    ///
    /// For an open call everybody who may be asked is. For limited places names are drawn with a recorded seed, and the rest
    /// stand in reserve; where names are drawn later among those who say yes, letters are shared out by lot. The answer comes at once;
    /// the invitations are made by the queue.
    #[oai(path = "/organisations/:organisation/opportunities/:opportunity/invitations", method = "post", operation_id = "invite")]
    async fn invite(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<InviteIn>,
    ) -> Result<Accepted<RunOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let minimum = minimum(&self.0, actor.organisation).await?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let how = How { seed: given.seed, ease: given.ease, letters: given.letters, days: given.days };
        let run = runs::start(once.tx(), &self.0, &actor, opportunity.0, how).await?;
        self.begun(once, run, minimum).await
    }

    /// Draw names among those who said yes
    ///
    /// Where letters went out first. It is done by itself on the day that people were told; this does it after that day, where it
    /// stopped, or as soon as nobody can say yes any more. Whoever is drawn has a place, and is told so; the others are told that they
    /// were not drawn, and stand in reserve.
    #[oai(path = "/organisations/:organisation/opportunities/:opportunity/draw", method = "post", operation_id = "drawNames")]
    async fn draw_names(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<DrawIn>,
    ) -> Result<Accepted<RunOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let minimum = minimum(&self.0, actor.organisation).await?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let how = How { seed: given.seed, ease: given.ease, ..How::default() };
        let run = runs::draw_gathered(once.tx(), &self.0, &actor, opportunity.0, how).await?;
        self.begun(once, run, minimum).await
    }

    /// Stop asking
    ///
    /// Where an open call is spread over days: nobody else is asked by it. Who was asked can still answer. A second call changes nothing.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/matches/:run/stop",
        method = "post",
        operation_id = "stopAsking"
    )]
    async fn stop(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        run: Path<MatchRunId>,
    ) -> Result<Fine<RunOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let minimum = minimum(&self.0, actor.organisation).await?;
        let tx = self.0.db.begin().await?;
        let run = runs::stop(&tx, &self.0, &actor, opportunity.0, run.0).await?;
        tx.commit().await?;
        Ok(Fine::new(&run_out(run, minimum)))
    }
}
