//! The end of something by whoever ran it: what is open or waits ends at once, and everybody concerned is told by letter.

use super::{ENDED, TELL_ENDED, jobs::Which, jobs::payload, places, posted, rules};
use crate::platform::{
    Platform, Result, Tx,
    jobs::{Fault, NewJob, Next, enqueue},
};
use entity::{
    InvitationId, InvitationState, OpportunityId, OrganisationId, ParticipantId, ParticipantState, PlaceState, ending,
    invitation, mail_message, opportunity, participant, place,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, sea_query::Expr,
};
use std::collections::HashMap;

/// Letters in one transaction.
const PAGE: u64 = 1000;

/// The end of something, if it was ended.
pub async fn of(
    connection: &impl ConnectionTrait,
    organisation: OrganisationId,
    id: OpportunityId,
) -> Result<Option<ending::Model>> {
    Ok(ending::Entity::find_by_id((organisation, id)).one(connection).await?)
}

/// Ends what is open and what waits, at the time of the ending, and lets everybody concerned be told. Whoever calls it holds the
/// opportunity.
pub async fn carry_out(tx: &Tx, platform: &Platform, about: &opportunity::Model, ending: &ending::Model) -> Result<()> {
    let (organisation, at) = (about.organisation_id, ending.ended_at);
    place::Entity::update_many()
        .col_expr(place::Column::State, Expr::value(PlaceState::Released.word()))
        .col_expr(place::Column::ReleasedAt, Expr::value(at))
        .filter(place::Column::OrganisationId.eq(organisation))
        .filter(place::Column::OpportunityId.eq(about.id))
        .filter(place::Column::State.eq(PlaceState::Waiting))
        .exec(tx)
        .await?;
    let open = rules::OPEN.into_iter().chain([InvitationState::Waiting]);
    invitation::Entity::update_many()
        .col_expr(invitation::Column::State, Expr::value(InvitationState::Ended.word()))
        .col_expr(invitation::Column::EndedAt, Expr::value(at))
        .filter(invitation::Column::OrganisationId.eq(organisation))
        .filter(invitation::Column::OpportunityId.eq(about.id))
        .filter(invitation::Column::State.is_in(open))
        .exec(tx)
        .await?;
    let payload = serde_json::json!({"organisation": organisation, "opportunity": about.id});
    enqueue(tx, &platform.clock, NewJob::now(TELL_ENDED, organisation, payload)).await
}

/// Writes to everybody concerned, a page at a time. Run again after it broke off, it leaves out who has a letter.
pub async fn tell(platform: Platform, value: serde_json::Value) -> Result<Next, Fault> {
    let which: Which = payload(value)?;
    let tx = platform.db.begin().await?;
    let about = places::lock(&tx, which.organisation, which.opportunity).await?;
    let Some(ending) = of(&tx, which.organisation, which.opportunity).await? else { return Ok(Next::Done) };
    let people = concerned(&tx, &ending).await?;
    if people.is_empty() {
        return Ok(Next::Done);
    }
    let addresses: HashMap<ParticipantId, String> = participant::Entity::find()
        .select_only()
        .columns([participant::Column::Id, participant::Column::Email])
        .filter(participant::Column::OrganisationId.eq(which.organisation))
        .filter(participant::Column::Id.is_in(people.iter().map(|(_, person)| *person)))
        .into_tuple()
        .all(&tx)
        .await?
        .into_iter()
        .collect();
    let people: Vec<_> = people.iter().filter_map(|(id, who)| Some((*id, *who, addresses.get(who)?.as_str()))).collect();
    places::write(&tx, &platform, &about, ENDED, 0, &people).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(Next::More)
}

/// The next people who have no letter yet: whoever had said yes, waited, or was asked and had the letter that asks.
async fn concerned(tx: &Tx, ending: &ending::Model) -> Result<Vec<(InvitationId, ParticipantId)>> {
    let written = mail_message::Entity::find()
        .select_only()
        .column(mail_message::Column::SubjectId)
        .filter(mail_message::Column::OrganisationId.eq(ending.organisation_id))
        .filter(mail_message::Column::Kind.eq(ENDED))
        .filter(mail_message::Column::SubjectId.is_not_null())
        .into_query();
    let here = participant::Entity::find()
        .select_only()
        .column(participant::Column::Id)
        .filter(participant::Column::OrganisationId.eq(ending.organisation_id))
        .filter(participant::Column::State.eq(ParticipantState::Joined))
        .into_query();
    let knew = Condition::any().add(invitation::Column::RepliedAt.is_not_null()).add(posted::has_asked());
    let ended = Condition::all()
        .add(invitation::Column::State.eq(InvitationState::Ended))
        .add(invitation::Column::EndedAt.eq(ending.ended_at))
        .add(knew);
    let found = invitation::Entity::find()
        .select_only()
        .columns([invitation::Column::Id, invitation::Column::ParticipantId])
        .filter(invitation::Column::OrganisationId.eq(ending.organisation_id))
        .filter(invitation::Column::OpportunityId.eq(ending.opportunity_id))
        .filter(Condition::any().add(invitation::Column::State.eq(InvitationState::Accepted)).add(ended))
        .filter(invitation::Column::ParticipantId.in_subquery(here))
        .filter(invitation::Column::Id.not_in_subquery(written))
        .order_by_asc(invitation::Column::Id)
        .limit(PAGE)
        .into_tuple()
        .all(tx)
        .await?;
    Ok(found)
}
