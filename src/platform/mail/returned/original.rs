//! The letter that a report is about, as far as it came back.

use super::{
    decode,
    header::{Headers, bare},
    mime::Part,
};

/// Most fields that are kept.
const FIELDS: usize = 100;
/// Longest value that is kept.
const VALUE: usize = 2000;
/// The types under which a letter or its header comes back (RFC 3464, RFC 6522, RFC 6533).
const TYPES: [&str; 5] =
    ["message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers"];

/// The header of a letter of ours that came back in a report. It may be forged like any mail; only what we have signed in it
/// proves anything.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Original {
    fields: Vec<(String, String)>,
}

impl Original {
    /// The value of the first field of a name, unfolded.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The letter's name, without brackets.
    pub fn message_id(&self) -> Option<&str> {
        let value = self.field("message-id")?;
        let id = value.trim().trim_start_matches('<').trim_end_matches('>').trim();
        (!id.is_empty()).then_some(id)
    }

    /// The address that bounces go to, as the last server before the fault wrote it down: for letters of ours, one with a
    /// token (see [`super::verp`]).
    pub fn return_path(&self) -> Option<String> {
        bare(self.field("return-path")?)
    }

    /// The addresses in its `List-Unsubscribe` (RFC 2369), without brackets.
    pub fn list_unsubscribe(&self) -> Vec<&str> {
        let value = self.field("list-unsubscribe").unwrap_or_default();
        value.split('<').skip(1).filter_map(|rest| rest.split_once('>').map(|(url, _)| url.trim())).collect()
    }

    /// The addresses that the letter went to, by its header.
    pub(super) fn to(&self) -> Vec<String> {
        self.field("to").map(super::header::addresses).unwrap_or_default()
    }

    /// The header that a text begins with. `None` if it begins with none.
    pub(super) fn at(text: &[u8]) -> Option<Self> {
        let start = text.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let (headers, _) = Headers::split(text.get(start..)?);
        let short = |value: String| value.chars().take(VALUE).collect();
        let fields: Vec<(String, String)> = headers.iter().take(FIELDS).map(|(name, value)| (name, short(value))).collect();
        (!fields.is_empty()).then_some(Self { fields })
    }

    /// The first letter, or header of one, among the parts of a report.
    pub(super) fn within(report: &Part<'_>) -> Option<Self> {
        let found = report.all().into_iter().filter(|part| TYPES.contains(&part.kind.name.as_str()));
        found.filter_map(|part| Self::at(&decode::bytes(part))).next()
    }
}

impl std::fmt::Debug for Original {
    /// Tells no value: they are about a person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Original").field("fields", &self.fields.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_wherever_it_begins() {
        let text = b"\n\nReturn-Path: <b+abc@example.org>\nMessage-ID:\n <x@example.org>\nList-Unsubscribe: <https://a.example/u/1>,\n <mailto:u@a.example>\n\nbody";
        let original = Original::at(text).unwrap();
        assert_eq!(original.message_id(), Some("x@example.org"));
        assert_eq!(original.return_path().as_deref(), Some("b+abc@example.org"));
        assert_eq!(original.list_unsubscribe(), ["https://a.example/u/1", "mailto:u@a.example"]);
        assert!(!format!("{original:?}").contains("example"));
        assert_eq!(Original::at(b"no header here\n"), None);
    }
}
