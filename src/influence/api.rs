//! Endpoints for themes, recommendations and influence.

pub mod shapes;

use super::{
    links::{self, Claim},
    recommendations, themes,
};
use crate::{
    accounts::{Power, access, organisations},
    platform::{
        Error, Platform, Result,
        http::{Body, Caller, Chapter, Created, Cursor, Done, Fine, NoContent, Once, Page},
    },
    sessions,
    statistics::{Shown, counts, people::Audience},
};
use entity::{DecisionId, InfluenceId, OpportunityId, OrganisationId, RecommendationId, ThemeId, theme};
use poem_openapi::{
    OpenApi,
    param::{Header, Path, Query},
};
pub use shapes::{
    InfluenceAnswerIn, InfluenceIn, InfluenceOut, RecommendationIn, RecommendationOut, SourcesIn, ThemeIn, ThemeOut,
};

/// Themes, recommendations, influence.
pub struct Api(pub Platform);

impl Api {
    /// Themes with their counts as they may be shown.
    async fn shown(
        &self,
        organisation: OrganisationId,
        opportunity: OpportunityId,
        rows: Vec<theme::Model>,
    ) -> Result<Vec<ThemeOut>> {
        let minimum = organisations::get(&self.0, organisation).await?.minimum_group;
        let minimum = u64::try_from(minimum).unwrap_or(u64::MAX);
        let (db, scope, now) = (self.0.db.read(), counts::scope(organisation, opportunity), self.0.clock.now());
        let people = counts::theme_people(db, scope, Audience::Staff, now).await?;
        // All themes decide together what may be shown, also when one of them is asked for.
        let all = themes::list(db, organisation, opportunity).await?;
        let ids: Vec<ThemeId> = all.iter().map(|row| row.id).collect();
        let turnout = counts::turnout(db, scope, Audience::Staff, now).await?;
        let shown = people.shown(&ids, turnout, minimum);
        let of = |id: ThemeId| ids.iter().position(|known| *known == id).map_or(Shown::Few, |at| shown[at]);
        Ok(rows.into_iter().map(|row| (of(row.id), row)).map(|(people, row)| ThemeOut::of(row, people)).collect())
    }

    async fn one(&self, opportunity: OpportunityId, row: theme::Model) -> Result<Fine<ThemeOut>> {
        let (organisation, version) = (row.organisation_id, row.version);
        let out = self.shown(organisation, opportunity, vec![row]).await?.pop().ok_or(Error::NotFound("theme"))?;
        Ok(Fine::new(&out).version(version))
    }
}

#[OpenApi(tag = "Chapter::Influence")]
impl Api {
    /// Add a theme
    ///
    /// A heading for what several people said, or a view of few that is kept beside the others.
    #[oai(path = "/organisations/:organisation/opportunities/:opportunity/themes", method = "post", operation_id = "createTheme")]
    async fn create_theme(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<ThemeIn>,
    ) -> Result<Created<ThemeOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let made = themes::create(once.tx(), &self.0, &actor, opportunity.0, given.into()).await?;
        let at = format!("/api/organisations/{}/opportunities/{}/themes", actor.organisation, opportunity.0);
        let version = made.version;
        once.commit(Created::new(&ThemeOut::of(made, Shown::Number(0))).at(at).version(version)).await
    }

    /// List themes
    ///
    /// In their order, 200 at most, each with the number of people who said it where it may be shown.
    #[oai(path = "/organisations/:organisation/opportunities/:opportunity/themes", method = "get", operation_id = "listThemes")]
    async fn themes(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<Vec<ThemeOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        sessions::opportunity(self.0.db.read(), actor.organisation, opportunity.0).await?;
        let rows = themes::list(self.0.db.read(), actor.organisation, opportunity.0).await?;
        Ok(Fine::new(&self.shown(actor.organisation, opportunity.0, rows).await?))
    }

    /// Change a theme
    ///
    /// Not once the report is published.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/themes/:theme",
        method = "put",
        operation_id = "changeTheme"
    )]
    async fn change_theme(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        theme: Path<ThemeId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<ThemeIn>,
    ) -> Result<Fine<ThemeOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let facts = body.take()?.into();
        let changed = themes::change(&self.0, &actor, opportunity.0, theme.0, if_match.0.as_deref(), facts).await?;
        self.one(opportunity.0, changed).await
    }

    /// Remove a theme
    ///
    /// Not once the report is published, and not while a recommendation or an influence rests on it.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/themes/:theme",
        method = "delete",
        operation_id = "deleteTheme"
    )]
    async fn delete_theme(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        theme: Path<ThemeId>,
    ) -> Done {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        themes::delete(&self.0, &actor, opportunity.0, theme.0).await?;
        Ok(NoContent)
    }

    /// Say who is behind a theme
    ///
    /// Replaces the whole list. What was taken back cannot be a source.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/themes/:theme/sources",
        method = "put",
        operation_id = "setThemeSources"
    )]
    async fn set_sources(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        theme: Path<ThemeId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<SourcesIn>,
    ) -> Result<Fine<ThemeOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.take()?;
        let sources = themes::Sources { responses: given.responses, contributions: given.contributions };
        let changed = themes::set_sources(&self.0, &actor, opportunity.0, theme.0, if_match.0.as_deref(), sources).await?;
        self.one(opportunity.0, changed).await
    }

    /// Add a recommendation
    ///
    /// What is proposed because of what people said. Each is owed an answer before the report can be published.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/recommendations",
        method = "post",
        operation_id = "createRecommendation"
    )]
    async fn create_recommendation(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<RecommendationIn>,
    ) -> Result<Created<RecommendationOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let made = recommendations::create(once.tx(), &self.0, &actor, opportunity.0, given.into()).await?;
        let at = format!("/api/organisations/{}/opportunities/{}/recommendations", actor.organisation, opportunity.0);
        let version = made.version;
        once.commit(Created::new(&RecommendationOut::from(made)).at(at).version(version)).await
    }

    /// List recommendations
    ///
    /// In their order, 500 at most.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/recommendations",
        method = "get",
        operation_id = "listRecommendations"
    )]
    async fn recommendations(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<Vec<RecommendationOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        sessions::opportunity(self.0.db.read(), actor.organisation, opportunity.0).await?;
        let rows = recommendations::list(self.0.db.read(), actor.organisation, opportunity.0).await?;
        Ok(Fine::new(&rows.into_iter().map(RecommendationOut::from).collect::<Vec<_>>()))
    }

    /// Change or answer a recommendation
    ///
    /// After the report was published, this belongs to its next version.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/recommendations/:recommendation",
        method = "put",
        operation_id = "changeRecommendation"
    )]
    async fn change_recommendation(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        recommendation: Path<RecommendationId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<RecommendationIn>,
    ) -> Result<Fine<RecommendationOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let (facts, if_match) = (body.take()?.into(), if_match.0.as_deref());
        let changed = recommendations::change(&self.0, &actor, opportunity.0, recommendation.0, if_match, facts).await?;
        let version = changed.version;
        Ok(Fine::new(&RecommendationOut::from(changed)).version(version))
    }

    /// Remove a recommendation
    ///
    /// Not once the report is published.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/recommendations/:recommendation",
        method = "delete",
        operation_id = "deleteRecommendation"
    )]
    async fn delete_recommendation(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        recommendation: Path<RecommendationId>,
    ) -> Done {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        recommendations::delete(&self.0, &actor, opportunity.0, recommendation.0).await?;
        Ok(NoContent)
    }

    /// Record an influence
    ///
    /// Claims that a theme or a contribution had an effect on a decision. Those concerned can confirm or dispute it.
    #[oai(path = "/organisations/:organisation/decisions/:decision/influence", method = "post", operation_id = "claimInfluence")]
    async fn claim(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        decision: Path<DecisionId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<InfluenceIn>,
    ) -> Result<Created<InfluenceOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let claim = Claim { theme: given.theme, contribution: given.contribution, level: given.level, note: given.note };
        let made = links::claim(once.tx(), &self.0, &actor, decision.0, claim).await?;
        let at = format!("/api/organisations/{}/decisions/{}/influence", actor.organisation, decision.0);
        once.commit(Created::new(&InfluenceOut::from(made)).at(at)).await
    }

    /// List influence on a decision
    ///
    /// What people said and how far it changed this decision, with what those concerned say about that.
    #[oai(path = "/organisations/:organisation/decisions/:decision/influence", method = "get", operation_id = "listInfluence")]
    async fn influence(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        decision: Path<DecisionId>,
        /// Items a page.
        limit: Query<Option<u64>>,
        /// The `next` of an earlier page.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<InfluenceOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = links::list(self.0.db.read(), actor.organisation, decision.0, cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, InfluenceOut::from)))
    }

    /// Confirm or dispute an influence
    ///
    /// For those whose words it is about. You can change your mind.
    #[oai(path = "/me/influence/:influence", method = "post", operation_id = "answerInfluence")]
    async fn answer(
        &self,
        caller: Caller,
        influence: Path<InfluenceId>,
        body: Body<InfluenceAnswerIn>,
    ) -> Result<Fine<InfluenceOut>> {
        let person = access::person(&self.0, &caller).await?;
        let says = body.take()?.standing;
        let changed = links::answer(&self.0, &person, influence.0, says).await?;
        Ok(Fine::new(&InfluenceOut::from(changed)))
    }
}
