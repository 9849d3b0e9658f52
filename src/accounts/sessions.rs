//! Signing in and out, and the sessions of an account.

use super::{
    PASSWORD_RESET, RESET_ASKED,
    access::{STAFF_IDLE, Staff},
    password::{self, Verdict},
};
use crate::platform::{
    Error, Platform, Result, Tx, audit,
    jobs::{self, Fault, NewJob, Next},
    mail::{self, NewLetter, priority},
    secret::{Token, TokenKind, hex},
    text::{Check, email_key},
};
use chrono::Duration;
use entity::{
    AccountId, AccountLinkId, AccountLinkPurpose, AccountSessionId, OrganisationId, RecipientKind, Role, Time, account,
    account_link, account_session, membership,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

/// A session ends after so long, used or not.
const ABSOLUTE: Duration = Duration::days(30);
/// A link for a new password works for so long.
const RESET: Duration = Duration::hours(1);

/// One source can try so often and no oftener.
pub fn slow_down(platform: &Platform, source: &str) -> Result<()> {
    platform.limits.allow(&platform.clock, &format!("sign-in {source}"), platform.config.sign_in_limit)
}

/// The same for an address, from however many sources; counted alike for known and unknown ones.
pub fn slow_down_for(platform: &Platform, email: &str) -> Result<()> {
    let Some(key) = email_key(email) else { return Ok(()) };
    let hash = hex(&platform.secret.address_hash(Uuid::nil(), &key));
    platform.limits.allow(&platform.clock, &format!("staff {hash}"), platform.config.sign_in_limit)
}

/// Signs an account in. Unknown accounts, wrong passwords and disabled accounts get the same answer after the same work.
pub async fn sign_in(platform: &Platform, email: &str, password: String, label: &str) -> Result<(Token, account::Model, Time)> {
    let refused = || Error::Forbidden("The address or the password is not right.".into());
    let key = email_key(email).unwrap_or_default();
    // Checking a password takes a while. Whoever has changed it meanwhile has ended all sessions, and none may be opened
    // after that with the old one; so what was checked must still stand, or it is checked once more.
    for _ in 0..2 {
        let found = account::Entity::find().filter(account::Column::Email.eq(&key)).one(platform.db.read()).await?;
        let stored = found.as_ref().and_then(|account| account.password_hash.clone());
        let verdict = password::verify(platform, password.clone(), stored.clone()).await?;
        let account = found.filter(|_| verdict != Verdict::Wrong).ok_or_else(refused)?;
        let fresh = match verdict {
            Verdict::RightButOld => Some(password::hash(platform, password.clone()).await?),
            _ => None,
        };
        let tx = platform.db.begin().await?;
        let now = account::Entity::find_by_id(account.id).lock_exclusive().one(&tx).await?;
        if now.is_none_or(|now| now.password_hash != stored) {
            continue;
        }
        if let Some(hash) = fresh {
            let mut row = account.clone().into_active_model();
            row.password_hash = Set(Some(hash));
            row.update(&tx).await?;
        }
        let (token, until) = open(&tx, platform, account.id, label).await?;
        tx.commit().await?;
        return Ok((token, account, until));
    }
    Err(refused())
}

/// Opens a session.
pub async fn open(tx: &Tx, platform: &Platform, account: AccountId, label: &str) -> Result<(Token, Time)> {
    let now = platform.clock.now();
    let token = Token::new(TokenKind::Staff, platform.clock.secret());
    let row = account_session::ActiveModel {
        id: Set(platform.clock.new_id()),
        account_id: Set(account),
        token_hash: Set(token.hash()),
        label: Set(label.chars().filter(|c| !c.is_control()).take(100).collect()),
        created_at: Set(now),
        last_used_at: Set(now),
        idle_until: Set(now + STAFF_IDLE),
        expires_at: Set(now + ABSOLUTE),
        revoked_at: Set(None),
    };
    account_session::Entity::insert(row).exec_without_returning(tx).await?;
    Ok((token, now + ABSOLUTE))
}

/// The sessions of an account that are still open, newest first.
pub async fn list(platform: &Platform, staff: &Staff) -> Result<Vec<account_session::Model>> {
    let now = platform.clock.now();
    let sessions = account_session::Entity::find()
        .filter(account_session::Column::AccountId.eq(staff.account.id))
        .filter(account_session::Column::RevokedAt.is_null())
        .filter(account_session::Column::ExpiresAt.gt(now))
        .filter(account_session::Column::IdleUntil.gt(now))
        .order_by_desc(account_session::Column::Id)
        .all(platform.db.read())
        .await?;
    Ok(sessions)
}

/// Ends one of the account's sessions. Ending it twice changes nothing.
pub async fn revoke(platform: &Platform, staff: &Staff, session: AccountSessionId) -> Result<()> {
    let ended = account_session::Entity::update_many()
        .col_expr(account_session::Column::RevokedAt, Expr::value(platform.clock.now()))
        .filter(account_session::Column::AccountId.eq(staff.account.id))
        .filter(account_session::Column::Id.eq(session))
        .exec(platform.db.write())
        .await?;
    if ended.rows_affected == 0 { Err(Error::NotFound("session")) } else { Ok(()) }
}

/// Ends every session of an account, except one.
async fn revoke_others(
    connection: &impl ConnectionTrait,
    now: Time,
    account: AccountId,
    keep: Option<AccountSessionId>,
) -> Result<()> {
    let mut update = account_session::Entity::update_many()
        .col_expr(account_session::Column::RevokedAt, Expr::value(now))
        .filter(account_session::Column::AccountId.eq(account))
        .filter(account_session::Column::RevokedAt.is_null());
    if let Some(keep) = keep {
        update = update.filter(account_session::Column::Id.ne(keep));
    }
    update.exec(connection).await?;
    Ok(())
}

/// Changes the caller's own password and ends all their other sessions.
pub async fn change_password(platform: &Platform, staff: &Staff, current: String, new: String) -> Result<()> {
    let verdict = password::verify(platform, current, staff.account.password_hash.clone()).await?;
    if verdict == Verdict::Wrong {
        return Err(Error::invalid("/current_password", "wrong", "This is not your current password."));
    }
    let hash = checked_hash(platform, Check::new(), "/new_password", new, &staff.account.email, &staff.account.name).await?;
    let tx = platform.db.begin().await?;
    revoke_others(&tx, platform.clock.now(), staff.account.id, Some(staff.session)).await?;
    set_password(&tx, platform, staff.account.clone(), hash).await?;
    tx.commit().await?;
    Ok(())
}

/// Hashes a new password, or tells what is wrong with it, together with what was found wrong beside it.
pub(super) async fn checked_hash(
    platform: &Platform,
    mut check: Check,
    pointer: &str,
    new: String,
    email: &str,
    name: &str,
) -> Result<String> {
    let local = email.split('@').next().unwrap_or_default();
    password::check(&mut check, pointer, &new, &[local, name, "alongside"]);
    check.done()?;
    password::hash(platform, new).await
}

/// Sets a password, ends the links for choosing another one, and writes it down wherever the account works.
async fn set_password(tx: &Tx, platform: &Platform, account: account::Model, hash: String) -> Result<()> {
    let (id, version) = (account.id, account.version);
    let mut row = account.into_active_model();
    row.password_hash = Set(Some(hash));
    row.version = Set(version + 1);
    row.update(tx).await?;
    let of_account = account_link::Column::AccountId.eq(id);
    end_links(tx, platform, AccountLinkPurpose::PasswordReset, of_account).await?;
    let roles = membership::Entity::find()
        .filter(membership::Column::AccountId.eq(id))
        .order_by_asc(membership::Column::OrganisationId)
        .all(tx)
        .await?;
    let who = format!("account:{id}");
    for role in roles {
        audit::record(tx, &platform.clock, role.organisation_id, &who, "change_password", &who).await?;
    }
    Ok(())
}

/// Ends links that were not used yet.
pub(super) async fn end_links(tx: &Tx, platform: &Platform, purpose: AccountLinkPurpose, which: Expr) -> Result<()> {
    account_link::Entity::update_many()
        .col_expr(account_link::Column::UsedAt, Expr::value(platform.clock.now()))
        .filter(account_link::Column::Purpose.eq(purpose))
        .filter(account_link::Column::UsedAt.is_null())
        .filter(which)
        .exec(tx)
        .await?;
    Ok(())
}

/// Makes a single-use link for staff and returns its token.
pub(super) async fn make_link(tx: &Tx, platform: &Platform, link: NewLink<'_>) -> Result<(AccountLinkId, Token)> {
    let id: AccountLinkId = platform.clock.new_id();
    let token = platform.secret.token(TokenKind::StaffLink, id.0);
    let now = platform.clock.now();
    let row = account_link::ActiveModel {
        id: Set(id),
        purpose: Set(link.purpose),
        token_hash: Set(token.hash()),
        email: Set(link.email.to_owned()),
        account_id: Set(link.account),
        organisation_id: Set(link.organisation),
        role: Set(link.role),
        created_at: Set(now),
        expires_at: Set(now + link.lasts),
        used_at: Set(None),
    };
    account_link::Entity::insert(row).exec_without_returning(tx).await?;
    Ok((id, token))
}

/// See [`make_link`].
pub(super) struct NewLink<'a> {
    pub purpose: AccountLinkPurpose,
    pub email: &'a str,
    pub account: Option<AccountId>,
    pub organisation: Option<OrganisationId>,
    pub role: Option<Role>,
    pub lasts: Duration,
}

/// A link that was used, has ended or never was gets one and the same answer.
fn dead() -> Error {
    Error::Gone("This link was used or has ended. Ask for a new one.".into())
}

/// Whether a link can be used now. Looking changes nothing.
pub async fn is_live(platform: &Platform, token: &str, purpose: AccountLinkPurpose) -> Result<bool> {
    match live_link(platform.db.read(), platform, token, purpose).await {
        Ok(_) => Ok(true),
        Err(Error::Gone(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A link that can be used now. Asked before anything dear is done; [`use_link`] asks again.
pub(super) async fn live_link(
    connection: &impl ConnectionTrait,
    platform: &Platform,
    token: &str,
    purpose: AccountLinkPurpose,
) -> Result<account_link::Model> {
    let (_, token) = Token::parse(token.trim()).filter(|(kind, _)| *kind == TokenKind::StaffLink).ok_or_else(dead)?;
    account_link::Entity::find()
        .filter(account_link::Column::TokenHash.eq(token.hash()))
        .filter(account_link::Column::Purpose.eq(purpose))
        .filter(account_link::Column::UsedAt.is_null())
        .filter(account_link::Column::ExpiresAt.gt(platform.clock.now()))
        .one(connection)
        .await?
        .ok_or_else(dead)
}

/// Uses a link up.
pub(super) async fn use_link(
    tx: &Tx,
    platform: &Platform,
    token: &str,
    purpose: AccountLinkPurpose,
) -> Result<account_link::Model> {
    let link = live_link(tx, platform, token, purpose).await?;
    let now = platform.clock.now();
    let used = account_link::Entity::update_many()
        .col_expr(account_link::Column::UsedAt, Expr::value(now))
        .filter(account_link::Column::Id.eq(link.id))
        .filter(account_link::Column::UsedAt.is_null())
        .filter(account_link::Column::ExpiresAt.gt(now))
        .exec(tx)
        .await?;
    if used.rows_affected == 0 { Err(dead()) } else { Ok(link) }
}

/// Somebody asks for a link for a new password.
///
/// The same is done for every address: a job is enqueued, about an account or about nobody. So neither the answer nor the
/// time it takes tells a stranger who has an account.
pub async fn ask_reset(platform: &Platform, email: &str) -> Result<()> {
    let Some(key) = email_key(email) else { return Ok(()) };
    let nobody = platform.clock.new_id::<AccountId>();
    let tx = platform.db.begin().await?;
    let found = account::Entity::find().filter(account::Column::Email.eq(key)).one(&tx).await?;
    let payload = serde_json::json!({"account": found.map_or(nobody, |account| account.id)});
    let job = NewJob { kind: RESET_ASKED, payload, run_at: None, unique: None, organisation: None };
    jobs::enqueue(&tx, &platform.clock, job).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(())
}

/// Writes the letter with the link for a new password, if there is such an account.
pub async fn write_reset(platform: Platform, payload: serde_json::Value) -> Result<Next, Fault> {
    #[derive(serde::Deserialize)]
    struct Somebody {
        account: AccountId,
    }
    let Somebody { account } = serde_json::from_value(payload).map_err(|error| Fault::GiveUp(error.to_string()))?;
    let platform = &platform;
    let tx = platform.db.begin().await?;
    let found = account::Entity::find_by_id(account).one(&tx).await?;
    if let Some(account) = found {
        let link = NewLink {
            purpose: AccountLinkPurpose::PasswordReset,
            email: &account.email,
            account: Some(account.id),
            organisation: None,
            role: None,
            lasts: RESET,
        };
        let (link, _) = make_link(&tx, platform, link).await?;
        write_staff(&tx, platform, None, PASSWORD_RESET, link, &account.email, RESET).await?;
    }
    tx.commit().await?;
    Ok(Next::Done)
}

/// Enqueues the letter of a staff link.
pub(super) async fn write_staff(
    tx: &Tx,
    platform: &Platform,
    organisation: Option<OrganisationId>,
    kind: &'static str,
    link: AccountLinkId,
    address: &str,
    lasts: Duration,
) -> Result<()> {
    let batch = mail::open_batch(tx, &platform.clock, organisation, kind, Some(link.0), "system").await?;
    let letter = NewLetter {
        id: platform.clock.new_id(),
        kind,
        recipient_kind: RecipientKind::Staff,
        recipient_id: link.0,
        subject_id: Some(link.0),
        address: address.to_owned(),
        n: 0,
        priority: priority::SIGN_IN,
        expires_at: Some(platform.clock.now() + lasts),
    };
    mail::enqueue(tx, &platform.clock, organisation, batch, &[letter]).await
}

/// Sets a new password with a link, and ends every session of the account.
pub async fn reset(platform: &Platform, token: &str, new: String) -> Result<()> {
    live_link(platform.db.read(), platform, token, AccountLinkPurpose::PasswordReset).await?;
    let hash = checked_hash(platform, Check::new(), "/password", new, "", "").await?;
    let tx = platform.db.begin().await?;
    let link = use_link(&tx, platform, token, AccountLinkPurpose::PasswordReset).await?;
    let account = match link.account_id {
        Some(id) => account::Entity::find_by_id(id).one(&tx).await?,
        None => None,
    };
    let account = account.ok_or_else(|| Error::bug("a reset link without an account"))?;
    revoke_others(&tx, platform.clock.now(), account.id, None).await?;
    set_password(&tx, platform, account, hash).await?;
    tx.commit().await?;
    Ok(())
}
