//! Reads everything that a report tells, in a constant number of queries.

use super::day;
use crate::{
    influence::{recommendations, themes},
    platform::{Error, Result},
    sessions,
    statistics::{
        counts::{self, Ratings, ThemePeople, Turnout},
        people::{self, Audience},
        presence::{self, Dimension},
    },
};
use entity::{
    OrganisationId, ReportDocument, ReportId, ReportVersion, Time, contribution, decision, influence, opportunity, organisation,
    project, recommendation, report, report_release, theme,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

/// Rows of one kind in a report.
const MOST: u64 = 500;

/// What is on record about one opportunity.
pub struct Record {
    /// Who reports.
    pub organisation: organisation::Model,
    /// The piece of work.
    pub project: project::Model,
    /// The way to take part.
    pub opportunity: opportunity::Model,
    /// What the coordinator wrote.
    pub report: report::Model,
    /// Decisions of the project.
    pub decisions: Vec<decision::Model>,
    /// Themes, in their order.
    pub themes: Vec<theme::Model>,
    /// People behind the themes.
    pub theme_people: ThemePeople,
    /// Recommendations, in their order.
    pub recommendations: Vec<recommendation::Model>,
    /// Influence of the themes and contributions.
    pub influence: Vec<influence::Model>,
    /// How many took part.
    pub turnout: Turnout,
    /// Who took part.
    pub presence: Vec<Dimension>,
    /// What people think of the feedback loop.
    pub ratings: Ratings,
    /// No number about fewer people is shown.
    pub minimum: u64,
}

/// Reads the record. Consent is asked again each time: who has taken it back is not counted.
pub async fn record(connection: &impl ConnectionTrait, id: OrganisationId, report: report::Model, now: Time) -> Result<Record> {
    let organisation = organisation::Entity::find_by_id(id).one(connection).await?.ok_or(Error::NotFound("organisation"))?;
    let opportunity = sessions::opportunity(connection, id, report.opportunity_id).await?;
    let project = project::Entity::find_by_id((id, opportunity.project_id)).one(connection).await?;
    let project = project.ok_or(Error::NotFound("project"))?;
    let minimum = u64::try_from(organisation.minimum_group).unwrap_or(u64::MAX);
    let scope = counts::scope(id, opportunity.id);
    Ok(Record {
        decisions: decisions(connection, &project).await?,
        themes: themes::list(connection, id, opportunity.id).await?,
        theme_people: counts::theme_people(connection, scope, Audience::Everybody, now).await?,
        recommendations: recommendations::list(connection, id, opportunity.id).await?,
        influence: influence(connection, &opportunity, now).await?,
        turnout: counts::turnout(connection, scope, Audience::Everybody, now).await?,
        presence: presence::presence(connection, id, opportunity.id, minimum, now).await?,
        ratings: counts::ratings(connection, scope, Audience::Everybody, minimum, now).await?,
        minimum,
        organisation,
        project,
        opportunity,
        report,
    })
}

async fn decisions(connection: &impl ConnectionTrait, project: &project::Model) -> Result<Vec<decision::Model>> {
    let rows = decision::Entity::find()
        .filter(decision::Column::OrganisationId.eq(project.organisation_id))
        .filter(decision::Column::ProjectId.eq(project.id))
        .order_by_asc(decision::Column::Id)
        .limit(MOST)
        .all(connection)
        .await?;
    Ok(rows)
}

/// Influence of what was given here; of what was taken back, or may not be used any more, nothing is told.
async fn influence(
    connection: &impl ConnectionTrait,
    opportunity: &opportunity::Model,
    now: Time,
) -> Result<Vec<influence::Model>> {
    let themes = theme::Entity::find()
        .select_only()
        .column(theme::Column::Id)
        .filter(theme::Column::OrganisationId.eq(opportunity.organisation_id))
        .filter(theme::Column::OpportunityId.eq(opportunity.id))
        .into_query();
    let contributions = people::contributions(counts::scope(opportunity.organisation_id, opportunity.id), now)
        .select_only()
        .column(contribution::Column::Id)
        .into_query();
    let about = Condition::any()
        .add(influence::Column::ThemeId.in_subquery(themes))
        .add(influence::Column::ContributionId.in_subquery(contributions));
    let rows = influence::Entity::find()
        .filter(influence::Column::OrganisationId.eq(opportunity.organisation_id))
        .filter(about)
        .order_by_asc(influence::Column::Id)
        .limit(MOST)
        .all(connection)
        .await?;
    Ok(rows)
}

/// A published version, without its document.
#[derive(Clone, Debug, sea_orm::FromQueryResult)]
pub struct Release {
    /// Its number.
    pub n: i32,
    /// SHA-256 of the document.
    pub digest: Vec<u8>,
    /// What changed.
    pub change_note: Option<String>,
    /// Published at.
    pub published_at: Time,
}

/// The published versions of a report, oldest first.
pub async fn releases(connection: &impl ConnectionTrait, organisation: OrganisationId, id: ReportId) -> Result<Vec<Release>> {
    use report_release::Column::{ChangeNote, Digest, N, PublishedAt};
    let rows = report_release::Entity::find()
        .select_only()
        .columns([N, Digest, ChangeNote, PublishedAt])
        .filter(report_release::Column::OrganisationId.eq(organisation))
        .filter(report_release::Column::ReportId.eq(id))
        .order_by_asc(N)
        .into_model::<Release>()
        .all(connection)
        .await?;
    Ok(rows)
}

/// The document of a published version.
pub async fn document(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    id: ReportId,
    n: i32,
) -> Result<ReportDocument> {
    let found = report_release::Entity::find()
        .filter(report_release::Column::OrganisationId.eq(organisation))
        .filter(report_release::Column::ReportId.eq(id))
        .filter(report_release::Column::N.eq(n))
        .one(connection)
        .await?;
    let found = found.ok_or(Error::NotFound("release"))?;
    serde_json::from_value(found.document).map_err(|_| Error::bug("a release that cannot be read"))
}

/// The published versions as a report lists them.
pub fn versions(record: &Record, releases: &[Release]) -> Vec<ReportVersion> {
    let version = |release: &Release| ReportVersion {
        version: release.n,
        published_on: Some(day(&record.organisation.time_zone, release.published_at)),
        change_note: release.change_note.clone(),
    };
    releases.iter().map(version).collect()
}
