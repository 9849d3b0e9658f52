//! Endpoints for what people answer to letters by e-mail.

pub mod shapes;

use super::{
    decide, may_read, own,
    read::{self, Filter},
};
use crate::{
    accounts::{Power, access},
    platform::{
        Platform, Result,
        http::{Body, Caller, Chapter, Cursor, Done, Fine, NoContent, Page},
    },
};
use entity::{OpportunityId, OrganisationId, ReplyId, ReplyState};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};
use shapes::{MailReplyLineOut, MailReplyOut, MyReplyOut, SetReplyAsideIn, TakeReplyIn};

/// Answers to letters.
pub struct Api(pub Platform);

#[OpenApi(tag = "Chapter::Mail")]
impl Api {
    /// List answers to letters
    ///
    /// What people answered by e-mail, oldest first. It tells neither words nor names; those are in the answer itself. For those who
    /// may read both who the people are and what they said.
    #[oai(path = "/organisations/:organisation/replies", method = "get", operation_id = "listReplies")]
    async fn list(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        /// Those in this state.
        state: Query<Option<ReplyState>>,
        /// Those about this opportunity.
        opportunity: Query<Option<OpportunityId>>,
        /// Items a page.
        limit: Query<Option<u64>>,
        /// The `next` of an earlier page.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<MailReplyLineOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadPeople).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let filter = Filter { state: state.0, opportunity: opportunity.0 };
        let rows = read::list(&self.0, &actor, filter, cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |listed| listed.row.id.0, MailReplyLineOut::from)))
    }

    /// Read an answer to a letter
    ///
    /// With its words, and whom the letter went to. That you looked is noted for the person.
    #[oai(path = "/organisations/:organisation/replies/:reply", method = "get", operation_id = "getReply")]
    async fn get(&self, caller: Caller, organisation: Path<OrganisationId>, reply: Path<ReplyId>) -> Result<Fine<MailReplyOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadPeople).await?;
        Ok(Fine::new(&MailReplyOut::from(read::get(&self.0, &actor, reply.0).await?)))
    }

    /// Count an answer as given
    ///
    /// It becomes a contribution to what the letter was about, as if the person had said it there: they must be part of it and agree
    /// to take part. It may not be quoted, because they have not said so. The person sees it, and can take it back.
    #[oai(path = "/organisations/:organisation/replies/:reply/take", method = "post", operation_id = "takeReply")]
    async fn take(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        reply: Path<ReplyId>,
        body: Body<TakeReplyIn>,
    ) -> Result<Fine<MailReplyOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        may_read(&actor)?;
        let given = body.take()?;
        decide::take(&self.0, &actor, reply.0, given.words.into()).await?;
        Ok(Fine::new(&MailReplyOut::from(read::get(&self.0, &actor, reply.0).await?)))
    }

    /// Set an answer aside
    ///
    /// It counts nowhere. The person reads the reason, so say what you did about it. You can change the reason, and you can still
    /// count the answer later.
    #[oai(path = "/organisations/:organisation/replies/:reply/set-aside", method = "post", operation_id = "setReplyAside")]
    async fn set_aside(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        reply: Path<ReplyId>,
        body: Body<SetReplyAsideIn>,
    ) -> Result<Fine<MailReplyOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        may_read(&actor)?;
        let given = body.take()?;
        decide::set_aside(&self.0, &actor, reply.0, &given.reason).await?;
        Ok(Fine::new(&MailReplyOut::from(read::get(&self.0, &actor, reply.0).await?)))
    }

    /// List my answers to letters
    ///
    /// What I answered by e-mail, newest first, and what became of it.
    #[oai(path = "/me/replies", method = "get", operation_id = "listMyReplies")]
    async fn mine(
        &self,
        caller: Caller,
        /// Items a page.
        limit: Query<Option<u64>>,
        /// The `next` of an earlier page.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<MyReplyOut>>> {
        let person = access::person(&self.0, &caller).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = own::list(self.0.db.read(), &person, cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |own| own.row.id.0, MyReplyOut::from)))
    }

    /// Take an answer to a letter back
    ///
    /// Its words are erased at once, and it counts nowhere. What was published before stays as it is.
    #[oai(path = "/me/replies/:reply/withdraw", method = "post", operation_id = "withdrawReply")]
    async fn withdraw(&self, caller: Caller, reply: Path<ReplyId>) -> Done {
        let person = access::person(&self.0, &caller).await?;
        own::take_back(&self.0, &person, reply.0).await?;
        Ok(NoContent)
    }
}
