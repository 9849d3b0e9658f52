//! What happens to trials by itself: a question half-way, and a word when one is over. What counts does not wait for it.

use super::{HALF_WAY, OVER, attended, finish, tell, terms, zone};
use crate::{
    participants::{links::unsubscribe_links, preferences::today},
    platform::{
        Platform, Result, Tx,
        jobs::{Fault, Next},
        mail::{self, NewLetter, priority},
    },
};
use chrono::Duration;
use entity::{ParticipantState, RecipientKind, TrialEnd, TrialId, organisation, participant, trial};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::LockType,
};

/// So many trials are looked at in one go.
const PAGE: u64 = 1000;

/// Looks after every trial that nobody has ended; comes again every hour.
pub async fn look_after(platform: Platform) -> Result<Next, Fault> {
    let mut after: Option<TrialId> = None;
    loop {
        let mut query = trial::Entity::find().filter(trial::Column::EndedAt.is_null());
        if let Some(after) = after {
            query = query.filter(trial::Column::Id.gt(after));
        }
        let page = query.order_by_asc(trial::Column::Id).limit(PAGE).all(platform.db.read()).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for seen in &page {
            let tx = platform.db.begin().await?;
            look_at(&tx, &platform, seen).await?;
            tx.commit().await?;
        }
    }
    platform.wake.notify_one();
    Ok(Next::At(platform.clock.now() + Duration::hours(1)))
}

async fn look_at(tx: &Tx, platform: &Platform, seen: &trial::Model) -> Result<()> {
    let organisation = seen.organisation_id;
    // Whoever changes wishes or ends a trial holds the person first.
    let key = (organisation, seen.participant_id);
    let person = participant::Entity::find_by_id(key).lock(LockType::NoKeyUpdate).one(tx).await?;
    let home = organisation::Entity::find_by_id(organisation).one(tx).await?;
    let row = trial::Entity::find_by_id((organisation, seen.id)).one(tx).await?.filter(|row| row.ended_at.is_none());
    let (Some(person), Some(home), Some(row)) = (person, home, row) else { return Ok(()) };
    if person.state != ParticipantState::Joined || person.preference_id != Some(row.preference_id) {
        finish(tx, platform, organisation, person.id, TrialEnd::Changed).await?;
        return Ok(());
    }
    let (today, terms) = (today(&home, platform.clock.now()), terms(&row, zone(&home)));
    let attended = attended(tx, organisation, std::slice::from_ref(&row)).await?;
    let attended = attended.get(&row.id).copied().unwrap_or(0);
    if terms.are_over(attended, today) {
        finish(tx, platform, organisation, person.id, TrialEnd::Over).await?;
        tell(tx, platform, organisation, person.id).await?;
        write(tx, platform, OVER, &person, row.id).await?;
    } else if row.asked_at.is_none() && terms.are_half_way(attended, today) {
        let id = row.id;
        let mut row = row.into_active_model();
        row.asked_at = Set(Some(platform.clock.now()));
        row.update(tx).await?;
        write(tx, platform, HALF_WAY, &person, id).await?;
    }
    Ok(())
}

/// Enqueues a letter about a trial. The sending names the organisation alone, because staff read the list of sendings.
async fn write(tx: &Tx, platform: &Platform, kind: &'static str, person: &participant::Model, about: TrialId) -> Result<()> {
    let organisation = person.organisation_id;
    let batch = mail::open_batch(tx, &platform.clock, Some(organisation), kind, Some(organisation.0), "system").await?;
    let letter = NewLetter {
        id: platform.clock.new_id(),
        kind,
        recipient_kind: RecipientKind::Participant,
        recipient_id: person.id.0,
        subject_id: Some(about.0),
        address: person.email.clone(),
        n: 0,
        priority: priority::TRANSACTIONAL,
        expires_at: None,
    };
    unsubscribe_links(tx, platform, organisation, &[(letter.id, person.id)]).await?;
    mail::enqueue(tx, &platform.clock, Some(organisation), batch, &[letter]).await
}
