//! An open call that is spread over days: each day some of those who may be asked are, those first who were asked least recently.
//!
//! Nobody is left out by it: on the last day everybody is asked who was not. Whoever was asked equally long ago comes in an
//! order that nobody chose (a pseudonym of the run). Who comes on a day is worked out with a count of places in that order, so memory
//! does not grow with the people.

use super::{Counts, draws::number, find, note, one_at_a_time, still_running};
use crate::{
    accounts::Actor,
    invitations,
    matching::{
        letters,
        people::{Looked, Question},
    },
    opportunities,
    platform::{Error, Platform, Result, Tx, audit, jobs::Next, text::Check},
};
use chrono::{Days, NaiveDate, TimeDelta};
use chrono_tz::Tz;
use entity::{MailBatchId, MatchRunId, OpportunityId, ParticipantId, Time, WhyNot, mail_batch, match_run, opportunity};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    sea_query::Expr,
};
use serde_json::Value;

/// Days over which letters can be spread.
const MOST: u32 = 60;
/// Whoever is asked last has so many days to answer, the day of the letter counted in.
const TO_ANSWER: u64 = 3;
/// Places in the order of those who were asked equally long ago.
const PLACES: usize = 1 << 16;
/// How long ago people were asked, as far as it is told apart.
const RECENCIES: usize = letters::RECENCIES as usize;

/// Whether letters can be spread over so many days.
pub(super) fn check(check: &mut Check, about: &opportunity::Model, days: Option<u32>, today: NaiveDate) {
    let Some(days) = days else { return };
    check.range("/days", days, 1, MOST);
    let detail = "For limited places names are drawn, and those who are drawn are asked at once. Leave this out.";
    check.that(about.places.is_none(), "/days", "not_used", detail);
    if let Some(most) = about.closes_on.map(|closes| days_until(closes, today)) {
        let detail = format!("Whoever is asked last needs {TO_ANSWER} days to answer before it closes. Use at most {most}.");
        check.that(days <= most.max(1), "/days", "too_late", detail);
    }
}

/// On how many days people can be asked, from today, so that the last still have time to answer.
fn days_until(closes: NaiveDate, today: NaiveDate) -> u32 {
    let last = closes.checked_sub_days(Days::new(TO_ANSWER - 1)).unwrap_or(closes);
    u32::try_from((last - today).num_days() + 1).unwrap_or(0)
}

/// Where somebody stands in the order.
pub(super) fn place(platform: &Platform, run: MatchRunId, person: ParticipantId, asked: Option<Time>, now: Time) -> i32 {
    let bytes = number(platform, run, person);
    let at = usize::from(u16::from_be_bytes([bytes.as_bytes()[0], bytes.as_bytes()[1]]));
    i32::try_from(letters::recency(asked, now) as usize * PLACES + at).unwrap_or(i32::MAX)
}

/// How many there are at each place of the order.
struct Order(Vec<u32>);

impl Order {
    /// Up to which place there are so many at least.
    fn bound(&self, most: u64) -> i32 {
        let mut sum = 0;
        let at = self.0.iter().position(|many| {
            sum += u64::from(*many);
            sum >= most
        });
        at.and_then(|at| i32::try_from(at).ok()).unwrap_or(i32::MAX)
    }
}

/// Works out who is asked today: everybody is looked at anew, as their wishes are now.
pub(super) async fn begin_day(platform: &Platform, run: match_run::Model) -> Result<Next> {
    let now = platform.clock.now();
    if let Some(next) = run.next_at.filter(|next| *next > now) {
        return Ok(Next::At(next));
    }
    let db = platform.db.read();
    let question = Question::read(db, find(db, run.organisation_id, run.opportunity_id).await?, now).await?;
    let (mut counts, mut order) = (Counts::default(), Order(vec![0; RECENCIES * PLACES]));
    let add = |looked: &Looked| {
        counts.add(looked.verdict.map(|_| ()));
        if looked.verdict.is_ok() {
            let at = place(platform, run.id, looked.participant, looked.last_asked, now);
            if let Some(many) = usize::try_from(at).ok().and_then(|at| order.0.get_mut(at)) {
                *many += 1;
            }
        }
    };
    question.everybody(platform, now, add).await?;

    let tx = platform.db.begin().await?;
    let done = run.days_done;
    let Some(mut run) = still_running(&tx, &run).await? else { return Ok(Next::Done) };
    if run.bound.is_some() || run.days_done != done {
        // Somebody else has begun the day in the meantime.
        return Ok(Next::More);
    }
    let today = opportunities::today(now, zone(&tx, &run).await?);
    // It may have come to close earlier since it was begun.
    let closes = question.opportunity.closes_on.map_or(u32::MAX, |closes| days_until(closes, today).max(1));
    let days = u32::try_from(run.days.unwrap_or(1) - run.days_done).unwrap_or(1).min(closes).max(1);
    let bound = if days == 1 { i32::MAX } else { order.bound(counts.eligible.div_ceil(u64::from(days)).max(1)) };
    // Whoever was asked on the days before is counted as such, not as somebody who may not be asked.
    let asked = u64::try_from(run.asked).unwrap_or(0);
    counts.eligible += asked;
    counts.not_asked.entry(WhyNot::AskedBefore).and_modify(|count| *count = count.saturating_sub(asked));
    (run.considered, run.eligible, run.reasons) = (0, 0, serde_json::json!({}));
    let days = run.days_done + i32::try_from(days).unwrap_or(1);
    let planned = |row: &mut match_run::ActiveModel| {
        row.days = Set(Some(days));
        row.bound = Set(Some(bound));
        row.cursor = Set(None);
        row.next_at = Set(None);
    };
    note(&tx, platform, run, &counts, planned, None).await?;
    tx.commit().await?;
    Ok(Next::More)
}

/// Everybody whose turn it was today was asked: when the next are, or `None` if that was the last day.
pub(super) async fn next(tx: &Tx, run: &match_run::Model, now: Time) -> Result<Option<Time>> {
    match run.days {
        Some(days) if run.days_done + 1 < days => Ok(Some(next_day(now, zone(tx, run).await?))),
        _ => Ok(None),
    }
}

/// The same time tomorrow, where the organisation is; an hour that the clocks leave out is an hour later.
fn next_day(now: Time, zone: Tz) -> Time {
    let tomorrow = now.with_timezone(&zone).checked_add_days(Days::new(1));
    tomorrow.map_or(now + TimeDelta::days(1), |at| at.with_timezone(now.offset()))
}

async fn zone(connection: &impl ConnectionTrait, run: &match_run::Model) -> Result<Tz> {
    opportunities::zone(connection, run.organisation_id).await
}

/// Stops an open call that is spread over days: nobody else is asked by it. A second call changes nothing.
///
/// # Errors
/// A conflict if it is none that is spread over days.
pub async fn stop(
    tx: &Tx,
    platform: &Platform,
    actor: &Actor,
    opportunity: OpportunityId,
    run: MatchRunId,
) -> Result<match_run::Model> {
    one_at_a_time(tx, actor.organisation).await?;
    let found = match_run::Entity::find_by_id((actor.organisation, run)).lock_exclusive().one(tx).await?;
    let run = found.filter(|run| run.opportunity_id == opportunity).ok_or(Error::NotFound("run"))?;
    if run.days.is_none() {
        let detail = "These letters are not spread over days. Cancel the mailing to hold back letters that still wait.";
        return Err(Error::conflict("at_once", detail));
    }
    if run.state != "running" {
        return Ok(run);
    }
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "stop_asking", &format!("match_run:{}", run.id)).await?;
    let mut row = run.into_active_model();
    row.state = Set("done".to_owned());
    row.next_at = Set(None);
    row.finished_at = Set(Some(platform.clock.now()));
    Ok(row.update(tx).await?)
}

/// A mailing was cancelled: an open call that it belongs to asks nobody else on the days to come. Whoever cancelled it decides what
/// comes next.
pub async fn mailing_cancelled(platform: &Platform, value: &Value) -> Result<()> {
    let Some(mailing) = value.get("mailing").and_then(|id| serde_json::from_value::<MailBatchId>(id.clone()).ok()) else {
        return Ok(());
    };
    let tx = platform.db.begin().await?;
    let batch = mail_batch::Entity::find_by_id(mailing).one(&tx).await?.filter(|batch| batch.kind == invitations::INVITE);
    if let Some((organisation, run)) = batch.and_then(|batch| batch.organisation_id.zip(batch.subject_id)) {
        match_run::Entity::update_many()
            .col_expr(match_run::Column::State, Expr::value("done"))
            .col_expr(match_run::Column::NextAt, Expr::value(Option::<Time>::None))
            .col_expr(match_run::Column::FinishedAt, Expr::value(platform.clock.now()))
            .filter(match_run::Column::OrganisationId.eq(organisation))
            .filter(match_run::Column::Id.eq(MatchRunId(run)))
            .filter(match_run::Column::Days.is_not_null())
            .filter(match_run::Column::State.eq("running"))
            .exec(&tx)
            .await?;
    }
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_asked_last_has_time_to_answer() {
        let day = |day| NaiveDate::from_ymd_opt(2027, 3, day).unwrap();
        assert_eq!([3, 4, 8, 1].map(|closes| days_until(day(closes), day(1))), [1, 2, 6, 0]);
        assert_eq!(days_until(day(1), day(20)), 0);
    }

    #[test]
    fn those_come_first_who_were_asked_least_recently() {
        let mut order = Order(vec![0; RECENCIES * PLACES]);
        (order.0[7], order.0[9], order.0[PLACES]) = (2, 1, 4);
        assert_eq!([1, 2, 3, 4, 7].map(|most| order.bound(most)), [7, 7, 9, PLACES as i32, PLACES as i32]);
        assert_eq!(order.bound(8), i32::MAX);
    }

    #[test]
    fn the_next_day_is_at_the_same_time_where_people_are() {
        let time = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        let next = next_day(time("2027-03-27T09:00:00Z"), chrono_tz::Europe::London);
        assert_eq!(next, time("2027-03-28T08:00:00Z"), "the clocks go forward");
        assert_eq!(next_day(time("2027-03-27T01:30:00Z"), chrono_tz::Europe::London), time("2027-03-28T01:30:00Z"));
    }
}
