//! Letters to staff.

use super::{PASSWORD_RESET, STAFF_INVITATION};
use crate::platform::{
    Error, Platform, Result,
    mail::{Composed, Letter},
    secret::TokenKind,
};
use entity::{AccountLinkId, MailState, account_link, mail_message, organisation};
use sea_orm::EntityTrait;

/// Writes a letter about a staff link, unless the link was used or has ended.
pub async fn compose(platform: Platform, message: mail_message::Model) -> Result<Composed> {
    let id = AccountLinkId(message.recipient_id);
    let link = account_link::Entity::find_by_id(id)
        .one(platform.db.read())
        .await?
        .ok_or_else(|| Error::bug("a letter about no link"))?;
    if link.used_at.is_some() {
        return Ok(Composed::Drop(MailState::Cancelled, "the link was used"));
    }
    if link.expires_at <= platform.clock.now() {
        return Ok(Composed::Drop(MailState::Expired, "the link has ended"));
    }
    let token = platform.secret.token(TokenKind::StaffLink, id.0);
    let letter = match message.kind.as_str() {
        STAFF_INVITATION => {
            let organisation = match link.organisation_id {
                Some(id) => organisation::Entity::find_by_id(id).one(platform.db.read()).await?,
                None => None,
            };
            let organisation = organisation.ok_or_else(|| Error::bug("a staff invitation without an organisation"))?;
            let role = link.role.map(|role| role.to_string()).unwrap_or_default();
            invitation(&organisation.name, &role, &format!("{}/staff-invitation/{}", platform.config.public_url, token.reveal()))
        }
        PASSWORD_RESET => reset(&format!("{}/new-password/{}", platform.config.public_url, token.reveal())),
        _ => return Err(Error::bug("a kind of letter that accounts does not write")),
    };
    Ok(Composed::Letter(Box::new(letter)))
}

fn invitation(organisation: &str, role: &str, url: &str) -> Letter {
    Letter::new(
        "Alongside",
        format!("Join the staff of {organisation} on Alongside"),
        "You get this letter because a colleague gave us this address.",
    )
    .text(format!("{organisation} invites you to work with them on Alongside. Your role will be: {role}."))
    .button("Accept the invitation", url)
    .text("The link works for 14 days. If you do not know what this is about, you can leave it.")
}

fn reset(url: &str) -> Letter {
    Letter::new("Alongside", "Choose a new password", "You get this letter because somebody asked for it with this address.")
        .text("Somebody, most likely you, asked for a new password.")
        .button("Choose a new password", url)
        .text("The link works for one hour and once. If it was not you, leave it: your password stays as it is.")
}
