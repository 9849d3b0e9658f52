//! Topics: the subjects that people can choose to be asked about, or never to be asked about.

use crate::{
    accounts::Actor,
    platform::{Error, Platform, Result, Tx, audit, error::is_duplicate, http::Cursor, http::etag, text::Check},
};
use entity::{OrganisationId, Time, TopicId, topic};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Func},
};
use std::collections::{BTreeSet, HashMap};

/// What a topic says.
pub struct Facts {
    /// Heading.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// The same in Easy Read.
    pub easy_read: Option<String>,
}

impl Facts {
    fn check(&self, check: &mut Check) {
        check.line("/title", &self.title, 120);
        for (at, text) in [("/description", &self.description), ("/easy_read", &self.easy_read)] {
            if let Some(text) = text {
                check.text(at, text, 2000);
            }
        }
    }
}

/// Whether a text is small letters, digits and underscores, beginning with a letter.
pub fn is_key(text: &str) -> bool {
    text.len() <= 60
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Makes a topic.
pub async fn create(tx: &Tx, platform: &Platform, actor: &Actor, key: String, facts: Facts) -> Result<topic::Model> {
    let mut check = Check::new();
    let detail = "Use 1 to 60 small letters, digits and underscores, beginning with a letter.";
    check.that(is_key(&key), "/key", "form", detail);
    facts.check(&mut check);
    check.done()?;
    let row = topic::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(platform.clock.new_id()),
        key: Set(key),
        title: Set(facts.title.trim().to_owned()),
        description: Set(facts.description),
        easy_read: Set(facts.easy_read),
        retired_at: Set(None),
        version: Set(1),
        created_at: Set(platform.clock.now()),
    };
    let made = row.insert(tx).await.map_err(|error| {
        if is_duplicate(&error) {
            Error::invalid("/key", "taken", "There is a topic with this key. Choose another one.")
        } else {
            error.into()
        }
    })?;
    must_be_free(tx, actor.organisation, &made.title, made.id).await?;
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "create_topic", &format!("topic:{}", made.id)).await?;
    Ok(made)
}

/// One topic.
pub async fn get(connection: &impl ConnectionTrait, organisation: OrganisationId, id: TopicId) -> Result<topic::Model> {
    topic::Entity::find_by_id((organisation, id)).one(connection).await?.ok_or(Error::NotFound("topic"))
}

/// Changes what a topic says. Its key stays.
pub async fn change(
    platform: &Platform,
    actor: &Actor,
    id: TopicId,
    if_match: Option<&str>,
    facts: Facts,
) -> Result<topic::Model> {
    let mut check = Check::new();
    facts.check(&mut check);
    check.done()?;
    let tx = platform.db.begin().await?;
    let old = locked(&tx, actor, id).await?;
    etag::expect(if_match, old.version)?;
    must_be_free(&tx, actor.organisation, &facts.title, id).await?;
    let version = old.version + 1;
    let mut row = old.into_active_model();
    row.title = Set(facts.title.trim().to_owned());
    row.description = Set(facts.description);
    row.easy_read = Set(facts.easy_read);
    row.version = Set(version);
    let changed = row.update(&tx).await?;
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "change_topic", &format!("topic:{id}")).await?;
    tx.commit().await?;
    Ok(changed)
}

/// Retires a topic: it can no longer be chosen. What people have said about it stays. Retiring it twice changes nothing.
pub async fn retire(platform: &Platform, actor: &Actor, id: TopicId) -> Result<()> {
    let now = platform.clock.now();
    set_retired(platform, actor, id, Some(now), "retire_topic").await
}

/// Lets a topic be chosen again, with what people said about it before. Doing it twice changes nothing.
pub async fn restore(platform: &Platform, actor: &Actor, id: TopicId) -> Result<()> {
    set_retired(platform, actor, id, None, "restore_topic").await
}

async fn set_retired(platform: &Platform, actor: &Actor, id: TopicId, at: Option<Time>, action: &str) -> Result<()> {
    let tx = platform.db.begin().await?;
    let old = locked(&tx, actor, id).await?;
    if old.retired_at.is_some() == at.is_some() {
        return Ok(());
    }
    if at.is_none() {
        must_be_free(&tx, actor.organisation, &old.title, id).await?;
    }
    let version = old.version + 1;
    let mut row = old.into_active_model();
    row.retired_at = Set(at);
    row.version = Set(version);
    row.update(&tx).await?;
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, action, &format!("topic:{id}")).await?;
    tx.commit().await?;
    Ok(())
}

/// Of two topics with one name people could rule out the one and be asked about the other.
async fn must_be_free(tx: &Tx, organisation: OrganisationId, title: &str, own: TopicId) -> Result<()> {
    let other = topic::Entity::find()
        .filter(topic::Column::OrganisationId.eq(organisation))
        .filter(topic::Column::RetiredAt.is_null())
        .filter(Func::lower(Expr::col(topic::Column::Title)).eq(title.trim().to_lowercase()))
        .filter(topic::Column::Id.ne(own));
    match other.one(tx).await? {
        Some(_) => Err(Error::invalid("/title", "taken", "There is a topic with this name. Choose another one.")),
        None => Ok(()),
    }
}

async fn locked(tx: &Tx, actor: &Actor, id: TopicId) -> Result<topic::Model> {
    let found = topic::Entity::find_by_id((actor.organisation, id)).lock_exclusive().one(tx).await?;
    found.ok_or(Error::NotFound("topic"))
}

/// A page of topics, oldest first; `retired` says whether those that cannot be chosen any more are among them.
pub async fn list(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    retired: bool,
    cursor: &Cursor,
) -> Result<Vec<topic::Model>> {
    let mut query = topic::Entity::find().filter(topic::Column::OrganisationId.eq(organisation));
    if !retired {
        query = query.filter(topic::Column::RetiredAt.is_null());
    }
    if let Some(after) = cursor.after {
        query = query.filter(topic::Column::Id.gt(TopicId(after)));
    }
    Ok(query.order_by_asc(topic::Column::Id).limit(cursor.limit + 1).all(connection).await?)
}

/// Which of these topics can be chosen.
pub(super) async fn choosable(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    topics: BTreeSet<TopicId>,
) -> Result<BTreeSet<TopicId>> {
    if topics.is_empty() {
        return Ok(topics);
    }
    let found: Vec<TopicId> = topic::Entity::find()
        .select_only()
        .column(topic::Column::Id)
        .filter(topic::Column::OrganisationId.eq(organisation))
        .filter(topic::Column::RetiredAt.is_null())
        .filter(topic::Column::Id.is_in(topics))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(found.into_iter().collect())
}

/// The titles of some topics.
pub async fn titles(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    topics: impl IntoIterator<Item = TopicId>,
) -> Result<HashMap<TopicId, String>> {
    let found: Vec<(TopicId, String)> = topic::Entity::find()
        .select_only()
        .columns([topic::Column::Id, topic::Column::Title])
        .filter(topic::Column::OrganisationId.eq(organisation))
        .filter(topic::Column::Id.is_in(topics))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(found.into_iter().collect())
}
