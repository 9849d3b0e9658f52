//! Finding a line in a pool without reading the pool. Its numbers are spread evenly and stand in order, so each stands near to where
//! it is looked for.

use super::lottery::NUMBER;
use crate::platform::Result;
use entity::OrganisationId;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Alias, CaseStatement, Expr, ExprTrait, Func},
};
use std::collections::HashMap;
use uuid::Uuid;

/// A number to look for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sought {
    /// In the pool of which row.
    pub of: Uuid,
    /// Bytes of a line of it.
    pub line: usize,
    /// The number.
    pub number: Uuid,
}

/// The columns of a table that holds pools: its id, its organisation, and the pool.
pub(super) type Columns<E> = (<E as EntityTrait>::Column, <E as EntityTrait>::Column, <E as EntityTrait>::Column);

/// The lines of those numbers that are in their pools, by their rows, each of which is asked about once: two statements, however
/// large the pools are.
pub(super) async fn lines<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    (id, owner, pool): Columns<E>,
    organisation: OrganisationId,
    sought: &[Sought],
) -> Result<HashMap<Uuid, Vec<u8>>> {
    if sought.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = || {
        let ids = sought.iter().map(|one| one.of);
        E::find().select_only().column(id).filter(owner.eq(organisation)).filter(id.is_in(ids))
    };
    let bytes = Func::cust(Alias::new("length")).arg(Expr::col(pool));
    let lengths: Vec<(Uuid, i32)> =
        rows().filter(pool.is_not_null()).expr_as(bytes, "bytes").into_tuple().all(connection).await?;
    let lengths: HashMap<Uuid, i32> = lengths.into_iter().collect();
    let (mut from, mut most) = (CaseStatement::new(), CaseStatement::new());
    for one in sought {
        let lines = usize::try_from(lengths.get(&one.of).copied().unwrap_or(0)).unwrap_or(0) / one.line;
        // Where it stands deviates by half the root of the size; sixteen times that and more is read.
        let reach = 8 * lines.isqrt() + 64;
        let share = (one.number.as_u128() >> 64) as f64 / 18_446_744_073_709_551_616.0;
        let first = ((share * lines as f64) as usize).saturating_sub(reach);
        let is = || Expr::col(id).eq(one.of);
        let whole = |value: usize| Expr::value(i32::try_from(value).unwrap_or(i32::MAX));
        from = from.case(is(), whole(first * one.line + 1));
        most = most.case(is(), whole(2 * reach * one.line));
    }
    let window = Func::cust(Alias::new("substr")).args([Expr::col(pool), from.finally(1).into(), most.finally(0).into()]);
    // A part of nothing is NULL on SQLite.
    let windows: Vec<(Uuid, Option<Vec<u8>>)> =
        rows().filter(pool.is_not_null()).expr_as(window, "window").into_tuple().all(connection).await?;
    let windows: HashMap<Uuid, Vec<u8>> = windows.into_iter().filter_map(|(of, window)| Some((of, window?))).collect();
    let found = |one: &Sought| {
        let line = windows.get(&one.of)?.chunks_exact(one.line).find(|line| line[..NUMBER] == *one.number.as_bytes())?;
        Some((one.of, line.to_vec()))
    };
    Ok(sought.iter().filter_map(found).collect())
}
