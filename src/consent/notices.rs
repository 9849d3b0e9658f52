//! Notices: drafts that can be changed, and published versions that cannot.

use super::lint;
use crate::{
    accounts::Actor,
    platform::{
        Error, Platform, Result, Tx, audit,
        error::is_duplicate,
        http::{Cursor, etag},
        secret::sha256,
    },
};
use entity::{NoticeContent, NoticeId, NoticeState, OpportunityState, OrganisationId, notice, opportunity};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// SHA-256 over the canonical form: the fields in the order of their definition, no white space.
pub fn digest(content: &NoticeContent) -> Result<Vec<u8>> {
    let text = serde_json::to_string(content).map_err(|error| Error::bug(error.to_string()))?;
    Ok(sha256(text.as_bytes()))
}

/// Makes a draft of the next version, for the organisation as a whole or for one opportunity.
pub async fn draft(tx: &Tx, platform: &Platform, actor: &Actor, scope: Uuid, content: NoticeContent) -> Result<notice::Model> {
    known_scope(tx, actor.organisation, scope).await?;
    lint::shape(&content).done()?;
    let last = notice::Entity::find()
        .filter(notice::Column::OrganisationId.eq(actor.organisation))
        .filter(notice::Column::ScopeId.eq(scope))
        .order_by_desc(notice::Column::N)
        .lock_exclusive()
        .one(tx)
        .await?;
    let exists = || Error::conflict("draft_exists", "There is a draft already. Change that one.");
    if last.as_ref().is_some_and(|last| last.state == NoticeState::Draft) {
        return Err(exists());
    }
    let row = notice::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(platform.clock.new_id()),
        scope_id: Set(scope),
        n: Set(last.map_or(0, |last| last.n) + 1),
        state: Set(NoticeState::Draft),
        content: Set(content),
        digest: Set(None),
        published_at: Set(None),
        published_by: Set(None),
        created_at: Set(platform.clock.now()),
        version: Set(1),
    };
    // Where there is no earlier version to hold, somebody else may make the first one at the same moment.
    let made = row.insert(tx).await.map_err(|error| if is_duplicate(&error) { exists() } else { error.into() })?;
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "draft_notice", &format!("notice:{}", made.id)).await?;
    Ok(made)
}

async fn known_scope(tx: &Tx, organisation: OrganisationId, scope: Uuid) -> Result<()> {
    if scope == organisation.0 {
        return Ok(());
    }
    let found = opportunity::Entity::find_by_id((organisation, scope.into())).one(tx).await?;
    found.map(|_| ()).ok_or_else(|| Error::invalid("/opportunity", "unknown", "Name an opportunity of this organisation."))
}

/// Changes a draft.
pub async fn change(
    platform: &Platform,
    actor: &Actor,
    id: NoticeId,
    if_match: Option<&str>,
    content: NoticeContent,
) -> Result<notice::Model> {
    lint::shape(&content).done()?;
    let tx = platform.db.begin().await?;
    let old = locked(&tx, actor.organisation, id).await?;
    if old.state == NoticeState::Published {
        return Err(Error::conflict("published", "A published notice never changes. Make a new version."));
    }
    etag::expect(if_match, old.version)?;
    let version = old.version + 1;
    let mut row = old.into_active_model();
    row.content = Set(content);
    row.version = Set(version);
    let changed = row.update(&tx).await?;
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "change_notice", &format!("notice:{id}")).await?;
    tx.commit().await?;
    Ok(changed)
}

/// What people were told when something opened stays what they are asked to agree to: no other notice takes its place.
async fn not_yet_opened(tx: &Tx, organisation: OrganisationId, scope: Uuid) -> Result<()> {
    let about = opportunity::Entity::find_by_id((organisation, scope.into())).lock_exclusive().one(tx).await?;
    if about.is_some_and(|about| about.state != OpportunityState::Draft) {
        let detail = "This has been opened with its notice, and people have read that one. It stays as it is.";
        return Err(Error::conflict("opened", detail));
    }
    Ok(())
}

/// Publishes a draft as it was read: from now on it never changes, and is known by its digest. For an opportunity that was
/// opened there is no new notice.
pub async fn publish(tx: &Tx, platform: &Platform, actor: &Actor, id: NoticeId, if_match: Option<&str>) -> Result<notice::Model> {
    let old = locked(tx, actor.organisation, id).await?;
    if old.state == NoticeState::Published {
        return Err(Error::conflict("published", "This notice is published already."));
    }
    etag::expect(if_match, old.version)?;
    not_yet_opened(tx, actor.organisation, old.scope_id).await?;
    lint::check(&old.content, old.scope_id != actor.organisation.0)?;
    let (digest, version) = (digest(&old.content)?, old.version + 1);
    let mut row = old.into_active_model();
    row.state = Set(NoticeState::Published);
    row.digest = Set(Some(digest));
    row.published_at = Set(Some(platform.clock.now()));
    row.published_by = Set(Some(actor.by.clone()));
    row.version = Set(version);
    let published = row.update(tx).await?;
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "publish_notice", &format!("notice:{id}")).await?;
    Ok(published)
}

async fn locked(tx: &Tx, organisation: OrganisationId, id: NoticeId) -> Result<notice::Model> {
    let found = notice::Entity::find_by_id((organisation, id)).lock_exclusive().one(tx).await?;
    found.ok_or(Error::NotFound("notice"))
}

/// One notice.
pub async fn get(connection: &impl ConnectionTrait, organisation: OrganisationId, id: NoticeId) -> Result<notice::Model> {
    notice::Entity::find_by_id((organisation, id)).one(connection).await?.ok_or(Error::NotFound("notice"))
}

/// A page of notices, oldest first, and one more; of one scope if asked.
pub async fn list(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    scope: Option<Uuid>,
    cursor: Cursor,
) -> Result<Vec<notice::Model>> {
    let mut query = notice::Entity::find().filter(notice::Column::OrganisationId.eq(organisation));
    if let Some(scope) = scope {
        query = query.filter(notice::Column::ScopeId.eq(scope));
    }
    if let Some(after) = cursor.after {
        query = query.filter(notice::Column::Id.gt(NoticeId(after)));
    }
    Ok(query.order_by_asc(notice::Column::Id).limit(cursor.limit + 1).all(connection).await?)
}

/// Several notices, with one query.
pub async fn several(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    ids: impl Iterator<Item = NoticeId>,
) -> Result<HashMap<NoticeId, notice::Model>> {
    let ids: HashSet<NoticeId> = ids.collect();
    let found = notice::Entity::find()
        .filter(notice::Column::OrganisationId.eq(organisation))
        .filter(notice::Column::Id.is_in(ids))
        .all(connection)
        .await?;
    Ok(found.into_iter().map(|notice| (notice.id, notice)).collect())
}

/// The newest published notice of a scope.
pub async fn current(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    scope: Uuid,
) -> Result<Option<notice::Model>> {
    let found = notice::Entity::find()
        .filter(notice::Column::OrganisationId.eq(organisation))
        .filter(notice::Column::ScopeId.eq(scope))
        .filter(notice::Column::State.eq(NoticeState::Published))
        .order_by_desc(notice::Column::N)
        .one(connection)
        .await?;
    Ok(found)
}
