//! When a person may be written to.

use chrono::{Days, Duration, NaiveDate, NaiveTime, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use entity::{PreferenceDoc, Time};

/// The start of the last day that a time of ours can have.
const FAR: Time = match NaiveDate::from_ymd_opt(9998, 12, 31) {
    Some(day) => day.and_time(NaiveTime::MIN).and_utc(),
    None => Time::MAX_UTC,
};

/// When the person may next be written to, if not now: after their quiet periods, and inside the hours they chose. Days
/// and hours are those of the organisation's time zone.
pub fn quiet_until(wishes: &PreferenceDoc, zone: Tz, now: Time) -> Option<Time> {
    let local = now.with_timezone(&zone);
    let (from, to) = hours(wishes);
    if (from..to).contains(&local.hour()) && !super::quiet_on(wishes, local.date_naive()) {
        return None;
    }
    let first = local.date_naive().checked_add_days(Days::new(u64::from(local.hour() >= to)));
    // Quiet that never ends is not the same as no quiet.
    Some(first.and_then(|day| open_from(wishes, zone, day, (from, to))).unwrap_or(FAR).min(FAR))
}

/// When letters may first arrive on a day or after it. Where the clocks go forward over all of somebody's hours, that day has
/// none of them.
fn open_from(wishes: &PreferenceDoc, zone: Tz, mut day: NaiveDate, (from, to): (u32, u32)) -> Option<Time> {
    loop {
        day = past_quiet(wishes, day)?;
        let at = at_hour(zone, day, from)?;
        if (from..to).contains(&at.with_timezone(&zone).hour()) {
            return Some(at);
        }
        day = day.succ_opt()?;
    }
}

/// The hours in which letters may arrive: from the first until before the second.
fn hours(wishes: &PreferenceDoc) -> (u32, u32) {
    let hour = |given: Option<i32>, otherwise: u32| given.and_then(|hour| u32::try_from(hour).ok()).unwrap_or(otherwise);
    let (from, to) = (hour(wishes.contact.from_hour, 0), hour(wishes.contact.to_hour, 24));
    // Hours that leave no time at all would silence every letter for good; then they do not count.
    if from < to { (from, to) } else { (0, 24) }
}

/// The first day from `day` on that is in no quiet period.
fn past_quiet(wishes: &PreferenceDoc, mut day: NaiveDate) -> Option<NaiveDate> {
    while let Some(period) = wishes.quiet_periods.iter().find(|period| period.from <= day && day <= period.to) {
        day = period.to.checked_add_days(Days::new(1))?;
    }
    Some(day)
}

/// The first instant of an hour on a day, also where the clocks change.
fn at_hour(zone: Tz, day: NaiveDate, hour: u32) -> Option<Time> {
    let local = day.and_hms_opt(hour.min(23), 0, 0)?;
    let found = zone.from_local_datetime(&local).earliest();
    let found = found.or_else(|| zone.from_local_datetime(&(local + Duration::hours(1))).earliest())?;
    Some(found.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::QuietPeriod;
    use proptest::prelude::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2027, 3, n).unwrap()
    }

    #[test]
    fn quiet_without_end_is_not_the_same_as_no_quiet() {
        let now = Utc.with_ymd_and_hms(2027, 3, 1, 9, 0, 0).unwrap();
        for end in [NaiveDate::MAX, NaiveDate::from_ymd_opt(9999, 12, 31).unwrap()] {
            let mut wishes = PreferenceDoc::unspoken();
            wishes.quiet_periods = vec![QuietPeriod { from: day(1), to: end }];
            let until = quiet_until(&wishes, Tz::Europe__London, now).unwrap();
            assert_eq!(until.to_rfc3339(), "9998-12-31T00:00:00+00:00");
        }
    }

    #[test]
    fn hours_that_a_day_does_not_have_wait_for_the_next() {
        let mut wishes = PreferenceDoc::unspoken();
        (wishes.contact.from_hour, wishes.contact.to_hour) = (Some(1), Some(2));
        // In London the clocks go from one to two on this day.
        let now = Utc.with_ymd_and_hms(2027, 3, 28, 0, 30, 0).unwrap();
        let until = quiet_until(&wishes, Tz::Europe__London, now).unwrap();
        assert_eq!(until.to_rfc3339(), "2027-03-29T00:00:00+00:00");
    }

    proptest! {
        #[test]
        fn the_answer_is_never_quiet_and_never_before_now(
            periods in proptest::collection::vec((1u32..28, 0u32..6), 0..5), from in proptest::option::of(0i32..24),
            to in proptest::option::of(1i32..25), at in 0i64..(27 * 24), zone in prop::sample::select(vec![Tz::Europe__London, Tz::Asia__Kathmandu]),
        ) {
            let mut wishes = PreferenceDoc::unspoken();
            wishes.quiet_periods =
                periods.iter().map(|(from, days)| QuietPeriod { from: day(*from), to: day(*from) + Days::new(u64::from(*days)) }).collect();
            (wishes.contact.from_hour, wishes.contact.to_hour) = (from, to);
            let now = Utc.with_ymd_and_hms(2027, 3, 1, 0, 0, 0).unwrap() + Duration::hours(at);
            let when = quiet_until(&wishes, zone, now).unwrap_or(now);
            prop_assert!(when >= now);
            let local = when.with_timezone(&zone);
            prop_assert!(!super::super::quiet_on(&wishes, local.date_naive()));
            let (from, to) = hours(&wishes);
            prop_assert!((from..to).contains(&local.hour()));
            // Once it has come, there is nothing more to wait for.
            prop_assert_eq!(quiet_until(&wishes, zone, when), None);
        }
    }
}
