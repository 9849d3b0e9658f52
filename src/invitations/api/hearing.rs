//! Going on hearing from an organisation, after a silence.

use crate::{
    accounts::access,
    invitations::choices::going_on,
    platform::{
        Platform,
        http::{Caller, Chapter, Done, NoContent},
    },
};
use poem_openapi::OpenApi;

/// The endpoint.
pub struct HearingApi(pub Platform);

#[OpenApi(tag = "Chapter::Me")]
impl HearingApi {
    /// Go on hearing from the organisation
    ///
    /// Whoever has not answered for a while is asked half as often. This ends it, as any other answer and any change of choices
    /// does. Doing it twice changes nothing.
    #[oai(path = "/me/hearing", method = "post", operation_id = "goOnHearing")]
    async fn go_on(&self, caller: Caller) -> Done {
        let person = access::person(&self.0, &caller).await?;
        going_on::go_on(&self.0, &person).await?;
        Ok(NoContent)
    }
}
