//! Endpoints for everybody: draws, to run them again.

use super::method;
use crate::{
    matching::{file, grounds::Grounds, public},
    platform::{
        Platform, Result,
        http::{Chapter, Fine, Streamed},
        secret::hex,
    },
};
use entity::{MatchRunId, OpportunityId, SeatQuota, Time, match_run};
use poem_openapi::{Object, OpenApi, param::Path};

/// A draw, as everybody can read it. With the pool it can be run again; whoever was drawn finds their own number in their
/// invitation.
#[derive(Object)]
pub struct PublicDrawOut {
    /// Its id.
    id: MatchRunId,
    /// How the draw works, in words.
    method: String,
    /// The name of its rules.
    rules_version: String,
    /// The public seed.
    seed: String,
    /// SHA-256 over the numbers in the pool, 16 bytes each in ascending order, in hexadecimal.
    pool_digest: String,
    /// How many numbers are in the pool.
    pool_size: i32,
    /// How many places there were.
    places: Option<i32>,
    /// The quotas by which the places were shared out; absent where they were not.
    #[oai(skip_serializing_if_is_none)]
    quotas: Option<Vec<SeatQuota>>,
    /// What stood against the quotas, and what was changed, in plain sentences.
    #[oai(skip_serializing_if_is_empty)]
    trouble: Vec<String>,
    /// SHA-256 over our part of the seed, the last one, in hexadecimal. It was public before the draw.
    #[oai(skip_serializing_if_is_none)]
    commitment: Option<String>,
    /// Since when that was public.
    #[oai(skip_serializing_if_is_none)]
    committed_at: Option<Time>,
    /// Drawn at.
    finished_at: Option<Time>,
}

/// What our part of the seed of the next draw is committed to.
#[derive(Object)]
pub struct SealOut {
    /// SHA-256 over our part, in hexadecimal.
    commitment: String,
    /// Since when it stands.
    committed_at: Time,
}

impl PublicDrawOut {
    fn of(row: match_run::Model) -> Self {
        let grounds = Grounds::read(row.quotas.as_ref());
        Self {
            trouble: grounds.as_ref().map(Grounds::told_to_all).unwrap_or_default(),
            quotas: grounds.map(|grounds| grounds.quotas).filter(|quotas| !quotas.is_empty()),
            commitment: row.commitment.map(|commitment| hex(&commitment)),
            committed_at: row.committed_at,
            id: row.id,
            method: method(&row.rules_version),
            rules_version: row.rules_version,
            seed: row.seed.unwrap_or_default(),
            pool_digest: row.pool_digest.map(|digest| hex(&digest)).unwrap_or_default(),
            pool_size: row.eligible,
            places: row.places,
            finished_at: row.finished_at,
        }
    }
}

/// What everybody can read of draws.
pub struct PublicApi(pub Platform);

#[OpenApi(tag = "Chapter::Public")]
impl PublicApi {
    /// List draws
    ///
    /// The latest 100 draws for a way to take part, newest first, with what is needed to run them again.
    #[oai(path = "/public/:slug/opportunities/:opportunity/draws", method = "get", operation_id = "listPublicDraws")]
    async fn list(&self, slug: Path<String>, opportunity: Path<OpportunityId>) -> Result<Fine<Vec<PublicDrawOut>>> {
        let rows = public::list(&self.0, &slug.0, opportunity.0).await?;
        Ok(Fine::new(&rows.into_iter().map(PublicDrawOut::of).collect::<Vec<_>>()))
    }

    /// Read what the next draw is committed to
    ///
    /// Our part of its seed was fixed before anybody knows who will be in the pool. When names were drawn, everybody can see that it
    /// was this one.
    #[oai(path = "/public/:slug/opportunities/:opportunity/seal", method = "get", operation_id = "getPublicSeal")]
    async fn seal(&self, slug: Path<String>, opportunity: Path<OpportunityId>) -> Result<Fine<SealOut>> {
        let seal = public::sealed(&self.0, &slug.0, opportunity.0).await?;
        Ok(Fine::new(&SealOut { commitment: hex(&seal.commitment), committed_at: seal.made_at }))
    }

    /// Read a draw as a file
    ///
    /// From which `alongside verify-draw` works it out again on any computer, without this server. It tells nobody who is in it.
    #[oai(path = "/public/:slug/draws/:run/file", method = "get", operation_id = "getPublicDrawFile")]
    async fn file(&self, slug: Path<String>, run: Path<MatchRunId>) -> Result<Streamed> {
        let file = file::public(&self.0, &slug.0, run.0).await?;
        Ok(Streamed::new("draw.jsonl", "application/jsonl; charset=utf-8", file))
    }

    /// Read the pool of a draw
    ///
    /// A CSV file with a number for everybody who could be drawn, in ascending order, and the number of their kind where places are
    /// shared out among groups. The numbers hold for this draw alone and tell nobody who they are.
    #[oai(path = "/public/:slug/draws/:run/pool", method = "get", operation_id = "getPublicDrawPool")]
    async fn pool(&self, slug: Path<String>, run: Path<MatchRunId>) -> Result<Streamed> {
        let file = public::pool(&self.0, &slug.0, run.0).await?;
        Ok(Streamed::new("pool.csv", "text/csv; charset=utf-8", file))
    }

    /// Read the order of a draw
    ///
    /// A CSV file with the numbers as they were drawn: the first are asked, the others are the reserve.
    #[oai(path = "/public/:slug/draws/:run/order", method = "get", operation_id = "getPublicDrawOrder")]
    async fn order(&self, slug: Path<String>, run: Path<MatchRunId>) -> Result<Streamed> {
        let file = public::order(&self.0, &slug.0, run.0).await?;
        Ok(Streamed::new("order.csv", "text/csv; charset=utf-8", file))
    }
}
