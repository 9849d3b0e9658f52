//! How many of each group were asked, said yes and have a place, against what was wanted. Small numbers are withheld, and with
//! them whatever would give them away.

use super::{
    forecast::Range,
    letters::Rates,
    pending::{Late, Pending},
    rates,
};
use crate::{
    consent::permitting,
    opportunities::{self, quotas},
    platform::Result,
    statistics::disclosure::{Shown, part, row},
};
use entity::{InvitationState, PlaceState, Purpose, SeatQuota, Time, demographic, invitation, opportunity, organisation, place};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait, Select,
};
use std::collections::{BTreeSet, HashMap};

/// One group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What was wanted.
    pub quota: SeatQuota,
    /// How many were asked; nothing where the number is withheld.
    pub asked: Option<u64>,
    /// How many said yes.
    pub accepted: Option<u64>,
    /// How many have a place.
    pub seated: Option<u64>,
    /// How many will have said yes in the end: those who have, and what can be expected of those who have not answered.
    pub expected: Option<Range>,
}

/// How an opportunity stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Its groups; none where none are wanted.
    pub groups: Vec<Group>,
    /// How many were asked.
    pub asked: u64,
    /// How many said yes.
    pub accepted: u64,
    /// How many have a place.
    pub seated: u64,
    /// How many will have said yes in the end; nothing where nobody can answer any more.
    pub expected: Option<Range>,
}

/// What is counted: by group, and altogether.
#[derive(Default)]
struct Counts {
    of: HashMap<(String, String), u64>,
    all: u64,
}

#[derive(FromQueryResult)]
struct Cell {
    dimension: String,
    category: String,
    people: i64,
}

/// How an opportunity and the groups of its quotas stand, for those who run it.
pub async fn read(
    connection: &impl ConnectionTrait,
    organisation: &organisation::Model,
    opportunity: &opportunity::Model,
    now: Time,
) -> Result<Standing> {
    let quotas = quotas::of(connection, organisation.id, opportunity.id).await?.quotas;
    let invited = || {
        invitation::Entity::find()
            .select_only()
            .column(invitation::Column::ParticipantId)
            .filter(invitation::Column::OrganisationId.eq(organisation.id))
            .filter(invitation::Column::OpportunityId.eq(opportunity.id))
    };
    let asked = invited().filter(invitation::Column::State.ne(InvitationState::Unsent));
    let yes = [InvitationState::Accepted, InvitationState::Waiting];
    let accepted = invited().filter(invitation::Column::State.is_in(yes));
    let seated = place::Entity::find()
        .select_only()
        .column(place::Column::ParticipantId)
        .filter(place::Column::OrganisationId.eq(organisation.id))
        .filter(place::Column::OpportunityId.eq(opportunity.id))
        .filter(place::Column::State.eq(PlaceState::Held));
    let by_group = !quotas.is_empty();
    let counted = [
        count(connection, organisation, asked, by_group, now).await?,
        count(connection, organisation, accepted, by_group, now).await?,
        count(connection, organisation, seated, by_group, now).await?,
    ];
    let coming = match opportunities::is_open(connection, opportunity, now).await? {
        true => Some(Coming {
            pending: Pending::read(connection, opportunity, by_group, now).await?,
            late: Late::read(connection, organisation.id, now).await?,
            rates: rates::of(connection, organisation.id, &quotas, now).await?,
        }),
        false => None,
    };
    let [asked, accepted, seated] = [0, 1, 2].map(|at: usize| counted[at].all);
    let expected = coming.as_ref().map(|coming| coming.late.expected(coming.pending.all, &coming.rates, None).after(accepted));
    let minimum = u64::try_from(organisation.minimum_group).unwrap_or(5);
    let groups = told(quotas, &counted, coming.as_ref(), minimum);
    Ok(Standing { groups, asked, accepted, seated, expected })
}

/// What is still to come, and what is known of such.
struct Coming {
    pending: Pending,
    late: Late,
    rates: Rates,
}

/// Counts people, and where groups are wanted, by the facts that may be counted. `whose` selects their ids.
async fn count<E: EntityTrait>(
    connection: &impl ConnectionTrait,
    organisation: &organisation::Model,
    whose: Select<E>,
    by_group: bool,
    now: Time,
) -> Result<Counts>
where
    E::Model: Send + Sync,
{
    let all = whose.clone().count(connection).await?;
    if !by_group {
        return Ok(Counts { all, of: HashMap::new() });
    }
    let allowed = permitting(organisation.id, Purpose::DemographicsRepresentativeness, organisation.id.0, now);
    let people = demographic::Column::ParticipantId;
    let cells: Vec<Cell> = demographic::Entity::find()
        .select_only()
        .column(demographic::Column::Dimension)
        .column(demographic::Column::Category)
        .column_as(people.count(), "people")
        .filter(demographic::Column::OrganisationId.eq(organisation.id))
        .filter(people.in_subquery(allowed))
        .filter(people.in_subquery(whose.into_query()))
        .group_by(demographic::Column::Dimension)
        .group_by(demographic::Column::Category)
        .into_model()
        .all(connection)
        .await?;
    let cell = |cell: Cell| ((cell.dimension, cell.category), u64::try_from(cell.people).unwrap_or(0));
    Ok(Counts { all, of: cells.into_iter().map(cell).collect() })
}

/// What may be told. Each column is protected by itself; a part is withheld where what is left of the whole would be small.
fn told(quotas: Vec<SeatQuota>, counted: &[Counts], coming: Option<&Coming>, minimum: u64) -> Vec<Group> {
    let of = |counts: &Counts, quota: &SeatQuota| {
        counts.of.get(&(quota.dimension.clone(), quota.category.clone())).copied().unwrap_or(0)
    };
    let column = |counts: &Counts| {
        let people: Vec<u64> = quotas.iter().map(|quota| of(counts, quota)).collect();
        shown(&quotas, &people, counts.all, minimum)
    };
    let columns: Vec<Vec<Option<u64>>> = counted.iter().map(column).collect();
    let silent = |coming: &Coming, quota: &SeatQuota| {
        coming.pending.of.get(&(quota.dimension.clone(), quota.category.clone())).copied().unwrap_or_default()
    };
    let open = match coming {
        Some(coming) => {
            let people: Vec<u64> = quotas.iter().map(|quota| silent(coming, quota).iter().sum()).collect();
            shown(&quotas, &people, coming.pending.all.iter().sum(), minimum)
        }
        None => vec![None; quotas.len()],
    };
    let within = |part_of: Option<u64>, whole: Option<u64>| {
        let (some, whole) = part_of.zip(whole)?;
        (part(some, whole, minimum) != Shown::Few).then_some(some)
    };
    let group = |(at, quota): (usize, SeatQuota)| {
        let [asked, accepted, seated] = [0, 1, 2].map(|column: usize| columns.get(column).and_then(|column| column[at]));
        let accepted = within(accepted, asked);
        let expected = coming.zip(open[at].zip(asked).zip(accepted)).and_then(|(coming, ((open, asked), accepted))| {
            // What is expected follows from how many have not answered: both are told, or neither.
            let told = part(open, asked, minimum) != Shown::Few;
            told.then(|| coming.late.expected(silent(coming, &quota), &coming.rates, Some(at)).after(accepted))
        });
        Group { quota, asked, accepted, seated: within(seated, accepted), expected }
    };
    quotas.iter().cloned().enumerate().map(group).collect()
}

/// How many people of each quota may be told, of so many in all: the groups of a kind of fact, and everybody else, are all of them,
/// so they are protected together.
pub fn shown(quotas: &[SeatQuota], people: &[u64], all: u64, minimum: u64) -> Vec<Option<u64>> {
    let mut shown = vec![None; quotas.len()];
    let dimensions: BTreeSet<&str> = quotas.iter().map(|quota| quota.dimension.as_str()).collect();
    for dimension in dimensions {
        let mut cells: Vec<(Option<usize>, u64)> = (quotas.iter().zip(people).enumerate())
            .filter(|(_, (quota, _))| quota.dimension == dimension)
            .map(|(at, (_, people))| (Some(at), *people))
            .collect();
        cells.push((None, all.saturating_sub(cells.iter().map(|(_, count)| count).sum())));
        for (at, count) in row(&cells, minimum) {
            if let Some(at) = at {
                shown[at] = count;
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(category: &str) -> SeatQuota {
        SeatQuota { dimension: "age_band".into(), category: category.into(), min: 2, max: 30 }
    }

    fn counts(young: u64, old: u64) -> Counts {
        let of = |category: &str, count| (("age_band".to_owned(), category.to_owned()), count);
        Counts { of: HashMap::from([of("16_24", young), of("65_plus", old)]), all: young + old }
    }

    #[test]
    fn what_is_left_of_a_whole_is_not_told_where_it_is_small() {
        let quotas = || vec![quota("16_24"), quota("65_plus")];
        let shown = |asked, accepted, seated| {
            let told = told(quotas(), &[asked, accepted, seated], None, 5);
            told.into_iter().map(|group| (group.asked, group.accepted, group.seated)).collect::<Vec<_>>()
        };
        let all = shown(counts(30, 20), counts(20, 10), counts(10, 10));
        assert_eq!(all, [(Some(30), Some(20), Some(10)), (Some(20), Some(10), Some(10))]);
        // Two of the young did not say yes: that is not told, and so neither is who has a place.
        let few = shown(counts(30, 20), counts(28, 10), counts(10, 10));
        assert_eq!(few, [(Some(30), None, None), (Some(20), Some(10), Some(10))]);
        // Three of the old have a place: the young, with the total known, would say so.
        let small = shown(counts(30, 20), counts(20, 10), counts(12, 3));
        assert_eq!(small, [(Some(30), Some(20), None), (Some(20), Some(10), None)]);
    }
}
