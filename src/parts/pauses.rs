//! The day after a pause: one letter asks whether somebody wants to go on. Silence changes nothing.

use super::PAUSE_OVER;
use crate::{
    invitations::endings,
    participants::{preferences::today, unsubscribe_links},
    platform::{
        Platform, Result, Tx,
        jobs::{Fault, Next},
        mail::{self, NewLetter, priority},
    },
};
use chrono::{Days, Duration};
use entity::{PartState, ParticipantState, RecipientKind, ending, organisation, part, participant};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, sea_query::Expr};

/// Pauses in one transaction.
const PAGE: u64 = 1000;

/// Looks for pauses that are over where the organisation is; comes again every hour.
pub async fn look_after(platform: Platform) -> Result<Next, Fault> {
    let now = platform.clock.now();
    // No place on earth is more than a day ahead.
    let over = part::Entity::find()
        .select_only()
        .column(part::Column::OrganisationId)
        .filter(part::Column::State.eq(PartState::Paused))
        .filter(part::Column::AskedAt.is_null())
        .filter(part::Column::PausedUntil.lt(now.date_naive() + Days::new(1)))
        .into_query();
    let homes = organisation::Entity::find()
        .filter(organisation::Column::Id.in_subquery(over))
        .order_by_asc(organisation::Column::Id)
        .all(platform.db.read())
        .await?;
    let mut more = false;
    for home in homes {
        let tx = platform.db.begin().await?;
        more |= look_at(&tx, &platform, &home).await? == PAGE;
        tx.commit().await?;
    }
    platform.wake.notify_one();
    Ok(if more { Next::More } else { Next::At(now + Duration::hours(1)) })
}

/// Writes to those of an organisation whose pause is over. Answers how many pauses were looked at.
async fn look_at(tx: &Tx, platform: &Platform, home: &organisation::Model) -> Result<u64> {
    let now = platform.clock.now();
    let over = part::Entity::find()
        .filter(part::Column::OrganisationId.eq(home.id))
        .filter(part::Column::State.eq(PartState::Paused))
        .filter(part::Column::AskedAt.is_null())
        .filter(part::Column::PausedUntil.lt(today(home, now)))
        .order_by_asc(part::Column::OpportunityId)
        .order_by_asc(part::Column::ParticipantId)
        .limit(PAGE)
        // Who goes on meanwhile is not asked.
        .lock_exclusive()
        .all(tx)
        .await?;
    for group in over.chunk_by(|a, b| a.opportunity_id == b.opportunity_id) {
        part::Entity::update_many()
            .col_expr(part::Column::AskedAt, Expr::value(now))
            .filter(part::Column::OrganisationId.eq(home.id))
            .filter(part::Column::OpportunityId.is_in(group.first().map(|row| row.opportunity_id)))
            .filter(part::Column::ParticipantId.is_in(group.iter().map(|row| row.participant_id)))
            .exec(tx)
            .await?;
        write(tx, platform, group).await?;
    }
    Ok(u64::try_from(over.len()).unwrap_or(u64::MAX))
}

/// Enqueues the letters about one opportunity, unless it has ended. The sending names the organisation alone, because staff read
/// the list of sendings.
async fn write(tx: &Tx, platform: &Platform, over: &[part::Model]) -> Result<()> {
    let Some(first) = over.first() else { return Ok(()) };
    let (organisation, about) = (first.organisation_id, first.opportunity_id);
    let ended: Option<ending::Model> = endings::of(tx, organisation, about).await?;
    if ended.is_some() {
        return Ok(());
    }
    let people = participant::Entity::find()
        .filter(participant::Column::OrganisationId.eq(organisation))
        .filter(participant::Column::Id.is_in(over.iter().map(|row| row.participant_id)))
        .filter(participant::Column::State.eq(ParticipantState::Joined))
        .order_by_asc(participant::Column::Id)
        .all(tx)
        .await?;
    if people.is_empty() {
        return Ok(());
    }
    let batch = mail::open_batch(tx, &platform.clock, Some(organisation), PAUSE_OVER, Some(organisation.0), "system").await?;
    let letters: Vec<NewLetter> = people
        .iter()
        .map(|person| NewLetter {
            id: platform.clock.new_id(),
            kind: PAUSE_OVER,
            recipient_kind: RecipientKind::Participant,
            recipient_id: person.id.0,
            subject_id: Some(about.0),
            address: person.email.clone(),
            n: 0,
            priority: priority::TRANSACTIONAL,
            expires_at: None,
        })
        .collect();
    let stop: Vec<_> = letters.iter().zip(&people).map(|(letter, person)| (letter.id, person.id)).collect();
    unsubscribe_links(tx, platform, organisation, &stop).await?;
    mail::enqueue(tx, &platform.clock, Some(organisation), batch, &letters).await
}
