//! Tags of HTML: where they end, and what their attributes say.

/// Longest tag that is looked into for attributes.
pub(super) const TAG: usize = 4096;

/// Where a tag ends: at `>` outside quotes, or where the next begins. A quote that does not end within reach is none.
pub(super) fn tag_end(inside: &str) -> usize {
    let bytes = inside.as_bytes();
    let mut at = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'>' | b'<' => return at,
            b'"' | b'\'' if at > 0 && bytes.get(at.saturating_sub(1)) == Some(&b'=') => {
                let reach = bytes.get(at.saturating_add(1)..).unwrap_or_default();
                let end = reach.iter().take(TAG).position(|other| other == byte);
                at = end.map_or(at, |end| at.saturating_add(end).saturating_add(1));
            }
            _ => {}
        }
        at = at.saturating_add(1);
    }
    bytes.len()
}

/// What follows the end of an element whose content is passed over.
pub(super) fn behind<'a>(html: &'a str, name: &str) -> &'a str {
    let mut rest = html;
    while let Some((_, after)) = rest.split_once("</") {
        if after.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return after.split_once('>').map_or("", |(_, after)| after);
        }
        rest = after;
    }
    ""
}

/// The value of an attribute, in lower case.
pub(super) fn attribute(attributes: &str, key: &str) -> Option<String> {
    let mut rest = attributes;
    loop {
        let (before, after) = rest.split_once('=')?;
        let name = before.trim_end().rsplit(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).next().unwrap_or_default();
        let after = after.trim_start();
        let (value, next) = match after.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inside = after.get(1..).unwrap_or_default();
                inside.split_once(quote).unwrap_or((inside, ""))
            }
            _ => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        if name.eq_ignore_ascii_case(key) {
            return Some(value.to_ascii_lowercase());
        }
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_end_outside_quotes_and_attributes_are_found() {
        assert_eq!(tag_end("a title='x > y'>z"), 15);
        assert_eq!(tag_end("a title='x > y"), 11);
        assert_eq!(tag_end("a <b>"), 2);
        assert_eq!(attribute(" class = \"A b\" id=x", "CLASS").as_deref(), Some("a b"));
        assert_eq!(attribute(" data-id=\"no\" id='Yes'", "id").as_deref(), Some("yes"));
        assert_eq!(attribute(" title=\"id=no\"", "id"), None);
        assert_eq!(behind("no</b>no</STYLE >yes", "style"), "yes");
    }
}
