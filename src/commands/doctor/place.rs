//! The computer: files, room on the disk, the clock.

use super::{Finding, database::APART};
use crate::platform::{Config, config::MailWay, db};
use chrono::{DateTime, Utc};
use std::path::{Path, PathBuf};

/// So much must be free in any case: a day's letters, and what the database writes before it tidies up.
const ROOM: u64 = 256 << 20;

/// Whether the key is there, and hidden from others.
pub fn secret(config: &Config) -> Finding {
    let (what, path) = ("secret key", &config.secret_file);
    match std::fs::metadata(path) {
        Ok(found) if is_private(&found) => Finding::good(what, format!("{} can be read by its owner alone", path.display())),
        Ok(_) => Finding::problem(what, format!("others can read {0}. Run `chmod 600 {0}`.", path.display())),
        Err(_) => Finding::good(
            what,
            format!("{} is not there yet; the first start makes it. `alongside backup` keeps a copy.", path.display()),
        ),
    }
}

/// Whether a database in a file is hidden from others on the computer.
pub fn data(config: &Config) -> Option<Finding> {
    let file = db::sqlite_file(&config.database_url)?;
    let found = std::fs::metadata(&file).ok()?;
    Some(match is_private(&found) {
        true => Finding::good("database file", format!("{} can be read by its owner alone", file.display())),
        false => Finding::problem("database file", format!("others can read {0}. Run `chmod 600 {0}*`.", file.display())),
    })
}

#[cfg(unix)]
fn is_private(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    found.permissions().mode() & 0o077 == 0
}

#[cfg(not(unix))]
fn is_private(_: &std::fs::Metadata) -> bool {
    true
}

/// Whether there is room where something is written: for a database in a file, as much again as it takes now.
pub fn disk(config: &Config) -> Vec<Finding> {
    let mut places: Vec<(PathBuf, u64)> = Vec::new();
    if let Some(file) = db::sqlite_file(&config.database_url) {
        let size = std::fs::metadata(&file).map_or(0, |found| found.len());
        places.push((file, size.max(ROOM)));
    }
    if let MailWay::Folder(folder) = &config.mail {
        places.push((folder.join("letter"), ROOM));
    }
    places.into_iter().filter_map(|(file, needs)| room(&file, needs)).collect()
}

/// The nearest folder that is there.
fn nearest(file: &Path) -> Option<&Path> {
    file.ancestors()
        .skip(1)
        .map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
        .find(|folder| folder.exists())
}

#[cfg(unix)]
fn room(file: &Path, needs: u64) -> Option<Finding> {
    let folder = nearest(file)?;
    Some(match rustix::fs::statvfs(folder) {
        Ok(found) => judge(folder, found.f_bavail.saturating_mul(found.f_frsize), needs),
        Err(error) => Finding::problem("disk", format!("{} cannot be looked at: {error}.", folder.display())),
    })
}

#[cfg(not(unix))]
fn room(_: &Path, _: u64) -> Option<Finding> {
    None
}

fn judge(folder: &Path, free: u64, needs: u64) -> Finding {
    let mib = |bytes: u64| bytes >> 20;
    if free >= needs {
        return Finding::good("disk", format!("{} MiB are free in {}", mib(free), folder.display()));
    }
    let detail = format!(
        "{} MiB are free in {}, and {} should be. Make room: when it is full, nothing can be saved any more.",
        mib(free),
        folder.display(),
        mib(needs)
    );
    Finding::problem("disk", detail)
}

/// What time it is where people reach us, as the server there says.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its time.
    pub there: DateTime<Utc>,
    /// Ours when it said so.
    pub here: DateTime<Utc>,
    /// Whether it is another computer. One of ours agrees with us however wrong both are.
    pub from_elsewhere: bool,
}

/// The clock must be right: links and consents depend on it. A clock that is fast looks fine from here, so it is held against the
/// one of another computer, if one has told its time.
pub fn clock(now: DateTime<Utc>, told: Option<&Told>) -> Finding {
    let (what, said) = ("clock", now.format("%Y-%m-%d %H:%M UTC"));
    let built: DateTime<Utc> = DateTime::from_timestamp(1_767_225_600, 0).unwrap_or(now);
    if now <= built {
        return Finding::problem(what, "the computer's clock is wrong. Set it.");
    }
    match told {
        Some(told) if (told.there - told.here).abs() > APART => {
            let seconds = (told.there - told.here).num_seconds();
            let then = "Let both follow a time server.";
            Finding::problem(what, format!("{said}; where the public address answers it differs by {seconds} seconds. {then}"))
        }
        Some(told) if told.from_elsewhere => {
            Finding::good(what, format!("{said}, as on the computer where the public address answers"))
        }
        _ => {
            let then = "Look whether it is right; let it follow a time server.";
            Finding::note(what, format!("{said}; no other computer was there to compare it with. {then}"))
        }
    }
}

/// Whether the hours of the world are known.
pub fn zones() -> Finding {
    let known = "Europe/London".parse::<chrono_tz::Tz>().is_ok();
    let detail = format!("built in ({})", chrono_tz::IANA_TZDB_VERSION);
    if known {
        Finding::good("time zones", detail)
    } else {
        Finding::problem("time zones", "are missing. Build the program anew.")
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Level, *};

    #[test]
    fn little_room_is_a_problem_with_what_to_do() {
        let full = judge(Path::new("/data"), 100 << 20, ROOM);
        assert_eq!(full.level, Level::Problem);
        assert!(full.detail.contains("100 MiB") && full.detail.contains("Make room"), "{}", full.detail);
        assert_eq!(judge(Path::new("/data"), ROOM, ROOM).level, Level::Good);
    }

    #[test]
    fn a_clock_is_right_when_another_computer_says_so() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let told =
            |seconds: i64, from_elsewhere| Told { there: now + chrono::Duration::seconds(seconds), here: now, from_elsewhere };
        let judged = |told: Option<Told>| clock(now, told.as_ref());
        assert_eq!(judged(None).level, Level::Note);
        assert_eq!(judged(Some(told(0, false))).level, Level::Note, "itself is no witness");
        assert_eq!(judged(Some(told(-30, true))).level, Level::Good);
        for from_elsewhere in [true, false] {
            let fast = judged(Some(told(-3600, from_elsewhere)));
            assert_eq!(fast.level, Level::Problem);
            assert!(fast.detail.contains("-3600 seconds"), "{}", fast.detail);
            assert_eq!(judged(Some(told(31, from_elsewhere))).level, Level::Problem);
        }
        assert_eq!(clock(DateTime::from_timestamp(0, 0).unwrap(), None).level, Level::Problem);
    }

    #[cfg(unix)]
    #[test]
    fn room_is_looked_for_where_the_folder_will_be() {
        let found = room(&std::env::temp_dir().join("not/there/yet.db"), 1).unwrap();
        assert!(
            found.level == Level::Good && found.detail.contains(&std::env::temp_dir().display().to_string()),
            "{}",
            found.detail
        );
    }
}
