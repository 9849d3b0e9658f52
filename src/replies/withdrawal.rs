//! What a withdrawal, stepping out, and leaving do to answers. An answer that counts goes as what was made of it goes; one that was
//! not taken was given to nobody's work, so it goes with the part that it was about.

use crate::{
    consent::{
        Withdrawal,
        withdrawal::{Erasure, Whose},
    },
    platform::{Platform, Result, Tx, jobs::Fault},
};
use entity::{ContributionId, OrganisationId, ParticipantId, contribution, mail_reply};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use serde::Deserialize;
use serde_json::Value;

/// Carries out a withdrawal from taking part. What was not taken goes whatever the promise says: nothing was agreed for it, and
/// after this it cannot be taken. Other uses hold nothing here.
pub async fn carry_out(tx: &Tx, withdrawal: &Withdrawal) -> Result<()> {
    let Some(whose) = withdrawal.whose() else { return Ok(()) };
    let agreed_anew = withdrawal.agreed_anew(tx).await?;
    let mut of = not_taken(whose.organisation, whose.participant).add(mail_reply::Column::OpportunityId.eq(whose.opportunity));
    if let Some(anew) = agreed_anew {
        of = of.add(mail_reply::Column::ReceivedAt.lt(anew));
    }
    mail_reply::Entity::delete_many().filter(of).exec(tx).await?;
    match withdrawal.erasure(tx, whose.opportunity).await? {
        Some(erasure) if erasure.identifiable => forget(tx, whose, erasure).await,
        _ => Ok(()),
    }
}

/// What the person wrote goes: what was not taken with its words; of what was taken, that it came by e-mail.
pub async fn erase(tx: &Tx, whose: Whose, erasure: Erasure) -> Result<()> {
    let of = not_taken(whose.organisation, whose.participant).add(mail_reply::Column::OpportunityId.eq(whose.opportunity));
    mail_reply::Entity::delete_many().filter(of).exec(tx).await?;
    forget(tx, whose, erasure).await
}

/// Nobody can tell any more who said what stays, so nothing may tell that it came from this person. What was not taken cannot be
/// without its writer, so it goes.
pub async fn anonymise(tx: &Tx, whose: Whose, words: &[ContributionId]) -> Result<()> {
    let of = not_taken(whose.organisation, whose.participant).add(mail_reply::Column::OpportunityId.eq(whose.opportunity));
    mail_reply::Entity::delete_many().filter(of).exec(tx).await?;
    mail_reply::Entity::delete_many()
        .filter(mail_reply::Column::OrganisationId.eq(whose.organisation))
        .filter(mail_reply::Column::ParticipantId.eq(whose.participant))
        .filter(mail_reply::Column::ContributionId.is_in(words.iter().copied()))
        .exec(tx)
        .await?;
    Ok(())
}

#[derive(Deserialize)]
struct Leaver {
    organisation: OrganisationId,
    participant: ParticipantId,
}

/// Somebody has left the organisation: what they wrote and nobody took goes. What they gave to particular work stays there as they
/// agreed; it holds its own words. Whoever has come back since keeps what they wrote after that.
pub async fn left(platform: &Platform, payload: &Value) -> Result<(), Fault> {
    let read = Leaver::deserialize(payload);
    let Leaver { organisation, participant } =
        read.map_err(|error| Fault::GiveUp(format!("a payload that cannot be read: {error}")))?;
    let tx = platform.db.begin().await?;
    let since = entity::participant::Entity::find_by_id((organisation, participant)).one(&tx).await?;
    let since = since.and_then(|person| person.left_at.or(person.joined_at));
    let mut of = not_taken(organisation, participant);
    if let Some(since) = since {
        of = of.add(mail_reply::Column::ReceivedAt.lte(since));
    }
    mail_reply::Entity::delete_many().filter(of).exec(&tx).await?;
    Ok(tx.commit().await?)
}

fn not_taken(organisation: OrganisationId, participant: ParticipantId) -> Condition {
    Condition::all()
        .add(mail_reply::Column::OrganisationId.eq(organisation))
        .add(mail_reply::Column::ParticipantId.eq(participant))
        .add(mail_reply::Column::ContributionId.is_null())
}

/// Of answers that were taken and whose words go, nothing stays that leads to the person.
async fn forget(tx: &Tx, whose: Whose, erasure: Erasure) -> Result<()> {
    let made = contribution::Entity::find()
        .select_only()
        .column(contribution::Column::Id)
        .filter(contribution::Column::OrganisationId.eq(whose.organisation))
        .filter(contribution::Column::OpportunityId.eq(whose.opportunity))
        .filter(erasure.covers(contribution::Column::CreatedAt))
        .into_query();
    mail_reply::Entity::delete_many()
        .filter(mail_reply::Column::OrganisationId.eq(whose.organisation))
        .filter(mail_reply::Column::ParticipantId.eq(whose.participant))
        .filter(mail_reply::Column::ContributionId.in_subquery(made))
        .exec(tx)
        .await?;
    Ok(())
}
