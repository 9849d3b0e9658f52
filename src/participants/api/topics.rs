//! Topics.

use crate::{
    accounts::{
        access::{self, Power},
        organisations,
    },
    participants::topics::{self, Facts},
    platform::{
        Platform, Result,
        http::{Body, Caller, Chapter, Created, Cursor, Done, Fine, NoContent, Once, Page},
    },
};
use entity::{OrganisationId, Time, TopicId, topic};
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
};
use serde::Deserialize;

/// A new topic.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTopicIn {
    /// Stable name in addresses and files: small letters, digits, underscores. It cannot be changed later.
    key: String,
    /// Heading.
    title: String,
    /// What it is about, in plain English.
    #[serde(default)]
    description: Option<String>,
    /// The same in Easy Read.
    #[serde(default)]
    easy_read: Option<String>,
}

/// What a topic says.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicIn {
    /// Heading.
    title: String,
    /// What it is about, in plain English.
    #[serde(default)]
    description: Option<String>,
    /// The same in Easy Read.
    #[serde(default)]
    easy_read: Option<String>,
}

/// A subject that people can choose to be asked about.
#[derive(Object)]
pub struct TopicOut {
    /// Its id.
    id: TopicId,
    /// Stable name in addresses and files.
    key: String,
    /// Heading.
    title: String,
    /// What it is about.
    description: Option<String>,
    /// The same in Easy Read.
    easy_read: Option<String>,
    /// Since when it cannot be chosen any more.
    #[oai(skip_serializing_if_is_none)]
    retired_at: Option<Time>,
}

impl TopicOut {
    fn of(row: topic::Model) -> Self {
        Self {
            id: row.id,
            key: row.key,
            title: row.title,
            description: row.description,
            easy_read: row.easy_read,
            retired_at: row.retired_at,
        }
    }
}

/// Endpoints for topics.
pub struct Api(pub Platform);

#[OpenApi(tag = "Chapter::Participants")]
impl Api {
    /// List topics
    ///
    /// With those that have retired.
    #[oai(path = "/organisations/:organisation/topics", method = "get", operation_id = "listTopics")]
    async fn list(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        /// Topics in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// The `next` of an earlier page.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<TopicOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = topics::list(self.0.db.read(), actor.organisation, true, &cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, TopicOut::of)))
    }

    /// Make a topic
    ///
    /// A subject that people can choose to be asked about, with an Easy Read description if there is one.
    #[oai(path = "/organisations/:organisation/topics", method = "post", operation_id = "createTopic")]
    async fn create(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<NewTopicIn>,
    ) -> Result<Created<TopicOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let facts = Facts { title: given.title, description: given.description, easy_read: given.easy_read };
        let made = topics::create(once.tx(), &self.0, &actor, given.key, facts).await?;
        let (at, version) = (format!("/api/organisations/{}/topics/{}", actor.organisation, made.id), made.version);
        once.commit(Created::new(&TopicOut::of(made)).at(at).version(version)).await
    }

    /// Read a topic
    ///
    /// Also one that has been retired.
    #[oai(path = "/organisations/:organisation/topics/:topic", method = "get", operation_id = "getTopic")]
    async fn get(&self, caller: Caller, organisation: Path<OrganisationId>, topic: Path<TopicId>) -> Result<Fine<TopicOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let found = topics::get(self.0.db.read(), actor.organisation, topic.0).await?;
        let version = found.version;
        Ok(Fine::new(&TopicOut::of(found)).version(version))
    }

    /// Change a topic
    ///
    /// Its words; its key stays, because choices refer to it.
    #[oai(path = "/organisations/:organisation/topics/:topic", method = "put", operation_id = "changeTopic")]
    async fn change(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        topic: Path<TopicId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<TopicIn>,
    ) -> Result<Fine<TopicOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.take()?;
        let facts = Facts { title: given.title, description: given.description, easy_read: given.easy_read };
        let changed = topics::change(&self.0, &actor, topic.0, if_match.0.as_deref(), facts).await?;
        let version = changed.version;
        Ok(Fine::new(&TopicOut::of(changed)).version(version))
    }

    /// Retire a topic
    ///
    /// It can no longer be chosen. What people have said about it stays. Doing it twice changes nothing.
    #[oai(path = "/organisations/:organisation/topics/:topic/retire", method = "post", operation_id = "retireTopic")]
    async fn retire(&self, caller: Caller, organisation: Path<OrganisationId>, topic: Path<TopicId>) -> Done {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        topics::retire(&self.0, &actor, topic.0).await?;
        Ok(NoContent)
    }

    /// Bring a topic back
    ///
    /// One that was retired can be chosen again, with what people said about it before. Doing it twice changes nothing.
    #[oai(path = "/organisations/:organisation/topics/:topic/restore", method = "post", operation_id = "restoreTopic")]
    async fn restore(&self, caller: Caller, organisation: Path<OrganisationId>, topic: Path<TopicId>) -> Done {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        topics::restore(&self.0, &actor, topic.0).await?;
        Ok(NoContent)
    }

    /// List topics that can be chosen
    ///
    /// With descriptions in plain English and, where written, Easy Read.
    #[oai(path = "/public/:slug/topics", method = "get", operation_id = "listPublicTopics", tag = "Chapter::Public")]
    async fn public(
        &self,
        slug: Path<String>,
        /// Topics in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// The `next` of an earlier page.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<TopicOut>>> {
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let organisation = organisations::by_slug(&self.0, &slug.0).await?;
        let rows = topics::list(self.0.db.read(), organisation.id, false, &cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, TopicOut::of)))
    }
}
