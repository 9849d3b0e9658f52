//! Lists: `?limit=&after=`, oldest first, with an opaque cursor.

use crate::platform::error::{Error, Result, Violation};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use poem_openapi::{
    Object,
    types::{ParseFromJSON, ToJSON, Type},
};
use uuid::Uuid;

/// A page of a list.
#[derive(Object)]
pub struct Page<T: ParseFromJSON + ToJSON + Type + Send + Sync> {
    /// The items of this page.
    pub items: Vec<T>,
    /// Send this as `after` to read on; absent on the last page.
    #[oai(skip_serializing_if_is_none)]
    pub next: Option<String>,
}

/// Where to read on, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The last id that was read.
    pub after: Option<Uuid>,
    /// Items a page.
    pub limit: u64,
}

impl Cursor {
    /// From the parameters of a request: 50 items unless said otherwise, 500 at most.
    pub fn read(limit: Option<u64>, after: Option<&str>) -> Result<Self> {
        let limit = limit.unwrap_or(50);
        if !(1..=500).contains(&limit) {
            return Err(Error::Malformed(Violation::new("limit", "out_of_range", "Use a number from 1 to 500.")));
        }
        let after = after.filter(|text| !text.is_empty()).map(decode).transpose()?;
        Ok(Self { after, limit })
    }

    /// Makes a page of rows that were read with `limit + 1`.
    pub fn page<R, T: ParseFromJSON + ToJSON + Type + Send + Sync>(
        &self,
        mut rows: Vec<R>,
        id: impl Fn(&R) -> Uuid,
        out: impl FnMut(R) -> T,
    ) -> Page<T> {
        let most = usize::try_from(self.limit).unwrap_or(500);
        let more = rows.len() > most;
        rows.truncate(most);
        let next = if more { rows.last().map(|row| URL_SAFE_NO_PAD.encode(id(row).as_bytes())) } else { None };
        Page { items: rows.into_iter().map(out).collect(), next }
    }
}

fn decode(text: &str) -> Result<Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    let id = bytes.and_then(|bytes| Uuid::from_slice(&bytes).ok());
    id.ok_or_else(|| Error::Malformed(Violation::new("after", "cursor", "Send the `next` of an earlier page.")))
}
