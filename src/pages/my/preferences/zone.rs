//! Time zones as people write and read them: by a town. A list of all would make a page that is slow to load on a telephone.

use crate::platform::{Error, Result};
use chrono_tz::TZ_VARIANTS;

/// The zone of a town: `Kathmandu`, `buenos aires`, or the whole name.
pub fn read(written: &str) -> Result<String> {
    let wanted = written.trim().replace(' ', "_");
    let all = || TZ_VARIANTS.iter().map(|zone| zone.name());
    if let Some(name) = all().find(|name| name.eq_ignore_ascii_case(&wanted)).filter(|name| name.contains('/')) {
        return Ok(name.to_owned());
    }
    let towns = all().filter(|name| town(name).is_some_and(|town| town.eq_ignore_ascii_case(&wanted)));
    // A town with two names has the older one for old programs: the newer one says more.
    towns.max_by_key(|name| name.matches('/').count()).map(str::to_owned).ok_or_else(|| {
        Error::invalid("/contact/time_zone", "unknown", "Write a large town with the same time, such as London or Kathmandu.")
    })
}

/// As it is written in the field: the town alone where that is enough.
pub fn written(zone: &str) -> String {
    let by_town = town(zone).filter(|town| read(town).is_ok_and(|read| read == zone));
    by_town.unwrap_or(zone).replace('_', " ")
}

/// How people call it: by the town first.
pub fn name(zone: &str) -> String {
    let spaced = zone.replace('_', " ");
    match spaced.rsplit_once('/') {
        Some((part, town)) => format!("{town} ({})", part.replace('/', ", ")),
        None => spaced,
    }
}

/// The town of a zone that is called by one.
fn town(zone: &str) -> Option<&str> {
    let (part, town) = zone.rsplit_once('/')?;
    (part != "Etc").then_some(town)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_town_is_enough() {
        let zones = [
            ("london", "Europe/London"),
            ("Kathmandu", "Asia/Kathmandu"),
            ("buenos aires", "America/Argentina/Buenos_Aires"),
            ("america/new york", "America/New_York"),
            (" Asia/Kolkata ", "Asia/Kolkata"),
        ];
        for (written, zone) in zones {
            assert_eq!(read(written).unwrap(), zone);
        }
        for wrong in ["", "UTC", "GMT+1", "nowhere", "Europe", "Etc/"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_stands_in_the_field_means_the_same_zone() {
        for zone in TZ_VARIANTS.iter().map(|zone| zone.name()).filter(|zone| zone.contains('/')) {
            assert_eq!(read(&written(zone)).unwrap(), zone);
        }
        assert_eq!((written("Asia/Kathmandu"), name("America/New_York")), ("Kathmandu".into(), "New York (America)".into()));
    }
}
