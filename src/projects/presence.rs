//! Whose presence is sought: the kinds of facts that people may be asked about themselves, and their groups.

use crate::platform::Result;
use entity::{OpportunityState, OrganisationId, PresenceTargets, opportunity, project};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

/// So many projects are read for what they seek.
const PROJECTS: u64 = 200;

/// One kind of fact, with the groups that are sought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name, such as `age_band`.
    pub dimension: String,
    /// Names of the groups, such as `25_34`.
    pub groups: Vec<String>,
}

/// The kinds of facts that matter to work which is being prepared or is open: the newest first. Of work that has ended nobody
/// is asked any more.
pub async fn sought(connection: &impl ConnectionTrait, organisation: OrganisationId) -> Result<Vec<Kind>> {
    let under_way = opportunity::Entity::find()
        .select_only()
        .column(opportunity::Column::ProjectId)
        .filter(opportunity::Column::OrganisationId.eq(organisation))
        .filter(opportunity::Column::State.is_in([OpportunityState::Draft, OpportunityState::Open]))
        .into_query();
    let found: Vec<PresenceTargets> = project::Entity::find()
        .select_only()
        .column(project::Column::Presence)
        .filter(project::Column::OrganisationId.eq(organisation))
        .filter(project::Column::Id.in_subquery(under_way))
        .order_by_desc(project::Column::Id)
        .limit(PROJECTS)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(kinds(&found))
}

fn kinds(found: &[PresenceTargets]) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    for target in found.iter().flat_map(|targets| &targets.0) {
        let at = kinds.iter().position(|kind| kind.dimension == target.dimension).unwrap_or_else(|| {
            kinds.push(Kind { dimension: target.dimension.clone(), groups: Vec::new() });
            kinds.len() - 1
        });
        if !kinds[at].groups.contains(&target.category) {
            kinds[at].groups.push(target.category.clone());
        }
    }
    kinds
}

/// The name of a kind or of a group as people read it: `under_25` is `under 25`, and `16_24` is `16 to 24`.
pub fn in_words(name: &str) -> String {
    let parts: Vec<&str> = name.split('_').collect();
    let digits = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    match parts.as_slice() {
        [low, high] if digits(low) && digits(high) => format!("{low} to {high}"),
        _ => parts.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::PresenceTarget;

    #[test]
    fn kinds_of_several_projects_are_asked_once() {
        let target = |dimension: &str, category: &str| PresenceTarget {
            dimension: dimension.into(),
            category: category.into(),
            sought: 5,
        };
        let one = PresenceTargets(vec![target("age_band", "under_25"), target("area", "north")]);
        let two = PresenceTargets(vec![target("age_band", "over_65"), target("age_band", "under_25")]);
        let found = kinds(&[one, two]);
        let names: Vec<_> = found.iter().map(|kind| (kind.dimension.as_str(), kind.groups.join(" "))).collect();
        assert_eq!(names, [("age_band", "under_25 over_65".into()), ("area", "north".to_owned())]);
    }

    #[test]
    fn names_are_read_as_words() {
        assert_eq!([in_words("under_25"), in_words("16_24"), in_words("age band")], ["under 25", "16 to 24", "age band"]);
    }
}
