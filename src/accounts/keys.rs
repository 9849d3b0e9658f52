//! Keys for other systems: shown once, stored hashed, limited to what they are for.

use super::Actor;
use crate::platform::{
    Error, Platform, Result, Tx, audit,
    secret::{Token, TokenKind},
    text::Check,
};
use entity::{AccountId, ApiKeyId, Scope, Scopes, Time, account, api_key};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use std::collections::{HashMap, HashSet};

/// Makes a key; answers with the name of its maker and with the token, which is only in this answer.
pub async fn create(
    tx: &Tx,
    platform: &Platform,
    actor: &Actor,
    name: &str,
    scopes: Vec<Scope>,
    expires_at: Option<Time>,
) -> Result<(api_key::Model, String, Token)> {
    let now = platform.clock.now();
    let mut check = Check::new();
    check.line("/name", name, 80);
    check.that(!scopes.is_empty(), "/scopes", "required", "Choose at least one scope.");
    check.items("/scopes", scopes.len(), Scope::ALL.len());
    check.time("/expires_at", expires_at);
    check.that(expires_at.is_none_or(|end| end > now), "/expires_at", "past", "Choose a time to come.");
    check.done()?;
    let account = actor.account.ok_or_else(|| Error::Forbidden("A key cannot make keys.".into()))?;
    let token = Token::new(TokenKind::Key, platform.clock.secret());
    let row = api_key::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(platform.clock.new_id()),
        name: Set(name.trim().to_owned()),
        token_hash: Set(token.hash()),
        scopes: Set(Scopes(scopes)),
        created_by: Set(account),
        created_at: Set(now),
        expires_at: Set(expires_at),
        last_used_at: Set(None),
        revoked_at: Set(None),
    };
    let made = row.insert(tx).await?;
    let maker = account::Entity::find_by_id(account).one(tx).await?.map(|account| account.name).unwrap_or_default();
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "create_key", &format!("key:{}", made.id)).await?;
    Ok((made, maker, token))
}

/// The keys of an organisation that were not revoked, each with the name of whoever made it.
pub async fn list(platform: &Platform, actor: &Actor) -> Result<Vec<(api_key::Model, String)>> {
    let keys = api_key::Entity::find()
        .filter(api_key::Column::OrganisationId.eq(actor.organisation))
        .filter(api_key::Column::RevokedAt.is_null())
        .order_by_asc(api_key::Column::Id)
        .all(platform.db.read())
        .await?;
    let makers: HashSet<AccountId> = keys.iter().map(|key| key.created_by).collect();
    let makers = account::Entity::find().filter(account::Column::Id.is_in(makers)).all(platform.db.read()).await?;
    let names: HashMap<AccountId, String> = makers.into_iter().map(|account| (account.id, account.name)).collect();
    let with_maker = |key: api_key::Model| {
        let maker = names.get(&key.created_by).cloned().unwrap_or_default();
        (key, maker)
    };
    Ok(keys.into_iter().map(with_maker).collect())
}

/// Ends the keys that somebody has made here.
pub(super) async fn revoke_made_by(tx: &Tx, platform: &Platform, actor: &Actor, account: AccountId) -> Result<()> {
    let revoked = api_key::Entity::update_many()
        .col_expr(api_key::Column::RevokedAt, Expr::value(platform.clock.now()))
        .filter(api_key::Column::OrganisationId.eq(actor.organisation))
        .filter(api_key::Column::CreatedBy.eq(account))
        .filter(api_key::Column::RevokedAt.is_null())
        .exec_with_returning(tx)
        .await?;
    for key in revoked {
        audit::record(tx, &platform.clock, actor.organisation, &actor.by, "revoke_key", &format!("key:{}", key.id)).await?;
    }
    Ok(())
}

/// Ends a key at once.
pub async fn revoke(platform: &Platform, actor: &Actor, id: ApiKeyId) -> Result<()> {
    let tx = platform.db.begin().await?;
    let ended = api_key::Entity::update_many()
        .col_expr(api_key::Column::RevokedAt, Expr::value(platform.clock.now()))
        .filter(api_key::Column::OrganisationId.eq(actor.organisation))
        .filter(api_key::Column::Id.eq(id))
        .exec(&tx)
        .await?;
    if ended.rows_affected == 0 {
        return Err(Error::NotFound("key"));
    }
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "revoke_key", &format!("key:{id}")).await?;
    tx.commit().await?;
    Ok(())
}
