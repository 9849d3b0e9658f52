//! Idempotency: a POST sent again with the same `Idempotency-Key` is done once and answered alike.
//!
//! The key's row is written in the transaction of the effect, so there is no moment at which one is there without the
//! other. Rows are kept for a day.

use super::{Body, Reply};
use crate::platform::{
    Platform,
    db::Tx,
    error::{Error, Result, Violation},
};
use chrono::Duration;
use entity::idempotency;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, TryInsertResult, sea_query::OnConflict};

/// An open transaction that will be answered once.
pub struct Once {
    tx: Tx,
    key: Option<(String, String)>,
    earlier: Option<idempotency::Model>,
}

impl Once {
    /// Begins. `actor` names whose key it is; `key` is the header, where one was sent.
    pub async fn begin<T>(platform: &Platform, actor: &str, key: Option<&str>, body: &Body<T>) -> Result<Self> {
        Self::begin_for(platform, actor, key, body.fingerprint()).await
    }

    /// Begins for a request without a typed body; `fingerprint` tells it from others.
    pub async fn begin_for(platform: &Platform, actor: &str, key: Option<&str>, fingerprint: &[u8]) -> Result<Self> {
        let (db, clock) = (&platform.db, &platform.clock);
        let Some(key) = key else {
            return Ok(Self { tx: db.begin().await?, key: None, earlier: None });
        };
        if key.is_empty() || key.len() > 200 || !key.chars().all(|c| c.is_ascii_graphic()) {
            return Err(Error::Malformed(Violation::new("Idempotency-Key", "form", "Use 1 to 200 visible ASCII characters.")));
        }
        let tx = db.begin().await?;
        let row = idempotency::ActiveModel {
            actor: Set(actor.to_owned()),
            key: Set(key.to_owned()),
            request_hash: Set(fingerprint.to_vec()),
            status: Set(None),
            body: Set(None),
            location: Set(None),
            etag: Set(None),
            created_at: Set(clock.now()),
        };
        // On PostgreSQL this waits for another transaction that holds the same key.
        let inserted = idempotency::Entity::insert(row)
            .on_conflict(OnConflict::columns([idempotency::Column::Actor, idempotency::Column::Key]).do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(&tx)
            .await?;
        let key = Some((actor.to_owned(), key.to_owned()));
        let new = matches!(inserted, TryInsertResult::Inserted(rows) if rows > 0);
        if new {
            return Ok(Self { tx, key, earlier: None });
        }
        let earlier = idempotency::Entity::find_by_id(key.clone().unwrap_or_default()).one(&tx).await?;
        let earlier = earlier.ok_or_else(|| Error::unavailable("the idempotency key has just expired"))?;
        if earlier.request_hash != fingerprint {
            return Err(Error::invalid(
                "Idempotency-Key",
                "used_before",
                "This key was used for another request. Use a new one.",
            ));
        }
        Ok(Self { tx, key, earlier: Some(earlier) })
    }

    /// The answer that was given before, if this is a repetition.
    pub fn reply<T, const S: u16>(&self) -> Result<Option<Reply<T, S>>> {
        let Some(earlier) = &self.earlier else { return Ok(None) };
        let Some(body) = earlier.body.clone() else {
            let detail = "This was done before. Its answer held a secret, which is shown once.";
            return Err(Error::conflict("already_done", detail));
        };
        let mut reply = Reply::raw(body);
        reply.location = earlier.location.clone();
        reply.etag = earlier.etag.clone();
        Ok(Some(reply))
    }

    /// The transaction.
    pub fn tx(&self) -> &Tx {
        &self.tx
    }

    /// Commits, and keeps the answer for a repetition.
    pub async fn commit<T, const S: u16>(self, reply: Reply<T, S>) -> Result<Reply<T, S>> {
        self.keep(S, Some(&reply)).await?;
        self.tx.commit().await?;
        Ok(reply)
    }

    /// Commits without keeping the answer, because it holds a secret.
    pub async fn commit_secret<T, const S: u16>(self, reply: Reply<T, S>) -> Result<Reply<T, S>> {
        self.keep::<T, S>(S, None).await?;
        self.tx.commit().await?;
        Ok(reply)
    }

    /// Where what was done before can be seen, if this is a repetition. For pages, which answer with an address.
    pub fn seen_at(&self) -> Option<String> {
        self.earlier.as_ref().map(|earlier| earlier.location.clone().unwrap_or_default())
    }

    /// Commits, and keeps the address of the page to go on with.
    pub async fn commit_at(self, address: &str) -> Result<()> {
        self.keep::<(), 303>(303, Some(&Reply::raw(String::new()).at(address))).await?;
        self.tx.commit().await?;
        Ok(())
    }

    async fn keep<T, const S: u16>(&self, status: u16, reply: Option<&Reply<T, S>>) -> Result<()> {
        let Some((actor, key)) = &self.key else { return Ok(()) };
        let row = idempotency::ActiveModel {
            status: Set(Some(i32::from(status))),
            body: Set(reply.map(|reply| reply.body.clone())),
            location: Set(reply.and_then(|reply| reply.location.clone())),
            etag: Set(reply.and_then(|reply| reply.etag.clone())),
            ..Default::default()
        };
        idempotency::Entity::update_many()
            .set(row)
            .filter(idempotency::Column::Actor.eq(actor.as_str()))
            .filter(idempotency::Column::Key.eq(key.as_str()))
            .exec(&self.tx)
            .await?;
        Ok(())
    }
}

/// Removes keys older than a day.
pub async fn forget(platform: &Platform) -> Result<u64> {
    let before = platform.clock.now() - Duration::days(1);
    let deleted =
        idempotency::Entity::delete_many().filter(idempotency::Column::CreatedAt.lt(before)).exec(platform.db.write()).await?;
    Ok(deleted.rows_affected)
}
