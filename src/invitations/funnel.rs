//! How the invitations of an opportunity stand, in numbers.

use super::{
    api::{FunnelOut, LetterCount, StateCount},
    make, places,
};
use crate::{
    accounts::{Actor, Power, organisations},
    platform::{Platform, Result},
    statistics::disclosure::{alone, row},
};
use entity::{InvitationState, MailState, PlaceState, invitation, opportunity};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use std::collections::HashMap;

/// How the invitations of an opportunity stand, for this member of staff: those who run it need the exact numbers; for everybody
/// else those about few people are withheld.
pub async fn told(platform: &Platform, actor: &Actor, about: &opportunity::Model) -> Result<FunnelOut> {
    let funnel = Funnel::read(platform.db.read(), about).await?;
    if actor.may(Power::ManageWork) {
        return Ok(funnel.open());
    }
    let minimum = organisations::get(platform, actor.organisation).await?.minimum_group;
    Ok(funnel.protected(u64::try_from(minimum).unwrap_or(u64::MAX)))
}

/// The exact numbers.
pub(super) struct Funnel {
    /// Every state, also those that nobody is in: that one is missing must not tell from that it is withheld.
    invitations: Vec<(InvitationState, u64)>,
    letters: Vec<(MailState, u64)>,
    places: Option<i32>,
    filled: u64,
    waiting: u64,
}

impl Funnel {
    pub(super) async fn read(connection: &impl ConnectionTrait, about: &opportunity::Model) -> Result<Self> {
        let organisation = about.organisation_id;
        let counts: Vec<(InvitationState, i64)> = invitation::Entity::find()
            .select_only()
            .column(invitation::Column::State)
            .column_as(invitation::Column::Id.count(), "count")
            .filter(invitation::Column::OrganisationId.eq(organisation))
            .filter(invitation::Column::OpportunityId.eq(about.id))
            .group_by(invitation::Column::State)
            .into_tuple()
            .all(connection)
            .await?;
        let counts: HashMap<_, _> = counts.into_iter().map(|(state, count)| (state, u64::try_from(count).unwrap_or(0))).collect();
        let letters: HashMap<_, _> = make::letter_counts(connection, organisation, about.id).await?.into_iter().collect();
        Ok(Self {
            invitations: every(InvitationState::ALL, &counts),
            letters: every(MailState::ALL, &letters),
            places: about.places,
            filled: places::count(connection, organisation, about.id, PlaceState::Held).await?,
            waiting: places::count(connection, organisation, about.id, PlaceState::Waiting).await?,
        })
    }

    fn asked(&self) -> u64 {
        self.invitations.iter().filter(|(state, _)| *state != InvitationState::Unsent).map(|(_, count)| count).sum()
    }

    /// For those who run the opportunity.
    pub(super) fn open(self) -> FunnelOut {
        FunnelOut {
            asked: Some(self.asked()),
            invitations: self.invitations.into_iter().map(|(state, count)| StateCount { state, count: Some(count) }).collect(),
            letters: self.letters.into_iter().map(|(state, count)| LetterCount { state, count: Some(count) }).collect(),
            places: self.places,
            filled: Some(self.filled),
            waiting: Some(self.waiting),
        }
    }

    /// For everybody else who may read it. Letters and places follow from invitations, so they are told where nothing about
    /// invitations is withheld.
    pub(super) fn protected(self, minimum: u64) -> FunnelOut {
        let asked = alone(self.asked(), minimum);
        let invitations = row(&self.invitations, minimum);
        let all = invitations.iter().all(|(_, count)| count.is_some());
        let letters = row(&self.letters, minimum);
        let told = |count: u64| alone(count, minimum).number().filter(|_| all);
        FunnelOut {
            asked: asked.number(),
            invitations: invitations.into_iter().map(|(state, count)| StateCount { state, count }).collect(),
            letters: letters.into_iter().map(|(state, count)| LetterCount { state, count: count.filter(|_| all) }).collect(),
            places: self.places,
            filled: told(self.filled),
            waiting: told(self.waiting),
        }
    }
}

fn every<S: Copy + Eq + std::hash::Hash>(states: &[S], counts: &HashMap<S, u64>) -> Vec<(S, u64)> {
    states.iter().map(|state| (*state, counts.get(state).copied().unwrap_or(0))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn funnel(accepted: u64, declined: u64) -> FunnelOut {
        let counts = HashMap::from([(InvitationState::Accepted, accepted), (InvitationState::Declined, declined)]);
        let letters = HashMap::from([(MailState::Sent, accepted + declined)]);
        let funnel = Funnel {
            invitations: every(InvitationState::ALL, &counts),
            letters: every(MailState::ALL, &letters),
            places: Some(20),
            filled: accepted,
            waiting: 0,
        };
        funnel.protected(5)
    }

    fn state(out: &FunnelOut, state: InvitationState) -> Option<u64> {
        out.invitations.iter().find(|row| row.state == state).and_then(|row| row.count)
    }

    #[test]
    fn who_does_not_run_it_is_told_nothing_about_few() {
        use InvitationState::{Accepted, Declined, Sent};
        let many = funnel(10, 6);
        assert_eq!((many.asked, many.filled, many.waiting), (Some(16), Some(10), Some(0)));
        assert_eq!((state(&many, Accepted), state(&many, Declined), state(&many, Sent)), (Some(10), Some(6), Some(0)));
        // One said no: what is left after all others are taken from the total must not say so.
        let one = funnel(10, 1);
        assert_eq!((one.asked, one.filled, one.waiting), (Some(11), None, None));
        assert_eq!((state(&one, Accepted), state(&one, Declined)), (None, None));
        assert!(one.letters.iter().all(|row| row.count.is_none()));
        let few = funnel(2, 1);
        assert_eq!(few.asked, None);
        assert!(few.invitations.iter().all(|row| row.count.is_none()));
    }
}
