//! A person's own ledger: what they were asked, what they gave, and what became of it.
//!
//! What became of it is what the newest published report says. Before there is one, drafts are nobody's news: people are
//! told that what they gave is there, and when to expect the report.

use super::address;
use crate::{
    accounts::Person,
    platform::{Error, Platform, Result, http::Cursor},
};
use chrono::NaiveDate;
use entity::*;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{ExprTrait, SelectStatement},
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Rows of one kind on a page.
const MOST: u64 = 5000;

/// A theme that rests on what the person said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cited {
    /// The theme.
    pub theme: ThemeId,
    /// Its heading.
    pub title: String,
}

/// A recommendation that follows from such a theme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// What was proposed.
    pub text: String,
    /// The answer.
    pub outcome: RecommendationOutcome,
    /// Why.
    pub reason: Option<String>,
    /// Who does it.
    pub owner: Option<String>,
    /// By when.
    pub due: Option<NaiveDate>,
}

/// A claim about the person's words, which they can confirm or dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its id.
    pub influence: InfluenceId,
    /// The decision.
    pub decision: String,
    /// How far it went.
    pub level: InfluenceLevel,
    /// What changed.
    pub note: String,
    /// What those concerned say.
    pub standing: Standing,
    /// What this person said.
    pub mine: Option<Standing>,
}

/// One opportunity in a person's ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The opportunity.
    pub opportunity: opportunity::Model,
    /// The invitation's state, if the person was asked.
    pub invitation: Option<InvitationState>,
    /// Whether the person took back that they take part.
    pub taken_back: bool,
    /// How the person changed their part, if they have.
    pub part: Option<PartState>,
    /// The place's state, if there was one.
    pub place: Option<PlaceState>,
    /// The response's state, if there was one.
    pub response: Option<ResponseState>,
    /// Contributions that were not taken back.
    pub contributions: u64,
    /// Themes that rest on what the person said.
    pub themes: Vec<Cited>,
    /// Recommendations that follow from them.
    pub recommendations: Vec<Followed>,
    /// Claims about the person's words.
    pub influence: Vec<Claimed>,
    /// Address of the published report.
    pub report: Option<String>,
    /// Where it stands for somebody who gave something, in words.
    pub news: Option<String>,
}

/// The newest published version of a report.
struct Told {
    address: String,
    published_at: Time,
    document: ReportDocument,
}

/// The ledger, a page at a time; a constant number of queries a page.
pub async fn list(platform: &Platform, person: &Person, cursor: Cursor) -> Result<Vec<Entry>> {
    let db = platform.db.read();
    let opportunities = opportunities(db, person, cursor).await?;
    let ids: Vec<OpportunityId> = opportunities.iter().map(|row| row.id).collect();
    let facts = Facts::read(platform, person, &ids).await?;
    Ok(opportunities.into_iter().map(|row| facts.entry(row)).collect())
}

/// Everything the person was asked to or took part in.
async fn opportunities(connection: &impl ConnectionTrait, person: &Person, cursor: Cursor) -> Result<Vec<opportunity::Model>> {
    let mine: [SelectStatement; 4] = [
        invitation::Entity::find()
            .select_only()
            .column(invitation::Column::OpportunityId)
            .filter(invitation::Column::OrganisationId.eq(person.organisation))
            .filter(invitation::Column::ParticipantId.eq(person.participant))
            .into_query(),
        response::Entity::find()
            .select_only()
            .column(response::Column::OpportunityId)
            .filter(response::Column::OrganisationId.eq(person.organisation))
            .filter(response::Column::ParticipantId.eq(person.participant))
            .into_query(),
        place::Entity::find()
            .select_only()
            .column(place::Column::OpportunityId)
            .filter(place::Column::OrganisationId.eq(person.organisation))
            .filter(place::Column::ParticipantId.eq(person.participant))
            .into_query(),
        contribution::Entity::find()
            .select_only()
            .column(contribution::Column::OpportunityId)
            .filter(contribution::Column::OrganisationId.eq(person.organisation))
            .filter(contribution::Column::ParticipantId.eq(person.participant))
            .into_query(),
    ];
    let any = mine.into_iter().fold(Condition::any(), |any, ids| any.add(opportunity::Column::Id.in_subquery(ids)));
    let mut query = opportunity::Entity::find()
        .filter(opportunity::Column::OrganisationId.eq(person.organisation))
        .filter(any)
        .order_by_asc(opportunity::Column::Id)
        .limit(cursor.limit + 1);
    if let Some(after) = cursor.after {
        query = query.filter(opportunity::Column::Id.gt(after));
    }
    Ok(query.all(connection).await?)
}

/// What is known about the opportunities of one page.
struct Facts {
    invitations: HashMap<OpportunityId, InvitationState>,
    taken_back: HashSet<Uuid>,
    parts: HashMap<OpportunityId, PartState>,
    places: HashMap<OpportunityId, PlaceState>,
    responses: HashMap<OpportunityId, response::Model>,
    contributions: Vec<contribution::Model>,
    themes: Vec<theme::Model>,
    influence: Vec<influence::Model>,
    answers: HashMap<InfluenceId, Standing>,
    decisions: HashMap<DecisionId, String>,
    reports: HashMap<OpportunityId, Told>,
}

impl Facts {
    async fn read(platform: &Platform, person: &Person, ids: &[OpportunityId]) -> Result<Self> {
        let db = platform.db.read();
        let invitations = invitation::Entity::find()
            .filter(invitation::Column::OrganisationId.eq(person.organisation))
            .filter(invitation::Column::ParticipantId.eq(person.participant))
            .filter(invitation::Column::OpportunityId.is_in(ids.to_vec()))
            .all(db)
            .await?;
        let taken_back = consent_standing::Entity::find()
            .filter(consent_standing::Column::OrganisationId.eq(person.organisation))
            .filter(consent_standing::Column::ParticipantId.eq(person.participant))
            .filter(consent_standing::Column::Purpose.eq(Purpose::Participate))
            .filter(consent_standing::Column::Type.eq(ConsentType::Withdraw))
            .filter(consent_standing::Column::ScopeId.is_in(ids.iter().map(|id| id.0)))
            .all(db)
            .await?;
        let places = place::Entity::find()
            .filter(place::Column::OrganisationId.eq(person.organisation))
            .filter(place::Column::ParticipantId.eq(person.participant))
            .filter(place::Column::OpportunityId.is_in(ids.to_vec()))
            .all(db)
            .await?;
        let parts = part::Entity::find()
            .filter(part::Column::OrganisationId.eq(person.organisation))
            .filter(part::Column::ParticipantId.eq(person.participant))
            .filter(part::Column::OpportunityId.is_in(ids.to_vec()))
            .all(db)
            .await?;
        let responses = response::Entity::find()
            .filter(response::Column::OrganisationId.eq(person.organisation))
            .filter(response::Column::ParticipantId.eq(person.participant))
            .filter(response::Column::OpportunityId.is_in(ids.to_vec()))
            .all(db)
            .await?;
        let contributions = contribution::Entity::find()
            .filter(contribution::Column::OrganisationId.eq(person.organisation))
            .filter(contribution::Column::ParticipantId.eq(person.participant))
            .filter(contribution::Column::OpportunityId.is_in(ids.to_vec()))
            .filter(contribution::Column::WithdrawnAt.is_null())
            .order_by_asc(contribution::Column::Id)
            .limit(MOST)
            .all(db)
            .await?;
        let themes = themes(db, person, ids, &responses, &contributions).await?;
        let cited: Vec<ThemeId> = themes.iter().map(|row| row.id).collect();
        let own = Condition::any()
            .add(influence::Column::ThemeId.is_in(cited))
            .add(influence::Column::ContributionId.is_in(contributions.iter().map(|row| row.id)));
        let influence = influence::Entity::find()
            .filter(influence::Column::OrganisationId.eq(person.organisation))
            .filter(own)
            .order_by_asc(influence::Column::Id)
            .limit(MOST)
            .all(db)
            .await?;
        Ok(Self {
            invitations: invitations.into_iter().map(|row| (row.opportunity_id, row.state)).collect(),
            taken_back: taken_back.into_iter().map(|row| row.scope_id).collect(),
            parts: parts.into_iter().map(|row| (row.opportunity_id, row.state)).collect(),
            places: places.into_iter().map(|row| (row.opportunity_id, row.state)).collect(),
            answers: answers(db, person, &influence).await?,
            decisions: decisions(db, person, &influence).await?,
            reports: reports(platform, person, ids).await?,
            responses: responses.into_iter().map(|row| (row.opportunity_id, row)).collect(),
            contributions,
            themes,
            influence,
        })
    }

    fn entry(&self, opportunity: opportunity::Model) -> Entry {
        let id = opportunity.id;
        let told = self.reports.get(&id);
        let themes: Vec<Cited> = self
            .themes
            .iter()
            .filter(|row| row.opportunity_id == id && told.is_some())
            .map(|row| Cited { theme: row.id, title: row.title.clone() })
            .collect();
        let cited: HashSet<ThemeId> = themes.iter().map(|cited| cited.theme).collect();
        let given: HashSet<ContributionId> =
            self.contributions.iter().filter(|row| row.opportunity_id == id).map(|row| row.id).collect();
        let concerns = |row: &&influence::Model| {
            // A claim that was made since belongs to the next version.
            let published = told.is_some_and(|told| row.claimed_at <= told.published_at);
            let own = row.theme_id.is_some_and(|theme| cited.contains(&theme))
                || row.contribution_id.is_some_and(|contribution| given.contains(&contribution));
            published && own
        };
        let response = self.responses.get(&id).map(|row| row.state);
        let gave = response == Some(ResponseState::Submitted) || !given.is_empty();
        let claimed = self.influence.iter().filter(concerns).map(|row| Claimed {
            influence: row.id,
            decision: self.decisions.get(&row.decision_id).cloned().unwrap_or_default(),
            level: row.level,
            note: row.note.clone(),
            standing: row.standing,
            mine: self.answers.get(&row.id).copied(),
        });
        Entry {
            invitation: self.invitations.get(&id).copied(),
            taken_back: self.taken_back.contains(&id.0),
            part: self.parts.get(&id).copied(),
            place: self.places.get(&id).copied(),
            response,
            news: gave.then(|| news(&opportunity, told)),
            contributions: given.len() as u64,
            recommendations: told.map(|told| followed(&told.document, &themes)).unwrap_or_default(),
            influence: claimed.collect(),
            report: told.map(|told| told.address.clone()),
            themes,
            opportunity,
        }
    }
}

/// The proposals of a report that follow from these themes.
fn followed(report: &ReportDocument, themes: &[Cited]) -> Vec<Followed> {
    let cited: HashSet<ThemeId> = themes.iter().map(|cited| cited.theme).collect();
    // What is done in part stands twice in a report.
    let refused = report.we_did_not.iter().filter(|row| row.outcome == RecommendationOutcome::Declined);
    let about = |row: &&ReportAnswer| row.theme_id.is_some_and(|theme| cited.contains(&theme));
    let follow = |row: &ReportAnswer| Followed {
        text: row.text.clone(),
        outcome: row.outcome,
        reason: row.reason.clone(),
        owner: row.owner.clone(),
        due: row.due,
    };
    report.we_did.recommendations.iter().chain(refused).chain(&report.passed_on).filter(about).map(follow).collect()
}

/// Where it stands, in words.
fn news(about: &opportunity::Model, told: Option<&Told>) -> String {
    match (told, about.feedback_due) {
        (Some(_), _) => "The report is out. It says what came of it.".into(),
        (None, Some(due)) => {
            format!("We have what you gave. You hear what came of it by {}.", due.format("%-d %B %Y"))
        }
        (None, None) => "We have what you gave. You hear what came of it when the report is out.".into(),
    }
}

/// Themes that rest on what the person gave and did not take back.
async fn themes(
    connection: &impl ConnectionTrait,
    person: &Person,
    ids: &[OpportunityId],
    responses: &[response::Model],
    contributions: &[contribution::Model],
) -> Result<Vec<theme::Model>> {
    let live = responses.iter().filter(|row| row.state == ResponseState::Submitted).map(|row| row.id);
    let sources = theme_source::Entity::find()
        .select_only()
        .column(theme_source::Column::ThemeId)
        .filter(theme_source::Column::OrganisationId.eq(person.organisation))
        .filter(theme_source::Column::ParticipantId.eq(person.participant))
        .filter(
            Condition::any()
                .add(theme_source::Column::ResponseId.is_in(live))
                .add(theme_source::Column::ContributionId.is_in(contributions.iter().map(|row| row.id))),
        )
        .into_query();
    let rows = theme::Entity::find()
        .filter(theme::Column::OrganisationId.eq(person.organisation))
        .filter(theme::Column::OpportunityId.is_in(ids.to_vec()))
        .filter(theme::Column::Id.in_subquery(sources))
        .order_by_asc(theme::Column::Position)
        .order_by_asc(theme::Column::Id)
        .limit(MOST)
        .all(connection)
        .await?;
    Ok(rows)
}

async fn answers(
    connection: &impl ConnectionTrait,
    person: &Person,
    influence: &[influence::Model],
) -> Result<HashMap<InfluenceId, Standing>> {
    if influence.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = influence_answer::Entity::find()
        .filter(influence_answer::Column::OrganisationId.eq(person.organisation))
        .filter(influence_answer::Column::ParticipantId.eq(person.participant))
        .filter(influence_answer::Column::InfluenceId.is_in(influence.iter().map(|row| row.id)))
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.influence_id, row.standing)).collect())
}

async fn decisions(
    connection: &impl ConnectionTrait,
    person: &Person,
    influence: &[influence::Model],
) -> Result<HashMap<DecisionId, String>> {
    if influence.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(DecisionId, String)> = decision::Entity::find()
        .select_only()
        .column(decision::Column::Id)
        .column(decision::Column::Title)
        .filter(decision::Column::OrganisationId.eq(person.organisation))
        .filter(decision::Column::Id.is_in(influence.iter().map(|row| row.decision_id)))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().collect())
}

async fn reports(platform: &Platform, person: &Person, ids: &[OpportunityId]) -> Result<HashMap<OpportunityId, Told>> {
    let db = platform.db.read();
    let rows = report::Entity::find()
        .filter(report::Column::OrganisationId.eq(person.organisation))
        .filter(report::Column::OpportunityId.is_in(ids.to_vec()))
        .filter(report::Column::State.eq(ReportState::Published))
        .all(db)
        .await?;
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let newest: Vec<(ReportId, i32)> = report_release::Entity::find()
        .select_only()
        .column(report_release::Column::ReportId)
        .column_as(report_release::Column::N.max(), "n")
        .filter(report_release::Column::OrganisationId.eq(person.organisation))
        .filter(report_release::Column::ReportId.is_in(rows.iter().map(|row| row.id)))
        .group_by(report_release::Column::ReportId)
        .into_tuple()
        .all(db)
        .await?;
    let any = newest.into_iter().fold(Condition::any(), |any, (report, n)| {
        any.add(report_release::Column::ReportId.eq(report).and(report_release::Column::N.eq(n)))
    });
    let releases = report_release::Entity::find()
        .filter(report_release::Column::OrganisationId.eq(person.organisation))
        .filter(any)
        .all(db)
        .await?;
    let about: HashMap<ReportId, OpportunityId> = rows.into_iter().map(|row| (row.id, row.opportunity_id)).collect();
    let slug = organisation::Entity::find_by_id(person.organisation).one(db).await?.map(|row| row.slug).unwrap_or_default();
    let mut told = HashMap::new();
    for release in releases {
        let Some(opportunity) = about.get(&release.report_id) else { continue };
        let document = serde_json::from_value(release.document).map_err(|_| Error::bug("a release that cannot be read"))?;
        let address = address(&platform.config.public_url, &slug, release.report_id);
        told.insert(*opportunity, Told { address, published_at: release.published_at, document });
    }
    Ok(told)
}
