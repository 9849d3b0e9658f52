//! Something ends before its time: everybody who had a part in it is told, and what is owed is not forgotten.

use crate::{
    accounts::Actor,
    invitations::endings,
    opportunities::{self, opening, rules::closes_early, tasks, ways},
    platform::{Error, Platform, Result, Tx, audit, text::Check},
    sessions::apologies,
};
use entity::{OpportunityId, OpportunityKind, OpportunityState, ending};
use sea_orm::{ActiveModelTrait, ActiveValue::Set};

/// What presses, and has no place in a goodbye: each by its words.
const PRESSING: [&[&str]; 8] = [
    &["act", "now"],
    &["don't", "miss"],
    &["hurry"],
    &["last", "chance"],
    &["upgrade"],
    &["you", "have", "to"],
    &["you", "must"],
    &["you", "should"],
];

/// What was ended.
pub struct Ended {
    /// The end.
    pub row: ending::Model,
    /// Meetings that do not take place.
    pub meetings: u64,
}

/// What is wrong with what people are told.
pub fn check(words: &str) -> Result<()> {
    let mut check = Check::new();
    check.text("/words", words, 1000);
    let plain = !words.contains("://") && !words.contains(['<', '>']);
    check.that(plain, "/words", "plain_text", "Write plain words, without links and without signs of markup.");
    let lower = words.to_lowercase().replace('’', "'");
    let presses = PRESSING.iter().map(|words| words.join(" ")).find(|phrase| lower.contains(phrase));
    let detail = presses.as_ref().map(|phrase| format!("Leave out “{phrase}”: nobody is pressed here.")).unwrap_or_default();
    check.that(presses.is_none(), "/words", "presses", detail);
    check.done()
}

/// Ends something that has places. It closes, meetings that were still to come do not take place, and letters are made for
/// everybody who has a part in it, waits, or was asked.
pub async fn end(tx: &Tx, platform: &Platform, actor: &Actor, id: OpportunityId, words: &str) -> Result<Ended> {
    let held = ways::hold(tx, actor.organisation, id).await?;
    if held.kind == OpportunityKind::Consultation {
        return Err(Error::conflict("consultation", "Nobody holds a place in a consultation. Close it, and say why."));
    }
    if held.state == OpportunityState::Draft {
        return Err(Error::conflict("draft", "This has not been opened yet."));
    }
    if endings::of(tx, actor.organisation, id).await?.is_some() {
        return Err(Error::conflict("ended", "This has been ended already."));
    }
    check(words)?;
    let row = ending::ActiveModel {
        organisation_id: Set(actor.organisation),
        opportunity_id: Set(id),
        words: Set(words.trim().to_owned()),
        ended_by: Set(actor.by.clone()),
        ended_at: Set(platform.clock.now()),
    };
    let row = row.insert(tx).await?;
    if held.state == OpportunityState::Open {
        let early = closes_early(&held, platform.clock.now(), opportunities::zone(tx, actor.organisation).await?);
        opening::shut(tx, platform, held.clone(), &actor.by, early.then(|| row.words.clone())).await?;
    }
    let meetings = apologies::cancel_all(tx, platform, actor.organisation, id, &actor.by).await?;
    endings::carry_out(tx, platform, &held, &row).await?;
    tasks::ended(tx, platform, &held).await?;
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "end_opportunity", &format!("opportunity:{id}")).await?;
    Ok(Ended { row, meetings })
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn people_are_told_in_plain_words_that_do_not_press() {
        assert!(check("The funder has stopped its grant, so the group ends at Easter.").is_ok());
        for words in ["", "  ", "See https://sunrise.example", "<b>Thank you</b>", "You must all come once more.", "HURRY"] {
            assert!(check(words).is_err(), "{words}");
        }
    }
}
