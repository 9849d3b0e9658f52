//! What is known of mail servers and of the domains that are written to: how much may flow to them, and whether anything gets
//! through. It is kept, so that it survives a start, and all workers of an installation keep to it together.

use super::{
    flow::{Breaker, Bucket, Way},
    policy::{Change, Outcome, Sign},
};
use crate::platform::{
    Platform, Result, Tx,
    config::{Delivery, Rate},
    mail::transport::SendFault,
};
use chrono::{Duration, NaiveDate, NaiveTime};
use entity::{RouteKind, Time, mail_message, mail_route};
use mail_route::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, Iterable, QueryFilter, QueryOrder, QuerySelect,
    sea_query::OnConflict,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Rows that are read at once; domains of which nothing is known any more are forgotten.
const MOST: u64 = 10_000;
/// What changed in another process a little before we looked is looked at once more.
const OVERLAP: Duration = Duration::seconds(5);
/// What is known of a domain is forgotten after so long without a change.
const MEMORY: Duration = Duration::days(2);
/// From this many letters a day on a server knows us.
const KNOWN: i64 = 1_000_000;

/// A route's name.
type Key = (RouteKind, String);

/// A letter that may be handed over now, or not before a time.
pub struct Taken<'a> {
    /// The letter.
    pub letter: &'a mail_message::Model,
    /// When there is room for it, if there is none now.
    pub not_before: Option<Time>,
}

/// What one process knows.
#[derive(Default)]
pub struct Routes {
    rows: HashMap<RouteKind, HashMap<String, Model>>,
    changed: BTreeSet<Key>,
    looked: Option<Time>,
}

fn breaker(row: &Model) -> Breaker {
    Breaker { faults: row.faults, opened: row.opened, until: row.closed_until }
}

impl Routes {
    /// Learns what other processes found out since it was asked last.
    pub async fn refresh(&mut self, platform: &Platform) -> Result<()> {
        let now = platform.clock.now();
        let news = match self.looked {
            Some(looked) => Condition::all().add(Column::ChangedAt.gte(looked - OVERLAP)),
            None => Condition::any().add(Column::ClosedUntil.is_not_null()).add(Column::ChangedAt.gte(now - MEMORY)),
        };
        for row in Entity::find().filter(news).limit(MOST).all(platform.db.read()).await? {
            let key = (row.kind, row.name.clone());
            if !self.changed.contains(&key) {
                self.keep(row);
            }
        }
        self.looked = Some(now);
        Ok(())
    }

    fn keep(&mut self, row: Model) {
        self.rows.entry(row.kind).or_default().insert(row.name.clone(), row);
    }

    fn known(&mut self, kind: RouteKind, name: &str) -> Option<&mut Model> {
        self.rows.get_mut(&kind)?.get_mut(name)
    }

    /// What may be tried.
    pub fn way(&self, kind: RouteKind, name: &str, now: Time) -> Way {
        let row = self.rows.get(&kind).and_then(|rows| rows.get(name));
        row.map_or(Way::Free, |row| breaker(row).way(now))
    }

    /// Notes what an answer said; nothing where everything was well and is.
    pub fn note(&mut self, kind: RouteKind, name: &str, sign: Sign, change: &Change, now: Time) {
        match sign {
            Sign::None => {}
            Sign::Good => {
                if let Some(row) = self.known(kind, name).filter(|row| row.faults > 0 || row.closed_until.is_some()) {
                    tracing::info!(route = %row.kind, name, "letters get through again");
                    let mut breaker = breaker(row);
                    breaker.good();
                    (row.faults, row.opened, row.closed_until) = (breaker.faults, breaker.opened, breaker.until);
                    row.shut_since = None;
                    self.changed.insert((kind, name.to_owned()));
                }
            }
            Sign::Fault | Sign::Busy => {
                let rows = self.rows.entry(kind).or_default();
                let row = rows.entry(name.to_owned()).or_insert_with(|| unknown(kind, name, now));
                let mut breaker = breaker(row);
                if breaker.fault(now) {
                    row.shut_since.get_or_insert(now);
                    let (stage, code) = (change.stage, change.code);
                    tracing::error!(route = %kind, name, stage, code, text = change.text, until = ?breaker.until, "no letter gets through; nothing is tried for a while");
                }
                (row.faults, row.opened, row.closed_until) = (breaker.faults, breaker.opened, breaker.until);
                row.last_stage = change.stage.map(str::to_owned);
                row.last_code = change.code.map(i32::from);
                row.last_enhanced.clone_from(&change.enhanced);
                row.last_text.clone_from(&change.text);
                self.changed.insert((kind, name.to_owned()));
            }
        }
    }

    /// A server could not be reached.
    pub fn trouble(&mut self, name: &str, fault: &SendFault, now: Time) {
        let change = &Outcome::unreached(fault);
        self.note(RouteKind::Server, name, Sign::Fault, change, now);
    }

    /// Whether something is noted that is not written down.
    pub fn has_news(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Writes down what was noted.
    pub async fn store(&mut self, tx: &Tx, now: Time) -> Result<()> {
        if self.changed.is_empty() {
            return Ok(());
        }
        let mut rows = Vec::new();
        for (kind, name) in &self.changed {
            if let Some(row) = self.rows.get_mut(kind).and_then(|rows| rows.get_mut(name)) {
                row.changed_at = now;
                rows.push(ActiveModel::from(row.clone()).reset_all());
            }
        }
        write(tx, rows).await
    }

    /// What was noted is written down for good.
    pub fn stored(&mut self) {
        self.changed.clear();
    }

    /// Which of these letters may go to a server now. Where so many may go in a time, they are counted for all processes: the
    /// rows are locked until the transaction ends.
    pub async fn take<'a>(
        &mut self,
        tx: &Tx,
        platform: &Platform,
        letters: &[(&'a mail_message::Model, &str)],
    ) -> Result<Vec<Taken<'a>>> {
        let limits = &platform.config.delivery;
        if letters.is_empty() || !limits.is_limited() {
            return Ok(letters.iter().map(|(letter, _)| Taken { letter, not_before: None }).collect());
        }
        let now = platform.clock.now();
        let mut rows = self.lock(tx, limits, letters, now).await?;
        let mut behind = HashMap::<Key, usize>::new();
        let mut taken = Vec::with_capacity(letters.len());
        for (letter, server) in letters {
            let keys = [(RouteKind::Server, (*server).to_owned()), (RouteKind::Domain, letter.domain.clone())];
            let mut not_before = None;
            for key in &keys {
                let wait = rows.get(key).and_then(|row| room(row, limits, now, behind.get(key).copied().unwrap_or(0)));
                not_before = not_before.max(wait);
            }
            for key in keys {
                match rows.get_mut(&key) {
                    Some(row) if not_before.is_none() => spend(row, limits, now),
                    _ => *behind.entry(key).or_default() += 1,
                }
            }
            taken.push(Taken { letter, not_before });
        }
        write(tx, rows.values().map(|row| ActiveModel::from(row.clone()).reset_all()).collect()).await?;
        rows.into_values().for_each(|row| self.keep(row));
        Ok(taken)
    }

    /// The rows of the routes that are limited, locked, as they are now. In the order of their names, so that two processes
    /// never wait for each other.
    async fn lock(
        &self,
        tx: &Tx,
        limits: &Delivery,
        letters: &[(&mail_message::Model, &str)],
        now: Time,
    ) -> Result<BTreeMap<Key, Model>> {
        let mut keys = BTreeSet::<Key>::new();
        for (letter, server) in letters {
            if limits.rates.server.is_some() || limits.warm_up.is_some() {
                keys.insert((RouteKind::Server, (*server).to_owned()));
            }
            if limits.rates.of_domain(&letter.domain).is_some() {
                keys.insert((RouteKind::Domain, letter.domain.clone()));
            }
        }
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        let new = keys.iter().map(|(kind, name)| ActiveModel::from(unknown(*kind, name, now)).reset_all());
        let there = OnConflict::columns([Column::Kind, Column::Name]).do_nothing().to_owned();
        Entity::insert_many(new).on_conflict(there).exec_without_returning(tx).await?;
        let named = keys.iter().fold(Condition::any(), |any, (kind, name)| {
            any.add(Condition::all().add(Column::Kind.eq(*kind)).add(Column::Name.eq(name.as_str())))
        });
        let found = Entity::find().filter(named).order_by_asc(Column::Kind).order_by_asc(Column::Name).lock_exclusive();
        let found = found.all(tx).await?;
        Ok(found.into_iter().map(|row| ((row.kind, row.name.clone()), filled(row, limits, now))).collect())
    }
}

/// The servers and domains to which nothing is sent now, and what they said at last.
pub async fn shut(connection: &impl ConnectionTrait, now: Time) -> Result<Vec<Model>> {
    let shut = Entity::find().filter(Column::ClosedUntil.gt(now)).order_by_asc(Column::Kind).order_by_asc(Column::Name);
    Ok(shut.limit(MOST).all(connection).await?)
}

/// Forgets domains of which nothing has been heard for long.
pub async fn forget(platform: &Platform) -> Result<()> {
    let old = Condition::all()
        .add(Column::Kind.eq(RouteKind::Domain))
        .add(Column::ChangedAt.lt(platform.clock.now() - MEMORY))
        .add(Column::ClosedUntil.is_null());
    Entity::delete_many().filter(old).exec(platform.db.write()).await?;
    Ok(())
}

async fn write(tx: &Tx, rows: Vec<ActiveModel>) -> Result<()> {
    let columns = Column::iter().filter(|column| !matches!(column, Column::Kind | Column::Name));
    let again = OnConflict::columns([Column::Kind, Column::Name]).update_columns(columns).to_owned();
    Entity::insert_many(rows).on_conflict(again).exec_without_returning(tx).await?;
    Ok(())
}

/// A route of which nothing is known.
fn unknown(kind: RouteKind, name: &str, now: Time) -> Model {
    Model {
        kind,
        name: name.to_owned(),
        letters: None,
        filled_at: None,
        faults: 0,
        opened: 0,
        closed_until: None,
        shut_since: None,
        last_stage: None,
        last_code: None,
        last_enhanced: None,
        last_text: None,
        started_on: None,
        counted_on: None,
        counted: 0,
        changed_at: now,
    }
}

fn rate(row: &Model, limits: &Delivery) -> Option<Rate> {
    match row.kind {
        RouteKind::Server => limits.rates.server,
        RouteKind::Domain => limits.rates.of_domain(&row.name),
    }
}

/// The row with what has run into its bucket since.
fn filled(mut row: Model, limits: &Delivery, now: Time) -> Model {
    if let Some(rate) = rate(&row, limits) {
        let bucket = match (row.letters, row.filled_at) {
            (Some(letters), Some(at)) => Bucket { letters, at }.filled(rate, now),
            _ => Bucket::full(rate, now),
        };
        (row.letters, row.filled_at) = (Some(bucket.letters), Some(bucket.at));
    }
    let today = now.date_naive();
    if row.counted_on != Some(today) {
        (row.counted_on, row.counted) = (Some(today), 0);
    }
    row.started_on = row.started_on.or(Some(today));
    row.changed_at = now;
    row
}

/// When there is room for one more letter, if there is none now.
fn room(row: &Model, limits: &Delivery, now: Time, behind: usize) -> Option<Time> {
    let today = now.date_naive();
    let warm =
        limits.warm_up.filter(|_| row.kind == RouteKind::Server).and_then(|first| most_today(first, row.started_on, today));
    let tomorrow = warm
        .filter(|most| i64::from(row.counted) >= *most)
        .and_then(|_| Some(today.succ_opt()?.and_time(NaiveTime::MIN).and_utc()));
    let drop = rate(row, limits).and_then(|rate| {
        let bucket = Bucket { letters: row.letters?, at: now };
        (bucket.letters < 1.0 - 1e-9).then(|| now + bucket.wait(rate, behind))
    });
    tomorrow.max(drop)
}

fn spend(row: &mut Model, limits: &Delivery, now: Time) {
    row.counted = row.counted.saturating_add(1);
    if rate(row, limits).is_some() {
        let mut bucket = Bucket { letters: row.letters.unwrap_or_default(), at: now };
        bucket.take(1);
        row.letters = Some(bucket.letters);
    }
}

/// How many letters a server may get today that is getting to know us: twice as many as the day before.
fn most_today(first: u32, started_on: Option<NaiveDate>, today: NaiveDate) -> Option<i64> {
    let days = (today - started_on.unwrap_or(today)).num_days().clamp(0, 30);
    let most = i64::from(first).checked_mul(1_i64 << days)?;
    (most < KNOWN).then_some(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_server_gets_twice_as_many_each_day() {
        let day = |n| NaiveDate::from_ymd_opt(2027, 3, n).unwrap();
        let most = |n| most_today(200, Some(day(1)), day(n));
        assert_eq!((most(1), most(2), most(8)), (Some(200), Some(400), Some(25_600)));
        assert_eq!(most(14), None, "by then it knows us");
        assert_eq!(most_today(200, Some(day(5)), day(1)), Some(200), "a clock that was set back");
    }
}
