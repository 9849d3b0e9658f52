//! Addresses that must not be written to. Kept as keyed hashes, so that the wish outlives every other trace of a person.

use crate::platform::{Platform, Result};
use entity::{OrganisationId, SuppressionReason, suppression};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use std::collections::HashSet;

/// The scope that stops every letter that was not asked for.
pub const ALL: &str = "all";

/// Notes that an address must not be written to. Noting it twice changes nothing.
pub async fn suppress(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    organisation: OrganisationId,
    email_key: &str,
    scope: &str,
) -> Result<()> {
    let row = suppression::ActiveModel {
        organisation_id: Set(organisation),
        id: Set(platform.clock.new_id()),
        address_hash: Set(platform.secret.address_hash(organisation.0, email_key)),
        scope: Set(scope.to_owned()),
        reason: Set(SuppressionReason::Unsubscribed),
        created_at: Set(platform.clock.now()),
        expires_at: Set(None),
    };
    let columns = [suppression::Column::OrganisationId, suppression::Column::AddressHash, suppression::Column::Scope];
    suppression::Entity::insert(row)
        .on_conflict(OnConflict::columns(columns).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Which of these addresses must not get letters of this kind: one statement.
pub async fn suppressed<'a>(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    organisation: OrganisationId,
    email_keys: impl IntoIterator<Item = &'a str>,
    kind: &str,
) -> Result<HashSet<&'a str>> {
    let hashes: Vec<(Vec<u8>, &str)> =
        email_keys.into_iter().map(|key| (platform.secret.address_hash(organisation.0, key), key)).collect();
    if hashes.is_empty() {
        return Ok(HashSet::new());
    }
    let now = platform.clock.now();
    let found: HashSet<Vec<u8>> = suppression::Entity::find()
        .filter(suppression::Column::OrganisationId.eq(organisation))
        .filter(suppression::Column::AddressHash.is_in(hashes.iter().map(|(hash, _)| hash.clone())))
        .filter(suppression::Column::Scope.is_in([ALL, kind]))
        .filter(Condition::any().add(suppression::Column::ExpiresAt.is_null()).add(suppression::Column::ExpiresAt.gt(now)))
        .all(connection)
        .await?
        .into_iter()
        .map(|row| row.address_hash)
        .collect();
    Ok(hashes.into_iter().filter(|(hash, _)| found.contains(hash)).map(|(_, key)| key).collect())
}
