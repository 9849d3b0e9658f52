//! Names of kinds of facts and of groups, from the words that people write for them.

/// The name of a kind of fact. People tell the fact under this name, so it has the form that the name of a fact must have.
pub(super) fn kind(words: &str) -> String {
    let words = words.to_lowercase();
    let parts = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("_")
}

/// The name of a group. What is read as “16 to 24” is written `16_24`.
pub(super) fn group(words: &str) -> String {
    let words = words.to_lowercase();
    let parts: Vec<&str> = words.split_whitespace().collect();
    let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    match parts.as_slice() {
        [low, "to", high] if digits(low) && digits(high) => format!("{low}_{high}"),
        _ => parts.join("_"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projects::presence::in_words;

    #[test]
    fn a_group_is_written_as_it_is_read() {
        for name in ["16_24", "65_plus", "under_25", "north"] {
            assert_eq!(group(&in_words(name)), name);
        }
        assert_eq!((kind("Age band"), group("16 24")), ("age_band".to_owned(), "16_24".to_owned()));
    }
}
