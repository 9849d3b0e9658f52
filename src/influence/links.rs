//! Influence: which theme or contribution changed which decision. Staff claim it; those concerned confirm or dispute it.

use super::rules;
use crate::{
    accounts::{Actor, Person},
    platform::{Error, Platform, Result, Tx, audit, http::Cursor, text::Check},
    sessions,
    statistics::{counts, people},
};
use entity::{
    ContributionId, DecisionId, InfluenceId, InfluenceLevel, OpportunityId, OrganisationId, ProjectId, Standing, ThemeId, Time,
    contribution, decision, influence, influence_answer, opportunity, theme,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, IntoCondition, OnConflict},
};

/// A claim that what people said had an effect on a decision.
#[derive(Clone, Debug)]
pub struct Claim {
    /// What several people said, or
    pub theme: Option<ThemeId>,
    /// what one person gave.
    pub contribution: Option<ContributionId>,
    /// How far it went.
    pub level: InfluenceLevel,
    /// What changed, in words.
    pub note: String,
}

impl Claim {
    /// What is wrong in itself.
    pub fn flaws(&self) -> Check {
        let mut check = Check::new();
        check.text("/note", &self.note, 2000);
        let one = self.theme.is_some() != self.contribution.is_some();
        check.that(one, "/theme", "one_of", "Name either a theme or a contribution.");
        check
    }
}

/// Records an influence on a decision.
pub async fn claim(tx: &Tx, platform: &Platform, actor: &Actor, about: DecisionId, claim: Claim) -> Result<influence::Model> {
    let found = decision::Entity::find_by_id((actor.organisation, about)).one(tx).await?.ok_or(Error::NotFound("decision"))?;
    let mut check = claim.flaws();
    if let Some(id) = claim.theme {
        let row = theme::Entity::find_by_id((actor.organisation, id)).one(tx).await?;
        let known = in_project(tx, actor.organisation, row.map(|row| row.opportunity_id), found.project_id).await?;
        check.that(known, "/theme", "unknown", "Name a theme of the decision's project.");
    }
    if let Some(id) = claim.contribution {
        let row = contribution::Entity::find_by_id((actor.organisation, id)).one(tx).await?;
        let about = row.map(|row| row.opportunity_id);
        let known = in_project(tx, actor.organisation, about, found.project_id).await?
            && is_used(tx, actor.organisation, about, id, platform.clock.now()).await?;
        let detail = "Name a contribution to the decision's project that was not taken back and may be used.";
        check.that(known, "/contribution", "unknown", detail);
    }
    check.done()?;
    let row = influence::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(platform.clock.new_id()),
        decision_id: Set(about),
        theme_id: Set(claim.theme),
        contribution_id: Set(claim.contribution),
        level: Set(claim.level),
        note: Set(claim.note),
        standing: Set(Standing::Unasked),
        claimed_by: Set(actor.by.clone()),
        claimed_at: Set(platform.clock.now()),
    };
    let made = row.insert(tx).await?;
    let object = format!("influence:{}", made.id);
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "claim_influence", &object).await?;
    Ok(made)
}

async fn is_used(
    tx: &Tx,
    organisation: OrganisationId,
    opportunity: Option<OpportunityId>,
    id: ContributionId,
    now: Time,
) -> Result<bool> {
    let Some(opportunity) = opportunity else { return Ok(false) };
    let used = people::contributions(counts::scope(organisation, opportunity), now);
    Ok(used.filter(contribution::Column::Id.eq(id)).count(tx).await? > 0)
}

async fn in_project(
    tx: &Tx,
    organisation: OrganisationId,
    opportunity: Option<OpportunityId>,
    project: ProjectId,
) -> Result<bool> {
    let Some(id) = opportunity else { return Ok(false) };
    let found = opportunity::Entity::find_by_id((organisation, id)).one(tx).await?;
    Ok(found.is_some_and(|opportunity| opportunity.project_id == project))
}

/// The influence recorded on a decision.
pub async fn list(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    decision: DecisionId,
    cursor: Cursor,
) -> Result<Vec<influence::Model>> {
    decision::Entity::find_by_id((organisation, decision)).one(connection).await?.ok_or(Error::NotFound("decision"))?;
    page(connection, organisation, influence::Column::DecisionId.eq(decision), cursor).await
}

/// The influence that is recorded of the themes of an opportunity.
pub async fn of_themes(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    cursor: Cursor,
) -> Result<Vec<influence::Model>> {
    let themes = theme::Entity::find()
        .select_only()
        .column(theme::Column::Id)
        .filter(theme::Column::OrganisationId.eq(organisation))
        .filter(theme::Column::OpportunityId.eq(opportunity));
    page(connection, organisation, influence::Column::ThemeId.in_subquery(themes.into_query()), cursor).await
}

/// Some of them, and one more if there is more.
async fn page(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    which: impl IntoCondition,
    cursor: Cursor,
) -> Result<Vec<influence::Model>> {
    let mut query = influence::Entity::find()
        .filter(influence::Column::OrganisationId.eq(organisation))
        .filter(which)
        .order_by_asc(influence::Column::Id)
        .limit(cursor.limit + 1);
    if let Some(after) = cursor.after {
        query = query.filter(influence::Column::Id.gt(after));
    }
    Ok(query.all(connection).await?)
}

/// Somebody concerned says whether a claim is right. They can change their mind.
pub async fn answer(platform: &Platform, person: &Person, id: InfluenceId, says: Standing) -> Result<influence::Model> {
    Check::new().that(says != Standing::Unasked, "/standing", "choice", "Use confirmed or disputed.").done()?;
    let tx = platform.db.begin().await?;
    let claims = || influence::Entity::find_by_id((person.organisation, id));
    let about = match claims().one(&tx).await? {
        Some(claim) => is_about(&tx, &claim).await?,
        None => None,
    };
    sessions::opportunity_until_commit(&tx, person.organisation, about.ok_or(Error::NotFound("influence"))?).await?;
    let found = claims().lock_exclusive().one(&tx).await?.ok_or(Error::NotFound("influence"))?;
    if !concerns(&tx, person, &found).await? {
        return Err(Error::NotFound("influence"));
    }
    let row = influence_answer::ActiveModel {
        organisation_id: Set(person.organisation),
        influence_id: Set(id),
        participant_id: Set(person.participant),
        standing: Set(says),
        at: Set(platform.clock.now()),
    };
    use influence_answer::Column::{At, InfluenceId, OrganisationId, ParticipantId, Standing as Says};
    let again = OnConflict::columns([OrganisationId, InfluenceId, ParticipantId]).update_columns([Says, At]).to_owned();
    influence_answer::Entity::insert(row).on_conflict(again).exec_without_returning(&tx).await?;
    let standing = settle(&tx, person.organisation, id).await?;
    tx.commit().await?;
    Ok(influence::Model { standing, ..found })
}

/// Works out what those concerned come to, and notes it.
pub(super) async fn settle(tx: &Tx, organisation: OrganisationId, id: InfluenceId) -> Result<Standing> {
    let answers = influence_answer::Entity::find()
        .filter(influence_answer::Column::OrganisationId.eq(organisation))
        .filter(influence_answer::Column::InfluenceId.eq(id));
    let says = influence_answer::Column::Standing;
    let confirmed = answers.clone().filter(says.eq(Standing::Confirmed)).count(tx).await?;
    let disputed = answers.filter(says.eq(Standing::Disputed)).count(tx).await?;
    let standing = rules::standing(confirmed, disputed);
    influence::Entity::update_many()
        .col_expr(influence::Column::Standing, Expr::value(standing.word()))
        .filter(influence::Column::OrganisationId.eq(organisation))
        .filter(influence::Column::Id.eq(id))
        .exec(tx)
        .await?;
    Ok(standing)
}

/// The opportunity to which that was given which a claim is about.
async fn is_about(tx: &Tx, claim: &influence::Model) -> Result<Option<OpportunityId>> {
    if let Some(id) = claim.contribution_id {
        let found = contribution::Entity::find_by_id((claim.organisation_id, id)).one(tx).await?;
        return Ok(found.map(|contribution| contribution.opportunity_id));
    }
    let Some(id) = claim.theme_id else { return Ok(None) };
    let found = theme::Entity::find_by_id((claim.organisation_id, id)).one(tx).await?;
    Ok(found.map(|theme| theme.opportunity_id))
}

/// Whether a claim is about what this person said.
async fn concerns(tx: &Tx, person: &Person, claim: &influence::Model) -> Result<bool> {
    if let Some(id) = claim.contribution_id {
        let found = contribution::Entity::find_by_id((person.organisation, id)).one(tx).await?;
        return Ok(found.is_some_and(|row| row.participant_id == Some(person.participant) && row.withdrawn_at.is_none()));
    }
    let Some(id) = claim.theme_id else { return Ok(false) };
    let theme = theme::Entity::find_by_id((person.organisation, id)).one(tx).await?;
    let Some(theme) = theme else { return Ok(false) };
    counts::is_behind_theme(tx, counts::scope(person.organisation, theme.opportunity_id), id, person.participant).await
}
