//! What staff keep to when they work with somebody, in words.

use super::{entry::pounds, words::Word};
use crate::participants::known::Known;
use entity::NeedKind;

/// Said of what somebody cannot take part without.
pub(super) const MUST_HAVE: &str = "Must have";

/// A need in a line, with what it is about.
pub(super) fn line(need: &str, kind: NeedKind) -> String {
    if kind == NeedKind::Other { need.to_owned() } else { format!("{need} ({})", kind.said()) }
}

/// What somebody needs, by name; first what they cannot take part without.
pub(super) fn needs(known: &Known) -> Vec<(String, String)> {
    let lines = |must_have: bool| {
        let some = known.needs.iter().filter(move |need| need.must_have == must_have);
        some.map(|need| line(&need.need, need.kind)).collect::<Vec<_>>().join("\n")
    };
    let all = [(MUST_HAVE.to_owned(), lines(true)), ("What they need".to_owned(), lines(false))];
    all.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

/// What is to be kept to, by name.
pub(super) fn facts(known: &Known) -> Vec<(String, String)> {
    let money = &known.money;
    let lower = money.lower_amount_pence.map(|pence| format!("{}: £{} at most", money.payment.said(), pounds(Some(pence))));
    let mut facts = vec![
        ("May be asked about their experience", known.may_ask_about_experience.said().to_owned()),
        ("Named where their work is published", known.credit.said().to_owned()),
        ("Written material", known.format.said().to_owned()),
        ("Payment", lower.unwrap_or_else(|| money.payment.said().to_owned())),
    ];
    facts.extend(money.method.map(|method| ("How the money should come", method.said().to_owned())));
    if money.prepaid_expenses {
        facts.push(("Expenses", "They must be paid in advance".to_owned()));
    }
    let sessions = &known.sessions;
    facts.extend(sessions.longest_minutes.map(|most| ("Longest meeting", format!("{most} minutes"))));
    facts.extend(sessions.break_after_minutes.map(|most| ("A break", format!("After {most} minutes"))));
    if sessions.camera_off {
        facts.push(("Camera", "It stays off".to_owned()));
    }
    if sessions.no_chat {
        facts.push(("Chat", "The written chat is too much for them".to_owned()));
    }
    if let Some(reach) = &known.reach {
        facts.push(("Best reached", reach.channel.said().to_owned()));
        facts.extend(reach.phone.clone().map(|phone| ("Telephone", phone)));
        if reach.no_voicemail {
            facts.push(("When you call", "Say nothing to a machine, or to somebody else".to_owned()));
        }
    }
    facts.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}
