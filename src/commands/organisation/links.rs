//! Links of letters that are still to be sent.
//!
//! A letter's link follows from the letter's id and the key of the installation, and its hash is what is looked up. So a
//! letter that is sent from here needs the hash that follows from our key. The one that it has stays good too: it may have been
//! sent from the other place.

use crate::platform::{Clock, Result, Secret, Tx, secret::TokenKind};
use entity::{
    AccountLinkId, InvitationLinkId, MailMessageId, MailState, OrganisationId, ParticipantLinkId, ParticipantLinkPurpose,
    account_link, invitation_link, mail_message, participant_link,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

/// Letters looked at with one statement.
const ROWS: u64 = 500;

/// Makes the links in letters that wait ones of our key.
pub async fn renew(tx: &Tx, secret: &Secret, clock: &Clock, organisation: OrganisationId) -> Result<()> {
    let mut after = None;
    loop {
        let mut letters = mail_message::Entity::find()
            .filter(mail_message::Column::OrganisationId.eq(organisation))
            .filter(mail_message::Column::State.is_in([
                MailState::Queued,
                MailState::Deferred,
                MailState::Leased,
                MailState::Dot,
                MailState::Uncertain,
                MailState::Failed,
                MailState::Expired,
            ]))
            .order_by_asc(mail_message::Column::Id)
            .limit(ROWS);
        if let Some(after) = after {
            letters = letters.filter(mail_message::Column::Id.gt::<MailMessageId>(after));
        }
        let letters = letters.all(tx).await?;
        let Some(last) = letters.last() else { return Ok(()) };
        after = Some(last.id);
        // Links have the id of their letter, or are what the letter is about, or for whom it is.
        let ids: Vec<Uuid> = letters
            .iter()
            .flat_map(|letter| [Some(letter.id.0), letter.subject_id, Some(letter.recipient_id)])
            .flatten()
            .collect();
        of_invitations(tx, secret, clock, organisation, &ids).await?;
        of_people(tx, secret, clock, organisation, &ids).await?;
        of_staff(tx, secret, clock, organisation, &ids).await?;
    }
}

async fn of_invitations(tx: &Tx, secret: &Secret, clock: &Clock, organisation: OrganisationId, ids: &[Uuid]) -> Result<()> {
    let found = invitation_link::Entity::find()
        .filter(invitation_link::Column::OrganisationId.eq(organisation))
        .filter(invitation_link::Column::Id.is_in(ids.iter().map(|id| InvitationLinkId(*id))))
        .all(tx)
        .await?;
    for link in found {
        let hash = secret.token(TokenKind::Invitation, link.id.0).hash();
        if hash == link.token_hash {
            continue;
        }
        let mut old = link.clone().into_active_model();
        old.id = Set(clock.new_id());
        let mut row = link.into_active_model();
        row.token_hash = Set(hash);
        row.update(tx).await?;
        invitation_link::Entity::insert(old.reset_all()).exec_without_returning(tx).await?;
    }
    Ok(())
}

async fn of_people(tx: &Tx, secret: &Secret, clock: &Clock, organisation: OrganisationId, ids: &[Uuid]) -> Result<()> {
    let found = participant_link::Entity::find()
        .filter(participant_link::Column::OrganisationId.eq(organisation))
        .filter(participant_link::Column::Id.is_in(ids.iter().map(|id| ParticipantLinkId(*id))))
        .all(tx)
        .await?;
    for link in found {
        let kind = match link.purpose {
            ParticipantLinkPurpose::Join | ParticipantLinkPurpose::SignIn => TokenKind::ParticipantLink,
            ParticipantLinkPurpose::Unsubscribe => TokenKind::Unsubscribe,
        };
        let hash = secret.token(kind, link.id.0).hash();
        if hash == link.token_hash {
            continue;
        }
        let mut old = link.clone().into_active_model();
        old.id = Set(clock.new_id());
        let mut row = link.into_active_model();
        row.token_hash = Set(hash);
        row.update(tx).await?;
        participant_link::Entity::insert(old.reset_all()).exec_without_returning(tx).await?;
    }
    Ok(())
}

async fn of_staff(tx: &Tx, secret: &Secret, clock: &Clock, organisation: OrganisationId, ids: &[Uuid]) -> Result<()> {
    let found = account_link::Entity::find()
        .filter(account_link::Column::OrganisationId.eq(organisation))
        .filter(account_link::Column::Id.is_in(ids.iter().map(|id| AccountLinkId(*id))))
        .all(tx)
        .await?;
    for link in found {
        let hash = secret.token(TokenKind::StaffLink, link.id.0).hash();
        if hash == link.token_hash {
            continue;
        }
        let mut old = link.clone().into_active_model();
        old.id = Set(clock.new_id());
        let mut row = link.into_active_model();
        row.token_hash = Set(hash);
        row.update(tx).await?;
        account_link::Entity::insert(old.reset_all()).exec_without_returning(tx).await?;
    }
    Ok(())
}
