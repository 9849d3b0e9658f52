//! When gathered news leaves.

use super::quiet::{at_hour, zone_of};
use chrono::{Datelike, Days, Months, NaiveDate};
use chrono_tz::Tz;
use entity::{Contact, NewsWish, Time};

/// The hour of its day from which gathered news leaves. Our own choice: what was added until midnight is long committed then.
const HOUR: u32 = 9;

/// The day on which news of a day leaves that is gathered: the Monday after it, or the first day of the month after it. None where
/// nothing is gathered.
pub fn due_on(contact: &Contact, day: NaiveDate) -> Option<NaiveDate> {
    match contact.news {
        NewsWish::AtOnce => None,
        NewsWish::Weekly => day.checked_add_days(Days::new(7 - u64::from(day.weekday().num_days_from_monday()))),
        NewsWish::Monthly => day.with_day(1)?.checked_add_months(Months::new(1)),
    }
}

/// The day of the calendar where a person is.
pub fn day_of(contact: &Contact, organisation: Tz, now: Time) -> NaiveDate {
    now.with_timezone(&zone_of(contact, organisation)).date_naive()
}

/// The instant from which gathered news of a person leaves on its day, by the person's clock.
pub fn leaves_at(contact: &Contact, organisation: Tz, due_on: NaiveDate) -> Option<Time> {
    at_hour(zone_of(contact, organisation), due_on, HOUR).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{NaiveTime, Weekday};
    use proptest::prelude::*;

    #[test]
    fn news_of_a_sunday_leaves_on_the_next_day_and_news_of_a_monday_a_week_later() {
        let day = |m, d| NaiveDate::from_ymd_opt(2027, m, d).unwrap();
        let due = |news, day| due_on(&Contact { news, ..Contact::usual() }, day);
        assert_eq!(due(NewsWish::AtOnce, day(3, 1)), None);
        for (on, weekly, monthly) in [
            (day(2, 28), day(3, 1), day(3, 1)),
            (day(3, 1), day(3, 8), day(4, 1)),
            (day(3, 31), day(4, 5), day(4, 1)),
            (day(12, 31), NaiveDate::from_ymd_opt(2028, 1, 3).unwrap(), NaiveDate::from_ymd_opt(2028, 1, 1).unwrap()),
        ] {
            assert_eq!((due(NewsWish::Weekly, on), due(NewsWish::Monthly, on)), (Some(weekly), Some(monthly)), "{on}");
        }
    }

    proptest! {
        #[test]
        fn gathered_news_leaves_after_its_day_within_its_time_and_in_the_morning(
            minutes in 0i64..(800 * 24 * 60), monthly in any::<bool>(), zone in prop::sample::select(vec![Tz::Europe__London, Tz::Pacific__Apia]),
        ) {
            let news = if monthly { NewsWish::Monthly } else { NewsWish::Weekly };
            let contact = Contact { news, time_zone: Some(zone.name().into()), ..Contact::usual() };
            let start = NaiveDate::from_ymd_opt(2027, 1, 1).unwrap().and_time(NaiveTime::MIN).and_utc();
            let now = start + chrono::Duration::minutes(minutes);
            let day = day_of(&contact, Tz::UTC, now);
            let due = due_on(&contact, day).unwrap();
            let (most, begins) = if monthly { (31, due.day() == 1) } else { (7, due.weekday() == Weekday::Mon) };
            prop_assert!(due > day && (due - day).num_days() <= most);
            prop_assert!(begins);
            let at = leaves_at(&contact, Tz::UTC, due).unwrap();
            prop_assert!(at > now);
            prop_assert_eq!(at.with_timezone(&zone).naive_local(), due.and_hms_opt(HOUR, 0, 0).unwrap());
        }
    }
}
