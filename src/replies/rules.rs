//! What is read out of an answer, and what is taken out of it.

/// Stands for a link or a code that was in an answer.
const TAKEN_OUT: &str = "[link]";
/// So many letters and digits without a blank may be the secret of a link.
const CODE: usize = 24;
/// A code of chance has at least so many capitals and so many small letters; words have not.
const OF_EACH: usize = 3;

/// The words without what opens something: the letter that an answer quotes holds links that are the person's alone, and staff
/// read answers. Addresses with our token in them go too.
pub fn without_codes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (n, line) in text.split('\n').enumerate() {
        if n > 0 {
            out.push('\n');
        }
        for word in line.split_inclusive([' ', '\t', '\r']) {
            let bare = word.trim_end_matches([' ', '\t', '\r']);
            out.push_str(&cleaned(bare));
            out.push_str(&word[bare.len()..]);
        }
    }
    out
}

/// A word without codes. A link goes whole, from where it begins: what is left of it would be of no use.
fn cleaned(word: &str) -> String {
    let runs = word.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+')));
    if !runs.into_iter().any(is_code) {
        return word.to_owned();
    }
    let start = ["https://", "http://", "mailto:"].iter().filter_map(|scheme| word.find(scheme)).min();
    let start = start.unwrap_or_else(|| word.find(|c: char| c.is_ascii_alphanumeric()).unwrap_or(0));
    let end = word.trim_end_matches(['>', ')', ']', '.', ',', '"']).len().max(start);
    format!("{}{TAKEN_OUT}{}", &word[..start], &word[end..])
}

fn is_code(run: &str) -> bool {
    let ours = |prefix: &str| run.get(..2).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix)) && run.len() >= CODE;
    if ours("b+") || ours("r+") {
        return true;
    }
    let token = run.len() >= 8 && run.starts_with('a') && run.as_bytes().get(2) == Some(&b'_');
    let count = |kind: fn(&u8) -> bool| run.bytes().filter(kind).count();
    let mixed = count(u8::is_ascii_uppercase) >= OF_EACH && count(u8::is_ascii_lowercase) >= OF_EACH;
    token || (run.len() >= CODE && mixed)
}

/// How much less somebody wants, where that is all that they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// No more letters of this kind.
    Kind,
    /// No more letters at all.
    All,
}

/// Ways to say that no more letters are wanted, in lower case.
const STOP: [&str; 23] = [
    "stop",
    "stop it",
    "stop this",
    "stop these letters",
    "stop these emails",
    "stop these e-mails",
    "stop emailing me",
    "stop e-mailing me",
    "stop mailing me",
    "stop writing to me",
    "stop sending me emails",
    "stop sending me these",
    "stop contacting me",
    "do not write to me",
    "do not email me",
    "do not contact me",
    "don't write to me",
    "don't email me",
    "don't contact me",
    "unsubscribe",
    "unsubscribe me",
    "remove me from your list",
    "take me off your list",
];
/// Ways to say that no letters at all are wanted.
const STOP_ALL: [&str; 8] = [
    "stop all letters",
    "stop all emails",
    "stop all e-mails",
    "unsubscribe me from everything",
    "unsubscribe from everything",
    "unsubscribe me from all",
    "unsubscribe all",
    "stop everything",
];
/// What may stand before or after, and changes nothing.
const POLITE: [&str; 8] = ["hi", "hello", "please", "thanks", "thank you", "again", "now", "any more"];

/// Whether somebody says that they want no more letters, and nothing else: what is said beside it is for people to read. `subject`
/// counts where there are no words.
pub fn asks_to_stop(words: &str, subject: Option<&str>) -> Option<Stop> {
    let said = if words.trim().is_empty() { subject.unwrap_or_default() } else { words };
    // Whoever says more than this says something else too.
    if said.chars().count() > 120 {
        return None;
    }
    let lower: String = said.to_lowercase().replace('\u{2019}', "'");
    let plain: String = lower.chars().map(|c| if c.is_alphanumeric() || matches!(c, '\'' | '-') { c } else { ' ' }).collect();
    let mut said = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    loop {
        let before = said.len();
        for word in POLITE {
            if let Some(rest) = said.strip_prefix(word).and_then(|rest| rest.strip_prefix(' ')) {
                said = rest.to_owned();
            }
            if let Some(rest) = said.strip_suffix(word).and_then(|rest| rest.strip_suffix(' ')) {
                said = rest.to_owned();
            }
        }
        if said.len() == before {
            break;
        }
    }
    match said.as_str() {
        said if STOP_ALL.contains(&said) => Some(Stop::All),
        said if STOP.contains(&said) => Some(Stop::Kind),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOKEN: &str = "ai_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyMDE";

    #[test]
    fn no_link_of_the_letter_stays_in_an_answer_and_words_do() {
        let quoted = format!(
            "Yes, I will come.\n> Answer:\n> https://a.example/i/{TOKEN}\n> <https://a.example/u/{}>.\n\
             On Monday Sunrise <r+aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyyde@a.example> wrote:",
            TOKEN.replace("ai_", "au_")
        );
        let clean = without_codes(&quoted);
        assert_eq!(clean, "Yes, I will come.\n> Answer:\n> [link]\n> <[link]>.\nOn Monday Sunrise <[link]> wrote:");
        // Wrapped, and so in two pieces; cut off; with the front end of another system.
        let (first, second) = TOKEN.split_at(12);
        for hidden in [format!("{first}=\n{second}"), TOKEN[3..].to_owned(), format!("see(https://b.example/#{TOKEN})now")] {
            let clean = without_codes(&hidden);
            assert!(!clean.contains(&TOKEN[20..40]), "{hidden}: {clean}");
        }
        for kept in [
            "Donaudampfschifffahrtsgesellschaftskapitän",
            "https://www.sunrise.example/about-us/our-people-and-how-to-reach-them",
            "0199d3c2-7a10-7c4e-9f0e-2b6f1a5c8d3e",
            "ben@people.example",
            "a_b",
            "   indented\tand \u{e9}\r\n",
        ] {
            assert_eq!(without_codes(kept), kept);
        }
    }

    #[test]
    fn somebody_who_says_stop_and_nothing_else_is_understood() {
        for (said, expected) in [
            ("Unsubscribe", Some(Stop::Kind)),
            ("please stop.", Some(Stop::Kind)),
            ("STOP!!!", Some(Stop::Kind)),
            ("Hello,\n\nplease don\u{2019}t write to me any more.\n\nThank you", Some(Stop::Kind)),
            ("Stop all emails please", Some(Stop::All)),
            ("Please stop the noise on the ward.", None),
            ("I could not stop laughing. Unsubscribe", None),
            ("", None),
            ("please", None),
        ] {
            assert_eq!(asks_to_stop(said, None), expected, "{said}");
        }
        assert_eq!(asks_to_stop(" ", Some("unsubscribe")), Some(Stop::Kind));
        assert_eq!(asks_to_stop("I like it", Some("unsubscribe")), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail_and_lines_stay_lines(text in "\\PC{0,60}(\n\\PC{0,60}){0,3}") {
            asks_to_stop(&text, Some(&text));
            prop_assert_eq!(without_codes(&text).matches('\n').count(), text.matches('\n').count());
        }

        #[test]
        fn no_token_stays(bits in any::<[u8; 32]>(), before in "[ (<\"]{0,3}", after in "[ )>.\"]{0,3}") {
            use crate::platform::secret::{Token, TokenKind};
            let token = Token::new(TokenKind::Invitation, bits);
            let clean = without_codes(&format!("{before}{}{after}", token.reveal()));
            prop_assert!(!clean.contains(&token.reveal()[8..]));
        }
    }
}
