//! Themes: what several people said, and views of few that are kept beside the others.

use super::hold_unpublished;
use crate::{
    accounts::Actor,
    platform::{Error, Platform, Result, Tx, audit, http::etag, text::Check},
    statistics::people::{self, Scope},
};
use entity::{
    ContributionId, OpportunityId, OrganisationId, ParticipantId, ResponseId, ThemeId, Time, contribution, influence,
    recommendation, response, theme, theme_source,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, ModelTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Themes of one opportunity.
const MOST: u64 = 200;
/// Sources of one theme.
const MOST_SOURCES: usize = 20_000;
/// Rows in one statement: both databases limit the number of values.
const ROWS: usize = 500;

/// What a theme says.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Heading.
    pub title: String,
    /// What people said.
    pub summary: String,
    /// Whether it is a view of few that is kept beside the others.
    pub minority: bool,
    /// Place in the list.
    pub position: i32,
}

impl Facts {
    fn check(&self) -> Result<()> {
        let mut check = Check::new();
        check.line("/title", &self.title, 200);
        check.text("/summary", &self.summary, 5000);
        check.range("/position", self.position, 0, 10_000);
        check.done()
    }
}

/// Adds a theme.
pub async fn create(
    tx: &Tx,
    platform: &Platform,
    actor: &Actor,
    opportunity: OpportunityId,
    facts: Facts,
) -> Result<theme::Model> {
    facts.check()?;
    hold_unpublished(tx, actor.organisation, opportunity).await?;
    if all(actor.organisation, opportunity).count(tx).await? >= MOST {
        return Err(Error::conflict("too_many", format!("An opportunity has at most {MOST} themes. Join some of them.")));
    }
    let row = theme::ActiveModel {
        organisation_id: Set(actor.organisation),
        id: Set(platform.clock.new_id()),
        opportunity_id: Set(opportunity),
        title: Set(facts.title.trim().to_owned()),
        summary: Set(facts.summary),
        minority: Set(facts.minority),
        position: Set(facts.position),
        version: Set(1),
        created_at: Set(platform.clock.now()),
    };
    let made = row.insert(tx).await?;
    record(tx, platform, actor, "create_theme", made.id).await?;
    Ok(made)
}

fn all(organisation: OrganisationId, opportunity: OpportunityId) -> sea_orm::Select<theme::Entity> {
    theme::Entity::find()
        .filter(theme::Column::OrganisationId.eq(organisation))
        .filter(theme::Column::OpportunityId.eq(opportunity))
}

/// The themes of an opportunity, in their order.
pub async fn list(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    opportunity: OpportunityId,
) -> Result<Vec<theme::Model>> {
    let rows = all(organisation, opportunity)
        .order_by_asc(theme::Column::Position)
        .order_by_asc(theme::Column::Id)
        .limit(MOST)
        .all(connection)
        .await?;
    Ok(rows)
}

async fn hold_theme(
    tx: &Tx,
    actor: &Actor,
    opportunity: OpportunityId,
    id: ThemeId,
    if_match: Option<&str>,
) -> Result<theme::Model> {
    hold_unpublished(tx, actor.organisation, opportunity).await?;
    let found = theme::Entity::find_by_id((actor.organisation, id)).one(tx).await?;
    let found = found.filter(|theme| theme.opportunity_id == opportunity).ok_or(Error::NotFound("theme"))?;
    etag::expect(if_match, found.version)?;
    Ok(found)
}

/// Changes a theme.
pub async fn change(
    platform: &Platform,
    actor: &Actor,
    opportunity: OpportunityId,
    id: ThemeId,
    if_match: Option<&str>,
    facts: Facts,
) -> Result<theme::Model> {
    facts.check()?;
    let tx = platform.db.begin().await?;
    let old = hold_theme(&tx, actor, opportunity, id, if_match).await?;
    let version = old.version + 1;
    let mut row = old.into_active_model();
    row.title = Set(facts.title.trim().to_owned());
    row.summary = Set(facts.summary);
    row.minority = Set(facts.minority);
    row.position = Set(facts.position);
    row.version = Set(version);
    let changed = row.update(&tx).await?;
    record(&tx, platform, actor, "change_theme", id).await?;
    tx.commit().await?;
    Ok(changed)
}

/// Removes a theme that nothing rests on.
pub async fn delete(platform: &Platform, actor: &Actor, opportunity: OpportunityId, id: ThemeId) -> Result<()> {
    let tx = platform.db.begin().await?;
    let found = hold_theme(&tx, actor, opportunity, id, Some("*")).await?;
    let proposals = recommendation::Entity::find()
        .filter(recommendation::Column::OrganisationId.eq(actor.organisation))
        .filter(recommendation::Column::ThemeId.eq(id))
        .count(&tx)
        .await?;
    let links = influence::Entity::find()
        .filter(influence::Column::OrganisationId.eq(actor.organisation))
        .filter(influence::Column::ThemeId.eq(id))
        .count(&tx)
        .await?;
    if proposals + links > 0 {
        return Err(Error::conflict("in_use", "A recommendation or an influence rests on this theme."));
    }
    clear_sources(&tx, actor.organisation, id).await?;
    found.delete(&tx).await?;
    record(&tx, platform, actor, "delete_theme", id).await?;
    tx.commit().await?;
    Ok(())
}

async fn clear_sources(tx: &Tx, organisation: OrganisationId, id: ThemeId) -> Result<()> {
    theme_source::Entity::delete_many()
        .filter(theme_source::Column::OrganisationId.eq(organisation))
        .filter(theme_source::Column::ThemeId.eq(id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Who said it.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Responses.
    pub responses: Vec<ResponseId>,
    /// Contributions.
    pub contributions: Vec<ContributionId>,
}

/// What a theme rests on now.
pub async fn sources(connection: &impl ConnectionTrait, organisation: OrganisationId, id: ThemeId) -> Result<Sources> {
    let rows = theme_source::Entity::find()
        .filter(theme_source::Column::OrganisationId.eq(organisation))
        .filter(theme_source::Column::ThemeId.eq(id))
        .all(connection)
        .await?;
    Ok(Sources {
        responses: rows.iter().filter_map(|row| row.response_id).collect(),
        contributions: rows.iter().filter_map(|row| row.contribution_id).collect(),
    })
}

/// Replaces the sources of a theme. What was taken back, or may not be used any more, cannot be a source.
pub async fn set_sources(
    platform: &Platform,
    actor: &Actor,
    opportunity: OpportunityId,
    id: ThemeId,
    if_match: Option<&str>,
    sources: Sources,
) -> Result<theme::Model> {
    let mut check = Check::new();
    check.items("/responses", sources.responses.len(), MOST_SOURCES);
    check.items("/contributions", sources.contributions.len(), MOST_SOURCES).done()?;
    let tx = platform.db.begin().await?;
    let old = hold_theme(&tx, actor, opportunity, id, if_match).await?;
    let rows = source_rows(&tx, &old, &sources, platform.clock.now()).await?;
    clear_sources(&tx, actor.organisation, id).await?;
    for part in rows.chunks(ROWS) {
        theme_source::Entity::insert_many(part.to_vec()).exec_without_returning(&tx).await?;
    }
    let version = old.version + 1;
    let mut row = old.into_active_model();
    row.version = Set(version);
    let changed = row.update(&tx).await?;
    record(&tx, platform, actor, "set_theme_sources", id).await?;
    tx.commit().await?;
    Ok(changed)
}

async fn source_rows(tx: &Tx, theme: &theme::Model, sources: &Sources, now: Time) -> Result<Vec<theme_source::ActiveModel>> {
    let responses = owners_of_responses(tx, theme, &sources.responses, now).await?;
    let contributions = owners_of_contributions(tx, theme, &sources.contributions, now).await?;
    let (mut check, mut seen, mut rows) = (Check::new(), HashSet::new(), Vec::new());
    let mut add = |source: Uuid, owner: Option<Option<ParticipantId>>, pointer: String| {
        check.that(owner.is_some(), &pointer, "unknown", "Name what was given to this opportunity and not taken back.");
        check.that(seen.insert(source), &pointer, "twice", "Name each source once.");
        theme_source::ActiveModel {
            organisation_id: Set(theme.organisation_id),
            theme_id: Set(theme.id),
            source_id: Set(source),
            response_id: Set(None),
            contribution_id: Set(None),
            participant_id: Set(owner.flatten()),
        }
    };
    for (at, id) in sources.responses.iter().enumerate() {
        let row = add(id.0, responses.get(id).map(|owner| Some(*owner)), format!("/responses/{at}"));
        rows.push(theme_source::ActiveModel { response_id: Set(Some(*id)), ..row });
    }
    for (at, id) in sources.contributions.iter().enumerate() {
        let row = add(id.0, contributions.get(id).copied(), format!("/contributions/{at}"));
        rows.push(theme_source::ActiveModel { contribution_id: Set(Some(*id)), ..row });
    }
    check.done()?;
    Ok(rows)
}

fn scope_of(theme: &theme::Model) -> Scope {
    Scope { organisation: theme.organisation_id, opportunity: theme.opportunity_id }
}

async fn owners_of_responses(
    tx: &Tx,
    theme: &theme::Model,
    ids: &[ResponseId],
    now: Time,
) -> Result<HashMap<ResponseId, ParticipantId>> {
    let mut owners = HashMap::new();
    for part in ids.chunks(ROWS) {
        let rows: Vec<(ResponseId, ParticipantId)> = people::answers(scope_of(theme), now)
            .select_only()
            .column(response::Column::Id)
            .column(response::Column::ParticipantId)
            .filter(response::Column::Id.is_in(part.to_vec()))
            .into_tuple()
            .all(tx)
            .await?;
        owners.extend(rows);
    }
    Ok(owners)
}

async fn owners_of_contributions(
    tx: &Tx,
    theme: &theme::Model,
    ids: &[ContributionId],
    now: Time,
) -> Result<HashMap<ContributionId, Option<ParticipantId>>> {
    let mut owners = HashMap::new();
    for part in ids.chunks(ROWS) {
        let rows: Vec<(ContributionId, Option<ParticipantId>)> = people::contributions(scope_of(theme), now)
            .select_only()
            .column(contribution::Column::Id)
            .column(contribution::Column::ParticipantId)
            .filter(contribution::Column::Id.is_in(part.to_vec()))
            .into_tuple()
            .all(tx)
            .await?;
        owners.extend(rows);
    }
    Ok(owners)
}

/// The theme, if it is of this opportunity.
pub(super) async fn of_opportunity(
    tx: &Tx,
    organisation: OrganisationId,
    opportunity: OpportunityId,
    id: ThemeId,
) -> Result<bool> {
    let found = theme::Entity::find_by_id((organisation, id)).one(tx).await?;
    Ok(found.is_some_and(|theme| theme.opportunity_id == opportunity))
}

async fn record(tx: &Tx, platform: &Platform, actor: &Actor, action: &str, id: ThemeId) -> Result<()> {
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, action, &format!("theme:{id}")).await
}
