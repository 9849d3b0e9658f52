//! When a person changes what they want: open invitations that no longer fit are taken back, and waiting lists left, at once.

use crate::{
    invitations::{
        self, applications,
        jobs::payload,
        load::{Asked, Earlier, When, earlier},
        places,
        rules::{OPEN, offer},
        same_day::OwnDays,
        waiting,
    },
    opportunities::{month_began, supported, zone_of},
    participants::{
        preferences::today,
        rules::{Offer, is_pausing_from, objection},
        trials::in_force,
    },
    platform::{
        Platform, Result, Tx,
        jobs::{Fault, Next},
    },
};
use entity::{
    InvitationId, InvitationState, OrganisationId, ParticipantId, ParticipantState, PreferenceDoc, Time, invitation, opportunity,
    opportunity_topic, organisation, participant,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashSet;

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
    let own = |row: &invitation::Model| row.run_id.is_none() || applied.contains(&row.opportunity_id);
    let fits = |row: &invitation::Model| {
        let (Some(wishes), Some(opportunity)) = (&wishes, opportunities.iter().find(|one| one.id == row.opportunity_id)) else {
            return true;
        };
        let topics: Vec<_> =
            topics.iter().filter(|link| link.opportunity_id == opportunity.id).map(|link| link.topic_id).collect();
        let can_be = supported.get(&opportunity.id).map_or(opportunity.rung, |supported| supported.rung);
        let offer = offer(opportunity, &topics, can_be, row.created_at, zone, now);
        let offer = Offer { meetings_that_day: days.beside(opportunity), ..offer };
        // What a person chose for themselves stays theirs. While they pause, nobody waits for their answer, and they wait for nothing.
        let theirs = row.run_id.is_some() || row.state == InvitationState::Waiting;
        if is_pausing_from(wishes, offer.matter(), offer.today) && theirs {
            return false;
        }
        own(row) || objection(wishes, &offer).is_none()
    };
    let fitting: Vec<&invitation::Model> = rows.iter().filter(|row| !left && fits(row)).collect();
    let too_much = match &wishes {
        Some(wishes) => beyond(&tx, &home, &fitting, &own, &opportunities, wishes, now).await?,
        None => HashSet::new(),
    };
    let stays: HashSet<InvitationId> = fitting.iter().map(|row| row.id).filter(|id| !too_much.contains(id)).collect();
    let gone: Vec<_> = rows.into_iter().filter(|row| !stays.contains(&row.id)).collect();
    invitations::jobs::take_back(&tx, &platform, who.organisation, &person, &gone).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(Next::Done)
}

/// Those of open invitations that would take more time, in the month in which they take it, than is wanted: what somebody said yes to,
/// or chose themselves, counts first, and then what was asked first.
async fn beyond(
    tx: &Tx,
    home: &organisation::Model,
    rows: &[&invitation::Model],
    chosen: &(impl Fn(&invitation::Model) -> bool + Sync),
    about: &[opportunity::Model],
    wishes: &PreferenceDoc,
    now: Time,
) -> Result<HashSet<InvitationId>> {
    let (Some(most), Some(first)) = (wishes.load.minutes_per_month_max, rows.first()) else { return Ok(HashSet::new()) };
    let (zone, own) = (zone_of(home), invitation::Column::ParticipantId.eq(first.participant_id));
    let these = invitation::Column::Id.is_in(rows.iter().map(|row| row.id));
    let earlier = earlier(tx, home.id, own, month_began(zone, now), these).await?;
    let said_yes = |row: &&Earlier| matches!(row.state, InvitationState::Accepted | InvitationState::Waiting);
    let chosen: HashSet<InvitationId> = rows.iter().filter(|row| chosen(row)).map(|row| row.id).collect();
    let mut kept: Vec<&Earlier> = earlier.iter().filter(|row| said_yes(row) || chosen.contains(&row.id)).collect();
    let mut beyond = HashSet::new();
    for row in rows.iter().filter(|row| OPEN.contains(&row.state) && !chosen.contains(&row.id)) {
        let (Some(offer), Some(this)) =
            (about.iter().find(|one| one.id == row.opportunity_id), earlier.iter().find(|one| one.id == row.id))
        else {
            continue;
        };
        let (mut asked, when) = (Asked::default(), When::of(zone, now, offer.starts_at));
        kept.iter().for_each(|row| row.count(&when, &mut asked));
        let minutes = i64::from(offer.minutes) + i64::from(offer.preparation_minutes);
        if asked.minutes + minutes > i64::from(most) {
            beyond.insert(row.id);
        } else {
            kept.push(this);
        }
    }
    Ok(beyond)
}
