//! A person's own ledger: what they were asked, what they gave, and what became of it.

use super::address;
use crate::{
    accounts::Person,
    platform::{Platform, Result, http::Cursor},
};
use chrono::NaiveDate;
use entity::*;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::SelectStatement,
};
use std::collections::{HashMap, HashSet};

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
    places: HashMap<OpportunityId, PlaceState>,
    responses: HashMap<OpportunityId, response::Model>,
    contributions: Vec<contribution::Model>,
    themes: Vec<theme::Model>,
    recommendations: Vec<recommendation::Model>,
    influence: Vec<influence::Model>,
    answers: HashMap<InfluenceId, Standing>,
    decisions: HashMap<DecisionId, String>,
    reports: HashMap<OpportunityId, String>,
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
        let places = place::Entity::find()
            .filter(place::Column::OrganisationId.eq(person.organisation))
            .filter(place::Column::ParticipantId.eq(person.participant))
            .filter(place::Column::OpportunityId.is_in(ids.to_vec()))
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
        let recommendations = recommendation::Entity::find()
            .filter(recommendation::Column::OrganisationId.eq(person.organisation))
            .filter(recommendation::Column::ThemeId.is_in(cited.clone()))
            .order_by_asc(recommendation::Column::Position)
            .order_by_asc(recommendation::Column::Id)
            .limit(MOST)
            .all(db)
            .await?;
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
            places: places.into_iter().map(|row| (row.opportunity_id, row.state)).collect(),
            answers: answers(db, person, &influence).await?,
            decisions: decisions(db, person, &influence).await?,
            reports: reports(platform, person, ids).await?,
            responses: responses.into_iter().map(|row| (row.opportunity_id, row)).collect(),
            contributions,
            themes,
            recommendations,
            influence,
        })
    }

    fn entry(&self, opportunity: opportunity::Model) -> Entry {
        let id = opportunity.id;
        let themes: Vec<Cited> = self
            .themes
            .iter()
            .filter(|row| row.opportunity_id == id)
            .map(|row| Cited { theme: row.id, title: row.title.clone() })
            .collect();
        let cited: HashSet<ThemeId> = themes.iter().map(|cited| cited.theme).collect();
        let given: HashSet<ContributionId> =
            self.contributions.iter().filter(|row| row.opportunity_id == id).map(|row| row.id).collect();
        let followed = self.recommendations.iter().filter(|row| row.opportunity_id == id).map(|row| Followed {
            text: row.text.clone(),
            outcome: row.outcome,
            reason: row.reason.clone(),
            owner: row.owner.clone(),
            due: row.due,
        });
        let concerns = |row: &&influence::Model| {
            row.theme_id.is_some_and(|theme| cited.contains(&theme))
                || row.contribution_id.is_some_and(|contribution| given.contains(&contribution))
        };
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
            place: self.places.get(&id).copied(),
            response: self.responses.get(&id).map(|row| row.state),
            contributions: given.len() as u64,
            recommendations: followed.collect(),
            influence: claimed.collect(),
            report: self.reports.get(&id).cloned(),
            themes,
            opportunity,
        }
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

async fn reports(platform: &Platform, person: &Person, ids: &[OpportunityId]) -> Result<HashMap<OpportunityId, String>> {
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
    let slug = organisation::Entity::find_by_id(person.organisation).one(db).await?.map(|row| row.slug).unwrap_or_default();
    Ok(rows.into_iter().map(|row| (row.opportunity_id, address(&platform.config.public_url, &slug, row.id))).collect())
}
