//! Whole numbers as they come from the database.

use crate::platform::{Error, Result};

/// A count; the database counts in signed numbers.
pub fn count(number: i64) -> Result<u64> {
    u64::try_from(number).map_err(|_| Error::bug("a negative count"))
}
