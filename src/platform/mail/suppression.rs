//! Addresses that must not be written to. Kept as a keyed hash, so that the wish of a person who was erased is still
//! honoured; it binds letters to people who take part, never those that staff need to sign in.

use super::priority;
use crate::platform::{Platform, Result, Tx, db::filled_up, text};
use entity::{
    MailMessageId, OrganisationId, RecipientKind, SuppressionReason, Time, mail_message,
    suppression::{ActiveModel, Column, Entity, Model},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use std::collections::HashSet;

/// The scope of a suppression that holds for every kind of letter.
pub const ALL: &str = "all";

/// The family of a kind of letter: what stands before the point, such as `invitations` of `invitations.remind`. Whoever
/// stops one letter of a family stops them all.
pub fn family(kind: &str) -> &str {
    kind.split_once('.').map_or(kind, |(family, _)| family)
}

/// Writes to this address no more: letters of the family of a kind, or [`ALL`]; until a time, or for good. One that holds
/// for good is never shortened. What a person wants takes the place of a refusal by their mailbox: that ends once the address
/// works, a wish does not.
pub async fn suppress(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    organisation: OrganisationId,
    address: &str,
    kind: &str,
    reason: SuppressionReason,
    expires_at: Option<Time>,
) -> Result<()> {
    let row = ActiveModel {
        organisation_id: Set(organisation),
        id: Set(platform.clock.new_id()),
        address_hash: Set(hash(platform, organisation, address)),
        scope: Set(family(kind).to_owned()),
        reason: Set(reason),
        created_at: Set(platform.clock.now()),
        expires_at: Set(expires_at),
    };
    let mut over = Condition::any().add(Expr::col((Entity, Column::ExpiresAt)).is_not_null());
    if reason != SuppressionReason::Bounced && expires_at.is_none() {
        over = over.add(Expr::col((Entity, Column::Reason)).eq(SuppressionReason::Bounced.word()));
    }
    let again = OnConflict::columns([Column::OrganisationId, Column::AddressHash, Column::Scope])
        .update_columns([Column::Reason, Column::CreatedAt, Column::ExpiresAt])
        .action_cond_where(over)
        .to_owned();
    Entity::insert(row).on_conflict(again).exec_without_returning(connection).await?;
    Ok(())
}

/// What stands against writing to an address, oldest first.
pub async fn of(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    organisation: OrganisationId,
    address: &str,
) -> Result<Vec<Model>> {
    let found = Entity::find()
        .filter(Column::OrganisationId.eq(organisation))
        .filter(Column::AddressHash.eq(hash(platform, organisation, address)))
        .filter(in_force(platform))
        .order_by_asc(Column::Id);
    Ok(found.all(connection).await?)
}

/// Takes a suppression back, because the person asked for it. Answers whether there was one.
pub async fn lift(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    organisation: OrganisationId,
    address: &str,
    kind: &str,
) -> Result<bool> {
    let gone = Entity::delete_many()
        .filter(Column::OrganisationId.eq(organisation))
        .filter(Column::AddressHash.eq(hash(platform, organisation, address)))
        .filter(Column::Scope.eq(family(kind)))
        .exec(connection)
        .await?;
    Ok(gone.rows_affected > 0)
}

/// Takes back that an address was refused, because a letter that was made at a time has been read there since. What was refused
/// later stays, and so does what the person wants. Answers whether there was such a refusal.
pub async fn lift_refused(
    tx: &Tx,
    platform: &Platform,
    organisation: OrganisationId,
    address: &str,
    letter_made_at: Time,
) -> Result<bool> {
    let gone = Entity::delete_many()
        .filter(Column::OrganisationId.eq(organisation))
        .filter(Column::AddressHash.eq(hash(platform, organisation, address)))
        .filter(Column::Reason.eq(SuppressionReason::Bounced))
        .filter(Column::CreatedAt.lte(letter_made_at))
        .exec(tx)
        .await?;
    Ok(gone.rows_affected > 0)
}

/// Which of these addresses must not get letters of this kind: one query for all.
pub async fn suppressed<'a>(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    organisation: OrganisationId,
    addresses: impl IntoIterator<Item = &'a str>,
    kind: &str,
) -> Result<HashSet<&'a str>> {
    let hashes: Vec<(Vec<u8>, &str)> =
        addresses.into_iter().map(|address| (hash(platform, organisation, address), address)).collect();
    if hashes.is_empty() {
        return Ok(HashSet::new());
    }
    let found: HashSet<Vec<u8>> = Entity::find()
        .filter(Column::OrganisationId.eq(organisation))
        .filter(Column::AddressHash.is_in(filled_up(hashes.iter().map(|(hash, _)| hash.clone()))))
        .filter(Column::Scope.is_in([ALL, family(kind)]))
        .filter(in_force(platform))
        .all(connection)
        .await?
        .into_iter()
        .map(|row| row.address_hash)
        .collect();
    Ok(hashes.into_iter().filter(|(hash, _)| found.contains(hash)).map(|(_, address)| address).collect())
}

/// What must not be found if a letter is to be sent.
pub(super) struct Guard<'a> {
    /// Whose list.
    pub organisation: OrganisationId,
    /// The address.
    pub hash: Vec<u8>,
    /// Letters of this family, or all.
    pub family: &'a str,
}

/// What has to be looked for before a letter is sent, if anything.
pub(super) fn guard<'a>(platform: &Platform, letter: &'a mail_message::Model) -> Option<Guard<'a>> {
    // What somebody has just asked for themselves, such as a link to sign in, they get in any case.
    if letter.recipient_kind != RecipientKind::Participant || letter.priority <= priority::SIGN_IN {
        return None;
    }
    let organisation = letter.organisation_id?;
    Some(Guard { organisation, hash: hash(platform, organisation, &letter.address), family: family(&letter.kind) })
}

/// Those of the letters that must not be sent: one query for all.
pub(super) async fn unwanted(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    letters: &[&mail_message::Model],
) -> Result<HashSet<MailMessageId>> {
    let bound: Vec<(Guard<'_>, MailMessageId)> =
        letters.iter().filter_map(|letter| Some((guard(platform, letter)?, letter.id))).collect();
    if bound.is_empty() {
        return Ok(HashSet::new());
    }
    let found: HashSet<(OrganisationId, Vec<u8>, String)> = Entity::find()
        .select_only()
        .columns([Column::OrganisationId, Column::AddressHash, Column::Scope])
        .filter(Column::OrganisationId.is_in(bound.iter().map(|(guard, _)| guard.organisation).collect::<HashSet<_>>()))
        .filter(Column::AddressHash.is_in(bound.iter().map(|(guard, _)| guard.hash.clone())))
        .filter(in_force(platform))
        .into_tuple()
        .all(connection)
        .await?
        .into_iter()
        .collect();
    let stops = |guard: &Guard<'_>| {
        [ALL, guard.family].iter().any(|scope| found.contains(&(guard.organisation, guard.hash.clone(), (*scope).to_owned())))
    };
    Ok(bound.iter().filter(|(guard, _)| stops(guard)).map(|(_, letter)| *letter).collect())
}

fn in_force(platform: &Platform) -> Condition {
    Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(platform.clock.now()))
}

/// The hash under which an address is kept, however it is written.
fn hash(platform: &Platform, organisation: OrganisationId, address: &str) -> Vec<u8> {
    let key = text::email_key(address).unwrap_or_else(|| address.trim().to_lowercase());
    platform.secret.address_hash(organisation.0, &key)
}
