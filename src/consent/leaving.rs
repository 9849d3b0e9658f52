//! Leaving an organisation, with everything that was agreed with it.

use super::record::{self, Speaker};
use crate::{
    accounts::Person,
    participants,
    platform::{Platform, Result},
};

/// Leaves. What was agreed with the organisation as a whole is taken back in the same transaction, so that coming back
/// begins anew; with `everything`, so is what was agreed for particular pieces of work. Leaving twice changes nothing.
pub async fn leave(platform: &Platform, person: &Person, everything: bool) -> Result<()> {
    let tx = platform.db.begin().await?;
    if !participants::leave(&tx, platform, person).await? {
        return Ok(());
    }
    let speaker = Speaker::on_the_web(person);
    for standing in record::standing_of(&tx, person.organisation, person.participant).await? {
        if everything || standing.scope_id == person.organisation.0 {
            record::withdraw(&tx, platform, &speaker, standing.purpose, standing.scope_id).await?;
        }
    }
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(())
}

/// What leaving means, in plain English.
pub fn what_happens(everything: bool, contact: &str) -> Vec<String> {
    let given = if everything {
        "What you gave to particular pieces of work is taken back too. What you were promised for that case is being done."
    } else {
        "What you gave to particular pieces of work stays there, as you agreed. The link in a letter about it still lets you take it \
         back."
    };
    vec![
        "You have left. Nothing more will be asked of you, and you are signed out everywhere.".into(),
        "What you agreed to with the organisation as a whole is taken back: to be written to, and to have facts about \
         yourself counted. What you were promised for that case is being done."
            .into(),
        given.into(),
        "Money that is owed to you will be paid.".into(),
        "You can join again at any time. You then choose anew what you agree to.".into(),
        format!("Questions, or something to be removed: {contact}"),
    ]
}
