//! What a file claims beside its rows' own organisation: jobs say in their payload what is to be done, and things that happened
//! to letters name a letter. Whoever made the file up could name what belongs to a neighbour, and a job would act on it.

use crate::{
    app,
    platform::{Error, Result, Tx, mail::CANCELLED},
};
use entity::{JobId, MailBatchId, OpportunityId, OrganisationId, job, mail_batch, mail_event, mail_message, opportunity};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Jobs looked at with one statement.
const ROWS: u64 = 500;

/// Refuses what names something of another organisation. Nothing of `organisation` was here before the file, which held so
/// many events of letters.
pub async fn check(tx: &Tx, organisation: OrganisationId, events: u64) -> Result<()> {
    let letters = mail_message::Entity::find()
        .select_only()
        .column(mail_message::Column::Id)
        .filter(mail_message::Column::OrganisationId.eq(organisation));
    let ours =
        mail_event::Entity::find().filter(mail_event::Column::MessageId.in_subquery(letters.into_query())).count(tx).await?;
    if ours != events {
        return Err(Error::unavailable("the file says what happened to a letter that is not in it: mail_event"));
    }
    let mut after: Option<JobId> = None;
    loop {
        let mut jobs = job::Entity::find().filter(job::Column::OrganisationId.eq(organisation)).order_by_asc(job::Column::Id);
        if let Some(after) = after {
            jobs = jobs.filter(job::Column::Id.gt(after));
        }
        let jobs = jobs.limit(ROWS).all(tx).await?;
        let Some(last) = jobs.last() else { return Ok(()) };
        after = Some(last.id);
        are_ours(tx, organisation, &jobs).await?;
    }
}

/// Whether jobs are of a kind that organisations have, and about this one.
async fn are_ours(tx: &Tx, organisation: OrganisationId, jobs: &[job::Model]) -> Result<()> {
    let (mut mailings, mut opportunities) = (BTreeSet::new(), BTreeSet::new());
    for job in jobs {
        if !app::ORGANISATION_JOBS.contains(&job.kind.as_str()) {
            return Err(Error::unavailable("the file holds a job of a kind that no organisation has"));
        }
        let named = |name: &str| job.payload.get(name).and_then(|id| id.as_str()).and_then(|id| id.parse::<Uuid>().ok());
        if job.kind == CANCELLED {
            mailings.insert(named("mailing").ok_or_else(elsewhere)?);
        } else if named("organisation") != Some(organisation.0) {
            return Err(elsewhere());
        }
        // A key that holds off jobs like it is one of this kind, for an opportunity: any other would hold off somebody else's.
        if let Some(key) = &job.unique_key {
            let about = named("opportunity").filter(|about| *key == format!("{}:{about}", job.kind));
            opportunities.insert(about.ok_or_else(elsewhere)?);
        }
    }
    let sought = mailings.iter().map(|id| MailBatchId(*id));
    let found = mail_batch::Entity::find()
        .filter(mail_batch::Column::OrganisationId.eq(organisation))
        .filter(mail_batch::Column::Id.is_in(sought))
        .count(tx)
        .await?;
    let sought = opportunities.iter().map(|id| OpportunityId(*id));
    let held = opportunity::Entity::find()
        .filter(opportunity::Column::OrganisationId.eq(organisation))
        .filter(opportunity::Column::Id.is_in(sought))
        .count(tx)
        .await?;
    let all = |found: u64, sought: &BTreeSet<Uuid>| usize::try_from(found).is_ok_and(|found| found == sought.len());
    if all(found, &mailings) && all(held, &opportunities) { Ok(()) } else { Err(elsewhere()) }
}

fn elsewhere() -> Error {
    Error::unavailable("the file holds a job about something of another organisation")
}
