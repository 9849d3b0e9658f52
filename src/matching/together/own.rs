//! For somebody's own eyes: what a plan that shared letters out did with them.

use super::{
    Aim, number,
    problem::{CHANCE, LINE},
};
use crate::{
    accounts::Person,
    matching::{
        lottery::NUMBER,
        pools::{self, Sought},
    },
    platform::{Platform, Result},
};
use entity::{AskingPlanId, DrawOutcome, MatchRunId, OpportunityId, Time, asking_plan, match_result, match_run};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Alias, CaseStatement, Expr, ExprTrait, Func},
};
use serde::Deserialize;
use std::collections::HashMap;
use uuid::Uuid;

/// What a plan did with somebody, for one of its opportunities.
pub struct OwnShare {
    /// The plan.
    pub plan: AskingPlanId,
    /// Their number in it.
    pub number: Uuid,
    /// When letters were shared out.
    pub at: Time,
    /// Their chance of a letter about this, from 0 to 1.
    pub chance: f64,
    /// What became of it; none if the letters about this went to others.
    pub outcome: Option<DrawOutcome>,
}

/// A run of a plan, as it is looked at here.
struct Of {
    run: MatchRunId,
    about: OpportunityId,
    plan: AskingPlanId,
    at: Time,
}

/// The newest plan for each opportunity that the person was in. A constant number of statements.
pub async fn shares(platform: &Platform, person: &Person, about: &[OpportunityId]) -> Result<HashMap<OpportunityId, OwnShare>> {
    let db = platform.db.read();
    let of_plans: Vec<(MatchRunId, OpportunityId, Option<AskingPlanId>, Option<Time>)> = match_run::Entity::find()
        .select_only()
        .columns([
            match_run::Column::Id,
            match_run::Column::OpportunityId,
            match_run::Column::PlanId,
            match_run::Column::FinishedAt,
        ])
        .filter(match_run::Column::OrganisationId.eq(person.organisation))
        .filter(match_run::Column::OpportunityId.is_in(about.iter().copied()))
        .filter(match_run::Column::PlanId.is_not_null())
        .filter(match_run::Column::State.eq("done"))
        .order_by_asc(match_run::Column::Id)
        .into_tuple()
        .all(db)
        .await?;
    let of = |(run, about, plan, at): (_, _, Option<_>, Option<_>)| Some(Of { run, about, plan: plan?, at: at? });
    let runs: Vec<Of> = of_plans.into_iter().filter_map(of).collect();
    if runs.is_empty() {
        return Ok(HashMap::new());
    }
    let results: HashMap<MatchRunId, match_result::Model> = match_result::Entity::find()
        .filter(match_result::Column::OrganisationId.eq(person.organisation))
        .filter(match_result::Column::ParticipantId.eq(person.participant))
        .filter(match_result::Column::RunId.is_in(runs.iter().map(|of| of.run)))
        .all(db)
        .await?
        .into_iter()
        .map(|row| (row.run_id, row))
        .collect();
    let mut numbers: HashMap<AskingPlanId, Uuid> = HashMap::new();
    for of in &runs {
        let kept = results.get(&of.run).and_then(|row| row.number);
        let number = numbers.entry(of.plan).or_insert_with(|| number(platform, of.plan, person.participant));
        *number = kept.unwrap_or(*number);
    }
    let sought: Vec<Sought> = numbers.iter().map(|(plan, number)| Sought { of: plan.0, line: LINE, number: *number }).collect();
    let columns = (asking_plan::Column::Id, asking_plan::Column::OrganisationId, asking_plan::Column::Pool);
    let lines = pools::lines::<asking_plan::Entity>(db, columns, person.organisation, &sought).await?;
    let aims = aims_of(platform, person, lines.keys().copied()).await?;
    let rows = chances(platform, person, &lines, &aims).await?;
    let mut newest = HashMap::new();
    for of in runs {
        let place = aims.get(&of.plan.0).and_then(|aims| aims.iter().position(|aim| aim.opportunity == of.about));
        let chance = place.and_then(|place| rows.get(&of.plan.0)?.get(place).copied());
        // Whose chance is none could not be asked for this.
        let Some(chance) = chance.filter(|chance| *chance > 0.0 || results.contains_key(&of.run)) else { continue };
        let outcome = results.get(&of.run).map(|row| row.outcome);
        let number = numbers.get(&of.plan).copied().unwrap_or_default();
        newest.insert(of.about, OwnShare { plan: of.plan, number, at: of.at, chance, outcome });
    }
    Ok(newest)
}

/// What some plans are about.
async fn aims_of(platform: &Platform, person: &Person, plans: impl IntoIterator<Item = Uuid>) -> Result<HashMap<Uuid, Vec<Aim>>> {
    let found: Vec<(Uuid, serde_json::Value)> = asking_plan::Entity::find()
        .select_only()
        .columns([asking_plan::Column::Id, asking_plan::Column::Aims])
        .filter(asking_plan::Column::OrganisationId.eq(person.organisation))
        .filter(asking_plan::Column::Id.is_in(plans))
        .into_tuple()
        .all(platform.db.read())
        .await?;
    Ok(found.into_iter().map(|(plan, aims)| (plan, Vec::deserialize(aims).unwrap_or_default())).collect())
}

/// The chances of somebody's kind in each plan, in the order of its opportunities.
async fn chances(
    platform: &Platform,
    person: &Person,
    lines: &HashMap<Uuid, Vec<u8>>,
    aims: &HashMap<Uuid, Vec<Aim>>,
) -> Result<HashMap<Uuid, Vec<f64>>> {
    if lines.is_empty() {
        return Ok(HashMap::new());
    }
    let (mut from, mut most) = (CaseStatement::new(), CaseStatement::new());
    let whole = |value: usize| Expr::value(i32::try_from(value).unwrap_or(i32::MAX));
    for (plan, line) in lines {
        let kind = line[NUMBER..NUMBER + 4].try_into().map_or(0, u32::from_be_bytes);
        let row = CHANCE * aims.get(plan).map_or(0, Vec::len);
        let is = || Expr::col(asking_plan::Column::Id).eq(*plan);
        from = from.case(is(), whole(kind as usize * row + 1));
        most = most.case(is(), whole(row));
    }
    let part = Func::cust(Alias::new("substr")).args([
        Expr::col(asking_plan::Column::Chances),
        from.finally(1).into(),
        most.finally(0).into(),
    ]);
    let found: Vec<(Uuid, Vec<u8>)> = asking_plan::Entity::find()
        .select_only()
        .column(asking_plan::Column::Id)
        .expr_as(part, "part")
        .filter(asking_plan::Column::OrganisationId.eq(person.organisation))
        .filter(asking_plan::Column::Chances.is_not_null())
        .filter(asking_plan::Column::Id.is_in(lines.keys().copied()))
        .into_tuple()
        .all(platform.db.read())
        .await?;
    let chance = |bytes: &[u8]| bytes.try_into().map_or(0.0, f64::from_be_bytes);
    Ok(found.into_iter().map(|(plan, row)| (plan, row.chunks_exact(CHANCE).map(chance).collect())).collect())
}
