//! How much may flow to a server or a domain: a bucket of letters that fills with time, and a breaker that opens when
//! nothing gets through. Pure: both are values, and time is an argument.

use crate::platform::config::Rate;
use chrono::Duration;
use entity::Time;

/// So many faults without a letter in between open the breaker.
const FAULTS: i32 = 5;
/// It stays open so long at first, twice as long each time after, and never longer than this.
const SHORTEST: Duration = Duration::minutes(1);
const LONGEST: Duration = Duration::hours(1);

/// Letters that may go now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// How many.
    pub letters: f64,
    /// When that was so.
    pub at: Time,
}

impl Bucket {
    /// A full one.
    pub fn full(rate: Rate, now: Time) -> Self {
        Self { letters: rate.burst, at: now }
    }

    /// The bucket at a later time. A clock that was set back takes nothing out of it and puts nothing in.
    pub fn filled(self, rate: Rate, now: Time) -> Self {
        let seconds = millis(now - self.at).max(0.0) / 1000.0;
        Self { letters: seconds.mul_add(rate.a_second, self.letters).min(rate.burst), at: now }
    }

    /// Takes as many letters as there are, at most `wanted`; answers how many.
    pub fn take(&mut self, wanted: usize) -> usize {
        let mut taken = 0;
        // Counting in whole letters; the small allowance is for what adding up fractions loses.
        while taken < wanted && self.letters >= 1.0 - 1e-9 {
            self.letters -= 1.0;
            taken += 1;
        }
        taken
    }

    /// How long until the letter comes that is behind so many others.
    pub fn wait(self, rate: Rate, behind: usize) -> Duration {
        let missing = (1.0 - self.letters).max(0.0) + f64::from(u32::try_from(behind).unwrap_or(u32::MAX));
        let millis = (missing / rate.a_second * 1000.0).ceil().clamp(1.0, 8.64e7);
        // Within a day by the line above.
        #[allow(clippy::cast_possible_truncation)]
        Duration::milliseconds(millis as i64)
    }
}

fn millis(time: Duration) -> f64 {
    // Times that letters know are far below what a double holds exactly.
    #[allow(clippy::cast_precision_loss)]
    let millis = time.num_milliseconds() as f64;
    millis
}

/// Whether anything gets through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    /// Faults since something got through.
    pub faults: i32,
    /// How often it opened since something got through.
    pub opened: i32,
    /// Nothing is tried before this time.
    pub until: Option<Time>,
}

/// What may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Everything.
    Free,
    /// One letter, to see whether it gets through.
    One,
    /// Nothing, before this time.
    Shut(Time),
}

impl Breaker {
    /// What may be tried now.
    pub fn way(&self, now: Time) -> Way {
        match self.until {
            Some(until) if until > now => Way::Shut(until),
            Some(_) => Way::One,
            None => Way::Free,
        }
    }

    /// Nothing got through. Answers whether it opened with this.
    pub fn fault(&mut self, now: Time) -> bool {
        self.faults = self.faults.saturating_add(1);
        // One that had let a single letter try opens again at once; of letters that were still under way nothing follows.
        let opens = match self.way(now) {
            Way::Free => self.faults >= FAULTS,
            Way::One => true,
            Way::Shut(_) => false,
        };
        if opens {
            let doubled = SHORTEST * (1 << self.opened.clamp(0, 10));
            self.until = Some(now + doubled.min(LONGEST));
            self.opened = self.opened.saturating_add(1);
        }
        opens
    }

    /// Something got through.
    pub fn good(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> Time {
        "2027-03-01T09:00:00Z".parse::<Time>().unwrap() + Duration::milliseconds(millis)
    }

    #[test]
    fn a_breaker_opens_for_longer_each_time_and_lets_one_try() {
        let mut breaker = Breaker::default();
        let mut now = at(0);
        for _ in 0..4 {
            assert!(!breaker.fault(now));
            assert_eq!(breaker.way(now), Way::Free);
        }
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert!(breaker.fault(now));
            let until = now + Duration::minutes(minutes);
            assert_eq!(breaker.way(now), Way::Shut(until));
            assert!(!breaker.fault(now), "what was under way does not count again");
            now = until;
            assert_eq!(breaker.way(now), Way::One);
        }
        breaker.good();
        assert_eq!(breaker, Breaker::default());
    }

    proptest! {
        #[test]
        fn no_time_sees_more_than_the_rate_and_one_burst(rate in 1..50_u32, steps in proptest::collection::vec((0..400_i64, 0..20_usize), 1..200)) {
            let rate = Rate { a_second: f64::from(rate), burst: f64::from(rate).max(1.0) };
            let mut bucket = Bucket::full(rate, at(0));
            let mut now = 0;
            let mut sent: Vec<(i64, usize)> = Vec::new();
            for (pause, wanted) in steps {
                now += pause;
                bucket = bucket.filled(rate, at(now));
                sent.push((now, bucket.take(wanted)));
            }
            for (from, _) in &sent {
                let within: usize = sent.iter().filter(|(time, _)| time >= from && *time < from + 1000).map(|(_, count)| count).sum();
                prop_assert!(within as f64 <= rate.a_second + rate.burst + 1e-6, "{} in a second", within);
            }
        }

        #[test]
        fn whoever_waits_as_long_as_told_gets_a_letter(rate in 1..5000_u32, behind in 0..50_usize) {
            let rate = Rate { a_second: f64::from(rate) / 60.0, burst: (f64::from(rate) / 60.0).max(60.0) };
            let empty = Bucket { letters: 0.0, at: at(0) };
            let wait = empty.wait(rate, behind);
            let mut later = empty.filled(rate, at(0) + wait);
            prop_assert_eq!(later.take(behind + 1), behind + 1);
        }
    }

    #[test]
    fn a_clock_that_is_set_back_gives_and_takes_nothing() {
        let rate = Rate { a_second: 1.0, burst: 10.0 };
        let bucket = Bucket { letters: 3.0, at: at(0) };
        assert_eq!(bucket.filled(rate, at(-3_600_000)), Bucket { letters: 3.0, at: at(-3_600_000) });
    }
}
