//! What everybody can read of a draw: all that is needed to run it again, and nothing that tells who is in it.

use super::{
    file::{self, LINES, Pieces},
    lottery::NUMBER,
    runs::number_of,
    seats,
};
use crate::{
    accounts::organisations,
    platform::{Error, Platform, Result, csv},
};
use entity::{MatchRunId, OpportunityId, OrganisationId, match_run, seal};
use futures_util::{Stream, stream};
use sea_orm::{ColumnTrait, EntityTrait, Iterable, QueryFilter, QueryOrder, QuerySelect, Select, sea_query::Expr};
use uuid::Uuid;

/// Draws in one answer.
const DRAWS: u64 = 100;

/// Runs without their pool, which may hold a number for each of a million people, and without their lottery.
pub(super) fn without_pool() -> Select<match_run::Entity> {
    let large = |column: &match_run::Column| matches!(column, match_run::Column::Pool | match_run::Column::Lottery);
    let columns = match_run::Column::iter().filter(|column| !large(column));
    match_run::Entity::find()
        .select_only()
        .columns(columns)
        .column_as(Expr::value(Option::<Vec<u8>>::None), match_run::Column::Pool)
        .column_as(Expr::value(Option::<Vec<u8>>::None), match_run::Column::Lottery)
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

pub(super) async fn find(platform: &Platform, slug: &str, id: MatchRunId) -> Result<match_run::Model> {
    let organisation = organisations::by_slug(platform, slug).await?;
    let found = draws(organisation.id).filter(match_run::Column::Id.eq(id)).one(platform.db.read()).await?;
    found.ok_or(Error::NotFound("draw"))
}

/// The numbers in the pool of a draw, in ascending order, with the number of their kind where there are kinds.
pub async fn pool(platform: &Platform, slug: &str, id: MatchRunId) -> Result<impl Stream<Item = Pieces> + Send + 'static> {
    let run = find(platform, slug, id).await?;
    let (platform, key) = (platform.clone(), (run.organisation_id, run.id));
    let line = file::line_of(&run.rules_version);
    let with_kinds = line == seats::LINE;
    Ok(stream::try_unfold(Some(0), move |at| {
        let platform = platform.clone();
        async move {
            let Some(at) = at else { return Ok(None) };
            let bytes = file::part(&platform, key, at * line, LINES * line).await?;
            let mut file = Vec::new();
            if at == 0 {
                csv::write_line(&mut file, if with_kinds { &["number", "kind"][..] } else { &["number"] });
            }
            for line in bytes.chunks_exact(line) {
                let number = Uuid::from_slice(&line[..NUMBER]).unwrap_or_default().to_string();
                csv::write_line(&mut file, std::iter::once(number).chain(seats::kind(line).map(|kind| kind.to_string())));
            }
            Ok(Some((file, (bytes.len() == LINES * line).then_some(at + LINES))))
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
            let rows = file::drawn(&platform, (run.organisation_id, run.id), after).await.map_err(std::io::Error::other)?;
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

/// What our part of the next draw is committed to, if names are drawn for this.
pub async fn sealed(platform: &Platform, slug: &str, opportunity: OpportunityId) -> Result<seal::Model> {
    let organisation = organisations::by_slug(platform, slug).await?;
    let found = seal::Entity::find_by_id((organisation.id, opportunity)).one(platform.db.read()).await?;
    found.ok_or(Error::NotFound("seal"))
}
