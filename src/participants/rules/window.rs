//! The hours and days in which an organisation's letters leave, beside those of whoever gets them.

use super::quiet::{FAR, Hours, at_hour, quiet_on, quiet_until, zone_of};
use chrono::{Datelike, Duration, NaiveDate, Timelike};
use chrono_tz::Tz;
use entity::{DayOfWeek, LettersWindow, PreferenceDoc, Time, organisation};

/// For so long a time is looked for that suits both: each day of the week once, and one more.
const LOOK: Duration = Duration::days(8);
/// Days of the calendar that lie in that, of which the first and the last may be cut short.
const DAYS: usize = 10;
/// Whoever is written to has so long left before what the letter is about, or the letter does not wait. Our own choice.
const ROOM: Duration = Duration::days(1);

/// The instant at which a day is over.
pub fn end_of(day: NaiveDate, zone: Tz) -> Option<Time> {
    at_hour(zone, day.succ_opt()?, 0).next()
}

/// When letters of an organisation leave.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    zone: Tz,
    window: Option<&'a LettersWindow>,
}

impl<'a> Window<'a> {
    /// That of an organisation.
    pub fn of(home: &'a organisation::Model) -> Self {
        Self { zone: home.time_zone.parse().unwrap_or(Tz::UTC), window: home.letters_window.as_ref() }
    }

    /// The person's own hours alone.
    pub fn set_aside(self) -> Self {
        Self { window: None, ..self }
    }

    /// When a letter may leave, if not now: in the person's own hours, and in the organisation's, both by the clock of the person. The
    /// person's own always hold. The organisation's do not count where both have no time in common within eight days from when the
    /// person may be written to, nor where less than a day would then be left until `deadline`: the meeting begins, or nobody can
    /// answer any more. A deadline that has passed hurries nothing.
    pub fn waits_until(self, wishes: &PreferenceDoc, now: Time, deadline: Option<Time>) -> Option<Time> {
        let own = quiet_until(wishes, self.zone, now);
        let from = own.unwrap_or(now);
        let both = self.window.filter(|_| from < FAR).and_then(|window| self.first_common(wishes, window, from));
        let deadline = deadline.filter(|deadline| *deadline > now);
        match both.filter(|both| deadline.is_none_or(|deadline| *both + ROOM <= deadline)) {
            Some(both) => (both > now).then_some(both),
            None => own,
        }
    }

    /// The first time from `from` on that suits both.
    fn first_common(self, wishes: &PreferenceDoc, window: &LettersWindow, from: Time) -> Option<Time> {
        let zone = zone_of(&wishes.contact, self.zone);
        let (own, ours) = (Hours::of(&wishes.contact), Hours::between(Some(window.from_hour), Some(window.to_hour)));
        let is_open = |at: Time| {
            let (local, hour) = (at.with_timezone(&zone), at.with_timezone(&zone).hour());
            let today = DayOfWeek::ALL.get(local.weekday().num_days_from_monday() as usize);
            let day = today.is_some_and(|today| window.days.contains(today));
            day && ours.contains(hour) && own.contains(hour) && !quiet_on(wishes, local.date_naive())
        };
        if is_open(from) {
            return Some(from);
        }
        from.with_timezone(&zone).date_naive().iter_days().take(DAYS).find_map(|day| {
            let begins = own.begins().into_iter().chain(ours.begins()).flat_map(|hour| at_hour(zone, day, hour));
            begins.filter(|at| *at >= from && *at < from + LOOK && is_open(*at)).min()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Days, NaiveTime, TimeZone, Utc};
    use entity::{QuietPeriod, Repeat};
    use proptest::prelude::*;

    const WORKDAYS: [DayOfWeek; 5] =
        [DayOfWeek::Monday, DayOfWeek::Tuesday, DayOfWeek::Wednesday, DayOfWeek::Thursday, DayOfWeek::Friday];

    fn window(from_hour: i32, to_hour: i32, days: &[DayOfWeek]) -> LettersWindow {
        LettersWindow { from_hour, to_hour, days: days.to_vec() }
    }

    /// A time of March 2027, of which the first is a Monday.
    fn at(day: u32, hour: u32, minute: u32) -> Time {
        Utc.with_ymd_and_hms(2027, 3, day, hour, minute, 0).unwrap()
    }

    fn wishes(hours: Option<(i32, i32)>, zone: Option<&str>) -> PreferenceDoc {
        let mut wishes = PreferenceDoc::unspoken();
        (wishes.contact.from_hour, wishes.contact.to_hour) = (hours.map(|hours| hours.0), hours.map(|hours| hours.1));
        wishes.contact.time_zone = zone.map(String::from);
        wishes
    }

    fn waits(window: &LettersWindow, wishes: &PreferenceDoc, now: Time, deadline: Option<Time>) -> Option<Time> {
        Window { zone: Tz::Europe__London, window: Some(window) }.waits_until(wishes, now, deadline)
    }

    #[test]
    fn a_letter_waits_for_the_hours_and_days_of_whoever_gets_it() {
        let office = window(9, 18, &WORKDAYS);
        let here = wishes(None, None);
        for (now, until) in [
            (at(1, 8, 59), Some(at(1, 9, 0))),
            (at(1, 9, 0), None),
            (at(1, 17, 59), None),
            (at(1, 18, 0), Some(at(2, 9, 0))),
            (at(5, 18, 0), Some(at(8, 9, 0))),
            // The clocks go forward on the 28th, which is a Sunday.
            (at(27, 12, 0), Some(at(29, 8, 0))),
        ] {
            assert_eq!(waits(&office, &here, now, None), until, "{now}");
        }
        // In Kathmandu it is a quarter to six later: their Monday begins while it is Sunday in London.
        let there = wishes(None, Some("Asia/Kathmandu"));
        assert_eq!(waits(&office, &there, at(1, 3, 14), None), Some(at(1, 3, 15)));
        assert_eq!(waits(&office, &there, at(1, 12, 15), None), Some(at(2, 3, 15)));
        // Without a window only the person's own hours count.
        let none = Window { zone: Tz::Europe__London, window: None };
        assert_eq!(none.waits_until(&here, at(6, 3, 0), None), None);
        assert_eq!(none.waits_until(&wishes(Some((20, 2)), None), at(6, 3, 0), None), Some(at(6, 20, 0)));
    }

    #[test]
    fn a_window_over_midnight_takes_each_moment_for_the_day_that_the_calendar_shows() {
        let nights = window(20, 2, &WORKDAYS);
        let here = wishes(None, None);
        assert_eq!(waits(&nights, &here, at(5, 23, 59), None), None);
        assert_eq!(waits(&nights, &here, at(6, 0, 0), None), Some(at(8, 0, 0)), "Saturday is none of the days, Monday is one");
        assert_eq!(waits(&nights, &here, at(8, 2, 0), None), Some(at(8, 20, 0)));
    }

    #[test]
    fn where_no_time_suits_both_the_persons_own_hours_hold_alone() {
        let office = window(9, 18, &WORKDAYS);
        let evenings = wishes(Some((19, 22)), None);
        assert_eq!(waits(&office, &evenings, at(1, 8, 0), None), Some(at(1, 19, 0)));
        assert_eq!(waits(&office, &evenings, at(1, 19, 0), None), None);
        let mut sundays = wishes(None, None);
        let from = at(1, 0, 0).date_naive();
        sundays.quiet_periods = vec![QuietPeriod { from, to: from + Days::new(5), repeat: Some(Repeat::Weekly) }];
        assert_eq!(waits(&office, &sundays, at(1, 8, 0), None), Some(at(7, 0, 0)));
        // One hour is enough to wait for it.
        let late = wishes(Some((17, 22)), None);
        assert_eq!(waits(&office, &late, at(1, 18, 0), None), Some(at(2, 17, 0)));
        // After a long quiet, both count again.
        let mut away = wishes(None, None);
        away.quiet_periods = vec![QuietPeriod { from, to: from + Days::new(19), repeat: None }];
        assert_eq!(waits(&office, &away, at(1, 8, 0), None), Some(at(22, 9, 0)), "the first free day is a Sunday");
        // Whoever is never written to is never written to.
        away.quiet_periods = vec![QuietPeriod { from, to: from + Days::new(6), repeat: Some(Repeat::Weekly) }];
        assert_eq!(waits(&office, &away, at(1, 8, 0), None), Some(FAR));
    }

    #[test]
    fn a_letter_that_would_come_too_late_does_not_wait_and_keeps_the_persons_hours() {
        let office = window(9, 18, &WORKDAYS);
        let here = wishes(None, None);
        // On Friday evening: the window opens on Monday at nine.
        for (deadline, until) in
            [(at(6, 0, 0), None), (at(8, 9, 0), None), (at(9, 8, 59), None), (at(9, 9, 0), Some(at(8, 9, 0)))]
        {
            assert_eq!(waits(&office, &here, at(5, 18, 0), Some(deadline)), until, "{deadline}");
        }
        assert_eq!(waits(&office, &here, at(5, 18, 0), Some(at(5, 17, 0))), Some(at(8, 9, 0)), "what has passed hurries nothing");
        let mornings = wishes(Some((7, 12)), None);
        assert_eq!(waits(&office, &mornings, at(5, 18, 0), Some(at(8, 12, 0))), Some(at(6, 7, 0)));
    }

    fn any_zone() -> impl Strategy<Value = Tz> {
        prop::sample::select(vec![Tz::Europe__London, Tz::Asia__Kathmandu, Tz::Australia__Lord_Howe, Tz::Atlantic__Azores])
    }

    fn any_hours() -> impl Strategy<Value = (i32, i32)> {
        (0i32..24, 1i32..25).prop_filter("an hour at least", |(from, to)| from != to)
    }

    /// Whether an hour lies in such hours, in the plainest way.
    fn within((from, to): (i32, i32), hour: i32) -> bool {
        if from < to { from <= hour && hour < to } else { from <= hour || hour < to }
    }

    proptest! {
        #[test]
        fn fault_28_the_answer_is_the_first_time_that_suits_both_or_the_first_that_suits_the_person(
            ours in any_hours(), own in proptest::option::of(any_hours()), days in proptest::sample::subsequence(DayOfWeek::ALL, 1..=7),
            quiet in proptest::option::of((0u64..30, 0u64..5, any::<bool>())), month in prop::sample::select(vec![3, 10]),
            minutes in 0i64..(33 * 48), zone in any_zone(), elsewhere in proptest::option::of(any_zone()),
            left in proptest::option::of(0i64..(6 * 48)),
        ) {
            // Over both changes of the clocks, by an hour and by half of one.
            let first = NaiveDate::from_ymd_opt(2027, month, 1).unwrap();
            let now = first.and_time(NaiveTime::MIN).and_utc() + Duration::minutes(30 * minutes + 1);
            let mut wishes = wishes(own, elsewhere.map(|zone| zone.name()));
            wishes.quiet_periods = quiet.into_iter().map(|(from, long, weekly)| {
                let from = first + Days::new(from);
                QuietPeriod { from, to: from + Days::new(long), repeat: weekly.then_some(Repeat::Weekly) }
            }).collect();
            let window = window(ours.0, ours.1, &days);
            let there = elsewhere.unwrap_or(zone);
            let suits_person = |at: Time| {
                let local = at.with_timezone(&there);
                own.is_none_or(|own| within(own, local.hour() as i32)) && !quiet_on(&wishes, local.date_naive())
            };
            let suits_both = |at: Time| {
                let local = at.with_timezone(&there);
                let day = DayOfWeek::ALL[local.weekday().num_days_from_monday() as usize];
                suits_person(at) && within(ours, local.hour() as i32) && days.contains(&day)
            };
            // Hours begin and clocks change at quarters of an hour.
            let quarters = |from: Time, long: Duration| {
                let start = from.timestamp().div_euclid(900) + 1;
                let end = (from + long).timestamp();
                let later = (start..).map(|quarter| Utc.timestamp_opt(quarter * 900, 0).unwrap());
                std::iter::once(from).chain(later.take_while(move |at| at.timestamp() < end))
            };
            let person = quarters(now, Duration::days(40)).find(|at| suits_person(*at)).unwrap();
            let both = quarters(person, LOOK).find(|at| suits_both(*at));
            let deadline = left.map(|left| now + Duration::minutes(30 * left + 1));
            let plainly = match both {
                Some(both) if deadline.is_none_or(|deadline| both + ROOM <= deadline) => both,
                _ => person,
            };
            let rules = Window { zone, window: Some(&window) };
            let when = rules.waits_until(&wishes, now, deadline).unwrap_or(now);
            prop_assert_eq!(when, plainly);
            // Once it has come, there is nothing more to wait for, unless what hurried the letter is over by then.
            if deadline.is_none_or(|deadline| deadline > when || deadline <= now) {
                prop_assert_eq!(rules.waits_until(&wishes, when, deadline), None);
            }
        }
    }
}
