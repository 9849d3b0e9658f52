//! Whether the DNS holds the keys that letters are signed with (RFC 6376, 3.6.1).

use super::{dns::Dns, shown, tags};
use crate::platform::mail::dkim;

/// How a published key stands to ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is ours, and there is nothing against it.
    Good,
    /// It is ours, and receivers are told that it is only being tried out.
    Testing,
    /// There is none.
    Absent,
    /// There is one, and it will not do; why.
    Wrong(String),
    /// Nobody could be asked; why.
    Unknown(String),
}

/// Looks at where the record should be.
pub async fn look(dns: &dyn Dns, ours: &dkim::Record) -> State {
    match dns.texts(&ours.name).await {
        Ok(texts) => judge(&texts, ours),
        Err(fault) => State::Unknown(fault.0),
    }
}

fn judge(texts: &[String], ours: &dkim::Record) -> State {
    let text = match texts {
        [] => return State::Absent,
        [text] => text,
        // Which of them is taken is not laid down (3.6.2.2).
        _ => return State::Wrong(format!("there are {} records of text at this name: leave only the one below", texts.len())),
    };
    match compare(text, &ours.value) {
        Ok(state) => state,
        Err(why) => State::Wrong(why),
    }
}

fn compare(text: &str, ours: &str) -> Result<State, String> {
    let (tags, ours) = (tags::read(text)?, tags::read(ours)?);
    let get = |name: &str| tags::get(&tags, name);
    if tags.iter().skip(1).any(|(name, _)| *name == "v") || get("v").is_some_and(|version| version != "DKIM1") {
        return Err("`v=` must be DKIM1, and stand first".to_owned());
    }
    let key: String = get("p").ok_or("it holds no key (`p=`)")?.split_whitespace().collect();
    if key.is_empty() {
        return Err("it says that the key is not to be trusted any more (`p=` is empty)".to_owned());
    }
    let kind = tags::get(&ours, "k").unwrap_or("rsa");
    if get("k").unwrap_or("rsa") != kind {
        return Err(format!("it is for a key of the kind {}, and ours is {kind}", shown(get("k").unwrap_or("rsa"))));
    }
    if Some(key.as_str()) != tags::get(&ours, "p") {
        return Err("it holds another key than the one that letters are signed with".to_owned());
    }
    let lists =
        |name: &str, word: &str| get(name).is_none_or(|list| list.split(':').any(|one| one.trim().eq_ignore_ascii_case(word)));
    if !lists("h", "sha256") {
        return Err("it does not allow sha256 (`h=`), with which letters are signed".to_owned());
    }
    if !lists("s", "email") && !lists("s", "*") {
        return Err("it is not for e-mail (`s=`)".to_owned());
    }
    let testing = get("t").is_some_and(|flags| flags.split(':').any(|flag| flag.trim() == "y"));
    Ok(if testing { State::Testing } else { State::Good })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_key_is_held_against_ours() {
        let ours = dkim::Record { name: "letters._domainkey.sunrise.example".into(), value: "v=DKIM1; k=rsa; p=QUJD".into() };
        let of = |text: &str| judge(&[text.to_owned()], &ours);
        for good in [
            "v=DKIM1; k=rsa; p=QUJD",
            "p=QUJD",
            "v=DKIM1;p=QU JD;",
            "k=rsa; p=QUJD; s=*; h=sha1:sha256; t=s; n=a note",
            "p=QUJD; s=email",
        ] {
            assert_eq!(of(good), State::Good, "{good}");
        }
        assert_eq!(of("v=DKIM1; p=QUJD; t=s:y"), State::Testing);
        for (bad, words) in [
            ("v=DKIM1; p=", "not to be trusted"),
            ("v=DKIM1; p=REVG", "another key"),
            ("v=DKIM1; k=ed25519; p=QUJD", "ours is rsa"),
            ("v=DKIM2; p=QUJD", "`v=`"),
            ("p=QUJD; v=DKIM1", "stand first"),
            ("v=DKIM1; k=rsa", "no key"),
            ("v=DKIM1; p=QUJD; h=sha1", "sha256"),
            ("v=DKIM1; p=QUJD; s=tlsrpt", "not for e-mail"),
            ("v=DKIM1; p=QUJD; p=QUJD", "twice"),
            ("see our page", "no `=`"),
        ] {
            assert!(matches!(of(bad), State::Wrong(why) if why.contains(words)), "{bad}: {:?}", of(bad));
        }
        assert_eq!(judge(&[], &ours), State::Absent);
        assert!(matches!(judge(&["p=QUJD".into(), "x".into()], &ours), State::Wrong(_)));
        // An answer of great length says no more than a short one.
        let State::Wrong(why) = of(&"x;".repeat(50_000)) else { panic!() };
        assert!(why.len() < 100, "{why}");
    }
}
