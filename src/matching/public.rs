//! What everybody can read of a draw: all that is needed to run it again, and nothing that tells who is in it.

use super::runs::number_of;
use crate::{
    accounts::organisations,
    platform::{Error, Platform, Result, csv},
};
use entity::{MatchRunId, OpportunityId, OrganisationId, match_result, match_run};
use futures_util::{Stream, stream};
use sea_orm::{
    ColumnTrait, EntityTrait, Iterable, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Alias, Expr, Func},
};
use uuid::Uuid;

/// Numbers read with one statement.
const NUMBERS: i32 = 10_000;
/// Bytes of a number.
const BYTES: i32 = 16;
/// Draws in one answer.
const DRAWS: u64 = 100;

/// Runs without their pool, which may hold a number for each of a million people.
pub(super) fn without_pool() -> Select<match_run::Entity> {
    let columns = match_run::Column::iter().filter(|column| !matches!(column, match_run::Column::Pool));
    match_run::Entity::find()
        .select_only()
        .columns(columns)
        .column_as(Expr::value(Option::<Vec<u8>>::None), match_run::Column::Pool)
}

/// Draws that are done.
fn draws(organisation: OrganisationId) -> Select<match_run::Entity> {
    without_pool()
        .filter(match_run::Column::OrganisationId.eq(organisation))
        .filter(match_run::Column::State.eq("done"))
        .filter(match_run::Column::Seed.is_not_null())
        .filter(match_run::Column::PoolDigest.is_not_null())
}

/// The latest draws for an opportunity, newest first.
pub async fn list(platform: &Platform, slug: &str, opportunity: OpportunityId) -> Result<Vec<match_run::Model>> {
    let organisation = organisations::by_slug(platform, slug).await?;
    let query = draws(organisation.id).filter(match_run::Column::OpportunityId.eq(opportunity));
    Ok(query.order_by_desc(match_run::Column::Id).limit(DRAWS).all(platform.db.read()).await?)
}

async fn find(platform: &Platform, slug: &str, id: MatchRunId) -> Result<match_run::Model> {
    let organisation = organisations::by_slug(platform, slug).await?;
    let found = draws(organisation.id).filter(match_run::Column::Id.eq(id)).one(platform.db.read()).await?;
    found.ok_or(Error::NotFound("draw"))
}

/// A file that is read and handed over a piece at a time.
type Pieces = Result<Vec<u8>, std::io::Error>;

/// The numbers in the pool of a draw, in ascending order.
pub async fn pool(platform: &Platform, slug: &str, id: MatchRunId) -> Result<impl Stream<Item = Pieces> + Send + 'static> {
    let run = find(platform, slug, id).await?;
    let (platform, key) = (platform.clone(), (run.organisation_id, run.id));
    Ok(stream::try_unfold(Some(0), move |at| {
        let platform = platform.clone();
        async move {
            let Some(at) = at else { return Ok(None) };
            let part = Func::cust(Alias::new("substr")).args([
                Expr::col(match_run::Column::Pool),
                Expr::value(at * BYTES + 1),
                Expr::value(NUMBERS * BYTES),
            ]);
            let found: Option<Vec<u8>> = match_run::Entity::find_by_id(key)
                .select_only()
                .expr_as(part, "part")
                .into_tuple()
                .one(platform.db.read())
                .await
                .map_err(std::io::Error::other)?;
            let bytes = found.unwrap_or_default();
            let mut file = Vec::new();
            if at == 0 {
                csv::write_line(&mut file, ["number"]);
            }
            for number in bytes.chunks_exact(16).filter_map(|bytes| Uuid::from_slice(bytes).ok()) {
                csv::write_line(&mut file, [number.to_string()]);
            }
            let whole = i32::try_from(bytes.len()).unwrap_or(0) == NUMBERS * BYTES;
            Ok(Some((file, whole.then_some(at + NUMBERS))))
        }
    }))
}

/// The drawn order of a draw, from the first.
pub async fn order(platform: &Platform, slug: &str, id: MatchRunId) -> Result<impl Stream<Item = Pieces> + Send + 'static> {
    let run = find(platform, slug, id).await?;
    let platform = platform.clone();
    Ok(stream::try_unfold(Some(0), move |after| {
        let platform = platform.clone();
        async move {
            let Some(after) = after else { return Ok(None) };
            let rows = match_result::Entity::find()
                .filter(match_result::Column::OrganisationId.eq(run.organisation_id))
                .filter(match_result::Column::RunId.eq(run.id))
                .filter(match_result::Column::Rank.gt(after))
                .order_by_asc(match_result::Column::Rank)
                .limit(super::people::PAGE)
                .all(platform.db.read())
                .await
                .map_err(std::io::Error::other)?;
            let mut file = Vec::new();
            if after == 0 {
                csv::write_line(&mut file, ["rank", "number"]);
            }
            for row in &rows {
                let number = number_of(&platform, row).to_string();
                csv::write_line(&mut file, [row.rank.to_string(), number]);
            }
            Ok(Some((file, rows.last().map(|last| last.rank))))
        }
    }))
}
