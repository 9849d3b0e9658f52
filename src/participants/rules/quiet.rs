//! When a person may be written to.

use chrono::{Datelike, Days, Duration, Months, NaiveDate, NaiveTime, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use entity::{Contact, PreferenceDoc, QuietPeriod, Repeat, Time};

/// The start of the last day that a time of ours can have.
pub(super) const FAR: Time = match NaiveDate::from_ymd_opt(9998, 12, 31) {
    Some(day) => day.and_time(NaiveTime::MIN).and_utc(),
    None => Time::MAX_UTC,
};

/// When the person may next be written to, if not now: after their quiet periods, and inside the hours they chose. Days and
/// hours are those of the person's own time zone, and of the organisation's where they have named none. Each moment belongs to
/// the day that the calendar shows then: hours that go over midnight end with the day before a quiet one, and go on behind it.
pub fn quiet_until(wishes: &PreferenceDoc, organisation: Tz, now: Time) -> Option<Time> {
    let zone = zone_of(&wishes.contact, organisation);
    let (hours, today) = (Hours::of(&wishes.contact), now.with_timezone(&zone).date_naive());
    let is_open = |at: Time| {
        let local = at.with_timezone(&zone);
        hours.contains(local.hour()) && !quiet_on(wishes, local.date_naive())
    };
    if is_open(now) {
        return None;
    }
    let open = |day: NaiveDate| {
        let begins = hours.begins().into_iter().flat_map(|hour| at_hour(zone, day, hour));
        begins.filter(|at| *at >= now && is_open(*at)).min()
    };
    // A day of which all the hours are gone, or over which the clocks go forward, has none of them.
    let mut day = past_quiet(wishes, today);
    while let Some(this) = day {
        if let Some(at) = open(this) {
            return Some(at.min(FAR));
        }
        day = this.succ_opt().and_then(|next| past_quiet(wishes, next));
    }
    // Quiet that never ends is not the same as no quiet.
    Some(FAR)
}

/// The time zone in which somebody's letters keep hours and quiet days: their own, or the organisation's.
pub(super) fn zone_of(contact: &Contact, organisation: Tz) -> Tz {
    contact.time_zone.as_deref().and_then(|zone| zone.parse().ok()).unwrap_or(organisation)
}

/// The hours in which letters may arrive: from the first until before the second, over midnight where the first is the later one.
#[derive(Clone, Copy)]
pub(super) struct Hours {
    from: u32,
    to: u32,
}

impl Hours {
    /// Those that somebody chose, or all of them. Hours that leave no time at all would silence every letter for good; then they
    /// do not count.
    pub(super) fn of(contact: &Contact) -> Self {
        Self::between(contact.from_hour, contact.to_hour)
    }

    /// From an hour until before another one, and all of them in the place of none.
    pub(super) fn between(from: Option<i32>, to: Option<i32>) -> Self {
        let hour = |given: Option<i32>, otherwise: u32| given.and_then(|hour| u32::try_from(hour).ok()).unwrap_or(otherwise);
        let (from, to) = (hour(from, 0), hour(to, 24));
        if from == to || from > 23 { Self { from: 0, to: 24 } } else { Self { from, to } }
    }

    /// Whether letters may arrive in this hour of the day.
    pub(super) fn contains(self, hour: u32) -> bool {
        if self.from < self.to { (self.from..self.to).contains(&hour) } else { hour >= self.from || hour < self.to }
    }

    /// Whether letters may arrive in an hour in which these do not let them.
    pub(super) fn reach_beyond(self, other: Self) -> bool {
        (0..24).any(|hour| self.contains(hour) && !other.contains(hour))
    }

    /// The hours of a day at which letters may begin to arrive.
    pub(super) fn begins(self) -> [u32; 2] {
        [if self.from < self.to { self.from } else { 0 }, self.from]
    }
}

/// Days after which weekdays and leap years stand as they did.
const CYCLE: u64 = 146_097;

/// Whether this day lies in one of the quiet periods: nothing may be sent then.
pub fn quiet_on(wishes: &PreferenceDoc, day: NaiveDate) -> bool {
    wishes.quiet_periods.iter().any(|period| last_day(period, day).is_some())
}

/// The first day from `day` on that is in no quiet period, if there is one.
pub(super) fn past_quiet(wishes: &PreferenceDoc, mut day: NaiveDate) -> Option<NaiveDate> {
    let periods = &wishes.quiet_periods;
    // From then on nothing but what comes back is left. Whoever has no free day in a whole cycle of it has none at all.
    let settled = periods.iter().map(|period| if period.repeat.is_some() { period.from } else { period.to }).fold(day, Ord::max);
    let end = settled.checked_add_days(Days::new(CYCLE)).unwrap_or(NaiveDate::MAX);
    while let Some(last) = periods.iter().filter_map(|period| last_day(period, day)).max() {
        day = last.succ_opt().filter(|next| *next <= end)?;
    }
    Some(day)
}

/// The last day of the quiet in which `day` lies, if this period has it.
fn last_day(period: &QuietPeriod, day: NaiveDate) -> Option<NaiveDate> {
    let (from, to) = (period.from, period.to);
    if day < from || to < from {
        return None;
    }
    let length = (to - from).num_days();
    match period.repeat {
        None => (day <= to).then_some(to),
        Some(Repeat::Weekly) if length >= 6 => Some(NaiveDate::MAX),
        Some(Repeat::Weekly) => {
            let left = length - (day - from).num_days() % 7;
            (left >= 0).then(|| day.checked_add_signed(Duration::days(left)).unwrap_or(NaiveDate::MAX))
        }
        Some(Repeat::Yearly) if length >= 365 => Some(NaiveDate::MAX),
        Some(Repeat::Yearly) => {
            // A period over the turn of the year began in the year before.
            let years = u32::try_from(day.year() - from.year()).ok()?;
            let again = |years: u32| {
                let later = |day: NaiveDate| day.checked_add_months(Months::new(years * 12)).unwrap_or(NaiveDate::MAX);
                (later(from), later(to))
            };
            let both = [Some(years), years.checked_sub(1)].into_iter().flatten().map(again);
            both.filter(|(from, to)| (*from..=*to).contains(&day)).map(|(_, to)| to).max()
        }
    }
}

/// The instants at which an hour of a day begins: two where the clocks go back over it. Where they go forward over its beginning,
/// the first instant after that.
pub(super) fn at_hour(zone: Tz, day: NaiveDate, hour: u32) -> impl Iterator<Item = Time> {
    // Clocks change at a quarter of an hour, and by no more than some hours.
    let later =
        (0..=16).filter_map(move |quarters| day.and_hms_opt(hour, 0, 0)?.checked_add_signed(Duration::minutes(15 * quarters)));
    let found = later.map(|local| zone.from_local_datetime(&local)).find(|found| found.earliest().is_some());
    let both = found.map(|found| [found.earliest(), found.latest()]);
    both.into_iter().flatten().flatten().map(|at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2027, 3, n).unwrap()
    }

    #[test]
    fn quiet_without_end_is_not_the_same_as_no_quiet() {
        let now = Utc.with_ymd_and_hms(2027, 3, 1, 9, 0, 0).unwrap();
        for end in [NaiveDate::MAX, NaiveDate::from_ymd_opt(9999, 12, 31).unwrap()] {
            let mut wishes = PreferenceDoc::unspoken();
            wishes.quiet_periods = vec![QuietPeriod { from: day(1), to: end, repeat: None }];
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

    #[test]
    fn hours_over_midnight_are_those_of_the_persons_own_zone() {
        let mut wishes = PreferenceDoc::unspoken();
        (wishes.contact.from_hour, wishes.contact.to_hour) = (Some(20), Some(2));
        let at = |d, h, m| Utc.with_ymd_and_hms(2027, 3, d, h, m, 0).unwrap();
        let until = |wishes: &PreferenceDoc, now| quiet_until(wishes, Tz::Europe__London, now);
        assert_eq!(until(&wishes, at(3, 1, 59)), None);
        assert_eq!(until(&wishes, at(3, 2, 0)), Some(at(3, 20, 0)));
        assert_eq!(until(&wishes, at(3, 20, 0)), None);
        // Each moment belongs to its own day.
        wishes.quiet_periods = vec![QuietPeriod { from: day(4), to: day(4), repeat: None }];
        assert_eq!((until(&wishes, at(3, 23, 59)), until(&wishes, at(4, 0, 0))), (None, Some(at(5, 0, 0))));
        // In Kathmandu it is a quarter to six later.
        wishes.contact.time_zone = Some("Asia/Kathmandu".into());
        assert_eq!((until(&wishes, at(3, 14, 14)), until(&wishes, at(3, 14, 15))), (Some(at(3, 14, 15)), None));
        assert_eq!(until(&wishes, at(3, 18, 15)), Some(at(4, 18, 15)), "the quiet day is one of theirs");
    }

    #[test]
    fn clocks_that_go_over_the_beginning_of_hours_begin_them_at_once() {
        let mut wishes = PreferenceDoc::unspoken();
        (wishes.contact.from_hour, wishes.contact.to_hour) = (Some(2), Some(5));
        // On Lord Howe Island it is half past two right after two.
        let now = Utc.with_ymd_and_hms(2027, 10, 2, 12, 0, 0).unwrap();
        let until = quiet_until(&wishes, Tz::Australia__Lord_Howe, now).unwrap();
        assert_eq!(until.to_rfc3339(), "2027-10-02T15:30:00+00:00");
    }

    fn period(from: NaiveDate, days: u64, repeat: Option<Repeat>) -> QuietPeriod {
        QuietPeriod { from, to: from + Days::new(days), repeat }
    }

    fn with(periods: Vec<QuietPeriod>) -> PreferenceDoc {
        PreferenceDoc { quiet_periods: periods, ..PreferenceDoc::unspoken() }
    }

    #[test]
    fn days_come_back_each_week_and_each_year() {
        let date = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        // From Friday to Sunday, each week.
        let weekends = with(vec![period(date(2027, 3, 5), 2, Some(Repeat::Weekly))]);
        assert!(!quiet_on(&weekends, date(2027, 2, 26)), "not before the first");
        assert!(quiet_on(&weekends, date(2031, 3, 9)) && !quiet_on(&weekends, date(2031, 3, 10)));
        assert_eq!(past_quiet(&weekends, date(2027, 3, 12)), Some(date(2027, 3, 15)));
        // Over the turn of the year, each year.
        let winters = with(vec![period(date(2027, 12, 24), 8, Some(Repeat::Yearly))]);
        assert!(
            quiet_on(&winters, date(2030, 1, 1))
                && !quiet_on(&winters, date(2030, 1, 2))
                && !quiet_on(&winters, date(2027, 1, 1))
        );
        // A day that most years do not have falls on the one before it.
        let leap = with(vec![period(date(2028, 2, 29), 0, Some(Repeat::Yearly))]);
        assert!(quiet_on(&leap, date(2029, 2, 28)) && !quiet_on(&leap, date(2032, 2, 28)) && quiet_on(&leap, date(2032, 2, 29)));
    }

    #[test]
    fn the_search_for_a_free_day_ends() {
        let date = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        let week = |from, days| period(day(from), days, Some(Repeat::Weekly));
        let year = |m, d, days| period(date(2027, m, d), days, Some(Repeat::Yearly));
        for never in [
            vec![week(1, 6)],
            vec![week(1, 3), week(5, 2)],
            vec![year(1, 1, 364)],
            vec![year(1, 1, 365)],
            vec![year(1, 1, 180), year(6, 20, 200)],
        ] {
            assert_eq!(past_quiet(&with(never.clone()), date(2028, 6, 1)), None, "{never:?}");
        }
        // All days of the year but one, and all days of the week but Sunday: a Sunday on that day.
        let rare = with(vec![year(1, 1, 357), year(12, 26, 5), week(1, 5)]);
        assert_eq!(past_quiet(&rare, date(2028, 1, 1)), Some(date(2033, 12, 25)));
    }

    fn any_repeat() -> impl Strategy<Value = Option<Repeat>> {
        prop::sample::select(vec![None, Some(Repeat::Weekly), Some(Repeat::Yearly)])
    }

    fn any_zone() -> impl Strategy<Value = Tz> {
        prop::sample::select(vec![Tz::Europe__London, Tz::Asia__Kathmandu, Tz::Australia__Lord_Howe, Tz::Atlantic__Azores])
    }

    /// The same in the plainest way: each time that the period comes back, one after the other.
    fn plainly(period: &QuietPeriod, day: NaiveDate) -> bool {
        let mut times = 0;
        loop {
            let later = |first: NaiveDate| match period.repeat {
                None => first,
                Some(Repeat::Weekly) => first + Days::new(7 * times),
                Some(Repeat::Yearly) => first + Months::new(12 * times as u32),
            };
            let (from, to) = (later(period.from), later(period.to));
            if from <= day && day <= to {
                return true;
            }
            if from > day || period.repeat.is_none() {
                return false;
            }
            times += 1;
        }
    }

    proptest! {
        #[test]
        fn days_that_come_back_are_quiet_and_the_first_free_day_is_found(
            periods in prop::collection::vec((0u64..400, 0u64..380, any_repeat()), 0..4), at in 0u64..1500,
        ) {
            let start = day(1);
            // Those of a week are short, so that some days stay free.
            let days = |days: u64, repeat: Option<Repeat>| if repeat == Some(Repeat::Weekly) { days % 4 } else { days };
            let one = |(from, long, repeat): (u64, u64, Option<Repeat>)| period(start + Days::new(from), days(long, repeat), repeat);
            let wishes = with(periods.into_iter().map(one).collect());
            let quiet = |day: NaiveDate| wishes.quiet_periods.iter().any(|period| plainly(period, day));
            let from = start + Days::new(at);
            prop_assert_eq!(quiet_on(&wishes, from), quiet(from));
            let free = from.iter_days().take(3000).find(|day| !quiet(*day));
            match past_quiet(&wishes, from) {
                Some(found) if free.is_some() => prop_assert_eq!(Some(found), free),
                Some(found) => prop_assert!(!quiet(found)),
                None => prop_assert_eq!(free, None),
            }
        }

        #[test]
        fn fault_28_the_answer_is_the_first_time_that_is_not_quiet(
            periods in proptest::collection::vec((1u32..28, 0u64..6, any_repeat()), 0..5), from in proptest::option::of(0i32..24),
            to in proptest::option::of(1i32..25), start in prop::sample::select(vec![(2027, 3), (2027, 10), (2028, 2)]),
            at in 0i64..(33 * 48), zone in any_zone(), own in proptest::option::of(any_zone()),
        ) {
            // Over both changes of the clocks, by an hour and by half of one, and over the day that most years do not have.
            let month = NaiveDate::from_ymd_opt(start.0, start.1, 1).unwrap();
            let mut wishes = PreferenceDoc::unspoken();
            let later = |days: u32| month + Days::new(u64::from(days));
            wishes.quiet_periods = periods.iter().map(|(from, days, repeat)| period(later(*from), *days, *repeat)).collect();
            // Whoever leaves no day free is never written to.
            prop_assume!(past_quiet(&wishes, later(36)).is_some());
            (wishes.contact.from_hour, wishes.contact.to_hour) = (from, to);
            let now = month.and_time(NaiveTime::MIN).and_utc() + Duration::minutes(30 * at + 1);
            wishes.contact.time_zone = own.map(|own| own.name().to_owned());
            let when = quiet_until(&wishes, zone, now).unwrap_or(now);
            prop_assert!(when >= now);
            prop_assert!(when < FAR, "never never");
            let (from, to) = (from.unwrap_or(0), to.unwrap_or(24));
            let allowed = |at: Time| {
                let local = at.with_timezone(&own.unwrap_or(zone));
                let hour = i32::try_from(local.hour()).unwrap();
                let open = if from < to { from <= hour && hour < to } else { from == to || from <= hour || hour < to };
                open && !quiet_on(&wishes, local.date_naive())
            };
            prop_assert!(allowed(when), "never outside the hours: {when}");
            // Once it has come, there is nothing more to wait for.
            prop_assert_eq!(quiet_until(&wishes, zone, when), None);
            let mut before = now;
            while before < when.min(now + Duration::days(12)) {
                prop_assert!(!allowed(before), "{before} would have been allowed before {when}");
                before += Duration::minutes(30);
            }
        }
    }
}
