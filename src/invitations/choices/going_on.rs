//! Whoever has not answered for a while is asked once whether they want to go on hearing from us.

use super::{GOING_ON, HOURS, PAGE, To, begun, write};
use crate::{
    accounts::Person,
    consent::permitted,
    invitations::silence,
    participants::Recipient,
    platform::{
        Error, Platform, Result,
        jobs::{Fault, Next},
        mail::{Composed, Letter, both},
    },
};
use chrono::Duration;
use entity::{
    MailState, OrganisationId, ParticipantId, ParticipantState, Purpose, invitation, organisation, participant,
    silence::{ActiveModel, Column, Entity},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use std::collections::HashMap;

/// Asks everybody who has become silent. Comes again by itself.
pub async fn look(platform: Platform) -> Result<Next, Fault> {
    let now = platform.clock.now();
    let homes = organisation::Entity::find().order_by_asc(organisation::Column::Id).all(platform.db.read()).await?;
    for home in homes {
        let mut after = None;
        while let Some(last) = page(&platform, home.id, after).await? {
            after = Some(last);
        }
    }
    platform.wake.notify_one();
    Ok(Next::At(now + Duration::hours(HOURS)))
}

/// Asks the next people behind somebody. Answers the last one that was looked at, if there was any.
async fn page(platform: &Platform, home: OrganisationId, after: Option<ParticipantId>) -> Result<Option<ParticipantId>> {
    let now = platform.clock.now();
    let whose = match after {
        Some(after) => invitation::Column::ParticipantId.gt(after),
        None => Expr::val(1).eq(1),
    };
    let tx = platform.db.begin().await?;
    let found = silence::candidates(&tx, home, whose, PAGE).await?;
    let Some(last) = found.last().copied() else { return Ok(None) };
    let mut silent = silence::among(&tx, home, &found, now).await?;
    silent.retain(|_, silence| !silence.was_asked());
    let ids: Vec<ParticipantId> = silent.keys().copied().collect();
    let agreed = permitted(&tx, home, &ids, Purpose::ContactInvite, home.0, now).await?;
    let addresses: HashMap<ParticipantId, String> = participant::Entity::find()
        .filter(participant::Column::OrganisationId.eq(home))
        .filter(participant::Column::State.eq(ParticipantState::Joined))
        .filter(participant::Column::Id.is_in(agreed.iter().copied()))
        .all(&tx)
        .await?
        .into_iter()
        .map(|person| (person.id, person.email))
        .collect();
    let mut due: Vec<To> = addresses.iter().map(|(who, address)| To { who: *who, about: who.0, address }).collect();
    due.sort_by_key(|to| to.who);
    let rows = due.iter().map(|to| ActiveModel {
        organisation_id: Set(home),
        participant_id: Set(to.who),
        asked_at: Set(now),
        answered_at: Set(None),
    });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        let again = OnConflict::columns([Column::OrganisationId, Column::ParticipantId])
            .update_columns([Column::AskedAt, Column::AnsweredAt])
            .to_owned();
        Entity::insert_many(rows).on_conflict(again).exec_without_returning(&tx).await?;
    }
    write(&tx, platform, home, GOING_ON, &due).await?;
    tx.commit().await?;
    Ok(Some(last))
}

/// The letter, or what is to be done instead.
pub(super) async fn letter(platform: &Platform, recipient: &Recipient) -> Result<Result<Letter, Composed>> {
    let (home, who) = (recipient.organisation.id, recipient.participant.id);
    let silent = silence::among(platform.db.read(), home, &[who], platform.clock.now()).await?;
    if silent.is_empty() {
        return Ok(Err(Composed::Drop(MailState::Cancelled, "the person was heard of")));
    }
    let page = |rest: &str| recipient.own_page(platform, rest);
    let letter = begun(recipient, both("Do you want to go on hearing from us?", "Do you want more letters from us?"))
        .text(both(
            "We have asked you a few times, and have not heard from you. That is fine. You need give no reason.",
            "We asked you some things.\nYou did not answer.\nThat is fine.\nYou do not have to say why.",
        ))
        .text(both(
            "Until we hear from you, we ask you half as often. Do you want to go on hearing from us?",
            "We now ask you less often.\nDo you want us to go on asking you?",
        ))
        .button("Yes, go on", page("/hearing"))
        .heading(both("", "Other things you can choose"))
        .text(both("You can also choose one of these:", ""))
        .list(vec![
            both(format!("Ask me for less: {}", page("/step-down")), format!("Ask me for less: {}", page("/step-down"))),
            both(format!("Pause: {}", page("/pause")), format!("Stop for a while: {}", page("/pause"))),
            both(format!("Leave: {}", page("/leave")), format!("Leave for good: {}", page("/leave"))),
        ])
        .text(both("If you do nothing, nothing else changes.", "You can do nothing.\nThen nothing else changes."));
    Ok(Ok(letter))
}

/// A person says that they want to go on. Twice changes nothing.
pub async fn go_on(platform: &Platform, person: &Person) -> Result<()> {
    let tx = platform.db.begin().await?;
    let known = participant::Entity::find_by_id((person.organisation, person.participant)).one(&tx).await?;
    known.ok_or(Error::NotFound("participant"))?;
    let now = platform.clock.now();
    let row = ActiveModel {
        organisation_id: Set(person.organisation),
        participant_id: Set(person.participant),
        asked_at: Set(now),
        answered_at: Set(Some(now)),
    };
    let again = OnConflict::columns([Column::OrganisationId, Column::ParticipantId]).update_column(Column::AnsweredAt).to_owned();
    Entity::insert(row).on_conflict(again).exec_without_returning(&tx).await?;
    tx.commit().await?;
    Ok(())
}
