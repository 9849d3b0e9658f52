//! Who took part against who was sought.

use super::{
    disclosure::{Shown, alone, protect},
    numbers::count,
    people::{self, Audience, Scope},
};
use crate::{
    consent::permitting,
    platform::{Error, Result},
};
use entity::{OpportunityId, OrganisationId, PresenceTarget, Purpose, Time, demographic, opportunity, project};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use std::collections::BTreeMap;

/// One group that was sought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name, such as `25_34`.
    pub category: String,
    /// How many were sought.
    pub sought: u64,
    /// How many took part.
    pub took_part: Shown,
}

/// One kind of fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Its name, such as `age_band`.
    pub dimension: String,
    /// How many of those who took part let this fact be counted.
    pub counted: Shown,
    /// The groups, in the order of the plan. All of them, also those of which nobody came.
    pub groups: Vec<Group>,
}

#[derive(FromQueryResult)]
struct Cell {
    dimension: String,
    category: String,
    people: i64,
}

/// Who took part, by the groups that the project seeks. Counts those people alone who let facts about themselves be
/// counted, and themselves in what is published.
pub async fn presence(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    minimum: u64,
    now: Time,
) -> Result<Vec<Dimension>> {
    let targets = targets(connection, organisation, opportunity).await?;
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let scope = Scope { organisation, opportunity };
    let allowed = permitting(organisation, Purpose::DemographicsRepresentativeness, organisation.0, now);
    let cells = demographic::Entity::find()
        .select_only()
        .column(demographic::Column::Dimension)
        .column(demographic::Column::Category)
        .column_as(demographic::Column::ParticipantId.count(), "people")
        .filter(demographic::Column::OrganisationId.eq(organisation))
        .filter(demographic::Column::ParticipantId.in_subquery(allowed))
        .filter(people::took_part(demographic::Column::ParticipantId, scope, Audience::Everybody, now))
        .group_by(demographic::Column::Dimension)
        .group_by(demographic::Column::Category)
        .into_model::<Cell>()
        .all(connection)
        .await?;
    let mut counts = BTreeMap::new();
    for cell in cells {
        counts.insert((cell.dimension, cell.category), count(cell.people)?);
    }
    Ok(table(&targets, &counts, minimum))
}

async fn targets(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
) -> Result<Vec<PresenceTarget>> {
    let found = opportunity::Entity::find_by_id((organisation, opportunity)).one(connection).await?;
    let found = found.ok_or(Error::NotFound("opportunity"))?;
    let project = project::Entity::find_by_id((organisation, found.project_id)).one(connection).await?;
    Ok(project.map(|project| project.presence.0).unwrap_or_default())
}

/// The table of the groups sought. People of groups that were not sought stand in the sum, so they are protected with
/// the rest though they have no line.
fn table(targets: &[PresenceTarget], counts: &BTreeMap<(String, String), u64>, minimum: u64) -> Vec<Dimension> {
    let mut names: Vec<&str> = Vec::new();
    for target in targets {
        if !names.contains(&target.dimension.as_str()) {
            names.push(&target.dimension);
        }
    }
    names.into_iter().map(|name| dimension(name, targets, counts, minimum)).collect()
}

fn dimension(name: &str, targets: &[PresenceTarget], counts: &BTreeMap<(String, String), u64>, minimum: u64) -> Dimension {
    let sought: Vec<&PresenceTarget> = targets.iter().filter(|target| target.dimension == name).collect();
    let of = |category: &str| counts.get(&(name.to_owned(), category.to_owned())).copied().unwrap_or(0);
    let total: u64 = counts.iter().filter(|((dimension, _), _)| dimension == name).map(|(_, count)| count).sum();
    let mut cells: Vec<(String, u64)> = sought.iter().map(|target| (target.category.clone(), of(&target.category))).collect();
    let others = total - cells.iter().map(|(_, count)| count).sum::<u64>().min(total);
    cells.push((String::new(), others));
    // Of a handful nothing is told at all: beside a 0 even a withheld number says where they are.
    let counted = alone(total, minimum);
    let shown = protect(&cells, minimum).into_iter().map(|(_, shown)| if counted == Shown::Few { Shown::Few } else { shown });
    let groups = sought.into_iter().zip(shown).map(|(target, took_part)| Group {
        category: target.category.clone(),
        sought: u64::try_from(target.sought).unwrap_or(0),
        took_part,
    });
    Dimension { dimension: name.to_owned(), counted, groups: groups.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(category: &str, sought: i32) -> PresenceTarget {
        PresenceTarget { dimension: "age_band".into(), category: category.into(), sought }
    }

    fn shown(counts: &[(&str, u64)]) -> (Shown, Vec<Shown>) {
        let counts = counts.iter().map(|(category, n)| (("age_band".to_owned(), (*category).to_owned()), *n)).collect();
        let table = table(&[target("under_25", 5), target("over_65", 5)], &counts, 5);
        (table[0].counted, table[0].groups.iter().map(|group| group.took_part).collect())
    }

    #[test]
    fn groups_are_shown_or_withheld_together() {
        use Shown::{Few, Number};
        assert_eq!(shown(&[("under_25", 10), ("over_65", 7)]), (Number(17), vec![Number(10), Number(7)]));
        assert_eq!(shown(&[("under_25", 10), ("over_65", 2)]), (Number(12), vec![Few, Few]));
        assert_eq!(shown(&[("under_25", 10), ("over_65", 2), ("between", 8)]), (Number(20), vec![Number(10), Few]));
        assert_eq!(shown(&[("under_25", 10), ("over_65", 9), ("between", 1)]), (Number(20), vec![Number(10), Few]));
        assert_eq!(shown(&[("under_25", 3)]), (Few, vec![Few, Few]));
        assert_eq!(shown(&[]), (Number(0), vec![Number(0), Number(0)]));
    }
}
