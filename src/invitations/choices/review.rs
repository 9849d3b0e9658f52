//! Two weeks before choices grow old, the person is told so, once. Doing nothing lets them grow old: then a question comes first,
//! about what was chosen and nothing beyond it.

use super::{HOURS, PAGE, REVIEW, To, begun, write};
use crate::{
    consent::permitted,
    participants::{Recipient, preferences, rules::grows_old},
    platform::{
        Platform, Result,
        jobs::{Fault, Next},
        mail::{Composed, Letter, both},
    },
};
use chrono::{Days, Duration};
use entity::{
    MailState, OrganisationId, ParticipantId, ParticipantState, PreferenceDoc, PreferenceId, Purpose, mail_message, organisation,
    participant, preference,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use std::collections::HashMap;

/// Days before the day on which choices are looked at again.
const BEFORE: u64 = 14;

/// Writes to everybody whose choices grow old soon. Comes again by itself.
pub async fn look(platform: Platform) -> Result<Next, Fault> {
    let now = platform.clock.now();
    let homes = organisation::Entity::find().order_by_asc(organisation::Column::Id).all(platform.db.read()).await?;
    for home in homes {
        let mut after = None;
        while let Some(last) = page(&platform, &home, after).await? {
            after = Some(last);
        }
    }
    platform.wake.notify_one();
    Ok(Next::At(now + Duration::hours(HOURS)))
}

/// Writes to the next people behind somebody. Answers the last one that was looked at, if there was any.
async fn page(platform: &Platform, home: &organisation::Model, after: Option<ParticipantId>) -> Result<Option<ParticipantId>> {
    let (now, today) = (platform.clock.now(), preferences::today(home, platform.clock.now()));
    let tx = platform.db.begin().await?;
    let told = mail_message::Entity::find()
        .select_only()
        .column(mail_message::Column::SubjectId)
        .filter(mail_message::Column::OrganisationId.eq(home.id))
        .filter(mail_message::Column::Kind.eq(REVIEW))
        .filter(mail_message::Column::SubjectId.is_not_null())
        .into_query();
    let mut query = participant::Entity::find()
        .filter(participant::Column::OrganisationId.eq(home.id))
        .filter(participant::Column::State.eq(ParticipantState::Joined))
        .filter(participant::Column::ReviewAfter.gte(today))
        .filter(participant::Column::ReviewAfter.lte(today + Days::new(BEFORE)))
        .filter(participant::Column::PreferenceId.not_in_subquery(told));
    if let Some(after) = after {
        query = query.filter(participant::Column::Id.gt(after));
    }
    let people = query.order_by_asc(participant::Column::Id).limit(PAGE).all(&tx).await?;
    let Some(last) = people.last().map(|person| person.id) else { return Ok(None) };
    let ids: Vec<ParticipantId> = people.iter().map(|person| person.id).collect();
    let agreed = permitted(&tx, home.id, &ids, Purpose::ContactInvite, home.id.0, now).await?;
    let versions = people.iter().filter_map(|person| person.preference_id);
    let wishes: HashMap<PreferenceId, PreferenceDoc> = preference::Entity::find()
        .filter(preference::Column::OrganisationId.eq(home.id))
        .filter(preference::Column::Id.is_in(versions))
        .all(&tx)
        .await?
        .into_iter()
        .map(|row| (row.id, row.document))
        .collect();
    let due = people.iter().filter(|person| agreed.contains(&person.id)).filter_map(|person| {
        let version = person.preference_id?;
        let changes = wishes.get(&version).is_some_and(|doc| grows_old(doc, today));
        changes.then_some(To { who: person.id, about: version.0, address: &person.email })
    });
    let due: Vec<To> = due.collect();
    write(&tx, platform, home.id, REVIEW, &due).await?;
    tx.commit().await?;
    Ok(Some(last))
}

/// The letter, or what is to be done instead.
pub(super) async fn letter(
    platform: &Platform,
    recipient: &Recipient,
    message: &mail_message::Model,
) -> Result<Result<Letter, Composed>> {
    let home: OrganisationId = recipient.organisation.id;
    let today = preferences::today(&recipient.organisation, platform.clock.now());
    let version = recipient.participant.preference_id.filter(|id| Some(id.0) == message.subject_id);
    let found = match version {
        Some(id) => preference::Entity::find_by_id((home, id)).one(platform.db.read()).await?,
        None => None,
    };
    let Some((row, until)) = found.and_then(|row| row.document.review_after.map(|until| (row, until))) else {
        return Ok(Err(Composed::Drop(MailState::Cancelled, "the person has chosen again")));
    };
    if until < today {
        return Ok(Err(Composed::Drop(MailState::Expired, "the day has passed")));
    }
    if !grows_old(&row.document, today) {
        return Ok(Err(Composed::Drop(MailState::Cancelled, "the person is pausing")));
    }
    let day = super::super::letters::day;
    let zone = recipient.organisation.time_zone.parse().unwrap_or(chrono_tz::Tz::UTC);
    let said = day(row.recorded_at.with_timezone(&zone).date_naive());
    let letter = begun(recipient, format!("Your choices hold until {}", day(until)).into())
        .text(both(
            format!("Your choices of {said} hold until {}. After that we ask you first, each time.", day(until)),
            format!("You made choices on {said}.\nThey hold until {}.\nAfter that we ask you first, each time.", day(until)),
        ))
        .text(both(
            "We then ask about what you chose, and about nothing beyond it.",
            "We then ask about what you chose.\nWe do not ask for more.",
        ))
        .heading(both("", "What you can do"))
        .text(both(
            "If your choices are still right, you can keep them with one button. You can also change them, or leave it.",
            "Are your choices still right?\nThen you can keep them.\nYou can also change them.\nYou can also do nothing.",
        ))
        .text(both("Looking at them changes nothing.", "You can look at them first.\nLooking changes nothing."))
        .button("See my choices", recipient.own_page(platform, "/review"));
    Ok(Ok(letter))
}
