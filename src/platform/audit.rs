//! The audit log: who did what to what, append-only and chained by hash, written in the transaction of what it records.
//!
//! Entries hold ids and names of actions, never personal data, so the chain can still be checked after an erasure.

use super::{Clock, Result, Tx, secret::sha256};
use entity::{OrganisationId, audit_entry, audit_head};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    TransactionTrait,
};

/// Begins the chain of a new organisation.
pub async fn begin(tx: &Tx, organisation: OrganisationId) -> Result<()> {
    let head = audit_head::ActiveModel { organisation_id: Set(organisation), seq: Set(0), hash: Set(Vec::new()) };
    audit_head::Entity::insert(head).exec_without_returning(tx).await?;
    Ok(())
}

/// Adds an entry. `actor` names a row (`account:...`), `action` is a verb in snake_case, `object` names a row.
///
/// Call it last in a transaction: it takes the organisation's chain until the commit.
pub async fn record(tx: &Tx, clock: &Clock, organisation: OrganisationId, actor: &str, action: &str, object: &str) -> Result<()> {
    let head = audit_head::Entity::find_by_id(organisation)
        .lock_exclusive()
        .one(tx)
        .await?
        .ok_or_else(|| super::Error::bug("the organisation has no audit chain"))?;
    let (seq, at) = (head.seq + 1, clock.now());
    let hash = link(&head.hash, seq, &at.to_rfc3339(), actor, action, object);
    let entry = audit_entry::ActiveModel {
        organisation_id: Set(organisation),
        seq: Set(seq),
        at: Set(at),
        actor: Set(actor.to_owned()),
        action: Set(action.to_owned()),
        object: Set(object.to_owned()),
        prev_hash: Set(head.hash),
        hash: Set(hash.clone()),
    };
    audit_entry::Entity::insert(entry).exec_without_returning(tx).await?;
    let head = audit_head::ActiveModel { organisation_id: Set(organisation), seq: Set(seq), hash: Set(hash) };
    head.update(tx).await?;
    Ok(())
}

/// A page of an organisation's log, oldest first, from behind a number on.
pub async fn page(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    after: i64,
    limit: u64,
) -> Result<Vec<audit_entry::Model>> {
    let rows = audit_entry::Entity::find()
        .filter(audit_entry::Column::OrganisationId.eq(organisation))
        .filter(audit_entry::Column::Seq.gt(after))
        .order_by_asc(audit_entry::Column::Seq)
        .limit(limit)
        .all(connection)
        .await?;
    Ok(rows)
}

/// Checks an organisation's chain; answers the number of the first entry that does not fit, if any.
pub async fn first_break(
    connection: &(impl ConnectionTrait + TransactionTrait),
    organisation: OrganisationId,
) -> Result<Option<i64>> {
    let (mut previous, mut seq) = (Vec::new(), 0);
    loop {
        let page = audit_entry::Entity::find()
            .filter(audit_entry::Column::OrganisationId.eq(organisation))
            .filter(audit_entry::Column::Seq.gt(seq))
            .order_by_asc(audit_entry::Column::Seq)
            .limit(1000)
            .all(connection)
            .await?;
        if page.is_empty() {
            let head = audit_head::Entity::find_by_id(organisation).one(connection).await?;
            let whole = head.is_some_and(|head| head.seq == seq && head.hash == previous);
            return Ok((!whole).then_some(seq + 1));
        }
        for entry in page {
            seq += 1;
            let hash = link(&previous, seq, &entry.at.to_rfc3339(), &entry.actor, &entry.action, &entry.object);
            if entry.seq != seq || entry.prev_hash != previous || entry.hash != hash {
                return Ok(Some(seq));
            }
            previous = hash;
        }
    }
}

/// The hash of an entry: SHA-256 over the previous hash and the entry's fields, each with its length.
fn link(previous: &[u8], seq: i64, at: &str, actor: &str, action: &str, object: &str) -> Vec<u8> {
    let seq = seq.to_string();
    let mut bytes = Vec::new();
    for part in [previous, seq.as_bytes(), at.as_bytes(), actor.as_bytes(), action.as_bytes(), object.as_bytes()] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    sha256(&bytes)
}
