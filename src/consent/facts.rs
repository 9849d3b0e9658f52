//! Facts that people give about themselves, so that it can be seen who is missing.

use super::permits::permits_until_commit;
use crate::{
    accounts::Person,
    participants::{self, Fact},
    platform::{Error, Platform, Result},
};
use entity::Purpose;

/// Replaces the facts a person has given. They are kept while the person agrees to be counted by them, and not otherwise;
/// removing them is always possible.
pub async fn give(platform: &Platform, person: &Person, if_match: Option<&str>, facts: Vec<Fact>) -> Result<()> {
    let tx = platform.db.begin().await?;
    let keeps = !facts.is_empty();
    participants::give_facts(&tx, platform, person, if_match, facts).await?;
    let (purpose, scope) = (Purpose::DemographicsRepresentativeness, person.organisation.0);
    if keeps && !permits_until_commit(&tx, person.organisation, person.participant, purpose, scope, platform.clock.now()).await? {
        let detail = "Read the organisation's notice and agree to have facts about yourself counted first.";
        return Err(Error::conflict("consent_needed", detail));
    }
    tx.commit().await?;
    Ok(())
}
