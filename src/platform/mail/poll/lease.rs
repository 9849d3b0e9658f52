//! Who reads the mailbox: one process at a time over all, and not again before its time. Whoever was too slow and was overtaken can
//! write nothing down any more.

use super::trouble::Trouble;
use crate::platform::{Error, Platform, Result, Tx};
use chrono::Duration;
use entity::{FetchOutcome, Time, mail_fetch};
use mail_fetch::{Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, UpdateMany,
    sea_query::{Expr, OnConflict},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{collections::BTreeMap, fmt::Write};

/// The row.
const ONE: i32 = 1;
/// So long between two looks.
const PAUSE: Duration = Duration::minutes(1);
/// The longest pause after failures.
const LONGEST: Duration = Duration::hours(1);
/// After a password that is refused: servers shut accounts at which many are tried.
pub(super) const REFUSED: Duration = Duration::minutes(15);
/// Whoever holds the mailbox has so long; longer than a look may take.
const LEASE: Duration = Duration::minutes(6);

/// Messages that are written down here and may still be in the folder, marked as deleted, by the folder's UIDVALIDITY.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Marked {
    /// The folder as it was then.
    pub validity: u32,
    /// The messages in it.
    pub uids: Vec<u32>,
    /// Messages that could not be fetched, or marked, and how often.
    #[serde(default)]
    pub failing: BTreeMap<u32, u32>,
}

impl Marked {
    /// What is known of the messages of a folder, if its numbers are still the same.
    pub fn in_folder(&self, validity: u32) -> Self {
        if self.validity == validity { self.clone() } else { Self { validity, ..Self::default() } }
    }
}

/// That the mailbox is in our hands.
#[derive(Clone, Debug)]
pub struct Lease {
    token: i64,
    /// What the look before has left.
    pub marked: Marked,
    failures: i32,
}

/// The row, if a mailbox was ever read.
pub async fn standing(connection: &impl ConnectionTrait) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(ONE).one(connection).await?)
}

/// Takes the mailbox, if it is time and nobody else has it. With other settings than before, it is time a minute after the look before, and
/// what is known of the mailbox counts for nothing.
pub async fn claim(platform: &Platform, settings: &[u8]) -> Result<Option<Lease>> {
    let now = platform.clock.now();
    let free = |row: &Model| row.lease_until.is_none_or(|until| until <= now);
    // Looked for by reading, because this is asked all the time and hardly ever so.
    match standing(platform.db.read()).await? {
        Some(row) if !free(&row) || row.next_at > now && (row.settings == settings || row.ended_at > Some(now - PAUSE)) => {
            return Ok(None);
        }
        Some(_) => {}
        None => {
            let there = OnConflict::column(Column::Id).do_nothing().to_owned();
            let row = mail_fetch::ActiveModel {
                id: Set(ONE),
                settings: Set(settings.to_vec()),
                lease_token: Set(0),
                next_at: Set(now),
                failures: Set(0),
                taken: Set(0),
                marked: Set(json!(Marked::default())),
                ..Default::default()
            };
            Entity::insert(row.reset_all()).on_conflict(there).exec_without_returning(platform.db.write()).await?;
        }
    }
    let others = Column::Settings.ne(settings.to_vec());
    let due = Column::NextAt.lte(now).or(others.and(Column::EndedAt.is_null().or(Column::EndedAt.lte(now - PAUSE))));
    let taken = Entity::update_many()
        .col_expr(Column::LeaseToken, Expr::col(Column::LeaseToken).add(1))
        .col_expr(Column::LeaseUntil, Expr::value(now + LEASE))
        .filter(Column::Id.eq(ONE))
        .filter(Column::LeaseUntil.is_null().or(Column::LeaseUntil.lte(now)))
        .filter(due)
        .exec_with_returning(platform.db.write())
        .await?;
    let Some(row) = taken.into_iter().next() else { return Ok(None) };
    if row.settings == settings {
        let marked = serde_json::from_value(row.marked).unwrap_or_default();
        return Ok(Some(Lease { token: row.lease_token, marked, failures: row.failures }));
    }
    let lease = Lease { token: row.lease_token, marked: Marked::default(), failures: 0 };
    lease
        .mine()
        .col_expr(Column::Settings, Expr::value(settings.to_vec()))
        .col_expr(Column::Marked, Expr::value(json!(Marked::default())))
        .col_expr(Column::Failures, Expr::value(0))
        .exec(platform.db.write())
        .await?;
    Ok(Some(lease))
}

impl Lease {
    fn mine(&self) -> UpdateMany<Entity> {
        Entity::update_many().filter(Column::Id.eq(ONE)).filter(Column::LeaseToken.eq(self.token))
    }

    /// Says that these messages are written down with the rest of the transaction, which ends here if somebody else has taken the
    /// mailbox over.
    pub async fn hold(&self, tx: &Tx, marked: &Marked) -> Result<()> {
        let held = self.mine().col_expr(Column::Marked, Expr::value(json!(marked))).exec(tx).await?;
        if held.rows_affected == 1 { Ok(()) } else { Err(Error::unavailable("another process has taken the mailbox over")) }
    }

    /// Writes down what is known of the folder's messages, where no message is taken with it.
    pub async fn note(&self, platform: &Platform, marked: &Marked) -> Result<()> {
        self.mine().col_expr(Column::Marked, Expr::value(json!(marked))).exec(platform.db.write()).await?;
        Ok(())
    }

    /// Gives the mailbox back, with what became of the look; `more` if it is to be looked into again at once.
    pub async fn settle(self, platform: &Platform, taken: usize, more: bool, trouble: Option<&Trouble>) -> Result<()> {
        let now = platform.clock.now();
        let taken = i64::try_from(taken).unwrap_or(i64::MAX);
        let mut row = self
            .mine()
            .col_expr(Column::LeaseUntil, Expr::value(Option::<Time>::None))
            .col_expr(Column::EndedAt, Expr::value(now))
            .col_expr(Column::Taken, Expr::col(Column::Taken).add(taken))
            .col_expr(Column::Stage, Expr::value(trouble.map(|trouble| trouble.stage.word())))
            .col_expr(Column::Outcome, Expr::value(trouble.map_or(FetchOutcome::Done, |trouble| trouble.outcome).word()));
        row = match trouble {
            None => row
                .col_expr(Column::WorkedAt, Expr::value(now))
                .col_expr(Column::Failures, Expr::value(0))
                .col_expr(Column::NextAt, Expr::value(if more { now } else { now + PAUSE })),
            Some(trouble) => {
                let failures = self.failures.saturating_add(1);
                let wait = pause(failures, trouble.outcome, platform.clock.secret()[0]);
                row.col_expr(Column::Failures, Expr::value(failures)).col_expr(Column::NextAt, Expr::value(now + wait))
            }
        };
        row.exec(platform.db.write()).await?;
        Ok(())
    }

    /// Gives the mailbox back in the middle, for whoever comes next.
    pub async fn let_go(self, platform: &Platform) -> Result<()> {
        self.mine().col_expr(Column::LeaseUntil, Expr::value(Option::<Time>::None)).exec(platform.db.write()).await?;
        Ok(())
    }
}

/// How long to wait after so many failures: a minute, twice as long each time, an hour at most; and up to a quarter more by
/// chance, so that installations whose server was away do not all come back at the same moment.
fn pause(failures: i32, outcome: FetchOutcome, chance: u8) -> Duration {
    let doubled = PAUSE * 2_i32.pow(u32::try_from(Ord::clamp(failures, 1, 10) - 1).unwrap_or(0));
    let least = if outcome == FetchOutcome::LoginRefused { REFUSED } else { PAUSE };
    let wait = Ord::clamp(doubled, least, LONGEST);
    wait + wait / 4 * i32::from(chance) / 256
}

/// How the reading of the mailbox goes, in Prometheus's text form; nothing where none is read.
pub async fn metrics(platform: &Platform) -> Result<String> {
    let mut text = String::new();
    if platform.config.delivery.returns_poll.is_none() {
        return Ok(text);
    }
    let Some(row) = standing(platform.db.read()).await? else { return Ok(text) };
    let works = i64::from(row.failures == 0);
    let age = row.worked_at.map(|at| Ord::max((platform.clock.now() - at).num_seconds(), 0));
    let rows = [
        ("works", "gauge", "Whether the mailbox for mail that comes back could be read the last time.", Some(works)),
        ("failures", "gauge", "How often it could not be read since it could.", Some(i64::from(row.failures))),
        ("messages_total", "counter", "Messages taken out of it.", Some(row.taken)),
        ("seconds_since_it_worked", "gauge", "How long ago it could be read.", age),
    ];
    for (name, kind, help, value) in rows {
        let Some(value) = value else { continue };
        let name = format!("alongside_mail_mailbox_{name}");
        // Writing into a string cannot fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_growing() {
        let minutes = |failures, outcome, chance| pause(failures, outcome, chance).num_seconds() / 60;
        let all = |outcome| [1, 2, 3, 6, 7, 100, i32::MAX].map(|failures| minutes(failures, outcome, 0));
        assert_eq!(all(FetchOutcome::NotReached), [1, 2, 4, 32, 60, 60, 60]);
        assert_eq!(all(FetchOutcome::LoginRefused), [15, 15, 15, 32, 60, 60, 60]);
        assert_eq!(minutes(7, FetchOutcome::TooSlow, 255), 74);
    }
}
