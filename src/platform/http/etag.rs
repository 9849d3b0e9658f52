//! Versions: what was read is named by an `ETag`, and a change says in `If-Match` what it is based on.

use crate::platform::error::{Error, Result};

/// The strong ETag of a version.
pub fn of(version: i32) -> String {
    format!("\"v{version}\"")
}

/// Refuses a change that is not based on the current version.
pub fn expect(if_match: Option<&str>, version: i32) -> Result<()> {
    match if_match.map(str::trim) {
        None | Some("") => Err(Error::VersionNeeded),
        Some("*") => Ok(()),
        Some(list) if list.split(',').any(|tag| tag.trim() == of(version)) => Ok(()),
        Some(_) => Err(Error::Stale),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_must_name_the_version_it_is_based_on() {
        assert_eq!(expect(None, 3), Err(Error::VersionNeeded));
        assert_eq!(expect(Some("\"v2\""), 3), Err(Error::Stale));
        assert_eq!(expect(Some("W/\"v3\""), 3), Err(Error::Stale));
        assert_eq!(expect(Some("\"v3\""), 3), Ok(()));
        assert_eq!(expect(Some("\"v1\", \"v3\""), 3), Ok(()));
        assert_eq!(expect(Some("*"), 3), Ok(()));
    }
}
