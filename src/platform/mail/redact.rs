//! Words of servers as they are kept for the operator.

/// Longest text that is kept for the operator.
const TEXT: usize = 300;

/// A server's words as they are kept: without addresses, without line breaks, not too long; and without the parts before the `@`
/// in `known` addresses, which many servers repeat alone.
pub(super) fn without_addresses<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let locals: Vec<String> = known.into_iter().filter_map(|address| Some(address.rsplit_once('@')?.0.to_lowercase())).collect();
    let clean = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let named = bare.len() >= 3 && locals.contains(&bare);
        if word.contains('@') || word.contains("%40") || named {
            "(address)".to_owned()
        } else {
            word.chars().filter(|c| !c.is_control()).collect()
        }
    };
    let words: Vec<String> = text.split_whitespace().take(TEXT).map(clean).collect();
    words.join(" ").chars().take(TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_of_mailboxes_are_taken_out() {
        let text = without_addresses(
            "5.1.1 <ben@example.org>: unknown\r\n mailbox 'Ben.Ode', see https://a.example/?u=x%40example.org",
            ["ben.ode@example.org"],
        );
        assert_eq!(text, "5.1.1 (address) unknown mailbox (address) see (address)");
        assert_eq!(without_addresses(&"word ".repeat(1000), []).chars().count(), TEXT);
    }
}
