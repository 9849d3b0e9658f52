//! Which groups people count for: by facts they gave about themselves, where they agree to be counted by them.

use crate::{consent::permits::standing, platform::Result};
use entity::{OrganisationId, ParticipantId, Purpose, SeatQuota, Time, consent_standing, demographic};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::SimpleExpr};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The quotas that somebody counts for, ascending; empty for those who count for none.
pub type CountsFor = Vec<u32>;

/// The groups of a list of quotas.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    by: HashMap<(String, String), u32>,
    dimensions: Vec<String>,
}

impl Groups {
    /// The groups that quotas are about.
    pub fn of(quotas: &[SeatQuota]) -> Self {
        let mut dimensions: Vec<String> = quotas.iter().map(|quota| quota.dimension.clone()).collect();
        dimensions.sort();
        dimensions.dedup();
        let key = |quota: &SeatQuota| (quota.dimension.clone(), quota.category.clone());
        Self { by: (0..).zip(quotas).map(|(at, quota)| (key(quota), at)).collect(), dimensions }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by.is_empty()
    }

    /// What people count for. `whose` names them in the column that it is given.
    pub async fn counts_for(
        &self,
        connection: &impl ConnectionTrait,
        organisation: OrganisationId,
        facts_of: SimpleExpr,
        consents_of: SimpleExpr,
        now: Time,
    ) -> Result<HashMap<ParticipantId, CountsFor>> {
        if self.is_empty() {
            return Ok(HashMap::new());
        }
        let agreed: Vec<ParticipantId> = consent_standing::Entity::find()
            .select_only()
            .column(consent_standing::Column::ParticipantId)
            .filter(standing(organisation, Purpose::DemographicsRepresentativeness, organisation.0, now))
            .filter(consents_of)
            .into_tuple()
            .all(connection)
            .await?;
        let agreed: HashSet<ParticipantId> = agreed.into_iter().collect();
        let facts: Vec<(ParticipantId, String, String)> = demographic::Entity::find()
            .select_only()
            .columns([demographic::Column::ParticipantId, demographic::Column::Dimension, demographic::Column::Category])
            .filter(demographic::Column::OrganisationId.eq(organisation))
            .filter(facts_of)
            .filter(demographic::Column::Dimension.is_in(self.dimensions.iter()))
            .into_tuple()
            .all(connection)
            .await?;
        let mut found: HashMap<ParticipantId, CountsFor> = HashMap::new();
        for (person, dimension, category) in facts.into_iter().filter(|(person, ..)| agreed.contains(person)) {
            if let Some(quota) = self.by.get(&(dimension, category)) {
                found.entry(person).or_default().push(*quota);
            }
        }
        found.values_mut().for_each(|quotas| quotas.sort_unstable());
        Ok(found)
    }
}

/// People by what they count for: how many there are of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    numbers: BTreeMap<CountsFor, u32>,
    people: Vec<u32>,
}

impl Kinds {
    /// Adds somebody, and answers the number of their kind, by the order in which kinds came.
    pub fn add(&mut self, counts_for: CountsFor) -> u32 {
        let next = u32::try_from(self.people.len()).unwrap_or(u32::MAX);
        let kind = *self.numbers.entry(counts_for).or_insert(next);
        if kind == next {
            self.people.push(0);
        }
        self.people[kind as usize] += 1;
        kind
    }

    /// The kinds, sorted by what they count for, so that they depend on nothing but the people; and the place of each number
    /// among them.
    pub fn sorted(self) -> (Vec<sortition::Kind>, Vec<u32>) {
        self.sorted_by(CountsFor::clone)
    }

    /// The same, sorted by something else that depends on what they count for.
    pub fn sorted_by<K: Ord>(self, key: impl Fn(&CountsFor) -> K) -> (Vec<sortition::Kind>, Vec<u32>) {
        let mut places = vec![0; self.people.len()];
        let mut numbers: Vec<(CountsFor, u32)> = self.numbers.into_iter().collect();
        numbers.sort_by_cached_key(|(counts_for, _)| key(counts_for));
        let kinds = (0..).zip(numbers).map(|(place, (quotas, number))| {
            places[number as usize] = place;
            sortition::Kind { people: self.people[number as usize], quotas }
        });
        let kinds = kinds.collect();
        (kinds, places)
    }
}
