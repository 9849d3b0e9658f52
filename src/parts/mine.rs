//! What part somebody has in something, and what they can choose.

use super::gave::Gave;
use crate::{
    accounts::Person,
    consent::withdrawal::Whose,
    invitations::{endings, parting::Held},
    participants::{self, preferences},
    platform::{Platform, Result},
    sessions::apologies,
};
use entity::{Credit, OpportunityId, PartChoice, ending, opportunity};

/// Where somebody stands in something.
pub struct Mine {
    /// The part that they have, or had.
    pub held: Held,
    /// The end of it, if whoever ran it has ended it.
    pub ending: Option<ending::Model>,
    /// Lighter ways.
    pub lighter: Vec<opportunity::Model>,
    /// Meetings that are still to come.
    pub to_come: u64,
    /// What they gave.
    pub gave: Gave,
    /// How they want to be named where their work is published.
    pub credit: Credit,
}

impl Mine {
    /// Where a person stands. Whoever never had a part finds nothing.
    pub async fn read(platform: &Platform, person: &Person, id: OpportunityId) -> Result<Self> {
        let (db, now) = (platform.db.read(), platform.clock.now());
        let held = Held::read(db, person, id).await?;
        let whose = whose(person, id);
        let (_, wishes) = preferences::current(db, &participants::row(db, person).await?).await?;
        Ok(Self {
            credit: wishes.story.credit,
            ending: endings::of(db, person.organisation, id).await?,
            lighter: held.lighter(db, platform, person).await?,
            to_come: if !held.takes_part() { 0 } else { apologies::to_come(db, person, id, now, None).await? },
            gave: Gave::read(db, whose, whose.unpublished(db, now).await?).await?,
            held,
        })
    }

    /// What they can choose now.
    pub fn choices(&self) -> Vec<PartChoice> {
        let fits = |choice: &PartChoice| match choice {
            PartChoice::Leave => true,
            PartChoice::Pause => !self.held.left() && self.ending.is_none(),
            PartChoice::Lighter => !self.lighter.is_empty(),
        };
        PartChoice::ALL.iter().copied().filter(fits).collect()
    }

    /// Whether they are told what came of it.
    pub fn results(&self) -> bool {
        self.held.part.as_ref().map_or(self.held.takes_part(), |part| part.results)
    }
}

/// A person, as whoever gave something.
pub(super) fn whose(person: &Person, opportunity: OpportunityId) -> Whose {
    Whose { organisation: person.organisation, participant: person.participant, opportunity }
}
