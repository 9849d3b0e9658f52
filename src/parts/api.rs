//! Endpoints for one's part in something.

pub mod ending;
pub mod shapes;
pub mod tasks;

use super::{change, mine::Mine};
use crate::{
    accounts::access,
    platform::{
        Platform, Result,
        http::{Body, Caller, Chapter, Fine, Once},
    },
};
use entity::OpportunityId;
use poem_openapi::{
    OpenApi,
    param::{Header, Path},
};
use shapes::{MyPartOut, PartChangedOut, PartIn};

/// Somebody's own part.
pub struct Api(pub Platform);

#[OpenApi(tag = "Chapter::Me")]
impl Api {
    /// See my part in something
    ///
    /// Whether I hold a place, wait for one or have said yes, whether I am pausing or have left, and what I can choose.
    #[oai(path = "/me/opportunities/:opportunity/part", method = "get", operation_id = "getMyPart")]
    async fn get(&self, caller: Caller, opportunity: Path<OpportunityId>) -> Result<Fine<MyPartOut>> {
        let person = access::person(&self.0, &caller).await?;
        Ok(Fine::new(&MyPartOut::of(Mine::read(&self.0, &person, opportunity.0).await?)))
    }

    /// Leave, pause, or choose something lighter
    ///
    /// For whoever holds a place, waits for one, or has said yes. It holds at once, and no reason is asked. What I gave is kept,
    /// made nobody's, or taken back, as far as it is in no published report; the answer says what could not be changed. Results still
    /// come unless I say no. What is owed stays owed. Whoever has left can choose again what becomes of what they gave. Errors: `left`;
    /// `ended`.
    #[oai(path = "/me/opportunities/:opportunity/part", method = "post", operation_id = "changeMyPart")]
    async fn change(
        &self,
        caller: Caller,
        opportunity: Path<OpportunityId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<PartIn>,
    ) -> Result<Fine<PartChangedOut>> {
        let person = access::person(&self.0, &caller).await?;
        let choice = body.read()?.choice()?;
        let once = Once::begin(&self.0, &person.by(), key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let changed = change::change(once.tx(), &self.0, &person, opportunity.0, choice).await?;
        let reply = once.commit(Fine::new(&PartChangedOut::of(&changed))).await?;
        self.0.wake.notify_one();
        Ok(reply)
    }

    /// Go on after a pause
    ///
    /// Also before it is over. Word that was sent to meetings to come is taken back. Doing it twice changes nothing. Errors:
    /// `left`.
    #[oai(path = "/me/opportunities/:opportunity/part/go-on", method = "post", operation_id = "goOnWithMyPart")]
    async fn go_on(&self, caller: Caller, opportunity: Path<OpportunityId>) -> Result<Fine<MyPartOut>> {
        let person = access::person(&self.0, &caller).await?;
        let tx = self.0.db.begin().await?;
        change::go_on(&tx, &self.0, &person, opportunity.0).await?;
        tx.commit().await?;
        self.0.wake.notify_one();
        Ok(Fine::new(&MyPartOut::of(Mine::read(&self.0, &person, opportunity.0).await?)))
    }
}
