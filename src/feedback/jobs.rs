//! Telling people: one letter to everybody who took part and wants to be told.

use super::REPORT;
use crate::{
    consent::permitting,
    invitations::parting,
    participants::{
        news::{News, gather, gathered},
        unsubscribe_links,
    },
    platform::{
        Platform, Result, Tx,
        jobs::{Fault, Next},
        mail::{self, NewLetter, priority},
    },
    statistics::people::{self, Scope},
};
use entity::{
    OrganisationId, ParticipantId, ParticipantState, Purpose, RecipientKind, ReleaseId, ReportId, mail_message, participant,
    report,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use serde::Deserialize;
use serde_json::Value;

/// Letters in one transaction.
const PAGE: u64 = 1000;

#[derive(Deserialize)]
struct Payload {
    organisation: OrganisationId,
    report: ReportId,
    release: ReleaseId,
}

/// Writes to everybody who took part, a page at a time. Run again after it broke off, it leaves out who has a letter.
pub async fn send(platform: Platform, payload: Value) -> Result<Next, Fault> {
    let Ok(about) = serde_json::from_value::<Payload>(payload) else {
        return Err(Fault::GiveUp("a payload of another form".into()));
    };
    let report = report::Entity::find_by_id((about.organisation, about.report)).one(platform.db.read()).await?;
    let Some(report) = report else { return Err(Fault::GiveUp("no such report".into())) };
    let scope = Scope { organisation: about.organisation, opportunity: report.opportunity_id };
    let mut after = None;
    loop {
        let tx = platform.db.begin().await?;
        // One sending a release, however often the job begins anew.
        let batch = mail::batch_about(&tx, &platform.clock, about.organisation, REPORT, about.release.0, "system").await?;
        let page = recipients(&tx, &platform, scope, about.release, after).await?;
        let (last, is_full) = (page.last().map(|(last, _)| *last), page.len() as u64 == PAGE);
        let now = gather(&tx, &platform, news(scope.organisation, about.release), page).await?;
        let letters: Vec<NewLetter> = now.iter().map(|(id, address)| letter(&platform, &about, *id, address)).collect();
        let stop: Vec<_> = letters.iter().map(|letter| (letter.id, ParticipantId(letter.recipient_id))).collect();
        unsubscribe_links(&tx, &platform, about.organisation, &stop).await?;
        mail::enqueue(&tx, &platform.clock, Some(about.organisation), batch, &letters).await?;
        tx.commit().await?;
        platform.wake.notify_one();
        if !is_full {
            return Ok(Next::Done);
        }
        after = last;
    }
}

fn news(organisation: OrganisationId, release: ReleaseId) -> News {
    News { organisation, kind: REPORT, subject: release.0 }
}

async fn recipients(
    tx: &Tx,
    platform: &Platform,
    scope: Scope,
    release: ReleaseId,
    after: Option<ParticipantId>,
) -> Result<Vec<(ParticipantId, String)>> {
    let now = platform.clock.now();
    let wants = permitting(scope.organisation, Purpose::ContactFeedback, scope.organisation.0, now);
    let written = mail_message::Entity::find()
        .select_only()
        .column(mail_message::Column::RecipientId)
        .filter(mail_message::Column::OrganisationId.eq(scope.organisation))
        .filter(mail_message::Column::SubjectId.eq(release.0))
        .filter(mail_message::Column::Kind.eq(REPORT))
        .into_query();
    let gathered = gathered(news(scope.organisation, release));
    let hears = |results| parting::hears(scope.organisation, scope.opportunity, results);
    let mut query = participant::Entity::find()
        .select_only()
        .column(participant::Column::Id)
        .column(participant::Column::Email)
        .filter(participant::Column::OrganisationId.eq(scope.organisation))
        .filter(participant::Column::State.eq(ParticipantState::Joined))
        // Whoever stepped down from it before is told too, unless they said that they do not want to be.
        .filter(people::is_owed(participant::Column::Id, scope).add(participant::Column::Id.in_subquery(hears(true))))
        .filter(participant::Column::Id.not_in_subquery(hears(false)))
        .filter(participant::Column::Id.in_subquery(wants))
        .filter(participant::Column::Id.not_in_subquery(written))
        .filter(participant::Column::Id.not_in_subquery(gathered))
        .order_by_asc(participant::Column::Id)
        .limit(PAGE);
    if let Some(after) = after {
        query = query.filter(participant::Column::Id.gt(after));
    }
    Ok(query.into_tuple().all(tx).await?)
}

fn letter(platform: &Platform, about: &Payload, recipient: ParticipantId, address: &str) -> NewLetter {
    NewLetter {
        id: platform.clock.new_id(),
        kind: REPORT,
        recipient_kind: RecipientKind::Participant,
        recipient_id: recipient.0,
        subject_id: Some(about.release.0),
        address: address.to_owned(),
        n: 0,
        priority: priority::FEEDBACK,
        expires_at: None,
    }
}
