//! Endpoints for reports, ratings, the ledger, and what everybody can read.

pub mod shapes;

use super::{
    ledger,
    overdue::{self},
    public, publish,
    ratings::{self, Marks},
    report::{self},
};
use crate::{
    accounts::{Power, access, organisations},
    platform::{
        Platform, Result,
        http::{Body, Caller, Chapter, Created, Cursor, Done, Fine, NoContent, Once, Page},
        secret::hex,
    },
    sessions,
    statistics::{counts, people::Audience},
};
use entity::{OpportunityId, OrganisationId, ReportDocument, ReportId};
use poem_openapi::{
    OpenApi,
    param::{Header, Path, Query},
};
pub use shapes::{
    CitedOut, ClaimedOut, FollowedOut, HarmOut, LedgerOut, MeansOut, OverdueOut, PublicReportOut, PublishIn, RatingIn,
    RatingsOut, ReleaseOut, ReportIn, ReportOut,
};

/// Reports, ratings, ledger.
pub struct Api(pub Platform);

#[OpenApi]
impl Api {
    /// Begin a report
    ///
    /// When the opportunity has closed.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/report",
        method = "post",
        operation_id = "draftReport",
        tag = "Chapter::Feedback"
    )]
    async fn draft(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Created<ReportOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let tx = self.0.db.begin().await?;
        let made = report::draft(&tx, &self.0, &actor, opportunity.0).await?;
        tx.commit().await.map_err(crate::platform::Error::from)?;
        let at = format!("/api/organisations/{}/opportunities/{}/report", actor.organisation, opportunity.0);
        let version = made.version;
        Ok(Created::new(&ReportOut::from(made)).at(at).version(version))
    }

    /// Read the draft of a report
    ///
    /// What the coordinator has written so far. The rest of a report comes from the record: see the preview.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/report",
        method = "get",
        operation_id = "getReport",
        tag = "Chapter::Feedback"
    )]
    async fn report(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<ReportOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let found = report::get(self.0.db.read(), actor.organisation, opportunity.0).await?;
        let version = found.version;
        Ok(Fine::new(&ReportOut::from(found)).version(version))
    }

    /// Change the draft of a report
    ///
    /// After publication this belongs to the next version.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/report",
        method = "put",
        operation_id = "changeReport",
        tag = "Chapter::Feedback"
    )]
    async fn change(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<ReportIn>,
    ) -> Result<Fine<ReportOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let facts = body.take()?.into();
        let changed = report::change(&self.0, &actor, opportunity.0, if_match.0.as_deref(), facts).await?;
        let version = changed.version;
        Ok(Fine::new(&ReportOut::from(changed)).version(version))
    }

    /// Preview a report
    ///
    /// The whole document as it would be published now.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/report/preview",
        method = "get",
        operation_id = "previewReport",
        tag = "Chapter::Feedback"
    )]
    async fn preview(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<ReportDocument>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        Ok(Fine::new(&report::preview(&self.0, actor.organisation, opportunity.0).await?))
    }

    /// Publish a report
    ///
    /// Refused with everything that is still missing. Publishing again without a change makes no new version and tells
    /// nobody twice; with a change it needs a note of what changed, and tells people again.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/report/publish",
        method = "post",
        operation_id = "publishReport",
        tag = "Chapter::Feedback"
    )]
    async fn publish(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<PublishIn>,
    ) -> Result<Fine<ReleaseOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let slug = organisations::get(&self.0, actor.organisation).await?.slug;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let made = publish::publish(once.tx(), &self.0, &actor, opportunity.0, given.change_note).await?;
        let out = ReleaseOut {
            report: made.report,
            version: made.n,
            published_at: made.published_at,
            digest: hex(&made.digest),
            new: made.is_new,
            address: super::address(&self.0.config.public_url, &slug, made.report),
        };
        let reply = once.commit(Fine::new(&out)).await?;
        self.0.wake.notify_one();
        Ok(reply)
    }

    /// Read ratings
    ///
    /// Means are there from twice the organisation's minimum on, over whole groups of that size in the order in which people
    /// rated: one more rating alone changes nothing that is told.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/ratings",
        method = "get",
        operation_id = "getRatings",
        tag = "Chapter::Feedback"
    )]
    async fn ratings(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<RatingsOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        sessions::opportunity(self.0.db.read(), actor.organisation, opportunity.0).await?;
        let minimum = organisations::get(&self.0, actor.organisation).await?.minimum_group;
        let (scope, least) = (counts::scope(actor.organisation, opportunity.0), u64::try_from(minimum).unwrap_or(u64::MAX));
        let found = counts::ratings(self.0.db.read(), scope, Audience::Staff, least, self.0.clock.now()).await?;
        let means = |[heard, ways, matters, change, worth_it]: [f64; 5]| MeansOut { heard, ways, matters, change, worth_it };
        Ok(Fine::new(&RatingsOut { people: found.people.into(), means: found.means.map(means) }))
    }

    /// Read what did harm
    ///
    /// The words of people who rated. Who said it is not told.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/harms",
        method = "get",
        operation_id = "listHarms",
        tag = "Chapter::Feedback"
    )]
    async fn harms(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        /// Items a page.
        limit: Query<Option<u64>>,
        /// The `next` of an earlier page.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<HarmOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadResponses).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        sessions::opportunity(self.0.db.read(), actor.organisation, opportunity.0).await?;
        let rows = ratings::harms(self.0.db.read(), actor.organisation, opportunity.0, cursor).await?;
        let out = |row: entity::loop_rating::Model| HarmOut { id: row.id, harm: row.harm.unwrap_or_default() };
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, out)))
    }

    /// List published reports
    ///
    /// Title, opportunity and day of each, newest first.
    #[oai(path = "/public/:slug/reports", method = "get", operation_id = "listPublicReports", tag = "Chapter::Public")]
    async fn public_reports(
        &self,
        slug: Path<String>,
        /// Items a page.
        limit: Query<Option<u64>>,
        /// The `next` of an earlier page.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<PublicReportOut>>> {
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let organisation = organisations::by_slug(&self.0, &slug.0).await?;
        let rows = public::list(self.0.db.read(), organisation.id, cursor).await?;
        let out = |row: public::Entry| PublicReportOut {
            address: super::address(&self.0.config.public_url, &organisation.slug, row.report),
            id: row.report,
            opportunity: row.opportunity,
            title: row.title,
            published_at: row.published_at,
        };
        Ok(Fine::new(&cursor.page(rows, |row| row.report.0, out)))
    }

    /// Read a published report
    ///
    /// Its newest version.
    #[oai(path = "/public/:slug/reports/:report", method = "get", operation_id = "getPublicReport", tag = "Chapter::Public")]
    async fn public_report(&self, slug: Path<String>, report: Path<ReportId>) -> Result<Fine<ReportDocument>> {
        let organisation = organisations::by_slug(&self.0, &slug.0).await?;
        let document = public::newest(self.0.db.read(), organisation.id, report.0).await?;
        Ok(Fine::new(&document).version(document.annex.version))
    }

    /// List late promises
    ///
    /// Everything of which people were to be told what came of it by a day that has passed, and were not.
    #[oai(path = "/public/:slug/overdue", method = "get", operation_id = "listOverdue", tag = "Chapter::Public")]
    async fn overdue(
        &self,
        slug: Path<String>,
        /// Items a page.
        limit: Query<Option<u64>>,
        /// The `next` of an earlier page.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<OverdueOut>>> {
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let organisation = organisations::by_slug(&self.0, &slug.0).await?;
        let rows = overdue::list(self.0.db.read(), &organisation, self.0.clock.now(), cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.opportunity.0, OverdueOut::from)))
    }

    /// Own ledger
    ///
    /// Everything you were asked to or took part in: what you gave, and what became of it.
    #[oai(path = "/me/ledger", method = "get", operation_id = "getLedger", tag = "Chapter::Me")]
    async fn ledger(
        &self,
        caller: Caller,
        /// Items a page.
        limit: Query<Option<u64>>,
        /// The `next` of an earlier page.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<LedgerOut>>> {
        let person = access::person(&self.0, &caller).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = ledger::list(&self.0, &person, cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.opportunity.id.0, LedgerOut::from)))
    }

    /// Rate how it was
    ///
    /// For those who took part. Once each; sent again, it replaces what you said before.
    #[oai(path = "/me/opportunities/:opportunity/rating", method = "post", operation_id = "rateOpportunity", tag = "Chapter::Me")]
    async fn rate(&self, caller: Caller, opportunity: Path<OpportunityId>, body: Body<RatingIn>) -> Done {
        let person = access::person(&self.0, &caller).await?;
        let given = body.take()?;
        let marks = Marks {
            heard: given.heard,
            ways: given.ways,
            matters: given.matters,
            change: given.change,
            worth_it: given.worth_it,
            harm: given.harm,
        };
        ratings::rate(&self.0, &person, opportunity.0, marks).await?;
        Ok(NoContent)
    }
}
