//! When a person changes what they want: open invitations that no longer fit are taken back, and waiting lists left, at once.

use crate::{
    invitations::{
        self, applications,
        jobs::payload,
        places,
        rules::{OPEN, offer},
        same_day::OwnDays,
        waiting,
    },
    opportunities::{supported, zone_of},
    participants::{
        preferences::today,
        rules::{Offer, objection},
        trials::in_force,
    },
    platform::{
        Platform,
        jobs::{Fault, Next},
    },
};
use entity::{
    InvitationState, OrganisationId, ParticipantId, ParticipantState, PreferenceDoc, invitation, opportunity, opportunity_topic,
    organisation, participant,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Who {
    organisation: OrganisationId,
    participant: ParticipantId,
}

/// Takes back what no longer fits. Also runs when somebody leaves: then nothing fits, and what they held becomes free.
pub async fn changed(platform: Platform, value: Value) -> Result<Next, Fault> {
    let who: Who = payload(value)?;
    let tx = platform.db.begin().await?;
    let person = participant::Entity::find_by_id((who.organisation, who.participant)).one(&tx).await?;
    let home = organisation::Entity::find_by_id(who.organisation).one(&tx).await?;
    let (Some(person), Some(home)) = (person, home) else { return Ok(Next::Done) };
    let (zone, now) = (zone_of(&home), platform.clock.now());
    let wishes = in_force(&tx, &person, today(&home, now)).await?;
    let wishes = (wishes.n > 0).then_some(wishes.doc);
    let left = person.state == ParticipantState::Left;
    if left {
        // Before the invitations are locked: whoever locks both takes places first.
        places::leave_all(&tx, &platform, who.organisation, who.participant).await?;
    }
    // The same holds for waiting lists that they may be taken off.
    let waited_for = waiting::waited_for(&tx, who.organisation, who.participant).await?;
    for opportunity in &waited_for {
        places::lock(&tx, who.organisation, *opportunity).await?;
    }
    let held = Condition::all()
        .add(invitation::Column::State.eq(InvitationState::Waiting))
        .add(invitation::Column::OpportunityId.is_in(waited_for));
    let rows = invitation::Entity::find()
        .filter(invitation::Column::OrganisationId.eq(who.organisation))
        .filter(invitation::Column::ParticipantId.eq(who.participant))
        .filter(Condition::any().add(invitation::Column::State.is_in(OPEN)).add(held))
        .order_by_asc(invitation::Column::Id)
        .lock_exclusive()
        .all(&tx)
        .await?;
    let offers: Vec<_> = rows.iter().map(|row| row.opportunity_id).collect();
    let opportunities = opportunity::Entity::find()
        .filter(opportunity::Column::OrganisationId.eq(who.organisation))
        .filter(opportunity::Column::Id.is_in(offers.iter().copied()))
        .all(&tx)
        .await?;
    let topics = opportunity_topic::Entity::find()
        .filter(opportunity_topic::Column::OrganisationId.eq(who.organisation))
        .filter(opportunity_topic::Column::OpportunityId.is_in(offers))
        .all(&tx)
        .await?;
    let supported = supported::of(&tx, &opportunities, now).await?;
    let applied = applications::of(&tx, who.organisation, who.participant, rows.iter().map(|row| row.opportunity_id)).await?;
    let unspoken = PreferenceDoc::unspoken();
    let days = OwnDays::read(&tx, who.organisation, who.participant, wishes.as_ref().unwrap_or(&unspoken), zone).await?;
    let fits = |row: &invitation::Model| {
        let (Some(wishes), Some(opportunity)) = (&wishes, opportunities.iter().find(|one| one.id == row.opportunity_id)) else {
            return true;
        };
        let topics: Vec<_> =
            topics.iter().filter(|link| link.opportunity_id == opportunity.id).map(|link| link.topic_id).collect();
        let can_be = supported.get(&opportunity.id).map_or(opportunity.rung, |supported| supported.rung);
        let offer = offer(opportunity, &topics, can_be, row.created_at, zone, now);
        let offer = Offer { meetings_that_day: days.beside(opportunity), ..offer };
        // What a person chose for themselves stays theirs.
        row.run_id.is_none() || applied.contains(&row.opportunity_id) || objection(wishes, &offer).is_none()
    };
    let gone: Vec<_> = rows.into_iter().filter(|row| left || !fits(row)).collect();
    invitations::jobs::take_back(&tx, &platform, who.organisation, &person, &gone).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(Next::Done)
}
