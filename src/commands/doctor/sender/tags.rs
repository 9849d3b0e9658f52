//! `name=value; name=value`, as records of DKIM and DMARC are written (RFC 6376, 3.2).

use super::shown;

/// No record that receivers read has more.
const MOST: usize = 64;

/// Reads the tags, in their order.
///
/// # Errors
/// A part that is none, or a name that stands there twice.
pub fn read(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let mut tags: Vec<(&str, &str)> = Vec::new();
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or_else(|| format!("`{}` has no `=`", shown(part)))?;
        let (name, value) = (name.trim(), value.trim());
        if tags.iter().any(|(other, _)| *other == name) {
            return Err(format!("`{}=` stands in it twice", shown(name)));
        }
        if tags.len() == MOST {
            return Err("it has too many parts".to_owned());
        }
        tags.push((name, value));
    }
    Ok(tags)
}

/// The value of one.
pub fn get<'a>(tags: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    tags.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
}
